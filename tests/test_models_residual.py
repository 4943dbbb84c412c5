"""ResNet, its plain twins, and DenseNet against their papers' tables and torchvision's networks.

Counts are derived here by arithmetic from the papers' tables, not from our code.
"""

import copy

import pytest
import torch
import torchvision
from torch import nn
from torch.nn.functional import cross_entropy, relu

from cnnbook import models
from cnnbook.models import densenet, resnet, resnet_cifar
from cnnbook.models.convert import from_torchvision
from cnnbook.models.densenet import DenseNet
from cnnbook.models.resnet import Block, Bottleneck, PlainBlock, ResNet
from cnnbook.models.resnet_cifar import ResNetCifar

NETWORKS = resnet.NETWORKS | resnet_cifar.NETWORKS | densenet.NETWORKS
BASIC, BOTTLENECK = [(3, 1), (3, 1)], [(1, 1), (3, 1), (1, 4)]  # table 1: kernel side, channels as multiples
TABLE_1 = {  # ResNet's: the block, how many on 56, 28, 14, 7 pixels, and the printed billions of operations
    18: (BASIC, (2, 2, 2, 2), 1.8),
    34: (BASIC, (3, 4, 6, 3), 3.6),
    50: (BOTTLENECK, (3, 4, 6, 3), 3.8),
    101: (BOTTLENECK, (3, 4, 23, 3), 7.6),
    152: (BOTTLENECK, (3, 8, 36, 3), 11.3),
}


def build(name, **options):
    return NETWORKS[name][0](num_classes=NETWORKS[name][1]["classes"], in_channels=3, **options)


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def weighted(model):
    return [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d, nn.Linear))]


def convolutions(model):
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]


def multiply_adds(model, x):
    """Of convolutions and linear layers by hooks, biases not counted, and the output's shape."""
    counts = []

    def count(layer, _, output):
        counts.append(output[0].numel() * layer.weight[0].numel())

    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
    with torch.no_grad():
        shape = model.eval()(x).shape
    return sum(counts), shape


# --- ResNet --------------------------------------------------------------------------------------------------------

def conv(side, inputs, outputs):
    return [side * side * inputs * outputs, 2 * outputs]  # and batch norm


def resnet_layers(depth, shortcut):
    """Parameters layer by layer from table 1: a block's convolutions, then its projection if it has one."""
    block, repeats, _ = TABLE_1[depth]
    layers, channels = conv(7, 3, 64), 64
    for stage, number in enumerate(repeats):
        for each in range(number):
            came = channels
            for side, multiple in block:
                layers += conv(side, channels, 64 * 2**stage * multiple)
                channels = 64 * 2**stage * multiple
            changes = came != channels or (each == 0 and stage > 0)
            if shortcut == "C" or (shortcut == "B" and changes):
                layers += conv(1, came, channels)
    return [*layers, channels * 1000 + 1000]


@pytest.mark.parametrize("shortcut", ["A", "B", "C"])
@pytest.mark.parametrize("depth", TABLE_1)
def test_resnet_is_table_1_layer_by_layer(depth, shortcut):
    with torch.device("meta"):
        model = build(f"resnet{depth}", shortcut=shortcut)
    assert [parameters(layer) for layer in weighted(model)] == resnet_layers(depth, shortcut)
    assert len(convolutions(model)) + 1 - sum("shortcut" in n and "0.weight" in n for n in model.state_dict()) == depth


@pytest.mark.parametrize("depth", [18, 34])
def test_plain_networks_have_the_layers_of_their_twins_less_the_additions(depth):
    torch.manual_seed(0)
    plain = build(f"plain{depth}")
    torch.manual_seed(0)
    twin = build(f"resnet{depth}", shortcut="A")
    assert [parameters(layer) for layer in weighted(plain)] == resnet_layers(depth, "A")
    pairs = zip(plain.state_dict().values(), twin.state_dict().values(), strict=True)
    assert all(torch.equal(ours, theirs) for ours, theirs in pairs)  # the same start for the same seed
    kinds = {type(layer) for layer in plain.modules()}
    assert PlainBlock in kinds and not kinds & {Block, resnet.ZeroPadding, nn.Identity}


