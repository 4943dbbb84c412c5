# %% [markdown] lang="ko"
# # YOLO
#
# ## 무엇을 만들게 될까요?
#
# [‘R-CNN에서 Fast R-CNN까지’ 장](15_rcnn)의 탐지기는 두 단계로 일합니다. 먼저 물체가 있을 만한 상자를 모으고, 그다음 상자마다 무엇이 들어 있는지
# 묻습니다. 2016년 논문의 YOLO(You Only Look Once) {cite:p}`redmon2016you`는 상자를 모으지 않습니다. 그림을 격자(grid)로 나누고,
# 신경망이 그림을 한 번 보고 모든 칸의 답을 한꺼번에 내놓습니다. 칸마다 상자 몇 개와 그 신뢰도, 그리고 클래스 확률을 답합니다. 객체 탐지가 회귀 문제 하나로 바뀝니다.
#
# 이 장에서는 물체의 상자를 격자의 답으로 직접 부호화하고, 손실의 다섯 항을 하나씩 만들고, 작은 YOLO를 훈련합니다. 그런 다음 얼마나 빠른지 재고, 어디에서 실패하는지
# 셉니다.

# %% [markdown] lang="en"
# # YOLO
#
# ## What you will build
#
# The detectors of [the chapter on R-CNN](15_rcnn) work in two stages. They collect boxes that may hold an object, and
# then ask of every box what is in it. YOLO (You Only Look Once), from a paper of 2016 {cite:p}`redmon2016you`,
# collects no boxes. It divides the picture into a grid, and a network that looks at the picture once gives the
# answers of all cells together: for each cell a few boxes with their confidences, and the class probabilities. Object
# detection becomes a single regression problem.
#
# In this chapter you encode boxes as the answers of a grid by hand, build the five terms of the loss one by one, and
# train a small YOLO. Then you measure how fast it is, and count where it fails.

# %%
import time

import numpy as np
import pandas as pd
import torch
from matplotlib.patches import Rectangle
from torch import nn, optim

import cnnbook
from cnnbook import check, data, look, models, vision
from cnnbook.models import faster_rcnn

torch.set_num_threads(1)  # then the same seed gives the same weights
draw = look.draw
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full

# %% name="fig-stages" tags=["hide-input"] alt_ko="두 줄기. Fast R-CNN: 제안을 따로 모으고, 합성곱을 한 번 하고, 제안 P개의 자리를 RoI 풀링하고, 제안마다 완전 연결층으로 답하고, NMS로 끝납니다. YOLO: 합성곱을 한 번 하고, 격자 S×S칸의 답 5B + C개씩을 얻고, NMS로 끝납니다." alt_en="Two columns. Fast R-CNN: proposals made separately, convolutions once, RoI pooling at P places, fully connected layers for each of the P, NMS. YOLO: convolutions once, 5B + C answers for each of the S×S cells, NMS." caption_ko="두 단계 탐지기와 YOLO. 제안이 없으니 제안마다 하던 일도 없습니다." caption_en="A two-stage detector and YOLO. Without proposals, the work done for each of them is gone, too."
columns = {
    "Fast R-CNN": [
        ("proposals", "apart"),
        ("conv layers", "once"),
        ("RoI pool, fc", "P times"),
        "NMS",
    ],
    "YOLO": [("conv layers", "once"), ("S × S cells", "5B + C each"), "NMS"],
}
draw.row(
    *(draw.block([steps], merge=None, input=name) for name, steps in columns.items()),
    gap=60,
)

# %% [markdown] lang="ko"
# ## 준비물과 시간
#
# IoU, NMS, mAP, 선택적 탐색은 [‘R-CNN에서 Fast R-CNN까지’ 장](15_rcnn)에서 만들었고, 여기서는 패키지에 있는 것을 씁니다. GPU도 인터넷
# 연결도 필요하지 않습니다. 이 노트북을 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.
#
# 데이터는 그 장에서 쓴 `scenes`의 붐비는 장면입니다. 장면은 한 변이 128픽셀이고, 긴 변이 12픽셀에서 48픽셀인 물체가 3개에서 8개 있습니다. 테스트 장면
# 60장은 그 장의 것과 똑같고, 훈련 장면은 그 장의 200장이 아니라 350장입니다. 여기서 잰 수는 모두 노트북이 바로 계산하며 시드는 0입니다. 그 장에서 옮겨 온 기준
# 하나만 예외입니다. `CNNBOOK_BUDGET=full`로 실행하면 장면과 에폭을 더 쓰므로 수가 달라집니다.

# %% [markdown] lang="en"
# ## What you need, and how long it takes
#
# IoU, NMS, mAP and selective search were built in [the chapter on R-CNN](15_rcnn); here we use the package's. Neither a
# GPU nor an internet connection is needed. Running this notebook from top to bottom takes about a minute on one CPU
# core.
#
# The data are the crowded `scenes` of that chapter: 128 pixels a side, with 3 to 8 objects whose longer side has 12
# to 48 pixels. The 60 test scenes are the very same as there; the training scenes are 350 instead of 200. All numbers
# measured here are computed live in the notebook, with seed 0, except for one baseline, which is copied from that
# chapter. With `CNNBOOK_BUDGET=full` the notebook uses more scenes and epochs, and the numbers differ.

# %%
count_train, count_test = (2000, 500) if full else (350, 60)
train_set = data.load("scenes", "train", crowded=True, count=count_train)
test_set = data.load("scenes", "test", crowded=True, count=count_test)
classes, size = test_set.classes, test_set.images.shape[-1]
truth = vision.truth(test_set)  # for each scene a dict of boxes and labels
S, B, C = 8, 2, len(classes)  # cells a side, boxes a cell, classes
print(f"{sum(map(len, test_set.boxes))} objects in {len(test_set)} test scenes")

# %% [markdown] lang="ko"
# ## 길이가 정해진 답
#
# 물체의 수는 그림마다 다른데 신경망의 출력은 길이가 정해져 있습니다. 두 단계 탐지기는 상자마다 따로 물어서 이 어려움을 피했습니다. YOLO는 자리를 먼저 정해 둡니다. 그림을
# $S \times S$칸으로 나누고, 물체의 **중심이 놓인 칸**이 그 물체를 맡습니다. 칸마다 다음을 내놓습니다.
#
# - 상자 $B$개. 상자마다 수가 다섯 개, 곧 중심 $x, y$와 크기 $w, h$와 신뢰도(confidence)입니다.
# - 클래스 확률 $C$개. 상자마다가 아니라 **칸마다** 한 벌입니다.
#
# 그래서 출력은 언제나 $S \times S \times (5B + C)$입니다. 논문은 PASCAL VOC에서 $S = 7$, $B = 2$, $C = 20$을 썼습니다.
# 우리는 128픽셀 장면의 가로와 세로를 16픽셀씩 $S = 8$칸으로 나눕니다.
#
# $x, y$는 칸 안의 위치로, 칸의 왼쪽 끝과 위쪽 끝이 0이고 오른쪽 끝과 아래쪽 끝이 1입니다. $w, h$는 그림 전체의 폭과 높이에 대한 비율입니다. 네 수가 모두
# 0과 1 사이에 있습니다.

# %% [markdown] lang="en"
# ## An answer of fixed length
#
# The number of objects differs from picture to picture, but the output of a network has a fixed length. Two-stage
# detectors avoid this difficulty by asking about each box separately. YOLO fixes the places in advance. The picture
# is divided into $S \times S$ cells, and the cell **where the centre of an object lies** is in charge of that object.
# Every cell gives
#
# - $B$ boxes of five numbers each: the centre $x, y$, the size $w, h$, and a confidence;
# - $C$ class probabilities, one set for **the cell** and not for each box.
#
# So the output is always $S \times S \times (5B + C)$. For PASCAL VOC the paper uses $S = 7$, $B = 2$, $C = 20$. We
# divide our 128 pixels, each way, into $S = 8$ cells of 16 pixels.
#
# $x, y$ is the place within the cell: 0 at its left and upper edge, 1 at its right and lower edge. $w, h$ are
# fractions of the whole picture's width and height. All four lie between 0 and 1.

# %%
paper_outputs, paper_boxes = 7 * 7 * (5 * 2 + 20), 7 * 7 * 2
print(f"paper: 7 × 7 × {5 * 2 + 20} = {paper_outputs:,} numbers, {paper_boxes} boxes")
print(f"here:  {S} × {S} × {5 * B + C} = {S * S * (5 * B + C):,}, {S * S * B} boxes")


