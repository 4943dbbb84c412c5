"""The exercises of chapter 19, beyond what test_exercises.py asks of all."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said


def discriminator_by_search(p, q):
    d = np.linspace(1e-6, 1 - 1e-6, 200_001)
    return np.array([d[(a * np.log(d) + b * np.log(1 - d)).argmax()] for a, b in zip(p, q, strict=True)])


def value_by_divergence(p, q):
    middle = (p + q) / 2
    return -math.log(4) + (p * np.log(p / middle)).sum() + (q * np.log(q / middle)).sum()


def push_by_torch(logit, saturating):
    a = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
    d = a.sigmoid()
    ((1 - d).log() if saturating else -d.log()).backward()
    return a.grad.item()


def distance_by_matrices(m1, s1, m2, s2):
    one, other = np.diag(s1**2), np.diag(s2**2)
    return ((m1 - m2) ** 2).sum() + np.trace(one + other - 2 * np.sqrt(one @ other))


@pytest.mark.parametrize(
    "key, other",
    [
        ("game_value", value_by_divergence),
        ("generator_push", push_by_torch),
        ("frechet_of_independent", distance_by_matrices),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_the_best_discriminator_is_the_best_of_many():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.3, 0.6])
    assert discriminator_by_search(p, q) == pytest.approx(p / (p + q), abs=1e-4)
    assert said("best_discriminator", lambda p, q: 1 / (1 + q / p))[0] == "right"


def make(factor):
    z = torch.linspace(-1, 1, 24).reshape(6, 1, 2, 2)
    return (3 * factor * z + 0.3).tanh()


def measure(images):
    return SimpleNamespace(confidence=images.abs().mean().item(), frechet=100 * images.square().mean().item())


def test_a_calmer_z_is_measured():
    right = make(0.5)
    assert said("calm", (right, measure(right), make, measure))[0] == "right"
    pairs = [
        ("pictures", measure(right)),
        (right[:3], measure(right)),
        (make(1.0), measure(make(1.0))),
        (make(1.0) / 2, measure(make(1.0) / 2)),
        (make(0.7), measure(make(0.7))),
        (right, 0.9),
        (right, measure(make(1.0))),
    ]
    all_wrong_and_apart("calm", [0.9, *((*each, make, measure) for each in pairs)])


def test_a_cell_that_is_left_open_is_not_yet_answered():
    assert said("best_discriminator", lambda p, q: ...)[0] != "right"
