"""Spatial transformers, the networks that have them, and the distortions that they are to undo."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import affine_grid, grid_sample

from cnnbook import data
from cnnbook.data import distorted
from cnnbook.layers import SpatialTransformer
from cnnbook.layers.spatial_transformer import KINDS, transform
from cnnbook.models import stn
from cnnbook.train import distorting


def chance(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def digits(count=20, side=14):
    images = (255 * chance(count, 1, side, side)).to(torch.uint8)
    return data.ImageSet(images, torch.arange(count) % 10, tuple("0123456789"))


def looks(features=6, channels=1, side=9):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * side * side, features))


# The module


@pytest.mark.parametrize("kind", KINDS)
def test_it_begins_as_the_identity(kind):
    maps = chance(3, 2, 9, 9)
    module = SpatialTransformer(looks(channels=2), 6, kind=kind)
    torch.testing.assert_close(module(maps), maps, atol=1e-5, rtol=0)


def with_parameters(kind, *parameters):
    module = SpatialTransformer(looks(), 6, kind=kind)
    module.regression.bias.data = torch.tensor(parameters)
    return module.theta(torch.zeros(1, 1, 9, 9))[0].tolist()


@pytest.mark.parametrize(
    "kind, parameters, matrix",
    [
        ("affine", (1.0, 2, 3, 4, 5, 6), [[1, 2, 3], [4, 5, 6]]),
        ("attention", (0.5, 0.2, -0.3), [[0.5, 0, 0.2], [0, 0.5, -0.3]]),
        ("similarity", (0.6, 0.8, 0.1, 0.2), [[0.6, -0.8, 0.1], [0.8, 0.6, 0.2]]),
        ("rotation", (math.pi / 2,), [[0, -1, 0], [1, 0, 0]]),
        ("translation", (0.1, 0.2), [[1, 0, 0.1], [0, 1, 0.2]]),
    ],
)
def test_each_kind_makes_its_matrix(kind, parameters, matrix):
    torch.testing.assert_close(torch.tensor(with_parameters(kind, *parameters)), torch.tensor(matrix).float())


def test_attention_cuts_a_window_out():
    maps = chance(1, 1, 8, 8)
    theta = torch.tensor([[[0.5, 0, -0.5], [0, 0.5, 0.5]]])  # the left lower quarter
    torch.testing.assert_close(transform(maps, theta, (4, 4)), maps[:, :, 4:, :4])


def test_it_is_torchs_grid_and_sampler_also_beyond_the_edge_and_in_other_sizes():
    maps, theta = chance(4, 3, 5, 7), 3 * chance(4, 2, 3, seed=1) - 1
    grid = affine_grid(theta, [4, 3, 6, 4], align_corners=False)
    assert torch.equal(transform(maps, theta, (6, 4)), grid_sample(maps, grid, align_corners=False))


def test_the_localisation_network_learns_from_the_loss_alone():
    """Digits lie to the left or right; what is read is compared with them in the middle: no place is ever told."""
    torch.manual_seed(0)
    shapes = torch.zeros(64, 1, 9, 9)
    shapes[:, :, 3:6, 3:6] = 1 + chance(64, 1, 1, 1)
    places = torch.randint(-2, 3, (64,))
    moved = torch.stack([shape.roll(int(by), 2) for shape, by in zip(shapes, places, strict=True)])
    module = SpatialTransformer(nn.Sequential(nn.Flatten(), nn.Linear(81, 16), nn.ReLU()), 16, kind="translation")
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    losses = []
    for _ in range(150):
        loss = (module(moved) - shapes).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"kind": "afine"}, "kind must be one of affine, attention"),
        ({"features": 0}, "features must be 1 or more, got 0"),
        ({"size": 0}, "size must be 1 pixel or more, got 0"),
        ({"size": (4, -1)}, "size must be 1 pixel or more"),
    ],
)
def test_the_module_names_what_is_wrong(options, words):
    with pytest.raises(ValueError, match=words):
        SpatialTransformer(looks(), **{"features": 6} | options)


# The networks


NETWORKS = {
    "mlp": stn.DistortedMLP,
    "cnn": stn.DistortedCNN,
    "st_mlp": stn.SpatialTransformerNetwork,
    "st_cnn": lambda *given, **options: stn.SpatialTransformerNetwork(*given, classifier="cnn", **options),
    "two": lambda *given, **options: stn.SpatialTransformerNetwork(*given, transformers=2, **options),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size, channels", [(14, 1), (21, 1), (21, 2)])
def test_all_networks_have_as_many_parameters_and_a_logit_a_class(name, size, channels):
    network = NETWORKS[name](7, channels, size, budget=50_000)
    assert network(chance(3, channels, size, size)).shape == (3, 7)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert 0.97 * 50_000 < count <= 50_000


def test_two_transformers_read_all_channels_each():
    network = NETWORKS["two"](19, 2, 21, budget=50_000, read=10)
    x = chance(3, 2, 21, 21)
    read = network.read(x)
    assert read.shape == (3, 4, 10, 10)
    assert torch.equal(read[:, 2:], network.transformers[1](x))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_picture_of_another_size_is_refused(name):
    with pytest.raises(ValueError, match="needs images of 21 × 21 pixels, got 20 × 20"):
        NETWORKS[name](size=21, budget=50_000)(chance(2, 1, 20, 20))


def test_networks_name_what_is_wrong():
    with pytest.raises(ValueError, match="classifier must be one of mlp, cnn, got 'rnn'"):
        stn.SpatialTransformerNetwork(classifier="rnn")
    with pytest.raises(ValueError, match="transformers must be 1 or more, got 0"):
        stn.SpatialTransformerNetwork(transformers=0)
    with pytest.raises(ValueError, match="budget of 100 parameters is too small"):
        stn.DistortedMLP(budget=100)


# The distortions


DISTORTIONS = {
    "rotated": (distorted.rotated(90), 14),
    "moved": (distorted.moved(45, (0.7, 1.2), 21), 21),
    "projected": (distorted.projected(2), 14),
    "cluttered": (distorted.cluttered(21, 4, 4), 21),
}


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_distorted_set_is_the_same_for_a_seed_and_new_for_another(name):
    distort, size = DISTORTIONS[name]
    first, again, other = (distorted.fixed(digits(), distort, 2, seed) for seed in (0, 0, 1))
    assert first.images.shape == (40, 1, size, size) and first.images.dtype == torch.uint8
    assert torch.equal(first.images, again.images) and not torch.equal(first.images, other.images)
    assert not torch.equal(first.images[:20], first.images[20:])
    assert torch.equal(first.labels, digits().labels.repeat(2))


@pytest.mark.parametrize("name", DISTORTIONS)
def test_an_empty_batch_and_a_batch_of_one_can_be_distorted(name):
    distort, size = DISTORTIONS[name]
    for count in (0, 1):
        assert data.augmented(chance(count, 1, 14, 14), distort).shape == (count, 1, size, size)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), size=st.integers(17, 30))
def test_a_moved_image_lies_whole_in_its_picture(seed, size):
    """A small blob in the middle keeps its brightness times the area's factor, wherever it is put."""
    images = torch.zeros(8, 1, 14, 14)
    images[:, :, 5:9, 5:9] = 1
    found = data.augmented(images, distorted.moved(45, (0.8, 1.2), size), seed)
    assert found.shape == (8, 1, size, size)
    area = found.sum((1, 2, 3)) / 16
    assert (area > 0.8**2 * 0.85).all() and (area < 1.2**2 * 1.15).all()


