# %% [markdown] lang="ko"
# # 적대적 예제
#
# ## 무엇을 만들게 될까요?
#
# 아래 왼쪽은 고양이, 커피, 로켓 사진이고 오른쪽도 그렇습니다. 사람에게는 같은 사진입니다. ImageNet으로 훈련한 신경망은 왼쪽을 고양이, 에스프레소,
# 시추 플랫폼이라고 부르고(로켓은 처음부터 틀렸습니다), 오른쪽은 셋 다 타조라고 합니다. 두 사진의 차이는 가운데에 있습니다. 10배로 키워야 겨우 보입니다. 오른쪽 같은 그림을 적대적
# 예제(adversarial example)라고 합니다. 모델이 틀리도록 일부러 조금 바꾼 입력입니다. 이 장에서는 그런 그림을 세 가지 방법으로 만들고, 왜 이렇게 쉬운지
# 선형 분류기에서 손으로 셈해 봅니다. 다른 신경망도 속는지, PNG로 저장해도 속는지 재고, 방어를 하나 만들고 그 대가를 잽니다.

# %% [markdown] lang="en"
# # Adversarial examples
#
# ## What you will build
#
# On the left below are photos of a cat, a cup of coffee and a rocket; on the right are the same. To a person the two are alike. A
# network trained on ImageNet calls those on the left a cat, an espresso and a drilling platform (it is wrong about the rocket to begin with), and
# all three on the right an ostrich. The difference between the two is in the middle, magnified 10 times so that it can be seen at all. The pictures on the right
# are adversarial examples: inputs that were changed a little, on purpose, so that a model gets them wrong. In this chapter
# you make such pictures in three ways, and work out by hand, with a linear classifier, why it is so easy. You measure whether they
# fool other networks, and whether they still do when saved as a PNG. Then you build a defence, and measure its price.

# %%
import copy
import io
import math
import time
import warnings

import numpy as np
import pandas as pd
import torch
from captum.robust import FGSM, PGD
from PIL import Image
from scipy.optimize import minimize
from torch import nn
from torch.nn import functional

import cnnbook
from cnnbook import adversarial, check, data, look, models, train

warnings.filterwarnings("ignore", "Input Tensor 0 did not already")  # captum's PGD
torch.set_num_threads(1)  # then the same seed gives the same weights
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
imagenet = models.pretrained("squeezenet1_1")  # what it is: see below
names = models.imagenet_classes()
OSTRICH = names.index("ostrich")
photos = data.to_float(data.load("photos", size=224).images)  # (5, 3, 224, 224)


def said(pictures, network=imagenet):
    """What the network says of each picture, and with which probability."""
    with torch.no_grad():
        best = network(pictures).softmax(dim=1).max(dim=1)
    return [
        (names[label], share)
        for label, share in zip(
            best.indices.tolist(), best.values.tolist(), strict=True
        )
    ]


three = photos[1:4]
target = torch.full((3,), OSTRICH)
ostriches = adversarial.pgd(imagenet, three, target, 2 / 255, steps=20, targeted=True)
for before, after in zip(said(three), said(ostriches), strict=True):
    print(f"{before[0]:18}{before[1]:6.0%}  →  {after[0]:8}{after[1]:6.0%}")
check.that(all(name == "ostrich" for name, _ in said(ostriches)), "three ostriches")
largest = (ostriches - three).abs().max().item() * 255
check.that(largest < 2.01, f"no value of 0 to 255 changed by more than {largest:.2f}")

# %% name="fig-ostrich" tags=["hide-input"] alt_ko="세 줄 세 칸. 왼쪽은 고양이, 커피, 로켓 사진과 신경망의 답. 가운데는 회색 바탕의 희미한 잡음 같은 무늬. 오른쪽은 왼쪽과 똑같아 보이는 사진이고 답은 모두 ostrich입니다." alt_en="Three rows of three. Left, photos of a cat, coffee and a rocket with the network's answers. In the middle, faint noise-like patterns on grey. Right, photos that look the same as those on the left; the answer is ostrich each time." caption_ko="왼쪽은 사진과 신경망의 답, 가운데는 차이의 10배(회색이 0), 오른쪽은 바꾼 사진과 답. 0부터 255까지의 픽셀 값이 2를 넘게 바뀐 곳은 없습니다." caption_en="Left the photo and what the network says; in the middle the difference, 10 times (grey is 0); right the changed photo and what it says. No pixel value, of 0 to 255, changed by more than 2."
rows, titles = [], []
for picture, changed in zip(three, ostriches, strict=True):
    rows += [picture, (0.5 + 10 * (changed - picture)).clamp(0, 1), changed]
    before, after = said(torch.stack([picture, changed]))
    titles += [
        f"{before[0]} {before[1]:.0%}",
        "difference × 10",
        f"{after[0]} {after[1]:.0%}",
    ]
look.grid(rows, titles=titles, columns=3, size=1.8)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘학습’ 장](02_learning)의 교차 엔트로피와 역전파, [‘LeNet’ 장](04_lenet)의 훈련 루프를 안다고 가정합니다. 사진을 보는 신경망은
# [‘ZFNet’ 장](08_zfnet)에서 쓴 SqueezeNet 1.1입니다 {cite:p}`iandola2016squeezenet`. GPU도 인터넷 연결도 필요하지 않습니다. 이
# 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# Cross-entropy and backpropagation from [the chapter on learning](02_learning), the training loop from
# [the one on LeNet](04_lenet). The network that looks at photos is SqueezeNet 1.1 {cite:p}`iandola2016squeezenet`, as in
# [the chapter on ZFNet](08_zfnet). Neither a GPU nor an internet connection is needed. Running this notebook from top to bottom takes
# about a minute on one CPU core.

# %% [markdown] lang="ko"
# ## 왜 이렇게 조금만 바꾸어도 될까요?
#
# 2013년 말에 공개된 논문 ‘Intriguing properties of neural networks’는 잘 훈련한 신경망도 눈에 띄지 않게 바꾼 그림에 속는다는 것을 보였습니다
# {cite:p}`szegedy2014intriguing`. 잡음이 섞였기 때문일까요? 같은 크기의 무작위 잡음과 견주어 봅시다. 픽셀마다 부호를 동전으로 정해
# $\pm 8/255$를 더합니다. 맨 앞 그림에서 바꾼 것의 네 배입니다.

# %% [markdown] lang="en"
# ## Why is so little enough?
#
# The paper “Intriguing properties of neural networks”, made public at the end of 2013, showed that even well-trained networks
# are fooled by pictures whose change nobody notices {cite:p}`szegedy2014intriguing`. Is it that noise was added? Let us compare with random
# noise: a coin decides the sign for every value, and $\pm 8/255$ is added. That is four times the change of the first picture.

# %%
generator = torch.Generator().manual_seed(0)
coins = torch.randint(0, 2, three.shape, generator=generator) * 2.0 - 1
noisy = (three + 8 / 255 * coins).clamp(0, 1)
for before, after in zip(said(three), said(noisy), strict=True):
    print(f"{before[0]:18}{before[1]:6.0%}  →  {after[0]:18}{after[1]:6.0%}")
with torch.no_grad():
    share = imagenet(noisy).softmax(dim=1)[:, OSTRICH].max().item()
check.that(share < 0.01, f"ostrich at most {share:.4f} with random noise")
check.that("cat" in said(noisy)[0][0], "the cat is still a cat")
check.that(said(noisy)[1][0] == "espresso", "the coffee is still an espresso")

# %% [markdown] lang="ko"
# 고양이는 그대로 고양이이고 커피도 그대로 에스프레소입니다. 처음부터 자신이 없던 로켓은 답이 바뀌었지만, 타조의 확률은 어느 사진에서도 1%에 못 미칩니다. 그러니 잡음의 크기가
# 아니라 **방향**이 문제입니다. 말을 정해 둡시다.
#
# - 섭동(perturbation) $r$은 그림 $x$에 더하는 변화입니다. 픽셀 값은 0과 1 사이의 수이고, $x + r$도 그 안에 있어야 합니다.
# - 가장 많이 바뀐 값의 크기가 $\lVert r \rVert_\infty$이고, 이것이 $\epsilon$ 이하이면 ‘ℓ∞로 $\epsilon$ 안에 있다’고 합니다. 벡터 전체의
#   길이로 잴 때는 $\lVert r \rVert_2$를 씁니다.
# - 무목표(untargeted) 공격은 답이 틀리기만 하면 됩니다. 목표(targeted) 공격은 신경망이 정해 둔 답을 하게 만듭니다.
# - 가중치를 다 아는 신경망을 공격하는 것이 화이트박스(white-box), 모르는 신경망을 공격하는 것이 블랙박스(black-box)입니다.

# %% [markdown] lang="en"
# The cat is still a cat and the coffee an espresso. Of the rocket, where the network was unsure from the start, the answer did change; but the
# probability of an ostrich is below 1% in all three. So it is not the size of the noise that matters but its
# **direction**. Some words first.
#
# - A perturbation $r$ is what is added to a picture $x$. Pixel values are numbers between 0 and 1, and $x + r$ must stay there, too.
# - $\lVert r \rVert_\infty$ is the size of the largest change of any value; if it is $\epsilon$ or less, the perturbation is within $\epsilon$ in ℓ∞. The
#   length of the whole vector is $\lVert r \rVert_2$.
# - An untargeted attack wants any wrong answer. A targeted attack wants an answer that was chosen beforehand.
# - If the attacker knows the weights of the network it is a white-box attack, otherwise a black-box attack.

# %% [markdown] lang="ko"
# ## 선형 분류기부터
#
# 적대적 예제는 깊은 신경망의 복잡함 때문에 생긴다고 생각하기 쉽습니다. 논문 ‘Explaining and Harnessing Adversarial Examples’의 답은
# 반대입니다. 선형이면 충분하다는 것입니다 {cite:p}`goodfellow2015explaining`. 점수가 $w \cdot x + b$인 분류기에서 픽셀마다 $\epsilon$까지
# 바꿀 수 있다면, 점수를 가장 많이 낮추는 섭동은 무엇일까요? 점수의 변화는 $w \cdot r = \sum_i w_i r_i$입니다. 픽셀마다 따로 생각하면
# $r_i = -\epsilon \, \mathrm{sign}(w_i)$일 때 가장 작습니다.
#
# $$\min_{\lVert r \rVert_\infty \le \epsilon} w \cdot r = -\epsilon \sum_i |w_i| = -\epsilon \lVert w \rVert_1$$
#
# 픽셀이 $n$개이고 가중치의 크기가 평균 $m$이면 이것은 $-\epsilon m n$입니다. 픽셀 하나의 변화는 그대로인데 점수의 변화는 픽셀 수만큼 커집니다. 부호가
# 무작위인 잡음에서는 더하는 값들이 서로 지우므로, 점수의 변화는 표준편차가 $\epsilon \lVert w \rVert_2$입니다. 가중치의 크기가 모두 같다면 $\epsilon m
# \sqrt{n}$입니다. 픽셀이 784개이면 둘은 28배 차이가 납니다.
#
# 손글씨 3과 7을 가르는 로지스틱 회귀에서 확인합시다. 식은 0과 1을 벗어나는 것을 허용할 때 정확히 맞습니다.

