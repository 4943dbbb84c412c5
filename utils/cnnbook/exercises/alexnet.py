"""The exercises of chapter 07, AlexNet."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, measured, register, text

# Top-k error


def _top_error(logits: np.ndarray, labels: np.ndarray, k: int) -> float:
    best = np.argsort(-logits, axis=1)[:, :k]
    return float((best != labels[:, None]).all(axis=1).mean())


def _top_error_case(rng: Random) -> dict:
    numbers = np.random.default_rng(rng.randrange(2**32))
    count, classes = rng.randint(12, 20), rng.randint(8, 12)
    labels = numbers.integers(classes, size=count)
    logits = numbers.normal(size=(count, classes))
    logits[np.arange(count), labels] += 1  # better than chance
    return {"logits": logits, "labels": labels, "k": rng.randint(2, 4)}


def _smallest(logits: np.ndarray, labels: np.ndarray, k: int) -> float:
    return _top_error(-logits, labels, k)


def _only_the_kth(logits: np.ndarray, labels: np.ndarray, k: int) -> float:
    return float((np.argsort(-logits, axis=1)[:, k - 1] != labels).mean())


register(Exercise(
    key="top_error",
    case=_top_error_case,
    reference=_top_error,
    mistakes=[
        Mistake(
            lambda logits, labels, k: 1 - _top_error(logits, labels, k),
            text(
                ko="맞힌 비율입니다. 오류율은 1에서 그것을 뺀 값입니다.",
                en="That is the share of right answers. The error is 1 less that.",
            ),
        ),
        Mistake(
            lambda logits, labels, k: 100 * _top_error(logits, labels, k),
            text(ko="퍼센트입니다. 0과 1 사이의 수를 돌려주세요.", en="That is in percent. Return a number from 0 to 1."),
        ),
        Mistake(
            lambda logits, labels, k: _top_error(logits, labels, 1),
            text(ko="top-1 오류율입니다. `k`를 쓰지 않았습니다.", en="That is the top-1 error: `k` is not used."),
        ),
        Mistake(
            _smallest,
            text(
                ko="가장 작은 `k`개를 골랐습니다. `argsort`는 작은 것부터 늘어놓습니다.",
                en="You took the `k` smallest: `argsort` begins with the smallest.",
            ),
        ),
        Mistake(
            _only_the_kth,
            text(
                ko="`k`번째 답만 보았습니다. 첫째부터 `k`번째까지 어디에 있어도 맞은 것입니다.",
                en="You looked at the `k`-th answer alone. The label may be anywhere among the first `k`.",
            ),
        ),
        Mistake(
            lambda logits, labels, k: _top_error(logits, labels, k + 1),
            text(ko="답을 `k + 1`개 보았습니다.", en="You looked at `k + 1` answers."),
        ),
    ],
    hints=[
        text(
            ko="행마다 로짓이 큰 클래스 `k`개는 `np.argsort(-logits, axis=1)[:, :k]`입니다.",
            en="The `k` classes with the largest logits of each row are `np.argsort(-logits, axis=1)[:, :k]`.",
        ),
        text(
            ko="그것을 `labels[:, None]`과 견주면 `k`개가 모두 다른 행이 틀린 그림입니다. `all(axis=1)`의 평균을 내세요.",
            en="Compare them with `labels[:, None]`: a row in which all `k` differ is a mistake. Take the mean of "
            "`all(axis=1)`.",
        ),
    ],
))


# The parameters of a convolution with groups


def _grouped(in_channels: int, out_channels: int, kernel: int, groups: int) -> int:
    return out_channels * (in_channels // groups) * kernel**2 + out_channels


def _grouped_case(rng: Random) -> dict:
    groups = rng.choice([2, 3, 4])
    return {
        "in_channels": groups * rng.randint(2, 9),
        "out_channels": groups * rng.randint(2, 9),
        "kernel": rng.choice([3, 5, 7]),
        "groups": groups,
    }


register(Exercise(
    key="grouped",
    case=_grouped_case,
    reference=_grouped,
    mistakes=[
        Mistake(
            lambda in_channels, out_channels, kernel, groups: out_channels * in_channels * kernel**2 + out_channels,
            text(
                ko="그룹이 하나일 때의 수입니다. 필터 하나는 자기 그룹의 채널만 읽습니다.",
                en="That is the number with one group. A filter reads the channels of its own group only.",
            ),
        ),
        Mistake(
            lambda in_channels, out_channels, kernel, groups: _grouped(in_channels, out_channels, kernel, groups)
            - out_channels,
            text(ko="편향이 빠졌습니다. 필터마다 하나씩 있습니다.", en="The biases are missing, one for each filter."),
        ),
        Mistake(
            lambda in_channels, out_channels, kernel, groups: (out_channels // groups)
            * ((in_channels // groups) * kernel**2 + 1),
            text(
                ko="그룹 하나의 파라미터입니다. 그룹이 `groups`개 있습니다.",
                en="Those are the parameters of one group. There are `groups` of them.",
            ),
        ),
        Mistake(
            lambda in_channels, out_channels, kernel, groups: out_channels * (in_channels // groups) * kernel
            + out_channels,
            text(
                ko="필터는 높이도 폭도 `kernel`칸입니다. 제곱하세요.",
                en="A filter is `kernel` cells wide and as many high. Square it.",
            ),
        ),
        Mistake(
            lambda in_channels, out_channels, kernel, groups: _grouped(in_channels, out_channels, kernel, groups)
            - out_channels
            + out_channels // groups,
            text(
                ko="편향까지 그룹 수로 나누었습니다. 편향은 필터마다 하나입니다.",
                en="You divided the biases by the groups as well. Every filter has one.",
            ),
        ),
    ],
    hints=[
        text(
            ko="필터 하나가 읽는 채널은 `in_channels // groups`개입니다.",
            en="One filter reads `in_channels // groups` channels.",
        ),
        text(
            ko="`out_channels * (in_channels // groups * kernel**2 + 1)`입니다.",
            en="It is `out_channels * (in_channels // groups * kernel**2 + 1)`.",
        ),
    ],
))


# The neighbours that local response normalisation adds up


def _neighbours(i: int, channels: int, towers: int, n: int) -> list[int]:
    width = channels // towers
    first = i // width * width
    return list(range(max(first, i - n // 2), min(first + width, i + n // 2 + 1)))


def _neighbours_case(rng: Random) -> dict:
    towers, n = rng.choice([2, 3]), rng.choice([3, 5, 7])
    width = rng.randint(n + 1, n + 4)
    border = width * rng.randint(1, towers - 1)
    i = rng.choice([border + rng.choice([-1, 0, n // 2 - 1]), rng.randrange(towers * width)])  # half of them anywhere
    return {"i": i, "channels": towers * width, "towers": towers, "n": n}


def _across(i: int, channels: int, towers: int, n: int) -> list[int]:
    return _neighbours(i, channels, 1, n)


def _without_itself(i: int, channels: int, towers: int, n: int) -> list[int]:
    return [j for j in _neighbours(i, channels, towers, n) if j != i]


def _numbered_from_its_tower(i: int, channels: int, towers: int, n: int) -> list[int]:
    return [j % (channels // towers) for j in _neighbours(i, channels, towers, n)]


register(Exercise(
    key="neighbours",
    case=_neighbours_case,
    reference=_neighbours,
    mistakes=[
        Mistake(
            _across,
            text(
                ko="옆 탑의 채널까지 더했습니다. 다른 GPU에 있는 채널은 보이지 않습니다.",
                en="You added channels of the other tower. Those are on another GPU and out of sight.",
            ),
        ),
        Mistake(
            _without_itself,
            text(ko="자기 자신이 빠졌습니다.", en="The channel itself is missing."),
        ),
        Mistake(
            lambda i, channels, towers, n: _neighbours(i, channels, towers, 2 * n),
            text(
                ko="양쪽으로 `n`개씩 보았습니다. 모두 합쳐 `n`개이므로 한쪽은 `n // 2`개입니다.",
                en="You looked at `n` on either side. They are `n` in all, so `n // 2` on either side.",
            ),
        ),
        Mistake(
            lambda i, channels, towers, n: _neighbours(i, channels, towers, n)[: -1 if i % (channels // towers) == 0 else None],
            text(
                ko="오른쪽 끝이 하나 모자랍니다. `range`는 끝 번호를 포함하지 않습니다.",
                en="The right end is one short: `range` leaves out its end.",
            ),
        ),
        Mistake(
            _numbered_from_its_tower,
            text(
                ko="탑 안에서 센 번호입니다. 전체에서 센 번호를 돌려주세요.",
                en="Those are numbers within the tower. Return numbers counted over all channels.",
            ),
        ),
    ],
    hints=[
        text(
            ko="탑 하나의 채널은 `width = channels // towers`개이고, `i`가 있는 탑은 `i // width * width`에서 시작합니다.",
            en="A tower has `width = channels // towers` channels, and that of `i` begins at `i // width * width`.",
        ),
        text(
            ko="`range(i - n // 2, i + n // 2 + 1)`에서 그 탑에 드는 것만 남기세요.",
            en="Of `range(i - n // 2, i + n // 2 + 1)` keep what lies in that tower.",
        ),
    ],
))


# Where the five windows begin


def _five_windows(height: int, width: int, size: int) -> list[tuple[int, int]]:
    down, right = height - size, width - size
    return [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]


def _five_windows_case(rng: Random) -> dict:
    size = rng.randint(10, 24)
    down, right = rng.sample([2, 4, 6, 8, 10], 2)
    return {"height": size + down, "width": size + right, "size": size}


register(Exercise(
    key="five_windows",
    case=_five_windows_case,
    reference=_five_windows,
    mistakes=[
        Mistake(
            lambda height, width, size: [(left, top) for top, left in _five_windows(height, width, size)],
            text(ko="순서가 바뀌었습니다. 위쪽이 먼저, 왼쪽이 나중입니다.", en="Exchanged: the top comes first, then the left."),
        ),
        Mistake(
            lambda height, width, size: [*_five_windows(height, width, size)[:4], (height // 2, width // 2)],
            text(
                ko="다섯째는 그림의 한가운데 점입니다. 그 점이 창의 가운데가 되도록 창의 모서리를 구하세요.",
                en="The fifth is the middle of the image. It must be the corner of the window that has its middle there.",
            ),
        ),
        Mistake(
            lambda height, width, size: [
                (0, 0), (0, width - size - 1), (height - size - 1, 0), (height - size - 1, width - size - 1),
                ((height - size) // 2, (width - size) // 2),
            ],
            text(
                ko="오른쪽과 아래의 창이 가장자리에서 한 칸 모자랍니다. 마지막 자리는 `height - size`입니다.",
                en="The windows on the right and below stop one pixel short: the last place is `height - size`.",
            ),
        ),
        Mistake(
            lambda height, width, size: [(0, 0), (0, width), (height, 0), (height, width), _five_windows(height, width, size)[4]],
            text(
                ko="그림의 모서리입니다. 창의 **왼쪽 위** 모서리를 돌려주세요.",
                en="Those are corners of the image. Return the **upper left** corner of each window.",
            ),
        ),
    ],
    hints=[
        text(
            ko="창의 위쪽은 0에서 `height - size`까지, 왼쪽은 0에서 `width - size`까지입니다.",
            en="The top of a window goes from 0 to `height - size`, its left from 0 to `width - size`.",
        ),
        text(
            ko="가운데 창은 `((height - size) // 2, (width - size) // 2)`에서 시작합니다.",
            en="The window in the middle begins at `((height - size) // 2, (width - size) // 2)`.",
        ),
    ],
))


# The change of colour


def _colour_shift(vectors: np.ndarray, values: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return vectors @ (draws * values)


def _colour_shift_case(rng: Random) -> dict:
    numbers = np.random.default_rng(rng.randrange(2**32))
    values, vectors = np.linalg.eigh(np.cov(numbers.uniform(size=(3, 40))))
    return {"vectors": vectors, "values": 10 * values, "draws": numbers.normal(size=3)}


register(Exercise(
    key="colour_shift",
    case=_colour_shift_case,
    reference=_colour_shift,
    mistakes=[
        Mistake(
            lambda vectors, values, draws: (draws * values) @ vectors,
            text(
                ko="행을 고유 벡터로 썼습니다. `numpy.linalg.eigh`의 고유 벡터는 열입니다.",
                en="You took rows for eigenvectors. Those of `numpy.linalg.eigh` are columns.",
            ),
        ),
        Mistake(
            lambda vectors, values, draws: vectors @ draws,
            text(ko="고유값을 곱하지 않았습니다.", en="The eigenvalues are not multiplied in."),
        ),
        Mistake(
            lambda vectors, values, draws: vectors @ (draws * np.sqrt(values)),
            text(
                ko="고유값의 제곱근을 썼습니다. 논문의 식에는 고유값이 그대로 있습니다.",
                en="You took the root of the eigenvalues. In the paper's formula they stand as they are.",
            ),
        ),
        Mistake(
            lambda vectors, values, draws: vectors @ values,
            text(ko="뽑은 수 `draws`가 빠졌습니다.", en="The numbers drawn, `draws`, are missing."),
        ),
        Mistake(
            lambda vectors, values, draws: vectors * (draws * values),
            text(
                ko="성분마다 따로인 세 벡터입니다. 더해서 하나로 만드세요.",
                en="Those are three vectors, one for each component. Add them into one.",
            ),
        ),
    ],
    hints=[
        text(
            ko="고유 벡터 `i`번째는 `vectors[:, i]`이고, 거기에 `draws[i] * values[i]`를 곱합니다.",
            en="Eigenvector `i` is `vectors[:, i]`; multiply it by `draws[i] * values[i]`.",
        ),
        text(
            ko="셋을 더한 것은 행렬 곱 `vectors @ (draws * values)`와 같습니다.",
            en="The sum of the three is the matrix product `vectors @ (draws * values)`.",
        ),
    ],
))


# A tower silenced


def _silenced(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return text(
            ko="신경망과 `train.evaluate`의 결과를 튜플 하나로 건네세요.",
            en="Hand in the network and the result of `train.evaluate` as one tuple.",
        )
    network, result, measure = answer
    conv1 = getattr(getattr(network, "features", None), "conv1", None)
    if conv1 is None:
        return text(
            ko="첫째는 `network`의 복사본이어야 합니다. 그 첫 층은 `features.conv1`입니다.",
            en="The first must be a copy of `network`, whose first layer is `features.conv1`.",
        )
    half = len(conv1.weight) // 2
    silent = (conv1.weight.detach().abs().flatten(1).amax(dim=1) == 0).tolist()
    if not any(silent):
        return text(
            ko="0이 된 필터가 없습니다. `silent.features.conv1.weight`의 앞 절반을 0으로 바꾸세요.",
            en="No filter is 0. Set the first half of `silent.features.conv1.weight` to 0.",
        )
    if all(silent):
        return text(
            ko="모든 필터가 0입니다. 둘째 탑의 필터는 그대로 두세요.",
            en="All filters are 0. Leave those of the second tower as they are.",
        )
    if silent != [True] * half + [False] * half:
        return text(
            ko=f"첫째 탑은 필터 0번부터 {half - 1}번까지입니다. 다른 필터가 0이거나 빠진 것이 있습니다.",
            en=f"The first tower is filters 0 to {half - 1}. Another one is 0, or one of these is not.",
        )
    if conv1.bias.detach()[:half].abs().max() > 0:
        return text(
            ko="첫째 탑의 편향이 남아 있습니다. 가중치가 0이어도 편향은 다음 층으로 갑니다.",
            en="The biases of the first tower are left. With weights of 0 they still go on to the next layer.",
        )
    return measured.not_of(network, result, measure)


register(Exercise(
    key="silenced",
    test=_silenced,
    hints=[
        text(
            ko="`silent = copy.deepcopy(network)`로 복사하고, `conv1 = silent.features.conv1`의 가중치와 편향을 바꿉니다.",
            en="Copy with `silent = copy.deepcopy(network)` and change the weight and the bias of "
            "`conv1 = silent.features.conv1`.",
        ),
        text(
            ko="`with torch.no_grad():` 안에서 `conv1.weight[:half] = 0`, `conv1.bias[:half] = 0`이라고 씁니다.",
            en="Inside `with torch.no_grad():` write `conv1.weight[:half] = 0` and `conv1.bias[:half] = 0`.",
        ),
    ],
))
