# %% [markdown] lang="ko"
# # 실습: CIFAR-100
#
# ## 무엇을 하고, 어떤 수를 넘을까요?
#
# 이 실습은 과제입니다. 앞의 일곱 단계는 함께 하고, 여덟째 단계는 여러분이 혼자 합니다. CIFAR-100은 CIFAR-10과 크기가 같은 사진 60,000장이지만
# 클래스가 100개이고, 클래스가 다섯씩 모여 상위 클래스(superclass) 20개를 이룹니다 {cite:p}`krizhevsky2009learning`. 그래서 한
# 대답을 여러 가지로 잴 수 있습니다. 클래스를 맞혔는지, 다섯 답 안에 정답이 있는지, 상위 클래스라도 맞혔는지를 따로 잽니다. 재는 도구와 기준 모델을 함께 만들고,
# 부드러운 목표로 훈련하는 두 가지 방법을 손으로 쓴 다음, **정해진 예산 안에서 가장 높은 테스트 정확도**에 도전합니다.
#
# 예산은 초가 아니라 곱셈-덧셈 연산의 수입니다. 훈련하는 동안 그림이 신경망을 한 장 지날 때마다 거기에 든 연산을 더합니다. 초로 재면 컴퓨터마다,
# 실행할 때마다 다른 과제가 되지만, 연산으로 재면 누가 언제 해도 같은 과제입니다.
#
# GPU가 없는 컴퓨터에서는 도형 5,000장으로 훈련합니다. CIFAR-100처럼 100개의 클래스가 다섯씩 모여 20개의 상위 클래스를 이룹니다. 예산은 곱셈-덧셈
# $1.5 \times 10^{11}$번이고 넘을 수는 **40%**입니다. 찍으면 1%입니다. 함께 만드는 기준 모델은 도형 5,000장 전부로 이 예산을 거의 다 써서
# 훈련해도 시드 셋 가운데 어느 것으로도 30%에 이르지 못했습니다. 2절의 함수 `trained_baseline(train_set, seed)`로 되풀이할 수 있습니다. GPU가
# 있으면 CIFAR-100에서 하고, 예산은 $3.5 \times 10^{14}$번, 넘을 수는 **62%**입니다. 9절에서 셈해 보면 Colab의 T4에서 15분이 걸리지 않는 양입니다.
#
# 쓴 것은 바로 다음 셀에서 검사합니다. 막히면 검사와 같은 이름으로 `check.hint("lab_cifar100_coarse_of")`처럼 부르세요. 힌트를 하나씩 보여
# 줍니다. 앞 단계를 풀지 못했으면 뒤의 셀은 이 책의 답을 대신 쓰므로, 막힌 단계는 건너뛰어도 됩니다. 다 푼 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로
# 1분쯤 걸립니다.

# %% [markdown] lang="en"
# # Lab: CIFAR-100
#
# ## What you will do, and the number to beat
#
# This lab is the assignment. The first seven steps we take together; the eighth is yours. CIFAR-100 has 60,000 photos of the
# same size as those of CIFAR-10, but in 100 classes, and every five classes form one of 20 superclasses
# {cite:p}`krizhevsky2009learning`. So one answer can be measured in several ways: is the class right, is the right class
# among five answers, is at least the superclass right? Together we make the tools to measure and a baseline; you write two
# ways of training with soft targets by hand; then you go for **the best test accuracy within a fixed budget**.
#
# The budget is counted in multiply-adds, not in seconds. For every image that goes through the network in training, the
# multiply-adds that it takes count. Counted in seconds, the task would be a different one on every computer and at
# every run; counted in multiply-adds it is the same for everybody.
#
# A computer without a GPU trains on 5,000 drawings. Like CIFAR-100 they have 100 classes, five to each of 20 superclasses.
# The budget is $1.5 \times 10^{11}$ multiply-adds, and the number to beat is **40%**; guessing gets 1%. The baseline that we
# make together, trained on all 5,000 with nearly the whole budget, did not once get to 30% from three seeds; you can repeat
# that with the function of section 2, `trained_baseline(train_set, seed)`. With a GPU the task is CIFAR-100 itself, the
# budget $3.5 \times 10^{14}$ and the number to beat **62%**. As section 9 reckons, that is less than 15 minutes on Colab's
# T4.
#
# What you write is checked in the next cell. If you are stuck, call `check.hint("lab_cifar100_coarse_of")`, with the name
# that stands in the check: it shows one hint at a time. Until a step is solved, the later cells use the book's answer in its
# place, so you may skip where you are stuck. Once solved, the notebook runs from top to bottom in about a minute on one CPU
# core.

# %%
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from cnnbook import check, data, look, models, runs, train
from cnnbook.exercises import lab_cifar100 as lab

torch.set_num_threads(1)  # then the same seed gives the same weights
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

train_set = lab.images("train")  # CIFAR-100 with a GPU or CNNBOOK_BUDGET=full
real = train_set.name == "cifar100"
BUDGET, TO_BEAT = lab.BUDGET[train_set.name], lab.TO_BEAT[train_set.name]
part, validation = train_set.split(0.8)  # to train on, and to choose on
print(f"{len(part):,} + {len(validation):,} images")
print(f"budget {BUDGET / 1e9:,.0f} billion multiply-adds, to beat {TO_BEAT}")


def choose(step, mine):
    """What you wrote, if its check said right; else the book's answer."""
    done = check.done(f"lab_cifar100_{step}")
    print("✓" if done else "…", step)
    return mine if done else lab.answer(step)


# %% [markdown] lang="ko"
# 테스트 세트는 아직 불러오지 않습니다. 무엇이든 고를 때는 훈련 세트에서 20%를 떼어 둔 `validation`에서 재고, 테스트 세트는 마지막 검사만 씁니다.
# CIFAR-100으로 훈련할 때도 이 노트북에는 도형만 그립니다.

# %% [markdown] lang="en"
# The test set is not loaded yet. Whatever you choose, choose it on `validation`, 20% of the training set, split off; the test
# set is for the last check alone. Where you train on CIFAR-100, this notebook still shows drawings only.

