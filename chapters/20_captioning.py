# %% [markdown] lang="ko"
# # 이미지 캡션 생성
#
# ## 무엇을 만들게 될까요?
#
# 지금까지의 신경망은 그림에 이름, 상자, 마스크를 붙였습니다. 이 장의 신경망은 그림을 보고 문장을 씁니다. 이 일을 이미지 캡션 생성(image captioning)이라고 합니다.
# 2015년의 두 논문이 바탕입니다. Karpathy와 Fei-Fei의 ‘Deep Visual-Semantic Alignments’ {cite:p}`karpathy2015deep`는 먼저
# 문장의 낱말이 그림의 어느 영역을 가리키는지 찾고, 거기서 얻은 영역과 말 토막의 짝으로 영역을 설명하는 법을 배웁니다. 같은 해의 ‘Show and Tell’
# {cite:p}`vinyals2015show`은 그림 한 장을 문장 하나로 바로 옮깁니다. 아래 그림은 우리가 쓸 장면입니다. CNN은 미리 훈련해 둔 것을 쓰고, 이 장의 훈련에서
# 신경망이 받는 것은 장면, 이름 없는 상자, 문장이 전부입니다. 낱말이 어느 상자를 가리키는지는 아무도 알려 주지 않습니다. 이 장에서는 순환 신경망을 손으로 만드는 데서 시작해, 낱말을
# 영역에 맞추고, 신경망 하나로 영어와 한국어 문장을 씁니다.

# %% [markdown] lang="en"
# # Image captioning
#
# ## What you will build
#
# So far the networks gave pictures names, boxes and masks. The networks of this chapter look at a picture and write a
# sentence, which is called image captioning. The chapter rests on two papers of 2015. “Deep Visual-Semantic
# Alignments” by Karpathy and Fei-Fei {cite:p}`karpathy2015deep` first finds which region of a picture a word of a
# sentence refers to, and learns to describe regions from the pairs of regions and snippets of text that this gives.
# “Show and Tell” {cite:p}`vinyals2015show`, of the same year, turns a picture into a sentence directly. The figure
# shows the scenes that we use. The CNN was trained beforehand; in this chapter's training, all that the networks get
# is scenes, boxes without names, and sentences. Nobody says which box a word refers to. You begin by building a
# recurrent network by hand, then align words with regions, and at last write sentences in English and in Korean with
# a single network.

# %%
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch import nn, optim
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from torchmetrics.functional.text import bleu_score

import cnnbook
from cnnbook import check, look
from cnnbook.data import described, parsing
from cnnbook.models import captioner
from cnnbook.train import captioning

torch.set_num_threads(1)  # then the same seed gives the same weights
draw = look.draw
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full

HELD = {("red", "star"), ("blue", "heart"), ("yellow", "drop"), ("green", "ring")}


def held(thing):
    """Whether it is one of the pairs of colour and shape that training never sees."""
    return (thing.colour, thing.name) in HELD


scenes = described.read("train", 7000 if full else 1700, objects=(2, 3))
train_set = scenes.where(lambda scene: not any(map(held, scene)))
test_scenes = described.read("test", 500, objects=(2, 3))
test_set = test_scenes.subset(list(range(300)))
rare_set = test_scenes.where(lambda scene: any(map(held, scene)))
print(len(train_set), len(test_set), len(rare_set))

# %% name="fig-scenes" tags=["hide-input"] alt_ko="장면 네 장. 색칠한 도형이 두세 개씩 땅에 서 있거나 실에 매달려 있고, 도형마다 상자가 있습니다." alt_en="Four scenes. In each, two or three coloured shapes stand on the ground or hang from threads, each in a box." caption_ko="테스트 장면 네 장과, 영역으로 쓸 상자. 상자에는 이름이 없습니다." caption_en="Four test scenes, and the boxes that serve as regions. The boxes have no names."
look.boxes(test_set.images[:4], test_set.boxes[:4], columns=4, size=1.5)

# %%
for row in range(4):
    print(row, test_set.captions["en"][row][0], "/", test_set.captions["ko"][row][0])

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# 연쇄 법칙과 역전파([‘학습’ 장](02_learning)), 훈련 루프([‘LeNet’ 장](04_lenet)), 영역을 오려 특징을 구하는
# 일([‘R-CNN’ 장](15_rcnn))을 안다고 가정합니다. 순환 신경망은 몰라도 됩니다. GPU도 인터넷 연결도 필요하지 않습니다. 이 노트북을 처음부터
# 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# The chain rule and backpropagation ([the chapter on learning](02_learning)), the training loop
# ([the chapter on LeNet](04_lenet)), and features of regions cut out of a picture
# ([the chapter on R-CNN](15_rcnn)). You need not know recurrent networks. Neither a GPU nor an internet connection is
# needed. Running this notebook from top to bottom takes about a minute on one CPU core.

# %% [markdown] lang="ko"
# ## 그림과 문장을 어떻게 견줄까요?
#
# 분류기의 답은 정해진 클래스 가운데 하나입니다. 문장은 그렇지 않습니다. 길이가 저마다 다르고, 낱말의 순서에 따라 뜻이 달라지고, 한 장면을 옳게 설명하는 문장도 여럿입니다. 그래서
# 물음이 셋 생깁니다. 길이가 저마다 다른 문장을 어떻게 크기가 같은 벡터로 읽을까요? 문장 전체만 주어졌을 때 낱말 하나하나가 무엇을 가리키는지 알 수 있을까요? 그리고 쓴 문장이 맞는지
# 어떻게 잴까요?
#
# 마지막 물음에는 우리 장면이 유리합니다. 문장의 문법도, 장면에 무엇이 있는지도 알고 있기 때문입니다. 그래서 `parsing.parse`로 문장을 읽어 주장을 꺼내고, 그 주장이
# 장면에서 참인지 따집니다. 관사 a와 an을 잘못 쓰거나 한국어 조사를 틀리면 문장으로 치지 않습니다.

# %% [markdown] lang="en"
# ## How can a picture be compared with a sentence?
#
# A classifier's answer is one of a fixed set of classes. Sentences are not like that. Their lengths differ, the order
# of words changes what they mean, and many sentences are right for one scene. That raises three questions. How can
# sentences of different lengths be read into vectors of one size? If only whole sentences are given, can one find out
# what each word refers to? And how does one measure whether a sentence that was written is right?
#
# For the last one our scenes are a help. We know the grammar of their sentences, and we know what is in them. So
# `parsing.parse` reads a sentence and takes out its claim, which is then looked up in the scene. With a wrong
# article, a or an, or a wrong Korean particle, it does not count as a sentence.

# %%
claim = parsing.parse(test_set.captions["ko"][0][0])
print(claim)
everything = [
    test_set.true(row, sentence)
    for told in test_set.captions.values()
    for row, sentences in enumerate(told)
    for sentence in sentences
]
check.that(all(everything), f"{len(everything)} of {len(everything)}")
with check.raises(ValueError):  # a noun that ends in a consonant takes 이, not 가
    parsing.parse("바닥에 빨간 별가 있습니다")

# %% [markdown] lang="ko"
# ## 순환 신경망을 손으로
#
# 문장은 왼쪽에서 오른쪽으로 한 낱말씩 읽습니다. 순환 신경망(recurrent neural network, RNN)은 지금까지 읽은 것을 벡터 하나, 곧 은닉 상태(hidden
# state) $h_t$에 담습니다. 줄여서 상태라고 합시다. 낱말을 나타내는 벡터 $x_t$를 하나 읽을 때마다 상태를 고칩니다.
#
# $$h_t = \tanh(W x_t + U h_{t-1} + b)$$
#
# 가중치 $W$, $U$와 편향 $b$는 모든 단계가 함께 씁니다. 합성곱이 모든 자리에서 같은 필터를 쓰는 것과 같고, 자리가 시간으로 바뀌었을 뿐입니다. 그래서 문장이 아무리 길어도
# 읽을 수 있고, 파라미터 수는 길이와 관계가 없습니다. 손으로 만들어 라이브러리의 `nn.RNN`과 견줍니다. 라이브러리에는 편향이 둘 있으므로 더해서 씁니다.

# %% [markdown] lang="en"
# ## A recurrent network by hand
#
# A sentence is read from left to right, a word at a time. A recurrent neural network (RNN) keeps what it has read in
# one vector, the hidden state $h_t$, or state for short, and changes it with every word, which comes as a vector
# $x_t$.
#
# $$h_t = \tanh(W x_t + U h_{t-1} + b)$$
#
# The weights $W$ and $U$ and the bias $b$ are shared by all steps, as a convolution shares its filter between all
# places; here time takes the part of place. So a sentence of any length can be read, and the number of parameters
# does not depend on the length. We build it by hand and compare with the library's `nn.RNN`, which has two biases
# that we add.


# %%
def recurrence(x, W, U, b):
    """Inputs (T, D) -> states (T, H), from a first state of 0."""
    h = torch.zeros(len(b), dtype=x.dtype)
    states = []
    for step in x:
        h = torch.tanh(W @ step + U @ h + b)  # (H,)
        states.append(h)
    return torch.stack(states)


torch.manual_seed(0)
library = nn.RNN(input_size=5, hidden_size=4).double()
W, U, b_in, b_hidden = (each.detach() for each in library.parameters())
x = torch.randn(7, 5, dtype=torch.float64)
mine = recurrence(x, W, U, b_in + b_hidden)
check.close(mine, library(x)[0], what="seven steps")

# %% [markdown] lang="ko"
# ### 시간을 거슬러 역전파하기
#
# 훈련하려면 손실을 $U$로 미분해야 합니다. $U$는 모든 단계에서 쓰였으므로 단계마다 그레이디언트를 구해 더합니다. 이것을 시간을 거스르는 역전파(backpropagation
# through time)라고 합니다. 손실이 마지막 상태에만 달려 있다고 합시다. $g_t = \partial \mathcal{L} / \partial h_t$라고 하고, 손실을
# tanh에 들어가는 값으로 미분한 것을 $a_t$라고 합시다. tanh의 미분이 $1 - h_t^2$이므로 다음과 같습니다.
#
# $$a_t = g_t \odot (1 - h_t^2), \qquad g_{t-1} = U^\top a_t, \qquad \frac{\partial \mathcal{L}}{\partial U} = \sum_t a_t h_{t-1}^\top$$
#
# $W$의 그레이디언트는 $\sum_t a_t x_t^\top$이고 $b$의 그레이디언트는 $\sum_t a_t$입니다.

# %% [markdown] lang="en"
# ### Backpropagation through time
#
# To train it, we differentiate the loss with respect to $U$. Since $U$ was used in every step, the gradients of all
# steps are added up. This is backpropagation through time. Let the loss depend on the last state alone. Write
# $g_t = \partial \mathcal{L} / \partial h_t$, and $a_t$ for the derivative of the loss with respect to what enters
# the tanh. The derivative of tanh is $1 - h_t^2$, so
#
# $$a_t = g_t \odot (1 - h_t^2), \qquad g_{t-1} = U^\top a_t, \qquad \frac{\partial \mathcal{L}}{\partial U} = \sum_t a_t h_{t-1}^\top$$
#
# The gradient of $W$ is $\sum_t a_t x_t^\top$, and that of $b$ is $\sum_t a_t$.


