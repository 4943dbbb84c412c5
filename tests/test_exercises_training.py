"""The exercises of chapter 06: right answers pass, every typical mistake is recognised as itself."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnbook import exercises
from cnnbook.trial import Trial

FUNCTIONS = ("zca", "norm_backward", "update_running", "fold", "drop_rate")
OTHERS = ("what_the_mode_gave",)
MISTAKES = [(key, number) for key in FUNCTIONS for number in range(len(exercises.find(key).mistakes))]


def said(key, answer, lang="en"):
    message = Trial(exercises.find(key), answer).verdict()
    return message.status, message.plain(lang)


def all_wrong_and_apart(key, answers):
    """Each answer is wrong, and no two of them are told the same, in either language."""
    for lang in ("ko", "en"):
        told = [said(key, answer, lang) for answer in answers]
        assert {status for status, _ in told} == {"wrong"}
        assert len({words for _, words in told}) == len(answers)


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


@pytest.mark.parametrize("key", FUNCTIONS + OTHERS)
def test_there_are_two_hints(key):
    assert len(exercises.find(key).hints) >= 2


def zca_by_svd(x, eps):
    centred = x - x.mean(axis=0)
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    return left * (sizes / np.sqrt(sizes**2 / len(x) + eps)) @ right


def backward_by_autograd(dy, x, gamma, eps):
    x = torch.tensor(x, requires_grad=True)
    y = nn.functional.batch_norm(x, None, None, torch.tensor(gamma), training=True, eps=eps)
    return torch.autograd.grad(y, x, torch.tensor(dy))[0].numpy()


def update_by_torch(mean, variance, x, momentum):
    layer = nn.BatchNorm1d(len(mean), momentum=momentum, dtype=torch.float64)
    layer.running_mean.copy_(torch.tensor(mean))
    layer.running_var.copy_(torch.tensor(variance))
    layer(torch.tensor(x))
    return layer.running_mean.numpy(), layer.running_var.numpy()


def fold_by_torch(weight, bias, mean, variance, gamma, beta, eps):
    each = [torch.tensor(value) for value in (weight, bias, mean, variance)]
    folded = nn.utils.fusion.fuse_conv_bn_weights(*each, eps, torch.tensor(gamma), torch.tensor(beta))
    return tuple(value.detach().numpy() for value in folded)


def rate_in_steps(keep, block, height, width):
    squares = (1 - keep) * height * width / (block * block)
    return squares / len([0 for _ in range(height - block + 1) for _ in range(width - block + 1)])


@pytest.mark.parametrize(
    "key, other",
    [
        ("zca", zca_by_svd),
        ("norm_backward", backward_by_autograd),
        ("update_running", update_by_torch),
        ("fold", fold_by_torch),
        ("drop_rate", rate_in_steps),
    ],
)
def test_right_answers_written_differently_pass(key, other):
    assert said(key, other)[0] == "right"


def test_what_the_mode_gave():
    assert said("what_the_mode_gave", (0.783, 0.394))[0] == "right"
    assert said("what_the_mode_gave", (torch.tensor(0.75), np.float32(0.4)))[0] == "right"
    assert said("what_the_mode_gave", (..., ...))[0] == "notyet"
    all_wrong_and_apart("what_the_mode_gave", [
        0.8, (78.3, 39.4), (0.394, 0.783), (0.662, 0.39), (0.783, 0.606), (0.783, 0.134),
    ])
    assert said("what_the_mode_gave", (float("nan"), 0.4))[0] == "wrong"
    assert said("what_the_mode_gave", (0.8, float("nan")))[0] == "wrong"


def zca_by_cov(x, eps):
    values, vectors = np.linalg.eigh(np.cov(x.T))
    return (x - x.mean(axis=0)) @ vectors / np.sqrt(values + eps) @ vectors.T


def test_the_covariance_of_numpy_divides_by_one_less():
    assert "`np.cov` does" in said("zca", zca_by_cov)[1]


def test_of_two_values_the_wrong_one_is_named():
    def weights_untouched(weight, bias, mean, variance, gamma, beta, eps):
        return weight, (bias - mean) * gamma / np.sqrt(variance + eps) + beta

    def mean_not_scaled(weight, bias, mean, variance, gamma, beta, eps):
        scale = gamma / np.sqrt(variance + eps)
        return weight * scale[:, None, None, None], bias * scale - mean + beta

    def exchanged(*given):
        return exercises.find("fold").reference(*given)[::-1]

    assert "the first that is wrong is number 1" in said("fold", weights_untouched)[1]
    assert "the first that is wrong is number 2" in said("fold", mean_not_scaled)[1]
    assert "their order is not" in said("fold", exchanged)[1]
