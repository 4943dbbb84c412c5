# %% [markdown] lang="ko"
# # 실습: 신경망의 속 들여다보기
#
# ## 무엇을 하고, 어떤 수에 이르러야 할까요?
#
# 사진 한 장을 신경망에 넣고 속을 봅니다. 층마다 무엇이 흐르는지, 어디를 보고 답하는지, 무엇을 비슷하다고 여기는지를 봅니다. 그다음에는 방향을 바꿉니다. 신경망은 그대로 두고
# 사진의 픽셀을 움직여, 사진을 다른 그림의 스타일로 다시 그립니다. 이것을 스타일 전이(style transfer)라고 합니다. 사진은 여러분의 것이어도 됩니다.
#
# 이르러야 할 수는 마지막 과제에 있습니다. 다시 그린 그림의 **스타일 손실은 원래 사진의 1/6 이하**, **내용 손실은 0.8 이하**여야 합니다. 7절에서 처음 쓰는
# 프로그램은 여기에 못 미칩니다. 왜 못 미치는지를 알아내면 8절의 답이 보입니다.
#
# 신경망은 둘입니다. 하나는 이미지넷(ImageNet)으로 훈련된 SqueezeNet이고, 하나는 3절에서 직접 훈련합니다. 단계마다 `...`이 있는 셀에 코드를 쓰고 다음
# 셀에서 검사합니다. `check.hint(…)`를 부르면 힌트를 하나씩 보여 줍니다. 막히면 다음으로 넘어가세요. 앞 단계가 아직이면 뒤의 셀은 라이브러리에 있는 것을 대신 씁니다. 정답을
# 모두 넣고 처음부터 끝까지 실행하는 데 CPU 코어 하나로 1분쯤 걸립니다.

# %% [markdown] lang="en"
# # Lab: looking inside
#
# ## What you will do, and the number to reach
#
# You feed a photo to a network and look inside: at what flows through its layers, at the places that its answer rests on, at the
# pictures that it finds alike. Then you turn it round: the network stays as it is and the pixels move, until the photo is
# painted in the manner of another picture. This is called style transfer. The photo may be your own.
#
# The numbers to reach belong to the closing task: the **style loss** of your painting must be **at most 1/6 of the photo's**, and
# its **content loss at most 0.8**. The first program that you write in section 7 does not get there; who finds out why
# sees the answer to section 8.
#
# There are two networks: SqueezeNet, trained on ImageNet, and one that you train in section 3. In each step you write code in a cell
# with `...` and check it in the next cell. `check.hint(…)` shows one hint at a time. If you are stuck, go on: until a step is done, the
# later cells use what the library has. With all solutions in it the notebook runs for about 1 minute on one CPU core.

# %%
import copy
from collections import OrderedDict
from pathlib import Path

import matplotlib
import torch
from captum.attr import LayerGradCam
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torch.nn import functional

import cnnbook
from cnnbook import check, data, look, models, train
from cnnbook.data import pictures
from cnnbook.look import style_transfer
from cnnbook.look.gradcam import activations
from cnnbook.models.pretrained import Preprocess

torch.set_num_threads(1)  # then the same seed gives the same weights


def choose(step, mine, library):
    """What you wrote, if its check said right; else the library's."""
    done = check.done(f"lab_looking_{step}")
    print("✓" if done else "…", step)
    return mine if done else library


# %% [markdown] lang="ko"
# **사진을 고르세요.** 아래의 `PHOTO`에 여러분의 사진 파일의 경로를 적으면 실습 전체가 그 사진으로 진행됩니다. 사진은 노트북이 실행되는 컴퓨터 밖으로 나가지 않습니다. Colab이라면 먼저 왼쪽의 파일 창에 사진을 올리세요.
# 한가운데의 정사각형을 잘라 224픽셀로 줄입니다. 경로 대신 이름을 적으면 패키지 scikit-image에 들어 있는 사진을 씁니다. 모두 퍼블릭 도메인이거나 CC0입니다.

# %% [markdown] lang="en"
# **Choose a photo.** Write the path of a photo of yours into `PHOTO` below, and the whole lab runs on it. The photo does not leave the
# computer on which the notebook runs; on Colab, upload it first, in the panel of files on the left. The square in its middle is cut out and scaled to 224 pixels. A name in place of a path takes a photo that the package
# scikit-image carries; all of these are in the public domain or CC0.

# %%
PHOTO = "cat"  # astronaut, cat, coffee, rocket, galaxies, or "~/Pictures/dog.jpg"

known = data.load("photos", size=224)


def open_photo(where):
    """A photo by its name, or from a file: float (1, 3, 224, 224) in 0..1."""
    if where in known.classes:
        pixels = known.images[known.classes.index(where)]
    else:
        try:
            found = pictures.pixels(Path(where).expanduser(), 224)
        except pictures.Unreadable as error:
            names = ", ".join(known.classes)
            message = f"{where}: {error}. Use a JPEG or PNG, or one of {names}."
            raise ValueError(message) from error
        pixels = torch.tensor(found).expand(3, -1, -1)  # a grey photo has one channel
    return data.to_float(pixels[None])


photo = open_photo(PHOTO)
coffee = open_photo("coffee" if PHOTO != "coffee" else "cat")  # a second photo
imagenet = models.pretrained("squeezenet1_1")
classes = models.imagenet_classes()


def probabilities(x):
    with torch.no_grad():
        return imagenet(x).softmax(dim=1)


likely = probabilities(photo)[0].topk(5)
for share, label in zip(likely.values.tolist(), likely.indices.tolist(), strict=True):
    print(f"{share:6.1%}  {classes[label]}")
answer = likely.indices[0].item()  # the class that the network gives

# %% [markdown] lang="ko"
# 이미지넷의 클래스는 천 개뿐입니다. 사람이나 기린처럼 거기에 없는 것을 찍은 사진이면 엉뚱한 답이 나옵니다. 그래도 왜 그렇게 답했는지는 볼 수 있습니다.
#
# ## 1. 흐르는 것을 모으기: 훅
#
# 첫 층의 필터는 그대로 그림이 됩니다. 색과 모서리가 보입니다.

# %% [markdown] lang="en"
# ImageNet has only a thousand classes. A photo of something that is not among them, a person or a giraffe, gets an odd answer; but one
# can still see how it came about.
#
# ## 1. Collecting what flows: hooks
#
# The filters of the first layer are pictures as they are: edges and colours.

# %% name="fig-filters" tags=["hide-input"] alt_ko="3×3칸 필터 64개. 밝고 어두운 모서리, 빨강과 청록, 파랑과 주황처럼 맞선 색의 필터, 한 가지 색의 필터가 섞여 있습니다." alt_en="64 filters of 3×3 cells: bright and dark edges, opposed colours such as red and cyan or blue and orange, and some of a single colour." caption_ko="SqueezeNet의 첫 층이 배운 필터 64개. 회색이 0입니다." caption_en="The 64 filters that SqueezeNet's first layer has learned. Grey is 0."
look.filters(imagenet.network.features.conv1.weight, columns=16, size=0.6)

# %% [markdown] lang="ko"
# 더 깊은 층을 보려면 그 층에서 나오는 것을 가로채야 합니다. 신경망의 코드를 고치지 않고 가로채는 방법이 **훅**(hook)입니다. 층에 함수를 걸어 두면, 층이 계산을 마칠 때마다
# PyTorch가 그 함수를 `(layer, inputs, output)`으로 부릅니다. 층의 이름은 이렇게 찾습니다.

# %% [markdown] lang="en"
# To see deeper layers we must catch what leaves them. A **hook** does so without a change to the network's code: attach a function to a
# layer, and whenever the layer is done PyTorch calls the function with `(layer, inputs, output)`. Layers are found by their names:

# %% tags=["nbval-check-output"]
print(*[name for name, _ in imagenet.named_modules() if name.count(".") == 2])

# %% [markdown] lang="ko"
# **무엇을.** `collect(network, layers, x)`를 쓰세요. `x`를 신경망에 넣고 `(output, maps)`를 돌려줍니다. `maps`는 딕셔너리이고, 이름의 리스트
# `layers`에 있는 층마다 그 이름으로 그 층의 출력이 들어 있습니다. 조심할 것이 셋 있습니다.
#
# - 이름마다 제 훅이 있어야 합니다. 반복문 안에서 만든 훅이 이름을 언제 찾는지 생각해 보세요.
# - 훅은 반드시 떼어야 합니다. 남은 훅은 신경망을 부를 때마다 조용히 다시 불립니다. 신경망이 오류를 내고 멈출 때도 떼어야 합니다.
# - 출력을 있는 그대로 모으세요. 다음 절에서 그 출력으로 미분합니다.

# %% [markdown] lang="en"
# **What.** Write `collect(network, layers, x)`. It feeds `x` to the network and returns `(output, maps)`. `maps` is a dict that holds, for
# each name in the list `layers`, what that layer put out. Three things need care.
#
# - Each name needs its own hook. When does a hook that is made inside a loop look the name up?
# - Hooks must be removed. One that is left is called silently, every time the network runs. Remove them also where the network stops
#   with an error.
# - Collect the outputs as they are: the next section differentiates with respect to them.


# %% tags=["exercise"] name="collect"
def collect(network, layers, x):
    """The network's output for x, and a dict: name of a layer -> what it put out."""
    ### BEGIN SOLUTION
    modules, maps = dict(network.named_modules()), {}

    def keep(name):
        def hook(layer, inputs, output):
            maps[name] = output

        return hook

    handles = [modules[name].register_forward_hook(keep(name)) for name in layers]
    try:
        output = network(x)
    finally:
        for handle in handles:
            handle.remove()
    return output, maps
    ### END SOLUTION


# %%
check.exercise("lab_looking_collect", collect)

# %%
collect_now = choose("collect", collect, activations)
levels = ["relu1", "fire3", "fire5", "fire7", "fire9"]
names = [f"network.features.{level}" for level in levels]
with torch.no_grad():
    _, maps = collect_now(imagenet, names, photo)
