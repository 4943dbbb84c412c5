"""Functions that readers write to measure accuracy: `answer(network, batches)` → a share in 0..1."""

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnbook.exercises import Text, text
from cnnbook.exercises.shared import NOT_A_FUNCTION, NOTHING, is_number

SIZES = (16, 16, 16, 5)  # of the batches


class Scene:
    """A network with dropout and batch normalisation, batches of unequal size, and a record of each forward pass."""

    def __init__(self, seed: int, training: bool) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            norm, drop = nn.BatchNorm1d(8), nn.Dropout(0.5)
            self.network = nn.Sequential(nn.Linear(6, 8), norm, nn.ReLU(), nn.Linear(8, 8), drop, nn.Linear(8, 3))
            with torch.no_grad():
                norm.running_mean.normal_()
                norm.running_var.uniform_(0.2, 3)
            self.batches = [(torch.randn(size, 6), torch.randint(3, (size,))) for size in SIZES]
        quiet = copy.deepcopy(self.network).eval()
        with torch.no_grad():
            self.hits = [(quiet(x).argmax(dim=1) == y).float() for x, y in self.batches]
        self.network.train(training)
        self.was, self.before = training, copy.deepcopy(self.network.state_dict())
        self.seen: list[tuple[bool, bool, bool]] = []  # batch norm and dropout in train mode, gradients
        self.network.register_forward_pre_hook(  # no method: a copy of the network would take a copy of the scene along
            lambda layers, _: self.seen.append((layers[1].training, layers[4].training, torch.is_grad_enabled()))
        )

    def given(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(self.batches)

    def right(self) -> float:
        return float(torch.cat(self.hits).mean())

    def each(self) -> list[float]:
        """The accuracy of each batch."""
        return [float(hits.mean()) for hits in self.hits]

    def number(self) -> float:
        """How many answers are right."""
        return float(torch.cat(self.hits).sum())


OTHERS: list[tuple[Callable[[Scene], float], Text]] = [
    (
        lambda scene: float(np.mean(scene.each())),
        text(
            ko="배치마다의 정확도를 평균했습니다. 마지막 배치는 짧은데 똑같은 무게를 받습니다. 맞힌 수와 전체 수를 따로 더해서 마지막에 나누세요.",
            en="That is the mean of the batches' accuracies. The last batch is shorter and weighs as much: add up the right ones and "
            "all of them, and divide at the end.",
        ),
    ),
    (
        lambda scene: scene.number() / (len(SIZES) * SIZES[0]),
        text(
            ko="배치의 수에 첫 배치의 크기를 곱한 것으로 나누었습니다. 마지막 배치는 더 짧습니다. 그림의 수를 직접 세세요.",
            en="You divided by the number of batches times the size of the first. The last one is shorter: count the images themselves.",
        ),
    ),
    (
        lambda scene: scene.number() / len(SIZES),
        text(
            ko="맞힌 수를 배치의 수로 나누었습니다. 그림의 수로 나누세요.",
            en="The number of right answers is divided by the number of batches. Divide by the number of images.",
        ),
    ),
    (
        lambda scene: scene.each()[-1],
        text(
            ko="마지막 배치의 정확도뿐입니다. 배치마다 더해 나가세요.",
            en="That is the accuracy of the last batch alone. Add up from batch to batch.",
        ),
    ),
    (
        lambda scene: scene.each()[0],
        text(
            ko="첫 배치의 정확도뿐입니다. `return`이 반복문 안에 있습니까?",
            en="That is the accuracy of the first batch alone. Is the `return` inside the loop?",
        ),
    ),
    (
        lambda scene: 100 * scene.right(),
        text(ko="퍼센트로 돌려주었습니다. 0에서 1까지의 비율이 필요합니다.", en="That is in percent. A share from 0 to 1 is needed."),
    ),
    (
        lambda scene: scene.number(),
        text(ko="맞힌 수입니다. 전체 수로 나누세요.", en="That is how many are right. Divide by how many there are."),
    ),
    (
        lambda scene: 1 - scene.right(),
        text(ko="오류율입니다. 정확도가 필요합니다.", en="That is the error rate. The accuracy is needed."),
    ),
]


def wrong(answer: Any, rng: Random, in_training: Callable[[Callable, list[Scene]], Text]) -> Text | None:
    """What is wrong with the measurement, its value, or what it leaves behind; None if nothing is.

    `in_training(answer, scenes)` says it where a layer was in train mode; the first scene's network came in that mode.
    """
    if not callable(answer):
        return NOT_A_FUNCTION
    scenes = [Scene(rng.randrange(2**31), training) for training in (True, False, True, True)]
    gradients_were = torch.is_grad_enabled()
    try:
        with torch.random.fork_rng(devices=[]):
            returned = [answer(scene.network, scene.given()) for scene in scenes]
        gradients_are = torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(gradients_were)
    for value in returned:
        if value is None:
            return NOTHING
        if not is_number(value):
            return text(
                ko=f"정확도는 수 하나여야 합니다. 받은 것: {type(value).__name__}",
                en=f"The accuracy must be a single number, and this is: {type(value).__name__}",
            )
    seen = [each for scene in scenes for each in scene.seen]
    if not seen:
        return text(
            ko="신경망에 한 번도 묻지 않았습니다. 배치마다 `network(x)`를 부르세요.",
            en="The network was never asked. Call `network(x)` for every batch.",
        )
    if any(norm or drop for norm, drop, _ in seen):
        return in_training(answer, scenes)
    return _share_wrong(scenes, [float(value) for value in returned]) or _left_wrong(scenes, gradients_are)


def _share_wrong(scenes: list[Scene], found: list[float]) -> Text | None:
    if np.allclose(found, [scene.right() for scene in scenes], atol=1e-6):
        return None
    for score, says in OTHERS:
        if np.allclose(found, [score(scene) for scene in scenes], atol=1e-6):
            return says
    return text(
        ko=f"정확도: {found[0]:.4f}, 기대한 것: {scenes[0].right():.4f}. 대답은 로짓이 가장 큰 클래스, `argmax(dim=1)`입니다.",
        en=f"The accuracy is {found[0]:.4f}, expected: {scenes[0].right():.4f}. The answer is the class with the largest logit, "
        "`argmax(dim=1)`.",
    )


def _left_wrong(scenes: list[Scene], gradients: bool) -> Text | None:
    """What is wrong with the network, or with torch, after the measurement."""
    if not any(scene.network.training for scene in scenes):
        return text(
            ko="값은 맞지만 신경망이 평가 모드로 남았습니다. 이대로 다음 에폭을 훈련하면 드롭아웃이 꺼져 있습니다. 들어올 때의 모드로 돌려놓으세요.",
            en="The value is right, but the network is left in eval mode: the next epoch would train without dropout. Put it back "
            "into the mode in which it came.",
        )
    if any({layer.training for layer in scene.network.modules()} != {scene.was} for scene in scenes):
        return text(
            ko="값은 맞지만 평가 모드로 들어온 신경망이 훈련 모드로 나갑니다. `network.training`을 기억해 두었다가 되돌리세요.",
            en="The value is right, but a network that came in eval mode leaves in train mode. Remember `network.training`, "
            "and put that back.",
        )
    if any(not torch.equal(value, scene.before[name]) for scene in scenes for name, value in scene.network.state_dict().items()):
        return text(ko="재는 동안 신경망이 바뀌었습니다.", en="The network has changed while it was measured.")
    if not gradients:
        return text(
            ko="값은 맞지만 그레이디언트를 꺼 둔 채 끝납니다. 다음 훈련이 실패합니다. `with torch.no_grad():`를 쓰면 저절로 되돌아옵니다.",
            en="The value is right, but gradients are left switched off, and the next training fails. `with torch.no_grad():` switches "
            "them back by itself.",
        )
    if any(with_gradients for scene in scenes for _, _, with_gradients in scene.seen):
        return text(
            ko="값은 맞지만 그레이디언트를 준비하며 쟀습니다. `torch.no_grad()` 안에서 재면 메모리와 시간을 아낍니다.",
            en="The value is right, but it was measured with gradients prepared. Inside `torch.no_grad()` it saves memory and time.",
        )
    return None
