# %% [markdown] lang="ko"
# # 그 뒤
#
# ## 무엇을 만들게 될까요?
#
# AlexNet부터 DenseNet까지, 앞의 여섯 장에서 만든 신경망은 2012년부터 2016년 사이에 나왔습니다. “그다음에는 무엇이
# 나왔습니까?”라고 한 독자가 2017년에 물었습니다. 이 장이 그 답입니다. ResNeXt, SE 블록, MobileNet, EfficientNet, RegNet, ConvNeXt, ViT에서 새로운 생각을 하나씩 골라, 블록을
# 손으로 만들고 torchvision의 것과 같은지 확인합니다. 끝에서는 이 블록들로 작은 신경망을 지어 같은 조건에서 훈련합니다.

# %% [markdown] lang="en"
# # After
#
# ## What you will build
#
# From AlexNet to DenseNet, the networks of the six chapters before this one date from 2012 to 2016. “What came next?” a reader
# asked in 2017. This chapter is the
# answer. From each of ResNeXt, squeeze-and-excitation, MobileNet, EfficientNet, RegNet, ConvNeXt and ViT we take the one new
# idea, build the block by hand, and check it against torchvision's. At the end we make small networks of these blocks and
# train them under equal conditions.

# %%
import copy
import time

import numpy as np
import pandas as pd
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import cnnbook
from cnnbook import check, data, look, models, train

torch.set_num_threads(1)  # then the same seed gives the same weights
LIGHT = look.style.LIGHT

full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
if full:
    train_set = data.load("cifar10", "train", fallback="shapes")
    test_set = data.load("cifar10", "test", fallback="shapes")
else:
    dials = {"illumination": 0.15, "deformation": 0.15, "occlusion": 0.1}
    dials |= {"clutter": 0.15, "variation": 0.2}
    train_set = data.load("shapes", "train", count=2000, **dials)
    test_set = data.load("shapes", "test", count=1000, **dials)


# %%
def published(name, version="IMAGENET1K_V1"):
    """What torchvision says of its own weights."""
    meta = torchvision.models.get_model_weights(name)[version].meta
    top1 = meta["_metrics"]["ImageNet-1K"]["acc@1"]
    return {
        "parameters": meta["num_params"],
        "macs": 1e9 * meta["_ops"],
        "top-1": top1,
    }


EARLIER = {
    "AlexNet": "alexnet",
    "VGG-16": "vgg16",
    "GoogLeNet": "googlenet",
    "ResNet-50": "resnet50",
    "DenseNet-121": "densenet121",
}
HERE = {
    "ResNeXt-50": "resnext50_32x4d",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3-L": "mobilenet_v3_large",
    "EfficientNet-B0": "efficientnet_b0",
    "RegNetY-400MF": "regnet_y_400mf",
    "ConvNeXt-T": "convnext_tiny",
    "ViT-B/16": "vit_b_16",
}
known = {label: published(name) for label, name in (EARLIER | HERE).items()}
known = pd.DataFrame(known).T
check.that(
    known["top-1"][list(EARLIER)].max() < known["top-1"]["ResNeXt-50"],
    f"ResNeXt-50: {known['top-1']['ResNeXt-50']:.1f}%",
)
fewer = known.macs["ResNet-50"] / known.macs["EfficientNet-B0"]
check.that(
    fewer > 10 and known["top-1"]["EfficientNet-B0"] > known["top-1"]["ResNet-50"],
    f"EfficientNet-B0 errs less than ResNet-50 with {fewer:.1f} times fewer operations",
)
older, newer = known.loc[list(EARLIER)], known.loc[list(HERE)]
worse = [
    ((older.macs <= row.macs) & (older["top-1"] >= row["top-1"])).any()
    for _, row in newer.iterrows()
]
check.that(not any(worse), "each of the seven: fewer operations or more accuracy")

# %% name="fig-map" tags=["hide-input"] alt_ko="가로축은 로그 눈금의 곱셈-덧셈 수, 세로축은 ImageNet top-1 정확도인 산점도. 앞 장들의 다섯 신경망은 회색, 이 장의 일곱은 주황입니다. MobileNet과 EfficientNet-B0은 왼쪽 위에, ConvNeXt-T와 ViT-B/16은 오른쪽 맨 위에 있습니다. ResNet-50에서 위로 점선 화살표가 하나 있습니다." alt_en="A scatter plot: multiply-adds on a logarithmic scale across, ImageNet top-1 accuracy upwards. Five networks of earlier chapters are grey, seven of this chapter orange. The MobileNets and EfficientNet-B0 are in the upper left, ConvNeXt-T and ViT-B/16 at the top right. A dashed arrow leads straight up from ResNet-50." caption_ko="torchvision이 나누어 주는 가중치의 top-1 정확도와 이미지 한 장의 연산 수. 점선 화살표는 ResNet-50을 새 훈련 방법으로 다시 훈련한 가중치입니다." caption_en="Top-1 accuracy of the weights that torchvision hands out, against operations for one image. The dashed arrow leads to weights of ResNet-50 trained anew with a newer recipe."
figure = look.style.figure("column", 4.2)
axes = figure.add_subplot()
places = {  # points to the right, upwards, and which end of the label is there
    "GoogLeNet": (0, -17, "center"),
    "ResNet-50": (9, -9, "left"),
    "ResNeXt-50": (9, -2, "left"),
    "DenseNet-121": (-4, -17, "center"),
    "AlexNet": (10, -4, "left"),
    "MobileNetV2": (0, -17, "center"),
    "MobileNetV3-L": (4, 8, "right"),
    "RegNetY-400MF": (-8, 9, "left"),
}
for label, row in known.iterrows():
    colour = LIGHT["orange" if label in HERE else "muted"]
    axes.plot(row.macs / 1e9, row["top-1"], "o", color=colour, markersize=7)
    *place, side = places.get(label, (0, 8, "center"))
    axes.annotate(
        label, (row.macs / 1e9, row["top-1"]), place, textcoords="offset points",
        ha=side, fontsize=11.5,
    )  # fmt: skip
again = published("resnet50", "IMAGENET1K_V2")
axes.annotate(
    "", (again["macs"] / 1e9, again["top-1"]),
    (known.macs["ResNet-50"] / 1e9, known["top-1"]["ResNet-50"] + 0.5),
    arrowprops={"arrowstyle": "-|>", "linestyle": "--", "color": LIGHT["muted"]},
)  # fmt: skip
axes.set(xscale="log", ylim=(54, 86), xlim=(0.04, 60))
axes.set(xlabel="multiply-adds of an image (10⁹)", ylabel="ImageNet top-1 (%)")
figure

# %% [markdown] lang="ko"
# 그림에서 두 가지를 봅니다. 주황 점은 어느 회색 점과 견주어도 왼쪽이나 위에 있습니다. 곧 **더 적은 연산으로 같은 정확도**를,
# 또는 **같은 연산으로 더 높은 정확도**를 얻습니다. 그런데 점선 화살표도 있습니다. 신경망은 그대로 두고 훈련 방법만 바꾸어도 점이
# 거의 5%포인트 올라갑니다. 주황 점 가운데에도 나중의 훈련 방법을 쓴 것이 있습니다. 그래서 이 그림만으로는 블록이 얼마나 좋은지
# 알 수 없습니다. 끝에서 이 문제로 돌아옵니다.

# %% [markdown] lang="en"
# Two things to see here. Compared with any grey dot, an orange one lies to its left or above it: **the same accuracy with
# fewer operations**, or **more accuracy with the same**. But there is the dashed arrow as well: the same network, trained with
# another recipe, rises almost 5 percentage points, and some of the orange dots were trained with later recipes too. So the
# figure alone does not tell what a block is worth. We come back to this at the end.

# %%
gain = again["top-1"] - known["top-1"]["ResNet-50"]
check.that(4 < gain < 5, f"another recipe: +{gain:.1f} points")

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘ResNet’ 장](11_resnet)의 잔차 블록, [‘GoogLeNet’ 장](10_googlenet)의 1×1 합성곱, [‘훈련’ 장](06_training)의 배치 정규화를
# 안다고 가정합니다. GPU도 인터넷 연결도 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤
# 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# Residual blocks from [the chapter on ResNet](11_resnet), 1×1 convolutions from [the one on GoogLeNet](10_googlenet), and
# batch normalisation from [the one on training](06_training). Neither a GPU nor an internet connection is needed. Running
# this notebook from top to bottom takes about a minute on one CPU core.

# %% [markdown] lang="ko"
# ## 합성곱 하나는 몇 가지 일을 할까요?
#
# 3×3 합성곱 하나는 두 가지 일을 한꺼번에 합니다. 한 채널 안에서 **이웃한 픽셀**을 보고, 한 픽셀에서 **모든 채널**을 섞습니다.
# 그 대가로 가중치가 $9 \cdot C_\text{in} \cdot C_\text{out}$개 듭니다. 2016년 뒤의 신경망은 대부분 이 묶음을 풀어서 다시
# 묶은 것입니다. 이 장의 물음은 셋입니다.
#
# 1. 두 일을 나누면 얼마나 아낄 수 있을까요? (ResNeXt, MobileNet)
# 2. 멀리 있는 것은 어떻게 볼까요? (SE 블록, ConvNeXt, ViT)
# 3. 블록을 정했다면, 몇 개를 얼마나 넓게 쌓을까요? (EfficientNet, RegNet)
#
# ## 채널을 그룹으로 나누기
#
# [‘AlexNet’ 장](07_alexnet)에서 GPU 두 개에 나누어 담으려고 채널을 두 그룹으로 갈랐습니다. 그룹 합성곱(grouped convolution)은
# 입력과 출력의 채널을 $g$개의 그룹으로 나누고, 그룹마다 따로 합성곱을 합니다. 출력 채널 하나가 읽는 입력이 $1/g$로 줄어드므로
# 가중치도 곱셈-덧셈도 $1/g$이 됩니다.

# %% [markdown] lang="en"
# ## How many jobs does a convolution do?
#
# A 3×3 convolution does two jobs at once: within a channel it looks at **neighbouring pixels**, and at a pixel it mixes
# **all channels**. For that it pays $9 \cdot C_\text{in} \cdot C_\text{out}$ weights. Most networks since 2016 take this
# bundle apart and tie it up again in another way. This chapter asks three questions:
#
# 1. How much is saved when the two jobs are separated? (ResNeXt, MobileNet)
# 2. How does a network see what is far away? (squeeze-and-excitation, ConvNeXt, ViT)
# 3. With the block given, how many of them, and how wide? (EfficientNet, RegNet)
#
# ## Channels in groups
#
# In [the chapter on AlexNet](07_alexnet) the channels were split in two groups, to fit on two GPUs. A grouped convolution
# splits the channels of input and output into $g$ groups and convolves each group by itself. An output channel then reads
# only $1/g$ of the input, so that weights and multiply-adds both shrink to $1/g$.


# %%
def grouped(x, weight, groups):
    """x (N, C_in, H, W), weight (C_out, C_in / groups, k, k) -> (N, C_out, H, W)."""
    parts = zip(x.chunk(groups, dim=1), weight.chunk(groups), strict=True)
    padding = weight.shape[-1] // 2
    return torch.cat([functional.conv2d(a, w, padding=padding) for a, w in parts], 1)