@pytest.mark.parametrize("depth", TABLE_1)
def test_resnets_shapes_and_operations_are_table_1s(depth):
    block, _, printed = TABLE_1[depth]
    last = 512 * block[-1][1]
    shapes = {}
    with torch.device("meta"):
        model = build(f"resnet{depth}", shortcut="A" if depth < 50 else "B")  # as in tables 2 and 3
        for name, stage in model.named_children():
            stage.register_forward_hook(lambda _, __, output, name=name: shapes.update({name: tuple(output.shape[1:])}))
        counted, _ = multiply_adds(model, torch.zeros(1, 3, 224, 224))
    assert shapes["conv1"] == (64, 112, 112) and shapes["pool1"] == (64, 56, 56)
    assert [shapes[f"conv{stage}_x"][1:] for stage in (2, 3, 4, 5)] == [(56, 56), (28, 28), (14, 14), (7, 7)]
    assert [shapes[f"conv{stage}_x"][0] for stage in (2, 3, 4, 5)] == [last // 8, last // 4, last // 2, last]
    assert shapes["flatten"] == (last,)
    assert abs(counted / 1e9 - printed) < 0.06  # 3.86 G where 3.8 is printed, else it rounds


def test_the_stride_is_in_the_first_1x1_and_torchvisions_in_the_3x3():
    for name, expected in (("resnet50", [2, 1, 1, 2]), ("resnet50_torchvision", [1, 2, 1, 2])):
        with torch.device("meta"):
            first = build(name).conv3_x[0]
        layers = convolutions(first)  # 1 × 1, 3 × 3, 1 × 1, projection
        assert [layer.kernel_size[0] for layer in layers] == [1, 3, 1, 1]
        assert [layer.stride[0] for layer in layers] == expected


@pytest.mark.parametrize("make", [Block, Bottleneck])
def test_a_block_is_its_equation(make):
    torch.manual_seed(0)
    block = make(8, 8, shortcut="A")
    x = torch.randn(2, 8, 6, 6)
    residual = block.residual(x)
    torch.testing.assert_close(block(x), relu(residual + x))
    nn.init.zeros_(block.residual[-1].weight)  # F = 0
    torch.testing.assert_close(block(x), relu(x))


def test_a_plain_block_adds_nothing():
    torch.manual_seed(0)
    block, plain = Block(8, 8), PlainBlock(8, 8)
    plain.layers.load_state_dict(block.residual.state_dict())
    x = torch.randn(2, 8, 6, 6)
    residual = plain.layers(x)
    torch.testing.assert_close(plain(x), relu(residual))
    torch.testing.assert_close(block(x), relu(residual + x))


def test_shortcut_a_takes_every_second_pixel_and_pads_with_zeros():
    x = torch.randn(2, 3, 5, 6)
    out = resnet.shortcut_of("A", 3, 8, stride=2)(x)
    assert out.shape == (2, 8, 3, 3)
    assert torch.equal(out[:, :3], x[:, :, ::2, ::2]) and not out[:, 3:].any()


def test_shortcuts_b_and_c_project():
    for option, changing, same in (("A", 0, 0), ("B", 8 * 16 + 2 * 16, 0), ("C", 8 * 16 + 2 * 16, 16 * 16 + 2 * 16)):
        assert parameters(resnet.shortcut_of(option, 8, 16, stride=2)) == changing
        assert parameters(resnet.shortcut_of(option, 16, 16, stride=1)) == same
    projection = resnet.shortcut_of("B", 2, 4, stride=2)
    x = torch.randn(2, 2, 4, 4)
    expected = torch.einsum("oc,nchw->nohw", projection[0].weight[:, :, 0, 0], x[:, :, ::2, ::2])
    torch.testing.assert_close(projection[0](x), expected)


def test_resnet_refuses_what_the_paper_has_not():
    with pytest.raises(ValueError, match="shortcut must be 'A' .* got 'D'"):
        ResNetCifar(shortcut="D")
    with pytest.raises(ValueError, match="depth must be one of 18, 34, 50, 101, 152, got 19"):
        ResNet(depth=19)
    with pytest.raises(ValueError, match="plain networks have 18 or 34 layers, got 50"):
        ResNet(depth=50, shortcut=None)
    with pytest.raises(TypeError, match="shortcut"):
        build("plain18", shortcut="A")


# --- ResNet for 32 pixels ------------------------------------------------------------------------------------------

def resnet_cifar_layers(n, shortcut="A"):
    """Section 4.2: 3 × 3 to 16 channels, 2n convolutions with each of 16, 32, 64 channels, dense."""
    layers, channels = conv(3, 3, 16), 16
    for width in (16, 32, 64):
        for _ in range(n):
            layers += conv(3, channels, width) + conv(3, width, width)
            if shortcut == "B" and channels != width:
                layers += conv(1, channels, width)
            channels = width
    return [*layers, 64 * 10 + 10]


@pytest.mark.parametrize(
    ("n", "printed"), [(3, "0.27"), (5, "0.46"), (7, "0.66"), (9, "0.85"), (18, "1.7")]  # table 6, in millions
)
def test_resnet_for_cifar_is_section_4_2(n, printed):
    expected = resnet_cifar_layers(n)
    names = [f"resnet{6 * n + 2}"] + ([f"plain{6 * n + 2}"] if n < 18 else [])
    for name in names:
        model = build(name)
        assert [parameters(layer) for layer in weighted(model)] == expected
        assert len(convolutions(model)) + 1 == 6 * n + 2
    assert f"{sum(expected) / 1e6:.{len(printed) - 2}f}" == printed
    projected = build(f"resnet{6 * n + 2}", shortcut="B")
    assert [parameters(layer) for layer in weighted(projected)] == resnet_cifar_layers(n, "B")


def test_the_names_of_the_cifar_family():
    expected = {f"resnet{n}" for n in (20, 32, 44, 56, 110)} | {f"plain{n}" for n in (20, 32, 44, 56)}
    assert set(resnet_cifar.NETWORKS) == expected


def test_resnet20_is_the_network_of_the_records():
    """Names of its tensors, in order, and what seed 0 draws: results that are kept refer to them."""
    torch.manual_seed(0)
    state = models.create("resnet20", num_classes=10).state_dict()
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    names = ["0.weight", *[f"1.{each}" for each in norm]]
    for block in range(3, 12):
        for at in (0, 3):
            names += [f"{block}.residual.{at}.weight", *[f"{block}.residual.{at + 1}.{each}" for each in norm]]
    assert list(state) == [*names, "14.weight", "14.bias"]
    starts = {
        "0.weight": (-0.11067913, -0.04676494, 0.03532584),
        "3.residual.0.weight": (0.17950600, 0.04516624, -0.01392555),
        "11.residual.3.weight": (0.03809276, -0.03831759, -0.05480971),
        "14.weight": (0.11096664, -0.10283037, 0.06844787),
        "14.bias": (0.11209646, -0.06589785, 0.11753486),
    }
    for name, values in starts.items():
        torch.testing.assert_close(state[name].flatten()[:3], torch.tensor(values), rtol=0, atol=1e-6)
    assert sum(each.numel() for name, each in state.items() if "running" not in name and "num" not in name) == 269_722


def test_plain20_starts_where_resnet20_does():
    torch.manual_seed(1)
    plain = build("plain20").state_dict().values()
    torch.manual_seed(1)
    assert all(torch.equal(a, b) for a, b in zip(plain, build("resnet20").state_dict().values(), strict=True))


# --- DenseNet ------------------------------------------------------------------------------------------------------

IMAGENET = {  # table 1; 161 is not in it, its numbers are torchvision's
    "densenet121": ((6, 12, 24, 16), 32),
    "densenet169": ((6, 12, 32, 32), 32),
    "densenet201": ((6, 12, 48, 32), 32),
    "densenet161": ((6, 12, 36, 24), 48),
}


def dense_blocks(blocks, k, channels, bottleneck=True, compression=0.5):
    """Parameters of dense blocks and transitions, batch norm before each convolution, and the channels at the end."""
    layers = []
    for at, number in enumerate(blocks):
        for layer in range(number):  # x_l is computed from k_0 + k (l - 1) maps
            inputs = channels + k * layer
            if bottleneck:
                layers += [2 * inputs, inputs * 4 * k, 2 * 4 * k, 9 * 4 * k * k]
            else:
                layers += [2 * inputs, 9 * inputs * k]
        channels += k * number
        if at + 1 < len(blocks):
            kept = int(compression * channels)
            layers += [2 * channels, channels * kept]
            channels = kept
    return [*layers, 2 * channels], channels


@pytest.mark.parametrize("name", IMAGENET)
def test_densenet_is_table_1_layer_by_layer(name):
    blocks, k = IMAGENET[name]
    dense, channels = dense_blocks(blocks, k, 2 * k)
    with torch.device("meta"):
        model = build(name)
    expected = [49 * 3 * 2 * k, 2 * 2 * k, *dense, channels * 1000 + 1000]
    assert [parameters(layer) for layer in weighted(model)] == expected
    assert len(convolutions(model)) + 1 == int(name.removeprefix("densenet"))


@pytest.mark.parametrize(
    ("depth", "k", "bc", "printed"),  # table 2, in millions
    [
        (40, 12, False, "1.0"), (100, 12, False, "7.0"), (100, 24, False, "27.2"),
        (100, 12, True, "0.8"), (250, 24, True, "15.3"), (190, 40, True, "25.6"),
    ],
)  # fmt: skip
def test_densenet_for_cifar_is_table_2(depth, k, bc, printed):
    """Three equal blocks; the first convolution has 16 maps, 2k with B and C."""
    number = (depth - 4) // (6 if bc else 3)
    first, compression = (2 * k, 0.5) if bc else (16, 1.0)
    dense, channels = dense_blocks((number,) * 3, k, first, bottleneck=bc, compression=compression)
    options = {"blocks": (number,) * 3, "growth_rate": k, "bottleneck": bc, "compression": compression}
    with torch.device("meta"):
        model = build("densenet_bc_100_12", **options)
    expected = [9 * 3 * first, *dense, channels * 10 + 10]
    assert [parameters(layer) for layer in weighted(model)] == expected
    assert f"{sum(expected) / 1e6:.1f}" == printed
    assert len(convolutions(model)) + 1 == depth
    if (depth, k, bc) == (100, 12, True):
        assert parameters(build("densenet_bc_100_12")) == sum(expected)


def test_densenet_has_the_shapes_of_table_1():
    shapes = {}
    with torch.device("meta"):
        model = build("densenet121").eval()
        for name, stage in model.named_children():
            stage.register_forward_hook(lambda _, __, output, name=name: shapes.update({name: tuple(output.shape[1:])}))
        model(torch.zeros(1, 3, 224, 224))
    assert shapes["conv0"] == (64, 112, 112) and shapes["pool0"] == (64, 56, 56)
    assert [shapes[f"dense_block{n}"] for n in (1, 2, 3, 4)] == [
        (64 + 6 * 32, 56, 56), (128 + 12 * 32, 28, 28), (256 + 24 * 32, 14, 14), (512 + 16 * 32, 7, 7)
    ]  # fmt: skip
    assert [shapes[f"transition{n}"] for n in (1, 2, 3)] == [(128, 28, 28), (256, 14, 14), (512, 7, 7)]


def test_every_layer_of_a_dense_block_reads_all_before_it():
    torch.manual_seed(0)
    block = densenet.DenseBlock(3, layers=3, growth_rate=2, bottleneck=True, dropout=0.0, checkpoint=False).eval()
    x = torch.randn(1, 3, 4, 4)
    out = block(x)
    assert out.shape == (1, 3 + 3 * 2, 4, 4) and torch.equal(out[:, :3], x)
    for at, layer in enumerate(block):
        torch.testing.assert_close(out[:, 3 + 2 * at : 5 + 2 * at], layer(out[:, : 3 + 2 * at]))
    kinds = [type(each).__name__ for each in block[0]]
    assert kinds == ["BatchNorm2d", "ReLU", "Conv2d"] * 2
    assert [each.kernel_size[0] for each in convolutions(block[0])] == [1, 3]


def run_dense(checkpoint, dropout=0.0):
    """One training step's values: output, gradients, batch norm's statistics, bytes kept for the backward pass."""
    torch.manual_seed(0)
    model = DenseNet(10, 3, blocks=(6, 6, 6), growth_rate=4, cifar=True, dropout=dropout, checkpoint=checkpoint).train()
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    x = torch.randn(4, 3, 32, 32)
    torch.manual_seed(1)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        out = model(x)
    size = sum(kept.values())
    cross_entropy(out, torch.arange(4)).backward()
    return out.detach(), [each.grad for each in model.parameters()], list(model.buffers()), size


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_checkpoint_changes_memory_and_nothing_else(dropout):
    out, gradients, statistics, size = run_dense(checkpoint=False, dropout=dropout)
    less_out, less_gradients, less_statistics, less_size = run_dense(checkpoint=True, dropout=dropout)
    torch.testing.assert_close(less_out, out)
    torch.testing.assert_close(less_gradients, gradients)
    torch.testing.assert_close(less_statistics, statistics)  # a batch that is computed twice counts once
    assert max(int(each) for each in less_statistics if each.ndim == 0) == 1
    assert all(each.abs().max() > 0 for each in gradients)
    assert less_size < size / 4


def test_checkpoint_does_not_disturb_evaluation():
    torch.manual_seed(0)
    model = DenseNet(10, 3, blocks=(2, 2), growth_rate=4, cifar=True, checkpoint=True)
    model(torch.randn(8, 3, 16, 16)).sum().backward()
    x = torch.randn(2, 3, 16, 16)
    before = [each.clone() for each in model.eval().buffers()]
    expected = model(x)
    expected.sum().backward()
    with torch.no_grad():
        torch.testing.assert_close(model(x), expected)
    assert all(torch.equal(a, b) for a, b in zip(before, model.buffers(), strict=True))


def test_densenets_dropout_follows_each_convolution_but_the_first():
    """As in the paper for training without augmentation; by default there is none."""

    def dropouts(model):
        return [layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)]

    with torch.device("meta"):
        assert dropouts(build("densenet_bc_100_12")) == [] == dropouts(build("densenet121"))
        assert dropouts(build("densenet_bc_100_12", dropout=0.2)) == [0.2] * (3 * 2 * 16 + 2)
        assert dropouts(build("resnet50")) == [] == dropouts(build("resnet20"))


