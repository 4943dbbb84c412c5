"""The exercises of lab 04, retraining: the split, features, the head, its scores, its mistakes, and fine-tuning."""

import hashlib
from collections.abc import Callable
from math import comb, sqrt
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cnnbook import data, retrain
from cnnbook.exercises import Exercise, Mistake, Text, labelled, register, text
from cnnbook.exercises.shared import NOT_A_FUNCTION, NOTHING, chance
from cnnbook.notebook import budget

LAB = "04_retraining"
CLASSES = (3, 5, 8)  # of the digits, and of CIFAR-10: cat, dog, ship
TO_BEAT = {"digits": 0.94, "cifar10": 0.835}  # above what the lab's frozen features reach on the photos of the exam


# The split


def _part(place: float, test: float = 0.2, validation: float = 0.2) -> str:
    return "test" if place < test else "validation" if place < test + validation else "train"


def _place(content: bytes, algorithm: str = "sha256") -> float:
    return int(hashlib.new(algorithm, content).hexdigest()[:16], 16) / 16**16


def _part_case(rng: Random) -> dict:
    return {"name": f"{rng.choice('abc')}/{rng.randrange(1000)}.jpg", "content": rng.randbytes(rng.randint(1, 6))}


register(Exercise(
    key="lab_retraining_part",
    lab=LAB,
    case=_part_case,
    reference=lambda name, content: _part(_place(content)),
    mistakes=[
        Mistake(
            lambda name, content: _part(_place(name.encode())),
            text(
                ko="파일의 이름을 해시했습니다. 이름을 바꾸면 사진이 다른 쪽으로 옮겨 갑니다. 내용 `content`를 해시하세요.",
                en="You hashed the file's name: whoever renames a photo moves it to another part. Hash the `content`.",
            ),
        ),
        Mistake(
            lambda name, content: _part(_place(name.encode() + content)),
            text(
                ko="이름과 내용을 함께 해시했습니다. 같은 내용이 다른 이름으로 두 쪽에 들어갈 수 있습니다. 내용만 해시하세요.",
                en="You hashed name and content together: the same content under two names may be in two parts. Hash the content alone.",
            ),
        ),
        Mistake(
            lambda name, content: _part(_place(content, "md5")),
            text(ko="MD5를 썼습니다. 여기서는 `hashlib.sha256`입니다.", en="That is MD5. Here it is `hashlib.sha256`."),
        ),
        Mistake(
            lambda name, content: _part(_place(content, "sha1")),
            text(ko="SHA-1을 썼습니다. 여기서는 `hashlib.sha256`입니다.", en="That is SHA-1. Here it is `hashlib.sha256`."),
        ),
        Mistake(
            lambda name, content: _part(int(hashlib.sha256(content).hexdigest(), 16) % 100 / 100),
            text(
                ko="해시를 100으로 나눈 나머지로 정했습니다. 그것도 고정된 분할이지만 여기서 정한 것과 다릅니다. 앞의 16자리를 `16**16`으로 나누세요.",
                en="You took the hash modulo 100. That is a fixed split too, but not the one agreed on here: divide the first 16 digits by `16**16`.",
            ),
        ),
        Mistake(
            lambda name, content: _part(_place(content), validation=0.0),
            text(
                ko="검증 세트로 가는 사진이 없습니다. 0.2부터 0.4까지가 검증 세트입니다.",
                en="No photo goes to the validation set. It is 0.2 to 0.4.",
            ),
        ),
        Mistake(
            lambda name, content: {"test": "validation", "validation": "test"}.get(_part(_place(content)), "train"),
            text(
                ko="검증과 테스트가 바뀌었습니다. 0.2보다 작으면 테스트입니다.",
                en="Validation and test are swapped. Below 0.2 is test.",
            ),
        ),
        Mistake(
            lambda name, content: _part(1 - _place(content)),
            text(ko="위아래가 바뀌었습니다. 작은 쪽 0.2가 테스트입니다.", en="It is upside down: the lowest 0.2 is test."),
        ),
    ],
    hints=[
        text(
            ko="`hashlib.sha256(content).hexdigest()`는 16진수 64자리 문자열입니다. 앞의 16자리만 씁니다.",
            en="`hashlib.sha256(content).hexdigest()` is a string of 64 hexadecimal digits. Only the first 16 are used.",
        ),
        text(
            ko="`place = int(digest[:16], 16) / 16**16`은 0에서 1까지의 수입니다. 이것을 0.2, 0.4와 견주세요.",
            en="`place = int(digest[:16], 16) / 16**16` is a number in 0..1. Compare it with 0.2 and 0.4.",
        ),
    ],
))


# Features

FEW = 32  # images at once


