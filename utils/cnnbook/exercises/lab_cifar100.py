"""The exercises of lab 03, CIFAR-100: two kinds of classes, five ways to measure, soft targets, a contest in a budget."""

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from cnnbook import data
from cnnbook.exercises import Exercise, Mistake, Text, built, find, labelled, register, text
from cnnbook.exercises.shared import NOT_A_FUNCTION, NOTHING, chance
from cnnbook.notebook import budget

LAB = "03_cifar100"
BUDGET = {"cifar100": 350e12, "shapes": 150e9}  # multiply-adds over all images of a training
TO_BEAT = {"cifar100": 0.62, "shapes": 0.40}  # more than the guided baseline with the same budget, measured


@lru_cache(maxsize=4)
def images(split: str = "train") -> data.ImageSet:
    """The lab's images: CIFAR-100 with CNNBOOK_BUDGET=full, where it can be had; else shapes of a hundred classes."""
    if budget() == "full":
        try:
            return data.load("cifar100", split)
        except FileNotFoundError as error:
            print(error)
    return data.load("shapes", split, classes=100, count={"train": 5000, "test": 2000}[split])


def answer(step: str) -> Callable:
    """The book's own answer to a step, for the cells after it while the reader has not solved it: "head", "mixed", …"""
    return _book_head if step == "head" else find(f"lab_cifar100_{step}").reference


class OverBudget(Exception):
    """A training has used up its budget."""


class Meter(TorchDispatchMode):
    """Counts the multiply-adds of convolutions and matrix products while gradients are prepared, that is in training:
    `with Meter(limit) as meter: …`, then `meter.spent`. Past its limit it raises OverBudget.

    Each image of a batch counts, and only its way forward; the way back costs twice that and is not counted.
    """

    def __init__(self, limit: float = float("inf")) -> None:
        super().__init__()
        self.limit, self.spent = limit, 0
        self.formulas = FlopCounterMode(display=False).flop_registry  # of each operation, two for a multiply-add

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        found = function(*args, **(kwargs or {}))
        if torch.is_grad_enabled() and (formula := self.formulas.get(function._overloadpacket)):
            self.spent += formula(*args, **(kwargs or {}), out_val=found) // 2
            if self.spent > self.limit:
                raise OverBudget(f"more than {self.limit:.4g} multiply-adds")
        return found

    def __repr__(self) -> str:
        return f"{self.spent / 1e9:,.0f} of {self.limit / 1e9:,.0f} billion multiply-adds"


def _random_families(rng: Random, draws: torch.Generator) -> Tensor:
    """Of each class its superclass, every superclass with one class at least, in no order and not equally large."""
    classes, count = rng.randint(8, 14), rng.randint(3, 4)
    while True:
        found = torch.cat([torch.arange(count), torch.randint(count, (classes - count,), generator=draws)])
        found = found[torch.randperm(classes, generator=draws)]
        if not torch.equal(found, found.sort().values) and len(set(found.bincount().tolist())) > 1:
            return found


# From class to superclass


def _pairs_case(rng: Random) -> dict:
    draws = chance(rng)
    families = _random_families(rng, draws)
    labels = torch.cat([torch.arange(len(families)), torch.randint(len(families), (rng.randint(10, 30),), generator=draws)])
    labels = labels[torch.randperm(len(labels), generator=draws)]
    return {"labels": labels, "coarse_labels": families[labels]}


def _coarse_of(labels: Tensor, coarse_labels: Tensor) -> Tensor:
    found = torch.zeros(int(labels.max()) + 1, dtype=torch.int64)
    found[labels] = coarse_labels
    return found


register(Exercise(
    key="lab_cifar100_coarse_of",
    lab=LAB,
    case=_pairs_case,
    reference=_coarse_of,
    mistakes=[
        Mistake(lambda labels, coarse_labels: torch.arange(int(labels.max()) + 1) // 5, text(
            ko="레이블을 5로 나누었습니다. 이 도형에서는 우연히 맞지만, CIFAR-100의 클래스는 이름의 알파벳순이어서 맞지 않습니다. 짝에서 읽어 내세요.",
            en="You divided the label by 5. That happens to hold for these drawings, but CIFAR-100's classes stand in the "
            "alphabetical order of their names. Read it from the pairs.",
        )),
        Mistake(lambda labels, coarse_labels: coarse_labels[: int(labels.max()) + 1], text(
            ko="처음 몇 그림의 상위 클래스를 그대로 썼습니다. 그림의 번호가 아니라 레이블로 찾아야 합니다.",
            en="Those are the superclasses of the first images. Look up by label, not by the number of the image.",
        )),
        Mistake(lambda labels, coarse_labels: coarse_labels, text(
            ko="그림마다 하나씩입니다. 클래스마다 하나씩 필요합니다.",
            en="That is one for each image. One for each class is needed.",
        )),
        Mistake(lambda labels, coarse_labels: list(dict(zip(labels.tolist(), coarse_labels.tolist(), strict=True)).values()), text(
            ko="클래스가 처음 나온 순서로 늘어서 있습니다. 딕셔너리는 넣은 순서를 지킵니다. 자리 i에는 클래스 i의 것이 와야 합니다.",
            en="The classes stand in the order in which they first appear: a dict keeps the order of insertion. Place i belongs "
            "to class i.",
        )),
        Mistake(lambda labels, coarse_labels: torch.stack([coarse_labels, labels]).unique(dim=1)[0], text(
            ko="상위 클래스 순으로 정렬되었습니다. 레이블 순이어야 합니다. 짝을 (레이블, 상위 클래스)의 차례로 놓으세요.",
            en="It is sorted by superclass. It must be in the order of the labels: put the label first in each pair.",
        )),
        Mistake(lambda labels, coarse_labels: _coarse_of(coarse_labels, labels), text(
            ko="거꾸로입니다. 상위 클래스마다 클래스 하나가 아니라, 클래스마다 상위 클래스 하나가 필요합니다.",
            en="It is the wrong way round: not a class for each superclass, but a superclass for each class.",
        )),
        Mistake(lambda labels, coarse_labels: functional.one_hot(_coarse_of(labels, coarse_labels)), text(
            ko="원-핫 행렬입니다. 여기서는 클래스마다 번호 하나면 됩니다.",
            en="That is a one-hot matrix. Here one number for each class will do.",
        )),
    ],
    hints=[
        text(
            ko="먼저 길이가 클래스 수인 정수 텐서를 만드세요. 클래스 수는 `int(labels.max()) + 1`입니다.",
            en="First make a tensor of whole numbers, as long as there are classes: `int(labels.max()) + 1`.",
        ),
        text(
            ko="`found[labels] = coarse_labels`는 모든 짝을 한 번에 적어 넣습니다. 같은 클래스의 짝은 모두 같은 값을 적습니다.",
            en="`found[labels] = coarse_labels` enters all pairs at once; pairs of the same class all write the same value.",
        ),
    ],
))


