# %% [markdown] lang="ko"
# # ResNet
#
# ## 무엇을 만들게 될까요?
#
# 아래 왼쪽은 VGG처럼 층을 쌓기만 한 블록이고, 오른쪽은 2015년에 공개된 ResNet 논문 ‘Deep Residual Learning for Image
# Recognition’의 블록입니다 {cite:p}`he2016deep`. 다른 점은 선 하나입니다. 입력 $x$가 층들을 거치지 않고 우회해서, 층들의 계산 결과에
# 더해집니다. 거의 모든 블록에서 파라미터가 하나도 없는 이 선 덕분에 ImageNet용 신경망은 2014년의 22층(GoogLeNet)에서 152층으로 깊어졌고, 그런
# 신경망들의 앙상블이 ILSVRC 2015에서 1위를 했습니다. 이 장에서는 두 블록을 손으로 만들어 56층까지 쌓습니다. 같은 훈련을 해도 선이 없는 깊은 신경망은 훈련
# 데이터조차 제대로 배우지 못하는 것을 보고, 그레이디언트가 사라져서 그런 것인지 잽니다. 마지막에는 훈련한 신경망에서 블록을 빼거나 서로 바꾸어 봅니다.

# %% [markdown] lang="en"
# # ResNet
#
# ## What you will build
#
# On the left below is a block that just stacks layers, as VGG does; on the right is the block of the ResNet paper,
# “Deep Residual Learning for Image Recognition”, made public in 2015 {cite:p}`he2016deep`. They differ by one line:
# the input $x$ goes around the layers and is added to what they compute. With this line, which has no parameters in
# almost all blocks, the networks for ImageNet went from the 22 layers of GoogLeNet in 2014 to 152, and an ensemble of
# such networks came first in ILSVRC 2015. In this chapter you build both blocks by hand and stack them up to 56
# layers. You see that in the same training a deep network without the line does not even learn its training data well,
# and measure whether vanishing gradients are to blame. In the end you take blocks out of a trained network, and
# exchange them.

# %%
import copy
import dataclasses
import itertools
import math
import random

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

import cnnbook
from cnnbook import check, data, look, models, train

torch.set_num_threads(1)  # then the same seed gives the same weights
draw = look.draw
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full

# %% name="fig-block" tags=["hide-input"] alt_ko="블록 두 개. 왼쪽: 입력 x, 3×3 합성곱과 BN, ReLU, 3×3 합성곱과 BN, ReLU가 한 줄로 이어집니다. 오른쪽: 같은 층들이 있고, x에서 갈라진 선이 층들을 돌아 둘째 BN 뒤의 덧셈 기호로 들어갑니다. 그다음이 ReLU입니다." alt_en="Two blocks. Left: input x, 3×3 convolution and BN, ReLU, 3×3 convolution and BN, ReLU in a single line. Right: the same layers, and a line that leaves x, goes around them and enters a plus sign behind the second BN; ReLU follows." caption_ko="왼쪽은 평범한(plain) 블록, 오른쪽은 잔차 블록입니다. BN은 배치 정규화입니다. 두 블록의 파라미터 수는 같습니다." caption_en="Left a plain block, right a residual block. BN is batch normalisation. Both have the same number of parameters."
layers_of_block = [("conv 3×3", "BN"), "ReLU", ("conv 3×3", "BN")]
draw.row(
    draw.block([layers_of_block], merge=None, after=["ReLU"], output="H(x)"),
    draw.block([layers_of_block, []], after=["ReLU"], output="relu(F(x) + x)"),
    gap=60,
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘VGG’ 장](09_vgg)의 쌓은 3×3 합성곱과 [‘훈련’ 장](06_training)의 배치 정규화, He 초기화를 안다고 가정합니다. 연쇄 법칙이 한 번
# 나옵니다. GPU도 인터넷 연결도 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# Stacked 3×3 convolutions from [the chapter on VGG](09_vgg), batch normalisation and He initialisation from
# [the chapter on training](06_training). The chain rule is used once. Neither a GPU nor an internet connection is
# needed. Running this notebook from top to bottom takes about a minute on one CPU core.

# %% [markdown] lang="ko"
# ## 깊을수록 좋을까요?
#
# VGG는 11층에서 19층까지 깊어질수록 나아졌습니다. 그렇다면 더 쌓으면 되지 않을까요? ResNet 논문은 VGG처럼 쌓은 평범한 신경망을 ImageNet에서
# 훈련했습니다. top-1 오류율은 18층이 27.94%, 34층이 28.54%입니다 {cite:p}`he2016deep` (표 2). 깊은 쪽이 더 나쁩니다.
#
# 과적합일까요? 과적합이라면 테스트 오류율은 높아도 훈련 오류율은 낮아야 합니다. 그런데 깊은 쪽은 **훈련 오류율도 더 높습니다**. 층이 많아서 표현하지 못하는
# 것도 아닙니다. 얕은 신경망을 그대로 가져다 놓고, 나머지 층은 입력을 그대로 내놓게 하면 깊은 신경망이 얕은 신경망과 똑같은 답을 냅니다. 이렇게 입력을 그대로
# 내놓는 함수를 항등 사상(identity mapping)이라고 합니다. 그러니 깊은 신경망의 훈련 오류율은 얕은 것보다 높을 까닭이 없습니다. 좋은 해가 있는데도
# 훈련이 찾지 못하는 것입니다. 논문은 이것을 성능 저하 문제(degradation problem)라고 부릅니다.
#
# 이 장의 물음은 둘입니다. 좋은 해가 있는데 왜 찾지 못할까요? 무엇을 바꾸면 찾게 될까요?

# %% [markdown] lang="en"
# ## Is deeper always better?
#
# From 11 to 19 layers VGG became better. So why not stack more? The authors of ResNet trained plain networks, stacked
# like VGG, on ImageNet. The top-1 error is 27.94% with 18 layers and 28.54% with 34 {cite:p}`he2016deep` (table 2). The
# deeper one is worse.
#
# Is it overfitting? Then the test error would be high but the training error low. Yet the deeper one has **the higher
# training error, too**. Nor is it unable to represent what is needed. Take the shallow network as it is, let every
# further layer pass on its input, and the deep network gives exactly the shallow one's answers. The function that
# returns its input unchanged is called the identity mapping. So there is no reason for the deep network to have a
# higher training error: a good solution exists, and training does not find it. The paper calls this the degradation
# problem.
#
# This chapter asks two questions. Why is a solution that exists not found? And what must change so that it is?

# %% [markdown] lang="ko"
# ## 잔차를 배우는 블록
#
# 블록 하나가 배워야 할 함수를 $H(x)$라고 합시다. 평범한 블록은 층 몇 개로 $H$를 직접 흉내 냅니다. 잔차 블록은 똑같은 층들에 $H(x)$와 입력의 차이, 곧
# 잔차(residual)를 맡깁니다.
#
# $$F(x) = H(x) - x, \qquad y = F(x) + x$$
#
# $x$를 더하는 선이 지름길 연결(shortcut)입니다. 나타낼 수 있는 함수를 늘리려는 것이 아니라, 어떤 함수가 배우기 쉬운지를 바꾸려는 것입니다. 층들이 아무
# 일도 하지 않고 0을 내놓을 때, 평범한 블록은 0을 내놓고 잔차 블록은 $x$를 내놓습니다. 항등 사상이 가장 좋은 답이라면 $F$를 0으로 보내기만 하면 됩니다.
# 가장 좋은 답이 항등 사상에 가까우면 작은 수정만 배우면 됩니다.
#
# 여기서 흔히 하는 오해가 있습니다. “ResNet은 $F(x) + x$를 최소화한다”거나 “$F(x)$를 0으로 만드는 것이 목적이다”라는 말입니다. **최소화하는
# 것은 언제나 손실입니다.** $F$를 0으로 미는 항은 손실 어디에도 없습니다. $F(x) = 0$은 목적지가 아니라 기준입니다. ‘$x$를 그대로 두라’는 뜻일
# 뿐입니다. 훈련이 끝난 뒤에 $F$의 크기를 재서 확인하겠습니다.
#
# 블록을 만듭시다. 크기가 바뀌는 블록에서는 $x$를 그대로 더할 수 없으므로, 픽셀을 하나씩 건너뛰고 모자라는 채널을 0으로 채웁니다. 논문의 선택지 A입니다.

# %% [markdown] lang="en"
# ## A block that learns the residual
#
# Let $H(x)$ be the function that a block ought to learn. A plain block imitates $H$ itself with a few layers. A
# residual block gives the same layers the difference between $H(x)$ and the input, the residual.
#
# $$F(x) = H(x) - x, \qquad y = F(x) + x$$
#
# The line that adds $x$ is the shortcut. It is not there to represent more functions; it changes which functions are
# easy to learn. When its layers do nothing and return 0, a plain block returns 0, and a residual block returns $x$. If
# the identity is the best answer, $F$ need only go to 0. If the best answer is near the identity, there are only small
# corrections to learn.
#
# One often reads that ResNet “minimises $F(x) + x$”, or that “the aim is to make $F(x)$ zero”. **What is minimised is
# always the loss.** Nothing in it pushes $F$ to 0. $F(x) = 0$ is not a destination but a point of reference: it means
# “leave $x$ as it is”. After training we will measure how large $F$ is.
#
# Now we build the block. Where the size changes, $x$ cannot be added as it is: every other pixel is taken, and the
# missing channels are filled with zeros. This is the paper's option A.


# %%
def convolution(in_channels, out_channels, stride=1):
    """A 3 × 3 convolution and batch norm; the norm brings the bias."""
    return [
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
    ]


class Shortcut(nn.Module):
    """x itself; where the size changes, every other pixel, and zeros for new channels."""

    def __init__(self, stride, more):
        super().__init__()
        self.stride, self.more = stride, more

    def forward(self, x):
        x = x[:, :, :: self.stride, :: self.stride]  # (N, C, H / stride, W / stride)
        # before and after W, before and after H, before and after C: zeros after C
        return functional.pad(x, (0, 0, 0, 0, 0, self.more))  # (N, C + more, …)


class Block(nn.Module):
    """relu(F(x) + x), or relu(F(x)) without the addition."""

    def __init__(self, channels, out_channels, stride=1, add=True):
        super().__init__()
        self.F = nn.Sequential(
            *convolution(channels, out_channels, stride),  # (N, out, H / stride, …)
            nn.ReLU(),
            *convolution(out_channels, out_channels),
        )
        self.shortcut = Shortcut(stride, out_channels - channels)
        self.add = add

    def forward(self, x):
        y = self.F(x) + self.shortcut(x) if self.add else self.F(x)
        return y.relu()  # after the addition


x = torch.randn(4, 16, 8, 8, generator=torch.Generator().manual_seed(0))
for stride, out_channels in ((1, 16), (2, 32)):
    for add, theirs in (
        (True, models.resnet.Block(16, out_channels, stride, shortcut="A")),
        (False, models.resnet.PlainBlock(16, out_channels, stride)),
    ):
        mine = Block(16, out_channels, stride, add)
        values = mine.state_dict().values()
        theirs.load_state_dict(dict(zip(theirs.state_dict(), values, strict=True)))
        name = f"{'residual' if add else 'plain'}, 16 to {out_channels} channels"
        check.close(mine(x), theirs(x), what=name)

# %% [markdown] lang="ko"
# 패키지의 블록과 같습니다. 이제 $F$의 마지막 배치 정규화에서 크기 $\gamma$를 0으로 놓으면 $F(x) = 0$입니다. 앞 블록의 ReLU를 지난 입력은 모두 0
# 이상입니다. 잔차 블록은 이런 입력을 그대로 내놓고, 평범한 블록은 모두 0으로 만듭니다.

# %% [markdown] lang="en"
# It agrees with the package's. Now set the scale $\gamma$ of the last batch norm in $F$ to 0, so that $F(x) = 0$. An
# input that is 0 or more, as it leaves the previous block's ReLU, then passes a residual block unchanged, and a plain
# block turns all of it into 0.

# %%
positive = x.relu()
for add in (True, False):
    block = Block(16, 16, add=add)
    nn.init.zeros_(block.F[-1].weight)
    wanted = positive if add else torch.zeros_like(positive)
    check.close(block(positive), wanted, what="residual" if add else "plain")

# %% [markdown] lang="ko"
# ## 그레이디언트를 손으로
#
# 값이 수 하나뿐인 신경망에서 시작합시다. 블록 $l$은 $x_{l+1} = x_l + f_l(x_l)$입니다. 연쇄 법칙에 따라 출력을 입력으로 미분하면 블록마다
# 하나씩 곱해집니다.
#
# $$\frac{d x_L}{d x_0} = \prod_{l=0}^{L-1} \big(1 + f_l'(x_l)\big)$$
#
# 평범한 신경망에서는 1이 없는 $\prod f_l'$입니다. $f_l'$이 모두 0.1이고 블록이 열 개이면 $0.1^{10}$과
# $1.1^{10} \approx 2.59$의 차이입니다. 1은 항등 사상의 미분입니다. 괄호를 풀면 무엇이 들어 있는지 보입니다. 블록이 둘이면 이렇습니다.
#
# $$(1 + f_0')(1 + f_1') = 1 + f_0' + f_1' + f_0' f_1'$$
#
# 항 하나가 길 하나입니다. 블록마다 $F$를 지나거나 지름길로 돌아갑니다. 블록이 $L$개이면 길은 $2^L$개입니다. 평범한 신경망에는 마지막 항과 같은 꼴의 길 하나만
# 있습니다. 다만 $f_l'$을 재는 자리 $x_l$이 서로 다르므로 값은 같지 않습니다. 세 가지, 곧 곱과 길들의 합과 자동 미분을 견줍니다. 덧셈만 뺀 평범한 신경망의
# 미분도 따로 구합니다.

