# %% [markdown] lang="ko"
# # 의미론적 분할
#
# ## 무엇을 만들게 될까요?
#
# 지금까지의 신경망은 그림 한 장에 이름 하나를 붙였습니다. 이 장에서는 **픽셀마다** 이름을 붙입니다. 이것을 의미론적 분할(semantic segmentation)이라고
# 합니다. 아래 그림에서 위는 신경망이 받는 장면이고, 아래는 내놓아야 할 답입니다. 먼저 분류 신경망의 완전 연결층을 합성곱으로 바꾸어 어떤 크기의 그림이든 받게 합니다.
# 다음으로 작아진 지도를 다시 키우는 언풀링 세 가지와 전치 합성곱을 손으로 만듭니다. 그것으로 2015년의 세 신경망 FCN {cite:p}`long2015fully`,
# DeconvNet {cite:p}`noh2015learning`, U-Net {cite:p}`ronneberger2015unet`을 만들어 같은 장면에서 훈련하고 견줍니다.

# %% [markdown] lang="en"
# # Semantic segmentation
#
# ## What you will build
#
# So far a network gave one name to one picture. In this chapter it gives a name to **every pixel**, which is called
# semantic segmentation. In the figure below the scenes above are what a network is given, and below them is the answer.
# First we turn a classifier's dense layers into convolutions, so that it takes pictures of any size. Then we build by hand
# what makes the small map large again: three kinds of unpooling, and the transposed convolution. With these we build three
# networks of 2015, FCN {cite:p}`long2015fully`, DeconvNet {cite:p}`noh2015learning` and U-Net
# {cite:p}`ronneberger2015unet`, train them on the same scenes and compare.

# %%
import copy
import os

import numpy as np
import pandas as pd
import torch
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import nn
from torch.nn import functional
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_jaccard_index,
)

import cnnbook
from cnnbook import check, data, layers, look, models, train
from cnnbook.models import deconvnet, fcn, unet
from cnnbook.train import dense

torch.set_num_threads(1)  # then the same seed gives the same weights
draw, LIGHT = look.draw, look.style.LIGHT
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full

kind = {"size": 48, "objects": (2, 4), "sides": (12, 24), "hidden": 0.3}
dials = ("illumination", "deformation", "occlusion", "clutter", "variation")
kind |= dict.fromkeys(dials, 0.1)
COUNT = 2000 if full else 400
scenes = data.load("scenes", "train", crowded=True, count=COUNT, **kind)
scenes_test = data.load("scenes", "test", crowded=True, count=200, **kind)
truth = dense.pixel_labels(scenes_test)  # (200, 48, 48), 0 is the background

# %% name="fig-task" tags=["hide-input"] alt_ko="두 줄 네 칸. 윗줄은 색과 무늬가 다른 도형 두셋이 조금씩 겹친 장면 넷, 아랫줄은 같은 장면에서 도형마다 그 클래스의 색을 입힌 것. 맨 아래에 색과 클래스 이름이 있습니다." alt_en="Two rows of four. Above, scenes of a few overlapping shapes with different colours and textures; below, the same scenes in which each shape is painted in the colour of its class. The colours are explained at the bottom." caption_ko="위는 장면, 아래는 픽셀마다의 정답입니다. 색을 입히지 않은 곳은 배경입니다. 입힌 색은 클래스를 뜻하고, 도형의 실제 색과는 관계가 없습니다. 가려진 부분은 앞에 있는 것의 클래스입니다." caption_en="Above scenes, below what is right for each pixel; what is not painted is background. The colours stand for classes and have nothing to do with the shapes' own. Where something is hidden, the class is that of what lies in front."
shown = [1, 2, 4, 7]
pictures = scenes_test.images[shown]
look.masks(
    torch.cat([pictures, pictures]),
    torch.cat([torch.zeros_like(truth[shown]), truth[shown]]),
    classes=scenes_test.classes,
    columns=4,
    opacity=0.8,
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘VGG’ 장](09_vgg)의 3×3 합성곱과 조밀 평가, [‘ZFNet’ 장](08_zfnet)의 스위치, [‘합성곱’ 장](03_convolution)의 출력 크기 식을 안다고
# 가정합니다. GPU도 인터넷 연결도 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분이 채 걸리지 않습니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# 3×3 convolutions and dense evaluation from [the chapter on VGG](09_vgg), switches from
# [the chapter on ZFNet](08_zfnet), and the formula for output sizes from
# [the chapter on convolution](03_convolution). Neither a GPU nor an internet connection is needed. Running this notebook from
# top to bottom takes less than a minute on one CPU core.

# %% [markdown] lang="ko"
# ## 무엇이 어디에 있을까요?
#
# 이 장의 장면은 작고 쉽습니다. 48픽셀에 물체가 2~4개이고, 긴 변은 12~24픽셀이며, 물체 하나가 30%까지 가려집니다. [‘보기’ 장](01_seeing)의 다이얼 다섯 개는
# 모두 0.1입니다. 훈련에 400장, 테스트에 다른 200장을 씁니다.
#
# 장면에는 물체마다 마스크가 하나씩 있습니다. 마스크는 그 물체가 보이는 픽셀에서 1, 나머지에서 0입니다. 픽셀의 레이블은 마스크를 모아서 만듭니다. 배경도 클래스
# 하나여서 0번을 받고, 도형 열 가지는 1번부터 10번까지입니다. 그러니 클래스는 모두 11개입니다.

# %% [markdown] lang="en"
# ## What is where?
#
# The scenes of this chapter are small and easy: 48 pixels, 2 to 4 objects with a longer side of 12 to 24 pixels, up to 30% of an
# object hidden, and the five dials of [the chapter on seeing](01_seeing) all at 0.1. We train on 400 and test on 200 others.
#
# A scene has a mask for each object: 1 at the pixels where the object is seen, 0 elsewhere. The labels of the pixels are put
# together from the masks. The background is a class of its own, number 0, and the ten shapes are 1 to 10: 11 classes in all.


# %%
def pixel_labels(masks, classes):
    """masks (K, H, W) and their classes (K,) → labels (H, W), 0 where nothing is."""
    labels = torch.zeros(masks.shape[1:], dtype=torch.uint8)
    for mask, label in zip(masks, classes, strict=True):
        labels[mask > 0] = 1 + label
    return labels


mine = torch.stack(
    [
        pixel_labels(masks, classes)
        for masks, classes in zip(
            scenes_test.masks, scenes_test.box_labels, strict=True
        )
    ]
)
check.that(mine.equal(truth), f"{len(mine)} maps of labels agree with the package's")
shares = torch.bincount(truth.flatten().long(), minlength=11) / truth.numel()
print(
    f"background {shares[0]:.3f}, shapes {shares[1:].min():.3f} to {shares[1:].max():.3f}"
)

# %% [markdown] lang="ko"
# ### 얼마나 잘했는지 재기
#
# 가장 먼저 떠오르는 것은 맞힌 픽셀의 비율, 곧 픽셀 정확도(pixel accuracy)입니다. 그런데 픽셀의 80%쯤이 배경이므로, 아무것도 보지 않고 모두 배경이라고
# 답해도 0.8쯤이 나옵니다. 그래서 클래스마다 IoU를 봅니다. 클래스 $c$라고 답한 픽셀의 집합 $P_c$와 실제로 $c$인 픽셀의 집합 $T_c$가 얼마나 겹치는지입니다.
#
# $$\mathrm{IoU}_c = \frac{|P_c \cap T_c|}{|P_c \cup T_c|} = \frac{n_{cc}}{\sum_j n_{cj} + \sum_j n_{jc} - n_{cc}}$$
#
# $n_{ij}$는 실제로 $i$인데 $j$라고 답한 픽셀의 수입니다. 모든 클래스에서 평균한 것이 mIoU(mean IoU)입니다. 작은 클래스도 배경과 똑같은 무게를 받습니다.

# %% [markdown] lang="en"
# ### How good is an answer?
#
# The first thing that comes to mind is the share of pixels that are right, pixel accuracy. But about 80% of the pixels are
# background, so that calling everything background, without looking, scores about 0.8. So we look at the IoU of each class: how far
# the set $P_c$ of the pixels called $c$ and the set $T_c$ of those that are $c$ overlap.
#
# $$\mathrm{IoU}_c = \frac{|P_c \cap T_c|}{|P_c \cup T_c|} = \frac{n_{cc}}{\sum_j n_{cj} + \sum_j n_{jc} - n_{cc}}$$
#
# Here $n_{ij}$ is how many pixels of class $i$ are called $j$. The mean over all classes is the mean IoU, mIoU. A small class
# weighs as much in it as the background.


# %%
def confusion(said, true, classes=11):
    """How many pixels of class i (row) are called j (column)."""
    pairs = classes * true.flatten().long() + said.flatten().long()
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def iou(counts):
    """The IoU of each class; NaN for one that is neither there nor called."""
    right = counts.diagonal()
    return right / (counts.sum(0) + counts.sum(1) - right)


generator = torch.Generator().manual_seed(0)
noisy = torch.where(torch.rand(truth.shape, generator=generator) < 0.3, 3, truth)
theirs = multiclass_jaccard_index(noisy, truth, num_classes=11, average=None)
counts = confusion(noisy, truth)
check.close(iou(counts), theirs, what="IoU of each class")
theirs = multiclass_accuracy(noisy, truth, num_classes=11, average="micro")
check.close(counts.diagonal().sum() / counts.sum(), theirs, what="pixel accuracy")

ground = torch.zeros_like(truth)  # all background
counts = confusion(ground, truth)
print(f"all background: pixel accuracy {counts.diagonal().sum() / counts.sum():.3f}")
print(f"                mean IoU {iou(counts).nanmean():.3f}")
check.that(iou(counts).nanmean() < 0.1, "all background: mean IoU below 0.1")

# %% [markdown] lang="ko"
# 둘 다 `torchmetrics`의 값과 같습니다. 여기서 하나 더 잽니다. 큰 물체의 한가운데는 쉽고 가장자리는 어려운데, 넓이로 재면 가장자리가 묻힙니다. 그래서 다른 클래스의
# 픽셀이 가로세로 2픽셀 안에 있는 픽셀만 모아서 mIoU를 따로 구합니다. 이 띠를 **경계**라고 부르겠습니다.

# %% [markdown] lang="en"
# Both agree with `torchmetrics`. We measure one thing more. The middle of a large object is easy and its edge is hard, but
# measured by area the edge hardly counts. So we take the mIoU a second time, of only those pixels that have a pixel of another class
# within 2 pixels across and down. We call this band the **boundary**.

# %% name="fig-boundary" tags=["hide-input"] alt_ko="두 줄 네 칸. 윗줄은 장면, 아랫줄은 같은 장면에서 도형의 윤곽을 따라 안팎으로 두 픽셀씩 칠한 띠." alt_en="Two rows of four. Above scenes, below the same scenes with a band along the outlines of the shapes, two pixels inside and two outside." caption_ko="경계: 다른 클래스가 2픽셀 안에 있는 픽셀." caption_en="The boundary: pixels with another class within 2 pixels."
band = dense.boundary(truth, width=2)
look.masks(
    torch.cat([pictures, pictures]),
    torch.cat([torch.zeros_like(truth[shown]), 10 * band[shown].byte()]),
    columns=4,
    opacity=0.85,
)

# %% [markdown] lang="ko"
# ## 완전 연결층을 합성곱으로
#
# 분할을 하려면 먼저 무엇인지 알아보아야 합니다. 그래서 분류 신경망에서 출발합니다. [‘보기’ 장](01_seeing)의 도형을 24픽셀로 그린 것 2,000장으로 작은
# VGG를 훈련합니다. 단계 셋에서 24픽셀이 3칸이 되고, 완전 연결층 셋이 뒤따릅니다.

