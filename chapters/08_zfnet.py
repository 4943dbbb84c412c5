# %% [markdown] lang="ko"
# # ZFNet
#
# ## 무엇을 만들게 될까요?
#
# 아래 그림은 이미지넷(ImageNet)으로 훈련한 신경망에 고양이와 커피 사진을 넣고, 층마다 가장 강하게 반응한 유닛 하나가 무엇을 보았는지 그린
# 것입니다. 윗줄은 그 유닛이 보는 창이고, 아랫줄은 그 창에서 유닛을 그렇게 반응하게 만든 무늬입니다. 이 무늬를 찾아내는 장치가 디컨브넷(deconvnet)입니다.
# 2013년에 매슈 자일러와 롭 퍼거스가 만들었고 {cite:p}`zeiler2014visualizing`, 이것으로 AlexNet의 속을 들여다본 다음 처음 두 층을 고쳐 더 나은 신경망을
# 얻었습니다. 그 신경망을 두 사람 성의 첫 글자를 따서 ZFNet이라고 부릅니다. 이 장에서는 디컨브넷을 손으로 만들고, 작은 ZFNet을 훈련해 다섯 층을 모두
# 들여다보고, 두 사람이 고친 것이 정말 나은지 잽니다. 그리고 사진의 일부를 가려서 신경망이 어디를 보고 답하는지 알아냅니다.

# %% [markdown] lang="en"
# # ZFNet
#
# ## What you will build
#
# For the picture below, photos of a cat and of a cup of coffee went into a network trained on ImageNet, and in each of several layers we took
# the unit that answered most strongly. The upper row shows the window that this unit sees, the lower row the pattern in it that
# excited the unit. The device that finds such patterns is called a deconvnet. Matthew Zeiler and Rob Fergus made it in 2013
# {cite:p}`zeiler2014visualizing`, looked into AlexNet with it, changed AlexNet's first two layers, and got a better network,
# which is called ZFNet after their initials. In this chapter you build the deconvnet by hand, train a small ZFNet, look into all five of its
# layers, and measure whether the changes are improvements. Then you cover parts of photos and find out which part a network needs
# for its answer.

# %%
import copy
import math
import warnings
from collections import OrderedDict

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional
from torchvision.utils import make_grid

import cnnbook
from cnnbook import check, data, look, models, train

torch.set_num_threads(1)  # then the same seed gives the same weights

full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
imagenet = models.pretrained("squeezenet1_1")  # what it is: see below
photos = data.to_float(data.load("photos", size=224).images)  # (5, 3, 224, 224)
cat, coffee = photos[1:2], photos[2:3]


# %% name="fig-first" tags=["hide-input"] alt_ko="네 줄 다섯 칸의 그림. 첫 줄은 고양이 사진에서 잘라낸 창으로, 밝고 어두운 띠의 3픽셀 조각에서 시작해 눈가, 눈, 눈과 코, 얼굴로 넓어집니다. 둘째 줄은 회색 바탕에 그린 투영으로, 창의 가운데에서 테두리의 점과 줄이 나타나고 뒤로 갈수록 눈의 둥근 테두리가 보입니다. 셋째, 넷째 줄은 커피 사진에서 같은 것으로, 숟가락과 잔의 가장자리가 나타납니다." alt_en="Four rows of five pictures. In the first are windows cut from the photo of a cat: a piece of 3 pixels with a dark and a bright band, then the rim of an eye, the eye, the eye with the nose, the face. In the second are their projections on grey: dots and strokes along edges in the middle of the window, and further right the round rim of the eye. The third and fourth rows show the same for a coffee: the edges of a spoon and of a cup appear." caption_ko="층마다 가장 강한 활성값의 창(위)과 투영(아래). 왼쪽부터 conv1, fire3, fire5, fire7, fire9입니다. 칸마다 창을 같은 크기로 늘려 그렸습니다. 회색은 0이고, 투영은 저마다의 크기에 맞추어 대비를 키웠습니다." caption_en="The strongest activation of each layer: its window (above) and its projection (below); from left to right conv1, fire3, fire5, fire7 and fire9. All windows are drawn at one size. Grey is 0, and the contrast of each projection is stretched to its own range."
def shown(projection):
    """A projection (…, C, H, W) as pixels in 0..1: grey is 0, its largest values saturate."""
    size = projection.abs().flatten(-3).quantile(0.995, dim=-1)[..., None, None, None]
    return (0.5 + 0.5 * projection / size.clamp(min=1e-12)).clamp(0, 1)


def window(image, box, size):
    """The square of `size` pixels that holds a receptive box: (C, H, W) → (C, size, size)."""
    top, left = (min(box[i], image.shape[1 + i] - size) for i in (0, 1))
    return image[:, top : top + size, left : left + size]


inside = ["relu1", "fire3", "fire5", "fire7", "fire9"]
rows = []
for photo in (cat, coffee):
    above, below = [], []
    for name in inside:
        layer = f"network.features.{name}"
        found = look.deconvnet(imagenet, photo, layer)
        box = look.receptive_boxes(imagenet, (3, 224, 224), layer, found.position)[0]
        size = max(box[2] - box[0], box[3] - box[1]).item()
        above.append(window(photo[0], box.tolist(), size))
        below.append(shown(window(found.pixels[0], box.tolist(), size)))
    rows += above + below
look.grid(rows, columns=5, size=1.1)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘AlexNet’ 장](07_alexnet)의 신경망, [‘합성곱’ 장](03_convolution)의 크기 식과 수용 영역, [‘학습’ 장](02_learning)의 역전파를 안다고 가정합니다. GPU는
# 필요하지 않습니다. 이미지넷으로 훈련한 가중치는 파이썬 패키지 `ndf`에 들어 있고, 이것이 설치되어 있으면 인터넷 연결도 필요하지 않습니다. 노트북을
# 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# The network of [the chapter on AlexNet](07_alexnet), the size formula and the receptive field of
# [the chapter on convolution](03_convolution), and backpropagation from [the chapter on learning](02_learning). No GPU is needed. Weights
# trained on ImageNet are in the Python package `ndf`; where that is installed no internet connection is needed either. Running the
# notebook from top to bottom takes about a minute on one CPU core.

# %% [markdown] lang="ko"
# ## 넷째 층의 필터는 무엇을 찾을까요?
#
# 첫 층의 필터는 그대로 그림이 됩니다. 입력이 빨강, 초록, 파랑이므로 필터도 세 채널짜리 그림이고, 그려 보면 모서리와 색이 보입니다. 둘째 층부터는 그럴
# 수 없습니다. ZFNet의 둘째 층 필터는 채널이 96개이고, 그 채널은 색이 아니라 첫 층의 특징 맵입니다. 그렇다면 훈련한 신경망이 왜 잘 맞히는지, 어디를
# 고쳐야 더 나아지는지 어떻게 알 수 있을까요? 자일러와 퍼거스는 그것을 모르면 시행착오밖에 남지 않는다고 보았습니다. 이 장의 물음은 이것입니다. 깊은
# 층의 유닛 하나가 입력의 어떤 무늬에 반응했는지 픽셀로 되돌려 볼 수 있을까요? 그렇게 본 것이 신경망을 고치는 데 쓸모가 있을까요?
#
# ### 활성값과 특징 맵
#
# 먼저 두 낱말의 뜻을 분명히 합시다. 독자들이 자주 묻는 것이기도 합니다. 특징 맵(feature map)은 필터 하나를 입력의 모든 자리에 놓아 얻은 수의 배열이고,
# 활성값(activation)은 그 배열에 든 수 하나입니다. 활성값 하나를 계산하는 자리를 유닛(unit)이라고 부릅니다. $32 \times 32$ 컬러 이미지에 $5 \times 5$ 필터 10개를 놓으면 특징 맵은 10장, 활성값은 모두
# $28 \cdot 28 \cdot 10 = 7{,}840$개입니다. 디컨브넷은 그 가운데 **활성값 하나**만 남기고 나머지를 모두 0으로 놓고 시작합니다. 특징 맵 한 장을 통째로
# 남긴다고 적은 글이 있지만 논문은 그렇지 않습니다.

# %% [markdown] lang="en"
# ## What does a filter of the fourth layer look for?
#
# Filters of the first layer are pictures as they are. Their input is red, green and blue, so they have three channels, and
# when drawn they show edges and colours. From the second layer on this no longer works. A filter of ZFNet's second layer has 96 channels, and
# these are not colours but the feature maps of the first layer. How, then, can we know why a trained network does well, and where to
# improve it? Without that, as Zeiler and Fergus saw it, only trial and error is left. The question of this chapter: can we
# find out, in pixels, which pattern of the input a unit deep in the network answered to? And does that help to improve
# the network?
#
# ### Activations and feature maps
#
# First two words, about which readers often ask. A feature map is the array of numbers that one filter gives at all places of
# the input; an activation is one number of that array. The place that computes one activation is called a unit. Ten filters of $5 \times 5$ on a colour image of $32 \times 32$ give
# 10 feature maps and $28 \cdot 28 \cdot 10 = 7{,}840$ activations. The deconvnet begins with **one activation** of these and sets
# all others to 0. Some texts say that it keeps a whole feature map, but that is not what the paper says.

# %%
torch.manual_seed(0)
layer = nn.Conv2d(3, 10, kernel_size=5)
maps = layer(torch.randn(1, 3, 32, 32))  # (1, 10, 28, 28)
check.same_shapes(maps, (1, 10, 28, 28))
check.that(
    maps.numel() == 7840, f"{maps.numel():,} activations in {maps.shape[1]} maps"
)
activation = maps[0, 4, 9, 20]  # one activation of the fifth map
start = torch.zeros_like(maps)  # where the deconvnet begins
start[0, 4, 9, 20] = activation
check.that((start != 0).sum() == 1, "one activation is left")

# %% [markdown] lang="ko"
# ## 디컨브넷을 손으로
#
# 신경망의 층은 합성곱과 ReLU를 하고, 어떤 층은 최대 풀링까지 합니다. 디컨브넷은 이것을 거꾸로 되짚습니다. 풀링을 풀고(unpool), 양수만 남기고(rectify), 뒤집은
# 필터로 거릅니다(filter). 픽셀에 닿을 때까지 층마다 되풀이해서 얻은 그림을 투영(projection)이라고 합니다. 배우는 것은 없습니다. 이미 훈련한 신경망의
# 필터를 그대로 쓰고, 편향은 쓰지 않습니다.

# %% [markdown] lang="en"
# ## The deconvnet, by hand
#
# A layer of the network convolves and rectifies (ReLU), and some layers max-pool as well. The deconvnet retraces this: it unpools, rectifies, and
# filters with the filters transposed, layer by layer, until it reaches the pixels. The picture that comes out is called a projection. The deconvnet learns
# nothing: it uses the filters of the trained network as they are, without the biases.

# %% name="fig-path" tags=["hide-input"] alt_ko="화살표로 이어진 층 두 줄. 위는 신경망: 이미지 3×64×64, 합성곱 7×7 /2와 ReLU를 지나 24×32×32, 최대 풀링을 지나 24×16×16. 아래는 디컨브넷: 활성값 하나만 남긴 24×16×16에서 언풀링으로 24×32×32, ReLU와 전치한 필터를 지나 3×64×64의 투영." alt_en="Two rows of slabs joined by arrows. Above, the network: an image of 3×64×64, by convolution 7×7 /2 and ReLU to 24×32×32, by max pooling to 24×16×16. Below, the deconvnet: from 24×16×16 with one activation left by unpooling to 24×32×32, then by ReLU and transposed filters to a projection of 3×64×64." caption_ko="위는 올라가는 길, 아래는 내려오는 길. 최대 풀링이 남긴 스위치가 언풀링에 쓰입니다." caption_en="The way up and the way down. Unpooling uses the switches that max pooling recorded."
draw = look.draw
up = draw.network(
    [
        ("image", (3, 64, 64), ""),
        ("layer 1", (24, 32, 32), "conv 7×7 /2\nReLU"),
        ("pooled", (24, 16, 16), "max pool\n→ switches"),
    ]
)
down = draw.network(
    [
        ("one activation", (24, 16, 16), ""),
        ("unpooled", (24, 32, 32), "unpool\n← switches"),
        ("projection", (3, 64, 64), "ReLU, filters\ntransposed"),
    ]
)
draw.stack(up, down)

# %% [markdown] lang="ko"
# ### 스위치로 풀링 풀기
#
# 최대 풀링은 창마다 가장 큰 값만 남깁니다. 그 값이 창의 **어디에** 있었는지를 함께 적어 두면 되돌릴 수 있습니다. 적어 둔 자리를 스위치(switch)라고 하고,
# 그 자리에 값을 놓고 나머지를 0으로 채우는 것이 언풀링(unpooling)입니다. 완전히 되돌아오지는 않습니다. 가장 크지 않았던 값들은 사라졌기 때문입니다.
#
# 논문이 말하지 않은 것이 하나 있습니다. ZFNet의 풀링 창은 3칸이고 2칸씩 움직여서 서로 겹칩니다. 한 칸이 두 창의 최댓값일 수도 있습니다. 그때 두 창에서
# 내려온 값을 더해야 할까요, 하나만 남겨야 할까요? 그레이디언트의 연쇄 법칙은 더하라고 합니다. PyTorch의 `MaxUnpool2d`는 하나만 남깁니다. 아래의
# 작은 예에서 9가 있는 칸은 두 창의 최댓값입니다.

