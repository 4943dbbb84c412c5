"""The exercises of chapter 05, CIFAR-10."""

from contextlib import redirect_stdout
from io import StringIO
from math import floor
from random import Random
from typing import Any

import numpy as np
import torch

from cnnbook import data, train
from cnnbook.exercises import Exercise, Mistake, Text, register, text
from cnnbook.notebook import budget

# Local response normalisation of one pixel


def _respond(a: np.ndarray, radius: int, k: float, alpha: float, beta: float) -> np.ndarray:
    total = [np.square(a[max(0, i - radius) : i + radius + 1]).sum() for i in range(len(a))]
    return a / (k + alpha * np.array(total)) ** beta


def _respond_case(rng: Random) -> dict:
    radius = rng.randint(1, 3)
    numbers = np.random.default_rng(rng.randrange(2**32)).normal(scale=3, size=rng.randint(2 * radius + 3, 12))
    return {"a": numbers, "radius": radius, "k": rng.choice([1.0, 2.0]), "alpha": rng.choice([0.1, 0.3]), "beta": 0.75}


def _around_the_corner(a: np.ndarray, radius: int, k: float, alpha: float, beta: float) -> np.ndarray:
    total = sum(np.roll(a, shift) ** 2 for shift in range(-radius, radius + 1))
    return a / (k + alpha * total) ** beta


def _without_itself(a: np.ndarray, radius: int, k: float, alpha: float, beta: float) -> np.ndarray:
    total = [np.square(a[max(0, i - radius) : i + radius + 1]).sum() - a[i] ** 2 for i in range(len(a))]
    return a / (k + alpha * np.array(total)) ** beta


def _without_squares(a: np.ndarray, radius: int, k: float, alpha: float, beta: float) -> np.ndarray:
    total = [np.abs(a[max(0, i - radius) : i + radius + 1]).sum() for i in range(len(a))]
    return a / (k + alpha * np.array(total)) ** beta


def _short_window(a: np.ndarray, radius: int, k: float, alpha: float, beta: float) -> np.ndarray:
    total = [np.square(a[max(0, i - radius) : i + radius]).sum() for i in range(len(a))]
    return a / (k + alpha * np.array(total)) ** beta


def _negative_start(a: np.ndarray, radius: int, k: float, alpha: float, beta: float) -> np.ndarray:
    total = [np.square(a[i - radius : i + radius + 1]).sum() for i in range(len(a))]
    return a / (k + alpha * np.array(total)) ** beta


def _overwritten(a: np.ndarray, radius: int, k: float, alpha: float, beta: float) -> np.ndarray:
    for i in range(len(a)):
        a[i] = a[i] / (k + alpha * np.square(a[max(0, i - radius) : i + radius + 1]).sum()) ** beta
    return a


register(Exercise(
    key="respond",
    case=_respond_case,
    reference=_respond,
    mistakes=[
        Mistake(
            lambda a, radius, k, alpha, beta: _respond(a, radius, k, alpha / (2 * radius + 1), beta),
            text(
                ko="`alpha`를 창의 크기로 나누었습니다. PyTorch의 층이 그렇게 합니다. 식에서는 나누지 않습니다.",
                en="You divided `alpha` by the size of the window. PyTorch's layer does; the formula does not.",
            ),
        ),
        Mistake(
            _around_the_corner,
            text(
                ko="첫 채널의 이웃으로 마지막 채널을 세었습니다. 끝에서는 있는 채널만 더하세요.",
                en="The last channel was counted as a neighbour of the first. At the ends, add only those that exist.",
            ),
        ),
        Mistake(
            _without_itself,
            text(
                ko="자기 자신의 제곱이 빠졌습니다. 합에는 `i` 자신도 들어갑니다.",
                en="Its own square is missing: the sum passes `i` itself as well.",
            ),
        ),
        Mistake(
            _without_squares,
            text(
                ko="절댓값을 더했습니다. 제곱을 더하세요.",
                en="You added absolute values. Add squares.",
            ),
        ),
        Mistake(
            _short_window,
            text(
                ko="창의 오른쪽 끝이 한 채널 모자랍니다. 파이썬의 조각은 끝 번호를 포함하지 않습니다.",
                en="The window is one channel short on the right: a slice in Python leaves out its end.",
            ),
        ),
        Mistake(
            _negative_start,
            text(
                ko="시작 번호가 음수이면 배열의 끝에서부터 셉니다. `max(0, i - radius)`에서 시작하세요.",
                en="A negative start counts from the end of the array: begin at `max(0, i - radius)`.",
            ),
        ),
        Mistake(
            _overwritten,
            text(
                ko="옛 값이 아직 필요한데 `a`에 덮어썼습니다. 새 값은 다른 배열에 모으세요.",
                en="You overwrote `a` while its old values were still needed. Collect the new ones in another array.",
            ),
        ),
        Mistake(
            lambda a, radius, k, alpha, beta: _respond(a, radius, k, alpha, 1.0),
            text(
                ko="거듭제곱 `beta`가 빠졌습니다.",
                en="The power `beta` is missing.",
            ),
        ),
    ],
    hints=[
        text(
            ko="채널 `i`의 창은 `a[max(0, i - radius) : i + radius + 1]`입니다.",
            en="The window of channel `i` is `a[max(0, i - radius) : i + radius + 1]`.",
        ),
        text(
            ko="창마다 제곱합을 구해 배열 `total`에 모으면 `a / (k + alpha * total) ** beta`입니다.",
            en="Collect each window's sum of squares in an array `total`; then it is `a / (k + alpha * total) ** beta`.",
        ),
    ],
))


