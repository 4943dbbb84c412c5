# %% [markdown] lang="ko"
# # AlexNet
#
# ## 무엇을 만들게 될까요?
#
# 아래는 2012년에 사진 분류 대회에서 우승한 신경망입니다 {cite:p}`krizhevsky2012imagenet`. 만든 사람의 이름을 따서 AlexNet이라고 부릅니다. 층을 쌓는 방법은 [‘LeNet’
# 장](04_lenet)에서 본 것과 같습니다. 합성곱과 풀링을 되풀이하고 끝에 완전 연결층을 둡니다. 그런데 결과는 남달랐습니다. 답을 다섯 개까지 허용해도 틀린 사진의 비율(top-5 오류율)이 16.4%로, 준우승자의
# 26.2%보다 훨씬 낮았습니다.
#
# 이 장에서는 그 신경망과 부품을 직접 만들어 논문의 표와 견줍니다. 그리고 같은 설계를 작게 줄여 훈련합니다. 논문이 적은 효과 가운데 ReLU, 국소 응답 정규화, 중첩 풀링, 열 개의 창, 두 탑의 분업은 작은 실험에서
# 다시 재고, 나머지는 논문의 수를 읽습니다. 작은 실험에서 그대로 나타나는 것도 있고, 나타나지 않는 것도 있습니다. 훈련에는 [‘보기’ 장](01_seeing)의 컬러 도형 그림을 씁니다. 원, 별, 하트, 화살표 같은 도형
# 열 가지를 이 책이 그려 낸 것입니다. 진짜 사진 다섯 장은 보기로만 씁니다.

# %% [markdown] lang="en"
# # AlexNet
#
# ## What you will build
#
# Below is the network that won a contest in classifying photos in 2012 {cite:p}`krizhevsky2012imagenet`. It is called AlexNet
# after the first of its makers. It is stacked like the one in [the chapter on LeNet](04_lenet): convolution and pooling in
# turn, fully connected layers at the end. Yet the result was far better: the share of photos that it got wrong even with five
# answers allowed, the top-5 error, was 16.4%, while the runner-up had 26.2%.
#
# In this chapter you build the network and its parts by hand and compare them with the paper's tables. Then you train the same
# design, made small. Of the effects that the paper reports, those of ReLU, local response normalisation, overlapping pooling
# and the ten windows, and the division of labour between the towers, are measured again in small experiments; for the others we
# read the paper's numbers. Some of it shows in a small experiment, and some does not. For training we use the coloured shapes
# of [the chapter on seeing](01_seeing): ten kinds, such as discs, stars, hearts and arrows, drawn by this book. The five real
# photos only serve as examples.

# %%
import copy
import itertools
import math
from collections import OrderedDict

import numpy as np
import pandas as pd
import torch
from torch import nn
from torchvision.transforms.functional import ten_crop

import cnnbook
from cnnbook import check, data, look, models, runs, train
from cnnbook.models.alexnet import TowerNorm

torch.set_num_threads(1)  # then the same seed gives the same weights

full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
SIDE, CROP = 38, 33  # pixels of an image, and of the window that the network sees
train_set = data.load("shapes", "train", count=20_000 if full else 3000, size=SIDE)
test_set = data.load("shapes", "test", count=1000, size=SIDE)
photos = data.load("photos", size=256)

# %% name="fig-network" tags=["hide-input"] alt_ko="화살표로 이어진 층들. 차례로 입력 3×227×227, conv1 96×55×55, pool1 96×27×27, conv2 256×27×27, pool2 256×13×13, conv3과 conv4 384×13×13, conv5 256×13×13, pool5 256×6×6, fc6과 fc7 4096, fc8 1000. 화살표에는 필터의 크기, LRN과 3×3 최대 풀링 /2, 완전 연결이 적혀 있습니다." alt_en="Layers joined by arrows, in this order: input 3×227×227, conv1 96×55×55, pool1 96×27×27, conv2 256×27×27, pool2 256×13×13, conv3 and conv4 384×13×13, conv5 256×13×13, pool5 256×6×6, fc6 and fc7 4096, fc8 1000. The arrows are labelled with the sizes of filters, LRN and 3×3 max pooling /2, and full." caption_ko="AlexNet. 합성곱층이 다섯, 완전 연결층이 셋입니다. LRN은 국소 응답 정규화, /4는 스트라이드 4, ½은 앞 층의 채널을 절반만 읽는다는 뜻입니다." caption_en="AlexNet: five convolutional layers and three fully connected ones. LRN is local response normalisation, /4 means stride 4, ½ that a filter reads only half of the channels before it."
draw = look.draw
draw.network(
    [
        ("input", (3, 227, 227), ""),
        ("conv1", (96, 55, 55), "conv\n11×11 /4"),
        ("pool1", (96, 27, 27), "LRN, max\n3×3 /2"),
        ("conv2", (256, 27, 27), "conv ½\n5×5"),
        ("pool2", (256, 13, 13), "LRN, max\n3×3 /2"),
        ("conv3", (384, 13, 13), "conv\n3×3"),
        ("conv4", (384, 13, 13), "conv ½\n3×3"),
        ("conv5", (256, 13, 13), "conv ½\n3×3"),
        ("pool5", (256, 6, 6), "max\n3×3 /2"),
        ("fc6", (4096,), "full"),
        ("fc7", (4096,), "full"),
        ("fc8", (1000,), "full"),
    ]
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# [‘합성곱’ 장](03_convolution)의 출력 크기 식, ‘LeNet’ 장의 훈련 루프, [‘CIFAR-10’ 장](05_cifar10)의 무작위 창과 국소 응답 정규화, [‘훈련이 되게 하기’ 장](06_training)의
# 초기화와 드롭아웃을 안다고 가정합니다. 고유 벡터가 나오는 곳이 한 군데 있습니다. GPU도 인터넷 연결도 필요하지 않습니다. 이 노트북을
# 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# The formula for the size of an output from [the chapter on convolution](03_convolution), the training loop of the chapter on LeNet, random windows and local
# response normalisation from [the chapter on CIFAR-10](05_cifar10), initialisation and dropout from [the chapter on training](06_training). One place uses
# eigenvectors. Neither a GPU nor an internet connection is needed. Running this notebook from top to bottom takes about a
# minute on one CPU core.

# %% [markdown] lang="ko"
# ## 사진 백만 장의 대회
#
# ImageNet은 사진 천오백만 장에 22,000가지쯤 되는 이름을 붙인 모음입니다. 그 가운데 클래스 1,000개를 골라 2010년부터 2017년까지 해마다 겨룬 대회가 ILSVRC(ImageNet Large Scale
# Visual Recognition Challenge)입니다. 2012년 분류 과제의 사진은 이렇게 나뉘어 있었습니다 {cite:p}`russakovsky2015imagenet`.
#
# | | 사진 | 클래스마다 |
# |---|---|---|
# | 훈련 세트 | 1,281,167 | 732~1,300 |
# | 검증 세트 | 50,000 | 50 |
# | 테스트 세트 | 100,000 | 100 |
#
# 테스트 세트의 정답은 공개하지 않았습니다. 참가자가 답을 보내면 주최자가 채점했습니다. 그래서 논문에는 누구나 잴 수 있는 검증 세트의 수와 주최자가 잰 테스트 세트의 수가 함께 나옵니다. 둘을 섞어 읽지 않아야 합니다.
# 2010년 대회만은 테스트 사진 150,000장의 정답도 공개되어서, AlexNet 논문은 실험의 대부분을 2010년의 사진으로 했습니다 {cite:p}`krizhevsky2012imagenet`.
#
# 클래스에는 개의 품종만 백 가지가 넘습니다. 사진 한 장에 여러 물체가 있어도 정답은 하나입니다. 그래서 답을 다섯 개까지 내게 하고, 그 안에 정답이 있으면 맞은 것으로 칩니다. 정답이 첫째 답이 아닌 사진의 비율이
# top-1 오류율, 다섯 답 어디에도 없는 사진의 비율이 top-5 오류율(top-5 error)입니다. ImageNet으로 훈련한 작은 신경망 SqueezeNet {cite:p}`iandola2016squeezenet`에
# 사진 다섯 장을 넣어 봅시다. 이 사진들은 대회의 것이 아니어서 정답이 없으므로, 세 장에는 1,000개의 이름 가운데 가깝다고 본 것을 우리가 골라 적었습니다. 다른 이름을 골랐다면 결과도 달라질 수 있습니다. 우주인과
# 은하에는 맞는 이름이 없습니다.

# %% [markdown] lang="en"
# ## A contest with a million photos
#
# ImageNet is a collection of fifteen million photos with about 22,000 different labels. Of these, 1,000 classes were chosen for
# a contest that was held every year from 2010 to 2017: ILSVRC, the ImageNet Large Scale Visual Recognition Challenge. The
# photos of the classification task of 2012 were split like this {cite:p}`russakovsky2015imagenet`:
#
# | | photos | per class |
# |---|---|---|
# | training set | 1,281,167 | 732 to 1,300 |
# | validation set | 50,000 | 50 |
# | test set | 100,000 | 100 |
#
# The labels of the test set were kept secret. Contestants sent in their answers, and the organisers marked them. This is why
# papers give both: numbers on the validation set, which anybody can measure, and numbers on the test set, measured by the
# organisers. They must not be mixed up. For the contest of 2010 alone the labels of the test set, 150,000 photos, were given
# out as well, and the paper of AlexNet did most of its experiments on the photos of 2010 {cite:p}`krizhevsky2012imagenet`.
#
# More than a hundred of the classes are breeds of dogs, and a photo has only one label even where it shows several things. So a
# contestant may give five answers, and the photo counts as right if the label is among them. The share of photos whose label is
# not the first answer is the top-1 error; the share of those whose label is none of the five is the top-5 error. Let us show
# five photos to SqueezeNet, a small network trained on ImageNet {cite:p}`iandola2016squeezenet`. They are not from the contest
# and have no labels, so for three of them we chose the one of the 1,000 names that seemed nearest; with another name the result
# might be different. For the astronaut and the galaxies there is none.

# %%
squeezenet = models.pretrained("squeezenet1_1")
names = models.imagenet_classes()
labels = {"cat": "tabby", "coffee": "espresso", "rocket": "missile"}  # ours
with torch.no_grad():
    pixels = data.to_float(photos.centre(224).images)  # (5, 3, 224, 224)
    probabilities = squeezenet(pixels).softmax(dim=1)  # (5, 1000)
shares, found = probabilities.topk(5)  # (5, 5) each, the largest first

ranks = {}
for photo, five in zip(photos.classes, found.tolist(), strict=True):
    if photo in labels:
        said = [names[each] for each in five]
        ranks[photo] = said.index(labels[photo]) + 1 if labels[photo] in said else 6
        print(f"{photo:7} label {labels[photo]:9} is answer {ranks[photo]}: {said}")
top1 = sum(rank > 1 for rank in ranks.values())
top5 = sum(rank > 5 for rank in ranks.values())
check.that((top1, top5) == (2, 0), f"wrong of 3 photos: top-1 {top1}, top-5 {top5}")


# %% name="fig-top-five" tags=["hide-input"] alt_ko="사진 다섯 장과 저마다의 다섯 답. 답마다 확률만큼 긴 막대가 있습니다. 커피의 첫째 답 espresso는 막대가 끝까지 차 있고 정답입니다. 고양이의 답은 Egyptian cat, tiger cat, tabby로 나뉘고 정답 tabby가 셋째입니다. 로켓의 답은 pole이 첫째, 정답 missile이 둘째이며 막대가 모두 짧습니다. 우주인과 은하의 답은 모두 엉뚱합니다." alt_en="Five photos, each with five answers and bars as long as their probabilities. For the coffee the first answer, espresso, fills the bar and is right. For the cat the answers are divided among Egyptian cat, tiger cat and tabby, which is the label, third. For the rocket the first answer is pole and the second, missile, is the label; all bars are short. The answers for the astronaut and the galaxies are all beside the point." caption_ko="SqueezeNet의 다섯 답과 그 확률. 주황색이 우리가 고른 정답입니다. 고양이와 로켓은 top-1로는 틀렸고 top-5로는 맞았습니다." caption_en="SqueezeNet's five answers with their probabilities. Orange is the label that we chose. The cat and the rocket are wrong by top-1 and right by top-5."
def said_share(share):
    return f"{100 * share:.0f}%" if share >= 0.005 else "<1%"


figure = look.style.figure("column", 7.4)
places = figure.subplots(5, 2, width_ratios=[1, 1.9])
for (left, right), photo, image, five, share in zip(
    places, photos.classes, pixels, found.tolist(), shares, strict=True
):
    left.imshow(image.permute(1, 2, 0).numpy()[::2, ::2])
    said = [names[each] for each in five]
    kinds = [
        "orange_soft" if each == labels.get(photo) else "blue_soft" for each in said
    ]
    right.barh(range(5), share, color=[look.style.LIGHT[each] for each in kinds])
    for row, each in enumerate(said):
        right.text(0.015, row, f"{each}  {said_share(share[row])}", va="center")
    right.set(xlim=(0, 1), ylim=(4.6, -0.6))
    for axes in (left, right):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
figure

# %% [markdown] lang="ko"
# 세 장에서 top-1로는 둘이 틀렸고 top-5로는 모두 맞았습니다. 고양이를 보면 까닭을 알 수 있습니다. 세 가지 고양이 이름에 확률이 나뉘었습니다. 우주인과
# 은하의 답도 눈여겨보세요. 소프트맥스는 모르는 것이 나와도 1,000개의 이름에 확률을 모두 나누어 줍니다. “여기에는 없다”라는 답은
# 할 수 없습니다.
#
# 이 대회에서 오류율은 어떻게 내려갔을까요?

# %% [markdown] lang="en"
# Of three photos two are wrong by top-1, and none by top-5. The cat shows why: the probability is divided among three
# names of cats. Look at the answers for the astronaut and the galaxies, too. Softmax deals out all of the probability to its
# 1,000 names even where it knows nothing. It cannot answer "none of these".
#
# How did the error fall from year to year?

# %% name="fig-winners" tags=["hide-input"] alt_ko="연도별 막대 여덟 쌍. 왼쪽은 우승자의 top-5 오류율로 2010년 28.2%, 2011년 25.8%, 2012년 AlexNet 16.4%, 2013년 11.7%, 2014년 6.7%, 2015년 3.6%, 2016년 3.0%, 2017년 2.3%. 5.1%에 점선이 있습니다. 오른쪽은 층의 수로 AlexNet 8, GoogLeNet 22, ResNet 152, SENet 154이고 나머지는 비어 있습니다." alt_en="Eight pairs of bars, one a year. On the left the winner's top-5 error: 28.2% in 2010, 25.8% in 2011, AlexNet's 16.4% in 2012, 11.7% in 2013, 6.7% in 2014, 3.6% in 2015, 3.0% in 2016 and 2.3% in 2017, with a dotted line at 5.1%. On the right the number of layers: AlexNet 8, GoogLeNet 22, ResNet 152, SENet 154; the others have none." caption_ko="ILSVRC 분류의 우승자. 왼쪽은 테스트 세트의 top-5 오류율, 오른쪽은 깊이, 곧 입력에서 출력까지 가장 긴 길에 있는 가중치 층의 수입니다. 오류율은 AlexNet의 다섯, GoogLeNet의 일곱, ResNet의 여섯처럼 대개 여러 신경망을 평균한 것이고, 깊이는 그 가운데 가장 깊은 하나의 것입니다. 점선은 사람 한 명이 사진 일부를 풀어 본 5.1%입니다 {cite:p}`russakovsky2015imagenet`. 2010년과 2011년의 우승자는 신경망이 아니고, 2013년과 2016년의 깊이는 비워 두었습니다. 2012년과 2013년은 대회의 사진만 쓴 결과입니다. 출처: {cite:t}`russakovsky2015imagenet`, {cite:t}`szegedy2015going`, {cite:t}`he2016deep`, {cite:t}`hu2018squeeze`." caption_en="The winners of ILSVRC's classification. Left: top-5 error on the test set; right: depth, the number of layers with weights on the longest way from input to output. The errors are mostly those of several networks averaged, such as AlexNet's five, GoogLeNet's seven and ResNet's six; the depth is that of the deepest one. The dotted line at 5.1% is one person who took a part of the test {cite:p}`russakovsky2015imagenet`. The winners of 2010 and 2011 were not networks; the depths of 2013 and 2016 are left open. For 2012 and 2013 the entries trained on the contest's photos alone are shown. Sources: {cite:t}`russakovsky2015imagenet`, {cite:t}`szegedy2015going`, {cite:t}`he2016deep`, {cite:t}`hu2018squeeze`."
winners = pd.DataFrame(
    [
        (2010, "NEC", 28.2, 0),
        (2011, "XRCE", 25.8, 0),
        (2012, "AlexNet", 16.4, 8),
        (2013, "Clarifai", 11.7, 0),
        (2014, "GoogLeNet", 6.67, 22),
        (2015, "ResNet", 3.57, 152),
        (2016, "Trimps", 2.991, 0),
        (2017, "SENet", 2.251, 154),
    ],
    columns=["year", "name", "error", "layers"],
)
figure = look.style.figure("column", 4.2)
left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.5, 1])
palette, at = look.style.LIGHT, range(len(winners))
colours = [palette["orange" if name == "AlexNet" else "blue"] for name in winners.name]
left.barh(at, winners.error, color=colours, height=0.66)
right.barh(at, winners.layers, color=colours, height=0.66)
for row, (error, layers) in enumerate(zip(winners.error, winners.layers, strict=True)):
    left.text(max(error, 5.1) + 0.7, row, f"{error:.1f}%", va="center")
    right.text(layers + 4, row, str(layers) if layers else "–", va="center")
