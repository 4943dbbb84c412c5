# %% [markdown] lang="ko"
# # 훈련이 되게 하기
#
# ## 무엇을 만들게 될까요?
#
# 아래 두 표는 신경망 하나를 같은 이미지로, 학습률과 처음 가중치의 크기만 바꾸어 가며 훈련한 결과입니다. 왼쪽은 대부분의 칸이
# 아무렇게나 찍은 것과 같은 10%입니다. 오른쪽은 그 신경망에서 마지막 층을 뺀 모든 층에 배치 정규화(batch normalization)를 넣은
# 것이고, 열다섯 칸이 모두 배웁니다. 신경망의 구조가 좋아도 훈련이 되지 않으면 소용이 없습니다. 이 장에서는 훈련이 되게 하는 것들을
# 손으로 만듭니다. 전처리(preprocessing), 초기화(initialization), 데이터 증강(data augmentation), 드롭아웃(dropout)과
# 드롭블록(DropBlock), 그리고 배치 정규화의 순전파와 역전파입니다. 그리고 논문들의 주장이 우리의 작은 실험에서도 맞는지 하나씩
# 확인합니다. 맞지 않는 것도 있습니다.

# %% [markdown] lang="en"
# # Making training work
#
# ## What you will build
#
# The two tables below show one network trained on the same images. Only the learning rate and the size of the initial
# weights change from cell to cell. On the left most cells stand at 10%, which is guessing. On the right every layer but
# the last has batch normalisation, and all fifteen cells learn. A good structure is of no use where training fails. In
# this chapter you build by hand what makes training work: preprocessing, initialisation, data augmentation, dropout and
# DropBlock, and batch normalisation, forward and backward. Then you check, one by one, whether the claims of the papers
# hold in our small experiments. Some do not.

# %%
import copy

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA
from torch import nn
from torch.nn import functional
from torchvision import ops

from cnnbook import check, data, layers, look, runs, train
from cnnbook.data import shapes
from cnnbook.train import studies

torch.set_num_threads(1)  # then the same seed gives the same weights

norm_study = runs.load("study_batch_norm")
drop_study = runs.load("study_dropout")
pooling_study = runs.load("study_activation_pooling")


# %% name="fig-grid" tags=["hide-input"] alt_ko="색칠한 표 둘. 행은 처음 가중치 ⅓ He, He, 2 He, 열은 학습률 0.01에서 1까지 다섯. 배치 정규화가 없는 왼쪽 표는 He의 앞 두 칸과 ⅓ He의 앞 세 칸, 그리고 조금 밝은 한 칸을 빼면 모두 어둡고 10입니다. 배치 정규화가 있는 오른쪽 표는 모든 칸이 밝고 48에서 62까지입니다." alt_en="Two shaded tables. Rows are the initial weights ⅓ He, He and 2 He, columns five learning rates from 0.01 to 1. In the left one, without batch norm, all cells are dark and say 10, except the first two of He, the first three of ⅓ He and one more that is slightly brighter. In the right one, with batch norm, all cells are bright, from 48 to 62." caption_ko="테스트 정확도(퍼센트), 시드 세 개의 평균. 10은 찍어서 맞히는 정확도이고, 발산한 훈련은 10으로 셌습니다. 행은 처음 가중치의 표준 편차가 He 초기화의 몇 배인지를 나타냅니다. CIFAR-10의 10,000장, 16픽셀, 5에폭(results/study_batch_norm.json)." caption_en="Test accuracy in percent, mean of three seeds; 10 is guessing, and a training that diverged counts as 10. Rows: the standard deviation of the initial weights as a multiple of He initialisation. 10,000 images of CIFAR-10 at 16 pixels, 5 epochs (results/study_batch_norm.json)."
def table_of(study, rows, columns, value="test_accuracy", **fixed):
    """A value of a study's cells as a table, in the order in which the study has them."""
    cells = pd.DataFrame(study["summary"])
    for factor, level in fixed.items():
        cells = cells[cells[factor] == level]
    table = cells.pivot(index=rows, columns=columns, values=value)
    return table.loc[cells[rows].unique(), cells[columns].unique()]


def panels(tables, xlabel, ylabel, ends=None, digits=0, height=2.5, spreads=None):
    """Tables of accuracies as heat maps side by side, in percent; dark at the low end."""
    figure = look.style.figure("full", height)
    places = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, (name, table) in zip(places, tables.items(), strict=True):
        low, high = ends or (np.nanmin(table), np.nanmax(table))
        axes.imshow(table, vmin=low, vmax=high, aspect="auto")
        for (i, j), value in np.ndenumerate(table.to_numpy()):
            colour = "#101820" if value > (low + high) / 2 else "#fffdf8"
            said = f"{100 * value:.{digits}f}"
            if spreads:
                said += f" ± {100 * spreads[name].iloc[i, j]:.1f}"
            axes.text(j, i, said, ha="center", va="center", color=colour)
        axes.set_xticks(range(table.shape[1]), list(table.columns))
        axes.set_yticks(range(table.shape[0]), list(table.index))
        axes.set(title=name, xlabel=xlabel)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    places[0].set_ylabel(ylabel)
    return figure


INITIAL = {"small": "⅓ He", "he": "He", "large": "2 He"}  # deviation of the weights
grids = {
    name: table_of(norm_study, "init", "lr", norm=norm).rename(index=INITIAL)
    for name, norm in (("without batch norm", "none"), ("with batch norm", "bn"))
}
panels(grids, "learning rate", "initial weights", ends=(0.1, 0.65))

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘틀리면서 배우기’ 장](02_learning)의 역전파와 활성화 함수, [‘합성곱’ 장](03_convolution)의 합성곱과 풀링, [‘LeNet’ 장](04_lenet)의 훈련
# 루프를 안다고 가정합니다. 행렬의 고유 벡터와 분산을 배웠으면 더 편합니다. GPU도 인터넷 연결도 필요하지 않습니다. 노트북을 처음부터
# 끝까지 실행하는 데 CPU 코어 하나로 30초쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# Backpropagation and activation functions from [the chapter on learning from mistakes](02_learning), convolution and
# pooling from [the chapter on convolution](03_convolution), and the training loop from [the chapter on
# LeNet](04_lenet). It helps to have met eigenvectors and variances. Neither a GPU nor an internet connection is needed.
# Running the notebook from top to bottom takes about 30 seconds on one CPU core.

# %% [markdown] lang="ko"
# ## 왜 배우지 못할까요?
#
# 층이 여덟인 완전 연결 신경망에 이미지를 넣어 봅시다. 아직 훈련하지 않았고, 가중치는 평균이 0이고 표준 편차가 0.01인 난수입니다.
# AlexNet이 이렇게 시작했습니다 {cite:p}`krizhevsky2012imagenet`. 마지막 층에서 나오는 수는 입력에 따라 얼마나 달라질까요? 이
# 장에서는 [‘보기’ 장](01_seeing)에서 그린 도형을 16픽셀로 씁니다. 클래스는 열 가지이고, 훈련 이미지는 2,000장, 테스트 이미지는
# 1,000장입니다. 픽셀 하나하나의 평균은 0, 표준 편차는 1이 되게 맞추었습니다.

# %% [markdown] lang="en"
# ## Why does it not learn?
#
# We send images through a fully connected network of eight layers. It is not trained yet; its weights are random with
# mean 0 and standard deviation 0.01, which is how AlexNet began {cite:p}`krizhevsky2012imagenet`. How much do the numbers
# that leave the last layer depend on the input? This chapter uses the drawn shapes of [the chapter on seeing](01_seeing)
# at 16 pixels: ten classes, 2,000 images to train on and 1,000 to test on. Every single pixel is scaled to mean 0 and
# standard deviation 1.

# %%
train_set = shapes.read("train", 16, 2000)
test_set = shapes.read("test", 16, 1000)
raw = data.to_float(train_set.images)  # (2000, 3, 16, 16), from 0 to 1
x = raw.flatten(1)  # (2000, 768)
x = (x - x.mean(dim=0)) / x.std(dim=0)


