# %% [markdown] lang="ko"
# # 정오표
#
# 이 책은 강의 자료와 글 다섯 편에서 출발했습니다. 합성곱 신경망을 다룬 한국어 강의, 최근의 신경망을 정리한 강의 노트,
# 공부 노트, 논문 아홉 편을 소개한 영어 글과 그 한국어 번역입니다. 각 장을 쓰면서 거기 있는 숫자를 다시 계산하고 주장을
# 논문과 견줍니다. 어긋난 것을 여기에 적습니다. 내용이 대부분 맞고 설명이 좋아서 책의 바탕이 된 자료들입니다.
#
# 항목마다 굵은 글씨가 원래의 주장이고, 다음이 바른 것입니다. 이 책에서 틀린 곳을 찾으면 알려 주세요. 고치고 여기에 적겠습니다.

# %% [markdown] lang="en"
# # Errata
#
# This book grew from five sources: a Korean lecture on convolutional networks, lecture notes on recent networks, study
# notes, and an English article on nine papers with its Korean translation. For every chapter we recompute their
# numbers and compare their claims with the papers. What does not agree is listed here. Most of what they say is right
# and well explained, which is why the book could stand on them.
#
# In each entry the words in bold are the claim as it was, and what follows is right. If you find a mistake in this book, tell us: we correct it and list
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
#   {cite:p}`lecun1998gradient`. Elsewhere the lecture, too, dates LeNet to 1998.
#   [LeNet](04_lenet#questions-readers-ask)

# %% [markdown] lang="ko"
# ## AlexNet과 대회
#
# - **영어 글과 번역: AlexNet의 top-5 테스트 오류율은 15.4%이다.** 15.4%는 검증 세트의 오류율이고, 테스트 세트에서는
#   15.3%입니다. 둘 다 신경망 7개를 평균한 것인데, 그 가운데 2개는 대회 밖의 이미지로 사전 학습했습니다. 대회의
#   이미지만 쓴 5개의 평균은 16.4%입니다 {cite:p}`krizhevsky2012imagenet`.
#   [논문의 주장을 다시 계산하기](07_alexnet#the-paper-s-claims-recomputed)
# - **영어 글과 번역: AlexNet은 이미지 15,000,000장으로 훈련했고, ZFNet은 1,300,000장으로 훈련했다.** 둘 다 2012년
#   대회의 훈련 이미지 1,281,167장으로 훈련했습니다 {cite:p}`russakovsky2015imagenet`. 15,000,000장은 ImageNet
#   전체이고, 위의 7개 가운데 2개의 사전 학습에만 쓰였습니다 {cite:p}`krizhevsky2012imagenet`.
#   [논문의 주장을 다시 계산하기](07_alexnet#the-paper-s-claims-recomputed)
# - **강의: 대회의 테스트 이미지는 150,000장이다.** 2010년의 대회가 그렇습니다. AlexNet이 우승한 2012년의 대회에서는
#   100,000장입니다 {cite:p}`russakovsky2015imagenet`. [사진 백만 장의 대회](07_alexnet#a-contest-with-a-million-photos)
# - **강의: ILSVRC-2011의 데이터로 사전 학습하고 ILSVRC-2012의 데이터로 미세 조정했다.** 사전 학습에 쓴 것은 대회의
#   데이터가 아니라 2011년 가을에 공개된 ImageNet 전체입니다 {cite:p}`krizhevsky2012imagenet`.
#   [논문의 주장을 다시 계산하기](07_alexnet#the-paper-s-claims-recomputed)
# - **강의 노트: 대회의 과제는 분류, 탐지, 위치 추정, 분할이다.** {cite:t}`russakovsky2015imagenet`가 정리한 과제는
#   이미지 분류, 단일 객체 위치 추정, 객체 탐지입니다. 분할은 없습니다.
#   [사진 백만 장의 대회](07_alexnet#a-contest-with-a-million-photos)
# - **강의의 AlexNet 요약: 최대 풀링 다음에 정규화가 온다.** 논문의 순서는 합성곱, ReLU, LRN, 최대 풀링입니다
#   {cite:p}`krizhevsky2012imagenet`. [강의의 층 목록 바로잡기](07_alexnet#the-lecture-s-list-of-layers-corrected)
# - **강의: 셋째 합성곱층의 모든 커널이 넷째 층과 연결된다.** 두 GPU의 특징 맵을 모두 읽는 것은 셋째 층이고, 넷째 층은
#   자기 GPU의 것만 읽습니다. 둘째와 다섯째 층도 앞 층에서 자기 GPU의 것만 읽습니다 {cite:p}`krizhevsky2012imagenet`.
#   [GPU 두 개는 그룹 두 개입니다](07_alexnet#two-gpus-are-two-groups)
# - **강의: AlexNet의 입력은 평균을 뺀 256×256 이미지이다.** 256은 이미지를 준비하는 크기입니다. 신경망에 들어가는
#   것은 거기서 잘라 낸 224×224 창입니다 {cite:p}`krizhevsky2012imagenet`.
#   [창과 거울상, 그리고 열 개의 창](07_alexnet#windows-mirror-images-and-the-ten-windows)
# - **강의: 상하 대칭으로도 창을 뽑고, 테스트에서도 상하 반전을 쓴다.** 논문은 좌우 반전만 씁니다
#   {cite:p}`krizhevsky2012imagenet`.
#   [창과 거울상, 그리고 열 개의 창](07_alexnet#windows-mirror-images-and-the-ten-windows)
# - **강의: PCA로 테스트 이미지의 RGB를 바꾼다.** 훈련 이미지를 바꿉니다. 테스트 이미지는 그대로 둡니다
#   {cite:p}`krizhevsky2012imagenet`.
#   [주성분을 따라 색을 바꾸기](07_alexnet#colours-changed-along-their-principal-components)
# - **강의: ReLU는 과적합을 막는다.** 논문이 ReLU에 대해 말하는 것은 과적합이 아니라 훈련의 속도입니다
#   {cite:p}`krizhevsky2012imagenet`. 얼마나 빨라지는지도 처음 가중치에 달려 있습니다.
#   [ReLU는 정말 여섯 배 빠를까요?](07_alexnet#is-relu-really-six-times-faster)
# - **강의: LRN은 강한 뉴런이 약한 뉴런의 값을 막는 현상을 억제한다.** 거꾸로입니다. LRN은 강한 유닛이 이웃을 누르게
#   합니다. 논문의 식은 유닛의 값을 이웃 채널의 제곱의 합이 클수록 더 줄입니다 {cite:p}`krizhevsky2012imagenet`.
#   [국소 응답 정규화를 직접 만들기](07_alexnet#local-response-normalisation-by-hand)
# - **강의: GPU 1의 커널은 대부분 색과 상관없고 GPU 2의 커널은 대부분 색과 관련되며, 이런 일은 초기 가중치와 무관하게
#   언제나 일어난다.** 논문이 자기 신경망에 대해 한 말입니다. 이 책의 작은 신경망에서는 시드 대부분에서 두 탑의 차이를
#   우연과 구별할 수 없습니다. [한 탑만 색을 보게 될까요?](07_alexnet#does-one-tower-alone-turn-to-colour)

# %% [markdown] lang="en"
# ## AlexNet and the contest
#
# - **English article and its translation: AlexNet's top-5 test error is 15.4%.** 15.4% is the error on the validation
#   set; on the test set it is 15.3%. Both are the mean of 7 networks, 2 of which were pre-trained on images from
#   outside the contest. The mean of 5 that saw the contest's images alone is 16.4% {cite:p}`krizhevsky2012imagenet`.
#   [The paper's claims, recomputed](07_alexnet#the-paper-s-claims-recomputed)
# - **English article and its translation: AlexNet was trained on 15,000,000 images, ZFNet on 1,300,000.** Both were
#   trained on the 1,281,167 training images of the contest of 2012 {cite:p}`russakovsky2015imagenet`. The 15,000,000
#   are all of ImageNet, and served only to pre-train 2 of the 7 above {cite:p}`krizhevsky2012imagenet`.
#   [The paper's claims, recomputed](07_alexnet#the-paper-s-claims-recomputed)
# - **Lecture: the contest has 150,000 test images.** So it was in 2010. In the contest of 2012, which AlexNet won,
#   there are 100,000 {cite:p}`russakovsky2015imagenet`.
#   [A contest with a million photos](07_alexnet#a-contest-with-a-million-photos)
# - **Lecture: pre-trained on the data of ILSVRC-2011, fine-tuned on those of ILSVRC-2012.** What served for
#   pre-training is not the contest's data but all of ImageNet as released in autumn 2011
#   {cite:p}`krizhevsky2012imagenet`. [The paper's claims, recomputed](07_alexnet#the-paper-s-claims-recomputed)
# - **Lecture notes: the contest's tasks are classification, detection, localisation and segmentation.** The tasks
#   that {cite:t}`russakovsky2015imagenet` describe are image classification, single-object localisation and object
#   detection. There is no segmentation. [A contest with a million photos](07_alexnet#a-contest-with-a-million-photos)
# - **Lecture's summary of AlexNet: normalisation follows max pooling.** In the paper the order is convolution, ReLU,
#   LRN, max pooling {cite:p}`krizhevsky2012imagenet`.
#   [The lecture's list of layers, corrected](07_alexnet#the-lecture-s-list-of-layers-corrected)
# - **Lecture: all kernels of the third convolutional layer are connected with the fourth layer.** It is the third
#   that reads the feature maps of both GPUs; the fourth reads only those of its own. The second and the fifth, too,
#   read from the layer before only what is on their own GPU {cite:p}`krizhevsky2012imagenet`.
#   [Two GPUs are two groups](07_alexnet#two-gpus-are-two-groups)
# - **Lecture: AlexNet's input is a 256×256 image less its mean.** 256 is the size to which images are prepared. What
#   goes into the network are windows of 224×224 cut from them {cite:p}`krizhevsky2012imagenet`.
#   [Windows, mirror images, and the ten windows](07_alexnet#windows-mirror-images-and-the-ten-windows)
# - **Lecture: windows are mirrored top to bottom, in the test as well.** The paper mirrors left and right only
#   {cite:p}`krizhevsky2012imagenet`.
#   [Windows, mirror images, and the ten windows](07_alexnet#windows-mirror-images-and-the-ten-windows)
# - **Lecture: PCA changes the RGB of test images.** It changes training images. Test images stay as they are
#   {cite:p}`krizhevsky2012imagenet`.
#   [Colours changed along their principal components](07_alexnet#colours-changed-along-their-principal-components)
# - **Lecture: ReLU prevents overfitting.** What the paper says of ReLU is about the speed of training, not about
#   overfitting {cite:p}`krizhevsky2012imagenet`. And how much faster it is depends on the initial weights.
#   [Is ReLU really six times faster?](07_alexnet#is-relu-really-six-times-faster)
# - **Lecture: LRN curbs the suppression of weak neurons by strong ones.** It is the other way round: LRN makes strong
#   units hold their neighbours down. By the paper's formula a unit's value shrinks the more, the larger the sum of
#   squares over neighbouring channels {cite:p}`krizhevsky2012imagenet`.
#   [Local response normalisation, by hand](07_alexnet#local-response-normalisation-by-hand)
# - **Lecture: most kernels on GPU 1 have nothing to do with colour, most on GPU 2 do, and this happens always,
#   whatever the initial weights.** The paper says so of its own network. In this book's small network the difference
#   of the towers cannot, with most seeds, be told from chance.
#   [Does one tower alone turn to colour?](07_alexnet#does-one-tower-alone-turn-to-colour)