# %%
def through_time(x, W, U, b, g):
    """The gradients by W, U, b, of a loss with gradient g at the last state."""
    h = recurrence(x, W, U, b)
    before = torch.cat([torch.zeros_like(h[:1]), h[:-1]])  # h of the step before
    dW, dU, db = torch.zeros_like(W), torch.zeros_like(U), torch.zeros_like(b)
    for t in reversed(range(len(x))):
        a = g * (1 - h[t] ** 2)
        dW, dU, db = dW + a.outer(x[t]), dU + a.outer(before[t]), db + a
        g = U.T @ a  # to the step before
    return dW, dU, db


weights = [W.clone(), U.clone(), (b_in + b_hidden).clone()]
for weight in weights:
    weight.requires_grad_()
target = torch.randn(4, dtype=torch.float64)
loss = (recurrence(x, *weights)[-1] * target).sum()  # its gradient is the target
loss.backward()
with torch.no_grad():
    by_hand = through_time(x, *weights, target)
for name, mine, weight in zip(("W", "U", "b"), by_hand, weights, strict=True):
    check.close(mine, weight.grad, what=name)

# %% [markdown] lang="ko"
# ### 두 방향으로 읽기
#
# ‘a small red star’의 ‘a’가 어느 물체의 관사인지는 앞말만 보고는 모릅니다. 뒤에 오는 말도 봐야 합니다. 양방향(bidirectional) 순환 신경망은 문장을 왼쪽에서
# 한 번, 오른쪽에서 한 번 읽고 두 상태를 이어 붙입니다. 거꾸로 읽을 때는 입력을 뒤집어 넣고 결과를 다시 뒤집으면 됩니다.

# %% [markdown] lang="en"
# ### Reading in both directions
#
# Which thing the “a” of “a small red star” belongs to cannot be told from the words before it; those after it matter
# as well. A bidirectional recurrent network reads once from the left and once from the right, and concatenates the
# two states. To read from the right, the input is reversed, and the result is reversed back.

# %%
both = nn.RNN(input_size=5, hidden_size=4, bidirectional=True).double()
W1, U1, b1, c1, W2, U2, b2, c2 = (each.detach() for each in both.parameters())
forwards = recurrence(x, W1, U1, b1 + c1)
backwards = recurrence(x.flip(0), W2, U2, b2 + c2).flip(0)
check.close(torch.cat([forwards, backwards], dim=1), both(x)[0], what="both directions")

# %% [markdown] lang="ko"
# ## 게이트는 왜 있을까요?
#
# 역전파의 식을 보면 한 단계를 거슬러 갈 때마다 $U^\top$과 $1 - h^2$이 곱해집니다. [‘ResNet’ 장](11_resnet)에서 본 것과 같은 꼴의 곱입니다. 입력
# 30개를 읽고 나서 첫 입력까지 거슬러 가면 무엇이 남을까요?
#
# LSTM은 1997년에 나온 답입니다 {cite:p}`hochreiter1997long`. 상태 곁에 기억 $c_t$를 따로 두고, 행렬을 곱하는 대신 더해서 고칩니다.
# $c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t$에서 $\tilde c_t$는 입력과 상태에서 새로 계산한 후보이고, $f_t$와 $i_t$는 0과
# 1 사이의 값, 곧 게이트(gate)입니다. 게이트도 입력과 상태에서 계산합니다. 상태는 셋째 게이트 $o_t$를 써서 $h_t = o_t \odot \tanh(c_t)$로 구합니다.
# $f_t$가 1에 가까우면 기억이 거의 그대로 남고 그레이디언트도 거의 그대로 전해집니다. 원래 논문에는 $f_t$가 없었고, 기억은 언제나 그대로 남았습니다. 지금 쓰는 LSTM에는
# 나중에 더해진 $f_t$가 있습니다. GRU는 게이트가 더 적은 변형입니다 {cite:p}`cho2014learning`.
#
# 입력 30개를 읽은 마지막 상태를 각 입력으로 미분하고 그 크기를 잽니다. 마지막 입력에서의 크기를 1로 놓습니다. 기억을 남기는 게이트가 처음에 얼마나 열려 있는지는 그 게이트의 편향이
# 정합니다. 편향이 0이면 $f_t$는 0.5쯤, 3이면 0.95쯤입니다.

# %% [markdown] lang="en"
# ## Why are there gates?
#
# In backpropagation every step back multiplies by $U^\top$ and by $1 - h^2$, a product like the one in [the chapter
# on ResNet](11_resnet). After 30 inputs have been read, what is left of it at the first input?
#
# The LSTM of 1997 is an answer {cite:p}`hochreiter1997long`. Beside the state it has a memory $c_t$, which is changed
# by adding and not by multiplying with a matrix. In $c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t$, $\tilde c_t$ is
# a new candidate, computed from input and state, and $f_t$ and $i_t$ are gates, values between 0 and 1 that are
# computed from input and state as well. A third gate, $o_t$, gives the state, $h_t = o_t \odot \tanh(c_t)$. Where
# $f_t$ is near 1, the memory stays almost as it is, and so does the gradient. The original paper had no $f_t$, and
# the memory was always kept in full; $f_t$ was added later, and today's LSTM has it. The GRU is a variant with fewer
# gates {cite:p}`cho2014learning`.
#
# We read 30 inputs and differentiate the last state with respect to each of them. The size at the last input counts
# as 1. How far the gate that keeps the memory is open at first depends on its bias: with 0, $f_t$ is about 0.5, with
# 3 about 0.95.


# %%
def recurrent(kind, inputs, hidden, bias=None):
    """nn.RNN, nn.LSTM or nn.GRU; bias: of the gate that keeps the memory."""
    network = kind(inputs, hidden, batch_first=True)
    if bias is not None:  # in both, PyTorch keeps that gate in the second block
        with torch.no_grad():
            network.bias_ih_l0[hidden : 2 * hidden] = bias
            network.bias_hh_l0[hidden : 2 * hidden] = 0
    return network


kinds = {
    "tanh": (nn.RNN, None),
    "LSTM, bias 0": (nn.LSTM, 0.0),
    "LSTM, bias 3": (nn.LSTM, 3.0),
    "GRU, bias 3": (nn.GRU, 3.0),
}
arriving = {}
for name, (kind, bias) in kinds.items():
    sizes = []
    for seed in range(3):
        torch.manual_seed(seed)
        x = torch.randn(16, 30, 32, requires_grad=True)  # (N, T, D)
        last = recurrent(kind, 32, 64, bias)(x)[0][:, -1]
        (gradient,) = torch.autograd.grad(last.sum(), x)
        sizes.append(gradient.norm(dim=(0, 2)))
    mean = torch.stack(sizes).mean(0)
    arriving[name] = (mean / mean[-1]).tolist()
    print(f"{name:14} at the first input × {arriving[name][0]:.1e}")
check.that(
    arriving["tanh"][0] < 1e-5 < 0.05 < arriving["LSTM, bias 3"][0],
    f"{arriving['tanh'][0]:.1e}, {arriving['LSTM, bias 3'][0]:.2f}",
)

# %% name="fig-gradient" tags=["hide-input"] alt_ko="로그 눈금 그래프. 마지막 입력에서 멀어질수록 tanh의 그레이디언트는 곧게 떨어지고, 편향이 0인 LSTM도 조금 느리게 곧게 떨어집니다. 편향이 3인 LSTM과 GRU는 거의 평평합니다." alt_en="Log plot. Away from the last input the gradient of tanh falls along a straight line, and that of the LSTM with bias 0 along one a little less steep. LSTM and GRU with bias 3 are almost flat." caption_ko="30번째 입력을 읽은 상태를 각 입력으로 미분한 크기. 훈련하기 전입니다. 반쯤 닫힌 게이트는 그레이디언트를 지키지 못합니다." caption_en="The size of the derivative of the state after input 30 with respect to each input, before training. Gates that are half closed do not keep a gradient."
look.curves(
    arriving, logy=True, percent=False, xlabel="input", ylabel="gradient, last = 1"
)

# %% [markdown] lang="ko"
# 게이트가 있다고 그레이디언트가 저절로 남는 것은 아닙니다. 반쯤 닫힌 게이트 29개를 거슬러 가면 기억을 따라서는 $0.5^{29}$쯤만 남습니다. 위에서 잰 값은 이보다 큽니다.
# 그레이디언트가 상태 $h$를 거쳐서도 전해지기 때문입니다. 그래도 거의 사라지는 것은 tanh와 같습니다. 이것이 기울기 소실(vanishing gradient)입니다. 그레이디언트가
# 남으려면 게이트가 열려 있어야 합니다.
#
# 이 차이가 훈련에서도 나타나는지 작은 과제로 봅시다. 여덟 가지 기호를 늘어놓은 길이 30의 수열을 읽고 **첫 기호**를 답합니다. 찍으면 12.5%를 맞힙니다.

# %% [markdown] lang="en"
# So gates by themselves do not keep a gradient. Back through 29 half-closed ones, about $0.5^{29}$ of it is left
# along the memory. What we measured is more, since the gradient also passes through the state $h$; but it all but
# vanishes, as with tanh. This is the vanishing gradient. For a gradient to be kept, the gates have to be open.
#
# Does it matter in training? Here is a small task: read a sequence of 30 symbols, of eight kinds, and answer with the
# **first** one. By chance 12.5% are right.


# %%
def remembers(kind, bias, steps=30, batches=300, seed=0):
    """The accuracy over the last 20 batches of a short training."""
    torch.manual_seed(seed)
    network, answer = recurrent(kind, 8, 64, bias), nn.Linear(64, 8)
    parameters = [*network.parameters(), *answer.parameters()]
    optimizer = optim.Adam(parameters, lr=5e-3)
    right = []
    for _ in range(batches):
        x = torch.randint(8, (64, steps))
        logits = answer(network(torch.eye(8)[x])[0][:, -1])
        loss = functional.cross_entropy(logits, x[:, 0])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        right.append((logits.argmax(1) == x[:, 0]).float().mean().item())
    return sum(right[-20:]) / 20


memory = {name: remembers(*kinds[name]) for name in list(kinds)[:3]}
print({name: round(accuracy, 3) for name, accuracy in memory.items()})
check.that(
    memory["LSTM, bias 3"] > 0.9 > memory["LSTM, bias 0"] + 0.5,
    f"{memory['LSTM, bias 3']:.3f}, {memory['LSTM, bias 0']:.3f}",
)

# %% [markdown] lang="ko"
# 편향이 3인 LSTM은 거의 다 맞히고, 편향이 0인 LSTM은 찍는 것과 다르지 않습니다. 게이트가 없는 tanh는 24%쯤으로 찍는 것보다는 낫지만, 미니배치 300개로는 거기까지
# 가지 못합니다. 우리 문장은 시작과 끝의 표시까지 세어도 낱말이 15개를 넘지 않아서 어느 쪽이든 쓸 수 있습니다. 읽을 때는 논문처럼 게이트가 없고 tanh 대신 ReLU를 쓰는 것을,
# 쓸 때는 GRU를 씁니다.

# %% [markdown] lang="en"
# The LSTM with bias 3 gets almost all right, and the one with bias 0 is no better than chance. The tanh network,
# without any gate, is better than chance at about 24%, but 300 mini-batches do not take it as far as that. Our
# sentences are no longer than 15 words even with the marks for their beginning and end, and either kind will do. To
# read we use one without gates and with ReLU in place of tanh, as the paper does, and to write a GRU.