def deep(x, std, activation, width=256, depth=8, norm=None):
    """The activations (N, width) after each of `depth` layers; std(n_in, n_out)."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(depth):
        n_in = x.shape[1]
        weight = torch.randn(n_in, width, generator=generator) * std(n_in, width)
        z = x @ weight  # (N, width)
        x = activation(norm(z) if norm else z)
        found.append(x)
    return found


for name, activation in (("tanh", torch.tanh), ("ReLU", torch.relu)):
    after = deep(x, lambda n_in, n_out: 0.01, activation)
    spread = [layer.std(dim=0).mean().item() for layer in after]
    check.that(
        spread[7] < 1e-4 * spread[0], f"{name}: {spread[7]:.1e} < {spread[0]:.1e} / 10⁴"
    )

# %% [markdown] lang="ko"
# 거의 달라지지 않습니다. 여덟 층을 지나는 동안 출력이 작아지면서 이미지 사이의 차이도 함께 작아져, 처음의 만분의 일도 되지
# 않습니다. 모든 출력이 0에 아주 가까우므로, 그 뒤에 소프트맥스를 놓으면 어느 이미지에나 거의 같은 확률이 나옵니다. 그레이디언트도
# 같은 가중치를 거슬러 지나오면서 작아집니다. 이런 신경망에서는 가중치를 어느 쪽으로 고쳐야 할지 알 수 없습니다.
#
# 이 장의 물음은 둘입니다. 신호가 모든 층을 무사히 지나가게 하려면 무엇이 필요할까요? 그리고 배운 것이 처음 보는 이미지에서도
# 통하게 하려면 무엇이 필요할까요? 첫째 물음에는 전처리, 초기화, 배치 정규화로, 둘째 물음에는 데이터 증강과 드롭아웃으로
# 답하겠습니다.

# %% [markdown] lang="en"
# Hardly at all. On the way through eight layers the outputs, and with them the differences between images, have shrunk to
# less than one part in ten thousand. All outputs lie so close to 0 that softmax after them gives every image nearly the
# same probabilities. Gradients shrink too, for they come back through the same weights. Such a network cannot find out in
# which direction to improve.
#
# This chapter asks two questions. What does it take for the signal to get through all layers unharmed? And what does it
# take for the network to do well on images never seen? Preprocessing, initialisation and batch normalisation answer the
# first, data augmentation and dropout the second.

# %% [markdown] lang="ko"
# ## 신호가 끝까지 지나가게 만들기
#
# ### 전처리: 점 구름을 가운데로
#
# 이미지 2,000장에서 나란한 두 픽셀의 빨강 값만 봅시다. 이미지 하나가 평면 위의 점 하나가 됩니다. 이웃한 픽셀은 비슷하므로 점들은
# 대각선을 따라 길게 늘어섭니다. 여기에 네 가지 전처리를 해 봅니다. 둘째와 셋째는 저마다 평균을 뺀 구름에서 시작합니다. 넷째는 셋째에
# 이어서 합니다.
#
# 1. 평균을 뺍니다. 구름의 한가운데가 원점으로 옵니다.
# 2. 축마다 표준 편차로 나눕니다.
# 3. 구름이 가장 길게 뻗은 방향을 새 축으로 삼습니다. 주성분 분석(principal component analysis, PCA)입니다. 새 축은 공분산 행렬
#    $\Sigma$의 고유 벡터 $U$입니다.
# 4. 새 축마다 표준 편차, 곧 고윳값의 제곱근으로 나눕니다. 백색화(whitening)입니다. 그러면 어느 방향으로 재어도 표준 편차가
#    같습니다. 구름이 꼭 둥글게 보이는 것은 아닙니다.
#
# $$\Sigma = \frac{1}{N} \sum_n (x_n - \mu)(x_n - \mu)^{\top} = U \Lambda U^{\top}$$
#
# $$x_{\text{PCA}} = U^{\top} (x - \mu) \qquad\qquad x_{\text{white}} = \Lambda^{-1/2}\, U^{\top} (x - \mu)$$

# %% [markdown] lang="en"
# ## Getting the signal through to the end
#
# ### Preprocessing: the cloud to the middle
#
# Of 2,000 images we look at the red of two pixels side by side, no more. Each image becomes a point in the plane.
# Neighbouring pixels are alike, so the points stretch along the diagonal. We try four kinds of preprocessing. The second
# and the third each start from the centred cloud; the fourth continues the third.
#
# 1. Subtract the mean: the middle of the cloud comes to the origin.
# 2. Divide each axis by its standard deviation.
# 3. Take as new axes the directions in which the cloud is longest: principal component analysis (PCA). The new axes are
#    the eigenvectors $U$ of the covariance matrix $\Sigma$.
# 4. Divide each new axis by its standard deviation, the square root of the eigenvalue: whitening. The cloud then has the
#    same standard deviation in every direction, though it need not look round.
#
# $$\Sigma = \frac{1}{N} \sum_n (x_n - \mu)(x_n - \mu)^{\top} = U \Lambda U^{\top}$$
#
# $$x_{\text{PCA}} = U^{\top} (x - \mu) \qquad\qquad x_{\text{white}} = \Lambda^{-1/2}\, U^{\top} (x - \mu)$$

# %%
row = raw[:, 0, 7].double()  # red along the middle row (2000, 16)
pair, third = row[:, 7:9], row[:, 9]  # two neighbours, and the pixel after them


def axes_of(points):
    """Mean (D,), eigenvalues (D,) and eigenvectors (D, D) in columns, the largest first."""
    mean = points.mean(dim=0)
    covariance = (points - mean).T @ (points - mean) / len(points)
    values, vectors = torch.linalg.eigh(covariance)  # the smallest first
    return mean, values.flip(0), vectors.flip(1)


mean, values, vectors = axes_of(pair)
clouds = {
    "raw": pair,
    "centred": pair - mean,
    "standardised": (pair - mean) / pair.std(dim=0, correction=0),
    "PCA": (pair - mean) @ vectors,
    "whitened": (pair - mean) @ vectors / values.sqrt(),
}
turned = PCA(2, whiten=True).fit_transform(pair.numpy())
turned *= np.sqrt(len(pair) / (len(pair) - 1))  # scikit-learn divides by N - 1
check.close(clouds["whitened"].abs(), np.abs(turned), what="|whitened|")
check.close(clouds["whitened"].T @ clouds["whitened"] / 2000, np.eye(2), what="Σ")

# %% name="fig-clouds" tags=["hide-input"] alt_ko="점 구름 다섯. raw는 0과 1 사이에서 대각선을 따라 길쭉하고, centred는 같은 모양이 원점에 있고, standardised는 더 크고, PCA는 가로로 눕고, whitened는 가로와 세로의 퍼짐이 같지만 가로로 빽빽한 선이 하나 있습니다. 첫 픽셀이 더 밝은 점은 주황, 나머지는 파랑입니다." alt_en="Five clouds of points. raw is elongated along the diagonal between 0 and 1, centred has the same form at the origin, standardised is larger, PCA lies along the horizontal, and whitened spreads as far upwards as sideways, with a dense line across. Points whose first pixel is brighter are orange, the others blue." caption_ko="나란한 두 픽셀의 빨강 값, 이미지 400장. 첫 픽셀이 더 밝은 이미지는 주황입니다. 빽빽한 선은 두 픽셀의 값이 거의 같은 이미지들입니다. 눈금은 첫째만 다릅니다." caption_en="The red of two neighbouring pixels in 400 images; orange where the first pixel is the brighter one. The dense line is the images whose two pixels are nearly equal. Only the first panel has another scale."
figure = look.style.figure("full", 1.9)
places = figure.subplots(1, 5)
first_brighter = pair[:400, 0] > pair[:400, 1]
for axes, (name, points) in zip(places, clouds.items(), strict=True):
    for part, colour in ((~first_brighter, "blue"), (first_brighter, "orange")):
        shown = points[:400][part].T
        axes.scatter(*shown, s=3, color=look.style.LIGHT[colour], linewidth=0)
    axes.set_title(name, fontsize=look.style.FONTS["small"])
    reach = (-0.05, 1.05) if name == "raw" else (-3.2, 3.2)
    ticks = (0, 1) if name == "raw" else (-2, 0, 2)
    axes.set(xlim=reach, ylim=reach, xticks=ticks, yticks=ticks, aspect="equal")
figure

# %% [markdown] lang="ko"
# 왜 이렇게 할까요? 두 픽셀에서 그다음 픽셀의 빨강 값을 맞히는 선형 회귀를 경사 하강법으로 풀어 봅시다. 편향도 배우도록 입력 $x_n$마다
# 1을 덧붙입니다. 손실은 제곱 오차 평균의 절반입니다. 이 손실은 그릇 모양의 이차 함수이고, 그릇의 모양은
# $M = \tfrac{1}{N} \sum_n x_n x_n^{\top}$이 정합니다. 학습률이 $2 / \lambda_{\max}(M)$을 넘으면 발산합니다. 그런데
# 가장 납작한 방향은 $\lambda_{\min}(M)$에 비례해서 느리게 나아갑니다. 둘의 비가 클수록 걸음이 많이 듭니다. 학습률을 저마다
# $1 / \lambda_{\max}$로 두고, 손실이 최솟값의 1% 안에 들 때까지 걸음을 셉니다.

# %% [markdown] lang="en"
# Why do this? We predict the red of the next pixel from the two by linear regression, solved by gradient descent. For
# the bias a 1 is appended to every input $x_n$. The loss, half the mean squared error, is a bowl: it is quadratic in
# the weights, and $M = \tfrac{1}{N} \sum_n x_n x_n^{\top}$ gives the bowl its shape. A learning rate above $2 /
# \lambda_{\max}(M)$ diverges, yet in the flattest direction progress is slow in proportion to $\lambda_{\min}(M)$. The
# larger the ratio of the two, the more steps it takes. Each cloud gets its own learning rate, $1 / \lambda_{\max}$, and
# we count steps until the loss is within 1% of the smallest.


# %%
def descent(points, target):
    """λmax / λmin, and the steps to within 1% of the smallest squared error."""
    inputs = torch.cat([points, torch.ones(len(points), 1)], dim=1)  # 1 for the bias
    matrix, right = inputs.T @ inputs / len(points), inputs.T @ target / len(points)
    curvature = torch.linalg.eigvalsh(matrix)

    def loss(w):
        return (inputs @ w - target).square().mean() / 2

    smallest = loss(torch.linalg.solve(matrix, right))
    w, steps = torch.zeros(3, dtype=torch.float64), 0
    while loss(w) > 1.01 * smallest:
        gradient = matrix @ w - right
        w = w - gradient / curvature.max()
        steps += 1
    return (curvature.max() / curvature.min()).item(), steps


bowls = {name: descent(points, third) for name, points in clouds.items()}
bowls = pd.DataFrame(bowls, index=["λmax / λmin", "steps"]).T
check.that(
    bowls.steps["raw"] > bowls.steps["standardised"] > bowls.steps["whitened"],
    f"steps {bowls.steps['raw']:.0f} > {bowls.steps['standardised']:.0f} > 1",
)
check.that(bowls.steps["whitened"] == 1, "whitened: 1 step")
bowls.round(1)

# %% [markdown] lang="ko"
# 둥근 그릇에서는 한 걸음이면 됩니다. 평균을 빼면 걸음이 줄어듭니다. 빼지 않으면 모든 입력이 양수라서 가중치와 편향이 서로
# 얽힙니다. 둥근 그릇으로 만드는 백색화가 가장 많이 줄이지만, 축마다 표준 편차로 나누기만 해도 167걸음이 22걸음이 됩니다. 편향에
# 들어오는 1에 견주어 픽셀의 차이가 너무 작았기 때문입니다.
# 축을 돌리기만 하는 PCA는 그릇의 모양을 바꾸지 않으므로 평균을 뺀 것과 걸음이 같습니다. 층이 여럿이면 이차 함수가 아니어서 이렇게
# 깔끔하게 셀 수 없지만 까닭은 같습니다.
#
# 이미지 전체에도 같은 일을 할 수 있습니다. 768차원의 백색화를 한 뒤 $U$를 곱해 원래의 축으로 되돌리면 다시 이미지처럼 보입니다. 이것을
# ZCA라고 합니다. 고윳값이 아주 작은 방향은 잡음이므로, 나누기 전에 고윳값에 작은 수 $\epsilon = 0.01$을 더합니다. 이웃 픽셀과 비슷한
# 부분이 약해지고 가장자리와 잔무늬가 도드라집니다.

# %% [markdown] lang="en"
# In the round bowl one step is enough. Subtracting the mean saves steps: without it all inputs are positive, and weights
# and bias get in each other's way. Whitening, which makes the bowl round, saves most, but dividing each axis by its
# standard deviation is enough to bring 167 steps down to 22: the differences between pixels were small beside the 1 that
# enters with the bias. PCA alone only turns the axes and leaves the bowl as it is: it takes as many steps as subtracting
# the mean. With several layers the loss is not quadratic and steps cannot be counted so neatly, but the reason is the
# same.
#
# The same can be done to whole images. Whiten in 768 dimensions, multiply by $U$ to return to the old axes, and the
# result looks like an image again; this is called ZCA. Directions with a tiny eigenvalue are noise, so a small number
# $\epsilon = 0.01$ is added to every eigenvalue before dividing. What a pixel shares with its neighbours grows weaker, and
# edges and fine texture stand out.

# %%
flat = raw.flatten(1).double()
mean_image, values, vectors = axes_of(flat)
scale = (values.clamp(min=0) + 0.01).rsqrt()  # 0.01: tiny directions are noise
zca = (flat - mean_image) @ vectors * scale @ vectors.T

# %% name="fig-whitened" tags=["hide-input"] alt_ko="이미지 여덟 장이 세 줄에 있습니다. 첫 줄은 원래 이미지, 둘째 줄은 평균 이미지를 뺀 것, 셋째 줄은 백색화한 것으로 회색 바탕에 도형의 가장자리와 잔무늬가 도드라집니다." alt_en="Eight images in three rows: as they are, minus the mean image, and whitened, where edges and fine texture stand out on grey." caption_ko="위에서부터 원래 이미지, 평균 이미지를 뺀 것, 백색화한 것(ZCA). 아래 두 줄은 잘 보이도록 크기를 맞추고 0이 회색이 되게 옮겼습니다." caption_en="From the top: as they are, minus the mean image, whitened (ZCA). The lower two rows are shifted and scaled so that 0 is grey and the rest can be seen."
centred = 0.5 + 0.5 * (flat - mean_image)
rows = [flat, centred, (0.5 + 0.2 * zca).clamp(0, 1)]
shown = torch.cat([each[:8].view(8, 3, 16, 16) for each in rows])
look.grid(shown, columns=8, size=0.7)

# %% [markdown] lang="ko"
# 그러면 합성곱 신경망에는 무엇을 쓸까요? 대개 가장 간단한 것을 씁니다. AlexNet은 픽셀마다 하나씩인 평균 이미지를 뺐고
# {cite:p}`krizhevsky2012imagenet`, 지금은 채널마다 평균을 빼고 표준 편차로 나누는 것이 보통입니다. 합성곱은 모든 자리에 같은 가중치를
# 쓰므로 자리마다 다른 수를 뺄 까닭이 없습니다. 평균과 표준 편차는 훈련 세트에서만 구합니다. `train.fit`은 따로 말하지 않으면
# 채널마다 정규화(normalization)합니다. PCA와 백색화는 합성곱 신경망에 거의 쓰이지 않습니다. 이웃한 픽셀의 관계는 첫 합성곱층이 스스로
# 배울 수 있습니다.

# %% [markdown] lang="en"
# What should a convolutional network get, then? Mostly the simplest. AlexNet subtracted a mean image, one number for each
# pixel {cite:p}`krizhevsky2012imagenet`; today it is usual to subtract one mean for each channel and divide by its
# standard deviation. A convolution uses the same weights everywhere, so there is no reason to subtract another number at
# each place. Means and deviations are taken from the training set alone. Unless told otherwise `train.fit` normalises by
# channel. PCA and whitening are seldom used with convolutional networks: the first layer can learn for itself how
# neighbouring pixels relate.

# %%
by_channel = raw.mean(dim=(0, 2, 3), keepdim=True), raw.std(dim=(0, 2, 3), keepdim=True)
inputs = (raw - by_channel[0]) / by_channel[1]
mean, std = (each.flatten() for each in by_channel)
batch, _ = next(data.batches(train_set, 2000, shuffle=False, mean=mean, std=std))
check.close(inputs, batch, what="normalised by channel")

# %% [markdown] lang="ko"
# ### 초기화: 처음 가중치는 얼마나 커야 할까요?
#
# 처음 예의 가중치 0.01은 너무 작았습니다. 얼마면 될까요? 유닛 하나의 $z = \sum_i w_i x_i$에서 입력이 $n$개이고, 가중치는 평균이 0, 분산이
# $\sigma^2$이며 가중치끼리, 그리고 가중치와 입력이 서로 독립이라고 합시다. 그러면 항마다 분산이 $\sigma^2\, \mathbb{E}[x_i^2]$이고, 더하면 이렇습니다.
#
# $$\operatorname{Var}(z) = n\, \sigma^2\, \mathbb{E}[x^2]$$
#
# $\tanh$는 0 가까이에서 $z$와 거의 같습니다. 그러므로 $n \sigma^2 = 1$이면 크기가 그대로 다음 층으로 갑니다. 역전파에서는 같은 계산에
# 출력의 수가 들어갑니다. 글로로와 벤지오는 둘의 중간을 택했습니다 {cite:p}`glorot2010understanding`. Xavier 초기화라고
# 부릅니다. ReLU는 $z$의 음수 쪽 절반을 0으로 만들므로 $\mathbb{E}[x^2]$이 $\operatorname{Var}(z)$의 절반입니다. 그래서 He 초기화는
# 분산을 $1/n$의 두 배로 잡습니다 {cite:p}`he2015delving`.
#
# $$\sigma_{\text{Xavier}}^2 = \frac{2}{n_{\text{in}} + n_{\text{out}}} \qquad\qquad \sigma_{\text{He}}^2 = \frac{2}{n_{\text{in}}}$$
#
# 합성곱층에서 $n_{\text{in}}$은 필터 하나가 보는 수의 개수, 곧 채널 수에 $F^2$을 곱한 것입니다. 식을 라이브러리와 견주고, 여덟 층을
# 지나며 활성값이 어떻게 퍼지는지 봅시다.

# %% [markdown] lang="en"
# ### Initialisation: how large should the first weights be?
#
# The 0.01 of our first example was too small. What is large enough? In a unit's $z = \sum_i w_i x_i$ let there be $n$
# inputs, and let the weights have mean 0 and variance $\sigma^2$, independent of each other and of the inputs. Each
# term then has the variance $\sigma^2\, \mathbb{E}[x_i^2]$, and they add up.
#
# $$\operatorname{Var}(z) = n\, \sigma^2\, \mathbb{E}[x^2]$$
#
# Near 0, $\tanh$ is almost $z$ itself. So with $n \sigma^2 = 1$ the size passes on to the next layer unchanged. In
# backpropagation the same calculation has the number of outputs in place of inputs, and Glorot and Bengio took the middle
# of the two {cite:p}`glorot2010understanding`, known as Xavier initialisation. ReLU sets the negative half of $z$ to 0, so
# that $\mathbb{E}[x^2]$ is half of $\operatorname{Var}(z)$. He initialisation therefore makes the variance twice $1/n$
# {cite:p}`he2015delving`.
#
# $$\sigma_{\text{Xavier}}^2 = \frac{2}{n_{\text{in}} + n_{\text{out}}} \qquad\qquad \sigma_{\text{He}}^2 = \frac{2}{n_{\text{in}}}$$
#
# In a convolutional layer $n_{\text{in}}$ is how many numbers a filter sees: channels times $F^2$. We compare the formulas
# with the library and then see how the activations spread on their way through eight layers.

# %%
INITS = {  # standard deviations by the numbers of inputs and outputs
    "small": lambda n_in, n_out: 0.01,
    "Xavier": lambda n_in, n_out: (2 / (n_in + n_out)) ** 0.5,
    "He": lambda n_in, n_out: (2 / n_in) ** 0.5,
    "large": lambda n_in, n_out: 3 * (2 / n_in) ** 0.5,
}
weight = torch.empty(64, 32, 3, 3)  # a convolution: 32 channels to 64
n_in, n_out = 32 * 3 * 3, 64 * 3 * 3
for name, library in (
    ("Xavier", nn.init.xavier_normal_),
    ("He", lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu")),
):
    torch.manual_seed(0)
    theirs = library(weight.clone())
    torch.manual_seed(0)
    check.close(torch.empty_like(weight).normal_() * INITS[name](n_in, n_out), theirs)

passed = {  # by activation function and initialisation, a list of eight (2000, 256)
    name: {init: deep(x, std, activation) for init, std in INITS.items()}
    for name, activation in (("tanh", torch.tanh), ("ReLU", torch.relu))
}


def histograms(by_init, low, high):
    """The activations that are not 0, by layer; what lies beyond an end counts there."""
    figure = look.style.figure("full", 3.6)
    places = figure.subplots(len(by_init), 8, sharex=True)
    for line, (init, after) in zip(places, by_init.items(), strict=True):
        for k, (axes, each) in enumerate(zip(line, after, strict=True)):
            shown = each[each != 0].clamp(low, high)
            heights, edges = np.histogram(shown, 30, (low, high))
            axes.stairs(heights / heights.max(), edges, fill=True)
            axes.set(yticks=[], xticks=[low, high], ylim=(0, 1.05))
            axes.spines["left"].set_visible(False)
            if init == "small":
                axes.set_title(k + 1, fontsize=look.style.FONTS["small"])
        line[0].set_ylabel(init)
    figure.supxlabel("activation, by layer", fontsize=look.style.FONTS["small"])
    return figure


# %% name="fig-tanh" tags=["hide-input"] alt_ko="네 줄 여덟 열의 히스토그램. small은 둘째 층부터 0에 막대 하나로 모입니다. Xavier는 넓게 시작해 천천히 좁아집니다. He는 여덟 층 내내 넓고, large는 모든 층에서 -1과 1의 두 끝에 몰립니다." alt_en="Histograms in four rows and eight columns. small gathers in a single bar at 0 from the second layer on. Xavier begins wide and narrows slowly. He stays wide through all eight layers, and large piles up at the two ends, -1 and 1, in every layer." caption_ko="tanh: 층 1에서 8까지 활성값의 히스토그램. 가장 높은 막대의 높이를 맞추었습니다. 가중치의 표준 편차는 small이 0.01, large가 He의 세 배입니다." caption_en="tanh: histograms of the activations after layers 1 to 8, each scaled to its highest bar. The weights of small have the standard deviation 0.01, those of large three times He's."
histograms(passed["tanh"], -1, 1)

# %% name="fig-relu" tags=["hide-input"] alt_ko="네 줄 여덟 열의 히스토그램. small은 둘째 층부터 0에 막대 하나입니다. Xavier는 층이 깊어질수록 0 쪽으로 좁아집니다. He는 여덟 층 내내 비슷하게 퍼져 있습니다. large는 첫 층에서는 낮고 넓게도 퍼져 있고, 둘째 층부터 거의 모두 오른쪽 끝에 몰립니다." alt_en="Histograms in four rows and eight columns. small is a single bar at 0 from the second layer on. Xavier narrows towards 0 layer by layer. He stays about equally spread through all eight. large is also spread low and wide in the first layer; from the second on almost everything piles up at the right end." caption_ko="ReLU: 같은 그림. 0인 활성값은 빼고 그렸습니다. 오른쪽 끝의 막대에는 3보다 큰 값이 모두 들어 있습니다." caption_en="ReLU: the same, without the activations that are 0. The bar at the right end holds everything above 3."
histograms(passed["ReLU"], 0, 3)

# %%
size = {
    name: {
        init: [each.square().mean().sqrt().item() for each in after]
        for init, after in by_init.items()
    }
    for name, by_init in passed.items()
}
he, xavier = (
    size["ReLU"][init][7] / size["ReLU"][init][0] for init in ("He", "Xavier")
)
check.that(0.5 < he < 2, f"ReLU, He: layer 8 / layer 1 = {he:.2f}")
check.that(xavier < 0.25, f"ReLU, Xavier: {xavier:.2f}")
ends = (passed["tanh"]["large"][7].abs() > 0.99).float().mean().item()
check.that(ends > 0.4, f"tanh, large: {100 * ends:.0f}% beyond ±0.99")

# %% name="fig-depth" tags=["hide-input"] alt_ko="가로축은 층 1에서 8, 세로축은 활성값의 크기로 로그 눈금. small은 가파르게 내려가 백만분의 일 아래로, large는 가파르게 올라 천을 넘습니다. Xavier는 천천히 내려가고 He는 거의 수평입니다." alt_en="Layers 1 to 8 across, the size of the activations upwards, logarithmic. small falls steeply to below a millionth, large rises steeply beyond a thousand. Xavier falls slowly and He stays almost level." caption_ko="ReLU 여덟 층에서 활성값의 크기(제곱 평균의 제곱근)." caption_en="The size of the activations (root of the mean square) in eight layers with ReLU."
look.curves(
    size["ReLU"], y="size", xlabel="layer", ylabel="activation", logy=True, band=None
)

# %% [markdown] lang="ko"
# ReLU에는 He가 맞습니다. ReLU에 Xavier를 쓰면 층마다 크기가 $1/\sqrt{2}$배쯤으로 줄어듭니다. 여덟 층에서는 견딜 만하지만 서른
# 층이면 $2^{-15}$배가 됩니다. tanh에서는 Xavier도 천천히 좁아집니다. tanh는 0에서 멀어질수록 $z$보다 작으므로 조금 더 큰 가중치가
# 낫습니다. PyTorch는 tanh에 $\tfrac{5}{3}$배를 권합니다. 너무 큰 가중치는 반대로 해롭습니다. tanh의 활성값은 기울기가 0에 가까운 양 끝에 몰리고, ReLU의
# 활성값은 층마다 세 배로 커집니다. 알맞은 크기의 폭은 좁습니다. 층마다 조금씩만 어긋나도 여러 층을 지나면서 곱해져
# 커집니다. 그리고 초기화는 첫걸음만 맞추어 줄 뿐입니다. 훈련하는 동안 가중치가 변하면 다시 어긋날 수 있습니다.

# %% [markdown] lang="en"
# He suits ReLU. With Xavier, ReLU shrinks the size to about $1/\sqrt{2}$ in each layer. Eight layers survive that; after
# thirty, $2^{-15}$ is left. With tanh even Xavier narrows slowly: away from 0, tanh is smaller than $z$, so slightly larger
# weights do better, and PyTorch recommends a factor of $\tfrac{5}{3}$. Weights that are too large do harm as well: with tanh
# the activations pile up at the ends, where the slope is almost 0, and with ReLU they triple from layer to layer. The
# margin is narrow, for a small error in each layer multiplies from layer to layer. And initialisation sets only the first
# step right. As the weights change in training, things may drift again.

# %% [markdown] lang="ko"
# ### 배치 정규화: 매번 다시 맞추기
#
# 그러면 크기를 층 안에서 매번 다시 맞추면 어떨까요? 배치 정규화는 채널마다 미니배치의 평균 $\mu$와 분산 $\sigma^2$을 구해 $z$를
# 정규화하고, 배우는 수 $\gamma$와 $\beta$로 다시 늘이고 옮깁니다 {cite:p}`ioffe2015batch`. 그래야 필요하면 정규화를 되돌릴 수도 있습니다.
# 논문처럼 여기서는 들어오는 수를 $z$ 대신 $x_i$라고 씁니다.
#
# $$\mu = \frac{1}{m} \sum_i x_i \qquad \sigma^2 = \frac{1}{m} \sum_i (x_i - \mu)^2$$
#
# $$\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad y_i = \gamma \hat{x}_i + \beta$$
#
# $\epsilon$은 0으로 나누지 않게 하는 작은 수로, 여기서는 $10^{-5}$입니다. 합성곱에서는 채널 하나의 모든 자리가 함께 셈에 들어가므로
# $m = N \cdot H \cdot W$입니다. 분산은 $m$으로 나눈 것입니다.

# %% [markdown] lang="en"
# ### Batch normalisation: setting it right each time
#
# Why not set the size right inside the network, every time? Batch normalisation takes, for each channel, the mean $\mu$
# and the variance $\sigma^2$ over the mini-batch, normalises $z$, and then stretches and shifts it by two numbers that are
# learned, $\gamma$ and $\beta$ {cite:p}`ioffe2015batch`. So the network can undo the normalisation where it must. As in the
# paper, the numbers that enter are called $x_i$ here instead of $z$.
#
# $$\mu = \frac{1}{m} \sum_i x_i \qquad \sigma^2 = \frac{1}{m} \sum_i (x_i - \mu)^2$$
#
# $$\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad y_i = \gamma \hat{x}_i + \beta$$
#
# The small number $\epsilon$, here $10^{-5}$, keeps us from dividing by 0. In a convolution all places of a channel are
# counted together, so $m = N \cdot H \cdot W$. The variance is divided by $m$.


# %%
OVER = (0, 2, 3)  # images, rows and columns: what is left is the channel


def bn_forward(x, gamma, beta, eps=1e-5):
    """(N, C, H, W) to the same, with gamma and beta (1, C, 1, 1); and x̂ and 1 / σ."""
    mean = x.mean(OVER, keepdim=True)
    variance = (x - mean).square().mean(OVER, keepdim=True)  # divided by m
    inverse = (variance + eps).rsqrt()
    x_hat = (x - mean) * inverse
    return gamma * x_hat + beta, x_hat, inverse


torch.manual_seed(0)
x = (3 * torch.randn(8, 4, 5, 5, dtype=torch.float64) + 7).requires_grad_()
gamma = torch.randn(1, 4, 1, 1, dtype=torch.float64, requires_grad=True)
beta = torch.randn(1, 4, 1, 1, dtype=torch.float64, requires_grad=True)
y, x_hat, inverse = bn_forward(x, gamma, beta)
theirs = functional.batch_norm(
    x, None, None, gamma.flatten(), beta.flatten(), training=True
)
check.close(y, theirs, what="y")

# %% [markdown] lang="ko"
# 역전파에서는 조심해야 합니다. $x_i$는 세 길로 손실 $L$에 닿습니다. 자신의 $\hat{x}_i$로 곧장, 평균 $\mu$를 지나 모든 $\hat{x}_j$로, 그리고
# 분산 $\sigma^2$을 지나 모든 $\hat{x}_j$로 갑니다. $g_i = \partial L / \partial \hat{x}_i = \gamma\, \partial L / \partial y_i$,
# $s = 1 / \sqrt{\sigma^2 + \epsilon}$이라고 하면 연쇄 법칙은 다음과 같습니다.
#
# $$\frac{\partial L}{\partial x_i} = g_i\, s + \frac{\partial L}{\partial \mu} \cdot \frac{1}{m} + \frac{\partial L}{\partial \sigma^2} \cdot \frac{2 (x_i - \mu)}{m}$$
#
# $\mu$를 조금 올리면 모든 $\hat{x}_j$가 $s$배만큼 내려갑니다. 분산을 지나는 길도 있지만 $\sum_j (x_j - \mu) = 0$이라 사라집니다.
# $\sigma^2$에 대해서는 $\partial s / \partial \sigma^2 = -\tfrac{1}{2} s^3$과 $x_j - \mu = \hat{x}_j / s$를 씁니다.
#
# $$\frac{\partial L}{\partial \mu} = -s \sum_j g_j \qquad\qquad \frac{\partial L}{\partial \sigma^2} = -\frac{s^2}{2} \sum_j g_j\, \hat{x}_j$$
#
# 둘을 넣으면 세 항이 남습니다.
#
# $$\frac{\partial L}{\partial x_i} = s \Big( g_i - \frac{1}{m} \sum_j g_j - \hat{x}_i \cdot \frac{1}{m} \sum_j g_j\, \hat{x}_j \Big)$$
#
# 둘째 항은 $g$의 평균을 빼고, 셋째 항은 $g$에서 $\hat{x}$와 나란한 부분을 뺍니다. 입력을 모두 같이 옮기거나 같이 늘여도 출력은 변하지 않으니,
# 그레이디언트에도 그런 방향이 없어야 합니다.

# %% [markdown] lang="en"
# The backward pass needs care, since $x_i$ reaches the loss $L$ in three ways: straight through its own $\hat{x}_i$, through
# the mean $\mu$ to every $\hat{x}_j$, and through the variance $\sigma^2$ to every $\hat{x}_j$. Write $g_i = \partial L /
# \partial \hat{x}_i = \gamma\, \partial L / \partial y_i$ and $s = 1 / \sqrt{\sigma^2 + \epsilon}$. The chain rule says
#
# $$\frac{\partial L}{\partial x_i} = g_i\, s + \frac{\partial L}{\partial \mu} \cdot \frac{1}{m} + \frac{\partial L}{\partial \sigma^2} \cdot \frac{2 (x_i - \mu)}{m}$$
#
# When $\mu$ rises a little, every $\hat{x}_j$ falls by $s$ times as much. There is a way through the variance, too, but it
# vanishes because $\sum_j (x_j - \mu) = 0$. For $\sigma^2$ we use $\partial s / \partial \sigma^2 = -\tfrac{1}{2} s^3$ and
# $x_j - \mu = \hat{x}_j / s$.
#
# $$\frac{\partial L}{\partial \mu} = -s \sum_j g_j \qquad\qquad \frac{\partial L}{\partial \sigma^2} = -\frac{s^2}{2} \sum_j g_j\, \hat{x}_j$$
#
# Put both in, and three terms remain.
#
# $$\frac{\partial L}{\partial x_i} = s \Big( g_i - \frac{1}{m} \sum_j g_j - \hat{x}_i \cdot \frac{1}{m} \sum_j g_j\, \hat{x}_j \Big)$$
#
# The second term takes the mean of $g$ away, and the third the part of $g$ that is parallel to $\hat{x}$. Shifting all
# inputs together, or stretching them together, does not change the output, so the gradient must not have those directions.


# %%
def bn_backward(dy, x_hat, inverse, gamma):
    """From dL/dy: dL/dx, dL/dgamma and dL/dbeta."""
    g = dy * gamma
    through_mean = g.mean(OVER, keepdim=True)
    through_variance = x_hat * (g * x_hat).mean(OVER, keepdim=True)
    dx = inverse * (g - through_mean - through_variance)
    return dx, (dy * x_hat).sum(OVER, keepdim=True), dy.sum(OVER, keepdim=True)


dy = torch.randn_like(y)
mine = bn_backward(dy, x_hat, inverse, gamma)
by_autograd = torch.autograd.grad(y, (x, gamma, beta), dy)
for name, got, right in zip(("dx", "dγ", "dβ"), mine, by_autograd, strict=True):
    check.close(got, right, atol=1e-9, what=name)
zeros = torch.zeros(1, 4, 1, 1)
check.close(mine[0].sum(OVER, keepdim=True), zeros, what="sum of dx")
check.close((mine[0] * x_hat).sum(OVER, keepdim=True), zeros, what="dx · x̂")

# %% [markdown] lang="ko"
# 크기를 바꾸어도 출력이 같다는 이 성질은 논문의 두 주장, 곧 배치 정규화가 있으면 초기화에 덜 예민하고 더 큰 학습률을 쓸 수 있다는 주장을
# 설명합니다. 가중치를 $a > 0$배 하면 $z$가 $a$배가 되지만, $\epsilon$만큼의 차이를 빼면 $\hat{x}$는 그대로입니다. 그래서 처음 가중치의
# 크기는 출력에 영향을 주지 않습니다. 그리고 가중치에 대한 그레이디언트는 $\tfrac{1}{a}$배가 됩니다. 그러니 걸음이 가중치에 견주어 얼마나
# 큰지는 여전히 처음 가중치의 크기가 정합니다. 큰 걸음에 가중치가 커지면 다음 걸음은 저절로 작아집니다. 큰 학습률을 견디는 까닭입니다.
#
# $$\operatorname{BN}(a W x) = \operatorname{BN}(W x) \qquad\qquad \frac{\partial L}{\partial (a W)} = \frac{1}{a} \cdot \frac{\partial L}{\partial W}$$

# %% [markdown] lang="en"
# That stretching does not change the output explains two of the paper's claims: with batch normalisation a network is less
# sensitive to initialisation, and it can use a larger learning rate. Weights times $a > 0$ make $z$ times $a$, but up to
# $\epsilon$, $\hat{x}$ stays the same: the size of the initial weights no longer matters for the output. And the gradient
# with respect to the weights is multiplied by $\tfrac{1}{a}$, so the size still sets how large a step is in proportion to the
# weights. Where a large step has made the weights large, the next step is smaller by itself, and that is why a large learning
# rate does no harm.
#
# $$\operatorname{BN}(a W x) = \operatorname{BN}(W x) \qquad\qquad \frac{\partial L}{\partial (a W)} = \frac{1}{a} \cdot \frac{\partial L}{\partial W}$$


# %%
def after_norm(weight):
    z = functional.conv2d(inputs[:50], weight)
    return functional.batch_norm(z, None, None, training=True)


weight = torch.randn(8, 3, 3, 3, requires_grad=True)
tenfold = (10 * weight).detach().requires_grad_()
goal = torch.randn(50, 8, 14, 14)
gradients = [
    torch.autograd.grad((after_norm(w) * goal).sum(), w)[0] for w in (weight, tenfold)
]
check.close(after_norm(tenfold), after_norm(weight), atol=1e-3, what="BN(10 W x)")
check.close(10 * gradients[1], gradients[0], atol=0.02, what="10 dL/d(10 W)")


def normalise(z):
    return (z - z.mean(dim=0)) / (z.var(dim=0, correction=0) + 1e-5).sqrt()


pixels = inputs.flatten(1)
ends = [deep(pixels, std, torch.relu, norm=normalise)[7] for std in INITS.values()]
for end in ends[:3]:
    check.close(end, ends[3], atol=0.02, what="layer 8")

# %% [markdown] lang="ko"
# 마지막 세 검사는 네 초기화를 견줍니다. 같은 난수에 서로 크게 다른 배율을 곱한 것들입니다. 배치 정규화를 거치면 여덟 층 뒤에 모두 같은
# 수를 냅니다.
#
# ### 훈련 모드와 평가 모드
#
# 훈련할 때 한 이미지의 출력은 같은 미니배치에 든 다른 이미지에 달려 있습니다. 평가할 때는 그래서는 안 됩니다. 이미지가 한 장만 올
# 수도 있습니다. 그래서 훈련하는 동안 평균과 분산의 이동 평균을 모아 두었다가 평가 모드(eval mode)에서 씁니다. 배치 정규화의 모멘텀은
# 새 값의 몫으로, 옵티마이저의 모멘텀과는 다른 것입니다. 모멘텀이 0.1이면 걸음마다 이렇습니다.
#
# $$\mu_{\text{run}} \leftarrow 0.9\, \mu_{\text{run}} + 0.1\, \mu \qquad\qquad \sigma_{\text{run}}^2 \leftarrow 0.9\, \sigma_{\text{run}}^2 + 0.1 \cdot \frac{m}{m - 1}\, \sigma^2$$
#
# 훈련할 때 정규화에 쓰는 분산은 $m$으로 나눈 값입니다. 이동 평균에는 PyTorch도 논문도 $m - 1$로 나눈, 치우치지 않은 추정량(불편
# 추정량)을 씁니다 {cite:p}`ioffe2015batch`. 그래서 분산에만 $\tfrac{m}{m-1}$이 붙습니다. 두 모드를 갖춘 층을 직접 짜서 라이브러리와
# 견줍니다.

# %% [markdown] lang="en"
# The last three checks compare four initialisations, the same random draw at four widely different scales. With batch
# normalisation all of them give the same numbers after eight layers.
#
# ### Train mode and eval mode
#
# In training, what comes out for one image depends on the other images in its mini-batch. When the network is put to use it
# must not; there may be a single image. So running averages of mean and variance are kept during training and used in eval
# mode. The momentum of batch normalisation is the share of the new value and has nothing to do with the optimizer's. With a
# momentum of 0.1 each step does this.
#
# $$\mu_{\text{run}} \leftarrow 0.9\, \mu_{\text{run}} + 0.1\, \mu \qquad\qquad \sigma_{\text{run}}^2 \leftarrow 0.9\, \sigma_{\text{run}}^2 + 0.1 \cdot \frac{m}{m - 1}\, \sigma^2$$
#
# In training the variance is divided by $m$. For the running average PyTorch, like the paper, divides by $m - 1$ instead, the
# unbiased estimate {cite:p}`ioffe2015batch`; hence the factor $\tfrac{m}{m-1}$ on the variance alone. Here is a layer with
# both modes, compared with the library.


# %%
class BatchNorm(nn.Module):
    """(N, C, H, W) to the same, as nn.BatchNorm2d."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("variance", torch.ones(1, channels, 1, 1))
        self.eps, self.momentum = eps, momentum

    def forward(self, x):
        if not self.training:
            x_hat = (x - self.mean) * (self.variance + self.eps).rsqrt()
            return self.gamma * x_hat + self.beta
        with torch.no_grad():
            unbiased = x.var(OVER, correction=1, keepdim=True)  # over m - 1
            self.mean.lerp_(x.mean(OVER, keepdim=True), self.momentum)
            self.variance.lerp_(unbiased, self.momentum)
        return bn_forward(x, self.gamma, self.beta, self.eps)[0]


