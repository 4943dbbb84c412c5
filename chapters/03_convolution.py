# %% [markdown] lang="ko"
# # 합성곱
#
# ## 무엇을 만들게 될까요?
#
# 아래 그림의 가운데에는 수가 아홉 개 있습니다. 이 수들을 사진 위에서 한 칸씩 옮기면서 그 아래 칸과 곱해 더하면 오른쪽
# 그림이 나옵니다. 밝기가 위아래로 바뀌는 곳, 곧 주로 가로 방향의 경계가 남았습니다. 이 계산이
# 합성곱(convolution)입니다. 이 장에서는 합성곱을 반복문으로, 행렬 곱으로, 라이브러리로 모두 세 번 합니다. 마지막에는 수
# 아홉 개를 사람이 정하지 않습니다. 컴퓨터가 사진과 결과만 보고 스스로 찾아냅니다.

# %% [markdown] lang="en"
# # Convolution
#
# ## What you will build
#
# In the middle of the picture below stand nine numbers. Move them over a photograph one cell at a time, multiply each
# by the cell under it, add up the products, and the picture on the right comes out. What is left are the places where
# the brightness changes from top to bottom: mainly horizontal edges. This sum is convolution. You will compute it
# three ways: with loops, with a matrix product, and with a library. At the end nobody prescribes the nine numbers:
# the computer finds them by itself, from the photograph and the result alone.

# %%
import time

import numpy as np
import pandas as pd
import torch
from matplotlib.patches import Rectangle
from torch import nn
from torch.nn import functional

from cnnbook import check, data, look, outputs

# one core for everybody: the comparisons of speed below are then fair
torch.set_num_threads(1)

photos = data.load("photos")
# name -> (3, 256, 256), values 0..1
photo = dict(zip(photos.classes, data.to_float(photos.images), strict=True))


def grey(colour):
    """Brightness of a colour picture: (3, H, W) -> (H, W)."""
    return torch.tensordot(torch.tensor([0.299, 0.587, 0.114]), colour, dims=1)


cat, astronaut = grey(photo["cat"]), grey(photo["astronaut"])
sobel = torch.tensor([[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -1.0]])
print(photos.classes, tuple(cat.shape))

# %% name="fig-first" tags=["hide-input"] alt_ko="왼쪽은 고양이 흑백 사진, 가운데는 위 행이 1, 2, 1이고 가운데 행이 0, 아래 행이 -1, -2, -1인 3×3 필터, 오른쪽은 눈과 줄무늬의 가로 경계가 밝고 어두운 선으로 남은 결과입니다." alt_en="Left, a grey photo of a cat; middle, a 3×3 filter with top row 1, 2, 1, middle row 0 and bottom row -1, -2, -1; right, the result, in which the horizontal edges of eyes and stripes remain as bright and dark lines." caption_ko="사진, 수 아홉 개, 그 둘의 합성곱. 오른쪽에서 회색은 0, 밝은 곳은 양수, 어두운 곳은 음수입니다." caption_en="A photograph, nine numbers, and their convolution. On the right grey is 0, bright is positive and dark is negative."
response = functional.conv2d(cat[None, None], sobel[None, None])[0, 0]
figure = look.style.figure("full", 2.6)
axes = figure.subplots(1, 3, width_ratios=[3, 1.6, 3])
axes[0].imshow(cat, cmap="gray", vmin=0, vmax=1)
axes[1].imshow(sobel, cmap="gray", vmin=-4, vmax=4)
axes[2].imshow(response, cmap="gray", vmin=-1.2, vmax=1.2)
for (i, j), value in np.ndenumerate(sobel.numpy()):
    colour = "black" if value >= 0 else "white"
    axes[1].text(
        j, i, f"{value:.0f}".replace("-", "−"), ha="center", va="center", color=colour
    )
for axis, title in zip(axes, ["photo", "filter", "result"], strict=True):
    axis.set_title(title)
    axis.axis("off")
figure

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# 파이썬과 배열, 행렬 곱, 그리고 편미분이 무엇인지 알면 됩니다. 신경망은 몰라도 됩니다. 새로운 말은 처음 쓸 때
# 설명합니다. 코드에서 불러오는 `cnnbook`은 이 책의 패키지로, 자료와 그림과 검사를 맡습니다. GPU도 인터넷 연결도
# 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 두 코어 CPU에서 10초쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# Python, arrays, matrix products, and what a partial derivative is. You need not know neural networks: new words are
# explained where they are first used. `cnnbook`, which the code imports, is this book's package: data, figures and
# checks. Neither a GPU nor an internet connection is needed. Running this notebook from top to bottom takes about 10
# seconds on two CPU cores.

# %% [markdown] lang="ko"
# ## 왜 모두 이어서는 안 될까요?
#
# 유닛(unit, 뉴런이라고도 합니다) 하나는 입력마다 가중치(weight)를 하나씩 곱해서 더하고, 거기에 편향(bias)이라는 수를
# 하나 더합니다. 층(layer)은 유닛의 모임입니다. 완전 연결층(fully connected layer)에서는 유닛마다 입력의 모든 수에
# 가중치가 하나씩 있습니다. 입력이 사진이라면 유닛 하나에 가중치가 몇 개 필요할까요? 한 변이 32칸이고 색이 세 가지인
# 작은 사진과, 한 변이 200칸인 사진에서 세어 봅시다.

# %% [markdown] lang="en"
# ## Why not connect everything?
#
# A unit (also called a neuron) multiplies each of its inputs by a weight, adds them up, and adds one more number, its
# bias. A layer is a collection of units. In a fully connected layer every unit has one weight for every number of the
# input. If the input is a picture, how many weights does one unit need? Let us count for a small picture of 32 cells
# on each side, in three colours, and for one of 200 cells.

# %% tags=["nbval-check-output"]
for height, width, channels in [(32, 32, 3), (200, 200, 3)]:
    print(f"{height} × {width} × {channels} = {height * width * channels:,}")

# %% [markdown] lang="ko"
# 3,072개와 120,000개입니다. 게다가 유닛은 하나가 아니라 수백 개가 필요합니다. 이 많은 연결이 다 쓸모 있을까요? 사진에
# 물어봅시다. 사진의 칸 하나를 픽셀(pixel)이라고 합니다. 가로로 $d$칸 떨어진 두 픽셀의 밝기가 얼마나 비슷한지를 상관
# 계수로 잽니다. 1이나 −1이면 한쪽에서 다른 쪽이 직선의 식으로 정해지고, 0이면 어떤 직선도 예측에 도움이 되지 않습니다.

# %% [markdown] lang="en"
# 3,072 and 120,000. And a layer needs not one unit but hundreds. Are all these connections of use? Let us ask the
# photographs. One cell of a photograph is a pixel. We measure by a correlation coefficient how alike the brightness
# of two pixels is that lie $d$ columns apart. At 1 or −1 one follows from the other by a straight line; at 0 no
# straight line helps to predict.


# %%
def correlation(picture, distance):
    """Correlation, -1..1, of the brightness of two pixels `distance` columns apart."""
    left, right = picture[:, :-distance], picture[:, distance:]
    return torch.corrcoef(torch.stack([left.flatten(), right.flatten()]))[0, 1].item()


distances = [1, 2, 4, 8, 16, 32, 64, 128]
curves = {
    name: [correlation(grey(colour), d) for d in distances]
    for name, colour in photo.items()
}
near, far = (
    np.mean([curve[distances.index(d)] for curve in curves.values()]) for d in (1, 64)
)
print(f"d = 1: {near:.2f}   d = 64: {far:.2f}")
check.that(near > 0.9 and far < 0.5, f"near {near:.2f} > 0.9, far {far:.2f} < 0.5")

# %% name="fig-correlation" tags=["hide-input"] alt_ko="사진마다 선이 하나씩 있는 그래프. 거리 1에서 상관은 1에 가깝고, 거리가 늘수록 0 쪽으로 떨어집니다." alt_en="A graph with one line for each photo. At distance 1 the correlation is close to 1, and it falls towards 0 as the distance grows." caption_ko="픽셀 사이의 거리와 상관. 가까운 픽셀은 서로 비슷하고, 멀수록 덜 비슷합니다. 선 하나가 사진 한 장입니다." caption_en="Distance between pixels and their correlation. Near pixels are alike, and the farther apart, the weaker. One line is one photograph."
tables = {
    name: pd.DataFrame({"distance": distances, "correlation": curve})
    for name, curve in curves.items()
}
figure = look.curves(
    tables,
    x="distance",
    y="correlation",
    xlabel="distance d (cells)",
    logx=True,
    height=3.2,
)
figure.axes[0].set_xticks(distances, distances)
figure.axes[0].set_xticks([], minor=True)
figure

# %% [markdown] lang="ko"
# 이 그림에 기대어, 유닛은 가까운 픽셀만 보게 합니다. 이것이 국소 연결성(local connectivity)입니다. 여기에 가정을 하나
# 더합니다. 사진 왼쪽에서 쓸모 있는 무늬는 오른쪽에서도 쓸모 있으니, 어느 자리의 유닛이든 같은 가중치를 써도 된다는
# 것입니다. 이것이 파라미터 공유(parameter sharing)입니다. 파라미터(parameter)는 학습으로 정하는 수, 곧 가중치와 편향을
# 함께 이르는 말입니다. 둘을 식으로 옮기면 합성곱층이 됩니다. 한 줄짜리 입력부터 시작합시다.

# %% [markdown] lang="en"
# On the strength of this figure, we let a unit look at near pixels only: local connectivity. To that we add an
# assumption: a pattern that is useful on the left of a picture is useful on the right too, so the units at all places
# may use the same weights. This is parameter sharing. Parameters are the numbers that learning sets: weights and
# biases together. Written as a formula, the two become the convolutional layer. Let us begin with an input that is a
# single line.

# %% [markdown] lang="ko"
# ## 한 줄 위를 움직이는 필터
#
# 밝기가 3, 3, 3이다가 8, 8로 뛰는 줄이 있습니다. 가중치 $1, 0, -1$을 이 줄 위에서 옮기면서 그 아래 칸과 곱해 더합니다.
# 이렇게 옮겨 다니는 가중치 묶음을 필터(filter) 또는 커널(kernel)이라고 합니다. 필터의 폭을 $F$, 한 번에 옮기는 칸 수인
# 스트라이드(stride)를 $S$로 씁니다. 양쪽 끝에 0을 $P$칸씩 덧대는 것은 제로 패딩(zero padding)입니다. 그림에서는 이
# 계산을 $\star$로 적습니다.

# %% [markdown] lang="en"
# ## A filter on a line
#
# Here is a line whose brightness is 3, 3, 3 and then jumps to 8, 8. We move the weights $1, 0, -1$ over this line,
# multiply each by the cell under it and add up the products. A set of weights that travels like this is called a
# filter or kernel. We write $F$ for the filter's width and $S$ for its stride, the number of cells it moves at a
# time. Adding $P$ cells of 0 at both ends is zero padding. In figures $\star$ stands for this computation.


# %% tags=["nbval-check-output"]
def slide(row, weights, stride=1, padding=0):
    """Sum of the weights times every window of the padded row: (W,), (F,) -> (n,)."""
    padded = np.pad(row, padding)
    starts = range(0, len(padded) - len(weights) + 1, stride)
    return np.array(
        [padded[start : start + len(weights)] @ weights for start in starts]
    )


row, weights = np.array([3, 3, 3, 8, 8]), np.array([1, 0, -1])
print("S = 1:", slide(row, weights, stride=1, padding=1))
print("S = 2:", slide(row, weights, stride=2, padding=1))

# %% name="fig-line" alt_ko="0, 3, 3, 3, 8, 8, 0이 적힌 일곱 칸의 입력에서 3, 3, 8 세 칸이 강조되어 있고, 필터 1, 0, -1과 곱한 결과 -5가 출력에서 강조되어 있습니다. 스트라이드 1의 출력은 -3, 0, -5, -5, 8이고 스트라이드 2의 출력은 -3, -5, 8입니다." alt_en="An input of seven cells, 0, 3, 3, 3, 8, 8, 0, in which the cells 3, 3, 8 are marked; times the filter 1, 0, -1 they give -5, marked in the output. The output at stride 1 is -3, 0, -5, -5, 8; at stride 2 it is -3, -5, 8." caption_ko="위는 입력(input)과 필터(filter), 아래는 출력(output)입니다. 강조한 창과 필터를 곱해 더하면 $3 \\cdot 1 + 3 \\cdot 0 + 8 \\cdot (-1) = -5$입니다. 회색 칸은 패딩입니다." caption_en="Above, input and filter; below, output. The marked window times the filter is $3 \\cdot 1 + 3 \\cdot 0 + 8 \\cdot (-1) = -5$. Grey cells are padding."
draw = look.draw
star = draw.sign("⋆", size=38)
draw.stack(
    draw.row(
        draw.cells(
            np.pad(row, 1),
            "input, P = 1",
            colour="blue",
            padding=1,
            highlight=(0, 2, 1, 3),
        ),
        star,
        draw.cells(weights, "filter", colour="orange"),
    ),
    draw.row(
        draw.cells(
            slide(row, weights, 1, 1),
            "output, S = 1",
            colour="green",
            highlight=[(0, 2)],
        ),
        draw.cells(
            slide(row, weights, 2, 1),
            "output, S = 2",
            colour="green",
            highlight=[(0, 1)],
        ),
        gap=40,
    ),
    align="left",
)

# %% [markdown] lang="ko"
# $S = 1$인 출력의 둘째 칸은 평평한 곳에 있어 0이고, 밝기가 뛰는 곳에서 $3 - 8 = -5$가 나옵니다. 이 필터는 경계를
# 찾습니다. 그런데 양 끝의 $-3$과 $8$도 눈여겨보세요. 거기에는 경계가 없습니다. 덧댄 0이 만든 가짜 경계입니다. 제로
# 패딩은 $S = 1$, $P = (F - 1) / 2$일 때 크기를 지켜 주지만, 가장자리에 가짜 경계를 만듭니다.
#
# 완전 연결층이라면 입력 5칸과 출력 5칸 사이에 가중치가 25개 있어야 합니다. 여기서는 3개로 끝났습니다.

