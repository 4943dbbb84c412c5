# %% [markdown] lang="ko"
# # CIFAR-10
#
# ## 무엇을 만들게 될까요?
#
# 아래는 2015년 TensorFlow와 함께 공개된 튜토리얼에 나오는 신경망입니다 {cite:p}`tensorflow2015cifar`. 비행기, 자동차, 새, 고양이 등 열 가지를
# 찍은 컬러 사진 모음인 CIFAR-10의 사진을 보고 무엇인지 맞힙니다 {cite:p}`krizhevsky2009learning`. 수많은 강의에서 이 신경망으로 실습했고, 이 책의
# 바탕이 된 한국어 강의도 그중 하나입니다. 그 강의에는 정확도가 약 86.6%라고 적혀 있고, 튜토리얼은 GPU로 네 시간쯤 걸린다고 적었습니다. 이
# 장에서는 신경망과 훈련 과정을 이루는 부품을 하나하나 손으로 만들고, 그 가운데 여섯 가지와 학습률 일정이 정말 제 몫을 하는지 잽니다. 그리고 GPU
# 없이 CPU 코어 두 개로 훈련하면 얼마나 걸리고 얼마나 맞히는지 확인합니다.

# %% [markdown] lang="en"
# # CIFAR-10
#
# ## What you will build
#
# Below is the network of a tutorial that came out with TensorFlow in 2015 {cite:p}`tensorflow2015cifar`. It tells what is
# on the colour photos of CIFAR-10 {cite:p}`krizhevsky2009learning`: aeroplanes, cars, birds, cats and six other kinds.
# Countless lectures have used it for their practice, the Korean lecture that this book grew from among them. That lecture
# gives its accuracy as about 86.6%; the tutorial says that a GPU took about four hours. In this chapter you build the parts
# of the network and of its training by hand, and measure whether six of them, and the schedule of the learning rate, earn
# their places. Then you see how long two CPU cores take without a GPU, and how far they get.

# %%
import copy
import math
import textwrap
from collections import OrderedDict

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

import cnnbook
from cnnbook import check, data, layers, look, models, runs, train

torch.set_num_threads(1)  # then the same seed gives the same weights

full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
if full:
    train_set = data.load("cifar10", "train", fallback="shapes")
    test_set = data.load("cifar10", "test", fallback="shapes")
else:
    train_set = data.load("shapes", "train", count=3000)
    test_set = data.load("shapes", "test", count=1000)

# %% name="fig-network" tags=["hide-input"] alt_ko="화살표로 이어진 층들. 차례로 입력 3×24×24, conv1 64×24×24, pool1과 norm1 64×12×12, conv2와 norm2 64×12×12, pool2 64×6×6, local3 384, local4 192, 출력 10. 화살표에는 5×5 합성곱, 3×3 풀링 /2, LRN, 완전 연결이 적혀 있습니다." alt_en="Layers joined by arrows, in this order: input 3×24×24, conv1 64×24×24, pool1 and norm1 64×12×12, conv2 and norm2 64×12×12, pool2 64×6×6, local3 384, local4 192, output 10. The arrows are labelled 5×5 convolution, 3×3 pooling /2, LRN and full." caption_ko="이 장의 신경망. LRN은 국소 응답 정규화, /2는 스트라이드 2입니다. 합성곱층은 둘, 완전 연결층은 셋입니다." caption_en="The network of this chapter. LRN is local response normalisation, /2 means stride 2. It has two convolutional layers and three fully connected ones."
draw = look.draw
draw.network(
    [
        ("input", (3, 24, 24), ""),
        ("conv1", (64, 24, 24), "conv\n5×5"),
        ("pool1, norm1", (64, 12, 12), "max 3×3 /2\nLRN"),
        ("conv2, norm2", (64, 12, 12), "conv 5×5\nLRN"),
        ("pool2", (64, 6, 6), "max\n3×3 /2"),
        ("local3", (384,), "full"),
        ("local4", (192,), "full"),
        ("output", (10,), "full"),
    ]
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘LeNet’ 장](04_lenet)의 훈련 루프, 손실, 최대 풀링, 데이터 증강, 과적합을 안다고 가정합니다. 미분과 분산이 나오는 곳이 한 군데 있습니다. GPU도 인터넷 연결도
# 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 30초쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# The training loop, the loss, max pooling, augmentation and overfitting from [the chapter on LeNet](04_lenet). One place
# uses a derivative and a variance. Neither a GPU nor an internet connection is needed. Running this notebook from top to bottom takes about
# 30 seconds on one CPU core.

# %% [markdown] lang="ko"
# ## 사진은 손글씨 숫자와 무엇이 다를까요?
#
# 손글씨 숫자는 검은 바탕 한가운데에 있었습니다. 사진에는 색이 있고, 배경이 있고, 밝은 날과 어두운 날이 있고, 물체는 어디에나 있을 수 있습니다.
# CIFAR-10의 사진은 저작권을 알 수 없어 책에 싣지 않으므로, 여기서 바로 훈련할 때는 [‘보기’ 장](01_seeing)의 그림을 씁니다. 같은 크기의 컬러 그림이고,
# 조명과 배경과 가림이 제멋대로이며, 클래스도 열 가지입니다. 진짜 사진으로 훈련한 결과는 뒤에서 기록으로 봅니다. 인터넷과 GPU가 있으면
# 이 노트북이 CIFAR-10을 받아서 훈련합니다.

# %% [markdown] lang="en"
# ## What makes photos different from handwritten digits?
#
# The handwritten digits stood in the middle of a black ground. Photos have colours and backgrounds, there are bright days and dark
# ones, and the object may be anywhere. Who owns the photos of CIFAR-10 is not known, so they are not printed
# in this book, and what is trained here on the spot are the drawings of [the chapter on seeing](01_seeing): colour pictures of the same size, with light, background and
# occlusion as they come, and ten classes as well. The results on the real photos come later, from a record. With an internet
# connection and a GPU this notebook fetches CIFAR-10 and trains on that.

# %% name="fig-images" tags=["hide-input"] alt_ko="컬러 그림 서른 장. 원, 별, 고리 같은 열 가지 도형이 저마다 다른 색과 무늬, 배경, 밝기, 기울기로 그려져 있고 일부는 띠에 가려 있습니다." alt_en="Thirty colour pictures of ten kinds of shapes, such as discs, stars and rings, each with its own colours, texture, background, brightness and turn; some are partly hidden by bars." caption_ko="훈련 그림 서른 장. 한 열이 한 클래스입니다." caption_en="Thirty training pictures; a column is a class."
first = [
    (train_set.labels == label).nonzero().flatten()[:3].tolist() for label in range(10)
]
look.grid(
    train_set.images[[each[row] for row in range(3) for each in first]],
    titles=[*train_set.classes, *[""] * 20],
    columns=10,
    size=0.62,
)

# %% [markdown] lang="ko"
# 은닉층이 하나인 완전 연결 신경망에 파라미터를 이 장의 신경망만큼, 곧 백만 개쯤 주면 어떨까요? 겨룰 상대로 먼저 훈련해 둡니다. 입력은
# 뒤에서 설명할 방법으로 자르고 표준화해서, 두 신경망이 똑같은 것을 봅니다. 아래의 `onecycle`은 학습률을 한 번 올렸다가 0 가까이까지 내리는 일정입니다.
# 아무렇게나 찍으면 정확도는 0.1입니다. 이 장의 물음은 이것입니다. 같은 수의 파라미터를 어떤
# 층에 놓아야 사진을 알아볼까요? 그리고 튜토리얼에 있는 부품은 모두 필요할까요?

# %% [markdown] lang="en"
# How well does a fully connected network with one hidden layer do if it has as many parameters as the network of this
# chapter, about a million? We train it first, as the one to beat. Its input is cropped and standardised as explained
# below, so that both networks see the same. `onecycle` below is a schedule that raises the learning rate once and then lowers
# it to almost 0. Guessing has an accuracy of 0.1. The question of this chapter is in which layers those parameters must be to
# recognise photos. And are all the parts of the tutorial needed?

# %%
test_24 = test_set.centre(24)  # the middle 24 × 24 pixels
EPOCHS = 20 if full else 6
recipe = {
    "epochs": EPOCHS,
    "batch_size": 50,
    "schedule": "onecycle",
    "normalize": "image",
    "augment": [data.flip(), data.crop(size=24)],
    "precision": "auto",
    "quiet": True,
}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


torch.manual_seed(0)
dense = nn.Sequential(
    nn.Flatten(),  # (N, 1728)
    nn.Linear(3 * 24 * 24, 615),
    nn.ReLU(),
    nn.Linear(615, 10),
)
dense_history = train.fit(dense, train_set, test_24, lr=1e-3, **recipe)
dense_result = train.evaluate(dense, test_24, like=dense_history)
print(f"{count(dense):,} parameters, test accuracy {dense_result.accuracy:.3f}")

# %% [markdown] lang="ko"
# ## 입력을 손으로
#
# ### 24픽셀 창
#
# 그림은 $32 \times 32$인데 신경망은 $24 \times 24$를 받습니다. 훈련하면서 그림을 꺼낼 때마다 창의 자리를 무작위로 고르고, 두 번에 한 번은 좌우를 뒤집습니다. 창의
# 왼쪽 위 모서리가 설 수 있는 자리는 $32 - 24 + 1 = 9$칸씩이므로 그림 한 장이 $9 \times 9 \times 2 = 162$가지로 보입니다. 손으로 뽑은 창과
# 라이브러리의 창을 비교합니다. 라이브러리가 고른 창은 언제나 81가지 가운데 하나여야 합니다.

# %% [markdown] lang="en"
# ## The input, by hand
#
# ### A window of 24 pixels
#
# The images are $32 \times 32$, but the network reads $24 \times 24$. In training the place of the window is drawn at random
# whenever an image is used, and every other time it is mirrored. The window's upper left corner can stand in $32 - 24 + 1 = 9$ places each
# way, so one image can be seen in $9 \times 9 \times 2 = 162$ ways. We compare windows cut by hand with the library's:
# whatever it draws must be one of the 81.


# %%
def windows(image, size=24):
    """All windows of an image (C, H, W): (number, C, size, size)."""
    places = image.shape[1] - size + 1
    return torch.stack(
        [
            image[:, top : top + size, left : left + size]
            for top in range(places)
            for left in range(places)
        ]
    )


image = data.to_float(train_set.images[:1])  # (1, 3, 32, 32)
ours = windows(image[0])
drawn = torch.cat(
    [data.augmented(image, data.crop(size=24), epoch=epoch) for epoch in range(40)]
)
found = (drawn[:, None] == ours).flatten(2).all(dim=2)  # (40, 81)
check.that(len(ours) == 81, f"{len(ours)} windows")
check.that(found.any(dim=1).all(), "40 windows of the library are among them")
chosen = found.any(dim=0).sum().item()
check.that(chosen > 20, f"{chosen} different ones in 40")

# %% name="fig-windows" tags=["hide-input"] alt_ko="그림 한 장을 자르고 뒤집은 창 열여섯 장. 도형이 창마다 조금씩 다른 자리에 있고 절반쯤은 좌우가 뒤집혀 있습니다." alt_en="Sixteen windows cut from one picture. The shape stands at a slightly different place in each, and about half of them are mirrored." caption_ko="그림 한 장에서 나온 창 열여섯 장. 테스트할 때는 한가운데의 창 하나만 씁니다." caption_en="Sixteen windows of a single picture. In the test only the middle one is used."
sixteen = data.augmented(
    data.to_float(train_set.images[11:12]).expand(16, -1, -1, -1),
    [data.crop(size=24), data.flip()],
)
look.grid(sixteen, columns=8, size=0.72)

