# %% [markdown] lang="ko"
# # GoogLeNet
#
# ## 무엇을 만들게 될까요?
#
# 아래는 2014년 ILSVRC의 분류 부문에서 우승한 GoogLeNet {cite:p}`szegedy2015going`의 첫 부품입니다. 같은 특징 맵을 1×1, 3×3, 5×5 필터와 풀링이
# 나란히 보고, 본 것을 채널 방향으로 이어 붙입니다. 논문은 이 부품을 인셉션 모듈(Inception module)이라고 부르고 아홉 개를 쌓았습니다. 그때까지 나온
# 신경망들보다 깊은데도 파라미터는 AlexNet보다 훨씬 적습니다. 이 장에서는 모듈을 손으로 만들고, 논문의 표를 한 줄씩 다시 계산하고, 작은 GoogLeNet을 훈련합니다. 그리고
# 훈련한 신경망을 다른 과제로 옮깁니다. 이것이 전이 학습(transfer learning)입니다.

# %% [markdown] lang="en"
# # GoogLeNet
#
# ## What you will build
#
# Below is the first part of GoogLeNet {cite:p}`szegedy2015going`, the network that won the classification task of ILSVRC in
# 2014. Filters of 1×1, 3×3 and 5×5 and a pooling look at the same feature maps side by side, and what they find is joined
# along the channels. The paper calls this part an Inception module and stacks nine of them. The network is deeper than those
# before it and has far fewer parameters than AlexNet. In this chapter you build the module by hand, recompute the paper's table line by
# line, and train a small GoogLeNet. Then you carry a trained network over to other tasks, which is called transfer learning.

# %%
import copy
import time
from collections import OrderedDict

import numpy as np
import pandas as pd
import skimage.data
import torch
from scipy.sparse.csgraph import connected_components
from torch import nn
from torch.nn import functional

import cnnbook
from cnnbook import check, data, layers, look, models, outputs, train
from cnnbook.models import googlenet as reference
from cnnbook.models.nin import mlpconv

torch.set_num_threads(1)  # then the same seed gives the same weights

full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
train_set = data.load("shapes", "train", count=20_000 if full else 3000)
test_set = data.load("shapes", "test", count=5000 if full else 1000)

# %% name="fig-module" tags=["hide-input"] alt_ko="위의 192×28×28에서 네 갈래로 나뉩니다. 1×1 합성곱 64, 1×1 합성곱 96 다음에 3×3 합성곱 128, 1×1 합성곱 16 다음에 5×5 합성곱 32, 3×3 최대 풀링 다음에 1×1 합성곱 32. 네 갈래가 concat에서 만나 256×28×28이 됩니다." alt_en="From 192×28×28 at the top four branches part: 1×1 convolution 64; 1×1 convolution 96, then 3×3 convolution 128; 1×1 convolution 16, then 5×5 convolution 32; 3×3 max pooling, then 1×1 convolution 32. They meet in a concatenation that gives 256×28×28." caption_ko="GoogLeNet의 첫 모듈 3a. 수는 필터의 개수입니다. 네 갈래가 내놓은 64 + 128 + 32 + 32 = 256채널을 이어 붙입니다(concat)." caption_en="Module 3a, the first of GoogLeNet. Numbers are filters. The four branches give 64 + 128 + 32 + 32 = 256 channels, which are concatenated."
look.draw.block(
    [
        [("1×1 conv", "64")],
        [("1×1 conv", "96"), ("3×3 conv", "128")],
        [("1×1 conv", "16"), ("5×5 conv", "32")],
        [("3×3 max pool", "stride 1"), ("1×1 conv", "32")],
    ],
    merge="concat",
    input="192 × 28 × 28",
    output="256 × 28 × 28",
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘합성곱’ 장](03_convolution)의 크기 식과 패딩, [‘훈련’ 장](06_training)의 초기화와 배치 정규화, [‘VGG’ 장](09_vgg)의 3×3 필터를 안다고
# 가정합니다. GPU도 인터넷 연결도 필요하지 않습니다. 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# The formula for sizes and padding from [the chapter on convolution](03_convolution), initialisation and batch normalisation
# from [the one on training](06_training), the 3×3 filters from [the one on VGG](09_vgg). Neither a GPU nor an internet connection is needed.
# Running this notebook from top to bottom takes about a minute on one CPU core.

# %% [markdown] lang="ko"
# ## 더 깊으면서도 계산은 더 적을 수 있을까요?
#
# 신경망을 키우면 대개 더 잘 맞힙니다. 하지만 파라미터가 많아지면 과적합하기 쉽고, 채널 수를 두 배로 하면 이어지는 합성곱의 곱셈은 네 배가 됩니다. 입력 채널도
# 출력 채널도 두 배이기 때문입니다. 곱셈과 덧셈의 짝을 곱셈-덧셈 연산이라고 부르고 그 수를 셉니다. 2014년에 나온 두 신경망을 2012년의 우승자 AlexNet과 견줍니다.

# %% [markdown] lang="en"
# ## Deeper, yet cheaper?
#
# A larger network is usually a better one. But many parameters overfit easily, and twice the channels cost four times the
# multiplications in the convolution that follows, since its inputs double and its outputs, too. We count pairs of one
# multiplication and one addition, multiply-adds. Here are two networks of 2014 beside AlexNet, the winner of 2012.

# %% tags=["nbval-check-output"]
print(f"{'':12}{'parameters':>14}{'multiply-adds':>18}")
for name in ("alexnet", "vgg16", "googlenet"):
    facts = models.facts(name)
    print(f"{name:12}{facts['parameters']:>14,}{facts['multiply_adds']:>18,}")

# %% [markdown] lang="ko"
# GoogLeNet의 파라미터는 VGG-16의 $1/20$, 연산은 $1/10$쯤입니다. 그런데 대회에 낸 GoogLeNet의 top-5 오류율은 6.67%로, VGG의 7.32%보다
# 낮습니다({cite:t}`szegedy2015going`, 표 2). 다만 6.67%는 신경망 7개가 사진마다 144번씩 내놓은 답을 평균해서 얻은 것입니다. 하나가 한 번만 답하면 10.07%입니다(표 3).
# [‘여러 번 자르고 여럿에게 묻기’](10_googlenet#many-crops-many-networks)에서 다시 봅니다. 그래도 훨씬 작은 신경망으로 얻은 것입니다. 어디에서 아꼈을까요? 이것이 이 장의 물음입니다.
#
# 뒤에서 훈련할 작은 GoogLeNet이 이겨야 할 상대를 먼저 정해 둡니다. [‘LeNet’ 장](04_lenet)의 신경망을 컬러로 바꾸고 필터를 늘린 것입니다. 데이터는 [‘보기’ 장](01_seeing)의 도형이고,
# 훈련할 때는 [‘CIFAR-10’ 장](05_cifar10)처럼 32픽셀 그림에서 24픽셀 창을 무작위로 자릅니다.

# %% [markdown] lang="en"
# GoogLeNet has about $1/20$ of VGG-16's parameters and $1/10$ of its operations. Yet the top-5 error of the GoogLeNet
# that entered the competition is 6.67%, lower than VGG's 7.32% ({cite:t}`szegedy2015going`, table 2). To be fair, the 6.67%
# come from averaging the answers of 7 networks to 144 views of each photo; one network with one view has 10.07% (table 3). We come back to this in
# [Many crops, many networks](10_googlenet#many-crops-many-networks). Still, it is a far smaller network that does so well. Where does it save?
# That is the question of this chapter.
#
# First we set the one to beat for the small GoogLeNet that we train below: the network of [the chapter on LeNet](04_lenet)
# in colour and with more filters. The data are the shapes of [the chapter on seeing](01_seeing). In training, windows of 24
# pixels are cut at random from images of 32, as in [the chapter on CIFAR-10](05_cifar10).

# %%
test_24 = test_set.centre(24)  # the middle 24 × 24 pixels
recipe = {
    "epochs": 20 if full else 6,
    "batch_size": 100,
    "schedule": "onecycle",
    "augment": [data.flip(), data.crop(size=24)],
    "precision": "auto",
    "quiet": True,
}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


torch.manual_seed(0)
lenet = nn.Sequential(
    nn.Conv2d(3, 16, kernel_size=5),  # (N, 16, 20, 20)
    nn.ReLU(),
    nn.MaxPool2d(2),  # (N, 16, 10, 10)
    nn.Conv2d(16, 32, kernel_size=5),  # (N, 32, 6, 6)
    nn.ReLU(),
    nn.MaxPool2d(2),  # (N, 32, 3, 3)
    nn.Flatten(),  # (N, 288)
    nn.Linear(32 * 3 * 3, 120),
    nn.ReLU(),
    nn.Linear(120, 10),
)
lenet_history = train.fit(lenet, train_set, test_24, lr=8e-3, **recipe)
lenet_result = train.evaluate(lenet, test_24, like=lenet_history)
print(f"{count(lenet):,} parameters, test accuracy {lenet_result.accuracy:.3f}")

# %% [markdown] lang="ko"
# ## 모듈을 손으로
#
# ### 픽셀마다 채널 섞기
#
# 1×1 합성곱의 필터는 이웃을 보지 않습니다. 한 픽셀에 있는 채널들만 읽습니다. 픽셀의 채널을 벡터 $x$라고 하면 출력은 $Wx + b$이고, 모든 픽셀이 같은 $W$와
# $b$를 씁니다. 곧 픽셀마다 똑같은 완전 연결층 하나를 지나는 것입니다. 손으로 계산해서 확인합니다.

# %% [markdown] lang="en"
# ## The module, by hand
#
# ### Mixing channels, pixel by pixel
#
# The filter of a 1×1 convolution does not look at neighbours. It reads the channels of a single pixel. With these channels
# as a vector $x$, the output is $Wx + b$, and all pixels share the same $W$ and $b$: every pixel passes through one and the
# same fully connected layer. We compute it by hand and check.


# %%
def pointwise(x, weight, bias):
    """The same linear map at every pixel: (N, C, H, W), weight (K, C), to (N, K, H, W)."""
    pixels = x.movedim(1, -1)  # (N, H, W, C)
    return (pixels @ weight.T + bias).movedim(-1, 1)


torch.manual_seed(0)
x = torch.randn(2, 6, 5, 5)
one_by_one = nn.Conv2d(6, 4, kernel_size=1)
dense = nn.Linear(6, 4)
dense.weight.data = one_by_one.weight[:, :, 0, 0].detach()  # (4, 6)
dense.bias.data = one_by_one.bias.detach()
check.close(pointwise(x, dense.weight, dense.bias), one_by_one(x), what="1×1")
check.close(dense(x.movedim(1, -1)).movedim(-1, 1), one_by_one(x), what="nn.Linear")

# %% [markdown] lang="ko"
# 1×1 합성곱으로 할 수 있는 일은 둘입니다. 필터를 입력 채널보다 적게 두면 채널을 줄입니다. 60채널을 필터 20개로 읽으면 높이와 폭은 그대로이고 채널만 20이
# 됩니다. 그리고 뒤에 ReLU를 두면, 넓게 보지 않으면서도 비선형 변환이 하나 늘어납니다.
#
# ### 신경망 안의 신경망
#
# 둘째 쓰임새를 먼저 내놓은 논문이 Network in Network(NiN)입니다 {cite:p}`lin2014network`. 보통의 합성곱은 창에 담긴 값의 선형 함수에 ReLU를 할
# 뿐입니다. 논문은 그 자리에 작은 다층 퍼셉트론을 놓고 그림 위로 옮겨 가게 했습니다. 이 층의 이름이 mlpconv입니다. 창마다 퍼셉트론을 계산하는 것은 합성곱 하나와
# 1×1 합성곱 둘을 잇는 것과 같은 계산입니다. 정말 그런지 창을 하나하나 꺼내어 확인합니다.

# %% [markdown] lang="en"
# A 1×1 convolution is good for two things. With fewer filters than input channels it reduces channels: 20 filters that read 60
# channels leave height and width alone and give 20 channels. And with ReLU behind it, it adds a nonlinearity without
# looking any wider.
#
# ### A network in a network
#
# The second use came first, in the paper on Network in Network (NiN) {cite:p}`lin2014network`. An ordinary convolution applies
# ReLU to a linear function of its window. The paper puts a small multilayer perceptron there and slides it over the image. It
# calls this layer mlpconv. To call the perceptron on every window is the same computation as one convolution followed by two
# of 1×1. We take out the windows one by one to see whether that is so.

# %%
torch.manual_seed(0)
slid = mlpconv(3, 8, 8, 4, kernel_size=5, padding=2)  # convolution, 1×1, 1×1
perceptron = nn.Sequential(
    nn.Linear(3 * 5 * 5, 8),
    nn.ReLU(),
    nn.Linear(8, 8),
    nn.ReLU(),
    nn.Linear(8, 4),
    nn.ReLU(),
)
for linear, convolution in zip(perceptron[::2], list(slid)[::2], strict=True):
    linear.weight.data = convolution.weight.detach().flatten(1)
    linear.bias.data = convolution.bias.detach()

x = torch.randn(2, 3, 9, 9)
windows = functional.unfold(x, kernel_size=5, padding=2).mT  # (N, 81, 75)
answers = perceptron(windows).mT.unflatten(2, (9, 9))  # (N, 4, 9, 9)
check.close(answers, slid(x), what="a perceptron on every window")

# %% [markdown] lang="ko"
# ### 네 가지 눈으로 한꺼번에
#
# 층을 쌓을 때마다 정해야 할 것이 있습니다. 필터의 폭은 1, 3, 5 가운데 무엇으로 할까요? 아니면 풀링을 할까요? GoogLeNet의 답은 모두 하고 이어 붙이는
# 것입니다. 그러려면 네 갈래의 높이와 폭이 같아야 합니다. 여러 독자가 여기서 묻습니다. 폭이 다른 필터가 어떻게 같은 크기를 내놓을까요? ‘합성곱’ 장의
# 식 $n = (W - F + 2P)/S + 1$에 답이 있습니다. $S = 1$이고 $P = (F - 1)/2$이면 $n = W$입니다. 모듈 안의 풀링도 스트라이드가 1이고 패딩이 1이라서
# 크기를 줄이지 않습니다.

# %% [markdown] lang="en"
# ### Four looks at once
#
# Each new layer asks for a choice. Should the filters be 1, 3 or 5 wide, or should it be a pooling? GoogLeNet's answer is to
# do all four and join the results. For that all branches must have the same height and width, and here is what many readers ask: how can
# filters of different widths give the same size? The formula of the chapter on convolution, $n = (W - F + 2P)/S + 1$, has
# the answer: with $S = 1$ and $P = (F - 1)/2$ it gives $n = W$. The pooling inside a module has stride 1 and padding 1, too, so it
# does not shrink anything.

# %%
for kernel in (1, 3, 5):
    padding = (kernel - 1) // 2
    size = outputs(28, kernel, stride=1, padding=padding)
    check.that(size == 28, f"kernel {kernel}, padding {padding}: 28 → {size}")


def conv(in_channels, out_channels, kernel, stride=1, norm=False):
    """Convolution, batch norm if wanted, ReLU; stride 1 keeps height and width."""
    parts = [
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel,
            stride,
            padding=kernel // 2,
            bias=not norm,
        )
    ]
    if norm:
        parts.append(nn.BatchNorm2d(out_channels))
    return nn.Sequential(*parts, nn.ReLU())