def test_a_quarter_turn_is_a_quarter_turn():
    images = chance(1, 1, 14, 14)

    class Draw:
        def uniform(self, low, high, columns=1):
            return torch.full((1, columns), high)

    turned = distorted.rotated(90)(images, Draw())
    assert min((turned - images.rot90(k, (2, 3))).abs().max() for k in (1, 3)) < 1e-5


def test_without_distortion_nothing_changes():
    images = chance(4, 1, 14, 14)
    for distort in (distorted.rotated(0), distorted.projected(0), distorted.cluttered(14, 0, 4)):
        torch.testing.assert_close(data.augmented(images, distort), images, atol=1e-5, rtol=0)


def test_a_projected_picture_keeps_straight_lines_that_meet():
    """The corners of a frame go where they should: the map takes the moved corners back to the corners."""
    source = 0.2 * chance(5, 4, 2) + distorted.CORNERS
    matrix = distorted._homography(source, distorted.CORNERS.expand(5, 4, 2))
    points = torch.cat([source, torch.ones(5, 4, 1)], 2) @ matrix.transpose(1, 2)
    torch.testing.assert_close(points[..., :2] / points[..., 2:], distorted.CORNERS.expand(5, 4, 2), atol=1e-5, rtol=0)


def test_clutter_holds_the_digit_whole_and_pieces_of_others():
    images = torch.zeros(30, 1, 14, 14)
    images[:, :, 4:10, 4:10] = torch.linspace(0.1, 1, 30).view(-1, 1, 1, 1)
    found = data.augmented(images, distorted.cluttered(24, 6, 4))
    brightest = found[-1]
    assert (brightest == 1).sum() == 36
    others = {round(float(value), 4) for value in found.unique()} - {0.0}
    assert others <= {round(float(value), 4) for value in images.unique()}
    assert ((found > 0).sum((1, 2, 3)) > 36).float().mean() > 0.7  # pieces show beside most digits


