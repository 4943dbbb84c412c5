# %% [markdown] lang="ko"
# # GAN
#
# ## 무엇을 만들게 될까요?
#
# 아래 그림의 위 두 줄은 사람이 쓴 숫자이고, 아래 두 줄은 아무도 쓴 적이 없는 숫자입니다. 신경망이 한 장마다 난수 64개로 만들어 냈습니다. 이 신경망에게 어떤
# 그림을 그려야 하는지 알려 준 사람은 없습니다. 다른 신경망 하나가 그림을 보고 ‘진짜 같다’, ‘가짜 같다’고 답했을 뿐입니다. 두 신경망이 겨루며 함께 배우는
# 이 방법이 생성적 적대 신경망(generative adversarial network, GAN)입니다 {cite:p}`goodfellow2014generative`. 이 장에서는 먼저
# 평면의 점으로 게임을 벌여 보고, 무엇이 최적인지 식과 수로 확인합니다. 그다음 합성곱으로 만든 GAN인 DCGAN {cite:p}`radford2016unsupervised`으로 숫자와
# 도형을 그리고, 얼마나 잘 그렸는지 점수를 매깁니다. 끝으로 판별자가 레이블 없이 배운 특징을 분류에 다시 씁니다.

# %% [markdown] lang="en"
# # GAN
#
# ## What you will build
#
# The upper two rows of the picture below are digits that people wrote. The digits in the lower two rows were never
# written by anyone: a network made each of them from 64 random numbers. Nobody told this network what to draw. Another
# network looked at its pictures and answered “looks real” or “looks made”, and that was all. This way of learning, two
# networks that play against each other, is called a generative adversarial network, GAN
# {cite:p}`goodfellow2014generative`. In this chapter you first play the game with points in the plane, and work out by
# formulas and by numbers what the best play is. Then you draw digits and shapes with DCGAN, a GAN of convolutions
# {cite:p}`radford2016unsupervised`, and measure how good the drawings are. Finally you reuse, for classification, the
# features that the discriminator learned without labels.

# %%
import math

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional

import cnnbook
from cnnbook import check, data, look, runs
from cnnbook.models import dcgan
from cnnbook.train import games, gan, generated

torch.set_num_threads(1)  # then the same seed gives the same weights
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
style = look.style

digits, digits_test = data.load("digits", "train"), data.load("digits", "test")
real = games.signed(digits.images)  # (4000, 1, 28, 28) in -1..1
held_out = games.signed(digits_test.images)  # (1000, 1, 28, 28)
best_generator, best_discriminator = dcgan.load("digits")  # of the long run

# %% name="fig-samples" tags=["hide-input"] alt_ko="숫자 그림 네 줄. 위 두 줄은 손으로 쓴 숫자, 아래 두 줄은 만들어 낸 숫자입니다. 아래쪽도 대부분 어떤 숫자인지 알아볼 수 있고, 몇 개는 획이 끊기거나 이상합니다." alt_en="Four rows of digits: two of handwriting, two that were made. Most of the lower ones can be read, in a few the strokes are broken or odd." caption_ko="위 두 줄은 MNIST의 진짜 숫자, 아래 두 줄은 생성자가 만든 숫자입니다. 고르지 않고 처음 나온 24장을 그대로 실었습니다." caption_en="The upper two rows are real digits of MNIST, the lower two were made by a generator. They are the first 24 that it made, none left out."
look.grid(
    torch.cat([held_out[:24], gan.make(best_generator, 24)]) / 2 + 0.5, columns=12
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘CIFAR-10’ 장](05_cifar10)까지의 훈련과 교차 엔트로피, [‘훈련’ 장](06_training)의 배치 정규화를 안다고 가정합니다. 합성곱을 거꾸로 돌리는
# 전치 합성곱은 여기서 다시 설명합니다. GPU도 인터넷 연결도 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다. 위
# 그림의 생성자는 더 오래 훈련해서 가중치를 패키지에 담아 둔 것입니다. 이 노트북에서 직접 훈련하는 생성자는 그보다 작고 짧게 훈련합니다. 어느 쪽의 수인지 그때마다
# 밝히겠습니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# You should know training and cross-entropy from the chapters up to [the one on CIFAR-10](05_cifar10), and batch
# normalisation from [the chapter on training](06_training). Transposed convolution, a convolution run backwards, is
# explained again here. Neither a GPU nor an internet connection is needed. Running this notebook from top to bottom
# takes about a minute on one CPU core. The generator of the picture above was trained for longer, and its weights come
# with the package. The one that you train in this notebook is smaller and is trained more briefly. We say each time
# whose numbers are shown.

# %% [markdown] lang="ko"
# ## 정답이 없는 문제
#
# 분류에는 정답이 있습니다. 그림마다 레이블이 있고, 손실은 답이 레이블에서 얼마나 먼지 잽니다. 그렇다면 ‘손글씨 숫자를 그려라’의 정답은 무엇일까요? 난수
# $z$ 하나에 진짜 그림 하나를 아무렇게나 짝지어 주고 픽셀의 차이를 제곱해서 줄이게 하면 어떻게 될까요? $z$와 그림 사이에는 아무 관계가 없으니, 손실을 가장
# 작게 하는 답은 모든 그림의 평균입니다. 그 그림은 어떤 숫자도 아닌 회색 얼룩입니다.
#
# 필요한 것은 ‘이 그림과 똑같이’가 아니라 ‘진짜 그림들 가운데 하나처럼’이라고 말하는 손실입니다. 그런 손실을 손으로 쓸 수 있는 사람은 없습니다. GAN의 생각은
# 이렇습니다. **그 손실도 신경망에게 배우게 하자.**

# %% [markdown] lang="en"
# ## A task without an answer
#
# Classification has answers. Every picture has its label, and the loss says how far an answer is from it. But what is
# the answer to “draw a handwritten digit”? Suppose each random vector $z$ is paired with some real picture, and the
# squared difference of the pixels is made small. Since $z$ has nothing to do with its picture, the smallest loss is
# that of the mean of all pictures, a grey smear that is no digit at all.
#
# What is needed is a loss that does not say “like this picture” but “like one of the real pictures”. Nobody can write
# such a loss by hand. The idea of GANs is: **let a network learn the loss, too.**

# %% [markdown] lang="ko"
# ## 게임
#
# 생성자(generator) $G$는 잠재 벡터(latent vector) $z$를 받아 그림 $G(z)$를 만듭니다. 판별자(discriminator) $D$는 그림을 받아 그것이
# 진짜일 확률을 내놓습니다. 논문의 비유로는 생성자는 위조지폐를 만드는 쪽이고 판별자는 그것을 가려내는 경찰입니다. 둘은 같은 값을 놓고 겨룹니다. $D$는 이 값을
# 크게 하려 하고 $G$는 작게 하려 합니다.
#
# $$\min_G \max_D V(D, G) = \mathbb{E}_{x} \big[\log D(x)\big] + \mathbb{E}_{z} \big[\log (1 - D(G(z)))\big]$$
#
# 앞의 기댓값은 진짜 그림 $x$에 대한 것이고 뒤는 만든 그림에 대한 것입니다. $-V$는 우리가 아는 손실입니다. 진짜에 레이블 1, 가짜에 레이블 0을 붙인 이진
# 교차 엔트로피입니다. $D$가 늘 확신하고 맞히면 $V = 0$이고, 아무것도 몰라서 늘 1/2이라고 답하면 $V = -\log 4 \approx -1.386$입니다.
#
# $G$가 진짜 그림을 한 번도 보지 않는다는 점을 눈여겨보세요. 생성자가 받는 것은 $D$를 거쳐 내려온 그레이디언트뿐입니다. 픽셀을 어느 쪽으로 바꾸면 $D$가 더
# 속는지를 알려 주는 신호입니다.

# %% [markdown] lang="en"
# ## The game
#
# The generator $G$ takes a latent vector $z$ and makes a picture $G(z)$. The discriminator $D$ takes a picture and
# gives the probability that it is real. The paper compares the generator with counterfeiters and the discriminator
# with the police. Both play for one value: $D$ tries to make it large, $G$ to make it small.
#
# $$\min_G \max_D V(D, G) = \mathbb{E}_{x} \big[\log D(x)\big] + \mathbb{E}_{z} \big[\log (1 - D(G(z)))\big]$$
#
# The first expectation is over real pictures $x$, the second over pictures that are made. $-V$ is a loss that we know:
# binary cross-entropy with label 1 for the real ones and label 0 for those that are made. If $D$ is always sure and
# right, $V = 0$. If it knows nothing and always answers 1/2, $V = -\log 4 \approx -1.386$.
#
# Note that $G$ never sees a real picture. All it gets is the gradient that comes down through $D$: it tells in which
# direction the pixels should change so that $D$ is fooled more.

# %% [markdown] lang="ko"
# ## 가장 좋은 판별자
#
# $G$를 잠시 멈추어 둡시다. $x$가 진짜로 나올 확률이 $p(x)$, $G$가 만들 확률이 $q(x)$라면, 어떤 $D$가 $V$를 가장 크게 할까요? $x$마다 따로
# 풀 수 있습니다. $p \log D + q \log (1 - D)$를 $D$로 미분해서 0으로 놓으면 $p / D = q / (1 - D)$이므로
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}$$
#
# 입니다. 이것을 $V$에 넣으면 생성자가 얼마나 틀렸는지를 재는 값이 나옵니다.
#
# $$V(D^*, G) = -\log 4 + 2 \, \mathrm{JSD}(p, q)$$
#
# JSD는 젠슨-섀넌 발산(Jensen-Shannon divergence)입니다. 두 분포가 같으면 0이고, 조금도 겹치지 않으면 $\log 2$입니다. 그러니 $D$가 늘 가장
# 좋다면 $G$가 할 수 있는 최선은 $q = p$이고, 그때의 값은 $-\log 4$입니다. 직선 위의 눈금 81개에 두 분포를 놓고 확인합시다. 판별자는 눈금마다 로짓
# 하나씩을 갖고, 경사 상승으로 $V$를 키웁니다. 그다음에는 생성자 차례로, $q$ 자체를 바꾸어 $V(D^*, G)$를 줄입니다.

# %% [markdown] lang="en"
# ## The best discriminator
#
# Hold $G$ still for a moment. Let $p(x)$ be the probability that $x$ comes from the real data, and $q(x)$ that $G$ makes
# it. Which $D$ makes $V$ largest? Each $x$ can be solved by itself. The derivative of $p \log D + q \log (1 - D)$ by $D$
# is 0 where $p / D = q / (1 - D)$, so that
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}$$
#
# Put into $V$, this gives a measure of how wrong the generator is.
#
# $$V(D^*, G) = -\log 4 + 2 \, \mathrm{JSD}(p, q)$$
#
# JSD is the Jensen-Shannon divergence: 0 if both distributions are the same, $\log 2$ if they do not overlap at all. So
# if $D$ is always the best, the best that $G$ can do is $q = p$, with the value $-\log 4$. We confirm it with two
# distributions on 81 marks of a line. The discriminator has one logit per mark and makes $V$ larger by gradient ascent.
# Then it is the generator's turn: it changes $q$ itself in order to make $V(D^*, G)$ smaller.

# %%
mark = torch.linspace(-4, 4, 81, dtype=torch.float64)


def bell(mean, deviation):
    density = torch.exp(-(((mark - mean) / deviation) ** 2) / 2)
    return density / density.sum()


def game(p, q, logits):
    """V on marks: logsigmoid is log D, and log(1 - D) = logsigmoid(-logit)."""
    of_real = p * functional.logsigmoid(logits)
    return (of_real + q * functional.logsigmoid(-logits)).sum()


def jensen_shannon(p, q):
    middle = (p + q) / 2
    return ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2


p = (bell(-1.2, 0.5) + bell(1.5, 0.8)) / 2
q = bell(0.0, 1.2)

logits = torch.zeros_like(mark, requires_grad=True)  # D = 1/2 everywhere
ascent = torch.optim.Adam([logits], lr=0.1)
for _ in range(500):
    ascent.zero_grad()
    (-game(p, q, logits)).backward()
    ascent.step()