# %% [markdown] lang="en"
# ## The gradient, by hand
#
# Begin with a network whose values are single numbers. Block $l$ is $x_{l+1} = x_l + f_l(x_l)$. By the chain rule, the
# derivative of the output by the input has a factor for every block.
#
# $$\frac{d x_L}{d x_0} = \prod_{l=0}^{L-1} \big(1 + f_l'(x_l)\big)$$
#
# In a plain network it is $\prod f_l'$, without the 1. If every $f_l'$ is 0.1 and there are ten blocks, that is the
# difference between $0.1^{10}$ and $1.1^{10} \approx 2.59$. The 1 is the derivative of the identity. Multiplied out,
# the product shows what is in it. With two blocks:
#
# $$(1 + f_0')(1 + f_1') = 1 + f_0' + f_1' + f_0' f_1'$$
#
# Every term is a path: at each block it passes through $F$ or takes the shortcut. $L$ blocks make $2^L$ paths. A plain
# network has a single one, of the form of the last term; but its $f_l'$ are taken at other $x_l$, so that it has a
# different value. We compare three things: the product, the sum over all paths, and automatic differentiation. We also
# differentiate the plain network, the same functions without the additions.

# %%
slopes = torch.tensor([0.9, -0.4, 0.3, 0.7, -1.2], dtype=torch.float64)
start = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
value, derivatives = start, []
for w in slopes:  # f(x) = tanh(w x), f'(x) = w (1 - tanh²)
    derivatives.append((w * (1 - torch.tanh(w * value) ** 2)).item())
    value = value + torch.tanh(w * value)
value.backward()

product = math.prod(1 + slope for slope in derivatives)
choices = itertools.product((False, True), repeat=len(derivatives))
paths = [
    math.prod(slope for slope, taken in zip(derivatives, choice, strict=True) if taken)
    for choice in choices
]
check.close(product, start.grad.item(), what="product")
check.close(sum(paths), start.grad.item(), what=f"sum of {len(paths)} paths")

begin = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
plain = begin
for w in slopes:  # the same functions, without the additions
    plain = torch.tanh(w * plain)
plain.backward()
print(f"residual network {product:.4f}, its path through every F {paths[-1]:.4f}")
print(f"plain network {begin.grad.item():.4f}")

# %% [markdown] lang="ko"
# 벡터에서도 같습니다. 손실을 $\mathcal{L}$, 위에서 내려오는 그레이디언트를 $g = \partial \mathcal{L} / \partial y$라고 하고
# $F$의 야코비 행렬을 $J$라고 하면, $y = x + F(x)$에서 다음이 나옵니다.
#
# $$\frac{\partial \mathcal{L}}{\partial x} = g + J^\top g$$
#
# 첫 항에는 아무것도 곱해지지 않아서 $g$가 그대로 전해집니다. 그렇다고 그레이디언트가 늘 알맞은 크기라는 뜻은 아닙니다. $J^\top g$가 $g$를 지울 수도 있고,
# $1 + f'$이 1보다 큰 블록이 많으면 곱이 끝없이 커질 수도 있습니다. 논문의 블록은 더한 다음에 ReLU가 있어서, 0이 된 자리에서는 첫 항도 막힙니다. 뒤에서
# 실제 크기를 잽니다.

# %% [markdown] lang="en"
# With vectors it is the same. Let $\mathcal{L}$ be the loss, $g = \partial \mathcal{L} / \partial y$ the gradient that
# comes down from above, and $J$ the Jacobian matrix of $F$. From $y = x + F(x)$ follows:
#
# $$\frac{\partial \mathcal{L}}{\partial x} = g + J^\top g$$
#
# In the first term nothing multiplies $g$, which goes down as it is. This does not mean that the gradient always has a
# good size. $J^\top g$ may cancel $g$, and where $1 + f'$ is above 1 in many blocks, the product can grow without end.
# Also, the paper's block has a ReLU after the addition, which blocks the first term wherever it gives 0. Actual sizes
# are measured below.

# %% [markdown] lang="ko"
# ## 성능 저하와 그 치료
#
# 논문은 CIFAR-10에서 $6n + 2$층짜리 신경망들을 견주었습니다. 3×3 합성곱 하나, 블록 $n$개씩 세 단계, 전역 평균 풀링, 완전 연결층 하나입니다. 블록마다
# 합성곱이 둘이므로 $1 + 3 \cdot 2n + 1 = 6n + 2$입니다. 단계가 바뀔 때 특징 맵의 높이와 폭은 반이 되고 채널 수는 두 배가 됩니다(코드의
# `stages`는 단계마다의 채널 수입니다). 같은 것을 만들되, 여기서 훈련할 것은 채널을 논문의 반으로 줄여 8, 16, 32개로 합니다. 논문의 크기에서는 패키지의
# 신경망과 같은지 확인합니다.

# %% [markdown] lang="en"
# ## Degradation and its cure
#
# On CIFAR-10 the paper compares networks of $6n + 2$ layers: a 3×3 convolution, three stages of $n$ blocks, global
# average pooling, and a fully connected layer. With two convolutions in each block that is
# $1 + 3 \cdot 2n + 1 = 6n + 2$. From stage to stage height and width are halved and the channels doubled; `stages` in
# the code lists the channels of each. We build the same. For training here it gets half the paper's channels: 8, 16
# and 32. At the paper's size we check that it agrees with the package's network.


# %%
class SmallResNet(nn.Sequential):
    """6n + 2 layers: (N, in_channels, H, W) -> logits (N, classes)."""

    def __init__(
        self, n, add=True, stages=(8, 16, 32), in_channels=1, stride=1, classes=10
    ):
        layers = [*convolution(in_channels, stages[0], stride), nn.ReLU()]
        channels = stages[0]
        for out_channels in stages:
            for block in range(n):
                shrink = 2 if block == 0 and out_channels > stages[0] else 1
                layers.append(Block(channels, out_channels, shrink, add))
                channels = out_channels
        super().__init__(
            *layers,
            nn.AdaptiveAvgPool2d(1),  # (N, channels, 1, 1)
            nn.Flatten(),
            nn.Linear(channels, classes),
        )
        models.resnet.initialise(self)  # He et al. 2015

    def blocks(self):
        """The places of the blocks."""
        return [place for place, part in enumerate(self) if isinstance(part, Block)]


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


for name, add in (("resnet20", True), ("plain20", False)):
    mine = SmallResNet(3, add, stages=(16, 32, 64), in_channels=3).eval()
    theirs = models.create(name, num_classes=10).eval()
    values = mine.state_dict().values()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), values, strict=True)))
    x = torch.randn(2, 3, 32, 32)
    check.close(mine(x), theirs(x), what=name)
    check.that(count(mine) == 269_722, f"{name}: {count(mine):,} parameters")

# %% [markdown] lang="ko"
# 평범한 신경망과 잔차 신경망은 파라미터 수도 곱셈-덧셈 연산 수도 같습니다. 다른 점은 지름길의 덧셈뿐입니다. 과제는 일부러 쉬운 것을 골랐습니다. 손글씨 숫자의 가운데를
# 2×2칸씩 평균해서 $12 \times 12$픽셀로 줄이고, 훈련에는 앞의 2,000장, 테스트에는 앞의 500장만 씁니다(아래 출력의 4,000장과 1,000장은 자르기
# 전의 수입니다). 8층이면 충분히 배울 수 있는 과제이므로, 깊은 신경망이 배우지 못한다면 과제가 어려워서가 아닙니다. 8층, 20층, 56층을 똑같은 학습률 0.1로
# 4에폭씩 훈련하고(8층과 20층은 시드 둘, 56층은 하나), 훈련 오류율을 훈련이 끝난 다음에 잽니다. `CNNBOOK_BUDGET=full`로 실행하면 그림과 시드를 더
# 쓰므로 수가 조금 달라집니다.

# %% [markdown] lang="en"
# The plain and the residual network have the same number of parameters and the same multiply-adds. Only the additions
# differ. The task is chosen to be easy: handwritten digits, their middle reduced to $12 \times 12$ pixels by averaging
# 2×2 cells, the first 2,000 for training and the first 500 for testing (the 4,000 and 1,000 printed below are counted
# before that cut). Eight layers can learn it well enough, so if a deep network fails, it is not because the task is
# hard. We train 8, 20 and 56 layers with the same learning rate of 0.1 for 4 epochs each, 8 and 20 with two seeds and
# 56 with one, and measure the training error after the training. With `CNNBOOK_BUDGET=full` more pictures and seeds
# are used, and the numbers differ a little.


# %%
def small(images):
    """Digits of 12 × 12 pixels: the middle 24 × 24, every 2 × 2 averaged."""
    middle = images.centre(24)
    pixels = functional.avg_pool2d(middle.images.float(), 2).round().to(torch.uint8)
    return dataclasses.replace(middle, images=pixels)


digits = small(data.load("digits", "train")[: 4000 if full else 2000])
digits_test = small(data.load("digits", "test")[: 1000 if full else 500])
SEEDS = {8: (0, 1), 20: (0, 1), 56: (0, 1) if full else (0,)}