# %% [markdown] lang="ko"
# ## 영역과 낱말을 한 공간에
#
# 이제 첫째 모델인 정렬 모델(alignment model)을 만듭니다. 영역과 낱말을 같은 공간의 벡터로 만들고, 서로 맞는 것끼리 내적이 커지게 합니다.
#
# 논문은 R-CNN이 찾은 상자 가운데 점수가 높은 19개와 그림 전체, 모두 20개를 영역으로 씁니다. 우리는 탐지기 대신 장면이 아는 상자를 씁니다. 완벽한 탐지기가 있는 셈입니다.
# 영역을 오려 32×32픽셀로 만들고, `shapes`로 훈련해 둔 작은 CNN의 특징 맵(64채널, 4×4), 세 채널의 색(4×4), 상자의 자리와 넓이를 이어 붙이면
# $1024 + 48 + 5 = 1077$개의 수가 됩니다. 논문의 특징에는 상자의 자리가 없습니다. CNN의 가중치는 동결하므로 특징은 한 번만 계산합니다.

# %% [markdown] lang="en"
# ## Regions and words in one space
#
# The first model is the alignment model. It turns regions and words into vectors of one space, so that their inner
# product is large where they fit.
#
# The paper takes as regions the 19 best boxes that R-CNN finds and the whole picture, 20 in all. Instead of a
# detector we use the boxes that the scene knows, as if we had a perfect one. Each region is cut out and resized to
# 32×32 pixels. The feature maps of a small CNN trained on `shapes` (64 channels, 4×4), the colours in three channels
# (4×4), and the place and area of the box together make $1024 + 48 + 5 = 1077$ numbers. In the paper the place of the
# box is not among the features. The CNN's weights are frozen, so the features are computed just once.


# %% name="fig-models" tags=["hide-input"] alt_ko="네 줄기. 영역은 CNN과 선형층을 지나 v가 되고, 낱말은 임베딩과 양방향 RNN과 한 층을 지나 s가 됩니다. 둘의 내적은 영역에 대한 최댓값과 낱말에 대한 합을 거쳐 점수가 됩니다. 마지막은 생성 모델로, 영역의 특징과 앞 낱말이 GRU로 들어가 영역을 가리키고 다음 낱말을 말합니다." alt_en="Four columns. Regions pass a CNN and a linear layer and become v; words pass an embedding, a bidirectional RNN and a layer and become s; their products pass a maximum over regions and a sum over words and become the score. The last is the generator: features of a region and the word before enter a GRU, which points to a region and says the next word." caption_ko="이 장의 두 모델. 앞의 세 줄기가 정렬이고, 마지막이 장의 뒤쪽에서 장면의 문장을 쓸 생성 모델입니다. 주황색은 훈련하는 층이고, CNN의 가중치는 동결합니다." caption_en="The two models of this chapter: the first three columns are alignment, the last is generation, which will write sentences about scenes later in the chapter. Orange layers are trained; the CNN's weights are frozen."
def trained(name, detail=""):
    return draw.layer(name, detail, colour="orange")


draw.row(
    draw.block(
        [[("CNN", "fixed"), trained("linear")]], merge=None, input="regions", output="v"
    ),
    draw.block(
        [[trained("embedding"), trained("RNN", "both ways"), trained("layer")]],
        merge=None,
        input="words",
        output="s",
    ),
    draw.block(
        [[("max", "over regions"), ("sum", "over words")]],
        merge=None,
        input="v · s",
        output="score",
    ),
    draw.block(
        [[("CNN", "fixed"), trained("linear")], [trained("embedding")]],
        merge="concat",
        input="region, word before",
        after=[
            trained("GRU"),
            trained("point", "to a region"),
            trained("say", "a word"),
        ],
        output="next word",
    ),
    gap=30,
)

# %%
regions = captioner.Regions().calibrate(train_set.images, train_set.boxes)
features, there = regions(train_set.images, train_set.boxes)
test_features, test_there = regions(test_set.images, test_set.boxes)
words = captioning.vocabulary(train_set)
told = captioning.encoded(train_set, words)  # (N, 10, T): 5 English, 5 Korean
test_told = captioning.encoded(test_set, words)
print("features", tuple(features.shape), "sentences", tuple(told.shape))
print(len(words), "words:", *words.words[:12], "…")
print([words.words[number] for number in told[0, 5].tolist()])

# %% [markdown] lang="ko"
# 한국어의 조사는 앞의 명사에서 떼어 `+이`처럼 따로 한 낱말로 셉니다. ‘별이’를 한 낱말로 두면 신경망이 조사를 고를 일이 없습니다. 떼어 놓으면 ‘별’ 뒤에 `+이`가 올지
# `+가`가 올지 스스로 골라야 합니다. 문장 앞에는 언어를 알리는 `<en>`이나 `<ko>`를, 끝에는 `<end>`를 붙입니다.
#
# 영역 벡터는 특징의 선형 함수 $v_i = W_m\,\mathrm{CNN}_i + b_m$입니다. 낱말은 먼저 번호마다 벡터가 하나씩 있는 표에서 제 벡터를 찾습니다. 이것이
# 임베딩(embedding)이고, 표의 값도 훈련으로 배웁니다. 양방향 순환 신경망이 이 벡터를 차례로 읽습니다. 낱말 벡터 $s_t$는 그 두 상태를 더해 한 층을 더 지나게 한
# 것입니다. 그림 $k$와 문장 $l$의 점수는 문장의 낱말 $t$마다 그림의 영역 $i$ 가운데 가장 잘 맞는 것을 골라 더합니다.
#
# $$S_{kl} = \sum_{t} \max_{i} \; v_i^\top s_t$$
#
# 최댓값을 쓰는 것은 어느 영역이 맞는지 모르기 때문입니다. 제 짝의 점수는 다른 짝의 점수보다 1 이상 커야 하고, 모자라는 만큼이 손실입니다. 첫째 합은 그림에 다른 문장을, 둘째 합은
# 문장에 다른 그림을 짝지은 것이고, 다른 문장과 그림은 같은 미니배치에서 가져옵니다. 코드에서는 그림의 수로 나눕니다.
#
# $$\mathcal{L} = \sum_k \Big[ \sum_{l \ne k} \max(0, S_{kl} - S_{kk} + 1) + \sum_{l \ne k} \max(0, S_{lk} - S_{kk} + 1) \Big]$$

# %% [markdown] lang="en"
# A Korean particle is taken off its noun and counts as a word, written as `+이`. If 별이 were one word, there would be
# nothing to choose. Apart, the network has to decide by itself whether `+이` or `+가` follows 별. A sentence begins with
# `<en>` or `<ko>`, which tells its language, and ends with `<end>`.
#
# A region's vector is a linear function of its features, $v_i = W_m\,\mathrm{CNN}_i + b_m$. A word first looks up its
# own vector in a table that has one for each word number. This is an embedding, and the values in the table are
# learned, too. A bidirectional recurrent network reads these vectors, and the word's vector $s_t$ is the sum of both
# states, passed through one more layer. The score of picture $k$ with sentence $l$ takes for each word $t$ of the
# sentence the region $i$ of the picture that fits best, and adds up:
#
# $$S_{kl} = \sum_{t} \max_{i} \; v_i^\top s_t$$
#
# The maximum is there because nobody knows which region is meant. A true pair should score at least 1 more than a
# wrong one, and whatever is missing is the loss. The first sum pairs the picture with other sentences, the second the
# sentence with other pictures, and the others come from the same mini-batch. The code divides by the number of
# pictures.
#
# $$\mathcal{L} = \sum_k \Big[ \sum_{l \ne k} \max(0, S_{kl} - S_{kk} + 1) + \sum_{l \ne k} \max(0, S_{lk} - S_{kk} + 1) \Big]$$


# %%
class Alignment(nn.Module):
    """Regions (N, R, F), which are there (N, R), sentences (M, T) -> scores (N, M)."""

    def __init__(self, features, words, width=64):
        super().__init__()
        self.regions = nn.Linear(features, width)
        self.embed = nn.Embedding(words, width, padding_idx=0)
        self.forwards = nn.RNN(width, width, nonlinearity="relu")
        self.backwards = nn.RNN(width, width, nonlinearity="relu")
        self.words = nn.Linear(width, width)

    def read(self, sentence):  # (T,) without padding
        x = self.embed(sentence)  # (T, width)
        h = self.forwards(x)[0] + self.backwards(x.flip(0))[0].flip(0)
        return self.words(h).relu()  # (T, width)

    def forward(self, features, there, sentences):
        v = self.regions(features)  # (N, R, width)
        scores = []
        for sentence in sentences:
            s = self.read(sentence[sentence > 0])
            products = v @ s.T  # (N, R, T)
            products[~there] = -math.inf
            scores.append(products.amax(1).sum(1))  # the best region of each word
        return torch.stack(scores, dim=1)  # (N, M)


def ranking_loss(scores, margin=1.0):
    own = scores.diagonal()
    total = 0.0
    for k in range(len(scores)):
        for j in range(len(scores)):
            if j != k:
                total += max(0.0, (scores[k, j] - own[k] + margin).item())
                total += max(0.0, (scores[j, k] - own[k] + margin).item())
    return total / len(scores)  # a picture


torch.manual_seed(0)
alignment = captioner.Alignment(features.shape[2], len(words))
mine = Alignment(features.shape[2], len(words))
theirs = alignment.state_dict()
renamed = {
    name: theirs[
        name.replace("forwards", "recurrent")
        if "forwards" in name
        else name.replace("backwards", "recurrent") + "_reverse" * ("backwards" in name)
    ]
    for name in mine.state_dict()
}
mine.load_state_dict(renamed)
few = slice(0, 6)
scores = alignment(test_features[few], test_there[few], test_told[few, 0])
check.close(
    mine(test_features[few], test_there[few], test_told[few, 0]), scores, atol=1e-3
)
check.close(
    ranking_loss(scores), captioner.ranking_loss(scores), atol=1e-3, what="loss"
)

# %% [markdown] lang="ko"
# 패키지의 모델은 같은 계산을 모든 짝에 대해 한꺼번에 합니다. 이제 훈련합시다. 에폭마다 장면에 딸린 두 언어의 문장 열 개 가운데 하나를 무작위로 골라 씁니다.

# %% [markdown] lang="en"
# The model in the package does the same for all pairs at once. Now we train it. In each epoch every scene comes with
# one of its ten sentences, in either language, drawn at random.

# %%
losses = captioning.fit_alignment(alignment, features, there, told, epochs=12, lr=3e-3)
print(*(f"{loss:.1f}" for loss in losses))

# %% [markdown] lang="ko"
# ### 찾아오기
#
# 점수가 쓸 만한지는 찾아오기(retrieval)로 잽니다. 장면 100개와 그 문장들을 섞어 놓고, 장면을 주면 제 문장을, 문장을 주면 제 장면을 찾게 합니다. recall@k는 물음
# 가운데 옳은 답이 k위 안에 든 것의 비율입니다. 찍으면 recall@1은 1%입니다. 그런데 문장 하나가 다른 장면에서도 참일 수 있습니다. 그래서 완벽한 모델이라면 얼마나 맞힐 수
# 있는지 따로 셉니다.

# %% [markdown] lang="en"
# ### Retrieval
#
# Whether the scores are any good is measured by retrieval. Among 100 scenes and their sentences, given a scene, find
# its sentence, and given a sentence, find its scene. Recall@k is the share of queries whose right answer is among the
# best k. By chance recall@1 is 1%. But a sentence may be true of another scene, too. So we also count how much a
# perfect model could get.