# %% [markdown] lang="en"
# ### Unpooling with switches
#
# Max pooling keeps the largest value of each window. If it also notes **where** in the window that value was, pooling can be
# undone. The places noted are called switches, and unpooling puts each value back in its place and fills the rest with 0. That
# does not bring everything back, since the values that were not the largest are gone.
#
# One thing the paper does not say. ZFNet's pooling windows have 3 cells and move by 2, so they overlap, and one cell can be the
# largest of two windows. Should the values that come down from both be added, or should one be kept? The chain rule says add.
# PyTorch's `MaxUnpool2d` keeps one. In the small example below the cell with the 9 is the largest of two windows.


# %%
def unpool(signal, switches, size):
    """Values (N, C, h, w) back to the cells they came from: (N, C, H, W)."""
    flat = torch.zeros(*size[:2], size[2] * size[3])
    flat.scatter_add_(2, switches.flatten(2), signal.flatten(2))
    return flat.view(size)


x = torch.tensor([[1.0, 2, 3, 0, 1], [4, 0, 9, 2, 5], [0, 3, 1, 6, 2]])[None, None]
pooled, switches = functional.max_pool2d(x, 3, stride=2, return_indices=True)
ours = unpool(pooled, switches, x.shape)
torchs = nn.MaxUnpool2d(3, stride=2)(pooled, switches, output_size=x.shape)
check.close(ours[0, 0, 1, 2], 18.0, what="added")
check.close(torchs[0, 0, 1, 2], 9.0, what="MaxUnpool2d")

inputs = x.clone().requires_grad_()
(functional.max_pool2d(inputs, 3, stride=2) * pooled).sum().backward()
check.close(ours, inputs.grad, what="chain rule")

# %% name="fig-unpool" tags=["hide-input"] alt_ko="칸에 적힌 수의 표 셋. 첫째는 3×5 입력으로 가운데 칸 9가 표시되어 있습니다. 둘째는 풀링한 1×2, 두 칸 모두 9입니다. 셋째는 언풀링한 3×5로, 9가 있던 칸에 18이 있고 나머지는 0입니다." alt_en="Three grids of numbers. The first is an input of 3×5 with the 9 in the middle marked. The second is the pooled 1×2, both cells 9. The third is the unpooled 3×5: 18 where the 9 was, 0 elsewhere." caption_ko="창이 겹치는 최대 풀링과 언풀링. 두 창이 같은 칸을 가리키면 두 값을 더합니다." caption_en="Max pooling with overlapping windows, and unpooling. Where two windows point to the same cell their values are added."
draw.row(
    draw.cells(x[0, 0], "input", colour="blue", highlight=[(1, 2)]),
    draw.sign("→"),
    draw.cells(pooled[0, 0], "pooled", colour="green"),
    draw.sign("→"),
    draw.cells(ours[0, 0], "unpooled", colour="blue", highlight=[(1, 2)]),
)

# %% [markdown] lang="ko"
# 우리는 더합니다. 그러면 역전파와 같은 계산이 되고, 아래에서 견줄 라이브러리 captum과도 맞습니다.
#
# ### 양수만 남기기, 세 가지 방법
#
# 내려오던 신호가 ReLU를 만납니다. 올라갈 때 ReLU에 들어간 값을 $x$, 내려온 신호를 $s$라고 합시다. 무엇을 지나가게 할지에 대해 세 가지 규칙이 있습니다.
#
# - 그레이디언트: $x > 0$이면 지나갑니다. 보통의 역전파입니다 {cite:p}`simonyan2014deep`.
# - 디컨브넷: $s > 0$이면 지나갑니다. 특징 맵이 음수일 수 없으니 되살린 것도 음수가 아니어야 한다는 것이 논문의 이유입니다.
# - guided 역전파: 둘 다 양수일 때만 지나갑니다 {cite:p}`springenberg2015striving`.
#
# 내려오는 길에서 디컨브넷이 역전파와 다른 곳은 여기 한 군데뿐입니다. 언풀링도, 다음에 나올 전치한 필터도 역전파가 하는 일과 같습니다.

# %% [markdown] lang="en"
# We add. Then unpooling is what backpropagation does, and it agrees with captum, the library to which we compare below.
#
# ### Rectifying, in three ways
#
# On its way down the signal meets a ReLU. Call what went into the ReLU on the way up $x$, and the signal that comes back $s$. There are three
# rules for what passes.
#
# - The gradient: it passes where $x > 0$. This is plain backpropagation {cite:p}`simonyan2014deep`.
# - The deconvnet: it passes where $s > 0$. Feature maps are never negative, so, the paper argues, what is rebuilt of them should
#   not be either.
# - Guided backpropagation: it passes only where both are positive {cite:p}`springenberg2015striving`.
#
# On the way down this is the only place where the deconvnet differs from backpropagation. Unpooling is what backpropagation does, and so
# are the transposed filters that come next.


# %%
def rectify(signal):
    return signal.clamp(min=0)


x = torch.tensor([2.0, 2.0, -1.0, -1.0], requires_grad=True)
signal = torch.tensor([3.0, -3.0, 3.0, -3.0])
functional.relu(x).backward(signal)
rules = {
    "gradient": x.grad,
    "deconvnet": rectify(signal),
    "guided": rectify(signal) * (x > 0),
}
pd.DataFrame({"x": x.detach(), "s": signal} | rules).astype(int)

# %% [markdown] lang="ko"
# ### 필터를 전치하기
#
# 합성곱은 행렬 곱입니다. 입력을 벡터 $x$로 펴면 출력은 $A x$이고, 행렬 $A$의 행마다 필터가 한 자리에 놓여 있습니다. 디컨브넷은 전치한 행렬을 곱합니다.
# $A^{\top} s$는 출력 칸마다 그 칸의 $s$ 값을 곱한 필터를 그 자리에 찍고, 겹치는 곳은 더합니다. 스트라이드가 1이면 이것은 상하좌우로 뒤집은 필터로 하는 합성곱과
# 같습니다. 논문이 필터를 뒤집는다고 한 것이 이것입니다. 이름 때문에 합성곱을 되돌린다고 오해하기 쉽지만 $A^{\top}$는 $A$의 역행렬이 아닙니다. 셋을 모두
# 확인합시다.

# %% [markdown] lang="en"
# ### Transposing the filters
#
# A convolution is a matrix product. With the input flattened to a vector $x$ the output is $A x$, and in each row of the matrix $A$
# the filter stands in one place. The deconvnet multiplies by the transposed matrix: for each cell of the output, $A^{\top} s$
# stamps the filter, times that cell's value in $s$, on its place, and adds where stamps overlap. With stride 1 this is the same as convolving with
# the filter flipped both ways, which is what the paper means by flipping. The name suggests that convolution is undone, but
# $A^{\top}$ is not the inverse of $A$. We check all three.


# %%
def transposed(signal, layer, size):
    """The transposed convolution: (N, K, h, w) → `size` (N, C, H, W)."""
    rest = [
        (size[2 + i] + 2 * layer.padding[i] - layer.kernel_size[i]) % layer.stride[i]
        for i in (0, 1)
    ]  # rows and columns at the end that no filter reached
    return functional.conv_transpose2d(
        signal, layer.weight, None, layer.stride, layer.padding, tuple(rest)
    )


torch.manual_seed(0)
small = nn.Conv2d(2, 3, kernel_size=3, stride=2, padding=1, bias=False)
units = torch.eye(2 * 6 * 6).view(72, 2, 6, 6)  # one pixel is 1, the others 0
A = small(units).flatten(1).T  # (27, 72): column j is the answer to pixel j
s = torch.randn(1, 3, 3, 3)
back = transposed(s, small, (1, 2, 6, 6))
check.close(back.flatten(), A.T @ s.flatten(), what="transposed matrix")

once = nn.Conv2d(1, 1, kernel_size=3, padding=1, bias=False)
s = torch.randn(1, 1, 6, 6)
flipped = functional.conv2d(s, once.weight.flip(2, 3), padding=1)
check.close(transposed(s, once, s.shape), flipped, what="flipped")

x = torch.randn(1, 1, 6, 6)
again = transposed(once(x), once, x.shape)
check.that((again - x).abs().max() > 0.5, "not the inverse: x does not come back")

# %% [markdown] lang="ko"
# ### 모두 이어서
#
# 이제 세 함수를 잇습니다. 올라가며 층마다 입력의 크기와 스위치를 적고, 활성값 하나만 남긴 다음 내려옵니다. 합성곱, ReLU, 최대 풀링이 한 줄로 늘어선
# 신경망이면 됩니다.

# %% [markdown] lang="en"
# ### All together
#
# Now we join the three functions. On the way up we note each layer's input size and its switches; then one activation is kept,
# and we come down. It works for any network that is a chain of convolutions, ReLUs and max pooling.


# %%
def project(network, x, layer, channel, row, column):
    """One activation of a layer of a chain, back to the pixels of x (1, C, H, W)."""
    passed = []
    for name, module in network.named_children():
        size = x.shape
        if isinstance(module, nn.MaxPool2d):
            x, switches = functional.max_pool2d(
                x,
                module.kernel_size,
                module.stride,
                module.padding,
                ceil_mode=module.ceil_mode,
                return_indices=True,
            )
        else:
            x, switches = module(x), None
        passed.append((module, size, switches))
        if name == layer:
            break
    signal = torch.zeros_like(x)
    signal[0, channel, row, column] = x[0, channel, row, column]
    for module, size, switches in reversed(passed):
        if isinstance(module, nn.MaxPool2d):
            signal = unpool(signal, switches, size)
        elif isinstance(module, nn.ReLU):
            signal = rectify(signal)
        else:
            signal = transposed(signal, module, size)
    return signal.detach()


# %% [markdown] lang="ko"
# 라이브러리 captum에도 이 방법이 있습니다 {cite:p}`kokhlikyan2020captum`. 거기서는 ReLU의 역전파만 바꾸어 그레이디언트를 구합니다. 활성값 하나의 그레이디언트는 신호 1에서 시작하므로,
# 우리 것과 견주려면 양수인 그 활성값을 곱해야 합니다. 책의 함수 `look.deconvnet`도 같은 방법을 쓰되, 이미지 여러 장을 한꺼번에 하고 함수로 쓴 ReLU도 찾아냅니다.
# 작은 ZFNet의 모양을 정하고, 훈련하지 않은 가중치로 세 구현이 같은지 봅시다.

# %% [markdown] lang="en"
# The library captum has this method, too {cite:p}`kokhlikyan2020captum`. It computes a gradient, with only the ReLU's backward pass replaced. The gradient of
# one activation starts from a signal of 1, so to compare it with ours we multiply it by the activation, which is positive. The book's
# function `look.deconvnet` works in the same way, but takes many images at once and also finds ReLUs that are written as
# functions. We lay out a small ZFNet and see whether the three agree on it before training.


# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from captum.attr import Deconvolution, GuidedBackprop, Saliency