left.axvline(5.1, color=palette["ink"], linestyle=":", linewidth=1.4)
left.set_yticks(
    at,
    [f"{name} {year}" for year, name in zip(winners.year, winners.name, strict=True)],
)
left.set(ylim=(7.6, -0.6), xlim=(0, 35), xticks=[], title="top-5 error")
right.set(xlim=(0, 205), xticks=[], title="layers")
for axes in (left, right):
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
figure

# %%
error = dict(zip(winners.name, winners.error, strict=True))
fell = {
    "2010 to 2011": error["NEC"] - error["XRCE"],
    "2011 to 2012": error["XRCE"] - error["AlexNet"],
}
for years, points in fell.items():
    print(f"{years}: {points:.1f} points")
check.that(
    fell["2011 to 2012"] > 3 * fell["2010 to 2011"], "three times as far as before"
)

# %% [markdown] lang="ko"
# 2011년까지는 [‘보기’ 장](01_seeing)의 HOG처럼 사람이 설계한 특징에 선형 분류기를 얹었습니다. 2011년에 2.4퍼센트포인트 내려간 오류율이 2012년에는 9.4퍼센트포인트 내려갔습니다. 그 뒤로는 우승자가
# 모두 합성곱 신경망이고, 깊이가 8층에서 154층까지 늘어납니다. 어떻게 깊어졌는지는 이어지는 장들의 이야기입니다.
#
# AlexNet은 14년 앞서 나온 LeNet과 무엇이 다를까요? 사진이 백만 장이 넘었고, 게임용으로 나온 GPU가 있었습니다. 논문은 거기에 부품 여섯 가지를 더합니다. ReLU, 국소 응답 정규화, 중첩 풀링, 두 GPU로
# 나눈 층, 데이터 증강(두 가지 방법), 그리고 드롭아웃입니다. 이 장의 물음은 이것입니다. **그 부품들은 저마다 무슨 일을 하고, 다시 재면 그 효과가 보일까요?**

# %% [markdown] lang="en"
# Until 2011 the winners put a linear classifier on features designed by hand, such as the HOG of [the chapter on
# seeing](01_seeing). The error fell by 2.4 percentage points in 2011, and by 9.4 in 2012. From then on every winner is a
# convolutional network, and depth grows from 8 layers to 154. How it could grow is the subject of the chapters to come.
#
# What had changed since LeNet, 14 years earlier? There were more than a million photos, and there were GPUs, made for games. To
# these the paper adds six parts: ReLU, local response normalisation, overlapping pooling, layers divided between two GPUs, data
# augmentation of two kinds, and dropout. The question of this chapter: **what does each of these parts do, and does its effect
# show when we measure again?**

# %% [markdown] lang="ko"
# ## ReLU는 정말 여섯 배 빠를까요?
#
# 논문의 첫째 그림은 이렇게 말합니다. CIFAR-10을 배우는 네 층짜리 합성곱 신경망이 훈련 오류율 25%에 이르기까지 걸린 에폭은, 활성화 함수가 ReLU일 때가 쌍곡탄젠트(tanh)일 때의 6분의 1이었습니다. 학습률은
# 저마다 가장 빠른 것을 골랐습니다. 논문은 이 비율이 구조에 따라 달라지지만, ReLU 쪽이 몇 배 빠르다는 것은 한결같다고 적었습니다. 논문이 든 까닭은 포화입니다. tanh는 입력이 크면 평평해져서 그레이디언트가 거의 0이
# 됩니다. ReLU는 양수에서 기울기가 늘 1입니다.
#
# 포화하는지는 들어오는 값의 크기에 달려 있습니다. 논문의 신경망에 들어간 것은 평균만 뺀 픽셀입니다. 픽셀이 0에서 255까지의 수라면 평균을 뺀 값의 크기는 수십이고, 초기 가중치는 표준 편차 0.01인 정규 분포에서
# 뽑았습니다. 오늘날에는 픽셀을 표준 편차 1로 맞추고, 가중치도 층의 폭에 맞추어 뽑습니다. 픽셀의 크기와 가중치 초기화를 묶어 초기 조건이라고 합시다. 2012년식 초기 조건은 논문이 ImageNet의 신경망에 쓴 것이고,
# 첫째 그림의 작은 신경망을 어떻게 시작했는지는 논문에 없습니다. 논문은 conv2, conv4, conv5와 은닉층의 편향을 1로 시작했지만, 여기서는 두 활성화 함수의 조건을 같게 하려고 모두 0으로 둡니다.
#
# 이 경주의 데이터는 CIFAR-10이 아니라 컬러 도형 2,000장입니다. 두 가지 초기 조건에서 conv1의 유닛이 얼마나 포화하는지 먼저 재 봅시다.

# %% [markdown] lang="en"
# ## Is ReLU really six times faster?
#
# The paper's first figure says this: on CIFAR-10 a convolutional network of four layers reached 25% training error in a sixth
# of the epochs when its activation function was ReLU instead of tanh. For each the learning rate was chosen that made it
# fastest. The size of the effect, the paper adds, depends on the architecture, but networks with ReLU are faster every time,
# and several times so. The reason given is saturation. For large inputs tanh becomes flat, and its gradient almost 0. The slope
# of ReLU is always 1 where its input is positive.
#
# Whether anything saturates depends on the size of what comes in. The paper fed in pixels less their mean and nothing else,
# which are values in the tens if pixels go from 0 to 255, and drew the weights from a normal distribution of standard deviation
# 0.01. Today pixels are brought to standard deviation 1, and weights are drawn to fit the width of the layer. Let us call the
# size of pixels and the drawing of weights together the start. The start of 2012 is the one that the paper gives for its
# network on ImageNet; of the small network in its first figure it does not say how it began. The paper also set the biases of
# conv2, conv4, conv5 and the hidden layers to 1 at first; here they are all 0, so that both activation functions begin alike.
#
# The data of this race are not CIFAR-10 but 2,000 of the coloured shapes. Let us first measure how far the units of conv1 are
# saturated with either start.


# %%
class Times(nn.Module):
    """Multiplies by a number."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


def four_layers(activation, start):
    """Standardised images (N, 3, 32, 32) -> logits (N, 10), with the start of 2012 or today's."""
    network = nn.Sequential(
        Times(60.0 if start == "2012" else 1.0),  # 60 is the deviation of pixels to 255
        nn.Conv2d(3, 16, kernel_size=5, stride=2, padding=2),  # (N, 16, 16, 16)
        activation(),
        nn.MaxPool2d(3, stride=2, padding=1),  # (N, 16, 8, 8)
        nn.Conv2d(16, 32, kernel_size=3, padding=1),
        activation(),
        nn.MaxPool2d(3, stride=2, padding=1),  # (N, 32, 4, 4)
        nn.Conv2d(32, 32, kernel_size=3, padding=1),
        activation(),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    )
    for layer in network:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            if start == "2012":
                nn.init.normal_(layer.weight, std=0.01)
            else:
                nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network


race_set = train_set[:2000].centre(32)
pixels = data.to_float(race_set.images[:200])
deviation = 255 * pixels.std().item()
check.that(40 < deviation < 90, f"standard deviation of the pixels {deviation:.0f}")
for start in ("2012", "today"):
    torch.manual_seed(0)
    network = four_layers(nn.Tanh, start)
    with torch.no_grad():
        y = network[:3]((pixels - pixels.mean()) / pixels.std())  # after the first tanh
    slope = (1 - y.square()).mean().item()  # tanh' = 1 - tanh²
    print(
        f"{start:6} |tanh| > 0.99: {100 * (y.abs() > 0.99).float().mean():.0f}%, mean slope {slope:.2f}"
    )

# %% [markdown] lang="ko"
# 2012년식 초기 조건에서는 conv1의 유닛 상당수가 처음부터 포화해 있습니다. 이제 네 가지를 시드 두 개씩 훈련합니다. 학습률은 0.001, 0.003, 0.01, 0.03, 0.1 가운데 저마다 가장 빠른 것을 미리
# 골랐습니다. 네 번 모두 양옆의 학습률은 더 느리거나 25%에 이르지 못했습니다. 훈련 오류율이 25%가 되면 멈춥니다. 규제는 쓰지 않습니다.

# %% [markdown] lang="en"
# With the start of 2012 many units of conv1 are saturated from the beginning. Now we train the four combinations, with two
# seeds each. For each of the four the learning rate was chosen beforehand, the fastest of 0.001, 0.003, 0.01, 0.03 and 0.1; in
# all four cases the rates on either side were slower or did not get to 25%. Training stops at 25% training error. There is no
# regularisation.


# %%
def reached(progress):
    return progress.row["train_accuracy"] >= 0.75


rates = {
    ("ReLU", "2012"): 0.003,
    ("tanh", "2012"): 0.03,
    ("ReLU", "today"): 0.01,
    ("tanh", "today"): 0.03,
}
activations = {"ReLU": nn.ReLU, "tanh": nn.Tanh}
race, epochs = {}, {}
for (name, start), rate in rates.items():
    for seed in (2, 1, 0) if full else (1, 0):
        torch.manual_seed(seed)
        run = train.fit(
            four_layers(activations[name], start),
            race_set,
            epochs=40,
            batch_size=50,
            lr=rate,
            optimizer="sgd",
            callbacks=reached,
            seed=seed,
            quiet=True,
        )
        epochs.setdefault((name, start), []).append(len(run.table))
    race[f"{name}, {start}"] = run.table.assign(
        train_error=1 - run.table.train_accuracy
    )
ratio = {
    start: sum(epochs["tanh", start]) / sum(epochs["ReLU", start])
    for start in ("2012", "today")
}
for start in ratio:
    both = f"ReLU {epochs['ReLU', start]}, tanh {epochs['tanh', start]}"
    print(f"{start:6} epochs: {both}; ratio {ratio[start]:.1f}")
check.that(ratio["2012"] > 1.5, f"start of 2012: {ratio['2012']:.1f} times as long")
check.that(ratio["today"] < 1.1, f"today's start: {ratio['today']:.1f} times")

# %% name="fig-race" tags=["hide-input"] alt_ko="에폭에 따른 훈련 오류율 곡선 넷과 25%의 점선. 2012년식 초기 조건에서는 ReLU가 tanh보다 훨씬 먼저 25%에 이르고, tanh는 40%에서 25%까지 천천히 내려갑니다. 오늘날의 초기 조건에서는 둘 다 그보다 먼저 이르고 tanh가 가장 먼저 이릅니다." alt_en="Four curves of training error over epochs, with a dotted line at 25%. With the start of 2012, ReLU reaches 25% long before tanh, which goes down slowly from 40% to 25%. With today's start both get there sooner than that, tanh first of all." caption_ko="훈련 오류율, 시드 0. 점선은 25%입니다. 2012는 평균만 뺀 픽셀과 표준 편차 0.01의 가중치, today는 표준화한 픽셀과 Xavier 초기화입니다." caption_en="Training error, seed 0; the dotted line is 25%. “2012” has pixels less their mean and weights of standard deviation 0.01, “today” standardised pixels and Xavier initialisation."
figure = look.curves(race, y="train_error")
figure.axes[0].axhline(0.25, color=palette["ink"], linestyle=":", linewidth=1.2)
figure

# %% [markdown] lang="ko"
# 2012년식 초기 조건에서는 tanh가 ReLU보다 두 배 넘게 오래 걸립니다. 논문의 여섯 배보다는 작지만, 같은 쪽의 차이입니다. 데이터도 신경망도 다르므로 비율이 같을 까닭은 없습니다. 오늘날의 초기 조건에서는 ReLU가
# 더 빠르지 않고, 도형을 배우는 이 작은 신경망에서는 tanh가 오히려 조금 먼저 이릅니다. 논문의 “한결같이”와는 다른 결과입니다. 작은 신경망 하나에서 시드 두 개로 잰 것이므로 다른 신경망에서도 그렇다고 말할 수는
# 없지만, “ReLU는 여섯 배 빠르다”라는 말에 조건이 빠져 있다는 것은 보여 줍니다. ReLU는 입력과 가중치의 크기를 세심하게 맞추지 않아도 포화하지 않습니다. 논문도 ReLU에는 포화를 막기 위한 입력 정규화가 필요
# 없다고 적었습니다.
#
# 이 책의 바탕이 된 강의에는 ReLU가 과적합을 막는다고 적혀 있습니다. 논문에는 그런 말이 없습니다. 논문의 그림은 훈련 세트를 얼마나 빨리 배우는지만 봅니다. 빨리 배우는 것과 덜 외우는 것은 다른 일입니다.

# %% [markdown] lang="en"
# From the start of 2012 tanh takes more than twice as long as ReLU. That is less than the paper's six times, but in the same
# direction. The data and the network are different, and the ratio has no reason to be the same. From today's start ReLU is not
# faster, and in this small network that learns shapes tanh even gets there a little earlier. That is not the paper's "every
# time". It is one small network with two seeds, and does not tell how others behave, but it shows that "ReLU is six times
# faster" leaves out a condition. ReLU does not saturate even where the sizes of inputs and weights have not been adjusted with
# care. The paper says itself that ReLUs need no normalisation of their inputs to keep them from saturating.
#
# The lecture from which this book grew says that ReLU prevents overfitting. The paper does not say so. Its figure looks only at
# how soon the training set is learned. Learning faster and memorising less are two different things.

