# %% [markdown] lang="ko"
# # 실습: MNIST
#
# ## 무엇을 하고, 어떤 수에 이르러야 할까요?
#
# 손글씨 숫자를 읽는 프로그램을 처음부터 끝까지 씁니다. 출력의 크기를 구하는 식에서 시작해서 합성곱층과 최대 풀링을 만들고, 그것으로 LeNet-5를 조립하고, 훈련하고,
# 잽니다. [‘합성곱’ 장](03_convolution)과 [‘LeNet’ 장](04_lenet)에서 하나씩 보던 것들이 이번에는 여러분이 쓴 프로그램 하나가 됩니다.
#
# 이르러야 할 수는 **97.5%**입니다. 훈련 숫자 4,000장을 스무 번까지만 보고, 처음 보는 숫자 1,000장에서 틀리는 것이 25장을 넘지 않아야 합니다. GPU가 있으면 MNIST
# 전체로 훈련하고, 그때는 **99.1%**입니다. 이 책의 바탕이 된 한국어 강의에 적힌 정확도입니다.
#
# 단계마다 `...`이 있는 셀에 코드를 쓰고, 바로 다음 셀에서 검사합니다. 검사는 여러분의 코드를 무작위로 고른 입력에서 돌려 보고 무엇이 틀렸는지 말해 줍니다.
# `check.hint(…)`를 부르면 힌트를 하나씩 보여 줍니다. 막히면 다음으로 넘어가도 됩니다. 앞 단계가 아직이면 뒤의 셀은 라이브러리에 있는 것을 대신 씁니다. 정답을 모두 넣고
# 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# # Lab: MNIST
#
# ## What you will do, and the number to reach
#
# You write a program that reads handwritten digits, from beginning to end. It starts with the formula for the size of an output;
# then come a convolutional layer and max pooling, a LeNet-5 made of them, its training, and its evaluation. What you saw one by one
# in [the chapter on convolution](03_convolution) and in [the chapter on LeNet](04_lenet) now becomes one program that you wrote.
#
# The number to reach is **97.5%**: having seen the 4,000 training digits no more than twenty times each, the program may get no
# more than 25 wrong of 1,000 digits that it has never seen. With a GPU you train on all of MNIST, and there it is **99.1%**, the
# accuracy given in the Korean lecture that this book grew from.
#
# In each step you write code in a cell with `...` and check it in the next cell. The check runs your code on random inputs and says
# what is wrong. `check.hint(…)` shows one hint at a time. If you are stuck, go on: until a step is done, the later cells use what the
# library has. With all solutions in it the notebook runs for about 1 minute on one CPU core.

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


# %% name="fig-digits" tags=["hide-input"] alt_ko="손글씨 숫자 서른 장. 한 열에 같은 숫자가 석 장씩, 0부터 9까지 열 열입니다." alt_en="Thirty handwritten digits, three of the same digit in each column, ten columns from 0 to 9." caption_ko="읽어야 할 숫자. 한 장은 둘레의 여백까지 $32 \\times 32$픽셀입니다." caption_en="The digits to read. With its margin each is $32 \\times 32$ pixels."
first = [
    (train_set.labels == digit).nonzero().flatten()[:3].tolist() for digit in range(10)
]
look.grid(
    train_set.images[[each[row] for row in range(3) for each in first]],
    columns=10,
    size=0.55,
)

# %% [markdown] lang="ko"
# 테스트 숫자는 아직 불러오지 않습니다. 무엇이든 고를 때는 훈련 숫자에서 5분의 1을 떼어 둔 `validation`에서 재고, 테스트 숫자에는 맨 끝에 묻습니다.
#
# ## 1. 출력의 크기
#
# **왜.** 층을 이으려면 앞 층에서 나오는 것의 크기를 알아야 합니다. 시험 삼아 맞춰 보는 것보다 식 하나가 낫습니다.
#
# **무엇을.** 너비가 `width`칸인 줄의 양 끝에 `padding`칸씩 덧대고, 너비가 `kernel`칸인 필터를 `stride`칸씩 옮깁니다. 필터가 놓이는 자리의 수를 돌려주는
# `output_size`를 쓰세요. 필터가 다 들어가지 않는 마지막 자리는 세지 않습니다.

