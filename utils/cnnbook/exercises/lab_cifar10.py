"""The exercises of lab 02, CIFAR-10: a network, three bugs, a choice on a validation set, a confusion matrix."""

import inspect
import re
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cnnbook import data, train
from cnnbook.exercises import Exercise, Mistake, Text, built, evaluated, labelled, register, stepped, text
from cnnbook.exercises.shared import NOT_A_FUNCTION, NOTHING, chance
from cnnbook.notebook import budget
from cnnbook.verdict import THEIRS

LAB = "02_cifar10"
TO_BEAT = {"cifar10": 0.866, "shapes": 0.7}  # the lecture's accuracy; and above the lab's untuned recipe, measured


# The chapter's network

POOLED = 64 * 6 * 6  # numbers that leave pool2
TABLE = {"conv1": (64, 3, 5, 5), "conv2": (64, 64, 5, 5), "local3": (384, POOLED), "local4": (192, 384)}
SIZES = (2.0, 0.02, 0.02, 0.05, 0.1)  # of the random weights that a network is tried with


def _same_pool(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 3, 2, ceil_mode=True)


def _response(x: Tensor) -> Tensor:
    return functional.local_response_norm(x, 9, alpha=0.001, beta=0.75, k=1.0)


def _tutorial(
    x: Tensor,
    layers: list[tuple[Tensor, Tensor]],
    pool: Callable = _same_pool,
    norm: Callable = _response,
    first: str = "pn",
    second: str = "np",
    relus: str = "1111",
    end: Callable = lambda logits: logits,
) -> Tensor:
    """The tutorial's network on the weights of another; the options are what readers do instead."""
    parts = {"p": pool, "n": norm}
    active = built.activations(relus)
    for (weight, bias), order, relu in zip(layers[:2], (first, second), active[:2], strict=True):
        x = relu(functional.conv2d(x, weight, bias, padding=2))
        for part in order:
            x = parts[part](x)
    x = x.flatten(1)
    for (weight, bias), relu in zip(layers[2:4], active[2:], strict=True):
        x = relu(functional.linear(x, weight, bias))
    return end(functional.linear(x, *layers[4]))


INSTEAD: built.Instead = [
    (
        {"pool": lambda x: functional.max_pool2d(x, 3, 2, padding=1)},
        text(
            ko="풀링을 `padding=1`로 했습니다. 크기는 같지만 창이 한 칸씩 어긋납니다. SAME 패딩은 오른쪽과 아래에만 덧댑니다.",
            en="The pooling has `padding=1`. The sizes agree, but every window stands one cell off. SAME padding adds on the "
            "right and at the bottom only.",
        ),
    ),
    (
        {"pool": lambda x: functional.max_pool2d(x, 2)},
        text(
            ko="풀링의 창이 2칸입니다. 크기는 같지만, 튜토리얼의 창은 3칸이고 서로 겹칩니다.",
            en="The pooling window has 2 cells. The sizes agree, but the tutorial's has 3, and windows overlap.",
        ),
    ),
    ({"pool": lambda x: functional.avg_pool2d(x, 3, 2, ceil_mode=True)}, built.AVERAGE),
    (
        {"norm": lambda x: x},
        text(ko="LRN이 없습니다. norm1과 norm2를 넣으세요.", en="There is no LRN. Put in norm1 and norm2."),
    ),
    (
        {"norm": lambda x: functional.local_response_norm(x, 9, alpha=0.001 / 9, beta=0.75, k=1.0)},
        text(
            ko="LRN의 `alpha`를 9로 두 번 나누었습니다. PyTorch의 층이 스스로 나누므로 `alpha=0.001`이라고 적어야 합니다.",
            en="LRN's `alpha` is divided by 9 twice. PyTorch's layer divides by itself, so write `alpha=0.001`.",
        ),
    ),
    (
        {"norm": lambda x: functional.local_response_norm(x, 9)},
        text(
            ko="LRN이 기본값의 `alpha`를 씁니다. `size=9, alpha=0.001, beta=0.75, k=1.0`입니다.",
            en="LRN runs with its default `alpha`. It is `size=9, alpha=0.001, beta=0.75, k=1.0`.",
        ),
    ),
    (
        {"norm": lambda x: functional.local_response_norm(x, 9, alpha=0.001, beta=0.75, k=2.0)},
        text(ko="LRN의 `k`가 1이 아닙니다.", en="LRN's `k` is not 1."),
    ),
    (
        {"norm": lambda x: functional.local_response_norm(x, 4, alpha=0.001, beta=0.75, k=1.0)},
        text(
            ko="LRN의 `size`에 반지름 4를 적었습니다. 자기를 포함해 2 · 4 + 1 = 9채널입니다.",
            en="LRN's `size` is the radius, 4. With itself it is 2 · 4 + 1 = 9 channels.",
        ),
    ),
    (
        {"first": "np"},
        text(ko="norm1이 pool1보다 먼저 옵니다. 첫째 단에서는 풀링이 먼저입니다.", en="norm1 comes before pool1. In the first stage pooling comes first."),
    ),
    (
        {"second": "pn"},
        text(ko="pool2가 norm2보다 먼저 옵니다. 둘째 단에서는 LRN이 먼저입니다.", en="pool2 comes before norm2. In the second stage LRN comes first."),
    ),
    *built.without_relu("conv1", "conv2", "local3", "local4"),
    *built.ENDINGS,
]


def _network(answer: Any, rng: Random) -> Text | None:
    if isinstance(answer, nn.Module):
        return text(ko="신경망이 아니라 클래스를 괄호 없이 건네세요.", en="Hand in the class itself, not a network: no brackets.")
    if not callable(answer):
        return text(ko="클래스 `CifarNet`이 필요합니다.", en="The class `CifarNet` is needed.")
    classes = rng.randint(11, 40)
    network = answer(classes)
    if not isinstance(network, nn.Module):
        return text(ko="`CifarNet`은 `nn.Module`이어야 합니다.", en="`CifarNet` must be an `nn.Module`.")
    x = torch.randn(3, 3, 24, 24, generator=chance(rng))
    try:
        with torch.no_grad():
            logits = network.eval()(x)
    except RuntimeError as error:
        if "multiplied" not in str(error) and "size mismatch" not in str(error):
            raise
        came = re.search(r"x(\d+) and", str(error))
        if came and int(came[1]) != POOLED:
            return text(
                ko=f"pool2에서 64 · 6 · 6 = 2,304개가 나와야 하는데 {int(came[1]):,}개가 나옵니다. 합성곱의 패딩과 풀링을 확인하세요.",
                en=f"64 · 6 · 6 = 2,304 numbers should leave pool2, and {int(came[1]):,} do. Look at the padding of the convolutions "
                "and at the pooling.",
            )
        return text(
            ko=f"완전 연결층에 들어오는 수의 개수가 맞지 않습니다: {error}",
            en=f"What arrives at a fully connected layer is not what it reads: {error}",
        )
    if not isinstance(logits, Tensor):
        return NOTHING if logits is None else text(ko="텐서를 돌려주어야 합니다.", en="It must return a tensor.")
    if tuple(logits.shape) == (3, 10):
        return text(
            ko=f"클래스를 {classes}개 달라고 했는데 출력이 10개입니다. 출력층에 `classes`를 쓰세요.",
            en=f"Asked for {classes} classes it gives 10. Use `classes` in the output layer.",
        )
    if tuple(logits.shape) != (3, classes):
        return text(
            ko=f"그림 3장을 넣고 클래스를 {classes}개 달라고 했습니다. 출력의 모양: {tuple(logits.shape)}, 기대한 것: {(3, classes)}",
            en=f"For 3 images and {classes} classes the output has the shape {tuple(logits.shape)}, expected: {(3, classes)}",
        )
    table = TABLE | {"softmax_linear": (classes, 192)}
    return built.weights_wrong(network, _layers(network), table) or _computes_other(network, x, table)