# %% [markdown] lang="en"
# ## A dense layer is a convolution
#
# To say what is where one has to recognise what it is. So we begin with a classifier: a small VGG, trained on 2,000 of the
# shapes of [the chapter on seeing](01_seeing), drawn in 24 pixels. Three stages make 3 cells of the 24 pixels, and three dense
# layers follow.

# %%
WIDTHS, DENSE = (12, 24, 48), 72  # channels of the stages, units of the dense layers


def convolution(channels, width, kernel=3):
    return [
        nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]


def two(channels, width):
    """Two 3 × 3 convolutions that keep the size."""
    return nn.Sequential(*convolution(channels, width), *convolution(width, width))


def stages():
    """(N, 3, H, W) → half, a quarter, an eighth of the height and width."""
    pairs = zip((3, *WIDTHS), WIDTHS, strict=False)
    return nn.ModuleList([two(*pair).append(nn.MaxPool2d(2)) for pair in pairs])


class Classifier(nn.Module):
    """Images (N, 3, 24, 24) → logits (N, 10)."""

    def __init__(self):
        super().__init__()
        self.stages = stages()
        self.head = nn.Sequential(
            nn.Linear(WIDTHS[-1] * 3 * 3, DENSE, bias=False),
            nn.BatchNorm1d(DENSE),
            nn.ReLU(),
            nn.Linear(DENSE, DENSE, bias=False),
            nn.BatchNorm1d(DENSE),
            nn.ReLU(),
            nn.Linear(DENSE, 10),
        )

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)  # at last (N, WIDTHS[-1], 3, 3)
        return self.head(x.flatten(1))


def count(network):
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


shapes = data.load("shapes", "train", size=24, count=2000)
shapes_test = data.load("shapes", "test", size=24, count=300)
torch.manual_seed(0)
classifier = Classifier()
history = train.fit(
    classifier, shapes, shapes_test, epochs=4, batch_size=50, lr=5e-3,
    schedule="onecycle", quiet=True,
)  # fmt: skip
accuracy = history.table.test_accuracy.iloc[-1]
check.that(accuracy > 0.5, f"{accuracy:.3f} of 24-pixel shapes are named rightly")

# %% [markdown] lang="ko"
# 완전 연결층은 $3 \times 3$칸, `WIDTHS[-1]`채널의 지도 **전체**를 봅니다. 지도와 크기가 같은 $3 \times 3$ 합성곱도 그렇습니다. 놓을 자리가 한 곳뿐이므로
# 출력도 한 칸입니다. 유닛 하나의 가중치 벡터를 $3 \times 3$짜리 필터로 모양만 바꾸면 **파라미터 수도, 답도 같은** 합성곱층이 됩니다. 둘째와 셋째 완전
# 연결층은 한 칸만 보므로 $1 \times 1$ 합성곱이 됩니다.

# %% [markdown] lang="en"
# A dense layer sees **all** of a map of $3 \times 3$ cells with `WIDTHS[-1]` channels. So does a $3 \times 3$ convolution, as
# large as the map: there is only one place for it, and its output is one cell. Give a unit's vector of weights the shape of a
# $3 \times 3$ filter, and there is a convolutional layer with **the same number of parameters and the same answers**. The
# second and the third dense layer see a single cell and become $1 \times 1$ convolutions.


# %%
def as_convolution(linear, side):
    """A dense layer on flattened maps of side × side as a convolution."""
    channels = linear.in_features // side**2
    has_bias = linear.bias is not None
    layer = nn.Conv2d(channels, linear.out_features, side, bias=has_bias)
    with torch.no_grad():
        layer.weight.copy_(linear.weight.view(layer.weight.shape))
        if has_bias:
            layer.bias.copy_(linear.bias)
    return layer


def fully_convolutional(classifier):
    """Images (N, 3, H, W) → a map of logits (N, 10, ⌊H / 8⌋ - 2, ⌊W / 8⌋ - 2)."""
    head, side = [], 3
    for layer in classifier.head:
        if isinstance(layer, nn.Linear):
            head.append(as_convolution(layer, side))
            side = 1
        elif isinstance(layer, nn.BatchNorm1d):
            norm = nn.BatchNorm2d(layer.num_features)  # the same numbers, of maps
            norm.load_state_dict(layer.state_dict())
            head.append(norm)
        else:
            head.append(nn.ReLU())
    return nn.Sequential(*classifier.stages, *head)


classifier.eval()
sliding = fully_convolutional(classifier).eval()
x = dense.normalised(shapes_test.images)  # (300, 3, 24, 24)
with torch.no_grad():
    check.close(sliding(x).flatten(1), classifier(x), what="logits of 300 images")
check.that(
    count(sliding) == count(classifier), f"{count(classifier):,} parameters in both"
)

with torch.device("meta"):  # shapes alone, no numbers
    vgg = models.create("vgg16")
    wide = models.as_convolutions(vgg)
    size = tuple(wide.maps(torch.zeros(1, 3, 500, 500)).shape)
print(f"VGG-16: {count(vgg):,} parameters, as convolutions {count(wide):,}")
print(f"a picture of 500 × 500 gives a map {size}")
check.that(count(vgg) == count(wide) and size[2:] == (9, 9), "VGG-16 as convolutions")

# %% [markdown] lang="ko"
# 달라지는 것은 하나입니다. 이제 **더 큰 그림**이 지나갈 수 있습니다. 96픽셀짜리 장면을 넣으면 8픽셀마다 한 칸씩 $10 \times 10$칸의 지도가 나오고, 칸마다 열
# 클래스의 로짓이 있습니다. 창을 100번 잘라 넣는 것과 같은 일을 한 번에 합니다. 확률을 장면 위에 놓아 봅시다.

# %% [markdown] lang="en"
# One thing changes: now a **larger picture** can go through. A scene of 96 pixels gives a map of $10 \times 10$ cells, one
# every 8 pixels, each with the logits of the ten classes. It does at once what cutting out 100 windows would do. Let us lay
# the probabilities over the scene.

# %% name="fig-heat" tags=["hide-input"] alt_ko="네 칸. 첫 칸은 정사각형 하나, 하트 하나, 화살표 둘이 있는 96픽셀 장면. 나머지 세 칸은 그 위에 거친 격자의 주황 칸을 얹은 것입니다. arrow에서는 두 화살표 위가 진하고, heart에서는 하트와 아래 화살표 위에 진한 칸이 있으며, square에는 흐린 칸뿐입니다." alt_en="Four tiles. The first is a scene of 96 pixels with a square, a heart and two arrows. The others have orange cells of a coarse grid laid over it. For arrow they are deep on both arrows, for heart on the heart and on the lower arrow, for square pale everywhere." caption_ko="장면 하나에 세 클래스의 확률을 얹은 것. 칸 하나는 8픽셀이고 그 칸을 가운데에 둔 24픽셀 창의 답이며, 주황이 진할수록 확률이 큽니다. 화살표는 잘 찾지만 정사각형은 놓칩니다. 분류 신경망은 배경을 배운 적이 없어서, 아무것도 없는 곳에도 이름을 붙입니다." caption_en="A scene with the probabilities of three classes laid over it. A cell is 8 pixels and the answer of the window of 24 around it; the deeper the orange, the greater the probability. The arrows are found, the square is not. The classifier never learned what background is, so it gives a name even where nothing is."
large = data.load(
    "scenes", "test", crowded=True, count=8, **kind | {"size": 96, "sides": (18, 26)}
)
which = 5
with torch.no_grad():
    heat = sliding(dense.normalised(large.images[which : which + 1])).softmax(1)[0]
present = large.box_labels[which].unique()[:3].tolist()
figure = look.style.figure("full", 2.0)
picture = large.images[which].permute(1, 2, 0).numpy()
for nth, axes in enumerate(figure.subplots(1, 4)):
    axes.imshow(picture, extent=(0, 96, 96, 0), alpha=1 if nth == 0 else 0.55)
    if nth and nth <= len(present):
        orange = np.full((10, 10, 3), (0.835, 0.369, 0.0))
        sure = heat[present[nth - 1]].numpy()  # as opacity
        axes.imshow(np.dstack([orange, sure]), extent=(8, 88, 88, 8))
    axes.set(xlim=(0, 96), ylim=(96, 0))
    axes.set_title(["scene", *(large.classes[label] for label in present)][nth])
    axes.axis("off")
figure

# %%
one = look.trace(sliding, (3, 24, 24)).multiply_adds.sum()
whole_scene = look.trace(sliding, (3, 96, 96)).multiply_adds.sum()
print(f"100 windows of 24 × 24: {100 * one:>11,} multiply-adds")
print(f"one scene of 96 × 96:   {whole_scene:>11,} multiply-adds")
print(
    f"ratio {100 * one / whole_scene:.1f}; the paper: 100 · 1.2 ms / 22 ms = {120 / 22:.1f}"
)
check.that(tuple(heat.shape) == (10, 10, 10), "10 classes at 10 × 10 places")
check.that(
    100 * one > 4 * whole_scene, f"{100 * one / whole_scene:.1f} times less work"
)

# %% [markdown] lang="ko"
# 창끼리 겹치는 부분을 한 번만 계산하므로 곱셈-덧셈이 5분의 1 아래로 줄어듭니다. FCN 논문도 AlexNet으로 같은 비교를 하면서 시간을 쟀습니다. 창 하나에 1.2 ms, 500픽셀
# 그림의 $10 \times 10$칸에 22 ms이니 100번 넣는 것보다 다섯 배 넘게 빠릅니다 {cite:p}`long2015fully` (3.1절). 다만 답이 창을 자른 것과 **똑같지는** 않습니다.
# 잘라 낸 창의 가장자리에서는 합성곱이 0을 덧대지만, 장면 안에서는 옆의 픽셀을 봅니다.
#
# ## 가는 길에 무엇을 잃었을까요?
#
# 지도는 8픽셀에 한 칸입니다. 정답을 아는 사람이 칸마다 **가장 좋은** 점수를 적고, 그것을 쌍선형 보간(bilinear interpolation)으로 키운다면 어디까지 갈 수
# 있을까요? 신경망 없이 점수 자체를 경사 하강법으로 찾아 봅니다. 이렇게 띄엄띄엄한 점수를 쌍선형으로 키우는 신경망이 이보다 나으리라고 기대하기는 어렵습니다.

# %% [markdown] lang="en"
# What windows share is computed only once, so the multiply-adds fall to less than a fifth. The FCN paper made the same
# comparison with AlexNet, in time: 1.2 ms for a window and 22 ms for the $10 \times 10$ cells of a picture of 500 pixels, more than five times faster
# than 100 windows {cite:p}`long2015fully` (section 3.1). The answers are **not quite** those of the windows, though. At the edge of a
# window that is cut out the convolutions pad with zeros, and inside the scene they see the pixels beyond.
#
# ## What is lost on the way?
#
# The map has one cell for 8 pixels. If somebody who knows the answer wrote the **best** scores into the cells, and the map was
# enlarged by bilinear interpolation, how good could it be? We look for the scores themselves by gradient descent, without a
# network. A network that enlarges scores of this spacing in this way can hardly be expected to do better.


