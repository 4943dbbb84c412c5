# %% [markdown] lang="ko"
# # 실습: MNIST
#
# ## 무엇을 하고, 얼마나 맞혀야 할까요?
#
# 손글씨 숫자를 읽는 프로그램을 처음부터 끝까지 직접 만듭니다. 출력의 크기를 구하는 식에서 시작해서 합성곱층과 최대 풀링을 만들고, 그것으로 LeNet-5를 조립해서
# 훈련하고, 정확도를 잽니다. [‘합성곱’ 장](03_convolution)과 [‘LeNet’ 장](04_lenet)에서 하나씩 보던 것들이 이번에는 여러분이 만든 프로그램 하나가 됩니다.
#
# 목표는 정확도 **97.5%**, 곧 처음 보는 숫자 1,000장에서 25장까지만 틀리는 것입니다. 훈련할 때는 숫자 4,000장을 스무 번까지만 볼 수 있습니다. GPU가 있으면 MNIST
# 전체로 훈련하고, 그때의 목표는 **99.1%**, 곧 이 책의 바탕이 된 한국어 강의에 적힌 정확도입니다.
#
# 단계마다 `...`이 있는 셀에 코드를 써서 실행하고, 바로 다음 셀에서 검사합니다. 검사는 여러분의 코드를 무작위로 고른 입력에서 돌려 보고 무엇이 틀렸는지 말해 줍니다.
# 검사할 때와 같은 이름으로 `check.hint("lab_mnist_output_size")`처럼 부르면 힌트를 하나씩 보여 줍니다.
#
# 막히면 다음으로 넘어가도 됩니다. 1절에서 6절까지는 아직 통과하지 못했으면 라이브러리에 있는 것을 대신 씁니다. 여러분의 것을 쓸 때는 ✓, 라이브러리의 것을 쓸 때는
# …가 이름 앞에 찍힙니다. 9절의 훈련에는 7절과 8절에서 여러분이 쓴 코드가 필요합니다. 정답을 모두 넣고 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# # Lab: MNIST
#
# ## What you will do, and how good it must be
#
# You build a program that reads handwritten digits, from beginning to end. You start with the formula for the size of an output, make
# a convolutional layer and max pooling, assemble a LeNet-5 from them, train it, and measure its accuracy. What you saw one by one
# in [the chapter on convolution](03_convolution) and in [the chapter on LeNet](04_lenet) now becomes one program of your own.
#
# The goal is an accuracy of **97.5%**: of 1,000 digits that it has never seen, the program may get no more than 25 wrong. In
# training it may see the 4,000 digits no more than twenty times each. With a GPU you train on all of MNIST, and there the goal is
# **99.1%**, the accuracy given in the Korean lecture that this book grew from.
#
# In each step you write code in a cell with `...`, run it, and check it in the next cell. The check runs your code on random inputs
# and says what is wrong. Called with the name that the check has, as in `check.hint("lab_mnist_output_size")`, hints come one at a
# time.
#
# If you are stuck, go on. What you have not yet passed in sections 1 to 6 is taken from the library instead: a ✓ in front of the name
# says that yours is used, a … that the library's is. The training in section 9 needs the code that you write in sections 7 and 8.
# With all solutions in it the notebook runs for about 1 minute on one CPU core.

# %%
import math

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torchvision.transforms.v2 import functional as vision

import cnnbook
from cnnbook import check, data, look, models, outputs, runs

torch.set_num_threads(1)  # then the same seed gives the same weights
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# all of MNIST where there is a GPU, or with CNNBOOK_BUDGET=full
name = "mnist" if cnnbook.budget() == "full" else "digits"
train_set = data.load(name, size=32, fallback="digits")
part, validation = train_set.split(0.8)  # to train on, and to choose on

EPOCHS = 20
goal = {"digits": 0.975, "mnist": 0.991}[train_set.name]
print(f"{len(part):,} + {len(validation):,} digits, {EPOCHS} epochs, goal {goal}")


def choose(step, mine, library):
    """What you wrote, if its check said right; else the library's."""
    done = check.done(f"lab_mnist_{step}")
    print("✓" if done else "…", step)
    return mine if done else library


# %% name="fig-digits" tags=["hide-input"] alt_ko="손글씨 숫자 서른 장. 한 열에 같은 숫자가 석 장씩, 0부터 9까지 열 열입니다." alt_en="Thirty handwritten digits, three of the same digit in each column, ten columns from 0 to 9." caption_ko="읽어야 할 숫자. 한 장은 둘레의 여백까지 포함해 $32 \\times 32$픽셀입니다." caption_en="The digits to read. Each is $32 \\times 32$ pixels, margin included."
first = [
    (train_set.labels == digit).nonzero().flatten()[:3].tolist() for digit in range(10)
]
look.grid(
    train_set.images[[each[row] for row in range(3) for each in first]],
    columns=10,
    size=0.55,
)