def _layers(network: nn.Module) -> built.Layers:
    """The filters and matrices of the layers, with their biases."""
    found = [(getattr(layer, "weight", None), getattr(layer, "bias", None)) for layer in network.modules()]
    return {tuple(weight.shape): (weight, bias) for weight, bias in found if isinstance(weight, Tensor) and weight.ndim > 1}


def _computes_other(network: nn.Module, x: Tensor, table: dict[str, built.Shape]) -> Text | None:
    """Large random weights, with which LRN acts, and the same weights in the tutorial's network."""
    found = _layers(network)
    layers = [found[shape] for shape in table.values()]
    otherwise = text(
        ko="모양과 파라미터는 맞지만 계산이 다릅니다. 층의 차례와 풀링, LRN의 설정, ReLU 넷의 자리를 표와 견주고, 출력이 소프트맥스를 거치지 않은 로짓인지도 확인하세요.",
        en="Shapes and parameters are right, but it computes something else. Compare the order of the layers, the pooling, "
        "the settings of LRN and the places of the four ReLUs with the table, and see that the output is logits, without softmax.",
    )
    with torch.no_grad():
        for (weight, bias), size in zip(layers, SIZES, strict=True):
            weight.normal_(std=size)
            bias.normal_(std=0.5)
        return built.computes_other(network(x), lambda **options: _tutorial(x, layers, **options), INSTEAD, otherwise)


register(Exercise(
    key="lab_cifar10_network",
    lab=LAB,
    test=_network,
    hints=[
        text(
            ko="층마다 한 줄씩, 표의 차례대로 `super().__init__(…)`에 건네면 됩니다. ReLU는 conv1, conv2, local3, local4 뒤에 있습니다.",
            en="Hand the layers to `super().__init__(…)`, a line each, in the order of the table. ReLUs follow conv1, conv2, "
            "local3 and local4.",
        ),
        text(
            ko="폭 24가 24로 남으려면 커널 5의 패딩은 2입니다. 풀링은 `nn.MaxPool2d(3, stride=2, ceil_mode=True)`입니다.",
            en="For a width of 24 to stay 24, a kernel of 5 needs a padding of 2. The pooling is "
            "`nn.MaxPool2d(3, stride=2, ceil_mode=True)`.",
        ),
        text(
            ko="LRN은 `layers.LocalResponseNorm(size=9, alpha=0.001, beta=0.75, k=1.0)`이고, local3은 `nn.Flatten()` 다음의 `nn.Linear(64 * 6 * 6, 384)`입니다.",
            en="LRN is `layers.LocalResponseNorm(size=9, alpha=0.001, beta=0.75, k=1.0)`, and local3, after an `nn.Flatten()`, is "
            "`nn.Linear(64 * 6 * 6, 384)`.",
        ),
    ],
))


# The first bug: the axis of the softmax


def _loss_case(seed: int) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    count, classes = 12 + seed % 9, 3 + seed % 7  # never as many images as classes
    return 2 * torch.randn(count, classes, generator=chance), torch.randint(classes, (count,), generator=chance)


def _picked(values: Tensor, labels: Tensor) -> Tensor:
    return values[torch.arange(len(labels)), labels]


LOSSES = [
    Mistake(
        lambda logits, labels: -_picked(logits.log_softmax(dim=0), labels).mean(),
        text(
            ko="스크립트의 버그가 그대로입니다. 소프트맥스가 아직 배치의 축을 따라 더합니다.",
            en="The script's bug is still in it: the softmax still adds along the axis of the batch.",
        ),
    ),
    Mistake(
        lambda logits, labels: -_picked(logits, labels).mean(),
        text(
            ko="로그 소프트맥스를 빼기만 했습니다. 로짓을 그대로 쓰면 손실이 음수가 되고 끝없이 내려갈 수 있습니다.",
            en="The log softmax is gone altogether. With the logits as they are, the loss turns negative and can fall for ever.",
        ),
    ),
    Mistake(
        lambda logits, labels: -_picked(logits.softmax(dim=1), labels).mean(),
        text(
            ko="축은 맞지만 로그가 빠졌습니다. 확률의 평균이 아니라 확률의 로그의 평균입니다.",
            en="The axis is right, but the logarithm is missing: it is the mean of the log of the probability.",
        ),
    ),
    Mistake(
        lambda logits, labels: functional.cross_entropy(logits.softmax(dim=1), labels),
        text(
            ko="소프트맥스를 두 번 취했습니다. `cross_entropy`는 로짓을 받아 스스로 소프트맥스를 취합니다.",
            en="The softmax is taken twice. `cross_entropy` reads logits and takes it by itself.",
        ),
    ),
    Mistake(
        lambda logits, labels: functional.cross_entropy(logits.log_softmax(dim=0), labels),
        text(
            ko="`cross_entropy` 앞에 `dim=0`의 로그 소프트맥스가 남아 있습니다. 로짓을 그대로 건네세요.",
            en="The log softmax along `dim=0` is still there, before `cross_entropy`. Hand it the logits as they are.",
        ),
    ),
    Mistake(
        lambda logits, labels: -_picked(logits.softmax(dim=0), labels).log().mean() * len(labels),
        text(
            ko="축은 그대로 두고 배치 크기를 곱했습니다. 숫자를 맞출 것이 아니라 더하는 축을 바꾸세요.",
            en="The axis is as it was, and the batch size was multiplied in. Do not adjust the number: change the axis.",
        ),
    ),
    Mistake(
        lambda logits, labels: functional.cross_entropy(logits, labels, reduction="sum"),
        text(
            ko="더하기만 하고 평균을 내지 않았습니다. 그러면 손실이 배치 크기에 따라 달라집니다.",
            en="It is the sum, not the mean. Then the loss depends on the batch size.",
        ),
    ),
    Mistake(
        lambda logits, labels: functional.cross_entropy(logits, labels) / logits.shape[1],
        text(ko="N이 아니라 N · K로 나누었습니다.", en="It is divided by N · K instead of N."),
    ),
    Mistake(
        lambda logits, labels: -logits.log_softmax(dim=1)[:, labels].mean(),
        text(
            ko="그림마다 자기 레이블 하나가 아니라 모든 그림의 레이블을 골랐습니다. `[torch.arange(N), labels]`로 짝을 지으세요.",
            en="Each row is asked for the labels of all images. Pair row and label: `[torch.arange(N), labels]`.",
        ),
    ),
    Mistake(
        lambda logits, labels: -functional.cross_entropy(logits, labels),
        text(ko="부호가 반대입니다.", en="The sign is the wrong way round."),
    ),
    Mistake(
        lambda logits, labels: -_picked(logits.log_softmax(dim=0), labels).mean() - np.log(len(labels) / logits.shape[1]),
        text(
            ko="축은 그대로 두고 상수를 빼서 시작값만 ln K로 맞추었습니다. 그레이디언트는 스크립트의 것 그대로입니다.",
            en="The axis is as it was, and a constant was taken off so that it starts at ln K. The gradient is still the script's.",
        ),
    ),
]