# %% [markdown] lang="ko"
# ## ZFNet
#
# - **영어 글과 번역: ZFNet이 2013년 대회에서 오류율 11.2%로 우승했다.** 논문의 가장 좋은 결과는 신경망 6개를 평균한
#   테스트 오류율 14.8%입니다 {cite:p}`zeiler2014visualizing`. 11.2%는 더 많은 데이터로 훈련한 클래리파이(Clarifai)의
#   기록이고, 그 데이터 없이는 11.7%입니다 {cite:p}`szegedy2015going,simonyan2015very`.
#   [독자들의 질문](08_zfnet#questions-readers-ask)
# - **영어 글과 번역, 그리고 댓글의 답: 디컨브넷은 특징 맵 한 장의 활성값을 남기고 나머지를 0으로 놓는다.** 논문은
#   활성값 하나만 남기고 그 층의 나머지를 모두 0으로 놓습니다. 맵마다 가장 강한 9개도 하나씩 따로 투영합니다
#   {cite:p}`zeiler2014visualizing`. [활성값과 특징 맵](08_zfnet#activations-and-feature-maps)
# - **영어 글과 번역: 첫 층의 11×11 필터는 많은 정보를 건너뛴다.** 폭이 11인 필터를 4칸씩 옮기면, 가장자리가 아닌
#   픽셀은 모두 필터의 4자리 이상에 들어갑니다. 논문이 든 이유는 첫 층의 필터가 아주 높거나 아주 낮은 주파수에 몰린
#   것과 스트라이드 4의 에일리어싱입니다 {cite:p}`zeiler2014visualizing`. [세어 보기](08_zfnet#counting)
# - **영어 글과 번역: 신경망이 깊어질수록 필터 수가 늘어난다.** 96, 256, 384, 384, 256개입니다. 다섯째 층에서
#   줄어듭니다 {cite:p}`zeiler2014visualizing`. [ZFNet 전체](08_zfnet#the-whole-zfnet)
# - **영어 글: 층 1과 2의 그림에는 필터 자체가 있다.** 층 1만 그렇습니다. 층 2의 왼쪽에 있는 것은 필터가 아니라
#   활성값의 투영입니다 {cite:p}`zeiler2014visualizing`. [다섯 층 들여다보기](08_zfnet#looking-into-five-layers)
# - **영어 글과 번역: 논문의 제목은 “Visualizing and Understanding Convolutional Neural Networks”이다.** 제목에
#   “Neural”은 없습니다 {cite:p}`zeiler2014visualizing`. 이 낱말은 두 글이 빠뜨린 AlexNet 논문의 제목에 있습니다
#   {cite:p}`krizhevsky2012imagenet`.

# %% [markdown] lang="en"
# ## ZFNet
#
# - **English article and its translation: ZFNet won the contest of 2013 with 11.2% error.** The paper's best result
#   is a test error of 14.8%, the mean of 6 networks {cite:p}`zeiler2014visualizing`. 11.2% is an entry of Clarifai's,
#   trained on more data; without these it is 11.7% {cite:p}`szegedy2015going,simonyan2015very`.
#   [Questions readers ask](08_zfnet#questions-readers-ask)
# - **English article, its translation, and an answer in the comments: the deconvnet keeps the activations of one
#   feature map and sets the others to 0.** The paper keeps a single activation and sets all others of the layer to 0.
#   The 9 strongest of a map, too, are projected each by itself {cite:p}`zeiler2014visualizing`.
#   [Activations and feature maps](08_zfnet#activations-and-feature-maps)
# - **English article and its translation: 11×11 filters in the first layer skip much information.** When a filter of
#   width 11 moves by 4 cells, every pixel that is not at the edge is covered from 4 of its places or more. The
#   paper's reasons are that first-layer filters crowd at very high and very low frequencies, and the aliasing of
#   stride 4 {cite:p}`zeiler2014visualizing`. [Counting](08_zfnet#counting)
# - **English article and its translation: the number of filters rises as the network grows.** It is 96, 256, 384,
#   384, 256. In the fifth layer it falls {cite:p}`zeiler2014visualizing`. [The whole ZFNet](08_zfnet#the-whole-zfnet)
# - **English article: the pictures of layers 1 and 2 show the filters themselves.** This holds for layer 1 only. What
#   stands on the left of layer 2 are projections of activations, not filters {cite:p}`zeiler2014visualizing`.
#   [Looking into five layers](08_zfnet#looking-into-five-layers)
# - **English article and its translation: the paper is called “Visualizing and Understanding Convolutional Neural
#   Networks”.** There is no “Neural” in its title {cite:p}`zeiler2014visualizing`. The word belongs in the title of
#   the AlexNet paper, where both texts leave it out {cite:p}`krizhevsky2012imagenet`.

# %% [markdown] lang="ko"
# ## VGG
#
# - **강의: VGG-16의 특징 맵은 모두 24M이고, 4바이트씩 96MB이다.** 줄마다 적힌 수는 맞지만, 더하면 15.2M이고
#   61MB입니다. [층마다 메모리가 얼마나 필요할까요?](09_vgg#how-much-memory-does-each-layer-need)
# - **강의: 역전파까지 하면 메모리가 두 배쯤 필요하다.** PyTorch가 역전파를 위해 간직하는 것은 특징 맵 60.9MB와 최대
#   풀링의 번호 12.2MB로, 순전파의 1.2배입니다. 모든 층의 그레이디언트를 한꺼번에 가지고 있지는 않습니다.
#   [층마다 메모리가 얼마나 필요할까요?](09_vgg#how-much-memory-does-each-layer-need)
# - **강의: A, A-LRN, B, C, D, E의 5가지 모델로 실험했다.** 6가지입니다 {cite:p}`simonyan2015very`.
#   [무엇을 만들게 될까요?](09_vgg#what-you-will-build)
# - **강의: 깊을수록 성능이 좋아진다.** 16층까지는 그렇습니다. top-1 오류율은 $S = 256$일 때 16층(D) 27.0%, 19층(E)
#   27.3%이고, $S = 384$일 때는 26.8%와 26.9%, 무작위 $S$일 때는 25.6%와 25.5%입니다 {cite:p}`simonyan2015very`.
#   강의가 옮긴 표에도 있는 수입니다. [깊이만 바꾸면 어떻게 될까요?](09_vgg#what-if-only-the-depth-changes)
# - **강의: VGG에서 1×1 합성곱의 장점은 차원 축소와 비선형성이다.** VGG의 C에서 1×1은 채널 수를 그대로 두므로
#   비선형성만 남습니다. 같은 자리에 3×3을 둔 D의 오류율이 더 낮습니다($S = 256$일 때 28.1%와 27.0%)
#   {cite:p}`simonyan2015very`. [독자들의 질문](09_vgg#questions-readers-ask)
# - **강의 노트: 3×3을 두 번 쓰면 5×5 한 번보다 파라미터가 줄어든다.** 앞뒤의 채널 수가 비슷할 때만 그렇습니다. 채널
#   3개를 읽어 64개를 내는 첫 층에서는 5×5의 가중치가 4,800개, 3×3 두 층의 가중치가 38,592개입니다. 64개를 읽어
#   128개를 낼 때는 204,800개와 221,184개입니다. [무엇이 줄어들까요?](09_vgg#what-does-it-save)
# - **영어 글과 번역: VGG는 오류율이 7.3%인 19층 신경망이다.** 7.3%는 대회에 낸 신경망 7개의 평균입니다. 대회 뒤의
#   가장 좋은 결과는 1개로 7.0%, 2개의 평균으로 6.8%입니다 {cite:p}`simonyan2015very`.
#   [논문의 주장을 다시 계산하기](09_vgg#the-paper-s-claims-recomputed)
# - **영어 글: 구성 D가 가장 좋았다.** 한 크기로 시험하면 E의 top-1 오류율이 25.5%, D는 25.6%이고, 여러 크기로
#   시험하면 둘 다 24.8%입니다 {cite:p}`simonyan2015very`. [독자들의 질문](09_vgg#questions-readers-ask)
# - **영어 글과 번역: 최대 풀링마다 필터 수가 두 배가 된다.** 64, 128, 256, 512, 512개입니다. 넷째 풀링 뒤에는
#   그대로입니다 {cite:p}`simonyan2015very`. [독자들의 질문](09_vgg#questions-readers-ask)
# - **영어 글: 배치 경사 하강법으로 훈련했다.** 256장씩 미니배치로, 모멘텀을 써서 훈련했습니다
#   {cite:p}`simonyan2015very`. [독자들의 질문](09_vgg#questions-readers-ask)
# - **번역: 첫 층에서 3×3 필터만 쓴 것이 AlexNet, ZFNet과 다르다.** 첫 층만이 아니라 모든 층에서 작은 필터를 씁니다.
#   영어 글은 그것을 AlexNet과 ZFNet의 첫 층과 견주었습니다 {cite:p}`simonyan2015very`.
#   [무엇을 만들게 될까요?](09_vgg#what-you-will-build)
# - **번역: 합성곱 세 층은 7×7과 같은 효과를 낸다.** 영어 글의 말은 보는 범위가 같다는 것입니다. 세 층의 가중치는
#   $49C^2$개가 아니라 $27C^2$개이고, 사이에 ReLU가 있어 비선형입니다.
#   [얼마나 멀리 볼까요?](09_vgg#how-far-does-it-see)

# %% [markdown] lang="en"
# ## VGG
#
# - **Lecture: the feature maps of VGG-16 are 24M in all, 96MB at 4 bytes each.** The numbers in its lines are right,
#   but their sum is 15.2M, or 61MB.
#   [How much memory does each layer need?](09_vgg#how-much-memory-does-each-layer-need)
# - **Lecture: with the backward pass about twice the memory is needed.** What PyTorch keeps for the backward pass are
#   60.9MB of feature maps and 12.2MB of indices of max pooling, 1.2 times the forward pass. It never holds the
#   gradients of all layers at once.
#   [How much memory does each layer need?](09_vgg#how-much-memory-does-each-layer-need)
# - **Lecture: there are experiments with 5 models, A, A-LRN, B, C, D, E.** They are 6 {cite:p}`simonyan2015very`.
#   [What you will build](09_vgg#what-you-will-build)
# - **Lecture: the deeper, the better.** Up to 16 layers it is so. At $S = 256$ the top-1 error of 16 layers (D) is
#   27.0%, of 19 (E) 27.3%; at $S = 384$ they are 26.8% and 26.9%, with random $S$ 25.6% and 25.5%
#   {cite:p}`simonyan2015very`. The table that the lecture copies has these numbers, too.
#   [What if only the depth changes?](09_vgg#what-if-only-the-depth-changes)
# - **Lecture: in VGG, the advantages of 1×1 convolutions are fewer dimensions and nonlinearity.** In VGG's C a 1×1
#   keeps the number of channels, so that only the nonlinearity is left. D, with 3×3 in those places, has the lower
#   error (28.1% and 27.0% at $S = 256$) {cite:p}`simonyan2015very`.
#   [Questions readers ask](09_vgg#questions-readers-ask)
# - **Lecture notes: two 3×3 have fewer parameters than one 5×5.** Only where about as many channels come in as go
#   out. In a first layer that reads 3 channels and gives 64, the 5×5 has 4,800 weights and two layers of 3×3 have
#   38,592. From 64 to 128 channels they have 204,800 and 221,184. [What does it save?](09_vgg#what-does-it-save)
# - **English article and its translation: VGG is a network of 19 layers with 7.3% error.** 7.3% is the mean of 7
#   networks, as submitted to the contest. The best results after the contest are 7.0% with 1 network and 6.8% with
#   the mean of 2 {cite:p}`simonyan2015very`. [The paper's claims, recomputed](09_vgg#the-paper-s-claims-recomputed)
# - **English article: configuration D was best.** Tested at one size, E has a top-1 error of 25.5% and D 25.6%; at
#   several sizes both have 24.8% {cite:p}`simonyan2015very`. [Questions readers ask](09_vgg#questions-readers-ask)
# - **English article and its translation: the number of filters doubles after each max pooling.** It is 64, 128, 256,
#   512, 512. After the fourth pooling it stays {cite:p}`simonyan2015very`.
#   [Questions readers ask](09_vgg#questions-readers-ask)
# - **English article: trained with batch gradient descent.** It was trained in mini-batches of 256, with momentum
#   {cite:p}`simonyan2015very`. [Questions readers ask](09_vgg#questions-readers-ask)
# - **Translation: what differs from AlexNet and ZFNet is that the first layer uses 3×3 filters only.** All layers use
#   small filters, not the first alone. The English article compares them with the first layers of AlexNet and ZFNet
#   {cite:p}`simonyan2015very`. [What you will build](09_vgg#what-you-will-build)
# - **Translation: three convolutional layers have the same effect as a 7×7.** What the English article says is that
#   they see the same extent. The three layers have not $49C^2$ but $27C^2$ weights, and with the ReLUs between them
#   they are nonlinear. [How far does it see?](09_vgg#how-far-does-it-see)