def encode(boxes):
    """Boxes (K, 4) in pixels -> rows and columns (K,) of cells; x, y, w, h (K, 4)."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 / size * S  # (K, 2), in cells
    cell = centre.long().clamp(max=S - 1)  # a centre on the last edge has no next cell
    shares = (boxes[:, 2:] - boxes[:, :2]) / size
    return cell[:, 1], cell[:, 0], torch.cat([centre - cell, shares], 1)


def place(rows, columns, xywh):
    """The way back: boxes (K, 4) in pixels."""
    centre = (xywh[:, :2] + torch.stack([columns, rows], 1)) / S * size
    half = xywh[:, 2:] * size / 2
    return torch.cat([centre - half, centre + half], 1)


which = 1  # a scene
boxes, labels = test_set.boxes[which], test_set.box_labels[which]
rows, columns, xywh = encode(boxes)
print(pd.DataFrame({"class": [classes[n] for n in labels], "row": rows, "column": columns,
                    **dict(zip("xywh", xywh.T.tolist(), strict=True))}).round(2).to_string())  # fmt: skip
check.close(place(rows, columns, xywh), boxes, atol=1e-3, what="there and back")
wanted = models.yolo.targets([boxes], [labels], (size, size), S)
check.that(wanted.lost == 0, "every object has a cell of its own")
check.close(wanted.boxes, xywh, what="the package's targets")


# %% name="fig-grid" alt_ko="장면 위에 8×8 격자가 그려져 있습니다. 물체마다 상자가 있고, 상자의 중심에 점이 있으며, 중심이 놓인 칸에는 주황색 테두리가 있습니다. 물체 하나에 주황색 칸도 하나입니다." alt_en="A scene under a grid of 8×8. Each object has a box with a dot at its centre, and the cell where the dot lies has an orange frame: one for each object." caption_ko="격자와, 물체를 맡은 칸(주황색). 물체가 여러 칸에 걸쳐 있어도 중심이 놓인 한 칸만 그 물체를 맡습니다. 나머지 칸은 물체가 없다고 답해야 합니다." caption_en="The grid, and the cells in charge (orange). An object may cover many cells, but only the one where its centre lies is in charge of it. The others have to say that there is nothing."
def with_grid(figure, rows=(), columns=(), cells=S):
    """Draws the grid on the first picture, and some cells in orange."""
    axes, side = figure.axes[0], size / cells
    for line in range(1, cells):
        axes.axhline(line * side, color="white", linewidth=0.8, alpha=0.8)
        axes.axvline(line * side, color="white", linewidth=0.8, alpha=0.8)
    for row, column in zip(rows, columns, strict=True):
        corner = (int(column) * side, int(row) * side)
        axes.add_patch(Rectangle(corner, side, side, facecolor="#ff8c1a", alpha=0.4))
        axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor="white", linewidth=5))  # fmt: skip
        axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor="#ff8c1a", linewidth=3))  # fmt: skip
    return axes


figure = look.boxes(test_set.images[which], boxes, labels, classes=classes, size=1.25)
axes = with_grid(figure, rows, columns)
centres = (boxes[:, :2] + boxes[:, 2:]) / 2
axes.plot(*centres.T, "o", color="#111827", markeredgecolor="white", markersize=6, zorder=9)  # fmt: skip
figure

# %% [markdown] lang="ko"
# 중심이 두 칸의 경계에 정확히 놓이면 오른쪽이나 아래쪽 칸이 맡고, 그림의 오른쪽 끝이나 아래쪽 끝에 놓이면 마지막 칸이 맡습니다. 중심이 그림 밖에 있는 상자나 NaN이 든
# 상자를 주면 오류가 납니다. 물체가 하나도 없는 그림은 오류가 아닙니다. 그때는 모든 칸이 ‘없다’고 답하면 됩니다. 두 물체의 중심이 한 칸에 놓이면 어떻게 될까요? 칸
# 하나는 물체 하나만 맡습니다. 그래서 패키지는 둘 가운데 나중에 적힌 물체, 곧 `scenes`에서는 더 앞에 있는 물체를 남기고, 다른 하나는 잃은 것으로 셉니다. 이런 일이
# 얼마나 잦은지는 뒤에서 알아봅니다.

# %% [markdown] lang="en"
# A centre exactly on the line between two cells belongs to the right or lower one, a centre on the picture's right or
# lower edge to the last cell. A box with its centre outside the picture, or with a NaN in it, raises an error. A
# picture without objects is not an error: all its cells have to say “nothing”. And two centres in one cell? A cell is
# in charge of one object only. So the package keeps the one listed later, which in `scenes` is the nearer, and counts
# the other as lost. How often that happens is counted below.

# %%
on_line = torch.tensor([[56.0, 8, 72, 24], [120, 120, 136, 136], [56, 8, 72, 24]])
some = models.yolo.targets([on_line, on_line[:0]], [torch.tensor([1, 2, 3]), torch.tensor([]).long()],
                           (size, size), S)  # fmt: skip
cells = list(zip(some.rows.tolist(), some.columns.tolist(), strict=True))
print(f"cells {cells}, labels {some.labels.tolist()}, lost {some.lost}")
check.that(cells == [(7, 7), (1, 4)] and some.lost == 1, "border, edge, two in a cell")
with check.raises(ValueError):
    models.yolo.targets([torch.tensor([[0.0, 0, torch.nan, 9]])], [torch.tensor([0])], (size, size), S)  # fmt: skip

# %% [markdown] lang="ko"
# ## 신뢰도 = P(물체) · IoU
#
# 상자의 다섯째 수는 두 가지를 한꺼번에 말합니다. 여기에 물체가 있는가, 그리고 이 상자가 그 물체에 얼마나 잘 맞는가입니다.
#
# $$\text{confidence} = \Pr(\text{object}) \cdot \mathrm{IoU}$$
#
# 신경망은 이 곱을 수 하나로 배웁니다. 물체가 있는 칸에서 그 물체를 담당하는 상자(responsible box)의 목표는 **예측한 상자와 정답의 IoU**이고, 나머지 모든
# 상자의 목표는 0입니다. 담당하는 상자는 칸의 $B$개 가운데 **지금 IoU가 가장 큰 것**입니다. 새로운 점은 목표가 정답에 적혀 있지 않고, 신경망이 지금 내놓은 상자에
# 따라 달라진다는 것입니다. 테스트할 때는 신뢰도에 클래스 확률을 곱해 클래스마다 점수를 얻습니다.
#
# $$\Pr(\text{class} \mid \text{object}) \cdot \Pr(\text{object}) \cdot \mathrm{IoU} = \Pr(\text{class}) \cdot \mathrm{IoU}$$
#
# 같은 물체에 대한 예측 두 개를 봅시다.

# %% [markdown] lang="en"
# ## Confidence = P(object) · IoU
#
# The fifth number of a box says two things at once: whether there is an object here, and how well this box fits it.
#
# $$\text{confidence} = \Pr(\text{object}) \cdot \mathrm{IoU}$$
#
# The network learns the product as one number. In a cell with an object, the target of the responsible box is **the
# IoU of the predicted box with the truth**; the target of all other boxes is 0. The responsible box is the one of the
# cell's $B$ boxes with **the greatest IoU now**. What is new is that the target is not written in the truth, but
# depends on the box that the network gives at this moment. At test time the confidence is multiplied by the class
# probabilities, which makes a score for each class:
#
# $$\Pr(\text{class} \mid \text{object}) \cdot \Pr(\text{object}) \cdot \mathrm{IoU} = \Pr(\text{class}) \cdot \mathrm{IoU}$$
#
# Look at two predictions for the same object.

# %%
biggest = int((boxes[:, 2:] - boxes[:, :2]).prod(1).argmax())
object_box = boxes[biggest : biggest + 1]
wide, high = (object_box[0, 2:] - object_box[0, :2]).tolist()
guesses = object_box + torch.tensor(
    [[0.1 * wide, -0.05 * high, 0.1 * wide, 0.1 * high],
     [-0.2 * wide, 0.2 * high, 0.3 * wide, -0.2 * high]]
)  # fmt: skip
overlaps = vision.iou(guesses, object_box)[:, 0]
for certain in (1.0, 0.6):
    product = certain * overlaps.max()
    print(f"P(object) {certain:.1f} · IoU {overlaps.max():.2f} = {product:.2f}, "
          f"with P(class | object) 0.8 a score of {0.8 * product:.2f}")  # fmt: skip
check.that(overlaps[0] > overlaps[1], "the first guess is responsible")

# %% name="fig-confidence" alt_ko="장면 위에 정답 상자 하나와 예측 상자 둘이 있습니다. 정답에 가까워 IoU가 더 큰 것은 파란색이고, 크게 어긋난 것은 주황색입니다. 예측 상자마다 IoU가 적혀 있습니다." alt_en="A scene with one true box and two predicted ones. The one near the truth, with the greater IoU, is blue; the one far off is orange. Each prediction carries its IoU." caption_ko="한 칸의 두 예측과 정답(검은색). IoU가 더 큰 파란 상자가 물체를 담당하고, 그 IoU가 신뢰도의 목표입니다. 주황색 상자의 신뢰도 목표는 0입니다." caption_en="A cell's two predictions and the truth (black). The blue one has the greater IoU and is responsible; this IoU is the target of its confidence. The target of the orange one is 0."
look.boxes(
    test_set.images[which], torch.cat([object_box, guesses]),
    ["", *(f"IoU {overlap:.2f}" for overlap in overlaps)],
    colours=["#111827", "#1b5fd1", "#ff8c1a"], size=1.1,
)  # fmt: skip

# %% [markdown] lang="ko"
# ## 손실, 한 항씩
#
# 손실은 제곱 오차 다섯 항의 합입니다 {cite:p}`redmon2016you` (식 3). $\mathbb{1}_{ij}^{\text{obj}}$는 칸 $i$의 상자 $j$가
# 물체를 담당하면 1이고 아니면 0이며, $\mathbb{1}_{ij}^{\text{noobj}}$는 그 반대입니다. $\mathbb{1}_i^{\text{obj}}$는 칸
# $i$에 물체가 있으면 1입니다. 모자 기호(^)가 붙은 것이 정답입니다. $C_i$는 신뢰도이며 클래스의 수 $C$가 아닙니다. $x_i$부터 $C_i$까지는 상자 $j$의
# 것이지만, 논문처럼 $j$를 생략했습니다.
#
# $$
# \begin{aligned}
# L ={}& \lambda_\text{coord} \sum_{i,j} \mathbb{1}_{ij}^{\text{obj}} \big[(x_i - \hat x_i)^2 + (y_i - \hat y_i)^2\big] \\
# &+ \lambda_\text{coord} \sum_{i,j} \mathbb{1}_{ij}^{\text{obj}} \Big[\big(\sqrt{w_i} - \sqrt{\hat w_i}\big)^2 + \big(\sqrt{h_i} - \sqrt{\hat h_i}\big)^2\Big] \\
# &+ \sum_{i,j} \mathbb{1}_{ij}^{\text{obj}} (C_i - \hat C_i)^2 + \lambda_\text{noobj} \sum_{i,j} \mathbb{1}_{ij}^{\text{noobj}} (C_i - \hat C_i)^2 \\
# &+ \sum_i \mathbb{1}_i^{\text{obj}} \sum_c \big(p_i(c) - \hat p_i(c)\big)^2
# \end{aligned}
# $$
#
# 차례로 중심, 크기, 물체를 담당하는 상자의 신뢰도, 나머지 상자의 신뢰도, 클래스의 항입니다. 물체가 없는 칸은 넷째 항에만 나오므로, 거기서는 상자의 위치도 클래스도 배우지
# 않습니다. 논문의 가중치는 $\lambda_\text{coord} = 5$, $\lambda_\text{noobj} = 0.5$입니다.
#
# 예측한 $w$가 0보다 작으면 제곱근을 구할 수 없습니다. 그래서 신경망은 $w$와 $h$가 아니라 **제곱근 자체**를 내놓고(2.2절), 되돌릴 때 제곱합니다.

# %% [markdown] lang="en"
# ## The loss, term by term
#
# The loss is the sum of five terms of squared errors {cite:p}`redmon2016you` (equation 3).
# $\mathbb{1}_{ij}^{\text{obj}}$ is 1 where box $j$ of cell $i$ is responsible for an object and 0 elsewhere,
# $\mathbb{1}_{ij}^{\text{noobj}}$ is the opposite. $\mathbb{1}_i^{\text{obj}}$ is 1 where cell $i$ has an object. A
# hat (^) marks the truth. $C_i$ is a confidence, not the number of classes $C$. All from $x_i$ to $C_i$ belong to box
# $j$; like the paper we leave out the $j$.
#
# $$
# \begin{aligned}
# L ={}& \lambda_\text{coord} \sum_{i,j} \mathbb{1}_{ij}^{\text{obj}} \big[(x_i - \hat x_i)^2 + (y_i - \hat y_i)^2\big] \\
# &+ \lambda_\text{coord} \sum_{i,j} \mathbb{1}_{ij}^{\text{obj}} \Big[\big(\sqrt{w_i} - \sqrt{\hat w_i}\big)^2 + \big(\sqrt{h_i} - \sqrt{\hat h_i}\big)^2\Big] \\
# &+ \sum_{i,j} \mathbb{1}_{ij}^{\text{obj}} (C_i - \hat C_i)^2 + \lambda_\text{noobj} \sum_{i,j} \mathbb{1}_{ij}^{\text{noobj}} (C_i - \hat C_i)^2 \\
# &+ \sum_i \mathbb{1}_i^{\text{obj}} \sum_c \big(p_i(c) - \hat p_i(c)\big)^2
# \end{aligned}
# $$
#
# In turn these are the centre, the size, the confidence of the responsible boxes, the confidence of all others, and
# the classes. A cell without an object occurs in the fourth term only; it learns neither a place nor a class. The
# paper's weights are $\lambda_\text{coord} = 5$ and $\lambda_\text{noobj} = 0.5$.
#
# A predicted $w$ below 0 would have no square root. So the network gives not $w$ and $h$ but **the roots themselves**
# (section 2.2), which are squared on the way back.


# %%
def corners(row, column, guess):
    """x, y, √w, √h of a cell -> x1, y1, x2, y2 in shares of the picture."""
    x, y, root_w, root_h = guess
    centre = torch.stack([(column + x) / S, (row + y) / S])
    half = torch.stack([root_w**2, root_h**2]) / 2
    return torch.cat([centre - half, centre + half])


def five_terms(answers, wanted, coord=5.0, noobj=0.5):
    """Answers (N, S, S, 5B + C) -> the five terms, means over the N pictures."""
    terms = dict.fromkeys(models.yolo.TERMS, 0.0)
    confidences = answers[..., 4 : 5 * B : 5]  # (N, S, S, B)
    empty = torch.ones_like(confidences, dtype=torch.bool)
    for n, row, column, box, label in zip(
        wanted.pictures, wanted.rows, wanted.columns, wanted.boxes, wanted.labels,
        strict=True,
    ):  # fmt: skip
        cell = answers[n, row, column]  # (5B + C,)
        guesses, scores = cell[: 5 * B].view(B, 5), cell[5 * B :]
        goal = torch.cat([box[:2], box[2:].sqrt()])  # x, y, √w, √h
        mine = torch.stack([corners(row, column, guess[:4]) for guess in guesses])
        overlaps = vision.iou(mine.detach(), corners(row, column, goal)[None])[:, 0]
        j = overlaps.argmax()  # the responsible box
        empty[n, row, column, j] = False
        terms["centre"] += coord * (guesses[j, :2] - goal[:2]).square().sum()
        terms["size"] += coord * (guesses[j, 2:4] - goal[2:]).square().sum()
        terms["object"] += (guesses[j, 4] - overlaps[j]).square()
        is_class = torch.arange(C) == label
        terms["class"] += (scores - is_class.float()).square().sum()
    terms["no object"] = noobj * confidences[empty].square().sum()
    return {name: term / len(answers) for name, term in terms.items()}


chance = torch.Generator().manual_seed(0)
answers = 0.4 + 0.1 * torch.randn(4, S, S, 5 * B + C, generator=chance)
wanted = models.yolo.targets(
    test_set.boxes[:4], test_set.box_labels[:4], (size, size), S
)
mine = five_terms(answers, wanted)
theirs = models.yolo.yolo_loss(answers, wanted, boxes=B)
for name in models.yolo.TERMS:
    check.close(mine[name], theirs[name], atol=1e-3, what=f"{name} {mine[name]:.2f}")

# %% [markdown] lang="ko"
# ### 왜 0.5와 5일까요?
#
# 장면 하나에 예측 상자가 128개 있는데, 물체를 담당하는 것은 몇 개뿐입니다. 처음에 모든 신뢰도가 0.5라고 합시다. 담당하는 상자의 IoU가 평균 0.5쯤이면 셋째 항의
# 그레이디언트는 거의 0이고, 나머지 백여 개는 모두 신뢰도를 0쪽으로 당깁니다. 그러면 격자의 신뢰도를 통째로 0으로 만드는 것이 손실을 줄이는 가장 쉬운 길이 됩니다.
# 논문에는 이 때문에 훈련이 일찍 발산할 수 있다고 적혀 있습니다(2.2절). 똑같은 답을 놓고 다섯 항의 크기를 가중치 없이, 그리고 가중치를 곱해서 계산합니다.

# %% [markdown] lang="en"
# ### Why 0.5 and 5?
#
# A scene has 128 predicted boxes, and only a few of them are responsible for an object. Say that all confidences
# begin at 0.5. If the responsible boxes have an IoU of about 0.5, the gradient of the third term is almost 0, and the
# hundred-odd others all pull the confidence towards 0. Making every confidence of the grid 0 is then the easiest way
# down. The paper says that this can make training diverge early (section 2.2). For one and the same answer we compute
# the five terms, without weights and with them.

# %%
start = torch.zeros(len(test_set), S, S, 5 * B + C)  # the same answer in all cells
start[..., : 5 * B] = torch.tensor([0.5, 0.5, 0.45, 0.45, 0.5] * B)
start[..., 5 * B :] = 1 / C
every = models.yolo.targets(test_set.boxes, test_set.box_labels, (size, size), S)
plain = models.yolo.yolo_loss(start, every, B, coord=1.0, noobj=1.0)
weighted = models.yolo.yolo_loss(start, every, B)
balance = pd.DataFrame({"plain": plain, "weighted": weighted}, dtype=float)
print(balance.round(2).to_string())
shares = balance / balance.sum()
print(f"no object {shares.plain['no object']:.0%}, weighted {shares.weighted['no object']:.0%}; "
      f"centre and size {shares.plain[:2].sum():.0%}, weighted {shares.weighted[:2].sum():.0%}")  # fmt: skip
check.that(
    shares.plain["no object"] > 0.7, "without weights, empty boxes rule the loss"
)
check.that(
    shares.weighted[:2].sum() > 2 * shares.plain[:2].sum(),
    "weights move it to the boxes",
)

# %% [markdown] lang="ko"
# 가중치를 곱해도 물체가 없는 상자의 항이 가장 큽니다. 그러나 그 몫은 줄고, 중심과 크기의 몫은 몇 배로 늘었습니다. 다만 $\lambda_\text{noobj}$를 줄이는
# 데는 대가가 따릅니다. 모습이 같은 칸들 가운데 비율 $p$에 물체가 있고, 거기서 IoU의 평균이 $m$이라고 합시다. 제곱 오차를 가장 작게 하는 신뢰도 $c$는 다음과
# 같습니다.
#
# $$p\,(c - m)^2 + \lambda (1 - p)\, c^2 \;\to\; \min \quad\Rightarrow\quad c = \frac{p\, m}{p + \lambda (1 - p)}$$
#
# $\lambda = 1$이면 $c = p \cdot m$, 곧 $\Pr(\text{object}) \cdot \mathrm{IoU}$입니다. 신뢰도가 이 곱이 되는 까닭은
# 손실이 제곱 오차이기 때문입니다. $\lambda = 0.5$이면 $c$는 그보다 큽니다. $p = 0.5$, $m = 0.8$이면 0.40이 아니라 0.53입니다. $m$이
# 같으면 점수의 순서는 그대로이므로 순서만 쓰는 mAP에는 해가 거의 없습니다. 그러나 신뢰도를 확률로 읽으면 안 됩니다.

# %% [markdown] lang="en"
# Even with weights the term of the boxes without objects is the largest. But its share has shrunk, and that of centre
# and size has grown several times. A small $\lambda_\text{noobj}$ has its price, though. Say that of all cells that
# look alike a fraction $p$ holds an object, and that the mean IoU is $m$ there. The confidence $c$ with the smallest
# squared error is
#
# $$p\,(c - m)^2 + \lambda (1 - p)\, c^2 \;\to\; \min \quad\Rightarrow\quad c = \frac{p\, m}{p + \lambda (1 - p)}$$
#
# With $\lambda = 1$ it is $c = p \cdot m$, that is, $\Pr(\text{object}) \cdot \mathrm{IoU}$: the confidence becomes
# this product because the loss is a squared error. With $\lambda = 0.5$, $c$ is larger: for $p = 0.5$ and $m = 0.8$
# not 0.40 but 0.53. Where $m$ is the same, the order of the scores does not change, so this does little harm to mAP,
# which uses only their order. But the confidence should not be read as a probability.

# %%
p, m = 0.5, 0.8
tried = torch.linspace(0, 1, 10_001)
for weight in (1.0, 0.5):
    best = tried[(p * (tried - m) ** 2 + weight * (1 - p) * tried**2).argmin()].item()
    check.close(best, p * m / (p + weight * (1 - p)), atol=1e-3, what=f"λ {weight}: {best:.2f}")  # fmt: skip

# %% [markdown] lang="ko"
# ### 왜 제곱근일까요?
#
# 폭이 4픽셀 틀리는 것은 48픽셀 물체에는 작은 일이고 12픽셀 물체에는 큰 일입니다. $(w - \hat w)^2$은 둘을 똑같이 벌합니다. 제곱근을 씌우면 같은 오차라도
# 작은 물체에서 더 크게 벌합니다. 폭만 4픽셀 넓게 예측한 상자로 계산해 봅시다.

# %% [markdown] lang="en"
# ### Why the square roots?
#
# A width that is wrong by 4 pixels matters little to an object of 48 pixels, and much to one of 12. $(w - \hat w)^2$
# punishes both alike. With square roots, the same error is punished more in a small object. We compute it for boxes
# that are predicted 4 pixels too wide.

# %%
widths = torch.arange(12, 49).float()
wrong = widths + 4
penalties = {
    "(w - ŵ)²": (wrong / size - widths / size) ** 2,
    "(√w - √ŵ)²": ((wrong / size).sqrt() - (widths / size).sqrt()) ** 2,
    "1 - IoU": 1 - widths / wrong,
}
relative = {name: values / values[-1] for name, values in penalties.items()}
print({name: round(values[0].item(), 2) for name, values in relative.items()})
check.close(
    relative["(w - ŵ)²"][0], 1.0, atol=1e-3, what="without roots 12 and 48 px alike"
)
check.that(relative["(√w - √ŵ)²"][0] > 3, "with roots more than 3 times at 12 px")

# %% name="fig-roots" alt_ko="물체의 폭에 따른 세 곡선. 제곱 오차는 평평하고, 제곱근의 제곱 오차와 1 - IoU는 폭이 작을수록 크게 올라갑니다." alt_en="Three curves over an object's width. The squared error is flat; the squared error of roots and 1 - IoU rise steeply towards small widths." caption_ko="폭을 4픽셀 넓게 예측했을 때의 벌점. 48픽셀에서의 값을 1로 놓았습니다. 제곱근의 오차는 1 - IoU와 비슷하게 움직입니다." caption_en="The penalty of being 4 pixels too wide, with the value at 48 pixels set to 1. The error of roots moves much like 1 - IoU."
look.curves(
    {name: pd.DataFrame({"width": widths, "penalty": values})
     for name, values in relative.items()},
    x="width", y="penalty", xlabel="width (pixels)", height=3.0,
)  # fmt: skip

# %% [markdown] lang="ko"
# 제곱근은 절충입니다. 논문도 이것이 문제를 “부분적으로” 다룬다고 적었습니다(2.2절). 상자의 네 수를 따로 벌하는 점은 그대로여서, 손실이 같은 상자들도 IoU는 서로 다를
# 수 있습니다. R-CNN은 크기의 비율에 로그를 씌웠지만, 그것은 기준으로 삼을 제안이 있어야 쓸 수 있는 방법입니다. YOLO에는 기준이 되는 상자가 없습니다.

# %% [markdown] lang="en"
# The roots are a compromise; the paper, too, says that they address the problem “partially” (section 2.2). The four
# numbers of a box are still punished one by one, so boxes with the same loss may have different IoUs. R-CNN takes the
# logarithm of a ratio of sizes, but that needs a proposal to refer to. YOLO has no box to refer to.

# %% [markdown] lang="ko"
# ## 신경망
#
# 논문의 신경망은 합성곱층 24개와 완전 연결층 2개로 되어 있습니다(그림 3). GoogLeNet처럼 1×1 합성곱으로 채널을 줄인 다음 3×3 합성곱을 합니다. 먼저 앞의
# 20층을 224픽셀 ImageNet 사진으로 훈련하고, 그다음 448픽셀 사진으로 탐지를 훈련합니다. 마지막 층은 선형이고, 나머지 층의 활성화 함수는 음수 쪽의 기울기가
# 0.1인 leaky ReLU입니다. 논문의 그림 3에 나온 층들을 쌓아 크기를 다시 계산합니다.

# %% [markdown] lang="en"
# ## The network
#
# The paper's network has 24 convolutional layers and 2 fully connected ones (figure 3). Like GoogLeNet it reduces the
# channels by 1×1 convolutions before its 3×3 convolutions. The first 20 layers are trained on ImageNet at 224 pixels,
# and then detection is trained at 448. The last layer is linear; all others have a leaky ReLU, whose slope is 0.1 for
# negative inputs. We stack the layers of the paper's figure 3 and compute the sizes again.

# %%
layers, channels, convolutions = [], 3, 0
for each in models.yolo.PAPER:  # (channels, kernel, stride) of a convolution, or 2
    if each == 2:
        layers.append(nn.MaxPool2d(2))
        continue
    out, kernel, stride = each
    layers += [nn.Conv2d(channels, out, kernel, stride, kernel // 2), nn.LeakyReLU(0.1)]
    channels, convolutions = out, convolutions + 1
with torch.device("meta"):  # shapes only, nothing is computed
    paper = nn.Sequential(*(type(layer)(*arguments) for layer, arguments in [
        (layer, (layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding))
        if isinstance(layer, nn.Conv2d) else (layer, (2,) if isinstance(layer, nn.MaxPool2d) else (0.1,))
        for layer in layers]))  # fmt: skip
    maps = paper(torch.empty(1, 3, 448, 448)).shape[1:]
    dense = nn.Sequential(nn.Linear(maps.numel(), 4096), nn.Linear(4096, paper_outputs))
counts = [sum(p.numel() for p in part.parameters()) for part in (paper, dense)]
print(f"{convolutions} convolutions, maps {tuple(maps)}, then 4,096, then 7 × 7 × 30")
print(
    f"parameters: convolutions {counts[0] / 1e6:.1f} M, dense {counts[1] / 1e6:.1f} M"
)
check.that(
    convolutions == 24 and tuple(maps) == (1024, 7, 7), "24 layers, 7 × 7 × 1024"
)
check.that(counts[1] > 3 * counts[0], "most parameters are in the dense layers")

# %% [markdown] lang="ko"
# 파라미터의 대부분이 완전 연결층에 있습니다. 장면 350장으로는 이만한 층을 배울 수 없으므로, 우리는 그 자리에 합성곱을 씁니다. 그러면 모든 칸이 같은 가중치로 답합니다.
# 뒤에 나온 YOLO들도 이 방법을 씁니다. 몸통(backbone)은 [‘R-CNN에서 Fast R-CNN까지’ 장](15_rcnn)과 같은 3×3 합성곱 네 층으로,
# `shapes`에서 사전 학습한 가중치로 시작합니다. 그 위에 합성곱 세 층이 32×32 특징 맵을 8×8로 줄이고, 1×1 합성곱이 칸마다 수 20개를 내놓습니다.

# %% [markdown] lang="en"
# Most parameters are in the fully connected layers. Layers of this size could not be learned from 350 scenes, so we
# put convolutions in their place. Every cell then answers with the same weights, which is also how later versions of
# YOLO do it. The backbone is that of [the chapter on R-CNN](15_rcnn), four 3×3 convolutions that begin with weights
# pretrained on `shapes`. Above it three convolutions bring the 32×32 maps down to 8×8, and a 1×1 convolution gives 20
# numbers for every cell.


# %%
class YOLO(nn.Module):
    """Pictures (N, 3, H, H) in 0..1 -> the grid's answers (N, H / 16, H / 16, 5B + C)."""

    def __init__(self, backbone, width=128):
        super().__init__()
        self.backbone = backbone  # (N, 64, H / 4, H / 4)
        layers, channels = [], backbone.out_channels
        for stride in (
            2,
            2,
            1,
        ):  # (N, width, H / 8, …), (N, width, H / 16, …), the same
            layers += [
                nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.LeakyReLU(0.1),
            ]
            channels = width
        self.head = nn.Sequential(
            *layers, nn.Dropout2d(0.0), nn.Conv2d(width, 5 * B + C, 1)
        )
        nn.init.normal_(self.head[-1].weight, std=0.01)
        nn.init.zeros_(self.head[-1].bias)

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()  # batch norm keeps its means and deviations
        return self

    def forward(self, images):
        return self.head(self.backbone(images)).permute(0, 2, 3, 1)


