"""The exercises of chapter 18, adversarial examples."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text
from cnnbook.exercises.shared import is_number

# The worst case of a linear score


def _lowest_score(w: np.ndarray, x: np.ndarray, epsilon: float) -> float:
    worst = np.clip(x - epsilon * np.sign(w), 0, 1)
    return float(w @ worst)


def _lowest_score_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    size = rng.randint(6, 9)
    w = chance.normal(size=size).round(1)
    x = chance.uniform(0.4, 0.6, size=size).round(2)
    w[rng.randrange(size)] = 0.0
    for place, value in zip(rng.sample(range(size), 3), (0.0, 1.0, 0.0), strict=True):  # at the edges of the box
        x[place] = value
        w[place] = rng.choice([-1, 1]) * rng.randint(5, 15) / 10
    return {"w": w, "x": x, "epsilon": rng.choice([0.1, 0.2, 0.25, 0.3])}


register(Exercise(
    key="lowest_score",
    case=_lowest_score_case,
    reference=_lowest_score,
    mistakes=[
        Mistake(
            lambda w, x, epsilon: float(w @ x - epsilon * np.abs(w).sum()),
            text(
                ko="0과 1을 벗어난 픽셀이 있습니다. 검은 픽셀은 더 어두워질 수 없습니다. 옮긴 다음 0과 1 사이로 자르세요.",
                en="Some pixels left 0..1. A black pixel cannot become darker: move, then clip to 0..1.",
            ),
        ),
        Mistake(
            lambda w, x, epsilon: float(-epsilon * np.abs(w).sum()),
            text(
                ko="점수가 아니라 점수의 변화입니다. 게다가 0과 1을 벗어나도 될 때의 식입니다. 바꾼 픽셀의 점수를 구하세요.",
                en="That is the change of the score, and only where pixels may leave 0..1. Return the score of the changed pixels.",
            ),
        ),
        Mistake(
            lambda w, x, epsilon: float(w @ np.clip(x + epsilon * np.sign(w), 0, 1)),
            text(
                ko="가장 높은 점수입니다. 부호를 반대로 해서 점수를 낮추세요.",
                en="That is the highest score. Move against the sign, so that the score falls.",
            ),
        ),
        Mistake(
            lambda w, x, epsilon: float(w @ np.clip(x - epsilon * w, 0, 1)),
            text(
                ko="`w`에 비례해서 옮겼습니다. 픽셀마다 `epsilon`까지 쓸 수 있으므로 부호만 보고 끝까지 옮기세요.",
                en="You moved in proportion to `w`. Every pixel may use all of `epsilon`: only the sign matters.",
            ),
        ),
        Mistake(
            lambda w, x, epsilon: float(w @ np.clip(x - epsilon * w / np.linalg.norm(w), 0, 1)),
            text(
                ko="길이가 `epsilon`인 벡터를 뺐습니다. 여기서는 픽셀 하나하나가 `epsilon`까지 움직입니다.",
                en="You subtracted a vector of length `epsilon`. Here each single pixel may move by `epsilon`.",
            ),
        ),
        Mistake(
            lambda w, x, epsilon: float(w @ np.clip(x - epsilon, 0, 1)),
            text(
                ko="모든 픽셀을 어둡게 했습니다. 가중치가 음수인 픽셀은 밝아져야 점수가 내려갑니다.",
                en="You darkened all pixels. Where a weight is negative, the pixel must become brighter to lower the score.",
            ),
        ),
    ],
    hints=[
        text(
            ko="픽셀 하나만 생각하세요. `w`의 원소가 양수이면 그 픽셀을 어둡게, 음수이면 밝게 합니다.",
            en="Think of one pixel: where its weight is positive make it darker, where it is negative brighter.",
        ),
        text(
            ko="`np.clip(x - epsilon * np.sign(w), 0, 1)`이 옮긴 그림입니다. 여기에 `w`를 곱해 더합니다.",
            en="`np.clip(x - epsilon * np.sign(w), 0, 1)` is the moved picture. Multiply it by `w` and add up.",
        ),
    ],
))


# The gradient of softmax regression by its image


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


def _one_hot(label: int, classes: int) -> np.ndarray:
    return np.eye(classes)[label]


def _pixel_gradient(W: np.ndarray, b: np.ndarray, x: np.ndarray, label: int) -> np.ndarray:
    p = _softmax(W @ x + b)
    return W.T @ (p - _one_hot(label, len(b)))


def _pixel_gradient_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    classes, size = rng.randint(3, 5), rng.randint(6, 8)
    return {
        "W": chance.normal(size=(classes, size)).round(1),
        "b": chance.normal(size=classes).round(1),
        "x": chance.uniform(size=size).round(2),
        "label": rng.randrange(classes),
    }


def _by_weights(W: np.ndarray, b: np.ndarray, x: np.ndarray, label: int) -> np.ndarray:
    return np.outer(_softmax(W @ x + b) - _one_hot(label, len(b)), x)


register(Exercise(
    key="pixel_gradient",
    case=_pixel_gradient_case,
    reference=_pixel_gradient,
    mistakes=[
        Mistake(
            _by_weights,
            text(
                ko="가중치의 그레이디언트입니다. 여기서는 가중치가 아니라 픽셀로 미분합니다.",
                en="That is the gradient by the weights. Here the pixels are what you differentiate by.",
            ),
        ),
        Mistake(
            lambda W, b, x, label: -_pixel_gradient(W, b, x, label),
            text(
                ko="부호가 반대입니다. 로짓에 대한 그레이디언트는 확률에서 정답의 원-핫 벡터를 뺀 것입니다.",
                en="The sign is reversed. The gradient by the logits is the probabilities minus the label's one-hot vector.",
            ),
        ),
        Mistake(
            lambda W, b, x, label: W.T @ _softmax(W @ x + b),
            text(
                ko="정답을 빼지 않았습니다. 로짓에 대한 그레이디언트에서 정답 클래스만 1을 뺍니다.",
                en="The label was not subtracted: in the gradient by the logits, the right class has 1 less.",
            ),
        ),
        Mistake(
            lambda W, b, x, label: -W[label],
            text(
                ko="정답의 로짓만 미분했습니다. 교차 엔트로피는 다른 클래스의 로짓에도 달려 있습니다.",
                en="You differentiated the label's logit alone. The cross-entropy depends on the other logits as well.",
            ),
        ),
        Mistake(
            lambda W, b, x, label: W.T @ (W @ x + b - _one_hot(label, len(b))),
            text(
                ko="소프트맥스를 빠뜨렸습니다. 로짓이 아니라 확률에서 정답을 뺍니다.",
                en="The softmax is missing: subtract the label from the probabilities, not from the logits.",
            ),
        ),
        Mistake(
            lambda W, b, x, label: W.T @ (_softmax(W @ x) - _one_hot(label, len(b))),
            text(
                ko="편향 `b`를 더하지 않았습니다.",
                en="The bias `b` was not added.",
            ),
        ),
    ],
    hints=[
        text(
            ko="로짓은 `z = W @ x + b`이고, 손실을 `z`로 미분하면 `p - t`입니다. `t`는 정답의 자리만 1인 벡터입니다.",
            en="The logits are `z = W @ x + b`, and the loss differentiated by `z` is `p - t`, where `t` is 1 at the label alone.",
        ),
        text(
            ko="연쇄 법칙으로 `W.T @ (p - t)`입니다.",
            en="By the chain rule it is `W.T @ (p - t)`.",
        ),
    ],
))


# Back into the ball and the box


def _back_inside(moved: np.ndarray, start: np.ndarray, epsilon: float) -> np.ndarray:
    return np.clip(start + np.clip(moved - start, -epsilon, epsilon), 0, 1)


def _back_inside_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    start = chance.uniform(size=(4, 4)).round(2)
    start[0, :2] = (0.02, 0.97)  # where the box matters
    moved = (start + chance.normal(scale=0.3, size=start.shape)).round(2)
    moved[0, :2] = (-0.4, 1.4)
    return {"moved": moved, "start": start, "epsilon": rng.choice([0.1, 0.15, 0.2])}


def _shrunk(moved: np.ndarray, start: np.ndarray, epsilon: float) -> np.ndarray:
    change = moved - start
    return np.clip(start + change * min(1, epsilon / np.linalg.norm(change)), 0, 1)


register(Exercise(
    key="back_inside",
    case=_back_inside_case,
    reference=_back_inside,
    mistakes=[
        Mistake(
            lambda moved, start, epsilon: start + np.clip(moved - start, -epsilon, epsilon),
            text(
                ko="0과 1을 벗어난 픽셀이 남았습니다. 그런 그림은 저장할 수 없습니다.",
                en="Some pixels are still outside of 0..1. Such a picture cannot be saved.",
            ),
        ),
        Mistake(
            lambda moved, start, epsilon: np.clip(moved, 0, 1),
            text(
                ko="0과 1 사이로만 잘랐습니다. `start`에서 `epsilon`보다 멀리 간 픽셀도 되돌리세요.",
                en="You only clipped to 0..1. Pixels farther from `start` than `epsilon` must come back, too.",
            ),
        ),
        Mistake(
            lambda moved, start, epsilon: np.clip(moved, -epsilon, epsilon),
            text(
                ko="픽셀 값을 잘랐습니다. 자를 것은 `start`와의 차이입니다.",
                en="You clipped the pixels. What is to be clipped is their difference from `start`.",
            ),
        ),
        Mistake(
            lambda moved, start, epsilon: np.clip(np.clip(moved - start, -epsilon, epsilon), 0, 1),
            text(
                ko="차이를 돌려주었습니다. `start`에 다시 더하세요.",
                en="You returned the difference. Add it to `start` again.",
            ),
        ),
        Mistake(
            lambda moved, start, epsilon: np.clip(start + epsilon * np.sign(moved - start), 0, 1),
            text(
                ko="모든 픽셀을 `epsilon`만큼 옮겼습니다. 그보다 덜 움직인 픽셀은 그대로 두세요.",
                en="You moved every pixel by `epsilon`. Those that moved by less stay where they are.",
            ),
        ),
        Mistake(
            _shrunk,
            text(
                ko="전체의 길이를 줄였습니다. 그것은 ℓ2 공입니다. 여기서는 픽셀마다 따로 자릅니다.",
                en="You shortened the change as a whole: that is the ℓ2 ball. Here every pixel is clipped on its own.",
            ),
        ),
    ],
    hints=[
        text(
            ko="차이 `moved - start`를 `-epsilon`과 `epsilon` 사이로 자르고 `start`에 더합니다.",
            en="Clip the difference `moved - start` to between `-epsilon` and `epsilon`, and add it to `start`.",
        ),
        text(
            ko="그 결과를 `np.clip(..., 0, 1)`로 한 번 더 자릅니다.",
            en="Then clip the result once more, by `np.clip(..., 0, 1)`.",
        ),
    ],
))


# What counts as success


def _success(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> float:
    right = before == labels
    return float((after != labels)[right].mean())


def _success_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    count = rng.randint(12, 20)
    labels = chance.integers(0, 4, size=count)
    before, after = labels.copy(), labels.copy()
    before[:4] = (labels[:4] + 1) % 4  # wrong before: two stay so, one is wrong otherwise, one comes right
    after[:2], after[2] = before[:2], (labels[2] + 2) % 4
    after[4:9] = (labels[4:9] + chance.integers(1, 4, size=5)) % 4
    order = chance.permutation(count)
    return {"before": before[order], "after": after[order], "labels": labels[order]}


register(Exercise(
    key="success_rate",
    case=_success_case,
    reference=_success,
    mistakes=[
        Mistake(
            lambda before, after, labels: float((after != labels).mean()),
            text(
                ko="공격 뒤의 오류율입니다. 처음부터 틀린 그림은 공격의 성공이 아니니 빼고 세세요.",
                en="That is the error after the attack. Pictures that were wrong to begin with are no success: leave them out.",
            ),
        ),
        Mistake(
            lambda before, after, labels: float((after != before).mean()),
            text(
                ko="답이 바뀐 비율입니다. 틀렸던 답이 맞는 답으로 바뀌기도 합니다. 정답과 견주세요.",
                en="That is how often the answer changed. It can change from wrong to right: compare with the labels.",
            ),
        ),
        Mistake(
            lambda before, after, labels: float(((before == labels) & (after != labels)).mean()),
            text(
                ko="모든 그림의 수로 나누었습니다. 처음에 맞힌 그림의 수로 나누세요.",
                en="You divided by the number of all pictures. Divide by that of those that were right before.",
            ),
        ),
        Mistake(
            lambda before, after, labels: float(((before == labels) & (after != labels)).sum()),
            text(
                ko="그림의 수입니다. 처음에 맞힌 그림의 수로 나누어 비율을 구하세요.",
                en="That is a number of pictures. Divide by the number of those that were right before.",
            ),
        ),
        Mistake(
            lambda before, after, labels: float((after == labels)[before == labels].mean()),
            text(
                ko="공격을 견딘 비율입니다. 성공한 비율은 나머지입니다.",
                en="That is the share that withstood the attack. Its success is the rest.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`right = before == labels`로 처음에 맞힌 그림을 고릅니다.",
            en="`right = before == labels` picks the pictures that were right before.",
        ),
        text(
            ko="그 가운데 `after != labels`인 비율은 `(after != labels)[right].mean()`입니다.",
            en="Among them, the share with `after != labels` is `(after != labels)[right].mean()`.",
        ),
    ],
))


# The epsilon that halves the accuracy


def _half_epsilon(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 2 or not callable(answer[1]):
        return text(
            ko="엡실론과, 엡실론을 받아 정확도를 돌려주는 함수를 튜플 하나로 건네세요.",
            en="Hand in epsilon, and the function that turns an epsilon into an accuracy, as one tuple.",
        )
    epsilon, measure = answer
    if not is_number(epsilon) or not 0 <= float(epsilon) <= 1:
        return text(
            ko="엡실론은 0과 1 사이의 수 하나입니다. 회색 단계의 수라면 255로 나누세요.",
            en="Epsilon is one number between 0 and 1. If it counts grey levels, divide by 255.",
        )
    epsilon = float(epsilon)
    here = float(measure(epsilon))
    if here > 0.5:
        return text(
            ko=f"이 엡실론에서 정확도는 아직 {here:.3f}입니다. 더 큰 엡실론이 필요합니다.",
            en=f"With this epsilon the accuracy is still {here:.3f}. It takes a larger one.",
        )
    if epsilon >= 0.01 and float(measure(epsilon - 0.01)) <= 0.5:
        return text(
            ko=f"0.01 작은 {epsilon - 0.01:.3f}에서도 정확도가 0.5 이하입니다. 가장 작은 엡실론을 0.01 안쪽으로 찾으세요.",
            en=f"With {epsilon - 0.01:.3f}, which is 0.01 less, the accuracy is 0.5 or less as well. Find the smallest to within 0.01.",
        )
    return None


register(Exercise(
    key="half_epsilon",
    test=_half_epsilon,
    hints=[
        text(
            ko="엡실론이 커지면 정확도가 내려갑니다. 0과 0.4에서 시작해 가운데에서 재고, 반쪽을 버리는 일을 되풀이하세요.",
            en="As epsilon grows the accuracy falls. Begin with 0 and 0.4, measure in the middle, drop one half, and repeat.",
        ),
        text(
            ko="`low, high = 0.0, 0.4`에서 `middle`의 정확도가 0.5 이하이면 `high = middle`, 아니면 `low = middle`. 여섯 번이면 됩니다. 답은 `high`입니다.",
            en="From `low, high = 0.0, 0.4`: if the accuracy at `middle` is 0.5 or less, `high = middle`, else `low = middle`. "
            "Six times are enough, and `high` is the answer.",
        ),
    ],
))