for level, each in zip(levels, maps.values(), strict=True):
    alive = (each > 0).float().mean().item()
    print(f"{level:6} {tuple(each.shape[1:])!s:14} {alive:.0%} > 0")

# %% name="fig-maps" tags=["hide-input"] alt_ko="다섯 줄, 한 줄에 특징 맵 일곱 장. 첫 줄에는 사진의 윤곽이 자세히 보이고, 내려갈수록 거칠어져 마지막 줄에는 밝은 얼룩 몇 개만 남습니다." alt_en="Five rows of seven feature maps. In the first row the outlines of the photo are seen in detail; further down they get coarser, and in the last row a few bright spots are left." caption_ko="층마다 가장 활발한 특징 맵 일곱 장. 위에서부터 relu1, fire3, fire5, fire7, fire9입니다. 장마다 제 최댓값에 맞추었고, 어두운 색이 0입니다." caption_en="The seven most active feature maps of each layer, from the top: relu1, fire3, fire5, fire7, fire9. Each is scaled to its own largest value; dark is 0."
tiles = []
for each in maps.values():
    busiest = each[0].mean(dim=(1, 2)).topk(7).indices
    tiles += [each[0, k] / each[0, k].max() for k in busiest]
look.grid(tiles, columns=7, size=0.85, cmap=look.style.SEQUENTIAL)

# %% [markdown] lang="ko"
# 얕은 층의 특징 맵은 사진을 닮았고, 깊은 층의 특징 맵은 얼룩입니다. 그 얼룩이 무엇을 보고 켜졌는지는 맵만 보아서는 알 수 없습니다. [‘ZFNet’ 장](08_zfnet)에서 만든
# 디컨브넷(deconvnet)이 활성값 하나를 픽셀로 되돌려 보여 줍니다. 층마다 가장 강한 활성값 하나를 되돌려, 그 유닛이 보는 창, 곧 수용 영역과 나란히 놓아 봅시다.

# %% [markdown] lang="en"
# Feature maps of shallow layers resemble the photo, those of deep layers are spots. What lit them cannot be told from the maps. The
# deconvnet, built in [the chapter on ZFNet](08_zfnet), leads one activation back to the pixels. Here is the strongest activation
# of each layer, led back and set beside the window that its unit sees, its receptive field.


# %% name="fig-deconvnet" tags=["hide-input"] alt_ko="두 줄 다섯 칸. 윗줄은 사진에서 잘라 낸 창으로, 오른쪽으로 갈수록 넓어집니다. 아랫줄은 회색 바탕의 투영으로, 왼쪽에는 작은 점과 모서리가, 오른쪽에는 눈이나 코의 테두리 같은 큰 무늬가 있습니다." alt_en="Two rows of five. Above are windows cut from the photo, wider from left to right. Below are projections on grey: on the left small dots and edges, on the right larger patterns such as the rim of an eye or the nose." caption_ko="층마다 가장 강한 활성값 하나: 그 유닛이 보는 창(위)과 디컨브넷의 투영(아래). 왼쪽부터 relu1, fire3, fire5, fire7, fire9입니다. 회색이 0입니다." caption_en="The strongest activation of each layer: the window that its unit sees (above) and the deconvnet's projection (below); from the left relu1, fire3, fire5, fire7, fire9. Grey is 0."
def as_picture(projection):
    """A projection (C, H, W) as pixels in 0..1: grey is 0, its largest values saturate."""
    size = projection.abs().flatten().quantile(0.995).clamp(min=1e-12)
    return (0.5 + 0.5 * projection / size).clamp(0, 1)


above, below, levels_below = [], [], []
for name in names:
    found = look.deconvnet(imagenet, photo, name)
    box = look.receptive_boxes(imagenet, (3, 224, 224), name, found.position)[0]
    top, left, bottom, right = box.tolist()
    side = max(bottom - top, right - left)  # a window is cut off at the photo's edge
    top, left = min(top, 224 - side), min(left, 224 - side)
    rows, columns = slice(top, top + side), slice(left, left + side)
    above.append(photo[0, :, rows, columns])
    below.append(as_picture(found.pixels[0, :, rows, columns]))
    levels_below.append(f"map {found.channel.item()}")
look.grid(above + below, titles=levels + levels_below, columns=5, size=1.1)

# %% [markdown] lang="ko"
# ## 2. 어디를 보고 답했을까요? Grad-CAM
#
# **왜.** 활성값 하나가 아니라 **답**에 대해 묻고 싶습니다. 이 사진의 어디가 그 클래스라는 근거가 되었을까요? Grad-CAM은 그 물음에 지도로 답합니다
# (Selvaraju 등, 2017, [arXiv:1610.02391](https://arxiv.org/abs/1610.02391)).
#
# **어떻게.** 마지막 합성곱층의 특징 맵 $A^k$에는 아직 자리가 있습니다. 클래스 $c$의 로짓 $y^c$를 특징 맵의 모든 칸으로 미분해서 평균을 내면, 그 맵이 조금 세질 때 로짓이
# 얼마나 오르는지가 나옵니다. 그것을 가중치 $\alpha_k$로 삼아 특징 맵들을 더합니다. $Z$는 칸의 수입니다.
#
# $$\alpha_k = \frac{1}{Z} \sum_{i,j} \frac{\partial y^c}{\partial A^k_{ij}}, \qquad L = \mathrm{ReLU}\Bigl(\sum_k \alpha_k A^k\Bigr)$$
#
# ReLU는 그 클래스에 찬성하는 자리만 남깁니다.
#
# **무엇을.** 활성값과 그레이디언트에서 지도를 만드는 `cam(activations, gradients)`를 쓰세요. 둘 다 (N, K, h, w)이고, 지도는 (N, h, w)입니다.

# %% [markdown] lang="en"
# ## 2. What was the answer based on? Grad-CAM
#
# **Why.** Our question is not about one activation but about the **answer**: which places of this photo spoke for its class? Grad-CAM
# answers with a map (Selvaraju et al., 2017, [arXiv:1610.02391](https://arxiv.org/abs/1610.02391)).
#
# **How.** The feature maps $A^k$ of the last convolutional layer still have places. Differentiate the logit $y^c$ of class $c$ with respect to all
# cells of a map and take the mean: that says how much the logit rises when the map gets a little stronger. With these weights $\alpha_k$ the
# maps are added; $Z$ is the number of cells.
#
# $$\alpha_k = \frac{1}{Z} \sum_{i,j} \frac{\partial y^c}{\partial A^k_{ij}}, \qquad L = \mathrm{ReLU}\Bigl(\sum_k \alpha_k A^k\Bigr)$$
#
# The ReLU leaves only the places that speak for the class.
#
# **What.** Write `cam(activations, gradients)`, which makes the map. Both are (N, K, h, w), the map is (N, h, w).


# %% tags=["exercise"] name="cam"
def cam(activations, gradients):
    """Grad-CAM's maps: two tensors (N, K, h, w) -> (N, h, w)."""
    ### BEGIN SOLUTION
    weights = gradients.mean(dim=(2, 3), keepdim=True)  # (N, K, 1, 1)
    return (weights * activations).sum(dim=1).clamp(min=0)
    ### END SOLUTION


# %%
check.exercise("lab_looking_cam", cam)


# %%
def library_cam(activations, gradients):
    weights = functional.adaptive_avg_pool2d(gradients, 1)
    return functional.relu(torch.einsum("nkhw,nkyx->nhw", activations, weights))


cam_now = choose("cam", cam, library_cam)

# %% [markdown] lang="ko"
# **무엇을.** 이제 신경망에서 바로 지도를 얻는 `class_map(network, layer, x, target)`을 쓰세요. `target`은 그림마다 클래스의 번호를 적은 정수 텐서 (N,)입니다. 앞의
# `collect_now(network, [layer], x)`로 로짓과 특징 맵을 얻고, `torch.autograd.grad(number, tensor)`로 미분하고, `cam_now`에 넘깁니다. 평가 모드의 신경망은 배치의 그림을 서로 섞지 않으므로, 그림마다
# 고른 로짓을 더한 수 하나를 미분하면 그림 모두의 그레이디언트가 한꺼번에 나옵니다.
#
# `backward()`도 그레이디언트를 구하지만, 신경망의 모든 파라미터에 흔적을 남깁니다. 들여다보는 함수는 아무것도 바꾸지 말아야 합니다.

# %% [markdown] lang="en"
# **What.** Now write `class_map(network, layer, x, target)`, which gets the map straight from a network. `target` is a tensor of integers (N,),
# the class asked about for each image. Get logits and feature maps by `collect_now(network, [layer], x)`, differentiate by
# `torch.autograd.grad(number, tensor)`, and hand over to `cam_now`. In eval mode a network does not mix the images of a batch, so one
# number, the sum of each image's chosen logit, gives the gradients of all images at once.
#
# `backward()` computes gradients, too, but leaves traces in all parameters of the network. A function that looks should change nothing.


# %% tags=["exercise"] name="class-map"
def class_map(network, layer, x, target):
    """Grad-CAM of a layer for images x and their classes target (N,): (N, h, w)."""
    ### BEGIN SOLUTION
    logits, maps = collect_now(network, [layer], x)
    chosen = logits.gather(1, target[:, None]).sum()
    (gradients,) = torch.autograd.grad(chosen, maps[layer])
    return cam_now(maps[layer], gradients).detach()
    ### END SOLUTION


# %%
check.exercise("lab_looking_class_map", class_map)


# %%
def library_class_map(network, layer, x, target):
    return look.grad_cam(network, x, target, layer=layer)


class_map_now = choose("class_map", class_map, library_class_map)
LAST = "network.features.fire9"  # the last feature maps before the classes
first_map = class_map_now(imagenet, LAST, photo, torch.tensor([answer]))
theirs = LayerGradCam(imagenet, imagenet.get_submodule(LAST)).attribute(
    photo, target=answer, relu_attributions=True
)
check.close(first_map, theirs[:, 0], what="captum's LayerGradCam")

# %% [markdown] lang="ko"
# 라이브러리 captum의 Grad-CAM과 같습니다. 지도가 정말 클래스를 따라가는지 시험해 봅시다. 사진 옆에 다른 사진을 이어 붙이고 두 클래스의 지도를 따로 그립니다. SqueezeNet은
# 완전 연결층이 없어서 어떤 크기의 그림이든 받습니다.

