"""AlexNet, ZFNet, VGG, Network in Network and SqueezeNet against their papers' tables and against torchvision."""

import math
import re

import pytest
import torch
import torchvision
from torch import nn

from cnnbook.models import alexnet, nin, squeezenet, vgg, zfnet
from cnnbook.models.convert import from_torchvision
from cnnbook.models.vgg import as_convolutions

NETWORKS = alexnet.NETWORKS | zfnet.NETWORKS | vgg.NETWORKS | nin.NETWORKS | squeezenet.NETWORKS

# Parameters layer by layer, by arithmetic: kernel · kernel · channels read · channels + biases.
# AlexNet: section 3.5 and figure 2; convolutions 2, 4 and 5 read one tower's 48, 192, 192 channels.
# ZFNet: figure 3's 7 × 7 and 5 × 5 and 6 · 6 · 256, section 4.1 (no towers); 3 × 3 and the channels are AlexNet's.
DENSE = [6 * 6 * 256 * 4096 + 4096, 4096 * 4096 + 4096, 4096 * 1000 + 1000]
TABLES = {
    "alexnet": [
        11 * 11 * 3 * 96 + 96,
        5 * 5 * 48 * 256 + 256,
        3 * 3 * 256 * 384 + 384,
        3 * 3 * 192 * 384 + 384,
        3 * 3 * 192 * 256 + 256,
        *DENSE,
    ],
    "alexnet_torchvision": [
        11 * 11 * 3 * 64 + 64,
        5 * 5 * 64 * 192 + 192,
        3 * 3 * 192 * 384 + 384,
        3 * 3 * 384 * 256 + 256,
        3 * 3 * 256 * 256 + 256,
        *DENSE,
    ],
    "zfnet": [
        7 * 7 * 3 * 96 + 96,
        5 * 5 * 96 * 256 + 256,
        3 * 3 * 256 * 384 + 384,
        3 * 3 * 384 * 384 + 384,
        3 * 3 * 384 * 256 + 256,
        *DENSE,
    ],
    # The paper prints no widths: those of nin_imagenet in the Caffe model zoo.
    "nin": [
        *(11 * 11 * 3 * 96 + 96, 96 * 96 + 96, 96 * 96 + 96),
        *(5 * 5 * 96 * 256 + 256, 256 * 256 + 256, 256 * 256 + 256),
        *(3 * 3 * 256 * 384 + 384, 384 * 384 + 384, 384 * 384 + 384),
        *(3 * 3 * 384 * 1024 + 1024, 1024 * 1024 + 1024, 1024 * 1000 + 1000),
    ],
}
# VGG's table 1 in its own words: what convolutions each configuration has; pooling stands where a line ends.
TABLE_1 = {
    "vgg11": ["conv3-64", "conv3-128", "conv3-256 conv3-256", "conv3-512 conv3-512", "conv3-512 conv3-512"],
    "vgg13": [
        "conv3-64 conv3-64", "conv3-128 conv3-128", "conv3-256 conv3-256", "conv3-512 conv3-512", "conv3-512 conv3-512",
    ],
    "vgg16c": [
        "conv3-64 conv3-64", "conv3-128 conv3-128", "conv3-256 conv3-256 conv1-256", "conv3-512 conv3-512 conv1-512",
        "conv3-512 conv3-512 conv1-512",
    ],
    "vgg16": [
        "conv3-64 conv3-64", "conv3-128 conv3-128", "conv3-256 conv3-256 conv3-256", "conv3-512 conv3-512 conv3-512",
        "conv3-512 conv3-512 conv3-512",
    ],
    "vgg19": [
        "conv3-64 conv3-64", "conv3-128 conv3-128", "conv3-256 conv3-256 conv3-256 conv3-256",
        "conv3-512 conv3-512 conv3-512 conv3-512", "conv3-512 conv3-512 conv3-512 conv3-512",
    ],
}  # fmt: skip
TABLE_1["vgg11_lrn"] = TABLE_1["vgg11"]
TABLE_2 = {"vgg11": 133, "vgg11_lrn": 133, "vgg13": 133, "vgg16c": 134, "vgg16": 138, "vgg19": 144}  # millions
for name, lines in TABLE_1.items():
    TABLES[name], channels = [], 3
    for kernel, width in re.findall(r"conv(\d)-(\d+)", " ".join(lines)):
        TABLES[name].append(int(kernel) ** 2 * channels * int(width) + int(width))
        channels = int(width)
    TABLES[name] += [7 * 7 * 512 * 4096 + 4096, 4096 * 4096 + 4096, 4096 * 1000 + 1000]