found = logits.detach().sigmoid()
likely = p + q > 1e-6  # elsewhere nothing ever comes, and nothing is learned
check.close(found[likely], (p / (p + q))[likely], atol=0.01, what="D*")
most = game(p, q, logits.detach()).item()
check.close(most, -math.log(4) + 2 * jensen_shannon(p, q), atol=1e-3, what="V(D*, G)")

scores = bell(0.0, 1.2).log().requires_grad_()  # q = softmax(scores)
descent = torch.optim.Adam([scores], lr=0.05)
values = []
for _ in range(600):
    made = scores.softmax(dim=0)
    its = game(p, made, (p / made).log())  # the logit of D* is log(p / q)
    descent.zero_grad()
    its.backward()
    descent.step()
    values.append(its.item())
check.close(values[-1], -math.log(4), atol=1e-3, what="min over G")
check.close(scores.softmax(dim=0).detach(), p, atol=1e-3, what="q = p")
print(
    f"V: {most:.4f} with q as it was, {values[-1]:.4f} at the end, -log 4 = {-math.log(4):.4f}"
)

# %% name="fig-optimum" tags=["hide-input"] alt_ko="왼쪽: 봉우리가 둘인 진짜 분포와 봉우리가 하나인 만든 분포, 그 위에 가장 좋은 판별자의 곡선. 진짜가 더 많은 자리에서 1에 가깝고 만든 것이 더 많은 자리에서 0에 가깝습니다. 오른쪽: 생성자가 배우는 동안 V가 내려가 점선 −log 4에 닿습니다." alt_en="Left: the real distribution with two peaks and the made one with a single peak, and over them the best discriminator, near 1 where there is more of the real, near 0 where there is more of the made. Right: as the generator learns, V falls to the dashed line at −log 4." caption_ko="왼쪽: 진짜 분포 p, 만든 분포 q(둘 다 p의 최댓값으로 나눈 높이)와 가장 좋은 판별자 D*. 오른쪽: 판별자가 늘 가장 좋을 때, 생성자가 q를 고쳐 가는 동안의 V. 점선은 −log 4입니다." caption_en="Left: the real distribution p, the made one q (both divided by the largest p), and the best discriminator D*. Right: V while the generator mends q, with the best discriminator at each step. Dashed: −log 4."
figure = style.figure("full", 3.0)
left, right = figure.subplots(1, 2)
for density, name, colour, dash in (
    (p, "p (real)", "blue", "-"),
    (q, "q (made)", "orange", "--"),
):
    left.plot(mark, density / p.max(), dash, color=style.LIGHT[colour], label=name)
left.plot(mark, found, "-.", color=style.LIGHT["green"], label="D*")
left.set(xlabel="x", yticks=[0, 0.5, 1], ylim=(-0.03, 1.45))
left.legend(loc="upper center", ncols=2, columnspacing=1.0)
right.plot(values[:150], color=style.LIGHT["blue"])
right.axhline(-math.log(4), color=style.LIGHT["muted"], linestyle="--")
right.set(xlabel="step of the generator", ylabel="V(D*, G)")
right.grid(True)
figure

# %% [markdown] lang="ko"
# ## 생성자의 손실 두 가지
#
# 식대로라면 $G$는 $\log(1 - D(G(z)))$를 줄입니다. 미니맥스(minimax) 손실입니다. 그런데 훈련 초기에는 $G$의 그림이 형편없어서 $D$가 거의
# 확신합니다. 로짓을 $a$라 하면 $D = \sigma(a)$이고, 이 손실을 $a$로 미분하면 $-\sigma(a)$입니다. $D$가 가짜라고 확신할수록, 곧 $a$가 작을수록
# 0에 가깝습니다. **가장 배울 것이 많을 때 배우지 못합니다.** 그래서 논문은 실제로는 $-\log D(G(z))$를 줄이라고 했습니다(3절). 이 손실의 미분은
# $-(1 - \sigma(a))$이고, $D$가 확신할수록 $-1$에 가깝습니다. 포화하지 않는(non-saturating) 손실이라고 합니다. 멈추는 점은 같고 가는 길이 다릅니다.

# %% [markdown] lang="en"
# ## Two losses for the generator
#
# By the formula, $G$ makes $\log(1 - D(G(z)))$ smaller, the minimax loss. But early in training the pictures of $G$ are
# poor and $D$ is almost sure. Let $a$ be the logit, $D = \sigma(a)$. Then the derivative of this loss by $a$ is
# $-\sigma(a)$, which comes nearer to 0 the surer $D$ is of a fake, that is, the lower $a$ is. **When there is most to
# learn, nothing is learned.** So in practice, says the paper, $-\log D(G(z))$ should be made smaller (section 3). The
# derivative of that is $-(1 - \sigma(a))$, near $-1$ where $D$ is sure. It is called the non-saturating loss. Both come
# to rest at the same point, but they go different ways.

# %%
a = torch.linspace(-6, 6, 121, requires_grad=True)
pushes = {}
for name, loss in gan.LOSSES.items():
    [push] = torch.autograd.grad(loss(a) * len(a), a)  # the losses are means
    pushes[name] = push
check.close(pushes["minimax"], -a.sigmoid(), what="minimax")
check.close(pushes["non-saturating"], a.sigmoid() - 1, what="non-saturating")
for logit in (-6, 0, 6):
    at = int((a.detach() - logit).abs().argmin())
    print(
        f"logit {logit:+d}:",
        {name: round(push[at].item(), 4) for name, push in pushes.items()},
    )

# %% name="fig-push" tags=["hide-input"] alt_ko="가로축은 판별자의 로짓, 세로축은 생성자가 받는 그레이디언트의 크기. 미니맥스 손실의 선은 왼쪽에서 0이고 오른쪽으로 가며 1로 오릅니다. 포화하지 않는 손실의 선은 왼쪽에서 1이고 오른쪽에서 0입니다." alt_en="The discriminator's logit across, the size of the generator's gradient upwards. The line of the minimax loss is 0 at the left and rises to 1 at the right; that of the non-saturating loss is 1 at the left and 0 at the right." caption_ko="판별자의 로짓에 따라 생성자에 이르는 그레이디언트의 크기. 왼쪽 끝이 훈련 초기, 판별자가 가짜라고 확신하는 곳입니다." caption_en="The size of the gradient that reaches the generator, by the discriminator's logit. The left end is early training, where the discriminator is sure that a picture is made."
figure = style.figure("column", 3.0)
axes = figure.add_subplot()
for (name, push), colour, dash in zip(
    pushes.items(), ("blue", "orange"), ("-", "--"), strict=True
):
    axes.plot(a.detach(), -push, dash, color=style.LIGHT[colour], label=name)
axes.set(
    xlabel="logit of D: sure that it is made ← → sure that it is real",
    ylabel="size of the gradient",
)
axes.grid(True)
axes.legend(loc="center right")
figure

# %% [markdown] lang="ko"
# ## 평면에서 벌이는 게임
#
# 그림은 차원이 너무 높아 게임을 눈으로 볼 수 없으니, 좌표가 둘인 점으로 시작합시다. 진짜 점들은 원 위에 있는 여덟 무더기에서 나옵니다. 무더기 하나를 모드(mode)라고
# 합니다. 생성자는 난수 두 개를 점 하나로 바꾸는 작은 신경망이고, 판별자는 점이 진짜인지 답하는 작은 신경망입니다. 훈련은 두 걸음을 되풀이합니다. 판별자가 진짜 한 묶음과
# 만든 것 한 묶음으로 한 걸음, 이어서 생성자가 한 걸음입니다(논문의 알고리즘 1에서 $k = 1$).
#
# 코드에서 `detach`가 하는 일을 보세요. 판별자의 걸음에서는 그레이디언트가 생성자로 내려가지 않게 막습니다. 생성자의 걸음에서는 막지 않습니다. 이때 판별자에도
# 그레이디언트가 쌓이지만 다음 걸음 앞에서 지웁니다.

# %% [markdown] lang="en"
# ## The game in the plane
#
# Pictures have too many dimensions to watch the game, so we begin with points of two coordinates. The real points come
# from eight heaps on a circle. Each heap is called a mode. The generator is a small network that turns two random
# numbers into a point, and the discriminator a small network that says whether a point is real. Training repeats two
# steps: one of the discriminator, with a batch of real points and a batch of made ones, then one of the generator (the
# paper's algorithm 1 with $k = 1$).
#
# See what `detach` does in the code. In the discriminator's step it keeps the gradient from going down into the
# generator. In the generator's step it must go there. It then piles up in the discriminator as well, where it is
# cleared before the next step.


# %%
class Points(nn.Sequential):
    """z (N, 2) -> points (N, 2)."""

    def __init__(self, latent=2, hidden=64):
        super().__init__(
            nn.Linear(latent, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2),
        )
        self.latent = latent

    def noise(self, count, source=None):
        return torch.randn(count, self.latent, generator=source)