# %% [markdown] lang="ko"
# 테스트 숫자는 아직 불러오지 않습니다. 무엇이든 고를 때는 훈련 숫자에서 5분의 1을 떼어 둔 `validation`에서 재고, 테스트 숫자는 맨 끝에 씁니다.
#
# ## 1. 출력의 크기
#
# **왜.** 층을 이으려면 앞 층이 내놓는 출력의 크기를 알아야 합니다. 이것저것 넣어 보며 맞추는 것보다 식 하나가 낫습니다.
#
# **무엇을.** 너비가 `width`칸인 줄의 양 끝에 `padding`칸씩 덧대고, 너비가 `kernel`칸인 필터를 `stride`칸씩 옮깁니다. 필터가 놓이는 자리의 수를 돌려주는
# `output_size`를 쓰세요. 필터가 다 들어가지 않는 마지막 자리는 세지 않습니다.

# %% [markdown] lang="en"
# The test digits are not loaded yet. Whatever you choose, choose it on `validation`, a fifth of the training digits set aside; the
# test digits are used at the very end.
#
# ## 1. The size of the output
#
# **Why.** To connect layers you must know the size of what the layer before puts out. One formula is better than trial and error.
#
# **What.** A line of `width` cells gets `padding` more at each end, and a filter of `kernel` cells moves along it, `stride` cells
# at a time. Write `output_size`, which returns the number of places where the filter stands. A last place where it would stick out
# does not count.


