# %% [markdown] lang="ko"
# # VGG
#
# ## 무엇을 만들게 될까요?
#
# 아래는 2014년 옥스퍼드 대학교의 Visual Geometry Group에서 만든 신경망 여섯 가지입니다 {cite:p}`simonyan2015very`. 그룹의 이름을 따서 VGG라고
# 부릅니다. 합성곱은 거의 모두 $3 \times 3$이고, 풀링은 모두 $2 \times 2$입니다. 여섯은 깊이가 서로 다르고, A-LRN에는 국소 응답 정규화가, C에는
# $1 \times 1$ 합성곱이 더 있습니다. 이 장에서는 표 하나와 클래스 하나로 여섯 신경망을 모두 만들고, 작은 필터를 쌓으면 무엇이 남고 무엇이 줄어드는지, 깊은 신경망은 왜 훈련하기 어려웠는지 잽니다. 그리고 훈련한
# 신경망을 더 큰 이미지 위에서 움직이고, 물체가 어디에 있는지도 맞히게 합니다.

# %% [markdown] lang="en"
# # VGG
#
# ## What you will build
#
# Below are six networks made in 2014 by the Visual Geometry Group in Oxford {cite:p}`simonyan2015very`, after which they are
# called VGG. Almost all their convolutions are $3 \times 3$, all their pooling is $2 \times 2$. They differ in depth; besides,
# A-LRN has a local response normalisation and C has $1 \times 1$ convolutions. In this chapter you build all six from one table and one class. You measure what stacking
# small filters keeps and what it saves, and why deep networks were hard to train. Then you let a trained network run over
# larger images, and teach one to say where an object is.

# %%
import math
from collections import OrderedDict

import pandas as pd
import torch
from matplotlib.patches import Rectangle
from torch import nn
from torch.nn import functional
from torchvision.ops import box_iou

import cnnbook
from cnnbook import check, data, look, models, train
from cnnbook.layers import LocalResponseNorm

torch.set_num_threads(1)  # then the same seed gives the same weights
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full

TABLE = {  # channels of a 3 × 3 convolution; "1x1" keeps them; "M" is max pooling
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "A-LRN": [64, "LRN", "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "C": [64, 64, "M", 128, 128, "M", 256, 256, "1x1", "M"]
    + [512, 512, "1x1", "M"] * 2,
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M"] + [512, 512, 512, "M"] * 2,
    "E": [64, 64, "M", 128, 128, "M"] + [256] * 4 + ["M"] + ([512] * 4 + ["M"]) * 2,
}
check.that(TABLE == models.vgg.CONFIGURATIONS, "the same table as the package's")

# %% name="fig-columns" tags=["hide-input"] alt_ko="여섯 열 A, A-LRN, B, C, D, E. 위에서부터 채널 64, 128, 256, 512, 512인 합성곱층이 다섯 단계로 쌓여 있고 단계 사이마다 풀링을 나타내는 선이 있습니다. 오른쪽 열일수록 층이 많아서 E의 뒤 세 단계에는 네 층씩 있습니다. C의 뒤 세 단계에는 1×1 층이 하나씩 있습니다. 맨 아래는 모두 4096, 4096, 1000인 완전 연결층입니다." alt_en="Six columns A, A-LRN, B, C, D, E. From the top, convolutional layers of 64, 128, 256, 512 and 512 channels are stacked in five stages with a line for pooling after each. Columns further right have more layers; the last three stages of E have four each. The last three stages of C have a 1×1 layer each. All end in dense layers of 4096, 4096 and 1000." caption_ko="VGG의 여섯 구성. 칸의 수는 채널 수이고, 맨 아래 수는 가중치가 있는 층의 수입니다. 주황색은 1×1 합성곱, 초록색은 국소 응답 정규화, 보라색은 완전 연결층, 회색 선은 풀링입니다." caption_en="The six configurations of VGG. The number in a box is its channels; the bottom line counts the layers with weights. Orange: 1×1 convolutions, green: local response normalisation, purple: dense layers, grey lines: pooling."
COLOURS = look.style.LIGHT
figure = look.style.figure("full", 7.4)
axes = figure.add_subplot()
for place, (name, column) in enumerate(TABLE.items()):
    y, stage, slot, width = 0.0, 0, 0, 3
    for entry in column:
        if entry == "M":
            y = sum([2, 2, 4, 4, 4][: stage + 1]) + 0.55 * (stage + 1)
            line = [place - 0.42, place + 0.42], [y - 0.3] * 2
            axes.plot(*line, color=COLOURS["muted"], linestyle="-")
            stage, slot = stage + 1, 0
            continue
        width = width if isinstance(entry, str) else entry
        colour = {"1x1": "orange_soft", "LRN": "green_soft"}.get(entry, "blue_soft")
        edge = colour.removesuffix("_soft")
        box = Rectangle((place - 0.42, y + slot + 0.06), 0.84, 0.88, linewidth=0.8)
        box.set(facecolor=COLOURS[colour], edgecolor=COLOURS[edge])
        axes.add_patch(box)
        said = {"1x1": "1×1", "LRN": "LRN"}.get(entry, str(width))
        axes.text(place, y + slot + 0.5, said, ha="center", va="center", fontsize=13)
        slot += 1
    for number, units in enumerate(["4096", "4096", "1000"]):
        box = Rectangle((place - 0.42, y + number + 0.06), 0.84, 0.88, linewidth=0.8)
        box.set(facecolor=COLOURS["purple_soft"], edgecolor=COLOURS["purple"])
        axes.add_patch(box)
        axes.text(place, y + number + 0.5, units, ha="center", va="center", fontsize=13)
    depth = sum(entry not in ("M", "LRN") for entry in column) + 3
    axes.text(place, -0.4, name, ha="center", fontsize=14, fontweight="bold")
    axes.text(place, y + 3.6, f"{depth}", ha="center", va="center", fontsize=14)
axes.set(xlim=(-0.6, 5.6), ylim=(y + 4.1, -1.2))
axes.axis("off")
figure

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘합성곱’ 장](03_convolution)의 수용 영역과 크기 식, [‘훈련’ 장](06_training)의 초기화를 안다고 가정합니다. GPU도 인터넷 연결도 필요하지
# 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다. 제 크기의 신경망을 메모리에 올리는 곳이 한 군데 있어서 메모리가
# 2GB쯤 필요합니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# The receptive field and the formula for sizes from [the chapter on convolution](03_convolution), and initialisation from
# [the chapter on training](06_training). Neither a GPU nor an internet connection is needed. Running this notebook from top to
# bottom takes about a minute on one CPU core. In one place a network of full size is held in memory, so about 2 GB are needed.

# %% [markdown] lang="ko"
# ## 깊이만 바꾸면 어떻게 될까요?
#
# [‘AlexNet’ 장](07_alexnet)과 [‘ZFNet’ 장](08_zfnet)의 신경망은 필터의 폭도, 스트라이드도, 채널 수도 서로 달랐습니다. 그래서 하나가 더
# 나아도 무엇 때문인지 알기 어려웠습니다. VGG 논문은 다른 것을 거의 그대로 두고 깊이를 바꾸었습니다. 깊이(depth)란 가중치가 있는 층의
# 수입니다. 아래는 논문의 표 3에 나온 오류율입니다. 훈련할 때 이미지의 짧은 변을 $S$픽셀로 맞추고 그 안에서 $224 \times 224$ 창을
# 무작위로 잘랐습니다. 시험할 때 짧은 변은 $Q$픽셀입니다. $S$가 고정되어 있으면 $Q = S$이고, $S$를 256에서 512 사이에서 무작위로 골랐으면 그 가운데인
# $Q = 384$입니다.

# %% [markdown] lang="en"
# ## What if only the depth changes?
#
# The networks of [the chapter on AlexNet](07_alexnet) and [the chapter on ZFNet](08_zfnet) differ in the width of their filters,
# in their strides and in their channels. When one of them was better it was hard to tell why. The VGG paper holds almost everything
# else fixed and changes the depth, the number of layers with weights. Below are the errors of the paper's table 3. In
# training, the shorter side of an image was $S$ pixels, and a random window of $224 \times 224$ was cut from it. In testing,
# the shorter side was $Q$ pixels: $Q = S$ where $S$ was fixed, and the middle, $Q = 384$, where $S$ was drawn from 256 to 512.

# %% name="fig-errors" tags=["hide-input"] alt_ko="가로축은 깊이 11, 13, 16, 19, 세로축은 top-1 오류율. S가 256인 선은 29.6%에서 28.7%, 27.0%로 내려갔다가 19층에서 27.3%로 조금 올라갑니다. S가 384인 선은 16층 26.8%, 19층 26.9%입니다. S가 256에서 512까지 무작위인 선은 16층 25.6%, 19층 25.5%로 더 아래에 있습니다." alt_en="Depth 11, 13, 16, 19 across, top-1 error upwards. The line for S = 256 falls from 29.6% to 28.7% and 27.0% and rises slightly to 27.3% at 19 layers. The line for S = 384 has 26.8% at 16 layers and 26.9% at 19. The line for S at random from 256 to 512 lies lower, 25.6% at 16 layers and 25.5% at 19." caption_ko="논문의 표 3: ImageNet 검증 세트의 top-1 오류율. 구성 A, B, D, E." caption_en="The paper's table 3: top-1 error on ImageNet's validation set, configurations A, B, D, E."
ERRORS = {  # table 3: (configuration, S) → depth, top-1, top-5
    ("A", "256"): (11, 29.6, 10.4),
    ("A-LRN", "256"): (11, 29.7, 10.5),
    ("B", "256"): (13, 28.7, 9.9),
    ("C", "256"): (16, 28.1, 9.4),
    ("C", "384"): (16, 28.1, 9.3),
    ("C", "256-512"): (16, 27.3, 8.8),
    ("D", "256"): (16, 27.0, 8.8),
    ("D", "384"): (16, 26.8, 8.7),
    ("D", "256-512"): (16, 25.6, 8.1),
    ("E", "256"): (19, 27.3, 9.0),
    ("E", "384"): (19, 26.9, 8.7),
    ("E", "256-512"): (19, 25.5, 8.0),
}
lines = {}
for scale in ("256", "384", "256-512"):
    rows = [
        {"depth": depth, "top-1 error": top1 / 100}
        for (name, sides), (depth, top1, _) in ERRORS.items()
        if sides == scale and name in "ABDE"
    ]
    lines[f"S = {scale}"] = pd.DataFrame(rows)
figure = look.curves(lines, x="depth", y="top-1 error", height=3.2)
figure.axes[0].set_xticks([11, 13, 16, 19])
figure

# %% [markdown] lang="ko"
# 16층까지는 깊을수록 낫습니다. 그러나 16층에서 19층으로 갈 때는 거의 그대로이고, $S = 256$에서는 0.3퍼센트포인트, $S = 384$에서는 0.1퍼센트포인트 오히려 나빠집니다.
# 이보다는 $S$를 무작위로 고르는 것이 더 큰 도움이 됩니다. 시험하는 크기가 똑같이 $Q = 384$일 때 D의 오류율은 26.8%에서 25.6%로 내려갑니다. 그러니 물음은 셋입니다. 왜
# $3 \times 3$입니까? 깊은 신경망을 훈련할 때 무엇이 문제였습니까? 크기를 바꾸어 보이면 왜 도움이 됩니까? 차례로 만들고 재어 봅시다.

# %% [markdown] lang="en"
# Up to 16 layers, deeper is better. From 16 to 19 hardly anything changes: at $S = 256$ it is even 0.3 percentage points worse, at $S = 384$ 0.1.
# A random $S$ is worth more than that step: tested at the same $Q = 384$, the error of D falls from 26.8% to 25.6%. So there are three
# questions. Why $3 \times 3$? What was the trouble with training deep networks? And why does it help to show images at several sizes? We take them
# in turn, build and measure.

# %% [markdown] lang="ko"
# ## 3×3을 두 번 쌓으면, 손으로
#
# ### 커널 둘을 하나로
#
# 합성곱 두 번 사이에 활성화 함수가 없다면, 둘은 합성곱 하나와 같습니다. 그 하나의 커널은 두 커널을 서로 합성곱한 것이고, $3 \times 3$ 둘은
# $5 \times 5$가 됩니다. 라이브러리의 `conv2d`는 뒤집지 않으므로, 한쪽을 먼저 뒤집어야 진짜 합성곱이 됩니다.

# %% [markdown] lang="en"
# ## Two 3×3 in a row, by hand
#
# ### Two kernels as one
#
# Without an activation function in between, two convolutions in turn are one. Its kernel is the convolution of the two kernels,
# and two of $3 \times 3$ make one of $5 \times 5$. The library's `conv2d` does not flip, so to get a true convolution
# we flip one of them first.


# %%
def composed(first, second):
    """Kernels (C, C, 5, 5) that do what two layers (C, C, 3, 3) do in turn."""
    both = functional.conv2d(first.transpose(0, 1), second.flip(2, 3), padding=2)
    return both.transpose(0, 1)


