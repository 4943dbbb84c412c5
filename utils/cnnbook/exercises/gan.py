"""The exercises of chapter 19, GAN."""

from math import exp
from random import Random
from typing import Any

import numpy as np

from cnnbook.exercises import Exercise, Mistake, Text, register, shared, text

# The best discriminator


def _distributions(rng: Random) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(rng.randrange(2**32))
    p, q = chance.dirichlet(np.ones(rng.randint(3, 6)), size=2).round(3) + 0.01
    return p / p.sum(), q / q.sum()


def _two(rng: Random) -> dict:
    p, q = _distributions(rng)
    return {"p": p, "q": q}


def _best_discriminator(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return p / (p + q)


register(Exercise(
    key="best_discriminator",
    case=_two,
    reference=_best_discriminator,
    mistakes=[
        Mistake(
            lambda p, q: q / (p + q),
            text(
                ko="가짜일 확률입니다. 판별자는 진짜일 확률을 내놓으므로 분자는 `p`입니다.",
                en="That is the probability of a fake. The discriminator gives that of a real one: the numerator is `p`.",
            ),
        ),
        Mistake(
            lambda p, q: p / q,
            text(
                ko="두 확률의 비는 1을 넘을 수 있습니다. 판별자의 출력은 0과 1 사이의 확률입니다.",
                en="The ratio of the two can be above 1. What a discriminator gives is a probability, between 0 and 1.",
            ),
        ),
        Mistake(
            lambda p, q: (p > q).astype(float),
            text(
                ko="0과 1로 잘라 답했습니다. 같은 값이 진짜에도 가짜에도 나올 수 있으니, 얼마나 확실한지를 답해야 합니다.",
                en="You answered 0 or 1. The same value can be real or made, so it must say how sure it is.",
            ),
        ),
        Mistake(
            lambda p, q: p * np.log(p / (p + q)) + q * np.log(q / (p + q)),
            text(
                ko="그것은 그 자리에서 게임의 값에 보태는 몫입니다. 구할 것은 그때의 `D`입니다.",
                en="That is what each place adds to the value of the game. The question is which `D` gives the most.",
            ),
        ),
    ],
    hints=[
        text(
            ko="한 자리에서 `p log D + q log(1 - D)`를 가장 크게 하는 D를 찾습니다. 미분해서 0으로 놓으세요.",
            en="At each place, find the D that makes `p log D + q log(1 - D)` largest: set its derivative to 0.",
        ),
        text(ko="`p / D = q / (1 - D)`를 D에 대해 풉니다.", en="Solve `p / D = q / (1 - D)` for D."),
    ],
))


# The value of the game


def _game_value(p: np.ndarray, q: np.ndarray) -> float:
    best = p / (p + q)
    return float((p * np.log(best)).sum() + (q * np.log(1 - best)).sum())


def _middle(p: np.ndarray, q: np.ndarray) -> float:
    return (_game_value(p, q) + float(np.log(4))) / 2


register(Exercise(
    key="game_value",
    case=_two,
    reference=_game_value,
    mistakes=[
        Mistake(
            lambda p, q: -_game_value(p, q),
            text(
                ko="부호가 반대입니다. 그것은 판별자의 손실이고, 게임의 값은 0 이하입니다.",
                en="The sign is reversed. That is the discriminator's loss; the value of the game is 0 or less.",
            ),
        ),
        Mistake(
            _middle,
            text(
                ko="이것은 젠슨-섀넌 발산입니다. 게임의 값은 그 두 배에서 `log 4`를 뺀 것입니다.",
                en="That is the Jensen-Shannon divergence. The value is twice that, less `log 4`.",
            ),
        ),
        Mistake(
            lambda p, q: float((p * np.log(p / (p + q))).sum()),
            text(
                ko="진짜에 대한 항만 있습니다. 만들어 낸 것에 대한 `q log(1 - D)`도 더하세요.",
                en="That is the half for real values. Add `q log(1 - D)` for those that are made.",
            ),
        ),
        Mistake(
            lambda p, q: float(np.log(p / (p + q)).mean() + np.log(q / (p + q)).mean()),
            text(
                ko="모든 자리를 똑같이 세어 평균했습니다. 기댓값에서는 자리마다 `p`와 `q`가 가중치입니다.",
                en="You averaged all places alike. In the expectations `p` and `q` are their weights.",
            ),
        ),
        Mistake(
            lambda p, q: _game_value(p, q) / float(np.log(2)),
            text(
                ko="밑이 2인 로그입니다. 이 장의 로그는 자연로그입니다.",
                en="That is with logarithms to base 2. Those of this chapter are natural.",
            ),
        ),
    ],
    hints=[
        text(ko="먼저 `best = p / (p + q)`를 구합니다.", en="First find `best = p / (p + q)`."),
        text(
            ko="`(p * np.log(best)).sum()`과 `(q * np.log(1 - best)).sum()`을 더합니다.",
            en="Add `(p * np.log(best)).sum()` and `(q * np.log(1 - best)).sum()`.",
        ),
    ],
))


# What reaches the generator


def _sigmoid(a: float) -> float:
    return 1 / (1 + exp(-a))


def _push(logit: float, saturating: bool) -> float:
    return -_sigmoid(logit) if saturating else _sigmoid(logit) - 1


def _push_case(rng: Random) -> dict:
    return {"logit": round(rng.uniform(-4, 4), 2), "saturating": rng.random() < 0.5}


register(Exercise(
    key="generator_push",
    case=_push_case,
    reference=_push,
    mistakes=[
        Mistake(
            lambda logit, saturating: _push(logit, not saturating),
            text(
                ko="두 손실이 서로 바뀌었습니다. 판별자가 확신할 때(로짓이 아주 작을 때) 0에 가까워지는 쪽이 `saturating`입니다.",
                en="The two losses are swapped. The one that nears 0 where D is sure (a very low logit) is `saturating`.",
            ),
        ),
        Mistake(
            lambda logit, saturating: -_push(logit, saturating),
            text(
                ko="부호가 반대입니다. 로짓이 커지면 두 손실 모두 작아지므로 미분은 음수입니다.",
                en="The sign is reversed. Both losses fall as the logit grows: the derivative is negative.",
            ),
        ),
        Mistake(
            lambda logit, saturating: -1 / (1 - _sigmoid(logit)) if saturating else -1 / _sigmoid(logit),
            text(
                ko="확률 D로 미분했습니다. D는 로짓의 시그모이드이므로 `D * (1 - D)`를 더 곱해야 합니다.",
                en="That is the derivative by the probability D. D is the sigmoid of the logit: multiply by `D * (1 - D)`.",
            ),
        ),
        Mistake(
            lambda logit, saturating: -_sigmoid(logit),
            text(
                ko="`saturating`이 거짓일 때의 식이 없습니다. 그때의 손실은 `-log D`입니다.",
                en="There is no formula for `saturating=False`, where the loss is `-log D`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`saturating`이면 손실은 `log(1 - D)`, 아니면 `-log D`이고, `D = 1 / (1 + exp(-logit))`입니다.",
            en="With `saturating` the loss is `log(1 - D)`, else `-log D`, where `D = 1 / (1 + exp(-logit))`.",
        ),
        text(
            ko="`dD / dlogit = D * (1 - D)`입니다. 곱하면 두 답은 `-D`와 `D - 1`이 됩니다.",
            en="`dD / dlogit = D * (1 - D)`. Multiplied out, the two answers are `-D` and `D - 1`.",
        ),
    ],
))


# The Fréchet distance of independent features


def _frechet(m1: np.ndarray, s1: np.ndarray, m2: np.ndarray, s2: np.ndarray) -> float:
    return float(((m1 - m2) ** 2).sum() + ((s1 - s2) ** 2).sum())


def _frechet_case(rng: Random) -> dict:
    chance = np.random.default_rng(rng.randrange(2**32))
    count = rng.randint(2, 4)
    means, deviations = chance.normal(size=(2, count)).round(2), chance.uniform(0.2, 2, size=(2, count)).round(2)
    return {"m1": means[0], "s1": deviations[0], "m2": means[1], "s2": deviations[1]}


register(Exercise(
    key="frechet_of_independent",
    case=_frechet_case,
    reference=_frechet,
    mistakes=[
        Mistake(
            lambda m1, s1, m2, s2: float(((m1 - m2) ** 2).sum()),
            text(
                ko="평균만 견주었습니다. 퍼진 정도가 다르면 평균이 같아도 거리가 있습니다.",
                en="You compared the means alone. Where the spread differs there is a distance, too.",
            ),
        ),
        Mistake(
            lambda m1, s1, m2, s2: _frechet(m1, s1, m2, s2) ** 0.5,
            text(
                ko="제곱근을 씌웠습니다. 이 장의 점수는 거리의 제곱입니다.",
                en="You took the root. The score of this chapter is the squared distance.",
            ),
        ),
        Mistake(
            lambda m1, s1, m2, s2: float(((m1 - m2) ** 2).sum() + ((s1**2 - s2**2) ** 2).sum()),
            text(
                ko="분산의 차이를 제곱했습니다. 식을 정리하면 표준 편차의 차이의 제곱입니다.",
                en="You squared the difference of the variances. The formula comes down to that of the deviations.",
            ),
        ),
        Mistake(
            lambda m1, s1, m2, s2: float(((m1 - m2) ** 2).sum() + (s1**2 + s2**2).sum()),
            text(
                ko="마지막 항 `-2 * s1 * s2`가 빠졌습니다. 두 분포가 같으면 거리는 0이어야 합니다.",
                en="The last term, `-2 * s1 * s2`, is missing. For equal distributions the distance must be 0.",
            ),
        ),
        Mistake(
            lambda m1, s1, m2, s2: _frechet(m1, s1, m2, s2) / len(m1),
            text(
                ko="특징의 수로 나누었습니다. 평균이 아니라 합입니다.",
                en="You divided by the number of features. It is a sum, not a mean.",
            ),
        ),
    ],
    hints=[
        text(
            ko="서로 독립이면 공분산 행렬은 대각 행렬이고, 대각선에 `s1**2`이 있습니다. 그 제곱근도 칸마다 구합니다.",
            en="Independent features have a diagonal covariance, with `s1**2` on it. Its root is taken entry by entry.",
        ),
        text(
            ko="칸마다 `s1**2 + s2**2 - 2 * s1 * s2`입니다. 이것은 무엇의 제곱입니까?",
            en="Each entry is `s1**2 + s2**2 - 2 * s1 * s2`. Of what is that the square?",
        ),
    ],
))


# Smaller latent vectors


def _calm(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, tuple) or len(answer) != 4:
        return text(
            ko="그림, `generated.score`의 결과, `calmer`, `measure`를 튜플 하나로 건네세요. `check`의 줄은 그대로 두면 됩니다.",
            en="Hand in the pictures, the result of `generated.score`, `calmer` and `measure` as one tuple: leave the line of `check` as it was.",
        )
    pictures, result, make, measure = answer
    if not hasattr(pictures, "shape"):
        return text(ko="첫째는 그림의 텐서여야 합니다.", en="The first must be the tensor of the pictures.")
    right, whole = make(0.5), make(1.0)
    if tuple(pictures.shape) != tuple(right.shape):
        return text(
            ko=f"그림의 모양이 {tuple(pictures.shape)}입니다. `calm_z` {len(right):,}개 모두로 만들면 {tuple(right.shape)}입니다.",
            en=f"The pictures have the shape {tuple(pictures.shape)}. Made of all {len(right):,} of `calm_z` they have {tuple(right.shape)}.",
        )
    if shared.near(pictures, whole):
        return text(
            ko="`calm_z`를 그대로 넣은 그림입니다. 반으로 줄여 넣으세요.",
            en="These are the pictures of `calm_z` as it is. Halve it first.",
        )
    if shared.near(pictures, whole / 2):
        return text(
            ko="그림의 픽셀을 반으로 줄였습니다. 줄일 것은 생성자에 들어가는 `calm_z`입니다.",
            en="You halved the pixels. What is to be halved is `calm_z`, before the generator.",
        )
    if not shared.near(pictures, right):
        return text(
            ko="`best_generator(calm_z / 2)`의 그림이 아닙니다. `generator`는 여기서 잠깐 훈련한 다른 생성자이고, `z`도 다른 벡터입니다. 평가 모드도 그대로 두세요.",
            en="These are not the pictures of `best_generator(calm_z / 2)`. `generator` is another one, trained briefly, and `z` are other vectors. Stay in eval mode.",
        )
    if not hasattr(result, "frechet") or not hasattr(result, "confidence"):
        return text(
            ko="둘째는 `generated.score`가 돌려준 것이어야 합니다.", en="The second must come from `generated.score`."
        )
    found = measure(right)
    if abs(found.confidence - result.confidence) > 0.005 or abs(found.frechet - result.frechet) > 0.02 * found.frechet + 0.1:
        return text(
            ko=f"점수가 이 그림들의 것이 아닙니다. 다시 재면 확신이 {found.confidence:.3f}, 거리가 {found.frechet:.1f}입니다.",
            en=f"The score is not that of these pictures: measured again, confidence {found.confidence:.3f}, distance "
            f"{found.frechet:.1f}.",
        )
    return None


register(Exercise(
    key="calm",
    test=_calm,
    hints=[
        text(
            ko="`with torch.no_grad():` 안에서 `best_generator(calm_z / 2)`를 부릅니다.",
            en="Call `best_generator(calm_z / 2)` within `with torch.no_grad():`.",
        ),
        text(
            ko="점수는 `generated.score(judge, calm, held_out)`입니다.",
            en="The score is `generated.score(judge, calm, held_out)`.",
        ),
    ],
))