def test_densenet_refuses_a_compression_that_is_none():
    for wrong in (0, -0.5, 1.5):
        with pytest.raises(ValueError, match=f"compression must be more than 0 and at most 1 .* got {wrong}"):
            DenseNet(compression=wrong)


# --- sizes, learning, what runs them -------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "least"), [("densenet121", 29), ("densenet_bc_100_12", 4)])
def test_the_smallest_image(name, least):
    model = build(name).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 3, least, least + 3)).isfinite().all()
        x = torch.zeros(1, 3, least, least - 1)
        with pytest.raises(ValueError, match=f"DenseNet needs .* {least} × {least} .* got {least} × {least - 1}"):
            model(x)
        with pytest.raises(RuntimeError, match="[Oo]utput size"):  # so it is the least
            nn.Sequential.forward(model, x)


@pytest.mark.parametrize("name", ["resnet18", "resnet20", "plain20"])
def test_residual_networks_read_any_size(name):
    model = build(name).eval()
    with torch.no_grad():
        for height, width in ((1, 1), (33, 70)):
            assert model(torch.zeros(1, 3, height, width)).isfinite().all()
        with pytest.raises(ValueError, match=r"ResNet needs a batch \(N, C, H, W\), got \(3, 32, 32\)"):
            model(torch.zeros(3, 32, 32))