# %% [markdown] lang="ko"
# ## 국소 응답 정규화를 직접 만들기
#
# ‘CIFAR-10’ 장에서 만든 국소 응답 정규화(local response normalization, LRN)는 이 논문에서 나왔습니다. 자리 $(x, y)$에 있는 채널 $i$의 값을 $a^i_{x,y}$라고 합시다. 그
# 채널을 가운데에 둔 $n$개 채널의 제곱합에 $\alpha$를 곱하고 $k$를 더해서 $\beta$제곱한 것으로 나눕니다. $k$는 제곱합이 0에 가까울 때 나누는 수가 너무 작아지지 않게 합니다. $N$은 채널의 수이고,
# $n/2$는 내림합니다.
#
# $$b^i_{x,y} = a^i_{x,y} \Big/ \Big(k + \alpha \sum_{j=\max(0,\, i-n/2)}^{\min(N-1,\, i+n/2)} (a^j_{x,y})^2 \Big)^{\beta}$$
#
# 논문은 검증 세트에서 $k = 2$, $n = 5$, $\alpha = 10^{-4}$, $\beta = 0.75$를 골랐습니다. 이 식을 그대로 옮기고 PyTorch의 층과 견줍니다. PyTorch는
# $\alpha$를 $n$으로 나누어 쓰므로, 논문의 $10^{-4}$는 PyTorch에서 `5e-4`입니다. 논문의 수를 그대로 `alpha`에 적으면 다른 층이 됩니다.

# %% [markdown] lang="en"
# ## Local response normalisation, by hand
#
# The local response normalisation (LRN) that you built in the chapter on CIFAR-10 comes from this paper. Take the value
# $a^i_{x,y}$ of channel $i$ at the place $(x, y)$, and the sum of squares of $n$ channels with this one in the middle. Multiply
# that sum by $\alpha$, add $k$ and raise the result to the power of $\beta$: by this the value is divided. The number $k$ keeps
# the divisor from becoming too small where the squares are near 0. $N$ is the number of channels, and $n/2$ is rounded down.
#
# $$b^i_{x,y} = a^i_{x,y} \Big/ \Big(k + \alpha \sum_{j=\max(0,\, i-n/2)}^{\min(N-1,\, i+n/2)} (a^j_{x,y})^2 \Big)^{\beta}$$
#
# The paper chose $k = 2$, $n = 5$, $\alpha = 10^{-4}$, $\beta = 0.75$ on a validation set. We write the formula down as it
# stands and compare it with PyTorch's layer. PyTorch divides $\alpha$ by $n$, so that the paper's $10^{-4}$ is `5e-4` there.
# Whoever copies the paper's number into `alpha` gets a different layer.


