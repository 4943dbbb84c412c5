"""Boxes and what is measured with them: as in the libraries, right on hand-made cases, and clear on bad input."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import ops

from cnnbook import data, vision

NONE = torch.zeros(0, 4)
PATIENT = settings(max_examples=50, deadline=None)
numbers = st.floats(-500, 500, width=32)
sizes = st.floats(0.5, 300, width=32)


@st.composite
def some_boxes(draw, least=0, most=8):
    count = draw(st.integers(least, most))
    rows = [[draw(numbers), draw(numbers), draw(sizes), draw(sizes)] for _ in range(count)]
    boxes = torch.tensor(rows, dtype=torch.float32).view(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


@st.composite
def not_boxes(draw):
    """Boxes of which one has a negative size, or is not finite; and its place."""
    boxes = draw(some_boxes(least=1))
    which = draw(st.integers(0, len(boxes) - 1))
    kind = draw(st.sampled_from(["reversed x", "reversed y", "nan", "infinite"]))
    if kind.startswith("reversed"):
        a, b = (0, 2) if kind.endswith("x") else (1, 3)
        boxes[which, [a, b]] = boxes[which, [b, a]]
    else:
        boxes[which, draw(st.integers(0, 3))] = math.nan if kind == "nan" else math.inf
    return boxes, which


# IoU and NMS


@PATIENT
@given(some_boxes(), some_boxes())
def test_iou_is_torchvisions_and_symmetric(one, other):
    found = vision.iou(one, other)
    torch.testing.assert_close(found, ops.box_iou(one, other))
    torch.testing.assert_close(found, vision.iou(other, one).T)
    assert ((0 <= found) & (found <= 1)).all()


@PATIENT
@given(some_boxes(least=1))
def test_a_box_has_iou_1_with_itself(boxes):
    torch.testing.assert_close(vision.iou(boxes, boxes).diagonal(), torch.ones(len(boxes)))


def test_a_box_without_area_has_iou_0_and_not_nan():
    point, line = torch.tensor([[3.0, 3, 3, 3]]), torch.tensor([[1.0, 2, 1, 9]])
    assert ops.box_iou(point, point).isnan().all()
    for empty in (point, line):
        assert vision.iou(empty, empty).item() == 0
        assert vision.iou(empty, torch.tensor([[0.0, 0, 9, 9]])).item() == 0


@PATIENT
@given(not_boxes(), st.booleans())
def test_what_is_no_box_is_named(wrong, empty):
    boxes, which = wrong
    with pytest.raises(ValueError, match=rf"boxes\[{which}\] is "):
        vision.check_boxes(boxes, empty=empty)
    for call in (
        lambda: vision.iou(boxes, NONE),
        lambda: vision.nms(boxes, torch.ones(len(boxes))),
        lambda: vision.encode(boxes, boxes),
        lambda: vision.decode(boxes, torch.zeros(len(boxes), 4)),
        lambda: vision.recall([boxes], [torch.tensor([[0.0, 0, 1, 1]])], [1]),
    ):
        with pytest.raises(ValueError, match="expected finite numbers with"):
            call()


@pytest.mark.parametrize(
    "wrong, error, message",
    [
        ([[0, 0, 1, 1]], TypeError, "float tensor"),
        (torch.tensor([[0, 0, 1, 1]]), TypeError, "torch.int64"),
        (torch.zeros(4), ValueError, r"\(4,\)"),
        (torch.zeros(2, 5), ValueError, r"\(2, 5\)"),
        (torch.zeros(1, 4), ValueError, r"\[0\.0, 0\.0, 0\.0, 0\.0\]"),
    ],
)
def test_what_boxes_must_be_is_said(wrong, error, message):
    with pytest.raises(error, match=message):
        vision.check_boxes(wrong)


@PATIENT
@given(some_boxes(), st.floats(0, 1), st.randoms(use_true_random=False))
def test_nms_is_torchvisions_and_leaves_no_two_that_overlap(boxes, threshold, random):
    scores = torch.tensor([random.random() for _ in boxes])
    labels = torch.tensor([random.randrange(3) for _ in boxes], dtype=torch.int64)
    kept = vision.nms(boxes, scores, threshold=threshold)
    assert torch.equal(kept, ops.nms(boxes, scores, threshold))
    assert (scores[kept].diff() <= 0).all()
    overlaps = vision.iou(boxes[kept], boxes[kept]).fill_diagonal_(0)
    assert not len(kept) or overlaps.max() <= threshold + 1e-6
    for label in range(3):
        alone = (labels == label).nonzero().flatten()
        expected = alone[ops.nms(boxes[alone], scores[alone], threshold)]
        found = vision.nms(boxes, scores, labels, threshold)
        assert torch.equal(found[labels[found] == label], expected)


@PATIENT
@given(some_boxes(least=1))
def test_scores_that_are_nan_have_no_order(boxes):
    scores = torch.ones(len(boxes))
    scores[-1] = math.nan
    with pytest.raises(ValueError, match="1 scores are NaN"):
        vision.nms(boxes, scores)
    with pytest.raises(ValueError, match="1 scores are NaN"):
        vision.detections(boxes, scores[:, None])
    found = {"boxes": boxes, "scores": scores, "labels": torch.zeros(len(boxes), dtype=torch.int64)}
    there = {"boxes": boxes, "labels": torch.zeros(len(boxes), dtype=torch.int64)}
    for call in (vision.mean_average_precision, lambda a, b: vision.precision_recall(a, b, 0)):
        with pytest.raises(ValueError, match="picture 0 has scores that are NaN"):
            call([found], [there])


def test_nms_of_no_boxes_keeps_none_and_says_what_does_not_fit():
    assert vision.nms(NONE, torch.zeros(0)).tolist() == []
    box = torch.tensor([[0.0, 0, 2, 2]])
    with pytest.raises(ValueError, match="a score for each box"):
        vision.nms(box, torch.zeros(2))
    with pytest.raises(ValueError, match="from 0 to 1"):
        vision.nms(box, torch.zeros(1), threshold=30)


# the coding of boxes


@PATIENT
@given(st.data())
def test_what_is_encoded_is_decoded(data):
    proposals = data.draw(some_boxes())
    centres = torch.tensor([[data.draw(numbers), data.draw(numbers)] for _ in proposals]).view(-1, 2)
    # no more than 62.5 times as large, else decode cuts it
    times = torch.tensor([[data.draw(st.floats(0.1, 50)) for _ in range(2)] for _ in proposals]).view(-1, 2)
    half = (proposals[:, 2:] - proposals[:, :2]) * times / 2
    boxes = torch.cat([centres - half, centres + half], 1)
    found = vision.decode(proposals, vision.encode(proposals, boxes))
    torch.testing.assert_close(found, boxes, atol=0.02, rtol=1e-4)


@PATIENT
@given(some_boxes(least=1))
def test_a_box_that_is_its_proposal_has_offsets_of_0(boxes):
    assert vision.encode(boxes, boxes).abs().max() == 0
    torch.testing.assert_close(vision.decode(boxes, torch.zeros_like(boxes)), boxes, atol=1e-3, rtol=1e-5)


def test_offsets_are_the_papers():
    proposal, box = torch.tensor([[10.0, 20, 30, 60]]), torch.tensor([[12.0, 10, 52, 50]])
    expected = [(32 - 20) / 20, (30 - 40) / 40, math.log(40 / 20), math.log(40 / 40)]
    torch.testing.assert_close(vision.encode(proposal, box), torch.tensor([expected]))


@PATIENT
@given(some_boxes(least=1), st.integers(1, 200), st.integers(1, 200))
def test_decoded_boxes_are_cut_to_the_picture_and_stay_boxes(proposals, height, width):
    wild = torch.full((len(proposals), 3, 4), 50.0)
    found = vision.decode(proposals, wild, (height, width))
    assert found.shape == (len(proposals), 3, 4) and found.isfinite().all()
    assert found.min() >= 0 and found[..., 0::2].max() <= width and found[..., 1::2].max() <= height
    assert (found[..., 2:] >= found[..., :2]).all()


def test_a_box_outside_of_the_picture_is_left_without_area():
    assert vision.clip(torch.tensor([[-9.0, 3, -2, 8], [-9, 3, 2, 8]]), (10, 10)).tolist() == [
        [0, 3, 0, 8],
        [0, 3, 2, 8],
    ]


def test_offsets_that_fit_nothing_are_said():
    box = torch.tensor([[0.0, 0, 2, 2]])
    with pytest.raises(ValueError, match=r"offsets must be \(1, 4\)"):
        vision.decode(box, torch.zeros(2, 4))
    with pytest.raises(ValueError, match="1 offsets are NaN"):
        vision.decode(box, torch.tensor([[0, 0, 0, math.nan]]))
    with pytest.raises(ValueError, match="a box for every proposal"):
        vision.encode(box, box.repeat(2, 1))


# proposals


def test_a_proposal_is_about_the_object_that_it_overlaps_most():
    objects = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]])
    best, which = vision.match(torch.tensor([[0.0, 0, 10, 5], [22, 0, 30, 10], [50, 50, 60, 60]]), objects)
    torch.testing.assert_close(best, torch.tensor([0.5, 0.8, 0.0]))
    assert which[:2].tolist() == [0, 1]
    best, which = vision.match(objects, NONE)
    assert best.tolist() == [0, 0] and which.tolist() == [-1, -1]


def test_recall_grows_with_the_number_of_proposals():
    objects = [torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]]), NONE]
    proposals = [torch.tensor([[50.0, 50, 60, 60], [20, 0, 30, 10], [0, 0, 10, 9]]), torch.tensor([[0.0, 0, 5, 5]])]
    assert vision.recall(proposals, objects, [0, 1, 2, 3, 9]) == [0, 0, 0.5, 1, 1]
    assert vision.recall(proposals, objects, [9], threshold=0.95) == [0.5]
    assert vision.recall([NONE, NONE], objects, [5]) == [0]
    with pytest.raises(ValueError, match="no object in these pictures"):
        vision.recall([NONE], [NONE], [1])
    with pytest.raises(ValueError, match="one set of proposals a picture"):
        vision.recall([NONE], objects, [1])


def test_sampled_regions_have_the_papers_shares():
    objects, labels = torch.tensor([[0.0, 0, 20, 20]]), torch.tensor([7])
    near = torch.tensor([[0.0, 0, 20, 20 - 0.1 * n] for n in range(40)])
    some = torch.tensor([[0.0, 0, 20, 4 + 0.1 * n] for n in range(40)])  # IoU 0.2 to 0.4
    far = torch.tensor([[60.0 + n, 60, 70 + n, 70] for n in range(40)])
    chosen = vision.sample(torch.cat([near, some, far]), objects, labels, count=64, background=10, seed=0)
    assert len(chosen.regions) == 56 and (chosen.labels == 7).sum() == 16 and (chosen.labels == 10).sum() == 40
    overlaps = vision.iou(chosen.regions, objects)[:, 0]
    assert (overlaps[chosen.labels == 7] >= 0.5).all()
    assert ((0.1 <= overlaps) & (overlaps < 0.5))[chosen.labels == 10].all()
    decoded = vision.decode(chosen.regions, chosen.targets)[chosen.labels == 7]
    torch.testing.assert_close(decoded, objects.expand(16, 4), atol=1e-4, rtol=0)


def test_a_picture_without_objects_gives_background_only():
    chosen = vision.sample(torch.tensor([[0.0, 0, 9, 9]] * 5), NONE, torch.zeros(0, dtype=torch.int64), background=10)
    assert chosen.labels.tolist() == [10] * 5 and chosen.targets.abs().max() == 0
    empty = vision.sample(NONE, NONE, torch.zeros(0, dtype=torch.int64), background=10)
    assert len(empty.regions) == len(empty.labels) == len(empty.targets) == 0


# selective search


def square_on_ground(side=40):
    image = torch.full((3, side, side), 200, dtype=torch.uint8)
    image[:, 10:25, 5:30] = torch.tensor([200, 30, 30], dtype=torch.uint8)[:, None, None]
    return image


def test_selective_search_finds_a_square_and_the_whole_picture():
    boxes = vision.selective_search(square_on_ground())
    assert vision.iou(boxes, torch.tensor([[5.0, 10, 30, 25]])).max() > 0.8
    assert [0, 0, 40, 40] in boxes.tolist()
    assert len(boxes.unique(dim=0)) == len(boxes) and (boxes[:, 2:] > boxes[:, :2]).all()
    assert torch.equal(boxes, vision.selective_search(square_on_ground()))


def test_a_picture_of_one_colour_has_one_segment():
    assert vision.selective_search(torch.full((3, 20, 30), 90, dtype=torch.uint8)).tolist() == [[0, 0, 30, 20]]


def test_merging_gives_two_segments_less_one_and_unites_what_is_alike():
    from cnnbook.vision.selective_search import Segments, first_segments, in_space, merge

    image = data.load("scenes", "test", crowded=True, count=1).images[0]
    picture = in_space(np.ascontiguousarray(image.permute(1, 2, 0).numpy()), "lab")
    segments = Segments(picture, first_segments(picture, 100, 0.8, 20))
    count = len(segments.size)
    assert segments.size.sum() == 128 * 128
    np.testing.assert_allclose(segments.colour.sum(1), 1)
    np.testing.assert_allclose(segments.texture.sum(1), 1)
    assert segments.colour.shape == (count, 75) and segments.texture.shape == (count, 240)
    boxes, pairs = merge(segments)
    assert len(boxes) == 2 * count - 1 and len(pairs) == count - 1
    assert boxes[-1].tolist() == [0, 0, 128, 128]
    assert sorted(each for pair in pairs for each in pair) == list(range(2 * count - 2))  # each is merged once
    one, other = pairs[0]
    assert other in segments.neighbours[one]
    likeness = [np.minimum(segments.colour[a], segments.colour[b]).sum() for a in range(count)
                for b in segments.neighbours[a]]  # fmt: skip
    _, (first, *_) = merge(segments, "c")
    assert np.minimum(segments.colour[first[0]], segments.colour[first[1]]).sum() == pytest.approx(max(likeness))


@pytest.mark.parametrize(
    "wrong, error, message",
    [
        ({"image": torch.zeros(3, 9, 9)}, TypeError, "uint8"),
        ({"image": torch.zeros(9, 9, dtype=torch.uint8)}, ValueError, r"\(9, 9\)"),
        ({"image": torch.zeros(1, 9, 9, dtype=torch.uint8)}, ValueError, r"\(1, 9, 9\)"),
        ({"spaces": ("xyz",)}, ValueError, "no colour space 'xyz'"),
        ({"likenesses": ("cq",)}, ValueError, "no likeness 'q'"),
        ({"scales": ()}, ValueError, "one scale"),
    ],
)
def test_what_selective_search_cannot_do_is_said(wrong, error, message):
    with pytest.raises(error, match=message):
        vision.selective_search(**{"image": square_on_ground()} | wrong)


# what is found, and how good it is


def one(*rows):
    """Detections from rows of x1, y1, x2, y2, score, label."""
    table = torch.tensor(rows, dtype=torch.float32).view(-1, 6)
    return {"boxes": table[:, :4], "scores": table[:, 4], "labels": table[:, 5].long()}


def there(*rows):
    table = torch.tensor(rows, dtype=torch.float32).view(-1, 5)
    return {"boxes": table[:, :4], "labels": table[:, 4].long()}


OBJECT = (0, 0, 10, 10)


def map_50(found, truth):
    return float(vision.mean_average_precision(found, truth)["map_50"])


HAND_MADE = [
    # right, wrong, right of two objects: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1
    ([one((*OBJECT, 0.9, 0), (50, 50, 60, 60, 0.8, 0), (20, 0, 30, 10, 0.7, 0))],
     [there((*OBJECT, 0), (20, 0, 30, 10, 0))], (51 * 1 + 50 * 2 / 3) / 101),
    # the same object twice: the second is wrong
    ([one((*OBJECT, 0.9, 0), (0, 0, 10, 9, 0.8, 0))], [there((*OBJECT, 0), (20, 0, 30, 10, 0))], 51 / 101),
    # the wrong one first
    ([one((50, 50, 60, 60, 0.9, 0), (*OBJECT, 0.8, 0))], [there((*OBJECT, 0))], 0.5),
    # a class of which nothing is found counts as 0
    ([one((*OBJECT, 0.9, 0))], [there((*OBJECT, 0), (20, 0, 30, 10, 1))], 0.5),
    # a class that never occurs counts for nothing
    ([one((*OBJECT, 0.9, 0), (20, 0, 30, 10, 0.95, 5))], [there((*OBJECT, 0))], 1.0),
    # found in the wrong picture
    ([one(), one((*OBJECT, 0.9, 0))], [there((*OBJECT, 0)), there()], 0.0),
    # IoU just below and just above 0.5
    ([one((0, 0, 10, 4.9, 0.9, 0))], [there((*OBJECT, 0))], 0.0),
    ([one((0, 0, 10, 5.1, 0.9, 0))], [there((*OBJECT, 0))], 1.0),
    # nothing found at all
    ([one()], [there((*OBJECT, 0))], 0.0),
]  # fmt: skip


@pytest.mark.parametrize("found, truth, expected", HAND_MADE)
def test_map_is_right_on_hand_made_cases(found, truth, expected):
    assert map_50(found, truth) == pytest.approx(expected, abs=1e-4)


def test_nothing_to_be_found_is_said_by_minus_1():
    assert map_50([one((*OBJECT, 0.9, 0))], [there()]) == -1
    assert map_50([one()], [there()]) == -1


@PATIENT
@given(st.data())
def test_average_precision_is_that_of_torchmetrics(data):
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    found, truth = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        corner = random.integers(0, 60, (random.integers(0, 5), 2))
        objects = np.concatenate([corner, corner + random.integers(8, 30, corner.shape)], 1)
        copies = np.repeat(objects, 2, 0) + random.integers(-4, 5, (2 * len(objects), 4))
        stray = random.integers(0, 40, (3, 2))
        boxes = np.concatenate([copies, np.concatenate([stray, stray + 20], 1)])
        boxes = torch.tensor(boxes, dtype=torch.float32)
        boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(1)]
        scores = torch.tensor(random.permutation(1000)[: len(boxes)] / 1000 + 1e-4 * len(found), dtype=torch.float32)
        found.append({"boxes": boxes, "scores": scores, "labels": torch.zeros(len(boxes), dtype=torch.int64)})
        truth.append({"boxes": torch.tensor(objects, dtype=torch.float32).view(-1, 4),
                      "labels": torch.zeros(len(objects), dtype=torch.int64)})  # fmt: skip
    if not sum(len(each["boxes"]) for each in truth):
        with pytest.raises(ValueError, match="class 0 is not in these pictures"):
            vision.precision_recall(found, truth, 0)
        return
    precision, recall, scores = vision.precision_recall(found, truth, 0)
    assert (scores.diff() <= 0).all() and (recall.diff() >= 0).all() and recall.max() <= 1
    assert vision.average_precision(precision, recall) == pytest.approx(map_50(found, truth), abs=1e-6)


def test_average_precision_of_11_points_and_of_nothing():
    precision, recall = torch.tensor([1.0, 0.5, 2 / 3]), torch.tensor([0.5, 0.5, 1.0])
    assert vision.average_precision(precision, recall, points=11) == pytest.approx((6 + 5 * 2 / 3) / 11)
    assert vision.average_precision(torch.zeros(0), torch.zeros(0)) == 0


def test_detections_are_the_best_of_each_class_without_doubles():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [30, 0, 40, 10], [5, 5, 5, 9]])
    scores = torch.tensor([[0.9, 0.01], [0.8, 0.3], [0.02, 0.6], [0.99, 0.99]])
    found = vision.detections(boxes, scores)
    assert found["scores"].tolist() == pytest.approx([0.9, 0.6, 0.3])  # the box without width is gone
    assert found["labels"].tolist() == [0, 1, 1]
    assert len(vision.detections(boxes, scores, most=1)["boxes"]) == 1
    own = torch.stack([boxes, boxes + 1], 1)  # for each class another box
    assert vision.detections(own, scores)["boxes"][1].tolist() == [31, 1, 41, 11]
    nothing = vision.detections(NONE, torch.zeros(0, 2))
    assert [len(nothing[key]) for key in ("boxes", "scores", "labels")] == [0, 0, 0]
    with pytest.raises(ValueError, match="for scores"):
        vision.detections(boxes, scores[:2])


@pytest.mark.parametrize(
    "found, truth, message",
    [
        ([one()], [], "detections of 1 pictures for the truth of 0"),
        ([one((5, 5, 5, 9, 0.5, 0))], [there((*OBJECT, 0))], r"boxes of the detections of picture 0\[0\]"),
        ([one()], [there((9, 0, 0, 9, 0))], r"boxes of the truth of picture 0\[0\]"),
        ([one((*OBJECT, 0.5, 0)) | {"scores": torch.zeros(2)}], [there()], "1 boxes and 2 scores"),
        ([one((*OBJECT, 0.5, 0))], [there((*OBJECT, 0)) | {"labels": torch.zeros(0)}], "1 boxes and 0 labels"),
    ],
)
def test_what_cannot_be_measured_is_said(found, truth, message):
    for call in (vision.mean_average_precision, lambda a, b: vision.precision_recall(a, b, 0)):
        with pytest.raises(ValueError, match=message):
            call(found, truth)


def test_the_truth_of_scenes_is_their_boxes():
    scenes = data.load("scenes", "test", crowded=True, count=3)
    truth = vision.truth(scenes)
    assert all(torch.equal(each["boxes"], boxes) for each, boxes in zip(truth, scenes.boxes, strict=True))
    perfect = [each | {"scores": torch.ones(len(each["boxes"]))} for each in truth]
    assert map_50(perfect, truth) == 1
    with pytest.raises(ValueError, match="load scenes"):
        vision.truth(data.load("shapes", "test", count=3))