# %% name="fig-families" tags=["hide-input"] alt_ko="도형 그림 쉰 장, 열 열과 다섯 행. 열마다 한 상위 클래스이고 다섯 장은 그 상위 클래스의 다섯 클래스입니다. 왼쪽부터 다각형, 십자, 둥근 꼴, 카드 무늬, 화살표, 꽃, 바람개비, 테두리, 로마자, 그릇입니다. 색과 배경은 장마다 다르고, 도형을 띠가 가린 것도 있습니다." alt_en="Fifty drawings in ten columns and five rows. Each column is a superclass and its five pictures are its five classes: from the left polygons, crosses, rounds, card suits, arrows, flowers, pinwheels, frames, Latin letters and vessels. Colours and backgrounds differ from picture to picture; ribbons hide parts of some figures." caption_ko="상위 클래스 스무 개 가운데 열 개, 한 열에 하나씩. 꽃잎이나 날개의 수처럼, 같은 상위 클래스의 클래스들은 작은 차이로만 갈립니다." caption_en="Ten of the twenty superclasses, one a column. Classes of one superclass differ in little, such as the number of petals or of blades."
drawings = data.load("shapes", classes=100, count=100)  # one of each class, in order
families = drawings.images.unflatten(0, (20, 5))[::2]  # every other superclass
look.grid(families.transpose(0, 1).flatten(0, 1), columns=10, size=0.6)

# %% [markdown] lang="ko"
# ## 1. 클래스에서 상위 클래스로
#
# **왜.** 신경망은 클래스 100개 가운데서 고르도록 훈련합니다. 상위 클래스에서의 정확도를 재려면 클래스의 번호를 상위 클래스의 번호로 옮기는 표가 있어야 합니다.
# 도형의 클래스는 상위 클래스의 차례대로 번호가 붙었지만, CIFAR-100의 클래스 번호는 이름의 알파벳순이어서 계산으로는 알 수 없습니다. 훈련 세트에는 그림마다 두
# 번호가 다 있으니 거기서 읽어 냅니다.
#
# **무엇을.** `coarse_of_fine(labels, coarse_labels)`를 쓰세요. 그림마다의 클래스 번호 (N,)과 상위 클래스 번호 (N,)을 받아, 자리
# i에 클래스 i의 상위 클래스가 있는 정수 텐서 (K,)를 돌려줍니다. 클래스마다 그림이 적어도 한 장은 있습니다.

# %% [markdown] lang="en"
# ## 1. From class to superclass
#
# **Why.** The network is trained to choose among 100 classes. To measure its accuracy on superclasses one needs a table from
# the number of a class to that of its superclass. The drawings' classes are numbered superclass by superclass, but
# CIFAR-100's in the alphabetical order of their names, which no calculation yields. The training set has both numbers of
# every image: read the table from there.
#
# **What.** Write `coarse_of_fine(labels, coarse_labels)`. It takes each image's class (N,) and superclass (N,), and returns a
# tensor of whole numbers (K,) with the superclass of class i at place i. Every class has at least one image.


# %% tags=["exercise"] name="coarse-of"
def coarse_of_fine(labels, coarse_labels):
    """The superclass of each class, (K,), from pairs (N,) and (N,)."""
    ### BEGIN SOLUTION
    found = torch.zeros(int(labels.max()) + 1, dtype=torch.int64)
    found[labels] = coarse_labels
    return found
    ### END SOLUTION


# %%
check.exercise("lab_cifar100_coarse_of", coarse_of_fine)


# %%
table_of = choose("coarse_of", coarse_of_fine)
coarse_of = torch.as_tensor(table_of(train_set.labels, train_set.coarse_labels)).long()
for number, name in enumerate(train_set.coarse_classes[:3]):
    members = (coarse_of == number).nonzero().flatten().tolist()
    print(f"{name}: {', '.join(train_set.classes[each] for each in members)}")

# %% [markdown] lang="ko"
# ## 2. 기준 모델의 머리
#
# **왜.** 기준 모델이 없으면 어떤 수가 좋은지 알 수 없습니다. 몸통은 드립니다. 합성곱, 배치 정규화, ReLU, 최대 풀링을 세 번 되풀이합니다. 몸통에서 나오는
# 맵을 로짓 100개로 바꾸는 머리를 여러분이 만듭니다. 클래스가 100개면 펼쳐서 잇는 완전 연결층이 커지므로, 먼저 맵마다 평균을 냅니다. 이것이 전역 평균
# 풀링(global average pooling)이며, [‘GoogLeNet’ 장](10_googlenet)에 나옵니다.
#
# **무엇을.** 클래스 `Head(channels, classes)`를 쓰세요.
#
# - 맵 (N, channels, H, W)를 받아 로짓 (N, classes)를 돌려줍니다. H와 W가 얼마든 됩니다.
# - 맵마다 평균을 내고, 편향이 있는 완전 연결층 하나를 지납니다.
# - 처음에는 모든 클래스가 같은 로짓을 받아야 합니다. 그러면 손실이 $\ln K$에서 시작합니다. 가중치와 편향을 0으로 시작하세요.

# %% [markdown] lang="en"
# ## 2. The baseline's head
#
# **Why.** Without a baseline nobody knows which number is good. The body is given: convolution, batch normalisation, ReLU and
# max pooling, three times over. You make the head, which turns the body's maps into 100 logits. With 100 classes a fully
# connected layer on the flattened maps would be large, so each map is averaged first: global average pooling, as in [the
# chapter on GoogLeNet](10_googlenet).
#
# **What.** Write the class `Head(channels, classes)`.
#
# - It takes maps (N, channels, H, W) and returns logits (N, classes), whatever H and W are.
# - It takes the mean of each map and then has one linear layer, with biases.
# - At first all classes must get the same logit, so that the loss starts at $\ln K$: start with weights and biases of 0.