# %% [markdown] lang="ko"
# ## GoogLeNet
#
# - **강의: 64채널로 먼저 줄인 모듈은 연산이 358M번이다.** 강의가 적은 합성곱 6개를 더하면 271M번입니다. 줄인 3×3
#   합성곱의 87M번을 두 번 더하면 358M이 됩니다. 순진한 모듈의 854M은 맞습니다.
#   [계산량은 얼마일까요?](10_googlenet#what-it-costs)
# - **강의, 영어 글과 번역: GoogLeNet은 AlexNet보다 파라미터가 12배 적다.** 논문의 1절에 있는 말이지만, 세어 보면
#   60,965,224 / 6,998,552 = 8.7배입니다. 논문의 표 1에 적힌 수를 더해도 6.8M입니다 {cite:p}`szegedy2015going`.
#   [한 줄씩 다시 계산하기](10_googlenet#line-by-line)
# - **영어 글과 번역: 모두 100층이 넘는다.** 가중치가 있는 층은 가장 긴 길에 22개입니다. 논문이 약 100개라고 한 것은
#   나란히 놓인 것과 풀링까지 센 부품의 수입니다 {cite:p}`szegedy2015going`.
#   [한 줄씩 다시 계산하기](10_googlenet#line-by-line)
# - **강의, 영어 글과 번역: GoogLeNet에는 완전 연결층이 없다.** 출력층이 가중치 1,024,000개짜리 완전 연결층입니다.
#   없는 것은 출력층 앞의 은닉 완전 연결층입니다. 훈련할 때 붙이는 보조 분류기에는 그것도 있습니다.
#   [신경망 전체](10_googlenet#the-whole-network)
# - **영어 글과 번역: 고급 GPU 몇 대로 일주일 안에 훈련했다.** 논문은 CPU를 쓰는 분산 시스템에서 훈련했습니다. GPU
#   이야기는 어림입니다 {cite:p}`szegedy2015going`. [독자들의 질문](10_googlenet#questions-readers-ask)
# - **영어 글과 번역: 모듈 안의 풀링이 공간 크기를 줄인다.** 스트라이드가 1이고 패딩이 1이므로 줄지 않습니다. 줄이는
#   것은 모듈 사이의 풀링입니다. [네 가지 눈으로 한꺼번에](10_googlenet#four-looks-at-once)
# - **영어 글: 1×1 합성곱 뒤의 ReLU는 절대 해롭지 않다.** 채널을 줄여 놓고 음수를 모두 지우면 정보를 잃습니다. 이 책의
#   작은 신경망에서 선형으로 되살릴 수 없는 몫을 쟀습니다. 나중의 신경망은 이 까닭으로 좁은 층 뒤의 ReLU를 뺐습니다
#   {cite:p}`sandler2018mobilenetv2`. [독자들의 질문](10_googlenet#questions-readers-ask)
# - **강의: 행렬 연산에서 데이터가 희소해지는 것을 막는 것이 목표이다.** 희소한 것은 데이터가 아니라 연결, 곧
#   가중치입니다. 데이터는 모듈 안에서도 희소합니다. ReLU가 내놓은 값에 0이 많기 때문입니다.
#   [직접 훈련해서 재기](10_googlenet#training-it-and-measuring)
# - **강의: 전역 평균 풀링은 입력의 평행 이동에 강건하다.** 마지막 특징 맵이 통째로 한 칸 옮겨 갈 때는 평균이
#   그대로입니다. 그러나 창을 옮겨 가며 재면, 완전 연결층을 붙인 신경망과 거의 똑같이 약합니다.
#   [완전 연결층 대신 평균](10_googlenet#the-mean-in-place-of-dense-layers)
# - **강의: 보조 분류기는 기울기 소실을 막으려고 붙인다.** 그것이 논문의 의도였습니다. 작은 가중치에서 시작하면 앞쪽의
#   그레이디언트를 수십 배로 키우지만, He 초기화에서는 거의 바꾸지 않습니다. 저자들도 이듬해에는 규제로 작용한다고
#   적었습니다 {cite:p}`szegedy2016rethinking`.
#   [중간에 붙인 보조 분류기 둘](10_googlenet#two-auxiliary-classifiers-on-the-way)

# %% [markdown] lang="en"
# ## GoogLeNet
#
# - **Lecture: the module that first reduces to 64 channels needs 358M operations.** The 6 convolutions that the
#   lecture lists add up to 271M. With the 87M of the reduced 3×3 convolution counted twice they become 358M. The 854M
#   of the naive module are right. [What it costs](10_googlenet#what-it-costs)
# - **Lecture, English article and its translation: GoogLeNet has 12 times fewer parameters than AlexNet.** The paper
#   says so in section 1, but counted it is 60,965,224 / 6,998,552 = 8.7 times. The numbers printed in the paper's
#   table 1, too, add up to 6.8M {cite:p}`szegedy2015going`. [Line by line](10_googlenet#line-by-line)
# - **English article and its translation: over 100 layers in total.** The longest path has 22 layers with weights.
#   The paper's 100, roughly, are building blocks, those side by side and poolings included
#   {cite:p}`szegedy2015going`. [Line by line](10_googlenet#line-by-line)
# - **Lecture, English article and its translation: GoogLeNet has no fully connected layers.** The output layer is
#   one, with 1,024,000 weights. What is missing are hidden fully connected layers before the output. The auxiliary
#   classifiers, which are attached for training, have even these. [The whole network](10_googlenet#the-whole-network)
# - **English article and its translation: trained on a few high-end GPUs within a week.** The paper trained on CPUs,
#   with a distributed system. The GPUs are an estimate {cite:p}`szegedy2015going`.
#   [Questions readers ask](10_googlenet#questions-readers-ask)
# - **English article and its translation: the pooling in the module reduces spatial sizes.** With stride 1 and
#   padding 1 it does not. The poolings between modules do. [Four looks at once](10_googlenet#four-looks-at-once)
# - **English article: the ReLU after a 1×1 convolution definitely can't hurt.** To erase all negative values of
#   reduced channels loses information. In this book's small network we measured the part that cannot be recovered
#   linearly. A later network leaves out the ReLU after narrow layers for this reason
#   {cite:p}`sandler2018mobilenetv2`. [Questions readers ask](10_googlenet#questions-readers-ask)
# - **Lecture: the aim is to keep data from becoming sparse in matrix operations.** It is the connections, the
#   weights, that are sparse, not the data. The data are sparse inside the modules, too, since many values that leave
#   a ReLU are 0. [Training it, and measuring](10_googlenet#training-it-and-measuring)
# - **Lecture: global average pooling is robust to translations of the input.** The mean stays the same when the last
#   feature map moves by a whole cell. But measured with a shifted window, it is about as weak as a network with a
#   fully connected layer. [The mean in place of dense layers](10_googlenet#the-mean-in-place-of-dense-layers)
# - **Lecture: auxiliary classifiers are there to prevent vanishing gradients.** That was the paper's intention. From
#   small weights they make the gradients of the first layers tens of times larger, but from He initialisation they
#   hardly change them. A year later the authors, too, wrote that they act as a regulariser
#   {cite:p}`szegedy2016rethinking`.
#   [Two auxiliary classifiers on the way](10_googlenet#two-auxiliary-classifiers-on-the-way)

# %% [markdown] lang="ko"
# ## ResNet
#
# - **강의 노트: ResNet은 $F(x) + x$를 최소화하고, $F(x)$를 0에 가깝게 만드는 것이 목적이다.** 최소화하는 것은 언제나
#   손실이고, 거기에 $F$를 0으로 미는 항은 없습니다. $F(x) = H(x) - x$라고 놓는 것은 항등 사상을 기준으로 삼는
#   것입니다. 이 책에서 훈련한 56층에서 $F$의 크기는 어느 블록에서나 $x$의 10%가 넘고, $F$를 모두 0으로 놓으면 배운
#   것이 거의 다 사라집니다. [잔차를 배우는 블록](11_resnet#a-block-that-learns-the-residual),
#   [훈련이 끝난 $F$는 0일까요?](11_resnet#is-f-zero-after-training)
# - **강의 노트: 층을 깊게 쌓으면 훈련 오류는 작아지고 테스트 오류는 커진다.** 그것은 과적합입니다. ResNet이 푼 성능
#   저하 문제에서는 깊은 평범한 신경망의 훈련 오류율도 더 높습니다 {cite:p}`he2016deep`.
#   [성능 저하와 그 치료](11_resnet#degradation-and-its-cure)
# - **공부 노트: 각 층 사이에 연결을 해 준다.** 지름길은 층마다 있지 않고, 2층이나 3층으로 된 블록마다 하나 있습니다.
#   블록의 층이 하나뿐일 때는 논문이 이점을 보지 못했습니다 {cite:p}`he2016deep`.
#   [잔차를 배우는 블록](11_resnet#a-block-that-learns-the-residual)
# - **영어 글과 번역: 152층 신경망 ResNet이 오류율 3.6%로 ILSVRC 2015에서 우승했다.** 3.57%는 모델 6개를 앙상블한
#   top-5 테스트 오류율이고, 그 가운데 152층은 2개입니다. 152층 모델 하나만으로는 검증 세트에서 4.49%입니다
#   {cite:p}`he2016deep`. [주장을 다시 계산하기](11_resnet#the-claims-recomputed)
# - **영어 글과 번역: 보통의 합성곱 신경망에서 $F(x)$는 원래의 $x$에 관한 정보를 전혀 남기지 않는다.** 그렇지는
#   않습니다. 평범한 블록도 $x$를 그대로 내놓을 수 있습니다. 훈련한 8층에 그런 블록 24개를 끼워 만든 평범한 56층은
#   8층과 같은 답을 냅니다. 나타낼 수 없는 것이 아니라 찾기 어려운 것입니다.
#   [성능 저하와 그 치료](11_resnet#degradation-and-its-cure)
# - **영어 글과 번역: 덧셈이 그레이디언트를 나누어 주어 역전파에서 그레이디언트가 쉽게 흐르는 것도 효과의 까닭일 수
#   있다.** 덧셈이 그레이디언트를 그대로 내려보내는 것은 맞습니다. 그러나 배치 정규화가 있는 평범한 신경망에서도
#   그레이디언트는 사라지지 않고, 훈련 전에 재면 앞쪽에서 오히려 수천 배로 커집니다. 논문도 기울기 소실이 원인일 것
#   같지 않다고 적었습니다 {cite:p}`he2016deep`. [그레이디언트가 사라져서일까요?](11_resnet#do-the-gradients-vanish)
# - **영어 글과 번역: “ResNets inside of ResNets”의 링크는 arXiv 1608.02908이다.** 그 논문은 “Residual Networks of
#   Residual Networks”입니다 {cite:p}`zhang2018residual`. “Resnet in Resnet”은 다른 논문입니다
#   {cite:p}`targ2016resnet`. [더 깊이](11_resnet#deeper-still-110-and-1-202-layers)
# - **강의: ResNet은 테스트할 때 다섯 크기 {224, 256, 384, 480, 640}마다 224×224 조각을 10개씩 쓴다.** 논문에서 둘은
#   서로 다른 방법입니다. 비교할 때는 조각 10개를 쓰고, 가장 좋은 결과를 낼 때는 완전 합성곱으로 바꾼 신경망에 다섯
#   크기의 이미지를 통째로 넣어 점수를 평균합니다 {cite:p}`he2016deep`.