# %%
def lrn(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    """The paper's formula, each channel over n neighbours: (N, C, H, W)."""
    last, half = a.shape[1] - 1, n // 2
    total = [
        a[:, max(0, i - half) : min(last, i + half) + 1].square().sum(dim=1)
        for i in range(last + 1)
    ]
    return a / (k + alpha * torch.stack(total, dim=1)) ** beta


a = 60 * torch.randn(2, 96, 5, 5, generator=torch.Generator().manual_seed(0)).relu()
check.close(lrn(a), nn.LocalResponseNorm(5, alpha=5e-4, k=2.0)(a), atol=1e-4)
copied = nn.LocalResponseNorm(5, alpha=1e-4, k=2.0)(a)
factor = (copied / lrn(a))[a > 0].mean().item()
check.that(factor > 1.1, f"alpha=1e-4 gives {factor:.2f} times the values")
quiet = lrn(torch.full((1, 1, 1, 1), 1e-3)).item() / 1e-3
check.that(abs(quiet - 2**-0.75) < 1e-4, f"without neighbours: times {quiet:.3f}")

# %% [markdown] lang="ko"
# 마지막 줄을 보세요. $k = 2$이므로 이웃이 모두 0이어도 값은 $2^{-0.75} \approx 0.595$배가 됩니다. 이 배율은 모든 값에 똑같이 걸리므로 다음 층의 가중치가 메울 수 있습니다. LRN이 정말 하는
# 일은 강한 이웃이 있을 때 더 줄이는 것입니다. 한 자리에서 강하게 반응하는 채널들이 서로를 누르는 것을 신경과학에서는 측면 억제(lateral inhibition)라고 하고, 논문은 거기서 착상을 얻었습니다. 강한 유닛이
# 약한 이웃을 누르는 것입니다.
#
# AlexNet에서는 한 가지를 더 조심해야 합니다. 채널의 절반은 다른 GPU에 있습니다. 논문에 분명히 적혀 있지는 않지만, 두 GPU는 정해진 층에서만 값을 주고받으므로 LRN도 자기 GPU의 채널만 더한다고 보는 것이
# 자연스럽습니다. 이 책의 구현은 그렇게 합니다. 식의 $N$은 96이 아니라 48이고, 48번째와 49번째 채널(0부터 세면 47번과 48번)은 이웃이 아닙니다. 모든 채널의 값이 100일 때 LRN이 곱하는 배율을 채널마다
# 그려 봅시다.

# %% [markdown] lang="en"
# See the last line. With $k = 2$ a value is multiplied by $2^{-0.75} \approx 0.595$ even if all its neighbours are 0. That
# factor is the same for all values, and the weights of the next layer can make up for it. What LRN really does is to shrink a
# value further where its neighbours are strong. Neuroscience calls it lateral inhibition when units that answer strongly at one
# place hold each other down, and that is where the paper took the idea: strong units suppress their weak neighbours.
#
# AlexNet needs one more precaution. Half of the channels are on another GPU. The paper does not say so outright, but since its
# GPUs exchange values in certain layers only, the natural reading is that LRN, too, adds only the channels of its own GPU. This
# book's layer does: the $N$ of the formula is 48, not 96, and the 48th and the 49th channel (47 and 48, counted from 0) are not
# neighbours. Let us draw, channel by channel, the factor by which LRN multiplies when all channels have the value 100.

# %% name="fig-towers-lrn" tags=["hide-input"] alt_ko="가로축은 채널 번호 42부터 53, 세로축은 LRN이 곱하는 배율. 채널을 나누지 않은 선은 0.23에서 평평합니다. 두 탑으로 나눈 선은 같다가 채널 46에서 0.26, 47과 48에서 0.30으로 올라가고 49에서 다시 내려옵니다." alt_en="Channel number from 42 to 53 across, LRN's factor upwards. Without the division the line is flat at 0.23. With two towers it is the same until it rises to 0.26 at channel 46 and 0.30 at 47 and 48, and comes down again at 49." caption_ko="모든 채널이 100일 때 LRN의 배율. 번호는 0부터이므로 두 탑의 경계는 47번과 48번 사이입니다. 경계의 네 채널은 이웃이 적어서 덜 눌립니다." caption_en="LRN's factor when all channels are 100. Numbers begin at 0, so that the border of the towers lies between 47 and 48. The four channels at the border have fewer neighbours and are held down less."
flat = torch.full((1, 96, 1, 1), 100.0)
seen = slice(42, 54)
factors = {"two towers": TowerNorm(2)(flat), "undivided": TowerNorm(1)(flat)}
look.curves(
    {
        name: pd.DataFrame({"channel": range(96), "factor": value.flatten() / 100})[
            seen
        ]
        for name, value in factors.items()
    },
    x="channel",
    y="factor",
    height=2.9,
)

# %% [markdown] lang="ko"
# ## 중첩 풀링
#
# 풀링의 창이 $z$칸이고 $s$칸씩 움직인다고 합시다. LeNet처럼 $s = z$이면 창이 서로 겹치지 않습니다. AlexNet은 $s = 2$, $z = 3$입니다. 창이 겹치는 이런 풀링이 중첩 풀링(overlapping
# pooling)입니다. 직접 만들고, 겹치지 않는 풀링과 출력의 크기를 견줍니다.

# %% [markdown] lang="en"
# ## Pooling that overlaps
#
# Let a pooling window have $z$ cells and move by $s$. With $s = z$, as in LeNet, windows do not overlap. AlexNet has $s = 2$
# and $z = 3$: overlapping pooling. We build it by hand and compare the size of its output with that of pooling without overlap.


# %%
def overlapping(x, window=3, stride=2):
    """Max pooling: (N, C, H, W) -> (N, C, rows, columns)."""
    windows = x.unfold(2, window, stride).unfold(3, window, stride)
    return windows.amax(dim=(4, 5))  # windows is (N, C, rows, columns, z, z)


x = torch.randn(2, 96, 55, 55, generator=torch.Generator().manual_seed(0))
check.close(overlapping(x), nn.MaxPool2d(3, 2)(x), what="3×3 /2")
check.same_shapes(overlapping(x), nn.MaxPool2d(2, 2)(x))
for window in (3, 2):
    print(f"z = {window}: (55 - {window}) / 2 + 1 =", (55 - window) / 2 + 1)

# %% [markdown] lang="ko"
# 둘 다 27칸이 됩니다. 크기가 같으니 바꾸어 끼우면 창의 폭만 견줄 수 있습니다. 논문이 그렇게 했고, 겹치는 쪽의 오류율이 top-1에서 0.4, top-5에서
# 0.3퍼센트포인트 낮았다고 적었습니다. $z = 2$에서는 27.5를 내림하므로 마지막 줄과 칸을 읽지 않는다는 차이도 있습니다.
#
# LRN과 중첩 풀링의 효과는 앞에서 이미 쟀습니다. ‘CIFAR-10’ 장의 신경망에서 부품을 하나씩 빼고 훈련한 기록을 다시 읽어 봅시다.

# %% [markdown] lang="en"
# Both give 27 cells. Since the sizes agree, one can be put in the place of the other, and nothing changes but the width of the
# window. The paper did so and found the error of the overlapping kind lower by 0.4 percentage points (top-1) and 0.3 (top-5).
# There is one more difference: with $z = 2$ the 27.5 is rounded down, and the last row and column are never read.
#
# What LRN and overlapping pooling are worth was measured before. We read again the record of the network of the chapter on
# CIFAR-10, trained with one part taken away.

# %% tags=["nbval-check-output"]
record = {row["layers"]: row for row in runs.load("study_cifar_cnn")["summary"]
          if row["schedule"] == "onecycle" and row["moves"]}  # fmt: skip
whole = record["all"]
for part in ("no_lrn", "pool_2x2"):
    row = record[part]
    points = 100 * (row["test_accuracy"] - whole["test_accuracy"])
    error = 100 * math.sqrt((row["std"] ** 2 + whole["std"] ** 2) / row["seeds"])
    print(f"{part:10}{points:+.2f} points, standard error {error:.2f}")

# %% [markdown] lang="ko"
# CIFAR-10의 작은 신경망에서 겹치지 않는 풀링으로 바꾸면 정확도가 2퍼센트포인트 가까이 떨어집니다. 중첩 풀링의 효과가 논문에서보다 컸습니다. LRN을 빼면 차이가 표준 오차보다 작으므로, LRN에 효과가 있다고 말할 수
# 없습니다. 그러나 이것이 논문을 부정하지는 않습니다. 그 신경망도 픽셀을 표준화하고, 같은 신경망을 도형으로 훈련해서 재 보니 LRN은 값을 거의 줄이지 않았습니다. CIFAR-10에서도 그랬다면, 이 기록은 그런 크기의
# 값에서 LRN이 하는 일이 거의 없다는 것만 말해 줍니다. 논문은 LRN이 ImageNet에서 top-1을 1.4, top-5를 1.2퍼센트포인트 낮추었다고 적었습니다. 두 해 뒤의 VGG 논문은 LRN이 ImageNet의
# 결과를 낫게 하지 않는다고 적었고 {cite:p}`simonyan2015very`, 그 뒤의 신경망은 대부분 LRN을 쓰지 않습니다.

# %% [markdown] lang="en"
# In the small network on CIFAR-10, accuracy falls by nearly 2 percentage points when windows do not overlap: overlap was worth
# more than in the paper. Taking away LRN makes a difference below the standard error, so one cannot say that LRN has an effect.
# But this does not refute the paper. That network, too, has standardised pixels, and when the same network was trained on the
# shapes, LRN was found to take next to nothing off its values. If it is so on CIFAR-10, too, the record only says that LRN does
# hardly anything to values of that size. The paper says that on ImageNet LRN lowered top-1 by 1.4 and top-5 by 1.2 percentage
# points. Two years later the paper of VGG wrote that LRN does not improve its results on ImageNet {cite:p}`simonyan2015very`,
# and most networks since have done without it.

# %% [markdown] lang="ko"
# ## GPU 두 개는 그룹 두 개입니다
#
# 논문의 GPU(GTX 580) 한 장에는 메모리가 3GB뿐이어서 이 신경망을 훈련할 수 없었습니다. 파라미터 육천만 개는 0.24GB이지만, 그레이디언트와 모멘텀의 속도도 저마다 그만큼이고, 배치에 든 그림마다 층의 활성값을
# 역전파 때까지 간직해야 합니다. 그래서 채널을 절반씩 두 GPU에 나누어 놓았습니다. 두 절반을 탑(tower)이라고 합시다. GPU 사이의 통신은 느리므로 아무 데서나 주고받지 않습니다. conv2, conv4, conv5는
# 자기 탑의 채널만 읽고, conv3과 완전 연결층만 두 탑을 모두 읽습니다.

# %% [markdown] lang="en"
# ## Two GPUs are two groups
#
# The paper's GPUs (GTX 580) had 3 GB of memory each, too little to train this network. Its sixty million parameters take 0.24
# GB, but so do the gradients and the velocities of momentum each, and of every image in a batch the activations of all layers
# are kept until backpropagation. So the channels were divided between two of them. Let us call the halves towers. Since GPUs
# talk to each other slowly, they do not do so everywhere: conv2, conv4 and conv5 read the channels of their own tower only;
# conv3 and the fully connected layers alone read both.

# %% name="fig-towers" tags=["hide-input"] alt_ko="그림 둘. 왼쪽은 image에서 두 갈래로 나뉘어, 갈래마다 conv1 48, LRN과 pool, conv2 128, LRN과 pool을 지나 concat에서 만나고 conv3 384로 갑니다. 오른쪽은 conv3에서 두 갈래로 나뉘어, 갈래마다 conv4 192, conv5 128, pool을 지나 concat에서 만나고 fc6으로 갑니다." alt_en="Two diagrams. Left: the image goes into two branches, each with conv1 48, LRN and pool, conv2 128, LRN and pool; they meet in a concat and go on to conv3 384. Right: conv3 divides into two branches, each with conv4 192, conv5 128 and pool; they meet in a concat and go on to fc6." caption_ko="두 탑. 왼쪽 다음에 오른쪽이 이어집니다. 합성곱층에서 두 탑이 만나는 곳은 concat 두 군데뿐입니다." caption_en="The two towers; the right diagram continues the left one. Among the convolutions the towers meet only at the two concats."
first = [("conv1", "48, 11×11 /4"), "LRN, pool", ("conv2", "128, 5×5"), "LRN, pool"]
second = [("conv4", "192, 3×3"), ("conv5", "128, 3×3"), "pool"]
draw.row(
    draw.block(
        [first, first],
        merge="concat",
        input="image",
        after=[("conv3", "384, 3×3")],
    ),
    draw.block(
        [second, second], merge="concat", input="conv3", after=[("fc6", "4096")]
    ),
    gap=26,
)

# %% [markdown] lang="ko"
# PyTorch에서는 GPU가 하나여도 같은 계산을 할 수 있습니다. `groups=2`인 합성곱은 입력 채널과 필터를 앞뒤 절반으로 나누고, 필터가 자기 절반의
# 채널만 읽게 합니다. 정말 GPU 두 개와 같을까요? 탑 하나만 아는 신경망을 둘 만들고, 책의 `alexnet`에서 가중치를 절반씩 옮겨 봅시다.

# %% [markdown] lang="en"
# In PyTorch one GPU can compute the same. A convolution with `groups=2` divides its input channels and its filters into a
# first and a second half, and a filter reads the channels of its own half only. Is that really the same as two GPUs? We
# build two networks that know only their own tower, and copy into each of them half of the weights of the book's `alexnet`.

# %%
pool = nn.MaxPool2d(kernel_size=3, stride=2)


class Tower(nn.Module):
    """What one GPU holds of the convolutions."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 48, kernel_size=11, stride=4)
        self.conv2 = nn.Conv2d(48, 128, kernel_size=5, padding=2)
        self.conv3 = nn.Conv2d(256, 192, kernel_size=3, padding=1)  # reads both towers
        self.conv4 = nn.Conv2d(192, 192, kernel_size=3, padding=1)
        self.conv5 = nn.Conv2d(192, 128, kernel_size=3, padding=1)

    def before(self, x):
        """Images (N, 3, 227, 227) -> (N, 128, 13, 13), knowing nothing of the other."""
        x = pool(lrn(self.conv1(x).relu()))  # (N, 48, 27, 27)
        return pool(lrn(self.conv2(x).relu()))  # (N, 128, 13, 13)

    def after(self, both):
        """What the two towers found (N, 256, 13, 13) -> (N, 128, 6, 6)."""
        x = self.conv3(both).relu()  # (N, 192, 13, 13)
        x = self.conv4(x).relu()
        return pool(self.conv5(x).relu())  # (N, 128, 6, 6)


torch.manual_seed(0)
alexnet = models.create("alexnet")
towers = Tower(), Tower()
with torch.no_grad():
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        source = getattr(alexnet.features, name)
        for tower, weight, bias in zip(
            towers, source.weight.chunk(2), source.bias.chunk(2), strict=True
        ):
            getattr(tower, name).weight.copy_(weight)
            getattr(tower, name).bias.copy_(bias)

    image = torch.randn(1, 3, 227, 227, generator=torch.Generator().manual_seed(0))
    both = torch.cat([tower.before(image) for tower in towers], dim=1)
    ours = torch.cat([tower.after(both) for tower in towers], dim=1)  # (1, 256, 6, 6)
    theirs = alexnet.features(image)
check.close(ours, theirs, atol=1e-4, what="two towers")

undivided = copy.deepcopy(alexnet.features)
undivided.norm1, undivided.norm2 = TowerNorm(1), TowerNorm(1)
with torch.no_grad():
    divided = alexnet.features(60 * image)  # values as of pixels to 255
    change = (undivided(60 * image) - divided).norm() / divided.norm()
check.that(change > 1e-3, f"LRN across the towers changes {100 * change:.1f}%")

# %% [markdown] lang="ko"
# 두 탑에서 나온 값이 `groups=2`인 신경망의 값과 같습니다. LRN만 두 탑에 걸쳐 계산하면 값이 달라집니다. 경계의 이웃이 달라지기 때문입니다. conv3의
# 가중치는 나누지 않았다는 것도 보세요. 탑마다 필터가 192개이지만, 필터 하나가 두 탑의 채널 256개를 모두 읽습니다.
#
# 나누면 무엇이 달라질까요? 필터가 읽는 채널이 절반이므로 그 층의 가중치와 계산도 절반입니다. 논문은 GPU 하나에서 훈련한 신경망과 견주었습니다. 그 신경망은 마지막을 뺀 합성곱층의 필터 수를 절반으로 줄였고, 마지막
# 합성곱층과 완전 연결층은 줄이지 않아서 두 신경망의 파라미터 수가 거의 같습니다(논문의 각주 2). 두 GPU의 신경망이 오류율에서 top-1 1.7, top-5 1.2퍼센트포인트 낮았습니다. 그런데 두 GPU의 신경망은 앞쪽
# 층의 필터가 더 많으면서 나뉘어 있기도 하므로, 어느 쪽 덕인지 이 비교로는 가릴 수 없습니다. 필터 수가 같고 나누지 않은 신경망과 견준 수는 논문에 없습니다.

# %% [markdown] lang="en"
# What leaves the two towers is what leaves the network with `groups=2`. If LRN alone is computed across both towers, the values
# differ, since the neighbours at the border are different. Note that the weights of conv3 are not halved: each tower has 192 of
# its filters, but every filter reads all 256 channels of both towers.
#
# What does the division change? A filter reads half of the channels, so that the layer has half of the weights and of the work.
# The paper compared with a network on one GPU. That one had half as many filters in every convolutional layer but the last; the
# last one and the fully connected layers were not halved, so that both networks have about the same number of parameters (the
# paper's footnote 2). The error of the network on two GPUs was lower by 1.7 percentage points (top-1) and 1.2 (top-5). But it
# has more filters in its early layers and it is divided as well, and the comparison cannot tell which of the two helped. A
# comparison with an undivided network of as many filters is not in the paper.

# %% [markdown] lang="ko"
# ## 사진을 늘리는 두 가지 방법
#
# 파라미터가 육천만 개이면 사진이 백만 장을 넘어도 외울 수 있습니다. 논문은 두 가지 데이터 증강(data augmentation)으로 과적합을 줄입니다.
#
# ### 창과 거울상, 그리고 열 개의 창
#
# 사진은 짧은 변이 256픽셀이 되게 줄이고, 가운데의 $256 \times 256$만 잘라 씁니다. 훈련할 때는 거기서 $224 \times 224$ 창을 무작위로 고릅니다(무작위 자르기, random crop). 그리고
# 절반은 거울상으로 바꿉니다(좌우 반전, horizontal flip). 상하로는 뒤집지 않습니다. 논문은 이렇게 하면 훈련 세트가 2,048배로 늘어난다고 적었습니다.
# $32 \times 32 \times 2 = 2048$입니다. 창이 설 수 있는 자리는 ‘CIFAR-10’ 장에서 센 것처럼 $256 - 224 + 1 = 33$곳씩이므로, 모두 세면
# $33 \times 33 \times 2 = 2178$입니다. 뒤에서 보듯이 논문의 출력 크기에 맞는 227픽셀 창이라면 자리는 30곳씩이고 모두 1,800개입니다.
#
# 테스트할 때는 네 귀퉁이와 가운데의 창 다섯 개, 그리고 그 거울상까지 열 개의 창에서 나온 확률을 평균합니다. 이것을 멀티 크롭 평가(multi-crop testing)라고 합니다. 직접 잘라서 책의 함수,
# torchvision의 함수와 견줍니다.

# %% [markdown] lang="en"
# ## Two ways to have more photos
#
# With sixty million parameters even more than a million photos can be learned by heart. The paper fights overfitting with two kinds of
# data augmentation.
#
# ### Windows, mirror images, and the ten windows
#
# A photo is made smaller until its shorter side has 256 pixels, and the middle $256 \times 256$ are cut out. In training, a
# window of $224 \times 224$ is drawn from them at random (random crop), and half of the windows are mirrored, left and right
# (horizontal flip). They are not turned upside down. The paper says that this makes the training set 2,048 times as large, and
# $32 \times 32 \times 2 = 2048$. As counted in the chapter on CIFAR-10, a window can stand in $256 - 224 + 1 = 33$ places each
# way; counting them all gives $33 \times 33 \times 2 = 2178$. With windows of 227 pixels, which, as we shall see, fit the sizes
# that the paper gives for its outputs, there are 30 places each way and 1,800 in all.
#
# In the test, ten windows are looked at and their probabilities averaged: the four corners, the middle, and the mirror images
# of these five. This is multi-crop testing. We cut the windows by hand and compare with the book's function and with
# torchvision's.


# %%
def ten_windows(images, size):
    """(N, C, H, W) -> (N, 10, C, size, size), five windows and their mirror images."""

    def five(x):
        down, right = x.shape[2] - size, x.shape[3] - size
        middle = (round(down / 2), round(right / 2))
        corners = [(0, 0), (0, right), (down, 0), (down, right), middle]
        return [x[:, :, top : top + size, left : left + size] for top, left in corners]

    return torch.stack(five(images) + five(images.flip(3)), dim=1)


x = data.to_float(test_set.images[:8])
check.close(ten_windows(x, CROP), data.ten_crop(CROP)(x), atol=0, what="cnnbook")
check.close(ten_windows(x, CROP), torch.stack(ten_crop(x, [CROP, CROP]), dim=1), atol=0)
for side in (224, 227):
    places = 256 - side + 1
    print(f"windows of {side}: {places} · {places} · 2 = {2 * places**2:,}")

# %% [markdown] lang="ko"
# ### 주성분을 따라 색을 바꾸기
#
# 둘째 증강은 색을 바꿉니다. 훈련 세트의 모든 픽셀을 (빨강, 초록, 파랑) 세 수로 보고 주성분 분석(principal component analysis, PCA)을 합니다. 공분산 행렬의 고유 벡터가
# $\mathbf{p}_1, \mathbf{p}_2, \mathbf{p}_3$, 고윳값이 $\lambda_1, \lambda_2, \lambda_3$이면, 훈련 그림을 꺼낼 때마다 $\alpha_i$를 표준 편차 0.1인 정규
# 분포에서 뽑아서 그림의 모든 픽셀에 같은 벡터를 더합니다. LRN의 $\alpha$와는 다른 수입니다.
#
# $$[\mathbf{p}_1, \mathbf{p}_2, \mathbf{p}_3]\,[\alpha_1 \lambda_1,\ \alpha_2 \lambda_2,\ \alpha_3 \lambda_3]^\top$$
#
# 사진의 색은 주로 밝기를 따라 함께 변하므로 가장 긴 주성분은 회색에 가깝습니다. 그래서 밝기가 크게, 색조는 조금 바뀝니다. 우리의 도형 그림도 그런지 아래에서 재 봅시다. 물체의 정체는 조명의 밝기와 색이 바뀌어도
# 그대로라는 것을 가르치려는 것입니다.

# %% [markdown] lang="en"
# ### Colours changed along their principal components
#
# The second kind changes colours. Each pixel of the training set is three numbers, red, green and blue; on all of them
# principal component analysis (PCA) is done. Let the eigenvectors of their covariance matrix be $\mathbf{p}_1, \mathbf{p}_2, \mathbf{p}_3$ and its
# eigenvalues $\lambda_1, \lambda_2, \lambda_3$. Whenever a training image is used, each $\alpha_i$ is drawn from a normal distribution of standard
# deviation 0.1, and one and the same vector is added to all pixels of the image. This $\alpha$ has nothing to do with that of LRN.
#
# $$[\mathbf{p}_1, \mathbf{p}_2, \mathbf{p}_3]\,[\alpha_1 \lambda_1,\ \alpha_2 \lambda_2,\ \alpha_3 \lambda_3]^\top$$
#
# In photos the three colours mostly vary together, with the light, so that the longest component is close to grey. Brightness
# changes much, the tint a little. We shall see whether that holds for our drawn shapes, too. What is to be learned is that an
# object stays what it is when the brightness and the colour of the light change.

# %%
some = train_set.images[:: max(1, len(train_set) // 2000)]  # these tell as much as all
points = data.to_float(some).permute(1, 0, 2, 3).flatten(1).double()  # (3, pixels)
values, vectors = torch.linalg.eigh(torch.cov(points))  # the columns are the vectors


def random_numbers(count):
    """The numbers that the library draws for a batch, from seed 0."""
    none, whole = torch.zeros(count, dtype=torch.bool), slice(0, count)
    generator = torch.Generator().manual_seed(0)
    return data.Draw(
        generator, torch.arange(count), 0, none, count, whole, torch.device("cpu")
    )


x = data.to_float(train_set.images[:500])
alpha = 0.1 * random_numbers(500).normal(3)  # (500, 3)
shift = (alpha * values.float()) @ vectors.float().T  # (500, 3): a sum of columns
ours = (x + shift[:, :, None, None]).clamp(0, 1)
theirs = data.pca_colour(train_set, std=0.1)(x, random_numbers(500))
check.close(ours, theirs, atol=1e-5, what="library")

longest = vectors[:, -1].abs()
for number, (value, vector) in enumerate(
    zip(values.flip(0), vectors.T.flip(0), strict=True), 1
):
    print(
        f"λ{number} = {value:.4f}   p{number} = {[round(v, 2) for v in vector.tolist()]}"
    )
grey = (longest.sum() / math.sqrt(3)).item()  # the cosine of the angle to (1, 1, 1)
check.that(grey > 0.95, f"the longest component and grey: cosine {grey:.3f}")

# %% [markdown] lang="ko"
# 도형 그림에서도 가장 긴 주성분은 회색에 가깝습니다. 고유 벡터는 부호를 뒤집어도 같은 방향을 나타내므로 $\mathbf{p}_1$의 수가 모두 음수인 것은 상관없습니다.
#
# 고윳값은 분산이므로 단위가 픽셀값의 **제곱**입니다. 그런데 식은 그것을 픽셀값에 더합니다. 픽셀을 0에서 1까지의 수로 나타낼 때와 0에서 255까지의 수로 나타낼 때, 더하는 양의 크기(제곱 평균의 제곱근)는 전체 범위의
# 얼마쯤일까요?

# %% [markdown] lang="en"
# In the drawn shapes, too, the longest component is close to grey. That all numbers of $\mathbf{p}_1$ are negative does not
# matter: with its sign changed an eigenvector stands for the same direction.
#
# Eigenvalues are variances: their unit is that of pixels **squared**. But the formula adds them to pixels. How large is what is
# added (its root mean square), as a share of the whole range, when pixels are numbers from 0 to 1, and when they are numbers
# from 0 to 255?

# %%
for top in (1, 255):
    variances, directions = torch.linalg.eigh(torch.cov(top * points))
    change = (alpha.double() * variances) @ directions.T  # (500, 3)
    share = (change.square().mean().sqrt() / top).item()
    print(f"pixels from 0 to {top:3}: changed by {100 * share:8.2f}% of the range")
    if top == 1:
        small = share
check.that(abs(share / small - 255) < 1, f"{share / small:.0f} times as much")

# %% name="fig-colour" tags=["hide-input"] alt_ko="그림 여섯 장씩 세 줄. 첫째 줄은 원래 그림, 둘째 줄은 표준 편차 0.1로 바꾼 것으로 거의 구별되지 않습니다. 셋째 줄은 표준 편차 3으로 바꾼 것으로 밝기와 색조가 뚜렷이 다르고 일부는 너무 밝거나 어두워져 무늬가 사라졌습니다." alt_en="Six pictures in each of three rows. The first row is as they were; the second, changed with standard deviation 0.1, can hardly be told from it. The third, with standard deviation 3, clearly differs in brightness and tint." caption_ko="위는 원래 그림, 가운데는 논문대로 표준 편차 0.1로 바꾼 것, 아래는 3으로 바꾼 것입니다. 픽셀은 0에서 1까지의 수입니다." caption_en="Above the pictures as they were, in the middle changed with the paper's standard deviation 0.1, below with 3. Pixels are numbers from 0 to 1."
x = data.to_float(train_set.images[20:26])
changed = [data.pca_colour(train_set, std)(x, random_numbers(6)) for std in (0.1, 3)]
look.grid(torch.cat([x, *changed]), columns=6, size=0.85)

# %% [markdown] lang="ko"
# 픽셀이 0에서 1까지이면 변화는 눈에 띄지 않을 만큼 작고, 0에서 255까지이면 전체 범위의 두 배가 넘습니다. 모든 픽셀에 같은 양을 더하므로 픽셀 사이의 차이는 그대로이지만, 0에서 255까지의 범위로 자르면 그림은 거의
# 남지 않습니다. 논문에는 자른다는 말이 없습니다. 같은 식이 단위에 따라 255배 다른 일을 합니다. 논문은 픽셀의 단위를 적지 않았습니다. 이 책의 `data.pca_colour`는 0에서 1까지의 수를 씁니다. 논문은 이
# 증강이 top-1 오류율을 1퍼센트포인트 넘게 낮추었다고 적었지만, 이 단위에서 그만한 효과가 날지는 의문입니다. 식을 옮겨 쓸 때는 단위부터 확인하세요.
#
# ## 드롭아웃
#
# 드롭아웃(dropout)은 ‘훈련이 되게 하기’ 장에서 만들고 쟀습니다. 논문은 처음 두 완전 연결층에서 유닛을 확률 0.5로 끄고, 테스트할 때 출력에 0.5를 곱했습니다. 오늘날에는 훈련할 때 남은 유닛의 값에 2를 곱하고
# 테스트할 때 그대로 둡니다. 기댓값은 같습니다. 논문은 드롭아웃이 없으면 과적합이 심하고, 있으면 수렴하는 데 반복이 두 배쯤 든다고 적었습니다.

# %% [markdown] lang="en"
# With pixels from 0 to 1 the change is too small to notice; with pixels from 0 to 255 it is more than twice the whole range.
# Since the same amount is added to all pixels the differences between them stay, but cut to the range from 0 to 255 hardly
# anything is left of the picture. The paper does not speak of cutting. One formula does two things, 255 times apart, depending
# on the unit. The paper does not say which unit its pixels have. The book's `data.pca_colour` has numbers from 0 to 1. The
# paper says that this augmentation lowered the top-1 error by more than 1 percentage point; whether it can do so in that unit
# is open to doubt. Before you copy a formula, check the units.
#
# ## Dropout
#
# Dropout was built and measured in the chapter on training. The paper switches units of the first two fully connected layers
# off with probability 0.5 and multiplies their outputs by 0.5 in the test. Today the units that remain are multiplied by 2 in
# training, and the test is left alone. The expected value is the same. The paper says that without dropout the network overfits
# substantially, and that with it convergence takes about twice as many iterations.

# %% [markdown] lang="ko"
# ## 신경망 전체
#
# ### 논문의 표와 견주기
#
# 층마다 모양과 파라미터를 추적해서 논문의 그림 2와 3.5절에 적힌 크기와 견줍니다.

# %% [markdown] lang="en"
# ## The whole network
#
# ### Against the paper's table
#
# We trace shapes and parameters layer by layer and compare them with the sizes in the paper's figure 2 and section 3.5.

# %%
paper = {
    "conv1": (96, 55, 55),
    "pool1": (96, 27, 27),
    "conv2": (256, 27, 27),
    "pool2": (256, 13, 13),
    "conv3": (384, 13, 13),
    "conv4": (384, 13, 13),
    "conv5": (256, 13, 13),
    "pool5": (256, 6, 6),
    "fc6": (4096,),
    "fc7": (4096,),
    "fc8": (1000,),
}
trace = look.trace(alexnet, (3, 227, 227))
trace.index = [name.split(".")[-1] for name in trace.index]
trace = trace.loc[list(paper)]
check.same_shapes(dict(trace.output), paper)
check.that(
    trace.parameters.sum() == 60_965_224, f"{trace.parameters.sum():,} parameters"
)
trace[["output", "parameters", "multiply_adds"]]

# %% tags=["nbval-check-output"]
work = trace[trace.parameters > 0]
share = (
    100
    * work[["parameters", "multiply_adds"]]
    / work[["parameters", "multiply_adds"]].sum()
)
print(share.round(2).to_string())
undivided = trace.parameters.sum() + sum(
    filters * (channels // 2) * size**2
    for filters, channels, size in [(256, 96, 5), (384, 384, 3), (256, 384, 3)]
)
print(f"without the division {undivided:,} parameters")

# %%
counted = [math.prod(trace.output[name]) for name in work.index]
printed = [253_440, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]  # figure 2
print("neurons, by the paper's figure 2 and as counted here")
for name, theirs, ours in zip(work.index, printed, counted, strict=True):
    print(f"{name} {theirs:9,}{ours:9,}", "" if theirs == ours else "←")
neurons = sum(counted)
print(f"total {sum(printed):9,}{neurons:9,}")
check.that(
    [a == b for a, b in zip(printed, counted, strict=True)] == [False] + [True] * 7,
    "all but conv1 agree",
)

# %% name="fig-shares" tags=["hide-input"] alt_ko="층 여덟 개마다 막대 두 개. 파라미터의 막대는 fc6이 62%로 가장 길고 fc7이 28%, fc8이 7%이며 합성곱층은 모두 2% 아래입니다. 곱셈-덧셈의 막대는 conv2가 31%로 가장 길고, conv1부터 conv5까지가 대부분이며 완전 연결층은 6% 아래입니다." alt_en="Two bars for each of eight layers. Of the parameters fc6 has most, 62%, then fc7 with 28% and fc8 with 7%; each convolution has less than 2%. Of the multiply-adds conv2 has most, 31%, and conv1 to conv5 have nearly all; each fully connected layer has less than 6%." caption_ko="층마다 파라미터와 곱셈-덧셈 연산의 비율. 파라미터는 완전 연결층에, 계산은 합성곱층에 있습니다." caption_en="Each layer's share of parameters and of multiply-adds. The parameters are in the fully connected layers, the work is in the convolutions."
figure = look.style.figure("column", 4.4)
axes = figure.add_subplot()
rows = np.arange(len(share))
for shift, (column, colour) in zip(
    (-0.2, 0.2), [("parameters", "blue"), ("multiply_adds", "orange")], strict=True
):
    axes.barh(
        rows + shift,
        share[column],
        height=0.38,
        color=palette[colour],
        label=column.replace("_", "-"),
    )
    for row, value in zip(rows, share[column], strict=True):
        axes.text(
            value + 0.8,
            row + shift,
            f"{value:.1f}%",
            va="center",
            fontsize=look.style.FONTS["small"],
        )
axes.set_yticks(rows, list(share.index))
axes.set(ylim=(len(share) - 0.5, -0.5), xlim=(0, 72), xticks=[])
axes.spines[:].set_visible(False)
axes.tick_params(length=0)
figure.legend(loc="outside upper left", ncols=2)
figure

# %% [markdown] lang="ko"
# 파라미터는 60,965,224개입니다. 논문이 말한 육천만 개와 맞고, 그 96%가 완전 연결층 셋에 있습니다. 층을 나누지 않았다면 모두 62,378,344개였을 것입니다. 계산은 거꾸로 92%가 합성곱층에 있습니다. 뉴런은
# 논문의 그림 2에 층마다 적힌 수와 conv1만 빼고 모두 같습니다. conv1의 253,440은 $55 \times 55 \times 96 = 290{,}400$이 아니라 $55 \times 48 \times 96$입니다.
# 그래서 그림의 수를 더하면 622,312개, 우리가 세면 659,272개이고, 논문이 말한 650,000개는 그 사이의 어림수입니다. 논문은 머리말에서 합성곱층이 저마다 파라미터의 1%를 넘지 않는다고 적었지만, 표를 보면
# conv3과 conv4는 1%를 조금 넘습니다.
#
# ### 224인가, 227인가
#
# 논문은 입력이 $224 \times 224$라고 적었습니다. ‘합성곱’ 장의 식에 넣어 봅시다.

# %% [markdown] lang="en"
# There are 60,965,224 parameters, the sixty million of which the paper speaks, and 96% of them are in the three fully connected
# layers. Undivided there would be 62,378,344 in all. Of the work, by contrast, 92% is in the convolutions. The neurons agree
# with the numbers in the paper's figure 2 for every layer but conv1. The 253,440 of conv1 is not
# $55 \times 55 \times 96 = 290{,}400$ but $55 \times 48 \times 96$. So the figure's numbers add up to 622,312, ours to 659,272,
# and the 650,000 of which the paper speaks is a round number in between. The paper says in its introduction that no
# convolutional layer holds more than 1% of the parameters; by the table, conv3 and conv4 hold a little over 1%.
#
# ### 224 or 227?
#
# The paper says that the input is $224 \times 224$. Let us ask the formula of the chapter on convolution.

# %%
with check.raises(ValueError):
    cnnbook.outputs(224, 11, stride=4)
for added in range(7):  # zeros added to a row in all, left and right together
    size = (224 + added - 11) / 4 + 1
    print(f"224 + {added}: {size:6.2f}", "←" if size == 55 else "")
check.that(cnnbook.outputs(227, 11, stride=4) == 55, "227 → 55")

# %% [markdown] lang="ko"
# 정확히 55칸이 되려면 한 줄에 모두 세 칸을 덧대야 합니다. 그러면 왼쪽에 한 칸, 오른쪽에 두 칸처럼 짝이 맞지 않습니다. 내림하는 라이브러리에서는 세 칸부터 여섯 칸까지 어느 쪽이든 55칸이 됩니다.
# torchvision은 224픽셀의 양쪽에 두 칸씩 덧대고 내림합니다. 논문은 어떻게 했는지 말하지 않습니다. 그래서 오늘날에는 대개 227픽셀을 넣습니다.
#
# ### 강의의 층 목록 바로잡기
#
# 앞에서 말한 강의에는 층의 목록도 실려 있습니다. conv2부터 conv5까지 패딩이 모두 0이고, 출력의 폭은 27, 13, 13, 13입니다. 두 가지가 함께 맞을 수 있을까요?

# %% [markdown] lang="en"
# For exactly 55 cells a row needs three more in all, which is uneven: one on the left and two on the right, say. Libraries that
# round down get 55 from any of three to six; torchvision adds two cells on either side of 224 pixels and rounds down. The paper
# does not say what was done, so today 227 pixels are common.
#
# ### The lecture's list of layers, corrected
#
# The lecture mentioned above has a list of the layers, too. It gives padding 0 for conv2 to conv5 and widths of 27, 13, 13 and
# 13 for their outputs. Can both be right?

# %% tags=["nbval-check-output"]
after = {"conv2": 27, "conv3": 13, "conv4": 13, "conv5": 13}
kernels = {"conv2": 5, "conv3": 3, "conv4": 3, "conv5": 3}
width = cnnbook.outputs(cnnbook.outputs(227, 11, stride=4), 3, stride=2)  # pool1
print("       printed, padding 0, padding that gives it")
for name, size in after.items():
    before = {"conv2": 27}.get(name, 13)
    width = cnnbook.outputs(width, kernels[name])
    right = next(
        p for p in range(4) if cnnbook.outputs(before, kernels[name], 1, p) == size
    )
    print(f"{name:7}{size:7}{width:11}{right:25}")
    if name == "conv2":
        width = cnnbook.outputs(width, 3, stride=2)  # pool2

# %% [markdown] lang="ko"
# 패딩이 0이면 폭은 23, 9, 7, 5로 줄어듭니다. 적힌 폭이 나오려면 폭이 5인 필터에는 2, 폭이 3인 필터에는 1을 덧대야 합니다. 일반적으로는 $(F - 1)/2$입니다. 목록의 순서도 다릅니다. 강의에서는 풀링
# 다음에 정규화가 오지만, 논문에서는 합성곱, ReLU, LRN, 풀링의 순서입니다. 그리고 강의에는 conv3의 필터가 모두 넷째 층과 연결된다고 적혀 있습니다. 넷째 층이 conv4라면 논문과 다릅니다. 논문에서는
# conv3이 두 탑을 모두 읽고, conv4는 자기 탑만 읽습니다.

# %% [markdown] lang="en"
# With padding 0 the widths shrink to 23, 9, 7 and 5. The printed widths need padding 2 for the filter of width 5 and 1 for
# those of width 3, in general $(F - 1)/2$. The order differs, too. The lecture has normalisation after pooling; in the paper it
# is convolution, ReLU, LRN, pooling. And the lecture says that all filters of conv3 are connected with the fourth layer. If
# that is conv4, it is not so in the paper, where conv3 reads both towers and conv4 only its own.

# %% [markdown] lang="ko"
# ## 작은 AlexNet을 훈련하기
#
# 진짜 AlexNet은 미니배치 128장, 모멘텀 0.9, 가중치 감쇠 0.0005로 90에폭쯤 훈련했습니다. 학습률은 0.01에서 시작해 세 번 10으로 나누었습니다. GPU 두 개로 닷새에서 엿새가 걸렸습니다
# {cite:p}`krizhevsky2012imagenet`.
#
# 같은 설계를 작게 줄입니다. $38 \times 38$ 그림에서 $33 \times 33$ 창을 읽고, 채널과 유닛은 훨씬 적습니다. 부품의 순서는 그대로입니다. 두 탑, 탑마다 따로 하는 LRN, 중첩 풀링, 완전 연결층
# 셋, 드롭아웃, 무작위 자르기와 좌우 반전, PCA 색을 남깁니다. 바꾼 것은 셋입니다. conv1은 $5 \times 5$, 스트라이드 2이고, 마지막 풀링은 3칸밖에 남지 않아 뺐고, 드롭아웃의 확률은 0.5가 아니라
# 0.2입니다. 크기 식에 넣어 보면 33칸은 15, 7, 3칸으로 줄고 어느 층에서도 나머지가 없습니다. 훈련은 오늘날의 방법을 따릅니다. 픽셀을 표준화하고, 가중치는 He 초기화로 뽑고, 편향은 0에서 시작하고, Adam으로
# 학습률을 한 번 올렸다가 내리며 훈련합니다.

# %% [markdown] lang="en"
# ## Training a small AlexNet
#
# The real AlexNet was trained with mini-batches of 128, momentum 0.9 and weight decay 0.0005 for about 90 epochs. The learning
# rate began at 0.01 and was divided by 10 three times. It took five to six days on two GPUs {cite:p}`krizhevsky2012imagenet`.
#
# We make the same design small. It reads windows of $33 \times 33$ from pictures of $38 \times 38$ and has far fewer channels
# and units. The order of the parts stays: two towers, LRN within each, overlapping pooling, three fully connected layers,
# dropout, random windows and mirroring, colours by PCA. Three things are changed: conv1 is $5 \times 5$ with stride 2, the last
# pooling is left out, since only 3 cells remain, and the probability of dropout is 0.2 instead of 0.5. By the formula 33 cells
# become 15, 7 and 3 without a remainder. The training is today's: pixels are standardised, weights are drawn by He's
# initialisation, biases begin at 0, and Adam is used with a learning rate that goes up once and down again.


# %%
class SmallAlexNet(nn.Module):
    """AlexNet's design, small: (N, 3, 33, 33) -> logits (N, classes)."""

    def __init__(self, classes=10, dropout=0.2):
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(3, 24, kernel_size=5, stride=2),  # (N, 24, 15, 15)
                relu1=nn.ReLU(),
                norm1=TowerNorm(2),
                pool1=nn.MaxPool2d(3, stride=2),  # (N, 24, 7, 7)
                conv2=nn.Conv2d(24, 48, kernel_size=5, padding=2, groups=2),
                relu2=nn.ReLU(),  # (N, 48, 7, 7)
                norm2=TowerNorm(2),
                pool2=nn.MaxPool2d(3, stride=2),  # (N, 48, 3, 3)
                conv3=nn.Conv2d(48, 64, kernel_size=3, padding=1),
                relu3=nn.ReLU(),  # (N, 64, 3, 3)
                conv4=nn.Conv2d(64, 64, kernel_size=3, padding=1, groups=2),
                relu4=nn.ReLU(),
                conv5=nn.Conv2d(64, 48, kernel_size=3, padding=1, groups=2),
                relu5=nn.ReLU(),  # (N, 48, 3, 3)
            )
        )
        self.classifier = nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),  # (N, 432)
                fc6=nn.Linear(48 * 3 * 3, 256),
                relu6=nn.ReLU(),
                drop6=nn.Dropout(dropout),
                fc7=nn.Linear(256, 256),
                relu7=nn.ReLU(),
                drop7=nn.Dropout(dropout),
                fc8=nn.Linear(256, classes),
            )
        )
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        nn.init.normal_(self.classifier.fc8.weight, std=0.01)

    def forward(self, x):
        return self.classifier(self.features(x))