def _loss(answer: Any, rng: Random) -> Text | None:
    if not callable(answer):
        return NOT_A_FUNCTION
    seeds = [rng.randrange(2**31) for _ in range(20)]
    logits, labels = _loss_case(seeds[0])
    found = answer(logits.clone().requires_grad_(), labels)
    if found is None:
        return NOTHING
    if isinstance(found, Tensor) and found.numel() != 1:
        return text(
            ko=f"수 하나가 필요한데 모양이 {tuple(found.shape)}입니다. 평균을 내세요.",
            en=f"One number is needed, and this has the shape {tuple(found.shape)}. Take the mean.",
        )

    def losses(function: Callable) -> list[float]:
        return [float(function(*_loss_case(seed))) for seed in seeds]

    mine, right = losses(answer), losses(functional.cross_entropy)
    if np.allclose(mine, right, rtol=1e-4, atol=1e-6):
        if isinstance(found, Tensor) and found.requires_grad:
            return _far_off_wrong(answer)
        return text(
            ko="값은 맞지만 그레이디언트가 이어지지 않습니다. `.item()`, `.detach()`, NumPy를 쓰면 역전파할 수 없습니다.",
            en="The value is right, but no gradient passes: with `.item()`, `.detach()` or NumPy one cannot backpropagate.",
        )
    for mistake in LOSSES:
        if np.allclose(mine, losses(mistake.wrong), rtol=1e-4, atol=1e-6):
            return mistake.says
    return text(
        ko=f"로짓이 {tuple(logits.shape)}일 때 손실이 {mine[0]:.4f}입니다. 기대한 것: {right[0]:.4f}. 행마다 확률의 합이 1인지 확인하세요.",
        en=f"For logits {tuple(logits.shape)} the loss is {mine[0]:.4f}, expected: {right[0]:.4f}. Do the probabilities of each "
        "row sum to 1?",
    )


def _far_off_wrong(answer: Callable) -> Text | None:
    if np.isclose(float(answer(torch.tensor([[200.0, 0.0, 0.0]]), torch.tensor([1]))), 200):
        return None
    return text(
        ko="값은 맞지만 확률을 구한 다음 로그를 취했습니다. 로짓의 차이가 200쯤 되면 확률이 0으로 반올림되어 손실이 inf가 됩니다. `log_softmax`나 `cross_entropy`를 쓰세요.",
        en="The values are right, but the logarithm is taken of probabilities. Where logits differ by about 200 a probability rounds "
        "to 0 and the loss is inf. Use `log_softmax` or `cross_entropy`.",
    )


register(Exercise(
    key="lab_cifar10_loss",
    lab=LAB,
    test=_loss,
    hints=[
        text(
            ko="로짓은 (N, K)입니다. 어느 축을 따라 더해야 그림 하나의 확률이 합해서 1이 됩니까?",
            en="The logits are (N, K). Along which axis must one add for the probabilities of one image to make 1?",
        ),
        text(
            ko="`dim=0`은 그림의 축, `dim=1`은 클래스의 축입니다. 나머지 줄은 그대로 두어도 됩니다.",
            en="`dim=0` is the axis of the images, `dim=1` that of the classes. The other lines may stay as they are.",
        ),
    ],
))


# The second bug: gradients that pile up


def _other_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """A loss that is not the one at hand, so that one sees which was used."""
    return 1.5 * functional.cross_entropy(logits, labels, label_smoothing=0.2)


def _new_optimizer(network, optimizer, loss_function, x, labels) -> float:
    fresh = torch.optim.SGD(network.parameters(), lr=optimizer.param_groups[0]["lr"], momentum=0.9)
    return stepped.step(network, fresh, loss_function, x, labels)


STEPS = [
    Mistake(
        stepped.stepping("fbs"),
        text(
            ko="스크립트의 버그가 그대로입니다. 지난 걸음의 그레이디언트에 이번 것이 더해집니다.",
            en="The script's bug is still in it: this step's gradient is added to those of all steps before.",
        ),
    ),
    Mistake(
        stepped.stepping("fbcs"),
        text(
            ko="그레이디언트를 자르기만 했습니다. 커지지는 않아도 방향은 여전히 옛 그레이디언트의 합입니다. 증상이 아니라 원인을 없애세요.",
            en="You clipped the gradient. It no longer grows, but its direction is still that of the old gradients' sum: remove "
            "the cause, not the symptom.",
        ),
    ),
    Mistake(
        _new_optimizer,
        text(
            ko="걸음마다 옵티마이저를 새로 만들면 모멘텀이 사라집니다. 건네받은 `optimizer`를 쓰세요.",
            en="A new optimizer at every step loses its momentum. Use the `optimizer` that is handed in.",
        ),
    ),
    Mistake(
        stepped.by_loss(functional.cross_entropy),
        text(
            ko="건네받은 `loss_function`을 쓰지 않고 다른 손실로 움직입니다.",
            en="It moves by another loss. Use the `loss_function` that is handed in.",
        ),
    ),
]


def _step(answer: Any, rng: Random) -> Text | None:
    return stepped.wrong(answer, rng, _other_loss, STEPS)


register(Exercise(
    key="lab_cifar10_step",
    lab=LAB,
    test=_step,
    hints=[
        text(
            ko="`backward`는 `grad`를 새로 쓰지 않고 더합니다. 누군가는 먼저 지워야 합니다.",
            en="`backward` does not overwrite `grad`, it adds to it. Somebody has to erase it first.",
        ),
        text(
            ko="`loss.backward()`보다 앞에 `optimizer.zero_grad()`를 넣으세요.",
            en="Put `optimizer.zero_grad()` somewhere before `loss.backward()`.",
        ),
    ],
))


# The third bug: measured in train mode


def _accuracy(answer: Any, rng: Random) -> Text | None:
    return evaluated.wrong(answer, rng, _in_training)