torch.manual_seed(0)
network = YOLO(models.rcnn.shape_classifier()[0])
theirs = models.yolo.YOLO(models.rcnn.Backbone(), width=128, boxes=B)
theirs.load_state_dict(network.state_dict())
with torch.no_grad():
    some = test_set.images[:2] / 255
    check.close(network.eval()(some), theirs.eval().answers(some), what="the package's network")  # fmt: skip
print(
    look.trace(network, (3, size, size))[["layer", "output", "parameters"]].to_string()
)

# %% [markdown] lang="ko"
# ## 작게 훈련하기
#
# 시간을 아끼려고 몸통은 동결하고, 그 출력을 장면마다, 그리고 좌우로 뒤집은 장면마다 한 번만 계산해 둡니다. 그 위의 층들만 손실 하나로 훈련합니다. 논문은 VOC 2007과
# 2012의 사진으로 135에폭쯤 훈련합니다. 첫 완전 연결층 뒤에는 드롭아웃이 있습니다. 사진은 크기와 위치를 20%까지, HSV에서 노출과 채도를 1.5배까지 바꾸어
# 증강합니다. 우리는 좌우로 뒤집고, 특징 맵의 칸 단위로 옮기기만 합니다. 특징 맵의 칸은 격자의 칸보다 작은 4픽셀입니다.

