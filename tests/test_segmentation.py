"""Segmentation: unpooling, the transposed convolution, the three networks, and how maps of classes are scored."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_jaccard_index

from cnnbook import cli, data, layers, look, models, runs
from cnnbook.data import cache
from cnnbook.models.deconvnet import DeconvNet
from cnnbook.models.fcn import FCN, finer
from cnnbook.models.unet import UNet
from cnnbook.train import dense, segmenting

NARROW = {"widths": (4, 4, 6), "depths": (1, 2, 1), "dense": 8, "kernel": 3}
SMALL = {"size": 48, "objects": (1, 2), "sides": (12, 24)}
few = settings(max_examples=25, deadline=None)


def random_map(seed, channels, height, width):
    return torch.randn(2, channels, height, width, generator=torch.Generator().manual_seed(seed))


# Layers


@few
@given(seed=st.integers(0, 999), factor=st.integers(1, 4), height=st.integers(1, 5), width=st.integers(1, 6))
def test_unpooled_and_pooled_again_a_map_is_what_it_was(seed, factor, height, width):
    x = random_map(seed, 3, height, width)
    large = layers.NearestUnpool2d(factor)(x)
    assert large.shape[2:] == (factor * height, factor * width)
    assert torch.equal(functional.max_pool2d(large, factor), x)
    torch.testing.assert_close(functional.avg_pool2d(large, factor), x)
    nails = layers.BedOfNails2d(factor)(x)
    assert nails.shape == large.shape and torch.equal(nails[..., ::factor, ::factor], x)
    assert int((nails != 0).sum()) == x.numel()
    assert torch.equal(functional.max_pool2d(layers.BedOfNails2d(factor)(x.relu()), factor), x.relu())


@few
@given(seed=st.integers(0, 999), kernel=st.integers(2, 3), height=st.integers(3, 11), width=st.integers(3, 11))
def test_switches_put_every_maximum_back_where_it_was(seed, kernel, height, width):
    x = random_map(seed, 2, height, width).relu() + 0.1
    values, switches = functional.max_pool2d(x, kernel, return_indices=True)
    again = layers.SwitchUnpool2d(kernel)(values, switches, x.shape)  # also where the kernel leaves a rest
    assert again.shape == x.shape
    there = again != 0
    assert torch.equal(again[there], x[there]) and int(there.sum()) == values.numel()
    assert torch.equal(functional.max_pool2d(again, kernel), values)


def test_unpooling_says_what_is_wrong():
    x = torch.zeros(1, 1, 2, 2)
    with pytest.raises(ValueError, match="factor must be a whole number"):
        layers.BedOfNails2d(0)
    with pytest.raises(ValueError, match="factor must be a whole number"):
        layers.NearestUnpool2d(1.5)
    for layer in (layers.BedOfNails2d(), layers.NearestUnpool2d()):
        with pytest.raises(ValueError, match=r"needs \(N, C, H, W\)"):
            layer(x[0])
    with pytest.raises(ValueError, match="must have one shape"):
        layers.SwitchUnpool2d(2)(x, torch.zeros(1, 1, 2, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match="do not fit a map of 4 × 4"):
        layers.SwitchUnpool2d(2)(x, torch.full((1, 1, 2, 2), 16))


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("learned", [False, True])
def test_bilinear_upsampling_interpolates_inside_and_makes_the_size(factor, learned):
    layer = layers.BilinearUpsample2d(3, factor, learned)
    x = random_map(0, 3, 5, 6)
    mine = layer(x)
    theirs = functional.interpolate(x, scale_factor=factor, mode="bilinear")
    assert mine.shape == theirs.shape
    inner = (..., slice(factor, -factor), slice(factor, -factor))
    torch.testing.assert_close(mine[inner], theirs[inner])
    assert layer.weight.requires_grad == learned
    with pytest.raises(ValueError, match="factor must be 1 or more"):
        layers.bilinear_filter(0)


# Networks


@pytest.mark.parametrize("stride", [8, 4, 2])
@pytest.mark.parametrize("height, width", [(48, 48), (45, 70), (1, 9)])
def test_an_fcn_gives_scores_for_a_picture_of_any_size(stride, height, width):
    network = FCN(5, stride=stride, **NARROW).eval()
    assert network(torch.rand(2, 3, height, width)).shape == (2, 5, height, width)


def test_the_papers_networks_have_the_papers_sizes():
    with torch.device("meta"):
        fcns = {stride: FCN(stride=stride) for stride in (32, 16, 8)}
        unet = UNet(padding=0)
        sides = unet(torch.zeros(1, 1, 572, 572)).shape[2:]
        deconvnet = DeconvNet()
    learned = {stride: sum(p.numel() for p in net.parameters() if p.requires_grad) for stride, net in fcns.items()}
    assert learned == models.fcn.FACTS["parameters"] and round(learned[32] / 1e6) == 134  # table 1
    assert sides == (388, 388)
    assert sum(isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) for layer in unet.modules()) == 23
    assert sum(p.numel() for p in unet.parameters()) == models.unet.FACTS["parameters"]
    assert round(sum(p.numel() for p in deconvnet.parameters()) / 1e6) == 252
    assert look.trace(fcns[32], (3, 224, 224)).receptive_field["head.fc6"] == 404  # table 1


def test_a_finer_fcn_begins_with_the_coarser_ones_scores():
    torch.manual_seed(0)
    coarse = FCN(5, stride=8, **NARROW).eval()
    fine = finer(coarse, FCN(5, stride=4, **NARROW)).eval()
    x = torch.rand(1, 3, 64, 64)
    deep = coarse.head(nn.Sequential(*coarse.stages)(x))
    torch.testing.assert_close(fine.twice[0](deep), layers.BilinearUpsample2d(5, 2)(deep))
    assert float(fine.skips[0].weight.detach().abs().max()) == 0
    with pytest.raises(ValueError, match="the same classes"):
        finer(coarse, FCN(6, stride=4, **NARROW))


def test_deconvnet_is_as_large_at_its_end_as_at_its_beginning():
    network = DeconvNet(5, 3, size=48, **NARROW).eval()
    assert network(torch.rand(2, 3, 48, 48)).shape == (2, 5, 48, 48)
    with pytest.raises(ValueError, match="48"):
        network(torch.rand(1, 3, 40, 40))
    with pytest.raises(ValueError, match="multiple of 8"):
        DeconvNet(5, 3, size=20, **NARROW)


def test_unet_joins_what_was_there_on_the_way_down():
    torch.manual_seed(0)
    network = UNet(5, 3, widths=(4, 6, 8)).eval()
    x = torch.rand(2, 3, 24, 40)
    before = network(x)
    assert before.shape == (2, 5, 24, 40)
    with torch.no_grad():
        for stage in network.join:  # without the joined half of the weights the finest maps do not matter
            stage[0].weight[:, : stage[0].in_channels // 2] = 0
    assert not torch.allclose(before, network(x))
    with pytest.raises(ValueError, match="odd number"):
        network(torch.rand(1, 3, 26, 24))
    bare = UNet(2, 1, widths=(4, 6, 8), padding=0)
    assert bare.margin == 20 and bare(torch.rand(1, 1, 60, 68)).shape == (1, 2, 20, 28)


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda: FCN(stride=5), "stride must be one of"),
        (lambda: FCN(kernel=4), "kernel must be odd"),
        (lambda: DeconvNet(kernel=2), "kernel must be odd"),
        (lambda: UNet(padding=2), "padding must be"),
    ],
)
def test_a_network_that_cannot_be_built_says_why(make, says):
    with torch.device("meta"), pytest.raises(ValueError, match=says):
        make()


def test_dense_layers_as_convolutions_give_the_same_answers():
    torch.manual_seed(0)
    linear = nn.Linear(6 * 3 * 3, 5)
    layer = models.vgg.convolution(linear, 3)
    x = torch.rand(2, 6, 3, 3)
    torch.testing.assert_close(layer(x).flatten(1), linear(x.flatten(1)))
    assert layer(torch.rand(1, 6, 10, 12)).shape == (1, 5, 8, 10)


# Labels and scores


@pytest.fixture(scope="module")
def scenes():
    return data.load("scenes", "train", crowded=True, count=12, **SMALL)


def test_labels_of_pixels_are_the_classes_of_the_masks(scenes):
    labels = dense.pixel_labels(scenes)
    assert labels.dtype == torch.uint8 and labels.shape == (12, 48, 48)
    for label, masks, classes in zip(labels, scenes.masks, scenes.box_labels, strict=True):
        assert torch.equal(label == 0, masks.sum(0) == 0)
        for mask, which in zip(masks, classes.tolist(), strict=True):
            assert (label[mask > 0] == 1 + which).all()
    with pytest.raises(ValueError, match="no masks"):
        dense.pixel_labels(data.load("shapes", "train", count=3))


def test_a_picture_without_objects_is_all_background():
    empty = data.ImageSet(
        torch.zeros(1, 3, 8, 8, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64), ("disc",),
        masks=[torch.zeros(0, 8, 8, dtype=torch.uint8)], boxes=[torch.zeros(0, 4)],
        box_labels=[torch.zeros(0, dtype=torch.int64)],
    )  # fmt: skip
    assert not dense.pixel_labels(empty).any()


@few
@given(seed=st.integers(0, 999), classes=st.integers(2, 6))
def test_scores_are_those_of_torchmetrics(seed, classes):
    chance = torch.Generator().manual_seed(seed)
    said, true = torch.randint(classes, (2, 3, 9, 9), generator=chance)
    scores = dense.score_pixels(said, true, classes)
    each = multiclass_jaccard_index(said, true, num_classes=classes, average=None)
    torch.testing.assert_close(scores.iou.float(), each)
    assert scores.mean_iou == pytest.approx(float(each.mean()), abs=1e-6)
    exact = multiclass_accuracy(said, true, num_classes=classes, average="micro")
    assert scores.accuracy == pytest.approx(float(exact), abs=1e-6)


def test_a_class_that_never_occurs_does_not_count_and_void_pixels_neither():
    true = torch.tensor([[[0, 0, 1, 255]]], dtype=torch.uint8)
    said = torch.tensor([[[0, 1, 1, 1]]], dtype=torch.uint8)
    scores = dense.score_pixels(said, true, classes=4)
    assert scores.confusion.sum() == 3 and scores.iou[2].isnan() and scores.iou[3].isnan()
    assert scores.iou[:2].tolist() == [0.5, 0.5] and scores.mean_iou == 0.5
    nothing = dense.score_pixels(said, torch.full_like(true, 255), classes=4)
    assert nothing.iou.isnan().all() and nothing.confusion.sum() == 0


def test_scores_say_what_is_wrong():
    good = torch.zeros(1, 4, 4, dtype=torch.uint8)
    with pytest.raises(ValueError, match="one shape"):
        dense.score_pixels(good, good[:, :3], 2)
    with pytest.raises(ValueError, match="one shape"):
        dense.score_pixels(good, good, 2, where=torch.ones(1, 3, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match="labels must be 0 to 1"):
        dense.score_pixels(good, good + 2, 2)
    with pytest.raises(ValueError, match="predictions must be 0 to 1"):
        dense.score_pixels(good + 255, good, 2)


@few
@given(seed=st.integers(0, 999), width=st.integers(1, 3))
def test_the_boundary_are_the_pixels_with_another_class_near(seed, width):
    labels = (torch.rand(1, 9, 11, generator=torch.Generator().manual_seed(seed)) < 0.1).to(torch.uint8) * 3
    found = dense.boundary(labels, width)
    for row in range(9):
        for column in range(11):
            top, left = max(0, row - width), max(0, column - width)
            near = labels[0, top : row + width + 1, left : column + width + 1]
            assert bool(found[0, row, column]) == bool((near != labels[0, row, column]).any())


def test_the_boundary_of_one_class_is_empty_and_has_a_width():
    assert not dense.boundary(torch.full((2, 5, 5), 4, dtype=torch.uint8)).any()
    with pytest.raises(ValueError, match="width must be 1"):
        dense.boundary(torch.zeros(1, 4, 4), 0)


# Training


def test_training_learns_is_repeatable_and_goes_on_where_it_was(scenes, tmp_path):
    labels = dense.pixel_labels(scenes)
    recipe = {"epochs": 4, "batch_size": 4, "lr": 1e-2}

    def network():
        torch.manual_seed(0)
        return FCN(11, stride=2, batch_norm=True, dropout=0.1, **NARROW)

    torch.set_num_threads(1)
    whole = network()
    table = dense.fit_pixels(whole, scenes.images, labels, **recipe)
    assert table.loss.iloc[-1] < 0.7 * table.loss.iloc[0] and list(table.epoch) == [1, 2, 3, 4]

    class Stop(Exception):
        pass

    half, calls = network(), []

    def stops(*_):
        calls.append(1)
        if len(calls) > 6:  # in the third epoch
            raise Stop

    handle = half.register_forward_pre_hook(stops)
    with pytest.raises(Stop):
        dense.fit_pixels(half, scenes.images, labels, checkpoint=tmp_path / "kept", **recipe)
    handle.remove()
    again = network()
    rest = dense.fit_pixels(again, scenes.images, labels, checkpoint=tmp_path / "kept", **recipe)
    assert len(rest) == 4
    for mine, theirs in zip(again.state_dict().values(), whole.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_training_says_what_is_wrong(scenes):
    labels = dense.pixel_labels(scenes)
    network = FCN(11, stride=2, **NARROW)
    with pytest.raises(ValueError, match="must fit and not be empty"):
        dense.fit_pixels(network, scenes.images, labels[:, :40], epochs=1)
    with pytest.raises(ValueError, match="must fit and not be empty"):
        dense.fit_pixels(network, scenes.images[:0], labels[:0], epochs=1)
    with pytest.raises(ArithmeticError, match="smaller lr"):
        dense.fit_pixels(network, scenes.images, labels, epochs=5, lr=1e30)


def test_predictions_leave_the_mode_and_take_no_pictures_too(scenes):
    network = FCN(11, stride=2, **NARROW).train()
    said = dense.predict_pixels(network, scenes.images, batch_size=5)
    assert said.shape == (12, 48, 48) and network.training
    assert dense.predict_pixels(network, scenes.images[:0]).shape == (0, 48, 48)


@pytest.mark.parametrize("name", list(segmenting.SEGMENTERS))
def test_the_long_runs_networks_name_every_pixel_of_a_scene(name):
    network = segmenting.SEGMENTERS[name].build().eval()
    assert network(torch.rand(1, 3, 128, 128)).shape == (1, 11, 128, 128)


def test_a_long_run_writes_its_record(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))
    plan = segmenting.SEGMENTERS["unet_scenes"]
    short = replace(plan, recipe=segmenting.Recipe(epochs=1, images=4, tested=3, batch_size=2),
                    build=lambda: UNet(11, 3, widths=(4, 4)))  # fmt: skip
    monkeypatch.setitem(segmenting.SEGMENTERS, "unet_scenes", short)
    output = tmp_path / "unet_scenes.json"
    assert cli.main(["reproduce", "unet_scenes", "--output", str(output), "--quiet"]) == 0
    assert "mean IoU" in capsys.readouterr().out
    record = runs.read(output)
    assert record["summary"]["unet"]["mean_iou"] == record["runs"][0]["mean_iou"]
    assert len(record["runs"][0]["iou"]) == len(record["classes"]) == 11
    assert len(record["runs"][0]["curve"]["loss"]) == 1
    assert not list(cache.folder().glob("unet_scenes*"))


# Pictures


def test_masks_and_errors_are_drawn_in_their_colours():
    images = torch.full((2, 3, 6, 6), 128, dtype=torch.uint8)
    labels = torch.zeros(2, 6, 6, dtype=torch.uint8)
    labels[0, :2], labels[1, :, :3], labels[1, 5, 5] = 1, 2, 255
    figure = look.masks(images, labels, classes=("disc", "ring"), opacity=1.0)
    shown = [axes.images[0].get_array() for axes in figure.axes]
    assert len({tuple(pixel) for each in shown for row in each for pixel in row.round(3)}) == 4
    assert [each.get_text() for each in figure.legends[0].get_texts()] == ["disc", "ring"]
    said = torch.zeros_like(labels)
    said[0, :1], said[0, 5] = 1, 2
    figure = look.mask_errors(images, said, labels)
    first = figure.axes[0].images[0].get_array().round(3)
    assert len({tuple(pixel) for row in first for pixel in row}) == 4  # right, missed, extra, ground
    look.masks(images[0], labels[0])


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda x, y: look.masks(x, y[:1]), "labels of 1 pictures for 2"),
        (lambda x, y: look.masks(x, y[:, :3]), "one a pixel"),
        (lambda x, y: look.masks(x, y + 3, classes=("disc",)), "class 3 has no name"),
        (lambda x, y: look.masks(x, y, opacity=2), "opacity must be"),
        (lambda x, y: look.mask_errors(x, y[:, :3], y), "one a pixel"),
    ],
)
def test_drawing_says_what_is_wrong(call, says):
    with pytest.raises(ValueError, match=says):
        call(torch.zeros(2, 3, 6, 6, dtype=torch.uint8), torch.zeros(2, 6, 6, dtype=torch.uint8))