# %% [markdown] lang="en"
# At $S = 1$ the second cell of the output stands on flat ground and is 0; where the brightness jumps we get
# $3 - 8 = -5$. This filter finds edges. But look at the $-3$ and the $8$ at the two ends as well. There is no edge
# there: the added zeros made a false one. With $S = 1$ and $P = (F - 1) / 2$ zero padding keeps the size, but it
# makes false edges at the border.
#
# A fully connected layer between 5 cells of input and 5 cells of output would need 25 weights. Here 3 were enough.

# %% [markdown] lang="ko"
# ## 뒤집기: 합성곱과 교차 상관
#
# 수학 책의 합성곱은 두 함수 중 하나를 뒤집어 옮기면서 곱하고 적분합니다.
#
# $$(f * g)(t) = \int_{-\infty}^{\infty} f(\tau)\, g(t - \tau)\, d\tau$$
#
# 칸으로 나뉜 줄에서는 적분이 합이 됩니다. 첨자의 $-j$가 뒤집기입니다.
#
# $$(x * w)_i = \sum_{j=0}^{F-1} x_{i-j}\, w_j$$
#
# 뒤집지 않은 합은 교차 상관(cross-correlation)이라고 합니다.
#
# $$(x \star w)_i = \sum_{j=0}^{F-1} x_{i+j}\, w_j$$
#
# 줄 밖의 칸은 0입니다. 우리의 `slide`는 어느 쪽입니까? PyTorch는 어느 쪽입니까? 한 칸만 1이고 나머지는 0인 줄을 넣으면
# 바로 보입니다. 합성곱은 필터를 그대로 찍어 내고, 교차 상관은 뒤집어 찍어 냅니다.

# %% [markdown] lang="en"
# ## The flip: convolution and cross-correlation
#
# The convolution of mathematics books flips one of two functions, moves it, multiplies and integrates.
#
# $$(f * g)(t) = \int_{-\infty}^{\infty} f(\tau)\, g(t - \tau)\, d\tau$$
#
# On a line of cells the integral becomes a sum. The $-j$ in the index is the flip.
#
# $$(x * w)_i = \sum_{j=0}^{F-1} x_{i-j}\, w_j$$
#
# The sum without the flip is called cross-correlation.
#
# $$(x \star w)_i = \sum_{j=0}^{F-1} x_{i+j}\, w_j$$
#
# Cells outside the line are 0. Which of the two is our `slide`? Which is PyTorch's? A line with a 1 in one cell and 0
# elsewhere shows it at once. Convolution prints a copy of the filter; cross-correlation prints it flipped.


# %% tags=["nbval-check-output"]
def library(row, weights, padding):
    """PyTorch's conv1d on one row: (W,), (F,) -> (n,); it wants N rows, C channels."""
    row, weights = (torch.tensor(values)[None, None] for values in (row, weights))
    return functional.conv1d(row, weights, padding=padding)[0, 0].numpy()


impulse, pattern = np.array([0, 0, 1, 0, 0]), np.array([1, 2, 3])
print("np.convolve          ", np.convolve(impulse, pattern, mode="same"))
print("np.correlate         ", np.correlate(impulse, pattern, mode="same"))
print("slide                ", slide(impulse, pattern, padding=1))
print("torch conv1d         ", library(impulse, pattern, padding=1))
print("torch conv1d, flipped", library(impulse, pattern[::-1].copy(), padding=1))

# %% [markdown] lang="ko"
# `slide`도 PyTorch도 교차 상관을 계산합니다. 다른 딥러닝 라이브러리도 마찬가지입니다. 필터를 뒤집어 넣으면 합성곱이
# 됩니다. 그러면 왜 뒤집을까요? 뒤집으면 두 줄의 자리를 맞바꾸어도 결과가 같기 때문입니다. 합성곱에서는
# $x * w = w * x$이지만, 교차 상관에서는 둘을 바꾸면 결과의 순서가 거꾸로 됩니다. 이 성질은 증명할 때 편하지만
# 신경망에는 필요하지 않습니다. 가중치를 학습하므로, 뒤집힌 필터가 필요하면 뒤집힌 필터를 배웁니다. 이 책도 관습을 따라
# 뒤집지 않은 계산을 합성곱이라고 부르고, 뒤집을 때는 뒤집는다고 밝힙니다.

# %% [markdown] lang="en"
# Both `slide` and PyTorch compute cross-correlation; so do the other deep-learning libraries. Hand in the filter
# flipped, and it is a convolution. Then why flip? Because it makes the order irrelevant: convolution has
# $x * w = w * x$, while cross-correlation reverses its result when the two are exchanged. That is convenient in
# proofs, but a network does not need it. Its weights are learned: where a flipped filter is needed, a flipped filter
# is what it learns. This book follows the custom and calls the sum without the flip convolution; where we flip, we
# say so.

# %% tags=["nbval-check-output"]
x, w = np.array([1, 5, 2]), np.array([1, 2, 3])
print(np.convolve(x, w), np.convolve(w, x))
print(np.correlate(x, w, mode="full"), np.correlate(w, x, mode="full"))

# %% [markdown] lang="ko"
# ## 사진 위의 필터
#
# 줄 대신 사진 위에서 옮기면 필터도 정사각형이 됩니다. 자리가 두 방향으로 움직이니 반복문도 둘입니다.

# %% [markdown] lang="en"
# ## Filters on a photograph
#
# When it moves over a photograph instead of a line, the filter becomes a square. The place moves in two directions,
# so there are two loops.


# %%
def filter_picture(picture, kernel):
    """One channel, one filter, size kept: (H, W), (F, F) with F odd -> (H, W)."""
    size = kernel.shape[0]
    padded = np.pad(picture, size // 2)
    result = np.empty_like(picture)
    for i in range(picture.shape[0]):
        for j in range(picture.shape[1]):
            result[i, j] = (padded[i : i + size, j : j + size] * kernel).sum()
    return result


top_sobel = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]])
emboss = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
kernels = {
    "blur": np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16,
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "edge": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "top Sobel": top_sobel,
    "Sobel, flipped": top_sobel[::-1, ::-1],
    "emboss": emboss,
    "emboss, flipped": emboss[::-1, ::-1],
}
picture = cat.numpy().astype(np.float64)
filtered = {name: filter_picture(picture, kernel) for name, kernel in kernels.items()}

weights = torch.tensor(np.stack(list(kernels.values())))[:, None].double()
by_torch = functional.conv2d(torch.tensor(picture)[None, None], weights, padding=1)
check.close(np.stack(list(filtered.values())), by_torch[0], what="conv2d")

# %% name="fig-filters" tags=["hide-input"] alt_ko="고양이 사진 여덟 장. 원본, 흐린 것, 털이 또렷한 것, 윤곽만 남은 것, 위쪽 소벨, 소벨을 뒤집어 밝고 어두움이 바뀐 것, 부조처럼 보이는 엠보스, 뒤집어서 빛이 반대쪽에서 오는 엠보스입니다." alt_en="Eight pictures of a cat: the original, blurred, with sharper fur, only the outlines, top Sobel, Sobel flipped with bright and dark exchanged, emboss like a relief, and emboss flipped with the light from the other side." caption_ko="같은 사진에 적용한 필터. 합이 0인 필터의 결과에서는 회색이 0입니다." caption_en="Filters on the same photograph. For filters whose sum is 0, grey is 0."
shown = {"photo": picture}
for name, kernel in kernels.items():
    shown[name] = filtered[name] if kernel.sum() else 0.5 + filtered[name] / 2
look.grid(
    [np.clip(result, 0, 1) for result in shown.values()],
    titles=list(shown),
    columns=4,
    size=1.5,
)

# %% tags=["nbval-check-output"]
for name, kernel in kernels.items():
    print(f"{name:16} sum {kernel.sum():.0f}")

# %% [markdown] lang="ko"
# 필터가 하는 일은 먼저 가중치의 합에서 드러납니다. 밝기가 일정한 곳에서 출력은 밝기에 합을 곱한 값입니다. 합이 1이면
# 평평한 곳을 그대로 두고, 합이 0이면 지웁니다. 흐림(blur)은 이웃과 평균을 냅니다. 선명화(sharpen)는 상하좌우 네
# 이웃과의 차이를 더하고, 경계(edge)는 여덟 이웃과의 차이만 남깁니다. 위쪽 소벨(top Sobel)은 위 행에서 아래 행을 뺍니다.
# 엠보스(emboss)는 대각선 방향의 차이를 원본에 더해, 빛을 비춘 부조처럼 보이게 합니다. 필터를 뒤집으면 소벨은 밝고
# 어두움이 바뀌고, 부조에는 빛이 반대쪽에서 옵니다.

# %% [markdown] lang="en"
# What a filter does shows first in the sum of its weights. Where the brightness is constant, the output is brightness
# times sum. A sum of 1 leaves flat areas as they are, a sum of 0 erases them. Blur averages with the neighbours.
# Sharpen adds the difference from the four neighbours above, below, left and right; edge keeps only a difference,
# from all eight. Top Sobel subtracts the row below from the row above. Emboss adds a diagonal difference to the
# picture, which then looks like a relief under a lamp. Flip the filter, and Sobel exchanges bright and dark, and the
# relief is lit from the other side.

# %% [markdown] lang="ko"
# ## 채널이 여럿, 필터가 여럿
#
# 컬러 사진은 빨강, 초록, 파랑 세 장이 겹친 것입니다. 그 한 장 한 장이 채널(channel)입니다. 필터는 가로와 세로로는
# 좁지만 채널은 모두 봅니다. 그래서 채널이 $C$개면 필터 하나는 가중치 $C \times F \times F$개와 편향 하나로
# 이루어집니다. 채널마다 곱해서 더하고 그것을 다시 모두 더해 한 장의 출력을 만듭니다. 이 한 장을 특징 맵(feature
# map)이라 하고, 그 안의 수 하나를 활성값(activation)이라고 합니다. 필터가 $K$개면 특징 맵도 $K$장이고, 이들을 쌓은 것이
# 출력 볼륨(output volume)입니다.
#
# $$y_{k,i,j} = b_k + \sum_{c=0}^{C-1} \sum_{u=0}^{F-1} \sum_{v=0}^{F-1} x_{c,\; iS+u,\; jS+v}\; w_{k,c,u,v}$$
#
# $x$는 패딩을 덧댄 입력입니다. 코드에서 바깥 반복문 셋은 식의 $k, i, j$이고, 안쪽의 합 셋은 `sum`이 맡습니다. $H'$과
# $W'$은 출력의 높이와 폭입니다.

# %% [markdown] lang="en"
# ## Many channels, many filters
#
# A colour picture is three sheets on top of each other: red, green, blue. Each sheet is a channel. A filter is narrow
# across and down, but it looks at all the channels. So with $C$ channels one filter consists of $C \times F \times F$
# weights and one bias. It multiplies and adds in each channel, adds up the channels, and gives one sheet of output.
# That sheet is called a feature map, and one number in it an activation. $K$ filters give $K$ feature maps; stacked,
# they are the output volume.
#
# $$y_{k,i,j} = b_k + \sum_{c=0}^{C-1} \sum_{u=0}^{F-1} \sum_{v=0}^{F-1} x_{c,\; iS+u,\; jS+v}\; w_{k,c,u,v}$$
#
# $x$ is the padded input. In the code the three outer loops are the formula's $k, i, j$, and `sum` does the three
# inner sums. $H'$ and $W'$ are the output's height and width.


