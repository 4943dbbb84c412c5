# %% [markdown] lang="ko"
# # 정오표
#
# 이 책은 강의 자료와 글 다섯 편에서 출발했습니다. 합성곱 신경망을 다룬 한국어 강의, 최근의 신경망을 정리한 강의 노트,
# 공부 노트, 논문 아홉 편을 소개한 영어 글과 그 한국어 번역입니다. 각 장을 쓰면서 거기 있는 숫자를 다시 계산하고 주장을
# 논문과 견줍니다. 어긋난 것을 여기에 적습니다. 내용이 대부분 맞고 설명이 좋아서 책의 바탕이 된 자료들입니다.
#
# 지금은 읽을 수 있는 장들이 다루는 데까지 적었습니다. 항목마다 굵은 글씨가 원래의 주장이고,
# 다음이 바른 것입니다. 이 책에서 틀린 곳을 찾으면 알려 주세요. 고치고 여기에 적겠습니다.

# %% [markdown] lang="en"
# # Errata
#
# This book grew from five sources: a Korean lecture on convolutional networks, lecture notes on recent networks, study
# notes, and an English article on nine papers with its Korean translation. For every chapter we recompute their
# numbers and compare their claims with the papers. What does not agree is listed here. Most of what they say is right
# and well explained, which is why the book could stand on them.
#
# The list covers what the chapters that can be read now treat. In each entry the words in bold are
# the claim as it was, and what follows is right. If you find a mistake in this book, tell us: we correct it and list
# it here.

# %% [markdown] lang="ko"
# ## 개수
#
# - **강의: 뉴런 290,400개에 가중치가 363개씩이면 파라미터가 105,705,600개이다.** 363을 곱하면 105,415,200입니다.
#   105,705,600은 편향까지 센 364를 곱한 값입니다.
#   [강의의 숫자를 다시 계산하기](03_convolution#the-lecture-s-numbers-recomputed)
# - **강의: 파라미터를 공유하면 고유한 가중치가 96개이다.** 서로 다른 필터가 96개이고, 필터마다 가중치가 363개입니다.
#   가중치는 모두 34,848개, 편향까지 34,944개입니다. 강의도 바로 다음에 이 합을 적었습니다.
#   [완전 연결, 국소, 공유](03_convolution#dense-local-shared)
# - **강의의 요약: 필터 하나에 가중치가 $F \cdot F \cdot D$ 1개 있다.** 아래 첨자 1이 본문으로 내려온 것으로 보입니다.
#   필터 하나의 가중치는 $F \cdot F \cdot D$개입니다. 채널이 3개이고 폭이 3이면 27개입니다.
#   [채널이 여럿, 필터가 여럿](03_convolution#many-channels-many-filters)
# - **강의: 출력의 크기를 정하는 하이퍼파라미터는 세 가지, 깊이와 스트라이드와 제로 패딩이다.** 필터의 폭까지 네
#   가지입니다. 크기 식에 $F$가 들어 있고, 강의의 요약도 네 가지를 듭니다.
#   [출력은 몇 칸일까요?](03_convolution#how-many-outputs)
# - **강의: 파라미터가 많으면 곧 과적합한다.** 그럴 수 있지만 늘 그렇지는 않습니다. {cite:t}`lecun1998gradient`에서
#   은닉 유닛이 300개인 다층 퍼셉트론의 MNIST 오류율은 4.7%, 1,000개인 것은 4.5%입니다.
# - **공부 노트: 합성곱은 필터로 공간 구조를 지키고 완전 연결층은 그러지 못한다.** 둘은 다른 종류의 계산이 아닙니다.
#   합성곱층은 가중치가 대부분 0이고 나머지를 함께 쓰는 완전 연결층입니다. 완전 연결층도 픽셀의 위치를 쓸 수 있지만,
#   어떤 픽셀이 이웃인지는 알지 못합니다. [완전 연결, 국소, 공유](03_convolution#dense-local-shared)