# The baseline's head

POSITIONS = ((5, 3), (4, 4), (1, 6))  # heights and widths that a head must accept


def _mean(x: Tensor) -> Tensor:
    return x.mean(dim=(2, 3))


def _right_head(
    maps: list[Tensor], weight: Tensor, bias: Tensor, pool: Callable = _mean, end: Callable = lambda logits: logits
) -> Tensor:
    """The logits of all maps; the options are what readers do instead."""
    return end(functional.linear(torch.cat([pool(x) for x in maps]), weight, bias))


def _book_head(channels: int, classes: int) -> nn.Module:
    linear = nn.Linear(channels, classes)
    for parameter in linear.parameters():
        nn.init.zeros_(parameter)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


INSTEAD: built.Instead = [
    ({"pool": lambda x: x.amax(dim=(2, 3))}, text(
        ko="최대 풀링입니다. 여기서는 맵마다 평균을 냅니다.",
        en="That is max pooling. Here each map becomes its mean.",
    )),
    ({"pool": lambda x: x.sum(dim=(2, 3))}, text(
        ko="맵을 평균하지 않고 더했습니다. 그러면 로짓이 맵의 크기에 따라 커집니다.",
        en="The maps are summed, not averaged: then logits grow with the size of the map.",
    )),
    ({"pool": lambda x: x[:, :, 0, 0]}, text(
        ko="맵의 왼쪽 위 칸 하나만 씁니다. 모든 칸을 평균하세요.",
        en="It uses the top left cell of each map alone. Take the mean of all cells.",
    )),
    ({"pool": lambda x: _mean(x.relu())}, text(
        ko="평균을 내기 전에 ReLU를 한 번 더 했습니다. 몸통에서 나온 그대로 평균하세요.",
        en="There is one more ReLU before the mean. Take the mean of what the body gives, as it is.",
    )),
    *built.ENDINGS,
]
OTHERWISE = text(
    ko="모양과 파라미터는 맞지만 계산이 다릅니다. 맵마다 모든 칸을 평균한 다음 완전 연결층 하나를 지나면 됩니다.",
    en="Shapes and parameters are right, but it computes something else: the mean over all cells of each map, then one linear "
    "layer.",
)


def _head(answer: Any, rng: Random) -> Text | None:
    if isinstance(answer, nn.Module):
        return text(ko="층이 아니라 클래스를 괄호 없이 건네세요.", en="Hand in the class itself, not a layer: no brackets.")
    if not callable(answer):
        return text(ko="클래스 `Head`가 필요합니다.", en="The class `Head` is needed.")
    channels, classes, draws = rng.randint(6, 12), rng.randint(13, 30), chance(rng)
    head = answer(channels, classes)
    if not isinstance(head, nn.Module):
        return text(ko="`Head`는 `nn.Module`이어야 합니다.", en="`Head` must be an `nn.Module`.")
    maps = [torch.randn(4, channels, *sides, generator=draws) for sides in POSITIONS]
    with torch.no_grad():
        if wrong := _output_wrong(head.eval(), maps, classes) or _parameters_wrong(head, channels, classes):
            return wrong
        if float((head(maps[0]) - head(maps[0])[:, :1]).abs().max()) > 1e-6:
            return text(
                ko=f"처음에 모든 클래스의 로짓이 같지 않습니다. 같으면 손실이 ln {classes}에서 시작합니다. 가중치와 편향을 0으로 시작하세요(`nn.init.zeros_`).",
                en=f"At first the logits of the classes are not the same; if they are, the loss starts at ln {classes}. Start with "
                "weights and biases of 0 (`nn.init.zeros_`).",
            )
        parameters = {parameter.ndim: parameter.normal_() for parameter in head.parameters()}
        mine = torch.cat([head(x) for x in maps])
        return built.computes_other(
            mine, lambda **options: _right_head(maps, parameters[2], parameters[1], **options), INSTEAD, OTHERWISE
        )