# %%
def convolve_loops(x, weight, bias, stride=1, padding=0):
    """The formula in loops: (C, H, W), (K, C, F, F), (K,) -> (K, H', W')."""
    filters, _, size, _ = weight.shape
    x = np.pad(x, [(0, 0), (padding, padding), (padding, padding)])
    height, width = ((side - size) // stride + 1 for side in x.shape[1:])
    y = np.empty((filters, height, width), dtype=x.dtype)
    for k in range(filters):
        for i in range(height):
            for j in range(width):
                # (C, F, F)
                window = x[
                    :, i * stride : i * stride + size, j * stride : j * stride + size
                ]
                y[k, i, j] = bias[k] + (window * weight[k]).sum()
    return y


# %% [markdown] lang="ko"
# 손으로 계산할 수 있는 크기로 한 번 따라가 봅시다. 입력은 $5 \times 5 \times 3$, 필터는 $K = 2$개, $F = 3$, $S = 2$,
# $P = 1$입니다. [그림](#fig-demonstration)은 두 필터가 출력의 가운데 칸을 하나씩 만드는 과정입니다. 채널마다 표시한
# 창과 필터를 칸끼리 곱해 더하면 수 하나가 되고, 그 수 셋에 편향을 더하면 출력이 됩니다.

# %% [markdown] lang="en"
# Let us follow it once at a size that can be done by hand. The input is $5 \times 5 \times 3$, there are $K = 2$
# filters, $F = 3$, $S = 2$, $P = 1$. [The picture](#fig-demonstration) shows how the two filters each make the middle
# cell of their output. In each channel the marked window times the filter, cell by cell and added up, is one number;
# three such numbers and the bias are the output.

# %% tags=["nbval-check-output"]
random = np.random.default_rng(4)
x = random.integers(0, 3, (3, 5, 5))  # (C, H, W)
weight = random.integers(-1, 2, (2, 3, 3, 3))  # (K, C, F, F)
bias = np.array([1, 0])
y = convolve_loops(x, weight, bias, stride=2, padding=1)
padded = np.pad(x, [(0, 0), (1, 1), (1, 1)])
# the window of output cell (1, 1)
partial = [(padded[c, 2:5, 2:5] * weight[0, c]).sum() for c in range(3)]
print(y.shape)
print(y[0])
print(y[1])
print(
    " + ".join(f"({value})" for value in partial),
    f"+ ({bias[0]}) = {sum(partial) + bias[0]}",
)

# %% name="fig-demonstration" tags=["hide-input"] alt_ko="채널 세 개가 한 행씩 있습니다. 행마다 패딩을 덧댄 7×7 입력에서 가운데 3×3 창이 강조되어 있고, 오른쪽에는 그 채널의 필터가 위아래로 둘 있으며 창과 곱해 더한 값이 하나씩 적혀 있습니다. 맨 아래에는 필터마다 세 값과 편향을 더한 식과 3×3 출력이 있습니다." alt_en="Three channels, one a row. In each row the 3×3 window in the middle of the padded 7×7 input is marked; to its right, one above the other, stand the two filters' sheets for that channel, each with the one number that its product with the window gives. At the bottom, for each filter, the sum of three numbers and a bias, and the 3×3 output." caption_ko="$5 \\times 5 \\times 3$ 입력, 필터 2개, $F = 3$, $S = 2$, $P = 1$. 필터마다, 채널에서 얻은 세 값과 편향을 더하면 출력의 가운데 칸이 됩니다." caption_en="Input $5 \\times 5 \\times 3$, 2 filters, $F = 3$, $S = 2$, $P = 1$. For each filter the three numbers, one a channel, and the bias add up to the output's middle cell."
size = 28
window = padded[:, 2:5, 2:5]  # (C, F, F), the window of output cell (1, 1)
products = (window * weight).sum((2, 3))  # (K, C)


def channel_row(c):
    """Input channel c, and what each filter makes of its marked window."""
    places = dict(colour="blue", padding=1, highlight=(2, 2, 3, 3), size=size)
    sheets = [
        draw.row(
            star,
            draw.cells(weight[k, c], f"w[{k}, {c}]", colour="orange", size=size),
            "=",
            draw.cells([products[k, c]], size=size),
            gap=8,
        )
        for k in range(2)
    ]
    return draw.row(
        draw.cells(padded[c], f"x[{c}]", **places), draw.stack(*sheets, align="left")
    )


def output(k):
    """Filter k's output, and the sum that is its middle cell."""
    values = [*products[k], bias[k]]
    terms = " + ".join(f"({value})" if value < 0 else f"{value}" for value in values)
    name = f"y[{k}]: {terms} = {y[k, 1, 1]}".replace("-", "−")
    return draw.cells(y[k], name, colour="green", highlight=[(1, 1)], size=size)


draw.stack(*map(channel_row, range(3)), *map(output, range(2)), gap=24, align="left")

# %%
layer = nn.Conv2d(in_channels=3, out_channels=2, kernel_size=3, stride=2, padding=1)
layer.weight.data, layer.bias.data = (
    torch.tensor(weight).float(),
    torch.tensor(bias).float(),
)
check.close(y, layer(torch.tensor(x)[None].float())[0].detach(), what="nn.Conv2d")

# %% [markdown] lang="ko"
# ## 출력은 몇 칸일까요?
#
# 입력의 폭을 $W$라고 하면 덧댄 입력의 폭은 $W + 2P$입니다. 필터의 왼쪽 끝은 $0, S, 2S, \dots$에 놓이고, 오른쪽 끝이
# 덧댄 입력을 벗어나면 안 됩니다. 들어가는 자리를 먼저 세어 봅시다.

# %% [markdown] lang="en"
# ## How many outputs?
#
# Let $W$ be the width of the input; padded, it is $W + 2P$ wide. The filter's left end stands at $0, S, 2S, \dots$,
# and its right end must not leave the padded input. Let us first count the places where it fits.


# %% tags=["nbval-check-output"]
def positions(width, kernel, stride=1, padding=0):
    """Left edges at which a filter fits, in cells of the padded input."""
    return list(range(0, width + 2 * padding - kernel + 1, stride))


for stride in (1, 2, 3):
    print(f"S = {stride}:", positions(5, 3, stride, padding=1))

# %% name="fig-positions" tags=["hide-input"] alt_ko="폭 5에 패딩을 1씩 덧댄 일곱 칸 위에 필터가 놓이는 자리. 스트라이드 1은 다섯 자리, 2는 세 자리로 끝까지 덮고, 3은 두 자리를 놓고 오른쪽 한 칸이 남습니다." alt_en="Places of the filter on seven cells, width 5 with padding 1 at each end. Stride 1 has five places and stride 2 three, and both reach the end; stride 3 has two places and leaves one cell on the right." caption_ko="$W = 5$, $F = 3$, $P = 1$에서 필터가 놓이는 자리. 회색 칸은 패딩이고, 막대 하나가 필터가 놓인 자리 하나입니다. $S = 3$이면 ×로 표시한 마지막 칸은 한 번도 읽히지 않습니다." caption_en="Where the filter stands for $W = 5$, $F = 3$, $P = 1$. Grey cells are padding; a bar is one place of the filter. With $S = 3$ the last cell, marked ×, is never read."
colours = look.style.LIGHT
figure = look.style.figure("full", 2.2)
for stride, axis in zip((1, 2, 3), figure.subplots(1, 3), strict=True):
    starts = positions(5, 3, stride, padding=1)
    for cell in range(7):
        inner = colours["muted_soft"] if cell in (0, 6) else colours["paper"]
        axis.add_patch(
            Rectangle((cell, 0), 1, 1, facecolor=inner, edgecolor=colours["muted"])
        )
        if not any(start <= cell < start + 3 for start in starts):
            axis.text(
                cell + 0.5,
                0.46,
                "×",
                ha="center",
                va="center",
                color=colours["red"],
                size=18,
            )
    for level, start in enumerate(starts):
        place = (start + 0.1, -0.7 - 0.5 * level)
        axis.add_patch(
            Rectangle(place, 2.8, 0.28, facecolor=colours["orange"], edgecolor="none")
        )
    axis.set(xlim=(-0.2, 7.2), ylim=(-3.2, 1.3), title=f"S = {stride}", aspect="equal")
    axis.axis("off")
figure

# %% [markdown] lang="ko"
# 자리가 $n$개면 마지막 왼쪽 끝은 $(n - 1) S \le W + 2P - F$입니다. $S$가 $W + 2P - F$를 나누면 둘은 같고, 개수는 다음과
# 같습니다.
#
# $$n = \frac{W - F + 2P}{S} + 1$$
#
# 책의 패키지에 있는 `outputs`가 이 식입니다. 나누어떨어지는 경우를 무작위로 200가지 골라, 센 값과 식이 같은지
# 확인합니다. 그다음 나누어떨어지지 않는 경우를 넣습니다.

# %% [markdown] lang="en"
# With $n$ places, the last left end is $(n - 1) S \le W + 2P - F$. Where $S$ divides $W + 2P - F$ the two are equal,
# and the number is
#
# $$n = \frac{W - F + 2P}{S} + 1$$
#
# The book's package has this formula as `outputs`. We check that count and formula agree in 200 random cases in which
# the division is whole. Then we give it one that leaves a remainder.

# %%
check.same_counts(
    lambda w, f, s, p: len(positions(w, f, s, p)), outputs, cases=200, seed=0
)

# %%
with check.raises(ValueError):
    outputs(5, 3, stride=3, padding=1)

# %% [markdown] lang="ko"
# $(5 - 3 + 2) / 3$은 정수가 아닙니다. `outputs`는 이것을 오류로 알리지만, PyTorch는 말없이 내림합니다. 내림이 잘못은
# 아닙니다. 사진을 분류하는 신경망 ResNet {cite:p}`he2016deep`의 첫 층은 폭 224에 $F = 7$, $S = 2$이고, 흔한 구현에서는
# $P = 3$입니다. $(224 - 7 + 6) / 2 + 1 = 112.5$인데 논문의 표에는 112라고 적혀 있습니다. 무엇을 잃었을까요? 마지막
# 필터가 멈춘 자리를 봅시다.

# %% [markdown] lang="en"
# $(5 - 3 + 2) / 3$ is not whole. `outputs` reports that as an error, while PyTorch rounds down without a word.
# Rounding down is not wrong. ResNet {cite:p}`he2016deep` is a network that classifies pictures; its first layer has
# width 224 with $F = 7$, $S = 2$ and, in the usual implementations, $P = 3$. $(224 - 7 + 6) / 2 + 1 = 112.5$, and the
# paper's table says 112. What was lost? Let us look where the last filter stops.

# %% tags=["nbval-check-output"]
last = positions(224, 7, stride=2, padding=3)[-1]
layer = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3)
by_torch = layer(torch.zeros(1, 3, 224, 224)).shape[-1]
print(
    (224 - 7 + 2 * 3) / 2 + 1,
    outputs(224, 7, stride=2, padding=3, exact=False),
    by_torch,
)
print(f"cells 0..{224 + 2 * 3 - 1}, last window {last}..{last + 6}")

# %% [markdown] lang="ko"
# 덧댄 입력의 칸은 0번부터 229번까지인데 마지막 창은 228번에서 끝납니다. 읽히지 않은 것은 오른쪽 패딩 한 칸뿐이고,
# 사진은 한 칸도 잃지 않았습니다. 다만 패딩이 왼쪽은 3칸, 오른쪽은 2칸인 셈이 되어 시야가 한쪽으로 조금 치우칩니다.
# TensorFlow를 다루는 절에서 이 일을 다시 만납니다.
#
# 올림하는 길도 있습니다. 창 하나를 수 하나로 줄이는 층인 풀링은 뒤에서 다루는데, PyTorch의 풀링은 `ceil_mode`를 켜면
# 남은 칸에 창을 하나 더 놓습니다. 역시 사진을 분류하는 GoogLeNet {cite:p}`szegedy2015going`은 폭 112에서 3칸짜리 창을
# 2칸씩 옮기고 표에 56이라고 적었습니다. 패딩이 없으면 $(112 - 3) / 2 + 1 = 55.5$이니 올림한 값입니다.

# %% [markdown] lang="en"
# The cells of the padded input run from 0 to 229, and the last window ends at 228. All that was not read is one cell
# of padding on the right; the picture lost nothing. But in effect the padding is now 3 cells on the left and 2 on the
# right, and the view is shifted slightly to one side. We meet this again in the section on TensorFlow.
#
# One can also round up. Pooling, which we come to later, reduces a window to one number; with `ceil_mode`, PyTorch's
# pooling puts one more window over the cells that are left. GoogLeNet {cite:p}`szegedy2015going`, another classifier
# of pictures, moves a window of 3 cells 2 at a time over a width of 112, and its table says 56. Without padding
# $(112 - 3) / 2 + 1 = 55.5$, so that is rounded up.

# %% tags=["nbval-check-output"]
for ceil_mode in (False, True):
    pooled = functional.max_pool2d(
        torch.zeros(1, 1, 112, 112), 3, stride=2, ceil_mode=ceil_mode
    )
    print(f"ceil_mode={ceil_mode}:", pooled.shape[-1])

# %% [markdown] lang="ko"
# ## 같은 계산, 세 가지 방법
#
# 반복문은 식을 그대로 보여 주지만 느립니다. 컴퓨터는 행렬 곱을 아주 빠르게 합니다. 합성곱을 행렬 곱 하나로 바꿀 수
# 있을까요? 창마다 필터와 곱해서 더하니, 창 하나를 세로로 펴서 열 하나로 놓으면 됩니다 {cite:p}`chellapilla2006high`.
# 소프트웨어에서는 이것을 im2col이라고 합니다. 필터도 한 행으로 펴면, 행렬 곱 한 번이 모든 필터를 모든 자리에서
# 계산합니다. 사진은 $N$장을 한꺼번에 넣습니다.

# %% [markdown] lang="en"
# ## The same sum, three ways
#
# Loops show the formula as it is, but they are slow. Computers multiply matrices very fast. Can we turn convolution
# into a single matrix product? Every window is multiplied by the filter and added up, so we unroll each window into
# one column {cite:p}`chellapilla2006high`. Software calls this im2col. Unroll each filter into a row as well, and one
# matrix product computes every filter at every place. We hand in $N$ pictures at once.


