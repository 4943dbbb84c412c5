"""GoogLeNet and Inception v3 against their papers' tables and torchvision's networks.

Counts are derived here by arithmetic from the papers' tables, not from our code.
"""

from functools import cache

import pytest
import torch
import torchvision
from torch import nn
from torch.nn.functional import cross_entropy, relu

from cnnbook.layers import LocalResponseNorm
from cnnbook.models import googlenet, inception_v3
from cnnbook.models.convert import from_torchvision
from cnnbook.models.googlenet import GoogLeNet
from cnnbook.models.inception_v3 import InceptionV3

NETWORKS = googlenet.NETWORKS | inception_v3.NETWORKS
ROWS = {  # table 1: output; 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool proj; parameters (K) and operations (M)
    "3a": ((256, 28, 28), (64, 96, 128, 16, 32, 32), 159, 128),
    "3b": ((480, 28, 28), (128, 128, 192, 32, 96, 64), 380, 304),
    "4a": ((512, 14, 14), (192, 96, 208, 16, 48, 64), 364, 73),
    "4b": ((512, 14, 14), (160, 112, 224, 24, 64, 64), 437, 88),
    "4c": ((512, 14, 14), (128, 128, 256, 24, 64, 64), 463, 100),
    "4d": ((528, 14, 14), (112, 144, 288, 32, 64, 64), 580, 119),
    "4e": ((832, 14, 14), (256, 160, 320, 32, 128, 128), 840, 170),
    "5a": ((832, 7, 7), (256, 160, 320, 32, 128, 128), 1072, 54),
    "5b": ((1024, 7, 7), (384, 192, 384, 48, 128, 128), 1388, 71),
}  # fmt: skip


def build(name, **options):
    return NETWORKS[name][0](num_classes=NETWORKS[name][1]["classes"], in_channels=3, **options)


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def weighted(model):
    return [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d, nn.Linear))]


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
    return counts, shape


@cache
def googlenet_traced():
    """Output shape and multiply-adds of each stage of the paper's network at 224 pixels."""
    model = build("googlenet")
    trace = {}
    for name, stage in model.features.named_children():
        stage.register_forward_hook(lambda _, __, output, name=name: trace.update({name: tuple(output.shape[1:])}))
    counts, _ = multiply_adds(model, torch.zeros(1, 3, 224, 224))
    return trace, counts


# --- layer by layer, from the tables -------------------------------------------------------------------------------

def table_1():
    """(kernel side, channels in, channels out) of each convolution of GoogLeNet's table 1."""
    layers, channels = [(7, 3, 64), (1, 64, 64), (3, 64, 192)], 192
    for _, (ones, reduce_threes, threes, reduce_fives, fives, projection), _, _ in ROWS.values():
        layers += [(1, channels, ones)]
        layers += [(1, channels, reduce_threes), (3, reduce_threes, threes)]
        layers += [(1, channels, reduce_fives), (5, reduce_fives, fives)]
        layers += [(1, channels, projection)]
        channels = ones + threes + fives + projection
    return layers


def with_bias(layers):
    return [side * side * inputs * outputs + outputs for side, inputs, outputs in layers]


def with_batch_norm(layers):
    return [n for side, inputs, outputs in layers for n in (side * side * inputs * outputs, 2 * outputs)]


def test_googlenet_is_table_1_layer_by_layer():
    assert [parameters(layer) for layer in weighted(build("googlenet"))] == with_bias(table_1()) + [1024 * 1000 + 1000]


def test_googlenet_with_heads_has_those_of_section_5():
    def head(channels):  # 1 × 1 convolution to 128, dense 4 · 4 · 128 → 1024, dense 1024 → 1000
        return [channels * 128 + 128, 4 * 4 * 128 * 1024 + 1024, 1024 * 1000 + 1000]

    expected = with_bias(table_1()) + head(512) + head(528) + [1024 * 1000 + 1000]
    assert [parameters(layer) for layer in weighted(build("googlenet", aux=True))] == expected


def test_torchvisions_googlenet_has_threes_for_fives_and_batch_norm():
    layers = [(3 if side == 5 else side, inputs, outputs) for side, inputs, outputs in table_1()]
    ours = [parameters(layer) for layer in weighted(build("googlenet_torchvision"))]
    assert ours == with_batch_norm(layers) + [1024 * 1000 + 1000]