# %% [markdown] lang="en"
# ## Counts
#
# - **Lecture: 290,400 neurons with 363 weights each are 105,705,600 parameters.** Times 363 is 105,415,200.
#   105,705,600 is the product with 364, which counts the bias.
#   [The lecture's numbers, recomputed](03_convolution#the-lecture-s-numbers-recomputed)
# - **Lecture: with shared parameters there are 96 unique weights.** There are 96 different filters, and each has 363
#   weights: 34,848 weights in all, 34,944 with the biases. The lecture prints these sums in the next line.
#   [Dense, local, shared](03_convolution#dense-local-shared)
# - **Lecture's summary: a filter has $F \cdot F \cdot D$ 1 weight.** It seems that a subscript 1 slipped into the
#   line. A filter has $F \cdot F \cdot D$ weights: 27 for 3 channels and width 3.
#   [Many channels, many filters](03_convolution#many-channels-many-filters)
# - **Lecture: three hyperparameters set the size of the output: depth, stride and zero padding.** With the width of
#   the filter they are four. The formula for the size contains $F$, and the lecture's own summary lists four.
#   [How many outputs?](03_convolution#how-many-outputs)
# - **Lecture: many parameters soon mean overfitting.** They can, but need not. In {cite:t}`lecun1998gradient`, a
#   multilayer perceptron with 300 hidden units has 4.7% error on MNIST, one with 1,000 has 4.5%.
# - **Study notes: convolution keeps the spatial structure by its filters, and a fully connected layer does not.** They
#   are not two kinds of computation. A convolutional layer is a fully connected layer most of whose weights are 0,
#   while the others are shared. A fully connected layer can use the positions of pixels, too; what it does not know is
#   which pixels are neighbours. [Dense, local, shared](03_convolution#dense-local-shared)

# %% [markdown] lang="ko"
# ## 출력의 크기
#
# - **강의: 식의 값이 정수가 아니면 스트라이드가 잘못된 것이다.** 이 책의 `outputs`도 그럴 때 오류를 내지만, 널리
#   쓰이는 신경망이 내림이나 올림을 씁니다. ResNet의 첫 층에서는 112.5이고 표에는 112가 있습니다 {cite:p}`he2016deep`.
#   GoogLeNet의 첫 풀링에서는 55.5이고 표에는 56이 있습니다 {cite:p}`szegedy2015going`.
#   [출력은 몇 칸일까요?](03_convolution#how-many-outputs)
# - **강의의 AlexNet 요약: 둘째부터 다섯째 합성곱층은 패딩이 0이고 폭은 27, 13, 13, 13이다.** 패딩이 0이면 폭 27은 23이
#   되고, 폭 13은 11, 9, 7로 줄어듭니다. 적힌 폭이 나오려면 폭이 5인 필터에는 패딩 2, 폭이 3인 필터에는 패딩 1이
#   필요합니다. [출력은 몇 칸일까요?](03_convolution#how-many-outputs)
# - **강의: 합성곱은 차원을 줄인다.** 늘 그렇지는 않습니다. 패딩이 없으면 폭이 $F - 1$만큼 줄지만, 값의 개수는 필터의
#   수에도 달려 있습니다. AlexNet의 첫 층은 스트라이드가 4인데도 값 154,587개를 받아 290,400개를 내놓습니다.
#   [완전 연결, 국소, 공유](03_convolution#dense-local-shared)
# - **영어 글과 번역: 첫 합성곱층 다음의 풀링이 32×32×3을 16×16×3으로 바꾼다.** 합성곱층을 지나면 채널 수는 3이 아니라
#   필터의 수입니다. LeNet-5에서는 32×32×1이 합성곱 뒤에 28×28×6이 되고, 풀링이 이것을 14×14×6으로 바꿉니다.
#   [LeNet](04_lenet#lenet-5-today)

# %% [markdown] lang="en"
# ## Sizes of outputs
#
# - **Lecture: if the formula gives no whole number, the stride is wrong.** This book's `outputs` raises an error
#   there, too, but networks in wide use round down or up. The first layer of ResNet gives 112.5, and its table says
#   112 {cite:p}`he2016deep`. The first pooling of GoogLeNet gives 55.5, and its table says 56
#   {cite:p}`szegedy2015going`. [How many outputs?](03_convolution#how-many-outputs)
# - **Lecture's summary of AlexNet: the second to fifth convolutional layers have padding 0 and widths 27, 13, 13,
#   13.** With padding 0, width 27 becomes 23, and width 13 shrinks to 11, 9, 7. The printed widths need padding 2 for
#   the filter of width 5 and padding 1 for those of width 3. [How many outputs?](03_convolution#how-many-outputs)
# - **Lecture: convolution reduces the dimension.** Not always. Without padding the width shrinks by $F - 1$, but the
#   number of values depends on the number of filters, too. The first layer of AlexNet, even with stride 4, takes
#   154,587 values and gives 290,400. [Dense, local, shared](03_convolution#dense-local-shared)
# - **English article and its translation: the pooling after the first convolutional layer turns 32×32×3 into
#   16×16×3.** After a convolutional layer the number of channels is not 3 but the number of filters. In LeNet-5,
#   32×32×1 becomes 28×28×6 by convolution, and pooling turns that into 14×14×6. [LeNet](04_lenet#lenet-5-today)