class PointDiscriminator(nn.Sequential):
    """Points (N, 2) -> logits (N,); `pack` points at a time get one logit."""

    def __init__(self, hidden=64, pack=1):
        super().__init__(
            nn.Linear(2 * pack, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, 1),
            nn.Flatten(0),
        )
        self.pack = pack

    def forward(self, x):
        logits = super().forward(x.reshape(len(x) // self.pack, -1))  # (N / pack,)
        return logits.repeat_interleave(self.pack)  # (N,)


def ring(count, seed):
    """Real points (count, 2) from eight heaps on a circle."""
    source = torch.Generator().manual_seed(seed)
    turn = 2 * math.pi * torch.randint(8, (count,), generator=source) / 8
    centre = torch.stack([turn.cos(), turn.sin()], dim=1)
    return centre + 0.05 * torch.randn(count, 2, generator=source)


def play(generator, discriminator, x, steps, batch_size=128, lr=1e-3):
    """The game by hand."""
    of_g = torch.optim.Adam(generator.parameters(), lr, gan.BETAS)
    of_d = torch.optim.Adam(discriminator.parameters(), lr, gan.BETAS)
    for _ in range(steps):
        some = x[torch.randint(len(x), (batch_size,))]  # (B, 2)
        made = generator(generator.noise(batch_size))  # (B, 2)

        says_real, says_made = discriminator(some), discriminator(made.detach())
        loss = -(functional.logsigmoid(says_real).mean())  # -log D(x)
        loss = loss - functional.logsigmoid(-says_made).mean()  # -log(1 - D(G(z)))
        of_d.zero_grad()
        loss.backward()
        of_d.step()

        loss = -functional.logsigmoid(discriminator(made)).mean()  # -log D(G(z))
        of_g.zero_grad()
        loss.backward()
        of_g.step()


points = ring(4000, seed=0)
torch.manual_seed(0)
mine, my_d = Points(), PointDiscriminator()
torch.manual_seed(0)
theirs, their_d = Points(), PointDiscriminator()

torch.manual_seed(1)
play(mine, my_d, points, steps=20)
after_20 = {}
gan.fit(
    theirs, their_d, points, steps=40, batch_size=128, lr=1e-3,
    discriminator_lr=1e-3, ema=None, every=20, seed=1, quiet=True,
    callback=lambda step, network: after_20.setdefault(step, gan.make(network, 100)),
)  # fmt: skip
check.close(gan.make(mine, 100), after_20[20], what="20 steps of both")

# %% [markdown] lang="ko"
# 손으로 쓴 코드와 패키지의 `gan.fit`이 같은 점을 만듭니다. `gan.fit`은 걸음의 절반이 지나면 학습률을 줄여 갑니다(그래서 40걸음을 맡기고 앞의 20걸음을
# 견주었습니다). 또 원하면 생성자 가중치의 지수 이동 평균(EMA)을 쓰고, 손실을 기록합니다. 이제 게임을 끝까지 벌이고 30걸음마다 판별자가 평면 전체에 대해 뭐라고 하는지 적어 둡니다.

# %% [markdown] lang="en"
# What we wrote by hand and the package's `gan.fit` make the same points. `gan.fit` also lowers the learning rates once
# half of the steps are over (which is why it was asked for 40 steps, and the first 20 were compared), uses the
# exponential moving average (EMA) of the generator's weights if asked, and keeps the losses. Now we play the game to
# its end, and every 30 steps note down what the discriminator says about all of the plane.

# %%
REACH = 1.7  # the plane is shown from -REACH to REACH
axis = torch.linspace(-REACH, REACH, 26)
plane = torch.cartesian_prod(axis, axis)[:, [1, 0]]  # (676, 2), rows from below


def seen(points):
    """Points as places 0..1 in the picture."""
    return (points + REACH) / (2 * REACH)


def heaps(points):
    """The share of points near each of the eight heaps, (8,)."""
    turn = 2 * math.pi * torch.arange(8) / 8
    distance = torch.cdist(points, torch.stack([turn.cos(), turn.sin()], dim=1))
    nearest = distance.min(dim=1)
    return nearest.indices[nearest.values < 0.25].bincount(minlength=8) / len(points)


torch.manual_seed(0)
toy, toy_d = Points(), PointDiscriminator()
moments = []


def remember(step, network):
    with torch.no_grad():
        says = toy_d(plane).sigmoid().reshape(26, 26)
    moments.append((step, says, gan.make(network, 80)))


toy_game = gan.fit(
    toy, toy_d, points, steps=1200, batch_size=128, lr=5e-4,
    discriminator_lr=2e-3, ema=None, every=30, callback=remember, quiet=True,
)  # fmt: skip
found = heaps(gan.make(toy, 1000))
print("share of each heap:", [round(share, 2) for share in found.tolist()])
check.that((found > 0.02).all(), f"8 heaps, the rarest {found.min():.1%}")

# %% name="fig-game" tags=["hide-input"] alt_ko="움직이는 그림. 원 위의 여덟 무더기에 진짜 점이 있습니다. 만든 점들은 가운데에서 흩어지기 시작해 원으로 모이고 차츰 여덟 무더기로 갈라집니다. 바탕의 색은 판별자의 답으로, 만든 점들이 몰린 곳마다 파랗게 변하며 점들을 밀어냅니다." alt_en="A moving picture. Real points lie in eight heaps on a circle. The made points scatter from the middle, gather on the circle, and slowly part into the eight heaps. The background is the discriminator's answer: where made points gather it turns blue and drives them away." caption_ko="게임이 진행되는 모습(움직이는 그림). 붉은 점은 만든 것이고, 나머지 점은 진짜입니다. 바탕은 판별자의 답으로, 주황은 ‘진짜’, 파랑은 ‘가짜’, 흰색은 1/2입니다." caption_en="The game as it goes (a moving picture). Red dots are made, the others are real. The background is what the discriminator says: orange “real”, blue “made”, white 1/2."
shown = [
    look.field(
        says,
        {"ink": seen(points[:60]), "red": seen(made)},
        side=340,
        title=f"step {step}",
    )
    for step, says, made in moments
]
look.animation(shown, seconds=0.25, hold=2)

# %% name="fig-strip" tags=["hide-input"] alt_ko="같은 게임의 네 순간. 30걸음: 만든 점이 원 안팎에 흩어져 있습니다. 다음 순간들에서 점들이 원으로 모이고, 마지막에는 여덟 무더기 위에 있습니다." alt_en="Four moments of the same game. At step 30 the made points are scattered inside the circle and around it; then they gather on it, and at the end they lie on the eight heaps." caption_ko="같은 게임의 네 순간. 점과 바탕의 색은 앞의 그림과 같습니다." caption_en="Four moments of the same game, in the same colours."
chosen = [moments[place] for place in (0, 4, 9, len(moments) - 1)]
look.draw.row(
    *(
        look.field(
            says,
            {"ink": seen(points[:60]), "red": seen(made)},
            side=270,
            title=f"step {step}",
        )
        for step, says, made in chosen
    ),
    gap=20,
)

# %% [markdown] lang="ko"
# 판별자는 고정된 손실이 아닙니다. 만든 점이 몰린 자리를 파랗게 칠하고, 생성자는 파란 자리에서 밀려나 주황색 자리로 옮겨 가고, 그러면 판별자가 다시 칠합니다.
# 움직이는 목표를 쫓는 훈련이므로, 손실이 줄곧 내려가기를 기대할 수는 없습니다.

# %% [markdown] lang="en"
# The discriminator is no fixed loss. It paints blue where made points gather, the generator is driven from blue places
# to orange ones, and the discriminator paints again. The training chases a moving target, so one cannot expect a loss
# that goes down and down.

# %% [markdown] lang="ko"
# ## 모드 붕괴, 그리고 처방
#
# 생성자가 판별자보다 훨씬 빨리 배우면 어떻게 될까요? 학습률을 생성자 0.003, 판별자 0.0003으로 놓아 봅시다. 생성자에게 가장 쉬운 길은 지금의 판별자가
# 가장 진짜 같다고 하는 점 하나를 모든 $z$에서 내놓는 것입니다. 판별자가 그 자리를 파랗게 칠하면 다른 자리로 옮겨 가면 됩니다. 이것이 모드
# 붕괴(mode collapse)입니다. 판별자는 점을 하나씩 보므로 ‘모두 같은 점’이라는 것을 알 길이 없습니다.
#
# 처방은 두 가지를 재 봅니다. 하나는 판별자가 점 네 개를 한꺼번에 보고 ‘넷 다 진짜’인지 ‘넷 다 만든 것’인지 답하게 하는 것입니다. 넷이 모두 같은 자리에 있으면
# 한눈에 가짜입니다. 학습률은 그대로 둡니다. PacGAN의 방법입니다 {cite:p}`lin2018pacgan`. 다른 하나는 앞의 게임처럼 판별자가 더 빨리 배우게 하는 것입니다.

# %% [markdown] lang="en"
# ## Mode collapse, and cures
#
# What if the generator learns far faster than the discriminator? Let the learning rates be 0.003 and 0.0003. The
# generator's easiest way is to answer every $z$ with one point, the one that the present discriminator finds most real.
# Once the discriminator has painted that place blue, it moves to another. This is mode collapse. The discriminator
# looks at single points, so it cannot know that “all of them are the same”.
#
# We measure two cures. In one the discriminator looks at four points at a time and says whether all four are real or
# all four made. Four points in one place are plainly fake. The learning rates stay as they are. This is what PacGAN does
# {cite:p}`lin2018pacgan`. The other is to let the discriminator be the one that learns faster, as in the game above.

# %%
SETTINGS = {
    "fast G": {"lr": 3e-3, "discriminator_lr": 3e-4, "pack": 1},
    "fast G, packs of 4": {"lr": 3e-3, "discriminator_lr": 3e-4, "pack": 4},
    "fast D": {"lr": 5e-4, "discriminator_lr": 2e-3, "pack": 1},
}
ends, rows, wanders = {}, [], []


def nearest_heap(point):
    turn = math.atan2(point[1], point[0]) / (2 * math.pi)
    return round(8 * turn) % 8


for name, setting in SETTINGS.items():
    rates = {key: setting[key] for key in ("lr", "discriminator_lr")}
    for seed in (0, 1):
        torch.manual_seed(seed)
        generator, point_d = Points(), PointDiscriminator(pack=setting["pack"])

        def wander(step, network, name=name, seed=seed):
            if name == "fast G" and seed == 0:
                wanders.append(nearest_heap(gan.make(network, 200).mean(dim=0)))

        gan.fit(
            generator, point_d, points, steps=700, batch_size=128, **rates,
            ema=None, every=30, seed=seed, callback=wander, quiet=True,
        )  # fmt: skip
        made = gan.make(generator, 1000)
        ends.setdefault(name, made)
        share = heaps(made)
        width = (made - made.mean(dim=0)).norm(dim=1).mean().item()
        rows.append((name, seed, int((share > 0.02).sum()), share.sum().item(), width))
collapse = pd.DataFrame(
    rows, columns=["setting", "seed", "heaps", "near a heap", "width"]
)
found = collapse.groupby("setting").heaps
check.that(found.max()["fast G"] <= 2, f"fast G: {found.max()['fast G']} of 8")
for name in ("fast G, packs of 4", "fast D"):
    check.that(found.min()[name] >= 6, f"{name}: {found.min()[name]} of 8 or more")
width = collapse.groupby("setting").width
check.that(width.max()["fast G"] < 0.5 * width.min()["fast D"], "fast G: one spot")
print("fast G, the heap nearest to the middle of its points:", *wanders)
collapse.round(2)

# %% name="fig-collapse" tags=["hide-input"] alt_ko="세 그림. 왼쪽: 만든 점이 거의 모두 한곳에 뭉쳐 있습니다. 가운데: 넷씩 묶어 보는 판별자. 점들이 원 안팎에 넓게 퍼져 있습니다. 오른쪽: 판별자가 빠른 경우. 점들이 여덟 무더기를 지나는 고리를 이룹니다." alt_en="Three pictures. Left: almost all made points lie in one spot. Middle, packs of four: the points are spread widely, inside the circle too. Right, a fast discriminator: the points form a ring through the eight heaps." caption_ko="모드 붕괴와 두 처방(시드 0, 700걸음 뒤). 붉은 점은 만든 것이고, 나머지 점은 진짜입니다." caption_en="Mode collapse and two cures (seed 0, after 700 steps). Red dots are made, the others are real."
blank = np.full((2, 2), 0.5)
look.draw.row(
    *(
        look.field(
            blank,
            {"ink": seen(points[:80]), "red": seen(made[:200])},
            side=185,
            title=name,
        )
        for name, made in ends.items()
    ),
    gap=20,
)

# %% [markdown] lang="ko"
# 표의 `width`는 만든 점들이 그 중심에서 평균 얼마나 떨어져 있는지입니다. 원의 반지름이 1이니 진짜 점들은 1쯤입니다. 빠른 생성자는 점들을 한곳에 뭉친 채 이 무더기에서 저 무더기로
# 옮겨 다닐 뿐, 여덟 곳을 한꺼번에 채우지 못합니다. 마지막 순간처럼 무더기 사이를 지나는 중일 때도 있습니다. 학습률은 그대로 두고 판별자가 넷씩 묶어 보게 하자
# 점들이 넓게 퍼졌습니다. 다만 무더기에서 벗어난 점이 많습니다. 판별자가 빨리 배우면 벗어난 점도 적습니다. 이 실험이 말하는 것은 평면의 여덟 무더기까지입니다.
# 그림에서는 두 처방이 다 통한다는 보장이 없고, 그래서 만든 그림의 종류를 세는 점수가 필요합니다.

# %% [markdown] lang="en"
# In the table, `width` is the mean distance of the made points from their middle; for the real ones, on a circle of
# radius 1, it is about 1. The fast generator keeps its points in one spot and wanders with them from heap to heap. It
# never fills all eight at once, and may be, as at the last moment here, on its way between two. With the same learning
# rates, a discriminator that looks at packs of four made it spread widely, though many points lie beside the heaps.
# With a fast discriminator fewer do. This experiment speaks only of eight heaps in the plane. Nothing guarantees that
# both cures work for pictures, and so a score is needed that counts the kinds of pictures made.

# %% [markdown] lang="ko"
# ## 합성곱으로 만든 GAN
#
# 처음의 GAN은 완전 연결층이 많았고, 합성곱을 깊게 쌓으면 훈련이 잘 깨졌습니다. DCGAN 논문은 잘 되는 구조를 규칙으로 정리했습니다
# {cite:p}`radford2016unsupervised`.
#
# - 풀링 대신 스트라이드가 있는 합성곱(판별자)과 전치 합성곱(생성자)을 씁니다.
# - 두 신경망에 배치 정규화를 넣되, 생성자의 출력층과 판별자의 입력층에는 넣지 않습니다.
# - 숨은 완전 연결층을 두지 않습니다.
# - 생성자에는 ReLU를 쓰고 끝에만 tanh를, 판별자에는 기울기 0.2의 Leaky ReLU를 씁니다.
#
# 가중치는 평균이 0, 표준 편차가 0.02인 정규 분포에서 시작하고, Adam의 $\beta_1$은 0.5이며, 픽셀은 tanh에 맞추어 $-1$부터 1까지입니다.
#
# 전치 합성곱(transposed convolution)은 입력 픽셀마다 필터 한 장에 그 값을 곱해 출력에 더해 놓습니다. 스트라이드가 $S$이면 이웃한 입력 픽셀의
# 필터가 출력에서 $S$칸 떨어져 놓이므로 폭은 $(W - 1) S + F - 2P$입니다. 합성곱의 크기 공식을 거꾸로 푼 것입니다. 7픽셀, 필터 4, 스트라이드 2,
# 패딩 1이면 $6 \cdot 2 + 4 - 2 = 14$픽셀입니다. 필터 폭을 스트라이드의 배수로 두면 가장자리를 빼고는 모든 출력 픽셀에 똑같이 네 번씩 더해지므로 격자무늬가 덜
# 생깁니다. 두 신경망을 손으로 만들고 패키지의 것과 견줍시다.

# %% [markdown] lang="en"
# ## A GAN of convolutions
#
# The first GANs had many dense layers, and training often failed with deep stacks of convolutions. The DCGAN paper
# turned what works into rules {cite:p}`radford2016unsupervised`.
#
# - No pooling: convolutions with strides in the discriminator, transposed convolutions in the generator.
# - Batch normalisation in both networks, but not in the generator's output layer nor in the discriminator's input layer.
# - No hidden dense layers.
# - ReLU in the generator, with tanh only at its end; leaky ReLU of slope 0.2 in the discriminator.
#
# The weights begin as normal random numbers of mean 0 and standard deviation 0.02, Adam has $\beta_1$ = 0.5, and pixels
# go from $-1$ to 1, to fit tanh.
#
# A transposed convolution multiplies its filter by each input pixel and adds the result into the output. With stride
# $S$ the filters of neighbouring input pixels lie $S$ cells apart in the output, so its width is $(W - 1) S + F - 2P$:
# the size formula of convolution, solved the other way. For 7 pixels, filter 4, stride 2 and padding 1 it is $6 \cdot
# 2 + 4 - 2 = 14$ pixels. If the filter's width is a multiple of the stride, every output pixel except at the edges is
# added to equally often, four times, and a checkerboard is less likely. We build both networks by hand and compare
# with the package's.


# %%
class Generator(nn.Sequential):
    """z (N, latent) -> images (N, 1, 28, 28) in -1..1."""

    def __init__(self, latent, width):
        super().__init__(
            nn.Unflatten(1, (latent, 1, 1)),  # (N, latent, 1, 1)
            nn.ConvTranspose2d(
                latent, 2 * width, 7, bias=False
            ),  # (N, 2 · width, 7, 7)
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),  # (…, 14, 14)
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, 2, 1),  # (N, 1, 28, 28)
            nn.Tanh(),
        )


