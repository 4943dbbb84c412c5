"""The exercises of lab 01, MNIST: the pieces of a program that reads digits, one by one, and at last the program."""

from collections.abc import Callable
from itertools import islice
from math import ceil, isfinite, sqrt
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from cnnbook import data
from cnnbook.exercises import Exercise, Mistake, Text, built, evaluated, labelled, register, stepped, text
from cnnbook.exercises.shared import NOT_A_FUNCTION, NOTHING, chance, near
from cnnbook.notebook import budget

LAB = "01_mnist"
TO_REACH = {"digits": 0.975, "mnist": 0.991}  # the second is what the Korean lecture gives


# The size formula


def _output_size(width: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    return (width + 2 * padding - kernel) // stride + 1


def _output_case(rng: Random) -> dict:
    kernel = rng.randint(1, 7)
    return {
        "width": kernel + rng.randint(0, 30),
        "kernel": kernel,
        "stride": rng.randint(1, 4),
        "padding": rng.randint(0, 3),
    }


register(Exercise(
    key="lab_mnist_output_size",
    lab=LAB,
    case=_output_case,
    reference=_output_size,
    mistakes=[
        Mistake(
            lambda width, kernel, stride=1, padding=0: (width + 2 * padding - kernel) // stride,
            text(
                ko="하나 모자랍니다. 필터가 놓이는 자리는 걸음 수보다 하나 많습니다. 출발한 자리도 세세요.",
                en="One is missing: there is one place more than there are steps. Count the place where the filter starts.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: (width + padding - kernel) // stride + 1,
            text(
                ko="패딩을 한쪽만 셌습니다. 양쪽 끝에 `padding`칸씩 덧댑니다.",
                en="The padding is counted at one end. `padding` cells are added at both.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: (width + 2 * padding - kernel) / stride + 1,
            text(
                ko="나눈 다음 내림하지 않았습니다. 필터가 다 들어가지 않는 마지막 자리는 세지 않습니다. `//`를 쓰세요.",
                en="The quotient is not rounded down. A last place where the filter does not fit does not count: use `//`.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: ceil((width + 2 * padding - kernel) / stride) + 1,
            text(
                ko="올림했습니다. 필터가 다 들어가지 않는 마지막 자리는 세지 않으므로 내림합니다.",
                en="You rounded up. A last place where the filter does not fit does not count, so round down.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: (width + 2 * padding - kernel + 1) // stride,
            text(
                ko="1을 먼저 더하고 나누었습니다. 걸음 수를 먼저 구하고(`// stride`) 출발한 자리 1을 더하세요.",
                en="You added 1 and then divided. Find the number of steps first (`// stride`), then add 1 for the start.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: width + 2 * padding - kernel + 1,
            text(
                ko="스트라이드를 쓰지 않았습니다. 필터는 한 번에 `stride`칸을 옮겨 갑니다.",
                en="The stride is not used. The filter moves by `stride` cells at a time.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: (width - kernel) // stride + 1,
            text(
                ko="패딩을 쓰지 않았습니다. 줄의 길이는 `width + 2 * padding`칸입니다.",
                en="The padding is not used. The line is `width + 2 * padding` cells long.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: width - kernel + 2 * padding // stride + 1,
            text(
                ko="괄호가 빠졌습니다. `//`는 덧셈과 뺄셈보다 먼저 계산됩니다. 움직일 수 있는 칸 수 전체를 나누세요.",
                en="Brackets are missing: `//` comes before `+` and `-`. Divide the whole of the cells it can move.",
            ),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: (width - kernel) / stride + 1,
            text(ko="패딩도 내림도 아직 없습니다.", en="Neither the padding nor rounding down is there yet."),
        ),
        Mistake(
            lambda width, kernel, stride=1, padding=0: len(range(0, width + 2 * padding, stride)),
            text(
                ko="필터가 끝 밖으로 나가는 자리까지 셌습니다.",
                en="You count starts at which the filter sticks out at the end.",
            ),
        ),
    ],
    hints=[
        text(
            ko="덧댄 줄의 길이는 `width + 2 * padding`입니다. 필터의 왼쪽 끝은 거기서 `kernel`을 뺀 칸까지 갈 수 있습니다.",
            en="With padding the line is `width + 2 * padding` cells long. The filter's left end can move by that less `kernel`.",
        ),
        text(
            ko="`(움직일 수 있는 칸 수) // stride`가 걸음 수이고, 자리는 그보다 하나 많습니다.",
            en="`(cells it can move) // stride` is the number of steps, and there is one place more.",
        ),
    ],
))


# The convolutional layer


class _Calls(TorchFunctionMode):
    """How many calls of torch's functions there are, and whether one of them is a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.convolves = 0, False

    def __torch_function__(self, function: Any, types: Any, arguments: tuple = (), named: dict | None = None) -> Any:
        self.count += 1
        self.convolves |= "conv" in getattr(function, "__name__", "")
        return function(*arguments, **(named or {}))


LAYERS = [(2, 3, 3, 1, 0), (3, 4, 3, 1, 1), (2, 3, 2, 2, 0), (3, 2, 3, 2, 2), (1, 4, 5, 3, 1)]  # as the layer is called


def _padded(mode: str) -> Callable:
    def convolve(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
        if padding:
            how = {"value": 1.0} if mode == "constant" else {}
            x = functional.pad(x, (padding,) * 4, mode, **how)
        return functional.conv2d(x, weight, bias, stride)

    return convolve


def _one_sided(end: int) -> Callable:
    def convolve(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
        sides = (0, padding) if end else (padding, 0)
        return functional.conv2d(functional.pad(x, sides * 2), weight, bias, stride)

    return convolve


def _sideways(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    right = functional.conv2d(x, weight, bias, stride, padding)
    return right.reshape(*right.shape[:2], right.shape[3], right.shape[2])


def _places_first(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    right = functional.conv2d(x, weight, bias, stride, padding)
    return right.flatten(2).transpose(1, 2).reshape(right.shape)


CONVOLUTIONS: list[tuple[Callable, Text]] = [
    (
        lambda x, weight, bias, stride, padding: functional.conv2d(x, weight.flip(2, 3), bias, stride, padding),
        text(
            ko="필터를 뒤집었습니다. 그것이 수학 책의 합성곱이고, 신경망의 합성곱층은 뒤집지 않습니다(교차 상관).",
            en="The filters are flipped. That is the convolution of mathematics books; a convolutional layer does not flip "
            "(cross-correlation).",
        ),
    ),
    (
        lambda x, weight, bias, stride, padding: functional.conv2d(x, weight.transpose(2, 3), bias, stride, padding),
        text(
            ko="필터의 행과 열이 뒤바뀌었습니다. `unfold`는 채널, 행, 열의 차례로 창을 펴므로 `weight.flatten(1)`과 맞습니다.",
            en="Rows and columns of the filters are swapped. `unfold` lays a window out by channel, row, column, which is the "
            "order of `weight.flatten(1)`.",
        ),
    ),
    (
        lambda x, weight, bias, stride, padding: functional.conv2d(x, weight, None, stride, padding),
        text(ko="편향을 더하지 않았습니다. 필터마다 하나씩 있습니다.", en="The bias is not added. There is one for each filter."),
    ),
    (
        lambda x, weight, bias, stride, padding: functional.conv2d(x, weight, bias, stride),
        text(
            ko="`padding`을 쓰지 않았습니다. 네 변에 0을 `padding`칸씩 덧대야 합니다.",
            en="`padding` is not used. Zeros are added on all four sides, `padding` cells of them.",
        ),
    ),
    (
        lambda x, weight, bias, stride, padding: functional.conv2d(x, weight, bias, 1, padding),
        text(
            ko="`stride`를 쓰지 않았습니다. 필터는 아래로도 오른쪽으로도 `stride`칸씩 옮겨 갑니다.",
            en="`stride` is not used. The filter moves by `stride` cells, both down and to the right.",
        ),
    ),
    (
        lambda x, weight, bias, stride, padding: functional.conv2d(x, weight, bias),
        text(
            ko="`stride`도 `padding`도 쓰지 않았습니다.",
            en="Neither `stride` nor `padding` is used.",
        ),
    ),
    *(
        (
            _one_sided(end),
            text(
                ko="한쪽에만 덧댔습니다. 위, 아래, 왼쪽, 오른쪽에 모두 `padding`칸씩 덧대야 합니다.",
                en="The padding is on one side only. Top, bottom, left and right each get `padding` cells.",
            ),
        )
        for end in (0, 1)
    ),
    *(
        (
            _padded(mode),
            text(
                ko="덧댄 칸이 0이 아닙니다. 제로 패딩이어야 합니다.",
                en="The cells that you add are not 0. It should be zero padding.",
            ),
        )
        for mode in ("reflect", "replicate", "constant")
    ),
    (
        lambda x, weight, bias, stride, padding: functional.conv2d(x[:, :1], weight[:, :1], bias, stride, padding),
        text(
            ko="첫 채널만 보았습니다. 필터는 모든 입력 채널을 보고 그 결과를 더합니다.",
            en="Only the first channel is seen. A filter sees all input channels and adds up.",
        ),
    ),
    (
        _sideways,
        text(
            ko="출력의 높이와 너비를 뒤바꾸어 `reshape`했습니다. 행의 수가 먼저입니다: (N, C, H', W')",
            en="The output is reshaped with height and width swapped. Rows come first: (N, C, H', W')",
        ),
    ),
    (
        _places_first,
        text(
            ko="자리와 필터의 축이 뒤섞였습니다. `reshape`하기 전에 필터의 축이 자리의 축보다 앞에 있어야 합니다.",
            en="Places and filters are mixed up. Before you reshape, the axis of the filters must stand before that of the places.",
        ),
    ),
]


def _convolution(answer: Any, rng: Random) -> Text | None:
    if isinstance(answer, nn.Module):
        return text(ko="층이 아니라 클래스를 괄호 없이 건네세요.", en="Hand in the class itself, not a layer: no brackets.")
    if not (isinstance(answer, type) and issubclass(answer, nn.Module)):
        return text(ko="`nn.Module`을 물려받은 클래스가 필요합니다.", en="A class is needed that inherits from `nn.Module`.")
    with torch.random.fork_rng(devices=[]):
        if wrong := _weights_wrong(answer):
            return wrong
        trials = [_Layer(answer, options, rng) for options in LAYERS]
    for trial in trials:
        if trial.mine is None:
            return text(ko="`forward`가 `None`을 돌려줍니다. `return`이 빠졌습니다.", en="`forward` returns `None`. A `return` is missing.")
        if not isinstance(trial.mine, Tensor):
            return text(
                ko=f"`forward`는 텐서를 돌려주어야 합니다. 받은 것: {type(trial.mine).__name__}",
                en=f"`forward` must return a tensor, and this is: {type(trial.mine).__name__}",
            )
    if any(trial.calls.convolves for trial in trials):
        return text(
            ko="PyTorch의 합성곱을 불렀습니다. 이번에는 `functional.unfold`와 행렬 곱으로 직접 만드세요.",
            en="That calls PyTorch's own convolution. This time build it yourself, from `functional.unfold` and a matrix product.",
        )
    for convolve, says in CONVOLUTIONS:
        if all(near(trial.mine.detach(), trial.by(convolve)) for trial in trials):
            return says
    for trial in trials:
        if wrong := trial.wrong():
            return wrong
    return None


def _weights_wrong(answer: type[nn.Module]) -> Text | None:
    """What is wrong with a new layer's parameters, 16 channels in, 32 filters of 5 × 5."""
    layer = answer(16, 32, 5)
    for name, shape, meaning in (("weight", (32, 16, 5, 5), "(F, C, K, K)"), ("bias", (32,), "(F,)")):
        value = getattr(layer, name, None)
        if not isinstance(value, Tensor):
            return text(
                ko=f"층에 `{name}`라는 이름의 텐서가 없습니다. 모양: {meaning}",
                en=f"The layer has no tensor named `{name}`. Its shape: {meaning}",
            )
        if tuple(value.shape) != shape:
            return text(
                ko=f"`{name}`의 모양: {tuple(value.shape)}, 기대한 것: {shape}. 입력 채널이 16, 필터가 32개, 한 변이 5칸일 때 {meaning}입니다.",
                en=f"The shape of `{name}` is {tuple(value.shape)}, expected: {shape}. That is {meaning} for 16 input channels and "
                "32 filters of 5 cells a side.",
            )
        if name not in dict(layer.named_parameters()):
            return text(
                ko=f"`{name}`는 텐서이지만 파라미터가 아닙니다. 이대로는 옵티마이저가 찾지 못해 배우지 않습니다. `nn.Parameter`로 감싸세요.",
                en=f"`{name}` is a tensor, but no parameter: the optimizer will not find it, and it will not learn. Wrap it in "
                "`nn.Parameter`.",
            )
    values, fan_in = layer.weight.detach().double(), 16 * 5 * 5
    deviation = float(values.std())
    if not isfinite(deviation) or deviation < 1e-6:
        return text(
            ko="처음 가중치가 모두 같거나 정해지지 않았습니다. 똑같은 필터는 그레이디언트도 똑같아서 끝까지 똑같습니다. 무작위로 정하세요.",
            en="The first weights are all the same, or undefined. Filters that are alike get gradients that are alike, and stay "
            "alike for ever. Draw them at random.",
        )
    size = deviation * sqrt(fan_in)
    if not 0.1 < size < 3:
        return text(
            ko=f"처음 가중치의 표준 편차: {deviation:.4f}. 필터 하나가 {fan_in}개의 수를 더하므로 출력이 입력의 {size:.1f}배쯤 됩니다. 더하는 수의 "
            f"개수의 제곱근 분의 1쯤이 좋습니다: {1 / sqrt(fan_in):.2f}",
            en=f"The first weights have a standard deviation of {deviation:.4f}. A filter adds up {fan_in} numbers, so its output "
            f"is about {size:.1f} times its input. Take about 1 over the square root of that number: {1 / sqrt(fan_in):.2f}.",
        )
    return None


class _Layer:
    """A layer of the reader's on random images that are wider than high, and the same with torch."""

    def __init__(self, answer: type[nn.Module], options: tuple, rng: Random) -> None:
        inputs, outputs, self.kernel, self.stride, self.padding = options
        draws, height = chance(rng), rng.randint(9, 13)
        self.x = torch.randn(3, inputs, height, height + rng.randint(1, 4), generator=draws)
        if (inputs, outputs) == (3, 4):  # enough places to tell a loop over them
            self.x = torch.randn(2, inputs, 21, 22, generator=draws)
        self.layer = answer(inputs, outputs, self.kernel, stride=self.stride, padding=self.padding)
        with torch.no_grad():
            for parameter in (self.layer.weight, self.layer.bias):
                parameter.copy_(torch.randn(parameter.shape, generator=draws))
        with _Calls() as self.calls:
            self.mine = self.layer(self.x.clone())

    def by(self, convolve: Callable) -> Tensor:
        weight, bias = self.layer.weight.detach(), self.layer.bias.detach()
        return convolve(self.x, weight, bias, self.stride, self.padding)

    def wrong(self) -> Text | None:
        about = f"x {tuple(self.x.shape)}, kernel_size={self.kernel}, stride={self.stride}, padding={self.padding}"
        right = self.by(functional.conv2d)
        if self.mine.shape != right.shape:
            return text(
                ko=f"출력의 모양: {tuple(self.mine.shape)}, 기대한 것: {tuple(right.shape)} ({about})",
                en=f"The output has the shape {tuple(self.mine.shape)}, expected: {tuple(right.shape)} ({about})",
            )
        if not near(self.mine.detach(), right):
            by = float((self.mine.detach() - right).abs().max())
            return text(
                ko=f"모양은 맞지만 값이 다릅니다. 가장 큰 차이: {by:.3g} ({about})",
                en=f"The shape is right, the values are not. Largest difference: {by:.3g} ({about})",
            )
        return self._gradients_wrong(right) or self._slow(right)

    def _gradients_wrong(self, right: Tensor) -> Text | None:
        x = self.x.clone().requires_grad_()
        weight, bias = (each.detach().clone().requires_grad_() for each in (self.layer.weight, self.layer.bias))
        push = torch.randn(right.shape, generator=torch.Generator().manual_seed(0))
        asked = torch.autograd.grad(functional.conv2d(x, weight, bias, self.stride, self.padding), (x, weight, bias), push)
        again = self.layer(x)
        found = (None,) * 3
        if again.requires_grad:
            found = torch.autograd.grad(again, (x, self.layer.weight, self.layer.bias), push, allow_unused=True)
        lost = [
            name
            for name, mine, other in zip(("x", "weight", "bias"), found, asked, strict=True)
            if mine is None or not near(mine, other)
        ]
        if not lost:
            return None
        return text(
            ko=f"값은 맞지만 역전파가 닿지 않는 것이 있습니다: {', '.join(lost)}. `.data`, `.detach()`, `.numpy()`나 새로 만든 텐서를 거치면 길이 끊깁니다.",
            en=f"The values are right, but backpropagation does not reach: {', '.join(lost)}. `.data`, `.detach()`, `.numpy()` or a "
            "newly made tensor on the way cuts the path.",
        )

    def _slow(self, right: Tensor) -> Text | None:
        places = right.shape[2] * right.shape[3]
        if self.calls.count < max(places, 200):  # a loop over the cells of the kernel is fast enough
            return None
        return text(
            ko=f"맞지만 느립니다. 출력 {places}칸에 PyTorch를 {self.calls.count}번 불렀습니다. 이것으로 훈련하면 너무 오래 걸리니, 자리를 하나씩 도는 대신 "
            "`functional.unfold`로 모든 창을 한꺼번에 펴세요.",
            en=f"Right, but slow: PyTorch was called {self.calls.count} times for {places} output cells. Training with it would take "
            "too long. Do not walk from place to place; lay all windows out at once with `functional.unfold`.",
        )


register(Exercise(
    key="lab_mnist_convolution",
    lab=LAB,
    test=_convolution,
    hints=[
        text(
            ko="`__init__`에는 `kernel_size`, `stride`, `padding`을 기억해 두고, `nn.Parameter` 둘을 만드세요. `torch.randn(F, C, K, K) / (C * K * K) ** 0.5` 같은 것이 좋습니다.",
            en="In `__init__`, keep `kernel_size`, `stride` and `padding`, and make two `nn.Parameter`. Something like "
            "`torch.randn(F, C, K, K) / (C * K * K) ** 0.5` will do.",
        ),
        text(
            ko="`functional.unfold(x, kernel_size, padding=padding, stride=stride)`의 모양은 (N, C·K·K, 자리 수)입니다. 앞에 `weight.flatten(1)`, 곧 (F, C·K·K)를 `@`로 곱하세요.",
            en="`functional.unfold(x, kernel_size, padding=padding, stride=stride)` has the shape (N, C·K·K, places). Multiply by "
            "`weight.flatten(1)`, which is (F, C·K·K), from the left with `@`.",
        ),
        text(
            ko="편향은 `bias[:, None]`으로 더하면 자리마다 더해집니다. 마지막에 `.reshape(N, F, H', W')`를 하고, H'와 W'는 `size(높이, …)`와 `size(너비, …)`로 구하세요.",
            en="`bias[:, None]` adds the bias at every place. End with `.reshape(N, F, H', W')`, where `size(height, …)` and "
            "`size(width, …)` give H' and W'.",
        ),
    ],
))


# Max pooling


def _pool(x: Tensor, size: int) -> Tensor:
    return functional.max_pool2d(x, size)


def _pool_case(rng: Random) -> dict:
    size = rng.choice([2, 3])
    height, width = (size * rng.randint(1, 3) + rng.randint(0, size - 1) for _ in range(2))
    shape = rng.randint(1, 2), rng.randint(1, 3), height, width
    return {"x": torch.randn(shape, generator=chance(rng)), "size": size}


def _cut(x: Tensor, size: int) -> Tensor:
    return x[:, :, : x.shape[2] // size * size, : x.shape[3] // size * size]


def _in_one_go(x: Tensor, size: int) -> Tensor:
    """Size² neighbours in memory, which are no window."""
    x = _cut(x, size)
    return x.reshape(*x.shape[:2], x.shape[2] // size, x.shape[3] // size, size * size).amax(dim=4)


def _uncut(x: Tensor, size: int) -> Tensor:
    count, channels, height, width = x.shape
    return x.reshape(count, channels, height // size, size, width // size, size).amax(dim=(3, 5))


register(Exercise(
    key="lab_mnist_max_pool",
    lab=LAB,
    case=_pool_case,
    reference=_pool,
    mistakes=[
        Mistake(
            lambda x, size: functional.avg_pool2d(x, size),
            text(ko="평균을 냈습니다. 창에서 가장 큰 값을 고르세요.", en="That is the mean. Pick the largest value of the window."),
        ),
        Mistake(
            lambda x, size: functional.max_pool2d(x, size, 1),
            text(
                ko="창이 한 칸씩 옮겨 갑니다. 창은 서로 겹치지 않게 `size`칸씩 옮겨 갑니다.",
                en="The window moves by one cell. Windows do not overlap: they move by `size` cells.",
            ),
        ),
        Mistake(
            lambda x, size: functional.max_pool2d(x, size, ceil_mode=True),
            text(
                ko="끝에서 다 차지 않은 창도 셌습니다. 남는 행과 열은 버립니다.",
                en="Windows that are not full at the end are counted. Rows and columns that are left over are dropped.",
            ),
        ),
        Mistake(
            lambda x, size: x[:, :, ::size, ::size],
            text(
                ko="창마다 왼쪽 위의 칸을 골랐습니다. 창 안의 가장 큰 값이어야 합니다.",
                en="That is the upper left cell of every window. It should be the largest.",
            ),
        ),
        Mistake(
            lambda x, size: functional.max_pool2d(x, (1, size)),
            text(ko="가로로만 줄었습니다. 세로로도 `size`칸씩 모으세요.", en="It shrinks across only. Gather `size` cells downwards as well."),
        ),
        Mistake(
            lambda x, size: functional.max_pool2d(x, (size, 1)),
            text(ko="세로로만 줄었습니다. 가로로도 `size`칸씩 모으세요.", en="It shrinks downwards only. Gather `size` cells across as well."),
        ),
        Mistake(
            _in_one_go,
            text(
                ko="`reshape`가 메모리에서 이웃한 수를 한 창으로 묶었습니다. 창 안의 행과 열이 따로 축을 가져야 합니다.",
                en="`reshape` took neighbours in memory for a window. The rows and the columns in a window need an axis each.",
            ),
        ),
        Mistake(
            _uncut,
            text(
                ko="`size`로 나누어떨어지지 않으면 `reshape`할 수 없습니다. 남는 행과 열을 먼저 잘라 내세요.",
                en="Where `size` does not divide the height or the width, `reshape` cannot. Cut off the rows and columns left over first.",
            ),
        ),
    ],
    hints=[
        text(
            ko="남는 행과 열을 잘라 낸 다음 (N, C, H', size, W', size)로 `reshape`하면 창 하나가 두 축에 놓입니다.",
            en="Cut off what is left over and reshape to (N, C, H', size, W', size): a window then lies along two of the axes.",
        ),
        text(
            ko="그 두 축을 따라 `.amax(dim=(3, 5))`를 하세요. 축의 번호는 0부터 셉니다.",
            en="Along these two take `.amax(dim=(3, 5))`; axes are counted from 0.",
        ),
    ],
))


# LeNet-5 from the reader's layers

WEIGHTS = {"C1": (6, 1, 5, 5), "C3": (16, 6, 5, 5), "C5": (120, 16, 5, 5), "F6": (84, 120), "output": (10, 84)}
UNROLLED = (120, 400)  # C5 as a fully connected layer


def _lenet(
    x: Tensor,
    layers: list[tuple[Tensor, Tensor]],
    relus: str = "1111",
    active: Callable = functional.relu,
    pool: Callable = functional.max_pool2d,
    end: Callable = lambda logits: logits,
) -> Tensor:
    """LeNet-5 on the weights of another; the options are what readers do instead."""
    after = built.activations(relus, active)
    for (weight, bias), act in zip(layers[:2], after[:2], strict=True):
        x = pool(act(functional.conv2d(x, weight, bias)), 2)
    x = after[2](functional.linear(x.flatten(1), layers[2][0].flatten(1), layers[2][1]))
    x = after[3](functional.linear(x, *layers[3]))
    return end(functional.linear(x, *layers[4]))


NETWORKS: built.Instead = [
    *built.without_relu("C1", "C3", "C5", "F6"),
    ({"relus": "1100"}, text(ko="C5와 F6 뒤에 ReLU가 없습니다.", en="There is no ReLU after C5 and F6.")),
    (
        {"active": torch.tanh},
        text(ko="1998년처럼 tanh를 썼습니다. 여기서는 ReLU입니다.", en="That is the tanh of 1998. Here it is ReLU."),
    ),
    (
        {"active": torch.sigmoid},
        text(ko="시그모이드를 썼습니다. 여기서는 ReLU입니다.", en="That is the sigmoid. Here it is ReLU."),
    ),
    ({"pool": functional.avg_pool2d}, built.AVERAGE),
    *built.ENDINGS,
]


def _network(answer: Any, rng: Random) -> Text | None:
    if isinstance(answer, nn.Module):
        return text(ko="신경망이 아니라 클래스를 괄호 없이 건네세요.", en="Hand in the class itself, not a network: no brackets.")
    if not callable(answer):
        return text(ko="클래스 `LeNet5`가 필요합니다.", en="The class `LeNet5` is needed.")
    with torch.random.fork_rng(devices=[]):
        network = answer()
    if not isinstance(network, nn.Module):
        return text(ko="`LeNet5`는 `nn.Module`이어야 합니다.", en="`LeNet5` must be an `nn.Module`.")
    if not sum(parameter.numel() for parameter in network.parameters()):
        return text(
            ko="파라미터가 하나도 없습니다. 층은 `self.C1 = …`처럼 신경망의 속성이어야 합니다. 파이썬의 목록에 든 층은 찾지 못합니다.",
            en="It has no parameters. Layers must be attributes of the network, `self.C1 = …`; in a Python list they are not found.",
        )
    if wrong := built.weights_wrong(network, _layers(network), WEIGHTS):
        return wrong
    x = torch.randn(3, 1, 32, 32, generator=chance(rng))
    try:
        with torch.no_grad():
            logits, one = network(x), network(x[:1])
    except RuntimeError as error:
        if "multiplied" not in str(error) and "size mismatch" not in str(error):
            raise
        return text(
            ko=f"완전 연결층에 들어오는 수의 개수가 맞지 않습니다({error}). 한 변이 32칸에서 28, 14, 10, 5, 1칸으로 줄어야 하고, 그다음에 `flatten(1)`이 와야 합니다.",
            en=f"What arrives at a fully connected layer is not what it reads ({error}). The sides must shrink from 32 to 28, 14, "
            "10, 5 and 1 cells, and then comes `flatten(1)`.",
        )
    if not isinstance(logits, Tensor):
        return NOTHING if logits is None else text(ko="텐서를 돌려주어야 합니다.", en="It must return a tensor.")
    if tuple(logits.shape) != (3, 10):
        return text(
            ko=f"그림 3장에 대한 출력의 모양: {tuple(logits.shape)}, 기대한 것: (3, 10)",
            en=f"For 3 images the output has the shape {tuple(logits.shape)}, expected: (3, 10)",
        )
    if tuple(one.shape) != (1, 10):
        return text(
            ko=f"그림 1장에 대한 출력의 모양: {tuple(one.shape)}, 기대한 것: (1, 10). `squeeze`는 배치의 축까지 없앱니다. `flatten(1)`을 쓰세요.",
            en=f"For 1 image the output has the shape {tuple(one.shape)}, expected: (1, 10). `squeeze` removes the axis of the batch, "
            "too: use `flatten(1)`.",
        )
    return _computes_other(network, x, rng)


def _layers(network: nn.Module) -> built.Layers:
    """The weights and their biases, by shape: no two biases of LeNet-5 are alike."""
    found = {tuple(parameter.shape): parameter for parameter in network.parameters()}
    layers = {shape: (weight, found.get(shape[:1])) for shape, weight in found.items() if len(shape) > 1}
    if UNROLLED in layers:
        layers.setdefault(WEIGHTS["C5"], layers.pop(UNROLLED))
    return layers


def _computes_other(network: nn.Module, x: Tensor, rng: Random) -> Text | None:
    """Random weights, large enough that every ReLU matters, and the same weights in LeNet-5."""
    found, draws = _layers(network), chance(rng)
    layers = [found[shape] for shape in WEIGHTS.values()]
    otherwise = text(
        ko="모양과 파라미터는 맞지만 계산이 다릅니다. 층의 차례와 풀링, ReLU 넷의 자리를 표와 견주세요.",
        en="Shapes and parameters are right, but it computes something else. Compare the order of the layers, the pooling and the "
        "places of the four ReLUs with the table.",
    )
    with torch.no_grad():
        for weight, bias in layers:
            weight.copy_(torch.randn(weight.shape, generator=draws) * (2 / weight[0].numel()) ** 0.5)
            bias.copy_(torch.randn(bias.shape, generator=draws) / 2)
        return built.computes_other(network(x), lambda **options: _lenet(x, layers, **options), NETWORKS, otherwise)


register(Exercise(
    key="lab_mnist_lenet",
    lab=LAB,
    test=_network,
    hints=[
        text(
            ko="`super().__init__()` 다음에 `self.C1 = conv(1, 6, 5)`처럼 다섯 층을 만드세요. F6와 출력층은 `nn.Linear(들어오는 수, 나가는 수)`입니다.",
            en="After `super().__init__()`, make the five layers like `self.C1 = conv(1, 6, 5)`. F6 and the output are "
            "`nn.Linear(numbers in, numbers out)`.",
        ),
        text(
            ko="`forward`의 첫 줄은 `x = pool(functional.relu(self.C1(x)), 2)`이고, 둘째 줄은 C3으로 똑같이 합니다.",
            en="The first line of `forward` is `x = pool(functional.relu(self.C1(x)), 2)`, and the second does the same with C3.",
        ),
        text(
            ko="C5 뒤에는 ReLU를 하고 `.flatten(1)`로 (N, 120)을 만드세요. F6 뒤에는 ReLU가 있고 출력층 뒤에는 아무것도 없습니다.",
            en="After C5 take the ReLU and make (N, 120) with `.flatten(1)`. F6 has a ReLU behind it, the output layer has nothing.",
        ),
    ],
))


# From pixels to numbers


def _normalised(images: Tensor, like: Tensor) -> Tensor:
    like = data.to_float(like)
    return (data.to_float(images) - like.mean()) / like.std()


def _pixels_case(rng: Random) -> dict:
    """Images darker than those they are made like, so that their own mean is another."""
    draws = chance(rng)
    images = torch.randint(0, rng.randint(60, 150), (rng.randint(1, 3), 1, 4, 4), generator=draws, dtype=torch.uint8)
    like = torch.randint(0, 256, (80, 1, 4, 4), generator=draws, dtype=torch.uint8)
    like[:, :, 0] = 0  # as at the edge of a digit: pixels differ in their means
    return {"images": images, "like": like}


def _of(images: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
    return tuple(data.to_float(each) for each in (images, *values))


def _by_its_own(images: Tensor, like: Tensor) -> Tensor:
    (x,) = _of(images)
    return (x - x.mean()) / x.std()


def _image_by_image(images: Tensor, like: Tensor) -> Tensor:
    (x,) = _of(images)
    axes = (1, 2, 3)
    return (x - x.mean(axes, keepdim=True)) / x.std(axes, keepdim=True)


def _pixel_by_pixel(images: Tensor, like: Tensor, least: float = 1e-5) -> Tensor:
    x, other = _of(images, like)
    return (x - other.mean(dim=0)) / (other.std(dim=0) + least)


def _stated(rule: Callable) -> Callable:
    """`rule(x, mean, std)`, with mean and deviation of `like`."""

    def of(images: Tensor, like: Tensor) -> Tensor:
        x, other = _of(images, like)
        return rule(x, other.mean(), other.std())

    return of


register(Exercise(
    key="lab_mnist_normalised",
    lab=LAB,
    case=_pixels_case,
    reference=_normalised,
    atol=2e-3,  # the deviation of a sample, or of all: both are right
    mistakes=[
        Mistake(
            _by_its_own,
            text(
                ko="`images` 자신의 평균과 표준 편차를 썼습니다. 훈련할 때와 똑같이 바꾸어야 하므로 `like`의 것을 쓰세요.",
                en="Mean and deviation are those of `images` themselves. They must be changed exactly as in training: use those of `like`.",
            ),
        ),
        Mistake(
            _image_by_image,
            text(
                ko="그림마다 따로 맞추었습니다. 모든 그림에 `like` 전체의 평균 하나와 표준 편차 하나를 쓰세요.",
                en="Every image is normalised by itself. Use one mean and one deviation, those of all of `like`, for every image.",
            ),
        ),
        *(
            Mistake(
                wrong,
                text(
                    ko="픽셀의 자리마다 평균과 표준 편차를 구했습니다. 모든 픽셀에서 하나씩만 구하세요.",
                    en="Every pixel has a mean and a deviation of its own. Take one of each over all pixels.",
                ),
            )
            for wrong in (_pixel_by_pixel, lambda images, like: _pixel_by_pixel(images, like, least=0))
        ),
        Mistake(
            lambda images, like: _of(images)[0],
            text(
                ko="0에서 1까지로 바꾸었을 뿐입니다. 평균을 빼고 표준 편차로 나누세요.",
                en="The pixels are only brought to 0..1. Subtract the mean and divide by the standard deviation.",
            ),
        ),
        Mistake(
            _stated(lambda x, mean, std: x - mean),
            text(ko="평균만 뺐습니다. 표준 편차로 나누세요.", en="Only the mean is subtracted. Divide by the standard deviation."),
        ),
        Mistake(
            _stated(lambda x, mean, std: x / std),
            text(ko="평균을 빼지 않았습니다.", en="The mean is not subtracted."),
        ),
        Mistake(
            _stated(lambda x, mean, std: x - mean / std),
            text(
                ko="괄호가 빠졌습니다. 나눗셈이 뺄셈보다 먼저 계산됩니다: `(x - mean) / std`",
                en="Brackets are missing. Division comes before subtraction: `(x - mean) / std`",
            ),
        ),
        Mistake(
            _stated(lambda x, mean, std: (x - mean) / std**2),
            text(ko="분산으로 나누었습니다. 표준 편차로 나누세요.", en="You divided by the variance. Divide by the standard deviation."),
        ),
        Mistake(
            lambda images, like: (images.float() - _of(like)[0].mean()) / _of(like)[0].std(),
            text(
                ko="`images`는 0에서 255까지, `like`의 평균은 0에서 1까지입니다. 둘을 똑같이 바꾸세요.",
                en="`images` run to 255, and the mean of `like` is one of numbers up to 1. Treat both alike.",
            ),
        ),
    ],
    hints=[
        text(
            ko="`data.to_float`가 0에서 255까지의 바이트를 0에서 1까지의 수로 바꿉니다. 바이트에는 평균이 없어서 `like`도 바꾸어야 합니다.",
            en="`data.to_float` makes bytes 0..255 into numbers 0..1. Bytes have no mean, so `like` must be changed as well.",
        ),
        text(
            ko="`mean, std = data.to_float(like).mean(), data.to_float(like).std()`이고, 답은 `(data.to_float(images) - mean) / std`입니다.",
            en="`mean, std = data.to_float(like).mean(), data.to_float(like).std()`, and the answer is `(data.to_float(images) - mean) / std`.",
        ),
    ],
))


# Batches


def _passed(answer: Callable, x: Tensor, y: Tensor, size: int) -> list | Text:
    """The batches of one pass, as pairs of tensors; or what is wrong with them as such."""
    found = answer(x, y, size)
    if found is None:
        return NOTHING
    if isinstance(found, tuple) and len(found) == 2 and all(isinstance(part, Tensor) for part in found):
        return text(
            ko="처음 나온 것이 (그림, 레이블) 배치가 아닙니다. `yield`를 쓸 자리에 `return`을 쓰지 않았습니까?",
            en="The first thing that comes out is no batch (images, labels). Does `return` stand where `yield` should?",
        )
    try:
        found = list(islice(iter(found), 3 * len(x)))
    except TypeError as error:
        if hasattr(found, "__iter__"):
            raise
        return text(
            ko=f"`for`로 돌 수 있는 것이 필요합니다. 받은 것: {type(found).__name__} ({error})",
            en=f"Something that `for` can go through is needed, and this is: {type(found).__name__} ({error})",
        )
    for pair in found:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(part, Tensor) for part in pair):
            return text(
                ko="배치는 그림과 레이블의 쌍이어야 합니다: `yield x[…], y[…]`",
                en="A batch must be a pair, images and labels: `yield x[…], y[…]`",
            )
        images, labels = pair
        if images.shape[1:] != x.shape[1:] or labels.ndim != 1 or len(images) != len(labels):
            return text(
                ko=f"배치의 모양: {tuple(images.shape)}과 {tuple(labels.shape)}. 기대한 것: {('B', *x.shape[1:])}과 ('B',)".replace("'", ""),
                en=f"A batch has the shapes {tuple(images.shape)} and {tuple(labels.shape)}, expected: {('B', *x.shape[1:])} and "
                "('B',)".replace("'", ""),
            )
    if not found:
        return text(ko="배치가 하나도 나오지 않습니다.", en="No batch comes out.")
    return found


def _batches(answer: Any, rng: Random) -> Text | None:
    if not callable(answer):
        return NOT_A_FUNCTION
    size, whole = rng.randint(6, 12), rng.randint(5, 9)
    count = size * whole + rng.randint(1, size - 1)
    x = torch.arange(count, dtype=torch.float32)[:, None, None, None].repeat(1, 1, 2, 2)
    y, kept = torch.arange(count), x.clone()
    passes = []
    for _ in range(2):
        found = _passed(answer, x, y, size)
        if isinstance(found, dict):
            return found
        passes.append(found)
        if not torch.equal(x, kept) or not torch.equal(y, torch.arange(count)):
            return text(
                ko="건네받은 `x`나 `y`를 바꾸어 놓았습니다. 섞은 번호로 꺼내기만 하세요.",
                en="`x` or `y` themselves were changed. Only pick from them, by shuffled numbers.",
            )
    return _pass_wrong(passes[0], count, size) or _order_wrong(passes)


def _numbers(found: list) -> tuple[list[int], list[int]]:
    """Of all images and of all labels, in their order, which they are."""
    images, labels = (torch.cat([pair[part] for pair in found]) for part in (0, 1))
    return images[:, 0, 0, 0].long().tolist(), labels.long().tolist()


def _pass_wrong(found: list, count: int, size: int) -> Text | None:
    """What is wrong with a single pass."""
    images, labels = _numbers(found)
    if images != labels:
        return text(
            ko="그림과 레이블의 짝이 맞지 않습니다. 둘을 같은 번호로 꺼내세요.",
            en="Images and labels no longer belong together. Pick both by the same numbers.",
        )
    sizes = [len(pair[0]) for pair in found]
    if len(set(images)) < len(images):
        return text(
            ko=f"한 바퀴에 같은 그림이 두 번 나옵니다: {len(images)}장 가운데 서로 다른 것은 {len(set(images))}장. `randint`가 아니라 `randperm`으로 섞으세요.",
            en=f"Images come twice in one pass: of {len(images)} only {len(set(images))} differ. Shuffle with `randperm`, not `randint`.",
        )
    if max(sizes) > size or (sizes[0] < size and len(sizes) > 1):
        return text(
            ko=f"한 배치에 {size}장이어야 하는데 처음 배치들의 장수가 다릅니다: {sizes[:3]}",
            en=f"A batch should have {size} images, and the first ones have: {sizes[:3]}",
        )
    if len(images) == count // size * size:
        return text(
            ko=f"마지막의 짧은 배치가 빠졌습니다. {count}장 가운데 {len(images)}장만 나옵니다.",
            en=f"The short batch at the end is missing: of {count} images only {len(images)} come out.",
        )
    if len(images) < count or sizes[:-1] != [size] * (len(sizes) - 1):
        return text(
            ko=f"{count}장을 {size}장씩 나누어야 하는데 배치의 장수: {sizes}",
            en=f"{count} images in batches of {size} should come out, and the batches have: {sizes}",
        )
    return None


def _order_wrong(passes: list[list]) -> Text | None:
    """What is wrong with the order of two passes."""
    first, second = (_numbers(found)[0] for found in passes)
    if first == sorted(first):
        return text(
            ko="섞지 않았습니다. 그림이 언제나 처음 순서대로 나옵니다.",
            en="Nothing is shuffled: images always come in their first order.",
        )
    groups = [pair[0][:, 0, 0, 0].long().tolist() for pair in passes[0]]
    if all(sorted(group) == list(range(min(group), min(group) + len(group))) for group in groups):
        return text(
            ko="배치들의 순서, 또는 배치 안의 순서만 섞었습니다. 언제나 같은 그림끼리 한 배치가 됩니다. 모든 그림의 번호를 섞은 다음 나누세요.",
            en="Only the order of the batches is shuffled, or that within a batch: the same images always meet. Shuffle the numbers "
            "of all images, then divide.",
        )
    if first == second:
        return text(
            ko="두 바퀴의 순서가 똑같습니다. 함수 안에서 난수 시드를 정했습니까? 바퀴마다 새로 섞으세요.",
            en="Two passes have the same order. Is a random seed set inside the function? Shuffle anew for every pass.",
        )
    return None


register(Exercise(
    key="lab_mnist_batches",
    lab=LAB,
    test=_batches,
    hints=[
        text(
            ko="`torch.randperm(len(x))`는 0부터 `len(x) - 1`까지의 번호를 섞은 것입니다.",
            en="`torch.randperm(len(x))` is the numbers from 0 to `len(x) - 1`, shuffled.",
        ),
        text(
            ko="텐서의 `.split(size)`는 `size`개씩 나누고, 마지막 조각은 짧아도 남깁니다. 조각 `some`마다 `yield x[some], y[some]`을 하세요.",
            en="A tensor's `.split(size)` cuts it into pieces of `size` and keeps a shorter last one. For each piece `some`, "
            "`yield x[some], y[some]`.",
        ),
    ],
))


# One step of training


def _squared(logits: Tensor, y: Tensor) -> Tensor:
    return functional.mse_loss(logits, functional.one_hot(y, logits.shape[1]).float())


STEPS = [
    Mistake(
        stepped.stepping("fbs"),
        text(
            ko="`zero_grad`가 빠졌습니다. `backward`는 그레이디언트를 새로 쓰지 않고 더하므로, 지난 배치들의 것이 쌓입니다.",
            en="`zero_grad` is missing. `backward` does not overwrite gradients, it adds to them: those of all batches before pile up.",
        ),
    ),
    Mistake(
        stepped.by_loss(lambda logits, y: functional.cross_entropy(logits.softmax(dim=1), y)),
        text(
            ko="소프트맥스를 두 번 취했습니다. `cross_entropy`는 로짓을 받아 스스로 소프트맥스를 취합니다.",
            en="The softmax is taken twice. `cross_entropy` reads logits and takes it by itself.",
        ),
    ),
    Mistake(
        stepped.by_loss(lambda logits, y: functional.cross_entropy(logits, y, reduction="sum")),
        text(
            ko="배치의 손실을 더했습니다. 평균이어야 걸음의 크기가 배치의 크기에 따라 달라지지 않습니다.",
            en="The losses of the batch are added up. With their mean the size of a step does not depend on that of the batch.",
        ),
    ),
    Mistake(
        stepped.by_loss(lambda logits, y: -functional.cross_entropy(logits, y)),
        text(
            ko="손실의 부호가 반대여서 오르막으로 갑니다.",
            en="The loss has the wrong sign: every step goes uphill.",
        ),
    ),
    Mistake(
        stepped.by_loss(_squared),
        text(ko="제곱 오차로 움직입니다. 여기서는 교차 엔트로피입니다.", en="It moves by the squared error. Here it is cross-entropy."),
    ),
]


def _step(answer: Any, rng: Random) -> Text | None:
    if not callable(answer):
        return NOT_A_FUNCTION

    def with_loss(network, optimizer, loss_function, x, y):  # the lab's step finds the loss by itself
        return answer(network, optimizer, x, y)

    return stepped.wrong(with_loss, rng, functional.cross_entropy, STEPS)


register(Exercise(
    key="lab_mnist_step",
    lab=LAB,
    test=_step,
    hints=[
        text(
            ko="다섯 가지를 합니다: 로짓을 구하고, 손실을 구하고, 지난 그레이디언트를 지우고, 역전파하고, 옮깁니다.",
            en="It does five things: compute the logits, compute the loss, erase the last gradients, go backward, move.",
        ),
        text(
            ko="손실은 `functional.cross_entropy(network(x), y)`입니다. 이어서 `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`을 부르고 `loss.item()`을 돌려주세요.",
            en="The loss is `functional.cross_entropy(network(x), y)`. Then call `optimizer.zero_grad()`, `loss.backward()` and "
            "`optimizer.step()`, and return `loss.item()`.",
        ),
    ],
))


# The evaluation


def _accuracy(answer: Any, rng: Random) -> Text | None:
    return evaluated.wrong(answer, rng, _in_training)


def _in_training(answer: Callable, scenes: list[evaluated.Scene]) -> Text:
    if any(norm != drop for scene in scenes for norm, drop, _ in scene.seen):
        return text(
            ko="층 하나만 평가 모드로 바꾸었습니다. `network.eval()`로 전체를 바꾸세요.",
            en="Only some layers are in eval mode. `network.eval()` switches the whole network.",
        )
    if not all(norm for norm, _, _ in scenes[0].seen):
        return text(
            ko="배치 몇 개를 아직 훈련 모드로 쟀습니다. 반복문보다 앞에서 `network.eval()`을 부르세요.",
            en="Some batches were still measured in train mode. Call `network.eval()` before the loop.",
        )
    return text(
        ko="훈련 모드로 쟀습니다. 드롭아웃이 유닛을 끄고 배치 정규화가 배치의 평균을 써서, 잴 때마다 값이 달라집니다. `network.eval()`을 먼저 부르세요.",
        en="It measures in train mode: dropout switches units off, batch normalisation takes the mean of the batch, and the value "
        "changes from call to call. Call `network.eval()` first.",
    )


register(Exercise(
    key="lab_mnist_accuracy",
    lab=LAB,
    test=_accuracy,
    hints=[
        text(
            ko="`was = network.training`으로 모드를 기억하고 `network.eval()`을 부르세요. 끝나면 `network.train(was)`입니다.",
            en="Remember the mode with `was = network.training` and call `network.eval()`; at the end it is `network.train(was)`.",
        ),
        text(
            ko="`with torch.no_grad():` 안에서 배치마다 `(network(x).argmax(dim=1) == y).sum().item()`과 `len(y)`를 따로 더하세요.",
            en="Inside `with torch.no_grad():` add up `(network(x).argmax(dim=1) == y).sum().item()` and `len(y)`, batch by batch.",
        ),
    ],
))


# The program


DIGIT = text(ko="숫자", en="digit")


def _loaded(split: str) -> data.ImageSet:
    return labelled.loaded("mnist" if budget() == "full" else "digits", split, size=32, fallback="digits")


def _read(answer: Any, rng: Random) -> Text | None:
    if isinstance(answer, nn.Module):
        return text(
            ko="신경망이 아니라 함수 `read`를 건네세요. 픽셀을 어떻게 바꾸어 넣는지는 그 함수만 압니다.",
            en="Hand in the function `read`, not a network: it alone knows how pixels are made ready.",
        )
    if not callable(answer):
        return NOT_A_FUNCTION
    test_set = _loaded("test")
    order = torch.randperm(len(test_set), generator=chance(rng))
    images, labels = test_set.images[order], test_set.labels[order]
    found = labelled.labels_of(answer, images)
    if wrong := labelled.not_labels(found, len(test_set), DIGIT):
        return wrong
    if labelled.depends_on_company(answer, found, images, labels):
        return text(
            ko="같은 그림을 다른 그림들과 함께 넣으면 대답이 달라집니다. 신경망이 훈련 모드이거나, 함께 들어온 그림들의 평균으로 픽셀을 바꿉니다.",
            en="The same images get other answers in other company. The network is in train mode, or pixels are normalised by the "
            "mean of the images that come together.",
        )
    if len(set(found.tolist())) == 1:
        return text(ko=f"언제나 같은 대답입니다: {int(found[0])}", en=f"It always gives the same answer: {int(found[0])}")
    wrong_ones, share = int((found != labels).sum()), float((found == labels).float().mean())
    if share < 0.3:
        return text(
            ko=f"테스트 정확도가 {share:.3f}입니다. 훈련한 신경망입니까? 픽셀을 훈련할 때와 똑같이 바꾸었습니까?",
            en=f"The test accuracy is {share:.3f}. Is the network a trained one, and are pixels made ready exactly as in training?",
        )
    goal = TO_REACH[test_set.name]
    allowed = int(round((1 - goal) * len(labels), 6))
    if wrong_ones > allowed:
        return text(
            ko=f"테스트 정확도: {share:.4f}. {len(labels):,}장 가운데 {wrong_ones}장을 틀렸고, {allowed}장까지 틀려도 됩니다. 픽셀을 훈련할 때와 똑같이 "
            "바꾸었습니까? 그렇다면 검증 숫자에서 더 나은 방법을 찾은 다음 다시 오세요.",
            en=f"The test accuracy is {share:.4f}: {wrong_ones} of {len(labels):,} are wrong, and {allowed} may be. Are the pixels made "
            "ready exactly as in training? If so, find a better way on the validation digits, then come back.",
        )
    return _knows_the_test(answer, share)


def _knows_the_test(answer: Callable, share: float) -> Text | None:
    """Whether the answer is better on the test digits than on those it should have been trained on."""
    some = _loaded("train")[:1000]
    there = float((labelled.labels_of(answer, some.images) == some.labels).float().mean())
    if there > share - 0.03:
        return None
    return text(
        ko=f"테스트 숫자에서는 {share:.3f}인데 훈련 숫자에서는 {there:.3f}입니다. 테스트 숫자로 훈련했습니까?",
        en=f"{share:.3f} on the test digits, but {there:.3f} on the training digits. Was it trained on the test digits?",
    )


register(Exercise(
    key="lab_mnist_read",
    lab=LAB,
    test=_read,
    hints=[
        text(
            ko="`read`에서는 `prepare`로 픽셀을 바꾸고, `network.eval()`과 `torch.no_grad()` 아래에서 `argmax(dim=1)`을 구하세요.",
            en="In `read`, make the pixels ready with `prepare`, and take `argmax(dim=1)` after `network.eval()` and under `torch.no_grad()`.",
        ),
        text(
            ko="학습률을 처음에 올렸다가 0 가까이까지 내리면 크게 좋아집니다: `torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=…)`, 걸음마다 `schedule.step()`.",
            en="Raising the learning rate at first and lowering it to almost 0 helps a lot: "
            "`torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=…)`, with `schedule.step()` after every step.",
        ),
        text(
            ko="훈련 숫자를 배치마다 상하좌우로 2칸까지 옮기세요. 둘레가 비어 있으므로 `torch.roll(x, (아래로, 오른쪽으로), dims=(2, 3))`이면 됩니다.",
            en="Move the training digits of each batch by up to 2 cells. Their margin is empty, so "
            "`torch.roll(x, (down, right), dims=(2, 3))` will do.",
        ),
    ],
))