def _output_wrong(head: nn.Module, maps: list[Tensor], classes: int) -> Text | None:
    for x in maps:
        try:
            logits = head(x)
        except RuntimeError as error:
            if "multiplied" not in str(error) and "size mismatch" not in str(error):
                raise
            return text(
                ko=f"맵이 {x.shape[2]}×{x.shape[3]}칸일 때 완전 연결층에 들어오는 수의 개수가 맞지 않습니다({error}). 먼저 맵마다 평균을 내서 채널 수만큼의 "
                "수로 만드세요.",
                en=f"For maps of {x.shape[2]}×{x.shape[3]} cells the linear layer does not get the count that it reads ({error}). "
                "First take the mean of each map: as many numbers as channels.",
            )
        if logits is None:
            return NOTHING
        got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        if got != (len(x), classes):
            return text(
                ko=f"맵 {tuple(x.shape)}에 대해 출력이 {got}입니다. 기대한 것: {(len(x), classes)}",
                en=f"For maps {tuple(x.shape)} the output is {got}, expected: {(len(x), classes)}",
            )
    return None


def _parameters_wrong(head: nn.Module, channels: int, classes: int) -> Text | None:
    shapes = sorted(tuple(parameter.shape) for parameter in head.parameters())
    if shapes == [(classes,), (classes, channels)]:
        return None
    if shapes == [(classes, channels)]:
        return text(ko="완전 연결층에 편향이 없습니다.", en="The linear layer has no bias.")
    count, right = sum(parameter.numel() for parameter in head.parameters()), classes * channels + classes
    return text(
        ko=f"파라미터가 {count:,}개입니다. 완전 연결층 하나뿐이면 {classes} · {channels} + {classes} = {right:,}개입니다.",
        en=f"It has {count:,} parameters. A single linear layer has {classes} · {channels} + {classes} = {right:,}.",
    )


register(Exercise(
    key="lab_cifar100_head",
    lab=LAB,
    test=_head,
    hints=[
        text(
            ko="맵의 평균은 `x.mean(dim=(2, 3))`입니다. (N, C, H, W)가 (N, C)가 됩니다.",
            en="The mean of each map is `x.mean(dim=(2, 3))`: (N, C, H, W) becomes (N, C).",
        ),
        text(
            ko="`__init__`에서 `self.linear = nn.Linear(channels, classes)`를 만들고 `nn.init.zeros_(self.linear.weight)`를 부르세요. 편향에도 똑같이 "
            "하세요.",
            en="In `__init__` make `self.linear = nn.Linear(channels, classes)` and call `nn.init.zeros_(self.linear.weight)`, then "
            "the same for its bias.",
        ),
    ],
))


# The right class among the k most likely


def _top_case(rng: Random) -> dict:
    draws, count, classes, k = chance(rng), rng.randint(8, 20), rng.randint(7, 12), rng.randint(2, 4)
    logits, labels = torch.randn(count, classes, generator=draws), torch.randint(classes, (count,), generator=draws)
    logits[torch.arange(count), labels] += 0.7
    return {"logits": logits, "labels": labels, "k": k}


def _top_k(logits: Tensor, labels: Tensor, k: int) -> float:
    best = logits.argsort(dim=1, descending=True)[:, :k]
    return (best == labels[:, None]).any(dim=1).float().mean().item()


register(Exercise(
    key="lab_cifar100_top_k",
    lab=LAB,
    case=_top_case,
    reference=_top_k,
    mistakes=[
        Mistake(lambda logits, labels, k: _top_k(logits, labels, 1), text(
            ko="`k`가 무엇이든 가장 큰 로짓 하나만 봅니다. 그것은 top-1 정확도입니다.",
            en="Whatever `k` is, it looks at the largest logit alone. That is the top-1 accuracy.",
        )),
        Mistake(lambda logits, labels, k: _top_k(-logits, labels, k), text(
            ko="가장 작은 `k`개를 골랐습니다. `argsort`는 작은 것부터 늘어놓습니다.",
            en="It takes the `k` smallest. `argsort` begins with the smallest.",
        )),
        Mistake(lambda logits, labels, k: _top_k(logits, labels, k) / k, text(
            ko="`k`로 나누었습니다. 그림마다 `k`칸을 모두 평균하지 말고, 한 칸이라도 맞으면 그 그림을 1로 세세요(`any(dim=1)`).",
            en="It is divided by `k`. Do not average over all `k` cells of an image: where one of them is right, the image counts "
            "as 1 (`any(dim=1)`).",
        )),
        Mistake(lambda logits, labels, k: _top_k(logits, labels, k) * len(labels), text(
            ko="맞힌 수입니다. 그림 수로 나누세요.",
            en="That is how many are right. Divide by the number of images.",
        )),
        Mistake(lambda logits, labels, k: 100 * _top_k(logits, labels, k), text(
            ko="퍼센트입니다. 0에서 1까지의 비율이 필요합니다.",
            en="That is in percent. A share from 0 to 1 is needed.",
        )),
        Mistake(lambda logits, labels, k: 1 - _top_k(logits, labels, k), text(
            ko="오류율입니다. 정확도가 필요합니다.",
            en="That is the error rate. The accuracy is needed.",
        )),
        Mistake(lambda logits, labels, k: _top_k(logits, labels, k + 1), text(
            ko="하나를 더 보았습니다. `k`개만 보세요.",
            en="It looks at one more than `k`.",
        )),
        Mistake(lambda logits, labels, k: _top_k(logits, labels, k + 1) - _top_k(logits, labels, 1), text(
            ko="가장 큰 것을 빼고 그다음부터 `k`개를 골랐습니다. 파이썬은 0부터 셉니다.",
            en="It leaves out the largest and takes the `k` after it. Python counts from 0.",
        )),
        Mistake(lambda logits, labels, k: float(_top_k(logits, labels, k) > 0), text(
            ko="모든 그림을 통틀어 하나라도 맞으면 1입니다. 그림마다 따로 보세요(`dim=1`).",
            en="It is 1 if any image at all is right. Look at each image by itself (`dim=1`).",
        )),
    ],
    hints=[
        text(
            ko="`logits.topk(k, dim=1).indices`는 그림마다 로짓이 가장 큰 클래스 `k`개의 번호 (N, k)입니다.",
            en="`logits.topk(k, dim=1).indices` has for each image the numbers of its `k` classes with the largest logits, (N, k).",
        ),
        text(
            ko="`labels[:, None]`은 (N, 1)이어서 (N, k)와 칸마다 견줄 수 있습니다. 그다음 `any(dim=1)`과 평균입니다.",
            en="`labels[:, None]` is (N, 1) and can be compared with (N, k), cell by cell. Then come `any(dim=1)` and the mean.",
        ),
    ],
))