# %% [markdown] lang="en"
# ## ResNet
#
# - **Lecture notes: ResNet minimises $F(x) + x$, and the aim is to bring $F(x)$ close to 0.** What is minimised is
#   always the loss, and nothing in it pushes $F$ to 0. Writing $F(x) = H(x) - x$ makes the identity the point of
#   reference. In the 56 layers that this book trains, $F$ is more than 10% of $x$ in size in every block, and with
#   every $F$ at 0 almost all that was learned is gone.
#   [A block that learns the residual](11_resnet#a-block-that-learns-the-residual),
#   [Is $F$ zero after training?](11_resnet#is-f-zero-after-training)
# - **Lecture notes: with more layers the training error becomes smaller and the test error larger.** That is
#   overfitting. In the degradation problem, which ResNet solved, the training error of the deeper plain network is
#   higher as well {cite:p}`he2016deep`. [Degradation and its cure](11_resnet#degradation-and-its-cure)
# - **Study notes: connections are made between all layers.** There is no shortcut for each layer but one for each
#   block of 2 or 3 layers. With a single layer in a block the paper saw no advantage {cite:p}`he2016deep`.
#   [A block that learns the residual](11_resnet#a-block-that-learns-the-residual)
# - **English article and its translation: ResNet, a network of 152 layers, won ILSVRC 2015 with an error of 3.6%.**
#   3.57% is the top-5 test error of an ensemble of 6 models, 2 of them with 152 layers. A single model of 152 layers
#   has 4.49% on the validation set {cite:p}`he2016deep`. [The claims, recomputed](11_resnet#the-claims-recomputed)
# - **English article and its translation: in traditional convolutional networks $F(x)$ keeps no information about the
#   original $x$.** It need not be so. A plain block can pass on $x$ as it is. Put into 8 trained layers, 24 such
#   blocks make a plain network of 56, which gives the answers of the 8. The trouble is not that this cannot be
#   represented but that it is hard to find. [Degradation and its cure](11_resnet#degradation-and-its-cure)
# - **English article and its translation: it may also be effective because additions distribute the gradient, which
#   then flows easily in the backward pass.** An addition does pass on the gradient as it is. But in plain networks
#   with batch norm the gradient does not vanish either; measured before training, it grows by thousands towards the
#   first blocks. The paper, too, thinks vanishing gradients an unlikely cause {cite:p}`he2016deep`.
#   [Do the gradients vanish?](11_resnet#do-the-gradients-vanish)
# - **English article and its translation: the link of “ResNets inside of ResNets” is arXiv 1608.02908.** That paper
#   is “Residual Networks of Residual Networks” {cite:p}`zhang2018residual`. “Resnet in Resnet” is another
#   {cite:p}`targ2016resnet`. [Deeper still](11_resnet#deeper-still-110-and-1-202-layers)
# - **Lecture: in the test ResNet uses 10 crops of 224×224 at each of the five sizes {224, 256, 384, 480, 640}.** In
#   the paper these are two different ways. For comparisons it takes 10 crops; for the best results the network, made
#   fully convolutional, sees whole images at the five sizes, and the scores are averaged {cite:p}`he2016deep`.

# %% [markdown] lang="ko"
# ## DenseNet
#
# - **강의 노트: 이어 붙이므로 채널이 기하급수적으로 커진다.** 층마다 성장률 $k$개씩, 선형으로 늘어납니다. 층 $l$은
#   $k_0 + k(l - 1)$채널을 읽습니다. $k_0 = 64$, $k = 32$이면 24층 뒤에 832채널이고, 층마다 두 배가 된다면
#   1,073,741,824채널입니다. DenseNet-121의 블록에서 가장 많이 읽는 층은 992채널을 읽습니다
#   {cite:p}`huang2017densely`. [채널은 어떻게 늘어날까요?](12_densenet#how-do-the-channels-grow)
# - **강의 노트: 이어 붙이면 파라미터가 오히려 늘어나므로 중간중간 줄인다.** 블록의 파라미터는 깊이의 제곱으로
#   늘어나지만, 층이 좁아서 전체는 적습니다. 줄이지 않은 $L = 40$, $k = 12$의 DenseNet은 파라미터가 1,019,722개이고
#   CIFAR-10 오류율이 5.24%입니다. ResNet-110은 1,727,962개에 6.61%입니다 {cite:p}`huang2017densely`.
#   [독자들의 질문](12_densenet#questions-readers-ask)
# - **강의 노트: 블록 사이에서 1×1 필터로 채널 수를 줄인다.** 압축 $\theta < 1$을 쓸 때만 그렇습니다. $\theta = 1$이면
#   전환층은 채널을 그대로 두고 크기만 반으로 줄입니다. 논문의 표 2에서 처음 세 DenseNet이 그렇습니다
#   {cite:p}`huang2017densely`. [압축](12_densenet#compression)
# - **공부 노트: DenseNet은 ResNet을 모두 이은 것이다.** ResNet은 더하고 DenseNet은 이어 붙입니다. 더하기는 모든
#   출처에 같은 가중치를 쓰는 이어 붙이기와 같고, 이어 붙이면 출처마다 다른 가중치를 배울 수 있습니다
#   {cite:p}`chen2017dual`. [더하기와 이어 붙이기](12_densenet#adding-and-joining)

# %% [markdown] lang="en"
# ## DenseNet
#
# - **Lecture notes: since maps are joined, the channels grow exponentially.** They grow linearly, by the growth rate
#   $k$ with each layer. Layer $l$ reads $k_0 + k(l - 1)$ channels. With $k_0 = 64$ and $k = 32$ there are, after 24
#   layers, 832 channels; doubling with each layer would make 1,073,741,824. In the blocks of DenseNet-121 no layer
#   reads more than 992 {cite:p}`huang2017densely`. [How do the channels grow?](12_densenet#how-do-the-channels-grow)
# - **Lecture notes: joining makes the parameters more instead of fewer, so they are reduced in between.** The
#   parameters of a block grow with the square of its depth, but its layers are narrow, and the whole has few. Without
#   any reduction the DenseNet of $L = 40$, $k = 12$ has 1,019,722 parameters and 5.24% error on CIFAR-10. ResNet-110
#   has 1,727,962 and 6.61% {cite:p}`huang2017densely`. [Questions readers ask](12_densenet#questions-readers-ask)
# - **Lecture notes: between blocks a 1×1 filter reduces the channels.** Only with a compression $\theta < 1$. With
#   $\theta = 1$ a transition keeps the channels and halves the size. The first three DenseNets in table 2 of the
#   paper are of this kind {cite:p}`huang2017densely`. [Compression](12_densenet#compression)
# - **Study notes: DenseNet is ResNet with everything connected.** ResNet adds, DenseNet joins. Adding is the same as
#   joining with equal weights for all sources; joined, each source can have weights of its own
#   {cite:p}`chen2017dual`. [Adding and joining](12_densenet#adding-and-joining)

# %% [markdown] lang="ko"
# ## R-CNN에서 Fast R-CNN까지
#
# - **영어 글과 번역: 선택적 탐색은 물체가 들어 있을 확률이 가장 높은 영역 2,000개를 만든다.** 확률을 계산하지 않습니다. 조각을 합치면서 생긴 상자를 모두 내놓고, 늦게 합쳐진 것일수록 앞에 두되
#   난수를 곱해 섞습니다. 수도 정해져 있지 않습니다. 논문의 fast는 VOC 2007에서 그림마다 2,134개, quality는 10,097개를 냅니다
#   {cite:p}`uijlings2013selective` (표 5). [어디를 볼까요? 선택적 탐색](15_rcnn#where-to-look-selective-search)
# - **영어 글과 번역: R-CNN은 그림 한 장에 53초가 걸렸다.** CPU에서 그렇습니다. GPU에서는 13초이고, 둘 다 제안을 내놓는 시간을 더한 것입니다
#   {cite:p}`girshick2014rich` (2.2절). [주장을 다시 계산하기](15_rcnn#the-claims-recomputed)
# - **영어 글과 번역: 한 특징 벡터가 SVM에도 상자 회귀에도 들어간다.** 상자 회귀는 pool5의 특징을, 가장 좋은 결과를 낸 SVM은 fc7의 특징을 읽습니다
#   {cite:p}`girshick2014rich` (표 2, 부록 C). [상자를 고치기](15_rcnn#correcting-the-box)
# - **영어 글과 번역: Fast R-CNN이 제안들끼리 합성곱을 함께 쓰게 해서 속도 문제를 풀었다.** 합성곱을 한 번만 하는 것은 한 해 앞선 SPPNet이 했습니다
#   {cite:p}`he2014spatial`. Fast R-CNN이 새로 한 것은 합성곱층까지 손실 하나로 훈련하는 것입니다 {cite:p}`girshick2015fast`. [SPPNet: 합성곱은 한
#   번만](15_rcnn#sppnet-convolutions-only-once)
# - **영어 글과 번역: Fast R-CNN은 제안을 만드는 것과 신경망을 돌리는 것의 순서를 바꾸었다.** 제안은 여전히 그림에서 나오고 신경망과 관계가 없습니다. 바뀐 것은 그림이 아니라 특징 맵을 오려
#   낸다는 것입니다. [독자들의 질문](15_rcnn#questions-readers-ask)
# - **영어 글과 번역: R-CNN과 Fast R-CNN의 훈련 과정은 복잡하다.** R-CNN은 그렇습니다. Fast R-CNN은 손실 하나로 한 번에 훈련합니다
#   {cite:p}`girshick2015fast` (2.3절). 신경망 밖에 남은 것은 제안입니다. [Fast R-CNN: 하나로 훈련하기](15_rcnn#fast-r-cnn-trained-as-one)
# - **강의 노트: R-CNN은 상자를 2,000개 뽑는다.** 그림마다 다르고, 2,000개쯤입니다 {cite:p}`girshick2014rich` (2.2절). 이 장의 장면에서는 백여 개입니다. [어디를
#   볼까요? 선택적 탐색](15_rcnn#where-to-look-selective-search)
# - **강의 노트: SPPNet은 상자의 자리에 해당하는 텐서를 가져와 CNN을 적용한다.** 합성곱은 이미 끝났습니다. 가져온 자리를 피라미드 풀링하고 완전 연결층과 SVM에 넣습니다
#   {cite:p}`he2014spatial`. [SPPNet: 합성곱은 한 번만](15_rcnn#sppnet-convolutions-only-once)
# - **강의 노트: Fast R-CNN은 SPPNet에 신경망을 추가한 것이다.** SPPNet에도 신경망이 있습니다. Fast R-CNN은 SVM과 상자 회귀를 신경망의 두 출력층으로 바꾸고, 합성곱층까지
#   손실 하나로 훈련합니다 {cite:p}`girshick2015fast`. [Fast R-CNN: 하나로 훈련하기](15_rcnn#fast-r-cnn-trained-as-one)
# - **강의 노트: 상자를 뽑는 것을 학습시킨다. 따라서 R-CNN은 특징 추출부터 분류, 상자 회귀까지 하나의 모델에서 학습한다.** 하나로 학습하는 것은 Fast R-CNN이고, 상자를 뽑는 것은 거기서도
#   배우지 않습니다. 제안은 선택적 탐색이 내놓고, 배우는 것은 상자의 클래스와 고칠 양입니다 {cite:p}`girshick2015fast`. [독자들의
#   질문](15_rcnn#questions-readers-ask)

