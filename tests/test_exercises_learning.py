"""The exercises of chapter 02, beyond what test_exercises.py asks of all."""

from random import Random

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said

from cnnbook import data, exercises
from cnnbook.exercises import learning


def tanh_by_autograd(x, W, b, by_a):
    x, W, b = (torch.tensor(value, requires_grad=True) for value in (x, W, b))
    return torch.autograd.grad(torch.tanh(x @ W.T + b), (x, W, b), torch.tensor(by_a))


def l1_by_cases(w, gradient, rate, penalty):
    result = []
    for weight, slope in zip(w, gradient, strict=True):
        moved, pull = weight - rate * slope, rate * penalty
        result.append(moved - pull if moved > pull else moved + pull if moved < -pull else 0)
    return np.array(result)


@pytest.mark.parametrize("key, other", [("tanh_backward", tanh_by_autograd), ("l1_step", l1_by_cases)])
def test_right_answers_written_differently_pass(key, other):
    assert said(key, other)[0] == "right"


def test_a_step_with_l1_leaves_exact_zeros():
    case, rng = exercises.find("l1_step").case, Random(0)
    assert all((exercises.find("l1_step").reference(**case(rng)) == 0).any() for _ in range(50))


def test_the_sign_of_the_old_weight_never_passes():
    case, reference = exercises.find("l1_step").case, exercises.find("l1_step").reference
    for seed in range(50):
        given = case(Random(seed))
        w, gradient, rate, penalty = given.values()
        wrong = np.sign(w) * np.maximum(0, np.abs(w - rate * gradient) - rate * penalty)
        assert not np.allclose(wrong, reference(**given))


def test_xor_by_hand():
    assert said("xor_by_hand", ([[1, 1], [1, 1]], [0, -1], [1, -2], 0))[0] == "right"
    assert said("xor_by_hand", (np.array([[1, -1], [-1, 1]]), np.zeros(2), np.ones(2), np.array([0.0])))[0] == "right"
    assert said("xor_by_hand", (..., ..., ..., ...))[0] == "notyet"
    all_wrong_and_apart("xor_by_hand", [
        ([[1, 1], [1, 1]], [0, -1], [1, -2]),  # the output's bias left out
        ([1, 1], [0, -1], [1, -2], 0),  # one unit's weights
        ([[1, 1], [1, 1]], [0, -1], [1, 0], 0),  # OR
        ([[1, 1], [1, 1]], [0, -9], [1, -2], 0),  # a dead unit
        ([[1, 1], [1, 1]], [0, -1], [-1, 2], 0),  # signs exchanged
        ([[1, 1], [-1, -1]], [-0.5, 1.5], [1, 1], -1.5),  # OR, NAND and AND of step units
    ])
    numbers = ([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [1.0, -2.0], 0.0)
    assert said("xor_by_hand", tuple(torch.tensor(each, requires_grad=True) for each in numbers))[0] == "right"
    assert "for the inputs (0, 1), (1, 0)" in said("xor_by_hand", ([[1, 1], [1, 1]], [0, -1], [1, -2], -1))[1]
    assert "for the input (1, 0)." in said("xor_by_hand", ([[0, 1], [1, 1]], [0, -1], [1, -2], 0))[1]


def solved_folds(labels, k):
    folds = np.zeros(len(labels), dtype=int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        folds[members] = np.arange(len(members)) % k
    return folds


def one_fold_number_each(labels, k):
    counts = {}
    return [(counts.update({int(v): counts.get(int(v), -1) + 1}) or counts[int(v)]) % k for v in labels]


def test_even_folds():
    assert said("even_folds", solved_folds)[0] == "right"
    assert said("even_folds", one_fold_number_each)[0] == "right"
    assert said("even_folds", lambda labels, k: ...)[0] == "notyet"
    wrong = {
        "in turn": lambda labels, k: np.arange(len(labels)) % k,
        "by chance": lambda labels, k: np.random.permutation(len(labels)) % k,
        "ten classes": lambda labels, k: sum(
            np.where(labels == c, (np.cumsum(labels == c) - 1) % k, 0) for c in range(10)
        ),
        "in blocks": lambda labels, k: np.arange(len(labels)) * k // len(labels),
    }
    for answer in wrong.values():
        status, words = said("even_folds", answer)
        assert status == "wrong" and "examples in the folds" in words
    assert "integers from 0" in said("even_folds", lambda labels, k: solved_folds(labels, k) + 1)[1]
    assert "one number for each" in said("even_folds", lambda labels, k: [np.flatnonzero(labels)])[1]
    assert "return" in said("even_folds", lambda labels, k: print(end=""))[1]
    assert said("even_folds", np.arange(10))[0] == "wrong"


def digit_pixels(split):
    return data.to_float(data.load("digits", split).images).flatten(1)


def test_the_largest_rate_is_the_one_of_the_chapters_problem():
    digits = data.load("digits")
    chosen = (digits.labels == 3) | (digits.labels == 8)
    halves = digit_pixels("train")[chosen].view(-1, 28, 2, 14).mean(dim=(1, 3))
    x = ((halves - halves.mean(dim=0)) / halves.std(dim=0)).double()
    t, w = (digits.labels[chosen] == 8).double(), torch.zeros(2, dtype=torch.float64)
    for _ in range(2000):
        w = w - 4 * x.T @ (torch.sigmoid(x @ w) - t) / len(t)
    p = torch.sigmoid(x @ w)
    values = torch.linalg.eigvalsh((x * (p * (1 - p))[:, None]).T @ x / len(x))
    limit = 2 / values.max().item()
    assert limit == pytest.approx(learning.LIMIT, rel=0.002)
    assert said("largest_rate", (limit * 1.004, limit))[0] == "right"
    assert said("largest_rate", (..., ...))[0] == "notyet"
    all_wrong_and_apart("largest_rate", [
        5.0, (limit, limit / 2), (limit, 2 / values.min().item()), (limit, 1.2), (limit, 7.5), (8.0, limit),
    ])
    assert said("largest_rate", (float("nan"), limit))[0] == said("largest_rate", (limit, float("nan")))[0] == "wrong"


def test_longer_code():
    train, test = digit_pixels("train"), digit_pixels("test")
    middle = train.mean(dim=0)
    components = torch.linalg.svd(train - middle, full_matrices=False)[2]
    errors = {n: (test - middle - (test - middle) @ components[:n].T @ components[:n]).square().mean() for n in (2, 8)}
    pca = errors[8].item()
    assert pca == pytest.approx(learning.PCA_ERROR, rel=0.005)
    assert said("longer_code", (0.0301, pca))[0] == "right"
    assert said("longer_code", (torch.tensor(0.031), errors[8]))[0] == "right"
    assert said("longer_code", (..., ...))[0] == "notyet"
    all_wrong_and_apart("longer_code", [
        0.03, (pca, 0.0301), (0.0301, errors[2].item()), (0.0301, 0.03), (0.042, pca), (0.001, pca),
    ])
    assert "not `x_test`" in said("longer_code", (0.3, pca))[1]
    assert said("longer_code", (float("nan"), pca))[0] == said("longer_code", (0.03, float("nan")))[0] == "wrong"