def fire(channels: int, squeeze: int, expand: int) -> list[int]:
    return [channels * squeeze + squeeze, squeeze * expand + expand, 3 * 3 * squeeze * expand + expand]


# SqueezeNet: table 1's Fire modules; 3 × 3 × 64 in the first layer, hence 64 channels into fire2, are version 1.1's.
FIRES = [(64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128)]
FIRES += [(256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)]
TABLES["squeezenet1_1"] = [3 * 3 * 3 * 64 + 64, *sum([fire(*row) for row in FIRES], []), 512 * 1000 + 1000]
# Not a paper's: D's convolutions without bias, each with a batch norm's scale and shift, and one linear layer.
WIDTHS = [*(64, 64), *(128, 128), *(256, 256, 256), *(512, 512, 512), *(512, 512, 512)]
TABLES["vgg16_cifar"] = []
for weights_and_biases, width in zip(TABLES["vgg16"], WIDTHS, strict=False):  # the dense layers are left out
    TABLES["vgg16_cifar"] += [weights_and_biases - width, 2 * width]
TABLES["vgg16_cifar"].append(512 * 10 + 10)


def weighted(model: nn.Module) -> list[nn.Module]:
    return [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def on_meta(name: str, **options) -> nn.Module:
    """The network without memory or arithmetic. LRN, which cannot be had so, keeps every shape and is left out."""
    with torch.device("meta"):
        model = NETWORKS[name][0](**options)
    for layer in model.modules():
        if isinstance(layer, nn.LocalResponseNorm):
            layer.forward = lambda x: x
    return model.eval()


def shapes(name: str, **options) -> dict[str, tuple[int, ...]]:
    """Layer → shape of what it gives, without the batch, of an image of the size in the facts."""
    found: dict[str, tuple[int, ...]] = {}
    model = on_meta(name, **options)
    for layer_name, layer in model.named_modules():
        layer.register_forward_hook(lambda _, __, y, key=layer_name: found.update({key: tuple(y.shape[1:])}))
    model(torch.zeros(1, *NETWORKS[name][1]["input_size"], device="meta"))
    return found


@pytest.mark.parametrize("name", TABLES)
def test_parameters_layer_by_layer_are_the_papers(name):
    layers = [layer for layer in on_meta(name).modules() if not any(layer.children())]
    assert [parameters(layer) for layer in layers if parameters(layer)] == TABLES[name]
    assert parameters(on_meta(name)) == sum(TABLES[name])  # nothing else has any


def test_the_sums_are_those_that_the_papers_print():
    assert sum(TABLES["alexnet"]) == 60_965_224  # section 1: 60 million
    for name, millions in TABLE_2.items():
        assert round(sum(TABLES[name]) / 1e6) == millions
    printed = {  # SqueezeNet's table 1; fire2 and conv1 are other ones in version 1.1
        "fire3": 12_432, "fire4": 45_344, "fire5": 49_440, "fire6": 104_880, "fire7": 111_024, "fire8": 188_992,
        "fire9": 197_184,
    }  # fmt: skip
    model = on_meta("squeezenet1_1")
    assert {key: parameters(model.features.get_submodule(key)) for key in printed} == printed
    assert parameters(model.classifier) == 513_000
    assert round(sum(TABLES["nin"]) * 4 / 2**20) == 29  # the model zoo: 29 MB in float32


def test_alexnet_without_towers_has_the_larger_number_that_is_often_quoted():
    assert parameters(on_meta("alexnet", towers=1)) == 62_378_344


def test_vgg16_cifar_is_configuration_d_with_batch_norm_and_one_linear_layer():
    model = on_meta("vgg16_cifar")
    kinds = [type(layer).__name__ for layer in model.modules()]
    assert (kinds.count("Conv2d"), kinds.count("BatchNorm2d"), kinds.count("Linear")) == (13, 13, 1)
    plain = on_meta("vgg16_cifar", batch_norm=False, configuration="E")
    assert len(weighted(plain)) == 17 and not any(isinstance(layer, nn.BatchNorm2d) for layer in plain.modules())
    assert all(layer.bias is not None for layer in weighted(plain))


def test_shapes_of_alexnet_are_figure_2s():
    found = shapes("alexnet")
    assert [found[f"features.conv{i}"] for i in range(1, 6)] == [
        (96, 55, 55), (256, 27, 27), (384, 13, 13), (384, 13, 13), (256, 13, 13),
    ]  # fmt: skip
    assert [found[f"classifier.fc{i}"] for i in (6, 7, 8)] == [(4096,), (4096,), (1000,)]


def test_shapes_of_zfnet_are_figure_3s():
    found = shapes("zfnet")
    assert found["features.norm1"] == (96, 55, 55) and found["features.pool5"] == (256, 6, 6)
    # What the caption leaves out, as it follows from the taken padding:
    assert found["features.conv1"] == (96, 110, 110) and found["features.conv2"] == (256, 26, 26)


@pytest.mark.parametrize("name", TABLE_1)
def test_shapes_of_vgg_halve_after_every_line_of_table_1(name):
    found, channels = shapes(name), [64, 128, 256, 512, 512]
    pools = [found[f"features.pool{stage}"] for stage in range(1, 6)]
    assert pools == [(width, 112 >> stage, 112 >> stage) for stage, width in enumerate(channels)]
    for stage, line in enumerate(TABLE_1[name], start=1):
        convolutions = [key for key in found if key.startswith(f"features.conv{stage}_")]
        assert len(convolutions) == len(line.split())
        assert all(found[key] == (channels[stage - 1], 448 >> stage, 448 >> stage) for key in convolutions)


def test_a_lrn_has_one_normalisation_after_its_first_convolution():
    names = [key for key, _ in on_meta("vgg11_lrn").features.named_children()]
    assert names[:5] == ["conv1_1", "relu1_1", "norm1", "pool1", "conv2_1"]
    assert [key for key in names if key != "norm1"] == [key for key, _ in on_meta("vgg11").features.named_children()]


def test_shapes_of_nin_are_the_model_zoos():
    found = shapes("nin")
    stages = [found[f"features.mlpconv{i}"] for i in range(1, 5)]
    assert stages == [(96, 54, 54), (256, 27, 27), (384, 13, 13), (1000, 6, 6)]  # its last pooling has the kernel 6


def test_shapes_of_squeezenet():
    found = shapes("squeezenet1_1")
    sides = {"pool1": 55, "fire3": 55, "pool3": 27, "fire5": 27, "pool5": 13, "fire9": 13}
    assert {key: found[f"features.{key}"][1] for key in sides} == sides
    assert found["classifier.conv10"] == (1000, 13, 13)  # as in table 1, at the same total stride


def test_alexnet_normalises_each_tower_by_the_papers_formula():
    """b = a / (k + α Σ a²)^β over n = 5 neighbours of the same tower; k = 2, α = 1e-4, β = 0.75 (section 3.3)."""
    a = 50 * torch.randn(2, 96, 3, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.empty_like(a)
    for channel in range(96):
        first = 48 * (channel // 48)
        near = a[:, max(first, channel - 2) : min(first + 48, channel + 3)]
        expected[:, channel] = a[:, channel] / (2 + 1e-4 * near.pow(2).sum(dim=1)) ** 0.75
    torch.testing.assert_close(alexnet.TowerNorm()(a), expected)
    assert not torch.allclose(alexnet.TowerNorm(towers=1)(a), expected)


def test_alexnets_towers_meet_in_the_third_convolution_only():
    x = torch.randn(1, 96, 27, 27, generator=torch.Generator().manual_seed(0))
    other = x.clone()
    other[:, 48:] += 1  # what the second tower reads
    layers = alexnet.AlexNet(num_classes=2).features
    with torch.no_grad():
        second, second_other = (layers[4:8](y) for y in (x, other))  # convolution 2 to pooling 2
        assert torch.equal(second[:, :128], second_other[:, :128])
        assert not torch.equal(second[:, 128:], second_other[:, 128:])
        third, third_other = layers.conv3(second), layers.conv3(second_other)
        assert not torch.equal(third[:, :192], third_other[:, :192])


def test_alexnet_starts_as_the_paper_says_or_as_he_does():
    torch.manual_seed(0)
    paper = alexnet.AlexNet(num_classes=10, init="paper")
    biases = {}
    for name, layer in paper.named_modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
            biases[name.split(".")[1]] = layer.bias.unique().tolist()
    ones = {"conv2", "conv4", "conv5", "fc6", "fc7"}
    assert biases == {key: [1.0] if key in ones else [0.0] for key in biases} and len(biases) == 8
    he = alexnet.AlexNet(num_classes=10)
    assert he.features.conv4.weight.std().item() == pytest.approx(math.sqrt(2 / (3 * 3 * 192)), rel=0.05)
    assert he.classifier.fc6.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not any(layer.bias.any() for layer in weighted(he))
    images = torch.randn(2, 3, 227, 227)
    with torch.no_grad():  # how far two images are apart in their logits
        apart = [model.eval()(images).diff(dim=0).abs().max() for model in (he, paper)]
    assert apart[0] > 100 * apart[1]


def test_zfnet_starts_as_the_paper_says_if_asked():
    layer = zfnet.ZFNet(num_classes=10, init="paper").features.conv3
    assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05) and not layer.bias.any()


@pytest.mark.parametrize("make", [alexnet.AlexNet, zfnet.ZFNet])
def test_another_start_is_refused(make):
    with torch.device("meta"), pytest.raises(ValueError, match="init must be 'he' .* or 'paper' .*, got 'xavier'"):
        make(init="xavier")


def test_another_configuration_is_refused():
    with pytest.raises(ValueError, match="configuration must be one of A, A-LRN, B, C, D, E, got 'F'"):
        vgg.VGG(configuration="F")


@pytest.mark.parametrize(
    "name, side, message",
    [
        ("alexnet", 224, "AlexNet needs images of 227 × 227 pixels, got 224 × 224: its dense layers read 6 × 6 maps"),
        ("zfnet", 227, "ZFNet needs images of 224 × 224 pixels, got 227 × 227: its dense layers read 6 × 6 maps"),
        ("vgg16", 256, "VGG needs images of 224 × 224 pixels, got 256 × 256: its dense layers read 7 × 7 maps"),
        ("alexnet_torchvision", 62, "torchvision's AlexNet needs images of 63 × 63 pixels or more, got 62 × 62"),
        ("vgg16_cifar", 31, "VGG for CIFAR needs images of 32 × 32 pixels or more, got 31 × 31"),
        ("nin", 38, "Network in Network needs images of 39 × 39 pixels or more, got 38 × 38"),
        ("squeezenet1_1", 16, "SqueezeNet needs images of 17 × 17 pixels or more, got 16 × 16"),
    ],
)
def test_an_image_of_another_size_is_refused_and_the_smallest_named(name, side, message):
    model = on_meta(name)
    with pytest.raises(ValueError, match=message):
        model(torch.zeros(1, 3, side, side, device="meta"))
    if "or more" in message:  # it is the smallest indeed: one pixel less has no place in some layer
        with pytest.raises((RuntimeError, ValueError)):
            model.classifier(model.features(torch.zeros(1, 3, side, side, device="meta")))
        assert model(torch.zeros(1, 3, side + 1, side + 1, device="meta")).shape[0] == 1
        assert model(torch.zeros(1, 3, side + 30, side + 1, device="meta")).shape[0] == 1


def test_an_image_without_its_batch_is_refused():
    with pytest.raises(ValueError, match=r"needs a batch \(N, C, H, W\), got \(3, 224, 224\)"):
        on_meta("squeezenet1_1")(torch.zeros(3, 224, 224, device="meta"))


def random_state(model: nn.Module) -> dict[str, torch.Tensor]:
    """Weights that keep the signal's size, for a network that may be on meta."""
    generator, state = torch.Generator().manual_seed(0), {}
    for key, value in model.state_dict().items():
        bound = math.sqrt(6 / value[0].numel()) if value.ndim > 1 else 0.1
        state[key] = torch.empty(value.shape).uniform_(-bound, bound, generator=generator)
    return state


@pytest.mark.parametrize(
    "name, side",
    [(name, 224) for name in ("alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "squeezenet1_1")]
    + [("alexnet", 100), ("squeezenet1_1", 71)],
)
def test_torchvisions_weights_give_torchvisions_outputs(name, side):
    with torch.device("meta"):
        theirs = getattr(torchvision.models, name)(weights=None).eval()
        ours = NETWORKS["alexnet_torchvision" if name == "alexnet" else name][0]().eval()
    state = random_state(theirs)
    theirs.load_state_dict(state, assign=True)
    ours.to_empty(device="cpu")
    from_torchvision(ours, state)
    x = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, got = theirs(x), ours(x)
    assert expected.std() > 0.01
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def vgg11() -> vgg.VGG:
    torch.manual_seed(0)
    return NETWORKS["vgg11"][0](num_classes=5).eval()


def test_dense_layers_as_convolutions_give_equal_outputs_on_224_pixels(vgg11):
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    dense = as_convolutions(vgg11)
    with torch.no_grad():
        expected = vgg11(x)
        torch.testing.assert_close(dense(x), expected, rtol=1e-4, atol=1e-4)
        assert dense.maps(x).shape == (1, 5, 1, 1)
    kinds = [type(layer) for layer in dense.modules()]
    assert nn.Linear not in kinds and kinds.count(nn.Conv2d) == 8 + 3
    assert not dense.training and as_convolutions(vgg11.train()).training
    vgg11.eval()


def test_dense_layers_as_convolutions_slide_over_larger_images(vgg11):
    x = torch.randn(1, 3, 256, 300, generator=torch.Generator().manual_seed(0))
    dense = as_convolutions(vgg11)
    with torch.no_grad():
        features, maps = vgg11.features(x), dense.maps(x)  # (1, 512, 8, 9), (1, 5, 2, 3)
        assert maps.shape == (1, 5, 2, 3)
        for i in range(2):
            for j in range(3):
                window = vgg11.classifier(features[:, :, i : i + 7, j : j + 7])
                torch.testing.assert_close(maps[:, :, i, j], window, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(dense(x), maps.mean(dim=(2, 3)))


def test_dense_layers_as_convolutions_share_the_models_weights(vgg11):
    dense = as_convolutions(vgg11)
    assert dense.classifier.fc6.weight.data_ptr() == vgg11.classifier.fc6.weight.data_ptr()
    assert parameters(dense) == parameters(vgg11)


def test_as_convolutions_refuses_other_networks_and_too_small_images(vgg11):
    with pytest.raises(TypeError, match="as_convolutions needs a VGG .*, got VGGCifar"):
        as_convolutions(vgg.VGGCifar())
    with pytest.raises(ValueError, match="VGG needs images of 224 × 224 pixels or more, got 223 × 300"):
        as_convolutions(vgg11)(torch.zeros(1, 3, 223, 300))


SMALL = {"alexnet": 227, "alexnet_torchvision": 64, "zfnet": 224, "vgg16_cifar": 32, "nin": 64, "squeezenet1_1": 64}


def losses_of_training(model: nn.Module, images: torch.Tensor, steps: int) -> list[float]:
    """On four images of three classes; after the first step every parameter must have had a gradient."""
    labels, losses = torch.tensor([0, 1, 2, 0]), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.002)
    for step in range(steps):
        torch.manual_seed(0)  # the same units drop out in every step
        loss = nn.functional.cross_entropy(model(images), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            missing = [key for key, value in model.named_parameters() if value.grad is None or not value.grad.any()]
            assert not missing
        optimizer.step()
    return losses


@pytest.mark.parametrize("name", SMALL)
def test_training_lowers_the_loss_and_reaches_every_parameter(name):
    torch.manual_seed(0)
    model = NETWORKS[name][0](num_classes=3, in_channels=1)
    losses = losses_of_training(model, torch.randn(4, 1, SMALL[name], SMALL[name]), steps=4)
    assert losses[-1] < 0.95 * losses[0]


@pytest.mark.parametrize("configuration", vgg.CONFIGURATIONS)
def test_every_configuration_of_vgg_trains_without_batch_norm(configuration):
    torch.manual_seed(0)
    model = vgg.VGGCifar(num_classes=3, configuration=configuration, batch_norm=False)
    losses = losses_of_training(model, torch.randn(4, 3, 32, 32), steps=8)
    assert losses[-1] < 0.95 * losses[0]


@pytest.mark.parametrize("name", ["nin", "squeezenet1_1"])
def test_last_maps_begin_alive(name):
    """Biases 1 in the last convolution: every class's maps are positive, so that their ReLU lets gradients through."""
    torch.manual_seed(0)
    model = NETWORKS[name][0](num_classes=10).eval()
    with torch.no_grad():
        logits = model(torch.randn(2, 3, 64, 64))
    assert logits.min() > 0.1
    assert weighted(model)[-1].weight.std().item() == pytest.approx(0.01, rel=0.1)