def by_captum(method, network, x, **options):
    """A method of captum's, without its remark that it sets hooks on ReLUs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return method(network).attribute(x.clone(), **options).detach()


def pool():
    return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)


class SmallZFNet(nn.Sequential):
    """Five convolutions as in ZFNet, narrow: (N, 3, 64, 64) -> logits (N, classes)."""

    def __init__(self, kernel=7, strides=(2, 2), classes=10):
        first = nn.Conv2d(3, 24, kernel, strides[0], padding=kernel // 2)
        super().__init__(
            OrderedDict(
                conv1=first,  # (N, 24, 32, 32) with stride 2
                relu1=nn.ReLU(),
                pool1=pool(),  # (N, 24, 16, 16)
                conv2=nn.Conv2d(24, 32, 5, strides[1], padding=2),  # (N, 32, 8, 8)
                relu2=nn.ReLU(),
                pool2=pool(),  # (N, 32, 4, 4)
                conv3=nn.Conv2d(32, 48, 3, padding=1),
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(48, 48, 3, padding=1),
                relu4=nn.ReLU(),
                conv5=nn.Conv2d(48, 32, 3, padding=1),
                relu5=nn.ReLU(),
                pool5=pool(),  # (N, 32, 2, 2)
                flatten=nn.Flatten(),  # (N, 128)
                fc6=nn.Linear(32 * 2 * 2, 64),
                relu6=nn.ReLU(),
                fc7=nn.Linear(64, classes),
            )
        )
        for layer in self:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        nn.init.normal_(first.weight, std=0.01)  # the paper's start


torch.manual_seed(0)
network = SmallZFNet()
x = torch.randn(3, 3, 64, 64)
names = list(dict(network.named_children()))
for layer in ("relu1", "pool1", "conv2", "relu3", "relu5"):
    found = look.deconvnet(network, x, layer)
    units = [
        (channel, *place)
        for channel, place in zip(
            found.channel.tolist(), found.position.tolist(), strict=True
        )
    ]
    ours = [project(network, x[i : i + 1], layer, *units[i]) for i in range(3)]
    ours = torch.cat(ours)
    part = nn.Sequential(*list(network)[: names.index(layer) + 1])
    captums = by_captum(Deconvolution, part, x, target=units)
    captums = captums * found.value.view(-1, 1, 1, 1)
    size = ours.abs().max().item()
    check.close(ours / size, captums / size, what=f"{layer}, captum")
    check.close(ours / size, found.pixels / size, what=f"{layer}, look.deconvnet")

# %% [markdown] lang="ko"
# 세 구현이 같습니다. 하나 더 확인합시다. 투영은 유닛이 볼 수 있는 창, 곧 수용 영역 밖에서는 0이어야 합니다.

# %% [markdown] lang="en"
# The three agree. One more check: outside the window that the unit can see, its receptive field, the projection must be 0.

# %%
for layer in ("relu1", "relu2"):
    found = look.deconvnet(network, x, layer)
    boxes = look.receptive_boxes(network, (3, 64, 64), layer, found.position)
    outside = found.pixels.clone()
    for pixels, (top, left, bottom, right) in zip(outside, boxes.tolist(), strict=True):
        pixels[:, top:bottom, left:right] = 0
    check.that(outside.abs().sum() == 0, f"{layer}: 0 outside of the window")

# %% [markdown] lang="ko"
# ## ZFNet 전체
#
# 논문의 ZFNet은 AlexNet과 세 가지가 다릅니다.
#
# - 첫 층의 필터가 $11 \times 11$에서 $7 \times 7$로, 스트라이드가 4에서 2로 줄었습니다.
# - 둘째 층의 스트라이드가 1에서 2로 늘었습니다. 두 층의 스트라이드를 곱하면 둘 다 4이므로, 셋째 층부터는 특징 맵의 크기가 같습니다.
# - GPU 하나에서 훈련해서 셋째, 넷째, 다섯째 층이 모든 채널을 봅니다.
#
# 패키지의 `models.create("zfnet")`으로 크기를 따라가 봅시다. 논문의 그림 3에 붙은 설명에 적힌 크기는 첫 층을 지난 $55 \times 55$와 완전 연결층에 들어가는
# $6 \cdot 6 \cdot 256 = 9{,}216$뿐입니다.

# %% [markdown] lang="en"
# ## The whole ZFNet
#
# The paper's ZFNet differs from AlexNet in three things.
#
# - The filters of the first layer shrink from $11 \times 11$ to $7 \times 7$, their stride from 4 to 2.
# - The stride of the second layer grows from 1 to 2. The strides of the two layers multiply to 4 in both networks, so from the third layer on
#   the feature maps have the same size.
# - It was trained on one GPU, so layers 3, 4 and 5 read all channels.
#
# We follow the sizes through the package's `models.create("zfnet")`. The caption of the paper's figure 3 prints only these: $55 \times 55$ after the first
# layer, and $6 \cdot 6 \cdot 256 = 9{,}216$ numbers that enter the fully connected layers.

# %%
zfnet = models.create("zfnet")
trace = look.trace(zfnet, (3, 224, 224))
trace.index = [name.split(".")[1] for name in trace.index]
check.same_shapes(trace.output["norm1"], (96, 55, 55))
check.same_shapes(trace.output["pool5"], (256, 6, 6))
check.that(trace.output["flatten"] == (9216,), "9,216 numbers enter fc6")
shapes_of = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"]
trace.loc[
    [*shapes_of, "fc6", "fc7", "fc8"],
    ["output", "kernel", "stride", "parameters", "receptive_field"],
]

# %%
dense = trace.parameters[["fc6", "fc7", "fc8"]].sum()
total = trace.parameters.sum()
print(f"{total:,} parameters, {100 * dense / total:.0f}% of them in three dense layers")
print("conv1 on 224 pixels:", (224 - 7 + 2 * 1) / 2 + 1)
print("conv1 on 225 pixels:", (225 - 7 + 2 * 0) / 2 + 1)
check.that(total == 62_357_608 and dense / total > 0.9, f"{total:,}, {dense:,} dense")
del zfnet

# %% [markdown] lang="ko"
# **논문이 적지 않은 것.** 224픽셀에서 $55 \times 55$가 나오려면 첫 합성곱이 $110 \times 110$을 내놓아야 하는데, 패딩이 얼마인지는 적혀 있지 않습니다.
# 패딩이 1이면 110.5를 내림한 것이고, 패딩 없이 딱 나누어떨어지려면 입력이 225픽셀이어야 합니다. 패키지는 앞의 것을 골랐습니다. 파라미터의 수도, 특징 맵 사이에서
# 한다는 정규화의 식도 적혀 있지 않습니다. 정규화는 AlexNet의 국소 응답 정규화로 두었습니다. 디컨브넷이 정규화 층을 어떻게 되짚는지도 논문에 없습니다. `look.deconvnet`은
# 그레이디언트를 그대로 씁니다. 이 장의 작은 신경망에는 정규화를 넣지 않았습니다.

# %% [markdown] lang="en"
# **What the paper leaves open.** To reach $55 \times 55$ the first convolution must turn 224 pixels into $110 \times 110$, but the padding is not printed.
# With padding 1 it is 110.5, rounded down; to come out even without padding the input would have to be 225 pixels wide. The package takes the
# first. Nor does the paper print the number of parameters, or a formula for its normalisation across feature maps; here it is
# AlexNet's local response normalisation. How the deconvnet goes back through a normalisation layer is not said either: `look.deconvnet`
# uses the gradient there. The small network of this chapter has no normalisation.

# %% [markdown] lang="ko"
# ## 작은 ZFNet을 훈련하기
#
# 64픽셀 도형으로 훈련합니다. 첫 층의 필터는 논문의 크기 그대로 $7 \times 7$과 $11 \times 11$이지만 이미지가 작고 채널이 적습니다. 첫 층의 처음 가중치는
# 논문처럼 표준 편차 0.01로, 나머지 층은 He 초기화로 정합니다. 논문은 모든 층을 0.01로 시작했습니다. 우리의 좁은 신경망에서 그렇게 하면 신호가 층을 지나며
# 사라집니다. 아래에서 재 봅시다. 겨룰 상대는 둘입니다. 파라미터가 열 배쯤 많은 완전 연결 신경망, 그리고 첫 두 층만 AlexNet처럼 $11 \times 11$ 필터에 스트라이드
# 4와 1로 바꾼 신경망입니다. 훈련이 불안해지지 않도록 그레이디언트의 노름이 1을 넘으면 1로 줄입니다.

# %% [markdown] lang="en"
# ## Training a small ZFNet
#
# We train on shapes of 64 pixels. The filters of the first layer have the papers' sizes, $7 \times 7$ and $11 \times 11$; but the images are small and
# the channels few. The first layer's initial weights have a standard deviation of 0.01, as in the paper; the other layers
# start with He initialisation. The paper started all layers with 0.01, but in our narrow network the signal would then fade from layer to layer, as we measure
# below. The small ZFNet has two rivals: a fully connected network with about ten times the parameters, and the same network with its first two layers as in
# AlexNet, filters of $11 \times 11$ and strides of 4 and 1. To keep training steady, a gradient whose norm exceeds 1 is scaled down to 1.

# %%
weak = SmallZFNet()
for layer in weak:
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.normal_(layer.weight, std=0.01)
signal = torch.randn(100, 3, 64, 64)
with torch.no_grad():
    for name, layer in weak.named_children():
        signal = layer(signal)
        if name in ("conv1", "conv3", "conv5", "fc7"):
            print(f"{name} {signal.std():.1e}", end="   ")
check.that(
    signal.std() < 1e-4, "all layers from 0.01: next to nothing is left at the end"
)

# %% [markdown] lang="ko"
# ### 필터 재정규화
#
# 논문은 훈련 도중에 한 가지를 더 합니다. 필터의 RMS, 곧 가중치를 제곱해 평균한 것의 제곱근이 $r = 0.1$을 넘으면 $r$가 되도록 필터 전체를 줄입니다. 얼마나
# 자주 하는지는 적혀 있지 않습니다. 우리는 걸음마다, 첫 층에서만 합니다.
#
# $$w \leftarrow w \cdot \min\Big(1,\ \frac{r}{\mathrm{RMS}(w)}\Big), \qquad \mathrm{RMS}(w) = \sqrt{\frac{1}{n} \sum_{i=1}^{n} w_i^2}$$
#
# 여기서 $n$은 필터 하나의 가중치 수로, 첫 층에서는 $3 \cdot 7 \cdot 7 = 147$입니다. 논문에 따르면 그렇게 하지 않을 때 첫 층의 몇몇 필터가 다른 것을 누르고
# 커집니다. 입력이 대략 $-128$에서 $128$까지이기 때문에 특히 첫 층에서 중요하다고도 적었습니다. 왜 입력의 크기가 문제가 될까요? 픽셀을 $c$배 하고
# 가중치를 $c$로 나누면 출력은 그대로입니다. 그런데 가중치의 그레이디언트는 $c$배가 되므로, 가중치에 대한 걸음의 비율은 $c^2$배가 됩니다.

# %% [markdown] lang="en"
# ### Renormalising filters
#
# The paper does one thing more during training. If a filter's RMS, the root of the mean of its squared weights, exceeds
# $r = 0.1$, the whole filter is scaled down until its RMS is $r$. How often is not said. We do it after every step, in the first layer only.
#
# $$w \leftarrow w \cdot \min\Big(1,\ \frac{r}{\mathrm{RMS}(w)}\Big), \qquad \mathrm{RMS}(w) = \sqrt{\frac{1}{n} \sum_{i=1}^{n} w_i^2}$$
#
# Here $n$ is the number of weights of one filter, $3 \cdot 7 \cdot 7 = 147$ in the first layer. Otherwise, the authors report, a few filters of the
# first layer grow and dominate the others. They call renormalising crucial, above all in that layer, since its inputs are roughly between $-128$ and $128$.
# Why does the size of the input matter? Multiply the pixels by $c$ and divide the weights by $c$: the output stays as it is.
# But the gradient of the weights is multiplied by $c$, so a step, relative to the weights, is $c^2$ times as large.


# %%
def renormalize(layer, radius):
    """Scale down, in place, every filter whose RMS exceeds the radius."""
    with torch.no_grad():
        rms = layer.weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        layer.weight.mul_((radius / rms).clamp(max=1))


torch.manual_seed(0)
x, goal, c = torch.randn(50, 3, 7, 7), torch.randn(50), 128
layer = nn.Conv2d(3, 1, kernel_size=7)
relative = []
for factor in (1, c):
    scaled = copy.deepcopy(layer)
    scaled.weight.data /= factor
    (scaled(factor * x).flatten() - goal).square().mean().backward()
    relative.append((scaled.weight.grad.norm() / scaled.weight.norm()).item())
check.close(relative[1] / relative[0] / c**2, 1.0, atol=0.01, what="c²")

# %% [markdown] lang="ko"
# $c = 128$이면 첫 층의 걸음이 16,384배 커지는 셈입니다. 우리는 픽셀의 표준 편차를 1로 맞추어 넣으므로 논문보다 사정이 훨씬 낫습니다. 아래에서 보듯 우리의 필터는 0.1을
# 넘지 않습니다. 재정규화가 무엇을 하는지 보려고 더 작은 반지름 $r = 0.04$를 씁니다.

# %% [markdown] lang="en"
# For $c = 128$ the first layer's steps are in effect 16,384 times as large. Our pixels enter with a standard deviation of 1, a far easier case
# than the paper's: as we see below, our filters do not reach 0.1. To see what renormalising does, we use a smaller radius, $r = 0.04$.

# %%
dials = dict.fromkeys(("illumination", "deformation", "occlusion", "clutter"), 0.15)
dials["variation"] = 0.35  # place, size, turn and proportions differ within a class
count = 10_000 if full else 2500
train_set = data.load("shapes", "train", size=64, count=count, **dials)
test_set = data.load("shapes", "test", size=64, count=2000, **dials)
recipe = {"epochs": 6, "batch_size": 32, "schedule": "onecycle", "quiet": True}


def trained(network, radius=None):
    """The network after training, its history and its result on the test set."""

    def momentum(model, lr):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        if radius is not None:
            optimizer.register_step_post_hook(
                lambda *_: renormalize(model.conv1, radius)
            )
        return optimizer

    history = train.fit(
        network, train_set, lr=0.04, clip=1.0, optimizer=momentum, **recipe
    )
    return network, history, train.evaluate(network, test_set, like=history)


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


variants = {
    "11×11 /4": ({"kernel": 11, "strides": (4, 1)}, None),
    "7×7 /2": ({}, None),
    "7×7 /2, r = 0.04": ({}, 0.04),
}
starts, networks, results = {}, {}, {}
for name, (options, radius) in variants.items():
    torch.manual_seed(0)
    fresh = SmallZFNet(**options)
    starts[name] = fresh.conv1.weight.detach().clone()
    networks[name], history, results[name] = trained(fresh, radius)

torch.manual_seed(0)
dense = nn.Sequential(
    nn.Flatten(), nn.Linear(3 * 64 * 64, 64), nn.ReLU(), nn.Linear(64, 10)
)
dense_history = train.fit(dense, train_set, lr=1e-3, **recipe)
results["dense"] = train.evaluate(dense, test_set, like=dense_history)
counts = {name: parameters(each) for name, each in networks.items()}
counts["dense"] = parameters(dense)
for name, result in results.items():
    print(f"{name:18}{counts[name]:>8,} parameters, accuracy {result.accuracy:.3f}")

# %%
network = networks["7×7 /2, r = 0.04"]  # the small ZFNet of all that follows
ours, theirs = results["7×7 /2, r = 0.04"].accuracy, results["dense"].accuracy
check.that(ours > theirs + 0.04, f"{ours:.3f} > dense {theirs:.3f} + 0.04")
times = counts["dense"] / counts["7×7 /2"]
check.that(times > 9, f"dense has {times:.1f} times the parameters")

# %% name="fig-sizes" tags=["hide-input"] alt_ko="필터 24개의 RMS를 큰 것부터 이은 선 셋. 재정규화하지 않은 7×7은 0.05를 넘는 곳에서 시작해 0.02 아래로 떨어집니다. 재정규화한 것은 0.04에서 평평하다가 내려와 앞의 선과 거의 겹칩니다. 11×11은 0.04쯤에서 시작해 빨리 떨어지고 가장 낮습니다. 0.01의 점선은 처음 크기입니다." alt_en="Three lines of the RMS of 24 filters from the largest to the smallest. 7×7 without renormalising begins above 0.05 and falls below 0.02. Renormalised, it is flat at 0.04, then falls and nearly coincides with it. 11×11 begins near 0.04, falls fast and lies lowest. A dotted line at 0.01 is the size at the start." caption_ko="훈련을 마친 첫 층의 필터 24개의 RMS, 큰 것부터. 점선은 처음의 크기 0.01입니다." caption_en="RMS of the 24 filters of the first layer after training, the largest first. The dotted line is their size at the start, 0.01."
sizes = {
    name: each.conv1.weight.detach().square().mean(dim=(1, 2, 3)).sqrt()
    for name, each in networks.items()
}
figure = look.curves(
    {
        name: pd.DataFrame(
            {"filter": range(1, 25), "RMS": values.sort(descending=True).values}
        )
        for name, values in sizes.items()
    },
    x="filter",
    y="RMS",
)
axes = figure.axes[0]
axes.axhline(0.01, color=look.style.LIGHT["ink"], linestyle=":", linewidth=1.2)
axes.set_ylim(0, None)
figure

# %%
for name, values in sizes.items():
    ratio = (values.max() / values.median()).item()
    print(f"{name:18}largest {values.max():.3f}, {ratio:.1f} times the median")
free, held = sizes["7×7 /2"], sizes["7×7 /2, r = 0.04"]
check.that(free.max() < 0.1, f"without: {free.max():.3f} < 0.1, the paper's radius")
check.that(held.max() < 0.0401, f"with: {held.max():.4f}, none above 0.04")
dominance = [(values.max() / values.median()).item() for values in (free, held)]
check.that(dominance[1] < dominance[0] - 0.3, "renormalised filters are more alike")

correct = {name: each.predictions == test_set.labels for name, each in results.items()}


def gain(before, after):
    """Percentage points gained on the same images, and their standard error."""
    difference = 100 * (correct[after].float() - correct[before].float())
    return difference.mean().item(), (difference.std() / len(difference) ** 0.5).item()


smaller = gain("11×11 /4", "7×7 /2")
renormalised = gain("7×7 /2", "7×7 /2, r = 0.04")
print(f"11×11 /4 → 7×7 /2: {smaller[0]:+.1f} ± {smaller[1]:.1f} points")
print(f"7×7 /2 → r = 0.04: {renormalised[0]:+.1f} ± {renormalised[1]:.1f} points")
check.that(
    smaller[0] > 2 * smaller[1], "7×7 is better by more than two standard errors"
)

# %% name="fig-filters" tags=["hide-input"] alt_ko="첫 층의 필터 마흔여덟 개. 위의 두 줄은 재정규화하지 않은 것으로 몇 개는 대비가 강하고 여러 개는 회색에 가깝습니다. 아래의 두 줄은 재정규화한 것으로 대비가 더 고릅니다. 밝고 어두운 모서리, 줄, 색의 얼룩이 보입니다." alt_en="Forty-eight filters of the first layer. The two upper rows, without renormalising: a few have strong contrast, many are close to grey. The two lower rows, renormalised: the contrasts are more even. Edges, bars and spots of colour can be seen." caption_ko="7×7 필터. 위의 두 줄은 재정규화하지 않은 것, 아래의 두 줄은 한 것입니다. 위와 아래는 저마다 한 가지 눈금으로 그렸고, 회색이 0입니다." caption_en="The 7×7 filters, above without renormalising, below with it. Each half has one scale of its own; grey is 0."
tiles = []
for name in ("7×7 /2", "7×7 /2, r = 0.04"):
    weight = networks[name].conv1.weight.detach()
    order = sizes[name].argsort(descending=True)
    tiles.append((0.5 + 0.5 * weight / weight.abs().max())[order])
look.grid(torch.cat(tiles), columns=12)

# %% [markdown] lang="ko"
# 재정규화하면 필터의 크기가 고르게 됩니다. 가장 큰 필터가 중앙값의 몇 배인지가 눈에 띄게 줄어듭니다. 정확도는 어떻습니까? 위에서는 같은 테스트 이미지
# 2,000장에서 두 신경망이 맞힌 것을 짝지어, 정확도의 차이와 그 표준 오차를 구했습니다. 차이가 표준 오차의 두 배보다 작으면 재정규화가 정확도를 올린다고도
# 내린다고도 말할 수 없습니다. 시드가 하나뿐이니 두 배를 넘더라도 조심해야 합니다. 재정규화가 무엇을 하는지는 보았지만, 꼭 필요하다는 논문의 말은 입력이 훨씬
# 큰 조건에서 한 것이어서 이 실험으로는 확인할 수 없습니다. 오늘날에는 입력을 정규화하고 He 초기화나 배치 정규화를 써서 이 문제를 다른 길로 피합니다.
#
# ## 왜 7×7에 스트라이드 2일까요?
#
# 자일러와 퍼거스는 AlexNet의 첫 두 층을 들여다보고 두 가지를 보았다고 적었습니다. 첫 층에는 아주 높은 주파수와 아주 낮은 주파수의 필터가 섞여 있고 그 사이가 거의
# 없습니다. 그리고 둘째 층에는 첫 층의 큰 스트라이드 때문에 생긴 에일리어싱(aliasing)의 흔적이 있습니다. 먼저 에일리어싱이 무엇인지 봅시다.
#
# ### 스트라이드가 만드는 가짜 무늬
#
# 주파수가 $f$인 물결(픽셀마다 $f$바퀴)을 $S$픽셀에 하나씩만 읽으면, 칸마다 $fS$바퀴를 돕니다. 반 바퀴가 넘으면 거꾸로 도는 더 느린 물결과 구별할 수
# 없습니다. 그래서 $f > \frac{1}{2S}$이면 원래 없던 느린 무늬로 보입니다. 이 경계를 나이퀴스트(Nyquist) 주파수라고 합니다. 스트라이드 4에서는 0.125이고, 2에서는
# 0.25입니다.

# %% [markdown] lang="en"
# Renormalising makes the sizes of the filters more even: the ratio of the largest to the median falls clearly. What about
# the accuracy? Above, we paired the answers of two networks on the same 2,000 test images, and computed the difference in accuracy and its standard error. If
# the difference is less than two standard errors, one cannot say that renormalising raises accuracy, or lowers it. With only one seed, even more than
# two would call for caution. We have seen what renormalising does. That it is crucial, the paper said of much larger inputs, and our
# experiment cannot confirm it. Today inputs are normalised, and He initialisation or batch normalisation avoid the problem in another way.
#
# ## Why 7×7 with stride 2?
#
# Zeiler and Fergus report two things that they saw in the first two layers of AlexNet. The first layer has filters of very high and of very low
# frequency, with little in between. And the second layer shows traces of aliasing, caused by the large stride of the
# first. What is aliasing?
#
# ### False patterns from a stride
#
# Read a wave of frequency $f$ ($f$ turns a pixel) at every $S$-th pixel only, and it makes $fS$ turns from cell to cell. Beyond half a turn
# it cannot be told from a slower wave that runs the other way. So for $f > \frac{1}{2S}$ we see a slow pattern that was never
# there. This limit is called the Nyquist frequency: 0.125 for stride 4, 0.25 for stride 2.

# %% name="fig-alias" tags=["hide-input"] alt_ko="가로축은 픽셀 0부터 48, 세로축은 -1부터 1. 빠른 물결이 옅은 선으로 그려져 있습니다. 스트라이드 2로 읽은 점은 물결의 산과 골마다 하나쯤 있습니다. 스트라이드 4로 읽은 점을 이은 선은 훨씬 느린 다른 물결입니다." alt_en="Pixels from 0 to 48 across, values from -1 to 1 upwards. A fast wave is drawn as a pale line. Of the points read with stride 2 there is about one for each crest and each trough. The points read with stride 4, joined by a line, make another, much slower wave." caption_ko="주파수 0.22인 물결(wave)과, 두 픽셀에 하나씩, 네 픽셀에 하나씩 읽은 값. 네 픽셀마다 읽으면 주파수 0.03인 물결로 보입니다." caption_en="A wave of frequency 0.22, and what is read of it at every second and every fourth pixel. At every fourth it looks like a wave of frequency 0.03."
fine, pixel = torch.arange(0, 49, 0.1), torch.arange(0, 49)
wave = torch.cos(2 * math.pi * 0.22 * pixel)
curves = {
    "wave": pd.DataFrame({"pixel": fine, "value": torch.cos(2 * math.pi * 0.22 * fine)})
}
for stride in (2, 4):
    curves[f"stride {stride}"] = pd.DataFrame(
        {"pixel": pixel[::stride], "value": wave[::stride]}
    )
figure = look.curves(curves, x="pixel", y="value")
lines = figure.axes[0].lines
for wave_line, points in (lines[:2], figure.legends[0].get_lines()[:2]):
    wave_line.set(alpha=0.5, linewidth=1.2)
    points.set(linestyle="none", marker="s", markersize=5)
figure

# %%
slow = torch.cos(2 * math.pi * 0.03 * pixel)
check.close(wave[::4], slow[::4], atol=1e-4, what="stride 4: 0.22 looks like 0.03")
check.that((wave[::2] - slow[::2]).abs().max() > 1, "stride 2 tells them apart")

# %% [markdown] lang="ko"
# ### 세어 보기
#
# 이제 우리의 신경망에서 셉니다. 무엇을 세는지 먼저 정합니다.
#
# - **에일리어싱하는 필터.** 필터를 푸리에 변환해서, 가로나 세로의 주파수가 $\frac{1}{2S}$를 넘는 부분의 세기를 잽니다. 전체의 절반이 넘으면 셉니다. 그런
#   필터는 제 스트라이드로는 나타낼 수 없는 무늬를 주로 찾습니다.
# - **섞인 답의 몫.** 테스트 이미지에 필터를 한 픽셀씩 옮겨 답을 구하고, 그 답에서 $\frac{1}{2S}$를 넘는 부분이 차지하는
#   세기의 몫을 필터마다 구해 평균합니다. 스트라이드로 건너뛰면 이 몫이 가짜 무늬가 되어 섞입니다.
# - **죽은 필터.** 테스트 이미지 어디에서도 ReLU를 지나지 못한 필터입니다. 논문은 ‘죽었다’는 말을 정의하지 않았습니다.
# - **배우지 못한 필터.** 훈련을 마친 필터와 무작위로 정한 처음 필터의 코사인이 0.5보다 큰 것입니다. 아직 처음의 잡음이 많이 남아 있습니다.
#
# 필터의 크기와 스트라이드가 함께 바뀌었으므로 둘을 가려 볼 줄을 두 개 더합니다. 훈련한 $7 \times 7$ 필터를 스트라이드 4로 읽는다고 칠 때, 그리고 훈련하기
# 전의 $11 \times 11$ 필터입니다.

# %% [markdown] lang="en"
# ### Counting
#
# Now we count in our networks. First, what is counted:
#
# - **Aliased filters.** Take the filter's Fourier transform and measure the power at frequencies above $\frac{1}{2S}$, across or down.
#   If that is more than half of the whole, the filter counts: its own stride cannot represent most of what it looks for.
# - **The share of the answer that mixes in.** Move the filter over test images pixel by pixel, and take what share of the power of its
#   answers lies above $\frac{1}{2S}$, averaged over the filters. When the stride skips places, this share is mixed in as false patterns.
# - **Dead filters.** Those that pass the ReLU nowhere on the test images. The paper does not define "dead".
# - **Filters that have not learned.** Those whose cosine with their own random start is above 0.5: much of the initial noise is
#   still in them.
#
# Filter size and stride changed together, so we add two rows to separate them: the trained $7 \times 7$ filters read as if with stride 4,
# and the $11 \times 11$ filters before training.


# %%
def above(size, stride):
    """Which frequencies of a size × size Fourier transform are above 1 / (2 stride)."""
    f = torch.fft.fftfreq(size).abs()
    return torch.maximum(f[:, None], f[None, :]) > 1 / (2 * stride)


def aliasing(weight, stride, x):
    """Of each filter: the share of its power, and of its answers to x, above the limit."""
    power = torch.fft.fft2(weight, s=(64, 64)).abs().square().sum(dim=1)
    own = power[:, above(64, stride)].sum(dim=1) / power.sum(dim=(1, 2))
    answers = functional.conv2d(x, weight)  # at every pixel: (N, 24, h, h)
    answers = answers - answers.mean(dim=(2, 3), keepdim=True)
    power = torch.fft.fft2(answers).abs().square().mean(dim=0)
    mixed = power[:, above(answers.shape[3], stride)].sum(dim=1) / power.sum(dim=(1, 2))
    return own, mixed


mean, std = train.statistics(train_set)
x = (data.to_float(test_set.images) - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)
wide, narrow = (networks[name].conv1 for name in ("11×11 /4", "7×7 /2"))
rows = {
    name: (each.conv1.weight, each.conv1.stride[0]) for name, each in networks.items()
}
rows["7×7 read with /4"] = (narrow.weight, 4)
rows["11×11 /4, untrained"] = (starts["11×11 /4"], 4)
table = {}
for name, (weight, stride) in rows.items():
    own, mixed = aliasing(weight.detach(), stride, x[:200])
    table[name] = {
        "aliased": (own > 0.5).sum().item(),
        "mixed in, %": 100 * mixed.mean().item(),
    }
old = {}
for name, each in networks.items():
    with torch.no_grad():
        alive = (each.conv1(x[:200]) > 0).amax(dim=(0, 2, 3))
    weight = each.conv1.weight.detach().flatten(1)
    old[name] = functional.cosine_similarity(weight, starts[name].flatten(1)) > 0.5
    table[name]["dead"] = (~alive).sum().item()
    table[name]["not learned"] = old[name].sum().item()
table = pd.DataFrame(table).T
table.round({"mixed in, %": 2}).convert_dtypes().astype(object).fillna("-")

# %%
own, _ = aliasing(wide.weight.detach(), 4, x[:1])
print(f"{((own > 0.5) & old['11×11 /4']).sum()} of the aliased 11×11 have not learned")
aliased, mixed = table["aliased"], table["mixed in, %"]
check.that(aliased["11×11 /4"] > aliased["7×7 /2"] + 2, "more aliased 11×11 filters")
ratio = mixed["11×11 /4"] / mixed["7×7 /2"]
check.that(ratio > 2.5, f"{ratio:.1f} times as much is mixed in")
check.that(mixed["7×7 read with /4"] > mixed["11×11 /4"], "7×7 with /4: more still")
check.that(aliased["11×11 /4, untrained"] == 24, "all untrained filters are aliased")
check.that(table["dead"].max() <= 1, "next to no dead filters")

# %% name="fig-wide" tags=["hide-input"] alt_ko="11×11 필터 스물네 개를 두 줄로 놓았습니다. 윗줄의 앞쪽 필터는 색점이 뒤섞인 잡음이고, 아랫줄의 뒤쪽으로 갈수록 밝은 곳과 어두운 곳이 매끄럽게 나뉜 모서리입니다." alt_en="Twenty-four filters of 11×11 in two rows. The first ones in the upper row are noise of mixed coloured dots; towards the end of the lower row they are edges, smoothly divided into bright and dark." caption_ko="훈련을 마친 11×11 필터. 나이퀴스트 주파수를 넘는 몫이 큰 것부터 놓았고, 대비는 필터마다 따로 키웠습니다." caption_en="The 11×11 filters after training, those with the largest share above the Nyquist frequency first. The contrast of each filter is stretched by itself."
look.grid(shown(wide.weight.detach()[own.argsort(descending=True)]), columns=12)

# %% [markdown] lang="ko"
# 스트라이드가 4인 신경망에는 에일리어싱하는 필터가 있고, 섞여 드는 몫도 몇 배로 큽니다. 논문이 본 것과 같은 방향입니다. 그러나 까닭은 필터의 크기가 아니라
# 스트라이드입니다. 같은 $7 \times 7$ 필터를 스트라이드 4로 읽는다고 치면 $11 \times 11$보다도 더 많이 섞입니다. 또 에일리어싱하는 $11 \times 11$ 필터는 높은 주파수를
# 배운 것이 아니라 처음의 잡음을 아직 벗지 못한 것들입니다. 훈련하기 전에는 모든 필터가 그렇습니다. 그리고 훈련을 마치면 섞이는 몫은 어느 신경망에서나 몇 퍼센트를
# 넘지 않습니다. 이미지의 세기는 대부분 낮은 주파수에 있기 때문입니다.
#
# 죽은 필터는 어떻습니까? 논문은 AlexNet에 죽은 특징이 더 많았다고 적었습니다. ReLU를 한 번도 지나지 못한다는 뜻이라면 우리의 짧은 훈련에서는 거의 없습니다. 무늬가
# 없다는 뜻이라면 배우지 못한 필터가 거기에 가깝고, 이것은 $11 \times 11$에 더 많습니다. 그러나 가중치가 많으면 처음의 잡음도 많으므로, 이 수만으로 스트라이드를 탓할
# 수는 없습니다.
#
# 흔히 $11 \times 11$ 필터가 정보를 건너뛴다고들 합니다. 건너뛰지 않습니다. 폭이 11인 필터를 4픽셀씩 옮기면 가장자리가 아닌 픽셀은 모두 필터 네 자리 이상에 들어갑니다. 픽셀을
# 건너뛰는 것이 아니라 답을 드문드문 계산하는 것이 문제입니다.

# %% [markdown] lang="en"
# The network with stride 4 has aliased filters, and the share that is mixed in is several times as large. That is the direction the paper saw. But the cause is
# the stride, not the size of the filters: the same $7 \times 7$ filters, read with stride 4, would mix in even more than those of $11 \times 11$. And the
# aliased $11 \times 11$ filters have not learned high frequencies; they have not yet lost their initial noise. Before training all filters are like that.
# After training the share that is mixed in is a few percent at most in every network, since most of an image's power is at low frequencies.
#
# What about dead filters? The paper found more dead features in AlexNet. If "dead" means that nothing ever passes the ReLU, there are next to none after our short
# training. If it means a filter without a pattern, those that have not learned come close, and there are more of them among the $11 \times 11$. But more weights also
# mean more initial noise, so this count alone is no evidence against the stride.
#
# One often reads that filters of $11 \times 11$ skip information. They do not. A filter of width 11 that moves by 4 pixels covers every pixel
# that is not at the edge from at least four of its places. The trouble is not that pixels are skipped but that answers are computed at few places.

# %%
covered = functional.conv_transpose2d(
    torch.ones(1, 1, 55, 55), torch.ones(1, 1, 11, 11), stride=4
)[0, 0]  # how often each of 227 × 227 pixels is read
inner = covered[11:-11, 11:-11]
check.that(covered.min() >= 1 and inner.min() == 4, "read 4 times or more inside")

# %% [markdown] lang="ko"
# ## 다섯 층 들여다보기
#
# 이제 작은 ZFNet의 모든 층을 봅니다. 논문처럼 합니다. 층마다 특징 맵을 고르고(층 1과 2에서 네 장, 층 3부터 두 장), 맵마다 테스트 이미지 2,000장 가운데 가장 강하게
# 반응한 아홉 장을 찾아, 그 창과 투영을 나란히 놓습니다. 투영은 아홉 번 따로 구합니다. 맵은 손으로 고르지 않고 가장 강한 활성값이 큰 순서로 골랐습니다.

# %% [markdown] lang="en"
# ## Looking into five layers
#
# Now we look into every layer of the small ZFNet, in the manner of the paper. From each layer we take some feature maps (four in layers 1 and 2, two from layer 3 on), find for
# each map the nine of 2,000 test images to which it answers most strongly, and set their windows beside their nine projections, each computed by itself. The maps are
# not chosen by hand but by the size of their strongest activations.


# %%
def strongest_tiles(network, images, x, layer, count):
    """Of the `count` maps that answer most: nine windows, nine projections, and titles."""
    shape = x.shape[1:]
    found = look.strongest(network, x, layer, count=9)
    best = found.value.mean(dim=1).argsort(descending=True)[:count]
    size = min(shape[1], look.trace(network, tuple(shape)).receptive_field[layer])
    pixels = data.to_float(images)
    tiles, titles = [], []
    for k in best.tolist():
        which, places = found.image[k], found.position[k]
        boxes = look.receptive_boxes(network, shape, layer, places).tolist()
        back = look.deconvnet(network, x[which], layer, k, places).pixels
        for nine in (pixels[which], back):
            cut = torch.stack(
                [window(each, box, size) for each, box in zip(nine, boxes, strict=True)]
            )
            cut = shown(cut) if nine is back else cut
            cut = functional.interpolate(cut, scale_factor=max(1, 64 // size))
            tiles.append(make_grid(cut, nrow=3, padding=3, pad_value=1.0))
        titles += [f"layer {layer[-1]}, map {k}", "projected"]
    return tiles, titles


fields = look.trace(network, (3, 64, 64)).receptive_field
print("receptive fields:", *[f"relu{n} {fields[f'relu{n}']}," for n in range(1, 6)])
corner = torch.tensor([[0, 0]])
for layer in ("relu3", "relu4", "relu5"):
    box = look.receptive_boxes(network, (3, 64, 64), layer, corner)[0].tolist()
    print(f"the corner unit of {layer} sees {box[2]}×{box[3]} pixels")

# %% name="fig-low" tags=["hide-input"] alt_ko="층 1과 2의 특징 맵 네 장씩. 맵마다 이미지 조각 아홉 개와 투영 아홉 개가 3×3으로 놓여 있습니다. 층 1에서 한 맵의 조각은 모두 같은 방향의 모서리이고, 투영은 아홉 개가 똑같은 필터입니다. 층 2의 조각은 더 넓어서 굽은 테두리가 보이고, 투영에는 모서리와 곡선이 격자무늬와 함께 나타납니다." alt_en="Four feature maps each of layers 1 and 2, and for each nine pieces of images and nine projections in 3×3. In layer 1 the nine pieces of a map are edges in one direction, and the nine projections are the same filter. In layer 2 the pieces are wider and hold curved outlines, and the projections show edges and curves, with a grid over them." caption_ko="층 1과 2. 맵마다 왼쪽은 가장 강한 아홉 개의 창, 오른쪽은 그 투영입니다. 회색은 0이고, 투영의 대비는 저마다 따로 키웠습니다." caption_en="Layers 1 and 2. On the left of each pair the nine strongest windows of a map, on the right their projections. Grey is 0, and the contrast of each projection is stretched by itself."
tiles, titles = [], []
for layer in ("relu1", "relu2"):
    more, names = strongest_tiles(network, test_set.images, x, layer, 4)
    tiles, titles = tiles + more, titles + names
look.grid(tiles, titles=titles, columns=4, size=1.4)

# %% name="fig-high" tags=["hide-input"] alt_ko="층 3, 4, 5의 특징 맵 두 장씩. 이미지 전체가 그려져 있습니다. 아홉 장에 같은 도형이 되풀이되는 맵이 많고, 투영에는 도형의 테두리와 그 안의 띠가 배경 없이 나타납니다." alt_en="Two feature maps each of layers 3, 4 and 5; the images are whole. In many maps the same shape recurs among the nine, and the projections show the outline of the shape and bands inside it without the background." caption_ko="층 3, 4, 5. 이미지 전체를 그렸습니다. 투영에서 회색으로 빈 곳은 그 유닛이 보지 못하거나 반응하지 않은 곳입니다." caption_en="Layers 3, 4 and 5, with whole images. Where a projection is plain grey, its unit does not see the image, or did not answer to it."
tiles, titles = [], []
for layer in ("relu3", "relu4", "relu5"):
    more, names = strongest_tiles(network, test_set.images, x, layer, 2)
    tiles, titles = tiles + more, titles + names
tiles = [functional.avg_pool2d(tile, 2) for tile in tiles]  # nine whole images in each
look.grid(tiles, titles=titles, columns=4, size=1.4)

# %% [markdown] lang="ko"
# 층 1에서 한 맵의 투영 아홉 개는 모두 같습니다. 전치한 필터 하나를 찍은 것이므로 필터 자신이고, 크기만 다릅니다. 층 2부터는 이미지마다 다릅니다. 스위치와 ReLU가
# 이미지마다 다르기 때문입니다. 논문의 층 2에는 꺾인 곳과 모서리와 색이 만난 무늬가, 층 3에는 결과 글자가, 층 4에는 개의 얼굴이, 층 5에는 자세가 저마다 다른 물체
# 전체가 나타났습니다. 우리의 신경망에서는 층 3의 구석에 있는 유닛도 이미지의 절반쯤을 보므로 층마다 그만큼 또렷하게 나뉘지는 않습니다.
#
# 투영에 덮인 격자무늬는 이미지에 있던 것이 아닙니다. 첫 층의 $7 \times 7$ 필터를 두 픽셀 간격으로 찍으면 픽셀마다 겹치는 횟수가 다릅니다.

# %% [markdown] lang="en"
# In layer 1 all nine projections of a map are alike: one transposed filter is stamped, so each is the filter itself, and only its size differs. From
# layer 2 on they differ from image to image, because the switches and the ReLUs do. In the paper, layer 2 showed corners and meetings of edges and colours,
# layer 3 textures and text, layer 4 faces of dogs, layer 5 whole objects in different poses. In our network even a unit in the corner of layer 3 sees about half of
# the image, so its layers do not divide as clearly.
#
# The grid that lies over the projections was not in the images. Where $7 \times 7$ filters of the first layer are stamped two pixels apart, the number of stamps on a pixel varies.

# %%
ones = torch.ones(1, 1, 32, 32), torch.ones(1, 1, 7, 7)  # signal, filter
stamps = functional.conv_transpose2d(*ones, stride=2, padding=3, output_padding=1)
stamps = stamps[0, 0, 4:-4, 4:-4]  # away from the edge
print("stamps on neighbouring pixels:", stamps[:2, :2].int().tolist())
check.that(stamps.unique().tolist() == [9, 12, 16], "9, 12 or 16 stamps on a pixel")

# %% [markdown] lang="ko"
# 이제 눈으로 보는 대신 수로 재 봅시다. 맵마다 가장 강한 아홉 장 가운데 가장 많은 클래스가 차지하는 몫을 구하고, 층마다 평균합니다. 열 클래스에서 무작위로 아홉 장을
# 뽑아도 가장 많은 클래스는 두세 장이 됩니다. 층이 깊을수록 이 몫이 커진다면 논문이 말한 대로 깊은 층이 클래스에 가깝습니다. 훈련하지 않은 신경망도 함께 잽니다.

# %% [markdown] lang="en"
# Now we measure instead of judging by eye. Of a map's nine strongest images, what share has the commonest class, on average over the maps of a layer?
# Even nine images drawn at random from ten classes have two or three of the commonest. If the share grows with depth,
# deeper layers are closer to the classes, as the paper says. We measure an untrained network as well.


# %%
def commonest(labels):
    """Of nine labels a row, (M, 9), the mean share of the most frequent."""
    times = functional.one_hot(labels, 10).sum(dim=1).max(dim=1).values
    return (times / labels.shape[1]).mean().item()


torch.manual_seed(0)
both = {"trained": network, "untrained": SmallZFNet()}
shares = pd.DataFrame(
    {
        name: {
            f"layer {n}": commonest(
                test_set.labels[look.strongest(each, x, f"relu{n}", count=9).image]
            )
            for n in range(1, 6)
        }
        for name, each in both.items()
    }
)
random = torch.randint(10, (2000, 9), generator=torch.Generator().manual_seed(0))
print((100 * shares).round().astype(int))
print(f"at random {100 * commonest(random):.0f} (all in %)")
deep, shallow = shares.loc["layer 5"], shares.loc["layer 1"]
check.that(deep["trained"] > shallow["trained"] + 0.1, "layer 5 groups more by class")
check.that(deep["trained"] > deep["untrained"] + 0.1, "and that is learned")

# %% [markdown] lang="ko"
# 훈련한 신경망에서는 층이 깊을수록 몫이 커집니다. 훈련하지 않은 신경망의 깊은 층은 그보다 무작위에 훨씬 가깝습니다. 깊은 층이 클래스에 가까운 것은 주로 훈련에서 배운 것입니다.
#
# ### 손으로 쓴 숫자에서
#
# 그린 도형이 아니라 진짜 데이터에서도 그럴까요? 작은 합성곱 신경망에 손으로 쓴 숫자를 가르치고, 5,000장 모두에서 둘째 층의 가장 강한 자리를 찾습니다.

# %% [markdown] lang="en"
# In the trained network the share grows with depth. Deep layers of the untrained one stay much closer to random. That deep layers are close to the classes is mostly learned.
#
# ### On handwritten digits
#
# Is it the same on real data, not drawn shapes? We teach a small convolutional network handwritten digits, and look for the strongest places of its second layer in
# all 5,000 of them.

# %%
digits, digits_test = data.load("digits", "train"), data.load("digits", "test")
torch.manual_seed(0)
reader = nn.Sequential(
    OrderedDict(
        conv1=nn.Conv2d(1, 12, kernel_size=5, padding=2),  # (N, 12, 28, 28)
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),  # (N, 12, 14, 14)
        conv2=nn.Conv2d(12, 24, kernel_size=5, padding=2),  # (N, 24, 14, 14)
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),  # (N, 24, 7, 7)
        flatten=nn.Flatten(),
        fc3=nn.Linear(24 * 7 * 7, 10),
    )
)
digits_history = train.fit(reader, digits, lr=2e-3, **recipe | {"epochs": 1})
accuracy = train.evaluate(reader, digits_test, like=digits_history).accuracy
check.that(accuracy > 0.9, f"accuracy {accuracy:.3f} on test digits")

# %% name="fig-digits" tags=["hide-input"] alt_ko="둘째 층의 특징 맵 여섯 장. 맵마다 숫자에서 잘라낸 14픽셀 조각 아홉 개와 투영 아홉 개가 있습니다. 한 맵의 조각에는 같은 방향의 획이나 같은 쪽으로 굽은 획, 같은 모양의 획 끝이 되풀이되고, 투영은 그 획을 따라 밝고 그 곁이 어둡습니다." alt_en="Six feature maps of the second layer, each with nine pieces of 14 pixels cut from digits and nine projections. The pieces of a map repeat strokes of one direction, strokes bent to one side, or ends of strokes; the projections are bright along those strokes and dark beside them." caption_ko="숫자 5,000장에서 찾은 둘째 층의 가장 강한 창과 투영. 맵마다 획의 방향과 굽은 쪽이 같습니다." caption_en="The strongest windows of the second layer in 5,000 digits, and their projections. Within a map, strokes agree in direction and in the side to which they bend."
mean_of, std_of = train.statistics(digits)
written = torch.cat([digits.images, digits_test.images])  # (5000, 1, 28, 28)
ink = (data.to_float(written) - mean_of.view(-1, 1, 1)) / std_of.view(-1, 1, 1)
tiles, titles = strongest_tiles(reader, written, ink, "relu2", 6)
look.grid(tiles, titles=titles, columns=4, size=1.4)

# %% [markdown] lang="ko"
# 여기서도 한 맵의 아홉 조각은 서로 다른 이미지에서, 때로는 서로 다른 숫자에서 온 것인데도 같은 획을 보여 줍니다. 둘째 층의 맵은 숫자가 아니라 획을 찾습니다.

# %% [markdown] lang="en"
# Here, too, the nine pieces of a map show the same stroke, though they come from different images and at times from different digits. A map of the second layer
# looks for a stroke, not for a digit.

# %% [markdown] lang="ko"
# ## 진짜 사진에서
#
# 맨 앞의 그림에 쓴 신경망은 SqueezeNet 1.1입니다 {cite:p}`iandola2016squeezenet`. 파라미터가 1,235,496개뿐인 작은 신경망이고, 이미지넷으로 훈련한 가중치가 파이썬 패키지
# `ndf`에 들어 있어 인터넷 없이 쓸 수 있습니다. 이 책이 실을 수 있는 사진은 몇 장뿐이므로 가장 강한 아홉 장을 찾을 수는 없고, 사진 한 장에서 가장 강한 활성값을
# 봅니다. 이 신경망은 ReLU를 대부분 층이 아니라 함수로 쓰는데, captum은 층으로 쓴 것만 바꾸고 설명서에 그렇게 적어 두었습니다. `look.deconvnet`은 함수로 쓴 것도
# 찾습니다. 먼저 맞히는지 봅시다.

# %% [markdown] lang="en"
# ## On real photos
#
# The network of the first picture is SqueezeNet 1.1 {cite:p}`iandola2016squeezenet`, a small one of only 1,235,496 parameters, whose weights, trained on
# ImageNet, are in the Python package `ndf` and so at hand without an internet connection. This book can print only a few photos, so there are no nine
# strongest images to find; we look at the strongest activation within one photo. Most of the network's ReLUs are functions, not layers, and
# captum replaces only layers, as its documentation says; `look.deconvnet` finds both. First, is the network right?

# %%
classes = models.imagenet_classes()
check.that(parameters(imagenet) == 1_235_496, f"{parameters(imagenet):,} parameters")
with torch.no_grad():
    probability = imagenet(torch.cat([cat, coffee])).softmax(dim=1)
for row in probability:
    best = row.topk(3)
    said = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    print(", ".join(f"{classes[label]} {100 * p:.0f}%" for label, p in said))
check.that("cat" in classes[probability[0].argmax()], "it sees a cat")
check.that(classes[probability[1].argmax()] == "espresso", "it sees an espresso")

# %% [markdown] lang="ko"
# 고양이와 에스프레소로 알아봅니다. 그런데 무엇을 보고 그렇게 답했을까요? 얼굴의 어디일까요? 커피일까요, 탁자일까요?
#
# ### 가려 보기
#
# 가장 솔직한 방법은 가려 보는 것입니다. 사진의 평균 색을 칠한 사각형(논문에서는 회색)으로 사진의 한 곳을 가리고 확률이 얼마나 떨어지는지 봅니다. 사각형을 옮겨 가며 되풀이하면 지도가 됩니다.
# 신경망의 속은 몰라도 되고, 순전파만 있으면 됩니다. 논문에서는 이것을 디컨브넷을 검증하는 데에도 썼습니다. 투영에 나타난 곳을 가리면 그 특징 맵의
# 활성값의 합이 크게 떨어져야 합니다.

# %% [markdown] lang="en"
# It sees a cat and an espresso. But what did it look at? Which part of the face? The coffee, or the table?
#
# ### Occlusion
#
# The most honest way is to cover things up. A square of the photo's mean colour (the paper's is grey) hides a part of it, and we see how far the probability falls. Moving the
# square over the photo gives a map. It takes nothing but forward passes, and no knowledge of the inside of the network. In the paper it
# also serves to validate the deconvnet: cover what a projection shows, and the activity of that feature map must fall sharply. By activity we mean, like the paper, the
# sum of the map's activations.

# %%
SIZE, STRIDE = 56, 21  # pixels: 9 × 9 places of the square
top = "network.features.fire9"  # the last feature maps
strong = look.deconvnet(imagenet, cat, top)
channel = strong.channel.item()
caught = {}


def keep(layer, inputs, output):
    caught["maps"] = output


def everything(logits):
    """Probabilities of all classes, and the sum of each map: (B, 1000 + 512)."""
    return torch.cat([logits.softmax(dim=1), caught["maps"].sum(dim=(2, 3))], dim=1)


hook = imagenet.network.features.fire9.register_forward_hook(keep)
maps = look.occlusion(imagenet, cat, size=SIZE, stride=STRIDE, score=everything)[0]
hook.remove()
right = probability[0].argmax().item()
of_class, activities = maps[..., right], maps[..., 1000:]  # (9, 9), (9, 9, 512)
activity = activities[..., channel]
answers = maps[..., :1000].argmax(dim=2)
named, times = answers.unique(return_counts=True)
for label, n in sorted(
    zip(named.tolist(), times.tolist(), strict=True), key=lambda t: -t[1]
):
    print(f"{classes[label]:20}{n:3} of {answers.numel()} places")
lowest, whole = of_class.min().item(), probability[0, right].item()
check.that(lowest < 0.6 * whole, f"at its lowest {lowest:.2f}, uncovered {whole:.2f}")
same = (answers == right).float().mean().item()
check.that(same > 0.5, f"the answer stays in {100 * same:.0f}% of the places")
row, column = divmod(of_class.argmin().item(), 9)
check.that(2 <= row <= 5 and column <= 4, f"lowest at an eye: {row}, {column}")

over_coffee = look.occlusion(imagenet, coffee, size=SIZE, stride=42)[0]  # (5, 5)
cup, corners = over_coffee[:3, 1:4].mean(), over_coffee[::4, ::4].mean()
print(f"espresso: square on the cup {cup:.2f}, in a corner {corners:.2f}")
check.that(cup < corners - 0.05, "the cup counts more than the corners")

# %% name="fig-occlusion" tags=["hide-input"] alt_ko="그림 넷. 고양이 얼굴 사진. 가린 자리에 따른 이집트고양이의 확률 지도로, 한쪽 눈 부근이 가장 어둡습니다. 가린 자리에 따른 특징 맵의 활성값 지도로, 역시 눈 부근이 어둡습니다. 투영은 회색 바탕에 눈의 테두리를 그립니다." alt_en="Four pictures. The photo of a cat's face. A map of the probability of Egyptian cat by the place that is covered, darkest near one eye. A map of the feature map's activity by the place covered, dark near the eye as well. The projection draws the rim of the eye on grey." caption_ko="왼쪽부터 사진, 사각형의 자리에 따른 클래스의 확률, 가장 강한 특징 맵의 활성값의 합, 그 맵의 투영. 두 지도의 칸은 사각형의 가운데 자리에 있고, 어두울수록 낮으며, 0에서 최댓값까지의 눈금으로 그렸습니다. 밑에 적은 수는 최솟값과 최댓값입니다." caption_en="From left to right: the photo; the probability of the class by the place of the square; the summed activity of the strongest feature map; the projection of that map. A cell of a map is where the middle of the square was. Dark is low, on a scale from 0 to the largest value. The numbers below are the smallest and the largest."
figure = look.style.figure("full", 2.1)
panels = figure.subplots(1, 4)
half, end = SIZE / 2, 224 - SIZE / 2
extent = (half - STRIDE / 2, end + STRIDE / 2, end + STRIDE / 2, half - STRIDE / 2)
panels[0].imshow(cat[0].permute(1, 2, 0))
for panel, values in zip(panels[1:3], (of_class, activity), strict=True):
    panel.imshow(values, cmap=look.style.SEQUENTIAL, vmin=0, extent=extent)
panels[3].imshow(shown(strong.pixels)[0].permute(1, 2, 0))
words = ["photo", "probability", "activity", "projection"]
for panel, word in zip(panels, words, strict=True):
    panel.set(xlim=(0, 224), ylim=(224, 0), xticks=[], yticks=[], title=word)
    panel.spines[:].set_visible(False)
panels[1].set_xlabel(f"{of_class.min():.2f} to {of_class.max():.2f}")
panels[2].set_xlabel(f"{activity.min():,.0f} to {activity.max():,.0f}")
figure

# %% [markdown] lang="ko"
# 고양이라는 답의 확률은 한쪽 눈의 둘레를 가릴 때 가장 낮습니다. 이마의 위쪽을 가리면 오히려 조금 올라갑니다. 답이 바뀐 자리에서도 얼룩고양이나 치타라고 하니, 고양이에서 멀리
# 가지는 않습니다. 사진이 얼굴로 가득 차서 배경은 따질 수 없습니다. 커피 사진에는 배경이 있습니다. 잔을 가리면 에스프레소의 확률이 떨어지지만 탁자가 보이는 구석을
# 가리면 거의 그대로입니다. 이 사진에서 신경망은 탁자가 아니라 잔을 보고 답합니다.
#
# 논문의 검증을 수로 해 봅시다. 사각형마다 투영의 세기가 얼마나 들어 있는지 더하고, 활성값의 합이 떨어진 양과의 순위 상관을 구합니다. 상관이 크다고 해서 그것만으로
# 투영을 믿을 수는 없습니다. 윤곽이 많은 곳은 어느 맵에나 중요할 것이므로, 투영 대신 사진의 윤곽을 세어도 상관이 클 수 있습니다. 그래서 가장 활발한 맵 열여섯 장에서
# 맵의 변화를 자기 투영과도, 다른 맵의 투영과도 견줍니다. 투영이 그 맵에 대한 것이라면 자기 것과 더 잘 맞아야 합니다.

# %% [markdown] lang="en"
# The probability of the cat is lowest where the square covers the surroundings of one eye. Covering the upper forehead even raises it a little. Where the answer changes it
# is tabby or cheetah, never far from a cat. The face fills the photo, so there is no background to speak of. The photo of the coffee has one: covering the cup
# lowers the probability of espresso, while covering the corners, where the table is, hardly changes it. In this photo the network goes by the cup, not by the table.
#
# Now the paper's validation, in numbers: for each square we add up how much of the projection's strength is in it, and take the rank correlation with how far the map's activity
# falls. A high correlation alone is no reason to trust projections. Places with many edges probably matter to any map, so the edges of the photo in place of the projection may give a
# high one as well. So for the sixteen most active maps we compare a map's changes with its own projection, and with the projections of the other maps. If a
# projection is about its map, its own must fit better.


# %%
def rank_correlation(a, b):
    """Spearman's: the correlation of the ranks."""
    ranks = torch.stack([each.flatten().argsort().argsort().float() for each in (a, b)])
    return torch.corrcoef(ranks)[0, 1].item()