def test_sums_pair_digits():
    pairs = distorted.sums(digits(), 50, distorted.rotated(20), seed=3)
    assert pairs.images.shape == (50, 2, 14, 14) and len(pairs.classes) == 19
    chosen = torch.randint(20, (100,), generator=torch.Generator().manual_seed(3))
    assert torch.equal(pairs.labels, digits().labels[chosen].view(50, 2).sum(1))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: distorted.rotated(-1), "degrees must be 0 or more, got -1"),
        (lambda: distorted.rotated(math.nan), "degrees must be 0 or more, got nan"),
        (lambda: distorted.moved(scale=(0, 1)), "0 < low <= high"),
        (lambda: distorted.moved(scale=(2, 1)), "0 < low <= high"),
        (lambda: distorted.moved(size=0), "size must be 1 pixel or more, got 0"),
        (lambda: distorted.projected(-1), "pixels must be 0 or more, got -1"),
        (lambda: distorted.cluttered(0), "size and side must be 1 or more"),
        (lambda: distorted.cluttered(pieces=-1), "pieces 0 or more"),
        (lambda: data.augmented(chance(2, 1, 14, 14), distorted.cluttered(13)), "size=14 or more"),
        (lambda: data.augmented(chance(2, 1, 14, 14), distorted.cluttered(20, side=15)), "side=14 or less"),
        (lambda: distorted.fixed(digits(), distorted.rotated(), 0), "copies must be 1 or more, got 0"),
        (lambda: distorted.sums(digits()[:0], 3, distorted.rotated()), "sums needs digits in one channel"),
        (lambda: distorted.sums(digits(), -1, distorted.rotated()), "count must be 0 or more, got -1"),
    ],
)
def test_distortions_name_what_is_wrong(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_the_long_run_trains_all_networks_on_all_tasks(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path))
    plan = replace(distorting.RUNS["stn_distorted"], data="digits", seeds=1, recipe=distorting.Recipe(epochs=1))
    monkeypatch.setitem(distorting.RUNS, "stn_distorted", plan)
    few = {split: data.load("digits", split)[:60] for split in ("train", "test")}
    monkeypatch.setattr(distorting.data, "load", lambda name, split: few[split])
    record = distorting.reproduce("stn_distorted", tmp_path / "record.json", quiet=True)
    assert {(run["task"], run["network"]) for run in record["runs"]} == {
        (task, network) for task in ("R", "RTS", "TC") for network in ("mlp", "cnn", "st_mlp", "st_cnn")
    }
    assert all(0.95 * 150_000 < run["parameters"] <= 150_000 for run in record["runs"])
    assert len(record["summary"]) == 12 and (tmp_path / "record.json").exists()
