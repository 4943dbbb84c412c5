"""The exercises of chapter 14, beyond what test_exercises.py asks of all."""

import copy

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torch import nn
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_jaccard_index

from cnnbook import layers
from cnnbook.models import fcn


def iou_by_sets(a, b):
    one, other = set(np.flatnonzero(a)), set(np.flatnonzero(b))
    return len(one & other) / len(one | other) if one | other else 0


def mean_by_torchmetrics(counts):
    """Of pixels made from the counts; a class that does not occur is left out by torchmetrics, too."""
    true, called = np.indices(counts.shape).reshape(2, -1)
    pixels = [torch.tensor(kind.repeat(counts.ravel())) for kind in (called, true)]
    present = counts.sum(0) + counts.sum(1) > 0
    each = multiclass_jaccard_index(*pixels, num_classes=len(counts), average=None)
    return float(each[torch.tensor(present)].mean())


def filters_by_asking(weights, channels):
    """A filter is what a unit gives for each single pixel."""
    side = int(round((weights.shape[1] / channels) ** 0.5))
    pixels = np.eye(weights.shape[1]).reshape(-1, channels, side, side)
    return np.moveaxis((pixels.reshape(len(pixels), -1) @ weights.T).reshape(channels, side, side, -1), -1, 0)


def nails_of_the_package(x, factor):
    return layers.BedOfNails2d(factor)(torch.tensor(x)[None, None])[0, 0].numpy()


def stamped_by_torch(x, weight, stride):
    one, other = (torch.tensor(each)[None, None] for each in (x, weight))
    return functional.conv_transpose2d(one, other, stride=stride)[0, 0].numpy()


@pytest.mark.parametrize(
    "key, other",
    [
        ("mask_iou", iou_by_sets),
        ("mean_iou", mean_by_torchmetrics),
        ("as_filters", filters_by_asking),
        ("nails", nails_of_the_package),
        ("stamped", stamped_by_torch),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


@pytest.fixture
def trained():
    torch.manual_seed(0)
    network = fcn.FCN(4, stride=2, widths=(4, 4, 4), depths=(1, 1, 1), dense=4, kernel=3, dropout=0.0)
    for parameter in network.skips.parameters():
        nn.init.normal_(parameter)
    return network.eval()


def measure(network):
    """Like a mean IoU: a share that depends on all weights."""
    total = sum(parameter.detach().double().abs().sum() for parameter in network.parameters())
    return float(total % 7 / 7)


def cleared(network, what=("weight", "bias"), layers=2):
    changed = copy.deepcopy(network)
    for skip in changed.skips[:layers]:
        for name in what:
            nn.init.zeros_(getattr(skip, name))
    return changed


def test_no_skips_is_the_trained_network_with_zeros_for_its_skips(trained):
    gone = cleared(trained)
    assert said("no_skips", (gone, measure(gone), trained, measure))[0] == "right"
    other = cleared(trained)
    nn.init.normal_(other.head.score.weight)
    half, bias = cleared(trained, layers=1), cleared(trained, what=("weight",))
    wrong = [
        0.5,
        ("network", 0.5, trained, measure),
        (trained, measure(trained), trained, measure),
        (half, measure(half), trained, measure),
        (bias, measure(bias), trained, measure),
        (other, measure(other), trained, measure),
        (gone, "much", trained, measure),
        (gone, (measure(gone) + 0.4) % 1, trained, measure),
    ]
    all_wrong_and_apart("no_skips", wrong)


def test_no_skips_says_so_where_the_trained_network_itself_was_changed(trained):
    gone = cleared(trained)
    status, words = said("no_skips", (copy.deepcopy(gone), measure(gone), gone, measure))
    assert status == "wrong" and "deepcopy" in words