torch.manual_seed(0)
ranks = []
for C in (1, 2, 3):  # channels
    first, second = torch.randn(2, C, C, 3, 3)
    x = torch.randn(4, C, 20, 20)
    in_turn = functional.conv2d(functional.conv2d(x, first), second)  # (4, C, 16, 16)
    at_once = functional.conv2d(x, composed(first, second))  # (4, C, 16, 16)
    torch.testing.assert_close(in_turn, at_once, atol=1e-3, rtol=0)
    parts = torch.autograd.functional.jacobian(composed, (first, second))
    jacobian = torch.cat([part.reshape(25 * C * C, -1) for part in parts], dim=1)
    ranks.append(torch.linalg.matrix_rank(jacobian).item())
    print(f"C = {C}: {18 * C * C:3} numbers, {ranks[-1]:3} directions of {25 * C * C}")
check.that(ranks == [17, 17 * 4, 17 * 9], "17 C² directions of 25 C²")

# %% [markdown] lang="ko"
# 반대로, 모든 $5 \times 5$ 커널을 이렇게 쪼갤 수 있는 것은 아닙니다. 채널이 하나이면 두 커널의 수는 18개인데, 한쪽을 2배 하고 다른 쪽을 반으로 줄이면 결과가 같습니다.
# 그래서 25차원 가운데 17개의 방향으로만 움직일 수 있습니다. 위에서 계산한 야코비 행렬의 계수(rank)가 그 수입니다. 채널이 $C$개이면 $25\,C^2$차원 가운데
# $17\,C^2$개의 방향입니다. 쌓는 것은 제약입니다. 대신 사이에 ReLU를 넣으면 합성곱 하나로는 할 수 없는 비선형 함수가 됩니다. 논문이 든 이유도 둘입니다(2.3절). 하나는
# ReLU를 더 넣을 수 있다는 것이고, 다른 하나는 파라미터가 적다는 것인데 논문은 이를 큰 필터에 거는 규제로 봅니다.
#
# ### 얼마나 멀리 볼까요?
#
# ReLU가 있을 때도 수용 영역(receptive field)이 같은지 식 없이 재어 봅시다. 무작위 신경망 40개에 무작위 입력을 20장씩 넣고 출력의 가운데 칸을 입력으로 미분합니다.
# 그레이디언트가 한 번이라도 0이 아니었던 칸을 셉니다.

# %% [markdown] lang="en"
# Not every $5 \times 5$ kernel can be split in this way. With one channel, the two kernels have 18 numbers, but doubling one and halving the other
# gives the same result. So they can move in only 17 directions of 25 dimensions: the rank of the Jacobian computed above. With $C$ channels it is
# $17\,C^2$ directions of $25\,C^2$. Stacking is a restriction. In return, with a ReLU in between the stack is a nonlinear function, which no single
# convolution is. The paper, too, gives two reasons (section 2.3): there is room for more ReLUs, and there are fewer parameters, which it sees as
# regularisation imposed on the large filter.
#
# ### How far does it see?
#
# Is the receptive field the same when there are ReLUs? We measure it without a formula. Into each of 40 random networks go 20 random inputs; we take
# the derivative of the middle cell of the output by the input, and count the cells where the gradient is not 0 at least once.


# %%
def stacked(kernels, channels=8):
    """Convolutions of these widths that keep the size, each followed by ReLU."""
    steps, before = [], 1
    for kernel in kernels:
        steps += [nn.Conv2d(before, channels, kernel, padding=kernel // 2), nn.ReLU()]
        before = channels
    return nn.Sequential(*steps)


def seen(kernels, size=13):
    """Mean absolute gradient (size, size) of the middle cell by the input."""
    total = torch.zeros(size, size)
    for _ in range(40):
        x = torch.randn(20, 1, size, size, requires_grad=True)
        stacked(kernels)(x)[:, :, size // 2, size // 2].sum().backward()
        total += x.grad.abs().mean(dim=0)[0]
    return total / 40


torch.manual_seed(0)
stacks = {
    "3×3": [3],
    "two 3×3": [3, 3],
    "one 5×5": [5],
    "three 3×3": [3, 3, 3],
    "one 7×7": [7],
}
gradients = {name: seen(kernels) for name, kernels in stacks.items()}
for name, gradient in gradients.items():
    cells = int((gradient > 0).sum())
    print(f"{name:10}{cells:3} cells, centre {gradient[6, 6] / gradient.sum():.3f}")
    side = 1 + sum(kernel - 1 for kernel in stacks[name])
    assert cells == side**2
centre = {name: (each[6, 6] / each.sum()).item() for name, each in gradients.items()}
check.that(
    centre["two 3×3"] > 1.5 * centre["one 5×5"]
    and centre["three 3×3"] > 1.5 * centre["one 7×7"],
    "25 and 25, 49 and 49 cells; stacks look more at the centre",
)

# %% name="fig-support" tags=["hide-input"] alt_ko="13×13 칸 위의 그레이디언트 다섯 장. 3×3은 9칸, 3×3 두 층과 5×5 한 층은 똑같이 가운데 25칸, 3×3 세 층과 7×7 한 층은 똑같이 49칸이 밝습니다. 쌓은 것은 가운데가 밝고 귀퉁이가 어두우며, 한 층은 고르게 밝습니다." alt_en="Five gradients on 13×13 cells. The 3×3 lights up 9 cells, two 3×3 and one 5×5 the same 25 in the middle, three 3×3 and one 7×7 the same 49. The stacks are bright in the middle and dark at the corners, the single layers evenly bright." caption_ko="출력의 가운데 칸이 보는 곳. 범위는 같지만, 쌓은 것은 가운데를 더 많이 봅니다. 그림마다 눈금이 다릅니다." caption_en="What the middle output cell sees. The extent is the same, but a stack looks more at the middle. Each panel has its own scale."
look.feature_maps(
    torch.stack(list(gradients.values())),
    titles=list(gradients),
    columns=5,
    size=0.75,
    shared=False,
)

# %% [markdown] lang="ko"
# $3 \times 3$ 두 층은 $5 \times 5$ 한 층과, 세 층은 $7 \times 7$ 한 층과 정확히 같은 범위를 봅니다. 다만 고르게 보지는 않습니다. 가운데 칸에서 출력까지
# 가는 길이 귀퉁이에서 가는 길보다 많기 때문입니다. VGG 논문은 이 범위를 “effective receptive field”라고 불렀는데, 오늘날
# 유효 수용 영역(effective receptive field)은 그 안에서 실제로 영향이 큰 부분을 가리킵니다 {cite:p}`luo2016understanding`. 말은 같지만 뜻이 다릅니다.
#
# ### 무엇이 줄어들까요?
#
# 입력과 출력의 채널이 모두 $C$이면 가중치는 이렇습니다.
#
# $$2 \cdot 3^2 C^2 = 18\,C^2 < 25\,C^2, \qquad 3 \cdot 3^2 C^2 = 27\,C^2 < 49\,C^2$$
#
# 논문은 $7 \times 7$ 하나가 $3 \times 3$ 셋보다 81% 많다고 적었습니다(2.3절). 다시 계산하고, 채널이 3개뿐인 첫 층에서도 그런지 봅시다.

# %% [markdown] lang="en"
# Two layers of $3 \times 3$ see exactly what one of $5 \times 5$ sees, and three what one of $7 \times 7$ sees. But they do
# not look at it evenly: more paths lead to the output from the middle cell than from a corner. The VGG paper calls the extent an
# “effective receptive field”. Today the effective receptive field is the part of it that has a large influence
# {cite:p}`luo2016understanding`. The words are the same, the meaning is not.
#
# ### What does it save?
#
# With $C$ channels in and out, these are the weights.
#
# $$2 \cdot 3^2 C^2 = 18\,C^2 < 25\,C^2, \qquad 3 \cdot 3^2 C^2 = 27\,C^2 < 49\,C^2$$
#
# The paper says that one $7 \times 7$ has 81% more than three $3 \times 3$ (section 2.3). We compute it again, and for a first layer
# as well, which has 3 channels to read.


# %% tags=["nbval-check-output"]
def weights(kernels, before, channels):
    """Weights of convolutions in turn; the first reads `before` channels."""
    total = 0
    for kernel in kernels:
        total += kernel**2 * before * channels
        before = channels
    return total


for before, channels in [(64, 64), (512, 512), (64, 128), (3, 64)]:
    for small, large in [([3, 3], [5]), ([3, 3, 3], [7])]:
        a, b = (weights(each, before, channels) for each in (small, large))
        print(
            f"{before:3} → {channels:3}  {len(small)} of 3×3 {a:10,}"
            f"  one {large[0]}×{large[0]} {b:10,}  {b / a - 1:+.0%}"
        )

# %% [markdown] lang="ko"
# 채널이 그대로이면 $5 \times 5$가 39%, $7 \times 7$이 81% 많습니다. 뒤의 수는 논문과 같습니다. 그런데 채널 3개를 읽어 64개를 내는 첫 층에서는 반대입니다. $3 \times 3$ 두 층이 $5 \times 5$ 한 층보다 8배나 많습니다. 둘째 층이
# 64개를 읽기 때문입니다. 64개를 읽어 128개를 낼 때도 $5 \times 5$ 쪽이 7% 적습니다. “작은 필터를 쌓으면 파라미터가 줄어든다”는 말은 앞뒤의 채널 수가 비슷할 때만 맞습니다. 그리고 층이 하나 늘 때마다 훈련할 때 간직해야 하는
# 특징 맵도 한 벌씩 늘어납니다.

# %% [markdown] lang="en"
# Where the channels stay the same, the $5 \times 5$ has 39% more and the $7 \times 7$ 81% more; the latter is the paper's number. In a first layer that reads 3 channels and gives 64 it
# is the other way round: two of $3 \times 3$ have 8 times the weights of one $5 \times 5$, since the second reads 64 channels. From 64 to 128 channels the
# $5 \times 5$ has 7% fewer, too. “Small filters in a stack save parameters” holds where the numbers of channels before and after are alike. And
# for every layer more, training must keep one more set of feature maps.

# %% [markdown] lang="ko"
# ## 신경망 전체: 표 하나, 클래스 하나
#
# 표의 열 하나를 위에서 아래로 읽으며 층을 하나씩 만듭니다. 수는 $3 \times 3$ 합성곱과 ReLU이고, `"M"`은 높이와 너비를 반으로 줄이는 최대 풀링입니다. 뒤에서 작은
# 이미지로도 훈련하려고 이미지의 크기와 은닉 유닛의 수를 인수로 받습니다. `std`는 처음 가중치의 표준 편차이고, 주지 않으면 He 초기화를 씁니다.

# %% [markdown] lang="en"
# ## The whole network: one table, one class
#
# We read a column of the table from top to bottom and make the layers. A number is a $3 \times 3$ convolution with ReLU, `"M"`
# is max pooling that halves height and width. The size of the images and the number of hidden units are arguments, since
# we shall train on small images. `std` is the standard deviation of the initial weights; without it, He initialisation
# is used.


# %%
class VGG(nn.Module):
    """A column of the table, for images (N, in_channels, size, size)."""

    def __init__(
        self,
        column,
        num_classes=1000,
        in_channels=3,
        size=224,
        hidden=4096,
        dropout=0.5,
        std=None,
    ):
        super().__init__()
        steps, channels, stage, number = OrderedDict(), in_channels, 1, 1
        for entry in column:
            if entry == "M":
                steps[f"pool{stage}"] = nn.MaxPool2d(2)
                size, stage, number = size // 2, stage + 1, 1
            elif entry == "LRN":
                steps[f"norm{stage}"] = LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
            else:
                width, kernel = (channels, 1) if entry == "1x1" else (entry, 3)
                name = f"{stage}_{number}"
                steps[f"conv{name}"] = nn.Conv2d(
                    channels, width, kernel, padding=kernel // 2
                )
                steps[f"relu{name}"] = nn.ReLU()  # (N, width, size, size)
                channels, number = width, number + 1
        self.features = nn.Sequential(steps)
        self.classifier = nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),  # (N, channels · size²)
                fc6=nn.Linear(channels * size**2, hidden),
                relu6=nn.ReLU(),
                drop6=nn.Dropout(dropout),
                fc7=nn.Linear(hidden, hidden),
                relu7=nn.ReLU(),
                drop7=nn.Dropout(dropout),
                fc8=nn.Linear(hidden, num_classes),
            )
        )
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                fan_in = layer.weight[0].numel()
                nn.init.normal_(layer.weight, std=std or math.sqrt(2 / fan_in))
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        return self.classifier(self.features(x))


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


# %% [markdown] lang="ko"
# 이 클래스가 여섯 신경망을 제대로 만드는지 확인합니다. `"meta"` 장치의 텐서는 모양만 있고 값이 없어서, 1억 개가 넘는 파라미터를 세는 데 메모리를 쓰지
# 않습니다. 값까지 같은지는 A-LRN의 합성곱 부분에서 봅니다.

# %% [markdown] lang="en"
# Does the class make the six networks? Tensors on the device `"meta"` have a shape and no values, so more than one hundred million
# parameters are counted without using memory. Whether the values agree too is checked on the convolutions of A-LRN.

