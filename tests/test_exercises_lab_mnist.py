"""The exercises of lab 01, beyond what test_exercises.py asks of all: those whose answer is not a plain function."""

import copy
from itertools import islice

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torch import nn
from torch.nn import functional

from cnnbook import data, exercises
from cnnbook.exercises import lab_mnist
from cnnbook.trial import Trial

KEYS = exercises.of_lab("01_mnist")


def raises(*arguments, **named):
    raise RuntimeError("mine")


class Raises(nn.Module):
    def __init__(self, *arguments, **named):
        raise RuntimeError("mine")


STRANGE = [
    None, ..., [], [1, 2], (None,), float("nan"), torch.ones(2), "words", raises, Raises, int, nn.Linear,
    nn.Linear(2, 2), lambda: None, lambda *_, **__: None, lambda *_, **__: float("nan"), lambda *_, **__: "no",
    lambda *_, **__: [1, [2]],
]  # fmt: skip


def in_both(key, answer, korean, english):
    """The answer is wrong, and told so in these words."""
    for lang, words in (("ko", korean), ("en", english)):
        status, told = said(key, answer, lang)
        assert status == "wrong" and words in told, told


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("answer", STRANGE)
def test_nothing_strange_passes_or_is_the_checkers_fault(key, answer, monkeypatch):
    monkeypatch.setenv("CNNBOOK_BUDGET", "quick")
    status, words = Trial(exercises.find(key), answer).verdict().status, said(key, answer)[1]
    assert status in ("wrong", "notyet") and "could not be checked" not in words


def test_the_lab_has_nine_steps_in_its_order():
    steps = ("output_size", "convolution", "max_pool", "lenet", "normalised", "batches", "step", "accuracy", "read")
    assert tuple(f"lab_mnist_{step}" for step in steps) == KEYS


# The convolutional layer