# %% tags=["exercise"] name="head"
class Head(nn.Module):
    """The mean of each map, then one linear layer: (N, C, H, W) -> (N, classes)."""

    def __init__(self, channels, classes):
        super().__init__()
        ### BEGIN SOLUTION
        self.linear = nn.Linear(channels, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return self.linear(x.mean(dim=(2, 3)))
        ### END SOLUTION


# %%
check.exercise("lab_cifar100_head", Head)


# %%
head = choose("head", Head)
WIDTHS = (64, 128, 256) if real else (16, 32, 64)


def baseline_network(seed=0):
    """Three stages of convolution, batch norm, ReLU and pooling; then the head."""
    torch.manual_seed(seed)
    stages, channels = [], 3
    for width in WIDTHS:  # height and width: 32 → 16 → 8 → 4
        conv = nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False)
        stages += [conv, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*stages, head(channels, 100))


def for_one_image(network):
    """The multiply-adds that one image takes on its way forward."""
    return int(look.trace(network, (3, 32, 32)).multiply_adds.sum())


print(f"{for_one_image(baseline_network()):,} multiply-adds an image")

# %% [markdown] lang="ko"
# 훈련합니다. `lab.Meter`는 `with` 블록 안에서 일어나는 훈련의 곱셈-덧셈을 셉니다. 그레이디언트를 준비하는 순전파만 세고, 역전파와 평가는 세지 않습니다.
# 예산은 그림 수에 비례해서 줍니다. 훈련 세트의 80%로 훈련하면 예산도 80%입니다. 에폭 수 × 그림 수 × 그림 하나의 곱셈-덧셈 수를 예상해 두었습니다. 세어 본
# 값이 예상과 맞습니까?

# %% [markdown] lang="en"
# Now it is trained. `lab.Meter` counts the multiply-adds of the training inside its `with` block: only those of the way
# forward with gradients prepared, neither the way back nor any evaluation. The budget is in proportion to the images: with
# 80% of the training set goes 80% of it. What we expect is epochs × images × multiply-adds of an image. Does what it counts
# agree?

# %%
EPOCHS = 10
ALLOWED = BUDGET * len(part) / len(train_set)


def trained_baseline(images, seed=0):
    """The baseline after EPOCHS, the history of its training, and the meter."""
    network = baseline_network(seed)
    with lab.Meter(BUDGET * len(images) / len(train_set)) as meter:
        history = train.fit(
            network,
            images,
            epochs=EPOCHS,
            batch_size=50,
            optimizer="sgd",
            lr=0.1,
            schedule="onecycle",
            seed=seed,
            quiet=True,
        )
    return network, history, meter


baseline, history, meter = trained_baseline(part)
expected = EPOCHS * len(part) * for_one_image(baseline)
result = train.evaluate(baseline, validation, like=history)
print(f"{meter}; expected {expected / 1e9:,.0f}")
print(f"validation accuracy {result.accuracy:.3f}")

# %% [markdown] lang="ko"
# ## 3. 다섯 답 안에
#
# **왜.** 클래스가 100개이고 서로 닮은 것이 많으면, 첫째 답이 틀려도 정답이 둘째나 셋째인 일이 흔합니다. top-5 정확도는 정답이 로짓이 가장 큰 다섯 클래스
# 안에 있는 그림의 비율입니다.
#
# **무엇을.** `top_k(logits, labels, k)`를 쓰세요. 로짓 (N, K)와 레이블 (N,)을 받아 비율을 파이썬의 `float`로 돌려줍니다.

# %% [markdown] lang="en"
# ## 3. Among five answers
#
# **Why.** Among 100 classes, many of them alike, the right one is often second or third where the first answer is wrong.
# Top-5 accuracy is the share of images whose right class is among the five with the largest logits.
#
# **What.** Write `top_k(logits, labels, k)`. It takes logits (N, K) and labels (N,), and returns the share as a Python
# `float`.


# %% tags=["exercise"] name="top-k"
def top_k(logits, labels, k):
    """The share, 0..1, of images whose class is among the k largest logits."""
    ### BEGIN SOLUTION
    best = logits.topk(k, dim=1).indices  # (N, k)
    return (best == labels[:, None]).any(dim=1).float().mean().item()
    ### END SOLUTION


# %%
check.exercise("lab_cifar100_top_k", top_k)


# %%
among = choose("top_k", top_k)
for k in (1, 2, 5, 10, 20):
    share = among(result.logits, validation.labels, k)
    print(f"top-{k:<2} {share:.3f}, guessing {k / 100}")

# %% [markdown] lang="ko"
# ## 4. 상위 클래스를 말하는 두 가지 방법
#
# **왜.** 클래스 100개의 로짓에서 상위 클래스를 어떻게 고를까요? 하나는 가장 그럴듯한 클래스를 고르고 그것의 상위 클래스를 말하는 것입니다. 다른 하나는 상위
# 클래스마다 다섯 클래스의 확률을 더하고, 합이 가장 큰 것을 말하는 것입니다. 신경망이 확률을 0.3, 0.25, 0.25, 0.2로 주었고 가운데 둘만 같은 상위
# 클래스라면 두 방법의 대답이 다릅니다. 신경망의 확률이 옳다면, 더하는 쪽이 맞을 확률이 더 큽니다.
#
# **무엇을.** `superclasses(logits, coarse_of)`를 쓰세요. 로짓 (N, K)와 1절의 표 (K,)를 받아, 두 방법으로 고른 상위 클래스의 번호
# (N,) 둘을 첫째 방법의 것, 둘째 방법의 것의 차례로 된 튜플로 돌려줍니다. 상위 클래스에 든 클래스의 수는 다를 수 있습니다.

# %% [markdown] lang="en"
# ## 4. Two ways to name the superclass
#
# **Why.** How to pick a superclass from the logits of 100 classes? One way takes the most likely class and names its
# superclass. The other adds up the probabilities of the five classes of each superclass, and names the one with the largest
# sum. If the network gives 0.3, 0.25, 0.25 and 0.2, and only the two in the middle share a superclass, the two ways differ.
# If the network's probabilities are right, adding them up is right more often.
#
# **What.** Write `superclasses(logits, coarse_of)`. It takes logits (N, K) and the table (K,) of section 1, and returns the
# numbers of the superclasses picked in both ways, (N,) each, as a tuple, the first way's first. Superclasses may have
# different numbers of classes.