# %% [markdown] lang="ko"
# 창은 계산도 줄여 줍니다. 픽셀이 $(24/32)^2 = 0.5625$배이므로 합성곱층의 계산도 그만큼 줄어듭니다.
#
# ### 그림마다 따로 표준화하기
#
# ‘LeNet’ 장에서는 훈련 세트 전체의 평균과 표준 편차로 픽셀을 맞추었습니다. 튜토리얼은 그림마다 자기 자신의 평균 $\mu$와 표준 편차
# $\sigma$를 씁니다. $N$은 그림 한 장에 든 수의 개수로, 여기서는 $24 \cdot 24 \cdot 3 = 1{,}728$입니다.
#
# $$\hat{x} = \frac{x - \mu}{\max(\sigma, 1/\sqrt{N})}$$
#
# 한 가지 회색으로만 칠한 그림은 $\sigma = 0$입니다. 분모의 $1/\sqrt{N}$이 그때 0으로 나누는 일을 막습니다.

# %% [markdown] lang="en"
# The window saves computation, too: there are $(24/32)^2 = 0.5625$ times as many pixels, and so much less work in the
# convolutional layers.
#
# ### Each image by itself
#
# In the chapter on LeNet pixels were normalised with the mean and the standard deviation of the whole training set. The
# tutorial takes each image's own mean $\mu$ and standard deviation $\sigma$. $N$ is how many numbers an image has, here
# $24 \cdot 24 \cdot 3 = 1{,}728$.
#
# $$\hat{x} = \frac{x - \mu}{\max(\sigma, 1/\sqrt{N})}$$
#
# An image of a single grey has $\sigma = 0$. The $1/\sqrt{N}$ in the denominator keeps it from dividing by 0.


# %%
def standardized(x):
    """Every image (N, C, H, W) to mean 0 and deviation 1 over all its numbers."""
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    std = x.std(dim=(1, 2, 3), keepdim=True, correction=0)
    return (x - mean) / std.clamp(min=1 / math.sqrt(x[0].numel()))


x = data.to_float(test_24.images[:100])
check.close(standardized(x), data.augmented(x, data.standardize()), what="library")
check.close(standardized(0.3 * x + 0.5), standardized(x), atol=1e-4, what="0.3 x + 0.5")
flat = torch.full((1, 3, 24, 24), 0.7)
check.close(standardized(flat), torch.zeros_like(flat), what="one grey")

# %% [markdown] lang="ko"
# 둘째 검사를 보세요. 그림 전체를 어둡게 하거나 대비를 줄여도, 곧 $x$를 $a x + b$로 바꾸어도 표준화한 결과는 같습니다. $a > 0$이고, 바꾼 뒤에도 표준 편차가
# $1/\sqrt{N}$보다 크기만 하면 됩니다. 조명이 바뀌는 문제의 일부가 여기서 사라집니다. 그런데 튜토리얼은 창을 고른 다음, 표준화하기 **전에** 밝기와
# 대비를 무작위로 바꿉니다. 밝기는 모든 픽셀에 같은 수를 더하는 것이고, 대비는 채널마다 평균에서 떨어진 거리를 0.2배에서 1.8배로 바꾸는 것입니다.
# 그 뒤에 오는 표준화가 이것을 다시 지우지 않을까요? 변화의 크기를 제곱 평균의 제곱근으로 재 봅시다. 단위는 바꾸기 전 픽셀의 표준 편차입니다.

# %% [markdown] lang="en"
# Look at the second check. Whether an image is darkened or loses contrast as a whole, that is, whether $x$ becomes
# $a x + b$, standardised it is the same, provided that $a > 0$ and the deviation stays above $1/\sqrt{N}$. Part of the
# trouble with light is gone here. But the tutorial changes brightness and contrast at random after choosing the window and
# **before** it standardises. Brightness adds the same number to all pixels; contrast multiplies the distance from the
# channel's mean by 0.2 to 1.8. Does the standardisation that follows not wipe this out again? We measure the size of the
# change, as a root mean square, in standard deviations of the pixels before it.

# %%
generator = torch.Generator().manual_seed(0)
amount = (63 / 255) * (2 * torch.rand(100, 1, 1, 1, generator=generator) - 1)
factor = 0.2 + 1.6 * torch.rand(100, 1, 1, 1, generator=generator)
channel_mean = x.mean(dim=(2, 3), keepdim=True)
bright = x + amount
contrasted = channel_mean + factor * (x - channel_mean)
moved = {"brightness": bright, "contrast": contrasted}
for name, changed in moved.items():
    before = (changed - x).square().mean().sqrt() / x.std()
    after = (standardized(changed) - standardized(x)).square().mean().sqrt()
    print(f"{name:10} changes pixels by {before:.3f}, standardised by {after:.3f}")
    if name == "contrast":
        check.that(0.1 * before < after < before, f"{after:.3f} < {before:.3f}")
check.close(standardized(bright), standardized(x), atol=1e-4, what="brightness")

# %% [markdown] lang="ko"
# 밝기를 바꾼 효과는 남김없이 지워집니다. 이 증강은 아무 일도 하지 않습니다. 대비를 바꾼 효과는 줄어들지만 다 지워지지는 않습니다. 세 채널을 저마다의
# 평균에서 늘이고 줄이므로, 채널 평균의 차이, 곧 그림 전체의 색조는 그대로 남기 때문입니다. 이 장의 훈련에는 둘 다 넣지 않습니다. 밝기는 쓸모가
# 없어서이고, 대비는 단순하게 하려고 뺐습니다. 대비의 몫은 재지 않았습니다.

# %% [markdown] lang="en"
# Of the change in brightness nothing is left: that augmentation does nothing at all. The change in contrast is weakened but
# not wiped out. It stretches each channel about the channel's own mean and leaves the differences between these means, the
# tint of the whole picture, as they are. Our training leaves out both: brightness because it is of no use, contrast to
# keep things simple. What contrast is worth we have not measured.

# %% [markdown] lang="ko"
# ## 신경망의 부품을 손으로
#
# ### 겹치는 풀링, 그리고 SAME 패딩
#
# 풀링의 창은 3칸이고 2칸씩 움직입니다. 창이 서로 한 칸씩 겹치는 이런 풀링을 중첩 풀링(overlapping pooling)이라고 합니다. 폭 24가 어떻게
# 12가 될까요? [‘합성곱’ 장](03_convolution)의 식에 넣어 봅시다.

# %% [markdown] lang="en"
# ## The parts of the network, by hand
#
# ### Pooling that overlaps, and SAME padding
#
# The pooling window has 3 cells and moves by 2. Since neighbouring windows share a cell, this is called overlapping pooling.
# How does a width of 24 become 12? Let us ask the formula of [the chapter on convolution](03_convolution).

# %%
for padding in (0, 1):
    with check.raises(ValueError):
        cnnbook.outputs(24, 3, stride=2, padding=padding)

# %% [markdown] lang="ko"
# 대칭으로 덧대어서는 나누어떨어지지 않습니다. TensorFlow의 SAME 패딩은 출력이 $\lceil 24 / 2 \rceil = 12$칸이 되게 정해 놓고, 모자라는
# 만큼만 덧댑니다. 모자라는 것은 한 칸뿐이므로 오른쪽과 아래에만 덧댑니다. 최대 풀링이니 덧대는 값은 $-\infty$입니다. PyTorch에서는
# `ceil_mode=True`가 같은 일을 합니다. 그런데 코드를 옮기면서 `padding=1`을 쓰기 쉽습니다. 우리의 `cnnbook.outputs`는 나누어떨어지지 않으면 멈추지만,
# PyTorch는 나머지를 버립니다. 그래서 크기는 똑같이 12가 나오고 오류는 나지 않습니다.

# %% [markdown] lang="en"
# With the same padding on both sides it never divides. TensorFlow's SAME padding fixes the output at
# $\lceil 24 / 2 \rceil = 12$ cells and adds only what is missing. One cell is missing, so it is added on the right and at
# the bottom alone; for max pooling its value is $-\infty$. In PyTorch `ceil_mode=True` does the same. When porting
# the code one easily writes `padding=1` instead. Our `cnnbook.outputs` stops where the division leaves a remainder; PyTorch
# drops it. So the size comes out as 12 as well, and there is no error.

# %%
x = torch.randn(2, 64, 24, 24, generator=torch.Generator().manual_seed(0))
padded = functional.pad(x, (0, 1, 0, 1), value=-torch.inf)  # right, bottom
same = functional.max_pool2d(padded, kernel_size=3, stride=2)
check.close(same, functional.max_pool2d(x, 3, 2, ceil_mode=True), what="ceil_mode")

shifted = functional.max_pool2d(x, 3, 2, padding=1)
check.same_shapes(shifted, same)
equal = (shifted == same).float().mean().item()
check.that(equal < 0.9, f"padding=1: only {equal:.2f} of the cells are equal")
print("SAME, windows begin at     ", list(range(0, 24, 2)))
print("padding=1, windows begin at", list(range(-1, 23, 2)))

# %% [markdown] lang="ko"
# `padding=1`에서는 모든 창이 한 칸 왼쪽, 한 칸 위에 섭니다. 처음부터 훈련하면 큰 차이가 없겠지만, TensorFlow에서 훈련한 가중치를 옮겨 와서
# 쓰면 조용히 틀립니다. 모양이 맞는다고 같은 계산은 아닙니다.
#
# ### 국소 응답 정규화
#
# 국소 응답 정규화(local response normalization, LRN)는 같은 자리에 있는 이웃 채널끼리 서로 억누르게 하는 층입니다. AlexNet이 쓰면서
# 알려졌습니다 {cite:p}`krizhevsky2012imagenet`. 채널 $i$의 값 $a_i$를, 이웃한 채널의 제곱합이 클수록 큰 수로 나눕니다.
#
# $$b_i = a_i \Big/ \Big(k + \alpha \sum_{j=i-r}^{i+r} a_j^2 \Big)^{\beta}$$
#
# 튜토리얼에서는 $r = 4$, $k = 1$, $\alpha = 0.001/9$, $\beta = 0.75$입니다. 이웃은 자기를 포함해 아홉 채널이고, 끝에서는 있는 것만
# 더합니다. PyTorch의 층은 $\alpha$를 창의 크기로 나누어 쓰므로, 같은 계산을 하려면 `size=9, alpha=0.001`이라고 적어야 합니다.

# %% [markdown] lang="en"
# With `padding=1` every window stands one cell further left and one further up. Trained from the start this hardly matters,
# but weights that were trained in TensorFlow would silently give wrong answers. That the shapes agree does not make it the
# same computation.
#
# ### Local response normalisation
#
# In local response normalisation (LRN), neighbouring channels at the same place push each other down. AlexNet made it known
# {cite:p}`krizhevsky2012imagenet`. The value $a_i$ of channel $i$ is divided by a number that grows with the sum of
# its neighbours' squares.
#
# $$b_i = a_i \Big/ \Big(k + \alpha \sum_{j=i-r}^{i+r} a_j^2 \Big)^{\beta}$$
#
# The tutorial has $r = 4$, $k = 1$, $\alpha = 0.001/9$, $\beta = 0.75$. The neighbours are nine channels, itself included; at
# the ends only those that exist are added. PyTorch's layer divides $\alpha$ by the size of the window, so the same
# computation is written `size=9, alpha=0.001`.


# %%
def lrn(a, radius=4, k=1.0, alpha=0.001 / 9, beta=0.75):
    """Local response normalisation as the tutorial writes it: (N, C, H, W)."""
    total = torch.stack(
        [
            a[:, max(0, i - radius) : i + radius + 1].square().sum(dim=1)
            for i in range(a.shape[1])
        ],
        dim=1,
    )
    return a / (k + alpha * total) ** beta