# %% [markdown] lang="en"
# The test digits are not loaded yet. Whatever you choose, choose it on `validation`, a fifth of the training digits set aside; the
# test digits are asked at the very end.
#
# ## 1. The size of the output
#
# **Why.** To connect layers you must know the size of what the one before puts out. One formula is better than trial and error.
#
# **What.** A line of `width` cells gets `padding` more at both ends, and a filter of `kernel` cells moves along it by `stride` cells
# at a time. Write `output_size`, which returns the number of places of the filter. A last place where the filter does not fit does not
# count.


# %% tags=["exercise"] name="output-size"
def output_size(width, kernel, stride=1, padding=0):
    """The number of output cells along one axis."""
    ### BEGIN SOLUTION
    return (width + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


# %%
check.exercise("lab_mnist_output_size", output_size)

# %% [markdown] lang="ko"
# 이 식으로 LeNet-5를 미리 따라가 봅니다. 5칸 합성곱과 2칸 풀링을 번갈아 지나면 32칸이 몇 칸이 됩니까?

# %% [markdown] lang="en"
# With this formula we follow LeNet-5 in advance. What becomes of 32 cells in convolutions of 5 cells and poolings of 2, one after the other?


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
# **왜.** 직접 만든 층으로 훈련까지 해 보면 합성곱층에 숨은 것이 없음을 알게 됩니다. 배우는 것은 필터와 편향뿐이고, 계산은 행렬 곱입니다.
#
# **어떻게.** `functional.unfold`는 필터가 놓이는 창을 모두 펴서 한 열에 하나씩 세웁니다. $3 \times 3$칸에 2칸 필터를 놓으면 자리가 넷이고, 창 하나에는 네 수가
# 있습니다.

# %% [markdown] lang="en"
# ## 2. A convolutional layer
#
# **Why.** Once you have trained with a layer of your own, you know that nothing is hidden in it: it learns filters and biases, and
# what it computes is a product of matrices.
#
# **How.** `functional.unfold` takes every window in which the filter can stand and writes it as a column. On $3 \times 3$ cells a
# filter of 2 has four places, and a window holds four numbers.

# %% tags=["nbval-check-output"]
x = torch.arange(9.0).reshape(1, 1, 3, 3)  # (N, C, H, W)
columns = functional.unfold(x, 2)  # (N, C · K · K, places)
print(x[0, 0], columns[0], sep="\n")

# %% [markdown] lang="ko"
# 왼쪽에 필터를 한 행에 하나씩 펴 놓은 행렬 (F, C·K·K)를 곱하면, 모든 필터를 모든 자리에 댄 결과 (F, 자리 수)가 한꺼번에 나옵니다. 앞에 있는 N장의 축은 `@`가
# 알아서 지킵니다.
#
# **무엇을.** 클래스 `Convolution`을 완성하세요.
#
# - `weight`는 모양이 (F, C, K, K)이고 `bias`는 (F,)인 `nn.Parameter`입니다. F는 `out_channels`, C는 `in_channels`, K는 `kernel_size`입니다.
# - 처음 가중치는 무작위여야 합니다. 필터 하나가 더하는 수가 $C \cdot K \cdot K$개이므로 표준 편차는 $1/\sqrt{C \cdot K \cdot K}$쯤이 알맞습니다. 처음 편향은 0이면 됩니다.
# - `forward`는 (N, C, H, W)를 받아 (N, F, H', W')를 돌려줍니다. 너비와 높이가 달라도, 스트라이드와 패딩이 있어도 맞아야 합니다. H'와 W'는 앞의 `size`로 구하세요.

# %% [markdown] lang="en"
# Multiply from the left by the matrix (F, C·K·K) that has the filters as its rows, and out comes (F, places): every filter applied at
# every place, all at once. `@` keeps the axis of the N images in front by itself.
#
# **What.** Complete the class `Convolution`.
#
# - `weight`, of shape (F, C, K, K), and `bias`, of shape (F,), are `nn.Parameter`. F is `out_channels`, C `in_channels` and K
#   `kernel_size`.
# - The first weights must be random. A filter adds up $C \cdot K \cdot K$ numbers, so a standard deviation of about
#   $1/\sqrt{C \cdot K \cdot K}$ is suitable. The first biases may be 0.
# - `forward` takes (N, C, H, W) and returns (N, F, H', W'). It must be right for images wider than high, and with stride and padding.
#   `size` from above gives H' and W'.


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
# **무엇을.** 특징 맵을 한 변이 `size`칸인 겹치지 않는 창으로 나누고, 창마다 가장 큰 값을 남기는 `max_pool(x, size)`를 쓰세요. (N, C, H, W)를 받아
# (N, C, H // size, W // size)를 돌려줍니다. 끝에 남는 행과 열은 버립니다. 창을 하나씩 도는 대신 `reshape`로 창이 제 축을 갖게 하면 한 번에 끝납니다.

# %% [markdown] lang="en"
# ## 3. Max pooling
#
# **What.** Write `max_pool(x, size)`, which divides feature maps into windows of `size` cells a side that do not overlap, and keeps the
# largest value of each. It takes (N, C, H, W) and returns (N, C, H // size, W // size); rows and columns left over at the end are
# dropped. Do not walk from window to window: if `reshape` gives the window axes of its own, it is done in one go.


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
# **무엇을.** 위의 `conv`와 `pool`로 오늘날의 LeNet-5를 조립하세요. `conv(in_channels, out_channels, kernel_size)`와 `pool(x, 2)`처럼 씁니다. ReLU는
# `functional.relu`, 완전 연결층은 `nn.Linear`입니다.
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
# **What.** Assemble the LeNet-5 of today from `conv` and `pool` above. Use them like `conv(in_channels, out_channels, kernel_size)` and
# `pool(x, 2)`. ReLU is `functional.relu`, a fully connected layer is `nn.Linear`.
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
# of LeNet-5 on the same weights.


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
# **왜.** 픽셀은 0에서 255까지의 바이트이고 대부분이 0입니다. 평균 0, 표준 편차 1 근처의 수를 받으면 신경망이 더 수월하게 배웁니다. 처음 보는 숫자도 훈련할 때와
# **똑같이** 바꾸어야 하므로, 평균과 표준 편차는 언제나 훈련 숫자의 것입니다.
#
# **무엇을.** `images`의 바이트를 0에서 1까지의 수로 바꾸고, `like`의 모든 픽셀에서 구한 평균 하나를 빼고 표준 편차 하나로 나누어 돌려주는
# `normalised(images, like)`를 쓰세요. `data.to_float`가 바이트를 0에서 1까지의 수로 바꿉니다.

# %% [markdown] lang="en"
# ## 5. From pixels to numbers
#
# **Why.** Pixels are bytes from 0 to 255, and most of them are 0. A network learns more easily from numbers around 0, with a standard
# deviation of about 1. New digits must be changed in **exactly** the same way as in training, so mean and deviation are always those of
# the training digits.
#
# **What.** Write `normalised(images, like)`, which brings the bytes of `images` to numbers from 0 to 1, subtracts one mean and divides by
# one standard deviation, both taken over all pixels of `like`. `data.to_float` makes bytes into numbers from 0 to 1.


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
# **왜.** 모든 숫자를 보고 한 번 움직이는 대신 몇십 장마다 한 번씩 움직입니다. 바퀴를 돌 때마다 순서를 새로 섞어야 언제나 같은 숫자끼리 한 배치가 되지 않습니다.
#
# **무엇을.** 한 바퀴를 도는 제너레이터 `batches(x, y, batch_size)`를 쓰세요. 모든 숫자를 무작위 순서로 꼭 한 번씩, `batch_size`장씩 `(images, labels)`로
# 내놓습니다. 마지막 배치는 짧아도 빠뜨리지 않습니다.

# %% [markdown] lang="en"
# ## 6. Batches
#
# **Why.** Instead of moving once after seeing all digits, training moves once every few dozen. The order must be shuffled anew for
# every pass, so that not the same digits always meet in a batch.
#
# **What.** Write the generator `batches(x, y, batch_size)` for one pass. It yields every digit exactly once, in random order,
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
# **왜.** 신경망이 무엇이든 훈련은 이 한 걸음을 되풀이하는 것입니다. 한 줄이 빠지거나 차례가 바뀌어도 오류 없이 돌아가기 때문에, 배우지 않는 까닭을 찾기 어려운 곳도
# 여기입니다.
#
# **무엇을.** 배치 하나로 한 걸음을 걷는 `training_step`을 쓰세요. 로짓을 구하고, 교차 엔트로피 손실을 구하고, 지난 그레이디언트를 지우고, 역전파하고, 건네받은
# `optimizer`로 옮깁니다. 옮기기 전의 손실을 파이썬의 수로 돌려줍니다.

# %% [markdown] lang="en"
# ## 7. One step of training
#
# **Why.** Whatever the network, training is this one step over and over. Leave out a line or change the order, and it still runs
# without an error; so this is also where the cause is hard to find when nothing is learned.
#
# **What.** Write `training_step`, which makes one step with one batch: compute the logits, compute the cross-entropy loss, erase the last
# gradients, go backward, and move with the `optimizer` that is handed in. Return the loss from before the move as a Python number.


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
# ## 8. 재기
#
# **왜.** 정확도를 재는 열 줄에는 조용한 잘못이 잘 숨습니다. 훈련 모드로 재거나, 잰 뒤에 평가 모드로 남겨 두거나, 짧은 마지막 배치를 다른 배치와 똑같은 무게로 셉니다. 우리의
# LeNet-5에는 드롭아웃도 배치 정규화도 없어서 모드를 잊어도 값이 같지만, 층을 하나 더하는 날 틀리기 시작합니다. 그래서 검사는 두 층이 모두 있는 신경망으로 합니다.
#
# **무엇을.** `batches`의 모든 `(x, y)`에서 맞힌 비율을 0에서 1까지의 수로 돌려주는 `accuracy`를 쓰세요. 평가 모드에서, 그레이디언트를 준비하지 않고 재고,
# 신경망을 **들어올 때의 모드로** 돌려놓습니다. `batches`는 한 번만 돌 수 있습니다.

# %% [markdown] lang="en"
# ## 8. The evaluation
#
# **Why.** The ten lines that measure accuracy are a good place for silent mistakes: measuring in train mode, leaving the network in eval mode
# afterwards, giving a short last batch the same weight as the others. Our LeNet-5 has neither dropout nor batch normalisation, so
# forgetting the mode changes nothing; but on the day you add a layer it goes wrong. So the check uses a network with both.
#
# **What.** Write `accuracy`, which returns the share of right answers over all `(x, y)` of `batches`, a number from 0 to 1. Measure in
# eval mode, without preparing gradients, and leave the network **in the mode in which it came**. One can go through `batches` only once.


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
# 이제 부품이 다 있습니다. 학습률을 0.001로 고정하고 세 에폭만 돌려서, 떼어 둔 숫자에서 재 봅니다. 7절과 8절의 검사를 통과했다면 여러분의 코드로 실행됩니다.

# %% [markdown] lang="en"
# ## 9. A first training
#
# Now all parts are there. We keep the learning rate at 0.001, train for three epochs only, and measure on the digits set aside. This runs on
# your code once it has passed the checks of sections 7 and 8.

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
# 읽기는 하지만 아직 모자랍니다. 이제부터는 여러분이 정합니다. 두 함수를 쓰세요.
#
# - `learn(x, y, epochs)`는 새 신경망을 훈련해서 돌려줍니다. 그림 `x`를 `epochs`번까지 볼 수 있습니다. 앞에서 만든 것을 써도 되고, 다른 신경망이어도 됩니다. 앞 단계가
#   막혀 있으면 [‘LeNet’ 장](04_lenet)의 `train.fit`을 써도 됩니다.
# - `read(images)`는 0에서 255까지의 픽셀 (N, 1, 32, 32)를 받아 숫자 (N,)을 돌려줍니다. 신경망이 아니라 이 함수가 프로그램입니다. 픽셀을 바꾸는 일부터
#   숫자를 고르는 일까지 모두 들어 있습니다.
#
# 무엇을 바꾸면 나아질까요? 학습률의 크기, 학습률을 올렸다 내리는 일정, 배치의 크기, 훈련 숫자를 조금씩 옮기는 데이터 증강이 있습니다. 하나씩 바꾸면서 아래의
# `validation` 값을 보세요. 다만 거기서는 훈련 숫자의 80%만 씁니다.

# %% [markdown] lang="en"
# ## 10. The closing task: a program that reads digits
#
# It reads, but not well enough yet. From here on you decide. Write two functions.
#
# - `learn(x, y, epochs)` trains a new network and returns it. It may see the images `x` up to `epochs` times. Use what you made above, or
#   another network. If you are stuck in an earlier step, `train.fit` of [the chapter on LeNet](04_lenet) will do.
# - `read(images)` takes pixels from 0 to 255, (N, 1, 32, 32), and returns digits, (N,). The program is this function, not the network:
#   everything is in it, from making the pixels ready to picking a digit.
#
# What makes it better? There are the learning rate, a schedule that raises and lowers it, the size of the batches, and augmentation that
# moves the training digits a little. Change one thing at a time and watch the value of `validation` below. Note that only 80% of
# the training digits are used there.


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
# 마음에 드는 값이 나오면 훈련 숫자 전부로 다시 훈련하고, 그 신경망으로 `read`를 쓰세요. 다음 검사는 `read`로 테스트 숫자를 직접 읽어 보고 틀린 것을 셉니다. 테스트 숫자를 보고
# 방법을 고르기 시작하면 그 수는 더 이상 처음 보는 숫자에서의 정확도가 아니니, 검증에서 고른 다음에 실행하세요.

# %% [markdown] lang="en"
# Once you like the value, train again on all training digits and write `read` with that network. The next check reads the test digits with
# your `read` and counts the wrong ones. Whoever begins to choose by the test digits no longer has the accuracy on digits never seen, so
# choose on the validation digits first.

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
# 통과했으면 남은 잘못을 눈으로 보세요. 정확도만 보아서는 다음에 무엇을 할지 알 수 없습니다.

# %% [markdown] lang="en"
# If it passed, look at the mistakes that are left. An accuracy alone does not say what to do next.

# %%
passed = check.done("lab_mnist_read")
if passed:
    test_set = data.load(name, "test", size=32, fallback="digits")
    answers = torch.cat([read(some).cpu() for some in test_set.images.split(1000)])
    wrong = (answers != test_set.labels).nonzero().flatten()
    share = 1 - len(wrong) / len(answers)
    print(f"{len(wrong)} of {len(answers):,} wrong, accuracy {share:.4f}, goal {goal}")

# %% name="fig-mistakes" tags=["hide-input"] alt_ko="프로그램이 틀린 테스트 숫자들. 그림마다 위에 정답과 대답이 화살표로 이어져 있습니다. 획이 끊기거나 두 숫자의 중간처럼 보이는 것이 여럿 있습니다." alt_en="Test digits that the program got wrong, with the right answer and the program's above each, joined by an arrow. Several have broken strokes or look like something between two digits." caption_ko="틀린 테스트 숫자. 정답 → 프로그램의 대답." caption_en="Test digits read wrongly. Right answer → the program's answer."
look.grid(
    test_set.images[wrong[:24]],
    titles=[f"{test_set.labels[i]} → {answers[i]}" for i in wrong[:24]],
    columns=8,
    size=0.7,
) if passed and len(wrong) else None

# %% [markdown] lang="ko"
# ## MNIST 전체에서
#
# 같은 노트북을 `CNNBOOK_BUDGET=full`로 열면 MNIST의 60,000장으로 훈련하고 10,000장으로 잽니다. 아래는 이 책의 기록입니다. `lenet5_mnist`는 패키지의
# `train.fit`으로 20에폭, `lab_mnist`는 이 실습의 정답을 그대로 써서, 곧 직접 만든 합성곱층으로 20에폭을 훈련한 것입니다.

# %% [markdown] lang="en"
# ## On all of MNIST
#
# Opened with `CNNBOOK_BUDGET=full`, the same notebook trains on the 60,000 images of MNIST and measures on its 10,000. Below is the record
# of this book. `lenet5_mnist` was trained with the package's `train.fit` for 20 epochs, `lab_mnist` with the solution of this lab as it
# stands, its own convolutional layer included, for 20 epochs.

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
# - [‘CIFAR-10’ 장](05_cifar10): 다음 실습의 신경망입니다. 사진은 손글씨 숫자보다 어렵습니다.

# %% [markdown] lang="en"
# ## What to read
#
# - [The chapter on convolution](03_convolution) makes convolutions from loops and from products of matrices, and compares their speed.
# - [The chapter on LeNet](04_lenet) has the LeNet-5 of 1998, and `train.fit`, a more polished form of this lab's training loop.
# - [The chapter on training](06_training) measures how much the size of the first weights, augmentation and dropout matter.
# - [The chapter on CIFAR-10](05_cifar10) has the network of the next lab. Photos are harder than handwritten digits.
