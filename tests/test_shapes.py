import math
import time

import pytest
import torch

from cnnbook.data import shapes
from cnnbook.data.drawn import paint, sdf
from cnnbook.data.drawn.families import FAMILIES, HUNDRED
from cnnbook.data.drawn.figures import TEN, frame

NONE = dict.fromkeys(shapes.DIALS, 0.0)


def images_of(imageset):
    return {image.numpy().tobytes() for image in imageset.images}


# distances


def points(count=2000, span=1.5):
    return (torch.rand(2, count, 1, 1, generator=torch.Generator().manual_seed(0)) * 2 - 1) * span


def nearest(x, y, outline):
    """The distance to the nearest of many points (N, 2) of an outline."""
    return torch.cdist(torch.stack([x.flatten(), y.flatten()], 1), outline).amin(1).view_as(x)


def along(corners, steps=400):
    """Points of a closed outline, `steps` an edge."""
    share = torch.linspace(0, 1, steps)[:, None]
    corners = torch.tensor(corners)
    return torch.cat([torch.lerp(a, b, share) for a, b in zip(corners, corners.roll(-1, 0), strict=True)])


L = [(-0.8, -0.9), (-0.2, -0.9), (-0.2, 0.3), (0.9, 0.3), (0.9, 0.8), (-0.8, 0.8)]
STAR = [
    (radius * math.sin(math.pi * nth / 5), -radius * math.cos(math.pi * nth / 5))
    for nth in range(10)
    for radius in [0.45 if nth % 2 else 1.0]
]


@pytest.mark.parametrize(
    "distance, outline, inside",
    [
        (lambda x, y: sdf.polygon(x, y, L), L, (-0.5, 0.0)),
        (lambda x, y: sdf.polygon(x, y, L[::-1]), L, (-0.5, 0.0)),
        (lambda x, y: sdf.polygon(x, y, STAR), STAR, (0.0, 0.0)),
        (lambda x, y: sdf.star(x, y, 5, 0.45), STAR, (0.0, 0.0)),
        (lambda x, y: sdf.box(x, y, 0.7, 0.4, at=(0.1, -0.2)),
         [(-0.6, -0.6), (0.8, -0.6), (0.8, 0.2), (-0.6, 0.2)], (0, 0)),
        (lambda x, y: sdf.mirrored(x, y, [(0.0, -1.0), (0.8, 0.6), (0.0, 0.2)]),
         [(0.0, -1.0), (0.8, 0.6), (0.0, 0.2), (-0.8, 0.6)], (0, 0)),
    ],
)  # fmt: skip
def test_a_distance_is_that_to_the_nearest_point_of_the_outline(distance, outline, inside):
    x, y = points()
    found = distance(x, y)
    assert torch.allclose(found.abs(), nearest(x, y, along(outline)), atol=4e-3)
    assert float(distance(torch.full((1, 1, 1), inside[0]), torch.full((1, 1, 1), inside[1]))) < 0
    far = torch.hypot(x, y) > 1.4
    assert (found[far] > 0).all()


@pytest.mark.parametrize("figure", TEN, ids=lambda figure: figure.name)
def test_a_frame_tells_how_far_what_is_near_a_figure_reaches(figure):
    found = frame(figure)
    x, y = paint.grid(300)
    x, y = torch.broadcast_tensors(x * 4, y * 4)
    distance = figure.distance(x, y, (torch.zeros(1, 1, 1),) * 3)
    for away in (0.0, 0.3, 1.0, 2.0):
        near = distance < away
        for offset, reach in ((x - found.x, found.reach_x), (y - found.y, found.reach_y)):
            assert float(offset[near].abs().max()) < reach + away + 0.02


@pytest.mark.parametrize("figure", [*TEN, *HUNDRED], ids=lambda figure: figure.name)
def test_every_figure_has_an_inside_well_within_its_frame_and_can_be_scaled(figure):
    found = frame(figure)
    assert 0.3 < found.area < 6
    assert max(abs(found.x) + found.half_width, abs(found.y) + found.half_height) < 1.55
    for amount in (-1.0, 1.0):  # whatever its proportions, it is there and finite
        x, y = paint.grid(64)
        x, y = torch.broadcast_tensors(x * 1.6, y * 1.6)
        field = figure.distance(x, y, (torch.full((1, 1, 1), amount),) * 3)
        assert field.isfinite().all()
        assert 0.4 * found.area < float((field < 0).sum()) * 0.05**2 < 2 * found.area


@pytest.mark.parametrize("figures", [TEN, HUNDRED], ids=["ten", "hundred"])
def test_no_two_figures_look_alike(figures):
    drawn = shapes.draw(len(figures), classes=len(figures), size=64, **NONE).images.float().mean(1) < 160
    flat = drawn.flatten(1).float()
    shared = flat @ flat.T
    union = flat.sum(1)[:, None] + flat.sum(1)[None] - shared
    assert (shared / union - torch.eye(len(flat))).max() < 0.94


def test_names_are_unique_in_both_languages_and_the_hundred_have_cifar100s_structure():
    for figures in (TEN, HUNDRED):
        assert len({figure.name for figure in figures}) == len({figure.korean for figure in figures}) == len(figures)
        assert all(any("가" <= letter <= "힣" for letter in figure.korean) for figure in figures)
    assert len(HUNDRED) == 100 and [len(family) for family in FAMILIES.values()] == [5] * 20
    drawn = shapes.draw(300, classes=100)
    assert drawn.labels.bincount().tolist() == [3] * 100 and drawn.coarse_labels.bincount().tolist() == [15] * 20
    assert drawn.coarse_classes[drawn.coarse_labels[7]] == "stars" and drawn.classes[7] == "six-pointed star"
    assert len(drawn.coarse_classes_ko) == 20