# %% tags=["exercise"] name="superclasses"
def superclasses(logits, coarse_of):
    """Superclasses (N,) by the most likely class, and by summed probabilities."""
    ### BEGIN SOLUTION
    of_best = coarse_of[logits.argmax(dim=1)]
    members = functional.one_hot(coarse_of).float()  # (K, superclasses)
    of_sum = (logits.softmax(dim=1) @ members).argmax(dim=1)
    return of_best, of_sum
    ### END SOLUTION


# %%
check.exercise("lab_cifar100_superclasses", superclasses)


# %%
name_both = choose("superclasses", superclasses)
of_best, of_sum = name_both(result.logits, coarse_of)
for way, found in (("most likely class", of_best), ("summed probabilities", of_sum)):
    share = (found == validation.coarse_labels).float().mean().item()
    print(f"coarse accuracy by {way:21}{share:.3f}")
print(f"the two differ on {(of_best != of_sum).float().mean().item():.1%}")

# %% [markdown] lang="ko"
# ## 5. 잘못은 어디에 머물까요?
#
# **왜.** 정확도 하나만으로는 잘못의 종류를 가릴 수 없습니다. 톱니가 8개인 바퀴를 보고 톱니가 10개라고 한 것과 주사위라고 한 것은 다른 잘못입니다. 앞의 것이 많으면
# 신경망이 작은 차이를 아직 보지 못하는 것이고, 뒤의 것이 많으면 아직 모양 자체를 배우지 못한 것입니다.
#
# **무엇을.** `by_superclass(predictions, labels, coarse_of)`를 쓰세요. 대답 (N,), 정답 (N,), 1절의 표 (K,)를 받아
# 표 (C, 3)을 돌려줍니다. 정답의 상위 클래스마다 한 행이고, 한 행에는 그 상위 클래스의 그림 가운데 다음에 드는 그림의 비율을 차례로 적습니다.
#
# 1. 클래스까지 맞힌 것
# 2. 클래스는 틀렸지만 상위 클래스는 맞힌 것
# 3. 상위 클래스도 틀린 것
#
# 행의 합은 1입니다. 다만 그림이 없는 상위 클래스의 행은 모두 0입니다.

# %% [markdown] lang="en"
# ## 5. Where do the mistakes stay?
#
# **Why.** A single accuracy does not tell kinds of mistakes apart. To call a gear with 8 teeth a gear with 10 is one mistake,
# to call it a die another. Where the first kind prevails, the network lacks an eye for small differences; where the second
# does, it has not learned the shapes themselves yet.
#
# **What.** Write `by_superclass(predictions, labels, coarse_of)`. It takes answers (N,), right classes (N,) and the table
# (K,) of section 1, and returns a table (C, 3). Each superclass of the right class is a row, with the shares of its images
# for which
#
# 1. the class is right,
# 2. the class is wrong, but the superclass right,
# 3. the superclass is wrong as well.
#
# A row sums to 1, except that the row of a superclass without images is all 0.


# %% tags=["exercise"] name="by-superclass"
def by_superclass(predictions, labels, coarse_of):
    """Shares (C, 3) of each superclass: right, wrong inside it, wrong outside."""
    ### BEGIN SOLUTION
    right = predictions == labels
    inside = coarse_of[predictions] == coarse_of[labels]
    kinds = torch.stack([right, inside & ~right, ~inside], dim=1).float()  # (N, 3)
    rows = []
    for each in range(int(coarse_of.max()) + 1):
        mine = kinds[coarse_of[labels] == each]
        rows.append(mine.mean(dim=0) if len(mine) else torch.zeros(3))
    return torch.stack(rows)
    ### END SOLUTION


# %%
check.exercise("lab_cifar100_table", by_superclass)


# %%
shares_of = choose("table", by_superclass)


# %% name="fig-superclasses" tags=["hide-input"] alt_ko="상위 클래스 스무 개의 누운 막대. 막대마다 세 부분으로 나뉘며, 파란색은 클래스까지 맞힌 것, 주황색은 상위 클래스만 맞힌 것, 회색은 둘 다 틀린 것입니다. 파란색이 긴 것부터 늘어서 있고, 위아래의 차이가 큽니다." alt_en="Twenty horizontal bars, one for each superclass, in three parts: blue, the class is right; orange, only the superclass is right; grey, both are wrong. They are sorted by the length of the blue part, which differs much from top to bottom." caption_ko="기준 모델의 대답, 검증 세트의 상위 클래스별로. 주황색은 같은 상위 클래스의 다른 클래스로 잘못 대답한 것입니다." caption_en="The baseline's answers on the validation set, by superclass. Orange: taken for another class of the same superclass."
def stacked(shares, names):
    """Rows (C, 3) as stacked bars, the best at the top."""
    order = shares[:, 0].argsort(descending=True).tolist()
    figure = look.style.figure("column", 5.6)
    axes = figure.add_subplot()
    colours = [look.style.LIGHT[name] for name in ("blue", "orange", "grid")]
    left = torch.zeros(len(order))
    kinds = ("class right", "superclass right", "both wrong")
    for column, (kind, colour) in enumerate(zip(kinds, colours, strict=True)):
        values = 100 * shares[order, column]
        axes.barh(range(len(order)), values, left=left, color=colour, label=kind)
        left = left + values
    labels = [names[each].replace("_", " ") for each in order]
    axes.set_yticks(range(len(order)), labels)
    axes.set(xlabel="images of the superclass, percent", xlim=(0, 100))
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False)
    return figure


shares = torch.as_tensor(
    shares_of(result.predictions, validation.labels, coarse_of), dtype=torch.float32
)
stacked(shares, validation.coarse_classes)

