# %% [markdown] lang="ko"
# # R-CNN에서 Fast R-CNN까지
#
# ## 무엇을 만들게 될까요?
#
# 지금까지의 신경망은 그림 한 장에 이름을 하나 붙였습니다. 이 장에서는 그림에 있는 물체를 모두 찾아, 어디에 있는지는 상자로, 무엇인지는 클래스로 답합니다. 이것이 객체 탐지(object
# detection)입니다. 2014년의 R-CNN {cite:p}`girshick2014rich`, 같은 해의 SPPNet {cite:p}`he2014spatial`, 2015년의 Fast
# R-CNN {cite:p}`girshick2015fast`은 같은 질문에 답하는 세 탐지기입니다. 아래 그림이 셋을 견줍니다. 셋 다 어디를 볼지 스스로 정하지 않습니다. 선택적 탐색이라는
# 방법이 물체가 있을 만한 상자 $P$개를 먼저 내놓습니다. 이 상자를 영역 제안(region proposal), 줄여서 제안이라고 합니다. 셋의 차이는 합성곱을 몇 번 하느냐, 그리고
# 무엇을 함께 훈련하느냐입니다.
#
# 이 장에서는 선택적 탐색부터 세 탐지기까지 모두 손으로 만들고, 같은 장면에서 정확도와 시간을 잽니다.

# %% [markdown] lang="en"
# # From R-CNN to Fast R-CNN
#
# ## What you will build
#
# So far a network has given a picture one name. In this chapter it finds all objects in a picture and answers where
# each is, by a box, and what it is, by a class. This is object detection. R-CNN {cite:p}`girshick2014rich` of 2014,
# SPPNet {cite:p}`he2014spatial` of the same year and Fast R-CNN {cite:p}`girshick2015fast` of 2015 are three detectors
# for this one question, compared below. All three are told where to look: a method called selective search first puts
# forward $P$ boxes that may hold an object, called region proposals or just proposals. They differ in how often they
# compute the convolutions, and in what is trained together.
#
# You build everything by hand, from selective search to the three detectors, and measure how good and how fast they are
# on the same scenes.

# %%
import itertools
import math
import time

import numpy as np
import pandas as pd
import torch
from scipy import ndimage
from skimage.segmentation import felzenszwalb
from sklearn.svm import LinearSVC
from torch import nn, optim
from torch.nn import functional
from torchvision import ops

import cnnbook
from cnnbook import check, data, layers, look, models, vision
from cnnbook.vision.selective_search import in_space

torch.set_num_threads(1)  # then the same seed gives the same weights
draw = look.draw
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full

# %% name="fig-three" tags=["hide-input"] alt_ko="세 줄기. R-CNN: 그림에서 제안 P개를 오려 같은 크기로 만들고, 합성곱을 P번 하고, SVM과 상자 회귀로 갑니다. SPPNet: 그림 전체에 합성곱을 한 번 하고, 제안 P개의 자리를 피라미드 풀링하고, SVM과 상자 회귀로 갑니다. Fast R-CNN: 합성곱을 한 번 하고, 제안 P개의 자리를 RoI 풀링하고, 완전 연결층을 지나 소프트맥스와 상자로 갑니다." alt_en="Three columns. R-CNN: P proposals are cut out of the picture and warped to one size, the convolutions are computed P times, then SVMs and box regression. SPPNet: convolutions once over the whole picture, pyramid pooling at P places, SVMs and box regression. Fast R-CNN: convolutions once, RoI pooling at P places, fully connected layers, softmax and boxes." caption_ko="제안이 P개일 때 세 탐지기가 하는 일. 주황색은 가중치를 훈련하는 신경망의 층입니다. Fast R-CNN만 모든 부분을 손실 하나로 함께 훈련합니다." caption_en="What the three do with P proposals. Orange are network layers with weights. Only Fast R-CNN trains all parts together, by one loss."
columns = {
    "R-CNN": [
        ("cut, warp", "P times"),
        ("conv layers", "P times"),
        ("SVMs + boxes", "apart"),
    ],
    "SPPNet": [
        ("conv layers", "once"),
        ("pyramid pool", "P times"),
        ("SVMs + boxes", "apart"),
    ],
    "Fast R-CNN": [
        ("conv layers", "once"),
        ("RoI pool", "P times"),
        ("fc + 2 heads", "one loss"),
    ],
}
draw.row(
    *(draw.block([steps], merge=None, input=name) for name, steps in columns.items()),
    gap=40,
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# 최대 풀링과 수용 영역([‘합성곱’ 장](03_convolution)), 특징 벡터 위의 선형 분류기([‘보는 일’ 장](01_seeing)), 훈련 루프와 교차
# 엔트로피([‘LeNet’ 장](04_lenet))를 안다고 가정합니다. GPU도 인터넷 연결도 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어
# 하나로 1분쯤 걸립니다.
#
# 데이터는 `scenes`에 `crowded=True`를 준 장면입니다. 128픽셀 장면마다 긴 변이 12픽셀에서 48픽셀인 물체가 3개에서 8개 있고, 클래스는 열 가지이며,
# 물체마다 많게는 40%가 가려져 있습니다. 색은 클래스와 관계없이 뽑고, 조명, 변형, 가림, 배경 혼잡, 클래스 내 변이의 다이얼은 모두 0.5입니다. 이 장에서 잰 수는
# 모두 노트북이 바로 계산한 것이고, 시드는 0입니다. `CNNBOOK_BUDGET=full`로 실행하면 장면과 에폭을 더 쓰므로 수가 달라집니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# Max pooling and receptive fields from [the chapter on convolution](03_convolution), a linear classifier on features
# from [the chapter on seeing](01_seeing), the training loop and cross-entropy from [the chapter on LeNet](04_lenet).
# Neither a GPU nor an internet connection is needed. Running this notebook from top to bottom takes about a minute on
# one CPU core.
#
# The data are `scenes` with `crowded=True`: 128 pixels, 3 to 8 objects whose longer side has 12 to 48 pixels, ten
# classes, and up to 40% of each object hidden. Colours are drawn independently of the class, and the dials for
# illumination, deformation, occlusion, clutter and variation within a class are all at 0.5. All numbers that this
# chapter measures are computed live in the notebook, with seed 0. With `CNNBOOK_BUDGET=full` it uses more scenes and
# epochs, and the numbers differ.

# %%
count_train, count_test = (2000, 500) if full else (200, 60)
train_set = data.load("scenes", "train", crowded=True, count=count_train)
test_set = data.load("scenes", "test", crowded=True, count=count_test)
classes = test_set.classes
truth = vision.truth(test_set)  # for each scene a dict of boxes and labels
objects = sum(map(len, test_set.boxes))
print(f"{objects} objects in {len(test_set)} test scenes: {', '.join(classes)}")

# %% name="fig-scenes" alt_ko="장면 두 장에 정답 상자와 클래스 이름을 그렸습니다. 크고 작은 도형이 서로 겹치고, 막대와 나뭇잎 모양 조각이 뒤와 앞에 흩어져 있습니다." alt_en="Two scenes with the true boxes and class names. Shapes large and small cover each other, and bars and leaves are scattered behind and in front of them." caption_ko="테스트 장면과 정답 상자. 상자는 물체에서 보이는 부분을 꼭 맞게 두릅니다. 막대와 나뭇잎은 물체가 아닙니다." caption_en="Test scenes with the truth. A box fits tightly around what is visible of an object. Bars and leaves are not objects."
two = slice(1, 3)
look.boxes(
    test_set.images[two], test_set.boxes[two], test_set.box_labels[two], classes=classes
)

# %% [markdown] lang="ko"
# ## 무엇이, 어디에
#
# 분류기가 내놓는 답은 길이가 정해져 있습니다. 탐지의 답은 그렇지 않습니다. 물체가 셋일 수도 있고 여덟일 수도 있습니다. 한 가지 길은 상자마다 묻는 것입니다. ‘이 상자 안에
# 무엇이 있습니까?’ 이렇게 물으면 분류기로 답할 수 있습니다. 물체가 아니라는 답, 곧 배경 클래스만 하나 더하면 됩니다.
#
# 그런데 상자는 몇 개일까요? 상자의 변이 픽셀 사이의 선에 놓인다고 합시다. 가로선 129개에서 둘, 세로선 129개에서 둘을 고르면 상자 하나가 정해집니다.

# %% [markdown] lang="en"
# ## What, and where
#
# A classifier's answer has a fixed length. A detector's has not: there may be three objects, or eight. One way out
# is to ask about every box, “what is in this box?” A classifier can answer that, with one class more for “no object”,
# the background.
#
# But how many boxes are there? A box whose sides lie between pixels is a choice of two among 129 vertical lines and
# two among 129 horizontal ones.

# %%
boxes_in_all = math.comb(129, 2) ** 2
print(f"{boxes_in_all:,} boxes in a picture of 128 × 128 pixels")

# %% [markdown] lang="ko"
# 이것을 모두 볼 수는 없습니다. 그래서 이 장의 물음은 셋입니다. 볼 만한 상자를 어떻게 고를까요? 고른 상자들이 서로 겹칠 때 같은 계산을 되풀이하지 않으려면
# 어떻게 해야 할까요? 그리고 답이 얼마나 맞았는지 어떻게 잴까요? 마지막 것부터 시작합니다.
#
# ## 상자 둘이 얼마나 겹칠까요?
#
# 탐지기의 상자가 정답과 한 픽셀까지 같기를 바랄 수는 없습니다. 얼마나 겹치는지를 재는 수가 IoU(intersection over union)입니다.
#
# $$\mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|} = \frac{|A \cap B|}{|A| + |B| - |A \cap B|}$$
#
# 상자는 왼쪽, 위, 오른쪽, 아래 $(x_1, y_1, x_2, y_2)$로 적습니다. 교집합도 상자입니다. 왼쪽과 위는 둘 가운데 큰 값, 오른쪽과 아래는 작은 값이고, 폭이나
# 높이가 음수가 되면 겹치지 않은 것입니다.

# %% [markdown] lang="en"
# That is too many to look at. So this chapter has three questions. How do we choose the boxes that are worth a look?
# How do we avoid repeating the same computation where these overlap? And how do we measure how good an answer is? We
# begin with the last.
#
# ## How much do two boxes overlap?
#
# A detector's box will not match the truth to the pixel. How much they overlap is measured by intersection over union,
# IoU:
#
# $$\mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|} = \frac{|A \cap B|}{|A| + |B| - |A \cap B|}$$
#
# A box is written as left, top, right, bottom, $(x_1, y_1, x_2, y_2)$. The intersection is a box too: its left and top
# are the larger of the two, its right and bottom the smaller. Where its width or height would be negative, the boxes do
# not overlap.


# %%
def iou(one, other):
    """IoU of every pair: boxes (N, 4) and (M, 4) -> (N, M)."""
    corner = torch.maximum(one[:, None, :2], other[None, :, :2])  # (N, M, 2)
    opposite = torch.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = (opposite - corner).clamp(min=0).prod(2)  # (N, M)
    area, areas = ((b[:, 2:] - b[:, :2]).prod(1) for b in (one, other))
    return shared / (area[:, None] + areas - shared)


few = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [0, 5, 10, 10], [20, 20, 30, 30]])
print(iou(few[:1], few))
check.close(iou(few, few), ops.box_iou(few, few), what="hand-made boxes")
check.close(
    iou(test_set.boxes[0], test_set.boxes[1]),
    ops.box_iou(test_set.boxes[0], test_set.boxes[1]),
    what="boxes of scenes",
)

# %% [markdown] lang="ko"
# 크기가 같은 두 상자가 서로 절반씩 겹치면 IoU는 0.5가 아니라 1/3입니다. 합집합이 커지기 때문입니다. 흔히 IoU가 0.5 이상이면 맞았다고 합니다. 똑같이 몇 픽셀
# 어긋나도 작은 상자에서는 IoU가 더 크게 떨어집니다.

# %% [markdown] lang="en"
# Two boxes of one size that share half of each have an IoU not of 0.5 but of 1/3, since the union grows. Usually an
# answer counts as right from an IoU of 0.5 on. The same few pixels cost a small box more than a large one.

# %%
shifts = torch.arange(0, 21).float()
falls = {}
for side in (12, 24, 48):
    moved = torch.stack([shifts, 0 * shifts, shifts + side, 0 * shifts + side], 1)
    falls[f"{side} px"] = iou(torch.tensor([[0.0, 0, side, side]]), moved)[0]
check.close(falls["12 px"][4], 0.5, what="12 px moved by 4")
check.close(falls["48 px"][16], 0.5, what="48 px moved by 16")

# %% name="fig-shift" tags=["hide-input"] alt_ko="옮긴 픽셀 수에 따른 IoU 곡선 셋. 변이 12픽셀인 상자의 곡선이 가장 가파르게 내려가고, 48픽셀인 상자의 곡선은 완만합니다." alt_en="Three curves of IoU over a shift in pixels. That of a box of 12 pixels falls most steeply, that of 48 pixels gently." caption_ko="정사각형 상자를 옆으로 옮길 때의 IoU. 12픽셀 상자는 4픽셀만 어긋나도 IoU가 0.5로 떨어지고, 48픽셀 상자는 16픽셀 어긋나야 그렇게 됩니다." caption_en="IoU of a square box with itself moved aside. For 12 pixels a shift of 4 brings it down to 0.5; for 48 pixels it takes 16."
look.curves(
    {name: pd.DataFrame({"shift": shifts, "IoU": values}) for name, values in falls.items()},
    x="shift", y="IoU", xlabel="shift (pixels)", height=3.0,
)  # fmt: skip

# %% [markdown] lang="ko"
# 넓이가 0인 상자 둘의 IoU는 0/0이고, torchvision은 NaN을 돌려줍니다. 좌우가 뒤집힌 상자를 주면 말없이 음의 넓이로 계산합니다. 이런 값은 나중에 점수를 망가뜨립니다.
# 패키지의 `vision.iou`는 넓이가 없는 상자에 0을 주고, 상자가 아닌 것은 오류로 알려 줍니다.

# %% [markdown] lang="en"
# Two boxes of area 0 have an IoU of 0/0, and torchvision returns NaN. A box with left and right exchanged is silently
# given a negative area. Such values spoil scores later. The package's `vision.iou` returns 0 for boxes
# without area, and raises an error for what is not a box.

