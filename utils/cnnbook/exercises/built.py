"""Networks that readers build from a table of layers: their class, their weights, and what they compute."""

from collections.abc import Callable
from math import prod
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from cnnbook.exercises import Text, text
from cnnbook.exercises.shared import near

Shape = tuple[int, ...]
Layers = dict[Shape, tuple[Tensor, Tensor | None]]  # the weight's shape → weight, bias
Instead = list[tuple[dict[str, Any], Text]]  # options of a network that is built otherwise → what is wrong with it

AVERAGE = text(ko="평균 풀링을 썼습니다. 여기서는 최대 풀링입니다.", en="That is average pooling. Here it is max pooling.")
ENDINGS: Instead = [
    (
        {"end": lambda logits: logits.relu()},
        text(
            ko="출력층 뒤에도 ReLU가 있습니다. 로짓은 음수일 수도 있어야 합니다.",
            en="There is a ReLU after the output layer as well. Logits must be free to be negative.",
        ),
    ),
    (
        {"end": lambda logits: logits.softmax(dim=1)},
        text(
            ko="끝에서 소프트맥스를 취했습니다. 이 신경망은 로짓을 돌려주고, 소프트맥스는 손실이 취합니다.",
            en="It ends with a softmax. This network returns logits; the softmax is taken by the loss.",
        ),
    ),
    (
        {"end": lambda logits: logits.log_softmax(dim=1)},
        text(
            ko="끝에서 로그 소프트맥스를 취했습니다. 이 신경망은 로짓을 돌려줍니다.",
            en="It ends with a log softmax. This network returns logits.",
        ),
    ),
]


def without_relu(*layers: str) -> Instead:
    """For each of four layers the network without the ReLU after it, and the network without any."""
    each: Instead = [
        (
            {"relus": "".join("01"[other != layer] for other in layers)},
            text(ko=f"{layer} 뒤에 ReLU가 없습니다.", en=f"There is no ReLU after {layer}."),
        )
        for layer in layers
    ]
    none = text(
        ko="ReLU가 하나도 없습니다. 그러면 합성곱층과 완전 연결층은 이어도 선형입니다.",
        en="There is no ReLU at all. Then convolutional and fully connected layers in a row are still linear.",
    )
    return [*each, ({"relus": "0" * len(layers)}, none)]


def activations(relus: str, active: Callable = functional.relu) -> list[Callable]:
    """What follows each layer: "1" is `active`, "0" nothing."""
    return [active if relu == "1" else (lambda values: values) for relu in relus]


def weights_wrong(network: nn.Module, layers: Layers, table: dict[str, Shape]) -> Text | None:
    """What is wrong where the network's layers are not those of the table, name → the weight's shape."""
    missing = [f"{name} {shape}" for name, shape in table.items() if shape not in layers]
    if missing:
        others = ", ".join(str(shape) for shape in layers if shape not in table.values()) or "-"
        return text(
            ko=f"가중치의 모양이 표와 다릅니다. 없는 것: {', '.join(missing)}. 대신 있는 것: {others}.",
            en=f"The weights are not those of the table. Missing: {', '.join(missing)}. There instead: {others}.",
        )
    bare = [name for name, shape in table.items() if layers[shape][1] is None]
    if bare:
        return text(ko=f"편향이 없습니다: {', '.join(bare)}", en=f"Without a bias: {', '.join(bare)}")
    count = sum(parameter.numel() for parameter in network.parameters())
    right = sum(prod(shape) + shape[0] for shape in table.values())
    if count != right:
        return text(
            ko=f"파라미터가 {count:,}개입니다. 다섯 층만 있으면 {right:,}개입니다.",
            en=f"It has {count:,} parameters. The five layers alone have {right:,}.",
        )
    return None


def computes_other(mine: Tensor, network: Callable, instead: Instead, otherwise: Text) -> Text | None:
    """What is wrong where `mine`, the output of the reader's network, is not that of `network()` on the same weights.

    Where it is that of `network(**options)`, one of those in `instead`, that is said.
    """
    if near(mine, network()):
        return None
    return next((says for options, says in instead if near(mine, network(**options))), otherwise)