networks, histories, rows = {}, {}, []
for depth, seeds in SEEDS.items():
    for add in (False, True):
        for seed in seeds:
            torch.manual_seed(seed)
            network = SmallResNet((depth - 2) // 6, add)
            history = train.fit(
                network, digits, epochs=4, batch_size=50, lr=0.1, optimizer="sgd",
                schedule="onecycle", seed=seed, quiet=True,
            )  # fmt: skip
            seen = train.evaluate(network, digits, like=history)
            new = train.evaluate(network, digits_test, like=history)
            kind = "residual" if add else "plain"
            error, test_error = 1 - seen.accuracy, 1 - new.accuracy
            rows.append((kind, depth, seed, error, test_error))
            if seed == 0:
                networks[kind, depth], histories[kind, depth] = network, history
columns = ["kind", "depth", "seed", "train_error", "test_error"]
measured = pd.DataFrame(rows, columns=columns)
means = measured.groupby(["kind", "depth"])[["train_error", "test_error"]].mean()
means.round(3)

# %%
error = means.train_error
check.that(
    error["plain", 20] > error["plain", 8],
    f"plain 20: {error['plain', 20]:.3f} > plain 8: {error['plain', 8]:.3f}",
)
check.that(
    error["plain", 56] > error["plain", 20] + 0.3,
    f"plain 56: {error['plain', 56]:.3f} > plain 20: {error['plain', 20]:.3f} + 0.3",
)
for depth in SEEDS:
    check.that(
        error["residual", depth] < 0.1, f"{depth}: {error['residual', depth]:.3f}"
    )
same = count(networks["plain", 56]) == count(networks["residual", 56])
check.that(same, f"{count(networks['plain', 56]):,} parameters in both")

# %% name="fig-degradation" tags=["hide-input"] alt_ko="가로축은 층의 수 8, 20, 56, 세로축은 훈련 오류율. 평범한 신경망의 선은 2%쯤에서 시작해 20층에서 조금 오르고 56층에서 절반을 넘습니다. 잔차 신경망의 선은 바닥에 붙어 있습니다." alt_en="Layers 8, 20 and 56 across, training error upwards. The line of the plain networks begins at about 2%, is a little higher at 20 layers and above one half at 56; that of the residual networks stays at the bottom." caption_ko="훈련이 끝난 뒤의 훈련 오류율. 동그라미는 시드 하나, 선은 평균입니다. 평범한 56층은 4에폭 동안 훈련 데이터도 제대로 배우지 못합니다(56층은 시드 하나)." caption_en="Training error after training. A circle is one seed, the line the mean. In 4 epochs the plain 56 layers do not even learn the training data well (56 layers: one seed)."
figure = look.curves(
    {kind: means.loc[kind].reset_index() for kind in ("plain", "residual")},
    x="depth",
    y="train_error",
    xlabel="layers",
)
axes = figure.axes[0]
for kind, colour in (("plain", "blue"), ("residual", "orange")):
    each = measured[measured.kind == kind]
    axes.plot(
        each.depth,
        each.train_error,
        "o",
        markersize=10,
        markerfacecolor="none",
        color=look.style.LIGHT[colour],
    )
axes.set_xticks(list(SEEDS))
axes.set_ylim(0, 1)
figure

# %% name="fig-loss" tags=["hide-input"] alt_ko="에폭 1부터 4까지의 훈련 손실 곡선 넷. 잔차 8층, 잔차 56층, 평범한 8층은 모두 0 가까이로 내려가고, 평범한 56층만 2.3쯤에서 천천히 내려와 1.5보다 위에서 끝납니다." alt_en="Four curves of training loss over epochs 1 to 4. Residual 8, residual 56 and plain 8 all come down near 0; only plain 56 falls slowly from about 2.3 and ends above 1.5." caption_ko="훈련 손실(시드 0). 아무것도 배우지 않은 신경망의 손실은 $\\ln 10 \\approx 2.3$입니다." caption_en="Training loss (seed 0). A network that has learned nothing has a loss of $\\ln 10 \\approx 2.3$."
look.curves(
    {
        f"{kind} {depth}": histories[kind, depth].table
        for depth in (56, 8)
        for kind in ("plain", "residual")
    },
    y="loss",
)

# %% [markdown] lang="ko"
# 평범한 신경망은 깊어질수록 훈련 오류율이 높아집니다. 8층이 거의 다 배운 시간에 56층은 이제 막 배우기 시작합니다. 이 실험만으로는 느린 것인지 끝내 못 배우는 것인지
# 가를 수 없습니다. 더 오래, 또는 더 작은 학습률로 훈련하면 아마 나아질 것입니다. `SmallResNet(9, add=False)`로 재 보세요. 논문의 평범한 56층은
# 훈련이 끝나도 20층보다 훈련 오류율이 높습니다 {cite:p}`he2016deep` (그림 1). 덧셈만 더한 쌍둥이 신경망은 어느 깊이에서나 훈련 오류율이 3%를 넘지
# 않습니다. 깊이의 **해로움**이 거의 사라졌습니다. 다 사라진 것은 아니어서 56층(2.8%)이 8층(1.6%)보다 조금 더 틀리는데, 시드 하나로는 우연인지 알 수
# 없습니다. 8층으로 충분한 과제이므로 깊이가 도움이 되지는 않습니다. 깊이가 이로우려면 ImageNet처럼 어려운 과제가 필요합니다. 논문의 top-1 오류율은
# 이렇습니다(표 2).
#
# | | 18층 | 34층 |
# |---|---|---|
# | 평범한 신경망 | 27.94% | 28.54% |
# | 잔차 신경망(지름길 A) | 27.88% | 25.03% |
#
# 해가 정말 있는지도 확인합시다. 훈련한 8층짜리 평범한 신경망에 항등 사상 블록을 24개 끼워 넣으면 56층짜리 평범한 신경망이 됩니다. $k$번째 필터는 $k$번째 채널의
# 가운데 가중치만 1이고 나머지가 모두 0이어서 그 채널을 그대로 내놓습니다. PyTorch의 `nn.init.dirac_`가 이 필터들을 만듭니다. 새 배치 정규화는 평균
# 0과 분산 1을 기억하고 있으므로, 평가 모드에서는 값을 아주 조금($\epsilon$만큼)만 바꿉니다. 그래서 오차를 0.01까지 허용합니다. 훈련 모드에서는 배치의
# 평균과 분산으로 정규화하므로 항등 사상이 아닙니다.

# %% [markdown] lang="en"
# The deeper the plain network, the higher its training error: when 8 layers have learned almost everything, 56 have
# only begun. This experiment alone cannot tell whether they are slow or never learn it. Longer training, or a lower
# rate, would probably help; try it with `SmallResNet(9, add=False)`. The paper's plain 56 layers have a higher
# training error than its 20 even at the end of training {cite:p}`he2016deep` (figure 1). Their twin, the same network
# with the additions, stays below 3% at every depth: the **harm** of depth is almost gone. Not quite, as 56 layers make
# 2.8% errors on the training data where 8 make 1.6%, and one seed cannot tell whether that is chance. Depth does not
# help in this task, for which 8 layers are enough. For depth to be of use the task must be hard, as ImageNet is. The
# paper's top-1 errors (table 2):
#
# | | 18 layers | 34 layers |
# |---|---|---|
# | plain | 27.94% | 28.54% |
# | residual (shortcut A) | 27.88% | 25.03% |
#
# Does the solution really exist? Insert 24 identity blocks into the trained plain network of 8 layers, and it is a
# plain network of 56 layers. If the $k$-th filter has a 1 in the middle of the $k$-th channel and 0 everywhere else,
# it passes that channel on; PyTorch's `nn.init.dirac_` makes such filters. A new batch norm has stored a mean of 0 and
# a variance of 1, so in evaluation mode it changes values only a little, by its $\epsilon$; hence the tolerance of
# 0.01. In training mode, where the batch's own mean and variance are used, the block is not the identity.


# %%
def identity_block(channels):
    """A plain block that returns an input of 0 or more as it is."""
    block = Block(channels, channels, add=False)
    for layer in block.F:
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight)
    return block


shallow = networks["plain", 8]
parts = []
for part in shallow:
    parts.append(part)
    if isinstance(part, Block):
        parts += [identity_block(part.F[0].out_channels) for _ in range(8)]
deep = copy.deepcopy(networks["plain", 56])
deep.load_state_dict(nn.Sequential(*parts).state_dict())  # every layer has its place
like = histories["plain", 8]
x = (data.to_float(digits.images[:100]) - like.mean) / like.std
eight = 1 - train.evaluate(shallow, digits, like=like).accuracy
with torch.no_grad():
    check.close(deep.eval()(x), shallow.eval()(x), atol=1e-2, what="56 layers = 8")
built = 1 - train.evaluate(deep, digits, like=histories["plain", 8]).accuracy
found = (
    1
    - train.evaluate(
        networks["plain", 56], digits, like=histories["plain", 56]
    ).accuracy
)
print(f"training error, plain, 8 layers: {eight:.3f}")
print(f"56 layers: built by hand {built:.3f}, found by training {found:.3f}")
check.that(abs(built - eight) < 0.01, f"{built:.3f} is about {eight:.3f}")
check.that(built < found - 0.2, f"{built:.3f} < {found:.3f} - 0.2")

# %% [markdown] lang="ko"
# 같은 56층인데, 손으로 놓은 가중치는 8층짜리만큼 맞히고, 이 훈련이 찾은 가중치는 그러지 못합니다. 모자란 것은 표현력이 아니라 최적화입니다.
#
# ### 훈련이 끝난 $F$는 0일까요?
#
# 56층짜리 잔차 신경망에서 블록마다 $F(x)$의 크기를 $x$의 크기로 나누어 봅니다. 크기는 제곱 평균의 제곱근입니다. 그리고 모든 $F$를 정말 0으로 놓으면
# 어떻게 되는지 봅니다.

# %% [markdown] lang="en"
# With the same 56 layers, weights set by hand do as well as the 8 layers, and the weights that this training found do
# not. What is missing is not the power to represent but optimisation.
#
# ### Is $F$ zero after training?
#
# In the residual network of 56 layers we divide the size of $F(x)$ by that of $x$ in every block, both as a root mean
# square. Then we see what happens when every $F$ is really set to 0.


# %%
def rms(values):
    return values.double().square().mean().sqrt().item()


deep, like = networks["residual", 56].eval(), histories["residual", 56]
x = (data.to_float(digits_test.images[:300]) - like.mean) / like.std
sizes = []
with torch.no_grad():
    for part in deep:
        if isinstance(part, Block):
            sizes.append(rms(part.F(x)) / rms(part.shortcut(x)))
        x = part(x)


def without(network, places):
    """A copy in which these blocks are nothing but their shortcuts."""
    changed = copy.deepcopy(network)
    for place in places:
        changed[place] = changed[place].shortcut
    return changed


whole = train.evaluate(deep, digits_test, like=like).accuracy
empty = train.evaluate(without(deep, deep.blocks()), digits_test, like=like).accuracy
print(
    f"F between {min(sizes):.2f} and {max(sizes):.2f} of x; accuracy with F = 0: {empty}"
)
check.that(min(sizes) > 0.1, f"smallest F is {min(sizes):.3f} of x")
check.that(sizes[0] == max(sizes) > 0.5, f"largest F, the first: {sizes[0]:.3f} of x")
check.that(empty < 0.5 < whole, f"{empty:.3f} < 0.5 < {whole:.3f}")

# %% name="fig-sizes" tags=["hide-input"] alt_ko="가로축은 블록 1부터 27, 세로축은 F의 크기를 x의 크기로 나눈 값. 선은 1 가까이에서 시작해 몇 블록 만에 0.3 부근으로 내려가고, 점선이 있는 10번째와 19번째 블록에서 다시 조금 오릅니다. 0에는 닿지 않습니다." alt_en="Blocks 1 to 27 across, the size of F divided by that of x upwards. The line begins near 1, falls to about 0.3 within a few blocks and rises again somewhat at blocks 10 and 19, where dotted lines stand. It does not touch 0." caption_ko="훈련이 끝난 56층 잔차 신경망에서 블록마다 $F(x)$의 크기를 $x$의 크기로 나눈 것. 점선은 단계가 바뀌는 블록입니다. 그 두 블록에서는 지름길이 채널의 반을 0으로 채워 $x$의 크기가 $\\sqrt{2}$로 나뉘므로, 비가 그만큼 커 보입니다." caption_en="Size of $F(x)$ as a share of the size of $x$ in every block of the trained residual network of 56 layers. Dotted lines mark the blocks where a new stage begins. There the shortcut fills half of the channels with zeros, which divides the size of $x$ by $\\sqrt{2}$ and makes the share look that much larger."
figure = look.curves({"F / x": sizes}, x="block", y="size of F / size of x")
axes = figure.axes[0]
for place in (10, 19):
    axes.axvline(place, color=look.style.LIGHT["muted"], linestyle=":", linewidth=1.2)
axes.set_ylim(0)
figure

# %% [markdown] lang="ko"
# $F$는 어느 블록에서도 0이 아닙니다. 여기서는 가장 작은 것이 $x$의 0.23배, 가장 큰 것이 0.97배입니다. 모든 $F$를 0으로 놓으면 배운 것이 거의 다
# 사라집니다. 다만 이때는 단계가 바뀌는 블록에서 새 채널을 채우던 $F$까지 없어집니다. 논문도 층의 출력을 재서, 잔차 신경망의 층이 평범한 신경망의 층보다 대체로 작은
# 값을 내놓고 깊을수록 더 작다고 적었습니다(그림 7). 작지만 0은 아닙니다. 0은 목적지가 아니라 기준이라는 말과 맞습니다.
#
# ## 그레이디언트가 사라져서일까요?
#
# ResNet이 기울기 소실(vanishing gradient)을 해결했다고들 합니다. 논문의 말은 다릅니다. 평범한 신경망에도 배치 정규화가 있어서 그레이디언트의 크기가
# 정상적이므로(논문의 표현은 healthy), 성능 저하의 원인이 기울기 소실일 것 같지 않다고 썼습니다 {cite:p}`he2016deep` (4.1절). 재 봅시다.
# 크기가 모두 같은 블록 27개를 쌓고, 블록마다 입력에 이르는 그레이디언트의 노름을 마지막 출력에서의 노름으로 나눕니다. 학습률이 곱해지는 것은 가중치의 그레이디언트이므로,
# 첫 블록과 마지막 블록의 첫 합성곱에서 그것도 재서 앞의 것을 뒤의 것으로 나눕니다(출력의 ‘of weights’). 훈련하기 전의 신경망에서, 덧셈과 배치 정규화가 각각
# 있을 때와 없을 때를 잽니다.

# %% [markdown] lang="en"
# $F$ is 0 in no block. Here it is 0.23 of $x$ at its smallest and 0.97 at its largest. With every $F$ at 0 the network
# has lost almost everything it learned; but this also removes the $F$ that fill the new channels where a stage begins.
# The paper measured the responses of layers, too (figure 7): those of a residual network are generally smaller than
# those of a plain one, and smaller the deeper it is. Small, but not zero, as befits a point of reference that is not a
# destination.
#
# ## Do the gradients vanish?
#
# It is often said that ResNet solved the vanishing gradient. The paper says otherwise: since the plain networks have
# batch norm, too, their gradients have healthy sizes, and vanishing gradients are unlikely to be the cause of
# degradation {cite:p}`he2016deep` (section 4.1). Let us measure. We stack 27 blocks of one size and divide the norm of
# the gradient at each block's input by its norm at the last output. What the learning rate multiplies is the gradient
# of the weights, so we measure that as well, in the first convolution of the first block and of the last, and divide
# the former by the latter (“of weights” in the output). The networks are untrained, with and without the addition,
# with and without batch norm.


# %%
def stack(add, norm, he=True, blocks=27, channels=16):
    torch.manual_seed(0)
    network = nn.Sequential(
        *[Block(channels, channels, add=add) for _ in range(blocks)]
    )
    for block in network:
        if not norm:
            block.F[1] = block.F[4] = nn.Identity()
    if he:
        models.resnet.initialise(network)
    return network


