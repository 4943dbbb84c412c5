"""The exercises of chapter 07, beyond what test_exercises.py asks of all."""

import pytest
import torch
from answers import all_wrong_and_apart, as_measured, said
from torch import nn

from cnnbook import data


def top_error_by_torch(logits, labels, k):
    best = torch.tensor(logits).topk(k).indices
    return 1 - (best == torch.tensor(labels)[:, None]).any(dim=1).double().mean().item()


def grouped_by_torch(in_channels, out_channels, kernel, groups):
    layer = nn.Conv2d(in_channels, out_channels, kernel, groups=groups)
    return sum(parameter.numel() for parameter in layer.parameters())


def neighbours_by_towers(i, channels, towers, n):
    mine = next(tower for tower in torch.arange(channels).chunk(towers) if i in tower)
    return [j for j in mine.tolist() if abs(j - i) <= n // 2]


def windows_of_the_package(height, width, size):
    places = torch.arange(height * width).view(1, 1, height, width)  # each pixel holds its own place
    corners = data.ten_crop(size)(places)[0, :5, 0, 0, 0]
    return [divmod(place, width) for place in corners.tolist()]


def colour_by_three_steps(vectors, values, draws):
    return sum(draws[i] * values[i] * vectors[:, i] for i in range(3))


@pytest.mark.parametrize(
    "key, other",
    [
        ("top_error", top_error_by_torch),
        ("grouped", grouped_by_torch),
        ("neighbours", neighbours_by_towers),
        ("five_windows", windows_of_the_package),
        ("colour_shift", colour_by_three_steps),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def with_zeros(filters, biases):
    network = nn.Module()
    network.features = nn.Module()
    network.features.conv1 = nn.Conv2d(3, 4, 5)
    with torch.no_grad():
        network.features.conv1.weight[filters] = 0
        network.features.conv1.bias[biases] = 0
    return network


def test_a_silenced_tower_has_neither_weights_nor_biases_and_was_measured():
    silent = with_zeros([0, 1], [0, 1])
    result = as_measured(silent)
    assert said("silenced", (silent, result, as_measured))[0] == "right"
    wrong = [
        0.4,
        (nn.Linear(2, 2), result, as_measured),
        (silent, 0.4, as_measured),
        (silent, as_measured(with_zeros([], [])), as_measured),
        (silent, as_measured(silent, count=200), as_measured),
        (with_zeros([], []), result, as_measured),
        (with_zeros([0, 1, 2, 3], [0, 1]), result, as_measured),
        (with_zeros([0, 2], [0, 1]), result, as_measured),
        (with_zeros([0, 1], []), result, as_measured),
    ]
    all_wrong_and_apart("silenced", wrong)


def test_a_function_that_knows_one_border_only_is_not_right():
    def clipped_left_only(i, channels, towers, n):
        first = i // (channels // towers) * (channels // towers)
        return list(range(max(first, i - n // 2), min(channels, i + n // 2 + 1)))

    def clipped_always(i, channels, towers, n):
        width = channels // towers
        return list(range(i // width * width, min(i // width * width + width, i + n // 2 + 1)))

    for answer in (clipped_left_only, clipped_always):
        assert said("neighbours", answer)[0] == "wrong"
