"""The exercises of chapter 05, beyond what test_exercises.py asks of all."""

import copy
from dataclasses import replace

import pytest
import torch
from answers import all_wrong_and_apart, said
from torch import nn

from cnnbook import data, models, train


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


def test_halves_are_rounded_to_even_or_up():
    for rounded in (lambda step, first, factor, length: first * factor ** round(step / length),
                    lambda step, first, factor, length: first * factor ** int(step / length + 0.5)):
        assert "rounded to the nearest" in said("stairs", rounded)[1]


def out_of_order(w, average, gradient, step):  # as the chapter shows it
    rate = 0.1 * 0.5 ** (max(0, step - 1) // 10)
    average = 0.9 * average + 0.1 * w
    w = w - rate * gradient(w)
    return w, average


def test_what_was_out_of_order_is_told_so():
    assert "Both mistakes are still there" in said("in_order", out_of_order)[1]


@pytest.fixture(scope="module")
def shapes():
    return data.load("shapes", "test", count=1000).centre(24)


def test_no_lrn_is_a_trained_network_with_two_layers_exchanged(monkeypatch, shapes):
    monkeypatch.setenv("CNNBOOK_BUDGET", "quick")
    network = models.create("cifar_cnn", num_classes=10)
    with torch.no_grad():
        network[0].weight *= 20  # LRN acts on large values
    without = copy.deepcopy(network)
    for index, layer in enumerate(without):
        if isinstance(layer, nn.LocalResponseNorm):
            without[index] = nn.Identity()

    def measured(model, pictures, accuracy=0.7, **more):
        found = train.evaluate(model, pictures, normalize="image", **more)
        return replace(found, accuracy=accuracy)  # as if trained

    right = measured(without, shapes)
    assert said("without_lrn", (without, right))[0] == "right"
    assert said("without_lrn", [without, right])[0] == "right"
    others = [
        measured(network, shapes),
        measured(without, data.load("shapes", "train", count=1000).centre(24)),
        measured(without, shapes, views=data.flips),
    ]
    for other in others:
        assert "not that of this network" in said("without_lrn", (without, other))[1]
    wrong = [
        0.7, (without, 0.7), ("network", right), (network, right), (nn.Linear(2, 2), right),
        (without, replace(right, accuracy=0.1)), (without, measured(without, shapes[:500])), (without, others[0]),
    ]
    all_wrong_and_apart("without_lrn", wrong)
    assert "2 LRN layers are still in it" in said("without_lrn", (network, right))[1]
    assert "You measured 500 pictures" in said("without_lrn", wrong[-2])[1]
