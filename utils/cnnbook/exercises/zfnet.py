"""The exercises of chapter 08, ZFNet."""

from math import floor
from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text

# Unpooling with switches


def _unpool(values: np.ndarray, switches: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    found = np.zeros(shape[0] * shape[1])
    np.add.at(found, switches.ravel(), values.ravel())
    return found.reshape(shape)


def _unpool_case(rng: Random) -> dict:
    """Switches of 3 × 3 pooling with stride 2, of which neighbours share cells."""
    chance = np.random.default_rng(rng.randrange(2**32))
    rows, columns = rng.randint(2, 4), rng.choice([3, 5])
    height, width = 2 * rows + 1, 2 * columns + 1
    image = chance.normal(size=(height, width))
    image[2, 2] = 5.0  # a cell that four windows share
    switches = np.zeros((rows, columns), dtype=int)
    for i in range(rows):
        for j in range(columns):
            window = image[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            y, x = divmod(int(window.argmax()), 3)
            switches[i, j] = (2 * i + y) * width + 2 * j + x
    return {"values": chance.normal(size=(rows, columns)), "switches": switches, "shape": (height, width)}


def _overwritten(values: np.ndarray, switches: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    found = np.zeros(shape[0] * shape[1])
    found[switches.ravel()] = values.ravel()
    return found.reshape(shape)


def _bed_of_nails(values: np.ndarray, switches: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    found = np.zeros(shape)
    found[: 2 * values.shape[0] : 2, : 2 * values.shape[1] : 2] = values
    return found


def _columns_first(values: np.ndarray, switches: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return _unpool(values, switches, shape).reshape(shape[::-1]).T


register(Exercise(
    key="put_back",
    case=_unpool_case,
    reference=_unpool,
    mistakes=[
        Mistake(
            _overwritten,
            text(
                ko="한 칸이 여러 창의 최댓값일 때 마지막 값만 남았습니다. 그 칸에 온 값을 모두 더하세요. `np.add.at`이 그렇게 합니다.",
                en="Where one cell is the maximum of several windows, only the last value is left. Add all that come to it, as "
                "`np.add.at` does.",
            ),
        ),
        Mistake(
            _bed_of_nails,
            text(
                ko="스위치를 쓰지 않고 창의 왼쪽 위 칸에 놓았습니다. 칸의 번호는 `switches`에 있습니다.",
                en="The values were put in the upper left cell of each window. The cell's number is in `switches`.",
            ),
        ),
        Mistake(
            _columns_first,
            text(
                ko="칸의 번호를 열부터 세었습니다. 번호는 행 먼저, 곧 행 번호 × 폭 + 열 번호입니다.",
                en="You counted cells down the columns. They are counted along the rows: row × width + column.",
            ),
        ),
    ],
    hints=[
        text(
            ko="0으로 채운 1차원 배열에서 시작해 `switches.ravel()`번째 칸에 `values.ravel()`을 더하고, 끝에 모양을 바꾸세요.",
            en="Start with a one-dimensional array of zeros, add `values.ravel()` to the cells `switches.ravel()`, and reshape.",
        ),
        text(
            ko="`found[index] += value`는 같은 번호가 되풀이되면 한 번만 더합니다. `np.add.at(found, index, value)`는 모두 더합니다.",
            en="`found[index] += value` adds once where an index repeats. `np.add.at(found, index, value)` adds every time.",
        ),
    ],
))


# Three ways back through a ReLU


def _through_relu(x: np.ndarray, signal: np.ndarray, rule: str) -> np.ndarray:
    keep = {"gradient": x > 0, "deconvnet": signal > 0, "guided": (x > 0) & (signal > 0)}[rule]
    return np.where(keep, signal, 0.0)


def _through_relu_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    shape = (rng.randint(2, 4), rng.randint(3, 5))
    rule = rng.choice(["gradient", "deconvnet", "guided"])
    return {"x": chance.normal(size=shape), "signal": chance.normal(size=shape), "rule": rule}


def _swapped_rules(x: np.ndarray, signal: np.ndarray, rule: str) -> np.ndarray:
    other = {"gradient": "deconvnet", "deconvnet": "gradient", "guided": "guided"}[rule]
    return _through_relu(x, signal, other)


def _one_rule(x: np.ndarray, signal: np.ndarray, rule: str) -> np.ndarray:
    return _through_relu(x, signal, "gradient")


def _guided_is_either(x: np.ndarray, signal: np.ndarray, rule: str) -> np.ndarray:
    if rule == "guided":
        return np.where((x > 0) | (signal > 0), signal, 0.0)
    return _through_relu(x, signal, rule)


def _what_went_in(x: np.ndarray, signal: np.ndarray, rule: str) -> np.ndarray:
    return np.where(_through_relu(x, signal, rule) != 0, x, 0.0)


register(Exercise(
    key="through_relu",
    case=_through_relu_case,
    reference=_through_relu,
    mistakes=[
        Mistake(
            _swapped_rules,
            text(
                ko='두 규칙이 바뀌었습니다. "gradient"는 올라갈 때 들어간 `x`를 보고, "deconvnet"은 돌아오는 `signal`을 봅니다.',
                en='Two rules are swapped: "gradient" looks at `x`, which went in on the way up, "deconvnet" at the `signal` that '
                "comes back.",
            ),
        ),
        Mistake(
            _one_rule,
            text(
                ko='언제나 그레이디언트의 규칙을 썼습니다. `rule`에 따라 달라져야 합니다.',
                en="That is the rule of the gradient every time. It must depend on `rule`.",
            ),
        ),
        Mistake(
            _guided_is_either,
            text(
                ko='"guided"는 둘 가운데 하나가 아니라 둘 다 양수일 때만 지나갑니다.',
                en='"guided" lets pass where both are positive, not where either is.',
            ),
        ),
        Mistake(
            _what_went_in,
            text(
                ko="`x`를 돌려주었습니다. 지나가는 것은 돌아오는 `signal`입니다. `x`는 문을 열지 말지만 정합니다.",
                en="You returned `x`. What passes is the `signal` that comes back; `x` only decides whether the gate is open.",
            ),
        ),
    ],
    hints=[
        text(
            ko="규칙마다 참과 거짓의 배열을 하나 만드세요. `x > 0`, `signal > 0`, 그리고 둘 다입니다.",
            en="Make one array of true and false for each rule: `x > 0`, `signal > 0`, and both.",
        ),
        text(
            ko="`np.where(keep, signal, 0.0)`입니다.",
            en="It is `np.where(keep, signal, 0.0)`.",
        ),
    ],
))


# Renormalising filters


def _renormalized(filters: np.ndarray, radius: float) -> np.ndarray:
    rms = np.sqrt(np.square(filters).mean(axis=(1, 2, 3), keepdims=True))
    return filters * np.minimum(1.0, radius / rms)


def _renormalized_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    count, channels, kernel = rng.randint(3, 6), rng.choice([1, 3]), rng.choice([3, 5])
    radius = rng.choice([0.1, 0.2])
    size = radius * np.exp(chance.uniform(-1.2, 1.2, size=(count, 1, 1, 1)))
    size[0], size[1] = 2 * radius, 0.4 * radius  # at least one on either side
    return {"filters": size * chance.normal(size=(count, channels, kernel, kernel)), "radius": radius}


def _all_to_the_radius(filters: np.ndarray, radius: float) -> np.ndarray:
    return filters * radius / np.sqrt(np.square(filters).mean(axis=(1, 2, 3), keepdims=True))


def _whole_layer(filters: np.ndarray, radius: float) -> np.ndarray:
    return filters * min(1.0, radius / np.sqrt(np.square(filters).mean()))


def _by_norm(filters: np.ndarray, radius: float) -> np.ndarray:
    norm = np.sqrt(np.square(filters).sum(axis=(1, 2, 3), keepdims=True))
    return filters * np.minimum(1.0, radius / norm)


def _by_channel(filters: np.ndarray, radius: float) -> np.ndarray:
    rms = np.sqrt(np.square(filters).mean(axis=(2, 3), keepdims=True))
    return filters * np.minimum(1.0, radius / rms)


register(Exercise(
    key="renormalized",
    case=_renormalized_case,
    reference=_renormalized,
    mistakes=[
        Mistake(
            _all_to_the_radius,
            text(
                ko="모든 필터의 크기를 반지름에 맞추었습니다. 반지름보다 작은 필터는 그대로 두세요.",
                en="Every filter was brought to the radius. Leave those alone that are smaller.",
            ),
        ),
        Mistake(
            _whole_layer,
            text(
                ko="층 전체의 RMS를 구했습니다. 필터마다 따로 구하세요.",
                en="That is the RMS of the whole layer. Each filter has its own.",
            ),
        ),
        Mistake(
            _by_norm,
            text(
                ko="제곱을 더한 뒤 평균을 내지 않았습니다. RMS는 제곱의 평균의 제곱근입니다.",
                en="You summed the squares without taking their mean. RMS is the root of the mean square.",
            ),
        ),
        Mistake(
            lambda filters, radius: np.clip(filters, -radius, radius),
            text(
                ko="가중치를 하나씩 잘랐습니다. 그러면 필터의 모양이 바뀝니다. 필터 전체에 수 하나를 곱하세요.",
                en="You clipped the weights one by one, which changes the filter's shape. Multiply the whole filter by one number.",
            ),
        ),
        Mistake(
            _by_channel,
            text(
                ko="채널마다 따로 맞추었습니다. 필터 하나는 모든 입력 채널에 걸쳐 있습니다. 네 축 가운데 뒤의 셋에서 평균을 내세요.",
                en="You did it channel by channel. A filter spans all input channels: take the mean over the last three axes.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`np.square(filters).mean(axis=(1, 2, 3), keepdims=True)`의 제곱근이 필터마다의 RMS입니다.",
            en="The root of `np.square(filters).mean(axis=(1, 2, 3), keepdims=True)` is each filter's RMS.",
        ),
        text(
            ko="곱할 수는 `np.minimum(1.0, radius / rms)`입니다.",
            en="The factor is `np.minimum(1.0, radius / rms)`.",
        ),
    ],
))


# The frequency that a stride makes of another


def _alias(frequency: float, stride: int) -> float:
    turns = frequency * stride
    return abs(turns - floor(turns + 0.5))


def _alias_case(rng: Random) -> dict:
    return {"frequency": rng.uniform(0.02, 0.49), "stride": rng.choice([2, 3, 4])}


register(Exercise(
    key="alias",
    case=_alias_case,
    reference=_alias,
    mistakes=[
        Mistake(
            lambda frequency, stride: frequency * stride,
            text(
                ko="접히지 않았습니다. 한 칸에 한 바퀴를 더 돌아도 칸에서 본 값은 같습니다. 가장 가까운 정수를 빼세요.",
                en="Nothing is folded. A whole turn more from cell to cell gives the same values: subtract the nearest integer.",
            ),
        ),
        Mistake(
            lambda frequency, stride: (frequency * stride) % 1.0,
            text(
                ko="0.5를 넘는 값이 있습니다. 0.7바퀴는 거꾸로 0.3바퀴와 같으므로 0.3으로 보입니다.",
                en="Some values are above 0.5. A turn of 0.7 is one of 0.3 the other way round, and looks like 0.3.",
            ),
        ),
        Mistake(
            lambda frequency, stride: frequency * stride - floor(frequency * stride + 0.5),
            text(
                ko="음수가 나왔습니다. 거꾸로 도는 물결도 같은 물결로 보이므로 절댓값을 취하세요.",
                en="Some values are negative. A wave that turns the other way looks the same: take the absolute value.",
            ),
        ),
        Mistake(
            lambda frequency, stride: _alias(frequency, stride) / stride,
            text(
                ko="픽셀마다의 주파수입니다. 출력의 칸마다로 답하세요.",
                en="That is per pixel. Answer per cell of the output.",
            ),
        ),
        Mistake(
            lambda frequency, stride: min(frequency * stride, 0.5),
            text(
                ko="0.5에서 잘랐습니다. 높은 주파수는 0.5에 머물지 않고 낮은 주파수로 접혀 내려옵니다.",
                en="You cut it off at 0.5. A high frequency does not stop there but folds back to a low one.",
            ),
        ),
    ],
    hints=[
        text(
            ko="출력의 한 칸은 `stride`픽셀이므로 한 칸에 `frequency * stride`바퀴를 돕니다.",
            en="A cell of the output is `stride` pixels, so it makes `frequency * stride` turns from cell to cell.",
        ),
        text(
            ko="`turns = frequency * stride`이면 `abs(turns - round(turns))`입니다.",
            en="With `turns = frequency * stride` it is `abs(turns - round(turns))`.",
        ),
    ],
))


# Covering with another colour


def _covers(answer: Any, rng: Random) -> Text | None:
    names = ("mean", "black", "white")
    answer, measure = answer
    if not isinstance(answer, dict) or set(answer) != set(names):
        return text(
            ko='열쇠가 "mean", "black", "white"인 딕셔너리를 건네세요.',
            en='Hand in a dict with the keys "mean", "black" and "white".',
        )
    maps = {}
    for name in names:
        maps[name] = np.asarray(getattr(answer[name], "detach", lambda each=answer[name]: each)())
        if maps[name].shape != (1, 6, 6):
            got = "×".join(map(str, maps[name].shape)) or "()"
            return text(
                ko=f'"{name}"의 모양이 {got}입니다. 사진 한 장에 `size=64, stride=32`이면 1×6×6입니다.',
                en=f'"{name}" has the shape {got}. One photo with `size=64, stride=32` gives 1×6×6.',
            )
        if maps[name].min() < 0 or maps[name].max() > 1:
            return text(
                ko=f'"{name}"에 0에서 1 사이가 아닌 수가 있습니다. `look.occlusion`이 돌려준 확률을 그대로 건네세요.',
                en=f'"{name}" has numbers outside 0 to 1. Hand in the probabilities as `look.occlusion` gives them.',
            )
    if any(np.allclose(maps["mean"], maps[name], atol=1e-6) for name in ("black", "white")):
        return text(
            ko="평균 색과 같은 지도가 있습니다. 색은 `fill=0.0`과 `fill=1.0`으로 정합니다.",
            en="One of the maps is the same as that of the mean colour. The colour is set by `fill=0.0` and `fill=1.0`.",
        )
    if np.allclose(maps["black"], maps["white"], atol=1e-6):
        return text(
            ko="검은색과 흰색의 지도가 같습니다. 픽셀은 0에서 1까지이므로 흰색은 `fill=1.0`입니다.",
            en="The maps of black and white are the same. Pixels go from 0 to 1, so white is `fill=1.0`.",
        )
    if max(each.max() for each in maps.values()) < 0.3:
        return text(
            ko="모든 확률이 0.3보다 작습니다. 고양이 사진과 클래스 285를 썼습니까?",
            en="All probabilities are below 0.3. Did you use the photo of the cat and class 285?",
        )
    name, fill = rng.choice([("mean", None), ("black", 0.0), ("white", 1.0)])
    if not np.allclose(maps[name], np.asarray(measure(fill)), atol=0.01):
        return text(
            ko=f'"{name}"의 지도가 고양이 사진을 그 색으로 가리고 잰 것과 다릅니다. 클래스 285, `size=64`, `stride=32`로 재세요.',
            en=f'The map of "{name}" is not what covering the cat with that colour gives. Measure class 285 with `size=64` '
            "and `stride=32`.",
        )
    return None


register(Exercise(
    key="covers",
    test=_covers,
    hints=[
        text(
            ko="`look.occlusion(imagenet, photos[1:2], 285, size=64, stride=32, fill=0.0)`이 검은색입니다.",
            en="`look.occlusion(imagenet, photos[1:2], 285, size=64, stride=32, fill=0.0)` is the black one.",
        ),
        text(
            ko="평균 색은 `fill=None`, 흰색은 `fill=1.0`입니다. 셋을 딕셔너리에 모으세요.",
            en="The mean colour is `fill=None`, white `fill=1.0`. Collect the three in a dict.",
        ),
    ],
))
