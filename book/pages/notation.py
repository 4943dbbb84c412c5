# %% [markdown] lang="ko"
# # 표기법
#
# 이 책의 식과 그림과 코드는 모두 같은 기호를 씁니다. 여기에 한 번 모아 두었으니, 읽다가 헷갈리면 돌아와서 보세요.
# 아래 그림은 모두 옆의 코드가 그린 것이고, 장에서도 같은 함수로 그립니다.

# %% [markdown] lang="en"
# # Notation
#
# Formulas, figures and code use the same symbols throughout this book. They are collected here once: come back
# whenever one of them puzzles you. Every figure below is drawn by the code beside it, and the chapters draw with the
# same functions.

# %%
import torch
from torch import nn

from cnnbook import look, outputs
from cnnbook.look import draw

# %% [markdown] lang="ko"
# ## 크기와 위치
#
# 큰 글자는 개수나 길이이고, 작은 글자는 그 안의 위치입니다. 위치는 코드처럼 0부터 셉니다.
#
# | 기호 | 뜻 | 코드 |
# |---|---|---|
# | $N$ | 한 번에 처리하는 이미지 수(배치 크기) | `batch_size` |
# | $C$ | 입력의 채널 수 | `in_channels` |
# | $H$, $W$ | 높이와 폭, 단위는 칸(픽셀) | `height`, `width` |
# | $K$ | 필터 수, 곧 출력의 채널 수 | `out_channels` |
# | $F$ | 필터 한 변의 길이 | `kernel_size` |
# | $S$ | 스트라이드(stride): 필터를 옮기는 간격 | `stride` |
# | $P$ | 제로 패딩(zero padding): 가장자리 한쪽에 덧대는 칸 수 | `padding` |
# | $i$, $j$ | 행과 열 | `i`, `j` |
# | $u$, $v$ | 필터 안의 행과 열 | `u`, `v` |
# | $c$, $k$ | 입력 채널, 필터 | `c`, `k` |

# %% [markdown] lang="en"
# ## Sizes and places
#
# A capital letter is a number or a length, a small letter is a place within it. Places are counted from 0, as in code.
#
# | symbol | meaning | code |
# |---|---|---|
# | $N$ | images processed at once (batch size) | `batch_size` |
# | $C$ | channels of the input | `in_channels` |
# | $H$, $W$ | height and width, in cells (pixels) | `height`, `width` |
# | $K$ | filters, and so channels of the output | `out_channels` |
# | $F$ | side of a filter | `kernel_size` |
# | $S$ | stride: the step by which the filter moves | `stride` |
# | $P$ | zero padding: cells added at each edge | `padding` |
# | $i$, $j$ | row and column | `i`, `j` |
# | $u$, $v$ | row and column within a filter | `u`, `v` |
# | $c$, $k$ | input channel, filter | `c`, `k` |

# %% [markdown] lang="ko"
# 폭 $W$인 입력에서 출력의 폭은 다음과 같습니다. [합성곱 장](03_convolution)에서 직접 세어 보고 얻는 식입니다.
#
# $$n = \frac{W - F + 2P}{S} + 1$$
#
# 코드에서는 `outputs`가 이 값을 계산하고, 나누어떨어지지 않으면 오류를 냅니다.

# %% [markdown] lang="en"
# From an input of width $W$, the output's width is as follows. [The chapter on convolution](03_convolution) gets this
# formula by counting.
#
# $$n = \frac{W - F + 2P}{S} + 1$$
#
# In code, `outputs` computes it, and raises an error where the division is not whole.

# %% tags=["nbval-check-output"]
outputs(5, kernel=3, stride=2, padding=1)

# %% [markdown] lang="ko"
# ## 숫자 칸
#
# 작은 예는 숫자를 적은 칸으로 그립니다. 입력 $x$는 파랑, 필터의 가중치 $w$는 주황, 출력 $y$는 초록입니다. 패딩은
# 회색이고, 지금 보는 자리는 굵은 테두리로 표시합니다. 편향 $b$는 필터마다 하나입니다.

# %% [markdown] lang="en"
# ## Cells of numbers
#
# Small examples are drawn as cells with their numbers. An input $x$ is blue, a filter's weights $w$ are orange, an
# output $y$ is green. Padding is grey, and a thick frame marks the place that we are looking at. The bias $b$ is one
# number for each filter.

