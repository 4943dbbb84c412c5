"""The exercises of chapter 09, VGG."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, measured, register, text

# The parameters of a column


def _count(column: list, in_channels: int, *, bias: bool = True, same: bool = True, one: int = 1) -> int:
    """Parameters of a column's convolutions; `same` carries the channels on, `one` is the width of a "1x1"."""
    total, channels = 0, in_channels
    for entry in column:
        if entry in ("M", "LRN"):
            continue
        width, kernel = (channels, one) if entry == "1x1" else (entry, 3)
        total += kernel**2 * channels * width + (width if bias else 0)
        channels = width if same else in_channels
    return total


def _column_parameters(column: list, in_channels: int) -> int:
    return _count(column, in_channels)


def _column_case(rng: Random) -> dict:
    column: list = []
    for stage in range(rng.randint(2, 4)):
        width = rng.choice([4, 6, 8]) * (stage + 1)
        column += [width] * rng.randint(1, 3)
        column += ["LRN"] if stage == 0 and rng.random() < 0.4 else []
        column += ["1x1"] if stage == 1 or rng.random() < 0.3 else []
        column.append("M")
    return {"column": column, "in_channels": rng.choice([1, 3])}


def _without_one(column: list, in_channels: int) -> int:
    return _count([entry for entry in column if entry != "1x1"], in_channels)


register(Exercise(
    key="column_parameters",
    case=_column_case,
    reference=_column_parameters,
    mistakes=[
        Mistake(
            lambda column, in_channels: _count(column, in_channels, bias=False),
            text(ko="편향을 세지 않았습니다. 출력 채널마다 하나씩 있습니다.",
                 en="Biases are not counted. There is one for every output channel."),
        ),
        Mistake(
            lambda column, in_channels: _count(column, in_channels, same=False),
            text(ko="모든 층이 이미지를 읽는 것으로 셌습니다. 둘째 층부터는 앞 층의 채널을 읽습니다.",
                 en="You let every layer read the image. From the second on, a layer reads the channels before it."),
        ),
        Mistake(
            lambda column, in_channels: _count(column, in_channels, one=3),
            text(ko='`"1x1"`을 3×3으로 셌습니다.', en='You counted `"1x1"` as 3×3.'),
        ),
        Mistake(
            _without_one,
            text(ko='`"1x1"`을 세지 않았습니다. 1×1 합성곱에도 가중치와 편향이 있습니다.',
                 en='You left out `"1x1"`. A 1×1 convolution has weights and biases, too.'),
        ),
    ],
    hints=[
        text(ko="지금 읽는 채널 수를 변수에 담아 두고, 합성곱마다 갱신하세요.",
             en="Keep the number of channels that are read now in a variable, and update it at each convolution."),
        text(ko="층 하나의 파라미터는 `kernel**2 * channels * width + width`입니다.",
             en="A layer has `kernel**2 * channels * width + width` parameters."),
    ],
))  # fmt: skip


# The size of the map of scores


def _score_map(height: int, width: int, pools: int, side: int) -> tuple[int, int]:
    return height // 2**pools - side + 1, width // 2**pools - side + 1


def _map_case(rng: Random) -> dict:
    pools, side = rng.randint(2, 4), rng.randint(2, 7)
    height, width = (2**pools * (side + rng.randint(0, 5)) + rng.randrange(2**pools) for _ in range(2))
    return {"height": height, "width": width, "pools": pools, "side": side}