def gradient_norms(network, channels=16):
    """Norms of the gradient: at each block's input and the last output, over the
    latter; at the weights of the first and last block. And the last output's size.
    """
    generator = torch.Generator().manual_seed(1)
    inside = [torch.randn(50, channels, 6, 6, generator=generator).relu()]
    inside[0].requires_grad_()
    for block in network:
        inside.append(block(inside[-1]))
        inside[-1].retain_grad()
    torch.manual_seed(2)
    logits = nn.Linear(channels, 10)(inside[-1].mean(dim=(2, 3)))
    functional.cross_entropy(logits, torch.arange(50) % 10).backward()
    norms = [values.grad.double().norm().item() for values in inside]
    ends = [network[i].F[0].weight.grad.double().norm().item() for i in (0, -1)]
    return [norm / norms[-1] for norm in norms], ends, rms(inside[-1].detach())


gradients, weights = {}, {}
print(f"{'':14}{'gradient':>12}{'of weights':>12}{'last output':>13}")
for norm in (True, False):
    for add in (False, True):
        name = f"{'residual' if add else 'plain'}{', BN' if norm else ''}"
        gradients[name], (begin, end), size = gradient_norms(stack(add, norm))
        weights[name] = begin / end
        print(
            f"{name:14}{gradients[name][0]:>12.3g}{weights[name]:>12.3g}{size:>13.3g}"
        )
norms, (begin, end), size = gradient_norms(stack(add=False, norm=False, he=False))
print(f"{'plain, not He':14}{norms[0]:>12.3g}{begin / end:>12.3g}{size:>13.3g}")
check.that(norms[0] < 1e-15, f"plain, not He: gradient × {norms[0]:.1e} < 1e-15")
check.that(size < 1e-20, f"plain, not He: output {size:.1e} < 1e-20")

# %%
first = {name: norms[0] for name, norms in gradients.items()}
check.that(first["plain, BN"] > 100, f"plain, BN: × {first['plain, BN']:.0f}")
check.that(
    1 < first["residual, BN"] < first["plain, BN"] / 20,
    f"residual, BN: × {first['residual, BN']:.0f}",
)
check.that(first["plain"] < 1, f"plain: × {first['plain']:.3f}")
check.that(
    weights["plain, BN"] > 20 * weights["residual, BN"],
    f"weights: plain, BN × {weights['plain, BN']:.0f}, residual, BN × {weights['residual, BN']:.0f}",
)
check.that(first["residual"] > 100, f"residual: × {first['residual']:.0f}")

# %% name="fig-gradients" tags=["hide-input"] alt_ko="가로축은 블록 0부터 27, 세로축은 로그 눈금의 그레이디언트 노름. 배치 정규화가 있는 평범한 신경망의 선은 27번에서 1이고 첫 블록 쪽으로 갈수록 커져 수천 배가 됩니다. 배치 정규화가 있는 잔차 신경망은 수십 배까지만 커집니다. 배치 정규화가 없으면 평범한 쪽은 1보다 작아지고 잔차 쪽은 수천 배로 커집니다." alt_en="Blocks 0 to 27 across, gradient norm on a logarithmic scale. With batch norm the plain network's line is 1 at block 27 and grows to thousands towards the first block; the residual one's grows to some tens only. Without batch norm the plain one falls below 1 and the residual one grows to thousands." caption_ko="훈련 전, 블록마다 입력에 이르는 그레이디언트의 노름을 마지막 출력에서의 노름으로 나눈 것(로그 눈금, He 초기화). 그레이디언트는 오른쪽에서 왼쪽으로 흐릅니다. ‘plain, BN’과 ‘residual’의 선은 거의 겹칩니다." caption_en="Before training: norm of the gradient at each block's input, over that at the last output (logarithmic scale, He initialisation). The gradient flows from right to left. The lines of “plain, BN” and “residual” almost cover each other."
look.curves(
    {
        name: pd.DataFrame({"block": range(28), "gradient": norms})
        for name, norms in gradients.items()
    },
    x="block",
    y="gradient",
    ylabel="gradient norm (last = 1)",
    logy=True,
)

# %% [markdown] lang="ko"
# 배치 정규화가 있으면 사라지지 않는다는 점에서 논문의 말이 맞습니다. 그렇다고 배치 정규화가 있는 평범한 신경망의 그레이디언트가 정상이라고 하기도 어렵습니다. 앞쪽 블록에서
# 수천 배로 **커집니다**. 블록마다 1.4배쯤이 27번 곱해진 것입니다. 덧셈을 넣으면 수십 배에 그칩니다. 가중치의 그레이디언트도 첫 블록에서 마지막 블록의 수천
# 배이고, 덧셈을 넣으면 열 몇 배입니다. 평범한 신경망에서 배치 정규화를 없애면 그레이디언트는 반대로 줄어들지만, 정말 사라지는 것을 보려면 He 초기화도 없애야 합니다.
# PyTorch의 기본 초기화로는 첫 블록에 이르는 그레이디언트가 마지막 출력에서의 $10^{-15}$배보다 작고, 27블록 뒤의 값도 $10^{-20}$보다 작습니다.
# 가중치의 그레이디언트는 블록에 들어오는 값에도 비례하는데 그 값이 뒤로 갈수록 함께 줄어드므로, 첫 블록과 마지막 블록의 비는 이렇게 작아지지 않습니다. 반대로 배치 정규화
# 없이 덧셈만 있으면 값과 그레이디언트가 함께 커집니다. 더할 때마다 값이 커지는데, 이를 억제하는 층이 없기 때문입니다.
#
# 그러니 “기울기 소실을 해결했다”보다 이렇게 말하는 것이 옳습니다. 소실은 배치 정규화와 초기화가 이미 막았고, 그래도 남은 최적화의 어려움을 지름길 연결이 크게
# 덜었습니다. 깊은 평범한 신경망이 왜 어려운지 논문은 밝히지 않았고, 수렴이 지수적으로 느릴지 모른다고 추측만 했습니다. 우리가 잰 것을 보면, 평범한 신경망에서는 첫
# 블록과 마지막 블록의 가중치가 받는 그레이디언트가 수천 배 다르므로 학습률 하나가 둘 모두에 알맞기 어렵습니다. 다만 훈련 전에 잰 것이고, 이것이 원인의 전부인지는 여기서
# 재지 않았습니다.

# %% [markdown] lang="en"
# The paper is right in that with batch norm nothing vanishes. But in a plain network with batch norm the gradient is
# hardly healthy either. Towards the first blocks it **grows** by thousands: a factor of about 1.4 for each block, 27
# times. With the addition it grows by some tens. The gradient of the weights, too, is thousands of times as large in
# the first block as in the last; with the addition, some ten times. Without batch norm the plain network's gradient
# shrinks, but to see it really vanish one must leave out He initialisation as well: with PyTorch's own initialisation
# the gradient that reaches the first block is below $10^{-15}$ of that at the last output, and values after 27 blocks
# are below $10^{-20}$. The gradient of the weights is proportional to the values that enter a block as well, and these
# shrink towards the end, so the ratio of first to last block does not become small in this way. With the addition but
# without batch norm, values and gradients grow together, since nothing reins in the growth from each addition.
#
# So rather than “it solved the vanishing gradient” one should say: batch norm and initialisation had prevented that
# already, and the shortcuts removed much of a difficulty of optimisation that was left. Why deep plain networks are
# difficult the paper does not explain; it only conjectures that they may converge exponentially slowly. From our
# measurement: in the plain network the gradients of the weights differ by thousands between the first and the last
# block, and a single learning rate can hardly suit both. But this was measured before training, and whether it is the
# whole cause we have not measured.

# %% [markdown] lang="ko"
# ## 지름길 세 가지
#
# 크기가 바뀌는 곳에서 $x$를 어떻게 더할지 논문은 세 가지를 견주었습니다.
#
# - **A**: 픽셀을 하나씩 건너뛰고 새 채널을 0으로 채웁니다. 파라미터가 없습니다.
# - **B**: 크기가 바뀌는 곳에만 1×1 합성곱을 둡니다. 논문은 이것을 사영(projection) 지름길이라고 부릅니다. 나머지는 $x$ 그대로입니다.
# - **C**: 모든 지름길을 1×1 합성곱으로 바꿉니다.
#
# 34층에서 세어 보고, 논문이 잰 오류율을 옆에 놓습니다. PyTorch의 `meta` 장치에서는 텐서에 모양만 있고 값이 없어서, 큰 신경망도 금방 만들고 셀 수
# 있습니다.

# %% [markdown] lang="en"
# ## Three kinds of shortcut
#
# How should $x$ be added where the size changes? The paper compares three ways.
#
# - **A**: every other pixel is taken and new channels are zeros. No parameters.
# - **B**: a 1×1 convolution (a projection) where the size changes; elsewhere $x$ itself.
# - **C**: a 1×1 convolution in every shortcut.
#
# We count them with 34 layers and put the errors that the paper measured beside them. On PyTorch's device `meta`
# tensors have a shape but no contents, so a large network is built and counted at once.


# %%
def shapes_of(name, **options):
    """The layers of a network as `look.trace` lists them, without making any weights."""
    with torch.device("meta"):
        network = models.create(name, **options)
    return look.trace(network, models.facts(name)["input_size"])


PRINTED = {"plain": 28.54, "A": 25.03, "B": 24.52, "C": 24.19}  # table 3, ten crops
counted = {"plain": shapes_of("plain34")}
counted |= {option: shapes_of("resnet34", shortcut=option) for option in "ABC"}
shortcuts = pd.DataFrame(
    {
        option: {
            "parameters": trace.parameters.sum(),
            "multiply_adds": trace.multiply_adds.sum(),
            "paper, top-1 error in %": PRINTED[option],
        }
        for option, trace in counted.items()
    }
).T
check.that(
    shortcuts.parameters["A"] == shortcuts.parameters["plain"],
    f"A has no parameters: {shortcuts.parameters['A']:,.0f}",
)
more = {
    option: shortcuts.parameters[option] - shortcuts.parameters["A"] for option in "BC"
}
check.that(
    more["C"] > 5 * more["B"], f"B {more['B']:,.0f} more, C {more['C']:,.0f} more"
)
shortcuts.astype({"parameters": int, "multiply_adds": int})

# %% [markdown] lang="ko"
# 3.51퍼센트포인트의 개선은 파라미터가 하나도 없는 A에서 이미 나옵니다. B가 거기서 0.51, C가 0.33을 더 줄입니다. 논문은 A가 0으로 채운 채널에는
# 잔차 학습이 없어서 B가 조금 나은 것으로 보고, C가 B보다 나은 것은 파라미터가 늘어서라고 보았습니다. 셋의 차이가 작으므로 1×1 합성곱이 성능 저하 문제의
# 해법에 꼭 필요한 것은 아닙니다. 논문은 메모리와 시간을 아끼려고 C를 쓰지 않고, 50층부터는 B를 씁니다.
#
# ## 병목 블록
#
# 50층부터는 블록이 바뀝니다. 3×3 합성곱 두 개 대신, 1×1로 채널 수를 줄이고, 3×3을 하고, 1×1로 되돌립니다. 가운데의 채널 수는 양쪽 끝의
# 25%입니다. 가운데가 좁아서 병목(bottleneck) 블록이라고 합니다. [‘GoogLeNet’ 장](10_googlenet)에서 1×1 합성곱으로 채널을 줄인
# 것과 같은 방법입니다.

# %% [markdown] lang="en"
# A, without a single parameter, already brings the improvement of 3.51 percentage points. B takes off 0.51 more, and C
# another 0.33. The paper thinks that B is slightly better because the channels that A fills with zeros have no residual
# learning, and that C is better than B because it has more parameters. As they differ so little, 1×1 convolutions are
# not essential for curing degradation. To save memory and time the paper does without C, and from 50 layers on it uses
# B.
#
# ## The bottleneck
#
# From 50 layers on, the block is a different one. In place of two 3×3 convolutions it reduces the channels by a 1×1,
# convolves by a 3×3, and restores them by a 1×1. The middle has 25% of the channels of both ends. Since it is narrow
# there it is called a bottleneck. [The chapter on GoogLeNet](10_googlenet) used 1×1 convolutions in the same way.

# %% name="fig-bottleneck" tags=["hide-input"] alt_ko="블록 두 개. 왼쪽은 채널 64개에서 3×3 합성곱 두 개와 지름길. 오른쪽은 채널 256개에서 1×1로 64개, 3×3으로 64개, 1×1로 256개를 만드는 합성곱 세 개와 지름길입니다." alt_en="Two blocks. Left, with 64 channels, two 3×3 convolutions and a shortcut. Right, with 256 channels, three convolutions, 1×1 to 64, 3×3 to 64 and 1×1 to 256, and a shortcut." caption_ko="기본 블록과 병목 블록. 합성곱마다 배치 정규화가 뒤따릅니다. 오른쪽은 채널이 네 배인데 가중치는 더 적습니다." caption_en="The basic block and the bottleneck; batch norm follows each convolution. The right one has four times the channels and fewer weights."
basic = [("conv 3×3", "64 → 64"), "ReLU", ("conv 3×3", "64 → 64")]
narrow = [
    ("conv 1×1", "256 → 64"),
    "ReLU",
    ("conv 3×3", "64 → 64"),
    "ReLU",
    ("conv 1×1", "64 → 256"),
]
draw.row(
    draw.block([basic, []], input="64", after=["ReLU"]),
    draw.block([narrow, []], input="256", after=["ReLU"]),
    gap=60,
)