sizes = [CROP, cnnbook.outputs(CROP, 5, stride=2)]
for _ in range(2):
    sizes.append(cnnbook.outputs(sizes[-1], 3, stride=2))
print(" → ".join(map(str, sizes)))

# %% [markdown] lang="ko"
# 겨룰 상대는 은닉층이 하나인 완전 연결 신경망입니다. 파라미터 수를 거의 같게 하고, 같은 창과 같은 증강으로 같은 에폭 동안 훈련합니다. 학습률은 저마다 따로 정했습니다(0.001과 0.002).

# %% [markdown] lang="en"
# The one to beat is a fully connected network with one hidden layer. It has about as many parameters and is trained on the same
# windows with the same augmentation for as many epochs. Each has its own learning rate (0.001 and 0.002).

# %%
test_middle = test_set.centre(CROP)
recipe = {
    "epochs": 30 if full else 16,
    "batch_size": 50,
    "schedule": "onecycle",
    "augment": [data.crop(size=CROP), data.flip(), data.pca_colour(train_set)],
    "precision": "auto",
    "quiet": True,
}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


torch.manual_seed(0)
dense = nn.Sequential(
    nn.Flatten(), nn.Linear(3 * CROP**2, 78), nn.ReLU(), nn.Linear(78, 10)
)
dense_history = train.fit(dense, train_set, test_middle, lr=1e-3, **recipe)
torch.manual_seed(0)
network = SmallAlexNet()
untrained = copy.deepcopy(network)
history = train.fit(network, train_set, test_middle, lr=2e-3, **recipe)

