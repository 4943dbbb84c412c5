# %% [markdown] lang="ko"
# # DenseNet
#
# ## 무엇을 만들게 될까요?
#
# 이 장에서는 층마다 앞선 **모든** 층의 출력을 읽는 신경망, DenseNet을 만듭니다 {cite:p}`huang2017densely`. 논문은 2016년에
# 나왔습니다. ResNet은 앞의 값에 새 값을 더하지만, DenseNet은 앞의 값을 그대로 두고 새 값을 뒤에 이어 붙입니다. 이 작은 차이가
# 채널 수, 파라미터, 메모리, 그레이디언트를 모두 바꿉니다. 하나하나 손으로 만들고 세고 잽니다. 끝에서는 AlexNet부터
# DenseNet까지 여섯 장을 한 장의 그림으로 돌아봅니다.

# %% [markdown] lang="en"
# # DenseNet
#
# ## What you will build
#
# In this chapter you build DenseNet, a network in which each layer reads the outputs of **all** layers before it
# {cite:p}`huang2017densely`. The paper came out in 2016. ResNet adds new values to the old ones; DenseNet leaves the old ones
# as they are and appends the new ones. This small difference changes channels, parameters, memory and gradients alike. You
# build, count and measure each of them. At the end we look back over six chapters, from AlexNet to DenseNet, in one picture.

# %%
import copy
import itertools
import time

import numpy as np
import pandas as pd
import torch
import torchvision
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

import cnnbook
from cnnbook import check, data, look, models, train
from cnnbook.models import resnet

torch.set_num_threads(1)  # then the same seed gives the same weights
LIGHT = look.style.LIGHT

full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
if full:
    train_set = data.load("cifar10", "train", fallback="shapes")
    test_set = data.load("cifar10", "test", fallback="shapes")
else:
    dials = {"illumination": 0.2, "deformation": 0.2, "occlusion": 0.15}
    dials |= {"clutter": 0.25, "variation": 0.3}
    train_set = data.load("shapes", "train", count=2000, **dials)
    test_set = data.load("shapes", "test", count=1000, **dials)

# %% name="fig-block" tags=["hide-input"] alt_ko="가로로 늘어선 상자 여섯. 왼쪽부터 x0, 층 넷 H1부터 H4, 마지막 cat. 상자마다 오른쪽의 모든 상자로 화살표가 하나씩 갑니다. 층 넷으로 들어가는 화살표 열은 파랑, cat으로 들어가는 다섯은 회색입니다." alt_en="Six boxes in a row: x0, four layers H1 to H4, and cat. From every box an arrow goes to every box on its right. The ten arrows that enter layers are blue, the five that enter cat are grey." caption_ko="층이 넷인 밀집 블록(dense block). 층마다 앞선 모든 출력을 읽습니다. 파란 화살표가 4 · 5 / 2 = 10개입니다. cat은 모두를 이어 붙인 블록의 출력입니다." caption_en="A dense block of four layers. Each layer reads all outputs before it: 4 · 5 / 2 = 10 blue arrows. “cat” is the output of the block, all of them joined."
figure = look.style.figure("column", 2.9)
axes = figure.add_subplot()
names = ["$x_0$", "$H_1$", "$H_2$", "$H_3$", "$H_4$", "cat"]
for i, name in enumerate(names):
    colour = "orange" if "H" in name else "muted"
    box = FancyBboxPatch(
        (i - 0.3, -0.22), 0.6, 0.44, boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=LIGHT[f"{colour}_soft"], edgecolor=LIGHT[colour], linewidth=1.5,
    )  # fmt: skip
    axes.add_patch(box)
    axes.text(i, -0.02, name, ha="center", va="center", fontsize=13)
for source in range(5):
    for reader in range(source + 1, 6):
        into_layer = reader < 5
        if reader == source + 1:
            ends, bend = ((source + 0.3, 0), (reader - 0.3, 0)), 0.0
        else:
            side = 1 if into_layer else -1
            ends = ((source, 0.23 * side), (reader, 0.23 * side))
            bend = -0.42 * side
        axes.add_patch(
            FancyArrowPatch(
                *ends, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>",
                mutation_scale=11, shrinkA=0, shrinkB=0, linewidth=1.6,
                color=LIGHT["blue" if into_layer else "muted"],
            )
        )  # fmt: skip
axes.set(xlim=(-0.5, 5.5), ylim=(-1.12, 1.1))
axes.set_axis_off()
figure

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘ResNet’ 장](11_resnet)의 지름길 연결, [‘훈련’ 장](06_training)의 배치 정규화, [‘GoogLeNet’ 장](10_googlenet)의 1×1
# 합성곱을 안다고 가정합니다. GPU도 인터넷 연결도 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로
# 1분쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# Shortcuts from [the chapter on ResNet](11_resnet), batch normalisation from [the one on training](06_training), and 1×1
# convolutions from [the one on GoogLeNet](10_googlenet). Neither a GPU nor an internet connection is needed. Running this
# notebook from top to bottom takes about a minute on one CPU core.

# %% [markdown] lang="ko"
# ## 앞의 층을 다시 계산해야 할까요?
#
# 보통의 신경망에서 층은 바로 앞 층의 출력만 읽습니다. 첫 층이 찾은 가장자리가 열째 층에 필요하다면, 사이의 여덟 층이 모두
# 그것을 베껴서 넘겨주어야 합니다. 베끼는 데에도 가중치가 듭니다. ResNet의 지름길 연결은 베끼는 일을 덜어 줍니다. 그러나 새
# 값을 옛 값에 **더하므로**, 읽는 층은 둘의 합만 봅니다.
#
# 이 장의 물음은 이것입니다. 어떤 층이든 앞의 모든 출력을 따로따로 읽을 수 있다면, 층 하나가 새로 계산해야 할 것은 얼마나
# 될까요? 그리고 그 대가는 무엇일까요?

# %% [markdown] lang="en"
# ## Must a layer compute again what an earlier one has found?
#
# In an ordinary network a layer reads the output of the layer right before it and nothing else. If the tenth layer needs an
# edge that the first one found, the eight layers between them must all copy it and hand it on, and copying takes weights.
# ResNet's shortcuts save the copying. But since the new values are **added** to the old ones, a reader sees only their sum.
#
# The question of this chapter: if every layer can read all earlier outputs, each by itself, how little does a layer have to
# compute anew? And what is the price?

# %% [markdown] lang="ko"
# ## 밀집 블록을 손으로
#
# 블록의 입력을 $x_0$, 층 $l$의 출력을 $x_l$이라고 합시다. 대괄호는 채널 축을 따라 이어 붙이기(concatenation)입니다.
#
# $$x_l = H_l([x_0, x_1, \dots, x_{l-1}])$$
#
# $H$는 배치 정규화, ReLU, 3×3 합성곱을 차례로 합니다. 합성곱이 먼저 오는 ‘훈련’ 장의 순서와 다릅니다. 층마다 새로 내놓는
# 채널은 $k$개뿐이고, 이 $k$를 성장률(growth rate)이라고 부릅니다. 병목(bottleneck)이 있으면 3×3 앞에서 1×1 합성곱으로 채널을
# $4k$개로 만듭니다.

# %% [markdown] lang="en"
# ## The dense block, by hand
#
# Write $x_0$ for the input of a block and $x_l$ for the output of its layer $l$. The brackets mean concatenation, joining
# along the axis of the channels.
#
# $$x_l = H_l([x_0, x_1, \dots, x_{l-1}])$$
#
# $H$ is batch normalisation, ReLU and a 3×3 convolution, in this order, unlike in the chapter on training, where the
# convolution comes first. Each layer gives only $k$ new channels; $k$ is called the growth rate. With a bottleneck, a 1×1
# convolution makes $4k$ channels before the 3×3.


# %%
def conv(in_channels, out_channels, kernel_size):
    """The paper's "conv": batch norm, ReLU, convolution."""
    return [
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            padding=kernel_size // 2,
            bias=False,
        ),
    ]


class DenseBlock(nn.Module):
    """(N, in_channels, H, W) -> (N, in_channels + depth * growth, H, W)."""

    def __init__(self, in_channels, depth, growth, bottleneck=True):
        super().__init__()
        self.layers = nn.ModuleList()
        for number in range(depth):
            seen = in_channels + number * growth  # channels of [x_0, ..., x_(l-1)]
            if bottleneck:
                steps = conv(seen, 4 * growth, 1) + conv(4 * growth, growth, 3)
            else:
                steps = conv(seen, growth, 3)
            self.layers.append(nn.Sequential(*steps))

    def forward(self, x):
        maps = [x]
        for layer in self.layers:
            joined = torch.cat(maps, dim=1)  # (N, in_channels + l * growth, H, W)
            maps.append(layer(joined))  # (N, growth, H, W)
        return torch.cat(maps, dim=1)


def copy_weights(source, target):
    """Names differ, the order of the tensors does not."""
    values = source.state_dict().values()
    target.load_state_dict(dict(zip(target.state_dict(), values, strict=True)))


torch.manual_seed(0)
block = DenseBlock(in_channels=24, depth=4, growth=12)
theirs = torchvision.models.DenseNet(
    growth_rate=12, block_config=(4,), num_init_features=24
).features.denseblock1
copy_weights(block, theirs)
x = torch.randn(2, 24, 8, 8)
check.same_function(block, theirs, x)
print("torchvision:", tuple(block(x).shape))

# %% [markdown] lang="ko"
# torchvision의 블록과 같은 함수입니다. 출력의 채널은 $24 + 4 \cdot 12 = 72$개입니다.
#
# ### 연결은 모두 몇 개일까요?
#
# 층 $l$은 $x_0$부터 $x_{l-1}$까지 $l$개를 읽습니다. 층이 $L$개이면 연결은 $1 + 2 + \dots + L = L(L+1)/2$개입니다. 식을 믿는
# 대신 세어 봅시다. 자동 미분은 계산 그래프를 기억하므로, 그래프를 거슬러 가며 이어 붙이기마다 들어온 것을 셀 수 있습니다.

# %% [markdown] lang="en"
# It is the same function as torchvision's block. The output has $24 + 4 \cdot 12 = 72$ channels.
#
# ### How many connections?
#
# Layer $l$ reads $l$ tensors, $x_0$ to $x_{l-1}$. With $L$ layers there are $1 + 2 + \dots + L = L(L+1)/2$ connections.
# Instead of trusting the formula, let us count. Automatic differentiation remembers the graph of the computation, so we can
# walk it backwards and count what enters each concatenation.


# %%
def joined_in(output):
    """How many tensors enter each concatenation of the graph, smallest first."""
    found, seen, waiting = [], set(), [output.grad_fn]
    while waiting:
        step = waiting.pop()
        if step is None or step in seen:
            continue
        seen.add(step)
        if step.name().startswith("CatBackward"):
            found.append(len(step.next_functions))
        waiting += [before for before, _ in step.next_functions]
    return sorted(found)