# %%
point = torch.tensor([[3.0, 3, 3, 3]])
print(
    f"torchvision {ops.box_iou(point, point).item()}, here {vision.iou(point, point).item()}"
)
with check.raises(ValueError):
    vision.iou(torch.tensor([[30.0, 0, 10, 20]]), point)

# %% [markdown] lang="ko"
# ## 탐지기는 얼마나 맞혔을까요?
#
# 탐지기는 상자마다 클래스와 점수를 붙여 내놓습니다. 한 클래스의 결과를 점수가 높은 것부터 늘어놓고 차례로 채점합니다. 같은 클래스의 물체와 IoU가 0.5 이상이면 맞은 것이고, 그
# 물체는 이제 임자가 있습니다. 같은 물체를 또 가리키면 틀린 것입니다. $k$개까지 채점했을 때 맞은 비율이 정밀도(precision), 모든 물체 가운데 찾은 비율이
# 재현율(recall)입니다.
#
# 몇 개까지 받아들이느냐에 따라 두 수가 달라지므로, 곡선 전체를 한 수로 줄입니다. 평균 정밀도(average precision, AP)는 재현율 0, 0.01, …, 1에서의 정밀도를 평균한 것입니다. 각
# 재현율에서는 그 재현율 이상에서 얻은 가장 높은 정밀도를 씁니다. 클래스에 대해 평균하면 mAP입니다. 물체 둘, 답 셋으로 손으로 해 봅시다.

# %% [markdown] lang="en"
# ## How good is a detector?
#
# A detector gives each box a class and a score. Take the answers of one class, the highest score first, and mark them
# one by one. An answer is right if it has an IoU of 0.5 or more with an object of its class; that object is now taken,
# and a second answer about it is wrong. After $k$ answers the share that is right is the precision, the share of all
# objects that was found is the recall.
#
# Both depend on where one stops, so the whole curve is turned into one number. The average precision, AP, is the mean
# precision at the recalls 0, 0.01, …, 1, where each takes the highest precision reached at this recall or a higher one.
# Averaged over the classes it is the mAP. By hand, with two objects and three answers:


# %%
def average_precision(right, objects, points=101):
    """`right`: True or False for each answer, best score first; how many objects."""
    hits = np.cumsum(right)
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / objects
    total = 0.0
    for wanted in np.linspace(0, 1, points):
        reached = precision[recall >= wanted]
        total += reached.max() if len(reached) else 0.0
    return total / points


there = {
    "boxes": torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]]),
    "labels": torch.tensor([0, 0]),
}
found = {
    "boxes": torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60], [20, 0, 30, 10]]),
    "scores": torch.tensor([0.9, 0.8, 0.7]),
    "labels": torch.tensor([0, 0, 0]),
}
mine = average_precision([True, False, True], objects=2)
theirs = vision.mean_average_precision([found], [there])["map_50"]
check.close(mine, theirs, what=f"AP {mine:.3f}, torchmetrics")

# %% [markdown] lang="ko"
# 재현율 0.5까지는 정밀도가 1이고, 그 뒤로는 2/3입니다. 그래서 AP는 $(51 \cdot 1 + 50 \cdot \frac{2}{3}) / 101$입니다. 앞으로는
# torchmetrics로 잽니다. COCO와 같은 방법으로 계산합니다. `map_50`은 IoU의 문턱값이 0.5일 때이고, `map`은 문턱값 0.5, 0.55, …, 0.95의 평균이라
# 상자가 꼭 맞아야 높습니다. 정답에 없는 클래스는 평균에 넣지 않습니다. 점수가 NaN이면 순서를 정할 수 없으므로 오류입니다.

# %% [markdown] lang="en"
# Up to a recall of 0.5 the precision is 1, from there on 2/3, so that the AP is
# $(51 \cdot 1 + 50 \cdot \frac{2}{3}) / 101$. From now on torchmetrics measures, as COCO does: `map_50` for the
# IoU threshold 0.5, and `map`, the mean over the thresholds 0.5, 0.55, …, 0.95, which is high only where boxes fit
# closely. A class that is not in the truth is left out of the mean. NaN scores cannot be put in order, and raise an
# error.

# %%
with check.raises(ValueError):
    vision.mean_average_precision(
        [found | {"scores": torch.tensor([0.9, torch.nan, 0.7])}], [there]
    )


def measured(detections):
    """mAP at IoU 0.5, and the mean over IoU 0.5 to 0.95, on the test scenes."""
    result = vision.mean_average_precision(detections, truth)
    return float(result["map_50"]), float(result["map"])


# %% [markdown] lang="ko"
# ### 이겨야 할 기준
#
# 신경망 없이는 얼마나 할 수 있을까요? 물체의 색은 아홉 가지뿐입니다. 색마다 비슷한 픽셀을 모으고, 이어진 덩어리 가운데 크기가 물체만 한 것을 상자로 삼습니다. 이름은 훈련
# 장면에서 윤곽이 가장 비슷한 물체, 곧 최근접 이웃의 것을 빌립니다. 색의 문턱값은 둘 가운데 테스트 장면에서 나은 것을 골랐습니다. 기준 쪽에 유리한 선택입니다.

# %% [markdown] lang="en"
# ### The number to beat
#
# How far does one get without a network? Objects have only nine colours. For each we collect similar pixels, and
# take connected patches of an object's size for boxes. A patch gets the name of the object in the training scenes
# whose outline is most similar, its nearest neighbour. Of two thresholds for the colour we take the one that is better
# on the test scenes themselves, which favours the baseline.

# %%
from cnnbook.data.drawn.things import SWATCHES  # the nine colours, as light

COLOURS = SWATCHES.sqrt()  # as pixels in 0..1


def outline(mask):
    """A mask (h, w) as 16 × 16 numbers."""
    shape = functional.interpolate(
        mask[None, None].float(), (16, 16), mode="bilinear", antialias=True
    )
    return shape.flatten()


def patches(image, tolerance):
    """Boxes (K, 4) and masks of patches of one colour that may be objects."""
    pixels = image.permute(1, 2, 0) / 255
    hue = pixels / pixels.norm(dim=2, keepdim=True).clamp(min=0.05)
    boxes, masks = [], []
    for number, colour in enumerate(COLOURS):
        grey = number >= 7  # white and black have no hue
        away = pixels - colour if grey else hue - colour / colour.norm()
        numbered, _ = ndimage.label(away.norm(dim=2).numpy() < tolerance)
        for n, (rows, columns) in enumerate(ndimage.find_objects(numbered), start=1):
            mask = torch.from_numpy(numbered[rows, columns] == n)
            if (
                12 <= max(mask.shape) <= 48
                and min(mask.shape) >= 5
                and mask.sum() >= 30
            ):
                boxes.append([columns.start, rows.start, columns.stop, rows.stop])
                masks.append(mask)
    return torch.tensor(boxes).float().view(-1, 4), masks


memory, names = [], torch.cat(train_set.box_labels)
for masks, boxes in zip(train_set.masks, train_set.boxes, strict=True):
    for mask, (x1, y1, x2, y2) in zip(masks, boxes.int().tolist(), strict=True):
        memory.append(outline(mask[y1:y2, x1:x2]))
memory = torch.stack(memory)  # (objects, 256)

baseline = []
for tolerance in (0.15, 0.2):
    detections = []
    for image in test_set.images:
        boxes, masks = patches(image, tolerance)
        shapes = torch.stack([outline(mask) for mask in masks]) if masks else memory[:0]
        away, nearest = torch.cdist(shapes, memory).min(1)
        detections.append({"boxes": boxes, "scores": -away, "labels": names[nearest]})
    baseline.append((*measured(detections), tolerance, detections))
baseline = max(baseline, key=lambda row: row[0])
print(
    f"colour and nearest neighbour: mAP@0.5 {baseline[0]:.3f} at tolerance {baseline[2]}"
)
check.that(0.05 < baseline[0] < 0.4, f"0.05 < {baseline[0]:.3f} < 0.4")

# %% [markdown] lang="ko"
# ## 어디를 볼까요? 선택적 탐색
#
# 물체의 한 부분은 대개 색과 무늬가 고릅니다. 선택적 탐색(selective search) {cite:p}`uijlings2013selective`은 그림을 그런 작은 조각으로 나눈
# 다음, 가장 비슷한 두 이웃을 거듭 합쳐 조각이 하나만 남을 때까지 갑니다. 그러면서 생긴 조각마다 그 둘레 상자를 제안합니다. 조각이 $n$개였으면 $n - 1$번 합치므로 상자는
# 많아야 $2n - 1$개입니다. 작은 물체는 처음에, 큰 물체는 나중에 나옵니다. 클래스는 전혀 쓰지 않습니다.
#
# 첫 조각은 scikit-image의 `felzenszwalb`가 만듭니다 {cite:p}`felzenszwalb2004efficient`. 두 조각이 얼마나 비슷한지는 네 가지를 더해서 정합니다.
#
# $$s = s_\text{colour} + s_\text{texture} + s_\text{size} + s_\text{fill}$$
#
# 색과 무늬는 히스토그램으로 견줍니다. 합이 1인 두 히스토그램의 칸마다 작은 쪽을 더하면 겹치는 비율입니다. 색은 채널마다 25칸, 무늬는 채널마다 여덟 방향의 기울기를 10칸씩
# 셉니다. 나머지 둘은 작은 조각부터, 그리고 서로 맞물린 조각부터 합치게 합니다. $|r|$은 조각의 픽셀 수, $|B|$는 두 조각을 함께 두르는 상자의 넓이입니다.
#
# $$s_\text{size} = 1 - \frac{|r_i| + |r_j|}{|\text{image}|}, \qquad s_\text{fill} = 1 - \frac{|B| - |r_i| - |r_j|}{|\text{image}|}$$

# %% [markdown] lang="en"
# ## Where to look: selective search
#
# A part of an object mostly has an even colour and texture. Selective search {cite:p}`uijlings2013selective` cuts the
# picture into such small segments, and merges the two neighbours that are most alike, again and again, until one
# segment is left. The box around each segment that arises is a proposal. From $n$ segments that makes $n - 1$ merges,
# so at most $2n - 1$ boxes. Small objects come up early, large ones late. Classes are not used at all.
#
# The first segments come from scikit-image's `felzenszwalb` {cite:p}`felzenszwalb2004efficient`. How alike two segments
# are is a sum of four:
#
# $$s = s_\text{colour} + s_\text{texture} + s_\text{size} + s_\text{fill}$$
#
# Colour and texture are compared by histograms. For two of sum 1, adding up the smaller value of each bin gives the
# share that they have in common. Colour has 25 bins a channel; texture counts the slopes in eight directions, 10 bins
# each, of each channel. The other two let small segments merge first, and those that interlock. Here $|r|$ is a
# segment's number of pixels and $|B|$ the area of the box around both.
#
# $$s_\text{size} = 1 - \frac{|r_i| + |r_j|}{|\text{image}|}, \qquad s_\text{fill} = 1 - \frac{|B| - |r_i| - |r_j|}{|\text{image}|}$$


# %%
def histograms(values, segments, bins):
    """Of values (H, W, C) in 0..1: a histogram (C · bins,) for each segment, sum 1."""
    places = (values * bins).astype(int).clip(0, bins - 1)
    found = []
    for segment in range(segments.max() + 1):
        inside = places[segments == segment]  # (pixels, C)
        counts = [np.bincount(channel, minlength=bins) for channel in inside.T]
        found.append(np.concatenate(counts) / inside.size)
    return found


def slopes(picture):
    """How steeply each channel rises in eight directions: (H, W, C · 8)."""
    right, down = (ndimage.gaussian_filter1d(
        ndimage.gaussian_filter1d(picture, 1.0, axis=axis, order=1), 1.0, axis=1 - axis
    ) for axis in (1, 0))  # fmt: skip
    angles = np.arange(8) * np.pi / 4
    rise = right[..., None] * np.cos(angles) + down[..., None] * np.sin(angles)
    return (2 * rise.clip(0)).clip(0, 1).reshape(*picture.shape[:2], -1)


def around(a, b):
    """The box around two boxes."""
    return (*np.minimum(a[:2], b[:2]), *np.maximum(a[2:], b[2:]))


def alike(a, b, area):
    left, top, right, bottom = around(a["box"], b["box"])
    colour, texture = (
        np.minimum(a[key], b[key]).sum() for key in ("colour", "texture")
    )
    size = 1 - (a["size"] + b["size"]) / area
    fill = 1 - ((right - left) * (bottom - top) - a["size"] - b["size"]) / area
    return colour + texture + size + fill


def hierarchy(picture, segments):
    """Regions from the first segments to the whole picture, and which two were merged."""
    colours, textures = (
        histograms(picture, segments, 25),
        histograms(slopes(picture), segments, 10),
    )
    regions = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(segments + 1)):
        box = (columns.start, rows.start, columns.stop, rows.stop)
        size = (segments == number).sum()
        regions.append(
            {
                "box": box,
                "size": size,
                "colour": colours[number],
                "texture": textures[number],
            }
        )
    touching = set()
    for a, b in ((segments[:, :-1], segments[:, 1:]), (segments[:-1], segments[1:])):
        touching |= {
            (min(i, j), max(i, j))
            for i, j in zip(a.ravel(), b.ravel(), strict=True)
            if i != j
        }
    area = segments.size
    likeness = {(i, j): alike(regions[i], regions[j], area) for i, j in touching}
    merged = []
    while likeness:
        i, j = max(likeness, key=likeness.get)
        a, b, new = regions[i], regions[j], len(regions)
        size = a["size"] + b["size"]
        mixed = {
            key: (a["size"] * a[key] + b["size"] * b[key]) / size
            for key in ("colour", "texture")
        }
        regions.append({"box": around(a["box"], b["box"]), "size": size, **mixed})
        near = {k for pair in likeness for k in pair if {i, j} & set(pair)} - {i, j}
        likeness = {pair: s for pair, s in likeness.items() if not {i, j} & set(pair)}
        likeness |= {(k, new): alike(regions[k], regions[new], area) for k in near}
        merged.append((i, j))
    return regions, merged