def in_squares(pixels):
    """The mean square of pixels (N, C, 224, 224) in each of the 9 × 9 places."""
    return functional.avg_pool2d(pixels.square().sum(dim=1), SIZE, STRIDE)


active = activities.mean(dim=(0, 1)).topk(16).indices
projections = look.deconvnet(imagenet, cat.expand(16, -1, -1, -1), top, active).pixels
fits = torch.tensor(
    [
        [rank_correlation(inside, -activities[..., k]) for k in active]
        for inside in in_squares(projections)
    ]
)  # (16 projections, 16 maps)
own = fits.diag().mean().item()
others = ((fits.sum() - fits.diag().sum()) / (16 * 15)).item()
edges = cat.mean(dim=1, keepdim=True)
edges = torch.cat([edges.diff(dim=d, append=edges.narrow(d, -1, 1)) for d in (2, 3)], 1)
print(
    f"strongest map: projection {rank_correlation(in_squares(strong.pixels), -activity):.2f}"
)
print(
    f"strongest map: edges of the photo {rank_correlation(in_squares(edges), -activity):.2f}"
)
print(f"16 maps: own projection {own:.2f}, those of other maps {others:.2f}")
check.that(own > others + 0.1, f"{own:.2f} > {others:.2f} + 0.1")

# %% [markdown] lang="ko"
# 가장 강한 맵 하나만 보면 사진의 윤곽도 투영만큼 잘 맞습니다. 그러나 열여섯 맵에서는 자기 투영이 다른 맵의 투영보다 훨씬 잘 맞습니다. 투영은 그 맵에 대한 무언가를
# 말합니다. 완전히 맞지는 않습니다.