connections = {}
for depth in (4, 6, 12, 24):
    block = DenseBlock(in_channels=8, depth=depth, growth=4)
    joins = joined_in(block(torch.randn(1, 8, 4, 4, requires_grad=True)))
    into_layers = sum(joins[:-1])  # the last one makes the block's output
    connections[depth] = into_layers
    check.that(into_layers == depth * (depth + 1) // 2, f"L = {depth}: {into_layers}")
    check.that(joins[-1] == depth + 1, f"the output joins {joins[-1]}")

# %% [markdown] lang="ko"
# ### 채널은 어떻게 늘어날까요?
#
# “이어 붙이므로 채널이 기하급수적으로 늘어난다”라는 설명이 있습니다. 세어 봅시다. 층 $l$이 읽는 채널은
# $k_0 + k(l - 1)$개입니다. 여기서 $k_0$은 블록에 들어오는 채널 수입니다. 층이 하나 늘 때마다 $k$개씩, 곧 **선형으로**
# 늘어납니다. 층마다 두 배가 되려면 층이 읽은 만큼을 새로 내놓아야 합니다. 그런데 DenseNet의 층은 얼마를 읽든 $k$개만
# 내놓습니다.

# %% [markdown] lang="en"
# ### How do the channels grow?
#
# Some notes say that joining makes the channels grow exponentially. Let us count. Layer $l$ reads $k_0 + k(l - 1)$
# channels, where $k_0$ is how many enter the block. Each layer adds $k$: they grow **linearly**. To double with every layer,
# a layer would have to give as many new channels as it reads. A layer of a DenseNet gives $k$, no matter how many it reads.

# %%
K0, GROWTH, DEPTH = 64, 32, 24
block = DenseBlock(K0, DEPTH, GROWTH)
read = [layer[0].num_features for layer in block.layers]  # of the first batch norm
check.that(
    read == [K0 + GROWTH * (number - 1) for number in range(1, DEPTH + 1)],
    f"k0 + k (l - 1): {read[0]}, {read[1]}, ..., {read[-1]}",
)
weights = [sum(p.numel() for p in layer.parameters()) for layer in block.layers]
steps = np.diff(weights)
check.that((steps == steps[0]).all(), f"each layer has {steps[0]:,} parameters more")
print(f"linear: {K0 + GROWTH * DEPTH:,} channels; doubling: {K0 * 2**DEPTH:,}")

# %% [markdown] lang="ko"
# 층이 24개이면 선형으로는 832채널이고, 층마다 두 배가 되면 십억 채널이 넘습니다. 층 하나의 파라미터도 선형으로 늘어납니다.
# 그래서 블록 전체의 파라미터는 깊이의 **제곱**으로 늘어납니다. 제곱이 걱정할 일이기는 하지만 기하급수는 아닙니다.
#
# ### 더하기와 이어 붙이기
#
# DenseNet을 “ResNet을 모두 이은 것”이라고도 합니다. 반쯤 맞습니다. 활성화 함수를 지름길에 두지 않는다면 ResNet의 층도 앞의
# 모든 출력을 읽습니다. $x_0$에 더해진 것들의 합을 읽기 때문입니다. 다만 그 모두에 **같은 가중치**를 곱합니다. 합성곱은
# 선형이므로 다음이 성립합니다.
#
# $$W * (x_0 + x_1 + x_2) = [W, W, W] * [x_0, x_1, x_2]$$
#
# 왼쪽이 더하기, 오른쪽이 이어 붙이기입니다. 이어 붙이면 $[W_0, W_1, W_2]$처럼 출처마다 다른 가중치를 배울 수 있습니다
# {cite:p}`chen2017dual`. 그 대신 가중치도 출처의 수만큼 많아집니다.

# %% [markdown] lang="en"
# With 24 layers, growing linearly gives 832 channels, doubling more than a billion. The parameters of a single layer grow
# linearly, too, so those of the whole block grow with the **square** of its depth. That is worth worrying about, but it is
# not exponential.
#
# ### Adding and joining
#
# DenseNet has been called a ResNet with everything connected. That is half right. Where no activation function stands on the
# shortcut, a layer of a ResNet reads all earlier outputs as well, since it reads the sum of $x_0$ and all that was added to
# it. But it multiplies all of them by the **same weights**. Convolution is linear, so
#
# $$W * (x_0 + x_1 + x_2) = [W, W, W] * [x_0, x_1, x_2]$$
#
# On the left they are added, on the right joined. When joined, each source can have weights of its own, $[W_0, W_1, W_2]$
# {cite:p}`chen2017dual`. In exchange there are as many times more weights as there are sources.

# %%
sources = [torch.randn(2, 6, 8, 8) for _ in range(3)]
weight = torch.randn(4, 6, 3, 3)
added = functional.conv2d(sum(sources), weight, padding=1)
joined = functional.conv2d(
    torch.cat(sources, dim=1), torch.cat([weight] * 3, dim=1), padding=1
)
check.close(joined, added, atol=1e-4, what="adding is joining with equal weights")

# %% [markdown] lang="ko"
# ## 파라미터를 아끼는 두 가지
#
# ### 병목은 언제 이득일까요?
#
# 층이 읽는 채널이 $m$개일 때, 3×3 합성곱만 쓰면 가중치는 $9mk$개입니다. 병목이 있으면 1×1에 $4mk$개, 3×3에
# $9 \cdot 4k \cdot k = 36k^2$개입니다.
#
# $$9mk > 4mk + 36k^2 \iff m > 7.2\,k$$
#
# 읽는 채널이 $7.2k$개보다 많을 때만 이득입니다. DenseNet-121에서 어느 층이 그럴까요? 블록에 들어오는 채널은 64, 128, 256,
# 512개이고 $k = 32$입니다.

# %% [markdown] lang="en"
# ## Two ways to save parameters
#
# ### When does a bottleneck pay?
#
# For a layer that reads $m$ channels, a 3×3 convolution alone has $9mk$ weights. With a bottleneck there are $4mk$ in the 1×1
# and $9 \cdot 4k \cdot k = 36k^2$ in the 3×3.
#
# $$9mk > 4mk + 36k^2 \iff m > 7.2\,k$$
#
# It pays only where more than $7.2k$ channels are read. Which layers of DenseNet-121 are these? Its blocks receive 64, 128,
# 256 and 512 channels, and $k = 32$.

# %% tags=["nbval-check-output"]
k = 32
saved = {}
for start, depth in [(64, 6), (128, 12), (256, 24), (512, 16)]:
    layers = [start + k * number for number in range(depth)]
    alone = sum(9 * m * k for m in layers)
    narrow = sum(4 * m * k + 36 * k * k for m in layers)
    paying = sum(9 * m * k > 4 * m * k + 36 * k * k for m in layers)
    saved[start] = 1 - narrow / alone
    print(f"block of {depth:2}: pays in {paying:2} layers, saves {saved[start]:6.1%}")

# %%
check.that(saved[64] < 0 < saved[128] < saved[256], "the first block only loses")

# %% [markdown] lang="ko"
# 첫 블록에서는 여섯 층 모두 병목이 있는 쪽이 가중치가 더 많습니다. 둘째 블록의 앞쪽 층들도 그렇습니다. 병목은 많이 읽는 층,
# 곧 깊은 블록의 뒤쪽에서 값을 합니다.
#
# ### 압축
#
# 블록과 블록 사이에는 전환층(transition layer)이 있습니다. 배치 정규화, ReLU, 1×1 합성곱, 2×2 평균 풀링을 차례로 해서 높이와
# 너비를 반으로 줄입니다. 이때 채널도 $m$개에서 $\lfloor \theta m \rfloor$개로 줄일 수 있고, 이것을 압축(compression)이라고
# 합니다. $\theta = 1$이면 줄이지 않습니다. 곧 전환층이 있다고 해서 반드시 채널이 줄어드는 것은 아닙니다. 논문은 병목(B)과
# 압축(C, $\theta = 0.5$)을 함께 쓴 것을 DenseNet-BC라고 부릅니다. 깊이가 100층이고 $k = 12$일 때 네 가지를 세어 봅시다. 층을
# 만들지 않고 식으로만 셉니다.

# %% [markdown] lang="en"
# In the first block all six layers have more weights with the bottleneck than without, and so have the first layers of the
# second block. Bottlenecks earn their place in layers that read much, towards the end of deep blocks.
#
# ### Compression
#
# Between two blocks stands a transition layer: batch normalisation, ReLU, a 1×1 convolution and a 2×2 average pooling, which
# halves height and width. It can reduce the channels as well, from $m$ to $\lfloor \theta m \rfloor$, which is called
# compression. With $\theta = 1$ nothing is reduced: a transition does not by itself mean fewer channels. With bottlenecks (B)
# and compression (C, $\theta = 0.5$) together, the paper speaks of DenseNet-BC. We count all four kinds at a depth of 100
# layers and $k = 12$, by formula, without building a layer.


# %%
def counts(blocks, k, start, bottleneck, theta, width=32):
    """Weights and multiply-adds of the convolutions, for images of `width` pixels."""
    weights = macs = 0
    channels = start

    def add(number):
        nonlocal weights, macs
        weights += number
        macs += number * width * width  # each weight is used once a pixel

    add(9 * 3 * channels)
    for place, depth in enumerate(blocks):
        for _ in range(depth):
            add(4 * channels * k + 36 * k * k if bottleneck else 9 * channels * k)
            channels += k
        if place < len(blocks) - 1:
            add(channels * int(theta * channels))  # before the pooling
            channels, width = int(theta * channels), width // 2
    return weights, macs


K = 12
kinds = {  # layers of a block, channels of the first convolution
    "DenseNet": ((32, 32, 32), 16, False, 1.0),
    "DenseNet-B": ((16, 16, 16), 16, True, 1.0),
    "DenseNet-C": ((32, 32, 32), 16, False, 0.5),
    "DenseNet-BC": ((16, 16, 16), 2 * K, True, 0.5),
}
table = pd.DataFrame(
    {
        name: counts(blocks, K, start, bottleneck, theta)
        for name, (blocks, start, bottleneck, theta) in kinds.items()
    },
    index=["weights", "multiply_adds"],
).T
built = models.create("densenet_bc_100_12", num_classes=10)
convolutions = [m for m in built.modules() if isinstance(m, nn.Conv2d)]
ours = table.weights["DenseNet-BC"]
check.that(ours == sum(m.weight.numel() for m in convolutions), f"BC: {ours:,}")
known = models.facts("densenet_bc_100_12")["multiply_adds"]
linear = built.linear.weight.numel()
check.that(table.multiply_adds["DenseNet-BC"] + linear == known, f"BC: {known:,}")
plain = table.weights["DenseNet"]
check.that(6.8 < plain / 1e6 < 7.0, f"{plain / 1e6:.2f} M of 7.0 M in the paper")
check.that(0.7 < ours / 1e6 < 0.8, f"{ours / 1e6:.2f} M of 0.8 M in the paper")
table.map("{:,}".format)

# %% [markdown] lang="ko"
# 합성곱의 가중치만 센 것이고, 논문의 표 2에는 배치 정규화까지 세어 7.0 M과 0.8 M이라고 적혀 있습니다. 100층을 지키려면 병목이
# 있는 쪽은 블록마다 합성곱 두 개짜리 층이 16개, 없는 쪽은 하나짜리 층이 32개입니다. 그래서 B의 이득에는 채널이 절반만 늘어난
# 몫도 들어 있습니다. B와 C를 함께 쓰면 파라미터가 9분의 1쯤으로 줄어듭니다.

# %% [markdown] lang="en"
# These are the weights of the convolutions alone; the paper's table 2 prints 7.0 M and 0.8 M, with batch normalisation. To
# have 100 layers, a block has 16 layers of two convolutions each with bottlenecks and 32 of one without. So the gain of B
# includes that the channels grow only half as far. With B and C together, about a ninth of the parameters is left.

# %% [markdown] lang="ko"
# ## 신경망 전체
#
# ImageNet의 신경망은 7×7 합성곱과 최대 풀링으로 시작해 밀집 블록이 넷, 전환층이 셋이고, 전역 평균 풀링과 선형층으로 끝납니다.
# 가족의 차이는 블록의 층수뿐입니다.

# %% [markdown] lang="en"
# ## The whole network
#
# The network for ImageNet begins with a 7×7 convolution and a max pooling, has four dense blocks and three transitions, and
# ends in global average pooling and a linear layer. The members of the family differ only in the number of layers of their
# blocks.


# %%
class DenseNet(nn.Sequential):
    """Images (N, 3, H, W) -> logits (N, classes)."""

    def __init__(self, blocks, growth, classes=1000, bottleneck=True, theta=0.5):
        channels = 2 * growth
        layers = [
            nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False),  # 224 -> 112
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),  # 112 -> 56
        ]
        for place, depth in enumerate(blocks):
            layers.append(DenseBlock(channels, depth, growth, bottleneck))
            channels += depth * growth
            if place < len(blocks) - 1:
                kept = int(theta * channels)
                transition = [*conv(channels, kept, 1), nn.AvgPool2d(2)]
                layers.append(nn.Sequential(*transition))  # half the width
                channels = kept
        layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(channels, classes))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


torch.manual_seed(0)
ours = DenseNet((6, 12, 24, 16), growth=32)
theirs = models.create("densenet121")
copy_weights(ours, theirs)
check.same_function(ours, theirs, torch.randn(2, 3, 64, 64), atol=1e-4)

tv = torchvision.models.densenet121()
models.from_torchvision(theirs, tv.state_dict())
check.same_function(theirs, tv, torch.randn(2, 3, 64, 64), atol=1e-4)

# %% [markdown] lang="ko"
# 패키지의 `densenet121`과 같고, 그것은 torchvision의 것과 같습니다. 이제 논문의 표 1과 견줍니다. 층의 수도 함께 셉니다.
# 이름의 수는 가중치가 있는 층, 곧 합성곱과 선형층의 개수입니다. 블록의 층마다 합성곱이 둘이므로, 처음 합성곱 1, 블록
# $2 \cdot (6 + 12 + 24 + 16) = 116$, 전환층 3, 선형층 1을 더하면 121입니다.

# %% [markdown] lang="en"
# It equals the package's `densenet121`, and that one equals torchvision's. Now we compare with table 1 of the paper, and
# count the layers, too. The number in a name is that of the layers with weights, convolutions and linear layers. Since a
# layer of a block has two convolutions, the sum is 1 for the first convolution, $2 \cdot (6 + 12 + 24 + 16) = 116$ in the
# blocks, 3 in the transitions and 1 linear layer: 121.

# %%
FAMILY = {
    121: (6, 12, 24, 16),
    169: (6, 12, 32, 32),
    201: (6, 12, 48, 32),
    264: (6, 12, 64, 48),
}
columns, traces = {}, {}
for depth in (121, 169, 201):
    name = f"densenet{depth}"
    trace = look.trace(models.create(name), (3, 224, 224))
    traces[depth] = trace
    rows = {"convolution": "conv0", "pooling": "pool0"}
    for place in (1, 2, 3):
        rows[f"dense block {place}"] = f"transition{place}.0"  # what it receives
        rows[f"transition {place}"] = f"transition{place}.3"
    rows |= {"dense block 4": "norm", "pooled": "avgpool"}
    column = {row: trace.output[step] for row, step in rows.items()}
    widths = [shape[1] for shape in column.values()]
    check.same_shapes(tuple(widths), (112, 56, 56, 28, 28, 14, 14, 7, 7, 1))
    column = {row: "×".join(map(str, shape)) for row, shape in column.items()}
    column["layers"] = str(trace.layer.isin(["Conv2d", "Linear"]).sum())
    column["parameters"] = f"{trace.parameters.sum():,}"
    column["multiply-adds"] = f"{trace.multiply_adds.sum() / 1e9:.2f} G"
    check.that(column["layers"] == str(depth), f"{name}: {column['layers']} layers")
    check.that(trace.parameters.sum() == models.facts(name)["parameters"], name)
    columns[name] = column
pd.DataFrame(columns)

# %% tags=["nbval-check-output"]
for depth, blocks in FAMILY.items():
    print(f"DenseNet-{depth}: 1 + 2 · {sum(blocks)} + 3 + 1 =", 2 * sum(blocks) + 5)

# %% [markdown] lang="ko"
# 크기는 표 1의 크기와 같습니다. 이름과 층수가 어긋나는 것이 하나 있습니다. 표 1에 적힌 블록대로라면 DenseNet-264는
# 265층입니다.
#
# 층마다 읽는 채널을 그려 봅시다. 블록 안에서는 곧은 선입니다. 전환층은 블록의 출력을 반으로 줄이므로, 다음 블록은 그 반에서
# 다시 시작합니다.

# %% [markdown] lang="en"
# The sizes are those of table 1. One name does not fit its count: with the blocks that table 1 prints, DenseNet-264 has 265
# layers.
#
# We draw how many channels each layer reads: a straight line within a block. A transition halves the output of its block, so
# the next block starts again from that half.