mine, library = BatchNorm(4), nn.BatchNorm2d(4)
for _ in range(5):
    x = 2 * torch.randn(6, 4, 3, 3) + 1
    y, theirs = mine(x), library(x)
check.close(y, theirs, what="train mode")
check.close(mine.mean.flatten(), library.running_mean, what="running mean")
check.close(mine.variance.flatten(), library.running_var, what="running variance")
check.close(mine.eval()(x), library.eval()(x), what="eval mode")
alone = mine.eval()(x[:1])
check.close(alone, mine(x)[:1], what="eval mode: alone or with others")
apart = (mine.train()(x[:1]) - y[:1]).abs().max()
check.that(apart > 0.1, "in train mode it depends on the others")

# %% [markdown] lang="ko"
# ## 처음 보는 이미지에서도 통하게 하기
#
# ### 데이터 증강
#
# 신호가 지나가면 신경망은 배웁니다. 문제는 너무 잘 배운다는 것입니다. 파라미터가 많으면 훈련 이미지를 외웁니다. 데이터 증강은
# 레이블을 바꾸지 않는 변화를 이미지에 무작위로 주어서, 똑같은 이미지를 두 번 보는 일이 드물어지게 합니다. 옮기기를 직접 짜 봅시다. 둘레에
# 0을 두르고 아무 데서나 원래 크기로 잘라 냅니다. 위아래로 2픽셀, 좌우로 2픽셀까지 옮기면 $5 \times 5 = 25$가지입니다. 라이브러리의
# 결과는 언제나 이 가운데 하나여야 합니다.

