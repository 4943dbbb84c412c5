"""The exercises of chapter 10, GoogLeNet."""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, measured, register, text

# A convolution of 1 × 1


def _pointwise(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return np.tensordot(weight, x, axes=(1, 0)) + bias[:, None, None]


def _pointwise_case(rng: Random) -> dict:
    numbers = np.random.default_rng(rng.randrange(2**32))
    inputs, filters = rng.randint(2, 4), rng.randint(2, 5)
    return {
        "x": numbers.normal(size=(inputs, rng.randint(2, 4), rng.randint(2, 4))),
        "weight": numbers.normal(size=(filters, inputs)),
        "bias": numbers.normal(size=filters),
    }


register(Exercise(
    key="pointwise",
    case=_pointwise_case,
    reference=_pointwise,
    mistakes=[
        Mistake(
            lambda x, weight, bias: _pointwise(x, weight, 0 * bias),
            text(
                ko="편향이 빠졌습니다. 출력 채널마다 하나씩 더하세요.",
                en="The bias is missing: add one to each output channel.",
            ),
        ),
        Mistake(
            lambda x, weight, bias: _pointwise(x, weight, 0 * bias) + bias.sum(),
            text(
                ko="모든 출력 채널에 편향을 다 더했습니다. 채널 `k`에는 `bias[k]` 하나만 더합니다.",
                en="All biases were added to every output channel. Channel `k` gets `bias[k]` alone.",
            ),
        ),
        Mistake(
            lambda x, weight, bias: np.maximum(_pointwise(x, weight, bias), 0),
            text(
                ko="ReLU까지 했습니다. 합성곱만 하세요.",
                en="You applied ReLU as well. The convolution is all that is asked for.",
            ),
        ),
        Mistake(
            lambda x, weight, bias: _pointwise(np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), x.shape), weight, bias),
            text(
                ko="위치를 평균했습니다. 1×1 합성곱은 픽셀을 섞지 않습니다.",
                en="You averaged over positions. A 1×1 convolution does not mix pixels.",
            ),
        ),
        Mistake(
            lambda x, weight, bias: np.moveaxis(_pointwise(x, weight, bias), 0, 2),
            text(
                ko="채널이 마지막 축에 있습니다. 첫 축이어야 합니다.",
                en="The channels are on the last axis. They belong on the first.",
            ),
        ),
    ],
    hints=[
        text(
            ko="픽셀 하나에서는 `weight @ x[:, i, j] + bias`입니다.",
            en="At one pixel it is `weight @ x[:, i, j] + bias`.",
        ),
        text(
            ko="`np.einsum('kc,chw->khw', weight, x) + bias[:, None, None]`이 모든 픽셀을 한꺼번에 계산합니다.",
            en="`np.einsum('kc,chw->khw', weight, x) + bias[:, None, None]` does all pixels at once.",
        ),
    ],
))


# What a module costs


def _cost(size: int, channels: int, row: Sequence[int]) -> int:
    ones, reduce_threes, threes, reduce_fives, fives, projection = row
    pixel = channels * (ones + reduce_threes + reduce_fives + projection)
    return size * size * (pixel + 9 * reduce_threes * threes + 25 * reduce_fives * fives)


def _cost_case(rng: Random) -> dict:
    row = tuple(rng.randint(2, 20) for _ in range(6))
    return {"size": rng.randint(3, 14), "channels": rng.randint(21, 40), "row": row}


def _cost_without_reduction(size: int, channels: int, row: Sequence[int]) -> int:
    ones, reduce_threes, threes, reduce_fives, fives, projection = row
    pixel = channels * (ones + reduce_threes + reduce_fives + projection)
    return size * size * (pixel + 9 * channels * threes + 25 * channels * fives)


def _cost_of_reductions_forgotten(size: int, channels: int, row: Sequence[int]) -> int:
    ones, reduce_threes, threes, reduce_fives, fives, projection = row
    return size * size * (channels * (ones + projection) + 9 * reduce_threes * threes + 25 * reduce_fives * fives)


def _cost_not_squared(size: int, channels: int, row: Sequence[int]) -> int:
    ones, reduce_threes, threes, reduce_fives, fives, projection = row
    pixel = channels * (ones + reduce_threes + reduce_fives + projection)
    return size * size * (pixel + 3 * reduce_threes * threes + 5 * reduce_fives * fives)