# %%
reading = [
    traces[121].output[step][0]
    for step in traces[121].index
    if step.startswith("dense_block") and step.endswith(".0")
]
check.that(len(reading) == 58 and max(reading) == 992, f"at most {max(reading)}")

# %% name="fig-channels" tags=["hide-input"] alt_ko="톱니 모양 그래프. 가로축은 58개 층, 세로축은 읽는 채널 수. θ = 0.5의 선은 블록마다 곧게 오르고 세 번의 전환층에서 절반으로 떨어져 512에서 992 사이로 끝납니다. θ = 1의 선은 한 번도 떨어지지 않고 곧게 올라 1,900 가까이에 이릅니다." alt_en="A sawtooth over 58 layers; the channels read are on the vertical axis. The line for θ = 0.5 rises straight within each block, falls to half at each of three transitions, and ends in a block from 512 to 992. The line for θ = 1 never falls and rises straight to almost 1,900." caption_ko="DenseNet-121의 층마다 읽는 채널. 기울기는 언제나 $k = 32$입니다. 점선(θ = 1)은 전환층에서 압축하지 않을 때입니다." caption_en="Channels read by each layer of DenseNet-121. The slope is $k = 32$ everywhere. The dashed line (θ = 1) is without compression in the transitions."
figure = look.curves(
    {
        "θ = 0.5": pd.DataFrame({"layer": range(1, 59), "channels": reading}),
        "θ = 1": pd.DataFrame(
            {"layer": range(1, 59), "channels": [64 + 32 * i for i in range(58)]}
        ),
    },
    x="layer",
    y="channels",
)
figure.axes[0].set(ylabel="channels read", ylim=(0, 2000))
figure

# %% [markdown] lang="ko"
# ## 대가: 이어 붙인 것을 기억해야 합니다
#
# 역전파는 순전파의 중간값을 씁니다. 합성곱의 그레이디언트에는 합성곱의 입력이, 배치 정규화의 그레이디언트에는 배치 정규화의
# 입력이 필요합니다. 층 $l$이 읽는 $m_l = k_0 + k(l-1)$채널은 이어 붙인 채로 한 번(배치 정규화의 입력), ReLU를 지나서 또 한
# 번(합성곱의 입력) 저장됩니다. 병목이 있으면 $4k$채널이 같은 까닭으로 두 번 더 저장됩니다. 그래서 층이 $L$개인 블록이
# 저장하는 채널은 다음과 같습니다.
#
# $$\sum_{l=1}^{L} (2 m_l + 8k) = 2 k_0 L + k L (L - 1) + 8 k L$$
#
# 새로 내놓는 채널은 $kL$개뿐인데 저장하는 것은 $L$의 제곱으로 늘어납니다. 같은 값을 이어 붙일 때마다 베껴 두기 때문입니다.
# 저장되는 텐서를 가로채서 정말 그런지 셉니다. 여러 텐서가 한 저장소를 함께 쓸 수 있으므로 저장소를 셉니다.

# %% [markdown] lang="en"
# ## The price: what is joined must be remembered
#
# Backpropagation uses values from the forward pass. The gradient of a convolution needs the convolution's input, that of
# batch normalisation needs the input of batch normalisation. The $m_l = k_0 + k(l-1)$ channels that layer $l$ reads are
# stored once as joined (the input of batch normalisation) and once more after ReLU (the input of the convolution). With a
# bottleneck, $4k$ channels are stored twice in addition, for the same reason. So a block of $L$ layers stores this many
# channels:
#
# $$\sum_{l=1}^{L} (2 m_l + 8k) = 2 k_0 L + k L (L - 1) + 8 k L$$
#
# It gives only $kL$ new channels, but what it stores grows with the square of $L$, since each joining makes another copy of
# the same values. We intercept the tensors that are stored and count whether this is so. Several tensors can share one
# storage, so we count storages.


# %%
def stored(module, x):
    """Bytes kept for the backward pass, parameters aside, and the output."""
    own = [*module.parameters(), *module.buffers()]
    own = {tensor.untyped_storage().data_ptr() for tensor in own}
    storages = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = module(x)
    return sum(storage.nbytes() for storage in storages.values()), output


class CheckpointedBlock(DenseBlock):
    """Keeps x_0, x_1, ... alone; joined maps are made again in the backward pass."""

    def forward(self, x):
        maps = [x]
        for layer in self.layers:

            def read(*maps, layer=layer):
                return layer(torch.cat(maps, dim=1))

            maps.append(checkpoint(read, *maps, use_reentrant=False))
        return torch.cat(maps, dim=1)


K0, K = 24, 12
x = torch.randn(8, K0, 8, 8, requires_grad=True)
channel = 4 * 8 * 8 * 8  # bytes of one channel of this batch
kept = {"plain": {}, "checkpointed": {}, "new channels": {}}
for L in (2, 4, 8, 12, 16):
    torch.manual_seed(0)
    plain = DenseBlock(K0, L, K)
    again = CheckpointedBlock(K0, L, K)
    again.load_state_dict(plain.state_dict())
    gradients = []
    for name, module in (("plain", plain), ("checkpointed", again)):
        size, output = stored(module, x)
        kept[name][L] = size / channel
        loss = output.square().mean()
        gradients.append(torch.autograd.grad(loss, list(module.parameters())))
    kept["new channels"][L] = K * L
    largest = max((a - b).abs().max() for a, b in zip(*gradients, strict=True))
    check.that(largest < 1e-6, f"L = {L}: the same gradients")
    formula = 2 * K0 * L + K * L * (L - 1) + 8 * K * L
    found = kept["plain"][L]
    check.that(formula <= found < 1.01 * formula, f"{found:.0f}, formula {formula}")
    found = kept["checkpointed"][L]
    check.that(found <= K0 + K * L, f"checkpointed: {found:.0f} <= k0 + k L")

# %% name="fig-memory" tags=["hide-input"] alt_ko="가로축은 블록의 층수 2부터 16, 세로축은 로그 눈금의 저장하는 채널 수. plain 곡선은 훨씬 위에서 5,000을 넘게 오르고, checkpointed와 new channels는 아래에서 거의 함께 올라 200쯤에 이릅니다." alt_en="Layers of the block from 2 to 16 across, channels stored upwards on a logarithmic scale. The curve “plain” lies far above and passes 5,000; below, “checkpointed” and “new channels” rise almost together to about 200." caption_ko="역전파를 위해 저장하는 양을 특징 맵의 채널 수로 나타낸 것(로그 눈금). new channels는 블록이 새로 내놓는 채널 $kL$입니다." caption_en="What is stored for the backward pass, in channels of the feature maps (logarithmic scale). “new channels” are the $kL$ that the block adds."
look.curves(
    {
        name: pd.DataFrame({"layers": list(line), "channels": list(line.values())})
        for name, line in kept.items()
    },
    x="layers",
    y="channels",
    ylabel="channels stored",
    logy=True,
)

# %% [markdown] lang="ko"
# 식과 1% 안에서 맞습니다. 남는 차이는 배치 정규화가 따로 저장하는 평균과 분산입니다.
#
# 고치는 방법은 그림의 아래쪽 두 선에 있습니다. 새 채널 $x_0, x_1, \dots$만 저장하고, 이어 붙인 것과 정규화한 것은 역전파할 때 **다시
# 계산**합니다. 이것을 체크포인팅(checkpointing)이라고 합니다 {cite:p}`pleiss2017memory`. 훈련 상태를 파일에 저장하는
# 체크포인트와는 이름만 같습니다. 그레이디언트는 똑같고, 저장하는 양은 깊이에 따라 선형으로 늘어납니다. 공짜는 아닙니다. 순전파를
# 한 번 더 하므로 시간이 듭니다. 역전파하는 동안에는 지금 지나는 층의 $2 m_l + 8k$채널이 잠시 다시 만들어지므로 메모리도 그만큼 더
# 듭니다. 다음 셀은 이것까지 더한 양도 셉니다. 또 하나 조심할 것이 있습니다. 층을 두 번 지나므로 배치 정규화의 이동 평균도 두 번
# 움직입니다. 패키지의 `checkpoint=True`는 두 번째에 이동 평균을 그대로 둡니다.

# %% [markdown] lang="en"
# It agrees with the formula to within 1%; the rest are the means and variances that batch normalisation stores.
#
# The two lower lines of the figure show the remedy. Store only the new channels $x_0, x_1, \dots$, and **compute again** in the backward pass
# what was joined and normalised. This is called checkpointing {cite:p}`pleiss2017memory`; with the checkpoints that keep a
# training on disk it shares only the name. The gradients are the same, and what is stored grows linearly with the depth. It
# is not free: the forward pass is made once more, which takes time. And during the backward pass the $2 m_l + 8k$ channels of
# the layer at hand exist again for a moment and take memory; the next cell counts what is needed with them, too. One more
# thing needs care. Since each layer is passed twice, the running averages of batch normalisation move twice. The package's
# `checkpoint=True` leaves them alone the second time.


# %%
def seconds(module, x, times=3):
    """The fastest of several forward and backward passes, in CPU seconds."""
    needed = []
    for _ in range(times):
        start = time.process_time()
        module(x).sum().backward()
        needed.append(time.process_time() - start)
    return min(needed)


ratio = seconds(again, x) / seconds(plain, x)
less = kept["plain"][16] / kept["checkpointed"][16]
check.that(less > 20, f"16 layers: {less:.0f} times less stored")
joined = torch.randn(8, K0 + 15 * K, 8, 8, requires_grad=True)  # what layer 16 reads
again_made = stored(plain.layers[-1], joined)[0] / channel
peak = kept["checkpointed"][16] + again_made
less = kept["plain"][16] / peak
check.that(less > 5, f"with layer 16 made again: {peak:.0f}, {less:.1f} times less")
check.that(ratio > 1, f"but {ratio:.2f} times the time")

packaged = models.create("densenet_bc_100_12", num_classes=10, checkpoint=True)
small = torch.randn(2, 3, 8, 8)
for module in (again, packaged):
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
    module(x if module is again else small).sum().backward()
    name = type(module).__name__
    print(f"{name:18} batches counted after one: {norms[0].num_batches_tracked.item()}")

# %% [markdown] lang="ko"
# 파라미터가 적다고 저장하는 중간값도 적은 것은 아닙니다. ImageNet용 두 신경망에 64픽셀 이미지 두 장을 넣고 재 봅시다.

# %% [markdown] lang="en"
# Few parameters do not mean that little is stored. We measure two networks for ImageNet on two images of 64 pixels.

# %%
measured, held = {}, {}
images = torch.randn(2, 3, 64, 64)
for name, options in {
    "resnet50": {},
    "densenet121": {},
    "densenet121, checkpointed": {"checkpoint": True},
}.items():
    network = models.create(name.split(",")[0], **options)
    size, _ = stored(network, images)
    parameters = sum(p.numel() for p in network.parameters())
    measured[name] = size
    held[name] = 3 * 4 * parameters  # weights, gradients, momentum: 4 bytes each
    print(
        f"{name:27}{parameters / 1e6:6.2f} M parameters{size / 2**20:7.1f} MiB stored"
    )
check.that(measured["densenet121"] > measured["resnet50"], "more than ResNet-50")
check.that(2 * measured["densenet121, checkpointed"] < measured["densenet121"], "half")
total = {name: (size + held[name]) / 2**20 for name, size in measured.items()}
line = f"in all, MiB: {total['densenet121']:.0f} < {total['resnet50']:.0f}"
check.that(total["densenet121"] < total["resnet50"], line)
an_image = (measured["densenet121"] - measured["resnet50"]) / 2 * (224 / 64) ** 2
needed = (held["resnet50"] - held["densenet121"]) / an_image
check.that(needed < 10, f"with 224 pixels equal at {needed:.1f} images")

# %% [markdown] lang="ko"
# DenseNet-121은 파라미터가 ResNet-50의 3분의 1도 안 되지만, 역전파를 위해 저장하는 중간값은 더 많습니다. 체크포인팅을 하면 그
# 절반도 저장하지 않습니다. 메모리에는 가중치와 그레이디언트와 모멘텀도 들어갑니다. 이것은 이미지 수와 상관없이 일정하고, 파라미터가
# 많은 ResNet-50이 더 큽니다. 그래서 64픽셀 두 장으로는 모두 더한 메모리를 ResNet-50이 더 씁니다. 저장하는 중간값은 이미지 수와
# 픽셀 수에 비례합니다. 그렇게 셈하면 224픽셀에서는 다섯 장부터 DenseNet-121이 더 쓰고, 논문의 미니배치는 256장입니다
# {cite:p}`huang2017densely`.
#
# ## 작게, 직접 훈련하기
#
# 컬러 도형 2,000장으로 훈련합니다. 신경망은 위에서 만든 `DenseNet`입니다. 밀집 블록이 8픽셀과 4픽셀에 하나씩 있고, 블록마다 층이
# 넷이며, $k = 8$입니다. 층의 수는 $1 + 2 \cdot 8 + 1 + 1 = 19$입니다. 병목은 논문과 같은 꼴로 두었습니다. 다만 앞의 식에 따르면
# $7.2k = 57.6$채널보다 많이 읽어야 이득인데, 이 작은 신경망의 층은 많아야 48채널을 읽습니다. 그러니 여기서 병목은 가중치를 아끼지
# 않습니다.
#
# 이겨야 할 상대는 **사슬**입니다. 시작과 끝, 층의 종류와 수, 훈련 설정이 모두 같고, 층마다 바로 앞의 출력만 읽습니다.
# 파라미터가 DenseNet보다 적지 않도록 사슬의 폭은 10채널로 정했습니다. 견주어 보려고 병목이 없는 사슬도 하나 훈련합니다. 이것은
# 11층이고, 폭이 19채널이며, 파라미터는 DenseNet보다 적습니다.
#
# 이 장에서 훈련한 결과는 모두 **시드 하나로 한 번씩** 잰 것입니다. 시드를 바꾸면 정확도도 조금씩 달라지는데, 얼마나 달라지는지는
# 여기서 재지 않았습니다. 그러니 작은 차이에서 결론을 내지 않습니다.

