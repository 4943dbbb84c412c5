"""The exercises of chapter 15, from R-CNN to Fast R-CNN."""

import math
from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text

Box = tuple[float, float, float, float]


def _box(rng: Random, most: int = 12) -> Box:
    x, y = rng.randint(0, most), rng.randint(0, most)
    return (x, y, x + rng.randint(2, most), y + rng.randint(2, most))


# IoU


def _shared(a: Box, b: Box) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0) * max(high, 0)


def _area(a: Box) -> float:
    return (a[2] - a[0]) * (a[3] - a[1])


def _iou_of_two(a: Box, b: Box) -> float:
    union = _area(a) + _area(b) - _shared(a, b)
    return _shared(a, b) / union if union else 0.0


def _iou_of_two_case(rng: Random) -> dict:
    a, kind = _box(rng), rng.random()
    if kind < 0.3:  # they overlap
        b = (a[0] + 1, a[1] - 1, a[2] + rng.randint(0, 4), a[3] + rng.randint(0, 3))
    elif kind < 0.45:  # apart both ways, and as far as the sides are long
        move = rng.randint(1, 5)
        b = (a[2] + move, a[3] + move, a[2] + move + rng.randint(2, 9), a[3] + move + rng.randint(2, 9))
    elif kind < 0.6:  # apart one way
        b = (a[2] + 2, a[1], a[2] + 2 + rng.randint(2, 9), a[3] + 1)
    elif kind < 0.75:  # two without area
        a, b = (a[0], a[1], a[0], a[3]), (a[0], a[1], a[0], a[1])
    else:
        b = _box(rng)
    return {"a": a, "b": b}


def _without_zero(a: Box, b: Box) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    union = _area(a) + _area(b) - wide * high
    return wide * high / union if union else 0.0


def _over_sum(a: Box, b: Box) -> float:
    total = _area(a) + _area(b)
    return _shared(a, b) / total if total else 0.0


def _over_smaller(a: Box, b: Box) -> float:
    smaller = min(_area(a), _area(b))
    return _shared(a, b) / smaller if smaller else 0.0


def _with_last_pixel(a: Box, b: Box) -> float:
    return _iou_of_two((a[0], a[1], a[2] + 1, a[3] + 1), (b[0], b[1], b[2] + 1, b[3] + 1))


def _not_empty(a: Box, b: Box) -> float:
    return _shared(a, b) / (_area(a) + _area(b) - _shared(a, b))