SMALL = {
    "resnet18": lambda **options: ResNet(depth=18, **options),
    "resnet50, zeros": lambda **options: ResNet(depth=50, shortcut="A", **options),
    "plain18": lambda **options: resnet.plain(depth=18, **options),
    "resnet20": lambda **options: ResNetCifar(**options),
    "plain20": lambda **options: resnet_cifar.plain(**options),
    "densenet": lambda **options: DenseNet(blocks=(2, 2, 2, 2), growth_rate=8, **options),
    "densenet, checkpoint": lambda **options: DenseNet(
        blocks=(3, 3), growth_rate=8, cifar=True, checkpoint=True, **options
    ),
}


@pytest.mark.parametrize("name", SMALL)
def test_it_learns_and_gradients_reach_every_parameter(name):
    torch.manual_seed(0)
    model, labels = SMALL[name](num_classes=2).train(), torch.tensor([0, 1] * 3)
    images = torch.randn(6, 3, 32, 32) + 2 * labels.view(-1, 1, 1, 1) - 1  # dark or bright, under noise
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == 1:
            silent = [each for each, value in model.named_parameters() if value.grad is None or not value.grad.any()]
            assert silent == []
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("name", ["resnet50, zeros", "densenet, checkpoint"])  # networks as they are have tests of all
def test_one_image_channels_last_bfloat16_and_export_give_the_same(name):
    torch.manual_seed(0)
    model = SMALL[name](num_classes=7, in_channels=1)
    x = torch.randn(4, 1, 36, 32) + torch.tensor([-4.0, -1.0, 1.0, 4.0]).view(-1, 1, 1, 1)  # four degrees of bright
    fresh = copy.deepcopy(model).eval()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        model.train()(x)  # from here on the statistics are this batch's, and images give different logits
        expected = model.eval()(x)
        assert expected.shape == (4, 7) and (expected[0] - expected[1]).abs().max() > 0.05
        torch.testing.assert_close(model(x[1:2]), expected[1:2], rtol=1e-4, atol=1e-4)
        last = x.contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(model(last), expected, rtol=1e-4, atol=1e-4)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = fresh(x).float()
        assert (logits - fresh(x)).norm() < 0.05 * fresh(x).norm()  # batch norm of four images would blow up roundings
    exported = torch.export.export(model, (x,)).module()
    torch.testing.assert_close(exported(x), expected, rtol=1e-4, atol=1e-4)


