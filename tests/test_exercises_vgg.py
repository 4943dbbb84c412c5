"""The exercises of chapter 09: right answers pass, every typical mistake is recognised as itself."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnbook import exercises, models
from cnnbook.trial import Trial

FUNCTIONS = ("column_parameters", "score_map", "as_kernels", "over_scales")
MISTAKES = [(key, number) for key in FUNCTIONS for number in range(len(exercises.find(key).mistakes))]


def said(key, answer, lang="en"):
    message = Trial(exercises.find(key), answer).verdict()
    return message.status, message.plain(lang)


@pytest.mark.parametrize("key", FUNCTIONS)
def test_the_reference_is_right(key):
    assert said(key, exercises.find(key).reference)[0] == "right"


@pytest.mark.parametrize("key, number", MISTAKES)
def test_each_mistake_is_named_by_its_own_message_in_both_languages(key, number):
    mistake = exercises.find(key).mistakes[number]
    for lang in ("ko", "en"):
        status, words = said(key, mistake.wrong, lang)
        assert status == "wrong"
        assert mistake.says[lang] in words


@pytest.mark.parametrize("key", (*FUNCTIONS, "five_by_five"))
def test_there_are_two_hints(key):
    assert len(exercises.find(key).hints) >= 2


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
    told = [said("five_by_five", (*answer, measure)) for answer in wrong]
    assert {status for status, _ in told} == {"wrong"} and len({words for _, words in told}) == len(wrong)