# %% [markdown] lang="en"
# ## A linear classifier first
#
# One might think that adversarial examples come from the complexity of deep networks. The paper “Explaining and Harnessing
# Adversarial Examples” says the opposite: being linear is enough {cite:p}`goodfellow2015explaining`. Let a classifier's score be
# $w \cdot x + b$, and let every pixel change by at most $\epsilon$. Which perturbation lowers the score most? The score changes
# by $w \cdot r = \sum_i w_i r_i$. Pixel by pixel, it is smallest with $r_i = -\epsilon \, \mathrm{sign}(w_i)$.
#
# $$\min_{\lVert r \rVert_\infty \le \epsilon} w \cdot r = -\epsilon \sum_i |w_i| = -\epsilon \lVert w \rVert_1$$
#
# With $n$ pixels and weights of mean size $m$ this is $-\epsilon m n$. The change of a pixel stays the same, while that of the score grows with the number of
# pixels. With noise of random signs the terms cancel, and the change of the score has a standard deviation of
# $\epsilon \lVert w \rVert_2$. If all weights have the same size, that is $\epsilon m \sqrt{n}$. With 784 pixels the two differ by a factor of 28.
#
# We check this with a logistic regression that tells handwritten 3s from 7s. The formula is exact as long as values may leave 0 to 1.

# %%
digits, digits_test = data.load("digits", "train"), data.load("digits", "test")
X, Y = data.to_float(digits.images), digits.labels  # (4000, 1, 28, 28), in 0..1
x_test, y_test = data.to_float(digits_test.images), digits_test.labels
if not full:
    x_test, y_test = x_test[:500], y_test[:500]


def threes_and_sevens(pictures, labels):
    """Pixels (N, 784), and +1 for a 7, -1 for a 3."""
    chosen = (labels == 3) | (labels == 7)
    return pictures[chosen].flatten(1), (labels[chosen] == 7) * 2.0 - 1


x37, sign37 = threes_and_sevens(X, Y)
x37_test, sign37_test = threes_and_sevens(
    data.to_float(digits_test.images), digits_test.labels
)
w, b = torch.zeros(784, requires_grad=True), torch.zeros(1, requires_grad=True)
optimizer = torch.optim.Adam([w, b], lr=0.01)
for _ in range(300):
    loss = functional.softplus(-sign37 * (x37 @ w + b)).mean()  # log(1 + exp(-s z))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
w, b = w.detach(), b.detach()

EPSILON = 0.1
worst = -EPSILON * sign37_test[:, None] * w.sign()  # (200, 784): towards the wrong side
change = (worst @ w) * sign37_test
check.close(
    change, torch.full_like(change, -EPSILON * w.abs().sum()), atol=1e-3, what="-ε‖w‖₁"
)
random = EPSILON * (torch.randint(0, 2, (2000, 784), generator=generator) * 2.0 - 1)
spread = (random @ w).std().item()
check.close(spread, EPSILON * w.norm().item(), atol=0.1, what="ε‖w‖₂")
print(f"ε‖w‖₁ = {EPSILON * w.abs().sum():.1f}, ε‖w‖₂ = {EPSILON * w.norm():.2f}")
print(f"median |score| of a test picture: {(x37_test @ w + b).abs().median():.1f}")