def test_the_naive_googlenet_is_figure_2a_with_table_1s_filters():
    """The paper prints the module only. Taken: table 1's 1 × 1, 3 × 3, 5 × 5; the pooling keeps all its channels."""
    layers, channels, widths = [(7, 3, 64), (1, 64, 64), (3, 64, 192)], 192, []
    for _, (ones, _, threes, _, fives, _), _, _ in ROWS.values():
        layers += [(1, channels, ones), (3, channels, threes), (5, channels, fives)]
        channels += ones + threes + fives
        widths.append(channels)
    assert widths == [416, 832, 1280, 1728, 2176, 2640, 3344, 4048, 4944]
    with torch.device("meta"):
        ours = [parameters(layer) for layer in weighted(build("googlenet_naive"))]
    assert ours == with_bias(layers) + [4944 * 1000 + 1000]


def test_googlenet_for_cifar_differs_in_the_first_convolution_only():
    expected = with_bias([(3, 3, 64)] + table_1()[1:]) + [1024 * 10 + 10]
    assert [parameters(layer) for layer in weighted(build("googlenet_cifar"))] == expected


def test_inception_v3_layer_by_layer():
    """The paper prints no channels of branches: these are torchvision's, which follows the released network."""
    sizes = [9 * 3 * 32, 9 * 32 * 32, 9 * 32 * 64, 64 * 80, 9 * 80 * 192]
    for n, pool in ((192, 32), (256, 64), (288, 64)):  # figure 5
        sizes += [n * 64, n * 48, 25 * 48 * 64, n * 64, 9 * 64 * 96, 9 * 96 * 96, n * pool]
    sizes += [9 * 288 * 384, 288 * 64, 9 * 64 * 96, 9 * 96 * 96]
    for c in (128, 160, 160, 192):  # figure 6, n = 7
        sizes += [768 * 192, 768 * c, 7 * c * c, 7 * c * 192, 768 * c, *[7 * c * c] * 3, 7 * c * 192, 768 * 192]
    sizes += [768 * 192, 9 * 192 * 320, 768 * 192, 7 * 192 * 192, 7 * 192 * 192, 9 * 192 * 192]
    for n in (1280, 2048):  # figure 7
        thirds = [3 * 384 * 384, 3 * 384 * 384]
        sizes += [n * 320, n * 384, *thirds, n * 448, 9 * 448 * 384, *thirds, n * 192]
    convolutions = [layer for layer in build("inception_v3").modules() if isinstance(layer, nn.Conv2d)]
    assert [parameters(layer) for layer in convolutions] == sizes
    norms = sum(2 * layer.out_channels for layer in convolutions)
    total = sum(sizes) + norms + 2048 * 1000 + 1000
    assert total == NETWORKS["inception_v3"][1]["parameters"] < 25e6  # "less than 25 million" (the abstract)
    head = 768 * 128 + 2 * 128 + 25 * 128 * 768 + 2 * 768 + 768 * 1000 + 1000
    assert total + head == NETWORKS["inception_v3"][1]["parameters_with_aux"]


@pytest.mark.parametrize("name", NETWORKS)
def test_facts_are_true_of_the_heads_too(name):
    with torch.device("meta"):
        assert parameters(build(name, aux=True)) == NETWORKS[name][1]["parameters_with_aux"]


def test_parameters_are_torchvisions():
    published = {
        "googlenet_torchvision": (torchvision.models.GoogLeNet_Weights, "parameters"),  # it is published without heads
        "inception_v3": (torchvision.models.Inception_V3_Weights, "parameters_with_aux"),
    }
    for name, (weights, key) in published.items():
        assert NETWORKS[name][1][key] == weights.DEFAULT.meta["num_params"]


# --- the printed columns -------------------------------------------------------------------------------------------

def test_googlenet_has_the_shapes_of_table_1():
    shapes = googlenet_traced()[0]
    stages = {"conv1": (64, 112, 112), "pool1": (64, 56, 56), "conv2": (192, 56, 56), "pool2": (192, 28, 28)}
    stages |= {"pool3": (480, 14, 14), "pool4": (832, 7, 7)}
    stages |= {f"inception_{name}": row[0] for name, row in ROWS.items()}
    assert {name: shapes[name] for name in stages} == stages


def test_googlenets_printed_parameters():
    """K is 1024 in the rows that tell (112 · 1024 = 114,688). The first row and four more differ from their sizes."""
    sizes = [side * side * inputs * outputs for side, inputs, outputs in table_1()]
    rows = {"conv1": (sizes[0], 2.7), "conv2": (sum(sizes[1:3]), 112), "linear": (1024 * 1000, 1000)}
    for at, (name, row) in enumerate(ROWS.items()):
        rows[name] = (sum(sizes[3 + 6 * at : 9 + 6 * at]), row[2])
    off = {name for name, (computed, printed) in rows.items() if abs(computed / 1024 / printed - 1) > 0.01}
    assert off == {"conv1", "4c", "4d", "5a", "5b"}
    total, printed = sum(computed for computed, _ in rows.values()), sum(printed for _, printed in rows.values())
    assert printed == pytest.approx(6797.7) and total == 6_990_272
    assert total + sum(outputs for _, _, outputs in table_1()) + 1000 == NETWORKS["googlenet"][1]["parameters"]