# %% [markdown] lang="ko"
# ## 합성곱과 수용 영역
#
# - **강의: 합성곱은 한 함수를 뒤집어 옮기는 연산이고, 층이 하는 일도 정확히 이것이다.** 정의는 맞습니다. 그러나 강의의
#   예제와 그림, 그리고 딥러닝 라이브러리는 뒤집지 않는 교차 상관을 계산합니다. 강의의 1차원 예제처럼 가중치가 1, 0,
#   −1이면 뒤집을 때 모든 출력의 부호가 바뀝니다. [뒤집기](03_convolution#the-flip-convolution-and-cross-correlation)
# - **강의: 수용 영역은 하이퍼파라미터 $F$이다.** $F$는 필터의 폭입니다. 둘은 첫 층에서만 같고, 수용 영역은 층을
#   지날수록 넓어집니다. LeNet-5에서는 필터의 폭이 늘 5인데 수용 영역의 폭은 층마다 5, 6, 14, 16, 32입니다.
#   [한 칸은 어디까지 볼까요?](03_convolution#how-far-does-one-cell-see)

# %% [markdown] lang="en"
# ## Convolution and the receptive field
#
# - **Lecture: convolution flips one function and shifts it, and that is exactly what the layer does.** The definition
#   is right. But the lecture's examples and pictures, and the deep-learning libraries, compute the cross-correlation,
#   which does not flip. With weights 1, 0, −1, as in the lecture's one-dimensional example, the flip changes the sign
#   of every output. [The flip](03_convolution#the-flip-convolution-and-cross-correlation)
# - **Lecture: the receptive field is a hyperparameter, $F$.** $F$ is the width of the filter. The two are the same in
#   the first layer only, and the receptive field grows from layer to layer. In LeNet-5 the filters are always 5 wide,
#   while the receptive field is 5, 6, 14, 16 and 32 wide.
#   [How far does one cell see?](03_convolution#how-far-does-one-cell-see)

# %% [markdown] lang="ko"
# ## 풀링
#
# - **강의: 풀링층은 신경망의 파라미터 수를 줄인다.** 다음 합성곱층의 파라미터 수는 입력의 폭과 무관하므로
#   그대로입니다. 줄어드는 것은 계산량과 뒤에 오는 완전 연결층입니다. 특징 맵 16장 뒤에 유닛 10개를 모두 이으면, 폭이
#   28일 때 125,450개, 14일 때 31,370개입니다. [독자들의 질문](03_convolution#questions-readers-ask)
# - **강의: 평균 풀링은 최대 풀링보다 못해서 점차 쓰이지 않는다.** 층 사이에서는 최대 풀링이 더 흔합니다. 그러나 강의가
#   소개하는 GoogLeNet은 전역 평균 풀링으로 끝나고 {cite:p}`szegedy2015going`, ResNet도 그렇습니다
#   {cite:p}`he2016deep`. DenseNet은 블록 사이에 2×2 평균 풀링을 씁니다 {cite:p}`huang2017densely`. 공부 노트가 소개한
#   평가 연구에서 정확도는 평균 0.435, 최대 0.471이고, 둘을 더한 것이 0.483으로 더 높습니다
#   {cite:p}`mishkin2017systematic`.
# - **영어 글과 번역: 신경망의 공간 불변성은 최대 풀링이 맡는다.** 풀링 하나가 주는 불변성은 작습니다. 스트라이드가
#   있는 층은 합성곱이든 풀링이든 스트라이드의 배수만큼 옮길 때만 정확히 등변입니다 {cite:p}`zhang2019making`.
#   [입력을 옮기면](03_convolution#when-the-input-moves)