# %%
def best_possible(spacing, labels, steps=40):
    """mIoU of the best scores, one every `spacing` pixels, enlarged."""
    one_hot = functional.one_hot(labels.long(), 11).permute(0, 3, 1, 2).float()
    scores = (6 * functional.avg_pool2d(one_hot, spacing)).requires_grad_()
    optimizer = torch.optim.Adam([scores], lr=0.5)
    for _ in range(steps):
        enlarged = functional.interpolate(scores, scale_factor=spacing, mode="bilinear")
        loss = functional.cross_entropy(enlarged, labels.long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    said, near = enlarged.argmax(1), dense.boundary(labels, 2)
    return [
        dense.score_pixels(said, labels, 11, where).mean_iou for where in (None, near)
    ]


some = truth[:24]
limits = {spacing: best_possible(spacing, some) for spacing in (16, 8, 4, 2)}
limits = pd.DataFrame(limits, index=["mean IoU", "mean IoU at the boundary"]).T
limits.index.name = "pixels a cell"
check.that(limits["mean IoU"].is_monotonic_increasing, "a finer map can say more")
low, high = limits["mean IoU"][8], limits["mean IoU"][4]
check.that(low < 0.85 < high, f"8 pixels a cell {low:.3f}, 4 pixels {high:.3f}")
limits.round(3)

# %% [markdown] lang="ko"
# 물체의 긴 변이 12~24픽셀인 이 장면에서는, 8픽셀에 한 칸이면 답을 알고 적어도 0.75쯤이고 16픽셀이면 그 절반입니다. 4픽셀이면 0.9를 넘습니다. 그러므로
# 잃은 것을 되찾아야 합니다. 세 신경망은 그 방법이 다릅니다. 먼저 지도를 키우는 부품부터 만듭니다.

# %% [markdown] lang="en"
# In these scenes, whose objects have a longer side of 12 to 24 pixels, one cell for 8 pixels gives about 0.75 even with the
# answer known, and one for 16 half of that. One for 4 gives more than 0.9. So what was lost has to be got back, and the three
# networks differ in how they do it. First we build the parts that make a map larger.

# %% [markdown] lang="ko"
# ## 언풀링 세 가지
#
# 풀링이 2×2칸을 한 칸으로 줄였다면, 언풀링(unpooling)은 한 칸을 2×2칸으로 늘립니다. 배울 가중치는 없고, 네 칸을 무엇으로 채우는지가 다릅니다.
#
# - **최근접 이웃**(nearest neighbour): 네 칸 모두 같은 값.
# - **못 침대**(bed of nails): 왼쪽 위 칸에만 값, 나머지는 0.
# - **스위치**(max unpooling): 최대 풀링이 값을 **골랐던 칸**에 값, 나머지는 0. 그러려면 풀링할 때 그 자리를 적어 두어야 합니다.
#
# 못 침대와 스위치는 값을 놓는 자리만 다릅니다. 셋을 손으로 짭니다.

# %% [markdown] lang="en"
# ## Three kinds of unpooling
#
# Where pooling made one cell of 2×2, unpooling makes 2×2 of one. It has no weights to learn; the kinds differ in what fills
# the four cells.
#
# - **Nearest neighbour**: the value in all four.
# - **Bed of nails**: the value in the upper left cell, 0 in the others.
# - **Switches** (max unpooling): the value in the cell from which max pooling **took it**, 0 in the others. For this, pooling
#   has to note the places.
#
# Bed of nails and switches differ only in where they put the value. We write all three by hand.


# %%
def nearest(small):
    height, width = small.shape
    large = torch.empty(2 * height, 2 * width)
    for row in range(2 * height):
        for column in range(2 * width):
            large[row, column] = small[row // 2, column // 2]
    return large


def bed_of_nails(small):
    large = torch.zeros(2 * small.shape[0], 2 * small.shape[1])
    large[::2, ::2] = small
    return large


def pool(large):
    """The maximum of every 2 × 2 cells, and its place counted along the rows."""
    height, width = large.shape[0] // 2, large.shape[1] // 2
    small, places = torch.empty(height, width), torch.empty(height, width).long()
    for row in range(height):
        for column in range(width):
            window = large[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            down, right = divmod(int(window.argmax()), 2)
            small[row, column] = window[down, right]
            places[row, column] = (2 * row + down) * large.shape[1] + 2 * column + right
    return small, places


def put_back(small, places, shape):
    large = torch.zeros(shape[0] * shape[1])
    large[places.flatten()] = small.flatten()
    return large.view(shape)


x = torch.rand(6, 8, generator=generator)
batch = x[None, None]  # (1, 1, 6, 8), as layers want it
small, places = pool(x)
values, switches = nn.MaxPool2d(2, return_indices=True)(batch)
check.close(small, values[0, 0], what="max pooling")
check.that(places.equal(switches[0, 0]), "its switches")
for what, mine, theirs in (
    ("nearest", nearest(small), layers.NearestUnpool2d()(values)),
    ("bed of nails", bed_of_nails(small), layers.BedOfNails2d()(values)),
    ("switches", put_back(small, places, x.shape),
     layers.SwitchUnpool2d(2)(values, switches)),
):  # fmt: skip
    check.close(mine, theirs[0, 0], what=what)

# %% name="fig-unpooling" tags=["hide-input"] alt_ko="격자 다섯. 4×4칸의 입력에서 2×2칸마다 가장 큰 값이 표시되어 있고, 최대 풀링한 2×2칸, 그다음에 4×4칸 셋이 이어집니다. 최근접 이웃은 네 칸씩 같은 값, 못 침대는 왼쪽 위에만 값, 스위치는 입력에서 표시된 자리에만 값이 있습니다." alt_en="Five grids. The input of 4×4 cells with the largest of every 2×2 marked, the pooled 2×2, and three of 4×4: nearest neighbour repeats each value four times, bed of nails has it in the upper left only, switches have it where it was marked in the input." caption_ko="풀링했다가 되돌리기. 값을 제자리에만 놓는 것은 스위치뿐입니다. 세 방법 모두 잃은 값 열두 개는 되찾지 못합니다." caption_en="Pooled, and made large again. Only switches put each value back in its place and nowhere else. None of the three recovers the twelve values that were lost."
example = torch.tensor([[1, 3, 2, 0], [5, 2, 1, 4], [0, 1, 7, 3], [2, 6, 5, 1]]).float()
small, places = pool(example)
marked = [divmod(int(place), 4) for place in places.flatten()]
nails = [(0, 0), (0, 2), (2, 0), (2, 2)]
draw.row(
    draw.cells(example, "input", colour="blue", highlight=marked),
    draw.cells(small, "max pool", colour="blue"),
    draw.cells(nearest(small), "nearest", colour="green"),
    draw.cells(bed_of_nails(small), "nails", colour="green", highlight=nails),
    draw.cells(
        put_back(small, places, (4, 4)), "switches", colour="green", highlight=marked
    ),
    gap=26,
)

# %% [markdown] lang="ko"
# 갔다가 돌아오면 무엇이 남을까요? 키웠다가 최대 풀링으로 줄이면 처음 값이 그대로 나옵니다. 못 침대와 스위치에는 조건이 하나 있습니다. 값이 음수이면 채워 넣은 0이 더
# 크므로 최대 풀링이 0을 고릅니다. ReLU 뒤에서는 그런 일이 없습니다. 거꾸로 줄였다가 키우면 처음 지도가 나오지 않습니다. 네 값 가운데 하나만 남기 때문입니다. 그래도
# 스위치는 남은 값을 제자리에 두므로, ReLU를 지난 지도라면 못 침대보다 멀어지는 일이 없습니다. 이웃한 값이 서로 비슷한 지도라면 최근접 이웃이 더 가까울 수도 있습니다.
# 무작위로 뽑은 지도에서 확인합니다.

# %% [markdown] lang="en"
# What is left after going there and back? Enlarged and then reduced by max pooling, a map is what it was. Bed of nails and
# switches ask one condition: where a value is negative, the zeros around it are larger, and max pooling takes a zero. After a
# ReLU this does not happen. The other way round, reduced and then enlarged, a map does not come back, as one value of four is
# left. But switches put it in its place, so after a ReLU they are never further off than a bed of nails. Where neighbouring
# values are alike, nearest neighbour may be nearer still. We check this on random maps.

# %%
maps = torch.randn(2, 3, 6, 8, generator=generator)  # signed
rectified = maps.relu()
halve = nn.MaxPool2d(2, return_indices=True)
nearest_layer, nails_layer = layers.NearestUnpool2d(), layers.BedOfNails2d()
switch_layer = layers.SwitchUnpool2d(2)
values, switches = halve(torch.randn(2, 3, 12, 16, generator=generator))

check.close(halve(nearest_layer(maps))[0], maps, what="nearest, there and back")
check.close(nails_layer(maps)[..., ::2, ::2], maps, what="nails, every other pixel")
check.close(halve(nails_layer(rectified))[0], rectified, what="nails, 0 or more")
there = switch_layer(values.relu(), switches)
check.close(halve(there)[0], values.relu(), what="switches, 0 or more")
lost = not torch.equal(halve(nails_layer(maps))[0], maps)
check.that(lost, "nails, some values negative: max pooling takes the zeros")

values, switches = halve(rectified)
off = {
    "nearest": nearest_layer(values),
    "nails": nails_layer(values),
    "switches": switch_layer(values, switches),
}
off = {name: (again - rectified).norm().item() for name, again in off.items()}
print({name: round(error / rectified.norm().item(), 2) for name, error in off.items()})
check.that(
    off["switches"] < min(off["nearest"], off["nails"]),
    "random values: switches come nearest",
)
alike = torch.ones(1, 1, 4, 4)
check.close(nearest_layer(halve(alike)[0]), alike, what="equal values, nearest")

# %% [markdown] lang="ko"
# ## 전치 합성곱
#
# 언풀링은 배우지 않습니다. 배우면서 키우는 층이 전치 합성곱(transposed convolution)입니다. 이름은 행렬에서 왔습니다. 합성곱은 선형이므로, 입력을 한 줄로 편
# 벡터에 행렬을 곱하는 것과 같습니다. 3×3 필터로 4×4 입력을 합성곱하면 출력은 2×2이니 행렬은 $4 \times 16$입니다. 행 하나가 출력 한 칸이고, 그 행에서
# 필터의 값 아홉 개가 필터가 놓인 자리에 적혀 있으며 나머지 일곱 개는 0입니다.

# %% [markdown] lang="en"
# ## The transposed convolution
#
# Unpooling learns nothing. The layer that learns to enlarge is the transposed convolution. Its name comes from a matrix. A
# convolution is linear, so it multiplies its input, written as one long vector, by a matrix. A 3×3 filter makes 2×2 cells of
# an input of 4×4, so its matrix is $4 \times 16$. A row is a cell of the output. It has the nine values of the filter at the
# cells on which the filter lies, and seven zeros.


# %%
def convolution_matrix(weight, height, width, stride=1):
    """The matrix (outputs, inputs) of a convolution without padding."""
    k = len(weight)
    rows, columns = (height - k) // stride + 1, (width - k) // stride + 1
    matrix = torch.zeros(rows * columns, height * width)
    for row in range(rows):
        for column in range(columns):
            for i in range(k):
                for j in range(k):
                    pixel = (row * stride + i) * width + column * stride + j
                    matrix[row * columns + column, pixel] = weight[i, j]
    return matrix


weight = torch.arange(1.0, 10).view(3, 3)
C = convolution_matrix(weight, 4, 4)
x = torch.rand(4, 4, generator=generator)
y = torch.rand(2, 2, generator=generator)
theirs = functional.conv2d(x[None, None], weight[None, None]).flatten()
check.close(C @ x.flatten(), theirs, what="C x is the convolution")
theirs = functional.conv_transpose2d(y[None, None], weight[None, None]).flatten()
check.close(C.T @ y.flatten(), theirs, what="C.T y is the transposed convolution")

pixels = x.clone().requires_grad_()
functional.conv2d(pixels[None, None], weight[None, None])[0, 0].backward(y)
check.close(C.T @ y.flatten(), pixels.grad.flatten(), what="and the gradient")
again = (C.T @ (C @ x.flatten())).view(4, 4)
check.that(not torch.allclose(again, x), "C.T C x has the size of x, not its values")

# %% name="fig-matrix" tags=["hide-input"] alt_ko="위는 3×3 필터 1부터 9까지와 4행 16열의 행렬. 첫 줄은 1 2 3 빈칸 4 5 6 빈칸 7 8 9이고, 아랫줄로 갈수록 오른쪽으로 밀려 있습니다. 아래는 그 전치인 16행 4열의 행렬입니다." alt_en="Above, a 3×3 filter of 1 to 9 and a matrix of 4 rows and 16 columns. The first row reads 1 2 3 blank 4 5 6 blank 7 8 9; the rows below are the same, shifted to the right. Below, its transpose of 16 rows and 4 columns." caption_ko="4×4 입력에 3×3 필터를 놓는 합성곱의 행렬 $C$와 그 전치 $C^\\top$. 빈칸은 0입니다. $C$는 16칸을 4칸으로 줄이고 $C^\\top$는 4칸을 16칸으로 늘립니다." caption_en="The matrix $C$ of a convolution of a 4×4 input with a 3×3 filter, and its transpose $C^\\top$. Blanks are 0. $C$ makes 4 cells of 16, $C^\\top$ makes 16 of 4."


def blank(value):
    return f"{value:g}" if value else ""


draw.stack(
    draw.cells(C, "C", colour="blue", heat=True, format=blank, size=24),
    draw.row(
        draw.cells(weight, "filter", colour="orange", size=24),
        draw.cells(
            C.T, "C transposed", colour="green", heat=True, format=blank, size=24
        ),
        gap=60,
    ),
    gap=24,
)

# %% [markdown] lang="ko"
# $C^\top$는 16칸을 만드는 층이 됩니다. 이것이 전치 합성곱입니다. 새로운 것은 아닙니다. 합성곱의 **역전파**가 바로 $C^\top$를 곱하는 일이어서, 라이브러리는 이미
# 갖고 있던 계산에 층의 이름을 붙였을 뿐입니다. deconvolution이라는 이름으로도 불리지만, $C^\top$는 $C$의 역행렬이 아닙니다. $C^\top C x$는 $x$와 크기만 같습니다.
#
# 행렬 없이 보면 **도장 찍기**입니다. 입력 한 칸이 그 값을 곱한 필터를 출력에 찍고, 다음 칸은 스트라이드만큼 옮겨 찍습니다. 겹치면 더합니다. 스트라이드가 2이면
# 출력의 폭은 두 배쯤이 됩니다. 필터의 폭이 $F$, 스트라이드가 $S$이고, 패딩 $P$는 여기서 출력의 사방을 $P$칸씩 잘라 낸다는 뜻입니다.
#
# $$n_{\text{out}} = (n_{\text{in}} - 1) \, S + F - 2P$$

# %% [markdown] lang="en"
# $C^\top$ becomes a layer that makes 16 cells: the transposed convolution. It is nothing new. **Backpropagation** through a
# convolution multiplies by $C^\top$, so libraries had this computation already and only gave it the name of a layer. It is
# called deconvolution, too, but $C^\top$ is not the inverse of $C$: all that $C^\top C x$ has in common with $x$ is the size.
#
# Without a matrix it is **stamping**. Each cell of the input stamps the filter, times its value, on the output; the next cell
# stamps it a stride further on, and where stamps overlap they add up. With a stride of 2 the output is about twice as wide.
# The filter is $F$ wide, the stride is $S$, and a padding of $P$ here cuts $P$ cells off every side of the output.
#
# $$n_{\text{out}} = (n_{\text{in}} - 1) \, S + F - 2P$$


# %%
def stamp(small, weight, stride):
    """A transposed convolution (h, w) → ((h - 1) stride + k, (w - 1) stride + k)."""
    k = len(weight)
    height, width = ((n - 1) * stride + k for n in small.shape)
    large = torch.zeros(height, width)
    for i, row in enumerate(small):
        for j, value in enumerate(row):
            top, left = i * stride, j * stride
            large[top : top + k, left : left + k] += value * weight
    return large


small = torch.rand(3, 4, generator=generator)
for stride, k in ((1, 3), (2, 3), (2, 4), (3, 2)):
    weight = torch.rand(k, k, generator=generator)
    theirs = functional.conv_transpose2d(
        small[None, None], weight[None, None], stride=stride
    )
    check.close(stamp(small, weight, stride), theirs[0, 0], what=f"{k}×{k} by {stride}")

triangle = torch.tensor([0.25, 0.75, 0.75, 0.25])
bilinear = triangle[:, None] * triangle  # linear between the values, twice as large
check.close(bilinear, layers.bilinear_filter(2), what="the bilinear filter")
twice = stamp(small, bilinear, 2)[1:-1, 1:-1]  # (6, 8)
theirs = functional.interpolate(small[None, None], scale_factor=2, mode="bilinear")
check.close(twice[1:-1, 1:-1], theirs[0, 0, 1:-1, 1:-1], what="inside, interpolation")

# %% [markdown] lang="ko"
# 필터가 삼각형끼리 곱한 것이면 전치 합성곱은 가장자리를 빼면 쌍선형 보간입니다. FCN의 두 배 키우기는 이 값에서 시작해 배워 나갑니다.
#
# ### 바둑판무늬와 그 치료
#
# 도장이 고르게 겹치지 않으면 어떻게 될까요? 모든 값이 1인 지도에 모든 값이 같은 필터를 찍으면 출력도 고르기를 바랄 것입니다. 필터의 폭이 3이고 스트라이드가
# 2이면 어떤 칸에는 도장이 하나, 어떤 칸에는 둘, 어떤 칸에는 넷이 겹칩니다. 이것이 바둑판무늬(checkerboard artefact)입니다. 폭이 스트라이드의 배수이면
# 겹치는 수가 같습니다 {cite:p}`odena2016deconvolution`. 그러나 필터의 값이 제각각이면 폭이 4여도 무늬가 남습니다. 자리마다 겹치는 것이 필터의 **다른**
# 값들이기 때문입니다. 먼저 키우고 나서 합성곱하면, 모든 자리가 같은 필터의 모든 값을 쓰므로 어떤 필터에서도 고릅니다.

# %% [markdown] lang="en"
# With a filter that is a triangle times a triangle, the transposed convolution is bilinear interpolation, but for the border.
# In an FCN the enlarging by two begins like this, and learns on from there.
#
# ### The checkerboard, and its cure
#
# What if the stamps overlap unevenly? When a filter of equal values is stamped on a map of ones, one would like the output to
# be even, too. With a width of 3 and a stride of 2, one stamp lies on some cells, two on others and four on yet others. This
# is the checkerboard artefact. Where the stride divides the width, all cells have equally many
# {cite:p}`odena2016deconvolution`. But with a filter of unequal values there is a pattern even with a width of 4, since at
# each place **different** values of the filter overlap. If we enlarge first and then convolve, every place uses all values of the
# same filter, and the output is even with any filter.

# %% name="fig-checkerboard" tags=["hide-input"] alt_ko="네 칸. 첫 칸은 밝기 셋의 바둑판무늬, 둘째는 가장자리만 빼고 고른 회색, 셋째는 폭이 두 칸인 규칙적인 무늬, 넷째는 고른 회색." alt_en="Four tiles. The first is a checkerboard of three brightnesses, the second an even grey but for its border, the third a regular pattern two cells wide, the fourth an even grey." caption_ko="값이 모두 1인 8×8 지도를 두 배쯤으로 키운 것. 왼쪽부터 값이 같은 3×3 필터, 값이 같은 4×4 필터, 무작위 4×4 필터로 찍은 것, 최근접 이웃으로 키운 다음 무작위 3×3 필터로 합성곱한 것." caption_en="A map of 8×8 ones made about twice as large. From the left: stamped with an even 3×3 filter, with an even 4×4 filter, with a random 4×4 filter; and enlarged by nearest neighbour, then convolved with a random 3×3 filter."
flat = torch.ones(8, 8)
random4 = torch.rand(4, 4, generator=torch.Generator().manual_seed(1))
random3 = torch.rand(3, 3, generator=torch.Generator().manual_seed(1))
resized = functional.conv2d(nearest(flat)[None, None], random3[None, None])[0, 0]
outputs = {
    "3×3, even": stamp(flat, torch.ones(3, 3), 2),
    "4×4, even": stamp(flat, torch.ones(4, 4), 2),
    "4×4, random": stamp(flat, random4, 2),
    "resized, 3×3": resized,
}
grey = [0.8 * each / each.max() for each in outputs.values()]
look.grid(grey, list(outputs), columns=4)

# %%
inside = {name: each[4:-4, 4:-4] for name, each in outputs.items()}  # no border
uneven = {name: (each.max() / each.min()).item() for name, each in inside.items()}
for name, ratio in uneven.items():
    print(f"{name:13}largest / smallest {ratio:.2f}")
check.close(uneven["3×3, even"], 4, what="one stamp to four")
check.close(uneven["4×4, even"], 1, what="four stamps everywhere")
check.that(uneven["4×4, random"] > 1.1, "random 4×4: uneven nevertheless")
check.close(uneven["resized, 3×3"], 1, what="resized first: even")

# %% [markdown] lang="ko"
# 그러니 치료는 두 가지입니다. 스트라이드로 나누어떨어지는 폭을 쓰고 쌍선형 필터처럼 고른 값에서 시작하거나, 크기를 먼저 키우고 합성곱을 합니다. 어느 쪽이든 훈련이
# 무늬를 지우는 법을 배울 수도 있지만, 처음부터 없는 편이 쉽습니다.

# %% [markdown] lang="en"
# So there are two cures: a width that the stride divides, begun with even values such as the bilinear filter; or enlarging
# first and then convolving. Training can learn to remove the pattern, but it is easier if there is none to begin with.

# %% [markdown] lang="ko"
# ## 세 신경망
#
# 이제 부품이 다 있습니다. 세 신경망은 내려가는 길이 같고 올라오는 길이 다릅니다. 잃어버린 자리를 저마다 무엇으로 되찾을까요?

# %% [markdown] lang="en"
# ## Three networks
#
# Now we have all the parts. The three networks have the same way down and differ in the way up: how does each get back the
# places that were lost?

# %% name="fig-networks" tags=["hide-input"] alt_ko="세 줄의 그림. 줄마다 왼쪽에서 오른쪽으로 낮아지는 막대 넷이 내려가는 길입니다. FCN은 가장 낮은 막대 다음에 좁은 주황 막대가 점점 높아지고, 그 가운데 둘로 같은 높이의 파란 막대에서 화살표가 옵니다. DeconvNet과 U-Net은 초록 막대가 파란 막대를 거울처럼 되풀이하고, 화살표가 셋씩 있습니다." alt_en="Three rows. In each, four bars that become lower from left to right are the way down. In FCN narrow orange bars follow that grow again, and arrows come to two of them from the blue bars of the same height. In DeconvNet and U-Net green bars mirror the blue ones, with three arrows each." caption_ko="막대의 높이는 지도의 크기, 폭은 채널 수입니다. 파랑은 내려가는 길, 초록은 올라오는 길, 주황은 점수(클래스마다 한 채널)입니다. 화살표는 내려가는 길에서 올라오는 길로 건네는 것입니다: FCN은 점수를 더하고, DeconvNet은 스위치만 건네고, U-Net은 특징 맵을 이어 붙입니다." caption_en="A bar's height is the size of the map, its width the channels. Blue is the way down, green the way up, orange scores, one channel a class. Arrows are what the way down hands to the way up: FCN adds scores, DeconvNet hands over switches alone, U-Net joins feature maps."


def sketch(axes, title, up, handed):
    """Bars for maps: four on the way down, then those of `up`, (size, channels);
    arrows from the maps of the sizes in `handed`."""
    down = list(zip((48, 24, 12, 6), (*WIDTHS, DENSE), strict=True))
    at, tops = 0.0, {}
    for nth, (size, channels) in enumerate(down + up):
        wide, back = 0.15 + channels / 90, nth >= len(down)
        colour = "orange" if channels == 11 else "green" if back else "blue"
        bar = Rectangle((at, -size / 2), wide, size, facecolor=LIGHT[f"{colour}_soft"])
        bar.set(edgecolor=LIGHT[colour], linewidth=1.4)
        axes.add_patch(bar)
        if back and size in tops and tops[size] is not None:
            path = FancyArrowPatch(
                (tops[size], size / 2 + 1), (at + wide / 2, size / 2 + 1),
                connectionstyle="arc3,rad=-0.2", arrowstyle="-|>",
                mutation_scale=11, color=LIGHT["muted"], linewidth=1.2,
            )  # fmt: skip
            axes.add_patch(path)
            tops[size] = None
        elif not back and size in handed:
            tops[size] = at + wide / 2
        at += wide + 0.55
    axes.set(xlim=(-0.3, 9.6), ylim=(-26, 62))
    axes.text(-0.2, 50, title, fontsize=look.style.FONTS["normal"])
    axes.axis("off")


figure = look.style.figure("full", 6.4)
rows = figure.subplots(3, 1)
scores = [(6, 11), (12, 11), (24, 11), (48, 11)]
sketch(rows[0], "FCN adds scores", scores, (24, 12))
mirror = [(6, 48), (12, 24), (24, 12), (48, 12), (48, 11)]
sketch(rows[1], "DeconvNet hands over switches", mirror, (48, 24, 12))
joined = [(12, 48), (24, 24), (48, 12), (48, 11)]
sketch(rows[2], "U-Net joins feature maps", joined, (48, 24, 12))
figure

# %% [markdown] lang="ko"
# ### FCN: 점수를 더하기
#
# FCN은 합성곱으로 바꾼 분류 신경망이 내놓은 거친 점수를 전치 합성곱으로 키웁니다. 한 번에 32배를 키우면 FCN-32s입니다. FCN-16s는 먼저 두 배를 키우고, 한
# 단계 앞의 지도(pool4)에 $1 \times 1$ 합성곱을 해서 만든 점수를 **더한** 다음 16배를 키웁니다. FCN-8s는 pool3에서 한 번 더 합니다. 더할 점수는 0에서
# 시작하므로 처음에는 더 거친 신경망과 같은 답을 냅니다. 두 배 키우기는 쌍선형 필터에서 시작해 배우고, 마지막 키우기는 쌍선형으로 고정합니다.
#
# 우리 신경망은 풀링이 다섯 번이 아니라 세 번이므로 8, 4, 2배가 됩니다. FCN-8, FCN-4, FCN-2라고 부르겠습니다. 논문의 32s, 16s, 8s에 해당합니다.

# %% [markdown] lang="en"
# ### FCN: adding scores
#
# FCN enlarges the coarse scores of the classifier turned into convolutions by a transposed convolution. All at once, 32 times,
# it is FCN-32s. FCN-16s enlarges twice, **adds** scores that a $1 \times 1$ convolution makes of the map one stage earlier
# (pool4), and enlarges the sum 16 times. FCN-8s does so once more with pool3. The added scores begin at 0, so that at first
# each gives the coarser network's answers. The enlarging by two begins as the bilinear filter and is learned; the last stays
# bilinear.
#
# Our network pools three times, not five, so the factors are 8, 4 and 2. We call the networks FCN-8, FCN-4 and FCN-2; they
# correspond to the paper's 32s, 16s and 8s.


# %%
class FCN(nn.Module):
    """Images (N, 3, H, W) → scores (N, 11, H, W); the finest map has a cell every
    `stride` pixels."""

    def __init__(self, stride):
        super().__init__()
        self.stages = stages()
        self.head = nn.Sequential(
            *convolution(WIDTHS[-1], DENSE),  # the first dense layer
            *convolution(DENSE, DENSE, kernel=1),  # the second
            nn.Conv2d(DENSE, 11, kernel_size=1),  # the third, with a background
        )
        self.twice, self.skips = nn.ModuleList(), nn.ModuleList()
        for width in WIDTHS[-2::-1][: {8: 0, 4: 1, 2: 2}[stride]]:
            self.twice.append(layers.BilinearUpsample2d(11, factor=2, learned=True))
            self.skips.append(nn.Conv2d(width, 11, kernel_size=1))
            nn.init.zeros_(self.skips[-1].weight)
            nn.init.zeros_(self.skips[-1].bias)
        self.enlarge = layers.BilinearUpsample2d(11, factor=stride)

    def forward(self, x):
        maps = []
        for stage in self.stages:
            x = stage(x)  # half the height and width
            maps.append(x)
        scores = self.head(x)  # (N, 11, H / 8, W / 8)
        for twice, skip, finer in zip(
            self.twice, self.skips, maps[-2::-1], strict=False
        ):
            scores = twice(scores) + skip(finer)  # H / 4, then H / 2
        return self.enlarge(scores)


def same(mine, theirs, what):
    """The network of the package has the same layers and gives the same scores."""
    values = mine.state_dict().values()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), values, strict=True)))
    x = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        check.close(mine.eval()(x), theirs.eval()(x), atol=1e-4, what=what)