ours = train.evaluate(network, test_middle, like=history)
theirs = train.evaluate(dense, test_middle, like=dense_history)
check.that(
    count(dense) >= count(network), f"{count(dense):,} ≥ {count(network):,} parameters"
)
check.that(ours.accuracy > 0.5, f"{ours.accuracy:.3f} > 0.5")
check.that(
    ours.accuracy > theirs.accuracy + 0.05,
    f"{ours.accuracy:.3f} > dense {theirs.accuracy:.3f} + 0.05",
)
top = pd.DataFrame(
    {
        "top-1 error": [1 - ours.accuracy, 1 - theirs.accuracy],
        "top-5 error": [1 - ours.top5, 1 - theirs.top5],
    },
    index=["small AlexNet", "dense"],
)
top.round(3)

# %% name="fig-live" tags=["hide-input"] alt_ko="에폭에 따른 테스트 정확도 곡선 둘. 작은 AlexNet은 처음에 낮게 시작하지만 곧 앞서서 70%를 넘고, 완전 연결 신경망은 그 아래에서 평평해집니다." alt_en="Two curves of test accuracy over epochs. The small AlexNet begins low, then takes the lead and rises above 70%; the fully connected network flattens below that." caption_ko="방금 잰 테스트 정확도, 가운데 창 하나. dense는 파라미터 수가 같은 완전 연결 신경망입니다." caption_en="Test accuracy measured just now, on the middle window. “dense” is the fully connected network with as many parameters."
look.curves({"small AlexNet": history.table, "dense": dense_history.table})

# %% [markdown] lang="ko"
# LRN이 이 신경망에서는 무슨 일을 하는지도 봅시다. 앞에서는 값이 60이나 100일 때를 보았습니다. 그런데 여기서는 픽셀을 표준화합니다.

# %% [markdown] lang="en"
# Let us also see what LRN does in this network. Above we looked at values of 60 or 100. But here pixels are standardised.

# %%
x = data.to_float(test_middle.images)
x = (x - history.mean.view(1, -1, 1, 1)) / history.std.view(1, -1, 1, 1)
with torch.no_grad():
    before = network.eval().features[:2](x)  # conv1 and its ReLU
    factors = (network.features.norm1(before) / before)[before > 0]
print(
    f"values up to {before.max():.0f}, LRN's factor {factors.min():.3f} to {factors.max():.3f}"
)
check.that(
    0.57 < factors.min() <= factors.max() < 0.6, "nearly the same factor for all"
)

# %% [markdown] lang="ko"
# 배율이 거의 일정합니다. 이 신경망의 LRN은 모든 값에 0.59쯤을 곱할 뿐이고, 그런 상수는 다음 층의 가중치가 메울 수 있습니다. $\alpha$가 $10^{-4}$이므로 값이 수십은 되어야 이웃을 누르기 시작합니다.
# 논문은 픽셀을 나누어 줄이지 않았으므로 사정이 달랐을 것입니다. 식에 든 수는 값의 단위와 함께 옮겨야 합니다.

# %% [markdown] lang="en"
# The factor is almost constant. In this network LRN merely multiplies all values by about 0.59, a constant for which the
# weights of the next layer can make up. With an $\alpha$ of $10^{-4}$ values must be in the tens before they begin to hold
# their neighbours down. The paper did not scale its pixels down, so that things were probably different there. The numbers in a
# formula must be carried over together with the unit of its values.

# %% [markdown] lang="ko"
# ### 열 개의 창은 얼마나 도울까요?
#
# 논문에서는 창 열 개를 평균하면 ILSVRC-2010의 오류율이 top-1은 39.0%에서 37.5%로, top-5는 18.3%에서 17.0%로 내려갔습니다. 훈련은 그대로이고 테스트에서만 열 번 봅니다. 우리 신경망에서 재
# 봅시다. 같은 그림에서 잰 두 정확도의 차이이므로, 표준 오차는 둘의 결과가 갈린 그림의 수로 구합니다. 창을 여러 개 볼 때만 맞힌 그림이 $b$장, 한 개 볼 때만 맞힌 그림이 $c$장이면, 그림 $N$장에서 차이는
# $(b - c)/N$이고 표준 오차는 대략 $\sqrt{b + c}/N$입니다.

# %% [markdown] lang="en"
# ### How much do ten windows help?
#
# In the paper averaging ten windows brought the error on ILSVRC-2010 from 39.0 to 37.5% (top-1) and from 18.3 to 17.0% (top-5).
# Training stays as it is; only the test looks ten times. We measure it with our network. Both accuracies come from the same
# pictures, so the standard error of their difference comes from the pictures on which the two disagree. If of $N$ pictures $b$
# are right only with several windows and $c$ only with one, the difference is $(b - c)/N$ and its standard error about
# $\sqrt{b + c}/N$.

# %%
views = {
    "mirrored too": (test_middle, data.flips),
    "ten": (test_set, data.ten_crop(CROP)),
}
gains = {}
right_once = ours.predictions == test_set.labels
for name, (images, several) in views.items():
    seen = train.evaluate(network, images, like=history, views=several)
    right = seen.predictions == test_set.labels
    b, c = (right & ~right_once).sum().item(), (right_once & ~right).sum().item()
    gains[name] = 100 * (b - c) / len(right), 100 * math.sqrt(b + c) / len(right)
    print(
        f"{name:13} top-1 error {1 - seen.accuracy:.3f}, top-5 error {1 - seen.top5:.3f}; "
        f"gain {gains[name][0]:+.1f} points, standard error {gains[name][1]:.1f}"
    )
for name, (points, _) in gains.items():
    check.that(points > 0, f"{name}: {points:+.1f} points")

# %% [markdown] lang="ko"
# 논문처럼 오류율이 내려갑니다. 다만 거울상 하나만 더해도 열 개의 창 못지않게 내려갑니다. 여기서는 귀퉁이의 창이 보탠 것이 보이지 않고, 이득은 모두 거울상에서 왔을 수 있습니다. 도형 그림에서는 도형이 대개 한가운데에
# 있어서, 귀퉁이의 창이 새로 보여 주는 것은 적고 때로는 도형을 자릅니다. 그림 1,000장으로는 표준 오차가 1퍼센트포인트쯤이므로, 몇 퍼센트포인트인지까지 말하기는 어렵습니다. 논문은 ILSVRC-2010의 테스트 사진
# 150,000장에서 쟀습니다.
#
# ### 마지막 은닉층의 이웃
#
# 논문의 그림 4는 테스트 사진과 가장 가까운 훈련 사진 여섯 장을 보여 줍니다. 가깝다는 것은 픽셀이 아니라 마지막 은닉층 fc7의 수 4,096개를 두고 한 말입니다. 두 사진의 벡터 사이의 유클리드 거리를 잽니다. 우리
# 신경망에는 fc7의 유닛이 256개입니다. 픽셀의 이웃, 훈련하지 않은 신경망의 이웃과 견주어 봅시다. 여섯 이웃 가운데 클래스가 같은 것은 얼마나 될까요? 클래스가 열 개이므로 아무 그림이나 고르면 0.1쯤입니다.

# %% [markdown] lang="en"
# As in the paper, the error falls. But the mirror image alone brings it down no less than all ten windows do. What the corner
# windows add does not show here; all of the gain may come from the mirror image. In our pictures the figures are mostly in the
# middle, so that a corner window shows little that is new and sometimes cuts them off. And 1,000 pictures leave a standard
# error of about 1 percentage point, so that one can hardly say by how many points. The paper measured on the 150,000 test
# photos of ILSVRC-2010.
#
# ### Neighbours in the last hidden layer
#
# The paper's figure 4 shows test photos with the six training photos nearest to each. Nearest is measured not in pixels but in
# the 4,096 numbers of the last hidden layer, fc7: the Euclidean distance between the vectors of two photos. In our network fc7
# has 256 units. We compare with the neighbours by pixels, and with those of the network before training. What share of the six
# belongs to the class of the picture? There are ten classes, so pictures taken at random would give about 0.1.


# %%
def last_hidden(model, images):
    """What leaves fc7's ReLU: (N, 256)."""
    x = data.to_float(images.centre(CROP).images)
    x = (x - history.mean.view(1, -1, 1, 1)) / history.std.view(1, -1, 1, 1)
    with torch.no_grad():
        return model.eval().classifier[:6](model.features(x))


def pixel_values(images):
    return data.to_float(images.centre(CROP).images).flatten(1)  # (N, 3267)


spaces = {
    "pixels": (pixel_values(test_set), pixel_values(train_set)),
    "untrained": (last_hidden(untrained, test_set), last_hidden(untrained, train_set)),
    "trained": (last_hidden(network, test_set), last_hidden(network, train_set)),
}
neighbours, same = {}, {}
for name, (queries, known) in spaces.items():
    nearest = torch.cdist(queries, known).topk(6, largest=False).indices  # (1000, 6)
    neighbours[name] = nearest
    agree = train_set.labels[nearest] == test_set.labels[:, None]
    same[name] = agree.float().mean().item()
    print(f"{name:10} same class among the six nearest: {same[name]:.3f}")
check.that(
    same["trained"] > same["pixels"] + 0.2,
    f"trained {same['trained']:.3f} > pixels {same['pixels']:.3f} + 0.2",
)

# %% name="fig-neighbours" tags=["hide-input"] alt_ko="여섯 줄, 한 줄에 그림 일곱 장. 한 줄의 첫 그림은 테스트 그림이고 나머지는 이웃 여섯 장이며, 첫 그림 위에는 같은 클래스의 수가 적혀 있습니다. 픽셀의 이웃은 색과 밝기가 비슷하지만 클래스가 다른 것이 섞여 있습니다. fc7의 이웃은 색과 배경이 제각각이지만 거의 모두 같은 도형입니다." alt_en="Six rows of seven pictures. The first of a row is a test picture, the others are its six neighbours; above the first stands how many are of its class. Neighbours by pixels are alike in colour and brightness, with other figures among them. Neighbours by fc7 have all sorts of colours and backgrounds, but nearly all are the same figure." caption_ko="테스트 그림 세 장과 그 이웃. 세 클래스에서 신경망이 맞힌 첫 그림을 골랐습니다. 윗줄은 픽셀의 이웃, 아랫줄은 fc7의 이웃입니다. 첫 그림 위의 수는 이웃 여섯 장 가운데 클래스가 같은 장수입니다." caption_en="Three test pictures and their neighbours; of three classes the first that the network gets right. The upper row of each pair has neighbours by pixels, the lower by fc7, and the number says how many of six are of the same class."
shown, titles = [], []
for label in (4, 6, 8):
    query = ((test_set.labels == label) & right_once).nonzero()[0].item()
    for name in ("pixels", "trained"):
        six = neighbours[name][query]
        known = train_set.labels[six]
        shown += [test_set.images[query], *train_set.images[six]]
        titles += [f"{'fc7' if name == 'trained' else name} {(known == label).sum()}/6"]
        titles += [train_set.classes[each] for each in known.tolist()]
look.grid(shown, titles=titles, columns=7, size=0.74)

# %% [markdown] lang="ko"
# 픽셀의 이웃은 색과 밝기가 닮았고, fc7의 이웃은 이름이 같은 것이 많습니다. 훈련하지 않은 신경망의 이웃은 픽셀의 이웃보다도 못하니, 이것은 구조가 아니라 훈련에서 온 것입니다. 그래서 훈련한 신경망의 마지막 은닉층은 다른
# 일에도 쓸 수 있는 특징이 됩니다.

# %% [markdown] lang="en"
# Neighbours by pixels are alike in colour and brightness; neighbours by fc7 more often have the same name. The neighbours of
# the untrained network are worse even than those by pixels, so that this comes from training and not from the structure. This
# is why the last hidden layer of a trained network gives features that serve for other tasks, too.