# %% [markdown] lang="en"
# DenseNet-121 has less than a third of ResNet-50's parameters, but it stores more for the backward pass. With checkpointing it
# stores less than half of that. Memory also holds the weights, their gradients and the momentum. These do not depend on the
# number of images and are larger in ResNet-50, which has more parameters. So for two images of 64 pixels ResNet-50 needs more
# memory in all. What is stored is proportional to the number of images and of pixels. By that, at 224 pixels DenseNet-121
# needs more from five images on, and the paper's mini-batches have 256 {cite:p}`huang2017densely`.
#
# ## Training it, small and live
#
# We train on 2,000 colour shapes. The network is the `DenseNet` from above with two blocks, one at 8 pixels and one at 4, of
# four layers each and with $k = 8$. It has $1 + 2 \cdot 8 + 1 + 1 = 19$ layers. The bottlenecks are there as in the paper. By
# the formula above, though, they pay only where more than $7.2k = 57.6$ channels are read, and no layer of this small network
# reads more than 48. So here they save no weights.
#
# The one to beat is a **chain**. Its beginning and end, the kinds and the number of its layers and its training are the same,
# but each layer reads only the output right before it. The chain is 10 channels wide, so that it has no fewer parameters than
# the DenseNet. For comparison we also train a chain without bottlenecks: 11 layers, 19 channels wide, and with fewer parameters
# than the DenseNet.
#
# All trained results of this chapter are **one run with one seed**. With another seed the accuracies change a little; how much,
# we do not measure here. So we draw no conclusion from small differences.

# %% name="fig-images" tags=["hide-input"] alt_ko="컬러 도형 스무 장. 열 가지 도형이 저마다 다른 색과 무늬와 배경으로 그려져 있습니다." alt_en="Twenty colour shapes of ten kinds, each with its own colours, texture and background." caption_ko="훈련 그림 스무 장. 한 열이 한 클래스입니다." caption_en="Twenty training pictures; a column is a class."
first = [
    (train_set.labels == label).nonzero().flatten()[:2].tolist() for label in range(10)
]
look.grid(
    train_set.images[[each[row] for row in range(2) for each in first]],
    titles=[*train_set.classes, *[""] * 10],
    columns=10,
    size=0.62,
)


# %%
class Chain(nn.Sequential):
    """DenseNet's layers, each reading only the one before: (N, 3, H, W) -> logits."""

    def __init__(self, blocks, width, classes=10, bottleneck=True):
        channels = 16
        layers = [
            nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False),  # 32 -> 16
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),  # 16 -> 8
        ]
        for place, depth in enumerate(blocks):
            for _ in range(depth):
                if bottleneck:
                    steps = conv(channels, 4 * width, 1) + conv(4 * width, width, 3)
                else:
                    steps = conv(channels, width, 3)
                layers.append(nn.Sequential(*steps))  # (N, width, H, W)
                channels = width
            if place < len(blocks) - 1:
                layers.append(nn.Sequential(*conv(width, width, 1), nn.AvgPool2d(2)))
        layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(width, classes))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


recipe = {
    "epochs": 20 if full else 6,
    "batch_size": 64 if full else 25,
    "lr": 0.05,
    "optimizer": "nesterov",
    "schedule": "onecycle",
    "weight_decay": 1e-4,
    "precision": "auto",
    "quiet": True,
}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def learn(network):
    history = train.fit(network, train_set, test_set, **recipe)
    return history, history.table.test_accuracy.iloc[-1]


torch.manual_seed(0)
chain = Chain((4, 4), width=10)
chain_history, chain_accuracy = learn(chain)
torch.manual_seed(0)
network = DenseNet((4, 4), growth=8, classes=10)
history, accuracy = learn(network)
torch.manual_seed(0)
short = Chain((4, 4), width=19, bottleneck=False)
short_history, short_accuracy = learn(short)
for name, module, reached in (
    ("chain, 19 layers", chain, chain_accuracy),
    ("DenseNet, 19 layers", network, accuracy),
    ("chain, 11 layers", short, short_accuracy),
):
    print(f"{name:20}{count(module):>7,} parameters, test accuracy {reached:.3f}")

# %%
check.that(count(chain) >= count(network), "the chain has no fewer parameters")
check.that(count(short) < count(network), "the chain of 11 layers has fewer")
for module, expected in ((chain, 19), (network, 19), (short, 11)):
    depth = sum(isinstance(m, nn.Conv2d | nn.Linear) for m in module.modules())
    check.that(depth == expected, f"{type(module).__name__}: {depth} layers")
most = max(layer[0].num_features for i in (4, 6) for layer in network[i].layers)
check.that(most < 7.2 * 8, f"at most {most} channels read, fewer than {7.2 * 8:.1f}")
check.that(accuracy > 0.6, f"{accuracy:.3f} > 0.6")
margin = 0.0 if full else 0.05
check.that(
    accuracy > chain_accuracy + margin,
    f"DenseNet {accuracy:.3f} > chain {chain_accuracy:.3f} + {margin}",
)
check.that(
    short_accuracy > chain_accuracy + margin,
    f"chain of 11 layers {short_accuracy:.3f} > {chain_accuracy:.3f} + {margin}",
)
check.that(short_accuracy > accuracy - 0.1, f"and not far behind: {accuracy:.3f} - 0.1")

# %% name="fig-live" tags=["hide-input"] alt_ko="에폭에 따른 테스트 정확도 곡선 셋. DenseNet이 처음부터 끝까지 19층짜리 사슬보다 뚜렷이 위에 있습니다. 11층짜리 사슬은 DenseNet 가까이에서 오르다가 넷째 에폭부터 조금 더 위에 있습니다." alt_en="Three curves of test accuracy over the epochs. The DenseNet is clearly above the chain of 19 layers from beginning to end. The chain of 11 layers runs close to the DenseNet and lies slightly above it from the fourth epoch on." caption_ko="방금 잰 테스트 정확도, 시드 하나. 이름 뒤의 수는 층수입니다. 19층짜리 둘은 층의 종류와 수, 훈련이 같고 파라미터 수도 비슷합니다. 11층짜리 사슬에는 병목이 없습니다." caption_en="Test accuracy, measured just now, one seed; the number after a name is that of its layers. The two of 19 layers have the same kinds and number of layers, the same training and about as many parameters. The chain of 11 layers has no bottlenecks."
look.curves(
    {
        "DenseNet 19": history.table,
        "chain 19": chain_history.table,
        "chain 11": short_history.table,
    }
)

# %% [markdown] lang="ko"
# 19층짜리 사슬은 파라미터가 조금 더 많은데도 한참 뒤집니다. 병목이 있는 깊고 좁은 사슬은 여섯 에폭 동안 더디게 배우고, 같은 종류의
# 층을 모두 이어 놓으면 훨씬 잘 배웁니다. 그렇다고 이어 붙이기가 언제나 사슬보다 낫다는 뜻은 아닙니다. **병목이 없는 11층짜리
# 사슬**은 파라미터가 더 적은데도 DenseNet에 뒤지지 않습니다. (이 둘 가운데 어느 쪽이 나은지는 시드 하나로 말할 수 없습니다.) 곧
# 사슬이라서 뒤진 것만은 아닙니다. 깊고, 병목이 있고, 좁은 사슬이라서 뒤졌습니다. 셋 가운데 무엇이 얼마만큼인지는 나누어 재지
# 않았습니다. 여기서 보인 것은 이만큼입니다. 사슬로 두면 더디게 배우는 층들도, 모두 이어 놓으면 잘 배웁니다.
#
# 19층짜리 둘은 두 가지가 다릅니다. 밀집 블록은 읽을 채널이 많고(사슬은 10개에서 16개, 밀집 블록은 16개에서 48개), 그레이디언트가
# 층마다 바로 닿습니다. 어느 쪽이 더 큰 까닭인지는 이 비교로 알 수 없습니다. 여기서는 둘째를 들여다봅니다.
#
# ### 그레이디언트는 앞쪽 층에 어떻게 닿을까요?
#
# 블록의 마지막에서 모든 $x_l$이 이어 붙여져 분류기로 갑니다. 그러니 어느 층이든 손실에서 **바로** 오는 그레이디언트가 있고,
# 뒤의 층들을 거쳐 오는 것이 더해집니다. GoogLeNet의 보조 분류기를 층마다 하나씩 두되 분류기를 함께 쓰는 셈이라서, 논문은
# 이것을 암묵적인 깊은 감독(deep supervision)이라고 부릅니다. 병목 없이 층이 32개인 블록과 사슬을 훈련하지 않은 채로 만들어,
# 층마다 가중치의 그레이디언트를 견줍니다. 그리고 뒤의 층에서 되돌아오는 길을 `detach`로 끊어, 바로 오는 것만 따로 잽니다.

# %% [markdown] lang="en"
# The chain of 19 layers has slightly more parameters and still falls far behind. Deep, narrow and with bottlenecks, it learns
# slowly in six epochs; layers of the same kinds, all connected, learn much better. That does not mean that joining is always
# better than a chain. **The chain of 11 layers, without bottlenecks,** has fewer parameters and does not fall behind the
# DenseNet. (Which of these two is better, one seed cannot tell.) So the longer chain does not fall behind merely by being
# a chain, but by being a deep and narrow one with bottlenecks; how much each of the three counts, we have not measured.
# What is shown here is this much: layers that learn slowly as a chain learn well when all are connected.
#
# The two networks of 19 layers differ in two things. In the dense blocks there are more channels to read (16 to 48, in the
# chain 10 to 16), and gradients reach each layer directly. Which of the two counts more, this comparison does not tell. Here
# we look into the second.
#
# ### How do gradients reach early layers?
#
# At the end of a block all $x_l$ are joined and go to the classifier. So each layer has a gradient that comes **directly**
# from the loss, and what comes through the later layers is added. It is as if each layer had an auxiliary classifier like
# GoogLeNet's, but all shared one; the paper calls this implicit deep supervision. We make a block and a chain of 32 layers
# each, without bottlenecks and without training, and compare the gradients of their weights layer by layer. Then we cut the
# paths back from later layers with `detach`, so that only what comes directly is left.


# %%
def outputs_of(layers, x, dense, direct=False):
    """[x_0, x_1, ..., x_L]; `direct` lets no gradient back through later layers."""
    maps = [x]
    for layer in layers:
        seen = [each.detach() for each in maps] if direct else maps
        maps.append(layer(torch.cat(seen, dim=1) if dense else seen[-1]))
    return maps


def loss_of(maps, dense, head):
    joined = torch.cat(maps, dim=1) if dense else maps[-1]
    return functional.cross_entropy(head(joined), labels)


def he_start(module):
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return module


L, K = 32, 12
some = torch.arange(0, len(train_set), len(train_set) // 100)[:100]
pixels, labels = data.to_float(train_set.images[some]), train_set.labels[some]
pixels = (pixels - pixels.mean()) / pixels.std()
arriving = {}
for name, dense in (("dense block", True), ("chain", False)):
    torch.manual_seed(0)
    stem = nn.Conv2d(3, 2 * K, 7, stride=4, padding=3)  # (N, 24, 8, 8)
    if dense:
        layers = DenseBlock(2 * K, L, K, bottleneck=False).layers
    else:
        layers = [nn.Sequential(*conv(K if i else 2 * K, K, 3)) for i in range(L)]
        layers = nn.ModuleList(layers)
    wide = 2 * K + K * L if dense else K
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(wide, 10))
    head = nn.Sequential(nn.BatchNorm2d(wide), nn.ReLU(), pooled)
    he_start(stem)
    he_start(layers)
    x = stem(pixels)
    maps = outputs_of(layers, x, dense)
    weights = [layer[2].weight for layer in layers]
    found = torch.autograd.grad(
        loss_of(maps, dense, head), [*weights, *maps], allow_unused=True
    )
    sizes = torch.stack([each.norm() for each in found[:L]])
    arriving[name] = sizes / sizes[-4:].mean()
    if dense:
        maps_direct = outputs_of(layers, x, dense, direct=True)
        loss = loss_of(maps_direct, dense, head)
        alone = torch.autograd.grad(loss, maps_direct)
        share = [
            (a.norm() / b.norm()).item() for a, b in zip(alone, found[L:], strict=True)
        ]
first_layers = {name: sizes[:4].mean().item() for name, sizes in arriving.items()}
check.that(0.3 < first_layers["dense block"] < 3, "dense: about equal everywhere")
check.that(first_layers["chain"] > 10, f"chain: {first_layers['chain']:.0f} times")
check.that(share[-1] > 0.99 and share[16] > 0.5, f"half-way: {share[16]:.2f} directly")
check.that(0.05 < share[0] < 0.5, f"x_0: {share[0]:.2f} directly")

# %% name="fig-gradients" tags=["hide-input"] alt_ko="가로축은 층 1부터 32, 세로축은 로그 눈금의 그레이디언트 크기. 사슬의 선은 앞쪽 층에서 수십 배로 크고 뒤로 갈수록 줄어듭니다. 밀집 블록의 선은 모든 층에서 1 부근입니다." alt_en="Layers 1 to 32 across, size of the gradient on a logarithmic scale upwards. The chain's line is dozens of times larger in the first layers and falls towards the end. The dense block's line stays near 1 in all layers." caption_ko="훈련 전에 잰, 층마다 가중치의 그레이디언트의 노름(시드 하나). 마지막 네 층의 평균을 1로 했습니다." caption_en="Norm of the gradient of each layer's weights, before training, one seed; the mean of the last four layers is 1."
look.curves(
    {
        name: pd.DataFrame({"layer": range(1, L + 1), "size": sizes})
        for name, sizes in arriving.items()
    },
    x="layer",
    y="size",
    ylabel="gradient, last layers = 1",
    logy=True,
)