# %% [markdown] lang="en"
# ## Training it small
#
# To save time the backbone is frozen, and its output is computed once for each scene and its mirror image. Only the
# layers above it are trained, by the one loss. The paper trains for about 135 epochs on the photographs of VOC 2007
# and 2012. There is dropout after the first fully connected layer. The photographs are augmented: scaled and shifted
# by up to 20%, with exposure and saturation changed by up to a factor of 1.5 in HSV. We only mirror, and shift by
# whole cells of the feature maps. These have 4 pixels and are smaller than the cells of the grid.

# %%
MOST = (
    2  # a picture is moved by up to so many cells of the feature maps, of 4 pixels each
)


def prepared(images, backbone):
    """The maps, with a border to move them in: (N, 64, H / 4 + 4, W / 4 + 4)."""
    with torch.no_grad():
        maps = [backbone(some / 255) for some in images.split(20)]
    return nn.functional.pad(torch.cat(maps), (MOST,) * 4, mode="replicate")


def turned(boxes):
    """Boxes in a picture that is mirrored left to right."""
    x1, y1, x2, y2 = boxes.unbind(1)
    return torch.stack([size - x2, y1, size - x1, y2], 1)


def moved(maps, boxes, labels, chance):
    """One picture's maps moved by whole cells, and the objects that are still in it."""
    right, down = torch.randint(-MOST, MOST + 1, (2,), generator=chance).tolist()
    side = size // models.rcnn.STRIDE
    top, left = MOST - down, MOST - right
    boxes = boxes + models.rcnn.STRIDE * torch.tensor([right, down, right, down])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = ((centres > 0) & (centres < size)).all(1)
    maps = maps[:, top : top + side, left : left + side]
    return maps, boxes[inside].clamp(0, size), labels[inside]