def _in_training(answer: Callable, scenes: list[evaluated.Scene]) -> Text:
    norms, drops, _ = zip(*(each for scene in scenes for each in scene.seen), strict=True)
    if not any(drops):
        return text(
            ko="드롭아웃은 껐지만 배치 정규화가 아직 배치의 평균을 씁니다. 신경망 전체를 평가 모드로 바꾸세요.",
            en="Dropout is off, but batch normalisation still takes the mean of the batch. Put the whole network into eval mode.",
        )
    if not any(norms):
        return text(
            ko="배치 정규화는 옳지만 드롭아웃이 아직 유닛을 끕니다. 신경망 전체를 평가 모드로 바꾸세요.",
            en="Batch normalisation is right, but dropout still switches units off. Put the whole network into eval mode.",
        )
    if not all(norm for norm, _, _ in scenes[0].seen):
        return text(
            ko="첫 배치를 아직 훈련 모드로 재었습니다. 반복문보다 앞에서 평가 모드로 바꾸세요.",
            en="The first batch was still measured in train mode. Switch to eval mode before the loop.",
        )
    after = []  # the state of torch's random numbers after it, from two different ones before it
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            answer(scenes[0].network.train(), scenes[0].given())
            after.append(torch.random.get_rng_state())
    if torch.equal(*after):
        return text(
            ko="난수 시드를 정해 두 번의 값을 같게 만들었을 뿐, 드롭아웃은 여전히 켜져 있습니다. 증상이 아니라 원인을 없애세요.",
            en="A fixed seed makes two calls agree, but dropout is still on. Remove the cause, not the symptom.",
        )
    return text(
        ko="아직 훈련 모드로 잽니다. `torch.no_grad()`는 그레이디언트만 끌 뿐이고, 드롭아웃과 배치 정규화의 모드는 바꾸지 않습니다.",
        en="It still measures in train mode. `torch.no_grad()` only switches gradients off; it does not change the mode of "
        "dropout and batch normalisation.",
    )


register(Exercise(
    key="lab_cifar10_accuracy",
    lab=LAB,
    test=_accuracy,
    hints=[
        text(
            ko="드롭아웃과 배치 정규화는 훈련할 때와 평가할 때 다르게 움직입니다. 어느 쪽인지는 `network.train()`과 `network.eval()`이 정합니다.",
            en="Dropout and batch normalisation act differently in training and in evaluation. `network.train()` and "
            "`network.eval()` say which.",
        ),
        text(
            ko="들어올 때의 `network.training`을 기억해 두고 `network.eval()`을 부르세요. 다 재면 `network.train(기억한 값)`으로 되돌립니다.",
            en="Remember `network.training` as it is when it comes, call `network.eval()`, and at the end put it back with "
            "`network.train(what_you_remembered)`.",
        ),
    ],
))


# Reading a confusion matrix


def _matrix_case(rng: Random) -> dict:
    """Unequal rows, a clear most confused pair, now and then a class that is never named."""
    while True:
        count = rng.randint(4, 7)
        rows = [[rng.randint(0, 12) for _ in range(count)] for _ in range(count)]
        for label in range(count):
            rows[label][label] = rng.randint(5, 60)
        matrix = torch.tensor(rows)
        if rng.random() < 0.3:
            matrix[:, rng.randrange(count)] = 0
        if rng.random() < 0.2:
            matrix[rng.randrange(count)] = 0
        pairs = matrix + matrix.T
        largest = torch.triu(pairs, diagonal=1).flatten().sort(descending=True).values
        if largest[0] > largest[1]:
            return {"matrix": matrix}


def _safe(part: Tensor, whole: Tensor) -> Tensor:
    return torch.where(whole > 0, part / whole.clamp(min=1), torch.zeros(len(part)))


def _recall_precision(matrix: Tensor) -> tuple[Tensor, Tensor]:
    right = matrix.diagonal().float()
    return _safe(right, matrix.sum(dim=1)), _safe(right, matrix.sum(dim=0))


register(Exercise(
    key="lab_cifar10_recall_precision",
    lab=LAB,
    case=_matrix_case,
    reference=_recall_precision,
    mistakes=[
        Mistake(
            lambda matrix: _recall_precision(matrix)[::-1],
            text(
                ko="재현율과 정밀도가 바뀌었습니다. 재현율은 행(정답)의 합으로, 정밀도는 열(대답)의 합으로 나눕니다.",
                en="Recall and precision are swapped. Recall divides by the sum of the row, the true class; precision by that of "
                "the column, the answer.",
            ),
        ),
        Mistake(
            lambda matrix: (matrix.diagonal() / matrix.sum(dim=1), matrix.diagonal() / matrix.sum(dim=0)),
            text(
                ko="한 번도 나오지 않은 클래스에서 0으로 나누어 NaN이 됩니다. 그런 클래스는 0이어야 합니다.",
                en="A class that never occurs gives NaN, 0 divided by 0. It should be 0.",
            ),
        ),
        Mistake(
            lambda matrix: (matrix.diagonal() / matrix.sum(), matrix.diagonal() / matrix.sum()),
            text(
                ko="전체 수로 나누었습니다. 클래스마다 자기 행과 열의 합으로 나누세요.",
                en="You divided by the number of all images. Divide by the sum of each class's own row and column.",
            ),
        ),
        Mistake(
            lambda matrix: (_recall_precision(matrix)[0], _recall_precision(matrix)[0]),
            text(
                ko="둘 다 행의 합으로 나누었습니다. 정밀도는 열의 합으로 나눕니다.",
                en="Both are divided by the sum of the row. Precision divides by that of the column.",
            ),
        ),
        Mistake(
            lambda matrix: (_recall_precision(matrix)[1], _recall_precision(matrix)[1]),
            text(
                ko="둘 다 열의 합으로 나누었습니다. 재현율은 행의 합으로 나눕니다.",
                en="Both are divided by the sum of the column. Recall divides by that of the row.",
            ),
        ),
        Mistake(
            lambda matrix: tuple(1 - share for share in _recall_precision(matrix)),
            text(
                ko="틀린 것의 비율입니다. 1에서 뺀 값이 재현율과 정밀도입니다.",
                en="Those are the shares of the mistakes: recall and precision are 1 minus them.",
            ),
        ),
        Mistake(
            lambda matrix: tuple(share.mean() for share in _recall_precision(matrix)),
            text(
                ko="클래스들의 평균만 돌려주었습니다. 클래스마다 하나씩 필요합니다.",
                en="Those are means over the classes. One value a class is needed.",
            ),
        ),
    ],
    hints=[
        text(
            ko="맞힌 수는 `matrix.diagonal()`입니다. 행의 합은 `matrix.sum(dim=1)`, 열의 합은 `matrix.sum(dim=0)`입니다.",
            en="Those that are right are `matrix.diagonal()`; rows sum to `matrix.sum(dim=1)`, columns to `matrix.sum(dim=0)`.",
        ),
        text(
            ko="합이 0일 때 0으로 나누지 않으려면 `.clamp(min=1)`을 쓰세요. 그러면 0 / 1 = 0입니다.",
            en="Where a sum is 0, `.clamp(min=1)` keeps you from dividing by it: 0 / 1 = 0.",
        ),
    ],
))


def _most_confused(matrix: Tensor) -> tuple[int, int]:
    pairs = torch.triu(matrix + matrix.T, diagonal=1)
    first, second = divmod(int(pairs.argmax()), len(matrix))
    return first, second


def _cell(matrix: Tensor) -> tuple[int, int]:
    """Row and column of the largest number."""
    return divmod(int(matrix.argmax()), matrix.shape[1])


def _off(matrix: Tensor) -> Tensor:
    return matrix - torch.diag(matrix.diagonal())


def _ordered(pair: tuple[int, int]) -> tuple[int, int]:
    return min(pair), max(pair)


