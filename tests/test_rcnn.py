"""The detectors that are told where to look: their backbone and its weights, pyramids of regions, Fast R-CNN's loss."""

import importlib.util
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy
from torchvision import ops

from cnnbook import data
from cnnbook.layers import RegionPyramid, SpatialPyramid
from cnnbook.models import rcnn

PATIENT = settings(max_examples=30, deadline=None)
NONE = torch.zeros(0, 4)


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


# pyramids


@PATIENT
@given(st.integers(1, 13), st.integers(1, 13), st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_a_pyramid_has_one_length_whatever_the_size_and_holds_the_maximum(height, width, levels):
    maps = torch.randn(2, 3, height, width, generator=chance())
    found = SpatialPyramid(levels)(maps)
    assert found.shape == (2, 3 * sum(n * n for n in levels))
    at = 0
    for n in levels:  # every cell of the maps is in a bin of each level
        level, at = found[:, at : at + 3 * n * n].view(2, 3, n * n), at + 3 * n * n
        assert torch.equal(level.amax(2), maps.amax((2, 3)))


def test_a_pyramid_of_one_bin_is_global_max_pooling():
    maps = torch.randn(1, 4, 5, 7, generator=chance())
    assert torch.equal(SpatialPyramid((1,))(maps), maps.amax((2, 3)))


def test_a_region_that_is_the_picture_has_the_pictures_pyramid():
    maps = torch.randn(1, 4, 8, 8, generator=chance())
    whole = torch.tensor([[0.0, 0, 28, 28]])  # cells 0 to 7 at stride 4: the last is included
    assert torch.equal(RegionPyramid((4, 2, 1), 4)(maps, [whole]), SpatialPyramid((4, 2, 1))(maps))


def test_regions_of_several_pictures_come_in_their_order():
    maps = torch.randn(3, 2, 8, 8, generator=chance())
    regions = [torch.tensor([[0.0, 0, 12, 12]]), NONE, torch.tensor([[4.0, 4, 20, 28], [8.0, 0, 16, 8]])]
    found = RegionPyramid((2,), 4)(maps, regions)
    alone = [RegionPyramid((2,), 4)(maps[[nth]], [regions[nth]]) for nth in (0, 2)]
    assert torch.equal(found, torch.cat(alone))
    assert torch.equal(found[0], ops.roi_pool(maps, regions, 2, 1 / 4)[0].flatten())


def test_a_region_outside_of_the_picture_is_0():
    maps = torch.ones(1, 2, 8, 8)
    assert RegionPyramid((2,), 4)(maps, [torch.tensor([[400.0, 400, 440, 440]])]).abs().max() == 0


@pytest.mark.parametrize("layer", [SpatialPyramid, RegionPyramid])
@pytest.mark.parametrize("levels", [(), (0,), (4, -1)])
def test_levels_that_are_none_are_said(layer, levels):
    with pytest.raises(ValueError, match="numbers of bins from 1 on"):
        layer(levels)


def test_what_region_pyramids_cannot_do_is_said():
    with pytest.raises(ValueError, match="stride must be 1 pixel"):
        RegionPyramid((4,), 0)
    with pytest.raises(ValueError, match="regions of 1 pictures for the maps of 2"):
        RegionPyramid((4,), 4)(torch.zeros(2, 1, 8, 8), [NONE])


# the backbone


def test_the_backbone_makes_a_quarter_of_any_size():
    backbone = rcnn.Backbone().eval()
    assert backbone(torch.rand(2, 3, 32, 48)).shape == (2, backbone.out_channels, 8, 12)
    with pytest.raises(TypeError, match="divide uint8 by 255"):
        backbone(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))


def test_the_weights_know_shapes_and_are_small():
    dials = dict.fromkeys(("illumination", "deformation", "occlusion", "clutter", "variation"), 0.5)
    shapes = data.load("shapes", "test", count=500, **dials)
    network = rcnn.shape_classifier()
    assert not network.training
    with torch.no_grad():
        found = network(shapes.images / 255).argmax(1)
    assert (found == shapes.labels).float().mean() > 0.68  # 0.736 of 2,000
    assert files("cnnbook.weights").joinpath(rcnn.WEIGHTS).stat().st_size < 400_000


def test_the_recipe_of_the_weights_trains_the_same_network():
    path = Path(__file__).resolve().parents[1] / "benchmarks" / "shapes_backbone.py"
    spec = importlib.util.spec_from_file_location("shapes_backbone", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network, history = module.trained(count=400, epochs=2, quiet=True)
    rcnn.ShapeClassifier().load_state_dict(network.state_dict())
    assert history.table.loss.iloc[-1] < history.table.loss.iloc[0]


# Fast R-CNN


def fast():
    torch.manual_seed(0)
    return rcnn.FastRCNN(rcnn.Backbone())


def test_fast_rcnn_answers_for_every_region_of_every_picture():
    regions = [torch.tensor([[0.0, 0, 30, 30], [8, 8, 40, 60]]), NONE, torch.tensor([[2.0, 2, 9, 9]])]
    logits, offsets = fast()(torch.rand(3, 3, 64, 64), regions)
    assert logits.shape == (3, 11) and offsets.shape == (3, 10, 4)
    logits, offsets = fast()(torch.rand(1, 3, 64, 64), [NONE])
    assert logits.shape == (0, 11) and offsets.shape == (0, 10, 4)


def test_a_regions_answer_does_not_depend_on_the_others():
    network, images = fast().eval(), torch.rand(1, 3, 64, 64, generator=chance())
    regions = torch.tensor([[0.0, 0, 30, 30], [8, 8, 40, 60]])
    with torch.no_grad():
        together, alone = network(images, [regions])[0], network(images, [regions[1:]])[0]
    torch.testing.assert_close(together[1:], alone)


def test_training_leaves_the_statistics_of_batch_norm_and_moves_the_weights():
    network = fast().train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    logits, offsets = network(torch.rand(2, 3, 64, 64), [torch.tensor([[0.0, 0, 30, 30]])] * 2)
    sum(rcnn.fast_rcnn_loss(logits, offsets, torch.tensor([0, 10]), torch.ones(2, 4))).backward()
    after = network.backbone.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in after if "running" in name)
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_loss_is_the_papers_on_a_case_by_hand():
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # two classes and the background
    offsets = torch.zeros(2, 2, 4)
    offsets[0, 1] = torch.tensor([0.5, -3.0, 0.0, 1.0])
    offsets[0, 0] = offsets[1] = 77.0  # of other classes, and of background: they do not count
    of_classes, of_boxes = rcnn.fast_rcnn_loss(logits, offsets, torch.tensor([1, 2]), torch.zeros(2, 4))
    assert of_classes.item() == pytest.approx(cross_entropy(logits, torch.tensor([1, 2])).item())
    assert of_boxes.item() == pytest.approx((0.125 + 2.5 + 0 + 0.5) / 2)


@pytest.mark.parametrize("count", [0, 5])
def test_without_an_object_the_loss_of_boxes_is_0_and_its_gradient_too(count):
    logits, offsets = (torch.zeros(count, *rest, requires_grad=True) for rest in ((11,), (10, 4)))
    labels = torch.full((count,), 10)
    of_classes, of_boxes = rcnn.fast_rcnn_loss(logits, offsets, labels, torch.zeros(count, 4))
    (of_classes + of_boxes).backward()
    assert of_boxes.item() == 0 and of_classes.isfinite()
    assert not len(offsets) or offsets.grad.abs().max() == 0
