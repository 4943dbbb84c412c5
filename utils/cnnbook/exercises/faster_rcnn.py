"""The exercises of chapter 16, Faster R-CNN."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text

Box = tuple[float, float, float, float]


# One anchor


def _about(x: float, y: float, wide: float, high: float) -> Box:
    return (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def _anchor_at(row: int, column: int, stride: int, size: float, ratio: float) -> Box:
    return _about((column + 0.5) * stride, (row + 0.5) * stride, size / ratio**0.5, size * ratio**0.5)


def _anchor_at_case(rng: Random) -> dict:
    row, column = rng.sample(range(40), 2)
    return {"row": row, "column": column, "stride": rng.choice([4, 8, 16]), "size": rng.choice([14, 22, 34, 128]),
            "ratio": rng.choice([0.25, 0.5, 2, 3])}  # fmt: skip


register(Exercise(
    key="anchor_at",
    case=_anchor_at_case,
    reference=_anchor_at,
    mistakes=[
        Mistake(
            lambda row, column, stride, size, ratio: _anchor_at(column, row, stride, size, ratio),
            text(
                ko="행과 열이 바뀌었습니다. `x`는 열에서, `y`는 행에서 나옵니다.",
                en="Row and column are exchanged: `x` comes from the column, `y` from the row.",
            ),
        ),
        Mistake(
            lambda row, column, stride, size, ratio: _about(column * stride, row * stride, size / ratio**0.5, size * ratio**0.5),
            text(
                ko="칸의 왼쪽 위 모서리를 중심으로 했습니다. 한가운데는 반 칸 더 간 곳입니다.",
                en="It is centred on the upper left corner of the cell. The middle is half a cell further.",
            ),
        ),
        Mistake(
            lambda row, column, stride, size, ratio: _anchor_at(row, column, stride, size, 1 / ratio),
            text(
                ko="비율이 뒤집혔습니다. `ratio`는 높이를 폭으로 나눈 값이므로 2이면 세로로 깁니다.",
                en="The ratio is upside down. It is height divided by width, so that 2 is an upright box.",
            ),
        ),
        Mistake(
            lambda row, column, stride, size, ratio: _about((column + 0.5) * stride, (row + 0.5) * stride, size, size * ratio),
            text(
                ko="넓이가 `size`의 제곱이 아닙니다. 폭과 높이에 비율의 제곱근을 나누어 주세요.",
                en="The area is not the square of `size`. Divide the ratio between both sides by its root.",
            ),
        ),
        Mistake(
            lambda row, column, stride, size, ratio: _about(
                (column + 0.5) * stride, (row + 0.5) * stride, 2 * size / ratio**0.5, 2 * size * ratio**0.5
            ),
            text(
                ko="두 배로 큽니다. 중심에서 양쪽으로 폭의 절반씩 갑니다.",
                en="It is twice as large. From the middle it reaches half of the width to each side.",
            ),
        ),
    ],
    hints=[
        text(
            ko="폭 w와 높이 h는 w · h = size²이고 h / w = ratio입니다. 두 식을 풀어 보세요.",
            en="For width w and height h, w · h = size² and h / w = ratio. Solve for both.",
        ),
        text(
            ko="폭은 `size / ratio**0.5`, 높이는 `size * ratio**0.5`, 중심은 `((column + 0.5) * stride, (row + 0.5) * stride)`입니다.",
            en="The width is `size / ratio**0.5`, the height `size * ratio**0.5`, the middle `((column + 0.5) * stride, (row + 0.5) * stride)`.",
        ),
    ],
))


# Labels of anchors


def _labelled(overlaps: np.ndarray, low: float, positive: np.ndarray) -> np.ndarray:
    return np.where(positive, 1, np.where(overlaps.max(axis=1) < low, 0, -1))


def _best_of_objects(overlaps: np.ndarray) -> np.ndarray:
    most = overlaps.max(axis=0)
    return ((overlaps == most) & (most > 0)).any(axis=1)


def _label_anchors(overlaps: np.ndarray, high: float, low: float) -> np.ndarray:
    return _labelled(overlaps, low, (overlaps.max(axis=1) >= high) | _best_of_objects(overlaps))


def _label_anchors_case(rng: Random) -> dict:
    count, objects = rng.randint(6, 10), rng.randint(2, 4)
    levels = [[rng.choice([0, 0.1, 0.2, 0.35, 0.5, 0.6, 0.8]) for _ in range(objects)] for _ in range(count)]
    overlaps = np.array(levels)
    if rng.random() < 0.4:
        overlaps[0] = 0.5  # of all objects
        return {"overlaps": overlaps, "high": 0.7, "low": 0.3}
    overlaps[:, 0] = np.minimum(overlaps[:, 0], 0.2)  # its best anchors have a low IoU, and tie
    overlaps[: rng.randint(2, 3), 0] = 0.2
    overlaps[0, 1:] = 0.1
    if rng.random() < 0.5:
        overlaps[:, -1] = 0  # no anchor touches it
    return {"overlaps": overlaps, "high": rng.choice([0.7, 0.6]), "low": rng.choice([0.3, 0.35])}


def _first_of_ties(overlaps: np.ndarray, high: float, low: float) -> np.ndarray:
    rescued = np.zeros(len(overlaps), dtype=bool)
    for column in overlaps.T:
        rescued[column.argmax()] |= column.max() > 0
    return _labelled(overlaps, low, (overlaps.max(axis=1) >= high) | rescued)


def _untouched(overlaps: np.ndarray, high: float, low: float) -> np.ndarray:
    rescued = (overlaps == overlaps.max(axis=0)).any(axis=1)
    return _labelled(overlaps, low, (overlaps.max(axis=1) >= high) | rescued)


register(Exercise(
    key="label_anchors",
    case=_label_anchors_case,
    reference=_label_anchors,
    mistakes=[
        Mistake(
            lambda overlaps, high, low: _labelled(overlaps, low, overlaps.max(axis=1) >= high),
            text(
                ko="물체마다 IoU가 가장 큰 앵커가 빠졌습니다. `high`에 이르지 못해도 긍정입니다.",
                en="The best anchor of each object is missing. It is positive even below `high`.",
            ),
        ),
        Mistake(
            _first_of_ties,
            text(
                ko="IoU가 똑같이 가장 큰 앵커가 여럿이면 모두 긍정입니다. `argmax`는 첫째만 줍니다.",
                en="Where several anchors tie for the greatest IoU, all are positive. `argmax` gives the first only.",
            ),
        ),
        Mistake(
            _untouched,
            text(
                ko="어떤 앵커와도 겹치지 않는 물체는 가장 큰 IoU가 0입니다. 그때 모든 앵커가 긍정이 되어서는 안 됩니다.",
                en="An object that no anchor touches has a greatest IoU of 0. It must not make every anchor positive.",
            ),
        ),
        Mistake(
            lambda overlaps, high, low: np.where(
                overlaps.max(axis=1) < low, 0, np.where((overlaps.max(axis=1) >= high) | _best_of_objects(overlaps), 1, -1)
            ),
            text(
                ko="물체에 가장 좋은 앵커인데도 IoU가 `low`보다 작다고 부정이 되었습니다. 긍정을 나중에 적으세요.",
                en="The best anchor of an object became negative, as its IoU is below `low`. Write the positives last.",
            ),
        ),
        Mistake(
            lambda overlaps, high, low: (
                (overlaps.max(axis=1) >= high) | _best_of_objects(overlaps)
            ).astype(int),
            text(
                ko="-1이 없습니다. `low`와 `high` 사이의 앵커는 배우지 않습니다.",
                en="There is no -1. Anchors between `low` and `high` learn nothing.",
            ),
        ),
        Mistake(
            lambda overlaps, high, low: np.where(
                (overlaps.max(axis=1) >= high) | _best_of_objects(overlaps), 1, np.where((overlaps < low).any(axis=1), 0, -1)
            ),
            text(
                ko="물체 하나와만 `low`보다 작아도 부정으로 했습니다. 모든 물체와 작아야 합니다.",
                en="An anchor below `low` with just one object became negative. It must be below with all of them.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`overlaps.max(axis=1)`은 앵커마다, `overlaps.max(axis=0)`은 물체마다 가장 큰 IoU입니다.",
            en="`overlaps.max(axis=1)` is the greatest IoU of each anchor, `overlaps.max(axis=0)` that of each object.",
        ),
        text(
            ko="먼저 0과 -1을 적고 나중에 1을 덮어씁니다. 둘째 규칙은 `((overlaps == most) & (most > 0)).any(axis=1)`입니다.",
            en="Write 0 and -1 first, then 1 over them. The second rule is `((overlaps == most) & (most > 0)).any(axis=1)`.",
        ),
    ],
))


# The parameters of an RPN


def _rpn_parameters(channels: int, hidden: int, k: int) -> int:
    return 9 * channels * hidden + hidden + 5 * k * (hidden + 1)


def _rpn_parameters_case(rng: Random) -> dict:
    channels, hidden = rng.sample([16, 32, 64, 128, 256, 512], 2)
    return {"channels": channels, "hidden": hidden, "k": rng.choice([3, 6, 9, 12])}


register(Exercise(
    key="rpn_parameters",
    case=_rpn_parameters_case,
    reference=_rpn_parameters,
    mistakes=[
        Mistake(
            lambda channels, hidden, k: 9 * channels * hidden + 5 * k * hidden,
            text(ko="편향이 빠졌습니다.", en="Biases are missing."),
        ),
        Mistake(
            lambda channels, hidden, k: 9 * channels * hidden + hidden + 6 * k * (hidden + 1),
            text(
                ko="객체성을 앵커마다 두 개로 세었습니다. 여기서는 로짓 하나입니다.",
                en="You counted two outputs of objectness for each anchor. Here it is one logit.",
            ),
        ),
        Mistake(
            lambda channels, hidden, k: channels * hidden + hidden + 5 * k * (hidden + 1),
            text(
                ko="첫 합성곱을 1×1로 세었습니다. 3×3이므로 가중치가 아홉 배입니다.",
                en="You counted the first convolution as 1×1. It is 3×3 and has nine times as many weights.",
            ),
        ),
        Mistake(
            lambda channels, hidden, k: 9 * channels * hidden + hidden + 5 * k * (channels + 1),
            text(
                ko="1×1 합성곱은 특징 맵이 아니라 3×3 합성곱의 출력을 읽습니다.",
                en="The 1×1 convolutions read the outputs of the 3×3 convolution, and not the maps.",
            ),
        ),
        Mistake(
            lambda channels, hidden, k: 9 * channels * hidden + hidden + 4 * k * (hidden + 1),
            text(ko="객체성의 층이 빠졌습니다.", en="The layer of objectness is missing."),
        ),
    ],
    hints=[
        text(
            ko="3×3 합성곱 하나에는 가중치가 9 · channels · hidden개, 편향이 hidden개 있습니다.",
            en="The 3×3 convolution has 9 · channels · hidden weights and hidden biases.",
        ),
        text(
            ko="출력 하나에 `hidden + 1`개가 들고, 칸마다 출력이 `k + 4 * k`개입니다.",
            en="One output takes `hidden + 1`, and each cell has `k + 4 * k` outputs.",
        ),
    ],
))


# The two losses of an RPN

Losses = tuple[float, float]


def _losses(logits, labels, offsets, targets, *, of_all=False, near=None, beta=1 / 9, over=None) -> Losses:
    counted, positive = labels >= 0, labels == 1
    each = np.logaddexp(0, np.where(positive, -logits, logits))
    d = np.abs(offsets - targets)[positive if near is None else near(labels)]
    boxes = np.where(d < beta, d**2 / (2 * beta), d - beta / 2).sum()
    objects = each.sum() / len(labels) if of_all else each[counted].sum() / counted.sum()
    return float(objects), float(boxes / (counted.sum() if over is None else over(labels)))


def _rpn_losses_case(rng: Random) -> dict:
    random = np.random.default_rng(rng.randrange(2**31))
    count = rng.randint(8, 14)
    labels = random.permutation([1, 1, 0, 0, 0, -1, -1] + random.choice([1, 0, -1], count - 7).tolist())
    logits = random.normal(0, 3, count)
    if rng.random() < 0.4:
        logits[rng.randrange(count)] = rng.choice([-1000.0, 1000.0])
    targets = random.normal(0, 0.3, (count, 4))
    return {"logits": logits, "labels": labels, "offsets": targets + random.normal(0, 0.3, (count, 4)), "targets": targets}


def _unsafe(logits, labels, offsets, targets) -> Losses:
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-logits))
        each = -np.where(labels == 1, np.log(p), np.log(1 - p))
    return float(each[labels >= 0].sum() / (labels >= 0).sum()), _losses(logits, labels, offsets, targets)[1]


register(Exercise(
    key="rpn_losses",
    case=_rpn_losses_case,
    reference=lambda logits, labels, offsets, targets: _losses(logits, labels, offsets, targets),
    mistakes=[
        Mistake(
            lambda *of: _losses(*of, of_all=True),
            text(
                ko="레이블이 -1인 앵커의 객체성도 셌습니다. 빼세요.",
                en="Objectness of anchors with label -1 was counted, too. Leave them out.",
            ),
        ),
        Mistake(
            lambda *of: _losses(*of, near=lambda labels: labels >= 0),
            text(
                ko="부정인 앵커의 상자도 셌습니다. 상자의 손실은 긍정에서만 셉니다.",
                en="Boxes of negative anchors were counted. The loss of boxes is about positives only.",
            ),
        ),
        Mistake(
            lambda *of: _losses(*of, beta=1.0),
            text(
                ko="smooth L1이 1에서 직선으로 바뀝니다. 여기서는 1/9입니다.",
                en="Your smooth L1 turns into a line at 1. Here it is at 1/9.",
            ),
        ),
        Mistake(
            lambda *of: _losses(*of, over=lambda labels: (labels == 1).sum()),
            text(
                ko="상자의 손실을 긍정의 수로 나누었습니다. 둘 다 레이블이 1이나 0인 앵커의 수로 나눕니다.",
                en="You divided the loss of boxes by the number of positives. Both are divided by the number with label 1 or 0.",
            ),
        ),
        Mistake(
            _unsafe,
            text(
                ko="로짓이 크면 확률이 0이나 1로 반올림되어 로그가 무한대나 NaN이 됩니다. `np.logaddexp(0, x)`를 쓰세요.",
                en="For large logits the probability is rounded to 0 or 1, and its log is infinite or NaN. Use `np.logaddexp(0, x)`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="긍정의 손실은 `np.logaddexp(0, -logits)`, 부정의 손실은 `np.logaddexp(0, logits)`입니다.",
            en="A positive costs `np.logaddexp(0, -logits)`, a negative `np.logaddexp(0, logits)`.",
        ),
        text(
            ko="`labels >= 0`이 세는 앵커, `labels == 1`이 상자를 배우는 앵커입니다. 둘 다 `(labels >= 0).sum()`으로 나눕니다.",
            en="`labels >= 0` are those that count, `labels == 1` those that learn boxes. Divide both by `(labels >= 0).sum()`.",
        ),
    ],
))


# Perfect proposals


def _perfect_proposals(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 3 or not callable(answer[1]):
        return text(
            ko="셀의 세 값을 튜플 하나로 건네세요. `perfect_map`만 채우면 됩니다.",
            en="Hand in the three values of the cell as one tuple. Only `perfect_map` is to be filled in.",
        )
    found, measure, of_rpn = answer
    try:
        found = float(found)
    except (TypeError, ValueError):
        return text(ko="`perfect_map`은 수 하나여야 합니다.", en="`perfect_map` must be one number.")
    if not 0 <= found <= 1:
        return text(
            ko=f"{found:g}은 mAP가 아닙니다. 0에서 1까지의 수여야 합니다.",
            en=f"{found:g} is no mAP: it must be a number from 0 to 1.",
        )
    right = float(measure())
    if abs(found - right) <= 0.005:
        return None
    if abs(found - float(of_rpn)) <= 0.005:
        return text(
            ko="RPN의 제안으로 잰 값입니다. 제안 대신 정답 상자 `test_set.boxes`를 주세요.",
            en="That is the value with the RPN's proposals. Give it the true boxes, `test_set.boxes`.",
        )
    return text(
        ko=f"다시 재면 {right:.3f}인데 건넨 수는 {found:.3f}입니다. `map_with(test_set.boxes)`로 잽니다.",
        en=f"Measured again it is {right:.3f}, and you handed in {found:.3f}. Measure `map_with(test_set.boxes)`.",
    )


register(Exercise(
    key="perfect_proposals",
    test=_perfect_proposals,
    hints=[
        text(
            ko="`map_with`는 장면마다 제안 `(P, 4)`를 담은 리스트를 받습니다.",
            en="`map_with` takes a list with proposals `(P, 4)` for each scene.",
        ),
        text(
            ko="장면마다의 정답 상자가 `test_set.boxes`에 그런 꼴로 들어 있습니다.",
            en="`test_set.boxes` has the true boxes of each scene in just this form.",
        ),
    ],
))