def _rounded_up(height: int, width: int, pools: int, side: int) -> tuple[int, int]:
    return -(-height // 2**pools) - side + 1, -(-width // 2**pools) - side + 1


register(Exercise(
    key="score_map",
    case=_map_case,
    reference=_score_map,
    mistakes=[
        Mistake(
            lambda height, width, pools, side: (height // 2**pools, width // 2**pools),
            text(ko="그것은 특징 맵의 크기입니다. 폭이 `side`인 합성곱이 `side - 1`칸을 줄입니다.",
                 en="That is the size of the feature map. The convolution of width `side` takes off `side - 1` cells."),
        ),
        Mistake(
            lambda height, width, pools, side: (height // 2**pools - side, width // 2**pools - side),
            text(ko="한 칸 모자랍니다. 폭 F인 창이 설 수 있는 자리는 W − F + 1곳입니다.",
                 en="One cell is missing: a window of width F fits in W − F + 1 places."),
        ),
        Mistake(
            lambda height, width, pools, side: (height // (2 * pools) - side + 1, width // (2 * pools) - side + 1),
            text(ko="`2 * pools`로 나누었습니다. 풀링마다 반이 되므로 `2**pools`로 나눕니다.",
                 en="You divided by `2 * pools`. Every pooling halves, so divide by `2**pools`."),
        ),
        Mistake(
            _rounded_up,
            text(ko="올림했습니다. 풀링은 남는 줄을 버립니다.", en="You rounded up. Pooling drops the row that is left."),
        ),
        Mistake(
            lambda height, width, pools, side: _score_map(width, height, pools, side),
            text(ko="높이와 너비의 순서가 바뀌었습니다.", en="Height and width are in the wrong order."),
        ),
    ],
    hints=[
        text(ko="먼저 풀링을 모두 지난 크기를 내림으로 구하세요.", en="First find the size after all pooling, rounded down."),
        text(ko="`length // 2**pools - side + 1`을 높이와 너비에 각각 하세요.",
             en="Compute `length // 2**pools - side + 1` for the height and for the width."),
    ],
))  # fmt: skip


# Weights flattened in another order


def _as_kernels(weight: np.ndarray, channels: int, side: int) -> np.ndarray:
    return weight.reshape(-1, side, side, channels).transpose(0, 3, 1, 2)


def _weight_case(rng: Random) -> dict:
    units, channels, side = rng.randint(2, 4), rng.randint(2, 4), rng.randint(2, 4)
    numbers = np.random.default_rng(rng.randrange(2**32)).normal(size=(units, side * side * channels))
    return {"weight": numbers, "channels": channels, "side": side}


register(Exercise(
    key="as_kernels",
    case=_weight_case,
    reference=_as_kernels,
    mistakes=[
        Mistake(
            lambda weight, channels, side: weight.reshape(-1, channels, side, side),
            text(ko="모양은 맞지만 값의 자리가 틀립니다. 가중치는 높이, 너비, 채널 순서로 펴져 있습니다.",
                 en="The shape is right, but the values are in the wrong places: they were flattened by height, width, "
                 "channel."),
        ),
        Mistake(
            lambda weight, channels, side: weight.reshape(-1, side, side, channels),
            text(ko="채널이 아직 맨 뒤에 있습니다. 축을 옮기세요.", en="The channels are still last. Move that axis."),
        ),
        Mistake(
            lambda weight, channels, side: weight.reshape(-1, side, side, channels).transpose(0, 3, 2, 1),
            text(ko="높이와 너비가 바뀌었습니다. 축의 순서는 0, 3, 1, 2입니다.",
                 en="Height and width are swapped: the order of the axes is 0, 3, 1, 2."),
        ),
    ],
    hints=[
        text(ko="먼저 펴기 전의 모양 `(units, side, side, channels)`로 되돌리세요.",
             en="First bring it back to the shape before flattening, `(units, side, side, channels)`."),
        text(ko="그다음 `transpose(0, 3, 1, 2)`로 채널을 앞으로 옮기세요.",
             en="Then `transpose(0, 3, 1, 2)` brings the channels forward."),
    ],
))  # fmt: skip


# The mean over scales


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=0))
    return exponentials / exponentials.sum(axis=0)


def _over_scales(maps: list[np.ndarray]) -> np.ndarray:
    return np.mean([_softmax(logits.mean(axis=(1, 2))) for logits in maps], axis=0)


def _maps_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    classes, sizes = rng.randint(3, 5), rng.sample([(1, 1), (2, 3), (4, 2), (3, 3)], rng.randint(2, 3))
    return {"maps": [chance.normal(scale=2, size=(classes, *size)) for size in sizes]}


def _all_places_alike(maps: list[np.ndarray]) -> np.ndarray:
    return _softmax(np.concatenate([logits.reshape(len(logits), -1) for logits in maps], axis=1).mean(axis=1))


register(Exercise(
    key="over_scales",
    case=_maps_case,
    reference=_over_scales,
    mistakes=[
        Mistake(
            lambda maps: _softmax(np.mean([logits.mean(axis=(1, 2)) for logits in maps], axis=0)),
            text(ko="크기에 대해 로짓을 평균했습니다. 크기마다 확률로 바꾼 다음 확률을 평균하세요.",
                 en="You averaged logits over the sizes. Turn each size into probabilities first, and average those."),
        ),
        Mistake(
            lambda maps: np.mean([_softmax(logits).mean(axis=(1, 2)) for logits in maps], axis=0),
            text(ko="자리마다 확률로 바꾸고 평균했습니다. 지도 안에서는 로짓을 평균합니다.",
                 en="You turned every place into probabilities. Within a map the logits are averaged."),
        ),
        Mistake(
            lambda maps: np.sum([_softmax(logits.mean(axis=(1, 2))) for logits in maps], axis=0),
            text(ko="확률의 합이 1이 아닙니다. 크기의 수로 나누세요.",
                 en="The probabilities do not sum to 1. Divide by the number of sizes."),
        ),
        Mistake(
            _all_places_alike,
            text(ko="모든 크기의 자리를 한데 모아 평균했습니다. 그러면 큰 이미지가 더 무겁습니다.",
                 en="You averaged the places of all sizes together, which gives large images more weight."),
        ),
        Mistake(
            lambda maps: np.mean([logits.mean(axis=(1, 2)) for logits in maps], axis=0),
            text(ko="아직 로짓입니다. 소프트맥스로 확률을 만드세요.",
                 en="These are still logits. Make them probabilities by softmax."),
        ),
    ],
    hints=[
        text(ko="지도 하나에서 `logits.mean(axis=(1, 2))`는 클래스마다 수 하나입니다.",
             en="For one map, `logits.mean(axis=(1, 2))` is one number a class."),
        text(ko="소프트맥스는 `np.exp(mean)`을 그 합으로 나눈 것입니다. 그것을 모두 더해 `len(maps)`로 나누세요.",
             en="Softmax is `np.exp(mean)` divided by its sum. Add these up and divide by `len(maps)`."),
    ],
))  # fmt: skip


# 5 × 5 in place of pairs


def _five_by_five(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return text(
            ko="신경망과 테스트 정확도를 튜플 하나로 건네세요.", en="Hand in the network and its accuracy as one tuple."
        )
    network, accuracy, measure = answer
    if not hasattr(network, "modules"):
        return text(ko="첫째는 `nn.Module`이어야 합니다.", en="The first must be an `nn.Module`.")
    layers = [layer for layer in network.modules() if hasattr(layer, "out_channels")]
    kernels = [tuple(layer.kernel_size) for layer in layers]
    if kernels != [(5, 5)] * 5:
        found = ", ".join(f"{high}×{wide}" for high, wide in kernels) or "-"
        return text(
            ko=f"합성곱은 5×5가 다섯이어야 하는데 {found}입니다.",
            en=f"There must be five convolutions of 5×5; found {found}.",
        )
    if any(layer.padding not in ("same", (2, 2)) for layer in layers):
        return text(ko="크기를 지키려면 `padding=2`가 필요합니다.", en="To keep the size they need `padding=2`.")
    widths = [layer.out_channels for layer in layers]
    if widths != [8, 16, 32, 64, 64]:
        return text(
            ko=f"출력 채널이 {widths}입니다. B의 8분의 1은 [8, 16, 32, 64, 64]입니다.",
            en=f"The output channels are {widths}. An eighth of B's are [8, 16, 32, 64, 64].",
        )
    try:
        share = float(accuracy)
    except (TypeError, ValueError):
        return text(
            ko="둘째는 0과 1 사이의 정확도여야 합니다.", en="The second must be the accuracy, a number from 0 to 1."
        )
    if not 0 <= share <= 1:
        return text(ko=f"정확도가 {share:g}입니다. 0과 1 사이로 주세요.", en=f"An accuracy of {share:g}? From 0 to 1.")
    if share < 0.5:
        return text(
            ko=f"정확도가 {share:.3f}뿐입니다. He 초기화로 시작해서 3에폭을 훈련했습니까?",
            en=f"Its accuracy is only {share:.3f}. Did it begin with He initialisation and train for 3 epochs?",
        )
    return measured.not_accuracy_of(network, share, measure)


register(Exercise(
    key="five_by_five",
    test=_five_by_five,
    hints=[
        text(ko="합성곱은 `nn.Conv2d(before, width, 5, padding=2)`이고 ReLU와 `nn.MaxPool2d(2)`가 뒤따릅니다.",
             en="A convolution is `nn.Conv2d(before, width, 5, padding=2)`, followed by ReLU and `nn.MaxPool2d(2)`."),
        text(ko="훈련은 `train_digits` 안의 `train.fit` 호출을 그대로 쓰고, `history.table.test_accuracy.iloc[-1]`을 건네세요.",
             en="Train with the call of `train.fit` in `train_digits`, and hand in "
             "`history.table.test_accuracy.iloc[-1]`."),
    ],
))  # fmt: skip