LRN = {"size": 9, "alpha": 0.001, "beta": 0.75, "k": 1.0}
x = 30 * torch.randn(2, 64, 6, 6, generator=torch.Generator().manual_seed(0)).relu()
check.close(lrn(x), nn.LocalResponseNorm(**LRN)(x), atol=1e-4, what="torch")
check.close(lrn(x), layers.LocalResponseNorm(**LRN)(x), atol=1e-4, what="cnnbook")

# %% name="fig-lrn" tags=["hide-input"] alt_ko="가로축은 한 채널의 값 a, 0부터 100. 세로축은 LRN을 지난 값 b. 이웃이 모두 0이면 거의 직선으로 오르다 누워서 100에서 57쯤이 되고, 이웃이 모두 30이면 처음부터 낮게 오르고, 이웃이 모두 100이면 가장 낮습니다. 점선은 b = a입니다." alt_en="A channel's value a from 0 to 100 across, the value b after LRN upwards. With all neighbours at 0 the curve rises almost straight, then bends, to about 57 at 100; with neighbours at 30 it rises less from the beginning, with neighbours at 100 least. A dotted line marks b = a." caption_ko="이웃한 여덟 채널의 값이 0, 30, 100일 때 한 채널에서 나오는 값. 이웃이 강할수록 덜 나옵니다. 이웃이 0이어도 자기 자신의 제곱으로 눌립니다. 점선은 아무것도 하지 않는 $b = a$입니다." caption_en="What comes out of a channel whose eight neighbours all have the value 0, 30 or 100. The stronger the neighbours, the less comes out. Even with neighbours at 0 the channel's own square holds it down. The dotted line is $b = a$, doing nothing."
a = torch.linspace(0, 100, 101)
curves = {}
for neighbour in (0, 30, 100):
    channels = torch.full((101, 9, 1, 1), float(neighbour))
    channels[:, 4, 0, 0] = a
    out = lrn(channels)[:, 4, 0, 0]
    curves[f"neighbours {neighbour}"] = pd.DataFrame({"a": a, "b": out})
figure = look.curves(curves, x="a", y="b")
figure.axes[0].plot(
    [0, 100], [0, 100], ":", color=look.style.LIGHT["muted"], linewidth=1.2
)
figure

# %% [markdown] lang="ko"
# 그림의 가로축을 눈여겨보세요. 0에서 100까지입니다. $\alpha$가 아주 작아서, 값이 수십은 되어야 LRN의 효과가 눈에 띕니다. 이 신경망에
# 들어오는 픽셀은 표준 편차가 1입니다. conv1에서 나오는 값은 얼마나 클까요? 신경망을 훈련한 다음에 재 봅시다.
#
# ### 파라미터는 어디에 있을까요?
#
# pool2에서 나오는 $64 \cdot 6 \cdot 6 = 2{,}304$개의 수를 local3의 유닛 384개가 모두 봅니다. 층마다 파라미터를 세어 봅시다.

# %% [markdown] lang="en"
# Mind the horizontal axis: it goes from 0 to 100. Because $\alpha$ is so small, values must be in the tens before LRN has a
# visible effect. The pixels that enter this network have a standard deviation of 1. How large are the values that leave conv1? We
# will measure that once the network is trained.
#
# ### Where are the parameters?
#
# All $64 \cdot 6 \cdot 6 = 2{,}304$ numbers that leave pool2 are seen by each of the 384 units of local3. Let us count the
# parameters layer by layer.

# %% tags=["nbval-check-output"]
shapes = {
    "conv1": (3 * 5 * 5, 64),
    "conv2": (64 * 5 * 5, 64),
    "local3": (64 * 6 * 6, 384),
    "local4": (384, 192),
    "softmax_linear": (192, 10),
}
numbers = {name: inputs * units + units for name, (inputs, units) in shapes.items()}
total = sum(numbers.values())
for name, number in numbers.items():
    print(f"{name:15}{number:>10,}{100 * number / total:>7.1f}%")
print(f"{'sum':15}{total:>10,}")

# %% [markdown] lang="ko"
# 백만 개 가운데 83%가 local3 한 층에 있습니다. 과적합이 일어난다면 여기서부터일 것입니다. 그래서 튜토리얼은 가중치 감쇠(weight decay)를
# local3과 local4에만 겁니다. 손실에 $\tfrac{\lambda}{2} \sum w^2$을 더하는 것이고 $\lambda = 0.004$입니다. 그레이디언트에는 $\lambda w$가
# 더해지므로, 걸음마다 가중치가 0 쪽으로 조금씩 줄어듭니다. 합성곱층의 가중치와 모든 편향은 그대로 둡니다. PyTorch에서는 파라미터를 두
# 묶음으로 나누어 옵티마이저에 건넵니다. 손실에 더한 것과 정말 같은지 한 걸음을 옮겨 확인합니다.

# %% [markdown] lang="en"
# Of a million parameters 83% are in the single layer local3. If there is overfitting, it will begin there. So the tutorial
# puts weight decay on local3 and local4 alone: $\tfrac{\lambda}{2} \sum w^2$ is added to the loss, with $\lambda = 0.004$.
# The gradient gains $\lambda w$, and every step takes the weights a little towards 0. The weights of the convolutions and
# all biases are left alone. In PyTorch the parameters are handed to the optimizer in two groups. Whether this is the same
# as adding to the loss, we check by one step.

# %%
torch.manual_seed(0)
by_loss = models.create("cifar_cnn", num_classes=10)
by_groups = copy.deepcopy(by_loss)
x, y = torch.randn(8, 3, 24, 24), torch.arange(8)


def decaying(model):
    """The weights of local3 and local4."""
    return [layer.weight for layer in model if isinstance(layer, nn.Linear)][:2]


optimizer = torch.optim.SGD(by_loss.parameters(), lr=0.1)
penalty = sum(weight.square().sum() for weight in decaying(by_loss))
(functional.cross_entropy(by_loss(x), y) + 0.004 / 2 * penalty).backward()
optimizer.step()

decayed = {id(weight) for weight in decaying(by_groups)}
others = [p for p in by_groups.parameters() if id(p) not in decayed]
groups = [
    {"params": decaying(by_groups), "weight_decay": 0.004},
    {"params": others},
]
optimizer = torch.optim.SGD(groups, lr=0.1)
functional.cross_entropy(by_groups(x), y).backward()
optimizer.step()

pairs = zip(by_loss.parameters(), by_groups.parameters(), strict=True)
largest = max((a - b).abs().max().item() for a, b in pairs)
check.that(largest < 1e-6, f"largest difference {largest:.1e}")

# %% [markdown] lang="ko"
# ## 훈련의 부품을 손으로
#
# ### 왜 학습률을 줄일까요?
#
# 미니배치의 그레이디언트에는 잡음이 섞여 있습니다. 파라미터가 하나뿐이고 손실이 $\tfrac{1}{2} w^2$인 가장 작은 훈련을 생각해 봅시다.
# 그레이디언트는 $w$인데, 볼 때마다 평균이 0이고 분산이 1인 잡음 $\varepsilon$이 더해집니다.
#
# $$w \leftarrow w - \eta\,(w + \varepsilon) = (1 - \eta)\,w - \eta\,\varepsilon$$
#
# 오래 걸으면 $w$는 가장 낮은 곳에 멈추지 않고 그 둘레를 떠돕니다. 떠도는 동안의 분산을 $v$라고 합시다. 새 잡음은 지금까지 걸은 길과 독립이고, 한 걸음 전과 후의
# 분산이 같아야 하므로 $v = (1 - \eta)^2 v + \eta^2$이고, 풀면 다음과 같습니다.
#
# $$v = \frac{\eta}{2 - \eta}$$
#
# 학습률이 작을수록 가까이에서 떠돕니다. 그러나 작은 학습률로는 그곳까지 가는 데 오래 걸립니다. 4,000명을 따로따로 걷게 해서 식을 확인합니다.

# %% [markdown] lang="en"
# ## The training, by hand
#
# ### Why lower the learning rate?
#
# The gradient of a mini-batch is noisy. Take the smallest training there is: one parameter, the loss $\tfrac{1}{2} w^2$. The
# gradient is $w$, but whenever we look, noise $\varepsilon$ of mean 0 and variance 1 is added.
#
# $$w \leftarrow w - \eta\,(w + \varepsilon) = (1 - \eta)\,w - \eta\,\varepsilon$$
#
# After a long walk $w$ does not rest at the lowest point but wanders around it. Call the variance of its wandering $v$.
# The new noise is independent of the way so far, and the variance must be the same before and after a step:
# $v = (1 - \eta)^2 v + \eta^2$. Solved, this gives:
#
# $$v = \frac{\eta}{2 - \eta}$$
#
# The smaller the learning rate, the closer it wanders; but with a small learning rate it takes long to get there. We let
# 4,000 walkers walk by themselves and check the formula.


# %%
def walk(rates, decay=0.0, walkers=4000, start=10.0):
    """w at every step, and its moving average: (steps, walkers) each."""
    generator = torch.Generator().manual_seed(0)
    w = torch.full((walkers,), start)
    average = w.clone()
    path, averages = [], []
    for rate in rates:
        w = w - rate * (w + torch.randn(walkers, generator=generator))
        average = decay * average + (1 - decay) * w
        path.append(w)
        averages.append(average)
    return torch.stack(path), torch.stack(averages)


for eta in (0.5, 0.1, 0.02):
    path, _ = walk([eta] * 1000)
    v = path[-1].var().item()
    expected = eta / (2 - eta)
    check.that(abs(v / expected - 1) < 0.15, f"{eta}: {v:.4f}, formula {expected:.4f}")

# %% [markdown] lang="ko"
# 그래서 처음에는 큰 걸음으로 가까이 가고, 나중에는 작은 걸음으로 자리를 잡습니다. 이것이 학습률 감쇠(learning-rate decay)입니다.
# 튜토리얼의 일정은 계단입니다. 정해진 걸음 수마다 학습률에 0.1을 곱합니다. $t$는 지금까지 걸은 걸음 수, $T$는 계단 하나의 길이입니다.
#
# $$\eta_t = \eta_0 \cdot 0.1^{\lfloor t / T \rfloor}$$
#
# ### 지수 이동 평균
#
# 다른 길도 있습니다. 학습률은 그대로 두고, 지나온 자리들의 평균을 내는 것입니다. 최근의 자리일수록 무겁게 치는 지수 이동 평균(exponential
# moving average, EMA)을 씁니다. 강의의 식은 이렇습니다. $Y_t$는 걸음 $t$ 뒤의 가중치이고, $\alpha$는 새 값의 몫입니다.
#
# $$S_1 = Y_1, \qquad S_t = \alpha\,Y_t + (1 - \alpha)\,S_{t-1}$$
#
# 여기의 $\alpha$는 LRN의 $\alpha$와는 다른 수입니다. 우리 코드는 출발점도 셈에 넣어 $S_0 = Y_0$에서 시작합니다. 라이브러리에서는 대개 옛 값의 몫 $d = 1 - \alpha$를 적습니다. $d = 0.99$이면 대략 최근 $1 / (1 - d) = 100$걸음의 평균입니다. 네 가지
# 방법으로 걸어 봅시다.

