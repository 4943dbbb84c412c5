"""Functions that readers write to make one step of training, and what is wrong with the step."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnbook.exercises import Mistake, Text, text
from cnnbook.exercises.shared import NOT_A_FUNCTION, is_number, near


def step(network, optimizer, loss_function, x, y, order: str = "fzbs") -> float:
    """f finds the loss, z erases gradients, b goes backward, c clips gradients, and s moves, in this order."""
    for letter in order:
        if letter == "f":
            loss = loss_function(network(x), y)
        elif letter == "z":
            optimizer.zero_grad()
        elif letter == "b":
            loss.backward(retain_graph="bb" in order)
        elif letter == "c":
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        else:
            optimizer.step()
    return loss.item()


def stepping(order: str) -> Callable:
    """The step in another order."""
    return lambda *arguments: step(*arguments, order=order)


def by_loss(own: Callable) -> Callable:
    """The step by another loss than the one that is handed in."""
    return lambda network, optimizer, loss_function, x, y: step(network, optimizer, own, x, y)


LATE = text(
    ko="한 배치 늦습니다. `optimizer.step()`이 `backward`보다 먼저 와서 지난 배치의 그레이디언트로 움직입니다.",
    en="It is a batch late: `optimizer.step()` comes before `backward` and moves by the gradient of the batch before.",
)
MISTAKES = [
    Mistake(stepping("szfb"), LATE),
    Mistake(stepping("fzbss"), text(ko="한 번 부를 때 두 걸음을 걷습니다.", en="It makes two steps in one call.")),
    Mistake(
        stepping("fzbbs"),
        text(ko="역전파를 두 번 했습니다. 그레이디언트가 두 배가 됩니다.", en="It goes backward twice, which doubles the gradient."),
    ),
]


class Training:
    """Three calls of a training step on a small network, and what they did."""

    def __init__(self, function: Callable, loss_function: Callable, seed: int) -> None:
        chance = torch.Generator().manual_seed(seed)
        self.network = nn.Sequential(nn.Flatten(), nn.Linear(9, 5), nn.Tanh(), nn.Linear(5, 4))
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=chance))
        self.events, self.returned = "", []  # z for zero_grad, b for backward, s for step
        optimizer = torch.optim.SGD(self.network.parameters(), lr=0.2, momentum=0.5)
        erase = optimizer.zero_grad
        optimizer.zero_grad = lambda *one, **two: (self._note("z"), erase(*one, **two))[1]
        optimizer.register_step_pre_hook(lambda *_: self._note("s"))
        next(self.network.parameters()).register_hook(lambda _: self._note("b"))
        self.start = self._weights()
        for _ in range(3):
            x, y = torch.randn(6, 1, 3, 3, generator=chance), torch.randint(4, (6,), generator=chance)
            self.returned.append(function(self.network, optimizer, loss_function, x, y))
        self.end = self._weights()

    def _note(self, event: str) -> None:
        self.events += event

    def _weights(self) -> Tensor:
        return torch.cat([parameter.detach().flatten().clone() for parameter in self.network.parameters()])


def wrong(answer: Any, rng: Random, loss_function: Callable, mistakes: list[Mistake]) -> Text | None:
    """What is wrong with a step, `answer(network, optimizer, loss_function, x, y)` → the loss; None if nothing is.

    `mistakes` are the lab's own, besides MISTAKES.
    """
    if not callable(answer):
        return NOT_A_FUNCTION
    seeds = [rng.randrange(2**31) for _ in range(3)]

    def trained(function: Callable) -> list[Training]:
        return [Training(function, loss_function, seed) for seed in seeds]

    right = trained(step)
    try:
        mine = trained(answer)
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            raise
        return LATE  # the weights moved between the loss and its backward
    if not _moved_alike(mine, right):
        known = (mistake.says for mistake in [*mistakes, *MISTAKES] if _moved_alike(mine, trained(mistake.wrong)))
        return next(known, None) or _moves_wrong(mine)
    return _losses_wrong(mine, right)


def _moved_alike(mine: list[Training], other: list[Training]) -> bool:
    return all(near(a.end, b.end) for a, b in zip(mine, other, strict=True))


def _moves_wrong(mine: list[Training]) -> Text:
    stood, events = all(torch.equal(each.start, each.end) for each in mine), mine[0].events
    if stood and "b" not in events:
        return text(
            ko="`loss.backward()`가 없습니다. 그레이디언트가 없으니 `optimizer.step()`이 옮길 것도 없습니다.",
            en="`loss.backward()` is missing. Without gradients `optimizer.step()` has nothing to move by.",
        )
    if stood and "s" not in events:
        return text(
            ko="`optimizer.step()`이 없습니다. 그레이디언트는 구했지만 가중치는 그대로입니다.",
            en="`optimizer.step()` is missing. The gradients are there, but no weight moves.",
        )
    if stood and events.index("s") < events.index("b"):
        return text(
            ko="`optimizer.step()`이 `backward`보다 먼저 옵니다. 그때는 쓸 그레이디언트가 없습니다. 지운 다음, 역전파하고, 옮기세요.",
            en="`optimizer.step()` comes before `backward`, when there is no gradient to move by. Erase, then go backward, then move.",
        )
    if stood:
        return text(
            ko="`zero_grad`가 `backward`와 `step` 사이에 있습니다. 방금 구한 그레이디언트를 쓰기도 전에 지웁니다.",
            en="`zero_grad` stands between `backward` and `step`: it erases the gradients just found before they are used.",
        )
    if "s" not in events:
        return text(
            ko="건네받은 `optimizer`가 아닌 것이 가중치를 옮겼습니다. 새로 만들지 말고 `optimizer.step()`을 부르세요.",
            en="Something else than the given `optimizer` moved the weights. Do not make another; call `optimizer.step()`.",
        )
    if any(not torch.isfinite(each.end).all() for each in mine):
        return text(ko="가중치가 NaN이 되었습니다.", en="The weights have become NaN.")
    return text(
        ko="세 걸음 뒤의 가중치가 다릅니다. 걸음마다 손실을 구하고, 지우고, 역전파하고, 옮기는 일을 한 번씩 하는지 확인하세요.",
        en="After three steps the weights are others. Does every step compute the loss, erase, go backward and move once each?",
    )


def _losses_wrong(mine: list[Training], right: list[Training]) -> Text | None:
    """What is wrong with what was returned, or with the network's mode, where the weights moved rightly."""
    returned = [value for each in mine for value in each.returned]
    for value in returned:
        if value is None:
            return text(
                ko="가중치는 옳게 움직이지만 손실을 돌려주지 않습니다. `return loss.item()`이 빠졌습니다.",
                en="The weights move rightly, but no loss is returned. `return loss.item()` is missing.",
            )
        if isinstance(value, Tensor) and value.requires_grad:
            return text(
                ko="손실을 텐서 그대로 돌려주었습니다. 이것을 모아 두면 배치마다 계산 그래프 전체가 메모리에 남습니다. `loss.item()`을 돌려주세요.",
                en="The loss is returned as the tensor that it is. Whoever keeps it keeps the whole graph of every batch in memory: "
                "return `loss.item()`.",
            )
        if not is_number(value):
            return text(
                ko=f"손실은 수 하나여야 합니다. 받은 것: {type(value).__name__}",
                en=f"The loss must be a single number, and this is: {type(value).__name__}",
            )
    losses = [float(value) for value in returned]
    if not np.allclose(losses, [value for each in right for value in each.returned], rtol=1e-4, atol=1e-5):
        return text(
            ko="가중치는 옳게 움직이지만 돌려준 수가 걸음을 옮기기 전의 손실이 아닙니다.",
            en="The weights move rightly, but the number returned is not the loss from before the step.",
        )
    if not all(each.network.training for each in mine):
        return text(
            ko="신경망을 평가 모드로 바꾸어 놓았습니다. 훈련하는 걸음입니다.",
            en="It puts the network into eval mode, but this is a step of training.",
        )
    return None
