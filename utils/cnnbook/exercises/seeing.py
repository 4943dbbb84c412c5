"""The exercises of chapter 01, seeing."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text


def _bytes(rng: Random, *shape: int) -> np.ndarray:
    """Random pixels, uint8 of this shape."""
    return np.random.default_rng(rng.randrange(2**32)).integers(0, 256, shape, dtype=np.uint8)


# Channels first

register(Exercise(
    key="channels_first",
    case=lambda rng: {"image": _bytes(rng, rng.randint(2, 5), rng.randint(6, 9), 3)},  # height and width differ
    reference=lambda image: image.transpose(2, 0, 1) / 255,
    mistakes=[
        Mistake(
            lambda image: image.reshape(3, *image.shape[:2]) / 255,
            text(
                ko="`reshape`는 수의 순서를 그대로 두고 끊는 곳만 바꿉니다. 색이 뒤섞입니다. 축을 옮기려면 `transpose`를 쓰세요.",
                en="`reshape` keeps the order of the numbers and only cuts them elsewhere: the colours are mixed up. To "
                "move an axis, use `transpose`.",
            ),
        ),
        Mistake(
            lambda image: image.T / 255,
            text(
                ko="`.T`나 `transpose(2, 1, 0)`은 모든 축을 뒤집어 (3, W, H)가 됩니다. 높이와 폭은 그대로 두고 채널만 앞으로 옮기세요.",
                en="`.T` or `transpose(2, 1, 0)` reverses all axes and gives (3, W, H). Move only the channels; height and "
                "width keep their order.",
            ),
        ),
        Mistake(
            lambda image: image.transpose(2, 0, 1),
            text(
                ko="모양은 맞습니다. 수가 아직 0에서 255까지입니다.",
                en="The shape is right. The numbers still run from 0 to 255.",
            ),
        ),
        Mistake(
            lambda image: image.transpose(2, 0, 1) / 256,
            text(
                ko="256으로 나누었습니다. 가장 큰 값은 255이고, 그것이 1이 되어야 합니다.",
                en="You divided by 256. The largest value is 255, and it must become 1.",
            ),
        ),
        Mistake(
            lambda image: image.transpose(2, 0, 1) // 255,
            text(
                ko="정수로 만들면 255가 아닌 수는 모두 0이 됩니다. 내림하지 않는 `/`로 나누고 실수로 두세요.",
                en="In whole numbers everything but 255 becomes 0. Divide with `/` and keep the floats.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`image.transpose(…)`에 새 축마다 원래 몇 번째 축이었는지를 차례로 적습니다.",
            en="`image.transpose(…)` takes, for each new axis in turn, the number that it had before.",
        ),
        text(
            ko="채널은 2번 축이었습니다. `image.transpose(2, 0, 1)`을 255로 나누세요.",
            en="The channels were axis 2. Divide `image.transpose(2, 0, 1)` by 255.",
        ),
    ],
))


# Nearest neighbour by absolute differences


def _gaps(known: np.ndarray, new: np.ndarray) -> np.ndarray:
    return known.astype(int)[None] - new.astype(int)[:, None]  # (M, N, D)


def _l1(known: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.abs(_gaps(known, new)).sum(axis=2)


IN_BYTES = text(
    ko="`uint8`에서 바로 뺐습니다. 3 − 5는 −2가 아니라 254가 됩니다. 먼저 `astype(int)`로 바꾸세요.",
    en="You subtracted in `uint8`, where 3 − 5 is not −2 but 254. Convert with `astype(int)` first.",
)
NO_ABSOLUTE_VALUE = text(
    ko="절댓값이 빠져서 양수와 음수가 서로 지웁니다.",
    en="The absolute value is missing: positive and negative differences cancel.",
)


def _l1_case(rng: Random) -> dict:
    count, numbers = rng.randint(6, 12), rng.randint(3, 8)
    labels = np.array([rng.randrange(20, 60) for _ in range(count)])  # never a row's own number
    return {"known": _bytes(rng, count, numbers), "labels": labels, "new": _bytes(rng, rng.randint(4, 7), numbers)}


register(Exercise(
    key="nearest_l1",
    case=_l1_case,
    reference=lambda known, labels, new: labels[_l1(known, new).argmin(axis=1)],
    mistakes=[
        Mistake(
            lambda known, labels, new: labels[np.abs(known[None] - new[:, None]).sum(axis=2).argmin(axis=1)], IN_BYTES
        ),
        Mistake(
            lambda known, labels, new: labels[np.abs(new[:, None] - known[None]).sum(axis=2).argmin(axis=1)], IN_BYTES
        ),
        Mistake(
            lambda known, labels, new: labels[(_gaps(known, new) ** 2).sum(axis=2).argmin(axis=1)],
            text(
                ko="제곱을 더했습니다. 여기서는 절댓값을 더합니다.",
                en="You added squares. Here absolute values are added.",
            ),
        ),
        Mistake(
            lambda known, labels, new: labels[_gaps(known, new).sum(axis=2).argmin(axis=1)], NO_ABSOLUTE_VALUE
        ),
        Mistake(
            lambda known, labels, new: labels[_gaps(known, new).sum(axis=2).argmax(axis=1)], NO_ABSOLUTE_VALUE
        ),
        Mistake(
            lambda known, labels, new: _l1(known, new).argmin(axis=1),
            text(
                ko="가장 가까운 그림의 번호입니다. 그 그림의 레이블을 돌려주세요.",
                en="That is the number of the nearest picture. Return its label.",
            ),
        ),
        Mistake(
            lambda known, labels, new: labels[_l1(known, new).argmax(axis=1)],
            text(
                ko="가장 먼 그림의 레이블입니다.",
                en="That is the label of the picture furthest away.",
            ),
        ),
    ],
    hints=[
        text(
            ko="새 그림 하나와 `known`의 차는 모양이 (N, D)이고, `known[None]`과 `new[:, None]`의 차는 (M, N, D)입니다. 뒤의 것은 그림이 많으면 메모리를 많이 씁니다. 어느 축을 더해야 합니까?",
            en="The difference of one new picture and `known` has shape (N, D), that of `known[None]` and `new[:, None]` "
            "(M, N, D), which takes much memory where there are many pictures. Along which axis do you add?",
        ),
        text(
            ko="모든 거리 (M, N)에서는 `argmin(axis=1)`이, 한 그림의 거리 (N,)에서는 `argmin()`이 가장 가까운 그림의 번호이고, `labels[…]`가 그 레이블입니다.",
            en="In all distances (M, N), `argmin(axis=1)` is the number of the nearest for each new picture, in those of one "
            "picture (N,) it is `argmin()`; `labels[…]` gives the label.",
        ),
    ],
))


# The histogram of one cell


def _numbers(right: np.ndarray, down: np.ndarray, bins: int, fold: Callable = lambda degrees: degrees % 180) -> np.ndarray:
    """The range, 0 to bins - 1, of each pixel's orientation."""
    direction = fold(np.degrees(np.arctan2(down, right)))
    return np.minimum(direction // (180 / bins), bins - 1).astype(int)


def _histogram(right: np.ndarray, down: np.ndarray, bins: int, **fold: Callable) -> np.ndarray:
    strength = np.sqrt(right**2 + down**2)
    return np.bincount(_numbers(right, down, bins, **fold).ravel(), strength.ravel(), bins) / right.size


def _histogram_case(rng: Random) -> dict:
    height, width = rng.randint(2, 5), rng.randint(2, 5)
    right, down = (np.array([rng.uniform(-1, 1) for _ in range(height * width)]) for _ in range(2))
    return {"right": right.reshape(height, width), "down": down.reshape(height, width), "bins": rng.randint(4, 12)}


def _votes(right: np.ndarray, down: np.ndarray, bins: int) -> np.ndarray:
    return np.bincount(_numbers(right, down, bins).ravel(), minlength=bins) / right.size


def _last_of_each(right: np.ndarray, down: np.ndarray, bins: int) -> np.ndarray:
    found = np.zeros(bins)
    found[_numbers(right, down, bins)] += np.sqrt(right**2 + down**2)
    return found / right.size


register(Exercise(
    key="cell_histogram",
    case=_histogram_case,
    reference=_histogram,
    mistakes=[
        Mistake(
            lambda right, down, bins: _histogram(right, down, bins) * right.size,
            text(
                ko="더하기까지는 맞습니다. 칸의 픽셀 수로 나누지 않았습니다.",
                en="The sums are right. They are not divided by the number of pixels.",
            ),
        ),
        Mistake(
            _votes,
            text(
                ko="픽셀의 수를 세었습니다. 픽셀마다 1이 아니라 그 세기를 더합니다.",
                en="You counted pixels. Add the strength of each, not 1.",
            ),
        ),
        Mistake(
            lambda right, down, bins: _histogram(right, down, bins, fold=lambda degrees: degrees % 360 / 2),
            text(
                ko="방향을 360°까지 나누었습니다. 부호를 버리고 180°까지만 씁니다.",
                en="You divided up to 360°. The sign is thrown away: use orientations up to 180°.",
            ),
        ),
        Mistake(
            lambda right, down, bins: _histogram(right, down, bins, fold=np.abs),
            text(
                ko="절댓값은 음의 각을 거울처럼 뒤집습니다. `% 180`을 쓰세요.",
                en="The absolute value mirrors the negative angles: use `% 180`.",
            ),
        ),
        Mistake(
            _last_of_each,
            text(
                ko="`h[k] += m`은 같은 구간에 드는 픽셀들 가운데 하나만 더합니다. `np.add.at`이나 `np.bincount`를 쓰세요.",
                en="`h[k] += m` adds only one of the pixels that share a range. Use `np.add.at` or `np.bincount`.",
            ),
        ),
        Mistake(
            lambda right, down, bins: _histogram(right, down, bins) * right.shape[1],
            text(
                ko="행의 수 `len(right)`로 나누었습니다. 픽셀의 수 `right.size`로 나누세요.",
                en="You divided by the number of rows, `len(right)`. Divide by all pixels, `right.size`.",
            ),
        ),
        Mistake(
            lambda right, down, bins: _histogram(down, right, bins),
            text(
                ko="두 방향이 바뀌었습니다. `arctan2`는 아래로의 변화를 먼저 받습니다.",
                en="The two directions are exchanged. `arctan2` takes the change downwards first.",
            ),
        ),
        Mistake(
            lambda right, down, bins: _histogram(right, down, bins) / max(_histogram(right, down, bins).sum(), 1e-12),
            text(
                ko="합이 1이 되게 나누었습니다. 길이를 맞추는 일은 블록에서 하고, 칸에서는 픽셀 수로만 나눕니다.",
                en="You made the sum 1. Lengths are made equal in the block; in a cell, divide by the number of pixels.",
            ),
        ),
    ],
    hints=[
        text(
            ko="방향은 `np.degrees(np.arctan2(down, right)) % 180`이고, 구간 하나의 폭은 `180 / bins`도입니다.",
            en="The orientation is `np.degrees(np.arctan2(down, right)) % 180`; one range is `180 / bins` degrees wide.",
        ),
        text(
            ko="구간의 번호를 정수로 만들고 `np.bincount(number.ravel(), strength.ravel(), bins)`로 세기를 더하세요.",
            en="Make the number of the range an integer, and add with `np.bincount(number.ravel(), strength.ravel(), bins)`.",
        ),
    ],
))


# What stays

STAYS = {"added": True, "swapped": True, "moved": False, "turned": False, "shadow": False}
WHY = {
    "added": text(
        ko="`added`를 다시 보세요. 이웃의 차를 구하면 더한 수는 어떻게 됩니까?",
        en="Look at `added` again. What becomes of the added number when neighbours are subtracted?",
    ),
    "swapped": text(
        ko="`swapped`를 다시 보세요. 픽셀마다 변화가 가장 큰 채널을 쓸 때 채널의 순서가 문제가 됩니까?",
        en="Look at `swapped` again. The channel that changes most is used: does the order of the channels matter?",
    ),
    "moved": text(
        ko="`moved`를 다시 보세요. 히스토그램이 도형을 따라 한 칸 움직이면 벡터의 같은 자리에 같은 수가 있습니까?",
        en="Look at `moved` again. When the histograms move along by a cell, is the same number at the same place of the "
        "vector?",
    ),
    "turned": text(
        ko="`turned`를 다시 보세요. 가로 가장자리는 90° 돌면 어느 구간에 들어갑니까?",
        en="Look at `turned` again. Into which range does a horizontal edge fall after 90°?",
    ),
    "shadow": text(
        ko="`shadow`를 다시 보세요. 그림자의 경계에서도 블록의 길이를 맞추면 변화가 사라집니까?",
        en="Look at `shadow` again. At the border of the shadow, does scaling the block remove the change?",
    ),
}


def _what_stays(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, dict) or set(answer) != set(STAYS):
        return text(
            ko=f"{', '.join(STAYS)}를 키로 하는 딕셔너리로 답하세요.",
            en=f"Answer with a dict that has the keys {', '.join(STAYS)}.",
        )
    for name, value in answer.items():
        if not isinstance(value, (bool, np.bool_)):
            return text(
                ko=f"`{name}`의 값은 True나 False여야 합니다.",
                en=f"The value of `{name}` should be True or False.",
            )
    for name, right in STAYS.items():
        if bool(answer[name]) != right:
            return WHY[name]
    return None


register(Exercise(
    key="what_stays",
    test=_what_stays,
    hints=[
        text(
            ko="본문의 네 단계를 하나씩 따라가며, 바뀐 것이 어느 단계에서 사라지는지 찾으세요.",
            en="Follow the four steps of the text, and look for the step at which the change disappears.",
        ),
        text(
            ko="불변성과 등변성은 다릅니다. 따라 움직이는 것은 그대로인 것이 아닙니다.",
            en="Invariance and equivariance differ: what moves along does not stay the same.",
        ),
    ],
))


# What normalising gave

PLAIN, NORMALISED = 0.402, 0.722  # tests/test_exercises_seeing.py computes both
CLOSE = 0.012  # six of the 500 pictures


def _what_normalising_gave(answer: Any, rng: Random) -> Text | None:
    try:
        plain, normalised = (float(part) for part in answer)
    except (TypeError, ValueError):
        return text(
            ko="`plain`에는 그대로 잰 정확도를, `normalised`에는 정규화한 뒤의 정확도를 넣으세요. 둘 다 수 하나입니다.",
            en="Put the accuracy as it is into `plain` and the one after normalising into `normalised`, a number each.",
        )
    if plain > 1 or normalised > 1:
        return text(
            ko="퍼센트가 아니라 0에서 1까지의 비율로 답하세요.",
            en="Answer with fractions from 0 to 1, not percent.",
        )
    if abs(plain - NORMALISED) <= CLOSE and abs(normalised - PLAIN) <= CLOSE:
        return text(
            ko="두 수의 순서가 바뀌었습니다.",
            en="The two numbers are exchanged.",
        )
    if not abs(plain - PLAIN) <= CLOSE:  # NaN too
        return text(
            ko="첫째 정확도가 맞지 않습니다. `easy_train`을 기억하고, 조명 변화는 1이고 나머지 다이얼은 0.1인 테스트 그림 500장에서 재세요.",
            en="The first accuracy does not fit. Remember `easy_train`, and measure on 500 test pictures with "
            "illumination at 1 and the other dials at 0.1.",
        )
    if not abs(normalised - NORMALISED) <= CLOSE:
        return text(
            ko="첫째는 맞습니다. 둘째에서는 훈련 그림과 테스트 그림 모두를, 그림마다 자기 평균과 표준 편차로 정규화하세요.",
            en="The first is right. For the second, normalise training and test pictures alike, each by its own mean and "
            "standard deviation.",
        )
    return None


register(Exercise(
    key="what_normalising_gave",
    test=_what_normalising_gave,
    hints=[
        text(
            ko="`pixels(images)`의 행 하나가 그림 하나입니다. 평균과 표준 편차를 `dim=1, keepdim=True`로 구하세요.",
            en="A row of `pixels(images)` is one picture. Take mean and standard deviation with `dim=1, keepdim=True`.",
        ),
        text(
            ko="`nearest(정규화한 훈련 그림, 정규화한 테스트 그림)`이 번호를 줍니다. 그 번호의 레이블을 정답과 견주세요.",
            en="`nearest(normalised training, normalised test)` gives numbers; compare their labels with the right ones.",
        ),
    ],
))