# %% [markdown] lang="en"
# For the strongest map alone, the edges of the photo fit as well as the projection. But over sixteen maps a map's own projection fits much better than those of other maps. A projection does say
# something about its map, though far from everything.

# %% [markdown] lang="ko"
# 작은 ZFNet도 같은 방법으로 봅시다. 이미지가 작아서 금방 여러 장을 할 수 있습니다.

# %% [markdown] lang="en"
# The small ZFNet can be examined in the same way. Its images are small, so several are quickly done.

# %% name="fig-shapes" tags=["hide-input"] alt_ko="두 줄 여섯 칸. 윗줄은 맞힌 테스트 도형 여섯 장, 아랫줄은 가린 자리에 따른 정답의 확률. 어떤 것은 도형이 있는 곳에서 어둡고, 어떤 것은 도형의 일부나 구석에서만 어둡고, 어디를 가려도 밝은 것도 있습니다." alt_en="Two rows of six. Above, six test shapes that the network got right; below, the probability of the right class by the place that is covered. Some are dark where the shape is covered, some only at a part of it or in a corner, and one may stay bright wherever the square is." caption_ko="작은 ZFNet이 맞힌 테스트 이미지 여섯 장과, 16픽셀 사각형의 자리에 따른 정답의 확률. 밝은 색이 1, 어두운 색이 0입니다." caption_en="Six test images that the small ZFNet got right, and the probability of the right class by the place of a square of 16 pixels. Bright is 1, dark is 0."
result = results["7×7 /2, r = 0.04"]
good = (result.predictions == test_set.labels).nonzero().flatten()
few = good[[(test_set.labels[good] == label).nonzero()[0].item() for label in range(6)]]
hidden = look.occlusion(network, x[few], test_set.labels[few], size=16, stride=4)
figure = look.style.figure("full", 2.5)
panels = figure.subplots(2, 6)
for column, (index, values) in enumerate(zip(few.tolist(), hidden, strict=True)):
    panels[0, column].imshow(test_set.images[index].permute(1, 2, 0))
    panels[1, column].imshow(values, cmap=look.style.SEQUENTIAL, vmin=0, vmax=1)
    panels[0, column].set_title(test_set.classes[test_set.labels[index]])