class Discriminator(nn.Sequential):
    """Images (N, 1, 28, 28) -> logits (N,)."""

    def __init__(self, width):
        super().__init__(
            nn.Conv2d(1, width, 4, 2, 1),  # (N, width, 14, 14)
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False),  # (N, 2 · width, 7, 7)
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 7),  # (N, 1, 1, 1)
            nn.Flatten(0),
        )


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


x = held_out[:8]
z = best_generator.noise(8, torch.Generator().manual_seed(0))
for mine, theirs, given in (
    (Generator(64, 32), best_generator, z),
    (Discriminator(32), best_discriminator, x),
):
    mine.load_state_dict(theirs.state_dict())
    name = type(mine).__name__
    check.close(mine.eval()(given), theirs(given), what=name)
    print(f"{name}: {count(mine):,} parameters")

# %% [markdown] lang="ko"
# 논문의 생성자는 수 100개를 4×4 크기의 특징 맵들로 펼친 다음, 스트라이드가 있는 전치 합성곱 네 번으로 64×64픽셀 그림을 만듭니다. 패키지의 생성자를 그
# 크기로 만들어 지나는 모양을 인쇄해 봅시다. 채널 수는 `width`로 정하며, 논문의 것이라고 주장하지 않습니다.

# %% [markdown] lang="en"
# The paper's generator turns 100 numbers into 4×4 feature maps, and makes pictures of 64×64 pixels with four transposed
# convolutions with strides. We build the package's generator at that size and print the shapes that it goes through. The
# number of channels follows from `width`; we do not claim that it is the paper's.

# %%
large = dcgan.Generator(latent=100, channels=3, width=8, size=64)
shape, sides = torch.zeros(2, 100), []
for layer in large:
    shape = layer(shape)
    if isinstance(layer, nn.ConvTranspose2d):
        sides.append(shape.shape[-1])
        print(f"{tuple(shape.shape[1:])!s:>14}")
check.close(sides, [4, 8, 16, 32, 64], what="sides")
check.that(len(sides) - 1 == 4, "4 transposed convolutions with strides")

# %% [markdown] lang="ko"
# ## 숫자를 직접 훈련하기
#
# 이제 훈련합니다. 시간을 아끼려고 작게 만듭니다. 잠재 벡터는 32차원, 생성자의 폭은 16, 판별자의 폭은 24이고, 그림 48장씩 500걸음, 그러니까 4,000장을 6번 보는
# 셈입니다. 그림은 생성자 가중치의 EMA로 만듭니다(`gan.fit`의 기본값). 학습률은 생성자 0.002, 판별자 0.001입니다. 진짜의 레이블은 1이 아니라 0.9로
# 합니다. 판별자가 지나치게 확신하지 않게 하는 한쪽 레이블 스무딩입니다 {cite:p}`salimans2016improved`. 50걸음마다 같은 $z$로 만든 그림 500장을
# 모아 둡니다.

# %% [markdown] lang="en"
# ## Digits, trained live
#
# Now we train. To save time the networks are small: a latent vector of 32 dimensions, a generator of width 16, a
# discriminator of width 24, and 500 steps of 48 pictures each, which means that the 4,000 are seen 6 times.
# Pictures are made with the EMA of the generator's weights, the default of `gan.fit`. The learning
# rates are 0.002 for the generator and 0.001 for the discriminator. The label of real pictures is 0.9 and not 1, so that
# the discriminator does not become too sure: one-sided label smoothing {cite:p}`salimans2016improved`. Every 50 steps we
# keep 500 pictures, made of the same $z$ each time.

# %%
torch.manual_seed(0)
generator = dcgan.Generator(latent=32, width=16)
discriminator = dcgan.Discriminator(width=24)
untrained = dcgan.Discriminator(width=24)
untrained.load_state_dict(discriminator.state_dict())  # for later
kept = {}
live = gan.fit(
    generator, discriminator, real, steps=3500 if full else 500, batch_size=48,
    real_label=0.9, every=50, quiet=True,
    callback=lambda step, network: kept.setdefault(step, gan.make(network, 500)),
)  # fmt: skip
live.table.iloc[[0, 1, 3, -1]].round(3)

# %% name="fig-progress" tags=["hide-input"] alt_ko="다섯 줄의 그림. 첫 줄은 흐릿한 얼룩이고, 줄이 내려갈수록 획이 생기고 숫자 모양이 됩니다. 마지막 줄의 여러 장은 숫자로 읽힙니다." alt_en="Five rows of pictures. The first row is blurred smears; further down strokes appear and take the form of digits. In the last row several can be read." caption_ko="같은 잠재 벡터 열두 개로 만든 그림. 위에서 아래로 50, 100, 200, 350걸음 뒤와 훈련이 끝났을 때(500걸음)입니다." caption_en="Pictures of the same twelve latent vectors after 50, 100, 200 and 350 steps and at the end of training (500), from top to bottom."
look.grid(
    torch.cat([kept[step][:12] for step in (50, 100, 200, 350, max(kept))]) / 2 + 0.5,
    columns=12,
)

# %% [markdown] lang="ko"
# ## 뜻이 있는 손실
#
# 이 훈련이 잘 되고 있는지 손실로 알 수 있을까요? 분류기의 손실이라면 내려가는지 보면 됩니다. 여기서는 상대가 함께 배우기 때문에 생성자의 손실이 올라가도 그림은
# 나아질 수 있습니다. 그래도 값에는 뜻이 있습니다. 앞에서 $V(D^*) = -\log 4 + 2\,\mathrm{JSD}$였고, 어떤 $D$로도 $V$는 $V(D^*)$를 넘지
# 못합니다. 그래서 $(V + \log 4) / 2$는 **두 분포가 적어도 이만큼 다르다는 증거**, 곧 지금의 판별자가 찾아낸 차이입니다. 0이면 그림이 완벽하다는
# 뜻일 수도 있고, 판별자가 아직 서투르다는 뜻일 수도 있습니다. 값 하나로는 둘을 가릴 수 없습니다. 게다가 훈련하면서 기록하는 값은 엄밀한 증거가 아니라 어림입니다. 판별자가
# 그 그림들을 외운 만큼 더 커지고, 배치 정규화가 진짜 묶음과 만든 묶음을 따로 정규화하기 때문입니다.
#
# 그래서 두 신경망과 상관없는 눈이 필요합니다. 먼저 그 눈을 만듭니다.

# %% [markdown] lang="en"
# ## Losses that mean something
#
# Do the losses tell whether this training goes well? With a classifier one looks whether the loss falls. Here the
# opponent learns as well, so pictures may get better while the generator's loss rises. Yet the values mean something.
# Above, $V(D^*) = -\log 4 + 2\,\mathrm{JSD}$, and with no $D$ is $V$ above $V(D^*)$. So $(V + \log 4) / 2$ **proves that
# the two distributions differ by at least so much**: it is the difference that the present discriminator has found. If it
# is 0, the pictures may be perfect, or the discriminator may still be poor. The value alone cannot tell which. And what
# is recorded during training is an estimate, not a strict proof: it is larger by as much as the discriminator knows the
# training pictures by heart, and batch normalisation treats the batches of real and of made pictures apart.
#
# So we need an eye that belongs to neither network. We make it first.

# %% [markdown] lang="ko"
# ## 점수
#
# 눈은 분류기입니다. 진짜 숫자로 훈련한 LeNet-5에게 만든 그림을 보이고 세 가지를 묻습니다. 이 분류기를 심판이라고 부르겠습니다.
#
# - **확신**: 가장 높은 클래스의 확률을 모든 그림에서 평균한 값입니다. 그림 하나하나가 또렷한지 봅니다.
# - **균형**: 열 가지 숫자가 얼마나 고르게 나오는지 봅니다. 분류기가 답한 클래스의 비율로 엔트로피를 구해 $\log 10$으로 나눕니다. 한 가지만 나오면 0, 모두 똑같이 나오면
#   1입니다. 2% 이상 나온 숫자의 가짓수도 셉니다. 모드 붕괴를 잡아냅니다.
# - **프레셰 거리**(Fréchet distance): 분류기의 마지막 층이 읽는 특징 84개의 공간에서, 만든 그림과 훈련에 쓰지 않은 진짜 그림이 얼마나 다른지를 평균과
#   공분산으로 잽니다 {cite:p}`heusel2017gans`.
#
# $$d^2 = |m_1 - m_2|^2 + \mathrm{tr}\big(C_1 + C_2 - 2 (C_1 C_2)^{1/2}\big)$$
#
# 논문들은 같은 식을 ImageNet으로 훈련한 Inception의 특징에 씁니다(FID). 우리의 눈은 작은 LeNet이므로 우리 수끼리만 견줄 수 있습니다. 식을 손으로 계산해서
# 패키지와 견줍니다. 행렬의 제곱근의 대각합은 $C_1 C_2$의 고윳값의 제곱근을 더한 것입니다.