class Convolution(nn.Module):
    """The right layer, with a place for each mistake."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.make(out_channels, in_channels, kernel_size)

    def make(self, outputs, inputs, kernel):
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel) / (inputs * kernel * kernel) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def windows(self, x):
        return functional.unfold(x, self.kernel_size, padding=self.padding, stride=self.stride)

    def sides(self, x):
        return [(side + 2 * self.padding - self.kernel_size) // self.stride + 1 for side in x.shape[2:]]

    def forward(self, x):
        return (self.weight.flatten(1) @ self.windows(x) + self.bias[:, None]).unflatten(2, self.sides(x))


class ByEinsum(Convolution):
    def forward(self, x):
        x = functional.pad(x, (self.padding,) * 4)
        windows = x.unfold(2, self.kernel_size, self.stride).unfold(3, self.kernel_size, self.stride)
        return torch.einsum("nchwij,fcij->nfhw", windows, self.weight) + self.bias[:, None, None]


class ByKernelCells(Convolution):
    """A loop over the cells of the kernel: slower than one product, but fit to train with."""

    def forward(self, x):
        x, (height, width) = functional.pad(x, (self.padding,) * 4), self.sides(x)
        total = self.bias[:, None, None]
        for i in range(self.kernel_size):
            for j in range(self.kernel_size):
                part = x[:, :, i :: self.stride, j :: self.stride][:, :, :height, :width]
                total = total + torch.tensordot(self.weight[:, :, i, j], part, ([1], [1])).transpose(0, 1)
        return total


@pytest.mark.parametrize("layer", [Convolution, ByEinsum, ByKernelCells])
def test_a_convolution_written_otherwise_is_right(layer):
    assert said("lab_mnist_convolution", layer)[0] == "right"


class NoParameter(Convolution):
    def make(self, outputs, inputs, kernel):
        self.weight, self.bias = torch.randn(outputs, inputs, kernel, kernel) / 20, torch.zeros(outputs)


class Swapped(Convolution):
    def make(self, outputs, inputs, kernel):
        super().make(inputs, outputs, kernel)


class Unnamed(Convolution):
    def make(self, outputs, inputs, kernel):
        self.filters = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))


class AllZero(Convolution):
    def make(self, outputs, inputs, kernel):
        super().make(outputs, inputs, kernel)
        nn.init.zeros_(self.weight)


class TooLarge(Convolution):
    def make(self, outputs, inputs, kernel):
        super().make(outputs, inputs, kernel)
        nn.init.normal_(self.weight)


class TooSmall(Convolution):
    def make(self, outputs, inputs, kernel):
        super().make(outputs, inputs, kernel)
        nn.init.normal_(self.weight, std=0.04 / (inputs * kernel * kernel) ** 0.5)


class Flipped(Convolution):
    def forward(self, x):
        return (self.weight.flip(2, 3).flatten(1) @ self.windows(x) + self.bias[:, None]).unflatten(2, self.sides(x))


class RowsForColumns(Convolution):
    def forward(self, x):
        weight = self.weight.transpose(2, 3).flatten(1)
        return (weight @ self.windows(x) + self.bias[:, None]).unflatten(2, self.sides(x))


class NoBias(Convolution):
    def forward(self, x):
        return (self.weight.flatten(1) @ self.windows(x)).unflatten(2, self.sides(x))


class NoPadding(Convolution):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(in_channels, out_channels, kernel_size, stride)


class NoStride(Convolution):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(in_channels, out_channels, kernel_size, padding=padding)


class NeitherOfThem(Convolution):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(in_channels, out_channels, kernel_size)


class Mirrored(Convolution):
    def windows(self, x):
        x = functional.pad(x, (self.padding,) * 4, "reflect")
        return functional.unfold(x, self.kernel_size, stride=self.stride)


class OnOneSide(Convolution):
    def forward(self, x):
        x = functional.pad(x, (0, self.padding) * 2)
        sides = [(side - self.kernel_size) // self.stride + 1 for side in x.shape[2:]]
        columns = functional.unfold(x, self.kernel_size, stride=self.stride)
        return (self.weight.flatten(1) @ columns + self.bias[:, None]).unflatten(2, sides)


class FirstChannel(Convolution):
    def forward(self, x):
        return (self.weight[:, :1].flatten(1) @ self.windows(x[:, :1]) + self.bias[:, None]).unflatten(2, self.sides(x))


class HeightForWidth(Convolution):
    def sides(self, x):
        return super().sides(x)[::-1]


class PlacesFirst(Convolution):
    def forward(self, x):
        found = self.windows(x).transpose(1, 2) @ self.weight.flatten(1).T + self.bias  # (N, places, F)
        return found.reshape(len(x), len(self.bias), *self.sides(x))


class Detached(Convolution):
    def forward(self, x):
        return (self.weight.data.flatten(1) @ self.windows(x) + self.bias[:, None]).unflatten(2, self.sides(x))


class ByTorch(Convolution):
    def forward(self, x):
        return functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)


class ByTorchsLayer(nn.Conv2d):
    def forward(self, x):
        return super().forward(x)


class PlaceByPlace(Convolution):
    def forward(self, x):
        sides, x, k = self.sides(x), functional.pad(x, (self.padding,) * 4), self.kernel_size
        places = [
            (self.weight * x[:, None, :, i : i + k, j : j + k]).sum(dim=(2, 3, 4)) + self.bias
            for i in range(0, sides[0] * self.stride, self.stride)
            for j in range(0, sides[1] * self.stride, self.stride)
        ]
        return torch.stack(places, dim=2).unflatten(2, sides)


class Nothing(Convolution):
    def forward(self, x):
        self.windows(x)


class Off(Convolution):
    def forward(self, x):
        return super().forward(x) + 0.1


LAYERS_WRONG = {
    NoParameter: ("파라미터가 아닙니다", "no parameter"),
    Swapped: ("`weight`의 모양", "The shape of `weight`"),
    Unnamed: ("`weight`라는 이름", "named `weight`"),
    AllZero: ("모두 같거나", "all the same"),
    TooLarge: ("20.0배", "about 20.0 times"),
    TooSmall: ("입력의 0.0배", "about 0.0 times"),
    Flipped: ("뒤집었습니다", "flipped"),
    RowsForColumns: ("행과 열이 뒤바뀌", "Rows and columns of the filters"),
    NoBias: ("편향을 더하지", "The bias is not added"),
    NoPadding: ("`padding`을 쓰지", "`padding` is not used"),
    NoStride: ("`stride`를 쓰지", "`stride` is not used"),
    NeitherOfThem: ("`stride`도 `padding`도", "Neither"),
    Mirrored: ("0이 아닙니다", "are not 0"),
    OnOneSide: ("한쪽에만", "one side only"),
    FirstChannel: ("첫 채널만", "first channel"),
    HeightForWidth: ("높이와 너비를", "height and width swapped"),
    PlacesFirst: ("뒤섞였습니다", "mixed up"),
    Detached: ("역전파가 닿지 않는 것이 있습니다: weight.", "does not reach: weight."),
    ByTorch: ("PyTorch의 합성곱", "PyTorch's own convolution"),
    ByTorchsLayer: ("PyTorch의 합성곱", "PyTorch's own convolution"),
    PlaceByPlace: ("맞지만 느립니다", "Right, but slow"),
    Nothing: ("`forward`가 `None`", "`forward` returns `None`"),
    Off: ("가장 큰 차이: 0.1", "Largest difference: 0.1"),
}


@pytest.mark.parametrize("layer", LAYERS_WRONG, ids=lambda layer: layer.__name__)
def test_a_wrong_convolution_is_told_why(layer):
    for lang, words in zip(("ko", "en"), LAYERS_WRONG[layer], strict=True):
        for _ in range(3):
            status, told = said("lab_mnist_convolution", layer, lang)
            if layer is TooLarge:  # drawn at random
                words = "배쯤" if lang == "ko" else "times its input"
            assert status == "wrong" and words in told, told


def test_a_layer_or_another_class_is_no_convolution():
    all_wrong_and_apart("lab_mnist_convolution", [Convolution(1, 2, 3), int, Raises, Nothing])


def test_the_check_leaves_random_numbers_as_they_were():
    for key, answer in (("convolution", Convolution), ("lenet", LeNet5), ("accuracy", accuracy)):
        torch.manual_seed(0)
        said(f"lab_mnist_{key}", answer)
        drawn = torch.rand(3)
        torch.manual_seed(0)
        assert torch.equal(drawn, torch.rand(3)), key


# LeNet-5


class LeNet5(nn.Module):
    """The right network, with a place for each mistake."""

    relus, pool = "1111", staticmethod(functional.max_pool2d)
    active = staticmethod(torch.relu)

    def __init__(self, conv=nn.Conv2d):
        super().__init__()
        self.C1, self.C3, self.C5 = conv(1, 6, 5), conv(6, 16, 5), conv(16, 120, 5)
        self.F6, self.output = nn.Linear(120, 84), nn.Linear(84, 10)

    def act(self, number, x):
        return self.active(x) if self.relus[number] == "1" else x

    def forward(self, x):
        x = self.pool(self.act(0, self.C1(x)), 2)
        x = self.pool(self.act(1, self.C3(x)), 2)
        x = self.act(2, self.C5(x)).flatten(1)
        return self.output(self.act(3, self.F6(x)))


class Unrolled(LeNet5):
    """Its C5 is a fully connected layer, and pooling comes before ReLU: the same function."""

    def __init__(self):
        super().__init__()
        self.C5 = nn.Linear(400, 120)

    def forward(self, x):
        for layer in (self.C1, self.C3):
            x = functional.max_pool2d(layer(x), 2).relu()
        return self.output(self.F6(self.C5(x.flatten(1)).relu()).relu())


def of_own_layers():
    return LeNet5(Convolution)


def the_packages():
    from cnnbook.train.experiments import lenet5

    return lenet5()


@pytest.mark.parametrize("network", [LeNet5, Unrolled, of_own_layers, the_packages])
def test_a_lenet_written_otherwise_is_right(network):
    assert said("lab_mnist_lenet", network)[0] == "right"


def changed(**parts):
    parts = {"forward": lambda self, x: LeNet5.forward(self, x)} | parts  # a class without a method is one not begun
    return type("Changed", (LeNet5,), parts)


def with_layers(**layers):
    class Other(LeNet5):
        def __init__(self):
            super().__init__()
            for name, layer in layers.items():
                setattr(self, name, layer)

    return Other


def ending(end):
    return changed(forward=lambda self, x: end(LeNet5.forward(self, x)))


class InAList(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Conv2d(1, 6, 5)]


class NotFlat(LeNet5):
    def forward(self, x):
        x = self.pool(self.pool(self.C1(x).relu(), 2), 2)
        return self.output(self.F6(x.flatten(1)))


class Squeezed(LeNet5):
    def forward(self, x):
        x = self.pool(self.C3(self.pool(self.C1(x).relu(), 2)).relu(), 2)
        return self.output(self.F6(self.C5(x).relu().squeeze()).relu())


NETWORKS_WRONG = [
    (changed(relus="0111"), "뒤에 ReLU가 없습니다", "no ReLU after C1"),
    (changed(relus="1011"), "C3 뒤에", "no ReLU after C3"),
    (changed(relus="1101"), "C5 뒤에", "no ReLU after C5"),
    (changed(relus="1110"), "F6 뒤에", "no ReLU after F6"),
    (changed(relus="1100"), "C5와 F6 뒤에", "no ReLU after C5 and F6"),
    (changed(relus="0000"), "하나도", "no ReLU at all"),
    (changed(active=staticmethod(torch.tanh)), "tanh", "tanh of 1998"),
    (changed(active=staticmethod(torch.sigmoid)), "시그모이드", "sigmoid"),
    (changed(pool=staticmethod(functional.avg_pool2d)), "평균 풀링", "average pooling"),
    (ending(lambda logits: logits.softmax(dim=1)), "소프트맥스를", "ends with a softmax"),
    (ending(lambda logits: logits.log_softmax(dim=1)), "로그 소프트맥스", "log softmax"),
    (ending(lambda logits: logits.relu()), "출력층 뒤에도", "after the output layer"),
    (ending(lambda logits: logits[..., None]), "(3, 10, 1)", "(3, 10, 1)"),
    (ending(lambda logits: None), "`return`", "`return`"),
    (ending(lambda logits: logits.roll(1, 1)), "계산이 다릅니다", "computes something else"),
    (with_layers(C3=nn.Conv2d(6, 32, 5)), "C3 (16, 6, 5, 5)", "C3 (16, 6, 5, 5)"),
    (with_layers(F6=nn.Linear(120, 84, bias=False)), "편향이 없습니다: F6", "Without a bias: F6"),
    (with_layers(more=nn.Linear(3, 4)), "61,722", "61,722"),
    (InAList, "목록", "Python list"),
    (with_layers(C1=nn.Conv2d(1, 6, 5, padding=2)), "개수가 맞지 않습니다", "is not what it reads"),
    (NotFlat, "개수가 맞지 않습니다", "is not what it reads"),
    (Squeezed, "squeeze", "squeeze"),
    (LeNet5(), "괄호 없이", "no brackets"),
    (3, "클래스 `LeNet5`가", "The class `LeNet5`"),
    (lambda: 3, "`nn.Module`이어야", "must be an `nn.Module`"),
]


@pytest.mark.parametrize("answer, korean, english", NETWORKS_WRONG)
def test_a_wrong_lenet_is_told_why(answer, korean, english):
    in_both("lab_mnist_lenet", answer, korean, english)


# Pixels and batches


def test_both_deviations_are_right():
    for correction in (0, 1):

        def normalised(images, like, correction=correction):
            like = like.float()
            return (images.float() - like.mean()) / like.std(correction=correction)

        assert said("lab_mnist_normalised", normalised)[0] == "right"


def batches(x, y, size):
    for some in torch.randperm(len(x)).split(size):
        yield x[some], y[some]


def by_numpy(x, y, size):
    order = np.random.permutation(len(x))
    return [(x[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(x), size)]


def by_loader(x, y, size):
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), size, shuffle=True)


@pytest.mark.parametrize("answer", [batches, by_numpy, by_loader])
def test_batches_made_otherwise_are_right(answer):
    assert said("lab_mnist_batches", answer)[0] == "right"


def in_order(x, y, size):
    yield from zip(x.split(size), y.split(size), strict=True)


def only_images(x, y, size):
    for images, labels in batches(x, y, size):
        yield images, torch.sort(labels).values


def apart(x, y, size):
    yield from zip(x[torch.randperm(len(x))].split(size), y[torch.randperm(len(x))].split(size), strict=True)


def last_dropped(x, y, size):
    yield from (pair for pair in batches(x, y, size) if len(pair[0]) == size)


def drawn_again(x, y, size):
    for _ in range(0, len(x), size):
        some = torch.randint(len(x), (size,))
        yield x[some], y[some]


def same_seed(x, y, size):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    for some in order.split(size):
        yield x[some], y[some]


def order_of_batches(x, y, size):
    *pieces, last = in_order(x, y, size)
    yield from [*pieces[::-1], last]


def in_place(x, y, size):
    order = torch.randperm(len(x))
    x[:], y[:] = x[order].clone(), y[order].clone()
    yield from in_order(x, y, size)


def so_many_batches(x, y, size):
    yield from batches(x, y, -(-len(x) // size))


def only_one(x, y, size):
    yield next(batches(x, y, size))


def only_half(x, y, size):
    yield from islice(batches(x, y, size), len(x) // size // 2)


def without_labels(x, y, size):
    yield from (images for images, _ in batches(x, y, size))


def one_by_one(x, y, size):
    yield from ((x[i], y[i]) for i in torch.randperm(len(x)))


def for_ever(x, y, size):
    while True:
        yield from batches(x, y, size)


BATCHES_WRONG = [
    (in_order, "섞지 않았습니다", "Nothing is shuffled"),
    (only_images, "짝이 맞지", "no longer belong together"),
    (apart, "짝이 맞지", "no longer belong together"),
    (last_dropped, "마지막의 짧은 배치가", "The short batch at the end"),
    (drawn_again, "두 번", "`randperm`, not `randint`"),
    (same_seed, "순서가 똑같습니다", "Two passes have the same order"),
    (order_of_batches, "배치들의 순서", "order of the batches"),
    (in_place, "바꾸어 놓았습니다", "themselves were changed"),
    (only_half, "배치의 장수:", "should come out"),
    (only_one, "배치의 장수:", "should come out"),
    (without_labels, "쌍이어야", "must be a pair"),
    (lambda x, y, size: (x[:size], y[:size]), "`return`을 쓰지", "Does `return` stand"),
    (one_by_one, "배치의 모양", "A batch has the shapes"),
    (for_ever, "두 번", "twice in one pass"),
    (lambda x, y, size: print(end=""), "`None`", "`None`"),
    (lambda x, y, size: 3, "`for`", "`for` can go through"),
    (lambda x, y, size: [], "하나도", "No batch"),
    (3, "괄호 없이", "without brackets"),
]


@pytest.mark.parametrize("answer, korean, english", BATCHES_WRONG)
def test_wrong_batches_are_told_why(answer, korean, english):
    in_both("lab_mnist_batches", answer, korean, english)


def test_other_sizes_of_batches_are_told():
    for _ in range(5):  # where both numbers agree, nothing is wrong
        status, words = said("lab_mnist_batches", so_many_batches)
        assert status == "right" or "should have" in words or "should come out" in words


# A step


def step(network, optimizer, x, y):
    loss = functional.cross_entropy(network(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def erased_last(network, optimizer, x, y):
    loss = -network(x).log_softmax(dim=1)[torch.arange(len(y)), y].mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach()


@pytest.mark.parametrize("answer", [step, erased_last])
def test_a_step_written_otherwise_is_right(answer):
    assert said("lab_mnist_step", answer)[0] == "right"


CROSS_ENTROPY = "functional.cross_entropy(network(x), y)"


def doing(*order, end="loss.item()", loss=CROSS_ENTROPY):
    lines = {
        "zero": "optimizer.zero_grad()", "back": "loss.backward()", "kept": "loss.backward(retain_graph=True)",
        "step": "optimizer.step()", "eval": "network.eval()",
    }  # fmt: skip
    body = "\n    ".join([f"loss = {loss}", *(lines[each] for each in order), f"return {end}"])
    space = {"functional": functional, "torch": torch}
    exec(f"def written(network, optimizer, x, y):\n    {body}", space)
    return space["written"]


def right_order(**options):
    return doing("zero", "back", "step", **options)


def a_batch_late(network, optimizer, x, y):
    optimizer.step()
    return doing("zero", "back")(network, optimizer, x, y)


def own_optimizer(network, optimizer, x, y):
    return step(network, torch.optim.SGD(network.parameters(), lr=0.2), x, y)


def measured_after(network, optimizer, x, y):
    step(network, optimizer, x, y)
    return functional.cross_entropy(network(x), y).item()


def all_right(network, optimizer, x, y):
    step(network, optimizer, x, y)
    return [1, 2]


def without_gradients(network, optimizer, x, y):
    with torch.no_grad():
        return step(network, optimizer, x, y)


def random_step(network, optimizer, x, y):
    return step(network, optimizer, torch.randn_like(x), y)


STEPS_WRONG = [
    (doing("back", "step"), "`zero_grad`가 빠졌습니다", "`zero_grad` is missing"),
    (doing("zero", "step"), "`loss.backward()`가 없습니다", "`loss.backward()` is missing"),
    (doing("zero", "back"), "`optimizer.step()`이 없습니다", "`optimizer.step()` is missing"),
    (doing("back", "zero", "step"), "사이에 있습니다", "stands between"),
    (doing("step", "zero", "back"), "한 배치 늦습니다", "a batch late"),
    (doing("zero", "step", "back"), "먼저 옵니다", "comes before `backward`, when"),
    (a_batch_late, "한 배치 늦습니다", "a batch late"),
    (doing("zero", "back", "step", "step"), "두 걸음", "two steps"),
    (doing("zero", "kept", "back", "step"), "두 번 했습니다", "goes backward twice"),
    (right_order(loss="functional.cross_entropy(network(x).softmax(dim=1), y)"), "두 번 취했", "taken twice"),
    (right_order(loss="functional.cross_entropy(network(x), y, reduction='sum')"), "더했습니다", "added up"),
    (right_order(loss=f"-{CROSS_ENTROPY}"), "오르막", "uphill"),
    (right_order(loss="functional.mse_loss(network(x), functional.one_hot(y, 4).float())"), "제곱", "squared"),
    (right_order(end="loss"), "텐서 그대로", "as the tensor"),
    (right_order(end="None"), "돌려주지 않습니다", "no loss is returned"),
    (right_order(end="0.5"), "걸음을 옮기기 전의 손실이", "the loss from before"),
    (doing("zero", "back", "step", "eval"), "평가 모드", "eval mode"),
    (measured_after, "걸음을 옮기기 전의 손실이", "the loss from before"),
    (all_right, "수 하나", "a single number"),
    (own_optimizer, "건네받은 `optimizer`가 아닌", "Something else than the given"),
    (without_gradients, "오류가 났습니다", "raised an error"),
    (random_step, "세 걸음 뒤", "After three steps"),
    (doing(), "`loss.backward()`가 없습니다", "`loss.backward()` is missing"),
]


@pytest.mark.parametrize("answer, korean, english", STEPS_WRONG)
def test_a_wrong_step_is_told_why(answer, korean, english):
    in_both("lab_mnist_step", answer, korean, english)


# The evaluation


def accuracy(network, batches):
    was = network.training
    network.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in batches:
            right += (network(x).argmax(dim=1) == y).sum().item()
            total += len(y)
    network.train(was)
    return right / total


@torch.inference_mode()
def all_at_once(network, batches):
    was, _ = network.training, network.eval()
    hits = [network(x).argmax(dim=1) == y for x, y in batches]
    network.train(was)
    return torch.cat(hits).float().mean()


def by_a_copy(network, batches):
    return accuracy(copy.deepcopy(network), batches)


@pytest.mark.parametrize("answer", [accuracy, all_at_once, by_a_copy])
def test_an_accuracy_written_otherwise_is_right(answer):
    assert said("lab_mnist_accuracy", answer)[0] == "right"


def measuring(mode="eval", end="was", gradients=False, share=lambda hits: torch.cat(hits).float().mean().item()):
    """An evaluation with options for its mistakes."""

    def measure(network, batches):
        was = network.training
        if mode == "eval":
            network.eval()
        elif mode == "dropout":
            network[4].eval()
        hits = []
        with torch.set_grad_enabled(gradients):
            for x, y in batches:
                hits.append(network(x).argmax(dim=1) == y)
                if mode == "late":
                    network.eval()
        if end == "was":
            network.train(was)
        elif end == "train":
            network.train()
        return share(hits)

    return measure


def switched_off(network, batches):
    torch.set_grad_enabled(False)
    return accuracy(network, batches)


def changes_it(network, batches):
    found = accuracy(network, batches)
    with torch.no_grad():
        network[1].weight += 1
    return found


def only_first(network, batches):
    return accuracy(network, islice(batches, 1))


def never_asked(network, batches):
    return sum(len(y) for _, y in batches) / 100


def twice_through(network, batches):
    total = sum(len(y) for _, y in batches)
    return accuracy(network, batches) / total


def mean_of_batches(hits):
    return np.mean([float(hit.float().mean()) for hit in hits])


def of(hits):
    return float(torch.cat(hits).sum())


ACCURACIES_WRONG = [
    (measuring(mode="train"), "훈련 모드로 쟀습니다", "measures in train mode"),
    (measuring(mode="dropout"), "층 하나만", "Only some layers"),
    (measuring(mode="late"), "배치 몇 개를", "Some batches"),
    (measuring(end="nothing"), "평가 모드로 남았", "left in eval mode"),
    (measuring(end="train"), "훈련 모드로 나갑니다", "leaves in train mode"),
    (measuring(gradients=True), "준비하며", "gradients prepared"),
    (measuring(share=mean_of_batches), "배치마다의 정확도", "mean of the batches"),
    (measuring(share=lambda hits: of(hits) / (len(hits) * len(hits[0]))), "첫 배치의 크기", "size of the first"),
    (measuring(share=lambda hits: of(hits) / len(hits)), "배치의 수로", "number of batches. "),
    (measuring(share=lambda hits: hits[-1].float().mean()), "마지막 배치의", "last batch alone"),
    (measuring(share=lambda hits: 100 * torch.cat(hits).float().mean()), "퍼센트", "percent"),
    (measuring(share=of), "맞힌 수입니다", "how many are right"),
    (measuring(share=lambda hits: 1 - torch.cat(hits).float().mean()), "오류율", "error rate"),
    (measuring(share=lambda hits: 0.5), "기대한 것", "expected"),
    (measuring(share=lambda hits: None), "`None`", "`None`"),
    (measuring(share=lambda hits: hits), "수 하나", "a single number"),
    (measuring(share=lambda hits: float("nan")), "nan", "nan"),
    (switched_off, "꺼 둔 채", "left switched off"),
    (changes_it, "바뀌었습니다", "has changed"),
    (only_first, "첫 배치의 정확도뿐", "first batch alone"),
    (never_asked, "한 번도", "never asked"),
    (twice_through, "오류가 났습니다", "raised an error"),
]


@pytest.mark.parametrize("answer, korean, english", ACCURACIES_WRONG)
def test_a_wrong_accuracy_is_told_why(answer, korean, english):
    in_both("lab_mnist_accuracy", answer, korean, english)
    assert torch.is_grad_enabled()


# The program


def code(image):
    return bytes(image.flatten().tolist())


@pytest.fixture
def digits(monkeypatch):
    monkeypatch.setenv("CNNBOOK_BUDGET", "quick")
    sets = {split: data.load("digits", split, size=32) for split in ("train", "test")}
    known = {
        split: dict(zip(map(code, each.images), each.labels.tolist(), strict=True)) for split, each in sets.items()
    }

    def reader(right=("train", "test"), mistakes=0):
        """Knows the digits of some splits by heart, and gets so many of the test digits wrong."""
        table = dict(item for split in right for item in known[split].items())
        for image in list(known["test"])[:mistakes]:
            table[image] = (known["test"][image] + 1) % 10
        return lambda images: torch.tensor([table.get(code(image), 0) for image in images])

    return reader


def test_what_counts_is_the_number_of_wrong_test_digits(digits):
    assert said("lab_mnist_read", digits(mistakes=25))[0] == "right"
    in_both("lab_mnist_read", digits(mistakes=26), "26장을 틀렸고, 25장까지", "26 of 1,000 are wrong, and 25 may be")
    assert "0.9740" in said("lab_mnist_read", digits(mistakes=26))[1]


def logits_of(images):
    return torch.zeros(len(images), 10)


def restless(images):
    return torch.randint(10, (len(images),))


def in_company(images):
    return (torch.arange(len(images)) + len(images) // 1000) % 10


def test_a_wrong_program_is_told_why(digits):
    wrong = [
        (lambda images: torch.full((len(images),), 3), "언제나 같은 대답입니다: 3", "always gives the same answer: 3"),
        (logits_of, "argmax(dim=1)", "argmax(dim=1)"),
        (lambda images: digits()(images).float(), "정수", "whole numbers"),
        (lambda images: digits()(images)[:-1], "(N,)", "(N,)"),
        (lambda images: digits()(images).tolist(), "list", "list"),
        (lambda images: print(end=""), "`None`", "`None`"),
        (restless, "다른 그림들과 함께", "in other company"),
        (in_company, "다른 그림들과 함께", "in other company"),
        (lambda images: (digits()(images) + 1) % 10, "훈련한 신경망입니까", "a trained one"),
        (digits(right=("test",)), "테스트 숫자로 훈련했습니까", "trained on the test digits"),
        (digits(mistakes=500), "테스트 정확도", "test accuracy"),
        (LeNet5(), "함수 `read`를", "the function `read`"),
        (3, "괄호 없이", "without brackets"),
    ]
    for answer, korean, english in wrong:
        in_both("lab_mnist_read", answer, korean, english)


def test_answers_in_the_order_in_which_the_digits_are_stored_are_wrong(digits):
    """Digits come shuffled: one who only knows the list of the right answers reads nothing."""
    known, stored = digits(), data.load("digits", "test", size=32).labels
    given = 0

    def by_place(images):
        nonlocal given
        given += len(images)
        return stored[given - len(images) : given] if given <= len(stored) else known(images)

    status, words = said("lab_mnist_read", by_place)
    assert status == "wrong" and ("in other company" in words or "a trained one" in words)


def test_with_all_of_mnist_the_goal_is_the_lectures(digits, monkeypatch):
    monkeypatch.setenv("CNNBOOK_BUDGET", "full")
    monkeypatch.setattr(lab_mnist.data, "load", lambda name, split, **options: as_mnist(name, split, **options))
    test_set = as_mnist("mnist", "test")
    assert test_set.name == "mnist"
    assert said("lab_mnist_read", digits(mistakes=9))[0] == "right"
    assert said("lab_mnist_read", digits(mistakes=10))[0] == "wrong"


LOAD = data.load


def as_mnist(name, split, **options):
    """The embedded digits under the name of the whole set."""
    found = copy.copy(LOAD("digits", split, size=32))
    object.__setattr__(found, "name", name)
    return found


def test_rounding_may_decide_a_few_and_a_network_in_train_mode_more(digits):
    def reader(changes):
        known = digits()

        def read(images):
            labels = known(images)
            if len(images) <= 50:  # the second time
                labels[:changes] = (labels[:changes] + 1) % 10
            return labels

        return read

    assert said("lab_mnist_read", reader(1))[0] == "right"  # of 50
    in_both("lab_mnist_read", reader(2), "다른 그림들과 함께", "in other company")


def test_images_are_asked_for_by_five_hundred(digits):
    asked = []

    def reader(images):
        asked.append(len(images))
        return digits()(images)

    assert said("lab_mnist_read", reader)[0] == "right" and max(asked) == 500