# %% [markdown] lang="ko"
# ## 6. 부드러운 목표
#
# **왜.** 교차 엔트로피의 목표는 정답에 1, 나머지 99개에 0입니다. 손실을 0으로 만들려면 로짓의 차이가 끝없이 커져야 합니다. 레이블 스무딩(label
# smoothing)은 정답에서 조금 떼어 모든 클래스에 똑같이 나눕니다 {cite:p}`szegedy2016rethinking`. 그러면 신경망은 적당히 확신하는 데서
# 멈춥니다.
#
# **무엇을.** `smoothed(labels, classes, epsilon)`을 쓰세요. 레이블 (N,)에서 목표 (N, K)를 만듭니다. 목표는
# $(1 - \varepsilon) \cdot \text{one-hot} + \varepsilon / K$이고, 행의 합은 1입니다. one-hot은 정답 자리만 1이고 나머지는 0인 벡터입니다.
# `functional.cross_entropy(logits, targets)`는 이런 목표도 받습니다.

# %% [markdown] lang="en"
# ## 6. Softer targets
#
# **Why.** The targets of cross-entropy are 1 for the right class and 0 for the other 99; to bring the loss to 0, the
# differences of the logits would have to grow for ever. Label smoothing takes a little from the right class and spreads it
# evenly over all of them {cite:p}`szegedy2016rethinking`, so that the network stops at a moderate confidence.
#
# **What.** Write `smoothed(labels, classes, epsilon)`, which makes targets (N, K) from labels (N,):
# $(1 - \varepsilon) \cdot \text{one-hot} + \varepsilon / K$, where one-hot is 1 at the right class and 0 elsewhere. A row sums
# to 1. `functional.cross_entropy(logits, targets)` accepts such targets.


# %% tags=["exercise"] name="smoothed"
def smoothed(labels, classes, epsilon):
    """Targets (N, classes): mostly the right class, a little of every class."""
    ### BEGIN SOLUTION
    one_hot = functional.one_hot(labels, classes).float()
    return (1 - epsilon) * one_hot + epsilon / classes
    ### END SOLUTION


# %%
check.exercise("lab_cifar100_smoothed", smoothed)


# %%
soft = choose("smoothed", smoothed)
logits, some = result.logits[:500], validation.labels[:500]
by_hand = functional.cross_entropy(logits, soft(some, 100, 0.1)).item()
by_torch = functional.cross_entropy(logits, some, label_smoothing=0.1).item()
print(f"{by_hand:.5f} = {by_torch:.5f}")

# %% [markdown] lang="ko"
# ## 7. 섞은 그림
#
# **왜.** 믹스업(mixup)은 두 그림을 투명하게 겹치고, 목표도 같은 비율로 섞습니다 {cite:p}`zhang2018mixup`. 클래스마다 훈련 그림이 몇백
# 장뿐이어도 짝과 비율은 끝없이 많아서 외우기가 어려워집니다.
#
# **무엇을.** `mixed(x, targets, order, share)`를 쓰세요. 그림 (N, C, H, W), 목표 (N, K), 짝의 번호 `order` (N,),
# 자기 그림의 몫 `share` (N,)을 받습니다. 새 그림 i는 자기 자신에 `share[i]`를, 그림 `order[i]`에 나머지 몫을 곱해 더한 것입니다. 목표도 같은 몫으로
# 섞습니다. 그림과 목표를 이 순서의 튜플로 돌려줍니다. 축을 조심하세요. 검사의 그림은 장수가 너비와 같아서, 몫을 엉뚱한 축에 곱해도 오류가 나지 않고 값만 틀립니다.

# %% [markdown] lang="en"
# ## 7. Mixed images
#
# **Why.** Mixup lays two images over each other and mixes their targets by the same share {cite:p}`zhang2018mixup`. Even
# where a class has only a few hundred training images, there is no end of pairs and shares, and they are hard to learn by
# heart.
#
# **What.** Write `mixed(x, targets, order, share)`. It takes images (N, C, H, W), targets (N, K), the numbers of the partners
# `order` (N,) and each image's own part `share` (N,). Image i consists of itself by `share[i]` and for the rest of image
# `order[i]`, and so do its targets. Return images and targets as a tuple, in this order. Mind the axes: the check
# has as many images as an image has columns, so that shares along the wrong axis raise no error but give wrong values.


# %% tags=["exercise"] name="mixed"
def mixed(x, targets, order, share):
    """Images and targets, each mixed with those of its partner."""
    ### BEGIN SOLUTION
    of_images, of_targets = share[:, None, None, None], share[:, None]
    x = of_images * x + (1 - of_images) * x[order]
    return x, of_targets * targets + (1 - of_targets) * targets[order]
    ### END SOLUTION


# %%
check.exercise("lab_cifar100_mixed", mixed)


# %%
mix = choose("mixed", mixed)

# %% name="fig-mixed" tags=["hide-input"] alt_ko="그림 여섯 장. 왼쪽 끝은 별, 오른쪽 끝은 바퀴이고, 그 사이의 넷에서는 별이 옅어지고 바퀴가 짙어집니다." alt_en="Six pictures: a star at the left end, a wheel at the right end, and between them four in which the star fades and the wheel appears." caption_ko="별과 바퀴를 다섯 걸음으로 섞은 그림. 위의 수는 별의 몫이고, 목표에서 별이 차지하는 몫이기도 합니다." caption_en="A star and a wheel, mixed in five steps. The number is the star's share, of the picture and of its target."
amounts = torch.linspace(1, 0, 6)
pair = data.to_float(drawings.images[[6, 57]])  # a star, a wheel
swap = torch.tensor([1, 0])
mixtures = [mix(pair, torch.eye(2), swap, each.repeat(2))[0][0] for each in amounts]
titles = [f"{each:.1f}" for each in amounts]
look.grid(torch.stack(mixtures), titles=titles, columns=6, size=0.8)