# %% [markdown] lang="en"
# ## Pooling
#
# - **Lecture: a pooling layer reduces the network's number of parameters.** The next convolutional layer has as many
#   as before, since its count does not depend on the width of its input. What shrinks is the amount of computation and
#   a fully connected layer that comes later: 10 units after 16 feature maps need 125,450 parameters at width 28 and
#   31,370 at width 14. [Questions readers ask](03_convolution#questions-readers-ask)
# - **Lecture: average pooling does worse than max pooling and is falling out of use.** Between layers, max pooling is
#   more common. But GoogLeNet, which the lecture presents, ends in global average pooling {cite:p}`szegedy2015going`,
#   and so does ResNet {cite:p}`he2016deep`. DenseNet has 2×2 average pooling between its blocks
#   {cite:p}`huang2017densely`. In the evaluation that the study notes present, the accuracies are 0.435 for the
#   average, 0.471 for the maximum, and with 0.483 the sum of both is higher {cite:p}`mishkin2017systematic`.
# - **English article and its translation: max pooling takes care of a network's spatial invariance.** One pooling
#   gives little invariance. A layer with a stride, be it convolution or pooling, is exactly equivariant only for
#   shifts by a multiple of the stride {cite:p}`zhang2019making`.
#   [When the input moves](03_convolution#when-the-input-moves)

# %% [markdown] lang="ko"
# ## LeNet
#
# - **강의: 합성곱 신경망은 1989년의 LeNet에서 시작되었다.** 국소 연결과 공유된 가중치를 층층이 쌓은 신경망은 1980년에
#   이미 있었습니다 {cite:p}`fukushima1980neocognitron`. 1989년의 신경망은 16×16 이미지를 받고 파라미터가 9,760개인,
#   역전파로 훈련한 앞선 모델입니다 {cite:p}`lecun1989backpropagation`. 오늘 LeNet이라고 부르는 LeNet-5는 1998년의
#   것으로 32×32 이미지를 받고 파라미터가 60,000개입니다 {cite:p}`lecun1998gradient`. 강의도 다른 곳에서는 LeNet을
#   1998년의 것이라고 합니다. [LeNet](04_lenet#questions-readers-ask)

# %% [markdown] lang="en"
# ## LeNet
#
# - **Lecture: convolutional networks began with LeNet in 1989.** A network of layers with local connections and shared
#   weights existed in 1980 {cite:p}`fukushima1980neocognitron`. The network of 1989 is a predecessor, trained by
#   backpropagation, which takes 16×16 images and has 9,760 parameters {cite:p}`lecun1989backpropagation`. What is
#   called LeNet today, LeNet-5, is from 1998, takes 32×32 images and has 60,000 parameters
#   {cite:p}`lecun1998gradient`. Elsewhere the lecture, too, dates LeNet to 1998. [LeNet](04_lenet#questions-readers-ask)

# %% [markdown] lang="ko"
# ## 논문 안에서 서로 맞지 않는 곳
#
# 자료가 아니라 논문 자체에 있는 것입니다. 논문의 결과를 바꾸지는 않습니다.
#
# - **LeNet 논문: C3의 연결은 156,000개이고 전체는 345,308개이다.** C3의 파라미터 1,516개가 10×10 자리에서 쓰이므로
#   연결은 151,600개입니다. 출력층의 연결 840개까지 더하면 전체는 340,908개입니다 {cite:p}`lecun1998gradient`.
#   [LeNet](04_lenet#the-paper-s-claims-recomputed)
# - **AlexNet 논문: 입력의 폭은 224이다.** 폭 11, 스트라이드 4이면 54.25가 됩니다. 논문의 55가 나오려면 227이어야
#   합니다. 224의 양쪽에 2칸씩 덧대고 내림해도 55입니다 {cite:p}`krizhevsky2012imagenet`.
#   [강의의 숫자를 다시 계산하기](03_convolution#the-lecture-s-numbers-recomputed)
# - **AlexNet 논문: 첫 층의 뉴런은 253,440개이다.** 253,440은 55×48×96이고, 55×55×96은 290,400입니다
#   {cite:p}`krizhevsky2012imagenet`. [강의의 숫자를 다시 계산하기](03_convolution#the-lecture-s-numbers-recomputed)

