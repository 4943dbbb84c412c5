"""The exercises of chapter 14, semantic segmentation."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, measured, register, text
from cnnbook.exercises.shared import is_number


def _chance(rng: Random) -> np.random.Generator:
    return np.random.default_rng(rng.randrange(2**32))


# Two masks


def _mask_iou(a: np.ndarray, b: np.ndarray) -> float:
    union = (a | b).sum()
    return (a & b).sum() / union if union else 0.0


def _mask_iou_case(rng: Random) -> dict:
    chance = _chance(rng)
    shape = (rng.randint(2, 4), rng.randint(3, 5))
    if rng.random() < 0.1:
        return {"a": np.zeros(shape, dtype=bool), "b": np.zeros(shape, dtype=bool)}
    return {"a": chance.random(shape) < 0.5, "b": chance.random(shape) < 0.6}


def _safe(top: Any, bottom: Any) -> float:
    return float(top / bottom) if bottom else 0.0


register(Exercise(
    key="mask_iou",
    case=_mask_iou_case,
    reference=_mask_iou,
    mistakes=[
        Mistake(
            lambda a, b: _safe((a & b).sum(), a.sum() + b.sum()),
            text(
                ko="두 넓이의 합으로 나누었습니다. 겹친 부분이 두 번 들어 있습니다. 합집합의 넓이로 나누세요.",
                en="You divided by the sum of the two areas, which counts what they share twice. Divide by the area of the union.",
            ),
        ),
        Mistake(
            lambda a, b: _safe(2 * (a & b).sum(), a.sum() + b.sum()),
            text(
                ko="다이스 계수입니다. IoU는 교집합의 넓이를 합집합의 넓이로 나눈 것입니다.",
                en="That is the Dice coefficient. IoU is the area of the intersection over that of the union.",
            ),
        ),
        Mistake(
            lambda a, b: _safe((a & b).sum(), b.sum()),
            text(
                ko="`b`의 넓이로만 나누었습니다. `a`에만 있는 픽셀도 합집합에 듭니다.",
                en="You divided by the area of `b` alone. Pixels of `a` alone are in the union, too.",
            ),
        ),
        Mistake(
            lambda a, b: _safe((a & b).sum(), a.sum()),
            text(
                ko="`a`의 넓이로만 나누었습니다. `b`에만 있는 픽셀도 합집합에 듭니다.",
                en="You divided by the area of `a` alone. Pixels of `b` alone are in the union, too.",
            ),
        ),
        Mistake(
            lambda a, b: float((a == b).mean()),
            text(
                ko="픽셀 정확도입니다. 둘 다 아닌 픽셀은 IoU에 들지 않습니다.",
                en="That is pixel accuracy. Pixels that are in neither do not count in an IoU.",
            ),
        ),
        Mistake(
            lambda a, b: float((a & b).sum() / (a | b).sum()) if (a | b).any() else 1.0,
            text(
                ko="둘 다 비어 있을 때만 틀립니다. 그때는 0을 돌려주세요.",
                en="It is wrong only where both are empty. Return 0 there.",
            ),
        ),
    ],
    hints=[
        text(ko="교집합은 `a & b`, 합집합은 `a | b`입니다.", en="The intersection is `a & b`, the union is `a | b`."),
        text(
            ko="넓이는 `.sum()`입니다. 합집합이 0이면 나누지 말고 0을 돌려주세요.",
            en="An area is a `.sum()`. Where the union is 0 do not divide, return 0.",
        ),
    ],
))


# The mean over the classes


def _mean_iou(counts: np.ndarray) -> float:
    right = np.diag(counts)
    union = counts.sum(axis=0) + counts.sum(axis=1) - right
    return (right[union > 0] / union[union > 0]).mean()


def _mean_iou_case(rng: Random) -> dict:
    chance, size = _chance(rng), rng.randint(3, 5)
    counts = chance.integers(1, 20, (size, size)) + np.diag(chance.integers(10, 60, size))
    missing = rng.randrange(size)
    if rng.random() < 0.5:
        counts[missing], counts[:, missing] = 0, 0
    return {"counts": counts}


def _each(counts: np.ndarray, bottom: np.ndarray, absent: float | None = None) -> float:
    right = np.diag(counts)
    shares = np.divide(right, bottom, out=np.full(len(right), np.nan), where=bottom > 0)
    return float(np.nanmean(shares) if absent is None else np.nan_to_num(shares, nan=absent).mean())


register(Exercise(
    key="mean_iou",
    case=_mean_iou_case,
    reference=_mean_iou,
    mistakes=[
        Mistake(
            lambda counts: float(np.diag(counts).sum() / counts.sum()),
            text(
                ko="픽셀 정확도입니다. 클래스마다 IoU를 구한 다음 평균하세요.",
                en="That is pixel accuracy. Find the IoU of each class, then take the mean.",
            ),
        ),
        Mistake(
            lambda counts: _each(counts, counts.sum(axis=1)),
            text(
                ko="행의 합으로만 나누었습니다. 그것은 재현율입니다. 그 클래스라고 잘못 답한 픽셀도 합집합에 듭니다.",
                en="You divided by the sums of the rows: that is recall. Pixels wrongly called this class are in the union, too.",
            ),
        ),
        Mistake(
            lambda counts: _each(counts, counts.sum(axis=0)),
            text(
                ko="열의 합으로만 나누었습니다. 그것은 정밀도입니다. 놓친 픽셀도 합집합에 듭니다.",
                en="You divided by the sums of the columns: that is precision. Pixels that were missed are in the union, too.",
            ),
        ),
        Mistake(
            lambda counts: _each(counts, counts.sum(axis=0) + counts.sum(axis=1)),
            text(
                ko="맞힌 픽셀이 행과 열에 한 번씩, 두 번 들어갔습니다. 한 번 빼세요.",
                en="The right pixels are in the sum twice, once in the row and once in the column. Subtract them once.",
            ),
        ),
        Mistake(
            lambda counts: _each(counts, counts.sum(axis=0) + counts.sum(axis=1) - np.diag(counts), absent=0.0),
            text(
                ko="없는 클래스를 0으로 쳐서 평균했습니다. 실제로도 없고 답한 적도 없는 클래스는 빼세요.",
                en="A class that does not occur counts as 0 in your mean. Leave out classes that are neither there nor called.",
            ),
        ),
        Mistake(
            lambda counts: _each(counts, counts.sum(axis=0) + counts.sum(axis=1) - np.diag(counts), absent=1.0),
            text(
                ko="없는 클래스를 1로 쳐서 평균했습니다. 실제로도 없고 답한 적도 없는 클래스는 빼세요.",
                en="A class that does not occur counts as 1 in your mean. Leave out classes that are neither there nor called.",
            ),
        ),
    ],
    hints=[
        text(
            ko="맞힌 픽셀은 `np.diag(counts)`, 합집합은 행의 합과 열의 합을 더하고 맞힌 픽셀을 한 번 뺀 것입니다.",
            en="The right pixels are `np.diag(counts)`; the union is the row's sum plus the column's, less the right ones once.",
        ),
        text(
            ko="`union > 0`인 클래스만 골라서 평균하세요.",
            en="`union > 0` picks the classes that are there or called.",
        ),
    ],
))


# A dense layer's vectors as filters


def _as_filters(weights: np.ndarray, channels: int) -> np.ndarray:
    side = round((weights.shape[1] / channels) ** 0.5)
    return weights.reshape(len(weights), channels, side, side)


def _as_filters_case(rng: Random) -> dict:
    channels, side, units = rng.randint(2, 4), rng.randint(2, 3), rng.randint(2, 5)
    return {"weights": _chance(rng).normal(size=(units, channels * side**2)).round(2), "channels": channels}


register(Exercise(
    key="as_filters",
    case=_as_filters_case,
    reference=_as_filters,
    mistakes=[
        Mistake(
            lambda weights, channels: np.moveaxis(_as_filters(weights, channels), 1, -1),
            text(
                ko="채널이 맨 뒤에 있습니다. PyTorch의 필터는 `(units, channels, side, side)`입니다.",
                en="The channels are at the end. A filter in PyTorch is `(units, channels, side, side)`.",
            ),
        ),
        Mistake(
            lambda weights, channels: np.moveaxis(
                weights.reshape(len(weights), *[round((weights.shape[1] / channels) ** 0.5)] * 2, channels), -1, 1
            ),
            text(
                ko="모양은 맞지만 값의 순서가 다릅니다. 펼 때 채널이 가장 바깥에 있었습니다.",
                en="The shape is right, the order of the values is not. When the map was flattened, channels were outermost.",
            ),
        ),
        Mistake(
            lambda weights, channels: _as_filters(weights, channels).transpose(0, 1, 3, 2),
            text(
                ko="높이와 폭이 바뀌었습니다.",
                en="Height and width are exchanged.",
            ),
        ),
        Mistake(
            lambda weights, channels: _as_filters(weights, channels)[:, :, ::-1, ::-1],
            text(
                ko="필터를 뒤집었습니다. 라이브러리의 합성곱은 뒤집지 않으므로 그대로 두어야 합니다.",
                en="You flipped the filters. The convolution of libraries does not flip, so they stay as they are.",
            ),
        ),
        Mistake(
            lambda weights, channels: _as_filters(weights, channels).transpose(1, 0, 2, 3),
            text(
                ko="유닛과 채널이 바뀌었습니다. 유닛 하나가 필터 하나입니다.",
                en="Units and channels are exchanged. Each unit is one filter.",
            ),
        ),
    ],
    hints=[
        text(
            ko="값은 하나도 바뀌지 않습니다. `reshape` 하나면 됩니다.",
            en="No value changes. One `reshape` does it.",
        ),
        text(
            ko="`side`는 `weights.shape[1] / channels`의 제곱근입니다. 정수로 만드세요.",
            en="`side` is the square root of `weights.shape[1] / channels`. Make it an integer.",
        ),
    ],
))


# Bed of nails


def _nails(x: np.ndarray, factor: int) -> np.ndarray:
    large = np.zeros((factor * x.shape[0], factor * x.shape[1]))
    large[::factor, ::factor] = x
    return large


def _nails_case(rng: Random) -> dict:
    x = _chance(rng).normal(size=(rng.randint(2, 3), rng.randint(2, 4))).round(1)
    return {"x": np.where(x == 0, 0.5, x), "factor": rng.choice([2, 3])}


def _last_corner(x: np.ndarray, factor: int) -> np.ndarray:
    large = np.zeros((factor * x.shape[0], factor * x.shape[1]))
    large[factor - 1 :: factor, factor - 1 :: factor] = x
    return large


register(Exercise(
    key="nails",
    case=_nails_case,
    reference=_nails,
    mistakes=[
        Mistake(
            lambda x, factor: x.repeat(factor, axis=0).repeat(factor, axis=1),
            text(
                ko="최근접 이웃 언풀링입니다. 못 침대에서는 왼쪽 위 칸 말고는 0입니다.",
                en="That is nearest-neighbour unpooling. In a bed of nails all but the upper left cell are 0.",
            ),
        ),
        Mistake(
            _last_corner,
            text(
                ko="값이 창의 오른쪽 아래에 있습니다. 왼쪽 위에 놓으세요.",
                en="The values are in the lower right corners. Put them in the upper left ones.",
            ),
        ),
        Mistake(
            lambda x, factor: _nails(x, factor)[: factor * (len(x) - 1) + 1, : factor * (x.shape[1] - 1) + 1],
            text(
                ko="마지막 값 뒤의 0이 빠졌습니다. 높이는 `factor * H`, 폭은 `factor * W`입니다.",
                en="The zeros after the last values are missing. The height is `factor * H`, the width `factor * W`.",
            ),
        ),
        Mistake(
            lambda x, factor: _nails(x.T, factor).T[:, ::-1],
            text(ko="좌우가 뒤집혔습니다.", en="Left and right are exchanged."),
        ),
        Mistake(
            lambda x, factor: _nails(x, factor) * factor**2,
            text(
                ko="값에 창의 넓이를 곱했습니다. 값은 그대로 놓습니다.",
                en="You multiplied the values by the area of a window. They stay as they are.",
            ),
        ),
    ],
    hints=[
        text(ko="0으로 채운 큰 배열을 먼저 만드세요.", en="First make the large array of zeros."),
        text(
            ko="`large[::factor, ::factor]`가 창마다의 왼쪽 위 칸입니다.",
            en="`large[::factor, ::factor]` are the upper left cells of the windows.",
        ),
    ],
))


# The transposed convolution


def _stamped(x: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    k = len(weight)
    out = np.zeros([(n - 1) * stride + k for n in x.shape])
    for i, j in np.ndindex(*x.shape):
        out[i * stride : i * stride + k, j * stride : j * stride + k] += x[i, j] * weight
    return out


def _stamped_case(rng: Random) -> dict:
    chance, stride = _chance(rng), rng.choice([2, 3])
    x, k = chance.normal(size=(rng.randint(2, 3), rng.randint(2, 4))).round(1), stride + rng.randint(1, 2)
    return {"x": x, "weight": chance.normal(size=(k, k)).round(1), "stride": stride}


def _overwritten(x: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    k = len(weight)
    out = np.zeros([(n - 1) * stride + k for n in x.shape])
    for i, j in np.ndindex(*x.shape):
        out[i * stride : i * stride + k, j * stride : j * stride + k] = x[i, j] * weight
    return out


register(Exercise(
    key="stamped",
    case=_stamped_case,
    reference=_stamped,
    mistakes=[
        Mistake(
            _overwritten,
            text(
                ko="겹치는 곳에서 앞의 도장을 덮어썼습니다. `+=`로 더하세요.",
                en="Where stamps overlap, the later one overwrites the earlier. Add by `+=`.",
            ),
        ),
        Mistake(
            lambda x, weight, stride: _stamped(x, weight[::-1, ::-1], stride),
            text(
                ko="필터를 뒤집었습니다. 도장은 필터 그대로 찍습니다.",
                en="You flipped the filter. It is stamped as it is.",
            ),
        ),
        Mistake(
            lambda x, weight, stride: _stamped(x, weight.T, stride),
            text(
                ko="필터를 전치했습니다. 전치하는 것은 합성곱의 큰 행렬이지 필터가 아닙니다.",
                en="You transposed the filter. What is transposed is the large matrix of the convolution, not the filter.",
            ),
        ),
        Mistake(
            lambda x, weight, stride: _stamped(x, weight, 1),
            text(
                ko="도장을 한 칸씩 옮겼습니다. `stride`칸씩 옮기세요.",
                en="The stamps are one cell apart. Move them `stride` cells each time.",
            ),
        ),
        Mistake(
            lambda x, weight, stride: _stamped(x, weight, stride)[: stride * len(x), : stride * x.shape[1]],
            text(
                ko="마지막 도장의 끝이 잘렸습니다. 높이는 `(h - 1) * stride + k`입니다.",
                en="The ends of the last stamps are cut off. The height is `(h - 1) * stride + k`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`x[i, j] * weight`를 `out`의 `i * stride`번째 행, `j * stride`번째 열부터 찍습니다.",
            en="Stamp `x[i, j] * weight` on `out` from row `i * stride` and column `j * stride` on.",
        ),
        text(
            ko="`out[top : top + k, left : left + k] += x[i, j] * weight`입니다.",
            en="That is `out[top : top + k, left : left + k] += x[i, j] * weight`.",
        ),
    ],
))


# Without the skips


def _no_skips(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 4:
        return text(
            ko="바꾼 신경망, mIoU, 원래 신경망, 재는 함수를 튜플 하나로 건네세요.",
            en="Hand in the changed network, its mean IoU, the original and the function that measures, as one tuple.",
        )
    network, score, whole, measure = answer
    if not hasattr(network, "skips"):
        return text(
            ko="첫째는 `skips`가 있는 FCN이어야 합니다.",
            en="The first must be an FCN, with `skips`.",
        )
    if network is whole or all(float(p.detach().abs().max()) == 0 for p in whole.skips.parameters()):
        return text(
            ko="`networks[\"FCN-2\"]` 자체를 바꾸었습니다. 훈련하는 셀을 다시 실행해서 되돌린 다음, `copy.deepcopy`로 만든 사본을 바꾸세요.",
            en="You changed `networks[\"FCN-2\"]` itself. Run the cell that trains it once more, then change a copy made by `copy.deepcopy`.",
        )
    left = [name for name, value in network.skips.named_parameters() if float(value.detach().abs().max()) > 0]
    if any("weight" in name for name in left):
        return text(
            ko="0이 아닌 가중치가 남아 있습니다. `skips`에 있는 두 층의 가중치와 편향을 모두 0으로 놓으세요.",
            en="Some weights are not 0. Set the weights and biases of both layers of `skips` to 0.",
        )
    if left:
        return text(
            ko="가중치는 0인데 편향이 남아 있습니다. 편향도 0으로 놓으세요.",
            en="The weights are 0, but biases are left. Set them to 0 as well.",
        )
    pairs = zip(network.state_dict().items(), whole.state_dict().values(), strict=True)
    if not all(mine.equal(theirs) for (name, mine), theirs in pairs if not name.startswith("skips")):
        return text(
            ko="`skips` 말고 다른 가중치도 훈련한 것과 다릅니다. 훈련한 신경망의 사본에서 `skips`만 바꾸세요.",
            en="Other weights than those of `skips` differ from the trained ones. Change `skips` alone, in a copy of the trained network.",
        )
    if not is_number(score) or not 0 <= float(score) <= 1:
        return text(
            ko="mIoU는 0에서 1까지의 수 하나입니다. `measure`가 돌려주는 것 가운데 둘째입니다.",
            en="The mean IoU is one number from 0 to 1: the second of what `measure` returns.",
        )
    if measured.not_accuracy_of(network, float(score), measure):
        return text(
            ko=f"이 신경망을 다시 재면 mIoU가 {float(measure(network)):.3f}인데, 건넨 수는 {float(score):.3f}입니다.",
            en=f"Measured again, this network has a mean IoU of {float(measure(network)):.3f}, and you handed in {float(score):.3f}.",
        )
    return None


register(Exercise(
    key="no_skips",
    test=_no_skips,
    hints=[
        text(
            ko="`changed = copy.deepcopy(networks[\"FCN-2\"])`로 사본을 만들고 `for skip in changed.skips:`로 두 층을 꺼냅니다.",
            en="Copy by `changed = copy.deepcopy(networks[\"FCN-2\"])`; `for skip in changed.skips:` gives the two layers.",
        ),
        text(
            ko="`nn.init.zeros_(skip.weight)`와 `nn.init.zeros_(skip.bias)`로 0을 채우고, `measure(changed)[1]`을 쓰세요.",
            en="Fill by `nn.init.zeros_(skip.weight)` and `nn.init.zeros_(skip.bias)`, and take `measure(changed)[1]`.",
        ),
    ],
))
