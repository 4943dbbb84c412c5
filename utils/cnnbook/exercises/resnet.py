"""The exercises of chapter 11, ResNet."""

from math import comb
from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, measured, register, text

# The layers with weights


def _weight_layers(blocks: list[int], per_block: int) -> int:
    return 1 + per_block * sum(blocks) + 1


def _weight_layers_case(rng: Random) -> dict:
    return {
        "blocks": [rng.randint(2, 9) for _ in range(rng.choice([3, 4, 5]))],
        "per_block": rng.choice([2, 3]),
    }


register(Exercise(
    key="weight_layers",
    case=_weight_layers_case,
    reference=_weight_layers,
    mistakes=[
        Mistake(
            lambda blocks, per_block: per_block * sum(blocks),
            text(
                ko="블록 밖의 두 층이 빠졌습니다. 첫 합성곱과 마지막 완전 연결층입니다.",
                en="Two layers outside the blocks are missing: the first convolution and the fully connected one at the end.",
            ),
        ),
        Mistake(
            lambda blocks, per_block: 1 + per_block * sum(blocks),
            text(
                ko="하나 모자랍니다. 첫 합성곱과 마지막 완전 연결층을 둘 다 세었습니까?",
                en="One too few. Did you count both the first convolution and the fully connected layer at the end?",
            ),
        ),
        Mistake(
            lambda blocks, per_block: 1 + sum(blocks) + 1,
            text(
                ko="블록의 수를 세었습니다. 블록 하나에 가중치가 있는 층이 `per_block`개 있습니다.",
                en="You counted blocks. Each has `per_block` layers with weights.",
            ),
        ),
        Mistake(
            lambda blocks, per_block: 1 + per_block * sum(blocks) + len(blocks) + 1,
            text(
                ko="단계마다 하나씩 더 세었습니다. 지름길의 1×1 합성곱은 층수에 넣지 않습니다.",
                en="You counted one more in each stage. The 1×1 convolutions of the shortcuts are not counted as layers.",
            ),
        ),
        Mistake(
            lambda blocks, per_block: 1 + per_block * len(blocks) + 1,
            text(
                ko="단계의 수를 세었습니다. `blocks`에 든 수를 모두 더하세요.",
                en="You counted stages. Add up the numbers in `blocks`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="블록은 모두 `sum(blocks)`개이고, 블록마다 `per_block`층입니다.",
            en="There are `sum(blocks)` blocks, of `per_block` layers each.",
        ),
        text(
            ko="처음의 합성곱 하나와 끝의 완전 연결층 하나를 더합니다. 50층이면 `1 + 3 * (3 + 4 + 6 + 3) + 1`입니다.",
            en="Add the convolution at the start and the linear layer at the end; for 50: `1 + 3 * (3 + 4 + 6 + 3) + 1`.",
        ),
    ],
))


# Shortcut A


def _shortcut_a(x: np.ndarray, channels: int) -> np.ndarray:
    kept = x[:, ::2, ::2]
    return np.concatenate([kept, np.zeros((channels - len(kept), *kept.shape[1:]))])


def _shortcut_a_case(rng: Random) -> dict:
    channels, side = rng.randint(1, 3), rng.choice([4, 6])
    x = np.random.default_rng(rng.randrange(2**32)).normal(size=(channels, side, side)).round(2)
    return {"x": x, "channels": channels + rng.randint(1, 4)}


def _zeros_in_front(x: np.ndarray, channels: int) -> np.ndarray:
    kept = x[:, ::2, ::2]
    return np.concatenate([np.zeros((channels - len(kept), *kept.shape[1:])), kept])


def _channels_again(x: np.ndarray, channels: int) -> np.ndarray:
    kept = x[:, ::2, ::2]
    return np.stack([kept[i % len(kept)] for i in range(channels)])


def _means(x: np.ndarray, channels: int) -> np.ndarray:
    kept = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).mean(axis=(2, 4))
    return np.concatenate([kept, np.zeros((channels - len(kept), *kept.shape[1:]))])