# %%
EPSILONS = (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


def error37(moved):
    return ((moved.clamp(0, 1) @ w + b) * sign37_test < 0).float().mean().item()


noise = torch.randint(0, 2, x37_test.shape, generator=generator) * 2.0 - 1
linear = pd.DataFrame(
    {
        "epsilon": EPSILONS,
        "attack": [
            error37(x37_test - e * sign37_test[:, None] * w.sign()) for e in EPSILONS
        ],
        "random signs": [error37(x37_test + e * noise) for e in EPSILONS],
    }
).set_index("epsilon")
check.that(linear.attack[0] < 0.1, f"without an attack {linear.attack[0]:.3f}")
check.that(linear.attack[0.25] > 0.9, f"ε = 0.25: attack {linear.attack[0.25]:.3f}")
check.that(
    linear["random signs"][0.25] < 0.1,
    f"ε = 0.25: random signs {linear['random signs'][0.25]:.3f}",
)
linear.round(3)

# %% name="fig-linear" tags=["hide-input"] alt_ko="그림 다섯 장. 3, 가장자리만 회색이고 안쪽은 흰 얼룩과 검은 얼룩인 가중치의 부호, 엡실론 0.15와 0.25로 바꾸어 흰 얼룩이 희미하게 비치는 3, 무작위 잡음 0.25를 더한 3. 사람에게는 모두 3으로 보입니다." alt_en="Five pictures: a 3; the sign of the weights, white and black patches with a grey margin; the 3 changed with an epsilon of 0.15 and of 0.25, where the white patches show faintly; the 3 with random noise of 0.25. To a person all of them are a 3." caption_ko="왼쪽부터 3 한 장, 섭동의 방향인 $\\mathrm{sign}(w)$(흰색이 +1, 회색이 0, 검은색이 −1), $\\epsilon$이 0.15와 0.25인 공격, 0.25인 무작위 부호. 위의 수는 7이라는 확률입니다. 로지스틱 회귀는 공격한 두 그림을 7이라고 합니다." caption_en="From the left: a 3; $\\mathrm{sign}(w)$, the direction of the perturbation (white is +1, grey 0, black −1); the attack with an $\\epsilon$ of 0.15 and of 0.25; random signs with 0.25. The numbers above are the probability of a 7. Of both attacked pictures the logistic regression says 7."
scores = x37_test @ w + b
scores = scores.where(sign37_test < 0, torch.inf)  # of the 3s
typical = (scores - scores[sign37_test < 0].median()).abs().argmin()
one = x37_test[typical]
pictures = {
    "3": one,
    "sign(w)": 0.5 + 0.5 * w.sign(),
    "ε = 0.15": (one + 0.15 * w.sign()).clamp(0, 1),
    "ε = 0.25": (one + 0.25 * w.sign()).clamp(0, 1),
    "random 0.25": (one + 0.25 * noise[0]).clamp(0, 1),
}
of_seven = {name: (each @ w + b).sigmoid().item() for name, each in pictures.items()}
look.grid(
    [each.view(28, 28) for each in pictures.values()],
    titles=[
        name if name == "sign(w)" else f"{name}\n{share:.1%}"
        for name, share in of_seven.items()
    ],
    columns=5,
)

# %%
check.that(of_seven["ε = 0.15"] > 0.5 > of_seven["3"], "the attack makes it a 7")
check.that(of_seven["random 0.25"] < 0.5, "with random signs it is still a 3")

# %% [markdown] lang="ko"
# 식이 맞습니다. $\epsilon = 0.1$이면 공격은 점수를 18만큼 움직이고, 무작위 부호는 대개 1쯤 움직입니다. 둘의 비가 28이 아니라 18인 것은 가중치의 크기가 고르지 않기
# 때문입니다. 글씨가 닿지 않는 가장자리의 가중치는 0입니다. 점수의 크기는 보통 9쯤이니 $\epsilon = 0.1$이면 모두 틀릴 것 같은데, 표의 오류율은 그보다 낮습니다. 표에서는
# 0과 1을 벗어난 값을 잘랐기 때문입니다. 검은 픽셀은 더 어두워질 수 없습니다. 그래도 $\epsilon = 0.25$에서 공격은 그림을 거의 다 틀리게 하고, 같은 크기의
# 무작위 부호로는 오류율이 10%에도 못 미칩니다. 논문에서는 로지스틱 회귀의 3과 7 오류율이 1.6%였고, $\epsilon = 0.25$인 공격을 받자 99%가 되었습니다
# {cite:p}`goodfellow2015explaining`. 합성곱도 완전 연결층도 선형이고, ReLU는 0의 양쪽에서 각각 선형입니다. 그렇다면 깊은 신경망에서도 통하지 않을까요?

# %% [markdown] lang="en"
# The formula holds. With $\epsilon = 0.1$ the attack moves the score by 18, while random signs mostly move it by about 1. The ratio is 18 and not 28 because
# the weights differ in size; at the margin, where there is never any ink, they are 0. As a score has a size of about 9, one might expect all to be wrong with
# $\epsilon = 0.1$, but the error in the table is lower. In the table values outside of 0 to 1 are clipped: a black pixel cannot become darker. Still, with
# $\epsilon = 0.25$ the attack makes almost all pictures wrong, where random signs of the same size leave the error below 10%. In the paper the error of a
# logistic regression of 3 against 7 goes from 1.6% to 99% with $\epsilon = 0.25$ {cite:p}`goodfellow2015explaining`. Convolutions and fully
# connected layers are linear, and ReLU is linear on either side of 0. So should it not work with deep networks, too?

# %% [markdown] lang="ko"
# ## 그림에 대한 그레이디언트
#
# 훈련할 때는 손실을 가중치로 미분하고 그림은 그대로 둡니다. 공격은 반대입니다. 가중치는 그대로 두고 손실 $J$를 **그림의 픽셀로** 미분합니다. 역전파는 같습니다.
# 다만 첫 층에서 한 걸음 더 내려갑니다. 소프트맥스 회귀에서는 손으로 구할 수 있습니다. 로짓이 $z = W x + b$이고 확률이 $p$, 정답의 원-핫 벡터가 $t$이면
# $\partial J / \partial z = p - t$이므로 다음과 같습니다.
#
# $$\frac{\partial J}{\partial x} = W^\top (p - t)$$
#
# 그림의 그레이디언트는 클래스별 가중치를 섞은 것입니다. 정답의 가중치는 빼고, 신경망이 헷갈리는 클래스의 가중치는 더합니다.

# %% [markdown] lang="en"
# ## The gradient with respect to the image
#
# In training, the loss is differentiated by the weights, and the picture stays as it is. An attack does the opposite: the weights stay, and the loss
# $J$ is differentiated **by the pixels of the picture**. It is the same backpropagation, one step further down than the first
# layer. For softmax regression it can be done by hand. With logits $z = W x + b$, probabilities $p$ and the one-hot vector $t$ of the
# label, $\partial J / \partial z = p - t$, so that
#
# $$\frac{\partial J}{\partial x} = W^\top (p - t)$$
#
# The picture's gradient is a mixture of the classes' weights: those of the label are subtracted, those of the classes that the
# network confuses with it are added.


# %%
def input_gradient(network, pictures, labels):
    """The gradient of each picture's own loss by its pixels: (N, C, H, W)."""
    pictures = pictures.detach().clone().requires_grad_()
    # the sum, since the mean would divide each picture's gradient by N
    loss = functional.cross_entropy(network(pictures), labels, reduction="sum")
    return torch.autograd.grad(loss, pictures)[0]  # nothing is kept for the weights


torch.manual_seed(0)
softmax_regression = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
few, few_labels = x_test[:20], y_test[:20]
W = softmax_regression[1].weight.detach()  # (10, 784)
p = softmax_regression(few).softmax(dim=1).detach()  # (20, 10)
by_hand = (p - functional.one_hot(few_labels, 10)) @ W  # (20, 784)
mine = input_gradient(softmax_regression, few, few_labels)
check.close(mine, by_hand.view_as(few), what="W^T (p - t)")
theirs = adversarial.input_gradient(softmax_regression, few, few_labels)
check.close(mine, theirs, what="cnnbook.adversarial")

# %% [markdown] lang="ko"
# ## 내 신경망을 훈련하기
#
# 공격할 신경망을 훈련합시다. 합성곱 두 층과 완전 연결층 두 층이고, 픽셀은 0과 1 사이 그대로 넣습니다. 훈련 루프에는 `attack`이라는 자리가 있습니다. 지금은 비워
# 두고, 방어를 만들 때 쓰겠습니다. 같은 숫자에서 훈련한 소프트맥스 회귀가 기준 모델입니다. 여기서부터는 테스트 그림 1,000장 가운데 500장에서 잽니다(GPU가 있으면
# 모두에서).

# %% [markdown] lang="en"
# ## Training a network of your own
#
# We train a network to attack: two convolutional and two fully connected layers, which take pixels between 0 and 1 as they are. The training
# loop has a place for an `attack`, empty for now; we use it when we build the defence. The baseline is softmax
# regression trained on the same digits. From here on we measure on 500 of the 1,000 test pictures (on all of them where there is a GPU).


# %%
def cnn(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2),  # (N, 16, 14, 14)
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),  # (N, 32, 7, 7)
        nn.ReLU(),
        nn.Flatten(),  # (N, 1568)
        nn.Linear(32 * 7 * 7, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def learn(network, epochs, lr, attack=None, both=False):
    """Train on the digits, or on what attack(network, pictures, labels, epoch) makes
    of them, or on both. Returns the CPU seconds.
    """
    start = time.process_time()
    optimizer = torch.optim.Adam(network.parameters(), lr=lr)
    steps = epochs * math.ceil(len(X) / 100)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    generator = torch.Generator().manual_seed(0)
    for epoch in range(epochs):
        for chosen in torch.randperm(len(X), generator=generator).split(100):
            pictures, labels = X[chosen], Y[chosen]
            loss = 0.0
            if attack is None or both:
                loss = loss + functional.cross_entropy(network(pictures), labels)
            if attack is not None:
                pictures = attack(network, pictures, labels, epoch)
                loss = loss + functional.cross_entropy(network(pictures), labels)
            optimizer.zero_grad()
            (loss / (1 + both)).backward()
            optimizer.step()
            schedule.step()
    return time.process_time() - start


def accuracy(network, pictures, labels=y_test):
    with torch.no_grad():
        return (network(pictures).argmax(dim=1) == labels).float().mean().item()


learn(softmax_regression, epochs=6, lr=4e-3)
network = cnn()
seconds = {"ordinary": learn(network, epochs=6, lr=4e-3)}
print(f"softmax regression {accuracy(softmax_regression, x_test):.3f}")
print(f"CNN                {accuracy(network, x_test):.3f}")
check.that(
    accuracy(network, x_test) > accuracy(softmax_regression, x_test) + 0.02,
    "the CNN beats softmax regression by more than 2 percentage points",
)

# %% [markdown] lang="ko"
# ## 부호만 따라 한 걸음: FGSM
#
# 손실을 $x$ 둘레에서 선형으로 바꾸어 봅시다. $J(x + r) \approx J(x) + r \cdot \nabla_x J$입니다. 선형 분류기에서 셈한 것이 그대로 답입니다.
#
# $$x' = x + \epsilon \, \mathrm{sign}(\nabla_x J(x, y))$$
#
# 이것이 빠른 그레이디언트 부호법(fast gradient sign method, FGSM)입니다 {cite:p}`goodfellow2015explaining`. 순전파 한 번과 역전파 한
# 번이면 됩니다. 목표 공격에서는 $y$에 바라는 답을 넣고 손실을 **낮추는** 쪽으로, 곧 부호를 바꾸어 움직입니다. 직접 짠 것을 captum과 견줍니다.

# %% [markdown] lang="en"
# ## One step by the sign: FGSM
#
# Replace the loss near $x$ by a linear function, $J(x + r) \approx J(x) + r \cdot \nabla_x J$. What we worked out for the linear
# classifier is then the answer.
#
# $$x' = x + \epsilon \, \mathrm{sign}(\nabla_x J(x, y))$$
#
# This is the fast gradient sign method, FGSM {cite:p}`goodfellow2015explaining`. It takes one forward and one backward pass. In a targeted
# attack $y$ is the answer that is wanted, and the step goes to where the loss **falls**, with the opposite sign. We compare our own with captum's.


# %%
def fgsm(network, pictures, labels, epsilon, targeted=False):
    gradient = input_gradient(network, pictures, labels)
    direction = -1 if targeted else 1
    return (pictures + direction * epsilon * gradient.sign()).clamp(0, 1)


each_loss = nn.CrossEntropyLoss(reduction="none")
exact = copy.deepcopy(network).double()  # in 64 bits a sign does not hang on rounding
few64 = few.double()
for targeted, labels in ((False, few_labels), (True, (few_labels + 1) % 10)):
    mine = fgsm(exact, few64, labels, 0.1, targeted)
    library = FGSM(exact, each_loss, 0, 1)
    library.zero_thresh = 0  # captum leaves pixels with a gradient below 1e-6 alone
    pixels = few64.clone().requires_grad_()
    theirs = library.perturb(pixels, 0.1, labels, targeted=targeted)
    check.close(mine, theirs, what=f"captum, targeted {targeted}")
    package = adversarial.fgsm(exact, few64, labels, 0.1, targeted=targeted)
    check.close(mine, package, what=f"cnnbook, targeted {targeted}")

# %% [markdown] lang="ko"
# ## 작은 걸음을 여러 번: PGD
#
# 신경망은 가까이에서만 선형에 가깝습니다. 크게 한 걸음을 떼면 손실이 다시 작아지는 곳까지 지나쳐 갈 수 있습니다. 그래서 작게 걷고, 걸음마다 그레이디언트를 다시
# 구합니다. $x$에서 $\epsilon$보다 멀어졌거나 0과 1을 벗어났으면 가장 가까운 안쪽으로 되돌립니다. 되돌리는 일을 사영(projection)이라고 합니다.
#
# $$x^{(k+1)} = \Pi \big( x^{(k)} + \alpha \, \mathrm{sign}(\nabla_x J(x^{(k)}, y)) \big)$$
#
# 사영 경사 하강법(projected gradient descent, PGD)입니다 {cite:p}`madry2018towards`. 손실을 올리는 것이니 하강이라는 이름은 어색하지만, 손실에
# 음의 부호를 붙인 것을 내려간다고 생각하면 됩니다. ℓ2에서는 부호 대신 그레이디언트를 그 길이로 나눈 것을 따라가고, $r$이 길면 줄입니다.

# %% [markdown] lang="en"
# ## Many small steps: PGD
#
# A network is close to linear only within a small neighbourhood. A large step may overshoot and end where the loss is small again. So we take small steps, and compute the
# gradient anew for each. Where a step leads farther from $x$ than $\epsilon$, or out of 0 to 1, we go back to the nearest place inside. This is
# called projection.
#
# $$x^{(k+1)} = \Pi \big( x^{(k)} + \alpha \, \mathrm{sign}(\nabla_x J(x^{(k)}, y)) \big)$$
#
# It is projected gradient descent, PGD {cite:p}`madry2018towards`. As the loss goes up, descent is an odd name; think of descending on the negative loss.
# In ℓ2 the step follows the gradient divided by its length in place of the sign, and an $r$ that is too long is shortened.


# %%
def pgd(network, pictures, labels, epsilon, steps=10, targeted=False):
    moved, step = pictures, 2.5 * epsilon / steps  # enough to cross the ball
    for _ in range(steps):
        moved = fgsm(network, moved, labels, step, targeted)
        moved = pictures + (moved - pictures).clamp(-epsilon, epsilon)  # into the ball
    return moved


mine = pgd(exact, few64, few_labels, 0.1)
library = PGD(exact, each_loss, 0, 1)
library.fgsm.zero_thresh = 0
pixels = few64.clone().requires_grad_()
theirs = library.perturb(pixels, 0.1, 0.025, 10, few_labels)
check.close(mine, theirs, what="captum")
check.close(mine, adversarial.pgd(exact, few64, few_labels, 0.1), what="cnnbook")
in_l2 = adversarial.pgd(network, few, few_labels, 2.0, norm="l2")
length = (in_l2 - few).flatten(1).norm(dim=1).max().item()
check.that(length < 2.001, f"ℓ2: no change is longer than {length:.3f}")


# %%
def attacked(network, epsilons=EPSILONS):
    """Accuracy against ε: random signs, FGSM, PGD."""
    coins = (
        torch.randint(0, 2, x_test.shape, generator=torch.Generator().manual_seed(0))
        * 2.0
        - 1
    )
    rows = []
    for e in epsilons:
        random = accuracy(network, (x_test + e * coins).clamp(0, 1))
        by_fgsm = accuracy(network, adversarial.fgsm(network, x_test, y_test, e))
        by_pgd = accuracy(network, adversarial.pgd(network, x_test, y_test, e))
        rows.append((e, random, by_fgsm, by_pgd))
    return pd.DataFrame(rows, columns=["epsilon", "random signs", "FGSM", "PGD"])


ordinary = attacked(network)
at = ordinary.set_index("epsilon")
for e in (0.1, 0.2):
    check.that(
        at.PGD[e] <= at.FGSM[e] < at["random signs"][e] - 0.3,
        f"ε = {e}: PGD {at.PGD[e]:.3f} ≤ FGSM {at.FGSM[e]:.3f} < random {at['random signs'][e]:.3f} - 0.3",
    )
check.that(at.PGD[0.25] < 0.1, f"ε = 0.25: PGD {at.PGD[0.25]:.3f}")
ordinary.round(3)

# %% name="fig-success" tags=["hide-input"] alt_ko="가로축은 엡실론 0부터 0.3, 세로축은 정확도. 무작위 부호의 선은 거의 평평하게 남다가 0.3에서 조금 내려갑니다. FGSM과 PGD의 선은 0.1에서 절반 아래로 떨어지고 0.2에서 0에 닿습니다. PGD가 조금 더 낮습니다." alt_en="Epsilon from 0 to 0.3 across, accuracy upwards. The line of random signs stays almost flat and falls a little towards 0.3. Those of FGSM and PGD fall below one half at 0.1 and touch 0 near 0.2, PGD being a little lower." caption_ko="내 신경망의 정확도와 $\\epsilon$. 같은 크기의 무작위 부호와 견줍니다." caption_en="Accuracy of your own network against $\\epsilon$, beside random signs of the same size."
look.curves(
    {
        name: ordinary[["epsilon", name]].rename(columns={name: "accuracy"})
        for name in ("random signs", "FGSM", "PGD")
    },
    x="epsilon",
    y="accuracy",
    xlabel="ε",
)

# %% [markdown] lang="ko"
# 같은 크기의 무작위 부호에는 거의 흔들리지 않던 신경망이, 그레이디언트를 따라가면 $\epsilon = 0.2$에서 그림을 거의 하나도 맞히지 못합니다. PGD가
# FGSM보다 조금 더 강합니다. 이 신경망에서는 한 걸음만으로도 거의 충분하다는 뜻이니, 선형이라는 설명과 맞습니다.
#
# 목표 공격은 어떨까요? 숫자마다 테스트 그림을 20장씩(적으면 있는 만큼) 골라 나머지 아홉 숫자로 하나씩 바꾸어 봅니다.

# %% [markdown] lang="en"
# Random signs hardly harm the network, but along the gradient with $\epsilon = 0.2$ it gets almost no picture right. PGD is a little
# stronger than FGSM. For this network a single step is nearly enough, which agrees with the explanation by linearity.
#
# And targeted attacks? From each digit we take 20 test pictures (or as many as there are) and turn each into the nine other digits.

# %%
chosen = torch.cat([(y_test == digit).nonzero().flatten()[:20] for digit in range(10)])
reached = torch.zeros(10, 10)
for goal in range(10):
    goals = torch.full((len(chosen),), goal)
    moved = adversarial.pgd(network, x_test[chosen], goals, 0.2, targeted=True)
    with torch.no_grad():
        hit = (network(moved).argmax(dim=1) == goal).float()
    for digit in range(10):
        reached[digit, goal] = hit[y_test[chosen] == digit].mean()
off = reached[~torch.eye(10, dtype=torch.bool)]
print(f"targets reached: {off.mean():.0%}, the hardest pair {off.min():.0%}")
check.that(off.mean() > 0.5, f"{off.mean():.3f} of the targets are reached")
to = [
    (reached[:, goal].sum().item() - reached[goal, goal].item()) / 9
    for goal in range(10)
]
check.that(min(to) == to[1], f"1 is the hardest target: {to[1]:.2f} reach it")

# %% name="fig-targets" tags=["hide-input"] alt_ko="10행 10열의 히트맵. 행은 원래 숫자, 열은 목표 숫자. 대각선은 밝고, 많은 칸이 밝지만 어떤 짝은 어둡습니다." alt_en="A heat map of 10 rows and 10 columns: the true digit down, the target across. The diagonal is bright, as are many cells; some pairs are dark." caption_ko="PGD 목표 공격의 성공률($\\epsilon = 0.2$). 행은 그림의 숫자, 열은 목표입니다. 밝을수록 높습니다." caption_en="How often targeted PGD succeeds with $\\epsilon = 0.2$. Rows: the digit of the picture; columns: the target. Bright is often."
figure = look.heat(
    reached, limits=(0, 1), label="success", xlabel="target", ylabel="digit"
)
figure.axes[0].set(xticks=range(10), yticks=range(10))
figure

# %% [markdown] lang="ko"
# 목표 공격은 무목표 공격보다 어렵습니다. 아무 데로나 가면 되는 것이 아니라 정해진 곳까지 가야 하기 때문입니다. 짝에 따라서도 다릅니다. 가장 어려운 목표는
# 1입니다. 1은 획이 적어서, 다른 숫자를 1로 바꾸려면 흰 획을 지워야 하는데 $\epsilon = 0.2$로는 조금 어둡게 할 수 있을 뿐입니다.
#
# ## 처음의 방법: L-BFGS
#
# FGSM은 2014년 말에 나왔습니다. 그보다 한 해 앞선 논문은 목표 $l$을 정하고, **가장 작은** 섭동을 최적화로 찾았습니다
# {cite:p}`szegedy2014intriguing`.
#
# $$\min_r \; c \lvert r \rvert + J(x + r, l), \qquad x + r \in [0, 1]^n$$
#
# 상자 안에서만 움직이는 준뉴턴법인 L-BFGS-B로 풀고, $c$는 선 탐색으로 정합니다. $c$가 크면 섭동이 작아지지만 목표에 이르지 못할 수 있습니다. 그러니 목표에 이르는 가장
# 큰 $c$를 찾아야 합니다. 논문에는 ‘가장 작은 $c$’라고 적혀 있는데, $c$가 손실이 아니라 $\lvert r \rvert$에 곱해진 이 식과는 맞지 않습니다. 우리는
# $\lvert r \rvert$ 대신 $\lVert r \rVert_2^2$을 씁니다. 길이 자체는 $r = 0$에서 미분할 수 없기 때문입니다. 고양이에서 $c$를 바꾸어 가며 풀어
# 봅시다. 논문은 섭동의 크기를 모든 값의 제곱 평균의 제곱근 $\sqrt{\sum_i r_i^2 / n}$으로 잽니다. 아래 표에서는 255를 곱해 회색 단계로 적습니다.

# %% [markdown] lang="en"
# A targeted attack is harder than an untargeted one, which may go anywhere: here a certain place must be reached. It also depends on the pair. The hardest target is
# 1: it has little ink, and to turn another digit into a 1 white strokes must go, while $\epsilon = 0.2$ can only make them a little darker.
#
# ## The first method: L-BFGS
#
# FGSM is from the end of 2014. The paper of the year before chose a target $l$ and looked for the **smallest** perturbation by
# optimisation {cite:p}`szegedy2014intriguing`.
#
# $$\min_r \; c \lvert r \rvert + J(x + r, l), \qquad x + r \in [0, 1]^n$$
#
# It is solved by L-BFGS-B, a quasi-Newton method that stays within a box, and $c$ is found by a line search. A large $c$ makes the
# perturbation small, but then it may not reach the target. So the largest $c$ that reaches it is wanted. The paper writes “minimum $c$”, which does not
# fit this formula, where $c$ multiplies $\lvert r \rvert$ and not the loss. In place of $\lvert r \rvert$ we take $\lVert r \rVert_2^2$, since the length
# itself has no derivative at $r = 0$. Let us solve it for the cat with several $c$. The paper measures a perturbation by its root mean square over all
# values, $\sqrt{\sum_i r_i^2 / n}$. In the table below it is multiplied by 255, so that the unit is a grey level.


# %%
def distortion(moved, pictures):
    """Root mean square over all values of a picture, in 0..1."""
    return (moved - pictures).square().mean(dim=(1, 2, 3)).sqrt()


def lbfgs(network, picture, goal, c, iterations=20):
    """x + r of one picture (1, C, H, W), by scipy's box-constrained L-BFGS."""

    def objective(flat):
        moved = (
            torch.tensor(flat, dtype=torch.float32).view_as(picture).requires_grad_()
        )
        loss = functional.cross_entropy(network(moved), goal)
        loss = loss + c * (moved - picture).square().sum()
        (gradient,) = torch.autograd.grad(loss, moved)
        return loss.item(), gradient.flatten().double().numpy()

    start = picture.flatten().double().numpy()
    found = minimize(
        objective, start, jac=True, method="L-BFGS-B",
        bounds=[(0, 1)] * len(start), options={"maxiter": iterations},
    )  # fmt: skip
    return torch.tensor(found.x, dtype=torch.float32).view_as(picture)


cat, goal = photos[1:2], torch.tensor([OSTRICH])
found, rows = {}, []
for c in (1, 10, 100):
    found[c] = lbfgs(imagenet, cat, goal, c)
    with torch.no_grad():
        share = imagenet(found[c]).softmax(dim=1)[0, OSTRICH].item()
    rows.append(
        (c, 255 * distortion(found[c], cat).item(), share, said(found[c])[0][0])
    )
by_c = pd.DataFrame(rows, columns=["c", "grey levels", "ostrich", "says"]).set_index(
    "c"
)
check.that(
    by_c["grey levels"].is_monotonic_decreasing, "the larger c, the smaller the change"
)
check.that(by_c.says[10] == "ostrich", "c = 10 is small enough")
check.that(by_c["grey levels"][10] < 0.3, f"{by_c['grey levels'][10]:.3f} grey levels")
check.that(by_c.says[100] != "ostrich", "c = 100 is too large")
by_c.round(3)

# %% [markdown] lang="ko"
# 놀랄 만큼 작습니다. $c = 10$일 때 섭동의 크기는 회색 단계로 0.3도 되지 않습니다. $c = 100$은 너무 큽니다. 패키지의
# `adversarial.lbfgs`는 목표에 이르는 가장 큰 $c$를 찾습니다. 숫자 열 장에서도 같은 식으로 재어 봅시다. 이번에는 논문과 견줄 수 있도록 255를 곱하지 않고 0과 1 사이의
# 단위로 적습니다.

# %% [markdown] lang="en"
# These are surprisingly small. With $c = 10$ the size of the perturbation is less than 0.3 grey levels. $c = 100$ is too large. The package's
# `adversarial.lbfgs` searches for the largest $c$ that still reaches the target. We measure ten digits by the same formula, this time not multiplied by 255 but in the paper's unit,
# where pixels go from 0 to 1.

# %%
right = (network(x_test).argmax(dim=1) == y_test).nonzero().flatten()[:10]
goals = (y_test[right] + 1) % 10
smallest = adversarial.lbfgs(network, x_test[right], goals)
with torch.no_grad():
    hits = (network(smallest).argmax(dim=1) == goals).sum().item()
mean_distortion = distortion(smallest, x_test[right]).mean().item()
print(f"{hits} of 10 digits fooled, mean distortion {mean_distortion:.3f}")
check.that(hits >= 9, f"{hits} of 10 targets are reached")

# %% [markdown] lang="ko"
# ## 진짜 사진에서
#
# 맨 앞의 세 장에 우주인과 은하를 더한 사진 다섯 장에서 $\epsilon$을 바꾸어 가며 잽니다. 무목표 공격은 신경망이 처음에 한 답에서 벗어나면, 목표 공격은 타조라고 하면 성공입니다. 픽셀은 8비트이므로
# $\epsilon$을 $1/255$ 단위로 적습니다.

# %% [markdown] lang="en"
# ## On real photos
#
# We vary $\epsilon$ on five photos: the three above, an astronaut and galaxies. An untargeted attack succeeds if it leaves the network's first answer, a targeted one if the network says
# ostrich. As pixels have 8 bits, $\epsilon$ is given in units of $1/255$.

# %%
LEVELS = (0.25, 0.5, 1, 2, 4)  # of 255
with torch.no_grad():
    first = imagenet(photos).argmax(dim=1)
all_ostrich = torch.full((5,), OSTRICH)


def answers(moved):
    with torch.no_grad():
        return imagenet(moved).softmax(dim=1)


rows, of_cat = [], []
for level in LEVELS:
    e = level / 255
    away = answers(adversarial.fgsm(imagenet, photos, first, e)).argmax(dim=1) != first
    once = answers(adversarial.fgsm(imagenet, photos, all_ostrich, e, targeted=True))
    often = answers(
        adversarial.pgd(imagenet, photos, all_ostrich, e, steps=7, targeted=True)
    )
    hits = [(each.argmax(dim=1) == OSTRICH).sum().item() for each in (once, often)]
    rows.append((level, away.sum().item(), *hits))
    random = answers((photos[1:2] + e * coins[:1]).clamp(0, 1))  # the cat
    of_cat.append(
        (level, *(each[OSTRICH].item() for each in (random[0], once[1], often[1])))
    )
columns = ["ε · 255", "FGSM, away", "FGSM, ostrich", "PGD, ostrich"]
on_photos = pd.DataFrame(rows, columns=columns).set_index("ε · 255")
check.that(on_photos["FGSM, away"][2] >= 4, f"{on_photos['FGSM, away'][2]} of 5 leave")
check.that(
    on_photos["PGD, ostrich"][4] == 5 > on_photos["FGSM, ostrich"][4],
    "ε = 4/255: PGD turns all five into an ostrich, FGSM does not",
)
on_photos

# %% name="fig-cat" tags=["hide-input"] alt_ko="가로축은 255를 곱한 엡실론, 로그 눈금. 세로축은 고양이 사진에서 타조의 확률. PGD의 선은 확률 1에 올라가 머물고, FGSM의 선은 가로축의 1에서 가장 높았다가 다시 떨어집니다. 무작위 부호의 선은 0에 머뭅니다." alt_en="Epsilon times 255 across, logarithmic; the probability of ostrich for the photo of the cat upwards. The line of PGD rises to a probability of 1 and stays; that of FGSM is highest at 1 on the horizontal axis and falls again; that of random signs stays at 0." caption_ko="고양이 사진에서 타조의 확률. FGSM은 크게 한 걸음을 떼면 지나칩니다. 무작위 부호로는 타조가 되지 않습니다." caption_en="The probability of an ostrich for the photo of the cat. FGSM overshoots with a large step. Random signs make no ostrich."
cat_table = pd.DataFrame(of_cat, columns=["epsilon", "random signs", "FGSM", "PGD"])
figure = look.curves(
    {
        name: cat_table[["epsilon", name]].rename(columns={name: "ostrich"})
        for name in ("random signs", "FGSM", "PGD")
    },
    x="epsilon",
    y="ostrich",
    xlabel="ε · 255",
    ylabel="probability of ostrich",
    logx=True,
)
figure.axes[0].set_xticks(LEVELS, [f"{level:g}" for level in LEVELS])
figure.axes[0].minorticks_off()
figure.axes[0].set_ylim(-0.03, 1.03)
figure

# %%
one_step = cat_table.set_index("epsilon").FGSM
check.that(one_step.max() > 0.8, f"FGSM at its best: {one_step.max():.2f}")
check.that(
    one_step[4] < one_step.max() - 0.3,
    f"FGSM with ε = 4/255: {one_step[4]:.2f}, less than at its best",
)
away_cat = adversarial.fgsm(imagenet, cat, first[1:2], 2 / 255)
print(f"untargeted, from {names[first[1]]}: {said(away_cat)[0][0]}")
check.that("cat" in said(away_cat)[0][0], "another cat")
check.that(cat_table["random signs"].max() < 0.01, "random signs: no ostrich")

# %% [markdown] lang="ko"
# 두 가지가 눈에 띕니다. 첫째, 무목표 공격은 쉽지만 싱겁습니다. 이집트 고양이(Egyptian cat)가 호랑이 무늬 고양이(tiger cat)가 될 뿐입니다. 클래스 1,000개 가운데에는 서로 가까운 것이 많아서,
# 틀리게 만든다고 엉뚱하게 틀리지는 않습니다. 둘째, 목표 공격에서 FGSM은 $\epsilon$이 어느 크기를 넘으면 오히려 약해집니다. 선형이라는 가정은 가까이에서만 맞습니다. PGD는
# 지나치지 않습니다.
#
# ### PNG로 저장하면
#
# 지금까지 바꾼 그림은 실수로 된 텐서였습니다. 파일에는 0부터 255까지의 정수가 들어갑니다. 반올림하면 $0.5/255$보다 작은 변화는 사라집니다. 공격이 살아남을까요?

# %% [markdown] lang="en"
# Two things stand out. First, an untargeted attack is easy but dull: an Egyptian cat becomes a tiger cat. Among 1,000 classes many are close to each
# other, and a wrong answer need not be an absurd one. Second, as a targeted attack FGSM becomes weaker again once $\epsilon$ exceeds a certain size. The assumption of
# linearity holds only nearby. PGD does not overshoot.
#
# ### Saved as a PNG
#
# So far the changed pictures were tensors of real numbers. A file holds whole numbers from 0 to 255, and rounding removes every change smaller than
# $0.5/255$. Does the attack survive?


# %%
def through_file(picture, kind, **options):
    """The picture (1, 3, H, W) written to a file in memory, and read again."""
    pixels = (255 * picture[0]).round().to(torch.uint8).permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    read = np.array(Image.open(file))  # (H, W, 3)
    return data.to_float(torch.from_numpy(read).permute(2, 0, 1)[None])


saved = {"photo": cat, "L-BFGS, c = 10": found[10]}
for level in (1, 8):
    moved = adversarial.pgd(imagenet, cat, goal, level / 255, targeted=True)
    saved[f"PGD, ε = {level}/255"] = moved
survived = {
    name: {
        kind: answers(picture)[0, OSTRICH].item()
        for kind, picture in (
            ("tensor", moved),
            ("PNG", through_file(moved, "PNG")),
            ("JPEG 95", through_file(moved, "JPEG", quality=95)),
            ("JPEG 75", through_file(moved, "JPEG", quality=75)),
        )
    }
    for name, moved in saved.items()
}
survived = pd.DataFrame(survived).T
for name in ("L-BFGS, c = 10", "PGD, ε = 1/255"):
    moved = through_file(saved[name], "PNG") != through_file(cat, "PNG")
    print(
        f"{name}: {moved.float().mean():.1%} of values differ from the photo's in a PNG"
    )
check.that(
    survived["PNG"]["L-BFGS, c = 10"]
    < 0.1
    < 0.4
    < survived["tensor"]["L-BFGS, c = 10"],
    "the smallest perturbation does not survive rounding",
)
again = said(through_file(found[10], "PNG"))[0][0]
check.that("cat" in again, f"what was saved is a cat again: {again}")
check.that(survived["PNG"]["PGD, ε = 1/255"] > 0.9, "PGD with ε = 1/255 does")
check.that(
    survived["JPEG 75"]["PGD, ε = 1/255"] < 0.5 < survived["JPEG 75"]["PGD, ε = 8/255"],
    "JPEG 75 removes ε = 1/255, not ε = 8/255",
)
survived.round(3)

# %% [markdown] lang="ko"
# L-BFGS가 찾은 섭동은 작은 만큼 약합니다. 거의 모든 값이 원래의 정수로 반올림되어, 저장한 그림은 다시 고양이입니다. PGD는 다릅니다. 많은 값이 $\pm\epsilon$까지
# 가 있어서 $\epsilon = 1/255$도 PNG에서 살아남습니다. JPEG는 눈에 띄지 않는 세부를 버리는 형식이라 작은 섭동도 함께 버립니다. 그러나 $\epsilon$을 $8/255$로 키우면 다시
# 통합니다. 압축한 그림을 속이려면 더 큰 섭동이 들 뿐, 압축이 공격을 막지는 못합니다. 게다가 여기서는 공격이 압축을 모른 채 만들어졌습니다.

# %% [markdown] lang="en"
# The perturbation that L-BFGS found is as weak as it is small. Almost all values round to what they were, and the saved picture is a cat again.
# PGD is different: many of its values have gone to $\pm\epsilon$, so that even $\epsilon = 1/255$ survives in a PNG. JPEG throws away details that
# nobody notices, and small perturbations with them. But with an $\epsilon$ of $8/255$ the attack works again. With compression it takes a larger perturbation, but compression does not
# prevent the attack. And these attacks were made without knowing of the compression.

# %% [markdown] lang="ko"
# ## 다른 신경망도 속을까요?
#
# 두 논문이 함께 눈여겨본 일이 있습니다. 한 신경망을 속이려고 만든 그림이 다른 신경망도 속인다는 것입니다. 이것을 전이(transfer)라고 합니다. 전이가 되면 공격하는 사람은 신경망의
# 가중치를 몰라도 됩니다. 비슷한 것을 하나 훈련해서 그것을 속이면 됩니다. 재 봅시다. 훈련 그림을 반으로 나누어, 한쪽에서는 합성곱 신경망 A를, 다른 쪽에서는 시드가
# 다른 합성곱 신경망 B와 다층 퍼셉트론 M과 소프트맥스 회귀 L을 훈련합니다. A가 본 그림은 나머지가 하나도 보지 못했습니다.
#
# 이번에는 `train.fit`으로 훈련합니다. `fit`은 픽셀을 훈련 세트의 평균과 표준편차로 정규화하므로, 공격할 때는 정규화를 신경망 안에 넣어야 합니다. 그래야
# $\epsilon$이 픽셀의 단위로 남습니다. `adversarial.normalized`가 그렇게 합니다.

# %% [markdown] lang="en"
# ## Does it fool other networks?
#
# Both papers remark on it: pictures made to fool one network fool others, too. This is called transfer. Where it works, an attacker
# need not know the weights of the network: it is enough to train a similar one and to fool that. Let us measure. We halve the training
# pictures, train a CNN A on one half, and on the other a CNN B with another seed, a multilayer perceptron M and a softmax regression L. A has
# no picture in common with the others.
#
# This time we train with `train.fit`. `fit` normalises pixels by the mean and standard deviation of the training set, so for an attack the normalisation
# must go inside the network: then $\epsilon$ stays in units of pixel values. `adversarial.normalized` does that.

# %%
half = len(digits) // 2
plans = {
    "A": (digits[:half], lambda: cnn(seed=1)),
    "B": (digits[half:], lambda: cnn(seed=2)),
    "M": (digits[half:], lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))),
    "L": (digits[half:], lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10))),
}  # fmt: skip
several = {}
for seed, (name, (part, make)) in enumerate(plans.items()):
    torch.manual_seed(seed)
    model = make()
    history = train.fit(
        model, part, epochs=6, batch_size=50, lr=2e-3, schedule="onecycle", quiet=True
    )
    several[name] = adversarial.normalized(model, history.mean, history.std)