# %% [markdown] lang="en"
# ## A score
#
# The eye is a classifier: a LeNet-5 that was trained on real digits. We call it the judge, show it the pictures, and ask
# three things.
#
# - **Confidence**: the probability of the most likely class, averaged over all pictures. Is each picture clear?
# - **Balance**: how evenly the ten digits occur, as the entropy of the shares of the classes named, divided by $\log 10$:
#   0 if there is only one, 1 if all occur equally often. We also count the digits with a share of 2% or more. This
#   catches mode collapse.
# - **Fréchet distance**: in the space of the 84 features that the classifier's last layer reads, how far are made
#   pictures, in mean and covariance, from real ones that were not used in training {cite:p}`heusel2017gans`?
#
# $$d^2 = |m_1 - m_2|^2 + \mathrm{tr}\big(C_1 + C_2 - 2 (C_1 C_2)^{1/2}\big)$$
#
# Papers use the same formula with the features of an Inception network trained on ImageNet (FID). Our eye is a small
# LeNet, so our numbers can be compared only with each other. We compute the formula by hand and compare with the package.
# The trace of the root of a matrix is the sum of the roots of the eigenvalues of $C_1 C_2$.


# %%
def frechet(first, second):
    """The squared Fréchet distance of features (N, F) and (M, F)."""
    first, second = first.double().numpy(), second.double().numpy()
    gap = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum()
    c1, c2 = np.cov(first.T), np.cov(second.T)  # (F, F)
    roots = np.sqrt(np.linalg.eigvals(c1 @ c2).real.clip(min=0))
    return gap + np.trace(c1) + np.trace(c2) - 2 * roots.sum()


judge = games.classifier(digits, epochs=12)  # LeNet-5, on the training digits
probabilities, of_real = generated.read(judge, held_out)
accuracy = (probabilities.argmax(dim=1) == digits_test.labels).float().mean().item()
print(f"the judge on held-out digits: accuracy {accuracy:.1%}")
check.that(accuracy > 0.95, f"{accuracy:.3f} > 0.95")

_, of_made = generated.read(judge, gan.make(generator, 1000))
mine, theirs = frechet(of_made, of_real), generated.frechet(of_made, of_real)
check.close(mine / theirs, 1, atol=1e-3, what="Fréchet distance, by hand / package")