# %% [markdown] lang="en"
# ## Doing well on images never seen
#
# ### Data augmentation
#
# Once the signal gets through, the network learns. The trouble is that it learns too well: with many parameters it learns
# the training images by heart. Data augmentation changes the images at random in ways that leave the label alone, so that
# the network seldom sees exactly the same image twice. We write the shift by hand: put a frame of 0 around, and cut the old
# size out anywhere. By up to 2 pixels up or down and up to 2 left or right there are $5 \times 5 = 25$ ways. What the
# library gives must always be one of them.


# %%
def shifts(image, pixels=2):
    """All the ways to move one image (C, H, W) by up to so many pixels."""
    height, width = image.shape[1:]
    framed = functional.pad(image, (pixels,) * 4)  # (C, H + 4, W + 4)
    corners = np.ndindex(2 * pixels + 1, 2 * pixels + 1)
    return torch.stack([framed[:, i : i + height, j : j + width] for i, j in corners])


one = raw[4]
drawn = data.augmented(one.expand(500, -1, -1, -1), data.shift(2))
same = (drawn[:, None] == shifts(one)).flatten(2).all(dim=2)  # (500, 25)
check.close(same.sum(dim=1), torch.ones(500), what="each is one of the 25")
check.that(same.any(dim=0).all(), "all 25 occur")

# %% name="fig-augment" tags=["hide-input"] alt_ko="별 하나의 이미지가 여덟 줄에 여섯 장씩 있습니다. 줄마다 위치, 좌우, 크기, 밝기, 대비, 채도, 색조가 달라지고, 마지막 줄에서는 사각형 하나가 가려져 있습니다." alt_en="An image of a star, eight rows of six. From row to row it changes in place, left and right, size, brightness, contrast, saturation and hue, and in the last row a square of it is covered." caption_ko="한 이미지의 데이터 증강. 위에서부터 옮기기, 좌우 반전, 크기, 밝기, 대비, 채도, PCA 색 변화, 잘라 내기(cutout). 보기 좋게 48픽셀로 그렸습니다." caption_en="Augmentations of one image. From the top: shift, horizontal flip, scale, brightness, contrast, saturation, PCA colour, cutout. Drawn at 48 pixels to be seen well."
large = shapes.read("train", 48, 60)
ways = [
    data.shift(8),
    data.flip(alternate=False),
    data.scale(0.6, 1.4),
    data.brightness(0.3),
    data.contrast(0.6),
    data.saturation(0.9),
    data.pca_colour(large, std=1.0),
    data.cutout(16),
]
star = data.to_float(large.images[4]).expand(6, -1, -1, -1)
shown = torch.cat([data.augmented(star, way, seed=3) for way in ways])
look.grid(shown, columns=6, size=0.6)

# %% [markdown] lang="ko"
# 무엇이 레이블을 바꾸지 않는지는 자료를 아는 사람이 정합니다. 별과 고양이는 좌우로 뒤집어도 별과 고양이이지만, 숫자 2는 그렇지 않고
# 6은 반 바퀴 돌리면 9가 됩니다. AlexNet의 PCA 색 변화는 이미지의 모든 픽셀에, 훈련 세트의 색이 많이 변하는 방향으로 같은 수를 더합니다
# {cite:p}`krizhevsky2012imagenet`. 여기서는 보이도록 열 배로 했습니다.
#
# ### 드롭아웃
#
# 드롭아웃은 훈련하는 동안 걸음마다 유닛을 저마다 확률 $p$로 0으로 만듭니다 {cite:p}`srivastava2014dropout`. 다른 유닛
# 하나에 기댈 수 없으니 저마다 쓸모 있는 특징을 배우게 됩니다. 남은 것을 $1 - p$로 나누면 기댓값이 그대로이고, 평가할 때는 아무 일도 하지
# 않으면 됩니다. 논문은 반대로 남길 확률을 $p$라고 씁니다. 훈련할 때 나누는 대신, 평가할 때 가중치에 그 확률을 곱합니다. 두 방법의
# 기댓값은 같습니다.
#
# $$\tilde{x}_i = \frac{r_i\, x_i}{1 - p} \qquad\qquad P(r_i = 1) = 1 - p$$

# %% [markdown] lang="en"
# Only someone who knows the data can say which changes leave the label alone. A star and a cat stay what they are in the
# mirror, a 2 does not, and a 6 turned upside down is a 9. AlexNet's PCA colour adds the same numbers to all pixels of an
# image, along the directions in which the colours of the training set vary most {cite:p}`krizhevsky2012imagenet`; to make
# it visible, ours is ten times as strong.
#
# ### Dropout
#
# In each training step dropout sets every unit to 0 with probability $p$ {cite:p}`srivastava2014dropout`. No unit can rely
# on a single other one, so each must learn a feature that is useful in itself. What is kept is divided by $1 - p$. That
# leaves the expectation unchanged, and in eval mode nothing needs to be done. In the paper $p$ is the probability to keep a
# unit; nothing is divided in training, but in eval mode the weights are multiplied by that probability. The expectations
# are the same.
#
# $$\tilde{x}_i = \frac{r_i\, x_i}{1 - p} \qquad\qquad P(r_i = 1) = 1 - p$$


# %%
def dropout(x, p, training=True):
    if not training:
        return x
    kept = torch.rand_like(x) >= p
    return x * kept / (1 - p)


torch.manual_seed(0)
x = torch.rand(100, 4000) + 0.5
for drop in (dropout, functional.dropout):
    y = drop(x, 0.3)
    kept = y != 0
    check.close(y[kept], x[kept] / 0.7, what="kept")
    check.close((~kept).float().mean(), 0.3, atol=0.01, what="share dropped")
    check.close(y.mean(), x.mean(), atol=0.01, what="mean")
check.close(dropout(x, 0.3, training=False), x, what="eval mode")

# %% [markdown] lang="ko"
# ### 드롭블록
#
# 합성곱의 특징 맵에서는 드롭아웃이 잘 듣지 않는다는 말이 있습니다. 이웃한 활성값은 비슷해서, 하나를 지워도 이웃이 알려 주기
# 때문이라는 것입니다. 드롭블록은 한 변이 $b$인 정사각형을 통째로 지웁니다 {cite:p}`ghiasi2018dropblock`. 칸마다 확률 $\gamma$로
# 정사각형의 왼쪽 위 모서리를 놓는다고 합시다(배치 정규화의 $\gamma$와는 다른 수입니다). 지우는 비율이 $p$가 되려면 얼마나 자주 놓아야
# 할까요? 정사각형 하나가 $b^2$칸을 지우고, 모서리를 놓을 자리는 $H \times W$칸 가운데 $(H - b + 1)(W - b + 1)$칸뿐입니다.
#
# $$\gamma = \frac{p}{b^2} \cdot \frac{H\, W}{(H - b + 1)(W - b + 1)}$$
#
# 정사각형이 겹치는 것은 셈하지 않았으므로 실제로는 덜 지웁니다. 얼마나 덜 지우는지는 아래에서 잽니다. 남은 값에는 전체 칸의 수를 남은
# 칸의 수로 나눈 값을 곱합니다. 책의 패키지에 있는 층, 그리고 torchvision의 함수와 통계를 견줍니다.

# %% [markdown] lang="en"
# ### DropBlock
#
# Dropout is said to do little on the feature maps of convolutions: neighbouring activations are alike, and when one is
# dropped its neighbours still tell it. DropBlock drops whole squares of side $b$ {cite:p}`ghiasi2018dropblock`. Let the
# upper left corner of a square be placed in each cell with probability $\gamma$ (another number than batch normalisation's
# $\gamma$). How large must it be so that the share dropped is $p$? A square drops $b^2$ cells, and its corner fits into only
# $(H - b + 1)(W - b + 1)$ of the $H \times W$ cells.
#
# $$\gamma = \frac{p}{b^2} \cdot \frac{H\, W}{(H - b + 1)(W - b + 1)}$$
#
# Overlapping squares are not accounted for, so less is dropped; how much less, we measure below. What is kept is multiplied
# by the number of all cells divided by the number of cells kept. We compare the statistics with the layer of the book's
# package and with torchvision's function.


# %%
def drop_block(x, p, block):
    """(N, C, H, W) to the same, with squares of block × block set to 0."""
    height, width = x.shape[2:]
    rows, columns = height - block + 1, width - block + 1
    gamma = p / block**2 * (height * width) / (rows * columns)
    corners = torch.rand(*x.shape[:2], rows, columns) < gamma
    kept = torch.ones_like(x)
    for i, j in np.ndindex(block, block):  # each corner becomes a square
        kept[:, :, i : i + rows, j : j + columns] *= ~corners
    return x * kept * (kept.numel() / kept.sum())


torch.manual_seed(0)
x = torch.rand(400, 16, 16, 16) + 0.5
library = layers.DropBlock2d(0.3, block_size=3)
seen = {}
for name, drop in (
    ("by hand", lambda x: drop_block(x, 0.3, 3)),
    ("cnnbook", library),
    ("torchvision", lambda x: ops.drop_block2d(x, 0.3, 3)),
):
    y = drop(x)
    dropped = y == 0
    beside = dropped[..., 1:][dropped[..., :-1]].float().mean()
    seen[name] = [dropped.float().mean().item(), beside.item(), (y / x).mean().item()]
for other in ("cnnbook", "torchvision"):
    check.close(seen["by hand"], seen[other], atol=0.01, what=other)
check.close(library.eval()(x), x, what="eval mode")
pd.DataFrame(seen, index=["share dropped", "if its neighbour is", "mean"]).T.round(3)

# %%
shares = {  # by drop probability, on maps as large as those of this chapter's network
    p: {
        f"{size} × {size}": (drop_block(torch.ones(100, 64, size, size), p, 3) == 0)
        .float()
        .mean()
        .item()
        for size in (16, 8)
    }
    for p in (0.1, 0.3, 0.5)
}
shares = pd.DataFrame(shares).rename_axis(columns="asked for")
check.that((shares < shares.columns).all().all(), "less is dropped than asked for")
check.that(
    (shares[0.3] > 0.22).all() and (shares[0.5] < 0.45).all(),
    f"0.3: at least {shares[0.3].min():.2f}; 0.5: at most {shares[0.5].max():.2f}",
)
shares.round(2)

# %% [markdown] lang="ko"
# 첫 표의 둘째 열은 왼쪽 이웃이 지워졌을 때 자신도 지워지는 비율입니다. 드롭아웃이라면 0.3일 텐데 여기서는 그보다 훨씬 높습니다. 둘째 표를
# 보면 확률이 클수록 정사각형이 많이 겹쳐서, 0.3을 주면 0.25나 0.26, 0.5를 주면 0.39쯤만 지워집니다. 드롭아웃과 확률이 같아도 세기까지 같은 것은
# 아닙니다. 그런데 정말 이웃이 알려 줄까요? 처음 가중치의 합성곱층 하나에 이미지를 넣고, 지워진 값을 $5 \times 5$칸 안에 남은 값들의 평균으로 맞혀 봅시다. 맞힌 정도는
# 상관 계수로 잽니다.

# %% [markdown] lang="en"
# The second column of the first table is the share dropped among those whose left neighbour is dropped. Dropout would have
# 0.3; here it is far higher. The second table shows that squares overlap more as the probability rises: asked for 0.3,
# DropBlock drops 0.25 or 0.26, asked for 0.5 only about 0.39. The same probability as dropout's is not the same strength. But
# do the neighbours really tell? We send images through a convolutional layer with initial weights, and guess each
# dropped value by the mean of what is left within $5 \times 5$ cells. How good the guess is we measure by correlation.

# %%
torch.manual_seed(0)
conv = nn.Conv2d(3, 32, kernel_size=3, padding=1)
with torch.no_grad():
    maps = conv(inputs[:500]).relu()  # (500, 32, 16, 16)


def neighbourhood(each):
    """The sum over the 5 × 5 cells around each cell."""
    return 25 * functional.avg_pool2d(each, 5, stride=1, padding=2)


def guessed(drop):
    """Correlation of dropped values with the mean of their kept neighbours."""
    kept = (drop(torch.ones_like(maps)) != 0).float()
    count = neighbourhood(kept)
    guess = neighbourhood(maps * kept) / count.clamp(min=0.5)
    asked = (kept == 0) & (count > 0.5)
    return np.corrcoef(maps[asked], guess[asked])[0, 1]


telling = {
    "dropout": guessed(lambda x: functional.dropout(x, 0.3)),
    "DropBlock 3×3": guessed(lambda x: drop_block(x, 0.3, 3)),
    "DropBlock 5×5": guessed(lambda x: drop_block(x, 0.3, 5)),
}
check.that(
    telling["dropout"] > telling["DropBlock 3×3"] > telling["DropBlock 5×5"],
    " > ".join(f"{each:.2f}" for each in telling.values()),
)