narrow = {"widths": WIDTHS, "depths": (2, 2, 2), "dense": DENSE, "kernel": 3}
for stride in (8, 4, 2):
    theirs = fcn.FCN(11, stride=stride, batch_norm=True, dropout=0.0, **narrow)
    same(FCN(stride), theirs, f"FCN-{stride}")

# %% [markdown] lang="ko"
# ### DeconvNet: 스위치를 건네기
#
# DeconvNet은 거친 점수를 한 번에 키우는 것이 문제라고 보고, 내려온 길을 **거꾸로** 그대로 올라갑니다. 최대 풀링마다 스위치로 하는 언풀링이 짝을 이루고, 합성곱마다
# 전치 합성곱이 짝을 이룹니다. 언풀링한 지도는 대부분 0이고, 전치 합성곱이 그 사이를 채웁니다. 내려가는 길이 건네는 것은 값이 아니라 **자리**뿐입니다.
#
# [‘ZFNet’ 장](08_zfnet)의 디컨브넷과 이름이 비슷하지만 다른 것입니다. 디컨브넷은 배운 것을 들여다보는 도구이고 필터를 빌려 쓰지만, DeconvNet의 전치
# 합성곱은 자기 가중치를 배웁니다.

# %% [markdown] lang="en"
# ### DeconvNet: handing over switches
#
# DeconvNet finds fault with enlarging coarse scores in one go, and walks the whole way **backwards**. Every max pooling has an
# unpooling with its switches as its counterpart, and every convolution a transposed convolution. An unpooled map is mostly zeros, and
# the transposed convolutions fill in between. What the way down hands over is not values but **places** alone.
#
# Its name is like that of the deconvnet in [the chapter on ZFNet](08_zfnet), which is another thing: a tool to look at what was
# learned, with borrowed filters. The transposed convolutions of DeconvNet learn weights of their own.


