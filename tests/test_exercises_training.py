"""The exercises of chapter 06, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torch import nn

from cnnbook import exercises


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