# %% [markdown] lang="en"
# So one comes near in large steps and then settles in small ones. That is learning-rate decay. The tutorial's schedule is a
# staircase: after a fixed number of steps the learning rate is multiplied by 0.1. $t$ is the number of steps made so far, $T$
# the length of a stair.
#
# $$\eta_t = \eta_0 \cdot 0.1^{\lfloor t / T \rfloor}$$
#
# ### The exponential moving average
#
# There is another way: leave the learning rate as it is and average over the places passed, the latest counting most. This
# is the exponential moving average (EMA). The lecture writes it like this, with $Y_t$ for the weights after step $t$ and $\alpha$ for
# the share of the new value.
#
# $$S_1 = Y_1, \qquad S_t = \alpha\,Y_t + (1 - \alpha)\,S_{t-1}$$
#
# This $\alpha$ is not the $\alpha$ of LRN. Our code counts the start as well and begins with $S_0 = Y_0$. Libraries mostly name the
# share of the old value, $d = 1 - \alpha$. With $d = 0.99$ it is roughly the mean over the last
# $1 / (1 - d) = 100$ steps. We walk in four ways.

# %%
STEPS = 800
staircase = train.schedules.staircase(rate=0.1, every=0.25)
falling = [0.5 * staircase(step / STEPS) for step in range(STEPS)]
check.close(
    falling, [0.5 * 0.1 ** (step // 200) for step in range(STEPS)], what="staircase"
)

fast_path, fast_average = walk([0.5] * STEPS, decay=0.99)
slow_path, _ = walk([0.005] * STEPS)
stair_path, _ = walk(falling)
walks = {
    "rate 0.5": fast_path,
    "rate 0.005": slow_path,
    "staircase": stair_path,
    "rate 0.5, averaged": fast_average,
}
distance = {name: path.square().mean(dim=1).sqrt() for name, path in walks.items()}
last = {name: values[-1].item() for name, values in distance.items()}
for name in ("staircase", "rate 0.5, averaged"):
    check.that(
        last[name] < last["rate 0.5"] / 5,
        f"{name}: {last[name]:.3f} < {last['rate 0.5']:.3f} / 5",
    )

# %% name="fig-walks" tags=["hide-input"] alt_ko="가로축은 걸음 0부터 800, 세로축은 가장 낮은 곳까지의 거리이고 로그 눈금입니다. 학습률 0.5의 선은 곧바로 0.6쯤으로 내려와 평평합니다. 0.005의 선은 줄곧 천천히 내려옵니다. 계단의 선은 200걸음에서 뚝 떨어지고, 400걸음부터 천천히 내려가다 600걸음 뒤에는 거의 평평합니다. 0.5를 평균한 선은 0.5의 선보다 늦게 내려오지만 훨씬 낮은 곳에서 평평합니다." alt_en="Steps from 0 to 800 across, the distance to the lowest point upwards on a logarithmic scale. Rate 0.5 falls at once to about 0.6 and stays flat. Rate 0.005 falls slowly all the time. The staircase drops at step 200, falls slowly from step 400 and is almost flat after 600. The average over rate 0.5 falls later than rate 0.5 itself but becomes flat at a much lower place." caption_ko="가장 낮은 곳까지의 거리(제곱 평균의 제곱근), 4,000명. 평균을 내도 걸음은 바뀌지 않습니다. 같은 길을 걷고 그 평균만 봅니다." caption_en="Distance to the lowest point (root mean square) of 4,000 walkers. Averaging does not change the steps: the walk is the same, only its average is looked at."
look.curves(
    {
        name: pd.DataFrame({"step": range(1, STEPS + 1), "distance": values})
        for name, values in distance.items()
    },
    x="step",
    y="distance",
    logy=True,
)

# %% [markdown] lang="ko"
# 학습률 0.005는 800걸음을 다 걷고도 아직 가는 중입니다. 계단은 첫 단을 내려설 때 크게 가까워지고, 마지막 단에서는 학습률이 너무 작아 거의 움직이지 않습니다. 평균은 학습률 0.5의 빠른 걸음으로 가서도 가까이에
# 자리를 잡습니다. 대신 처음에는 먼 출발점을 기억하느라 늦습니다. 그래서 TensorFlow의 EMA는 처음에 $d$를 작게 잡습니다. 걸음 $n$에서 쓰는
# 값은 다음과 같습니다.
#
# $$d_n = \min\Big(d,\ \frac{1 + n}{10 + n}\Big)$$
#
# 패키지의 `train.fit(..., ema=d)`도 이 식을 씁니다. 튜토리얼에서는 $d = 0.9999$입니다. 이 값에 이르려면 몇 걸음이 걸릴까요?

# %% [markdown] lang="en"
# At the rate 0.005 the walkers are still on their way after 800 steps. The staircase comes much closer with its first stair; on the last one the rate is so small that it hardly
# moves. The average goes at the fast pace of 0.5 and still settles close by. In exchange it is late at first, since it remembers the
# distant start. So TensorFlow's EMA begins with a smaller $d$. At step $n$ it uses the following.
#
# $$d_n = \min\Big(d,\ \frac{1 + n}{10 + n}\Big)$$
#
# The package's `train.fit(..., ema=d)` uses the same formula. The tutorial has $d = 0.9999$. How many steps does it take to
# get there?

# %% tags=["nbval-check-output"]
batch, images, steps = 128, 50_000, 100_000
reached = next(n for n in range(steps) if (1 + n) / (10 + n) >= 0.9999)
print(f"steps an epoch          {images / batch:>10.1f}")
print(f"epochs in {steps:,} steps {steps * batch / images:>9.1f}")
print(f"d reaches 0.9999 at step{reached:>10,}")
print(f"1 / (1 - 0.9999), epochs{10_000 * batch / images:>10.1f}")

# %% [markdown] lang="ko"
# 두 가지가 눈에 띕니다. 첫째, 평균의 $d$는 100,000걸음 가운데 90,000번째에야 제 값에 이릅니다. 그때까지는 $1/(1 - d_n) = (10 + n)/9$이므로 지금까지 걸은 걸음의
# 9분의 1쯤을 평균하는 셈이고, 끝에 가서야 최근 25.6에폭쯤을 평균합니다. 둘째, 튜토리얼의 계단은 350에폭마다
# 하나인데 {cite:p}`tensorflow2015cifar` 100,000걸음은 256에폭입니다. 그러니 학습률은 **한 번도 줄어들지 않았습니다**. 코드에는 감쇠가 있지만,
# 튜토리얼대로 훈련했다면 학습률 0.1 그대로 걷고 평균만 낸 것입니다. 위의 그림에서 넷째 방법입니다. 코드에 적혀 있는 것과 실제로 일어나는 일은
# 다를 수 있습니다.

# %% [markdown] lang="en"
# Two things stand out. First, the average's $d$ reaches its value only at step 90,000 of 100,000. Until then
# $1/(1 - d_n) = (10 + n)/9$: the average covers about the last 9th of the steps so far, and about 25.6 epochs at the end.
# Second, the tutorial's
# stairs are 350 epochs long {cite:p}`tensorflow2015cifar`, while 100,000 steps are 256 epochs: the learning rate was **never
# lowered**. The code has a decay, but whoever trains as the tutorial says walks at the rate 0.1 throughout and averages, the
# fourth way in the figure. What a program says and what happens can differ.

# %% [markdown] lang="ko"
# ### 무엇을 먼저, 무엇을 나중에
#
# 한 걸음 안에서 할 일은 다섯 가지입니다. 학습률을 정하고, 손실을 계산하고, 역전파하고, 가중치를 옮기고, 평균을 냅니다. PyTorch에서는 적힌
# 순서대로 실행되므로 순서를 걱정할 일이 없어 보입니다. 2015년의 TensorFlow는 달랐습니다. 먼저 계산 그래프를 그려 두고 나중에 한꺼번에 실행했기
# 때문에, 코드에 적힌 순서는 아무 뜻이 없었습니다. 순서를 정하려면 `control_dependencies`로 “이것이 끝난 다음에 저것”이라고 말해야 했습니다. 강의에
# 이 함수가 나오는 까닭입니다. 튜토리얼의 마지막 줄은 “가중치를 옮기는 일과 평균을 내는 일이 둘 다 끝나면 한 걸음이 끝난다”라고만
# 말합니다. 둘 사이의 순서는 말하지 않았습니다. 같은 다섯 가지를 순서대로 적어 봅시다. 여기서는 간단하게 모든 가중치에 감쇠를
# 겁니다.

# %% [markdown] lang="en"
# ### What comes first, what comes after
#
# Five things are done within a step: set the learning rate, compute the loss, backpropagate, move the weights, average.
# PyTorch runs lines in the order in which they stand, so there seems to be nothing to worry about. TensorFlow in 2015 was
# different. It first drew a graph of the computation and ran the whole graph later, and the order of the lines meant nothing.
# To fix an order one had to say "that only after this", with `control_dependencies`. This is why the function appears in the
# lecture. The tutorial's last lines say no more than this: a step is over when the weights have been moved and the average
# has been taken. In which order, they leave open. Here are the five in order.
# For simplicity, all weights decay here.


# %%
def learn(model, images, epochs, batch_size, lr, weight_decay, decay):
    """The weights' average after training; the model keeps the last weights."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    biases = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": weight_decay}, {"params": biases}]
    optimizer = torch.optim.SGD(groups, lr=lr, momentum=0.9)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    steps, n = epochs * math.ceil(len(images) / batch_size), 0
    for epoch in range(1, epochs + 1):
        for x, labels in data.batches(
            images, batch_size, epoch=epoch, augment=data.standardize()
        ):
            n += 1
            for group in optimizer.param_groups:  # 1 this step's learning rate
                group["lr"] = lr * staircase(n / (steps + 1))
            loss = functional.cross_entropy(model(x), labels)  # 2 the loss
            optimizer.zero_grad()
            loss.backward()  # 3 gradients
            optimizer.step()  # 4 move the weights
            share = 1 - min(decay, (1 + n) / (10 + n))
            for name, value in model.state_dict().items():  # 5 average
                average[name].lerp_(value, share)
    return average


few = train_set[:200].centre(24)
torch.manual_seed(0)
by_hand = nn.Sequential(nn.Flatten(), nn.Linear(1728, 20), nn.ReLU(), nn.Linear(20, 10))
by_fit = copy.deepcopy(by_hand)
average = learn(by_hand, few, 2, 20, lr=0.02, weight_decay=0.004, decay=0.95)
train.fit(
    by_fit,
    few,
    epochs=2,
    batch_size=20,
    lr=0.02,
    optimizer="sgd",
    weight_decay=0.004,
    schedule=staircase,
    ema=0.95,
    normalize="image",
    quiet=True,
)
for name, value in by_fit.state_dict().items():
    check.close(average[name], value, what=name)

# %% [markdown] lang="ko"
# 책의 `train.fit`과 같은 가중치가 나왔습니다. 그렇다면 순서를 바꾸면 어떻게 될까요? 5를 4보다 먼저 하면, 평균은 늘 한 걸음 전의 가중치를
# 받습니다. 그림자처럼 한 걸음 늦을 뿐이라 거의 아무 일도 일어나지 않습니다. `zero_grad`를 3과 4 사이에 두면 그레이디언트가 모두 지워져서
# 아무것도 배우지 못합니다. 1을 4보다 나중에 하면 걸음마다 한 걸음 전의 학습률을 씁니다. 같은 “순서 바꾸기”라도 어떤 것은 거의 해롭지 않고
# 어떤 것은 치명적입니다. 아래 함수에는 잘못이 둘 있습니다. 찾아보고, 뒤의 연습에서 고쳐 보세요.

# %% [markdown] lang="en"
# The weights agree with those of the book's `train.fit`. What if the order changes? With 5 before 4 the average always
# receives the weights of one step before. It lags behind by a step, like a shadow, and hardly anything happens. With
# `zero_grad` between 3 and 4 all gradients are erased, and nothing is ever learned. With 1 after 4 every step is made at
# the learning rate of the step before. One change of order is almost harmless, another is fatal. There are two mistakes in
# the function below. See whether you can find them; in the exercises you will mend it.


# %%
def out_of_order(w, average, gradient, step):
    rate = 0.1 * 0.5 ** (max(0, step - 1) // 10)
    average = 0.9 * average + 0.1 * w
    w = w - rate * gradient(w)
    return w, average


# %% [markdown] lang="ko"
# ## 신경망 전체
#
# 이제 부품을 잇습니다. 이름은 튜토리얼의 것을 그대로 씁니다. local3과 local4라는 이름은 옛 코드의 흔적일 뿐, 실제로는 완전 연결층입니다. 처음
# 가중치도 튜토리얼의 값입니다. 평균이 0인 정규 분포에서 뽑되, 0에서 표준 편차의 두 배보다 멀리 떨어진 값은 다시 뽑습니다. 표준 편차는 합성곱층이 0.05, local3과
# local4가 0.04, 출력층이 $1/192$입니다. 편향은 conv1과 출력층이 0이고 나머지는 0.1입니다.

# %% [markdown] lang="en"
# ## The whole network
#
# Now we put the parts together, under the tutorial's own names. The names local3 and local4 are left over from older code:
# they are fully connected layers. The initial weights are the tutorial's as well: normal with mean 0, and what lies further
# than two standard deviations from 0 is drawn again. The standard deviation is 0.05 for the convolutions, 0.04 for local3 and
# local4, $1/192$ for the output layer. Biases are 0 in conv1 and the output layer, 0.1 elsewhere.


# %%
def pool():
    return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)


class CifarNet(nn.Sequential):
    """The tutorial's network: (N, 3, 24, 24) -> logits (N, classes)."""

    def __init__(self, classes=10):
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(3, 64, kernel_size=5, padding=2),  # (N, 64, 24, 24)
                relu1=nn.ReLU(),
                pool1=pool(),  # (N, 64, 12, 12)
                norm1=layers.LocalResponseNorm(**LRN),
                conv2=nn.Conv2d(64, 64, kernel_size=5, padding=2),
                relu2=nn.ReLU(),  # (N, 64, 12, 12)
                norm2=layers.LocalResponseNorm(**LRN),
                pool2=pool(),  # (N, 64, 6, 6)
                flatten=nn.Flatten(),  # (N, 2304)
                local3=nn.Linear(64 * 6 * 6, 384),
                relu3=nn.ReLU(),
                local4=nn.Linear(384, 192),
                relu4=nn.ReLU(),
                softmax_linear=nn.Linear(192, classes),
            )
        )
        deviations = {"conv1": 0.05, "conv2": 0.05, "local3": 0.04, "local4": 0.04}
        deviations["softmax_linear"] = 1 / 192
        for name, std in deviations.items():
            layer = getattr(self, name)
            nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
            nn.init.constant_(layer.bias, 0.1)
        for layer in (self.conv1, self.softmax_linear):
            nn.init.zeros_(layer.bias)


