"""The exercises of chapter 11, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, as_measured, said
from torch import nn

from cnnbook import models


def layers_of_the_network(blocks, per_block):
    """By building it, narrow, and counting; a bottleneck has three convolutions, a block two."""
    make = models.resnet.Block if per_block == 2 else models.resnet.Bottleneck
    body = [make(8, 8, shortcut="A") for count in blocks for _ in range(count)]
    network = nn.Sequential(nn.Conv2d(3, 8, 7), *body, nn.Linear(8, 10))
    return sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in network.modules())


def shortcut_of_the_package(x, channels):
    layer = models.resnet.ZeroPadding(stride=2, more=channels - len(x))
    return layer(torch.tensor(x)[None])[0].numpy()


def gradient_by_torch(x, w1, w2, g):
    start = torch.tensor(x, requires_grad=True)
    y = start + torch.tensor(w2) @ (torch.tensor(w1) @ start).relu()
    y.backward(torch.tensor(g))
    return start.grad.numpy()


def paths_by_counting(blocks, low, high):
    lengths = np.array([number.bit_count() for number in range(2**blocks)])  # a bit is a block whose F is passed
    return ((lengths >= low) & (lengths <= high)).mean()


@pytest.mark.parametrize(
    "key, other",
    [
        ("weight_layers", layers_of_the_network),
        ("shortcut_a", shortcut_of_the_package),
        ("residual_gradient", gradient_by_torch),
        ("share_of_paths", paths_by_counting),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def family(blocks, widths=(8, 16, 32)):
    """The chapter's network: `blocks` blocks a stage on one channel."""
    layers, channels = [nn.Conv2d(1, widths[0], 3, bias=False), nn.BatchNorm2d(widths[0])], widths[0]
    for width in widths:
        for block in range(blocks):
            layers.append(models.resnet.Block(channels, width, stride=1 + (width > widths[0] and block == 0)))
            channels = width
    return Family(*layers, nn.Linear(channels, 10))


class Family(nn.Sequential):
    def blocks(self):
        return [place for place, layer in enumerate(self) if isinstance(layer, models.resnet.Block)]

    def without(self, places):
        return nn.Sequential(*[layer for place, layer in enumerate(self) if place not in places])


def test_three_gone_is_the_network_of_20_layers_without_the_last_block_of_each_stage():
    whole = family(3)
    blocks = whole.blocks()
    gone, middle, more = (whole.without(places) for places in (blocks[2::3], blocks[1::3], blocks[1:]))
    measured = as_measured(gone)
    assert said("three_gone", (gone, measured, whole, as_measured))[0] == "right"
    wrong = [
        (gone, 0.7),
        ("network", measured),
        (whole, as_measured(whole)),
        (middle, as_measured(middle)),
        (more, as_measured(more)),
        (gone, as_measured(whole)),
        (gone, as_measured(gone, count=100)),
    ]
    all_wrong_and_apart("three_gone", [0.7, *((*answer, whole, as_measured) for answer in wrong)])