# %% name="fig-direct" tags=["hide-input"] alt_ko="막대 아홉 개. 바로 오는 그레이디언트의 비가 x0에서 가장 작고, 뒤의 층으로 갈수록 커져서 x32에서는 1입니다." alt_en="Nine bars. The ratio of the gradient that comes directly is smallest at x0 and grows with the layer, up to 1 at x32." caption_ko="손실에서 바로 오는 그레이디언트의 노름을 전체 그레이디언트의 노름으로 나눈 것. 1이면 모두 바로 온 것입니다." caption_en="Norm of the gradient that comes directly from the loss, divided by the norm of the whole gradient. At 1 all of it comes directly."
look.bars({f"x{place}": share[place] for place in range(0, 33, 4)}, format=".2f")

# %% [markdown] lang="ko"
# 깊은 사슬에서는 그레이디언트가 사라진다고들 합니다. 그러나 배치 정규화가 있는 이 사슬에서 그레이디언트는 앞으로 갈수록
# **커집니다**. 첫 층들의 그레이디언트는 마지막 층들의 수십 배입니다. 학습률은 하나뿐이므로 앞쪽과 뒤쪽에 함께 맞추기 어려울 수
# 있습니다. 다만 이것은 훈련하기 전의 값이고, 사슬도 위에서 훈련한 것이 아닙니다. 위의 사슬이 뒤진 까닭이 이것인지는 재지
# 않았습니다. 밀집 블록에서는 모든 층의 그레이디언트가 비슷합니다. 바로 오는 것의 비는 블록의 가운데에서 절반을 넘고, 32층 앞의
# $x_0$에서도 0이 되지 않습니다.
#
# ### 어떤 특징 맵을 다시 쓸까요?
#
# 이을 수 있다고 해서 정말 읽는 것은 아닙니다. 논문의 그림 5처럼 훈련한 신경망의 가중치를 봅시다. 층 $l$의 첫 합성곱에서 출처
# $s$에 걸린 가중치의 절댓값을 평균하고, 그 층의 전체 평균으로 나눕니다. 모두 똑같이 읽는다면 1입니다. 마지막 열은 블록 다음에
# 오는 전환층 또는 분류기입니다. 크기가 다른 채널에 걸린 가중치를 견주려고, 논문과 달리 배치 정규화의 배율 $\gamma$를 곱했습니다.

# %% [markdown] lang="en"
# Gradients are often said to vanish in deep chains. In this chain, which has batch normalisation, they **grow** towards the
# front: in the first layers they are dozens of times those of the last. Since there is one learning rate, it may be hard to
# suit both front and back. But this is before training, and it is not the chain that we trained above; whether it is why that
# one fell behind, we have not measured. In the dense block the gradients of all layers are about equal. The ratio of what
# comes directly is more than half in the middle of the block, and even at $x_0$, 32 layers before the end, it is not 0.
#
# ### Which maps are used again?
#
# That a layer can read a map does not mean that it does. We look at the weights of the trained network, as the paper does in
# figure 5: in the first convolution of layer $l$, the mean absolute value of the weights on source $s$, divided by the mean
# of that layer. Where all is read alike it is 1. The last column is what follows the block, the transition or the classifier.
# To compare weights on channels of different size we multiply them by the scale $\gamma$ of batch normalisation, which the
# paper does not.


# %%
def readers(network):
    """For both blocks: pairs (norm, layer of weights) for its layers and what follows."""
    first, transition, second, norm = (network[i] for i in (4, 5, 6, 7))
    ends = [(transition[0], transition[2]), (norm, network[-1])]
    return [
        [(layer[0], layer[2]) for layer in block.layers] + [end]
        for block, end in zip((first, second), ends, strict=True)
    ]


def reuse(weight, gamma, k0, growth):
    """Mean |weight * gamma| of each source, relative to the mean over all."""
    size = (weight.flatten(2).mean(2) if weight.ndim > 2 else weight).abs() * gamma
    per_channel = size.mean(dim=0)  # (channels,)
    edges = [0, *range(k0, len(per_channel) + 1, growth)]
    means = [per_channel[a:b].mean() for a, b in itertools.pairwise(edges)]
    return torch.stack(means) / per_channel.mean()


STARTS = [16, 24]  # channels that enter the blocks


def reuse_maps(network):
    maps = []
    for k0, block in zip(STARTS, readers(network), strict=True):
        table = torch.full((5, 5), torch.nan)  # source, reader
        for column, (norm, layer) in enumerate(block):
            values = reuse(layer.weight.detach(), norm.weight.detach().abs(), k0, 8)
            table[: len(values), column] = values
        maps.append(table)
    return maps


def draw_pairs(maps, label, low, high, form):
    """Two heat maps side by side, a block each: sources down, readers across."""
    figure = look.style.figure("full", 3.4)
    panels = figure.subplots(1, 2)
    ends = ("T", "C")  # transition, classifier
    for place, (axes, table) in enumerate(zip(panels, maps, strict=True)):
        drawn = axes.imshow(table, cmap=look.style.SEQUENTIAL, vmin=low, vmax=high)
        axes.set(
            xticks=range(5),
            xticklabels=["1", "2", "3", "4", ends[place]],
            yticks=range(5),
            yticklabels=[f"x{source}" for source in range(5)],
            xlabel="read by layer",
            title=f"block {place + 1}",
        )
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        for row in range(5):
            for column in range(row, 5):
                value = table[row, column].item()
                dark = value < low + 0.5 * (high - low)
                axes.text(
                    column, row, f"{value:{form}}", ha="center", va="center",
                    color="#fffffe" if dark else "#000001", fontsize=11.5,
                )  # fmt: skip
    figure.colorbar(drawn, ax=panels, label=label, shrink=0.8)
    return figure


torch.manual_seed(0)
before = reuse_maps(DenseNet((4, 4), growth=8, classes=10))
after = reuse_maps(network)
spreads = [
    np.nanstd(torch.cat([table[:, 1:].flatten() for table in maps]))
    for maps in (before, after)
]
print(
    f"spread of the relative weights: {spreads[0]:.3f} before, {spreads[1]:.3f} after"
)
check.that(spreads[1] > 1.5 * spreads[0], "training has made choices")
ends = {
    "layers": torch.cat([table[:, 1:4].flatten() for table in after]),
    "transition": after[0][:, 4],
    "classifier": after[1][:, 4],
}
ends = {name: np.nanstd(values) for name, values in ends.items()}
print("after, by reader:", {name: f"{value:.3f}" for name, value in ends.items()})
check.that(ends["classifier"] > 2 * ends["layers"], "most of all in the classifier")
least = min(table[~table.isnan()].min().item() for table in after)
check.that(least > 0.2, f"the smallest is {least:.2f}, none is 0")
early, late = after[1][0, 4].item(), after[1][4, 4].item()
check.that(late > 1.2 * early, f"the classifier: {late:.2f} on x4, {early:.2f} on x0")

# %% name="fig-reuse" tags=["hide-input"] alt_ko="블록마다 하나씩, 위쪽 삼각형이 채워진 히트맵 둘. 행은 출처 x0부터 x4, 열은 읽는 층 1부터 4와 그다음 층. 칸마다 1 부근의 수가 적혀 있고 어느 칸도 0이 아닙니다." alt_en="Two heat maps, one a block, filled in the upper triangle. Rows are the sources x0 to x4, columns the reading layers 1 to 4 and what follows the block. Each cell has a number near 1; none is 0." caption_ko="훈련한 신경망에서 출처(행)마다 읽는 층(열)이 거는 가중치의 상대적인 크기. T는 전환층, C는 분류기입니다. 1이면 그 층의 평균입니다." caption_en="Relative size of the weights that each reading layer (columns) of the trained network puts on each source (rows). T is the transition, C the classifier. 1 is the layer's mean."
largest = max(table.nan_to_num().max().item() for table in after)
draw_pairs(after, "mean weight, relative", 0.5, max(1.5, largest), ".2f")

# %% [markdown] lang="ko"
# 훈련 전에는 가중치가 무작위라서 모든 칸이 1에 가깝습니다. 첫 열은 출처가 하나뿐이라 언제나 1입니다. 훈련이 가장 크게 바꾼 것은
# 분류기의 열입니다. 분류기는 늦게 나온 특징 맵에 더 무거운 가중치를 겁니다. 논문도 그림 5에서 같은 것을 보았습니다. 블록 안의
# 층들은 여섯 에폭 뒤에도 앞의 출력에 거의 고르게 가중치를 겁니다. 다만 가중치의 크기만으로는 그 연결이 정말 필요한지 알 수
# 없습니다. 그래서 연결을 하나씩 끊고, 다시 훈련하지 않은 채 테스트 손실이 얼마나 커지는지 잽니다.

# %% [markdown] lang="en"
# Before training the weights are random, and all cells are near 1. The first column is always 1, since it has one source.
# Training has changed the classifier's column most: it puts more weight on maps that came late, which the paper sees in its
# figure 5 as well. The layers within the blocks still weight earlier outputs almost evenly after six epochs. But the size of
# weights does not tell whether a connection is needed. So we cut the connections, one at a time, and measure without training
# again how much the test loss grows.


# %%
def slices_of(channels, k0, growth=8):
    """Where x_0, x_1, ... lie among the joined channels."""
    edges = [0, *range(k0, channels + 1, growth)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def test_loss(model, images=300):
    seen = test_set[:images]
    result = train.evaluate(model, seen, like=history)
    return functional.cross_entropy(result.logits, seen.labels).item()


whole = test_loss(network)
cut_maps = []
trial = copy.deepcopy(network)
for k0, block in zip(STARTS, readers(trial), strict=True):
    table = torch.full((5, 5), torch.nan)
    for column, (_, layer) in enumerate(block):
        kept_weight = layer.weight.detach().clone()
        for source, place in enumerate(slices_of(layer.weight.shape[1], k0)):
            with torch.no_grad():
                layer.weight[:, place] = 0
                table[source, column] = test_loss(trial) - whole
                layer.weight.copy_(kept_weight)
    cut_maps.append(table)
costs = torch.cat([table.flatten() for table in cut_maps])
costs = costs[~costs.isnan()]
skipping = torch.cat([table.triu(1).flatten() for table in cut_maps])  # not the last
useful = (skipping > 0.05).sum().item()
check.that(len(costs) == 30, f"{len(costs)} connections cut, one at a time")
check.that(useful >= 5, f"{useful} of 20 that skip a layer cost more than 0.05")
both = pd.DataFrame(
    {
        "weight": torch.cat([table[:, 1:].flatten() for table in after]).numpy(),
        "cost": torch.cat([table[:, 1:].flatten() for table in cut_maps]).numpy(),
    }
).dropna()
rank = both.rank().corr().loc["weight", "cost"]
check.that(0 < rank < 0.9, f"rank correlation of weight and cost: {rank:.2f}")

# %% name="fig-cut" tags=["hide-input"] alt_ko="블록마다 하나씩, 위쪽 삼각형이 채워진 히트맵 둘. 행은 출처, 열은 읽는 층과 그다음 층. 칸마다 손실이 커진 만큼이 적혀 있습니다. 0에 가까운 칸도 있고 훨씬 큰 칸도 있습니다." alt_en="Two heat maps, one a block, filled in the upper triangle. Rows are sources, columns the reading layers and what follows. Each cell has the growth of the loss; some are near 0, some much larger." caption_ko="연결 하나를 끊었을 때 테스트 손실이 커지는 만큼. 0이면 그것 하나를 끊어도 손실이 그대로입니다. 테스트 그림 300장." caption_en="How much the test loss grows when one connection is cut. At 0 the loss does not change when this one alone is cut. 300 test pictures."
draw_pairs(cut_maps, "loss added", 0.0, max(0.5, costs.max().item()), ".2f")

# %% [markdown] lang="ko"
# 두 그림을 나란히 보세요. 가중치가 클수록 끊었을 때 더 잃는 편이지만, 순위 상관은 1에 한참 못 미칩니다. 가중치가 크다고 꼭 중요한
# 연결은 아닙니다. 끊어도 손실이 거의 그대로인 연결이 있는가 하면, 층을 건너뛰는 연결인데도 끊으면 손실이 뚜렷이 커지는 것이 여럿
# 있습니다. 이것이 특징의 재사용입니다. 다만 서른 개를 하나씩만 끊었습니다. 둘이 같은 일을 나누어 한다면 하나를 끊어서는 드러나지 않습니다.

# %% [markdown] lang="en"
# Put the two figures side by side. Cutting larger weights tends to cost more, but the rank correlation is far below 1: a
# connection with large weights need not be an important one. Some can be cut and the loss hardly changes; but several that
# skip layers make the loss clearly larger when they are cut. This is reuse of features. Mind that the thirty were cut one at a
# time: where two share a task, cutting one does not show it.

# %% [markdown] lang="ko"
# ## 파라미터와 연산으로 견준 정확도
#
# ### 작은 신경망, 여기서 잰 것
#
# 논문의 주장은 같은 정확도에 파라미터가 적게 든다는 것입니다. 작은 신경망에서 짧게 훈련해도 그럴까요? 시작과 끝과 훈련을 같게
# 하고, 8픽셀과 4픽셀에 단이 하나씩 있는 ResNet을 세 가지 폭으로, DenseNet을 세 가지 성장률로 훈련합니다. DenseNet 가운데 작은
# 둘은 병목이 없습니다.

# %% [markdown] lang="en"
# ## Accuracy per parameter and per operation
#
# ### Small networks, measured here
#
# The paper's claim is that the same accuracy takes fewer parameters. Does this hold for small networks and short training,
# too? With the same beginning, end and training, we train ResNets of three widths, with one stage at 8 pixels and one at 4,
# and DenseNets of three growth rates. The two smaller DenseNets have no bottleneck.


# %%
class ResNet(nn.Sequential):
    """Two stages of one residual block each: (N, 3, H, W) -> logits."""

    def __init__(self, width, stem, classes=10):
        super().__init__(
            nn.Conv2d(3, stem, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),  # (N, stem, 8, 8)
            resnet.Block(stem, width, shortcut="B"),  # (N, width, 8, 8)
            resnet.Block(width, 2 * width, stride=2, shortcut="B"),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),  # (N, 2 * width)
            nn.Linear(2 * width, classes),
        )
        he_start(self)


