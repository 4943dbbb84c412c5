"""The exercises of chapter 12, DenseNet."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, measured, register, text

# The forward pass of a dense block

Layers = list[Callable[[np.ndarray], np.ndarray]]


class _Mix:
    """A layer that gives `growth` numbers from any number, in which their order counts; readers see its name."""

    def __init__(self, growth: int, number: int) -> None:
        self.growth, self.number = growth, number

    def __call__(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, dtype=float)
        rows = np.arange(1, self.growth + 1)[:, None]
        return np.sin(rows * np.arange(1, len(x) + 1) + self.number) @ x / len(x)

    def __repr__(self) -> str:
        return f"layer{self.number}"


def _dense_forward(x: np.ndarray, layers: Layers) -> np.ndarray:
    maps = [x]
    for layer in layers:
        maps.append(layer(np.concatenate(maps)))
    return np.concatenate(maps)


def _forward_case(rng: Random) -> dict:
    growth = rng.randint(1, 3)
    x = np.random.default_rng(rng.randrange(2**32)).normal(size=growth)  # as many as a layer gives: adding is possible
    return {"x": x, "layers": [_Mix(growth, number) for number in range(1, rng.randint(2, 4) + 1)]}


def _by_adding(x: np.ndarray, layers: Layers) -> np.ndarray:
    for layer in layers:
        x = x + layer(x)
    return x


def _one_before(x: np.ndarray, layers: Layers) -> np.ndarray:
    maps = [x]
    for layer in layers:
        maps.append(layer(maps[-1]))
    return np.concatenate(maps)


def _newest_first(x: np.ndarray, layers: Layers) -> np.ndarray:
    for layer in layers:
        x = np.concatenate([layer(x), x])
    return x


def _doubled(x: np.ndarray, layers: Layers) -> np.ndarray:
    maps = [x]
    for layer in layers:
        joined = np.concatenate(maps)
        maps.append(np.concatenate([joined, layer(joined)]))
    return maps[-1]


register(Exercise(
    key="dense_forward",
    case=_forward_case,
    reference=_dense_forward,
    mistakes=[
        Mistake(
            _by_adding,
            text(
                ko="더했습니다. ResNet은 더하고, DenseNet은 이어 붙입니다.",
                en="You added. ResNet adds; DenseNet joins.",
            ),
        ),
        Mistake(
            _one_before,
            text(
                ko="층이 바로 앞의 출력만 읽었습니다. 앞의 모든 출력을 이어 붙여 건네세요.",
                en="Each layer read only the output right before it. Hand it all earlier outputs, joined.",
            ),
        ),
        Mistake(
            _newest_first,
            text(
                ko="새 출력을 앞에 붙였습니다. `x`부터 순서대로, 새 출력은 뒤에 붙이세요.",
                en="New outputs were put in front. Keep the order from `x` on, the new ones behind.",
            ),
        ),
        Mistake(
            _doubled,
            text(
                ko="이미 이어 붙인 것을 다시 목록에 넣어 같은 값이 여러 번 들어갔습니다. 목록에는 층의 새 출력만 더하세요.",
                en="What was joined already went into the list again, so the same values are there several times. "
                "Add only the layer's new output to the list.",
            ),
        ),
        Mistake(
            lambda x, layers: _dense_forward(x, layers)[len(x) :],
            text(
                ko="블록의 출력에 `x`가 빠졌습니다.",
                en="`x` is missing in the output of the block.",
            ),
        ),
        Mistake(
            lambda x, layers: _dense_forward(x, layers)[-len(x) :],
            text(
                ko="마지막 층의 출력만 돌려주었습니다. `x`와 모든 출력을 이어 붙이세요.",
                en="You returned the last layer's output alone. Join `x` and all outputs.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`joined = x`에서 시작해, 층마다 `layer(joined)`를 뒤에 붙이세요.",
            en="Begin with `joined = x` and put `layer(joined)` behind it, layer by layer.",
        ),
        text(
            ko="붙이는 것은 `np.concatenate([joined, layer(joined)])`입니다.",
            en="`np.concatenate([joined, layer(joined)])` joins the two.",
        ),
    ],
))


# The channels that leave each block


def _dense_channels(start: int, growth: int, blocks: tuple[int, ...], theta: float) -> list[int]:
    leaving: list[int] = []
    for depth in blocks:
        if leaving:
            start = int(theta * leaving[-1])
        leaving.append(start + depth * growth)
    return leaving


def _channels_case(rng: Random) -> dict:
    blocks = tuple(rng.randint(2, 7) for _ in range(rng.randint(3, 4)))
    return {"start": rng.randint(5, 40), "growth": rng.randint(3, 33), "blocks": blocks, "theta": rng.choice([0.25, 0.5, 0.75])}


def _rounded_up(start: int, growth: int, blocks: tuple[int, ...], theta: float) -> list[int]:
    leaving: list[int] = []
    for depth in blocks:
        if leaving:
            start = int(np.ceil(theta * leaving[-1]))
        leaving.append(start + depth * growth)
    return leaving


def _from_the_start(start: int, growth: int, blocks: tuple[int, ...], theta: float) -> list[int]:
    return [(int(theta * start) if place else start) + depth * growth for place, depth in enumerate(blocks)]


def _twice(start: int, growth: int, blocks: tuple[int, ...], theta: float) -> list[int]:
    leaving = []
    for depth in blocks:
        start *= 2**depth
        leaving.append(start)
        start = int(theta * start)
    return leaving


register(Exercise(
    key="dense_channels",
    case=_channels_case,
    reference=_dense_channels,
    mistakes=[
        Mistake(
            lambda start, growth, blocks, theta: [int(theta * each) for each in _dense_channels(start, growth, blocks, theta)],
            text(
                ko="전환층을 지난 채널을 적었습니다. 블록에서 나오는, 줄이기 전의 채널을 적으세요.",
                en="Those are the channels after the transitions. List what leaves the blocks, before it is reduced.",
            ),
        ),
        Mistake(
            lambda start, growth, blocks, theta: _dense_channels(start, growth, blocks, 1.0),
            text(
                ko="전환층에서 줄이지 않았습니다. 블록 사이마다 `theta`를 곱하고 내림하세요.",
                en="Nothing was reduced in the transitions. Between blocks multiply by `theta` and round down.",
            ),
        ),
        Mistake(
            lambda start, growth, blocks, theta: _dense_channels(int(theta * start), growth, blocks, theta),
            text(
                ko="첫 블록 앞에서도 줄였습니다. 전환층은 블록과 블록 사이에만 있습니다.",
                en="It was reduced in front of the first block, too. Transitions stand only between blocks.",
            ),
        ),
        Mistake(
            _from_the_start,
            text(
                ko="블록마다 `start`에서 다시 시작했습니다. 앞 블록에서 나온 채널을 줄여 다음 블록에 넣으세요.",
                en="Each block began from `start` again. Reduce what left the block before, and let it enter the next.",
            ),
        ),
        Mistake(
            _twice,
            text(
                ko="층마다 두 배로 늘렸습니다. 채널은 층마다 `growth`개씩 늘어납니다.",
                en="You doubled the channels with every layer. Each layer adds `growth`.",
            ),
        ),
        Mistake(
            _rounded_up,
            text(
                ko="올림했습니다. `int(theta * m)`은 내림입니다.",
                en="You rounded up. `int(theta * m)` rounds down.",
            ),
        ),
    ],
    hints=[
        text(
            ko="블록에서 나오는 채널은 들어간 채널에 `depth * growth`를 더한 것입니다.",
            en="What leaves a block is what entered it plus `depth * growth`.",
        ),
        text(
            ko="다음 블록에는 `int(theta * leaving[-1])`채널이 들어갑니다.",
            en="`int(theta * leaving[-1])` channels enter the next block.",
        ),
    ],
))


# The first layer in which a bottleneck pays


def _pays_from(start: int, growth: int, width: int) -> int:
    layer, m = 1, start
    while 9 * m * growth <= width * growth * m + 9 * width * growth**2:
        layer, m = layer + 1, m + growth
    return layer


def _pays_case(rng: Random) -> dict:
    return {"start": rng.randint(2, 90), "growth": rng.choice([4, 8, 12, 24, 32]), "width": rng.choice([2, 4, 5, 6])}


def _first(start: int, growth: int, plain: Callable[[int], float], narrow: Callable[[int], float]) -> int:
    layer, m = 1, start
    while plain(m) <= narrow(m) and layer < 200:
        layer, m = layer + 1, m + growth
    return layer


register(Exercise(
    key="pays_from",
    case=_pays_case,
    reference=_pays_from,
    mistakes=[
        Mistake(
            lambda start, growth, width: _pays_from(start, growth, width) - 1,
            text(
                ko="하나 모자랍니다. 층은 1부터 세고, 층 1이 `start`채널을 읽습니다.",
                en="It is one too few. Layers count from 1, and layer 1 reads `start` channels.",
            ),
        ),
        Mistake(
            lambda start, growth, width: _first(start, growth, lambda m: 9 * m, lambda m: width * m),
            text(
                ko="병목 뒤의 3×3이 빠졌습니다. 그 가중치는 `9 * width * growth * growth`개입니다.",
                en="The 3×3 behind the bottleneck is missing. It has `9 * width * growth * growth` weights.",
            ),
        ),
        Mistake(
            lambda start, growth, width: _first(start, growth, lambda m: m, lambda m: width * m / 9 + width * growth / 9),
            text(
                ko="병목 뒤의 합성곱을 1×1로 셌습니다. 3×3이므로 9를 곱하세요.",
                en="You counted the convolution behind the bottleneck as 1×1. It is 3×3: multiply by 9.",
            ),
        ),
    ],
    hints=[
        text(
            ko="층 `l`은 `m = start + growth * (l - 1)`채널을 읽습니다. 두 가지 가중치를 세어 견주세요.",
            en="Layer `l` reads `m = start + growth * (l - 1)` channels. Count both kinds of weights and compare.",
        ),
        text(
            ko="없는 쪽은 `9 * m * growth`, 있는 쪽은 `m * width * growth + 9 * width * growth * growth`입니다.",
            en="Without it is `9 * m * growth`, with it `m * width * growth + 9 * width * growth * growth`.",
        ),
    ],
))


# The channels that a block stores for the backward pass


def _stored_channels(start: int, growth: int, layers: int, recompute: bool) -> int:
    if recompute:
        return start + growth * (layers - 1)
    return sum(2 * (start + growth * number) for number in range(layers))


def _stored_case(rng: Random) -> dict:
    return {"start": rng.randint(3, 64), "growth": rng.randint(2, 32), "layers": rng.randint(2, 30), "recompute": rng.random() < 0.5}


register(Exercise(
    key="stored_channels",
    case=_stored_case,
    reference=_stored_channels,
    mistakes=[
        Mistake(
            lambda start, growth, layers, recompute: start + growth * (layers - 1)
            if recompute
            else _stored_channels(start, growth, layers, False) // 2,
            text(
                ko="한 번씩만 셌습니다. 배치 정규화의 입력과 합성곱의 입력, 두 번입니다.",
                en="You counted them once. They are stored twice: as input of batch norm and of the convolution.",
            ),
        ),
        Mistake(
            lambda start, growth, layers, recompute: start + growth * layers
            if recompute
            else _stored_channels(start, growth, layers, False),
            text(
                ko="다시 계산할 때 마지막 층의 출력까지 셌습니다. 그것을 읽는 층이 블록 안에 없습니다.",
                en="With computing again, the last layer's output was counted. No layer of the block reads it.",
            ),
        ),
        Mistake(
            lambda start, growth, layers, recompute: start + growth * (layers - 1)
            if recompute
            else sum(2 * (start + growth * number) for number in range(1, layers + 1)),
            text(
                ko="층 1이 `start + growth`채널을 읽는다고 셌습니다. 층 1은 `start`채널을 읽습니다.",
                en="You let layer 1 read `start + growth` channels. It reads `start`.",
            ),
        ),
        Mistake(
            lambda start, growth, layers, recompute: _stored_channels(start, growth, layers, not recompute),
            text(
                ko="두 경우가 바뀌었습니다. `recompute`가 `True`일 때 적게 저장합니다.",
                en="The two cases are swapped: less is stored where `recompute` is `True`.",
            ),
        ),
        Mistake(
            lambda start, growth, layers, recompute: start + growth * (layers - 1)
            if recompute
            else 2 * (start + growth * (layers - 1)),
            text(
                ko="마지막 층만 셌습니다. 층마다 이어 붙인 것을 따로 저장합니다.",
                en="That is the last layer alone. Each layer stores what it has joined.",
            ),
        ),
    ],
    hints=[
        text(
            ko="층 `l`은 `start + growth * (l - 1)`채널을 읽고, 그것을 두 번 저장합니다. 모든 층을 더하세요.",
            en="Layer `l` reads `start + growth * (l - 1)` channels and stores them twice. Add over all layers.",
        ),
        text(
            ko="다시 계산하면 `start`채널과, 마지막 층을 뺀 층마다의 `growth`채널만 남습니다.",
            en="With computing again, `start` channels and `growth` from each layer but the last are left.",
        ),
    ],
))


# The mean absolute weight on each source


def _source_weights(weight: np.ndarray, start: int, growth: int) -> np.ndarray:
    edges = [0, *range(start, weight.shape[1] + 1, growth)]
    return np.array([np.abs(weight[:, a:b]).mean() for a, b in zip(edges, edges[1:], strict=False)])


def _weights_case(rng: Random) -> dict:
    start, growth, sources = rng.randint(2, 6), rng.randint(2, 4), rng.randint(1, 4)
    chance = np.random.default_rng(rng.randrange(2**32))
    return {
        "weight": chance.normal(size=(rng.randint(3, 6), start + growth * sources)),
        "start": start,
        "growth": growth,
    }


def _in_equal_parts(weight: np.ndarray, start: int, growth: int) -> np.ndarray:
    edges = range(0, weight.shape[1] + 1, growth)
    return np.array([np.abs(weight[:, a:b]).mean() for a, b in zip(edges, edges[1:], strict=False)])


def _by_sum(weight: np.ndarray, start: int, growth: int) -> np.ndarray:
    edges = [0, *range(start, weight.shape[1] + 1, growth)]
    return np.array([np.abs(weight[:, a:b]).sum() for a, b in zip(edges, edges[1:], strict=False)])


def _signed(weight: np.ndarray, start: int, growth: int) -> np.ndarray:
    edges = [0, *range(start, weight.shape[1] + 1, growth)]
    return np.array([weight[:, a:b].mean() for a, b in zip(edges, edges[1:], strict=False)])


register(Exercise(
    key="source_weights",
    case=_weights_case,
    reference=_source_weights,
    mistakes=[
        Mistake(
            _signed,
            text(
                ko="절댓값을 취하지 않았습니다. 양수와 음수가 서로 지워집니다.",
                en="Absolute values are missing: positive and negative weights cancel.",
            ),
        ),
        Mistake(
            lambda weight, start, growth: np.abs(_signed(weight, start, growth)),
            text(
                ko="평균을 낸 다음에 절댓값을 취했습니다. 먼저 절댓값, 다음에 평균입니다.",
                en="You took the absolute value after the mean. First absolute values, then the mean.",
            ),
        ),
        Mistake(
            _by_sum,
            text(
                ko="더하기만 했습니다. x₀은 채널 수가 다르므로 평균을 내야 견줄 수 있습니다.",
                en="Those are sums. x₀ has another number of channels; take means, so that they compare.",
            ),
        ),
        Mistake(
            _in_equal_parts,
            text(
                ko="처음부터 `growth`채널씩 잘랐습니다. 처음 `start`채널이 x₀입니다.",
                en="You cut pieces of `growth` from the beginning. The first `start` channels are x₀.",
            ),
        ),
        Mistake(
            lambda weight, start, growth: _source_weights(weight, start, growth)[1:],
            text(
                ko="x₀이 빠졌습니다.",
                en="x₀ is missing.",
            ),
        ),
    ],
    hints=[
        text(
            ko="경계는 `0, start, start + growth, start + 2 * growth, …`입니다.",
            en="The edges are `0, start, start + growth, start + 2 * growth, …`.",
        ),
        text(
            ko="경계 `a`와 `b` 사이는 `np.abs(weight[:, a:b]).mean()`입니다.",
            en="Between edges `a` and `b` it is `np.abs(weight[:, a:b]).mean()`.",
        ),
    ],
))


# A classifier that reads the last layer only


def _last_only(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return text(
            ko="신경망과 `train.evaluate`의 결과를 튜플 하나로 건네세요.",
            en="Hand in the network and the result of `train.evaluate` as one tuple.",
        )
    network, result, measure = answer
    if not hasattr(network, "modules"):
        return text(ko="첫째는 `nn.Module`이어야 합니다.", en="The first must be an `nn.Module`.")
    layers = [layer for layer in network.modules() if type(layer).__name__ == "Linear"]
    if not layers or layers[-1].weight.shape[1] != 56:
        return text(
            ko="56채널을 읽는 분류기가 없습니다. 훈련한 `network`를 복사했습니까?",
            en="There is no classifier that reads 56 channels. Did you copy the trained `network`?",
        )
    weight = layers[-1].weight.detach()
    others, last = (weight[:, :-8] != 0).sum().item(), (weight[:, -8:] != 0).sum().item()
    if others == 0 and last == 0:
        return text(
            ko="분류기의 가중치가 모두 0입니다. 마지막 8채널의 가중치는 남기세요.",
            en="All weights of the classifier are 0. Leave those on the last 8 channels.",
        )
    if last == 0:
        return text(
            ko="반대로 했습니다. 마지막 8채널의 가중치를 남기고 나머지를 0으로 하세요.",
            en="It is the other way round: leave the weights on the last 8 channels and set the others to 0.",
        )
    if others:
        return text(
            ko=f"나머지 채널에 0이 아닌 가중치가 아직 {others}개 있습니다.",
            en=f"There are still {others} weights other than 0 on the other channels.",
        )
    return measured.not_of(network, result, measure)


register(Exercise(
    key="last_only",
    test=_last_only,
    hints=[
        text(
            ko="`last_only = copy.deepcopy(network)`로 복사합니다. 분류기는 `last_only[-1]`입니다.",
            en="Copy with `last_only = copy.deepcopy(network)`. The classifier is `last_only[-1]`.",
        ),
        text(
            ko="`torch.no_grad()` 안에서 `last_only[-1].weight[:, :-8] = 0`이라고 씁니다. 마지막 층의 채널은 맨 뒤에 있습니다.",
            en="Within `torch.no_grad()` write `last_only[-1].weight[:, :-8] = 0`. The last layer's channels are at the end.",
        ),
    ],
))
