"""The exercises of chapter 08, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torch.nn import functional

from cnnbook import exercises


def unpool_by_torch(values, switches, shape):
    found = torch.zeros(shape[0] * shape[1], dtype=torch.float64)
    found.scatter_add_(0, torch.tensor(switches).flatten(), torch.tensor(values).flatten())
    return found.view(shape).numpy()


def gradient_by_torch(x, signal, rule):
    inputs = torch.tensor(x, requires_grad=True)
    if rule != "gradient":
        signal = signal.clip(0)
    if rule == "deconvnet":
        return signal
    functional.relu(inputs).backward(torch.tensor(signal))
    return inputs.grad.numpy()


def renormalized_by_torch(filters, radius):
    flat = torch.tensor(filters).flatten(1)  # renorm_ bounds the norm, not the RMS
    bound = radius * flat.shape[1] ** 0.5
    return torch.renorm(flat, p=2, dim=0, maxnorm=bound).view(filters.shape).numpy()


def alias_by_looking(frequency, stride, samples=4096):
    """The strongest frequency of a sampled wave, finely enough for the checker."""
    wave = np.cos(2 * np.pi * frequency * stride * np.arange(samples))
    finer = np.linspace(0, 0.5, 501)
    near = finer[np.abs(np.exp(-2j * np.pi * np.outer(finer, np.arange(samples))) @ wave).argmax()]
    return near


@pytest.mark.parametrize(
    "key, other",
    [("put_back", unpool_by_torch), ("through_relu", gradient_by_torch), ("renormalized", renormalized_by_torch)],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


@pytest.mark.parametrize("frequency, stride", [(0.2, 4), (0.3, 2), (0.1, 4), (0.24, 4)])
def test_the_alias_is_what_is_seen_in_the_samples(frequency, stride):
    assert exercises.find("alias").reference(frequency, stride) == pytest.approx(
        alias_by_looking(frequency, stride), abs=2e-3
    )


def test_maps_of_three_colours_are_told_from_others():
    generator = torch.Generator().manual_seed(0)
    maps = {name: torch.rand(1, 6, 6, generator=generator) for name in ("mean", "black", "white")}
    fills = {None: maps["mean"], 0.0: maps["black"], 1.0: maps["white"]}
    assert said("covers", (maps, fills.get))[0] == "right"
    small = {name: 0.1 * each for name, each in maps.items()}
    wrong = [
        maps["mean"],
        {**maps, "mean": maps["mean"][0]},
        {**maps, "black": maps["black"] - 1},
        {**maps, "black": maps["mean"]},
        {**maps, "black": maps["white"]},
        small,
        {name: torch.full((1, 6, 6), value) for name, value in (("mean", 0.5), ("black", 0.4), ("white", 0.6))},
    ]
    all_wrong_and_apart("covers", [(answer, fills.get) for answer in wrong])