transfer = pd.DataFrame(
    {
        target: {"clean": 1 - accuracy(other, x_test)}
        for target, other in several.items()
    }
)
for source, model in several.items():
    moved = adversarial.pgd(model, x_test, y_test, 0.2)
    transfer.loc[source] = [1 - accuracy(other, moved) for other in several.values()]
for source in several:
    others = transfer.loc[source].drop(source)
    check.that(
        (others > transfer.loc["clean"].drop(source) + 0.3).all(),
        f"made on {source}: error of the others {others.min():.2f} or more",
    )
transfer.round(3)

# %% name="fig-transfer" tags=["hide-input"] alt_ko="4행 4열의 히트맵. 행은 그림을 만든 신경망 A, B, M, L, 열은 그 그림을 본 신경망. 칸마다 오류율이 적혀 있고 대각선이 가장 높지만 나머지도 높습니다." alt_en="A heat map of 4 rows and 4 columns: the network A, B, M, L on which the pictures were made down, the one that sees them across. Each cell has the error; the diagonal is highest, but the others are high, too." caption_ko="오류율($\\epsilon = 0.2$, PGD). 행은 섭동을 만든 신경망, 열은 그 그림을 본 신경망입니다. A와 B는 합성곱 신경망, M은 다층 퍼셉트론, L은 소프트맥스 회귀입니다." caption_en="Error with $\\epsilon = 0.2$ (PGD). Rows: the network on which the perturbation was made; columns: the network that sees it. A and B are CNNs, M is a multilayer perceptron, L softmax regression."
table = transfer.loc[list(several), list(several)].to_numpy(float)
figure = look.heat(table, limits=(0, 1), label="error", xlabel="sees", ylabel="made on")
axes = figure.axes[0]
axes.set_xticks(range(4), list(several))
axes.set_yticks(range(4), list(several))
for row in range(4):
    for column in range(4):
        shade = "#0d1726" if table[row, column] > 0.55 else "#ffffff"
        axes.text(
            column,
            row,
            f"{table[row, column]:.0%}",
            ha="center",
            va="center",
            color=shade,
        )