STRATEGY = {"scales": (50,), "spaces": ("lab",), "likenesses": ("ctsf",), "sigma": 0.5}
scene = test_set.images[2]
picture = in_space(scene.permute(1, 2, 0).numpy(), "lab")  # (H, W, 3) in 0..1
segments = felzenszwalb(picture, scale=50, sigma=0.5, min_size=20)  # (H, W), numbers
regions, merged = hierarchy(picture, segments)
mine = {tuple(map(int, region["box"])) for region in regions}
theirs = {tuple(map(int, box)) for box in vision.selective_search(scene, **STRATEGY)}
print(
    f"{segments.max() + 1} segments, {len(merged)} merges, {len(mine)} different boxes"
)
check.that(mine == theirs, f"the package finds the same {len(theirs)} boxes")

# %% name="fig-merging" tags=["hide-input"] alt_ko="그림 여섯 장. 장면 하나와, 첫 조각 80개가 40개, 20개, 10개, 5개로 합쳐지는 모습입니다. 조각마다 평균색으로 칠했습니다. 벽과 바닥의 조각이 먼저 뭉치고, 5개가 남으면 보라색 물체 말고는 대부분 벽이나 바닥에 합쳐져 있습니다." alt_en="Six pictures: the scene, then 80 first segments, merged to 40, 20, 10 and 5, each painted in its mean colour. Segments of wall and floor gather early; with 5 left most objects but a purple one are merged with wall or floor." caption_ko="합치는 동안의 조각들. 조각마다 평균색으로 칠했습니다. 제목은 남은 조각의 수입니다." caption_en="Segments as they are merged, each in its mean colour. The titles give how many are left."
stages, titles, numbers = [scene], ["the scene"], torch.tensor(segments)
pixels = scene.flatten(1).float()
for step in range(len(merged) + 1):
    left = len(merged) + 1 - step
    if step == 0 or left in (40, 20, 10, 5):
        which = numbers.flatten()
        sums = torch.zeros(3, len(regions)).index_add_(1, which, pixels)
        counts = torch.bincount(which, minlength=len(regions)).clamp(min=1)
        stages.append((sums / counts)[:, which].view(3, 128, 128).byte())
        titles.append(str(left))
    if step < len(merged):
        i, j = merged[step]
        numbers[(numbers == i) | (numbers == j)] = segments.max() + 1 + step
look.grid(stages, titles=titles, columns=3)

# %% [markdown] lang="ko"
# 한 장에 얼마나 걸리고, 물체를 얼마나 찾을까요? 제안 가운데 IoU가 0.5 이상인 것이 있으면 찾은 것으로 셉니다. 논문은 서로 다른 나눔을 여럿 합칩니다. 색 공간, 첫 조각의 크기,
# 비슷함을 재는 방법을 바꾼 여덟 가지 전략을 ‘fast’라고 부릅니다. 비교를 위해 물체만 한 정사각형 창을 격자로 늘어놓은 것과, 아무렇게나 뽑은 상자도 셉니다. 넷의 비교에는 테스트
# 장면 12장을 씁니다.

# %% [markdown] lang="en"
# How long does it take for a picture, and how many objects does it find? An object counts as found if a proposal has an
# IoU of 0.5 or more with it. The paper combines several ways to cut: eight strategies that differ in colour space, size
# of the first segments and measure of likeness are called “fast”. For comparison we count square windows of the
# objects' sizes on a regular grid, and boxes drawn at random. The four are compared on 12 test scenes.

# %%
started = time.process_time()
proposals = [vision.selective_search(image, **STRATEGY) for image in test_set.images]
seconds_search = (time.process_time() - started) / len(test_set)
train_proposals = [
    vision.selective_search(image, **STRATEGY) for image in train_set.images
]