points = []


def point(family, module, reached):
    macs = look.trace(module, (3, 32, 32)).multiply_adds.sum()
    points.append((family, count(module), macs, reached))


for growth in (4, 6):
    torch.manual_seed(0)
    small = DenseNet((4, 4), growth, classes=10, bottleneck=False)
    point("DenseNet", small, learn(small)[1])
point("DenseNet", network, accuracy)
for width, stem in ((5, 8), (10, 16), (16, 16)):
    torch.manual_seed(0)
    small = ResNet(width, stem)
    point("ResNet", small, learn(small)[1])
sizes = pd.DataFrame(points, columns=["network", "parameters", "macs", "accuracy"])
sizes

# %% name="fig-sizes" tags=["hide-input"] alt_ko="나란한 그래프 둘. 왼쪽은 파라미터 수, 오른쪽은 곱셈-덧셈 연산 수를 로그 눈금의 가로축에 놓은 테스트 정확도. DenseNet과 ResNet의 점이 세 개씩이고, 두 선은 오른쪽으로 오르며 서로 가까이 얽혀 있습니다." alt_en="Two plots side by side: test accuracy over parameters on the left and over multiply-adds on the right, both on logarithmic scales. DenseNet and ResNet have three points each; the two lines rise to the right, close together and crossing." caption_ko="짧게 훈련한 작은 신경망 여섯의 테스트 정확도. 시드는 하나입니다." caption_en="Test accuracy of six small networks after short training, one seed."


def two_panels(rows, ylabel, labels, ticks):
    """rows: network -> (parameters, multiply-adds, values); two plots, one legend."""
    figure = look.style.figure("full", 3.5)
    panels = figure.subplots(1, 2, sharey=True)
    for place, axes in enumerate(panels):
        for i, (name, row) in enumerate(rows.items()):
            axes.plot(
                row[place], row[2], label=name if place == 0 else None,
                color=LIGHT[look.style.COLOURS[i]], linestyle=look.style.DASHES[i],
                marker=look.style.MARKERS[i],
            )  # fmt: skip
        axes.set(xscale="log", xlabel=labels[place])
        axes.set_xticks(ticks[place], [f"{tick:g}" for tick in ticks[place]])
        axes.set_xticks([], minor=True)
        axes.grid(True)
    panels[0].set_ylabel(ylabel)
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%")
    figure.legend(loc="outside upper left", ncols=len(rows))
    return figure


rows = {
    name: (part.parameters / 1e3, part.macs / 1e6, part.accuracy)
    for name, part in sizes.groupby("network")
}
two_panels(
    rows,
    ylabel="test accuracy",
    labels=("parameters, thousands", "multiply-adds, M"),
    ticks=([4, 8, 16, 32], [0.5, 1, 2]),
)

# %%
curve = sizes[sizes.network == "ResNet"]
between = sizes[(sizes.network == "DenseNet")][:2]  # the two within its range
for column in ("parameters", "macs"):
    expected = np.interp(np.log(between[column]), np.log(curve[column]), curve.accuracy)
    gap = (between.accuracy - expected).abs().max()
    check.that(gap < 0.08, f"{column}: at most {gap:.3f} from the ResNets' curve")
error = (sizes.accuracy * (1 - sizes.accuracy) / len(test_set)) ** 0.5
print(f"standard error from the test images: {error.min():.3f} to {error.max():.3f}")
largest = sizes.groupby("network").last()
print(largest[["parameters", "accuracy"]])

# %% [markdown] lang="ko"
# 두 선은 파라미터로 보아도 연산으로 보아도 거의 같은 곡선 위에 있습니다. 병목이 있는 가장 큰 DenseNet은 파라미터가 더 적은
# ResNet보다 높지도 않습니다. 이 크기와 이 짧은 훈련에서 DenseNet의 장점은 **보이지 않습니다**. 표준 오차의 두 배쯤 되는 차이를
# 두고 어느 쪽이 낫다고 할 수도 없습니다. 이 오차에는 테스트 그림을 고르는 우연만 들어 있고, 시드의 우연은 들어 있지 않습니다.
# 사슬과 견준 것과 함께 생각해 보세요. 이어 붙이기가 이긴 상대는 깊고 좁은 사슬이지, 얕은 사슬이나 얕은 ResNet이 아닙니다. 논문이
# 말하는 장점은 40층에서 200층이 넘는 신경망을 CIFAR에서 300에폭, ImageNet에서 90에폭 훈련해서 얻은 것입니다
# {cite:p}`huang2017densely`.
#
# ### 논문의 표에서
#
# 깊은 신경망을 오래 훈련하면 다릅니다. CIFAR-10에서는 두 논문의 표를, ImageNet에서는 두 논문이 모두 이미지 한 장에서 창 열
# 개(ten crops)를 잘라 잰 검증 오류율을 씁니다 {cite:p}`he2016deep,huang2017densely`. 파라미터와 연산은 이 책의 신경망에서 센 것입니다.

# %% [markdown] lang="en"
# By parameters as well as by operations the two lines lie on almost the same curve, and the largest DenseNet, with bottlenecks,
# is no higher than a ResNet with fewer parameters. At this size and after such short training DenseNet's advantage **does not
# show**. Of differences of about two standard errors one cannot say which side is better, and these errors hold only the chance
# in the choice of test images, not that of the seed. Think of it together with the chains: what joining has beaten is a deep
# and narrow chain, not a shallow chain and not a shallow ResNet. The advantage of which the paper speaks is that of networks
# of 40 to more than 200 layers, trained for 300 epochs on CIFAR and for 90 on ImageNet {cite:p}`huang2017densely`.
#
# ### From the papers' tables
#
# With deep networks and long training it is different. For CIFAR-10 we take the tables of both papers, for ImageNet the validation errors that
# both papers measured with ten crops of each image {cite:p}`he2016deep,huang2017densely`. Parameters and operations are
# counted on this book's networks.

# %%
TEN = "top-5, ten crops"
imagenet = {}
for family, depths in (("DenseNet", (121, 169, 201)), ("ResNet", (34, 50, 101, 152))):
    known = [models.facts(f"{family.lower()}{depth}") for depth in depths]
    imagenet[family] = (
        [fact["parameters"] for fact in known],
        [fact["multiply_adds"] for fact in known],
        [fact["errors"][TEN][0] / 100 for fact in known],
    )
for family, columns in imagenet.items():
    for parameters, macs, error in zip(*columns, strict=True):
        print(f"{family:9}{parameters / 1e6:6.1f} M{macs / 1e9:7.2f} G{error:8.2%}")
dense, residual = imagenet["DenseNet"], imagenet["ResNet"]
check.that(dense[2][0] < residual[2][1], "DenseNet-121 errs less than ResNet-50")
fewer = residual[0][1] / dense[0][0]
check.that(fewer > 3, f"with {fewer:.1f} times fewer parameters")
check.that(dense[2][2] < residual[2][3], "DenseNet-201 errs less than ResNet-152")
fewer, less = residual[0][3] / dense[0][2], residual[1][3] / dense[1][2]
check.that(fewer > 3 and less > 2.5, f"{fewer:.1f} times fewer, {less:.1f} times less")

# %% name="fig-papers" tags=["hide-input"] alt_ko="나란한 그래프 둘. 세로축은 ImageNet top-5 오류율, 가로축은 왼쪽이 파라미터, 오른쪽이 곱셈-덧셈 연산. 둘 다에서 DenseNet의 선이 ResNet의 선보다 왼쪽 아래에 있고, 파라미터에서 더 멀리 떨어져 있습니다." alt_en="Two plots side by side: ImageNet top-5 error over parameters on the left and over multiply-adds on the right. In both the DenseNets lie to the lower left of the ResNets, further away in parameters." caption_ko="ImageNet 검증 세트의 top-5 오류율, 창 열 개. ResNet-34, 50, 101, 152는 ResNet 논문의 표 3, DenseNet-121, 169, 201은 DenseNet 논문의 표 3." caption_en="Top-5 error on ImageNet's validation set, ten crops. ResNet-34, 50, 101 and 152 from table 3 of the ResNet paper, DenseNet-121, 169 and 201 from table 3 of the DenseNet paper."
two_panels(
    {
        name: (np.array(columns[0]) / 1e6, np.array(columns[1]) / 1e9, columns[2])
        for name, columns in imagenet.items()
    },
    ylabel="top-5 error",
    labels=("parameters, M", "multiply-adds, G"),
    ticks=([8, 16, 32, 64], [3, 6, 12]),
)

# %% [markdown] lang="ko"
# DenseNet-121은 파라미터가 3분의 1도 안 되면서 ResNet-50만큼 맞히고, DenseNet-201은 파라미터가 3분의 1, 연산이 5분의 2도 안
# 되면서 ResNet-152보다 조금 덜 틀립니다. CIFAR-10(무작위로 자르고 뒤집은 것)에서는 BC-100이 0.8 M으로 4.51%이고 ResNet-110은
# 1.7 M으로 6.43%(다섯 번의 평균 6.61%)입니다. 다만 연산은 BC-100이 288 M, ResNet-110이 253 M으로 비슷합니다. 이 둘에서
# BC-100은 파라미터를 절반도 쓰지 않지만 연산을 아끼지는 않았고, 비슷한 연산으로 덜 틀렸습니다. 훈련의 길이도 다릅니다. DenseNet은
# 300에폭, ResNet은 64,000걸음, 곧 164에폭을 훈련했습니다. 차이의 얼마가 구조 덕분이고 얼마가 훈련 덕분인지는 두 표로 알 수
# 없습니다.

# %% [markdown] lang="en"
# DenseNet-121 is as good as ResNet-50 with less than one third of its parameters, and DenseNet-201 errs slightly less than
# ResNet-152 with one third of the parameters and less than two fifths of the operations. On CIFAR-10 (with random crops and
# flips) BC-100 has 4.51% with 0.8 M, ResNet-110 has 6.43% (6.61% in the mean of five) with 1.7 M. But their operations are
# about equal, 288 M in BC-100 and 253 M in ResNet-110: of these two BC-100 has less than half the parameters, saves no
# operations, and errs less with about as many. The length of training differs, too: DenseNet had 300 epochs, ResNet 64,000
# steps, which are 164 epochs. How much of the gap is due to the architecture and how much to the training, the two tables do
# not tell.

# %%
bc, r110 = models.facts("densenet_bc_100_12"), models.facts("resnet110")
ratio = bc["multiply_adds"] / r110["multiply_adds"]
check.that(1 < ratio < 1.3, f"operations, BC-100 / ResNet-110: {ratio:.2f}")
check.that(bc["parameters"] < r110["parameters"] / 2, "less than half the parameters")
print(f"64,000 steps of 128 photos: {64_000 * 128 / 50_000:.0f} epochs of 50,000")

# %% [markdown] lang="ko"
# ## 논문의 주장을 다시 계산하기
#
# 논문의 표 2에 있는 DenseNet의 파라미터 수를 모두 다시 셉니다 {cite:p}`huang2017densely`. C10+와 C100+는 증강을 한 CIFAR-10과
# CIFAR-100의 오류율입니다. 신경망을 `meta` 장치에 만들면 모양만 있고 메모리를 쓰지 않습니다.

# %% [markdown] lang="en"
# ## The paper's claims, recomputed
#
# We count again the parameters of all DenseNets in the paper's table 2 {cite:p}`huang2017densely`. C10+ and C100+ are the
# errors on CIFAR-10 and CIFAR-100 with augmentation. On the device `meta` a network has shapes only and takes no memory.

# %% tags=["nbval-check-output"]
PRINTED = [  # name, blocks, k, bottleneck, theta, millions, errors on C10+ and C100+
    ("L = 40, k = 12", 12, 12, False, 1.0, 1.0, 5.24, 24.42),
    ("L = 100, k = 12", 32, 12, False, 1.0, 7.0, 4.10, 20.20),
    ("L = 100, k = 24", 32, 24, False, 1.0, 27.2, 3.74, 19.25),
    ("BC, L = 100, k = 12", 16, 12, True, 0.5, 0.8, 4.51, 22.27),
    ("BC, L = 250, k = 24", 41, 24, True, 0.5, 15.3, 3.62, 17.60),
    ("BC, L = 190, k = 40", 31, 40, True, 0.5, 25.6, 3.46, 17.18),
]
recounted = {}
print(f"{'':21}{'printed':>9}{'counted':>13}{'layers':>8}{'C10+':>8}{'C100+':>8}")
for name, depth, k, bottleneck, theta, printed, c10, c100 in PRINTED:
    options = {"blocks": (depth,) * 3, "growth_rate": k, "bottleneck": bottleneck}
    with torch.device("meta"):
        built = models.create(
            "densenet_bc_100_12", num_classes=10, compression=theta, **options
        )
    recounted[name] = count(built)
    layers = sum(isinstance(m, nn.Conv2d | nn.Linear) for m in built.modules())
    row = f"{name:21}{printed:7.1f} M{count(built):13,}{layers:8}"
    print(row + f"{c10:7.2f}%{c100:7.2f}%")
    assert abs(count(built) / 1e6 - printed) < 0.06

# %% [markdown] lang="ko"
# 파라미터는 모두 맞습니다. 앞에서 재고 센 것까지 한 표에 모읍니다.

# %% [markdown] lang="en"
# All of them agree. We gather what was counted and measured, here and above, in one table.

# %%
with torch.device("meta"):
    deep = models.create("resnet20", num_classes=10, blocks=200)
