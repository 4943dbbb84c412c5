"""The exercises of chapter 04, LeNet."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text

# Subsampling one map


def _sum_of_four(x: np.ndarray) -> np.ndarray:
    return x[0::2, 0::2] + x[0::2, 1::2] + x[1::2, 0::2] + x[1::2, 1::2]


def _squash(a: np.ndarray) -> np.ndarray:
    return 1.7159 * np.tanh(2 / 3 * a)


def _subsample_case(rng: Random) -> dict:
    height, width = 2 * rng.randint(1, 5), 2 * rng.randint(1, 5)
    values = [rng.uniform(-1, 1) for _ in range(height * width)]
    return {
        "x": np.array(values).reshape(height, width),
        "coefficient": rng.uniform(0.3, 1),
        "bias": rng.uniform(0.2, 1),
    }


register(Exercise(
    key="subsample",
    case=_subsample_case,
    reference=lambda x, coefficient, bias: _squash(coefficient * _sum_of_four(x) + bias),
    mistakes=[
        Mistake(
            lambda x, coefficient, bias: _squash(coefficient * _sum_of_four(x) / 4 + bias),
            text(
                ko="네 칸의 평균을 냈습니다. 논문의 서브샘플링은 네 칸의 합에 계수를 곱합니다.",
                en="You took the mean of the four cells. The paper's subsampling multiplies their sum.",
            ),
        ),
        Mistake(
            lambda x, coefficient, bias: coefficient * _sum_of_four(x) + bias,
            text(
                ko="마지막에 찌그러뜨리는 함수가 빠졌습니다.",
                en="The squashing function at the end is missing.",
            ),
        ),
        Mistake(
            lambda x, coefficient, bias: _squash(coefficient * (_sum_of_four(x) + bias)),
            text(
                ko="편향을 먼저 더하고 계수를 곱했습니다. 계수를 먼저 곱하고 편향을 더합니다.",
                en="You added the bias before multiplying. First the coefficient, then the bias.",
            ),
        ),
        Mistake(
            lambda x, coefficient, bias: np.tanh(coefficient * _sum_of_four(x) + bias),
            text(
                ko="그냥 tanh를 썼습니다. 논문의 함수는 1.7159 tanh(2a / 3)입니다.",
                en="That is plain tanh. The paper's function is 1.7159 tanh(2a / 3).",
            ),
        ),
        Mistake(
            lambda x, coefficient, bias: coefficient * _squash(_sum_of_four(x)) + bias,
            text(
                ko="합을 먼저 찌그러뜨렸습니다. 찌그러뜨리는 것은 계수와 편향까지 적용한 다음입니다.",
                en="You squashed the sum first. Squashing comes last, after coefficient and bias.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`x[0::2, 0::2]`는 창마다 왼쪽 위 칸을 모은 것입니다. 나머지 세 칸은 어떻게 모을까요?",
            en="`x[0::2, 0::2]` collects the upper left cell of every window. How do you collect the other three?",
        ),
        text(
            ko="네 칸을 더한 것을 s라 하면 답은 `1.7159 * np.tanh(2 / 3 * (coefficient * s + bias))`입니다.",
            en="With s for the sum of the four, the answer is `1.7159 * np.tanh(2 / 3 * (coefficient * s + bias))`.",
        ),
    ],
))


# What a table costs


def _table_cost(connected: np.ndarray, kernel: int, width: int) -> tuple[int, int]:
    parameters = int(connected.sum()) * kernel**2 + connected.shape[1]
    return parameters, parameters * width**2


def _table_case(rng: Random) -> dict:
    inputs, outputs = rng.randint(3, 8), rng.randint(9, 14)  # never as many inputs as outputs
    connected = np.array([[rng.random() < 0.5 for _ in range(outputs)] for _ in range(inputs)])
    connected[0] = True  # each output sees an input
    connected[1, 0] = False  # and the table is never full
    return {"connected": connected, "kernel": rng.choice([2, 3, 5, 7]), "width": rng.randint(2, 20)}


def _table_without_bias(connected: np.ndarray, kernel: int, width: int) -> tuple[int, int]:
    weights = int(connected.sum()) * kernel**2
    return weights, weights * width**2


def _table_weights_connected(connected: np.ndarray, kernel: int, width: int) -> tuple[int, int]:
    weights = int(connected.sum()) * kernel**2
    return weights + connected.shape[1], weights * width**2


def _table_bias_each_input(connected: np.ndarray, kernel: int, width: int) -> tuple[int, int]:
    parameters = int(connected.sum()) * (kernel**2 + 1)
    return parameters, parameters * width**2


def _table_bias_by_rows(connected: np.ndarray, kernel: int, width: int) -> tuple[int, int]:
    parameters = int(connected.sum()) * kernel**2 + connected.shape[0]
    return parameters, parameters * width**2


def _table_full(connected: np.ndarray, kernel: int, width: int) -> tuple[int, int]:
    return _table_cost(np.ones_like(connected), kernel, width)


def _table_width_once(connected: np.ndarray, kernel: int, width: int) -> tuple[int, int]:
    parameters = _table_cost(connected, kernel, width)[0]
    return parameters, parameters * width


register(Exercise(
    key="table_cost",
    case=_table_case,
    reference=_table_cost,
    mistakes=[
        Mistake(
            _table_without_bias,
            text(
                ko="편향이 빠졌습니다. 출력 특징 맵마다 하나씩 있습니다.",
                en="The biases are missing: there is one for each output map.",
            ),
        ),
        Mistake(
            _table_weights_connected,
            text(
                ko="파라미터는 맞습니다. 연결에서는 편향도 칸마다 하나로 셉니다.",
                en="The parameters are right. Among the connections a bias counts too, once in every cell.",
            ),
        ),
        Mistake(
            _table_bias_each_input,
            text(
                ko="편향을 이어진 칸마다 하나씩 세었습니다. 출력 특징 맵 하나에 편향은 하나뿐입니다.",
                en="You counted one bias for each connected pair. An output map has a single bias.",
            ),
        ),
        Mistake(
            _table_bias_by_rows,
            text(
                ko="편향을 행, 곧 입력 특징 맵의 수만큼 세었습니다. 편향은 출력 특징 맵, 곧 열마다 하나입니다.",
                en="You counted a bias for each row, an input map. There is one for each column, an output map.",
            ),
        ),
        Mistake(
            _table_full,
            text(
                ko="표를 쓰지 않고 모두 이었습니다. 이어진 쌍의 수는 `connected.sum()`입니다.",
                en="You connected everything, without the table. The connected pairs are `connected.sum()`.",
            ),
        ),
        Mistake(
            _table_width_once,
            text(
                ko="출력의 칸은 `width`개가 아니라 `width**2`개입니다.",
                en="The output has not `width` cells but `width**2`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="출력 특징 맵 하나가 입력 n장을 보면 가중치는 n · F · F개, 편향은 하나입니다.",
            en="An output map that sees n inputs has n · F · F weights and one bias.",
        ),
        text(
            ko="파라미터 하나는 출력의 칸마다 한 번 쓰입니다. 그 횟수가 연결 수입니다.",
            en="A parameter is used once in every cell of the output. Those uses are the connections.",
        ),
    ],
))


# A loss that does not overflow


def _cross_entropy(z: np.ndarray, t: int) -> float:
    z = z - z.max()
    return float(np.log(np.exp(z).sum()) - z[t])


def _entropy_case(rng: Random) -> dict:
    classes, centre = rng.randint(2, 10), rng.choice([0, 0, 0, 1000, -1000])
    z = np.array([centre + rng.uniform(-3, 3) for _ in range(classes)])
    t = rng.randrange(classes)
    if rng.random() < 0.3:  # far apart: the probability of the right answer underflows
        z[(t + 1) % classes] += 1000
    return {"z": z, "t": t}


def _overflowing(z: np.ndarray, t: int) -> float:
    with np.errstate(all="ignore"):
        return float(-np.log(np.exp(z)[t] / np.exp(z).sum()))


def _probability_first(z: np.ndarray, t: int) -> float:
    with np.errstate(all="ignore"):
        p = np.exp(z - z.max())
        return float(-np.log(p[t] / p.sum()))


register(Exercise(
    key="cross_entropy",
    case=_entropy_case,
    reference=_cross_entropy,
    mistakes=[
        Mistake(
            _overflowing,
            text(
                ko="식은 맞지만 로짓이 크거나 아주 작으면 넘칩니다. 먼저 `z - z.max()`로 가장 큰 로짓을 0으로 "
                "만드세요.",
                en="The formula is right, but it overflows or underflows for large logits. First make the largest "
                "logit 0 with `z - z.max()`.",
            ),
        ),
        Mistake(
            _probability_first,
            text(
                ko="확률을 먼저 계산했습니다. 로짓이 멀리 떨어져 있으면 정답의 확률이 0이 되고 로그가 무한대가 됩니다. "
                "분수의 로그를 뺄셈으로 풀어 쓰세요.",
                en="You computed the probability first. Where the logits are far apart it underflows to 0 and its log "
                "is infinite. Write the log of the fraction as a difference.",
            ),
        ),
        Mistake(
            lambda z, t: -_cross_entropy(z, t),
            text(
                ko="부호가 반대입니다. 손실은 로그 확률에 음의 부호를 붙인 것이라 언제나 0 이상입니다.",
                en="The sign is wrong. The loss is minus the log probability, and never below 0.",
            ),
        ),
        Mistake(
            lambda z, t: float(np.exp(-_cross_entropy(z, t))),
            text(
                ko="정답의 확률입니다. 여기에 로그를 취하고 부호를 바꾸면 손실입니다.",
                en="That is the probability of the right answer. Take its logarithm and change the sign.",
            ),
        ),
        Mistake(
            lambda z, t: _cross_entropy(z, t) / np.log(2),
            text(
                ko="밑이 2인 로그를 썼습니다. 이 책의 손실은 자연로그입니다.",
                en="You used logarithms to base 2. The loss in this book takes natural ones.",
            ),
        ),
        Mistake(
            lambda z, t: _cross_entropy(z, t) / len(z),
            text(
                ko="클래스 수로 나누었습니다. 이미지 한 장의 손실은 정답 하나의 로그 확률에서 나옵니다.",
                en="You divided by the number of classes. The loss of one image comes from the one right answer.",
            ),
        ),
    ],
    hints=[
        text(
            ko="나눗셈의 로그는 로그의 뺄셈입니다. 그러면 손실은 지수의 합의 로그에서 정답의 로짓을 뺀 것입니다.",
            en="The log of a quotient is a difference: the loss is the log of the sum of exponentials minus the right "
            "answer's logit.",
        ),
        text(
            ko="`z = z - z.max()`로 시작하면 `np.exp(z)`는 1을 넘지 않고, 합은 1보다 작아지지 않습니다.",
            en="Begin with `z = z - z.max()`: then `np.exp(z)` never exceeds 1, and the sum is never below 1.",
        ),
    ],
))


# Counting confusions


def _confusion(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


def _confusion_case(rng: Random) -> dict:
    classes, count = rng.randint(3, 10), rng.randint(20, 60)
    labels = [rng.randrange(classes - 1) for _ in range(count)]  # the last class is never the right answer
    predictions = [label if rng.random() < 0.6 else rng.randrange(classes) for label in labels]
    return {"labels": np.array(labels), "predictions": np.array(predictions), "classes": classes}


def _confusion_once(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    matrix = np.zeros((classes, classes), dtype=int)
    matrix[labels, predictions] += 1
    return matrix


def _confusion_shares(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    matrix = _confusion(labels, predictions, classes)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def _confusion_mistakes_only(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    matrix = _confusion(labels, predictions, classes)
    return matrix - np.diag(np.diag(matrix))


register(Exercise(
    key="confusion",
    case=_confusion_case,
    reference=_confusion,
    mistakes=[
        Mistake(
            lambda labels, predictions, classes: _confusion(predictions, labels, classes),
            text(
                ko="행과 열이 바뀌었습니다. 행이 정답, 열이 대답입니다.",
                en="Rows and columns are exchanged. Rows are the right answers, columns the ones given.",
            ),
        ),
        Mistake(
            _confusion_once,
            text(
                ko="같은 칸이 여러 번 나와도 한 번만 세었습니다. `matrix[labels, predictions] += 1`은 되풀이된 자리를 "
                "한 번만 더합니다. 반복문이나 `np.add.at`을 쓰세요.",
                en="Cells that occur several times are counted once. `matrix[labels, predictions] += 1` adds only once "
                "at a repeated place: use a loop or `np.add.at`.",
            ),
        ),
        Mistake(
            _confusion_shares,
            text(
                ko="행마다 합으로 나누었습니다. 개수를 그대로 돌려주세요.",
                en="You divided each row by its sum. Return the counts themselves.",
            ),
        ),
        Mistake(
            _confusion_mistakes_only,
            text(
                ko="대각선이 비었습니다. 맞힌 것도 셉니다.",
                en="The diagonal is empty. Right answers count too.",
            ),
        ),
    ],
    hints=[
        text(
            ko="0으로 채운 K×K 배열에서 시작해, 이미지마다 정답의 행과 대답의 열에 1을 더하세요.",
            en="Begin with K×K zeros. For each image add 1 in the row of its label and the column of its answer.",
        ),
        text(
            ko="반복문은 `for true, said in zip(labels, predictions): matrix[true, said] += 1`입니다.",
            en="As a loop: `for true, said in zip(labels, predictions): matrix[true, said] += 1`.",
        ),
    ],
))


# A smaller network

MOST, LEAST = 8_000, 0.95


def _tiny_network(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 2:
        return text(
            ko="신경망과 `train.evaluate`의 결과를 튜플 하나로 건네세요.",
            en="Hand in the network and the result of `train.evaluate` as one tuple.",
        )
    network, result = answer
    if not hasattr(network, "parameters"):
        return text(ko="첫째는 `nn.Module`이어야 합니다.", en="The first must be an `nn.Module`.")
    if not hasattr(result, "accuracy") or not hasattr(result, "predictions"):
        return text(
            ko="둘째는 `train.evaluate`가 돌려준 것이어야 합니다.", en="The second must come from `train.evaluate`."
        )
    count = sum(parameter.numel() for parameter in network.parameters())
    if count > MOST:
        return text(
            ko=f"파라미터가 {count:,}개로 {MOST:,}개보다 많습니다. 가장 큰 층부터 줄이세요.",
            en=f"It has {count:,} parameters, more than {MOST:,}. Begin with the largest layer.",
        )
    if len(result.predictions) != 1_000:
        return text(
            ko=f"{len(result.predictions):,}장에서 쟀습니다. 테스트 숫자 1,000장에서 재세요.",
            en=f"Measured on {len(result.predictions):,} images. Measure on the 1,000 test digits.",
        )
    if result.accuracy < LEAST:
        return text(
            ko=f"정확도가 {100 * result.accuracy:.1f}%입니다. 합성곱과 풀링은 남기고, 더 오래 훈련하거나 숫자를 옮겨 "
            "보세요.",
            en=f"Its accuracy is {100 * result.accuracy:.1f}%. Keep convolution and pooling; train longer, or move "
            "the digits.",
        )
    return None


register(Exercise(
    key="tiny_network",
    test=_tiny_network,
    hints=[
        text(
            ko="파라미터는 대부분 C5와 F6에 있습니다. S4의 출력 400개를 곧바로 10개의 로짓에 이으면 몇 개입니까?",
            en="Most parameters are in C5 and F6. How many does it take to connect the 400 outputs of S4 straight to "
            "10 logits?",
        ),
        text(
            ko="`nn.Sequential`에 C1, S2, C3, S4, `nn.Flatten()`, `nn.Linear(400, 10)`을 차례로 넣어 보세요.",
            en="Try an `nn.Sequential` of C1, S2, C3, S4, `nn.Flatten()` and `nn.Linear(400, 10)`.",
        ),
    ],
))


# What augmentation gave


def _what_shift_gave(answer: Any, rng: Random) -> Text | None:
    try:
        without, given = (float(part) for part in answer)
    except (TypeError, ValueError):
        return text(
            ko="정확도 두 개를 튜플로 답하세요. 증강 없는 쪽이 먼저입니다.",
            en="Answer with two accuracies as a tuple, the one without augmentation first.",
        )
    if not (0 <= without <= 1 and 0 <= given <= 1):  # NaN too
        return text(
            ko="정확도는 0과 1 사이의 비율로 답하세요.",
            en="Give accuracies as fractions between 0 and 1.",
        )
    if without > given:
        return text(
            ko="순서가 바뀌지 않았습니까? 증강 없는 쪽이 먼저입니다. 순서가 맞다면 4픽셀 옮긴 숫자에서 쟀는지 보세요.",
            en="Is the order reversed? The one without augmentation comes first. If not, see whether the digits were "
            "moved by 4 pixels.",
        )
    if given < 0.8:
        return text(
            ko="둘 다 너무 낮습니다. `like=`로 각자의 훈련 기록을 건넸는지, 옮긴 칸이 4픽셀인지 보세요.",
            en="Both are too low. Did you pass each network's own history with `like=`, and move by 4 pixels?",
        )
    if given - without < 0.02:
        return text(
            ko="차이가 거의 없습니다. 옮기지 않은 숫자에서 재지 않았습니까? 훈련할 때 `augment`를 뺐는지도 보세요.",
            en="There is hardly a difference. Did you measure on digits that were not moved, or leave `augment` in?",
        )
    return None


register(Exercise(
    key="what_shift_gave",
    test=_what_shift_gave,
    hints=[
        text(
            ko="두 번의 `train.fit`은 `augment`만 다르고 에폭 수는 8로 같습니다. 옮긴 테스트 세트는 "
            "`moved(test_set, 4)`입니다.",
            en="The two calls of `train.fit` differ in `augment` only; both run 8 epochs. The moved test set is "
            "`moved(test_set, 4)`.",
        ),
        text(
            ko="`train.evaluate(model, moved(test_set, 4), like=history)`를 두 신경망에 저마다의 기록으로 부르세요.",
            en="Call `train.evaluate(model, moved(test_set, 4), like=history)` for both networks, each with its own "
            "history.",
        ),
    ],
))