DIAGONAL = text(
    ko="대각선에서 골랐습니다. 대각선은 맞힌 것이니 빼고 고르세요.",
    en="You picked from the diagonal, where the right answers are. Leave it out.",
)


register(Exercise(
    key="lab_cifar10_most_confused",
    lab=LAB,
    case=_matrix_case,
    reference=_most_confused,
    mistakes=[
        Mistake(lambda matrix: _cell(matrix), DIAGONAL),
        Mistake(lambda matrix: _cell(matrix + matrix.T), DIAGONAL),
        Mistake(
            lambda matrix: _cell(_off(matrix)),
            text(
                ko="한 칸만 보았습니다. a를 b라고 한 것과 b를 a라고 한 것을 더해서 견주고, 작은 번호를 앞에 놓으세요.",
                en="You looked at single cells. Compare the sums of both directions, a called b and b called a, and put the smaller "
                "number first.",
            ),
        ),
        Mistake(
            lambda matrix: _ordered(_cell(_off(matrix))),
            text(
                ko="한 방향만 보았습니다. a를 b라고 한 것과 b를 a라고 한 것을 더해서 견주세요.",
                en="You looked at one direction. Compare the sums of both: a called b and b called a.",
            ),
        ),
        Mistake(
            lambda matrix: _most_confused(matrix)[::-1],
            text(ko="짝은 맞지만 순서가 바뀌었습니다. 작은 번호가 앞입니다.", en="The pair is right, its order is not: the smaller number comes first."),
        ),
        Mistake(
            lambda matrix: int(torch.triu(matrix + matrix.T, diagonal=1).argmax()),
            text(
                ko="펼친 행렬에서의 자리입니다. 클래스 수로 나눈 몫과 나머지가 두 클래스입니다.",
                en="That is the place in the flattened matrix. Quotient and remainder by the number of classes are the two classes.",
            ),
        ),
        Mistake(
            lambda matrix: int(torch.triu(matrix + matrix.T, diagonal=1).max()),
            text(ko="헷갈린 횟수입니다. 두 클래스의 번호가 필요합니다.", en="That is how often. The numbers of the two classes are needed."),
        ),
    ],
    hints=[
        text(
            ko="`matrix + matrix.T`는 두 방향을 더한 것이고 대칭입니다. `torch.triu(…, diagonal=1)`은 대각선 위쪽만 남깁니다.",
            en="`matrix + matrix.T` adds the two directions and is symmetric. `torch.triu(…, diagonal=1)` keeps what is above the "
            "diagonal.",
        ),
        text(
            ko="`argmax`가 준 자리를 `divmod(place, len(matrix))`로 나누면 행과 열입니다. `int(…)`로 바꾸어 돌려주세요.",
            en="`divmod(place, len(matrix))` turns the place that `argmax` gives into row and column; make it an `int` first.",
        ),
    ],
))


NAMES = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay")


def _reading_case(rng: Random) -> dict:
    """Matrices in which the typical mistakes give other names."""
    while True:
        matrix = _matrix_case(rng)["matrix"]
        recall, _ = _recall_precision(matrix)
        more = matrix.sum(dim=0) - matrix.sum(dim=1)
        apart = [recall.sort().values.diff()[:1].min() > 0, more.sort(descending=True).values[:2].diff()[0] < 0]
        if all(apart) and (matrix.sum(dim=1) > 0).all():
            return {"matrix": matrix, "classes": tuple(rng.sample(NAMES, len(matrix)))}


def _reading(matrix: Tensor, classes: tuple[str, ...], **instead: Any) -> dict[str, Any]:
    recall, precision = _recall_precision(matrix)
    more = matrix.sum(dim=0) - matrix.sum(dim=1)
    a, b = _most_confused(matrix)
    right = {
        "hardest": classes[int(recall.argmin())],
        "overcalled": classes[int(more.argmax())],
        "gain": float(matrix[a, b] + matrix[b, a]) / float(matrix.sum()),
    }
    scope = {"matrix": matrix, "classes": classes, "recall": recall, "precision": precision, "more": more, "pair": (a, b)}
    return right | {name: found(**scope) for name, found in instead.items()}


def _read_as(**instead: Callable) -> Callable:
    return lambda matrix, classes: _reading(matrix, classes, **instead)


register(Exercise(
    key="lab_cifar10_reading",
    lab=LAB,
    case=_reading_case,
    reference=_reading,
    mistakes=[
        Mistake(
            _read_as(hardest=lambda matrix, classes, **_: classes[int(matrix.diagonal().argmin())]),
            text(
                ko="`hardest`를 맞힌 수로 골랐습니다. 클래스마다 그림 수가 다르면 수가 아니라 비율, 곧 재현율을 보아야 합니다.",
                en="`hardest` was picked by the number of right answers. Where classes have unequal numbers of images, look at the "
                "share: the recall.",
            ),
        ),
        Mistake(
            _read_as(hardest=lambda classes, precision, **_: classes[int(precision.argmin())]),
            text(
                ko="`hardest`를 정밀도로 골랐습니다. 가장 적게 찾아낸 클래스는 재현율이 가장 낮은 클래스입니다.",
                en="`hardest` was picked by precision. The class that is found least is the one of the lowest recall.",
            ),
        ),
        Mistake(
            _read_as(overcalled=lambda matrix, classes, **_: classes[int(matrix.sum(dim=0).argmax())]),
            text(
                ko="`overcalled`를 불린 횟수만으로 골랐습니다. 그림이 많은 클래스는 많이 불려도 지나친 것이 아닙니다. 있는 수를 빼세요.",
                en="`overcalled` was picked by how often it is named. A class with many images is named often by right: subtract "
                "how many there are.",
            ),
        ),
        Mistake(
            _read_as(overcalled=lambda classes, more, **_: classes[int(more.argmin())]),
            text(
                ko="`overcalled`의 부호가 반대입니다. 실제보다 적게 불린 클래스를 골랐습니다.",
                en="The sign of `overcalled` is the wrong way round: that class is named too rarely.",
            ),
        ),
        Mistake(
            _read_as(gain=lambda matrix, pair, **_: float(matrix[pair]) / float(matrix.sum())),
            text(
                ko="`gain`에 한 방향만 넣었습니다. 두 방향을 더하세요.",
                en="`gain` holds one direction only. Add the other.",
            ),
        ),
        Mistake(
            _read_as(
                gain=lambda matrix, pair, **_: float(matrix[pair] + matrix.T[pair]) / max(1.0, float(_off(matrix).sum()))
            ),
            text(
                ko="`gain`을 틀린 것의 수로 나누었습니다. 정확도에 보태지는 몫은 전체 그림 수로 나눈 것입니다.",
                en="`gain` was divided by the number of mistakes. What accuracy gains is the share of all images.",
            ),
        ),
        Mistake(
            _read_as(gain=lambda matrix, pair, **_: float(matrix[pair] + matrix.T[pair])),
            text(
                ko="`gain`이 그림의 수입니다. 전체 그림 수로 나누어 0에서 1까지로 만드세요.",
                en="`gain` is a number of images. Divide by all images, so that it is between 0 and 1.",
            ),
        ),
        *(
            Mistake(
                wrong,
                text(
                    ko="`hardest`와 `overcalled`에는 번호가 아니라 이름, `classes[번호]`가 필요합니다.",
                    en="`hardest` and `overcalled` need the name, `classes[number]`, not the number.",
                ),
            )
            for wrong in (
                lambda matrix, classes: _reading(matrix, tuple(range(len(matrix)))),
                _read_as(hardest=lambda recall, **_: int(recall.argmin())),
                _read_as(overcalled=lambda more, **_: int(more.argmax())),
            )
        ),
    ],
    hints=[
        text(
            ko="앞의 두 함수를 쓰세요. `hardest`는 재현율이 가장 낮은 클래스의 이름입니다.",
            en="Use your two functions. `hardest` is the name of the class with the lowest recall.",
        ),
        text(
            ko="열의 합은 불린 횟수, 행의 합은 있는 수입니다. `overcalled`는 그 차가 가장 큰 클래스입니다.",
            en="A column sums to how often a class is named, a row to how many there are. `overcalled` has the largest difference.",
        ),
        text(
            ko="`a, b = most_confused(matrix)`일 때 `gain`은 `(matrix[a, b] + matrix[b, a]) / matrix.sum()`이고 `float`입니다.",
            en="With `a, b = most_confused(matrix)`, `gain` is `(matrix[a, b] + matrix[b, a]) / matrix.sum()`, as a `float`.",
        ),
    ],
))