# %% tags=["nbval-check-output"]
NAMES = dict(
    zip(TABLE, ["vgg11", "vgg11_lrn", "vgg13", "vgg16c", "vgg16", "vgg19"], strict=True)
)
PRINTED = {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144}  # table 2
print(f"{'':7}{'parameters':>13}{'table 2':>9}{'dense':>7}{'G multiply-adds':>17}")
traces, totals = {}, {}
for name, column in TABLE.items():
    with torch.device("meta"):
        ours, theirs = VGG(column), models.create(NAMES[name])
        plain = VGG([entry for entry in column if entry != "LRN"])  # it has no weights
    shapes = [
        {key: tuple(value.shape) for key, value in each.state_dict().items()}
        for each in (ours, theirs)
    ]
    assert shapes[0] == shapes[1]
    trace = traces[name] = look.trace(plain, (3, 224, 224))
    total, dense = count(ours), count(ours.classifier)
    totals[name] = total / 1e6
    assert round(total / 1e6) == PRINTED[name]
    operations = trace.multiply_adds.sum() / 1e9
    print(
        f"{name:7}{total:13,}{PRINTED[name]:7} M{dense / total:7.0%}{operations:17.2f}"
    )

# %%
torch.manual_seed(0)
ours = VGG(TABLE["A-LRN"], size=32, hidden=8).features
theirs = models.vgg.features("A-LRN", in_channels=3)
theirs.load_state_dict(ours.state_dict())
check.same_function(ours, theirs, torch.randn(2, 3, 64, 64))

# %% [markdown] lang="ko"
# 논문의 표 2는 백만 단위로 133, 133, 133, 134, 138, 144라고 적었고, 모두 맞습니다. 11층에서 19층으로 가도 파라미터는 8%만 늘어납니다. 86% 이상이 마지막 완전 연결층 셋에
# 있기 때문입니다. 계산량은 2.6배가 됩니다. 깊이의 값은 파라미터가 아니라 시간으로 치릅니다.
#
# 이제 D의 모양을 논문의 표 1과 견줍니다. 아래는 단계의 끝마다 본 것입니다. `receptive_field`는 그 자리의 한 칸이 보는 창의 폭을 픽셀로 적은 것입니다.

# %% [markdown] lang="en"
# The paper's table 2 says, in millions, 133, 133, 133, 134, 138 and 144, and all are right. From 11 to 19 layers the parameters grow by only 8%,
# since 86% or more of them are in the three dense layers at the end. The computation grows by a factor of 2.6. Depth is paid for in time, not in
# parameters.
#
# Now we compare the shapes of D with the paper's table 1, at the end of each stage. `receptive_field` is the width, in pixels of
# the input, of the window that one cell sees there.

# %%
trace = traces["D"]
expected = {
    **{f"features.pool{i}": (64 * 2 ** (i - 1), 224 >> i, 224 >> i) for i in (1, 2, 3)},
    "features.pool4": (512, 14, 14),
    "features.pool5": (512, 7, 7),
    "classifier.fc6": (4096,),
    "classifier.fc7": (4096,),
    "classifier.fc8": (1000,),
}
check.same_shapes({name: trace.output[name] for name in expected}, expected)
fields = {
    name: int(each.receptive_field["features.pool5"]) for name, each in traces.items()
}
print("pool5 sees", ", ".join(f"{name} {width}" for name, width in fields.items()))
trace.loc[list(expected), ["output", "receptive_field"]].rename_axis(None)

# %% [markdown] lang="ko"
# D에서는 마지막 특징 맵의 한 칸이 폭 212픽셀인 창을 봅니다. A는 150픽셀, E는 268픽셀입니다. 224보다 큰 수는 이미지 밖에 덧댄 0까지 센 것이고, 그런 창은
# 이미지를 다 봅니다. C는 D와 층의 수가 같지만 $1 \times 1$ 층이 범위를 넓히지 않아서 B와 똑같이 156픽셀을 봅니다. 표 3에서 C(28.1%)는 B(28.7%)보다 낫고 D(27.0%)보다 못합니다. 같은 범위에서 비선형을
# 더하기만 해도 얻는 것이 있지만, 더 넓게 보며 더하면 더 얻는다는 것이 논문의 풀이입니다.
#
# ## 층마다 메모리가 얼마나 필요할까요?
#
# 널리 알려진 강의 슬라이드에 D의 층마다 메모리와 파라미터를 적은 것이 있습니다. 층마다 적힌 수는 맞을까요? 합계는 맞을까요? 슬라이드는 ReLU를 따로 세지 않습니다.
# 제자리에서 계산할 수 있기 때문입니다. 우리도 그렇게 셉니다.

# %% [markdown] lang="en"
# In D a cell of the last feature map sees a window 212 pixels wide, in A 150, in E 268. Numbers above 224 include the zeros padded around the
# image; such a window can see all of it. C has as many layers as D, but a $1 \times 1$ does not widen what is seen, and its 156 are those of B. In table 3, C (28.1%) is better than B (28.7%) and worse
# than D (27.0%). The paper reads this as follows: more nonlinearity helps even where the extent stays the same, but layers that also see
# further help more.
#
# ## How much memory does each layer need?
#
# A well-known lecture slide lists memory and parameters for the layers of D. Are its lines right? Is its sum? The slide does not count
# ReLU by itself, since it can be computed in place, and neither do we.

# %% tags=["nbval-check-output"]
SLIDE = [  # numbers kept, weights without biases, as the slide has them
    *[(3.2e6, 1_728), (3.2e6, 36_864), (800e3, 0)],
    *[(1.6e6, 73_728), (1.6e6, 147_456), (400e3, 0)],
    *[(800e3, 294_912), (800e3, 589_824), (800e3, 589_824), (200e3, 0)],
    *[(400e3, 1_179_648), (400e3, 2_359_296), (400e3, 2_359_296), (100e3, 0)],
    *[(100e3, 2_359_296), (100e3, 2_359_296), (100e3, 2_359_296), (25e3, 0)],
    *[(4096, 102_760_448), (4096, 16_777_216), (1000, 4_096_000)],
]
memory = trace[trace.layer.isin(["Conv2d", "MaxPool2d", "Linear"])].copy()
memory["numbers"] = memory.output.map(math.prod)
biases = memory.output.map(lambda shape: shape[0]).where(memory.parameters > 0, 0)
for row, (numbers, slide_weights), bias in zip(
    memory.itertuples(), SLIDE, biases, strict=True
):
    assert abs(row.numbers / numbers - 1) < 0.01
    assert row.parameters - bias == slide_weights
pixels = 3 * 224**2  # the slide's 150K
numbers = pixels + memory.numbers.sum()
lines = 150e3 + sum(line for line, _ in SLIDE)
print(f"sum of the slide's lines {lines / 1e6:6.1f} M")
print(f"sum, recomputed          {numbers / 1e6:6.1f} M  = {4 * numbers / 1e6:.0f} MB")
print(f"the slide's sum            24   M  =  {4 * 24} MB")

# %% name="fig-memory" tags=["hide-input"] alt_ko="D의 층 21개를 위에서 아래로 놓은 가로 막대 두 벌. 왼쪽은 메모리로 conv1_1과 conv1_2가 12.8MB씩으로 가장 길고 뒤로 갈수록 짧아집니다. 오른쪽은 파라미터로 앞쪽은 거의 없고 fc6이 102.8M으로 압도적으로 깁니다." alt_en="Two sets of horizontal bars over the 21 layers of D from top to bottom. Left, memory: conv1_1 and conv1_2 are longest with 12.8 MB each and later layers are shorter. Right, parameters: hardly any at first, and fc6 towers over all with 102.8M." caption_ko="D의 층마다 출력을 담는 메모리(왼쪽, 이미지 한 장, 32비트)와 파라미터(오른쪽). 주황색은 완전 연결층입니다." caption_en="Memory for the output of each layer of D (left, one image, 32 bits) and its parameters (right). Orange: dense layers."
figure = look.style.figure("full", 6.6)
left, right = figure.subplots(1, 2, sharey=True)
names = [name.split(".")[1] for name in memory.index]
colours = [COLOURS["orange" if name.startswith("fc") else "blue"] for name in names]
for axes, values, unit in [
    (left, memory.numbers * 4 / 1e6, "MB"),
    (right, memory.parameters / 1e6, "M parameters"),
]:
    axes.barh(names, values, color=colours, height=0.7)
    for place, value in enumerate(values):
        if value > 0.12 * values.max():
            at = value + 0.015 * values.max()
            axes.text(at, place, f"{value:.1f}", va="center", fontsize=13)
    axes.set(xlabel=unit, xlim=(0, 1.25 * values.max()))
    axes.tick_params(axis="y", length=0, labelsize=13)
left.invert_yaxis()
figure

# %% [markdown] lang="ko"
# 층마다 적힌 수는 모두 맞습니다. 틀린 것은 합계입니다. 24M이 아니라 15.2M이고, 96MB가 아니라 61MB입니다. 슬라이드는 역전파까지 하면 두 배쯤
# 필요하다고도 적었습니다. PyTorch가 역전파를 위해 실제로 무엇을 간직하는지 세어 봅시다. `saved_tensors_hooks`는 간직되는 텐서를 하나하나 보여 줍니다.

# %% [markdown] lang="en"
# Every line is right. What is wrong is the sum: not 24 M but 15.2 M, not 96 MB but 61 MB. The slide adds that with the backward
# pass about twice as much is needed. Let us count what PyTorch really keeps for the backward pass: `saved_tensors_hooks`
# shows every tensor that is kept.

# %%
with torch.device("meta"):
    network, image = VGG(TABLE["D"]).eval(), torch.empty(1, 3, 224, 224)
own = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
kept = {}


def keep(tensor):
    storage = tensor.untyped_storage()._cdata
    if storage not in own:
        kept[storage] = (tensor.dtype, tensor.nbytes)
    return tensor


with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
    network(image)
for kind in (torch.float32, torch.int64):
    size = sum(nbytes for dtype, nbytes in kept.values() if dtype == kind)
    print(f"{str(kind):14} {size / 1e6:5.1f} MB")
stored = sum(nbytes for _, nbytes in kept.values())
check.that(
    stored < 1.5 * 4 * numbers, f"{stored / 4 / numbers:.2f} times the forward pass"
)

# %% [markdown] lang="ko"
# 간직하는 값은 60.9MB로, 순전파에서 계산한 것과 거의 같습니다. 여기에 최대 풀링에서 어느 칸이 이겼는지 적어 둔 번호가 12.2MB 더 있습니다. 역전파하는 동안에는 지금 다루는
# 층의 그레이디언트도 잠깐 필요하지만, 모든 층의 것을 한꺼번에 가지고 있지는 않습니다. 이미지가 한 장이라면 정말 무거운 것은 파라미터 쪽입니다. 138,357,544개는 553MB이고, 그레이디언트와
# 모멘텀이 같은 크기로 하나씩 더 있어야 합니다. 미니배치가 커지면 특징 맵 쪽은 이미지 수에 비례해 늘고, 파라미터 쪽은 그대로입니다.
#
# 그림에서 왼쪽과 오른쪽을 견주어 보세요. 특징 맵의 메모리는 처음 두 합성곱층이 42%를 쓰고, 파라미터는 `fc6` 하나가 74%를 가집니다. 무엇을 줄이고 싶은지에 따라
# 손댈 곳이 다릅니다.

# %% [markdown] lang="en"
# PyTorch keeps 60.9 MB, almost the same as was computed in the forward pass, and another 12.2 MB of indices that say which cell
# won in max pooling. During the backward pass the gradient of the layer at work is needed for a moment, but never those of all
# layers at once. For a single image the parameters weigh most: 138,357,544 of them are 553 MB, and gradients and momentum each
# take as much again. With larger mini-batches the feature maps' part grows with the number of images; the parameters' part stays.
#
# Compare left and right in the figure. The first two convolutions use 42% of the feature maps' memory, `fc6` alone has 74%
# of the parameters. Where to cut depends on what is to be saved.

# %%
first_two = memory.numbers.iloc[:2].sum() / numbers
largest = memory.parameters["classifier.fc6"] / memory.parameters.sum()
print(f"first two convolutions {first_two:.0%} of the feature maps' memory")
parameters = memory.parameters.sum()
print(f"fc6 {largest:.0%} of {parameters:,} parameters, {4 * parameters / 1e6:.0f} MB")

# %% [markdown] lang="ko"
# ## 왜 깊으면 훈련하기 어려웠을까요?
#
# 논문은 A를 먼저 훈련했습니다. A는 무작위 가중치에서 시작해도 훈련할 수 있을 만큼 얕았기 때문입니다. 더 깊은 신경망은 처음 합성곱층 넷과 완전 연결층 셋을 훈련한
# A에서 가져오고 나머지만 무작위로 시작했습니다. 그러고 나서 저자들은 {cite:t}`glorot2010understanding`의 초기화를 쓰면 그럴 필요가 없다는 것을 알았다고
# 적었습니다(3.1절).
#
# [‘훈련’ 장](06_training)에서 보았듯이, 입력이 $n$개인 층의 가중치가 표준 편차 $\sigma$의 정규분포에서 나오고 ReLU가 뒤따르면, 신호의 크기는 층마다
# $\sigma\sqrt{n/2}$배가 됩니다. 논문의 초기화는 평균 0, 분산 $10^{-2}$입니다. 그러면 $\sigma = 0.1$입니다. AlexNet의 0.01은
# 분산이 아니라 표준 편차였습니다 {cite:p}`krizhevsky2012imagenet`. 둘 다 계산해 봅시다. E의 모든 층을 지나면 신호는 몇 배가 될까요?