# Superclasses from logits of classes


def _logits_case(rng: Random) -> dict:
    draws = chance(rng)
    families = _random_families(rng, draws)
    return {"logits": 1.5 * torch.randn(12, len(families), generator=draws), "coarse_of": families}


def _of_best(logits: Tensor, coarse_of: Tensor) -> Tensor:
    return coarse_of[logits.argmax(dim=1)]


def _adding(values: Callable[[Tensor], Tensor], mean: bool = False) -> Callable[[Tensor, Tensor], Tensor]:
    """Picks the superclass with the largest sum of these values of the logits, or the largest mean of them."""

    def pick(logits: Tensor, coarse_of: Tensor) -> Tensor:
        members = functional.one_hot(coarse_of).float()  # (K, number of superclasses)
        return (values(logits) @ (members / members.sum(dim=0) if mean else members)).argmax(dim=1)

    return pick


def _probabilities(logits: Tensor) -> Tensor:
    return logits.softmax(dim=1)


_of_sum = _adding(_probabilities)


def _both(first: Callable = _of_best, second: Callable = _of_sum) -> Callable:
    return lambda logits, coarse_of: (first(logits, coarse_of), second(logits, coarse_of))


register(Exercise(
    key="lab_cifar100_superclasses",
    lab=LAB,
    case=_logits_case,
    reference=_both(),
    mistakes=[
        Mistake(_both(_of_sum, _of_best), text(
            ko="둘의 차례가 바뀌었습니다. 첫째가 가장 그럴듯한 클래스의 상위 클래스입니다.",
            en="The two are swapped. The superclass of the most likely class comes first.",
        )),
        Mistake(_both(second=_adding(lambda logits: logits)), text(
            ko="확률이 아니라 로짓을 더했습니다. 더해서 뜻이 있는 것은 확률입니다. 먼저 소프트맥스를 취하세요.",
            en="You added logits. What has a meaning when added is probabilities: take the softmax first.",
        )),
        Mistake(_both(second=_adding(lambda logits: logits.log_softmax(dim=1))), text(
            ko="확률의 로그를 더했습니다. 로그의 합은 곱의 로그이니, 모든 클래스가 한꺼번에 맞을 확률을 묻는 셈입니다.",
            en="You added logarithms. Their sum is the logarithm of a product, as if all classes had to be right at once.",
        )),
        Mistake(_both(second=_adding(_probabilities, mean=True)), text(
            ko="확률을 평균했습니다. 클래스가 적은 상위 클래스가 이득을 봅니다. 더하기만 하세요.",
            en="You took the mean of the probabilities, which favours superclasses of few classes. Only add them.",
        )),
        Mistake(_both(second=_of_best), text(
            ko="둘 다 가장 그럴듯한 클래스 하나로 정했습니다. 둘째는 상위 클래스마다 확률을 더해서 정합니다.",
            en="Both follow the single most likely class. The second adds up the probabilities of each superclass.",
        )),
        Mistake(_both(first=_of_sum), text(
            ko="둘 다 확률을 더해서 정했습니다. 첫째는 가장 그럴듯한 클래스의 상위 클래스입니다.",
            en="Both add up probabilities. The first is the superclass of the most likely class.",
        )),
        Mistake(_both(first=lambda logits, coarse_of: logits.argmax(dim=1)), text(
            ko="첫째가 클래스의 번호입니다. `coarse_of`로 상위 클래스의 번호를 찾으세요.",
            en="The first is the number of a class. `coarse_of` gives that of its superclass.",
        )),
        Mistake(_both(second=_adding(lambda logits: logits.softmax(dim=0))), text(
            ko="소프트맥스를 그림의 축을 따라 취했습니다. 그림 하나의 확률을 더해 1이 되려면 `dim=1`입니다.",
            en="The softmax runs along the axis of the images. For the probabilities of one image to sum to 1 it is `dim=1`.",
        )),
        Mistake(_both(second=lambda logits, coarse_of: logits.softmax(dim=1) @ functional.one_hot(coarse_of).float()), text(
            ko="둘째가 합한 확률 자체입니다. 그 가운데 가장 큰 것의 번호를 돌려주세요.",
            en="The second is the summed probabilities. Return the number of the largest.",
        )),
    ],
    hints=[
        text(
            ko="첫째는 한 줄입니다. `coarse_of[logits.argmax(dim=1)]`.",
            en="The first is one line: `coarse_of[logits.argmax(dim=1)]`.",
        ),
        text(
            ko="`functional.one_hot(coarse_of).float()`는 (K, C) 행렬이고, 클래스가 속한 상위 클래스의 칸만 1입니다. 여기에 확률 (N, K)를 곱하면 무엇이 됩니까?",
            en="`functional.one_hot(coarse_of).float()` is a matrix (K, C) that is 1 where a class belongs to a superclass. What do "
            "probabilities (N, K) become when multiplied with it?",
        ),
        text(
            ko="둘째는 `(logits.softmax(dim=1) @ members).argmax(dim=1)`입니다. `members`는 앞 힌트의 행렬입니다.",
            en="The second is `(logits.softmax(dim=1) @ members).argmax(dim=1)`, where `members` is the matrix of the last hint.",
        ),
    ],
))