# A choice on a validation set


class _Measure:
    """Stands in for the training of a recipe: keeps what it is given, and knows how good each recipe would be."""

    def __init__(self, rng: Random) -> None:
        names = rng.sample(["a", "b", "c", "d", "e", "f"], rng.randint(3, 6))
        rates = rng.sample(range(1, 100), len(names))
        self.recipes = {name: {"network": nn.Identity, "lr": rate / 1000} for name, rate in zip(names, rates, strict=True)}
        scores = sorted(rng.sample(range(30, 70), len(names)))
        self.best, self.worst, self.by_heart = rng.sample(names, 3)
        middle = [name for name in names if name not in (self.best, self.worst)]
        ranked = [self.worst, *middle, self.best]
        self.scores = {name: score / 100 for name, score in zip(ranked, scores, strict=True)}
        per_class, classes = rng.randint(15, 25), 5
        labels = torch.arange(classes).repeat_interleave(per_class)  # in order, as files in folders are
        self.images = data.ImageSet(_numbered(len(labels), 0), labels, tuple("vwxyz"), name="images")
        self.calls: list[tuple[Any, Any, Any]] = []

    def __call__(self, recipe: Any, training: Any, validation: Any) -> float:
        self.calls.append((recipe, training, validation))
        name = self.name(recipe)
        if name is None:
            raise _Stop
        if isinstance(training, data.ImageSet) and _ids(training) & _ids(validation):
            return 0.99 if name == self.by_heart else self.scores[name] + 0.2
        return self.scores[name]

    def name(self, recipe: Any) -> str | None:
        if not isinstance(recipe, dict):
            return None
        return next((name for name, known in self.recipes.items() if known.get("lr") == recipe.get("lr")), None)


class _Stop(Exception):
    """The answer's call of `measure` cannot be used."""


def _numbered(count: int, first: int) -> Tensor:
    """Images (count, 1, 2, 2) that carry their own number."""
    numbers = torch.arange(first, first + count)
    low, high = numbers % 256, numbers // 256
    return torch.stack([low, high, low, high], dim=1).to(torch.uint8).view(-1, 1, 2, 2)


def _ids(images: Any) -> set[int]:
    if not isinstance(images, data.ImageSet) or images.images.shape[1:] != (1, 2, 2):
        return {-1}  # other images
    flat = images.images.flatten(1).long()
    return set((flat[:, 0] + 256 * flat[:, 1]).tolist())


def _tune(answer: Any, rng: Random) -> Text | None:
    if not callable(answer):
        return NOT_A_FUNCTION
    for _ in range(5):
        measure = _Measure(rng)
        try:
            found = answer(dict(measure.recipes), measure.images, measure)
        except _Stop:
            found = None
        if wrong := _calls_wrong(measure) or _choice_wrong(measure, found):
            return wrong
    return None


def _calls_wrong(measure: _Measure) -> Text | None:
    """What is wrong with what `measure` was given."""
    if not measure.calls:
        return text(ko="`measure`를 한 번도 부르지 않았습니다.", en="`measure` is never called.")
    everything = _ids(measure.images)
    for recipe, training, validation in measure.calls:
        if measure.name(recipe) is None:
            return text(
                ko="`measure`의 첫째는 레시피 자체, 곧 `recipes[name]`이어야 합니다.",
                en="The first thing that `measure` gets must be the recipe itself: `recipes[name]`.",
            )
        if not all(isinstance(part, data.ImageSet) for part in (training, validation)):
            return text(
                ko="`measure`의 둘째와 셋째는 `ImageSet`이어야 합니다. `images.split(0.8)`이 둘을 줍니다.",
                en="The second and the third thing that `measure` gets must be an `ImageSet`. `images.split(0.8)` gives two.",
            )
        if not _ids(training) | _ids(validation) <= everything:
            return text(
                ko="`images`에 없는 그림으로 쟀습니다. 테스트 세트이거나, 함수 밖에 있는 `training`, `validation`입니까? 건네받은 `images`를 나누세요.",
                en="You measured on images that are not among `images`. Is it the test set, or the `training` and `validation` from "
                "outside the function? Split the `images` handed in.",
            )
        if _ids(training) & _ids(validation):
            return text(
                ko="검증 그림이 훈련에도 쓰였습니다. 겹치면 외운 레시피가 이깁니다.",
                en="Images of the validation set are also trained on. Where they overlap, a recipe wins that learns by heart.",
            )
        classes = len(measure.images.classes)
        if min(len(set(part.labels.tolist())) for part in (training, validation)) < classes:
            return text(
                ko="한쪽에 없는 클래스가 있습니다. 그림이 클래스 순서로 놓여 있을 수 있으니 `images.split(0.8)`처럼 클래스마다 나누세요.",
                en="Some classes are missing on one side. The images may be in the order of their classes: split each class, as "
                "`images.split(0.8)` does.",
            )
        share = len(validation) / len(measure.images)
        if not 0.04 <= share <= 0.5 or len(training) < 0.4 * len(measure.images):
            return text(
                ko=f"훈련에 {len(training)}장, 검증에 {len(validation)}장을 썼습니다(전체 {len(measure.images)}장). 5분의 4쯤을 훈련에 쓰고 나머지로 "
                "검증하세요.",
                en=f"You train on {len(training)} and validate on {len(validation)} of {len(measure.images)} images. Train on about "
                "four fifths, validate on the rest.",
            )
    if any(_ids(validation) != _ids(measure.calls[0][2]) for _, _, validation in measure.calls):
        return text(
            ko="레시피마다 다른 그림으로 검증했습니다. 같은 그림에서 재야 견줄 수 있습니다.",
            en="Each recipe was validated on other images. They can be compared only on the same ones.",
        )
    names = [measure.name(recipe) for recipe, _, _ in measure.calls]
    missing = [name for name in measure.recipes if name not in names]
    if missing:
        return text(
            ko=f"재지 않은 레시피가 있습니다({len(missing)}개). 모두 재세요.",
            en=f"Some recipes were not measured ({len(missing)}). Measure them all.",
        )
    if len(names) > len(measure.recipes):
        return text(
            ko=f"레시피 {len(measure.recipes)}개를 {len(names)}번 쟀습니다. 예산은 레시피마다 훈련 한 번입니다. 잰 값을 기억해 두세요.",
            en=f"{len(measure.recipes)} recipes were measured {len(names)} times. The budget is one training each: keep what you "
            "measured.",
        )
    return None


