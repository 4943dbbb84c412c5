"""What the tests of exercises share: how an answer is told, and a stand-in for a measurement."""

from types import SimpleNamespace

import torch

from cnnbook import exercises
from cnnbook.trial import Trial


def said(key, answer, lang="en"):
    """The status of the check ("right", "wrong", …) and its words."""
    message = Trial(exercises.find(key), answer).verdict()
    return message.status, message.plain(lang)


def all_wrong_and_apart(key, answers):
    """Each answer is wrong, and no two of them are told the same, in either language."""
    for lang in ("ko", "en"):
        told = [said(key, answer, lang) for answer in answers]
        assert {status for status, _ in told} == {"wrong"}
        assert len({words for _, words in told}) == len(answers)


def as_measured(network, count=1000):
    """Like the result of `train.evaluate`: numbers that depend on all of a network's weights."""
    total = sum(parameter.detach().double().abs().sum() for parameter in network.parameters())
    logits = total * torch.linspace(0, 1, 10).repeat(count, 1)
    return SimpleNamespace(accuracy=0.4, predictions=logits.argmax(dim=1), logits=logits)
