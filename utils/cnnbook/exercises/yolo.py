"""The exercises of chapter 17, YOLO."""

from random import Random
from typing import Any

from cnnbook.exercises import Exercise, Mistake, Text, register, text

Box = tuple[float, float, float, float]


# What a cell should say

Answer = tuple[int, int, float, float, float, float]


def _cell(box: Box, width: float, height: float, cells: int) -> tuple[int, int, float, float]:
    across, down = (box[0] + box[2]) / 2 / width * cells, (box[1] + box[3]) / 2 / height * cells
    column, row = min(int(across), cells - 1), min(int(down), cells - 1)
    return row, column, across - column, down - row


def _shares(box: Box, width: float, height: float) -> tuple[float, float]:
    return (box[2] - box[0]) / width, (box[3] - box[1]) / height


def _cell_of_box(box: Box, width: float, height: float, cells: int) -> Answer:
    return *_cell(box, width, height, cells), *_shares(box, width, height)


def _cell_of_box_case(rng: Random) -> dict:
    width, height, cells = rng.choice([160, 200]), rng.choice([96, 120]), rng.choice([5, 7, 8])
    wide, high = rng.randint(12, 60), rng.randint(10, 40)
    x, y = rng.randint(wide, width - wide), rng.randint(high, height - high)
    if rng.random() < 0.25:  # the centre is on an edge
        x, y = rng.choice([(width, y), (x, height), (width, height)])
    return {"box": (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), "width": width, "height": height,
            "cells": cells}  # fmt: skip


def _no_last_cell(box: Box, width: float, height: float, cells: int) -> Answer:
    across, down = (box[0] + box[2]) / 2 / width * cells, (box[1] + box[3]) / 2 / height * cells
    return int(down), int(across), across % 1, down % 1, *_shares(box, width, height)


def _by_corner(box: Box, width: float, height: float, cells: int) -> Answer:
    across, down = max(box[0], 0) / width * cells, max(box[1], 0) / height * cells
    return int(down), int(across), across % 1, down % 1, *_shares(box, width, height)


def _column_first(box: Box, width: float, height: float, cells: int) -> Answer:
    row, column, x, y = _cell(box, width, height, cells)
    return column, row, x, y, *_shares(box, width, height)


def _of_picture(box: Box, width: float, height: float, cells: int) -> Answer:
    row, column, _, _ = _cell(box, width, height, cells)
    centre = (box[0] + box[2]) / 2 / width, (box[1] + box[3]) / 2 / height
    return row, column, *centre, *_shares(box, width, height)


def _sizes_in_cells(box: Box, width: float, height: float, cells: int) -> Answer:
    return *_cell(box, width, height, cells), *(cells * share for share in _shares(box, width, height))


def _rooted(box: Box, width: float, height: float, cells: int) -> Answer:
    return *_cell(box, width, height, cells), *(share**0.5 for share in _shares(box, width, height))


register(Exercise(
    key="cell_of_box",
    case=_cell_of_box_case,
    reference=_cell_of_box,
    mistakes=[
        Mistake(
            _no_last_cell,
            text(
                ko="중심이 그림의 끝에 있으면 없는 칸을 가리킵니다. 마지막 칸은 `cells - 1`이고, 그때 `x`나 `y`는 1입니다.",
                en="For a centre on the picture's edge you name a cell that does not exist. The last is `cells - 1`, and "
                "`x` or `y` is then 1.",
            ),
        ),
        Mistake(
            _by_corner,
            text(
                ko="상자의 왼쪽 위 모서리가 놓인 칸입니다. 상자의 중심을 쓰세요.",
                en="That is the cell of the box's left upper corner. Use the centre of the box.",
            ),
        ),
        Mistake(
            _column_first,
            text(
                ko="행과 열이 바뀌었습니다. 행은 위에서부터, 열은 왼쪽에서부터 셉니다.",
                en="Row and column are exchanged. Rows are counted from the top, columns from the left.",
            ),
        ),
        Mistake(
            _of_picture,
            text(
                ko="`x`와 `y`가 그림에서의 위치입니다. 칸 안의 위치여야 합니다.",
                en="Your `x` and `y` are places in the picture. They must be places within the cell.",
            ),
        ),
        Mistake(
            _sizes_in_cells,
            text(
                ko="`w`와 `h`를 칸의 크기로 나누었습니다. 그림 전체의 폭과 높이로 나누세요.",
                en="You divided `w` and `h` by the size of a cell. Divide by the whole picture's width and height.",
            ),
        ),
        Mistake(
            _rooted,
            text(
                ko="제곱근을 구했습니다. 여기서는 `w`와 `h` 그대로입니다. 제곱근은 손실에서 나옵니다.",
                en="You took roots. Here `w` and `h` are wanted as they are; the roots come with the loss.",
            ),
        ),
    ],
    hints=[
        text(
            ko="중심의 가로 위치를 칸으로 재면 `(x1 + x2) / 2 / width * cells`입니다. 정수 부분이 열이고 나머지가 `x`입니다.",
            en="In cells, the centre lies at `(x1 + x2) / 2 / width * cells` from the left. Its whole part is the column, the rest `x`.",
        ),
        text(
            ko="`column = min(int(across), cells - 1)`, `x = across - column`이고 `w = (x2 - x1) / width`입니다.",
            en="`column = min(int(across), cells - 1)`, `x = across - column`, and `w = (x2 - x1) / width`.",
        ),
    ],
))