torch.manual_seed(0)
network = CifarNet()
theirs = models.create("cifar_cnn", num_classes=10)
weights = network.state_dict().values()
theirs.load_state_dict(dict(zip(theirs.state_dict(), weights, strict=True)))
many, one = torch.randn(4, 3, 24, 24), torch.randn(1, 3, 24, 24)
check.same_function(network, theirs, many, one)

# %%
stages = {
    "conv1": (64, 24, 24),
    "pool1": (64, 12, 12),
    "norm1": (64, 12, 12),
    "conv2": (64, 12, 12),
    "norm2": (64, 12, 12),
    "pool2": (64, 6, 6),
    "local3": (384,),
    "local4": (192,),
    "softmax_linear": (10,),
}
trace = look.trace(network, (3, 24, 24))
trace = trace.loc[list(stages)]
check.same_shapes(dict(trace.output), stages)
check.that(
    trace.parameters.loc[list(numbers)].tolist() == list(numbers.values()),
    f"{trace.parameters.sum():,} parameters",
)
trace.index.name = None
trace[["output", "parameters", "multiply_adds", "receptive_field"]]

# %% tags=["nbval-check-output"]
share = 100 * trace.multiply_adds / trace.multiply_adds.sum()
print(f"multiply-adds, sum {trace.multiply_adds.sum():,}")
print(share[share > 0].round(1).to_string())

# %% [markdown] lang="ko"
# 파라미터와 곱셈-덧셈 연산은 서로 다른 곳에 있습니다. 파라미터의 83%는 local3에, 연산의 80%에 가까운 몫은 conv2에 있습니다. 합성곱층은
# 가중치 하나를 144칸에서 되풀이해 쓰고, 완전 연결층은 가중치 하나를 한 번만 씁니다. 마지막 세 층의 수용 영역이 입력의 24칸보다 큰 것은 덧댄 칸까지
# 세었기 때문입니다.
#
# ## 직접 훈련해서 재기
#
# 완전 연결 신경망과 똑같은 입력, 똑같은 에폭 수로 훈련합니다. 최적화 방법은 달라서, 완전 연결 신경망은 Adam이고 이 신경망은 뒤의 긴 훈련과 같은 모멘텀 SGD입니다. 가중치의
# EMA도 이쪽에만 냅니다. 파라미터 수는 비슷하지만 곱셈-덧셈은 이쪽이 17배쯤 많습니다. `fit`은 에폭마다
# 평균한 가중치의 정확도(`test_accuracy`)와 평균하지 않은 것의 정확도(`test_accuracy_raw`)를 함께 잽니다.

# %% [markdown] lang="en"
# Parameters and multiply-adds are in different places: 83% of the parameters in local3, close to 80% of the operations in
# conv2. The convolution uses each of its weights in 144 cells, a fully connected one uses each weight once. The receptive field of the last three layers is
# larger than the 24 cells of the input because padding is counted, too.
#
# ## Training it, and measuring
#
# It trains on the same input and for the same number of epochs as the fully connected network. The optimizer differs: Adam
# there, SGD with momentum here, as in the long run below. Only here the weights are averaged. The parameters are about as many,
# but there are about 17 times as many multiply-adds. After each epoch `fit` measures the accuracy of the
# averaged weights (`test_accuracy`) and of those not averaged (`test_accuracy_raw`).

# %%
torch.manual_seed(0)
network = CifarNet()
history = train.fit(
    network, train_set, test_24, lr=0.05, optimizer="sgd", ema=0.98, **recipe
)
result = train.evaluate(network, test_24, like=history)
columns = ["loss", "train_accuracy", "test_accuracy", "test_accuracy_raw"]
history.table.set_index("epoch")[columns].round(3)

# %%
ours, theirs = result.accuracy, dense_result.accuracy
check.that(ours > 0.55, f"{ours:.3f} > 0.55")
check.that(ours > theirs + 0.03, f"{ours:.3f} > dense {theirs:.3f} + 0.03")
check.that(
    count(dense) > count(network), f"{count(dense):,} > {count(network):,} parameters"
)
ratio = trace.multiply_adds.sum() / (1728 * 615 + 615 * 10)
check.that(16 < ratio < 18, f"{ratio:.1f} times the multiply-adds")

# %% name="fig-live" tags=["hide-input"] alt_ko="에폭에 따른 테스트 정확도 곡선 셋. 합성곱 신경망의 두 곡선이 마지막에 가장 위에 있고, 평균한 쪽이 처음부터 평균하지 않은 쪽보다 높거나 비슷합니다. 완전 연결 신경망이 아래에서 끝납니다." alt_en="Three curves of test accuracy over the epochs. The two of the convolutional network end on top, the averaged one above the other or level with it on the way. The fully connected network ends below." caption_ko="방금 이 노트북에서 잰 테스트 정확도. averaged는 EMA, raw는 평균하지 않은 가중치, dense는 파라미터 수가 비슷한 완전 연결 신경망입니다." caption_en="Test accuracy measured just now in this notebook. “averaged” is the EMA, “raw” the weights not averaged, “dense” the fully connected network with about as many parameters."
raw = history.table[["epoch", "test_accuracy_raw"]]
look.curves(
    {
        "averaged": history.table[["epoch", "test_accuracy"]],
        "raw": raw.rename(columns={"test_accuracy_raw": "test_accuracy"}),
        "dense": dense_history.table[["epoch", "test_accuracy"]],
    }
)

# %% [markdown] lang="ko"
# 처음에는 완전 연결 신경망이 앞서지만 마지막에는 합성곱 신경망이 뚜렷이 앞섭니다. 표에서 훈련 정확도가 테스트보다 낮은 것은, 훈련 정확도를 에폭이 도는 동안
# 무작위 창에서, 평균하지 않은 가중치로 재기 때문입니다. 도중에는 평균한 가중치가 평균하지 않은 것을 앞서다가, 일정의 끝에서 학습률이 0에 가까워지면 둘이
# 만납니다. 걷는 사람들에게서 보았듯이, 학습률을 줄이는 것과 가중치를 평균하는 것은 같은 잡음을 줄이는 두 가지 방법입니다.
#
# ### 무엇을 틀릴까요?
#
# 혼동 행렬의 행마다 대각선 밖에서 가장 진한 칸을 찾아보세요. 서로 닮은 도형끼리 헷갈립니까? 그다음 그림은 신경망이 자신 있게 틀린 것들입니다. 띠에 가린 것, 창 밖으로
# 잘린 것, 배경의 무늬에 속은 것이 저마다 몇 장인지 세어 보세요.

# %% [markdown] lang="en"
# The fully connected network leads at first, but in the end the convolutional one is clearly ahead. In the table the training
# accuracy is below the test accuracy because it is taken during the epoch, on random windows and with the raw weights. On the way the averaged weights are ahead of the others;
# at the end of the schedule, when the learning rate comes near 0, the two meet. As the walkers showed, lowering and averaging
# are two ways of reducing the same noise.
#
# ### What does it get wrong?
#
# In each row of the confusion matrix, look for the strongest cell off the diagonal. Are they figures that resemble each other?
# The next picture shows mistakes made with confidence. Count how many are hidden by bars, how many are cut off by the window,
# and how many were led astray by the pattern of the background.

# %% name="fig-confusion" tags=["hide-input"] alt_ko="10×10 혼동 행렬. 행은 정답, 열은 신경망의 대답이고 클래스 이름이 적혀 있습니다. 대각선이 가장 진하고, 대각선 밖에는 몇 칸이 두드러집니다." alt_en="A 10×10 confusion matrix with the names of the classes; rows are the true classes, columns the answers. The diagonal is darkest; a few cells off it stand out." caption_ko="혼동 행렬. 행이 정답, 열이 신경망의 대답입니다. 주황색이 진한 칸이 자주 헷갈리는 짝입니다." caption_en="Confusion matrix: rows are the right answers, columns the network's. A strong orange marks a pair that is often confused."
look.confusion(result.confusion, test_24.classes)

# %% name="fig-mistakes" tags=["hide-input"] alt_ko="신경망이 자신 있게 틀린 그림 열두 장. 그림마다 위에 정답과 신경망의 대답이 화살표로 이어져 있습니다." alt_en="Twelve pictures that the network got wrong with great confidence; above each stand the right answer and the network's, joined by an arrow." caption_ko="가장 자신 있게 틀린 열두 장. 정답 → 신경망의 대답." caption_en="The twelve mistakes made with the greatest confidence. Right answer → the network's answer."
sure = result.logits.softmax(dim=1).max(dim=1).values
wrong = result.predictions != test_24.labels
worst = (sure * wrong).argsort(descending=True)[:12]
names = test_24.classes
titles = [
    f"{names[true]} → {names[said]}"
    for true, said in zip(
        test_24.labels[worst].tolist(), result.predictions[worst].tolist(), strict=True
    )
]
look.grid(test_24.images[worst], titles=titles, columns=4, size=1.3)