# %% tags=["nbval-check-output"]
def basic_weights(channels):
    return 2 * 9 * channels**2


def bottleneck_weights(channels):
    narrow = channels // 4
    return channels * narrow + 9 * narrow**2 + narrow * channels


def weights_of(block):
    """The weights of its convolutions, batch norm not counted."""
    return sum(p.numel() for p in block.parameters() if p.ndim == 4)


assert weights_of(models.resnet.Block(64, 64)) == basic_weights(64)
assert weights_of(models.resnet.Bottleneck(256, 256)) == bottleneck_weights(256)
print(f"basic, 64 channels       {basic_weights(64):>9,}")
print(f"bottleneck, 256 channels {bottleneck_weights(256):>9,}")
print(f"basic, 256 channels      {basic_weights(256):>9,}")
print(f"basic / bottleneck at 256: {basic_weights(256) / bottleneck_weights(256):.1f}")

# %% [markdown] lang="ko"
# 채널이 256개인 곳에서 병목 블록의 가중치는 채널이 64개인 기본 블록과 비슷합니다. 같은 256개에서 기본 블록의 가중치는 16.9배입니다. 그래서 34층의 블록을
# 하나씩 병목으로 바꾼 50층이 34층과 거의 같은 계산량으로 돌아갑니다. 병목에서는 지름길에 파라미터가 없는 것이 특히 중요합니다. 지름길이 채널이 많은 양쪽 끝을 잇기
# 때문에, 거기에 $256 \times 256$짜리 1×1 합성곱을 두면 블록의 가중치가 두 배 가까이 됩니다.
#
# ## 신경망 전체
#
# ImageNet용 다섯 신경망은 표 하나로 정해집니다. 처음의 7×7 합성곱과 풀링으로 224픽셀이 56픽셀이 되고, 네 단계가 56, 28, 14, 7픽셀에서
# 이어집니다. 50층의 모양을 논문의 표 1과 견줍니다.

# %% [markdown] lang="en"
# At 256 channels a bottleneck has about as many weights as a basic block at 64 channels. A basic block at the same 256
# has 16.9 times as many. So the 50 layers that come of replacing each block of the 34 layers by a bottleneck need about
# as much computation as the 34. In a bottleneck it matters most that the shortcut has no parameters: it joins the two
# wide ends, and a 1×1 convolution of $256 \times 256$ there would almost double the weights of the block.
#
# ## The whole network
#
# One table fixes the five networks for ImageNet. A 7×7 convolution and a pooling bring 224 pixels down to 56, and four
# stages follow at 56, 28, 14 and 7 pixels. We compare the shapes of the 50 layers with the paper's table 1.

# %%
TABLE_1 = {
    "conv1": (64, 112, 112),
    "conv2_x": (256, 56, 56),
    "conv3_x": (512, 28, 28),
    "conv4_x": (1024, 14, 14),
    "conv5_x": (2048, 7, 7),
    "avgpool": (2048, 1, 1),
    "linear": (1000,),
}
trace = shapes_of("resnet50")
stage = trace.index.str.split(".").str[0]
sums = {"output": "last", "parameters": "sum", "multiply_adds": "sum"}
stages = trace.groupby(stage, sort=False).agg(sums)
check.same_shapes(dict(stages.output.loc[list(TABLE_1)]), TABLE_1)
stages.index.name = None
stages.loc[[name for name in stages.index if name not in ("relu1", "flatten")]]

# %% [markdown] lang="ko"
# 첫 줄의 112는 $(224 - 7 + 6)/2 + 1 = 112.5$를 내린 것입니다. 이제 다섯 신경망의 층과 파라미터와 연산을 모두 세어, 논문이 표 1에 십억 단위로
# 적은 연산 수와 견줍니다. 논문은 FLOPs라고 적었지만 곱셈-덧셈 한 번을 하나로 센 수입니다. 파라미터 수는 논문에 없습니다. 지름길은 다섯 신경망 모두 B로 셌습니다.
# 마지막 열은 논문의 top-1 오류율로, 18층은 지름길 A(표 2), 나머지는 B(표 3)입니다. 층은 지름길의 1×1 합성곱을 빼고, 가중치가 있는 층만 셉니다.

# %% [markdown] lang="en"
# The 112 in the first line is $(224 - 7 + 6)/2 + 1 = 112.5$, rounded down. Now we count the layers, the parameters and
# the operations of all five and compare with the billions of operations printed in the paper's table 1. The paper
# calls them FLOPs but counts a multiply-add as one. It prints no numbers of parameters. All five are counted with
# shortcuts B. The last column is the paper's top-1 error, with shortcuts A for 18 layers (table 2) and B for the
# others (table 3). Layers are those with weights, without the 1×1 convolutions of the shortcuts.