def _odd_pixels(x: np.ndarray, channels: int) -> np.ndarray:
    kept = x[:, 1::2, 1::2]
    return np.concatenate([kept, np.zeros((channels - len(kept), *kept.shape[1:]))])


def _rows_only(x: np.ndarray, channels: int) -> np.ndarray:
    kept = x[:, ::2]
    return np.concatenate([kept, np.zeros((channels - len(kept), *kept.shape[1:]))])


register(Exercise(
    key="shortcut_a",
    case=_shortcut_a_case,
    reference=_shortcut_a,
    mistakes=[
        Mistake(
            lambda x, channels: x[:, ::2, ::2],
            text(
                ko="채널이 모자랍니다. 0으로 된 채널을 덧붙여 `channels`개로 만드세요.",
                en="Channels are missing. Append channels of zeros until there are `channels`.",
            ),
        ),
        Mistake(
            _zeros_in_front,
            text(
                ko="0인 채널이 앞에 있습니다. 있던 채널이 먼저, 0이 나중입니다.",
                en="The channels of zeros are in front. Those that exist come first.",
            ),
        ),
        Mistake(
            _channels_again,
            text(
                ko="새 채널에 있던 채널을 되풀이했습니다. 선택지 A에서는 0입니다.",
                en="The new channels repeat the old ones. In option A they are zeros.",
            ),
        ),
        Mistake(
            _means,
            text(
                ko="2×2칸을 평균했습니다. 선택지 A는 평균하지 않고 픽셀을 하나씩 건너뜁니다.",
                en="You averaged 2×2 cells. Option A does not average, it takes every other pixel.",
            ),
        ),
        Mistake(
            _odd_pixels,
            text(
                ko="1번 픽셀부터 골랐습니다. 0번부터 하나씩 건너뛰세요.",
                en="You began with pixel 1. Take every other one, from pixel 0 on.",
            ),
        ),
        Mistake(
            _rows_only,
            text(
                ko="높이만 반으로 줄였습니다. 폭도 줄이세요.",
                en="Only the height is halved. Halve the width, too.",
            ),
        ),
    ],
    hints=[
        text(
            ko="픽셀은 `x[:, ::2, ::2]`로 고릅니다.",
            en="`x[:, ::2, ::2]` takes the pixels.",
        ),
        text(
            ko="`np.zeros((channels - len(x), ...))`를 만들어 `np.concatenate`로 뒤에 붙입니다.",
            en="Make `np.zeros((channels - len(x), ...))` and append it by `np.concatenate`.",
        ),
    ],
))


# The gradient through a residual block


