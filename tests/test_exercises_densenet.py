"""The exercises of chapter 12, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, as_measured, said
from torch import nn

from cnnbook.models.densenet import DenseBlock, DenseNet


def forward_by_torch(x, layers):
    maps = [torch.as_tensor(x)]
    for layer in layers:
        maps.append(torch.as_tensor(layer(torch.cat(maps).numpy())))
    return torch.cat(maps).numpy()


def channels_by_the_package(start, growth, blocks, theta):
    """The layers of the package's own network, whose first convolution is made to fit."""
    with torch.device("meta"):
        leaving = []
        for depth in blocks:
            entering = int(theta * leaving[-1]) if leaving else start
            block = DenseBlock(entering, depth, growth, bottleneck=False, dropout=0.0, checkpoint=False)
            leaving.append(block(torch.empty(2, entering, 3, 3)).shape[1])
    return leaving


def pays_by_the_package(start, growth, width):
    """Weights counted on arrays; the package has a width of 4 only."""
    layer = 1
    while True:
        m = start + growth * (layer - 1)
        plain = np.empty((growth, m, 3, 3)).size
        if np.empty((width * growth, m)).size + np.empty((growth, width * growth, 3, 3)).size < plain:
            return layer
        layer += 1


@pytest.mark.parametrize(
    "key, other",
    [
        ("dense_forward", forward_by_torch),
        ("dense_channels", channels_by_the_package),
        ("pays_from", pays_by_the_package),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_the_last_layer_only_is_a_trained_network_whose_classifier_reads_eight_channels():
    def network(places=None):
        made = DenseNet(num_classes=10, blocks=(4, 4), growth_rate=8)
        if places is not None:
            with torch.no_grad():
                made.linear.weight[:, places] = 0
        return made

    right = network(slice(None, -8))
    measured = as_measured(right)
    assert said("last_only", (right, measured, as_measured))[0] == "right"
    wrong = [
        ("network", measured),
        (right, 0.3),
        (nn.Linear(2, 2), measured),
        (network(slice(None)), measured),
        (network(slice(-8, None)), measured),
        (network(), measured),
        (right, as_measured(network())),
        (right, as_measured(right, count=100)),
    ]
    all_wrong_and_apart("last_only", [(*answer, as_measured) for answer in wrong])