# %% [markdown] lang="ko"
# ### LRN은 무슨 일을 할까요?
#
# 앞에서 미룬 물음입니다. 훈련한 신경망에 테스트 그림을 넣고, LRN에 들어가는 값의 크기와 LRN이 그 값을 몇 배로 줄이는지 잽니다.

# %% [markdown] lang="en"
# ### What does LRN do?
#
# This question was left open above. We send test pictures through the trained network and measure how large the values are
# that enter each LRN, and by what factor it shrinks them.

# %%
inside = {}


def watch(name):
    def keep(layer, inputs, output):
        inside[name] = inputs[0], output

    return getattr(network, name).register_forward_hook(keep)


hooks = [watch("norm1"), watch("norm2")]
with torch.no_grad():
    network.eval()(standardized(data.to_float(test_24.images[:500])))
for hook in hooks:
    hook.remove()
for name, (a, b) in inside.items():
    positive = a > 0
    factor = b[positive] / a[positive]
    print(
        f"{name}: values up to {a.max():.1f}, mean {a[positive].mean():.2f};"
        f" factor {factor.mean():.4f} on average, {factor.min():.3f} at least"
    )
    check.that(0.98 < factor.mean() < 1, f"{name}: mean factor {factor.mean():.4f}")

# %% [markdown] lang="ko"
# 값은 크지 않고, LRN은 값을 평균 0.05%쯤밖에 줄이지 않습니다. 이 신경망에서 LRN은 거의 아무 일도 하지 않습니다. LRN이 얼마나 일하는지는 들어오는 값의
# 크기에 달려 있습니다. 픽셀을 0에서 255까지의 수로 넣는 신경망이라면 값이 훨씬 커서 사정이 다를 것입니다. 진짜 사진에서 LRN을
# 빼고 훈련하면 어떻게 되는지는 ‘부품 하나하나의 몫’에서 잽니다.
#
# ### 한 그림을 여러 창으로
#
# 훈련할 때 무작위로 고르던 창을 테스트할 때도 여러 개 쓸 수 있습니다. 네 귀퉁이와 가운데, 그리고 그 다섯의 거울상까지 열 개의 창에서 나온 확률을 평균하는
# 것을 멀티 크롭 평가(multi-crop testing)라고 합니다. 가운데와 그 거울상만 평균할 수도 있습니다. 시간을 아끼려고 테스트 그림의 처음 500장에서
# 재 봅시다. 이때 정확도의 표준 오차는 2퍼센트포인트쯤입니다.

# %% [markdown] lang="en"
# The values are small, and LRN takes off about 0.05% on average. In this network LRN does next to nothing. How much it does
# depends on the size of what comes in: in a network that reads pixels as numbers from 0 to 255 values are far larger, and the
# matter may be different. What happens on real photos when the network is trained without it is measured in “What each part is worth”.
#
# ### One picture, several windows
#
# The windows that are drawn at random in training can be used in the test as well: the four corners, the middle, and the
# mirror images of these five. Averaging the probabilities of all ten is called multi-crop testing. One may also average the
# middle and its mirror image alone. To save time we measure on the first 500 test pictures, where an accuracy has a standard
# error of about 2 percentage points.

# %%
views = {"middle": None, "mirrored": data.flips, "ten windows": data.ten_crop(24)}
for name, several in views.items():
    whole = test_set if name == "ten windows" else test_24
    seen = train.evaluate(network, whole[:500], like=history, views=several)
    print(f"{name:12} {seen.accuracy:.3f}")

# %% [markdown] lang="ko"
# 표준 오차의 두 배보다 작은 차이를 두고는 어느 쪽이 낫다고 말할 수 없습니다. 창을 늘린다고 언제나 좋아지지도 않습니다. 여기의 도형은 한가운데에 있는 일이 많아서 귀퉁이의
# 창에서는 잘려 나가기도 합니다. 사진 10,000장에서는 거울상이 얼마나 보태는지 아래의 기록에서 보세요.

# %% [markdown] lang="en"
# Of a difference below two standard errors one cannot say which side is better. Nor does it always help to add windows: the
# figures here are often in the middle, and a corner window may cut them off. How much the mirror image adds on 10,000 photos
# the record below will tell.

# %% [markdown] lang="ko"
# ## 진짜 사진에서: 긴 훈련의 기록
#
# 여기부터 이 절의 수는 방금 잰 것이 아니라 저장소의 `results` 폴더에 있는 기록에서 읽은 것입니다. CIFAR-10의 훈련 사진 50,000장으로 80에폭을 훈련하고
# 테스트 사진 10,000장에서 쟀습니다. 신경망은 튜토리얼의 것이고 훈련 설정은 우리 것입니다. 모멘텀 SGD, 배치 128, 0.05까지 올렸다 0으로 내리는 학습률을
# 썼고, 가중치 감쇠는 모든 층의 가중치에 조금씩(0.0005) 걸었고, EMA는 $d = 0.99$입니다.
# 명령은 시드 셋을 부르지만 기록에는 둘이 있고, 둘째는 코어 하나(threads 1)로 훈련했습니다. 뒤에 나오는 이 신경망의 시간은 코어 두 개에서 따로 잰
# 에폭의 시간으로 계산한 것입니다.

# %% [markdown] lang="en"
# ## On real photos: the record of the long run
#
# From here on the numbers of this section are not measured just now but read from the records in the repository's folder
# `results`. The network was trained for 80 epochs on the 50,000 training photos of CIFAR-10 and measured on the 10,000 test
# photos. The network is the tutorial's, the training is ours: SGD with momentum, batches of 128, a learning rate that
# rises to 0.05 and falls to 0, a little weight decay (0.0005) on the weights of all layers, and an EMA with $d = 0.99$.
# The command asks for three seeds, but the record holds two, and the second was trained on one core (threads 1). The time given
# for this network further on is calculated from epochs timed by themselves on two cores.

# %% tags=["nbval-check-output"]
timed, parts = runs.load("time_to_accuracy"), runs.load("study_cifar_cnn")
LECTURE = "cifar_cnn 86.6 %"


def runs_of(target):
    return [run for run in timed["runs"] if run["target"] == target]


def percent(values):
    return f"{100 * np.mean(values):.2f} ± {100 * np.std(values, ddof=1):.2f}%"


long = runs_of(LECTURE)
for run in long:
    context = run["context"]
    print(textwrap.fill(f"seed {run['seed']}: {context['command']}", 78))
    print(
        f"  {context['hardware']['cpu']}, threads {context['hardware']['threads']},"
        f" torch {context['versions']['torch']}, commit {context['commit'][:10]}"
    )
last_of = {
    "averaged": [run["test_accuracy"] for run in long],
    "raw": [run["curve"]["test_accuracy_raw"][-1] for run in long],
    "averaged, with mirror image": [run["with_mirror_image"] for run in long],
}
for name, values in last_of.items():
    print(f"{name:28}{percent(values)}  {[f'{100 * v:.2f}' for v in values]}")

# %% name="fig-long" tags=["hide-input"] alt_ko="80에폭 동안의 테스트 정확도 곡선 둘. 평균한 가중치의 선은 매끄럽고, 평균하지 않은 선은 그 아래에서 톱니처럼 오르내리다가 마지막 10에폭쯤에 합쳐집니다. 86.6%에 점선이 있고 두 선은 그 바로 아래에서 끝납니다." alt_en="Two curves of test accuracy over 80 epochs. The one of averaged weights is smooth; the one not averaged is jagged and below it, and joins it in about the last 10 epochs. A dotted line marks 86.6%; both end just below it." caption_ko="CIFAR-10에서 시드 두 개의 평균과 범위(results/time_to_accuracy.json). 점선은 강의가 적은 86.6%입니다." caption_en="Mean and range of two seeds on CIFAR-10 (results/time_to_accuracy.json). The dotted line is the lecture's 86.6%."
tables = [pd.DataFrame(run["curve"]) for run in long]
raw_tables = [
    table[["epoch", "test_accuracy_raw"]].rename(
        columns={"test_accuracy_raw": "test_accuracy"}
    )
    for table in tables
]
figure = look.curves({"averaged": tables, "raw": raw_tables})
axes = figure.axes[0]
axes.axhline(0.866, color=look.style.LIGHT["ink"], linestyle=":", linewidth=1.2)
axes.set_ylim(0.6, 0.89)
figure

# %%
first_half = [table.iloc[:40] for table in tables]
ahead = np.mean([(t.test_accuracy - t.test_accuracy_raw).mean() for t in first_half])
gap = np.mean(last_of["averaged"]) - np.mean(last_of["raw"])
check.that(ahead > 0.02, f"first 40 epochs: averaged ahead by {ahead:.3f}")
check.that(abs(gap) < 0.005, f"last epoch: difference {gap:.4f}")

# %% [markdown] lang="ko"
# 두 시드의 평균은 86.0%입니다. 강의가 적은 86.6%에 0.6퍼센트포인트 못 미칩니다. 거울상까지 두 장을 보고 확률을 평균하면 87.6%입니다. 우리는
# 강의의 3분의 1도 안 되는 걸음만 걸었습니다. 마지막에 훈련 사진은 92%를 맞혔으므로 과적합도 조금 있습니다. 더 오래 훈련하거나 증강을 더하면 차이가
# 메워질지는 아직 재지 않았습니다.
#
# 그림에서 두 곡선이 벌어진 곳을 보세요. 학습률이 클 때 평균하지 않은 가중치는 오르내리면서 평균한 것보다 한참 낮습니다. 학습률이 0에 가까워지면
# 떠도는 폭이 줄어들어 둘이 만납니다. 걷는 사람들에게 일어난 일이 진짜 신경망에서도 일어났습니다. 마지막 에폭만 본다면 이 일정에서는 EMA가 없어도
# 됩니다. 학습률을 줄이지 않는 튜토리얼에서는 EMA가 그 일을 대신했을 것입니다. 그 조합은 여기서 재지 않았습니다.
#
# ### 부품 하나하나의 몫
#
# 부품을 하나씩 빼고 다시 훈련하면 그 부품의 몫을 알 수 있습니다. 시간을 아끼려고 훈련 사진은 10,000장만 쓰고 10에폭만 훈련했습니다. 시드는
# 셋이고, 훈련 설정은 위의 것을 그대로 쓰되 EMA만 뺐습니다. 뺀 신경망마다 학습률을 새로 고르지는 않았습니다. 계단은 2.5에폭마다 학습률에 0.1을 곱합니다.
# 가중치 감쇠와 대비 증강의 몫은 재지 않았습니다.

# %% [markdown] lang="en"
# The mean of two seeds is 86.0%, which is 0.6 percentage points short of the lecture's 86.6%. With the mirror image as a
# second view, averaging the probabilities, it is 87.6%. We made fewer than a third of the lecture's steps. At the end 92% of
# the training photos were right, so there is a little overfitting, too. Whether longer training or more augmentation closes the
# gap we have not measured yet.
#
# Look where the two curves part. While the learning rate is large, the accuracy of the raw weights goes up and down and stays
# well below that of the averaged ones. As the learning rate comes near 0 the wandering shrinks, and the two meet. What
# happened to the walkers has happened in a real network. For the last epoch of this schedule alone, the EMA is not needed. In
# the tutorial, which never lowers the learning rate, it probably did that work instead; that combination is not measured here.
#
# ### What each part is worth
#
# Take away one part, train again, and you see what it was worth. To save time only 10,000 training photos were used, for 10
# epochs. There are three seeds, and the training is the one above without the EMA. The learning rate was not chosen anew for
# each network. The staircase multiplies the learning rate by 0.1 every 2.5 epochs. What weight decay and contrast are worth
# was not measured.