# %%
def transposed(channels, width, kernel=3):
    return [
        nn.ConvTranspose2d(channels, width, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]


class DeconvNet(nn.Module):
    """Images (N, 3, H, W) → scores (N, 11, H, W)."""

    def __init__(self, convolutions=2):
        super().__init__()
        below = (WIDTHS[0], *WIDTHS[:-1])  # what the stage before it has
        pairs = zip((3, *WIDTHS), WIDTHS, strict=False)
        self.down = nn.ModuleList([two(*pair) for pair in pairs])
        self.up = nn.ModuleList()
        for width, last in zip(WIDTHS[::-1], below[::-1], strict=True):
            first = transposed(width, width) if convolutions == 2 else []
            self.up.append(nn.Sequential(*first, *transposed(width, last)))
        self.middle = nn.Sequential(
            *convolution(WIDTHS[-1], DENSE),
            *convolution(DENSE, DENSE, kernel=1),
            *transposed(DENSE, WIDTHS[-1]),
        )
        self.score = nn.Conv2d(WIDTHS[0], 11, kernel_size=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = layers.SwitchUnpool2d(2)

    def forward(self, x):
        switches = []
        for stage in self.down:
            x, places = self.pool(stage(x))  # half the height and width
            switches.append(places)
        x = self.middle(x)  # (N, WIDTHS[-1], H / 8, W / 8)
        for stage in self.up:
            x = stage(self.unpool(x, switches.pop()))  # twice the height and width
        return self.score(x)


same(DeconvNet(), deconvnet.DeconvNet(11, 3, size=48, **narrow), "DeconvNet")

# %% [markdown] lang="ko"
# ### U-Net: 지도를 이어 붙이기
#
# U-Net은 올라오는 길의 단계마다 $2 \times 2$ 전치 합성곱으로 지도를 두 배 키우고, 내려가는 길에서 같은 크기였던 **특징 맵 전체**를 그 옆에 이어 붙인 다음,
# 합성곱 두 개로 둘을 섞습니다. 거친 쪽은 무엇인지를, 이어 붙인 쪽은 어디인지를 압니다. FCN처럼 클래스의 수만큼만 채널이 있는 것이 아니라 채널이 많은 지도에서
# 섞으므로 더 많이 배울 수 있고, 그만큼 계산도 많습니다.

# %% [markdown] lang="en"
# ### U-Net: joining maps
#
# At every stage of its way up, U-Net makes the map twice as large by a $2 \times 2$ transposed convolution, joins to it the
# **whole feature map** that had this size on the way down, and mixes the two by two convolutions. The coarse part knows what,
# the joined part knows where. They are mixed in many channels and not, as in FCN, in as many as there are classes: more to
# learn with, and more to compute.


# %%
class UNet(nn.Module):
    """Images (N, 3, H, W) → scores (N, 11, H, W)."""

    def __init__(self, convolutions=2):
        super().__init__()
        widths = (*WIDTHS, DENSE)
        pairs = zip((3, *widths), widths, strict=False)
        self.down = nn.ModuleList([two(*pair) for pair in pairs])
        self.up, self.join = nn.ModuleList(), nn.ModuleList()
        for width, channels in zip(widths[-2::-1], widths[:0:-1], strict=True):
            self.up.append(nn.ConvTranspose2d(channels, width, 2, stride=2))
            mixed = two(
                2 * width, width
            )  # the first of its convolutions is three layers
            self.join.append(mixed if convolutions == 2 else mixed[:3])
        self.score = nn.Conv2d(WIDTHS[0], 11, kernel_size=1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        kept = []
        for stage in self.down[:-1]:
            kept.append(stage(x))
            x = self.pool(kept[-1])  # half the height and width
        x = self.down[-1](x)  # (N, DENSE, H / 8, W / 8)
        for enlarge, stage in zip(self.up, self.join, strict=True):
            x = torch.cat([kept.pop(), enlarge(x)], dim=1)  # twice the height and width
            x = stage(x)
        return self.score(x)


theirs = unet.UNet(11, 3, widths=(*WIDTHS, DENSE), batch_norm=True)
same(UNet(), theirs, "U-Net")

# %% [markdown] lang="ko"
# ### 논문의 크기에서
#
# 논문의 신경망을 `meta` 장치에서 만들어 셉니다. FCN과 DeconvNet은 VGG-16에서 나왔고, U-Net은 합성곱에 패딩이 없어서 572픽셀이 들어가면 388픽셀이 나옵니다.

# %% [markdown] lang="en"
# ### At the papers' size
#
# We build the papers' networks on the device `meta` and count. FCN and DeconvNet come from VGG-16. The convolutions of U-Net
# have no padding, so that 572 pixels go in and 388 come out.

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    paper = {f"FCN-{stride}s": fcn.FCN(stride=stride) for stride in (32, 16, 8)}
    paper |= {"DeconvNet": deconvnet.DeconvNet(), "U-Net": unet.UNet(padding=0)}
    side = paper["U-Net"](torch.zeros(1, 1, 572, 572)).shape[-1]
for name, network in paper.items():
    print(f"{name:10}{count(network):>14,} parameters")
convolutions = (nn.Conv2d, nn.ConvTranspose2d)
layers_of_unet = sum(isinstance(m, convolutions) for m in paper["U-Net"].modules())
print(f"U-Net: {layers_of_unet} convolutional layers, 572 → {side} pixels")
sight = look.trace(paper["FCN-32s"], (3, 224, 224)).receptive_field["head.fc6"]
print(f"receptive field of FCN's coarse scores: {sight}")

# %% [markdown] lang="ko"
# ## 훈련해서 재기
#
# 먼저 FCN-8을 훈련합니다. 내려가는 길의 단계들과 완전 연결층 둘은 분류 신경망의 가중치를 받고, 배경이 있는 마지막 점수만 처음부터 배웁니다. 그다음 네 신경망이
# 모두 **이 FCN-8에서** 시작합니다. 내려가는 길은 같고 올라오는 길만 다르므로, 견주는 것은 올라오는 길입니다. FCN의 논문도 32s에서 16s로, 16s에서 8s로
# 이어서 훈련했습니다 {cite:p}`long2015fully` (4.2절). 새로 시작한 네 신경망이 더 훈련하는 동안 FCN-8도 똑같은 에폭만큼 더 훈련합니다. 그래야 더 오래
# 훈련해서 나아진 것과 올라오는 길이 좋아서 나아진 것을 가릴 수 있습니다.
#
# 손실은 픽셀마다의 교차 엔트로피를 평균한 것이고, 배경 픽셀은 4분의 1로 셉니다. 그러지 않으면 DeconvNet은 이 짧은 훈련 동안 거의 모두 배경이라고 답하는 데
# 머뭅니다. 같은 까닭으로 DeconvNet과 U-Net은 올라오는 길의 단계마다 합성곱을 둘이 아니라 하나만 둡니다.
#
# 기준 모델은 $1 \times 1$ 합성곱만 있는 신경망입니다. 픽셀 하나의 색밖에 보지 못합니다. 색은 클래스와 무관하게 뽑았으므로, 이것이 맞히는 것은 색만으로 되는 몫입니다.

# %% [markdown] lang="en"
# ## Training and measuring
#
# First we train FCN-8. The stages of its way down and two dense layers take the classifier's weights, and only the last scores,
# which have a background, are learned from scratch. Then four networks begin **from this FCN-8**. They have the same way down
# and differ in the way up, so it is the way up that we compare. The authors of FCN, too, trained 16s from 32s and 8s from 16s
# {cite:p}`long2015fully` (section 4.2). While the four are trained further, so is FCN-8, for as many epochs. Only so can we
# tell what is gained by longer training from what is gained by a better way up.
#
# The loss is the mean cross-entropy of all pixels, in which one of the background counts a quarter. Otherwise DeconvNet stays
# at calling almost everything background in so short a training. For the same reason DeconvNet and U-Net have one convolution
# in each stage of the way up here, not two.
#
# The baseline has nothing but $1 \times 1$ convolutions: all it sees is the colour of one pixel. Colours were drawn
# independently of the class, so what it gets right is what colour alone is good for.


# %%
def begin(known, stages, head):
    """Copy what is known, three stages and two dense layers with their norms."""
    for mine, theirs in zip(stages, known[:3], strict=False):
        mine.load_state_dict(theirs.state_dict())
    for mine, theirs in zip(head, known[3:9], strict=False):
        state = theirs.state_dict()
        if state and mine.weight.shape[2:] == (3, 3) and theirs.kernel_size == (1, 1):
            state["weight"] = functional.pad(state["weight"], (1, 1, 1, 1))
        mine.load_state_dict(state)


labels = dense.pixel_labels(scenes)
weights = torch.tensor([0.25] + [1.0] * 10)  # the background counts a quarter
RECIPE = {"epochs": 10 if full else 4, "batch_size": 4, "lr": 5e-3}
RECIPE |= {"schedule": "linear", "weights": weights}


def fit(network):
    network.to(memory_format=torch.channels_last)  # faster here, the same function
    return dense.fit_pixels(network, scenes.images, labels, **RECIPE)


torch.manual_seed(0)
coarse = FCN(8)
begin(list(fully_convolutional(classifier)), coarse.stages, coarse.head)
before = fit(coarse)


def fresh(name):
    torch.manual_seed(0)
    known = [*coarse.stages, *coarse.head]
    if name == "1×1":
        network = nn.Sequential(
            *convolution(3, 24, kernel=1),
            *convolution(24, 24, kernel=1),
            nn.Conv2d(24, 11, kernel_size=1),
        )
        fit(network)  # as long as FCN-8 before
    elif name == "DeconvNet":
        network = DeconvNet(convolutions=1)
        begin(known, network.down, network.middle)
    elif name == "U-Net":
        network = UNet(convolutions=1)
        begin(known, network.down, network.down[-1])
    else:  # the zeros of the skips stay
        network = FCN(int(name[-1]))
        network.stages.load_state_dict(coarse.stages.state_dict())
        network.head.load_state_dict(coarse.head.state_dict())
    return network


def scored(said):
    """Pixel accuracy, mIoU, mIoU at the boundary; there also of two classes alone,
    object and background."""
    whole = dense.score_pixels(said, truth, 11)
    edge = dense.score_pixels(said, truth, 11, band)
    outline = dense.score_pixels((said > 0).byte(), (truth > 0).byte(), 2, band)
    return whole.accuracy, whole.mean_iou, edge.mean_iou, outline.mean_iou


def measure(network):
    """The scores of a network on the test scenes, and its maps."""
    said = dense.predict_pixels(network, scenes_test.images)
    return *scored(said), said


networks, tables, answers, rows = {}, {}, {"all background": ground}, {}
rows["all background"] = (*scored(ground), 0)
for name in ("1×1", "FCN-8", "FCN-4", "FCN-2", "DeconvNet", "U-Net"):
    network = fresh(name)
    tables[name] = fit(network)
    *found, answers[name] = measure(network)
    networks[name], rows[name] = network, (*found, count(network))
columns = ["accuracy", "mean IoU", "boundary", "object or not", "parameters"]
results = pd.DataFrame(rows, index=columns).T.astype({"parameters": int})
results.sort_values("mean IoU").round(3)

# %%
score, edge = results["mean IoU"], results["boundary"]
outline = results["object or not"]
check.that(score["FCN-4"] > score["FCN-8"], "FCN-4 above FCN-8")
check.that(edge["FCN-2"] > edge["FCN-8"] + 0.03, "FCN-2 above FCN-8 at the boundary")
check.that(score["FCN-2"] > score["U-Net"] + 0.1, "U-Net is behind FCN-2 in mIoU")
check.that(
    outline["U-Net"] > outline["FCN-2"] > outline["FCN-8"] + 0.05,
    "object or not: U-Net above FCN-2 above FCN-8",
)
check.that(outline["1×1"] > outline["FCN-2"], "object or not: colour alone is enough")
five = ["FCN-8", "FCN-4", "FCN-2", "DeconvNet", "U-Net"]
check.that(score[five].min() > score["1×1"] + 0.1, "all five beat the baseline 1×1")
check.that((edge[five] < score[five]).all(), "all five: the boundary is harder")

# %% name="fig-answers" tags=["hide-input"] alt_ko="다섯 줄 네 칸. 첫 줄은 정답, 그 아래는 FCN-8, FCN-2, DeconvNet, U-Net의 답. FCN-8의 도형은 둥글게 뭉개져 있고, FCN-2는 윤곽이 더 또렷합니다. U-Net은 윤곽은 또렷한데 색이 정답과 다른 도형이 많습니다." alt_en="Five rows of four. First the right answer, below it those of FCN-8, FCN-2, DeconvNet and U-Net. The shapes of FCN-8 are rounded blobs; those of FCN-2 have clearer outlines. In U-Net outlines are clear, but many shapes have another colour than in the first row." caption_ko="같은 네 장면의 답. 위에서부터 정답, FCN-8, FCN-2, DeconvNet, U-Net입니다. 색은 클래스입니다." caption_en="The answers for four scenes. From the top: the right ones, FCN-8, FCN-2, DeconvNet, U-Net. Colours are classes."
order = ["truth", "FCN-8", "FCN-2", "DeconvNet", "U-Net"]
said = {"truth": truth} | answers
look.masks(
    torch.cat([pictures] * len(order)),
    torch.cat([said[name][shown] for name in order]),
    classes=scenes_test.classes,
    titles=[f"{name}" if nth == 0 else "" for name in order for nth in range(4)],
    columns=4,
    opacity=0.8,
)

# %% name="fig-errors" tags=["hide-input"] alt_ko="두 줄 네 칸의 회색 장면. 도형에서 맞힌 픽셀은 파랑, 놓치거나 잘못 부른 픽셀은 주황, 배경인데 물체라고 한 픽셀은 분홍입니다. 윗줄 FCN-8에서는 주황과 분홍이 윤곽을 따라 두껍고, 아랫줄 FCN-2에서는 얇습니다." alt_en="Two rows of four grey scenes. Right pixels of shapes are blue, those missed or misnamed orange, background called an object pink. In FCN-8 above, orange and pink lie thick along the outlines, in FCN-2 below they are thinner." caption_ko="어디서 틀릴까요? 윗줄은 FCN-8, 아랫줄은 FCN-2. 이 네 장면에서 틀린 픽셀은 대개 윤곽을 따라 있습니다." caption_en="Where are the errors? FCN-8 above, FCN-2 below. In these four scenes most lie along the outlines."
two_rows = ["FCN-8", "FCN-2"]
look.mask_errors(
    torch.cat([pictures] * 2),
    torch.cat([answers[name][shown] for name in two_rows]),
    torch.cat([truth[shown]] * 2),
    columns=4,
)

# %% name="fig-loss" tags=["hide-input"] alt_ko="에폭에 따른 훈련 손실 곡선 여섯. 1×1은 거의 수평이고, DeconvNet과 U-Net은 그보다 위에서 시작해 그 아래로 내려갑니다. FCN 셋은 처음부터 훨씬 낮고 끝까지 가장 낮습니다." alt_en="Six curves of training loss over the epochs. That of 1×1 is almost level; those of DeconvNet and U-Net begin above it and fall below it. The three FCNs are much lower from the first and remain the lowest." caption_ko="훈련 손실. 세 FCN은 분류 신경망이 아는 것을 거의 그대로 쓰므로 처음부터 낮습니다." caption_en="Training loss. The three FCNs use what the classifier knows almost as it is, and are low from the first."
look.curves(tables, y="loss", ylabel="loss")

# %% [markdown] lang="ko"
# 픽셀 정확도로는 다섯 신경망이 0.88에서 0.93 사이에 몰려 있지만 mIoU로는 0.35에서 0.69까지 벌어집니다. 모두 기준 모델(0.115)을 크게 앞섭니다. 경계(boundary)의
# mIoU로 줄을 세워도 순서는 같습니다. 이 수는 모두 이 노트북에서 시드 하나로 잰 것이므로, 작은 차이는 우연일 수 있습니다.
#
# **지름길은 이롭습니다.** 똑같은 에폭만큼 더 훈련한 FCN-8은 0.595이고, 더 촘촘한 지도에서 만든 점수를 더한 FCN-4는 0.674, FCN-2는 0.689입니다. 훈련한
# 에폭이 같으니 나아진 것은 지름길 덕분입니다. 경계에서는 FCN-8의 0.512가 FCN-2에서 0.614가 됩니다. 논문에서처럼 첫 지름길의 이득이 크고 둘째의 이득은 작습니다.
#
# **DeconvNet과 U-Net은 아직 뒤집니다.** 설계가 나쁘다는 뜻은 아닙니다. FCN의 올라오는 길에는 배울 것이 거의 없어서 FCN-8이 아는 이름을 곧바로 씁니다. 두 신경망은
# 올라오는 길 전체를 무작위 가중치에서 시작해 400걸음 만에 배워야 합니다. 손실은 아직 내려가는 중입니다. 더 오래 훈련하면 순서가 바뀔 수 있지만 여기서는 재지 않았습니다.
#
# **그런데 윤곽은 누가 잘 그릴까요?** 표의 ‘object or not’은 경계에서 이름은 묻지 않고 물체인지 배경인지만 물은 mIoU입니다. 뒤지던 두 신경망이 이번에는 앞섭니다. 다섯 가운데
# FCN-8이 0.548로 가장 낮고, FCN-2가 0.708, DeconvNet이 0.724, U-Net이 0.808입니다. U-Net은 윤곽을 잘 그리고 이름을 자주 틀립니다. 픽셀 하나의 색만 보는 기준 모델은 0.848로 더
# 높습니다. 이 장면에서는 물체의 색이 대개 배경과 뚜렷이 다르기 때문입니다. 그러나 이름은 색으로 알 수 없고, 넓게 보아야 알 수 있습니다. 분할은 두 가지를 함께
# 해야 합니다. 거친 지도는 **무엇**인지를 알고 촘촘한 지도는 **어디**인지를 압니다. 세 신경망은 둘을 잇는 세 가지 방법입니다.

# %% [markdown] lang="en"
# In pixel accuracy the five networks lie between 0.88 and 0.93, but in mean IoU between 0.35 and 0.69. All are far above the
# baseline (0.115). Ordered by the mean IoU of the boundary, they come in the same order. All these numbers were measured in
# this notebook with a single seed, so small differences may be chance.
#
# **Skips help.** FCN-8, trained further for as many epochs, has 0.595; FCN-4, to which scores from a finer map are added, 0.674,
# and FCN-2 0.689. The epochs are the same, so the gain is from the skips. At the boundary the 0.512 of FCN-8 becomes 0.614 in FCN-2. As in the
# paper, the first skip gains much and the second little.
#
# **DeconvNet and U-Net are still behind.** This does not mean that they are badly designed. In the way up of an FCN there is
# hardly anything to learn, and it uses at once the names that FCN-8 knows. The other two have to learn their whole way up from
# random weights in 400 steps. Their losses are still falling. Longer training may change the order; we have not measured it here.
#
# **But who draws the best outlines?** In the table, “object or not” is the mean IoU at the boundary if we do not ask for the name
# but only for object or background. Now the two that were behind are ahead. Of the five, FCN-8 is the lowest with 0.548, FCN-2 has 0.708, DeconvNet 0.724,
# U-Net 0.808. U-Net draws outlines well and often gets names wrong. The baseline, which sees the colour of a single pixel, is
# higher still with 0.848, since in these scenes an object mostly has another colour than the ground. But colour does not tell the
# name; for that one has to look further around. Segmentation needs both: a coarse map knows **what**, a fine map knows
# **where**. The three networks are three ways to join the two.

# %% name="fig-classes" tags=["hide-input"] alt_ko="클래스 11개의 IoU를 나타낸 가로 막대그래프. 배경이 가장 길고, 나머지는 클래스에 따라 길이가 다릅니다." alt_en="Bars of the IoU of 11 classes. That of the background is the longest, the others differ from class to class." caption_ko="FCN-2의 클래스별 IoU. 배경(주황)이 평균을 끌어올립니다." caption_en="IoU of FCN-2, class by class. The background, orange, pulls the mean up."
each = dense.score_pixels(answers["FCN-2"], truth, 11).iou.tolist()
named = ["background", *scenes.classes]
look.bars(
    dict(sorted(zip(named, each, strict=True), key=lambda pair: -pair[1])),
    highlight="background",
    format=".2f",
)

# %% [markdown] lang="ko"
# ## 진짜 사진에서
#
# 인터넷에 연결되어 있고 GPU가 있다면 같은 함수로 진짜 사진을 나눌 수 있습니다. Oxford-IIIT Pets {cite:p}`parkhi2012cats`는 개와 고양이 37품종의 사진에
# 픽셀마다 동물, 배경, 경계 세 가지를 적은 데이터입니다. 아래 셀은 `CNNBOOK_BUDGET=full`이고 `CNNBOOK_OFFLINE`이 없을 때만 내려받습니다. 경계는 세지 않는
# 픽셀(255)로 둡니다.

# %% [markdown] lang="en"
# ## On real photographs
#
# With an internet connection and a GPU the same functions work on real photographs. Oxford-IIIT Pets
# {cite:p}`parkhi2012cats` has photographs of 37 breeds of cats and dogs, and says of every pixel whether it is the animal, the
# background or between the two. The cell below downloads it only with `CNNBOOK_BUDGET=full` and without `CNNBOOK_OFFLINE`. The
# pixels in between are not counted (255).


# %% tags=["long"]
def as_pixels(pairs, size=96):
    """(photograph, trimap) pairs → images uint8 (N, 3, size, size), labels (N, …)."""
    images, labels = [], []
    for photo, trimap in pairs:
        photo = photo.convert("RGB").resize((size, size))
        kinds = np.array(trimap.resize((size, size), resample=0))  # 1, 2, 3
        images.append(torch.from_numpy(np.array(photo)).permute(2, 0, 1))
        labels.append(torch.tensor([255, 1, 0, 255], dtype=torch.uint8)[kinds.tolist()])
    return torch.stack(images), torch.stack(labels)


if full and not os.environ.get("CNNBOOK_OFFLINE"):
    from torchvision.datasets import OxfordIIITPet

    folder = os.environ.get("CNNBOOK_PETS", "pets")
    kinds = {"target_types": "segmentation", "download": True}
    pets = as_pixels(OxfordIIITPet(folder, split="trainval", **kinds))
    pets_test = as_pixels(OxfordIIITPet(folder, split="test", **kinds))
    network = unet.UNet(2, 3, widths=(16, 32, 64, 128), batch_norm=True)
    dense.fit_pixels(network, *pets, epochs=10, batch_size=16, lr=3e-3, quiet=False)
    said = dense.predict_pixels(network, pets_test[0])
    print(dense.score_pixels(said, pets_test[1], 2))
else:
    print("not downloaded: this needs CNNBOOK_BUDGET=full and a network")

# %% [markdown] lang="ko"
# ## 주장을 다시 계산하기
#
# 논문의 수와 이 노트북의 수를 나란히 놓습니다. 논문의 mIoU와 픽셀 정확도는 PASCAL VOC 2011의 검증 이미지 일부에서 잰 것이고 우리 것은 작은 장면에서 잰
# 것이므로, 크기가 아니라 방향을 견주세요.

# %% [markdown] lang="en"
# ## The claims, recomputed
#
# The papers' numbers beside ours. Their mean IoU and pixel accuracy are from a part of the validation images of PASCAL VOC
# 2011, ours from small scenes, so compare the direction and not the size.

# %%
pixel = results["accuracy"]
gains = score["FCN-4"] - score["FCN-8"], score["FCN-2"] - score["FCN-4"]
check.that(
    gains[0] > gains[1],
    f"the first skip gains {gains[0]:.3f}, the second {gains[1]:.3f}",
)
claims = [
    ("mIoU (%), 32s → 16s", "FCN, table 2", "59.4 → 62.4",
     f"{100 * score['FCN-8']:.1f} → {100 * score['FCN-4']:.1f}"),
    ("mIoU (%), 16s → 8s", "FCN, table 2", "62.4 → 62.7",
     f"{100 * score['FCN-4']:.1f} → {100 * score['FCN-2']:.1f}"),
    ("accuracy (%), 32s → 8s", "FCN, table 2", "89.1 → 90.3",
     f"{100 * pixel['FCN-8']:.1f} → {100 * pixel['FCN-2']:.1f}"),
    ("M parameters, FCN-32s", "FCN, table 1", "134", f"{count(paper['FCN-32s']) / 1e6:.1f}"),
    ("receptive field", "FCN, table 1", "404", f"{sight}"),
    ("faster than windows", "FCN, 3.1", "5.5 ×", f"{100 * one / whole_scene:.1f} ×"),
    ("M parameters, DeconvNet", "DeconvNet", "252", f"{count(paper['DeconvNet']) / 1e6:.1f}"),
    ("convolutional layers", "U-Net, 2", "23", f"{layers_of_unet}"),
    ("pixels out of 572", "U-Net, figure 1", "388", f"{side}"),
]  # fmt: skip
print(f"{'':26}{'source':18}{'theirs':>14}{'ours':>14}")
for what, source, printed, found in claims:
    print(f"{what:26}{source:18}{printed:>14}{found:>14}")

# %% [markdown] lang="ko"
# 세는 것은 모두 맞습니다. FCN의 이득은 논문에서도 여기서도 첫 지름길에서 크고 둘째에서 작습니다. 저자들은 거기서 멈추었습니다
# {cite:p}`long2015fully` (4.2절). PASCAL VOC 2012의 테스트에서 FCN-8s의 mIoU는 62.2%이고(표 3), DeconvNet은 물체가 있을 만한 창 50개의 답을
# 모아서 69.6%, FCN과 합치고 조건부 무작위장(CRF)으로 다듬어서 72.5%입니다 {cite:p}`noh2015learning` (표 1). U-Net은 세포 사진에서 겨루었습니다.
# 훈련 이미지가 30장뿐인 전자 현미경 사진에서 뒤틀림 오차(warping error)로 1위를 했고(표 1), PhC-U373에서 IoU가 92.03%로 2위의 83%를 크게 앞섰습니다 {cite:p}`ronneberger2015unet`
# (표 2). 세 논문의 수는 서로 다른 데이터이거나 다른 도움을 받은 것이므로 한 줄로 세울 수 없습니다. 이 장의 표는 같은 장면, 같은 출발점, 같은 에폭이지만 작고
# 짧은 훈련입니다.

# %% [markdown] lang="en"
# All that is counted agrees. FCN gains much by the first skip and little by the second, in the paper as here, and there the
# authors stopped {cite:p}`long2015fully` (section 4.2). On the test images of PASCAL VOC 2012 FCN-8s has a mean IoU of 62.2% (table 3).
# DeconvNet, which puts together the answers of 50 windows in which there may be an object, has 69.6%; joined with an FCN and refined by a
# conditional random field (CRF) 72.5% {cite:p}`noh2015learning` (table 1). U-Net competed on pictures of cells. By
# warping error it came first on electron-microscope pictures with only 30 to train on (table 1), and on PhC-U373 its IoU of 92.03% was far above the
# second's 83% {cite:p}`ronneberger2015unet` (table 2). The numbers of the three papers come from different data or with different help,
# and cannot be put in one order. The table of this chapter has the same scenes, the same start and the same epochs, but it
# is a small and short training.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **FCN은 정말 아무 크기나 받습니까?** 그렇습니다. 패키지의 FCN은 8로 나누어떨어지지 않으면 오른쪽과 아래에 0을 덧대고 나중에 잘라 냅니다. U-Net은 풀링마다 짝수여야
# 이어 붙일 수 있으므로 아무 크기나 받지는 않습니다. 아래에서 확인합니다.
#
# **deconvolution이라는 이름은 틀렸습니까?** 신호 처리에서 그 말은 합성곱을 되돌려 원래 값을 찾는 일입니다. 전치 합성곱은 크기만 되돌립니다. 그래서 이 책은 전치
# 합성곱이라고 부릅니다. DeconvNet은 이름일 뿐입니다.
#
# **같은 클래스의 두 물체가 붙어 있으면 어떻게 됩니까?** 하나로 보입니다. 의미론적 분할은 픽셀의 클래스만 묻고, 어느 물체인지는 묻지 않습니다. 물체를 하나씩 가르는
# 것은 인스턴스 분할이고, [‘R-CNN’ 장](15_rcnn)의 상자에서 출발합니다.
#
# **U-Net의 답은 왜 작아집니까?** 논문의 합성곱은 패딩이 없어서 3×3마다 사방에서 한 픽셀씩 잃습니다. 가장자리의 답까지 진짜 픽셀만 보고 내려는 것입니다. 큰
# 사진은 겹치게 나누어 넣고 안쪽만 모읍니다. 사방에서 몇 픽셀인지 세어 봅시다.
#
# **배경의 가중치는 왜 낮춥니까?** 배경이 픽셀의 80%쯤이라, 똑같이 세면 처음 한참은 모두 배경이라고 답하는 것이 손실을 가장 쉽게 줄입니다. U-Net의 논문도
# 클래스의 빈도를 맞추는 가중치를 쓰고, 맞닿은 세포 사이의 좁은 틈에는 무게를 더 주었습니다 {cite:p}`ronneberger2015unet` (식 2).

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **Does an FCN really take any size?** It does. Where 8 does not divide a side, the package's FCN pads with zeros at the right
# and at the bottom, and cuts them off again. U-Net takes only some sizes: to be joined, maps must be even before each pooling.
# We check both below.
#
# **Is the name deconvolution wrong?** In signal processing the word means undoing a convolution to find the values there were.
# A transposed convolution restores only the size, hence the name in this book. DeconvNet is just a name.
#
# **What about two objects of one class that touch?** They look like one. Semantic segmentation asks for the class of a pixel
# and not for the object. Telling objects apart is instance segmentation, which begins from the boxes of
# [the chapter on R-CNN](15_rcnn).
#
# **Why is the answer of U-Net smaller?** The paper's convolutions have no padding, and each 3×3 costs a pixel at every side. So
# the answers at the edge, too, are made from real pixels alone. A large picture is fed in overlapping parts, of which the
# middles are put together. Let us count the pixels at each side.
#
# **Why does the background weigh less?** It has about 80% of the pixels. Were all alike, calling everything background would
# for a long time be the easiest way to a small loss. The paper of U-Net, too, has weights that balance the classes, and more
# weight in the narrow gaps between cells that touch {cite:p}`ronneberger2015unet` (equation 2).

# %%
odd = torch.zeros(1, 3, 45, 70)
theirs = fcn.FCN(11, stride=2, batch_norm=True, **narrow).eval()
with torch.no_grad():
    print("FCN of 45 × 70:", tuple(theirs(odd).shape))
with check.raises(ValueError):
    unet.UNet(11, 3, widths=(*WIDTHS, DENSE))(odd)
margin = paper["U-Net"].margin
print(
    f"U-Net loses {margin} pixels at each side: 572 - 2 · {margin} = {572 - 2 * margin}"
)
check.that(572 - 2 * margin == side, "as the shapes say")

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 다섯 연습의 함수는 NumPy로 짜며, 무작위로 고른 입력에서 검사하고 무엇이 틀렸는지 알려 줍니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first five are written in NumPy; they are checked on random inputs,
# and where one is wrong the check says what is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 두 마스크의 IoU.** `a`와 `b`는 같은 모양의 참·거짓 배열입니다. IoU를 돌려주는 `mask_iou(a, b)`를 짜세요. 둘 다 비어 있으면 0을 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: the IoU of two masks.** `a` and `b` are arrays of booleans of one shape. Write `mask_iou(a, b)`, which returns
# their IoU, and 0 where both are empty.


# %% tags=["exercise"]
def mask_iou(a, b): ...


check.exercise("mask_iou", mask_iou)


# %% tags=["solution"]
# solution
def mask_iou(a, b):
    union = (a | b).sum()
    return (a & b).sum() / union if union else 0.0


check.exercise("mask_iou", mask_iou, solution=True)

# %% [markdown] lang="ko"
# **연습: mIoU.** 혼동 행렬 `counts`(행은 실제 클래스, 열은 답한 클래스)를 받아 mIoU를 돌려주는 `mean_iou(counts)`를 짜세요. 실제로도 없고 답한 적도 없는
# 클래스는 평균에 넣지 않습니다.

# %% [markdown] lang="en"
# **Exercise: mean IoU.** Write `mean_iou(counts)`, which takes a confusion matrix `counts` (a row is a true class, a column a class
# called) and returns the mean IoU. A class that is neither there nor called does not count in the mean.


# %% tags=["exercise"]
def mean_iou(counts): ...


check.exercise("mean_iou", mean_iou)


# %% tags=["solution"]
# solution
def mean_iou(counts):
    right = np.diag(counts)
    union = counts.sum(axis=0) + counts.sum(axis=1) - right
    return (right[union > 0] / union[union > 0]).mean()


check.exercise("mean_iou", mean_iou, solution=True)
check.close(mean_iou(confusion(answers["FCN-2"], truth).numpy()), score["FCN-2"])

# %% [markdown] lang="ko"
# **연습: 벡터를 필터로.** 완전 연결층의 가중치 `weights`는 `(units, channels * side * side)`이고, 입력은 `(channels, side, side)`인 지도를 편 것입니다.
# 같은 답을 내는 합성곱의 필터 `(units, channels, side, side)`를 돌려주는 `as_filters(weights, channels)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: from vectors to filters.** The weights of a dense layer, `weights`, have the shape `(units, channels * side *
# side)`; its input is a flattened map `(channels, side, side)`. Write `as_filters(weights, channels)`, which returns the
# filters `(units, channels, side, side)` of the convolution with the same answers.


# %% tags=["exercise"]
def as_filters(weights, channels): ...


check.exercise("as_filters", as_filters)


# %% tags=["solution"]
# solution
def as_filters(weights, channels):
    side = round((weights.shape[1] / channels) ** 0.5)
    return weights.reshape(len(weights), channels, side, side)


check.exercise("as_filters", as_filters, solution=True)

# %% [markdown] lang="ko"
# **연습: 못 침대.** 지도 `x`는 `(H, W)`입니다. `factor`배로 키운 `(factor * H, factor * W)`짜리 지도를 돌려주는 `nails(x, factor)`를 짜세요. 값은 창마다
# 왼쪽 위 칸에 놓고 나머지는 0입니다.

# %% [markdown] lang="en"
# **Exercise: bed of nails.** The map `x` has the shape `(H, W)`. Write `nails(x, factor)`, which returns it `factor` times as
# large, `(factor * H, factor * W)`, each value in the upper left cell of its window and 0 elsewhere.


# %% tags=["exercise"]
def nails(x, factor): ...


check.exercise("nails", nails)


# %% tags=["solution"]
# solution
def nails(x, factor):
    large = np.zeros((factor * x.shape[0], factor * x.shape[1]))
    large[::factor, ::factor] = x
    return large


check.exercise("nails", nails, solution=True)

# %% [markdown] lang="ko"
# **연습: 도장 찍기.** 지도 `x`는 `(h, w)`, 필터 `weight`는 `(k, k)`입니다. 패딩 없는 전치 합성곱의 출력을 돌려주는 `stamped(x, weight, stride)`를 짜세요.
# 크기는 `(h - 1) * stride + k`와 `(w - 1) * stride + k`입니다.

# %% [markdown] lang="en"
# **Exercise: stamping.** The map `x` has the shape `(h, w)`, the filter `weight` `(k, k)`. Write `stamped(x, weight, stride)`,
# which returns the output of the transposed convolution without padding, of `(h - 1) * stride + k` by
# `(w - 1) * stride + k`.


# %% tags=["exercise"]
def stamped(x, weight, stride): ...


check.exercise("stamped", stamped)


# %% tags=["solution"]
# solution
def stamped(x, weight, stride):
    k = len(weight)
    out = np.zeros([(n - 1) * stride + k for n in x.shape])
    for i, j in np.ndindex(*x.shape):
        top, left = i * stride, j * stride
        out[top : top + k, left : left + k] += x[i, j] * weight
    return out


check.exercise("stamped", stamped, solution=True)

# %% [markdown] lang="ko"
# **연습: 지름길을 끄고 재기.** 훈련한 `networks["FCN-2"]`는 얼마나 지름길에 기댈까요? 사본을 만들어(`copy.deepcopy`) 모든 `skips`의 가중치와 편향을 0으로 놓고,
# `measure`로 mIoU를 재세요. 바꾼 신경망을 `no_skips`에, 그 mIoU를 `no_skips_iou`에 넣습니다. 재기 전에 예상해 보세요. FCN-8과 비슷해질까요, 더 나빠질까요?

# %% [markdown] lang="en"
# **Exercise: without the skips.** How much does the trained `networks["FCN-2"]` rely on its skips? Make a copy
# (`copy.deepcopy`), set the weights and biases of all `skips` to 0, and take the mean IoU by `measure`. Put the changed network
# in `no_skips` and its mean IoU in `no_skips_iou`. Guess before you measure: will it be like FCN-8, or worse?

# %% tags=["exercise"]
no_skips = ...
no_skips_iou = ...

check.exercise(
    "no_skips",
    (no_skips, no_skips_iou, networks["FCN-2"], lambda it: measure(it)[1]),
)

# %% tags=["solution"]
# solution
no_skips = copy.deepcopy(networks["FCN-2"])
for skip in no_skips.skips:
    nn.init.zeros_(skip.weight)
    nn.init.zeros_(skip.bias)
no_skips_iou = measure(no_skips)[1]

check.exercise(
    "no_skips",
    (no_skips, no_skips_iou, networks["FCN-2"], lambda it: measure(it)[1]),
    solution=True,
)
print(f"FCN-2 {score['FCN-2']:.3f}, without its skips {no_skips_iou:.3f}")
print(f"FCN-8 {score['FCN-8']:.3f}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`long2015fully`: FCN. 그림 2(완전 연결층을 합성곱으로), 그림 3(지름길), 표 2를 읽어 보세요. 3.2절은 여기서 다루지 않은 다른 방법(shift-and-stitch)을
#   설명합니다.
# - {cite:t}`noh2015learning`: DeconvNet. 그림 4는 올라오는 길의 활성값을 층마다 보여 줍니다.
# - {cite:t}`ronneberger2015unet`: U-Net. 여덟 쪽짜리 논문입니다. 탄성 변형으로 적은 데이터를 늘리는 방법도 읽어 보세요.
# - {cite:t}`odena2016deconvolution`: 바둑판무늬를 그림으로 설명합니다.
# - {cite:t}`dumoulin2016guide`: 합성곱과 전치 합성곱의 크기를 모든 경우에 그림으로 보여 줍니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`long2015fully`: FCN. Read figure 2 (dense layers as convolutions), figure 3 (the skips) and table 2. Section 3.2
#   explains another way, shift-and-stitch, which we left out.
# - {cite:t}`noh2015learning`: DeconvNet. Figure 4 shows the activations of the way up, layer by layer.
# - {cite:t}`ronneberger2015unet`: U-Net, a paper of eight pages. Read how elastic deformations make the most of little data.
# - {cite:t}`odena2016deconvolution` explains the checkerboard with pictures.
# - {cite:t}`dumoulin2016guide` shows the sizes of convolutions and transposed convolutions in pictures, case by case.
