"""The exercises of lab 05: maps caught on their way, Grad-CAM, occlusion, neighbours, and a photo in another's style."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from functools import lru_cache, partial
from io import StringIO
from itertools import combinations, product, starmap
from math import isfinite
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cnnbook import models
from cnnbook.data import to_float
from cnnbook.exercises import Exercise, Mistake, Text, register, text
from cnnbook.exercises.labelled import loaded
from cnnbook.exercises.shared import NOT_A_FUNCTION, NOTHING, chance, near
from cnnbook.look import gradcam, style_transfer
from cnnbook.look.style_transfer import gram, relative

LAB = "05_looking_inside"
LAYERS: dict[str, Any] = {  # whose distance counts
    "style_layers": [f"network.features.{name}" for name in ("relu1", "fire2", "fire3", "fire4", "fire5", "fire7")],
    "content_layers": ["network.features.fire7"],
}
SHIFTS = [(0, 0), (1, 1), (2, 3), (3, 2)]  # pixels down and right by which a picture is moved to be measured
STYLE, CONTENT = 1 / 6, 0.8  # at most: the style loss in units of the photo's own, the content loss
SMALLEST = 128  # pixels, of the closing task

HOOKS = text(
    ko="함수가 끝난 뒤에도 훅이 남아 있습니다. `register_forward_hook`이 돌려준 손잡이마다 `remove()`를 부르세요.",
    en="Hooks are left after the function has returned. Call `remove()` on every handle that `register_forward_hook` gave.",
)
MODE = text(
    ko="신경망의 모드(훈련, 평가)가 바뀌었습니다. 함수는 신경망을 들어올 때의 모드 그대로 두어야 합니다.",
    en="The network's mode, train or eval, has changed. The function must leave it as it came.",
)


def _left_behind(network: nn.Module) -> Text | None:
    """What the reader's function has left on a network, or changed, that came in eval mode."""
    if any(module._forward_hooks or module._forward_pre_hooks for module in network.modules()):
        return HOOKS
    return MODE if network.training else None


def _shapes(mine: Tensor, other: Tensor) -> Text:
    got, expected = tuple(mine.shape), tuple(other.shape)
    return text(ko=f"모양이 {got}입니다. {expected}이어야 합니다.", en=f"The shape is {got}; it must be {expected}.")


def _network(rng: Random) -> nn.Sequential:
    """A small network in eval mode, each of whose layers gives something else."""
    first, second = rng.randint(3, 5), rng.randint(4, 7)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.randrange(2**31))
        network = nn.Sequential(OrderedDict(
            conv1=nn.Conv2d(3, first, 3),
            norm1=nn.BatchNorm2d(first),
            relu1=nn.ReLU(),
            block=nn.Sequential(OrderedDict(conv=nn.Conv2d(first, second, 3), relu=nn.ReLU())),
            drop=nn.Dropout(0.5),
            flatten=nn.Flatten(),
            output=nn.Linear(second * 5 * 4, 5),
        ))
        nn.init.normal_(network.norm1.bias, 0.3, 0.3)
        nn.init.normal_(network.output.weight, std=0.5)
    return network.eval()


def _images(rng: Random, count: int) -> Tensor:
    return torch.rand(count, 3, 9, 8, generator=chance(rng))


# Activations caught by hooks


INTO = {"conv1": "x", "relu1": "norm1", "block": "relu1", "block.conv": "relu1"}  # layer → what goes into it