def test_googlenets_printed_operations():
    """All rows but the first, whose 34 M does not fit a full 7 × 7 convolution, and 5a, which is off by 3 M."""
    counts = googlenet_traced()[1]
    rows = {"conv1": (counts[0], 34), "conv2": (sum(counts[1:3]), 360), "linear": (counts[-1], 1)}
    for at, (name, row) in enumerate(ROWS.items()):
        rows[name] = (sum(counts[3 + 6 * at : 9 + 6 * at]), row[3])
    off = {name for name, (computed, printed) in rows.items() if abs(computed / 1e6 - printed) > 1}
    assert off == {"conv1", "5a"}
    assert sum(printed for _, printed in rows.values()) == 1502


def test_googlenet_has_22_layers_with_weights_and_27_with_pooling():
    """Section 5; a module is two layers deep, side by side its convolutions count once."""
    names = [name for name, _ in build("googlenet_cifar").features.named_children()]
    names = [*names, "pool2", "avgpool"]  # the network for small images has one pooling less
    modules = sum(name.startswith("inception") for name in names)
    convolutions = sum(name.startswith("conv") for name in names)
    assert convolutions + 2 * modules + 1 == 22
    assert convolutions + 2 * modules + 1 + sum("pool" in name for name in names) == 27


def test_inception_v3_has_the_sizes_of_table_1():
    """Table 1's column "input size", of what follows; 80 channels come at 73 pixels here, at 71 in the paper."""
    with torch.device("meta"):
        model = build("inception_v3").eval()
        shapes = {}
        for part in (model.to_17, model.to_8):
            for name, stage in part.named_children():
                stage.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: tuple(out.shape[1:])}))
        model(torch.zeros(1, 3, 299, 299))
    assert shapes["conv1"] == (32, 149, 149) and shapes["conv2"] == (32, 147, 147)
    assert shapes["conv3"] == (64, 147, 147) and shapes["pool1"] == (64, 73, 73)
    assert shapes["conv5"][1:] == (71, 71) and shapes["pool2"] == (192, 35, 35)
    assert shapes["mixed_5d"] == (288, 35, 35)  # three modules
    assert {shapes[f"mixed_6{letter}"] for letter in "abcde"} == {(768, 17, 17)}  # five
    assert shapes["mixed_7a"] == (1280, 8, 8) and shapes["mixed_7c"] == (2048, 8, 8)  # two


# --- what the modules are ------------------------------------------------------------------------------------------

def test_branches_stand_side_by_side_in_the_papers_order():
    module = googlenet.Inception(8, (2, 3, 4, 2, 5, 6))
    x = torch.randn(2, 8, 7, 7)
    names = ["branch_1x1", "branch_3x3", "branch_5x5", "branch_pool"]
    assert [name for name, _ in module.named_children()] == names
    pieces = module(x).split([2, 4, 5, 6], dim=1)
    for name, piece in zip(names, pieces, strict=True):
        torch.testing.assert_close(piece, getattr(module, name)(x))
    five = [layer for layer in module.branch_5x5.modules() if isinstance(layer, nn.Conv2d)][-1]
    expected = relu(nn.functional.conv2d(module.branch_5x5[0](x), five.weight, five.bias, padding=2))
    assert five.kernel_size == (5, 5)
    torch.testing.assert_close(pieces[2], expected)


def test_the_naive_module_hands_its_pooled_input_on():
    module = googlenet.NaiveInception(3, (2, 0, 4, 0, 5, 0))
    x = torch.randn(1, 3, 6, 6)
    out = module(x)
    assert out.shape == (1, 2 + 4 + 5 + 3, 6, 6)
    torch.testing.assert_close(out[:, -3:], nn.functional.max_pool2d(x, 3, stride=1, padding=1))