class NaiveInception(nn.Module):
    """Figure 2a: (N, C, H, W) → (N, ones + threes + fives + C, H, W)."""

    def __init__(self, in_channels, ones, threes, fives):
        super().__init__()
        self.branches = nn.ModuleList(
            [
                conv(in_channels, ones, 1),
                conv(in_channels, threes, 3),
                conv(in_channels, fives, 5),
                nn.MaxPool2d(3, stride=1, padding=1),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


x = torch.randn(1, 16, 28, 28)
naive = NaiveInception(16, 8, 12, 4)
check.same_shapes([branch(x) for branch in naive.branches][3], x)
check.same_shapes(naive(x), (1, 8 + 12 + 4 + 16, 28, 28))
with check.raises(RuntimeError):  # without padding they do not fit together
    torch.cat([nn.Conv2d(16, 8, 1)(x), nn.Conv2d(16, 12, 3)(x)], dim=1)

# %% [markdown] lang="ko"
# ### 계산량은 얼마일까요?
#
# 논문은 이것을 순진한(naive) 모듈이라고 부릅니다(그림 2a). 무엇이 문제일까요? 이 책의 바탕이 된 한국어 강의의 예를 계산해 봅시다. 입력이 $28 \times 28$에 256채널이고 필터가 1×1
# 128개, 3×3 192개, 5×5 96개입니다. 합성곱 하나의 곱셈-덧셈은 $H \cdot W \cdot F^2 \cdot C \cdot K$입니다. $C$는 입력 채널, $K$는 필터의 수입니다. 강의는
# 이 모듈이 854M이고, 64채널로 먼저 줄이면 358M이 된다고 적었습니다. M은 백만입니다.

# %% [markdown] lang="en"
# ### What it costs
#
# The paper calls this the naive module (figure 2a). What is wrong with it? We compute an example from the Korean lecture that
# this book grew from: an input of $28 \times 28$ with 256 channels, and 128 filters of 1×1, 192 of 3×3, 96 of 5×5. A
# convolution needs $H \cdot W \cdot F^2 \cdot C \cdot K$ multiply-adds, with $C$ input channels and $K$ filters. The lecture
# says that this module needs 854M, and 358M if it first reduces to 64 channels. M means a million.


# %% tags=["nbval-check-output"]
def cost(size, kernel, inputs, filters):
    """Multiply-adds of a convolution that keeps the size."""
    return size**2 * kernel**2 * inputs * filters


bill = {
    "naive": {
        "1×1": cost(28, 1, 256, 128),
        "3×3": cost(28, 3, 256, 192),
        "5×5": cost(28, 5, 256, 96),
    },
    "reduced": {
        "1×1": cost(28, 1, 256, 128),
        "3×3": cost(28, 3, 64, 192),
        "5×5": cost(28, 5, 64, 96),
        "reductions": 2 * cost(28, 1, 256, 64),
        "after pool": cost(28, 1, 256, 64),
    },
}
total = {name: sum(parts.values()) for name, parts in bill.items()}
for name, parts in bill.items():
    said = ", ".join(f"{part} {value / 1e6:.1f}" for part, value in parts.items())
    print(f"{name:8}{total[name] / 1e6:7.1f} M = {said}")
print("channels:", 128 + 192 + 96 + 256, "and", 128 + 192 + 96 + 64)

# %%
check.that(round(total["naive"] / 1e6) == 854, "the naive sum is the lecture's 854 M")
check.that(round(total["reduced"] / 1e6) == 271, "the reduced sum is 271 M, not 358 M")
twice = total["reduced"] + bill["reduced"]["3×3"]
check.that(round(twice / 1e6) == 358, "358 M counts the 3×3 convolution twice")

# %% name="fig-cost" tags=["hide-input"] alt_ko="가로 막대 둘. naive 막대는 854까지 뻗고 3×3과 5×5가 거의 모두를 차지합니다. reduced 막대는 271까지이고 줄이는 1×1 합성곱들의 몫은 작습니다." alt_en="Two horizontal bars. The naive one reaches 854, almost all of it 3×3 and 5×5. The reduced one reaches 271; the 1×1 convolutions that reduce take a small part." caption_ko="강의의 예에서 모듈 하나의 곱셈-덧셈(백만). 먼저 줄이는 데 드는 계산(reductions)을 더해도 3×3과 5×5에서 훨씬 많이 아낍니다. after pool은 풀링 뒤의 1×1 합성곱입니다." caption_en="Multiply-adds of one module, in millions, in the lecture's example. The reductions have their price, and save far more in 3×3 and 5×5; “after pool” is the 1×1 convolution behind the pooling."
style = look.style
figure = style.figure("column", 2.3)
axes = figure.add_subplot()
hues = dict(
    zip(bill["reduced"], ("blue", "orange", "red", "green", "sky"), strict=True)
)
for place, (name, parts) in enumerate(bill.items()):
    left = 0.0
    for part, value in parts.items():
        axes.barh(
            place,
            value / 1e6,
            left=left,
            height=0.55,
            color=style.LIGHT[hues[part]],
            edgecolor=style.LIGHT["paper"],
            label=part if name == "reduced" else None,
        )
        left += value / 1e6
    axes.text(left + 10, place, f"{left:.0f}", va="center")
axes.set(yticks=[0, 1], yticklabels=list(bill), xlabel="multiply-adds, millions")
axes.set_xlim(0, 950)
axes.invert_yaxis()
figure.legend(loc="outside upper left", ncols=5, columnspacing=1.0, handlelength=1.2)
figure

# %% [markdown] lang="ko"
# 순진한 모듈의 854M은 맞습니다. 줄인 모듈은 358M이 아니라 271M입니다. 줄인 3×3의 87M을 두 번 더하면 강의의 수가 나옵니다. 그러니 1×1 합성곱이 아끼는 것은 강의에
# 적힌 것보다도 많습니다.
#
# 더 큰 문제는 쌓을 때 나타납니다. 풀링은 들어온 채널을 그대로 내보내므로, 모듈을 지날 때마다 채널은 늘기만 합니다. 3×3과 5×5의 계산량은 입력 채널에 비례하므로
# 함께 불어납니다. 논문의 표 1에 있는 필터 수로 순진한 모듈 아홉 개를 쌓으면 어떻게 될까요?

# %% [markdown] lang="en"
# The 854M of the naive module are right. The reduced one needs 271M, not 358M. Adding the 87M of its 3×3 convolution twice
# gives the lecture's number. So the 1×1 convolutions save even more than the lecture says.
#
# The greater trouble comes with stacking. The pooling hands on all channels that came in, so every module can only add
# channels, and the price of 3×3 and 5×5 grows with the channels they read. What if we stack nine naive modules with the
# numbers of filters in the paper's table 1?

# %% tags=["nbval-check-output"]
TABLE = reference.TABLE  # 1×1; 3×3 reduce, 3×3; 5×5 reduce, 5×5; pool proj
piled, kept, channels = {}, {}, 192
for name, (ones, _, threes, _, fives, projection) in TABLE.items():
    channels += ones + threes + fives
    piled[name], kept[name] = channels, ones + threes + fives + projection
print("naive  ", *piled.values())
print("paper's", *kept.values())

# %%
with torch.device("meta"):  # counts parameters without making them
    naive_whole = models.create("googlenet_naive")
naive_facts, facts = models.facts("googlenet_naive"), models.facts("googlenet")
check.that(naive_whole.linear.in_features == piled["5b"], f"{piled['5b']} channels")
for what in ("parameters", "multiply_adds"):
    ratio = naive_facts[what] / facts[what]
    said = f"{naive_facts[what]:,} / {facts[what]:,} = {ratio:.1f}"
    check.that(7 < ratio < 15, f"{what}: {said}")
check.that(count(naive_whole) == naive_facts["parameters"], "counted")

# %% name="fig-pile" tags=["hide-input"] alt_ko="가로축은 모듈 아홉 개, 세로축은 채널 수. naive의 선은 3a에서 416으로 시작해 5b에서 4,944까지 가파르게 오릅니다. reduced의 선은 256에서 1,024까지 천천히 오릅니다." alt_en="The nine modules across, channels upwards. The naive line starts at 416 in 3a and climbs steeply to 4,944 in 5b. The reduced one rises slowly from 256 to 1,024." caption_ko="모듈을 지난 뒤의 채널 수. 풀링 뒤의 1×1 합성곱(pool proj)이 없으면 채널이 쌓입니다." caption_en="Channels after each module. Without the 1×1 convolution after the pooling (pool proj) they pile up."
figure = look.curves(
    {
        "naive": list(piled.values()),
        "reduced, as in the paper": list(kept.values()),
    },
    ylabel="channels",
    xlabel="module",
    percent=False,
    height=3.0,
)
figure.axes[0].set_xticks(range(1, 10), TABLE)
figure

# %% [markdown] lang="ko"
# 파라미터는 14배, 연산은 8배가 됩니다. 그래서 두 가지를 고칩니다. 3×3과 5×5 앞에 1×1 합성곱을 두어 채널을 줄이고, 풀링 뒤에도 1×1 합성곱을 둡니다.
#
# ### 먼저 줄이기

# %% [markdown] lang="en"
# Parameters grow 14 times, operations 8 times. So two things are mended: 1×1 convolutions before 3×3 and 5×5 reduce the
# channels, and another one stands behind the pooling.
#
# ### Reduce first


# %%
class Inception(nn.Module):
    """Figure 2b: (N, in_channels, H, W) → (N, out_channels, H, W)."""

    def __init__(self, in_channels, row, norm=False):
        super().__init__()
        ones, reduce_threes, threes, reduce_fives, fives, projection = row
        self.branches = nn.ModuleList(
            [
                conv(in_channels, ones, 1, norm=norm),
                nn.Sequential(
                    conv(in_channels, reduce_threes, 1, norm=norm),
                    conv(reduce_threes, threes, 3, norm=norm),
                ),
                nn.Sequential(
                    conv(in_channels, reduce_fives, 1, norm=norm),
                    conv(reduce_fives, fives, 5, norm=norm),
                ),
                nn.Sequential(
                    nn.MaxPool2d(3, stride=1, padding=1),
                    conv(in_channels, projection, 1, norm=norm),
                ),
            ]
        )
        self.out_channels = ones + threes + fives + projection

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def copy_weights(source, target):
    """Every tensor of the source, in its order, into the target."""
    values = source.state_dict().values()
    target.load_state_dict(dict(zip(target.state_dict(), values, strict=True)))


torch.manual_seed(0)
ours, theirs = Inception(192, TABLE["3a"]), reference.Inception(192, TABLE["3a"])
copy_weights(ours, theirs)
check.same_function(ours, theirs, torch.randn(2, 192, 28, 28), atol=1e-4)
operations = look.trace(ours, (192, 28, 28)).multiply_adds.sum()
check.that(round(operations / 1e6) == 128, f"3a: {operations / 1e6:.1f} M, paper 128 M")

# %% [markdown] lang="ko"
# 공짜는 아닙니다. 256채널을 64채널로 줄이고 나서 3×3 합성곱을 합시다. 그 사이의 ReLU를 빼고 생각하면, 둘을 합친 것도 256채널을 읽는 3×3 합성곱 하나입니다. 다만 모든 3×3 합성곱을
# 이렇게 나타낼 수 있는 것은 아닙니다. 필터가 192개라면 3×3의 자리마다 가중치가 $192 \times 256$ 행렬을 이루는데, 이 행렬의 계수(rank)가 64를 넘지 못합니다.

# %% [markdown] lang="en"
# This is not free. Reduce 256 channels to 64 and then apply a 3×3 convolution: if we leave aside the ReLU in between, the two together
# are again one 3×3 convolution that reads 256 channels. But not every 3×3 convolution can be had in this way. With 192 filters, the weights of
# each of the 3×3 cells form a matrix of $192 \times 256$, and here its rank is at most 64.

# %%
generator = torch.Generator().manual_seed(0)
narrow = torch.randn(64, 256, generator=generator, dtype=torch.double) / 16
threes = torch.randn(192, 64, 3, 3, generator=generator, dtype=torch.double) / 24
merged = torch.einsum("kmhw,mc->kchw", threes, narrow)  # (192, 256, 3, 3)
x = torch.randn(1, 256, 7, 7, generator=generator, dtype=torch.double)
two = functional.conv2d(
    functional.conv2d(x, narrow[:, :, None, None]), threes, padding=1
)
check.close(two, functional.conv2d(x, merged, padding=1), what="one 3×3 convolution")
rank = torch.linalg.matrix_rank(merged[:, :, 1, 1]).item()
check.that(rank == 64, f"rank {rank} of at most {min(merged.shape[:2])}")

# %% [markdown] lang="ko"
# 줄이는 것은 압축입니다. 256채널이 서로 닮아서 64채널로도 대부분을 나타낼 수 있다면 잃는 것이 적습니다. 채널들은 정말 닮았을까요?
#
# ## 희소한 구조를 흉내 내기
#
# ### 함께 켜지면 이어집니다
#
# 논문이 모듈을 이끌어 낸 길은 이렇습니다. 뉴런을 모두와 잇지 않고 꼭 필요한 것끼리만 드문드문 이으면, 곧 희소(sparse)하게 이으면 크기도 계산량도 줄어듭니다. 무엇을 이을까요?
# Arora 등은 데이터가 희소한 신경망에서 생겨났다면 그 신경망을 한 층씩 거꾸로 찾을 수 있음을 몇 가지 조건 아래에서 증명했습니다 {cite:p}`arora2014provable`. 방법은
# 활성값의 상관을 재서, 상관이 높은 유닛끼리 묶어 다음 층의 유닛 하나로 만드는 것입니다. 신경 과학에는 헤브의 책에서 온 오래된 말이 있습니다 {cite:p}`hebb1949organization`. 함께
# 켜지는 뉴런은 서로 이어진다는 것입니다.
#
# 작게 해 봅시다. 숨은 원인 6개가 서로 독립으로 0.3의 확률로 켜지고, 유닛 36개가 저마다 원인 하나를 따릅니다. 다만 열 번에 한 번은 반대로 움직입니다(원인이 켜지면 꺼지고, 꺼지면 켜집니다). 우리는 유닛만 봅니다. 두 유닛
# $i$와 $j$를 잇는 선의 세기 $w_{ij}$를, 둘이 함께 평소보다 더 켜지거나 함께 덜 켜지면 늘리고 엇갈리면 줄입니다. $\bar{x}_i$는 유닛이 켜지는 비율이고 $t$는 지금까지 본 횟수입니다.
#
# $$w_{ij} \leftarrow w_{ij} + \frac{1}{t}\big((x_i - \bar{x}_i)(x_j - \bar{x}_j) - w_{ij}\big)$$
#
# 이 식은 두 유닛의 공분산을 조금씩 배웁니다. 유닛이 켜지는 비율은 모두 비슷하므로, 여기서는 상관의 크기를 견주는 것과 같습니다.
# 같은 원인을 따르는 짝의 공분산은 $0.8^2 \cdot 0.3 \cdot 0.7 \approx 0.13$입니다. 그 절반쯤인 0.07을 문턱값으로 삼아, 그보다 센 선을 따라가며 유닛을 묶습니다.

# %% [markdown] lang="en"
# Reducing is compression. If the 256 channels resemble each other so much that 64 can stand for most of them, little is lost.
# Do they?
#
# ## A sparse structure, approximated
#
# ### Fire together, wire together
#
# The paper comes to its module like this. A network whose neurons are not wired to all others but only here and there, where
# it is needed, is called sparse; it is smaller and cheaper. But what should be wired? Arora and others prove,
# under certain conditions, that if the data arose from a sparse network, this network can be found again, layer by layer {cite:p}`arora2014provable`:
# measure the correlations of the activations, and make each group of highly correlated units one unit of the next layer.
# Neuroscience has an old saying that goes back to a book by Hebb {cite:p}`hebb1949organization`: neurons that fire together, wire together.
#
# Let us do it on a small scale. Each of 6 hidden causes is on with probability 0.3, independently of the others; each of 36
# units follows one cause, and one time in ten does the opposite. We see only the units. The wire $w_{ij}$ between two units
# $i$ and $j$ grows when both fire more than usual, or both less, and shrinks when they disagree. $\bar{x}_i$ is how often the
# unit fires, $t$ how often we have looked so far.
#
# $$w_{ij} \leftarrow w_{ij} + \frac{1}{t}\big((x_i - \bar{x}_i)(x_j - \bar{x}_j) - w_{ij}\big)$$
#
# This learns, bit by bit, the covariance of the two units. Since all units fire about equally often, it is as good as the correlation here.
# Two units with the same cause have a covariance of $0.8^2 \cdot 0.3 \cdot 0.7 \approx 0.13$. We take about half of it, 0.07, as a threshold
# and group the units by following the wires above it.

# %%
CAUSES, UNITS, LOOKS = 6, 36, 2000
rng = np.random.default_rng(0)
cause_of = rng.permutation(np.repeat(np.arange(CAUSES), UNITS // CAUSES))  # (36,)
causes = rng.random((LOOKS, CAUSES)) < 0.3
contrary = rng.random((LOOKS, UNITS)) < 0.1
fires = (causes[:, cause_of] ^ contrary).astype(float)  # (2000, 36)

wires, after = np.zeros((UNITS, UNITS)), {}
above_usual = fires - fires.mean(axis=0)
for t, x in enumerate(above_usual, start=1):
    wires += (np.outer(x, x) - wires) / t
    if t in (20, LOOKS):
        after[t] = wires.copy()

groups, group_of = connected_components(wires > 0.07)  # follow the strong wires
same_group = group_of[:, None] == group_of
same_cause = cause_of[:, None] == cause_of
right_early = ((after[20] > 0.07) == same_cause).mean()
check.that(groups == CAUSES, f"{groups} groups")
check.that((same_group == same_cause).all(), "every group is one hidden cause")
check.that(
    right_early < 0.99, f"after 20 looks {right_early:.2f} of the wires are right"
)

# %% name="fig-wires" tags=["hide-input"] alt_ko="36×36 선 세기 표 셋. 20번 본 뒤의 것은 얼룩덜룩하고, 2,000번 본 뒤의 것은 흩어진 주황색 점들이며, 셋째는 같은 것을 묶음별로 늘어놓아 대각선에 주황색 네모 여섯 개가 뚜렷합니다. 세 표 모두 대각선이 가장 진합니다." alt_en="Three tables of 36×36 wires. After 20 looks it is blotchy; after 2,000 there are scattered orange cells; the third shows the same, ordered by group, with six clear orange squares along the diagonal. In all three the diagonal is darkest." caption_ko="유닛 36개 사이의 선. 주황색은 함께 켜지는 짝, 파란색은 엇갈리는 짝입니다. 왼쪽부터 20번 본 뒤, 2,000번 본 뒤, 그것을 찾아낸 묶음의 순서로 늘어놓은 것입니다. 대각선은 유닛 자신의 분산이라 가장 진합니다." caption_en="The wires between 36 units. Orange pairs fire together, blue ones apart. From the left: after 20 looks, after 2,000, and the same in the order of the groups that were found. The diagonal is darkest: it is each unit's own variance."
figure = style.figure("full", 2.6)
order = np.argsort(group_of)
panels = {
    "20 looks": after[20],
    "2,000 looks": after[LOOKS],
    "ordered by group": after[LOOKS][np.ix_(order, order)],
}
for axes, (title, panel) in zip(figure.subplots(1, 3), panels.items(), strict=True):
    axes.imshow(panel, cmap=style.DIVERGING, vmin=-0.2, vmax=0.2, interpolation="none")
    axes.set(title=title, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
figure

# %% [markdown] lang="ko"
# 묶음 여섯 개가 원인 여섯 개와 정확히 같습니다. 어느 유닛이 어느 원인을 따르는지는 쓰지 않았습니다. 다음 층은 묶음마다 유닛 하나면 되고, 유닛마다 선은 36개가 아니라 6개면 됩니다.
#
# ### 짝은 어디에 있을까요?
#
# 합성곱 신경망의 유닛에는 자리가 있습니다. 그러면 상관이 높은 짝은 어디에 있을까요? 같은 픽셀의 다른 채널에 있다면 묶는 데 1×1 필터면 충분합니다. 조금 떨어져 있다면
# 3×3이나 5×5가 필요합니다. ImageNet으로 사전 학습된 작은 신경망 SqueezeNet {cite:p}`iandola2016squeezenet`과 진짜 사진 다섯 장으로 재 봅시다. 첫 층(`relu1`)과 중간의
# 두 모듈(`fire3`, `fire5`)을 봅니다. 이 모듈들도 1×1과 3×3을 나란히 쓴다는 점은 감안해야 합니다. 채널마다, 오른쪽이나 아래로 $d$칸 떨어진 다른 채널 가운데 상관이 가장 높은
# 짝을 찾아 그 상관을 평균합니다.

# %% [markdown] lang="en"
# The six groups are exactly the six causes, and which unit follows which cause was never used. The next layer needs one unit for each group,
# and each of these units 6 wires instead of 36.
#
# ### Where the partners are
#
# In a convolutional network units have places. Where, then, are the partners with high correlation? If they are other
# channels of the same pixel, filters of 1×1 are enough to join them. If they lie somewhat apart, it takes 3×3 or 5×5. We
# measure this on SqueezeNet {cite:p}`iandola2016squeezenet`, a small network trained on ImageNet, with five real photos, in
# its first layer (`relu1`) and two modules in the middle (`fire3`, `fire5`). Bear in mind that these modules, too, have 1×1
# and 3×3 side by side. For each channel, among the other channels $d$ cells to the right or below, we find the one with the
# highest correlation, and take the mean of these correlations.

# %%
squeezenet = models.pretrained("squeezenet1_1")
photos = data.to_float(data.load("photos", size=227).images)
maps = {}
for name in ("relu1", "fire3", "fire5"):
    getattr(squeezenet.network.features, name).register_forward_hook(
        lambda layer, inputs, output, name=name: maps.update({name: output})
    )
with torch.no_grad():
    squeezenet(photos)


def standardized(x):
    return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True).clamp(1e-6)


def best_partner(x, distance):
    """Mean over channels of the highest correlation with another channel."""
    found = []
    for side in (2, 3):
        long = x.shape[side] - distance
        here = x.narrow(side, 0, long).transpose(0, 1).flatten(1)  # (C, places)
        there = x.narrow(side, distance, long).transpose(0, 1).flatten(1)
        correlation = standardized(here) @ standardized(there).T / here.shape[1]
        correlation.fill_diagonal_(-1)  # another channel, not itself
        found.append(correlation.max(dim=1).values.mean().item())
    return np.mean(found)


partners = {
    name: pd.DataFrame(
        {"distance": range(7), "correlation": [best_partner(x, d) for d in range(7)]}
    )
    for name, x in maps.items()
}
for name, table in partners.items():
    values = table.correlation.tolist()
    said = (
        f"{name}: {values[0]:.2f} > {values[1]:.2f} > {values[2]:.2f} > {values[6]:.2f}"
    )
    check.that(values[0] > values[1] > values[2] > values[6], said)

# %% name="fig-partners" tags=["hide-input"] alt_ko="가로축은 거리 0부터 6칸, 세로축은 상관. 세 층의 곡선이 모두 거리 0에서 가장 높고 멀어질수록 내려가며, 처음 두세 칸에서 가장 가파릅니다. relu1이 맨 위입니다." alt_en="Distance from 0 to 6 cells across, correlation upwards. The curves of all three layers are highest at distance 0 and fall with distance, most steeply over the first two or three cells. relu1 is on top." caption_ko="한 유닛과 가장 닮은 다른 채널의 유닛, 거리(칸)에 따른 상관의 평균. SqueezeNet 1.1의 세 층, 사진 다섯 장. 한 칸은 relu1에서 2픽셀, fire3에서 4픽셀, fire5에서 8픽셀입니다." caption_en="Correlation of a unit with its closest partner in another channel, by distance in cells, averaged. Three layers of SqueezeNet 1.1, five photos; a cell is 2 pixels in relu1, 4 in fire3, 8 in fire5."
look.curves(partners, x="distance", y="correlation", height=3.0)

# %% [markdown] lang="ko"
# 가장 닮은 짝은 같은 칸에 있고, 멀어질수록 상관이 낮아집니다. 그러니 1×1로 많은 것을 묶을 수 있고, 조금 넓은 묶음은 3×3으로, 더 넓은 것은 5×5로 묶으면 됩니다.
# 세 크기를 나란히 두는 까닭이 이것입니다. 논문도 이 세 크기가 필연이라고 말하지는 않습니다. 조각들의 자리를 맞추는 문제를 피하려고 골랐고, 꼭 필요해서라기보다 편해서라고 적었습니다(4절).
#
# 논문은 한 가지를 더 예상합니다. 위로 올라갈수록 특징이 추상적이 되어 넓게 퍼질 테니 3×3과 5×5의 비율이 늘어야 한다는 것입니다(4절). 논문 자신의 표는 그렇습니까?

# %% [markdown] lang="en"
# The closest partners are in the same cell, and with distance the correlation falls. So 1×1 can join much, 3×3 takes somewhat
# wider groups, and 5×5 those that are wider still. This is why the three sizes stand side by side. The paper does not claim
# that these sizes are a necessity: it chose them to avoid problems of aligning patches, and calls that convenience more than necessity (section 4).
#
# It expects one thing more: since features become more abstract and more spread out towards the top, the share of 3×3 and 5×5
# should grow (section 4). Does the paper's own table follow?

# %% tags=["nbval-check-output"]
wide_share = {
    row: (r[2] + r[4]) / r[0] for row, r in TABLE.items()
}  # (3×3 + 5×5) / 1×1
print(*(f"{name} {share:.2f}" for name, share in wide_share.items()))
steps = np.diff(list(wide_share.values()))
print(f"grows in {(steps > 0).sum()} of {len(steps)} steps")

# %% [markdown] lang="ko"
# 그렇지 않습니다. 비율은 오르내리고, 마지막 모듈 5b에서는 첫 모듈의 절반을 조금 넘습니다. 이 예상은 설계의 실마리였을 뿐, 표의 수를 정한 법칙은 아닙니다.
#
# ### 0을 곱하는 데에도 시간이 듭니다
#
# 그런데 왜 희소한 연결을 그대로 쓰지 않고 빽빽한 합성곱 세 가지로 흉내 낼까요? 먼저 모듈이 희소하다는 말의 뜻을 확인합시다. 1×1 필터와 3×3 필터의 둘레에 0을
# 채우면 모두 5×5 필터입니다. 세 갈래는 가중치의 많은 곳이 0인 5×5 합성곱 하나와 같습니다.

# %% [markdown] lang="en"
# It does not. The share goes up and down, and in the last module, 5b, it is little more than half of that in the first. The expectation was a lead
# for the design, not a law that fixed the table's numbers.
#
# ### Multiplying by zero is not free
#
# But why approximate a sparse structure by three dense convolutions instead of using it as it is? First let us see what it
# means that the module is sparse. Put zeros around filters of 1×1 and 3×3, and all are filters of 5×5. The three branches
# are one 5×5 convolution with 0 in many places.

# %%
torch.manual_seed(0)
branches = [
    nn.Conv2d(192, k, f, padding=f // 2) for k, f in ((64, 1), (128, 3), (32, 5))
]
x = torch.randn(1, 192, 14, 14)
with torch.no_grad():
    apart = torch.cat([branch(x) for branch in branches], dim=1)
    weight = torch.cat(
        [
            functional.pad(branch.weight, [(5 - branch.kernel_size[0]) // 2] * 4)
            for branch in branches
        ]
    )  # (224, 192, 5, 5)
    bias = torch.cat([branch.bias for branch in branches])
    together = functional.conv2d(x, weight, bias, padding=2)
check.close(together, apart, atol=1e-4, what="one 5×5 convolution")
nonzero = (weight != 0).float().mean().item()
check.that(0.35 < nonzero < 0.37, f"{nonzero:.2f} of its weights are not 0")

# %% [markdown] lang="ko"
# 0이 아닌 가중치는 36%입니다. 세 합성곱으로 나누어 계산하면 0을 곱하지 않아도 됩니다. 0이 아무 데나 흩어져 있다면 어떨까요? 0을 건너뛰려면 값이 어디에 있는지
# 기억하고 찾아가야 합니다. 크기가 $1000 \times 1000$인 행렬을 256개의 벡터에 곱하는 시간을 재서, 쓸모 있는 곱셈 하나에 드는 시간을 견줍니다.

# %% [markdown] lang="en"
# Only 36% of its weights are not 0, and computed as three convolutions, no zero is ever multiplied. What if zeros are scattered at random? To
# skip them, one has to remember where the values are and go there. We time the product of a $1000 \times 1000$ matrix with 256 vectors and
# compare the time that one useful multiplication takes.


# %%
def seconds(function, *arguments):
    """The fastest of five calls."""
    found = []
    for _ in range(5):
        start = time.perf_counter()
        function(*arguments)
        found.append(time.perf_counter() - start)
    return min(found)


generator = torch.Generator().manual_seed(0)
vectors = torch.randn(1000, 256, generator=generator)
for share in (0.36, 0.1, 0.01):
    kept = torch.rand(1000, 1000, generator=generator) < share
    matrix = torch.randn(1000, 1000, generator=generator) * kept
    skipping = seconds(torch.mm, matrix.to_sparse(), vectors)
    slower = skipping / seconds(torch.mm, matrix, vectors)
    print(
        f"{share:4.0%} not 0: {slower:5.2f} × the time of dense, "
        f"{slower / share:.1f} × for each useful multiplication"
    )
    if share > 0.3:
        check.that(slower / share > 1.3, f"× {slower / share:.1f} for a useful product")

# %% [markdown] lang="ko"
# 0을 건너뛰면 쓸모 있는 곱셈 하나가 빽빽한 행렬에서보다 몇 배 오래 걸립니다. 우리 컴퓨터에서는 36%가 0이 아닐 때 0까지 모두 곱하는 편이 더 빨랐고, 10%쯤으로 줄어야 건너뛰는 편이 빨라졌습니다.
# 노트북을 직접 실행하면 여러분 컴퓨터의 값이 나옵니다. 그래서 모듈은 희소한 구조를 빽빽한 조각 몇 개로 흉내 냅니다. 흩어진 빈자리까지 건너뛰려 하지 않고, 한데 모인 빈자리만 건너뜁니다.
#
# 여기서 희소한 것은 연결, 곧 가중치입니다. 강의에는 데이터가 희소해지는 것을 막는다고 적혀 있지만, 데이터는 모듈 안에서도 희소합니다. ReLU가 절반 가까이를 0으로 만들기
# 때문입니다. 훈련한 다음에 재 봅시다.

# %% [markdown] lang="en"
# Where zeros are skipped, a useful multiplication takes several times as long as in the dense matrix. On our computer, with
# 36% not 0 it was faster to multiply everything, and skipping became faster only at about 10%. Run the notebook to see how it
# is on yours. So the module approximates a sparse structure by a few dense pieces. It does not try to skip zeros that are
# scattered, and skips those that lie together.
#
# It is the connections, the weights, that are sparse here. The lecture says that data are kept from becoming sparse, but data are
# sparse inside the module, too, since ReLU turns about half of them into 0. We will measure that after training.

# %% [markdown] lang="ko"
# ## 신경망 전체
#
# 이제 표 1의 수로 전체를 만듭니다. 풀링은 112픽셀을 56픽셀로 줄이는데, $(112 - 3)/2 + 1 = 55.5$이므로 올림(`ceil_mode`)이 필요합니다. 국소 응답 정규화의 상수는
# 논문에 없어서 AlexNet의 것을 씁니다. 마지막 특징 맵은 채널마다 평균해서, 완전 연결층은 출력층 하나뿐입니다.

# %% [markdown] lang="en"
# ## The whole network
#
# Now we build the whole from the numbers of table 1. The pooling takes 112 pixels to 56; since $(112 - 3)/2 + 1 = 55.5$, the
# size must be rounded up (`ceil_mode`). The paper prints no constants for local response normalisation, so we take AlexNet's. The last
# feature maps are averaged channel by channel, and the only fully connected layer is the output layer.


# %%
def pool():
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def lrn():
    return layers.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2.0)


class GoogLeNet(nn.Sequential):
    """Table 1: (N, 3, 224, 224) → logits (N, classes)."""

    def __init__(self, classes=1000):
        parts = OrderedDict(
            conv1=conv(3, 64, 7, stride=2),  # (N, 64, 112, 112)
            pool1=pool(),  # (N, 64, 56, 56)
            norm1=lrn(),
            conv2_reduce=conv(64, 64, 1),
            conv2=conv(64, 192, 3),  # (N, 192, 56, 56)
            norm2=lrn(),
            pool2=pool(),  # (N, 192, 28, 28)
        )
        channels = 192
        for name, row in TABLE.items():
            if name in ("4a", "5a"):
                parts[f"pool{name[0]}"] = pool()  # half the height and width
            parts[name] = module = Inception(channels, row)
            channels = module.out_channels  # 1024 at the end
        parts["average"] = nn.AdaptiveAvgPool2d(1)  # (N, 1024, 1, 1)
        parts["flatten"] = nn.Flatten()
        parts["dropout"] = nn.Dropout(0.4)
        parts["linear"] = nn.Linear(channels, classes)
        super().__init__(parts)


torch.manual_seed(0)
network, theirs = GoogLeNet().eval(), models.create("googlenet").eval()
copy_weights(network, theirs)
check.same_function(network, theirs, torch.rand(2, 3, 64, 64), atol=1e-4)
check.that(count(network) == facts["parameters"], f"{count(network):,} parameters")

# %% [markdown] lang="ko"
# ### 한 줄씩 다시 계산하기
#
# 표 1은 줄마다 출력의 크기, 파라미터, 연산의 수를 적었습니다. 우리의 수를 나란히 놓습니다. 파라미터의 단위 K는 줄에 따라 1,000이 아니라 1,024로 보입니다.
# $112 \cdot 1024 = 114{,}688$이 정확히 둘째 합성곱의 가중치 수이기 때문입니다. 그래서 K를 1,024로 읽고, 편향은 세지 않습니다.

# %% [markdown] lang="en"
# ### Line by line
#
# For each line, table 1 prints the size of the output, the parameters and the operations. We put our own numbers beside them.
# The unit K of the parameters seems to be 1,024 rather than 1,000, since $112 \cdot 1024 = 114{,}688$ is exactly the number of
# weights of the second convolution. So we read K as 1,024, and count no biases.

# %%
PRINTED = {  # output; parameters in K; operations in M
    "conv1": ((64, 112, 112), 2.7, 34),
    "conv2": ((192, 56, 56), 112, 360),
    "3a": ((256, 28, 28), 159, 128),
    "3b": ((480, 28, 28), 380, 304),
    "4a": ((512, 14, 14), 364, 73),
    "4b": ((512, 14, 14), 437, 88),
    "4c": ((512, 14, 14), 463, 100),
    "4d": ((528, 14, 14), 580, 119),
    "4e": ((832, 14, 14), 840, 170),
    "5a": ((832, 7, 7), 1072, 54),
    "5b": ((1024, 7, 7), 1388, 71),
    "linear": ((1000,), 1000, 1),
}
x, shapes = torch.zeros(1, 3, 224, 224), {}
with torch.no_grad():
    for name, layer in network.named_children():
        x = layer(x)
        shapes[name] = tuple(x.shape[1:])
check.same_shapes(
    {name: shapes[name] for name in PRINTED},
    {name: p[0] for name, p in PRINTED.items()},
)

trace = look.trace(network, (3, 224, 224))
line_of = trace.index.str.split(".").str[0].str.replace("_reduce", "")
operations = trace.multiply_adds.groupby(line_of).sum()
weights = {name: 0 for name in PRINTED}
for name, parameter in network.named_parameters():
    if parameter.ndim > 1:
        weights[name.split(".")[0].replace("_reduce", "")] += parameter.numel()

recount = pd.DataFrame(
    {
        "output": ["×".join(map(str, shapes[name])) for name in PRINTED],
        "K, paper": [p[1] for p in PRINTED.values()],
        "K, ours": [weights[name] / 1024 for name in PRINTED],
        "M, paper": [p[2] for p in PRINTED.values()],
        "M, ours": [operations[name] / 1e6 for name in PRINTED],
    },
    index=list(PRINTED),
)
for unit in "KM":
    off = recount[f"{unit}, paper"] / recount[f"{unit}, ours"] - 1
    recount[f"{unit}, off"] = (100 * off).round(1)
recount.round(1)

# %% tags=["nbval-check-output"]
sums = recount[["K, paper", "K, ours", "M, paper", "M, ours"]].sum()
print(", ".join(f"{name}: {value:,.1f}" for name, value in sums.items()))
for unit in "KM":
    far = (recount[f"{unit}, paper"] - recount[f"{unit}, ours"]).abs() > 0.5  # rounding
    wrong = recount.index[far & (recount[f"{unit}, off"].abs() > 1)]
    print(f"{unit}: more than 1% off:", *wrong)
print(f"the paper's sum with K = 1,024: {sums['K, paper'] * 1024 / 1e6:.1f} M")

# %% name="fig-off" tags=["hide-input"] alt_ko="줄마다 논문의 파라미터 수가 다시 센 것보다 몇 퍼센트 많거나 적은지를 나타낸 가로 막대 열한 개. 대부분 0 가까이에 있고 4c는 약 7 모자라고 4d와 5b는 조금 모자라고 5a는 약 5 넘칩니다." alt_en="Eleven horizontal bars: by how many percent the paper's parameters are above or below the recount, line by line. Most are near 0; 4c is about 7 below, 4d and 5b slightly below, 5a about 5 above." caption_ko="표 1의 파라미터가 다시 센 수에서 벗어난 정도(퍼센트). 주황색은 1퍼센트 넘게 벗어난 줄입니다. 막대가 너무 길어지는 conv1(70퍼센트 남짓 모자람)은 뺐습니다." caption_en="How far the parameters of table 1 are from the recount, in percent; orange lines are off by more than 1 percent. conv1, more than 70 percent below, is left out."
off = recount["K, off"].drop("conv1")
look.bars(
    off.to_dict(),
    highlight=[name for name in off.index if abs(off[name]) > 1],
    format="+.1f",
    xlabel="",
)

# %% [markdown] lang="ko"
# 크기는 모두 맞습니다. 1% 안쪽의 작은 차이를 빼면 파라미터는 다섯 줄, 연산은 두 줄이 어긋납니다. 4c, 4d, 5b는 실제보다 적고 5a는 많습니다. 같은 줄에 적힌 필터의 수로 계산한 것이니 표 안에서 서로
# 맞지 않는 것입니다. 5a는 연산도 어긋납니다. 첫 줄은 7×7 필터 64개이면 $7 \cdot 7 \cdot 3 \cdot 64 = 9{,}408$개여야 하는데 2.7K입니다. 깊이별 분리 합성곱(depthwise separable convolution)이라면
# 이런 수가 나올 수 있습니다. 채널마다 7×7 필터 8개씩 $3 \cdot 8 \cdot 49$개에 1×1 합성곱 $24 \cdot 64$개를 더하면 2,712개입니다. 그러나 논문은 그런 말을 하지 않습니다.
#
# 층은 몇 개일까요? 널리 읽힌 글에는 100층이 넘는다고 적혀 있습니다.

# %% [markdown] lang="en"
# All sizes are right. Apart from small differences within 1%, five lines disagree in parameters, two in operations. 4c, 4d
# and 5b are too low, 5a is too high: they do not agree with the numbers of filters in the same lines, and so the table
# contradicts itself. 5a is off in operations, too. The first line, 64 filters of 7×7, must have
# $7 \cdot 7 \cdot 3 \cdot 64 = 9{,}408$ weights, and says 2.7K. A depthwise separable convolution could have so few: 8
# filters of 7×7 for each channel, $3 \cdot 8 \cdot 49$, and $24 \cdot 64$ for a 1×1 convolution make 2,712. But the paper
# does not mention one.
#
# How many layers are there? A widely read article says over 100.

# %% tags=["nbval-check-output"]
kinds = trace.layer.value_counts()


def weighted(part):
    return sum(isinstance(m, nn.Conv2d | nn.Linear) for m in part.modules())


longest = sum(  # in a module, the longest of its branches
    max(weighted(branch) for branch in getattr(part, "branches", [part]))
    for part in network
)
print("convolutions", kinds["Conv2d"], "and linear", kinds["Linear"])
print("poolings", kinds["MaxPool2d"] + 1, "of them in modules", len(TABLE))
print("layers with weights on the longest path", longest)
alexnet = models.facts("alexnet")["parameters"]
print(f"AlexNet / GoogLeNet, parameters {alexnet / facts['parameters']:.1f}")
print(f"AlexNet / 12: {alexnet / 12 / 1e6:.1f} M parameters")

# %% [markdown] lang="ko"
# 입력에서 출력까지 가장 긴 길에 가중치가 있는 층이 22개 있습니다. 깊이라고 할 때는 이것을 셉니다. 100이라는 수는 논문이 풀링과 이어 붙이기까지 부품을 모두 세어 약
# 100개라고 한 데서 왔습니다(5절). 나란히 놓인 부품은 깊이를 더하지 않습니다.
#
# 파라미터가 AlexNet보다 12배 적다는 말도 널리 퍼져 있습니다. 논문의 1절에 있지만 세어 보면 8.7배입니다. 12배가 되려면 파라미터가 5.1M이어야 하는데, 논문의 표를
# 더해도 (K가 1,024이므로) 7.0M입니다.

# %% [markdown] lang="en"
# The longest path from input to output has 22 layers with weights, and this is what depth counts. The 100 come from the
# paper's count of all building blocks, poolings and concatenations included, which gives about 100 (section 5). Blocks that stand side by
# side add no depth.
#
# It is widely said, too, that GoogLeNet has 12 times fewer parameters than AlexNet. The paper says so in section 1, but counted
# it is 8.7 times. For 12 times it would have to have 5.1M; the sum of the paper's own table, with K as 1,024, is 7.0M.
# %% [markdown] lang="ko"
# ## 직접 훈련해서 재기
#
# 24픽셀 그림에는 모듈 셋을 씁니다. 앞부분이 6픽셀까지 줄이고, 모듈 둘이 6픽셀을, 하나가 3픽셀을 봅니다. GoogLeNet과 달리 합성곱마다 배치 정규화를 넣습니다. 배치 정규화는
# 2015년에 나왔고 {cite:p}`ioffe2015batch` Inception v3도 씁니다. 뒤에서 여럿에게 물어야 하므로 시드를 바꾸어 셋을 훈련합니다.

# %% [markdown] lang="en"
# ## Training it, and measuring
#
# For images of 24 pixels we take three modules. The first layers reduce to 6 pixels, two modules see 6 pixels and one sees 3.
# Unlike GoogLeNet we put batch normalisation after every convolution. It came in 2015 {cite:p}`ioffe2015batch`, and Inception
# v3 has it, too. Since we want to ask several networks later, we train three, each with its own seed.


# %%
class SmallGoogLeNet(nn.Sequential):
    """Three modules for small images: (N, 3, 24, 24) → logits (N, classes)."""

    def __init__(self, classes=10, dense=False):
        a = Inception(24, (16, 16, 24, 4, 8, 8), norm=True)  # 56 channels
        b = Inception(56, (24, 16, 32, 6, 12, 12), norm=True)  # 80
        c = Inception(80, (32, 24, 48, 8, 16, 16), norm=True)  # 112
        parts = OrderedDict(
            conv1=conv(3, 16, 3, norm=True),  # (N, 16, 24, 24)
            pool1=pool(),  # (N, 16, 12, 12)
            conv2=conv(16, 24, 3, norm=True),
            pool2=pool(),  # (N, 24, 6, 6)
            inception_a=a,
            inception_b=b,
            pool3=pool(),  # (N, 80, 3, 3)
            inception_c=c,
        )
        if not dense:
            parts["average"] = nn.AdaptiveAvgPool2d(1)  # (N, 112, 1, 1)
        parts["flatten"] = nn.Flatten()  # dense: (N, 1008)
        if dense:
            parts["hidden"] = nn.Linear(112 * 3 * 3, 128)
            parts["relu"] = nn.ReLU()
        parts["linear"] = nn.Linear(128 if dense else 112, classes)
        super().__init__(parts)
        self.to(memory_format=torch.channels_last)  # faster on a CPU


members, histories = [], []
for seed in range(3):
    torch.manual_seed(seed)
    member = SmallGoogLeNet()
    history = train.fit(member, train_set, test_24, lr=1e-2, seed=seed, **recipe)
    members.append(member)
    histories.append(history)
results = [train.evaluate(m, test_24, like=histories[0]) for m in members]
accuracies = [result.accuracy for result in results]
costs = [look.trace(m, (3, 24, 24)).multiply_adds.sum() for m in (members[0], lenet)]
print("GoogLeNet", *(f"{accuracy:.3f}" for accuracy in accuracies))
print(f"{count(members[0]):,} parameters, {costs[0]:,} multiply-adds")
print(f"LeNet {lenet_result.accuracy:.3f}")
print(f"{count(lenet):,} parameters, {costs[1]:,} multiply-adds")

# %%
baseline = lenet_result.accuracy
check.that(
    np.mean(accuracies) > baseline + 0.03,
    f"mean of three {np.mean(accuracies):.3f} > LeNet {baseline:.3f} + 0.03",
)
check.that(count(members[0]) < count(lenet), "with fewer parameters")
check.that(costs[0] < 2 * costs[1], f"{costs[0] / costs[1]:.1f} times the operations")

# %% name="fig-live" tags=["hide-input"] alt_ko="에폭에 따른 테스트 정확도 곡선 둘. 작은 GoogLeNet은 처음에는 LeNet과 비슷하다가 뒤로 갈수록 앞서고, 시드 셋의 띠가 둘러져 있습니다. LeNet이 아래에서 끝납니다." alt_en="Two curves of test accuracy over the epochs. The small GoogLeNet, with the band of its three seeds, is about level with LeNet at first and pulls ahead later. LeNet ends below." caption_ko="방금 이 노트북에서 잰 테스트 정확도. GoogLeNet은 시드 셋의 평균과 범위입니다." caption_en="Test accuracy measured just now in this notebook; for GoogLeNet the mean and the range of three seeds."
look.curves(
    {
        "small GoogLeNet": [history.table for history in histories],
        "LeNet": lenet_history.table,
    },
    height=3.0,
)

# %% [markdown] lang="ko"
# 파라미터는 LeNet보다 적은데 더 잘 맞힙니다. 다만 곱셈-덧셈은 1.5배쯤이고 배치 정규화도 이쪽에만 있습니다. 그러니 이 비교는 신경망 전체의 비교이고, 모듈 덕분이라고만 말할 수는 없습니다.
# 시드 셋의 정확도가 얼마나 다른지도 위에서 보아 두세요. 아래의 차이들은 이것과 견주어 읽어야 합니다.
#
# 앞에서 미룬 것을 잽니다. 훈련한 신경망 안에서 ReLU를 지난 값 가운데 0은 얼마나 될까요?

# %% [markdown] lang="en"
# It is more accurate than LeNet and has fewer parameters. But it needs about 1.5 times the multiply-adds, and it alone has
# batch normalisation. So this compares whole networks, and the credit is not the module's alone. See above, too, how far
# apart the three seeds are; read the differences below against that.
#
# Now for what we put off: in the trained network, how many of the values that leave a ReLU are 0?

# %%
zeros = []
hooks = [
    layer.register_forward_hook(
        lambda layer, inputs, output: zeros.append((output == 0).float().mean().item())
    )
    for layer in members[0].modules()
    if isinstance(layer, nn.ReLU)
]
train.evaluate(members[0], test_24, like=histories[0])
for hook in hooks:
    hook.remove()
print(
    f"{len(hooks)} ReLU: {min(zeros):.2f} to {max(zeros):.2f}, mean {np.mean(zeros):.2f}"
)
check.that(np.mean(zeros) > 0.3, "the data inside the modules are sparse")

# %% [markdown] lang="ko"
# ### 완전 연결층 대신 평균
#
# 마지막 특징 맵을 채널마다 평균하는 전역 평균 풀링(global average pooling)은 NiN 논문에서 왔습니다. 그 논문은 CIFAR-10에서 mlpconv에 완전 연결층을 붙이면
# 오류율이 11.59%, 드롭아웃까지 하면 10.88%, 전역 평균 풀링이면 10.41%라고 적었습니다({cite:t}`lin2014network`, 표 5). GoogLeNet 논문은 ImageNet의 top-1 정확도가
# 0.6퍼센트포인트 올랐고 드롭아웃은 그래도 필요했다고 적었습니다(5절). 강의는 장점을 둘 듭니다. 파라미터가 적어 과적합이 줄고, 입력이 평행 이동해도 강건하다는 것입니다. 은닉 유닛
# 128개짜리 완전 연결층을 붙인 것과 견주고, 창을 옮겨 가며 잽니다. 훈련에서 창은 가운데에서 4픽셀까지 벗어났습니다.
# 4픽셀을 넘으면 창이 그림 밖으로 나가므로 가장자리 픽셀을 되풀이해 채웁니다.

# %% [markdown] lang="en"
# ### The mean in place of dense layers
#
# Global average pooling, the mean of each channel of the last feature maps, comes from the paper on NiN. There mlpconv
# layers with a fully connected layer have 11.59% error on CIFAR-10, 10.88% with dropout, and 10.41% with global average
# pooling ({cite:t}`lin2014network`, table 5). The paper on GoogLeNet gained 0.6 percentage points of top-1 accuracy on
# ImageNet and still needed dropout (section 5). The lecture names two advantages: fewer parameters overfit less, and the
# mean is robust when the input is translated. We compare it with a fully connected layer of 128 hidden units, and measure while
# shifting the window. In training the window was up to 4 pixels off the centre. Beyond 4 it leaves the image, and we repeat the pixels of the border.

# %%
torch.manual_seed(0)
with_dense = SmallGoogLeNet(dense=True)
train.fit(with_dense, train_set, lr=1e-2, **recipe)
wide = functional.pad(test_set.images.float(), [10] * 4, mode="replicate").byte()


def shifted(across, down):
    """The test images, 24 px, with the window moved."""
    top, left = 14 + down, 14 + across
    images = wide[:, :, top : top + 24, left : left + 24]
    return data.ImageSet(images, test_set.labels, test_set.classes)


shifts, robust = (0, 2, 4, 8), {}
for name, model in {"mean": members[0], "dense": with_dense}.items():
    robust[name] = []
    for d in shifts:
        places = [(d, 0), (-d, 0), (0, d), (0, -d)][: 4 if d else 1]
        each = [train.evaluate(model, shifted(*p), like=histories[0]) for p in places]
        robust[name].append(np.mean([result.accuracy for result in each]))
    values = " ".join(f"{accuracy:.3f}" for accuracy in robust[name])
    print(f"{name:6}{count(model):8,} parameters, accuracy {values}")

# %%
moved = torch.randn(1, 112, 3, 3).roll(1, dims=3)  # a map that moves by one cell
still = moved.roll(-1, dims=3)
check.close(moved.mean(dim=(2, 3)), still.mean(dim=(2, 3)), what="the mean of the maps")
ratio = count(with_dense) / count(members[0])
check.that(ratio > 4, f"{ratio:.1f} times the parameters with the dense layer")
difference = np.mean(accuracies) - robust["dense"][0]
check.that(difference > -0.04, f"mean of three minus dense {difference:+.3f}")
for name, accuracies_at in robust.items():
    fall = accuracies_at[0] - accuracies_at[-1]
    check.that(fall > 0.15, f"{name}: a shift of 8 pixels costs {fall:.3f}")

# %% name="fig-shift" tags=["hide-input"] alt_ko="가로축은 창을 옮긴 픽셀 0부터 8, 세로축은 정확도. mean과 dense의 두 곡선이 거의 나란히 내려갑니다. 2픽셀까지는 조금, 4픽셀까지는 8퍼센트포인트쯤 내려가고 그 뒤로 가파릅니다. 4픽셀부터 mean이 조금 위입니다." alt_en="Shift of the window from 0 to 8 pixels across, accuracy upwards. The curves of mean and dense go down almost side by side: a little up to 2 pixels, by about 8 percentage points up to 4, steeply beyond. From 4 on mean is slightly above." caption_ko="창을 옮겼을 때의 정확도, 네 방향의 평균. mean은 전역 평균 풀링, dense는 완전 연결층. 훈련에서 창은 가운데에서 4픽셀까지 벗어났습니다." caption_en="Accuracy with the window shifted, mean of four directions. “mean” is global average pooling, “dense” the fully connected layer. In training the window was up to 4 pixels off the centre."
look.curves(
    {
        name: pd.DataFrame({"shift in pixels": shifts, "accuracy": values})
        for name, values in robust.items()
    },
    x="shift in pixels",
    y="accuracy",
    height=3.0,
)

# %% [markdown] lang="ko"
# 파라미터는 $1/4$인데 정확도는 시드의 차이 안에서 같거나 낫습니다. 그러나 평행 이동에는 거의 똑같이 약합니다. 평균은 마지막 특징 맵이 통째로 한 칸 옮겨 가도 같은 값을 줍니다.
# 하지만 그 한 칸은 입력의 8픽셀이고, 창 밖으로 나간 것은 되돌아오지 않습니다. 두 신경망 모두 훈련에서 본 4픽셀 안에서는 덜 잃고, 그 밖에서는 가파르게 잃습니다.
#
# ### 중간에 붙인 보조 분류기 둘
#
# GoogLeNet은 훈련할 때 4a와 4d에 작은 분류기를 하나씩 붙입니다. 이것을 보조 분류기(auxiliary classifier)라고 합니다. 그 손실에 0.3을 곱해 더하고, 다 배우면 떼어 냅니다.
#
# $$L = L_{\text{main}} + 0.3\,L_{4a} + 0.3\,L_{4d}$$
#
# 논문이 든 까닭은 깊은 신경망에서 그레이디언트가 앞쪽까지 잘 전해지지 않을까 걱정해서입니다(5절). 정말 그럴까요? 작은 그림용 GoogLeNet을 씁니다. 모듈은 그대로 아홉 개이고, 채널을 8분의 1로 줄이고 드롭아웃을 뺐습니다. 배치 정규화는 없습니다.
# 손글씨 숫자 100장을 보여 주고, 단(합성곱이나 모듈 하나)마다 파라미터에 대한 그레이디언트의 노름을 잽니다. 처음 가중치는 두 가지입니다. He 초기화와, PyTorch가 합성곱에 기본으로 주는 더 작은 값입니다.

# %% [markdown] lang="en"
# With $1/4$ of the parameters, accuracy is the same or better, within what seeds differ. But both are about equally
# weak against translation. The mean gives the same value when the last feature map moves by one whole cell. That cell is
# 8 pixels of the input, however, and what has left the window does not come back. Both lose less within the 4 pixels that they saw in
# training, and fall steeply beyond.
#
# ### Two auxiliary classifiers on the way
#
# For its training, GoogLeNet has a small classifier on 4a and another on 4d. They are called auxiliary classifiers, or heads. Their losses are
# multiplied by 0.3 and added, and after training they are taken off.
#
# $$L = L_{\text{main}} + 0.3\,L_{4a} + 0.3\,L_{4d}$$
#
# The paper's reason is a concern that in a deep network gradients might not reach the first layers well (section 5). Do they?
# We take a GoogLeNet for small images: all nine modules, an eighth of the channels, no dropout, no batch normalisation. We
# show it 100 handwritten digits and measure, for each stage (a convolution or a module), the norm of the gradient of its
# parameters. There are two kinds of initial weights: He's, and the smaller ones that PyTorch gives to convolutions by
# default.

# %%
digits = data.load("digits", "train").centre(20)
pixels = {"mean": 0.13, "std": 0.31}  # of the digits, about


def with_heads(small, seed=0):
    """GoogLeNet for small images, 1/8 of the channels, heads on 4a and 4d, no dropout."""
    torch.manual_seed(seed)
    model = models.create(
        "googlenet_cifar", num_classes=10, in_channels=1, aux=True, width=1 / 8
    )
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and small:
            layer.reset_parameters()
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    return model.to(memory_format=torch.channels_last)


def losses(model, x, labels, weight):
    """The main loss, and what is to be made small."""
    main, *heads = (functional.cross_entropy(each, labels) for each in model(x))
    return main, main + weight * sum(heads)


x, labels = next(data.batches(digits[:100], 100, shuffle=False, **pixels))
gradients = {}
for start, small in {"He": False, "small": True}.items():
    for weight in (0.0, 0.3):
        model = with_heads(small)
        losses(model, x, labels, weight)[1].backward()
        gradients[start, weight] = {
            name.removeprefix("inception_"): torch.cat(
                [p.grad.flatten() for p in layer.parameters()]
            ).norm()
            for name, layer in model.features.named_children()
            if list(layer.parameters())
        }
gain = {
    start: gradients[start, 0.3]["conv1"] / gradients[start, 0.0]["conv1"]
    for start in ("He", "small")
}
lift = {
    name: float(size / gradients["small", 0.0][name])
    for name, size in gradients["small", 0.3].items()
}
some = ("conv1", "3a", "4a", "4b", "4d", "5b")
print("small, with heads:", *(f"{name} × {lift[name]:.1f}" for name in some))
check.that(0.5 < gain["He"] < 2, f"He: × {gain['He']:.2f} in conv1 with the heads")
check.that(gain["small"] > 10, f"small: × {gain['small']:.0f} in conv1 with the heads")
check.that(lift["4a"] > 30 and lift["4d"] < 5, "the head on 4a does it, not that on 4d")

# %% name="fig-gradients" tags=["hide-input"] alt_ko="가로축은 conv1부터 5b까지의 단, 세로축은 그레이디언트 크기의 로그 눈금. He의 두 곡선은 위쪽에 겹쳐 평평합니다. small의 곡선은 5b에서 conv1로 갈수록 수만 배 작아지고, 보조 분류기를 붙인 것은 4a에서 백 배 넘게 위로 뛴 다음 conv1까지 수십 배 위에 머뭅니다." alt_en="Stages from conv1 to 5b across, size of the gradient upwards on a logarithmic scale. The two curves of He lie on each other, flat, on top. The curve of small falls tens of thousands of times from 5b to conv1; with heads it jumps to more than a hundred times that at 4a and stays tens of times higher down to conv1." caption_ko="배우기 전, 단마다 잰 그레이디언트의 크기(로그 눈금). He는 He 초기화, small은 PyTorch의 기본값, heads는 보조 분류기를 더한 것, reduce는 conv2 앞의 1×1 합성곱입니다." caption_en="Size of the gradient in each stage before learning (logarithmic scale). “He” is He initialisation, “small” PyTorch's default; “heads” adds the auxiliary classifiers, “reduce” is the 1×1 convolution before conv2."
figure = look.curves(
    {
        f"{start}, heads" if weight else start: [float(g) for g in sizes.values()]
        for (start, weight), sizes in gradients.items()
    },
    ylabel="size of the gradient",
    xlabel="stage",
    percent=False,
    logy=True,
    height=3.4,
)
stages = list(gradients["He", 0.0])
short = [name.replace("conv2_reduce", "reduce") for name in stages]
figure.axes[0].set_xticks(range(1, len(stages) + 1), short, rotation=60)
figure

# %% [markdown] lang="ko"
# 작은 가중치로 시작하면 그레이디언트가 앞으로 갈수록 사라집니다(기울기 소실, vanishing gradient). 보조 분류기를 붙이면 4a에서 백 배 넘게, conv1에서는 수십 배로 커집니다. 4d에 붙인 것의 효과는
# 두세 배를 넘지 않습니다. 걱정할 만했고, 4a의 보조 분류기는 정말로 그레이디언트를 키웁니다. 그런데 He 초기화로 시작하면 사라지는 것이 없고, 보조 분류기가 더해 주는 것도 없습니다. He 초기화는
# GoogLeNet보다 늦은 2015년에 나왔습니다 {cite:p}`he2015delving`. 이제 훈련에서 차이가 나는지 시드 두 개로 재 봅시다.

# %% [markdown] lang="en"
# From small weights the gradient vanishes towards the front. With the heads it is more than a hundred times larger at 4a and
# tens of times larger at conv1; what the head on 4d adds is no more than two or three times. The concern was justified, and
# the head on 4a does lift the gradient. But from He initialisation nothing vanishes, and the heads add nothing to it. He
# initialisation came in 2015, after GoogLeNet {cite:p}`he2015delving`. Does it make a difference in training? We measure with
# two seeds.

# %%
course = {}
for weight in (0.0, 0.3):
    for seed in range(2):
        model = with_heads(small=False, seed=seed)
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        path = []
        for epoch in range(1, 4):
            for x, labels in data.batches(
                digits[:1000], 50, seed=seed, epoch=epoch, **pixels
            ):
                main, both = losses(model, x, labels, weight)
                optimizer.zero_grad()
                both.backward()
                optimizer.step()
                path.append(main.item())
        course.setdefault("with heads" if weight else "without", []).append(
            np.reshape(path, (-1, 10)).mean(axis=1)  # of ten steps each
        )
for name, paths in course.items():
    print(f"{name:11} main loss at the end", *(f"{path[-1]:.2f}" for path in paths))
ends = {name: np.mean([path[-1] for path in paths]) for name, paths in course.items()}
check.that(max(ends.values()) < 2.1, "it learns with the heads and without")
check.that(
    ends["with heads"] < ends["without"],
    f"mean of two seeds: {ends['with heads']:.2f} < {ends['without']:.2f}",
)

# %% [markdown] lang="ko"
# 처음 그레이디언트의 크기는 같은데도 보조 분류기를 붙인 쪽이 더 빨리 배웁니다. 크기만 보아서는 알 수 없는 것이 있는 셈입니다. 중간 층이 제 몫의 답을 바로 배우는 것이
# 도움이 되었을 수 있습니다. 다만 시드 두 개로 짧게 잰 것이고, 오래 훈련한 뒤에도 차이가 남는지는 재지 않았습니다.

# %% [markdown] lang="en"
# The gradients begin at the same size, and yet it learns faster with the heads. Size alone does not tell everything: it may
# have helped that middle layers are taught the answers directly. But these are two seeds and a short training, and whether a
# difference remains after a long one we have not measured.

# %% [markdown] lang="ko"
# ### 여러 번 자르고 여럿에게 묻기
#
# 대회에 낸 것은 신경망 하나의 답이 아닙니다. 논문은 먼저 사진을 네 가지 크기로 바꿉니다. 크기마다 왼쪽, 가운데, 오른쪽에서 정사각형을 하나씩 잘라 냅니다. 정사각형마다 네 모서리와 가운데의 조각 다섯 장에 전체를 줄인
# 한 장을 더해 여섯 장을 얻고, 좌우 반전한 것도 더합니다. $4 \cdot 3 \cdot 6 \cdot 2 = 144$장입니다(7절). 이렇게 재는 것을 멀티 크롭 평가(multi-crop testing)라고 합니다.
# 여기에 신경망 7개를 써서 소프트맥스 확률을 모두 평균합니다.

# %% [markdown] lang="en"
# ### Many crops, many networks
#
# What entered the competition was not a single network. The paper resizes each photo to four sizes, cuts a square of each
# from the left, the middle and the right, takes from each square the windows at four corners and the centre and the whole
# square resized, and adds the mirror images of all: $4 \cdot 3 \cdot 6 \cdot 2 = 144$ views (section 7). This is multi-crop
# testing. It shows them to 7 networks and averages all the softmax probabilities.

# %%
cat = torch.from_numpy(skimage.data.chelsea()).permute(2, 0, 1)[None] / 255
views = data.crops_144(size=224)(cat)
check.that(views.shape[1] == 4 * 3 * 6 * 2, f"{views.shape[1]} views")

# %% name="fig-views" tags=["hide-input"] alt_ko="고양이 사진의 조각 열여덟 장, 세 줄에 여섯 장씩. 줄마다 왼쪽, 가운데, 오른쪽 정사각형에서 자른 네 모서리와 가운데, 그리고 정사각형 전체입니다. 조각끼리 많이 겹칩니다." alt_en="Eighteen pieces of a photo of a cat, in three rows of six. Each row has the four corners and the centre of the left, middle or right square, and the whole square. The pieces overlap a great deal." caption_ko="한 크기(352)의 뒤집지 않은 조각들. 한 줄이 정사각형 하나이고, 마지막 칸은 정사각형 전체입니다." caption_en="The views of one size (352), not mirrored. A row is a square; its last view is the whole square."
look.grid(views[0, 108::2], columns=6, size=0.9)

# %% [markdown] lang="ko"
# 우리도 합니다. 신경망은 시드가 다른 셋입니다. 우리 그림은 정사각형이라 세 정사각형이 모두 같으므로, 서로 다른 조각(views) 48장만 보여 주어도 144장의 평균과 같습니다. 한 장, 열 장, 48장을 신경망 하나(셋의
# 평균)와 셋의 앙상블(ensemble)로 잽니다. 테스트 그림 400장입니다.

# %% [markdown] lang="en"
# We do the same with our three networks. Our images are squares, so that the three squares of each are the same, and 48
# different views give the same mean as 144. We measure one view, ten and 48, with one network (the mean of the three) and with the
# ensemble of the three, on 400 test images.

# %%
few = test_set[:400]
every = data.crops_144(size=24, scales=(28, 32, 36, 40))
x = data.to_float(few.images[:2])
different = [36 * scale + view for scale in range(4) for view in range(12)]
again = [view + 12 for view in different]  # of the middle square
check.close(every(x)[:, different], every(x)[:, again], what="the same squares")

kinds = {1: None, 10: data.ten_crop(24), 48: lambda x: every(x)[:, different]}
table, rows = {}, torch.arange(len(few))
for number, cut in kinds.items():
    shown = few.centre(24) if cut is None else few
    probability = torch.stack(
        [
            train.evaluate(m, shown, like=histories[0], views=cut).logits.softmax(dim=1)
            for m in members
        ]
    )  # (3, 400, 10)
    single = (probability.argmax(dim=2) == few.labels).float().mean().item()
    jointly = probability.mean(dim=0)
    loss_single = -probability[:, rows, few.labels].log().mean().item()
    table[number] = {
        "error, 1 network": 1 - single,
        "error, 3": 1 - (jointly.argmax(dim=1) == few.labels).float().mean().item(),
        "loss, 1 network": loss_single,
        "loss, 3": -jointly[rows, few.labels].log().mean().item(),
    }
crops = pd.DataFrame(table).T
crops.index.name = "views"
crops.round(3)

# %%
for number, row in table.items():
    single, three = row["loss, 1 network"], row["loss, 3"]
    check.that(three <= single, f"{number} views: loss {three:.3f} ≤ {single:.3f}")
    single, three = row["error, 1 network"], row["error, 3"]
    check.that(three < single, f"{number} views: error {three:.3f} < {single:.3f}")
check.that(
    table[1]["loss, 1 network"] < table[48]["loss, 1 network"],
    "averaging over views makes the loss larger here",
)

# %% name="fig-crops" tags=["hide-input"] alt_ko="논문의 top-5 오류율 곡선 둘. 조각 1, 10, 144장에 신경망 하나는 10.07, 9.15, 7.89%로, 일곱 개는 8.09, 7.62, 6.67%로 내려갑니다." alt_en="Two curves of the paper's top-5 error. Over 1, 10 and 144 crops, one network goes from 10.07 to 9.15 and 7.89%, seven from 8.09 to 7.62 and 6.67%." caption_ko="논문의 top-5 오류율(퍼센트), 조각의 수(로그 눈금)에 따라({cite:t}`szegedy2015going`, 표 3)." caption_en="The paper's top-5 error in percent, by the number of crops (logarithmic scale; {cite:t}`szegedy2015going`, table 3)."
paper_crops = {"1 network": [10.07, 9.15, 7.89], "7 networks": [8.09, 7.62, 6.67]}
figure = look.curves(
    {
        name: pd.DataFrame({"crops": [1, 10, 144], "top-5 error, %": values})
        for name, values in paper_crops.items()
    },
    x="crops",
    y="top-5 error, %",
    logx=True,
    percent=False,
    height=2.9,
)
figure.axes[0].set_xticks([1, 10, 144], ["1", "10", "144"])
figure.axes[0].set_xticks([], minor=True)
figure

# %% [markdown] lang="ko"
# 우리 표에서 신경망을 셋으로 늘리면 줄마다 오류율이 내려갑니다. 조각을 늘리는 것은 그만 못합니다. 오류율은 별로 움직이지 않고 손실은 오히려 커집니다. 도형이 그림을 거의
# 채우고 있어서 많은 조각이 도형을 자르고, 크기를 바꾼 조각의 도형은 훈련에서 본 적이 없는 크기이기 때문일 것입니다. 논문에서는 조각 열 장이 top-5 오류율을 0.92퍼센트포인트, 144장이 2.18퍼센트포인트
# 낮추었습니다. 훈련에서 크고 작은 조각을 보여 주었으니(6절) 조각들이 낯설지 않았을 것입니다. 계산량도 보아야 합니다. 신경망 7개에 144장이면 사진 한 장에 1,008번 계산합니다.
#
# 앙상블의 손실이 신경망 하나의 손실의 평균보다 작거나 같은 것은 우연이 아닙니다. $-\log$는 아래로 볼록한 함수라서, 평균에서의 함숫값이 함숫값의 평균을 넘지 못합니다(옌센 부등식). $p_m$은 신경망 $m$이
# 정답에 준 확률입니다.
#
# $$-\log\Big(\frac{1}{M}\sum_{m} p_m\Big) \le \frac{1}{M}\sum_{m} \big(-\log p_m\big)$$

# %% [markdown] lang="en"
# In our table three networks have less error than one in every row. More views do less: the error hardly moves, and the loss
# even grows. The likely reason is that a shape almost fills its image, so that many views cut it, and that in resized images
# it has a size never seen in training. In the paper ten crops lower the top-5 error by 0.92 percentage points and 144 by
# 2.18. Its networks were shown larger and smaller crops in training (section 6), so the views were probably nothing strange
# to them. And mind the price: 7 networks and 144 crops are 1,008 computations for one photo.
#
# That the loss of the ensemble is no greater than the mean of the losses of its members is not by chance. $-\log$ is convex, so its
# value at the mean cannot exceed the mean of its values (Jensen's inequality). $p_m$ is the probability that network $m$
# gives to the right answer.
#
# $$-\log\Big(\frac{1}{M}\sum_{m} p_m\Big) \le \frac{1}{M}\sum_{m} \big(-\log p_m\big)$$
# %% [markdown] lang="ko"
# ## Inception v3로
#
# 이듬해의 Inception v3 {cite:p}`szegedy2016rethinking`은 큰 필터를 작은 필터 여럿으로 나눕니다. 5×5는 3×3 둘로, $n \times n$은 $1 \times n$과 $n \times 1$로
# 바꿉니다. 나누어도 수용 영역(receptive field)은 그대로입니다. 채널 수가 같을 때 가중치가 얼마나 줄어드는지 셉니다.

# %% [markdown] lang="en"
# ## On to Inception v3
#
# A year later Inception v3 {cite:p}`szegedy2016rethinking` takes large filters apart into several small ones: 5×5 into two of
# 3×3, $n \times n$ into $1 \times n$ and $n \times 1$. The receptive field remains the same. We count how many
# weights this saves where the channels stay the same.

# %% tags=["nbval-check-output"]
parts_of = {
    "5×5 → 3×3, 3×3": ((5, 5), [(3, 3), (3, 3)]),
    "3×3 → 2×2, 2×2": ((3, 3), [(2, 2), (2, 2)]),
    "3×3 → 1×3, 3×1": ((3, 3), [(1, 3), (3, 1)]),
    "7×7 → 1×7, 7×1": ((7, 7), [(1, 7), (7, 1)]),
}
saving = {}
for name, (before, after_it) in parts_of.items():
    cells = sum(height * width for height, width in after_it)
    saving[name] = 1 - cells / (before[0] * before[1])
    print(f"{name}: {before[0] * before[1]} → {cells}, saves {saving[name]:.0%}")

# %%
for name, (before, after_it) in parts_of.items():
    x = torch.zeros(1, 1, 21, 21, requires_grad=True)
    y = x
    for kernel in after_it:
        y = functional.conv2d(y, torch.ones(1, 1, *kernel))
    y[0, 0, y.shape[2] // 2, y.shape[3] // 2].backward()  # what does one cell see?
    seen = int((x.grad != 0).sum())
    check.that(seen == before[0] * before[1], f"{name}: sees {seen} cells")

# %% name="fig-factor" tags=["hide-input"] alt_ko="5×5 표 셋 사이에 기호가 있습니다. 세로 다섯 칸짜리 열 1, 2, 3, 2, 1과 가로 다섯 칸짜리 행 1, 2, 3, 2, 1을 곱하면 가운데가 9인 5×5 표가 됩니다." alt_en="A column of five cells, 1, 2, 3, 2, 1, times a row of five cells, 1, 2, 3, 2, 1, equals a 5×5 table whose centre is 9." caption_ko="열과 행의 곱인 커널. 수 25개가 수 10개에서 나옵니다." caption_en="A kernel that is the product of a column and a row: 25 numbers come from 10."
hill = np.array([1, 2, 3, 2, 1])
look.draw.row(
    look.draw.cells(hill[:, None], colour="orange"),
    "×",
    look.draw.cells(hill, colour="orange"),
    "=",
    look.draw.cells(np.outer(hill, hill), colour="green"),
)

# %% [markdown] lang="ko"
# 논문이 적은 28%, 11%, 33%와 같습니다. 5×5를 3×3 둘로 나눌 때 사이에 ReLU가 들어가므로 비선형 변환도 하나 늘어납니다.
#
# $1 \times n$과 $n \times 1$로 나눌 수 있는 커널은 열 벡터와 행 벡터의 곱, 곧 계수(rank)가 1인 커널뿐입니다. 다른 커널은 이런 곱을 여럿 더해야 합니다. 채널이 많으면 곱의
# 수도 많아지므로 잃는 것이 줄어듭니다. 논문은 앞쪽 층에서는 잘 되지 않고 12에서 20픽셀쯤의 특징 맵에서 잘 된다고 적었습니다(3.2절).

# %% [markdown] lang="en"
# These are the paper's 28%, 11% and 33%. Since a ReLU stands between the two of 3×3 that replace a 5×5, there is one
# nonlinearity more, too.
#
# The kernels that can be taken apart into $1 \times n$ and $n \times 1$ are the products of a column and a row vector, those
# of rank 1. Any other kernel takes a sum of several such products. With many channels there are many products, so that less
# is lost. The paper says that this works badly in early layers and well on maps of about 12 to 20 pixels (section 3.2).

# %%
generator = torch.Generator().manual_seed(0)
column, row = torch.randn(2, 7, generator=generator, dtype=torch.double)
kernel = torch.outer(column, row)
x = torch.randn(1, 1, 20, 20, generator=generator, dtype=torch.double)
across = functional.conv2d(x, row.view(1, 1, 1, 7))
twice = functional.conv2d(across, column.view(1, 1, 7, 1))
check.close(twice, functional.conv2d(x, kernel.view(1, 1, 7, 7)), what="1×7, 7×1")

any_kernel = torch.randn(7, 7, generator=generator, dtype=torch.double)
u, values, v = torch.linalg.svd(any_kernel)
products = [s * torch.outer(a, b) for s, a, b in zip(values, u.T, v, strict=True)]
check.close(sum(products), any_kernel, what="the sum of 7 products")
left = (any_kernel - products[0]).norm() / any_kernel.norm()
check.that(left > 0.3, f"one product leaves {left:.2f} of a random kernel")

# %%
with torch.device("meta"):
    v3 = models.create("inception_v3")
branch = v3.to_17.mixed_6b.branch_7x7
tall = [tuple(m.kernel_size) for m in branch.modules() if isinstance(m, nn.Conv2d)]
print("branch of mixed_6b:", *tall)
now = 7 * 128 * 128 + 7 * 128 * 192
whole = 49 * 128 * 192
check.that(
    sum(m.weight.numel() for m in branch[1:].modules() if isinstance(m, nn.Conv2d))
    == now,
    f"{now:,} weights in 1×7 and 7×1, {whole:,} in one 7×7",
)
v3_facts = models.facts("inception_v3")
check.that(count(v3) == v3_facts["parameters"] < 25e6, f"{count(v3):,} parameters")
times = v3_facts["multiply_adds"] / facts["multiply_adds"]
check.that(3 < times < 4, f"{times:.1f} times the operations of GoogLeNet")

# %% [markdown] lang="ko"
# 파라미터가 25M보다 적다는 논문의 말은 맞습니다. 연산은 세어 보면 GoogLeNet의 3.6배입니다. 논문의 표 3에는 4.8G와 1.5G, 곧 3.2배로 적혀 있습니다. 흔히 인용되는 2.5배는
# 같은 표에서 3.8G인 Inception v2에 맞는 말입니다. 배치 정규화를 한 보조 분류기는 v3에도 남아 있지만, 까닭이 달라졌습니다. 논문은 보조 분류기가 훈련 초반에는 돕지 않고 끝에 가서 규제처럼 작용한다고 고쳐 적었습니다(4절).
# 앞에서 재 본, 채널을 줄인 신경망은 보조 분류기를 붙이자 초반에 더 빨리 배웠지만, 그 신경망에는 배치 정규화가 없었습니다.

# %% [markdown] lang="en"
# The paper is right that there are fewer than 25M parameters. We count 3.6 times the operations of GoogLeNet; the paper's
# table 3 has 4.8G and 1.5G, which is 3.2 times. The 2.5 times that is often quoted fits Inception v2, with 3.8G in the same
# table. The auxiliary classifier, with batch normalisation, is still there in v3, but for another reason. The paper now says
# that it does not help early in training but acts, near the end, as a regulariser (section 4). Our network with fewer
# channels did learn faster early on with its heads, but it had no batch normalisation.

# %% [markdown] lang="ko"
# ## 전이 학습
#
# 사진 백만 장을 모아 며칠씩 훈련할 수 있는 사람은 많지 않습니다. 그러나 남이 훈련한 신경망을 가져다 자기 과제에 쓸 수는 있습니다. 이것이 전이 학습입니다. 앞쪽 층이 배운 무늬와 모서리는 어떤 그림에나 있으니, 다른
# 과제에도 쓸모가 있을 것입니다. 두 연구는 ImageNet에서 배운 특징을 그대로 두고 선형 분류기만 새로 훈련해서 여러 과제에서 좋은 결과를 얻었습니다
# {cite:p}`donahue2014decaf,razavian2014cnn`. 층마다 얼마나 옮길 수 있는지, 과제가 멀면 어떻게 되는지를 잰 연구도 있습니다 {cite:p}`yosinski2014transferable`.
#
# 길은 셋입니다.
#
# - **처음부터**(scratch): 무작위 가중치에서 시작합니다.
# - **동결한 특징**(frozen): 사전 학습된 모델의 층을 모두 동결하고 마지막 층만 새로 훈련합니다.
# - **미세 조정**(fine-tuning): 사전 학습된 가중치에서 시작해, 작은 학습률로 모든 층을 마저 훈련합니다.
#
# 언제 어느 길이 나을까요? 데이터의 양과 과제의 거리로 나누어 잽니다. 작은 GoogLeNet을 100가지 도형 가운데 80가지로 사전 학습합니다. 가까운 과제는 배우지 않은 나머지 20가지에서 고른 글자, 그릇,
# 체스 말 열 가지입니다. 먼 과제는 손글씨 숫자 열 가지입니다. 클래스마다 5장, 15장, 50장을 줍니다.
# 그림이 적을수록 에폭을 늘려 16, 10, 5에폭을 훈련합니다. 학습률은 미세 조정에서 0.003, 나머지 둘에서 0.01입니다. 시드는 하나뿐이고 테스트 그림은 과제마다 500장이므로, 2퍼센트포인트 안팎의 차이는 믿지 않기로 합니다.

# %% [markdown] lang="en"
# ## Transfer learning
#
# Few people can collect a million photos and train for days. But one can take a network that others have trained and use it
# for a task of one's own. This is transfer learning. The textures and edges that early layers learned occur in any picture,
# so they should be good for other tasks, too. Two studies kept features learned on ImageNet as they were, trained no more
# than a new linear classifier, and did well on several tasks {cite:p}`donahue2014decaf,razavian2014cnn`. Another measured how
# well each layer can be carried over, and what happens when the task is distant {cite:p}`yosinski2014transferable`.
#
# There are three ways.
#
# - **From scratch**: start from random weights.
# - **Frozen features**: freeze all layers of the pretrained model and train a new last layer alone.
# - **Fine-tuning**: start from the pretrained weights and train everything further, at a small learning rate.
#
# Which is better, and when? We measure by the amount of data and by the distance of the task. A small GoogLeNet is pretrained
# on 80 of the 100 kinds of shapes. The near task has ten kinds out of the 20 that it never saw: letters, vessels and chess
# pieces. The distant task has ten kinds of handwritten digits. There are 5, 15 or 50 images of each class; the fewer images,
# the more epochs: 16, 10 and 5. The learning rate is 0.003 for fine-tuning and 0.01 for the other two. There is one seed, and
# each task has 500 test images, so we put no trust in differences of about 2 percentage points.

# %%
hundred = data.load("shapes", "train", count=5000, classes=100, size=24)
hundred_test = data.load("shapes", "test", count=5000, classes=100, size=24)


def first_80(images):
    kept = images[images.labels < 80]
    return data.ImageSet(kept.images, kept.labels, images.classes[:80])


def near(images):
    """Every second one of the last 20 classes, with labels 0 to 9."""
    kept = images[(images.labels >= 80) & (images.labels % 2 == 0)]
    return data.ImageSet(kept.images, (kept.labels - 80) // 2, images.classes[80::2])


def distant(split):
    """Digits, grey as three equal channels, 24 px."""
    found = data.load("digits", split).centre(24)
    rgb = found.images.expand(-1, 3, -1, -1).contiguous()
    return data.ImageSet(rgb, found.labels, found.classes)


tasks = {
    "near": (near(hundred), near(hundred_test)),
    "distant": (distant("train"), distant("test")[:500]),
}
torch.manual_seed(0)
source = SmallGoogLeNet(classes=80)
source_history = train.fit(
    source,
    first_80(hundred),
    epochs=6,
    batch_size=100,
    lr=1e-2,
    schedule="onecycle",
    normalize="image",
    augment=data.flip(),
    quiet=True,
)
print("source, accuracy in training", *source_history.table.train_accuracy.round(2))
print(f"guessing one of 80: {1 / 80:.2f}")

# %% [markdown] lang="ko"
# 사전 학습이 짧아서 훈련한 그림도 절반을 맞히지 못합니다. 그래도 찍는 것과는 거리가 멉니다. 이런 특징이라도 옮길 값어치가 있는지 봅시다. 아래는 세 과제의 그림입니다.

# %% [markdown] lang="en"
# After so short a pretraining it does not get half of its own training images right. But that is far from guessing. Let us
# see whether even such features are worth carrying over. Here are images of the three tasks.

# %% name="fig-tasks" tags=["hide-input"] alt_ko="그림 서른 장, 세 줄. 첫째 줄은 사전 학습에 쓴 도형들, 둘째 줄은 글자와 그릇과 체스 말, 셋째 줄은 검은 바탕의 흰 손글씨 숫자입니다. 위의 두 줄은 색과 무늬와 배경이 비슷합니다." alt_en="Thirty pictures in three rows: shapes of the pretraining; letters, vessels and chess pieces; white handwritten digits on black. The first two rows have similar colours, textures and backgrounds." caption_ko="위에서부터 사전 학습의 그림, 가까운 과제, 먼 과제." caption_en="From the top: the pretraining, the near task, the distant task."
look.grid(
    torch.cat(
        [hundred.images[:80:8], *(images.images[:10] for images, _ in tasks.values())]
    ),
    columns=10,
    size=0.62,
)


# %%
def adapted(model, few, part=None, epochs=10, lr=3e-3):
    """A copy with a new last layer, trained on a few images: all of it or a part."""
    torch.manual_seed(0)
    network = copy.deepcopy(model)
    network.linear = nn.Linear(network.linear.in_features, 10)
    for name, layer in network.named_children():
        if part is not None and name not in part:
            layer.requires_grad_(False).eval()  # batch norm's statistics stay, too
    train.fit(
        network,
        few,
        epochs=epochs,
        batch_size=25,
        lr=lr,
        schedule="onecycle",
        normalize="image",
        quiet=True,
    )
    return network


def accuracy(network, images):
    return train.evaluate(network, images, normalize="image").accuracy


EPOCHS = {5: 16, 15: 10, 50: 5}  # by images a class
ways = {
    "scratch": {"model": SmallGoogLeNet(), "lr": 1e-2},
    "frozen": {"model": source, "part": ["linear"], "lr": 1e-2},
    "fine-tuned": {"model": source, "lr": 3e-3},
}
transfer = {
    (task, way): [
        accuracy(adapted(few=images[: 10 * n], epochs=e, **options), test)
        for n, e in EPOCHS.items()
    ]
    for task, (images, test) in tasks.items()
    for way, options in ways.items()
}
pd.DataFrame(transfer, index=pd.Index(EPOCHS, name="images a class")).T.round(3)

# %%
near_by = {way: transfer["near", way] for way in ways}
far = {way: transfer["distant", way] for way in ways}
frozen, tuned, scratch = near_by["frozen"], near_by["fine-tuned"], near_by["scratch"]
check.that(
    min(frozen[0], tuned[0]) > scratch[0] + 0.15,
    f"near, 5: {frozen[0]:.3f} and {tuned[0]:.3f} > scratch {scratch[0]:.3f} + 0.15",
)
check.that(
    tuned[2] - frozen[2] > tuned[0] - frozen[0],
    "near: fine-tuning gains on frozen features as data grow",
)
check.that(
    far["frozen"][2] < far["scratch"][2] - 0.05,
    f"distant, 50: frozen {far['frozen'][2]:.3f} < scratch {far['scratch'][2]:.3f} − 0.05",
)
check.that(
    far["fine-tuned"][2] > far["frozen"][2] + 0.05,
    f"distant, 50: fine-tuned {far['fine-tuned'][2]:.3f}",
)
worst = min(
    transfer[task, "fine-tuned"][i] - transfer[task, "scratch"][i]
    for task in tasks
    for i in range(3)
)
check.that(worst > -0.06, f"fine-tuned minus scratch, at worst {worst:+.3f}")

# %% name="fig-transfer" tags=["hide-input"] alt_ko="그래프 둘, 가로축은 클래스마다 5, 15, 50장, 세로축은 정확도. 가까운 과제에서는 처음부터 훈련한 것(scratch)이 5장에서 훨씬 아래에 있고, 5장에서는 동결(frozen)이, 50장에서는 미세 조정(fine-tuned)이 가장 위입니다. 먼 과제에서는 동결이 맨 아래이고 나머지 둘이 나란히 위에 있습니다." alt_en="Two charts with 5, 15 and 50 images a class across and accuracy upwards. In the near task, scratch is far below at 5; frozen leads at 5, fine-tuned at 50. In the distant task frozen is lowest, and scratch and fine-tuned are above it, close together." caption_ko="테스트 정확도, 클래스마다 쓴 그림의 수(로그 눈금)에 따라. 왼쪽은 가까운 과제, 오른쪽은 먼 과제. 테스트 그림은 과제마다 500장입니다." caption_en="Test accuracy by the number of images a class (logarithmic scale). Left the near task, right the distant one, 500 test images each."
figure = style.figure("full", 3.2)
for axes, task in zip(figure.subplots(1, 2, sharey=True), tasks, strict=True):
    for i, way in enumerate(ways):
        axes.plot(
            list(EPOCHS),
            [100 * value for value in transfer[task, way]],
            label=way if task == "near" else None,
            color=style.LIGHT[style.COLOURS[i]],
            linestyle=style.DASHES[i],
            marker=style.MARKERS[i],
        )
    axes.set_xscale("log")
    axes.set_xticks(list(EPOCHS), list(EPOCHS))
    axes.set_xticks([], minor=True)
    axes.set(title=task, xlabel="images a class", ylim=(0, 100))
    axes.grid(True)
figure.axes[0].set_ylabel("test accuracy, %")
figure.legend(loc="outside upper left", ncols=3)
figure

# %% [markdown] lang="ko"
# 네 가지를 읽을 수 있습니다.
#
# - **과제가 가깝고 데이터가 적으면 옮기는 것이 훨씬 낫습니다.** 클래스마다 5장이면 처음부터 훈련한 신경망은 동결한 특징을 쓴 것보다 정확도가 훨씬 낮습니다. 이때는 훈련할 것이 마지막 층뿐인 동결이 안전합니다. 미세 조정도 동결보다 7퍼센트포인트쯤 낮습니다.
# - **과제가 가깝고 데이터가 늘면 미세 조정이 앞섭니다.** 특징까지 새 과제에 맞출 수 있기 때문입니다. 15장에서는 동결과 비슷하고 50장에서 앞섭니다. 처음부터 훈련한 것과 동결의 차이도 50장에서는 15퍼센트포인트쯤으로 줄어듭니다.
# - **과제가 멀면 동결한 특징만으로는 모자랍니다.** 클래스마다 5장일 때부터 처음부터 훈련한 것이 동결보다 낫고, 50장이면 차이가 20퍼센트포인트를 넘습니다. 숫자는 획의 모양만으로 구별해야 하는데, 도형에서 배운 특징이 거기에 맞지 않는 것 같습니다.
# - **미세 조정은 처음부터 훈련한 것에 크게 지지 않습니다.** 가까운 과제에서는 늘 이깁니다. 먼 과제에서는 5장일 때 4퍼센트포인트쯤 앞서고, 15장부터는 비슷합니다. 옮겨서 얻는 것은 데이터가 늘수록 작아집니다.
#
# 미세 조정의 학습률을 작게(여기서는 0.003) 두는 까닭은 좋은 출발점을 처음 몇 걸음 만에 망가뜨리지 않으려는 것입니다. 새 마지막 층은 무작위라서 처음에는 큰 그레이디언트를 내려보냅니다. 동결할 때 배치
# 정규화를 `eval()`로 두는 것도 잊기 쉽습니다. 그러지 않으면 가중치는 그대로여도 평균과 분산이 새 데이터를 따라가서, 동결한 특징이 바뀝니다.
# 동결한 특징과 미세 조정은 [재학습 실습](04_retraining)에서 직접 만들어 보고, 여러분의 사진에도 써 볼 수 있습니다.

# %% [markdown] lang="en"
# Four things can be read from it.
#
# - **Near, with few data, transfer is far better.** With 5 images a class, scratch is far less accurate than frozen features. Freezing,
#   where there is only the last layer to learn, is the safe way here; even fine-tuning is about 7 percentage points behind it.
# - **Near, as data grow, fine-tuning takes the lead,** since the features can be fitted to the new task as well. With 15
#   images it is about level with frozen, with 50 it is ahead. Scratch catches up, too: with 50 images it is about 15 percentage points behind frozen.
# - **Far away, frozen features are not enough.** Already with 5 images a class scratch is better than frozen, and with 50 by more than 20 percentage points.
#   Digits must be told apart by the form of their strokes, and perhaps features learned on shapes do not suit that.
# - **Fine-tuning never loses much to scratch.** In the near task it always wins; in the distant one it is ahead by about 4 percentage points with 5 images and about level from 15 on. What
#   transfer gains shrinks as data grow.
#
# Fine-tuning has a small learning rate (here 0.003) so that the first few steps do not ruin a good start: the new last
# layer is random, and at first it sends large gradients down. It is also easy to forget `eval()` for the batch normalisation
# of frozen layers. Without it the weights stay, but means and variances follow the new data, and the frozen features change.
# In [the lab on retraining](04_retraining) you build frozen features and fine-tuning yourself, and can use them on photos of your own.
# %% [markdown] lang="ko"
# ## 주장을 다시 계산하기
#
# 논문과 강의에 적힌 수(theirs)와 이 장에서 센 수(ours)를 나란히 놓습니다.

# %% [markdown] lang="en"
# ## The claims, recomputed
#
# The numbers of the papers and the lecture (theirs) beside those that we counted in this chapter (ours).

# %% tags=["nbval-check-output"]
claims = [
    ("naive module, M", "lecture", "854", total["naive"] / 1e6, ".0f"),
    ("reduced module, M", "lecture", "358", total["reduced"] / 1e6, ".0f"),
    ("fewer than AlexNet, ×", "GoogLeNet, s. 1", "12", alexnet / count(network), ".1f"),
    ("layers with weights", "GoogLeNet, s. 5", "22", longest, "d"),
    ("views of an image", "GoogLeNet, s. 7", "144", views.shape[1], "d"),
    ("6.67 − 10.07, top-5 error", "GoogLeNet, t. 3", "−3.45", 6.67 - 10.07, ".2f"),
    (
        "5×5 → two 3×3 saves, %",
        "v3, s. 3.1",
        "28",
        100 * saving["5×5 → 3×3, 3×3"],
        ".0f",
    ),
    (
        "3×3 → 1×3, 3×1 saves, %",
        "v3, s. 3.2",
        "33",
        100 * saving["3×3 → 1×3, 3×1"],
        ".0f",
    ),
    ("v3, parameters, M", "v3", "< 25", count(v3) / 1e6, ".1f"),
    ("v3 / GoogLeNet, cost", "v3, table 3", "3.2", times, ".1f"),
]
print(f"{'':28}{'source':17}{'theirs':>8}{'ours':>8}")
for what, where, said, found, form in claims:
    print(f"{what:28}{where:17}{said:>8}{format(found, form).replace('-', '−'):>8}")

# %% [markdown] lang="ko"
# 논문의 표 3에는(강의도 그대로 옮겼습니다) 신경망 7개와 144장의 오류율 6.67%가 기준인 10.07%보다 3.45 낮다고 되어 있지만, 뺄셈을 하면 3.40입니다. 표의 다른 차이들은 뺄셈과 맞습니다.
#
# 재어서 얻은 수도 나란히 놓습니다. 데이터가 다르니 크기보다 방향을 견주세요. 논문의 것은 ImageNet의 top-5 오류율(마지막 줄은 top-1)이고, 우리의 것은 도형 열 가지의 오류율입니다.

# %% [markdown] lang="en"
# Table 3 of the paper, and the lecture, which copies it, put the error of 7 networks and 144 crops, 6.67%, at 3.45 below the base of 10.07%, but the
# two differ by 3.40. The other differences of the table agree with the subtraction.
#
# What was measured stands side by side, too. The data differ, so compare directions rather than sizes: the paper's are top-5
# errors on ImageNet (top-1 in the last line), ours are errors on ten kinds of shapes.

# %%
single, several = paper_crops.values()
ours = crops["error, 1 network"]
falls = [
    ("7 networks (we: 3)", single[0] - several[0], ours[1] - crops["error, 3"][1]),
    ("10 views", single[0] - single[1], ours[1] - ours[10]),
    ("144 views (we: 48)", single[0] - single[2], ours[1] - ours[48]),
    ("the mean, not dense layers", 0.6, np.mean(accuracies) - robust["dense"][0]),
]
print(f"{'the error falls by, points':28}{'theirs':>8}{'ours':>8}")
for what, said, found in falls:
    print(f"{what:28}{said:8.2f}{100 * found:8.1f}")

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **폭이 다른 필터의 결과를 어떻게 이어 붙입니까?** 패딩이 $(F - 1)/2$이고 스트라이드가 1이면 높이와 폭이 그대로이기 때문입니다. [‘네 가지 눈으로 한꺼번에’](10_googlenet#four-looks-at-once)에서 확인했습니다. 모듈 안의
# 풀링이 크기를 줄인다고 적은 글도 있지만, 스트라이드가 1이라 줄이지 않습니다. 줄이는 것은 모듈 사이의 풀링입니다.
#
# **희소한 구조와 헤브의 이야기는 결국 무슨 뜻입니까?** 상관이 높은 유닛끼리 묶어 다음 층을 만든다는 뜻이고, 합성곱에서는 그 짝이 가까이에 많으므로 작은 필터와 조금 큰 필터를 나란히 둔다는 뜻입니다.
# [‘희소한 구조를 흉내 내기’](10_googlenet#a-sparse-structure-approximated)의 두 그림이 각각을 보여 줍니다. 다만 GoogLeNet이 실제로 상관을 재서 만들어진 것은 아닙니다. 논문도 모듈이
# 좋은 까닭이 정말 이 원리인지는 더 살펴야 한다고 적었습니다(3절).
#
# **GPU 몇 대로 일주일 만에 훈련했습니까?** 아닙니다. 논문은 CPU를 쓰는 DistBelief라는 분산 시스템에서 훈련했습니다. 고급 GPU 몇 대로 일주일이면 되리라는 것은 어림입니다(6절).
#
# **1×1 합성곱 뒤의 ReLU는 전혀 해롭지 않습니까?** 그렇게 말할 수는 없습니다. ReLU는 음수를 모두 0으로 만듭니다. 채널을 줄여 놓고 절반을 지우면 정보를 잃을 수 있습니다. 훈련한 작은 GoogLeNet에서 재 봅시다.
# 첫 모듈에서 채널을 줄이는 1×1 합성곱은 두 곳입니다. 그림 64장을 넣고 ReLU를 지나기 전의 값과 지난 뒤의 값을 모읍니다. 그리고 뒤의 값만으로 앞의 값을 얼마나 되살릴 수 있는지 최소 제곱법으로 잽니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **How can results of filters of different widths be joined?** Because a padding of $(F - 1)/2$ with stride 1 keeps height and
# width, as checked in [Four looks at once](10_googlenet#four-looks-at-once). Some texts say that the pooling inside a module reduces the
# size. It does not, since its stride is 1; the poolings between modules do.
#
# **What does the story about sparse structures and Hebb mean in the end?** That the next layer is made by grouping units of
# high correlation, and that in convolutional networks many such partners are close by, so that small filters stand beside
# somewhat larger ones. Each of the two figures in
# [A sparse structure, approximated](10_googlenet#a-sparse-structure-approximated) shows one half of it. But GoogLeNet was not built by measuring
# correlations, and the paper itself says that it takes further study to see whether this principle is the reason for its
# success (section 3).
#
# **Was it trained on a few GPUs within a week?** No. The paper trained on CPUs, with a distributed system called DistBelief.
# That a few high-end GPUs could do it within a week is an estimate (section 6).
#
# **Is it true that the ReLU after a 1×1 convolution can never hurt?** One cannot say so. ReLU turns all negative values into
# 0, and where channels have just been reduced, erasing half of the values may lose information. We measure it on the two 1×1
# convolutions that reduce channels in the first module of the trained small GoogLeNet. On 64 images we collect the values
# before ReLU and those after it. How well can the former be recovered from the latter by least squares?

# %%
caught = {}
for place in (1, 2):  # the branches of 3×3 and 5×5
    members[0].inception_a.branches[place][0][1].register_forward_hook(
        lambda layer, inputs, output, place=place: caught.update({place: output})
    )
train.evaluate(members[0], test_24[:64], like=histories[0])
for place, name in ((1, "3×3 reduce"), (2, "5×5 reduce")):
    before = caught[place].movedim(1, -1).flatten(0, 2)  # (places, channels)
    after_relu = torch.cat([before.relu(), torch.ones(len(before), 1)], dim=1)
    fitted = after_relu @ torch.linalg.lstsq(after_relu, before).solution
    lost = (
        (before - fitted).square().sum() / (before - before.mean(0)).square().sum()
    ).item()
    print(f"{name}: {before.shape[1]} channels, {lost:.0%} of the variance is lost")
    check.that(0.02 < lost < 0.9, "some is lost, not all")

# %% [markdown] lang="ko"
# 선형으로 되살릴 수 없는 몫이 작지 않습니다. 그만큼을 내주고 비선형을 얻는 것이며, 늘 이득이라는 보장은 없습니다. 나중에 나온 MobileNet v2는 바로 이 까닭으로 좁은 층 뒤의 ReLU를
# 뺐습니다 {cite:p}`sandler2018mobilenetv2`.

# %% [markdown] lang="en"
# What cannot be recovered linearly is not small. It is given up in exchange for nonlinearity, and nothing guarantees that the
# exchange is always good. The later MobileNet v2 leaves out the ReLU after narrow layers for this very reason
# {cite:p}`sandler2018mobilenetv2`.

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 다섯 연습의 함수는 무작위로 고른 입력에서 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first five are checked on random inputs, and where one is wrong the
# check says what is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 1×1 합성곱.** NumPy로 `pointwise_numpy(x, weight, bias)`를 짜세요. `x`는 `(C, H, W)`, `weight`는 `(K, C)`, `bias`는 `(K,)`이고, `(K, H, W)`를 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: a convolution of 1×1.** Write `pointwise_numpy(x, weight, bias)` in NumPy. `x` is `(C, H, W)`, `weight` is `(K, C)`,
# `bias` is `(K,)`. Return `(K, H, W)`.


# %% tags=["exercise"]
def pointwise_numpy(x, weight, bias): ...


check.exercise("pointwise", pointwise_numpy)


# %% tags=["solution"]
# solution
def pointwise_numpy(x, weight, bias):
    return np.einsum("kc,chw->khw", weight, x) + bias[:, None, None]


check.exercise("pointwise", pointwise_numpy, solution=True)

# %% [markdown] lang="ko"
# **연습: 모듈의 계산량.** `module_cost(size, channels, row)`를 짜세요. 한 변이 `size`이고 `channels`채널인 입력을 받는 모듈의 곱셈-덧셈 수를 돌려줍니다. `row`는 표 1의 순서대로 여섯 수입니다.

# %% [markdown] lang="en"
# **Exercise: what a module costs.** Write `module_cost(size, channels, row)`, the multiply-adds of a module whose input has
# `channels` channels and `size` pixels a side. `row` has the six numbers in the order of table 1.


# %% tags=["exercise"]
def module_cost(size, channels, row): ...


check.exercise("module_cost", module_cost)


# %% tags=["solution"]
# solution
def module_cost(size, channels, row):
    ones, reduce_threes, threes, reduce_fives, fives, projection = row
    read = channels * (ones + reduce_threes + reduce_fives + projection)
    return size**2 * (read + 9 * reduce_threes * threes + 25 * reduce_fives * fives)


check.exercise("module_cost", module_cost, solution=True)
print(f"5a: {module_cost(7, 832, TABLE['5a']) / 1e6:.1f} M, paper 54 M")

# %% [markdown] lang="ko"
# **연습: 쌓이는 채널.** `naive_channels(channels, rows)`를 짜세요. 입력이 `channels`채널이고 순진한 모듈을 차례로 쌓을 때, 모듈마다 내놓는 채널 수의 목록을 돌려줍니다. `rows`의 원소는 1×1, 3×3, 5×5 필터의
# 수입니다.

# %% [markdown] lang="en"
# **Exercise: channels that pile up.** Write `naive_channels(channels, rows)`. Naive modules are stacked on an input of `channels`
# channels; return the list of how many channels each gives. Each of `rows` has the numbers of 1×1, 3×3 and 5×5 filters.


# %% tags=["exercise"]
def naive_channels(channels, rows): ...


check.exercise("naive_channels", naive_channels)


# %% tags=["solution"]
# solution
def naive_channels(channels, rows):
    found = []
    for row in rows:
        channels = channels + sum(row)  # the pooling keeps what came in
        found.append(channels)
    return found


check.exercise("naive_channels", naive_channels, solution=True)

# %% [markdown] lang="ko"
# **연습: 여럿의 답.** `vote(logits)`를 짜세요. `logits`는 신경망 M개가 그림 N장에 낸 로짓 `(M, N, K)`이고, 확률을 평균해서 고른 클래스 `(N,)`을 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: the answer of many.** Write `vote(logits)`. `logits` are those of M networks for N images, `(M, N, K)`. Average
# the probabilities and return the classes chosen, `(N,)`.


# %% tags=["exercise"]
def vote(logits): ...


check.exercise("vote", vote)


# %% tags=["solution"]
# solution
def vote(logits):
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    probability = powers / powers.sum(axis=2, keepdims=True)
    return probability.mean(axis=0).argmax(axis=1)


check.exercise("vote", vote, solution=True)

# %% [markdown] lang="ko"
# **연습: 나눌 수 있는 커널.** `separable(kernel)`을 짜세요. 정사각형 커널이 열 벡터와 행 벡터의 곱이면 `True`, 아니면 `False`를 돌려줍니다. [‘합성곱’ 장](03_convolution)의 소벨 필터는 어느 쪽입니까?

# %% [markdown] lang="en"
# **Exercise: kernels that come apart.** Write `separable(kernel)`: `True` if the square kernel is the product of a column and a row
# vector, else `False`. Which is the Sobel filter of [the chapter on convolution](03_convolution)?


# %% tags=["exercise"]
def separable(kernel): ...


check.exercise("separable", separable)


# %% tags=["solution"]
# solution
def separable(kernel):
    return bool(np.linalg.matrix_rank(kernel) <= 1)


check.exercise("separable", separable, solution=True)
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
laplace = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
print("Sobel", separable(sobel), "Laplace", separable(laplace))

# %% [markdown] lang="ko"
# **연습: 마지막 모듈만 녹이기.** 동결과 미세 조정 사이에도 길이 있습니다. `adapted`로 `source`를 옮기되 `inception_c`와 `linear`만 훈련하세요. 그림은 가까운 과제의 150장
# `tasks["near"][0][:150]`(클래스마다 15장), 10에폭, 학습률 0.003입니다. 훈련한 신경망을 `thawed`에, `tasks["near"][1]`로 잰 테스트 정확도를
# `thawed_accuracy`에 넣습니다. 재기 전에, 정확도가 둘 사이에 올지 예상해 보세요. 테스트 그림이 500장이므로 2퍼센트포인트 안팎의 차이는 우연과 구별되지 않습니다.

# %% [markdown] lang="en"
# **Exercise: thaw the last module.** There is a way between frozen and fine-tuned. Carry `source` over with `adapted`,
# letting only `inception_c` and `linear` learn: the 150 images `tasks["near"][0][:150]` of the near task (15 a class), 10
# epochs, learning rate 0.003. Put the trained network in `thawed` and its accuracy on the test images, `tasks["near"][1]`, in
# `thawed_accuracy`. Before you measure: will it lie between the two? With 500 test images, a difference of about 2 percentage
# points cannot be told from chance.

# %% tags=["exercise"]
thawed = ...
thawed_accuracy = ...

check.exercise(
    "thawed",
    (source, thawed, thawed_accuracy, lambda it: accuracy(it, tasks["near"][1])),
)

# %% tags=["solution"]
# solution
images, test = tasks["near"]
thawed = adapted(
    source, images[:150], part=["inception_c", "linear"], epochs=10, lr=3e-3
)
thawed_accuracy = accuracy(thawed, test)

check.exercise(
    "thawed",
    (source, thawed, thawed_accuracy, lambda it: accuracy(it, test)),
    solution=True,
)
print(f"frozen {near_by['frozen'][1]:.3f}, thawed {thawed_accuracy:.3f}, ", end="")
print(f"fine-tuned {near_by['fine-tuned'][1]:.3f}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`szegedy2015going`: 이 장의 논문입니다. 2절에서 4절까지가 모듈의 까닭이고, 표 1은 이 장에서 센 것을 옆에 놓고 읽어 보세요.
# - {cite:t}`lin2014network`: 1×1 합성곱과 전역 평균 풀링이 여기에서 나왔습니다.
# - {cite:t}`arora2014provable`: 희소한 신경망을 상관으로 되찾는 증명입니다. 머리말만 읽어도 생각의 줄기를 알 수 있습니다.
# - {cite:t}`szegedy2016rethinking`: Inception v3입니다. 2절의 설계 원칙 네 가지가 짧고 좋습니다.
# - {cite:t}`yosinski2014transferable`: 층을 하나씩 동결하고 녹여 가며 잰, 전이 학습의 본보기가 되는 실험입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`szegedy2015going`: the paper of this chapter. Sections 2 to 4 give the reasons for the module; read table 1 with the
#   recount of this chapter beside it.
# - {cite:t}`lin2014network`: where the 1×1 convolution and global average pooling come from.
# - {cite:t}`arora2014provable`: the proof that a sparse network can be found again from correlations. The introduction is enough to see
#   the line of thought.
# - {cite:t}`szegedy2016rethinking`: Inception v3. The four design principles of section 2 are short and good.
# - {cite:t}`yosinski2014transferable`: layers frozen and thawed one by one, a model of how to measure transfer.