# %% [markdown] lang="en"
# ## From R-CNN to Fast R-CNN
#
# - **English article and translation: selective search generates the 2,000 regions with the highest probability of
#   containing an object.** It computes no probability. It puts forward the boxes of all segments that arise by
#   merging, those merged late first, stirred by a random number. Nor is the number fixed: in VOC 2007 the paper's
#   “fast” makes 2,134 a picture, “quality” 10,097 {cite:p}`uijlings2013selective` (table 5). [Where to look:
#   selective search](15_rcnn#where-to-look-selective-search)
# - **English article and translation: R-CNN took 53 seconds a picture.** On a CPU. On a GPU it is 13, and both
#   include the time for proposals {cite:p}`girshick2014rich` (section 2.2). [The claims,
#   recomputed](15_rcnn#the-claims-recomputed)
# - **English article and translation: one feature vector is fed to the SVMs and to the box regressor.** The
#   regression reads the features of pool5, the best SVMs those of fc7 {cite:p}`girshick2014rich` (table 2, appendix
#   C). [Correcting the box](15_rcnn#correcting-the-box)
# - **English article and translation: Fast R-CNN solved the problem of speed by sharing the convolutions between
#   proposals.** To compute them once is the idea of SPPNet, a year earlier {cite:p}`he2014spatial`. What Fast R-CNN
#   brought is to train everything, convolutional layers included, by one loss {cite:p}`girshick2015fast`. [SPPNet:
#   convolutions only once](15_rcnn#sppnet-convolutions-only-once)
# - **English article and translation: Fast R-CNN swapped the order of generating proposals and running the network.**
#   The proposals still come from the picture, without the network. What changed is that the feature maps are cut and
#   not the picture. [Questions readers ask](15_rcnn#questions-readers-ask)
# - **English article and translation: R-CNN and Fast R-CNN have a complex training pipeline.** R-CNN has. Fast R-CNN
#   is trained in one stage by one loss {cite:p}`girshick2015fast` (section 2.3). What is left outside of the network
#   is the proposals. [Fast R-CNN: trained as one](15_rcnn#fast-r-cnn-trained-as-one)
# - **Lecture notes: R-CNN takes 2,000 boxes.** The number depends on the picture and is about 2,000
#   {cite:p}`girshick2014rich` (section 2.2). In the scenes of this chapter it is a hundred-odd. [Where to look:
#   selective search](15_rcnn#where-to-look-selective-search)
# - **Lecture notes: SPPNet takes the tensor at the place of a box and applies a CNN to it.** The convolutions are
#   done by then. The place is pooled by a pyramid and passed to dense layers and SVMs {cite:p}`he2014spatial`.
#   [SPPNet: convolutions only once](15_rcnn#sppnet-convolutions-only-once)
# - **Lecture notes: Fast R-CNN is SPPNet with a neural network added.** SPPNet has a network. Fast R-CNN turns SVMs
#   and box regression into two output layers of it, and trains everything by one loss, convolutional layers included
#   {cite:p}`girshick2015fast`. [Fast R-CNN: trained as one](15_rcnn#fast-r-cnn-trained-as-one)
# - **Lecture notes: it learns to extract the boxes; thus R-CNN learns everything from features to classes and box
#   regression in one model.** The one model is Fast R-CNN, and to extract boxes is not learned even there. Selective
#   search proposes them; what is learned is a box's class and how to correct it {cite:p}`girshick2015fast`.
#   [Questions readers ask](15_rcnn#questions-readers-ask)

# %% [markdown] lang="ko"
# ## 적대적 예제
#
# - **영어 글과 번역: 적대적 예제를 생성적 적대 신경망의 절에서 함께 설명한다.** 독자들이 지적한 대로 둘은 다릅니다. 적대적 예제에서는 훈련된 신경망 하나를 그대로 두고 그림의 픽셀을 바꾸며,
#   GAN에서는 두 신경망의 가중치를 함께 훈련합니다. 공격하는 동안 가중치는 하나도 바뀌지 않습니다. [왜 GAN이 아닐까요?](18_adversarial#why-is-this-not-a-gan)
# - **영어 글과 번역: 예측 오류가 최대가 되도록 섭동을 준다.** 글이 가리키는 논문과 타조 그림에서는 그렇지 않습니다. 거기서는 목표 클래스를 정하고, 그 답을 하게 만드는 가장 작은 섭동을 찾습니다
#   {cite:p}`szegedy2014intriguing`. 손실을 키우는 것은 나중의 FGSM과 PGD이고, 그렇게 하면 고양이는 타조가 아니라 다른 종류의 고양이가 됩니다. [처음의 방법:
#   L-BFGS](18_adversarial#the-first-method-l-bfgs), [진짜 사진에서](18_adversarial#on-real-photos)
# - **영어 글과 번역: 적대적 예제는 합성곱 신경망을 속이는 그림이다.** 합성곱 신경망만의 일이 아닙니다. 3과 7을 가르는 로지스틱 회귀도 $\epsilon = 0.25$에서 거의 다 틀립니다. [선형
#   분류기부터](18_adversarial#a-linear-classifier-first)
# - **영어 글의 댓글에 달린 답: 합성곱 신경망은 사실상 잡음인 그림을 넣으면 엉뚱한 예측을 한다.** 적대적 예제는 잡음이 아니라 진짜 그림에 계산한 방향을 더한 것입니다. 네 배 큰 무작위 잡음을 더해도
#   타조의 확률은 1%에 못 미칩니다. 잡음에서 출발한 그림은 다른 논문의 주제입니다 {cite:p}`nguyen2015deep`. [왜 이렇게 조금만 바꾸어도
#   될까요?](18_adversarial#why-is-so-little-enough), [독자들의 질문](18_adversarial#questions-readers-ask)
# - **영어 글의 댓글에 달린 답: 적대 신경망은 이런 가짜 그림으로 신경망을 훈련한다는 생각을 이용한다.** 적대적 예제로 훈련하는 것은 적대적 훈련이고
#   {cite:p}`goodfellow2015explaining`, GAN의 판별자는 생성자가 만든 그림으로 훈련합니다. [방어: 적대적
#   훈련](18_adversarial#a-defence-adversarial-training)

# %% [markdown] lang="en"
# ## Adversarial examples
#
# - **English article and its translation: adversarial examples are explained in the section on generative adversarial
#   networks.** As its readers remarked, they are different things. For an adversarial example one trained network
#   stays as it is and the pixels of a picture change; in a GAN the weights of two networks are trained together.
#   During an attack not a single weight changes. [Why is this not a GAN?](18_adversarial#why-is-this-not-a-gan)
# - **English article and its translation: a perturbation is applied so that the prediction error is maximised.** Not
#   in the paper that it points to, nor in the pictures of ostriches. There a target class is chosen, and the smallest
#   perturbation that brings about this answer is looked for {cite:p}`szegedy2014intriguing`. Making the loss larger
#   is what FGSM and PGD do, which came later, and then the cat becomes another kind of cat and not an ostrich.
#   [The first method: L-BFGS](18_adversarial#the-first-method-l-bfgs), [On real
#   photos](18_adversarial#on-real-photos)
# - **English article and its translation: adversarial examples are images that fool ConvNets.** Not only those. A
#   logistic regression of 3 against 7 gets almost all wrong, too, with $\epsilon = 0.25$. [A linear classifier
#   first](18_adversarial#a-linear-classifier-first)
# - **English article, answer to a comment: ConvNets make terrible predictions when given basically a noise image.**
#   An adversarial example is not noise but a real picture plus a computed direction. Random noise four times as large
#   leaves the probability of an ostrich below 1%. Pictures that begin as noise are the subject of another paper
#   {cite:p}`nguyen2015deep`. [Why is so little enough?](18_adversarial#why-is-so-little-enough), [Questions readers
#   ask](18_adversarial#questions-readers-ask)
# - **English article, answer to a comment: adversarial networks play on the idea of training with such fake images.**
#   Training on adversarial examples is adversarial training {cite:p}`goodfellow2015explaining`; the discriminator of
#   a GAN is trained on pictures that a generator made. [A defence: adversarial
#   training](18_adversarial#a-defence-adversarial-training)

# %% [markdown] lang="ko"
# ## GAN
#
# - **영어 글과 번역: 생성자의 과제는 판별자가 정답을 내도록 훈련되게 그림을 만드는 것이다.** 반대입니다. 생성자는 판별자가 틀리도록, 만든 그림을 진짜라고 답하도록 훈련합니다. 값 $V$를 판별자는
#   크게, 생성자는 작게 합니다 {cite:p}`goodfellow2014generative` (식 1). [게임](19_gan#the-game), [독자들의
#   질문](19_gan#questions-readers-ask)
# - **영어 글과 번역: 적대적 예제에서 시작해 생성적 적대 신경망을 설명한다.** 다른 문제입니다. 고정된 LeNet을 속이려고 픽셀을 바꾼 그림은 확신이 거의 100%인데도 숫자로 보이지 않습니다.
#   GAN에서는 두 신경망의 가중치를 함께 훈련합니다. [GAN과 적대적 예제](19_gan#gans-and-adversarial-examples)
# - **영어 글과 번역: 판별자가 데이터의 내부 표현을 배우므로 특징 추출기로 쓸 수 있다.** 쓸 수 있다는 것까지는 맞습니다. 레이블 100개와 300개에서 픽셀보다 낫습니다. 그러나 우리 숫자에서는
#   훈련하지 않은 판별자의 특징도 그만큼 나아서(폭 32, 레이블 300개, 90.7%와 90.4%), 이 작은 과제에서 이득을 낸 것은 배운 표현이 아니라 구조입니다. [판별자의 특징을 다시
#   쓰기](19_gan#the-discriminator-s-features-used-again)
# - **영어 글과 번역: 두 방법이 함께 나아져서 마침내 가짜를 구별할 수 없게 된다.** 논문의 비유와 정리에서는 그렇습니다. 실제 훈련이 그리로 간다는 보장은 없습니다. 빠른 생성자는 여덟 무더기 가운데
#   하나만 그렸고, 긴 훈련의 판별자는 2,100걸음 뒤에 그림이 나빠지지 않았는데도 차이를 점점 더 크게 보았습니다. [모드 붕괴, 그리고 처방](19_gan#mode-collapse-and-cures),
#   [오래 훈련하면](19_gan#trained-for-longer)
# - **영어 글의 댓글에 달린 답: 적대 신경망은 이런 ‘가짜’ 그림으로 신경망을 훈련한다.** 적대적 예제가 아니라 생성자가 만든 그림으로 판별자를 훈련합니다. [GAN과 적대적
#   예제](19_gan#gans-and-adversarial-examples)

# %% [markdown] lang="en"
# ## GAN
#
# - **English article and its translation: the generator's task is to create images so that the discriminator gets
#   trained to produce the correct outputs.** The opposite. The generator is trained so that the discriminator is
#   wrong and calls made pictures real: the discriminator makes the value $V$ large, the generator makes it small
#   {cite:p}`goodfellow2014generative` (equation 1). [The game](19_gan#the-game), [Questions readers
#   ask](19_gan#questions-readers-ask)
# - **English article and its translation: generative adversarial networks are explained beginning with adversarial
#   examples.** They are different problems. Pictures whose pixels were changed to fool a LeNet that stands still have
#   almost 100% confidence and do not look like digits. In a GAN the weights of two networks are trained together.
#   [GANs and adversarial examples](19_gan#gans-and-adversarial-examples)
# - **English article and its translation: the discriminator learns an internal representation of the data and so can
#   be used as a feature extractor.** That it can be used so is right: with 100 and 300 labels it beats pixels. But on
#   our digits the features of an untrained discriminator are better by as much (width 32, 300 labels: 90.7%
#   and 90.4%), so that in this small task the gain comes from the architecture and not from what was learned. [The
#   discriminator's features, used again](19_gan#the-discriminator-s-features-used-again)
# - **English article and its translation: both improve until counterfeits are indistinguishable.** So it is in the
#   paper's comparison and theorem. Nothing guarantees that a training gets there. A fast generator drew only one of
#   eight heaps; and the discriminator of the long run saw larger and larger differences after step 2,100, although
#   the pictures did not become worse. [Mode collapse, and cures](19_gan#mode-collapse-and-cures), [Trained for
#   longer](19_gan#trained-for-longer)
# - **English article, answer to a comment: adversarial networks train a network with these “fake” images.** The
#   discriminator is trained with what the generator makes, not with adversarial examples. [GANs and adversarial
#   examples](19_gan#gans-and-adversarial-examples)