def _flow(network: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What each layer of `_network` puts out, by name; and "x"."""
    with torch.no_grad():
        return {"x": x, **gradcam.activations(network, [name for name, _ in network.named_modules() if name], x)[1]}


TWO = text(
    ko="함수는 둘을 돌려주어야 합니다. 신경망의 출력과, 층의 이름에서 특징 맵으로 가는 딕셔너리입니다: `return output, maps`",
    en="The function must return two things, the network's output and a dict from names of layers to what they put out: "
    "`return output, maps`.",
)


def _collect_test(answer: Any, rng: Random) -> Text | None:
    if not callable(answer) or isinstance(answer, type):
        return NOT_A_FUNCTION
    network, x = _network(rng), _images(rng, 2)
    layers = rng.sample(list(INTO), 3)
    right = _flow(network, x)
    given = answer(network, layers, x)
    if given is None:
        return NOTHING
    if not isinstance(given, (tuple, list)) or len(given) != 2 or not isinstance(given[1], dict):
        return TWO
    output, maps = given
    if wrong := _wrong_maps(maps, layers, right):
        return wrong
    if not isinstance(output, Tensor) or not near(output.detach(), right["output"]):
        return text(
            ko="첫째로 돌려준 것이 신경망의 출력이 아닙니다. `network(x)`가 돌려주는 로짓을 그대로 돌려주세요.",
            en="What you return first is not the network's output. Return the logits that `network(x)` gives, as they are.",
        )
    if not all(maps[name].requires_grad for name in layers) or not output.requires_grad:
        return text(
            ko="값은 맞지만 계산 그래프에서 떨어져 있어서 그레이디언트를 구할 수 없습니다. `detach()`, `torch.no_grad()`, NumPy를 거치지 말고 그대로 모으세요. "
            "다음 절에서 그레이디언트가 필요합니다.",
            en="The values are right, but they are cut off from the graph, so that no gradient can be taken. Keep them as they "
            "are, without `detach()`, `torch.no_grad()` or NumPy: the next section needs gradients.",
        )
    gradients = torch.autograd.grad(output.sum(), list(maps.values()), allow_unused=True)
    if any(each is None for each in gradients):
        return text(
            ko="모은 것이 신경망이 지나간 그 텐서가 아니라 사본입니다. 출력이 거기에 기대지 않아서 그레이디언트가 없습니다. `output`을 그대로 넣으세요.",
            en="What you collected are copies, not the tensors that the network went on with: the output does not depend on them, "
            "so they have no gradient. Store the `output` itself.",
        )
    if wrong := _left_behind(network):
        return wrong
    with suppress(Exception):  # as it should: the network cannot read four channels
        answer(network, layers, torch.zeros(1, 4, 9, 8))
    if _left_behind(network) is HOOKS:
        return text(
            ko="신경망이 오류를 내면 훅이 남습니다. 채널이 넷인 그림을 넣어 보았습니다. `try:` 안에서 신경망을 부르고 `finally:` 안에서 훅을 떼세요.",
            en="Where the network fails, hooks are left: we fed it images of four channels. Call the network inside `try:` and "
            "remove the hooks inside `finally:`.",
        )
    return None


def _wrong_maps(maps: dict, layers: list[str], right: dict[str, Tensor]) -> Text | None:
    if set(maps) != set(layers):
        if any(isinstance(key, nn.Module) for key in maps):
            return text(
                ko="딕셔너리의 키가 층(모듈)입니다. 키는 층의 이름, 곧 문자열이어야 합니다.",
                en="The keys of the dict are the layers themselves (modules). They must be the layers' names, strings.",
            )
        if set(maps) == {layers[-1]}:
            return text(
                ko="마지막 이름만 남았습니다. 반복문 안에서 만든 훅이 이름을 나중에 찾기 때문입니다. 훅이 불릴 때 변수는 이미 마지막 이름입니다. 이름을 받아 훅을 돌려주는 함수를 만드세요.",
                en="Only the last name is there. A hook made inside a loop looks its name up late: when it is called, the variable "
                "already is the last name. Make the hook in a function that takes the name.",
            )
        return text(
            ko=f"층의 이름 {sorted(layers)}이 키여야 하는데 {sorted(map(str, maps))}입니다.",
            en=f"The keys must be the layers' names {sorted(layers)}; they are {sorted(map(str, maps))}.",
        )
    for name in layers:
        mine, after = maps[name], right[name]
        if not isinstance(mine, Tensor):
            return text(
                ko=f"`{name}`의 값이 텐서가 아니라 {type(mine).__name__}입니다. 훅의 셋째 인수인 출력을 그대로 넣으세요.",
                en=f"The value of `{name}` is no tensor but of type {type(mine).__name__}. Store the hook's third argument, the "
                "output, as it is.",
            )
        alike = [other for other in right if near(mine.detach(), right[other])]
        if name in alike:
            continue
        if INTO[name] in alike:
            return text(
                ko=f"`{name}`에 들어간 것을 모았습니다. 나온 것을 모으세요. 훅은 `(층, 입력, 출력)`을 받습니다.",
                en=f"You collected what went into `{name}`. Collect what came out: a hook is given `(layer, inputs, output)`.",
            )
        if alike:
            return text(
                ko=f"`{name}`의 자리에 다른 층 `{alike[0]}`의 출력이 들어 있습니다.",
                en=f"In the place of `{name}` is the output of another layer, `{alike[0]}`.",
            )
        if mine.shape != after.shape:
            return _shapes(mine, after)
        return text(
            ko=f"`{name}`의 값이 다릅니다. 그림 `x`를 신경망 전체에 넣고 그때 그 층에서 나온 것을 모으세요.",
            en=f"The values of `{name}` differ. Feed `x` to the whole network, and collect what leaves that layer then.",
        )
    return None


register(Exercise(
    key="lab_looking_collect",
    lab=LAB,
    test=_collect_test,
    hints=[
        text(
            ko="`dict(network.named_modules())`에서 이름으로 층을 찾습니다. `층.register_forward_hook(f)`는 층이 계산을 마칠 때마다 `f(층, 입력, 출력)`을 부르고, "
            "훅을 떼는 손잡이를 돌려줍니다.",
            en="`dict(network.named_modules())` finds a layer by its name. `layer.register_forward_hook(f)` calls `f(layer, inputs, "
            "output)` whenever the layer is done, and returns a handle that removes the hook.",
        ),
        text(
            ko="이름마다 제 훅이 있어야 합니다. `def keep(name):` 안에 `def hook(layer, inputs, output): maps[name] = output`을 쓰고 "
            "`return hook`을 합니다.",
            en="Every name needs its own hook: inside `def keep(name):` write `def hook(layer, inputs, output): maps[name] = output`, "
            "then `return hook`.",
        ),
        text(
            ko="손잡이를 리스트에 모으고, `try:` 안에서 `output = network(x)`를, `finally:` 안에서 `handle.remove()`를 부릅니다.",
            en="Collect the handles in a list; call `output = network(x)` inside `try:`, and `handle.remove()` inside `finally:`.",
        ),
    ],
))


# Grad-CAM, from activations and gradients


def _cam(
    activations: Tensor,
    gradients: Tensor,
    weigh: Callable[[Tensor], Tensor] = lambda gradients: gradients.mean(dim=(2, 3), keepdim=True),
    add: Callable[[Tensor], Tensor] = lambda maps: maps.sum(dim=1),
    end: Callable[[Tensor], Tensor] = functional.relu,
) -> Tensor:
    """Grad-CAM's maps; the options are what readers do instead."""
    return end(add(weigh(gradients) * activations))


def _cam_case(rng: Random) -> dict:
    size = (rng.randint(1, 3), rng.randint(2, 5), rng.randint(2, 5), rng.randint(2, 5))
    numbers = chance(rng)
    return {
        "activations": torch.randn(size, generator=numbers),  # also of layers without a ReLU
        "gradients": torch.randn(size, generator=numbers) + 0.2,
    }


register(Exercise(
    key="lab_looking_cam",
    lab=LAB,
    case=_cam_case,
    reference=_cam,
    mistakes=[
        Mistake(partial(_cam, end=lambda total: total), text(
            ko="음수가 남아 있습니다. 다 더한 다음 ReLU로 음수를 0으로 만드세요. 이 클래스에 반대하는 자리는 지우는 것입니다.",
            en="Negative values are left. After the sum, set them to 0 with a ReLU: places that speak against the class go.",
        )),
        Mistake(partial(_cam, add=lambda maps: maps.relu().sum(dim=1)), text(
            ko="ReLU를 채널마다 먼저 씌우고 더했습니다. 채널을 모두 더한 다음에 한 번 씌우세요. 그래야 찬성과 반대가 서로 지워집니다.",
            en="You applied the ReLU to each channel and then added. Add the channels first and apply it once, so that those "
            "for and those against can cancel.",
        )),
        Mistake(partial(_cam, weigh=lambda gradients: gradients), text(
            ko="그레이디언트를 자리마다 그대로 곱했습니다. Grad-CAM은 먼저 채널마다 모든 자리에서 평균을 내어 가중치 하나로 만듭니다.",
            en="You multiplied by the gradient of each place. Grad-CAM first averages it over all places, into one weight a channel.",
        )),
        Mistake(partial(_cam, weigh=lambda gradients: gradients.sum(dim=(2, 3), keepdim=True)), text(
            ko="그레이디언트를 더했습니다. 자리에 대해 평균을 내세요.",
            en="You summed the gradients. Take their mean over the places.",
        )),
        Mistake(partial(_cam, weigh=lambda gradients: gradients.mean(dim=1, keepdim=True)), text(
            ko="채널에 대해 평균을 냈습니다. 가중치는 채널마다 하나이니, 두 공간 축 `dim=(2, 3)`에서 평균을 내세요.",
            en="You averaged over the channels. There is one weight a channel: average over the two spatial axes, `dim=(2, 3)`.",
        )),
        Mistake(partial(_cam, add=lambda maps: maps.mean(dim=1)), text(
            ko="채널의 평균을 냈습니다. 채널을 더하세요.",
            en="You took the mean of the channels. Add them.",
        )),
        Mistake(partial(_cam, end=torch.abs), text(
            ko="절댓값을 취했습니다. 반대하는 자리가 찬성하는 자리처럼 밝아집니다. 음수는 0이 되어야 합니다.",
            en="You took the absolute value, which makes places against the class as bright as those for it. Negative values "
            "must become 0.",
        )),
        Mistake(lambda activations, gradients: _cam(gradients, activations), text(
            ko="둘이 바뀌었습니다. 평균을 내어 가중치로 쓸 것은 그레이디언트이고, 지도가 되는 것은 활성값입니다.",
            en="The two are swapped. The gradients are averaged into weights; the activations make the map.",
        )),
        Mistake(partial(_cam, weigh=lambda gradients: gradients.mean(dim=(2, 3), keepdim=True).relu()), text(
            ko="음수인 가중치를 버렸습니다. 가중치는 부호 그대로 쓰고, ReLU는 다 더한 지도에만 씌우세요.",
            en="You dropped the negative weights. Keep the weights' signs; the ReLU is for the summed map alone.",
        )),
    ],
    hints=[
        text(
            ko="가중치는 `gradients.mean(dim=(2, 3), keepdim=True)`입니다. 모양은 (N, K, 1, 1)입니다.",
            en="The weights are `gradients.mean(dim=(2, 3), keepdim=True)`, of shape (N, K, 1, 1).",
        ),
        text(
            ko="`(가중치 * activations).sum(dim=1)`의 음수를 `clamp(min=0)`으로 지웁니다.",
            en="Take `(weights * activations).sum(dim=1)` and set what is negative to 0 by `clamp(min=0)`.",
        ),
    ],
))


# Grad-CAM of a network


def _class_map(network: nn.Module, layer: str, x: Tensor, target: Tensor, score: Callable | None = None) -> Tensor:
    """Grad-CAM with the gradient of what `score` makes of logits and target: of each image's own logit."""
    with torch.enable_grad():
        logits, maps = gradcam.activations(network, [layer], x)
        chosen = (score or _own)(logits, target).sum()
    (gradient,) = torch.autograd.grad(chosen, maps[layer])
    return _cam(maps[layer], gradient).detach()


def _own(logits: Tensor, target: Tensor) -> Tensor:
    return logits.gather(1, target[:, None])


CLASS_MAPS = [  # what readers take the gradient of, instead
    Mistake(partial(_class_map, score=lambda logits, target: _own(logits.softmax(dim=1), target)), text(
        ko="확률의 그레이디언트를 구했습니다. 소프트맥스를 거치면 다른 클래스의 로짓까지 섞입니다. 로짓의 그레이디언트를 구하세요.",
        en="You took the gradient of the probability. After softmax the logits of other classes come in as well: take that of "
        "the logit.",
    )),
    Mistake(partial(_class_map, score=partial(functional.cross_entropy, reduction="sum")), text(
        ko="손실의 그레이디언트를 구했습니다. 손실은 로짓이 클수록 줄어드니 부호가 거꾸로입니다. 로짓의 그레이디언트를 구하세요.",
        en="You took the gradient of the loss. That falls as the logit rises, so the sign is the other way round: take that of "
        "the logit.",
    )),
    Mistake(partial(_class_map, score=functional.cross_entropy), text(
        ko="손실의 평균의 그레이디언트를 구했습니다. 그림마다 제 클래스의 로짓을 더한 것의 그레이디언트를 구하세요.",
        en="You took the gradient of the mean loss. Take that of the sum of each image's own logit.",
    )),
    Mistake(partial(_class_map, score=lambda logits, target: _own(logits, target).mean()), text(
        ko="로짓의 평균을 냈습니다. 그러면 그레이디언트가 그림의 수만큼 작아집니다. 더하세요. 그림끼리는 섞이지 않습니다.",
        en="You averaged the logits, which divides each gradient by the number of images. Add them: images do not mix.",
    )),
    Mistake(partial(_class_map, score=lambda logits, target: logits[:, target[0]]), text(
        ko="모든 그림에 첫 그림의 클래스를 썼습니다. 그림 n에는 `target[n]`을 쓰세요.",
        en="You used the first image's class for all. Image n has `target[n]`.",
    )),
    Mistake(partial(_class_map, score=lambda logits, target: logits[:, target]), text(
        ko="`logits[:, target]`은 그림마다 모든 target의 로짓을 고릅니다. 그림 n에서는 `target[n]` 하나만 골라야 합니다: "
        "`logits[range(N), target]` 또는 `gather`.",
        en="`logits[:, target]` picks the logits of all targets for each image. Image n needs `target[n]` alone: "
        "`logits[range(N), target]`, or `gather`.",
    )),
    Mistake(partial(_class_map, score=lambda logits, target: logits), text(
        ko="모든 클래스의 로짓을 더했습니다. 그림마다 `target`의 로짓 하나만 고르세요.",
        en="You added the logits of all classes. Pick that of `target` for each image.",
    )),
    Mistake(partial(_class_map, score=lambda logits, target: logits.amax(dim=1)), text(
        ko="신경망이 고른 클래스를 썼습니다. 물은 것은 `target`입니다.",
        en="You used the class that the network gives. The question was about `target`.",
    )),
]


def _same_map(mine: Tensor, other: Tensor) -> bool:
    return near(100 * mine, 100 * other)  # the maps' values are small


def _class_map_case(rng: Random) -> tuple[nn.Module, str, Tensor, Tensor]:
    """A network, a layer, images and targets for which the right map and those of all wrong gradients differ."""
    while True:
        network, x, layer = _network(rng), _images(rng, 3), rng.choice(["relu1", "block", "block.conv"])
        case = network, layer, x, torch.tensor(rng.sample(range(5), 3))
        right, wrongs = _class_map(*case), [each.wrong(*case) for each in CLASS_MAPS]
        if right.amax(dim=(1, 2)).min() > 0.01 and not any(starmap(_same_map, combinations([right, *wrongs], 2))):
            return case


def _class_map_test(answer: Any, rng: Random) -> Text | None:
    if not callable(answer) or isinstance(answer, type):
        return NOT_A_FUNCTION
    network, layer, x, target = _class_map_case(rng)
    right = _class_map(network, layer, x, target)
    given = answer(network, layer, x.clone(), target.clone())
    if given is None:
        return NOTHING
    if not isinstance(given, Tensor):
        return text(
            ko=f"텐서가 아니라 {type(given).__name__}을 돌려줍니다. 지도 (N, h, w)를 돌려주세요.",
            en=f"You return something of type {type(given).__name__}, no tensor. Return maps (N, h, w).",
        )
    mine = given.detach()
    if mine.shape != right.shape:
        if mine.shape[-2:] == x.shape[2:]:
            return text(
                ko="지도를 그림의 크기로 키웠습니다. 여기서는 층의 크기 그대로 돌려주고, 키우는 일은 그릴 때 합니다.",
                en="You enlarged the maps to the size of the images. Return them in the size of the layer; drawing enlarges them.",
            )
        return _shapes(mine, right)
    if not _same_map(mine, right):
        for each in CLASS_MAPS:
            if _same_map(mine, each.wrong(network, layer, x, target)):
                return each.says
        return text(
            ko="값이 다릅니다. 층 `layer`의 활성값과, 그림마다 `target`의 로짓을 그 활성값으로 미분한 그레이디언트로 지도를 만드세요.",
            en="The values differ. The map is made from the activations of `layer` and from the gradient in them of each image's "
            "`target` logit.",
        )
    if any(parameter.grad is not None for parameter in network.parameters()):
        return text(
            ko="지도는 맞지만 신경망의 파라미터에 그레이디언트가 쌓였습니다. `backward()`는 모든 파라미터의 `grad`에 더합니다. "
            "`torch.autograd.grad(로짓, 활성값)`은 필요한 것만 구합니다.",
            en="The maps are right, but gradients have piled up in the network's parameters: `backward()` adds to the `grad` of all "
            "of them. `torch.autograd.grad(logit, activations)` computes what is needed and no more.",
        )
    return _left_behind(network)


register(Exercise(
    key="lab_looking_class_map",
    lab=LAB,
    test=_class_map_test,
    hints=[
        text(
            ko="`logits, maps = collect_now(network, [layer], x)`로 둘을 함께 얻습니다. 그림 n의 로짓은 `logits[n, target[n]]`이고, 한꺼번에는 "
            "`logits.gather(1, target[:, None])`입니다.",
            en="`logits, maps = collect_now(network, [layer], x)` gives both. The logit of image n is `logits[n, target[n]]`; all at once, "
            "`logits.gather(1, target[:, None])`.",
        ),
        text(
            ko="`(gradients,) = torch.autograd.grad(고른 로짓의 합, maps[layer])`로 그레이디언트를 얻어 `cam_now`에 넘깁니다.",
            en="`(gradients,) = torch.autograd.grad(sum of the chosen logits, maps[layer])` are the gradients; hand them to `cam_now`.",
        ),
    ],
))


# Occlusion


class _Score:
    """Images (B, C, H, W) → (B,): a sum of weighted pixels, squeezed."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight

    def __call__(self, images: Tensor) -> Tensor:
        return (images * self.weight).sum(dim=(1, 2, 3)).tanh()

    def __repr__(self) -> str:
        return "score"


def _occlusion(
    score: Callable,
    image: Tensor,
    size: int,
    stride: int,
    fill: Tensor,
    hide: Callable[[Tensor], Tensor] = lambda square: square,
    end: Callable[[int, int], int] = lambda side, size: side - size + 1,
    pile: bool = False,
) -> Tensor:
    """The score with a square covered, by its place; the options are what readers do instead."""
    tops, lefts = (range(0, end(side, size), stride) for side in image.shape[1:])
    scores = []
    for top, left in product(tops, lefts):
        square = torch.zeros(image.shape[1:], dtype=torch.bool)
        square[top : top + size, left : left + size] = True
        covered = torch.where(hide(square), fill, image)
        scores.append(float(score(covered[None])[0]))
        image = covered if pile else image
    return torch.tensor(scores).reshape(len(tops), len(lefts))


def _occlusion_case(rng: Random) -> dict:
    size, stride = rng.sample(range(1, 4), 2)
    height, width = (size + stride * rng.randint(2, 4) for _ in range(2))
    numbers = chance(rng)
    return {
        "score": _Score(torch.randn(3, height, width, generator=numbers) / (height * width) ** 0.5),
        "image": torch.rand(3, height, width, generator=numbers),
        "size": size,
        "stride": stride,
        "fill": torch.rand(3, 1, 1, generator=numbers),
    }


register(Exercise(
    key="lab_looking_occlusion",
    lab=LAB,
    case=_occlusion_case,
    cases=30,
    reference=_occlusion,
    mistakes=[
        Mistake(partial(_occlusion, pile=True), text(
            ko="사각형이 쌓입니다. 앞에서 가린 곳이 그대로 남아 있습니다. 자리마다 `image`의 새 사본(`image.clone()`)을 가리세요.",
            en="The squares pile up: what was covered before stays covered. For each place, cover a new copy, `image.clone()`.",
        )),
        Mistake(
            lambda score, image, size, stride, fill: score(image[None])[0] - _occlusion(score, image, size, stride, fill),
            text(
                ko="점수가 떨어진 양을 돌려줍니다. 여기서는 가렸을 때의 점수 그대로를 돌려주세요.",
                en="You return by how much the score falls. Return the score with the square there, as it is.",
            ),
        ),
        Mistake(lambda score, image, size, stride, fill: _occlusion(score, image, stride, size, fill), text(
            ko="`size`와 `stride`가 바뀌었습니다. 사각형의 한 변이 `size`이고, 다음 자리는 `stride`픽셀 옆입니다.",
            en="`size` and `stride` are swapped. The square has `size` pixels a side; the next place is `stride` pixels further.",
        )),
        Mistake(partial(_occlusion, end=lambda side, size: side - size), text(
            ko="마지막 행과 열이 빠졌습니다. 사각형은 `side - size`에도 놓입니다. 파이썬의 `range`는 끝을 포함하지 않으니 `side - size + 1`까지 돕니다.",
            en="The last row and column are missing. The square also stands at `side - size`; as `range` leaves out its end, go up to "
            "`side - size + 1`.",
        )),
        Mistake(partial(_occlusion, end=lambda side, size: side), text(
            ko="사각형이 그림 밖으로 나갑니다. 다 들어가는 자리만 세세요: `range(0, side - size + 1, stride)`",
            en="Squares reach beyond the image. Only those count that lie in it whole: `range(0, side - size + 1, stride)`.",
        )),
        Mistake(partial(_occlusion, hide=torch.logical_not), text(
            ko="사각형만 남기고 나머지를 가렸습니다. 사각형 안을 가리세요.",
            en="You covered everything but the square. Cover the square.",
        )),
        Mistake(partial(_occlusion, hide=lambda square: square.any(dim=1, keepdim=True)), text(
            ko="그림의 너비를 다 가리는 띠를 칠했습니다. 행도 열도 조각으로 고르세요: `[:, top : top + size, left : left + size]`",
            en="You painted strips as wide as the image. Slice rows and columns: `[:, top : top + size, left : left + size]`.",
        )),
        Mistake(lambda score, image, size, stride, fill: _occlusion(score, image, size, stride, 0 * fill), text(
            ko="`fill` 대신 0으로 칠했습니다. 0은 검은색이라 그 자체가 무늬가 될 수 있습니다. 건네받은 색을 쓰세요.",
            en="You painted with 0 and not with `fill`. 0 is black, which can be a pattern of its own: use the colour given.",
        )),
        Mistake(
            partial(_occlusion, hide=lambda square: square * torch.tensor([True, False, False])[:, None, None]),
            text(
                ko="빨강 채널만 가렸습니다. 세 채널을 모두 가리세요: `[:, …]`",
                en="You covered the red channel alone. Cover all three: `[:, …]`.",
            ),
        ),
    ],
    hints=[
        text(
            ko="위쪽 끝 `top`은 `range(0, 높이 - size + 1, stride)`를 돌고, 왼쪽 끝 `left`는 너비로 같은 일을 합니다.",
            en="The upper edge `top` runs through `range(0, height - size + 1, stride)`, the left edge `left` likewise by the width.",
        ),
        text(
            ko="자리마다 `covered = image.clone()`을 만들어 `covered[:, top : top + size, left : left + size] = fill`로 가리고, "
            "`score(covered[None])`의 값을 그 행의 리스트에 넣습니다.",
            en="For each place make `covered = image.clone()`, cover it by `covered[:, top : top + size, left : left + size] = fill`, and "
            "append the value of `score(covered[None])` to the list of that row.",
        ),
    ],
))


# Nearest neighbours by the cosine


def _nearest(
    queries: Tensor,
    known: Tensor,
    count: int,
    scale: Callable[[Tensor], Tensor] = functional.normalize,
    pick: Callable[[Tensor, int], Tensor] = lambda cosines, count: cosines.topk(count, dim=1).indices,
) -> Tensor:
    """Which of `known` have the largest cosines with each query; the options are what readers do instead."""
    return pick(scale(queries) @ scale(known).T, count)


def _nearest_case(rng: Random) -> dict:
    numbers, width = chance(rng), rng.randint(3, 6)
    known = torch.randn(rng.randint(6, 9), width, generator=numbers) + 1.0
    lengths = torch.rand(len(known), 1, generator=numbers) * 4 + 0.5
    queries = torch.randn(rng.randint(2, 4), width, generator=numbers) + 1.0
    return {"queries": queries, "known": known * lengths, "count": rng.randint(2, 3)}


register(Exercise(
    key="lab_looking_nearest",
    lab=LAB,
    case=_nearest_case,
    reference=_nearest,
    mistakes=[
        Mistake(partial(_nearest, scale=lambda vectors: vectors), text(
            ko="내적이 가장 큰 것을 골랐습니다. 내적은 긴 벡터에 유리합니다. `known`의 벡터를 길이로 나누세요.",
            en="You picked the largest products, and those favour long vectors. Divide the vectors of `known` by their lengths.",
        )),
        Mistake(
            lambda queries, known, count: torch.cdist(queries, known).topk(count, dim=1, largest=False).indices,
            text(
                ko="유클리드 거리가 가장 작은 것을 골랐습니다. 여기서는 방향만 보는 코사인을 씁니다. 벡터를 저마다의 길이로 나눈 다음 곱하세요.",
                en="You picked the smallest Euclidean distances. Here the cosine counts, which sees directions alone: divide each vector by "
                "its length, then multiply.",
            ),
        ),
        Mistake(partial(_nearest, pick=lambda cosines, count: (-cosines).topk(count, dim=1).indices), text(
            ko="코사인이 가장 작은 것, 곧 가장 먼 것을 골랐습니다. 코사인은 클수록 가깝습니다.",
            en="You picked the smallest cosines, the furthest. The larger the cosine, the nearer.",
        )),
        Mistake(partial(_nearest, pick=lambda cosines, count: cosines.topk(count, dim=1).values), text(
            ko="코사인의 값을 돌려줍니다. `known`에서 몇 번째인지, 번호를 돌려주세요: `topk(…).indices`",
            en="You return the cosines. Return which of `known` they belong to: `topk(…).indices`.",
        )),
        Mistake(partial(_nearest, scale=partial(functional.normalize, dim=0)), text(
            ko="벡터가 아니라 특징마다(열마다) 길이를 나누었습니다. `dim=1`에서 나누세요.",
            en="You normalised each feature, column by column, not each vector. Normalise along `dim=1`.",
        )),
        Mistake(
            partial(_nearest, scale=lambda vectors: functional.normalize(vectors - vectors.mean(dim=1, keepdim=True))),
            text(
                ko="벡터에서 평균을 뺐습니다. 그것은 상관 계수입니다. 코사인은 빼지 않고 길이로만 나눕니다.",
                en="You subtracted each vector's mean: that is the correlation. The cosine only divides by the length.",
            ),
        ),
        Mistake(partial(_nearest, pick=lambda cosines, count: cosines.topk(count + 1, dim=1).indices[:, 1:]), text(
            ko="가장 가까운 것을 건너뛰었습니다. 물음의 벡터는 `known`에 들어 있지 않으니 첫째도 세세요.",
            en="You skipped the nearest. The queries are not among `known`, so the first counts, too.",
        )),
    ],
    hints=[
        text(
            ko="`functional.normalize(queries, dim=1)`은 벡터마다 길이를 1로 만듭니다.",
            en="`functional.normalize(queries, dim=1)` makes the length of every vector 1.",
        ),
        text(
            ko="둘 다 길이를 1로 만든 다음 `@`와 `.T`로 모든 코사인 (M, N)을 구하고 `topk(count, dim=1).indices`를 돌려줍니다.",
            en="Make both of length 1; `@` and `.T` give all cosines (M, N); return `topk(count, dim=1).indices`.",
        ),
    ],
))


# The Gram matrix


def _gram_case(rng: Random) -> dict:
    size = (rng.randint(2, 3), rng.randint(2, 4), rng.randint(2, 5), rng.randint(2, 5))
    return {"maps": torch.randn(size, generator=chance(rng)) + 0.5}


def _over_places(maps: Tensor) -> Tensor:
    flat = maps.flatten(2)
    return flat.transpose(1, 2) @ flat / flat.shape[1]


def _one_gram(maps: Tensor, divided: bool = True) -> Tensor:
    flat = maps.flatten(0, 1).flatten(1)  # (N · C, h · w)
    return flat @ flat.T / (maps.numel() if divided else flat.shape[1])


MIXED = text(
    ko="배치의 그림들을 섞었습니다. (N, C)를 한 축으로 합치면 다른 그림의 채널끼리도 곱해집니다. 첫 축은 그대로 두고 두 공간 축만 펴세요: `maps.flatten(2)`",
    en="The images of the batch are mixed: with N and C joined into one axis, channels of different images are multiplied. Keep the "
    "first axis, flatten the two spatial ones alone: `maps.flatten(2)`.",
)

register(Exercise(
    key="lab_looking_gram",
    lab=LAB,
    case=_gram_case,
    reference=gram,
    mistakes=[
        Mistake(lambda maps: gram(maps) * maps.shape[2] * maps.shape[3], text(
            ko="자리에 대해 더하기만 했습니다. 자리의 수 h·w로 나누어 평균을 내세요. 그래야 그림의 크기가 달라도 견줄 수 있습니다.",
            en="You only summed over the places. Divide by their number, h · w: means can be compared between pictures of any size.",
        )),
        Mistake(lambda maps: gram(maps) / maps.shape[1], text(
            ko="채널의 수로도 나누었습니다. 자리의 수 h·w로만 나누세요.",
            en="You divided by the number of channels as well. Divide by the number of places, h · w, alone.",
        )),
        Mistake(lambda maps: gram(maps) * maps.shape[2] * maps.shape[3] / maps[0].numel() / maps.shape[0], text(
            ko="모든 수의 개수 N·C·h·w로 나누었습니다. 자리의 수 h·w로만 나누세요.",
            en="You divided by the count of all numbers, N · C · h · w. Divide by the number of places, h · w, alone.",
        )),
        Mistake(_over_places, text(
            ko="자리끼리 곱했습니다. 그러면 (h·w) × (h·w) 행렬이 됩니다. 채널끼리 곱해서 C × C가 되어야 합니다.",
            en="You multiplied places by places, which gives a matrix (h · w) × (h · w). Multiply channels by channels: C × C.",
        )),
        Mistake(_one_gram, MIXED),
        Mistake(lambda maps: _one_gram(maps, divided=False), MIXED),
        Mistake(lambda maps: gram(maps - maps.mean(dim=(2, 3), keepdim=True)), text(
            ko="채널의 평균을 뺐습니다. 그것은 공분산입니다. 그람 행렬은 빼지 않습니다.",
            en="You subtracted each channel's mean: that is the covariance. The Gram matrix does not subtract.",
        )),
        Mistake(
            lambda maps: functional.normalize(maps.flatten(2), dim=2) @ functional.normalize(maps.flatten(2), dim=2).mT,
            text(
                ko="채널을 길이로 나누었습니다. 그것은 코사인입니다. 얼마나 강한지도 스타일에 들어가니 나누지 마세요.",
                en="You divided each channel by its length: those are cosines. How strong a channel is belongs to the style; do not divide.",
            ),
        ),
        Mistake(lambda maps: gram(maps).mean(dim=0), text(
            ko="그림들의 평균을 냈습니다. 그림마다 행렬 하나, (N, C, C)를 돌려주세요.",
            en="You averaged over the images. Return a matrix for each: (N, C, C).",
        )),
    ],
    hints=[
        text(
            ko="`flat = maps.flatten(2)`의 모양은 (N, C, h·w)입니다. 행마다 특징 맵 한 장이 펴져 있습니다.",
            en="`flat = maps.flatten(2)` has the shape (N, C, h · w): each row is a feature map laid out.",
        ),
        text(
            ko="`flat @ flat.transpose(1, 2)`는 모든 두 행의 내적입니다. `flat.shape[2]`로 나눕니다.",
            en="`flat @ flat.transpose(1, 2)` are the products of all pairs of rows. Divide by `flat.shape[2]`.",
        ),
    ],
))


# The two losses


def _losses(
    maps: dict,
    grams: dict,
    photo: dict,
    of_layer: Callable[[Tensor, Tensor], Tensor] = relative,
    over: Callable[[list[Tensor]], Tensor] = lambda layers: torch.stack(layers).mean(),
) -> tuple[Tensor, Tensor]:
    """Style and content loss; the options are what readers do instead."""
    style = [of_layer(gram(maps[name]), grams[name]) for name in grams]
    content = [of_layer(maps[name], photo[name]) for name in photo]
    return over(style), over(content)


def _losses_case(rng: Random) -> dict:
    numbers, sizes = chance(rng), {name: (1, rng.randint(2, 3), *rng.choices((2, 3, 4), k=2)) for name in ("a", "b", "c")}

    def drawn() -> dict[str, Tensor]:
        return {name: torch.rand(size, generator=numbers) * (index + 1) for index, (name, size) in enumerate(sizes.items())}

    painting = drawn()
    return {
        "maps": drawn(),
        "grams": {name: gram(painting[name]) for name in ("a", "b")},
        "photo": {name: maps for name, maps in drawn().items() if name in ("b", "c")},
    }


def _one_ratio(maps: dict, grams: dict, photo: dict) -> tuple[Tensor, Tensor]:
    pairs = [[(gram(maps[name]), grams[name]) for name in grams], [(maps[name], photo[name]) for name in photo]]
    return tuple(
        sum((a - b).square().sum() for a, b in each) / sum(b.square().sum() for _, b in each) for each in pairs
    )


def _content_by_gram(maps: dict, grams: dict, photo: dict) -> tuple[Tensor, Tensor]:
    content = [relative(gram(maps[name]), gram(photo[name])) for name in photo]
    return _losses(maps, grams, photo)[0], torch.stack(content).mean()


register(Exercise(
    key="lab_looking_losses",
    lab=LAB,
    case=_losses_case,
    reference=_losses,
    mistakes=[
        Mistake(partial(_losses, over=sum), text(
            ko="층을 더하기만 했습니다. 층의 수로 나누어 평균을 내세요.",
            en="You only summed over the layers. Take their mean.",
        )),
        Mistake(partial(_losses, of_layer=functional.mse_loss), text(
            ko="제곱 오차의 평균입니다. 바라는 것의 크기로 나누지 않았습니다. 층마다 `차의 제곱합 / 바라는 것의 제곱합`을 구하세요.",
            en="Those are mean squared errors, not divided by the size of what is wanted. For each layer: `sum of squared differences / "
            "sum of squares of what is wanted`.",
        )),
        Mistake(partial(_losses, of_layer=lambda found, wanted: (found - wanted).square().sum()), text(
            ko="차의 제곱합을 나누지 않았습니다. 층마다 바라는 것의 제곱합으로 나누세요.",
            en="The sums of squared differences are not divided. Divide each by the sum of squares of what is wanted.",
        )),
        Mistake(partial(_losses, of_layer=lambda found, wanted: relative(wanted, found)), text(
            ko="지금 그림의 크기로 나누었습니다. 바라는 것(`grams`, `photo`)의 제곱합으로 나누세요. 나누는 수가 그림에 따라 변하면 그림을 밝게 해서 손실을 줄일 수 있습니다.",
            en="You divided by the size of the present picture. Divide by that of what is wanted, `grams` and `photo`: if the divisor "
            "changes with the picture, a louder picture has a smaller loss.",
        )),
        Mistake(partial(_losses, of_layer=lambda found, wanted: relative(found, wanted).sqrt()), text(
            ko="제곱근을 취했습니다. 제곱합끼리의 비를 그대로 두세요.",
            en="You took the square root. Leave it the ratio of two sums of squares.",
        )),
        Mistake(
            partial(_losses, of_layer=lambda found, wanted: (found - wanted).abs().sum() / wanted.abs().sum()),
            text(ko="절댓값을 더했습니다. 제곱을 더하세요.", en="You added absolute values. Add squares."),
        ),
        Mistake(_one_ratio, text(
            ko="모든 층을 더한 다음 한 번 나누었습니다. 그러면 값이 큰 층이 다른 층을 누릅니다. 층마다 나눈 다음 평균을 내세요.",
            en="You added all layers and divided once, so that layers with large values outweigh the others. Divide in each layer, then "
            "take the mean.",
        )),
        Mistake(_content_by_gram, text(
            ko="내용도 그람 행렬로 견주었습니다. 그람 행렬은 어디에 있는지를 버립니다. 내용은 특징 맵끼리 그대로 견주세요.",
            en="You compared the content by Gram matrices, too. They forget where things are: compare the feature maps themselves.",
        )),
    ],
    hints=[
        text(
            ko="두 손실에 같은 함수가 들어갑니다: `relative(found, wanted) = (found - wanted).square().sum() / wanted.square().sum()`",
            en="Both losses use one function: `relative(found, wanted) = (found - wanted).square().sum() / wanted.square().sum()`.",
        ),
        text(
            ko="스타일은 `grams`의 이름마다 `relative(gram_now(maps[name]), grams[name])`, 내용은 `photo`의 이름마다 `relative(maps[name], photo[name])`입니다.",
            en="Style: `relative(gram_now(maps[name]), grams[name])` for each name of `grams`. Content: `relative(maps[name], photo[name])` "
            "for each name of `photo`.",
        ),
        text(
            ko="리스트에 모아 `sum(each) / len(each)`로 평균을 내고, 스타일과 내용의 순서로 돌려줍니다.",
            en="Collect them in lists, take the mean by `sum(each) / len(each)`, and return style and content in this order.",
        ),
    ],
))


# Total variation


def _variation(
    images: Tensor,
    axes: tuple[int, ...] = (2, 3),
    size: Callable[[Tensor], Tensor] = lambda differences: differences.abs().mean(),
) -> Tensor:
    """The total variation; the options are what readers do instead."""
    return sum(size(images.diff(dim=axis)) for axis in axes)


def _variation_case(rng: Random) -> dict:
    size = (rng.randint(1, 2), 3, rng.randint(3, 6), rng.randint(3, 6))
    return {"images": torch.rand(size, generator=chance(rng))}


register(Exercise(
    key="lab_looking_variation",
    lab=LAB,
    case=_variation_case,
    reference=_variation,
    mistakes=[
        Mistake(partial(_variation, size=lambda differences: differences.square().mean()), text(
            ko="차를 제곱했습니다. 그러면 또렷한 윤곽이 가장 큰 벌을 받습니다. 절댓값을 쓰세요.",
            en="You squared the differences, which punishes sharp edges most. Take absolute values.",
        )),
        Mistake(partial(_variation, size=torch.mean), text(
            ko="절댓값을 취하지 않아서 오르내림이 서로 지워집니다.",
            en="Without absolute values, ups and downs cancel.",
        )),
        Mistake(
            lambda images: (images - images.roll(1, 2)).abs().mean() + (images - images.roll(1, 3)).abs().mean(),
            text(
                ko="맨 끝을 맨 앞과 견주었습니다. `roll`은 그림을 말아 붙입니다. 이웃하지 않은 두 끝은 빼세요.",
                en="You compared the last with the first: `roll` wraps around. The two ends are no neighbours.",
            ),
        ),
        Mistake(partial(_variation, axes=(3,)), text(
            ko="옆으로 이웃한 픽셀만 견주었습니다. 위아래로 이웃한 것도 더하세요.",
            en="You compared neighbours side by side alone. Add those below each other.",
        )),
        Mistake(partial(_variation, axes=(2,)), text(
            ko="위아래로 이웃한 픽셀만 견주었습니다. 옆으로 이웃한 것도 더하세요.",
            en="You compared neighbours below each other alone. Add those side by side.",
        )),
        Mistake(partial(_variation, size=lambda differences: differences.abs().sum()), text(
            ko="더하기만 했습니다. 그림이 크면 커집니다. 방향마다 평균을 내세요.",
            en="You only summed, so that large images have more. Take the mean in each direction.",
        )),
        Mistake(lambda images: _variation(images) / 2, text(
            ko="두 방향의 평균을 냈습니다. 두 방향의 값을 더하세요.",
            en="You took the mean of the two directions. Add them.",
        )),
        Mistake(partial(_variation, axes=(1, 2)), text(
            ko="빨강과 초록, 초록과 파랑을 견주었습니다. 축 1은 채널입니다. 높이와 너비는 축 2와 3입니다.",
            en="You compared red with green and green with blue: axis 1 is the channels. Height and width are axes 2 and 3.",
        )),
    ],
    hints=[
        text(
            ko="`images.diff(dim=2)`는 위아래로 이웃한 픽셀의 차입니다. `images[:, :, 1:] - images[:, :, :-1]`과 같습니다.",
            en="`images.diff(dim=2)` are the differences of neighbours below each other, as `images[:, :, 1:] - images[:, :, :-1]`.",
        ),
        text(
            ko="`dim=2`와 `dim=3`에서 `diff(…).abs().mean()`을 구해 더합니다.",
            en="Add `diff(…).abs().mean()` of `dim=2` and of `dim=3`.",
        ),
    ],
))


# Painting


@lru_cache(maxsize=1)
def _imagenet() -> nn.Module:
    with redirect_stdout(StringIO()):
        return models.pretrained("squeezenet1_1").requires_grad_(False)


@lru_cache(maxsize=1)
def _photos() -> Tensor:
    return to_float(loaded("photos", "train", size=96).images)[:3]  # astronaut, cat, coffee


def _mosaic(rng: Random, size: int) -> Tensor:
    """Coloured pieces with black seams, float (1, 3, size, size)."""
    numbers = chance(rng)
    points, colours = torch.rand(24, 2, generator=numbers), torch.rand(24, 3, generator=numbers)
    side = torch.linspace(0, 1, size)
    places = torch.stack(torch.meshgrid(side, side, indexing="ij"), dim=-1).reshape(-1, 2)
    distance, nearest = torch.cdist(places, points).topk(2, largest=False)
    seam = ((distance[:, 1] - distance[:, 0]) / 0.04).clamp(0, 1)
    return (colours[nearest[:, 0]] * seam[:, None]).T.reshape(1, 3, size, size)


def _not_a_picture(picture: Any, like: Tensor) -> Text | None:
    """What is wrong with the form of a picture that should be as large as another."""
    if not isinstance(picture, Tensor) or not picture.is_floating_point():
        return text(
            ko="그림은 0에서 1까지의 `float` 텐서 (1, 3, H, W)여야 합니다.",
            en="The picture must be a tensor (1, 3, H, W) of floats from 0 to 1.",
        )
    if picture.shape != like.shape:
        return _shapes(picture, like)
    if not bool(picture.isfinite().all()):
        return text(
            ko="그림에 NaN이나 무한대가 있습니다. 학습률이 너무 크지 않은지, 0으로 나누지 않는지 보세요.",
            en="The picture has NaN or infinity in it. Is the learning rate too large, or is something divided by 0?",
        )
    low, high = (float(pixel) for pixel in picture.detach().aminmax())
    if low < -1e-4 or high > 1 + 1e-4:
        return text(
            ko=f"픽셀이 {low:.2f}에서 {high:.2f}까지입니다. 0에서 1까지만 그릴 수 있습니다. 걸음마다 `clamp_(0, 1)`을 부르세요.",
            en=f"Pixels go from {low:.2f} to {high:.2f}. Only 0 to 1 can be shown: call `clamp_(0, 1)` after each step.",
        )
    return None


PAINT_STYLE, PAINT_CONTENT, PAINT_STEPS = 0.6, 0.95, 40


def _paint_test(answer: Any, rng: Random) -> Text | None:
    if not callable(answer) or isinstance(answer, type):
        return NOT_A_FUNCTION
    content = _photos()[rng.randrange(3)][None].roll(rng.randint(-8, 8), dims=3).clone()
    style = _mosaic(rng, 96)
    before = content.clone(), style.clone()
    picture = answer(content, style, PAINT_STEPS)
    if picture is None:
        return NOTHING
    if not torch.equal(content, before[0]) or not torch.equal(style, before[1]):
        return text(
            ko="건네받은 사진을 덮어썼습니다. `content.clone()`에서 시작하세요.",
            en="You painted over the photo that was handed in. Begin with `content.clone()`.",
        )
    if wrong := _not_a_picture(picture, content):
        return wrong
    if picture.requires_grad:
        return text(
            ko="그림이 아직 계산 그래프에 매여 있습니다. `picture.detach()`를 돌려주세요.",
            en="The picture still hangs on its graph. Return `picture.detach()`.",
        )
    if torch.allclose(picture, content, atol=2e-3):
        return text(
            ko="사진이 그대로입니다. 옵티마이저에 건넨 것이 `requires_grad`를 켠 픽셀 텐서인지, `step()`을 불렀는지 확인하세요.",
            en="The photo is as it was. Was the tensor of pixels, with `requires_grad` on, given to the optimiser, and `step()` called?",
        )
    network = _imagenet()
    start = style_transfer.distance(network, content, content, style, **LAYERS)
    found = style_transfer.distance(network, picture, content, style, **LAYERS)
    share = found.style / start.style
    if share > 1.05:
        return text(
            ko=f"스타일 손실이 사진의 {share:.2f}배로 오히려 늘었습니다. 손실의 부호와, 목표로 삼은 것이 `style`의 그람 행렬인지 확인하세요.",
            en=f"The style loss has grown to {share:.2f} times the photo's. Check the sign of the loss, and that the Gram matrices "
            "aimed at are those of `style`.",
        )
    if found.content > PAINT_CONTENT:
        return text(
            ko=f"사진을 알아볼 수 없습니다. 내용 손실이 {found.content:.2f}인데 {PAINT_CONTENT} 이하여야 합니다. 내용 손실을 더했는지, 그 가중치가 너무 작지 않은지, "
            "사진에서 시작하는지 확인하세요.",
            en=f"The photo is lost: the content loss is {found.content:.2f} and must be at most {PAINT_CONTENT}. Is it added, is its "
            "weight large enough, and do you begin with the photo?",
        )
    if share > PAINT_STYLE:
        return text(
            ko=f"{PAINT_STEPS}걸음 뒤에 스타일 손실이 사진의 {share:.2f}배입니다. {PAINT_STYLE}배 이하여야 합니다. 학습률이 너무 작거나, 내용의 가중치가 너무 크거나, "
            "걸음이 모자랍니다.",
            en=f"After {PAINT_STEPS} steps the style loss is {share:.2f} times the photo's; it must be at most {PAINT_STYLE}. The learning "
            "rate is too small, the weight of the content too large, or there are too few steps.",
        )
    return None


register(Exercise(
    key="lab_looking_paint",
    lab=LAB,
    test=_paint_test,
    hints=[
        text(
            ko="반복하기 전에 `torch.no_grad()` 안에서 `style`의 그람 행렬과 `content`의 특징 맵을 한 번 구해 둡니다.",
            en="Before the loop, compute the Gram matrices of `style` and the maps of `content` once, inside `torch.no_grad()`.",
        ),
        text(
            ko="`picture = content.clone().requires_grad_()`와 `torch.optim.Adam([picture], lr=0.05)`로 시작합니다. 훈련과 같지만 움직이는 것이 가중치가 아니라 픽셀입니다.",
            en="Begin with `picture = content.clone().requires_grad_()` and `torch.optim.Adam([picture], lr=0.05)`. It is as in training, "
            "but pixels move and not weights.",
        ),
        text(
            ko="걸음마다 `스타일 + 0.15 * 내용 + 0.3 * 총변동`을 역전파하고, `step()` 뒤에 `torch.no_grad()` 안에서 `picture.clamp_(0, 1)`을 부릅니다.",
            en="At each step go backward from `style + 0.15 * content + 0.3 * variation`; after `step()`, call `picture.clamp_(0, 1)` inside "
            "`torch.no_grad()`.",
        ),
    ],
))


# The closing task


def _picture_test(answer: Any, rng: Random) -> Text | None:
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        return text(
            ko="그림 셋이 필요합니다: `(picture, content, style)`",
            en="Three pictures are needed: `(picture, content, style)`.",
        )
    picture, content, style = answer
    if picture is None or picture is Ellipsis:
        return Ellipsis
    for each in (content, style):
        if not isinstance(each, Tensor) or each.ndim != 4 or each.shape[:2] != (1, 3) or min(each.shape[2:]) < 32:
            return text(
                ko="둘째와 셋째는 사진과 스타일의 그림, 곧 텐서 (1, 3, H, W)여야 합니다.",
                en="The second and third must be the photo and the style, tensors (1, 3, H, W).",
            )
        if wrong := _not_a_picture(each, each):
            return wrong
    if wrong := _not_a_picture(picture, content):
        return wrong
    side = min(content.shape[2:])
    if side < SMALLEST:
        return text(
            ko=f"그림의 짧은 변이 {side}픽셀입니다. {SMALLEST}픽셀 이상이어야 합니다.",
            en=f"The shorter side of the picture has {side} pixels. It needs {SMALLEST} at least.",
        )
    if content.shape == style.shape and torch.allclose(content, style, atol=0.02):
        return text(
            ko="사진과 스타일이 같은 그림입니다. 다른 그림의 스타일을 입히세요.",
            en="Photo and style are the same picture. Take the style of another.",
        )
    network = _imagenet()
    painted, photo, painting = ((each.detach() * 255).round() / 255 for each in (picture, content, style))  # as a file holds it
    start = style_transfer.distance(network, photo, photo, painting, **LAYERS, shifts=SHIFTS).style
    if not isfinite(start) or start < 0.2:
        return text(
            ko=f"이 사진의 스타일 손실은 처음부터 {start:.2f}입니다. 둘이 너무 닮아서 잴 것이 없습니다. 다른 스타일을 고르세요.",
            en=f"The style loss of this photo is {start:.2f} from the start: the two are too much alike. Choose another style.",
        )
    moved = style_transfer.distance(network, painted, photo, painting, **LAYERS, shifts=SHIFTS)
    share = moved.style / start
    if share <= STYLE and moved.content <= CONTENT:
        return None
    told_ko = f"스타일 손실은 사진의 {share:.3f}배(목표 {STYLE:.3f} 이하), 내용 손실은 {moved.content:.2f}(목표 {CONTENT} 이하)입니다."
    told_en = (
        f"The style loss is {share:.3f} of the photo's (goal: at most {STYLE:.3f}), the content loss {moved.content:.2f} (goal: at "
        f"most {CONTENT})."
    )
    unmoved = style_transfer.distance(network, painted, photo, painting, **LAYERS)
    if share > 0.95 and moved.content < 0.02:
        return text(ko=f"{told_ko} 사진이 거의 그대로입니다.", en=f"{told_en} The photo is almost as it was.")
    if share > STYLE and moved.content > CONTENT:
        return text(
            ko=f"{told_ko} 둘 다 모자랍니다. 걸음을 늘리고 학습률을 낮추어 가며 끝내세요.",
            en=f"{told_en} Both fall short: take more steps, and let the learning rate fall towards the end.",
        )
    if moved.content > CONTENT:
        return text(ko=f"{told_ko} 내용의 가중치를 키우세요.", en=f"{told_en} Give the content more weight.")
    if unmoved.style / start < 0.6 * share:
        return text(
            ko=f"{told_ko} 옮기지 않고 재면 {unmoved.style / start:.3f}배입니다. 그림이 풀링의 격자에 맞추어졌습니다. 걸음마다 그림과 사진을 함께 조금씩 옮기세요.",
            en=f"{told_en} Measured without moving it, it is {unmoved.style / start:.3f}: the picture fits the grid of the pooling. Move "
            "picture and photo together by a little at each step.",
        )
    return text(
        ko=f"{told_ko} 걸음을 늘리거나 내용의 가중치를 줄이세요.",
        en=f"{told_en} Take more steps, or give the content less weight.",
    )


register(Exercise(
    key="lab_looking_picture",
    lab=LAB,
    test=_picture_test,
    hints=[
        text(
            ko="걸음마다 `torch.randint(0, 5, (2,))`로 두 수를 뽑아 `picture.roll((아래, 오른쪽), dims=(2, 3))`을 신경망에 넣으세요. 사진도 같은 만큼 옮겨 특징 맵을 구합니다.",
            en="At each step draw two numbers by `torch.randint(0, 5, (2,))` and feed the network `picture.roll((down, right), dims=(2, 3))`. "
            "Move the photo by as much for its maps.",
        ),
        text(
            ko="학습률 0.05에서 시작해 `CosineAnnealingLR`로 0.005까지 낮추며 120걸음쯤 걸어 보세요.",
            en="Try about 120 steps, with the learning rate falling from 0.05 to 0.005 by `CosineAnnealingLR`.",
        ),
        text(
            ko="두 목표가 서로 당깁니다. 내용의 가중치를 0.1에서 0.3 사이에서 바꾸어 보세요. 스타일에 따라 어려운 것도 있습니다.",
            en="The two goals pull against each other: try weights of the content between 0.1 and 0.3. Some styles are harder than others.",
        ),
    ],
))