# A table by superclass


def _answers_case(rng: Random) -> dict:
    """Half of the answers right, the others often within the superclass; now and then a superclass without images."""
    draws = chance(rng)
    families = _random_families(rng, draws)
    labels = torch.randint(len(families), (rng.randint(30, 60),), generator=draws)
    if rng.random() < 0.3:
        labels = labels[families[labels] != rng.randrange(int(families.max()) + 1)]
    sisters = torch.tensor([rng.choice((families == families[label]).nonzero().flatten().tolist()) for label in labels])
    others = torch.randint(len(families), (len(labels),), generator=draws)
    kind = torch.rand(len(labels), generator=draws)
    predictions = torch.where(kind < 0.5, labels, torch.where(kind < 0.75, sisters, others))
    return {"predictions": predictions, "labels": labels, "coarse_of": families}


def _shares(counts: Tensor) -> Tensor:
    return counts / counts.sum(dim=1, keepdim=True).clamp(min=1)


def _table(made_of: Callable[[Tensor], Tensor] = _shares, by_answer: bool = False) -> Callable:
    """What is made of the counts (C, 3): of each superclass how many images are right, are taken for another class of
    it, and are taken for something else."""

    def table(predictions: Tensor, labels: Tensor, coarse_of: Tensor) -> Tensor:
        right, inside = predictions == labels, coarse_of[predictions] == coarse_of[labels]
        kinds = torch.stack([right, inside & ~right, ~inside], dim=1).float()
        rows = coarse_of[predictions if by_answer else labels]
        return made_of(functional.one_hot(rows, int(coarse_of.max()) + 1).float().T @ kinds)

    return table


register(Exercise(
    key="lab_cifar100_table",
    lab=LAB,
    case=_answers_case,
    reference=_table(),
    mistakes=[
        Mistake(_table(by_answer=True), text(
            ko="그림을 대답의 상위 클래스로 나누었습니다. 정답의 상위 클래스로 나누세요.",
            en="The images are grouped by the superclass of the answer. Group them by that of the right class.",
        )),
        Mistake(_table(lambda counts: _shares(counts) @ torch.tensor([[1.0, 1, 0], [0, 1, 0], [0, 0, 1]])), text(
            ko="둘째 열에 맞힌 그림도 들어 있습니다. 맞힌 것은 첫째 열에만 세세요. 행의 합은 1입니다.",
            en="The second column holds the right ones as well. Count them in the first alone: a row sums to 1.",
        )),
        Mistake(_table(lambda counts: counts), text(
            ko="장수입니다. 상위 클래스마다 자기 그림 수로 나누세요.",
            en="Those are counts. Divide by the number of images of each superclass.",
        )),
        Mistake(_table(lambda counts: counts / counts.sum()), text(
            ko="전체 그림 수로 나누었습니다. 상위 클래스마다 자기 그림 수로 나누세요.",
            en="You divided by the number of all images. Divide by that of each superclass.",
        )),
        Mistake(_table(lambda counts: counts / counts.sum(dim=1, keepdim=True)), text(
            ko="그림이 하나도 없는 상위 클래스에서 0을 0으로 나누어 NaN이 됩니다. 그런 행은 0이어야 합니다.",
            en="A superclass without images gives NaN, 0 divided by 0. Its row should be 0.",
        )),
        Mistake(_table(lambda counts: torch.cat([_shares(counts)[:, :1], _shares(counts[:, 1:])], dim=1)), text(
            ko="둘째와 셋째 열을 틀린 그림의 수로 나누었습니다. 세 열 모두 상위 클래스의 그림 수로 나누어야 행의 합이 1입니다.",
            en="The second and third columns are divided by the mistakes alone. Divide all three by the superclass's images, so "
            "that a row sums to 1.",
        )),
        Mistake(_table(lambda counts: _shares(counts)[:, [0, 2, 1]]), text(
            ko="둘째와 셋째 열이 바뀌었습니다. 둘째가 같은 상위 클래스 안에서 틀린 것입니다.",
            en="The second and third columns are swapped. The second is wrong within the superclass.",
        )),
        Mistake(_table(lambda counts: counts / counts.sum(dim=0, keepdim=True).clamp(min=1)), text(
            ko="열의 합으로 나누었습니다. 행의 합, 곧 그 상위 클래스의 그림 수로 나누세요.",
            en="You divided by the sum of each column. Divide by that of each row, the superclass's number of images.",
        )),
    ],
    hints=[
        text(
            ko="그림마다 세 가지를 먼저 구하세요. `right = predictions == labels`, `inside = coarse_of[predictions] == coarse_of[labels]`. 둘째 열은 "
            "`inside & ~right`, 셋째 열은 `~inside`입니다.",
            en="First find three things of each image: `right = predictions == labels`, "
            "`inside = coarse_of[predictions] == coarse_of[labels]`. The second column is `inside & ~right`, the third `~inside`.",
        ),
        text(
            ko="상위 클래스를 하나씩 도는 반복문이면 충분합니다. `mine = coarse_of[labels] == each`로 고르고, 비었으면 0, 아니면 세 가지의 평균입니다.",
            en="A loop over the superclasses will do: pick with `mine = coarse_of[labels] == each`; where there is none the row is "
            "0, else it is the means of the three.",
        ),
    ],
))


