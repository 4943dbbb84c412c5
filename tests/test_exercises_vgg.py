"""The exercises of chapter 09, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torch import nn

from cnnbook import exercises, models


def column_by_torch(column, in_channels):
    total, channels = 0, in_channels
    for entry in column:
        if entry not in ("M", "LRN"):
            layer = nn.Conv2d(channels, channels if entry == "1x1" else entry, 1 if entry == "1x1" else 3)
            total, channels = total + sum(p.numel() for p in layer.parameters()), layer.out_channels
    return total


def map_by_torch(height, width, pools, side):
    x = torch.zeros(1, 1, height, width)
    for _ in range(pools):
        x = nn.functional.max_pool2d(x, 2)
    return tuple(nn.functional.conv2d(x, torch.zeros(1, 1, side, side)).shape[2:])


def kernels_by_einsum(weight, channels, side):
    return np.moveaxis(np.reshape(weight, (len(weight), side, side, channels)), -1, 1)


def scales_by_torch(maps):
    return sum(torch.tensor(each).mean(dim=(1, 2)).softmax(dim=0) for each in maps).div(len(maps)).numpy()


@pytest.mark.parametrize(
    "key, other",
    [
        ("column_parameters", column_by_torch),
        ("score_map", map_by_torch),
        ("as_kernels", kernels_by_einsum),
        ("over_scales", scales_by_torch),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


@pytest.mark.parametrize("configuration", models.vgg.CONFIGURATIONS)
def test_a_column_has_the_parameters_of_the_packages_convolutions(configuration):
    with torch.device("meta"):
        built = models.vgg.features(configuration, 3)
    count = exercises.find("column_parameters").reference(models.vgg.CONFIGURATIONS[configuration], 3)
    assert count == sum(p.numel() for p in built.parameters())


def shallow(kernel=5, padding=2, widths=(8, 16, 32, 64, 64)):
    steps, before = [], 1
    for width in widths:
        steps += [nn.Conv2d(before, width, kernel, padding=padding), nn.ReLU(), nn.MaxPool2d(2)]
        before = width
    return nn.Sequential(*steps, nn.Flatten(), nn.LazyLinear(10))


def test_five_by_five_is_five_wide_convolutions_that_learned():
    def measure(network):
        return 0.9

    for network, accuracy in ((shallow(), 0.9), (shallow(padding="same"), np.float64(0.905))):
        assert said("five_by_five", (network, accuracy, measure))[0] == "right"
    wrong = [
        (shallow(), 0.8), (0.9, shallow()), (shallow(kernel=3, padding=1), 0.9), (shallow(padding=0), 0.9),
        (shallow(widths=(64, 128, 256, 512, 512)), 0.9), (shallow(), "high"), (shallow(), 90.0), (shallow(), 0.1),
    ]  # fmt: skip
    all_wrong_and_apart("five_by_five", [(*answer, measure) for answer in wrong])