some = slice(0, 12)  # scenes for the comparison
eight = [vision.selective_search(image, sigma=0.5) for image in test_set.images[some]]
chance = torch.Generator().manual_seed(0)
windows = [
    [x, y, x + side, y + side]
    for side in (14, 20, 28, 40)
    for x in range(0, 129 - side, side // 4)
    for y in range(0, 129 - side, side // 4)
]
windows = torch.tensor(windows).float()
windows = [windows[torch.randperm(len(windows), generator=chance)] for _ in eight]
anywhere = []
for _ in eight:
    sides = 12 * 4 ** torch.rand(3000, 2, generator=chance)  # 12 to 48 pixels
    corners = torch.rand(3000, 2, generator=chance) * (128 - sides)
    anywhere.append(torch.cat([corners, corners + sides], 1))

counts = [1, 3, 10, 30, 100, 300, 1000, 3000]
curves = {}
for name, boxes in {"one strategy": proposals[some], "eight strategies": eight,
                    "windows": windows, "random": anywhere}.items():  # fmt: skip
    mean = np.mean([len(each) for each in boxes])
    found = vision.recall(boxes, test_set.boxes[some], [*counts, 10**6])
    kept = [count for count in counts if count < mean] + [mean]
    curves[name] = (kept, [*found[: len(kept) - 1], found[-1]])
    print(f"{name:17}{mean:6.0f} boxes a scene, recall {found[-1]:.3f}")
whole = vision.recall(proposals, test_set.boxes, [10**6])[0]
scenes = zip(test_set.boxes, proposals, strict=True)
best = torch.cat([iou(objects, boxes).amax(1) for objects, boxes in scenes]).mean()
print(
    f"all test scenes, one strategy: recall {whole:.3f}, {1000 * seconds_search:.0f} ms a scene"
)
check.that(curves["one strategy"][1][-1] > 0.8, "one strategy finds more than 80%")
check.that(
    curves["eight strategies"][1][-1] > curves["one strategy"][1][-1], "eight find more"
)
at_100 = {name: np.interp(100, *curve) for name, curve in curves.items()}
others = max(at_100["windows"], at_100["random"])
check.that(
    at_100["one strategy"] > 2 * others,
    "at 100 boxes more than twice as many as others",
)

# %% name="fig-recall" tags=["hide-input"] alt_ko="제안 수에 따른 재현율 곡선 넷. 선택적 탐색의 두 곡선은 제안 백 개에서 이미 물체를 80% 넘게 찾고, 창과 무작위 상자는 천 개쯤에서야 비슷해집니다. 제안 열 개에서 백 개까지는 전략 하나가 여덟보다 위에 있습니다." alt_en="Four curves of recall over the number of proposals. Those of selective search find more than 80% with a hundred proposals; windows and random boxes need about a thousand. From ten proposals to a hundred one strategy is above eight." caption_ko="장면마다 처음 몇 개의 제안만 볼 때 물체를 얼마나 찾는지(IoU 0.5, 장면 12장). 가로축은 로그입니다. 곡선은 평균 제안 수에서 끝납니다." caption_en="How many objects the first proposals of each scene find (IoU 0.5, 12 scenes). The horizontal axis is logarithmic; curves end at the mean number of proposals."
look.recall(curves)

# %% name="fig-proposals" tags=["hide-input"] alt_ko="장면 하나에 흰 선으로 그린 제안이 빼곡합니다. 물체마다 가장 잘 맞는 제안은 굵은 파란 상자입니다." alt_en="A scene densely covered by proposals in thin white lines. The best proposal for each object is a thick blue box." caption_ko="한 장면의 제안을 모두 그렸습니다. 굵은 파란 상자는 물체마다 가장 잘 맞는 제안입니다. 빨간 점선이 있다면 놓친 물체입니다." caption_en="All proposals for one scene. Thick blue boxes are the best for each object; a dotted red one would be an object that none finds."
look.proposals(scene, proposals[2], test_set.boxes[2], size=1.25)

# %% [markdown] lang="ko"
# 이 장면들에서는 전략 하나로도 제안 백여 개로 물체 대부분을 찾습니다. 같은 수의 창이나 무작위 상자는 그 절반도 찾지 못합니다. 전략 여덟은 끝까지 보면 더 많이 찾지만, 앞에서
# 백 개만 보면 하나보다 적게 찾습니다. 여덟이 저마다 큰 조각의 상자부터 내놓아서, 앞쪽에는 물체보다 큰 상자가 많기 때문입니다. 논문은 PASCAL VOC 2007 테스트
# 세트에서 fast로 그림마다 2,134개를 제안해 재현율 0.980을 얻었습니다 {cite:p}`uijlings2013selective` (표 5). 사진은 크고 복잡해서 더
# 많은 제안이 필요합니다. 가까운 제안이 하나도 없는 물체는 뒤의 어떤 단계도 되찾지 못합니다. 이 장의 세 탐지기는 모두 전략 하나를 씁니다.
#
# ## R-CNN: 상자마다 신경망
#
# R-CNN은 네 단계입니다. 제안을 오려 같은 크기로 만들고, 합성곱 신경망으로 특징 벡터를 뽑고, 클래스마다 하나씩 있는 선형 SVM(서포트 벡터 머신)으로 점수를 매기고,
# 상자를 고칩니다. 선형 SVM은 점수가 특징의 선형 함수인 분류기이고, 경계에 가까운 예들만이 경계의 자리를 정합니다. 논문의 신경망은 ImageNet에서 사전 학습한
# AlexNet입니다. 우리의 신경망은 3×3 합성곱 네 층으로, 같은 다이얼에서 그린 32픽셀 `shapes`로 미리 훈련했고 그 가중치가 패키지에 들어 있습니다. 장면은 한
# 번도 보지 못했습니다.

# %% [markdown] lang="en"
# In these scenes one strategy finds most objects with a hundred-odd proposals, where as many windows or random boxes
# find less than half as many. Eight strategies find more in the end, but fewer with their first hundred, since each of
# the eight puts the boxes of its large segments first. In the paper, “fast” reaches a recall of 0.980 on the test set
# of PASCAL VOC 2007 with 2,134 proposals a picture {cite:p}`uijlings2013selective` (table 5): photographs are larger
# and more involved, and need more. No later step can bring back an object that has no proposal near it. All three
# detectors of this chapter use the one strategy.
#
# ## R-CNN: a network for every box
#
# R-CNN has four steps. It cuts out each proposal and warps it to one size, computes a feature vector by a convolutional
# network, scores it by linear SVMs (support vector machines), one for each class, and corrects the box. A linear SVM is
# a classifier whose score is linear in the features; only examples near its boundary decide where that lies. The
# paper's network is an AlexNet pretrained on ImageNet. Ours has four 3×3 convolutions and was trained beforehand on
# `shapes` of 32 pixels, drawn at the same dials; its weights come with the package. It has never seen a scene.

# %%
classifier = models.rcnn.shape_classifier()
backbone, pyramid = classifier[0], classifier[1]
dials = dict.fromkeys(
    ("illumination", "deformation", "occlusion", "clutter", "variation"), 0.5
)
shapes = data.load("shapes", "test", count=1000, **dials)
with torch.no_grad():
    answers = classifier(shapes.images / 255).argmax(1)
on_shapes = (answers == shapes.labels).float().mean().item()
print(f"accuracy on shapes: {on_shapes:.3f}")
check.that(on_shapes > 0.6, f"{on_shapes:.3f} > 0.6")
print(
    look.trace(classifier, (3, 32, 32))[["layer", "output", "parameters"]].to_string()
)

# %% [markdown] lang="ko"
# 오려 내는 일을 논문은 warp라고 부릅니다. 비율을 무시하고 정사각형으로 잡아 늘이되, 상자 둘레의 배경도 조금 넣습니다. 논문은 227픽셀 가운데 사방 16픽셀, 곧 상자 변의
# $16 / (227 - 32) \approx 8\%$를 둘레로 넣었고, 둘레가 없거나 비율을 지키는 다른 방법은 mAP가 3에서 5점 낮았습니다 {cite:p}`girshick2014rich`
# (부록 A). 우리는 사방으로 변의 15%를 더하고 32×32로 만듭니다.

# %% [markdown] lang="en"
# Cutting out is called warping in the paper: the box is stretched to a square whatever its proportions, with a little
# of the background around it. Of 227 pixels the paper gives 16 on each side to that, $16 / (227 - 32) \approx 8\%$ of
# the box's side; without, or with proportions kept, the mAP was 3 to 5 points lower {cite:p}`girshick2014rich`
# (appendix A). We add 15% of the side on each side and make it 32×32.


# %%
def warp(image, boxes, side=32, context=0.15):
    """Crops float (P, 3, side, side) in 0..1 from a picture uint8 (3, H, W)."""
    room = context * (boxes[:, 2:] - boxes[:, :2])
    wider = torch.cat([boxes[:, :2] - room, boxes[:, 2:] + room], 1)
    # roi_align with one sample a cell is bilinear resampling of each box
    return ops.roi_align(
        image[None] / 255, [wider], side, sampling_ratio=1, aligned=True
    )


@torch.no_grad()
def rcnn_features(image, boxes):
    """(P, 1344): every box through all convolutions."""
    return pyramid(backbone(warp(image, boxes)))


crops = warp(scene, proposals[2])
print(f"{len(crops)} crops: {tuple(rcnn_features(scene, proposals[2]).shape)}")

# %% name="fig-crops" tags=["hide-input"] alt_ko="정사각형으로 늘인 제안 24개. 물체 전체, 물체의 일부, 여러 물체, 배경이 섞여 있습니다." alt_en="24 proposals warped to squares: whole objects, parts of objects, several at once, and background." caption_ko="신경망이 보는 것: 한 장면의 제안 가운데 처음 24개를 32×32로 만든 것. 대부분은 물체가 아니거나 일부만 담고 있습니다. 검은 부분은 그림의 바깥입니다." caption_en="What the network sees: the first 24 proposals for one scene, warped to 32×32. Most hold no object, or a part of one. Black lies outside the picture."
look.grid(crops[:24], columns=8, size=0.7)

# %% [markdown] lang="ko"
# ### SVM을 훈련하기
#
# 무엇이 긍정이고 무엇이 부정일까요? 논문은 이 물음에 꼼꼼합니다. SVM의 긍정은 정답 상자뿐이고, 부정은 그 클래스의 물체와 IoU가 0.3보다 작은 제안이며, 그 사이의 제안은
# 쓰지 않습니다. 문턱값을 0.5로 하면 mAP가 5점, 0으로 하면 4점 낮아졌습니다 {cite:p}`girshick2014rich` (2.3절). 우리는 모든 물체와 IoU가 0.3보다 작은 제안을 장면마다
# 30개까지 뽑아 배경으로 두고, 클래스마다 ‘이 클래스인가, 아닌가’를 가르는 선형 SVM을 훈련합니다.

# %% [markdown] lang="en"
# ### Training the SVMs
#
# What is a positive, and what a negative? The paper takes care with this. For the SVMs only true boxes are positive;
# negative are proposals with an IoU below 0.3 with the objects of the class; those in between are not used. With 0.5
# for the threshold the mAP was 5 points lower, with 0 it was 4 points lower {cite:p}`girshick2014rich` (section 2.3).
# We take up to 30 proposals a scene with an IoU below 0.3 with all objects as background, and for each class train a
# linear SVM that tells it from all the rest.


# %%
def training_features(features, seed=0):
    """Of all training scenes: features and labels for the SVMs (10 is background), and
    of proposals near an object their features and how their boxes must change."""
    chance = torch.Generator().manual_seed(seed)
    x, labels, near_x, near_changes = [], [], [], []
    scenes = zip(
        train_set.images,
        train_proposals,
        train_set.boxes,
        train_set.box_labels,
        strict=True,
    )
    for image, boxes, objects, of_objects in scenes:
        every = torch.cat([objects, boxes])
        overlap, which = vision.match(every, objects)  # the greatest IoU, and with what
        near = (overlap > 0.6).nonzero().flatten()  # the objects themselves come first
        far = (overlap < 0.3).nonzero().flatten()
        far = far[torch.randperm(len(far), generator=chance)[:30]]
        found = features(image, every[torch.cat([near, far])])
        x += [found[: len(objects)], found[len(near) :]]
        labels += [of_objects, torch.full((len(far),), 10)]
        near_x.append(found[: len(near)])
        near_changes.append(vision.encode(every[near], objects[which[near]]))
    return [torch.cat(each) for each in (x, labels, near_x, near_changes)]


def train_svms(x, labels):
    """Weights (1344, 10) and biases (10,) of ten linear SVMs, one class against the rest."""
    size = x.norm(dim=1).mean() / 4.5  # so that one C fits features of any size
    machines = LinearSVC(C=0.03, tol=1e-2, max_iter=200, random_state=0)
    machines.fit((x / size).numpy(), labels.numpy())
    weights = torch.from_numpy(machines.coef_[:10].T / size.item()).float()
    return weights, torch.from_numpy(machines.intercept_[:10]).float()


x, labels, near_x, near_changes = training_features(rcnn_features)
weights, biases = train_svms(x, labels)
print(
    f"{(labels < 10).sum()} objects, {(labels == 10).sum()} backgrounds, {len(near_x)} near objects"
)
scores = rcnn_features(scene, proposals[2]) @ weights + biases  # (P, 10)
print(f"scores of one scene {tuple(scores.shape)}, {(scores > -0.5).sum()} above -0.5")

# %% [markdown] lang="ko"
# ### 같은 물체를 여러 번 가리킬 때
#
# 제안은 서로 겹칩니다. 그래서 물체 하나가 높은 점수를 여러 번 받습니다. 채점에서 둘째부터는 틀린 것입니다. 비최대 억제(non-maximum suppression, NMS)가 이것을
# 정리합니다. 점수가 가장 높은 상자를 남기고, 그것과 IoU가 문턱값보다 큰 상자를 모두 지우고, 남은 것에서 되풀이합니다. 이 일을 클래스마다 따로 합니다.

# %% [markdown] lang="en"
# ### When one object is named many times
#
# Proposals overlap, so one object gets high scores many times over, and all but the first count as wrong. Non-maximum
# suppression, NMS, tidies up: keep the box with the highest score, remove all boxes whose IoU with it is above a
# threshold, and go on with what is left. It is done for each class by itself.


# %%
def nms(boxes, scores, threshold):
    """Indices of the boxes that are kept, the highest score first."""
    left = scores.argsort(descending=True, stable=True).tolist()
    kept = []
    while left:
        best, *others = left
        kept.append(best)
        overlaps = iou(boxes[[best]], boxes[others])[0].tolist()
        left = [
            each for each, o in zip(others, overlaps, strict=True) if o <= threshold
        ]
    return torch.tensor(kept, dtype=torch.int64)


for threshold in (0.0, 0.3, 0.7):
    kept = nms(proposals[2], scores[:, 0], threshold)
    check.close(
        kept,
        ops.nms(proposals[2], scores[:, 0], threshold),
        what=f"threshold {threshold}",
    )

# %%
busy, least = 17, -0.5  # a scene; the lowest score that is shown
image, boxes = test_set.images[busy], proposals[busy]
scores = rcnn_features(image, boxes) @ weights + biases
chosen, of_class = (scores > least).nonzero().unbind(1)
before = {
    "boxes": boxes[chosen],
    "labels": of_class,
    "scores": scores[chosen, of_class],
}
after = vision.detections(boxes, scores, least=least, overlap=0.3)
many, few = len(before["boxes"]), len(after["boxes"])
check.that(few < many, f"{many} boxes, then {few}")

# %% name="fig-nms" tags=["hide-input"] alt_ko="같은 장면 두 장. 왼쪽에는 별과 화살표에 같은 이름의 상자가 여러 겹 있고, 오른쪽에는 하나씩만 남았습니다. 이름이 다른 상자는 겹쳐 있어도 그대로입니다." alt_en="The same scene twice. On the left several boxes of one name lie about the star and the arrow; on the right one of each is left. Boxes of different names stay, though they overlap." caption_ko="NMS 전(왼쪽)과 후(오른쪽)의 R-CNN과 상자의 수. 클래스가 다른 상자는 겹쳐도 남습니다. 파란색은 맞은 것, 주황색 파선은 틀린 것, 빨간 점선은 놓친 물체입니다. 같은 물체를 둘째로 가리킨 상자도 틀린 것입니다." caption_en="R-CNN before NMS (left) and after (right), with the number of boxes. Those of different classes stay, though they overlap. Blue is right, dashed orange wrong, dotted red an object that was missed. A second box for one object is wrong, too."
look.detections(
    [image, image], [before, after], [truth[busy], truth[busy]], classes=classes,
    least=least, scores=False, titles=[f"before: {many}", f"after: {few}"],
)  # fmt: skip

# %% [markdown] lang="ko"
# ### 상자를 고치기
#
# 제안은 조각의 둘레라서 조금씩 어긋나 있습니다. R-CNN은 특징 벡터를 보고 상자를 얼마나 고칠지도 예측합니다. 이것이 바운딩 박스 회귀입니다. 제안 $P$의 중심을
# $(P_x, P_y)$, 폭을 $P_w$, 높이를 $P_h$라 하고 정답을 $G$라 하면, 배울 것은 다음 네 수입니다 {cite:p}`girshick2014rich` (부록 C).
#
# $$t_x = \frac{G_x - P_x}{P_w}, \quad t_y = \frac{G_y - P_y}{P_h}, \quad t_w = \log \frac{G_w}{P_w}, \quad t_h = \log \frac{G_h}{P_h}$$
#
# 위치는 제안의 크기로 나누고 크기는 비율의 로그를 씁니다. 그래서 큰 상자와 작은 상자의 값이 비슷한 범위에 놓이고, 되돌릴 때 $P_w e^{t_w}$는 언제나 양수입니다. 제안이
# 정답과 같으면 네 수는 모두 0입니다.

# %% [markdown] lang="en"
# ### Correcting the box
#
# A proposal is the outline of a segment and a little off. From the feature vector R-CNN also predicts how to change the
# box: bounding-box regression. Let a proposal $P$ have the centre $(P_x, P_y)$, width $P_w$ and height $P_h$, and let
# $G$ be the truth. There are four numbers to learn {cite:p}`girshick2014rich` (appendix C):
#
# $$t_x = \frac{G_x - P_x}{P_w}, \quad t_y = \frac{G_y - P_y}{P_h}, \quad t_w = \log \frac{G_w}{P_w}, \quad t_h = \log \frac{G_h}{P_h}$$
#
# Positions are divided by the proposal's size, and sizes are logarithms of a ratio. So large and small boxes have
# values in a similar range, and on the way back $P_w e^{t_w}$ is always positive. Where proposal and truth are the
# same, all four are 0.


# %%
def encode(proposals, boxes):
    """How proposals must change to become boxes: (N, 4)."""
    size, wanted = proposals[:, 2:] - proposals[:, :2], boxes[:, 2:] - boxes[:, :2]
    centre, target = proposals[:, :2] + size / 2, boxes[:, :2] + wanted / 2
    return torch.cat([(target - centre) / size, (wanted / size).log()], 1)


def decode(proposals, changes):
    """The boxes that proposals become."""
    size = proposals[:, 2:] - proposals[:, :2]
    centre = proposals[:, :2] + size / 2 + changes[:, :2] * size
    half = size * changes[:, 2:].exp() / 2
    return torch.cat([centre - half, centre + half], 1)


overlap, which = vision.match(proposals[2], test_set.boxes[2])
near, goals = proposals[2][overlap > 0.6], test_set.boxes[2][which[overlap > 0.6]]
check.close(encode(near, goals), vision.encode(near, goals), what="encode")
check.close(decode(near, encode(near, goals)), goals, atol=1e-3, what="there and back")
check.close(encode(goals, goals), torch.zeros_like(goals), what="nothing to change")

# %% [markdown] lang="ko"
# 예측은 특징 벡터의 선형 함수이고, 능형 회귀(ridge regression)로 한 번에 풀립니다. 가중치 행렬 $W$는
# $(X^\top X + \lambda I)\, W = X^\top T$의 해입니다. 물체에서 멀리 있는 제안은 무엇을 고쳐야 할지 특징만 보고는 알 수 없으므로, 논문처럼
# IoU가 0.6보다 큰 제안만 씁니다. 논문은 클래스마다 따로 배우고 $\lambda = 1000$을 썼습니다. 우리는 장면이 적어서 모든 클래스가 회귀 하나를 함께 쓰고, 특징의
# 크기가 다르므로 $\lambda = 300$으로 합니다. 또 논문의 회귀는 pool5의 특징을, SVM은 fc7의 특징을 읽는데, 우리의 둘은 같은 특징을 읽습니다.

# %% [markdown] lang="en"
# The prediction is linear in the feature vector, and ridge regression solves it in one step: the weights $W$ are the
# solution of $(X^\top X + \lambda I)\, W = X^\top T$. Features cannot tell how to change a box that is far off, so only
# proposals with an IoU above 0.6 are used, as in the paper. The paper learns it for each class and has $\lambda =
# 1000$. With our few scenes all classes share one, and since our features have another size, $\lambda = 300$. Also, the
# paper's regression reads the features of pool5 and its SVMs those of fc7; our two read the same.


# %%
def with_one(x):
    return torch.cat([x, torch.ones(len(x), 1)], 1)


def train_regression(near_x, near_changes, penalty=300.0):
    """Weights (1345, 4) of the ridge regression, the last row for the constant 1."""
    x = with_one(near_x)
    return torch.linalg.solve(
        x.T @ x + penalty * torch.eye(x.shape[1]), x.T @ near_changes
    )


def with_svms(features, weights, biases, changes):
    """A detector: picture and proposals -> corrected boxes and scores."""

    def answer(image, boxes):
        x = features(image, boxes)
        boxes = vision.decode(boxes, with_one(x) @ changes, image.shape[1:])  # (P, 4)
        return boxes, x @ weights + biases  # (P, 10)

    return answer


def over_test(answer, least):
    """Detections in all test scenes, those with boxes left as they were proposed, and
    seconds a scene; `least` is the smallest score that counts."""
    scenes = list(zip(test_set.images, proposals, strict=True))
    started = time.process_time()
    answers = [answer(*scene) for scene in scenes]
    found = [vision.detections(*each, least=least) for each in answers]
    seconds = (time.process_time() - started) / len(test_set)
    plain = [
        vision.detections(boxes, scores, least=least)
        for boxes, (_, scores) in zip(proposals, answers, strict=True)
    ]
    return found, plain, seconds


changes = train_regression(near_x, near_changes)
free = train_regression(near_x, near_changes, penalty=10.0)
answer_rcnn = with_svms(rcnn_features, weights, biases, changes)
rcnn, rcnn_plain, seconds_rcnn = over_test(answer_rcnn, least=-1.0)
map_rcnn, map_rcnn_plain = measured(rcnn), measured(rcnn_plain)
print(f"mAP@0.5 {map_rcnn_plain[0]:.3f}, with regression {map_rcnn[0]:.3f}")
print(f"mAP@0.5:0.95 {map_rcnn_plain[1]:.3f}, with regression {map_rcnn[1]:.3f}")


def near_overlap(answer):
    """Mean IoU of proposals with their object, of those above 0.6: as proposed, and as corrected."""
    before, after = [], []
    for image, boxes, objects in zip(
        test_set.images, proposals, test_set.boxes, strict=True
    ):
        overlap, which = vision.match(boxes, objects)
        near = overlap > 0.6
        corrected, _ = answer(image, boxes[near])
        before.append(overlap[near])
        after.append(vision.iou(corrected, objects)[range(near.sum()), which[near]])
    return torch.cat(before).mean().item(), torch.cat(after).mean().item()


before, after = near_overlap(answer_rcnn)
_, after_free = near_overlap(with_svms(rcnn_features, weights, biases, free))
print(f"mean IoU of near proposals {before:.3f}, corrected {after:.3f}")
print(f"corrected with a penalty of 10 for 300: {after_free:.3f}")


def explained(changes):
    """How much of the variance of the training targets a regression explains."""
    left = (near_changes - with_one(near_x) @ changes).square().sum()
    return 1 - (left / (near_changes - near_changes.mean(0)).square().sum()).item()


print(
    f"explained of the training targets {explained(changes):.2f}, {explained(free):.2f}"
)
check.that(
    explained(free) > explained(changes), "the freer one fits the training better"
)
check.that(after_free < after, f"and new boxes worse: {after_free:.3f} < {after:.3f}")
check.that(
    map_rcnn[0] > baseline[0], f"R-CNN {map_rcnn[0]:.3f} > baseline {baseline[0]:.3f}"
)

# %% [markdown] lang="ko"
# R-CNN은 색과 윤곽의 기준을 넘었습니다. 상자 회귀의 이득은 작습니다. 고칠 여지가 없어서가 아닙니다. IoU가 0.6보다 큰 제안의 평균 IoU는 0.80이고, 고치면
# 0.81입니다. 벌점 $\lambda$를 10으로 줄이면 훈련 상자의 변화를 두 배 넘게 설명하지만, 새 상자는 오히려 나빠집니다. 특징은 1,344개인데 배울 제안은 몇천 개뿐이어서 과적합한
# 것입니다. 논문은 VOC 2007의 훈련 데이터로 배워서 mAP가 54.2에서 58.5로 올랐습니다 {cite:p}`girshick2014rich` (표 2).
#
# 논문은 두 가지를 더 했습니다. 신경망을 제안으로 미세 조정했고(미세 조정 없이는 44.7, 하고 나서는 54.2), 틀리기 쉬운 부정 예를 골라 SVM을 다시 훈련했습니다.
#
# ## SPPNet: 합성곱은 한 번만
#
# 제안을 오려 낸 그림 백여 장은 서로 겹칩니다. 같은 픽셀을 신경망이 몇 번이나 볼까요? 위 장면에서 세어 봅시다.

# %% [markdown] lang="en"
# R-CNN is above the baseline of colour and outline. Regression gains little, and not because nothing is left to
# correct. The proposals with an IoU above 0.6 have 0.80 in the mean, corrected 0.81. With a penalty $\lambda$ of 10 the
# regression explains more than twice as much of how its training boxes change, yet it makes new boxes worse. It has
# 1,344 features and only a few thousand proposals to learn from: it overfits. The paper learned from the training data
# of VOC 2007, and the mAP went from 54.2 to 58.5 {cite:p}`girshick2014rich` (table 2).
#
# The paper did two things more. It fine-tuned the network on proposals (44.7 without, 54.2 with), and trained the SVMs
# again on the negatives that are easily mistaken.
#
# ## SPPNet: convolutions only once
#
# The crops of a hundred proposals overlap. How often does the network see the same pixel? We count in the scene above.

# %%
times = torch.zeros(128, 128)
for x1, y1, x2, y2 in proposals[2].int().tolist():
    times[y1:y2, x1:x2] += 1
costs = {
    side: int(look.trace(backbone, (3, side, side)).multiply_adds.sum())
    for side in (32, 128)
}
apart, once = costs[32] * len(proposals[2]), costs[128]
print(
    f"{len(proposals[2])} proposals: a pixel is in {times.mean():.0f} of them in the mean"
)
print(
    f"{apart / 1e6:.0f} M multiply-adds for all crops, {once / 1e6:.0f} M for the scene: {apart / once:.1f} times"
)
check.that(apart > 5 * once, "cropping costs more than 5 times as much")
check.close(once / costs[32], 16, what="crops for the price of a scene")

# %% [markdown] lang="ko"
# 합성곱층은 그림의 크기를 가리지 않습니다. 크기를 정해 놓는 것은 완전 연결층과 SVM뿐입니다. 그러니 합성곱을 그림 전체에 한 번만 하고, 제안마다 특징 맵에서 그 자리를 오려
# 냅시다. 남는 문제는 자리마다 크기가 다르다는 것입니다. SPPNet의 공간 피라미드 풀링(spatial pyramid pooling)은 자리를 $n \times n$개의 구획(bin)으로 나누어 구획마다
# 최댓값을 취합니다. 구획의 크기는 자리에 따라 다르지만 수는 언제나 같습니다. 여러 $n$을 이어 붙여 위치를 거칠게도 곱게도 담습니다. 논문은 탐지에서 $n = 1, 2, 3, 6$을 써서
# 구획 50개를, 우리는 $n = 1, 2, 4$로 21개를 만듭니다.

# %% [markdown] lang="en"
# Convolutional layers accept pictures of any size. Only dense layers and SVMs ask for one. So let us compute the
# convolutions once over the whole picture, and for each proposal cut its place out of the feature maps. What remains is
# that places differ in size. SPPNet's spatial pyramid pooling divides the place into $n \times n$ bins and takes the
# maximum of each. The size of the bins depends on the place, their number does not. Several $n$ together keep positions
# coarsely and finely. For detection the paper has $n = 1, 2, 3, 6$, which makes 50 bins; we have $n = 1, 2, 4$, which
# makes 21.


# %%
def bins(size, n):
    """First and last + 1 cell of n bins that together hold `size` cells; they may share one."""
    return [(size * i // n, -(-size * (i + 1) // n)) for i in range(n)]


def pyramid_by_hand(place, levels=(4, 2, 1)):
    """Maps (C, h, w) of any size -> (C · Σn²,)."""
    found = []
    for n in levels:
        rows, columns = (bins(size, n) for size in place.shape[1:])
        pooled = [place[:, a:b, c:d].amax((1, 2)) for a, b in rows for c, d in columns]
        found.append(torch.stack(pooled, 1).flatten())  # (C · n²,)
    return torch.cat(found)


print("7 cells in 4 bins:", bins(7, 4))
chance = torch.Generator().manual_seed(0)
for height, width in ((8, 8), (5, 11), (13, 6)):
    place = torch.randn(64, height, width, generator=chance)
    check.close(
        pyramid_by_hand(place), pyramid(place[None])[0], what=f"{height} × {width}"
    )

region_pyramid = layers.RegionPyramid((4, 2, 1), stride=models.rcnn.STRIDE)


@torch.no_grad()
def spp_features(image, boxes):
    """(P, 1344): the picture once through the convolutions, then every box pooled."""
    return region_pyramid(backbone(image[None] / 255), [boxes])


# %% name="fig-place" tags=["hide-input"] alt_ko="두 줄. 줄마다 왼쪽은 물체 하나에 상자를 두른 장면, 가운데는 특징 맵 한 채널에서 그 자리를 4×4개의 구획으로 나눈 것, 오른쪽은 구획마다 최댓값을 담은 4×4입니다. 윗줄의 물체는 크고 아랫줄의 물체는 작습니다." alt_en="Two rows. In each, left: a scene with a box around one object; middle: its place in one channel of the feature maps, divided into 4×4 bins; right: 4×4 maxima, one for each bin. The object of the upper row is large, that of the lower row small." caption_ko="큰 물체와 작은 물체의 RoI. 왼쪽은 장면, 가운데는 특징 맵 한 채널에서 그 자리, 오른쪽은 구획마다의 최댓값입니다. 자리가 크든 작든 오른쪽은 4×4입니다. 주황색 선은 자리를 넷으로 똑같이 나눈 것이고, 실제 구획은 걸친 칸을 모두 넣습니다. 그래서 이웃한 구획이 칸을 함께 쓰기도 합니다." caption_en="A large and a small object. Left the scene, in the middle its place in one channel of the feature maps, on the right the maximum of each bin. Whether the place is large or small, the right is 4×4. Orange lines divide the place evenly; a bin takes in every cell it touches, so neighbours may share some."
crowd, boxes = test_set.images[1], test_set.boxes[1]
with torch.no_grad():
    maps = backbone(crowd[None] / 255)  # (1, 64, 32, 32)
order = (boxes[:, 2:] - boxes[:, :2]).prod(1).argsort()
channel, shown, around_it, titles = None, [], [], []
for box in (boxes[order[-1]], boxes[order[0]]):
    x1, y1, x2, y2 = (box / models.rcnn.STRIDE).round().int().tolist()
    place = maps[0, :, y1 : y2 + 1, x1 : x2 + 1]
    if channel is None:
        channel = int(place.flatten(1).std(1).argmax())
    cells = place[channel : channel + 1]  # (1, h, w)
    pooled = functional.adaptive_max_pool2d(cells, 4)
    shown += [crowd, cells / cells.max(), pooled / cells.max()]
    around_it += [box[None], torch.zeros(0, 4), torch.zeros(0, 4)]
    wide, high = (box[2:] - box[:2]).int().tolist()
    titles += [
        f"{wide} × {high} px",
        f"{cells.shape[2]} × {cells.shape[1]} cells",
        "4 × 4",
    ]
figure = look.boxes(shown, around_it, titles=titles, columns=3)
for axes, cells in zip(figure.axes[1::3], shown[1::3], strict=True):
    for part in range(5):
        style = {"color": look.style.LIGHT["orange"], "linewidth": 1.5}
        axes.axhline(cells.shape[1] * part / 4, **style)
        axes.axvline(cells.shape[2] * part / 4, **style)
figure

# %% [markdown] lang="ko"
# 나머지는 R-CNN과 똑같이 훈련합니다. 바뀐 것은 특징을 얻는 방법뿐입니다.

# %% [markdown] lang="en"
# The rest is trained just as for R-CNN. Only the way to the features has changed.

# %%
x, labels, near_x, near_changes = training_features(spp_features)
weights, biases = train_svms(x, labels)
changes = train_regression(near_x, near_changes)
answer_spp = with_svms(spp_features, weights, biases, changes)
spp, _, seconds_spp = over_test(answer_spp, least=-1.0)
map_spp = measured(spp)
print(f"mAP@0.5 {map_spp[0]:.3f}, {1000 * seconds_spp:.1f} ms a scene; "
      f"R-CNN {map_rcnn[0]:.3f}, {1000 * seconds_rcnn:.1f} ms")  # fmt: skip
check.that(map_rcnn[0] > map_spp[0], f"{map_rcnn[0]:.3f} > {map_spp[0]:.3f}")
check.that(
    seconds_rcnn > 2 * seconds_spp,
    f"R-CNN takes {seconds_rcnn / seconds_spp:.1f} times as long",
)

# %% [markdown] lang="ko"
# SPPNet은 R-CNN보다 몇 배 빠르고, mAP@0.5는 0.445에서 0.397로 낮아졌습니다. 우리의 신경망은 32픽셀을 채운 도형으로 훈련했습니다. R-CNN은 작은
# 물체도 그 크기로 키워서 보여 주지만, SPPNet은 12픽셀 물체를 특징 맵의 3칸으로 봅니다. 논문에서도 그림을 한 가지 크기로만 넣으면 mAP가 58.0으로, 같은 신경망을 쓴 R-CNN의
# 59.2보다 조금 낮았고, 다섯 가지 크기로 넣으면 59.2로 같았습니다. 특징을 얻는 시간은 R-CNN의 14.46초가 0.142초로 102배 줄었습니다
# {cite:p}`he2014spatial`. 우리의 배수가 왜 더 작은지는 아래에서 재어 봅니다.
#
# ## Fast R-CNN: 하나로 훈련하기
#
# SPPNet도 훈련은 여러 토막입니다. 신경망, SVM, 회귀를 따로 훈련하고 특징을 어딘가에 저장해 두어야 합니다. Fast R-CNN은 SVM과 회귀를 신경망의 두 출력층으로
# 바꾸고, 손실 하나로 합성곱층까지 훈련합니다.
#
# 피라미드는 한 층만 남습니다. 이것이 RoI 풀링입니다(RoI는 region of interest). 상자를 특징 맵의 칸에 맞춰 반올림하고, $n \times n$개의 구획으로 나누어 구획마다 최댓값을
# 취합니다. torchvision의 규칙대로 손으로 짜서 견줍니다.

# %% [markdown] lang="en"
# SPPNet is several times as fast as R-CNN, and the mAP@0.5 falls from 0.445 to 0.397. Our network was trained on shapes
# that fill 32 pixels. R-CNN enlarges a small object to that size; SPPNet sees one of 12 pixels as 3 cells of the maps.
# In the paper, too, a single scale has an mAP of 58.0, a little below the 59.2 of an R-CNN with the same network; with
# the picture at five scales it is 59.2 as well. The time for features falls from R-CNN's 14.46 seconds to 0.142, by 102
# times {cite:p}`he2014spatial`. Why our factor is smaller is measured below.
#
# ## Fast R-CNN: trained as one
#
# SPPNet is still trained in pieces: network, SVMs and regression each by itself, with features stored in between.
# Fast R-CNN turns SVMs and regression into two output layers of the network, and trains all of it by one
# loss, convolutional layers included.
#
# One level of the pyramid is left, called RoI pooling (for region of interest). The box is rounded to cells of the maps
# and divided into $n \times n$ bins, of each of which the maximum is taken. By hand, with torchvision's rules:


# %%
def roi_pool(maps, boxes, n, stride):
    """Maps (C, H, W), boxes (P, 4) in pixels -> (P, C, n, n)."""
    found = maps.new_zeros(len(boxes), len(maps), n, n)
    for p, box in enumerate(boxes / stride):
        x1, y1, x2, y2 = (math.floor(side + 0.5) for side in box.tolist())  # rounded
        wide, high = (
            max(size, 1) for size in (x2 - x1 + 1, y2 - y1 + 1)
        )  # last cell included
        for i, j in itertools.product(range(n), repeat=2):
            rows = slice(y1 + high * i // n, y1 - (-high * (i + 1) // n))
            columns = slice(x1 + wide * j // n, x1 - (-wide * (j + 1) // n))
            place = maps[:, rows, columns]  # what lies beyond the map is cut off
            if place.numel():
                found[p, :, i, j] = place.amax((1, 2))
    return found


with torch.no_grad():
    maps = backbone(scene[None] / 255)  # (1, 64, 32, 32)
check.close(
    roi_pool(maps[0], proposals[2], 4, 4),
    ops.roi_pool(maps, [proposals[2]], 4, 1 / 4),
    what="RoI pooling",
)

# %% [markdown] lang="ko"
# 신경망 전체입니다. RoI마다 은닉층 하나를 지나 두 갈래로 답합니다. 한쪽은 배경까지 11개의 로짓, 다른 쪽은 클래스마다 네 수씩 $t$입니다. 배치 하나에 장면이
# 둘뿐이어서 배치 정규화의 통계를 새로 구하기에는 너무 적습니다. 그래서 사전 학습 때의 평균과 분산을 그대로 둡니다. 첫 합성곱층의 가중치도 그대로 두고 나머지를 모두
# 훈련합니다. 논문도 VGG-16에서 conv3_1보다 앞의 층은 훈련하지 않았습니다 {cite:p}`girshick2015fast` (표 5). 패키지의 신경망과 같은지는
# 같은 가중치를 넣어 확인합니다.

# %% [markdown] lang="en"
# The whole network: every RoI passes one hidden layer and is answered twice, by 11 logits with the background's, and by
# four numbers $t$ for each class. A batch has two scenes, too few for statistics of batch norm; so its means and
# variances stay as they were pretrained. So do the weights of the first convolution; all others are trained. The paper,
# too, does not train the layers of VGG-16 before conv3_1 {cite:p}`girshick2015fast` (table 5). Given the same
# weights it must agree with the package's network.


# %%
class FastRCNN(nn.Module):
    """Pictures (N, 3, H, W) in 0..1 and boxes for each -> logits, changes of boxes."""

    def __init__(self, backbone, classes=10, n=4, hidden=256):
        super().__init__()
        self.backbone = backbone
        self.hidden = nn.Sequential(
            nn.Linear(backbone.out_channels * n**2, hidden), nn.ReLU(), nn.Dropout(0.5)
        )
        self.classes = nn.Linear(hidden, classes + 1)  # the last is background
        self.offsets = nn.Linear(hidden, 4 * classes)
        self.n = n
        for layer, deviation in ((self.classes, 0.01), (self.offsets, 0.001)):
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()  # batch norm keeps its means and deviations
        return self

    def forward(self, images, boxes):
        return self.heads(self.backbone(images), boxes)  # the convolutions, once

    def heads(self, maps, boxes):
        """From maps (N, 64, H / 4, W / 4)."""
        x = ops.roi_pool(maps, boxes, self.n, 1 / models.rcnn.STRIDE)  # (ΣP, 64, n, n)
        x = self.hidden(x.flatten(1))  # (ΣP, hidden)
        return self.classes(x), self.offsets(x).unflatten(
            1, (-1, 4)
        )  # (ΣP, 11), (ΣP, 10, 4)


torch.manual_seed(0)
network = FastRCNN(models.rcnn.shape_classifier()[0])
theirs = models.rcnn.FastRCNN(models.rcnn.Backbone())
theirs.load_state_dict(network.state_dict(), strict=False)
pictures, boxes = test_set.images[:2] / 255, proposals[:2]
with torch.no_grad():
    for mine, reference, what in zip(network.eval()(pictures, boxes), theirs.eval()(pictures, boxes),
                                     ("logits", "changes"), strict=True):  # fmt: skip
        check.close(mine, reference, what=f"{what} {tuple(mine.shape)}")

# %% [markdown] lang="ko"
# 손실은 둘의 합입니다. $u$는 RoI의 정답 클래스, $v$는 그 상자에 맞는 $t$입니다. 배경에는 고칠 상자가 없으므로 둘째 항은 물체일 때만 셉니다.
#
# $$L = -\log p_u + \lambda\, [u \text{ is an object}] \sum_{i \in \{x, y, w, h\}} \mathrm{smooth}_{L_1}(t_i^u - v_i)$$
#
# smooth L1은 차이 $d$가 $|d| < 1$이면 $0.5 d^2$, 아니면 $|d| - 0.5$입니다. 크게 어긋난 상자 하나가 그레이디언트를 지배하지 못하게 하려는 것입니다. 논문은
# $\lambda = 1$이고, 목표값 $v$를 평균 0, 분산 1로 맞춥니다. 우리는 평균은 그대로 두고 표준편차로만 나눕니다.
#
# 논문은 그림마다 RoI 64개를 뽑습니다. IoU가 0.5 이상인 것이 25%이고, 나머지는 0.1 이상 0.5 미만인 배경입니다 {cite:p}`girshick2015fast`
# (2.3절). 우리는 물체를 40%까지 뽑고 배경의 아래쪽 한계를 두지 않습니다. 장면이 적어서 물체를 더 자주 보는 편이 낫고, 아무것도 없는 자리도 배워야 하기 때문입니다.

# %% [markdown] lang="en"
# The loss is a sum of two. $u$ is the true class of a RoI, and $v$ is the $t$ that fits its box. There is no box to
# correct for background, so the second term counts for objects only.
#
# $$L = -\log p_u + \lambda\, [u \text{ is an object}] \sum_{i \in \{x, y, w, h\}} \mathrm{smooth}_{L_1}(t_i^u - v_i)$$
#
# Smooth L1 of a difference $d$ is $0.5 d^2$ where $|d| < 1$ and $|d| - 0.5$ elsewhere, so that one box far off does not
# dominate the gradient. The paper has $\lambda = 1$ and brings the targets $v$ to mean 0 and variance 1. We leave the
# mean and only divide by the standard deviation.
#
# From each picture the paper draws 64 RoIs, 25% of them with an IoU of at least 0.5, the rest background with an IoU of
# at least 0.1 and below 0.5 {cite:p}`girshick2015fast` (section 2.3). We draw up to 40% objects and have no lower
# limit for the background: with few scenes it is better to see objects more often, and empty places must be learned
# too.


# %%
def smooth_l1(d):
    return torch.where(d.abs() < 1, 0.5 * d**2, d.abs() - 0.5)


def loss_of(logits, offsets, labels, targets):
    """The two parts of the loss; labels (K,), of which 10 is background."""
    objects = (labels < 10).nonzero().flatten()
    own = offsets[objects, labels[objects]]  # (objects, 4): those of the true class
    of_boxes = smooth_l1(own - targets[objects]).sum() / len(labels)
    return functional.cross_entropy(logits, labels), of_boxes


with torch.no_grad():
    drawn = vision.sample(
        proposals[2], test_set.boxes[2], test_set.box_labels[2], background=10
    )
    answered = network(test_set.images[2:3] / 255, [drawn.regions])
    mine = loss_of(*answered, drawn.labels, drawn.targets)
    theirs = models.rcnn.fast_rcnn_loss(*answered, drawn.labels, drawn.targets)
check.close(torch.stack(mine), torch.stack(theirs), what="both losses")

spread = near_changes.std(0)  # of tx, ty, tw, th in the training scenes
print("deviations:", [round(value, 3) for value in spread.tolist()])


def turned(boxes):
    """Boxes in a picture of 128 pixels that is mirrored left to right."""
    x1, y1, x2, y2 = boxes.unbind(1)
    return torch.stack([128 - x2, y1, 128 - x1, y2], 1)


def regions_of(index, mirrored, chance):
    """A training picture, mirrored or not, and the RoIs drawn for it."""
    image, boxes = train_set.images[index] / 255, train_set.boxes[index]
    every = torch.cat([train_proposals[index], boxes])
    if mirrored:
        image, boxes, every = image.flip(2), turned(boxes), turned(every)
    return image, vision.sample(
        every, boxes, train_set.box_labels[index], background=10, count=64,
        objects=0.4, low=0.0, seed=chance,
    )  # fmt: skip


def train_fast(network, epochs, fixed=4, lr=2e-3, batch=2, seed=0):
    """Trains the network but for the first `fixed` layers of its backbone; returns the
    mean of both losses in each epoch."""
    chance = torch.Generator().manual_seed(seed)
    first, rest = (
        nn.Sequential(*part)
        for part in (list(network.backbone)[:fixed], list(network.backbone)[fixed:])
    )
    first.requires_grad_(False)
    optimizer = optim.AdamW(network.parameters(), lr=lr, weight_decay=0.01)
    steps = epochs * (len(train_set) // batch)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, lr, steps, pct_start=0.2)
    kept = {}  # what the fixed layers give does not change: compute it once

    def maps_of(images, views):
        for view, image in zip(views, images, strict=True):
            if view not in kept:
                kept[view] = first((image[None] - 0.5) / 0.25)  # as the backbone does
        return rest(torch.cat([kept[view] for view in views]))

    history = []
    for _ in range(epochs):
        network.train()
        total = torch.zeros(2)
        order = torch.randperm(len(train_set), generator=chance)
        for indices in order[: len(order) // batch * batch].view(-1, batch).tolist():
            mirrored = (torch.rand(batch, generator=chance) < 0.5).tolist()
            views = list(zip(indices, mirrored, strict=True))
            images, drawn = zip(
                *(regions_of(*view, chance) for view in views), strict=True
            )
            maps = maps_of(images, views)
            logits, offsets = network.heads(maps, [each.regions for each in drawn])
            labels = torch.cat([each.labels for each in drawn])
            targets = torch.cat([each.targets for each in drawn]) / spread
            losses = torch.stack(loss_of(logits, offsets, labels, targets))
            optimizer.zero_grad()
            losses.sum().backward()
            optimizer.step()
            schedule.step()
            total += losses.detach()
        history.append((total / (len(order) // batch)).tolist())
    return history


EPOCHS = 20 if full else 8
torch.manual_seed(0)
network = FastRCNN(models.rcnn.shape_classifier()[0])
history = train_fast(network, EPOCHS)
for epoch, (of_classes, of_boxes) in enumerate(history, start=1):
    print(f"epoch {epoch}: loss of classes {of_classes:.3f}, of boxes {of_boxes:.3f}")

# %%
network.eval()


def answers_of(network):
    @torch.no_grad()
    def answer(image, boxes):
        logits, offsets = network(image[None] / 255, [boxes])
        boxes = vision.decode(boxes, offsets * spread, image.shape[1:])  # (P, 10, 4)
        return boxes, logits.softmax(1)[:, :10]  # (P, 10)

    return answer


answer_fast = answers_of(network)


def detect_fast(image, boxes):
    return vision.detections(*answer_fast(image, boxes), least=0.02)


fast, fast_plain, seconds_fast = over_test(answer_fast, least=0.02)
map_fast, map_fast_plain = measured(fast), measured(fast_plain)
print(
    f"mAP@0.5 {map_fast[0]:.3f}, without regression {map_fast_plain[0]:.3f}, "
    f"{1000 * seconds_fast:.1f} ms a scene"
)
check.that(
    map_fast[0] > baseline[0],
    f"Fast R-CNN {map_fast[0]:.3f} > baseline {baseline[0]:.3f}",
)

torch.manual_seed(0)
frozen = FastRCNN(models.rcnn.shape_classifier()[0])
train_fast(frozen, EPOCHS, fixed=len(frozen.backbone))
map_frozen = measured(over_test(answers_of(frozen.eval()), least=0.02)[0])
print(f"with the convolutions left as they were {map_frozen[0]:.3f}")
check.that(map_fast[0] > map_frozen[0], f"{map_fast[0]:.3f} > {map_frozen[0]:.3f}")

# %% [markdown] lang="ko"
# Fast R-CNN이 SPPNet을 앞섭니다. 논문의 VGG-16에서도 mAP가 66.9 대 63.1이었습니다 {cite:p}`girshick2015fast` (표 4). 무엇
# 덕분일까요? 합성곱층을 그대로 두고 나머지만 같은 손실로 훈련한 신경망도 SPPNet보다 낫지만 합성곱층까지 훈련한 것에는 미치지 못합니다. 출력층을 손실 하나로 훈련하는 것과
# 합성곱층까지 훈련하는 것이 둘 다 도움이 됩니다. 논문에서도 fc6부터 훈련하면 61.4, conv3_1부터 훈련하면 66.9입니다(표 5).
#
# ## 셋을 나란히
#
# 같은 장면, 같은 제안입니다. 시간은 장면 하나에 걸린 CPU 시간으로, 선택적 탐색을 뺀 것과 더한 것을 나누어 적습니다. 테스트 장면이 60장뿐이므로 mAP의 몇 점 차이는 우연일 수 있습니다.

# %% [markdown] lang="en"
# Fast R-CNN is ahead of SPPNet. With the paper's VGG-16 the mAP was 66.9 against 63.1 {cite:p}`girshick2015fast` (table
# 4). Why? If the convolutional layers are left as they are and the same loss trains the rest, the network is better
# than SPPNet, too, but not as good as the one that trains them. Both help: one loss for the output layers, and training
# the convolutions. In the paper it is 61.4 if training begins at fc6, and 66.9 if it begins at conv3_1 (table 5).
#
# ## The three side by side
#
# The same scenes, the same proposals. Times are CPU time for one scene, without selective search and with it. There are
# only 60 test scenes, so a few points of mAP may be chance.

# %%
rows = {
    "colour + neighbour": (None, "-", baseline[0], math.nan),
    "R-CNN": (seconds_rcnn, "no", *map_rcnn),
    "SPPNet": (seconds_spp, "yes", *map_spp),
    "Fast R-CNN": (seconds_fast, "yes", *map_fast),
}
print(
    f"{'':20}{'shared':>7}{'network':>11}{'with search':>13}{'mAP@0.5':>9}{'0.5:0.95':>10}"
)
for name, (seconds, shared, at_half, over_all) in rows.items():
    network_ms = f"{1000 * seconds:.1f} ms" if seconds else ""
    with_ms = f"{1000 * (seconds + seconds_search):.1f} ms" if seconds else ""
    last = "" if math.isnan(over_all) else f"{over_all:.3f}"
    print(f"{name:20}{shared:>7}{network_ms:>11}{with_ms:>13}{at_half:>9.3f}{last:>10}")
share = seconds_search / (seconds_search + seconds_fast)
print(f"selective search is {share:.0%} of the time of Fast R-CNN")
check.that(
    map_fast[0] > map_spp[0], f"Fast R-CNN {map_fast[0]:.3f} > SPPNet {map_spp[0]:.3f}"
)
check.that(
    seconds_rcnn > 2 * seconds_fast,
    f"R-CNN / Fast R-CNN {seconds_rcnn / seconds_fast:.1f} times",
)
check.that(share > 0.5, f"search takes {share:.0%}")


# %% name="fig-speed" tags=["hide-input"] alt_ko="두 축이 모두 로그인 곡선 셋. 가로축은 제안 수 10에서 2,000, 세로축은 장면 하나의 밀리초입니다. R-CNN의 선은 제안 수를 따라 곧게 올라가고, SPPNet과 Fast R-CNN의 선은 왼쪽에서 거의 평평하다가 천천히 올라갑니다." alt_en="Three curves on logarithmic axes: proposals from 10 to 2,000 across, milliseconds for a scene upwards. That of R-CNN rises straight with the number of proposals; those of SPPNet and Fast R-CNN are almost flat at the left and rise slowly." caption_ko="제안 수에 따른 장면 하나의 CPU 시간(상자와 점수까지, NMS는 빼고). R-CNN의 시간은 제안 수에 비례합니다. 나머지 둘은 합성곱이 한 번이고, 제안마다 드는 시간은 풀링과 그 뒤의 층뿐입니다." caption_en="CPU time for a scene by the number of proposals, boxes and scores included, NMS not. R-CNN's is proportional to it. The other two compute the convolutions once, and for each proposal only pooling and what comes after."
def milliseconds(answer, count):
    """The shortest of three, of one where it takes long."""
    spent = []
    for _ in range(3 if count < 1000 else 1):
        started = time.process_time()
        answer(scene, windows[0][:count])
        spent.append(1000 * (time.process_time() - started))
    return min(spent)


speeds = {
    name: pd.DataFrame(
        [
            (count, milliseconds(answer, count))
            for count in (10, 30, 100, 300, 1000, 2000)
        ],
        columns=["proposals", "ms"],
    )
    for name, answer in (
        ("R-CNN", answer_rcnn),
        ("SPPNet", answer_spp),
        ("Fast R-CNN", answer_fast),
    )
}
look.curves(
    speeds,
    x="proposals",
    y="ms",
    ylabel="CPU time (ms)",
    logx=True,
    logy=True,
    height=3.4,
)

# %%
table = pd.concat(speeds, axis=1).xs("ms", axis=1, level=1)
table.index = speeds["R-CNN"].proposals
print(table.round(1).to_string())
at_2000 = table.iloc[-1]["R-CNN"] / table.iloc[-1]
print(
    f"at 2,000: SPPNet × {at_2000['SPPNet']:.0f}, Fast R-CNN × {at_2000['Fast R-CNN']:.0f}"
)
check.that(at_2000.drop("R-CNN").min() > 5, "both more than 5 times as fast at 2,000")

# %% [markdown] lang="ko"
# R-CNN의 시간은 제안 수에 비례합니다. 나머지 둘은 제안이 적을 때 거의 평평합니다. 합성곱 한 번이 시간의 대부분이기 때문입니다. 그래서 제안이 많을수록 배수가 커집니다.
# 제안이 16개보다 적으면 R-CNN의 합성곱이 오히려 적습니다. 논문처럼 2,000개이면 우리의 배수도 열 배를 훌쩍 넘습니다. 논문의 102배에는 미치지 못합니다. 합성곱만 세면 장면 한
# 번이 오려 낸 그림 16장의 값이므로 많아야 $2000 / 16 = 125$배인데, 여기에 자리 2,000개를 풀링하는 시간이 더해지기 때문입니다.

# %% [markdown] lang="en"
# R-CNN's time is proportional to the number of proposals. The other two are almost flat where there are few, since most
# of their time goes into the convolutions, once. So the factor grows with the proposals. With fewer than 16, R-CNN even
# has less to convolve; with 2,000, as in the papers, our factor is well above ten, too. It does not reach the
# paper's 102. In the convolutions a scene costs as much as 16 crops, which makes $2000 / 16 = 125$ at most, and the
# time for pooling 2,000 places comes on top.

# %% name="fig-precision" tags=["hide-input"] alt_ko="재현율에 따른 정밀도 곡선 넷. 기준의 곡선이 가장 먼저 떨어지고 Fast R-CNN의 곡선이 가장 오른쪽까지 갑니다." alt_en="Four curves of precision over recall. The baseline's falls first, that of Fast R-CNN reaches furthest to the right." caption_ko="하트의 정밀도와 재현율. 곡선 아래가 넓을수록 AP가 높습니다. 곡선이 끝나는 재현율까지만 찾았습니다." caption_en="Precision and recall for hearts. The larger the area below, the higher the AP. A curve ends at the recall that was reached."
heart = classes.index("heart")
everyone = {"baseline": baseline[3], "R-CNN": rcnn, "SPPNet": spp, "Fast R-CNN": fast}
look.precision_recall(
    {
        name: vision.precision_recall(found, truth, heart)[:2]
        for name, found in everyone.items()
    }
)

# %% name="fig-found" tags=["hide-input"] alt_ko="장면 네 장에 Fast R-CNN이 찾은 상자와 클래스와 점수를 그렸습니다. 맞은 파란 상자와 틀린 주황색 파선 상자가 섞여 있고, 놓친 물체에는 빨간 점선이 있습니다." alt_en="Four scenes with the boxes, classes and scores that Fast R-CNN found. There are blue boxes that are right, dashed orange ones that are wrong, and dotted red ones around objects that were missed." caption_ko="Fast R-CNN이 테스트 장면에서 찾은 것. 점수가 50% 이상인 것만 그렸습니다. 파란색은 맞은 것, 주황색 파선은 틀린 것, 빨간 점선은 놓친 물체입니다." caption_en="What Fast R-CNN finds in test scenes, with a score of 50% or more. Blue is right, dashed orange wrong, dotted red an object that was missed."
four = [33, 44, 50, 9]
look.detections(
    test_set.images[four], [fast[i] for i in four], [truth[i] for i in four],
    classes=classes, least=0.5, columns=2,
)  # fmt: skip

# %% [markdown] lang="ko"
# 이제 신경망보다 선택적 탐색이 더 오래 걸립니다. Fast R-CNN 논문이 잰 시간은 제안을 뺀 것입니다. 그림 한 장에 R-CNN은 47.0초, SPPNet은 2.3초, Fast
# R-CNN은 0.32초입니다(모두 VGG-16) {cite:p}`girshick2015fast` (표 4). 그동안에도 선택적 탐색은 CPU에서 몇 초씩 걸렸습니다. fast 전략이
# 3.79초입니다 {cite:p}`uijlings2013selective` (표 4). 제안도 신경망이 하게 하자는 것이 Faster R-CNN의 생각입니다.
#
# ## 논문의 신경망
#
# 세 논문의 크기를 다시 계산합니다. R-CNN의 특징은 AlexNet의 pool5에서 6×6×256 = 9,216개이고 한 유닛의 수용 영역은 195×195픽셀입니다. SPPNet의 탐지기는 구획 50개
# × 256채널입니다. Fast R-CNN은 VGG-16의 마지막 풀링을 7×7 RoI 풀링으로 바꿉니다. 그림이 224×224이면 그 자리가 원래 7×7이므로 사전 학습한 완전 연결층을 그대로
# 씁니다. 출력층은 VOC의 20클래스와 배경입니다.

# %% [markdown] lang="en"
# By now selective search takes longer than the network. The times in Fast R-CNN's paper leave it out: for a picture
# R-CNN takes 47.0 seconds, SPPNet 2.3 and Fast R-CNN 0.32, all with VGG-16 {cite:p}`girshick2015fast` (table 4). All
# the while selective search took seconds on a CPU, 3.79 for “fast” {cite:p}`uijlings2013selective` (table 4). To let
# the network make the proposals as well is the idea of Faster R-CNN.
#
# ## The papers' networks
#
# We recompute the sizes of the three papers. R-CNN's features are AlexNet's pool5, 6×6×256 = 9,216 numbers, and one
# unit sees 195×195 pixels. SPPNet's detector has 50 bins × 256 channels. Fast R-CNN turns VGG-16's last pooling into
# RoI pooling of 7×7. For a picture of 224×224 it is 7×7 anyway, so that the pretrained dense layers fit as they are.
# The output layers are for the 20 classes of VOC and the background.

# %%
with torch.device("meta"):  # shapes only, nothing is computed
    alexnet, vgg16 = models.create("alexnet").features, models.create("vgg16")
    pool5 = alexnet(torch.empty(1, 3, 227, 227)).shape[1:]
    conv5 = vgg16.features[:-1](torch.empty(1, 3, 600, 1000)).shape[1:]
field, step = 1, 1
for layer in alexnet:
    if hasattr(layer, "kernel_size"):
        kernel, stride = (
            v[0] if isinstance(v, tuple) else v
            for v in (layer.kernel_size, layer.stride)
        )
        field, step = field + (kernel - 1) * step, step * stride
check.same_shapes(pool5, (256, 6, 6))
check.close(
    [pool5.numel(), field], [9216, 195], what="R-CNN: features, receptive field"
)
check.close(
    sum(n * n for n in (6, 3, 2, 1)) * 256, 12_800, what="SPPNet: 50 bins × 256"
)
print(
    f"VGG-16 on 600 × 1000: {tuple(conv5)}, RoI pooling 7 × 7 × 512 = {7 * 7 * 512:,}"
)
dense = {
    "fc6": (25088, 4096),
    "fc7": (4096, 4096),
    "classes": (4096, 21),
    "boxes": (4096, 84),
}
for name, (inputs, units) in dense.items():
    print(f"{name:8}{inputs:>7} → {units:<5}{(inputs + 1) * units:>13,} parameters")
# truncated SVD: a matrix u × v becomes two, of rank t
before, after = 25088 * 4096, 1024 * (25088 + 4096)
print(
    f"fc6 with rank 1024: {after / 1e6:.1f} M multiply-adds a RoI for {before / 1e6:.1f} M"
)

# %% [markdown] lang="ko"
# 그림은 합성곱층을 한 번 지나지만 fc6은 RoI마다 지나야 합니다. 그래서 RoI가 2,000개인 Fast R-CNN에서는 완전 연결층이 시간의 큰 몫입니다. 논문은 행렬을 두 개의 얇은
# 행렬로 나누어(특잇값 분해, fc6은 랭크 1024, fc7은 256) 0.32초를 0.22초로 줄였습니다. mAP는 66.9에서 66.6이 되었습니다
# {cite:p}`girshick2015fast` (표 4, 3.1절).
#
# ## 주장을 다시 계산하기
#
# 논문의 수와 우리가 잰 수를 나란히 놓습니다. 논문의 것은 PASCAL VOC 2007, 우리 것은 그린 장면이므로 크기가 아니라 방향을 견주세요.

# %% [markdown] lang="en"
# The picture passes the convolutions once, but every RoI passes fc6. With 2,000 RoIs the dense layers are a large part
# of Fast R-CNN's time. The paper splits each matrix into two thin ones (by singular values, fc6 with rank 1024, fc7
# with 256), which takes 0.32 seconds to 0.22, and the mAP from 66.9 to 66.6 {cite:p}`girshick2015fast` (table 4,
# section 3.1).
#
# ## The claims, recomputed
#
# The papers' numbers beside ours. Theirs are from PASCAL VOC 2007, ours from drawn scenes, so compare the direction and
# not the size.


# %%
def points(one, other):
    return f"{100 * (one[0] - other[0]):+.1f}"


per_scene = np.mean([len(boxes) for boxes in proposals])
claims = [
    ("objects found by proposals", "S. search T5", "98.0%", f"{100 * whole:.1f}%"),
    ("mean of the best IoU", "S. search T5", "0.804", f"{best:.3f}"),
    ("proposals a picture", "S. search T5", "2,134", f"{per_scene:.0f}"),
    (
        "R-CNN / SPPNet, seconds",
        "SPPNet",
        "× 102",
        f"× {seconds_rcnn / seconds_spp:.1f}",
    ),
    ("with 2,000 proposals", "", "", f"× {at_2000['SPPNet']:.0f}"),
    (
        "R-CNN / Fast, seconds",
        "Fast T4",
        "× 146",
        f"× {seconds_rcnn / seconds_fast:.1f}",
    ),
    ("with 2,000 proposals", "", "", f"× {at_2000['Fast R-CNN']:.0f}"),
    ("SPPNet - R-CNN, mAP", "SPPNet", "-1.2", points(map_spp, map_rcnn)),
    ("Fast - SPPNet, mAP", "Fast T4", "+3.8", points(map_fast, map_spp)),
    ("training convolutions", "Fast T5", "+5.5", points(map_fast, map_frozen)),
    ("regression in R-CNN", "R-CNN T2", "+4.3", points(map_rcnn, map_rcnn_plain)),
    ("regression in Fast R-CNN", "Fast T6", "+3.5", points(map_fast, map_fast_plain)),
]
print(f"{'':28}{'source':14}{'theirs':>8}{'ours':>9}")
for what, source, printed, ours in claims:
    print(f"{what:28}{source:14}{printed:>8}{ours:>9}")

# %% [markdown] lang="ko"
# 회귀가 논문에서 준 것은 R-CNN에서 4.3점(54.2에서 58.5), Fast R-CNN에서 3.5점(VGG-16, 63.4에서 66.9)입니다. 우리 장면에서는 둘 다 이보다 작습니다. R-CNN 논문은
# 그림 한 장에 GPU에서 13초, CPU에서 53초가 걸린다고 적었고 {cite:p}`girshick2014rich`, 여기에는 제안을 내놓는 시간이 들어 있습니다.
# 47.0초는 VGG-16으로 바꾼 R-CNN을 Fast R-CNN 논문이 GPU에서 잰 것입니다. 서로 다른 신경망의 시간이니 섞어 쓰지 마세요.
#
# ## 독자들의 질문
#
# **선택적 탐색은 물체일 확률이 가장 높은 상자 2,000개를 고르는 것입니까?** 아닙니다. 확률을 계산하지 않습니다. 생겨난 조각의 상자를 모두 내놓고, 늦게 합쳐진 것일수록 앞에 오되
# 난수를 곱해 섞습니다. 수도 2,000으로 정해져 있지 않습니다. 우리 장면에서는 백여 개입니다.
#
# **선택적 탐색은 학습합니까? 순환 신경망과 관계가 있습니까?** 배우는 것이 하나도 없고 순환 신경망(RNN)과는 관계가 없습니다. R-CNN의 R은 영역(region)입니다.
#
# **Fast R-CNN은 신경망을 먼저 하고 제안을 나중에 합니까?** 제안은 여전히 그림에서 나오고 신경망과 관계가 없습니다. 바뀐 것은 무엇에서 오려 내느냐입니다. R-CNN은 그림에서, SPPNet과
# Fast R-CNN은 특징 맵에서 오려 냅니다.
#
# **SPPNet에 신경망을 더한 것이 Fast R-CNN입니까?** SPPNet에도 신경망이 있고, 자리마다 완전 연결층을 지납니다. Fast R-CNN은 더한 것이 아니라 바꾼 것입니다. SVM과 회귀를
# 출력층으로 바꾸고 합성곱층까지 손실 하나로 훈련합니다.
#
# **NMS가 맞은 상자를 지울 수도 있습니까?** 있습니다. NMS는 상자 둘이 같은 물체의 것인지 모릅니다. 같은 클래스의 두 물체가 문턱값보다 많이 겹치면, 둘 다 꼭 맞게
# 찾아도 하나는 사라집니다. 테스트 장면에 그런 물체가 몇 개나 되는지 아래에서 셉니다.
#
# **물체가 하나도 없는 그림은 어떻게 됩니까? 제안이 없으면?** 답은 빈 목록이어야 하고 오류가 나면 안 됩니다. 훈련에서는 배경 RoI만 뽑고 상자의 손실은 0입니다.

# %% [markdown] lang="en"
# In the papers regression gives 4.3 points in R-CNN (54.2 to 58.5) and 3.5 in Fast R-CNN (VGG-16, 63.4 to 66.9). In
# our scenes both are smaller. R-CNN's paper says that a picture takes 13 seconds on a GPU and 53 on a
# CPU {cite:p}`girshick2014rich`, the time for proposals included. The 47.0 seconds are of an R-CNN with VGG-16,
# measured on a GPU for the paper of Fast R-CNN. These are times of different networks and should not be mixed.
#
# ## Questions readers ask
#
# **Does selective search choose the 2,000 boxes with the highest probability of an object?** No. It computes no
# probability. It puts forward the boxes of all segments that arise, those merged late first, but shuffled by a
# random factor. Nor are there always 2,000; our scenes have a hundred-odd.
#
# **Does selective search learn? Does it have anything to do with RNNs?** It learns nothing, and has nothing to do with
# recurrent networks. The R in R-CNN is for region.
#
# **Does Fast R-CNN run the network first and make proposals afterwards?** The proposals still come from the picture,
# without the network. What changed is what gets cut: R-CNN cuts the picture, SPPNet and Fast R-CNN cut the feature
# maps.
#
# **Is Fast R-CNN an SPPNet with a neural network added?** SPPNet has a network too, and every place passes its dense
# layers. Fast R-CNN does not add but replace: SVMs and regression become output layers, and one loss trains everything,
# convolutional layers included.
#
# **Can NMS remove a right box?** It can. NMS does not know whether two boxes are about one object. Where two objects of
# a class overlap by more than the threshold, one is lost even if both are found perfectly. Below we count how many such
# objects the test scenes have.
#
# **What of a picture without any object, or without proposals?** The answer must be an empty list and not an error. In
# training only background is drawn from it, and the loss of the boxes is 0.

# %%
left = 0
for each in truth:  # the truth itself, with score 1, through NMS
    kept = ops.batched_nms(
        each["boxes"], torch.ones(len(each["boxes"])), each["labels"], 0.3
    )
    left += len(kept)
print(f"a perfect detector: {objects} objects, {left} after NMS with 0.3")
check.that(0.95 * objects < left <= objects, "few objects of one class overlap so much")

grey = torch.full((3, 128, 128), 120, dtype=torch.uint8)
nothing = torch.zeros(0, 4)
print("one segment:", vision.selective_search(grey, **STRATEGY).tolist())
print(
    "no proposals:",
    {key: len(value) for key, value in detect_fast(grey, nothing).items()},
)
drawn = vision.sample(
    proposals[2], nothing, torch.zeros(0, dtype=torch.int64), background=10
)
with torch.no_grad():
    logits, offsets = network(grey[None] / 255, [drawn.regions])
of_classes, of_boxes = loss_of(logits, offsets, drawn.labels, drawn.targets)
check.that(
    bool((drawn.labels == 10).all()), f"{len(drawn.labels)} RoIs, all background"
)
check.close(of_boxes, 0.0, what="loss of the boxes")

# %% [markdown] lang="ko"
# ## 연습
#
# 답을 쓰고 셀을 실행하세요. 처음 다섯 연습의 함수는 무작위로 고른 입력에서 검사하고, 틀렸으면 무엇이 틀렸는지 알려 줍니다. 정답은 접혀 있습니다.

# %% [markdown] lang="en"
# ## Exercises
#
# Write your answer and run the cell. The functions of the first five are checked on random inputs, and where one is
# wrong the check says what is wrong. The solutions are folded.

# %% [markdown] lang="ko"
# **연습: 두 상자의 IoU.** 상자는 튜플 `(x1, y1, x2, y2)`입니다. 두 상자의 IoU를 돌려주는 `iou_of_two(a, b)`를 텐서 없이 짜세요. 겹치지 않는 상자도,
# 넓이가 0인 상자도 올 수 있습니다. 두 상자의 넓이가 모두 0이면 0을 돌려줍니다.

# %% [markdown] lang="en"
# **Exercise: the IoU of two.** Boxes are tuples `(x1, y1, x2, y2)`. Write `iou_of_two(a, b)` without tensors; it
# returns the IoU of two boxes. They may be apart, or have area 0. Where both have area 0, return 0.


# %% tags=["exercise"]
def iou_of_two(a, b): ...


check.exercise("iou_of_two", iou_of_two)


# %% tags=["solution"]
# solution
def iou_of_two(a, b):
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(high, 0)
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
    union = sum(areas) - shared
    return shared / union if union else 0.0


check.exercise("iou_of_two", iou_of_two, solution=True)

# %% [markdown] lang="ko"
# **연습: 클래스마다 NMS.** NumPy 배열 `boxes`는 `(N, 4)`, `scores`와 `labels`는 `(N,)`입니다. 점수가 높은 것부터 살펴서, 이미 남긴 **같은 클래스의**
# 상자와 IoU가 `threshold`보다 크면 버리고 아니면 남깁니다. 남긴 번호의 리스트를 점수가 높은 순서로 돌려주는 `suppress(boxes, scores, labels, threshold)`를
# 짜세요. 위의 `iou_of_two`를 써도 됩니다.

# %% [markdown] lang="en"
# **Exercise: NMS for each class.** `boxes` is a NumPy array `(N, 4)`, `scores` and `labels` are `(N,)`. Go through the
# boxes, the highest score first. A box is dropped if its IoU with a kept box **of the same class** is above
# `threshold`, else it is kept. Write `suppress(boxes, scores, labels, threshold)`, which returns the list of kept
# indices, highest score first. You may use `iou_of_two`.


# %% tags=["exercise"]
def suppress(boxes, scores, labels, threshold): ...


check.exercise("suppress", suppress)


# %% tags=["solution"]
# solution
def suppress(boxes, scores, labels, threshold):
    kept = []
    for i in np.argsort(-scores).tolist():
        rivals = [k for k in kept if labels[k] == labels[i]]
        if all(iou_of_two(boxes[i], boxes[k]) <= threshold for k in rivals):
            kept.append(i)
    return kept


check.exercise("suppress", suppress, solution=True)

# %% [markdown] lang="ko"
# **연습: 거울에 비친 회귀.** 그림을 좌우로 뒤집으면 제안도 정답도 뒤집힙니다. 그러면 $t_x, t_y, t_w, t_h$는 어떻게 될까요? 제안과 정답을 튜플 `(x1, y1, x2, y2)`로, 그림의
# 폭을 `width`로 받아, **뒤집은 그림에서의** 네 수를 튜플로 돌려주는 `mirrored_offsets(proposal, box, width)`를 짜세요.

# %% [markdown] lang="en"
# **Exercise: regression in a mirror.** Mirror a picture left to right, and proposal and truth are mirrored with it.
# What becomes of $t_x, t_y, t_w, t_h$? Write `mirrored_offsets(proposal, box, width)`, which takes proposal and truth
# as tuples `(x1, y1, x2, y2)` and the picture's `width`, and returns the four numbers **in the mirrored picture** as a
# tuple.


# %% tags=["exercise"]
def mirrored_offsets(proposal, box, width): ...


check.exercise("mirrored_offsets", mirrored_offsets)


# %% tags=["solution"]
# solution
def mirrored_offsets(proposal, box, width):
    (x1, y1, x2, y2), (a1, b1, a2, b2) = proposal, box
    wide, high = x2 - x1, y2 - y1
    t_x = ((a1 + a2) / 2 - (x1 + x2) / 2) / wide
    t_y = ((b1 + b2) / 2 - (y1 + y2) / 2) / high
    return -t_x, t_y, math.log((a2 - a1) / wide), math.log((b2 - b1) / high)


check.exercise("mirrored_offsets", mirrored_offsets, solution=True)

# %% [markdown] lang="ko"
# **연습: 열한 점 AP.** PASCAL VOC 2007은 재현율 0, 0.1, …, 1의 열한 곳에서 정밀도를 평균했습니다. 점수가 높은 순서로 맞았는지를 담은 리스트 `right`(참과 거짓)와
# 물체의 수 `objects`를 받아 이 AP를 돌려주는 `eleven_points(right, objects)`를 짜세요. 재현율이 `r` 이상인 자리의 정밀도 가운데 가장 큰 값을 쓰고, 그런 자리가
# 없으면 0입니다. 경곗값은 `recall >= r - 1e-9`로 견주세요.

# %% [markdown] lang="en"
# **Exercise: AP at eleven points.** PASCAL VOC 2007 took the mean precision at eleven recalls, 0, 0.1, …, 1. Write
# `eleven_points(right, objects)`, which returns this AP. The list `right` holds True or False for each answer, the
# highest score first, and `objects` is the number of objects. At recall `r` the largest precision among all places with
# that recall or more counts, and 0 where there is none. Compare with `recall >= r - 1e-9`.


# %% tags=["exercise"]
def eleven_points(right, objects): ...


check.exercise("eleven_points", eleven_points)


# %% tags=["solution"]
# solution
def eleven_points(right, objects):
    hits = np.cumsum(right)
    precision, recall = hits / np.arange(1, len(right) + 1), hits / objects
    total = 0.0
    for r in np.arange(11) / 10:
        total += max(precision[recall >= r - 1e-9], default=0.0)
    return total / 11


check.exercise("eleven_points", eleven_points, solution=True)

# %% [markdown] lang="ko"
# **연습: RoI의 구획.** RoI 풀링에서 한 축만 봅시다. 상자가 `start`픽셀에서 `stop`픽셀까지이고 특징 맵 한 칸이 `stride`픽셀입니다. 먼저 두 끝을 `stride`로 나누고
# 반올림해서(`math.floor(v + 0.5)`) 특징 맵의 칸 번호로 바꿉니다. 첫 칸부터 마지막 칸까지의 칸들을 구획 `n`개로 나눕니다. 구획마다 첫 칸의 번호와, 마지막 칸의 번호에 1을 더한
# 수를 튜플로 만들어 리스트로 돌려주는 `roi_bins(start, stop, stride, n)`을 짜세요. 구획의 시작은 내림, 끝은 올림입니다. 칸이 구획보다 적을 수도 있습니다.

# %% [markdown] lang="en"
# **Exercise: the bins of a RoI.** Look at RoI pooling along one axis. A box runs from pixel `start` to pixel `stop`,
# and a cell of the maps is `stride` pixels. Divide both ends by `stride` and round them to cell numbers
# (`math.floor(v + 0.5)`). The cells from the first to the last, both included, are divided into `n` bins. Write
# `roi_bins(start, stop, stride, n)`, which returns a list of tuples, for each bin its first cell and one more than its
# last. The beginning of a bin is rounded down, its end up. There may be fewer cells than bins.


# %% tags=["exercise"]
def roi_bins(start, stop, stride, n): ...


check.exercise("roi_bins", roi_bins)


# %% tags=["solution"]
# solution
def roi_bins(start, stop, stride, n):
    first, last = (math.floor(side / stride + 0.5) for side in (start, stop))
    cells = max(last - first + 1, 1)
    return [(first + cells * i // n, first - (-cells * (i + 1) // n)) for i in range(n)]


check.exercise("roi_bins", roi_bins, solution=True)

# %% [markdown] lang="ko"
# **연습: 제안이 적으면.** 훈련한 Fast R-CNN에 장면마다 처음 30개의 제안만 주면 mAP@0.5는 얼마입니까? `detect_fast`로 `test_set`의 모든 장면에서 재어
# `thirty_map`에 넣으세요. 재기 전에 예상해 보세요. 재현율 곡선에서 제안 30개로 찾은 물체는 몇 퍼센트였습니까?

# %% [markdown] lang="en"
# **Exercise: fewer proposals.** What mAP@0.5 does the trained Fast R-CNN reach if each scene has only its first 30
# proposals? Measure with `detect_fast` on all scenes of `test_set`, and put the number in `thirty_map`. Guess before
# you measure: what share of the objects did 30 proposals find, on the recall curve?

# %% tags=["exercise"]
thirty_map = ...


def map_of_first(count):
    """For the check."""
    found = [
        detect_fast(i, b[:count])
        for i, b in zip(test_set.images, proposals, strict=True)
    ]
    return measured(found)[0]


check.exercise("thirty_proposals", (thirty_map, map_of_first))

# %% tags=["solution"]
# solution
found = [
    detect_fast(image, boxes[:30])
    for image, boxes in zip(test_set.images, proposals, strict=True)
]
thirty_map = measured(found)[0]

check.exercise("thirty_proposals", (thirty_map, map_of_first), solution=True)
found_by_30 = vision.recall(proposals, test_set.boxes, [30])[0]
print(f"30 proposals find {found_by_30:.3f} of the objects")
print(f"mAP@0.5 {thirty_map:.3f}, with all proposals {map_fast[0]:.3f}")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`girshick2014rich`: R-CNN. 2절의 훈련 방법과 부록 A부터 C까지는 짧고, 무엇을 긍정으로 삼느냐를 꼼꼼히 따집니다.
# - {cite:t}`he2014spatial`: SPPNet. 4절이 탐지입니다.
# - {cite:t}`girshick2015fast`: Fast R-CNN. 5절은 무엇이 얼마나 도움이 되는지를 하나씩 잽니다.
# - {cite:t}`uijlings2013selective`: 선택적 탐색. 3절의 비슷함 네 가지와 표 4의 전략들을 보세요.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`girshick2014rich`: R-CNN. How it is trained, in section 2 and appendices A to C, is short, and careful
#   about what counts as a positive.
# - {cite:t}`he2014spatial`: SPPNet. Detection is in section 4.
# - {cite:t}`girshick2015fast`: Fast R-CNN. Section 5 measures one by one how much each part helps.
# - {cite:t}`uijlings2013selective`: selective search. See the four likenesses in section 3 and the strategies of table
#   4.
