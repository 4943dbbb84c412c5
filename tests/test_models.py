import pytest
import torch
from torch import nn

from cnnbook import models


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", models.names())
def test_facts_are_true(name):
    facts = models.facts(name)
    model = models.create(name, num_classes=10, in_channels=facts["input_size"][0])
    assert parameters(model) == facts["parameters"]
    assert model(torch.zeros(2, *facts["input_size"])).shape == (2, 10)


def test_lenet5_has_the_shapes_of_the_paper():
    x, shapes = torch.zeros(1, 1, 32, 32), []
    for layer in models.LeNet5():
        x = layer(x)
        if isinstance(layer, (nn.Conv2d, nn.AvgPool2d, nn.Linear)):
            shapes.append(tuple(x.shape[1:]))
    paper = [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84,), (10,)]  # C1, S2, C3, S4, C5, F6
    assert shapes == paper


def test_lenet5_options():
    model = models.create("lenet5", num_classes=7, in_channels=3, activation=nn.ReLU, pool=nn.MaxPool2d)
    assert model(torch.zeros(4, 3, 32, 32)).shape == (4, 7)
    kinds = {type(layer) for layer in model}
    assert nn.ReLU in kinds and nn.MaxPool2d in kinds and not kinds & {nn.Tanh, nn.AvgPool2d}


def test_fresh_networks_differ_and_a_seed_repeats_them():
    def first_weight(seed):
        torch.manual_seed(seed)
        return models.create("lenet5", 10, 1)[0].weight

    assert torch.equal(first_weight(3), first_weight(3))
    assert not torch.equal(first_weight(3), first_weight(4))


@pytest.mark.parametrize("ask", [models.create, models.facts])
def test_an_unknown_name_names_the_nearest(ask):
    with pytest.raises(ValueError, match="no network called 'lenet'. Nearest: 'lenet5'"):
        ask("lenet")


def test_facts_cannot_be_spoilt():
    models.facts("lenet5")["year"] = 0
    assert models.facts("lenet5")["year"] == 1998


def test_the_dense_baseline_is_not_smaller_than_lenet5():
    lenet = parameters(models.LeNet5())
    assert lenet <= parameters(models.baselines.dense()) <= 1.01 * lenet
    assert parameters(models.baselines.softmax_regression()) == 32 * 32 * 10 + 10