figure

# %% [markdown] lang="ko"
# 함께 본 그림이 없고 구조가 달라도 절반이 넘게 틀립니다. 다만 조건이 있습니다. 여기서 $\epsilon = 0.2$는 큽니다. 논문들의 전이율은 이보다 낮기도 합니다. Goodfellow 등에서는
# 원래 모델을 겨냥한 그림에 적대적으로 훈련한 모델이 19.6% 틀렸고, 거꾸로는 40.9%였습니다 {cite:p}`goodfellow2015explaining`. Szegedy 등은 MNIST의
# 훈련 그림을 반으로 나누었습니다. 한 신경망을 겨냥한 섭동에, 같은 반쪽에서 훈련한 구조가 다른 신경망은 26.2%, 다른 반쪽에서 훈련한 신경망은 5.9% 속았고, 섭동을 키우자
# 98%와 43%가 되었습니다 {cite:p}`szegedy2014intriguing`. 왜 전이될까요?
# Goodfellow 등의 설명은 이렇습니다. 같은 과제를 배운 모델들은 비슷한 선형 함수에 가까워지고, 그러면 섭동의 방향도 비슷합니다.
#
# ## 방어: 적대적 훈련
#
# 가장 직접적인 방어는 공격받은 그림으로 훈련하는 것입니다. FGSM 논문은 두 손실을 섞습니다 {cite:p}`goodfellow2015explaining`.
#
# $$\tilde J(x, y) = \tfrac12 J(x, y) + \tfrac12 J\big(x + \epsilon \, \mathrm{sign}(\nabla_x J(x, y)), y\big)$$
#
# Madry 등은 같은 생각을 안쪽과 바깥쪽의 두 문제로 적었습니다 {cite:p}`madry2018towards`. 안쪽에서는 공격이 손실을 가장 크게 하는 섭동을 찾고, 바깥에서는 훈련이 그
# 손실을 줄입니다.
#
# $$\min_\theta \; \mathbb{E}_{(x, y)} \Big[ \max_{\lVert r \rVert_\infty \le \epsilon} J(x + r, y; \theta) \Big]$$
#
# 안쪽을 PGD로 어림합니다. 둘 다 해 봅시다. FGSM으로는 $\epsilon = 0.25$(논문의 값), PGD로는 $\epsilon = 0.2$에 네 걸음입니다. PGD에서는 무작위 자리에서 출발하고,
# 처음 두 에폭 동안 $\epsilon$을 키워 갑니다. 처음부터 큰 $\epsilon$으로 공격하면 아직 아무것도 배우지 못한 신경망이 배울 것을 찾지 못하고 찍기만 할 수 있습니다. 7에폭씩 훈련합니다.

