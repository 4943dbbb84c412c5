"""The exercises of chapter 12: right answers pass, every typical mistake is recognised as itself."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from cnnbook import exercises
from cnnbook.models.densenet import DenseBlock, DenseNet
from cnnbook.trial import Trial

FUNCTIONS = ("dense_forward", "dense_channels", "pays_from", "stored_channels", "source_weights")
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


@pytest.mark.parametrize("key", (*FUNCTIONS, "last_only"))
def test_there_are_two_hints(key):
    assert len(exercises.find(key).hints) >= 2


def forward_by_torch(x, layers):
    maps = [torch.as_tensor(x)]
    for layer in layers:
        maps.append(torch.as_tensor(layer(torch.cat(maps).numpy())))
    return torch.cat(maps).numpy()


def channels_by_the_package(start, growth, blocks, theta):
    """The layers of the package's own network, whose first convolution is made to fit."""
    with torch.device("meta"):
        leaving = []
        for depth in blocks:
            entering = int(theta * leaving[-1]) if leaving else start
            block = DenseBlock(entering, depth, growth, bottleneck=False, dropout=0.0, checkpoint=False)
            leaving.append(block(torch.empty(2, entering, 3, 3)).shape[1])
    return leaving


def pays_by_the_package(start, growth, width):
    """Weights counted on arrays; the package has a width of 4 only."""
    layer = 1
    while True:
        m = start + growth * (layer - 1)
        plain = np.empty((growth, m, 3, 3)).size
        if np.empty((width * growth, m)).size + np.empty((growth, width * growth, 3, 3)).size < plain:
            return layer
        layer += 1


@pytest.mark.parametrize(
    "key, other",
    [
        ("dense_forward", forward_by_torch),
        ("dense_channels", channels_by_the_package),
        ("pays_from", pays_by_the_package),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def as_measured(network, count=1000):
    """Like the result of `train.evaluate`: numbers that depend on all of a network's weights."""
    total = sum(parameter.detach().double().abs().sum() for parameter in network.parameters())
    logits = total * torch.linspace(0, 1, 10).repeat(count, 1)
    return SimpleNamespace(accuracy=0.4, predictions=logits.argmax(dim=1), logits=logits)


def test_the_last_layer_only_is_a_trained_network_whose_classifier_reads_eight_channels():
    def network(places=None):
        made = DenseNet(num_classes=10, blocks=(4, 4), growth_rate=8)
        if places is not None:
            with torch.no_grad():
                made.linear.weight[:, places] = 0
        return made

    right = network(slice(None, -8))
    measured = as_measured(right)
    assert said("last_only", (right, measured, as_measured))[0] == "right"
    wrong = [
        ("network", measured),
        (right, 0.3),
        (nn.Linear(2, 2), measured),
        (network(slice(None)), measured),
        (network(slice(-8, None)), measured),
        (network(), measured),
        (right, as_measured(network())),
        (right, as_measured(right, count=100)),
    ]
    told = [said("last_only", (*answer, as_measured)) for answer in wrong]
    assert {status for status, _ in told} == {"wrong"} and len({words for _, words in told}) == len(wrong)