# The responsible box


def _iou(a: Box, b: Box) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(high, 0)
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
    return shared / (sum(areas) - shared)


def _confidence_targets(guesses: list[Box], truth: Box) -> list[float]:
    overlaps = [_iou(guess, truth) for guess in guesses]
    best = overlaps.index(max(overlaps))
    return [overlap if n == best else 0.0 for n, overlap in enumerate(overlaps)]


def _confidence_targets_case(rng: Random) -> dict:
    x, y, wide, high = rng.randint(10, 40), rng.randint(10, 40), rng.randint(8, 20), rng.randint(8, 20)
    guesses = []
    for _ in range(rng.choice([2, 3])):
        left, top = x + rng.randint(-4, 4), y + rng.randint(-4, 4)
        guesses.append((left, top, left + wide + rng.randint(-3, 6), top + high + rng.randint(-3, 6)))
    return {"guesses": guesses, "truth": (x, y, x + wide, y + high)}


def _all_overlaps(guesses: list[Box], truth: Box) -> list[float]:
    return [_iou(guess, truth) for guess in guesses]


def _ones(guesses: list[Box], truth: Box) -> list[float]:
    return [1.0 if target else 0.0 for target in _confidence_targets(guesses, truth)]


def _first_only(guesses: list[Box], truth: Box) -> list[float]:
    return [_iou(guesses[0], truth)] + [0.0] * (len(guesses) - 1)


def _nearest(guesses: list[Box], truth: Box) -> list[float]:
    def away(guess: Box) -> float:
        return sum((a + b - c - d) ** 2 for a, b, c, d in zip(guess[:2], guess[2:], truth[:2], truth[2:], strict=True))

    best = min(range(len(guesses)), key=lambda n: away(guesses[n]))
    return [_iou(guess, truth) if n == best else 0.0 for n, guess in enumerate(guesses)]


register(Exercise(
    key="confidence_targets",
    case=_confidence_targets_case,
    reference=_confidence_targets,
    mistakes=[
        Mistake(
            _all_overlaps,
            text(
                ko="모든 상자에 IoU를 주었습니다. 칸에서 물체를 담당하는 상자는 하나이고, 나머지의 목표는 0입니다.",
                en="You gave all boxes their IoU. One box of the cell is responsible; the target of the others is 0.",
            ),
        ),
        Mistake(
            _ones,
            text(
                ko="담당하는 상자의 목표가 1입니다. 1이 아니라 정답과의 IoU입니다.",
                en="Your target for the responsible box is 1. It is not 1 but its IoU with the truth.",
            ),
        ),
        Mistake(
            _first_only,
            text(
                ko="언제나 첫 상자가 담당합니다. IoU가 가장 큰 상자를 고르세요.",
                en="With you the first box is always responsible. Choose the one with the greatest IoU.",
            ),
        ),
        Mistake(
            _nearest,
            text(
                ko="중심이 가장 가까운 상자를 골랐습니다. IoU가 가장 큰 상자가 담당합니다.",
                en="You chose the box with the nearest centre. Responsible is the one with the greatest IoU.",
            ),
        ),
    ],
    hints=[
        text(
            ko="먼저 모든 상자의 IoU를 리스트로 구하고, 가장 큰 것의 자리를 찾으세요.",
            en="First make a list of the IoUs of all boxes, and find the place of the greatest.",
        ),
        text(
            ko="`overlaps.index(max(overlaps))`가 담당하는 상자입니다. 그 자리에만 IoU를 두고 나머지는 0으로 합니다.",
            en="`overlaps.index(max(overlaps))` is the responsible box. Keep the IoU there, and put 0 elsewhere.",
        ),
    ],
))


# The loss of a box


