import pytest
import torch
from torch import nn

from cnnbook import models
from cnnbook.data import ImageSet


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


NAMES = """
lenet5 cifar_cnn alexnet zfnet vgg11 vgg11_lrn vgg13 vgg16c vgg16 vgg19 nin googlenet googlenet_naive inception_v3
resnet18 resnet34 resnet50 resnet101 resnet152 plain18 plain34 densenet121 densenet161 densenet169 densenet201
squeezenet1_1 resnet20 resnet32 resnet44 resnet56 resnet110 plain20 plain32 plain44 plain56 vgg16_cifar googlenet_cifar
densenet_bc_100_12 cifar_fast
""".split()  # the syllabus's


def test_every_network_of_the_syllabus_is_there():
    assert set(NAMES) <= set(models.names())
    others = set(models.names()) - set(NAMES)
    assert all(name.endswith("_torchvision") for name in others), others


@pytest.mark.parametrize("name", models.names())
def test_facts_are_true(name):
    """Parameters and multiply-adds counted on the meta device: no memory, no arithmetic."""
    facts, macs = models.facts(name), 0
    assert {"paper", "year", "input_size", "classes", "parameters", "multiply_adds", "errors", "notes"} <= set(facts)
    with torch.device("meta"):
        model = models.create(name, num_classes=facts["classes"], in_channels=facts["input_size"][0])

    def count(layer, inputs, output):
        nonlocal macs
        macs += output[0].numel() * layer.weight[0].numel()

    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
        elif isinstance(layer, nn.LocalResponseNorm):
            layer.forward = lambda x: x  # it has nothing to count, and autocast does not know the meta device
    with torch.device("meta"):
        out = model.eval()(torch.zeros(1, *facts["input_size"], device="meta"))
    assert out.shape == (1, facts["classes"]) and facts["classes"] == (1000 if facts["input_size"][1] > 200 else 10)
    assert (parameters(model), macs) == (facts["parameters"], facts["multiply_adds"])


def test_lenet5_has_the_shapes_of_the_paper():
    x, shapes = torch.zeros(1, 1, 32, 32), []
    for layer in models.LeNet5():
        x = layer(x)
        if isinstance(layer, (nn.Conv2d, nn.AvgPool2d, nn.Linear)):
            shapes.append(tuple(x.shape[1:]))
    paper = [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84,), (10,)]  # C1, S2, C3, S4, C5, F6
    assert shapes == paper


def test_lenet5_options():
    model = models.create("lenet5", num_classes=7, in_channels=3, activation=nn.ReLU, pool=nn.MaxPool2d)
    assert model(torch.zeros(4, 3, 32, 32)).shape == (4, 7)
    kinds = {type(layer) for layer in model}
    assert nn.ReLU in kinds and nn.MaxPool2d in kinds and not kinds & {nn.Tanh, nn.AvgPool2d}


def test_fresh_networks_differ_and_a_seed_repeats_them():
    def first_weight(seed):
        torch.manual_seed(seed)
        return models.create("lenet5", 10, 1)[0].weight

    assert torch.equal(first_weight(3), first_weight(3))
    assert not torch.equal(first_weight(3), first_weight(4))


@pytest.mark.parametrize("ask", [models.create, models.facts])
def test_an_unknown_name_names_the_nearest(ask):
    with pytest.raises(ValueError, match="no network called 'lenet'. Nearest: 'lenet5'"):
        ask("lenet")


def test_facts_cannot_be_spoilt():
    models.facts("lenet5")["year"] = 0
    assert models.facts("lenet5")["year"] == 1998


def test_the_dense_baseline_is_not_smaller_than_lenet5():
    lenet = parameters(models.LeNet5())
    assert lenet <= parameters(models.baselines.dense()) <= 1.01 * lenet
    assert parameters(models.baselines.softmax_regression()) == 32 * 32 * 10 + 10