# %% [markdown] lang="en"
# ## Where papers disagree with themselves
#
# These stand in the papers, not in the sources. They do not change the papers' results.
#
# - **LeNet paper: C3 has 156,000 connections, and the network 345,308.** The 1,516 parameters of C3 are used at 10×10
#   places, which makes 151,600 connections. With the 840 connections of the output layer the total is 340,908
#   {cite:p}`lecun1998gradient`. [LeNet](04_lenet#the-paper-s-claims-recomputed)
# - **AlexNet paper: the input is 224 wide.** Width 11 and stride 4 give 54.25. The paper's 55 needs 227. Padding 224
#   by 2 cells on both sides and rounding down gives 55, too {cite:p}`krizhevsky2012imagenet`.
#   [The lecture's numbers, recomputed](03_convolution#the-lecture-s-numbers-recomputed)
# - **AlexNet paper: the first layer has 253,440 neurons.** 253,440 is 55×48×96, while 55×55×96 is 290,400
#   {cite:p}`krizhevsky2012imagenet`.
#   [The lecture's numbers, recomputed](03_convolution#the-lecture-s-numbers-recomputed)

# %% [markdown] lang="ko"
# ## 다시 계산하기
#
# 위의 수를 셀이 다시 계산합니다. 하나라도 맞지 않으면 이 책은 만들어지지 않습니다.

# %% [markdown] lang="en"
# ## Recomputed
#
# A cell computes the figures above again. If one of them does not agree, this book is not built.

# %%
from cnnbook import outputs

fields, field, jump = [], 1, 1  # LeNet-5: width and stride of each layer's window → receptive field
for kernel, stride in [(5, 1), (2, 2), (5, 1), (2, 2), (5, 1)]:
    field, jump = field + (kernel - 1) * jump, jump * stride
    fields.append(field)

narrow = [outputs(27, 5)]  # AlexNet's later layers without padding
width = 13
for _ in range(3):
    width = outputs(width, 3)
    narrow.append(width)

connections = {"C1": 156 * 28**2, "S2": 5 * 6 * 14**2, "C3": 1_516 * 10**2, "S4": 5 * 16 * 5**2}
connections |= {"C5": 48_120, "F6": 10_164, "output": 840}
claims = [
    ("290,400 · 363", 290_400 * 363, 105_415_200),
    ("290,400 · 364", 290_400 * 364, 105_705_600),
    ("96 · 363", 96 * 363, 34_848),
    ("96 · 364", 96 * 364, 34_944),
    ("3 · 3 · 3", 3**3, 27),
    ("ResNet, first layer", (224 - 7 + 2 * 3) / 2 + 1, 112.5),
    ("GoogLeNet, first pooling", (112 - 3) / 2 + 1, 55.5),
    ("AlexNet without padding", narrow, [23, 11, 9, 7]),
    ("AlexNet with padding", [outputs(27, 5, padding=2), outputs(13, 3, padding=1)], [27, 13]),
    ("AlexNet, values in", 227**2 * 3, 154_587),
    ("AlexNet, values out", outputs(227, 11, 4) ** 2 * 96, 290_400),
    ("LeNet-5, widths", [outputs(32, 5), outputs(28, 2, 2)], [28, 14]),
    ("LeNet-5, receptive fields", fields, [5, 6, 14, 16, 32]),
    ("16 maps of 28 · 28, 10 units", 16 * 28**2 * 10 + 10, 125_450),
    ("16 maps of 14 · 14, 10 units", 16 * 14**2 * 10 + 10, 31_370),
    ("LeNet-5, C3", connections["C3"], 151_600),
    ("LeNet-5, all as printed", sum(connections.values()) - 151_600 + 156_000, 345_308),
    ("LeNet-5, all recomputed", sum(connections.values()), 340_908),
    ("AlexNet at 224", (224 - 11) / 4 + 1, 54.25),
    ("AlexNet at 224, padding 2", outputs(224, 11, 4, padding=2, exact=False), 55),
    ("55 · 48 · 96", 55 * 48 * 96, 253_440),
    ("55 · 55 · 96", 55 * 55 * 96, 290_400),
]
for what, recomputed, printed in claims:
    assert recomputed == printed, f"{what}: {recomputed}, not {printed}"
    shown = ", ".join(f"{value:,}" for value in (recomputed if isinstance(recomputed, list) else [recomputed]))
    print(f"{what:30}{shown:>18}")