def _box_loss(guess: Box, truth: Box, coord: float) -> float:
    goal = (*truth[:2], truth[2] ** 0.5, truth[3] ** 0.5)
    return coord * sum((a - b) ** 2 for a, b in zip(guess, goal, strict=True))


def _box_loss_case(rng: Random) -> dict:
    guess = tuple(round(rng.uniform(0.1, 0.9), 2) for _ in range(4))
    truth = tuple(round(rng.uniform(0.05, 0.95), 2) for _ in range(4))
    return {"guess": guess, "truth": truth, "coord": rng.choice([2.0, 5.0])}


def _no_roots(guess: Box, truth: Box, coord: float) -> float:
    return coord * sum((a - b) ** 2 for a, b in zip(guess, truth, strict=True))


def _squared_guess(guess: Box, truth: Box, coord: float) -> float:
    made = (*guess[:2], guess[2] ** 2, guess[3] ** 2)
    return coord * sum((a - b) ** 2 for a, b in zip(made, truth, strict=True))


def _roots_of_both(guess: Box, truth: Box, coord: float) -> float:
    made = (*guess[:2], guess[2] ** 0.5, guess[3] ** 0.5)
    return _box_loss(made, truth, coord)


def _only_centre_weighted(guess: Box, truth: Box, coord: float) -> float:
    whole = _box_loss(guess, truth, 1.0)
    centre = sum((a - b) ** 2 for a, b in zip(guess[:2], truth[:2], strict=True))
    return whole + (coord - 1) * centre


def _absolute(guess: Box, truth: Box, coord: float) -> float:
    goal = (*truth[:2], truth[2] ** 0.5, truth[3] ** 0.5)
    return coord * sum(abs(a - b) for a, b in zip(guess, goal, strict=True))


register(Exercise(
    key="box_loss",
    case=_box_loss_case,
    reference=_box_loss,
    mistakes=[
        Mistake(
            _no_roots,
            text(
                ko="제곱근과 크기를 견주었습니다. `guess`의 셋째와 넷째는 제곱근이므로 정답의 `w`와 `h`에도 제곱근을 씌우세요.",
                en="You compared roots with sizes. The last two of `guess` are roots, so take the roots of the true `w` and `h`.",
            ),
        ),
        Mistake(
            _squared_guess,
            text(
                ko="예측을 제곱해서 `w`와 `h`끼리 견주었습니다. 손실은 제곱근끼리의 차이를 셉니다.",
                en="You squared the guess and compared `w` and `h`. The loss counts the difference of the roots.",
            ),
        ),
        Mistake(
            _roots_of_both,
            text(
                ko="예측에 제곱근을 한 번 더 씌웠습니다. 신경망은 이미 제곱근을 내놓습니다.",
                en="You took the root of the guess once more. What the network gives are roots already.",
            ),
        ),
        Mistake(
            _only_centre_weighted,
            text(
                ko="`coord`를 중심에만 곱했습니다. 크기의 항에도 곱하세요.",
                en="You multiplied only the centre by `coord`. The term of the size is multiplied, too.",
            ),
        ),
        Mistake(
            lambda guess, truth, coord: _box_loss(guess, truth, 1.0),
            text(
                ko="`coord`를 곱하지 않았습니다.",
                en="The factor `coord` is missing.",
            ),
        ),
        Mistake(
            _absolute,
            text(
                ko="차이의 절댓값을 더했습니다. 제곱을 더하세요.",
                en="You added absolute differences. Add their squares.",
            ),
        ),
    ],
    hints=[
        text(
            ko="정답을 `(x, y, w ** 0.5, h ** 0.5)`로 바꾸면 `guess`와 그대로 견줄 수 있습니다.",
            en="Turn the truth into `(x, y, w ** 0.5, h ** 0.5)`; then it can be compared with `guess`.",
        ),
        text(
            ko="네 차이를 제곱해서 더하고 `coord`를 곱합니다.",
            en="Square the four differences, add them, and multiply by `coord`.",
        ),
    ],
))


# From a cell to a box


def _decoded(row: int, column: int, guess: Box, cells: int, size: float) -> Box:
    x, y, root_w, root_h = guess
    across, down = (column + x) / cells * size, (row + y) / cells * size
    wide, high = root_w**2 * size, root_h**2 * size
    return across - wide / 2, down - high / 2, across + wide / 2, down + high / 2


def _cut(box: Box, size: float) -> Box:
    return tuple(min(max(side, 0.0), size) for side in box)


def _box_of_cell(row: int, column: int, guess: Box, cells: int, size: float) -> Box:
    return _cut(_decoded(row, column, guess, cells, size), size)