# %% [markdown] lang="ko"
# ### 한 탑만 색을 보게 될까요?
#
# 논문의 그림 3은 conv1의 필터 96개를 보여 줍니다. GPU 1의 필터 48개는 대부분 색이 없고, GPU 2의 필터는 대부분 색을 봅니다. 논문은 이런 분업이 초기 가중치를 어떻게 뽑든, 훈련할 때마다 일어난다고
# 적었습니다. 어느 GPU가 색을 맡는지만 바뀝니다. 정말 그런지 우리의 컬러 도형에서 재 봅시다.
#
# 먼저 필터가 얼마나 색을 보는지 수로 나타냅니다. 필터의 한 칸에 있는 세 수 $\mathbf{w} = (w_R, w_G, w_B)$를 그 평균 $\bar{w}$와 나머지로 나눕니다. 회색만 보는 필터는 세 수가 같으므로
# 나머지가 0입니다. 필터 전체에서 나머지가 차지하는 비율을 **색의 비율** $c$라고 합시다. 0이면 회색만 보고, 1이면 색만 봅니다.
#
# $$c = \frac{\sum \lVert \mathbf{w} - \bar{w}\,\mathbf{1} \rVert^2}{\sum \lVert \mathbf{w} \rVert^2}$$
#
# 세 수가 서로 독립인 무작위 필터에서는 평균 $2/3$입니다. 이제 탑이 둘인 작은 신경망을 시드만 바꾸어 여섯 번 훈련합니다. 초기 조건은 2012년식을 따릅니다. 초기 가중치가 아주 작아서, 훈련이 끝난 필터에는 배운 것이
# 주로 남습니다.
#
# 두 탑의 평균이 다르다는 것만으로는 분업이라고 할 수 없습니다. 필터 열여섯 개를 아무렇게나 여덟 개씩 나누어도 평균은 조금 다르기 때문입니다. 그래서 같은 열여섯 개를 여덟
# 개씩 나누는 12,870가지를 모두 해 보고, 두 탑의 차이만큼 크게 다른 것이 얼마나 되는지 셉니다. 이 비율 $p$가 0.05보다 작으면 우연으로 보기 어렵습니다.
# 분업이 없더라도 시드 스무 개 가운데 하나쯤은 그렇게 됩니다.

# %% [markdown] lang="en"
# ### Does one tower alone turn to colour?
#
# The paper's figure 3 shows the 96 filters of conv1. The 48 on GPU 1 are mostly without colour, those on GPU 2 mostly see
# colour. The paper says that labour is divided like this in every run, however the initial weights are drawn; only which GPU
# takes the colours changes. Is that so with our coloured shapes? We measure.
#
# First we need a number for how much colour a filter sees. The three numbers $\mathbf{w} = (w_R, w_G, w_B)$ of each cell of a
# filter are split into their mean $\bar{w}$ and the rest. A filter that sees only grey has three equal numbers and no rest. The
# share of the rest over the whole filter we call its **share of colour** $c$: 0 means only grey, 1 only colour.
#
# $$c = \frac{\sum \lVert \mathbf{w} - \bar{w}\,\mathbf{1} \rVert^2}{\sum \lVert \mathbf{w} \rVert^2}$$
#
# For a random filter with independent numbers it is $2/3$ on average. Now we train a small network of two towers six times,
# with nothing changed but the seed. The start is that of 2012: its weights are so small that what a filter shows after training
# is mostly what was learned.
#
# That the means of the two towers differ is not yet a division of labour. Deal out the sixteen filters at random, eight and
# eight, and the means will differ a little, too. So we try all 12,870 ways to divide these sixteen into eight and eight, and count
# how many differ by as much as the two towers do. If this share $p$ is below 0.05, chance is a poor explanation. Even without
# any division of labour, about one seed in twenty gets there.


# %%
def share_of_colour(weight):
    """Of each filter, 0 grey to 1 colour: (K, 3, h, w) -> (K,)."""
    rest = weight - weight.mean(dim=1, keepdim=True)
    return rest.square().sum(dim=(1, 2, 3)) / weight.square().sum(dim=(1, 2, 3))


def by_chance(shares):
    """The share of all divisions into halves that differ as much as these two do."""
    half = len(shares) // 2
    chosen = torch.tensor(list(itertools.combinations(range(2 * half), half)))
    first = shares[chosen].mean(dim=1)  # (12870,)
    differences = (2 * first - 2 * shares.mean()).abs()  # first half less second half
    mine = (shares[:half].mean() - shares[half:].mean()).abs()
    return (differences > mine - 1e-6).float().mean().item()


