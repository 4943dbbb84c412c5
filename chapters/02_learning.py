# %% [markdown] lang="ko"
# # 틀리면서 배우기
#
# ## 무엇을 만들게 될까요?
#
# 아래 그림은 손으로 쓴 숫자를 읽는 작은 신경망입니다. 픽셀 784개가 들어가 은닉 유닛 200개를 거치고 로짓 10개로 나옵니다.
# 은닉 유닛은 입력과 출력 사이에서 계산하는 수이고, 로짓은 숫자마다 하나씩 매기는 점수입니다. 마지막 막대는 대답이 얼마나
# 틀렸는지를 나타내는 수 하나, 곧 손실입니다. 이 신경망에는 정해야 할 수가 159,010개 있습니다. 이 장에서는 그 수를 하나도
# 손으로 정하지 않습니다. 틀린 만큼을 재고, 어느 쪽으로 고치면 덜 틀리는지 계산하고, 조금 고치는 일을 되풀이하는 프로그램을
# 만듭니다. 먼저 계산의 모든 수를 손으로 따라가고, 그다음 실제 손글씨 숫자 이미지 4,000장으로 훈련합니다.

# %% [markdown] lang="en"
# # Learning from mistakes
#
# ## What you will build
#
# The picture below is a small network that reads handwritten digits. 784 pixels go in, pass 200 hidden units, and come
# out as 10 logits. Hidden units are numbers computed between the input and the output, and logits are scores, one for
# each digit. The last bar stands for a single number that says how wrong the answer is: the loss. In this network 159,010
# numbers must be chosen, and in this chapter you choose none of them by hand. You build a program that measures how
# wrong it is, computes which way each number must change for the answer to be less wrong, changes it a little, and
# repeats. First you follow every number of that computation with a pencil; then you train on 4,000 images of real
# handwritten digits.

# %%
import time

import numpy as np
import pandas as pd
import torch
from matplotlib.patches import Circle
from torch import nn
from torch.nn import functional

from cnnbook import check, data, look, runs

torch.set_num_threads(1)  # then the same seed gives the same weights

train_set = data.load("digits")
test_set = data.load("digits", "test")


def pixels(imageset):
    """Images as rows of numbers: float (N, 784), values 0..1."""
    return data.to_float(imageset.images).flatten(1)


mean, std = pixels(train_set).mean(), pixels(train_set).std()
x_train, y_train = (pixels(train_set) - mean) / std, train_set.labels
x_test, y_test = (pixels(test_set) - mean) / std, test_set.labels
paint = look.style.LIGHT  # the book's colours

