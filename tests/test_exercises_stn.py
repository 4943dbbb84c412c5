"""The exercises of chapter 21, beyond what test_exercises.py asks of all."""

import copy

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, as_measured, said
from torch import nn
from torch.nn.functional import affine_grid, grid_sample

from cnnbook.models import stn


def grid_by_torch(theta, height, width):
    return affine_grid(torch.tensor(theta)[None], [1, 1, height, width], align_corners=False)[0].numpy()


def read_by_torch(image, x, y):
    """The value at (x, y), in pixels, and its gradient by x and y."""
    height, width = image.shape
    place = torch.tensor([x, y], dtype=torch.float64, requires_grad=True)
    where = (2 * place + 1) / torch.tensor([width, height]) - 1
    value = grid_sample(torch.tensor(image)[None, None], where.view(1, 1, 1, 2), align_corners=False)
    value.sum().backward()
    return value.item(), place.grad.numpy()


def window_by_its_corners(left, top, side, size):
    """The matrix that takes the output's corners to the window's, by least squares."""
    corners = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]])
    x, y = left + side * (corners[:, 0] + 1) / 2, top + side * (corners[:, 1] + 1) / 2
    return np.linalg.lstsq(corners, 2 * np.stack([x, y], 1) / size - 1, rcond=None)[0].T


def one_after_the_other(first, second):
    """Three points through both; the matrix from where they arrive."""
    points = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1.0]])
    between = np.column_stack([points @ second.T, np.ones(3)])
    return np.linalg.solve(points, between @ first.T).T


@pytest.mark.parametrize(
    "key, other",
    [
        ("affine_grid", grid_by_torch),
        ("bilinear_sample", lambda image, x, y: read_by_torch(image, x, y)[0]),
        ("sample_gradient", lambda image, x, y: read_by_torch(image, x, y)[1]),
        ("theta_of_window", window_by_its_corners),
        ("one_theta", one_after_the_other),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_switched_off_is_the_trained_network_that_reads_as_if_it_were_new():
    torch.manual_seed(0)
    whole = stn.SpatialTransformerNetwork(budget=15_000)
    nn.init.normal_(whole.transformers[0].regression.weight, std=0.1)

    def changed(weight=0.0, bias=(1.0, 0, 0, 0, 1, 0), classifier=1.0):
        network = copy.deepcopy(whole)
        with torch.no_grad():
            network.transformers[0].regression.weight.mul_(weight)
            network.transformers[0].regression.bias.copy_(torch.tensor(bias))
            network.classifier[-1].bias.mul_(classifier)
        return network

    off, on, shifted, other = changed(), changed(1.0), changed(bias=(1.0, 0, 0.5, 0, 1, 0)), changed(classifier=2.0)
    half = changed(0.5)
    assert said("switched_off", (off, as_measured(off), whole, as_measured))[0] == "right"
    wrong = [
        (off, 0.7),
        ("network", as_measured(off)),
        (whole, as_measured(whole)),
        (on, as_measured(on)),
        (half, as_measured(half)),
        (shifted, as_measured(shifted)),
        (other, as_measured(other)),
        (off, as_measured(whole)),
        (off, as_measured(off, count=100)),
    ]
    all_wrong_and_apart("switched_off", [0.7, *((*answer, whole, as_measured) for answer in wrong)])