# %% [markdown] lang="en"
# Without a picture in common, and even with another architecture, more than half are misjudged. But $\epsilon = 0.2$ is large here, and some of the papers'
# rates are lower. In Goodfellow et al. an adversarially trained model got 19.6% of the pictures made on the original model wrong; the other way round it was 40.9%
# {cite:p}`goodfellow2015explaining`. Szegedy et al. halved the training pictures of MNIST. Perturbations made on one network fooled a network of another architecture, trained on
# the same half, in 26.2% and one trained on the other half in 5.9%; amplified, in 98% and 43% {cite:p}`szegedy2014intriguing`. Why is there transfer? The explanation of Goodfellow et al.: models that learned the same
# task come close to similar linear functions, and so the directions of their perturbations are similar.
#
# ## A defence: adversarial training
#
# The most direct defence is to train on attacked pictures. The FGSM paper mixes two losses {cite:p}`goodfellow2015explaining`.
#
# $$\tilde J(x, y) = \tfrac12 J(x, y) + \tfrac12 J\big(x + \epsilon \, \mathrm{sign}(\nabla_x J(x, y)), y\big)$$
#
# Madry et al. write the same idea as two problems, one inside the other {cite:p}`madry2018towards`. Inside, an attack looks for the perturbation with the
# largest loss; outside, training makes that loss small.
#
# $$\min_\theta \; \mathbb{E}_{(x, y)} \Big[ \max_{\lVert r \rVert_\infty \le \epsilon} J(x + r, y; \theta) \Big]$$
#
# The inner problem is approximated by PGD. We do both: with FGSM and $\epsilon = 0.25$, the paper's value, and with PGD, $\epsilon = 0.2$ in four steps. PGD starts at
# random places, and over the first two epochs its $\epsilon$ grows: under a large $\epsilon$ from the beginning, a network that has not learned anything yet
# may find nothing to learn, and go on guessing. Each is trained for 7 epochs.


# %%
def by_fgsm(network, pictures, labels, epoch):
    return adversarial.fgsm(network, pictures, labels, 0.25)


def by_pgd(network, pictures, labels, epoch):
    e = 0.2 * min(1, (epoch + 1) / 3)
    seed = int(torch.randint(2**31, (1,)))  # another start for each batch
    return adversarial.pgd(
        network, pictures, labels, e, steps=4, step=0.4 * e, seed=seed
    )


networks = {"ordinary": network, "FGSM-trained": cnn(), "PGD-trained": cnn()}
seconds["FGSM-trained"] = learn(networks["FGSM-trained"], 7, 4e-3, by_fgsm, both=True)
torch.manual_seed(0)
seconds["PGD-trained"] = learn(networks["PGD-trained"], 7, 2e-3, by_pgd)
epochs = {"ordinary": 6, "FGSM-trained": 7, "PGD-trained": 7}
curves = {"ordinary": ordinary}
for name in ("FGSM-trained", "PGD-trained"):
    curves[name] = attacked(networks[name])
cost = pd.DataFrame(
    {
        name: {
            "clean": curves[name]["PGD"][0],
            "FGSM 0.2": curves[name].set_index("epsilon").FGSM[0.2],
            "PGD 0.2": curves[name].set_index("epsilon").PGD[0.2],
            "CPU s an epoch": seconds[name] / epochs[name],
        }
        for name in networks
    }
).T
cost.round(3)

# %%
robust = cost["PGD 0.2"]["PGD-trained"]
check.that(cost["PGD 0.2"]["ordinary"] < 0.1, "ordinary: below 10%")
check.that(robust > 0.4, f"PGD-trained: {robust:.3f}")
check.that(
    cost["FGSM 0.2"]["FGSM-trained"] > cost["PGD 0.2"]["FGSM-trained"] + 0.3,
    f"FGSM-trained: FGSM {cost['FGSM 0.2']['FGSM-trained']:.3f}, PGD {cost['PGD 0.2']['FGSM-trained']:.3f}",
)
lost = cost["clean"]["ordinary"] - cost["clean"]["PGD-trained"]
check.that(abs(lost) < 0.04, f"clean accuracy lost: {lost:.3f}")
times = cost["CPU s an epoch"]["PGD-trained"] / cost["CPU s an epoch"]["ordinary"]
check.that(times > 2.5, f"PGD-trained: an epoch takes {times:.1f} times as long")

# %% name="fig-defence" tags=["hide-input"] alt_ko="가로축은 엡실론, 세로축은 PGD 공격에서의 정확도. 보통 신경망의 선은 0.2에서 0에 닿고, FGSM으로 훈련한 신경망은 조금 더 버티다가 0.3에서 0에 가까워집니다. PGD로 훈련한 신경망은 0.2에서도 절반이 넘고 그 뒤로 급히 떨어집니다." alt_en="Epsilon across, accuracy under PGD upwards. The ordinary network's line touches 0 near 0.2; the FGSM-trained one holds out somewhat longer and is near 0 at 0.3. The PGD-trained one is above one half even at 0.2, and falls fast beyond." caption_ko="세 신경망의 PGD 공격에서의 정확도. 점선은 PGD로 훈련할 때의 $\\epsilon$입니다." caption_en="Accuracy of the three networks under PGD. The dotted line is the $\\epsilon$ of the PGD training."
figure = look.curves(
    {
        name: table[["epsilon", "PGD"]].rename(columns={"PGD": "accuracy"})
        for name, table in curves.items()
    },
    x="epsilon",
    y="accuracy",
    xlabel="ε",
    ylabel="accuracy under PGD",
)
figure.axes[0].axvline(
    0.2, color=look.style.LIGHT["muted"], linestyle=":", linewidth=1.2
)
figure.axes[0].set_ylim(-0.03, 1)
figure

# %% [markdown] lang="ko"
# FGSM으로 훈련한 신경망은 FGSM에 강합니다. 표의 ‘FGSM 0.2’만 보면 방어에 성공한 것 같습니다. 그러나 PGD로 공격하면 대부분 무너집니다. 이 신경망은 한 걸음짜리 공격에만
# 버티는 법을 배웠습니다. 어떻게 그렇게 하는지는 곧 봅니다. **방어는 그 방어가 배우지 않은, 더 강한 공격으로 재야 합니다.** PGD로 훈련한 신경망은
# PGD에도 절반 넘게 버팁니다. 다만 훈련에 쓴 $\epsilon$을 넘으면 빠르게 무너집니다.
#
# 대가는 셋입니다. 첫째는 시간입니다. 걸음마다 순전파와 역전파가 한 번씩 더 드니 네 걸음이면 에폭 하나가 몇 배로 길어집니다. 둘째는 깨끗한 그림의 정확도입니다. 여기서는
# 보통 신경망보다 1퍼센트포인트쯤 낮은데, 시드 하나로는 우연인지 알 수 없습니다. 셋째로, 정해 둔 $\epsilon$의 ℓ∞ 섭동만 막습니다. 돌리거나
# 일부를 가린 그림은 다른 문제입니다.
#
# 얻는 것이 하나 더 있습니다. 세 신경망에서 같은 그림의 그레이디언트를 그려 봅시다.

# %% [markdown] lang="en"
# The FGSM-trained network withstands FGSM. By “FGSM 0.2” in the table alone the defence seems a success. But PGD breaks most of it. What the network learned is
# to withstand attacks of a single step only; how it does so we will see soon. **A defence must be measured by a stronger attack than the one it was
# trained on.** The PGD-trained network withstands PGD in more than half of the pictures. Beyond the $\epsilon$ of its training it, too, breaks down
# fast.
#
# It costs three things. First, time: each step costs another forward and backward pass, and with four steps an epoch takes several times as long. Second,
# accuracy on clean pictures: here it is about 1 percentage point below the ordinary network's, and one seed cannot tell whether that is chance. Third, it protects
# against perturbations in ℓ∞ within the chosen $\epsilon$ only. Pictures that are rotated or partly covered are another matter.
#
# There is also something to be gained. Let us draw the gradient of the same pictures in all three networks.

# %% name="fig-gradients" tags=["hide-input"] alt_ko="네 줄 여섯 칸. 첫 줄은 숫자 여섯 장. 보통 신경망의 그레이디언트는 그림 전체에 흩어진 얼룩입니다. FGSM으로 훈련한 것은 획보다 배경과 가장자리가 더 짙습니다. PGD로 훈련한 것은 획의 둘레에 모여 있고 배경은 거의 희습니다." alt_en="Four rows of six. The first has six digits. The ordinary network's gradients are patches scattered over the picture. Those of the FGSM-trained one are darker in the background and at the margin than at the strokes. Those of the PGD-trained one gather around the strokes, and the background is almost white." caption_ko="위에서부터 그림, 보통 신경망의 그레이디언트, FGSM으로 훈련한 것, PGD로 훈련한 것. 흰색이 0이고, 주황색은 밝히면, 파란색은 어둡게 하면 손실이 커지는 픽셀입니다. 그림마다 눈금이 다릅니다." caption_en="From the top: picture, gradient of the ordinary network, of the FGSM-trained one, of the PGD-trained one. White is 0; orange pixels make the loss larger when brightened, blue ones when darkened. Each has its own scale."
six = [(y_test == digit).nonzero().flatten()[0].item() for digit in (0, 2, 3, 4, 7, 8)]
figure = look.style.figure("full", 4.5)
panels = figure.subplots(4, 6)
gradients = {
    name: adversarial.input_gradient(each, x_test[six], y_test[six])[:, 0]
    for name, each in networks.items()
}
for column in range(6):
    panels[0, column].imshow(x_test[six[column], 0], cmap="gray", vmin=0, vmax=1)
    for row, values in enumerate(gradients.values(), start=1):
        bound = values[column].abs().max().item() or 1
        panels[row, column].imshow(
            values[column], cmap=look.style.DIVERGING, vmin=-bound, vmax=bound
        )
for panel, word in zip(
    panels[:, 0], ("picture", "ordinary", "FGSM", "PGD"), strict=True
):
    panel.set_ylabel(word)
for panel in panels.flat:
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
figure


# %%
near = functional.max_pool2d(x_test[six], 3, stride=1, padding=1)[:, 0] > 0.5


