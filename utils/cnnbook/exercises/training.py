"""The exercises of chapter 06, training."""

from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, text


def _numbers(rng: Random, *shape: int, scale: float = 1.0, centre: float = 0.0) -> np.ndarray:
    """Normal random numbers, float64 of this shape."""
    return centre + scale * np.random.default_rng(rng.randrange(2**32)).normal(size=shape)


# Whitening, turned back


def _axes(x: np.ndarray, ddof: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centred points (N, D), eigenvalues (D,) and eigenvectors (D, D) in columns."""
    centred = x - x.mean(axis=0)
    return centred, *np.linalg.eigh(centred.T @ centred / (len(x) - ddof))


def _zca(x: np.ndarray, eps: float, ddof: int = 0) -> np.ndarray:
    centred, values, vectors = _axes(x, ddof)
    return centred @ vectors / np.sqrt(values + eps) @ vectors.T


def _zca_of_raw(x: np.ndarray, eps: float) -> np.ndarray:
    _, values, vectors = _axes(x)
    return x @ vectors / np.sqrt(values + eps) @ vectors.T


def _never_centred(x: np.ndarray, eps: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    return x @ vectors / np.sqrt(values + eps) @ vectors.T


def _not_turned_back(x: np.ndarray, eps: float) -> np.ndarray:
    centred, values, vectors = _axes(x)
    return centred @ vectors / np.sqrt(values + eps)


def _no_root(x: np.ndarray, eps: float) -> np.ndarray:
    centred, values, vectors = _axes(x)
    return centred @ vectors / (values + eps) @ vectors.T


def _rows_for_columns(x: np.ndarray, eps: float) -> np.ndarray:
    centred, values, vectors = _axes(x)
    return centred @ vectors.T / np.sqrt(values + eps) @ vectors


def _zca_case(rng: Random) -> dict:
    count, numbers = rng.randint(20, 30), rng.randint(3, 5)
    mixed = _numbers(rng, count, numbers) @ _numbers(rng, numbers, numbers)
    return {"x": mixed + _numbers(rng, numbers, centre=2.0), "eps": rng.choice([0.1, 0.01])}


register(Exercise(
    key="zca",
    case=_zca_case,
    reference=_zca,
    mistakes=[
        Mistake(
            _not_turned_back,
            text(
                ko="백색화까지는 맞습니다. 마지막에 고유 벡터의 전치를 곱해 원래의 축으로 되돌리세요.",
                en="It is whitened. At the end, multiply by the eigenvectors transposed to turn back to the old axes.",
            ),
        ),
        Mistake(
            _zca_of_raw,
            text(
                ko="평균을 빼지 않은 점을 돌렸습니다. 공분산만이 아니라 점 자체에서도 평균을 빼야 합니다.",
                en="You turned points whose mean is still there. Subtract it from the points, not only for the covariance.",
            ),
        ),
        Mistake(
            _never_centred,
            text(
                ko="평균을 빼지 않았습니다. 점에서 평균을 뺀 뒤 그 점들로 공분산을 구하세요.",
                en="The mean is not subtracted. Subtract it from the points, and take the covariance of those.",
            ),
        ),
        Mistake(
            lambda x, eps: _zca(x, eps, ddof=1),
            text(
                ko="공분산을 N − 1로 나누었습니다(`np.cov`가 그렇게 합니다). N으로 나누세요.",
                en="You divided the covariance by N − 1 (`np.cov` does). Divide by N.",
            ),
        ),
        Mistake(
            _no_root,
            text(
                ko="고윳값은 분산입니다. 표준 편차로, 곧 제곱근으로 나누세요.",
                en="An eigenvalue is a variance. Divide by the standard deviation, its square root.",
            ),
        ),
        Mistake(
            _rows_for_columns,
            text(
                ko="`eigh`의 고유 벡터는 행이 아니라 열입니다. 먼저 `vectors`를, 나중에 `vectors.T`를 곱하세요.",
                en="The eigenvectors of `eigh` are columns, not rows: multiply by `vectors` first, by `vectors.T` last.",
            ),
        ),
        Mistake(
            lambda x, eps: (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps),
            text(
                ko="축마다 표준 편차로 나누었을 뿐입니다. 이웃한 수의 상관이 그대로 남아 있습니다.",
                en="That only divides each axis by its standard deviation; the numbers are still correlated.",
            ),
        ),
    ],
    hints=[
        text(
            ko="평균을 뺀 점 `centred`에서 `centred.T @ centred / len(x)`가 공분산 행렬입니다.",
            en="With the mean subtracted, `centred.T @ centred / len(x)` is the covariance matrix.",
        ),
        text(
            ko="`centred @ vectors / np.sqrt(values + eps) @ vectors.T`입니다.",
            en="It is `centred @ vectors / np.sqrt(values + eps) @ vectors.T`.",
        ),
    ],
))


# Batch norm, backward


def _parts(dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float, ddof: int = 0) -> tuple[np.ndarray, ...]:
    """g, x̂ and 1 / σ."""
    inverse = 1 / np.sqrt(x.var(axis=0, ddof=ddof) + eps)
    return dy * gamma, (x - x.mean(axis=0)) * inverse, inverse


def _backward(dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float, ddof: int = 0) -> np.ndarray:
    g, x_hat, inverse = _parts(dy, x, gamma, eps, ddof)
    return inverse * (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0))


def _straight_only(dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float) -> np.ndarray:
    g, _, inverse = _parts(dy, x, gamma, eps)
    return inverse * g


def _without_variance(dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float) -> np.ndarray:
    g, _, inverse = _parts(dy, x, gamma, eps)
    return inverse * (g - g.mean(axis=0))


def _without_mean(dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float) -> np.ndarray:
    g, x_hat, inverse = _parts(dy, x, gamma, eps)
    return inverse * (g - x_hat * (g * x_hat).mean(axis=0))


def _sums(dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float) -> np.ndarray:
    g, x_hat, inverse = _parts(dy, x, gamma, eps)
    return inverse * (g - g.sum(axis=0) - x_hat * (g * x_hat).sum(axis=0))


def _without_s(dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float) -> np.ndarray:
    return _backward(dy, x, gamma, eps) * np.sqrt(x.var(axis=0) + eps)


def _backward_case(rng: Random) -> dict:
    count, numbers = rng.randint(4, 8), rng.randint(2, 5)
    return {
        "dy": _numbers(rng, count, numbers),
        "x": _numbers(rng, count, numbers, scale=2.0, centre=3.0),
        "gamma": _numbers(rng, numbers, scale=0.5, centre=2.0),
        "eps": rng.choice([0.1, 0.001]),
    }


register(Exercise(
    key="norm_backward",
    case=_backward_case,
    reference=_backward,
    mistakes=[
        Mistake(
            _straight_only,
            text(
                ko="곧장 가는 길뿐입니다. 평균을 지나는 항과 분산을 지나는 항이 빠졌습니다.",
                en="That is the straight way alone. The terms through the mean and through the variance are missing.",
            ),
        ),
        Mistake(
            _without_variance,
            text(
                ko="분산을 지나는 셋째 항이 빠졌습니다.",
                en="The third term, through the variance, is missing.",
            ),
        ),
        Mistake(
            _without_mean,
            text(
                ko="평균을 지나는 둘째 항이 빠졌습니다.",
                en="The second term, through the mean, is missing.",
            ),
        ),
        Mistake(
            lambda dy, x, gamma, eps: _backward(dy, x, np.ones_like(gamma), eps),
            text(
                ko="`gamma`가 빠졌습니다. `g`는 `dy`에 `gamma`를 곱한 것입니다.",
                en="`gamma` is missing: `g` is `dy` times `gamma`.",
            ),
        ),
        Mistake(
            _sums,
            text(
                ko="둘째 항과 셋째 항의 합을 예제 수 m으로 나누지 않았습니다.",
                en="The sums in the second and the third term are not divided by m, the number of examples.",
            ),
        ),
        Mistake(
            _without_s,
            text(
                ko="마지막에 s = 1 / √(σ² + ε)을 곱하지 않았습니다.",
                en="The factor s = 1 / √(σ² + ε) is missing at the end.",
            ),
        ),
        Mistake(
            lambda dy, x, gamma, eps: _backward(dy, x, gamma, 0.0),
            text(
                ko="`eps`가 빠졌습니다. 분산에 더한 뒤 제곱근을 구하세요.",
                en="`eps` is missing: add it to the variance, under the root.",
            ),
        ),
        Mistake(
            lambda dy, x, gamma, eps: _backward(dy, x, gamma, eps, ddof=1),
            text(
                ko="분산을 m − 1로 나누었습니다. 훈련할 때 정규화에 쓰는 분산은 예제 수 m으로 나눈 값입니다.",
                en="You divided the variance by m − 1. In training it is divided by m, the number of examples.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`inverse = 1 / np.sqrt(x.var(axis=0) + eps)`, `x_hat = (x - x.mean(axis=0)) * inverse`, `g = dy * gamma`로 시작하세요.",
            en="Begin with `inverse = 1 / np.sqrt(x.var(axis=0) + eps)`, `x_hat = (x - x.mean(axis=0)) * inverse` and "
            "`g = dy * gamma`.",
        ),
        text(
            ko="본문의 `bn_backward`와 같습니다. 평균을 `axis=0`으로만 냅니다.",
            en="It is `bn_backward` of the text, with means along `axis=0` alone.",
        ),
    ],
))


# Running averages


def _update(mean: np.ndarray, variance: np.ndarray, x: np.ndarray, momentum: float, ddof: int = 1) -> tuple:
    new = (x.mean(axis=0), x.var(axis=0, ddof=ddof))
    return tuple((1 - momentum) * old + momentum * each for old, each in zip((mean, variance), new, strict=True))


def _too_wide(mean: np.ndarray, variance: np.ndarray, x: np.ndarray, momentum: float) -> tuple:
    """m / (m - 1) on the mean as well."""
    return (1 - momentum) * mean + momentum * x.sum(axis=0) / (len(x) - 1), _update(mean, variance, x, momentum)[1]


def _both_corrected(mean: np.ndarray, variance: np.ndarray, x: np.ndarray, momentum: float) -> tuple:
    """m / (m - 1) on both results."""
    return tuple(part * len(x) / (len(x) - 1) for part in _update(mean, variance, x, momentum, ddof=0))


def _variance_corrected(mean: np.ndarray, variance: np.ndarray, x: np.ndarray, momentum: float) -> tuple:
    """m / (m - 1) on the mixed variance."""
    mean, variance = _update(mean, variance, x, momentum, ddof=0)
    return mean, variance * len(x) / (len(x) - 1)


TOO_WIDE = text(
    ko="`m / (m - 1)`은 이번 미니배치의 분산에만 곱합니다. 평균에도, 지금까지 모은 분산에도 곱하지 않습니다.",
    en="`m / (m - 1)` belongs to the variance of this mini-batch alone, not to the mean, and not to the variance so far.",
)


def _update_case(rng: Random) -> dict:
    count, numbers = rng.randint(3, 8), rng.randint(2, 5)
    return {
        "mean": _numbers(rng, numbers),
        "variance": 0.5 + _numbers(rng, numbers) ** 2,
        "x": _numbers(rng, count, numbers, scale=2.0, centre=3.0),
        "momentum": rng.choice([0.1, 0.2, 0.3]),
    }


register(Exercise(
    key="update_running",
    case=_update_case,
    reference=_update,
    mistakes=[
        Mistake(
            lambda mean, variance, x, momentum: _update(mean, variance, x, momentum, ddof=0),
            text(
                ko="분산을 예제 수 m으로 나누었습니다. PyTorch가 모아 두는 분산은 m − 1로 나눈 것입니다.",
                en="The variance is over m, the number of examples. The one that PyTorch keeps is over m − 1.",
            ),
        ),
        Mistake(
            lambda mean, variance, x, momentum: _update(mean, variance, x, 1 - momentum),
            text(
                ko="몫이 뒤바뀌었습니다. `momentum`은 옛 값이 아니라 새 값의 몫입니다.",
                en="The shares are exchanged: `momentum` is the share of the new value, not of the old.",
            ),
        ),
        Mistake(
            lambda mean, variance, x, momentum: (x.mean(axis=0), x.var(axis=0, ddof=1)),
            text(
                ko="이번 미니배치의 값일 뿐입니다. 지금까지의 값과 섞으세요.",
                en="These are the values of this mini-batch alone. Mix them with those so far.",
            ),
        ),
        Mistake(
            lambda mean, variance, x, momentum: (
                _update(mean, variance, x, momentum)[0],
                (1 - momentum) * variance + momentum * x.std(axis=0, ddof=1),
            ),
            text(
                ko="표준 편차를 섞었습니다. 모아 두는 것은 분산입니다.",
                en="You mixed in the standard deviation. What is kept is the variance.",
            ),
        ),
        *(Mistake(wrong, TOO_WIDE) for wrong in (_too_wide, _both_corrected, _variance_corrected)),
    ],
    hints=[
        text(
            ko="`x.mean(axis=0)`과 `x.var(axis=0, …)`이 새 값입니다.",
            en="The new values are `x.mean(axis=0)` and `x.var(axis=0, …)`.",
        ),
        text(
            ko="`(1 - momentum) * 옛 값 + momentum * 새 값`이고, `var`에는 `ddof=1`을 줍니다.",
            en="It is `(1 - momentum) * old + momentum * new`, and `var` takes `ddof=1`.",
        ),
    ],
))


# Batch norm folded into a convolution

Folded = tuple[np.ndarray, np.ndarray]


def _fold(weight, bias, mean, variance, gamma, beta, eps) -> Folded:
    scale = gamma / np.sqrt(variance + eps)
    return weight * scale[:, None, None, None], (bias - mean) * scale + beta


def _bias_not_scaled(weight, bias, mean, variance, gamma, beta, eps) -> Folded:
    scale = gamma / np.sqrt(variance + eps)
    return weight * scale[:, None, None, None], bias - mean * scale + beta


def _bias_forgotten(weight, bias, mean, variance, gamma, beta, eps) -> Folded:
    return _fold(weight, np.zeros_like(bias), mean, variance, gamma, beta, eps)


def _mean_forgotten(weight, bias, mean, variance, gamma, beta, eps) -> Folded:
    return _fold(weight, bias, np.zeros_like(mean), variance, gamma, beta, eps)


def _by_variance(weight, bias, mean, variance, gamma, beta, eps) -> Folded:
    scale = gamma / (variance + eps)
    return weight * scale[:, None, None, None], (bias - mean) * scale + beta


def _along_last(weight, bias, mean, variance, gamma, beta, eps) -> Folded:
    scale = gamma / np.sqrt(variance + eps)
    return weight * scale, (bias - mean) * scale + beta


def _fold_case(rng: Random) -> dict:
    size = 3  # as many filters as a filter is wide, so that a factor along the wrong axis does not fail by itself
    return {
        "weight": _numbers(rng, size, rng.randint(1, 4), size, size),
        "bias": _numbers(rng, size),
        "mean": _numbers(rng, size),
        "variance": 0.3 + _numbers(rng, size) ** 2,
        "gamma": _numbers(rng, size, scale=0.5, centre=2.0),
        "beta": _numbers(rng, size),
        "eps": rng.choice([0.1, 0.001]),
    }


register(Exercise(
    key="fold",
    case=_fold_case,
    reference=_fold,
    mistakes=[
        Mistake(
            _bias_not_scaled,
            text(
                ko="편향도 배치 정규화를 지납니다. `bias - mean` 전체에 배율을 곱하세요.",
                en="The bias goes through batch norm as well: the factor multiplies all of `bias - mean`.",
            ),
        ),
        Mistake(
            _bias_forgotten,
            text(
                ko="합성곱의 편향이 빠졌습니다.",
                en="The convolution's bias is missing.",
            ),
        ),
        Mistake(
            _mean_forgotten,
            text(
                ko="평균을 빼지 않았습니다.",
                en="The mean is not subtracted.",
            ),
        ),
        Mistake(
            _by_variance,
            text(
                ko="분산으로 나누었습니다. √(σ² + ε)으로 나누세요.",
                en="You divided by the variance. Divide by √(σ² + ε).",
            ),
        ),
        Mistake(
            _along_last,
            text(
                ko="배율이 필터의 마지막 축을 따라 곱해졌습니다. 출력 채널의 축은 0번입니다. `scale[:, None, None, None]`을 곱하세요.",
                en="The factor went along the last axis of the filter. The output channels are axis 0: multiply by "
                "`scale[:, None, None, None]`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="γ(w·x + b − μ) / √(σ² + ε) + β를 w′·x + b′의 꼴로 정리하세요.",
            en="Bring γ(w·x + b − μ) / √(σ² + ε) + β into the form w′·x + b′.",
        ),
        text(
            ko="`scale = gamma / np.sqrt(variance + eps)`이면 새 편향은 `(bias - mean) * scale + beta`입니다.",
            en="With `scale = gamma / np.sqrt(variance + eps)` the new bias is `(bias - mean) * scale + beta`.",
        ),
    ],
))


# DropBlock's rate


def _rate(keep: float, block: int, height: int, width: int) -> float:
    return (1 - keep) / block**2 * height * width / ((height - block + 1) * (width - block + 1))


def _rate_case(rng: Random) -> dict:
    block = rng.randint(2, 5)
    return {"keep": rng.choice([0.7, 0.8, 0.9]), "block": block, "height": rng.randint(6, 14), "width": rng.randint(15, 20)}


register(Exercise(
    key="drop_rate",
    case=_rate_case,
    reference=_rate,
    mistakes=[
        Mistake(
            lambda keep, block, height, width: _rate(1 - keep, block, height, width),
            text(
                ko="`keep`은 남길 확률입니다. 지울 확률은 `1 - keep`입니다.",
                en="`keep` is the probability to keep; the one to drop is `1 - keep`.",
            ),
        ),
        Mistake(
            lambda keep, block, height, width: (1 - keep) / block**2,
            text(
                ko="사각형이 가장자리를 넘지 못한다는 것이 빠졌습니다. 모서리를 놓을 자리가 전체 칸보다 적습니다.",
                en="That a square cannot reach beyond the edge is missing: its corner has fewer places than there are cells.",
            ),
        ),
        Mistake(
            lambda keep, block, height, width: _rate(keep, block, height, width) * block,
            text(
                ko="사각형 하나가 지우는 칸은 `block`이 아니라 `block**2`입니다.",
                en="A square drops `block**2` cells, not `block`.",
            ),
        ),
        Mistake(
            lambda keep, block, height, width: (1 - keep) / block**2 * height * width
            / ((height - block) * (width - block)),
            text(
                ko="자리의 수에서 1이 빠졌습니다. 높이 방향의 자리는 `height - block + 1`입니다.",
                en="The places are short by 1: along the height there are `height - block + 1`.",
            ),
        ),
        Mistake(
            lambda keep, block, height, width: (1 - keep) / block**2 * height * width
            / (height - block + 1) * (width - block + 1),
            text(
                ko="두 번째 인수로는 나누지 않고 곱했습니다. 분모의 두 인수를 함께 괄호로 묶으세요.",
                en="You multiplied by the second factor instead of dividing. Put both factors of the denominator in brackets.",
            ),
        ),
    ],
    hints=[
        text(
            ko="지울 칸의 수 `(1 - keep) * height * width`를 사각형 하나의 칸 수로 나누면 놓을 사각형의 수입니다.",
            en="The cells to drop, `(1 - keep) * height * width`, over the cells of one square are the squares to place.",
        ),
        text(
            ko="그 수를 자리의 수 `(height - block + 1) * (width - block + 1)`로 나누세요.",
            en="Divide their number by the number of places, `(height - block + 1) * (width - block + 1)`.",
        ),
    ],
))


# What the mode gave


def _what_the_mode_gave(answer: Any, rng: Random) -> Text | None:
    try:
        evaluated, trained = (float(part) for part in answer)
    except (TypeError, ValueError):
        return text(
            ko="정확도 두 개를 튜플로 답하세요. 평가 모드가 먼저입니다.",
            en="Answer with two accuracies as a tuple, the one in eval mode first.",
        )
    if not (0 <= evaluated <= 1 and 0 <= trained <= 1):  # NaN too
        return text(
            ko="정확도는 0과 1 사이의 비율로 답하세요.",
            en="Give accuracies as fractions between 0 and 1.",
        )
    if trained > evaluated:
        return text(
            ko="순서가 바뀌지 않았습니까? 평가 모드가 먼저입니다.",
            en="Is the order reversed? The one in eval mode comes first.",
        )
    if evaluated < 0.7:  # 0.78; down to 0.66 where train mode has changed the averages
        return text(
            ko="평가 모드의 정확도가 너무 낮습니다. `eval()`을 불렀는지, 훈련 모드에서 이동 평균이 바뀐 신경망은 아닌지 보세요.",
            en="The accuracy in eval mode is too low. Was `eval()` called, and are the running averages still those of the "
            "training? Train mode changes them.",
        )
    if trained > 0.5:  # 0.36 to 0.40; 0.61 four at a time
        return text(
            ko="두 장씩 묶은 것치고는 훈련 모드의 정확도가 너무 높습니다. 미니배치가 더 크지 않습니까?",
            en="In train mode it is too high for two at a time: are your mini-batches larger?",
        )
    if trained < 0.25:  # 0.13 sorted by label
        return text(
            ko="훈련 모드의 정확도가 너무 낮습니다. `torch.randperm(1000)`으로 이미지를 섞었습니까?",
            en="In train mode it is too low: did you mix the images with `torch.randperm(1000)`?",
        )
    return None


register(Exercise(
    key="what_the_mode_gave",
    test=_what_the_mode_gave,
    hints=[
        text(
            ko="본문의 `accuracy(batches)`는 `working`이 놓인 모드에서 잽니다. 먼저 `working = copy.deepcopy(bn_model)`로 새로 복사하세요.",
            en="`accuracy(batches)` of the text measures in the mode in which `working` is. Make a new copy first: "
            "`working = copy.deepcopy(bn_model)`.",
        ),
        text(
            ko="`working.train()`을 부른 뒤 `accuracy(torch.randperm(1000).split(2))`입니다.",
            en="After `working.train()`, it is `accuracy(torch.randperm(1000).split(2))`.",
        ),
    ],
))