def test_the_mean_of_four_points_is_pytorchs():
    fields = torch.rand(3, 2, 12, 20)
    assert torch.equal(paint.mean_of_four(fields), torch.nn.functional.avg_pool2d(fields, 2))


# sets


def test_the_same_seed_gives_the_same_images_however_many():
    many = shapes.draw(1510, classes=100, seed=5).images
    for few in (37, 540, 1510):
        assert torch.equal(shapes.draw(few, classes=100, seed=5).images, many[:few])
    assert not torch.equal(shapes.draw(37, classes=100, seed=6).images, many[:37])


def test_train_and_test_share_no_image():
    train, test = shapes.read("train", count=1500), shapes.read("test")
    assert test.images.shape == (1000, 3, 32, 32) and len(images_of(test)) == 1000
    assert len(images_of(train) | images_of(test)) == 2500
    assert train.labels.bincount().tolist() == [150] * 10


def test_with_all_dials_at_zero_a_class_is_one_clean_figure():
    drawn = shapes.draw(40, **NONE)
    assert len(images_of(drawn)) == 10
    ink = [(drawn.images[label].float().mean(0) < 150).sum().item() for label in range(10)]
    assert max(ink) < 1.25 * min(ink)  # the area does not tell classes apart


@pytest.mark.parametrize("size", [32, 65, 130])
def test_edges_are_smooth_at_every_size(size):
    drawn = shapes.draw(10, size=size, **NONE)
    assert drawn.images.shape == (10, 3, size, size)
    disc = drawn.images[0, 0].float()
    paper, ink = disc.amax(), disc.amin()
    between = ((disc > ink + 0.25 * (paper - ink)) & (disc < paper - 0.25 * (paper - ink))).sum()
    assert 0.6 * size < between < 4 * size  # about as many pixels as the outline crosses


@pytest.mark.parametrize("dial", shapes.DIALS)
@pytest.mark.parametrize("value", [-0.1, 1.01, math.nan, "much"])
def test_a_dial_out_of_range_is_named(dial, value):
    with pytest.raises(ValueError, match=f"{dial} must be from 0"):
        shapes.draw(1, **{dial: value})


@pytest.mark.parametrize(
    "wrong, error, message",
    [
        ({"split": "validation"}, ValueError, "split must be one of train, test"),
        ({"split": "train", "brightness": 0.2}, TypeError, "no dial 'brightness'"),
        ({"split": "train", "classes": 20}, ValueError, "classes must be 10 or 100"),
        ({"split": "train", "count": -1}, ValueError, "count"),
        ({"split": "train", "size": 4}, ValueError, "size 8 pixels"),
    ],
)
def test_what_cannot_be_drawn_is_said(wrong, error, message):
    with pytest.raises(error, match=message):
        shapes.read(**wrong)


def test_no_shapes_are_a_set_too():
    assert len(shapes.draw(0)) == 0 and len(shapes.draw(0, classes=100).coarse_classes) == 20


def test_the_number_of_threads_changes_nothing_and_is_left_as_it_was():
    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        three = shapes.draw(60)
        assert torch.get_num_threads() == 3
        with pytest.raises(ValueError):
            shapes.draw(1, clutter=2)
        assert torch.get_num_threads() == 3
        torch.set_num_threads(1)
        assert torch.equal(shapes.draw(60).images, three.images)
    finally:
        torch.set_num_threads(usual)


# difficulty


def nearest_neighbour(**dials):
    train, test = shapes.read("train", count=1000, **dials), shapes.read("test", count=500, **dials)
    a, b = (each.images.flatten(1).float() for each in (test, train))
    return float((train.labels[torch.cdist(a, b).argmin(1)] == test.labels).float().mean())


def test_every_dial_makes_recognition_harder():
    usual = dict.fromkeys(shapes.DIALS, 0.3)
    for dial in shapes.DIALS:
        none, half, most = (nearest_neighbour(**usual | {dial: value}) for value in (0.0, 0.5, 1.0))
        assert none > most + 0.05 and none + 0.02 > half > most - 0.02, (dial, none, half, most)


def test_the_mean_colour_does_not_give_the_class_away():
    for dials in ({}, NONE | {"variation": 0.5}):
        train, test = shapes.read("train", count=2000, **dials), shapes.read("test", count=1000, **dials)
        means = [each.images.float().mean((2, 3)) / 255 for each in (train, test)]  # (N, 3)
        features = [torch.cat([mean, mean**2, torch.ones(len(mean), 1)], 1) for mean in means]
        targets = torch.nn.functional.one_hot(train.labels, 10).float()
        weights = torch.linalg.lstsq(features[0], targets).solution
        accuracy = float(((features[1] @ weights).argmax(1) == test.labels).float().mean())
        assert accuracy < 0.2, dials


@pytest.mark.parametrize("classes", [10, 100])
def test_one_core_draws_2500_shapes_a_second(classes):  # of 32 pixels; one of 2024 draws 6,000 and more
    shapes.draw(200, classes=classes)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        shapes.draw(1500, classes=classes)
        seconds.append(time.process_time() - start)
    assert 1500 / min(seconds) > 2500