torch.manual_seed(0)
x = torch.randn(2, 12, 8, 8)
for groups in (1, 3, 12):
    weight = torch.randn(24, 12 // groups, 3, 3)
    theirs = functional.conv2d(x, weight, padding=1, groups=groups)
    check.close(grouped(x, weight, groups), theirs, what=f"groups: {groups}")

# %% [markdown] lang="ko"
# 어느 출력이 어느 입력을 읽는지 그려 봅시다. 채널 하나만 1이고 나머지는 0인 입력을 1×1 합성곱에 하나씩 넣으면, 섞는 행렬이
# 한 열씩 그대로 나옵니다.

# %% [markdown] lang="en"
# Which output reads which input? Give a 1×1 convolution inputs with a 1 in a single channel and 0 in the others, one after the
# other: what comes out is its mixing matrix, column by column.

# %%
unit = torch.eye(12)[:, :, None, None]  # (12, 12, 1, 1): image i has channel i alone
mixing = {}
for groups in (1, 3, 12):
    torch.manual_seed(0)
    weight = torch.rand(12, 12 // groups, 1, 1) + 0.3
    mixing[groups] = grouped(unit, weight, groups)[:, :, 0, 0].T  # (output, input)
    count = int((mixing[groups] != 0).sum())
    check.that(count == 144 // groups, f"groups: {groups}, weights: {count}")

# %% name="fig-groups" tags=["hide-input"] alt_ko="12×12 행렬 세 개. 왼쪽은 모두 채워져 있고, 가운데는 대각선을 따라 4×4 칸 세 개만, 오른쪽은 대각선의 12칸만 채워져 있습니다." alt_en="Three 12×12 matrices. The left one is full; in the middle only three 4×4 blocks along the diagonal are filled, on the right only the 12 cells of the diagonal." caption_ko="12채널에서 12채널로 가는 1×1 합성곱의 섞는 행렬. 그룹이 1개, 3개, 12개일 때입니다. 빈 칸은 읽지 않는 입력입니다." caption_en="Mixing matrices of 1×1 convolutions from 12 channels to 12, with 1, 3 and 12 groups. Empty cells are inputs that are not read."
figure = look.style.figure("full", 2.9)
panels = figure.subplots(1, 3)
for axes, (groups, matrix) in zip(panels, mixing.items(), strict=True):
    shown = np.ma.masked_equal(matrix.numpy(), 0)
    axes.imshow(shown, cmap=look.style.SEQUENTIAL, vmin=0, vmax=1.6)
    axes.set(xticks=(), yticks=(), title=f"g = {groups}: {shown.count()} weights")
    axes.set(xlabel="input channel")
panels[0].set(ylabel="output channel")
figure

# %% [markdown] lang="ko"
# ## ResNeXt: 갈라서 변환하고 합치기
#
# ResNeXt {cite:p}`xie2017aggregated`는 잔차 블록의 가운데를 갈래 $C$개로 나눕니다. 갈래마다 1×1로 줄이고, 3×3을 하고, 1×1로
# 늘린 다음, 모두 더합니다. 갈래의 수 $C$를 카디널리티(cardinality)라고 부릅니다. 인셉션처럼 갈라지지만 갈래의 모양이 모두
# 같습니다.
#
# $$y = x + \sum_{i=1}^{C} T_i(x)$$
#
# 그런데 갈래를 하나하나 만들 필요가 없습니다. 갈래의 1×1들을 이어 붙이면 큰 1×1 하나이고, 나란한 3×3들은 그룹 합성곱
# 하나이며, 마지막 1×1들의 합도 1×1 하나입니다. 같은 가중치로 둘을 계산해 봅니다.

# %% [markdown] lang="en"
# ## ResNeXt: split, transform, merge
#
# ResNeXt {cite:p}`xie2017aggregated` splits the middle of a residual block into $C$ branches. Each reduces with a 1×1,
# applies a 3×3 and expands with a 1×1; then all are added. $C$ is called the cardinality. There are branches, as in
# Inception, but they are all of the same shape.
#
# $$y = x + \sum_{i=1}^{C} T_i(x)$$
#
# The branches need not be made one by one. Their first 1×1s, joined, are one large 1×1; the 3×3s side by side are one grouped
# convolution; and the sum of the last 1×1s is one 1×1 again. We compute both with the same weights.

# %%
C, d = 32, 4  # branches, channels of a branch
x = torch.randn(1, 256, 7, 7)
reduce = torch.randn(C * d, 256, 1, 1) / 16
middle = torch.randn(C * d, d, 3, 3) / 6
expand = torch.randn(256, C * d, 1, 1) / 11

branches = 0
each = zip(reduce.chunk(C), middle.chunk(C), expand.chunk(C, dim=1), strict=True)
for first, second, third in each:
    y = functional.conv2d(x, first).relu()  # (1, 4, 7, 7)
    y = functional.conv2d(y, second, padding=1).relu()  # (1, 4, 7, 7)
    branches = branches + functional.conv2d(y, third)  # (1, 256, 7, 7)

y = functional.conv2d(x, reduce).relu()  # (1, 128, 7, 7)
y = grouped(y, middle, C).relu()  # (1, 128, 7, 7)
whole = functional.conv2d(y, expand)  # (1, 256, 7, 7)
check.close(whole, branches, atol=1e-4, what="32 branches, one grouped convolution")

# %% [markdown] lang="ko"
# 그룹으로 나누어 아낀 가중치를 어디에 쓸까요? 논문은 더 넓은 블록에 씁니다. 256채널 블록의 가중치는 갈래가 $C$개이고 갈래마다
# $d$채널일 때 $C(256d + 9d^2 + 256d)$개입니다. 논문의 표 2는 이 값을 거의 그대로 두고 $C$를 늘리고, 표 3은 그때의 오류율을
# 적었습니다.

# %% [markdown] lang="en"
# What to do with the weights that groups save? The paper spends them on wider blocks. With $C$ branches of $d$ channels a
# block for 256 channels has $C(256d + 9d^2 + 256d)$ weights. Table 2 of the paper keeps this about constant while $C$ grows,
# and table 3 has the errors.

# %%
pairs = {(1, 64): 23.9, (2, 40): 23.0, (4, 24): 22.6, (8, 14): 22.3, (32, 4): 22.2}
rows = [
    {
        "C": C,
        "d": d,
        "width of the 3×3": C * d,
        "weights": C * (256 * d + 9 * d * d + 256 * d),
        "top-1 error, paper": f"{error}%",
    }
    for (C, d), error in pairs.items()
]
cardinality = pd.DataFrame(rows)
counts = cardinality.weights
check.that(counts.max() / counts.min() < 1.07, f"{counts.min():,} to {counts.max():,}")
errors = list(pairs.values())
check.that(errors == sorted(errors, reverse=True), "more branches, fewer errors")
cardinality

# %% [markdown] lang="ko"
# 가중치의 수가 거의 같을 때 갈래가 많을수록 덜 틀립니다. 아낀 가중치로 3×3의 폭이 두 배가 되었습니다.
#
# 이제 블록을 만듭니다. ResNeXt와 RegNet의 블록은 몸통과 지름길을 더하고 ReLU를 지나는 점이 같으므로, 그 틀을 먼저 적습니다.
# `conv`는 합성곱과 배치 정규화, 그리고 정해 주면 활성화 함수까지입니다. `check_block`은 torchvision의 블록에서 가중치를 옮겨 온
# 다음, 두 블록이 같은 출력을 내는지 봅니다.

# %% [markdown] lang="en"
# With about as many weights, more branches err less. The weights saved have made the 3×3 twice as wide.
#
# Now the block. Those of ResNeXt and RegNet both add a body and a shortcut and end with ReLU, so we write this frame first.
# `conv` is a convolution, batch normalisation and, where it is given, the activation function. `check_block` copies the weights
# of torchvision's block and sees whether both give the same output.


# %%
def conv(cin, cout, kernel=1, stride=1, groups=1, act=None):
    """A list: convolution, batch norm and, where it is given, the activation."""
    layer = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(cout)] + ([act()] if act else [])


class Residual(nn.Module):
    """shortcut(x) + body(x), then ReLU."""

    def __init__(self, body, cin, cout, stride=1):
        super().__init__()
        self.body = nn.Sequential(*body)
        same = stride == 1 and cin == cout
        self.shortcut = nn.Sequential(*([] if same else conv(cin, cout, 1, stride)))

    def forward(self, x):
        return (self.shortcut(x) + self.body(x)).relu()


def resnext(cin, cout, stride=1, groups=32):
    width = cout // 2
    body = conv(cin, width, act=nn.ReLU)
    body += conv(width, width, 3, stride, groups, act=nn.ReLU)
    body += conv(width, cout)
    return Residual(body, cin, cout, stride)


def copy_weights(source, target):
    """Names and axes of size 1 differ, the order of the tensors does not."""
    own = target.state_dict()
    values = source.state_dict().values()
    pairs = zip(own.items(), values, strict=True)
    target.load_state_dict({name: value.view_as(t) for (name, t), value in pairs})
    norms = [m for m in source.modules() if isinstance(m, nn.BatchNorm2d)]
    mine = [m for m in target.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm, other in zip(mine, norms, strict=True):
        norm.eps = other.eps  # added to the variance; some networks have another


def check_block(ours, theirs, channels, size=14):
    """In training mode: with statistics of the batch, batch norm does something."""
    copy_weights(theirs, ours)
    x = torch.randn(4, channels, size, size)
    check.same_function(ours.train(), theirs.train(), x, atol=1e-4)


torch.manual_seed(0)
theirs = torchvision.models.resnet.Bottleneck(
    256, 128, 2, nn.Sequential(*conv(256, 512, 1, 2)), groups=32, base_width=4
)
check_block(resnext(256, 512, stride=2), theirs, 256)

# %% [markdown] lang="ko"
# ## SE 블록: 채널마다 음량 조절
#
# 합성곱은 작은 창만 봅니다. SE 블록(squeeze-and-excitation) {cite:p}`hu2018squeeze`은 특징 맵 **전체**를 보고 채널마다 배율을
# 하나씩 정합니다. 세 단계입니다.
#
# 1. 짜내기(squeeze): 채널마다 평균을 냅니다. $z_c = \frac{1}{HW} \sum u_c$
# 2. 정하기(excitation): 층 두 개로 배율을 정합니다. $s = \sigma(W_2 \, \mathrm{ReLU}(W_1 z))$. 가운데 층은 유닛 $C/16$개로 좁습니다.
# 3. 곱하기: 채널 $c$에 $s_c$를 곱합니다.
#
# 배율은 0과 1 사이이고 **이미지마다 다릅니다**. 합성곱의 가중치는 모든 이미지에 같지만, 이 배율은 이미지를 보고 정해집니다.

# %% [markdown] lang="en"
# ## Squeeze-and-excitation: a volume knob for each channel
#
# A convolution sees a small window. A squeeze-and-excitation block {cite:p}`hu2018squeeze` looks at the **whole** feature map
# and chooses a factor for each channel, in three steps.
#
# 1. Squeeze: the mean of each channel, $z_c = \frac{1}{HW} \sum u_c$.
# 2. Excite: two layers choose the factors, $s = \sigma(W_2 \, \mathrm{ReLU}(W_1 z))$. The middle is narrow, with $C/16$ units.
# 3. Multiply channel $c$ by $s_c$.
#
# The factors lie between 0 and 1 and **differ from image to image**. The weights of a convolution are the same for all
# images; these factors are chosen after looking at the image.


# %%
class SqueezeExcite(nn.Module):
    """(N, C, H, W) -> the same shape, each channel times its gate."""

    def __init__(self, channels, squeezed, act=nn.ReLU, gate=nn.Sigmoid):
        super().__init__()
        self.gates = nn.Sequential(
            nn.Linear(channels, squeezed),
            act(),
            nn.Linear(squeezed, channels),
            gate(),
        )

    def forward(self, x):
        z = x.mean(dim=(2, 3))  # (N, C)
        s = self.gates(z)  # (N, C)
        return x * s[:, :, None, None]


theirs = torchvision.ops.SqueezeExcitation(64, 4)
check_block(SqueezeExcite(64, 4), theirs, 64)

# %% [markdown] lang="ko"
# SE-ResNet은 SE 블록을 잔차 블록의 몸통 끝, 곧 지름길과 더하기 바로 앞에 둡니다. 비용을 셉시다. 블록마다 가중치
# $2 C^2 / 16$개가 늘어납니다. ResNet-50에서는 256채널 블록 3개, 512채널 4개, 1,024채널 6개, 2,048채널 3개입니다.

# %% [markdown] lang="en"
# SE-ResNet puts this at the end of the body of a residual block, right before the shortcut is added. The cost: $2 C^2 / 16$
# weights a block. ResNet-50 has 3 blocks of 256 channels, 4 of 512, 6 of 1,024 and 3 of 2,048.

# %%
blocks = {256: 3, 512: 4, 1024: 6, 2048: 3}
extra = sum(number * 2 * C * C // 16 for C, number in blocks.items())
share = extra / models.facts("resnet50")["parameters"]
check.that(extra == 2_514_944, f"{extra:,} weights, {share:.1%} of ResNet-50's")
last = 3 * 2 * 2048**2 // 16 / extra
check.that(last > 0.6, f"{last:.0%} of them in the last stage")

# %% [markdown] lang="ko"
# 연산은 거의 늘지 않습니다. 평균을 낸 뒤의 두 층은 픽셀이 몇 개이든 한 번만 계산하기 때문입니다. 논문의 표 2에서 ResNet-50의
# top-1 오류는 24.80%에서 23.29%로 줄었습니다.
#
# ## MobileNet: 두 일을 나누기
#
# 그룹을 끝까지 나누면 그룹 하나에 채널 하나가 남습니다. 이것이 깊이별(depthwise) 합성곱입니다. 이웃을 보는 일만 하고 채널은
# 섞지 않습니다. 섞는 일은 뒤따르는 1×1 합성곱이 합니다. 둘을 합쳐 깊이별 분리 합성곱(depthwise separable convolution)이라고
# 합니다. 입력이 $M$채널, 출력이 $N$채널, 창이 $k \times k$일 때 픽셀마다 곱셈-덧셈이 $k^2 M + MN$번이므로, 보통 합성곱의
# $k^2 M N$번에 견준 비는 다음과 같습니다.
#
# $$\frac{k^2 M + M N}{k^2 M N} = \frac{1}{N} + \frac{1}{k^2}$$

# %% [markdown] lang="en"
# The operations hardly grow: behind the mean, the layers are computed once, however many pixels there are. In table 2 of the
# paper the top-1 error of ResNet-50 falls from 24.80% to 23.29%.
#
# ## MobileNet: the two jobs separated
#
# Split into groups all the way, and each group has one channel left. That is a depthwise convolution: it looks at neighbours
# and mixes no channels. The mixing is left to a 1×1 convolution that follows. Together they are a depthwise separable
# convolution. With $M$ channels in, $N$ out and a $k \times k$ window it takes $k^2 M + MN$ multiply-adds a pixel, where an
# ordinary convolution takes $k^2 M N$. The ratio is
#
# $$\frac{k^2 M + M N}{k^2 M N} = \frac{1}{N} + \frac{1}{k^2}$$

# %% [markdown] lang="ko"
# 3×3이고 $N$이 크면 1/9에 가깝습니다. MobileNet v1 {cite:p}`howard2017mobilenets`의 합성곱은 첫 층 말고는 모두
# 이것입니다. torchvision에는 없으므로 논문의 표 1에 맞추어 봅니다. 표는 마지막 깊이별 합성곱의 스트라이드를 2라고 적었지만,
# 거기서 입력은 7×7, 출력도 7×7이므로 1이 맞습니다.

# %% [markdown] lang="en"
# For 3×3 and large $N$ that is close to 1/9. In MobileNet v1 {cite:p}`howard2017mobilenets` all convolutions are of this kind
# but the first. torchvision does not have it, so we check it against table 1 of the paper. The table prints stride 2 for the
# last depthwise convolution, but with 7×7 in and 7×7 out it must be 1.


# %%
def separable(cin, cout, stride=1):
    depthwise = conv(cin, cin, 3, stride, groups=cin, act=nn.ReLU)
    return nn.Sequential(*depthwise, *conv(cin, cout, act=nn.ReLU))


def mobilenet_v1(block=separable, classes=1000):
    """Images (N, 3, 224, 224) -> logits (N, classes); table 1."""
    table = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
    table += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
    layers, channels = conv(3, 32, 3, stride=2, act=nn.ReLU), 32
    for width, stride in table:
        layers.append(block(channels, width, stride))
        channels = width
    ends = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(*layers, *ends)


def ordinary(cin, cout, stride=1):
    return nn.Sequential(*conv(cin, cout, 3, stride, act=nn.ReLU))


def cost(network, size=224):
    """Parameters and multiply-adds of one image, on tensors without values."""
    network = network.to("meta").eval()
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        network(torch.empty(1, 3, size, size, device="meta"))
    parameters = sum(p.numel() for p in network.parameters())
    return parameters, counted.get_total_flops() / 2  # two operations each


def on_meta(build):
    with torch.device("meta"):
        return build()


v1 = cost(on_meta(mobilenet_v1))
dense = cost(on_meta(lambda: mobilenet_v1(ordinary)))
check.that(round(v1[0] / 1e6, 1) == 4.2, f"{v1[0]:,} parameters")
check.that(round(v1[1] / 1e6) == 569, f"{v1[1] / 1e6:.1f} M multiply-adds")
check.that(round(dense[1] / 1e6) in (4866, 4867), f"ordinary: {dense[1] / 1e6:.0f} M")
check.that(8 < dense[1] / v1[1] < 9, f"{dense[1] / v1[1]:.1f} times fewer")

# %% [markdown] lang="ko"
# 파라미터 4.2 M개, 곱셈-덧셈 569 M번으로 논문과 같습니다. M은 백만입니다. 보통 합성곱으로 지은 쪽은 논문에 4,866 M으로 적혀
# 있는데, 세어 보면 4,867 M입니다. 논문의 표 4에서 정확도는 71.7%에서 70.6%로 1.1%포인트만 줄었습니다.
#
# ### 연산이 줄어든 만큼 빨라질까요?
#
# 재 봅시다. 128채널, 28×28인 특징 맵에서 세 가지 합성곱의 시간을 잽니다.

# %% [markdown] lang="en"
# 4.2 million (M) parameters and 569 M multiply-adds, as in the paper. For the network of ordinary convolutions it prints
# 4,866 M; we count 4,867 M. In the paper's table 4 the accuracy falls by only 1.1 percentage points, from 71.7% to 70.6%.
#
# ### Does the time shrink as much as the operations?
#
# Let us measure. On maps of 128 channels and 28×28 we time three convolutions.


# %%
def milliseconds(module, x, times=8):
    """CPU time of a forward pass, the fastest of several."""
    needed = []
    with torch.no_grad():
        for _ in range(times):
            start = time.process_time()
            module(x)
            needed.append(time.process_time() - start)
    return 1000 * min(needed)


x = torch.randn(8, 128, 28, 28)
kinds = {
    "3×3": nn.Conv2d(128, 128, 3, padding=1),
    "depthwise 3×3": nn.Conv2d(128, 128, 3, padding=1, groups=128),
    "1×1": nn.Conv2d(128, 128, 1),
}
rows = {}
for name, layer in kinds.items():
    macs = layer.weight.numel() * x[:, 0].numel()  # each weight once a pixel
    ms = milliseconds(layer, x)
    rows[name] = {
        "10⁶ multiply-adds": macs / 1e6,
        "ms": ms,
        "10⁹ a second": macs / ms / 1e6,
    }
speed = pd.DataFrame(rows).T
separated = speed.ms["depthwise 3×3"] + speed.ms["1×1"]
check.that(
    speed["10⁹ a second"]["3×3"] > speed["10⁹ a second"]["depthwise 3×3"],
    "a depthwise convolution does fewer operations a second",
)
times_fewer = 9 * 128 / (9 + 128)
faster = speed.ms["3×3"] / separated
print(f"{times_fewer:.1f} times fewer operations, {faster:.1f} times faster")
speed.round(1)

# %% [markdown] lang="ko"
# 표 위에 찍힌 줄이 답입니다. 연산이 준 만큼 빨라지지 않습니다. 깊이별 합성곱은 읽어 온 값 하나로 곱셈을 아홉 번밖에 하지 않아서,
# 계산보다 메모리에서 읽고 쓰는 일이 오래 걸립니다. 얼마나 느린지는 컴퓨터마다 다르므로 셀을 실행해 보세요. **연산의 수는 시간이
# 아닙니다.** 그래서 이 장의 끝에서는 시간을 따로 잽니다.
#
# ## MobileNet v2: 뒤집힌 잔차
#
# 잔차 블록의 병목은 많은 채널을 줄였다가 다시 늘립니다. MobileNet v2 {cite:p}`sandler2018mobilenetv2`는 이것을 뒤집습니다. 좁은
# 입력을 1×1로 6배 넓히고, 깊이별 3×3을 하고, 1×1로 다시 좁힙니다. 지름길은 좁은 곳끼리 잇습니다. 그래서 뒤집힌 잔차(inverted
# residual)라고 합니다. 넓은 곳의 3×3이 깊이별이라서 연산이 적게 들기 때문에 할 수 있는 일입니다.
#
# 마지막 1×1 뒤에는 활성화 함수가 없습니다. 왜 그럴까요? 논문의 그림 1을 다시 계산해 봅시다. 평면 위의 나선을 무작위 행렬로
# $m$차원으로 옮기고, ReLU를 지나게 한 다음, 그 행렬의 유사역행렬(pseudoinverse)을 곱해 평면으로 되돌립니다.

# %% [markdown] lang="en"
# The line above the table is the answer: the time does not shrink as much as the operations. A depthwise convolution multiplies each
# value that it has read only nine times, so reading and writing memory take longer than computing. How much slower that is
# differs from computer to computer; run the cell. **Operations are not time**, and so at the end of this chapter we measure
# time by itself.
#
# ## MobileNet v2: residuals turned inside out
#
# The bottleneck of a residual block goes from wide to narrow and back. MobileNet v2 {cite:p}`sandler2018mobilenetv2` turns
# this inside out: a 1×1 widens a narrow input 6 times, a depthwise 3×3 follows, and a 1×1 narrows it again. The shortcut joins
# the narrow ends. Hence the name, inverted residual. It can be afforded because the 3×3 in the wide part is depthwise, and
# cheap.
#
# Behind the last 1×1 there is no activation function. Why not? We compute figure 1 of the paper again: a spiral in the plane
# is carried to $m$ dimensions by a random matrix, passed through ReLU, and carried back to the plane by the
# pseudoinverse of the matrix.


# %%
def there_and_back(points, m, seed):
    """points (n, 2) -> (n, 2), through ReLU in m dimensions."""
    chance = torch.Generator().manual_seed(seed)
    matrix = torch.randn(2, m, generator=chance)
    return (points @ matrix).relu() @ torch.linalg.pinv(matrix)


angle = torch.linspace(0.5, 4 * torch.pi, 300)
spiral = torch.stack([angle.cos(), angle.sin()], 1) * angle[:, None] / angle.max()
lost = {}
for m in (2, 3, 5, 15, 30):
    ways = [there_and_back(spiral, m, seed) for seed in range(50)]
    # ReLU halves what comes through on average: scale before comparing
    scaled = [
        way * (spiral * way).sum() / way.square().sum().clamp(min=1e-9) for way in ways
    ]
    errors = [
        ((s - spiral).square().sum() / spiral.square().sum()).sqrt() for s in scaled
    ]
    lost[m] = torch.stack(errors).mean().item()
check.that(
    lost[2] > 2.5 * lost[30], f"m = 2: {lost[2]:.0%} lost, m = 30: {lost[30]:.0%}"
)
check.that(list(lost.values()) == sorted(lost.values(), reverse=True), "less and less")

# %% name="fig-spiral" tags=["hide-input"] alt_ko="그림 여섯 개. 맨 왼쪽은 원래의 나선입니다. m = 2에서는 나선이 찌그러지고 일부가 선분으로 뭉개집니다. m이 3, 5, 15, 30으로 커질수록 나선에 가까워집니다." alt_en="Six drawings. On the left the spiral itself. With m = 2 it is bent out of shape and parts collapse onto lines; with m = 3, 5, 15 and 30 it comes closer and closer to the spiral." caption_ko="나선을 $m$차원으로 옮겨 ReLU를 지나게 한 뒤 되돌린 것(시드 하나). 색은 나선을 따라간 순서입니다." caption_en="A spiral carried to $m$ dimensions, through ReLU, and back, for one seed. The colour follows the spiral."
figure = look.style.figure("full", 4.6)
panels = {"the spiral": spiral}
panels |= {f"m = {m}": there_and_back(spiral, m, 5) for m in lost}
for axes, (name, points) in zip(
    figure.subplots(2, 3).flat, panels.items(), strict=True
):
    axes.scatter(*points.T, c=angle, cmap=look.style.SEQUENTIAL, s=9, vmin=-6, vmax=18)
    axes.set(title=name, xticks=(), yticks=(), aspect="equal")
    axes.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
figure

# %% [markdown] lang="ko"
# 차원이 적으면 ReLU가 0으로 만든 것을 되돌릴 길이 없습니다. 차원이 많으면 한 축에서 잃은 것이 다른 축에 남아 있습니다. 그래서
# **넓은 곳에서만** ReLU를 쓰고 좁은 끝은 선형으로 둡니다.
#
# ### 한 클래스로 세 신경망을
#
# MobileNet v3 {cite:p}`howard2019searching`과 EfficientNet {cite:p}`tan2019efficientnet`의 블록도 뒤집힌 잔차입니다. 깊이별
# 합성곱 뒤에 SE 블록이 들어가고 활성화 함수가 다를 뿐입니다. 그래서 클래스 하나로 셋을 모두 만들고 torchvision의 블록과
# 견줍니다. (MobileNet v3의 앞쪽 블록은 ReLU를 쓰고, SE 블록은 일부에만 있습니다. 표는 둘 다 바뀐 뒤쪽 블록의 것입니다.)
#
# | | 활성화 함수 | SE 블록 | 좁힌 폭 |
# |---|---|---|---|
# | MobileNet v2 | ReLU6 | 없음 | |
# | MobileNet v3 | h-swish | 있음, 하드 시그모이드 | 넓힌 채널의 1/4 |
# | EfficientNet | SiLU | 있음, 시그모이드 | 입력 채널의 1/4 |

# %% [markdown] lang="en"
# With few dimensions there is no way back from what ReLU has set to 0. With many, what is lost on one axis is kept by others.
# So ReLU is used **in the wide part only**, and the narrow end stays linear.
#
# ### One class, three networks
#
# The blocks of MobileNet v3 {cite:p}`howard2019searching` and EfficientNet {cite:p}`tan2019efficientnet` are inverted
# residuals as well, with a squeeze-and-excitation block behind the depthwise convolution and other activation functions. So
# one class makes all three, and we compare with torchvision's blocks. (In MobileNet v3 the early blocks use ReLU, and only some
# have squeeze-and-excitation; the table shows its late blocks, where both are new.)
#
# | | activation function | squeeze-and-excitation | squeezed to |
# |---|---|---|---|
# | MobileNet v2 | ReLU6 | no | |
# | MobileNet v3 | h-swish | yes, hard sigmoid | 1/4 of the widened channels |
# | EfficientNet | SiLU | yes, sigmoid | 1/4 of the input channels |


# %%
class Inverted(nn.Module):
    """Narrow, wide, narrow. (N, cin, H, W) -> (N, cout, H / stride, W / stride)."""

    def __init__(self, cin, cout, stride=1, kernel=3, wide=None, act=nn.ReLU6, se=None):
        super().__init__()
        wide = wide or 6 * cin
        body = conv(cin, wide, act=act)
        body += conv(wide, wide, kernel, stride, groups=wide, act=act)
        if se:
            body.append(se(wide))
        self.body = nn.Sequential(*body, *conv(wide, cout))  # no activation at the end
        self.same = stride == 1 and cin == cout

    def forward(self, x):
        return x + self.body(x) if self.same else self.body(x)


def hard_se(wide):
    return SqueezeExcite(wide, wide // 4, gate=nn.Hardsigmoid)


def silu_se(cin):
    return lambda wide: SqueezeExcite(wide, cin // 4, act=nn.SiLU)


tv = torchvision.models
v2 = tv.mobilenet_v2().features[5]  # 32 -> 32
check_block(Inverted(32, 32), v2, 32)
v3 = tv.mobilenet_v3_large().features[12]  # 112 -> 112, 672 in between
ours = Inverted(
    112,
    112,
    wide=672,
    act=nn.Hardswish,
    se=lambda w: SqueezeExcite(w, 168, gate=nn.Hardsigmoid),
)
check_block(ours, v3, 112)
b0 = tv.efficientnet_b0().features[4][1]  # 80 -> 80
b0.stochastic_depth.p = 0.0  # do not skip the block
check_block(Inverted(80, 80, act=nn.SiLU, se=silu_se(80)), b0, 80)

# %% [markdown] lang="ko"
# 셋 다 같은 함수입니다. (EfficientNet은 훈련 중에 블록을 무작위로 건너뜁니다. 이것을 확률적 깊이(stochastic depth)라고 합니다.
# 견주려고 껐습니다.)
#
# h-swish는 SiLU $x\,\sigma(x)$의 시그모이드를 꺾은선으로 바꾼 $x \cdot \mathrm{ReLU6}(x + 3) / 6$입니다. ReLU6은 6에서
# 잘리는 ReLU입니다. 지수 함수가 필요 없어서 휴대전화에서 빠릅니다. SE 블록의 하드 시그모이드도 $\mathrm{ReLU6}(x + 3) / 6$입니다.

# %% [markdown] lang="en"
# Each of the three is the same function. (EfficientNet's blocks are skipped at random in training, which is called stochastic
# depth; it was turned off to compare.)
#
# h-swish is SiLU, $x\,\sigma(x)$, with a bent line in the place of the sigmoid: $x \cdot \mathrm{ReLU6}(x + 3) / 6$, where ReLU6
# is a ReLU that cuts off above 6. It needs no exponential function, and so it is fast on a phone. The hard sigmoid of the
# squeeze-and-excitation block is $\mathrm{ReLU6}(x + 3) / 6$ as well.

# %%
x = torch.linspace(-6, 6, 241)
hard = x * functional.relu6(x + 3) / 6
check.close(hard, functional.hardswish(x), what="h-swish")
apart = (hard - functional.silu(x)).abs().max().item()
check.that(0.1 < apart < 0.2, f"at most {apart:.2f} from SiLU")

# %% [markdown] lang="ko"
# ## EfficientNet: 셋을 함께 키우기
#
# 신경망을 키우는 길은 셋입니다. 깊게, 넓게, 더 큰 이미지로. 곱셈-덧셈은 깊이에 비례하고, 폭과 해상도의 **제곱**에 비례합니다.
# EfficientNet은 셋을 한 수 $\phi$로 함께 키웁니다.
#
# $$d = \alpha^\phi, \quad w = \beta^\phi, \quad r = \gamma^\phi, \qquad \alpha \cdot \beta^2 \cdot \gamma^2 \approx 2$$
#
# 그러면 $\phi$가 1 늘 때 연산이 두 배쯤 됩니다. 논문이 B0에서 격자 탐색으로 찾은 값은 $\alpha = 1.2$, $\beta = 1.1$,
# $\gamma = 1.15$입니다. 저자들의 코드에 적힌 B0부터 B7까지의 배율이 이 식과 맞는지 봅시다.

# %% [markdown] lang="en"
# ## EfficientNet: growing in three directions at once
#
# There are three ways to make a network larger: deeper, wider, larger images. Multiply-adds are proportional to the depth, and
# to the **squares** of width and resolution. EfficientNet lets all three grow with one number $\phi$:
#
# $$d = \alpha^\phi, \quad w = \beta^\phi, \quad r = \gamma^\phi, \qquad \alpha \cdot \beta^2 \cdot \gamma^2 \approx 2$$
#
# Adding 1 to $\phi$ then about doubles the operations. On B0 the paper's grid search found $\alpha = 1.2$, $\beta = 1.1$ and
# $\gamma = 1.15$. Do the factors of B0 to B7 in the authors' code follow this formula?

# %%
DEPTH = (1.0, 1.1, 1.2, 1.4, 1.8, 2.2, 2.6, 3.1)
WIDTH = (1.0, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0)
PIXELS = (224, 240, 260, 300, 380, 456, 528, 600)
BASE = {16: 1, 24: 2, 40: 2, 80: 3, 112: 3, 192: 4, 320: 1}  # channels: blocks


def divisible(width):
    """The nearest multiple of 8, but never more than 10% below."""
    rounded = max(8, int(width + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * width else rounded


for number in (0, 4):
    with torch.device("meta"):
        stages = getattr(tv, f"efficientnet_b{number}")().features[1:8]
    theirs = [(stage[-1].out_channels, len(stage)) for stage in stages]
    ours = [
        (divisible(WIDTH[number] * width), int(np.ceil(DEPTH[number] * blocks)))
        for width, blocks in BASE.items()
    ]
    check.that(ours == theirs, f"B{number}: {ours[0]}, ..., {ours[-1]}")

actual = [published(f"efficientnet_b{number}")["macs"] for number in range(8)]
each = zip(DEPTH, WIDTH, PIXELS, strict=True)
product = [d * w**2 * (p / 224) ** 2 for d, w, p in each]
scaled = pd.DataFrame(
    {
        "d": DEPTH,
        "w": WIDTH,
        "r": np.array(PIXELS) / 224,
        "d · w² · r²": product,
        "counted": np.array(actual) / actual[0],
        "φ": np.log(product) / np.log(1.2 * 1.1**2 * 1.15**2),
    },
    index=[f"B{number}" for number in range(8)],
)
more = scaled.counted / scaled["d · w² · r²"]
check.that(
    1 <= more.min() and 1.3 < more.max() < 1.5, f"counted: up to {more.max():.2f} times"
)
factor = 1.2 * 1.1**2 * 1.15**2
check.that(1.9 < factor < 2, f"α · β² · γ² = {factor:.2f}")
phi = scaled["φ"]
check.that(phi["B1"] < 0.5 and abs(phi["B2"] - 1) < 0.1, f"B1: φ = {phi['B1']:.2f}")
check.that(1.5 < phi["B4"] - phi["B3"] < 1.7, f"B3 to B4: {phi['B4'] - phi['B3']:.2f}")
check.that(6.5 < phi["B7"] < 7.5, f"B7: φ = {phi['B7']:.2f}")
scaled.round(2)

# %% [markdown] lang="ko"
# 센 연산은 곱 $d w^2 r^2$보다 많게는 1.4배입니다. 블록 수를 **올림**하기 때문입니다. 블록 하나의 1.1배는 두 개가 됩니다. 마지막
# 열의 $\phi$는 그 곱이 $\alpha \beta^2 \gamma^2$의 몇 제곱인지 나타냅니다. B0에서 B7까지 거의 7이 늘지만, 한 칸에 꼭 1씩은
# 아닙니다. B1은 0.36이고 폭은 B0 그대로이며, B3에서 B4로는 1.6쯤 늡니다. 곧 저자들이 나누어 준 신경망은 식에서 출발했지만 식
# 그대로는 아닙니다.
#
# ## RegNet: 폭을 정하는 선
#
# RegNet {cite:p}`radosavovic2020designing`은 신경망 하나가 아니라 신경망의 **집합**을 설계합니다. 저자들은 신경망을 수백 개씩
# 훈련해 보고 좋은 것들의 공통점을 찾았습니다. 답은 곧은 선입니다. 블록 $j = 0, 1, 2, \ldots$의 폭은 $u_j = w_0 + w_a j$로
# 늘어나면 됩니다. 다만 한 단의 블록은 폭이 같아야 하므로, 정수 $s$로 $w_0 w_m^{s}$라고 쓸 수 있는 폭 가운데 비율로 가장 가까운
# 것으로 바꾸고 8의 배수로 반올림합니다. 그래서 깊이와 $w_0$, $w_a$, $w_m$, 수 네 개면 모든 블록의 폭이 정해집니다.

# %% [markdown] lang="en"
# The counted operations are up to 1.4 times the product $d w^2 r^2$, since numbers of blocks are rounded **up**: 1.1 times one
# block is two. The last column, $\phi$, says which power of $\alpha \beta^2 \gamma^2$ the product is. From B0 to B7 it grows by
# almost 7, but not by 1 at each step: for B1 it is 0.36, with the width of B0, and from B3 to B4 it grows by about 1.6. So the
# networks that the authors gave out start from the formula, but they are not the formula itself.
#
# ## RegNet: a line for the widths
#
# RegNet {cite:p}`radosavovic2020designing` designs not a network but a **set** of networks. Its authors trained hundreds at a
# time and looked for what the good ones have in common. The answer is a straight line: the width of block $j = 0, 1, 2, \ldots$
# may grow as $u_j = w_0 + w_a j$. Since the blocks of a stage must have one width, each is moved to the nearest, by ratio, of
# the widths $w_0 w_m^{s}$ with a whole number $s$, and rounded to a multiple of 8. So four numbers, the depth, $w_0$, $w_a$ and
# $w_m$, give the widths of all blocks.


# %%
def regnet_widths(depth, w_0, w_a, w_m, multiple=8):
    """The width of each block, (depth,), and the line they come from."""
    line = w_0 + w_a * np.arange(depth)
    s = np.round(np.log(line / w_0) / np.log(w_m))
    return np.round(w_0 * w_m**s / multiple).astype(int) * multiple, line


widths, line = regnet_widths(depth=16, w_0=48, w_a=27.89, w_m=2.09)
trunk = tv.regnet_y_400mf().trunk_output
theirs = [block.f.c[0].out_channels for stage in trunk for block in stage]
check.that(list(widths) == theirs, f"RegNetY-400MF: {sorted(set(theirs))}")

# %% name="fig-regnet" tags=["hide-input"] alt_ko="가로축은 블록 번호, 세로축은 폭. 곧은 점선이 48에서 466까지 오르고, 계단이 그 둘레를 네 단으로 따라갑니다. 폭은 48, 104, 208, 440입니다." alt_en="Block numbers across, widths upwards. A straight dashed line rises from 48 to 466; a staircase of four steps follows it, with widths 48, 104, 208 and 440." caption_ko="RegNetY-400MF의 폭. 점선이 $u_j = w_0 + w_a j$이고 점이 실제 블록의 폭입니다." caption_en="The widths of RegNetY-400MF. The dashed line is $u_j = w_0 + w_a j$, the dots are the widths of the blocks."
figure = look.style.figure("column", 3.4)
axes = figure.add_subplot()
axes.plot(line, "--", color=LIGHT["muted"], label="line")
axes.step(range(16), widths, where="mid", color=LIGHT["blue"], alpha=0.5)
axes.plot(widths, "o", color=LIGHT["blue"], label="blocks")
axes.set(xlabel="block", ylabel="width (channels)", xticks=range(0, 16, 3))
axes.legend()
figure

# %% [markdown] lang="ko"
# 블록 자체는 이미 아는 것들로 되어 있습니다. RegNetY의 블록은 ResNeXt 블록의 3×3 뒤에 SE 블록을 넣고, 가운데를 좁히지 않은
# 것입니다.

# %% [markdown] lang="en"
# The block itself is made of what we know: that of RegNetY is a ResNeXt block with squeeze-and-excitation behind the 3×3,
# and without narrowing.


# %%
def regnet_y(cin, cout, stride=1, group_width=8):
    body = conv(cin, cout, act=nn.ReLU)
    body += conv(cout, cout, 3, stride, cout // group_width, act=nn.ReLU)
    body.append(SqueezeExcite(cout, cin // 4))
    body += conv(cout, cout)
    return Residual(body, cin, cout, stride)


theirs = trunk.block2[0]  # 48 -> 104, stride 2
ours = regnet_y(48, 104, stride=2)
copy_weights(theirs.f, ours.body)
copy_weights(theirs.proj, ours.shortcut)
check.same_function(ours.train(), theirs.train(), torch.randn(4, 48, 14, 14), atol=1e-4)

# %% [markdown] lang="ko"
# ## ConvNeXt: 다시 합성곱
#
# 2020년에 트랜스포머가 이미지에 들어왔습니다. (바로 다음에 만듭니다.) ConvNeXt {cite:p}`liu2022convnet`는 이렇게 묻습니다.
# 트랜스포머가 가져온 새 습관을 합성곱 신경망에 하나씩 옮기면 어떻게 될까요? 블록은 이렇습니다. 깊이별 **7×7**, 층 정규화(layer
# normalisation) **하나**, 1×1로 네 배 넓히고, 활성화 함수 GELU **하나**, 1×1로 좁힙니다. 그리고 채널마다 배운 배율을 곱해 지름길에
# 더합니다. GELU는 SiLU처럼 부드러운 ReLU입니다.
#
# 층 정규화는 여기서 배치가 아니라 한 픽셀의 채널들에서 평균과 분산을 냅니다. 그래서 배치의 다른 이미지와 상관이 없고, 훈련할 때와 평가할
# 때가 같습니다.

# %% [markdown] lang="en"
# ## ConvNeXt: convolutions again
#
# In 2020 transformers entered vision; we build one in the next section. ConvNeXt {cite:p}`liu2022convnet` asks: what if the
# new habits that came with them are given to a convolutional network, one by one? Its block: a depthwise **7×7**, **one**
# layer normalisation, a 1×1 that widens four times, **one** activation function, GELU, and a 1×1 that narrows; multiplied by
# a learned factor for each channel, it is added to the shortcut. GELU is a smooth ReLU, as SiLU is.
#
# Layer normalisation, as used here, takes mean and variance over the channels of one pixel, not over the batch. So the other
# images of the batch do not matter, and training and evaluation are alike.


# %%
class ConvNeXt(nn.Module):
    """(N, C, H, W) -> the same shape. `scale` is where the factors start."""

    def __init__(self, channels, scale=1e-6):
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels,), scale))
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(channels, 4 * channels),  # a 1×1 convolution, channels last
            nn.GELU(),
            nn.Linear(4 * channels, channels),
        )

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # (N, H, W, C)
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)  # (N, C, H, W)


theirs = tv.convnext.CNBlock(32, layer_scale=1.0, stochastic_depth_prob=0.0)
check_block(ConvNeXt(32), theirs, 32)

# %% [markdown] lang="ko"
# 논문의 표 10은 ResNet-50에서 출발해 한 가지씩 바꾸며 ImageNet top-1 정확도를 적었습니다. 남긴 변경만 옮기고, 오른쪽에서
# 앞줄과의 차이를 계산합니다.

# %% [markdown] lang="en"
# Table 10 of the paper starts from ResNet-50, changes one thing at a time and gives the top-1 accuracy on ImageNet. Here are
# the changes that were kept, with the difference from the line before computed on the right.

# %%
steps = {
    "ResNet-50": 76.13,
    "a modern training recipe": 78.82,
    "blocks of the stages 3, 3, 9, 3": 79.36,
    "first layer 4×4, stride 4": 79.51,
    "depthwise 3×3": 78.28,
    "and wider, 96 channels": 80.50,
    "inverted bottleneck": 80.64,
    "depthwise first": 79.92,
    "7×7": 80.57,
    "GELU": 80.62,
    "one activation a block": 81.27,
    "one norm a block": 81.41,
    "layer normalisation": 81.47,
    "separate downsampling": 81.97,
}
roadmap = pd.DataFrame({"top-1 (%)": steps})
roadmap["difference"] = roadmap["top-1 (%)"].diff()
recipe = roadmap.difference["a modern training recipe"]
blocks = roadmap["top-1 (%)"].iloc[-1] - roadmap["top-1 (%)"].iloc[1]
check.that(
    recipe == roadmap.difference.max(), f"the largest step: +{recipe:.2f}, the recipe"
)
check.that(blocks > recipe, f"all others together: +{blocks:.2f}")
roadmap.style.format("{:+.2f}", subset="difference", na_rep="").format(
    "{:.2f}", subset="top-1 (%)"
)

# %% [markdown] lang="ko"
# 가장 큰 걸음은 **훈련 방법**입니다. 나머지 열두 걸음을 모두 더하면 그보다 조금 큽니다. 첫 그림의 점선 화살표에서 본 것과 같은
# 일입니다. 정확도를 견줄 때에는 언제나 같은 방법으로 훈련했는지 물어야 합니다.
#
# ## ViT: 합성곱 없이
#
# 비전 트랜스포머(ViT) {cite:p}`dosovitskiy2021image`는 이미지를 16×16픽셀 조각으로 잘라 낱말처럼 다룹니다. 조각마다 선형층 하나로
# 벡터를 만들고, 이 벡터를 토큰(token)이라고 부릅니다. 조각을 잘라 선형층에 넣는 것은 스트라이드가 창과 같은 합성곱과 같습니다.

# %% [markdown] lang="en"
# The largest single step is the **training recipe**; the other twelve together are only a little larger. The dashed arrow of
# the first figure showed the same. Whenever accuracies are compared, ask whether the networks were trained alike.
#
# ## ViT: without convolution
#
# The vision transformer, ViT {cite:p}`dosovitskiy2021image`, cuts an image into patches of 16×16 pixels and treats them like
# words. One linear layer makes a vector of each, called a token. Cutting and applying a linear layer is a convolution whose
# stride equals its window.

# %%
x = torch.randn(2, 3, 32, 32)
patch = nn.Conv2d(3, 64, kernel_size=8, stride=8)
cut = x.unfold(2, 8, 8).unfold(3, 8, 8)  # (N, 3, 4, 4, 8, 8)
cut = cut.permute(0, 2, 3, 1, 4, 5).reshape(2, 16, 3 * 8 * 8)  # (N, patches, 192)
tokens = cut @ patch.weight.reshape(64, -1).T + patch.bias  # (N, 16, 64)
check.close(
    tokens, patch(x).flatten(2).mT, atol=1e-4, what="patches and a linear layer"
)

# %% [markdown] lang="ko"
# 토큰끼리 정보를 주고받는 일은 어텐션(attention)이 합니다. 토큰마다 질의 $q$, 열쇠 $k$, 값 $v$를 선형층으로 만듭니다. 토큰 $i$는
# 자기 질의가 모든 토큰의 열쇠와 얼마나 맞는지 내적으로 재고, 소프트맥스로 합이 1인 비율을 만들어 값들의 가중 평균을 냅니다.
#
# $$\mathrm{attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$
#
# $d$는 질의의 채널 수입니다. 합성곱에서는 어디를 읽을지가 정해져 있고 가중치를 배웁니다. 어텐션에서는 **어디를 읽을지를 내용에서 계산**합니다. 창의 크기에
# 한계가 없으므로 첫 층부터 이미지 전체를 볼 수 있습니다. 실제로는 채널을 몇 묶음으로 나누어 묶음마다 따로 합니다. 묶음 하나를
# 헤드(head)라고 합니다.
#
# 조각의 토큰들 앞에 배운 토큰을 하나 더 둡니다. 클래스는 마지막 층에서 이 토큰만 보고 정합니다. 그리고 토큰마다 그 자리를 나타내는
# 벡터, 곧 위치 임베딩(position embedding)을 배워서 더합니다.

# %% [markdown] lang="en"
# Attention is how tokens exchange information. Linear layers make a query $q$, a key $k$ and a value $v$ of each token. Token
# $i$ takes the inner products of its query with the keys of all tokens to see how well they match, turns them into shares that
# sum to 1 by a softmax, and averages the values by these shares.
#
# $$\mathrm{attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$
#
# Here $d$ is the number of channels of a query. In a convolution it is fixed where to read, and the weights are learned.
# Attention **computes from the content where to read**. There is no window to limit it: from the first layer on, a token can
# see the whole image. The channels are split and this is done several times side by side; each is called a head.
#
# In front of the tokens of the patches there is one more, which is learned; the class is decided by what this token has become
# after the last layer. And to each token a learned vector for its place is added, the position embedding.


# %%
class Attention(nn.Module):
    """Tokens (N, T, D) -> (N, T, D)."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        N, T, D = x.shape
        parts = self.qkv(x).view(N, T, 3, self.heads, D // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)  # each (N, heads, T, D / heads)
        shares = (q @ k.mT / (D // self.heads) ** 0.5).softmax(dim=-1)
        mixed = shares @ v  # (N, heads, T, D / heads)
        return self.out(mixed.transpose(1, 2).reshape(N, T, D))


class Encoder(nn.Module):
    """Attention between tokens, then two layers on each token; two shortcuts."""

    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width)
        )

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Positions(nn.Module):
    """Adds to each token a vector for its place, learned."""

    def __init__(self, tokens, width):
        super().__init__()
        self.values = nn.Parameter(0.02 * torch.randn(1, tokens, width))

    def forward(self, x):
        return x + self.values


class ViT(nn.Module):
    """Images (N, 3, size, size) -> logits (N, classes)."""

    def __init__(self, size, patch, depth, width, heads, hidden, classes):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(1, 1, width))  # a token for the answer
        self.patch = nn.Conv2d(3, width, patch, stride=patch)
        layers = [Positions((size // patch) ** 2 + 1, width)]
        layers += [Encoder(width, heads, hidden) for _ in range(depth)]
        self.layers = nn.Sequential(*layers, nn.LayerNorm(width, eps=1e-6))
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        tokens = self.patch(x).flatten(2).mT  # (N, T, D)
        tokens = torch.cat([self.start.expand(len(x), -1, -1), tokens], dim=1)
        return self.head(self.layers(tokens)[:, 0])


torch.manual_seed(0)
theirs = tv.VisionTransformer(
    32, 8, num_layers=2, num_heads=4, hidden_dim=64, mlp_dim=128, num_classes=10
)
nn.init.normal_(theirs.heads.head.weight)  # it starts at 0, and would hide the rest
ours = ViT(32, 8, depth=2, width=64, heads=4, hidden=128, classes=10)
copy_weights(theirs, ours)
check.same_function(ours.eval(), theirs.eval(), torch.randn(4, 3, 32, 32), atol=1e-4)

# %% [markdown] lang="ko"
# torchvision의 ViT 전체와 같은 함수입니다.
#
# ### ViT가 모르는 것
#
# 합성곱에는 이웃이 중요하다는 가정이 들어 있습니다. ViT에는 없습니다. 위치 임베딩을 0으로 하면 ViT는 조각의 **순서를 전혀
# 모릅니다**. 조각을 뒤섞은 이미지에 똑같이 답하는지 봅시다.

# %% [markdown] lang="en"
# It is the same function as torchvision's whole ViT.
#
# ### What a ViT does not know
#
# Convolutions assume that neighbours matter. A ViT does not. With position embeddings of 0 it knows **nothing of the order**
# of its patches. Does it give the same answer for an image whose patches are shuffled?


# %%
def shuffled(images, patch, order):
    """The patches of each image in another order."""
    N, C, H, W = images.shape
    cut = functional.unfold(images, patch, stride=patch)  # (N, C * patch², patches)
    return functional.fold(cut[:, :, order], (H, W), patch, stride=patch)


chance = torch.Generator().manual_seed(0)
order = torch.randperm(16, generator=chance)
pictures = data.to_float(test_set.images[:4])
mixed = shuffled(pictures, 8, order)
blind = copy.deepcopy(ours)
nn.init.zeros_(blind.layers[0].values)
with torch.no_grad():
    check.close(
        blind(mixed), blind(pictures), atol=1e-4, what="without positions, shuffled"
    )
    change = (ours(mixed) - ours(pictures)).abs().max().item()
check.that(change > 1e-3, f"with positions the answer moves by up to {change:.3f}")

# %% name="fig-shuffled" tags=["hide-input"] alt_ko="위 줄에 그림 네 장, 아래 줄에 같은 그림을 8×8픽셀 조각 열여섯 개로 잘라 뒤섞은 것." alt_en="Four pictures in the upper row; in the lower row the same pictures with their sixteen patches of 8×8 pixels shuffled." caption_ko="위치 임베딩이 없는 ViT에게는 윗줄과 아랫줄이 같은 이미지입니다." caption_en="To a ViT without position embeddings the upper and the lower row are the same images."
look.grid(torch.cat([pictures, mixed]), columns=4)

# %% [markdown] lang="ko"
# 어텐션에는 연산이 얼마나 들까요? 토큰이 $T$개이고 폭이 $D$이면 층마다 선형층에 $12 T D^2$번, 어텐션의 두 행렬 곱에 $2 T^2 D$번의
# 곱셈-덧셈이 듭니다. 조각의 크기가 같으면 이미지의 한 변이 두 배일 때 토큰은 네 배, 토큰의 제곱은 **열여섯 배**입니다.

# %% [markdown] lang="en"
# What does attention cost? With $T$ tokens of width $D$, a layer takes $12 T D^2$ multiply-adds in linear layers and
# $2 T^2 D$ in the two matrix products of attention. With patches of the same size, an image with sides twice as long has four
# times as many tokens, and their square is **sixteen** times larger.


# %%
def vit_macs(size, patch=16, depth=12, D=768):
    """Multiply-adds of ViT-B/16: linear layers, attention."""
    T = (size // patch) ** 2 + 1
    linear = depth * 12 * T * D * D + (T - 1) * 3 * patch**2 * D + 1000 * D
    return linear, depth * 2 * T * T * D


linear, pairs = vit_macs(224)
counted = cost(on_meta(tv.vit_b_16))[1]
check.that(
    abs((linear + pairs) / counted - 1) < 0.001, f"{counted / 1e9:.2f} G, counted"
)
shares = {}
for size in (224, 448, 896, 1344):
    linear, pairs = vit_macs(size)
    shares[f"{size} px"] = pairs / (linear + pairs)
check.that(
    shares["224 px"] < 0.05 and shares["1344 px"] > 0.4,
    f"attention: {shares['224 px']:.1%} at 224 px, {shares['1344 px']:.0%} at 1,344 px",
)

# %% name="fig-attention-cost" tags=["hide-input"] alt_ko="막대 네 개. 어텐션이 차지하는 몫이 224픽셀에서는 몇 퍼센트이고, 이미지가 커질수록 늘어 1344픽셀에서는 절반을 넘습니다." alt_en="Four bars. The share of attention grows from a few percent at 224 pixels to more than half at 1344 pixels." caption_ko="ViT-B/16의 곱셈-덧셈에서 어텐션의 행렬 곱이 차지하는 몫. 이미지의 한 변에 따라 늘어납니다." caption_en="The share of attention's matrix products in the multiply-adds of ViT-B/16, by the side of the image."
look.bars(shares, percent=True)

# %% [markdown] lang="ko"
# ## 같은 조건에서 훈련하기
#
# 이제 블록들로 작은 신경망을 짓습니다. 틀은 하나입니다. 3×3 합성곱으로 16×16까지 줄이고, 단이 셋, 단마다 블록이 둘, 마지막에
# 전역 평균 풀링과 선형층입니다. 폭은 곱셈-덧셈이 모두 3 M 아래가 되도록 골랐습니다. 평범한 3×3 합성곱만 쓴 것을 기준으로 함께
# 훈련합니다. ViT만 틀이 다릅니다. 8×8픽셀 조각 열여섯 개와 인코더 네 층을 씁니다. 데이터는 이 책의 `shapes`, 곧 32픽셀 그림
# 2,000장입니다.

# %% [markdown] lang="en"
# ## Training under equal conditions
#
# Now small networks of these blocks, all on one plan: a 3×3 convolution down to 16×16, three stages of two blocks each, and
# global average pooling with a linear layer at the end. Widths were chosen so that none needs more than 3 M multiply-adds.
# One with ordinary 3×3 convolutions alone is trained beside them as the baseline. Only the ViT has another plan: sixteen patches
# of 8×8 pixels and four layers of the encoder. The data are this book's `shapes`, 2,000 drawings of 32 pixels.


# %%
class Norm(nn.LayerNorm):
    """Layer normalisation of the channels of each pixel, (N, C, H, W)."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def convnext(cin, cout, stride=1):
    if stride == 1 and cin == cout:
        return ConvNeXt(cout, scale=1.0)  # 1e-6 is for deep networks
    down = nn.Conv2d(cin, cout, stride, stride)
    return nn.Sequential(Norm(cin), down, ConvNeXt(cout, scale=1.0))


def mobilenet_v2(cin, cout, stride=1):
    return Inverted(cin, cout, stride, wide=4 * cin)


def mobilenet_v3(cin, cout, stride=1):
    return Inverted(cin, cout, stride, wide=4 * cin, act=nn.Hardswish, se=hard_se)


def efficientnet(cin, cout, stride=1):
    return Inverted(cin, cout, stride, wide=4 * cin, act=nn.SiLU, se=silu_se(cin))


def stages(block, widths, classes=10):
    """Images (N, 3, 32, 32) -> logits (N, classes); two blocks a stage."""
    channels = widths[0]
    layers = conv(3, channels, 3, stride=2, act=nn.ReLU)  # (N, C, 16, 16)
    for stage, width in enumerate(widths):
        for number in range(2):
            stride = 2 if stage and number == 0 else 1
            layers.append(block(channels, width, stride))
            channels = width
    ends = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(*layers, *ends)


NETWORKS = {
    "plain 3×3": lambda: stages(ordinary, (12, 24, 48)),
    "ResNeXt": lambda: stages(lambda *a: resnext(*a, groups=8), (32, 64, 128)),
    "MobileNet v1": lambda: stages(separable, (32, 64, 128)),
    "MobileNet v2": lambda: stages(mobilenet_v2, (12, 20, 40)),
    "MobileNet v3": lambda: stages(mobilenet_v3, (12, 20, 40)),
    "EfficientNet": lambda: stages(efficientnet, (12, 20, 40)),
    "RegNetY": lambda: stages(regnet_y, (16, 32, 64)),
    "ConvNeXt": lambda: stages(convnext, (12, 24, 48)),
    "ViT": lambda: ViT(32, 8, 4, width=64, heads=4, hidden=128, classes=10),
}
RATES = {  # chosen on a fifth of the training images
    "plain 3×3": 0.007,
    "ResNeXt": 0.03,
    "MobileNet v1": 0.03,
    "MobileNet v2": 0.03,
    "MobileNet v3": 0.03,
    "EfficientNet": 0.03,
    "RegNetY": 0.015,
    "ConvNeXt": 0.006,
    "ViT": 0.006,
}
recipe = {"epochs": 3, "batch_size": 50, "optimizer": "adam", "schedule": "onecycle"}
recipe |= {"augment": [data.flip(), data.shift(2)], "seed": 0}
pixels = torch.randn(100, 3, 32, 32)
rows, trained, histories = {}, {}, {}
for name, build in NETWORKS.items():
    torch.manual_seed(0)
    network = build()
    parameters, macs = cost(copy.deepcopy(network), size=32)
    history = train.fit(network, train_set, lr=RATES[name], **recipe)
    result = train.evaluate(network, test_set, like=history)
    rows[name] = {
        "parameters": parameters,
        "10⁶ multiply-adds": macs / 1e6,
        "ms an image": milliseconds(network.eval(), pixels, times=3) / len(pixels),
        "test accuracy": result.accuracy,
    }
    trained[name], histories[name] = network, history
results = pd.DataFrame(rows).T.astype({"parameters": int})
results.style.format(
    {
        "parameters": "{:,}",
        "10⁶ multiply-adds": "{:.2f}",
        "ms an image": "{:.2f}",
        "test accuracy": "{:.1%}",
    }
)

# %% name="fig-results" tags=["hide-input"] alt_ko="산점도 두 개. 왼쪽은 가로축이 파라미터 수, 오른쪽은 이미지 한 장의 밀리초이고, 세로축은 둘 다 테스트 정확도입니다. 왼쪽에서는 뒤집힌 잔차를 쓴 신경망들이 왼쪽 위에 있고, 오른쪽에서는 plain 3×3이 가장 왼쪽에 있습니다. ResNeXt, RegNetY, ConvNeXt는 기준보다 낮습니다. ViT는 그림의 아래쪽 끝보다 낮아서 아래 화살표와 숫자로 나타냅니다." alt_en="Two scatter plots. Parameters on the left one, milliseconds for an image on the right one, and test accuracy upwards on both. On the left the networks of inverted residuals are in the upper left; on the right “plain 3×3” is the leftmost. ResNeXt, RegNetY and ConvNeXt are below the baseline. The ViT is below the lower end of both plots, marked by an arrow down and its number." caption_ko="같은 조건에서 훈련한 작은 신경망들. 시드는 하나입니다. 주황은 기준입니다." caption_en="The small networks trained under equal conditions, one seed. Orange is the baseline."
accuracy = results["test accuracy"]
lowest = 0.05 * np.floor(20 * accuracy.drop("ViT").min())  # the ViT may be far below
figure = look.style.figure("full", 4.8)
marks = dict(zip(results.index, "so^vDP>X*", strict=True))
panels = figure.subplots(1, 2, sharey=True)
for axes, column in zip(panels, ("parameters", "ms an image"), strict=True):
    for name, row in results.iterrows():
        colour = LIGHT["orange" if name == "plain 3×3" else "blue"]
        height = max(row["test accuracy"], lowest)
        axes.plot(
            row[column], height, marks[name], color=colour, clip_on=False,
            markersize=9, label=name if column == "parameters" else None,
        )  # fmt: skip
        if height > row["test accuracy"]:
            axes.annotate(
                f"{name}: {row['test accuracy']:.3f} ↓", (row[column], height), (0, 9),
                textcoords="offset points", ha="center", fontsize=11.5,
            )  # fmt: skip
    axes.set(xlabel=column, xlim=(0, 1.2 * results[column].max()))
panels[0].set(ylabel="test accuracy", ylim=(lowest, None))
panels[0].set_xticks([0, 50_000, 100_000, 150_000], ["0", "50k", "100k", "150k"])
figure.legend(loc="outside upper left", ncols=5)
figure

# %%
check.that(accuracy.drop("ViT").min() > 0.6, "each network with convolutions learns")
base = results.loc["plain 3×3"]
best = results.loc[["MobileNet v3", "EfficientNet"]]
check.that(
    best["test accuracy"].min() > accuracy.drop(best.index).max()
    and best["10⁶ multiply-adds"].max() < 1.1 * base["10⁶ multiply-adds"],
    "inverted residuals with squeeze-and-excitation: the most accurate two",
)
below = accuracy[["ResNeXt", "RegNetY", "ConvNeXt"]]
check.that(
    below.max() < base["test accuracy"],
    f"below plain 3×3: {below.min():.1%} to {below.max():.1%}",
)
check.that(
    accuracy["EfficientNet"] > accuracy["MobileNet v1"]
    and results.parameters["EfficientNet"] < results.parameters["MobileNet v1"],
    "fewer parameters than MobileNet v1, and fewer errors",
)
others = results.drop(["plain 3×3", "ViT"])
slower = others["ms an image"] / base["ms an image"]
check.that(
    slower.min() > 1.1
    and others["10⁶ multiply-adds"].min() < 1.1 * base["10⁶ multiply-adds"],
    f"{slower.min():.1f} to {slower.max():.1f} times slower than plain 3×3",
)
check.that(accuracy["ViT"] == accuracy.min(), f"ViT: {accuracy['ViT']:.1%}")

# %% [markdown] lang="ko"
# 학습률은 훈련 이미지의 5분의 1을 떼어 놓고 몇 가지를 시험해서 골랐습니다. 훈련은 2,000장을 50장씩 세 번, 곧 120걸음뿐입니다.
# 무엇이 보입니까?
#
# - **SE 블록이 있는 뒤집힌 잔차**(MobileNet v3, EfficientNet)가 가장 정확합니다. 곱셈-덧셈은 기준과 비슷합니다.
# - **평범한 3×3이 만만하지 않습니다.** 시간이 가장 적게 듭니다. 깊이별 합성곱과 1×1로 나누면 곱셈-덧셈이 비슷해도 층이 많아지고,
#   층마다 메모리를 읽고 쓰기 때문입니다.
# - **ResNeXt, RegNetY, ConvNeXt는 기준보다 못합니다.** 큰 신경망을 오래 훈련하려고 만든 블록들인데, 여기서는 작고 걸음도
#   적습니다. 어느 것이 까닭인지는 이 표로 알 수 없습니다.
# - **ViT는 거의 배우지 못했습니다.** 이웃이 무엇인지부터 배워야 하는데 이미지가 2,000장뿐입니다. 논문의 ViT는 수억 장으로 사전
#   학습했을 때 합성곱 신경망을 앞섰고, ImageNet만으로는 뒤졌습니다.
#
# **이것이 말하지 못하는 것.** 32픽셀 그림, 시드 하나, 에폭 셋입니다. 여기서 진 블록이 224픽셀 사진 백만 장에서도 진다는 뜻이
# 아닙니다. 32픽셀 사진인 CIFAR-10에서 오래 훈련해도 사정은 비슷합니다. 특징 맵이 16×16에서 시작해 4×4로 끝나므로 7×7 창이나
# 어텐션이 멀리 볼 자리가 없습니다. 채널이 몇십 개이면 1×1의 연산이 적어서, 채널을 그룹으로 나누거나 좁혀서 아낄 것도 적습니다.
# 32픽셀에서 알 수 있는 것은 이런 크기와 이런 데이터에서 무엇이 잘 배우는지뿐입니다. 블록의 순위는 이미지의 크기, 데이터의 양, 훈련
# 방법, 그리고 컴퓨터에 따라 바뀝니다. 앞의 표 10에서는 훈련 방법 하나가 나머지를 모두 합친 것과 거의 맞먹었습니다. 그래서 이
# 실험에서 가져갈 것은 순위가 아니라 **재는 방법**입니다. 같은 틀, 같은 데이터, 같은 에폭에서, 파라미터와 시간을 함께 잽니다.

# %% [markdown] lang="en"
# The learning rates were chosen among a few on a fifth of the training images, set aside. Training goes three times through
# 2,000 images, 50 at a time: 120 steps in all. What can be seen?
#
# - **Inverted residuals with squeeze-and-excitation** (MobileNet v3, EfficientNet) are the most accurate. Their multiply-adds are
#   about those of the baseline.
# - **Ordinary 3×3s are hard to beat.** They take the least time. Split into depthwise and 1×1 convolutions, a network with about
#   as many multiply-adds has more layers, and each of them reads and writes memory.
# - **ResNeXt, RegNetY and ConvNeXt stay below the baseline.** These blocks were made for large networks that train for long; here
#   the networks are small and the steps few. Which of the two it is this table cannot tell.
# - **The ViT has hardly learned.** It has to learn first what a neighbour is, from only 2,000 images. The paper's ViT was ahead
#   of convolutional networks when pretrained on hundreds of millions of images, and behind when trained on ImageNet alone.
#
# **What this cannot say.** These are drawings of 32 pixels, one seed, three epochs. A block that loses here need not lose on a
# million photographs of 224 pixels. Long training on CIFAR-10, photographs of 32 pixels, does not change that much. Feature maps
# start at 16×16 and end at 4×4, so that neither a 7×7 window nor attention has room to look far. With a few dozen channels the
# 1×1s are cheap, and groups or narrow middles save little. All that 32 pixels can tell is what learns well at this size and from
# such data. The order of the blocks changes with the size of the images, the amount of data, the recipe and the computer; in
# table 10 above the recipe alone counted almost as much as all the rest. So what to take away is not the order but **how to
# measure**: one plan, the same data, the same epochs, and both parameters and time.

# %% [markdown] lang="ko"
# ### 배율은 무엇을 보고 정해졌을까요?
#
# 훈련한 EfficientNet의 마지막 블록에서 SE 블록의 배율을 봅시다. 클래스마다 테스트 이미지의 배율을 평균합니다. 배율이 이미지와
# 상관없다면 모든 줄이 같을 것입니다.

# %% [markdown] lang="en"
# ### What do the gates depend on?
#
# In the last block of the trained EfficientNet we look at the gates of squeeze-and-excitation, averaged over the test images of
# each class. If they did not depend on the image, all rows would be alike.

# %%
network, history = trained["EfficientNet"], histories["EfficientNet"]
gated = [m for m in network.modules() if isinstance(m, SqueezeExcite)]
seen = []
handle = gated[-1].gates.register_forward_hook(lambda m, x, out: seen.append(out))
train.evaluate(network, test_set, like=history)
handle.remove()
gates = torch.cat(seen).float()  # (N, C)
by_class = torch.stack([gates[test_set.labels == c].mean(0) for c in range(10)])
spread = by_class.std(0)  # between classes, (C,)
chosen = spread.argsort(descending=True)[:24]
relative = (by_class - by_class.mean(0))[:, chosen]
order = torch.randperm(len(gates), generator=torch.Generator().manual_seed(0))
mixed = gates[order]  # as if the classes were drawn by lot
by_lot = torch.stack([mixed[test_set.labels == c].mean(0) for c in range(10)])
ratio = (spread.mean() / by_lot.std(0).mean()).item()
check.that(ratio > 1.5, f"{ratio:.1f} times the spread of classes drawn by lot")

# %% name="fig-gates" tags=["hide-input"] alt_ko="열 개의 클래스가 줄, 스물네 채널이 열인 히트맵. 0은 흰색, 양수는 주황, 음수는 파랑입니다. 줄마다 주황과 파랑 칸의 자리가 다릅니다." alt_en="A heat map of ten classes, the rows, and twenty-four channels, the columns; 0 is white, positive orange, negative blue. In each row other cells are orange and blue." caption_ko="EfficientNet 마지막 블록의 배율을 클래스마다 평균해 전체 평균을 뺀 것. 클래스에 따라 가장 많이 달라지는 스물네 채널입니다." caption_en="Gates of the last block of the EfficientNet, averaged by class, minus the mean of all classes, for the twenty-four channels that differ most between classes."
figure = look.heat(relative, xlabel="channel", label="gate − mean", width=6.0)
figure.axes[0].set_yticks(range(10), test_set.classes)
figure

# %% [markdown] lang="ko"
# 줄마다 무늬가 다릅니다. 그림에 무엇이 있느냐에 따라 다른 채널의 음량을 올립니다.
#
# ## 논문의 주장을 다시 세기
#
# 논문에 적힌 수를 torchvision의 신경망에서 다시 셉니다. 곱셈-덧셈은 224픽셀 이미지 한 장의 것입니다.

# %% [markdown] lang="en"
# Each row has a pattern of its own: depending on what is in the picture, the volume of other channels is turned up.
#
# ## The papers' claims, counted again
#
# We count the papers' numbers again in torchvision's networks. Multiply-adds are for one image of 224 pixels.

# %%
paper = {  # parameters (10⁶), multiply-adds (10⁶)
    "ResNeXt-50": ("resnext50_32x4d", 25.0, 4200),
    "MobileNet v2": ("mobilenet_v2", 3.4, 300),
    "MobileNet v3, large": ("mobilenet_v3_large", 5.4, 219),
    "EfficientNet-B0": ("efficientnet_b0", 5.3, 390),
    "ConvNeXt-T": ("convnext_tiny", 29, 4500),
    "ViT-B/16": ("vit_b_16", 86, None),
}
rows = {"MobileNet v1": (4.2, v1[0] / 1e6, 569, v1[1] / 1e6)}
for name, (builder, parameters, macs) in paper.items():
    mine = cost(on_meta(getattr(tv, builder)))
    rows[name] = (parameters, mine[0] / 1e6, macs, mine[1] / 1e6)
columns = ["parameters, paper", "counted", "multiply-adds, paper", "counted "]
claims = pd.DataFrame(rows, index=columns).T
apart = (claims["counted"] / claims["parameters, paper"] - 1).abs()
check.that(apart.max() < 0.035, f"parameters: {apart.max():.1%} apart at most")
apart = (claims["counted "] / claims["multiply-adds, paper"] - 1).abs()
check.that(apart.max() < 0.02, f"multiply-adds: {apart.max():.1%} apart at most")
claims.style.format("{:,.1f}", na_rep="–")

# %% [markdown] lang="ko"
# 단위는 모두 백만입니다. 출처는 {cite:t}`howard2017mobilenets` 표 4, {cite:t}`xie2017aggregated` 표 1,
# {cite:t}`sandler2018mobilenetv2` 표 4, {cite:t}`howard2019searching` 표 3, {cite:t}`tan2019efficientnet` 표 2,
# {cite:t}`liu2022convnet` 표 1, {cite:t}`dosovitskiy2021image` 표 1입니다. MobileNet v2와 v3은 논문의 3.4 M, 5.4 M보다 조금 많게 세어집니다.

# %% [markdown] lang="en"
# All in millions. Sources: {cite:t}`howard2017mobilenets`, table 4; {cite:t}`xie2017aggregated`, table 1;
# {cite:t}`sandler2018mobilenetv2`, table 4; {cite:t}`howard2019searching`, table 3; {cite:t}`tan2019efficientnet`, table 2;
# {cite:t}`liu2022convnet`, table 1; {cite:t}`dosovitskiy2021image`, table 1. For MobileNet v2 and v3 we count
# slightly more than the papers' 3.4 M and 5.4 M.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **DenseNet 다음에는 무엇이 나왔습니까?** 이 장이 그 답입니다. 한 줄로 줄이면 이렇습니다. 합성곱의 두 일을 나누어 값을 낮추고
# (ResNeXt, MobileNet), 이미지 전체를 보고 채널을 고르고(SE 블록), 크기를 함께 키우거나 선으로 정하고(EfficientNet, RegNet),
# 창의 한계를 없애고(ViT), 거기서 배운 것을 합성곱으로 되가져왔습니다(ConvNeXt).
#
# **SE 블록은 어텐션입니까?** 넓게 보면 그렇습니다. 내용을 보고 배율을 정하기 때문입니다. 다만 배율은 채널마다 하나이고 모든 픽셀에서
# 같습니다. ViT의 어텐션은 토큰과 토큰 사이의 비율을 정합니다.
#
# **합성곱은 이제 낡았습니까?** 아닙니다. 위의 표 10에서 ConvNeXt는 같은 조건에서 비슷한 크기의 트랜스포머(Swin-T 81.30%)보다 높은 81.97%를
# 얻었습니다. 데이터가 적을 때에는 이웃이 중요하다는 가정이 큰 도움이 되고, 위의 실험에서도 합성곱을 쓴 신경망은 모두
# ViT를 앞섰습니다. 그리고 ViT의 첫 층은 합성곱입니다.
#
# **휴대전화가 아니라면 MobileNet을 쓸 까닭이 없습니까?** 재 보고 정하세요. 위의 표에서 보았듯이 연산이 적은 것과 빠른 것은 다릅니다.
# 메모리와 전력이 모자란 곳에서는 파라미터와 연산이 적다는 것만으로도 이득입니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **What came after DenseNet?** This chapter is the answer. In one line: the two jobs of a convolution were separated to make it
# cheaper (ResNeXt, MobileNet); channels are chosen after a look at the whole image (squeeze-and-excitation); sizes grow
# together or along a line (EfficientNet, RegNet); the limit of the window was dropped (ViT); and what was learned there was
# brought back to convolutions (ConvNeXt).
#
# **Is squeeze-and-excitation attention?** In a wide sense it is, since its factors depend on the content. But there is one for
# each channel, the same at all pixels. The attention of a ViT chooses shares between tokens.
#
# **Are convolutions outdated?** No. In table 10 above, under the same conditions, ConvNeXt reached 81.97%, more than a transformer of about the
# same size (Swin-T, 81.30%). Where there is little data, assuming that neighbours matter helps much: in the experiment
# above every network with convolutions was ahead of the ViT. And the first layer of a ViT is a convolution.
#
# **Is there a reason to use a MobileNet on anything but a phone?** Measure, then decide. As the table above shows, few
# operations and fast are two things. Where memory and power are short, few parameters and operations are a gain as such.

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 다섯 연습의 함수는 무작위로 고른 입력으로 검사합니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first five are checked on random inputs. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 그룹 합성곱의 가중치.** `block_weights(channels, width, groups)`를 짜세요. ResNeXt 블록의 합성곱 가중치 수입니다.
# `channels`에서 `width`로 가는 1×1, `groups`개의 그룹으로 나눈 3×3, `width`에서 `channels`로 가는 1×1을 모두 셉니다. 편향과
# 배치 정규화는 세지 않습니다.

# %% [markdown] lang="en"
# **Exercise: weights of a grouped block.** Write `block_weights(channels, width, groups)`: the number of convolution weights of
# a ResNeXt block. Count the 1×1 from `channels` to `width`, the 3×3 in `groups` groups, and the 1×1 from `width` back to
# `channels`; neither biases nor batch normalisation.


# %% tags=["exercise"]
def block_weights(channels, width, groups): ...


check.exercise("block_weights", block_weights)


# %% tags=["solution"]
# solution
def block_weights(channels, width, groups):
    return 2 * channels * width + 9 * width * width // groups


check.exercise("block_weights", block_weights, solution=True)
print(block_weights(256, 64, 1), block_weights(256, 128, 32))

# %% [markdown] lang="ko"
# **연습: 나누면 몇 배 줄어들까요?** `separable_saving(cin, cout, kernel)`을 짜세요. 보통 합성곱의 곱셈-덧셈을 깊이별 분리
# 합성곱의 것으로 나눈 값입니다. 창은 `kernel`×`kernel`이고 스트라이드는 1입니다.

# %% [markdown] lang="en"
# **Exercise: how much is saved?** Write `separable_saving(cin, cout, kernel)`: the multiply-adds of an ordinary convolution
# divided by those of a depthwise separable one, with a `kernel`×`kernel` window and stride 1.


# %% tags=["exercise"]
def separable_saving(cin, cout, kernel): ...


check.exercise("separable_saving", separable_saving)


# %% tags=["solution"]
# solution
def separable_saving(cin, cout, kernel):
    ordinary = kernel * kernel * cin * cout
    separated = kernel * kernel * cin + cin * cout
    return ordinary / separated


check.exercise("separable_saving", separable_saving, solution=True)
print(f"{separable_saving(128, 128, 3):.2f}")

# %% [markdown] lang="ko"
# **연습: SE 블록.** `squeeze_excite(x, w1, w2)`를 NumPy로 짜세요. `x`는 모양이 (C, H, W)인 배열, `w1`은 (S, C), `w2`는 (C, S)인
# 행렬입니다. 편향은 없습니다. 배율을 정하는 두 층의 가운데는 ReLU, 끝은 시그모이드입니다. 배율을 곱한 `x`를 돌려주세요.

# %% [markdown] lang="en"
# **Exercise: squeeze and excite.** Write `squeeze_excite(x, w1, w2)` in NumPy. `x` is an array (C, H, W), `w1` a matrix (S, C),
# `w2` a matrix (C, S). There are no biases; between the two layers that choose the factors is ReLU, at their end a sigmoid. Return
# `x` times the factors.


# %% tags=["exercise"]
def squeeze_excite(x, w1, w2): ...


check.exercise("squeeze_excite", squeeze_excite)


# %% tags=["solution"]
# solution
def squeeze_excite(x, w1, w2):
    z = x.mean(axis=(1, 2))
    s = 1 / (1 + np.exp(-w2 @ np.maximum(w1 @ z, 0)))
    return x * s[:, None, None]


check.exercise("squeeze_excite", squeeze_excite, solution=True)

# %% [markdown] lang="ko"
# **연습: 폭을 반올림하기.** `rounded_width(width, factor)`를 짜세요. `width * factor`에 가장 가까운 8의 배수를 돌려주되, 8보다
# 작지 않게 하고, 그 배수가 `width * factor`보다 10% 넘게 작으면 8을 더합니다. 두 배수의 꼭 가운데이면 큰 쪽으로 갑니다.

# %% [markdown] lang="en"
# **Exercise: rounding a width.** Write `rounded_width(width, factor)`: the multiple of 8 nearest to `width * factor`, but not
# less than 8; where that is more than 10% below `width * factor`, add 8. Half-way between two multiples take the larger.


# %% tags=["exercise"]
def rounded_width(width, factor): ...


check.exercise("rounded_width", rounded_width)


# %% tags=["solution"]
# solution
def rounded_width(width, factor):
    wanted = width * factor
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


check.exercise("rounded_width", rounded_width, solution=True)
print([rounded_width(width, 1.4) for width in BASE])

# %% [markdown] lang="ko"
# **연습: 어텐션.** `attention(q, k, v)`를 NumPy로 짜세요. `q`, `k`, `v`의 모양은 모두 (토큰, 채널)이고 헤드는
# 하나입니다. 토큰마다 모든 토큰의 값을 비율대로 섞은 배열을 돌려주세요.

# %% [markdown] lang="en"
# **Exercise: attention.** Write `attention(q, k, v)` in NumPy. `q`, `k` and `v` are arrays (tokens, channels); there is one head.
# Return, for each token, the values of all tokens mixed by its shares.


# %% tags=["exercise"]
def attention(q, k, v): ...


check.exercise("attention", attention)


# %% tags=["solution"]
# solution
def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = scores / scores.sum(axis=1, keepdims=True)
    return shares @ v


check.exercise("attention", attention, solution=True)

# %% [markdown] lang="ko"
# **연습: 배율을 모두 열면.** 훈련한 `network`(위의 EfficientNet)를 복사해 `opened`라고 하고, 모든 SE 블록의 배율이 이미지와 상관없이
# 1에 가깝게 되도록 하세요. `gates[2]`의 가중치를 0으로, 편향을 10으로 하면 시그모이드가 거의 1입니다. `train.evaluate`에
# `like=history`를 건네 `test_set`에서 재고 결과를 `opened_result`에 넣습니다. 재기 전에 예상해 보세요.

# %% [markdown] lang="en"
# **Exercise: all gates open.** Copy the trained `network`, the EfficientNet above, as `opened`, and make the gates of all its
# squeeze-and-excitation blocks close to 1, whatever the image: with the weights of `gates[2]` at 0 and its biases at 10 the
# sigmoid is almost 1. Measure on `test_set` with `train.evaluate` and `like=history`, and put the result in `opened_result`.
# Before you measure: what do you expect?

# %% tags=["exercise"]
opened = ...
opened_result = ...

check.exercise(
    "opened",
    (opened, opened_result, lambda it: train.evaluate(it, test_set, like=history)),
)

# %% tags=["solution"]
# solution
opened = copy.deepcopy(network)
for module in opened.modules():
    if isinstance(module, SqueezeExcite):
        nn.init.zeros_(module.gates[2].weight)
        nn.init.constant_(module.gates[2].bias, 10.0)
opened_result = train.evaluate(opened, test_set, like=history)

check.exercise(
    "opened",
    (opened, opened_result, lambda it: train.evaluate(it, test_set, like=history)),
    solution=True,
)
print(f"gated {accuracy['EfficientNet']:.3f}, open {opened_result.accuracy:.3f}")
check.that(opened_result.accuracy < accuracy["EfficientNet"] - 0.1, "gates are needed")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`xie2017aggregated`와 {cite:t}`hu2018squeeze`: 짧고 실험이 꼼꼼한 논문들입니다.
# - {cite:t}`liu2022convnet`: 표 10의 걸음을 하나씩 따라 읽어 보세요. 실험을 어떻게 쌓는지 배울 수 있습니다.
# - {cite:t}`dosovitskiy2021image`: 데이터의 양에 따라 순위가 뒤바뀌는 그림 3이 핵심입니다.
# - {cite:t}`radosavovic2020designing`: 신경망 하나가 아니라 집합을 견주는 방법을 보여 줍니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`xie2017aggregated` and {cite:t}`hu2018squeeze` are short, with careful experiments.
# - {cite:t}`liu2022convnet`: follow the steps of table 10 one by one; it teaches how experiments are built up.
# - {cite:t}`dosovitskiy2021image`: the heart of it is figure 3, in which the order changes with the amount of data.
# - {cite:t}`radosavovic2020designing` show how to compare sets of networks instead of single ones.