def test_two_response_normalisations_with_alexnets_constants_where_figure_3_has_them():
    names = [name for name, _ in build("googlenet").features.named_children()]
    assert names[:7] == ["conv1", "pool1", "norm1", "conv2_reduce", "conv2", "norm2", "pool2"]
    responses = [layer for layer in build("googlenet").modules() if isinstance(layer, LocalResponseNorm)]
    constants = [(each.size, each.alpha / each.size, each.beta, each.k) for each in responses]
    assert constants == [(5, pytest.approx(1e-4), 0.75, 2)] * 2
    kinds = {type(layer) for layer in build("googlenet_torchvision").modules()}
    assert nn.BatchNorm2d in kinds and LocalResponseNorm not in kinds


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("googlenet", {}, [0.4]),
        ("googlenet", {"aux": True}, [0.7, 0.7, 0.4]),
        ("googlenet_torchvision", {"aux": True}, [0.7, 0.7, 0.2]),
        ("inception_v3", {"aux": True}, [0.0]),
        ("inception_v3", {"dropout": 0.5}, [0.5]),
    ],
)
def test_dropout_is_where_the_papers_have_it(name, options, expected):
    with torch.device("meta"):
        assert [layer.p for layer in build(name, **options).modules() if isinstance(layer, nn.Dropout)] == expected


def test_heads_pool_five_by_five_with_stride_three():
    heads = build("googlenet", aux=True).heads
    x = torch.randn(1, 512, 14, 14)
    torch.testing.assert_close(heads["inception_4a"].pool(x), nn.functional.avg_pool2d(x, 5, stride=3))
    assert list(heads) == ["inception_4a", "inception_4d"]


@pytest.mark.parametrize("name", ["googlenet_cifar", "googlenet_torchvision"])
def test_heads_speak_in_training_only(name):
    torch.manual_seed(0)
    model = build(name, aux=True, dropout=0.0, width=0.25).train()
    x = torch.randn(2, 3, 32, 32)
    classes = NETWORKS[name][1]["classes"]
    out = model(x)
    assert [tuple(each.shape) for each in out] == [(2, classes)] * 3
    assert tuple(model.eval()(x).shape) == (2, classes)
    assert tuple(build(name, width=0.25).train()(x).shape) == (2, classes)  # no heads, no tuple


def test_the_papers_heads_train_at_224_pixels():
    model = GoogLeNet(num_classes=5, aux=True, width=0.25).train()
    assert [tuple(each.shape) for each in model(torch.zeros(1, 3, 224, 224))] == [(1, 5)] * 3
    with pytest.raises(ValueError, match=r"GoogLeNet needs images of 224 × 224 pixels, got 256 × 224: in training the"):
        model(torch.zeros(1, 3, 256, 224))
    assert model.eval()(torch.zeros(1, 3, 256, 224)).shape == (1, 5)


def test_inception_v3s_head_trains_from_299_pixels():
    model = InceptionV3(num_classes=5, aux=True).train()
    with pytest.raises(ValueError, match="auxiliary head, in training, needs images of 299 × 299 pixels or more"):
        model(torch.zeros(1, 3, 298, 299))
    with torch.device("meta"):
        model = InceptionV3(num_classes=5, aux=True).train()
        assert [tuple(each.shape) for each in model(torch.zeros(2, 3, 299, 299))] == [(2, 5)] * 2
        x = torch.zeros(2, 3, 298, 298)
        with pytest.raises(RuntimeError, match="[Kk]ernel size"):  # so 299 is the least
            model.head(model.to_17(x))


def test_width_multiplies_channels():
    full, half = build("googlenet_cifar"), build("googlenet_cifar", width=0.5)
    pairs = zip(full.features.modules(), half.features.modules(), strict=True)
    channels = [(a.out_channels, b.out_channels) for a, b in pairs if isinstance(a, nn.Conv2d)]
    assert len(channels) == 57 and all(a == 2 * b for a, b in channels)
    assert half.linear.in_features == 512


# --- sizes, learning, what runs it ---------------------------------------------------------------------------------

@pytest.mark.parametrize(
    ("name", "least"),
    [("googlenet", 31), ("googlenet_torchvision", 15), ("googlenet_cifar", 8), ("inception_v3", 75)],
)
def test_the_smallest_image(name, least):
    model = build(name).eval()
    network = type(model).__name__
    with torch.no_grad():
        assert model(torch.zeros(1, 3, least, least + 2)).isfinite().all()
        x = torch.zeros(1, 3, least, least - 1)
        with pytest.raises(ValueError, match=f"{network} needs .* {least} × {least} .* got {least} × {least - 1}"):
            model(x)
        with pytest.raises(RuntimeError, match="[Kk]ernel size|[Oo]utput size"):  # so it is the least
            model.features(x) if isinstance(model, GoogLeNet) else model.to_8(model.to_17(x))


