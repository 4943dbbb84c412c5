"""The exercises of chapter 10, beyond what test_exercises.py asks of all."""

import copy

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torch import nn

from cnnbook import exercises, look
from cnnbook.models.googlenet import Inception
from cnnbook.trial import Trial


def pointwise_by_torch(x, weight, bias):
    weight = torch.tensor(weight)[:, :, None, None]
    return nn.functional.conv2d(torch.tensor(x)[None], weight, torch.tensor(bias))[0].numpy()


def cost_by_trace(size, channels, row):
    return int(look.trace(Inception(channels, row), (channels, size, size)).multiply_adds.sum())


def vote_by_torch(logits):
    return torch.tensor(logits).softmax(dim=2).sum(dim=0).argmax(dim=1).numpy()


def separable_by_values(kernel):
    values = np.linalg.svd(kernel.astype(float), compute_uv=False)
    return bool(values[1] < 1e-9 * max(values[0], 1))


@pytest.mark.parametrize(
    "key, other",
    [
        ("pointwise", pointwise_by_torch),
        ("module_cost", cost_by_trace),
        ("vote", vote_by_torch),
        ("separable", separable_by_values),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_both_kinds_of_kernels_are_asked():
    exercise = exercises.find("separable")
    trial = Trial(exercise, None)
    answers = [exercise.reference(**exercise.case(trial.rng)) for _ in range(100)]
    assert 20 < sum(answers) < 80


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.inception_c, self.linear = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 2)


def test_thawed_is_a_copy_whose_last_module_moved():
    source = Small()

    def moved(*names):
        network = copy.deepcopy(source)
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if name.split(".")[0] in names:
                    parameter.add_(1)
        return network

    good = moved("inception_c", "linear")

    def measure(network):
        return 0.7

    assert said("thawed", (source, good, 0.7, measure))[0] == "right"
    wrong = [
        (source, "network", 0.7),
        (source, good, 0.75),
        (source, nn.Linear(2, 2), 0.7),
        (source, moved("conv1", "inception_c", "linear"), 0.7),
        (source, moved("linear"), 0.7),
        (source, good, 70),
        (source, good, 0.1),
    ]
    all_wrong_and_apart("thawed", [(*answer, measure) for answer in wrong])


def test_separable_is_not_told_by_two_columns_nor_by_division():
    def first_two_columns(kernel):
        return bool(np.linalg.matrix_rank(kernel[:, :2]) <= 1)

    def by_division(kernel):
        with np.errstate(all="ignore"):
            ratio = kernel / kernel[0]
        return bool(np.allclose(ratio, ratio[:, :1]))

    for answer in (first_two_columns, by_division):
        assert said("separable", answer)[0] == "wrong"