# Soft targets


def _targets_case(rng: Random) -> dict:
    classes = rng.randint(4, 9)
    labels = torch.randint(classes, (rng.randint(3, 8),), generator=chance(rng))
    return {"labels": labels, "classes": classes, "epsilon": rng.choice([0.1, 0.2, 0.3, 0.4])}


def _targets(values: Callable[[float, int], tuple[float, float]]) -> Callable:
    """Targets (N, K) from what the right class and every other gets, by epsilon and the number of classes."""

    def targets(labels: Tensor, classes: int, epsilon: float) -> Tensor:
        return torch.where(functional.one_hot(labels, classes) > 0, *values(epsilon, classes))

    return targets


register(Exercise(
    key="lab_cifar100_smoothed",
    lab=LAB,
    case=_targets_case,
    reference=_targets(lambda e, k: (1 - e + e / k, e / k)),
    mistakes=[
        Mistake(_targets(lambda e, k: (1 - e, e / (k - 1))), text(
            ko="엡실론을 정답이 아닌 클래스들에만 나누었습니다. 이 방법에서는 정답까지 K개 모두에 똑같이 나눕니다. 정답은 1 - ε + ε / K가 됩니다.",
            en="Epsilon is spread over the other classes alone. In this method all K get their share, the right one too, which has "
            "1 - ε + ε / K.",
        )),
        Mistake(_targets(lambda e, k: (1 - e, e / k)), text(
            ko="행의 합이 1보다 작습니다. 정답도 ε / K를 받습니다.",
            en="A row sums to less than 1. The right class gets its ε / K as well.",
        )),
        Mistake(_targets(lambda e, k: (1 + e / k, e / k)), text(
            ko="행의 합이 1보다 큽니다. 나누어 주는 ε을 정답에서 먼저 떼세요.",
            en="A row sums to more than 1. Take the ε that is given away from the right class first.",
        )),
        Mistake(_targets(lambda e, k: (1.0, 0.0)), text(
            ko="원-핫 그대로입니다. `epsilon`을 아직 쓰지 않았습니다.",
            en="That is one-hot still: `epsilon` is not used yet.",
        )),
        Mistake(_targets(lambda e, k: (e + (1 - e) / k, (1 - e) / k)), text(
            ko="ε과 1 - ε의 자리가 바뀌었습니다. 대부분은 정답에 남아야 합니다.",
            en="ε and 1 - ε have changed places. Most must stay with the right class.",
        )),
        Mistake(_targets(lambda e, k: (1.0, e)), text(
            ko="클래스마다 ε을 통째로 주었습니다. K로 나누세요.",
            en="Every class gets all of ε. Divide it by K.",
        )),
        Mistake(_targets(lambda e, k: (1 - e, 0.0)), text(
            ko="정답에서 ε을 떼기만 했습니다. 뗀 것을 K개의 클래스에 나누어 주세요.",
            en="ε is taken from the right class, and given to none. Spread it over the K classes.",
        )),
    ],
    hints=[
        text(
            ko="`functional.one_hot(labels, classes).float()`에서 시작하세요. 정답만 1이고 나머지는 0인 (N, K)입니다.",
            en="Begin with `functional.one_hot(labels, classes).float()`, (N, K), 1 for the right class and 0 for the others.",
        ),
        text(
            ko="거기에 (1 - ε)을 곱하고 모든 칸에 ε / K를 더합니다. 행의 합은 (1 - ε) + K · ε / K = 1입니다.",
            en="Multiply it by (1 - ε), and add ε / K to every cell. A row sums to (1 - ε) + K · ε / K = 1.",
        ),
    ],
))


# Mixed images


def _mix_case(rng: Random) -> dict:
    """As many images as columns, rows and classes: a share along the wrong axis raises no error."""
    draws, size = chance(rng), rng.randint(4, 6)
    order = torch.randperm(size, generator=draws)
    while torch.equal(order, order.argsort()):  # its own inverse
        order = torch.randperm(size, generator=draws)
    return {
        "x": torch.rand(size, 2, size, size, generator=draws),
        "targets": torch.randn(size, size, generator=draws).softmax(dim=1),
        "order": order,
        "share": torch.rand(size, generator=draws),
    }


def _blend(values: Tensor, order: Tensor, share: Tensor) -> Tensor:
    share = share.view(-1, *(1 for _ in values.shape[1:]))
    return share * values + (1 - share) * values[order]


def _across(values: Tensor, order: Tensor, share: Tensor) -> Tensor:
    return share * values + (1 - share) * values[order]


def _other_share(values: Tensor, order: Tensor, share: Tensor) -> Tensor:
    return _blend(values, order, 1 - share)


def _mixed(images: Callable = _blend, of_targets: Callable = _blend) -> Callable:
    return lambda x, targets, order, share: (images(x, order, share), of_targets(targets, order, share))