def test_cifar_cnn_is_the_tutorials_layer_by_layer():
    """Parameters by the tutorial's own figures: 5 · 5 kernels, 64 channels, 24 px halved twice, 384, 192, 10."""
    table = [5 * 5 * 3 * 64 + 64, 5 * 5 * 64 * 64 + 64, 6 * 6 * 64 * 384 + 384, 384 * 192 + 192, 192 * 10 + 10]
    layers = [layer for layer in models.CifarCNN() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    assert [parameters(layer) for layer in layers] == table


def test_cifar_cnn_has_the_tutorials_order_of_layers():
    kinds = [type(layer).__name__ for layer in models.CifarCNN()]
    first, second = ["Conv2d", "ReLU", "MaxPool2d", "LocalResponseNorm"], ["Conv2d", "ReLU", "LocalResponseNorm"]
    assert kinds[:8] == first + second + ["MaxPool2d"]


def test_cifar_cnn_normalises_like_tensorflow():
    """tf.nn.lrn(x, depth_radius=4, bias=1.0, alpha=0.001 / 9.0, beta=0.75), written out."""
    x = 20 * torch.randn(2, 64, 3, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.empty_like(x)
    for channel in range(64):
        near = x[:, max(0, channel - 4) : channel + 5]
        expected[:, channel] = x[:, channel] / (1.0 + 0.001 / 9.0 * near.pow(2).sum(dim=1)) ** 0.75
    lrn = next(layer for layer in models.CifarCNN() if isinstance(layer, nn.LocalResponseNorm))
    torch.testing.assert_close(lrn(x), expected)


def test_cifar_cnn_with_batch_norm_has_no_lrn():
    kinds = {type(layer) for layer in models.CifarCNN(norm="bn", activation=nn.GELU)}
    assert {nn.BatchNorm2d, nn.GELU} <= kinds and not kinds & {nn.LocalResponseNorm, nn.ReLU}
    with pytest.raises(ValueError, match="norm must be 'lrn'"):
        models.CifarCNN(norm="batch")


def test_the_first_layer_of_cifar_fast_whitens():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(200, 3, 32, 32, generator=generator)
    smooth = nn.functional.avg_pool2d(noise, 3, stride=1, padding=1) + noise[:, :1]  # neighbours and colours agree
    model = models.CifarFast()
    before = torch.cov(model[0](smooth)[:, :12].transpose(0, 1).flatten(1))
    model.whiten(smooth)
    maps = model[0](smooth)  # (200, 24, 31, 31)
    after = torch.cov(maps[:, :12].transpose(0, 1).flatten(1))
    assert (before - torch.eye(12)).abs().max() > 0.5
    assert (after - torch.eye(12)).abs().max() < 0.05
    assert torch.equal(maps[:, 12:], -maps[:, :12])


@pytest.mark.parametrize("name, side, called", [("lenet5", 32, "LeNet-5"), ("cifar_cnn", 24, "CifarCNN")])
def test_an_image_of_another_size_is_refused_with_what_to_do(name, side, called):
    channels = models.facts(name)["input_size"][0]
    images = ImageSet(torch.zeros(1, channels, side + 6, side + 4, dtype=torch.uint8), torch.tensor([0]), ("a",))
    model, told = models.create(name, 1, channels), rf"data\.load\(…, size={side}\), or .* imageset\.centre\({side}\)"
    with pytest.raises(ValueError, match=rf"^{called} needs images of {side} × {side} pixels.*{told}"):
        model(images.images.float())
    assert model(images.centre(side).images.float()).shape == (1, 1)  # as it was told


def test_cifar_fast_begins_as_the_identity():
    layer = models.cifar_fast.conv(4, 6)
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(layer(x)[:, :4], x)


def test_cifar_fast_needs_nine_pixels_and_more_where_it_is_deeper():
    model = models.CifarFast().eval()
    assert model(torch.zeros(1, 3, 9, 9)).shape == (1, 10)
    with pytest.raises(RuntimeError, match="[Oo]utput size"):  # so it is the least
        nn.Sequential.forward(model, torch.zeros(1, 3, 9, 8))
    with pytest.raises(ValueError, match="CifarFast needs images of 17 × 17 pixels or more, got 16 × 16"):
        models.CifarFast(widths=(8, 8, 8, 8))(torch.zeros(1, 3, 16, 16))


def test_resnet20_has_the_papers_shapes():
    x, sizes = torch.zeros(1, 3, 32, 32), []
    for layer in models.create("resnet20", 10):
        x = layer(x)
        if isinstance(layer, models.resnet_cifar.Block):
            sizes.append(tuple(x.shape[1:]))
    assert sizes == [(16, 32, 32)] * 3 + [(32, 16, 16)] * 3 + [(64, 8, 8)] * 3
    weighted = [m for m in models.create("resnet20", 10).modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert len(weighted) == 20


def test_resnet20_shortcut_takes_every_second_pixel_and_pads_channels():
    block = models.resnet_cifar.Block(2, 4, stride=2)
    x = torch.arange(32.0).view(1, 2, 4, 4)
    shortcut = block.shortcut(x)
    assert torch.equal(shortcut[:, :2], x[:, :, ::2, ::2]) and not shortcut[:, 2:].any()