def on_ink(values):
    """The share of the gradient's strength that lies on the strokes or next to them."""
    strength = values.abs()
    return ((strength * near).sum() / strength.sum()).item()


area = near.float().mean().item()
print(f"at the strokes: {area:.0%} of the pixels, and of the gradient")
for name, values in gradients.items():
    print(f"{name:13} {on_ink(values):.0%}")
check.that(on_ink(gradients["FGSM-trained"]) < area, "FGSM-trained: less than its area")
check.that(
    on_ink(gradients["PGD-trained"]) > on_ink(gradients["ordinary"]) + 0.1,
    f"{on_ink(gradients['PGD-trained']):.2f} > {on_ink(gradients['ordinary']):.2f} + 0.1",
)

# %%
inner = torch.zeros(28, 28)
inner[4:24, 4:24] = 1  # where MNIST puts the digits
shares = {}
for name in ("ordinary", "FGSM-trained"):
    moved = adversarial.fgsm(networks[name], x_test, y_test, 0.25)
    without_margin = x_test + inner * (moved - x_test)
    shares[name] = [accuracy(networks[name], each) for each in (moved, without_margin)]
    whole, part = shares[name]
    print(f"{name:13} FGSM {whole:.3f}, in the middle only {part:.3f}")
check.that(shares["ordinary"][1] > shares["ordinary"][0], "ordinary: the margin harms")
check.that(
    shares["FGSM-trained"][1] < shares["FGSM-trained"][0] - 0.03,
    "FGSM-trained: the margin helps",
)

# %% [markdown] lang="ko"
# 보통 신경망의 그레이디언트는 그림 전체에 흩어져 있습니다. 획의 둘레가 차지하는 넓이보다 그리 많이 모이지 않습니다. PGD로 훈련한 신경망의 그레이디언트는 획과 그 둘레에
# 모입니다. 섭동에 견디느라 사람도 보는 것, 곧 획을 보게 되었다고 풀이할 수 있습니다. FGSM으로 훈련한 신경망에서는 반대로 획 바깥에 많고, 획 둘레의 몫은 그 넓이에도
# 못 미칩니다. 위의 셀에서는 FGSM의 섭동을 가운데 $20 \times 20$픽셀에만 남겼습니다. 보통
# 신경망에서는 섭동이 준 만큼 덜 틀립니다. 그런데 FGSM으로 훈련한 신경망은 **더 많이** 틀립니다. 글씨가 거의 없는 가장자리의 섭동은 이 신경망을 속이지 않고 오히려
# 도왔다는 뜻입니다. 훈련이 그레이디언트를 그쪽으로 이끌어, 한 걸음짜리 공격이 헛걸음을 하게 만든 셈입니다.
#
# ## 왜 GAN이 아닐까요?
#
# 이 책의 바탕이 된 글 가운데 하나는 적대적 예제와 생성적 적대 신경망(generative adversarial network, GAN)을 한 절에서 설명했고, 어느 독자가
# 둘은 다른 것이라고 옳게 지적했습니다. 이름에 같은 말이 있고 저자도 겹치지만, 무엇을 바꾸어 무엇을 최소화하는지가 다릅니다.
#
# | | 적대적 예제 | GAN {cite:p}`goodfellow2014generative` |
# |---|---|---|
# | 신경망 | 하나, 이미 훈련됨 | 둘, 함께 훈련함 |
# | 바꾸는 것 | 그림 한 장의 픽셀 | 두 신경망의 가중치 |
# | 시작 | 진짜 그림 | 무작위 벡터 |
# | 얻는 것 | 진짜 같은데 분류기가 틀리는 그림 | 진짜처럼 보이는 새 그림 |
# | 속는 쪽 | 분류기, 그대로 | 판별자, 속을 때마다 배움 |
#
# 공격하는 동안 신경망의 가중치가 하나도 바뀌지 않는 것을 확인합시다. 적대적 훈련에서는 가중치가 바뀌지만, 섭동을 만드는 것은 또 하나의 신경망이 아니라 그레이디언트입니다.
# GAN은 [‘GAN’ 장](19_gan)에서 만듭니다.

# %% [markdown] lang="en"
# The ordinary network's gradient is scattered over the picture: its share at the strokes is not much larger than their area. That of the PGD-trained one gathers at the strokes and
# around them. One may read it so: to withstand perturbations, it came to look at what people look at as well, the strokes. Much of the FGSM-trained network's gradient, by contrast, is
# away from the strokes, whose share is less than their area. The cell above keeps FGSM's perturbation in the middle $20 \times 20$
# pixels only. The ordinary network gets less wrong, as there is less of a perturbation. But the FGSM-trained one gets **more** wrong. So the perturbation at the margin, where
# there is hardly any ink, does not fool this network but helps it. Training has led the gradient there, so that an attack of a single step goes astray.
#
# ## Why is this not a GAN?
#
# One of the texts that this book grew from explains adversarial examples and generative adversarial networks (GANs) in one section, and a reader rightly remarked that they
# are different things. They share a word and some authors. But what is changed, and what is minimised by it, differs.
#
# | | adversarial example | GAN {cite:p}`goodfellow2014generative` |
# |---|---|---|
# | networks | one, trained already | two, trained together |
# | what changes | the pixels of one picture | the weights of both networks |
# | beginning | a real picture | a random vector |
# | result | a picture that looks real and is misjudged | a new picture that looks real |
# | who is fooled | the classifier, which stays as it is | the discriminator, which learns each time |
#
# We check that not a single weight changes during an attack. In adversarial training weights do change, but the perturbations come from the gradient and not from a
# second network. You build a GAN in [the chapter on GANs](19_gan).

# %%
before = copy.deepcopy(imagenet.state_dict())
adversarial.pgd(imagenet, cat, goal, 1 / 255, steps=2, targeted=True)
same = all(value.equal(before[name]) for name, value in imagenet.state_dict().items())
check.that(same, "all weights as before the attack")
none = all(parameter.grad is None for parameter in imagenet.parameters())
check.that(none, "and no gradients kept for them")

# %% [markdown] lang="ko"
# ## 주장을 다시 계산하기
#
# 논문의 수와 이 노트북이 잰 수를 나란히 놓습니다. 논문의 신경망은 MNIST의 훈련 그림 60,000장에서 훈련했고, 우리 것은 4,000장에서 훈련했습니다. 구조도 다르니 크기가
# 아니라 방향을 견주세요. Goodfellow 등의 MNIST 실험은 모두 $\epsilon = 0.25$입니다. 전이의 논문 수는 원래 섭동과 키운 섭동의
# 것이고, 우리 수는 위의 표에서 A로 만든 그림을 B에 보인 것으로 $\epsilon = 0.2$입니다.
# ‘network’의 논문 수는 Maxout 신경망의 것이고, ‘adv. trained’의 우리 수는 FGSM으로 훈련한 신경망을 FGSM으로 공격한 것입니다. 사진의 논문 수는
# AlexNet에서 만든 그림들의 평균이고, 우리 것은 고양이 한 장입니다.

# %% [markdown] lang="en"
# ## The claims, recomputed
#
# The papers' numbers beside those measured in this notebook. Their networks were trained on the 60,000 training pictures of MNIST, ours on 4,000. The architectures differ
# as well, so compare the direction and not the size. In the MNIST experiments of Goodfellow et al., always $\epsilon = 0.25$. Of transfer, the paper's numbers are for perturbations as they are and amplified; ours, from
# the table above, shows to B what was made on A with $\epsilon = 0.2$. In the row “network” the paper's is a Maxout network; in “adv. trained” ours is the FGSM-trained network under FGSM. For photos, the paper's
# is a mean over pictures made with AlexNet, ours is of the cat alone.

# %%
shallow = adversarial.fgsm(softmax_regression, x_test, y_test, 0.25)
at_quarter = {
    name: 1 - table.set_index("epsilon").FGSM[0.25] for name, table in curves.items()
}
with torch.no_grad():
    moved = adversarial.fgsm(network, x_test, y_test, 0.25)
    sure = network(moved).softmax(dim=1).max(dim=1)
wrong = sure.indices != y_test
confidence = sure.values[wrong].mean().item()
claims = [
    ("3 vs 7, logistic, ε = 0.25", "G", "99%", f"{linear.attack[0.25]:.1%}"),
    ("softmax regression, ε = 0.25", "G", "99.9%", f"{1 - accuracy(softmax_regression, shallow):.1%}"),
    ("network, ε = 0.25", "G", "89.4%", f"{at_quarter['ordinary']:.1%}"),
    ("  confidence where wrong", "G", "97.6%", f"{confidence:.1%}"),
    ("adv. trained, ε = 0.25", "G", "17.9%", f"{at_quarter['FGSM-trained']:.1%}"),
    ("transfer to another training set", "S", "5.9 to 43%", f"{transfer['B']['A']:.1%}"),
    ("distortion by L-BFGS, digits", "S", "0.058 to 0.14", f"{mean_distortion:.3f}"),
    ("distortion by L-BFGS, photos", "S", "0.0065", f"{distortion(found[10], cat).item():.4f}"),
]  # fmt: skip
print(
    "G Goodfellow et al. 2015, S Szegedy et al. 2014; errors, unless it says otherwise\n"
)
print(f"{'':34}{'':3}{'theirs':>14}{'ours':>8}")
for what, source, printed, ours in claims:
    print(f"{what:34}{source:3}{printed:>14}{ours:>8}")
check.that(0.03 < mean_distortion < 0.2, f"distortion {mean_distortion:.3f}")
on_cat = distortion(found[10], cat).item()
check.that(on_cat < 0.1 * mean_distortion, f"on the photo only {on_cat:.4f}")
check.that(at_quarter["ordinary"] > 0.8, f"ordinary {at_quarter['ordinary']:.3f}")
check.that(
    at_quarter["FGSM-trained"] < 0.5, f"trained {at_quarter['FGSM-trained']:.3f}"
)

# %% [markdown] lang="ko"
# 오류율은 논문에서처럼 공격을 받으면 크게 오르고, 적대적 훈련을 하면 크게 내립니다. 사진의 섭동이 숫자의 섭동보다 훨씬 작은 것도 같습니다. 다만 우리 고양이의 섭동은 논문의
# 평균보다도 훨씬 작습니다. 신경망이 다르고 한 장뿐이라 까닭은 가릴 수 없습니다. 숫자에서 L-BFGS의 섭동은 논문의 표 1과 크기도 비슷합니다. 논문의 0.058은 은닉층이 둘인 신경망(100-100-10), 0.14는 가중치 감쇠가
# 강한 소프트맥스 회귀입니다. 가중치 감쇠가 강하면 속이는 데 더 큰 섭동이 필요하지만, 그 모델의 테스트 오류율은 20%입니다 {cite:p}`szegedy2014intriguing` (표 1).

