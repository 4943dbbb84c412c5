"""`look.trace` against the tables that the papers print.

Expected values are the papers' own, or arithmetic on what they print. Where a printed line disagrees with the
arithmetic, the test names it.
"""

import math

import pandas as pd
import pytest
import torch

from cnnbook import look, models


def traced(name: str, depth: int | None, **options) -> pd.DataFrame:
    """At the paper's size; where no response normalisation wants real values, without memory or arithmetic."""
    with torch.device("cpu" if name in ("alexnet", "googlenet") else "meta"):
        model = models.create(name, **options)
    table = look.trace(model, models.facts(name)["input_size"], depth)
    return table.set_axis([each.rpartition(".")[2] for each in table.index])


def windows(table: pd.DataFrame, rows: list[str]) -> list[tuple]:
    return [(table.kernel[row], table.stride[row]) for row in rows]


# --- AlexNet -------------------------------------------------------------------------------------------------------

FIGURE_2 = {  # maps, side, kernel, stride; the channels that a kernel reads; neurons as the caption counts them
    "conv1": (96, 55, 11, 4, 3, 253_440),
    "conv2": (256, 27, 5, 1, 48, 186_624),
    "conv3": (384, 13, 3, 1, 256, 64_896),
    "conv4": (384, 13, 3, 1, 192, 64_896),
    "conv5": (256, 13, 3, 1, 192, 43_264),
}


def test_alexnet_is_figure_2():
    table = traced("alexnet", depth=2)
    for row, (maps, side, kernel, stride, reads, _) in FIGURE_2.items():
        weights = kernel * kernel * reads * maps
        assert table.output[row] == (maps, side, side) and windows(table, [row]) == [(kernel, stride)]
        assert table.parameters[row] == weights + maps and table.multiply_adds[row] == weights * side * side
    assert windows(table, ["pool1", "pool2", "pool5"]) == [(3, 2)] * 3  # section 3.4: s = 2, z = 3
    assert [table.output[f"fc{layer}"] for layer in (6, 7, 8)] == [(4096,), (4096,), (1000,)]
    assert table.parameters.sum() // 10**6 == 60  # "60 million parameters"


def test_alexnets_neurons_are_the_captions_but_for_the_first_layer():
    neurons = traced("alexnet", depth=2).activation_bytes // 4  # float32
    printed = {row: line[-1] for row, line in FIGURE_2.items()} | {"fc6": 4096, "fc7": 4096, "fc8": 1000}
    assert {row: neurons[row] for row in printed if neurons[row] != printed[row]} == {"conv1": 96 * 55 * 55}
    assert printed["conv1"] == 96 * 55 * 48
    assert sum(printed.values()) == 622_312  # the text says 650,000; with the whole first layer it is nearly so
    assert neurons[list(printed)].sum() == 659_272


def test_two_of_alexnets_convolutions_hold_more_than_a_hundredth_of_its_parameters():
    """Section 1 says that none does."""
    parameters = traced("alexnet", depth=2).parameters
    assert {row for row in FIGURE_2 if parameters[row] > parameters.sum() / 100} == {"conv3", "conv4"}


# --- VGG -----------------------------------------------------------------------------------------------------------