class _Probe(nn.Module):
    """Stands in for a backbone: its features tell whether it was asked rightly, and it remembers how it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.project, self.norm, self.dropout = nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Dropout(0.5)
        self.norm.running_mean.copy_(torch.linspace(0.1, 0.5, 5))
        self.asked: list[tuple[int, bool, bool, bool, float]] = []

    def forward(self, x: Tensor) -> Tensor:
        modes = self.norm.training or self.dropout.training, torch.is_grad_enabled(), not x.is_floating_point()
        self.asked.append((len(x), *modes, float(x.max()) if x.numel() else 0.0))
        return self.dropout(self.norm(self.project(x.float().flatten(1))))


def _extract(answer: Any, rng: Random) -> Text | None:
    if not callable(answer):
        return NOT_A_FUNCTION
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.randrange(2**31))
        probe, count = _Probe().train(), rng.randint(70, 90)
        images = torch.randint(0, 256, (count, 3, 2, 2), dtype=torch.uint8)
        images[[0, -1]] = 255
        with torch.enable_grad():
            found = answer(probe, images.clone())
    if found is None:
        return NOTHING
    if not probe.asked:
        return text(ko="신경망을 한 번도 부르지 않았습니다.", en="The network is never called.")
    if not isinstance(found, Tensor):
        return text(
            ko="텐서 하나가 아닙니다. 배치마다 얻은 특징을 `torch.cat`으로 이으세요.",
            en="That is not one tensor. Join the features of the batches with `torch.cat`.",
        )
    return _asked_wrong(probe) or _features_wrong(probe, found, images)


def _asked_wrong(probe: _Probe) -> Text | None:
    """What is wrong with how the network was asked."""
    sizes, training, grad, whole, largest = (list(column) for column in zip(*probe.asked, strict=True))
    if any(whole):
        return text(
            ko="신경망에 바이트를 넣었습니다. `data.to_float`로 0에서 1까지의 실수로 바꾸세요.",
            en="The network was given bytes. `data.to_float` turns them into floats in 0..1.",
        )
    if max(largest) > 1.5:
        return text(
            ko=f"픽셀이 1이 아니라 {max(largest):.0f}까지 갑니다. 255로 나누거나 `data.to_float`를 쓰세요.",
            en=f"Pixels go up to {max(largest):.0f}, not 1. Divide by 255, or use `data.to_float`.",
        )
    if max(largest) < 0.5:
        return text(
            ko=f"픽셀이 {max(largest):.3f}까지밖에 가지 않습니다. 255로 두 번 나누었습니까? `data.to_float`가 이미 나눕니다.",
            en=f"Pixels go up to {max(largest):.3f} only. Did you divide by 255 twice? `data.to_float` does it already.",
        )
    if any(training):
        return text(
            ko="신경망이 훈련 모드입니다. 드롭아웃이 특징을 지우고, 배치 정규화가 배치의 통계를 씁니다. 먼저 `network.eval()`을 부르세요.",
            en="The network is in train mode: dropout erases features, and batch norm uses the batch's statistics. Call "
            "`network.eval()` first.",
        )
    if any(grad):
        return text(
            ko="그레이디언트를 위한 기록이 남습니다. 동결한 신경망에는 필요 없고 메모리를 차지합니다. `with torch.no_grad():` 안에서 부르세요.",
            en="What gradients need is recorded, which a frozen network does not want and which takes memory. Call it within "
            "`with torch.no_grad():`.",
        )
    if max(sizes) > FEW:
        return text(
            ko=f"사진 {max(sizes)}장을 한꺼번에 넣었습니다. 사진이 많으면 메모리가 모자랍니다. `images.split({FEW})`처럼 나누세요.",
            en=f"{max(sizes)} photos went in at once. With many photos memory runs out: divide them, as with `images.split({FEW})`.",
        )
    return None


def _features_wrong(probe: _Probe, found: Tensor, images: Tensor) -> Text | None:
    count = len(images)
    if found.ndim == 2 and len(found) != count:
        return text(
            ko=f"사진이 {count}장인데 특징은 {len(found)}줄입니다. 마지막 배치를 빠뜨렸습니까?",
            en=f"There are {count} photos, and {len(found)} rows of features. Is the last batch missing?",
        )
    with torch.no_grad():
        right = probe.eval()(data.to_float(images))
    if found.shape != right.shape:
        return text(
            ko=f"특징의 모양: {tuple(found.shape)}, 기대한 것: {tuple(right.shape)}",
            en=f"The features have the shape {tuple(found.shape)}, expected: {tuple(right.shape)}",
        )
    if not torch.allclose(found, right, atol=1e-4):
        return text(
            ko="특징의 값이나 순서가 다릅니다. 신경망이 준 것을 사진의 순서 그대로 이으세요.",
            en="The values of the features, or their order, differ. Join what the network gives, in the order of the photos.",
        )
    return None


register(Exercise(
    key="lab_retraining_extract",
    lab=LAB,
    test=_extract,
    hints=[
        text(
            ko="차례는 `network.eval()`, `with torch.no_grad():`, 그 안에서 `images.split(32)`의 배치마다 한 번씩 부르기입니다.",
            en="The order is `network.eval()`, `with torch.no_grad():`, and within it one call for each batch of `images.split(32)`.",
        ),
        text(
            ko="`torch.cat([network(data.to_float(some)) for some in images.split(32)])`입니다.",
            en="It is `torch.cat([network(data.to_float(some)) for some in images.split(32)])`.",
        ),
    ],
))


# The head


def _head(
    x: Tensor, labels: Tensor, classes: int, steps: int, rate: float, sign: float = 1.0, mean: bool = True,
    bias: bool = True, squares: bool = False, axis: int = 1, heap: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Gradient descent; the options are what readers do instead."""
    weight, b = torch.zeros(classes, x.shape[1]), torch.zeros(classes)
    sums = torch.zeros_like(weight), torch.zeros_like(b)
    target = functional.one_hot(labels, classes).float()
    for _ in range(steps):
        logits = x @ weight.T + b
        wrong = 2 * (logits - target) / classes if squares else logits.softmax(dim=axis) - target
        slopes = wrong.T @ x / (len(x) if mean else 1), wrong.sum(dim=0) / (len(x) if mean else 1)
        sums = tuple(old + new if heap else new for old, new in zip(sums, slopes, strict=True))
        weight = weight - sign * rate * sums[0]
        b = b - sign * rate * sums[1] * bias
    return weight, b


def _head_case(rng: Random) -> dict:
    draws = chance(rng)
    count, classes = rng.randint(8, 14), rng.randint(2, 4)
    return {
        "x": torch.randn(count, rng.randint(2, 5), generator=draws),
        "labels": torch.randint(classes, (count,), generator=draws),
        "classes": classes,
        "steps": rng.randint(3, 8),
        "rate": rng.choice([0.1, 0.3]),
    }