def _box_of_cell_case(rng: Random) -> dict:
    cells, size = rng.choice([4, 7, 8]), rng.choice([96.0, 128.0])
    guess = tuple(round(rng.uniform(0.2, 0.8), 2) for _ in range(4))
    return {"row": rng.randrange(cells), "column": rng.randrange(cells), "guess": guess, "cells": cells, "size": size}


def _not_squared(row: int, column: int, guess: Box, cells: int, size: float) -> Box:
    return _box_of_cell(row, column, (*guess[:2], guess[2] ** 0.5, guess[3] ** 0.5), cells, size)


def _sizes_of_cell(row: int, column: int, guess: Box, cells: int, size: float) -> Box:
    root = cells**0.5
    return _box_of_cell(row, column, (*guess[:2], guess[2] / root, guess[3] / root), cells, size)


def _exchanged(row: int, column: int, guess: Box, cells: int, size: float) -> Box:
    return _box_of_cell(column, row, guess, cells, size)


def _from_corner(row: int, column: int, guess: Box, cells: int, size: float) -> Box:
    x1, y1, x2, y2 = _decoded(row, column, guess, cells, size)
    wide, high = (x2 - x1) / 2, (y2 - y1) / 2
    return _cut((x1 + wide, y1 + high, x2 + wide, y2 + high), size)


def _of_whole(row: int, column: int, guess: Box, cells: int, size: float) -> Box:
    return _box_of_cell(0, 0, (guess[0] * cells, guess[1] * cells, *guess[2:]), cells, size)