# %% [markdown] lang="ko"
# ## 공간 변환 신경망
#
# - **영어 글: 공간 변환기는 입력 그림에 아핀 변환을 하는 것이다.** 아핀은 한 가지입니다. 논문은 어텐션(배율과 이동), 사영 변환, 박판 스플라인도 썼고, 모듈은 그림뿐 아니라 층 사이의 특징 맵도
#   변환합니다 {cite:p}`jaderberg2015spatial`. [독자들의 질문](21_stn#questions-readers-ask)
# - **영어 글: CNN을 회전과 크기에 불변으로 만들려면 훈련 데이터가 많아야 하는데, 공간 변환기가 그 문제를 던다.** 변환기도 돌린 숫자를 보고 배워야 합니다. 바로 선 숫자만 보고 배운 것은 돌린
#   숫자에서 크게 틀립니다. 논문의 표 1에서도 모든 신경망이 같은 변형 데이터로 훈련했고, CNN도 1.2%까지 내려갑니다 {cite:p}`jaderberg2015spatial`. [독자들의
#   질문](21_stn#questions-readers-ask)
# - **영어 글: 표준 CNN 구조를 바꾸지 않고 그림을 바꾼다.** 파라미터 수를 같게 하면 분류기가 좁아집니다. 20,000개 가운데 11,358개를 변환기가 씁니다. [신경망에 끼워
#   넣기](21_stn#dropped-into-a-network)

# %% [markdown] lang="en"
# ## Spatial transformer networks
#
# - **English article: a spatial transformer makes affine transformations to the input image.** Affine is one kind.
#   The paper also uses attention (scale and shift), projective transformations and thin plate splines, and the module
#   transforms feature maps between layers as well as images {cite:p}`jaderberg2015spatial`. [Questions readers
#   ask](21_stn#questions-readers-ask)
# - **English article: a CNN needs many examples to become invariant to rotation and scale, and the transformer helps
#   with that.** A transformer must learn from turned digits, too. One that has seen upright digits alone makes many
#   mistakes on turned ones. In table 1 of the paper all networks are trained on the same distorted data, and the CNN
#   reaches 1.2% as well {cite:p}`jaderberg2015spatial`. [Questions readers ask](21_stn#questions-readers-ask)
# - **English article: the image is changed instead of the architecture of the CNN.** With equally many parameters the
#   classifier becomes narrower: the transformer takes 11,358 of 20,000. [Dropped into a
#   network](21_stn#dropped-into-a-network)

# %% [markdown] lang="ko"
# ## 의미론적 분할
#
# - **강의 노트: 최대 언풀링은 위치를 기억했다가 그 위치에 값을 복원하므로 정보 손실을 방지한다.** 자리를 되찾을 뿐입니다. 2×2 창마다 네 값 가운데 셋은 사라졌고 그 자리에는 0이 놓입니다. 못
#   침대보다 처음 지도에 가깝지만 처음 지도는 아닙니다. [언풀링 세 가지](14_segmentation#three-kinds-of-unpooling)
# - **강의 노트: 언풀링은 풀링층에서 생긴 축소에, deconvolution은 합성곱층에서 생긴 축소에 쓴다.** 그렇게 나뉘지 않습니다. VGG-16에서 나온 FCN에서는 합성곱이 크기를 그대로 두고 축소는 모두
#   풀링에서 생기는데, 키우는 것은 모두 전치 합성곱입니다 {cite:p}`long2015fully` (3.3절). U-Net도 그렇습니다. DeconvNet의 전치 합성곱은 크기를 바꾸지 않습니다. [세
#   신경망](14_segmentation#three-networks)
# - **강의 노트: deconvolution은 출력된 이미지를 패딩과 스트라이드를 조절해 3×3으로 필터링하여 원래의 크기로 맞추는 작업이다.** 전치 합성곱의 필터는 3×3이 아니어도 됩니다. FCN-8s의 마지막은
#   16×16, U-Net은 2×2입니다. 스트라이드 2에 3×3이면 오히려 바둑판무늬가 생깁니다. [바둑판무늬와 그 치료](14_segmentation#the-checkerboard-and-its-cure)
# - **강의 노트: 이 작업을 Unsampling이라고 한다.** 업샘플링(upsampling)입니다. 표본을 없애는 것이 아니라 더 촘촘하게 만드는 일입니다.
# - **강의 노트: FCN은 입력 이미지가 굉장히 크든 작든 동작한다.** 커지는 쪽으로는 그렇습니다. 작은 쪽에는 한계가 있습니다. 합성곱으로 바꾼 첫 완전 연결층의 필터가 7×7칸이므로 패딩이 없으면
#   VGG-16에는 224픽셀 이상이 필요합니다. 논문은 그림마다 100픽셀씩 덧대어 이 문제를 피했습니다. [완전 연결층을
#   합성곱으로](14_segmentation#a-dense-layer-is-a-convolution)

# %% [markdown] lang="en"
# ## Semantic segmentation
#
# - **Lecture notes: max unpooling remembers the places and restores the values there, which prevents the loss of
#   information.** It recovers the places alone. Three of the four values of each 2×2 window are gone, and zeros stand
#   in their places. The result is nearer to the first map than that of a bed of nails, but it is not that map. [Three
#   kinds of unpooling](14_segmentation#three-kinds-of-unpooling)
# - **Lecture notes: unpooling is for what pooling layers have reduced, deconvolution for what convolutional layers
#   have reduced.** They are not divided like this. In the FCN made from VGG-16 convolutions keep the size, all
#   reduction is by pooling, and all enlarging is by transposed convolutions {cite:p}`long2015fully` (section 3.3). So
#   it is in U-Net. The transposed convolutions of DeconvNet do not change the size. [Three
#   networks](14_segmentation#three-networks)
# - **Lecture notes: deconvolution filters the output by 3×3, with padding and stride adjusted, so that it has the
#   first size again.** The filter of a transposed convolution need not be 3×3. The last one of FCN-8s is 16×16, those
#   of U-Net are 2×2. With stride 2 it is the 3×3 that makes a checkerboard. [The checkerboard, and its
#   cure](14_segmentation#the-checkerboard-and-its-cure)
# - **Lecture notes: this is called “unsampling”.** It is upsampling: samples are not taken away but made denser.
# - **Lecture notes: an FCN works however large or small the input is.** However large, yes. There is a limit to how
#   small: the first dense layer becomes a filter of 7×7 cells, so that without padding VGG-16 needs 224 pixels or
#   more. The paper pads each picture by 100 pixels to get around this. [A dense layer is a
#   convolution](14_segmentation#a-dense-layer-is-a-convolution)

# %% [markdown] lang="ko"
# ## 이미지 캡션 생성
#
# - **영어 글과 번역: 영역 20개를 500차원 공간에 넣는다.** 논문이 적은 공동 공간의 차원은 1,000에서 1,600 사이입니다 {cite:p}`karpathy2015deep`. [영역과 낱말을 한
#   공간에](20_captioning#regions-and-words-in-one-space)
# - **영어 글과 번역: 두 벡터의 내적이 그림과 문장이 얼마나 비슷한지를 잰다.** 내적은 영역 하나와 낱말 하나의 것입니다. 그림과 문장의 점수는 낱말마다 가장 큰 내적을 골라 더한 것입니다
#   {cite:p}`karpathy2015deep`. [영역과 낱말을 한 공간에](20_captioning#regions-and-words-in-one-space)
# - **영어 글과 번역: 정렬 모델의 주된 목적은 영역과 글의 데이터 세트를 만드는 것이고, 생성 모델은 그 데이터 세트로 배운다.** 영역을 설명하는 모델은 그렇습니다. 그림 전체를 설명하는 모델은 그림과
#   문장의 짝으로 바로 배웁니다. 논문의 표 2가 그 모델이고 표 3이 영역의 모델입니다 {cite:p}`karpathy2015deep`. 정렬 모델은 그것만으로도 찾아오기에 쓰이고 표 1이 그 결과입니다.
#   [쓰기: 영역 하나에서 말 한 토막](20_captioning#writing-from-one-region-to-a-snippet)
# - **영어 글과 번역: 순환 신경망의 기능은 문장 속 여러 낱말의 확률 분포를 만드는 것이다.** 그것은 쓰는 데 쓸 때의 일입니다. 순환 신경망은 수열을 상태로 읽는 신경망이고, 이 논문의 정렬 모델에서는
#   확률 없이 낱말의 벡터를 만듭니다. [순환 신경망을 손으로](20_captioning#a-recurrent-network-by-hand)

# %% [markdown] lang="en"
# ## Image captioning
#
# - **English article and translation: the 20 regions are embedded in a space of 500 dimensions.** The paper gives
#   between 1,000 and 1,600 dimensions for the shared space {cite:p}`karpathy2015deep`. [Regions and words in one
#   space](20_captioning#regions-and-words-in-one-space)
# - **English article and translation: an inner product measures how similar picture and sentence are.** An inner
#   product is that of one region with one word. The score of a picture with a sentence takes the largest for each
#   word and adds them up {cite:p}`karpathy2015deep`. [Regions and words in one
#   space](20_captioning#regions-and-words-in-one-space)
# - **English article and translation: the main purpose of the alignment model is to make a data set of regions and
#   text, and the generation model learns from it.** So it is with the model that describes regions. The model that
#   describes whole pictures learns from pairs of pictures and sentences directly; table 2 of the paper is about that
#   one, table 3 about the one for regions {cite:p}`karpathy2015deep`. The alignment model also serves by itself, for
#   retrieval, which is table 1. [Writing: from one region to a
#   snippet](20_captioning#writing-from-one-region-to-a-snippet)
# - **English article and translation: the function of a recurrent network is to form probability distributions over
#   the words of a sentence.** That is what it does when it writes. A recurrent network reads a sequence into a state;
#   in the alignment model of this paper it makes vectors of words, without any probability. [A recurrent network by
#   hand](20_captioning#a-recurrent-network-by-hand)

# %% [markdown] lang="ko"
# ## Faster R-CNN
#
# - **영어 글과 번역: Faster R-CNN은 R-CNN과 Fast R-CNN의 복잡한 훈련 과정을 해결하려고 나왔다.** 논문이 드는 까닭은 제안에 걸리는 시간입니다. Fast R-CNN은 이미 손실
#   하나로 훈련했고, NIPS 논문의 Faster R-CNN은 네 단계로 번갈아 훈련합니다 {cite:p}`ren2015faster`. [독자들의
#   질문](16_faster_rcnn#questions-readers-ask)
# - **영어 글과 번역: 그다음은 R-CNN과 같은 과정(RoI 풀링, 완전 연결층, 분류와 회귀의 출력)이다.** R-CNN에는 RoI 풀링도 회귀 출력층도 없습니다. 제안을 오려 내어 신경망에 넣고
#   SVM으로 분류합니다. RPN 다음은 Fast R-CNN입니다 {cite:p}`girshick2015fast`. [함께 훈련하기](16_faster_rcnn#trained-together)
# - **강의 노트: RPN은 이미지의 특성 영역에 물체가 있을지 없을지 알아낸다.** 그것만이 아닙니다. 앵커마다 상자를 고치는 네 수도 냅니다. 논문에서 이것을 빼면 제안 300개에서 mAP가 56.8에서
#   52.1로 낮아지고 {cite:p}`ren2015faster` (표 1), 우리 장면에서는 IoU 0.7에서 제안의 재현율이 낮아집니다. [제안은 얼마나
#   좋을까요?](16_faster_rcnn#how-good-are-the-proposals)
# - **강의 노트: 앵커 박스는 미리 정해 놓은 바운딩 박스 크기이다.** 크기와 비율을 정해 특징 맵의 모든 칸에 놓은 상자이고, 답이 아니라 예측의 기준입니다. [앵커: 늘 같은 자리에 있는
#   상자](16_faster_rcnn#anchors-boxes-that-are-always-there)
# - **강의 노트: Faster R-CNN은 마지막에 쓸모 있는 바운딩 박스인지 YES나 NO로 계산한다.** 그것은 처음 절반인 RPN의 객체성입니다. 마지막에는 클래스마다의 점수와 배경의 점수를
#   소프트맥스로 내고 상자를 한 번 더 고칩니다 {cite:p}`ren2015faster`. [탐지기 전체](16_faster_rcnn#the-whole-detector)