def test_a_compiler_gives_the_same_with_checkpoints():
    torch.manual_seed(0)
    model = SMALL["densenet, checkpoint"](num_classes=7).eval()
    x = torch.randn(2, 3, 32, 32)
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", *IMAGENET],
)
def test_torchvisions_weights_give_torchvisions_logits(name):
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, name)()
    norms = [layer for layer in theirs.modules() if isinstance(layer, nn.BatchNorm2d)]
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        for norm in norms:
            norm.momentum = 1.0
        theirs.train()(x)  # from here on the running statistics are this batch's, so that signals neither die nor burst
        for norm in norms:
            norm.running_mean += 0.1 * torch.randn_like(norm.running_mean)
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.5, 2)
            norm.weight.uniform_(0.8, 1.2)
            norm.bias.normal_(std=0.1)
        with torch.device("meta"):
            ours = NETWORKS[name if name in ("resnet18", "resnet34", *IMAGENET) else f"{name}_torchvision"][0]()
        ours = ours.to_empty(device="cpu")
        from_torchvision(ours, theirs.state_dict())
        expected = theirs.eval()(x)
        assert (expected[0] - expected[1]).abs().max() > 0.1  # the image matters
        torch.testing.assert_close(ours.eval()(x), expected, rtol=1e-4, atol=1e-4)
    published = torchvision.models.get_model_weights(name).DEFAULT.meta["num_params"]
    assert parameters(ours) == published


def test_the_papers_resnet50_is_not_torchvisions():
    """The weights fit both; the outputs do not."""
    torch.manual_seed(0)
    ours, theirs = build("resnet50").eval(), torchvision.models.resnet50().eval()
    from_torchvision(ours, theirs.state_dict())
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = theirs(x)
        assert (ours(x) - expected).abs().max() > 0.01 * expected.abs().max()