for panel in panels.flat:
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
figure

# %%
some = good[:60]
hidden = look.occlusion(network, x[some], test_set.labels[some], size=16, stride=16)
middle, corners = hidden[:, 1:3, 1:3].mean(), hidden[:, ::3, ::3].mean()
print(f"square in the middle {middle:.2f}, in a corner {corners:.2f}")
check.that(middle < corners - 0.05, "the shape counts more than the corner")

# %% [markdown] lang="ko"
# ### 세 규칙을 나란히
#
# 앞에서 본 ReLU의 세 규칙은 얼마나 다른 그림을 줄까요? 작은 ZFNet의 정답 로짓에서 픽셀까지 captum으로 되짚어 봅시다.

# %% [markdown] lang="en"
# ### The three rules side by side
#
# How different are the pictures that the three rules for ReLUs give? With captum we go back from the small ZFNet's logit of the right class to the
# pixels.

# %% name="fig-rules" tags=["hide-input"] alt_ko="네 줄 네 칸. 첫 줄은 도형 네 장. 그레이디언트의 줄은 잡음이 많고 도형을 알아보기 어렵습니다. 디컨브넷의 줄에는 도형의 테두리가 보이고 배경에도 격자무늬가 퍼져 있습니다. guided의 줄에도 테두리가 보이고 배경은 더 고릅니다." alt_en="Four rows of four. The first shows four shapes. The gradients are noisy, and the shapes are hard to make out. The deconvnet's row shows outlines of the shapes, with a grid spread over the background. The guided row shows outlines too, on a calmer background." caption_ko="위에서부터 이미지, 그레이디언트, 디컨브넷, guided 역전파. 정답 클래스의 로짓에서 시작했고, 회색이 0입니다." caption_en="From the top: image, gradient, deconvnet, guided backpropagation, each from the logit of the right class. Grey is 0."
four = few[:4]
target = test_set.labels[four]
backward = {
    "gradient": by_captum(Saliency, network, x[four], target=target, abs=False),
    "deconvnet": by_captum(Deconvolution, network, x[four], target=target),
    "guided": by_captum(GuidedBackprop, network, x[four], target=target),
}
rows = [data.to_float(test_set.images[four])]
rows += [shown(each) for each in backward.values()]
titles = [f"{test_set.classes[label]}" for label in target.tolist()]
for name in backward:
    titles += [name, *[""] * 3]
