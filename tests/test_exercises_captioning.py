"""The exercises of chapter 20, beyond what test_exercises.py asks of all."""

import itertools

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said

from cnnbook.data.captions import with_particle
from cnnbook.models import captioner
from cnnbook.train import captioning


def step_of_torch(x, h, w, u, b, w_gate, u_gate, b_gate):
    """A GRU whose reset gate is always open: its bias is large."""
    cell = torch.nn.GRUCell(len(x), len(h)).double()
    zero = np.zeros_like(b)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(np.concatenate([np.zeros_like(w), w_gate, w])))
        cell.weight_hh.copy_(torch.tensor(np.concatenate([np.zeros_like(u), u_gate, u])))
        cell.bias_ih.copy_(torch.tensor(np.concatenate([zero + 100, b_gate, b])))
        cell.bias_hh.zero_()
        return cell(torch.tensor(x)[None], torch.tensor(h)[None])[0].numpy()


def score_by_the_network(regions, words):
    """The package's sum, where the regions and the words are already vectors."""
    model = captioner.Alignment(regions.shape[1], 2, width=regions.shape[1]).double()
    model.read = lambda sentences: torch.tensor(words)[None]
    with torch.no_grad():
        model.regions.weight.copy_(torch.eye(regions.shape[1]))
        model.regions.bias.zero_()
        there = torch.ones(1, len(regions), dtype=torch.bool)
        return model(torch.tensor(regions)[None], there, torch.ones(1, len(words), dtype=torch.long)).item()


def recall_by_sorting(scores, k):
    best = np.argsort(-scores, axis=1)[:, :k]
    return float(np.mean([i in row for i, row in enumerate(best)]))


def beam_by_counting(start, follow, steps, beam):
    """All sequences of each length, of which those survive whose beginnings did."""
    alive = {()}
    for length in range(1, steps + 1):
        every = [s for s in itertools.product(range(len(start)), repeat=length) if s[:-1] in alive]
        every.sort(key=lambda s: -start[s[0]] * np.prod([follow[a, b] for a, b in itertools.pairwise(s)]))
        alive = set(every[:beam])
    return list(every[0])


@pytest.mark.parametrize(
    "key, other",
    [
        ("gated_step", step_of_torch),
        ("pair_score", score_by_the_network),
        ("recall_at", recall_by_sorting),
        ("beam_search", beam_by_counting),
        ("subject", lambda noun: with_particle(noun, "이")),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_recall_agrees_with_the_package():
    scores = torch.randn(30, 30, generator=torch.Generator().manual_seed(0))
    found = captioning.recall(scores, torch.eye(30, dtype=torch.bool))
    assert found["recall@5"] == pytest.approx(recall_by_sorting(scores.numpy(), 5))


def test_what_colour_is_measured():
    colours = ["red", "blue", "green"]
    questions = [(row, "star", colours[row % 3]) for row in range(30)]

    def right(row, noun):
        return colours[row % 3]

    assert said("what_colour", (right, questions, 1.0))[0] == "right"
    wrong = [
        1.0,
        ("function", questions, 1.0),
        (lambda row, noun: None, questions, 1.0),
        (lambda row, noun: "red", questions, 1 / 3),
        (lambda row, noun: colours[(row + (row > 9)) % 3], questions, 1 / 3),
        (right, questions, 0.9),
    ]
    all_wrong_and_apart("what_colour", wrong)
