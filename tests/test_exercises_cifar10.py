"""The exercises of chapter 05: right answers pass, every typical mistake is recognised as itself."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from cnnbook import exercises, models, train
from cnnbook.trial import Trial

FUNCTIONS = ("respond", "stairs", "averages", "in_order")
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


@pytest.mark.parametrize("key", (*FUNCTIONS, "without_lrn"))
def test_there_are_two_hints(key):
    assert len(exercises.find(key).hints) >= 2


def respond_by_torch(a, radius, k, alpha, beta):
    size = 2 * radius + 1
    layer = nn.LocalResponseNorm(size, alpha=alpha * size, beta=beta, k=k)
    return layer(torch.tensor(a)[None, :, None])[0, :, 0].numpy()


def stairs_by_the_package(step, first, factor, length):
    return first * train.schedules.staircase(factor, every=length / 1000)(step / 1000)


def step_by_torch(w, average, gradient, step):
    parameter = nn.Parameter(torch.tensor(w))
    optimizer = torch.optim.SGD([parameter], lr=0.1 * 0.5 ** (step // 10))
    (torch.tensor(gradient.matrix) @ parameter).square().sum().div(2).backward()
    optimizer.step()
    return parameter.detach().numpy(), torch.lerp(torch.tensor(average), parameter.detach(), 0.1).numpy()


@pytest.mark.parametrize(
    "key, other",
    [
        ("respond", respond_by_torch),
        ("stairs", stairs_by_the_package),
        ("in_order", step_by_torch),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_no_lrn_is_a_trained_network_with_two_layers_exchanged():
    network = models.create("cifar_cnn", num_classes=10)
    without = copy.deepcopy(network)
    for index, layer in enumerate(without):
        if isinstance(layer, nn.LocalResponseNorm):
            without[index] = nn.Identity()
    measured = SimpleNamespace(accuracy=0.7, predictions=torch.zeros(1000))
    poor = SimpleNamespace(accuracy=0.1, predictions=torch.zeros(1000))
    assert said("without_lrn", (without, measured))[0] == "right"
    other = nn.Linear(2, 2)
    wrong = [0.7, (without, 0.7), ("network", measured), (network, measured), (other, measured), (without, poor)]
    told = [said("without_lrn", answer) for answer in wrong]
    assert {status for status, _ in told} == {"wrong"} and len({words for _, words in told}) == len(wrong)