def two_towers(seed):
    """A network whose towers meet in its third convolution, with the start of 2012."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        Times(60.0),
        nn.Conv2d(3, 16, kernel_size=5, stride=2, padding=2),  # (N, 16, 16, 16)
        nn.ReLU(),
        TowerNorm(2),
        nn.MaxPool2d(3, stride=2),  # (N, 16, 7, 7)
        nn.Conv2d(16, 32, kernel_size=5, padding=2, groups=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),  # (N, 32, 3, 3)
        nn.Conv2d(32, 32, kernel_size=3, padding=1),  # reads both towers
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 3 * 3, 10),
    )
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
    return model


random_filters = torch.randn(2000, 3, 5, 5, generator=torch.Generator().manual_seed(0))
expected = share_of_colour(random_filters).mean().item()
check.that(abs(expected - 2 / 3) < 0.01, f"random filters: {expected:.3f}")

filters = []
for seed in range(6):
    model = two_towers(seed)
    run = train.fit(
        model,
        train_set[:1500].centre(32),
        epochs=10,
        batch_size=50,
        lr=0.01,
        optimizer="sgd",
        weight_decay=5e-4,
        schedule="onecycle",
        seed=seed,
        quiet=True,
    )
    filters.append(model[1].weight.detach())
    colour = share_of_colour(filters[-1])
    print(
        f"seed {seed}: training accuracy {run.table.train_accuracy.iloc[-1]:.2f}, share of "
        f"colour {colour[:8].mean():.2f} and {colour[8:].mean():.2f}, p = {by_chance(colour):.3f}"
    )

# %%
colours = torch.stack([share_of_colour(weight) for weight in filters])  # (6, 16)
chances = [by_chance(each) for each in colours]
divided = sum(p < 0.05 for p in chances)
print(f"{divided} of 6 seeds with p < 0.05")
check.that(divided <= 2, f"not in every run: {divided} of 6")


def sorted_but(shares, exchanged):
    """The filters sorted by colour into two towers, but for some pairs exchanged."""
    each = shares.sort().values.clone()
    for low in (3, 4)[:exchanged]:  # from the middle of either half
        each[[low, low + 8]] = each[[low + 8, low]]
    return each


for exchanged in (0, 1, 2):
    p = [by_chance(sorted_but(each, exchanged)) for each in colours]
    print(f"{8 - exchanged} of 8 sorted: p from {min(p):.4f} to {max(p):.4f}")
    if exchanged == 1:
        check.that(max(p) < 0.05, "one pair exchanged: still noticed")
check.that(colours.mean() < 0.6, f"mean share of colour {colours.mean():.2f} < 2/3")

# %% name="fig-colour-towers" tags=["hide-input"] alt_ko="가로축은 시드 0부터 5, 세로축은 필터마다의 색의 비율. 시드마다 두 탑의 점이 여덟 개씩 나란히 있고, 두 탑의 점이 대부분 넓게 섞여 있습니다. 짧은 선이 탑마다의 평균입니다." alt_en="Seeds 0 to 5 across, each filter's share of colour upwards. For each seed the eight dots of either tower stand side by side; in most seeds the two towers are widely mixed. Short lines mark the mean of each tower." caption_ko="여섯 시드에서 conv1의 필터마다 색의 비율. 파란 동그라미가 첫째 탑, 주황 네모가 둘째 탑이고 짧은 선은 평균입니다. 점선은 무작위 필터의 $2/3$입니다." caption_en="Share of colour of each filter of conv1 for six seeds. Blue circles are the first tower, orange squares the second, short lines their means. The dotted line is the $2/3$ of random filters."
figure = look.style.figure("column", 3.5)
axes = figure.add_subplot()
axes.grid(True, axis="y")
for seed, each in enumerate(colours):
    for tower, (colour_name, marker) in enumerate([("blue", "o"), ("orange", "s")]):
        part, place = each.view(2, 8)[tower], seed + (tower - 0.5) * 0.36
        axes.plot(
            [place] * 8,
            part,
            marker,
            color=palette[colour_name],
            alpha=0.6,
            markersize=6,
        )
        mean = part.mean()
        axes.plot(
            [place - 0.14, place + 0.14],
            [mean, mean],
            "-",
            color=palette["ink"],
            linewidth=2.4,
        )
axes.axhline(2 / 3, color=palette["muted"], linestyle=":", linewidth=1.2)
axes.set(ylim=(0, 1), xlabel="seed", ylabel="share of colour")
figure

# %% name="fig-filters" tags=["hide-input"] alt_ko="conv1의 필터 열여섯 개가 두 줄. 윗줄이 첫째 탑, 아랫줄이 둘째 탑입니다. 거의 모두 색이 섞여 있지만, 윗줄은 초록, 하늘색, 보라가 더 뚜렷하고 아랫줄은 대체로 색이 옅고 명암의 차이가 큽니다." alt_en="The sixteen filters of conv1 in two rows, the first tower above, the second below. Nearly all have some colour. Above, greens, light blue and purple are more marked; below, colours are mostly faint and the contrast of light and dark is larger." caption_ko="두 탑의 차이가 가장 큰 시드의 필터. 윗줄이 첫째 탑, 아랫줄이 둘째 탑입니다. 회색이 0입니다." caption_en="The filters of the seed in which the towers differ most, the first tower above, the second below. Grey is 0."
look.filters(filters[int(np.argmin(chances))], columns=8, size=0.7)

# %% [markdown] lang="ko"
# 배운 필터는 무작위 필터보다 대체로 색을 덜 보고, 색의 비율은 필터마다 크게 다릅니다. 그러나 탑을 따라 갈리지는 않습니다. 앞의 출력처럼 여섯 시드 가운데 어느 것에서도 $p$가 0.05보다 작지 않습니다. 다만 가장 작은
# 것은 0.05를 겨우 넘습니다.
#
# 이 방법은 얼마나 약한 분업까지 알아볼까요? 출력의 마지막 세 줄이 답입니다. 같은 필터를 색의 비율이 작은 여덟 개와 큰 여덟 개로 나누면 언제나 $p = 2/12{,}870 \approx 0.0002$입니다. 거기서 색의
# 순위가 저마다 제 무리의 가운데쯤인 필터 한 쌍을 맞바꾸어 탑마다 여덟 개 가운데 일곱 개만 제자리에 있어도 알아봅니다. 두 쌍을 맞바꾸면 $p$가 0.05를 넘어서 놓칩니다. 그러니 말할 수 있는 것은 여기까지입니다. 이
# 작은 실험에서는 논문의 그림처럼 거의 완전한 분업이 훈련할 때마다 일어나지는 않았습니다. 한쪽으로 조금 치우치는 일이 있는지는 필터 열여섯 개로는 알 수 없습니다. 위의 그림은 여섯 시드 가운데 차이가 가장 큰 것을 고른
# 것입니다. 논문의 신경망은 훨씬 크고 사진으로 90에폭을 훈련했으므로, 이것이 논문을 부정하지는 않습니다. 층을 갈래로 나눈 다른 신경망에서도 비슷한 기능의 유닛이 한 갈래에 모이는 것이 관찰되었습니다
# {cite:p}`voss2021branch`.

# %% [markdown] lang="en"
# The learned filters mostly see less colour than random ones, and their shares of colour differ widely. But they do not part
# along the towers: as the output above says, $p$ is below 0.05 with none of the six seeds, though the smallest is only just
# above 0.05.
#
# How weak a division of labour would this measure notice? The last three lines of the output tell. Divide the same filters into
# the eight with the least colour and the eight with the most, and there is always $p = 2/12{,}870 \approx 0.0002$. Exchange one
# pair, each from about the middle of its group, so that only seven of the eight in each tower are where they belong, and it is
# still noticed. With two pairs exchanged $p$ is above 0.05, and it is missed. So this much can be said: in this small
# experiment a nearly complete division of labour, like that in the paper's figure, did not come with every run. Whether colour
# leans a little to one side cannot be told from sixteen filters. The picture above shows the seed with the largest difference
# of the six. The paper's network is far larger and was trained on photos for 90 epochs, so this does not refute the paper. In
# other networks whose layers are divided into branches, too, units with related functions have been seen to gather in one
# branch {cite:p}`voss2021branch`.

# %% [markdown] lang="ko"
# ## 논문의 주장을 다시 계산하기
#
# 논문의 표 2는 ILSVRC-2012의 결과입니다 {cite:p}`krizhevsky2012imagenet`. 단위는 오류율 %입니다.
#
# | | top-1 검증 | top-5 검증 | top-5 테스트 |
# |---|---|---|---|
# | SIFT + 피셔 벡터 (준우승) | - | - | 26.2 |
# | 신경망 1개 | 40.7 | 18.2 | - |
# | 신경망 5개의 평균 | 38.1 | 16.4 | 16.4 |
# | 사전 학습한 신경망 1개 | 39.0 | 16.6 | - |
# | 위의 5개와 사전 학습한 2개, 모두 7개의 평균 | 36.7 | 15.4 | 15.3 |
#
# 사전 학습은 2011년 가을의 ImageNet 전체, 곧 이름 22,000가지, 사진 천오백만 장으로 했습니다. 사전 학습한 신경망에는 마지막 풀링 뒤에 여섯째 합성곱층이 있고, 사전 학습 다음에 대회의 사진으로 미세
# 조정했습니다. 아래 표는 이 장에서 다시 계산하거나 잰 것입니다. points는 top-1 오류율이 내려간 퍼센트포인트로, 음수는 그 부품이 없을 때 오히려 나았다는 뜻입니다. ± 뒤는 표준 오차입니다. tanh to
# ReLU는 훈련 오류율 25%에 이르기까지 tanh가 ReLU의 몇 배의 에폭이 걸렸는지입니다.

# %% [markdown] lang="en"
# ## The paper's claims, recomputed
#
# The paper's table 2 has the results on ILSVRC-2012, errors in % {cite:p}`krizhevsky2012imagenet`:
#
# | | top-1 validation | top-5 validation | top-5 test |
# |---|---|---|---|
# | SIFT + Fisher vectors (runner-up) | - | - | 26.2 |
# | 1 network | 40.7 | 18.2 | - |
# | mean of 5 networks | 38.1 | 16.4 | 16.4 |
# | 1 network, pre-trained | 39.0 | 16.6 | - |
# | mean of 7: the 5 and 2 pre-trained | 36.7 | 15.4 | 15.3 |
#
# The pre-training was on all of ImageNet as of autumn 2011: 22,000 categories, fifteen million photos. The pre-trained networks
# have a sixth convolutional layer behind the last pooling, and were then fine-tuned on the contest's photos. The next table has
# what this chapter recomputed or measured. Points are percentage points by which the top-1 error falls; a negative number says
# that it went better without the part. What stands after ± is the standard error. “tanh to ReLU” says how many times as many
# epochs tanh took to 25% training error.

# %%
fell_by = {
    part: 100 * (whole["test_accuracy"] - record[part]["test_accuracy"])
    for part in ("no_lrn", "pool_2x2")
}
spread = {
    part: 100
    * math.sqrt((record[part]["std"] ** 2 + whole["std"] ** 2) / whole["seeds"])
    for part in fell_by
}
claims = [
    ("parameters", "60 million", f"{trace.parameters.sum():,}"),
    ("neurons", "650,000", f"{neurons:,}"),
    ("tanh to ReLU, epochs", "6", f"{ratio['2012']:.1f}"),
    ("- from today's start", "-", f"{ratio['today']:.1f}"),
    (
        "LRN, points",
        "1.4",
        f"{fell_by['no_lrn']:.1f} ± {spread['no_lrn']:.1f} (CIFAR-10)",
    ),
    (
        "overlapping, points",
        "0.4",
        f"{fell_by['pool_2x2']:.1f} ± {spread['pool_2x2']:.1f} (CIFAR-10)",
    ),
    ("ten windows, points", "1.5", f"{gains['ten'][0]:.1f} ± {gains['ten'][1]:.1f}"),
    ("colour in one tower", "every run", f"{divided} of 6"),
    ("two GPUs and more filters, points", "1.7", "-"),
    ("colours by PCA, points", "more than 1", "-"),
    ("dropout", "less overfitting", "-"),
]
pd.DataFrame(claims, columns=["", "paper", "ours"]).set_index("")

# %% [markdown] lang="ko"
# 셀 수 있는 것은 conv1의 뉴런 수와 합성곱층의 파라미터가 1%를 넘지 않는다는 말을 빼고 논문과 맞습니다. 중첩 풀링은 작은 실험에서도 도움이 되었습니다. 열 개의 창도 그렇지만, 여기서는 거울상의 효과와 구별되지
# 않습니다. ReLU가 얼마나 빠른지는 초기 조건에 달려 있습니다. LRN의 효과는 보이지 않았는데, LRN을 빼 본 신경망은 값이 작아 LRN이 거의 일하지 않는 듯합니다. 거의 완전한 탑의 분업도 보이지 않았습니다. 마지막
# 세 줄은 이 장에서 재지 않았습니다.

# %% [markdown] lang="en"
# What can be counted agrees with the paper, but for the neurons of conv1 and the remark that no convolutional layer holds more
# than 1% of the parameters. Overlapping pooling helps in a small experiment as well. So do ten windows, though here they cannot
# be told from the mirror image alone. How fast ReLU is depends on the start. Of an effect of LRN nothing was to be seen, but in
# the network from which it was taken away the values seem too small for LRN to act. Nor was a nearly complete division of
# labour between the towers. The last three lines were not measured in this chapter.

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **AlexNet의 top-5 오류율은 15.3%입니까, 15.4%입니까, 16.4%입니까?** 셋 다 논문의 표 2에 있습니다. 15.3%는 신경망 7개를 평균한 테스트 세트의 수, 15.4%는
# 같은 7개의 검증 세트의 수입니다. 7개 가운데 둘은 대회 밖의 사진으로 사전 학습했습니다. 대회의 사진만 쓴 신경망 5개는 16.4%, 하나는 검증
# 세트에서 18.2%입니다. 다른 신경망과 견줄 때는 조건이 같은 것끼리 견주어야 합니다.
#
# **요즘에도 탑을 둘로 나눕니까?** 메모리 때문에 나누는 일은 거의 없습니다. 나누지 않으면 두 탑 사이의 통신도, 탑마다 따로 하는 LRN도 필요 없습니다. torchvision의
# `alexnet`은 2014년의 다른 설계로, 탑이 하나이고 채널 수가 다르며 LRN이 없습니다. 책에는 `models.create("alexnet_torchvision")`으로 들어 있습니다.
#
# **완전 연결층이 파라미터의 96%를 차지하는데 꼭 필요합니까?** ZFNet 논문이 AlexNet을 다시 훈련하며 쟀습니다 {cite:p}`zeiler2014visualizing`. 검증 세트의 top-1 오류율은 온전할 때
# 40.5%, fc7을 빼면 40.0%, fc6과 fc7을 모두 빼면 44.8%였습니다. top-5는 차례로 18.1%, 18.4%, 22.4%입니다. 그러니 fc7은 빼도 거의 달라지지 않습니다. AlexNet 논문이 적은
# 것은 합성곱층의 이야기입니다. 가운데 합성곱층을 하나 빼면 top-1에서 2퍼센트포인트쯤 나빠집니다.
#
# **논문의 갱신 규칙은 PyTorch의 SGD와 같습니까?** 논문의 규칙은 $v \leftarrow 0.9\,v - 0.0005\,\epsilon\,w - \epsilon\,\nabla L$,
# $w \leftarrow w + v$입니다. 학습률이 일정하면 같습니다. 논문은 학습률 $\epsilon$을 속도 $v$ 안에 넣고 PyTorch는 밖에서 곱합니다. 그래서 PyTorch에서는 새 학습률이 옛 속도에도
# 곱해지고, 학습률을 바꾸면 바로 그 걸음부터 달라집니다. 코드로 확인합니다.

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **Is the top-5 error of AlexNet 15.3%, 15.4% or 16.4%?** All three stand in the paper's table 2. 15.3% is the mean of 7
# networks on the test set, 15.4% the same 7 on the validation set. Two of the 7 were pre-trained on photos from outside the
# contest. Five networks trained on the contest's photos alone have 16.4%, a single one 18.2% on the validation set. To
# compare with another network, compare under the same conditions.
#
# **Are networks still divided into towers?** Hardly ever for the sake of memory. Undivided they need no communication and no
# LRN within each tower. torchvision's `alexnet` is another design, of 2014: one tower, other numbers of channels, no LRN. The
# book has it as `models.create("alexnet_torchvision")`.
#
# **The fully connected layers hold 96% of the parameters. Are they needed?** The paper of ZFNet trained AlexNet again and
# measured it {cite:p}`zeiler2014visualizing`. The top-1 error on the validation set was 40.5% for the whole, 40.0% without fc7,
# and 44.8% without fc6 and fc7; top-5 was 18.1, 18.4 and 22.4%. So taking away fc7 hardly changes anything. What the paper of
# AlexNet says is about convolutions: without one of the middle ones top-1 is worse by about 2 percentage points.
#
# **Is the paper's update rule that of PyTorch's SGD?** The paper has
# $v \leftarrow 0.9\,v - 0.0005\,\epsilon\,w - \epsilon\,\nabla L$, $w \leftarrow w + v$. As long as the learning rate is
# constant they are the same. The paper has the learning rate $\epsilon$ inside the velocity $v$, PyTorch multiplies by it
# outside. So in PyTorch a new rate multiplies the old velocity, too, and the two differ from the first step at the new rate on.
# We check it in code.


# %%
def by_paper(rates, start=1.0):
    """w after each step on the loss w² / 2, whose gradient is w."""
    w, v, path = start, 0.0, []
    for rate in rates:
        v = 0.9 * v - 0.0005 * rate * w - rate * w
        w = w + v
        path.append(w)
    return path


def by_torch(rates, start=1.0):
    w, path = nn.Parameter(torch.tensor(start, dtype=torch.float64)), []
    optimizer = torch.optim.SGD([w], lr=rates[0], momentum=0.9, weight_decay=0.0005)
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        (w.square() / 2).backward()
        optimizer.step()
        path.append(w.item())
    return path


constant, falling = [0.01] * 20, [0.01] * 10 + [0.001] * 10
check.close(by_paper(constant), by_torch(constant), atol=1e-12, what="constant")
gap = np.abs(np.subtract(by_paper(falling), by_torch(falling)))
check.that(
    gap[:10].max() < 1e-12 < 1e-3 < gap[10],
    f"in the first step at the new rate {gap[10]:.3f}",
)

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 다섯 연습의 함수는 무작위로 고른 입력에서 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first five are checked on random inputs, and where one is wrong the
# check says what is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: top-k 오류율.** `top_error(logits, labels, k)`를 짜세요. `logits`는 (그림, 클래스) 모양의 NumPy 배열, `labels`는 정답입니다. 로짓이 가장 큰 `k`개
# 클래스에 정답이 없는 그림의 비율을 0과 1 사이의 수로 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: top-k error.** Write `top_error(logits, labels, k)`. `logits` is a NumPy array of shape (images, classes), `labels`
# the right answers. Return, as a number from 0 to 1, the share of images whose label is not among the `k` classes with the
# largest logits.


# %% tags=["exercise"]
def top_error(logits, labels, k): ...


check.exercise("top_error", top_error)


# %% tags=["solution"]
# solution
def top_error(logits, labels, k):
    best = np.argsort(-logits, axis=1)[:, :k]  # (images, k)
    return (best != labels[:, None]).all(axis=1).mean()


check.exercise("top_error", top_error, solution=True)
top3 = top_error(ours.logits.numpy(), test_set.labels.numpy(), 3)
print(f"small AlexNet, top-3 error {top3:.3f}")

# %% [markdown] lang="ko"
# **연습: 그룹이 있는 합성곱의 파라미터.** `grouped(in_channels, out_channels, kernel, groups)`를 짜세요. 폭과 높이가 `kernel`인 합성곱층의 파라미터 수를 편향까지
# 세어 돌려줍니다. AlexNet의 conv2를 넣어 앞의 표와 견주어 보세요.

# %% [markdown] lang="en"
# **Exercise: parameters of a convolution with groups.** Write `grouped(in_channels, out_channels, kernel, groups)`. Return the number
# of parameters, biases included, of a convolution whose filters are `kernel` wide and high. Try conv2 of AlexNet and compare with the
# table above.


# %% tags=["exercise"]
def grouped(in_channels, out_channels, kernel, groups): ...


check.exercise("grouped", grouped)


# %% tags=["solution"]
# solution
def grouped(in_channels, out_channels, kernel, groups):
    return out_channels * (in_channels // groups * kernel**2 + 1)


check.exercise("grouped", grouped, solution=True)
print(f"conv2: {grouped(96, 256, 5, 2):,}, undivided {grouped(96, 256, 5, 1):,}")

# %% [markdown] lang="ko"
# **연습: 탑 안의 이웃.** 탑이 `towers`개이고 채널이 모두 `channels`개일 때, 채널 `i`의 LRN이 제곱해서 더하는 채널 번호를 작은 것부터 리스트로 돌려주는
# `neighbours(i, channels, towers, n)`을 짜세요. 번호는 전체에서 0부터 셉니다. `n`은 홀수입니다.

# %% [markdown] lang="en"
# **Exercise: neighbours within a tower.** There are `towers` towers and `channels` channels in all. Write
# `neighbours(i, channels, towers, n)`, which returns a list, smallest first, of the channels whose squares the LRN of channel `i`
# adds. Channels are numbered from 0 over all towers; `n` is odd.


# %% tags=["exercise"]
def neighbours(i, channels, towers, n): ...


check.exercise("neighbours", neighbours)


# %% tags=["solution"]
# solution
def neighbours(i, channels, towers, n):
    width = channels // towers
    first = i // width * width
    return [j for j in range(first, first + width) if abs(j - i) <= n // 2]


check.exercise("neighbours", neighbours, solution=True)
print(
    "channel 47:", neighbours(47, 96, 2, 5), "  channel 48:", neighbours(48, 96, 2, 5)
)

# %% [markdown] lang="ko"
# **연습: 창 다섯 개.** 높이가 `height`, 폭이 `width`인 그림에서 한 변이 `size`인 창 다섯 개의 왼쪽 위 모서리를 (위, 왼쪽) 튜플의 리스트로 돌려주는 `five_windows(height, width, size)`를
# 짜세요. 순서는 왼쪽 위, 오른쪽 위, 왼쪽 아래, 오른쪽 아래, 가운데입니다. 남는 픽셀은 언제나 짝수 개입니다.

# %% [markdown] lang="en"
# **Exercise: five windows.** Write `five_windows(height, width, size)`. Return a list of tuples (top, left), the upper left corners of the
# five windows of side `size` in an image of height `height` and width `width`, in the order upper left, upper right, lower left, lower right,
# middle. The number of pixels left over is always even.


# %% tags=["exercise"]
def five_windows(height, width, size): ...


check.exercise("five_windows", five_windows)


# %% tags=["solution"]
# solution
def five_windows(height, width, size):
    down, right = height - size, width - size
    return [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]


check.exercise("five_windows", five_windows, solution=True)
print(five_windows(256, 256, 224))

# %% [markdown] lang="ko"
# **연습: 더할 색.** `colour_shift(vectors, values, draws)`를 짜세요. `vectors`는 열이 고유 벡터인 $3 \times 3$ 배열, `values`는 고윳값 세 개, `draws`는
# 뽑은 $\alpha$ 세 개입니다. 모든 픽셀에 더할 세 수를 배열로 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: the colour to add.** Write `colour_shift(vectors, values, draws)`. `vectors` is a $3 \times 3$ array with the
# eigenvectors as its columns, `values` are the three eigenvalues, `draws` the three $\alpha$. Return the three numbers that are
# added to every pixel, as an array.


# %% tags=["exercise"]
def colour_shift(vectors, values, draws): ...


check.exercise("colour_shift", colour_shift)


# %% tags=["solution"]
# solution
def colour_shift(vectors, values, draws):
    return vectors @ (draws * values)


check.exercise("colour_shift", colour_shift, solution=True)
print(colour_shift(vectors.numpy(), values.numpy(), np.array([0.1, 0.1, 0.1])).round(4))

# %% [markdown] lang="ko"
# **연습: 탑 하나를 끄고 재기.** 훈련한 `network`를 복사해서 첫째 탑의 conv1 필터(24개 가운데 앞의 12개)와 그 편향을 모두 0으로 바꾸고, 다시 훈련하지 않은 채 `test_middle`에서 재세요.
# 바꾼 신경망을 `silent`에, `train.evaluate`의 결과를 `silent_result`에 넣습니다. `like=history`를 건네야 합니다. 재기 전에 정확도가 어디까지 내려갈지 예상해 보세요.

# %% [markdown] lang="en"
# **Exercise: measure with one tower silenced.** Copy the trained `network`, set the filters of the first tower's conv1 (the
# first 12 of 24) and their biases to 0, and measure on `test_middle` without training again. Put the changed network in
# `silent` and the result of `train.evaluate` in `silent_result`; pass `like=history`. Before you measure: how far will the
# accuracy fall?

# %% tags=["exercise"]
silent = ...
silent_result = ...

check.exercise(
    "silenced",
    (silent, silent_result, lambda it: train.evaluate(it, test_middle, like=history)),
)

# %% tags=["solution"]
# solution
silent = copy.deepcopy(network)
with torch.no_grad():
    silent.features.conv1.weight[:12] = 0
    silent.features.conv1.bias[:12] = 0
silent_result = train.evaluate(silent, test_middle, like=history)

check.exercise(
    "silenced",
    (silent, silent_result, lambda it: train.evaluate(it, test_middle, like=history)),
    solution=True,
)
print(f"both towers {ours.accuracy:.3f}, the second alone {silent_result.accuracy:.3f}")
check.that(silent_result.accuracy < ours.accuracy - 0.03, "each tower has its share")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`krizhevsky2012imagenet`: 이 장의 논문입니다. 아홉 쪽이고 읽기 쉽습니다. 표와 그림의 수를 이 장의 표와 견주며 읽어 보세요.
# - {cite:t}`russakovsky2015imagenet`: 대회를 만든 사람들이 쓴 글입니다. 사진을 모으고 이름을 붙인 방법, 해마다의 우승자, 사람의 오류율이 있습니다.
# - {cite:t}`voss2021branch`: 갈래로 나눈 층에서 일어나는 분업을 그림으로 보여 줍니다.
# - {cite:t}`zeiler2014visualizing`: AlexNet의 층들이 무엇을 보는지 그려 보고 첫 층을 고칩니다. 다음 장의 논문입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`krizhevsky2012imagenet`: the paper of this chapter, nine pages and easy to read. Read it with this chapter's tables beside
#   its own.
# - {cite:t}`russakovsky2015imagenet`: by those who made the contest. How the photos were collected and labelled, the winners
#   of each year, the error of a human.
# - {cite:t}`voss2021branch` show in pictures how labour is divided in layers with branches.
# - {cite:t}`zeiler2014visualizing` draw what the layers of AlexNet see, and mend its first layer. It is the paper of the next chapter.