# %% name="fig-masks" tags=["hide-input"] alt_ko="같은 특징 맵이 두 줄에 네 장씩 있습니다. 왼쪽은 온전한 것, 그다음은 확률 0.1, 0.3, 0.5로 지운 것입니다. 윗줄은 주황 점이 흩어져 있고, 아랫줄은 주황 정사각형이 뭉쳐 있습니다." alt_en="The same feature map in two rows of four: whole on the left, then with 0.1, 0.3 and 0.5 dropped. In the upper row orange dots are scattered, in the lower one orange squares stand together." caption_ko="위는 드롭아웃, 아래는 정사각형의 한 변이 3인 드롭블록. 주황이 지운 칸입니다. 확률은 왼쪽부터 0, 0.1, 0.3, 0.5이고, 드롭블록은 정사각형이 겹치는 만큼 그보다 덜 지웁니다." caption_en="Above dropout, below DropBlock with squares of side 3; what is dropped is orange. The probabilities are 0, 0.1, 0.3 and 0.5 from the left; DropBlock drops less than that, because its squares overlap."
torch.manual_seed(1)
grey = (maps[4, 5] / maps[4, 5].max()).expand(3, 16, 16)
orange = torch.tensor([0.94, 0.55, 0.05]).view(3, 1, 1)
tiles = []
for drop in (functional.dropout, lambda x, p: drop_block(x, p, 3)):
    for p in (0, 0.1, 0.3, 0.5):
        gone = drop(torch.ones(1, 1, 16, 16), p)[0] == 0
        tiles.append(torch.where(gone, orange, grey))
look.grid(tiles, columns=4, size=0.9)

# %% [markdown] lang="ko"
# 지운 값과 이웃의 상관은 드롭아웃에서 가장 높고 정사각형이 클수록 낮습니다. 적어도 훈련하지 않은 합성곱층 하나에서는 논문의 설명과
# 맞습니다. 그렇다고 정확도까지 오른다는 뜻은 아닙니다. 정확도는 뒤에서 잽니다.

# %% [markdown] lang="en"
# The correlation of the dropped values with their neighbours is highest for dropout, and lower the larger the squares. This
# fits the paper's explanation, at least in a first layer with random weights. It does not mean that the accuracy rises as
# well; that we measure further down.

# %% [markdown] lang="ko"
# ## 신경망 전체
#
# 여기서부터는 신경망 하나와 그 변형을 훈련합니다. 합성곱층 넷과 완전 연결층 둘이고, 마지막 층을 뺀 층마다 배치 정규화를 넣거나 뺄 수
# 있습니다. 배치 정규화는 논문을 따라 합성곱과 활성화 함수 사이에 둡니다. 패키지의 `studies.network`와 같은 함수인지 확인합니다. 시드가 같으면 처음
# 가중치도 같습니다.

# %% [markdown] lang="en"
# ## The whole network
#
# From here on we train one network and its variants: four convolutional layers and two fully connected ones, all but the
# last with or without batch normalisation, which stands between convolution and activation function, as in the paper. We
# check that it is the same function as the package's `studies.network`. With the same seed even the initial weights are the
# same.


# %%
def network(norm):
    """Images (N, 3, 16, 16) to logits (N, 10)."""

    def stage(layer, width, make):
        return [layer, *([make(width)] if norm else []), nn.ReLU()]

    model = nn.Sequential(
        *stage(nn.Conv2d(3, 32, kernel_size=3, padding=1), 32, nn.BatchNorm2d),
        *stage(nn.Conv2d(32, 32, kernel_size=3, padding=1), 32, nn.BatchNorm2d),
        nn.MaxPool2d(2),  # (N, 32, 8, 8)
        *stage(nn.Conv2d(32, 64, kernel_size=3, padding=1), 64, nn.BatchNorm2d),
        *stage(nn.Conv2d(64, 64, kernel_size=3, padding=1), 64, nn.BatchNorm2d),
        nn.MaxPool2d(2),  # (N, 64, 4, 4)
        nn.Flatten(),  # (N, 1024)
        *stage(nn.Linear(1024, 128), 128, nn.BatchNorm1d),
        nn.Linear(128, 10),
    )
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return model


for norm in ("none", "bn"):
    torch.manual_seed(0)
    mine = network(norm == "bn")
    torch.manual_seed(0)
    check.same_function(
        mine, studies.network(norm=norm), inputs[:8], inputs[8:16], atol=1e-4
    )

trace = look.trace(network(norm=True), (3, 16, 16))
expected = [(32, 16, 16)] * 6 + [(32, 8, 8)] + [(64, 8, 8)] * 6 + [(64, 4, 4)]
check.same_shapes(list(trace.output)[:14], expected)
trace.index.name = None
trace[~trace.layer.isin(["ReLU", "Flatten"])][["layer", "output", "parameters"]]

# %% [markdown] lang="ko"
# 배치 정규화의 파라미터는 채널마다 둘, 모두 640개로 전체의 1%도 되지 않습니다. 합성곱의 편향은 배치 정규화 앞에서는 쓸모가 없습니다. 채널마다
# 같은 수를 더해도 평균을 빼면서 사라지기 때문입니다. 여기서는 두 신경망을 견주려고 남겨 두었습니다.

# %% [markdown] lang="en"
# Batch normalisation has two parameters for each channel, 640 in all, less than 1% of the network. In front of it the
# convolution's bias is of no use: the same number added to a whole channel goes away with the mean. We keep it here so that
# the two networks can be compared.

# %%
torch.manual_seed(0)
model = network(norm=True)
before = model(inputs[:100])
with torch.no_grad():
    model[0].bias += 5.0
check.close(model(inputs[:100]), before, atol=1e-2, what="bias + 5")
scales = sum(p.numel() for p in model.parameters() if p.ndim == 1) - sum(
    layer.bias.numel() for layer in model if isinstance(layer, (nn.Conv2d, nn.Linear))
)
total = sum(p.numel() for p in model.parameters())
check.that(scales == 640 and scales < 0.01 * total, f"{scales} of {total:,}")

# %% [markdown] lang="ko"
# ## 직접 훈련해서 재기
#
# 이미지 2,000장으로 세 번 훈련합니다. 배치 정규화 없이 학습률 0.03과 0.1로 한 번씩, 배치 정규화를 넣고 0.1로 한 번 훈련합니다. 나머지는
# 모두 같습니다. 손실이 무한대가 되거나 NaN이 되면 발산한 것이고, `train.fit`이 오류 `Diverged`를 냅니다. 넘어야 할 기준은
# [‘보기’ 장](01_seeing)의 최근접 이웃입니다.

# %% [markdown] lang="en"
# ## Training it, and measuring
#
# We train three times on 2,000 images: without batch normalisation at the learning rates 0.03 and 0.1, and with it at 0.1.
# Everything else is the same. A training whose loss becomes infinite or NaN has diverged, and `train.fit` raises `Diverged`.
# The baseline to beat is the nearest neighbour of [the chapter on seeing](01_seeing).

# %%
recipe = {"epochs": 6, "batch_size": 50, "optimizer": "sgd", "schedule": "cosine"}


def learn(norm, lr):
    """The trained network, and its history, or None where the training diverged."""
    torch.manual_seed(0)
    model = network(norm)
    try:
        history = train.fit(model, train_set, test_set, lr=lr, quiet=True, **recipe)
    except train.Diverged:
        history = None
    name = f"{'BN' if norm else 'no BN'}, lr {lr}"
    print(f"{name}: {'diverged' if history is None else 'did not diverge'}")
    return model, history


def accuracies(history):
    """Of the test, by epoch; a network that has diverged is as good as guessing."""
    if history is None:
        return [0.1] * recipe["epochs"]
    return list(history.table.test_accuracy)


careful = accuracies(learn(norm=False, lr=0.03)[1])
bold_history = learn(norm=False, lr=0.1)[1]
bold = accuracies(bold_history)
bn_model, bn_history = learn(norm=True, lr=0.1)
normalised = accuracies(bn_history)

known, new = (data.to_float(each.images).flatten(1) for each in (train_set, test_set))
answers = train_set.labels[torch.cdist(new, known).argmin(dim=1)]
neighbour = (answers == test_set.labels).float().mean().item()
if bold_history is not None:
    check.that(bold[-1] < 0.2, f"without BN, 0.1: {bold[-1]:.3f} < 0.2")
check.that(careful[-1] > neighbour, f"without BN {careful[-1]:.3f} > {neighbour:.3f}")
check.that(
    normalised[-1] > careful[-1] + 0.05,
    f"with {normalised[-1]:.3f} > {careful[-1]:.3f}",
)

# %% name="fig-live" tags=["hide-input"] alt_ko="에폭 1에서 6까지의 테스트 정확도 곡선 셋과 가로 점선 하나. 배치 정규화가 있는 곡선이 가장 위에 있고, 없이 학습률 0.03인 곡선이 그 아래에서 오르고, 없이 0.1인 곡선은 10%에 머무릅니다. 최근접 이웃의 점선은 앞의 두 곡선의 끝보다 아래에 있습니다." alt_en="Three curves of test accuracy over epochs 1 to 6 and a dotted line. The curve with batch norm is on top, the one without at rate 0.03 rises below it, and the one without at rate 0.1 stays at 10%. The dotted line of nearest neighbour lies below the ends of the first two." caption_ko="방금 이 노트북에서 잰 테스트 정확도. 그린 이미지 2,000장으로 훈련하고 1,000장으로 쟀으며, 시드는 하나입니다. 점선은 최근접 이웃입니다. 발산한 훈련이 있으면 찍는 것과 같은 10%로 그립니다." caption_en="Test accuracy measured just now in this notebook: 2,000 drawn images to train on, 1,000 to test on, one seed. The dotted line is nearest neighbour. A training that diverges is drawn at 10%, which is guessing."
curves = {"BN, lr 0.1": normalised, "no BN, lr 0.03": careful, "no BN, lr 0.1": bold}
figure = look.curves(curves, ylabel="test accuracy")
figure.axes[0].axhline(neighbour, color=look.style.LIGHT["ink"], ls=":", lw=1.2)
figure

# %% [markdown] lang="ko"
# 배치 정규화가 없으면 학습률 0.1에서는 손실이 발산하지 않더라도 아무것도 배우지 못합니다. 조심스러운 0.03에서는 배우고, 배치 정규화가
# 있으면 0.1에서 더 빨리, 더 높이 갑니다.
#
# ### 옮기기로 증강하면
#
# 데이터 증강도 재 봅시다. 배치 정규화가 있는 훈련을 한 번 더 하되, 이미지를 미니배치에 넣을 때마다 상하좌우로 2픽셀까지 무작위로
# 옮깁니다. 나머지는 모두 같습니다.

# %% [markdown] lang="en"
# Without batch normalisation nothing is learned at the learning rate 0.1, even where the loss stays finite. At a careful
# 0.03 it learns, and with batch normalisation at 0.1 it gets further, and faster.
#
# ### Augmented by shifts
#
# We measure data augmentation as well. The training with batch normalisation is done once more, but whenever an image goes
# into a mini-batch it is moved at random by up to 2 pixels each way. Everything else is the same.

# %%
torch.manual_seed(0)
moved = network(norm=True)
moved_history = train.fit(
    moved, train_set, lr=0.1, augment=data.shift(2), quiet=True, **recipe
)
rows = {
    name: [
        train.evaluate(model, images, like=like).accuracy
        for images in (train_set, test_set)
    ]
    for name, model, like in (
        ("no augmentation", bn_model, bn_history),
        ("shift 2", moved, moved_history),
    )
}
live = pd.DataFrame(rows, index=["training images", "test images"]).T
check.that(
    live.loc["shift 2", "training images"]
    < live.loc["no augmentation", "training images"] - 0.1,
    "with shifts fewer of the training images are right",
)
check.that(
    live.loc["shift 2", "test images"] < live.loc["no augmentation", "test images"],
    "and, after so few epochs, fewer of the test images",
)
(100 * live).map("{:.1f}".format)

# %% [markdown] lang="ko"
# 옮기면 훈련 이미지를 훨씬 적게 맞힙니다. 외우지 못한 것입니다. 그런데 테스트 정확도도 더 낮습니다. 훈련 이미지도 많이 틀리는 것을 보면
# 여섯 에폭으로는 아직 덜 배운 것으로 보입니다. 데이터 증강은 문제를 어렵게 하므로 시간이 더 듭니다. 더 긴 훈련의 기록은 뒤에서 봅니다.
#
# ### 같은 이미지, 다른 미니배치
#
# 훈련한 신경망으로 두 모드의 차이를 봅시다. 테스트 이미지 하나를 무작위로 고른 다른 이미지들과 함께 훈련 모드(train mode)로 넣고, 정답에
# 준 확률을 잽니다. 함께 넣는 이미지를 서른 번 바꿉니다. 훈련 모드에서는 이동 평균이 바뀌므로 신경망을 복사해서 씁니다.

# %% [markdown] lang="en"
# With shifts far fewer of the training images are right: they were not learned by heart. But the test accuracy is lower, too.
# As so many of the training images are wrong, six epochs seem not to be enough yet. Data augmentation makes the problem
# harder and takes more time. The record of a longer training follows further down.
#
# ### The same image in other mini-batches
#
# The trained network shows how the modes differ. One test image goes in together with others drawn at random, in train mode,
# and we measure the probability given to the right answer. The other images change thirty times. Train mode changes the
# running averages, so we work on a copy.

# %%
mean, std = bn_history.mean.view(3, 1, 1), bn_history.std.view(3, 1, 1)
x_test = (data.to_float(test_set.images) - mean) / std
working = copy.deepcopy(bn_model)


@torch.no_grad()
def accuracy(batches):
    """Of the copy, in the mode in which it is; each batch lists numbers of test images."""
    right = [working(x_test[b]).argmax(dim=1) == test_set.labels[b] for b in batches]
    return torch.cat(right).float().mean().item()


def chance(number, others):
    """Probability of the right answer for one test image among these others."""
    with torch.no_grad():
        logits = working(x_test[torch.cat([torch.tensor([number]), others])])
    return logits[0].softmax(dim=0)[test_set.labels[number]].item()


torch.manual_seed(0)
NUMBER = 5  # the test image
working.eval()
settled = chance(NUMBER, torch.arange(20, 24))
check.close(chance(NUMBER, torch.arange(60, 80)), settled, atol=1e-4, what="eval mode")
in_eval = accuracy(torch.arange(1000).split(50))

working.train()
answers_among = {  # by the size of the mini-batch
    count: [chance(NUMBER, torch.randperm(1000)[: count - 1]) for _ in range(30)]
    for count in (4, 16, 64)
}
mixed = accuracy(torch.randperm(1000).split(50))
alike = accuracy(torch.argsort(test_set.labels).split(50))  # one class in each batch
spread = {count: np.ptp(found) for count, found in answers_among.items()}
check.that(spread[4] > spread[64], f"range {spread[4]:.2f} > {spread[64]:.2f}")
check.that(
    alike < mixed - 0.4,
    f"train mode: one class {alike:.3f}, mixed {mixed:.3f}; eval mode {in_eval:.3f}",
)

# %% name="fig-company" tags=["hide-input"] alt_ko="가로축은 함께 넣은 이미지의 수 4, 16, 64와 eval, 세로축은 정답의 확률. 4에서는 점 서른 개가 위아래로 넓게 흩어지고, 64에서는 좁게 모이고, eval은 마름모 하나입니다." alt_en="Batch sizes 4, 16 and 64 and eval across, the probability of the right answer upwards. At 4 thirty dots are scattered widely, at 64 they are close together, and eval is a single diamond." caption_ko="같은 이미지 한 장의 정답에 신경망이 준 확률. 미니배치의 크기마다 함께 넣는 이미지를 서른 번 바꾸었습니다. 마름모는 평가 모드입니다." caption_en="The probability that the network gives to the right answer for one and the same image, with thirty different sets of other images for each batch size. The diamond is eval mode."
figure = look.style.figure("half", 3.2)
axes = figure.add_subplot()
nudge = np.linspace(-0.18, 0.18, 30)
for place, found in enumerate(answers_among.values()):
    axes.plot(
        place + nudge, found, "o", ms=4, color=look.style.LIGHT["blue"], alpha=0.6
    )