# %% name="fig-parts" tags=["hide-input"] alt_ko="막대 아홉 개. 온전한 것과 LRN을 뺀 것이 64% 부근으로 가장 길고, 무작위 창과 뒤집기를 뺀 것이 63%, 겹치지 않는 풀링과 은닉층을 뺀 것과 합성곱이 하나인 것이 61%에서 62% 사이입니다. 학습률이 일정한 것과 계단과 스트라이드는 55% 부근이고, 학습률이 일정한 것은 오차 막대가 가장 깁니다." alt_en="Nine bars. The whole network and the one without LRN are longest, near 64%; without random windows and mirroring 63%; pooling that does not overlap, no hidden layers and a single convolution between 61 and 62%. The constant rate, the staircase and the stride are near 55%, the constant rate with the longest whisker." caption_ko="테스트 정확도, 시드 세 개의 평균과 표준 편차(results/study_cifar_cnn.json). whole은 온전한 것, no LRN은 LRN을 뺀 것, one conv는 conv2와 norm2를 뺀 것, pooling 2×2는 겹치지 않는 풀링, stride는 풀링 대신 스트라이드 2인 합성곱, no hidden은 local3과 local4를 뺀 것, constant rate와 staircase는 학습률 일정을 바꾼 것, no augmentation은 무작위 창과 뒤집기를 뺀 것입니다." caption_en="Test accuracy, mean and standard deviation of three seeds (results/study_cifar_cnn.json). “one conv” is without conv2 and norm2, “pooling 2×2” has windows that do not overlap, “stride” has convolutions of stride 2 and no pooling, “no hidden” is without local3 and local4; “constant rate” and “staircase” change the schedule, “no augmentation” leaves out random windows and mirroring."
NAMES = {
    ("all", "onecycle", True): "whole",
    ("no_lrn", "onecycle", True): "no LRN",
    ("one_conv", "onecycle", True): "one conv",
    ("pool_2x2", "onecycle", True): "pooling 2×2",
    ("stride", "onecycle", True): "stride",
    ("no_hidden", "onecycle", True): "no hidden",
    ("all", "constant", True): "constant rate",
    ("all", "staircase", True): "staircase",
    ("all", "onecycle", False): "no augmentation",
}
rows = {}
for cell in parts["summary"]:
    name = NAMES[cell["layers"], cell["schedule"], cell["moves"]]
    rows[name] = cell
look.bars(
    {name: (row["test_accuracy"], row["std"]) for name, row in rows.items()},
    percent=True,
    highlight="whole",
)

# %% tags=["nbval-check-output"]
whole = rows["whole"]
print(f"{parts['recipe']['epochs']} epochs, {parts['images']['train']:,} photos")
print(f"{'':15}{'points':>8}{'s. e.':>7}{'training':>10}")
for name, row in rows.items():
    points = 100 * (row["test_accuracy"] - whole["test_accuracy"])
    if row is whole:
        print(f"{name:15}{'-':>8}{'-':>7}{100 * row['train_accuracy']:>8.1f}%")
        continue
    error = 100 * math.sqrt((row["std"] ** 2 + whole["std"] ** 2) / row["seeds"])
    print(f"{name:15}{points:>8.2f}{error:>7.2f}{100 * row['train_accuracy']:>8.1f}%")

# %% [markdown] lang="ko"
# `points`는 온전한 것과의 차이(퍼센트포인트), `s. e.`는 그 차이의 표준 오차, `training`은 훈련이 끝난 뒤 훈련 사진의 가운데
# 창에서 잰 정확도입니다. 표준 오차의 두 배가 되지 않는 차이는 있다고 말할 수 없습니다.
#
# - **LRN은 없어도 됩니다.** 없으면 0.35 높지만, 이 차이는 표준 오차보다도 작습니다. 도형에서 잰 배율로 짐작한 대로입니다.
# - **둘째 합성곱, 겹치는 풀링, 은닉층은 저마다 2퍼센트포인트쯤의 몫을 합니다.**
# - **풀링을 스트라이드로 바꾸면 8.85를 잃습니다.** 풀링이 있으면 합성곱을 모든 자리에서 계산하고 창마다 가장 강한 대답을 남기지만, 스트라이드가 2이면 네
#   자리 가운데 한 자리에서만 계산합니다. 계산을 아낀 대가가 큽니다.
# - **학습률 일정의 몫은 최대 풀링의 몫만큼 큽니다.** 일정한 학습률은 시드에 따라 크게 흔들리고, 너무 일찍 내려가는 계단은 덜 배운 채로 멈춥니다.
#   10에폭에서 그렇다는 것이고, 256에폭을 걷는 튜토리얼과는 사정이 다릅니다.
# - **무작위 창과 뒤집기는 이 짧은 훈련에서 정확도를 거의 바꾸지 않습니다.** 그러나 훈련 정확도를 보세요. 없으면 훈련
#   사진은 94.2%를 맞히면서 테스트 사진은 63.1%만 맞힙니다. 사진을 외우기 시작한 것입니다. 더 오래 훈련하면 차이가 벌어질 것입니다.
#
# ### 얼마나 걸릴까요?
#
# 같은 CIFAR-10을 더 빨리 배우도록 만든 신경망이 `cifar_fast`입니다 {cite:p}`jordan2024cifar`. 첫 층은 배우지 않고, $2 \times 2$ 조각에서 나오는 수들의 상관을 없애도록
# (백색화) 정해 둡니다. 합성곱은 입력을 그대로 내보내는 데서 시작하고, 배치 정규화를 씁니다. 채널 수를 줄인 것(narrow)과 함께, 두 코어에서 정확도가 시간에 따라 어떻게
# 오르는지 견줍니다. 세 곡선 모두 사진 한 장에 창 하나로 쟀습니다.

# %% [markdown] lang="en"
# `points` is the difference to the whole network in percentage points, `s. e.` its standard error, `training` the accuracy on
# the middle windows of the training photos after training. A difference of less than two standard errors does not count.
#
# - **LRN can go.** Without it the accuracy is 0.35 higher, which is less than the standard error, as the factors measured on the shapes suggested.
# - **The second convolution, overlapping pooling and the hidden layers are worth about 2 percentage points each.**
# - **Strides in place of pooling lose 8.85.** With pooling, the convolution is computed at every place and the strongest
#   answer of each window is kept; with stride 2 it is computed at one place in four. What it saves in work it pays for dearly.
# - **The schedule is worth as much as max pooling.** A constant rate swings widely from seed to seed, and stairs that
#   come too early stop it before it has learned enough. This holds for 10 epochs; the tutorial, with 256, is another matter.
# - **Random windows and mirroring hardly change the accuracy of this short training.** But see the training accuracy: without
#   them 94.2% of the training photos are right, and only 63.1% of the test photos. It has begun to learn photos by heart. In
#   longer training the gap should widen.
#
# ### How long does it take?
#
# `cifar_fast` is a network made to learn the same CIFAR-10 sooner {cite:p}`jordan2024cifar`. Its first layer is not learned
# but set so that what it gives of each $2 \times 2$ patch is uncorrelated (whitening). Its convolutions begin by passing their
# input on, and it has batch normalisation. How does accuracy grow with time on two cores, for it and for one with fewer
# channels (narrow)? All three curves are measured with one view of each photo.

# %% name="fig-minutes" tags=["hide-input"] alt_ko="정확도 곡선 셋, 가로축은 분의 로그 눈금. 폭이 좁은 cifar_fast는 일 분 반 안에 88% 가까이, cifar_fast는 4분에 91% 가까이 오르고, 이 장의 신경망은 가장 늦게 올라 86.6%의 점선 바로 아래에서 끝납니다." alt_en="Three curves of accuracy over minutes on a logarithmic scale. The narrow cifar_fast comes close to 88% within a minute and a half, cifar_fast close to 91% in 4 minutes, and this chapter's network rises last and ends just below the dotted line at 86.6%." caption_ko="CPU 코어 두 개에서 걸린 시간(분, 로그 눈금)에 따른 테스트 정확도, 시드 두 개 또는 세 개의 평균(results/time_to_accuracy.json). 점선은 86.6%입니다." caption_en="Test accuracy against minutes on two CPU cores (logarithmic scale), mean of two or three seeds (results/time_to_accuracy.json). The dotted line is 86.6%."
minutes = {name: summary["minutes"] for name, summary in timed["summary"].items()}
shown = {
    "cifar_fast, narrow": "cifar_fast 86.6 %",
    "cifar_fast": "cifar_fast 90 %",
    "this chapter's": LECTURE,
}
curves = {}
for name, target in shown.items():
    several = [pd.DataFrame(run["curve"]) for run in runs_of(target)]
    mean = sum(table.test_accuracy for table in several) / len(several)
    at = minutes[target] * several[0].epoch / several[0].epoch.max()
    curves[name] = pd.DataFrame({"minutes": at, "test_accuracy": mean})
figure = look.curves(curves, x="minutes", logx=True)
axes = figure.axes[0]
axes.axhline(0.866, color=look.style.LIGHT["ink"], linestyle=":", linewidth=1.2)
axes.set_xticks([0.5, 1, 2, 4, 8, 16, 32], ["0.5", "1", "2", "4", "8", "16", "32"])
axes.set_xticks([], minor=True)
figure

# %% tags=["nbval-check-output"]
for name, target in shown.items():
    reached = [run["test_accuracy"] for run in runs_of(target)]
    print(f"{name:20}{percent(reached)} in {minutes[target]:5.1f} minutes")

# %% [markdown] lang="ko"
# 채널을 줄인 `cifar_fast`는 1.3분쯤에 87.7%, 줄이지 않은 것은 4.1분에 90.7%에 이릅니다. 이 장의 신경망은 20.7분을 훈련하고도 86.0%입니다. 2015년의
# 신경망은 사진을 80번 보는데 2024년의 신경망은 4번만 봅니다. 한 번 볼 때 더 많이 배우게 하는 것들이 있습니다. 그 가운데 초기화와 배치 정규화를 다음 장에서
# 잽니다.
#
# ## 주장을 다시 계산하기
#
# 튜토리얼과 강의와 논문에 적힌 것을 우리가 잰 것과 나란히 놓습니다. 계단의 수는 튜토리얼의 설정에서 계산한 것입니다.

# %% [markdown] lang="en"
# `cifar_fast` with fewer channels reaches 87.7% in about 1.3 minutes, the full one 90.7% in 4.1. This chapter's network has
# 86.0% after 20.7 minutes of training. The network of 2015 sees the photos 80 times, that of 2024 only 4 times. There are
# ways to learn more each time; two of them, initialisation and batch normalisation, are measured in the next chapter.
#
# ## The claims, recomputed
#
# Now we put what the tutorial, the lecture and a paper say beside what we measured. The number of stairs is computed from the
# tutorial's settings.

# %% tags=["nbval-check-output"]
accuracy = np.mean(last_of["averaged"])
steps_ours = 80 * math.ceil(50_000 / 128)
fewer = 100 * (whole["test_accuracy"] - rows["no LRN"]["test_accuracy"])
claims = [
    ("accuracy in %", "lecture", "about 86.6", f"{100 * accuracy:.1f}"),
    ("steps of 128 photos", "tutorial", "100,000", f"{steps_ours:,}"),
    ("epochs", "tutorial", "256", "80"),
    ("time", "tutorial", "4 h, one K40", f"{minutes[LECTURE]:.0f} min, 2 cores"),
    ("stairs gone down", "computed", "0", "one cycle"),
    ("LRN saves, error in points", "AlexNet", "13 to 11: 2", f"{fewer:.2f}"),
]
print(f"{'':28}{'source':10}{'theirs':>14}{'ours':>18}")
for what, source, theirs, measured in claims:
    print(f"{what:28}{source:10}{theirs:>14}{measured:>18}")

