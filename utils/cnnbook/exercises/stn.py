"""The exercises of chapter 21, spatial transformers."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, measured, register, text


def _chance(rng: Random) -> np.random.Generator:
    return np.random.default_rng(rng.randrange(2**32))


# The grid


def _centres(pixels: int) -> np.ndarray:
    return (2 * np.arange(pixels) + 1) / pixels - 1


def _grid(theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = np.meshgrid(x, y)
    return np.stack([x, y, np.ones_like(x)], 2) @ np.asarray(theta).T


def _affine_grid(theta: np.ndarray, height: int, width: int) -> np.ndarray:
    return _grid(theta, _centres(width), _centres(height))


def _affine_grid_case(rng: Random) -> dict:
    theta = _chance(rng).uniform(-1, 1, (2, 3)).round(1) + np.array([[0.05, 0.15, 0.25], [0.35, 0.45, 0.55]])
    height = rng.randint(2, 4)
    return {"theta": theta, "height": height, "width": height + rng.randint(1, 3)}


def _y_first(theta: np.ndarray, height: int, width: int) -> np.ndarray:
    y, x = np.meshgrid(_centres(height), _centres(width), indexing="ij")
    return np.stack([y, x, np.ones_like(x)], 2) @ np.asarray(theta).T


register(Exercise(
    key="affine_grid",
    case=_affine_grid_case,
    reference=_affine_grid,
    mistakes=[
        Mistake(
            lambda theta, height, width: _grid(theta, np.linspace(-1, 1, width), np.linspace(-1, 1, height)),
            text(
                ko="-1과 1을 바깥 픽셀의 가운데에 놓았습니다. 여기서는 바깥 픽셀의 바깥 테두리입니다.",
                en="You put -1 and 1 at the centres of the outer pixels. Here they are the outer edges of those pixels.",
            ),
        ),
        Mistake(
            _y_first,
            text(ko="x와 y가 바뀌었습니다. θ의 첫 열에는 x가 곱해집니다.", en="x and y are exchanged: the first column of θ multiplies x."),
        ),
        Mistake(
            lambda theta, height, width: _affine_grid(theta, height, width)[..., ::-1],
            text(ko="결과가 (y, x) 순서입니다. (x, y)로 돌려주세요.", en="The result holds (y, x). Return (x, y)."),
        ),
        Mistake(
            lambda theta, height, width: _affine_grid(np.asarray(theta) * [1, 1, 0], height, width),
            text(ko="θ의 마지막 열, 이동이 빠졌습니다.", en="The last column of θ, the shift, is missing."),
        ),
        Mistake(
            lambda theta, height, width: _grid(theta, np.arange(width), np.arange(height)),
            text(
                ko="픽셀 번호를 그대로 넣었습니다. 먼저 -1과 1 사이의 좌표로 바꾸세요.",
                en="You put pixel numbers in. Turn them into coordinates between -1 and 1 first.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`width`픽셀의 가운데는 `(2 * np.arange(width) + 1) / width - 1`입니다.",
            en="The centres of `width` pixels are `(2 * np.arange(width) + 1) / width - 1`.",
        ),
        text(
            ko="`np.meshgrid(x, y)`로 좌표를 펴고, x와 y와 1을 쌓은 배열에 `theta.T`를 곱합니다.",
            en="`np.meshgrid(x, y)` spreads the coordinates; stack x, y and 1, and multiply by `theta.T`.",
        ),
    ],
))


# One sample


def _hat(place: float, pixels: int) -> np.ndarray:
    return np.maximum(0, 1 - abs(place - np.arange(pixels)))


def _sample(image: np.ndarray, x: float, y: float) -> float:
    height, width = image.shape
    return float(_hat(y, height) @ image @ _hat(x, width))


def _sample_case(rng: Random) -> dict:
    chance = _chance(rng)
    height, width = rng.randint(3, 4), rng.randint(5, 6)
    image = chance.uniform(1, 9, (height, width)).round(1)
    where = rng.choice(["inside", "inside", "left", "below"])
    x, y = rng.randint(0, width - 2) + rng.choice([0.2, 0.3, 0.7]), rng.randint(0, height - 2) + rng.choice([0.1, 0.4, 0.8])
    if where == "left":
        x = -rng.choice([0.2, 0.3, 0.7])
    elif where == "below":
        y = height - 1 + rng.choice([0.1, 0.4, 0.8])
    return {"image": image, "x": round(x, 1), "y": round(y, 1)}


def _clamped(image: np.ndarray, x: float, y: float) -> float:
    height, width = image.shape
    return _sample(image, min(max(x, 0), width - 1), min(max(y, 0), height - 1))


def _nearest(image: np.ndarray, x: float, y: float) -> float:
    n, m = round(y), round(x)
    inside = 0 <= n < image.shape[0] and 0 <= m < image.shape[1]
    return float(image[n, m]) if inside else 0.0


def _exchanged(image: np.ndarray, x: float, y: float) -> float:
    height, width = image.shape
    left, top = np.floor(x), np.floor(y)
    return _sample(image, left + (y - top), top + (x - left)) if 0 <= left < width and 0 <= top < height else 0.0


def _far_weights(image: np.ndarray, x: float, y: float) -> float:
    return _sample(image, 2 * np.floor(x) + 1 - x, 2 * np.floor(y) + 1 - y)


register(Exercise(
    key="bilinear_sample",
    case=_sample_case,
    reference=_sample,
    mistakes=[
        Mistake(
            _clamped,
            text(
                ko="그림 밖에서 가장자리 픽셀을 되풀이했습니다. 밖은 0입니다.",
                en="Outside the image you repeated the pixel at the edge. There it is 0.",
            ),
        ),
        Mistake(
            _nearest,
            text(
                ko="가장 가까운 픽셀 하나를 읽었습니다. 네 이웃을 가중해 더하세요.",
                en="You read the nearest pixel alone. Add up four neighbours with their weights.",
            ),
        ),
        Mistake(
            lambda image, x, y: _sample(image, y, x),
            text(ko="x와 y가 바뀌었습니다. `image[n, m]`에서 n은 y, m은 x입니다.", en="x and y are exchanged: in `image[n, m]` n goes with y, m with x."),
        ),
        Mistake(
            _exchanged,
            text(
                ko="가로와 세로의 가중치가 바뀌었습니다.",
                en="The weights across and down are exchanged.",
            ),
        ),
        Mistake(
            _far_weights,
            text(
                ko="먼 픽셀에 큰 가중치를 주었습니다. 가중치는 1에서 거리를 뺀 것입니다.",
                en="The far pixel got the larger weight. The weight is 1 minus the distance.",
            ),
        ),
    ],
    hints=[
        text(
            ko="픽셀 m의 가로 가중치는 `max(0, 1 - abs(x - m))`입니다. 세로도 같습니다.",
            en="Across, pixel m has the weight `max(0, 1 - abs(x - m))`; down it is alike.",
        ),
        text(
            ko="모든 픽셀에 대해 `image[n, m] * 가로 * 세로`를 더하면 밖에서는 저절로 0이 됩니다.",
            en="Add up `image[n, m]` times both weights over all pixels: outside it becomes 0 by itself.",
        ),
    ],
))


# Its derivative


def _slope(place: float, pixels: int) -> np.ndarray:
    m = np.arange(pixels)
    return np.where(abs(m - place) >= 1, 0.0, np.where(m >= place, 1.0, -1.0))


def _gradient(image: np.ndarray, x: float, y: float) -> np.ndarray:
    height, width = image.shape
    across, down = _hat(x, width), _hat(y, height)
    return np.array([down @ image @ _slope(x, width), _slope(y, height) @ image @ across])


def _unweighted(image: np.ndarray, x: float, y: float) -> np.ndarray:
    height, width = image.shape
    return np.array([np.ones(height) @ image @ _slope(x, width), _slope(y, height) @ image @ np.ones(width)])


def _nearest_row(image: np.ndarray, x: float, y: float) -> np.ndarray:
    return _gradient(image, x, y) if y == round(y) else np.array(
        [_gradient(image, x, round(y) + 1e-9)[0], _gradient(image, round(x) + 1e-9, y)[1]]
    )


register(Exercise(
    key="sample_gradient",
    case=_sample_case,
    reference=_gradient,
    mistakes=[
        Mistake(
            lambda image, x, y: -_gradient(image, x, y),
            text(ko="부호가 반대입니다. x가 커지면 오른쪽 픽셀의 가중치가 커집니다.", en="The sign is wrong: as x grows, so does the weight of the pixel on the right."),
        ),
        Mistake(
            lambda image, x, y: _gradient(image, x, y)[::-1],
            text(ko="순서가 바뀌었습니다. x로 미분한 것이 먼저이고 y로 미분한 것이 다음입니다.", en="The order is wrong: first the derivative with respect to x, then that with respect to y."),
        ),
        Mistake(
            _nearest_row,
            text(
                ko="가장 가까운 줄에서만 뺐습니다. x로 미분할 때도 두 줄을 y의 가중치로 섞습니다.",
                en="You took the difference in the nearest row only. Mix both rows by the weights of y, also for the derivative with respect to x.",
            ),
        ),
        Mistake(
            _unweighted,
            text(ko="다른 방향의 가중치를 곱하지 않았습니다.", en="The weights of the other direction are missing."),
        ),
    ],
    hints=[
        text(
            ko="x로 미분하면 y의 가중치는 그대로이고 x의 가중치만 바뀝니다. 오른쪽 이웃은 +1, 왼쪽 이웃은 -1이 됩니다.",
            en="In the derivative with respect to x the weights of y stay, and those of x become +1 for the neighbour on the right and -1 for the one on the left.",
        ),
        text(
            ko="곧 `(오른쪽 - 왼쪽)`을 위아래 두 줄에서 구해 y의 가중치로 섞습니다. 그림 밖의 이웃은 0입니다.",
            en="So it is right minus left, in the rows above and below, mixed by the weights of y; neighbours outside are 0.",
        ),
    ],
))


# The matrix of a window


def _window(left: float, top: float, side: float, size: int) -> np.ndarray:
    scale = side / size
    return np.array([[scale, 0, (2 * left + side) / size - 1], [0, scale, (2 * top + side) / size - 1]])


def _window_case(rng: Random) -> dict:
    size = rng.choice([20, 40, 60])
    side = rng.choice([8, 10, 12])
    left = rng.randint(0, size - side)
    top = rng.choice([each for each in range(size - side + 1) if each != left])
    if 2 * left + side == size:
        left += 1 if left < size - side else -1
    return {"left": left, "top": top, "side": side, "size": size}


register(Exercise(
    key="theta_of_window",
    case=_window_case,
    reference=_window,
    mistakes=[
        Mistake(
            lambda left, top, side, size: np.array(
                [[size / side, 0, (size - 2 * left) / side - 1], [0, size / side, (size - 2 * top) / side - 1]]
            ),
            text(
                ko="역변환입니다. θ는 출력의 자리를 입력의 자리로 보내므로, 창이 작으면 배율도 1보다 작습니다.",
                en="That is the inverse. θ takes a place of the output to one of the input: a small window has a scale below 1.",
            ),
        ),
        Mistake(
            lambda left, top, side, size: np.array([[side / size, 0, 2 * left / size - 1], [0, side / size, 2 * top / size - 1]]),
            text(
                ko="이동에 창의 왼쪽 위 모서리를 넣었습니다. (0, 0)은 출력의 가운데이므로 창의 가운데로 가야 합니다.",
                en="The shift is the window's upper left corner. (0, 0) of the output is its middle, and goes to the window's middle.",
            ),
        ),
        Mistake(
            lambda left, top, side, size: _window(top, left, side, size),
            text(ko="left와 top이 바뀌었습니다. 첫 줄이 x입니다.", en="left and top are exchanged: the first row is x."),
        ),
        Mistake(
            lambda left, top, side, size: np.array([[side / size, 0, left + side / 2], [0, side / size, top + side / 2]]),
            text(ko="이동이 픽셀 단위입니다. -1과 1 사이의 좌표로 바꾸세요.", en="The shift is in pixels. Turn it into coordinates from -1 to 1."),
        ),
        Mistake(
            lambda left, top, side, size: np.array(
                [[side / size, 0, (left + side / 2) / size], [0, side / size, (top + side / 2) / size]]
            ),
            text(
                ko="이동이 0과 1 사이의 좌표입니다. 왼쪽 끝이 -1, 오른쪽 끝이 1입니다.",
                en="The shift is in coordinates from 0 to 1. The left end is -1, the right end 1.",
            ),
        ),
    ],
    hints=[
        text(
            ko="배율은 `side / size`입니다. 출력의 -1과 1이 창의 왼쪽과 오른쪽 테두리로 가야 합니다.",
            en="The scale is `side / size`: -1 and 1 of the output must go to the left and right edge of the window.",
        ),
        text(
            ko="왼쪽 끝에서 p픽셀 떨어진 테두리는 좌표로 `2 * p / size - 1`입니다. 창의 가운데는 `left + side / 2`입니다.",
            en="An edge at p pixels has the coordinate `2 * p / size - 1`; the window's middle is at `left + side / 2`.",
        ),
    ],
))


# Two transformers in a row


def _square(theta: np.ndarray) -> np.ndarray:
    return np.vstack([theta, [0, 0, 1]])


def _composed(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (_square(first) @ _square(second))[:2]


def _composed_case(rng: Random) -> dict:
    chance = _chance(rng)
    first, second = (chance.uniform(-1, 1, (2, 3)).round(1) + np.eye(2, 3) + 0.05 for _ in range(2))
    return {"first": first, "second": second}


register(Exercise(
    key="one_theta",
    case=_composed_case,
    reference=_composed,
    mistakes=[
        Mistake(
            lambda first, second: _composed(second, first),
            text(
                ko="순서가 반대입니다. 마지막 출력의 자리를 `second`가 중간의 자리로, `first`가 처음 그림의 자리로 보냅니다.",
                en="The order is reversed: `second` takes a place of the last output to the middle, and `first` from there to the picture.",
            ),
        ),
        Mistake(
            lambda first, second: np.column_stack([first[:, :2] @ second[:, :2], first[:, 2] + second[:, 2]]),
            text(
                ko="이동을 그대로 더했습니다. `second`의 이동도 `first`의 행렬을 거칩니다.",
                en="The shifts are simply added. That of `second` passes through the matrix of `first` as well.",
            ),
        ),
        Mistake(
            lambda first, second: first * second,
            text(ko="같은 자리의 수끼리 곱했습니다. 행렬의 곱이 필요합니다.", en="You multiplied number by number. A product of matrices is needed."),
        ),
        Mistake(
            lambda first, second: first + second - np.eye(2, 3),
            text(ko="두 변환을 더했습니다. 이어서 하는 것은 행렬의 곱입니다.", en="You added the two. One after the other is a product of matrices."),
        ),
    ],
    hints=[
        text(
            ko="둘 다 아래에 `[0, 0, 1]`을 붙여 3×3 행렬로 만드세요.",
            en="Make both 3×3 by a last row `[0, 0, 1]`.",
        ),
        text(
            ko="`first @ second`의 처음 두 행입니다. 좌표에는 `second`가 먼저 작용하므로 오른쪽에 옵니다.",
            en="It is the first two rows of `first @ second`: `second` acts on a place first, so it stands on the right.",
        ),
    ],
))


# The transformer switched off


def _switched_off(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 4:
        return text(
            ko="신경망과 `train.evaluate`의 결과를 튜플 하나로 건네세요.",
            en="Hand in the network and the result of `train.evaluate` as one tuple.",
        )
    network, result, whole, measure = answer
    if not hasattr(network, "transformers"):
        return text(
            ko="첫째는 공간 변환기가 있는 신경망이어야 합니다. `copy.deepcopy`로 사본을 만드세요.",
            en="The first must be a network with a spatial transformer. Make a copy by `copy.deepcopy`.",
        )
    if network is whole:
        return text(
            ko="`off`가 훈련한 신경망 그 자체입니다. `copy.deepcopy`로 사본을 만들어 사본만 바꾸세요. 이미 바꾸었다면 훈련하는 셀부터 다시 실행하세요.",
            en="`off` is the trained network itself. Make a copy by `copy.deepcopy` and change only that. If you have changed it already, run again from the cell that trains.",
        )
    regression, trained = network.transformers[0].regression, whole.transformers[0].regression
    identity = regression.bias.new_tensor([1, 0, 0, 0, 1, 0])
    if regression.weight.equal(trained.weight) and regression.bias.equal(trained.bias):
        return text(
            ko="변환기가 훈련한 그대로입니다. `regression`의 가중치를 0으로, 편향을 항등 변환으로 놓으세요.",
            en="The transformer is still the trained one. Set the weights of `regression` to 0 and its bias to the identity.",
        )
    if regression.weight.abs().max() > 0:
        return text(
            ko="`regression`의 가중치가 0이 아니어서 변환이 아직 그림마다 다릅니다.",
            en="The weights of `regression` are not 0, so the transformation still differs from picture to picture.",
        )
    if not regression.bias.equal(identity):
        return text(
            ko="편향이 항등 변환이 아닙니다. 여섯 수는 1, 0, 0, 0, 1, 0입니다.",
            en="The bias is not the identity, whose six numbers are 1, 0, 0, 0, 1, 0.",
        )
    pairs = zip(whole.classifier.parameters(), network.classifier.parameters(), strict=True)
    if not all(mine.equal(theirs) for mine, theirs in pairs):
        return text(
            ko="분류기의 가중치가 훈련한 것과 다릅니다.",
            en="The classifier's weights are not the trained ones.",
        )
    return measured.not_of(network, result, measure)


register(Exercise(
    key="switched_off",
    test=_switched_off,
    hints=[
        text(
            ko="`off = copy.deepcopy(network)`로 사본을 만들고 `off.transformers[0].regression`을 바꿉니다.",
            en="`off = copy.deepcopy(network)` makes the copy; change its `off.transformers[0].regression`.",
        ),
        text(
            ko="`nn.init.zeros_(regression.weight)`, 그리고 `torch.no_grad()` 안에서 "
            "`regression.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))`입니다.",
            en="`nn.init.zeros_(regression.weight)`, and inside `torch.no_grad()` "
            "`regression.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))`.",
        ),
    ],
))