# %% [markdown] lang="en"
# ## Faster R-CNN
#
# - **English article and translation: Faster R-CNN works to combat the complex training pipeline of R-CNN and Fast
#   R-CNN.** The reason in the paper is the time for proposals. Fast R-CNN is trained by one loss already, and the
#   Faster R-CNN of the NIPS paper is trained in four alternating steps {cite:p}`ren2015faster`. [Questions readers
#   ask](16_faster_rcnn#questions-readers-ask)
# - **English article and translation: from there the same pipeline as R-CNN is used (RoI pooling, dense layers,
#   classification and regression heads).** R-CNN has neither RoI pooling nor a regression head: it crops proposals,
#   passes them through the network and classifies by SVMs. What follows the RPN is Fast R-CNN
#   {cite:p}`girshick2015fast`. [Trained together](16_faster_rcnn#trained-together)
# - **Lecture notes: the RPN finds out whether there is an object in a region.** Not only that: for each anchor it
#   also gives four numbers that correct the box. Without them the paper's mAP at 300 proposals falls from 56.8 to
#   52.1 {cite:p}`ren2015faster` (table 1), and in our scenes the recall of the proposals at an IoU of 0.7 falls. [How
#   good are the proposals?](16_faster_rcnn#how-good-are-the-proposals)
# - **Lecture notes: an anchor box is a bounding-box size fixed beforehand.** It is a box of fixed size and ratio at
#   every cell of the maps, and no answer but the reference of predictions. [Anchors: boxes that are always
#   there](16_faster_rcnn#anchors-boxes-that-are-always-there)
# - **Lecture notes: Faster R-CNN computes at the end whether a box is useful, YES or NO.** That is the objectness of
#   the RPN, the first half. At the end there is a softmax over all classes and the background, and the box is
#   corrected once more {cite:p}`ren2015faster`. [The whole detector](16_faster_rcnn#the-whole-detector)

# %% [markdown] lang="ko"
# ## YOLO
#
# - **강의 노트: (x, y)는 바운딩 박스의 중심점 좌표이며 w, h는 넓이와 높이를 나타낸다.** w는 넓이가 아니라 폭입니다. x와 y는 그림이 아니라 칸 안의 위치이고, w와 h는 그림 전체에 대한
#   비율입니다. 신경망은 그 제곱근을 내놓습니다 {cite:p}`redmon2016you` (2절, 2.2절). [길이가 정해진 답](17_yolo#an-answer-of-fixed-length)
# - **강의 노트: Faster R-CNN처럼 쓸모 있는 상자인지 YES 또는 NO를 계산한다.** 예와 아니오가 아닙니다. 신뢰도는 물체가 있을 확률과 IoU의 곱이라서, 물체가 확실히 있어도 상자가
#   어긋나면 낮습니다 {cite:p}`redmon2016you` (2절). [신뢰도 = P(물체) · IoU](17_yolo#confidence-p-object-iou)
# - **강의 노트: 물체가 있을 확률 P(Object)와 IoU를 곱해서 계산한다.** 테스트할 때 곱하는 것이 아닙니다. 정답이 없으면 IoU를 알 수 없습니다. 신경망은 곱을 수 하나로 배우고, 곱하는
#   것은 클래스 확률입니다. 또 λ_noobj = 0.5로 훈련하면 그 수는 곱보다 큽니다. [왜 0.5와 5일까요?](17_yolo#why-0-5-and-5)
# - **강의 노트: 각 격자 영역에서 물체가 있을 만한 영역에 해당하는 B개의 바운딩 박스를 예측한다.** 칸마다 상자 B개를 언제나 내놓으며, 물체가 있을 만한 곳을 고르지 않습니다. 상자는 칸을 벗어날 수
#   있고 중심만 칸에 있습니다 {cite:p}`redmon2016you` (2절). [길이가 정해진 답](17_yolo#an-answer-of-fixed-length)

# %% [markdown] lang="en"
# ## YOLO
#
# - **Lecture notes: (x, y) are the coordinates of the box's centre, w and h its area and height.** w is not the area
#   but the width. x and y are places within the cell and not in the picture; w and h are shares of the whole picture.
#   What the network gives are their roots {cite:p}`redmon2016you` (sections 2 and 2.2). [An answer of fixed
#   length](17_yolo#an-answer-of-fixed-length)
# - **Lecture notes: as in Faster R-CNN it computes YES or NO, whether a box is useful.** It is not yes or no. The
#   confidence is the probability of an object times the IoU, so it is low where there surely is an object but the box
#   is off {cite:p}`redmon2016you` (section 2). [Confidence = P(object) · IoU](17_yolo#confidence-p-object-iou)
# - **Lecture notes: it is computed by multiplying P(object) by the IoU.** Nothing is multiplied at test time: without
#   the truth there is no IoU. The network learns the product as one number; what that is multiplied by is the class
#   probability. And trained with λ_noobj = 0.5 the number is larger than the product. [Why 0.5 and
#   5?](17_yolo#why-0-5-and-5)
# - **Lecture notes: in each cell it predicts B boxes for the regions where an object is likely.** Every cell always
#   gives B boxes; none chooses likely regions. A box may leave its cell, only its centre lies there
#   {cite:p}`redmon2016you` (section 2). [An answer of fixed length](17_yolo#an-answer-of-fixed-length)

# %% [markdown] lang="ko"
# ## 논문 안에서 서로 맞지 않는 곳
#
# 논문 자체에 있는 것이고, 자료가 그대로 옮긴 것도 있습니다. 논문의 결과를 바꾸지는 않습니다.
#
# - **LeNet 논문: C3의 연결은 156,000개이고 전체는 345,308개이다.** C3의 파라미터 1,516개가 10×10 자리에서 쓰이므로
#   연결은 151,600개입니다. 출력층의 연결 840개까지 더하면 전체는 340,908개입니다 {cite:p}`lecun1998gradient`.
#   [LeNet](04_lenet#the-paper-s-claims-recomputed)
# - **AlexNet 논문: 입력의 폭은 224이다.** 폭 11, 스트라이드 4이면 54.25가 됩니다. 논문의 55가 나오려면 227이어야
#   합니다. 224의 양쪽에 2칸씩 덧대고 내림해도 55입니다 {cite:p}`krizhevsky2012imagenet`.
#   [강의의 숫자를 다시 계산하기](03_convolution#the-lecture-s-numbers-recomputed)
# - **AlexNet 논문: 첫 층의 뉴런은 253,440개이다.** 253,440은 55×48×96이고, 55×55×96은 290,400입니다
#   {cite:p}`krizhevsky2012imagenet`. [강의의 숫자를 다시 계산하기](03_convolution#the-lecture-s-numbers-recomputed)
# - **AlexNet 논문: 합성곱층은 어느 것이나 파라미터의 1%를 넘지 않는다.** conv3에 1.45%, conv4에 1.09%가 있습니다
#   {cite:p}`krizhevsky2012imagenet`. [논문의 표와 견주기](07_alexnet#against-the-paper-s-table)
# - **AlexNet 논문과 강의: 256×256에서 224×224 창을 자르고 반전하면 데이터가 2,048배가 된다.** 32 · 32 · 2 = 2,048은
#   창이 놓일 수 있는 양 끝 가운데 하나를 빠뜨린 수입니다. 모두 세면 33 · 33 · 2 = 2,178입니다
#   {cite:p}`krizhevsky2012imagenet`.
#   [창과 거울상, 그리고 열 개의 창](07_alexnet#windows-mirror-images-and-the-ten-windows)
# - **ZFNet 논문: 신경망 하나가 얻은 1.7퍼센트포인트는 테스트 오류율의 차이이다.** 표 2에서 18.2%와 16.5%는 둘 다 검증
#   세트의 top-5 오류율입니다 {cite:p}`zeiler2014visualizing`. [주장을 다시 계산하기](08_zfnet#the-claims-recomputed)
# - **GoogLeNet 논문과 강의의 표 3: 신경망 7개와 144장의 오류율은 기준보다 3.45 낮다.** 같은 표의 10.07%에서 6.67%를
#   빼면 3.40입니다 {cite:p}`szegedy2015going`. [주장을 다시 계산하기](10_googlenet#the-claims-recomputed)
# - **GoogLeNet 논문과 강의의 표 1: 파라미터는 첫 합성곱 2.7K, 4c 463K, 4d 580K, 5a 1072K, 5b 1388K이다.** 같은 줄에
#   적힌 필터의 수로 세면 가중치가 9,408개, 509,440개, 604,672개, 1,042,432개, 1,442,816개입니다. K를 1,000으로 보든
#   1,024로 보든 맞지 않습니다. 연산도 첫 합성곱은 34M이 아니라 118M, 5a는 54M이 아니라 51M입니다
#   {cite:p}`szegedy2015going`. [한 줄씩 다시 계산하기](10_googlenet#line-by-line)
# - **DenseNet 논문: DenseNet-264의 블록은 6, 12, 64, 48층이다.** 그러면 265층입니다. 121층, 169층, 201층은 맞습니다
#   {cite:p}`huang2017densely`. [논문의 주장을 다시 계산하기](12_densenet#the-paper-s-claims-recomputed)
# - **DenseNet 논문: 확률적 깊이로 훈련한 1,202층 ResNet의 파라미터는 10.2M개이다.** 세면 19,421,274개이고, ResNet
#   논문의 표 6에도 19.4M이라고 적혀 있습니다 {cite:p}`huang2017densely,he2016deep`.
#   [논문의 주장을 다시 계산하기](12_densenet#the-paper-s-claims-recomputed)
# - 선택적 탐색 논문에서 전략 하나의 재현율과 MABO와 상자 수가 본문에는 0.875, 0.698, 286개, 표에는 0.840, 0.690, 289개로 적혀 있습니다
#   {cite:p}`uijlings2013selective`.
# - Fast R-CNN 논문에서 SPPNet의 훈련 시간이 표 4에는 25시간, 본문에는 25.5시간입니다 {cite:p}`girshick2015fast`.
# - **DCGAN 논문: 특징 28,672개, 가장 위층의 특징 맵은 512개.** 특징 맵의 수가 층마다 두 배가 되면, 4×4로 풀링한 28,672개는
#   $16 \cdot (256 + 512 + 1{,}024)$이고, 512개에서 끝나면 14,336개입니다 {cite:p}`radford2016unsupervised`. [주장을 다시 계산하기](19_gan#the-claims-recomputed)
# - **공간 변환기 논문: 식 7은 샘플러의 (열)미분이다.** 자리가 정수이면 식을 글자 그대로 읽을 때 기울기가 아니라 픽셀의 값이 나오고, 이것은 왼쪽과 오른쪽 기울기 사이에 있지 않을 수 있습니다.
#   값이 모두 5인 줄에서 0이 아니라 5입니다. 라이브러리는 오른쪽 기울기를 씁니다 {cite:p}`jaderberg2015spatial`. [픽셀 바로
#   위에서는?](21_stn#and-exactly-on-a-pixel)
# - **널리 퍼진 오해: 표 1의 FCN은 완전 합성곱 신경망이다.** 그 논문에서는 완전 연결 신경망입니다 {cite:p}`jaderberg2015spatial`. [신경망에 끼워
#   넣기](21_stn#dropped-into-a-network)
# - 정렬 논문의 Flickr30K 표에서 Vinyals 등의 줄(23/63/5, 17/57/8)은 Show and Tell 표 5의 MNLM 줄과 같습니다. Show and Tell의 모델은 17/56/7과
#   17/57/7입니다 {cite:p}`karpathy2015deep,vinyals2015show`. [주장을 다시 계산하기](20_captioning#the-claims-recomputed)
# - Show and Tell은 표 6을 “4.3.7”이라고 가리킵니다 {cite:p}`vinyals2015show`.
# - λ는 NIPS 논문에서 기호이고 각주가 공개 코드의 값을 10이라고 적습니다. 저널판은 10을 기본값으로 적습니다 {cite:p}`ren2015faster`.
# - 2015년의 arXiv 첫 판은 다른 신경망입니다. 출력이 7×7×24이고 칸마다 상자가 하나이며 손실도 다릅니다. 7×7×30, λ_coord = 5, λ_noobj = 0.5는 CVPR 2016의
#   것입니다 {cite:p}`redmon2016you`. [독자들의 질문](17_yolo#questions-readers-ask)