def _choice_wrong(measure: _Measure, found: Any) -> Text | None:
    if found is None:
        return NOTHING
    if isinstance(found, str) and found in measure.recipes:
        if found == measure.best:
            return None
        if found == measure.worst:
            return text(
                ko="정확도가 가장 낮은 레시피를 골랐습니다.", en="That is the recipe with the lowest accuracy."
            )
        return text(
            ko=f"고른 레시피의 정확도는 {measure.scores[found]:.2f}인데 {measure.scores[measure.best]:.2f}인 것이 있습니다.",
            en=f"The accuracy of the recipe you chose is {measure.scores[found]:.2f}, and there is one with "
            f"{measure.scores[measure.best]:.2f}.",
        )
    if isinstance(found, (tuple, list)):
        return text(
            ko="여러 값을 돌려주었습니다. 고른 레시피의 이름 하나만 돌려주세요.",
            en="You return several things. Return the name of the chosen recipe alone.",
        )
    if isinstance(found, dict):
        ko, en = ("레시피를", "a recipe") if found in measure.recipes.values() else ("표를", "a table")
        return text(
            ko=f"{ko} 돌려주었습니다. 고른 레시피의 이름이 필요합니다.",
            en=f"You return {en}. The name of the chosen recipe is needed.",
        )
    if isinstance(found, float):
        return text(
            ko="정확도를 돌려주었습니다. 고른 레시피의 이름이 필요합니다.",
            en="You return an accuracy. The name of the chosen recipe is needed.",
        )
    return text(
        ko="돌려준 것이 레시피의 이름이 아닙니다. `recipes`의 키 가운데 하나여야 합니다.",
        en="What you return is no recipe's name. It must be one of the keys of `recipes`.",
    )


register(Exercise(
    key="lab_cifar10_tune",
    lab=LAB,
    test=_tune,
    hints=[
        text(
            ko="먼저 `training, validation = images.split(0.8)`로 한 번만 나누고, 레시피마다 `measure`를 한 번씩 부르세요.",
            en="Split once, `training, validation = images.split(0.8)`, then call `measure` once for each recipe.",
        ),
        text(
            ko="잰 값을 이름을 키로 하는 딕셔너리 `found`에 모으면 `max(found, key=found.get)`이 답입니다.",
            en="Collect what you measure in a dict `found` by name; then `max(found, key=found.get)` is the answer.",
        ),
    ],
))


# The reader's recipes

SETTINGS = [
    name for name in inspect.signature(train.fit).parameters
    if name not in ("model", "train", "test", "epochs", "minutes", "normalize", "precision", "checkpoint", "patience",
                    "seed", "callbacks", "quiet")
]  # fmt: skip


def _recipes(answer: Any, rng: Random) -> Text | None:
    answer = answer() if callable(answer) and not isinstance(answer, nn.Module) else answer
    if answer is None:
        return NOTHING
    if not isinstance(answer, dict) or not all(isinstance(recipe, dict) for recipe in answer.values()):
        return text(
            ko="이름에서 레시피로 가는 딕셔너리가 필요하고, 레시피도 저마다 딕셔너리여야 합니다.",
            en="A dict from names to recipes is needed, and each recipe must be a dict as well.",
        )
    if len(answer) < 3:
        return text(
            ko=f"레시피가 {len(answer)}개입니다. 셋은 있어야 고를 것이 있습니다.",
            en=f"Recipes: {len(answer)}. For a choice there should be three.",
        )
    for name, recipe in answer.items():
        if wrong := _recipe_wrong(str(name), recipe):
            return wrong
    names = list(answer)
    alike = [(a, b) for place, a in enumerate(names) for b in names[:place] if answer[a] == answer[b]]
    if alike:
        return text(
            ko=f"`{alike[0][1]}`와 같은 레시피가 또 있습니다: `{alike[0][0]}`",
            en=f"`{alike[0][0]}` is the same recipe as `{alike[0][1]}`.",
        )
    tiny = data.ImageSet(
        torch.randint(256, (20, 3, 32, 32), dtype=torch.uint8, generator=chance(rng)),
        torch.arange(20) % 10,
        tuple("abcdefghij"),
    )
    for name, recipe in answer.items():
        settings = {key: value for key, value in recipe.items() if key != "network"}
        try:
            network = recipe["network"]()
            history = train.fit(network, tiny, epochs=1, normalize="image", quiet=True, **settings)
            train.evaluate(network, tiny.centre(24), like=history)
        except THEIRS as error:
            if "multiplied" in str(error) and data.augmented(tiny.images[:1], recipe.get("augment") or []).shape[-1] == 32:
                return text(
                    ko=f"레시피 `{name}`: 신경망은 24픽셀을 읽는데 32픽셀 그림이 들어갔습니다. `augment`의 목록에 `data.crop(size=24)`를 넣으세요.",
                    en=f"Recipe `{name}`: the network reads 24 pixels and got images of 32. Put `data.crop(size=24)` into the list "
                    "`augment`.",
                )
            return text(
                ko=f"레시피 `{name}`: 그림 20장으로 훈련해 보니 오류가 났습니다. {type(error).__name__}: {error}",
                en=f"Recipe `{name}`: trained on 20 images, it raised an error. {type(error).__name__}: {error}",
            )
    return None


def _recipe_wrong(name: str, recipe: dict) -> Text | None:
    if "network" not in recipe:
        return text(
            ko=f"레시피 `{name}`: `network`가 없습니다. 신경망을 만드는 함수입니다.",
            en=f"Recipe `{name}` has no `network`, the function that makes the network.",
        )
    if isinstance(recipe["network"], nn.Module) or not callable(recipe["network"]):
        return text(
            ko=f"레시피 `{name}`: `network`는 신경망이 아니라 새 신경망을 만드는 함수여야 합니다. 그래야 훈련마다 처음부터 시작합니다.",
            en=f"Recipe `{name}`: `network` must be a function that makes a new network, not a network, so that every training "
            "starts afresh.",
        )
    if isinstance(recipe.get("optimizer"), type):
        return text(
            ko=f"레시피 `{name}`: `optimizer`에는 클래스가 아니라 이름을 적습니다. 예: `\"adam\"`",
            en=f"Recipe `{name}`: `optimizer` is a name, not a class, for example `\"adam\"`.",
        )
    timed = [key for key in ("epochs", "minutes") if key in recipe]
    if timed:
        return text(
            ko=f"레시피 `{name}`: 훈련 길이는 예산이 정합니다. 빼야 할 것: `{timed[0]}`",
            en=f"Recipe `{name}`: the budget says how long training lasts. Leave out `{timed[0]}`.",
        )
    unknown = [key for key in recipe if key not in (*SETTINGS, "network")]
    if unknown:
        return text(
            ko=f"레시피 `{name}`: 모르는 설정이 있습니다: `{unknown[0]}`. 쓸 수 있는 것: {', '.join(SETTINGS)}",
            en=f"Recipe `{name}` has an unknown setting, `{unknown[0]}`. There are: {', '.join(SETTINGS)}",
        )
    return None


