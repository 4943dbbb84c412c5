"""The exercises of lab 05, beyond what test_exercises.py asks of all: those whose answer is not a plain function."""

from random import Random

import pytest
import torch
from answers import said
from torch import nn
from torch.nn import functional

from cnnbook import exercises, look
from cnnbook.exercises import lab_looking_inside
from cnnbook.exercises.lab_looking_inside import LAYERS, SHIFTS, STYLE
from cnnbook.look import style_transfer
from cnnbook.look.gradcam import activations
from cnnbook.trial import Trial

KEYS = exercises.of_lab("05_looking_inside")


def raises(*arguments, **named):
    raise RuntimeError("mine")


STRANGE = [
    None, ..., [], [1, 2], (None,), float("nan"), torch.ones(2), "words", raises, int, nn.Linear, nn.Linear(2, 2),
    lambda: None, lambda *_, **__: None, lambda *_, **__: float("nan"), lambda *_, **__: "no",
    lambda *_, **__: [1, [2]], lambda *_, **__: (torch.ones(2), {1: 2}), lambda *_, **__: torch.full((1, 1), torch.nan),
]  # fmt: skip


def told(key, wrongs):
    """Each answer is wrong and gets the message that belongs to it, in English; no two the same, in either language."""
    for lang in ("ko", "en"):
        found = [said(key, answer, lang) for answer, _ in wrongs]
        assert {status for status, _ in found} == {"wrong"}, found
        assert len({words for _, words in found}) == len(wrongs)
    for (_, words), (_, expected) in zip(found, wrongs, strict=True):
        assert expected in words, words


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("answer", STRANGE)
def test_nothing_strange_passes_or_is_the_checkers_fault(key, answer):
    status, words = Trial(exercises.find(key), answer).verdict().status, said(key, answer)[1]
    assert status in ("wrong", "notyet") and "could not be checked" not in words


@pytest.mark.parametrize("key", KEYS[:-1])
def test_an_error_of_the_readers_is_shown_as_theirs(key):
    assert "RuntimeError: mine" in said(key, raises)[1]


def test_the_lab_has_ten_steps_in_its_order():
    steps = ("collect", "cam", "class_map", "occlusion", "nearest", "gram", "losses", "variation", "paint", "picture")
    assert tuple(f"lab_looking_{step}" for step in steps) == KEYS


# Hooks


def collector(keep, key=lambda name, layer: name, remove="finally", call=None, end=lambda output, maps: (output, maps)):
    """A way to collect, with a place for each mistake. `keep` makes of (inputs, output) what is stored."""

    def collect(network, layers, x):
        modules, maps, handles = dict(network.named_modules()), {}, []
        for name in layers:

            def hook(layer, inputs, output, name=name):
                maps[key(name, layer)] = keep(inputs, output)

            handles.append(modules[name].register_forward_hook(hook))
        try:
            output = (call or (lambda network, x: network(x)))(network, x)
        except Exception:
            if remove == "finally":
                [handle.remove() for handle in handles]
            raise
        if remove in ("finally", "after"):
            [handle.remove() for handle in handles]
        return end(output, maps)

    return collect


def late(network, layers, x):
    modules, maps = dict(network.named_modules()), {}

    def hook(layer, inputs, output):
        maps[name] = output  # whatever `name` is by then

    handles = []
    for name in layers:
        handles.append(modules[name].register_forward_hook(hook))
    try:
        return network(x), maps
    finally:
        for handle in handles:
            handle.remove()


def alone(network, layers, x):
    """Each layer asked by itself, on noise of the shape that it takes."""
    output, maps = activations(network, layers, x)
    return output, {name: each + 1 for name, each in maps.items()}


def training(network, x):
    output = network(x)
    network.train()
    return output


def output_of(inputs, output):
    return output


def test_hooks():
    assert said("lab_looking_collect", collector(output_of))[0] == "right"
    assert said("lab_looking_collect", activations)[0] == "right"
    told("lab_looking_collect", [
        (collector(output_of, remove="never"), "Hooks are left after the function has returned"),
        (collector(output_of, remove="after"), "Where the network fails, hooks are left"),
        (collector(lambda inputs, output: inputs[0]), "You collected what went into"),
        (collector(lambda inputs, output: output.detach()), "they are cut off from the graph"),
        (collector(lambda inputs, output: output.clone()), "What you collected are copies"),
        (collector(lambda inputs, output: [output]), "is no tensor but of type list"),
        (collector(output_of, key=lambda name, layer: layer), "The keys of the dict are the layers"),
        (late, "Only the last name is there"),
        (collector(output_of, end=lambda output, maps: maps), "The function must return two things"),
        (collector(output_of, end=lambda output, maps: (output.softmax(dim=1), maps)), "is not the network's output"),
        (collector(output_of, key=lambda name, layer: name.upper()), "The keys must be the layers' names"),
        (collector(output_of, call=training), "The network's mode"),
        (alone, "Feed `x` to the whole network"),
        (lambda: 3, "Your code raised an error: TypeError"),
    ])  # fmt: skip
    assert said("lab_looking_collect", lambda network, layers, x: None)[0] == "notyet"


def test_another_layers_output_is_named():
    def shifted(network, layers, x):
        output, maps = activations(network, ["relu1", *layers], x)
        return output, {name: maps["relu1"] for name in layers}

    words = {said("lab_looking_collect", shifted)[1] for _ in range(8)}
    assert any("is the output of another layer, `relu1`" in each or "You collected what went into" in each
               for each in words)