register(Exercise(
    key="lab_retraining_head",
    lab=LAB,
    case=_head_case,
    reference=_head,
    cases=30,
    atol=1e-4,
    mistakes=[
        Mistake(
            lambda **case: _head(**case, sign=-1.0),
            text(ko="오르막으로 갔습니다. 그레이디언트의 반대쪽으로 옮기세요.", en="That goes uphill. Move against the gradient."),
        ),
        Mistake(
            lambda **case: _head(**case, mean=False),
            text(
                ko="손실을 사진마다 더하기만 했습니다. 사진 수로 나눈 평균이어야 걸음이 사진 수에 매이지 않습니다.",
                en="You summed the loss over the photos. Take the mean, so that a step does not depend on how many there are.",
            ),
        ),
        Mistake(
            lambda **case: _head(**case, bias=False),
            text(ko="편향이 0인 채로 있습니다. 편향도 훈련하세요.", en="The bias stays at 0. Train it as well."),
        ),
        Mistake(
            lambda **case: _head(**case, squares=True),
            text(
                ko="제곱 오차를 줄였습니다. 소프트맥스 회귀의 손실은 교차 엔트로피입니다.",
                en="You reduced the squared error. The loss of softmax regression is the cross-entropy.",
            ),
        ),
        Mistake(
            lambda **case: _head(**case, axis=0),
            text(
                ko="소프트맥스를 사진을 따라 계산했습니다. 확률은 사진마다 클래스를 따라 더해 1이어야 합니다(`dim=1`).",
                en="The softmax runs along the photos. Each photo's probabilities must add up to 1 over the classes: `dim=1`.",
            ),
        ),
        Mistake(
            lambda **case: _head(**case, heap=True),
            text(
                ko="그레이디언트가 걸음마다 쌓입니다. 걸음마다 0에서 시작하세요(`zero_grad`, 또는 `weight.grad = None`).",
                en="Gradients pile up from step to step. Begin each at 0: `zero_grad`, or `weight.grad = None`.",
            ),
        ),
        Mistake(
            lambda **case: _head(**case | {"steps": case["steps"] - 1}),
            text(ko="한 걸음 모자랍니다.", en="It is one step short."),
        ),
        Mistake(
            lambda **case: _head(**case | {"steps": case["steps"] + 1}),
            text(ko="한 걸음 더 갔습니다.", en="It goes one step too far."),
        ),
    ],
    hints=[
        text(
            ko="`weight = torch.zeros(classes, x.shape[1], requires_grad=True)`와 `bias`를 만들고, 걸음마다 `functional.cross_entropy(x @ weight.T + bias, labels)`를 역전파하세요.",
            en="Make `weight = torch.zeros(classes, x.shape[1], requires_grad=True)` and a `bias`, and backpropagate `functional.cross_entropy(x @ weight.T + bias, labels)` in each step.",
        ),
        text(
            ko="`torch.optim.SGD([weight, bias], lr=rate)`가 옮기고 `zero_grad()`가 지웁니다. 끝에 `weight.detach(), bias.detach()`를 돌려주세요.",
            en="`torch.optim.SGD([weight, bias], lr=rate)` moves them, and `zero_grad()` clears. Return `weight.detach(), bias.detach()`.",
        ),
    ],
))


# Scores


def _scores(logits: Tensor, temperature: float) -> Tensor:
    return (logits / temperature).softmax(dim=1)


def _naive(logits: Tensor, temperature: float) -> Tensor:
    powers = (logits / temperature).exp()
    return powers / powers.sum(dim=1, keepdim=True)


def _scores_case(rng: Random) -> dict:
    draws = chance(rng)
    logits = rng.choice([1.0, 5.0, 400.0]) * torch.randn(rng.randint(2, 4), rng.randint(2, 4), generator=draws)
    return {"logits": logits, "temperature": rng.choice([0.5, 1.5, 3.0])}


