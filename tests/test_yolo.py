"""YOLO: targets, loss and boxes that agree with each other, and clear answers to bad input."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook import vision
from cnnbook.models import rcnn, yolo

NONE, NOTHING = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
SIZE = (128, 128)
PATIENT = settings(max_examples=40, deadline=None)


@st.composite
def objects(draw, most=6):
    """Boxes inside a picture of 128 pixels and their labels."""
    count = draw(st.integers(0, most))
    rows = []
    for _ in range(count):
        x, y = draw(st.floats(0, 120, width=32)), draw(st.floats(0, 120, width=32))
        rows.append(
            [x, y, min(x + draw(st.floats(4, 60, width=32)), 128), min(y + draw(st.floats(4, 60, width=32)), 128)]
        )
    labels = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    return torch.tensor(rows, dtype=torch.float32).view(-1, 4), torch.tensor(labels, dtype=torch.int64)


def perfect(wanted, grid=8, boxes=2, classes=10, pictures=1):
    """The answers that say exactly what is wanted, in each cell by its first box."""
    answers = torch.zeros(pictures, grid, grid, 5 * boxes + classes)
    cell = (wanted.pictures, wanted.rows, wanted.columns)
    own = torch.cat([wanted.boxes[:, :2], wanted.boxes[:, 2:].sqrt(), torch.ones(len(wanted.boxes), 1)], 1)
    hot = torch.nn.functional.one_hot(wanted.labels, classes).float()
    answers[cell] = torch.cat([own, torch.zeros(len(own), 5 * boxes - 5), hot], 1)
    return answers


@PATIENT
@given(objects(), st.sampled_from([1, 7, 8, 16]))
def test_targets_come_back_as_boxes_and_cost_nothing(given, grid):
    boxes, labels = given
    wanted = yolo.targets([boxes], [labels], SIZE, grid)
    assert wanted.lost + len(wanted.boxes) == len(boxes)
    answers = perfect(wanted, grid)
    loss = sum(yolo.yolo_loss(answers, wanted).values())
    assert loss < 1e-4
    placed, scores = (each[0] for each in yolo.decode(answers, SIZE))
    found = vision.detections(placed, scores, least=0.5, overlap=1.0)
    overlaps = vision.iou(found["boxes"], boxes)
    assert len(found["boxes"]) == len(wanted.boxes) and (not len(boxes) or bool((overlaps.amax(1) > 0.99).all()))


@PATIENT
@given(objects(), st.integers(0, 2**31 - 1))
def test_every_term_is_finite_and_not_negative_whatever_the_network_says(given, seed):
    boxes, labels = given
    wanted = yolo.targets([boxes], [labels], SIZE, 8)
    answers = torch.randn(1, 8, 8, 20, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    terms = yolo.yolo_loss(answers, wanted)
    assert tuple(terms) == yolo.TERMS and all(term.isfinite() and term >= 0 for term in terms.values())
    sum(terms.values()).backward()
    assert answers.grad.isfinite().all()


def test_a_picture_without_objects_has_one_term_and_no_detections():
    wanted = yolo.targets([NONE], [NOTHING], SIZE, 8)
    terms = yolo.yolo_loss(torch.full((1, 8, 8, 20), 0.1), wanted)
    assert terms["no object"].item() == pytest.approx(0.5 * 128 * 0.01)
    assert sum(terms.values()) == terms["no object"]
    network = yolo.YOLO(rcnn.Backbone(), width=8).eval()
    (found,) = network(torch.zeros(1, 3, 64, 64), least=0.9)
    assert found["boxes"].shape == (0, 4)
    losses = network.losses(torch.rand(2, 3, 64, 64), [NONE, NONE], [NOTHING, NOTHING])
    assert all(term.isfinite() for term in losses.values())


def test_a_centre_on_a_border_has_one_cell():
    lines = torch.tensor([[56.0, 8, 72, 24], [120, 56, 136, 72], [40, 120, 44, 136]])  # on a line, on the edges
    found = yolo.targets([lines], [torch.arange(3)], SIZE, 8)
    cells = dict(zip(found.labels.tolist(), zip(found.rows.tolist(), found.columns.tolist(), strict=True), strict=True))
    assert cells == {0: (1, 4), 1: (4, 7), 2: (7, 2)}
    assert found.boxes[found.labels == 0, 0] == 0 and found.boxes[found.labels == 1, 0] == 1


def test_of_two_objects_in_one_cell_the_last_counts_and_one_is_lost():
    boxes = torch.tensor([[0.0, 0, 10, 10], [2, 2, 12, 12], [100, 100, 110, 110]])
    found = yolo.targets([boxes, boxes[:1]], [torch.tensor([1, 2, 3]), torch.tensor([4])], SIZE, 8)
    assert found.lost == 1 and sorted(found.labels.tolist()) == [2, 3, 4]
    assert found.pictures.tolist() == [0, 0, 1]


def test_the_box_with_the_greatest_iou_is_responsible_and_no_gradient_goes_through_its_target():
    truth = torch.tensor([[32.0, 32, 64, 64]])
    wanted = yolo.targets([truth], [torch.tensor([0])], SIZE, 8)
    answers = torch.zeros(1, 8, 8, 20)
    root = 0.25**0.5
    answers[0, 3, 3, :10] = torch.tensor([0, 0, root, root, 0.2, 0, 0, 0.1, 0.1, 0.9])  # the first is right
    answers.requires_grad_()
    terms = yolo.yolo_loss(answers, wanted)
    assert terms["centre"] == 0 and terms["size"] < 1e-9
    assert terms["object"].item() == pytest.approx(0.64, abs=1e-5)
    assert terms["no object"].item() == pytest.approx(0.5 * 0.81, abs=1e-5)
    terms["object"].backward()
    assert answers.grad[0, 3, 3, :4].abs().max() == 0 and answers.grad[0, 3, 3, 4] < 0


def test_weights_multiply_their_terms():
    chance = torch.Generator().manual_seed(0)
    wanted = yolo.targets([torch.tensor([[10.0, 10, 40, 30]])], [torch.tensor([3])], SIZE, 8)
    answers = torch.rand(1, 8, 8, 20, generator=chance)
    one, other = yolo.yolo_loss(answers, wanted, coord=1.0, noobj=1.0), yolo.yolo_loss(answers, wanted)
    factors = {name: (other[name] / one[name]).item() for name in yolo.TERMS}
    assert factors == pytest.approx({"centre": 5, "size": 5, "object": 1, "no object": 0.5, "class": 1})


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_box_is_an_error(bad):
    with pytest.raises(ValueError, match="picture 1"):
        yolo.targets([NONE, torch.tensor([[0.0, 0, bad, 9]])], [NOTHING, torch.tensor([0])], SIZE, 8)
    with pytest.raises(ValueError, match="NaN or infinite"):
        yolo.decode(torch.full((1, 8, 8, 20), bad), SIZE)


@pytest.mark.parametrize(
    "boxes, labels, grid, message",
    [
        ([[120.0, 0, 140, 10]], [0], 8, "outside of picture 0"),
        ([[5.0, 5, 5, 9]], [0], 8, "x1 < x2"),
        ([[0.0, 0, 9, 9]], [0, 1], 8, "one of each"),
        ([[0.0, 0, 9, 9]], [0], 0, "1 cell a side or more"),
    ],
)
def test_targets_say_what_is_wrong(boxes, labels, grid, message):
    with pytest.raises(ValueError, match=message):
        yolo.targets([torch.tensor(boxes)], [torch.tensor(labels)], SIZE, grid)


def test_shapes_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match="5B \\+ C"):
        yolo.parts(torch.zeros(1, 8, 8, 10), 2)
    with pytest.raises(ValueError, match="no pictures"):
        yolo.targets([], [], SIZE, 8)
    with pytest.raises(ValueError, match="multiple of 16"):
        yolo.YOLO(rcnn.Backbone(), width=8).answers(torch.zeros(1, 3, 40, 40))


def test_frozen_layers_stay_and_the_others_learn():
    torch.manual_seed(0)
    network = yolo.YOLO(rcnn.Backbone(), width=8, frozen=4).train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    learned = [each for each in network.parameters() if each.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=0.01)
    images, boxes = torch.rand(4, 3, 64, 64), [torch.tensor([[10.0, 10, 40, 30]])] * 4
    sum(network.losses(images, boxes, [torch.tensor([3])] * 4).values()).backward()
    optimizer.step()
    changed = {name for name, value in network.backbone.state_dict().items() if not value.equal(before[name])}
    assert changed and not any(name.startswith(("0.", "1.")) for name in changed)
    assert not any("running" in name for name in changed)


def test_the_paper_has_24_convolutions_and_comes_down_to_7_by_7():
    side, convolutions = 448, 0
    for layer in yolo.PAPER:
        if layer == 2:
            side //= 2
        else:
            side, convolutions = -(-side // layer[2]), convolutions + 1
    assert (convolutions, side, yolo.PAPER[-1][0]) == (24, 7, 1024)