# %% name="fig-network" tags=["hide-input"] alt_ko="화살표로 이어진 막대 넷. 차례로 입력 784, 은닉 200, 로짓 10, 손실 1입니다. 화살표에는 full과 ReLU, full, softmax와 log가 적혀 있습니다." alt_en="Four bars joined by arrows, in this order: input 784, hidden 200, logits 10, loss 1. The arrows are labelled full and ReLU, then full, then softmax and log." caption_ko="이 장의 신경망과 손실. full은 출력 하나하나가 모든 입력의 가중합인 완전 연결층, ReLU는 음수를 0으로 바꾸는 함수입니다." caption_en="This chapter's network, and its loss. Full means a fully connected layer, in which each output is a weighted sum of all inputs; ReLU replaces negative numbers by 0."
look.draw.network(
    [
        ("input", (784,), ""),
        ("hidden", (200,), "full\nReLU"),
        ("logits", (10,), "full"),
        ("loss", (1,), "softmax\nlog"),
    ]
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# 파이썬, 행렬 곱, 미분의 연쇄 법칙을 알면 됩니다. [앞 장](01_seeing)에서 만난 최근접 이웃과 소프트맥스 회귀는 다시 짧게
# 설명합니다. 합성곱은 나오지 않습니다. 이 장에서 배운 것을 [합성곱 장](03_convolution)부터 책 끝까지 씁니다. GPU도 인터넷
# 연결도 필요하지 않고, 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 40초쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# Python, matrix products, and the chain rule of differentiation. Nearest neighbour and softmax regression, which you
# met in [the chapter before](01_seeing), are recalled in brief. There is no convolution in this chapter yet, but what you
# learn here is used from [the chapter on convolution](03_convolution) to the end of the book. Neither a GPU nor an
# internet connection is needed, and running this notebook from top to bottom takes about 40 seconds on one CPU core.

# %% [markdown] lang="ko"
# ## 누가 수를 정할까요?
#
# 소프트맥스 회귀(softmax regression)는 클래스 $k$마다 픽셀의 가중합 $z_k = \sum_i W_{ki} x_i + b_k$를 점수로 매깁니다. 이
# 점수가 로짓(logit)이고, 소프트맥스(softmax)는 로짓을 모두 양수이며 합이 1인 확률로 바꿉니다.
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# 가중치(weight) $W$와 편향(bias) $b$를 통틀어 파라미터(parameter)라고 합니다. 여기서는 모두 7,850개입니다. 아무렇게나
# 정하면 어떻게 될까요?

# %% [markdown] lang="en"
# ## Who chooses the numbers?
#
# Softmax regression gives each class $k$ a score, a weighted sum of the pixels, $z_k = \sum_i W_{ki} x_i + b_k$. These
# scores are the logits, and softmax turns them into probabilities: all positive, with the sum 1.
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# The weights $W$ and biases $b$, together called the parameters, are 7,850 numbers. What if we choose them at random?


# %%
def softmax(z):
    e = (z - z.max(dim=1, keepdim=True).values).exp()
    return e / e.sum(dim=1, keepdim=True)


def accuracy(logits, labels):
    return (logits.argmax(dim=1) == labels).float().mean().item()


torch.manual_seed(0)
W, b = 0.1 * torch.randn(10, 784), torch.zeros(10)
check.that(W.numel() + b.numel() == 7_850, "10 × 784 + 10 = 7,850")
check.close(softmax(x_test @ W.T + b).sum(dim=1), torch.ones(1000), what="Σ p")
guessing = accuracy(x_test @ W.T + b, y_test)
check.that(guessing < 0.3, f"accuracy at random {guessing:.3f} < 0.3")

# %% [markdown] lang="ko"
# 찍는 것과 다름없습니다. 좋은 수 7,850개를 어떻게 찾을까요? 하나하나 시험해 볼 수는 없습니다. 이 장의 물음은 둘입니다.
# 예제만 보고 수를 스스로 찾는 방법이 있을까요? 그리고 그렇게 찾은 함수는 직선 하나가 못 하는 일을 할 수 있을까요?
#
# ## 틀린 만큼을 수 하나로
#
# 고치려면 얼마나 틀렸는지부터 재야 합니다. 틀린 개수를 세면 될까요? 안 됩니다. 가중치를 아주 조금 바꾸면 틀린 개수는
# 대개 그대로라서, 어느 쪽이 나은지 알려 주지 않습니다. 필요한 것은 가중치와 함께 매끄럽게 변하는 수입니다.
#
# 모델은 이미지마다 정답 $t$에 확률 $p_t$를 줍니다. 이미지들이 서로 독립이라면 모든 정답이 한꺼번에 나올 확률은 곱
# $\prod_n p^{(n)}_{t_n}$입니다. 이 곱이 가장 커지는 가중치를 고르자는 것이 최대 가능도(maximum likelihood)입니다. 그런데
# $\tfrac{1}{10}$ 같은 수를 4,000개 곱하면 너무 작아서 컴퓨터에서는 0이 됩니다. 로그를 취하면 곱이 합이 되고, 순서는 바뀌지
# 않습니다.

# %% [markdown] lang="en"
# No better than guessing. How do we find 7,850 good numbers? We cannot try them out one by one. This chapter asks two
# questions. Is there a way to find the numbers from examples alone? And can the function found in this way do what a
# single straight line cannot?
#
# ## How wrong, as one number
#
# To improve we must first measure how wrong we are. Could we count the mistakes? No: change a weight very slightly and
# the count mostly stays as it is, so it does not tell which way is better. We need a number that changes smoothly with
# the weights.
#
# For each image the model gives the right answer $t$ a probability $p_t$. If the images are independent, all the right
# answers together have the probability $\prod_n p^{(n)}_{t_n}$. To choose the weights for which this product is largest
# is called maximum likelihood. In a computer, though, a product of 4,000 numbers such as $\tfrac{1}{10}$ is so small that
# it is rounded to 0. The logarithm turns it into a sum and keeps the order.

# %% tags=["nbval-check-output"]
p = np.full(4000, 0.1)  # every right answer gets 1/10
print("product     ", p.prod())
print("sum of logs ", f"{np.log(p).sum():.1f}")
print("mean of -log", f"{-np.log(p).mean():.4f}")

# %% [markdown] lang="ko"
# 로그의 평균에 $-1$을 곱한 것이 교차 엔트로피 손실(cross-entropy loss)입니다. 이 책의 $\log$는 자연로그입니다.
#
# $$L = -\frac{1}{N} \sum_{n=1}^{N} \log p^{(n)}_{t_n}$$
#
# 아무것도 몰라서 클래스마다 확률 $\tfrac{1}{10}$을 주는 모델의 손실은 $\log 10 \approx 2.3026$이고, 정답에 언제나 확률 1을
# 주는 모델의 손실은 0입니다. 이미지 한 장의 손실을 로짓으로 미분해 봅시다. $-\log p_t = -z_t + \log \sum_j e^{z_j}$에서 첫째 항의 도함수는 $k = t$일 때 $-1$이고,
# 둘째 항의 도함수는 $e^{z_k} / \sum_j e^{z_j} = p_k$입니다. $[k = t]$를 $k$가 정답이면 1, 아니면 0이라고 쓰면
#
# $$\frac{\partial L}{\partial z_k} = p_k - [k = t] \qquad\qquad \frac{\partial L}{\partial W_{ki}} = (p_k - [k = t])\, x_i$$
#
# 첫째 식은 확률이 정답에서 얼마나 벗어났는지를 나타내고, 둘째 식은 거기에 그 가중치가 본 픽셀을 곱한 것입니다. 손으로 쓴
# 식을 라이브러리의 자동 미분과 견줍니다.

# %% [markdown] lang="en"
# The mean of the logarithms, times $-1$, is the cross-entropy loss. In this book $\log$ is the natural logarithm.
#
# $$L = -\frac{1}{N} \sum_{n=1}^{N} \log p^{(n)}_{t_n}$$
#
# A model that knows nothing and gives every class the probability $\tfrac{1}{10}$ has the loss
# $\log 10 \approx 2.3026$. One that always gives the right answer the probability 1 has the loss 0. Let us
# differentiate the loss of one image by its logits. In $-\log p_t = -z_t + \log \sum_j e^{z_j}$ the first term has the
# derivative $-1$ where $k = t$, the second has $e^{z_k} / \sum_j e^{z_j} = p_k$. With $[k = t]$ for 1 where $k$ is the
# right answer and 0 elsewhere,
#
# $$\frac{\partial L}{\partial z_k} = p_k - [k = t] \qquad\qquad \frac{\partial L}{\partial W_{ki}} = (p_k - [k = t])\, x_i$$
#
# The first formula is how far the probabilities are off; the second multiplies this by the pixel that the weight looks
# at. We compare what we write by hand with the library's automatic differentiation.


# %%
def loss_and_gradient(W, b, x, t):
    """Mean cross-entropy of softmax regression, and its derivatives by W and b."""
    p = softmax(x @ W.T + b)  # (N, 10)
    rows = torch.arange(len(t))
    loss = -p[rows, t].log().mean()
    p[rows, t] -= 1  # p - [k = t]
    return loss, p.T @ x / len(t), p.mean(dim=0)


x, t = x_train[:50], y_train[:50]
loss, dW, db = loss_and_gradient(W, b, x, t)
Wa, ba = W.clone().requires_grad_(), b.clone().requires_grad_()
by_library = functional.cross_entropy(x @ Wa.T + ba, t)
check.close(loss, by_library, what="L")
check.close(dW, torch.autograd.grad(by_library, Wa)[0], what="dL/dW")

# %% [markdown] lang="ko"
# ## 손실의 지형
#
# 가중치가 7,850개면 그림을 그릴 수 없습니다. 둘뿐인 문제를 만듭시다. 3과 8만 골라, 이미지마다 왼쪽 절반에 묻은 잉크
# $x_1$과 오른쪽 절반에 묻은 잉크 $x_2$를 잽니다. 3은 왼쪽이 열려 있으니 두 수만으로도 조금은 구별할 수 있을 것입니다. 두
# 특징의 평균을 0, 표준 편차를 1로 맞추고 편향은 뺍니다. 클래스가 둘일 때 소프트맥스는 로짓의 차 $z$의 시그모이드(sigmoid)
# $\sigma(z) = 1 / (1 + e^{-z})$가 됩니다. 8일 확률을 $\sigma(w_1 x_1 + w_2 x_2)$로 놓고, 격자의 점마다 진짜 손실을
# 계산해서 등고선을 그립니다. 8이면 $-\log \sigma(z)$, 3이면 $-\log (1 - \sigma(z))$인 교차 엔트로피를 코드에는 같은 값인
# $\log(1 + e^z) - tz$로 적었습니다. 첫 항의 이름이 softplus이고, $t$는 8에서 1, 3에서 0입니다.

# %% [markdown] lang="en"
# ## The landscape of the loss
#
# With 7,850 weights there is nothing to draw. Let us make a problem that has two. We take only the 3s and 8s and
# measure for each image the ink in its left half, $x_1$, and in its right half, $x_2$. A 3 is open on the left, so
# these two numbers alone should help a little. Both features are given the mean 0 and the standard deviation 1, and we
# leave the bias out. With two classes softmax becomes the sigmoid $\sigma(z) = 1 / (1 + e^{-z})$ of the difference $z$
# of the logits. We take $\sigma(w_1 x_1 + w_2 x_2)$ as the probability of an 8, and draw the contours of the real loss,
# computed at each point of a grid. The cross-entropy, $-\log \sigma(z)$ for an 8 and $-\log (1 - \sigma(z))$ for a 3,
# is written in the code as $\log(1 + e^z) - tz$, which is the same. Its first term is called softplus, and $t$ is 1 for
# an 8, 0 for a 3.

# %%
chosen = (y_train == 3) | (y_train == 8)
halves = pixels(train_set)[chosen].view(-1, 28, 2, 14).mean(dim=(1, 3))  # (800, 2)
features = ((halves - halves.mean(dim=0)) / halves.std(dim=0)).double()
is_eight = (y_train[chosen] == 8).double()


def two_weight_gradient(w, x, t):
    return x.T @ (torch.sigmoid(x @ w) - t) / len(t)  # (2,)


def two_weight_loss(w):
    """Mean loss for each column of w (2, M): (M,)."""
    z = features @ w
    return (functional.softplus(z) - is_eight[:, None] * z).mean(dim=0)


def walk(rate, batch_size, work, start=(-1.5, 1.5)):
    """Weights after each step, (steps + 1, 2); `work` counts example gradients."""
    w, places = torch.tensor(start, dtype=torch.float64), []
    generator = torch.Generator().manual_seed(0)
    while len(places) * batch_size < work:
        order = torch.randperm(len(features), generator=generator)
        for batch in order.split(batch_size):
            places.append(w)
            w = w - rate * two_weight_gradient(w, features[batch], is_eight[batch])
    return torch.stack([*places, w])


best = walk(rate=4, batch_size=800, work=800 * 2000)[-1]
lowest = two_weight_loss(best[:, None]).item()
right = ((features @ best > 0) == is_eight.bool()).double().mean().item()
check.that(0.7 < right < 0.8, f"two weights get {right:.3f} of the 3s and 8s right")
check.that(features.T[0] @ features.T[1] / 800 > 0.7, "x1 and x2 are correlated")


# %% name="fig-surface" tags=["hide-input"] alt_ko="가로축 w1, 세로축 w2의 등고선 그림. 어두운 골짜기가 왼쪽 위에서 오른쪽 아래로 비스듬히 길게 뻗어 있습니다. 같은 곳에서 출발한 길이 셋 있는데, 하나는 매끄럽게 골짜기로 내려가고, 하나는 지그재그로 벽을 오가며 내려가고, 하나는 골짜기를 건너뛰며 끝없이 오갑니다." alt_en="Contours over w1 across and w2 upwards. A dark valley runs long and slanting from the upper left to the lower right. Three paths begin at the same place: one goes down smoothly into the valley, one zigzags down between the walls, one keeps jumping across the valley for ever." caption_ko="가중치 두 개에 대한 진짜 손실. 어두울수록 낮고, 별표가 가장 낮은 곳입니다. 흰 원에서 출발해 그레이디언트 반대쪽으로 40걸음씩 갑니다. 학습률은 왼쪽부터 0.5, 5, 8입니다." caption_en="A real loss over two weights. Darker is lower; the star is the lowest point. From the white circle each path takes 40 steps against the gradient. The learning rates are 0.5, 5 and 8 from left to right."
def landscape(axes, path, title, every=True):
    w1, w2 = np.meshgrid(np.linspace(-2.5, 5, 90), np.linspace(-5, 3, 90))
    points = torch.tensor(np.stack([w1.ravel(), w2.ravel()]))
    height = two_weight_loss(points).view(w1.shape).numpy()
    levels = lowest + np.geomspace(0.003, 4, 14)
    axes.contourf(w1, w2, height, levels, cmap="cnnbook", extend="both")
    axes.contour(w1, w2, height, levels, colors="white", linewidths=0.5, alpha=0.5)
    marker = "o-" if every else "-"
    axes.plot(*path.T, marker, color="#ff5533", linewidth=1.2, markersize=2.5)
    axes.plot(*path[0], "o", color="white", markersize=7)
    axes.plot(*best, "*", color="white", markersize=11)
    axes.set(title=title, xlabel="$w_1$", xlim=(-2.5, 5), ylim=(-5, 3))


figure = look.style.figure("full", 3.1)
panels = figure.subplots(1, 3, sharey=True)
for axes, rate in zip(panels, (0.5, 5, 8), strict=True):
    landscape(axes, walk(rate, 800, 40 * 800), f"rate {rate:g}")
panels[0].set_ylabel("$w_2$")
figure

# %% [markdown] lang="ko"
# 손실은 골짜기 모양입니다. 두 특징이 서로 닮아서 골짜기가 길쭉합니다. 그레이디언트(gradient)는 파라미터를 하나씩 조금 늘릴
# 때 손실이 얼마나 빨리 커지는지를 모두 모은 벡터로, 가장 가파른 오르막 쪽을 가리킵니다. 경사 하강법(gradient descent)은 그
# 반대쪽으로 조금 옮기는 일을 되풀이합니다.
#
# $$w \leftarrow w - \eta \, \nabla L(w)$$
#
# $\eta$는 학습률(learning rate)입니다. 작으면 골짜기 바닥에서 기어가고, 크면 벽과 벽 사이를 오갑니다. 더 크면 아무리
# 걸어도 바닥에 닿지 않습니다. 학습률이 얼마까지 괜찮은지는 골짜기가 얼마나 굽었는지에 달려 있고, 연습에서 직접 재게 됩니다.

# %% [markdown] lang="en"
# The loss is a valley, long and narrow because the two features resemble each other. The gradient collects, for each
# parameter, how fast the loss grows when the parameter grows; it points up the steepest way. Gradient descent moves a
# little the other way, over and over.
#
# $$w \leftarrow w - \eta \, \nabla L(w)$$
#
# $\eta$ is the learning rate. If it is small we crawl along the valley floor; if it is large we go back and forth between
# the walls; larger still, and no number of steps reaches the floor. Up to which rate it works depends on how strongly
# the valley is curved; an exercise lets you measure it.

# %%
ends = {rate: walk(rate, 800, 800 * 400)[-1] for rate in (0.5, 5, 8)}
for rate, settles in ((0.5, True), (5, True), (8, False)):
    away = (ends[rate] - best).norm().item()
    relation = "<" if settles else ">"
    check.that((away < 0.1) == settles, f"rate {rate}: {away:.3f} {relation} 0.1")

# %% [markdown] lang="ko"
# ## 세 가지 하강, 같은 일
#
# 그레이디언트는 예제마다 구한 것의 평균입니다. 한 걸음에 예제 몇 개를 볼까요? 전부 보면 배치 경사 하강법(batch gradient
# descent), 하나만 보면 확률적 경사 하강법(stochastic gradient descent), 몇십 개씩 보면 미니배치 경사 하강법입니다. 그 묶음이
# 미니배치(mini-batch)이고, 전체를 한 번 도는 것이 에폭(epoch)입니다. 공정하게 견주려면 걸음 수가 아니라 일의 양, 곧 예제
# 하나의 그레이디언트를 몇 번 계산했는지를 똑같이 맞추어야 합니다. 아래의 세 길은 모두 16,000번을 계산했습니다.

# %% [markdown] lang="en"
# ## Three descents, equal work
#
# The gradient is a mean over the examples. How many examples should one step look at? All of them: batch gradient
# descent. A single one: stochastic gradient descent. A few dozen: mini-batch gradient descent. Such a set is a
# mini-batch, and one pass through all the examples is an epoch. A fair comparison takes not the same number of steps but
# the same amount of work: how often the gradient of one example was computed. Each of the three paths below computed
# 16,000 of them.

# %% name="fig-paths" tags=["hide-input"] alt_ko="같은 등고선 그림 셋. 배치의 길은 매끄럽게 20걸음을 가다 별표에 닿기 전에 멈추고, 미니배치의 길은 조금 떨리며 별표 가까이에서 끝나고, 확률적 길은 심하게 흔들리며 별표 둘레를 헤맵니다." alt_en="The same contours three times. The batch path goes smoothly for 20 steps and stops short of the star; the mini-batch path trembles a little and ends near the star; the stochastic path shakes a lot and wanders around the star." caption_ko="같은 일을 한 세 가지 하강. 배치는 800개씩 20걸음, 미니배치는 20개씩 800걸음, 확률적 하강은 1개씩 16,000걸음입니다. 확률적 하강은 20걸음마다 한 점만 그렸습니다. 학습률은 왼쪽부터 2, 0.5, 0.1입니다." caption_en="Three descents that did the same work. Batch: 800 examples in each of 20 steps. Mini-batch: 20 in each of 800 steps. Stochastic: 1 in each of 16,000 steps, of which only every 20th is drawn. The learning rates are 2, 0.5 and 0.1 from left to right."
paths = {
    "batch": walk(rate=2, batch_size=800, work=16_000),
    "mini-batch": walk(rate=0.5, batch_size=20, work=16_000),
    "stochastic": walk(rate=0.1, batch_size=1, work=16_000),
}
figure = look.style.figure("full", 3.1)
panels = figure.subplots(1, 3, sharey=True)
for axes, (name, path) in zip(panels, paths.items(), strict=True):
    landscape(axes, path[:: max(1, len(path) // 800)], name, every=name == "batch")
panels[0].set_ylabel("$w_2$")
figure

# %% [markdown] lang="ko"
# 배치는 방향이 정확하지만 걸음이 20번뿐입니다. 예제 하나만 보는 하강은 방향이 자주 틀리지만 16,000번 걷습니다. 학습률 2,
# 0.5, 0.1은 길의 모양이 잘 보이도록 눈으로 골랐습니다. 배치의 학습률을 5로 하면 같은 20걸음으로도 별표에 훨씬 가까이 갑니다.
#
# 숫자 열 클래스의 소프트맥스 회귀에서는 제대로 겨루게 합시다. 학습률을 고르려고 훈련 숫자 4,000장에서 800장을 떼어 놓습니다.
# 이것이 검증 세트(validation set)입니다. 하강마다 나머지 3,200장으로 후보 셋을 시험해 보고, 떼어 둔 800장에서 손실이 가장 작은
# 학습률을 고릅니다. 그 학습률로 4,000장 모두를 다시 훈련하고, 그레이디언트 8,000번, 곧 2에폭의 일을 줍니다.

# %% [markdown] lang="en"
# Batch descent has the right direction but only 20 steps. The descent that looks at one example often has a wrong
# direction but takes 16,000 steps. The learning rates 2, 0.5 and 0.1 were picked by eye, to show the shape of the paths.
# With a rate of 5 the same 20 steps of batch descent come much nearer to the star.
#
# Let them compete properly on softmax regression with all ten digits. To choose a learning rate we set 800 of the 4,000
# training digits aside: a validation set. Each descent learns from the other 3,200 with three rates, and we take the rate
# with the smallest loss on the 800. With it we train once more on all 4,000, with work for 8,000 gradients, which is 2
# epochs.


# %%
def descend(x, t, batch_size, rate, work, seed=0):
    """Softmax regression from W = 0: W, b, and a table of loss over work."""
    generator = torch.Generator().manual_seed(seed)
    W, b, done, rows = torch.zeros(10, 784), torch.zeros(10), 0, []
    while done < work:
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            _, dW, db = loss_and_gradient(W, b, x[batch], t[batch])
            W, b = W - rate * dW, b - rate * db
            before, done = done, done + len(batch)
            if before * 24 // work < done * 24 // work:  # look 24 times on the way
                loss = functional.cross_entropy(x @ W.T + b, t).item()
                rows.append({"gradients": done, "loss": loss})
    return W, b, pd.DataFrame(rows)


order = torch.randperm(4000, generator=torch.Generator().manual_seed(0))
learn, hold = order[:3200], order[3200:]  # to learn from, to choose by
candidates = {
    "batch": (4000, (0.03, 0.1, 0.3)),
    "mini-batch": (32, (0.01, 0.03, 0.1)),
    "stochastic": (1, (0.0003, 0.001, 0.003)),
}
curves, rows = {}, []
for name, (size, rates) in candidates.items():
    losses = {}
    for rate in rates:
        W, b, _ = descend(x_train[learn], y_train[learn], size, rate, work=6_400)
        loss = functional.cross_entropy(x_train[hold] @ W.T + b, y_train[hold])
        losses[rate] = loss.item()
    rate = min(losses, key=losses.get)
    started = time.process_time()
    W, b, curves[name] = descend(x_train, y_train, size, rate, work=8_000)
    seconds = time.process_time() - started
    row = {"descent": name, "batch": size, "rate": rate, "steps": 8_000 // size}
    row["train loss"] = curves[name].loss.iloc[-1]
    row["test accuracy"] = accuracy(x_test @ W.T + b, y_test)
    rows.append(row | {"seconds": seconds})
descents = pd.DataFrame(rows).set_index("descent")
descents.round(3)

# %% name="fig-descents" tags=["hide-input"] alt_ko="가로축은 계산한 그레이디언트의 수, 세로축은 훈련 손실. 미니배치와 확률적 하강의 곡선은 거의 겹쳐 내려갑니다. 2,000번쯤에서 이미 0.5 아래이고 0.31 부근에서 끝납니다. 점이 둘뿐인 배치의 곡선은 1 위에서 끝납니다." alt_en="Gradients computed across, training loss upwards. The curves of mini-batch and stochastic descent nearly coincide, are below 0.5 by about 2,000 gradients and end near 0.31; the batch curve, of only two points, ends above 1." caption_ko="같은 일을 한 뒤의 훈련 손실. 4,000장 전체에서 잰 것입니다." caption_en="Training loss after equal work, measured on all 4,000 images."
figure = look.curves(
    curves, x="gradients", y="loss", xlabel="gradients of one example", logy=True
)
axes = figure.axes[0]
axes.set_yticks([0.3, 0.5, 1, 2], ["0.3", "0.5", "1", "2"])
axes.set_yticks([], minor=True)
figure

# %%
end = descents["train loss"]
check.that(
    end["batch"] > 3 * end["mini-batch"],
    f"batch {end['batch']:.3f} > 3 × mini-batch {end['mini-batch']:.3f}",
)
gap = abs(end["mini-batch"] - end["stochastic"])
check.that(gap < 0.05, f"|mini-batch - stochastic| = {gap:.3f} < 0.05")
slower = descents.seconds["stochastic"] / descents.seconds["mini-batch"]
check.that(slower > 3, f"stochastic takes {slower:.0f} times as long")

# how far must batch descent go to catch up?
W, b, longer = descend(x_train, y_train, 4000, descents.rate["batch"], 800_000)
work = longer.gradients[longer.loss <= end["mini-batch"]].iloc[0]
check.that(work > 25 * 8_000, f"batch needs {work / 8_000:.0f} times the work")
of_batch, of_one = descents.rate["mini-batch"], descents.rate["stochastic"]
check.that(10 < of_batch / of_one < 100, f"rates {of_batch} and {of_one}")

away = {rate: (walk(rate, 800, 16_000)[-1] - best).norm().item() for rate in (2, 5)}
check.that(
    away[5] < away[2] / 2,
    f"20 steps of batch descent end {away[2]:.2f} from the star, {away[5]:.2f} at rate 5",
)

# %% [markdown] lang="ko"
# 같은 일을 하고도 배치 하강의 손실은 미니배치의 세 배가 넘고, 같은 학습률로 따라잡으려면 이번에는 34배의 일을 해야 합니다.
# 예제 4,000개의 그레이디언트는 서로 많이 닮아서, 한 걸음을 위해 모두 계산하는 것은 낭비입니다. 예제 $B$개를 평균하면 방향의
# 오차는 $1 / \sqrt{B}$에 비례해서 줄어들 뿐입니다. 일을 100배 해도 10배만 정확해집니다.

# %% [markdown] lang="en"
# With the same work, the loss of batch descent is more than three times that of mini-batch descent, and to catch up at the
# same rate it needs 34 times the work here. The gradients of 4,000 examples resemble each other, so to compute all of them
# for one step is a waste. Averaging over $B$ examples shrinks the error of the direction only in proportion to
# $1 / \sqrt{B}$: 100 times the work makes it 10 times as exact.

# %%
W = torch.zeros(10, 784)
full = loss_and_gradient(W, torch.zeros(10), x_train, y_train)[1]
generator = torch.Generator().manual_seed(0)


def error_of(size):
    """Root mean square error of the direction from `size` examples."""
    errors = []
    for _ in range(100):
        some = torch.randint(4000, (size,), generator=generator)
        part = loss_and_gradient(W, torch.zeros(10), x_train[some], y_train[some])[1]
        errors.append((part - full).square().sum())
    return torch.stack(errors).mean().sqrt().item()


ratio = error_of(4) / error_of(400)
check.that(8 < ratio < 12, f"error with 4 / error with 400 = {ratio:.1f} ≈ √100")

# %% [markdown] lang="ko"
# 그렇다면 하나씩 보면 되지 않을까요? 일의 양으로는 미니배치와 비기지만 시간은 몇 배 더 걸립니다. 행렬 곱 하나로 32장을 한꺼번에
# 계산하면 1장씩 32번 계산하는 것보다 훨씬 빠르기 때문입니다. 그래서 미니배치를 씁니다. 고른 학습률도 보세요. 후보를 성기게
# 놓았으니 어림일 뿐이지만, 미니배치의 것이 확률적 하강의 것보다 묶음 크기만큼, 30배쯤 큽니다. 그렇다고 배치의 학습률이
# 4,000배가 되지는 못합니다. 앞에서 본 것처럼 골짜기가 굽은 정도가 상한을 정하기 때문입니다.

# %% [markdown] lang="en"
# Why not one at a time, then? By work it is even with mini-batch descent, but it takes several times as long: one product
# of matrices for 32 images is far quicker than 32 products for one. Hence mini-batches. Look at the chosen learning rates
# as well. The candidates were far apart, so it is a rough rule, but that of the mini-batch is larger than the stochastic
# one by about the size of the batch, some 30 times. The rate of batch descent cannot be 4,000 times as large: as we saw,
# the curvature of the valley sets a limit.

# %% [markdown] lang="ko"
# ## 퍼셉트론과 그 한계
#
# 우리 신경망의 조상은 1958년의 퍼셉트론(perceptron)입니다 {cite:p}`rosenblatt1958perceptron`. $w \cdot x + b > 0$이면 1,
# 아니면 0을 내놓습니다. 계단 모양이라 기울기를 쓸 수 없지만, 틀릴 때만 고치는 규칙이 있습니다. 정답이 $t$, 대답이 $y$이면
#
# $$w \leftarrow w + (t - y)\, x \qquad\qquad b \leftarrow b + (t - y)$$
#
# 직선 하나로 나눌 수 있는 예제라면 이 규칙은 유한한 횟수만 고치고 멈춥니다 {cite:p}`novikoff1962convergence`. 입력이 둘뿐인
# AND, OR, XOR에서 해 봅시다. XOR은 두 입력이 서로 다를 때만 1입니다.

# %% [markdown] lang="en"
# ## The perceptron and its limit
#
# The ancestor of our networks is the perceptron of 1958 {cite:p}`rosenblatt1958perceptron`. It answers 1 where
# $w \cdot x + b > 0$ and 0 elsewhere. A step has no slope to use, but there is a rule that corrects it when it is wrong.
# If the right answer is $t$ and the answer given is $y$,
#
# $$w \leftarrow w + (t - y)\, x \qquad\qquad b \leftarrow b + (t - y)$$
#
# Where one straight line can separate the examples, this rule stops after a finite number of corrections
# {cite:p}`novikoff1962convergence`. Let us try AND, OR and XOR of two inputs. XOR is 1 only where the inputs differ.

# %% tags=["nbval-check-output"]
corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
tables = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}


def perceptron(x, targets, passes=100):
    """Weights and bias, and what happened."""
    w, b, seen = np.zeros(x.shape[1], int), 0, {}
    for number in range(passes):
        state = (*w.tolist(), b)
        if state in seen:
            return w, b, f"pass {number} begins as pass {seen[state]} did: {state}"
        seen[state] = number
        mistakes = 0
        for one, target in zip(x, targets, strict=True):
            wrong = target - int(w @ one + b > 0)
            w, b, mistakes = w + wrong * one, b + wrong, mistakes + abs(wrong)
        if not mistakes:
            return w, b, f"no mistake in pass {number}: w = {w.tolist()}, b = {b}"
    return w, b, "still learning"


for name, targets in tables.items():
    print(f"{name:4}", perceptron(corners, targets)[2])

# %% [markdown] lang="ko"
# AND와 OR은 배웁니다. 출력의 pass는 네 예제를 한 번 도는 것이고 0부터 셉니다. XOR에서는 한 바퀴를 돌고 나면 가중치와 편향
# $(w_1, w_2, b)$가 예전의 어느 때와 똑같아집니다. 규칙도 예제의 순서도 그대로이니
# 그다음도 똑같습니다. 영원히 되풀이할 뿐 멈추지 않습니다. 규칙 탓이 아닙니다. 어떤 가중치로도 안 됩니다. XOR을 맞히려면
# $b \le 0$, $w_1 + b > 0$, $w_2 + b > 0$, $w_1 + w_2 + b \le 0$이어야 합니다. 가운데 둘을 더하면 $w_1 + w_2 + 2b > 0$, 처음과
# 끝을 더하면 $w_1 + w_2 + 2b \le 0$이므로 모순입니다. 민스키와 패퍼트의 1969년 책이 이런 한계를 넓게 따졌습니다
# {cite:p}`minsky1969perceptrons`. 직선 하나로는 부족합니다.
#
# ## 층을 하나 더
#
# 퍼셉트론 셋을 이으면 됩니다. 하나는 OR을, 하나는 NAND(AND의 반대)를 계산하고, 마지막 하나가 두 대답의 AND를 계산합니다.
# 이렇게 입력과 출력층(output layer) 사이에 은닉층(hidden layer)을 둔 것이 다층 퍼셉트론(multilayer perceptron, MLP)입니다.

# %% [markdown] lang="en"
# It learns AND and OR. A pass goes through the four examples once, and passes are counted from 0. With XOR, after a pass
# it holds the very weights and bias, $(w_1, w_2, b)$, that it held at the start of an earlier one.
# The rule and the order of the examples are the same, so what follows is the same too: it repeats for ever and never
# stops. The rule is not to blame: no weights will do. XOR asks for $b \le 0$, $w_1 + b > 0$, $w_2 + b > 0$ and
# $w_1 + w_2 + b \le 0$. The two in the middle add up to $w_1 + w_2 + 2b > 0$, the first and the last to
# $w_1 + w_2 + 2b \le 0$: a contradiction. The book by Minsky and Papert of 1969 studied such limits at length
# {cite:p}`minsky1969perceptrons`. One straight line is not enough.
#
# ## One more layer
#
# Three perceptrons together can do it. One computes OR, one NAND (the opposite of AND), and the last computes AND of
# their two answers. A hidden layer between the input and the output layer, as here, makes a multilayer perceptron (MLP).


# %% tags=["nbval-check-output"]
def step(z):
    return (z > 0).astype(int)


hidden = step(corners @ np.array([[1, 1], [-1, -1]]).T + [-0.5, 1.5])  # OR, NAND
output = step(hidden @ [1, 1] - 1.5)  # AND
for x, h, y in zip(corners.tolist(), hidden.tolist(), output.tolist(), strict=True):
    print(x, "→", h, "→", y)

# %% name="fig-xor" tags=["hide-input"] alt_ko="같은 네 점이 있는 그림 셋. AND에서는 직선 하나가 (1, 1)을 나머지와 나눕니다. XOR을 시도한 둘째 그림에서는 직선 하나가 점 하나를 틀린 쪽에 둡니다. 셋째 그림에서는 두 직선 사이의 띠가 (0, 1)과 (1, 0)을 담고 있습니다." alt_en="Three pictures of the same four points. For AND a straight line parts (1, 1) from the rest. In the second picture, for XOR, a straight line leaves a point on the wrong side. In the third a band between two lines holds (0, 1) and (1, 0)." caption_ko="칠한 곳이 1이라고 대답하는 곳입니다. 채운 점은 1, 빈 점은 0이 정답입니다. 왼쪽은 AND를 배운 퍼셉트론이고 직선 위의 점은 0에 속합니다. 가운데는 XOR에서 셋만 맞히는 직선, 오른쪽은 위의 MLP입니다." caption_en="Shaded is where the answer is 1. Full points should be 1, empty ones 0. Left, the perceptron that learned AND; a point on the line counts as 0. Middle, a line that gets only three points of XOR right. Right, the MLP above."
figure = look.style.figure("full", 2.6)
panels = figure.subplots(1, 3, sharey=True)
a, b = np.meshgrid(np.linspace(-0.5, 1.5, 201), np.linspace(-0.5, 1.5, 201))
plane = np.stack([a.ravel(), b.ravel()], axis=1)
w, bias, _ = perceptron(corners, tables["AND"])
total = plane.sum(axis=1)
scores = {
    "AND": plane @ w + bias,
    "XOR, one line": total - 0.5,
    "XOR, MLP": np.minimum(total - 0.5, 1.5 - total),  # above 0 where both are
}
for axes, (name, score) in zip(panels, scores.items(), strict=True):
    score = score.reshape(a.shape)
    axes.contourf(a, b, score, [0, 10], colors=[paint["blue_soft"]])
    axes.contour(a, b, score, [0], colors=[paint["blue"]], linewidths=1.5)
    for (x1, x2), target in zip(corners, tables[name[:3]], strict=True):
        fill = paint["orange"] if target else paint["paper"]
        dot = Circle((x1, x2), 0.09, facecolor=fill, edgecolor=paint["ink"], zorder=3)
        axes.add_patch(dot)
    axes.set(title=name, xticks=[0, 1], yticks=[0, 1], aspect="equal", xlabel="$x_1$")
panels[0].set_ylabel("$x_2$")
figure

# %% [markdown] lang="ko"
# 층 사이의 계단이 꼭 필요합니다. 굽은 곳이 없으면 층을 아무리 쌓아도 $W_2 (W_1 x + b_1) + b_2 = (W_2 W_1)\, x + (W_2 b_1 + b_2)$,
# 곧 층 하나와 같습니다. 자주 나오는 질문 “활성화 함수는 왜 비선형이어야 하는가”의 답이 이것입니다. 그런데 가중치는 이번에도
# 사람이 정했습니다. 스스로 찾게 하려면 은닉 유닛이 무엇을 했어야 하는지를 알아야 하는데, 정답은 출력에만 있습니다. 그리고 계단의
# 기울기는 뛰는 자리만 빼고 어디서나 0입니다. 두 번째 문제는 계단을 시그모이드로 바꾸면 풀립니다. 첫 번째 문제를 푸는 것이
# 역전파입니다.

# %% [markdown] lang="en"
# The steps between the layers are essential. Without anything nonlinear, stacked layers are
# $W_2 (W_1 x + b_1) + b_2 = (W_2 W_1)\, x + (W_2 b_1 + b_2)$, one layer again. That is the answer to a question often
# asked: why should an activation function be nonlinear? But once more a person chose the weights. To have them found we
# must know what a hidden unit should have done, and right answers exist only at the output. Besides, the slope of a step
# is 0 everywhere except where it jumps. A sigmoid in place of the step solves the second problem, backpropagation the
# first.

# %%
W1, W2 = torch.randn(7, 5), torch.randn(3, 7)
b1, b2, x = torch.randn(7), torch.randn(3), torch.randn(20, 5)
two_layers = (x @ W1.T + b1) @ W2.T + b2
check.close(two_layers, x @ (W2 @ W1).T + W2 @ b1 + b2, atol=1e-4, what="two layers")

# %% [markdown] lang="ko"
# ## 네 식으로 거슬러 오르기
#
# 층 $l$이 하는 일은 둘입니다. 가중합 $z^l = W^l a^{l-1} + b^l$을 구하고, 활성화 함수(activation function)를 씌워 활성값
# $a^l = f(z^l)$을 냅니다. 입력이 $a^0 = x$입니다. 이렇게 앞으로 가는 계산이 순전파(forward pass)입니다. 역전파(backpropagation)는
# 유닛마다 $\delta^l = \partial L / \partial z^l$, 곧 그 유닛의 가중합이 조금 커지면 손실이 얼마나 커지는지를 뒤에서부터
# 구합니다. 연쇄 법칙(chain rule)을 쓰면 식 네 개로 끝납니다. 이 책이 출발한 한국어 강의도 이 네 식을 다루고, BP1부터 BP4까지의
# 이름은 닐슨의 책에서 왔습니다 {cite:p}`rumelhart1986learning,nielsen2015neural`. $\odot$은 같은 자리끼리 곱하는 것입니다.
#
# $$\text{BP1}\qquad \delta^{\text{out}} = \frac{\partial L}{\partial a^{\text{out}}} \odot f'(z^{\text{out}})$$
#
# $$\text{BP2}\qquad \delta^{l} = \big( (W^{l+1})^{\top} \delta^{l+1} \big) \odot f'(z^{l})$$
#
# $$\text{BP3}\qquad \frac{\partial L}{\partial b^{l}} = \delta^{l}$$
#
# $$\text{BP4}\qquad \frac{\partial L}{\partial W^{l}} = \delta^{l} (a^{l-1})^{\top}$$
#
# 은닉 유닛이 둘, 출력 유닛이 하나뿐인 신경망에 수를 넣어 봅시다. $f$는 시그모이드 $\sigma$이고, 기울기는 $\sigma'(z) = a (1 - a)$입니다.
# 손실은 제곱 오차의 절반 $L = \tfrac{1}{2} (a^2 - t)^2$입니다. 여기서 $a^2$는 제곱이 아니라 둘째 층의 활성값입니다.

# %% [markdown] lang="en"
# ## Back through four equations
#
# A layer $l$ does two things. It takes weighted sums, $z^l = W^l a^{l-1} + b^l$, and applies an activation function, which
# gives the activations $a^l = f(z^l)$. The input is $a^0 = x$. This is the forward pass. Backpropagation finds for each
# unit, from the last layer to the first, $\delta^l = \partial L / \partial z^l$: how much the loss grows when the unit's
# weighted sum grows a little. The chain rule makes it four equations. The Korean lecture that this book grew from has
# them too; the names BP1 to BP4 come from Nielsen's book {cite:p}`rumelhart1986learning,nielsen2015neural`. $\odot$
# multiplies place by place.
#
# $$\text{BP1}\qquad \delta^{\text{out}} = \frac{\partial L}{\partial a^{\text{out}}} \odot f'(z^{\text{out}})$$
#
# $$\text{BP2}\qquad \delta^{l} = \big( (W^{l+1})^{\top} \delta^{l+1} \big) \odot f'(z^{l})$$
#
# $$\text{BP3}\qquad \frac{\partial L}{\partial b^{l}} = \delta^{l}$$
#
# $$\text{BP4}\qquad \frac{\partial L}{\partial W^{l}} = \delta^{l} (a^{l-1})^{\top}$$
#
# Let us put numbers into a network of two hidden units and one output unit. $f$ is the sigmoid $\sigma$, whose slope is
# $\sigma'(z) = a (1 - a)$. The loss is half the squared error, $L = \tfrac{1}{2} (a^2 - t)^2$, where $a^2$ is not a square
# but the activation of the second layer.

# %% tags=["nbval-check-output"]
x, t = np.array([2.0, 1.0]), 0.0
W1, b1 = np.array([[1.0, -2.0], [-0.5, 2.0]]), np.array([0.0, 0.0])
W2, b2 = np.array([[3.0, -1.0]]), np.array([-0.5])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(x, W1, b1, W2, b2):
    z1 = W1 @ x + b1
    a1 = sigmoid(z1)
    z2 = W2 @ a1 + b2
    return z1, a1, z2, sigmoid(z2)


def backward(x, t, W2, a1, a2):
    d2 = (a2 - t) * a2 * (1 - a2)  # BP1
    d1 = (W2.T @ d2) * a1 * (1 - a1)  # BP2
    return {
        "b2": d2,  # BP3
        "W2": np.outer(d2, a1),  # BP4
        "b1": d1,  # BP3
        "W1": np.outer(d1, x),  # BP4
    }


z1, a1, z2, a2 = forward(x, W1, b1, W2, b2)
gradients = backward(x, t, W2, a1, a2)
for name, value in {"z1": z1, "a1": a1, "z2": z2, "a2": a2, **gradients}.items():
    print(f"{name:3}", np.array2string(value, precision=4, suppress_small=True))
print(f"loss {0.5 * (a2[0] - t) ** 2:.4f}")


# %% name="fig-backprop" tags=["hide-input"] alt_ko="유닛 동그라미가 이어진 신경망 그림 둘. 위는 순전파로, 입력 2와 1에서 은닉 유닛의 활성값 0.5와 0.7311을 거쳐 출력 0.5668과 손실 0.1606이 되고 선마다 가중치가 적혀 있습니다. 아래는 역전파로, 출력의 델타 0.1392에서 은닉 유닛의 델타 0.1044와 −0.0274로 가고 선마다 가중치의 그레이디언트가 적혀 있습니다. 왼쪽 끝의 두 동그라미는 여기서도 입력 2와 1입니다." alt_en="Two pictures of a network of units joined by lines. Above, the forward pass: from the inputs 2 and 1 through hidden activations 0.5 and 0.7311 to the output 0.5668 and the loss 0.1606, each line marked with its weight. Below, the backward pass: from the output's delta 0.1392 to the hidden deltas 0.1044 and −0.0274, each line marked with the gradient of its weight; the two circles at the left end still hold the inputs 2 and 1." caption_ko="위: 순전파. 동그라미는 활성값 $a$, 선은 가중치입니다. 편향 0, 0, −0.5는 그리지 않았습니다. 아래: 역전파. 붉은 동그라미는 $\\delta$, 회색 동그라미는 입력, 선은 가중치의 그레이디언트입니다. 선의 수는 오른쪽 끝의 $\\delta$에 왼쪽 끝의 입력이나 활성값(은닉 유닛의 것은 위 그림에 있습니다)을 곱한 것입니다." caption_en="Above: the forward pass. Circles hold the activations $a$, lines the weights. The biases, 0, 0 and −0.5, are not drawn. Below: the backward pass. Red circles hold $\\delta$, grey ones the inputs, lines the gradient of the weight: the $\\delta$ at its right end times the input or activation at its left end (for the hidden units, see the upper picture)."
def short(value):
    return f"{value:.4f}".rstrip("0").rstrip(".").replace("-", "−")


def picture(axes, units, lines, title):
    """Units at their places, a number in each; lines with their numbers."""
    for ((x0, y0), (x1, y1)), (value, at) in lines.items():
        axes.plot([x0, x1], [y0, y1], "-", color=paint["muted"], linewidth=1, zorder=1)
        place = (x0 + at * (x1 - x0), y0 + at * (y1 - y0))
        box = {"facecolor": paint["paper"], "edgecolor": "none", "pad": 1.5}
        axes.text(*place, short(value), ha="center", va="center", size=11.5, bbox=box)
    for place, (value, colour) in units.items():
        face, edge = paint[f"{colour}_soft"], paint[colour]
        circle = Circle(place, 0.45, facecolor=face, edgecolor=edge, zorder=2)
        axes.add_patch(circle)
        axes.text(*place, short(value), ha="center", va="center", size=11.5, zorder=3)
    axes.set(xlim=(-0.5, 6.5), ylim=(-0.6, 2.2), aspect="equal", title=title)
    axes.axis("off")


places = {"x": [(0, 1.6), (0, 0)], "a1": [(3, 1.6), (3, 0)], "a2": [(6, 0.8)]}
joints = [(("x", j), ("a1", i), 0.3) for i in range(2) for j in range(2)]
joints += [(("a1", j), ("a2", 0), 0.45) for j in range(2)]


def joined(first, second):
    numbers = [*first.ravel(), *second.ravel()]
    return {
        (places[start][j], places[end][i]): (number, at)
        for ((start, j), (end, i), at), number in zip(joints, numbers, strict=True)
    }


def units_of(second, third, colour):
    numbers = [(v, "muted") for v in x] + [(v, colour) for v in (*second, *third)]
    return dict(zip(sum(places.values(), []), numbers, strict=True))


figure = look.style.figure("full", 5.4)
upper, lower = figure.subplots(2, 1)
title = f"forward: a and W, loss {0.5 * (a2[0] - t) ** 2:.4f}"
picture(upper, units_of(a1, a2, "blue"), joined(W1, W2), title)
slopes = joined(gradients["W1"], gradients["W2"])
deltas = units_of(gradients["b1"], gradients["b2"], "red")
picture(lower, deltas, slopes, "backward: δ and the gradient of W")
figure

# %% [markdown] lang="ko"
# 한 줄씩 따라가 봅시다. 소수 넷째 자리까지 적으므로 끝자리는 조금 다를 수 있습니다.
#
# - 순전파: $z^1_1 = 1 \times 2 - 2 \times 1 = 0$이므로 $a^1_1 = 0.5$이고, $z^1_2 = -0.5 \times 2 + 2 \times 1 = 1$이므로
#   $a^1_2 = 0.7311$입니다. $z^2 = 3 \times 0.5 - 1 \times 0.7311 - 0.5 = 0.2689$, $a^2 = 0.5668$, $L = 0.5668^2 / 2 = 0.1606$.
# - BP1: 출력은 $0.5668$, 정답은 $0$입니다. $\delta^{2} = (0.5668 - 0) \times 0.5668 \times (1 - 0.5668) = 0.1392$.
# - BP2: 첫 은닉 유닛은 가중치 $3$을 거쳐 출력에 닿습니다. $\delta^{1}_1 = 3 \times 0.1392 \times 0.5 \times 0.5 = 0.1044$. 둘째는
#   $-1$을 거칩니다. $\delta^{1}_2 = -1 \times 0.1392 \times 0.7311 \times 0.2689 = -0.0274$.
# - BP3: 편향의 그레이디언트는 $\delta$ 그대로, $0.1392$와 $0.1044$와 $-0.0274$입니다.
# - BP4: 왼쪽 위 가중치에는 입력 $2$가 들어왔습니다. $0.1044 \times 2 = 0.2088$. 둘째 층의 위쪽 가중치에는 활성값 $0.5$가
#   들어왔습니다. $0.1392 \times 0.5 = 0.0696$.
#
# 둘째 은닉 유닛의 $\delta$는 음수입니다. 출력을 낮추고 싶은데 이 유닛은 음의 가중치로 이어져 있으니 활성값이 더 커져야 한다는
# 뜻입니다. 정답이 없던 은닉 유닛이 무엇을 했어야 하는지가 이렇게 정해집니다. 모든 수를 그레이디언트 반대쪽으로 옮기면
# 손실이 정말 줄어들까요?

# %% [markdown] lang="en"
# Let us follow it line by line. We write four decimals, so last digits may differ a little.
#
# - Forward: $z^1_1 = 1 \times 2 - 2 \times 1 = 0$, so $a^1_1 = 0.5$; $z^1_2 = -0.5 \times 2 + 2 \times 1 = 1$, so
#   $a^1_2 = 0.7311$. $z^2 = 3 \times 0.5 - 1 \times 0.7311 - 0.5 = 0.2689$, $a^2 = 0.5668$, $L = 0.5668^2 / 2 = 0.1606$.
# - BP1: the output is $0.5668$ and should be $0$. $\delta^{2} = (0.5668 - 0) \times 0.5668 \times (1 - 0.5668) = 0.1392$.
# - BP2: the first hidden unit reaches the output through the weight $3$.
#   $\delta^{1}_1 = 3 \times 0.1392 \times 0.5 \times 0.5 = 0.1044$. The second goes through $-1$.
#   $\delta^{1}_2 = -1 \times 0.1392 \times 0.7311 \times 0.2689 = -0.0274$.
# - BP3: the gradients of the biases are the $\delta$ themselves, $0.1392$, $0.1044$ and $-0.0274$.
# - BP4: the input $2$ came in at the upper left weight. $0.1044 \times 2 = 0.2088$. At the upper weight of the second layer
#   the activation $0.5$ came in. $0.1392 \times 0.5 = 0.0696$.
#
# The second hidden unit's $\delta$ is negative. The output should fall, and this unit is joined to it by a negative
# weight, so its activation ought to be larger. That is how a hidden unit, for which there was no right answer, is told
# what it should have done. Does the loss really fall when all numbers move against their gradients?

# %% tags=["nbval-check-output"]
parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def loss_of(parameters):
    return 0.5 * (forward(x, **parameters)[-1][0] - t) ** 2


for rate in (0, 0.1, 1, 10):
    moved = {name: v - rate * gradients[name] for name, v in parameters.items()}
    print(f"rate {rate:4}: loss {loss_of(moved):.4f}")

# %% [markdown] lang="ko"
# ## 믿지 말고 확인하기
#
# 손으로 쓴 역전파는 틀려도 오류를 내지 않습니다. 그저 잘 배우지 못할 뿐입니다. 그래서 미분의 정의로 돌아가 확인합니다.
# 파라미터 하나를 $h$만큼 늘리고 줄여 손실의 차를 $2h$로 나누면, 역전파와 상관없이 그레이디언트를 얻습니다.
#
# $$\frac{\partial L}{\partial w} \approx \frac{L(w + h) - L(w - h)}{2h}$$

# %% [markdown] lang="en"
# ## Trust nothing: check it
#
# Backpropagation written by hand raises no error when it is wrong. It only learns badly. So we go back to what a
# derivative is: increase and decrease one parameter by $h$, divide the difference of the losses by $2h$, and we have the
# gradient without backpropagation.
#
# $$\frac{\partial L}{\partial w} \approx \frac{L(w + h) - L(w - h)}{2h}$$


# %%
def differences(h, dtype=np.float64):
    """The gradient of all nine parameters by finite differences."""
    flat = np.concatenate([v.ravel() for v in parameters.values()]).astype(dtype)
    shapes = {name: v.shape for name, v in parameters.items()}

    def loss_at(values):
        parts = np.split(values, np.cumsum([v.size for v in parameters.values()])[:-1])
        named = zip(shapes.items(), parts, strict=True)
        reshaped = {name: part.reshape(shape) for (name, shape), part in named}
        output = forward(x.astype(dtype), **reshaped)[-1][0]
        return dtype(0.5) * (output - dtype(t)) ** 2

    h = dtype(h)
    steps = np.eye(len(flat), dtype=dtype) * h
    return np.array([(loss_at(flat + s) - loss_at(flat - s)) / (2 * h) for s in steps])


by_backprop = np.concatenate([gradients[name].ravel() for name in parameters])
check.that(len(by_backprop) == 9, "nine parameters")
check.close(by_backprop, differences(1e-5), atol=1e-9, what="finite differences")

tensors = {name: torch.tensor(v, requires_grad=True) for name, v in parameters.items()}
a = torch.sigmoid(tensors["W1"] @ torch.tensor(x) + tensors["b1"])
a = torch.sigmoid(tensors["W2"] @ a + tensors["b2"])
by_library = torch.autograd.grad((0.5 * (a - t) ** 2).sum(), list(tensors.values()))
by_library = torch.cat([each.flatten() for each in by_library])
check.close(by_backprop, by_library, atol=1e-12, what="autograd")

# %% name="fig-differences" tags=["hide-input"] alt_ko="가로축은 걸음 h, 세로축은 오차, 둘 다 로그 눈금. 두 곡선이 모두 V 모양입니다. 64비트의 곡선은 h가 0.00001 부근일 때 가장 낮아 10의 −11제곱 부근이고, 32비트의 곡선은 h가 0.01 부근일 때 가장 낮아 10의 −5제곱 부근입니다." alt_en="The step h across, the error upwards, both logarithmic. Both curves are V-shaped. The one of 64 bits is lowest near h = 0.00001, at about 10 to the −11; that of 32 bits is lowest near h = 0.01, at about 10 to the −5." caption_ko="유한 차분의 오차. $h$가 크면 $-h$에서 $+h$까지 가는 동안 손실 함수의 굽은 정도가 달라지는 탓에 $h^2$에 비례하는 오차가 생기고(굽은 정도가 일정하면 상쇄됩니다), $h$가 작으면 컴퓨터가 수를 반올림하는 탓에 틀립니다." caption_en="The error of finite differences. Where $h$ is large it grows as $h^2$, because the curvature of the loss changes within the step (a constant curvature would cancel between $+h$ and $-h$). Where $h$ is small it comes from the computer's rounding."
steps = np.logspace(-10, 0, 31)
errors = {}
for name, dtype in (("64 bits", np.float64), ("32 bits", np.float32)):
    off = [np.abs(differences(h, dtype) - by_backprop).max() for h in steps]
    errors[name] = pd.DataFrame({"h": steps, "error": off})
figure = look.curves(
    errors, x="h", y="error", logx=True, logy=True, percent=False, height=3.2
)
figure.axes[0].set_ylim(1e-13, 10)
figure

# %% [markdown] lang="ko"
# $h$는 작을수록 좋은 것이 아닙니다. 손실 둘이 너무 비슷하면 빼는 순간 유효 숫자가 사라집니다. 그래서 검사는 64비트로 합니다.
# PyTorch의 `gradcheck`가 바로 이 검사를 모든 입력에 대해 해 줍니다. 네 식으로 만든 층을 검사하고, BP2의 기울기를 빠뜨린
# 층도 걸러 내는지 봅시다.

# %% [markdown] lang="en"
# A smaller $h$ is not always better: where two losses are nearly the same, subtracting them loses the digits that count.
# So such checks use 64 bits. PyTorch's `gradcheck` makes exactly this check, for all inputs. We check a layer made of the
# four equations, and see whether it catches a layer that forgets the slope in BP2.


# %%
class SigmoidLayer(torch.autograd.Function):
    """sigmoid(x Wᵀ + b) with the gradients written by hand."""

    @staticmethod
    def forward(ctx, x, W, b):
        a = torch.sigmoid(x @ W.T + b)  # (N, units)
        ctx.save_for_backward(x, W, a)
        return a

    @staticmethod
    def backward(ctx, by_a):  # (N, units): the loss differentiated by a
        x, W, a = ctx.saved_tensors
        delta = by_a * a * (1 - a)  # the slope, as in BP1 and BP2
        return delta @ W, delta.T @ x, delta.sum(dim=0)  # BP2's sum, BP4, BP3


class WithoutSlope(SigmoidLayer):
    @staticmethod
    def backward(ctx, by_a):
        x, W, _ = ctx.saved_tensors
        return by_a @ W, by_a.T @ x, by_a.sum(dim=0)


torch.manual_seed(0)
shapes = [(4, 3), (2, 3), (2,)]  # x, W, b
inputs = [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes]
right = torch.autograd.gradcheck(SigmoidLayer.apply, inputs)
check.that(right, "gradcheck: the four equations are right")
wrong = torch.autograd.gradcheck(WithoutSlope.apply, inputs, raise_exception=False)
check.that(not wrong, "gradcheck: without the slope they are not")

# %% [markdown] lang="ko"
# ## 신경망 전체
#
# 이제 층의 수와 크기에 상관없이 쓸 수 있게 적습니다. 예제 $N$개를 행으로 쌓으면 식은 그대로이고 곱이 행렬 곱이 될 뿐입니다.
# 은닉층에는 ReLU, $\max(0, z)$를 씁니다. 기울기는 양수에서 1, 음수에서 0입니다. 출력은 로짓이고 손실은 교차 엔트로피입니다.
# 소프트맥스의 확률 하나는 모든 로짓에 달려 있으므로 BP1의 $\odot$ 꼴은 쓸 수 없습니다. 대신 앞에서 직접 미분해 둔
# $\delta = p - [k = t]$를 씁니다.
#
# 제곱 오차와 견주어 보면 왜 이쪽이 나은지 보입니다. 출력이 시그모이드 하나 $a$이고 정답이 0이라고 합시다. 제곱 오차의 절반을
# 손실로 쓰면 BP1에서 $\delta = a \cdot a (1 - a)$입니다. 교차 엔트로피는 $L = -\log (1 - a)$이고,
# $\delta = \frac{1}{1 - a} \cdot a (1 - a) = a$입니다. 시그모이드의 기울기가 약분됩니다.

# %% [markdown] lang="en"
# ## The whole network
#
# Now we write it for any number of layers of any size. With $N$ examples stacked as rows the equations stay the same, and
# the products become matrix products. The hidden layers take ReLU, $\max(0, z)$, whose slope is 1 for positive and 0 for
# negative numbers. The output is logits and the loss cross-entropy. Each probability of softmax depends on all the logits,
# so BP1 with its $\odot$ does not apply; we take $\delta = p - [k = t]$, which we found directly above.
#
# Compare it with the squared error to see why it is the better one. Take a single sigmoid output $a$, with the right
# answer 0. With half the squared error BP1 gives $\delta = a \cdot a (1 - a)$. The cross-entropy is $L = -\log (1 - a)$, and
# $\delta = \frac{1}{1 - a} \cdot a (1 - a) = a$: the slope of the sigmoid cancels.

# %% tags=["nbval-check-output"]
print("answer   δ, squared error   δ, cross-entropy")
for a in (0.5, 0.9, 0.999):
    print(f"{a:6}{a * a * (1 - a):19.4f}{a:19.4f}")

# %% [markdown] lang="ko"
# 0.999라고 자신 있게 틀렸을 때 제곱 오차의 $\delta$는 거의 0이라 고칠 힘이 없습니다. 교차 엔트로피는 크게 틀릴수록 크게
# 고칩니다.
#
# 코드에는 두 가지를 더 정해 두었습니다. 처음 가중치는 평균이 0, 표준 편차가 $\sqrt{2 / \text{입력의 수}}$인 난수입니다. 입력이
# 많아도 가중합이 커지지 않게 하고, ReLU가 절반쯤을 0으로 만드는 것을 2로 메웁니다. [훈련이 되게 하기 장](06_training)에서 자세히
# 봅니다. 학습률은 훈련하는 동안 0까지 곧게 내립니다. 처음에는 크게 걷고, 끝에서는 미니배치 때문에 흔들리는 것을 가라앉힙니다.

# %% [markdown] lang="en"
# Where the answer is wrong with the confidence 0.999, the squared error's $\delta$ is nearly 0: no force to correct it.
# With cross-entropy, the larger the mistake, the larger the correction.
#
# Two more choices are made in the code. The initial weights are random numbers with the mean 0 and the standard deviation
# $\sqrt{2 / \text{inputs}}$: many inputs do not make the weighted sums large, and the 2 makes up for ReLU, which sets about
# half of them to 0. [The chapter on training](06_training) returns to it. The learning rate falls in a straight line to 0:
# large steps at first, and at the end the trembling of the mini-batches calms down.


# %%
def new_network(*sizes, seed=0):
    """Weights (out, in) at random, with standard deviation √(2 / in); biases 0."""
    generator = torch.Generator().manual_seed(seed)
    return [
        ((2 / m) ** 0.5 * torch.randn(n, m, generator=generator), torch.zeros(n))
        for m, n in zip(sizes[:-1], sizes[1:], strict=True)
    ]


def activations_of(network, x):
    """The input, each hidden layer's activations, and last the logits."""
    activations = [x]
    for W, b in network[:-1]:
        activations.append((activations[-1] @ W.T + b).relu())
    W, b = network[-1]
    return [*activations, activations[-1] @ W.T + b]


def gradients_of(network, x, t):
    """(dL/dW, dL/db) of each layer for the mean cross-entropy."""
    *activations, logits = activations_of(network, x)
    delta = softmax(logits)
    delta[torch.arange(len(t)), t] -= 1  # BP1
    delta /= len(t)
    found = []
    for (W, _), a in zip(reversed(network), reversed(activations), strict=True):
        found.append((delta.T @ a, delta.sum(dim=0)))  # BP4, BP3
        delta = (delta @ W) * (a > 0)  # BP2
    return found[::-1]


def train_network(
    network, x, t, steps=1250, rate=0.1, batch_size=32, seed=0, gradients=gradients_of
):
    """Mini-batch descent; the learning rate falls in a straight line to 0."""
    generator, done = torch.Generator().manual_seed(seed), 0
    while done < steps:
        order = torch.randperm(len(x), generator=generator)
        for batch in order.split(batch_size)[: steps - done]:
            now = rate * (1 - done / steps)
            found = gradients(network, x[batch], t[batch])
            pairs = zip(network, found, strict=True)
            network = [(W - now * dW, b - now * db) for (W, b), (dW, db) in pairs]
            done += 1
    return network


def answers(network, x):
    return activations_of(network, x)[-1]


deep = new_network(784, 30, 20, 10)
for W, b in deep:
    W.requires_grad_(), b.requires_grad_()
loss = functional.cross_entropy(answers(deep, x_train[:64]), y_train[:64])
by_library = torch.autograd.grad(loss, [value for pair in deep for value in pair])
with torch.no_grad():
    by_hand = gradients_of(deep, x_train[:64], y_train[:64])
for mine, theirs in zip([g for pair in by_hand for g in pair], by_library, strict=True):
    check.close(mine, theirs, what=f"gradient {tuple(theirs.shape)}")

# %% [markdown] lang="ko"
# 기계가 XOR을 스스로 찾을 수 있는지 보겠습니다. 계단 유닛 둘로는 풀어 보았고, ReLU 둘로도 풀 수 있습니다(연습). 무작위로 정한
# 출발점 40곳에서 200걸음씩 훈련해서 네 예제를 모두 맞히는 일이 얼마나 되는지 셉니다. 입력 0과 1은 −1과 1로 바꾸어 넣습니다.

# %% [markdown] lang="en"
# Let us see whether the machine finds XOR by itself. Two step units solved it above, and two ReLU units can, too (an
# exercise). We train for 200 steps from 40 random starting points and count how often all four examples come out right.
# The inputs 0 and 1 are fed in as −1 and 1.

# %%
xor_x = torch.tensor(corners, dtype=torch.float32) * 2 - 1  # inputs -1 and 1
xor_t = torch.tensor(tables["XOR"])
solved = {}
for width in (2, 4, 16):
    found = 0
    for seed in range(40):
        start = new_network(2, width, 2, seed=seed)
        after = train_network(start, xor_x, xor_t, steps=200, rate=0.5, batch_size=4)
        found += accuracy(answers(after, xor_x), xor_t) == 1
    solved[width] = found
    print(f"{width:2} hidden units: {found} of 40 solved")
check.that(0 < solved[2] < 30, f"2 units: {solved[2]} of 40 within 200 steps")
check.that(solved[16] >= 39, f"16 units: {solved[16]} of 40")

# %% [markdown] lang="ko"
# 답이 있다고 해서 언제나 찾는 것은 아닙니다. 은닉 유닛이 둘이면 출발점 40곳 가운데 26곳에서는 200걸음 안에 답을 찾지 못합니다.
# 유닛이 남아돌면 거의 언제나 찾습니다. 신경망을 꼭 필요한 것보다 넉넉하게 만드는 까닭의 하나입니다.
#
# ## 숫자로 훈련하고 겨루기
#
# 상대는 둘입니다. 소프트맥스 회귀는 은닉층이 없는 같은 신경망입니다. 최근접 이웃(nearest neighbour)은 아무것도 배우지 않고
# 훈련 예제를 모두 기억했다가, 가장 가까운 것의 레이블(label)을 그대로 대답합니다. 우리 MLP는 두 상대를 이길까요?

# %% [markdown] lang="en"
# That there is an answer does not mean that it is always found. With two hidden units, 26 of the 40 starting points do not
# get there within 200 steps. With units to spare it is nearly always found, which is one reason why networks are made
# larger than strictly needed.
#
# ## Training it on digits, against two others
#
# It has two competitors. Softmax regression is the same network without a hidden layer. Nearest neighbour learns nothing:
# it remembers all training examples and answers with the label of the closest one. Does our MLP beat both?


# %%
def nearest(x, labels, new):
    """The label of the nearest training image, for each new one."""
    return labels[torch.cdist(new, x).argmin(dim=1)]


mlp = train_network(new_network(784, 200, 10), x_train, y_train)
linear = train_network(new_network(784, 10), x_train, y_train)
by_neighbour = (nearest(x_train, y_train, x_test) == y_test).float().mean().item()
test_accuracy = {
    "softmax regression": accuracy(answers(linear, x_test), y_test),
    "MLP": accuracy(answers(mlp, x_test), y_test),
    "nearest neighbour": by_neighbour,
}
for name, value in test_accuracy.items():
    print(f"{name:20}{value:.3f}")
mine, base = test_accuracy["MLP"], test_accuracy["softmax regression"]
check.that(mine > base + 0.02, f"MLP {mine:.3f} > softmax {base:.3f} + 0.02")
check.that(
    abs(mine - by_neighbour) < 0.02,
    f"MLP {mine:.3f} and nearest neighbour {by_neighbour:.3f} within 0.02",
)
check.that(sum(W.numel() + b.numel() for W, b in mlp) == 159_010, "159,010 parameters")

# %% [markdown] lang="ko"
# MLP는 소프트맥스 회귀를 뚜렷이 앞섰지만 최근접 이웃은 앞서지 못했습니다. 훈련 숫자 4,000장을 통째로 기억하는 것도 나쁘지 않은
# 방법입니다. 조건을 바꾸어 더 재 봅시다. 먼저 훈련 예제의 수를 줄입니다. 예제가 몇 장이든 걸음은 1,250번이어서, 100장이면
# 자료를 300번 넘게 돕니다. 다음으로 테스트 이미지를 네 가지로 바꿉니다. 밝기를 절반으로 줄이고, 잡음을 더하고, 한가운데 6×6픽셀을
# 지우고, 오른쪽으로 2픽셀 옮깁니다. 잡음의 표준 편차는 0.6쯤이고, 0이 검정, 1이 흰색입니다.

# %% [markdown] lang="en"
# It clearly beats softmax regression, but not nearest neighbour: to remember all 4,000 training digits is no bad method.
# Let us measure more. First we take fewer training examples. However few there are, the networks take 1,250 steps, so
# 100 examples are gone through more than 300 times. Then we disturb the test images in four ways: half the brightness,
# added noise, the 6×6 pixels in the middle erased, and the digit moved 2 pixels to the right. The noise has a standard
# deviation of about 0.6, where 0 is black and 1 is white.

# %%
counts, rows = [100, 300, 1000, 4000], []
for count in counts:
    x, t = x_train[:count], y_train[:count]
    same = (nearest(x, t, x_test) == y_test).float().mean().item()
    soft, net = (
        accuracy(answers(train_network(new_network(*sizes), x, t), x_test), y_test)
        for sizes in ((784, 10), (784, 200, 10))
    )
    row = {"softmax regression": soft, "MLP": net, "nearest neighbour": same}
    rows.append(row | {"examples": count})
by_count = pd.DataFrame(rows)

brightness = x_test * std + mean  # 0..1 again
noise = torch.randn(x_test.shape, generator=torch.Generator().manual_seed(0))
box = brightness.clone().view(-1, 28, 28)
box[:, 11:17, 11:17] = 0
check.that(0.5 < 2 * std < 0.7, f"standard deviation of the noise: {2 * std:.2f}")
tests = {
    "as they are": x_test,
    "half as bright": (brightness / 2 - mean) / std,
    "with noise": x_test + 2 * noise,
    "middle erased": (box.flatten(1) - mean) / std,
    "moved 2 pixels": x_test.view(-1, 28, 28).roll(2, dims=2).flatten(1),
}
rows = {}
for name, images in tests.items():
    rows[name] = {
        "softmax regression": accuracy(answers(linear, images), y_test),
        "MLP": accuracy(answers(mlp, images), y_test),
        "nearest neighbour": (
            (nearest(x_train, y_train, images) == y_test).float().mean().item()
        ),
    }
disturbed = pd.DataFrame(rows).T
disturbed.round(3)

# %% name="fig-disturbed" tags=["hide-input"] alt_ko="같은 숫자 다섯 장. 그대로인 것, 어두워진 것, 잡음이 가득 낀 것, 가운데가 네모나게 지워진 것, 오른쪽으로 조금 옮긴 것입니다." alt_en="The same digit five times: as it is, darker, full of noise, with a square erased in the middle, and moved a little to the right." caption_ko="테스트 숫자 하나를 바꾼 네 가지. 잡음은 0보다 작거나 1보다 큰 값을 잘라 내고 그렸습니다." caption_en="One test digit, as it is and disturbed in four ways. Where noise leaves 0 to 1, it is drawn cut off."
versions = [(images[3] * std + mean).clamp(0, 1) for images in tests.values()]
look.grid(torch.stack(versions).view(5, 1, 28, 28), titles=tests, columns=5)

# %% name="fig-examples" tags=["hide-input"] alt_ko="가로축은 훈련 예제 수 100에서 4,000까지, 세로축은 테스트 정확도. 세 곡선이 모두 오릅니다. 300장과 1,000장에서는 MLP가 위에 있고, 4,000장에서는 최근접 이웃과 MLP가 거의 같은 높이에서 만나며 소프트맥스 회귀는 그 아래에 있습니다." alt_en="Training examples from 100 to 4,000 across, test accuracy upwards. All three curves rise. At 300 and 1,000 the MLP is on top; at 4,000 nearest neighbour and the MLP meet at nearly the same height, with softmax regression below." caption_ko="훈련 예제 수에 따른 테스트 정확도. 가로축은 훈련 예제 수(로그 눈금), 세로축은 테스트 정확도입니다." caption_en="Test accuracy by the number of training examples, which runs across on a logarithmic scale."
tables_by_count = {
    name: by_count[["examples", name]].rename(columns={name: "accuracy"})
    for name in ("MLP", "nearest neighbour", "softmax regression")
}
figure = look.curves(
    tables_by_count, x="examples", y="accuracy", ylabel="test accuracy", logx=True
)
axes = figure.axes[0]
axes.set_xticks(counts, [f"{count:,}" for count in counts])
axes.set_xticks([], minor=True)
figure

# %%
few = by_count.set_index("examples").loc[1000]
check.that(
    few["MLP"] > few["nearest neighbour"],
    f"1,000 examples: MLP {few['MLP']:.3f} > neighbour {few['nearest neighbour']:.3f}",
)
dim, noisy = disturbed.loc["half as bright"], disturbed.loc["with noise"]
check.that(
    dim["MLP"] > dim["nearest neighbour"] + 0.1,
    f"half as bright: MLP {dim['MLP']:.3f}, neighbour {dim['nearest neighbour']:.3f}",
)
check.that(
    noisy["nearest neighbour"] > noisy["MLP"] + 0.05,
    f"noise: neighbour {noisy['nearest neighbour']:.3f}, MLP {noisy['MLP']:.3f}",
)
kept = x_train.numel()
check.that(kept / 159_010 > 19, f"{kept:,} pixels kept, or 159,010 parameters")

# %% [markdown] lang="ko"
# 이기는 쪽은 조건마다 다릅니다. 예제가 1,000장이거나 밝기가 절반이면 MLP가, 잡음이 끼거나 가운데가 지워지면 최근접 이웃이
# 이깁니다. 옮긴 숫자에는 셋 다 약하고, 잡음에서는 MLP가 소프트맥스 회귀보다도 못합니다. 비용도 다릅니다. 최근접 이웃은 숫자
# 하나를 읽을 때마다 픽셀 3,136,000개를 모두 훑습니다. MLP는 배우는 데 시간을 쓰는 대신 159,010개의 수만 남기고 예제는 버려도 됩니다. 신경망이 언제나 이긴다고 말하지
# 않는 것이 정직한 결론입니다. 정확도 차이가 우연이 아닌지는 뒤에서 교차 검증으로 다시 묻습니다.

# %% [markdown] lang="en"
# Who wins depends on the conditions. With 1,000 examples or half the brightness it is the MLP; with noise, or with the
# middle erased, nearest neighbour. Digits that moved are hard for all three, and with noise the MLP falls even below
# softmax regression. The costs differ as well. Nearest neighbour goes through 3,136,000 pixels for each digit it reads.
# The MLP spends time on learning, but then keeps 159,010 numbers and may throw the examples away. The honest conclusion
# is not that a network always wins. Whether a difference in accuracy is more than chance we ask again below, with
# cross-validation.

# %% [markdown] lang="ko"
# ## 여섯 가지 활성화 함수
#
# 은닉 유닛의 함수로는 무엇이 좋을까요? 자주 쓰는 여섯 가지를 견줍니다.
#
# | 이름 | $f(z)$ | 기울기 $f'(z)$ |
# |---|---|---|
# | 시그모이드 | $1 / (1 + e^{-z})$ | $f (1 - f)$, 많아야 $\tfrac{1}{4}$ |
# | 쌍곡탄젠트(tanh) | $\tanh z$ | $1 - f^2$, 많아야 $1$ |
# | ReLU | $\max(0, z)$ | $1$ 또는 $0$ |
# | Leaky ReLU | $\max(0.1 z, z)$ | $1$ 또는 $0.1$ |
# | Maxout {cite:p}`goodfellow2013maxout` | $\max(z_1, z_2)$ | 큰 쪽에 $1$, 작은 쪽에 $0$ |
# | ELU {cite:p}`clevert2016fast` | $z \ge 0$이면 $z$, 아니면 $e^z - 1$ | $1$ 또는 $e^z$ |
#
# Leaky ReLU에서 음수에 곱하는 수는 여기서 0.1이고, 처음 나온 논문에서는 0.01입니다 {cite:p}`maas2013rectifier`. ELU에는 음수
# 쪽에 곱하는 수 $\alpha$가 있는데 여기서는 1로 두었습니다. Maxout은 유닛마다 가중합이 둘이라 가중치도 두 배입니다. 기울기를
# 자동 미분과 견주고 그립니다.

# %% [markdown] lang="en"
# ## Six activation functions
#
# Which function should a hidden unit have? Here are six common ones.
#
# | name | $f(z)$ | slope $f'(z)$ |
# |---|---|---|
# | sigmoid | $1 / (1 + e^{-z})$ | $f (1 - f)$, at most $\tfrac{1}{4}$ |
# | tanh | $\tanh z$ | $1 - f^2$, at most $1$ |
# | ReLU | $\max(0, z)$ | $1$ or $0$ |
# | Leaky ReLU | $\max(0.1 z, z)$ | $1$ or $0.1$ |
# | Maxout {cite:p}`goodfellow2013maxout` | $\max(z_1, z_2)$ | $1$ for the larger, $0$ for the smaller |
# | ELU {cite:p}`clevert2016fast` | $z$ for $z \ge 0$, else $e^z - 1$ | $1$ or $e^z$ |
#
# The Leaky ReLU multiplies negative numbers by 0.1 here; the paper it comes from took 0.01 {cite:p}`maas2013rectifier`. ELU
# has a factor $\alpha$ on its negative side, here 1. Maxout has two weighted sums for each unit, and so twice the weights.
# We compare the slopes with automatic differentiation and draw them.


# %%
class Maxout(nn.Module):
    """The larger of each pair: (N, 2 units) -> (N, units)."""

    def forward(self, z):
        return z.unflatten(1, (-1, 2)).amax(dim=2)


ACTIVATIONS = {
    "sigmoid": (nn.Sigmoid(), lambda z: torch.sigmoid(z) * (1 - torch.sigmoid(z))),
    "tanh": (nn.Tanh(), lambda z: 1 - z.tanh() ** 2),
    "ReLU": (nn.ReLU(), lambda z: (z > 0).float()),
    "Leaky ReLU": (nn.LeakyReLU(0.1), lambda z: torch.where(z > 0, 1.0, 0.1)),
    "Maxout": (Maxout(), lambda z: (z == z.amax(dim=1, keepdim=True)).float()),
    "ELU": (nn.ELU(), lambda z: torch.where(z > 0, 1.0, z.exp())),
}
line = torch.linspace(-4, 4, 160)  # without 0, where ReLU has a corner
curves_of = {}
for name, (function, slope) in ACTIVATIONS.items():
    # Maxout of z and of 0.5 - z / 2, two lines as examples
    z = (
        torch.stack([line, 0.5 - line / 2], dim=1)
        if name == "Maxout"
        else line[:, None]
    )
    z.requires_grad_()
    f = function(z)
    by_library = torch.autograd.grad(f.sum(), z)[0]
    check.close(slope(z), by_library, what=name)
    by_line = by_library @ torch.tensor([1.0, -0.5]) if name == "Maxout" else by_library
    curves_of[name] = (f.detach().flatten(), by_line.flatten())

# %% name="fig-activations" tags=["hide-input"] alt_ko="작은 그래프 여섯. 저마다 함수가 실선, 기울기가 파선입니다. 시그모이드의 기울기는 낮은 언덕, tanh의 기울기는 높이 1인 언덕, ReLU는 0에서 1로 뛰는 계단, Leaky ReLU는 0.1에서 1로 뛰는 계단, Maxout은 −0.5에서 1로 뛰는 계단, ELU는 0에서 1로 굽어 오르는 곡선입니다." alt_en="Six small graphs, each with the function as a solid line and its slope dashed. The slope is a low hill for the sigmoid, a hill of height 1 for tanh, a step from 0 to 1 for ReLU, a step from 0.1 to 1 for Leaky ReLU, a step from −0.5 to 1 for Maxout, and for ELU a curve that rises from 0 to 1." caption_ko="실선은 함수, 파선은 기울기. Maxout은 예로 $\\max(z,\\ 0.5 - z/2)$를 그렸습니다." caption_en="Solid: the function. Dashed: its slope. Maxout is drawn for the example $\\max(z,\\ 0.5 - z/2)$."
figure = look.style.figure("full", 4.2)
panels = figure.subplots(2, 3, sharex=True, sharey=True)
for axes, (name, (f, slope)) in zip(panels.flat, curves_of.items(), strict=True):
    axes.plot(line, f, color=paint["blue"], linestyle="-")
    axes.plot(line, slope, color=paint["orange"], linestyle="--")
    axes.axhline(0, color=paint["muted"], linewidth=0.8, linestyle="-", zorder=0)
    axes.set(title=name, ylim=(-1.3, 3.2), xticks=[-4, 0, 4], yticks=[-1, 0, 1, 2, 3])
for axes in panels[1]:
    axes.set_xlabel("z")
figure

# %% [markdown] lang="ko"
# BP2는 층을 하나 거슬러 갈 때마다 가중치와 기울기를 한 번씩 곱합니다. 여기서 쓰는 처음 가중치의 표준 편차는
# $\sqrt{2 / \text{입력의 수}}$이고, 이런 가중치를 곱하면 $\delta$의 길이는 $\sqrt{2} \approx 1.4$배쯤 됩니다. 시그모이드의 기울기는
# 많아야 $\tfrac{1}{4}$이니 한 층에서 많아야 0.35배쯤이고, 열 층을 거슬러 가면 $0.35^{10} \approx 3 \cdot 10^{-5}$배입니다. 층이
# 깊으면 이렇게 $\delta$가 걷잡을 수 없이 작아지는 것이 기울기 소실(vanishing gradient)입니다. 은닉층이 10개인 신경망 여섯을,
# 활성화 함수만 바꾸고 처음 가중치의 크기는 같게 해서 견줍니다.

# %% [markdown] lang="en"
# BP2 multiplies by weights and by a slope at each layer on the way back. The initial weights used here have the standard
# deviation $\sqrt{2 / \text{inputs}}$, and such weights make $\delta$ about $\sqrt{2} \approx 1.4$ times as long. The
# sigmoid's slope is at most $\tfrac{1}{4}$, so together they make at most about 0.35 a layer, and ten layers back
# $0.35^{10} \approx 3 \cdot 10^{-5}$. That $\delta$ becomes hopelessly small when layers are many is called the vanishing
# gradient. We compare six networks of 10 hidden layers whose initial weights have the same size and which differ in the
# activation function alone.


# %%
def build(name, *widths, gain=1.0, seed=0):
    """A network with this activation function after every hidden layer."""
    torch.manual_seed(seed)
    pieces, layers = 2 if name == "Maxout" else 1, []
    for m, n in zip(widths[:-2], widths[1:-1], strict=True):
        layers += [nn.Linear(m, pieces * n), ACTIVATIONS[name][0]]
    layers.append(nn.Linear(widths[-2], widths[-1]))
    for layer in layers[::2]:
        nn.init.normal_(layer.weight, std=(gain / layer.in_features) ** 0.5)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


x, t = x_train[:200], y_train[:200]
sizes = {}
for name in ACTIVATIONS:
    network = build(name, 784, *[100] * 10, 10, gain=2.0)
    functional.cross_entropy(network(x), t).backward()
    sizes[name] = [layer.bias.grad.norm().item() for layer in network[::2]]
    sizes[name] = [each / sizes[name][-1] for each in sizes[name]]
ratio = sizes["sigmoid"][0] / sizes["ReLU"][0]
check.that(ratio < 1e-3, f"first layer: sigmoid / ReLU = {ratio:.1e} < 0.001")
first = {name: size[0] for name, size in sizes.items()}
check.that(first["sigmoid"] < 3e-5, f"sigmoid, ten layers back: {first['sigmoid']:.0e}")
check.that(3 < first["Maxout"] < 30, f"Maxout: {first['Maxout']:.0f} times as large")

# %% name="fig-vanishing" tags=["hide-input"] alt_ko="가로축은 층 1에서 11, 세로축은 출력층에 대한 그레이디언트의 크기, 로그 눈금. 시그모이드의 곡선은 앞쪽 층으로 갈수록 가파르게 떨어져 십만 분의 일 부근이 되고, 나머지는 훨씬 위에 머무릅니다. Maxout의 곡선만 앞쪽 층으로 갈수록 올라 10 부근이 됩니다." alt_en="Layers 1 to 11 across, the size of the gradient relative to the output layer upwards, logarithmic. The sigmoid's curve falls steeply towards the first layers, to about a hundred-thousandth; the others stay far above, and Maxout's alone rises towards the first layers, to about 10." caption_ko="훈련 전, 층별 편향 그레이디언트의 크기를 출력층의 값으로 나눈 것." caption_en="Before training: the size of the gradient of each layer's biases, divided by that of the output layer."
look.curves(
    sizes,
    y="size",
    xlabel="layer",
    ylabel="gradient / gradient of output",
    logy=True,
    percent=False,
)

# %% [markdown] lang="ko"
# 시그모이드는 어림한 대로 첫 층에서 출력층의 십만 분의 일쯤으로 줄었습니다. ReLU는 기울기가 0인 유닛이 절반쯤이어서 가중치의
# $\sqrt{2}$배를 상쇄하고, 크기가 거의 그대로입니다. Maxout에서는 유닛마다 큰 쪽의 기울기가 언제나 1이라 상쇄하는 것이 없고,
# $\delta$가 오히려 열 배쯤 커집니다.
#
# ReLU에는 다른 병이 있습니다. 어느 유닛의 $z$가 모든 훈련 예제에서 음수가 되면 기울기가 언제나 0이라 다시는 고쳐지지
# 않습니다. 죽은 유닛(dead unit)입니다. 진짜 훈련에서 세어 봅시다. 은닉층이 하나인 신경망을 학습률 네 가지로 3에폭씩 훈련합니다.
# 난수 시드(random seed)를 두 가지로 바꾸어, 곧 처음 가중치와 예제의 순서를 달리해서 두 번씩 합니다. 훈련 숫자 4,000장 모두에서
# 기울기가 0.001보다 작은 유닛을 죽은 것으로 칩니다. 기울기가 0이 되지 않는 Leaky ReLU와 Maxout은 잴 것이 없습니다. 표는 3에폭
# 뒤의 테스트 정확도를 시드 두 개에서 평균한 것입니다.

# %% [markdown] lang="en"
# With the sigmoid, as estimated, the first layer gets about a hundred-thousandth of the output layer's gradient. With ReLU
# about half of the units have the slope 0, which cancels the $\sqrt{2}$ of the weights, and the size stays nearly the same.
# With Maxout the larger sum of each unit always has the slope 1: nothing cancels, and $\delta$ even grows about tenfold.
#
# ReLU has another illness. Where a unit's $z$ becomes negative for all training examples its slope is always 0, and it is
# never corrected again: a dead unit. Let us count them in real training. A network of one hidden layer is trained for 3
# epochs with four learning rates, each with two random seeds, that is, with two different initial weights and orders of
# the examples. A unit counts as dead if its slope is below 0.001 on all 4,000 training digits. Leaky ReLU and Maxout,
# whose slope is never 0, leave nothing to measure. The table shows the test accuracy after 3 epochs, the mean of the two
# seeds.


# %%
def train_by(network, rate, epochs=3, seed=0):
    """Mini-batch descent on the digits; changes the network."""
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(network.parameters(), rate)
    for _ in range(epochs):
        for batch in torch.randperm(4000).split(32):
            loss = functional.cross_entropy(network(x_train[batch]), y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def dead_share(network, name):
    """Share of hidden units without slope on every training digit."""
    slopes = ACTIVATIONS[name][1]
    return (slopes(network[0](x_train)).amax(dim=0) < 1e-3).float().mean().item()


rates, rows, may_die = (0.1, 0.3, 0.5, 1.0), [], ("sigmoid", "tanh", "ReLU", "ELU")
for name in ACTIVATIONS:
    for rate in rates:
        for seed in (0, 1):
            network = build(name, 784, 100, 10, seed=seed)
            train_by(network, rate, seed=seed)
            row = {"activation": name, "rate": rate, "seed": seed}
            logits = network(x_test)
            row["exploded"] = not logits.isfinite().all()
            row["test accuracy"] = accuracy(logits, y_test)
            if name in may_die and not row["exploded"]:
                row["dead"] = dead_share(network, name)
            rows.append(row)
study = pd.DataFrame(rows)
table = study.pivot_table("test accuracy", "activation", "rate", sort=False)
table.round(3)

# %% name="fig-dead" tags=["hide-input"] alt_ko="가로축은 학습률 0.1, 0.3, 0.5, 1.0, 세로축은 죽은 유닛의 비율. ReLU의 곡선은 0에서 시작해 가파르게 올라 학습률 1에서 절반을 훌쩍 넘고, ELU의 곡선은 그보다 늦게 올라 역시 절반을 넘습니다. 시그모이드와 tanh는 0 부근에 머무릅니다." alt_en="Learning rates 0.1, 0.3, 0.5 and 1.0 across, the share of dead units upwards. ReLU's curve begins at 0 and rises steeply to far more than half at rate 1; ELU's rises later, also beyond half; sigmoid and tanh stay near 0." caption_ko="3에폭 뒤에 죽은 은닉 유닛의 비율, 시드 두 개의 평균과 범위. Leaky ReLU와 Maxout은 기울기가 0이 되지 않으므로 뺐습니다." caption_en="Share of dead hidden units after 3 epochs, mean and range of two seeds. Leaky ReLU and Maxout are left out: their slope is never 0."
dead = {
    name: [
        study[(study.activation == name) & (study.seed == seed)][["rate", "dead"]]
        for seed in (0, 1)
    ]
    for name in may_die
}
figure = look.curves(
    dead, x="rate", y="dead", xlabel="learning rate", ylabel="dead units", percent=True
)
figure.axes[0].set_xticks(rates)
figure

# %%
by_rate = study[study.activation == "ReLU"].groupby("rate").dead.mean()
check.that(by_rate[0.1] < 0.05, f"ReLU, rate 0.1: {100 * by_rate[0.1]:.0f}% dead")
check.that(by_rate[1.0] > 0.4, f"ReLU, rate 1: {100 * by_rate[1.0]:.0f}% dead")
elu = study[(study.activation == "ELU") & (study.rate == 0.5)]
check.that(
    elu.dead.mean() < 0.3 and elu["test accuracy"].mean() < 0.6,
    f"ELU, rate 0.5: {100 * elu.dead.mean():.0f}% dead",
)
exploded = study[study.exploded].groupby("activation", sort=False).rate.min()
for name, rate in exploded.items():
    print(f"{name:12} exploded from the rate {rate}")
check.that(exploded["Maxout"] < exploded["Leaky ReLU"], "Maxout explodes first")
gentle = table[0.1]
low, high = gentle.min(), gentle.max()
check.that(high - low < 0.06, f"rate 0.1: {low:.3f} to {high:.3f}")
fast = study[study.rate == 1].groupby("activation")["test accuracy"].mean()
bounded = ["sigmoid", "tanh"]
still, others = fast[bounded].min(), fast.drop(bounded).max()
check.that(still > others + 0.1, f"rate 1: bounded {still:.3f}, others {others:.3f}")

# %% [markdown] lang="ko"
# 학습률이 0.1이면 죽은 유닛이 거의 없고, 1이면 ReLU 유닛의 대부분이 죽습니다. 큰 걸음 하나가 가중치와 편향을 멀리 옮겨 놓으면,
# 어떤 숫자가 들어와도 $z$가 0을 넘지 못하는 유닛이 생기기 때문입니다. ELU도 왼쪽 끝에서는 시그모이드나 tanh의 양쪽 끝처럼 평평해서
# 죽을 수 있습니다.
#
# Leaky ReLU와 Maxout은 죽지 않지만, 그렇다고 큰 학습률을 견디는 것은 아닙니다. 정확도 0.1은 찍는 것과 같습니다. Maxout은 학습률
# 0.3에서, Leaky ReLU는 1에서 수가 한없이 커져 훈련이 폭발했습니다. ELU는 0.5에서 죽은 유닛이 15%쯤인데도 정확도가 절반 아래로
# 떨어집니다. 죽은 유닛이 없거나 적어도 무너질 수 있습니다. 학습률 1에서 아직 숫자를 대부분 읽는 것은 시그모이드와 tanh, 곧 출력의
# 크기가 1을 넘지 않는 두 함수뿐입니다. 그러니 “죽은 유닛이 생긴다”는 말은 대개 “학습률이 너무 크다”로 새겨들으면 됩니다. 학습률
# 0.1에서는 여섯 함수의 정확도가 3퍼센트포인트쯤만 차이 납니다.

# %% [markdown] lang="en"
# At rate 0.1 hardly a unit is dead; at rate 1 most of the ReLU units are. One large step can move a unit's weights and bias
# so far that no digit lifts $z$ above 0. ELU is flat at its left end, as sigmoid and tanh are at both, and can die too.
#
# Leaky ReLU and Maxout do not die, but that does not mean that they survive a large learning rate. An accuracy of 0.1 is
# guessing. Maxout at 0.3 and Leaky ReLU at 1 exploded: their numbers grew without limit. ELU falls below one half at 0.5
# with only about 15% of its units dead. A training can collapse with few dead units, or none. At rate 1 only sigmoid and
# tanh, whose output never exceeds 1 in size, still read most digits. So "there are dead units" mostly says "the learning
# rate is too large". At rate 0.1 the accuracies of all six differ by only about 3 percentage points.

# %% [markdown] lang="ko"
# ## 외우지 못하게: L1과 L2
#
# 가중치가 7,850개이면 4,000장을 꽤 외울 수 있습니다. 훈련 예제에서만 잘하는 것이 과적합(overfitting)입니다. 규제(regularization)는
# 큰 가중치에 벌점(penalty)을 주어 이를 막습니다. 손실에 더하는 벌점은 흔히 두 가지입니다.
#
# $$L + \frac{\lambda_2}{2} \sum w^2 \qquad\qquad L + \lambda_1 \sum |w|$$
#
# 미분해 보면 한 걸음에서 두 벌점이 하는 일은 다릅니다. L2의 기울기는 $\lambda_2 w$라서 걸음마다 가중치가
# $1 - \eta \lambda_2$배로 줄어듭니다. 경사 하강법에서는 이것이 가중치 감쇠(weight decay)와 같습니다. L1의 기울기는 크기와
# 상관없이 $\pm \lambda_1$이라서 모든 가중치를 같은 만큼 0 쪽으로 당깁니다. 그런데 0을 지나치면 반대쪽에서 다시 당기게
# 되므로, 0에 닿으면 멈추도록 자릅니다.
#
# $$w \leftarrow \operatorname{sign}(w)\, \max(0,\ |w| - \eta \lambda_1)$$
#
# 우선 L2의 $\lambda_2$는 0.03, L1의 $\lambda_1$은 0.001로 두고 가중치가 어떻게 되는지 봅시다. $\lambda_2$를 고르는 법과
# 처음 보는 숫자에서의 정확도는 다음 절에서 다룹니다.

# %% [markdown] lang="en"
# ## Against learning by heart: L1 and L2
#
# With 7,850 weights one can learn a good deal of 4,000 images by heart. To be good on the training examples only is
# overfitting. Regularisation works against it by a penalty on large weights. There are two usual ones to add to the loss.
#
# $$L + \frac{\lambda_2}{2} \sum w^2 \qquad\qquad L + \lambda_1 \sum |w|$$
#
# Differentiate both, and you see that they act differently in a step. The slope of L2 is $\lambda_2 w$, so every step
# shrinks the weight by the factor $1 - \eta \lambda_2$. In gradient descent this is the same as weight decay. The slope
# of L1 is $\pm \lambda_1$, whatever the size, and pulls all weights towards 0 by the same amount. Beyond 0 it would
# pull back from the other side, so we cut it off: a weight that reaches 0 stops there.
#
# $$w \leftarrow \operatorname{sign}(w)\, \max(0,\ |w| - \eta \lambda_1)$$
#
# To begin with, we set $\lambda_2$ to 0.03 for L2 and $\lambda_1$ to 0.001 for L1 and look at the weights. How to choose
# $\lambda_2$, and the accuracy on new digits, are the subject of the next section.


# %%
def regularised(x, t, l1=0.0, l2=0.0, epochs=15, rate=0.1, batch_size=50, seed=0):
    """Softmax regression with penalties: W (10, 784), b (10,)."""
    generator = torch.Generator().manual_seed(seed)
    W, b = 0.05 * torch.randn(10, 784, generator=generator), torch.zeros(10)
    done, steps = 0, epochs * len(x) // batch_size
    for _ in range(epochs):
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            now = rate * (1 - done / steps)
            _, dW, db = loss_and_gradient(W, b, x[batch], t[batch])
            W, b = W - now * (dW + l2 * W), b - now * db
            if l1:
                W = W.sign() * (W.abs() - now * l1).clamp(min=0)
            done += 1
    return W, b


def centred(new, known):
    """Images minus the mean image of `known`, over the deviation of its pixels.

    A pixel that never changes becomes 0 and has no influence.
    """
    return (new - known.mean(dim=0)) / known.std()


raw = pixels(train_set)
flat_train = centred(raw, raw)
varies = (raw != raw[0]).any(dim=0)  # (784,): not the same in all training images
weights, rows = {}, {}
for name, penalty in {
    "none": {},
    "L2, λ = 0.03": {"l2": 0.03},
    "L1, λ = 0.001": {"l1": 0.001},
}.items():
    W, b = regularised(flat_train, y_train, **penalty)
    weights[name] = W
    rows[name] = {
        "train": accuracy(flat_train @ W.T + b, y_train),
        "exactly 0": (W == 0).float().mean().item(),
        "of varying pixels": (W[:, varies] == 0).float().mean().item(),
        "|w| < 0.01": (W.abs() < 0.01).float().mean().item(),
        "largest": W.abs().max().item(),
    }
print(f"{int((~varies).sum())} of 784 pixels never change")
penalties = pd.DataFrame(rows).T
penalties.round(3)

# %% name="fig-weights" tags=["hide-input"] alt_ko="세 줄에 열 장씩, 숫자마다 하나인 28×28 가중치 그림. 첫 줄은 온통 주황과 파랑의 거친 점이고 가장자리까지 차 있습니다. 둘째 줄은 옅고 매끄러운 얼룩입니다. 셋째 줄은 가장자리가 거의 희고, 가운데에 또렷한 점이 흩어져 있습니다." alt_en="Three rows of ten 28×28 pictures of weights, one for each digit. The first row is full of rough orange and blue dots up to the edges. The second has faint smooth blots. The third is nearly white at the edges, with clear dots scattered over the middle." caption_ko="숫자 0부터 9까지의 가중치. 위부터 벌점이 없을 때, L2, L1. 주황은 양수, 파랑은 음수, 흰색은 0입니다." caption_en="The weights of the digits 0 to 9. From the top: no penalty, L2, L1. Orange is positive, blue negative, white 0."
everything = torch.cat(list(weights.values())).view(30, 1, 28, 28)
look.filters(everything, columns=10, size=0.6)

# %% name="fig-histograms" tags=["hide-input"] alt_ko="가중치의 히스토그램 셋, 세로축은 로그. 벌점이 없으면 넓은 언덕입니다. L2와 L1은 모두 0에 높은 막대가 솟아 있고, L2의 꼬리는 0.2 안쪽, L1의 꼬리는 0.3 부근까지 뻗습니다." alt_en="Three histograms of the weights with a logarithmic vertical axis: a broad hill without penalty; with both L2 and L1 a tall bar at 0, with tails that stay within 0.2 for L2 and reach about 0.3 for L1." caption_ko="가중치 7,840개의 히스토그램. 세로축은 개수이고 로그 눈금입니다. 정확히 0인 것과 0에 가까운 것은 이 그림에서 구별되지 않습니다. 표의 exactly 0을 보세요." caption_en="Histograms of the 7,840 weights. The vertical axis counts them, on a logarithmic scale. The bar at 0 holds exact zeros and small weights alike; the column of exact zeros in the table tells them apart."
figure = look.style.figure("full", 2.7)
panels = figure.subplots(1, 3, sharex=True, sharey=True)
for axes, (name, W) in zip(panels, weights.items(), strict=True):
    axes.hist(W.flatten(), bins=np.linspace(-0.45, 0.45, 46), color=paint["blue"])
    axes.set(title=name, yscale="log", xlabel="w", xticks=[-0.4, 0, 0.4])
panels[0].set_ylabel("weights")
figure

# %%
none, l2, l1 = (penalties.loc[name] for name in penalties.index)
for name, row in (("L2", l2), ("L1", l1)):
    check.that(row.train < none.train, f"{name}: train {row.train:.3f}")
check.that(l1["exactly 0"] > 0.2, f"L1: {100 * l1['exactly 0']:.0f}% exactly 0")
check.that(l2["exactly 0"] < 0.01, f"L2: {100 * l2['exactly 0']:.0f}% exactly 0")
for_free = 10 * int((~varies).sum())  # weights of pixels that never change
picked = 100 * l1["of varying pixels"]
check.that(picked > 10, f"L1: {picked:.0f}% of the other {7_840 - for_free:,} weights")
check.that(
    l2.largest < 0.7 * none.largest,
    f"largest weight: L2 {l2.largest:.2f} < 0.7 · {none.largest:.2f}, no penalty",
)

# %% [markdown] lang="ko"
# 두 벌점 모두 훈련 정확도를 낮춥니다. L2는 큰 가중치를 크게 줄이고 모두 조금씩 남깁니다. L1은 가중치의 30%를 정확히 0으로
# 만듭니다. 그 가운데 12퍼센트포인트쯤은 늘 검은 픽셀의 것입니다. 그런 픽셀은 그레이디언트가 없어서 벌점만 받습니다. 나머지가 L1이
# 버리기로 고른 것입니다. 변하는 픽셀의 가중치에서는 21%쯤이 0이 되어, L1은 숫자마다 어느 픽셀을 볼지 고릅니다. 벌점이 없으면
# 가장자리의 가중치가 처음의 무작위 값 그대로 남은 것도 보세요.

# %% [markdown] lang="en"
# Both penalties lower the training accuracy. L2 shrinks large weights most and leaves a little of each. L1 makes 30% of
# the weights exactly 0. About 12 percentage points of this are the weights of pixels that are always black: they get no
# gradient, only the penalty. The rest is what L1 chose to drop: of the weights of pixels that change, about 21% are 0,
# so for each digit L1 picks which pixels to look at. See, too, that without a penalty the weights at the edge kept their
# random initial values.

# %% [markdown] lang="ko"
# ## 교차 검증
#
# 벌점을 주면 처음 보는 숫자를 더 잘 읽을까요? $\lambda_2$는 얼마가 좋을까요? $\lambda_2$처럼 훈련에서 배우지 않고 사람이 정하는 값을 하이퍼파라미터(hyperparameter)라고 합니다.
# 테스트 세트(test set)를 보고 고르면 테스트 세트가 훈련에 참여한 셈이 됩니다. 검증 세트 하나를 떼어 놓고 고르면 결과가 그 세트의 운에 좌우됩니다. 교차 검증(cross-validation)은 훈련
# 세트를 $k$겹(fold)으로 나누어, 차례로 한 겹씩 떼어 놓고 나머지로 훈련해서 떼어 놓은 겹으로 잽니다. 결과가 $k$개이니 평균과 함께 흩어진 정도도 알 수 있습니다.
#
# 우리 자료에는 0부터 9까지가 차례로 되풀이됩니다. 다섯 장마다 하나씩 골라 한 겹을 만들면 어떻게 될까요?

# %% [markdown] lang="en"
# ## Cross-validation
#
# Do new digits get read better with a penalty? What $\lambda_2$ is good? A value that is not learned in training but
# chosen by a person, such as $\lambda_2$, is a hyperparameter. If we choose it by the test set, the test set takes part
# in the training. If we set one validation set aside and choose by that, the result depends on the luck of that set.
# Cross-validation divides the training set into $k$ folds, sets each aside in turn, trains on the rest, and measures on
# the fold set aside. With $k$ results we learn not only a mean but also a spread.
#
# Our data runs through 0 to 9 again and again. What if every fifth image makes a fold?


# %%
def cross_validate(method, fold, k=5):
    """Accuracies (train, held out) for each fold; `fold` (N,) numbers 0..k-1."""
    results = []
    for number in range(k):
        out = fold == number
        results.append(method(~out, out))
    return torch.tensor(results)  # (k, 2)


def with_penalty(**penalty):
    def method(learn, out):
        x, t = centred(raw[learn], raw[learn]), y_train[learn]  # no look at `out`
        W, b = regularised(x, t, **penalty)
        held = accuracy(centred(raw[out], raw[learn]) @ W.T + b, y_train[out])
        return accuracy(x @ W.T + b, t), held

    return method


every_fifth = torch.arange(4000) % 5
trap = cross_validate(with_penalty(l2=0.03), every_fifth)
print("digits in the first fold:", y_train[every_fifth == 0].unique().tolist())
worst = trap[:, 1].max().item()
check.that(worst < 0.1, f"accuracy on the folds set aside: at most {worst:.3f}")

generator = torch.Generator().manual_seed(0)
fold = torch.randperm(4000, generator=generator) % 5  # by chance
lambdas = [0, 0.003, 0.01, 0.03, 0.1, 0.3, 1]
validated = {l2: cross_validate(with_penalty(l2=l2), fold) for l2 in lambdas}
chosen_l2 = max(lambdas, key=lambda l2: validated[l2][:, 1].mean())

# %% name="fig-folds" tags=["hide-input"] alt_ko="가로축은 λ2가 0에서 1까지 일곱 값, 세로축은 정확도. 훈련 정확도는 0.97 부근에서 시작해 λ2가 커질수록 내려갑니다. 떼어 놓은 겹의 정확도는 0.89 부근에서 조금 올랐다가 다시 내려가고, 점마다 겹 사이의 표준 편차를 나타내는 세로 막대가 있습니다." alt_en="Seven values of λ2 from 0 to 1 across, accuracy upwards. The training accuracy begins near 0.97 and falls as λ2 grows. The accuracy on the fold set aside rises a little from about 0.89 and falls again; each point has a vertical bar for the standard deviation over the folds." caption_ko="5겹 교차 검증. 점은 평균, 막대는 겹 사이의 표준 편차입니다. 파란 동그라미(train)는 훈련 정확도, 주황 네모(held out)는 떼어 놓은 겹의 정확도입니다." caption_en="Cross-validation with 5 folds. Points are means, bars the standard deviation over the folds. Blue circles (train): the training accuracy. Orange squares (held out): the accuracy on the fold set aside."
figure = look.style.figure("column", 3.3)
axes = figure.add_subplot()
axes.grid(True)
places = range(len(lambdas))
for column, name, colour, marker in (
    (0, "train", "blue", "o"),
    (1, "held out", "orange", "s"),
):
    found = torch.stack([validated[l2][:, column] for l2 in lambdas])
    mean_, spread = found.mean(dim=1), found.std(dim=1)
    style = {"color": paint[colour], "marker": marker, "capsize": 3, "linestyle": "-"}
    axes.errorbar(places, mean_, yerr=spread, label=name, **style)
axes.set_xticks(places, [f"{l2:g}" for l2 in lambdas])
axes.set(xlabel="$λ_2$", ylabel="accuracy")
axes.legend()
figure

# %%
best_folds, plain_folds = validated[chosen_l2][:, 1], validated[0][:, 1]
check.that(0.003 <= chosen_l2 <= 0.1, f"chosen: {chosen_l2}")
gaps = {}
for name, both in (
    ("no penalty", validated[0]),
    (f"L2, λ = {chosen_l2}", validated[chosen_l2]),
    ("L1, λ = 0.001", cross_validate(with_penalty(l1=0.001), fold)),
):
    train, held = both.mean(dim=0).tolist()
    gaps[name[:2]] = train - held
    print(f"{name:15} train {train:.3f}, held out {held:.3f}")
check.that(gaps["no"] > 0.04, "without penalty it overfits")
check.that(max(gaps["L1"], gaps["L2"]) < gaps["no"] - 0.005, "penalties narrow the gap")

check.that((validated[1][:, 1] < best_folds).all(), "λ = 1 is worse in every fold")
spread, by_fold = best_folds.std().item(), best_folds - plain_folds
gain = by_fold.mean().item()
print("L2 gains in each fold:", ", ".join(f"{each:+.4f}" for each in by_fold.tolist()))
check.that(0 < gain < spread, f"mean gain {gain:.3f} < spread {spread:.3f}")
check.that(by_fold.min() < 0.003, "in some folds it gains nothing")
W, b = regularised(flat_train, y_train, l2=chosen_l2)
flat_test = centred(pixels(test_set), raw)
print(f"on the test set, once: {accuracy(flat_test @ W.T + b, y_test):.3f}")

# %% [markdown] lang="ko"
# 다섯 장마다 고른 겹에는 숫자가 두 가지뿐입니다. 나머지로 훈련한 모델은 그 두 숫자를 본 적이 없어서 거의 하나도 맞히지
# 못합니다. 그래서 겹은 무작위로, 더 좋게는 클래스마다 고르게 나눕니다.
#
# 두 벌점 모두 훈련 정확도와 떼어 놓은 겹의 정확도 사이의 틈을 좁힙니다. 고른 $\lambda_2$에서 얻는 것은 평균
# 0.6퍼센트포인트쯤인데, 정확도는 겹에 따라 그보다 더 흩어집니다. 어려운 겹은 누구에게나 어려우니 같은 겹끼리 빼서 보면 공정합니다.
# 그래도 얻지 못하는 겹이 있습니다. 게다가 이 $\lambda_2$는 일곱 가운데 바로 이 겹들에서 가장 좋아서 고른 것이라 조금 후하게 나온
# 값입니다. 다섯 겹으로는 L2가 낫다고 단정할 수 없습니다. 반대로 $\lambda_2 = 1$은 다섯 겹 모두에서 더 나쁩니다. 이만하면 믿을 수
# 있습니다. 앞에서 미룬 비교도 같은 겹으로 합시다.

# %% [markdown] lang="en"
# A fold of every fifth image holds only two of the ten digits. A model trained on the rest has never seen those two, and
# gets hardly any right. So folds are drawn at random or, better, evenly from each class.
#
# Both penalties narrow the gap between the accuracy in training and on the fold set aside. The chosen $\lambda_2$ gains
# about 0.6 percentage points on average, and the accuracy spreads over the folds by more than that. A hard fold is hard
# for everybody, so it is fair to subtract fold by fold. Even so there are folds in which it gains nothing. Besides, this
# $\lambda_2$ was chosen out of seven because it was best on these very folds, which flatters it a little. Five folds do not
# settle that L2 is better. That $\lambda_2 = 1$ is worse, in all five, we may believe. With the same folds we now make the
# comparison that we put off above.


# %%
def by_training(*sizes):
    def method(learn, out):
        x, t = x_train[learn], y_train[learn]
        network = train_network(new_network(*sizes), x, t, steps=1000)
        held = accuracy(answers(network, x_train[out]), y_train[out])
        return accuracy(answers(network, x), t), held

    return method


def by_memory(learn, out):
    said = nearest(x_train[learn], y_train[learn], x_train[out])
    return 1.0, (said == y_train[out]).float().mean().item()


def accuracy_of_neighbours(learn):
    said = nearest(x_train[learn], y_train[learn], x_test)
    return (said == y_test).float().mean().item()


contest = {
    "softmax regression": cross_validate(by_training(784, 10), fold)[:, 1],
    "MLP": cross_validate(by_training(784, 200, 10), fold)[:, 1],
    "nearest neighbour": cross_validate(by_memory, fold)[:, 1],
}
for name, found in contest.items():
    print(f"{name:20} {found.mean():.3f} ± {found.std():.3f}")
ahead = contest["MLP"] - contest["softmax regression"]
check.that((ahead > 0).all(), "MLP beats softmax regression in every fold")
close = (contest["MLP"] - contest["nearest neighbour"]).mean().abs().item()
check.that(close < 0.02, f"MLP and nearest neighbour differ by {close:.3f}")
by_test = torch.tensor([accuracy_of_neighbours(fold != number) for number in range(5)])
easier, harder = by_test.mean().item(), contest["nearest neighbour"].mean().item()
check.that(
    easier > harder + 0.01,
    f"neighbour by 3,200: on the test set {easier:.3f}, on the folds {harder:.3f}",
)
chance = (0.93 * 0.07 / 1000) ** 0.5
check.that(0.007 < chance < 0.009, f"√(0.93 · 0.07 / 1000) = {chance:.4f}")

# %% [markdown] lang="ko"
# ±는 겹 사이의 표준 편차입니다. MLP는 다섯 겹 모두에서 소프트맥스 회귀를 앞섭니다. 최근접 이웃과는 비깁니다. 테스트 세트에서는
# 최근접 이웃이, 여기서는 MLP가 앞섭니다. 순서가 뒤집힐 만큼 작은 차이입니다. 이미지 1,000장으로 잰 정확도 93%는 우연만으로도
# 표준 편차가 0.8퍼센트포인트쯤입니다. 서로 무관한 두 정확도의 차라면 표준 편차는 $\sqrt{2}$배, 1.1퍼센트포인트쯤입니다. 우연만으로도
# 그 두 배까지는 흔히 벌어지므로, 2퍼센트포인트보다 작은 차이를 두고 누가 이겼다고 말해서는 안 됩니다.
#
# 그런데 셋 다 테스트 세트에서 잰 값보다 2퍼센트포인트 안팎 낮습니다. 여기서는 3,200장으로만 배우기 때문일까요? 그것만은 아닙니다.
# 같은 3,200장을 기억한 최근접 이웃도 테스트 세트에서는 95%쯤을 맞힙니다. 테스트 세트의 숫자가 더 쉬운 편입니다. 그래서 정확도는
# 같은 이미지에서 잰 것끼리만 견줍니다.

# %% [markdown] lang="en"
# The ± is the standard deviation over the folds. The MLP beats softmax regression in all five folds. With nearest
# neighbour it is a draw: on the test set nearest neighbour was ahead, here the MLP is. The difference is so small that the
# order turns round. An accuracy of 93% measured on 1,000 images has a standard deviation of about 0.8 percentage points
# by chance alone; the difference of two such accuracies, if they are independent, has one $\sqrt{2}$ times as large, about
# 1.1. Chance alone often makes twice that, so nobody should be declared the winner by less than 2 points.
#
# All three are about 2 points lower here than on the test set. Is it because they learn from 3,200 digits only? Not
# alone: nearest neighbour, with these same 3,200 to remember, still gets about 95% of the test set right. The digits of
# the test set are easier. Compare accuracies only where they were measured on the same images.

# %% [markdown] lang="ko"
# ## 레이블 없이 배우기: 오토인코더
#
# 역전파에는 레이블이 꼭 필요하지 않습니다. 오토인코더(autoencoder)는 입력을 그대로 출력으로 내도록 훈련합니다. 다만
# 한가운데를 두 유닛으로 조여 놓습니다. 이 병목(bottleneck)을 지나려면 픽셀 784개를 수 둘, 곧 코드(code)로 줄였다가 다시 펼쳐야
# 합니다. 깊은 신경망으로도 된다는 것은 2006년 논문이 보였습니다 {cite:p}`hinton2006reducing`. 겨룰 상대는 주성분 분석(principal component
# analysis, PCA)입니다. 수 둘로 줄이는 선형 함수 가운데 제곱 오차가 가장 작은 것입니다. 훈련에는 파라미터마다 걸음의 크기를 맞추는
# 경사 하강법인 Adam과, 학습률을 올렸다가 내리는 일정(one-cycle)을 씁니다. [LeNet 장](04_lenet)에서 다시 만납니다.

# %% [markdown] lang="en"
# ## Learning without labels: an autoencoder
#
# Backpropagation does not need labels. An autoencoder is trained to output its own input. But in the middle it is
# squeezed to two units. To pass this bottleneck, 784 pixels must be reduced to two numbers, the code, and unfolded
# again. A paper of 2006 showed that it works with deep networks {cite:p}`hinton2006reducing`. Its competitor is
# principal component analysis (PCA): of all linear functions that reduce to two numbers, the one with the smallest
# squared error. For training we take Adam, a gradient descent that fits the size of its steps to each parameter, and a
# learning rate that rises and then falls (one-cycle). [The chapter on LeNet](04_lenet) returns to both.


# %%
def autoencoder(code=2, epochs=25, seed=0):
    """Encoder (N, 784) -> (N, code) and decoder back, trained on the digits."""
    torch.manual_seed(seed)
    encoder = nn.Sequential(
        *(nn.Linear(784, 128), nn.Tanh(), nn.Linear(128, 32), nn.Tanh()),
        nn.Linear(32, code),
    )
    decoder = nn.Sequential(
        *(nn.Linear(code, 32), nn.Tanh(), nn.Linear(32, 128), nn.Tanh()),
        *(nn.Linear(128, 784), nn.Sigmoid()),  # values 0..1
    )
    images, whole = pixels(train_set), nn.Sequential(encoder, decoder)
    optimizer = torch.optim.Adam(whole.parameters())
    course = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.01, total_steps=epochs * 63 + 1
    )
    for _ in range(epochs):
        for batch in torch.randperm(4000).split(64):
            loss = functional.mse_loss(whole(images[batch]), images[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            course.step()
    return encoder, decoder


encoder, decoder = autoencoder()
new = pixels(test_set)
with torch.no_grad():
    codes = encoder(new)  # (1000, 2)
    rebuilt = decoder(codes)  # (1000, 784)

mean_image = pixels(train_set).mean(dim=0)
deviations = pixels(train_set) - mean_image
axes_of_pca = torch.linalg.svd(deviations, full_matrices=False)[2][:2]
by_pca = (new - mean_image) @ axes_of_pca.T @ axes_of_pca + mean_image
two_error = functional.mse_loss(rebuilt, new).item()
linear_error = functional.mse_loss(by_pca, new).item()
nothing = functional.mse_loss(mean_image.expand_as(new), new).item()
check.that(
    two_error < 0.9 * linear_error < 0.9 * nothing,
    f"autoencoder {two_error:.4f} < PCA {linear_error:.4f} < mean image {nothing:.4f}",
)

with torch.no_grad():
    known, labels = encoder(pixels(train_set)), y_train
two = (nearest(known, labels, codes) == y_test).float().mean().item()
pca = deviations @ axes_of_pca.T
two_pca = nearest(pca, labels, (new - mean_image) @ axes_of_pca.T)
two_pca = (two_pca == y_test).float().mean().item()
check.that(
    two > two_pca + 0.05,
    f"neighbour by two numbers: autoencoder {two:.3f}, PCA {two_pca:.3f}",
)

# %% name="fig-codes" tags=["hide-input"] alt_ko="평면에 흩어진 작은 숫자 글자들. 0과 1과 2와 6은 저마다 덩어리를 이룹니다. 4와 7과 9는 가운데에서 섞여 있고, 3과 5와 8은 그 위에서 섞여 있습니다. 5와 8의 일부는 맨 아래에 따로 모여 있습니다." alt_en="Small numerals scattered over a plane. 0, 1, 2 and 6 form clusters of their own. 4, 7 and 9 are mixed in the middle, 3, 5 and 8 above them; some 5s and 8s lie apart at the bottom." caption_ko="처음 보는 숫자 600장의 코드. 글자는 레이블이고, 훈련에는 쓰지 않았습니다. 색은 여섯 가지라 두 숫자가 한 색을 쓰기도 하니, 글자를 보세요." caption_en="The codes of 600 digits not seen before. The numerals are their labels, which training did not use. Six colours serve ten digits, so read the numeral, not the colour."
figure = look.style.figure("column", 5.2)
axes = figure.add_subplot()
names = list(look.style.COLOURS)
for (c1, c2), label in zip(codes[:600].tolist(), y_test[:600].tolist(), strict=True):
    colour = paint[names[label % 6]]
    axes.text(c1, c2, label, color=colour, ha="center", va="center", fontsize=8.5)
low, high = codes.min(dim=0).values, codes.max(dim=0).values
axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
axes.set(xlabel="first number", ylabel="second number")
figure

# %% name="fig-rebuilt" tags=["hide-input"] alt_ko="세 줄에 숫자 열 장씩. 첫 줄은 진짜 숫자, 둘째 줄은 오토인코더가 수 둘에서 되살린 것으로 부드러운 획으로 된 숫자인데 절반쯤은 다른 숫자가 되었고, 셋째 줄은 PCA가 되살린 것으로 대부분 어느 숫자인지 알아보기 어려운 흐린 얼룩입니다." alt_en="Three rows of ten digits. The first are real; the second, rebuilt by the autoencoder from two numbers, are digits of soft strokes, about half of which have become another digit; the third, rebuilt by PCA, are mostly dim blots that hardly resemble one digit." caption_ko="위부터 처음 보는 숫자, 오토인코더가 수 둘에서 되살린 것, PCA가 수 둘에서 되살린 것." caption_en="From the top: digits not seen before, what the autoencoder rebuilds from two numbers, what PCA rebuilds from two numbers."
rows = [new[:10], rebuilt[:10], by_pca[:10].clamp(0, 1)]
look.grid(torch.cat(rows).view(30, 1, 28, 28), columns=10, size=0.6)

# %% [markdown] lang="ko"
# 같은 수 둘로도 PCA보다 덜 틀리고, 수 둘만 보고 가장 가까운 이웃을 찾아도 59%쯤을 맞힙니다. PCA의 수 둘로는 39%쯤입니다.
# 레이블을 하나도 보지 않았는데 같은 숫자가 많이 모여 있습니다. 헷갈리기 쉬운 숫자는 코드에서도 이웃합니다. 그래도 수 둘로는
# 784개를 다 담을 수 없으니 되살린 그림은 흐리고, 이 열 장 가운데 절반쯤은 다른 숫자가 됩니다. 코드를 늘리면 얼마나 나아지는지는
# 연습에서 재 보세요.

# %% [markdown] lang="en"
# With the same two numbers it is less wrong than PCA, and the nearest neighbour by these two numbers alone is right for
# about 59% of the digits; by the two of PCA, for about 39%. The autoencoder never saw a label, and yet digits of the same
# kind often lie together. Digits that are easily confused are neighbours in the code as well. Still, two numbers cannot
# hold 784: what is rebuilt is soft, and about half of these ten turn into another digit. How much a longer code helps you
# will measure in the exercises.

# %% [markdown] lang="ko"
# ## 긴 실험의 기록
#
# 더 오래, 여러 시드로 훈련하면 어떨까요? 여기의 수는 방금 잰 것이 아니라 `results/`의 기록에서 읽은 것입니다.
# [LeNet 장](04_lenet)을 위해 같은 훈련 숫자 4,000장으로 30에폭, 시드 다섯 개를 훈련하고 같은 테스트 숫자 1,000장으로 잰
# 기록입니다. 그 가운데 소프트맥스 회귀, 그리고 tanh 유닛 60개로 된 작은 MLP(기록의 이름은 dense)를 봅니다. MLP만 2픽셀까지 옮긴
# 숫자로 배웠고, 소프트맥스 회귀는 옮기지 않은 숫자로 배웠습니다.

# %% [markdown] lang="en"
# ## The record of the long runs
#
# What if we train for longer, and with other seeds? These numbers are not measured just now but read from a record in
# `results/`, made for [the chapter on LeNet](04_lenet) with 30 epochs and five seeds, on the same 4,000 digits to learn
# from and 1,000 to test on. It holds softmax regression and a small MLP of 60 tanh units, there called dense. The MLP
# alone learned from digits moved by up to 2 pixels; softmax regression learned from digits as they are.

# %% tags=["nbval-check-output"]
record = runs.load("lenet5_digits")
print(record["command"])
for name in ("softmax", "dense"):
    its_runs = [run for run in record["runs"] if run["network"] == name]
    for part in ("train", "test"):
        ends = [run["curve"][f"{part}_accuracy"][-1] for run in its_runs]
        print(
            f"{name:8} {part:6}{100 * np.mean(ends):6.2f}% ± {100 * np.std(ends):.2f}"
        )


# %% name="fig-long" tags=["hide-input"] alt_ko="가로축은 에폭 1에서 30, 세로축은 정확도. 소프트맥스 회귀의 훈련 곡선은 99% 부근까지 오르지만 테스트 곡선은 일찍 90% 부근에서 멈춥니다. MLP의 테스트 곡선은 훈련 곡선 위에서 함께 올라 95% 부근에서 끝납니다." alt_en="Epochs 1 to 30 across, accuracy upwards. The training curve of softmax regression rises to about 99% while its test curve stops early near 90%. The MLP's test curve rises above its training curve and ends near 95%." caption_ko="시드 다섯 개의 평균과 범위(results/lenet5_digits.json). 훈련 정확도는 에폭 동안 훈련하면서 본 미니배치의 정확도를 평균한 것이라, 처음 몇 에폭에서는 에폭 끝에 잰 테스트 정확도보다 낮습니다." caption_en="Mean and range of five seeds (results/lenet5_digits.json). Training accuracy is averaged over the mini-batches of an epoch while it trains, so in the first epochs it is below the test accuracy, which is measured at the end of the epoch."
def curves_from(name, part):
    return [
        run["curve"][f"{part}_accuracy"]
        for run in record["runs"]
        if run["network"] == name
    ]


long_curves = {
    "softmax, train": curves_from("softmax", "train"),
    "softmax, test": curves_from("softmax", "test"),
    "MLP, train": curves_from("dense", "train"),
    "MLP, test": curves_from("dense", "test"),
}
figure = look.curves(long_curves, y="accuracy", xlabel="epoch", percent=True)
figure.axes[0].set_ylim(0.7, 1.005)
figure

# %% [markdown] lang="ko"
# 소프트맥스 회귀는 훈련 숫자의 99.05%를 맞히게 되지만 처음 보는 숫자에서는 90.50%에 머무릅니다. 오래 훈련할수록 틈만
# 벌어집니다. MLP는 훈련 정확도가 94.22%로 더 낮은데 테스트에서는 95.36%입니다. 옮긴 숫자는 외우기 어렵고, 훈련 정확도는 그
# 옮긴 숫자에서 잰 것이기 때문입니다. 훈련 정확도만 보고는 모델을 고를 수 없습니다.
#
# ## 퍼셉트론 수렴 정리 확인하기
#
# 퍼셉트론이 유한한 횟수만 고친다는 정리는 그 횟수의 상한도 알려 줍니다 {cite:p}`novikoff1962convergence`. 예제 $x_n$에 편향의 입력
# 1까지 붙이고, 정답을 $s_n = \pm 1$로 적습니다. 입력의 길이가 모두 $R$ 이하이고, 길이가 1인 어떤 $u$가 모든 예제를 여유
# $\gamma$로 나눈다고, 곧 $s_n (u \cdot x_n) \ge \gamma > 0$이라고 합시다. 그러면 가중치 0에서 시작한 퍼셉트론이 고치는 횟수는 많아야
#
# $$\left( \frac{R}{\gamma} \right)^{2}$$
#
# 입니다. 잉크의 두 수로는 3과 8을 75.5%밖에 맞히지 못했습니다. 픽셀 784개면 어떨까요?

# %% [markdown] lang="en"
# In the end softmax regression gets 99.05% of its training digits right but stays at 90.50% on new ones; longer training
# only widens the gap. The MLP has a lower training accuracy, 94.22%, and 95.36% on the test. Digits that move are hard
# to learn by heart, and its training accuracy is measured on the moved ones. Training accuracy alone cannot choose a
# model.
#
# ## Checking the perceptron theorem
#
# The theorem that the perceptron stops after a finite number of corrections also says how many
# {cite:p}`novikoff1962convergence`. Append a 1 for the bias to every example $x_n$ and write its right answer as
# $s_n = \pm 1$. Let every input have at most the length $R$, and let some $u$ of length 1 separate all examples with
# the margin $\gamma$, that is, $s_n (u \cdot x_n) \ge \gamma > 0$. Then a perceptron that starts from zero weights
# makes at most
#
# $$\left( \frac{R}{\gamma} \right)^{2}$$
#
# corrections. With two numbers of ink the best we found read only 75.5% of the 3s and 8s right. What can 784 pixels do?

# %%
ones = torch.ones(int(chosen.sum()), 1)
digits = torch.cat([pixels(train_set)[chosen], ones], dim=1).double().numpy()
sign = 2 * is_eight.numpy() - 1  # 8s are +1, 3s are -1
w, corrections, made = np.zeros(785), 0, 1
while made:
    made = 0
    for one, side in zip(digits, sign, strict=True):
        if (w @ one > 0) != (side > 0):
            w, made = w + side * one, made + 1
    corrections += made
check.that(((digits @ w > 0) == (sign > 0)).all(), "it separates all 800")

u = w / np.linalg.norm(w)  # a wider margin by descent on the logistic loss
for _ in range(1000):
    u = u + 2 * digits.T @ (sign / (1 + np.exp(sign * (digits @ u)))) / 800
margin = (sign * (digits @ u)).min() / np.linalg.norm(u)
bound = (digits**2).sum(axis=1).max() / margin**2
check.that(margin > 0, f"margin {margin:.4f}")
check.that(corrections <= bound, f"{corrections} corrections, at most {bound:,.0f}")

# %% [markdown] lang="ko"
# 모두 나눌 수 있고, 고친 횟수는 상한에 크게 못 미칩니다. 정리가 보장하는 것은 멈춘다는 것까지입니다. 처음 보는 숫자를 잘 읽는다는
# 보장은 없습니다.
#
# ## 독자들의 질문
#
# **활성화 함수는 왜 비선형이어야 합니까?** 빼면 층 하나와 같다는 것은 앞에서 보였으니, 여기서는 훈련해서 재 봅시다. 은닉 유닛
# 200개를 두고 ReLU만 뺍니다. 처음 가중치, 미니배치, 학습률은 앞의 MLP와 똑같습니다. 정확도는 은닉층이 없는 소프트맥스 회귀와
# 1퍼센트포인트도 차이 나지 않고, ReLU가 있는 MLP보다 3퍼센트포인트쯤 낮습니다.
#
# **가중치를 모두 0에서 시작하면 안 됩니까?** 소프트맥스 회귀는 됩니다. 은닉층이 있으면 안 됩니다. $W^2 = 0$이면 BP2에서 은닉층의
# $\delta$가 모두 0이고, $W^1 = 0$이면 ReLU의 출력 $a^1$도 모두 0이라 BP4에서 $W^2$의 그레이디언트까지 0입니다. 움직이는 것은
# 출력층의 편향뿐입니다. 모두 같은 수에서 시작해도 안 됩니다. 은닉 유닛들이 같은 그레이디언트를 받아 끝까지 똑같이 움직이므로 유닛
# 하나와 다름없습니다. 무작위로 시작하는 것은 서로 다르게 하려는 것입니다.

# %% [markdown] lang="en"
# They separate all of them, and the corrections stay far below the bound. What the theorem promises is that it stops,
# not that new digits are read well.
#
# ## Questions readers ask
#
# **Why should an activation function be nonlinear?** That without one the layers collapse into one we showed above; here we
# train and measure it, with 200 hidden units and only the ReLU left out. Initial weights, mini-batches and learning rate
# are those of the MLP above. The accuracy is within 1 percentage point of softmax regression, which has no hidden layer,
# and about 3 points below the MLP with ReLU.
#
# **May all weights start at 0?** In softmax regression, yes. With a hidden layer, no: where $W^2 = 0$, BP2 makes every
# $\delta$ of the hidden layer 0; and where $W^1 = 0$, the outputs $a^1$ of the ReLUs are 0, so BP4 makes the gradient of
# $W^2$ 0 as well. Only the biases of the output layer ever move. The same number everywhere will not do either. The
# hidden units get the same gradient and move alike to the end, as good as a single unit. Random starts are there to make
# them different.


# %%
def without_relu(network, x):
    for W, b in network:
        x = x @ W.T + b
    return x


def gradients_without_relu(network, x, t):
    leaves = [[part.detach().requires_grad_() for part in pair] for pair in network]
    loss = functional.cross_entropy(without_relu(leaves, x), t)
    found = torch.autograd.grad(loss, [part for pair in leaves for part in pair])
    return list(zip(found[::2], found[1::2], strict=True))


start = new_network(784, 200, 10)
no_relu = train_network(start, x_train, y_train, gradients=gradients_without_relu)
without = accuracy(without_relu(no_relu, x_test), y_test)
mine, base = test_accuracy["MLP"], test_accuracy["softmax regression"]
check.that(without < mine - 0.015, f"no ReLU {without:.3f}, with ReLU {mine:.3f}")
check.that(
    abs(without - base) < 0.01, f"no ReLU {without:.3f}, no hidden layer {base:.3f}"
)

zeros = [(torch.zeros(n, m), torch.zeros(n)) for n, m in ((200, 784), (10, 200))]
(dW1, _), (dW2, _) = gradients_of(zeros, x_train[:100], y_train[:100])
check.that(not dW1.any() and not dW2.any(), "all 0: the weights have no gradient")

same = [(torch.full((n, m), 0.01), torch.zeros(n)) for n, m in ((200, 784), (10, 200))]
same = train_network(same, x_train, y_train, steps=250)
between = (same[0][0] - same[0][0][0]).abs().max().item()
read = accuracy(answers(same, x_test), y_test)
check.that(between < 1e-3, f"200 hidden units differ by at most {between:.1e}")
check.that(read < 0.5, f"accuracy {read:.3f}")

# %% [markdown] lang="ko"
# **다른 책에는 $-(y - a)$라고 적혀 있거나 층의 번호가 다릅니다. 같은 식입니까?** 같습니다. $-(y - a) = a - y$이고, 정답을 $y$라고
# 쓰는 책이 있을 뿐 이 장의 $t$와 같습니다. 층 $l$에서 나가는 가중치를 $W^{(l)}$이라고 쓰는 책에서는 BP4가
# $\delta^{(l+1)} (a^{(l)})^{\top}$이 됩니다. 여기의 $W^l$은 층 $l$로 들어오는 가중치라서 $\delta^l (a^{l-1})^{\top}$입니다.
#
# **그래서 처음의 두 물음에는 어떻게 답합니까?** 예제만 보고 수를 찾는 방법은 있습니다. 손실의 그레이디언트를 역전파로 구하고 그
# 반대쪽으로 조금씩 옮기면 됩니다. 아무렇게나 정한 수로는 열에 하나쯤 맞히던 소프트맥스 회귀가 이렇게 91%를 맞힙니다. 그렇게 찾은
# 함수는 은닉층과 비선형 함수가 있으면 직선 하나가 못 하는 일도 합니다. XOR을 풀고, 같은 숫자를 95%쯤 맞힙니다. 다만 언제나 찾는
# 것은 아니고, 더 단순한 방법을 언제나 이기는 것도 아닙니다. 그래서 재고, 견주고, 우연인지 묻습니다.

# %% [markdown] lang="en"
# **Other books write $-(y - a)$ or number the layers differently. Is that the same?** Yes: $-(y - a) = a - y$, where $y$ is
# the right answer, here called $t$. Where $W^{(l)}$ stands for the weights that lead out of layer $l$, BP4 reads
# $\delta^{(l+1)} (a^{(l)})^{\top}$. Our $W^l$ leads into layer $l$, which makes it $\delta^l (a^{l-1})^{\top}$.
#
# **So what are the answers to the two questions of the beginning?** Yes, the numbers can be found from examples alone:
# backpropagation gives the gradient of the loss, and we move against it a little at a time. With random numbers softmax
# regression got about one digit in ten right; found in this way, they get 91%. And with a hidden layer and something
# nonlinear the function found does what a single straight line cannot: it solves XOR, and reads about 95% of the same
# digits. But it is not found every time, nor does it always beat simpler methods, so we measure, compare, and ask whether
# it was chance.

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 함수는 무작위로 고른 입력에서 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀
# 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. Functions are checked on random inputs, and where one is wrong the check says what
# is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 손으로 푸는 XOR.** 은닉 유닛은 ReLU 둘, 출력은 $w_2 \cdot h + b_2$가 0보다 크면 1인 신경망으로 XOR을 계산하세요. 입력은
# 훈련할 때의 −1과 1이 아니라 0과 1입니다. 훈련하지 말고 종이에 풀어 `(W1, b1, w2, b2)`의 수를 적습니다. `W1`은 행이 유닛인 2×2, `b1`과 `w2`는 수 둘, `b2`는 수 하나입니다.

# %% [markdown] lang="en"
# **Exercise: XOR by hand.** Compute XOR with a network of two hidden ReLU units whose output is 1 where
# $w_2 \cdot h + b_2$ is above 0. The inputs are 0 and 1, not −1 and 1 as in the training above. Do not train it. Solve
# it on paper and write down the numbers `(W1, b1, w2, b2)`: `W1` is 2×2 with the units as rows, `b1` and `w2` are two
# numbers each, `b2` is one.

# %% tags=["exercise"]
xor_network = (..., ..., ..., ...)  # W1, b1, w2, b2

check.exercise("xor_by_hand", xor_network)

# %% tags=["solution"]
# solution
# both units see x1 + x2; the second wakes up at 2
xor_network = ([[1, 1], [1, 1]], [0, -1], [1, -2], 0)

check.exercise("xor_by_hand", xor_network, solution=True)

# %% [markdown] lang="ko"
# **연습: tanh 층의 역전파.** 층 $a = \tanh(x W^{\top} + b)$의 역전파 `tanh_backward(x, W, b, by_a)`를 NumPy로 쓰세요. 모양은 `x`가
# `(N, inputs)`, `W`가 `(units, inputs)`, `b`가 `(units,)`이고, 손실을 $a$로 미분한 `by_a`는 `(N, units)`입니다. `x`, `W`, `b`의 그레이디언트를
# 이 순서의 튜플로 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: a tanh layer backwards.** For the layer $a = \tanh(x W^{\top} + b)$ write `tanh_backward(x, W, b, by_a)`
# in NumPy. The shapes are `(N, inputs)` for `x`, `(units, inputs)` for `W`, `(units,)` for `b`, and `(N, units)` for
# `by_a`, the loss differentiated by $a$. Return the gradients of `x`, `W` and `b` as a tuple in this order.


# %% tags=["exercise"]
def tanh_backward(x, W, b, by_a): ...


check.exercise("tanh_backward", tanh_backward)


# %% tags=["solution"]
# solution
def tanh_backward(x, W, b, by_a):
    a = np.tanh(x @ W.T + b)
    delta = by_a * (1 - a**2)
    return delta @ W, delta.T @ x, delta.sum(axis=0)


check.exercise("tanh_backward", tanh_backward, solution=True)

# %% [markdown] lang="ko"
# **연습: L1의 한 걸음.** 가중치 배열을 한 걸음 옮기는 `l1_step(w, gradient, rate, penalty)`를 NumPy로 쓰세요. `gradient`는 벌점을
# 뺀 손실의 그레이디언트, `rate`는 $\eta$, `penalty`는 $\lambda_1$입니다. 먼저 그레이디언트의 반대쪽으로 옮기고, 그다음 0 쪽으로 당깁니다.

# %% [markdown] lang="en"
# **Exercise: one step with L1.** Write `l1_step(w, gradient, rate, penalty)` in NumPy, which moves an array of weights
# by one step. `gradient` is that of the loss without the penalty, `rate` is $\eta$ and `penalty` $\lambda_1$. Move
# against the gradient first, then pull towards 0.


# %% tags=["exercise"]
def l1_step(w, gradient, rate, penalty): ...


check.exercise("l1_step", l1_step)


# %% tags=["solution"]
# solution
def l1_step(w, gradient, rate, penalty):
    v = w - rate * gradient
    return np.sign(v) * np.maximum(0, np.abs(v) - rate * penalty)


check.exercise("l1_step", l1_step, solution=True)

# %% [markdown] lang="ko"
# **연습: 고르게 나눈 겹.** 예제마다 0부터 $k - 1$까지의 겹 번호를 적은 배열을 돌려주는 `even_folds(labels, k)`를 NumPy로 쓰세요. 같은
# 클래스의 예제 수는 겹끼리 많아야 한 개 차이여야 합니다. 레이블이 어떤 순서로 있든 되어야 합니다.

# %% [markdown] lang="en"
# **Exercise: even folds.** Write `even_folds(labels, k)` in NumPy, which returns an array with the fold of each
# example, 0 to $k - 1$. Between any two folds the number of examples of one class may differ by no more than 1,
# whatever the order of the labels.


# %% tags=["exercise"]
def even_folds(labels, k): ...


check.exercise("even_folds", even_folds)


# %% tags=["solution"]
# solution
def even_folds(labels, k):
    folds = np.zeros(len(labels), dtype=int)
    rng = np.random.default_rng(0)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        folds[members] = np.arange(len(members)) % k
    return folds


check.exercise("even_folds", even_folds, solution=True)

# %% [markdown] lang="ko"
# **연습: 가장 큰 학습률 재기.** 가중치가 둘인 문제에서 `walk(rate, 800, 800 * 400)`이 `best`에서 0.1 안에 끝나는 가장 큰 학습률을
# 재세요. 그리고 예측해 보세요. 바닥 둘레의 손실은 포물면이고, 그레이디언트는 `best`에서 벗어난 벡터에 곡률 행렬
# $\frac{1}{N} \sum_n p_n (1 - p_n)\, x_n x_n^{\top}$을 곱한 것입니다. $p_n$은 `best`에서의 확률입니다. 고윳값이 $\lambda$인 방향으로
# 벗어난 만큼은 걸음마다 $1 - \eta\lambda$배가 됩니다. $|1 - \eta\lambda|$가 1을 넘으면 멀어집니다. 잰 값과 예측한 값을 튜플로
# 답합니다. 잰 값은 0.1 안에서 맞으면 됩니다.

# %% [markdown] lang="en"
# **Exercise: measure the largest learning rate.** In the problem of two weights, measure the largest rate with which
# `walk(rate, 800, 800 * 400)` ends within 0.1 of `best`. Then predict it. Near the floor the loss is a paraboloid, and
# the gradient is the distance from `best`, as a vector, multiplied by the matrix
# $\frac{1}{N} \sum_n p_n (1 - p_n)\, x_n x_n^{\top}$, the curvature, with the probabilities $p_n$ at `best`. In a
# direction with the eigenvalue $\lambda$ each step multiplies the distance by $1 - \eta\lambda$. Where
# $|1 - \eta\lambda|$ is above 1 it grows. Answer with a tuple, the measured rate, to within 0.1, and the predicted one.

# %% tags=["exercise"]
measured_rate, predicted_rate = ..., ...

check.exercise("largest_rate", (measured_rate, predicted_rate))

# %% tags=["solution"]
# solution
works, fails = 5.0, 8.0
for _ in range(10):
    middle_rate = (works + fails) / 2
    last = walk(middle_rate, 800, 800 * 400)[-1]
    if (last - best).norm() < 0.1:
        works = middle_rate
    else:
        fails = middle_rate
p = torch.sigmoid(features @ best)
curvature = (features * (p * (1 - p))[:, None]).T @ features / len(features)
measured_rate = works
predicted_rate = 2 / torch.linalg.eigvalsh(curvature).max().item()
# measured is slightly larger: just above the prediction the path does not
# leave, it jumps to and fro within 0.1 of the lowest point

check.exercise("largest_rate", (measured_rate, predicted_rate), solution=True)
print(f"measured {measured_rate:.2f}, predicted {predicted_rate:.2f}")

# %% [markdown] lang="ko"
# **연습: 더 긴 코드 재기.** 코드가 수 여덟 개인 오토인코더를 `autoencoder(code=8)`로, 나머지는 그대로 두고 훈련하고, 테스트 숫자 1,000장을 되살린 제곱 오차의 평균을 재세요. 주성분
# 여덟 개의 PCA로도 재서, 오토인코더의 것을 먼저 적은 튜플로 답합니다. 코드가 둘일 때보다 차이가 벌어집니까, 좁혀집니까?

# %% [markdown] lang="en"
# **Exercise: measure a longer code.** With `autoencoder(code=8)`, the rest unchanged, train an autoencoder whose code is
# eight numbers and measure the mean squared error of
# the 1,000 test digits that it rebuilds. Measure the same for PCA with eight components and answer with a tuple, the
# autoencoder's first. Compared with a code of two, does the difference grow or shrink?

# %% tags=["exercise"]
longer_error, longer_pca = ..., ...

check.exercise("longer_code", (longer_error, longer_pca))

# %% tags=["solution"]
# solution
encoder_8, decoder_8 = autoencoder(code=8)
with torch.no_grad():
    rebuilt_8 = decoder_8(encoder_8(new))
longer_error = functional.mse_loss(rebuilt_8, new).item()
components = torch.linalg.svd(deviations, full_matrices=False)[2][:8]
pca_8 = (new - mean_image) @ components.T @ components + mean_image
longer_pca = functional.mse_loss(pca_8, new).item()

check.exercise("longer_code", (longer_error, longer_pca), solution=True)
# the difference shrinks: with more numbers PCA catches up
for size, (net, pca) in {
    2: (two_error, linear_error),
    8: (longer_error, longer_pca),
}.items():
    print(f"code of {size}: autoencoder {net:.4f}, PCA {pca:.4f}, gap {pca - net:.4f}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`rumelhart1986learning`: 역전파로 은닉 유닛이 스스로 특징을 배우게 한, 네 쪽짜리 논문.
# - {cite:t}`nielsen2015neural`: 네 식을 증명하고 코드로 옮기는, 누구나 읽을 수 있는 온라인 책.
# - 「Efficient BackProp」 {cite:p}`lecun1998efficient`: 왜 미니배치인지, 학습률을 어떻게 정하는지, 곡률이 무엇을 말해 주는지.
# - {cite:t}`minsky1969perceptrons`: 퍼셉트론이 못 하는 일을 수학으로 따진 책.
# - {cite:t}`clevert2016fast`, {cite:t}`goodfellow2013maxout`: ELU와 Maxout이 처음 나온 논문.
# - {cite:t}`hinton2006reducing`: 깊은 오토인코더가 PCA보다 나은 코드를 찾는다는 것을 보인 논문.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`rumelhart1986learning`: four pages in which backpropagation lets hidden units learn features by themselves.
# - {cite:t}`nielsen2015neural`: a book, free on the web, that proves the four equations and turns them into code.
# - "Efficient BackProp" {cite:p}`lecun1998efficient`: why mini-batches, how to set learning rates, and what curvature
#   says about them.
# - {cite:t}`minsky1969perceptrons`: what perceptrons cannot do, as mathematics.
# - {cite:t}`clevert2016fast` and {cite:t}`goodfellow2013maxout`: the papers in which ELU and Maxout first appeared.
# - {cite:t}`hinton2006reducing`: deep autoencoders find better codes than PCA.
