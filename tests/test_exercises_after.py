"""The exercises of chapter 13, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, as_measured, said
from torch import nn
from torch.nn import functional
from torchvision.models._utils import _make_divisible
from torchvision.ops import SqueezeExcitation


def weights_by_torch(channels, width, groups):
    convolutions = (
        nn.Conv2d(channels, width, 1, bias=False, device="meta"),
        nn.Conv2d(width, width, 3, groups=groups, bias=False, device="meta"),
        nn.Conv2d(width, channels, 1, bias=False, device="meta"),
    )
    return sum(each.weight.numel() for each in convolutions)


def saving_by_the_formula(cin, cout, kernel):
    return 1 / (1 / cout + 1 / kernel**2)


def excite_by_torchvision(x, w1, w2):
    block = SqueezeExcitation(len(x), len(w1)).double()
    for layer, weight in ((block.fc1, w1), (block.fc2, w2)):
        nn.init.zeros_(layer.bias)
        layer.weight.data = torch.as_tensor(weight)[..., None, None]
    return block(torch.as_tensor(x)[None])[0].detach().numpy()


def attention_by_torch(q, k, v):
    return functional.scaled_dot_product_attention(*map(torch.as_tensor, (q, k, v))).numpy()


@pytest.mark.parametrize(
    "key, other",
    [
        ("block_weights", weights_by_torch),
        ("separable_saving", saving_by_the_formula),
        ("squeeze_excite", excite_by_torchvision),
        ("rounded_width", lambda width, factor: _make_divisible(width * factor, 8)),
        ("attention", attention_by_torch),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


class SqueezeExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.gates = nn.Sequential(nn.Linear(3, 2), nn.SiLU(), nn.Linear(2, 3), nn.Sigmoid())

    def forward(self, x):
        return x * self.gates(x.mean(dim=(2, 3)))[..., None, None]


def gated(weight=None, bias=None, blocks=(0, 1)):
    torch.manual_seed(0)
    network = nn.Sequential(SqueezeExcite(), SqueezeExcite(), nn.Flatten(), nn.LazyLinear(10))
    network(torch.zeros(1, 3, 32, 32))
    for place in blocks:
        if weight is not None:
            nn.init.constant_(network[place].gates[2].weight, weight)
        if bias is not None:
            nn.init.constant_(network[place].gates[2].bias, bias)
    return network


def test_open_gates_are_a_network_whose_gates_are_near_one_and_its_own_result():
    right = gated(0.0, 10.0)
    result = as_measured(right)
    assert said("opened", (right, result, as_measured))[0] == "right"
    wrong = [
        ("network", result),
        (right, 0.3),
        (nn.Flatten(), result),
        (gated(), result),
        (gated(0.0, 10.0, blocks=(0,)), result),
        (gated(0.0, 0.0), result),
        (right, as_measured(gated())),
        (right, as_measured(right, count=100)),
    ]
    all_wrong_and_apart("opened", [(*answer, as_measured) for answer in wrong])


def test_the_rule_of_ten_percent_is_asked_about():
    def nearest(width, factor):
        return max(8, int(np.floor(width * factor / 8 + 0.5)) * 8)

    assert said("rounded_width", nearest)[0] == "wrong"