axes.plot(3, settled, "D", ms=8, color=look.style.LIGHT["orange"])
axes.set_xticks(range(4), [*answers_among, "eval"])
axes.set(xlabel="batch size", ylabel="P(right answer)", ylim=(-0.03, 1.03))
figure

# %% [markdown] lang="ko"
# 평가 모드의 대답은 함께 넣은 이미지와 상관없이 하나입니다. 훈련 모드에서는 미니배치가 작을수록 함께 넣은 이미지에 따라 대답이 크게
# 흔들립니다. 미니배치를 한 클래스로만 채우면 정확도가 크게 떨어집니다. 섞은 미니배치에서는 70%가 넘던 것이 여기서는 20%에도 못
# 미칩니다. 평균을 빼면서 그 클래스의 특징까지 빼기 때문입니다. 실제로 쓸 때 `model.eval()`을 잊는 것은 가장 흔한 실수 가운데
# 하나입니다. 드롭아웃도 같은 호출로 끕니다. 한편 이 흔들림은 훈련하는 동안에는 잡음이 되어 외우기를 어렵게 합니다. 배치 정규화가
# 규제(regularization) 구실을 한다는 말은 여기서 나옵니다.

# %% [markdown] lang="en"
# In eval mode there is one answer, whatever the other images. In train mode the smaller the mini-batch, the more they
# sway it. Fill the mini-batches with one class each and the accuracy falls far, from above 70% in mixed mini-batches
# to below 20% here, because with the mean the features of that class are subtracted too. Forgetting `model.eval()` is
# one of the most common mistakes; the same call turns dropout off. During training, on the other hand, this swaying is
# noise that makes learning by heart harder. That is why batch normalisation is said to act as regularisation.

# %% [markdown] lang="ko"
# ## 긴 실험: 격자로 재기
#
# 아래의 수는 방금 잰 것이 아니라 `results/`의 기록에서 읽은 것입니다. 진짜 CIFAR-10 이미지 10,000장을 16픽셀로 줄여 훈련하고, 테스트 이미지
# 10,000장 모두에서 잽니다. 칸마다 시드가 셋이고, 마지막 에폭의 정확도를 적습니다. 아래에 찍힌 명령을 터미널에서 실행하면 다시 돌릴 수
# 있습니다. `CNNBOOK_DATA`는 CIFAR-10 이미지가 있는 폴더입니다. 정하지 않으면 이미지를 내려받습니다.

# %% [markdown] lang="en"
# ## The long runs: measured as grids
#
# The numbers below are not measured just now but read from the records in `results/`. The networks were trained on 10,000
# real images of CIFAR-10, scaled down to 16 pixels, and measured on all 10,000 test images. Each cell has three seeds, and
# what counts is the accuracy of the last epoch. The commands printed below run the studies again, in a terminal.
# `CNNBOOK_DATA` is the folder with the images of CIFAR-10; where it is not set they are downloaded.

# %% tags=["nbval-check-output"]
for study in (norm_study, drop_study, pooling_study):
    steps, machine = study["recipe"], study["hardware"]
    print(study["command"])
    print(
        f"  {len(study['runs'])} trainings, {study['seeds']} seeds,",
        f"{study['minutes']:.0f} minutes on {machine['cores']} cores of {machine['cpu']},",
        f"torch {study['versions']['torch']}",
    )
    print(
        f"  {steps['epochs']} epochs, {steps['optimizer']}, {steps['schedule']},",
        f"flip {steps['flip']}, shift {steps['shift']}",
    )


# %%
def with_spread(study, rows, columns, **fixed):
    """Mean ± standard deviation over the seeds, in percent."""
    mean = table_of(study, rows, columns, **fixed)
    spread = table_of(study, rows, columns, "std", **fixed)
    return (100 * mean).map("{:.1f}".format) + (100 * spread).map(" ± {:.1f}".format)


with_spread(norm_study, "init", "lr", norm="none").rename(index=INITIAL)

# %%
with_spread(norm_study, "init", "lr", norm="bn").rename(index=INITIAL)

# %% [markdown] lang="ko"
# ### 배치 정규화: 학습률과 처음 가중치
#
# 맨 앞의 두 표를 편차와 함께 적은 것입니다. 행의 이름은 처음 가중치의 표준 편차가 He 초기화의 몇 배인지를 나타냅니다. 앞의 히스토그램에
# 나온 크기와는 다릅니다. 모멘텀이 있는 SGD로 5에폭만 훈련했습니다. 발산한 훈련은 찍는 것과 같은 10%로 적었습니다.

# %% [markdown] lang="en"
# ### Batch normalisation: learning rate and initial weights
#
# These are the two tables of the beginning with their deviations. The rows are named by the standard deviation of the
# initial weights as a multiple of He initialisation's; the sizes in the histograms above are others. The training was
# short: 5 epochs of SGD with momentum. A training that diverged is written down as 10%, which is guessing.

# %%
without, with_bn = grids["without batch norm"], grids["with batch norm"]
failed = (without < 0.2).sum().sum()
check.that((with_bn > 0.45).all().all(), f"with BN, worst {with_bn.min().min():.3f}")
check.that(failed == 10, f"without BN: {failed} of {without.size} cells below 0.2")
check.that(
    (without.loc["2 He"] < 0.11).all()
    and (without.loc["He", [0.1, 0.3, 1]] < 0.11).all(),
    "2 He: everywhere; He: from 0.1 on",
)
best, best_bn = without.loc["He"].max(), with_bn.loc["He"].max()
check.that(best_bn > best + 0.08, f"He: {best_bn:.3f} > {best:.3f} + 0.08")
trainings = pd.DataFrame(norm_study["runs"]).groupby("norm").diverged
diverged, of = trainings.sum(), trainings.count()
check.that(
    diverged["bn"] == 0 and diverged["none"] > 10,
    f"diverged: {diverged['none']} of {of['none']}, with BN {diverged['bn']}",
)

# %% [markdown] lang="ko"
# 배치 정규화가 없으면 열다섯 칸 가운데 열 칸이 20%에도 못 미치고, 훈련 45번 가운데 21번이 발산합니다. 2 He는 어떤 학습률에서도 배우지
# 못하고, He도 0.1부터는 배우지 못합니다. ⅓ He는 0.1에서 50.3%까지 가지만 0.3에서는 시드 하나만 배워서 편차가 15.9입니다. 이런 칸은
# 평균만 보면 속습니다.
#
# 배치 정규화가 있으면 한 번도 발산하지 않고, 열다섯 칸이 모두 47%를 넘습니다. 그렇다고 초기화가 아무래도 좋은 것은 아닙니다. 학습률
# 0.01에서 ⅓ He는 61.2%, 2 He는 47.7%입니다. 앞의 식대로, 큰 가중치는 걸음을 작게 만들기 때문입니다. 그래서 2 He는 더 큰 학습률에서
# 가장 좋습니다.
#
# ### 드롭아웃과 드롭블록
#
# 데이터 증강 없이 Adam으로 20에폭을 훈련해서 신경망이 마음껏 외우게 했습니다. 합성곱의 두 풀링 바로 앞, ReLU 뒤에서 지운 것(conv)과
# 마지막 층 바로 앞, ReLU 뒤에서 지운 것(dense)을 견줍니다. 드롭블록의 정사각형은 한 변이 3입니다. 훈련 정확도도 평가 모드로, 곧 아무것도
# 지우지 않고 잽니다.

# %% [markdown] lang="en"
# Without batch normalisation ten of the fifteen cells do not even reach 20%, and 21 of 45 trainings diverge. 2 He learns at
# no learning rate, and He fails from 0.1 on. ⅓ He gets as far as 50.3% at 0.1, but at 0.3 only one seed learns, hence the
# deviation of 15.9. A mean alone would deceive here.
#
# With batch normalisation no training diverges, and all fifteen cells are above 47%. That does not mean that the
# initialisation does not matter: at the learning rate 0.01 ⅓ He has 61.2%, 2 He 47.7%. As the formula above says, large
# weights make the steps small; and so 2 He does best at higher learning rates.
#
# ### Dropout and DropBlock
#
# Here the training ran for 20 epochs of Adam without augmentation, so that the network may learn by heart as much as it
# likes. We compare dropping after the ReLU just before each of the two poolings (conv) and after the ReLU just before the
# last layer (dense). DropBlock's squares have side 3. The training accuracy, too, is measured in eval mode, where nothing is
# dropped.

# %%
KINDS = {
    "dropout, conv": ("dropout_conv", "none"),
    "DropBlock, conv": ("dropblock_conv", "none"),
    "dropout, dense": ("dropout_dense", "none"),
    "dense, with BN": ("dropout_dense", "bn"),
}


def drop_table(value):
    """Kinds (rows) and drop probabilities; at 0 all kinds are the same network."""
    cells = pd.DataFrame(drop_study["summary"]).set_index(["kind", "norm"])
    rows = {}
    for name, (kind, norm) in KINDS.items():
        both = cells.loc[[("none", norm), (kind, norm)]]
        rows[name] = both.set_index("probability")[value]
    return pd.DataFrame(rows).T


tested, trained = drop_table("test_accuracy"), drop_table("train_accuracy")
spread = drop_table("std")
said = (100 * tested).map("{:.1f}".format) + (100 * spread).map(" ± {:.1f}".format)
said.rename_axis(columns="drop probability")

# %% name="fig-dropout" tags=["hide-input"] alt_ko="색칠한 표 둘. 행은 합성곱의 드롭아웃, 합성곱의 드롭블록, 완전 연결층의 드롭아웃, 배치 정규화가 있는 완전 연결층의 드롭아웃, 열은 지우는 확률 0, 0.1, 0.3, 0.5. 왼쪽 테스트 정확도는 0의 열이 가장 어둡고, 합성곱의 두 행은 0.3에서, 나머지 두 행은 0.5에서 가장 밝습니다. 오른쪽 훈련 정확도는 확률이 클수록 낮아집니다." alt_en="Two shaded tables. Rows are dropout on convolutions, DropBlock on convolutions, dropout before the last layer, and the same with batch norm; columns the drop probabilities 0, 0.1, 0.3 and 0.5. In the test accuracy on the left the column of 0 is darkest; the two rows of convolutions are brightest at 0.3, the other two at 0.5. The training accuracy on the right falls as the probability rises." caption_ko="테스트 정확도와 훈련 정확도(퍼센트), 시드 세 개의 평균(results/study_dropout.json). 두 표의 색 눈금은 서로 다릅니다." caption_en="Test and training accuracy in percent, mean of three seeds (results/study_dropout.json). The two tables have different scales of colour."
panels(
    {"test accuracy": tested, "training accuracy": trained},
    "drop probability",
    "",
    digits=1,
    height=2.9,
)


# %%
def gap(one, other, means, spreads):
    """Difference of two cells (row, column) in points, and its standard error."""
    error = np.sqrt((spreads.loc[one] ** 2 + spreads.loc[other] ** 2) / 3)
    return 100 * (means.loc[one] - means.loc[other]), 100 * error


none, none_bn = ("dropout, dense", 0.0), ("dense, with BN", 0.0)
pairs = {
    "dropout conv 0.3 - none": (("dropout, conv", 0.3), none),
    "DropBlock conv 0.3 - none": (("DropBlock, conv", 0.3), none),
    "dropout dense 0.5 - none": (("dropout, dense", 0.5), none),
    "DropBlock - dropout, 0.1": (("DropBlock, conv", 0.1), ("dropout, conv", 0.1)),
    "DropBlock - dropout, 0.3": (("DropBlock, conv", 0.3), ("dropout, conv", 0.3)),
    "BN - none": (none_bn, none),
    "BN: dropout dense 0.5 - none": (("dense, with BN", 0.5), none_bn),
    "BN alone - dropout dense 0.5": (none_bn, ("dropout, dense", 0.5)),
}
gaps = {name: gap(*pair, tested, spread) for name, pair in pairs.items()}
gaps = pd.DataFrame(gaps)
gaps.index = ["points", "standard error"]
check.that(gaps.loc["points", "dropout conv 0.3 - none"] > 2, "dropout helps on conv")
gaps.T.round(2)

# %% [markdown] lang="ko"
# 아무것도 지우지 않으면 훈련 이미지를 100% 맞히면서 테스트는 55.5%입니다. 지우면, 저마다 가장 좋은 확률에서는 네 가지 모두 나아집니다.
# 그림의 오른쪽 표를 보면 확률이 클수록 훈련 정확도가 낮습니다. 외우기가 그만큼 어려워집니다. 합성곱에서 0.5를 지우면 드롭아웃은
# 76.0%, 드롭블록은 74.6%까지 내려가는데, 그때는 테스트 정확도도 0.3일 때보다 낮습니다.
#
# “합성곱에서 드롭아웃은 별로 듣지 않는다”는 말은 여기서 맞지 않습니다. 합성곱에서 0.3을 지운 것이 3.45퍼센트포인트(이하 포인트)를
# 올려서, 마지막 층 앞의 3.10에 뒤지지 않습니다. 드롭블록은 같은 확률 0.1에서 드롭아웃보다 1.81포인트 높습니다. 표준 오차(standard
# error)의 열 배쯤이니 우연으로 보기 어렵습니다. 그러나 같은 확률이 같은 세기는 아닙니다. 0.1의 드롭블록(58.7%)은 0.3의
# 드롭아웃(58.9%)과 비슷합니다. 저마다 가장 좋은 확률인 0.3에서는 차이가 0.52포인트로 표준 오차 0.34의 두 배가 되지 않습니다. 세 시드로는
# 어느 쪽이 나은지 말할 수 없습니다. 가장 좋은 확률은 테스트 정확도를 보고 골랐으니 그 이득은 조금 부풀려져 있고, 시드 세 개로 어림한 표준
# 오차도 확실하지 않습니다.

# %% [markdown] lang="en"
# Where nothing is dropped, 100% of the training images are right and 55.5% of the test images. Dropping, each at its best
# probability, helps in all four kinds. The table on the right of the figure shows that the training accuracy is lower the
# higher the probability: learning by heart becomes that much harder. Dropping 0.5 on the convolutions takes it down to 76.0%
# with dropout and 74.6% with DropBlock, and then the test accuracy, too, is lower than at 0.3.
#
# That dropout does little on convolutions does not hold here: 0.3 on the convolutions adds 3.45 percentage points (points
# from here on), no less than the 3.10 before the last layer. DropBlock is 1.81 points above dropout at the same probability
# of 0.1, about ten times the standard error, hardly an accident. But the same probability is not the same strength: DropBlock
# at 0.1 (58.7%) does about as well as dropout at 0.3 (58.9%). At 0.3, the best probability of each, the difference is 0.52
# points, less than twice the standard error of 0.34. Three seeds do not tell which of the two is better. The best
# probability was chosen by the test accuracy, which flatters its gain a little, and a standard error from three seeds is
# itself uncertain.

# %% [markdown] lang="ko"
# 배치 정규화가 드롭아웃을 대신할 수 있을까요? 여기서는 아닙니다. 배치 정규화만 넣었을 때의 차이는 0.75포인트(표준 오차 0.43)로, 올랐다고
# 말하기 어렵습니다. SGD로 5에폭만 훈련한 앞의 실험에서는, 가장 좋은 학습률끼리 견주면 차이가 9.5포인트였습니다. 여기서 배치 정규화는 훈련을 더 빠르고 안전하게 하지만,
# 오래 훈련한 결과는 거의 더 좋아지지 않습니다. 그 위에 드롭아웃을 더하면 2.95포인트가 오릅니다. 드롭아웃만 쓴 신경망이 배치 정규화만 쓴
# 신경망보다 2.35포인트 높습니다. 이 실험에서는 외우기가 가장 큰 문제입니다. 이미지가 10,000장뿐이고 증강도 없어서, 둘을 다 써도 훈련 이미지는
# 99.8%, 테스트 이미지는 59.2%를 맞힙니다. 논문은 이미지가 백만 장이 넘는 ImageNet에서 쟀습니다.
#
# ### 활성화 함수와 풀링
#
# 자주 나오는 질문이 둘 있습니다. 활성화 함수는 왜 비선형이어야 합니까? 풀링은 왜 최대 풀링입니까? 여섯 함수와 세 풀링을 모두 짝지어
# 15에폭씩 훈련했습니다. 여기서는 좌우 반전과 2픽셀 옮기기로 증강했고, 옵티마이저는 Adam입니다. `identity`는 활성화 함수가 없는 것이고,
# `stride`는 풀링 대신 앞의 합성곱이 두 칸씩 건너뛰는 것입니다. 처음 가중치의 표준 편차는 아래 표의 수를 $\sqrt{n_{\text{in}}}$으로 나눈
# 것입니다.