# %% [markdown] lang="en"
# As in the papers, errors rise steeply under attack and fall steeply with adversarial training. Distortions are far smaller on photos than on digits, too. But that of our cat is also far
# below the paper's mean; with another network and a single photo one cannot tell why. On digits our distortion by L-BFGS is of the size of those in table 1 of the paper. Its 0.058 is of a network with two hidden layers (100-100-10), its 0.14
# of a softmax regression with strong weight decay. With strong weight decay it takes larger perturbations, but that model has a test error of 20%
# {cite:p}`szegedy2014intriguing` (table 1).

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **적대적 예제는 신경망에 잡음을 넣은 것입니까?** 아닙니다. 적대적 예제는 진짜 그림에서 시작하고, 섭동은 잡음이 아니라 계산한 방향입니다. 잡음에서 시작해 신경망이
# 확신하는 그림을 만들 수도 있습니다. 사람은 알아볼 수 없는 이런 그림은 다른 논문의 주제입니다 {cite:p}`nguyen2015deep`. 아래에서 잡음을 타조로 만들어 봅시다.
#
# **신경망이 모르겠다고 할 수는 없습니까?** 소프트맥스의 확률 1,000개는 합이 1이고, ‘모르겠다’는 칸은 없습니다. 그런 칸을 하나 더하더라도 공격은 그 칸을
# 피하는 방향을 찾으면 됩니다.
#
# **여러 신경망의 앙상블은 안전합니까?** 아닙니다. Goodfellow 등은 신경망 열둘의 앙상블을 겨냥한 공격에서 오류율 91.1%를, 그 가운데 하나만 겨냥한 공격에서도 87.9%를 쟀습니다
# {cite:p}`goodfellow2015explaining`. 섭동이 전이되기 때문입니다.
#
# **훈련 데이터에 잡음을 섞으면 막을 수 있습니까?** 거의 막지 못합니다. Goodfellow 등이 두 가지 잡음으로 훈련한 신경망은 FGSM에서 오류율이 86.2%와 90.4%였습니다
# {cite:p}`goodfellow2015explaining`. 높은 차원에서 무작위 방향은 공격의 방향과 거의 직각입니다. 숫자 그림에서 재어 봅시다. 두 단위
# 벡터의 내적은 방향이 같으면 1, 직각이면 0입니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **Is an adversarial example noise that is fed to a network?** No. It begins with a real picture, and the perturbation is not noise but a computed
# direction. One can also begin with noise and make a picture of which the network is certain; nobody can recognise anything in it. Such pictures are the subject of another
# paper {cite:p}`nguyen2015deep`. Below we turn noise into an ostrich.
#
# **Can the network not say that it does not know?** The 1,000 probabilities of a softmax add up to 1; there is no place for “I do not know”. Even with such a place
# an attack would look for a direction that avoids it.
#
# **Is an ensemble of networks safe?** No. Goodfellow et al. measured an error of 91.1% where an attack aimed at an ensemble of twelve networks, and still 87.9% where
# it aimed at one of them {cite:p}`goodfellow2015explaining`: perturbations transfer.
#
# **Does it help to train on noisy data?** Hardly. Two networks that Goodfellow et al. trained with two kinds of noise had an error of 86.2% and 90.4% under FGSM
# {cite:p}`goodfellow2015explaining`. In high dimensions a random direction is almost perpendicular to that of the attack. Let us measure it on the digits. The
# dot product of two unit vectors is 1 if their directions are the same and 0 if they are perpendicular.

# %%
blank = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
ostrich = adversarial.pgd(imagenet, blank, goal, 16 / 255, steps=20, targeted=True)
for what, picture in (("noise", blank), ("changed", ostrich)):
    name, share = said(picture)[0]
    print(f"{what:9}{name:9}{share:6.1%}")
check.that(name == "ostrich" and share > 0.9, f"of noise it says {name}, {share:.1%}")

directions = adversarial.input_gradient(network, x_test, y_test).flatten(1)
randoms = torch.randn(directions.shape, generator=torch.Generator().manual_seed(0))
alike = functional.cosine_similarity(directions, randoms).abs().mean().item()
among = (
    functional.cosine_similarity(
        adversarial.input_gradient(several["A"], x_test, y_test).flatten(1),
        adversarial.input_gradient(several["B"], x_test, y_test).flatten(1),
    )
    .mean()
    .item()
)
print(f"gradient and random direction {alike:.3f}, gradients of A and B {among:.3f}")
check.that(among > 3 * alike, f"A and B: {among:.3f} > 3 · {alike:.3f}")

# %% [markdown] lang="ko"
# 무작위 방향과는 거의 직각이고, 따로 훈련한 두 신경망의 그레이디언트는 뚜렷하게 같은 쪽을 향합니다. 훈련에 섞은 잡음이 거의 소용없는 것과도,
# 섭동이 전이되는 것과도 들어맞습니다.

# %% [markdown] lang="en"
# With a random direction the gradient is almost perpendicular, while those of two networks trained apart clearly lean the same way. This fits both: that training on noise is of
# little use, and that perturbations transfer.

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 네 연습의 함수는 무작위로 고른 입력에서 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first four are checked on random inputs, and where one is
# wrong the check says what is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 가장 낮은 점수.** 점수가 `w @ x`인 선형 분류기가 있습니다. `x`의 값은 0과 1 사이입니다. 값마다 `epsilon`까지 바꿀 수 있고 바꾼 값도 0과 1 사이여야
# 합니다. 가장 낮은 점수를 돌려주는 `lowest_score(w, x, epsilon)`을 NumPy로 짜세요.

# %% [markdown] lang="en"
# **Exercise: the lowest score.** A linear classifier has the score `w @ x`, where the values of `x` are between 0 and 1. Each may be changed by at most `epsilon`, and must stay
# between 0 and 1. Write in NumPy `lowest_score(w, x, epsilon)`, which returns the lowest score that can be reached.


# %% tags=["exercise"]
def lowest_score(w, x, epsilon): ...


check.exercise("lowest_score", lowest_score)


# %% tags=["solution"]
# solution
def lowest_score(w, x, epsilon):
    worst = np.clip(x - epsilon * np.sign(w), 0, 1)
    return w @ worst


check.exercise("lowest_score", lowest_score, solution=True)

# %% [markdown] lang="ko"
# **연습: 픽셀의 그레이디언트.** 소프트맥스 회귀의 로짓은 `W @ x + b`이고 정답은 `label`입니다. 교차 엔트로피를 벡터 `x`로 미분한 것을 돌려주는
# `pixel_gradient(W, b, x, label)`을 NumPy로 짜세요.

# %% [markdown] lang="en"
# **Exercise: the gradient of the pixels.** Softmax regression has the logits `W @ x + b`, and the right class is `label`. Write in NumPy
# `pixel_gradient(W, b, x, label)`, which returns the derivative of the cross-entropy by the vector `x`.


# %% tags=["exercise"]
def pixel_gradient(W, b, x, label): ...


check.exercise("pixel_gradient", pixel_gradient)


# %% tags=["solution"]
# solution
def pixel_gradient(W, b, x, label):
    z = W @ x + b
    p = np.exp(z - z.max())
    p /= p.sum()
    p[label] -= 1
    return W.T @ p


check.exercise("pixel_gradient", pixel_gradient, solution=True)

# %% [markdown] lang="ko"
# **연습: 되돌리기.** 걸음을 뗀 그림 `moved`를 처음 그림 `start`에서 ℓ∞로 `epsilon` 안에, 그리고 0과 1 사이에 있는 가장 가까운 그림으로 되돌리는
# `back_inside(moved, start, epsilon)`을 NumPy로 짜세요.

# %% [markdown] lang="en"
# **Exercise: put it back.** After a step, `moved` may be too far from the first picture, `start`. Write in NumPy `back_inside(moved, start, epsilon)`, which returns the nearest
# picture that is within `epsilon` of the first in ℓ∞ and between 0 and 1.


# %% tags=["exercise"]
def back_inside(moved, start, epsilon): ...


check.exercise("back_inside", back_inside)


# %% tags=["solution"]
# solution
def back_inside(moved, start, epsilon):
    change = np.clip(moved - start, -epsilon, epsilon)
    return np.clip(start + change, 0, 1)


check.exercise("back_inside", back_inside, solution=True)

# %% [markdown] lang="ko"
# **연습: 성공률.** 무목표 공격의 성공률은 처음에 맞힌 그림 가운데 공격 뒤에 틀린 그림의 비율입니다. 공격 전의 답 `before`, 공격 후의 답 `after`, 정답 `labels`를 NumPy
# 배열로 받아 성공률을 돌려주는 `success_rate(before, after, labels)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: the success rate.** An untargeted attack's success rate is the share, of the pictures that were right before, that are wrong after it. Write
# `success_rate(before, after, labels)`, which takes NumPy arrays, the answers `before` the attack, those `after` it and the right classes `labels`, and returns the rate.


# %% tags=["exercise"]
def success_rate(before, after, labels): ...


check.exercise("success_rate", success_rate)


# %% tags=["solution"]
# solution
def success_rate(before, after, labels):
    right = before == labels
    return (after != labels)[right].mean()


check.exercise("success_rate", success_rate, solution=True)

# %% [markdown] lang="ko"
# **연습: 정확도가 반이 되는 엡실론.** PGD로 훈련한 신경망이 절반만 맞히게 되는 $\epsilon$은 얼마일까요? 아래의 `under_pgd(epsilon)`은 그 신경망의 PGD
# 공격에서의 정확도입니다. 정확도가 0.5 이하가 되는 가장 작은 $\epsilon$을 0.01 안쪽으로 찾아 `epsilon_half`에 넣으세요. 재기 전에 위의 그림에서 짐작해 보세요.
# 보통 신경망에서는 얼마입니까?

# %% [markdown] lang="en"
# **Exercise: the epsilon that halves the accuracy.** With which $\epsilon$ does the PGD-trained network get only half of the pictures right? The function `under_pgd(epsilon)` below is
# its accuracy under PGD. Find the smallest $\epsilon$ with an accuracy of 0.5 or less, to within 0.01, and put it in `epsilon_half`. Guess from the figure above
# before you measure. What is it for the ordinary network?


# %% tags=["exercise"]
def under_pgd(epsilon):
    robust = networks["PGD-trained"]
    return accuracy(robust, adversarial.pgd(robust, x_test, y_test, epsilon))


epsilon_half = ...

check.exercise("half_epsilon", (epsilon_half, under_pgd))


# %% tags=["solution"]
# solution
def halved(accuracy_at):
    low, high = 0.0, 0.4
    while high - low > 0.008:
        middle = (low + high) / 2
        if accuracy_at(middle) <= 0.5:
            high = middle
        else:
            low = middle
    return high


def ordinary_under_pgd(epsilon):
    return accuracy(network, adversarial.pgd(network, x_test, y_test, epsilon))


epsilon_half = halved(under_pgd)

check.exercise("half_epsilon", (epsilon_half, under_pgd), solution=True)
print(f"half of the pictures with ε = {epsilon_half:.3f}")
print(f"the ordinary network with ε = {halved(ordinary_under_pgd):.3f}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`szegedy2014intriguing`: 적대적 예제를 처음 보인 논문입니다. 타조가 된 사진들이 여기에서 나왔습니다. 앞부분은 유닛 하나하나의 뜻에 관한 것입니다.
# - {cite:t}`goodfellow2015explaining`: 선형이라는 설명과 FGSM, 적대적 훈련. 짧고 잘 읽힙니다. 3절과 5절을 읽어 보세요.
# - {cite:t}`madry2018towards`: 방어를 최적화 안의 최적화로 적고, PGD를 강한 공격의 기준으로 삼았습니다.
# - {cite:t}`nguyen2015deep`: 사람은 알아볼 수 없는데 신경망은 확신하는 그림들입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`szegedy2014intriguing`: the paper that first showed adversarial examples, and where the photos that became ostriches come from. Its first half is about what single
#   units mean.
# - {cite:t}`goodfellow2015explaining`: the explanation by linearity, FGSM and adversarial training. Short and readable; read sections 3 and 5.
# - {cite:t}`madry2018towards`: writes the defence as one optimisation inside another, and makes PGD the standard of a strong attack.
# - {cite:t}`nguyen2015deep`: pictures that nobody can recognise and of which networks are certain.