# %% [markdown] lang="en"
# It agrees with the Grad-CAM of the library captum. Does a map really follow the class? Let us test it: put another photo beside the
# first and draw the maps of both classes. SqueezeNet has no fully connected layer and takes images of any size.

# %%
both = torch.cat([photo, coffee], dim=3)  # (1, 3, 224, 448)
second = probabilities(coffee)[0].argmax().item()
pair = torch.tensor([answer, second])
pair_maps = class_map_now(imagenet, LAST, both.expand(2, -1, -1, -1), pair)
halves = pair_maps[..., :13].sum(dim=(1, 2)) / pair_maps.sum(dim=(1, 2))
for label, share in zip(pair.tolist(), halves.tolist(), strict=True):
    print(f"{classes[label]:16} left half {share:.0%}")
if PHOTO == "cat":
    check.that(halves[0] > 0.7 > 0.3 > halves[1], "each class lights its own photo")


# %% name="fig-cam" tags=["hide-input"] alt_ko="두 줄 두 칸. 왼쪽은 사진과, 그 위에 얹은 지도입니다. 지도는 한쪽 눈 둘레와 주둥이에서 밝습니다. 오른쪽은 이어 붙인 두 사진 위의 두 지도입니다. 첫 클래스의 지도는 고양이 얼굴에서, 둘째 클래스의 지도는 커피 잔에서 밝습니다." alt_en="Two rows of two. On the left the photo, and below it the map over it, bright around one eye and on the muzzle. On the right two maps over the two photos joined: that of the first class is bright on the cat's face, that of the second on the cup of coffee." caption_ko="Grad-CAM. 왼쪽은 사진과 그 지도, 오른쪽은 두 사진을 이어 붙인 그림에서 클래스마다 그린 지도입니다. 밝은 노랑이 그 클래스에 가장 크게 찬성한 자리입니다. 지도마다 제 최댓값에 맞추었습니다." caption_en="Grad-CAM. On the left the photo and its map, on the right the two photos joined with a map for each class. Bright yellow is where the class gets most support. Each map is scaled to its own largest value."
def overlay(image, heat):
    """A map (h, w) over an image (3, H, W), as pixels (3, H, W)."""
    size = image.shape[1:]
    heat = heat / heat.max().clamp(min=1e-12)
    heat = functional.interpolate(heat[None, None], size, mode="bicubic")[0, 0]
    heat = heat.clamp(0, 1)
    colours = torch.tensor(matplotlib.colormaps["inferno"](heat.numpy()))[..., :3]
    strength = 0.8 * heat.sqrt()
    grey = image.mean(dim=0, keepdim=True).expand(3, -1, -1)
    return ((1 - strength) * grey + strength * colours.permute(2, 0, 1)).float()


def plain(ax, picture, title):
    ax.imshow(picture.permute(1, 2, 0).clamp(0, 1))
    ax.set(xticks=[], yticks=[], title=title)
    ax.spines[:].set_visible(False)


figure = look.style.figure("full", 4.9)
axes = figure.subplots(2, 2, gridspec_kw={"width_ratios": [1, 2]})
plain(axes[0, 0], photo[0], "photo")
plain(axes[1, 0], overlay(photo[0], first_map[0]), classes[answer])
for ax, label, each in zip(axes[:, 1], pair.tolist(), pair_maps, strict=True):
    plain(ax, overlay(both[0], each), classes[label])
figure

# %% [markdown] lang="ko"
# ## 3. 직접 훈련한 신경망
#
# 남이 훈련한 신경망만 볼 까닭은 없습니다. 도형 열 가지를 가려내는 작은 신경망을 훈련해서 똑같이 들여다봅시다. 지금까지 쓴 함수는 합성곱 신경망이면 어느 것에나 쓸 수 있습니다. 다른 실습에서
# 훈련한 신경망이 있으면 마지막 합성곱층의 이름을 찾아 거기에도 `class_map_now`를 불러 보세요. GPU가 있으면 여기서도 CIFAR-10으로 훈련합니다.

# %% [markdown] lang="en"
# ## 3. A network of your own
#
# There is no need to look only into networks that others have trained. We train a small one to tell ten kinds of shapes apart, and look into
# it in the same way. The functions so far work for any convolutional network: if you have one from another lab, find the name of its last
# convolutional layer and call `class_map_now` on it, too. With a GPU the training here is on CIFAR-10.

# %%
full = cnnbook.budget() == "full"  # where there is a GPU, or CNNBOOK_BUDGET=full
dials = {"illumination": 0.15, "deformation": 0.15, "occlusion": 0.1, "clutter": 0.15}


def shapes(split, count):
    return data.load("shapes", split, size=64, count=count, **dials)


def cifar(split):
    return data.load("cifar10", split, size=64, fallback="shapes")


train_set = cifar("train") if full else shapes("train", 2000)
test_set = cifar("test") if full else shapes("test", 1000)


def stage(number, inputs, outputs, kernel=3, stride=1, pool=True):
    """A convolution with batch normalisation and ReLU, and max pooling if wanted."""
    convolution = nn.Conv2d(
        inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False
    )
    parts = {"conv": convolution, "norm": nn.BatchNorm2d(outputs), "relu": nn.ReLU()}
    parts |= {"pool": nn.MaxPool2d(2)} if pool else {}
    return {f"{name}{number}": part for name, part in parts.items()}


torch.manual_seed(0)
small = nn.Sequential(
    OrderedDict(
        stage(1, 3, 16, kernel=5, stride=2, pool=False)  # (N, 16, 32, 32)
        | stage(2, 16, 32)  # (N, 32, 16, 16)
        | stage(3, 32, 64)  # (N, 64, 8, 8)
        | stage(4, 64, 96, pool=False)  # (N, 96, 8, 8)
        | {"mean": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}  # (N, 96)
        | {"output": nn.Linear(96, 10)}
    )
)
history = train.fit(
    small, train_set, epochs=8, batch_size=32, lr=0.02, schedule="onecycle", quiet=True
)
result = train.evaluate(small, test_set, like=history)
print(f"test accuracy {result.accuracy:.3f}")
check.that(result.accuracy > 0.6, f"{result.accuracy:.3f} > 0.6")

# pixels in 0..1 go in, as for the other network
prepare = Preprocess(history.mean.tolist(), history.std.tolist())
own = nn.Sequential(OrderedDict(preprocess=prepare, network=small.cpu())).eval()
OWN_LAST = "network.relu4"

# %% [markdown] lang="ko"
# 이 신경망은 마지막 특징 맵을 전역 평균 풀링으로 줄이고 완전 연결층 하나를 거칩니다. 그러면 로짓은 $y^c = \sum_k w^c_k \cdot \frac{1}{Z}\sum_{i,j} A^k_{ij} + b^c$이고,
# 그레이디언트는 어느 칸에서나 $w^c_k / Z$입니다. 곧 $\alpha_k = w^c_k / Z$이니, 미분하지 않아도 Grad-CAM을 알 수 있습니다. 이것이 Grad-CAM보다 먼저 나온 클래스 활성화 맵(class
# activation map)입니다 (Zhou 등, 2016, [arXiv:1512.04150](https://arxiv.org/abs/1512.04150)). 여러분의 지도가 맞는지 이것으로 한 번 더 확인합니다.

# %% [markdown] lang="en"
# This network averages its last feature maps over all places, and one fully connected layer follows. So the logit is
# $y^c = \sum_k w^c_k \cdot \frac{1}{Z}\sum_{i,j} A^k_{ij} + b^c$, its gradient is $w^c_k / Z$ in every cell, and thus $\alpha_k = w^c_k / Z$: Grad-CAM is
# known without differentiating. This is the class activation map, which came before Grad-CAM (Zhou et al., 2016,
# [arXiv:1512.04150](https://arxiv.org/abs/1512.04150)). It serves as a second check of your maps.

# %%
images = data.to_float(test_set.images)
predicted, right = result.predictions.cpu(), test_set.labels
some = images[:50]
with torch.no_grad():
    _, found = collect_now(own, [OWN_LAST], some)
weights = small.output.weight.detach()[predicted[:50]]  # (50, 96)
by_hand = torch.einsum("nk,nkhw->nhw", weights, found[OWN_LAST]).clamp(min=0) / 64
check.close(
    class_map_now(own, OWN_LAST, some, predicted[:50]),
    by_hand,
    what="class activation map",
)