# Grad-CAM of a network


def library(network, layer, x, target):
    return look.grad_cam(network, x, target, layer=layer)


def one_by_one(network, layer, x, target):
    return torch.cat([library(network, layer, x[n : n + 1], target[n]) for n in range(len(x))])


def backward(network, layer, x, target):
    kept = []
    handle = network.get_submodule(layer).register_forward_hook(lambda *arguments: kept.append(arguments[2]))
    logits = network(x)
    handle.remove()
    kept[0].retain_grad()
    logits.gather(1, target[:, None]).sum().backward()
    return (kept[0].grad.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1).relu()


def left(network, layer, x, target):
    network.get_submodule(layer).register_forward_hook(lambda *arguments: None)
    return library(network, layer, x, target)


def changing(network, layer, x, target):
    found = library(network, layer, x, target)
    network.train()
    return found


def enlarged(network, layer, x, target):
    return functional.interpolate(library(network, layer, x, target)[None], x.shape[2:])[0]


def test_class_maps():
    for right in (library, one_by_one):
        assert said("lab_looking_class_map", right)[0] == "right"
    told("lab_looking_class_map", [
        *[(mistake.wrong, mistake.says["en"]) for mistake in lab_looking_inside.CLASS_MAPS],
        (backward, "gradients have piled up"),
        (left, "Hooks are left"),
        (changing, "The network's mode"),
        (enlarged, "You enlarged the maps"),
        (lambda *case: library(*case)[0], "The shape is"),
        (lambda *case: library(*case) + 1, "The values differ"),
        (lambda *case: library(*case).tolist(), "no tensor"),
        (3, "Hand in the function itself"),
    ])  # fmt: skip


# Painting


def painted(content, style, steps, **options):
    model = lab_looking_inside._imagenet()
    return style_transfer.transfer(model, content, style, **LAYERS, steps=steps, **options)


def over_the_photo(content, style, steps):
    return content.copy_(painted(content, style, steps))


def test_painting():
    for right in (painted, lambda *case: painted(*case, shift=0)):
        assert said("lab_looking_paint", right)[0] == "right"
    told("lab_looking_paint", [
        (lambda content, style, steps: content.clone(), "The photo is as it was"),
        (lambda content, style, steps: style.clone(), "The photo is lost"),
        (lambda content, style, steps: painted(content, style, 1), "After 40 steps the style loss is"),
        (lambda content, style, steps: torch.rand_like(content), "The style loss has grown"),
        (lambda content, style, steps: painted(content, style, 10) * 255, "Only 0 to 1 can be shown"),
        (lambda content, style, steps: painted(content, style, 10)[0], "The shape is"),
        (lambda content, style, steps: content * torch.nan, "NaN or infinity"),
        (lambda content, style, steps: painted(content, style, 10).requires_grad_(), "still hangs on its graph"),
        (lambda content, style, steps: painted(content, style, 2).numpy(), "a tensor (1, 3, H, W) of floats"),
        (over_the_photo, "You painted over the photo"),
        (torch.ones(1, 3, 96, 96), "Hand in the function itself"),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def pair():
    """A photo and a style of 128 pixels, and what the lab's two programs make of them."""
    photo = functional.interpolate(lab_looking_inside._photos()[2:3], (128, 128), mode="bilinear")
    style = lab_looking_inside._mosaic(Random(0), 128)
    return photo, style, painted(photo, style, 60, shift=0, variation=0.0), painted(photo, style, 120)


def test_the_closing_task(pair):
    photo, style, fixed, good = pair
    assert said("lab_looking_picture", (good, photo, style))[0] == "right"
    small = [functional.interpolate(each, (96, 96)) for each in (good, photo, style)]
    told("lab_looking_picture", [
        ((fixed, photo, style), "the picture fits the grid of the pooling"),
        ((photo, photo, style), "The photo is almost as it was"),
        ((style, photo, style), "Give the content more weight"),
        ((0.3 * good + 0.7 * photo, photo, style), "or give the content less weight"),
        ((torch.rand_like(photo), photo, style), "Both fall short"),
        ((good, photo, photo), "Photo and style are the same picture"),
        ((good, photo, 0.97 * photo), "the two are too much alike"),
        ((good * 2, photo, style), "Only 0 to 1 can be shown"),
        ((good[..., 2:], photo, style), "The shape is"),
        (small, "has 96 pixels. It needs 128"),
        (0.1, "Three pictures are needed"),
        ((0.1, photo, style), "a tensor (1, 3, H, W) of floats"),
        ((good, 0.5, style), "The second and third must be"),
    ])  # fmt: skip
    for begun in ((None, photo, style), (..., photo, style)):
        assert said("lab_looking_picture", begun)[0] == "notyet"


def test_a_shift_tells_the_two_programs_apart(pair):
    photo, style, fixed, good = pair
    model = lab_looking_inside._imagenet()
    share = {
        (name, len(shifts)): style_transfer.distance(model, picture, photo, style, **LAYERS, shifts=shifts).style
        / style_transfer.distance(model, photo, photo, style, **LAYERS, shifts=shifts).style
        for name, picture in (("fixed", fixed), ("good", good))
        for shifts in ([(0, 0)], SHIFTS)
    }
    assert share["fixed", 4] > 1.5 * share["fixed", 1] and share["fixed", 4] > STYLE > share["good", 4]