register(Exercise(
    key="lab_cifar100_mixed",
    lab=LAB,
    case=_mix_case,
    reference=_mixed(),
    mistakes=[
        Mistake(_mixed(_across, _across), text(
            ko="`share * x`는 마지막 축, 곧 열마다 다른 비율로 섞습니다. 그림 수와 열의 수가 같으면 오류도 나지 않습니다. 비율의 모양을 (N, 1, 1, 1)과 (N, 1)로 "
            "바꾸세요.",
            en="`share * x` mixes every column by another share: it goes along the last axis. Where there are as many images as "
            "columns no error tells. Give the share the shapes (N, 1, 1, 1) and (N, 1).",
        )),
        Mistake(_mixed(of_targets=_across), text(
            ko="그림은 맞지만, 목표는 클래스마다 다른 비율로 섞였습니다. 비율의 모양을 (N, 1)로 바꾸세요.",
            en="The images are right, but the targets are mixed by another share for each class. Give the share the shape (N, 1).",
        )),
        Mistake(_mixed(of_targets=lambda targets, order, share: targets), text(
            ko="그림만 섞고 목표는 섞지 않았습니다. 두 도형이 겹친 그림의 정답은 한 클래스가 아닙니다.",
            en="The images are mixed, but not their targets. A picture of two shapes has no single right class.",
        )),
        Mistake(_mixed(_other_share, _other_share), text(
            ko="비율이 뒤바뀌었습니다. `share`는 짝이 아니라 자기 그림의 몫입니다.",
            en="The shares are the wrong way round: `share` is the part of the image itself, not of its partner.",
        )),
        Mistake(_mixed(of_targets=_other_share), text(
            ko="그림은 맞지만 목표의 비율이 뒤바뀌었습니다.",
            en="The images are right, but the shares of the targets are the wrong way round.",
        )),
        Mistake(lambda x, targets, order, share: _mixed()(x, targets, order.argsort(), share), text(
            ko="짝이 거꾸로입니다. 그림 i의 짝은 `x[order][i]`, 곧 그림 `order[i]`입니다.",
            en="The partners are the wrong way round. That of image i is `x[order][i]`, image `order[i]`.",
        )),
        Mistake(lambda x, targets, order, share: _mixed()(x, targets, order, share.mean().expand(len(x))), text(
            ko="모든 그림을 한 비율로 섞었습니다. 그림마다 자기 비율이 있습니다.",
            en="All images are mixed by one share. Each has its own.",
        )),
        Mistake(lambda x, targets, order, share: _blend(x, order, share), text(
            ko="그림만 돌려주었습니다. 목표도 함께, `(그림, 목표)`로 돌려주세요.",
            en="It returns the images alone. Return `(images, targets)`.",
        )),
    ],
    hints=[
        text(
            ko="`share[:, None, None, None]`은 모양이 (N, 1, 1, 1)입니다. (N, C, H, W)에 곱하면 그림마다 한 비율이 됩니다.",
            en="`share[:, None, None, None]` has the shape (N, 1, 1, 1): multiplied with (N, C, H, W) it is one share for each image.",
        ),
        text(
            ko="짝은 `x[order]`와 `targets[order]`입니다. 목표에는 `share[:, None]`을 쓰세요.",
            en="The partners are `x[order]` and `targets[order]`. For the targets use `share[:, None]`.",
        ),
    ],
))


# The contest


def _compete(answer: Any, rng: Random) -> Text | None:
    if isinstance(answer, nn.Module):
        return text(ko="신경망이 아니라 함수 `compete`를 건네세요.", en="Hand in the function `compete`, not a network.")
    if not callable(answer):
        return NOT_A_FUNCTION
    train_set, test_set = images("train"), images("test")
    meter = Meter(BUDGET[train_set.name])
    try:
        with meter:
            classify = answer(train_set[:])
    except OverBudget:
        pass
    if meter.spent > meter.limit:
        return text(
            ko=f"예산 {meter.limit / 1e9:,.0f}G가 훈련 도중에 떨어졌습니다. 에폭 수, 그림 수, 그림 하나의 곱셈-덧셈 수 가운데 하나를 줄이세요.",
            en=f"The budget of {meter.limit / 1e9:,.0f}G ran out during the training. Take fewer epochs, fewer images, or a network "
            "with fewer multiply-adds for an image.",
        )
    if classify is ...:
        return classify
    if wrong := _not_a_classifier(classify, meter):
        return wrong
    order = torch.randperm(len(test_set), generator=chance(rng))
    pixels, labels, coarse_labels = test_set.images[order], test_set.labels[order], test_set.coarse_labels[order]
    logits = [classify(some.clone()) for some in pixels.split(labelled.AT_ONCE)]
    odd = [some for some in logits if not isinstance(some, Tensor)]
    logits = odd[0] if odd else torch.cat(logits).detach().cpu()
    if wrong := _not_logits(logits, len(labels), len(test_set.classes)):
        return wrong
    predictions, coarse_of = logits.argmax(dim=1), _coarse_of(labels, coarse_labels)
    accuracy, spent = float((predictions == labels).float().mean()), f"{meter.spent / meter.limit:.0%}"
    coarse, top5 = float((_of_sum(logits, coarse_of) == coarse_labels).float().mean()), _top_k(logits, labels, 5)
    print(f"test: accuracy {accuracy:.3f}, coarse {coarse:.3f}, top-5 {top5:.3f}, budget spent {spent}")

    def name(some: Tensor) -> Tensor:
        return classify(some).argmax(dim=1)

    if len(set(predictions.tolist())) == 1:
        return text(
            ko=f"언제나 같은 대답입니다: {int(predictions[0])}", en=f"It always gives the same answer: {int(predictions[0])}"
        )
    if labelled.depends_on_company(name, predictions, pixels, coarse_labels):
        return text(
            ko="같은 그림을 다른 그림들과 함께 넣으면 대답이 달라집니다. 신경망이 훈련 모드입니까?",
            en="The same images get other answers in other company. Is the network in train mode?",
        )
    if accuracy < 3 / len(test_set.classes):
        return text(
            ko=f"테스트 정확도: {accuracy:.3f}. 찍는 것과 비슷합니다. 픽셀을 0에서 1까지의 수로 바꾸고 훈련할 때와 똑같이 정규화했습니까?",
            en=f"Test accuracy {accuracy:.3f}, about as good as guessing. Are the pixels made into numbers from 0 to 1 and normalised "
            "just as in training?",
        )
    if accuracy <= (goal := TO_BEAT[train_set.name]):
        return text(
            ko=f"테스트 정확도는 {accuracy:.3f}입니다. 넘을 수: {goal:.2f}. 쓴 예산: {spent}. 검증 세트에서 더 나은 것을 찾은 다음 다시 오세요.",
            en=f"Test accuracy {accuracy:.3f}; to beat: {goal:.2f}; budget spent: {spent}. Find something better on the validation "
            "set, then come back.",
        )
    return _known_by_heart(name, accuracy, rng) if test_set.name == "shapes" else None