register(Exercise(
    key="lab_cifar10_recipes",
    lab=LAB,
    test=_recipes,
    hints=[
        text(
            ko="기준 레시피에서 한 가지씩 바꾸면 무엇이 도움이 되는지 보입니다. 짧은 훈련에서는 학습률과 일정이 가장 중요합니다.",
            en="Change one thing at a time from the baseline, and you see what helps. In a short training the learning rate and its "
            "schedule matter most.",
        ),
        text(
            ko='`UNTUNED | {"lr": 0.05, "schedule": "onecycle"}`처럼 바꿉니다. 신경망을 바꿔 볼 수도 있습니다: `"network": with_batch_norm`',
            en='Write it like `UNTUNED | {"lr": 0.05, "schedule": "onecycle"}`. You may change the network, too: '
            '`"network": with_batch_norm`',
        ),
    ],
))


# The number to beat


LABEL = text(ko="레이블", en="label")


def _test_set() -> data.ImageSet:
    if budget() == "full":
        return labelled.loaded("cifar10", "test", fallback="shapes")
    return labelled.loaded("shapes", "test", count=1000)


def _beat(answer: Any, rng: Random) -> Text | None:
    if isinstance(answer, nn.Module):
        return text(
            ko="신경망이 아니라 함수 `classify`를 건네세요. 그림을 어떻게 자르고 표준화하는지는 그 함수만 압니다.",
            en="Hand in the function `classify`, not a network: it alone knows how images are cut and standardised.",
        )
    if not callable(answer):
        return NOT_A_FUNCTION
    test_set = _test_set()
    order = torch.randperm(len(test_set), generator=chance(rng))
    images, labels = test_set.images[order], test_set.labels[order]
    try:
        found = labelled.labels_of(answer, images)
    except THEIRS as error:
        if wrong := _call_failed(answer, error):
            return wrong
        raise
    if wrong := labelled.not_labels(found, len(test_set), LABEL):
        return wrong
    if labelled.depends_on_company(answer, found, images, labels):
        return text(
            ko="같은 그림을 다른 그림들과 함께 넣으면 대답이 달라집니다. 신경망이 훈련 모드입니까? 아니면 그림마다가 아니라 묶음 전체로 표준화했습니까?",
            en="The same images get other answers in other company. Is the network in train mode? Or are images standardised over the "
            "whole batch instead of each by itself?",
        )
    accuracy = float((found == labels).float().mean())
    goal = TO_BEAT["shapes" if test_set.name == "shapes" else "cifar10"]
    if len(set(found.tolist())) == 1:
        return text(ko=f"언제나 같은 대답입니다: {int(found[0])}", en=f"It always gives the same answer: {int(found[0])}")
    if accuracy < 0.2:
        return text(
            ko=f"테스트 정확도가 {accuracy:.3f}로, 찍는 것과 비슷합니다. 그림을 훈련할 때처럼 0에서 1까지의 수로 바꾸고, 한가운데 24픽셀을 "
            "자르고, 표준화했습니까?",
            en=f"Test accuracy {accuracy:.3f}, about as good as guessing. Are the images made into numbers from 0 to 1, cut to the "
            "middle 24 pixels and standardised as in training?",
        )
    if accuracy <= goal:
        return text(
            ko=f"테스트 정확도는 {accuracy:.3f}입니다. 넘을 수: {goal:.3f}. 검증 세트에서는 더 높았습니까? 그렇다면 `classify`가 그림을 훈련 때와 "
            "다르게 다룹니다(한가운데 24픽셀, 그림마다 표준화). 아니라면 검증 세트에서 더 나은 레시피를 찾은 다음 다시 오세요.",
            en=f"Test accuracy {accuracy:.3f}; to beat: {goal:.3f}. Was it higher on the validation set? Then `classify` treats images "
            "otherwise than training did (the middle 24 pixels, each image standardised). If not, find a better recipe on the "
            "validation set, then come back.",
        )
    if test_set.name == "shapes":
        return _only_there(answer, accuracy, rng)
    return None


def _call_failed(answer: Any, error: BaseException) -> Text | None:
    """What an error in the reader's `classify` most often comes from, where it is one of those."""
    if isinstance(error, (TypeError, AttributeError)) and getattr(answer, "__globals__", {}).get("final", answer) is None:
        return text(
            ko="`final`이 아직 없습니다. `tune`과 `recipes`의 검사를 통과한 다음 그 아래 셀을 다시 실행하세요.",
            en="There is no `final` yet: pass the checks of `tune` and `recipes`, then run the cell below them again.",
        )
    if isinstance(error, RuntimeError) and ("multiplied" in str(error) or "should be the same" in str(error)):
        return text(
            ko=f"신경망에 넣을 수 없는 그림입니다. 한가운데 24픽셀을 잘랐습니까? 0에서 1까지의 수로 바꾸었습니까? ({error})",
            en=f"The network cannot read these images. Are the middle 24 pixels cut out, and the numbers made 0 to 1? ({error})",
        )
    return None


def _only_there(answer: Callable, accuracy: float, rng: Random) -> Text | None:
    """Whether the answer knows the test set only: shapes drawn just now tell."""
    new = labelled.loaded("shapes", "test", count=600, seed=rng.randint(1, 10**6))
    there = float((labelled.labels_of(answer, new.images) == new.labels).float().mean())
    if there > accuracy - 0.12:  # four standard errors of the difference, and more
        return None
    return text(
        ko=f"테스트 세트에서는 {accuracy:.3f}인데, 방금 새로 그린 그림에서는 {there:.3f}입니다. 테스트 그림이 훈련에 들어갔습니까?",
        en=f"{accuracy:.3f} on the test set, but {there:.3f} on images drawn just now. Did test images get into the training?",
    )


register(Exercise(
    key="lab_cifar10_beat",
    lab=LAB,
    test=_beat,
    hints=[
        text(
            ko="`data.to_float`, 한가운데 24픽셀, `data.augmented(x, data.standardize())`, `network.eval()`, `argmax(dim=1)`의 차례입니다.",
            en="In this order: `data.to_float`, the middle 24 pixels, `data.augmented(x, data.standardize())`, `network.eval()`, "
            "`argmax(dim=1)`.",
        ),
        text(
            ko="그림과 그 거울상의 확률을 평균하면 훈련하지 않고도 조금 나아질 수 있습니다.",
            en="Averaging the probabilities of an image and its mirror image may add a little without any training.",
        ),
        text(
            ko="정확도가 모자라면 레시피를 바꾸세요. 한 번 올렸다 내리는 `onecycle`은 학습률 0.05에서 잘 됩니다.",
            en="If accuracy falls short, change the recipe: `onecycle`, which goes up once and comes down, works well at a rate of 0.05.",
        ),
    ],
))