# %% tags=["nbval-check-output"]
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
BLOCKS |= {101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
BILLIONS = {18: 1.8, 34: 3.6, 50: 3.8, 101: 7.6, 152: 11.3}  # table 1
TOP_1 = {18: 27.88, 34: 24.52, 50: 22.85, 101: 21.75, 152: 21.43}  # tables 2 and 3
operations = {}
print(
    f"{'layers':>6}{'parameters':>12}{'multiply-adds':>16}{'paper, G':>10}{'ratio':>7}"
    f"{'paper, top-1':>14}"
)
for depth, printed in BILLIONS.items():
    trace = shapes_of(f"resnet{depth}")
    per_block = 2 if depth < 50 else 3
    assert 1 + per_block * sum(BLOCKS[depth]) + 1 == depth
    operations[depth] = trace.multiply_adds.sum()
    ratio = operations[depth] / (printed * 1e9)
    print(
        f"{depth:>6}{trace.parameters.sum():>12,}{operations[depth]:>16,}"
        f"{printed:>10}{ratio:>7.3f}{TOP_1[depth]:>13.2f}%"
    )
vgg19 = models.facts("vgg19")["multiply_adds"]
print(f"vgg19 / resnet152: {vgg19 / operations[152]:.2f} in multiply-adds")

# %% [markdown] lang="ko"
# 다섯 가지 모두 2% 안에서 맞습니다. 가장 크게 어긋난 것은 34층(3.66, 논문은 3.6)이고, 다음이 50층(3.86, 논문은 3.8)입니다. 34층은 지름길 A로
# 세면 3.64이니 논문의 수는 이것을 반올림한 것이고, 50층의 3.8은 3.86을 내린 값으로 보입니다. 널리 쓰이는 라이브러리의 50층은 4.09입니다. 병목에서
# 스트라이드 2를 첫 1×1이 아니라 3×3에 두기 때문이고, 패키지에서는 `resnet50_torchvision`입니다. 그리고 152층은 VGG-19보다 여덟 배 깊은데
# 연산은 더 적습니다. 논문의 오류율은 깊을수록 낮아집니다. 어려운 과제에서는 깊이가 이롭습니다.
#
# ## 직접 훈련해서 재기
#
# 컬러 그림으로 작은 ResNet을 훈련합시다. [‘보기’ 장](01_seeing)의 도형 열 가지, $32 \times 32$픽셀, 3,000장입니다. 신경망은 방금 만든
# `SmallResNet`에 블록을 단계마다 두 개씩 둔 14층이고, 첫 합성곱의 스트라이드를 2로 해서 계산을 줄입니다. 겨룰 상대는 은닉층이 하나이고 파라미터 수가 거의
# 같은 완전 연결 신경망입니다. 최적화 방법은 서로 다릅니다. ResNet은 학습률 0.1의 SGD로, 완전 연결 신경망은 패키지의 기본 방법에 학습률 0.001로
# 훈련합니다. 지름길을 시험하는 비교는 아닙니다. 그것은 앞에서 했습니다.

# %% [markdown] lang="en"
# All five agree within 2%. The largest differences are 3.66 against the paper's 3.6 with 34 layers and 3.86 against
# 3.8 with 50. For 34, shortcuts A give 3.64, which rounds to the paper's number; for 50, 3.8 seems to be 3.86 cut off.
# The 50 layers of widely used libraries have 4.09, since their bottleneck has the stride of 2 in the 3×3 and not in
# the first 1×1; in the package it is `resnet50_torchvision`. And with 152 layers, eight times as deep as VGG-19, there
# are still fewer operations. The paper's error falls with every step in depth: in a hard task depth pays.
#
# ## Training it, and measuring
#
# Let us train a small ResNet on colour pictures, 3,000 of the ten kinds of shapes of
# [the chapter on seeing](01_seeing), $32 \times 32$ pixels. The network is the `SmallResNet` from above with two
# blocks in each stage, 14 layers; the first convolution has stride 2 to save work. The one to beat is a fully
# connected network with one hidden layer and almost as many parameters. They are trained differently, the ResNet by
# SGD with a rate of 0.1, the other by the package's default method with 0.001. This does not test the shortcuts, which
# we did above.

# %%
shapes = data.load("shapes", "train", count=3000)
shapes_test = data.load("shapes", "test", count=1000)
EPOCHS = 20 if full else 6
recipe = {
    "epochs": EPOCHS,
    "batch_size": 50,
    "schedule": "onecycle",
    "normalize": "image",
    "quiet": True,
}

torch.manual_seed(0)
dense = nn.Sequential(
    nn.Flatten(),  # (N, 3072)
    nn.Linear(3 * 32 * 32, 56),
    nn.ReLU(),
    nn.Linear(56, 10),
)
dense_history = train.fit(dense, shapes, shapes_test, lr=1e-3, **recipe)

torch.manual_seed(0)
resnet14 = SmallResNet(2, stages=(16, 32, 64), in_channels=3, stride=2)
history = train.fit(
    resnet14,
    shapes,
    shapes_test,
    lr=0.1,
    optimizer="sgd",
    weight_decay=1e-4,
    **recipe,
)
print(f"dense {count(dense):,}, resnet14 {count(resnet14):,} parameters")
history.table.set_index("epoch")[["loss", "train_accuracy", "test_accuracy"]].round(3)

# %%
ours = history.table.test_accuracy.iloc[-1]
theirs = dense_history.table.test_accuracy.iloc[-1]
check.that(ours > 0.6, f"{ours:.3f} > 0.6")
check.that(ours > theirs + 0.08, f"{ours:.3f} > dense {theirs:.3f} + 0.08")
check.that(
    abs(count(dense) / count(resnet14) - 1) < 0.01,
    f"{count(dense):,} and {count(resnet14):,} parameters",
)

# %% name="fig-live" tags=["hide-input"] alt_ko="에폭에 따른 테스트 정확도 곡선 둘. ResNet의 선이 가파르게 올라 완전 연결 신경망의 선보다 훨씬 위에서 끝납니다." alt_en="Two curves of test accuracy over the epochs. The ResNet's rises steeply and ends far above that of the fully connected network." caption_ko="방금 잰 테스트 정확도. dense는 파라미터 수가 거의 같은 완전 연결 신경망입니다." caption_en="Test accuracy measured just now. “dense” is the fully connected network with almost as many parameters."
look.curves({"resnet14": history.table, "dense": dense_history.table})

# %% [markdown] lang="ko"
# 아무렇게나 찍으면 정확도가 0.1입니다. 파라미터 수가 거의 같은데 14층 ResNet이 15퍼센트포인트쯤 앞섭니다. 훈련 정확도(0.937)는 테스트
# 정확도(0.778)보다 훨씬 높습니다. 3,000장에는 과적합하고 있습니다.
#
# ## 블록을 빼면
#
# VGG나 AlexNet에서 층 하나를 빼면 어떻게 될까요? 다음 층은 처음 보는 것을 받습니다. ResNet에서는 길이 $2^L$개이고, 블록 하나를 빼도 그 블록의
# $F$를 지나지 않는 길, 곧 절반이 남습니다. 그렇다면 훈련이 끝난 신경망에서 블록을 빼도 괜찮을까요? Veit 등이 이것을 실험했습니다
# {cite:p}`veit2016residual`. 다시 훈련하지 않고 층 하나를 빼면 VGG는 아무렇게나 찍는 수준으로 떨어지고 ResNet은 거의 그대로였습니다. 우리의
# 20층 쌍둥이와 잔차 56층으로 되풀이합니다. 뺀 자리에는 지름길만 남깁니다. 평범한 신경망에서도 똑같이 합니다. 시간을 아끼려고 테스트 그림의 앞 300장으로 잽니다.

# %% [markdown] lang="en"
# Guessing scores 0.1. With almost as many parameters, the 14 layers of the ResNet are about 15 percentage points
# ahead. Their training accuracy, 0.937, is far above the test accuracy, 0.778: they overfit the 3,000 pictures.
#
# ## Taking blocks out
#
# What happens when a layer is taken out of VGG or AlexNet? The next layer receives what it has never seen. A ResNet
# has $2^L$ paths, and without one block half of them remain, those that do not pass through its $F$. So can a trained
# network do without a block? Veit and others tried it {cite:p}`veit2016residual`. Without training again, VGG fell to
# chance when one layer was taken out, and the ResNet hardly changed. We repeat it with our twins of 20 layers and the
# residual network of 56. Where a block is taken out, its shortcut alone remains, in the plain network as well. To save
# time we measure on the first 300 test pictures.


# %%
some = digits_test[:300]


def error_without(kind, depth, places):
    network, history = networks[kind, depth], histories[kind, depth]
    return 1 - train.evaluate(without(network, places), some, like=history).accuracy


SHOWN = [("plain", 20), ("residual", 56), ("residual", 20)]
whole = {key: error_without(*key, []) for key in SHOWN}
dropped = {
    key: [error_without(*key, [place]) for place in networks[key].blocks()]
    for key in SHOWN
}
lost = pd.DataFrame(
    {
        f"{kind} {depth}": {
            "whole": whole[kind, depth],
            "one block less, median": pd.Series(dropped[kind, depth]).median(),
            "one block less, worst": max(dropped[kind, depth]),
        }
        for kind, depth in SHOWN
    }
).T
lost.round(3)

# %%
median = lost["one block less, median"]
check.that(
    median["residual 56"] < lost.whole["residual 56"] + 0.1,
    f"residual 56: {lost.whole['residual 56']:.3f}, then {median['residual 56']:.3f}",
)
check.that(
    median["plain 20"] > median["residual 20"] + 0.2,
    f"plain 20: {median['plain 20']:.3f} > {median['residual 20']:.3f} + 0.2",
)
errors = dropped["residual", 56]
check.that(errors[0] == max(errors), f"the first block hurts most: {errors[0]:.3f}")
check.that(max(errors[6:]) < 0.3, f"block 7 and later: at most {max(errors[6:]):.3f}")

# %% name="fig-lesion" tags=["hide-input"] alt_ko="가로축은 뺀 블록의 번호, 세로축은 테스트 오류율. 잔차 56층의 선은 첫 블록에서만 30%쯤이고 그 뒤로는 바닥 가까이 있습니다. 잔차 20층은 첫 블록에서 45%쯤이고 7번째에서 다시 조금 솟습니다. 평범한 20층은 모든 블록에서 절반을 훨씬 넘습니다." alt_en="Number of the block taken out across, test error upwards. The line of residual 56 is at about 30% for the first block only and near the bottom from then on. Residual 20 begins at about 45% and rises a little again at block 7. Plain 20 is far above one half at every block." caption_ko="블록 하나를 뺀 뒤의 테스트 오류율, 다시 훈련하지 않음. 20층에는 블록이 9개, 56층에는 27개 있습니다. 아무렇게나 찍으면 오류율이 90%입니다." caption_en="Test error with one block taken out, not trained again. The networks of 20 layers have 9 blocks, the one of 56 has 27. Guessing makes 90% errors."
look.curves(
    {
        f"{kind} {depth}": pd.DataFrame(
            {"block": range(1, len(errors) + 1), "test_error": errors}
        )
        for (kind, depth), errors in dropped.items()
    },
    x="block",
    y="test_error",
    xlabel="block taken out",
)

# %% [markdown] lang="ko"
# 평범한 20층은 블록을 하나만 빼도 대개 무너집니다. 잔차 20층은 훨씬 잘 버티고, 블록이 많은 56층은 더 잘 버팁니다. 잔차 신경망에서는 첫 블록을 뺄 때 오류율이
# 가장 크게 오릅니다. 앞의 그림에서 보았듯이 56층에서 이 블록의 $F$가 $x$에 비해 가장 큽니다. 처음 몇 개를 지나면 56층에서는 어느 블록을 빼도 오류율이 거의
# 그대로입니다. 20층에서는 마지막 단계가 시작되는 7번째 블록을 뺄 때도 오류율이 솟습니다. 이런 블록의 지름길은 새 채널을 0으로 채우므로 거기에 무언가를 처음 쓰는 것은
# $F$이고, 그 때문이라고 생각하기 쉽습니다. 그러나 20층의 4번째, 56층의 10번째와 19번째도 그런 블록인데 거의 솟지 않습니다. 시드 하나로는 까닭을 알 수
# 없습니다.
#
# ### 여러 개를 빼고, 자리를 바꾸고
#
# 이번에는 블록을 $k$개 무작위로 골라 뺍니다. 그다음에는 빼는 대신 같은 단계에 있는 두 블록의 자리를 바꾸기를 되풀이합니다. 무작위로 고르기는 20층에서 4번,
# 56층에서 2번 되풀이합니다. 단계가 바뀌는 블록은 모양이 달라 바꿀 수 없으므로 둘 다에서 빼놓습니다. 남는 것은 56층에서 25개, 20층에서 7개(단계마다 3, 2,
# 2개)입니다.

# %% [markdown] lang="en"
# The plain network of 20 layers mostly collapses when a single block is gone. The residual network of 20 holds out far
# better, and that of 56, which has more blocks, better still. In the residual networks the first block hurts most.
# With 56 layers its $F$ is the largest compared with $x$, as the figure above shows. Past the first few blocks of the
# 56 layers any one can go, and the error hardly changes. With 20 layers, block 7, where the last stage begins, stands
# out, too. The shortcut of such a block fills the new channels with zeros, so that its $F$ is the first to write
# anything there, and one could think that this is why. But block 4 of the 20 layers and blocks 10 and 19 of the 56 are
# of the same kind and hardly stand out. One seed does not tell the reason.
#
# ### Several at once, and out of order
#
# Now $k$ blocks, drawn at random, are taken out. After that, instead of taking any out, we let two blocks of the same
# stage change places, again and again. The drawing is done 4 times with 20 layers and 2 times with 56. Blocks where a
# stage begins have another shape and cannot be exchanged; they are left alone in both experiments. This leaves 25
# blocks of the 56 layers and 7 of the 20 (3, 2 and 2 in its stages).


# %%
def movable(network):
    """The places of the blocks that keep the shape, one list a stage."""
    stages = {}
    for place in network.blocks():
        if network[place].shortcut.stride == 1 and network[place].shortcut.more == 0:
            stages.setdefault(network[place].F[0].out_channels, []).append(place)
    return list(stages.values())


def error_swapped(kind, depth, swaps, chance):
    network, history = copy.deepcopy(networks[kind, depth]), histories[kind, depth]
    for _ in range(swaps):
        a, b = chance.sample(chance.choice(movable(network)), 2)
        network[a], network[b] = network[b], network[a]
    return 1 - train.evaluate(network, some, like=history).accuracy


several, swapped = [], []
for kind, depth in SHOWN:
    places = sum(movable(networks[kind, depth]), [])
    for draw_number in range(4 if depth == 20 else 2):
        chance = random.Random(draw_number)
        for k in (0, 1, 2, 4, 6) + ((12, 18) if depth == 56 else ()):
            error = error_without(kind, depth, chance.sample(places, k))
            several.append((f"{kind} {depth}", k, draw_number, error))
        for k in (0, 1, 2, 4, 8):
            error = error_swapped(kind, depth, k, chance)
            swapped.append((f"{kind} {depth}", k, draw_number, error))


def by_name(found, number):
    table = pd.DataFrame(found, columns=["name", number, "draw", "test_error"])
    return {
        name: [one.reset_index() for _, one in rows.groupby("draw")]
        for name, rows in table.groupby("name", sort=False)
    }


gone, exchanged = by_name(several, "blocks"), by_name(swapped, "swaps")
mean = {
    name: pd.concat(tables).groupby("blocks").test_error.mean()
    for name, tables in gone.items()
}
check.that(
    mean["residual 56"][4] < mean["plain 20"][1],
    f"4 of residual 56: {mean['residual 56'][4]:.3f} < 1 of plain 20: {mean['plain 20'][1]:.3f}",
)
check.that(
    mean["residual 56"][6] < 0.4 < mean["residual 56"][12],
    f"residual 56: {mean['residual 56'][6]:.3f}, then {mean['residual 56'][12]:.3f}",
)
check.that(
    mean["residual 20"][4] > mean["residual 56"][4],
    f"4 gone: {mean['residual 20'][4]:.3f} > {mean['residual 56'][4]:.3f}",
)
swap = {
    name: pd.concat(tables).groupby("swaps").test_error.mean()
    for name, tables in exchanged.items()
}
check.that(
    swap["residual 56"][4] < swap["plain 20"][4],
    f"4 swaps: residual 56 {swap['residual 56'][4]:.3f}, plain 20 {swap['plain 20'][4]:.3f}",
)
check.that(swap["plain 20"][1] > 0.6, f"1 swap: plain 20 {swap['plain 20'][1]:.3f}")
for name in ("residual 20", "residual 56"):
    check.that(swap[name][8] < 0.4, f"8 swaps: {name} {swap[name][8]:.3f}")

# %% name="fig-several" tags=["hide-input"] alt_ko="가로축은 뺀 블록의 수 0부터 18, 세로축은 테스트 오류율. 평범한 20층은 하나만 빼도 80% 위로 치솟습니다. 잔차 20층은 2개부터 오르기 시작하고, 잔차 56층은 6개까지 20% 아래에 있다가 12개에서 70%를 넘습니다." alt_en="Number of blocks taken out, 0 to 18, across; test error upwards. Plain 20 shoots above 80% with the first block. Residual 20 begins to rise at 2, and residual 56 stays below 20% up to 6 and is above 70% at 12." caption_ko="블록을 무작위로 여러 개 뺀 뒤의 테스트 오류율. 선은 평균이고, 띠는 무작위로 고르기를 되풀이했을 때(20층은 4번, 56층은 2번) 가장 작은 값부터 가장 큰 값까지입니다." caption_en="Test error with several blocks taken out at random. The line is the mean, the band goes from the smallest to the largest of the draws, 4 with 20 layers and 2 with 56."
look.curves(gone, x="blocks", y="test_error", xlabel="blocks taken out")

# %% name="fig-swaps" tags=["hide-input"] alt_ko="가로축은 자리를 바꾼 횟수 0부터 8, 세로축은 테스트 오류율. 평범한 20층은 한 번 만에 90%로 오르고, 두 잔차 신경망의 평균은 20% 안팎이나 그 아래에 머물고, 56층의 띠는 한 번 바꿨을 때 35% 가까이까지 올라갑니다." alt_en="Number of swaps, 0 to 8, across; test error upwards. Plain 20 is at 90% after a single swap; the means of both residual networks stay at about 20% or below, and the band of the 56 layers reaches almost 35% after one swap." caption_ko="같은 단계의 두 블록을 되풀이해 바꾼 뒤의 테스트 오류율. 선과 띠는 앞의 그림과 같습니다." caption_en="Test error after two blocks of a stage have changed places again and again. Line and band as in the figure before."
look.curves(exchanged, x="swaps", y="test_error")

# %% [markdown] lang="ko"
# 잔차 56층은 6개를 빼도 80% 넘게 맞히지만, 12개를 빼면 무너집니다. 20층은 4개만 빼도 무너집니다. 그러나 4개는 뺄 수 있는 7개의 절반이 넘고 12개는
# 25개의 절반쯤이니, 비율로 보면 둘은 비슷합니다. 절반쯤 빼면 둘 다 70% 넘게 틀립니다. 잔차 신경망은 블록의 자리를 바꾸어도 더 잘 견딥니다. 8번을 바꾸어도 85%
# 넘게 맞히는데, 평범한 신경망은 한 번으로 아무렇게나 찍는 것과 다름없게 됩니다. 다만 8번이 한 번보다 여덟 배 뒤섞인 것은 아닙니다. 두 개뿐인 단계에서는 두 번 바꾸면
# 제자리로 돌아옵니다. 바꾼 횟수마다 새로 고르고 되풀이한 횟수도 적으므로 선이 고르게 오르지도 않습니다.
#
# 몇 개쯤 없어도 되고 순서도 크게 중요하지 않다는 점이 여러 모델의 앙상블과 닮았습니다. 그래서 Veit 등은 잔차 신경망이 비교적 얕은 신경망들의 앙상블처럼 행동한다고
# 말합니다. 길의 길이를 세어 보면 왜 “얕은”인지 알 수 있습니다. 블록이 54개인 ResNet-110에서 길이가 $k$인 길은 $\binom{54}{k}$개입니다.

# %% [markdown] lang="en"
# Without 6 blocks the residual network of 56 layers still gets more than 80% right; without 12 it collapses. That of
# 20 collapses without 4. But 4 are more than half of its 7, and 12 about half of 25: counted as a share the two fall
# alike, and with about half of the blocks gone both make more than 70% errors. Swaps do less harm: after 8 of them the
# residual networks still get more than 85% right, while a single one brings the plain network down to guessing. Yet 8
# swaps are not eight times the disorder of one: in a stage of two blocks, a second swap undoes the first. For every
# number of swaps the blocks are drawn anew, and only a few times, so the lines do not rise evenly.
#
# That a few can be spared, and that their order does not matter much, is what one would expect of an ensemble of
# several models. This is why Veit and others say that residual networks behave like ensembles of relatively shallow
# networks. The lengths of the paths tell why “shallow”. In ResNet-110, which has 54 blocks, $\binom{54}{k}$ paths have
# length $k$.

# %% name="fig-paths" tags=["hide-input"] alt_ko="가로축은 길이 지나는 블록의 수 0부터 54, 세로축은 그 길이인 길의 비율. 27에서 가장 높은 종 모양 막대그래프입니다. 19부터 35까지와 5부터 17까지가 서로 다른 색이고, 98.02%와 0.45%라고 적혀 있습니다. 0.45%인 막대는 거의 보이지 않습니다." alt_en="Blocks passed by a path, 0 to 54, across; share of paths upwards. A bell of bars, highest at 27; those from 19 to 35 and those from 5 to 17 have colours of their own and are labelled 98.02% and 0.45%. The bars of the 0.45% can hardly be seen." caption_ko="ResNet-110의 길 $2^{54}$개를, 길마다 $F$를 지나는 블록의 수에 따라 나눈 비율. 초록은 19~35개, 주황은 5~17개(0.45%라 거의 보이지 않습니다), 파랑은 나머지입니다." caption_en="The $2^{54}$ paths of ResNet-110 by the number of blocks whose $F$ they pass. Green is 19 to 35, orange 5 to 17 (0.45%, hardly to be seen), blue the rest."
share = [math.comb(54, k) / 2**54 for k in range(55)]
colours = [
    "orange" if 5 <= k <= 17 else "green" if 19 <= k <= 35 else "blue"
    for k in range(55)
]
figure = look.style.figure("column", 3.0)
axes = figure.add_subplot()
axes.bar(range(55), share, color=[look.style.LIGHT[colour] for colour in colours])
axes.set(xlabel="blocks on the path", ylabel="share of paths")
for low, high, colour, above in ((5, 17, "orange", 0.012), (19, 35, "green", 0.112)):
    part = 100 * sum(share[low : high + 1])
    axes.text(
        (low + high) / 2 - (2 if colour == "orange" else 0),
        above,
        f"{low} to {high}: {part:.2f}%",
        ha="center",
        color=look.style.LIGHT[colour],
    )
axes.set_ylim(0, 0.125)
figure

# %% tags=["nbval-check-output"]
print(f"paths {2**54:,}")
print(f"19 to 35 blocks: {100 * sum(share[19:36]):.1f}%")
print(f" 5 to 17 blocks: {100 * sum(share[5:18]):.2f}%")

# %% [markdown] lang="ko"
# 논문은 19~35블록을 지나는 길이 95%가 넘는다고 적었고, 세어 보면 98.0%입니다. 또 그레이디언트의 대부분은 5~17블록짜리 길에서 오고, 그런 길은 전체의
# 0.45%라고 적었습니다. 이 수는 우리가 센 것과 같습니다. 논문은 긴 길의 그레이디언트가 블록을 지날 때마다 줄어들기 때문이라고 설명합니다. 그레이디언트 쪽은 여기서
# 재지 않았습니다.
#
# 다만 “앙상블”은 비유입니다. 길들은 가중치를 함께 쓰고, 함께 훈련되었고, 하나씩 따로 훈련되지 않았습니다. 블록을 하나 빼면 길이 한꺼번에 절반이 사라지는데도
# 버티는 것을 우리가 보았지만, 그것만으로 앙상블이라고 할 수는 없습니다. 블록마다 앞의 것을 조금씩 다듬을 뿐이어서 하나쯤 빠져도 괜찮다고 설명할 수도 있습니다.
#
# ## 더 깊이: 110층과 1,202층
#
# CIFAR-10용 신경망을 세어 논문의 표 6과 견줍니다. 1,202층은 $n = 200$입니다.

# %% [markdown] lang="en"
# The paper says that more than 95% of the paths pass 19 to 35 blocks; counted, it is 98.0%. Most of the gradient, it
# says, comes by paths of 5 to 17 blocks, which are 0.45% of all; this share agrees with our count. Its reason is that
# on longer paths the gradient shrinks from block to block. The gradients of the paths we have not measured.
#
# But “ensemble” is a simile. The paths share their weights and were trained together, none of them by itself. We have
# seen that the network survives when a block, and so half the paths at once, is gone; this alone does not make it an
# ensemble. That each block refines what the ones before have made, so that one of them can be spared, would explain it
# as well.
#
# ## Deeper still: 110 and 1,202 layers
#
# We count the networks for CIFAR-10 and compare with the paper's table 6. The 1,202 layers are $n = 200$.

# %% tags=["nbval-check-output"]
TABLE_6 = {  # layers: parameters in millions, error in %
    20: (0.27, 8.75),
    32: (0.46, 7.51),
    44: (0.66, 7.17),
    56: (0.85, 6.97),
    110: (1.7, 6.43),
    1202: (19.4, 7.93),
}
print(f"{'layers':>7}{'n':>5}{'paper, M':>10}{'counted':>12}{'paper, error in %':>19}")
for depth, (millions, error) in TABLE_6.items():
    n = (depth - 2) // 6
    with torch.device("meta"):
        counted = count(models.ResNetCifar(blocks=n))
    assert abs(counted / 1e6 - millions) < 0.05 * millions
    print(f"{depth:>7}{n:>5}{millions:>10}{counted:>12,}{error:>19}")

# %% [markdown] lang="ko"
# 110층까지는 깊을수록 낫습니다. 6.43은 다섯 번 가운데 가장 좋은 것이고, 평균은 6.61 ± 0.16입니다. 1,202층도 훈련은 됩니다. 훈련 오류율이 0.1%보다
# 낮습니다. 그러나 테스트 오류율은 7.93%로 110층보다 높습니다. 저자들은 작은 데이터에 너무 큰 신경망이라 과적합한 것으로 보았습니다. 성능 저하와는 다른 문제입니다.
# 성능 저하에서는 훈련 오류율이 높습니다.
#
# 그것이 깊이의 끝은 아니었습니다. 같은 저자들이 석 달 뒤인 2016년 3월의 논문 ‘Identity Mappings in Deep Residual Networks’에서
# 블록의 순서를 바꾸었습니다 {cite:p}`he2016identity`. 합성곱 **앞에** 배치 정규화와 ReLU를 두는 사전 활성화(pre-activation)입니다.
# 덧셈 뒤에 ReLU가 없으니 지름길이 처음부터 끝까지 막힘없는 항등 사상이 되고, $x_L = x_0 + \sum F_l$이 됩니다. 1,001층의 CIFAR-10 오류율이
# 7.61%에서 4.92%로 내려갔고, 110층에서는 6.61%에서 6.37%로 조금만 내려갔습니다. 그 논문은 지름길에 무언가를 끼워 넣는 실험도 했습니다. 110층에서
# 지름길과 $F$에 모두 0.5를 곱하면 6.61%가 12.35%로, 지름길에 1×1 합성곱을 두면 12.22%로 나빠졌습니다. 거기서 시도한 것 가운데는 $x$를 그대로
# 두는 지름길이 가장 좋았습니다. 앞에서 본 ImageNet의 34층에서는 모든 지름길에 1×1을 둔 C가 가장 좋았지만, 블록이 54개인 110층에서는 그렇지 않았습니다.
#
# 지름길을 더 일반화한 사람들도 있습니다. ‘Resnet in Resnet’은 블록 안에 흐름을 둘 두었습니다 {cite:p}`targ2016resnet`. 하나에는
# 지름길이 있고 하나에는 없으며, 둘이 서로 값을 건넵니다. 그래서 잔차 블록도 평범한 층도 이 블록의 특수한 경우가 됩니다. ‘Residual Networks of
# Residual Networks’는 블록 위에 단계를 건너뛰는 지름길과 신경망 전체를 건너뛰는 지름길을 더 얹었습니다
# {cite:p}`zhang2018residual`. 이름이 비슷해서 자주 혼동되지만 서로 다른 논문입니다.

# %% [markdown] lang="en"
# Up to 110 layers, deeper is better. The 6.43 is the best of five runs; their mean is 6.61 ± 0.16. The 1,202 layers
# can be trained, too: the training error is below 0.1%. But the test error is 7.93%, higher than with 110. The authors
# think that the network is too large for the small data set and overfits. This is a different problem from
# degradation, where the training error is high.
#
# It was not the end of depth. Three months later, in “Identity Mappings in Deep Residual Networks” of March 2016, the
# same authors changed the order within the block {cite:p}`he2016identity`: in pre-activation, batch norm and ReLU
# stand **before** the convolution. Without a ReLU behind the addition, the shortcuts form an identity from the first
# block to the last, $x_L = x_0 + \sum F_l$. With 1,001 layers the error on CIFAR-10 fell from 7.61 to 4.92%; with 110
# layers only a little, from 6.61 to 6.37%. That paper also put things into the shortcut. With 110 layers, multiplying
# both the shortcut and $F$ by 0.5 makes 6.61% into 12.35%, and a 1×1 convolution in the shortcut makes it 12.22%. Of
# all that was tried there, the shortcut that leaves $x$ as it is was the best. With the 34 layers for ImageNet, above,
# C with a 1×1 in every shortcut was the best; with 110 layers, which have 54 blocks, it was not.
#
# Others made the shortcut more general. “Resnet in Resnet” has two streams in each block {cite:p}`targ2016resnet`. One
# has a shortcut, the other has none, and each gives values to the other, so that a residual block and a plain layer are
# both special cases. “Residual Networks of Residual Networks” adds shortcuts over whole stages, and one over all blocks
# {cite:p}`zhang2018residual`. Their names are alike and they are often confused, but they are two papers.

# %% [markdown] lang="ko"
# ## 주장을 다시 계산하기
#
# 논문의 수와 이 노트북이 잰 수를 나란히 놓습니다. 논문의 것은 ImageNet이나 CIFAR-10이고 우리 것은 작은 숫자 그림이므로, 크기가 아니라 방향을 견주세요.
# 처음 두 줄은 퍼센트포인트로, 논문의 것은 34층과 18층의 top-1 오류율의 차이이고 우리 것은 56층과 8층의 훈련 오류율의 차이입니다. 블록을 하나 뺀 두 줄은
# 테스트 오류율의 중앙값입니다.

# %% [markdown] lang="en"
# ## The claims, recomputed
#
# The papers' numbers beside those measured in this notebook. Theirs are from ImageNet or CIFAR-10, ours from small
# digits, so compare the direction and not the size. The first two lines are in percentage points: in the paper the
# difference in top-1 error between 34 and 18 layers, here the difference in training error between 56 and 8. The two
# lines on a block less are medians of the test error.

# %%
points = 100 * means.train_error
plain_more = points["plain", 56] - points["plain", 8]
residual_more = points["residual", 56] - points["residual", 8]
parameters_110 = models.facts("resnet110")["parameters"]
free = shortcuts.parameters["A"] - shortcuts.parameters["plain"]
claims = [
    ("plain, deeper - shallower", "table 2", "+0.60", f"{plain_more:+.2f}"),
    ("residual, deeper - shallower", "table 2", "-2.85", f"{residual_more:+.2f}"),
    ("parameters of shortcut A", "section 3.3", "0", f"{free:,.0f}"),
    ("G operations, 152 layers", "table 1", "11.3", f"{operations[152] / 1e9:.2f}"),
    ("M parameters, 110 layers", "table 6", "1.7", f"{parameters_110 / 1e6:.2f}"),
    ("plain gradients vanish", "section 4.1", "no", f"× {first['plain, BN']:,.0f}"),
    ("error, plain less a block", "Veit et al.", "chance", f"{median['plain 20']:.0%}"),
    ("residual less a block", "Veit et al.", "little", f"{median['residual 56']:.0%}"),
    ("paths of 19 to 35", "Veit et al.", "> 95%", f"{100 * sum(share[19:36]):.1f}%"),
]
print(f"{'':30}{'source':14}{'theirs':>8}{'ours':>12}")
for what, source, printed, found in claims:
    print(f"{what:30}{source:14}{printed:>8}{found:>12}")

# %% [markdown] lang="ko"
# 잔차 신경망에서 논문은 깊이의 이득을 얻었습니다. 우리의 쉬운 과제에서는 얻을 것이 없었고, 4에폭 뒤에 56층은 8층보다 아직 1.23퍼센트포인트 뒤져 있습니다.
#
# 마지막으로, ILSVRC 2015에서 1위를 한 3.57%는 여섯 모델을 앙상블한 테스트 세트의 top-5 오류율입니다(표 5). 여섯 가운데 152층은 둘입니다.
# 152층 모델 하나의 top-5 오류율은 여러 크기로 평가해서 4.49%입니다(표 4, 검증 세트).

# %% [markdown] lang="en"
# With residual networks the paper gains from depth. In our easy task there was nothing to gain, and after 4 epochs the
# 56 layers are still 1.23 percentage points behind the 8.
#
# Finally, the 3.57% that came first in ILSVRC 2015 is the top-5 test error of an ensemble of six models (table 5), two
# of which have 152 layers. A single model of 152 layers has a top-5 error of 4.49%, evaluated at several sizes (table
# 4, validation set).

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **블록 하나에 층이 하나뿐이면 안 됩니까?** 됩니다. 그러나 $F$가 선형이면 $y = W x + x = (W + I) x$이므로 평범한 선형 층과 나타낼 수
# 있는 것이 같습니다. 논문은 층이 하나일 때 이점을 보지 못했다고 적었습니다 {cite:p}`he2016deep` (3.2절).
#
# **ReLU는 왜 덧셈 뒤에 있습니까?** $F$의 마지막이 ReLU라면 $F \ge 0$이라서 블록은 $x$에 더하기만 하고 빼지 못합니다. 줄어드는 값이 하나도 없게
# 됩니다. 아래에서 원래 블록과 견주어 확인합니다. 덧셈 뒤에도 ReLU가 꼭 있어야 하는 것은 아니어서, 앞에서 본 사전 활성화에는 없습니다.
#
# **$x$를 곱하거나 이어 붙이면 어떻습니까?** 더하는 대신 이어 붙이면 DenseNet입니다. [‘DenseNet’ 장](12_densenet)에서 만듭니다.
#
# **ResNet은 사람보다 잘합니까?** ImageNet의 top-5 오류율에서 훈련을 받은 사람 한 명이 5.1%였고
# {cite:p}`russakovsky2015imagenet` 앙상블은 3.57%입니다. 천 가지 이름을 외워야 하는 이 시험에서 그렇다는 뜻입니다. 보는 일 전체에서
# 그렇다는 뜻은 아닙니다.
#
# **처음부터 항등 사상에서 출발하면 더 좋습니까?** $F$의 마지막 $\gamma$를 0으로 시작하면 신경망 전체가 지름길만 남은 얕은 신경망으로 출발합니다.
# 그레이디언트의 크기가 어떻게 되는지 봅시다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **May a block have a single layer?** It may. But if $F$ is linear, $y = W x + x = (W + I) x$ can represent just what a
# plain linear layer can. The paper saw no advantage with one layer {cite:p}`he2016deep` (section 3.2).
#
# **Why is the ReLU behind the addition?** If $F$ ended with a ReLU, $F \ge 0$, and the block could add to $x$ but
# never subtract. No value could ever fall, as we check below against the ordinary block. A ReLU does not have to stand
# behind the addition either: pre-activation, above, does without it.
#
# **What if $x$ is multiplied, or concatenated?** Concatenated rather than added, it is DenseNet, which you build in
# [the chapter on DenseNet](12_densenet).
#
# **Is ResNet better than people?** In top-5 error on ImageNet one trained person had 5.1%
# {cite:p}`russakovsky2015imagenet`, the ensemble 3.57%. This holds for a test that asks for a thousand names by heart.
# It does not hold for seeing as a whole.
#
# **Is it better to begin as the identity?** With the last $\gamma$ of every $F$ at 0, the whole network begins as a
# shallow one of which only the shortcuts are left. Let us see what size the gradients have then.

# %%
quiet = stack(add=True, norm=True)
for block in quiet:
    nn.init.zeros_(block.F[-1].weight)
norms, _, _ = gradient_norms(quiet)
low, high = min(norms[:-1]), max(norms[:-1])  # at the inputs of the 27 blocks
print(f"begun as the identity: gradient × {low:.3f} to × {high:.3f}")
check.that(high - low < 0.01, f"× {low:.3f} to × {high:.3f}")

x = torch.randn(8, 16, 6, 6, generator=torch.Generator().manual_seed(0)).relu()
with torch.no_grad():
    ordinary, positive = x, x
    falls, lower = [], []
    for block in stack(add=True, norm=True):
        after = block(ordinary)
        falls.append((after < ordinary).any().item())
        ordinary = after
        after = positive + block.F(positive).relu()  # a ReLU at the end of F instead
        lower.append((after < positive).any().item())
        positive = after
check.that(all(falls), "in every ordinary block some values fall")
check.that(not any(lower), "with F ≥ 0 no value ever falls")
print(f"size of the values: {rms(x):.2f} before the 27 blocks")
print(f"after them {rms(ordinary):.2f}, with F ≥ 0 {rms(positive):.2f}")

# %% [markdown] lang="ko"
# 처음에는 그레이디언트가 모든 블록에 똑같은 크기로 도착합니다. 1보다 작은 것은 값이 0인 자리를 ReLU가 막기 때문인데, 그런 자리는 모든 블록에서 같으므로 한
# 번만 줄어듭니다. 배우기 시작하면 $F$가 0에서 멀어집니다. 이 시작이 정말 더 나은지는 여기서 재지 않았습니다. `SmallResNet`으로 재 보세요.

# %% [markdown] lang="en"
# At first the gradient arrives at all blocks with one and the same size. It is below 1 because a ReLU blocks the places
# where the value is 0; since they are the same in every block, it shrinks only once. As the network learns, $F$ moves
# away from 0. Whether this start is really better we have not measured. Try it with `SmallResNet`.

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 네 연습의 함수는 무작위로 고른 입력에서 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first four are checked on random inputs, and where one is
# wrong the check says what is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 층 세기.** 단계별 블록 수를 담은 리스트 `blocks`와 블록 하나의 합성곱 수 `per_block`을 받아, 가중치가 있는 층의 수를 돌려주는
# `weight_layers(blocks, per_block)`을 짜세요. 블록 밖에는 처음의 합성곱과 끝의 완전 연결층이 하나씩 있고, 지름길의 합성곱은 세지 않습니다.

# %% [markdown] lang="en"
# **Exercise: count the layers.** Write `weight_layers(blocks, per_block)`, which takes a list `blocks`, the number of
# blocks in each stage, and `per_block`, how many convolutions a block has, and returns the number of layers with
# weights. Outside the blocks there are one convolution at the start and one fully connected layer at the end;
# convolutions in shortcuts are not counted.


# %% tags=["exercise"]
def weight_layers(blocks, per_block): ...


check.exercise("weight_layers", weight_layers)


# %% tags=["solution"]
# solution
def weight_layers(blocks, per_block):
    return 1 + per_block * sum(blocks) + 1


check.exercise("weight_layers", weight_layers, solution=True)
print(
    [weight_layers(blocks, 2 if depth < 50 else 3) for depth, blocks in BLOCKS.items()]
)

# %% [markdown] lang="ko"
# **연습: 지름길 A.** NumPy 배열 `x`의 모양은 `(C, H, W)`이고 H와 W는 짝수입니다. 0번 픽셀부터 하나씩 건너뛰어 높이와 폭을 반으로 줄이고,
# 0인 채널을 뒤에 붙여 채널을 `channels`개로 만드는 `shortcut_a(x, channels)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: shortcut A.** `x` is a NumPy array of shape `(C, H, W)`, where H and W are even. Write
# `shortcut_a(x, channels)`, which takes every other pixel from pixel 0 on, so that height and width are halved, and
# appends channels of zeros until there are `channels`.


# %% tags=["exercise"]
def shortcut_a(x, channels): ...


check.exercise("shortcut_a", shortcut_a)


# %% tags=["solution"]
# solution
def shortcut_a(x, channels):
    kept = x[:, ::2, ::2]
    zeros = np.zeros((channels - len(kept), *kept.shape[1:]))
    return np.concatenate([kept, zeros])


check.exercise("shortcut_a", shortcut_a, solution=True)

# %% [markdown] lang="ko"
# **연습: 잔차 블록의 그레이디언트.** 블록은 $y = x + W_2 \, \mathrm{relu}(W_1 x)$입니다. 덧셈 뒤에 ReLU는 없습니다. 벡터 `x`,
# 행렬 `w1`과 `w2`, 위에서 온 그레이디언트 `g` $= \partial \mathcal{L} / \partial y$를 받아
# $\partial \mathcal{L} / \partial x$를 돌려주는 `residual_gradient(x, w1, w2, g)`를 NumPy로 짜세요.

# %% [markdown] lang="en"
# **Exercise: the gradient of a residual block.** The block is $y = x + W_2 \, \mathrm{relu}(W_1 x)$, without a ReLU
# behind the addition. Write in NumPy `residual_gradient(x, w1, w2, g)`, which takes a vector `x`, matrices `w1` and
# `w2`, and the gradient from above, `g` $= \partial \mathcal{L} / \partial y$, and returns
# $\partial \mathcal{L} / \partial x$.


# %% tags=["exercise"]
def residual_gradient(x, w1, w2, g): ...


check.exercise("residual_gradient", residual_gradient)


# %% tags=["solution"]
# solution
def residual_gradient(x, w1, w2, g):
    hidden = w2.T @ g * (w1 @ x > 0)
    return g + w1.T @ hidden


check.exercise("residual_gradient", residual_gradient, solution=True)

# %% [markdown] lang="ko"
# **연습: 길의 비율.** 블록이 `blocks`개인 잔차 신경망에서, $F$를 `low`개 이상 `high`개 이하로 지나는 길이 전체 길에서 차지하는 비율(0부터
# 1까지의 수)을 돌려주는 함수 `share_of_paths(blocks, low, high)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: the share of paths.** In a residual network of `blocks` blocks, which share of all paths passes at least
# `low` and at most `high` of the $F$? Write `share_of_paths(blocks, low, high)`, which returns it as a number from 0
# to 1.


# %% tags=["exercise"]
def share_of_paths(blocks, low, high): ...


check.exercise("share_of_paths", share_of_paths)


# %% tags=["solution"]
# solution
def share_of_paths(blocks, low, high):
    lengths = range(low, high + 1)
    return sum(math.comb(blocks, length) for length in lengths) / 2**blocks


check.exercise("share_of_paths", share_of_paths, solution=True)
check.close(share_of_paths(54, 5, 17), sum(share[5:18]), what="5 to 17 of 54")

# %% [markdown] lang="ko"
# **연습: 단계마다 하나씩 빼고 재기.** 훈련한 잔차 20층 `networks["residual", 20]`에서 세 단계의 마지막 블록을 하나씩, 모두 세 개 빼고
# `digits_test`에서 재세요. `without`이 사본을 만듭니다. 바꾼 신경망을 `three_gone`에, `train.evaluate`의 결과를
# `three_result`에 넣습니다. `like`에는 그 신경망을 훈련한 기록을 건네야 합니다. 재기 전에 예상해 보세요. 어느 단계의 블록을 뺄 때 가장 많이 틀릴까요?
# 하나씩 빼서 확인해 보세요. 테스트 그림이 500장뿐이므로 1퍼센트포인트쯤의 차이는 우연일 수 있습니다.

# %% [markdown] lang="en"
# **Exercise: one block less in each stage.** Take the last block of each of the three stages out of the trained
# residual 20, `networks["residual", 20]`, three in all, and measure on `digits_test`. `without` makes the copy. Put
# the changed network in `three_gone` and the result of `train.evaluate` in `three_result`; `like` must be that
# network's history. Guess before you measure: the block of which stage hurts most? Take them out one by one to see.
# With only 500 test pictures a difference of about 1 percentage point may be chance.

# %% tags=["exercise"]
three_gone = ...
three_result = ...

check.exercise(
    "three_gone",
    (
        three_gone,
        three_result,
        networks["residual", 20],
        lambda it: train.evaluate(it, digits_test, like=histories["residual", 20]),
    ),
)

# %% tags=["solution"]
# solution
network, history = networks["residual", 20], histories["residual", 20]
last = network.blocks()[2::3]
three_gone = without(network, last)
three_result = train.evaluate(three_gone, digits_test, like=history)

check.exercise(
    "three_gone",
    (
        three_gone,
        three_result,
        network,
        lambda it: train.evaluate(it, digits_test, like=history),
    ),
    solution=True,
)
whole_result = train.evaluate(network, digits_test, like=history)
print(f"none:      {whole_result.accuracy:.3f}")
print(f"all three: {three_result.accuracy:.3f}")
for stage, place in enumerate(last, start=1):
    one = train.evaluate(without(network, [place]), digits_test, like=history)
    print(f"stage {stage}:   {one.accuracy:.3f}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`he2016deep`: 이 장의 논문 ‘Deep Residual Learning for Image Recognition’입니다. 그림 1과 4, 표 1과
#   6, 그리고 4.1절에서 그레이디언트를 다룬 대목을 읽어 보세요.
# - {cite:t}`he2016identity`: ‘Identity Mappings in Deep Residual Networks’. 지름길을 왜 깨끗하게 두어야 하는지를
#   식과 실험으로 보입니다.
# - {cite:t}`veit2016residual`: 블록을 빼고 바꾸는 실험입니다. ‘앙상블’이라는 말이 어디까지 맞는지 따져 가며 읽으세요.
# - {cite:t}`srivastava2015training`: 게이트(gate)가 달린 지름길로 깊은 신경망을 훈련한 Highway 신경망입니다. ResNet보다 조금
#   먼저 나왔습니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`he2016deep`: “Deep Residual Learning for Image Recognition”, the paper of this chapter. Read figures 1 and
#   4, tables 1 and 6, and what section 4.1 says about gradients.
# - {cite:t}`he2016identity`: “Identity Mappings in Deep Residual Networks” shows by formulas and experiments why a
#   shortcut should be left clean.
# - {cite:t}`veit2016residual`: taking blocks out and exchanging them. Read it asking how far the word “ensemble”
#   carries.
# - {cite:t}`srivastava2015training`: highway networks, which train deep networks by shortcuts with gates, shortly
#   before ResNet.