saving = recounted["L = 100, k = 12"] / recounted["BC, L = 100, k = 12"]
layers = traces[121].layer.isin(["Conv2d", "Linear"]).sum()
claims = [
    ("connections, block of 12", "S3: L(L+1)/2", "78", f"{connections[12]}"),
    ("layers of DenseNet-121", "T1", "121", f"{layers}"),
    ("layers of DenseNet-264", "T1", "264", f"{2 * sum(FAMILY[264]) + 5}"),
    ("BC-100, k = 12", "T2", "0.8 M", f"{recounted['BC, L = 100, k = 12']:,}"),
    ("BC-190, k = 40", "T2", "25.6 M", f"{recounted['BC, L = 190, k = 40']:,}"),
    ("1,202 layers of ResNet", "T2", "10.2 M", f"{count(deep):,}"),
    ("BC saves, L = 100", "T2", "7.0 to 0.8 M", f"{saving:.1f} times"),
    ("early layers' gradient", "S5: direct", "no number", f"{share[0]:.0%} at x0"),
    ("classifier, x4 / x0", "figure 5", "late maps", f"{late / early:.1f}"),
]
check.that(8.5 < saving < 9.5, f"{saving:.1f} times")
for what, source, theirs, measured in claims:
    print(f"{what:26}{source:15}{theirs:>13}{measured:>21}")

# %% [markdown] lang="ko"
# 두 가지가 어긋납니다. DenseNet-264는 265층입니다. 그리고 표 2는 확률적 깊이(stochastic depth)로 훈련한 1,202층 ResNet의
# 파라미터를 10.2 M으로 적었는데, 세면 19.4 M이고 ResNet 논문의 표 6도 19.4 M입니다. 둘 다 DenseNet의 결과를 바꾸지는
# 않습니다.

# %% [markdown] lang="en"
# Two things do not fit. DenseNet-264 has 265 layers. And table 2 gives 10.2 M parameters to the ResNet of 1,202 layers
# trained with stochastic depth; counted, it has 19.4 M, and table 6 of the ResNet paper says 19.4 M, too. Neither changes the
# results of DenseNet.

# %% [markdown] lang="ko"
# ## 여섯 장을 돌아보며
#
# [‘AlexNet’ 장](07_alexnet), [‘ZFNet’ 장](08_zfnet), [‘VGG’ 장](09_vgg), [‘GoogLeNet’ 장](10_googlenet),
# [‘ResNet’ 장](11_resnet), 그리고 이 장의 신경망을 한자리에 모읍니다. 오류율은 신경망 하나로 ImageNet 검증 세트에서 잰
# top-5이고, 앙상블은 넣지 않았습니다. 출처는 논문마다의 표입니다
# {cite:p}`krizhevsky2012imagenet,zeiler2014visualizing,simonyan2015very,szegedy2015going,he2016deep,huang2017densely`.
# VGG-16은 자기 논문에서 다른 방법으로 쟀기 때문에, ResNet 논문이 창 열 개로 잰 값을 씁니다.

# %% [markdown] lang="en"
# ## Looking back over six chapters
#
# We put together the networks of [AlexNet](07_alexnet), [ZFNet](08_zfnet), [VGG](09_vgg), [GoogLeNet](10_googlenet),
# [ResNet](11_resnet) and this chapter. The errors are top-5 on ImageNet's validation set with a single network; ensembles are
# left out. They are from the tables of the papers
# {cite:p}`krizhevsky2012imagenet,zeiler2014visualizing,simonyan2015very,szegedy2015going,he2016deep,huang2017densely`. Since
# its own paper measures VGG-16 in another way, we take the value that the ResNet paper measured with ten crops.

# %%
ONE = "top-5, 1 network, validation"
BACK = {  # name in the package: name, layers, error (or where facts has it), table
    "alexnet": ("AlexNet", 8, ONE, "its table 2"),
    "zfnet": ("ZFNet", 8, ONE, "its table 2"),
    "vgg16": ("VGG-16", 16, 9.33, "ResNet, table 3"),
    "googlenet": ("GoogLeNet", 22, TEN, "its table 3"),
    "resnet50": ("ResNet-50", 50, TEN, "its table 3"),
    "resnet152": ("ResNet-152", 152, TEN, "its table 3"),
    "densenet121": ("DenseNet-121", 121, TEN, "its table 3"),
    "densenet201": ("DenseNet-201", 201, TEN, "its table 3"),
}
lines = []
for key, (name, layers, error, where) in BACK.items():
    fact = models.facts(key)
    error = error if isinstance(error, float) else fact["errors"][error][0]
    lines.append(
        {
            "network": name,
            "year": fact["year"],
            "layers": layers,
            "parameters": fact["parameters"],
            "macs": fact["multiply_adds"],
            "top5": error,
            "from": where,
        }
    )
back = pd.DataFrame(lines).set_index("network")
shown = back.copy()
shown["parameters"] = [f"{value / 1e6:.1f} M" for value in back.parameters]
shown["macs"] = [f"{value / 1e9:.2f} G" for value in back.macs]
shown["top5"] = [f"{value:.2f}%" for value in back.top5]
check.that(back.top5["DenseNet-201"] == back.top5.min(), "the smallest error")
check.that(back.parameters["GoogLeNet"] == back.parameters.min(), "the fewest")
check.that(back.macs["AlexNet"] == back.macs.min(), "the fewest operations")
shown

# %% name="fig-history" tags=["hide-input"] alt_ko="가로축은 로그 눈금의 곱셈-덧셈 연산, 세로축은 top-5 정확도, 원의 넓이는 파라미터. AlexNet과 ZFNet이 왼쪽 아래, VGG-16의 큰 원이 오른쪽 가운데, GoogLeNet의 작은 원이 왼쪽 가운데, ResNet 둘과 DenseNet 둘이 위쪽에 있습니다. DenseNet의 원은 ResNet의 원보다 작고 왼쪽에 있습니다." alt_en="Multiply-adds on a logarithmic scale across, top-5 accuracy upwards; the area of a circle is the number of parameters. AlexNet and ZFNet are at the lower left, the large circle of VGG-16 right of the middle, GoogLeNet's small circle left of the middle, two ResNets and two DenseNets at the top. The DenseNets' circles are smaller than the ResNets' and further left." caption_ko="ImageNet의 top-5 정확도와 곱셈-덧셈 연산. 원의 넓이는 파라미터 수에 비례합니다. 왼쪽 위가 좋은 쪽입니다." caption_en="Top-5 accuracy on ImageNet against multiply-adds. The area of a circle is proportional to the parameters. The upper left is the good corner."
figure = look.style.figure("full", 4.4)
axes = figure.add_subplot()
axes.grid(True)
FAMILIES = ["AlexNet", "ZFNet", "VGG", "GoogLeNet", "ResNet", "DenseNet"]
beside = {  # where a name stands: offset in points, side
    "AlexNet": (16, 0, "left"),
    "ZFNet": (17, 0, "left"),
    "VGG-16": (0, -32, "center"),
    "GoogLeNet": (9, -1, "left"),
    "ResNet-50": (13, -9, "left"),
    "ResNet-152": (0, -27, "center"),
    "DenseNet-121": (-9, 0, "right"),
    "DenseNet-201": (-12, 4, "right"),
}
for name, row in back.iterrows():
    family = next(i for i, each in enumerate(FAMILIES) if name.startswith(each))
    place = (row.macs / 1e9, 100 - row.top5)
    axes.scatter(
        *place, s=row.parameters / 1e5, color=LIGHT[look.style.COLOURS[family]],
        alpha=0.75, linewidth=0, zorder=2,
    )  # fmt: skip
    right, up, side = beside[name]
    axes.annotate(
        name, place, (right, up), textcoords="offset points", ha=side, va="center",
        fontsize=look.style.FONTS["small"],
    )  # fmt: skip
axes.set(
    xscale="log",
    xlim=(0.5, 30),
    ylim=(80, 96.5),
    xlabel="multiply-adds, G",
    ylabel="top-5 accuracy, %",
)
axes.set_xticks([0.5, 1, 2, 4, 8, 16], ["0.5", "1", "2", "4", "8", "16"])
axes.set_xticks([], minor=True)
figure

# %% [markdown] lang="ko"
# 네 해 동안 오류율은 3분의 1보다 작아졌습니다. 그동안 무엇이 바뀌었을까요?
#
# - **AlexNet에서 VGG까지**는 더 많이 계산해서 나아졌습니다. 층이 두 배가 되고 연산은 20배가 넘게 늘었습니다.
# - **GoogLeNet**은 VGG와 거의 같은 정확도를 연산의 10분의 1, 파라미터의 20분의 1로 얻었습니다. 큰 완전 연결층을 전역 평균
#   풀링으로 바꾼 것은 파라미터를 아낍니다. 연산은 거기서 거의 줄지 않습니다. VGG-16의 완전 연결층은 연산의 1%도 되지 않습니다. 연산이
#   줄어든 곳은 합성곱입니다. 특징 맵을 일찍 줄이고, 1×1 합성곱으로 채널을 줄였기 때문입니다.
# - **ResNet**은 훨씬 더 깊어도 오류가 늘지 않고 줄게 했습니다. 152층의 연산도 VGG-16보다 적습니다.
# - **DenseNet**은 같은 정확도를 파라미터의 3분의 1로 얻었습니다. 그 대신 역전파를 위해 저장할 것이 많습니다.
#
# 바뀌지 않은 것도 있습니다. 합성곱, ReLU, 풀링, 소프트맥스와 교차 엔트로피, 모멘텀이 있는 확률적 경사 하강법은 여섯 신경망에
# 모두 있습니다. 가장 크게 달라진 것은 층의 수와 층을 잇는 방법입니다.

# %% [markdown] lang="en"
# Within four years the error fell to less than one third. What changed?
#
# - **From AlexNet to VGG** networks improved by computing more: twice the layers, more than 20 times the operations.
# - **GoogLeNet** reached almost the accuracy of VGG with one tenth of the operations and 1/20 of the parameters.
#   Global average pooling in the place of large fully connected layers saves parameters, but hardly operations: less than 1%
#   of VGG-16's are in its fully connected layers. Operations were saved in the convolutions, by shrinking the maps early and
#   reducing channels with 1×1 convolutions.
# - **ResNet** made errors fall instead of rise when networks become far deeper. Even with 152 layers it needs fewer
#   operations than VGG-16.
# - **DenseNet** reached the same accuracy with one third of the parameters. In exchange it has more to store for the backward pass.
#
# Some things did not change. Convolution, ReLU, pooling, softmax with cross-entropy and stochastic gradient descent with
# momentum are in all six. What changed most is how many layers there are and how they are connected.

# %%
more = back.macs["VGG-16"] / back.macs["AlexNet"]
less = back.macs["VGG-16"] / back.macs["GoogLeNet"]
shrunk = back.top5["AlexNet"] / back.top5["DenseNet-201"]
check.that(more > 20, f"VGG-16: {more:.0f} times AlexNet's operations")
check.that(9 < less < 11, f"GoogLeNet: {less:.1f} times fewer than VGG-16")
fewer = back.parameters["VGG-16"] / back.parameters["GoogLeNet"]
check.that(18 < fewer < 22, f"and {fewer:.1f} times fewer parameters")
with torch.device("meta"):
    linears = [m for m in models.create("vgg16").modules() if isinstance(m, nn.Linear)]
part = sum(m.weight.numel() for m in linears) / back.macs["VGG-16"]
check.that(
    part < 0.01, f"VGG-16's fully connected layers: {part:.1%} of its operations"
)
check.that(
    abs(back.top5["GoogLeNet"] - back.top5["VGG-16"]) < 0.5, "at about its error"
)
check.that(3 < shrunk < 3.5, f"error: {shrunk:.1f} times smaller")
check.that(
    back.macs["ResNet-152"] < back.macs["VGG-16"], "152 layers, fewer operations"
)

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **채널이 계속 늘어나면 나중의 층은 너무 커지지 않습니까?** 층이 읽는 채널은 늘어나지만 내놓는 채널은 언제나 $k$개입니다.
# DenseNet-121의 블록에서 가장 많이 읽는 층이 992채널입니다. ResNet-50의 마지막 단은 2,048채널을 읽습니다. 좁은 층을 많이
# 이어서 넓은 읽을거리를 만드는 것이 이 신경망의 방법입니다.
#
# **이어 붙이려면 높이와 너비가 같아야 하지 않습니까?** 그렇습니다. 그래서 크기를 줄이는 일은 블록 사이의 전환층에서만 합니다.
# 블록 안에서는 패딩으로 크기를 지킵니다. 크기가 다르면 다음처럼 오류가 납니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **If channels keep growing, won't later layers become too large?** What a layer reads grows, what it gives is always $k$. In
# the blocks of DenseNet-121 no layer reads more than 992 channels; the last stage of ResNet-50 reads 2,048. The idea is to
# build something wide to read out of many narrow layers.
#
# **Must height and width agree before maps can be joined?** They must. So sizes shrink in the transitions between blocks and
# nowhere else; within a block padding keeps them. Where sizes differ there is an error:

# %%
last_stage = models.create("resnet50")
widest = max(m.in_channels for m in last_stage.modules() if isinstance(m, nn.Conv2d))
check.that(widest == 2048 and max(reading) == 992, f"{widest:,} and {max(reading)}")
with check.raises(RuntimeError):
    torch.cat([torch.zeros(1, 4, 8, 8), torch.zeros(1, 4, 4, 4)], dim=1)