# %% [markdown] lang="en"
# ## Why was depth hard to train?
#
# The authors trained A first, which was shallow enough to be trained from random weights. The deeper networks took their first
# four convolutional layers and the three dense ones from the trained A, and only the rest began at random. Later, the authors
# write, they found that with the initialisation of {cite:t}`glorot2010understanding` this would not have been needed (section 3.1).
#
# As [the chapter on training](06_training) showed, where the weights of a layer with $n$ inputs are normal with standard deviation $\sigma$ and ReLU follows,
# the layer multiplies the size of the signal by $\sigma\sqrt{n/2}$. The paper gives mean 0 and variance
# $10^{-2}$, which is $\sigma = 0.1$. The 0.01 of AlexNet was a standard deviation, not a variance {cite:p}`krizhevsky2012imagenet`. We compute both. By how much is the signal
# multiplied on its way through all layers of E?

# %% tags=["nbval-check-output"]
print(f"{'':3}{'variance 0.01':>15}{'deviation 0.01':>16}")
gains = {}
for name in "ABDE":
    with torch.device("meta"):
        layers = [
            layer
            for layer in VGG(TABLE[name]).modules()
            if isinstance(layer, (nn.Conv2d, nn.Linear))
        ]
    fan_in = [layer.weight[0].numel() for layer in layers]
    gains[name] = [
        math.prod(std * math.sqrt(n / 2) for n in fan_in) for std in (0.1, 0.01)
    ]
    print(f"{name:3}{gains[name][0]:15.0e}{gains[name][1]:16.0e}")

# %% [markdown] lang="ko"
# 글자 그대로 분산 0.01이면 A에서도 신호가 입력의 $4 \cdot 10^5$배가 됩니다. 로짓이 그렇게 크면 손실은 처음부터 터무니없이 큽니다. 표준 편차가 0.01이면 반대로
# $4 \cdot 10^{-6}$배가 되고, E에서는 $10^{-9}$배입니다. 어느 쪽을 썼는지 논문만으로는 알 수 없습니다. 분명한 것은, 층마다 같은 표준 편차를 쓰면 깊이가 늘 때마다 신호가
# 지수적으로 커지거나 작아진다는 것입니다. 식이 맞는지 E의 합성곱층에 실제로 이미지를 넣어 재 봅시다.

# %% [markdown] lang="en"
# Taken at its word, a variance of 0.01 makes the signal $4 \cdot 10^5$ times the input already in A. With logits as large as that the loss is absurd from
# the start. A standard deviation of 0.01 does the opposite, $4 \cdot 10^{-6}$ times in A and $10^{-9}$ times in E. The paper does not settle which of
# the two was used. What is certain: with the same standard deviation in all layers, the signal grows or
# shrinks exponentially with depth. Is the formula right? We send images through the convolutions of E and measure.


# %%
def sizes(std):
    """Root mean square after every convolution of E with its ReLU."""
    torch.manual_seed(0)
    network = VGG(TABLE["E"], size=32, hidden=8, std=std).features
    signal, found = torch.randn(2, 3, 32, 32), []
    with torch.no_grad():
        for layer in network:
            signal = layer(signal)
            if isinstance(layer, nn.ReLU):
                found.append(signal.square().mean().sqrt().item())
    return found


signals = {"std 0.1": sizes(0.1), "He": sizes(None), "std 0.01": sizes(0.01)}
for std in (0.1, 0.01):
    formula = math.prod(std * math.sqrt(n / 2) for n in fan_in[:-3])  # E, up to fc6
    measured = signals[f"std {std}"][-1]
    check.that(
        0.1 < measured / formula < 10,
        f"std {std}: formula {formula:.0e}, measured {measured:.0e}",
    )
check.that(
    0.05 < signals["He"][-1] < 20, f"He: formula 1, measured {signals['He'][-1]:.1f}"
)

# %% name="fig-signal" tags=["hide-input"] alt_ko="가로축은 합성곱층 1부터 16, 세로축은 신호의 크기이고 로그 눈금입니다. std 0.1의 선은 1보다 조금 아래에서 시작해 10의 7제곱을 넘을 때까지 올라가고, He의 선은 1 근처에 머물며, std 0.01의 선은 곧장 내려가 끝에는 10의 −8제곱보다 작습니다." alt_en="Convolution 1 to 16 across, the size of the signal upwards on a logarithmic scale. The line for std 0.1 begins a little below 1 and climbs beyond 10 to the 7, that of He stays near 1, that of std 0.01 falls straight to less than 10 to the −8." caption_ko="훈련하기 전, E의 합성곱층을 지나는 신호의 크기(제곱 평균의 제곱근). 제 크기의 채널 수, 무작위 이미지." caption_en="Size of the signal (root mean square) on its way through the convolutions of E before training. Full number of channels, random images."
look.curves(
    {
        name: pd.DataFrame({"convolution": range(1, 17), "root mean square": values})
        for name, values in signals.items()
    },
    x="convolution",
    y="root mean square",
    logy=True,
)

# %% [markdown] lang="ko"
# He 초기화의 선은 1 근처에 머뭅니다. 나머지 둘은 층마다 거의 같은 배율로 멀어집니다. 풀링과 가장자리에 덧댄 0은 식에 들어 있지 않지만, 16층을 지난 뒤에도 잰 값은
# 식과 자릿수가 맞습니다.
#
# ### 깊이를 직접 바꾸어 훈련하기
#
# 같은 일이 훈련에서도 일어나는지 작은 크기로 봅시다. 채널 수를 8분의 1로 줄인 A, B, D, E를 손글씨 숫자로 훈련합니다. 신경망이 작으므로 드롭아웃은 끕니다. 채널이 적으면
# 신호가 다르게 줄어들므로 표준 편차도 다르게 골랐습니다. 0.06이면 A는 배우지만 E는 배우지 못합니다. 시작하는 방법은 세 가지입니다. 하나는 He 초기화이고, 하나는 모든 층에서
# 표준 편차 0.06입니다. 마지막은 논문의 방법으로, 표준 편차 0.06에서 시작하되 일곱 층을 훈련한 A에서 가져옵니다.

# %% [markdown] lang="en"
# The line of He initialisation stays near 1. The other two move away from it by almost the same factor in every layer. Pooling and the zeros at the
# edges are not in the formula, but even after 16 layers it agrees with the measurement in order of magnitude.
#
# ### Training at several depths
#
# Does the same happen in training? We try it on a small scale: A, B, D and E with an eighth of the channels and no dropout, on handwritten digits.
# With fewer channels a signal shrinks differently, so the standard deviation is a different one: with 0.06, A learns and E does
# not. There are three ways to start. One is He initialisation, one is a standard deviation of 0.06 in all layers. The last is the paper's: standard
# deviation 0.06, but seven layers taken from the trained A.