# %%
hundred = test_set.subset(list(range(100)))
gallery = test_features[:100], test_there[:100]
found = {
    "English, 5 each": captioning.retrieval(alignment, *gallery, test_told[:100, :5]),
    "English, 1 each": captioning.retrieval(alignment, *gallery, test_told[:100, :1]),
    "Korean, 1 each": captioning.retrieval(alignment, *gallery, test_told[:100, 5:6]),
}
recalls = pd.concat({name: pd.DataFrame(each).T for name, each in found.items()})
fitting = [
    sum(hundred.true(scene, told_of[0]) for scene in range(100))
    for told_of in hundred.captions["en"]
]
ceiling = sum(1 / count for count in fitting) / 100
print(recalls.round(2).to_string())
print(f"a perfect model, search, 1 each: {ceiling:.2f}")
least = recalls["recall@1"].min()
check.that(least > 0.4, f"recall@1 {least:.2f} > 0.40; by chance 0.01")

# %% name="fig-recall" tags=["hide-input"] alt_ko="막대 일곱 개. 여섯은 영어와 한국어, 문장 찾기와 장면 찾기의 recall@1이고 마지막은 찍었을 때의 1%입니다. 여섯은 모두 그보다 훨씬 깁니다." alt_en="Seven bars: six are recall@1 in English and Korean, finding sentences and finding scenes; the last is the 1% of chance. All six are far longer than it." caption_ko="장면 100개에서의 recall@1. annotation은 장면을 주고 문장을, search는 문장을 주고 장면을 찾는 것입니다. each 앞의 수는 장면마다 있는 문장의 수입니다." caption_en="Recall@1 among 100 scenes. Annotation: from a scene to its sentence. Search: from a sentence to its scene. The number before each is that of sentences for a scene."
shown = {" ".join(key): value for key, value in recalls["recall@1"].items()}
look.bars(shown | {"chance": 0.01}, percent=True, highlight="chance", xlabel="recall@1")

# %% [markdown] lang="ko"
# 장면마다 문장이 하나뿐이어도 넷에 셋쯤은 1위로 찾습니다. 문장으로 장면을 찾을 때 완벽한 모델이라면 97%입니다. 한국어도 영어만큼 찾습니다. 한 모델이 두 언어의 낱말을 같은 공간에
# 놓습니다.

# %% [markdown] lang="en"
# Even with one sentence each, about three of four answers come first. In finding scenes from sentences a perfect
# model would get 97%. Korean does about as well as English: one model puts the words of both languages into the same
# space.

# %% [markdown] lang="ko"
# ## 어느 낱말이 어느 영역을 찾았을까요?
#
# 모델은 장면과 문장의 짝만 보았고, 상자에는 이름이 없었습니다. 그런데도 낱말마다 어느 영역과의 내적이 가장 큰지 물을 수 있습니다.

# %% [markdown] lang="en"
# ## Which word found which region?
#
# The model has seen only pairs of scenes and sentences, and boxes without names. Yet for every word one can ask which
# region has the largest product with it.

# %% name="fig-words" tags=["hide-input"] alt_ko="히트맵. 가로는 문장의 낱말, 세로는 그림 전체와 물체의 영역입니다. 도형 이름의 열에서 내적이 가장 크게 갈리고, 두 이름은 서로 다른 영역에서 가장 큽니다. 관사와 전치사의 열은 거의 하얗습니다." alt_en="Heat map: words of a sentence across, the whole picture and its regions down. The products differ most in the columns of the two nouns, each of which has its largest in a different region. Articles and prepositions are almost white." caption_ko="낱말과 영역의 내적. 점은 낱말마다 내적이 가장 큰 영역입니다. whole은 그림 전체이고, 1과 2는 왼쪽부터 차례로 센 물체입니다." caption_en="The inner products of words and regions; a dot marks the region with the largest for each word. Whole is the whole picture, 1 and 2 are the things from left to right."
with torch.no_grad():
    one = test_told[1, 0]  # the first English sentence of test scene 1
    one = one[one > 0]
    own = test_features[1][None], one[None]
    products = alignment.products(*own)[0, 0][test_there[1]]  # (R, T)
shown = products[:, 1:-1]  # without <en> and <end>
figure = look.heat(shown, label="product", signed=True, width=6.6)
figure.set_size_inches(6.6, 2.9)
axes = figure.axes[0]
axes.set_aspect("auto")
axes.set_xticks(
    range(shown.shape[1]),
    [words.words[n] for n in one[1:-1].tolist()],
    rotation=60,
    ha="right",
    rotation_mode="anchor",
)
axes.set_yticks(range(len(shown)), ["whole", *range(1, len(shown))])
for t, best in enumerate(shown.argmax(0).tolist()):
    axes.plot(t, best, marker="o", markersize=7, color="#ff5533")
figure

# %% [markdown] lang="ko"
# 영역마다 제 낱말을 모으면 이름 없는 상자에 이름이 생깁니다. 그런데 낱말을 하나씩 따로 보면 ‘a’나 ‘the’처럼 그것만으로는 어느 물체도 가리키지 않는 말이 여러 영역으로
# 흩어집니다. 논문은 이웃한 낱말끼리 되도록 같은 영역을 가리키게 하려고, 다음 값을 가장 크게 하는 영역의 열 $a_1, \dots, a_T$를 고릅니다. $[\,\cdot\,]$는 안의
# 식이 참이면 1, 거짓이면 0입니다.
#
# $$\sum_t v_{a_t}^\top s_t + \beta \sum_{t > 1} [a_t = a_{t-1}]$$
#
# 영역이 $R$개이고 낱말이 $T$개이면 가능한 열은 $R^T$가지지만, 왼쪽부터 차례로 풀 수 있습니다. 낱말 $t$가 영역 $r$을 가리키며 끝나는 가장 큰 합은, 앞 낱말이 같은
# 영역일 때($\beta$를 더함)와 다른 영역일 때 가운데 큰 쪽에서 나옵니다. 이 동적 계획법(dynamic programming)을 손으로 짜고, 무작위로 만든 짧은 예에서 모든
# 경우를 따져 확인합니다.

# %% [markdown] lang="en"
# Collected by region, the words give names to boxes that had none. Taken one by one, though, words like “a” and
# “the”, which by themselves point to no thing, scatter over the regions. The paper prefers that neighbouring words
# have the same region: it chooses the regions $a_1, \dots, a_T$ that make the following as large as possible.
# $[\,\cdot\,]$ is 1 where the statement inside is true, and 0 where it is false.
#
# $$\sum_t v_{a_t}^\top s_t + \beta \sum_{t > 1} [a_t = a_{t-1}]$$
#
# With $R$ regions and $T$ words there are $R^T$ choices, but the problem can be solved from left to right. The
# largest sum that ends with word $t$ in region $r$ comes from the word before, in the same region (plus $\beta$) or
# in another, whichever is larger. We write this dynamic programming by hand, and check it on short random examples by
# trying all choices.


# %%
def smoothed(products, beta):
    """The regions of the words with the largest sum; products (R, T)."""
    best, back = products[:, 0], []
    for t in range(1, products.shape[1]):
        change, came = best.max(0)  # from the best region, whichever
        keep = best + beta >= change
        back.append(torch.where(keep, torch.arange(len(best)), came))
        best = torch.where(keep, best + beta, change) + products[:, t]
    places = [best.argmax().item()]
    for came in reversed(back):
        places.append(came[places[-1]].item())
    return places[::-1]


def value(products, places, beta):
    own = sum(products[r, t].item() for t, r in enumerate(places))
    return own + beta * sum(a == b for a, b in zip(places, places[1:], strict=False))


for seed in range(20):
    some = torch.randn(3, 5, generator=torch.Generator().manual_seed(seed))
    every = torch.cartesian_prod(*[torch.arange(3)] * 5).tolist()
    largest = max(value(some, places, 0.5) for places in every)
    assert abs(value(some, smoothed(some, 0.5), 0.5) - largest) < 1e-4
check.that(True, f"{len(every)} choices, 20 times")
batched = captioner.smoothed(products[None], torch.ones(1, len(products)).bool(), 1.0)
check.close(smoothed(products, 1.0), batched[0], what="as the package")

# %% [markdown] lang="ko"
# 얼마나 맞을까요? 파서는 문장의 명사가 어느 물체를 가리키는지 압니다. 이것은 훈련에 쓰지 않았으므로 시험에 쓸 수 있습니다. 테스트 문장의 명사마다, 모델이 고른 영역이 그 물체의
# 영역인지 셉니다. 여기서부터는 그림 전체를 빼고 물체의 영역에서만 고릅니다.

# %% [markdown] lang="en"
# How often is it right? The parser knows which thing a noun of the sentence names. This was not used in training, so
# it can serve as a test: for each noun in the test sentences, is the region that the model chose that thing's? From
# here on it chooses among the things only, and not the whole picture.


# %%
def nouns_right(places):
    """The share of nouns whose region is the thing that the parser finds."""
    korean = {english: noun for noun, english in parsing.NOUNS["ko"].items()}
    right = []
    for row, scene in enumerate(test_set.things):
        order = sorted(scene, key=lambda thing: thing.box[0] + thing.box[2])
        for nth in range(test_told.shape[1]):
            language = "en" if nth < 5 else "ko"
            claim = parsing.parse(test_set.captions[language][row][nth % 5])
            numbers = test_told[row, nth].tolist()
            both = [each for each in (claim.a, claim.b) if each is not None]
            if len({each.name for each in both}) < len(both):
                continue  # the noun stands twice in the sentence
            for each in both:
                own = [r for r, thing in enumerate(order, 1) if each.fits(thing)]
                noun = each.name if language == "en" else korean[each.name]
                t = numbers.index(words.numbers[noun])
                right.append(len(own) == 1 and places[row, nth, t].item() == own[0])
    return sum(right) / len(right), len(right)


accuracies = {}
for beta in (0.0, 0.5, 1.0, 4.0):
    places = captioning.aligned(alignment, test_features, test_there, test_told, beta)
    accuracies[beta], count = nouns_right(places)
untrained = captioner.Alignment(features.shape[2], len(words))
places = captioning.aligned(untrained, test_features, test_there, test_told, 0.0)
chance, _ = nouns_right(places)
print(f"{count} nouns; untrained {chance:.3f}")
print({beta: round(accuracy, 3) for beta, accuracy in accuracies.items()})
check.that(accuracies[4.0] < accuracies[1.0], "a large β is worse")
check.that(
    accuracies[1.0] > 0.9 > chance + 0.3, f"{accuracies[1.0]:.3f} > {chance:.3f}"
)

# %% [markdown] lang="ko"
# 명사의 99%쯤이 제 물체를 찾았습니다. 훈련하지 않은 모델은 43%입니다. $\beta$가 0일 때도 99%이므로 명사만 보면 $\beta$가 거의 필요 없습니다. 그 몫은 명사 사이에
# 있는 말을 토막에 붙이는 것입니다. $\beta$가 너무 크면 문장이 토막으로 나뉘지 않아 명사까지 틀립니다.

# %% [markdown] lang="en"
# About 99% of the nouns found their things; with an untrained model it is 43%. With a $\beta$ of 0 it is 99% already,
# so the nouns alone hardly need $\beta$. Its work is to attach the words between them to a snippet. Where $\beta$ is
# too large, sentences are no longer cut into pieces, and the nouns go wrong, too.