def _parts(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hidden = w1 @ x
    return hidden > 0, w2.T @ g


def _residual_gradient(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, g: np.ndarray) -> np.ndarray:
    alive, back = _parts(x, w1, w2, g)
    return g + w1.T @ (alive * back)


def _residual_gradient_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    size, x, w1 = 3, None, None
    while w1 is None or not 0 < (w1 @ x > 0).sum() < size or (abs(w1 @ x) < 0.05).any():  # some alive, some not
        x, w1 = chance.normal(size=size).round(1), chance.normal(size=(size, size)).round(1)  # x anew: it may be all 0
    return {
        "x": x,
        "w1": w1,
        "w2": chance.normal(size=(size, size)).round(1),
        "g": chance.normal(size=size).round(1),
    }


def _without_identity(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, g: np.ndarray) -> np.ndarray:
    return _residual_gradient(x, w1, w2, g) - g


def _without_relu(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, g: np.ndarray) -> np.ndarray:
    return g + w1.T @ (w2.T @ g)


def _not_transposed(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, g: np.ndarray) -> np.ndarray:
    return g + w1 @ ((w1 @ x > 0) * (w2 @ g))


def _plus_one(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, g: np.ndarray) -> np.ndarray:
    return 1 + _without_identity(x, w1, w2, g)


def _plus_input(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, g: np.ndarray) -> np.ndarray:
    return x + _without_identity(x, w1, w2, g)


def _mask_on_gradient(x: np.ndarray, w1: np.ndarray, w2: np.ndarray, g: np.ndarray) -> np.ndarray:
    back = w2.T @ g
    return g + w1.T @ ((back > 0) * back)


register(Exercise(
    key="residual_gradient",
    case=_residual_gradient_case,
    reference=_residual_gradient,
    mistakes=[
        Mistake(
            _without_identity,
            text(
                ko="지름길로 오는 그레이디언트 `g`가 빠졌습니다. 이것은 평범한 블록의 그레이디언트입니다.",
                en="The gradient `g` that comes by the shortcut is missing: this is a plain block's gradient.",
            ),
        ),
        Mistake(
            _without_relu,
            text(
                ko="ReLU를 거꾸로 지나지 않았습니다. `w1 @ x`가 0 이하인 유닛에서는 그레이디언트가 0입니다.",
                en="You did not go back through the ReLU: where `w1 @ x` is 0 or less, a unit's gradient is 0.",
            ),
        ),
        Mistake(
            _mask_on_gradient,
            text(
                ko="그레이디언트의 부호를 보았습니다. ReLU는 순전파의 값 `w1 @ x`의 부호로 막습니다.",
                en="You looked at the gradient's sign. ReLU blocks by the sign of the forward value, `w1 @ x`.",
            ),
        ),
        Mistake(
            _not_transposed,
            text(
                ko="거꾸로 갈 때는 행렬을 전치해야 합니다.",
                en="On the way back the matrices are transposed.",
            ),
        ),
        Mistake(
            _plus_one,
            text(
                ko="1을 더했습니다. 1은 미분이고, 내려오는 그레이디언트와 곱하면 `g`입니다.",
                en="You added 1. The 1 is the derivative; multiplied by the gradient from above it is `g`.",
            ),
        ),
        Mistake(
            _plus_input,
            text(
                ko="`x`를 더했습니다. 거꾸로 흐르는 것은 값이 아니라 그레이디언트입니다.",
                en="You added `x`. What flows back is not the value but the gradient.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`g`는 두 길로 내려갑니다. 지름길로는 그대로, F로는 층을 거꾸로 지나서 갑니다. 둘을 더하세요.",
            en="`g` goes down two ways: by the shortcut as it is, and through the layers of F backwards. Add both.",
        ),
        text(
            ko="F를 거꾸로 지나면 `w1.T @ ((w1 @ x > 0) * (w2.T @ g))`입니다.",
            en="Backwards through F it is `w1.T @ ((w1 @ x > 0) * (w2.T @ g))`.",
        ),
    ],
))


# The lengths of paths


def _share_of_paths(blocks: int, low: int, high: int) -> float:
    return sum(comb(blocks, length) for length in range(low, high + 1)) / 2**blocks


def _share_of_paths_case(rng: Random) -> dict:
    blocks = rng.randint(8, 20)
    low = blocks // 2 - rng.randint(1, 3)
    return {"blocks": blocks, "low": low, "high": low + rng.randint(1, 4)}


register(Exercise(
    key="share_of_paths",
    case=_share_of_paths_case,
    reference=_share_of_paths,
    mistakes=[
        Mistake(
            lambda blocks, low, high: sum(comb(blocks, length) for length in range(low, high)) / 2**blocks,
            text(
                ko="`high`가 빠졌습니다. 파이썬의 `range`는 끝을 포함하지 않습니다.",
                en="`high` is left out: Python's `range` does not contain its end.",
            ),
        ),
        Mistake(
            lambda blocks, low, high: (high - low + 1) / (blocks + 1),
            text(
                ko="모든 길이를 똑같이 세었습니다. 길이가 `k`인 길은 `math.comb(blocks, k)`개입니다.",
                en="You counted every length alike. There are `math.comb(blocks, k)` paths of length `k`.",
            ),
        ),
        Mistake(
            lambda blocks, low, high: sum(comb(blocks, length) for length in range(low, high + 1)),
            text(
                ko="길의 수입니다. 모든 길의 수 `2**blocks`로 나누어 비율을 구하세요.",
                en="That is a number of paths. Divide by the number of all, `2**blocks`, for the share.",
            ),
        ),
        Mistake(
            lambda blocks, low, high: sum(comb(blocks, length) for length in range(high + 1)) / 2**blocks,
            text(
                ko="`low`보다 짧은 길도 세었습니다.",
                en="Paths shorter than `low` were counted, too.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`math.comb(blocks, k)`는 블록 `blocks`개 가운데 F를 지날 `k`개를 고르는 가짓수입니다.",
            en="`math.comb(blocks, k)` is in how many ways `k` of the blocks can be those whose F is passed.",
        ),
        text(
            ko="`k`가 `low`부터 `high`까지일 때의 합을 `2**blocks`로 나눕니다.",
            en="Add up for `k` from `low` to `high`, and divide by `2**blocks`.",
        ),
    ],
))


# Three blocks less

_WHOLE, _LAST_BLOCKS = (
    67_906,
    24_416,
)  # parameters of the network of 20 layers, and of the last block of each stage


def _three_gone(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 4:
        return text(
            ko="신경망과 `train.evaluate`의 결과를 튜플 하나로 건네세요.",
            en="Hand in the network and the result of `train.evaluate` as one tuple.",
        )
    network, result, whole, measure = answer
    if not hasattr(network, "modules"):
        return text(
            ko="첫째는 `nn.Module`이어야 합니다.",
            en="The first must be an `nn.Module`.",
        )
    count, right = (
        sum(parameter.numel() for parameter in network.parameters()),
        _WHOLE - _LAST_BLOCKS,
    )
    if count == _WHOLE:
        return text(
            ko="블록이 하나도 빠지지 않았습니다. `without`은 신경망을 그대로 두고 바꾼 사본을 돌려줍니다.",
            en="No block is missing. `without` leaves the network as it is and returns a changed copy.",
        )
    if count != right:
        return text(
            ko=f"파라미터가 {count:,}개입니다. 20층에서 단계마다 마지막 블록을 빼면 {right:,}개입니다.",
            en=f"It has {count:,} parameters. The 20 layers without the last block of each stage have {right:,}.",
        )
    last = whole.blocks()[2::3]
    left = [parameter for place, layer in enumerate(whole) if place not in last for parameter in layer.parameters()]
    pairs = zip(left, network.parameters(), strict=True)
    if not all(mine.shape == theirs.shape and mine.equal(theirs) for mine, theirs in pairs):
        return text(
            ko="세 블록이 빠졌지만 단계의 마지막 블록들이 아니거나, 남은 가중치가 훈련한 것과 다릅니다.",
            en="Three blocks are missing, but not the last of each stage; or the weights that are left are not the trained ones.",
        )
    return measured.not_of(network, result, measure)


register(Exercise(
    key="three_gone",
    test=_three_gone,
    hints=[
        text(
            ko="`networks['residual', 20].blocks()`는 블록 아홉 개의 자리입니다. 단계마다 셋씩이니 마지막은 `[2::3]`입니다.",
            en="`networks['residual', 20].blocks()` lists the places of nine blocks, three a stage: the last are `[2::3]`.",
        ),
        text(
            ko="`without(network, places)`로 빼고 `train.evaluate(gone, digits_test, like=histories['residual', 20])`로 잽니다.",
            en="Take them out by `without(network, places)`, measure by "
            "`train.evaluate(gone, digits_test, like=histories['residual', 20])`.",
        ),
    ],
))
