"""The exercises of chapter 13, what came after DenseNet."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, measured, register, text

# The weights of a ResNeXt block


def _block_weights(channels: int, width: int, groups: int) -> int:
    return 2 * channels * width + 9 * width * width // groups


def _block_case(rng: Random) -> dict:
    groups = rng.choice([2, 4, 8, 32])
    return {"channels": 32 * rng.randint(1, 16), "width": groups * rng.randint(1, 16), "groups": groups}


register(Exercise(
    key="block_weights",
    case=_block_case,
    reference=_block_weights,
    mistakes=[
        Mistake(
            lambda channels, width, groups: _block_weights(channels, width, 1),
            text(
                ko="3×3의 그룹을 세지 않았습니다. 출력 채널 하나가 `width / groups`채널만 읽습니다.",
                en="The groups of the 3×3 are missing: an output channel reads only `width / groups` channels.",
            ),
        ),
        Mistake(
            lambda channels, width, groups: (2 * channels * width + 9 * width * width) // groups,
            text(
                ko="1×1까지 `groups`로 나누었습니다. 그룹이 있는 것은 3×3뿐입니다.",
                en="You divided the 1×1s by `groups` as well. Only the 3×3 has groups.",
            ),
        ),
        Mistake(
            lambda channels, width, groups: 2 * channels * width + 9 * width * width // groups**2,
            text(
                ko="그룹으로 두 번 나누었습니다. 그룹 하나의 가중치는 `9 * (width / groups) ** 2`개이고, 그룹은 `groups`개입니다.",
                en="You divided by the groups twice. One group has `9 * (width / groups) ** 2` weights, and there are `groups` "
                "groups.",
            ),
        ),
        Mistake(
            lambda channels, width, groups: channels * width + 9 * width * width // groups,
            text(
                ko="1×1을 하나만 셌습니다. 좁히는 것과 넓히는 것, 둘입니다.",
                en="You counted one 1×1. There are two, one that narrows and one that widens.",
            ),
        ),
        Mistake(
            lambda channels, width, groups: 2 * channels * width + width * width // groups,
            text(
                ko="3×3의 창을 세지 않았습니다. 9를 곱하세요.",
                en="The window of the 3×3 is missing: multiply by 9.",
            ),
        ),
    ],
    hints=[
        text(
            ko="세 합성곱을 따로 세어 더하세요. 1×1은 `channels * width`개씩입니다.",
            en="Count the three convolutions one by one and add. A 1×1 has `channels * width`.",
        ),
        text(
            ko="3×3은 `9 * width * width // groups`개입니다.",
            en="The 3×3 has `9 * width * width // groups`.",
        ),
    ],
))


# What separating the two jobs saves


def _separable_saving(cin: int, cout: int, kernel: int) -> float:
    return kernel**2 * cin * cout / (kernel**2 * cin + cin * cout)


def _saving_case(rng: Random) -> dict:
    return {"cin": rng.randint(3, 600), "cout": rng.randint(3, 600), "kernel": rng.choice([3, 5, 7])}


register(Exercise(
    key="separable_saving",
    case=_saving_case,
    reference=_separable_saving,
    atol=1e-6,
    mistakes=[
        Mistake(
            lambda cin, cout, kernel: 1 / _separable_saving(cin, cout, kernel),
            text(
                ko="거꾸로 나누었습니다. 보통 합성곱의 연산 수를 깊이별 합성곱과 1×1의 연산 수를 더한 것으로 나눕니다.",
                en="That is the inverse. Divide the ordinary convolution's count by the sum of the separated ones'.",
            ),
        ),
        Mistake(
            lambda cin, cout, kernel: kernel**2 * cin * cout / (kernel**2 * cin),
            text(
                ko="1×1 합성곱이 빠졌습니다. 채널을 섞는 데 `cin * cout`번이 듭니다.",
                en="The 1×1 convolution is missing: mixing the channels takes `cin * cout`.",
            ),
        ),
        Mistake(
            lambda cin, cout, kernel: kernel**2 * cin * cout / (cin * cout),
            text(
                ko="깊이별 합성곱이 빠졌습니다. `kernel * kernel * cin`번이 듭니다.",
                en="The depthwise convolution is missing. It takes `kernel * kernel * cin`.",
            ),
        ),
        Mistake(
            lambda cin, cout, kernel: kernel**2 * cin * cout / (kernel**2 * cout + cin * cout),
            text(
                ko="깊이별 합성곱이 출력 채널마다 있다고 셌습니다. 순서가 깊이별 다음에 1×1이므로 입력 채널마다 하나입니다.",
                en="You counted a depthwise filter for each output channel. It comes before the 1×1: one for each input channel.",
            ),
        ),
        Mistake(
            lambda cin, cout, kernel: kernel * cin * cout / (kernel * cin + cin * cout),
            text(
                ko="창을 `kernel`로 셌습니다. 창은 `kernel * kernel`칸입니다.",
                en="You counted `kernel` cells in a window. It has `kernel * kernel`.",
            ),
        ),
        Mistake(
            lambda cin, cout, kernel: kernel**2 * cin * cout // (kernel**2 * cin + cin * cout),
            text(
                ko="몫을 내림했습니다. `//`가 아니라 `/`로 나누세요.",
                en="The quotient is rounded down. Divide by `/`, not by `//`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="픽셀 하나에서 세세요. 보통 합성곱은 `kernel * kernel * cin * cout`번입니다.",
            en="Count at one pixel. An ordinary convolution takes `kernel * kernel * cin * cout`.",
        ),
        text(
            ko="깊이별 합성곱과 1×1을 더하면 `kernel * kernel * cin + cin * cout`번입니다.",
            en="The separated one takes `kernel * kernel * cin + cin * cout`.",
        ),
    ],
))


# Squeeze and excite


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _gates(z: np.ndarray, w1: np.ndarray, w2: np.ndarray) -> np.ndarray:
    return _sigmoid(w2 @ np.maximum(w1 @ z, 0))


def _squeeze_excite(x: np.ndarray, w1: np.ndarray, w2: np.ndarray) -> np.ndarray:
    return x * _gates(x.mean((1, 2)), w1, w2)[:, None, None]


def _excite_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    channels, squeezed = rng.randint(3, 6), rng.randint(2, 3)
    return {
        "x": chance.normal(0.4, 1, size=(channels, rng.randint(2, 4), rng.randint(2, 4))),
        "w1": chance.normal(0, 2, size=(squeezed, channels)),
        "w2": chance.normal(0, 2, size=(channels, squeezed)),
    }


register(Exercise(
    key="squeeze_excite",
    case=_excite_case,
    reference=_squeeze_excite,
    mistakes=[
        Mistake(
            lambda x, w1, w2: x * _sigmoid(w2 @ (w1 @ x.mean((1, 2))))[:, None, None],
            text(
                ko="가운데에 ReLU가 없습니다.",
                en="The ReLU in the middle is missing.",
            ),
        ),
        Mistake(
            lambda x, w1, w2: x * (w2 @ np.maximum(w1 @ x.mean((1, 2)), 0))[:, None, None],
            text(
                ko="끝에 시그모이드가 없습니다. 배율은 0과 1 사이입니다.",
                en="The sigmoid at the end is missing. Factors lie between 0 and 1.",
            ),
        ),
        Mistake(
            lambda x, w1, w2: x * _gates(x.max((1, 2)), w1, w2)[:, None, None],
            text(
                ko="채널마다 최댓값을 냈습니다. 짜내기는 평균입니다.",
                en="You took the maximum of each channel. Squeezing takes the mean.",
            ),
        ),
        Mistake(
            lambda x, w1, w2: x * _gates(x.sum((1, 2)), w1, w2)[:, None, None],
            text(
                ko="채널마다 합을 냈습니다. 픽셀 수로 나누어 평균을 내세요.",
                en="You took the sum of each channel. Divide by the number of pixels.",
            ),
        ),
        Mistake(
            lambda x, w1, w2: _gates(x.mean((1, 2)), w1, w2),
            text(
                ko="배율만 돌려주었습니다. `x`의 채널마다 곱하세요.",
                en="You returned the factors alone. Multiply the channels of `x` by them.",
            ),
        ),
        Mistake(
            lambda x, w1, w2: x + _gates(x.mean((1, 2)), w1, w2)[:, None, None],
            text(
                ko="배율을 더했습니다. 곱하세요.",
                en="You added the factors. Multiply.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`z = x.mean(axis=(1, 2))`의 모양은 (C,)입니다.",
            en="`z = x.mean(axis=(1, 2))` has the shape (C,).",
        ),
        text(
            ko="배율 `s`를 채널에 맞추어 곱하려면 `x * s[:, None, None]`이라고 씁니다.",
            en="To multiply each channel by its factor write `x * s[:, None, None]`.",
        ),
    ],
))


# Rounding a width to a multiple of 8


def _rounded_width(width: int, factor: float) -> int:
    wanted = width * factor
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def _width_case(rng: Random) -> dict:
    if rng.random() < 0.3:  # where the ten percent count
        return {"width": rng.choice([9, 10, 11, 17, 18, 19]), "factor": 1.0}
    if rng.random() < 0.2:  # half-way between two multiples, the lower one even
        return {"width": 16 * rng.randint(3, 20) + 4, "factor": 1.0}
    if rng.random() < 0.2:  # where 8 is the least
        return {"width": rng.randint(3, 12), "factor": 0.25}
    return {"width": rng.randint(3, 330), "factor": rng.choice([0.25, 0.5, 0.75, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0])}


def _nearest(width: int, factor: float) -> int:
    return max(8, int(width * factor + 4) // 8 * 8)


register(Exercise(
    key="rounded_width",
    case=_width_case,
    reference=_rounded_width,
    mistakes=[
        Mistake(
            _nearest,
            text(
                ko="10% 규칙이 빠졌습니다. 반올림한 것이 `0.9 * width * factor`보다 작으면 8을 더하세요.",
                en="The rule of 10% is missing: where the rounded width is below `0.9 * width * factor`, add 8.",
            ),
        ),
        Mistake(
            lambda width, factor: round(width * factor / 8) * 8,
            text(
                ko="두 규칙이 빠졌습니다. 8보다 작으면 안 되고, `0.9 * width * factor`보다 작으면 8을 더합니다.",
                en="Two rules are missing: never below 8, and where it is below `0.9 * width * factor`, add 8.",
            ),
        ),
        Mistake(
            lambda width, factor: max(8, int(width * factor) // 8 * 8),
            text(
                ko="내림했습니다. 가장 가까운 배수는 4를 더한 다음에 내림하면 됩니다.",
                en="You rounded down. For the nearest multiple add 4 before you round down.",
            ),
        ),
        Mistake(
            lambda width, factor: max(8, -int(-(width * factor) // 8) * 8),
            text(
                ko="올림했습니다. 가장 가까운 8의 배수를 찾으세요.",
                en="You rounded up. Find the nearest multiple of 8.",
            ),
        ),
        Mistake(
            lambda width, factor: _rounded_width(width, factor) if width * factor >= 4 else 0,
            text(
                ko="8보다 작아질 수 있습니다. `max(8, …)`가 필요합니다.",
                en="It can fall below 8. `max(8, …)` is needed.",
            ),
        ),
        Mistake(
            lambda width, factor: max(8, round(width * factor / 8) * 8)
            + 8 * (max(8, round(width * factor / 8) * 8) < 0.9 * width * factor),
            text(
                ko="꼭 가운데일 때 작은 쪽으로 갔습니다. 파이썬의 `round`는 짝수 쪽으로 반올림합니다.",
                en="Half-way between two multiples you took the smaller. Python's `round` goes to the even one.",
            ),
        ),
        Mistake(
            lambda width, factor: _rounded_width(width, 1.0),
            text(
                ko="`factor`를 곱하지 않았습니다.",
                en="You did not multiply by `factor`.",
            ),
        ),
        Mistake(
            lambda width, factor: round(width * factor),
            text(
                ko="8의 배수가 아닙니다.",
                en="That is not a multiple of 8.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`int(wanted + 4) // 8 * 8`이 가장 가까운 8의 배수입니다. 꼭 가운데이면 큰 쪽입니다.",
            en="`int(wanted + 4) // 8 * 8` is the nearest multiple of 8, half-way the larger.",
        ),
        text(
            ko="그 값과 8 가운데 큰 것을 취한 다음, `0.9 * wanted`보다 작은지 보세요.",
            en="Take the larger of that and 8; then see whether it is below `0.9 * wanted`.",
        ),
    ],
))


# Attention


def _softmax(scores: np.ndarray, axis: int | None = 1) -> np.ndarray:
    scores = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return scores / scores.sum(axis=axis, keepdims=True)


def _attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    return _softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


def _sums_across(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    scores = np.exp(q @ k.T / np.sqrt(q.shape[1]))
    return scores / scores.sum(axis=1) @ v


def _attention_case(rng: Random) -> dict:
    tokens, width = rng.randint(2, 5), rng.randint(2, 6)
    chance = np.random.default_rng(rng.randrange(2**32))
    return {name: chance.normal(0, 1.5, size=(tokens, width)) for name in "qkv"}


register(Exercise(
    key="attention",
    case=_attention_case,
    reference=_attention,
    mistakes=[
        Mistake(
            lambda q, k, v: _softmax(q @ k.T) @ v,
            text(
                ko="채널 수의 제곱근으로 나누지 않았습니다.",
                en="The scores are not divided by the square root of the number of channels.",
            ),
        ),
        Mistake(
            lambda q, k, v: _softmax(q @ k.T / q.shape[1]) @ v,
            text(
                ko="채널 수로 나누었습니다. 그 제곱근으로 나누세요.",
                en="You divided by the number of channels. Divide by its square root.",
            ),
        ),
        Mistake(
            lambda q, k, v: _softmax(q @ k.T / np.sqrt(len(q))) @ v,
            text(
                ko="토큰 수의 제곱근으로 나누었습니다. 채널 수 `q.shape[1]`을 쓰세요.",
                en="You divided by the square root of the number of tokens. Use that of the channels, `q.shape[1]`.",
            ),
        ),
        Mistake(
            lambda q, k, v: _softmax(q @ k.T / np.sqrt(q.shape[1]), axis=0) @ v,
            text(
                ko="소프트맥스의 축이 바뀌었습니다. 질의 하나, 곧 줄마다 합이 1이어야 합니다.",
                en="The softmax runs along the wrong axis. The shares of each query, a row, must sum to 1.",
            ),
        ),
        Mistake(
            lambda q, k, v: _softmax(k @ q.T / np.sqrt(q.shape[1])) @ v,
            text(
                ko="질의와 열쇠가 바뀌었습니다.",
                en="Query and key are swapped.",
            ),
        ),
        Mistake(
            lambda q, k, v: _softmax(q @ k.T / np.sqrt(q.shape[1]), axis=None) @ v,
            text(
                ko="소프트맥스를 모든 칸에 한꺼번에 했습니다. 질의 하나, 곧 줄마다 합이 1이어야 합니다.",
                en="The softmax runs over all cells together. The shares of each query, a row, must sum to 1.",
            ),
        ),
        Mistake(
            _sums_across,
            text(
                ko="합을 나눌 축이 어긋났습니다. `sum(axis=1)`은 (토큰,)이어서 줄이 아니라 열을 나눕니다. `keepdims=True`를 넣으세요.",
                en="The sums divide along the wrong axis: `sum(axis=1)` is (tokens,) and divides columns, not rows. Pass `keepdims=True`.",
            ),
        ),
        Mistake(
            lambda q, k, v: q @ k.T / np.sqrt(q.shape[1]) @ v,
            text(
                ko="소프트맥스가 없습니다. 비율은 양수이고 합이 1입니다.",
                en="The softmax is missing. Shares are positive and sum to 1.",
            ),
        ),
        Mistake(
            lambda q, k, v: _softmax(q @ k.T / np.sqrt(q.shape[1])),
            text(
                ko="비율을 돌려주었습니다. 그것으로 `v`를 섞으세요.",
                en="You returned the shares. Mix `v` by them.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`q @ k.T`의 칸 (i, j)는 질의 i와 열쇠 j의 내적입니다.",
            en="Cell (i, j) of `q @ k.T` is the inner product of query i and key j.",
        ),
        text(
            ko="줄마다 소프트맥스를 한 다음 `@ v`입니다.",
            en="A softmax of each row, then `@ v`.",
        ),
    ],
))


# All gates open


def _gate_layers(network: Any) -> list[Any]:
    """The second linear layer of each squeeze-and-excitation block."""
    blocks = [module for module in network.modules() if type(module).__name__ == "SqueezeExcite"]
    return [block.gates[2] for block in blocks]


def _opened(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return text(
            ko="신경망과 `train.evaluate`의 결과를 튜플 하나로 건네세요.",
            en="Hand in the network and the result of `train.evaluate` as one tuple.",
        )
    network, result, measure = answer
    if not hasattr(network, "modules"):
        return text(ko="첫째는 `nn.Module`이어야 합니다.", en="The first must be an `nn.Module`.")
    layers = _gate_layers(network)
    if not layers:
        return text(
            ko="이 신경망에는 SE 블록이 없습니다. 훈련한 `network`를 복사했습니까?",
            en="This network has no squeeze-and-excitation block. Did you copy the trained `network`?",
        )
    moving = sum(bool(layer.weight.detach().any()) for layer in layers)
    if moving:
        return text(
            ko=f"SE 블록 {len(layers)}개 가운데 {moving}개의 배율이 아직 이미지에 따라 달라집니다. `gates[2]`의 가중치를 모두 0으로 하세요.",
            en=f"In {moving} of {len(layers)} squeeze-and-excitation blocks the gates still depend on the image. Set all weights "
            "of `gates[2]` to 0.",
        )
    shut = sum(bool((layer.bias.detach() < 4).any()) for layer in layers)
    if shut:
        return text(
            ko=f"SE 블록 {len(layers)}개 가운데 {shut}개의 배율이 1에서 멉니다. 가중치가 0이면 배율은 편향의 시그모이드이고, "
            "편향이 0이면 0.5입니다.",
            en=f"In {shut} of {len(layers)} squeeze-and-excitation blocks gates are far from 1. With weights of 0 a gate is the "
            "sigmoid of its bias, and with a bias of 0 that is 0.5.",
        )
    return measured.not_of(network, result, measure)


register(Exercise(
    key="opened",
    test=_opened,
    hints=[
        text(
            ko="`copy.deepcopy(network)`로 복사하고, `opened.modules()`에서 `SqueezeExcite`를 찾으세요.",
            en="Copy with `copy.deepcopy(network)` and find each `SqueezeExcite` in `opened.modules()`.",
        ),
        text(
            ko="`nn.init.zeros_(module.gates[2].weight)`와 `nn.init.constant_(module.gates[2].bias, 10.0)`을 부르세요.",
            en="Call `nn.init.zeros_(module.gates[2].weight)` and `nn.init.constant_(module.gates[2].bias, 10.0)`.",
        ),
    ],
))