@pytest.mark.parametrize(
    ("make", "side", "rate"),
    [
        (lambda: GoogLeNet(num_classes=2, dropout=0.0), 48, 3e-4),
        (lambda: GoogLeNet(num_classes=2, dropout=0.0, naive=True, width=0.25), 48, 1e-3),
        (lambda: GoogLeNet(num_classes=2, cifar=True, aux=True, dropout=0.0, width=0.5), 32, 1e-3),
        (lambda: InceptionV3(num_classes=2), 75, 1e-3),
    ],
    ids=["googlenet", "naive", "cifar with heads", "inception_v3"],
)
def test_it_learns_and_gradients_reach_every_parameter(make, side, rate):
    torch.manual_seed(0)
    model, labels = make().train(), torch.tensor([0, 1] * 3)
    images = torch.randn(6, 3, side, side) + 2 * labels.view(-1, 1, 1, 1) - 1  # dark or bright, under noise
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for _ in range(8):
        out = model(images)
        out = out if isinstance(out, tuple) else (out,)
        loss = sum(w * cross_entropy(logits, labels) for w, logits in zip((1, 0.3, 0.3), out, strict=False))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == 1:
            silent = [name for name, each in model.named_parameters() if each.grad is None or not each.grad.any()]
            assert silent == []
    assert losses[-1] < 0.7 * losses[0]


def converted(name, theirs, side):
    """Ours with the weights of theirs, which are random, as are its statistics; and images that tell them apart."""
    torch.manual_seed(0)
    norms = [layer for layer in theirs.modules() if isinstance(layer, nn.BatchNorm2d)]
    x = torch.randn(2, 3, side, side)
    with torch.no_grad():
        for norm in norms:
            norm.momentum = 1.0
        theirs.train()(x)  # from here on the running statistics are this batch's, so that signals neither die nor burst
        for norm in norms:
            norm.running_mean += 0.1 * torch.randn_like(norm.running_mean)
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.5, 2)
            norm.weight.uniform_(0.8, 1.2)
            norm.bias.normal_(std=0.1)
    ours = NETWORKS[name][0]()
    from_torchvision(ours, theirs.state_dict())
    return ours.eval(), theirs.eval(), x


@pytest.mark.parametrize(
    ("name", "make", "side"),
    [
        ("googlenet_torchvision", torchvision.models.googlenet, 96),
        ("inception_v3", torchvision.models.inception_v3, 107),
    ],
)
def test_torchvisions_weights_give_torchvisions_logits(name, make, side):
    ours, theirs, x = converted(name, make(init_weights=False, aux_logits=False), side)
    with torch.no_grad():
        expected = theirs(x)
        assert (expected[0] - expected[1]).abs().max() > 0.1  # the image matters
        torch.testing.assert_close(ours(x), expected, rtol=1e-4, atol=1e-4)


def test_torchvisions_weights_give_torchvisions_heads():
    torch.manual_seed(0)
    theirs = torchvision.models.googlenet(init_weights=False)
    ours = build("googlenet_torchvision", aux=True)
    pairs = [(ours.heads["inception_4a"], theirs.aux1, 512, 14), (ours.heads["inception_4d"], theirs.aux2, 528, 14)]
    from_torchvision(ours, theirs.state_dict())
    theirs = torchvision.models.inception_v3(init_weights=False)
    ours = build("inception_v3", aux=True)
    pairs.append((ours.head, theirs.AuxLogits, 768, 17))
    from_torchvision(ours, theirs.state_dict())
    for head, their_head, channels, side in pairs:
        x = torch.randn(2, channels, side, side)
        expected = their_head.eval()(x)
        assert (expected[0] - expected[1]).abs().max() > 0.01
        torch.testing.assert_close(head.eval()(x), expected, rtol=1e-4, atol=1e-5)


def test_the_papers_googlenet_does_not_take_torchvisions_weights():
    with torch.device("meta"):
        theirs = torchvision.models.googlenet(init_weights=False, aux_logits=False)
    with pytest.raises(ValueError, match="not the same structure"):
        from_torchvision(build("googlenet"), theirs.state_dict())


def test_compilers_leave_the_heads_out_too():
    torch.manual_seed(0)
    model = GoogLeNet(num_classes=3, width=0.125, cifar=True, aux=True, dropout=0.0)
    x = torch.randn(2, 3, 32, 32)
    exported = torch.export.export(model.eval(), (x,)).module()
    torch.testing.assert_close(exported(x), model(x))
    torch._dynamo.reset()
    compiled = torch.compile(model.eval(), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x))