look.grid(torch.cat(rows), titles=titles, columns=4, size=1.3)

# %% [markdown] lang="ko"
# 디컨브넷과 guided 역전파에는 도형의 테두리가 또렷하고, 그레이디언트에는 그렇지 않습니다. 그러나 또렷한 그림이 맞는 그림이라는 뜻은 아닙니다. 이 문제는 독자들의 질문에서 다시 봅니다.
#
# ## 주장을 다시 계산하기
#
# 논문의 수는 이미지넷의 검증 세트와 테스트 세트에서 나온 것이고(표 2와 표 3) {cite:p}`zeiler2014visualizing`, 우리 것은 도형 2,000장에서 나왔습니다. 같은 수가 나올
# 까닭은 없습니다. 같은 방향인지를 봅니다. 마지막 줄은 논문이 적은 훈련 시간에서 셈한 것으로, 그때의 GPU 하나가 1초에 이미지를 몇 장이나 훈련했는지입니다.

# %% [markdown] lang="en"
# The deconvnet and guided backpropagation show clear outlines, the gradient does not. But a clear picture need not be a true one. The readers' questions below come back to this.
#
# ## The claims, recomputed
#
# The paper's numbers are from the validation and test sets of ImageNet (tables 2 and 3) {cite:p}`zeiler2014visualizing`, ours from 2,000 shapes.
# There is no reason for equal numbers. What we look at is the direction. The last line follows from the training time that the paper states: on how many images a second one GPU
# of that time trained.

# %%
error = {name: 100 * (1 - each.accuracy) for name, each in results.items()}
both = f"{error['11×11 /4']:.1f} to {error['7×7 /2']:.1f}"
lines = [
    ("11×11 /4 → 7×7 /2, top-1 val.", "T3", "40.5 to 38.4", both),
    ("the same, top-5 val.", "T3", "18.1 to 16.5", "-"),
    ("512, 1024, 512 maps, top-5 val.", "T3", "16.0", "-"),
    ("5 networks, top-5 val.", "T2", "15.3", "-"),
    ("6 networks, top-5 test", "T2", "14.8", "-"),
    ("without layers 3, 4, top-1 val.", "T3", "40.5 to 45.4", "-"),
    ("without layers 6, 7, top-1 val.", "T3", "40.5 to 44.8", "-"),
    ("without 3, 4, 6, 7, top-1 val.", "T3", "40.5 to 71.3", "-"),
]
print(f"{'error, %':33}{'paper':6}{'theirs':>14}{'ours':>14}")
for what, where, paper, measured in lines:
    print(f"{what:33}{where:6}{paper:>14}{measured:>14}")
seconds = 12 * 24 * 3600
print(
    f"\n70 epochs of 1.3 M images in 12 days: {70 * 1.3e6 / seconds:.0f} images a second"
)
check.that(error["7×7 /2"] < error["11×11 /4"], both)

# %% [markdown] lang="ko"
# 우리 실험에서도 $7 \times 7$에 스트라이드 2인 쪽이 낫습니다. 그러나 필터가 작아서인지 스트라이드가 작아서인지는 이 실험으로 가릴 수 없습니다. 둘을 따로 바꾸어 보지
# 않았기 때문이고, 논문도 그렇게 하지는 않았습니다. 스트라이드가 작으면 첫 층이 답을 네 배나 많은 자리에서 계산한다는 것도 생각해야 합니다.
#
# 논문의 표와 글은 조금 다릅니다. 글에는 완전 연결층 6과 7을 빼도 오류가 조금만 는다고 적혀 있는데, 표 3의 AlexNet에서는 top-1이 40.5%에서 44.8%로, top-5가 18.1%에서 22.4%로
# 둘 다 4.3퍼센트포인트 늘어납니다. 그 두 층에 파라미터의 대부분이 있다는 것을 생각하면 작다는 뜻일 것입니다. 합성곱층 둘과 완전 연결층 둘을 함께 빼면 top-1이 71.3%입니다. 깊이가
# 중요하다는 것이 논문의 결론입니다. 또 글은 1.7퍼센트포인트 나아진 것을 테스트 오류율이라고 하지만, 표 2의 18.2%와 16.5%는 둘 다 검증 세트의 것입니다.