long_images = gan.make(best_generator, 2000)
noise = torch.rand(1000, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
one_digit = real[digits.labels == 3]
scores = {
    "real (training digits)": generated.score(judge, real, held_out),
    "long run": generated.score(judge, long_images, held_out),
    "trained here": generated.score(judge, gan.make(generator, 2000), held_out),
    "real, but only threes": generated.score(judge, one_digit, held_out),
    "after 50 steps": generated.score(judge, kept[50], held_out),
    "noise": generated.score(judge, noise, held_out),
}
table = pd.DataFrame(
    {
        name: (it.confidence, it.present, it.balance, it.frechet)
        for name, it in scores.items()
    },
    index=["confidence", "digits", "balance", "Fréchet"],
).T
table.round(3)

# %%
long, here = scores["long run"], scores["trained here"]
check.that(long.confidence >= 0.85, f"long run: confidence {long.confidence:.1%}")
check.that(long.present >= 9, f"long run: {long.present} of 10 digits")
check.that(here.present >= 7, f"trained here: {here.present} of 10 digits")
start = scores["after 50 steps"]
check.that(here.confidence > start.confidence + 0.1, f"{here.confidence:.1%} live")
check.that(
    here.frechet < start.frechet / 2, f"{here.frechet:.0f} < {start.frechet:.0f} / 2"
)
check.that(scores["noise"].present == 1, "noise is read as one digit")
check.that(
    long.frechet < scores["real, but only threes"].frechet,
    "every digit, imperfect, is nearer to real digits than perfect threes",
)

# %% [markdown] lang="ko"
# 표를 위에서 아래로 읽어 보세요. 진짜 숫자의 거리는 0에 가깝지만 0은 아닙니다. 유한한 표본끼리의 차이가 남습니다. 오래 훈련한 생성자는 평균 85%가 넘는
# 확신으로 읽히고 열 가지 숫자를 다 만듭니다. 여기서 잠깐 훈련한 생성자는 그보다 못하지만 처음보다 훨씬 낫습니다. ‘3만 있는 진짜’는 확신이 거의 완벽하지만 균형이
# 0에 가깝고 거리도 멉니다. 모드 붕괴가 점수에서는 이렇게 보입니다. 맨 아래의 잡음도 보세요. 심판은 잡음조차 높은 확신으로, 그것도 거의 모두 한 숫자로
# 읽습니다. 수 하나만 보아서는 안 되는 까닭입니다.
#
# 이제 훈련하는 동안 손실과 점수가 어떻게 움직였는지 나란히 봅시다.

# %% [markdown] lang="en"
# Read the table from top to bottom. The distance of real digits is near 0 but not 0: finite samples differ. The
# pictures of the long run are read with more than 85% confidence on average, and all ten digits are there. The
# generator trained here for a moment is not as good, but far better than at the beginning. The real 3s have almost
# perfect confidence, but their balance is near 0 and their distance is large. That is what mode collapse looks like in
# the score. See the last row, too: even noise is read with high confidence, and nearly always as the same digit. This
# is why one number is not enough.
#
# Now compare how losses and scores moved during the training.

# %% name="fig-losses" tags=["hide-input"] alt_ko="두 그림. 왼쪽: 걸음에 따른 생성자의 손실과 판별자가 찾아낸 차이. 손실은 내려가다가 300걸음쯤부터 평평하고, 찾아낸 차이는 내려갔다가 다시 오릅니다. 오른쪽: 프레셰 거리. 처음의 수백에서 크게 떨어집니다." alt_en="Two panels. Left: by step, the generator's loss and the difference that the discriminator has found; the loss falls and is flat from about step 300 on, the difference falls and rises again. Right: the Fréchet distance, which falls far from several hundreds." caption_ko="여기서 한 훈련. 왼쪽: 생성자의 손실과, 판별자가 찾아낸 JSD의 하한(어림). 점선은 JSD가 가질 수 있는 가장 큰 값 log 2입니다. 오른쪽: 같은 시각의 프레셰 거리." caption_en="The training done here. Left: the generator's loss, and the lower bound on the JSD that the discriminator has found (an estimate); dotted, the largest possible JSD, log 2. Right: the Fréchet distance at the same steps."
distances = [generated.score(judge, made, held_out).frechet for made in kept.values()]
figure = style.figure("full", 3.1)
left, right = figure.subplots(1, 2)
bound = [gan.divergence(value) for value in live.table.value]
left.plot(
    live.table.step,
    live.table.generator_loss,
    color=style.LIGHT["orange"],
    label="loss of G",
)
left.plot(live.table.step, bound, "--", color=style.LIGHT["blue"], label="JSD at least")
left.axhline(math.log(2), color=style.LIGHT["muted"], linestyle=":")
left.set(xlabel="step", ylim=(0, None))
left.legend()
right.plot(list(kept), distances, color=style.LIGHT["green"])
right.set(xlabel="step", ylabel="Fréchet distance", ylim=(0, None))
for axes in (left, right):
    axes.grid(True)
figure

# %% [markdown] lang="ko"
# ## 오래 훈련하면
#
# `cnnbook reproduce gan_digits`는 폭 32의 두 신경망을 3,500걸음, 시드 둘로 훈련합니다. `gan_shapes`는 32픽셀 컬러 도형
# 5,000장으로 폭 24의 신경망을 3,000걸음 훈련합니다. 기록은 `results/`에 있고, 시드 0의 가중치가 패키지에 들어 있습니다. 걸음 수와 폭은 짧은
# 훈련을 한 번씩 해 보고 정했고, 점수가 가장 좋은 시각을 고르지 않고 마지막 걸음을 씁니다.

# %% [markdown] lang="en"
# ## Trained for longer
#
# `cnnbook reproduce gan_digits` trains two networks of width 32 for 3,500 steps, with two seeds. `gan_shapes` trains
# networks of width 24 for 3,000 steps on 5,000 coloured shapes of 32 pixels. The records are in `results/`, and the
# weights of seed 0 come with the package. Steps and widths were set after one shorter training each, and what counts is
# the last step, not the one with the best score.

# %%
for name in ("gan_digits", "gan_shapes"):
    record = runs.load(name)
    judged = record["judge"]
    print(f"{name}: the judge is {judged['confidence']:.1%} sure of real test images")
    for run in record["runs"]:
        print(
            f"  seed {run['seed']}: confidence {run['confidence']:.1%}, {run['present']} of "
            f"10 classes, balance {run['balance']:.3f}, Fréchet {run['frechet']:.1f}"
        )
long_record = runs.load("gan_digits")
check.that(
    all(
        run["confidence"] >= 0.85 and run["present"] >= 9 for run in long_record["runs"]
    ),
    "both seeds: 85% or more, 9 digits or more",
)
curve = long_record["runs"][0]["curve"]
for place in (0, 5, 9):
    print(
        f"step {curve['step'][place]:,.0f}: JSD at least {gan.divergence(curve['value'][place]):.2f}, "
        f"Fréchet {curve['frechet'][place]:.1f}"
    )
with torch.no_grad():
    of_train, of_new, of_made = (
        best_discriminator(images) for images in (real, held_out, long_images)
    )
proven = {}
for name, of_real in (("training", of_train), ("held-out", of_new)):
    proven[name] = gan.divergence(gan.value(of_real, of_made).item())
    print(
        f"D at the end: {name} digits {of_real.sigmoid().mean():.2f}, made "
        f"{of_made.sigmoid().mean():.2f}, JSD at least {proven[name]:.2f}"
    )
check.that(proven["training"] > 1.3 * proven["held-out"], "D knows what it has seen")

# %% [markdown] lang="ko"
# 두 시드 모두 85%를 넘고 열 가지 숫자를 다 만듭니다. 기록의 심판은 8에폭 훈련한 LeNet이고 이 노트북의 심판은 12에폭 훈련한 LeNet입니다. 그래서 같은 생성자의
# 그림인데도 위의 표에서는 확신이 조금 더 높습니다. 점수는 심판에 따라 달라집니다.
#
# 걸음이 적힌 세 줄은 앞에서 경고한 것을 보여 줍니다. 2,100걸음부터 3,500걸음까지 판별자가 찾아낸 차이는 크게 늘지만, 프레셰 거리는 거의 그대로입니다. 만든
# 그림이 그만큼 나빠진 것이 아닙니다. 판별자가 훈련 그림 4,000장을 외우기 시작한 것입니다. 마지막 두 줄이 그 증거입니다. 같은 판별자가 훈련에 쓴 그림을 새
# 그림보다 더 진짜라고 하고, 새 그림으로 다시 잰 차이는 훨씬 작습니다. 손실만 보았다면 거꾸로 읽었을 것입니다.

# %% [markdown] lang="en"
# Both seeds are above 85% and make all ten digits. The record's judge is a LeNet trained for 8 epochs, and the one of
# this notebook is trained for 12. This is why the same generator has a slightly higher confidence in the table above: a
# score depends on its judge.
#
# The three lines with steps show what we warned of. From step 2,100 to step 3,500 the difference that the discriminator
# finds grows much larger, while the Fréchet distance hardly changes. The pictures did not become that much worse. The
# discriminator began to learn the 4,000 training pictures by heart. The last two lines are the evidence: the same
# discriminator calls training pictures more real than new ones, and the difference measured with new ones is far smaller.
# From the losses alone one would have read the opposite.

# %% name="fig-long" tags=["hide-input"] alt_ko="두 그림. 왼쪽: 긴 훈련의 걸음에 따른 프레셰 거리, 시드 둘. 처음에 빠르게 떨어지고, 중간부터는 평평하다가 끝에서 조금 오릅니다. 오른쪽: 열 가지 숫자의 비율 막대. 점선보다 높은 것도 낮은 것도 있고, 없는 숫자는 없습니다." alt_en="Two panels. Left: the Fréchet distance by step of the long run, two seeds, falling fast at first, flat from the middle on, and rising a little at the end. Right: bars with the shares of the ten digits, some above the dashed line and some below; none is missing." caption_ko="긴 훈련. 왼쪽: 프레셰 거리(시드 둘). 오른쪽: 심판이 읽은 숫자의 비율(시드 0). 점선은 10%입니다." caption_en="The long run. Left: Fréchet distance, two seeds. Right: the shares of the digits as the judge reads them (seed 0); dashed, 10%."
figure = style.figure("full", 3.0)
left, right = figure.subplots(1, 2)
for run, colour, dash in zip(
    long_record["runs"], ("blue", "orange"), ("-", "--"), strict=True
):
    curve = run["curve"]
    left.plot(
        curve["step"],
        curve["frechet"],
        dash,
        color=style.LIGHT[colour],
        label=f"seed {run['seed']}",
    )
left.set(xlabel="step", ylabel="Fréchet distance", ylim=(0, None))
left.grid(True)
left.legend()
right.bar(range(10), [100 * share for share in long.shares], color=style.LIGHT["blue"])
right.axhline(10, color=style.LIGHT["muted"], linestyle="--")
right.set(xlabel="digit", ylabel="share in %", xticks=range(10))
figure

# %% name="fig-shapes" tags=["hide-input"] alt_ko="도형 그림 네 줄. 위 두 줄은 그려 낸 진짜 도형(원, 고리, 사각형, 삼각형, 별, 십자, 하트, 초승달, 화살표, 물방울), 아래 두 줄은 생성자가 만든 것. 아래쪽에는 알아볼 수 있는 도형도 있지만, 많은 것이 뭉개져 있고 대부분 밝은 바탕에 짙은 도형입니다." alt_en="Four rows of shapes. The upper two are the drawn, real ones: circle, ring, square, triangle, star, cross, heart, crescent, arrow, drop. The lower two were made by the generator: some can be recognised, many are blurred, and most are dark figures on light paper." caption_ko="위 두 줄은 훈련에 쓴 도형, 아래 두 줄은 긴 훈련의 생성자가 만든 도형입니다(고르지 않은 처음 스무 장)." caption_en="The upper two rows are shapes as used in training, the lower two are made by the generator of the long run (the first twenty, none left out)."
shape_generator, _ = dcgan.load("shapes")
shapes = data.load("shapes", "test", count=20, **games.CLEAN)
look.grid(
    torch.cat([games.signed(shapes.images), gan.make(shape_generator, 20)]) / 2 + 0.5,
    columns=10,
)

# %% [markdown] lang="ko"
# 도형의 심판은 이 그림들을 숫자의 심판보다 더 확신하며 읽고, 열 가지 클래스도 모두 있다고 합니다. 그런데 사람의 눈에는 뭉개진 도형이 많고, 대부분이 밝은 바탕에
# 짙은 도형입니다. 진짜 도형의 색은 훨씬 다양합니다. 심판은 어떤 도형인지만 배웠으므로, 색의 모드가 사라져도 균형에는 나타나지 않습니다. **점수는 심판이 배운 것만
# 봅니다.**

# %% [markdown] lang="en"
# The judge of shapes reads these pictures with more confidence than that of digits had, and finds all ten classes. Yet to
# the eye many are blurred, and most are dark figures on light paper, while the colours of the real shapes vary far more.
# The judge has learned only which shape it is, so modes of colour can vanish without a trace in the balance. **A score
# sees only what its judge has learned.**

# %% [markdown] lang="ko"
# ## $z$의 길을 걷기
#
# 생성자가 훈련 그림을 외워서 하나씩 꺼내 놓는 것이라면, $z$를 조금씩 옮길 때 그림이 어느 순간 툭 바뀌어야 합니다. 두 점 $z_0$과 $z_1$을 잇는 선분
# 위를 걸어 봅시다. 맨 아래 줄은 비교를 위해 첫 줄의 양 끝 그림을 픽셀끼리 섞은 것입니다.

# %% [markdown] lang="en"
# ## A walk through $z$
#
# If the generator had learned the training pictures by heart and handed them out, the picture would have to jump as $z$
# is moved little by little. Let us walk along the line from $z_0$ to $z_1$. For comparison, the lowest row mixes the
# pixels of the two ends of the first row.

# %%
codes = best_generator.noise(2000, torch.Generator().manual_seed(0))  # of long_images
read = generated.read(judge, long_images)[0]  # (2000, 10)
first = [int((read.argmax(dim=1) == digit).nonzero()[0]) for digit in range(10)]
clear = read.argmax(dim=0)  # of each digit the clearest picture
begin, end = codes[clear[[7, 3, 0]]], codes[clear[[2, 9, 6]]]
share = torch.linspace(0, 1, 10)[:, None]
with torch.no_grad():
    walks = [
        best_generator(a + share * (b - a)) for a, b in zip(begin, end, strict=True)
    ]
mixed = walks[0][:1] + share[..., None, None] * (walks[0][-1:] - walks[0][:1])
sure = [generated.read(judge, some)[0].max(dim=1).values for some in (walks[0], mixed)]
print("confidence along the first walk:", [round(p, 2) for p in sure[0].tolist()])
print("of the mixed pixels:            ", [round(p, 2) for p in sure[1].tolist()])

# %% name="fig-walk" tags=["hide-input"] alt_ko="네 줄의 그림. 위 세 줄에서는 한 숫자의 획이 휘고 늘어나며 다른 숫자로 바뀝니다. 맨 아래 줄에서는 두 숫자가 반투명하게 겹쳐 있습니다." alt_en="Four rows. In the upper three the strokes of a digit bend and stretch until it is another. In the lowest row two digits lie over each other, half transparent." caption_ko="위 세 줄: 잠재 벡터 사이의 선분 위를 열 걸음 걸을 때의 그림. 양 끝은 심판이 가장 확신한 7과 2, 3과 9, 0과 6입니다. 맨 아래: 첫 줄 양 끝의 픽셀을 섞은 것." caption_en="Upper three rows: ten steps along the line between two latent vectors. The ends are those of which the judge is surest: 7 and 2, 3 and 9, 0 and 6. Lowest: the pixels of the first row's ends, mixed."
look.grid(torch.cat([*walks, mixed]) / 2 + 0.5, columns=10)

# %% [markdown] lang="ko"
# 그림은 획이 휘면서 이어져 바뀝니다. 픽셀을 섞으면 두 숫자가 겹쳐 보일 뿐입니다. 심판의 확신은 두 길을 뚜렷이 가르지 못합니다. 둘 다 한가운데에서만
# 떨어집니다. 차이를 보여 주는 것은 그림입니다. 그래도 외운 것이 아닌지 한 번 더 물어봅시다. 만든 그림마다 가장 가까운 훈련
# 그림까지의 거리를 재고, 훈련에 쓰지 않은 진짜 그림의 거리와 견줍니다. 외웠다면 만든 쪽이 훨씬 가까워야 합니다.

# %% [markdown] lang="en"
# The picture changes without a jump, by strokes that bend. Mixed pixels are two digits on top of each other. The
# judge's confidence hardly separates the two ways, since along both it falls only in the middle: it is the pictures
# that show the difference. Still, let us ask once more whether it learned by heart. For each made picture we measure
# the distance to the nearest training picture, and compare with the distances of real pictures that were not used in
# training. Had it learned by heart, the made ones would have to be far nearer.


# %%
def nearest(images):
    """The distance to the nearest training picture, (N,)."""
    return torch.cdist(images.flatten(1), real.flatten(1)).min(dim=1).values


near_made, near_new = nearest(long_images[:500]), nearest(held_out[:500])
print(
    f"median distance: made {near_made.median():.2f}, real and new {near_new.median():.2f}"
)
print(f"smallest:        made {near_made.min():.2f}, real and new {near_new.min():.2f}")
check.that(near_made.median() > 0.7 * near_new.median(), "not copies")

# %% [markdown] lang="ko"
# 만든 그림은 새로운 진짜 그림보다 훈련 그림에서 오히려 더 멉니다. 훈련 그림을 꺼내 놓는 것은 아닙니다. 더 먼 까닭은 칭찬할 일이 아닙니다. 진짜라면 없을
# 모양이 섞여 있기 때문입니다.

# %% [markdown] lang="en"
# Made pictures are even farther from the training pictures than new real ones are. So it does not hand out copies. That
# they are farther is no merit: among them are forms that no real digit has.

# %% [markdown] lang="ko"
# ## 판별자의 특징을 다시 쓰기
#
# GAN이 왜 중요한지에 대해 자주 듣는 답이 있습니다. 판별자는 진짜와 가짜를 가려내면서 데이터의 내부 표현을 배우므로, 레이블이 없는 데이터로 배운 특징 추출기가 된다는
# 것입니다. DCGAN 논문이 이것을 쟀습니다. ImageNet으로 훈련한 판별자의 모든 층의 특징 맵을 4×4로 최대 풀링하고 이어 붙여 선형 분류기에 주었더니 CIFAR-10에서
# 82.8%를 맞혔습니다(K-평균을 여러 층 쌓은 방법은 82.0%, 가장 좋은 비지도 방법인 Exemplar CNN은 84.3%입니다). SVHN에서는 레이블 1,000개로
# 오류율이 22.48%였습니다 {cite:p}`radford2016unsupervised`.
#
# 우리도 해 봅시다. 레이블이 10개, 30개, 100개, 300개만 있을 때, 같은 선형 분류기(로지스틱 회귀)에 픽셀, 여기서 잠깐 훈련한 폭 24인 판별자의 특징, 긴
# 훈련의 폭 32인 판별자의 특징을 줍니다. 그리고 폭이 같지만 **훈련하지 않은** 판별자의 특징도 줍니다. 이것이 빠지면 공정하지 않습니다. 무작위 합성곱도 꽤
# 쓸 만한 특징을 내기 때문입니다. GAN은 레이블 없이 4,000장을 모두 보았다는 점도 잊지 마세요. 레이블이 있는 그림을 고르는 일은 세 번 되풀이해서 평균합니다.

# %% [markdown] lang="en"
# ## The discriminator's features, used again
#
# Why are GANs important? An answer often heard is that the discriminator, in order to tell real from made, learns an
# internal representation of the data, and so becomes a feature extractor that was learned without labels. The DCGAN paper
# measured this. With the feature maps of all layers of a discriminator trained on ImageNet, max-pooled to 4×4,
# concatenated and given to a linear classifier, 82.8% of CIFAR-10 came out right (82.0% with several layers of
# K-means, 84.3% with the best unsupervised method of its table, Exemplar CNN). On SVHN with 1,000 labels the error was
# 22.48% {cite:p}`radford2016unsupervised`.
#
# Let us do it. With only 10, 30, 100 or 300 labels, the same linear classifier (logistic regression) is given pixels, the
# features of the discriminator of width 24 that was trained here for a moment, and those of the long run's, of width 32.
# It is also given the features of **untrained** discriminators of the same widths. Without these the comparison would not
# be fair, since random convolutions give quite useful features. Remember also that the GAN has seen all 4,000 pictures,
# without labels. Which pictures have labels is drawn three times, and the results are averaged.


# %%
def features(network, images):
    """All layers' maps, max-pooled to 4 × 4 and concatenated: (N, F)."""
    network.eval()
    with torch.no_grad():
        maps = network.features(images)
    pooled = [functional.adaptive_max_pool2d(each, 4).flatten(1) for each in maps]
    return torch.cat(pooled, dim=1).numpy()


sources = {
    "pixels": lambda images: images.flatten(1).numpy(),
    "untrained, 24": lambda images: features(untrained, images),
    "trained here, 24": lambda images: features(discriminator, images),
    "untrained, 32": lambda images: features(untrained_32, images),
    "long run, 32": lambda images: features(best_discriminator, images),
}
torch.manual_seed(0)
untrained_32 = dcgan.Discriminator(width=32)
for network in (untrained, untrained_32):
    network(real[:500])  # in train mode: batch norm collects its statistics, no more
NUMBERS, DRAWS = (10, 30, 100, 300), 3
rows = []
for source, extract in sources.items():
    known, new = extract(real), extract(held_out)
    middle, spread = known.mean(axis=0), known.std(axis=0) + 0.05 * known.std()
    known, new = (known - middle) / spread, (new - middle) / spread  # needs no labels
    for number in NUMBERS:
        for draw in range(DRAWS):
            chance = np.random.default_rng(draw)
            places = [  # the same number of each digit
                chance.choice(
                    np.flatnonzero(digits.labels == digit), number // 10, replace=False
                )
                for digit in range(10)
            ]
            places = np.concatenate(places)
            linear = LogisticRegression(C=80 / known.shape[1], max_iter=100)
            linear.fit(known[places], digits.labels[places].numpy())
            right = linear.score(new, digits_test.labels.numpy())
            rows.append((source, number, right))
few = pd.DataFrame(rows, columns=["source", "labels", "accuracy"])
few_means = (
    few.groupby(["source", "labels"]).accuracy.mean().unstack().loc[list(sources)]
)
check.that(
    all(
        few_means.loc["long run, 32", n] > few_means.loc["pixels", n]
        for n in (100, 300)
    ),
    "100 and 300 labels: better than pixels",
)
for width, trained in ((24, "trained here, 24"), (32, "long run, 32")):
    gap = few_means.loc[trained, 300] - few_means.loc[f"untrained, {width}", 300]
    check.that(
        abs(gap) < 0.05, f"width {width}, against untrained: {100 * gap:+.1f} points"
    )
few_means.round(3)

# %% name="fig-few" tags=["hide-input"] alt_ko="가로축은 레이블의 수, 세로축은 테스트 정확도. 다섯 선이 모두 오르고, 픽셀의 선이 100개부터 가장 아래에 있습니다. 판별자의 네 선은 서로 가깝습니다." alt_en="Labels across, test accuracy upwards. All five lines rise; from 100 labels on that of pixels is the lowest. The four of discriminators are close to each other." caption_ko="레이블이 적을 때의 선형 분류기. 수는 판별자의 폭입니다. 레이블을 세 번 뽑은 평균과 가장 작은 값부터 가장 큰 값까지." caption_en="A linear classifier with few labels; the number is the discriminator's width. Mean of three draws of the labels, and the range from the smallest to the largest."
look.curves(
    {
        source: [
            few[few.source == source]
            .groupby("labels")
            .accuracy.nth(draw)
            .to_frame()
            .assign(labels=NUMBERS)
            for draw in range(DRAWS)
        ]
        for source in sources
    },
    x="labels",
    y="accuracy",
    logx=True,
    ylabel="test accuracy",
)

# %% [markdown] lang="ko"
# 판별자의 특징은 레이블이 100개와 300개일 때 픽셀보다 몇 퍼센트포인트 낫습니다. 여기까지는 논문의 주장과 방향이 같습니다. 그런데 **훈련하지 않은 판별자의 특징도 그만큼
# 낫습니다.** 레이블이 300개일 때는 두 폭 모두에서 오히려 조금 앞섭니다. 이 작은 숫자 과제에서 이득은 합성곱과 풀링이라는 구조에서 왔고, 게임에서 배운 것이 보탠 몫은
# 보이지 않습니다. 논문에도 구조가 이득의 까닭이 아님을 보이려는 비교가 있습니다. SVHN에서 같은 구조를 레이블 1,000개로만 처음부터 훈련하니 검증 오류율이
# 28.87%였습니다 {cite:p}`radford2016unsupervised`. 그러나 무작위 가중치의 특징과는 견주지 않았습니다. 그렇더라도 이 결과로 논문이 틀렸다고 할 수는
# 없습니다. 논문의 판별자는 훨씬 크고 ImageNet에서 배웠습니다. 다만 ‘판별자가 표현을 배웠다’는 주장을 하려면 무작위 가중치와 견주어야 한다는 것은 분명합니다.

# %% [markdown] lang="en"
# With 100 and 300 labels the discriminator's features are a few percentage points better than pixels. So far this goes
# the same way as the paper's claim. But **the features of untrained discriminators are better by as much.** With 300
# labels they are even a little ahead at both widths. In this small task with digits the gain comes from the
# architecture, from convolution and pooling, and what the game taught adds nothing that shows. The paper, too, has a
# comparison meant to show that the architecture is not what counts: the same one, trained from scratch on the 1,000
# labels of SVHN, had 28.87% validation error {cite:p}`radford2016unsupervised`. But it has none with the features of
# random weights. Even so, this does not refute the paper, whose discriminator is far larger and learned from ImageNet.
# But whoever claims that “the discriminator has learned a representation” must compare with random weights.

# %% [markdown] lang="ko"
# ## GAN과 적대적 예제
#
# 두 말이 닮아서 자주 섞어 씁니다. ‘적대적(adversarial)’이라는 낱말은 같지만 하는 일이 다릅니다.
#
# | | 적대적 예제 | GAN |
# |---|---|---|
# | 신경망 | 훈련이 끝난 하나 | 함께 훈련하는 둘 |
# | 바꾸는 것 | 입력의 픽셀 | 두 신경망의 가중치 |
# | 출발점 | 그림 한 장 | 난수 |
# | 목적 | 신경망이 틀리게 하기 | 데이터처럼 생긴 그림 만들기 |
# | 속는 쪽 | 속은 채로 끝남 | 속을 때마다 배움 |
#
# 적대적 예제는 [‘적대적 예제’ 장](18_adversarial)에서 만듭니다. 여기서는 한 가지만 확인합니다. **고정된 신경망을 속이는 것으로는 그림이 되지
# 않습니다.** 생성자 없이, 무작위 픽셀에서 출발해 심판의 그레이디언트를 따라 픽셀을 바꾸어 ‘이것은 7이다’라는 확률을 높여 봅시다. 판별자가 배우기를 멈춘 GAN과
# 비슷합니다.

# %% [markdown] lang="en"
# ## GANs and adversarial examples
#
# The two are often confused, since both are called “adversarial”. The word is the same, what is done is not.
#
# | | adversarial example | GAN |
# |---|---|---|
# | networks | one, trained | two, trained together |
# | what is changed | the pixels of the input | the weights of both networks |
# | from where | a picture | random numbers |
# | aim | to make the network wrong | pictures that look like the data |
# | who is fooled | stays fooled | learns each time |
#
# You make adversarial examples in [the chapter on them](18_adversarial). Here we confirm one thing: **fooling a network
# that stands still makes no pictures.** Without a generator, from random pixels, we follow the judge's gradient and
# change the pixels so that the probability of, say, “this is a 7” grows. It is like a GAN whose discriminator has
# stopped learning.

# %%
wanted = torch.arange(10).repeat(30)
fooling = (
    0.2 * torch.randn(300, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 0.8
)
fooling = fooling.clamp(-1, 1)
for _ in range(30):
    fooling.requires_grad_()
    loss = functional.cross_entropy(judge((fooling + 1) / 2), wanted)
    [push] = torch.autograd.grad(loss, fooling)
    fooling = (fooling.detach() - 0.04 * push.sign()).clamp(-1, 1)
fooled = generated.score(judge, fooling, held_out)
with torch.no_grad():
    real_by_d = best_discriminator(held_out).sigmoid().mean().item()
    made_by_d = best_discriminator(long_images[:1000]).sigmoid().mean().item()
    fooling_by_d = best_discriminator(fooling).sigmoid().mean().item()
print(
    f"confidence {fooled.confidence:.1%}, balance {fooled.balance:.3f}, Fréchet {fooled.frechet:.0f}"
)
print(
    f"D of the long run: real {real_by_d:.2f}, made {made_by_d:.2f}, these {fooling_by_d:.2f}"
)
check.that(fooled.confidence > long.confidence, "the judge is surer of these")
check.that(fooled.frechet > long.frechet, "and they are farther from real digits")

# %% name="fig-fooling" tags=["hide-input"] alt_ko="두 줄. 윗줄: 잡음 같은 그림 열 장. 사람 눈에는 거의 숫자로 보이지 않습니다. 아랫줄: 생성자가 만든 숫자 열 장." alt_en="Two rows. Upper: ten noisy pictures, hardly digits to the eye. Lower: ten digits made by the generator." caption_ko="윗줄: 심판이 0부터 9까지라고 확신하는 그림. 픽셀을 심판의 그레이디언트로 바꾼 것입니다. 아랫줄: 긴 훈련의 생성자가 만든 그림 가운데 심판이 0부터 9까지로 읽은 첫 장." caption_en="Upper row: pictures that the judge is sure are 0 to 9, made by changing pixels along its gradient. Lower row: the first picture of the long run's generator that the judge reads as 0, 1, and so on to 9."
look.grid(torch.cat([fooling[:10], long_images[first]]) / 2 + 0.5, columns=10)

# %% [markdown] lang="ko"
# 심판은 이 잡음을 생성자의 숫자보다 더 확신합니다. 열 가지를 똑같이 시켰으니 균형도 완벽합니다. 그런데 사람에게는 숫자로 보이지 않고, 프레셰 거리도 생성자의
# 그림보다 멉니다. 그러니
# **확신만으로 그림을 평가해서는 안 됩니다.** 훈련이 끝난 판별자도 이 잡음을 진짜라고 합니다. 이런 그림은 만난 적이 없기 때문입니다. 판별자가 가려낼 줄 아는 것은
# 함께 훈련한 생성자의 가짜입니다. GAN의 훈련 중에 이런 일이 생기지 않는 것은 판별자가 계속 배우기 때문입니다. 잡음으로 판별자를 속이면 다음 걸음에서 판별자가
# 그 잡음을 가짜로 배웁니다.

# %% [markdown] lang="en"
# The judge is surer of this noise than of the generator's digits, and the balance is perfect, since we asked for as
# many of each. Yet a person sees hardly a digit in them, and their Fréchet distance is larger, too. So **pictures must
# not be judged by confidence alone.** The trained discriminator also calls this noise real, since it never met such
# pictures. What it can tell apart are the fakes of the generator that it was trained with. During a GAN's training this
# does not happen, because the discriminator goes on learning: fool it with noise, and in its next step it learns that
# this noise is fake.

# %% [markdown] lang="ko"
# ## 주장을 다시 계산하기
#
# 논문의 수와 이 노트북이 계산하거나 잰 수를 나란히 놓습니다. 특징의 수는 CIFAR-10의 32픽셀 그림을 읽는 판별자에서 다시 셉니다. 논문은 특징이
# 28,672개이고 가장 위층의 특징 맵이 512개라고 했습니다. 특징 맵이 층마다 두 배가 된다면 4×4로 풀링한 28,672개는
# $16 \cdot (256 + 512 + 1{,}024)$이고, 512개에서 끝나는 층들로는 나오지 않습니다. 논문은 층마다의 수를 적지 않았으므로, 둘 가운데 어느 쪽이
# 다른지는 알 수 없습니다.

# %% [markdown] lang="en"
# ## The claims, recomputed
#
# The papers' numbers beside those computed or measured here. The number of features is counted anew in a discriminator
# for the 32 pixels of CIFAR-10. The paper has 28,672 features and says that the top layer has 512 maps. If the maps
# double from layer to layer, then 28,672, pooled to 4×4, is $16 \cdot (256 + 512 + 1{,}024)$, and layers that end at
# 512 do not give it. The paper does not list its layers, so one cannot know which of the two differs.


# %%
def count_features(width):
    with torch.no_grad():
        maps = dcgan.Discriminator(3, width, size=32).features(
            torch.zeros(1, 3, 32, 32)
        )
    return [each.shape[1] for each in maps], 16 * sum(each.shape[1] for each in maps)


channels, number = count_features(256)
check.that(number == 28_672, f"16 × {channels} = {number:,}")
ends_at_512, fewer = count_features(128)
gain = few_means.loc["long run, 32"] - few_means.loc["pixels"]
by_chance = few_means.loc["long run, 32"] - few_means.loc["untrained, 32"]
claims = [
    ("smallest V", "GAN, theorem 1", "-log 4", f"{values[-1]:.3f}"),
    (
        "push at a logit of -6, minimax",
        "GAN, 3",
        "saturates",
        f"{-pushes['minimax'][0]:.4f}",
    ),
    (
        "the other loss",
        "GAN, 3",
        "much stronger",
        f"{-pushes['non-saturating'][0]:.4f}",
    ),
    ("doublings to 64 pixels", "DCGAN", "4", f"{len(sides) - 1}"),
    ("features, 512 maps at the top", "DCGAN", "28,672", f"{fewer:,}"),
    ("features, 1,024 at the top", "", "", f"{number:,}"),
    ("features - pixels, 300 labels", "", "", f"{100 * gain[300]:+.1f} points"),
    ("features - untrained, 300 labels", "", "", f"{100 * by_chance[300]:+.1f} points"),
]
for what, source, printed, found in claims:
    print(f"{what:37}{source:17}{printed:>14}{found:>13}")

# %% [markdown] lang="ko"
# 원래 GAN 논문의 표 1은 파르젠 창(Parzen window)으로 어림한 로그 가능도입니다. MNIST에서 GAN이 225±2, 심층 믿음 신경망(DBN)이
# 138±2입니다 {cite:p}`goodfellow2014generative`. 논문도 이 방법의 분산이 크고 고차원에서 잘 맞지 않는다고 적었고, 오늘날에는 쓰지 않습니다. 우리 점수와는
# 견줄 수 없습니다.

# %% [markdown] lang="en"
# Table 1 of the first GAN paper has log-likelihoods estimated by Parzen windows: on MNIST 225±2 for the GAN and 138±2 for
# a deep belief network {cite:p}`goodfellow2014generative`. The paper itself notes that the method has a high variance and
# does poorly in high dimensions, and it is no longer used. It cannot be compared with our score.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **GAN을 적대적 예제와 한데 묶어 소개해도 됩니까?** 위의 표에서 보았듯이 다른 문제입니다. 적대적 예제는 훈련된 분류기를 속이는 입력이고, GAN은 훈련 방법입니다. 두
# 이야기가 만나는 곳은 하나 있습니다. 적대적 예제를 훈련에 넣어 분류기를 단단하게 만드는 적대적 훈련입니다.
#
# **생성자의 목표가 ‘판별자가 정답을 내도록 돕는 것’입니까?** 반대입니다. 생성자는 판별자가 **틀리도록** 훈련합니다. 가짜를 진짜라고 답하게 하는 것이 목표입니다.
# 판별자가 정답을 내도록 훈련하는 것은 판별자 자신입니다.
#
# **훈련이 끝나면 판별자는 늘 1/2이라고 답합니까?** 이론의 끝에서는 그렇습니다. 우리의 긴 훈련은 그렇지 않았습니다. 위에서 인쇄한 것처럼 판별자는 진짜에 더 높은
# 값을 주고, 훈련에 쓴 진짜에는 더욱 높은 값을 줍니다. 두 분포가 아직 다르고, 판별자가 훈련 그림을 외우기도 했기 때문입니다.
#
# **어떤 숫자를 그릴지 고를 수 있습니까?** 이 장의 GAN은 고를 수 없습니다. $z$의 어느 방향이 어느 숫자인지 아무도 정해 주지 않았습니다. 두 신경망에 레이블도 함께
# 주면 고를 수 있고, 그것을 조건부 GAN이라고 합니다. 연습을 마친 뒤에 해 볼 만합니다.
#
# **학습률을 이렇게 조심해서 골라야 합니까?** 모드 붕괴의 실험을 다시 보세요. `fast G`와 `fast D`의 차이는 학습률뿐입니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **Can GANs and adversarial examples be presented as one thing?** As the table above shows, they are different problems. An
# adversarial example is an input that fools a trained classifier, a GAN is a way to train. The two meet in one place:
# adversarial training, which puts adversarial examples into the training to make a classifier robust.
#
# **Is it the generator's aim to help the discriminator give correct answers?** On the contrary. The generator is trained so
# that the discriminator is **wrong** and calls made pictures real. It is the discriminator itself that is trained to be
# correct.
#
# **Does the discriminator always answer 1/2 in the end?** At the end of the theory it does. In our long run it does not:
# as printed above, it gives real pictures higher values, and training pictures still higher ones. The two distributions
# still differ, and the discriminator also knows training pictures by heart.
#
# **Can one choose which digit is drawn?** Not with the GAN of this chapter, since nobody told it which direction of $z$
# should be which digit. Give both networks the label as well and one can; this is called a conditional GAN, and is worth
# trying after the exercises.
#
# **Must learning rates be chosen with such care?** Look again at the experiment on mode collapse: `fast G` and `fast D`
# differ in nothing but the learning rates.

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
# **연습: 가장 좋은 판별자.** NumPy 배열 `p`와 `q`는 같은 자리들 위의 두 확률 분포입니다. 자리마다 가장 좋은 판별자의 답을 돌려주는
# `best_discriminator_of(p, q)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: the best discriminator.** The NumPy arrays `p` and `q` are two probability distributions over the same places.
# Write `best_discriminator_of(p, q)`, which returns what the best discriminator says at each place.


# %% tags=["exercise"]
def best_discriminator_of(p, q): ...


check.exercise("best_discriminator", best_discriminator_of)


# %% tags=["solution"]
# solution
def best_discriminator_of(p, q):
    return p / (p + q)


check.exercise("best_discriminator", best_discriminator_of, solution=True)

# %% [markdown] lang="ko"
# **연습: 게임의 값.** 같은 `p`와 `q`에 대해, 판별자가 가장 좋을 때의 $V$를 돌려주는 `game_value(p, q)`를 NumPy로 짜세요. 두 분포가 같으면
# 얼마가 나와야 할까요?

# %% [markdown] lang="en"
# **Exercise: the value of the game.** Write in NumPy `game_value(p, q)`, which returns $V$ for the same `p` and `q` when
# the discriminator is the best. What must it be if both are the same?


# %% tags=["exercise"]
def game_value(p, q): ...


check.exercise("game_value", game_value)


# %% tags=["solution"]
# solution
def game_value(p, q):
    best = best_discriminator_of(p, q)
    return (p * np.log(best)).sum() + (q * np.log(1 - best)).sum()


check.exercise("game_value", game_value, solution=True)
same = np.full(4, 0.25)
print(f"{game_value(same, same):.4f}")

# %% [markdown] lang="ko"
# **연습: 생성자가 받는 것.** 판별자가 만든 그림 한 장에 내놓은 로짓 `logit`과 `saturating`을 받아, 생성자의 손실을 로짓으로 미분한 값을 돌려주는
# `generator_push(logit, saturating)`을 짜세요. `saturating`이 참이면 손실은 $\log(1 - D)$, 거짓이면 $-\log D$입니다.
# 자동 미분 없이 `math.exp`로 씁니다.

# %% [markdown] lang="en"
# **Exercise: what the generator gets.** Write `generator_push(logit, saturating)`, which takes `logit`, given by the
# discriminator to one made picture, and `saturating`, and returns the derivative of the generator's loss by the logit. The
# loss is $\log(1 - D)$ if `saturating` is true, else $-\log D$. Use `math.exp` and no automatic differentiation.


# %% tags=["exercise"]
def generator_push(logit, saturating): ...


check.exercise("generator_push", generator_push)


# %% tags=["solution"]
# solution
def generator_push(logit, saturating):
    d = 1 / (1 + math.exp(-logit))
    return -d if saturating else d - 1


check.exercise("generator_push", generator_push, solution=True)

# %% [markdown] lang="ko"
# **연습: 독립인 특징의 프레셰 거리.** 특징들이 서로 독립이면 공분산 행렬은 대각 행렬입니다. 두 집합의 특징별 평균 `m1`, `m2`와 표준 편차 `s1`, `s2`를 받아
# 프레셰 거리의 제곱을 돌려주는 `frechet_of_independent(m1, s1, m2, s2)`를 짜세요. 고윳값은 필요하지 않습니다.

# %% [markdown] lang="en"
# **Exercise: the Fréchet distance of independent features.** Where features are independent, their covariance is
# diagonal. Write `frechet_of_independent(m1, s1, m2, s2)`, which takes the means `m1`, `m2` and the standard deviations
# `s1`, `s2` of two sets, one number a feature, and returns the squared Fréchet distance. It needs no eigenvalues.


# %% tags=["exercise"]
def frechet_of_independent(m1, s1, m2, s2): ...


check.exercise("frechet_of_independent", frechet_of_independent)


# %% tags=["solution"]
# solution
def frechet_of_independent(m1, s1, m2, s2):
    return ((m1 - m2) ** 2).sum() + ((s1 - s2) ** 2).sum()


check.exercise("frechet_of_independent", frechet_of_independent, solution=True)

# %% [markdown] lang="ko"
# **연습: $z$를 줄여서 재기.** 아래 셀에 잠재 벡터 2,000개 `calm_z`가 있습니다. 이것을 반으로 줄여 `best_generator`에 넣으면 그림이 어떻게
# 달라질까요? 두 `...`을 바꾸어 쓰세요. 만든 그림을 `calm`에, `generated.score`로 잰 점수를 `calm_score`에 넣으세요. 재기 전에 예상해 보세요. 확신은 오를까요, 내릴까요? 균형과 거리는
# 어떨까요?

# %% [markdown] lang="en"
# **Exercise: a smaller $z$, measured.** The cell below has 2,000 latent vectors `calm_z`. What happens to the pictures if
# they are halved before they go into `best_generator`? Replace the two `...`: put the pictures in `calm`, and their score by `generated.score` in
# `calm_score`. Guess before you measure: will the confidence rise or fall? And what of the balance and the distance?

# %% tags=["exercise"]
calm_z = best_generator.noise(2000, torch.Generator().manual_seed(5))
calm = ...
calm_score = ...


def calmer(factor):  # this and the next function serve the check
    with torch.no_grad():
        return best_generator(factor * calm_z)


def measure(images):
    return generated.score(judge, images, held_out)


check.exercise("calm", (calm, calm_score, calmer, measure))

# %% tags=["solution"]
# solution
# In training z had a length near the root of 64 / 3: G has never met vectors half as long
with torch.no_grad():
    calm = best_generator(calm_z / 2)
calm_score = generated.score(judge, calm, held_out)

check.exercise("calm", (calm, calm_score, calmer, measure), solution=True)
for factor, its in (("z", measure(calmer(1.0))), ("z / 2", calm_score)):
    print(
        f"{factor:6} confidence {its.confidence:.1%}, balance {its.balance:.3f}, Fréchet {its.frechet:.1f}"
    )

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`goodfellow2014generative`: 이 장의 첫 논문입니다. 3절에서 손실을 바꾸는 대목, 알고리즘 1, 4절의 증명을 읽어 보세요.
# - {cite:t}`radford2016unsupervised`: DCGAN. 규칙을 적은 대목과, 침실 그림에서 $z$의 길을 걷는 대목을 보세요.
# - {cite:t}`salimans2016improved`: 한쪽 레이블 스무딩, 미니배치를 보는 판별자, 인셉션 점수가 여기서 나왔습니다.
# - {cite:t}`heusel2017gans`: 프레셰 거리와, 두 신경망의 학습률을 다르게 하는 것이 왜 도움이 되는지를 다룹니다.
# - {cite:t}`lin2018pacgan`: 판별자가 여러 장을 한꺼번에 보게 하는 방법입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`goodfellow2014generative`: the first paper of this chapter. Read where section 3 exchanges the loss,
#   algorithm 1, and the proofs of section 4.
# - {cite:t}`radford2016unsupervised`: DCGAN. See the rules, and where it walks through $z$ from one bedroom to another.
# - {cite:t}`salimans2016improved`: one-sided label smoothing, discriminators that look at a minibatch, and the inception
#   score are from here.
# - {cite:t}`heusel2017gans`: the Fréchet distance, and why it helps to give the two networks different learning rates.
# - {cite:t}`lin2018pacgan`: discriminators that look at several pictures at a time.