# %% tags=["exercise"] name="output-size"
def output_size(width, kernel, stride=1, padding=0):
    """The number of output cells along one axis."""
    ### BEGIN SOLUTION
    return (width + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


# %%
check.exercise("lab_mnist_output_size", output_size)

# %% [markdown] lang="ko"
# 이 식으로 LeNet-5를 미리 따라가 봅니다. 5칸 합성곱과 2칸 풀링을 번갈아 지나면 32칸이 몇 칸이 될까요?

# %% [markdown] lang="en"
# With this formula we can follow LeNet-5 in advance. How many cells become of 32 when convolutions of 5 cells and poolings of 2 take
# turns?


# %%
def rounded_down(width, kernel, stride=1, padding=0):
    return outputs(width, kernel, stride, padding, exact=False)


size = choose("output_size", output_size, rounded_down)
sides = [32]
for kernel, stride in ((5, 1), (2, 2), (5, 1), (2, 2), (5, 1)):
    sides.append(size(sides[-1], kernel, stride))
print(*sides, sep=" → ")

# %% [markdown] lang="ko"
# ## 2. 합성곱층
#
# **왜.** 직접 만든 층으로 훈련까지 해 보면 합성곱층에 감추어진 것이 없다는 사실을 알게 됩니다. 배우는 것은 필터와 편향뿐이고, 계산은 행렬 곱입니다.
#
# **어떻게.** `functional.unfold`는 필터가 놓이는 창을 모두 펴서 한 열에 하나씩 세웁니다. $3 \times 3$칸에 한 변이 2칸인 필터를 놓으면 자리가 넷이고, 창
# 하나에는 수가 네 개 있습니다. 채널이 여럿이면 첫 채널의 수부터 이어서 세웁니다.

# %% [markdown] lang="en"
# ## 2. A convolutional layer
#
# **Why.** Once you have trained with a layer of your own, you know that nothing is hidden in it: it learns filters and biases, and
# what it computes is a product of matrices.
#
# **How.** `functional.unfold` takes every window in which the filter can stand and writes it as a column. On $3 \times 3$ cells a
# filter of 2 cells a side has four places, and a window holds four numbers. With several channels, the numbers of the first come
# first.

# %% tags=["nbval-check-output"]
x = torch.arange(9.0).reshape(1, 1, 3, 3)  # (N, C, H, W)
columns = functional.unfold(x, 2)  # (N, C · K · K, places)
print(x[0, 0], columns[0], sep="\n")

# %% [markdown] lang="ko"
# 이 행렬의 왼쪽에, 필터를 한 행에 하나씩 펴 놓은 행렬 (F, C·K·K)를 곱하면, 모든 필터를 모든 자리에 댄 결과 (F, 자리 수)가 한꺼번에 나옵니다. 맨 앞에 있는
# 그림 N장의 축은 `@`가 알아서 남겨 둡니다.
#
# **무엇을.** 클래스 `Convolution`을 완성하세요. PyTorch의 합성곱은 부르지 말고 `functional.unfold`와 행렬 곱으로 만드세요.
#
# - `weight`는 모양이 (F, C, K, K)이고 `bias`는 (F,)인 `nn.Parameter`입니다. F는 `out_channels`, C는 `in_channels`, K는 `kernel_size`입니다.
# - 처음 가중치는 무작위여야 합니다. 필터 하나가 더하는 수가 $C \cdot K \cdot K$개이므로 표준 편차는 $1/\sqrt{C \cdot K \cdot K}$쯤이 알맞습니다. 처음 편향은 0으로 두면 됩니다.
# - `forward`는 (N, C, H, W)를 받아 (N, F, H', W')를 돌려줍니다. 너비와 높이가 달라도, 스트라이드와 패딩이 있어도 맞아야 합니다. H'와 W'는 1절의 `size`로 구하세요.

# %% [markdown] lang="en"
# Multiply this matrix from the left by the matrix (F, C·K·K) that has the filters as its rows, and out comes (F, places): every
# filter applied at every place, all at once. `@` by itself keeps the axis of the N images in front.
#
# **What.** Complete the class `Convolution`. Do not call PyTorch's own convolution: use `functional.unfold` and a matrix product.
#
# - `weight`, of shape (F, C, K, K), and `bias`, of shape (F,), are `nn.Parameter`. F is `out_channels`, C `in_channels` and K
#   `kernel_size`.
# - The first weights must be random. A filter adds up $C \cdot K \cdot K$ numbers, so a standard deviation of about
#   $1/\sqrt{C \cdot K \cdot K}$ is suitable. The first biases may be 0.
# - `forward` takes (N, C, H, W) and returns (N, F, H', W'). It must also be right for images that are not square, and with stride and
#   padding. `size` from section 1 gives H' and W'.


# %% tags=["exercise"] name="convolution"
class Convolution(nn.Module):
    """Filters of a learned weight and bias: (N, C, H, W) -> (N, F, H', W')."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        ### BEGIN SOLUTION
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.randn(shape) / math.prod(shape[1:]) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        kernel, stride, padding = self.kernel_size, self.stride, self.padding
        columns = functional.unfold(x, kernel, padding=padding, stride=stride)
        found = self.weight.flatten(1) @ columns + self.bias[:, None]  # (N, F, places)
        sides = [size(side, kernel, stride, padding) for side in x.shape[2:]]
        return found.unflatten(2, sides)  # (N, F, H', W')
        ### END SOLUTION


# %%
check.exercise("lab_mnist_convolution", Convolution)

# %% [markdown] lang="ko"
# ## 3. 최대 풀링
#
# **왜.** 풀링은 값을 고를 뿐 배우는 것이 없습니다. 그래서 층을 만들지 않고 함수 하나로 씁니다.
#
# **무엇을.** 특징 맵을 한 변이 `size`칸인 겹치지 않는 창으로 나누고, 창마다 가장 큰 값을 남기는 `max_pool(x, size)`를 쓰세요. (N, C, H, W)를 받아
# (N, C, H // size, W // size)를 돌려줍니다. 끝에 남는 행과 열은 버립니다. 창을 하나씩 돌지 않아도 됩니다. `reshape`로 창 안의 행과 열이 따로 축을 갖게 하면 한 번에
# 끝납니다.

# %% [markdown] lang="en"
# ## 3. Max pooling
#
# **Why.** Pooling only picks values and learns nothing. So we make no layer of it; a function will do.
#
# **What.** Write `max_pool(x, size)`, which divides feature maps into windows of `size` cells a side that do not overlap, and keeps the
# largest value of each. It takes (N, C, H, W) and returns (N, C, H // size, W // size); rows and columns left over at the end are
# dropped. You need not walk from window to window: let `reshape` give the rows and the columns inside a window axes of their own, and
# it is done in one go.


# %% tags=["exercise"] name="max-pool"
def max_pool(x, size):
    """The largest value of each window: (N, C, H, W) -> (N, C, H // size, W // size)."""
    ### BEGIN SOLUTION
    count, channels, height, width = x.shape
    rows, columns = height // size, width // size
    x = x[:, :, : rows * size, : columns * size]
    x = x.reshape(count, channels, rows, size, columns, size)
    return x.amax(dim=(3, 5))
    ### END SOLUTION


# %%
check.exercise("lab_mnist_max_pool", max_pool)

# %%
conv = choose("convolution", Convolution, nn.Conv2d)
pool = choose("max_pool", max_pool, functional.max_pool2d)

# %% [markdown] lang="ko"
# ## 4. LeNet-5
#
# **무엇을.** 위의 `conv`와 `pool`로 LeNet-5를 조립하세요. 1998년의 것과 달리 ReLU와 최대 풀링을 쓰는 오늘날의 꼴입니다.
# `conv(in_channels, out_channels, kernel_size)`와 `pool(x, 2)`처럼 씁니다. ReLU는 `functional.relu`, 완전 연결층은 `nn.Linear`입니다.
#
# | 층 | 계산 | 출력 |
# |---|---|---|
# | C1 | 5×5 합성곱, 필터 6개, ReLU, 2칸 최대 풀링 | 6×14×14 |
# | C3 | 5×5 합성곱, 필터 16개, ReLU, 2칸 최대 풀링 | 16×5×5 |
# | C5 | 5×5 합성곱, 필터 120개, ReLU, 펼치기 | 120 |
# | F6 | 완전 연결층, ReLU | 84 |
# | output | 완전 연결층 | 10 |
#
# 입력은 (N, 1, 32, 32)이고 출력은 로짓 (N, 10)입니다. 검사는 가중치를 무작위로 바꾸고 나서 같은 가중치를 가진 LeNet-5와 출력을 견줍니다.

# %% [markdown] lang="en"
# ## 4. LeNet-5
#
# **What.** Assemble a LeNet-5 from `conv` and `pool` above, in the form it has today: unlike that of 1998, with ReLU and max pooling.
# Use them like `conv(in_channels, out_channels, kernel_size)` and `pool(x, 2)`. ReLU is `functional.relu`, a fully connected layer is `nn.Linear`.
#
# | layer | computation | output |
# |---|---|---|
# | C1 | 5×5 convolution, 6 filters, ReLU, max pooling of 2 cells | 6×14×14 |
# | C3 | 5×5 convolution, 16 filters, ReLU, max pooling of 2 cells | 16×5×5 |
# | C5 | 5×5 convolution, 120 filters, ReLU, flattened | 120 |
# | F6 | fully connected, ReLU | 84 |
# | output | fully connected | 10 |
#
# The input is (N, 1, 32, 32), the output logits, (N, 10). The check gives your network random weights and compares its output with that
# of a LeNet-5 with the same weights.


# %% tags=["exercise"] name="lenet"
class LeNet5(nn.Module):
    """LeNet-5: (N, 1, 32, 32) -> logits (N, 10)."""

    def __init__(self):
        super().__init__()
        ### BEGIN SOLUTION
        self.C1 = conv(1, 6, 5)
        self.C3 = conv(6, 16, 5)
        self.C5 = conv(16, 120, 5)
        self.F6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        x = pool(functional.relu(self.C1(x)), 2)  # (N, 6, 14, 14)
        x = pool(functional.relu(self.C3(x)), 2)  # (N, 16, 5, 5)
        x = functional.relu(self.C5(x)).flatten(1)  # (N, 120)
        x = functional.relu(self.F6(x))  # (N, 84)
        return self.output(x)  # (N, 10)
        ### END SOLUTION


# %%
check.exercise("lab_mnist_lenet", LeNet5)


# %%
def library_lenet():
    return models.create(
        "lenet5", num_classes=10, activation=nn.ReLU, pool=nn.MaxPool2d, in_channels=1
    )


build = choose("lenet", LeNet5, library_lenet)
print(f"{sum(each.numel() for each in build().parameters()):,} parameters")

# %% [markdown] lang="ko"
# ## 5. 픽셀을 수로
#
# **왜.** 픽셀은 0에서 255까지의 바이트이고 대부분이 0입니다. 평균이 0에, 표준 편차가 1에 가까운 수를 받으면 신경망이 더 수월하게 배웁니다. 처음 보는 숫자도 훈련할 때와
# **똑같이** 바꾸어야 하므로, 평균과 표준 편차는 언제나 훈련 숫자에서 구합니다.
#
# **무엇을.** `images`의 바이트를 0에서 1까지의 수로 바꾸고, `like`의 모든 픽셀에서 구한 평균 하나를 빼고 표준 편차 하나로 나누어 돌려주는
# `normalised(images, like)`를 쓰세요. `data.to_float`가 바이트를 0에서 1까지의 수로 바꿉니다.

# %% [markdown] lang="en"
# ## 5. From pixels to numbers
#
# **Why.** Pixels are bytes from 0 to 255, and most of them are 0. A network learns more easily from numbers whose mean is near 0 and
# whose standard deviation is near 1. New digits must be changed in **exactly** the same way as in training, so mean and deviation
# always come from the training digits.
#
# **What.** Write `normalised(images, like)`, which turns the bytes of `images` into numbers from 0 to 1, subtracts one mean and divides by
# one standard deviation, both taken over all pixels of `like`. `data.to_float` turns bytes into numbers from 0 to 1.


# %% tags=["exercise"] name="normalised"
def normalised(images, like):
    """Pixels uint8 (N, 1, H, W) as floats, by mean and deviation of `like`."""
    ### BEGIN SOLUTION
    x = data.to_float(like)
    return (data.to_float(images) - x.mean()) / x.std()
    ### END SOLUTION


# %%
check.exercise("lab_mnist_normalised", normalised)


# %%
def library_normalised(images, like):
    x = data.to_float(like)
    return vision.normalize(data.to_float(images), [x.mean().item()], [x.std().item()])


prepare = choose("normalised", normalised, library_normalised)
x_train = prepare(train_set.images, train_set.images).to(device)
x_part = prepare(part.images, train_set.images).to(device)
x_validation = prepare(validation.images, train_set.images).to(device)
y_train, y_part = train_set.labels.to(device), part.labels.to(device)
y_validation = validation.labels.to(device)
print(f"mean {x_train.mean().abs():.3f}, deviation {x_train.std():.3f}")

# %% [markdown] lang="ko"
# ## 6. 배치
#
# **왜.** 훈련에서는 그림을 모두 보고 나서 가중치를 한 번 옮기는 대신, 몇십 장을 볼 때마다 한 번씩 옮깁니다. 바퀴를 돌 때마다 순서를 새로 섞어야 늘 같은 그림끼리 한
# 배치에 모이지 않습니다.
#
# **무엇을.** 한 바퀴를 도는 제너레이터 `batches(x, y, batch_size)`를 쓰세요. 그림을 무작위 순서로 빠짐없이 한 번씩, `batch_size`장씩 묶어 `(images, labels)`로
# 내놓습니다. 마지막 배치는 짧아도 빠뜨리지 않습니다.

# %% [markdown] lang="en"
# ## 6. Batches
#
# **Why.** Training does not see all images before it moves the weights once: it moves them after every few dozen. The order must be
# shuffled anew for every pass, so that the same images do not meet in a batch each time.
#
# **What.** Write the generator `batches(x, y, batch_size)` for one pass. It yields every image exactly once, in random order,
# `batch_size` at a time, as `(images, labels)`. A shorter batch at the end is not left out.


# %% tags=["exercise"] name="batches"
def batches(x, y, batch_size):
    """One pass over images x and labels y in random order, a batch at a time."""
    ### BEGIN SOLUTION
    for some in torch.randperm(len(x)).split(batch_size):
        yield x[some], y[some]
    ### END SOLUTION


# %%
check.exercise("lab_mnist_batches", batches)


# %%
def library_batches(x, y, batch_size):
    return DataLoader(TensorDataset(x, y), batch_size, shuffle=True)


passes = choose("batches", batches, library_batches)
x, y = next(iter(passes(x_part, y_part, 32)))
print(tuple(x.shape), y.tolist()[:8])

# %% [markdown] lang="ko"
# ## 7. 훈련의 한 걸음
#
# **왜.** 어떤 신경망이든 훈련은 이 한 걸음을 되풀이하는 것입니다. 한 줄이 빠지거나 차례가 바뀌어도 오류 없이 돌아갑니다. 그래서 신경망이 배우지 않을 때 까닭을 찾기
# 어려운 곳도 여기입니다.
#
# **무엇을.** 배치 하나로 한 걸음 나아가는 `training_step`을 쓰세요. 로짓을 구하고, 교차 엔트로피 손실을 구하고, 지난 그레이디언트를 지우고, 역전파하고, 건네받은
# `optimizer`로 가중치를 옮깁니다. 옮기기 전의 손실을 텐서가 아니라 파이썬의 수로 돌려줍니다.

# %% [markdown] lang="en"
# ## 7. One step of training
#
# **Why.** Whatever the network, training is this one step over and over. Leave out a line or change the order, and it still runs
# without an error. So when a network does not learn, this is also where the cause is hard to find.
#
# **What.** Write `training_step`, which makes one step with one batch: compute the logits, compute the cross-entropy loss, erase the last
# gradients, go backward, and move the weights with the `optimizer` that is handed in. Return the loss from before the move, as a Python
# number and not as a tensor.


# %% tags=["exercise"] name="training-step"
def training_step(network, optimizer, x, y):
    """Make one step on images x and labels y; return the loss from before it."""
    ### BEGIN SOLUTION
    loss = functional.cross_entropy(network(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


# %%
check.exercise("lab_mnist_step", training_step)

# %% [markdown] lang="ko"
# ## 8. 정확도 재기
#
# **왜.** 정확도를 재는 열 줄에는 오류를 내지 않는 잘못이 숨기 쉽습니다. 훈련 모드로 재기도 하고, 재고 나서 평가 모드로 남겨 두기도 하고, 짧은 마지막 배치를 다른 배치와
# 똑같은 무게로 세기도 합니다. 우리의 LeNet-5에는 드롭아웃도 배치 정규화도 없어서 모드를 잊어도 값이 같지만, 그런 층을 하나만 더하면 틀리기 시작합니다. 그래서 검사는 두
# 층이 모두 있는 신경망으로 합니다.
#
# **무엇을.** `batches`의 모든 `(x, y)`에서 맞힌 비율을 0에서 1까지의 수로 돌려주는 `accuracy`를 쓰세요. 평가 모드에서 그레이디언트 없이 재고, 신경망을 **받았을 때의
# 모드로** 돌려놓습니다. `batches`는 제너레이터일 수 있습니다. 그러면 한 번만 돌 수 있고 `len`도 없습니다.

# %% [markdown] lang="en"
# ## 8. Measuring the accuracy
#
# **Why.** Mistakes that raise no error hide easily in the ten lines that measure accuracy: measuring in train mode, leaving the network
# in eval mode afterwards, giving a short last batch the same weight as the others. Our LeNet-5 has neither dropout nor batch
# normalisation, so forgetting the mode changes nothing; but add one such layer, and it goes wrong. So the check uses a network with both.
#
# **What.** Write `accuracy`, which returns the share of right answers over all `(x, y)` of `batches`, a number from 0 to 1. Measure in
# eval mode and without gradients, and leave the network **in the mode in which it came**. `batches` may be a generator, which one can
# go through only once and which has no `len`.


# %% tags=["exercise"] name="accuracy"
def accuracy(network, batches):
    """The share, 0..1, of right answers over all batches (x, y)."""
    ### BEGIN SOLUTION
    was = network.training
    network.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in batches:
            right += (network(x).argmax(dim=1) == y).sum().item()
            total += len(y)
    network.train(was)
    return right / total
    ### END SOLUTION


# %%
check.exercise("lab_mnist_accuracy", accuracy)

# %% [markdown] lang="ko"
# ## 9. 처음으로 훈련하기
#
# 이제 부품이 다 모였습니다. 학습률을 0.001로 고정하고 세 에폭만 훈련해서, 떼어 둔 숫자에서 재 봅니다. 이 셀은 7절과 8절의 검사를 통과해야 훈련합니다. 그전에는 아무것도
# 출력하지 않습니다.

# %% [markdown] lang="en"
# ## 9. A first training
#
# Now all parts are there. We keep the learning rate at 0.001, train for three epochs only, and measure on the digits set aside. The cell
# trains once your code has passed the checks of sections 7 and 8. Until then it prints nothing.

# %%
own_step, own_accuracy = map(check.done, ("lab_mnist_step", "lab_mnist_accuracy"))
if own_step and own_accuracy:
    torch.manual_seed(0)
    first_network = build().to(device)
    optimizer = torch.optim.Adam(first_network.parameters(), lr=1e-3)
    for epoch in (1, 2, 3):
        losses = [
            training_step(first_network, optimizer, x, y)
            for x, y in passes(x_part, y_part, 64)
        ]
        share = accuracy(first_network, passes(x_validation, y_validation, 500))
        loss = sum(losses) / len(losses)
        print(f"{epoch}  loss {loss:.3f}  validation {share:.3f}")

# %% [markdown] lang="ko"
# ## 10. 마지막 과제: 숫자를 읽는 프로그램
#
# 읽기는 하지만 목표에는 아직 모자랍니다. 이제부터는 여러분이 정합니다. 두 함수를 쓰세요.
#
# - `learn(x, y, epochs)`는 새 신경망을 훈련해서 돌려줍니다. 그림 `x`를 `epochs`번까지 볼 수 있습니다. 앞에서 만든 것을 써도 되고, 다른 신경망을 써도 됩니다. 난수의
#   시드를 `seed`로 정하면 같은 훈련을 되풀이할 수 있습니다.
# - `read(images)`는 0에서 255까지의 픽셀 (N, 1, 32, 32)를 받아 숫자 (N,)을 돌려줍니다. 여러분이 내는 프로그램은 신경망이 아니라 이 함수입니다. 픽셀을 바꾸는 일부터
#   숫자를 고르는 일까지 모두 이 안에 들어 있어야 합니다.
#
# 7절이나 8절에서 막혔으면 [‘LeNet’ 장](04_lenet)의 `train.fit`으로 훈련해도 됩니다. 이 함수는 `x`와 `y`가 아니라 데이터셋을 받고, 픽셀도 스스로 바꿉니다.
# 고를 때는 `cnnbook.train.fit(network, part, validation, epochs=epochs)`로, 마지막에는 `cnnbook.train.fit(network, train_set, epochs=epochs)`로
# 훈련하세요.
#
# 무엇을 바꾸면 나아질까요? 학습률의 크기, 학습률을 올렸다 내리는 일정, 배치의 크기, 훈련 숫자를 조금씩 옮기는 데이터 증강을 바꾸어 볼 수 있습니다. 하나씩 바꾸면서 아래의
# `validation` 값을 보세요. 여기서는 훈련 숫자의 80%로만 훈련합니다. `validation`이 800장일 때 0.005는 네 장일 뿐이니, 작은 차이는 우연일 수 있습니다.

# %% [markdown] lang="en"
# ## 10. The closing task: a program that reads digits
#
# It reads, but not yet well enough for the goal. From here on you decide. Write two functions.
#
# - `learn(x, y, epochs)` trains a new network and returns it. It may see the images `x` up to `epochs` times. Use what you made above, or
#   another network. Set the random seed to `seed`, and the same training can be repeated.
# - `read(images)` takes pixels from 0 to 255, (N, 1, 32, 32), and returns digits, (N,). The program that you hand in is this function,
#   not the network: everything must be in it, from preparing the pixels to picking a digit.
#
# If you are stuck in section 7 or 8, you may train with `train.fit` of [the chapter on LeNet](04_lenet). It takes a data set, not `x` and
# `y`, and prepares the pixels by itself. While you choose, train with
# `cnnbook.train.fit(network, part, validation, epochs=epochs)`, and at the end with
# `cnnbook.train.fit(network, train_set, epochs=epochs)`.
#
# What makes it better? You can change the learning rate, a schedule that raises and lowers it, the size of the batches, and augmentation
# that moves the training digits a little. Change one thing at a time and watch the value of `validation` below. Here you train on
# only 80% of the training digits. With 800 digits in `validation`, 0.005 is
# no more than four of them, so a small difference can be chance.


# %% tags=["exercise"] name="learn"
def learn(x, y, epochs, seed=0):
    """A network trained in `epochs` passes over images x and labels y."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    network = build().to(x.device)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(  # up to 0.005 and down to 0
        optimizer, max_lr=5e-3, total_steps=epochs * math.ceil(len(x) / 32)
    )
    for epoch in range(epochs):
        for some, labels in passes(x, y, 32):
            down, right = torch.randint(-2, 3, (2,)).tolist()
            moved = torch.roll(some, (down, right), dims=(2, 3))  # margins are empty
            training_step(network, optimizer, moved, labels)
            schedule.step()
        print(".", end="\n" if epoch == epochs - 1 else "", flush=True)
    return network
    ### END SOLUTION


# %%
trial = learn(x_part, y_part, EPOCHS)
if trial is not None and own_accuracy:
    share = accuracy(trial, passes(x_validation, y_validation, 500))
    print(f"validation {share:.3f}")

# %% [markdown] lang="ko"
# 마음에 드는 값이 나오면 훈련 숫자 전부로 다시 훈련하고, 그 신경망으로 `read`를 쓰세요. 다음 검사는 `read`로 테스트 숫자를 읽어 보고 틀린 것을 셉니다. 테스트 숫자를 보고 방법을
# 고르면 그 값은 더 이상 처음 보는 숫자에서의 정확도가 아닙니다. `validation`에서 다 고른 다음에 검사를 실행하세요.

# %% [markdown] lang="en"
# Once you like the value, train again on all training digits and write `read` with that network. The next check reads the test digits with
# your `read` and counts the mistakes. If you choose by the test digits, the value is no longer the accuracy on digits never seen. Finish
# choosing on `validation`, and then run the check.

# %% tags=["exercise"] name="read"
network = learn(x_train, y_train, EPOCHS)


def read(images):
    """The digits (N,) on images of pixels 0..255, uint8 (N, 1, 32, 32)."""
    ### BEGIN SOLUTION
    network.eval()
    with torch.no_grad():
        x = prepare(images, train_set.images).to(device)
        return network(x).argmax(dim=1)
    ### END SOLUTION


# %%
check.exercise("lab_mnist_read", read)

# %% [markdown] lang="ko"
# 통과했으면 아직 틀리는 숫자를 눈으로 보세요. 정확도만 보아서는 다음에 무엇을 고칠지 알 수 없습니다.

# %% [markdown] lang="en"
# If it passed, look at the digits that it still gets wrong. The accuracy alone does not say what to mend next.

# %%
passed = check.done("lab_mnist_read")
if passed:
    test_set = data.load(name, "test", size=32, fallback="digits")
    answers = torch.cat([read(some).cpu() for some in test_set.images.split(1000)])
    wrong = (answers != test_set.labels).nonzero().flatten()
    share = 1 - len(wrong) / len(answers)
    print(f"{len(wrong)} of {len(answers):,} wrong, accuracy {share:.4f}, goal {goal}")

# %% name="fig-mistakes" tags=["hide-input"] alt_ko="프로그램이 틀린 테스트 숫자들. 그림마다 위에 정답과 대답이 화살표로 이어져 있습니다. 두 숫자의 중간처럼 보이는 것이 여럿 있습니다." alt_en="Test digits that the program got wrong, with the right answer and the program's above each, joined by an arrow. Several look like something between two digits." caption_ko="틀린 테스트 숫자. 정답 → 프로그램의 대답." caption_en="Test digits read wrongly. Right answer → the program's answer."
look.grid(
    test_set.images[wrong[:24]],
    titles=[f"{test_set.labels[i]} → {answers[i]}" for i in wrong[:24]],
    columns=8,
    size=0.7,
) if passed and len(wrong) else None

# %% [markdown] lang="ko"
# ## MNIST 전체에서
#
# GPU가 있거나 환경 변수 `CNNBOOK_BUDGET=full`을 두면, 같은 노트북이 MNIST의 60,000장으로 훈련하고 10,000장으로 잽니다. 아래는 이 책의 기록이고, 한 줄이 시드 하나입니다.
# `lenet5_mnist`는 패키지의 `train.fit`으로, `lab_mnist`는 직접 만든 합성곱층까지 이 실습의 정답 그대로 20에폭씩 훈련한 것입니다. 둘은 학습률과
# 배치의 크기도 다릅니다.

# %% [markdown] lang="en"
# ## On all of MNIST
#
# With a GPU, or with the environment variable `CNNBOOK_BUDGET=full`, the same notebook trains on the 60,000 images of MNIST and measures on
# its 10,000. Below is the record of this book, one line for each seed. `lenet5_mnist` was trained with the package's `train.fit`,
# `lab_mnist` with the solution of this lab as it stands, its own convolutional layer included, both for 20 epochs. They
# also differ in learning rate and batch size.

# %% tags=["nbval-check-output"]
for record in ("lenet5_mnist", "lab_mnist"):
    if record in runs.names():
        for run in runs.load(record)["runs"]:
            share, minutes = 100 * run["test_accuracy"], run["minutes"]
            print(f"{record:13}{share:.2f}% in {minutes:4.1f} minutes")

# %% [markdown] lang="ko"
# ## 점수

# %% [markdown] lang="en"
# ## Score

# %%
check.score("01_mnist")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - [‘합성곱’ 장](03_convolution): 합성곱을 반복문과 행렬 곱으로 만들고 속도를 견줍니다.
# - [‘LeNet’ 장](04_lenet): 1998년의 LeNet-5와, 이 실습의 훈련 루프를 다듬은 `train.fit`이 있습니다.
# - [‘훈련’ 장](06_training): 처음 가중치의 크기, 데이터 증강, 드롭아웃이 얼마나 중요한지 잽니다.
# - [‘CIFAR-10’ 장](05_cifar10): 다음 실습에서 조립할 신경망이 나옵니다. 사진은 손글씨 숫자보다 어렵습니다.

# %% [markdown] lang="en"
# ## What to read
#
# - [The chapter on convolution](03_convolution) makes convolutions from loops and from products of matrices, and compares their speed.
# - [The chapter on LeNet](04_lenet) has the LeNet-5 of 1998, and `train.fit`, a more polished form of this lab's training loop.
# - [The chapter on training](06_training) measures how much the size of the first weights, augmentation and dropout matter.
# - [The chapter on CIFAR-10](05_cifar10) has the network that you assemble in the next lab. Photos are harder than handwritten digits.