# %% [markdown] lang="ko"
# AlexNet 논문은 네 층짜리 합성곱 신경망에서 LRN이 CIFAR-10의 오류율을 13%에서 11%로 낮추었다고 적었습니다 {cite:p}`krizhevsky2012imagenet`. 우리 표의
# 음수는 LRN이 없을 때 오히려 조금 나았다는 뜻이고, 표준 오차보다 작습니다. 신경망도, 입력의 크기도, 훈련도 다르므로 우리의 수가 논문을 부정하지는 않습니다. 다만 우리가 훈련한 두
# 경우에는 이 LRN이 하는 일이 없었습니다. 같은 이름의 층이라도 들어오는 값의 크기에 따라 쓸모가 달라집니다.

# %% [markdown] lang="en"
# The paper of AlexNet says that LRN brought the error of a four-layer convolutional network on CIFAR-10 from 13 to 11%
# {cite:p}`krizhevsky2012imagenet`. The negative number in our table says that it went slightly better without LRN, by less
# than a standard error. Network, size of the inputs and training differ, so our number does not refute the paper. But in the
# two cases that we trained, this LRN did nothing. A layer of the same name can be useful or not, depending on the size of the
# values that enter it.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **LRN 대신 배치 정규화를 쓰면 어떻습니까?** 오늘날에는 그렇게 합니다. LRN은 이웃 채널의 크기로 나누고 배우는 파라미터가 없지만, 배치 정규화는 채널마다
# 미니배치의 평균과 표준 편차로 맞추고 크기와 편향을 배웁니다. 다음 장인 [‘훈련’ 장](06_training)에서 손으로 만듭니다. 패키지에서는
# `models.create("cifar_cnn", num_classes=10, norm="bn")`으로 바꿀 수 있습니다. 이것은 튜토리얼의 신경망이 아니라 변형이므로 긴 훈련의 수에는 넣지
# 않았습니다.
#
# **완전 연결층이 파라미터의 90%를 차지하는데 꼭 필요합니까?** 위의 표에서 은닉층 둘을 없앤 줄(no hidden)을 보세요. 2.4퍼센트포인트를 잃고 파라미터가
# 8분의 1쯤으로 줄어듭니다. 마지막 특징 맵을 채널마다 평균하는 전역 평균 풀링을 쓰면 더 줄일 수 있고, GoogLeNet부터는 대개 그렇게 합니다.
#
# **왜 가장 좋은 에폭의 정확도를 적지 않습니까?** 테스트 세트를 보고 에폭을 고르면 그 수는 처음 보는 사진에서의 정확도가 아니기 때문입니다. 이 책은
# 정해 놓은 일정의 마지막 에폭만 적습니다. 학습률과 에폭 수는 훈련 세트에서 떼어 둔 5,000장으로 골랐습니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **What about batch normalisation in place of LRN?** That is what is done today. LRN divides by the size of neighbouring
# channels and learns nothing; batch normalisation normalises each channel with the mean and the standard deviation of the
# mini-batch, and learns a scale and a bias. You build it by hand in the next chapter, [the one on training](06_training). In
# the package it is `models.create("cifar_cnn", num_classes=10, norm="bn")`. That is a variant and not the tutorial's network,
# so it is not among the numbers of the long run.
#
# **The fully connected layers hold 90% of the parameters. Are they needed?** See the line of the table above without the two
# hidden layers (no hidden): it loses 2.4 percentage points, and about an eighth of the parameters is left. Global average pooling, the mean of each
# channel of the last feature map, saves still more, and most networks from GoogLeNet on use it.
#
# **Why not report the accuracy of the best epoch?** Whoever picks an epoch by looking at the test set no longer measures
# accuracy on photos never seen. This book reports the last epoch of a schedule fixed beforehand. Learning rate and number of
# epochs were chosen on 5,000 images split off from the training set.

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 네 연습의 함수는 무작위로 고른 입력에서 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first four are checked on random inputs, and where one is wrong the
# check says what is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 한 픽셀의 LRN.** 한 픽셀에 있는 채널들의 값 `a`(1차원 NumPy 배열)에 국소 응답 정규화를 하는 `respond(a, radius, k, alpha, beta)`를 짜세요.
# 모양이 같은 배열을 돌려줍니다. 이 장의 식 그대로이고, 양 끝에서는 있는 채널만 더합니다.

# %% [markdown] lang="en"
# **Exercise: LRN of one pixel.** Write `respond(a, radius, k, alpha, beta)`, which applies local response normalisation to `a`,
# the values of one pixel's channels (a NumPy array of one dimension), and returns an array of the same shape. Use the formula of
# this chapter as it stands; at both ends, add only the channels that exist.


# %% tags=["exercise"]
def respond(a, radius, k, alpha, beta): ...


check.exercise("respond", respond)


# %% tags=["solution"]
# solution
def respond(a, radius, k, alpha, beta):
    total = [
        np.square(a[max(0, i - radius) : i + radius + 1]).sum() for i in range(len(a))
    ]
    return a / (k + alpha * np.array(total)) ** beta


check.exercise("respond", respond, solution=True)

# %% [markdown] lang="ko"
# **연습: 학습률의 계단.** 지금까지 `step`걸음을 걸었을 때의 학습률 `stairs(step, first, factor, length)`를 짜세요. 처음 학습률은 `first`이고,
# `length`걸음마다 `factor`를 곱합니다.

# %% [markdown] lang="en"
# **Exercise: stairs of the learning rate.** Write `stairs(step, first, factor, length)`, the learning rate after `step` steps.
# It begins with `first` and is multiplied by `factor` after every `length` steps.


# %% tags=["exercise"]
def stairs(step, first, factor, length): ...


check.exercise("stairs", stairs)


# %% tags=["solution"]
# solution
def stairs(step, first, factor, length):
    return first * factor ** (step // length)


check.exercise("stairs", stairs, solution=True)
decay_steps = int(50_000 / 128 * 350)
print("tutorial, last of 100,000 steps:", stairs(99_999, 0.1, 0.1, decay_steps))

# %% [markdown] lang="ko"
# **연습: 처음에는 짧게 기억하는 평균.** `averages(values, decay)`를 짜세요. `values[0]`은 출발점이고 `values[n]`은 걸음 $n$ 뒤의 값입니다. 걸음마다의
# 평균을 같은 길이의 배열로 돌려줍니다. 첫 값은 `values[0]`이고, 걸음 $n$에서는 옛 평균의 몫이 $d_n = \min(d, (1 + n)/(10 + n))$입니다.

# %% [markdown] lang="en"
# **Exercise: an average with a short memory at first.** Write `averages(values, decay)`. `values[0]` is the start and
# `values[n]` the value after step $n$. Return the average after each step, an array of the same length. The first is
# `values[0]`; at step $n$ the share of the old average is $d_n = \min(d, (1 + n)/(10 + n))$.


# %% tags=["exercise"]
def averages(values, decay): ...


check.exercise("averages", averages)


# %% tags=["solution"]
# solution
def averages(values, decay):
    found = [values[0]]
    for n, value in enumerate(values[1:], start=1):
        d = min(decay, (1 + n) / (10 + n))
        found.append(d * found[-1] + (1 - d) * value)
    return np.array(found)


check.exercise("averages", averages, solution=True)

# %% [markdown] lang="ko"
# **연습: 순서 바로잡기.** 앞의 `out_of_order`는 훈련 한 걸음을 하는데, 평균이 한 걸음 늦고 학습률도 한 걸음 늦게 정해집니다. 걸음 `step`의 학습률
# $0.1 \cdot 0.5^{\lfloor \text{step} / 10 \rfloor}$로 옮기고, 옮긴 뒤의 가중치로 평균을 내는 `in_order`를 짜세요. `gradient`는 함수이고, 새 `w`와 새 평균을 튜플로 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: put it in order.** `out_of_order` above makes one step of training, but its average is a step late, and so is its
# learning rate. Write `in_order`, which moves at the rate of this `step`, $0.1 \cdot 0.5^{\lfloor \text{step} / 10 \rfloor}$,
# and averages the weights from after the move.
# `gradient` is a function; return the new `w` and the new average as a tuple.


# %% tags=["exercise"]
def in_order(w, average, gradient, step): ...


check.exercise("in_order", in_order)


# %% tags=["solution"]
# solution
def in_order(w, average, gradient, step):
    rate = 0.1 * 0.5 ** (step // 10)
    w = w - rate * gradient(w)
    average = 0.9 * average + 0.1 * w
    return w, average


check.exercise("in_order", in_order, solution=True)

# %% [markdown] lang="ko"
# **연습: LRN을 떼고 재기.** 훈련한 `network`를 복사해서 두 LRN을 `nn.Identity()`로 바꾸고, 다시 훈련하지 않은 채 `test_24`에서 재세요. 바꾼 신경망을
# `without`에, `train.evaluate`의 결과를 `without_result`에 넣습니다. 표준화를 훈련할 때와 같게 하려면 `like=history`를 건네야 합니다. 재기 전에, 이 장에서 잰 배율로 보아 정확도가 얼마나 달라질지 예상해 보세요.

# %% [markdown] lang="en"
# **Exercise: measure without LRN.** Copy the trained `network`, put `nn.Identity()` in place of both LRN, and measure on `test_24`
# without training again. Put the changed network in `without` and the result of `train.evaluate` in `without_result`. To
# standardise as in training, pass `like=history`. Before you measure: judging
# by the factors measured in this chapter, how much will the accuracy change?

# %% tags=["exercise"]
without = ...
without_result = ...

check.exercise("without_lrn", (without, without_result))

# %% tags=["solution"]
# solution
without = copy.deepcopy(network)
without.norm1 = nn.Identity()
without.norm2 = nn.Identity()
without_result = train.evaluate(without, test_24, like=history)

check.exercise("without_lrn", (without, without_result), solution=True)
print(f"with LRN {result.accuracy:.3f}, without {without_result.accuracy:.3f}")
check.that(abs(result.accuracy - without_result.accuracy) < 0.02, "hardly a change")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - TensorFlow의 CIFAR-10 튜토리얼 {cite:p}`tensorflow2015cifar`: 이 장의 신경망이 나온 곳입니다. 코드와 설명을 나란히 읽어 보세요.
# - CIFAR-10을 만든 보고서 {cite:p}`krizhevsky2009learning`: 사진을 어떻게 모으고 이름을 붙였는지 나와 있습니다.
# - {cite:t}`polyak1992acceleration`: 지나온 자리를 평균하면 왜 좋은지를 증명한 논문입니다.
# - {cite:t}`jordan2024cifar`: CIFAR-10을 가장 빨리 배우는 방법입니다. `cifar_fast`의 본보기입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - TensorFlow's CIFAR-10 tutorial {cite:p}`tensorflow2015cifar`: where the network of this chapter comes from. Read the code and
#   the explanation side by side.
# - The report that made CIFAR-10 {cite:p}`krizhevsky2009learning` tells how the photos were collected and labelled.
# - {cite:t}`polyak1992acceleration` prove why it is good to average over the places passed.
# - {cite:t}`jordan2024cifar` describes the fastest way to learn CIFAR-10, the model for `cifar_fast`.