# The staircase


def _stairs(step: int, first: float, factor: float, length: int) -> float:
    return first * factor ** (step // length)


def _stairs_case(rng: Random) -> dict:
    length = rng.randint(3, 9)
    step = rng.choice([rng.randint(0, 4 * length), length * rng.randint(1, 3)])
    return {"step": step, "first": rng.choice([0.1, 0.4]), "factor": rng.choice([0.1, 0.5]), "length": length}


ROUNDED = text(
    ko="반올림했습니다. 내림하세요.",
    en="You rounded to the nearest. Round down.",
)


register(Exercise(
    key="stairs",
    case=_stairs_case,
    reference=_stairs,
    mistakes=[
        Mistake(
            lambda step, first, factor, length: first * factor ** (step / length),
            text(
                ko="매끄럽게 줄어듭니다. 계단이 되려면 `step / length`를 내림하세요.",
                en="It falls smoothly. For stairs, round `step / length` down.",
            ),
        ),
        Mistake(
            lambda step, first, factor, length: first * factor ** -(-step // length),
            text(
                ko="한 단 먼저 내려갑니다. 처음 `length`걸음은 `first` 그대로입니다.",
                en="It goes down a stair too early: the first `length` steps keep `first`.",
            ),
        ),
        Mistake(
            lambda step, first, factor, length: first * factor ** ((step - 1) // length),
            text(
                ko="한 걸음 늦게 내려갑니다.",
                en="It goes down one step too late.",
            ),
        ),
        Mistake(lambda step, first, factor, length: first * factor ** floor(step / length + 0.5), ROUNDED),
        Mistake(lambda step, first, factor, length: first * factor ** round(step / length), ROUNDED),
        Mistake(
            lambda step, first, factor, length: first * factor * (step // length) if step >= length else first,
            text(
                ko="단마다 `factor`를 거듭해서 곱해야 합니다.",
                en="Every stair multiplies by `factor` again: a power, not a product.",
            ),
        ),
        Mistake(
            lambda step, first, factor, length: factor ** (step // length),
            text(
                ko="처음 학습률 `first`를 곱하지 않았습니다.",
                en="The first learning rate, `first`, is not multiplied in.",
            ),
        ),
    ],
    hints=[
        text(
            ko="지금까지 내려온 단의 수는 `step // length`입니다.",
            en="The number of stairs gone down so far is `step // length`.",
        ),
        text(
            ko="`first * factor ** (step // length)`입니다.",
            en="It is `first * factor ** (step // length)`.",
        ),
    ],
))


# The moving average


def _averages(values: np.ndarray, decay: float, first: int = 1, warm: bool = True) -> np.ndarray:
    found = [values[0]]
    for n, value in enumerate(values[1:], start=first):
        d = min(decay, (1 + n) / (10 + n)) if warm else decay
        found.append(d * found[-1] + (1 - d) * value)
    return np.array(found)


def _averages_case(rng: Random) -> dict:
    values = np.random.default_rng(rng.randrange(2**32)).normal(size=rng.randint(15, 30)).cumsum()
    return {"values": values, "decay": rng.choice([0.5, 0.6, 0.7])}


def _swapped(values: np.ndarray, decay: float) -> np.ndarray:
    found = [values[0]]
    for n, value in enumerate(values[1:], start=1):
        d = min(decay, (1 + n) / (10 + n))
        found.append((1 - d) * found[-1] + d * value)
    return np.array(found)


register(Exercise(
    key="averages",
    case=_averages_case,
    reference=_averages,
    mistakes=[
        Mistake(
            lambda values, decay: _averages(values, decay, warm=False),
            text(
                ko="처음부터 `decay`를 썼습니다. 걸음 `n`에서는 `min(decay, (1 + n) / (10 + n))`입니다.",
                en="You used `decay` from the start. At step `n` it is `min(decay, (1 + n) / (10 + n))`.",
            ),
        ),
        Mistake(
            _swapped,
            text(
                ko="옛 값과 새 값의 몫이 바뀌었습니다. `d`는 옛 평균의 몫입니다.",
                en="The shares of old and new are swapped: `d` belongs to the old average.",
            ),
        ),
        Mistake(
            lambda values, decay: _averages(values, decay, first=0),
            text(
                ko="걸음을 0부터 세었습니다. `values[0]`은 출발점이고, `values[1]`이 걸음 1입니다.",
                en="You count steps from 0. `values[0]` is the start, and `values[1]` is step 1.",
            ),
        ),
        Mistake(
            lambda values, decay: values.cumsum() / np.arange(1, len(values) + 1),
            text(
                ko="모두 똑같은 무게로 평균했습니다. 최근의 값일수록 무거워야 합니다.",
                en="That is the plain mean. The latest values must count most.",
            ),
        ),
        Mistake(
            lambda values, decay: np.concatenate([values[:1], _averages(values, decay)[:-1]]),
            text(
                ko="한 걸음 늦습니다. 걸음 `n`의 평균에는 `values[n]`이 이미 들어 있어야 합니다.",
                en="It is a step late: the average of step `n` must already contain `values[n]`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`values[0]`으로 시작하는 목록에 하나씩 덧붙이세요. `n`은 1부터 셉니다.",
            en="Append one by one to a list that begins with `values[0]`; `n` counts from 1.",
        ),
        text(
            ko="걸음마다 `d * average + (1 - d) * value`이고 `d = min(decay, (1 + n) / (10 + n))`입니다.",
            en="Each step is `d * average + (1 - d) * value` with `d = min(decay, (1 + n) / (10 + n))`.",
        ),
    ],
))


# The order within a step


def _step(w: np.ndarray, average: np.ndarray, gradient: Any, step: int) -> tuple[np.ndarray, np.ndarray]:
    rate = 0.1 * 0.5 ** (step // 10)
    w = w - rate * gradient(w)
    return w, 0.9 * average + 0.1 * w


class _Slope:
    """The gradient of |matrix @ w|² / 2 at w, shown to readers by its name."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix

    def __call__(self, w: np.ndarray) -> np.ndarray:
        return self.matrix.T @ (self.matrix @ np.asarray(w, dtype=float))

    def __repr__(self) -> str:
        return "gradient"


def _step_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    size = rng.randint(2, 4)
    return {
        "w": chance.normal(size=size),
        "average": chance.normal(size=size),
        "gradient": _Slope(chance.normal(size=(size, size))),
        "step": rng.randint(0, 35),
    }


def _average_first(w: np.ndarray, average: np.ndarray, gradient: Any, step: int) -> tuple[np.ndarray, np.ndarray]:
    return _step(w, average, gradient, step)[0], 0.9 * average + 0.1 * w


def _rate_last(w: np.ndarray, average: np.ndarray, gradient: Any, step: int) -> tuple[np.ndarray, np.ndarray]:
    return _step(w, average, gradient, max(0, step - 1))


def _out_of_order(w: np.ndarray, average: np.ndarray, gradient: Any, step: int) -> tuple[np.ndarray, np.ndarray]:
    return _rate_last(w, average, gradient, step)[0], 0.9 * average + 0.1 * w


def _from_the_average(w: np.ndarray, average: np.ndarray, gradient: Any, step: int) -> tuple[np.ndarray, np.ndarray]:
    rate = 0.1 * 0.5 ** (step // 10)
    w = average - rate * gradient(average)
    return w, 0.9 * average + 0.1 * w


def _uphill(w: np.ndarray, average: np.ndarray, gradient: Any, step: int) -> tuple[np.ndarray, np.ndarray]:
    rate = 0.1 * 0.5 ** (step // 10)
    w = w + rate * gradient(w)
    return w, 0.9 * average + 0.1 * w


register(Exercise(
    key="in_order",
    case=_step_case,
    reference=_step,
    mistakes=[
        Mistake(
            _average_first,
            text(
                ko="평균이 옮기기 전의 가중치를 받았습니다. 먼저 옮기고 나서 평균을 내세요.",
                en="The average received the weights from before the move. Move first, then average.",
            ),
        ),
        Mistake(
            _rate_last,
            text(
                ko="지난 걸음의 학습률로 옮겼습니다. 이번 걸음의 학습률부터 정하세요.",
                en="The move was made at the rate of the step before. Set this step's rate first.",
            ),
        ),
        Mistake(
            _out_of_order,
            text(
                ko="두 잘못이 모두 그대로입니다. 옮기기 전에 평균을 내고, 지난 걸음의 학습률을 씁니다.",
                en="Both mistakes are still there: the average comes before the move, and the rate is that of the step "
                "before.",
            ),
        ),
        Mistake(
            _from_the_average,
            text(
                ko="그레이디언트를 평균에서 구했습니다. 평균은 보기만 할 뿐, 걷는 것은 `w`입니다.",
                en="The gradient was taken at the average. The average is only looked at; it is `w` that walks.",
            ),
        ),
        Mistake(
            _uphill,
            text(
                ko="오르막으로 갔습니다. 그레이디언트의 반대쪽으로 옮기세요.",
                en="That goes uphill. Move against the gradient.",
            ),
        ),
        Mistake(
            lambda w, average, gradient, step: (_step(w, average, gradient, step)[0], average),
            text(
                ko="평균이 그대로입니다. 새 가중치를 10% 섞으세요.",
                en="The average has not changed. Mix in 10% of the new weights.",
            ),
        ),
    ],
    hints=[
        text(
            ko="차례는 학습률, 그레이디언트, 옮기기, 평균입니다.",
            en="The order is: rate, gradient, move, average.",
        ),
        text(
            ko="평균을 내는 줄을 `w`를 옮기는 줄 아래로 내리고, `rate`를 정하는 줄을 맨 위로 올리세요.",
            en="Put the line of the average below the one that moves `w`, and the line that sets `rate` at the top.",
        ),
    ],
))


# Without LRN


def _test_set() -> data.ImageSet:
    """The chapter's pictures for the test, 24 × 24; no word about loading them."""
    with redirect_stdout(StringIO()):
        if budget() == "full":
            return data.load("cifar10", "test", fallback="shapes").centre(24)
        return data.load("shapes", "test", count=1000).centre(24)


def _without_lrn(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return text(
            ko="신경망과 `train.evaluate`의 결과를 튜플 하나로 건네세요.",
            en="Hand in the network and the result of `train.evaluate` as one tuple.",
        )
    network, result = answer
    if not hasattr(network, "modules"):
        return text(ko="첫째는 `nn.Module`이어야 합니다.", en="The first must be an `nn.Module`.")
    if not hasattr(result, "accuracy") or not hasattr(result, "logits"):
        return text(
            ko="둘째는 `train.evaluate`가 돌려준 것이어야 합니다.", en="The second must come from `train.evaluate`."
        )
    left = sum("ResponseNorm" in type(layer).__name__ for layer in network.modules())
    if left:
        return text(
            ko=f"국소 응답 정규화가 아직 {left}개 있습니다. `nn.Identity()`로 바꾸세요.",
            en=f"{left} LRN layer{'s are' if left > 1 else ' is'} still in it. Put `nn.Identity()` there.",
        )
    count = sum(parameter.numel() for parameter in network.parameters())
    if count != 1_068_298:
        return text(
            ko=f"파라미터가 {count:,}개입니다. 훈련한 `network`를 복사해서 두 층만 바꾸면 1,068,298개 그대로입니다.",
            en=f"It has {count:,} parameters. A copy of the trained `network` with two layers exchanged keeps 1,068,298.",
        )
    if result.accuracy < 0.4:
        return text(
            ko=f"정확도가 {result.accuracy:.3f}뿐입니다. 새 신경망이 아니라 훈련한 `network`의 복사본을 `like=history`로 쟀습니까?",
            en=f"Its accuracy is only {result.accuracy:.3f}. Did you measure a copy of the trained `network`, not a new one, "
            "with `like=history`?",
        )
    test_set = _test_set()
    if len(result.logits) != len(test_set):
        return text(
            ko=f"그림 {len(result.logits):,}장을 쟀습니다. `test_24` 전체를 재세요.",
            en=f"You measured {len(result.logits):,} pictures. Measure all of `test_24`.",
        )
    found = train.evaluate(network, test_set[:200], normalize="image").logits
    if not torch.allclose(found, result.logits[:200], rtol=1e-4, atol=1e-4):  # those with LRN differ by 0.2
        return text(
            ko="결과가 이 신경망의 것이 아닙니다. 바꾼 신경망을 `test_24`에서 `like=history`로 다시 재세요.",
            en="The result is not that of this network. Measure the changed network again, on `test_24` and with "
            "`like=history`.",
        )
    return None


register(Exercise(
    key="without_lrn",
    test=_without_lrn,
    hints=[
        text(
            ko="`without = copy.deepcopy(network)`로 복사한 뒤 `without.norm1 = nn.Identity()`처럼 바꿉니다.",
            en="Copy with `without = copy.deepcopy(network)`, then exchange: `without.norm1 = nn.Identity()`.",
        ),
        text(
            ko="`train.evaluate(without, test_24, like=history)`로 잽니다.",
            en="Measure with `train.evaluate(without, test_24, like=history)`.",
        ),
    ],
))