# %% [markdown] lang="ko"
# **전환층은 채널을 줄이려고 있습니까?** 첫째 일은 크기를 줄이는 것입니다. $\theta = 1$이면 채널은 그대로입니다. 논문의 표
# 2에서 압축이 없는 $L = 40$, $k = 12$의 신경망은 1.0 M으로 5.24%를 얻어, 1.7 M의 ResNet-110보다 덜 틀립니다. 곧 파라미터가
# 적은 것은 압축 덕분만이 아닙니다. 층이 좁아도 되기 때문입니다.
#
# **DenseNet은 앙상블입니까?** [‘ResNet’ 장](11_resnet)에서는 블록 하나를 빼도 ResNet이 견디는 것을 보았습니다. 위에서 연결
# 하나를 끊은 실험도 같은 종류입니다. 층 하나를 통째로 빼 봅시다. 층의 출력 채널을 모두 0으로 합니다.

# %% [markdown] lang="en"
# **Are transitions there to reduce the channels?** Their first task is to reduce the size. With $\theta = 1$ the channels
# stay. In the paper's table 2 the network without compression of $L = 40$, $k = 12$ has 5.24% with 1.0 M parameters and errs
# less than ResNet-110 with 1.7 M. So it is not compression alone that makes the parameters few: layers can be narrow.
#
# **Is a DenseNet an ensemble?** In [the chapter on ResNet](11_resnet) we saw that a ResNet bears the loss of a block. The cut
# connections above are an experiment of the same kind. Let us take out a whole layer, by setting all channels that it gives
# to 0.

# %%
dropped = {"none": train.evaluate(network, test_set, like=history).accuracy}
for place, block in ((4, 1), (6, 2)):
    for number in range(4):
        trial = copy.deepcopy(network)
        nn.init.zeros_(trial[place].layers[number][-1].weight)
        reached = train.evaluate(trial, test_set, like=history).accuracy
        dropped[f"block {block}, layer {number + 1}"] = reached
values = list(dropped.values())
first, second = np.mean(values[1:5]), np.mean(values[5:])
check.that(max(values[1:]) < values[0] - 0.02, "every layer is missed")
check.that(first < second, f"block 1 {first:.3f} < block 2 {second:.3f}")

# %% name="fig-dropped" tags=["hide-input"] alt_ko="막대 아홉 개. 맨 위 none이 온전한 신경망이고, 나머지는 층을 하나씩 뺀 것입니다. 모두 온전한 것보다 짧고, 첫 블록의 막대가 대체로 더 짧습니다." alt_en="Nine bars. The top one, “none”, is the whole network, the others have one layer taken out. All are shorter than the whole network's, those of the first block mostly the shortest." caption_ko="층 하나를 뺐을 때의 테스트 정확도. 다시 훈련하지 않았습니다." caption_en="Test accuracy with one layer taken out, not trained again."
look.bars(dropped, percent=True, highlight="none")

# %% [markdown] lang="ko"
# 앙상블처럼 견디지 못합니다. 층 하나만 빠져도 많이 잃고, 첫 블록의 층이 빠지면 평균해서 더 많이 잃습니다. 둘째 블록은 첫 블록에서
# 전환층을 거쳐 온 것 위에 서 있습니다. 층이 여덟 개뿐인 작은 신경망이라 저마다 몫이 큽니다. 깊은 DenseNet에서 어떤지는 여기서 재지
# 않았습니다.
#
# **파라미터와 연산이 적으면 빠릅니까?** 그렇다고 할 수 없습니다. 이어 붙이기, 배치 정규화, ReLU는 곱셈-덧셈으로 세지 않지만
# 시간이 듭니다. 위에서 훈련한 DenseNet과 가장 넓은 ResNet의 한 걸음을 견주어 봅시다.

# %% [markdown] lang="en"
# It does not withstand the loss as an ensemble would. Without a single layer much is lost, and on average more where the layer
# belongs to the first block: all that the second block reads comes from there through the transition. In a small network of
# eight such layers each has a large share. We have not measured a deep DenseNet here.
#
# **Are few parameters and few operations fast?** Not necessarily. Joining, batch normalisation and ReLU are not counted as
# multiply-adds but take time. We compare one step of the DenseNet trained above and of the widest ResNet.

# %%
pixels = torch.randn(25, 3, 32, 32)
speed = {}
for module in (ResNet(16, 16), DenseNet((4, 4), growth=8, classes=10)):
    name = type(module).__name__
    mega = look.trace(module, (3, 32, 32)).multiply_adds.sum() / 1e6
    taken = seconds(module, pixels, times=4)
    speed[name] = taken / mega
    print(f"{name:9}{mega:6.2f} M an image, {1000 * taken:5.0f} ms for a step of 25")
slower = speed["DenseNet"] / speed["ResNet"]
print(f"seconds per operation, DenseNet / ResNet: {slower:.2f}")

# %% [markdown] lang="ko"
# 마지막 수가 1보다 크면, 같은 수의 연산에 DenseNet이 그만큼 더 오래 걸린다는 뜻입니다. 컴퓨터와 라이브러리에 따라 달라지므로
# 여기서 재 보시라고 셀로 두었습니다. 연산의 수는 시간이 아닙니다.
#
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 다섯 연습의 함수는 무작위로 고른 입력에서 검사합니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# If the last number is above 1, the same number of operations takes so many times longer in DenseNet. It depends on the
# computer and on the libraries, so it stands here as a cell for you to run. Operations are not time.
#
# ## Exercises
#
# Write your answer and run the cell. The functions of the first five are checked on random inputs. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 밀집 블록의 순전파.** `dense_forward(x, layers)`를 짜세요. `x`는 1차원 NumPy 배열이고, `layers`는 함수의 목록입니다.
# 함수마다 앞의 모든 출력을 `x`부터 순서대로 이어 붙인 배열을 받아 새 배열을 내놓습니다. 블록의 출력, 곧 `x`와 모든 출력을
# 이어 붙인 배열을 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: the forward pass of a dense block.** Write `dense_forward(x, layers)`. `x` is a NumPy array of one dimension,
# `layers` a list of functions. Each takes the array of all outputs so far, joined in order from `x` on, and gives a new
# array. Return the output of the block: `x` and all outputs joined.


# %% tags=["exercise"]
def dense_forward(x, layers): ...


check.exercise("dense_forward", dense_forward)


# %% tags=["solution"]
# solution
def dense_forward(x, layers):
    joined = x
    for layer in layers:
        joined = np.concatenate([joined, layer(joined)])
    return joined


check.exercise("dense_forward", dense_forward, solution=True)

# %% [markdown] lang="ko"
# **연습: 채널의 길.** `dense_channels(start, growth, blocks, theta)`를 짜세요. `start`채널이 첫 블록에 들어가고, `blocks`는
# 블록마다의 층수입니다. 블록에서 나오는 채널 수를 블록마다 하나씩 목록으로 돌려줍니다. 블록과 블록 사이의 전환층은
# $\lfloor \theta m \rfloor$채널을 남깁니다. 마지막 블록 뒤에는 전환층이 없습니다.

# %% [markdown] lang="en"
# **Exercise: the course of the channels.** Write `dense_channels(start, growth, blocks, theta)`. `start` channels enter the
# first block, and `blocks` has the number of layers of each block. Return a list with the channels that leave each block. A
# transition between two blocks keeps $\lfloor \theta m \rfloor$ channels; after the last block there is none.


# %% tags=["exercise"]
def dense_channels(start, growth, blocks, theta): ...


check.exercise("dense_channels", dense_channels)


# %% tags=["solution"]
# solution
def dense_channels(start, growth, blocks, theta):
    leaving = []
    for depth in blocks:
        if leaving:
            start = int(theta * leaving[-1])
        leaving.append(start + depth * growth)
    return leaving


check.exercise("dense_channels", dense_channels, solution=True)
print("DenseNet-121:", dense_channels(64, 32, (6, 12, 24, 16), 0.5))

# %% [markdown] lang="ko"
# **연습: 병목이 이득인 층.** `pays_from(start, growth, width)`를 짜세요. `start`채널이 들어오는 블록에서, 병목이 있는 쪽의
# 가중치가 더 적어지는 첫 층의 번호를 돌려줍니다. 층은 1부터 셉니다. 병목의 1×1은 `width * growth`채널을 내놓습니다. 논문은
# `width`가 4입니다. `width`는 9보다 작습니다.

# %% [markdown] lang="en"
# **Exercise: where a bottleneck pays.** Write `pays_from(start, growth, width)`. In a block that `start` channels enter,
# return the number of the first layer that has fewer weights with the bottleneck than without. Layers count from 1. The 1×1
# of the bottleneck gives `width * growth` channels; in the paper `width` is 4. `width` is less than 9.


# %% tags=["exercise"]
def pays_from(start, growth, width): ...


check.exercise("pays_from", pays_from)


# %% tags=["solution"]
# solution
def pays_from(start, growth, width):
    layer, m = 1, start
    while 9 * m * growth <= width * growth * m + 9 * width * growth**2:
        layer, m = layer + 1, m + growth
    return layer


check.exercise("pays_from", pays_from, solution=True)
print([pays_from(start, 32, 4) for start in (64, 128, 256, 512)])

# %% [markdown] lang="ko"
# **연습: 저장하는 채널.** `stored_channels(start, growth, layers, recompute)`를 짜세요. 병목이 **없는** 블록이 역전파를 위해
# 저장하는 채널 수입니다. `recompute`가 `False`이면 층마다 읽는 채널이 두 번 저장되고, `True`이면 층들의 입력이 되는
# $x_0, x_1, \dots, x_{L-1}$만 한 번씩 저장됩니다. 마지막 층의 출력은 세지 않습니다.

# %% [markdown] lang="en"
# **Exercise: channels stored.** Write `stored_channels(start, growth, layers, recompute)`: how many channels a block
# **without** bottlenecks stores for the backward pass. With `recompute` `False` the channels that a layer reads are stored
# twice for each layer; with `True` only $x_0, x_1, \dots, x_{L-1}$, which the layers read, are stored, once each. The output
# of the last layer does not count.


# %% tags=["exercise"]
def stored_channels(start, growth, layers, recompute): ...


check.exercise("stored_channels", stored_channels)


# %% tags=["solution"]
# solution
def stored_channels(start, growth, layers, recompute):
    if recompute:
        return start + growth * (layers - 1)
    return sum(2 * (start + growth * number) for number in range(layers))


check.exercise("stored_channels", stored_channels, solution=True)
x = torch.randn(8, 24, 8, 8, requires_grad=True)
size, _ = stored(DenseBlock(24, 16, 12, bottleneck=False), x)
check.that(
    abs(size / channel / stored_channels(24, 12, 16, False) - 1) < 0.02, "measured"
)

# %% [markdown] lang="ko"
# **연습: 출처마다의 가중치.** `source_weights(weight, start, growth)`를 짜세요. `weight`는 모양이 (출력, 입력)인 NumPy
# 배열이고, 입력은 `start`채널인 $x_0$과 `growth`채널씩인 $x_1, x_2, \dots$입니다. 출처마다 가중치의 절댓값의 평균을 1차원
# 배열로 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: weights by source.** Write `source_weights(weight, start, growth)`. `weight` is a NumPy array (outputs, inputs);
# the inputs are $x_0$ with `start` channels and $x_1, x_2, \dots$ with `growth` each. Return the mean absolute weight on each
# source, an array of one dimension.


# %% tags=["exercise"]
def source_weights(weight, start, growth): ...


check.exercise("source_weights", source_weights)


# %% tags=["solution"]
# solution
def source_weights(weight, start, growth):
    edges = [0, *range(start, weight.shape[1] + 1, growth)]
    pairs = itertools.pairwise(edges)
    return np.array([np.abs(weight[:, a:b]).mean() for a, b in pairs])


check.exercise("source_weights", source_weights, solution=True)

# %% [markdown] lang="ko"
# **연습: 마지막 층만 읽는 분류기.** 훈련한 `network`를 복사해 `last_only`라고 하고, 분류기(마지막 선형층)가 마지막 층의
# 8채널만 읽도록 나머지 채널에 걸린 가중치를 0으로 하세요. `train.evaluate`에 `like=history`를 건네 `test_set`에서 재고 결과를
# `last_result`에 넣습니다. 재기 전에 얼마나 떨어질지 예상해 보세요.

# %% [markdown] lang="en"
# **Exercise: a classifier that reads the last layer only.** Copy the trained `network` as `last_only` and set to 0 the
# weights of the classifier, the last linear layer, on all channels but the 8 of the last layer. Measure on `test_set` with
# `train.evaluate` and `like=history`, and put the result in `last_result`. Before you measure: how far will the accuracy
# fall?

# %% tags=["exercise"]
last_only = ...
last_result = ...

check.exercise(
    "last_only",
    (last_only, last_result, lambda it: train.evaluate(it, test_set, like=history)),
)

# %% tags=["solution"]
# solution
last_only = copy.deepcopy(network)
with torch.no_grad():
    last_only[-1].weight[:, :-8] = 0
last_result = train.evaluate(last_only, test_set, like=history)

check.exercise(
    "last_only",
    (last_only, last_result, lambda it: train.evaluate(it, test_set, like=history)),
    solution=True,
)
print(f"all maps {dropped['none']:.3f}, last layer only {last_result.accuracy:.3f}")
check.that(last_result.accuracy < dropped["none"] - 0.05, "earlier maps are needed")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`huang2017densely`: 이 장의 논문입니다. 그림 5의 히트맵을 이 장의 것과 견주어 보세요. 층이 훨씬 많습니다.
# - {cite:t}`pleiss2017memory`: 메모리를 아끼는 구현입니다. 우리와 달리 합성곱은 한 번만 계산합니다.
# - {cite:t}`chen2017dual`: 더하기와 이어 붙이기를 한 신경망에 함께 씁니다.
# - {cite:t}`veit2016residual`: 층을 빼는 실험이 나온 곳입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`huang2017densely` is the paper of this chapter. Compare the heat map of its figure 5 with ours; it has many more
#   layers.
# - {cite:t}`pleiss2017memory` describe an implementation that saves memory. Unlike ours, it computes the convolutions only
#   once.
# - {cite:t}`chen2017dual` use adding and joining in one network.
# - {cite:t}`veit2016residual` is where the experiment of taking out layers comes from.
