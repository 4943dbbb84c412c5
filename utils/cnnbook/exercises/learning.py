"""The exercises of chapter 02, learning."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text
from cnnbook.verdict import array

# XOR with two units, by hand

CORNERS = {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 0}
PARTS = (("W1", (2, 2)), ("b1", (2,)), ("w2", (2,)), ("b2", ()))


def _xor_by_hand(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, (tuple, list)) or len(answer) != 4:
        return text(
            ko="`(W1, b1, w2, b2)`의 순서로 튜플 하나를 답하세요.",
            en="Answer with one tuple, in the order `(W1, b1, w2, b2)`.",
        )
    parts = []
    for (name, shape), value in zip(PARTS, answer, strict=True):
        part = array(value).astype(float)
        if name == "b2" and part.size == 1:
            part = part.reshape(())
        if part.shape != shape:
            return text(
                ko=f"`{name}`의 모양이 {part.shape}입니다. {shape}이어야 합니다.",
                en=f"`{name}` has the shape {part.shape}. It should be {shape}.",
            )
        parts.append(part)
    W1, b1, w2, b2 = parts
    wrong, alive, by_steps = [], np.zeros(2), []
    for x, target in CORNERS.items():
        hidden = np.maximum(0, W1 @ x + b1)
        alive = alive + (hidden > 0)
        by_steps.append((w2 @ (hidden > 0) + b2 > 0) == bool(target))
        if (w2 @ hidden + b2 > 0) != bool(target):
            wrong.append(x)
    if not wrong:
        return None
    if all(by_steps):
        return text(
            ko="0과 1만 내는 계단 유닛에 맞는 수입니다. ReLU는 그 사이의 수와 1보다 큰 수도 냅니다.",
            en="Those are the numbers for step units; a ReLU also gives values between and above 0 and 1.",
        )
    if (alive == 0).any():
        return text(
            ko="네 입력 모두에서 0인 은닉 유닛이 있습니다. 유닛이 하나뿐인 것과 같아서 XOR이 될 수 없습니다.",
            en="A hidden unit is 0 for all four inputs. That leaves a single unit, and one cannot compute XOR.",
        )
    if wrong == [(1, 1)]:
        return text(
            ko="지금은 OR입니다. 둘 다 1일 때 출력을 끌어내릴 유닛이 필요합니다.",
            en="This is OR. It takes a unit that pulls the output down where both inputs are 1.",
        )
    said = ", ".join(map(str, wrong))
    return text(
        ko=f"입력 {said}에서 틀립니다. 출력은 XOR이 1인 곳에서 0보다 크고, 나머지에서 0 이하여야 합니다.",
        en=f"It is wrong for the input{'s' if len(wrong) > 1 else ''} {said}. The output should be above 0 where XOR is 1, and 0 or below elsewhere.",
    )


register(Exercise(
    key="xor_by_hand",
    test=_xor_by_hand,
    hints=[
        text(
            ko="두 유닛이 모두 x₁ + x₂를 보게 하세요. 이 합은 0, 1, 1, 2입니다.",
            en="Let both units look at x₁ + x₂. This sum is 0, 1, 1, 2.",
        ),
        text(
            ko="첫째 유닛의 편향이 0, 둘째의 편향이 −1이면 은닉 유닛은 차례로 (0, 0), (1, 0), (1, 0), (2, 1)입니다. "
            "첫째에서 둘째의 몇 배를 빼야 합니까?",
            en="With the bias 0 in the first unit and −1 in the second, the hidden units are (0, 0), (1, 0), (1, 0), "
            "(2, 1). How many times the second must you subtract from the first?",
        ),
    ],
))


# The backward pass of a tanh layer


def _tanh_backward(x: np.ndarray, W: np.ndarray, b: np.ndarray, by_a: np.ndarray) -> tuple:
    delta = by_a * (1 - np.tanh(x @ W.T + b) ** 2)
    return delta @ W, delta.T @ x, delta.sum(axis=0)


def _tanh_case(rng: Random) -> dict:
    examples = rng.randint(2, 5)
    inputs = rng.randint(2, 5)
    units = rng.choice([n for n in (1, 2, 3, 4, 5) if n not in (inputs, examples)])

    def array(*shape: int) -> np.ndarray:
        return np.array([rng.uniform(-1, 1) for _ in range(int(np.prod(shape)))]).reshape(shape)

    return {
        "x": array(examples, inputs),
        "W": array(units, inputs),
        "b": array(units),
        "by_a": array(examples, units),
    }


def _by_delta(x: np.ndarray, W: np.ndarray, delta: np.ndarray) -> tuple:
    return delta @ W, delta.T @ x, delta.sum(axis=0)


def _sigmoid_slope(x: np.ndarray, W: np.ndarray, b: np.ndarray, by_a: np.ndarray) -> tuple:
    a = np.tanh(x @ W.T + b)
    return _by_delta(x, W, by_a * a * (1 - a))


def _slope_of_z(x: np.ndarray, W: np.ndarray, b: np.ndarray, by_a: np.ndarray) -> tuple:
    return _by_delta(x, W, by_a * (1 - (x @ W.T + b) ** 2))


def _input_without_slope(x: np.ndarray, W: np.ndarray, b: np.ndarray, by_a: np.ndarray) -> tuple:
    _, by_W, by_b = _tanh_backward(x, W, b, by_a)
    return by_a @ W, by_W, by_b


def _weights_transposed(x: np.ndarray, W: np.ndarray, b: np.ndarray, by_a: np.ndarray) -> tuple:
    by_x, by_W, by_b = _tanh_backward(x, W, b, by_a)
    return by_x, by_W.T, by_b


def _mean_of_examples(x: np.ndarray, W: np.ndarray, b: np.ndarray, by_a: np.ndarray) -> tuple:
    by_x, by_W, by_b = _tanh_backward(x, W, b, by_a)
    return by_x, by_W / len(x), by_b / len(x)


def _mean_delta(x: np.ndarray, W: np.ndarray, b: np.ndarray, by_a: np.ndarray) -> tuple:
    return tuple(part / len(x) for part in _tanh_backward(x, W, b, by_a))


def _bias_of_each(x: np.ndarray, W: np.ndarray, b: np.ndarray, by_a: np.ndarray) -> tuple:
    by_x, by_W, _ = _tanh_backward(x, W, b, by_a)
    return by_x, by_W, by_a * (1 - np.tanh(x @ W.T + b) ** 2)


DIVIDED = text(
    ko="예제 수로 나누었습니다. 평균은 손실에서 한 번 내며 `by_a`에 이미 들어 있습니다. 여기서는 더하기만 합니다.",
    en="You divided by the number of examples. The mean is taken once, in the loss, and is already in `by_a`: here we "
    "only add.",
)


register(Exercise(
    key="tanh_backward",
    case=_tanh_case,
    reference=_tanh_backward,
    mistakes=[
        Mistake(
            lambda x, W, b, by_a: _by_delta(x, W, by_a),
            text(
                ko="기울기를 곱하지 않았습니다. 먼저 `by_a`에 tanh의 기울기를 곱해야 δ가 됩니다.",
                en="The slope is missing. `by_a` becomes δ only when multiplied by the slope of tanh.",
            ),
        ),
        Mistake(
            _sigmoid_slope,
            text(
                ko="a (1 − a)는 시그모이드의 기울기입니다. tanh의 기울기는 1 − a²입니다.",
                en="a (1 − a) is the slope of the sigmoid. That of tanh is 1 − a².",
            ),
        ),
        Mistake(
            _slope_of_z,
            text(
                ko="기울기 1 − a²의 a는 활성값 tanh z입니다. 여기서는 가중합 z를 제곱했습니다.",
                en="In the slope 1 − a² the a is the activation tanh z. You squared the weighted sum z.",
            ),
        ),
        Mistake(
            _input_without_slope,
            text(
                ko="`W`와 `b`는 맞습니다. 입력으로 돌려보낼 때도 기울기까지 곱한 δ를 써야 합니다.",
                en="`W` and `b` are right. What goes back to the input is made of δ, too, with the slope.",
            ),
        ),
        Mistake(
            _weights_transposed,
            text(
                ko="`W`의 그레이디언트가 뒤집혔습니다. 모양이 `W`와 같아야 합니다.",
                en="The gradient of `W` is transposed. It should have the shape of `W`.",
            ),
        ),
        Mistake(_mean_of_examples, DIVIDED),
        Mistake(_mean_delta, DIVIDED),
        Mistake(
            _bias_of_each,
            text(
                ko="편향의 그레이디언트를 예제마다 따로 돌려주었습니다. 편향은 모든 예제에 함께 쓰이므로 더합니다.",
                en="You returned the bias gradient of each example. All examples share the bias, so add them up.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`a = np.tanh(x @ W.T + b)`를 다시 계산하고 `delta = by_a * (1 - a**2)`에서 시작하세요.",
            en="Compute `a = np.tanh(x @ W.T + b)` again and begin with `delta = by_a * (1 - a**2)`.",
        ),
        text(
            ko="그레이디언트는 그것이 가리키는 배열과 모양이 같습니다. `x`는 `delta @ W`, `W`는 `delta.T @ x`입니다.",
            en="A gradient has the shape of the array it belongs to: `delta @ W` for `x`, `delta.T @ x` for `W`.",
        ),
    ],
))


# One step with L1


def _shrink(v: np.ndarray, by: float) -> np.ndarray:
    return np.sign(v) * np.maximum(0, np.abs(v) - by)


def _l1_case(rng: Random) -> dict:
    size = rng.randint(6, 12)
    rate, penalty = rng.uniform(0.1, 0.5), rng.uniform(0.5, 1)
    w = np.array([rng.uniform(-1, 1) for _ in range(size)])
    w[0] = 0.4 * rate * penalty  # ends at 0
    gradient = np.array([rng.uniform(-1, 1) for _ in range(size)])
    gradient[0] = 0
    w[1], gradient[1] = 0.01, 2.0  # crosses 0
    return {"w": w, "gradient": gradient, "rate": rate, "penalty": penalty}


register(Exercise(
    key="l1_step",
    case=_l1_case,
    reference=lambda w, gradient, rate, penalty: _shrink(w - rate * gradient, rate * penalty),
    mistakes=[
        Mistake(
            lambda w, gradient, rate, penalty: w - rate * (gradient + penalty * np.sign(w)),
            text(
                ko="0을 지나칩니다. 먼저 그레이디언트의 반대쪽으로 옮기고, 그 결과를 0 쪽으로 당기되 0에 닿으면 멈추세요.",
                en="It passes over 0. First step against the gradient of the loss, then pull the result towards 0 and "
                "stop at 0.",
            ),
        ),
        Mistake(
            lambda w, gradient, rate, penalty: (
                w - rate * gradient - rate * penalty * np.sign(w - rate * gradient)
            ),
            text(
                ko="0을 지나칩니다. |w|가 학습률 × 벌점보다 작으면 0이 되어야 합니다.",
                en="It passes over 0. Where |w| is less than rate × penalty, the weight should become 0.",
            ),
        ),
        Mistake(
            lambda w, gradient, rate, penalty: (
                np.sign(w) * np.maximum(0, np.abs(w - rate * gradient) - rate * penalty)
            ),
            text(
                ko="옛 가중치의 부호를 썼습니다. 걸음을 옮기다 0을 지나기도 하니 `w - rate * gradient`의 부호를 쓰세요.",
                en="You took the sign of the old weight. The step may carry it past 0: take the sign of "
                "`w - rate * gradient`.",
            ),
        ),
        Mistake(
            lambda w, gradient, rate, penalty: _shrink(w - rate * gradient, penalty),
            text(
                ko="당기는 크기에 학습률이 빠졌습니다. 한 걸음에 `rate * penalty`만큼 당깁니다.",
                en="The learning rate is missing in the pull: each step pulls by `rate * penalty`.",
            ),
        ),
        Mistake(
            lambda w, gradient, rate, penalty: (v := w - rate * gradient) * (np.abs(v) > rate * penalty),
            text(
                ko="작은 가중치를 0으로 만들었지만 나머지를 당기지 않았습니다. L1은 모든 가중치를 같은 만큼 당깁니다.",
                en="You set the small weights to 0 but did not pull the others. L1 pulls all by the same amount.",
            ),
        ),
        Mistake(
            lambda w, gradient, rate, penalty: w - rate * (gradient + penalty * w),
            text(
                ko="L2의 걸음입니다. L1은 크기와 상관없이 같은 만큼 당깁니다.",
                en="That is the step of L2. L1 pulls by the same amount, whatever the size.",
            ),
        ),
        Mistake(
            lambda w, gradient, rate, penalty: _shrink(w, rate * penalty) - rate * gradient,
            text(
                ko="순서가 바뀌었습니다. 먼저 그레이디언트의 반대쪽으로 옮기고 나서 당겨야 정확히 0이 남습니다.",
                en="The order is reversed. Step against the gradient first and pull afterwards, so that exact zeros stay.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`v = w - rate * gradient`를 먼저 구하세요. 남은 것은 본문의 마지막 식을 `v`에 적용하는 일입니다.",
            en="Compute `v = w - rate * gradient` first. What remains is the chapter's last formula, applied to `v`.",
        ),
        text(
            ko="부호는 `np.sign(v)`, 크기는 `np.maximum(0, np.abs(v) - rate * penalty)`입니다.",
            en="The sign is `np.sign(v)`, the size `np.maximum(0, np.abs(v) - rate * penalty)`.",
        ),
    ],
))


# Folds that share out every class


def _labels(rng: Random) -> list[np.ndarray]:
    """Labels in turn, sorted, and by chance with a rare class. The classes have any numbers, one of them above 9."""
    classes = rng.randint(3, 6)
    count = classes * rng.randint(7, 12)
    numbers = np.array([*sorted(rng.sample(range(10), classes)), rng.randint(10, 40)])
    by_chance = [classes] + [rng.randrange(classes) for _ in range(count)]
    in_turn = np.arange(count) % classes + 1
    return [numbers[in_turn], numbers[np.sort(in_turn)], numbers[by_chance]]


def _even_folds(answer: Any, rng: Random) -> Text | None:
    if not callable(answer):
        return text(ko="함수를 건네세요.", en="Hand in the function.")
    for _ in range(10):
        for labels in _labels(rng):
            k = rng.randint(2, 5)
            given = answer(labels.copy(), k)
            if given is Ellipsis:
                return given
            if wrong := _uneven(given, labels, k):
                return wrong
    return None


def _uneven(given: Any, labels: np.ndarray, k: int) -> Text | None:
    if given is None:
        return text(
            ko="돌려준 것이 없습니다. `return`을 빠뜨리지 않았습니까?",
            en="Nothing came back. Is the `return` missing?",
        )
    folds = np.asarray(given)
    if folds.shape != labels.shape:
        return text(
            ko=f"모양이 {folds.shape}입니다. 예제마다 번호 하나, 곧 {labels.shape}이어야 합니다.",
            en=f"The shape is {folds.shape}. There should be one number for each example: {labels.shape}.",
        )
    if (folds != folds.astype(int)).any() or folds.min() < 0 or folds.max() >= k:
        return text(
            ko=f"겹의 번호는 0부터 {k - 1}까지의 정수여야 합니다.",
            en=f"The numbers of the folds should be integers from 0 to {k - 1}.",
        )
    for label in np.unique(labels):
        counts = np.bincount(folds[labels == label].astype(int), minlength=k)
        if counts.max() - counts.min() > 1:
            spread = ", ".join(map(str, counts))
            return text(
                ko=f"클래스 {label}의 예제가 겹마다 {spread}개입니다. 같은 클래스의 개수는 겹마다 많아야 1만큼 다를 수 "
                "있습니다.",
                en=f"Class {label} has {spread} examples in the folds. Its numbers may differ by 1 at most.",
            )
    return None


register(Exercise(
    key="even_folds",
    test=_even_folds,
    hints=[
        text(
            ko="클래스마다 따로 나누세요. `np.flatnonzero(labels == label)`이 그 클래스의 자리들입니다.",
            en="Share out each class by itself. `np.flatnonzero(labels == label)` gives its places.",
        ),
        text(
            ko="한 클래스의 자리에 차례로 0, 1, …, k − 1을 되풀이해 적습니다. `np.arange(len(members)) % k`입니다.",
            en="Write 0, 1, …, k − 1 over and over at the places of one class: `np.arange(len(members)) % k`.",
        ),
    ],
))


# The largest learning rate

LIMIT = 6.55  # 2 / the largest eigenvalue at the lowest point; tests/test_exercises_learning.py computes it


def _two_numbers(answer: Any) -> tuple[float, float] | None:
    try:
        first, second = (float(part) for part in answer)
    except (TypeError, ValueError):
        return None
    return first, second


def _largest_rate(answer: Any, rng: Random) -> Text | None:
    numbers = _two_numbers(answer)
    if numbers is None:
        return text(
            ko="수 두 개를 튜플로 답하세요. 잰 학습률이 먼저, 곡률로 예측한 학습률이 다음입니다.",
            en="Answer with two numbers as a tuple: the rate that you measured, then the one that the curvature "
            "predicts.",
        )
    measured, predicted = numbers
    if abs(predicted / LIMIT - 0.5) < 0.02:
        return text(
            ko="예측이 절반입니다. 1 − ηλ는 ηλ = 2에서 −1이 됩니다.",
            en="The prediction is half of what it should be: 1 − ηλ becomes −1 where ηλ = 2.",
        )
    if predicted > 50:
        return text(
            ko="가장 작은 고윳값을 썼습니다. 먼저 튀는 것은 가장 가파르게 굽은 방향, 가장 큰 고윳값입니다.",
            en="That is the smallest eigenvalue. The steepest curve, the largest eigenvalue, is the first to give way.",
        )
    if predicted < 0.4 * LIMIT:
        return text(
            ko="예측이 너무 작습니다. 곡률에 `p * (1 - p)`를 곱했는지, 예제 수로 나누었는지 보세요.",
            en="The prediction is too small. Is the `p * (1 - p)` in the curvature, and is it divided by the number of "
            "examples?",
        )
    if not abs(predicted / LIMIT - 1) < 0.01:  # NaN too
        return text(
            ko="예측이 맞지 않습니다. 곡률은 가장 낮은 점 `best`에서 구합니다.",
            en="The prediction does not fit. Take the curvature at the lowest point, `best`.",
        )
    if not abs(measured / LIMIT - 1) < 0.03:
        return text(
            ko="예측은 맞습니다. 잰 값은 그것과 3% 안에서 맞아야 합니다. 400걸음 뒤에 `best`에서 0.1 안에 있는지 보며 "
            "학습률의 간격을 반으로 줄여 가세요.",
            en="The prediction is right, and the measured rate should be within 3% of it. Halve the interval of rates, "
            "looking whether 400 steps end within 0.1 of `best`.",
        )
    return None


register(Exercise(
    key="largest_rate",
    test=_largest_rate,
    hints=[
        text(
            ko="곡률은 `p = torch.sigmoid(features @ best)`로 `(features * (p * (1 - p))[:, None]).T @ features / 800`, "
            "고윳값은 `torch.linalg.eigvalsh`로 구합니다.",
            en="With `p = torch.sigmoid(features @ best)` the curvature is "
            "`(features * (p * (1 - p))[:, None]).T @ features / 800`; `torch.linalg.eigvalsh` gives its eigenvalues.",
        ),
        text(
            ko="5에서는 닿고 8에서는 닿지 않습니다. 그 가운데를 시험해서 간격을 반으로 줄이는 일을 열 번 되풀이하세요.",
            en="Rate 5 arrives and 8 does not. Try the middle, keep the half that holds the limit, and repeat ten times.",
        ),
    ],
))


# A longer code

PCA_ERROR = 0.0378  # of the 1,000 test digits, with eight components; tests/test_exercises_learning.py computes it


def _longer_code(answer: Any, rng: Random) -> Text | None:
    numbers = _two_numbers(answer)
    if numbers is None:
        return text(
            ko="오차 두 개를 튜플로 답하세요. 오토인코더가 먼저, PCA가 다음입니다.",
            en="Answer with two errors as a tuple: the autoencoder's, then PCA's.",
        )
    mine, pca = numbers
    if abs(mine / PCA_ERROR - 1) < 0.02 and pca < 0.95 * PCA_ERROR:
        return text(ko="순서가 바뀌었습니다. 오토인코더가 먼저입니다.", en="The order is reversed: the autoencoder first.")
    if abs(pca - 0.0561) < 0.001:
        return text(
            ko="주성분을 둘만 썼습니다. 비교하려면 PCA도 여덟이어야 합니다.",
            en="You took two components. For a fair comparison PCA needs eight as well.",
        )
    if not abs(pca / PCA_ERROR - 1) < 0.01:  # NaN too; components of the test digits give 0.0372
        return text(
            ko="PCA의 오차가 맞지 않습니다. 훈련 숫자에서 구한 주성분 여덟로 테스트 숫자 1,000장을 되살려, 픽셀의 제곱 오차를 "
            "평균하세요.",
            en="PCA's error is not right. Rebuild the 1,000 test digits from eight components found on the training "
            "digits, and average the squared error of the pixels.",
        )
    if mine > 0.038:
        return text(
            ko="오토인코더의 오차가 너무 큽니다. 코드의 길이가 8인지, 25에폭을 훈련했는지, 표준화한 `x_test`가 아니라 픽셀이 "
            "0부터 1까지인 `new`를 되살렸는지 보세요.",
            en="The autoencoder's error is too large. Is its code eight numbers long, and did it train for 25 epochs? Did "
            "you rebuild `new`, whose pixels go from 0 to 1, not `x_test`?",
        )
    if not mine > 0.0285:  # the training digits give 0.0276
        return text(
            ko="오차가 너무 작습니다. 테스트 숫자에서, 0부터 1까지의 픽셀로 쟀는지 보세요.",
            en="The error is too small. Did you measure on the test digits, with pixels from 0 to 1?",
        )
    return None


register(Exercise(
    key="longer_code",
    test=_longer_code,
    hints=[
        text(
            ko="`autoencoder(code=8)`은 인코더와 디코더를 돌려줍니다. `torch.no_grad()` 안에서 `new`를 되살리세요.",
            en="`autoencoder(code=8)` returns an encoder and a decoder. Rebuild `new` inside `torch.no_grad()`.",
        ),
        text(
            ko="PCA는 이 장의 식에서 `[:2]`를 `[:8]`로 바꾸면 됩니다.",
            en="For PCA take this chapter's lines with `[:8]` in place of `[:2]`.",
        ),
    ],
))