# %%
def narrow(column, by=8):
    return [entry // by if isinstance(entry, int) else entry for entry in column]


if full:
    digits = data.load("mnist", "train", size=32, fallback="digits")
    digits_test = data.load("mnist", "test", size=32, fallback="digits")
else:
    digits = data.load("digits", "train", size=32)[:1500]
    digits_test = data.load("digits", "test", size=32)


def train_digits(column, std=None, start=None):
    """Network and test accuracy after each epoch; `start`: weights to begin from."""
    torch.manual_seed(0)
    network = VGG(narrow(column), 10, 1, size=32, hidden=64, dropout=0, std=std)
    if start is not None:
        network.load_state_dict(start, strict=False)
    history = train.fit(
        network,
        digits,
        digits_test,
        epochs=3,
        batch_size=40,
        lr=2e-3,
        schedule="onecycle",
        quiet=True,
    )
    return network, history.table.test_accuracy.tolist()


FROM_A = ["features.conv1_1", "features.conv2_1", "features.conv3_1"]
FROM_A += ["features.conv3_2", "classifier.fc6", "classifier.fc7", "classifier.fc8"]
study = {}
for name in "ABDE":
    study[name, "He"] = train_digits(TABLE[name])[1]
    network, study[name, "std 0.06"] = train_digits(TABLE[name], std=0.06)
    if name == "A":
        shared = {
            key: value
            for key, value in network.state_dict().items()
            if key.rsplit(".", 1)[0] in FROM_A
        }
_, study["E", "from A"] = train_digits(TABLE["E"], std=0.06, start=shared)
final = {key: accuracies[-1] for key, accuracies in study.items()}
table = pd.Series(final).unstack().loc[list("ABDE"), ["He", "std 0.06", "from A"]]
table.map("{:.3f}".format).replace("nan", "")

# %%
ahead = min(final[name, "He"] - final[name, "std 0.06"] for name in "ABDE")
check.that(ahead > 0.1, f"He is ahead everywhere, by {ahead:.3f} or more")
A, D, E = (final[name, "std 0.06"] for name in "ADE")
check.that(A > D > E and E < 0.25, f"std 0.06: {A:.3f} > {D:.3f} > {E:.3f}")
deeper = max(final[name, "He"] for name in "BDE")
check.that(deeper < final["A", "He"] + 0.05, "He: no gain by depth here")
helped, he = final["E", "from A"], final["E", "He"]
check.that(E + 0.1 < helped < he, f"E: {E:.3f} + 0.1 < from A {helped:.3f} < {he:.3f}")

# %% name="fig-depth" tags=["hide-input"] alt_ko="가로축은 구성 A, B, D, E. He 초기화의 막대는 모두 높고, 표준 편차 0.06의 막대는 A에서 E로 갈수록 낮아져 E에서는 찍는 것과 같습니다. A에서 일곱 층을 가져온 E의 막대는 그 사이에 있습니다. 점선은 찍었을 때의 10%입니다." alt_en="Configurations A, B, D, E across. The bars of He initialisation are all high, those of standard deviation 0.06 become lower from A to E, where they equal guessing. The bar of E with seven layers taken from A lies between. A dotted line marks 10%, guessing." caption_ko="3에폭 뒤 손글씨 숫자의 테스트 정확도. 채널 수는 8분의 1, 시드는 하나입니다." caption_en="Test accuracy on handwritten digits after 3 epochs, with an eighth of the channels and a single seed."
figure = look.style.figure("column", 3.4)
axes = figure.add_subplot()
ways = {"He": "blue", "std 0.06": "orange", "from A": "green"}
for shift, (way, colour) in enumerate(ways.items()):
    places = [i for i, name in enumerate("ABDE") if (name, way) in final]
    heights = [100 * final["ABDE"[i], way] for i in places]
    left = [i + 0.28 * (shift - 1) for i in places]
    axes.bar(left, heights, width=0.26, color=COLOURS[colour], label=way)
    for at, height in zip(left, heights, strict=True):
        axes.text(at, height + 1.5, f"{height:.0f}", ha="center", fontsize=11)
axes.axhline(10, color=COLOURS["ink"], linestyle=":", linewidth=1.2)
depths = {"A": 11, "B": 13, "D": 16, "E": 19}
axes.set(xticks=range(4), ylabel="test accuracy, %", ylim=(0, 108))
axes.set_xticklabels([f"{name}, {depth}" for name, depth in depths.items()])
axes.set_xlabel("configuration, layers")
figure.legend(loc="outside upper left", ncols=3)
figure

# %% [markdown] lang="ko"
# He 초기화로는 네 신경망이 모두 배웁니다. 표준 편차 0.06으로는 A도 배우지만 깊어질수록 덜 배우고, E는 찍는 것과 다르지 않습니다. 층은 같고 처음
# 가중치의 크기만 다른데도 그렇습니다. 논문의 방법은 효과가 있습니다. 일곱 층을 훈련한 A에서 가져오면 E도 배우기 시작합니다. 다만 A를
# 훈련한 에폭까지 합하면 두 배를 들인 셈이고, 그래도 처음부터 He 초기화로 시작한 것에 미치지 못합니다. 저자들이 나중에 깨달은 대로입니다.
#
# 그러면 깊은 것이 더 나을까요? 여기서는 아닙니다. He 초기화의 막대를 보면 A가 B나 D와 비슷하고, 3에폭 뒤에 E는 뒤처집니다. 숫자 1,500장과
# 좁은 층으로는 깊이의 이득이 보이지 않습니다. 논문의 이득은 백만 장이 넘는 사진과 제 크기의 층에서 나온 것입니다. 시드도 하나뿐이므로 몇 퍼센트포인트의 차이에는
# 의미를 두지 마세요.
#
# “앞의 네 층”을 가져오는 데에도 함정이 있습니다. E의 처음 네 층을 차례로 세면 둘째가 64개를 읽어 64개를 내지만, A의 둘째 층은 64개를 읽어 128개를 냅니다.
# 순서가 아니라 이름(`conv1_1`, `conv2_1`, `conv3_1`, `conv3_2`)으로 맞추어야 크기가 맞습니다.

# %% [markdown] lang="en"
# With He initialisation all four learn. With standard deviation 0.06, A learns, deeper networks learn less, and E does
# no better than guessing. The layers are the same; only the size of the initial weights differs. The paper's way works:
# with seven layers from the trained A, E begins to learn, too. But together with A's epochs that is twice the training, and it still
# does not reach what He initialisation gives from the start. That is what the authors came to see.
#
# So is deeper better? Not here. With He initialisation, A is about as good as B and D, and after 3 epochs E is
# behind. With 1,500 digits and narrow layers there is no gain by depth to be seen. The paper's gain comes from more than a
# million photos and layers of full width. There is a single seed as well, so read nothing into a few percentage points.
#
# There is a catch in taking “the first four layers”. Counted in order, the second layer of E reads 64 channels and gives 64, but
# that of A reads 64 and gives 128. The layers have to be matched by name (`conv1_1`, `conv2_1`, `conv3_1`, `conv3_2`), not by order, for the sizes to fit.

# %% [markdown] lang="ko"
# ## 여러 크기로 보이며 훈련하기
#
# 물체는 가까이 있으면 크고 멀리 있으면 작습니다. 논문은 훈련 이미지의 짧은 변을 매번 $[256, 512]$에서 무작위로 고른 $S$픽셀로 맞춘 다음 $224 \times 224$ 창을
# 잘랐습니다. 이것을 스케일 지터링(scale jittering)이라고 합니다. 작은 크기로 따라 해 봅시다. 48픽셀 그림을 $S$픽셀로 줄이고 32픽셀 창을
# 자릅니다. 두 일을 한 번에 할 수 있습니다. 폭이 그림의 $32/S$배인 정사각형을 골라 32픽셀로 읽으면 됩니다.

# %% [markdown] lang="en"
# ## Training at several scales
#
# An object is large when it is near and small when it is far. The paper resized each training image anew so that its shorter side
# was $S$ pixels, drawn at random from $[256, 512]$, and then cut a window of $224 \times 224$. This is called scale jittering. We
# do the same on a small scale: a picture of 48 pixels is resized to $S$, and a window of 32 pixels is cut from it. Both can be done at
# once: choose a square whose width is $32/S$ of the picture and sample it at 32 pixels.


# %%
def jitter(low, high, size=32):
    """Each image at its own scale S, `size` pixels of it at a random place."""

    def augment(images, draw):
        share = size / draw.uniform(low, high)  # (B, 1), of the picture
        place = (1 - share) * draw.uniform(-1, 1, 2)  # (B, 2), centre in -1..1
        theta = torch.zeros(len(images), 2, 3, device=images.device)
        theta[:, 0, 0] = theta[:, 1, 1] = share[:, 0]
        theta[:, :, 2] = place
        shape = (*images.shape[:2], size, size)
        grid = functional.affine_grid(theta, shape, align_corners=False)
        return functional.grid_sample(images, grid, align_corners=False)

    return augment


easy = {"illumination": 0.15, "deformation": 0.15, "occlusion": 0.1}
easy |= {"clutter": 0.15, "variation": 0.35}
shapes = data.load("shapes", "train", size=48, count=8000 if full else 2500, **easy)
shapes_test = data.load("shapes", "test", size=48, count=500, **easy)

x = data.to_float(shapes.images[:4])
whole = data.augmented(x, jitter(32, 32))
smaller = functional.interpolate(x, (32, 32), mode="bilinear", align_corners=False)
check.close(whole, smaller, atol=1e-4, what="S = 32")

# %% name="fig-jittered" tags=["hide-input"] alt_ko="같은 그림 두 장을 여덟 번씩 자른 것. 도형의 크기와 자리가 창마다 다르고, 큰 것은 가장자리가 잘려 있습니다." alt_en="Two pictures cut eight times each. The shape's size and place differ from window to window; large ones are cut off at the edge." caption_ko="그림 두 장에서 $S$를 32에서 44까지 무작위로 골라 자른 창." caption_en="Windows of two pictures, with $S$ drawn from 32 to 44."
pair = data.to_float(shapes.images[[6, 13]]).repeat_interleave(8, dim=0)
look.grid(data.augmented(pair, jitter(32, 44)), columns=8, size=0.72)

# %% [markdown] lang="ko"
# 신경망은 A를 줄인 것입니다. 그림이 작으므로 풀링은 세 번만 합니다. 마지막 특징 맵은 $64 \times 4 \times 4$이고, 논문의 $7 \times 7$과 같은
# 역할을 합니다. 넘어서야 할 기준 모델(baseline)은 파라미터 수가 비슷한 은닉층 하나짜리 완전 연결 신경망입니다. 셋 모두 32픽셀 창을 보고 같은 에폭만큼
# 훈련합니다.

# %% [markdown] lang="en"
# The network is a small A. Since the pictures are small, it pools only three times; its last feature map is
# $64 \times 4 \times 4$ and plays the part of the paper's $7 \times 7$. The baseline it has to beat is a fully connected network with one
# hidden layer and about as many parameters. All three train for the same number of epochs and see windows of 32 pixels.

# %%
SMALL = [8, "M", 16, "M", 32, 32, "M", 64, 64]
recipe = {"epochs": 12 if full else 6, "batch_size": 32, "lr": 3e-3}
recipe |= {"schedule": "onecycle", "quiet": True}


def small_vgg():
    torch.manual_seed(0)
    return VGG(SMALL, 10, 3, size=32, hidden=64, dropout=0)


trained = {}
for name, augment in {"S = 36": jitter(36, 36), "S = 32-44": jitter(32, 44)}.items():
    network = small_vgg()
    trained[name] = network, train.fit(network, shapes, augment=augment, **recipe)

torch.manual_seed(0)
dense = nn.Sequential(
    nn.Flatten(), nn.Linear(3 * 32**2, 48), nn.ReLU(), nn.Linear(48, 10)
)
dense_history = train.fit(dense, shapes, augment=jitter(32, 44), **recipe)
small = data.multi_scale([32])  # the whole test picture at 32 pixels
baseline = train.evaluate(dense, shapes_test, like=dense_history, views=small)
print(f"{'fully connected':16}{count(dense):9,} parameters {baseline.accuracy:.3f}")
for name, (network, history) in trained.items():
    result = train.evaluate(network, shapes_test, like=history, views=small)
    print(f"{name:16}{count(network):9,} parameters {result.accuracy:.3f}")
    check.that(
        result.accuracy > baseline.accuracy + 0.05,
        f"{name}: {result.accuracy:.3f} > {baseline.accuracy:.3f} + 0.05",
    )

# %% [markdown] lang="ko"
# ## 더 큰 이미지 위에서: 완전 연결층을 합성곱으로
#
# 이제 두 신경망을 다른 크기의 그림에서 시험하려고 합니다. 그런데 완전 연결층은 입력의 크기가 정해져 있습니다. 논문은 이렇게 풀었습니다(3.2절). 첫 완전 연결층의
# 유닛 하나는 $64 \times 4 \times 4$개의 수를 모두 읽습니다. 같은 가중치를 $4 \times 4$ 필터로 놓으면 똑같은 수를 내는 합성곱입니다. 나머지 두 층은
# $1 \times 1$ 합성곱이 됩니다. 이제 더 큰 이미지를 넣으면 점수가 한 벌이 아니라 지도로 나옵니다.

# %% [markdown] lang="en"
# ## On larger images: dense layers as convolutions
#
# We want to test the two networks on pictures of other sizes; but dense layers read a fixed number of inputs. This is how the paper
# solves it (section 3.2). A unit of the first dense layer reads all $64 \times 4 \times 4$ numbers. Put the same weights into a
# $4 \times 4$ filter, and a convolution gives the same number. The other two layers become $1 \times 1$ convolutions. A larger image
# now gives a map of scores in place of one set.


# %%
def as_filters(linear, side):
    """A dense layer that reads (channels, side, side), as a convolution."""
    channels = linear.in_features // side**2
    layer = nn.Conv2d(channels, linear.out_features, side)
    weight = linear.weight.detach()  # (units, channels · side²)
    layer.weight = nn.Parameter(weight.view(-1, channels, side, side))
    layer.bias = nn.Parameter(linear.bias.detach())
    return layer


def densely(network, side):
    """Images of any size → a map of logits (N, classes, height, width)."""
    last = network.classifier
    return nn.Sequential(
        *network.features,
        as_filters(last.fc6, side),
        nn.ReLU(),
        as_filters(last.fc7, 1),
        nn.ReLU(),
        as_filters(last.fc8, 1),
    ).eval()


network, history = trained["S = 32-44"]
network.eval()
x = torch.randn(3, 3, 32, 32)
with torch.no_grad():
    check.close(densely(network, 4)(x).flatten(1), network(x), what="32 × 32")
    for height, width in [(32, 32), (40, 32), (96, 144)]:
        maps = densely(network, 4)(torch.randn(1, 3, height, width))
        print(f"{height:3} × {width:3} → {tuple(maps.shape)}")

# %% [markdown] lang="ko"
# 같은 일을 제 크기의 VGG에서 하고 패키지의 `models.as_convolutions`와 견줍니다. 무작위 가중치를 가진 A이고, 파라미터는 132,863,336개입니다. 224픽셀 이미지에서는
# 출력이 같아야 하고, 더 큰 이미지에서는 32픽셀마다 점수가 한 벌씩 나와야 합니다.

# %% [markdown] lang="en"
# We do the same to a VGG of full size and compare with the package's `models.as_convolutions`. It is A with random weights, 132,863,336
# parameters. On an image of 224 pixels the outputs must be equal; on larger ones there must be one set of scores for every 32 pixels.

# %%
torch.manual_seed(0)
large = models.create("vgg11").eval()
convolutional = models.as_convolutions(large)  # shares its weights
with torch.inference_mode():
    image = torch.randn(1, 3, 224, 224)
    scores = large(image)  # (1, 1000)
    check.close(convolutional(image), scores, atol=1e-4, what="224 × 224")
    maps = densely(large, 7)(image)  # (1, 1000, 1, 1)
    check.close(maps.flatten(1), scores, atol=1e-4, what="by hand")
    maps = convolutional.maps(torch.randn(1, 3, 256, 320))
    check.same_shapes(maps, (1, 1000, 2, 4))
del large, convolutional, maps

# %% [markdown] lang="ko"
# $256 \times 320$에서는 $2 \times 4$칸의 점수 지도가 나옵니다. 세로 칸 수 $2$는 $\lfloor 256/32 \rfloor - 6$입니다. 이미지의 점수는 지도를 평균한
# 것입니다. 이것을 조밀 평가(dense evaluation)라고 합니다. 창을 하나하나 잘라서 따로 계산하는 것과 견주면
# 값은 조금 다릅니다. 잘라 낸 창에서는 가장자리에 0을 덧대지만, 조밀 평가에서는 그 자리에 이웃한 픽셀이 있기 때문입니다. 대신 겹치는 부분을 한 번만 계산하므로 훨씬 쌉니다. 얼마나
# 쌀까요? D로 $384 \times 384$ 이미지 한 장을 볼 때의 곱셈-덧셈을 셉니다. 지도는 36칸이므로, 창을 자르면 36번 계산해야 합니다.

# %% [markdown] lang="en"
# From $256 \times 320$ comes a map of $2 \times 4$ scores; its height, $2$, is $\lfloor 256/32 \rfloor - 6$. The score of the image is the
# mean of the map. This is dense evaluation. Compared with cutting windows and computing each by itself, the
# values differ a little: a window that was cut out is padded with 0 at its edges, while in dense evaluation the neighbouring pixels
# are there. In return, what overlaps is computed only once, which is much cheaper. How much? We count the multiply-adds of D on an image of
# $384 \times 384$. The map has 36 cells, so cutting windows means computing 36 times.

# %% tags=["nbval-check-output"]
operations = traces["D"].multiply_adds
of_features = operations[operations.index.str.startswith("features")].sum()
of_classifier = operations.sum() - of_features
cells = (384 // 32 - 6) ** 2
at_once = of_features * (384 / 224) ** 2 + of_classifier * cells
one_by_one = operations.sum() * cells
print(f"{cells} windows one by one {one_by_one / 1e9:6.1f} G multiply-adds")
print(f"densely {at_once / 1e9:19.1f} G, {one_by_one / at_once:.1f} times fewer")

# %% [markdown] lang="ko"
# 이제 우리의 두 신경망에서 시험 그림의 크기 $Q$를 바꾸어 봅시다. 32픽셀보다 크면 창보다 큽니다.

# %% [markdown] lang="en"
# Now we change $Q$, the size of the test picture, for our two networks. Above 32 pixels it is larger than a window.

# %%
SIDES = (32, 36, 40, 44, 48, 56)
mean_map = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
by_size, centred = {}, {}


def middle_of_36(images):
    resized = functional.interpolate(images, (36, 36), mode="bilinear", antialias=True)
    return resized[:, None, :, 2:34, 2:34]  # (B, 1, 3, 32, 32)


for name, (network, history) in trained.items():
    everywhere = nn.Sequential(densely(network, 4), *mean_map)
    by_size[name] = [
        train.evaluate(
            everywhere, shapes_test, like=history, views=data.multi_scale([side])
        ).accuracy
        for side in SIDES
    ]
    several = train.evaluate(
        everywhere, shapes_test, like=history, views=data.multi_scale([32, 36, 40])
    )
    centred[name] = train.evaluate(
        network, shapes_test, like=history, views=middle_of_36
    ).accuracy
    listed = " ".join(f"{accuracy:.3f}" for accuracy in by_size[name])
    print(f"{name:10} Q: {listed}")
    print(f"{'':10} 32, 36, 40 together {several.accuracy:.3f}, ", end="")
    print(f"middle window of 36 {centred[name]:.3f}")
fixed, varied = by_size.values()
gain = {side: b - a for side, a, b in zip(SIDES, fixed, varied, strict=True)}
check.that(
    abs(gain[32]) < 0.08 and min(gain[40], gain[44]) > 0.03,
    f"Q = 32: {gain[32]:+.3f}; Q = 40, 44: {gain[40]:+.3f}, {gain[44]:+.3f}",
)
lowest, fall = max(fixed[-1], varied[-1]), fixed[0] - fixed[4]
check.that(
    lowest < 0.4 and fall > 0.2, f"56: at most {lowest:.3f}; 32 → 48: -{fall:.3f}"
)
moved = min(centred[name] - by_size[name][1] for name in centred)
same = centred["S = 32-44"] - centred["S = 36"]
check.that(moved > 0.03 and same < 0.03, f"36: middle +{moved:.3f}; {same:+.3f}")
together = several.accuracy - max(varied)  # of S = 32-44, the last
check.that(together > 0, f"32, 36, 40 together: {together:+.3f}")

# %% name="fig-jitter" tags=["hide-input"] alt_ko="가로축은 시험 그림의 크기 32부터 56픽셀, 세로축은 테스트 정확도. 두 선은 32에서 거의 같은 높이로 시작해 오른쪽으로 내려갑니다. S를 32에서 44까지 무작위로 골라 훈련한 선이 36으로 고정한 선보다 40픽셀부터 뚜렷이 위에 있습니다." alt_en="Size of the test picture from 32 to 56 pixels across, test accuracy upwards. Both lines begin at almost the same height at 32 and fall to the right. The one trained with random S from 32 to 44 lies clearly above the one with S fixed at 36 from 40 pixels on." caption_ko="시험 그림의 크기 $Q$에 따른 조밀 평가의 정확도." caption_en="Accuracy of dense evaluation by the size $Q$ of the test picture."
figure = look.curves(
    {
        name: pd.DataFrame({"test size Q": SIDES, "test accuracy": values})
        for name, values in by_size.items()
    },
    x="test size Q",
    y="test accuracy",
)
figure.axes[0].set_xticks(SIDES)
figure

# %% [markdown] lang="ko"
# 그림 전체가 창에 들어오는 $Q = 32$에서는 둘이 거의 같습니다. $Q$가 커질 때 크기를 바꾸며 훈련한 쪽은 훨씬 천천히 떨어지지만, 48픽셀부터는 둘 다
# 크게 떨어집니다. 창이 도형의 일부만 보기 때문입니다. 스케일 지터링은 본 적이 있는 크기 근처에서 도움이 됩니다. 세 크기의 확률을 평균하면 크기를 바꾸며 훈련한 쪽은 어느 한 크기로
# 시험할 때보다 낫습니다.
#
# 이상한 것이 하나 있습니다. 36으로 훈련한 신경망이 왜 36에서 32보다 못할까요? 36픽셀은 풀링을 세 번 지나면 4칸이 되고, 나머지는 버려집니다. 그래서 지도는 한
# 칸뿐이고, 창이 왼쪽 위에 치우쳐 있습니다. 한가운데의 창을 잘라서 재면(middle window) 두 신경망 모두 뚜렷이 낫고, 36으로 고정한 쪽이 뒤지지 않습니다. 우리 실험에서 지터링의
# 이득은 다른 크기에서만 나옵니다. 조밀 평가는 창을 고르게 놓지만, 이렇게 지도가 작을
# 때는 창이 어디에 놓이는지 살펴보아야 합니다.

# %% [markdown] lang="en"
# At $Q = 32$, where the whole picture fits into the window, the two are almost equal. As $Q$ grows, the one trained at changing scales
# falls much more slowly. But from 48 pixels on both fall far, since a window sees only part of a shape. Scale jittering helps near
# the scales that were seen. Averaged over three sizes, the one trained at changing scales is better than at any single one.
#
# One thing is odd. Why is the network trained at 36 worse at 36 than at 32? After pooling three times, 36 pixels are 4 cells, and the
# rest is dropped. So the map has a single cell, and its window stands off centre, at the upper left. Measured on the window cut from the middle
# (middle window), both networks are clearly better, and the one fixed at 36 is not behind: in our experiment the gain by jittering comes from the
# other sizes alone. Dense evaluation places windows evenly, but where the map is as small as this one should look where they stand.

# %% [markdown] lang="ko"
# ### 점수의 지도는 무엇을 뜻할까요?
#
# 지도를 평균하지 않고 그대로 보면, 신경망이 자리마다 창을 무엇으로 보는지 알 수 있습니다. 처음 보는 그림을 열두 장씩 붙여 큰 이미지 40장을 만들고, 신경망이
# 그 위를 한 번에 지나가게 합니다. 각 그림은 36픽셀로 줄였고, 지도의 한 칸은 8픽셀마다 하나씩 놓인 32픽셀 창입니다. 그림마다 가장 가까운 창의 대답이 맞는지 셉니다.

# %% [markdown] lang="en"
# ### What does the map of scores mean?
#
# Left as it is, without the mean, the map shows what the network takes the window at each place for. We join unseen pictures, twelve at a time,
# into 40 large images, and let the network run over each once. A picture is reduced to 36 pixels; a cell of the map is a window of 32 pixels, one
# every 8 pixels. We count how often the window nearest to a picture gives the right answer.

# %%
network, history = trained["S = 32-44"]
mean, std = (
    torch.as_tensor(each).view(-1, 1, 1) for each in (history.mean, history.std)
)
tiles = data.to_float(shapes_test.images[:480])  # 40 walls of 3 × 4 pictures
tiles = functional.interpolate(tiles, (36, 36), mode="bilinear", antialias=True)
walls = tiles.view(40, 3, 4, 3, 36, 36).permute(0, 3, 1, 4, 2, 5)
walls = walls.reshape(40, 3, 3 * 36, 4 * 36)
with torch.no_grad():
    maps = densely(network, 4)((walls - mean) / std)  # (40, 10, 10, 15)
probabilities = maps.softmax(dim=1)
down = [round((36 * i + 2) / 8) for i in range(3)]  # window nearest to each tile
across = [round((36 * j + 2) / 8) for j in range(4)]
there = maps[:, :, down][..., across].argmax(dim=1).flatten(1)  # (40, 12)
answers = shapes_test.labels[:480].view(40, 12)
share = (there == answers).float().mean().item()
print(tuple(walls.shape), "→", tuple(maps.shape), f"{share:.1%} of 480 tiles right")
check.that(0.5 < share < centred["S = 32-44"], f"0.5 < {share:.3f}")

# %% name="fig-scores" tags=["hide-input"] alt_ko="왼쪽 위는 도형 열두 장을 붙인 이미지이고, 나머지 셋은 세 클래스의 확률 지도입니다. 각 지도는 그 클래스의 도형이 있는 자리에서 밝고, 다른 곳에도 밝은 칸이 드문드문 있습니다." alt_en="Upper left, an image joined from twelve shapes; the other three are maps of the probability of three classes. Each map is bright where shapes of its class are, and has scattered bright cells elsewhere." caption_ko="큰 이미지와, 그 위를 한 번 지나가며 얻은 세 클래스의 확률 지도. 지도의 칸은 창의 중심에 놓았고, 밝을수록 확률이 1에 가깝습니다. 네모는 그 클래스의 그림이 있는 자리입니다. 40장 가운데 가장 많이 맞힌 것과, 거기서 가장 두드러진 세 클래스를 골랐습니다." caption_en="A large image, and the probability of three classes from a single pass over it. A cell lies at the centre of its window; the brighter, the nearer to 1. The squares mark the pictures of the class. Of the 40 images this is the one with most right answers, and the classes are the three that stand out most."
best = int((there == answers).sum(dim=1).argmax())  # the wall with most right
sure = maps[:, :, down][..., across].softmax(dim=1)[best].flatten(1)  # (10, 12)
sure = sure.gather(0, answers[best][None])[0]  # of the right class, at each tile
sure = sure - probabilities[best].mean(dim=(1, 2))[answers[best]]  # more than elsewhere
order = answers[best][sure.argsort(descending=True)].tolist()
right = list(dict.fromkeys(order))[:3]  # the three that stand out most
figure = look.style.figure("full", 5.2)
for axes, label in zip(figure.subplots(2, 2).flatten(), [None, *right], strict=True):
    if label is None:
        axes.imshow(walls[best].permute(1, 2, 0), interpolation="none")
    else:
        axes.imshow(
            functional.pad(probabilities[best, label], (2, 2, 2, 2)),
            cmap=look.style.SEQUENTIAL,
            vmin=0,
            vmax=1,
            extent=(-4, 148, 108, -4),  # a cell is 8 pixels, about its window's centre
            interpolation="none",
        )
        for place in (answers[best] == label).nonzero().flatten().tolist():
            corner = 36 * (place % 4), 36 * (place // 4)
            box = Rectangle(corner, 35.5, 35.5, fill=False, linewidth=2)
            box.set_edgecolor("#ff5533")
            axes.add_patch(box)
    axes.set_title("image" if label is None else shapes_test.classes[label])
    axes.set(xlim=(0, 144), ylim=(108, 0))
    axes.axis("off")
figure

# %% [markdown] lang="ko"
# 그림 하나하나를 한가운데의 창으로 잴 때보다 덜 맞힙니다. 가장 가까운 창도 몇 픽셀 어긋나 있고, 이웃한 그림이 창 안에 들어오기 때문입니다. 그래도
# 분류만 배운 신경망이 물체가 **어디에** 있는지를 어느 정도 알려 줍니다. 우리는 완전 연결층을 다르게 적었을 뿐, 신경망을 다시 훈련하지 않았습니다. 엉뚱한 곳에도 밝은 칸이 있고, 클래스에 따라서는 많습니다.
# 두 그림에 걸친 창은 훈련할 때 본 적이 없고, “아무것도 없음”이라는 클래스도 없기 때문입니다. 이 생각은 분할과 탐지를 하는 신경망으로 이어집니다.
#
# ## 어디에 있을까요? 회귀로 위치를 맞히기
#
# 2014년 대회에서 VGG는 분류에서는 2위였고 위치 추정(localisation)에서는 1위였습니다. 오류율은 25.3%입니다 {cite:p}`simonyan2015very`. 사진마다 다섯 번 대답할 수 있고, 클래스와
# 박스가 함께 맞은 대답이 하나도 없으면 틀린 것으로 칩니다 {cite:p}`russakovsky2015imagenet`. 방법은
# 이렇습니다. 마지막 완전 연결층이 클래스 점수 1,000개 대신 바운딩 박스(bounding box)를 나타내는 수 4개를 내게 합니다. 중심의 좌표와 너비와 높이입니다. 손실은
# 정답과의 제곱 오차입니다. 논문은 클래스마다 박스를 따로 두는 것도 시험했습니다.
#
# 박스가 얼마나 맞는지는 IoU로 잽니다. 두 박스가 겹치는 넓이를 둘을 합친 넓이로 나눈 값입니다. 손으로 만들고 torchvision과 견줍니다.

# %% [markdown] lang="en"
# Fewer are right than with the middle window of each picture by itself: even the nearest window is a few pixels off, and neighbouring pictures
# enter it. Still, a network that has learned nothing but classes tells, to a degree, **where** things are. We only wrote its dense layers
# differently and did not train it again. There are bright cells in wrong places, too, for some classes many: windows that lie across two pictures were never seen
# in training, and there is no class for “nothing”. Networks for segmentation and detection grow from this idea.
#
# ## Where is it? Localisation as regression
#
# In the competition of 2014 VGG was second in classification and first in localisation, with an error of 25.3%
# {cite:p}`simonyan2015very`. A photo may be answered five times, and counts as wrong if no answer has both the class and the box
# right {cite:p}`russakovsky2015imagenet`. The method: the last dense layer gives, in place of 1,000 class scores, 4 numbers that describe
# a bounding box: the coordinates of its centre, its width and its height. The loss is the squared error. The paper also tries a box for
# each class.
#
# IoU measures how good a box is: the area in which two boxes overlap, divided by the area that they cover together. We build it by
# hand and compare it with torchvision.


# %%
def iou(a, b):
    """Of each pair of boxes (N, 4) with x1, y1, x2, y2: intersection over union (N,)."""
    left_top = torch.maximum(a[:, :2], b[:, :2])
    right_bottom = torch.minimum(a[:, 2:], b[:, 2:])
    inside = (right_bottom - left_top).clamp(min=0).prod(dim=1)  # 0 where apart
    area_a, area_b = ((box[:, 2:] - box[:, :2]).prod(dim=1) for box in (a, b))
    return inside / (area_a + area_b - inside)


def encoded(corners):
    """x1, y1, x2, y2 → centre x, centre y, width, height."""
    size = corners[:, 2:] - corners[:, :2]
    return torch.cat([corners[:, :2] + size / 2, size], dim=1)


def decoded(boxes):
    """centre x, centre y, width, height → x1, y1, x2, y2."""
    centre, size = boxes[:, :2], boxes[:, 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=1)


corners = torch.rand(200, 2, 2).sort(dim=1).values.flatten(1)  # (200, 4)
others = corners.roll(1, dims=0)
check.close(iou(corners, others), box_iou(corners, others).diagonal(), what="IoU")
check.close(decoded(encoded(corners)), corners, what="there and back")

# %% [markdown] lang="ko"
# 물체가 하나씩 있는 장면 2,000장으로 훈련합니다. 네 수는 크기와 퍼진 정도가 다르므로, 훈련 세트의 평균과 표준 편차로 표준화합니다. 기준 모델은 언제나
# 훈련 세트의 평균 박스를 대답합니다.

# %% [markdown] lang="en"
# We train on 2,000 scenes with one object each. The four numbers differ in size and spread, so we standardise them with the mean
# and standard deviation of the training set. The baseline always answers with the mean box of the training set.

# %%
many = 8000 if full else 2000
scenes = data.load("scenes", "train", size=48, count=many, objects=(1, 1))
scenes_test = data.load("scenes", "test", size=48, objects=(1, 1))
x, x_test = (2 * data.to_float(each.images) - 1 for each in (scenes, scenes_test))
boxes, boxes_test = (torch.cat(each.boxes) for each in (scenes, scenes_test))
middle, spread = encoded(boxes).mean(dim=0), encoded(boxes).std(dim=0)
goal = (encoded(boxes) - middle) / spread  # (N, 4)

torch.manual_seed(0)
finder = VGG([*SMALL, "M"], num_classes=4, size=48, hidden=64, dropout=0)
epochs, batch = 5, 50
optimizer = torch.optim.Adam(finder.parameters(), lr=4e-3)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=4e-3, total_steps=epochs * many // batch
)
for _ in range(epochs):
    for some in torch.randperm(many).split(batch):
        loss = functional.mse_loss(finder(x[some]), goal[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

with torch.no_grad():
    found = decoded(finder(x_test) * spread + middle)
overlap = iou(found, boxes_test)
always = iou(decoded(middle[None]).expand_as(found), boxes_test)
for name, values in [("mean box", always), ("regression", overlap)]:
    over = (values > 0.5).float().mean()
    print(f"{name:11} mean IoU {values.mean():.3f}, over 0.5 {over:.1%}")
check.that(
    overlap.mean() > always.mean() + 0.25,
    f"{overlap.mean():.3f} > {always.mean():.3f} + 0.25",
)
area = (boxes_test[:, 2:] - boxes_test[:, :2]).prod(dim=1)
is_small = area < area.median()
small_ones, large_ones = overlap[is_small].mean(), overlap[~is_small].mean()
check.that(small_ones < large_ones, f"small {small_ones:.3f} < large {large_ones:.3f}")
missed = (overlap <= 0.5).float().mean().item()
check.that(missed < 0.5, f"IoU not over 0.5: {missed:.1%}")

# %% name="fig-boxes" tags=["hide-input"] alt_ko="물체가 하나씩 있는 장면 열두 장. 파란 실선인 정답 박스와 주황색 점선인 예측 박스가 대부분 거의 겹치고, 제목에 적힌 IoU가 작은 장면에서는 어긋나 있습니다." alt_en="Twelve scenes with one object each. The true box, solid blue, and the predicted one, dashed orange, nearly coincide in most and are apart where the IoU in the title is small." caption_ko="처음 보는 장면의 정답 박스(파란 실선)와 예측한 박스(주황색 점선), 그리고 IoU." caption_en="True boxes (solid blue) and predicted ones (dashed orange) on unseen scenes, with their IoU."
figure = look.style.figure("full", 2.9)
for axes, index in zip(figure.subplots(2, 6).flatten(), range(12), strict=True):
    axes.imshow(scenes_test.images[index].permute(1, 2, 0), interpolation="none")
    for box, colour, line in [
        (boxes_test[index], "#2458d6", "-"),
        (found[index], "#ff5533", (0, (2, 1))),
    ]:
        x1, y1, x2, y2 = (box - 0.5).tolist()
        frame = Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, linewidth=2)
        frame.set(edgecolor=colour, linestyle=line)
        axes.add_patch(frame)
    axes.set_title(f"{overlap[index]:.2f}", fontsize=11.5)
    axes.set(xlim=(-0.5, 47.5), ylim=(47.5, -0.5))
    axes.axis("off")
figure

# %% [markdown] lang="ko"
# 평균 박스는 거의 맞지 않지만, 회귀는 처음 보는 장면의 대부분에서 IoU가 0.5를 넘습니다. 대회도 0.5를 기준으로 삼아 박스가 맞았는지 정합니다 {cite:p}`russakovsky2015imagenet`. 물체가 작은 쪽 절반은 큰 쪽 절반보다
# IoU가 작습니다. 똑같이 두 픽셀 어긋나도 큰 박스의 IoU는 조금, 작은 박스의 IoU는 많이 줄어듭니다. 그리고 이 방법은 물체가 하나일 때만 됩니다. 둘이면 네 수로는
# 어느 쪽을 말하는지 알 수 없고, 제곱 오차를 줄이려면 둘의 가운데를 고르게 됩니다. 여러 물체를 찾는 일은 탐지의 몫입니다.

# %% [markdown] lang="en"
# The mean box is hardly ever right; regression reaches an IoU over 0.5 on most of the unseen scenes. The competition, too, draws the line for a right box
# at 0.5 {cite:p}`russakovsky2015imagenet`. The smaller half of the objects has a smaller IoU than the larger half: being off by two pixels costs a large box
# little of its IoU and a small one much. And this works for one object only. With two, four numbers cannot tell which is meant, and the squared
# error is smallest in the middle between them. To find several objects is the task of detection.

# %% [markdown] lang="ko"
# ## 논문의 주장을 다시 계산하기
#
# 논문의 수와 우리가 계산하거나 잰 수를 나란히 놓습니다 {cite:p}`simonyan2015very`. 잰 것은 작은 신경망과 작은 그림이므로 크기가 아니라 방향을 견주어 보세요. 잰 것의
# 단위는 퍼센트포인트입니다. 논문은 미니배치 256장으로 370,000걸음, 74에폭을 훈련했다고 적었습니다. 훈련 세트가 1,281,167장일 때 맞는 수일까요?

# %% [markdown] lang="en"
# ## The paper's claims, recomputed
#
# The paper's numbers stand beside what we computed or measured {cite:p}`simonyan2015very`. What is measured comes from small
# networks and small pictures, so compare directions, not sizes; it is in percentage points. The paper trained for 370,000 steps of 256
# images and says that these are 74 epochs. Is that right for a training set of 1,281,167 images?

# %%
epochs = 370_000 * 256 / 1_281_167
assert round(epochs) == 74
lrn = train_digits(TABLE["A-LRN"])[1][-1] - final["A", "He"]
assert abs(lrn) < 0.06  # too small to read with one seed
claims = [
    ("parameters of D, M", "table 2", "138", f"{totals['D']:.2f}"),
    ("parameters of E, M", "table 2", "144", f"{totals['E']:.2f}"),
    ("7×7 against three 3×3", "section 2.3", "+81%", f"{49 / 27 - 1:+.0%}"),
    ("epochs", "section 3.1", "74", f"{epochs:.1f}"),
    ("LRN in A", "table 3", "-0.1", f"{100 * lrn:+.1f}"),
    ("random S, same Q", "table 3, D", "+1.2", f"{100 * same:+.1f}"),
    ("random S, other Q", "ours: Q = 40", "-", f"{100 * gain[40]:+.1f}"),
    ("several Q", "tables 3, 4, D", "+0.8", f"{100 * together:+.1f}"),
    ("localisation error, %", "competition", "25.3", f"{100 * missed:.1f}"),
]
print(f"{'':23}{'where':16}{'paper':>6}{'ours':>8}")
for what, where, theirs, measured in claims:
    print(f"{what:23}{where:16}{theirs:>6}{measured:>8}")

# %% [markdown] lang="ko"
# 에폭 수는 맞습니다. LRN은 논문의 A를 낫게 하지 못했고, 논문은 그 뒤로 LRN을 쓰지 않습니다. 우리 것은 손글씨 숫자로 훈련한 작은 A이고 시드가 하나이므로, 이렇게 작은 차이에는 의미를 두지 않습니다.
#
# 무작위 $S$의 이득은 같은 $Q = 384$에서 D를 $S = 384$로 훈련한 것(26.8%)과 무작위로 훈련한 것(25.6%)을 견준 것입니다. 우리 신경망은 훈련한 크기와 같은 $Q = 36$(한가운데의
# 창)에서는 아무것도 얻지 못했고, 고정한 크기에서 떨어진 $Q = 40$에서 많이 얻었습니다. 사진에서는 크기를 고정해도 물체의 크기가 제각각이지만, 우리 도형은 크기가
# 거의 같습니다. 그래서 한 크기만 배워도 충분했을 수 있습니다. 여러 $Q$의 이득은 표 3의 25.6%와 표 4의 24.8%를 견준 것이고, 우리 것은 가장 나은 한 크기와 견준 것입니다. 위치 추정의
# 오류율에서 우리 것은 박스만 본 것이고, 대회의 것은 클래스까지 본 것입니다.
#
# 대회의 수도 자주 섞여 인용됩니다. 아래는 ILSVRC-2014 테스트 세트의 top-5 오류율입니다(논문의 표 6과 7).
#
# | | 신경망 수 | top-5 오류율 |
# |---|---|---|
# | VGG, 대회에 낸 것 | 7 | 7.3% |
# | VGG, 대회 뒤 | 2 | 6.8% |
# | VGG, 대회 뒤 | 1 | 7.0% |
# | GoogLeNet | 7 | 6.7% |
# | GoogLeNet | 1 | 7.9% |
#
# 7.3%는 신경망 하나가 아니라 일곱의 대답을 평균한 것입니다. 대회에서는 GoogLeNet이 앞섰지만, 하나씩 견주면 대회 뒤의 VGG가 앞섭니다.

# %% [markdown] lang="en"
# The number of epochs is right. LRN did not make the paper's A better, and the paper does without it from there on. Ours is the small A on digits with a
# single seed, so we read nothing into a difference as small as this.
#
# The gain by random $S$ compares D trained with $S = 384$ (26.8%) and with a random one (25.6%), both at $Q = 384$. Ours gained nothing at the
# size of training, $Q = 36$ (the middle window), and much at $Q = 40$, away from it. In photos, objects come in all sizes even if the size of the
# photo is fixed, while our shapes differ little in size; so learning one size may have been enough. The gain by several $Q$
# compares the 25.6% of table 3 with the 24.8% of table 4; ours compares with the best single size. The localisation error is of the box alone in our
# case, and of box and class in the competition's.
#
# The numbers of the competition are often mixed up, too. Below are top-5 errors on the test set of ILSVRC-2014 (tables 6 and 7 of the paper).
#
# | | networks | top-5 error |
# |---|---|---|
# | VGG, as submitted | 7 | 7.3% |
# | VGG, after the competition | 2 | 6.8% |
# | VGG, after the competition | 1 | 7.0% |
# | GoogLeNet | 7 | 6.7% |
# | GoogLeNet | 1 | 7.9% |
#
# The 7.3% is not that of one network: the answers of seven were averaged. In the competition GoogLeNet was ahead; one network against one, the later VGG
# is ahead.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **가장 좋은 구성은 D입니까, E입니까?** 논문의 수로는 거의 같고 E가 조금 앞섭니다. 무작위 $S$로 훈련해 한 크기로 시험하면 D가 25.6%, E가 25.5%이고(표 3), 여러 크기로 시험하면
# 둘 다 24.8%입니다(표 4). 그러나 E는 D보다 27% 더 계산합니다.
#
# **채널은 왜 풀링할 때마다 두 배가 됩니까?** 높이와 너비가 반이 되면 자리는 4분의 1입니다. 입력과 출력의 채널이 모두 두 배가 되면 한 자리의 곱셈이 4배이므로,
# 층마다 계산량이 같습니다. 다만 넷째 풀링 뒤에는 512에 머물고 두 배가 되지 않습니다. 세어 봅시다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **Which configuration is best, D or E?** By the paper's numbers they are almost the same, with E slightly ahead: trained with random $S$ and tested at
# one size, D has 25.6% and E 25.5% (table 3), and tested at several both have 24.8% (table 4). But E computes 27%
# more than D.
#
# **Why do the channels double at each pooling?** With half the height and width there are a quarter of the places. With
# twice the channels in and out there are 4 times the products at each, so every layer computes the same amount. But
# after the fourth pooling the channels stay at 512 and do not double. We count.

# %% tags=["nbval-check-output"]
for name in ("conv1_2", "conv2_2", "conv3_2", "conv4_2", "conv5_2"):
    row = traces["D"].loc[f"features.{name}"]
    print(f"{name} {str(row.output):16}{row.multiply_adds / 1e9:6.2f} G multiply-adds")
more = traces["E"].multiply_adds.sum() / traces["D"].multiply_adds.sum() - 1
print(f"E against D {more:+.0%}")

# %% [markdown] lang="ko"
# **$1 \times 1$ 합성곱은 차원을 줄이려고 쓰는 것 아닙니까?** GoogLeNet에서는 그렇습니다. VGG의 C에서는 아닙니다. 채널 수가 그대로이고, 더하는 것은 ReLU 하나의
# 비선형뿐입니다. 차원을 줄이는 쓰임은 [‘GoogLeNet’ 장](10_googlenet)에 나옵니다.
#
# **배치 경사 하강법으로 훈련했습니까?** 아닙니다. 훈련 세트 전체를 한꺼번에 쓰지 않고 256장씩 미니배치로, 모멘텀 0.9를 써서 훈련했습니다(3.1절). 가중치 감쇠는 0.0005이고, 앞의 두 완전
# 연결층에는 확률 0.5의 드롭아웃을 썼습니다.
#
# **지금도 VGG를 씁니까?** 특징을 뽑는 바탕으로는 오래 쓰였지만, 파라미터와 계산이 너무 많습니다. 파라미터는 마지막 특징 맵을 평균하는 것만으로
# 크게 줄어듭니다. 패키지의 `vgg16_cifar`가 그런 변형이고, 완전 연결층은 하나뿐입니다. 깊이를 더 늘리는 길은 [‘ResNet’ 장](11_resnet)에서 봅니다.
#
# **대회에서 1위였습니까?** 분류에서는 GoogLeNet에 이어 2위, 위치 추정에서는 1위였습니다.

# %% [markdown] lang="en"
# **Is a $1 \times 1$ convolution not there to reduce dimensions?** In GoogLeNet it is. In VGG's C it is not: the number of channels stays,
# and what it adds is the nonlinearity of one ReLU. The use for reduction comes in [the chapter on GoogLeNet](10_googlenet).
#
# **Was it trained by batch gradient descent?** No: not on the whole training set at once but in mini-batches of 256, with momentum 0.9 (section
# 3.1). Weight decay was 0.0005, and the first two dense layers had dropout of 0.5.
#
# **Is VGG still in use?** It long served to extract features, but it has too many parameters and computes too much. Taking the mean of the
# last feature map saves most of the parameters; the package's `vgg16_cifar` is such a variant, with a single dense layer. The
# way to still more depth is in [the chapter on ResNet](11_resnet).
#
# **Did it win the competition?** In classification it came second after GoogLeNet, in localisation first.

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
# **연습: 열 하나의 파라미터.** 표의 열 하나에 있는 합성곱층의 파라미터 수를 돌려주는 `column_parameters(column, in_channels)`를
# 짜세요. 편향도 셉니다. `"M"`과 `"LRN"`에는 파라미터가 없고, `"1x1"`은 채널 수를 바꾸지 않습니다.

# %% [markdown] lang="en"
# **Exercise: the parameters of a column.** Write `column_parameters(column, in_channels)`, which returns the number of parameters of the
# convolutional layers of a column of the table, with biases. `"M"` and `"LRN"` have none, and `"1x1"` keeps the number of channels.


# %% tags=["exercise"]
def column_parameters(column, in_channels): ...


check.exercise("column_parameters", column_parameters)


# %% tags=["solution"]
# solution
def column_parameters(column, in_channels):
    total, channels = 0, in_channels
    for entry in column:
        if entry in ("M", "LRN"):
            continue
        width, kernel = (channels, 1) if entry == "1x1" else (entry, 3)
        total += kernel**2 * channels * width + width
        channels = width
    return total


check.exercise("column_parameters", column_parameters, solution=True)
print(f"{column_parameters(TABLE['D'], 3):,}")

# %% [markdown] lang="ko"
# **연습: 지도의 크기.** 높이 `height`, 너비 `width`인 이미지가 $2 \times 2$ 최대 풀링을 `pools`번 지나고, 폭이 `side`인 합성곱이 된 완전 연결층에 들어갑니다. 다른 층은
# 크기를 바꾸지 않습니다. 점수 지도의 높이와 너비를 튜플로 돌려주는 `score_map(height, width, pools, side)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: the size of the map.** An image of `height` by `width` passes $2 \times 2$ max pooling `pools` times and enters a dense layer that
# has become a convolution of width `side`. No other layer changes the size. Write `score_map(height, width, pools, side)`, which
# returns the height and the width of the map of scores as a tuple.


# %% tags=["exercise"]
def score_map(height, width, pools, side): ...


check.exercise("score_map", score_map)


# %% tags=["solution"]
# solution
def score_map(height, width, pools, side):
    return tuple(length // 2**pools - side + 1 for length in (height, width))


check.exercise("score_map", score_map, solution=True)
print(score_map(256, 320, pools=5, side=7), score_map(384, 512, pools=5, side=7))

# %% [markdown] lang="ko"
# **연습: 다른 순서로 편 가중치.** 어떤 라이브러리는 특징 맵을 높이, 너비, 채널 순서로 폅니다. `weight`는 그 순서로 편 완전 연결층의 가중치이고, 모양이
# `(units, side * side * channels)`인 NumPy 배열입니다. 이것을 PyTorch의 합성곱 필터로 바꾸는 `as_kernels(weight, channels, side)`를 짜세요. 결과의 모양은
# `(units, channels, side, side)`입니다.

# %% [markdown] lang="en"
# **Exercise: weights flattened in another order.** Some libraries flatten a feature map by height, width, channel. `weight` has the weights of a dense layer that
# were flattened in that order, a NumPy array of shape `(units, side * side * channels)`. Write `as_kernels(weight, channels, side)`, which turns it into filters of a PyTorch convolution, `(units, channels, side, side)`.


# %% tags=["exercise"]
def as_kernels(weight, channels, side): ...


check.exercise("as_kernels", as_kernels)


# %% tags=["solution"]
# solution
def as_kernels(weight, channels, side):
    return weight.reshape(-1, side, side, channels).transpose(0, 3, 1, 2)


check.exercise("as_kernels", as_kernels, solution=True)

# %% [markdown] lang="ko"
# **연습: 여러 크기의 평균.** `maps`는 한 이미지를 여러 크기로 지나며 얻은 로짓 지도의 목록입니다. 지도는 `(classes, height, width)`인 NumPy 배열이고 크기가 저마다 다릅니다. 지도마다 로짓을
# 자리에 대해 평균하고 소프트맥스로 확률을 만든 다음, 크기에 대해 확률을 평균하는 `over_scales(maps)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: the mean over scales.** `maps` is a list of maps of logits of one image at several sizes, NumPy arrays
# `(classes, height, width)` of different height and width. Write `over_scales(maps)`: for each map, take the mean of the logits over all
# places and turn it into probabilities by softmax; then take the mean of the probabilities over the sizes.


# %% tags=["exercise"]
def over_scales(maps): ...


check.exercise("over_scales", over_scales)


# %% tags=["solution"]
# solution
def over_scales(maps):
    total = 0
    for logits in maps:
        mean = logits.mean(axis=(1, 2))  # (classes,)
        exponentials = torch.tensor(mean - mean.max()).exp().numpy()
        total = total + exponentials / exponentials.sum()
    return total / len(maps)


check.exercise("over_scales", over_scales, solution=True)

# %% [markdown] lang="ko"
# **연습: $5 \times 5$로 바꾸어 재기.** 논문은 B의 $3 \times 3$ 두 층씩을 $5 \times 5$ 한 층으로 바꾼 얕은 신경망과 견주었습니다. 얕은 쪽의 top-1 오류율이 7퍼센트포인트 높았습니다(4.1절).
# 채널 수가 8분의 1인 B로 해 보세요. $5 \times 5$ 합성곱과 ReLU와 최대 풀링을 다섯 번, 그다음 은닉층의 유닛이 64개씩인 완전 연결층 셋입니다. `train_digits`와 같은 설정으로
# 훈련해서 신경망을 `shallow`에, 테스트 정확도를 `shallow_accuracy`에 넣습니다. 훈련하기 전에 예상해 보세요. 숫자 1,500장에서도 얕은 쪽이
# 뒤질까요?

# %% [markdown] lang="en"
# **Exercise: measure with $5 \times 5$.** The paper compares B with a shallow network that has one $5 \times 5$ for each pair of $3 \times 3$.
# Its top-1 error is 7 percentage points higher (section 4.1). Do it with the B that has an eighth of the channels: five times
# a $5 \times 5$ convolution, ReLU and max pooling, then three dense layers with 64 units in the hidden ones. Train with the settings of `train_digits`,
# and put the network in `shallow` and its test accuracy in `shallow_accuracy`. Guess beforehand: on 1,500 digits, does the shallow one
# fall behind, too?

# %% tags=["exercise"]
shallow = ...
shallow_accuracy = ...

mean, std = train.statistics(digits)
check.exercise(
    "five_by_five",
    (
        shallow,
        shallow_accuracy,
        lambda it: train.evaluate(it, digits_test, mean=mean, std=std).accuracy,
    ),
)

# %% tags=["solution"]
# solution
torch.manual_seed(0)
steps, before = [], 1
for width in (8, 16, 32, 64, 64):
    steps += [nn.Conv2d(before, width, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
    before = width
shallow = nn.Sequential(
    *steps,
    nn.Flatten(),  # (N, 64)
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
)
for layer in shallow:
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
shallow_history = train.fit(
    shallow,
    digits,
    digits_test,
    epochs=3,
    batch_size=40,
    lr=2e-3,
    schedule="onecycle",
    quiet=True,
)
shallow_accuracy = shallow_history.table.test_accuracy.iloc[-1]

mean, std = train.statistics(digits)
check.exercise(
    "five_by_five",
    (
        shallow,
        shallow_accuracy,
        lambda it: train.evaluate(it, digits_test, mean=mean, std=std).accuracy,
    ),
    solution=True,
)
B = VGG(narrow(TABLE["B"]), 10, 1, size=32, hidden=64)
check.that(shallow_accuracy > final["B", "He"] - 0.05, "5×5 does not fall behind")
print(f"5×5 {count(shallow):,} parameters {shallow_accuracy:.3f}")
print(f"B   {count(B):,} parameters {final['B', 'He']:.3f}")

# %% [markdown] lang="ko"
# 우리가 잰 것에서는 얕은 쪽이 뒤지지 않습니다. $5 \times 5$ 쪽은 파라미터가 조금 더 많고, 층이 적어서 짧은 훈련에 유리했을 수 있습니다. 논문의 7퍼센트포인트는 ImageNet의
# 사진과 긴 훈련에서 나온 것입니다. 숫자 1,500장은 그런 차이가 드러날 만큼 어렵지 않은지도 모릅니다. 작은 실험이 큰 실험의 결과를 되풀이하지 않을 때는, 그렇다고 적는 것이
# 옳습니다.
#
# ## 더 읽을거리
#
# - {cite:t}`simonyan2015very`: 3절의 훈련과 시험, 부록 A의 위치 추정을 이 장과 나란히 읽어 보세요.
# - {cite:t}`sermanet2014overfeat`: 완전 연결층을 합성곱으로 바꾸어 큰 이미지 위를 움직이고 박스를 회귀로 맞히는 방법이 여기에서 나왔습니다.
# - {cite:t}`he2015delving`: ReLU 신경망의 초기화를 유도하며, VGG를 예로 듭니다.
# - {cite:t}`luo2016understanding`: 수용 영역 안에서 가운데가 더 크게 기여하는 까닭을 설명합니다.

# %% [markdown] lang="en"
# In our measurement the shallow one does not fall behind. The $5 \times 5$ have slightly more parameters, and fewer layers may be an advantage in
# short training. The paper's 7 points come from the photos of ImageNet and long training; 1,500 digits may not be hard enough to show
# the difference. Where a small experiment does not repeat the result of a large one, it is right to say so.
#
# ## What to read
#
# - {cite:t}`simonyan2015very`: read training and testing in section 3 and localisation in appendix A beside this chapter.
# - {cite:t}`sermanet2014overfeat`: turning dense layers into convolutions that run over large images, and regressing boxes, come from here.
# - {cite:t}`he2015delving` derive the initialisation of networks with ReLU, with VGG as an example.
# - {cite:t}`luo2016understanding` explain why the middle of a receptive field contributes more.
