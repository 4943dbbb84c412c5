"""Every network by its name, in what is no single paper's business: batches, sizes, channels, formats, compilers.

`facts` are tested with the paper's channels and classes; here are the other number of channels and seven classes.
"""

import copy
import re
import shutil
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from cnnbook import models

VGGS = ("vgg11", "vgg11_lrn", "vgg13", "vgg16c", "vgg16", "vgg19")
DENSENETS = ("densenet121", "densenet161", "densenet169", "densenet201")
ONE_SIZE = {"lenet5": 32, "cifar_cnn": 24, "alexnet": 227, "zfnet": 224} | dict.fromkeys(VGGS, 224)
SMALLEST = {
    "alexnet_torchvision": 63, "nin": 39, "squeezenet1_1": 17, "vgg16_cifar": 32, "cifar_fast": 9, "inception_v3": 75,
    "googlenet": 31, "googlenet_naive": 31, "googlenet_torchvision": 15, "googlenet_cifar": 8, "densenet_bc_100_12": 4,
} | dict.fromkeys(DENSENETS, 29) | ONE_SIZE  # fmt: skip


class Case(NamedTuple):
    name: str
    model: nn.Module
    least: int  # pixels; residual networks read a single one
    images: Tensor  # (2, C, H, W)
    logits: Tensor  # (2, 7)


@pytest.fixture(scope="module", params=models.names())
def case(request) -> Case:
    name, channels = request.param, 4 - models.facts(request.param)["input_size"][0]  # 1 for 3 and 3 for 1
    torch.manual_seed(0)
    model = models.create(name, num_classes=7, in_channels=channels).eval()
    least = SMALLEST.get(name, 1)
    if name.startswith("plain"):  # fresh, they forget the image on their way: a 3 × 3 sees little but padding at 1 × 1
        for norm in (layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)):
            norm.running_var.fill_(0.1)  # so that what it lets through is three times as large
    images = torch.randn(2, channels, max(least, 8), max(least, 8))
    images[1] *= 3  # the other image has other logits where depth leaves of an image little but its contrast
    with torch.no_grad():
        return Case(name, model, least, images, model(images))


def assert_equal(logits: Tensor, expected: Tensor) -> None:
    scale = expected.abs().max().item()  # fresh residual networks have very large logits
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4 * scale)


@torch.no_grad()
def test_an_image_has_its_logits_in_every_batch(case):
    assert case.logits.shape == (2, 7)
    assert (case.logits[0] - case.logits[1]).abs().max() > 1e-3 * case.logits.abs().max()  # the image matters
    assert_equal(case.model(case.images[1:]), case.logits[1:])


@torch.no_grad()
def test_odd_sizes_are_read_or_refused_by_name_of_the_right_one(case):
    for height, width in ((case.least, case.least + 5), (case.least + 8, case.least + 3)):
        images = torch.randn(1, case.images.shape[1], height, width)
        if case.name in ONE_SIZE:
            needed = f"needs images of {case.least} × {case.least} pixels, got {height} × {width}: "
            with pytest.raises(ValueError, match=needed):
                case.model(images)
        else:
            logits = case.model(images)
            assert logits.shape == (1, 7) and logits.isfinite().all()


def test_too_small_an_image_is_refused_by_name_of_the_smallest(case):
    needed = f"needs images of {case.least} × {case.least} pixels.*, got {case.least} × {case.least - 1}"
    with pytest.raises(ValueError, match=needed):
        case.model(case.images[:, :, : case.least, : case.least - 1])
    with pytest.raises(ValueError, match=re.escape(f"needs a batch (N, C, H, W), got {tuple(case.images[0].shape)}")):
        case.model(case.images[0])


@torch.no_grad()
def test_channels_last_gives_the_same(case):
    case.model.to(memory_format=torch.channels_last)
    try:
        logits = case.model(case.images[1:].to(memory_format=torch.channels_last))
    finally:
        case.model.to(memory_format=torch.contiguous_format)
    assert_equal(logits, case.logits[1:])


@torch.no_grad()
def test_bfloat16_gives_about_the_same(case):
    with torch.autocast("cpu", torch.bfloat16):
        mixed = case.model(case.images[1:])
    pure = copy.deepcopy(case.model).bfloat16()(case.images[1:].bfloat16())
    for logits in (mixed, pure):
        assert logits.dtype == torch.bfloat16
        assert (logits - case.logits[1:]).abs().max() < 0.05 * case.logits[1:].abs().max()


@torch.no_grad()
def test_export_gives_the_same_for_any_batch(case):
    batch = torch.export.Dim("batch", min=1, max=64)
    exported = torch.export.export(case.model, (case.images,), dynamic_shapes=({0: batch},)).module()
    assert_equal(exported(case.images[1:]), case.logits[1:])


@torch.no_grad()
def test_compile_gives_the_same(case):
    torch._dynamo.reset()
    compiled = torch.compile(case.model, backend="aot_eager", fullgraph=True)
    assert_equal(compiled(case.images[1:]), case.logits[1:])


@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="Inductor needs a C++ compiler")
@pytest.mark.parametrize("name", ["cifar_cnn", "resnet20"])
@torch.no_grad()
def test_inductor_gives_the_same(name):
    torch.manual_seed(0)
    model, images = models.create(name, num_classes=7).eval(), torch.randn(2, *models.facts(name)["input_size"])
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="inductor", fullgraph=True)
    assert_equal(compiled(images), model(images))