# %% name="fig-cells" tags=["hide-input"] alt_ko="파란 5×5 입력의 둘레에 회색 0이 한 겹 있습니다. 왼쪽 가장자리, 위에서 두 줄 내려온 3×3 자리에 주황 테두리가 있습니다. ⋆ 뒤에 주황 3×3 필터, 등호 뒤에 초록 3×3 출력이 있고 그 첫 열의 둘째 칸에 테두리가 있습니다." alt_en="A blue 5×5 input with one ring of grey cells of 0 around it; an orange frame marks a 3×3 place at its left edge, two rows down. After a ⋆ an orange 3×3 filter, after an equals sign a green 3×3 output whose second cell in the first column is framed." caption_ko="입력, 필터, 출력. 왼쪽 테두리 안의 아홉 수와 필터의 아홉 수를 같은 자리끼리 곱하여 더하면 오른쪽 테두리 안의 수가 됩니다. F = 3, S = 2, P = 1입니다." caption_en="Input, filter, output. Multiply the nine numbers in the left frame by the filter's nine, place by place, and add: that is the number in the right frame. Here F = 3, S = 2, P = 1."
x = torch.tensor([[0, 1, 2, 1, 0], [1, 2, 0, 0, 1], [2, 1, 1, 0, 2], [0, 0, 1, 2, 1], [1, 0, 2, 1, 0]])
w = torch.tensor([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
padded = nn.functional.pad(x, (1, 1, 1, 1))
y = nn.functional.conv2d(padded[None, None], w[None, None], stride=2)[0, 0]
draw.row(
    draw.cells(padded, "x", colour="blue", padding=1, highlight=(2, 0, 3, 3), size=30),
    draw.sign("⋆", size=38),
    draw.cells(w, "w", colour="orange", size=30),
    "=",
    draw.cells(y, "y", colour="green", highlight=(1, 0, 1, 1), highlight_colour="green", size=30),
)

# %% [markdown] lang="ko"
# 필터 $k$의 출력은 다음과 같습니다. 채널마다 곱하여 모두 더하고 편향을 더합니다. 여기서 $x$는 패딩을 마친 입력입니다.
#
# $$y_{k,i,j} = b_k + \sum_{c=0}^{C-1} \sum_{u=0}^{F-1} \sum_{v=0}^{F-1} x_{c,\, iS+u,\, jS+v} \; w_{k,c,u,v}$$
#
# > [!NOTE]
# > 수학에서 합성곱(convolution)은 필터를 뒤집어서 곱합니다. 위 식처럼 뒤집지 않는 것은 교차 상관(cross-correlation)
# > 입니다. 딥러닝 라이브러리의 합성곱 층은 교차 상관을 계산하고, 이 책에서 합성곱 층이라고 하면 그것을 뜻합니다.
# > 식에서 둘을 구별해야 할 때 합성곱은 $x * w$, 교차 상관은 $x \star w$로 씁니다. 그림의 $\star$도 층이 하는
# > 계산, 곧 뒤집지 않는 쪽입니다.

# %% [markdown] lang="en"
# The output of filter $k$ is as follows: multiply channel by channel, add everything up, and add the bias. Here $x$ is
# the input after padding.
#
# $$y_{k,i,j} = b_k + \sum_{c=0}^{C-1} \sum_{u=0}^{F-1} \sum_{v=0}^{F-1} x_{c,\, iS+u,\, jS+v} \; w_{k,c,u,v}$$
#
# > [!NOTE]
# > In mathematics, convolution flips the filter before it multiplies. Without the flip, as in the formula above, it is
# > cross-correlation. The convolutional layers of deep-learning libraries compute cross-correlation, and that is what
# > this book means by a convolutional layer. Where a formula must tell the two apart, convolution is $x * w$ and
# > cross-correlation is $x \star w$. In figures too, $\star$ is what the layer computes: no flip.

# %% [markdown] lang="ko"
# ## 텐서의 모양
#
# 이미지 한 묶음의 모양은 $(N, C, H, W)$입니다. PyTorch가 쓰는 이 순서를 NCHW라고 합니다. TensorFlow는 채널을 끝에 둔
# NHWC를 씁니다. 이 책에서는 언제나 NCHW입니다. 합성곱 층의 가중치는 $(K, C, F, F)$, 편향은 $(K)$입니다.
#
# 이미지 한 장의 모양을 글에 적을 때는 배치를 빼고 `[C×H×W]`처럼 씁니다. `[3×224×224]`는 채널이 3개이고 높이와 폭이
# 224인 입력입니다. 논문이 224×224×3처럼 채널을 끝에 적었더라도 이 순서로 옮겨 적습니다.

# %% [markdown] lang="en"
# ## The shape of a tensor
#
# A batch of images has the shape $(N, C, H, W)$. This order, which PyTorch uses, is called NCHW. TensorFlow uses NHWC,
# with the channels last. In this book it is always NCHW. The weights of a convolutional layer are $(K, C, F, F)$, its
# biases $(K)$.
#
# When the text gives the shape of one image, it leaves out the batch and writes `[C×H×W]`. `[3×224×224]` is an input
# with 3 channels whose height and width are 224. Where a paper puts the channels last, as in 224×224×3, we write it in
# our order.

# %% tags=["nbval-check-output"]
layer = nn.Conv2d(in_channels=3, out_channels=8, kernel_size=5, stride=2, padding=2)
images = torch.zeros(4, 3, 32, 32)
print("x", tuple(images.shape))
print("w", tuple(layer.weight.shape))
print("b", tuple(layer.bias.shape))
print("y", tuple(layer(images).shape))

# %% [markdown] lang="ko"
# 그림에서 텐서는 판으로 그립니다. 위아래가 높이, 비스듬히 물러나는 모서리가 폭, 왼쪽에서 오른쪽으로 이어지는 두께가
# 채널입니다. 길이는 크기의 로그에 맞추었으므로 두 배 길다고 두 배 큰 것은 아닙니다. 벡터는 막대 하나입니다.

# %% [markdown] lang="en"
# In figures a tensor is a slab. Its height is upright, its width is the edge that recedes at a slant, and its channels
# are its thickness from left to right. Lengths follow the logarithm of the size, so twice as long is not twice as large.
# A vector is one bar.

# %% name="fig-tensors" tags=["hide-input"] alt_ko="판 셋과 막대 하나. 높이와 폭이 224인 얇은 판, 높이와 폭이 28이고 채널이 64인 두꺼운 판, 높이와 폭이 28인 초록 판, 10이라고 적힌 막대입니다." alt_en="Three slabs and a bar: a thin slab of height and width 224, a thick one of height and width 28 with 64 channels, a green one of height and width 28, and a bar marked 10." caption_ko="왼쪽부터 컬러 이미지, 채널이 64개인 활성값, 그 가운데 한 채널인 특징 맵, 클래스 10개의 로짓." caption_en="From the left: a colour image, an activation of 64 channels, one of its channels (a feature map), and the logits of 10 classes."
draw.row(
    draw.tensor((3, 224, 224), "image"),
    draw.tensor((64, 28, 28), "activation"),
    draw.tensor((28, 28), "feature map", colour="green"),
    draw.tensor((10,), "logits"),
    gap=24,
)

# %% [markdown] lang="ko"
# ## 층과 블록
#
# 층은 둥근 상자로 그립니다. 이름 아래의 작은 글자는 설정입니다. 상자의 색은 층이 하는 일을 말합니다.
#
# - 주황: 가중치를 배우는 층. 합성곱, 완전 연결층.
# - 하늘색: 높이와 폭을 바꾸는 층. 풀링, 업샘플링.
# - 보라: 값의 분포를 다루는 층. 정규화, 드롭아웃.
# - 회색: 그 밖의 층. 활성화 함수처럼 배우는 것이 없습니다.
# - 빨강: 손실과 그레이디언트, 그리고 틀린 것.
#
# 색을 보지 않아도 되도록 이름을 늘 함께 적습니다. `3×3`은 필터의 크기이고, `/2`는 스트라이드가 2라는 뜻입니다.

# %% [markdown] lang="en"
# ## Layers and blocks
#
# A layer is a box with round corners. The small letters below its name are its settings. The colour of the box says
# what the layer does.
#
# - Orange: a layer that learns weights. Convolution, fully connected layer.
# - Sky blue: a layer that changes height and width. Pooling, upsampling.
# - Purple: a layer that deals with the distribution of values. Normalisation, dropout.
# - Grey: any other layer. It has nothing to learn, like an activation function.
# - Red: loss and gradient, and what is wrong.
#
# Nobody needs to see the colours, since the name is always written too. `3×3` is the size of a filter, and `/2` means
# that the stride is 2.

# %% name="fig-layers" tags=["hide-input"] alt_ko="상자 여섯 개. 주황 conv와 linear, 하늘색 max pool, 보라 batch norm, 회색 ReLU, 빨강 loss." alt_en="Six boxes: conv and linear in orange, max pool in sky blue, batch norm in purple, ReLU in grey, loss in red." caption_ko="층의 종류와 색." caption_en="Kinds of layers and their colours."
draw.row(
    draw.layer("conv 3×3", "64, stride 2"),
    draw.layer("linear", "512 → 10"),
    draw.layer("max pool", "2×2 /2"),
    draw.layer("batch norm"),
    draw.layer("ReLU"),
    draw.layer("loss"),
    width=440,
)

# %% [markdown] lang="ko"
# 블록은 위에서 아래로 읽습니다. 길이 갈라졌다가 만나는 곳은 두 가지입니다. 동그라미 안의 더하기는 같은 모양의 두 텐서를
# 더합니다. `concat` 막대는 채널 방향으로 이어 붙이기(concatenation)를 합니다.

# %% [markdown] lang="en"
# A block is read from top to bottom. Paths that split can meet in two ways. A plus in a circle adds two tensors of the
# same shape. The `concat` bar is concatenation: it joins the tensors along their channels.

# %% name="fig-blocks" tags=["hide-input"] alt_ko="블록 둘. 왼쪽은 conv, ReLU, conv를 지나는 길과 곧바로 가는 길이 더하기에서 만나고 ReLU를 거쳐 y가 됩니다. 오른쪽은 conv 1×1, conv 3×3, max pool의 세 길이 concat에서 만나 y가 됩니다." alt_en="Two blocks. Left: a path through conv, ReLU and conv and a path that goes straight meet in a plus and pass through ReLU to y. Right: three paths, conv 1×1, conv 3×3 and max pool, meet in concat and become y." caption_ko="왼쪽: 더하는 블록. 오른쪽: 이어 붙이는 블록." caption_en="Left: a block that adds. Right: a block that concatenates."
draw.row(
    draw.block([["conv 3×3", "ReLU", "conv 3×3"], []], after=["ReLU"], output="y"),
    draw.block([["conv 1×1"], ["conv 3×3"], ["max pool"]], merge="concat", output="y"),
    gap=44,
)

# %% [markdown] lang="ko"
# ## 신경망
#
# 신경망은 판을 왼쪽에서 오른쪽으로 늘어놓아 그립니다. 판은 데이터이고, 화살표 위아래에 적힌 것이 그 데이터를 만든
# 층입니다. 판 아래의 글자는 모양입니다. 한 줄에 다 들어가지 않으면 다음 줄로 이어지고, 그 줄은 화살표로 시작합니다.

# %% [markdown] lang="en"
# ## Networks
#
# A network is a row of slabs from left to right. The slabs are data; what is written around an arrow is the layer that
# made them. The letters below a slab are its shape. What does not fit on one line goes on in the next, which then
# begins with an arrow.

# %% name="fig-network" tags=["hide-input"] alt_ko="입력 1×12×12에서 합성곱 3×3으로 4×10×10, 최대 풀링으로 4×5×5, 펼쳐서 100, 완전 연결층으로 10이 되는 신경망." alt_en="A network from an input of 1×12×12 by a 3×3 convolution to 4×10×10, by max pooling to 4×5×5, flattened to 100, by a fully connected layer to 10." caption_ko="작은 신경망. 이 그림은 모델에 입력을 한 번 흘려 보내 얻은 모양으로 그렸습니다." caption_en="A small network. The figure takes its shapes from passing one input through the model."
network = nn.Sequential(
    nn.Conv2d(1, 4, kernel_size=3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(100, 10),
)
draw.network(network, (1, 12, 12))

# %% [markdown] lang="ko"
# `look.trace`는 같은 신경망을 표로 보여 줍니다. 층마다 출력의 모양, 파라미터 수, 곱셈-덧셈 연산(multiply-adds, MAC)의
# 수, 출력이 차지하는 바이트 수 `activation_bytes`, 수용 영역(receptive field)이 한 줄입니다. `jump`는 출력에서 이웃한
# 두 칸이 입력에서 몇 칸 떨어져 있는지를 말합니다. 층이 많으면 `depth=1`로 단계마다 한 줄로 묶습니다.

# %% [markdown] lang="en"
# `look.trace` shows the same network as a table. Each layer is one line: the shape of its output, its parameters, its
# multiply-adds (MACs), the bytes of its output, `activation_bytes`, and its receptive field. `jump` says how far apart,
# in cells of the input, two neighbouring cells of the output are. Of a deep network `depth=1` shows one line a stage.

# %%
table = look.trace(network, (1, 12, 12))
table

# %% [markdown] lang="ko"
# `look.profile`은 이 표를 그립니다.

# %% [markdown] lang="en"
# `look.profile` draws this table.

# %% name="fig-profile" tags=["hide-input"] alt_ko="층마다 한 줄, 세 줄입니다. 0은 4×10×10이고 파라미터 40개, 곱셈-덧셈 3,600번, 출력 3,200바이트. 2는 4×5×5이고 파라미터와 곱셈-덧셈이 없으며 800바이트. 4는 10이고 파라미터 1,010개, 곱셈-덧셈 1,000번, 40바이트입니다. 수마다 아래에 막대가 있습니다." alt_en="One row a layer, three of them. 0 gives 4×10×10 with 40 parameters, 3,600 multiply-adds and 3,200 bytes of output; 2 gives 4×5×5 with no parameters or multiply-adds and 800 bytes; 4 gives 10 with 1,010 parameters, 1,000 multiply-adds and 40 bytes. A bar stands below each number." caption_ko="표를 그린 것. 막대는 로그 눈금이고, 한 마디가 열 배입니다. ReLU는 앞의 줄에 합쳐집니다." caption_en="The table, drawn. Bars are logarithmic: every segment stands for ten times more. The ReLU joins the row before it."
look.profile(table)

# %% [markdown] lang="ko"
# ## 색으로 나타낸 값
#
# 필터나 활성값처럼 음수가 있는 그림에서 흰색은 0입니다. 주황은 양수, 파랑은 음수이고 짙을수록 절댓값이 큽니다. 음수가
# 없는 특징 맵은 사진처럼 밝을수록 큽니다. 이 색은 화면을 어둡게 바꾸어도 그대로입니다.

# %% [markdown] lang="en"
# ## Values as colours
#
# In pictures of values that can be negative, such as filters or activations, white is 0. Orange is positive and blue is
# negative; the darker, the larger the absolute value. Feature maps without negative values are like a photograph: the
# brighter, the larger. These colours stay the same when the page turns dark.

# %% name="fig-colours" tags=["hide-input"] alt_ko="3×3 필터 세 개를 색으로 나타낸 그림. 양수는 주황, 음수는 파랑, 0은 흰색이고 아래에 −2부터 2까지의 눈금이 있습니다." alt_en="Three 3×3 filters as colours: positive orange, negative blue, 0 white, with a scale from −2 to 2 below." caption_ko="세로 경계, 가로 경계, 대각선 경계를 찾는 필터. 흰색이 0입니다." caption_en="Filters that find vertical, horizontal and diagonal edges. White is 0."
diagonal = torch.tensor([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]])
look.filters(torch.stack([w, w.T, diagonal])[:, None].float(), size=0.7)

# %% [markdown] lang="ko"
# ## 수를 적는 방법
#
# - 정확도와 오류율은 코드에서 0과 1 사이의 비율이고, 글과 그림에서 퍼센트입니다. `accuracy = 0.975`는 97.5%입니다. 둘의
#   차이는 퍼센트포인트라고 합니다. 97.5%는 96.5%보다 1 퍼센트포인트 높습니다.
# - 큰 수는 세 자리마다 쉼표를 찍습니다. 파라미터가 61,706개입니다. M은 백만, G는 십억입니다.
# - 곱셈-덧셈 연산은 곱셈 하나와 덧셈 하나를 묶어 1로 셉니다. 편향의 덧셈은 세지 않습니다. 둘을 따로 세어 2로 치는
#   논문도 있는데, 그런 수를 인용할 때는 그렇다고 밝힙니다.
# - 시간은 초, 이미지의 길이는 픽셀로 적습니다.
# - 글에 나오는 수는 그 자리의 코드가 계산한 것입니다. 오래 걸리는 학습의 결과는 저장해 둔 기록에서 읽고, 그렇다고
#   밝힙니다. 다른 사람이 얻은 수에는 인용이 붙습니다.

# %% [markdown] lang="en"
# ## How numbers are written
#
# - Accuracies and error rates are fractions between 0 and 1 in code and percentages in text and figures. `accuracy = 0.975`
#   is 97.5%. The difference of two of them is in percentage points: 97.5% is 1 percentage point above 96.5%.
# - Large numbers have a comma every three digits: 61,706 parameters. M is a million, G is a thousand million.
# - A multiply-add is one multiplication and one addition together, counted as 1. Adding the bias does not count. Some
#   papers count the two apart, as 2; where we quote such a number we say so.
# - Times are in seconds, lengths in images are in pixels.
# - A number in the text is computed by the code at that place. The results of long training are read from stored
#   records, and the text says so. Numbers that others found come with a citation.