# %% [markdown] lang="en"
# In our experiment, too, $7 \times 7$ with stride 2 is better. But it cannot tell whether the smaller filters helped or the smaller stride, since they were not
# changed one at a time; nor did the paper do that. The smaller stride also means that the first layer computes its answers at four times as many places.
#
# The paper's tables and its text differ a little. Without the fully connected layers 6 and 7, the text says, the error rises only slightly; in table 3
# AlexNet's top-1 error goes from 40.5% to 44.8% and its top-5 error from 18.1% to 22.4%, both by 4.3 percentage points. That is slight, it must mean, for the layers that hold most of the
# parameters. Without two convolutions and two fully connected layers together the top-1 error is 71.3%; the paper concludes that depth matters. And the gain of 1.7 percentage
# points that the text calls a test result lies between 18.2% and 16.5% of table 2, both of which are validation numbers.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **ZFNet이 2013년 대회에서 11.2%로 우승했습니까?** 아닙니다. 논문의 가장 좋은 결과는 신경망 여섯 개의 평균으로 테스트 오류율 14.8%입니다. 2013년의 11.7%와, 더 많은
# 데이터를 써서 얻은 11.2%는 자일러가 세운 회사 클래리파이(Clarifai)의 기록으로 다른 논문들의 표에 나옵니다 {cite:p}`szegedy2015going,simonyan2015very`. 이 논문의 신경망이 낸 기록이 아닙니다.
#
# **필터의 RMS가 반지름을 넘으면 다시 정규화한다는 것이 무슨 뜻입니까?** 위에서 만든 `renormalize`가 전부입니다. 필터의 가중치를 모두 제곱해 평균하고 제곱근을 구합니다. 그 값이 0.1을
# 넘으면 필터 전체에 0.1 / RMS를 곱합니다. 모양은 그대로이고 크기만 줄어듭니다.
#
# **디컨브넷은 합성곱을 되돌리는 것입니까?** 아닙니다. 위에서 확인했듯 전치한 필터는 역연산이 아닙니다. 이름은 자일러의 앞선 연구에서 온 것이고, 활성값을 픽셀로 되돌리는 디컨브넷은
# 그레이디언트에 가깝습니다. 그 가운데 필터로 거르는 단계를 오늘날에는 전치 합성곱이라고 부릅니다.
#
# **투영은 신경망이 배운 것을 보여 줍니까?** 조심해야 합니다. guided 역전파의 그림은 위쪽 층의 가중치를 무작위로 바꾸어도 별로 달라지지 않는다는 보고가 있고 {cite:p}`adebayo2018sanity`, 디컨브넷과
# guided 역전파가 하는 일의 많은 부분이 입력을 되살리는 것이라는 분석도 있습니다 {cite:p}`nie2018theoretical`. 우리의 신경망에서 재 봅시다. 이미지마다 층 5의 가장 강한 활성값을 투영하되, 한 번은 conv4와 conv5의 가중치를 무작위로
# 바꾸고, 한 번은 모든 합성곱의 가중치를 바꿉니다. 그리고 훈련한 신경망의 투영과 절댓값끼리 코사인을 구합니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **Did ZFNet win the contest of 2013 with 11.2%?** No. The paper's best result is 14.8% test error, the average of six networks. The 11.7% of 2013, and
# 11.2% with more data, are entries of Clarifai, the company that Zeiler founded, and stand in the tables of other papers
# {cite:p}`szegedy2015going,simonyan2015very`. The network of this paper did not make them.
#
# **What does it mean to renormalise filters whose RMS exceeds a radius?** `renormalize` above is all of it. Square the filter's weights, take the mean
# and the root. If that RMS is more than 0.1, multiply the whole filter by 0.1 / RMS. Its shape stays, it only becomes smaller.
#
# **Does a deconvnet undo convolution?** No: transposed filters are not the inverse, as checked above. The name comes from earlier work of Zeiler's. A deconvnet,
# which brings an activation back to pixels, is close to a gradient, and its filtering step is today called a transposed convolution.
#
# **Does a projection show what the network has learned?** Be careful. It has been reported that pictures by guided backpropagation hardly change when the
# weights of upper layers are replaced by random ones {cite:p}`adebayo2018sanity`, and an analysis found that much of what this method and the deconvnet do is to restore
# the input {cite:p}`nie2018theoretical`. We measure it in our network: of each image the strongest activation of layer 5 is projected, once with the weights of conv4 and conv5 replaced by random ones,
# once with those of all convolutions. We take the cosine with the projection by the trained network, of absolute values.


# %%
def scrambled(names):
    """A copy of the network with fresh random weights in some convolutions."""
    torch.manual_seed(1)
    other = copy.deepcopy(network)
    for name in names:
        weight = getattr(other, name).weight.data
        weight.copy_(torch.randn_like(weight) * weight.std())
    return other


def alike(first, second):
    """Mean cosine of the absolute projections of the same images."""
    pair = [each.abs().sum(dim=1).flatten(1) for each in (first, second)]
    return functional.cosine_similarity(*pair).mean().item()


some, likeness = x[:100], {}
learned = look.deconvnet(network, some, "relu5").pixels
for what, names in {
    "conv4, conv5 random": ("conv4", "conv5"),
    "all five random": ("conv1", "conv2", "conv3", "conv4", "conv5"),
}.items():
    other = look.deconvnet(scrambled(names), some, "relu5").pixels
    likeness[what] = alike(learned, other)
likeness["another image"] = alike(learned, learned.roll(1, dims=0))
for what, value in likeness.items():
    print(f"{what:22}{value:.2f}")
upper, none = likeness["conv4, conv5 random"], likeness["another image"]
check.that(upper > none + 0.1, f"{upper:.2f} > {none:.2f} + 0.1")

# %% [markdown] lang="ko"
# 위의 두 층이 아무것도 배우지 않은 신경망의 투영도 다른 이미지의 투영보다 훨씬 닮았습니다. 다섯 층을 모두 무작위로 바꾸면 닮은 정도가 크게 떨어집니다. 그림의 많은 부분이 높은
# 층에서 배운 것이 아니라 이미지와 낮은 층의 필터에서 온다는 뜻입니다. 그러니 투영 한 장이 물체처럼 보인다고 그 유닛이 물체를 안다고 말할 수는 없습니다. 더 믿을 만한 것은
# 둘입니다. 가장 강한 아홉 장이 무엇을 함께 가지고 있는지, 그리고 그곳을 가리면 답이 정말 바뀌는지입니다.

# %% [markdown] lang="en"
# Even projections by a network whose upper two layers have learned nothing are much more alike than those of another image. With all five layers random they are much
# less alike. So much of the picture comes not from what the upper layers have learned but from the image and from the filters of lower layers. One projection that looks like an
# object does not prove that the unit knows the object. Two things deserve more trust: what the nine strongest images have in common, and whether the answer
# really changes when that part is covered.

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
# **연습: 스위치로 되돌리기.** `values`(행 × 열의 NumPy 배열)를 `switches`가 가리키는 칸에 놓아 모양이 `shape`인 배열을 돌려주는 `put_back(values, switches, shape)`를
# 짜세요. `switches`는 `values`와 모양이 같은 배열로, 칸의 번호가 들어 있습니다. 번호는 첫 행의 왼쪽 칸을 0으로 하여 행을 따라 셉니다. 한 칸에 여러 값이 오면 더하고, 나머지 칸은 0입니다.

# %% [markdown] lang="en"
# **Exercise: back by switches.** Write `put_back(values, switches, shape)`, which puts `values` (a NumPy array, rows × columns) into the cells that
# `switches` names and returns an array of the given `shape`. `switches` has the shape of `values` and holds the cells' numbers, counted row by row from 0 in
# the upper left. Where several values come to one cell they are added; all other cells are 0.


# %% tags=["exercise"]
def put_back(values, switches, shape): ...


check.exercise("put_back", put_back)


# %% tags=["solution"]
# solution
def put_back(values, switches, shape):
    flat = np.zeros(shape[0] * shape[1])
    np.add.at(flat, switches.ravel(), values.ravel())
    return flat.reshape(shape)


check.exercise("put_back", put_back, solution=True)

# %% [markdown] lang="ko"
# **연습: ReLU를 되짚는 세 규칙.** 올라갈 때 ReLU에 들어간 `x`와 돌아온 `signal`(모양이 같은 NumPy 배열)이 있습니다. 규칙 `rule`이 `"gradient"`, `"deconvnet"`,
# `"guided"`일 때 아래로 내려갈 신호를 돌려주는 `through_relu(x, signal, rule)`을 짜세요.

# %% [markdown] lang="en"
# **Exercise: three rules for a ReLU.** `x` went into a ReLU on the way up, and `signal` comes back to it (NumPy arrays of one
# shape). Write `through_relu(x, signal, rule)`, which returns the signal that goes further down when the `rule` is `"gradient"`, `"deconvnet"` or
# `"guided"`.


# %% tags=["exercise"]
def through_relu(x, signal, rule): ...


check.exercise("through_relu", through_relu)


# %% tags=["solution"]
# solution
def through_relu(x, signal, rule):
    keep = {
        "gradient": x > 0,
        "deconvnet": signal > 0,
        "guided": (x > 0) & (signal > 0),
    }
    return np.where(keep[rule], signal, 0.0)


check.exercise("through_relu", through_relu, solution=True)

# %% [markdown] lang="ko"
# **연습: 필터 재정규화.** 모양이 (필터, 채널, 높이, 폭)인 NumPy 배열 `filters`에서 RMS가 `radius`를 넘는 필터만 줄인 배열을 돌려주는
# `renormalized(filters, radius)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: renormalising filters.** Write `renormalized(filters, radius)`. In `filters`, a NumPy array of shape (filters, channels, height,
# width), it scales down those filters whose RMS exceeds `radius`, and returns the result.


# %% tags=["exercise"]
def renormalized(filters, radius): ...


check.exercise("renormalized", renormalized)


# %% tags=["solution"]
# solution
def renormalized(filters, radius):
    rms = np.sqrt(np.square(filters).mean(axis=(1, 2, 3), keepdims=True))
    return filters * np.minimum(1.0, radius / rms)


check.exercise("renormalized", renormalized, solution=True)

# %% [markdown] lang="ko"
# **연습: 접힌 주파수.** 픽셀마다 `frequency`바퀴 도는 물결을 `stride`픽셀에 하나씩 읽습니다. 칸마다 몇 바퀴 도는 물결로 보이는지 0에서 0.5까지의 수로
# 답하는 `alias(frequency, stride)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: the folded frequency.** A wave of `frequency` turns a pixel is read at every `stride`-th pixel. Write `alias(frequency, stride)`, which
# says how many turns a cell the wave seems to make, a number from 0 to 0.5.


# %% tags=["exercise"]
def alias(frequency, stride): ...


check.exercise("alias", alias)


# %% tags=["solution"]
# solution
def alias(frequency, stride):
    turns = frequency * stride
    return abs(turns - round(turns))


check.exercise("alias", alias, solution=True)

# %% [markdown] lang="ko"
# **연습: 무슨 색으로 가릴까요?** 가리는 색이 지도를 바꿀까요? 고양이 사진을 평균 색과 검은색과 흰색으로 가려서 클래스 285(이집트고양이)의 확률을 재세요. 사각형은
# 64픽셀이고 32픽셀씩 옮깁니다. 세 지도를 키가 `"mean"`, `"black"`, `"white"`인 딕셔너리 `covers`에 넣습니다. 재기 전에 예상해 보세요. 어느 색이 확률을 가장
# 낮출까요? 가장 낮은 자리는 세 색에서 같을까요?

# %% [markdown] lang="en"
# **Exercise: which colour covers?** Does the colour of the square change the map? Cover the photo of the cat with its mean colour, with black and with white,
# and measure the probability of class 285 (Egyptian cat). The square has 64 pixels and moves by 32. Put the three maps into a dict `covers` with the
# keys `"mean"`, `"black"` and `"white"`. Before you measure: which colour will lower the probability most? Will the lowest place be the
# same for all three?

# %% tags=["exercise"]
covers = ...

check.exercise(
    "covers",
    (
        covers,
        lambda fill: look.occlusion(imagenet, cat, 285, size=64, stride=32, fill=fill),
    ),
)

# %% tags=["solution"]
colours = {"mean": None, "black": 0.0, "white": 1.0}
covers = {
    name: look.occlusion(imagenet, cat, 285, size=64, stride=32, fill=fill)
    for name, fill in colours.items()
}

check.exercise(
    "covers",
    (
        covers,
        lambda fill: look.occlusion(imagenet, cat, 285, size=64, stride=32, fill=fill),
    ),
    solution=True,
)
for name, values in covers.items():
    row, column = divmod(values.flatten().argmin().item(), 6)
    print(f"{name:6} lowest {values.min():.2f} in row {row}, column {column}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - ZFNet 논문 {cite:p}`zeiler2014visualizing`: 그림 2에서 층마다 창과 투영을 나란히 보세요. 특징이 훈련하는 동안 어떻게 생기는지, 이미지를 옮기고 돌리면
#   얼마나 바뀌는지도 나옵니다.
# - {cite:t}`simonyan2014deep`: 그레이디언트로 이미지를 설명하는 방법입니다. 디컨브넷과의 관계를 식으로 보여 줍니다.
# - {cite:t}`springenberg2015striving`: 풀링 없는 신경망과 guided 역전파입니다.
# - {cite:t}`adebayo2018sanity`: 설명하는 그림을 믿기 전에 해 볼 검사들입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - The ZFNet paper {cite:p}`zeiler2014visualizing`: see windows and projections side by side, layer by layer, in figure 2. It also shows how features emerge during training, and how they
#   change when an image is shifted or turned.
# - {cite:t}`simonyan2014deep` explain images by the gradient, and show in formulas how that is related to the deconvnet.
# - {cite:t}`springenberg2015striving`: networks without pooling, and guided backpropagation.
# - {cite:t}`adebayo2018sanity`: tests to make before believing a picture that explains.