# %% name="fig-found" tags=["hide-input"] alt_ko="장면 네 장. 상자마다 그 영역을 고른 낱말들이 영어로 적혀 있습니다. 대부분 색과 도형의 이름이 상자 안의 물체와 맞습니다." alt_en="Four scenes. At each box stand the words that chose it; mostly colour and shape fit the thing in the box." caption_ko="영어 문장 하나에서 크기, 색, 도형을 나타내는 낱말이 찾아간 상자. 상자에 이름을 붙여 준 사람은 없습니다." caption_en="Boxes, with the words for size, colour and shape of one English sentence that found them. Nobody had named a box."
names = {*parsing.NOUNS["en"], *parsing.COLOUR_WORDS["en"], *parsing.SIZE_WORDS["en"]}
places = captioning.aligned(alignment, test_features, test_there, test_told, 1.0)
labels, ordered = [], []
for row in range(4):
    boxes = captioner.with_whole(test_set.boxes[row], 96)[1:]
    sentence = [words.words[n] for n in test_told[row, 0].tolist()]
    labels.append(
        [
            " ".join(
                w
                for t, w in enumerate(sentence)
                if w in names and places[row, 0, t] == r
            )
            for r in range(1, len(boxes) + 1)
        ]
    )
    ordered.append(boxes)
look.boxes(test_set.images[:4], ordered, labels, columns=2, size=2.6)

# %% [markdown] lang="ko"
# ## 쓰기: 영역 하나에서 말 한 토막
#
# 둘째 모델은 글을 씁니다. 순환 신경망의 상태에서 다음 낱말의 확률을 소프트맥스로 구하고, 고른 낱말을 다음 입력으로 넣습니다. 그림은 첫 상태로 한 번만 들어갑니다. 글은
# `<en>`에서 시작해 `<end>`에서 끝납니다.
#
# 훈련할 때는 신경망이 고른 낱말 대신 정답 문장의 바로 앞 낱말을 입력으로 넣습니다. 이것을 교사 강요(teacher forcing)라고 합니다. 그러면 모든 단계의 입력을 미리 알고
# 있으므로 문장 전체를 한 번에 계산할 수 있습니다. 손실은 다음 낱말의 교차 엔트로피를 더한 것이고, 코드에서는 낱말의 수로 나눕니다.
#
# $$\mathcal{L} = -\sum_t \log p(w_{t+1} \mid w_1, \dots, w_t, \text{image})$$
#
# 논문에서 영역을 설명하는 모델은 정렬 모델이 찾아 준 영역과 말 토막의 짝으로 배웁니다. 우리도 거기서 시작합니다. 문장마다 같은 영역을 고른 낱말을 모으면 토막이 나옵니다. 사람이 적은
# 영역 이름은 여기서도 쓰지 않습니다.

# %% [markdown] lang="en"
# ## Writing: from one region to a snippet
#
# The second model writes. A softmax turns the state of a recurrent network into probabilities of the next word, and
# the word chosen is the next input. The picture enters once, as the first state. What is written begins with `<en>`
# and ends with `<end>`.
#
# In training the input is the word just before in the right sentence, and not the one that the network would have
# chosen. This is teacher forcing. All inputs are then known beforehand, and a whole sentence is computed at once. The
# loss adds up the cross-entropies of the next words; the code divides by the number of words.
#
# $$\mathcal{L} = -\sum_t \log p(w_{t+1} \mid w_1, \dots, w_t, \text{image})$$
#
# The paper's model of regions learns from the pairs of regions and snippets that the alignment model found, and there
# we begin, too. The words of a sentence that chose the same region, taken together, are a snippet. Here again, no
# names of regions written by people are used.


# %%
class Writer(nn.Module):
    """Features (N, F), words (N, T) -> logits of the next words (N, T, words)."""

    def __init__(self, features, words, width=96):
        super().__init__()
        self.first = nn.Linear(features, width)
        self.embed = nn.Embedding(words, width, padding_idx=0)
        self.recurrent = nn.GRU(width, width, batch_first=True)
        self.words = nn.Linear(width, words)

    def forward(self, features, sentences):
        state = self.first(features).tanh()[None]  # (1, N, width)
        hidden, _ = self.recurrent(self.embed(sentences), state)  # (N, T, width)
        return self.words(hidden)

    @torch.no_grad()
    def write(self, features, start, longest=12):
        said = torch.full((len(features), 1), start)
        for _ in range(longest):  # reads all again at each step: simple, if slow
            following = self(features, said)[:, -1].argmax(1)  # greedy
            said = torch.cat([said, following[:, None]], dim=1)
        return said[:, 1:]


def snippets(features, places, sentences, start):
    """Pairs of a region's features and the words (from `start` to <end>) it got."""
    inputs, outputs = [], []
    for row in range(len(features)):
        for its_places, sentence in zip(places[row], sentences[row], strict=True):
            numbers = sentence[sentence > 0][1:-1].tolist()
            where = its_places[1 : len(numbers) + 1].tolist()
            for region in sorted(set(where)):
                got = [n for n, r in zip(numbers, where, strict=True) if r == region]
                inputs.append(features[row, region])
                outputs.append(torch.tensor([start, *got, words.END]))
    return torch.stack(inputs), pad_sequence(outputs, batch_first=True)


few = [0, 1, 5, 6]  # two sentences of each language
places = captioning.aligned(alignment, features, there, told[:, few], stay=1.0)
english = words.start("en")
inputs, outputs = snippets(features, places[:, :2], told[:, few[:2]], english)
print(len(inputs), "snippets, such as:")
for numbers in outputs[:4].tolist():
    print("   ", words.decode(numbers))