def train_yolo(network, epochs, lr=3e-3, batch=4, seed=0):
    """Trains all but the backbone in place; the mean of the five terms in each epoch."""
    chance = torch.Generator().manual_seed(seed)
    both = (train_set.images, train_set.images.flip(3))
    maps = [prepared(images, network.backbone.eval()) for images in both]
    boxes = [train_set.boxes, [turned(each) for each in train_set.boxes]]
    optimizer = optim.AdamW(network.head.parameters(), lr=lr, weight_decay=0.01)
    steps = epochs * -(-len(train_set) // batch)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, lr, steps, pct_start=0.2)
    history = []
    for _ in range(epochs):
        network.train()
        means = dict.fromkeys(models.yolo.TERMS, 0.0)
        for some in torch.randperm(len(train_set), generator=chance).split(batch):
            sides = (torch.rand(len(some), generator=chance) < 0.5).long().tolist()
            x, there, labels = zip(*(
                moved(maps[side][n], boxes[side][n], train_set.box_labels[n], chance)
                for side, n in zip(sides, some.tolist(), strict=True)
            ), strict=True)  # fmt: skip
            answers = network.head(torch.stack(x)).permute(
                0, 2, 3, 1
            )  # (N, S, S, 5B + C)
            wanted = models.yolo.targets(there, labels, (size, size), S)
            terms = models.yolo.yolo_loss(answers, wanted, boxes=B)
            optimizer.zero_grad()
            sum(terms.values()).backward()
            nn.utils.clip_grad_norm_(network.head.parameters(), 10.0)
            optimizer.step()
            schedule.step()
            for name, term in terms.items():
                means[name] += term.item() * len(some) / len(train_set)
        history.append(means)
    network.eval()
    return pd.DataFrame(history)


EPOCHS = 40 if full else 20
history = train_yolo(network, EPOCHS)
print(history.iloc[[0, EPOCHS // 2, -1]].round(3).to_string())
check.that(history.iloc[-1].sum() < 0.8 * history.iloc[0].sum(), "the loss has fallen")

# %% name="fig-terms" alt_ko="에폭에 따른 손실의 다섯 항. 중심과 크기와 클래스의 항은 내려가고, 신뢰도의 두 항은 처음보다 커집니다." alt_en="The five terms of the loss over the epochs. Those of centre, size and class fall; the two of the confidence rise." caption_ko="훈련하는 동안의 다섯 항(가중치를 곱한 값, 세로축은 로그). 신뢰도의 두 항이 커지는 것은 나빠져서가 아닙니다. 상자가 물체와 겹치기 시작하면 목표인 IoU가 0이 아니게 되고, 신뢰도가 0에서 멀어지면 물체가 없는 상자의 신뢰도도 함께 커지기 때문입니다." caption_en="The five terms during training, weighted, on a logarithmic axis. That both confidence terms rise is no failure: once boxes begin to overlap objects, their target, the IoU, is no longer 0, and as the confidences leave 0, those of boxes without objects grow with them."
epochs = np.arange(1, EPOCHS + 1)
look.curves(
    {name: pd.DataFrame({"epoch": epochs, "loss": history[name]}) for name in history},
    y="loss", logy=True, height=3.4,
)  # fmt: skip

# %% [markdown] lang="ko"
# ## 격자에서 상자로
#
# 복호화(decoding)는 부호화를 거꾸로 하는 일입니다. 칸의 자리를 더해 중심을 얻고, 제곱해서 폭과 높이를 얻고, 신뢰도에 클래스 확률을 곱해 점수를 얻습니다. 상자
# 128개가 나오면 점수가 낮은 것을 버린 다음 클래스마다 NMS를 합니다. 물체가 크면 이웃한 칸들도 저마다 자기 것이라고 답하기 쉬우므로 NMS가 필요합니다.

# %% [markdown] lang="en"
# ## From the grid to boxes
#
# Decoding is encoding backwards. Adding the cell's place gives the centre, squaring gives width and height, and the
# confidence times the class probabilities gives the scores. Of the 128 boxes those with low scores are dropped; then
# comes NMS for each class. It is needed because neighbouring cells, too, tend to claim a large object.


# %%
def decode(answers):
    """Answers (S, S, 5B + C) -> boxes (S · S · B, 4) in pixels, scores (S · S · B, C)."""
    rows, columns = torch.meshgrid(torch.arange(S), torch.arange(S), indexing="ij")
    guesses = answers[..., : 5 * B].reshape(S * S, B, 5)
    found = []
    for b in range(B):
        x, y, root_w, root_h, _ = guesses[:, b].T
        xywh = torch.stack([x, y, root_w**2, root_h**2], 1)
        found.append(place(rows.flatten(), columns.flatten(), xywh))
    boxes = torch.stack(found, 1).clamp(0, size)  # (S · S, B, 4)
    confidence = guesses[..., 4].clamp(0, 1)  # (S · S, B)
    of_class = answers[..., 5 * B :].reshape(S * S, 1, C).clamp(0, 1)
    return boxes.flatten(0, 1), (confidence[..., None] * of_class).flatten(0, 1)


with torch.no_grad():
    answers = torch.cat([network(some / 255) for some in test_set.images.split(20)])
mine, theirs = decode(answers[which]), models.yolo.decode(answers[which : which + 1], (size, size), B)  # fmt: skip
check.close(mine[0], theirs[0][0], atol=1e-3, what=f"boxes {tuple(mine[0].shape)}")
check.close(mine[1], theirs[1][0], what=f"scores {tuple(mine[1].shape)}")


def detections_of(answers, overlap=0.3, least=0.02):
    """One dict of boxes, scores and labels for each grid."""
    return [vision.detections(*decode(each), least=least, overlap=overlap) for each in answers]  # fmt: skip


def measured(found):
    """mAP at IoU 0.5 on the test scenes."""
    return float(vision.mean_average_precision(found, truth)["map_50"])


found = detections_of(answers)
map_yolo = measured(found)


# %%
def both(n, least=0.15):
    """What is found in a scene before NMS and after it."""
    boxes, scores = decode(answers[n])
    return [
        vision.detections(boxes, scores, least=least, overlap=o) for o in (1.0, 0.3)
    ]


def removed(n):
    before, after = both(n)
    return len(before["boxes"]) - len(after["boxes"])


busy = max(range(40), key=removed)  # the scene where NMS removes most
picture, (before, after) = test_set.images[busy], both(busy)
every_box, _ = decode(answers[busy])
sized = (every_box[:, 2:] > every_box[:, :2]).all(1)
check.that(len(after["boxes"]) < len(before["boxes"]), f"{len(before['boxes'])} boxes, then {len(after['boxes'])}")  # fmt: skip

# %% name="fig-decoded" alt_ko="같은 장면 세 장. 왼쪽: 가는 상자 128개가 장면을 뒤덮습니다. 가운데: 점수가 높은 상자 여럿이 물체마다 겹쳐 있습니다. 오른쪽: NMS 뒤에 상자가 줄었지만 클래스가 다른 것은 함께 남았습니다." alt_en="One scene three times. Left: 128 thin boxes cover it. Middle: several boxes with high scores around each object. Right: after NMS fewer are left; overlapping boxes of different classes stay." caption_ko="한 장면의 상자 128개(왼쪽), 점수 15% 이상(가운데), NMS 뒤(오른쪽). 가운데와 오른쪽에서 파란색은 맞은 것, 주황색 파선은 틀린 것입니다." caption_en="All 128 boxes of a scene (left), those with a score of 15% or more (middle), after NMS (right). In the middle and on the right blue is right and dashed orange wrong."
figure = look.detections(
    [picture] * 3, [{k: v[:0] for k, v in after.items()}, before, after],
    [{k: v[:0] for k, v in truth[busy].items()}, truth[busy], truth[busy]],
    classes=classes, scores=False, titles=["128 boxes", "score > 15%", "after NMS"],
)  # fmt: skip
for x1, y1, x2, y2 in every_box[sized].tolist():
    figure.axes[0].add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor="white", linewidth=0.7))  # fmt: skip
figure

# %% [markdown] lang="ko"
# ### 이겨야 할 기준
#
# 첫 기준은 그림을 보지 않는 격자입니다. 칸마다, 훈련 장면에서 그 칸에 중심이 있던 물체들의 평균 상자와 클래스의 비율을 답합니다. 신뢰도는 그런 물체가 있던 장면의
# 비율입니다. 그림을 무시하고 칸마다 상자를 하나만 쓴다면, 훈련 장면에서 중심과 크기와 클래스의 제곱 오차를 가장 작게 하는 답입니다. 둘째 기준은 신경망 없이 색의 문턱값과
# 최근접 이웃으로 찾는 방법입니다. `COLOUR`는 [‘R-CNN에서 Fast R-CNN까지’ 장](15_rcnn)에서 옮겨 온 수로, 여기와 똑같은 테스트 장면 60장에서
# 쟀습니다. 최근접 이웃은 그 장의 훈련 장면 200장에서 찾았고, 문턱값은 테스트 장면에서 나은 것을 골랐으므로 기준 쪽에 유리합니다. `CNNBOOK_BUDGET=full`로
# 실행하면 테스트 장면이 달라지지만 이 수는 그대로입니다.

# %% [markdown] lang="en"
# ### The number to beat
#
# The first baseline is a grid that does not look at the picture. Each cell answers with the mean box of the objects
# whose centres it held in the training scenes, and with the shares of their classes. The confidence is the share of
# scenes with such an object. Of all answers that ignore the picture and use one box a cell, this one has the smallest
# squared errors of centre, size and class on the training scenes. The second baseline finds objects by colour
# thresholds and nearest neighbours, without a network. `COLOUR` is copied from [the chapter on R-CNN](15_rcnn), where
# it was measured on exactly these 60 test scenes. The neighbours were taken from the 200 training scenes of that
# chapter, and the threshold was the better one on the test scenes, which favours the baseline. With
# `CNNBOOK_BUDGET=full` the test scenes change, but this number does not.

# %%
there = models.yolo.targets(train_set.boxes, train_set.box_labels, (size, size), S)
goals = torch.cat([there.boxes[:, :2], there.boxes[:, 2:].sqrt()], 1)
constant = torch.zeros(S, S, 5 * B + C)
for row in range(S):
    for column in range(S):
        here = (there.rows == row) & (there.columns == column)
        if here.any():
            constant[row, column, :4] = goals[here].mean(0)
            constant[row, column, 4] = here.sum() / len(train_set)
            constant[row, column, 5 * B :] = torch.bincount(there.labels[here], minlength=C) / here.sum()  # fmt: skip
map_constant = measured(
    detections_of(constant.expand(len(test_set), -1, -1, -1), least=0.0)
)
COLOUR = 0.300  # colour thresholds and nearest neighbours, chapter 15
print(f"mAP@0.5: constant {map_constant:.3f}, colour {COLOUR:.3f}, YOLO {map_yolo:.3f}")
check.that(map_yolo > 5 * map_constant, f"{map_yolo:.3f} > 5 × {map_constant:.3f}")
check.that(map_yolo > COLOUR, f"{map_yolo:.3f} > {COLOUR:.3f}")

# %% name="fig-found" alt_ko="장면 네 장에 YOLO가 찾은 상자와 클래스와 점수. 맞은 파란 상자, 틀린 주황색 파선 상자, 놓친 물체의 빨간 점선이 섞여 있습니다." alt_en="Four scenes with the boxes, classes and scores that YOLO found: blue boxes that are right, dashed orange ones that are wrong, dotted red ones around missed objects." caption_ko="YOLO가 테스트 장면에서 찾은 것(점수 25% 이상). 파란색은 맞은 것, 주황색 파선은 틀린 것, 빨간 점선은 놓친 물체입니다. 상자 하나가 두 클래스로 나오기도 합니다." caption_en="What YOLO finds in test scenes, with a score of 25% or more. Blue is right, dashed orange wrong, dotted red an object that was missed. One box may be given for two classes."
four = [17, 44, 8, 5]
look.detections(
    test_set.images[four], [found[n] for n in four], [truth[n] for n in four],
    classes=classes, least=0.25, columns=2,
)  # fmt: skip

# %% [markdown] lang="ko"
# YOLO는 그림을 보지 않는 격자를 크게 앞서고, 색과 최근접 이웃도 넘습니다. 다만 테스트 장면이 60장뿐이어서 mAP의 몇 점 차이는 우연일 수 있습니다.
# [‘R-CNN에서 Fast R-CNN까지’ 장](15_rcnn)의 Fast R-CNN은 더 적은 훈련 장면으로 같은 테스트 장면에서 훨씬 높은 점수를 얻었습니다. 거기서는
# 합성곱층까지 훈련했지만, 우리처럼 합성곱층을 동결한 Fast R-CNN도 우리 YOLO보다 높았습니다. Fast R-CNN에는 어디를 볼지 알려 주는
# 제안이 있고, 같은 물체를 조금씩 다른 제안으로 여러 번 보기 때문입니다. YOLO는 물체가 어디 있는지도 처음부터 배워야 해서 데이터와 훈련이 더 많이 필요합니다.

# %% [markdown] lang="en"
# YOLO is far ahead of the grid that does not look, and above colour and nearest neighbours. But there are only 60
# test scenes, so a few points of mAP may be chance. In [the chapter on R-CNN](15_rcnn), Fast R-CNN has a much higher
# score on the same test scenes, from fewer training scenes. It trains the convolutional layers, too, but with these
# frozen, as they are here, Fast R-CNN was still above our YOLO. Its proposals tell it where to look, and it sees an
# object many times, in proposals that differ a little. YOLO has to learn from scratch where objects are, too, and
# needs more data and more training.

# %% [markdown] lang="ko"
# ## 얼마나 빠를까요?
#
# 같은 장면, 같은 몸통, CPU 코어 하나로 잽니다. 장면을 한 장씩 넣고, 상자가 나올 때까지 걸린 CPU 시간의 중앙값을 구합니다. 시간은 가중치와 거의 관계가 없으므로
# Fast R-CNN과 Faster R-CNN은 훈련하지 않은 것으로 잽니다.

# %% [markdown] lang="en"
# ## How fast is it?
#
# The same scenes, the same backbone, one CPU core. Scenes go in one by one, and we take the median CPU time until
# there are boxes. It hardly depends on the weights, so Fast R-CNN and Faster R-CNN are measured untrained.


# %%
def seconds_of(detect, count=8):
    """Median CPU seconds for one scene."""
    spent = []
    for image in test_set.images[:count]:
        started = time.process_time()
        detect(image)
        spent.append(time.process_time() - started)
    return float(np.median(spent))


STRATEGY = {"scales": (50,), "spaces": ("lab",), "likenesses": ("ctsf",), "sigma": 0.5}
fast = models.rcnn.FastRCNN(models.rcnn.Backbone()).eval()
faster = faster_rcnn.FasterRCNN(models.rcnn.Backbone()).eval()
some = vision.selective_search(test_set.images[0], **STRATEGY)  # for the network alone


@torch.no_grad()
def with_fast(image, proposals=None):
    if proposals is None:
        proposals = vision.selective_search(image, **STRATEGY)
    logits, offsets = fast(image[None] / 255, [proposals])
    boxes = vision.decode(proposals, offsets * fast.spread, (size, size))
    return vision.detections(boxes, logits.softmax(1)[:, :C], least=0.2)


@torch.no_grad()
def with_yolo(image):
    return detections_of(network(image[None] / 255))[0]


seconds = {
    "search + Fast R-CNN": seconds_of(with_fast),
    "Fast R-CNN alone": seconds_of(lambda image: with_fast(image, some)),
    "Faster R-CNN": seconds_of(lambda image: faster(image[None] / 255, least=0.2)),
    "YOLO": seconds_of(with_yolo),
}
times = {name: each / seconds["YOLO"] for name, each in seconds.items()}
for name, each in seconds.items():
    print(f"{name:21}{1000 * each:7.1f} ms{1 / each:7.1f} scenes a second, × {times[name]:.1f}")  # fmt: skip
check.that(times["search + Fast R-CNN"] > 2, "with proposals more than twice as long")

# %% name="fig-speed" tags=["hide-input"] alt_ko="가로 막대 넷. 선택적 탐색을 더한 Fast R-CNN이 가장 길고, YOLO가 가장 짧습니다." alt_en="Four horizontal bars. Fast R-CNN with selective search is the longest, YOLO the shortest." caption_ko="장면 하나에 걸린 CPU 시간(밀리초). 같은 몸통을 씁니다." caption_en="CPU time for one scene in milliseconds, all with the same backbone."
look.bars({name: 1000 * each for name, each in seconds.items()}, xlabel="ms a scene",
          highlight="YOLO", format=",.1f")  # fmt: skip

# %% [markdown] lang="ko"
# 차이는 대부분 선택적 탐색이 빠진 데서 나옵니다. 논문의 표 1은 GPU에서 잰 것입니다. YOLO는 초당 45장에 mAP 63.4, Fast R-CNN은 초당 0.5장에
# 70.0, VGG-16을 쓴 Faster R-CNN은 초당 7장에 73.2입니다. 더 작은 Fast YOLO는 초당 155장에 52.7입니다. 정확도를 조금 내주고 속도를 얻은
# 것입니다. 이 시간들은 서로 다른 신경망에서 잰 것이므로, 우리의 배수와 크기를 견주지는 마세요.
#
# ## 신뢰도는 IoU를 알까요?
#
# 신뢰도가 정말 $\Pr(\text{object}) \cdot \mathrm{IoU}$를 배웠는지 테스트 장면에서 확인합니다. 예측한 신뢰도가 비슷한 상자끼리 모아 실제 값을
# 평균합니다. 실제 값은 물체를 담당하는 상자이면 IoU이고, 아니면 0입니다. 앞에서 계산한 대로라면 $\lambda_\text{noobj} = 0.5$ 때문에 예측이 실제보다
# 커야 합니다.

# %% [markdown] lang="en"
# Most of the difference is the selective search that is gone. The paper's table 1 was measured on a GPU: YOLO reaches
# a mAP of 63.4 at 45 pictures a second, Fast R-CNN 70.0 at 0.5, and Faster R-CNN with VGG-16 73.2 at 7. The smaller
# Fast YOLO reaches 52.7 at 155 pictures a second. Some accuracy is given up for speed. These are times of different
# networks; do not compare their ratios with ours in size.
#
# ## Does the confidence know the IoU?
#
# Has the confidence really learned $\Pr(\text{object}) \cdot \mathrm{IoU}$? On the test scenes we group boxes of
# similar predicted confidence, and average their true values: the IoU for a box that is responsible, 0 for all
# others. By what we computed above, $\lambda_\text{noobj} = 0.5$ should make the predictions larger than the truth.

# %%
guesses = answers[..., : 5 * B].unflatten(-1, (B, 5))  # (N, S, S, B, 5)
outcome = torch.zeros(guesses.shape[:-1])  # (N, S, S, B)
for n, row, column, box in zip(every.pictures, every.rows, every.columns, every.boxes, strict=True):  # fmt: skip
    mine = torch.stack(
        [corners(row, column, each[:4]) for each in guesses[n, row, column]]
    )
    goal = corners(row, column, torch.cat([box[:2], box[2:].sqrt()]))
    overlaps = vision.iou(mine, goal[None])[:, 0]
    outcome[n, row, column, overlaps.argmax()] = overlaps.max()
predicted = guesses[..., 4].clamp(0, 1)
edges = torch.tensor([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0])
bins = torch.bucketize(predicted, edges[1:-1])
calibration = pd.DataFrame([
    (int((bins == b).sum()), predicted[bins == b].mean().item(), outcome[bins == b].mean().item())
    for b in range(len(edges) - 1)
], columns=["boxes", "confidence", "P · IoU"])  # fmt: skip
print(calibration.round(3).to_string())
check.that(
    calibration["P · IoU"].iloc[-1] > 3 * calibration["P · IoU"].iloc[0],
    "confident boxes are better",
)
check.that((calibration.confidence > calibration["P · IoU"]).all(), "predictions are larger than the truth")  # fmt: skip

# %% name="fig-calibration" tags=["hide-input"] alt_ko="예측한 신뢰도에 따라 실제 값의 평균을 그린 곡선과 대각선이 있습니다. 곡선은 대각선보다 아래에 있고, 올라가다가 끝에서 멈춥니다." alt_en="A curve of the true mean over the predicted confidence, with the diagonal. It lies below the diagonal, rises, and stops rising at the end." caption_ko="예측한 신뢰도와 실제의 평균. 점선은 둘이 같은 곳입니다. 신뢰도가 높은 상자는 실제 값도 크지만, 어느 구간에서나 예측이 실제보다 큽니다." caption_en="Predicted confidence and the true mean. The dashed line is where both are the same. Boxes of high confidence are truly better, but in every group the prediction is larger than the truth."
look.curves(
    {"measured": calibration, "equal": pd.DataFrame({"confidence": [0, 0.7], "P · IoU": [0, 0.7]})},
    x="confidence", y="P · IoU", xlabel="predicted confidence", ylabel="mean of P · IoU", height=3.2,
)  # fmt: skip

# %% [markdown] lang="ko"
# 예측이 정말 실제보다 큽니다. 실제 값이 $q = p \cdot m$이면 앞의 식은 $c = 2q / (1 + p)$이고, $p \ge q$이므로 $2q / (1 + q)$를
# 넘지 못합니다. 그런데 신뢰도가 가장 높은 구간의 예측은 이보다도 큽니다. $\lambda$만으로는 설명할 수 없습니다. 확신하면서도 틀린 상자가 있다는 뜻이고, 장면
# 350장에 과적합한 탓일 수 있습니다.
#
# ## 어디에서 실패할까요?
#
# 논문은 YOLO의 한계로 작은 물체, 특히 새 떼처럼 무리를 이룬 작은 물체를 듭니다(2.4절). 까닭은 격자에 있습니다. 칸 하나는 물체 하나, 클래스 하나만 답할 수
# 있습니다. 상자가 $B = 2$개여도 클래스는 칸마다 한 벌이고, 훈련에서도 칸마다 정답이 하나입니다. 두 물체의 중심이 한 칸에 놓이면 신경망이 아무리 좋아도 하나는
# 잃습니다. 그런 물체가 몇 개인지 셉니다. 보통의 테스트 장면과 함께, 8픽셀에서 24픽셀인 물체가 열둘씩 있는 더 붐비는 장면도 봅니다.

# %% [markdown] lang="en"
# The predictions are indeed larger than the truth. With a true value of $q = p \cdot m$, the formula above is
# $c = 2q / (1 + p)$, and since $p \ge q$ it cannot exceed $2q / (1 + q)$. But in the group of the highest confidence
# the prediction is larger even than that, so $\lambda$ alone does not explain it. Some boxes are sure and wrong,
# which may come from overfitting to 350 scenes.
#
# ## Where does it fail?
#
# Among the limits of YOLO the paper names small objects, above all small ones in groups, like flocks of birds
# (section 2.4). The reason is the grid. A cell can name only one object, of one class. Even with $B = 2$ boxes there
# is one set of classes for a cell, and one truth in training. Where the centres of two objects share a cell, one is
# lost, however good the network may be. We count how many are lost, in the ordinary test scenes and in more crowded
# ones, with twelve objects of 8 to 24 pixels each.

# %%
crowd = data.load(
    "scenes", "test", crowded=True, count=40, objects=(12, 12), sides=(8, 24)
)
lost = {}
for name, scenes in (("test scenes", test_set), ("crowd", crowd)):
    total = sum(map(len, scenes.boxes))
    for cells in (7, 8, 16):
        found_lost = models.yolo.targets(scenes.boxes, scenes.box_labels, (size, size), cells).lost  # fmt: skip
        lost[name, cells] = found_lost / total
        print(f"{name:12} S = {cells:2}: {found_lost:3} of {total} objects share a cell and are lost, {found_lost / total:.1%}")  # fmt: skip
check.that(
    lost["test scenes", 8] < 0.07 < 0.1 < lost["crowd", 8] < 0.2,
    "a few percent, and about one in seven",
)
check.that(
    lost["crowd", 16] < lost["crowd", 8] <= lost["crowd", 7], "fewer with a finer grid"
)


# %% name="fig-shared" alt_ko="작은 물체 열둘이 있는 장면과 8×8 격자. 둘 이상의 물체 중심이 함께 놓인 칸은 주황색입니다." alt_en="A scene of twelve small objects under a grid of 8×8. Cells that hold the centres of two or more objects are orange." caption_ko="더 붐비는 장면. 주황색 칸마다 물체 둘 이상의 중심이 있으므로 S = 8인 YOLO는 칸마다 적어도 하나를 잃습니다." caption_en="A more crowded scene. Each orange cell holds the centres of two objects or more, so a YOLO with S = 8 loses at least one in each."
def shared_cells(boxes):
    rows, columns, _ = encode(boxes)
    cells, counts = torch.stack([rows, columns], 1).unique(dim=0, return_counts=True)
    return cells[counts > 1]


worst = max(range(len(crowd)), key=lambda n: len(shared_cells(crowd.boxes[n])))
figure = look.boxes(crowd.images[worst], crowd.boxes[worst], size=1.25)
axes = with_grid(figure, *shared_cells(crowd.boxes[worst]).T)
centres = (crowd.boxes[worst][:, :2] + crowd.boxes[worst][:, 2:]) / 2
axes.plot(*centres.T, "o", color="#111827", markeredgecolor="white", markersize=5)
figure

# %% [markdown] lang="ko"
# 보통의 장면에서는 몇 퍼센트이고, 더 붐비는 장면에서는 일곱에 하나쯤입니다. 칸을 16×16개로 늘리면 더 붐비는 장면에서도 몇 퍼센트만 남습니다. 이것이 격자가 정한
# 한계이고, 훈련한 신경망은 그 한계에도 한참 못 미칩니다. 테스트 장면의 물체를 크기에 따라, 그리고 장면의 물체 수에 따라 나누고, 찾은 비율을 잽니다. 점수가 2% 이상인
# 상자 가운데 클래스가 맞고 IoU가 0.5 이상인 것이 있으면 찾은 것입니다.

# %% [markdown] lang="en"
# In ordinary scenes it is a few percent, in the crowd about one in seven. With 16×16 cells only a few percent are
# left in the crowd, too. This is the limit set by the grid, and the trained network stays well below it. We divide
# the objects of the test scenes by their size and by the number of objects in the scene, and measure which share is
# found. An object is found if, among the boxes with a score of 2% or more, there is one of the right class with an
# IoU of 0.5 or more.


# %%
def hits(found, truth):
    """Whether each object (K,) is found, of one scene."""
    overlaps = vision.iou(truth["boxes"], found["boxes"])  # (K, D)
    same = truth["labels"][:, None] == found["labels"]
    return ((overlaps >= 0.5) & same).any(1)


def places(found, truth):
    """The same, whatever the class."""
    return (vision.iou(truth["boxes"], found["boxes"]) >= 0.5).any(1)


rows = []
for each, there in zip(found, truth, strict=True):
    longer = (there["boxes"][:, 2:] - there["boxes"][:, :2]).amax(1)
    rows.append(pd.DataFrame({"side": longer, "objects": len(longer), "found": hits(each, there),
                              "placed": places(each, there)}))  # fmt: skip
objects = pd.concat(rows)
objects["size"] = pd.cut(objects.side, [11, 18, 24, 36, 48], labels=["12-18 px", "19-24 px", "25-36 px", "37-48 px"])  # fmt: skip
objects["crowd"] = pd.cut(objects.objects, [2, 4, 6, 8], labels=["3-4 objects", "5-6 objects", "7-8 objects"])  # fmt: skip
of_crowd = []
with torch.no_grad():
    for image, boxes, labels in zip(
        crowd.images, crowd.boxes, crowd.box_labels, strict=True
    ):
        of_crowd.append(hits(with_yolo(image), {"boxes": boxes, "labels": labels}))
recalls = {
    **objects.groupby("size", observed=True).found.mean().to_dict(),
    **objects.groupby("crowd", observed=True).found.mean().to_dict(),
    "12 small ones": torch.cat(of_crowd).float().mean().item(),
}
for name, share in recalls.items():
    print(f"{name:14}{share:.1%}")
print(
    objects.groupby("size", observed=True)[["found", "placed"]]
    .agg(["mean", "size"])
    .round(3)
    .to_string()
)
check.that(
    recalls["12-18 px"] < recalls["37-48 px"], "small objects are found less often"
)
check.that(recalls["12 small ones"] < recalls["3-4 objects"], "and those of a crowd")

# %% name="fig-recall" tags=["hide-input"] alt_ko="가로 막대 여덟. 12-18픽셀인 물체의 막대가 더 큰 물체들의 막대보다 훨씬 짧습니다. 물체가 열둘인 더 붐비는 장면의 막대가 가장 짧습니다." alt_en="Eight bars. That of objects of 12-18 pixels is much shorter than those of larger ones. The bar of the crowd of twelve is the shortest." caption_ko="찾은 물체의 비율. 위의 넷은 물체의 긴 변으로, 다음 셋은 장면의 물체 수로 나눈 것이고, 마지막(주황색)은 작은 물체 열둘이 있는 장면입니다." caption_en="The share of objects found: by their longer side (the first four), by the number of objects in the scene (the next three), and in scenes of twelve small ones (orange)."
look.bars(recalls, percent=True, highlight="12 small ones", xlabel="objects found")

# %% [markdown] lang="ko"
# 작은 물체는 두 가지로 불리합니다. 같은 픽셀 수만큼 어긋나도 IoU가 더 많이 깎이고, 12픽셀 물체는 16픽셀 칸 하나에 다 들어가서 특징이 뭉개집니다. 클래스를 무시하고
# 위치만 보아도 작은 물체를 덜 찾습니다(표의 `placed`). 물체가 많은 장면에서도 덜 찾는데, 작은 물체가 열둘인 장면에서 가장 심합니다.
#
# ## 주장을 다시 계산하기
#
# 논문의 수와 우리가 잰 수를 나란히 놓습니다. 논문의 것은 VOC 2007의 사진에서, 우리 것은 그린 장면에서 쟀으므로 크기가 아니라 방향을 견주세요. 시간의 배수는 표 1의
# 초당 장수에서 구했습니다. 마지막 줄은 긴 변이 12-18픽셀인 물체를 찾은 비율에서 37-48픽셀인 물체를 찾은 비율을 뺀 것으로, 단위는 퍼센트포인트입니다.

# %% [markdown] lang="en"
# Small objects suffer twice. An error of the same number of pixels takes more of their IoU, and an object of 12
# pixels fits into a single cell of 16, where its features are blurred together. They are found less often even if the
# class is ignored and only the place counts (`placed` in the table). Objects in fuller scenes are found less often,
# too, most of all in scenes of twelve small ones.
#
# ## The claims, recomputed
#
# The paper's numbers beside ours. Theirs are from the photographs of VOC 2007, ours from drawn scenes, so compare the
# direction and not the size. The ratios of times come from the pictures a second in table 1. The last row is the
# share found of objects of 12-18 pixels minus that of objects of 37-48 pixels, in percentage points.

# %%
map_all = measured(detections_of(answers, overlap=1.0))
gain = 100 * (map_yolo - map_all)
claims = [
    ("numbers in the output", "section 2", "7×7×30", f"{S}×{S}×{5 * B + C}"),
    ("boxes a picture", "section 2.3", "98", f"{S * S * B}"),
    ("convolutional layers", "section 2.1", "24", "8"),
    ("what NMS adds to mAP", "section 2.3", "2-3", f"{gain:+.1f}"),
    ("Fast R-CNN / YOLO, time", "table 1", "× 90", f"× {times['search + Fast R-CNN']:.1f}"),
    ("Faster R-CNN / YOLO", "table 1", "× 6.4", f"× {times['Faster R-CNN']:.1f}"),
    ("small ones are harder", "section 2.4", "yes", f"{100 * (recalls['12-18 px'] - recalls['37-48 px']):+.0f}"),
]  # fmt: skip
check.close([45 / 0.5, 45 / 7], [90, 6.43], atol=0.01, what="table 1: ratios of pictures a second")  # fmt: skip
print(f"{'':26}{'source':13}{'theirs':>8}{'ours':>9}")
for what, source, printed, ours in claims:
    print(f"{what:26}{source:13}{printed:>8}{ours:>9}")

# %% [markdown] lang="ko"
# ## 독자들의 질문
#
# **$w$와 $h$는 물체의 넓이와 높이를 픽셀로 잰 것입니까?** $w$는 넓이가 아니라 폭이고, 둘 다 픽셀이 아니라 그림 전체의 폭과 높이에 대한 비율입니다. 신경망이
# 내놓는 것은 그 제곱근입니다.
#
# **신뢰도는 물체가 있는지 없는지를 나타냅니까?** 그것만이 아닙니다. 물체가 있을 확률과 IoU의 곱이라서, 물체가 확실히 있어도 상자가 어긋나면 낮습니다. Faster
# R-CNN의 객체성(objectness)은 물체가 있는지 없는지만 나타냅니다.
#
# **칸이 작은데 어떻게 칸보다 큰 물체를 찾습니까?** 칸은 중심이 놓이는 자리를 정할 뿐입니다. 칸의 답을 만드는 유닛의 수용 영역은 칸보다 훨씬 큽니다. 아래에서
# 계산합니다.
#
# **$B = 2$이면 한 칸에서 물체 둘을 찾습니까?** 아닙니다. 두 상자는 같은 물체를 두고 다투며 클래스도 함께 씁니다. $B$개를 두는 까닭은 훈련하면서 상자마다 잘
# 맞히는 크기나 모양이 나뉘기 때문입니다(2.2절).
#
# **인터넷에는 $7 \times 7 \times 24$라고 적힌 곳도 있던데요?** 2015년에 나온 arXiv 첫 판이 그렇습니다. 칸마다 상자가 하나이고 손실도 다릅니다.
# 이 장은 CVPR 2016에 실린 논문을 따릅니다.
#
# **YOLO가 Faster R-CNN보다 정확합니까?** 논문의 표 1에서는 아닙니다. mAP가 63.4 대 73.2입니다. 다만 틀리는 곳이 달라서, Fast R-CNN의
# 답을 YOLO로 다시 채점하면 mAP가 71.8에서 75.0으로 오릅니다(4.3절).

# %% [markdown] lang="en"
# ## Questions readers ask
#
# **Are $w$ and $h$ an object's area and height in pixels?** $w$ is a width and not an area, and both are given not in
# pixels but as fractions of the whole picture's width and height. What the network gives is their roots.
#
# **Does the confidence say whether there is an object or not?** Not only. It is the product of that probability and
# the IoU, so it is low where there surely is an object but the box is off. The objectness of Faster R-CNN says only
# whether there is one.
#
# **Cells are small. How can they find objects larger than a cell?** A cell only fixes where the centre lies. The
# units that make its answer have a receptive field much larger than the cell, which we compute below.
#
# **Does $B = 2$ find two objects in a cell?** No. Both boxes compete for the same object and share the classes. There
# are $B$ of them because in training each becomes good at some sizes or shapes (section 2.2).
#
# **Some places on the web say $7 \times 7 \times 24$?** That is the first version on arXiv, of 2015. It has one box
# a cell, and another loss. This chapter follows the paper of CVPR 2016.
#
# **Is YOLO more accurate than Faster R-CNN?** Not in the paper's table 1: the mAP is 63.4 against 73.2. But it errs
# in other places: scoring Fast R-CNN's answers again with YOLO raises their mAP from 71.8 to 75.0 (section 4.3).

# %%
field, step = 1, 1
for layer in [*network.backbone, *network.head]:
    if isinstance(layer, (nn.Conv2d, nn.MaxPool2d)):
        kernel, stride = (v[0] if isinstance(v, tuple) else v for v in (layer.kernel_size, layer.stride))  # fmt: skip
        field, step = field + (kernel - 1) * step, step * stride
print(f"a cell of {step} pixels sees {field} × {field} pixels")
check.that(step == size // S and field > 48, "larger than the largest object")

nothing = torch.full((1, 3, size, size), 0.5)
empty = models.yolo.targets([torch.zeros(0, 4)], [torch.zeros(0, dtype=torch.int64)], (size, size), S)  # fmt: skip
with torch.no_grad():
    terms = models.yolo.yolo_loss(network(nothing), empty, B)
print("a picture without objects:", {name: round(term.item(), 3) for name, term in terms.items()})  # fmt: skip
check.close(sum(terms.values()), terms["no object"], what="only one term is left")
with check.raises(ValueError):
    models.yolo.decode(torch.full((1, S, S, 5 * B + C), torch.nan), (size, size), B)

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
# **연습: 칸의 정답.** 상자는 튜플 `(x1, y1, x2, y2)`이고 그림은 `width` × `height`픽셀입니다. 그림의 가로와 세로를 각각 `cells`칸으로
# 나눕니다. 중심이 놓인 칸의 행과 열, 그리고 `x, y, w, h`를 튜플 `(row, column, x, y, w, h)`로 돌려주는
# `cell_of_box(box, width, height, cells)`를 짜세요. 중심이 그림의 오른쪽 끝이나 아래쪽 끝에 있으면 마지막 칸이 맡습니다.

# %% [markdown] lang="en"
# **Exercise: what a cell should say.** A box is a tuple `(x1, y1, x2, y2)`, the picture has `width` × `height` pixels
# and is divided into `cells` cells each way. Write `cell_of_box(box, width, height, cells)`, which returns the tuple
# `(row, column, x, y, w, h)`: row and column of the cell where the centre lies, and `x, y, w, h`. A centre on the
# right or lower edge of the picture is in the last cell.


# %% tags=["exercise"]
def cell_of_box(box, width, height, cells): ...


check.exercise("cell_of_box", cell_of_box)


# %% tags=["solution"]
# solution
def cell_of_box(box, width, height, cells):
    x1, y1, x2, y2 = box
    across, down = (x1 + x2) / 2 / width * cells, (y1 + y2) / 2 / height * cells
    column, row = min(int(across), cells - 1), min(int(down), cells - 1)
    return (
        row,
        column,
        across - column,
        down - row,
        (x2 - x1) / width,
        (y2 - y1) / height,
    )


check.exercise("cell_of_box", cell_of_box, solution=True)

# %% [markdown] lang="ko"
# **연습: 담당하는 상자.** 한 칸의 예측 상자 리스트 `guesses`와 정답 `truth`(모두 튜플 `(x1, y1, x2, y2)`)를 받아, 신뢰도의 목표를 상자 순서대로 담은 리스트를 돌려주는
# `confidence_targets(guesses, truth)`를 짜세요. 담당하는 상자의 목표는 IoU이고 나머지는 0입니다. IoU가 같으면 앞의 상자가 담당합니다.

# %% [markdown] lang="en"
# **Exercise: the responsible box.** Write `confidence_targets(guesses, truth)`. It takes the list `guesses` of the
# boxes that a cell predicts, and the object's box `truth`, all tuples `(x1, y1, x2, y2)`, and returns the list of the
# targets of their confidences, in the same order: the IoU for the responsible box, 0 for the others. Of equal IoUs the
# first is responsible.


# %% tags=["exercise"]
def confidence_targets(guesses, truth): ...


check.exercise("confidence_targets", confidence_targets)


# %% tags=["solution"]
# solution
def confidence_targets(guesses, truth):
    boxes = torch.tensor(guesses, dtype=torch.float64)
    overlaps = vision.iou(boxes, torch.tensor([truth], dtype=torch.float64))[:, 0].tolist()  # fmt: skip
    best = overlaps.index(max(overlaps))
    return [overlap if n == best else 0.0 for n, overlap in enumerate(overlaps)]


check.exercise("confidence_targets", confidence_targets, solution=True)

# %% [markdown] lang="ko"
# **연습: 상자의 손실.** 담당하는 상자 하나의 첫 두 항, 곧 $\lambda_\text{coord}$를 곱한 중심과 크기의 손실을 더해 돌려주는 `box_loss(guess, truth, coord)`를 짜세요.
# `guess`는 신경망이 내놓은 `(x, y, root_w, root_h)`이고 `truth`는 `(x, y, w, h)`입니다.

# %% [markdown] lang="en"
# **Exercise: the loss of a box.** Write `box_loss(guess, truth, coord)`, which returns the first two terms for one
# responsible box: the losses of centre and size, multiplied by $\lambda_\text{coord}$ and added. `guess` is what the
# network gives, `(x, y, root_w, root_h)`, and `truth` is `(x, y, w, h)`.


# %% tags=["exercise"]
def box_loss(guess, truth, coord): ...


check.exercise("box_loss", box_loss)


# %% tags=["solution"]
# solution
def box_loss(guess, truth, coord):
    x, y, w, h = truth
    goal = (x, y, w**0.5, h**0.5)
    return coord * sum((a - b) ** 2 for a, b in zip(guess, goal, strict=True))


check.exercise("box_loss", box_loss, solution=True)

# %% [markdown] lang="ko"
# **연습: 칸에서 상자로.** `row`행 `column`열의 칸이 `guess`, 곧 `(x, y, root_w, root_h)`를 내놓았습니다. 상자를 픽셀 단위의
# `(x1, y1, x2, y2)`로 돌려주는 `box_of_cell(row, column, guess, cells, size)`를 짜세요. 그림은 한 변이 `size`픽셀인
# 정사각형이고, 그림 밖으로 나간 상자는 그림에 맞추어 자릅니다.

# %% [markdown] lang="en"
# **Exercise: from a cell to a box.** The cell in row `row` and column `column` gives `guess`, which is
# `(x, y, root_w, root_h)`. Write `box_of_cell(row, column, guess, cells, size)`, which returns `(x1, y1, x2, y2)` in
# pixels. The picture is a square of `size` pixels a side; a box that reaches beyond it is clipped to it.


# %% tags=["exercise"]
def box_of_cell(row, column, guess, cells, size): ...


check.exercise("box_of_cell", box_of_cell)


# %% tags=["solution"]
# solution
def box_of_cell(row, column, guess, cells, size):
    x, y, root_w, root_h = guess
    across, down = (column + x) / cells * size, (row + y) / cells * size
    wide, high = root_w**2 * size, root_h**2 * size
    sides = (across - wide / 2, down - high / 2, across + wide / 2, down + high / 2)
    return tuple(min(max(side, 0), size) for side in sides)


check.exercise("box_of_cell", box_of_cell, solution=True)

# %% [markdown] lang="ko"
# **연습: 잃는 물체.** 튜플 `(x1, y1, x2, y2)`의 리스트 `boxes`를 받아, 격자가 `cells` × `cells`칸일 때 중심이 한 칸에 몰려서 잃는
# 물체의 수를 돌려주는 `lost_objects(boxes, size, cells)`를 짜세요. 그림은 한 변이 `size`픽셀인 정사각형입니다. 한 칸에 중심이 셋 있으면 둘을
# 잃습니다. 중심은 모두 그림 안쪽에 있습니다.

# %% [markdown] lang="en"
# **Exercise: what is lost.** Write `lost_objects(boxes, size, cells)`. It takes a list `boxes` of tuples
# `(x1, y1, x2, y2)` and returns how many objects a grid of `cells` × `cells` loses because their centres share a
# cell. The picture is a square of `size` pixels a side. Three centres in one cell lose two. All centres lie inside
# the picture.


# %% tags=["exercise"]
def lost_objects(boxes, size, cells): ...


check.exercise("lost_objects", lost_objects)


# %% tags=["solution"]
# solution
def lost_objects(boxes, size, cells):
    places = {
        (int((y1 + y2) / 2 / size * cells), int((x1 + x2) / 2 / size * cells))
        for x1, y1, x2, y2 in boxes
    }
    return len(boxes) - len(places)


check.exercise("lost_objects", lost_objects, solution=True)

# %% [markdown] lang="ko"
# **연습: NMS의 문턱값.** NMS의 IoU 문턱값을 0.3에서 0.6으로 바꾸면 mAP@0.5는 얼마가 됩니까?
# `detections_of(answers, overlap=...)`와 `measured`로 재어 `loose_map`에 넣으세요. 재기 전에 예상해 보세요. 문턱값을 높이면
# 겹친 두 물체가 둘 다 남기도 하지만, 한 물체의 둘째 상자가 남기도 합니다.

# %% [markdown] lang="en"
# **Exercise: the threshold of NMS.** What does mAP@0.5 become if the IoU threshold of NMS is 0.6 instead of 0.3?
# Measure it with `detections_of(answers, overlap=...)` and `measured`, and put the number in `loose_map`. Guess
# before you measure: with a higher threshold two objects that overlap may both stay, but so may a second box for one
# object.

# %% tags=["exercise"]
loose_map = ...


def map_with(overlap):
    """For the check."""
    return measured(detections_of(answers, overlap=overlap))


check.exercise("loose_nms", (loose_map, map_with))

# %% tags=["solution"]
# solution
loose_map = measured(detections_of(answers, overlap=0.6))

check.exercise("loose_nms", (loose_map, map_with), solution=True)
print(
    f"mAP@0.5 {map_yolo:.3f} at 0.3, {loose_map:.3f} at 0.6, {map_all:.3f} without NMS"
)

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - {cite:t}`redmon2016you`: 이 장의 논문입니다. 2.2절의 손실과 2.4절의 한계, 그리고 표 1을 읽어 보세요.
# - {cite:t}`ren2015faster`: 신경망이 제안을 내놓는 두 단계 탐지기입니다. 속도와 정확도를 견주며 읽으세요.
# - {cite:t}`girshick2015fast`: YOLO 논문이 표 1에서 견주는 탐지기입니다.

# %% [markdown] lang="en"
# ## What to read
#
# - {cite:t}`redmon2016you`: the paper of this chapter. Read the loss in section 2.2, the limits in section 2.4, and table 1.
# - {cite:t}`ren2015faster`: a two-stage detector whose proposals come from the network. Compare speed and accuracy.
# - {cite:t}`girshick2015fast`: the detector that the YOLO paper compares with in its table 1.