def test_vgg_d_is_table_1():
    table, channels = traced("vgg16", depth=2), 3
    for stage, (number, maps) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), start=1):
        side = 224 >> stage - 1
        for layer in range(1, number + 1):
            row, weights = f"conv{stage}_{layer}", 9 * channels * maps
            assert table.output[row] == (maps, side, side) and windows(table, [row]) == [(3, 1)]
            assert table.parameters[row] == weights + maps and table.multiply_adds[row] == weights * side * side
            assert table.activation_bytes[row] == 4 * maps * side * side
            channels = maps
        assert table.output[f"pool{stage}"] == (maps, side // 2, side // 2)
        assert windows(table, [f"pool{stage}"]) == [(2, 2)]
    assert round(table.parameters.sum() / 1e6) == 138  # table 2
    dense = table.parameters[["fc6", "fc7", "fc8"]].sum()
    assert dense == 7 * 7 * 512 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000


def test_two_of_vggs_layers_see_5_and_three_see_7():
    """Section 2.3; counted in pixels of the map that they read."""
    table = traced("vgg16", depth=2)
    seen = {(first, last): (table.receptive_field[last] - table.receptive_field[first]) // table.jump[first] + 1
            for first, last in (("pool1", "conv2_2"), ("pool2", "conv3_3"), ("pool4", "conv5_3"))}  # fmt: skip
    assert list(seen.values()) == [5, 7, 7]


# --- GoogLeNet -----------------------------------------------------------------------------------------------------

TABLE_1 = {  # patch and stride, side, channels, parameters in K, operations in M
    "conv1": (7, 2, 112, 64, 2.7, 34),
    "pool1": (3, 2, 56, 64, 0, 0),
    "conv2": (3, 1, 56, 192, 112, 360),
    "pool2": (3, 2, 28, 192, 0, 0),
    "inception_3a": ("", "", 28, 256, 159, 128),
    "inception_3b": ("", "", 28, 480, 380, 304),
    "pool3": (3, 2, 14, 480, 0, 0),
    "inception_4a": ("", "", 14, 512, 364, 73),
    "inception_4b": ("", "", 14, 512, 437, 88),
    "inception_4c": ("", "", 14, 512, 463, 100),
    "inception_4d": ("", "", 14, 528, 580, 119),
    "inception_4e": ("", "", 14, 832, 840, 170),
    "pool4": (3, 2, 7, 832, 0, 0),
    "inception_5a": ("", "", 7, 832, 1072, 54),
    "inception_5b": ("", "", 7, 1024, 1388, 71),
}


def test_googlenet_is_table_1():
    table = traced("googlenet", depth=2)
    for row, (kernel, stride, side, channels, _, _) in TABLE_1.items():
        assert windows(table, [row]) == [(kernel, stride)] and table.output[row] == (channels, side, side), row
    assert table.output["0"] == (1024, 1, 1) and table.output["linear"] == (1000,)  # average pooling, 7 × 7 to 1 × 1

    costs = table[["parameters", "multiply_adds"]].copy()
    costs.loc["conv2"] += costs.loc["conv2_reduce"]  # one row in the paper, of depth 2
    printed = {row: line[-2:] for row, line in TABLE_1.items() if line[-1]} | {"linear": (1000, 1)}
    thousands, millions = costs.parameters / 1024, costs.multiply_adds / 1e6
    few = {row for row, (k, _) in printed.items() if abs(thousands[row] / k - 1) > 0.01}
    assert few == {"conv1", "inception_4c", "inception_4d", "inception_5a", "inception_5b"}  # not what their sizes give
    assert {row for row, (_, m) in printed.items() if abs(millions[row] - m) > 1} == {"conv1", "inception_5a"}
    assert sum(m for _, m in printed.values()) == 1502 and round(table.multiply_adds.sum() / 1e6) == 1583
    assert round(sum(k for k, _ in printed.values())) == 6798 and table.parameters.sum() == 6_998_552


# --- ResNet --------------------------------------------------------------------------------------------------------

BASIC, BOTTLENECK = ((3, 1), (3, 1)), ((1, 1), (3, 1), (1, 4))  # kernel, channels as multiples of the stage's
RESNETS = {  # table 1: a block, blocks a stage, billions of operations
    18: (BASIC, (2, 2, 2, 2), 1.8),
    34: (BASIC, (3, 4, 6, 3), 3.6),
    50: (BOTTLENECK, (3, 4, 6, 3), 3.8),
    101: (BOTTLENECK, (3, 4, 23, 3), 7.6),
    152: (BOTTLENECK, (3, 8, 36, 3), 11.3),
}


@pytest.mark.parametrize("layers", RESNETS)
def test_resnet_is_table_1(layers):
    block, repeats, billions = RESNETS[layers]
    table, channels = traced(f"resnet{layers}", depth=1, shortcut="A" if block is BASIC else "B"), 64
    assert table.output["conv1"] == (64, 112, 112) and table.output["pool1"] == (64, 56, 56)
    assert windows(table, ["conv1", "pool1"]) == [(7, 2), (3, 2)]
    for stage, number in enumerate(repeats):
        row, side, width, weights, maps = f"conv{stage + 2}_x", 56 >> stage, 64 << stage, 0, 0
        if block is BOTTLENECK:  # the projection of the first block
            weights, maps = channels * 4 * width, 4 * width
        for kernel, multiple in block * number:  # the stride comes first, so all are at the stage's size
            weights, maps = weights + kernel**2 * channels * multiple * width, maps + multiple * width
            channels = multiple * width
        assert table.output[row] == (channels, side, side)
        assert table.multiply_adds[row] == weights * side * side
        assert table.parameters[row] == weights + 2 * maps  # and batch norm's
    assert table.output["avgpool"] == (channels, 1, 1) and table.output["linear"] == (1000,)
    exact = table.multiply_adds.sum() / 1e9
    assert billions == (3.8 if layers == 50 else round(exact, 1))
    assert layers != 50 or f"{exact:.2f}" == "3.86"  # printed as 3.8, which is not rounded


# --- DenseNet ------------------------------------------------------------------------------------------------------

DENSENETS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}  # table 1, k = 32


@pytest.mark.parametrize("layers", DENSENETS)
def test_densenet_is_table_1(layers):
    table, channels, k = traced(f"densenet{layers}", depth=1), 64, 32
    assert table.output["conv0"] == (64, 112, 112) and table.output["pool0"] == (64, 56, 56)
    assert windows(table, ["conv0", "pool0"]) == [(7, 2), (3, 2)]
    for block, number in enumerate(DENSENETS[layers], start=1):
        side, weights, maps = 112 >> block, 0, 0
        for _ in range(number):  # 1 × 1 to 4k, 3 × 3 to k, before each batch norm
            weights, maps = weights + channels * 4 * k + 9 * 4 * k * k, maps + channels + 4 * k
            channels += k
        row = f"dense_block{block}"
        assert table.output[row] == (channels, side, side)
        assert table.parameters[row] == weights + 2 * maps and table.multiply_adds[row] == weights * side * side
        if block < 4:
            row, weights = f"transition{block}", channels * (channels // 2)  # 1 × 1 at this size, then pooling by 2
            assert table.output[row] == (channels // 2, side // 2, side // 2)
            assert table.parameters[row] == weights + 2 * channels
            assert table.multiply_adds[row] == weights * side * side
            channels //= 2
    assert table.output["avgpool"] == (channels, 1, 1) and table.output["linear"] == (1000,)


def test_the_numbers_in_densenets_names_count_layers():
    for layers in DENSENETS:
        assert traced(f"densenet{layers}", depth=None).layer.isin(["Conv2d", "Linear"]).sum() == layers


def test_the_sums_are_those_of_the_layers():
    layers, stages = (traced("resnet50", depth=depth) for depth in (None, 1))
    for column in ("parameters", "multiply_adds", "activation_bytes"):
        assert layers[column].sum() == stages[column].sum()
    assert (layers.activation_bytes == [4 * math.prod(shape) for shape in layers.output]).all()