# %% [markdown] lang="en"
# Can batch normalisation take the place of dropout? Not here. Alone it makes a difference of 0.75 points (standard
# error 0.43), hardly a gain. In the earlier experiment, 5 epochs of SGD each at its best rate, the difference was 9.5
# points. Here batch normalisation makes training faster and safer, but the result of a longer training hardly better.
# Dropout on top of it adds 2.95 points. The network with dropout alone is 2.35 points above the one with batch
# normalisation alone. In this experiment, with 10,000 images and no augmentation, learning by heart is the greatest
# trouble: even with both, 99.8% of the training images are right and 59.2% of the test images. The paper measured on
# ImageNet, with more than a million images.
#
# ### Activation and pooling
#
# Two questions are asked often. Why should an activation function be nonlinear? And why max pooling? We paired six functions
# with three poolings and trained each pair for 15 epochs, here with flips and shifts of up to 2 pixels as augmentation, and
# with Adam. `identity` is no activation function at all, and `stride` has no pooling, but lets the convolution before it take
# steps of two. The standard deviation of the initial weights is the number in the table below divided by
# $\sqrt{n_{\text{in}}}$.

# %%
gains = {name: gain for name, (_, gain) in studies.ACTIVATIONS.items()}
pd.DataFrame(gains, index=["initial weights"]).round(3)

# %% name="fig-study" tags=["hide-input"] alt_ko="색칠한 표. 행은 identity, sigmoid, tanh, relu, leaky_relu, elu, 열은 max, average, stride. identity는 max에서만 밝고 나머지는 어둡습니다. sigmoid는 세 칸이 모두 어둡습니다. 나머지 네 행은 밝고 stride 열이 조금 어둡습니다. 가장 밝은 칸은 elu와 max입니다." alt_en="A shaded table. Rows are identity, sigmoid, tanh, relu, leaky_relu and elu, columns max, average and stride. identity is bright with max only and dark otherwise; all three cells of sigmoid are dark. The other four rows are bright, the column stride a little darker. The brightest cell is elu with max." caption_ko="테스트 정확도(퍼센트), 시드 세 개의 평균과 표준 편차. CIFAR-10의 10,000장, 16픽셀, 15에폭(results/study_activation_pooling.json)." caption_en="Test accuracy in percent, mean and standard deviation of three seeds. 10,000 images of CIFAR-10 at 16 pixels, 15 epochs (results/study_activation_pooling.json)."
pooled = table_of(pooling_study, "activation", "pooling")
pooled_spread = table_of(pooling_study, "activation", "pooling", "std")
panels({"": pooled}, "pooling", "", digits=1, height=3.4, spreads={"": pooled_spread})

# %%
linear, relu = pooled.loc["identity"], pooled.loc["relu"]
learned = table_of(pooling_study, "activation", "pooling", "train_accuracy")
check.that(
    relu["average"] > linear["average"] + 0.15,
    f"average: ReLU {100 * relu['average']:.1f}, none {100 * linear['average']:.1f}",
)
check.that(
    linear["max"] > relu["max"],
    f"max: none {100 * linear['max']:.1f}, ReLU {100 * relu['max']:.1f}",
)
check.that(
    abs(relu["max"] - relu["average"]) < 0.01,
    f"ReLU: max {100 * relu['max']:.1f}, average {100 * relu['average']:.1f}",
)
check.that(
    (pooled.loc[["leaky_relu", "elu"]] > relu).all().all(),
    "Leaky ReLU and ELU are above ReLU with every pooling",
)
check.that(
    (learned.loc["sigmoid"] < 0.45).all(),
    f"sigmoid, training: at most {100 * learned.loc['sigmoid'].max():.1f}",
)

# %% [markdown] lang="ko"
# 첫 질문의 답은 분명합니다. 활성화 함수가 없고 풀링도 선형이면(`average`, `stride`) 신경망 전체가 선형 함수라서 38%에 머무릅니다. ReLU를 넣으면
# 17에서 21포인트가 오릅니다. 그런데 활성화 함수 없이 최대 풀링만 있어도 62.1%로, ReLU와 최대 풀링의 58.1%보다 오히려 높습니다.
# 최댓값을 고르는 것 자체가 비선형이기 때문입니다. 신경망에 필요한 것은 비선형성이지 활성화 함수라는 이름의 층이 아닙니다.
#
# ReLU처럼 생겼지만 음수를 버리지 않는 Leaky ReLU와 ELU가 여기서는 ReLU보다 높습니다. ELU와 최대 풀링이 63.8%로 가장 높습니다. 시그모이드는
# 훈련 이미지에서도 42%를 넘지 못합니다. 과적합이 아니라 배우는 것이 느린 것으로 보입니다.
#
# 둘째 질문은 답이 덜 분명합니다. tanh와 ELU에서는 최대 풀링이 평균 풀링보다 2~4포인트 높지만, ReLU와 Leaky ReLU에서는 편차 안에서
# 같습니다. `stride`는 아래 네 행에서 가장 낮지만, 건너뛰는 합성곱은 자리의 $\tfrac{1}{4}$에서만 계산합니다. 미시킨 등은 최대 풀링은 고르는 힘과 불변성을 주고 평균 풀링은 모든
# 위치의 그레이디언트를 쓴다고 짐작했습니다 {cite:p}`mishkin2017systematic`. 우리의 표도 어느 한쪽이 늘 낫다고 말하지 않습니다.

# %% [markdown] lang="en"
# The first answer is plain. Where there is no activation function and the pooling is linear too (`average`, `stride`), the
# whole network is a linear function and stays at 38%. ReLU adds 17 to 21 points. But with max pooling and no
# activation function it reaches 62.1%, even more than the 58.1% of ReLU with max pooling. Taking a maximum is nonlinear in
# itself. What a network needs is nonlinearity, not a layer that goes by the name of activation function.
#
# Leaky ReLU and ELU, which are like ReLU but let something of the negative side through, are above ReLU here, and ELU with
# max pooling is best at 63.8%. Sigmoid gets no more than 42% of its own training images right. So this is not overfitting;
# it appears to learn slowly.
#
# The second answer is less plain. With tanh and ELU max pooling is 2 to 4 points above average pooling; with ReLU and
# Leaky ReLU they are equal within the deviations. `stride` is lowest in the four lower rows, but its striding
# convolutions compute at only $\tfrac{1}{4}$ of the places. Mishkin and others guess that max pooling brings
# selectivity and invariance, while average pooling uses the gradients of all places {cite:p}`mishkin2017systematic`.
# Our table, too, does not say that either is always better.

# %% [markdown] lang="ko"
# ### 데이터 증강, 더 긴 훈련
#
# 데이터 증강만 따로 잰 긴 실험은 없지만, 두 기록을 나란히 놓으면 견줄 수 있습니다. 드롭아웃 실험에서 아무것도 지우지 않은 신경망과, 방금 본
# 표에서 ReLU와 최대 풀링을 쓴 신경망은 같은 신경망입니다. 훈련 방법에서 다른 것은 증강과 에폭 수뿐입니다.

# %% [markdown] lang="en"
# ### Data augmentation, trained longer
#
# No study measures data augmentation by itself, but two records can be put side by side. The network of the dropout study
# with nothing dropped and the one with ReLU and max pooling in the table just seen are the same network. In their training
# only the augmentation and the number of epochs differ.

# %%
recipes = drop_study["recipe"], pooling_study["recipe"]
differ = [key for key in recipes[0] if recipes[0][key] != recipes[1][key]]
check.that(set(differ) == {"epochs", "flip", "shift"}, f"differ: {', '.join(differ)}")


def cell_of(study, **factors):
    """The summary of one cell of a study."""
    return next(each for each in study["summary"] if factors.items() <= each.items())


augmented = {
    "none, 20 epochs": cell_of(drop_study, kind="none", norm="none"),
    "flip and shift, 15 epochs": cell_of(
        pooling_study, activation="relu", pooling="max"
    ),
}
augmented = pd.DataFrame(augmented).T[["train_accuracy", "test_accuracy", "std"]]
augmented = 100 * augmented.astype(float)
gain = augmented.test_accuracy.diff().iloc[1]
error = np.sqrt(augmented["std"].pow(2).sum() / 3)
check.that(gain > 2 * error, f"{gain:.2f} points, standard error {error:.2f}")
augmented.map("{:.1f}".format)

# %% [markdown] lang="ko"
# 증강하면 에폭이 더 적은데도 2.67포인트(표준 오차 0.30) 높습니다. 훈련 이미지는 100%가 아니라 63.2%만 맞히니, 외우지 못한 것입니다. 다만
# 에폭 수도 다르므로 차이를 모두 증강 덕으로 돌릴 수는 없습니다.

# %% [markdown] lang="en"
# With augmentation the test accuracy is 2.67 points higher (standard error 0.30), with fewer epochs. Only 63.2% of the
# training images are right, not 100%: they were not learned by heart. But as the number of epochs differs too, not all of
# the difference can be put down to augmentation.

# %% [markdown] lang="ko"
# ## 논문의 주장
#
# 논문의 값과 우리가 잰 값을 나란히 적었습니다. 단위는 포인트이고, 배수에는 ×를 붙였습니다. 자료와 신경망이 다르니 크기가 아니라 방향을
# 견주세요. 배치 정규화 논문은 학습률 0.0015로 72.2%인 신경망이 배치 정규화를 넣고 30배의 학습률로 74.8%가 되었고, 다섯 배의 학습률로는
# $31.0 \times 10^6$걸음이 아니라 $2.1 \times 10^6$걸음 만에 72.2%에 이르렀다고 적었습니다 {cite:p}`ioffe2015batch`. 드롭아웃 논문은
# CIFAR-10의 오류율을 15.60%에서 완전 연결층의 드롭아웃으로 14.32%, 모든 층의 드롭아웃으로 12.61%로 줄였습니다
# {cite:p}`srivastava2014dropout`. 드롭블록은 ResNet-50의 정확도를 1.6포인트 올렸습니다 {cite:p}`ghiasi2018dropblock`. 나머지 줄은
# ImageNet을 128픽셀로 줄여 잰 것입니다 {cite:p}`mishkin2017systematic`.
#
# 논문의 차이가 0.2포인트보다 작거나 우리의 차이가 표준 오차의 두 배보다 작으면 방향을 말하지 않고 “no difference”라고 적었습니다. 배수는
# 논문과 우리가 모두 1보다 큰지를 봅니다. 별표(*)를 붙인 줄은 같은 비교가 아닙니다. 논문은 완전 연결층에 더해 합성곱층에서도 지웠고,
# 우리는 완전 연결층 대신 합성곱층에서만 지웠습니다.

# %% [markdown] lang="en"
# ## The papers' claims
#
# We put the papers' numbers beside ours, in points, or as a factor where there is a ×. Data and networks differ, so
# compare directions, not sizes. According to the paper on batch normalisation, a network with 72.2% at a learning rate
# of 0.0015 reached 74.8% with batch normalisation and 30 times the rate; with five times the rate it came to 72.2%
# not in $31.0 \times 10^6$ but in $2.1 \times 10^6$ steps {cite:p}`ioffe2015batch`. The paper on dropout brought the
# error on CIFAR-10 from 15.60% to 14.32% with dropout in the fully connected layers, and to 12.61% with dropout in
# all layers {cite:p}`srivastava2014dropout`. DropBlock added 1.6 points to the accuracy of a ResNet-50
# {cite:p}`ghiasi2018dropblock`. The other lines were measured on ImageNet at 128 pixels
# {cite:p}`mishkin2017systematic`.
#
# Where the paper's difference is below 0.2 points, or ours below two standard errors, we name no direction and write “no
# difference”. For factors we ask whether the paper's and ours are both above 1. The line with an asterisk (*) is not the same
# comparison: the paper dropped in the convolutional layers as well as in the fully connected ones, we in the convolutional
# layers instead.

# %%
he, he_spread = (
    table_of(norm_study, "norm", "lr", value, init="he")
    for value in ("test_accuracy", "std")
)
slow, fast = (he.loc[norm].idxmax() for norm in ("none", "bn"))  # the best rates
usable = he.columns[he.loc["bn"] > he.loc["none", slow]].max()  # BN is still ahead
reached = next(k for k, each in enumerate(normalised, 1) if each >= careful[-1])


def with_pooling(one, other):
    return gap(one, other, pooled, pooled_spread)


claims = {  # paper, ours, standard error of ours
    "BN, 5 epochs": (74.8 - 72.2, *gap(("bn", fast), ("none", slow), he, he_spread)),
    "BN, 20 epochs": (74.8 - 72.2, *gaps["BN - none"]),
    "BN: × learning rate": (0.045 / 0.0015, usable / slow, np.nan),
    "BN: × fewer steps (ours: live)": (31.0 / 2.1, recipe["epochs"] / reached, np.nan),
    "dropout beside BN": (52.7 - 51.3, *gaps["BN: dropout dense 0.5 - none"]),
    "dropout, dense": (15.60 - 14.32, *gaps["dropout dense 0.5 - none"]),
    "dropout, all layers (ours: conv) *": (
        15.60 - 12.61,
        *gaps["dropout conv 0.3 - none"],
    ),
    "DropBlock": (1.6, *gaps["DropBlock conv 0.3 - none"]),
    "ReLU - none, max pooling": (
        47.1 - 38.9,
        *with_pooling(("relu", "max"), ("identity", "max")),
    ),
    "ELU - ReLU": (48.8 - 47.1, *with_pooling(("elu", "max"), ("relu", "max"))),
    "max - average, ReLU": (
        47.1 - 43.5,
        *with_pooling(("relu", "max"), ("relu", "average")),
    ),
    "max - stride, ReLU": (
        47.1 - 47.2,
        *with_pooling(("relu", "max"), ("relu", "stride")),
    ),
}
claims = pd.DataFrame(claims, index=["paper", "ours", "standard error"]).T


def same_direction(paper, ours, error):
    """yes, no, or no difference; a factor, which has no error here, points above 1."""
    if np.isnan(error):
        return "yes" if np.sign(np.log(paper)) == np.sign(np.log(ours)) else "no"
    if abs(paper) < 0.2 or abs(ours) < 2 * error:
        return "no difference"
    return "yes" if np.sign(paper) == np.sign(ours) else "no"


same = [same_direction(*row) for row in claims.to_numpy()]
check.that(
    all(each == "yes" for each in same[:1] + same[2:8]),
    "lines 1 and 3 to 8: the same direction",
)
claims = claims.round(1).astype({"standard error": object}).fillna("")
claims.assign(**{"same direction": same})

# %% [markdown] lang="ko"
# 배치 정규화는 더 큰 학습률과 더 적은 걸음이라는 주장에서 방향이 같고, 정확도는 짧은 훈련에서만 뚜렷이 올랐습니다. 학습률의 배수 10은
# 이렇게 셌습니다. 배치 정규화가 없으면 학습률 0.03에서 가장 정확하고, 배치 정규화가 있으면 0.3까지는 그보다 정확합니다. 배치 정규화에 가장
# 좋은 학습률은 0.1입니다. 격자가 성기고 훈련이 짧으니 배수는 자릿수로만 읽으세요.
#
# 다섯째 줄에서 보듯이 배치 정규화가 있어도 드롭아웃은 도움이 되었고, 미시킨 등의 표에서도 드롭아웃 0.2가 0보다 높습니다. 배치 정규화
# 논문은 “몇몇 경우에” 드롭아웃이 필요 없다고만 했으니 모순은 아닙니다. 드롭아웃 논문에서는 완전 연결층에 더해 합성곱층에서도 지운 쪽이 더
# 나았습니다. 둘을 함께 쓰는 것은 여기서 재지 않았습니다.
#
# 마지막 네 줄에서는 ELU의 줄만 방향이 같습니다. 최대 풀링과 평균 풀링은 우리 실험에서, 최대 풀링과 `stride`는 논문에서 차이가 없습니다.
# 우리의 작은 실험에서 최대 풀링이 있으면 ReLU는 필요 없었지만, 미시킨 등의 더 큰 실험에서는 필요했습니다. 까닭은 재지 않았습니다. 작은
# 실험의 순위를 큰 실험에 그대로 옮기지 마세요.