register(Exercise(
    key="module_cost",
    case=_cost_case,
    reference=_cost,
    mistakes=[
        Mistake(
            lambda size, channels, row: _cost(1, channels, row),
            text(
                ko="가중치의 개수를 세었습니다. 가중치마다 픽셀 수만큼 곱합니다.",
                en="You counted weights. Each of them is used once at every pixel.",
            ),
        ),
        Mistake(
            _cost_without_reduction,
            text(
                ko="3×3과 5×5의 입력은 모듈의 입력이 아니라 축소한 채널입니다.",
                en="The 3×3 and the 5×5 read the reduced channels, not the module's input.",
            ),
        ),
        Mistake(
            _cost_of_reductions_forgotten,
            text(
                ko="축소하는 1×1 합성곱 둘을 세지 않았습니다. 그것도 곱셈입니다.",
                en="The two 1×1 convolutions that reduce are not counted. They multiply, too.",
            ),
        ),
        Mistake(
            lambda size, channels, row: _cost(size, channels, (*row[:5], 0)),
            text(
                ko="풀링 다음의 1×1 합성곱이 빠졌습니다.",
                en="The 1×1 convolution after the pooling is missing.",
            ),
        ),
        Mistake(
            _cost_not_squared,
            text(
                ko="필터 한 장에는 3칸, 5칸이 아니라 9칸, 25칸이 있습니다.",
                en="A filter has 9 and 25 cells, not 3 and 5.",
            ),
        ),
        Mistake(
            lambda size, channels, row: _cost(size, channels, row) // size,
            text(
                ko="픽셀은 `size`개가 아니라 `size * size`개입니다.",
                en="There are `size * size` pixels, not `size`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="합성곱은 여섯입니다. 그 가운데 넷이 1×1이고, 모두 모듈의 입력 채널을 읽습니다(하나는 풀링을 지난 것을 읽습니다).",
            en="There are six convolutions. Four are 1×1, and all four read the module's channels (one of them after pooling).",
        ),
        text(
            ko="합성곱 하나의 값은 `size**2 * kernel**2 * inputs * filters`입니다. 여섯을 더하세요.",
            en="One convolution costs `size**2 * kernel**2 * inputs * filters`. Add up the six.",
        ),
    ],
))


# Channels of naive modules


def _pile(channels: int, rows: Sequence[Sequence[int]]) -> list[int]:
    found = []
    for row in rows:
        channels += sum(row)
        found.append(channels)
    return found


def _pile_case(rng: Random) -> dict:
    rows = [tuple(rng.randint(1, 30) for _ in range(3)) for _ in range(rng.randint(2, 5))]
    return {"channels": rng.randint(3, 60), "rows": rows}


register(Exercise(
    key="naive_channels",
    case=_pile_case,
    reference=_pile,
    mistakes=[
        Mistake(
            lambda channels, rows: [sum(row) for row in rows],
            text(
                ko="풀링이 빠졌습니다. 풀링은 들어온 채널을 모두 내보냅니다.",
                en="The pooling is missing: it hands on every channel that came in.",
            ),
        ),
        Mistake(
            lambda channels, rows: [channels + sum(row) for row in rows],
            text(
                ko="모듈마다 처음 채널에서 다시 시작했습니다. 모듈의 입력은 앞 모듈의 출력입니다.",
                en="Every module started from the first channels again. Its input is the output of the one before.",
            ),
        ),
        Mistake(
            lambda channels, rows: [channels, *_pile(channels, rows)],
            text(
                ko="처음 채널 수까지 적었습니다. 모듈이 내놓은 것만 적으세요.",
                en="The first number of channels is in the list. List only what modules give.",
            ),
        ),
        Mistake(
            lambda channels, rows: _pile(channels, rows)[-1],
            text(
                ko="마지막 수만 돌려주었습니다. 모듈마다 하나씩 목록으로 돌려주세요.",
                en="That is the last number alone. Return a list, one number a module.",
            ),
        ),
    ],
    hints=[
        text(
            ko="모듈을 하나 지날 때마다 채널이 `sum(row)`개 늘어납니다.",
            en="Every module adds `sum(row)` channels.",
        ),
        text(
            ko="`channels`를 `channels + sum(row)`로 바꾸면서 목록에 덧붙이세요.",
            en="Set `channels` to `channels + sum(row)` and append it to a list.",
        ),
    ],
))


# The vote of several networks


def _probabilities(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    return powers / powers.sum(axis=2, keepdims=True)


def _vote(logits: np.ndarray) -> np.ndarray:
    return _probabilities(logits).mean(axis=0).argmax(axis=1)


def _vote_case(rng: Random) -> dict:
    numbers = np.random.default_rng(rng.randrange(2**32))
    return {"logits": 3 * numbers.normal(size=(rng.choice([3, 5]), 40, rng.randint(3, 6)))}


def _majority(logits: np.ndarray) -> np.ndarray:
    votes = logits.argmax(axis=2)  # (M, N)
    return np.array([np.bincount(column, minlength=logits.shape[2]).argmax() for column in votes.T])


register(Exercise(
    key="vote",
    case=_vote_case,
    reference=_vote,
    mistakes=[
        Mistake(
            lambda logits: logits.mean(axis=0).argmax(axis=1),
            text(
                ko="로짓을 평균했습니다. 먼저 신경망마다 소프트맥스를 하고, 그 확률을 평균하세요.",
                en="You averaged the logits. Take each network's softmax first and average those.",
            ),
        ),
        Mistake(
            _majority,
            text(
                ko="다수결을 했습니다. 얼마나 확신하는지도 셈에 넣으려면 확률을 평균하세요.",
                en="That is the majority of answers. To count how sure each is, average the probabilities.",
            ),
        ),
        Mistake(
            lambda logits: _probabilities(logits).max(axis=0).argmax(axis=1),
            text(
                ko="가장 확신하는 신경망 하나만 들었습니다. 평균하세요.",
                en="Only the surest network was heard. Take the mean.",
            ),
        ),
        Mistake(
            lambda logits: logits[0].argmax(axis=1),
            text(
                ko="첫 신경망의 답입니다. 모두의 확률을 평균하세요.",
                en="That is the first network's answer. Average over all of them.",
            ),
        ),
        Mistake(
            lambda logits: _probabilities(logits).mean(axis=0),
            text(
                ko="확률을 돌려주었습니다. 가장 큰 확률의 번호를 돌려주세요.",
                en="Those are the probabilities. Return the number of the largest.",
            ),
        ),
    ],
    hints=[
        text(
            ko="소프트맥스는 마지막 축을 따라 합니다. `np.exp(z) / np.exp(z).sum(axis=2, keepdims=True)`입니다.",
            en="The softmax runs along the last axis: `np.exp(z) / np.exp(z).sum(axis=2, keepdims=True)`.",
        ),
        text(
            ko="확률을 축 0으로 평균하고 축 1에서 `argmax`를 구하세요.",
            en="Take the mean of the probabilities over axis 0, then `argmax` over axis 1.",
        ),
    ],
))


# Which kernels can be factorised


def _separable(kernel: np.ndarray) -> bool:
    return bool(np.linalg.matrix_rank(kernel) <= 1)


def _separable_case(rng: Random) -> dict:
    numbers = np.random.default_rng(rng.randrange(2**32))
    size, kind = rng.choice([3, 5]), rng.randrange(4)

    def column() -> np.ndarray:
        return numbers.integers(1, 4, size=size) * numbers.choice([-1, 1], size=size)

    first, row = column(), column()
    if rng.random() < 0.5:  # a zero here or there, as Sobel's has
        rng.choice([first, row])[rng.randrange(1, size)] = 0
    kernel = np.outer(first, row)
    if kind == 1:
        kernel = np.outer(first, first)
    if kind == 2:
        other = column()
        other[0], other[1] = first[1], -first[0]  # no multiple of the first: the rank is 2
        kernel = kernel + np.outer(other, np.eye(size, dtype=int)[rng.randrange(size)])
    if kind == 3:
        kernel = np.outer(first, first) + np.eye(size, dtype=int)  # of full rank
    return {"kernel": kernel}


register(Exercise(
    key="separable",
    case=_separable_case,
    reference=_separable,
    mistakes=[
        Mistake(
            lambda kernel: bool(np.array_equal(kernel, kernel.T)),
            text(
                ko="대칭인지 보았습니다. 대칭이 아니어도 곱일 수 있고, 대칭이어도 곱이 아닐 수 있습니다.",
                en="You asked whether it is symmetric. A product need not be, and a symmetric kernel need not be a product.",
            ),
        ),
        Mistake(
            lambda kernel: bool(np.linalg.matrix_rank(kernel) < len(kernel)),
            text(
                ko="계수가 꽉 차지 않았다는 것만으로는 모자랍니다. 1 이하여야 합니다.",
                en="It is not enough that the rank is not full. It must be 1 at most.",
            ),
        ),
        Mistake(
            lambda kernel: True,
            text(
                ko="늘 참이라고 답했습니다. 대부분의 커널은 곱이 아닙니다.",
                en="The answer is always true. Most kernels are no product.",
            ),
        ),
        Mistake(
            lambda kernel: not _separable(kernel),
            text(ko="참과 거짓이 바뀌었습니다.", en="True and false are swapped."),
        ),
    ],
    hints=[
        text(
            ko="곱이면 모든 행이 한 행의 배수입니다. 선형대수에서는 계수(rank)가 1이라고 합니다.",
            en="In a product every row is a multiple of one row. Linear algebra says that its rank is 1.",
        ),
        text(
            ko="`np.linalg.matrix_rank(kernel)`이 계수를 구합니다.",
            en="`np.linalg.matrix_rank(kernel)` gives the rank.",
        ),
    ],
))


# Thaw the last module


def _thawed(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 4:
        return text(
            ko="`source`, 훈련한 신경망, 정확도를 튜플 하나로 건네세요.",
            en="Hand in `source`, the trained network and its accuracy as one tuple.",
        )
    source, network, accuracy, measure = answer
    if not (hasattr(source, "state_dict") and hasattr(network, "state_dict")):
        return text(ko="처음 둘은 `nn.Module`이어야 합니다.", en="The first two must be an `nn.Module`.")
    before, after = dict(source.named_parameters()), dict(network.named_parameters())
    if list(before) != list(after):
        return text(
            ko="층이 다릅니다. `source`를 복사해서 `linear`만 바꾸세요.",
            en="The layers differ. Copy `source` and exchange `linear` alone.",
        )
    thawed = ("inception_c.", "linear.")
    moved = [
        name for name in before
        if name.startswith(thawed) or not np.array_equal(before[name].detach().numpy(), after[name].detach().numpy())
    ]  # fmt: skip
    early = [name for name in moved if not name.startswith(thawed)]
    if early:
        return text(
            ko=f"`{early[0]}`도 바뀌었습니다. 옵티마이저에 `inception_c`와 `linear`의 파라미터만 건네세요.",
            en=f"`{early[0]}` moved as well. Hand the optimizer only the parameters of `inception_c` and `linear`.",
        )
    module = [name for name in before if name.startswith("inception_c.")]
    if all(np.array_equal(before[name].detach().numpy(), after[name].detach().numpy()) for name in module):
        return text(
            ko="`inception_c`가 그대로입니다. 그 파라미터도 옵티마이저에 건네야 합니다.",
            en="`inception_c` has not moved. The optimizer needs its parameters, too.",
        )
    if not isinstance(accuracy, float) or not 0 <= accuracy <= 1:
        return text(
            ko="정확도는 0에서 1 사이의 `float`이어야 합니다.",
            en="The accuracy must be a `float` from 0 to 1.",
        )
    if accuracy < 0.2:
        return text(
            ko=f"정확도가 {accuracy:.3f}뿐입니다. 훈련한 신경망을 `eval()`로 두고, 같은 표준화로 쟀습니까?",
            en=f"The accuracy is only {accuracy:.3f}. Was the network in `eval()` mode, its inputs normalised alike?",
        )
    return measured.not_accuracy_of(network, accuracy, measure)


register(Exercise(
    key="thawed",
    test=_thawed,
    hints=[
        text(
            ko="`adapted(...)`에 `part=['inception_c', 'linear']`를 건네면 그 파라미터만 옵티마이저에 들어갑니다.",
            en="Pass `part=['inception_c', 'linear']` to `adapted(...)`: the optimizer then gets those parameters only.",
        ),
        text(
            ko="정확도는 `accuracy(network, test)`로 잽니다.",
            en="Measure with `accuracy(network, test)`.",
        ),
    ],
))