register(Exercise(
    key="lab_retraining_scores",
    lab=LAB,
    case=_scores_case,
    reference=_scores,
    mistakes=[
        Mistake(
            lambda logits, temperature: logits.softmax(dim=1),
            text(ko="온도를 쓰지 않았습니다.", en="The temperature is not used."),
        ),
        Mistake(
            lambda logits, temperature: (logits * temperature).softmax(dim=1),
            text(ko="온도를 곱했습니다. 로짓을 온도로 나누세요.", en="You multiplied by the temperature. Divide the logits by it."),
        ),
        Mistake(
            lambda logits, temperature: logits.softmax(dim=1) / temperature,
            text(
                ko="소프트맥스 뒤에 나누었습니다. 그러면 더해서 1이 되지 않습니다. 로짓을 먼저 나누세요.",
                en="You divided after the softmax, and then scores do not add up to 1. Divide the logits first.",
            ),
        ),
        Mistake(
            lambda logits, temperature: (logits / temperature).softmax(dim=0),
            text(
                ko="사진을 따라 더해서 1입니다. 점수는 사진마다 클래스를 따라 더해 1이어야 합니다(`dim=1`).",
                en="They add up to 1 over the photos. The scores of each photo must, over the classes: `dim=1`.",
            ),
        ),
        Mistake(
            lambda logits, temperature: (logits / temperature).sigmoid(),
            text(
                ko="시그모이드입니다. 클래스가 서로 겨루려면 소프트맥스여야 합니다.",
                en="That is the sigmoid. For classes to compete it must be the softmax.",
            ),
        ),
        Mistake(
            lambda logits, temperature: (logits / temperature).log_softmax(dim=1),
            text(ko="점수의 로그입니다.", en="Those are the logarithms of the scores."),
        ),
        Mistake(
            _naive,
            text(
                ko="큰 로짓에서 `exp`가 넘칩니다. 사진마다 가장 큰 로짓을 먼저 빼거나 `softmax`를 쓰세요.",
                en="`exp` overflows at large logits. Subtract each photo's largest logit first, or use `softmax`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="온도는 모든 로짓을 같은 수로 나눕니다. 순서는 바뀌지 않으므로 답도 바뀌지 않습니다.",
            en="The temperature divides all logits by the same number. Their order stays, and so does the answer.",
        ),
        text(ko="`(logits / temperature).softmax(dim=1)`입니다.", en="It is `(logits / temperature).softmax(dim=1)`."),
    ],
))


# The photos that are wrong


def _suspects(scores: Tensor, labels: Tensor) -> list[int]:
    certain, answers = scores.max(dim=1)
    wrong = (answers != labels).nonzero().flatten()
    return wrong[certain[wrong].argsort(descending=True)].tolist()


def _suspects_case(rng: Random) -> dict:
    draws = chance(rng)
    count, classes = rng.randint(12, 20), rng.randint(3, 4)
    while True:
        scores = torch.randn(count, classes, generator=draws).softmax(dim=1)
        labels = torch.randint(classes, (count,), generator=draws)
        found = _suspects(scores, labels)
        if 4 <= len(found) < count and found != sorted(found):
            return {"scores": scores, "labels": labels}


def _by(scores: Tensor, labels: Tensor, value: Callable[[Tensor, Tensor], Tensor]) -> list[int]:
    found = _suspects(scores, labels)
    values = value(scores, labels)
    return sorted(found, key=lambda index: -float(values[index]))


register(Exercise(
    key="lab_retraining_suspects",
    lab=LAB,
    case=_suspects_case,
    reference=_suspects,
    mistakes=[
        Mistake(
            lambda scores, labels: _suspects(scores, labels)[::-1],
            text(
                ko="가장 자신 없는 것부터 늘어놓았습니다. 볼 것은 자신 있게 틀린 것이니 그것부터 놓으세요.",
                en="The least certain come first. What is worth a look is wrong with certainty: put that first.",
            ),
        ),
        Mistake(
            lambda scores, labels: sorted(_suspects(scores, labels)),
            text(
                ko="틀린 것은 맞게 골랐지만 사진의 순서 그대로입니다. 가장 높은 점수가 큰 것부터 놓으세요.",
                en="Those are the right ones, but in the order of the photos. Sort by the highest score, the largest first.",
            ),
        ),
        Mistake(
            lambda scores, labels: _by(scores, labels, lambda s, y: -s[torch.arange(len(y)), y]),
            text(
                ko="정답 클래스의 점수로 줄을 세웠습니다. 신경망이 한 대답의 점수, 곧 가장 높은 점수로 세우세요.",
                en="Sorted by the score of the labelled class. Sort by that of the network's answer, the highest.",
            ),
        ),
        Mistake(
            lambda scores, labels: _by(scores, labels, lambda s, y: s.topk(2, dim=1).values.diff(dim=1).neg().flatten()),
            text(
                ko="첫째와 둘째 점수의 차로 줄을 세웠습니다. 여기서는 가장 높은 점수로 세웁니다.",
                en="Sorted by the distance between the two highest scores. Here it is the highest score alone.",
            ),
        ),
        Mistake(
            lambda scores, labels: scores.max(dim=1).values.argsort(descending=True).tolist(),
            text(ko="맞힌 사진도 들어 있습니다. 틀린 것만 고르세요.", en="Photos that are right are among them. Keep those that are wrong."),
        ),
        Mistake(
            lambda scores, labels: [
                i for i in scores.max(dim=1).values.argsort(descending=True).tolist() if scores[i].argmax() == labels[i]
            ],
            text(ko="맞힌 사진만 골랐습니다. 틀린 것을 고르세요.", en="Those are the photos that are right. Pick those that are wrong."),
        ),
        Mistake(
            lambda scores, labels: scores.max(dim=1).values[_suspects(scores, labels)].tolist(),
            text(ko="점수를 돌려주었습니다. 사진의 번호가 필요합니다.", en="Those are the scores. The numbers of the photos are needed."),
        ),
        Mistake(
            lambda scores, labels: (
                scores.max(dim=1).values[scores.argmax(dim=1) != labels].argsort(descending=True).tolist()
            ),
            text(
                ko="틀린 사진들 안에서의 자리입니다. 전체 사진에서의 번호로 바꾸세요.",
                en="Those are places among the wrong photos alone. Turn them into numbers among all photos.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`certain, answers = scores.max(dim=1)`이 가장 높은 점수와 그 클래스입니다. `(answers != labels).nonzero().flatten()`은 틀린 사진의 번호입니다.",
            en="`certain, answers = scores.max(dim=1)` gives the highest score and its class; `(answers != labels).nonzero().flatten()` the numbers of the wrong photos.",
        ),
        text(
            ko="`order = certain[wrong].argsort(descending=True)`로 줄을 세우고 `wrong[order].tolist()`를 돌려주세요.",
            en="Sort with `order = certain[wrong].argsort(descending=True)` and return `wrong[order].tolist()`.",
        ),
    ],
))


# The temperature


def _losses(logits: Tensor, labels: Tensor, candidates: list[float], divide: bool = True) -> list[float]:
    return [float(functional.cross_entropy(logits / t if divide else logits * t, labels)) for t in candidates]


def _least(candidates: list[float], values: list[float]) -> float:
    return candidates[int(np.argmin(values))]


def _temperature(logits: Tensor, labels: Tensor, candidates: list[float]) -> float:
    return _least(candidates, _losses(logits, labels, candidates))


def _temperature_case(rng: Random) -> dict:
    """The labels are right as often as the scores at some temperature say."""
    draws = chance(rng)
    candidates = sorted(rng.sample([0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 6.0], 5))
    rng.shuffle(candidates)
    logits = 3 * torch.randn(60, 3, generator=draws)
    labels = torch.multinomial((logits / rng.choice(candidates)).softmax(dim=1), 1, generator=draws).flatten()
    return {"logits": logits, "labels": labels, "candidates": candidates}


register(Exercise(
    key="lab_retraining_temperature",
    lab=LAB,
    case=_temperature_case,
    reference=_temperature,
    cases=40,
    mistakes=[
        Mistake(
            lambda logits, labels, candidates: _least(candidates, [-loss for loss in _losses(logits, labels, candidates)]),
            text(
                ko="손실이 가장 큰 온도를 골랐습니다. 가장 작은 것을 고르세요.",
                en="You picked the temperature of the largest loss. Pick that of the least.",
            ),
        ),
        Mistake(
            lambda logits, labels, candidates: _least(candidates, _losses(logits, labels, candidates, divide=False)),
            text(
                ko="로짓에 온도를 곱해서 견주었습니다. 나누어야 합니다.",
                en="You compared logits multiplied by the temperatures. Divide them.",
            ),
        ),
        Mistake(
            lambda logits, labels, candidates: _least(candidates, _losses(logits, logits.argmax(dim=1), candidates)),
            text(
                ko="신경망의 대답을 정답으로 삼아 손실을 구했습니다. 그러면 자신만만할수록 좋아 보입니다. 레이블 `labels`를 쓰세요.",
                en="The loss is taken against the network's own answers, and then the more certain the better. Take it against the `labels`.",
            ),
        ),
        Mistake(
            lambda logits, labels, candidates: candidates[0],
            text(
                ko="언제나 첫째를 골랐습니다. 정확도로 견주었습니까? 온도는 정확도를 바꾸지 않습니다. 교차 엔트로피로 견주세요.",
                en="It is always the first. Did you compare accuracies? A temperature does not change them. Compare cross-entropies.",
            ),
        ),
        Mistake(
            lambda logits, labels, candidates: max(candidates),
            text(
                ko="언제나 가장 큰 온도입니다. 가장 겸손한 점수가 아니라 레이블에 가장 잘 맞는 점수를 찾으세요.",
                en="It is always the largest. Look for the scores that fit the labels best, not for the most modest ones.",
            ),
        ),
        Mistake(
            lambda logits, labels, candidates: int(np.argmin(_losses(logits, labels, candidates))),
            text(ko="온도의 번호입니다. 온도를 돌려주세요.", en="That is the number of the temperature. Return the temperature itself."),
        ),
        Mistake(
            lambda logits, labels, candidates: min(_losses(logits, labels, candidates)),
            text(ko="가장 작은 손실입니다. 그 손실을 준 온도를 돌려주세요.", en="That is the least loss. Return the temperature that gives it."),
        ),
    ],
    hints=[
        text(
            ko="온도마다 `functional.cross_entropy(logits / temperature, labels)`를 구합니다.",
            en="For each temperature, `functional.cross_entropy(logits / temperature, labels)`.",
        ),
        text(
            ko="`min(candidates, key=…)`의 `key`가 그 손실을 돌려주는 함수이면 됩니다.",
            en="`min(candidates, key=…)`, where `key` is a function that returns this loss.",
        ),
    ],
))


# The interval


def _wald(right: int, of: int, z: float = 1.96) -> tuple[float, float]:
    share = right / of
    half = z * sqrt(share * (1 - share) / of)
    return share - half, share + half


def _interval_case(rng: Random) -> dict:
    of = rng.randint(3, 200)
    return {"right": rng.choice([of, rng.randint(1, of)]), "of": of}


def _undivided(right: int, of: int) -> tuple[float, float]:
    return tuple(end * (1 + 1.96**2 / of) for end in retrain.interval(right, of))


register(Exercise(
    key="lab_retraining_interval",
    lab=LAB,
    case=_interval_case,
    reference=lambda right, of: retrain.interval(right, of),
    mistakes=[
        Mistake(
            _wald,
            text(
                ko="교과서의 간단한 구간입니다. 모두 맞히면 너비가 0이 됩니다. 윌슨의 식을 쓰세요.",
                en="That is the textbooks' simple interval, which has no width where all are right. Use Wilson's formula.",
            ),
        ),
        Mistake(
            _undivided,
            text(ko="끝에서 1 + z²/n으로 나누지 않았습니다.", en="The last step, the division by 1 + z²/n, is missing."),
        ),
        Mistake(
            lambda right, of: retrain.interval(right, of, z=1.0),
            text(ko="z가 1입니다. 95%에는 1.96입니다.", en="z is 1. For 95% it is 1.96."),
        ),
        Mistake(
            lambda right, of: retrain.interval(right, of, z=1.645),
            text(ko="z가 1.645입니다. 그것은 90% 구간입니다.", en="z is 1.645, which is for 90%."),
        ),
        Mistake(
            lambda right, of: retrain.interval(of - right, of),
            text(ko="틀린 비율의 구간입니다.", en="That is the interval of the share that is wrong."),
        ),
        Mistake(
            lambda right, of: tuple(100 * end for end in retrain.interval(right, of)),
            text(ko="퍼센트입니다. 0에서 1까지의 비율로 돌려주세요.", en="That is in per cent. Return shares in 0..1."),
        ),
        Mistake(
            lambda right, of: retrain.interval(right, of)[::-1],
            text(ko="두 끝의 순서가 바뀌었습니다. 작은 쪽이 먼저입니다.", en="The two ends are swapped: the lower comes first."),
        ),
    ],
    hints=[
        text(
            ko="p = right / of, n = of, z = 1.96입니다. 가운데 값 p + z²/(2n)부터 구하세요.",
            en="p = right / of, n = of, z = 1.96. Begin with the middle, p + z²/(2n).",
        ),
        text(
            ko="반너비는 `z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))`이고, 두 끝을 모두 `1 + z**2 / n`으로 나눕니다.",
            en="Half the width is `z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))`; both ends are divided by `1 + z**2 / n`.",
        ),
    ],
))


# Fine-tuning


EPOCHS, RATE, BATCH, SHOWN = 4, 0.01, 16, 48


class _Small(nn.Module):
    """A network with a frozen beginning, a last stage and a head. It remembers what it was trained on, and where its
    head's bias stood then."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.BatchNorm1d(8), nn.ReLU())
        self.stage = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU())
        self.head = nn.Linear(8, 2)
        self.batches: list[Tensor] = []
        self.biases: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            self.batches.append(x.detach().clone())
            self.biases.append(self.head.bias.detach().clone())
        return self.head(self.stage(self.stem(x.float())))

    def loss(self, images: Tensor, labels: Tensor) -> float:
        with torch.no_grad():
            return float(functional.cross_entropy(self(data.to_float(images)), labels))


def _fine_tune(answer: Any, rng: Random) -> Text | None:
    if not callable(answer):
        return NOT_A_FUNCTION
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.randrange(2**31))
        network, labels = _Small().eval(), torch.arange(SHOWN) % 2
        images = torch.randint(0, 100, (SHOWN, 3, 2, 2)) + 100 * labels[:, None, None, None]
        images = images.to(torch.uint8)
        before = {name: value.clone() for name, value in network.state_dict().items()}
        first = network.loss(images, labels)
        stage = [*network.stage.parameters(), *network.head.parameters()]
        with torch.enable_grad():
            answer(network, stage, images.clone(), labels.clone(), EPOCHS, RATE)
    if not network.batches:
        return text(ko="신경망을 한 번도 부르지 않았습니다.", en="The network is never called.")
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    if wrong := _moved_wrong(network, moved) or _shown_wrong(network):
        return wrong
    last = network.eval().loss(images, labels)
    if not last < first:
        return text(
            ko=f"손실이 줄지 않았습니다. 처음: {first:.3f}, 나중: {last:.3f}. 걸음의 방향, `zero_grad()`, 사진과 레이블의 짝을 확인하세요.",
            en=f"The loss went from {first:.3f} to {last:.3f}: it did not fall. Look at the direction of the step, at `zero_grad()`, "
            "and whether each photo has its own label.",
        )
    return None


def _moved_wrong(network: _Small, moved: set[str]) -> Text | None:
    """What is wrong with what has changed (names of the state), and with the mode that the network is left in."""
    if any(not x.is_floating_point() or x.max() > 1.5 for x in network.batches):
        return text(
            ko="신경망에 0에서 255까지의 픽셀을 넣었습니다. `data.to_float`로 바꾸세요.",
            en="The network was given pixels of 0 to 255. Change them with `data.to_float`.",
        )
    if any("running" in name for name in moved):
        return text(
            ko="배치 정규화의 평균과 분산이 바뀌었습니다. 가중치를 동결해도 훈련 모드에서는 통계가 새 사진을 따라갑니다. `network.eval()`인 채로 훈련하세요.",
            en="The means and variances of batch norm have changed: in train mode they follow the new photos even where weights are "
            "frozen. Train in `network.eval()`.",
        )
    if not moved:
        return text(
            ko="가중치가 하나도 바뀌지 않았습니다. `loss.backward()`와 `optimizer.step()`이 있습니까?",
            en="Not one weight has changed. Are `loss.backward()` and `optimizer.step()` there?",
        )
    if any(name.startswith("stem") for name in moved):
        return text(
            ko="동결해야 할 앞쪽 층도 바뀌었습니다. 옵티마이저에 `network.parameters()`가 아니라 `stage`만 주세요.",
            en="The early layers, which should be frozen, have changed, too. Give the optimizer `stage` alone, not "
            "`network.parameters()`.",
        )
    if not any(name.startswith("stage") for name in moved):
        return text(
            ko="새 마지막 층만 바뀌었습니다. 마지막 단도 훈련하려면 `stage`의 파라미터를 모두 옵티마이저에 주세요.",
            en="Only the new last layer has changed. For the last stage to be trained as well, give the optimizer all of `stage`.",
        )
    if any(layer.training for layer in network.modules()):
        return text(
            ko="신경망이 훈련 모드로 남았습니다. `network.eval()`로 끝내세요.",
            en="The network is left in train mode. End with `network.eval()`.",
        )
    return None


def _shown_wrong(network: _Small) -> Text | None:
    """What is wrong with the batches, or with the size of a step."""
    sizes = [len(x) for x in network.batches]
    if set(sizes) != {BATCH}:
        odd = next(size for size in sizes if size != BATCH)
        return text(
            ko=f"한 번에 사진 {odd}장을 넣었습니다. {BATCH}장씩 미니배치로 훈련하세요.",
            en=f"{odd} photos went in at once. Train with mini-batches of {BATCH}.",
        )
    if sum(sizes) != EPOCHS * SHOWN:
        return text(
            ko=f"사진을 {sum(sizes)}번 보여 주었습니다. {SHOWN}장을 `epochs`, 곧 {EPOCHS}번씩 보여 주면 {EPOCHS * SHOWN}번입니다.",
            en=f"Photos were shown {sum(sizes)} times. {SHOWN} of them, `epochs` = {EPOCHS} times each, are {EPOCHS * SHOWN}.",
        )
    each = SHOWN // BATCH
    if torch.equal(torch.cat(network.batches[:each]), torch.cat(network.batches[each : 2 * each])):
        return text(
            ko="에폭마다 사진의 순서가 똑같습니다. 에폭마다 `torch.randperm`으로 새로 섞으세요.",
            en="Every epoch has the same order of photos. Shuffle anew in each, with `torch.randperm`.",
        )
    step = float((network.biases[1] - network.biases[0]).abs().max())
    if not 0.9 * RATE < step < 1.1 * RATE:  # Adam's first step, whatever the gradient
        return text(
            ko=f"첫 걸음에 가중치가 {step:.2g}만큼 움직였습니다. Adam의 첫 걸음은 학습률 `rate`, 곧 {RATE}만큼입니다: "
            "`torch.optim.Adam(stage, lr=rate)`",
            en=f"In the first step weights move by {step:.2g}. Adam's first step is as long as the learning rate, `rate` = {RATE}: "
            "`torch.optim.Adam(stage, lr=rate)`",
        )
    return None


register(Exercise(
    key="lab_retraining_fine_tune",
    lab=LAB,
    test=_fine_tune,
    hints=[
        text(
            ko="`network.eval()` 다음에 `optimizer = torch.optim.Adam(stage, lr=rate)`를 만드세요. 옵티마이저가 받지 않은 파라미터는 움직이지 않습니다.",
            en="After `network.eval()`, make `optimizer = torch.optim.Adam(stage, lr=rate)`. What an optimizer was not given it does not move.",
        ),
        text(
            ko="에폭마다 `torch.randperm(len(images)).split(16)`의 번호로 `data.to_float(images[some])`와 `labels[some]`을 꺼내, `zero_grad`, `backward`, `step`을 차례로 부릅니다.",
            en="In each epoch take `data.to_float(images[some])` and `labels[some]` by the numbers of `torch.randperm(len(images)).split(16)`, then `zero_grad`, `backward`, `step`.",
        ),
    ],
))


# Which of two networks is better


def _compare(frozen: Tensor, tuned: Tensor, labels: Tensor) -> tuple[int, int, float]:
    only_frozen = int(((frozen == labels) & (tuned != labels)).sum())
    only_tuned = int(((tuned == labels) & (frozen != labels)).sum())
    return only_frozen, only_tuned, _by_chance(only_frozen, only_tuned)


def _by_chance(a: int, b: int, sides: int = 2, strict: bool = False) -> float:
    """How probable it is that fair coins are as unequal."""
    count, least = a + b, min(a, b) - strict
    return min(1.0, sides * sum(comb(count, k) for k in range(least + 1)) / 2**count)


def _compare_case(rng: Random) -> dict:
    draws = chance(rng)
    count = rng.randint(15, 40)
    labels = torch.randint(3, (count,), generator=draws)

    def answers(share: float) -> Tensor:
        wrong = torch.rand(count, generator=draws) > share
        return torch.where(wrong, (labels + 1 + torch.randint(2, (count,), generator=draws)) % 3, labels)

    return {"frozen": answers(rng.uniform(0.4, 0.8)), "tuned": answers(rng.uniform(0.5, 0.95)), "labels": labels}


def _all_right(frozen: Tensor, tuned: Tensor, labels: Tensor) -> tuple[int, int, float]:
    a, b = int((frozen == labels).sum()), int((tuned == labels).sum())
    return a, b, _by_chance(a, b)


def _different(frozen: Tensor, tuned: Tensor, labels: Tensor) -> tuple[int, int, float]:
    count = int((frozen != tuned).sum())
    return count, count, 1.0


def _chance(sides: int = 2, strict: bool = False) -> Callable:
    def wrong(frozen: Tensor, tuned: Tensor, labels: Tensor) -> tuple[int, int, float]:
        a, b, _ = _compare(frozen, tuned, labels)
        return a, b, _by_chance(a, b, sides, strict)

    return wrong


def _unbounded(frozen: Tensor, tuned: Tensor, labels: Tensor) -> tuple[int, int, float]:
    a, b, _ = _compare(frozen, tuned, labels)
    return a, b, 2 * sum(comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b)


def _exactly(frozen: Tensor, tuned: Tensor, labels: Tensor) -> tuple[int, int, float]:
    a, b, _ = _compare(frozen, tuned, labels)
    return a, b, comb(a + b, a) / 2 ** (a + b)


def _from_all(frozen: Tensor, tuned: Tensor, labels: Tensor) -> tuple[int, int, float]:
    a, b, _ = _compare(frozen, tuned, labels)
    return a, b, min(1.0, 2 * sum(comb(len(labels), k) for k in range(min(a, b) + 1)) / 2 ** len(labels))


register(Exercise(
    key="lab_retraining_compare",
    lab=LAB,
    case=_compare_case,
    reference=_compare,
    mistakes=[
        Mistake(
            lambda frozen, tuned, labels: _compare(tuned, frozen, labels),
            text(
                ko="두 수의 순서가 바뀌었습니다. 동결한 신경망만 맞힌 사진의 수가 먼저입니다.",
                en="The two counts are swapped: first come the photos that the frozen network alone gets right.",
            ),
        ),
        Mistake(
            _all_right,
            text(
                ko="둘 다 맞힌 사진까지 세었습니다. 한쪽만 맞힌 사진이 둘을 가립니다.",
                en="Photos that both get right are counted. Only those that one alone gets right tell the two apart.",
            ),
        ),
        Mistake(
            _different,
            text(
                ko="대답이 서로 다른 사진을 세었습니다. 그 가운데에는 둘 다 틀린 것도 있습니다. 레이블과 견주세요.",
                en="You counted where the answers differ, and there both may be wrong. Compare with the labels.",
            ),
        ),
        Mistake(
            _chance(sides=1),
            text(ko="한쪽만 셌습니다. 어느 쪽으로든 이만큼 기울 확률이니 두 배입니다.", en="That is one side. It may tip either way: twice as much."),
        ),
        Mistake(
            _chance(strict=True),
            text(
                ko="지금 본 만큼 기우는 경우가 빠졌습니다. `range`는 끝을 포함하지 않습니다.",
                en="The case that was seen is left out itself: `range` does not include its end.",
            ),
        ),
        Mistake(
            _unbounded,
            text(
                ko="두 수가 같을 때 확률이 1을 넘습니다. `min(1.0, …)`으로 묶으세요.",
                en="Where the counts are equal the probability is above 1. Bound it with `min(1.0, …)`.",
            ),
        ),
        Mistake(
            _exactly,
            text(
                ko="꼭 이만큼 기울 확률입니다. 이만큼이거나 그보다 더 기울 확률을 더하세요.",
                en="That is how probable exactly this is. Add what is more unequal still.",
            ),
        ),
        Mistake(
            _from_all,
            text(
                ko="동전을 사진마다 던졌습니다. 한쪽만 맞힌 사진의 수만큼만 던지세요.",
                en="You toss a coin for every photo. Toss one only for each that one alone gets right.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`((frozen == labels) & (tuned != labels)).sum()`이 동결한 신경망만 맞힌 사진의 수입니다. `int(…)`로 바꾸세요.",
            en="`((frozen == labels) & (tuned != labels)).sum()` are those that the frozen one alone gets right; make it an `int`.",
        ),
        text(
            ko="n = a + b일 때 확률은 `min(1.0, 2 * sum(math.comb(n, k) for k in range(min(a, b) + 1)) / 2**n)`입니다.",
            en="With n = a + b it is `min(1.0, 2 * sum(math.comb(n, k) for k in range(min(a, b) + 1)) / 2**n)`.",
        ),
    ],
))


# The exam

NUMBER = text(ko="클래스의 번호", en="class number")


def _photos(split: str, each: int) -> tuple[data.ImageSet, str]:
    """Up to `each` photos a class, RGB, labelled 0 to 2; and the name of the set that they are from."""
    full = budget() == "full"
    found = labelled.loaded("cifar10" if full else "digits", split, fallback="digits")
    chosen = torch.cat([(found.labels == label).nonzero().flatten()[:each] for label in CLASSES])
    labels = torch.tensor([CLASSES.index(label) for label in found.labels[chosen].tolist()])
    images = found.images[chosen].expand(-1, 3, -1, -1).contiguous()
    return data.ImageSet(images, labels, tuple(found.classes[label] for label in CLASSES)), found.name


def _beat(answer: Any, rng: Random) -> Text | None:
    if isinstance(answer, nn.Module):
        return text(
            ko="신경망이 아니라 함수 `classify`를 건네세요. 사진을 어떻게 키우고 바꾸는지는 그 함수만 압니다.",
            en="Hand in the function `classify`, not a network: it alone knows how photos are enlarged and made ready.",
        )
    if not callable(answer):
        return NOT_A_FUNCTION
    exam, name = _photos("test", 300)  # the lab does not touch them
    order = torch.randperm(len(exam), generator=chance(rng))
    images, labels = exam.images[order], exam.labels[order]
    found = labelled.labels_of(answer, images)
    if wrong := labelled.not_labels(found, len(exam), NUMBER):
        return wrong
    if not 0 <= int(found.min()) <= int(found.max()) <= 2:
        return text(
            ko=f"번호가 {int(found.min())}부터 {int(found.max())}까지입니다. 클래스의 번호는 이름이 아니라 순서 0, 1, 2입니다.",
            en=f"The numbers go from {int(found.min())} to {int(found.max())}. Classes are numbered 0, 1, 2 by their order, not by "
            "their names.",
        )
    if len(found.unique()) == 1:
        return text(ko=f"언제나 같은 대답입니다: {int(found[0])}", en=f"It always gives the same answer: {int(found[0])}")
    if labelled.depends_on_company(answer, found, images, labels):
        return text(
            ko="같은 사진을 다른 사진들과 함께 넣으면 대답이 달라집니다. 신경망이 훈련 모드입니까?",
            en="The same photos get other answers in other company. Is the network in train mode?",
        )
    right, to_beat = float((found == labels).double().mean()), TO_BEAT[name]
    if right < 0.5:
        return text(
            ko=f"정확도가 {right:.3f}뿐입니다. 사진의 크기와 픽셀의 범위, 클래스의 순서가 훈련할 때와 같습니까?",
            en=f"Its accuracy is only {right:.3f}. Are the size of the photos, the range of the pixels and the order of the classes "
            "those of the training?",
        )
    if right <= to_beat:
        return text(
            ko=f"정확도가 {right:.3f}입니다. 넘어야 할 수는 {to_beat:.3f}입니다. 미세 조정한 신경망을 썼습니까?",
            en=f"Its accuracy is {right:.3f}; the number to beat is {to_beat:.3f}. Did you use the fine-tuned network?",
        )
    return _knows_the_exam(answer, right)


def _knows_the_exam(answer: Callable, right: float) -> Text | None:
    """Whether the answer is better at the exam than on photos most of which it should have been trained on."""
    known, _ = _photos("train", 50)
    there = float((labelled.labels_of(answer, known.images) == known.labels).double().mean())
    if there > right - 0.05:
        return None
    return text(
        ko=f"시험의 사진에서는 {right:.3f}인데 훈련한 사진에서는 {there:.3f}입니다. 시험의 사진으로 훈련했습니까?",
        en=f"{right:.3f} at the exam, but {there:.3f} on the photos of the training. Was it trained on those of the exam?",
    )


register(Exercise(
    key="lab_retraining_beat",
    lab=LAB,
    test=_beat,
    hints=[
        text(
            ko="먼저 `enlarged(images)`로 훈련할 때의 크기로 늘리고, `data.to_float`로 바꾸고, 신경망을 부른 다음 `argmax(dim=1)`입니다.",
            en="First bring them to the size of the training with `enlarged(images)`, then `data.to_float`, the network, and `argmax(dim=1)`.",
        ),
        text(
            ko="넘지 못하면 검증 세트에서 고르세요: 학습률, 에폭, 사진의 크기, 또는 동결한 신경망과 점수 평균하기.",
            en="If it falls short, choose on the validation set: learning rate, epochs, the size of the photos, or a mean of its scores with the frozen network's.",
        ),
    ],
))