# %%
def im2col(x, size, stride=1, padding=0):
    """Every window as one column: (N, C, H, W) -> (N, C * F * F, H' * W')."""
    x = functional.pad(x, [padding] * 4)
    height, width = ((side - size) // stride + 1 for side in x.shape[2:])
    cells = [
        # cell (u, v) of all windows at once
        x[:, :, u : u + stride * height : stride, v : v + stride * width : stride]
        for u in range(size)
        for v in range(size)
    ]
    return torch.stack(cells, dim=2).reshape(len(x), -1, height * width)


def convolve_im2col(x, weight, bias, stride=1, padding=0):
    """One matrix product: (N, C, H, W), (K, C, F, F), (K,) -> (N, K, H', W')."""
    filters, _, size, _ = weight.shape
    height, width = ((side + 2 * padding - size) // stride + 1 for side in x.shape[2:])
    columns = im2col(x, size, stride, padding)  # (N, C * F * F, H' * W')
    y = weight.flatten(1) @ columns + bias[:, None]  # (N, K, H' * W')
    return y.reshape(len(x), filters, height, width)


small = torch.arange(1, 17).reshape(1, 1, 4, 4)
columns = im2col(small, size=3)[0]  # (9, 4)

# %% name="fig-im2col" tags=["hide-input"] alt_ko="1부터 16까지 적힌 4×4 입력에서 왼쪽 위 3×3 창이 강조되어 있습니다. 화살표 오른쪽의 9×4 행렬에서는 그 창의 수 1, 2, 3, 5, 6, 7, 9, 10, 11이 첫째 열에 세로로 놓여 있습니다." alt_en="In a 4×4 input with the numbers 1 to 16 the 3×3 window at the top left is marked. In the 9×4 matrix right of the arrow the numbers of that window, 1, 2, 3, 5, 6, 7, 9, 10, 11, stand in the first column." caption_ko="im2col: 창마다 열 하나. 열 위의 수는 출력 칸의 자리입니다." caption_en="im2col: one column for each window. The numbers above the columns are the places of the output cells."
places = [f"{i},{j}" for i in range(2) for j in range(2)]
draw.row(
    draw.cells(small[0, 0], "input", colour="blue", highlight=(0, 0, 3, 3)),
    "→",
    draw.cells(
        columns,
        "im2col",
        colour="blue",
        labels=(None, places),
        highlight=(0, 0, 9, 1),
        size=30,
    ),
    gap=30,
)

# %% [markdown] lang="ko"
# 이제 세 구현에 같은 입력을 넣습니다. 입력은 사진에서 잘라 낸 $3 \times 48 \times 48$, 필터는 $F = 5$짜리 16개입니다.
# 결과가 $10^{-5}$ 안에서 같은지 먼저 보고, 스트라이드와 패딩을 바꾸어서도 확인합니다. 그런 뒤 시간을 잽니다.

# %% [markdown] lang="en"
# Now all three get the same input: a $3 \times 48 \times 48$ piece of a photograph, with 16 filters of $F = 5$. First
# we see whether the results agree within $10^{-5}$, for other strides and paddings too. Then we measure the time.

# %%
torch.manual_seed(0)
piece = photo["cat"][:, 100:148, 100:148]  # (3, 48, 48)
weight, bias = torch.randn(16, 3, 5, 5) / 75**0.5, torch.randn(16)
arrays = piece.numpy(), weight.numpy(), bias.numpy()


def by_torch(stride, padding):
    return functional.conv2d(piece[None], weight, bias, stride, padding)[0]


cases = [(1, 0), (1, 2), (2, 1), (3, 2)]  # stride, padding
check.same_function(lambda s, p: convolve_loops(*arrays, s, p), by_torch, *cases)
check.same_function(
    lambda s, p: convolve_im2col(piece[None], weight, bias, s, p)[0], by_torch, *cases
)


# %%
def seconds(compute, repeats):
    """Shortest time of one call, in seconds; the first call only warms up."""
    compute()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        compute()
        times.append(time.perf_counter() - start)
    return min(times)


timed = {
    "loops": seconds(lambda: convolve_loops(*arrays, padding=2), repeats=1),
    "im2col": seconds(
        lambda: convolve_im2col(piece[None], weight, bias, padding=2), repeats=20
    ),
    "torch": seconds(
        lambda: functional.conv2d(piece[None], weight, bias, padding=2), repeats=20
    ),
}
check.that(
    timed["loops"] > 5 * timed["torch"],
    f"loops {timed['loops']:.5f} s > 5 × torch {timed['torch']:.5f} s",
)
pd.DataFrame(
    {"milliseconds": {name: 1000 * value for name, value in timed.items()}}
).round(3)

# %% [markdown] lang="ko"
# 답은 같고 걸리는 시간은 크게 다릅니다. 표의 값은 이 노트북을 실행한 컴퓨터에서 방금 잰 것입니다. 라이브러리의 합성곱도
# 흔히 안에서 행렬 곱을 합니다. 대신 치르는 대가가 있습니다. 여러 창에 걸친 칸을 거듭 적으므로 im2col의 행렬은 입력의 약
# $F^2 / S^2$배, 스트라이드가 1이면 $F^2$배입니다. 여기서는 몇 배일까요?

# %% [markdown] lang="en"
# The same answer, at very different cost. The times in the table were measured just now, on the computer that ran
# this notebook. Inside a library's convolution there is often a matrix product, too. It has a price: cells shared by
# several windows are written several times, so im2col's matrix is about $F^2 / S^2$ times the input, $F^2$ times at
# stride 1. How many times here?

# %% tags=["nbval-check-output"]
columns = im2col(piece[None], 5, padding=2)
print(
    f"{columns.numel():,} / {piece.numel():,} = {columns.numel() / piece.numel():.0f}"
)

# %% [markdown] lang="ko"
# ## 완전 연결, 국소, 공유
#
# 편향을 빼면 합성곱층의 계산도 행렬 하나로 쓸 수 있습니다. 폭 12인 줄에서 그 행렬을 그려 봅시다. 행은 출력 유닛, 열은
# 입력 칸이고, 색은 가중치의 값입니다. 그림의 오른쪽 행렬은 `conv1d`에 단위행렬의 열을 하나씩 넣어 얻은 것입니다.

# %% [markdown] lang="en"
# ## Dense, local, shared
#
# Leave out the bias, and a convolutional layer, too, can be written as one matrix. Let us draw that matrix for a line
# of width 12. Rows are output units, columns are input cells, and colour is the value of the weight. The matrix on
# the right of the figure comes from handing `conv1d` the columns of the identity matrix one at a time.

# %%
torch.manual_seed(1)
width, size = 12, 3
# no weight close to 0
dense = torch.randn(width, width).sign() * (0.4 + 1.6 * torch.rand(width, width))
# cells within reach of a unit
band = (torch.arange(width)[:, None] - torch.arange(width)[None]).abs() <= size // 2
local = dense.T * band
kernel = torch.tensor([1.2, -0.4, -1.0])
# (output, input)
shared = functional.conv1d(torch.eye(width)[:, None], kernel[None, None], padding=1)[
    :, 0
].T
signal = torch.randn(width)
check.close(
    shared @ signal,
    functional.conv1d(signal[None, None], kernel[None, None], padding=1)[0, 0],
    what="matrix",
)

# %% name="fig-matrices" tags=["hide-input"] alt_ko="12×12 행렬 세 개. 왼쪽은 모든 칸에 서로 다른 색, 가운데는 대각선 둘레 세 칸 폭의 띠에만 서로 다른 색, 오른쪽은 같은 띠에서 행마다 똑같은 세 가지 색이 되풀이됩니다." alt_en="Three 12×12 matrices. Left, every cell has its own colour; middle, only a band three cells wide around the diagonal is coloured, each cell differently; right, in the same band every row repeats the same three colours." caption_ko="왼쪽부터 완전 연결(dense), 국소 연결(local), 공유(shared). 주황은 양수, 파랑은 음수이고 흰 칸은 연결이 없는 곳입니다. 수는 서로 다른 가중치의 개수입니다." caption_en="Dense (fully connected), local and shared connections. Orange is positive, blue negative, and white cells have no connection. The number is the count of different weights."
figure = look.style.figure("full", 2.9)
matrices = {"dense": dense, "local": local, "shared": shared}
for axis, (name, matrix) in zip(figure.subplots(1, 3), matrices.items(), strict=True):
    axis.imshow(matrix, cmap="cnnbook_diverging", vmin=-2, vmax=2)
    count = len(matrix[matrix != 0].unique())
    axis.set(
        title=f"{name}: {count}", xlabel="input", ylabel="output", xticks=[], yticks=[]
    )
figure

# %% [markdown] lang="ko"
# 가중치가 144개에서 34개로, 다시 3개로 줄었습니다. 가운데에서는 양 끝 유닛이 한 칸씩 덜 봅니다. 실제 크기의 층에서는
# 차이가 더 벌어집니다. 사진을 1,000가지로 나누는 신경망 AlexNet {cite:p}`krizhevsky2012imagenet`의 첫 층으로 세어
# 봅시다. 폭 227인 컬러 사진에 $F = 11$, $S = 4$인 필터 96개를 씁니다. 논문에는 224라고 적혀 있는데, 까닭은 뒤에서
# 봅니다. 아래에서 유닛(`units`)은 한 변의 출력 칸 수를 제곱해 필터 수를 곱한 것입니다. 모든 유닛에 편향이 하나씩
# 있는데, 공유하면 편향도 특징 맵마다 하나입니다.

# %% [markdown] lang="en"
# From 144 weights to 34, and then to 3. In the middle the two units at the ends see one cell less. In a layer of real
# size the gap is wider. Let us count for the first layer of AlexNet {cite:p}`krizhevsky2012imagenet`, a network that
# sorts pictures into 1,000 classes: 96 filters with $F = 11$ and $S = 4$ on a colour picture of width 227. The paper
# says 224; why comes later. Below, `units` is the square of the number of output cells along one side, times the
# number of filters. Every unit has a bias; with sharing there is one bias per feature map.


# %% tags=["nbval-check-output"]
def parameters(width, channels, filters, kernel, stride=1, padding=0):
    """Parameters where units see all, see locally, or see locally and share."""
    units = outputs(width, kernel, stride, padding) ** 2 * filters
    return {
        "units": units,
        "dense": units * (width**2 * channels + 1),
        "local": units * (kernel**2 * channels + 1),
        "shared": filters * (kernel**2 * channels + 1),
    }


for name, count in parameters(227, 3, 96, kernel=11, stride=4).items():
    print(f"{name:7} {count:>14,}")
conv1 = nn.Conv2d(3, 96, kernel_size=11, stride=4)
print(
    "torch  ",
    f"{sum(p.numel() for p in conv1.parameters()):>14,}",
    tuple(conv1(torch.zeros(1, 3, 227, 227)).shape),
)

# %% [markdown] lang="ko"
# 완전 연결이라면 44,892,355,200개, 국소 연결만 하면 105,705,600개, 공유까지 하면 34,944개입니다. PyTorch가 실제로
# 만든 층의 파라미터 수도 34,944입니다.

# %% [markdown] lang="en"
# 44,892,355,200 if dense, 105,705,600 if only local, 34,944 once shared. The layer that PyTorch really builds has
# 34,944 parameters as well.

# %% [markdown] lang="ko"
# ## 풀링
#
# 합성곱 사이에는 흔히 풀링(pooling)을 둡니다. 창 하나의 여러 수를 수 하나로 줄이는 일입니다. 채널마다 따로 하고, 학습할
# 가중치는 없습니다. 가장 큰 값을 남기면 최대 풀링(max pooling), 평균을 내면 평균 풀링(average pooling)입니다. 가장 작은
# 값이나 제곱합의 제곱근(L2)을 쓸 수도 있습니다. 흔한 크기는 2칸짜리 창을 2칸씩 옮기는 2/2와 3칸짜리 창을 2칸씩 옮기는
# 3/2입니다. 3/2에서는 창이 한 칸씩 겹칩니다. 이를 중첩 풀링(overlapping pooling)이라고 합니다.

# %% [markdown] lang="en"
# ## Pooling
#
# Between convolutions there is often pooling: it reduces the numbers of a window to one. It is done per channel and
# has no weights to learn. Keeping the largest is max pooling, taking the mean is average pooling; the smallest, or
# the root of the sum of squares (L2), will do as well. Common sizes are 2/2, a window of 2 cells moved 2 at a time,
# and 3/2, one of 3 cells moved 2 at a time. With 3/2 the windows overlap by one cell: overlapping pooling.


# %%
def pool(x, size, stride, reduce):
    """Reduce every window to one number: (..., H, W) -> (..., H', W')."""
    windows = x.unfold(-2, size, stride).unfold(-2, size, stride)  # (..., H', W', F, F)
    return reduce(windows.flatten(-2))


rules = {
    "max": lambda cells: cells.amax(-1),
    "min": lambda cells: cells.amin(-1),
    "mean": lambda cells: cells.mean(-1),
    "L2": lambda cells: cells.square().sum(-1).sqrt(),
}
batch = photo["cat"][None]


def by_torch(size, stride):
    return [
        functional.max_pool2d(batch, size, stride),
        -functional.max_pool2d(-batch, size, stride),
        functional.avg_pool2d(batch, size, stride),
        functional.lp_pool2d(batch, 2, size, stride),
    ]


def ours(size, stride):
    return [pool(batch, size, stride, reduce) for reduce in rules.values()]


for size in (2, 3):
    both = torch.stack(ours(size, 2)), torch.stack(by_torch(size, 2))
    check.close(*both, what=f"{size}/2: {', '.join(rules)}")

# %% name="fig-pooling" tags=["hide-input"] alt_ko="위는 4×4 입력을 2/2로, 아래는 5×5 입력을 3/2로 풀링한 결과입니다. 입력마다 첫 창이 강조되어 있고, 최대, 최소, 평균, L2의 2×2 결과가 차례로 있습니다." alt_en="Above, a 4×4 input pooled 2/2; below, a 5×5 input pooled 3/2. In each the first window is marked, and the 2×2 results of max, min, mean and L2 follow." caption_ko="네 가지 규칙(최대, 최소, 평균, L2)과 두 가지 크기. 강조한 창이 결과의 강조한 칸이 됩니다. 아래의 창들은 한 칸씩 겹칩니다. 소수는 소수점 아래 둘째 자리까지 반올림했습니다." caption_en="Four rules, two sizes. The marked window becomes the marked cell of each result. The windows below overlap by one cell. Fractions are rounded to two decimals."
table = torch.tensor(
    [
        [1, 2, 4, 3, 1],
        [3, 5, 2, 3, 2],
        [2, 1, 3, 0, 1],
        [2, 4, 1, 2, 3],
        [1, 3, 2, 0, 4],
    ]
)
lines = []
for side, size in [(4, 2), (5, 3)]:
    cells = table[:side, :side].float()
    parts = [
        draw.cells(cells, f"{size}/2", colour="blue", highlight=(0, 0, size, size)),
        "→",
    ]
    for name, reduce in rules.items():
        pooled = pool(cells, size, 2, reduce)
        parts.append(draw.cells(pooled, name, colour="green", highlight=[(0, 0)]))
    lines.append(draw.row(*parts, gap=10))
draw.stack(*lines, align="left")

# %% [markdown] lang="ko"
# 2/2 풀링은 수를 $1/4$만 남깁니다. 75%가 사라집니다. 그 대신 다음 층의 계산이 줄고, 입력이 조금 움직여도 출력이 덜
# 변하며, 다음 층의 필터 한 칸이 원래 입력의 더 넓은 곳을 봅니다. 뒤의 두 가지를 이어지는 두 절에서 잽니다.

# %% [markdown] lang="en"
# 2/2 pooling leaves $1/4$ of the numbers: 75% are gone. In return the next layer has less to compute, the output
# changes less when the input moves a little, and one cell of the next filter sees more of the original input. The
# last two we measure in the next two sections.

# %% [markdown] lang="ko"
# ## 입력을 옮기면
#
# 사진이 한 칸 옆으로 움직이면 특징 맵은 어떻게 될까요? 모든 자리에서 같은 가중치를 쓰므로 특징 맵도 한 칸 옆으로
# 움직여야 합니다. 옮기고 나서 계산한 것이 계산하고 나서 옮긴 것과 같다는 이 성질을 등변성(equivariance)이라고 합니다.
# 식으로는 $f(T_d x) = T_d f(x)$이고, $T_d$는 $d$칸 옮기기입니다. 옮겨도 결과가 아예 변하지 않는 성질
# $f(T_d x) = f(x)$는 불변성(invariance)이며, 둘은 서로 다릅니다.
#
# 재어 봅시다. 사진 끝으로 나간 칸은 반대쪽으로 돌아오게 해서 가장자리의 영향을 없앱니다. 스트라이드나 풀링이 있으면
# 출력은 $d / S$칸 움직여야 하는데, 이것이 정수가 아닐 수 있습니다. 그래서 출력을 가장 잘 맞는 정수 칸만큼 옮긴 뒤에
# 남는 차이를 잽니다. 0이면 완전한 등변성입니다.

# %% [markdown] lang="en"
# ## When the input moves
#
# If the photograph moves one cell to the side, what becomes of the feature map? Every place uses the same weights, so
# the feature map should move by one cell too. That moving first and computing second gives the same as computing
# first and moving second is called equivariance: $f(T_d x) = T_d f(x)$, where $T_d$ moves by $d$ cells. That the
# result does not change at all, $f(T_d x) = f(x)$, is invariance: another property.
#
# Let us measure it. Cells that leave the picture come back on the other side, so that no border disturbs us. With a
# stride or with pooling the output should move by $d / S$ cells, which may not be whole. So we move the output by the
# whole number of cells that fits best and measure the difference that remains. 0 is perfect equivariance.


# %%
def circular(x, kernel, stride=1):
    """Size of the response, ends joined: (N, 1, H, W) -> (N, 1, H / S, W / S)."""
    # abs: an edge counts the same whichever way the brightness jumps
    return functional.conv2d(
        functional.pad(x, [1] * 4, mode="circular"), kernel[None, None], stride=stride
    ).abs()


def remaining(layer, x, shift):
    """Relative difference after the best whole-cell move; 0 is exact equivariance."""
    y, moved = layer(x), layer(x.roll(shift, -1))
    return min(
        (moved - y.roll(move, -1)).norm() / y.norm() for move in range(shift + 1)
    ).item()


# the picture moves sideways, so look for vertical edges
vertical = sobel.T.contiguous()
layers = {
    "convolution": lambda x: circular(x, vertical),
    "stride 2": lambda x: circular(x, vertical, stride=2),
    "max pool": lambda x: functional.max_pool2d(circular(x, vertical), 2),
    "mean pool": lambda x: functional.avg_pool2d(circular(x, vertical), 2),
    # three 2/2 in a row keep the largest of 8 × 8 cells: one 8/8
    "three max pools": lambda x: functional.max_pool2d(circular(x, vertical), 8),
}
shifts = range(1, 17)
moves = {
    name: {shift: remaining(layer, cat[None, None], shift) for shift in shifts}
    for name, layer in layers.items()
}
check.that(
    max(moves["convolution"].values()) < 1e-6,
    f"convolution {max(moves['convolution'].values()):.1e} < 1e-6",
)
check.that(
    moves["stride 2"][1] > 0.1, f"stride 2, d = 1: {moves['stride 2'][1]:.2f} > 0.1"
)
check.that(
    moves["stride 2"][2] < 1e-6, f"stride 2, d = 2: {moves['stride 2'][2]:.1e} < 1e-6"
)

# %% name="fig-equivariance" tags=["hide-input"] alt_ko="옮긴 칸 수에 따른 남은 차이. 합성곱은 모든 곳에서 0입니다. 스트라이드 2와 풀링은 짝수에서 0, 홀수에서 0보다 크고, 스트라이드 2가 가장 큽니다. 풀링 세 번은 8과 16에서만 0입니다." alt_en="Remaining difference against the shift in cells. Convolution is 0 everywhere. Stride 2 and pooling are 0 at even shifts and above 0 at odd ones, with stride 2 the largest. Three poolings are 0 only at 8 and 16." caption_ko="입력을 $d$칸 옮겼을 때 출력을 가장 잘 맞추어도 남는 차이. $d$가 스트라이드의 곱의 배수일 때만 0입니다. 위에서부터 합성곱, 스트라이드 2, 최대 풀링, 평균 풀링, 최대 풀링 세 번입니다." caption_en="What remains after the best alignment when the input moves by $d$ cells. It is 0 only where $d$ is a multiple of the product of the strides. In the legend from the top: convolution, stride 2, max pooling, average pooling, three max poolings."
tables = {
    name: pd.DataFrame({"shift": shifts, "remaining": values.values()})
    for name, values in moves.items()
}
look.curves(
    tables,
    x="shift",
    y="remaining",
    xlabel="shift d (cells)",
    ylabel="remaining difference",
    width="full",
)

# %% [markdown] lang="ko"
# 합성곱은 몇 칸을 옮기든 등변성이 정확히 성립합니다. 스트라이드가 2이면 짝수 칸에서만 그렇습니다. 홀수 칸을 옮기면
# 필터가 전혀 다른 칸들 위에 서기 때문입니다. 풀링도 2칸씩 건너뛰므로 같은 일을 겪지만, 창 안을 모두 보기 때문에 차이가
# 더 작습니다. 2/2를 세 번 이으면 8칸마다 한 번씩만 정확합니다. 신경망의 특징 맵은 입력을 따라 그대로 움직인다고들
# 합니다. 스트라이드가 있으면 이것이 보장되는 것은 모든 스트라이드를 곱한 수의 배수만큼 옮길 때뿐이고, 가장자리에서는
# 그마저 아닙니다 {cite:p}`zhang2019making`.
#
# 불변성은 어떨까요? 이번에는 출력을 맞추지 않고, 입력이 한 칸 움직일 때 출력이 얼마나 변하는지 그대로 잽니다.

# %% [markdown] lang="en"
# Convolution is exactly equivariant at every shift. With stride 2 it is so at even shifts only: after an odd one the
# filters stand on quite different cells. Pooling skips 2 cells at a time and suffers the same, but it looks at
# everything inside its windows, so the difference is smaller. Three 2/2 in a row are exact once in 8 cells. It is
# often said that a network's feature maps simply follow when the input moves. With strides that is guaranteed only
# for moves that are multiples of the product of all strides, and away from the borders {cite:p}`zhang2019making`.
#
# And invariance? This time we do not align the output, but measure as it is how much it changes when the input moves
# by one cell.

# %%
y, moved = (
    circular(x, vertical) for x in (cat[None, None], cat[None, None].roll(1, -1))
)
changes = []
for _ in range(4):
    changes.append(((moved - y).norm() / y.norm()).item())
    y, moved = functional.max_pool2d(y, 2), functional.max_pool2d(moved, 2)
check.that(changes[3] < changes[0], f"{changes[3]:.2f} < {changes[0]:.2f}")
pools = ["no pool", "1 × 2/2", "2 × 2/2", "3 × 2/2"]
pd.DataFrame({"change": dict(zip(pools, changes, strict=True))}).round(2)

# %% [markdown] lang="ko"
# 풀링 세 번까지는 변화가 줄어드는데, 줄어드는 정도는 갈수록 작아집니다. 풀링은 불변성을 조금씩 얻는 대신, 무엇이 어디에
# 있었는지를 잃습니다.

# %% [markdown] lang="en"
# Up to three poolings the change falls, more slowly each time. Pooling gains invariance little by little, and loses
# where things were.

# %% [markdown] lang="ko"
# ## 한 칸은 어디까지 볼까요?
#
# 층을 쌓으면 뒤쪽 층의 한 칸은 입력을 얼마나 볼까요? 그 범위를 수용 영역(receptive field)이라고 합니다. 수용 영역의
# 폭을 $r$이라고 합시다. 출력에서 이웃한 두 칸이 입력에서 떨어진 칸 수는 점프(jump) $j$라고 합시다(열 번호 $j$와는
# 다릅니다). 입력에서는 둘 다 1입니다. 폭이 $F$이고 스트라이드가 $S$인 층을 하나 얹으면, 필터의 첫 칸이 $r$칸을 보고
# 나머지 $F - 1$칸이 $j$칸씩 넓힙니다.
#
# $$r \leftarrow r + (F - 1)\, j \qquad\qquad j \leftarrow j\, S$$

# %% [markdown] lang="en"
# ## How far does one cell see?
#
# When layers are stacked, how much of the input does one cell of a late layer see? That extent is its receptive
# field. Let $r$ be its width. Let $j$, the jump, be how many input cells apart two neighbouring cells of the output
# are (not the column index $j$). At the input both are 1. Add a layer of filter width $F$ and stride $S$: the
# filter's first cell sees $r$ cells, and the other $F - 1$ widen that by $j$ each.
#
# $$r \leftarrow r + (F - 1)\, j \qquad\qquad j \leftarrow j\, S$$


# %% tags=["nbval-check-output"]
def receptive_field(layers):
    """Input cells, across, that one output cell sees; layers: (kernel, stride)."""
    r, j = 1, 1
    for kernel, stride in layers:
        r, j = r + (kernel - 1) * j, j * stride
    return r


stacks = {
    "one 7": [(7, 1)],
    "three 3": [(3, 1)] * 3,
    "conv 5, pool 2/2, conv 5, pool 2/2": [(5, 1), (2, 2), (5, 1), (2, 2)],
}
for name, stack in stacks.items():
    print(f"{name}: {receptive_field(stack)}")

# %% [markdown] lang="ko"
# 식을 쓰지 않고 재어서 식이 맞는지 봅시다. 출력 한 칸을 입력의 모든 칸으로 미분합니다. 미분이 0이 아니면 출력이 그 칸을
# 봅니다. 거꾸로, 미분이 0이라고 해서 보지 않는다고 할 수는 없습니다. 이 미분을 모두 모은 것이
# 그레이디언트(gradient)이고, PyTorch의 `backward`가 계산해 줍니다. 최대 풀링은 그레이디언트를 창의 한 칸에만 보내므로,
# 여기서는 평균 풀링을 씁니다.

# %% [markdown] lang="en"
# Let us see whether the formula is right by measuring without it. We differentiate one output cell with respect to
# all input cells. Where the derivative is not 0, the output sees that cell; a derivative of 0 does not prove that it
# is not seen. All these derivatives together are a gradient, and PyTorch's `backward` computes it. Max pooling passes
# the gradient to one cell of its window only, so here we take average pooling.


# %%
def seen(layers, width):
    """Absolute gradient of the middle output cell: -> (width, width)."""
    x = torch.zeros(1, 1, width, width, requires_grad=True)
    y = x
    for kernel, stride in layers:
        if (kernel, stride) == (2, 2):
            y = functional.avg_pool2d(y, kernel, stride)
        else:
            # equal weights: every path counts the same
            equal = torch.full((1, 1, kernel, kernel), 1 / kernel**2)
            y = functional.conv2d(y, equal, stride=stride)
    middle = y.shape[-1] // 2
    y[0, 0, middle, middle].backward()
    return x.grad[0, 0].abs()


gradients = {name: seen(stack, width=28) for name, stack in stacks.items()}
measured = [(gradient.sum(0) > 0).sum().item() for gradient in gradients.values()]
computed = [receptive_field(stack) for stack in stacks.values()]
check.that(measured == computed, f"measured {measured} = computed {computed}")

# %% name="fig-receptive" tags=["hide-input"] alt_ko="28×28 입력 위의 그레이디언트 세 장. 7칸 필터 하나는 7×7 안이 고르게 밝고, 3칸 필터 셋은 같은 7×7에서 가운데가 밝고 귀퉁이로 갈수록 어둡습니다. 합성곱과 풀링을 두 번 쌓은 것은 16×16을 덮고 가운데가 밝습니다." alt_en="Three gradients on a 28×28 input. One filter of 7 is evenly bright within 7×7; three filters of 3 cover the same 7×7 but are bright in the middle and dark towards the corners. Two rounds of convolution and pooling cover 16×16, brightest in the middle." caption_ko="출력의 가운데 칸이 보는 곳. 왼쪽부터 7칸 필터 하나, 3칸 필터 셋, 합성곱(conv)과 풀링(pool) 두 번입니다. 점선은 식으로 계산한 수용 영역입니다. 밝을수록 많이 기여하며, 밝기의 눈금은 그림마다 다릅니다." caption_en="What the middle output cell sees: through one filter of 7, three of 3, and two rounds of convolution and pooling. The dashed line is the receptive field by the formula. Brighter contributes more; each panel has its own brightness scale."
figure = look.style.figure("full", 2.8)
for axis, (name, gradient) in zip(
    figure.subplots(1, 3), gradients.items(), strict=True
):
    axis.imshow(gradient)
    top, left = (int((gradient.sum(dim) > 0).nonzero()[0]) for dim in (1, 0))
    side = receptive_field(stacks[name])
    axis.add_patch(
        Rectangle(
            (left - 0.5, top - 0.5),
            side,
            side,
            fill=False,
            edgecolor=look.style.LIGHT["orange"],
            ls="--",
            lw=2,
        )
    )
    axis.set_title(name.replace(", conv 5, pool 2/2", ", twice"))
    axis.axis("off")
figure

# %% [markdown] lang="ko"
# 폭 3인 층 셋은 폭 7인 층 하나와 같은 범위를 봅니다. 채널이 하나일 때 가중치는 각각 $3 \times 9 = 27$개와 $49$개입니다.
# 다만 고르게 보지는 않습니다. 가운데 칸은 여러 길로 출력에 닿고 귀퉁이 칸은 한 길로만 닿습니다. 식은 범위만 말할
# 뿐이고, 그 가장자리는 가운데보다 훨씬 적게 기여합니다 {cite:p}`luo2016understanding`.
#
# 셋째는 [LeNet](04_lenet)에서 만들 LeNet-5의 앞부분과 크기가 같은 간단한 꼴입니다. 활성화 함수가 없고, 풀링은 그냥
# 평균이고, 둘째 합성곱이 모든 채널을 봅니다. 패키지의 `look.trace`가 층마다 적어 주는 값도 우리가 계산한 것과 같습니다.
# `jump`가 위의 $j$입니다.

# %% [markdown] lang="en"
# Three layers of width 3 see as far as one of width 7, with $3 \times 9 = 27$ weights against $49$ where there is one
# channel. But they do not see evenly. The middle cell reaches the output by many paths and a corner by only one. The
# formula tells only the range; its edge contributes far less than the middle {cite:p}`luo2016understanding`.
#
# The third stack has the sizes of the front of LeNet-5, which [LeNet](04_lenet) builds, in a simplified form: no
# activation functions, plain average pooling, and a second convolution that sees all channels. The package's
# `look.trace` writes the same values for each layer as we computed; `jump` is the $j$ above.

# %%
two_rounds = nn.Sequential(
    nn.Conv2d(1, 6, 5), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.AvgPool2d(2)
)
trace = look.trace(two_rounds, (1, 32, 32))
stack = stacks["conv 5, pool 2/2, conv 5, pool 2/2"]
check.close(
    list(trace["receptive_field"]),
    [receptive_field(stack[: i + 1]) for i in range(4)],
    what="look.trace",
)
trace.set_index("layer")[["output", "receptive_field", "jump"]].rename_axis(None)

# %% [markdown] lang="ko"
# ## 거꾸로 흐르는 그레이디언트
#
# 필터를 학습하려면 손실(loss) $L$, 곧 결과가 얼마나 나쁜지를 나타내는 수를 가중치로 미분해야 합니다. 출력에 대한 미분
# $g_i = \partial L / \partial y_i$는 이미 안다고 합시다. 한 줄에서는 $y_i = \sum_j x_{i+j} w_j$이니 연쇄 법칙(chain
# rule)에 따라 다음과 같습니다.
#
# $$\frac{\partial L}{\partial w_j} = \sum_i g_i\, x_{i+j}$$
#
# $m = i + j$로 놓으면 입력에 대한 미분은 다음과 같습니다.
#
# $$\frac{\partial L}{\partial x_m} = \sum_j g_{m-j}\, w_j$$
#
# 앞의 것은 입력과 $g$의 교차 상관입니다. 뒤의 것은 뒤집는 합, 곧 수학 책의 합성곱입니다. 앞으로 갈 때 뒤집지 않았으니
# 돌아올 때 뒤집습니다. 편향에 대한 미분은 $\sum_i g_i$입니다. 이렇게 미분을 뒤에서 앞으로 넘기는 것이
# 역전파(backpropagation)입니다.
#
# `conv2d`를 두 번 부르면 됩니다. 채널이 있을 때 입력에 대한 미분은 입력 채널과 출력 채널을 맞바꾼 필터로 계산하고,
# 패딩은 $F - 1 - P$입니다. 가중치에 대한 미분에서는 사진을 채널의 자리에 놓습니다(`transpose(0, 1)`). 그래야 모든
# 사진에 대해 더합니다. 스트라이드 1에서 PyTorch의 자동 미분과 비교합니다.

# %% [markdown] lang="en"
# ## The backward pass
#
# To learn a filter we must differentiate a loss $L$, a number that says how bad the result is, with respect to the
# weights. Suppose we already know the derivatives $g_i = \partial L / \partial y_i$ at the output. On a line
# $y_i = \sum_j x_{i+j} w_j$, so by the chain rule
#
# $$\frac{\partial L}{\partial w_j} = \sum_i g_i\, x_{i+j}$$
#
# and, with $m = i + j$, for the input
#
# $$\frac{\partial L}{\partial x_m} = \sum_j g_{m-j}\, w_j$$
#
# The first is a cross-correlation of the input with $g$. The second is the flipped sum, the convolution of
# mathematics books. Going forward we did not flip, so coming back we do. For the bias it is $\sum_i g_i$. Passing
# derivatives from back to front like this is backpropagation.
#
# Two calls of `conv2d` do it. With channels, the gradient for the input takes a filter whose input and output
# channels are exchanged, and padding $F - 1 - P$. In the gradient for the weights the pictures take the place of the
# channels (`transpose(0, 1)`), so that the sum runs over all pictures. We compare with PyTorch's automatic
# differentiation, at stride 1.

# %%
torch.manual_seed(0)
x = torch.randn(4, 3, 9, 9, requires_grad=True)  # (N, C, H, W)
weight = torch.randn(5, 3, 3, 3, requires_grad=True)  # (K, C, F, F)
y = functional.conv2d(x, weight, padding=1)
g = torch.randn_like(y)  # stands for the derivatives that come from later layers
y.backward(g)

with torch.no_grad():
    flipped = weight.flip(-1, -2).transpose(0, 1)  # (C, K, F, F)
    x_gradient = functional.conv2d(g, flipped, padding=3 - 1 - 1)  # padding F - 1 - P
    weight_gradient = functional.conv2d(
        x.transpose(0, 1), g.transpose(0, 1), padding=1
    ).transpose(0, 1)
check.close(x_gradient, x.grad, atol=1e-4, what="input")
check.close(weight_gradient, weight.grad, atol=1e-4, what="weight")

# %% [markdown] lang="ko"
# ## 필터를 배우기
#
# 이제 처음의 약속을 지킬 차례입니다. 우주 비행사 사진과 거기에 위쪽 소벨을 적용한 결과만 주고, 수 아홉 개는 알려 주지
# 않습니다. 모두 0에서 시작합니다. 우리의 결과 $y_i$와 주어진 결과 $t_i$의 차이를 제곱해 $n$칸에서 평균한 값을 손실로
# 하고, 가중치를 그레이디언트의 반대 방향으로 조금씩 거듭 옮깁니다. 이것이 경사 하강법(gradient descent)이고, 한 번에
# 옮기는 정도가 학습률(learning rate) $\eta$입니다.
#
# $$L = \frac{1}{n} \sum_i (y_i - t_i)^2$$
#
# $$\frac{\partial L}{\partial w_j} = \frac{2}{n} \sum_i (y_i - t_i)\, x_{i+j}$$
#
# $$w_j \leftarrow w_j - \eta\, \frac{\partial L}{\partial w_j}$$
#
# im2col을 미리 해 두면 예측은 행렬 곱 한 번이고 그레이디언트도 한 번입니다. 사진에서는 먼저 평균을 뺍니다. 찾을 수들의
# 합이 0이라서 결과는 그대로입니다. 빼지 않으면 이 학습률에서는 손실이 발산합니다.

# %% [markdown] lang="en"
# ## Learning a filter
#
# Now we keep the promise made at the start. We hand over a photograph of an astronaut and the result of top Sobel on
# it, but not the nine numbers. All start at 0. The loss is the squared difference between our result $y_i$ and the
# given one $t_i$, averaged over the $n$ cells, and we move the weights a little against the gradient, again and
# again. That is gradient descent, and how far it moves each time is set by the learning rate $\eta$.
#
# $$L = \frac{1}{n} \sum_i (y_i - t_i)^2$$
#
# $$\frac{\partial L}{\partial w_j} = \frac{2}{n} \sum_i (y_i - t_i)\, x_{i+j}$$
#
# $$w_j \leftarrow w_j - \eta\, \frac{\partial L}{\partial w_j}$$
#
# With im2col done beforehand, the prediction is one matrix product and the gradient another. We first subtract the
# photograph's mean. The wanted numbers sum to 0, so the result stays the same; without it the loss diverges at this
# learning rate.

# %%
columns = im2col((astronaut - astronaut.mean())[None, None], size=3)[0]  # (9, n)
target = functional.conv2d(astronaut[None, None], sobel[None, None]).flatten()  # (n,)

learned, learning_rate, steps = torch.zeros(9), 1.0, 6000
losses, snapshots = [], {}
for step in range(steps + 1):
    difference = learned @ columns - target  # (n,)
    losses.append(difference.square().mean().item())
    if step in (10, 100, 1000, steps):
        snapshots[step] = learned.reshape(3, 3)
    learned = learned - learning_rate * 2 * (columns @ difference) / len(target)
print(snapshots[steps].numpy().round(2) + 0)  # + 0: no "-0."
check.close(snapshots[steps], sobel, atol=0.01, what="nine numbers")

# %% name="fig-learned" tags=["hide-input"] alt_ko="위에는 걸음 10, 100, 1000, 6000에서의 3×3 필터가 있습니다. 위 행이 양수이고 아래 행이 음수인 모양이 처음부터 보이고, 마지막에 1, 2, 1과 -1, -2, -1이 됩니다. 아래에서는 두 축이 로그인 그래프의 손실이 계속 내려갑니다." alt_en="Above, the 3×3 filter after 10, 100, 1000 and 6000 steps. A positive top row and a negative bottom row are there at once; at the end they are 1, 2, 1 and -1, -2, -1. Below, on two logarithmic axes, the loss keeps falling." caption_ko="사진과 결과만 보고 찾아 가는 수 아홉 개와, 걸음(step)마다 그 뒤의 손실(loss)." caption_en="Nine numbers, found from the photograph and the result alone, and the loss after each step."
figure = look.style.figure("full", 4.4)
grid = figure.add_gridspec(2, len(snapshots), height_ratios=[1, 1.2])
for number, (step, weights) in enumerate(snapshots.items()):
    axis = figure.add_subplot(grid[0, number])
    axis.imshow(weights, cmap="cnnbook_diverging", vmin=-5, vmax=5)
    for (i, j), value in np.ndenumerate(weights.numpy()):
        number_text = f"{round(float(value), 1) + 0:.1f}".replace("-", "−")
        axis.text(j, i, number_text, ha="center", va="center", size=11, color="black")
    axis.set_title(f"step {step:,}")
    axis.axis("off")
axis = figure.add_subplot(grid[1, :])
axis.plot(range(1, steps + 1), losses[1:])
axis.set(xscale="log", yscale="log", xlabel="step", ylabel="loss")
figure

# %% [markdown] lang="ko"
# 열 걸음이면 부호가 맞는 큰 모양이 나타납니다. 한 행 안의 $1, 2, 1$이라는 잔모양은 수천 걸음 뒤에야 자리를 잡습니다.
# 사진의 이웃한 픽셀은 서로 비슷해서, 그 잔모양에 대해서는 손실이 거의 평평하기 때문입니다.
#
# 배운 필터는 처음 보는 고양이 사진에서도 맞을까요? 늘 평균을 답하는 상수 예측의 제곱 오차(squared error)를 1로 하고
# 잽니다. 그리고 공유가 무엇을 아껴 주는지도 봅시다. 같은 짝을 완전 연결층, 공유하지 않는 국소 층, 공유하는 층이
# 배웁니다. 입력은 $16 \times 16$ 조각, 출력은 $14 \times 14$이고, 훈련 조각은 서로 겹칩니다. 세 층에는 편향이 없고,
# 경사 하강법 대신 손실이 가장 작은 정확한 해(최소제곱)를 줍니다. 그런 해가 여럿이면 제곱합이 가장 작은 것을 고릅니다.
# 훈련 조각의 수를 늘려 가며 고양이 조각에서 오차를 잽니다.

# %% [markdown] lang="en"
# After ten steps the large shape is there, its signs right. The finer $1, 2, 1$ within a row settles only thousands
# of steps later: neighbouring pixels of a photograph are alike, so the loss is almost flat in the direction of that
# detail.
#
# Does the learned filter hold on a photograph it has never seen, the cat's? We measure its squared error, counting
# that of a constant that always answers the mean as 1. And let us see what sharing saves. A fully connected layer, a
# local layer without sharing, and one that shares learn the same pairs. The input is a $16 \times 16$ piece, the
# output $14 \times 14$; the training pieces overlap. The three layers have no bias and get the exact solution of
# smallest loss (least squares) instead of gradient descent; where many fit, we take the one with the smallest sum of
# squares. We raise the number of training pieces and measure the error on pieces of the cat.


# %%
def pieces(picture, stride):
    """Pieces of 16 by 16 and their top Sobel: (H, W) -> (n, 1, 16, 16), (n, 196)."""
    x = im2col((picture - picture.mean())[None, None].double(), 16, stride)[
        0
    ].T.reshape(-1, 1, 16, 16)
    return x, functional.conv2d(x, sobel[None, None].double()).flatten(1)


def least_squares(x, t):
    """Weights of smallest squared error: (..., n, I), (..., n, O) -> (..., I, O)."""
    return torch.linalg.lstsq(x, t, driver="gelsd").solution


train_x, train_t = pieces(astronaut, stride=4)
order = torch.randperm(len(train_x), generator=torch.Generator().manual_seed(0))
test_x, test_t = pieces(cat, stride=16)
test_columns = im2col(test_x, 3)  # (n, 9, 196)
constant = (test_t - train_t.mean()).square().mean()

errors = {"dense": [], "local": [], "shared": []}
sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
for n in sizes:
    x, t = train_x[order[:n]], train_t[order[:n]]
    columns = im2col(x, 3)  # (n, 9, 196)
    dense = least_squares(x.flatten(1), t)  # (256, 196)
    local = least_squares(columns.permute(2, 0, 1), t.T[..., None])  # (196, 9, 1)
    # all places at once: (9, 1)
    shared = least_squares(columns.permute(0, 2, 1).reshape(-1, 9), t.reshape(-1, 1))
    predictions = {
        "dense": test_x.flatten(1) @ dense,
        "local": torch.einsum("ncp,pco->np", test_columns, local),
        "shared": torch.einsum("ncp,co->np", test_columns, shared),
    }
    for name, prediction in predictions.items():
        errors[name].append(((prediction - test_t).square().mean() / constant).item())

by_descent = torch.einsum("ncp,c->np", test_columns, learned.double())
descent_error = ((by_descent - test_t).square().mean() / constant).item()
check.that(descent_error < 1e-6, f"gradient descent {descent_error:.1e} < 1e-6")
pd.DataFrame(errors, index=sizes).map("{:.2e}".format)

# %% name="fig-pieces" tags=["hide-input"] alt_ko="훈련 조각 수에 따른 고양이 조각에서의 오차, 두 축 모두 로그. 공유하는 층은 조각 1개에서 이미 바닥이고, 국소 층은 16개에서 바닥에 닿으며, 완전 연결층은 8개까지 상수 예측의 선 가까이에 있다가 천천히 내려와 512개에서야 바닥에 닿습니다." alt_en="Error on pieces of the cat against the number of training pieces, both axes logarithmic. The layer that shares is at the floor with 1 piece; the local layer reaches it at 16; the dense layer stays close to the line of the constant up to 8 pieces, then falls slowly and reaches the floor only at 512." caption_ko="훈련 조각이 몇 개면 답을 찾을까요? $10^{-12}$보다 작은 오차는 $10^{-12}$에 그렸습니다. 완전 연결(dense), 국소(local), 공유(shared), 상수 예측(constant)입니다." caption_en="How many training pieces does it take to find the answer? Errors below $10^{-12}$ are drawn at $10^{-12}$. Dense is fully connected."
tables = {
    name: pd.DataFrame({"pieces": sizes, "error": np.maximum(values, 1e-12)})
    for name, values in errors.items()
}
tables["constant"] = pd.DataFrame({"pieces": sizes, "error": 1.0})
figure = look.curves(
    tables,
    x="pieces",
    y="error",
    xlabel="training pieces",
    logx=True,
    logy=True,
    percent=False,
)
figure.axes[0].set_xticks(sizes, sizes)
figure.axes[0].set_xticks([], minor=True)
figure

# %% [markdown] lang="ko"
# 경사 하강법으로 배운 필터는 고양이에서도 맞습니다. 오차가 상수 예측의 $10^{-6}$배보다 작습니다. 그림과 표의 `shared`는
# 그 필터가 아니라 최소제곱의 해입니다.
#
# 공유하는 층은 조각 하나로 답을 압니다. 조각 하나에 식이 196개 있고 모르는 수는 9개뿐이기 때문입니다. 공유하지 않는
# 국소 층은 유닛마다 모르는 수가 9개라서 조각이 9개는 있어야 합니다. 완전 연결층은 유닛마다 256개를 알아내야 합니다.
# 조각이 8개일 때까지는 상수 예측보다도 조금 나쁘고(표의 1보다 큰 값), 256개에서도 오차가 조금 남습니다. 완전 연결층도
# 답을 나타낼 수는 있습니다. 합성곱이 아껴 준 것은 답을 찾는 데 드는 예제의 수입니다.

# %% [markdown] lang="en"
# The filter that gradient descent learned holds on the cat, too: its error is below $10^{-6}$ of the constant's.
# `shared` in figure and table is not that filter but the least-squares solution.
#
# The layer that shares knows the answer from a single piece: that gives 196 equations, and there are only 9 unknowns.
# The local layer without sharing has 9 unknowns for each unit and needs 9 pieces. The dense layer has 256 to find for
# each unit. Up to 8 pieces it is even slightly worse than the constant (values above 1 in the table), and at 256 a
# little error is still left. It can represent the answer, too. What convolution saves is the number of examples it
# takes to find it.

# %% [markdown] lang="ko"
# ## TensorFlow에서 온 독자에게
#
# 계산은 같고 약속이 다릅니다.
#
# | 약속 | PyTorch | TensorFlow |
# |---|---|---|
# | 입력의 축 | `(N, C, H, W)` | `(N, H, W, C)` |
# | 필터의 축 | `(out, in, H, W)` | `(H, W, in, out)` |
# | 스트라이드 | `stride=2` | `strides=[1, 2, 2, 1]` |
# | 패딩 | `padding=1` | `"SAME"`, `"VALID"` |
#
# N은 한꺼번에 넣는 사진의 수, C는 채널, H와 W는 높이와 폭입니다. 순서를 따서 NCHW, NHWC라고 부르고, NHWC가 TensorFlow의
# 기본입니다. 스트라이드는 `tf.nn.conv2d`의 꼴입니다. PyTorch의 `padding`은 양쪽에 덧댈 칸 수이고, `padding="same"`은
# 스트라이드가 1일 때만 쓸 수 있습니다. VALID는 $P = 0$이고 남는 칸을 버립니다. SAME은 출력의 폭 $n$을 먼저 정해 놓고,
# 거기에 필요한 패딩 $p$를 거꾸로 구합니다.
#
# $$n = \lceil W / S \rceil$$
#
# $$p = \max\big((n - 1)\, S + F - W,\ 0\big)$$
#
# $\lfloor p / 2 \rfloor$칸은 왼쪽에, 나머지는 오른쪽에 덧댑니다. $p$가 홀수면 오른쪽이 한 칸 많습니다. PyTorch의
# `padding=1`은 늘 양쪽이 같으므로, 출력의 크기가 같아도 값은 다를 수 있습니다. 폭 6인 줄에서 $F = 3$, $S = 2$로 봅시다.

# %% [markdown] lang="en"
# ## For readers who come from TensorFlow
#
# The sums are the same, the conventions are not.
#
# | convention | PyTorch | TensorFlow |
# |---|---|---|
# | input axes | `(N, C, H, W)` | `(N, H, W, C)` |
# | filter axes | `(out, in, H, W)` | `(H, W, in, out)` |
# | stride | `stride=2` | `strides=[1, 2, 2, 1]` |
# | padding | `padding=1` | `"SAME"`, `"VALID"` |
#
# N is the number of pictures handed in at once, C channels, H and W height and width. The two orders are called NCHW
# and NHWC; NHWC is TensorFlow's default. The stride is written as in `tf.nn.conv2d`. PyTorch's `padding` is the
# number of cells to add on both sides, and `padding="same"` exists for stride 1 only. VALID is $P = 0$, and the rest
# is dropped. SAME fixes the output's width $n$ first and works back to the padding $p$ that it takes.
#
# $$n = \lceil W / S \rceil$$
#
# $$p = \max\big((n - 1)\, S + F - W,\ 0\big)$$
#
# $\lfloor p / 2 \rfloor$ cells go to the left, the rest to the right: where $p$ is odd, the right gets one more.
# PyTorch's `padding=1` is always the same on both sides, so the values may differ even where the sizes agree. Let us
# see it on a line of width 6 with $F = 3$, $S = 2$.

# %% tags=["nbval-check-output"]
row, ones = torch.arange(1.0, 7.0), torch.ones(3)
# p = 1, left 0, right 1: ends early
same_by_definition = [row[start : start + 3].sum().item() for start in (0, 2, 4)]
same_by_padding = functional.conv1d(
    functional.pad(row, (0, 1))[None, None], ones[None, None], stride=2
)[0, 0].tolist()
symmetric = functional.conv1d(row[None, None], ones[None, None], stride=2, padding=1)[
    0, 0
].tolist()
print("SAME by definition", same_by_definition)
print("pad (0, 1), conv1d", same_by_padding)
print("padding=1         ", symmetric)

# %% [markdown] lang="ko"
# 크기는 모두 3인데 `padding=1`만 값이 다릅니다. ResNet의 첫 층도 그렇습니다. PyTorch는 사실상 왼쪽에 3칸, 오른쪽에
# 2칸을 덧대고, SAME은 왼쪽에 2칸, 오른쪽에 3칸을 덧댑니다. 한쪽에서 배운 가중치를 다른 쪽에서 쓰려면 패딩을 손으로
# 맞추어야 합니다. 이 장을 만든 환경에는 TensorFlow가 없습니다. 그래서 SAME의 정의를 NHWC와 `(H, W, in, out)` 그대로
# 반복문으로 옮기고, 축을 바꾸고 양쪽을 다르게 덧댄 `conv2d`와 같은지 확인합니다.

# %% [markdown] lang="en"
# All three have size 3, but `padding=1` gives other values. The first layer of ResNet is such a case: PyTorch in
# effect pads 3 cells on the left and 2 on the right, SAME 2 on the left and 3 on the right. To use weights learned in
# one in the other, the padding must be matched by hand. The environment in which this chapter was made has no
# TensorFlow. So we write SAME's definition in loops, in NHWC and `(H, W, in, out)` as it stands, and check that it
# equals `conv2d` with its axes exchanged and its sides padded unevenly.


# %%
def same_nhwc(x, weight, stride):
    """SAME, from its definition: (N, H, W, C), (F, F, in, out) -> (N, H', W', out)."""
    batch, height, width, _ = x.shape
    size = weight.shape[0]
    rows, columns = -(-height // stride), -(-width // stride)  # rounded up
    above = max((rows - 1) * stride + size - height, 0) // 2
    left = max((columns - 1) * stride + size - width, 0) // 2
    y = torch.zeros(batch, rows, columns, weight.shape[3])
    for i in range(rows):
        for j in range(columns):
            for u in range(size):
                for v in range(size):
                    m, n = i * stride + u - above, j * stride + v - left
                    if 0 <= m < height and 0 <= n < width:  # outside is 0
                        y[:, i, j] += x[:, m, n] @ weight[u, v]
    return y


torch.manual_seed(0)
x, weight = torch.randn(2, 14, 14, 3), torch.randn(7, 7, 3, 8)
expected = same_nhwc(x, weight, stride=2)  # (2, 7, 7, 8)
nchw, out_in = x.permute(0, 3, 1, 2), weight.permute(3, 2, 0, 1)
total = (7 - 1) * 2 + 7 - 14
uneven = functional.pad(nchw, [total // 2, total - total // 2] * 2)
mine = functional.conv2d(uneven, out_in, stride=2).permute(0, 2, 3, 1)
check.close(mine, expected, atol=1e-4, what="SAME")

symmetric = functional.conv2d(nchw, out_in, stride=2, padding=3).permute(0, 2, 3, 1)
check.same_shapes(symmetric, expected)
largest = (symmetric - expected).abs().max().item()
check.that(largest > 1, f"max |padding=3 - SAME| = {largest:.1f} > 1")

# %% [markdown] lang="ko"
# ## 강의의 숫자를 다시 계산하기
#
# 이 책이 출발한 한국어 합성곱 강의에 나오는 개수를 다시 계산합니다. 처음 두 줄은 완전 연결층의 유닛 하나, 다음 두
# 줄은 국소 연결 유닛 하나(채널 3개를 보는 $5 \times 5$ 필터, 채널 20개를 보는 $3 \times 3$ 필터)의 가중치이고, 나머지는
# AlexNet의 첫 층입니다. 마지막 열이 `False`인 줄에서는 강의에 적힌 수가 식과 맞지 않습니다.

# %% [markdown] lang="en"
# ## The lecture's numbers, recomputed
#
# We recompute the counts in the Korean lecture on convolution that this book grew from. The first two lines are the
# weights of one unit of a fully connected layer, the next two those of one local unit (a $5 \times 5$ filter that sees
# 3 channels, a $3 \times 3$ filter that sees 20), and the rest is AlexNet's first layer. Where the last column says
# `False`, the number in the lecture does not follow from its formula.

# %% tags=["nbval-check-output"]
claims = [
    ("32 · 32 · 3", 32 * 32 * 3, 3_072),
    ("200 · 200 · 3", 200 * 200 * 3, 120_000),
    ("5 · 5 · 3", 5 * 5 * 3, 75),
    ("3 · 3 · 20", 3 * 3 * 20, 180),
    ("55 · 55 · 96", 55 * 55 * 96, 290_400),
    ("11 · 11 · 3", 11 * 11 * 3, 363),
    ("290,400 · 363", 290_400 * 363, 105_705_600),
    ("96 · 363", 96 * 363, 34_848),
    ("34,848 + 96", 34_848 + 96, 34_944),
]
print(f"{'formula':13}{'recomputed':>12}{'lecture':>12}  equal")
for formula, recomputed, lecture in claims:
    print(f"{formula:13}{recomputed:>12,}{lecture:>12,}  {recomputed == lecture}")
print(f"290,400 · 364 = {290_400 * 364:,}")

# %% [markdown] lang="ko"
# 한 줄이 틀렸습니다. 강의는 유닛 290,400개에 저마다 가중치 363개와 편향 1개가 있다고 한 뒤
# $290400 \times 363 = 105{,}705{,}600$이라고 적었습니다. 363을 곱하면 105,415,200입니다. 105,705,600은 편향까지 센
# 364를 곱한 값입니다. 결론은 맞고, 적어 놓은 곱셈이 틀렸습니다.
#
# AlexNet 논문에도 두 가지가 있습니다 {cite:p}`krizhevsky2012imagenet`. 입력의 폭이 224라고 하지만
# $(224 - 11) / 4 + 1 = 54.25$여서 55가 되지 않습니다. 폭이 227이거나, 패딩이 양쪽을 합해 3칸 있어야
# 합니다($224 + 3 = 227$). 양쪽에 2칸씩 덧대고 내림해도 55입니다. 논문 그림 2의 설명은 첫 층의 유닛을 253,440개로
# 세는데, 이것은 $55 \times 48 \times 96$입니다. $55 \times 55 \times 96$은 290,400입니다. 찾아낸 오류는
# [정오표](errata)에 모읍니다.

# %% [markdown] lang="en"
# One line is wrong. The lecture says that each of 290,400 units has 363 weights and 1 bias, and then writes
# $290400 \times 363 = 105{,}705{,}600$. Multiplied by 363 it is 105,415,200. 105,705,600 is the product with 364,
# which counts the bias. The conclusion is right, the product as written is not.
#
# The AlexNet paper has two of its own {cite:p}`krizhevsky2012imagenet`. It takes an input of width 224, but
# $(224 - 11) / 4 + 1 = 54.25$ is not 55: the width must be 227, or there must be padding of 3 cells in all
# ($224 + 3 = 227$). With 2 on each side, rounded down, it is 55 as well. The caption of the paper's figure 2 counts
# 253,440 units in the first layer, which is $55 \times 48 \times 96$; $55 \times 55 \times 96$ is 290,400. The errors
# we find are collected on the [errata page](errata).

# %% tags=["nbval-check-output"]
print((224 - 11) / 4 + 1, 55 * 48 * 96, 55 * 55 * 96)
print(outputs(224 + 3, 11, 4), outputs(224, 11, 4, padding=2, exact=False))

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **입력이 $5 \times 5 \times 3$이면 다음 층들의 크기와 필터 수는 어떻게 정합니까?** 이 책의 바탕이 된 영어 글에 한
# 독자가 남긴 질문입니다. 그 독자는 $F = 3$, $S = 1$, $P = 0$일 때 첫 층의 폭을 $((3 - 3) / 1) + 1 = 3$, 그다음 층의
# 폭을 $((3 - 3) / 1) + 1 = 1$로 계산했습니다. 결과 3과 1은 둘 다 맞습니다. 그러나 첫 식에서는 $W$ 자리에 5를 넣어
# $(5 - 3) / 1 + 1 = 3$이라고 써야 합니다. 적힌 대로 계산하면 1입니다.
#
# 폭은 $F$, $S$, $P$와 앞 층의 폭에서 정해집니다. 필터 수 $K$는 계산하는 것이 아니라 여러분이 고르는 것입니다. 고르고
# 나면 그 수가 출력의 채널 수이고, 다음 층의 필터가 볼 채널 수도 정해집니다. $K$를 8과 16으로 골라 봅시다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **If the input is $5 \times 5 \times 3$, how do we decide the next layers' sizes and numbers of filters?** A reader
# asked this under the English article that this book grew from. With $F = 3$, $S = 1$, $P = 0$ they found the first
# layer's width as $((3 - 3) / 1) + 1 = 3$ and the next one's as $((3 - 3) / 1) + 1 = 1$. Both results, 3 and 1, are
# right. But in the first formula 5 belongs in the place of $W$: $(5 - 3) / 1 + 1 = 3$. As written it gives 1.
#
# The width follows from $F$, $S$, $P$ and the width of the layer before. The number of filters $K$ is not computed:
# you choose it. Once chosen, it is the number of output channels, and so the number of channels that each filter of
# the next layer looks at. Let us choose 8 and 16 for $K$.

# %% tags=["nbval-check-output"]
width, channels = 5, 3
for filters in (8, 16):
    width, inputs, channels = outputs(width, kernel=3), channels, filters
    weights = nn.Conv2d(inputs, filters, kernel_size=3).weight
    shape, count = tuple(weights.shape), weights.numel() + filters
    print(
        f"filter {shape}, output {width} × {width} × {channels}, {count:,} parameters"
    )

# %% [markdown] lang="ko"
# 둘째 층 뒤에는 폭이 1이어서 3칸짜리 필터를 더 놓을 자리가 없습니다. 더 쌓으려면 $P = 1$로 폭을 지킵니다. $K$는 몇
# 가지를 시험해서, 학습에 쓰지 않은 자료에서 잘하고 계산량도 감당할 만한 것을 고릅니다.
#
# **풀링은 파라미터 수를 줄입니까?** 강의에는 그렇게 적혀 있습니다. 그러나 합성곱층의 파라미터 수는 입력의 폭과
# 무관하므로, 풀링이 있든 없든 다음 합성곱층의 파라미터 수는 같습니다. 줄어드는 것은 계산량, 그리고 뒤에 오는 완전
# 연결층의 가중치입니다. $28 \times 28$ 특징 맵 16장에 이어지는 두 가지 층을 세어 봅시다. 하나는 필터가 16개인
# $3 \times 3$ 합성곱층, 다른 하나는 유닛이 10개인 완전 연결층입니다.

# %% [markdown] lang="en"
# After the second layer the width is 1, and there is no room for another filter of 3 cells. To stack more, keep the
# width with $P = 1$. For $K$, try a few values and take one that does well on data not used for learning, at a cost
# you can bear.
#
# **Does pooling reduce the number of parameters?** The lecture says so. But the number of parameters of a
# convolutional layer does not depend on the input's width, so the next convolutional layer has as many with pooling
# as without. What shrinks is the computation, and the weights of a fully connected layer that comes later. Let us
# count two layers after 16 feature maps of $28 \times 28$: a $3 \times 3$ convolutional layer of 16 filters, and a
# fully connected layer of 10 units.

# %% tags=["nbval-check-output"]
for side in (28, 14):
    conv, dense = 16 * 16 * 9 + 16, 16 * side * side * 10 + 10
    print(f"{side} × {side}: conv {conv:,}, fully connected {dense:,}")

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 무작위로 고른 입력에서 답을 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀
# 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. It is checked on random inputs, and where it is wrong the check says what is
# wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 진짜 합성곱.** 수학 책의 합성곱을 `convolve_flipped(row, weights)`로 쓰세요. 한 칸이라도 겹치는 자리를 모두
# 계산하므로 출력의 길이는 $W + F - 1$입니다. `np.convolve`는 쓰지 마세요.

# %% [markdown] lang="en"
# **Exercise: the real convolution.** Write the convolution of mathematics books as `convolve_flipped(row, weights)`.
# Every place with at least one cell in common counts, so the output has length $W + F - 1$. Do not use `np.convolve`.


# %% tags=["exercise"]
def convolve_flipped(row, weights): ...


check.exercise("flipped_convolution", convolve_flipped)


# %% tags=["solution"]
# solution
def convolve_flipped(row, weights):
    return slide(row, weights[::-1], padding=len(weights) - 1)


check.exercise("flipped_convolution", convolve_flipped, solution=True)

# %% [markdown] lang="ko"
# **연습: 손으로 하는 SAME.** `same_padding(width, kernel, stride)`를 쓰세요. SAME이 덧대는 칸 수를 왼쪽, 오른쪽 순서의
# 튜플로 돌려주세요. 스트라이드가 필터의 폭보다 큰 경우도 생각하세요.

# %% [markdown] lang="en"
# **Exercise: SAME by hand.** Write `same_padding(width, kernel, stride)`. Return the cells that SAME adds as a tuple,
# left first and then right. Think of a stride larger than the filter's width, too.


# %% tags=["exercise"]
def same_padding(width, kernel, stride): ...


check.exercise("same_padding", same_padding)


# %% tags=["solution"]
# solution
def same_padding(width, kernel, stride):
    n = -(-width // stride)  # rounded up
    total = max((n - 1) * stride + kernel - width, 0)
    return total // 2, total - total // 2


check.exercise("same_padding", same_padding, solution=True)

# %% [markdown] lang="ko"
# **연습: 층 하나의 비용.** `layer_facts(width, channels, filters, kernel, stride, padding)`을 쓰세요. 입력은
# 정사각형입니다. 출력 한 변의 칸 수(내림), 파라미터 수, 곱셈-덧셈 연산(multiply-adds)의 수를 차례로 담은 튜플을
# 돌려주세요. 곱셈-덧셈은 필터와 곱하는 횟수만 세고 편향은 세지 마세요.

# %% [markdown] lang="en"
# **Exercise: what a layer costs.** Write `layer_facts(width, channels, filters, kernel, stride, padding)` for a
# square input. Return a tuple: the number of output cells along one side (rounded down), the number of parameters,
# and the number of multiply-adds. Multiply-adds count the products with the filters; do not count the biases.


# %% tags=["exercise"]
def layer_facts(width, channels, filters, kernel, stride, padding): ...


check.exercise("layer_facts", layer_facts)


# %% tags=["solution"]
# solution
def layer_facts(width, channels, filters, kernel, stride, padding):
    side = outputs(width, kernel, stride, padding, exact=False)
    weights = kernel**2 * channels  # of one filter
    return side, filters * (weights + 1), side**2 * filters * weights


check.exercise("layer_facts", layer_facts, solution=True)

# %% [markdown] lang="ko"
# **연습: 다 보는 데 필요한 층의 수.** `layers_needed(width, kernel)`을 쓰세요. 스트라이드가 1이고 필터의 폭이
# `kernel`(2 이상)인 층을 쌓을 때, 마지막 층의 한 칸이 `width`칸 이상을 보려면 적어도 몇 층이 필요한지 돌려주세요. 폭
# 224를 3칸짜리 필터로 다 보려면 몇 층입니까?

# %% [markdown] lang="en"
# **Exercise: layers to see it all.** Write `layers_needed(width, kernel)`. We stack layers of stride 1 and filter
# width `kernel` (2 or more). Return how many it takes at least until one cell of the last layer sees `width` cells or
# more. How many does it take to see a width of 224 with filters of 3 cells?


# %% tags=["exercise"]
def layers_needed(width, kernel): ...


check.exercise("layers_needed", layers_needed)


# %% tags=["solution"]
# solution
def layers_needed(width, kernel):
    return -(-(width - 1) // (kernel - 1))  # 1 + k (F - 1) >= W, rounded up


check.exercise("layers_needed", layers_needed, solution=True)
# 112: this is why networks use strides and pooling
print(layers_needed(224, 3))

# %% [markdown] lang="ko"
# **연습: 스트라이드가 있는 그레이디언트.** 한 줄에서 스트라이드가 $S$이면 $y_i = \sum_j x_{iS+j} w_j$입니다.
# `filter_gradient(x, g, kernel, stride)`를 쓰세요. `kernel`은 필터의 폭 $F$이고 `x`에는 패딩이 이미 있습니다.
# $g_i = \partial L / \partial y_i$가 주어졌을 때 $\partial L / \partial w_j$를 $F$개 담은 배열을 돌려주세요. 종이에서
# 먼저 미분하세요.

# %% [markdown] lang="en"
# **Exercise: the gradient with a stride.** On a line with stride $S$ we have $y_i = \sum_j x_{iS+j} w_j$. Write
# `filter_gradient(x, g, kernel, stride)`, where `kernel` is the filter's width $F$ and `x` is padded already. Given
# $g_i = \partial L / \partial y_i$, return the $F$ numbers $\partial L / \partial w_j$ as an array. Differentiate on
# paper first.


# %% tags=["exercise"]
def filter_gradient(x, g, kernel, stride): ...


check.exercise("filter_gradient", filter_gradient)


# %% tags=["solution"]
# solution
def filter_gradient(x, g, kernel, stride):
    return np.array(
        [sum(g[i] * x[i * stride + j] for i in range(len(g))) for j in range(kernel)]
    )


check.exercise("filter_gradient", filter_gradient, solution=True)

# %% [markdown] lang="ko"
# **연습: 정확히 따라 움직이는 칸 수 재기.** `front`는 합성곱 뒤에 2/2 최대 풀링과 3/3 최대 풀링을 이은 것입니다. 0보다
# 큰 이동 가운데 등변성이 정확히 성립하는(남은 차이가 $10^{-6}$보다 작은) 가장 작은 것은 몇 칸입니까? `remaining`으로
# 재세요. 재기 전에 예상부터 적으세요.

# %% [markdown] lang="en"
# **Exercise: measure the exact shift.** `front` is a convolution followed by a 2/2 and a 3/3 max pooling. What is the
# smallest shift above 0, in cells, at which it is exactly equivariant (a remaining difference below $10^{-6}$)?
# Measure it with `remaining`. Write down your guess before you measure.


# %% tags=["exercise"]
def front(x):
    return functional.max_pool2d(functional.max_pool2d(circular(x, vertical), 2), 3)


x = cat[None, None, :252, :252]  # 252 is a multiple of both strides
exact_shift = ...

check.exercise("exact_shift", exact_shift)


# %% tags=["solution"]
# solution
exact_shift = next(shift for shift in range(1, 13) if remaining(front, x, shift) < 1e-6)
# one output cell is 2 · 3 cells of the input: the product of the strides
print(exact_shift)

check.exercise("exact_shift", exact_shift, solution=True)

# %% [markdown] lang="ko"
# **연습: 최대 풀링 너머의 수용 영역을 재기.** 아래 `network`의 출력 한 칸은 가로로 입력의 몇 칸을 봅니까? 식으로
# 계산하지 말고 그레이디언트로 재세요. 최대 풀링은 그레이디언트를 창에서 가장 큰 칸으로만 보냅니다. 그래도 수용 영역
# 전체를 보려면 어떻게 해야 합니까?

# %% [markdown] lang="en"
# **Exercise: measure the receptive field through max pooling.** How many input cells, across, does one output cell of
# `network` see? Do not use the formula; measure it with gradients. Max pooling sends the gradient only to the largest
# cell of its window. What can you do to see the whole receptive field all the same?

# %% tags=["exercise"]
torch.manual_seed(0)
network = nn.Sequential(
    nn.MaxPool2d(4),
    nn.Conv2d(1, 4, 3),
    nn.Conv2d(4, 4, 3),
)
measured_field = ...

check.exercise("measured_field", measured_field)

# %% tags=["solution"]
# solution
# many inputs: each has its largest cells elsewhere
x = torch.randn(200, 1, 48, 48, requires_grad=True)
y = network(x)  # (200, 4, H', W')
y[:, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
measured_field = (x.grad.abs().sum((0, 1, 2)) > 0).sum().item()
# by the formula: 1 + 3 · 1 + 2 · 4 + 2 · 4
print(measured_field)

check.exercise("measured_field", measured_field, solution=True)

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`dumoulin2016guide`은 합성곱의 크기, 패딩, 스트라이드를 그림으로 하나씩 설명합니다.
# - {cite:t}`lecun1998gradient`은 LeNet-5를 설명합니다. 다음 장 [LeNet](04_lenet)에서 만듭니다.
# - {cite:t}`luo2016understanding`은 수용 영역의 가장자리가 왜 적게 기여하는지 계산합니다.
# - {cite:t}`zhang2019making`는 스트라이드와 풀링이 깨뜨린 등변성을 크게 되살리는 방법을 보여 줍니다.
# - {cite:t}`chellapilla2006high`은 창을 펴서 합성곱을 행렬 곱으로 바꾸는 방법을 설명합니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`dumoulin2016guide` explain sizes, padding and strides of convolution in pictures, one by one.
# - {cite:t}`lecun1998gradient` describes LeNet-5; the next chapter, [LeNet](04_lenet), builds it.
# - {cite:t}`luo2016understanding` compute why the border of a receptive field contributes less.
# - {cite:t}`zhang2019making` shows how to bring back much of the equivariance that strides and pooling break.
# - {cite:t}`chellapilla2006high` describe how unrolling the windows turns convolution into a matrix product.