# %% [markdown] lang="en"
# ## Where papers disagree with themselves
#
# These stand in the papers themselves, and the sources copy some of them. They do not change the papers' results.
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
# - **AlexNet paper: no convolutional layer has more than 1% of the parameters.** conv3 has 1.45% and conv4 1.09%
#   {cite:p}`krizhevsky2012imagenet`. [Against the paper's table](07_alexnet#against-the-paper-s-table)
# - **AlexNet paper, and the lecture: from 256×256, windows of 224×224 and their mirror images make the data 2,048
#   times as many.** 32 · 32 · 2 = 2,048 leaves out one of the two ends at which a window can stand. All places are 33
#   · 33 · 2 = 2,178 {cite:p}`krizhevsky2012imagenet`.
#   [Windows, mirror images, and the ten windows](07_alexnet#windows-mirror-images-and-the-ten-windows)
# - **ZFNet paper: the 1.7 percentage points that a single network gains are a difference in test error.** In table 2
#   both 18.2% and 16.5% are top-5 errors on the validation set {cite:p}`zeiler2014visualizing`.
#   [The claims, recomputed](08_zfnet#the-claims-recomputed)
# - **GoogLeNet paper, table 3, and the lecture: the error of 7 networks and 144 crops is 3.45 below the base.** In
#   the same table 10.07% less 6.67% is 3.40 {cite:p}`szegedy2015going`.
#   [The claims, recomputed](10_googlenet#the-claims-recomputed)
# - **GoogLeNet paper, table 1, and the lecture: the parameters are 2.7K in the first convolution, 463K in 4c, 580K in
#   4d, 1072K in 5a, 1388K in 5b.** By the numbers of filters in the same lines the weights are 9,408, 509,440,
#   604,672, 1,042,432 and 1,442,816. They do not agree, whether K is 1,000 or 1,024. Nor do the operations: the first
#   convolution has not 34M but 118M, and 5a not 54M but 51M {cite:p}`szegedy2015going`.
#   [Line by line](10_googlenet#line-by-line)
# - **DenseNet paper: the blocks of DenseNet-264 have 6, 12, 64 and 48 layers.** That makes 265 layers. 121, 169 and
#   201 agree {cite:p}`huang2017densely`. [The paper's claims, recomputed](12_densenet#the-paper-s-claims-recomputed)
# - **DenseNet paper: the ResNet of 1,202 layers trained with stochastic depth has 10.2M parameters.** Counted, it has
#   19,421,274, and table 6 of the ResNet paper says 19.4M, too {cite:p}`huang2017densely,he2016deep`.
#   [The paper's claims, recomputed](12_densenet#the-paper-s-claims-recomputed)
# - In the paper of selective search the single strategy has a recall, MABO and number of boxes of 0.875, 0.698 and
#   286 in the text, of 0.840, 0.690 and 289 in the table {cite:p}`uijlings2013selective`.
# - In the paper of Fast R-CNN the training time of SPPNet is 25 hours in table 4, 25.5 hours in the text
#   {cite:p}`girshick2015fast`.
# - **DCGAN paper: 28,672 features, 512 maps in the top layer.** If maps double from layer to layer, 28,672, pooled to
#   4×4, is $16 \cdot (256 + 512 + 1{,}024)$, and ending at 512 it would be 14,336 {cite:p}`radford2016unsupervised`. [The claims,
#   recomputed](19_gan#the-claims-recomputed)
# - **Spatial transformer paper: equation 7 is the (sub-)gradient of the sampler.** Where a place is a whole number,
#   the formula to the letter gives not a slope but the value of the pixel, which need not lie between the slopes on
#   the left and right: in a row where all values are 5 it is 5 and not 0. Libraries take the slope on the right
#   {cite:p}`jaderberg2015spatial`. [And exactly on a pixel?](21_stn#and-exactly-on-a-pixel)
# - **A common misreading: FCN in table 1 is a fully convolutional network.** In that paper it is a fully connected
#   one {cite:p}`jaderberg2015spatial`. [Dropped into a network](21_stn#dropped-into-a-network)
# - In the alignment paper's table for Flickr30K, the row of Vinyals et al. (23/63/5, 17/57/8) is the row of MNLM in
#   table 5 of Show and Tell. The model of Show and Tell has 17/56/7 and 17/57/7
#   {cite:p}`karpathy2015deep,vinyals2015show`. [The claims, recomputed](20_captioning#the-claims-recomputed)
# - Show and Tell refers to its table 6 as “4.3.7” {cite:p}`vinyals2015show`.
# - λ is a symbol in the NIPS paper, and a footnote gives 10 as the value of the published code; the journal version
#   gives 10 as its default {cite:p}`ren2015faster`.
# - The first version on arXiv, of 2015, is another network, with an output of 7×7×24, one box a cell and another
#   loss. 7×7×30, λ_coord = 5 and λ_noobj = 0.5 are those of CVPR 2016 {cite:p}`redmon2016you`. [Questions readers
#   ask](17_yolo#questions-readers-ask)

# %% [markdown] lang="ko"
# ## 다시 계산하기
#
# 위의 수를 셀이 다시 계산합니다. 하나라도 맞지 않으면 이 책은 만들어지지 않습니다.

# %% [markdown] lang="en"
# ## Recomputed
#
# A cell computes the figures above again. If one of them does not agree, this book is not built.

# %%
import torch

from cnnbook import models, outputs

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


def count(name, **options):
    """Parameters of a network, counted on the device meta, where tensors have shapes only."""
    with torch.device("meta"):
        network = models.create(name, **options)
    return sum(parameter.numel() for parameter in network.parameters())


def module(channels, one, reduce_three, three, reduce_five, five, pooled):
    """Weights of a module of GoogLeNet, from the numbers of filters in a line of the paper's table 1."""
    ones = channels * (one + reduce_three + reduce_five + pooled)
    return ones + 3**2 * reduce_three * three + 5**2 * reduce_five * five


def two_threes(before, channels):
    return 3**2 * before * channels + 3**2 * channels * channels


alexnet, googlenet = count("alexnet"), count("googlenet")
conv3, conv4 = 384 * (3**2 * 256 + 1), 384 * (3**2 * 192 + 1)

width, maps, pooled = 224, 3 * 224**2, 0  # VGG-16: the values of all feature maps, and those that pooling gives
for channels, layers in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
    maps += layers * channels * width**2
    width //= 2
    pooled += channels * width**2
maps += pooled + 4_096 + 4_096 + 1_000
saved = 4 * (maps - 1_000) / 1e6  # MB; the logits need not be kept

threes = 28**2 * 64 * 3**2 * 192  # GoogLeNet's module in the lecture: its 3×3 convolution, after the reduction
naive = 28**2 * 256 * (128 + 3**2 * 192 + 5**2 * 96)
reduced = 28**2 * 256 * (64 + 64 + 128 + 64) + threes + 28**2 * 64 * 5**2 * 96
first = 7**2 * 3 * 64
lines = [first, module(512, 128, 128, 256, 24, 64, 64), module(512, 112, 144, 288, 32, 64, 64)]
lines += [module(832, 256, 160, 320, 32, 128, 128), module(832, 384, 192, 384, 48, 128, 128)]

family = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32), 264: (6, 12, 64, 48)}
entering = zip((64, 128, 256, 512), family[121], strict=True)
plain = {"blocks": (12, 12, 12), "growth_rate": 12, "bottleneck": False, "compression": 1.0}  # L = 40, k = 12

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
    ("AlexNet, parameters", alexnet, 60_965_224),
    ("AlexNet, conv3 and conv4, %", [round(100 * each / alexnet, 2) for each in (conv3, conv4)], [1.45, 1.09]),
    ("windows as printed", (256 - 224) ** 2 * 2, 2_048),
    ("windows at both ends", (256 - 224 + 1) ** 2 * 2, 2_178),
    ("places over a pixel, at least", (11 // 4) ** 2, 4),
    ("ZFNet, points gained", round(18.2 - 16.5, 1), 1.7),
    ("VGG-16, feature maps, M", round(maps / 1e6, 1), 15.2),
    ("VGG-16, MB at 4 bytes", round(4 * maps / 1e6), 61),
    ("VGG-16, kept for backward, MB", [round(saved, 1), round(8 * pooled / 1e6, 1)], [60.9, 12.2]),
    ("VGG-16, backward / forward", round((saved + 8 * pooled / 1e6) / (4 * maps / 1e6), 1), 1.2),
    ("5 · 5 and two 3 · 3, 3 → 64", [5**2 * 3 * 64, two_threes(3, 64)], [4_800, 38_592]),
    ("5 · 5 and two 3 · 3, 64 → 128", [5**2 * 64 * 128, two_threes(64, 128)], [204_800, 221_184]),
    ("7 · 7 and three 3 · 3", [7**2, 3 * 3**2], [49, 27]),
    ("naive module, M", round(naive / 1e6), 854),
    ("reduced module, M", round(reduced / 1e6), 271),
    ("its 3 · 3 convolution, M", round(threes / 1e6), 87),
    ("that counted twice, M", round((reduced + threes) / 1e6), 358),
    ("GoogLeNet, parameters", googlenet, 6_998_552),
    ("AlexNet / GoogLeNet", round(alexnet / googlenet, 1), 8.7),
    ("GoogLeNet, output layer", 1_024 * 1_000, 1_024_000),
    ("10.07 − 6.67", round(10.07 - 6.67, 2), 3.4),
    ("conv1, 4c, 4d, 5a, 5b", lines, [9_408, 509_440, 604_672, 1_042_432, 1_442_816]),
    ("operations, conv1 and 5a, M", [round(first * 112**2 / 1e6), round(lines[3] * 7**2 / 1e6)], [118, 51]),
    ("plain 8 layers and 24 blocks", 8 + 24 * 2, 56),
    ("ResNet, 1,202 layers", count("resnet20", num_classes=10, blocks=200), 19_421_274),
    ("DenseNet, 24 layers", [64 + 32 * 24, 64 * 2**24], [832, 1_073_741_824]),
    ("DenseNet-121, most read", max(begin + 32 * (layers - 1) for begin, layers in entering), 992),
    ("DenseNet, L = 40", count("densenet_bc_100_12", num_classes=10, **plain), 1_019_722),
    ("ResNet-110", count("resnet110", num_classes=10), 1_727_962),
    ("DenseNets, layers", [2 * sum(blocks) + 5 for blocks in family.values()], [121, 169, 201, 265]),
]
for what, recomputed, printed in claims:
    assert recomputed == printed, f"{what}: {recomputed}, not {printed}"
    shown = ", ".join(f"{value:,}" for value in (recomputed if isinstance(recomputed, list) else [recomputed]))
    print(f"{what:30}{shown:>45}")