register(Exercise(
    key="iou_of_two",
    case=_iou_of_two_case,
    reference=_iou_of_two,
    mistakes=[
        Mistake(
            _not_empty,
            text(
                ko="두 상자의 넓이가 모두 0이면 0으로 나누게 됩니다. 그때는 0을 돌려주세요.",
                en="Where both boxes have area 0 you divide by 0. Return 0 then.",
            ),
        ),
        Mistake(
            _without_zero,
            text(
                ko="떨어져 있는 상자에서 폭이나 높이가 음수가 되었습니다. 음수 둘을 곱하면 양수입니다. 0보다 작지 않게 하세요.",
                en="For boxes that are apart, width or height became negative, and two negatives make a positive. Let neither be below 0.",
            ),
        ),
        Mistake(
            _over_sum,
            text(
                ko="두 넓이의 합으로 나누었습니다. 겹치는 넓이를 두 번 센 것이니 한 번 빼세요.",
                en="You divided by the sum of the areas, which counts what is shared twice. Subtract it once.",
            ),
        ),
        Mistake(
            _over_smaller,
            text(
                ko="작은 쪽의 넓이로 나누었습니다. 합집합의 넓이로 나누세요.",
                en="You divided by the smaller area. Divide by the area of the union.",
            ),
        ),
        Mistake(
            _with_last_pixel,
            text(
                ko="폭과 높이에 1을 더했습니다. `x2`와 `y2`는 마지막 픽셀의 번호가 아니라 상자의 경계이므로 폭은 `x2 - x1`입니다.",
                en="You added 1 to width and height. `x2` and `y2` are the edges of the box, not its last pixels, so the width is `x2 - x1`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="겹치는 부분의 폭은 `min(a[2], b[2]) - max(a[0], b[0])`이고, 음수이면 0입니다. 높이도 같은 방법으로 구합니다.",
            en="The shared part is `min(a[2], b[2]) - max(a[0], b[0])` wide, or 0 where that is negative. Its height goes the same way.",
        ),
        text(
            ko="합집합의 넓이는 두 넓이의 합에서 겹치는 넓이를 뺀 것입니다. 그것이 0이면 0을 돌려줍니다.",
            en="The union's area is the sum of both areas minus the shared area. Where it is 0, return 0.",
        ),
    ],
))


# NMS, each class by itself

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def _kept(boxes: np.ndarray, scores: np.ndarray, rival, threshold: float, order=None) -> list[int]:
    found: list[int] = []
    for i in (np.argsort(-scores) if order is None else order).tolist():
        if all(not rival(i, k) or _iou_of_two(boxes[i], boxes[k]) <= threshold for k in found):
            found.append(i)
    return found


def _suppress(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, threshold: float) -> list[int]:
    return _kept(boxes, scores, lambda i, k: labels[i] == labels[k], threshold)


def _suppress_case(rng: Random) -> dict:
    boxes = []
    for _ in range(3):
        x, y = rng.randint(0, 30), rng.randint(0, 30)
        for _ in range(3):  # several about one place, each overlaps the next
            boxes.append((x, y, x + 10, y + rng.randint(9, 12)))
            x += rng.randint(1, 4)
    scores = np.array(rng.sample(range(10, 100), len(boxes))) / 100
    labels = np.array([rng.randint(0, 1) for _ in boxes])
    return {"boxes": np.array(boxes, dtype=float), "scores": scores, "labels": labels, "threshold": rng.choice([0.35, 0.55])}


def _against_dropped(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, threshold: float) -> list[int]:
    order = np.argsort(-scores).tolist()
    return [
        i
        for place, i in enumerate(order)
        if all(labels[k] != labels[i] or _iou_of_two(boxes[i], boxes[k]) <= threshold for k in order[:place])
    ]


def _by_index(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, threshold: float) -> list[int]:
    return sorted(_suppress(boxes, scores, labels, threshold))


register(Exercise(
    key="suppress",
    case=_suppress_case,
    reference=_suppress,
    mistakes=[
        Mistake(
            lambda boxes, scores, labels, threshold: _kept(boxes, scores, lambda i, k: True, threshold),
            text(
                ko="클래스가 다른 상자도 지웠습니다. 같은 클래스의 상자끼리만 견주세요.",
                en="You dropped boxes for boxes of another class. Compare within a class only.",
            ),
        ),
        Mistake(
            _against_dropped,
            text(
                ko="버린 상자와도 견주었습니다. 이미 남긴 상자와만 견주세요.",
                en="You compared with boxes that were dropped. Compare only with those that were kept.",
            ),
        ),
        Mistake(
            lambda boxes, scores, labels, threshold: _kept(
                boxes, scores, lambda i, k: labels[i] == labels[k], threshold, np.argsort(scores)
            ),
            text(
                ko="점수가 낮은 것부터 살폈습니다. 높은 것부터 살피세요.",
                en="You began with the lowest score. Begin with the highest.",
            ),
        ),
        Mistake(
            lambda boxes, scores, labels, threshold: _kept(
                boxes, scores, lambda i, k: labels[i] == labels[k], threshold, np.arange(len(scores))
            ),
            text(
                ko="주어진 순서대로 살폈습니다. 점수가 높은 순서로 살피세요.",
                en="You went through the boxes as they stand. Go by the score, the highest first.",
            ),
        ),
        Mistake(
            _by_index,
            text(
                ko="남긴 상자는 맞지만 순서가 다릅니다. 점수가 높은 순서로 돌려주세요.",
                en="The right boxes are kept, in another order. Return the highest score first.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`np.argsort(-scores)`가 점수가 높은 순서의 번호입니다. 남긴 번호의 리스트를 하나 두고 차례로 살피세요.",
            en="`np.argsort(-scores)` gives the indices, highest score first. Go through them with a list of those kept.",
        ),
        text(
            ko="번호 `i`를 남기는 조건은 `all(iou_of_two(boxes[i], boxes[k]) <= threshold for k in kept if labels[k] == labels[i])`입니다.",
            en="Index `i` is kept if `all(iou_of_two(boxes[i], boxes[k]) <= threshold for k in kept if labels[k] == labels[i])`.",
        ),
    ],
))


# Regression in a mirror


def _offsets(proposal: Box, box: Box) -> tuple[float, float, float, float]:
    (x1, y1, x2, y2), (a1, b1, a2, b2) = proposal, box
    wide, high = x2 - x1, y2 - y1
    across, down = ((a1 + a2) - (x1 + x2)) / 2 / wide, ((b1 + b2) - (y1 + y2)) / 2 / high
    return across, down, math.log((a2 - a1) / wide), math.log((b2 - b1) / high)


def _mirrored_offsets(proposal: Box, box: Box, width: float) -> tuple[float, float, float, float]:
    across, down, wider, higher = _offsets(proposal, box)
    return -across, down, wider, higher


def _mirrored_offsets_case(rng: Random) -> dict:
    proposal = _box(rng)
    box = tuple(side + rng.choice([-1, 1]) * rng.randint(1, 2) / 2 for side in proposal)
    box = (box[0] + 2, box[1] + 3, box[2] + 4, box[3] + 4)
    return {"proposal": proposal, "box": box, "width": rng.choice([40, 64, 128])}


register(Exercise(
    key="mirrored_offsets",
    case=_mirrored_offsets_case,
    reference=_mirrored_offsets,
    mistakes=[
        Mistake(
            lambda proposal, box, width: _offsets(proposal, box),
            text(
                ko="뒤집기 전의 값이거나, 뒤집은 뒤 왼쪽과 오른쪽을 바꾸지 않아 폭이 음수가 되었습니다. 뒤집은 그림에서 왼쪽 끝은 `width - x2`입니다.",
                en="These are the values before mirroring, or left and right were not exchanged, so that the width is negative. In the mirror the left edge is `width - x2`.",
            ),
        ),
        Mistake(
            lambda proposal, box, width: tuple(sign * t for sign, t in zip((-1, -1, 1, 1), _offsets(proposal, box), strict=True)),
            text(
                ko="상하도 뒤집었습니다. 좌우 반전에서 `t_y`는 그대로입니다.",
                en="You mirrored top to bottom as well. Left to right, `t_y` stays as it is.",
            ),
        ),
        Mistake(
            lambda proposal, box, width: tuple(sign * t for sign, t in zip((-1, 1, -1, 1), _offsets(proposal, box), strict=True)),
            text(
                ko="`t_w`의 부호도 바꾸었습니다. 폭의 비율은 거울에서도 같습니다.",
                en="You changed the sign of `t_w` too. The ratio of widths is the same in a mirror.",
            ),
        ),
        Mistake(
            lambda proposal, box, width: (width - _offsets(proposal, box)[0], *_offsets(proposal, box)[1:]),
            text(
                ko="`t_x`는 위치가 아니라 차이를 제안의 폭으로 나눈 것입니다. 그림의 폭에서 빼지 마세요.",
                en="`t_x` is not a position but a difference, in widths of the proposal. Do not subtract it from the picture's width.",
            ),
        ),
        Mistake(
            lambda proposal, box, width: tuple(-t for t in _offsets(proposal, box)),
            text(
                ko="네 수의 부호를 모두 바꾸었습니다. 좌우 반전에서는 좌우로 움직이는 양인 `t_x`만 부호가 바뀝니다.",
                en="You changed the sign of all four. In a mirror only the move to the side, `t_x`, changes its sign.",
            ),
        ),
    ],
    hints=[
        text(
            ko="뒤집은 상자는 `(width - x2, y1, width - x1, y2)`입니다. 제안과 정답을 모두 뒤집고 식에 넣어 보세요.",
            en="A mirrored box is `(width - x2, y1, width - x1, y2)`. Mirror both and use the formulas.",
        ),
        text(
            ko="결과를 뒤집기 전의 네 수와 견주면 하나만 부호가 바뀌어 있습니다.",
            en="Compared with the four before, just one has changed its sign.",
        ),
    ],
))


# AP at eleven points


def _precision_recall(right: list[bool], objects: int) -> tuple[np.ndarray, np.ndarray]:
    hits = np.cumsum(right)
    return hits / np.arange(1, len(right) + 1), hits / objects


def _eleven_points(right: list[bool], objects: int) -> float:
    precision, recall = _precision_recall(right, objects)
    return sum(max(precision[recall >= r / 10 - 1e-9], default=0.0) for r in range(11)) / 11


def _eleven_points_case(rng: Random) -> dict:
    right = [rng.random() < 0.55 for _ in range(rng.randint(4, 12))]
    right[rng.randrange(2, len(right))] = True
    right[0] = rng.random() < 0.5
    return {"right": right, "objects": sum(right) + rng.randint(0, 4)}


def _no_envelope(right: list[bool], objects: int) -> float:
    """The first precision at this recall, for the greatest."""
    precision, recall = _precision_recall(right, objects)
    found = [precision[recall >= r / 10 - 1e-9] for r in range(11)]
    return sum(each[0] if len(each) else 0.0 for each in found) / 11


def _ten_points(right: list[bool], objects: int) -> float:
    precision, recall = _precision_recall(right, objects)
    return sum(max(precision[recall >= r / 10 - 1e-9], default=0.0) for r in range(1, 11)) / 10


def _of_found(right: list[bool], objects: int) -> float:
    return _eleven_points(right, sum(right))


def _only_reached(right: list[bool], objects: int) -> float:
    precision, recall = _precision_recall(right, objects)
    found = [max(precision[recall >= r / 10 - 1e-9], default=None) for r in range(11)]
    reached = [each for each in found if each is not None]
    return sum(reached) / len(reached)


def _mean_at_hits(right: list[bool], objects: int) -> float:
    precision, _ = _precision_recall(right, objects)
    return float(precision[np.array(right)].sum() / objects)


register(Exercise(
    key="eleven_points",
    case=_eleven_points_case,
    reference=_eleven_points,
    mistakes=[
        Mistake(
            _no_envelope,
            text(
                ko="재현율이 처음 `r`에 이른 자리의 정밀도를 썼습니다. 그 뒤의 자리까지 보아 가장 큰 값을 쓰세요.",
                en="You took the precision where recall first reaches `r`. Look at all later places too and take the largest.",
            ),
        ),
        Mistake(
            _of_found,
            text(
                ko="재현율을 찾은 물체의 수로 나누었습니다. 모든 물체의 수 `objects`로 나누세요.",
                en="You divided by the number of objects found. Recall is divided by all `objects`.",
            ),
        ),
        Mistake(
            _only_reached,
            text(
                ko="이르지 못한 재현율을 뺐습니다. 그곳의 정밀도는 0으로 세고, 언제나 11로 나눕니다.",
                en="You left out the recalls that are not reached. They count with precision 0; divide by 11 always.",
            ),
        ),
        Mistake(
            _ten_points,
            text(
                ko="재현율 0이 빠져 열 곳입니다. 0, 0.1, …, 1은 열한 곳입니다.",
                en="Recall 0 is missing, which leaves ten places. 0, 0.1, …, 1 are eleven.",
            ),
        ),
        Mistake(
            _mean_at_hits,
            text(
                ko="맞은 자리의 정밀도를 평균했습니다. 열한 재현율에서의 값을 평균하세요.",
                en="You took the mean precision at the right answers. Take the mean over the eleven recalls.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`np.cumsum(right)`가 맞은 수입니다. 그것을 1, 2, 3, …으로 나누면 정밀도, `objects`로 나누면 재현율입니다.",
            en="`np.cumsum(right)` counts the hits. Divided by 1, 2, 3, … it is precision, divided by `objects` recall.",
        ),
        text(
            ko="각 `r`에서 `max(precision[recall >= r - 1e-9], default=0.0)`을 더하고 11로 나눕니다.",
            en="Add up `max(precision[recall >= r - 1e-9], default=0.0)` for each `r`, and divide by 11.",
        ),
    ],
))


# The bins of a RoI

Bins = list[tuple[int, int]]


def _divided(first: int, cells: int, n: int) -> Bins:
    return [(first + cells * i // n, first - (-cells * (i + 1) // n)) for i in range(n)]


def _rounded(side: float) -> int:
    return math.floor(side + 0.5)


def _roi_bins(start: float, stop: float, stride: int, n: int) -> Bins:
    first, last = _rounded(start / stride), _rounded(stop / stride)
    return _divided(first, max(last - first + 1, 1), n)


def _roi_bins_case(rng: Random) -> dict:
    stride = rng.choice([4, 8, 16])
    start = rng.randint(0, 60)
    return {"start": start, "stop": start + stride * rng.randint(2, 11) + rng.randint(0, stride), "stride": stride,
            "n": rng.choice([2, 3, 4, 7])}  # fmt: skip


def _rounded_down(start: float, stop: float, stride: int, n: int) -> Bins:
    first, last = start // stride, stop // stride
    return _divided(first, max(last - first + 1, 1), n)


def _last_left_out(start: float, stop: float, stride: int, n: int) -> Bins:
    first, last = _rounded(start / stride), _rounded(stop / stride)
    return _divided(first, max(last - first, 1), n)


def _apart(start: float, stop: float, stride: int, n: int) -> Bins:
    first, last = _rounded(start / stride), _rounded(stop / stride)
    cells = max(last - first + 1, 1)
    return [(first + cells * i // n, first + cells * (i + 1) // n) for i in range(n)]


def _from_zero(start: float, stop: float, stride: int, n: int) -> Bins:
    first, last = _rounded(start / stride), _rounded(stop / stride)
    return _divided(0, max(last - first + 1, 1), n)


def _with_last(start: float, stop: float, stride: int, n: int) -> Bins:
    return [(a, b - 1) for a, b in _roi_bins(start, stop, stride, n)]


register(Exercise(
    key="roi_bins",
    case=_roi_bins_case,
    reference=_roi_bins,
    mistakes=[
        Mistake(
            _rounded_down,
            text(
                ko="상자의 두 끝을 내림했습니다. `math.floor(v + 0.5)`로 반올림하세요.",
                en="You rounded the ends of the box down. Round them to the nearest with `math.floor(v + 0.5)`.",
            ),
        ),
        Mistake(
            _last_left_out,
            text(
                ko="칸 수가 하나 모자랍니다. 마지막 칸까지 세면 `last - first + 1`입니다.",
                en="One cell is missing: with the last one counted there are `last - first + 1`.",
            ),
        ),
        Mistake(
            _apart,
            text(
                ko="구획의 끝도 내림했습니다. 끝은 올림이어서 이웃한 두 구획이 한 칸을 함께 쓸 수 있습니다.",
                en="You rounded the bins' ends down, too. They are rounded up, so that two neighbours may share a cell.",
            ),
        ),
        Mistake(
            _from_zero,
            text(
                ko="0에서 시작했습니다. 첫 칸은 상자가 시작하는 칸입니다.",
                en="You began with 0. The first cell is the one where the box begins.",
            ),
        ),
        Mistake(
            _with_last,
            text(
                ko="구획의 끝이 하나 작습니다. 마지막 칸의 번호에 1을 더한 수를 돌려주세요.",
                en="The ends are one too small. Return one more than the last cell.",
            ),
        ),
    ],
    hints=[
        text(
            ko="칸 수를 `cells`라 하면 `i`번째 구획(0번째부터)은 `first + cells * i / n`을 내림한 칸에서 시작합니다.",
            en="With `cells` cells in all, bin `i`, counted from 0, begins at `first + cells * i / n`, rounded down.",
        ),
        text(
            ko="끝은 `first + cells * (i + 1) / n`을 올림한 것입니다. 파이썬에서 올림 나눗셈은 `-(-a // n)`입니다.",
            en="It ends at `first + cells * (i + 1) / n`, rounded up. In Python a division rounds up as `-(-a // n)`.",
        ),
    ],
))


# Fewer proposals


def _thirty_proposals(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 2 or not callable(answer[1]):
        return text(
            ko="`thirty_map`과 `map_of_first`를 튜플 하나로 건네세요.",
            en="Hand in `thirty_map` and `map_of_first` as one tuple.",
        )
    found, measure = answer
    try:
        found = float(found)
    except (TypeError, ValueError):
        return text(ko="`thirty_map`은 수 하나여야 합니다.", en="`thirty_map` must be one number.")
    if not 0 <= found <= 1:
        return text(
            ko=f"mAP는 0에서 1까지의 수입니다. 건넨 수는 {found:g}입니다.",
            en=f"An mAP is a number from 0 to 1. You handed in {found:g}.",
        )
    right = float(measure(30))
    if abs(found - right) <= 0.005:
        return None
    if abs(found - float(measure(10**6))) <= 0.005:
        return text(
            ko="제안을 모두 주었을 때의 값입니다. 장면마다 처음 30개, `boxes[:30]`만 주세요.",
            en="That is the value with all proposals. Give each scene only `boxes[:30]`.",
        )
    return text(
        ko=f"다시 재면 {right:.3f}인데 건넨 수는 {found:.3f}입니다. `measured(...)[0]`이 IoU 0.5의 mAP입니다.",
        en=f"Measured again it is {right:.3f}, and you handed in {found:.3f}. The mAP at IoU 0.5 is `measured(...)[0]`.",
    )


register(Exercise(
    key="thirty_proposals",
    test=_thirty_proposals,
    hints=[
        text(
            ko="장면마다 `detect_fast(image, boxes[:30])`을 부르고 결과를 리스트에 모읍니다.",
            en="Call `detect_fast(image, boxes[:30])` for each scene and collect the results in a list.",
        ),
        text(
            ko="`measured(list)[0]`이 mAP@0.5입니다.",
            en="`measured(list)[0]` is the mAP@0.5.",
        ),
    ],
))