def _not_a_classifier(classify: Any, meter: Meter) -> Text | None:
    if classify is None:
        return NOTHING
    if isinstance(classify, nn.Module):
        return text(
            ko="신경망을 돌려주었습니다. 8비트 그림을 받아 로짓을 내는 함수를 돌려주세요. 픽셀을 어떻게 정규화하는지는 그 함수만 압니다.",
            en="It returns a network. Return a function from 8-bit images to logits: it alone knows how pixels are normalised.",
        )
    if not callable(classify):
        return text(
            ko=f"그림을 받아 로짓을 내는 함수를 돌려주어야 합니다. 받은 것: {type(classify).__name__}",
            en=f"It must return a function from images to logits, and this is: {type(classify).__name__}",
        )
    if not meter.spent:
        return text(
            ko="부르는 동안 훈련된 것이 없습니다. 건네받은 그림으로, 이 함수 안에서 처음부터 훈련하세요.",
            en="Nothing was trained in the call. Train on the images that are handed in, inside this function and from the start.",
        )
    return None


def _not_logits(logits: Any, count: int, classes: int) -> Text | None:
    if not isinstance(logits, Tensor):
        return text(
            ko=f"함수가 텐서 (N, {classes})을 내야 합니다. 받은 것: {type(logits).__name__}",
            en=f"The function must give a tensor (N, {classes}), and this is: {type(logits).__name__}",
        )
    if tuple(logits.shape) == (count,):
        return text(
            ko="레이블 (N,)을 냅니다. top-5와 상위 클래스의 확률도 재야 하니 로짓을 내세요.",
            en="It gives labels, (N,). Top-5 and the superclasses' probabilities are measured as well: give logits.",
        )
    if tuple(logits.shape) != (count, classes):
        return text(
            ko=f"그림 {count:,}장에 대해 모양이 {tuple(logits.shape)}입니다. 기대한 것: {(count, classes)}",
            en=f"For {count:,} images the shape is {tuple(logits.shape)}, expected: {(count, classes)}",
        )
    if not bool(logits.isfinite().all()):
        return text(
            ko="로짓에 NaN이나 무한대가 있습니다. 학습률을 줄여 보세요.",
            en="Among the logits is a NaN or an infinity. Try a smaller learning rate.",
        )
    return None


def drawn_now(seed: int) -> data.ImageSet:
    """Shapes that nobody has seen."""
    return labelled.loaded("shapes", "test", classes=100, count=1000, seed=seed)


def _known_by_heart(name: Callable, accuracy: float, rng: Random) -> Text | None:
    """Whether it knows the test set only: shapes drawn just now tell."""
    new = drawn_now(rng.randint(1, 10**6))
    there = float((labelled.labels_of(name, new.images) == new.labels).float().mean())
    if there > accuracy - 0.1:  # about five standard errors of the difference
        return None
    return text(
        ko=f"테스트 세트에서는 {accuracy:.3f}인데, 방금 새로 그린 그림에서는 {there:.3f}입니다. 테스트 그림이 훈련에 들어갔습니까?",
        en=f"{accuracy:.3f} on the test set, but {there:.3f} on images drawn just now. Did test images get into the training?",
    )


register(Exercise(
    key="lab_cifar100_compete",
    lab=LAB,
    test=_compete,
    hints=[
        text(
            ko="예산은 에폭 수 × 그림 수 × 그림 하나의 곱셈-덧셈 수입니다. 연산이 절반인 신경망은 두 배로 오래 훈련할 수 있습니다.",
            en="The budget is epochs × images × multiply-adds of an image. A network with half of them can be trained twice as long.",
        ),
        text(
            ko="같은 신경망이라도 옵티마이저에 따라 배우는 속도가 크게 다릅니다. `optimizer=\"muon\"`과 `schedule=\"linear\"`를, 배치 크기를 바꿔 가며 해 보세요.",
            en="The same network learns at very different speeds with different optimizers. Try `optimizer=\"muon\"` with "
            "`schedule=\"linear\"`, and other batch sizes.",
        ),
        text(
            ko="`models.create(\"cifar_fast\", num_classes=100, widths=(12, 32, 64))`는 적은 에폭에 배우도록 만든 신경망입니다. 훈련 전에 `models.prepare`를 부르세요.",
            en="`models.create(\"cifar_fast\", num_classes=100, widths=(12, 32, 64))` is made to learn in few epochs. Call "
            "`models.prepare` before training.",
        ),
    ],
))