torch.manual_seed(0)
writer = Writer(features.shape[2], len(words))
epochs, batch_size = 6, 100
optimizer = optim.Adam(writer.parameters())
schedule = optim.lr_scheduler.OneCycleLR(
    optimizer, 5e-3, total_steps=epochs * -(-len(inputs) // batch_size)
)
losses = []
for _ in range(epochs):
    total = 0.0
    for rows in torch.randperm(len(inputs)).split(batch_size):
        logits = writer(inputs[rows], outputs[rows, :-1])  # the right words go in
        loss = functional.cross_entropy(
            logits.flatten(0, 1), outputs[rows, 1:].flatten(), ignore_index=0
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(writer.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        total += loss.item() * len(rows) / len(inputs)
    losses.append(total)
print(*(f"{loss:.2f}" for loss in losses))

# %% [markdown] lang="ko"
# 토막의 경계가 언제나 옳지는 않습니다. 위에 출력한 토막에서 ‘a small orange’는 뒤에 오는 ring을 꾸미는 말인데 앞 물체의 토막에 남았습니다. 이런 잡음이 섞인 짝으로
# 배웁니다.
#
# 쓴 토막이 맞는지는 파서로 확인합니다. 테스트 장면의 물체마다 한 토막을 쓰게 하고, 거기 나온 이름이 물체와 맞는지 봅니다. 색과 도형이 모두 맞아야 하고, 크기를 말했으면 크기도
# 맞아야 합니다. 기준선은 훈련 토막에 가장 많이 나온 이름을 언제나 답하는 것입니다.

# %% [markdown] lang="en"
# The cuts are not always right: in a snippet printed above, “a small orange” belongs to the ring that follows, but
# stayed with the thing before. The network learns from pairs with such noise in them.
#
# The parser checks what it writes. For each thing of the test scenes the network writes a snippet, and the name in it
# must fit: colour and shape, and the size, where one is said. The baseline always answers with the name that is most
# frequent in the training snippets.


# %%
def name_in(sentence):
    """The first name in an English sentence, or None."""
    said = sentence.split()
    ends = [place + 1 for place, word in enumerate(said) if word in parsing.NOUNS["en"]]
    starts = [place for place, word in enumerate(said) if word in ("a", "an")]
    try:
        return parsing.parse_name(" ".join(said[starts[0] : ends[0]]))
    except (ValueError, IndexError):
        return None


def region_names(features, scenes):
    """For each thing: the name written, and whether it fits."""
    rows = [(row, r) for row, scene in enumerate(scenes) for r in range(len(scene))]
    order = [sorted(s, key=lambda thing: thing.box[0] + thing.box[2]) for s in scenes]
    inputs = torch.stack([features[row, r + 1] for row, r in rows])
    written = [words.decode(each) for each in writer.write(inputs, english).tolist()]
    out = []
    for (row, r), sentence in zip(rows, written, strict=True):
        thing, name = order[row][r], name_in(sentence)
        fits = name is not None and name.colour != "" and name.fits(thing)
        out.append((thing, sentence, fits))
    return out


named = region_names(test_features, test_set.things)
region_truth = sum(fits for *_, fits in named) / len(named)
heard = [name_in(words.decode(numbers)) for numbers in outputs.tolist()]
heard = [name for name in heard if name is not None and name.colour]
common = max(set(heard), key=heard.count)
baseline = sum(common.fits(thing) for thing, *_ in named) / len(named)
print(named[0][1], "/", named[1][1], "/", named[2][1])
print(f"fits: {region_truth:.3f}; always {common}: {baseline:.3f}")
check.that(region_truth > 0.5 > baseline + 0.3, f"{region_truth:.3f} > {baseline:.3f}")

# %% [markdown] lang="ko"
# ## 함께 본 적이 없는 짝
#
# 신경망은 ‘red star’를 통째로 외웠을까요, 아니면 red와 star를 따로 배웠을까요? 훈련 데이터를 만들 때, 색과 도형의 네 가지 짝 가운데 하나라도 들어 있는 장면을 모두
# 뺐습니다. 신경망은 빨간 것도 별도 많이 보았지만 빨간 별은 한 번도 보지 못했습니다. 빨간 별이 처음 나타나면 어떻게 될까요?

# %% [markdown] lang="en"
# ## Pairs never seen together
#
# Has the network learned “red star” by heart, or red and star separately? When the training data were made, we left
# out every scene that has any of four pairs of colour and shape. The network has seen much that is red, and many
# stars, but never a red star. What happens when the first one comes along?

# %%
rare = rare_set.things
rare_features, rare_there = regions(rare_set.images, rare_set.boxes)
rare_named = region_names(rare_features, rare)
new = [each for each in rare_named if held(each[0])]
old = [each for each in named if not held(each[0])]
pairs = {
    "pair seen": sum(fits for *_, fits in old) / len(old),
    "pair never seen": sum(fits for *_, fits in new) / len(new),
}
print(len(old), len(new), {name: round(share, 3) for name, share in pairs.items()})
for thing, sentence, fits in new[:5]:
    print(
        f"{thing.size:5} {thing.colour} {thing.name}: {sentence} {'✓' if fits else '✗'}"
    )
seen, unseen = pairs.values()
check.that(seen > unseen > baseline + 0.1, f"{seen:.3f} > {unseen:.3f}")

# %% name="fig-pairs" tags=["hide-input"] alt_ko="막대 셋. 훈련에서 본 짝의 물체에 맞는 이름의 비율, 본 적이 없는 짝의 물체에 맞는 이름의 비율, 가장 흔한 이름의 비율." alt_en="Three bars: the share of fitting names for things whose pair was seen, for those whose pair was never seen, and of the most common name." caption_ko="영역을 보고 쓴 이름이 물체와 맞는 비율. 크기를 말했으면 크기까지 맞아야 합니다." caption_en="The share of names written for a region that fit the thing, in size as well, where a size is said."
look.bars(
    pairs | {"most common name": baseline}, percent=True, highlight="most common name"
)

# %% [markdown] lang="ko"
# 훈련에서 본 짝은 80%쯤, 본 적이 없는 짝은 35%쯤 맞힙니다. 시험한 물체가 60개뿐이므로 어림값입니다. 찍어서 나올 수는 없는 비율이므로 색과 도형을 얼마쯤은 따로 배웠습니다.
# 그러나 본 짝만큼 맞히지는 못합니다. 위에 출력한 것 가운데는 짝은 맞고 크기만 틀린 것도 있지만, 도형은 맞히고 색은 그 도형과 함께 본 적이 있는 다른 색으로 쓴 것도 있습니다. 빨간
# 별을 검은 별이라고 한 것이 그렇습니다. 훈련에서 별과 함께 나온 적이 없는 색은 별 앞에서 밀리는 듯합니다.

# %% [markdown] lang="en"
# It is right for about 80% of the pairs that were seen, and for about 35% of those that were not, roughly, since only
# 60 things were tried. Guessing could not do this, so to some degree colour and shape have been learned apart. But it
# does less well than on pairs that were seen. Among those printed above, one has the pair right and only the size
# wrong, but others have the right shape and, in place of its colour, another that was seen with that shape: a red
# star is called a black one. It seems that with a star, colours that never came with stars in training are at a
# disadvantage.

# %% [markdown] lang="ko"
# ## 쓰기: 장면 하나에서 문장 하나
#
# 이제 문장 전체를 씁니다. Show and Tell에서는 그림의 특징을 첫 입력으로 한 번 넣고 LSTM이 문장을 씁니다. 그러려면 물체 두셋의 색과 모양과 자리를 벡터 하나에 담아
# 두었다가 필요할 때 꺼내야 합니다. 이 장의 짧은 훈련으로 배우기에는 벅찬 일입니다. 그래서 정렬 모델이 찾은 것을 한 번 더 씁니다. 우리 신경망은 단계마다 **먼저 영역 하나를
# 가리키고, 그다음 그 영역에 맞는 낱말을 말합니다**.
#
# $$p(a_{t+1} \mid h_t) = \mathrm{softmax}(q_t^\top v_i), \qquad p(w_{t+1} \mid h_t, v_{a_{t+1}})$$
#
# $q_t$는 상태 $h_t$의 선형 함수입니다. 여기서 $v_i$는 정렬 모델의 것이 아니라 이 신경망이 새로 배우는 영역 벡터이고, 소프트맥스는 영역 $i$에 걸쳐 구합니다. 훈련할
# 때는 앞 낱말뿐 아니라 영역도 정렬 모델이 찾은 것을 넣어 줍니다. 두 논문에는 없는 부분이고, 같은 해에 나온 ‘Show, Attend and Tell’의 어텐션(attention)
# {cite:p}`xu2015show`과 닮았습니다. 다만 그 논문의 신경망은 어디를 볼지도 그림과 문장만으로 배웁니다. 영어와 한국어는 같은 신경망이 쓰고, 첫 낱말 `<en>`이나
# `<ko>`가 언어를 정합니다.

# %% [markdown] lang="en"
# ## Writing: from a scene to a sentence
#
# Now whole sentences. In Show and Tell the picture's features are the first input of an LSTM, once, and then it
# writes. It has to keep the colours, shapes and places of two or three things in one vector, and to take them out
# again when they are needed, which is a lot to learn in a training as short as this chapter's. So we make use of the
# alignment model's findings once more. At each step our network **first points to a region, and then says a word that
# fits it**.
#
# $$p(a_{t+1} \mid h_t) = \mathrm{softmax}(q_t^\top v_i), \qquad p(w_{t+1} \mid h_t, v_{a_{t+1}})$$
#
# $q_t$ is a linear function of the state $h_t$. Here $v_i$ is not the alignment model's vector of a region but one
# that this network learns anew, and the softmax runs over the regions $i$. In training not only the words before but
# also the regions are given, as the alignment model found them. This part is in neither paper. It resembles the
# attention of “Show, Attend and Tell” of the same year {cite:p}`xu2015show`; there, however, the network learns where
# to look from pictures and sentences alone. English and Korean are written by the same network; the first word,
# `<en>` or `<ko>`, decides which.

# %%
torch.manual_seed(0)
caption_network = captioner.Captioner(features.shape[2], len(words), width=96)
parameters = sum(each.numel() for each in caption_network.parameters())
losses = captioning.fit_captioner(
    caption_network, features, there, told[:, few], places,
    epochs=20 if full else 8, batch_size=50, lr=5e-3,
)  # fmt: skip
print(f"{parameters:,} parameters", *(f"{loss:.2f}" for loss in losses))

# %% name="fig-loss" tags=["hide-input"] alt_ko="에폭에 따른 손실의 곡선. 처음에 가파르게 떨어지고 끝까지 조금씩 내려갑니다." alt_en="The loss by epoch: a steep fall at first, then slowly down to the end." caption_ko="낱말 하나의 손실(낱말과 영역의 교차 엔트로피를 더한 것). 끝에서도 아직 내려가고 있어, 더 오래 훈련하면 더 나아질 듯합니다." caption_en="The loss per word (the cross-entropies of word and region added). It is still falling at the end, so a longer training would probably help."
look.curves({"loss": losses}, ylabel="nats a word", percent=False)

# %% [markdown] lang="ko"
# ### 탐욕적 탐색과 빔 탐색
#
# 쓸 때는 단계마다 확률이 가장 큰 낱말을 고를 수 있습니다. 이것이 탐욕적(greedy) 탐색입니다. 그런데 첫 낱말을 잘못 고르면 돌이킬 수 없습니다. 빔 탐색(beam search)은
# 가장 그럴듯한 앞부분을 몇 개 남겨 두고, 그 모두를 한 낱말씩 늘려 다시 가장 그럴듯한 것만 남깁니다. Show and Tell은 20개를 남겼고, 하나만 남기면 BLEU가 2점쯤
# 떨어진다고 적었습니다 {cite:p}`vinyals2015show`.
#
# BLEU는 신경망이 쓴 문장을 기준 문장(reference)과 견줍니다 {cite:p}`papineni2002bleu`. 쓴 문장에서 이어지는 낱말 한 개, 두 개, 세 개, 네 개짜리
# 토막 가운데 기준 문장에도 있는 것의 비율을 각각 구해 기하 평균을 내고, 문장이 너무 짧으면 점수를 깎습니다. 여기서 기준 문장은 장면에 딸린 문장 다섯 개입니다. 계산은
# `torchmetrics`로 하고, 표에는 100을 곱해 적습니다. 그리고 파서로 참인 문장의 비율을 잽니다. 기준선은 둘입니다. 하나는 훈련 데이터에 가장 많이 나온 문장이고, 다른
# 하나는 특징이 가장 가까운 훈련 장면의 문장입니다.

# %% [markdown] lang="en"
# ### Greedy and beam search
#
# To write, one can choose the likeliest word at each step. This is greedy search, and a wrong first word cannot be
# taken back. Beam search keeps a few of the likeliest beginnings, lengthens all of them by a word, and again keeps
# only the likeliest. Show and Tell kept 20, and reports that keeping one costs about 2 points of BLEU
# {cite:p}`vinyals2015show`.
#
# BLEU compares a sentence that the network wrote with reference sentences {cite:p}`papineni2002bleu`. It takes the
# shares of its runs of one, two, three and four words that occur in the references as well, then the geometric mean
# of the four shares, and lowers the score where sentences are too short. Our references are the five sentences of the
# scene. We compute it with `torchmetrics`, and the table has it times 100. And the parser tells the share of
# sentences that are true. There are two baselines: the most frequent sentence of the training data, and the sentence
# of the training scene whose features are nearest.


# %%
def pieces(sentence):
    return " ".join(parsing.words_of(sentence))  # particles apart


def but_for_sizes(row, sentence):
    """Whether it is true once small and large are taken out."""
    try:
        claim = parsing.parse(sentence)
    except ValueError:
        return False
    a, b = (each and replace(each, size="") for each in (claim.a, claim.b))
    there = test_set.things[row], test_set.places[row]
    return parsing.is_true(replace(claim, a=a, b=b), *there, side=96)


def scored(written):
    """The share of true captions, the same but for sizes, and BLEU-4, by language."""
    found = {}
    for language, sentences in written.items():
        own = test_set.captions[language]
        references = [[pieces(each) for each in some] for some in own]
        bleu = bleu_score([pieces(each) for each in sentences], references).item()
        found[language] = captioning.truth(test_set, {language: sentences})[language]
        rest = [but_for_sizes(row, each) for row, each in enumerate(sentences)]
        found[f"but sizes {language}"] = sum(rest) / len(rest)
        found[f"BLEU-4 {language}"] = 100 * bleu
    return found


every = {
    language: [sentence for some in train_set.captions[language] for sentence in some]
    for language in ("en", "ko")
}
frequent = {lang: max(set(all_), key=all_.count) for lang, all_ in every.items()}
distance = torch.cdist(test_features.flatten(1), features.flatten(1))
nearest = distance.argmin(1).tolist()
written = {
    "most frequent": {lang: [frequent[lang]] * len(test_set) for lang in frequent},
    "nearest scene": {
        lang: [train_set.captions[lang][row][0] for row in nearest] for lang in every
    },
}
for beam in (1, 3):
    written[f"ours, beam {beam}"] = captioning.written(
        caption_network, test_features, test_there, words, beam
    )
scores = pd.DataFrame({name: scored(each) for name, each in written.items()}).T
print(scores.round(3).to_string())
ours, beaten = scores.loc["ours, beam 3"], scores.loc["nearest scene"]
check.that(ours["but sizes ko"] > ours["ko"] + 0.1, "sizes are the hard part")
check.that(beaten["en"] < 0.1 and beaten["BLEU-4 en"] > 15, "BLEU without truth")
for language in ("en", "ko"):
    check.that(
        ours[language] > beaten[language] + 0.05,
        f"{language}: {ours[language]:.3f} > {beaten[language]:.3f}",
    )

# %% [markdown] lang="ko"
# 이 짧은 훈련 뒤에 참인 문장은 영어가 37%쯤, 한국어가 21%쯤입니다. 많지 않지만, 가장 가까운 장면의 문장을 그대로 쓰면 참인 것은 1.3%입니다. 무엇이 틀렸을까요? 크기를
# 나타내는 말을 빼고 다시 따지면(표의 ‘but sizes’) 55%와 51%로 오르고, 두 언어의 차이는 4퍼센트포인트쯤으로 줄어듭니다. 색과 도형은 오려 낸 영역만 보면 알 수 있지만,
# 크기는 상자의 자리와 넓이를 적은 수 다섯 개에만 들어 있어서 배우기가 더 어려운 듯합니다. 한국어에서 크기를 더 자주 틀리는 까닭은 이 실험만으로는 알 수 없습니다.
#
# BLEU와 참인 비율을 견주어 보세요. 가장 가까운 장면의 문장은 영어 BLEU-4가 30입니다. 우리 신경망의 절반에 가깝습니다. 그런데 참인 문장은 거의 없습니다. 문장의 틀과 관사만
# 같아도 BLEU는 오르기 때문입니다. BLEU는 겉으로 드러난 낱말을 견주고, 파서는 뜻을 따집니다.

# %% [markdown] lang="en"
# After this short training about 37% of the English sentences and 21% of the Korean ones are true. That is not much,
# but of those of the nearest scene only 1.3% are true. What is wrong with the others? With the words for sizes taken
# out (“but sizes” in the table) it is 55% and 51%, and the difference between the languages shrinks to about 4
# percentage points. Colour and shape can be seen in the region that is cut out; size is only in the five numbers for
# the place and area of the box, and seems to be harder to learn. Why sizes go wrong more often in Korean, this
# experiment cannot tell.
#
# Compare BLEU with the share that is true. The sentences of the nearest scene have a BLEU-4 of 30 in English, almost
# half of our network's. Yet hardly any of them is true. The frame of a sentence and its articles are enough to raise
# BLEU. BLEU compares the words on the surface; the parser looks at what they mean.

# %% name="fig-captions" tags=["hide-input"] alt_ko="테스트 장면 여섯 장과, 신경망이 쓴 영어 문장. 문장마다 참이면 ✓, 아니면 ✗가 있습니다." alt_en="Six test scenes with the English sentences that the network wrote, each marked ✓ if true and ✗ if not." caption_ko="빔을 3으로 하여 쓴 문장. ✓는 파서가 참이라고 한 것입니다. 틀린 문장도 문법은 맞고, 색과 도형은 대개 옳게 부릅니다. ‘large’나 ‘small’이 틀려도 ✗입니다." caption_en="Sentences written with a beam of 3; ✓ are those that the parser finds true. The wrong ones are grammatical, too, and mostly right about colours and shapes; a wrong “large” or “small” is enough for ✗."
best = written["ours, beam 3"]
titles = []
for row in range(6):
    said = best["en"][row].split()
    half = len(said) // 2
    mark = "✓" if test_set.true(row, best["en"][row]) else "✗"
    titles.append(f"{' '.join(said[:half])}\n{' '.join(said[half:])} {mark}")
figure = look.style.figure("full", 5.2)
for nth, (image, title) in enumerate(zip(test_set.images, titles, strict=False)):
    axes = figure.add_subplot(2, 3, nth + 1)
    axes.imshow(image.permute(1, 2, 0).numpy())
    axes.set_title(title, fontsize=look.style.FONTS["small"] - 2)
    axes.set_axis_off()
figure

# %%
for row in range(6):
    print(row, best["ko"][row], "✓" if test_set.true(row, best["ko"][row]) else "✗")

# %% [markdown] lang="ko"
# ### 조사는 맞을까요?
#
# 위에 출력한 한국어 문장에는 거짓인 것이 많습니다. 그래도 조사는 맞을까요? ‘별’ 뒤에는 ‘이’, ‘하트’ 뒤에는 ‘가’가 와야 합니다. 이 규칙을 가르쳐 준 적은 없습니다. 신경망이
# 쓴 한국어 문장에서, 앞말에 따라 꼴이 바뀌는 조사(이/가, 은/는, 을/를)를 모두 모아 맞은 것을 셉니다.

# %% [markdown] lang="en"
# ### Are the particles right?
#
# Many of the Korean sentences printed above are false. Are their particles right all the same? After 별, which ends in
# a consonant, it must be 이, and after 하트, which ends in a vowel, 가. Nobody taught the network this rule. In the
# Korean sentences that it wrote, we collect all particles whose form depends on the word before (이/가, 은/는, 을/를), and
# count those that are right.

# %%
forms = dict(zip("이가은는을를", "이이은은을을", strict=True))
right = []
for sentence in best["ko"]:
    said = parsing.words_of(sentence)
    for noun, particle in zip(said, said[1:], strict=False):
        if particle[0] == "+" and particle[1:] in forms:
            wanted = parsing.with_particle(noun, forms[particle[1:]])
            right.append(noun + particle[1:] == wanted)
particles = sum(right) / len(right)
print(f"{len(right)} particles, right: {particles:.3f}")
check.that(particles > 0.9, f"{particles:.3f} > 0.9; by chance about half")

# %% [markdown] lang="ko"
# 조사 300개가 모두 맞습니다. 문장의 뜻은 틀려도 조사는 맞습니다. 다만 명사가 열 가지뿐이라, 규칙을 알아냈다기보다 명사마다 외웠을 수 있습니다.

# %% [markdown] lang="en"
# All 300 particles are right, even where the sentence is false. But there are only ten nouns, and the network may
# have learned the particle of each by heart, rather than found the rule.

# %% [markdown] lang="ko"
# ## 주장을 다시 계산하기
#
# 논문의 수와 우리 수를 나란히 놓습니다. 논문의 수는 COCO의 사진에서, 우리 수는 문법이 정해진 작은 장면에서 나왔으므로 크기를 견줄 수는 없습니다. 어느 쪽이 더 큰지, 방향만
# 보세요.

# %% [markdown] lang="en"
# ## The claims, recomputed
#
# Here are the papers' numbers beside ours. Theirs are for the photographs of COCO, ours for small scenes with a fixed
# grammar, so the sizes cannot be compared, only the direction: which is larger than which.

# %%
one_each = found["English, 5 each"]
loss_of_greedy = scores.loc["ours, beam 3"] - scores.loc["ours, beam 1"]
claims = [
    ("annotation recall@1, COCO 1K", "K, table 1", "38.4", 100 * one_each["annotation"]["recall@1"]),
    ("search recall@1, COCO 1K", "K, table 1", "27.4", 100 * one_each["search"]["recall@1"]),
    ("BLEU-4, nearest picture", "K, table 2", "10.0", scores["BLEU-4 en"]["nearest scene"]),
    ("BLEU-4, generated", "K, table 2", "23.0", scores["BLEU-4 en"]["ours, beam 3"]),
    ("BLEU, beam 1 costs", "V", "2", loss_of_greedy["BLEU-4 en"]),
]  # fmt: skip
print(f"{'':32}{'source':12}{'theirs':>8}{'ours':>8}")
for what, source, printed, ours_ in claims:
    print(f"{what:32}{source:12}{printed:>8}{ours_:>8.1f}")

# %% [markdown] lang="ko"
# K는 Karpathy와 Fei-Fei {cite:p}`karpathy2015deep`, V는 Vinyals 등 {cite:p}`vinyals2015show`입니다. K의 표 1에 따르면
# 그림 찾기에서 순환 신경망이 의존 구문 트리(dependency tree)보다 조금 나았습니다(Flickr30K의 recall@1이 15.0에서 15.2로). 표 3에서 영역을 설명할
# 때의 BLEU-1은 영역과 토막으로 배운 모델이 35.2, 그림 전체로 배운 모델이 14.2입니다. 그림 전체의 문장으로 배워서는 영역을 잘 설명하지 못한다는 뜻입니다.
#
# K의 Flickr30K 표에서 Vinyals 등의 줄(23/63/5, 17/57/8)은 Show and Tell 표 5의 MNLM 줄과 같습니다. Show and Tell 모델의 값은
# 17/56/7과 17/57/7입니다.

# %% [markdown] lang="en"
# K is Karpathy and Fei-Fei {cite:p}`karpathy2015deep`, V is Vinyals et al. {cite:p}`vinyals2015show`. Table 1 of K
# reports that in finding pictures the recurrent network was a little better than dependency trees (recall@1 on
# Flickr30K from 15.0 to 15.2). In table 3 the BLEU-1 in describing regions is 35.2 for the model that learned from
# regions and snippets, and 14.2 for the one that learned from whole pictures: sentences about whole pictures do not
# teach a model to describe their parts well.
#
# In K's table for Flickr30K, the row of Vinyals et al. (23/63/5, 17/57/8) is the row of MNLM in table 5 of Show and
# Tell. The model of Show and Tell has 17/56/7 and 17/57/7.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **R-CNN은 더 빠른 캡션 생성기입니까? 둘은 어떤 관계입니까?** 하는 일이 다릅니다. R-CNN은 정해진 클래스의 물체에 상자와 이름을 붙이는 탐지기이고, 문장은 쓰지 않습니다.
# Karpathy와 Fei-Fei의 모델에서 R-CNN은 부품입니다. 영역을 내놓고 그 영역의 특징을 계산합니다. 이 장에서는 장면이 아는 상자와 작은 CNN이 그 일을 대신했습니다. 더
# 빠른 탐지기, 이를테면 [Faster R-CNN](16_faster_rcnn)을 넣으면 영역과 특징을 구하는 앞쪽이 빨라집니다.
#
# **영역과 낱말을 함께 놓은 공간의 벡터는 R-CNN의 결과와 전혀 다른 것입니까?** 아닙니다. 클래스를 고르기 직전의 특징을 행렬 하나로 옮긴 것입니다. 바뀐 것은 목표입니다. 클래스
# 점수는 정해진 클래스마다 하나씩 있는 가중치 벡터와의 내적이고, 정렬 모델의 점수는 낱말 벡터와의 내적을 모은 것입니다. 낱말이 클래스의 자리에 들어선 셈입니다.
#
# **CNN과 RNN을 합치면 R-CNN입니까?** 이름이 비슷할 뿐입니다. R-CNN의 R은 영역(region)이고, RNN의 R은 순환(recurrent)입니다.
#
# **점수가 높으면 참입니까?** 꼭 그렇지는 않습니다. 점수는 순위를 매기려고 배운 것입니다. 아래에서는 참인 문장의 left와 right를 맞바꾸어 거짓으로 만들고, 참인 쪽의 점수가
# 더 큰 비율을 잽니다. 색을 바꾸었을 때와 견줍니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **Is R-CNN a faster captioner, or what is their relation?** They do different things. R-CNN is a detector: it puts
# boxes and names on things of a fixed set of classes, and writes no sentences. In the model of Karpathy and Fei-Fei,
# R-CNN is a part. It puts forward the regions and computes their features. In this chapter the boxes that the scene
# knows and a small CNN did that work. With a faster detector, such as [Faster R-CNN](16_faster_rcnn), the front part,
# which finds the regions and their features, becomes faster.
#
# **Are the vectors of the space that regions and words share something altogether different from what R-CNN gives?**
# No. They are the features from just before the choice of a class, passed through one matrix. What has changed is the
# aim. Class scores are inner products with weight vectors, one for each of a fixed set of classes; the alignment
# model's collect inner products with vectors of words. Words take the place of classes.
#
# **Do a CNN and an RNN make an R-CNN?** Only the names are alike. The R of R-CNN is for region, that of RNN for
# recurrent.
#
# **Is a sentence with a high score true?** Not necessarily. The score was trained to rank. Below we exchange left and
# right in true sentences, which makes them false, and count how often the true one scores higher. We compare this
# with changing the colours.


# %%
def higher(change):
    """How often a true English sentence scores more than its changed copy."""
    wins = []
    for row in range(len(test_set)):
        sentence = test_set.captions["en"][row][0]
        other = change(sentence)
        if other == sentence or test_set.true(row, other):
            continue
        pair = [torch.tensor(words.encode(each, "en")) for each in (sentence, other)]
        with torch.no_grad():
            true, false = alignment(
                test_features[row][None],
                test_there[row][None],
                pad_sequence(pair, True),
            )[0].tolist()
        wins.append(true > false)
    return sum(wins) / len(wins), len(wins)


turned = {"left": "right", "right": "left"}
recoloured = dict(
    zip(
        parsing.COLOUR_WORDS["en"],
        [*parsing.COLOUR_WORDS["en"]][1:] + ["red"],
        strict=True,
    )
)
sides, count = higher(lambda s: " ".join(turned.get(w, w) for w in s.split()))
colours, _ = higher(lambda s: " ".join(recoloured.get(w, w) for w in s.split()))
print(f"sides exchanged: {sides:.3f} of {count}; colours changed: {colours:.3f}")
check.that(colours > 0.9 > sides + 0.15, f"{colours:.3f} > {sides:.3f}")

# %% [markdown] lang="ko"
# 색을 바꾸면 98%에서 참인 문장의 점수가 더 큽니다. 좌우를 바꾸면 53%, 곧 찍는 것과 다르지 않습니다. 낱말마다 영역 하나를 고르는 점수에는 두 영역의 **관계**를 따지는 항이
# 없기 때문입니다. 상자의 자리가 특징에 들어 있어 어림할 길은 있지만 배우지 못했습니다. 그런데도 장면을 잘 찾아오는 것은, 장면 100개를 가려내는 데는 물체의 이름만으로 거의 충분하기
# 때문입니다.

# %% [markdown] lang="en"
# With colours changed, the true sentence scores higher in 98% of the cases; with sides exchanged, in 53%, which is no
# better than chance. A score that chooses one region for each word has no term for the **relation** of two regions.
# The place of the box is among the features, so there is a way to approximate it, but it was not learned. It finds
# scenes well all the same, since to tell 100 scenes apart the names of things are almost enough.

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 다섯 연습의 함수는 무작위로 고른 입력에서 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first five are checked on random inputs, and if one is
# wrong, the check tells you what is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 게이트 하나.** 게이트가 하나뿐인 순환 신경망의 한 단계 `gated_step`을 NumPy로 짜세요. 입력 `x`와 앞 상태 `h`를 받아 새 상태를 돌려줍니다. 게이트
# `z`는 `w_gate @ x + u_gate @ h + b_gate`의 시그모이드이고, 새 상태는 `z * h + (1 - z) * tanh(w @ x + u @ h + b)`입니다.

# %% [markdown] lang="en"
# **Exercise: a single gate.** Write in NumPy `gated_step`, one step of a recurrent network with a single gate. It
# takes the input `x` and the state before, `h`, and returns the new state. The gate `z` is the sigmoid of
# `w_gate @ x + u_gate @ h + b_gate`, and the new state is `z * h + (1 - z) * tanh(w @ x + u @ h + b)`.


# %% tags=["exercise"]
def gated_step(x, h, w, u, b, w_gate, u_gate, b_gate): ...


check.exercise("gated_step", gated_step)


# %% tags=["solution"]
# solution
def gated_step(x, h, w, u, b, w_gate, u_gate, b_gate):
    z = 1 / (1 + np.exp(-(w_gate @ x + u_gate @ h + b_gate)))
    return z * h + (1 - z) * np.tanh(w @ x + u @ h + b)


check.exercise("gated_step", gated_step, solution=True)

# %% [markdown] lang="ko"
# **연습: 점수 하나.** 영역 벡터의 배열 `regions`(영역, 차원)와 낱말 벡터의 배열 `words`(낱말, 차원)를 받아, 그림 하나와 문장 하나의 점수 $S$를 돌려주는
# `pair_score(regions, words)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: one score.** Write `pair_score(regions, words)`, which takes an array of region vectors `regions`
# (regions, dimensions) and one of word vectors `words` (words, dimensions) and returns the score $S$ of one picture
# with one sentence.


# %% tags=["exercise"]
def pair_score(regions, words): ...


check.exercise("pair_score", pair_score)


# %% tags=["solution"]
# solution
def pair_score(regions, words):
    products = regions @ words.T  # (regions, words)
    return products.max(axis=0).sum()


check.exercise("pair_score", pair_score, solution=True)

# %% [markdown] lang="ko"
# **연습: recall@k.** `scores[i, j]`는 `i`번 물음과 `j`번 후보의 점수이고, `i`번 물음의 옳은 답은 `i`번 후보입니다. recall@k를 0부터 1까지의
# 수로 돌려주는 `recall_at(scores, k)`를 짜세요. 점수가 같은 경우는 없다고 보아도 됩니다.

# %% [markdown] lang="en"
# **Exercise: recall@k.** `scores[i, j]` is the score of query `i` with candidate `j`, and candidate `i` is the right
# answer of query `i`. Write `recall_at(scores, k)`, which returns recall@k as a number from 0 to 1. You may assume
# that no two scores are equal.


# %% tags=["exercise"]
def recall_at(scores, k): ...


check.exercise("recall_at", recall_at)


# %% tags=["solution"]
# solution
def recall_at(scores, k):
    own = scores.diagonal()[:, None]
    rank = 1 + (scores > own).sum(axis=1)
    return (rank <= k).mean()


check.exercise("recall_at", recall_at, solution=True)

# %% [markdown] lang="ko"
# **연습: 빔 탐색.** 다음 낱말이 바로 앞 낱말에만 달려 있는 언어가 있습니다. 첫 낱말이 `j`일 확률은 `start[j]`이고, 낱말 `i` 다음에 `j`가 올 확률은
# `follow[i, j]`입니다. 단계마다 앞부분을 `beam`개 남기는 빔 탐색으로 낱말 `steps`개짜리 수열을 찾아, 낱말 번호의 리스트로 돌려주는
# `beam_search(start, follow, steps, beam)`을 짜세요.

# %% [markdown] lang="en"
# **Exercise: beam search.** In a certain language the next word depends on the last one alone. The probability that
# the first word is `j` is `start[j]`, and that of `j` after word `i` is `follow[i, j]`. Write
# `beam_search(start, follow, steps, beam)`, which finds a sequence of `steps` words by a beam search that keeps
# `beam` beginnings at each step, and returns it as a list of word numbers.


# %% tags=["exercise"]
def beam_search(start, follow, steps, beam): ...


check.exercise("beam_search", beam_search)


# %% tags=["solution"]
# solution
def beam_search(start, follow, steps, beam):
    kept = [(np.log(p), [word]) for word, p in enumerate(start)]
    for step in range(steps):
        if step:
            kept = [
                (score + np.log(p), [*said, word])
                for score, said in kept
                for word, p in enumerate(follow[said[-1]])
            ]
        kept = sorted(kept, key=lambda each: -each[0])[:beam]
    return kept[0][1]


check.exercise("beam_search", beam_search, solution=True)

# %% [markdown] lang="ko"
# **연습: ‘이’일까요, ‘가’일까요?** 한글로 끝나는 명사에 주격 조사 ‘이’나 ‘가’를 붙여 돌려주는 `subject(noun)`을 짜세요. 한글 음절의 번호는 `ord`로
# 얻습니다. 번호는 `0xAC00`부터 시작하고, 받침 28가지(첫째는 받침 없음)가 차례로 되풀이됩니다.

# %% [markdown] lang="en"
# **Exercise: which particle?** Write `subject(noun)`, which appends the particle of the subject to a noun that ends in a
# Hangul syllable: 이 after a final consonant, 가 if there is none. `ord` gives a syllable's number. The numbers begin
# at `0xAC00`, and 28 finals, the first of which is none, repeat in order.


# %% tags=["exercise"]
def subject(noun): ...


check.exercise("subject", subject)


# %% tags=["solution"]
# solution
def subject(noun):
    final = (ord(noun[-1]) - 0xAC00) % 28
    return noun + ("이" if final else "가")


check.exercise("subject", subject, solution=True)

# %%
questions = [
    (row, thing.name, thing.colour)
    for row, scene in enumerate(test_set.things)
    for thing in scene
    if [other.name for other in scene].count(thing.name) == 1
][:300]
print(len(questions), questions[0])

# %% [markdown] lang="ko"
# **연습: 그림을 보고 물음에 답하기.** 정렬 모델을 시각적 질의응답(visual question answering)에 써 보세요. 물음은 “테스트 장면 `row`에 있는 `noun`은
# 무슨 색입니까?”입니다. 색을 영어로 답하는 `what_colour(row, noun)`을 짜세요. 색 `c`마다 ‘a c noun’을 만들어 점수를 견주면 됩니다.
# `words.encode(sentence, "en")`이 낱말 번호를 주고, 색은 `parsing.COLOUR_WORDS["en"]`에 있습니다(orange 앞에서는 관사가 an입니다).
# 그다음 `questions`에서 정확도를 0부터 1까지의 수로 재어 `colour_accuracy`에 넣으세요. `questions`에는 장면 번호, 명사, 옳은 색이 차례로 들어
# 있습니다. 재기 전에 예상해 보세요. 정렬 모델은 물음에 답하도록 훈련한 적이 없습니다.

# %% [markdown] lang="en"
# **Exercise: answer questions about a picture.** Use the alignment model for visual question answering. The question
# is “what colour is the `noun` in test scene `row`?” Write `what_colour(row, noun)`, which answers with the English
# name of a colour: for each colour `c` make “a c noun”, and compare the scores. `words.encode(sentence, "en")` gives
# the word numbers; the colours are in `parsing.COLOUR_WORDS["en"]` (before orange the article is an). Then measure
# the accuracy on `questions`, a number from 0 to 1, and put it in `colour_accuracy`. Each of the `questions` holds
# the number of the scene, the noun and the right colour, in this order. Guess before you measure: the alignment model
# was never trained to answer questions.


# %% tags=["exercise"]
def what_colour(row, noun): ...


colour_accuracy = ...

check.exercise("what_colour", (what_colour, questions, colour_accuracy))


# %% tags=["solution"]
# solution
def what_colour(row, noun):
    colours = [*parsing.COLOUR_WORDS["en"]]
    asked = [f"{'an' if c == 'orange' else 'a'} {c} {noun}" for c in colours]
    numbers = torch.tensor([words.encode(sentence, "en") for sentence in asked])
    with torch.no_grad():
        scores = alignment(test_features[row][None], test_there[row][None], numbers)
    return colours[scores.argmax().item()]


right = [what_colour(row, noun) == colour for row, noun, colour in questions]
colour_accuracy = sum(right) / len(right)

check.exercise("what_colour", (what_colour, questions, colour_accuracy), solution=True)
print(f"{colour_accuracy:.3f}; by chance {1 / len(parsing.COLOUR_WORDS['en']):.3f}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`karpathy2015deep`: 정렬과 생성, 두 모델이 모두 있는 논문입니다. 3.1절의 점수와 토막, 표 1과 3을 읽어 보세요.
# - {cite:t}`vinyals2015show`: 그림을 한 번 넣고 문장을 쓰는 신경망입니다. 쓴 문장 가운데 훈련 데이터에 똑같이 있는 것이 얼마나 되는지도 밝힙니다.
# - {cite:t}`xu2015show`: 낱말마다 그림의 다른 곳을 보며 쓰는 신경망입니다. 어디를 보았는지도 그림으로 보여 줍니다.
# - {cite:t}`hochreiter1997long`: LSTM을 제안한 논문입니다. 앞부분에서 그레이디언트가 왜 사라지는지를 분석합니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`karpathy2015deep`: the paper with both models, alignment and generation. Read section 3.1 on the score
#   and on snippets, and tables 1 and 3.
# - {cite:t}`vinyals2015show`: a network that sees the picture once and writes. It also tells how many of its
#   sentences occur word for word in the training data.
# - {cite:t}`xu2015show`: a network that looks at a different place in the picture for each word, and shows where it
#   looked.
# - {cite:t}`hochreiter1997long`: the paper that proposed the LSTM; its first part analyses why gradients vanish.