# %% [markdown] lang="en"
# Batch normalisation agrees with the paper on larger learning rates and fewer steps; the accuracy clearly rose only in the
# short training. The factor of 10 for the learning rate is counted so: without batch normalisation 0.03 is best, and with it
# every rate up to 0.3 is still more accurate than that. The best rate with batch normalisation is 0.1. The grid is coarse and
# the training short, so read the factors as orders of magnitude only.
#
# As the fifth line shows, dropout helped even beside batch normalisation, and in the table of Mishkin and others, too, a
# dropout of 0.2 stands above 0. The paper on batch normalisation says no more than that dropout is unnecessary “in some
# cases”, so there is no contradiction. In the paper on dropout, dropping in the convolutional layers in addition to the fully
# connected ones was better still; we have not measured the two together.
#
# Of the last four lines only ELU's points the same way. Max and average pooling do not differ in our experiment, max pooling
# and `stride` not in the paper. In our small experiment max pooling made ReLU unnecessary; in the larger one of Mishkin and
# others it did not. Why, we have not measured. Do not carry the ranking of a small experiment over to a large one.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **ZFNet에서 “RMS가 0.1을 넘는 필터를 그 반지름으로 되돌린다”는 것은 무슨 뜻입니까?** RMS(root mean square)는 제곱 평균의
# 제곱근입니다. 필터 하나의 모든 가중치로 이것을 구해 0.1보다 크면, 딱 0.1이 되도록 필터 전체를 같은 비율로 줄입니다
# {cite:p}`zeiler2014visualizing`. 방향, 곧 무늬는 그대로이고 크기만 줄어듭니다. 작은 필터는 건드리지 않습니다. 아래 셀의
# 앞부분입니다.
#
# **초기화를 따로 하지 않으면 PyTorch는 무엇을 합니까?** `nn.Linear`와 `nn.Conv2d`의 가중치는 $\pm 1 / \sqrt{n_{\text{in}}}$ 사이에서 고르게
# 뽑습니다. 분산은 $1 / (3 n_{\text{in}})$이므로 표준 편차가 He의 $1/\sqrt{6} \approx 0.41$배입니다. 우리 표의 ⅓ He에
# 가깝습니다. 얕은 신경망이나 배치 정규화가 있는 신경망에서는 괜찮지만, 깊은 ReLU 신경망에 배치 정규화가 없으면 He로 바꾸세요.
#
# **배치 정규화는 활성화 함수의 앞입니까, 뒤입니까?** 논문은 앞에 두었습니다 {cite:p}`ioffe2015batch`. 미시킨 등의 표에서는 $\gamma$와 $\beta$가
# 없을 때 ReLU 앞이 47.4%, 뒤가 49.9%입니다 {cite:p}`mishkin2017systematic`. 어느 쪽이나 씁니다. 앞에 두면 훈련을 시작할 때 ReLU의
# 절반쯤이 켜집니다. 그 뒤에는 $\beta$가 정합니다.
#
# **정규화와 규제는 다릅니까?** 다릅니다. 정규화(normalization)는 수의 크기를 맞추는 것이고, 규제(regularization)는 외우기를 막는 것입니다. 배치
# 정규화는 앞의 것이고, 드롭아웃과 데이터 증강은 뒤의 것입니다. 배치 정규화가 규제 구실도 조금 한다는 말 때문에 자주 섞입니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **What does ZFNet mean by "renormalise each filter whose RMS exceeds 0.1 to this radius"?** RMS is the root of the mean of
# the squares. Take it over all weights of one filter, and where it is above 0.1, shrink the whole filter in proportion until
# it is exactly 0.1 {cite:p}`zeiler2014visualizing`. The direction, which is the pattern, stays; only the size changes. Small
# filters are left alone. The first lines of the cell below do it.
#
# **What does PyTorch do if I initialise nothing?** The weights of `nn.Linear` and `nn.Conv2d` are drawn evenly between
# $\pm 1 / \sqrt{n_{\text{in}}}$. The variance is $1 / (3 n_{\text{in}})$, so the standard deviation is $1/\sqrt{6} \approx
# 0.41$ of He's, close to ⅓ He in our table. For a shallow network, or one with batch normalisation,
# that will do; in a deep ReLU network without it, change to He.
#
# **Does batch normalisation go before or after the activation function?** The paper puts it before {cite:p}`ioffe2015batch`.
# In the table of Mishkin and others, without $\gamma$ and $\beta$, before ReLU has 47.4%, after it 49.9%
# {cite:p}`mishkin2017systematic`. Both are in use. Put before, it begins with about half of the ReLUs switched on;
# later $\beta$ decides.
#
# **Are normalisation and regularisation the same?** No. Normalisation sets the size of numbers right; regularisation keeps
# the network from learning by heart. Batch normalisation is the former, dropout and augmentation are the latter. They are
# often confused because batch normalisation is said to regularise a little, too.

# %%
filters = torch.randn(8, 3, 7, 7) * torch.linspace(0.02, 0.3, 8).view(8, 1, 1, 1)
rms = filters.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()  # one for each filter
renormalised = filters * (0.1 / rms).clamp(max=1)
after = renormalised.square().mean(dim=(1, 2, 3)).sqrt()
check.close(after, rms.flatten().clamp(max=0.1), what="RMS")

torch.manual_seed(0)
default = nn.Linear(1000, 1000).weight.std() / INITS["He"](1000, 1000)
check.close(default, 1 / 6**0.5, atol=0.01, what="PyTorch / He")

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 함수로 답하는 연습은 무작위로 고른 입력에서 검사합니다. 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀
# 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. An answer that is a function is checked on random inputs. Where something is wrong, the
# check says what. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 백색화하고 되돌리기.** ZCA를 NumPy로 작성하세요. `zca(x, eps)`는 모양 $(N, D)$인 배열을 받아 같은 모양을 돌려줍니다. 평균을 빼고, $N$으로 나눈
# 공분산 행렬의 고유 벡터로 축을 돌리고, $\sqrt{\lambda + \epsilon}$으로 나누고, 원래의 축으로 되돌립니다. `np.linalg.eigh`는 고윳값과, 열에 놓인 고유
# 벡터를 줍니다.

# %% [markdown] lang="en"
# **Exercise: whiten and turn back.** Write ZCA in NumPy. `zca(x, eps)` takes an array of shape $(N, D)$ and returns the same
# shape. Subtract the mean, turn to the eigenvectors of the covariance matrix (over $N$), divide by $\sqrt{\lambda +
# \epsilon}$, and turn back to the old axes. `np.linalg.eigh` gives the eigenvalues, and the eigenvectors in columns.


# %% tags=["exercise"]
def zca(x, eps): ...


check.exercise("zca", zca)


# %% tags=["solution"]
# solution
def zca(x, eps):
    centred = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    return centred @ vectors / np.sqrt(values + eps) @ vectors.T


check.exercise("zca", zca, solution=True)

# %% [markdown] lang="ko"
# **연습: 배치 정규화의 역전파.** 완전 연결층 뒤의 배치 정규화입니다. `norm_backward(dy, x, gamma, eps)`는 모양 $(N, D)$인 `dy`와 `x`, 모양 $(D,)$인
# `gamma`를 받아 $\partial L / \partial x$를 NumPy로 돌려줍니다. $\hat{x}$와 $s$부터 `x`에서 다시 계산하세요.

# %% [markdown] lang="en"
# **Exercise: batch normalisation, backward.** Here it stands after a fully connected layer. `norm_backward(dy, x, gamma, eps)`
# takes `dy` and `x` of shape $(N, D)$ and `gamma` of shape $(D,)$, and returns $\partial L / \partial x$ in NumPy. Begin by
# computing $\hat{x}$ and $s$ from `x`.


# %% tags=["exercise"]
def norm_backward(dy, x, gamma, eps): ...


check.exercise("norm_backward", norm_backward)


# %% tags=["solution"]
# solution
def norm_backward(dy, x, gamma, eps):
    inverse = 1 / np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) * inverse
    g = dy * gamma
    return inverse * (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0))


check.exercise("norm_backward", norm_backward, solution=True)

# %% [markdown] lang="ko"
# **연습: 이동 평균 한 걸음.** `update_running(mean, variance, x, momentum)`은 지금까지의 이동 평균 둘(모양 $(D,)$)과 미니배치 `x` $(N, D)$를 받아, PyTorch처럼
# 한 걸음 뒤의 두 값을 튜플로 돌려줍니다. `momentum`은 새 값의 몫입니다. 분산을 무엇으로 나눈 것인지 조심하세요.

# %% [markdown] lang="en"
# **Exercise: one step of the running averages.** `update_running(mean, variance, x, momentum)` takes the two running averages
# so far, of shape $(D,)$, and a mini-batch `x` $(N, D)$. It returns both after one step as a tuple, as PyTorch does.
# `momentum` is the share of the new value. Mind what the variance is divided by.


# %% tags=["exercise"]
def update_running(mean, variance, x, momentum): ...


check.exercise("update_running", update_running)


# %% tags=["solution"]
# solution
def update_running(mean, variance, x, momentum):
    mean = (1 - momentum) * mean + momentum * x.mean(axis=0)
    variance = (1 - momentum) * variance + momentum * x.var(axis=0, ddof=1)
    return mean, variance


check.exercise("update_running", update_running, solution=True)

# %% [markdown] lang="ko"
# **연습: 접어 넣기.** 평가 모드의 배치 정규화는 채널마다 곱하고 더하는 것뿐이라 앞의 합성곱에 접어 넣을 수 있습니다. `fold(weight, bias, mean,
# variance, gamma, beta, eps)`는 모양 $(K, C, F, F)$인 가중치를 받습니다. `eps`를 뺀 나머지는 모양이 $(K,)$입니다. 합성곱 하나로 같은 결과를 내는 새
# 가중치와 편향을 튜플로 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: folded in.** In eval mode batch normalisation only multiplies and adds for each channel, so it can be
# folded into the convolution before it. `fold(weight, bias, mean, variance, gamma, beta, eps)` takes weights of shape
# $(K, C, F, F)$; the others, except `eps`, have the shape $(K,)$. It returns the new weights and the new bias as a
# tuple, with which one convolution gives the same result.


# %% tags=["exercise"]
def fold(weight, bias, mean, variance, gamma, beta, eps): ...


check.exercise("fold", fold)


# %% tags=["solution"]
# solution
def fold(weight, bias, mean, variance, gamma, beta, eps):
    scale = gamma / np.sqrt(variance + eps)
    return weight * scale[:, None, None, None], (bias - mean) * scale + beta


check.exercise("fold", fold, solution=True)
first, norm = bn_model[0], bn_model.eval()[1]
folded = fold(
    *(each.detach().numpy() for each in (first.weight, first.bias)),
    *(each.detach().numpy() for each in (norm.running_mean, norm.running_var)),
    *(each.detach().numpy() for each in (norm.weight, norm.bias)),
    norm.eps,
)
with torch.no_grad():
    once = functional.conv2d(x_test[:8], *map(torch.tensor, folded), padding=1)
    check.close(once, norm(first(x_test[:8])), atol=1e-3, what="folded")

# %% [markdown] lang="ko"
# **연습: 얼마나 자주 놓을까요?** 드롭블록의 $\gamma$를 계산하는 `drop_rate(keep, block, height, width)`를 작성하세요. 본문과 다른 점이 하나 있습니다. 논문처럼
# `keep`은 지울 확률이 아니라 남길 확률입니다.

# %% [markdown] lang="en"
# **Exercise: how often to place a square?** Write `drop_rate(keep, block, height, width)`, which computes DropBlock's $\gamma$.
# One thing differs from the text: as in the paper, `keep` is the probability to keep, not to drop.


# %% tags=["exercise"]
def drop_rate(keep, block, height, width): ...


check.exercise("drop_rate", drop_rate)


# %% tags=["solution"]
# solution
def drop_rate(keep, block, height, width):
    places = (height - block + 1) * (width - block + 1)
    return (1 - keep) / block**2 * height * width / places


check.exercise("drop_rate", drop_rate, solution=True)

# %% [markdown] lang="ko"
# **연습: 두 모드의 정확도를 재기.** 훈련한 `bn_model`이 테스트 이미지 `x_test` 1,000장을 얼마나 맞히는지 두 번 재세요. 한 번은 평가 모드로,
# 한 번은 훈련 모드로 두 장씩 묶어서 잽니다. 앞에서 만든 `accuracy(batches)`는 `working`이라는 신경망을, 그것이 놓인 모드로 잽니다. 먼저
# `copy.deepcopy`로 `bn_model`을 복사해서 `working`에 넣고, 이미지의 순서는 `torch.randperm(1000)`으로 섞으세요. 정확도는 0과 1 사이의 수로
# 적습니다. 재기 전에, 훈련 모드의 정확도를 예상해서 셀의 첫 줄에 적어 두세요.

# %% [markdown] lang="en"
# **Exercise: how much does the mode matter?** Measure twice how many of the 1,000 test images `x_test` the trained `bn_model`
# gets right: once in eval mode, and once in train mode, two at a time. The `accuracy(batches)` made above measures the network
# called `working`, in the mode in which it is. First put a copy of `bn_model`, made by `copy.deepcopy`, into `working`, and mix
# the images by `torch.randperm(1000)`. Give the accuracies as numbers between 0 and 1. Before you measure, write your guess for
# train mode into the first line of the cell.

# %% tags=["exercise"]
# My guess for train mode:
in_eval_mode, in_train_mode = ..., ...

check.exercise("what_the_mode_gave", (in_eval_mode, in_train_mode))

# %% tags=["solution"]
# solution
torch.manual_seed(0)
working = copy.deepcopy(bn_model).eval()
in_eval_mode = accuracy(torch.arange(1000).split(100))
working.train()
in_train_mode = accuracy(torch.randperm(1000).split(2))

check.exercise("what_the_mode_gave", (in_eval_mode, in_train_mode), solution=True)
print(f"eval {in_eval_mode:.3f}, train, two at a time {in_train_mode:.3f}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - 배치 정규화 논문 {cite:p}`ioffe2015batch`: 3절에 순전파와 역전파, 4절에 실험이 있습니다.
# - {cite:t}`glorot2010understanding`: 활성값과 그레이디언트의 히스토그램으로 초기화를 따집니다.
# - {cite:t}`he2015delving`: ReLU를 위한 초기화, 그리고 음수 쪽 기울기를 배우는 PReLU를 다룹니다.
# - 드롭아웃 논문 {cite:p}`srivastava2014dropout`: 부록에 학습률과 확률을 고르는 조언이 있습니다.
# - 드롭블록 논문 {cite:p}`ghiasi2018dropblock`: 이웃이 알려 주는 값까지 지우는 방법입니다.
# - {cite:t}`mishkin2017systematic`: 이 장의 표와 같은 물음을 ImageNet에서 훨씬 넓게 쟀습니다.

# %% [markdown] lang="en"
# ## What to read
#
# - The paper on batch normalisation {cite:p}`ioffe2015batch`: section 3 has the forward and backward pass, section 4 the
#   experiments.
# - {cite:t}`glorot2010understanding` examine initialisation by histograms of activations and gradients.
# - {cite:t}`he2015delving`: initialisation for ReLU, and PReLU, which learns the slope of the negative side.
# - The paper on dropout {cite:p}`srivastava2014dropout`: its appendix advises on learning rates and probabilities.
# - The paper on DropBlock {cite:p}`ghiasi2018dropblock`: how to drop what the neighbours tell as well.
# - {cite:t}`mishkin2017systematic` measured the questions of this chapter's tables far more widely, on ImageNet.