# %% name="fig-own" tags=["hide-input"] alt_ko="세 줄 여섯 칸. 윗줄은 맞힌 테스트 도형 여섯 장. 가운뎃줄은 그 위에 얹은 Grad-CAM으로, 도형의 몸통이나 그 둘레에서 밝습니다. 아랫줄은 틀린 그림 석 장에서 신경망의 답과 정답의 지도를 짝지은 것으로, 첫 쌍은 거의 같은 곳이, 나머지는 다른 곳이 밝습니다." alt_en="Three rows of six. Above, six test shapes that the network got right. In the middle, Grad-CAM over them, bright on the body of the shape or around it. Below, three pictures that it got wrong, each with the map of its answer beside the map of the right class: in the first pair nearly the same places are bright, in the others different ones." caption_ko="직접 훈련한 신경망의 Grad-CAM. 위 두 줄은 맞힌 도형과 그 지도이고, 지도 위의 수는 답의 확률입니다. 아랫줄은 틀린 그림 석 장으로, 왼쪽이 신경망의 답(×), 오른쪽이 정답(✓)의 지도입니다." caption_en="Grad-CAM of your own network. The upper two rows are shapes that it got right, with their maps and the probability of the answer. The lower row has three that it got wrong: on the left the map of its answer (×), on the right that of the right class (✓)."
good, bad = (predicted == right), (predicted != right)
shown = [(good & (right == label)).nonzero()[0].item() for label in (0, 1, 3, 5, 7, 9)]
missed = bad.nonzero().flatten()[:3].tolist()
of_good = class_map_now(own, OWN_LAST, images[shown], predicted[shown])
asked = torch.tensor([c for i in missed for c in (predicted[i], right[i])])
of_bad = class_map_now(own, OWN_LAST, images[missed].repeat_interleave(2, dim=0), asked)
tiles = [*images[shown]]
titles = [test_set.classes[label] for label in right[shown]]
tiles += [overlay(images[i], each) for i, each in zip(shown, of_good, strict=True)]
sure = result.logits.cpu().softmax(dim=1).amax(dim=1)
titles += [f"{share:.2f}" for share in sure[shown].tolist()]
for number, each in enumerate(of_bad):
    tiles.append(overlay(images[missed[number // 2]], each))
    titles.append("×✓"[number % 2] + " " + test_set.classes[asked[number]])
look.grid(tiles, titles=titles, columns=6, size=0.95)

# %% [markdown] lang="ko"
# 그럼 여러분의 사진을 이 신경망에 넣으면 어떻게 될까요? 아는 클래스가 열 가지뿐이니 그 가운데 하나로 답할 수밖에 없습니다.

# %% [markdown] lang="en"
# And what becomes of your photo in this network? It knows ten classes, so one of them must be its answer.

# %% name="fig-own-photo" tags=["hide-input"] alt_ko="사진 한 장과, 64픽셀로 줄인 그 사진 위에 얹은 지도. 도형만 배운 신경망의 답과 확률이 제목에 있고, 지도는 고양이의 두 눈에서 가장 밝습니다." alt_en="The photo, and a map over the photo reduced to 64 pixels. The title has the answer of the network, which has learned shapes only, and its probability; the map is brightest on both eyes of the cat." caption_ko="도형을 배운 신경망에 넣은 사진: 답과 그 확률, 그리고 그 답의 Grad-CAM." caption_en="The photo in the network that has learned shapes: its answer with the probability, and Grad-CAM of that answer."
tiny = functional.interpolate(photo, (64, 64), mode="bilinear", antialias=True)
with torch.no_grad():
    best = own(tiny).softmax(dim=1)[0].max(dim=0)
heat = class_map_now(own, OWN_LAST, tiny, best.indices[None])[0]
titles = ["photo", f"{test_set.classes[best.indices]} {best.values:.2f}"]
look.grid([photo[0], overlay(photo[0], heat)], titles=titles, size=1.6)

# %% [markdown] lang="ko"
# 맞는 답이 있을 수 없는데도 지도는 나옵니다. 고양이 사진이라면 두 눈이 밝아서 그럴듯해 보이기까지 합니다. 지도가 있다는 것만으로는 답에 근거가 있다고 할 수
# 없습니다. 5절에서 이 문제로 돌아옵니다.
#
# ## 4. 가려 보기
#
# **왜.** Grad-CAM은 특징 맵이 **조금** 변할 때를 미분으로 짐작합니다. 짐작하지 않고 해 볼 수도 있습니다. 사진의 한 곳을 가리고 다시 물어서, 답의 확률이 얼마나 되는지 봅니다.
# [‘ZFNet’ 장](08_zfnet)의 가림 실험입니다. 신경망의 속은 몰라도 됩니다.
#
# **무엇을.** `occlusion_map(score, image, size, stride, fill)`을 쓰세요. `image`는 (3, H, W)이고, 한 변이 `size`픽셀인 정사각형을 왼쪽 위에서 시작해 `stride`픽셀씩 옮겨
# 가며 색 `fill` (3, 1, 1)로 가립니다. `score`는 그림의 배치 (B, 3, H, W)를 받아 점수 (B,)를 돌려주는 함수입니다. 자리마다 그곳을 가린 그림의 점수를 행렬 (행, 열)로
# 돌려주세요. 정사각형이 다 들어가는 자리만 셉니다.

# %% [markdown] lang="en"
# There is no right answer, yet there is a map, and for the cat it even looks plausible, as both eyes are bright. That a map can be drawn does
# not mean that the answer is well founded; section 5 comes back to this.
#
# ## 4. Covering up
#
# **Why.** Grad-CAM guesses, by differentiating, what a **small** change of the feature maps would do. One can also try it: cover a part of the
# photo, ask again, and see how probable the answer still is. This is the occlusion experiment of
# [the chapter on ZFNet](08_zfnet). It needs no knowledge of the inside.
#
# **What.** Write `occlusion_map(score, image, size, stride, fill)`. `image` is (3, H, W); a square of `size` pixels a side, beginning in the
# upper left and moving by `stride` pixels, covers it with the colour `fill`, (3, 1, 1). `score` is a function of a batch of images
# (B, 3, H, W) that returns scores (B,). Return the score of the image covered at each place as a matrix (rows, columns). Only places
# where the square lies in the image whole count.


# %% tags=["exercise"] name="occlusion"
def occlusion_map(score, image, size, stride, fill):
    """The score with a square covered, by the square's place: (rows, columns)."""
    ### BEGIN SOLUTION
    height, width = image.shape[1:]
    rows = []
    for top in range(0, height - size + 1, stride):
        row = []
        for left in range(0, width - size + 1, stride):
            covered = image.clone()
            covered[:, top : top + size, left : left + size] = fill
            row.append(float(score(covered[None])[0]))
        rows.append(row)
    return torch.tensor(rows)
    ### END SOLUTION


# %%
check.exercise("lab_looking_occlusion", occlusion_map)


# %%
class Scores(nn.Module):
    """A score as a network of one output."""

    def __init__(self, score):
        super().__init__()
        self.score = score

    def forward(self, x):
        return self.score(x)[:, None]


def library_occlusion(score, image, size, stride, fill):
    options = {"size": size, "stride": stride, "fill": fill.flatten()}
    maps = look.occlusion(
        Scores(score), image[None], score=lambda out: out[:, 0], **options
    )
    return maps[0]


occlusion_now = choose("occlusion", occlusion_map, library_occlusion)
SIZE, STRIDE = 56, 21  # pixels: 9 × 9 places
mean_colour = photo[0].mean(dim=(1, 2), keepdim=True)  # (3, 1, 1)


def sureness(x):
    return probabilities(x)[:, answer]


covered = occlusion_now(sureness, photo[0], SIZE, STRIDE, mean_colour)
row, column = divmod(covered.argmin().item(), covered.shape[1])
print(f"uncovered {likely.values[0]:.2f}, covered {covered.min():.2f} and more")
print(f"lowest at row {row}, column {column} of {tuple(covered.shape)}")


# %% [markdown] lang="ko"
# 두 지도는 얼마나 맞을까요? 가림 지도에서 확률이 떨어진 양과, Grad-CAM의 값을 같은 정사각형 안에서 평균 낸 것을 순위 상관으로 견줍니다. 순위가 똑같으면 1, 아무 관계도 없으면
# 0, 거꾸로이면 -1입니다.

# %% [markdown] lang="en"
# How well do the two maps agree? We compare how far the probability falls with the mean of Grad-CAM in the same square, by the correlation of
# ranks: 1 where the ranks are the same, 0 where they have nothing to do with each other, -1 where they are reversed.


# %%
def rank_correlation(a, b):
    """Spearman's; 0 where one of the two is the same everywhere."""
    if a.max() == a.min() or b.max() == b.min():
        return 0.0
    ranks = [each.flatten().argsort().argsort().float() for each in (a, b)]
    return torch.corrcoef(torch.stack(ranks))[0, 1].item()


def in_squares(heat, side, size, stride):
    """The mean of a map (h, w) in each place of the square: (rows, columns)."""
    large = functional.interpolate(heat[None, None], (side, side), mode="bilinear")
    return functional.avg_pool2d(large, size, stride)[0, 0]


fall = covered.max() - covered
agreement = rank_correlation(fall, in_squares(first_map[0], 224, SIZE, STRIDE))
print(f"{PHOTO}: {agreement:+.2f}")

few = torch.tensor(shown + good.nonzero().flatten()[:24].tolist())
covered_own = look.occlusion(own, images[few], predicted[few], size=16, stride=8)
maps_own = class_map_now(own, OWN_LAST, images[few], predicted[few])
each = [
    rank_correlation(-hidden, in_squares(heat, 64, 16, 8))
    for hidden, heat in zip(covered_own, maps_own, strict=True)
]
print(f"30 shapes: {sum(each) / 30:+.2f}, from {min(each):+.2f} to {max(each):+.2f}")

# %% name="fig-occlusion" tags=["hide-input"] alt_ko="그림 셋. 사진, 가린 자리에 따른 확률의 지도, Grad-CAM을 얹은 사진. 가림 지도는 한쪽 눈 부근에서 가장 어둡습니다." alt_en="Three pictures: the photo, a map of the probability by the place that is covered, and the photo with Grad-CAM over it. The occlusion map is darkest near one eye." caption_ko="왼쪽부터 사진, 가린 자리에 따른 답의 확률, Grad-CAM. 가운데 지도의 칸은 사각형의 한가운데가 있던 자리이고, 어두울수록 확률이 낮습니다." caption_en="From the left: the photo, the probability of the answer by the place that is covered, Grad-CAM. A cell of the map is where the middle of the square was; dark is a low probability."
figure = look.style.figure("full", 2.5)
axes = figure.subplots(1, 3)
plain(axes[0], photo[0], "photo")
half, last = SIZE / 2, SIZE / 2 + STRIDE * (covered.shape[0] - 1)
edges = (half - STRIDE / 2, last + STRIDE / 2, last + STRIDE / 2, half - STRIDE / 2)
axes[1].imshow(covered, cmap=look.style.SEQUENTIAL, vmin=0, extent=edges)
axes[1].set(xlim=(0, 224), ylim=(224, 0), xticks=[], yticks=[])
axes[1].set_title(f"{covered.min():.2f} to {covered.max():.2f}")
axes[1].spines[:].set_visible(False)
plain(axes[2], overlay(photo[0], first_map[0]), "Grad-CAM")
figure

# %% [markdown] lang="ko"
# 도형에서는 두 지도가 꽤 맞지만, 얼굴로 가득한 고양이 사진에서는 거의 맞지 않습니다. 두 지도는 같은 것을 재지 않습니다. Grad-CAM은 마지막 층의 거친 칸에서
# **찬성한 정도**를 재고, 가림은 그곳이 **없으면 안 되는지**를 잽니다. 눈 하나를 가려도 다른 눈이 남아 있으면 답은 그대로일 수 있습니다. 가린 색도 정보입니다. 커다란
# 네모는 사진에 없던 무늬이기도 합니다.
#
# ## 5. 이런 지도가 증명하지 않는 것
#
# 지도가 물체 위에서 밝으면 그럴듯해 보입니다. 그러나 **그럴듯함은 증거가 아닙니다.** 사진의 윤곽만 따라 그려도 물체 위가 밝아집니다. Adebayo 등은 간단한 시험을 내놓았습니다
# {cite:p}`adebayo2018sanity`. 신경망의 가중치를 무작위로 바꾸어 배운 것을 지운 다음 지도를 다시 그립니다. 지도가 신경망이 배운 것을 설명한다면 크게 달라져야 합니다. 그대로라면
# 그 지도는 신경망이 아니라 사진을 그린 것입니다.
#
# 위에서부터 차례로 지워 봅시다. 처음에는 클래스를 정하는 `conv10`만, 그다음에는 `fire6`부터 위로 모두, 이렇게 내려가 끝에는 모두 지웁니다. 크기는 그대로 두고 값만 새로
# 뽑습니다. Grad-CAM과, 답의 로짓에서 픽셀까지 되짚은 디컨브넷의 투영을 견줍니다. 시드 셋의 평균이고, 로짓이 0이 되어 설명할 것이 없는 시드는 건너뜁니다.

# %% [markdown] lang="en"
# For the shapes the two maps agree fairly well, for the photo of the cat, filled by its face, hardly at all. They do not measure the
# same. Grad-CAM measures, in the coarse cells of the last layer, **how much** a place speaks **for** the class; covering up measures whether it can be **done without**. With one eye covered there is still the other, and the answer may
# stay. And the colour that covers is information as well: a large square is a pattern that was not in
# the photo.
#
# ## 5. What such maps do not prove
#
# A map that is bright on the object looks plausible. But **looking plausible is no evidence**: a mere drawing of the photo's edges is bright on
# the object, too. Adebayo et al. proposed a simple test {cite:p}`adebayo2018sanity`. Replace the network's weights by random numbers, so that
# what it learned is gone, and draw the map again. If the map explains what the network learned, it must change a lot. If it stays, it
# was a picture of the photo and not of the network.
#
# We erase from the top: at first `conv10` alone, which decides on the class, then everything from `fire6` on, and so down until all is erased.
# New values are drawn, of the same size as the old. We compare Grad-CAM with the projection by which the deconvnet leads the
# logit of the answer back to the pixels. The numbers are means over three seeds; seeds for which the logit is 0, so that there is nothing to
# explain, are passed over.


# %%
def erased(network, parts, seed):
    """A copy of the network with random weights in these parts."""
    torch.manual_seed(seed)
    other = copy.deepcopy(network)
    for part in parts:
        for layer in other.network.get_submodule(part).modules():
            if isinstance(layer, nn.Conv2d):
                weight = layer.weight.data
                weight.copy_(torch.randn_like(weight) * weight.std())
    return other


def two_maps(network):
    """Grad-CAM and the deconvnet's projection for the answer: (13, 13), (3, 224, 224)."""
    heat = class_map_now(network, LAST, photo, torch.tensor([answer]))[0]
    back = look.deconvnet(network, photo, "network.classifier.flatten", answer)
    return heat, back.pixels[0]


def coarse(pixels):
    return functional.avg_pool2d(pixels.abs().sum(dim=0)[None], 8)[0]


def fires(first, last):
    return [f"features.fire{number}" for number in range(first, last + 1)]


down_to = {"conv10": ["classifier.conv10"]}
down_to["fire6"] = down_to["conv10"] + fires(6, 9)
down_to["fire2"] = down_to["fire6"] + fires(2, 5)
down_to["conv1"] = down_to["fire2"] + ["features.conv1"]

trained_maps = two_maps(imagenet)
random_maps, likeness = {}, {}
for stop, parts in down_to.items():
    pairs, seed = [], 0
    while len(pairs) < 3 and seed < 30:
        heat, pixels = two_maps(erased(imagenet, parts, seed))
        seed += 1
        if pixels.abs().max() == 0:  # the logit is 0: nothing to explain
            continue
        same_heat = rank_correlation(heat, trained_maps[0])
        same_pixels = rank_correlation(coarse(pixels), coarse(trained_maps[1]))
        pairs.append((same_heat, same_pixels))
        random_maps.setdefault(stop, (heat, pixels, *pairs[0]))  # the first is drawn
    likeness[stop] = [sum(values) / len(pairs) for values in zip(*pairs, strict=True)]
    cam_like, back_like = likeness[stop]
    print(f"down to {stop:7} Grad-CAM {cam_like:+.2f}   deconvnet {back_like:+.2f}")
if PHOTO == "cat":
    check.that(likeness["conv10"][1] > 0.9, "the projection does not know the class")
    check.that(likeness["conv10"][0] < 0.5, "Grad-CAM depends on what was learned")

# %% name="fig-sanity" tags=["hide-input"] alt_ko="두 줄 다섯 칸. 윗줄은 Grad-CAM을 얹은 사진으로, 마지막 층 하나만 무작위로 바꾸어도 밝은 자리가 다른 곳으로 옮겨 갑니다. 아랫줄은 디컨브넷의 투영으로, 모든 층을 무작위로 바꾸어도 고양이의 눈과 줄무늬가 보입니다." alt_en="Two rows of five. Above, the photo with Grad-CAM over it: with the last layer alone random the bright places are already elsewhere. Below, the deconvnet's projections: even with all layers random the cat's eyes and stripes can be seen." caption_ko="왼쪽은 훈련된 신경망, 오른쪽으로 갈수록 더 아래의 층까지 무작위로 바꾼 신경망입니다. 위는 Grad-CAM, 아래는 답의 로짓에서 되짚은 디컨브넷의 투영입니다. 제목은 무작위로 바꾼 층 가운데 가장 아래의 이름과, 맨 왼쪽 지도와의 순위 상관입니다." caption_en="On the left the trained network; further right, networks with random weights in ever lower layers. Above Grad-CAM, below the deconvnet's projection from the logit of the answer. The title names the lowest layer that is random and gives the rank correlation with the leftmost map."
drawn = [trained_maps, *random_maps.values()]
tiles = [overlay(photo[0], each[0]) for each in drawn]
tiles += [as_picture(each[1]) for each in drawn]
tiles = [functional.avg_pool2d(tile, 2) for tile in tiles]  # half as many pixels
titles = ["trained", *(f"{k}  {v[2]:+.2f}" for k, v in random_maps.items())]
titles += ["logit", *(f"{each[3]:+.2f}" for each in random_maps.values())]
look.grid(tiles, titles=titles, columns=5, size=1.1)

# %% [markdown] lang="ko"
# 투영은 클래스를 정하는 층을 지워도 거의 그대로입니다. 보기 좋은 투영이 답의 까닭을 보여 주는 것은 아닙니다. Grad-CAM은 곧바로 달라지니 이 시험을 통과합니다. 그러나 통과했다고 해서
# 옳다는 뜻은 아닙니다. 이 시험은 틀린 지도를 걸러 낼 뿐입니다. 지도를 읽을 때 기억할 것을 적어 둡니다.
#
# - 지도는 **어디**를 말할 뿐, 거기서 **무엇**을 보았는지 말하지 않습니다. 눈에서 밝다고 해서 신경망이 눈을 안다는 뜻은 아닙니다.
# - 지도는 이 사진 한 장에 대한 것입니다. 다른 사진에서도 그렇다는 말은 여러 장에서 세어 보아야 할 수 있습니다.
# - 지도가 물체 위에 있다고 답이 맞는 것도 아니고, 배경에 있다고 틀린 것도 아닙니다. 틀린 답에도 그럴듯한 지도가 나옵니다. 3절의 그림에서 보았습니다.
# - 정말 그곳에 기댔는지는 가리거나 바꾸어 보아야 압니다. 4절이 그 일을 합니다.

# %% [markdown] lang="en"
# The projection stays nearly the same even when the layer that decides on the class is erased: a good-looking projection does not show the reason
# for the answer. Grad-CAM changes at once and passes the test. But to pass is not to be right: the test only weeds
# out wrong maps. What to remember when reading a map:
#
# - It says **where**, not **what** was seen there. Bright on an eye does not mean that the network knows eyes.
# - It is about this one photo. That it is so on others can be said only after counting on many.
# - A map on the object does not make the answer right, nor one on the background wrong. Wrong answers have plausible maps, too, as the figure
#   of section 3 shows.
# - Whether the answer really rests on a place is known only by covering or changing it, as in section 4.

# %% [markdown] lang="ko"
# ## 6. 어떤 그림을 비슷하다고 여길까요? 최근접 이웃
#
# **왜.** AlexNet 논문의 그림 4는 마지막 은닉층에서 가까운 사진끼리 늘어놓았습니다. 픽셀로는 멀지만 뜻으로는 가까운 사진들이 모였습니다. [‘AlexNet’ 장](07_alexnet)에서는
# 유클리드 거리로 재었습니다. 여기서는 벡터의 방향만 보는 코사인으로 잽니다. 대비가 달라 벡터가 길어지거나 짧아지기만 한다면 코사인은
# 그대로입니다. SqueezeNet에는 완전 연결층이 없습니다. 그래서 마지막 특징 맵을 자리에 대해 평균 낸 벡터를 마지막 은닉층으로 삼습니다.
#
# **무엇을.** `nearest(queries, known, count)`를 쓰세요. `queries`는 (M, D), `known`은 (N, D)입니다. 물음마다 코사인이 가장 큰 `known`의 번호를 `count`개, 가까운 것부터
# (M, count)로 돌려줍니다.

# %% [markdown] lang="en"
# ## 6. Which pictures does it find alike? Nearest neighbours
#
# **Why.** Figure 4 of the AlexNet paper shows photos beside those nearest to them in the last hidden layer: far apart in pixels, they are
# near in meaning. [The chapter on AlexNet](07_alexnet) measures by the Euclidean distance. Here we measure by the cosine, which
# sees only the directions of vectors: where another contrast only makes a vector longer or shorter, it stays. SqueezeNet has no fully
# connected layer; its last feature maps, averaged over all places, serve as the last hidden layer.
#
# **What.** Write `nearest(queries, known, count)`. `queries` are (M, D), `known` are (N, D). Return for each query the numbers of the `count`
# in `known` with the largest cosine, nearest first: (M, count).


# %% tags=["exercise"] name="nearest"
def nearest(queries, known, count):
    """Which of `known` (N, D) have the largest cosines with each query (M, D)."""
    ### BEGIN SOLUTION
    queries = functional.normalize(queries, dim=1)
    known = functional.normalize(known, dim=1)
    return (queries @ known.T).topk(count, dim=1).indices
    ### END SOLUTION


# %%
check.exercise("lab_looking_nearest", nearest)


# %%
def library_nearest(queries, known, count):
    index = NearestNeighbors(n_neighbors=count, metric="cosine").fit(known.numpy())
    return torch.tensor(index.kneighbors(queries.numpy(), return_distance=False))


nearest_now = choose("nearest", nearest, library_nearest)


def hidden_vectors(network, layer, images):
    """The mean of each feature map, floats (N, 3, H, W) -> (N, K)."""
    with torch.no_grad():
        some = [collect_now(network, [layer], x)[1][layer] for x in images.split(50)]
    return torch.cat(some).mean(dim=(2, 3))


def agreeing(found, queries, known):
    """The share of neighbours that are of the query's class."""
    return (known.labels[found] == queries.labels[:, None]).float().mean().item()


chance = torch.Generator().manual_seed(0)


def textures(split, count):
    """Patches of photos of brick, grass, gravel, tissue and galaxies."""
    patches = data.load("textures", split, size=96)
    chosen = patches[torch.randperm(len(patches), generator=chance)[:count]]
    return chosen, data.to_float(chosen.images).expand(-1, 3, -1, -1)


patches, patch_pixels = textures("train", 300)
queries, query_pixels = textures("test", 60)
by_pixels = nearest_now(query_pixels.flatten(1), patch_pixels.flatten(1), 6)
by_features = nearest_now(
    hidden_vectors(imagenet, LAST, query_pixels),
    hidden_vectors(imagenet, LAST, patch_pixels),
    6,
)
print(f"textures by pixels   {agreeing(by_pixels, queries, patches):.3f}")
print(f"textures by ImageNet {agreeing(by_features, queries, patches):.3f}")

asked, stored = test_set[:300], train_set[:2000]
spaces = {
    "pixels": [data.to_float(part.images).flatten(1) for part in (asked, stored)],
    "own": [
        hidden_vectors(own, OWN_LAST, data.to_float(part.images))
        for part in (asked, stored)
    ],
}
for name, (mine, theirs) in spaces.items():
    share = agreeing(nearest_now(mine, theirs, 6), asked, stored)
    print(f"shapes by {name:10} {share:.3f}")
shares = [agreeing(found, queries, patches) for found in (by_pixels, by_features)]
check.that(shares[1] > shares[0] + 0.4, f"{shares[1]:.3f} > {shares[0]:.3f} + 0.4")

# %% name="fig-neighbours" tags=["hide-input"] alt_ko="여섯 줄, 한 줄에 조각 일곱 장. 픽셀로 찾은 이웃은 물음이 벽돌이든 잔디든 밝고 흐릿한 생체 조직 조각이 대부분입니다. 특징으로 찾은 이웃은 벽돌에는 벽돌, 잔디에는 잔디, 자갈에는 자갈입니다." alt_en="Six rows of seven patches. Neighbours by pixels are mostly bright, blurred patches of tissue, whether the query is brick or grass. Neighbours by features are brick for brick, grass for grass and gravel for gravel." caption_ko="맨 왼쪽이 물음, 나머지가 가장 가까운 여섯 장. 짝지은 두 줄에서 위는 픽셀의 코사인, 아래는 SqueezeNet의 마지막 특징의 코사인으로 찾았습니다. 물음 위의 수는 여섯 장 가운데 클래스가 같은 장수입니다." caption_en="On the left the query, the others its six nearest: by the cosine of pixels in the upper row of each pair, by that of SqueezeNet's last features in the lower. The number over a query says how many of the six are of its class."
tiles, titles = [], []
for name in ("brick", "grass", "gravel"):
    label = queries.classes.index(name)
    query = (queries.labels == label).nonzero()[0].item()
    for what, found in (("pixels", by_pixels), ("features", by_features)):
        six = found[query]
        count = (patches.labels[six] == label).sum().item()
        tiles += [queries.images[query], *patches.images[six]]
        titles += [f"{what} {count}/6"]
        titles += [patches.classes[c] for c in patches.labels[six].tolist()]
look.grid(tiles, titles=titles, columns=7, size=0.8)

# %% [markdown] lang="ko"
# 물음과 이웃은 같은 사진의 서로 겹치지 않는 곳에서 잘랐습니다. 벽돌 한 칸만 어긋나도 픽셀은 모두 달라지지만 특징은 거의 그대로입니다. 이 신경망은 벽돌의 조각이나 자갈의 조각을 가려내도록
# 훈련된 적이 없습니다. 다만 클래스마다 사진이 한 장이므로 이것은 **이 벽돌 사진**을 알아본다는 뜻일 뿐, 벽돌이면 무엇이든 알아본다는 증거는 아닙니다.
#
# 방금 한 일을 돌아봅시다. 특징 맵을 자리에 대해 평균 내어 **어디에 있는지를 버렸더니** 질감이 남았습니다. 다음 절은 이 생각을 끝까지 밀고 갑니다.

# %% [markdown] lang="en"
# Queries and neighbours were cut from the same photo, from parts that do not overlap. Move by one brick, and all pixels change; the features hardly do. This
# network was never trained to tell patches of brick from patches of gravel. But as there is one photo a class, it shows that **this photo** of
# bricks is recognised, and not that any bricks would be.
#
# Consider what we have just done. We averaged the feature maps over all places, **threw away where things are**, and what was left is texture. The next
# section takes this thought to its end.

# %% [markdown] lang="ko"
# ## 7. 스타일 전이
#
# **왜.** 특징 맵에서 자리를 버리면 질감이, 자리를 지키면 내용이 남습니다. Gatys 등은 이 둘을 따로 쟀습니다 (2016, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)).
# 그림의 **스타일**은 특징 맵끼리의 곱을 자리에 대해 평균 낸 것으로, **내용**은 특징 맵 자체로 잽니다. 그리고 한 사진의 내용과 다른 그림의 스타일에 모두 가까워지도록 픽셀을
# 경사 하강법으로 움직입니다.
#
# 스타일로 쓸 그림은 코드로 그렸습니다. 사진을 쓰고 싶으면 `STYLE`에 `open_photo(…)`를 넣으세요.

# %% [markdown] lang="en"
# ## 7. Style transfer
#
# **Why.** Feature maps without their places keep the texture; with their places, the content. Gatys et al. measured the two separately
# (2016, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)). The **style** of a picture is the products of feature maps, averaged over all
# places; its **content** is the maps themselves. Then gradient descent moves the pixels until they are near the content of one photo and near
# the style of another picture.
#
# The pictures used for their style are drawn by code. To take a photo, set `STYLE` to `open_photo(…)`.

# %% name="fig-styles" tags=["hide-input"] alt_ko="그림 셋. 파랑과 노랑의 붓질이 소용돌이치는 그림, 여러 색의 유리 조각을 검은 납선으로 이은 모자이크, 남색과 흰색과 붉은색의 부채꼴이 겹친 물결무늬." alt_en="Three pictures: swirling strokes of blue and yellow; a mosaic of coloured glass with black seams; a pattern of waves, overlapping fans of navy, white and red." caption_ko="코드로 그린 스타일 셋. 왼쪽부터 `swirl`, `mosaic`, `waves`." caption_en="Three styles drawn by code. From the left: `swirl`, `mosaic`, `waves`."
SIDE = 160  # pixels of all paintings


def colours(*codes):
    return torch.tensor(
        [[int(c[i : i + 2], 16) / 255 for i in (0, 2, 4)] for c in codes]
    )


def places(side):
    """Rows and columns of all pixels in 0..1, two of (side, side)."""
    line = torch.linspace(0, 1, side)
    return torch.meshgrid(line, line, indexing="ij")


def swirl(seed=15, eddies=7, length=11):
    """Strokes along a flow with eddies: noise and colours smeared along it."""
    chance = torch.Generator().manual_seed(seed)
    y, x = places(SIDE)
    across, down = torch.full_like(x, 0.4), torch.zeros_like(x)
    for _ in range(eddies):
        cx, cy, turn = torch.rand(3, generator=chance).tolist()
        near = 8 * ((x - cx) ** 2 + (y - cy) ** 2).div(-0.03).exp()
        near = near if turn < 0.5 else -near
        across, down = across - (y - cy) * near, down + (x - cx) * near
    flow = functional.normalize(torch.stack([across, down]), dim=0)[None] / SIDE
    noise = torch.randn(1, 1, SIDE + 2, SIDE + 2, generator=chance)
    patches = torch.rand(1, 1, 14, 14, generator=chance)
    patches = functional.interpolate(patches, (SIDE, SIDE), mode="bicubic")
    source = torch.cat([functional.avg_pool2d(noise, 3, 1), patches], dim=1)
    smeared = torch.zeros_like(source)
    for sign in (1, -1):
        at = torch.stack([x, y], dim=-1)[None]
        for _ in range(length):
            options = {"align_corners": True, "padding_mode": "reflection"}
            smeared += functional.grid_sample(source, 2 * at - 1, **options)
            along = functional.grid_sample(flow, 2 * at - 1, **options)
            at = at + sign * along.permute(0, 2, 3, 1)
    stroke, hue = (each / each.std() for each in smeared[0] / (2 * length))
    level = (0.5 + 0.25 * (hue - hue.mean()) + 0.14 * stroke).clamp(0, 0.999) * 5
    stops = colours("081238", "143880", "3373b8", "99c2b8", "f5db73", "fab32e")
    low = level.long()
    mixed = torch.lerp(stops[low], stops[low + 1], (level - low)[..., None])
    return mixed.permute(2, 0, 1)[None]


def mosaic(seed=0, pieces=90):
    """The colour of the nearest of many points, with seams where two are as near."""
    chance = torch.Generator().manual_seed(seed)
    palette = ("0d295c", "1a5999", "298c9e", "edc24d", "db6b33", "9e2133", "f0e6c7")
    points = torch.rand(pieces, 2, generator=chance)
    picks = torch.randint(len(palette), (pieces,), generator=chance)
    at = torch.stack(places(2 * SIDE), dim=-1).flatten(0, 1)
    distance, nearest_point = torch.cdist(at, points).topk(2, largest=False)
    seam = ((distance[:, 1] - distance[:, 0]) / 0.012).clamp(0, 1)
    pixels = colours(*palette)[picks[nearest_point[:, 0]]] * seam[:, None]
    return functional.avg_pool2d(pixels.T.reshape(1, 3, 2 * SIDE, 2 * SIDE), 2)


def waves(radius=0.13):
    """Rows of overlapping fans."""
    y, x = places(2 * SIDE)
    pixels = torch.zeros(3, 2 * SIDE, 2 * SIDE)
    rings = colours("12295c", "f2e8cc", "296b9e", "f2e8cc", "cc4d38")
    for row in range(int(2.5 / radius)):
        cy = (row / 2 - 1) * radius
        for column in range(int(0.5 / radius) + 3):
            cx = (2 * column - 1 + row % 2) * radius
            away = ((x - cx) ** 2 + (y - cy) ** 2).sqrt() / radius
            for edge, colour in zip((1, 0.86, 0.72, 0.54, 0.4), rings, strict=True):
                pixels[:, away < edge] = colour[:, None]
    return functional.avg_pool2d(pixels[None], 2)


def scaled(image):
    options = {"mode": "bilinear", "antialias": True}
    return functional.interpolate(image, (SIDE, SIDE), **options).clamp(0, 1)


look.grid(torch.cat([swirl(), mosaic(), waves()]))

# %%
STYLE = swirl()  # swirl(), mosaic(), waves(), or open_photo("galaxies")

content, style = scaled(photo), scaled(STYLE)  # (1, 3, 160, 160) each
imagenet.requires_grad_(False)  # from here on pixels are moved, no weights
STYLE_LAYERS = [
    f"network.features.{name}"
    for name in ("relu1", "fire2", "fire3", "fire4", "fire5", "fire7")
]
CONTENT_LAYERS = ["network.features.fire7"]

# %% [markdown] lang="ko"
# **무엇을.** 먼저 스타일을 재는 그람 행렬(Gram matrix)입니다. 특징 맵 $A^i$와 $A^j$를 같은 자리끼리 곱해서 모든 자리에 대해 평균을 냅니다. 이 수는 두 무늬가 얼마나 자주
# 함께 나타나는지를 말해 줍니다. `gram(maps)`를 쓰세요. (N, C, h, w)를 받아 (N, C, C)를 돌려줍니다.
#
# $$G_{ij} = \frac{1}{h w} \sum_{p} A^i_p A^j_p$$

# %% [markdown] lang="en"
# **What.** First the Gram matrix, which measures style. Multiply two feature maps $A^i$ and $A^j$ place by place and take the mean over all places.
# It says how often two patterns appear together. Write `gram(maps)`: (N, C, h, w) → (N, C, C).
#
# $$G_{ij} = \frac{1}{h w} \sum_{p} A^i_p A^j_p$$


# %% tags=["exercise"] name="gram"
def gram(maps):
    """The mean product of each two maps over all places: (N, C, h, w) -> (N, C, C)."""
    ### BEGIN SOLUTION
    flat = maps.flatten(2)  # (N, C, h * w)
    return flat @ flat.transpose(1, 2) / flat.shape[2]
    ### END SOLUTION


# %%
check.exercise("lab_looking_gram", gram)

# %% [markdown] lang="ko"
# 그람 행렬이 자리를 정말 버리는지 봅시다. 특징 맵의 칸들을 마구 섞어도 값이 같아야 합니다.

# %% [markdown] lang="en"
# Does a Gram matrix really forget the places? Shuffle the cells of the maps, and it must stay the same.

# %%
gram_now = choose("gram", gram, style_transfer.gram)
_, seen = collect_now(imagenet, [CONTENT_LAYERS[0]], content)
cells = seen[CONTENT_LAYERS[0]].flatten(2)  # (1, 384, 81)
order = torch.randperm(cells.shape[2])
shuffled = cells[:, :, order].unflatten(2, (9, 9))
check.close(gram_now(shuffled), gram_now(cells.unflatten(2, (9, 9))), atol=1e-2)

# %% [markdown] lang="ko"
# **무엇을.** 두 손실을 돌려주는 `losses(maps, grams, photo)`를 쓰세요. 셋 다 층의 이름을 키로 하는 딕셔너리입니다. `maps`는 지금 그림의 특징 맵, `grams`는 바라는 스타일의
# 그람 행렬, `photo`는 바라는 내용의 특징 맵입니다. 층 하나에서 지금의 것 $a$와 바라는 것 $b$의 거리는 이렇게 잽니다.
#
# $$d(a, b) = \frac{\sum (a - b)^2}{\sum b^2}$$
#
# 스타일 손실은 `grams`에 있는 층마다 그람 행렬의 거리를 구해 평균 낸 것이고, 내용 손실은 `photo`에 있는 층마다 특징 맵의 거리를 구해 평균 낸 것입니다. `(style, content)`의 순서로
# 돌려주세요. 논문의 손실은 나누는 수가 다릅니다. 바라는 것의 크기로 나누면 층마다 값의 크기가 달라도 고르게 반영되고, 손실이 무엇을 뜻하는지 읽을 수 있습니다. 0이면 똑같고, 1이면 그 층에
# 아무것도 켜지지 않는 그림만큼 멉니다.

# %% [markdown] lang="en"
# **What.** Write `losses(maps, grams, photo)`, which returns both losses. All three are dicts by the names of layers: `maps` are the feature maps of
# the present picture, `grams` the Gram matrices of the style wanted, `photo` the feature maps of the content wanted. In one layer, the
# distance from what is wanted, $b$, to what is there, $a$, is
#
# $$d(a, b) = \frac{\sum (a - b)^2}{\sum b^2}$$
#
# The style loss is the mean, over the layers in `grams`, of the distances of Gram matrices; the content loss is the mean, over the layers in `photo`, of the
# distances of the maps. Return `(style, content)` in this order. The paper divides by other numbers. Divided by the size of what is
# wanted, layers count alike however large their values are, and the losses can be read: 0 is the same, 1 is as far as a picture that excites nothing in the
# layer.


# %% tags=["exercise"] name="losses"
def losses(maps, grams, photo):
    """Style loss and content loss of a picture's maps."""

    ### BEGIN SOLUTION
    def distance(found, wanted):
        return (found - wanted).square().sum() / wanted.square().sum()

    style = [distance(gram_now(maps[name]), grams[name]) for name in grams]
    content = [distance(maps[name], photo[name]) for name in photo]
    return sum(style) / len(style), sum(content) / len(content)
    ### END SOLUTION


# %%
check.exercise("lab_looking_losses", losses)

# %% [markdown] lang="ko"
# **무엇을.** 셋째는 그림을 매끄럽게 지키는 총변동(total variation)입니다. 신경망의 손실만 줄이면 픽셀 하나하나가 제멋대로 튀기 쉽습니다. 위아래로 이웃한 픽셀의 차의 절댓값을 평균 내고,
# 옆으로 이웃한 픽셀의 차의 절댓값을 평균 내어, 둘을 더합니다. `variation(images)`를 쓰세요.

# %% [markdown] lang="en"
# **What.** Third, the total variation, which keeps the picture smooth: where only the network's losses are made small, single pixels easily go their own ways.
# Take the mean absolute difference of neighbours below each other, and that of neighbours side by side, and add the two. Write `variation(images)`.


# %% tags=["exercise"] name="variation"
def variation(images):
    """How much neighbouring pixels differ: (N, C, H, W) -> a number."""
    ### BEGIN SOLUTION
    return images.diff(dim=2).abs().mean() + images.diff(dim=3).abs().mean()
    ### END SOLUTION


# %%
check.exercise("lab_looking_variation", variation)


# %%
def library_losses(maps, grams, photo):
    styled = style_transfer.style_loss(maps, grams)
    return styled, style_transfer.content_loss(maps, photo)


losses_now = choose("losses", losses, library_losses)
variation_now = choose("variation", variation, style_transfer.total_variation)

# %% [markdown] lang="ko"
# **무엇을.** 이제 그립니다. `paint(content, style, steps)`는 사진 `content`의 사본에서 시작해 픽셀을 `steps`걸음 움직이고, 0에서 1까지의 그림을 돌려줍니다. 줄일 것은
# `style + 0.15 * content + 0.3 * variation`입니다. 훈련 루프와 똑같지만 옵티마이저에 가중치가 아니라 **픽셀**을 건넵니다. `Adam`에 학습률 0.05면 됩니다. 걸음마다 픽셀을 0과 1 사이로
# 자르세요. 건네받은 `content`는 그대로 두어야 합니다.

# %% [markdown] lang="en"
# **What.** Now paint. `paint(content, style, steps)` begins with a copy of the photo `content`, moves its pixels for `steps` steps and returns a picture with
# values from 0 to 1. What should fall is `style + 0.15 * content + 0.3 * variation`. It is the training loop, but the optimiser is given **pixels** and not
# weights; `Adam` with a learning rate of 0.05 will do. After each step, clamp the pixels between 0 and 1. Leave the `content` that was handed in as it is.


# %% tags=["exercise"] name="paint"
def paint(content, style, steps):
    """The photo in the manner of the style, (1, 3, H, W) in 0..1."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        painting = collect_now(imagenet, STYLE_LAYERS, style)[1]
        grams = {name: gram_now(maps) for name, maps in painting.items()}
        photo = collect_now(imagenet, CONTENT_LAYERS, content)[1]
    picture = content.clone().requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=0.05)
    for _ in range(steps):
        maps = collect_now(imagenet, STYLE_LAYERS, picture)[1]  # fire7 is among them
        styled, kept = losses_now(maps, grams, photo)
        loss = styled + 0.15 * kept + 0.3 * variation_now(picture)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            picture.clamp_(0, 1)
    return picture.detach()
    ### END SOLUTION


# %%
check.exercise("lab_looking_paint", paint)


# %%
def library_paint(content, style, steps):
    layers = {"style_layers": STYLE_LAYERS, "content_layers": CONTENT_LAYERS}
    return style_transfer.transfer(
        imagenet, content, style, steps=steps, shift=0, **layers
    )


paint_now = choose("paint", paint, library_paint)
first = paint_now(content, style, 100)

# %% name="fig-first" tags=["hide-input"] alt_ko="그림 셋. 고양이 사진, 파랑과 노랑의 소용돌이, 그리고 다시 그린 고양이. 다시 그린 그림에는 소용돌이의 색이 있지만 잔 무늬가 격자처럼 거칠게 박혀 있습니다." alt_en="Three pictures: the photo of the cat, the swirls of blue and yellow, and the cat repainted. The painting has the colours of the swirls, but fine patterns sit in it roughly, like a grid." caption_ko="사진, 스타일, 그리고 `paint`가 100걸음에 그린 것." caption_en="The photo, the style, and what `paint` made of them in 100 steps."
look.grid(torch.cat([content, style, first]))

# %% [markdown] lang="ko"
# 그럴듯합니다. 이제 재 봅시다. 재는 방법은 둘입니다. 하나는 그린 그대로 재는 것이고, 하나는 그림과 사진을 함께 몇 픽셀 옮겨서 재는 것입니다. 사람의 눈에는 3픽셀 옮긴 그림도 같은
# 그림입니다. `style`은 원래 사진의 스타일 손실을 1로 한 것입니다.

# %% [markdown] lang="en"
# Not bad. Now we measure, in two ways: the picture as it was painted, and with picture and photo moved together by a few pixels. To our eyes a
# picture moved by 3 pixels is the same picture. `style` is scaled so that the photo as it was has 1.

# %%
LAYERS = {"style_layers": STYLE_LAYERS, "content_layers": CONTENT_LAYERS}
SHIFTS = [(0, 0), (1, 1), (2, 3), (3, 2)]  # pixels down and right


def measured(picture, shifts):
    """The style loss in units of the photo's own, and the content loss."""
    options = {"shifts": shifts, **LAYERS}
    begin = style_transfer.distance(imagenet, content, content, style, **options)
    found = style_transfer.distance(imagenet, picture, content, style, **options)
    return found.style / begin.style, found.content


for name, each in (("photo", content), ("style", style), ("first", first)):
    unmoved, moved = measured(each, [(0, 0)]), measured(each, SHIFTS)
    for how, (styled, kept) in (("as painted", unmoved), ("moved", moved)):
        print(f"{name:7}{how:12}style {styled:.3f}, content {kept:.2f}")
if PHOTO == "cat":
    gap = measured(first, SHIFTS)[0] / measured(first, [(0, 0)])[0]
    check.that(gap > 1.5, f"moved, the style loss is {gap:.1f} times as large")

# %% [markdown] lang="ko"
# 그린 그대로 재면 좋아 보이지만 옮겨서 재면 스타일 손실이 훨씬 커집니다. 그림이 배운 것은 소용돌이가 아니라 **이 신경망의 풀링이 픽셀을 묶는 격자**였습니다. 옵티마이저는 우리가 바란 것이
# 아니라 우리가 잰 것을 줄입니다. 5절의 지도처럼, 손실이 작다는 것도 그럴듯함일 뿐 증거가 아닙니다.
#
# ## 8. 마지막 과제: 어디서 보아도
#
# **무엇을.** `repaint(content, style)`을 써서 **옮겨서 재어도** 스타일 손실이 사진의 1/6 이하, 내용 손실이 0.8 이하인 그림을 그리세요. 걸음 수도, 학습률도, 가중치도,
# 옵티마이저도 여러분이 정합니다. 위의 `measured(picture, SHIFTS)`가 검사와 같은 방법으로 잽니다. 무엇을 바꾸어야 할까요? 방금 본 것이 실마리입니다. 어떤 자리에서 보아도
# 괜찮은 그림을 원한다면, 그리는 동안에도 여러 자리에서 보아야 합니다.
#
# 다른 스타일과 여러분의 사진으로도 해 보세요. 은하 사진처럼 훨씬 어려운 스타일도 있습니다.

# %% [markdown] lang="en"
# As painted it looks good; moved, its style loss is much larger. What the picture has learned is not the swirls but **the grid in which this network's
# pooling groups the pixels**. An optimiser makes small what we measure, not what we want. As with the maps of section 5, a small loss looks plausible
# and is no evidence.
#
# ## 8. The closing task: from wherever one looks
#
# **What.** Write `repaint(content, style)` and paint a picture whose style loss is at most 1/6 of the photo's, and its content loss at most 0.8, **measured with
# moves**. The number of steps, the learning rate, the weights, the optimiser are yours to choose; `measured(picture, SHIFTS)` above measures as the check
# does. What has to change? The clue is what you have just seen: a picture that is to look right from everywhere must be looked at from
# everywhere while it is painted.
#
# Try other styles, too, and your own photo. Some, like the photo of galaxies, are much harder.


# %% tags=["exercise"] name="repaint"
def repaint(content, style):
    """The photo in the manner of the style, wherever one looks from."""
    ### BEGIN SOLUTION
    steps = 120
    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        painting = collect_now(imagenet, STYLE_LAYERS, style)[1]
        grams = {name: gram_now(maps) for name, maps in painting.items()}
    picture = content.clone().requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, 0.005)
    for _ in range(steps):
        by = tuple(torch.randint(5, (2,), generator=chance).tolist())
        with torch.no_grad():
            moved = content.roll(by, dims=(2, 3))
            photo = collect_now(imagenet, CONTENT_LAYERS, moved)[1]
        maps = collect_now(imagenet, STYLE_LAYERS, picture.roll(by, dims=(2, 3)))[1]
        styled, kept = losses_now(maps, grams, photo)
        loss = styled + 0.15 * kept + 0.3 * variation_now(picture)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            picture.clamp_(0, 1)
    return picture.detach()
    ### END SOLUTION


picture = repaint(content, style)

# %%
check.exercise("lab_looking_picture", (picture, content, style))

# %%
passed = check.done("lab_looking_picture")
pictures_so_far = {"first": first} | ({"yours": picture} if passed else {})
for name, each in pictures_so_far.items():
    styled, kept = measured(each, SHIFTS)
    print(f"{name:7}style {styled:.3f} (≤ 0.167), content {kept:.2f} (≤ 0.80)")

# %% name="fig-painting" tags=["hide-input"] alt_ko="그림 셋. 고양이 사진, 처음 그린 것, 마지막에 그린 것. 마지막 그림에서는 고양이의 털이 파랑과 노랑의 굵고 매끄러운 붓질로 흐르고, 눈과 코는 또렷합니다." alt_en="Three pictures: the photo of the cat, the first painting, the last one. In the last the cat's fur flows in broad, smooth strokes of blue and yellow, and eyes and nose are clear." caption_ko="왼쪽부터 사진, 7절에서 그린 것, 8절에서 그린 것." caption_en="From the left: the photo, the painting of section 7, the painting of section 8."
look.grid(torch.cat([content, *pictures_so_far.values()]))

# %% name="fig-gallery" tags=["hide-input"] alt_ko="그림 석 장씩 한 줄. 커피 사진, 유리 모자이크, 그리고 잔과 탁자가 색유리 조각으로 다시 짜인 커피." alt_en="Three pictures: the photo of the coffee, the glass mosaic, and the coffee with cup and table put together from pieces of coloured glass." caption_ko="같은 `repaint`로 다른 사진과 다른 스타일: 커피와 모자이크." caption_en="The same `repaint` with another photo and another style: the coffee and the mosaic."
look.grid(
    torch.cat([scaled(coffee), mosaic(), repaint(scaled(coffee), mosaic())])
) if passed else None

# %% [markdown] lang="ko"
# ## 점수

# %% [markdown] lang="en"
# ## Score

# %%
check.score("05_looking_inside")

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# - [‘ZFNet’ 장](08_zfnet): 디컨브넷을 손으로 만들고, 가림 실험으로 투영을 검증합니다.
# - [‘AlexNet’ 장](07_alexnet): 마지막 은닉층의 이웃을 유클리드 거리로 찾습니다.
# - Gatys, Ecker, Bethge, [Image style transfer using convolutional neural networks](https://arxiv.org/abs/1508.06576): 7절의 방법입니다. VGG-19를 씁니다.
# - Adebayo 등, [Sanity checks for saliency maps](https://arxiv.org/abs/1810.03292): 5절의 시험과 그 밖의 시험이 있습니다.
# - captum의 [튜토리얼](https://captum.ai/tutorials/): 지도를 그리는 다른 방법이 많이 있습니다. 어느 것이든 5절의 시험부터 해 보세요.

# %% [markdown] lang="en"
# ## What to read
#
# - [The chapter on ZFNet](08_zfnet) builds the deconvnet by hand and validates projections by covering up.
# - [The chapter on AlexNet](07_alexnet) finds neighbours in the last hidden layer by the Euclidean distance.
# - Gatys, Ecker, Bethge, [Image style transfer using convolutional neural networks](https://arxiv.org/abs/1508.06576): the method of section 7. It uses VGG-19.
# - Adebayo et al., [Sanity checks for saliency maps](https://arxiv.org/abs/1810.03292): the test of section 5, and more of its kind.
# - captum's [tutorials](https://captum.ai/tutorials/) have many other ways to draw a map. Begin with the test of section 5, whichever it is.