register(Exercise(
    key="box_of_cell",
    case=_box_of_cell_case,
    reference=_box_of_cell,
    mistakes=[
        Mistake(
            _decoded,
            text(
                ko="그림 밖으로 나간 상자가 있습니다. 변을 0과 `size` 사이로 자르세요.",
                en="Some boxes leave the picture. Cut the sides to lie between 0 and `size`.",
            ),
        ),
        Mistake(
            _not_squared,
            text(
                ko="제곱근을 제곱하지 않았습니다. 폭은 `root_w ** 2 * size`입니다.",
                en="You did not square the roots. The width is `root_w ** 2 * size`.",
            ),
        ),
        Mistake(
            _sizes_of_cell,
            text(
                ko="폭과 높이를 칸의 크기로 되돌렸습니다. 그림 전체에 대한 비율입니다.",
                en="You took width and height as shares of a cell. They are shares of the whole picture.",
            ),
        ),
        Mistake(
            _exchanged,
            text(
                ko="행과 열이 바뀌었습니다. 가로 위치는 열에서 나옵니다.",
                en="Row and column are exchanged. The place across comes from the column.",
            ),
        ),
        Mistake(
            _from_corner,
            text(
                ko="중심을 왼쪽 위 모서리로 썼습니다. 중심에서 폭의 반을 빼고 더하세요.",
                en="You took the centre for the left upper corner. Subtract and add half of the width.",
            ),
        ),
        Mistake(
            _of_whole,
            text(
                ko="`x`와 `y`를 그림에서의 위치로 읽었습니다. 칸 안의 위치이므로 칸 번호를 더하고 `cells`로 나누세요.",
                en="You read `x` and `y` as places in the picture. They are places in the cell: add its number and divide by `cells`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="중심은 가로로 `(column + x) / cells * size`, 세로로 `(row + y) / cells * size`에 있습니다.",
            en="The centre lies at `(column + x) / cells * size` across and `(row + y) / cells * size` down.",
        ),
        text(
            ko="폭은 `root_w ** 2 * size`입니다. 반씩 빼고 더한 다음 `min(max(side, 0), size)`로 자릅니다.",
            en="The width is `root_w ** 2 * size`. Subtract and add half of it, then cut by `min(max(side, 0), size)`.",
        ),
    ],
))


# What is lost


def _places(boxes: list[Box], size: float, cells: int) -> list[tuple[int, int]]:
    return [(int((y1 + y2) / 2 / size * cells), int((x1 + x2) / 2 / size * cells)) for x1, y1, x2, y2 in boxes]


def _lost_objects(boxes: list[Box], size: float, cells: int) -> int:
    return len(boxes) - len(set(_places(boxes, size, cells)))


def _lost_objects_case(rng: Random) -> dict:
    size, cells, boxes = 128, rng.choice([4, 5, 7]), []
    for _ in range(rng.randint(4, 7)):
        x, y = rng.randint(8, size - 9), rng.randint(8, size - 9)
        for _ in range(rng.choice([1, 1, 2, 3])):  # some close together
            wide, high = 2 * rng.randint(3, 12), 2 * rng.randint(3, 12)
            boxes.append((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2))
            x, y = min(x + rng.randint(0, 9), size - 1), min(y + rng.randint(0, 9), size - 1)
    return {"boxes": boxes, "size": size, "cells": cells}


def _sharing(boxes: list[Box], size: float, cells: int) -> int:
    places = _places(boxes, size, cells)
    return sum(places.count(place) > 1 for place in places)


def _crowded_cells(boxes: list[Box], size: float, cells: int) -> int:
    places = _places(boxes, size, cells)
    return sum(places.count(place) > 1 for place in set(places))


def _by_corners(boxes: list[Box], size: float, cells: int) -> int:
    corners = {(int(y1 // (size / cells)), int(x1 // (size / cells))) for x1, y1, _, _ in boxes}
    return len(boxes) - len(corners)


register(Exercise(
    key="lost_objects",
    case=_lost_objects_case,
    reference=_lost_objects,
    mistakes=[
        Mistake(
            _sharing,
            text(
                ko="칸을 나누어 쓰는 물체를 모두 세었습니다. 칸마다 하나는 남으므로 하나씩 빼야 합니다.",
                en="You counted all objects that share a cell. One of each cell is kept; count the others only.",
            ),
        ),
        Mistake(
            _crowded_cells,
            text(
                ko="둘 이상이 든 칸의 수입니다. 한 칸에 중심이 셋이면 둘을 잃습니다.",
                en="That is the number of cells with two or more. Three centres in one cell lose two objects.",
            ),
        ),
        Mistake(
            lambda boxes, size, cells: len(set(_places(boxes, size, cells))),
            text(
                ko="남는 물체의 수입니다. 잃는 물체의 수를 돌려주세요.",
                en="That is how many objects are kept. Return how many are lost.",
            ),
        ),
        Mistake(
            _by_corners,
            text(
                ko="왼쪽 위 모서리가 놓인 칸을 썼습니다. 중심이 놓인 칸을 쓰세요.",
                en="You used the cell of the left upper corner. Use that of the centre.",
            ),
        ),
    ],
    hints=[
        text(
            ko="물체마다 중심이 놓인 칸을 `(행, 열)` 튜플로 만들어 집합에 넣으세요.",
            en="For each object, put the cell of its centre as a tuple, row and column, into a set.",
        ),
        text(
            ko="`len(boxes)`에서 서로 다른 칸의 수를 빼면 잃는 물체의 수입니다.",
            en="`len(boxes)` less the number of different cells is how many are lost.",
        ),
    ],
))


# The threshold of NMS


def _loose_nms(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 2 or not callable(answer[1]):
        return text(
            ko="`loose_map`과 `map_with`를 튜플 하나로 건네세요.",
            en="Hand in `loose_map` and `map_with` as one tuple.",
        )
    found, measure = answer
    try:
        found = float(found)
    except (TypeError, ValueError):
        return text(ko="`loose_map`은 수 하나여야 합니다.", en="`loose_map` must be one number.")
    if not 0 <= found <= 1:
        return text(
            ko=f"{found:g}은 mAP가 아닙니다. 0에서 1까지의 수여야 합니다.",
            en=f"{found:g} is no mAP: it must be a number from 0 to 1.",
        )
    right = float(measure(0.6))
    if abs(found - right) <= 0.002:
        return None
    if abs(found - float(measure(0.3))) <= 0.002:
        return text(
            ko="문턱값 0.3의 값입니다. `overlap=0.6`을 건네세요.",
            en="That is the value with a threshold of 0.3. Pass `overlap=0.6`.",
        )
    return text(
        ko=f"다시 재면 {right:.3f}인데 건넨 수는 {found:.3f}입니다. `detections_of(answers, overlap=0.6)`을 `measured`로 재세요.",
        en=f"Measured again it is {right:.3f}, and you handed in {found:.3f}. Measure `detections_of(answers, overlap=0.6)` by "
        "`measured`.",
    )


register(Exercise(
    key="loose_nms",
    test=_loose_nms,
    hints=[
        text(
            ko="`detections_of(answers, overlap=0.6)`이 모든 테스트 장면의 결과입니다.",
            en="`detections_of(answers, overlap=0.6)` gives what is found in all test scenes.",
        ),
        text(
            ko="그것을 `measured`에 건네면 mAP@0.5입니다.",
            en="Pass that to `measured`, which gives the mAP@0.5.",
        ),
    ],
))
