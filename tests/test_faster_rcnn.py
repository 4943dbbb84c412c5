"""Anchors and what they learn, the RPN and its loss, Faster R-CNN, and how it is trained."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.models import detection
from torchvision.models.detection._utils import Matcher
from torchvision.ops import box_iou

from cnnbook import data, models, vision
from cnnbook.models import faster_rcnn
from cnnbook.train.detecting import fit_boxes, mirrored

PATIENT = settings(max_examples=40, deadline=None)
NONE, NO_LABELS = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
SHAPES = vision.anchor_shapes((14, 22, 34))
ANCHORS = vision.anchors(16, 16, 4, SHAPES)


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


@st.composite
def some_boxes(draw, most=5, side=64):
    count = draw(st.integers(0, most))
    corner = torch.tensor([[draw(st.integers(-20, side)) for _ in range(2)] for _ in range(count)]).float().view(-1, 2)
    size = torch.tensor([[draw(st.integers(2, 48)) for _ in range(2)] for _ in range(count)]).float().view(-1, 2)
    return torch.cat([corner, corner + size], 1)


# anchors


@PATIENT
@given(
    st.lists(st.floats(1, 500), min_size=1, max_size=3),
    st.lists(st.floats(0.1, 10), min_size=1, max_size=3),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([4, 8, 16]),
)
def test_anchors_have_their_area_ratio_and_place(sizes, ratios, height, width, stride):
    found = vision.anchors(height, width, stride, vision.anchor_shapes(sizes, ratios))
    assert found.shape == (height * width * len(sizes) * len(ratios), 4)
    found = found.view(height, width, len(ratios), len(sizes), 4)
    wide, high = (found[..., 2:] - found[..., :2]).unbind(-1)
    area = torch.tensor(sizes).square().expand_as(wide)
    torch.testing.assert_close(wide * high, area, rtol=2e-3, atol=1e-2)
    torch.testing.assert_close(high / wide, torch.tensor(ratios)[:, None].expand_as(wide), rtol=2e-3, atol=1e-3)
    x, y = ((found[..., :2] + found[..., 2:]) / 2).unbind(-1)
    for row in range(height):
        for column in range(width):
            assert (x[row, column] - (column + 0.5) * stride).abs().max() < 1e-3
            assert (y[row, column] - (row + 0.5) * stride).abs().max() < 1e-3


def test_shapes_are_those_of_torchvision_before_it_rounds():
    generator = detection.anchor_utils.AnchorGenerator(((16, 32, 64),), ((0.5, 1.0, 2.0),))
    torch.testing.assert_close(vision.anchor_shapes((16, 32, 64)).round(), generator.cell_anchors[0])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: vision.anchor_shapes(()), "sizes must be numbers above 0"),
        (lambda: vision.anchor_shapes((16, 0)), "sizes must be numbers above 0"),
        (lambda: vision.anchor_shapes((16,), (math.nan,)), "ratios must be numbers above 0"),
        (lambda: vision.anchors(0, 4, 4, SHAPES), "0 × 4 cells"),
        (lambda: vision.anchors(4, 4, 0, SHAPES), "stride 0"),
        (lambda: vision.anchors(4, 4, 4, SHAPES.flip(1)), r"shapes\[0\]"),
        (lambda: vision.assign(ANCHORS, NONE, high=0.3, low=0.7), "low ≤ high"),
        (lambda: vision.assign(ANCHORS, torch.tensor([[9.0, 9, 3, 3]])), r"boxes\[0\]"),
        (lambda: vision.assign(ANCHORS, torch.tensor([[0.0, 0, math.nan, 3]])), r"boxes\[0\]"),
    ],
)
def test_what_anchors_cannot_be_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# what an anchor learns


@PATIENT
@given(some_boxes())
def test_the_rules_of_the_paper_hold(boxes):
    labels, which = vision.assign(ANCHORS, boxes)
    if not len(boxes):
        assert (labels == 0).all() and (which == -1).all()
        return
    overlaps = box_iou(ANCHORS, boxes)
    best = overlaps.max(1).values
    assert (labels[best >= 0.7] == 1).all()
    assert (best[labels == 0] < 0.3).all()
    most = overlaps.amax(0)
    rescued = (overlaps == most).any(1) & (best > 0)
    assert (rescued | (best >= 0.7))[labels == 1].all()
    assert ((0.3 <= best) & (best < 0.7))[labels == -1].all()
    for k in range(len(boxes)):  # every box that an anchor touches has a positive one
        assert not most[k] > 0 or labels[overlaps[:, k] == most[k]].eq(1).all()
    assert torch.equal(overlaps.gather(1, which[:, None])[:, 0], best)


@PATIENT
@given(some_boxes())
def test_labels_are_those_of_torchvision_where_anchors_touch_all_boxes(boxes):
    if not len(boxes) or not (box_iou(ANCHORS, boxes).amax(0) > 0).all():
        return  # there torchvision makes every anchor positive
    theirs = Matcher(0.7, 0.3, allow_low_quality_matches=True)(box_iou(boxes, ANCHORS))
    labels, _ = vision.assign(ANCHORS, boxes)
    assert torch.equal(labels == 1, theirs >= 0) and torch.equal(labels == 0, theirs == -1)


def test_a_box_that_no_anchor_touches_makes_none_positive():
    labels, _ = vision.assign(ANCHORS, torch.tensor([[900.0, 900, 920, 920]]))
    assert (labels == 0).all()


@PATIENT
@given(some_boxes(), st.integers(1, 300), st.sampled_from([0.0, 0.25, 0.5]))
def test_a_sample_has_at_most_its_share_of_positives(boxes, count, objects):
    labels, which = vision.assign(ANCHORS, boxes)
    drawn = vision.sample_anchors(ANCHORS, boxes, count=count, objects=objects)
    positives = len(drawn.targets)
    assert positives == min(round(objects * count), int((labels == 1).sum()))
    assert len(drawn.chosen) == min(count, positives + int((labels == 0).sum())) == len(drawn.chosen.unique())
    assert drawn.labels.tolist() == [1.0] * positives + [0.0] * (len(drawn.chosen) - positives)
    assert (labels[drawn.chosen[positives:]] == 0).all()
    if positives:
        near = drawn.chosen[:positives]
        back = vision.decode(ANCHORS[near], drawn.targets)
        torch.testing.assert_close(back, boxes[which[near]], atol=1e-3, rtol=1e-4)


def test_the_same_seed_draws_the_same_anchors():
    boxes = torch.tensor([[10.0, 10, 30, 30]])
    one, again, other = (vision.sample_anchors(ANCHORS, boxes, seed=seed).chosen for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)


# the RPN


def test_outputs_come_in_the_order_of_the_anchors():
    rpn = faster_rcnn.RPN(1, 9, 1)
    with torch.no_grad():
        rpn.conv.weight.zero_()[0, 0, 1, 1] = 1
        rpn.objectness.weight.zero_()[4] = 1
        rpn.offsets.weight.zero_()[4 * 4 + 2] = 1  # t_w of shape 4
        dot = torch.zeros(1, 1, 6, 8)
        dot[0, 0, 2, 5] = 1
        objectness, offsets = rpn(dot)
    number = (2 * 8 + 5) * 9 + 4
    assert objectness.shape == (1, 6 * 8 * 9) and objectness[0].nonzero().flatten().tolist() == [number]
    assert offsets.shape == (1, 6 * 8 * 9, 4) and offsets[0].nonzero().tolist() == [[number, 2]]


def theirs(count=300):
    both = ("training", "testing")
    rpn = detection.rpn.RegionProposalNetwork(
        None, None, 0.7, 0.3, 10**6, 0.5, dict.fromkeys(both, 1000), dict.fromkeys(both, count), 0.7
    )
    rpn.min_size = 1.0
    return rpn.eval()


@pytest.mark.parametrize("seed", range(5))
def test_loss_and_proposals_are_those_of_torchvision(seed):
    objectness = torch.randn(len(ANCHORS), generator=chance(seed))
    offsets = torch.randn(len(ANCHORS), 4, generator=chance(seed + 9)) / 4
    boxes = torch.tensor([[3.0, 3, 20, 24], [30, 20, 60, 44]])
    rpn = theirs()
    labels, matched = rpn.assign_targets_to_anchors([ANCHORS], [{"boxes": boxes}])
    expected = rpn.compute_loss(objectness, offsets, labels, rpn.box_coder.encode(matched, [ANCHORS]))
    drawn = vision.sample_anchors(ANCHORS, boxes, count=10**6)
    torch.testing.assert_close(faster_rcnn.rpn_loss(objectness, offsets, drawn), expected)
    moved = rpn.box_coder.decode(offsets, [ANCHORS]).view(1, -1, 4)
    (wanted,), (scores,) = rpn.filter_proposals(moved, objectness[None], [(64, 64)], [len(ANCHORS)])
    found, mine = faster_rcnn.propose(objectness, offsets, ANCHORS, (64, 64))
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(mine, scores)


@PATIENT
@given(st.integers(0, 2**20), st.integers(1, 60))
def test_proposals_lie_in_the_picture_and_are_not_too_much_alike(seed, count):
    objectness = torch.randn(len(ANCHORS), generator=chance(seed))
    offsets = torch.randn(len(ANCHORS), 4, generator=chance(seed + 1))
    boxes, scores = faster_rcnn.propose(objectness, offsets, ANCHORS, (50, 60), count=count, overlap=0.6)
    assert len(boxes) == len(scores) <= count and (scores.diff() <= 0).all()
    assert boxes.min() >= 0 and boxes[:, 2].max() <= 60 and boxes[:, 3].max() <= 50
    assert (boxes[:, 2:] - boxes[:, :2]).min() >= 1
    assert (box_iou(boxes, boxes) - torch.eye(len(boxes))).max() <= 0.6 + 1e-5


def test_without_anchors_nothing_is_proposed_and_nan_is_said():
    boxes, scores = faster_rcnn.propose(torch.zeros(0), NONE, NONE, (64, 64))
    assert len(boxes) == len(scores) == 0
    with pytest.raises(ValueError, match="2 objectnesses are NaN"):
        faster_rcnn.propose(torch.tensor([math.nan, math.nan, 0]), ANCHORS[:3] * 0, ANCHORS[:3], (64, 64))
    with pytest.raises(ValueError, match="for 3 anchors"):
        faster_rcnn.propose(torch.zeros(2), ANCHORS[:3] * 0, ANCHORS[:3], (64, 64))


def test_without_a_positive_anchor_the_loss_of_boxes_is_0_and_so_is_its_gradient():
    objectness = torch.zeros(len(ANCHORS), requires_grad=True)
    offsets = torch.ones(len(ANCHORS), 4, requires_grad=True)
    drawn = vision.sample_anchors(ANCHORS, NONE)
    of_objects, of_boxes = faster_rcnn.rpn_loss(objectness, offsets, drawn)
    (of_objects + of_boxes).backward()
    assert of_objects.item() == pytest.approx(math.log(2)) and of_boxes.item() == 0
    assert offsets.grad.abs().max() == 0 and (objectness.grad[drawn.chosen] > 0).all()


# Faster R-CNN


def faster(**options):
    torch.manual_seed(0)
    return faster_rcnn.FasterRCNN(models.rcnn.Backbone(), **options)


def test_detections_of_every_picture_come_apart_and_in_any_size():
    network = faster(count=20).eval()
    found = network(torch.rand(2, 3, 64, 96, generator=chance()), least=0.0)
    assert len(found) == 2 and all(len(each["boxes"]) == len(each["scores"]) == len(each["labels"]) for each in found)
    assert all(each["boxes"][:, 2].max() <= 96 and each["boxes"][:, 3].max() <= 64 for each in found)
    alone = network(torch.rand(2, 3, 64, 96, generator=chance())[1:], least=0.0)
    torch.testing.assert_close(alone[0]["boxes"], found[1]["boxes"], atol=1e-3, rtol=1e-4)
    assert [len(each) for each in network.proposals(torch.rand(1, 3, 64, 64), count=7)] == [7]


def test_all_parts_learn_by_the_four_losses_together():
    network = faster().train()
    boxes = [torch.tensor([[5.0, 5, 30, 30]]), torch.tensor([[20.0, 8, 50, 40], [2.0, 2, 18, 20]])]
    losses = network.losses(torch.rand(2, 3, 64, 64), boxes, [torch.tensor([3]), torch.tensor([0, 9])], chance())
    assert set(losses) == {"objectness", "anchors", "classes", "boxes"}
    sum(losses.values()).backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in network.parameters())


def test_pictures_without_objects_may_be_learned_from():
    losses = faster().losses(torch.rand(2, 3, 64, 64), [NONE, NONE], [NO_LABELS, NO_LABELS], chance())
    assert losses["anchors"].item() == losses["boxes"].item() == 0
    assert losses["objectness"].isfinite() and losses["classes"].isfinite()


@pytest.mark.parametrize("fixed", [True, False])
def test_batch_norm_is_fixed_unless_the_backbone_is_trained_from_the_start(fixed):
    network = faster(fixed_norm=fixed).train()
    before = network.backbone[1].running_mean.clone()
    network.losses(torch.rand(2, 3, 64, 64), [NONE, NONE], [NO_LABELS, NO_LABELS], chance())
    assert torch.equal(before, network.backbone[1].running_mean) == fixed
    assert not network.eval().backbone.training


# training


@pytest.fixture(scope="module")
def scenes():
    return data.load("scenes", "train", crowded=True, count=16)


def small():
    torch.manual_seed(0)
    return faster_rcnn.FasterRCNN(models.rcnn.shape_classifier()[0], in_training=40)


def test_training_lowers_the_losses_and_the_same_seed_gives_the_same(scenes):
    table, again = (fit_boxes(small(), scenes, epochs=3) for _ in range(2))
    assert table.columns.tolist() == ["epoch", "objectness", "anchors", "classes", "boxes", "seconds"]
    assert table.objectness.iloc[-1] < 0.95 * table.objectness.iloc[0]
    assert torch.allclose(*(torch.tensor(each.classes.tolist()) for each in (table, again)))


def test_an_interrupted_training_goes_on_as_if_nothing_had_been(scenes, tmp_path, monkeypatch):
    whole = small()
    fit_boxes(whole, scenes, epochs=2)

    class Killed(Exception):
        pass

    seen, told = [], faster_rcnn.FasterRCNN.losses

    def killed(self, *of):
        seen.append(1)
        if len(seen) == 6:  # in the second epoch
            raise Killed
        return told(self, *of)

    monkeypatch.setattr(faster_rcnn.FasterRCNN, "losses", killed)
    with pytest.raises(Killed):
        fit_boxes(small(), scenes, epochs=2, checkpoint=tmp_path)
    monkeypatch.undo()
    network = small()
    assert len(fit_boxes(network, scenes, epochs=2, checkpoint=tmp_path)) == 2
    for mine, other in zip(network.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_what_has_no_boxes_cannot_be_learned_from():
    with pytest.raises(ValueError, match="load scenes"):
        fit_boxes(small(), data.load("shapes", "train", count=4), epochs=1)


@PATIENT
@given(some_boxes())
def test_mirroring_twice_changes_nothing(boxes):
    torch.testing.assert_close(mirrored(mirrored(boxes, 64), 64), boxes)