# %% [markdown] lang="ko"
# `train.fit`의 증강은 그림만 받으므로, 목표까지 섞으려면 루프를 직접 씁니다. 아래의 `soft_training`이 그것이고, 마지막 과제에서 가져다 써도 됩니다.
# 몫은 0과 1 사이에서 고르게 뽑습니다. 기준 모델을 같은 에폭 수만큼 이렇게 훈련하면 나아질까요?

# %% [markdown] lang="en"
# The augmentations of `train.fit` get images alone; to mix targets as well one writes the loop oneself. It is `soft_training`
# below, and you may use it in the last task. Shares are drawn evenly between 0 and 1. Is the baseline better when trained so
# for the same number of epochs?


# %%
def soft_training(network, images, epochs, *, epsilon=0.1, mixing=True, lr=0.1, seed=0):
    """Train with smoothed targets and mixed images; its pixels' mean and deviation."""
    torch.manual_seed(seed)
    network.to(device).train()
    mean, std = train.statistics(images)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr, momentum=0.9)
    steps = epochs * -(-len(images) // 50)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, total_steps=steps, pct_start=0.25, cycle_momentum=False
    )
    for epoch in range(epochs):
        loader = data.batches(
            images, 50, seed=seed, epoch=epoch, mean=mean, std=std, device=device
        )
        for x, labels in loader:
            targets = soft(labels, 100, epsilon)
            if mixing:
                order = torch.randperm(len(x), device=device)
                x, targets = mix(x, targets, order, torch.rand(len(x), device=device))
            loss = functional.cross_entropy(network(x), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return mean, std


softly = baseline_network()
mean, std = soft_training(softly, part, EPOCHS)
found = train.evaluate(softly.cpu(), validation, mean=mean, std=std)
print(f"validation accuracy: plain {result.accuracy:.3f}, soft {found.accuracy:.3f}")
print(f"plain, training accuracy {history.table.train_accuracy.iloc[-1]:.3f}")

# %% [markdown] lang="ko"
# 도형에서는 정확도가 오르기는커녕 크게 떨어집니다. 까닭은 둘째 줄에 있습니다. 기준 모델은 열 번이나 본 훈련 그림도 대부분 맞히지 못합니다. 외우지도 못한 신경망에 외우기를
# 막는 약을 쓰면 배우는 것만 느려집니다. 논문의 이득은 훨씬 긴 훈련에서 잰 것입니다. 같은 방법이 어떤 예산에서는 약이고 어떤 예산에서는 독입니다. 그래서 예산을 정해
# 놓고 재는 것입니다.

# %% [markdown] lang="en"
# On the drawings it is not better but much worse. The second line says why: the baseline does not get right most of the
# training images either, though it has seen each ten times. A network that learns nothing by heart needs no remedy against
# it; the remedy only slows down what it does learn. The paper's gains were measured in far longer trainings. The same means
# helps within one budget and harms within another, which is why one fixes a budget and measures.

# %% [markdown] lang="ko"
# ## 8. 열린 과제
#
# 이제 여러분의 차례입니다. 함수 `compete(images)`를 쓰세요.
#
# - 건네받은 그림(`ImageSet`)으로 새 신경망을 훈련합니다. 신경망도 훈련하는 방법도 자유입니다. `train.fit`, `soft_training`, 직접 쓴 루프
#   가운데 무엇이든 됩니다.
# - 8비트 그림 (N, 3, 32, 32)를 받아 로짓 (N, 100)을 내는 **함수**를 돌려줍니다. 픽셀을 훈련할 때와 똑같이 정규화하고 신경망을 평가 모드로 두는
#   것은 그 함수의 몫입니다.
# - 한 번 부를 때의 훈련이 예산 `BUDGET` 안에 들어야 합니다. 넘으면 훈련이 그 자리에서 멈춥니다. 대답할 때 같은 그림을 옮겨 가며 여러 번 보거나 좌우를 뒤집어 보는 것은
#   세지 않습니다.
#
# 예산을 어디에 쓸지가 이 과제의 물음입니다. 그림 하나의 연산이 절반이면 두 배의 에폭을 돌 수 있습니다. 바꿔 볼 만한 것은 다음과 같습니다.
#
# - 신경망: 너비, 깊이, 풀링의 자리. 적은 에폭에 배우도록 만든 `models.create("cifar_fast", num_classes=100, widths=…)`
#   {cite:p}`jordan2024cifar`도 있습니다. `mean, std = train.statistics(images)`를 구하고, 훈련 전에
#   `models.prepare(network, images.images, mean, std)`로 첫 층을 정합니다.
# - `optimizer`: `"sgd"`, `"adamw"`, `"muon"`. `schedule`: `"onecycle"`, `"linear"`. 그리고 `lr`,
#   `batch_size`, `label_smoothing`, `ema`.
# - 증강: `data.flip()`, `data.crop(padding=…)`, `data.cutout(…)`. 짧은 훈련에서는 손해일 때가 많습니다. 좌우를 뒤집으면 안
#   되는 클래스도 있습니다.
#
# 먼저 `part`에서 훈련하고 `validation`에서 재며 고르세요. 검증 그림이 1,000장이면 표준 오차가 1.6퍼센트포인트쯤이니, 그보다 작은 차이는 우연일 수
# 있습니다.

# %% [markdown] lang="en"
# ## 8. The open task
#
# Now it is your turn. Write the function `compete(images)`.
#
# - It trains a new network on the images (an `ImageSet`) that are handed in. Network and training are up to you: `train.fit`,
#   `soft_training` or a loop of your own.
# - It returns a **function** from 8-bit images (N, 3, 32, 32) to logits (N, 100). Normalising pixels just as in
#   training and putting the network into eval mode is that function's business.
# - The training of one call must fit into `BUDGET`; beyond it the training is stopped on the spot. Looking
#   several times to answer, at shifted or mirrored copies of an image, is not counted.
#
# What to spend the budget on is the question of this task. With half the multiply-adds for an image you can train for twice
# the epochs. Worth trying:
#
# - The network: widths, depth, where to pool. `models.create("cifar_fast", num_classes=100, widths=…)` is made to learn in
#   few epochs {cite:p}`jordan2024cifar`; before training, take `mean, std = train.statistics(images)` and set its first layer
#   by `models.prepare(network, images.images, mean, std)`.
# - `optimizer`: `"sgd"`, `"adamw"`, `"muon"`. `schedule`: `"onecycle"`, `"linear"`. And `lr`, `batch_size`,
#   `label_smoothing`, `ema`.
# - Augmentation: `data.flip()`, `data.crop(padding=…)`, `data.cutout(…)`. In a short training it is often a loss, and some
#   classes must not be mirrored.
#
# Choose by training on `part` and measuring on `validation`. With 1,000 validation images the standard error is about 1.6
# points; a smaller difference may be chance.


# %% tags=["exercise"] name="compete"
def compete(images, seed=0):
    """Train on `images` within the budget; a function: pixels -> logits (N, 100)."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    widths = (96, 320, 384) if real else (12, 32, 64)
    network = models.create("cifar_fast", num_classes=100, widths=widths)
    mean, std = train.statistics(images)
    models.prepare(network, images.images, mean, std)
    moves = [data.flip(), data.crop(padding=4), data.cutout(12)]  # in a long training
    train.fit(
        network,
        images,
        epochs=32 if real else 5,
        batch_size=500 if real else 50,
        optimizer="muon",
        schedule="linear",
        label_smoothing=0.2 if real else 0.1,
        augment=moves if real else None,
        precision="auto" if real else "fp32",
        seed=seed,
        quiet=True,
    )

    def classify(pixels):
        x = (data.to_float(pixels) - mean[:, None, None]) / std[:, None, None]
        network.to(device).eval()
        with torch.no_grad():
            return network(x.to(device)).cpu()

    return classify
    ### END SOLUTION


# %%
with lab.Meter(ALLOWED) as meter:
    classify = compete(part)
if callable(classify):
    logits = torch.cat([classify(some) for some in validation.images.split(500)])
    of_sum = name_both(logits, coarse_of)[1]
    values = {
        "accuracy": among(logits, validation.labels, 1),
        "top-5": among(logits, validation.labels, 5),
        "coarse": (of_sum == validation.coarse_labels).float().mean().item(),
    }
    print(", ".join(f"{key} {value:.3f}" for key, value in values.items()))
    print(meter)

# %% name="fig-contest" tags=["hide-input"] alt_ko="앞의 그림과 같은 막대 스무 개. 파란 부분이 훨씬 길고 회색 부분은 더 짧습니다. 꽃, 톱니바퀴, 바퀴, 체스 말에는 주황색 부분이 깁니다." alt_en="The same twenty bars as before. The blue parts are much longer and the grey ones shorter; flowers, gears, wheels and chess pieces have long orange parts." caption_ko="과제에서 훈련한 신경망의 대답, 검증 세트의 상위 클래스별로. 주황색이 긴 곳에서는 클래스를 가르는 작은 차이를 아직 놓칩니다." caption_en="The answers of the network trained for the task, on the validation set, by superclass. Where orange is long, it still misses the small difference between classes."
contest = None
if callable(classify):
    shares = shares_of(logits.argmax(dim=1), validation.labels, coarse_of)
    shares = torch.as_tensor(shares, dtype=torch.float32)
    contest = stacked(shares, validation.coarse_classes)
contest

# %% [markdown] lang="ko"
# 마음에 드는 값이 나오면 검사하세요. 검사는 `compete`를 훈련 세트 전체로 한 번 부르고, 예산을 세고, 돌려받은 함수에 테스트 그림을 직접 물어봅니다. 그래서 훈련
# 한 번만큼 걸립니다. 도형에서는 방금 새로 그린 그림도 물어보아, 테스트 그림을 외운 신경망을 알아봅니다.

# %% [markdown] lang="en"
# Once you like the values, let it be checked. The check calls `compete` once with the whole training set, counts the budget,
# and asks the function that comes back about the test images itself; so it takes as long as one training. With the drawings
# it also asks about some drawn just now, and so notices a network that knows the test images by heart.

# %%
check.exercise("lab_cifar100_compete", compete)

# %% [markdown] lang="ko"
# 통과했습니까? 예산은 그대로 두고 정확도를 더 올려 보세요. 다만 이 검사를 되풀이하며 고르면 테스트 세트에 맞추는 셈이니, 고르는 일은 언제나 검증 세트에서 하세요.
#
# ## 9. 진짜 CIFAR-100의 순위표
#
# 아래 셀은 이 책의 실행 기록 `results/cifar100.json`을 읽어 표로 만듭니다. 진짜 CIFAR-100으로 훈련한 기록이며, 아직 없으면 표 대신 그것을
# 만드는 명령을 출력합니다. 정확도는 에폭 수를 미리 정한 훈련의 마지막 에폭의 것이고, 테스트 사진 10,000장을 한 장에 한 번씩만 보고 잽니다. `coarse`는 확률을
# 더해서 고른 상위 클래스의 정확도입니다. `trillion multiply-adds`는 이 과제의 예산과 같은 방법으로 센 것이니, GPU로 할 때의 예산 350조와
# 견줄 수 있습니다. 우리가 가진 사진은 손실 압축(WebP, 품질 95)을 한 번 거친 것이어서, 저자들이 배포한 것과 픽셀이 조금 다릅니다.

# %% [markdown] lang="en"
# Did it pass? Try to get further up with the same budget. But whoever chooses by repeating this check fits the choice to the
# test set; always choose on the validation set.
#
# ## 9. The leaderboard on real CIFAR-100
#
# The cell below makes a table of `results/cifar100.json`, the record of our own trainings on real CIFAR-100; as long as there
# is none, it prints the commands that make it. The accuracy is that of the last epoch, their number fixed beforehand, with
# one look at each of the 10,000 test photos. `coarse` is the accuracy of the superclasses picked by summed probabilities.
# `trillion multiply-adds` are counted as in this task, and can be compared with its budget on a GPU, 350 trillion. Our photos
# went through one lossy step (WebP, quality 95), so that their pixels differ a little from those that the authors publish.


# %% tags=["nbval-check-output"]
def leaderboard():
    """A row for each target of the record, means over its seeds; the best first."""
    if "cifar100" not in runs.names():
        for target, seeds in (("62 % in 30 minutes", 3), ("70 % in 2 hours", 1)):
            print(f'python benchmarks/cifar100.py "{target}" --seeds {seeds}')
        return None
    record, rows = runs.load("cifar100"), {}
    by_accuracy = sorted(
        record["summary"].items(), key=lambda each: -each[1]["test_accuracy"]
    )
    for target, means in by_accuracy:
        run = next(run for run in record["runs"] if run["target"] == target)
        hardware = run["context"]["hardware"]
        rows[target] = {
            "seeds": means["seeds"],
            "accuracy": f"{means['test_accuracy']:.1%}",
            "coarse": f"{means['coarse_accuracy']:.1%}",
            "top-5": f"{means['top5']:.1%}",
            "parameters": f"{run['parameters']:,}",
            "trillion multiply-adds": round(run["images_times_multiply_adds"] / 1e12),
            "minutes": f"{means['minutes']:.1f}",
            "hardware": hardware["gpu"] or f"{hardware['cores']} × {hardware['cpu']}",
        }
    return pd.DataFrame(rows).T


leaderboard()

# %% [markdown] lang="ko"
# 다음은 기록 가운데 가장 정확한 신경망이 가장 잘 맞힌 상위 클래스 넷과 가장 못 맞힌 상위 클래스 넷입니다. 기록이 아직 없으면 아무것도 나오지 않습니다. 첫 열은
# 클래스의 정확도, 둘째 열은 상위 클래스의 정확도입니다. 두 열의 차이가 큰 곳에서는 잘못이 상위 클래스 안에 머뭅니다.

# %% [markdown] lang="en"
# Next come the four superclasses on which the most accurate network of the record does best, and the four on which it does
# worst; as long as there is no record, nothing is shown. The first column is the accuracy on classes, the second on
# superclasses. Where they are far apart, mistakes stay inside the superclass.


# %%
def extremes(count=4):
    """The best and the worst superclasses of the most accurate run."""
    if "cifar100" not in runs.names():
        return None
    run = max(runs.load("cifar100")["runs"], key=lambda run: run["test_accuracy"])
    columns = {"fine": run["fine_by_superclass"], "coarse": run["coarse_by_superclass"]}
    table = pd.DataFrame(columns, index=run["superclasses"]).sort_values("fine")
    return table.iloc[[*range(-1, -1 - count, -1), *range(count - 1, -1, -1)]].round(3)


extremes()

# %% [markdown] lang="ko"
# **T4에서 15분.** Colab의 무료 GPU인 T4를 위한 레시피는 위의 `compete`에서 `real`인 쪽입니다. `benchmarks/cifar100.py`에는
# `"15 minutes on a T4"`라는 이름으로 있습니다. **이 책을 쓰며 T4에서 재지는 못했습니다.** NVIDIA의 자료에 따르면 T4는 32비트 부동 소수점
# 연산을 초당 8.1조 번까지 합니다. 그 $1/3$을 낸다고 하면 다음만큼 걸립니다. 순전파의 곱셈-덧셈 하나는 연산 둘이고, 역전파는 그 두 배가 듭니다.

# %% [markdown] lang="en"
# **15 minutes on a T4.** The recipe for a T4, Colab's free GPU, is the branch `real` of `compete` above; in
# `benchmarks/cifar100.py` it is called `"15 minutes on a T4"`. **It was not measured on a T4 for this book.** By NVIDIA's
# data sheet a T4 does up to 8.1 trillion float32 operations a second. At $1/3$ of that it takes as long as follows. A
# multiply-add of the forward pass is two operations, and the way back costs twice the way forward.

# %% tags=["nbval-check-output"]
network = models.create("cifar_fast", num_classes=100, widths=(96, 320, 384))
spent = 32 * 50_000 * for_one_image(network)
minutes = 3 * 2 * spent / (8.1e12 / 3) / 60
print(
    f"{spent / 1e12:.0f} of {lab.BUDGET['cifar100'] / 1e12:.0f} trillion multiply-adds"
)
print(f"{minutes:.0f} minutes")

# %% [markdown] lang="ko"
# ## 점수

# %% [markdown] lang="en"
# ## Score

# %%
check.score("03_cifar100")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - [‘CIFAR-10’ 장](05_cifar10): 학습률의 일정과 가중치의 평균을 손으로 만들고, 정확도가 시간에 따라 어떻게 느는지 잽니다.
# - [‘훈련’ 장](06_training): 배치 정규화와 데이터 증강이 언제 얼마나 돕는지 잽니다.
# - [‘GoogLeNet’ 장](10_googlenet): 전역 평균 풀링과 레이블 스무딩이 나온 신경망들입니다.
# - [‘ResNet’ 장](11_resnet): 같은 예산에서 더 깊은 신경망을 훈련하는 방법입니다.
# - K. Jordan, [94% on CIFAR-10 in 3.29 Seconds on a Single
#   GPU](https://arxiv.org/abs/2404.00498): 적은 연산으로 높은 정확도에 이르는 요령을 하나씩 재어 보인 글입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - [The chapter on CIFAR-10](05_cifar10) makes schedules of the learning rate and averages of the weights by hand, and
#   measures how accuracy grows with time.
# - [The chapter on training](06_training) measures when batch normalisation and data augmentation help, and how much.
# - [The chapter on GoogLeNet](10_googlenet) has the networks with which global average pooling and label smoothing came.
# - [The chapter on ResNet](11_resnet) is about training deeper networks on the same budget.
# - K. Jordan, [94% on CIFAR-10 in 3.29 Seconds on a Single GPU](https://arxiv.org/abs/2404.00498), measures one by one the
#   means by which few operations reach a high accuracy.
