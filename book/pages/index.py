# %% [markdown] lang="ko"
# # 합성곱 신경망, 차근차근 쌓아 올리기
#
# 이미지가 숫자의 격자라는 데서 시작하여, 합성곱 신경망을 하나씩 손으로 만들고 재어 보는 교과서입니다. 장마다 노트북
# 하나이고, 한국어와 영어로 같은 내용을 같은 코드로 읽을 수 있습니다.
#
# 파이썬을 알고 미적분을 조금 아는 사람이라면 누구나 읽을 수 있습니다. 장은 모두 GPU도 네트워크도 없는 노트북
# 컴퓨터에서 처음부터 끝까지 돌아갑니다.
#
# **[보기](01_seeing)부터 읽으세요.** 직접 돌려 보려면 [읽고 실행하는 방법](howto)을 먼저 보세요.

# %% [markdown] lang="en"
# # Convolutional networks, built up
#
# A textbook that starts from an image as a grid of numbers and builds convolutional networks by hand, one after
# another, and measures them. Each chapter is a notebook, and you can read the same content with the same code in
# Korean and in English.
#
# It is for anybody who knows Python and a little calculus. Every chapter runs from beginning to end on a laptop that
# has neither a GPU nor a network connection.
#
# **Start with [seeing](01_seeing).** To run it yourself, see [how to read and run](howto) first.

# %% [markdown] lang="ko"
# ## 무엇이 있나요?
#
# | 장 | 제목 | 만드는 것 |
# |--:|---|---|
# | 1 | **[보기](01_seeing)** | 숫자로 된 이미지, 다섯 가지 어려움, 최근접 이웃, 소프트맥스 회귀 |
# | 2 | **[배우기](02_learning)** | 경사 하강법, 다층 퍼셉트론, 손으로 하는 역전파 |
# | 3 | **[합성곱](03_convolution)** | 필터, 반복문과 행렬 곱으로 만든 합성곱, 풀링, 수용 영역 |
# | 4 | **[LeNet](04_lenet)** | LeNet-5, 훈련 루프, 진짜 손글씨 숫자로 하는 훈련 |
# | 5 | **[CIFAR-10](05_cifar10)** | 컬러 사진 분류기, 학습률 감쇠, 가중치의 평균 |
# | 6 | **[훈련](06_training)** | 초기화, 데이터 증강, 드롭아웃, 배치 정규화 |
# | 7 | **[AlexNet](07_alexnet)** | AlexNet, 국소 응답 정규화, 중첩 풀링 |
# | 8 | **[ZFNet](08_zfnet)** | 층을 들여다보는 디컨브넷, 가림 실험 |
# | 9 | **[VGG](09_vgg)** | 표 하나에서 나온 여섯 가지 구성 |
# | 10 | **[GoogLeNet](10_googlenet)** | 인셉션 모듈, 1×1 합성곱, 전역 평균 풀링 |
# | 11 | **[ResNet](11_resnet)** | 잔차 블록, 지름길 연결, 성능 저하 문제 |
# | 12 | **[DenseNet](12_densenet)** | 밀집 블록, 전환층 |
# | 13 | **[그 뒤](13_after)** | ResNeXt, SE, MobileNet, EfficientNet, ConvNeXt, ViT의 블록 |
# | 14 | **[분할](14_segmentation)** | 완전 합성곱 신경망, 언풀링, 전치 합성곱, U-Net |
# | 15 | **[R-CNN](15_rcnn)** | 선택적 탐색, R-CNN, SPPNet, Fast R-CNN |
# | 16 | **[Faster R-CNN](16_faster_rcnn)** | 앵커 박스, 영역 제안 신경망 |
# | 17 | **[YOLO](17_yolo)** | 격자 탐지기와 그 손실 |
# | 18 | **[적대적 예제](18_adversarial)** | 입력의 그레이디언트로 하는 공격과 방어 |
# | 19 | **[GAN](19_gan)** | 생성자와 판별자, 모드 붕괴 |
# | 20 | **[캡션](20_captioning)** | 이미지와 문장의 정렬, 캡션 생성 |
# | 21 | **[공간 변환기](21_stn)** | 로컬라이제이션 네트워크, 샘플링 격자 |
#
# 실습에서는 독자가 코드를 쓰고, 단계마다 검사를 받습니다. 여는 방법은 [실습](howto#labs) 절에 있습니다.
#
# | 번호 | 실습 | 하는 일 |
# |--:|---|---|
# | 1 | **[MNIST](01_mnist)** | 크기 공식에서 훈련된 LeNet까지: 합성곱, 훈련 단계, 평가 |
# | 2 | **[CIFAR-10](02_cifar10)** | 장에서 본 신경망, 훈련 스크립트의 버그 셋, 혼동 행렬, 예산 안에서 고르는 훈련 레시피 |
# | 3 | **[CIFAR-100](03_cifar100)** | 과제: 예산 안에서 가장 높은 정확도, 그리고 이 책이 실행한 결과의 표 |
# | 4 | **[재학습](04_retraining)** | 사전 학습된 모델 위에 만드는, 내 사진의 분류기 |
# | 5 | **[들여다보기](05_looking_inside)** | 필터, 특징 맵, 디컨브넷, 가림, Grad-CAM, 최근접 이웃, 스타일 전이 |
#
# 말뜻은 [용어](glossary)에, 기호는 [표기법](notation)에 모았습니다.

# %% [markdown] lang="en"
# ## What is there
#
# | no. | title | what it builds |
# |--:|---|---|
# | 1 | **[Seeing](01_seeing)** | an image as numbers, the five challenges, nearest neighbour, softmax regression |
# | 2 | **[Learning](02_learning)** | gradient descent, the multilayer perceptron, backpropagation by hand |
# | 3 | **[Convolution](03_convolution)** | filters, convolution by loops and by a matrix product, pooling, receptive fields |
# | 4 | **[LeNet](04_lenet)** | LeNet-5, the training loop, training on real handwritten digits |
# | 5 | **[CIFAR-10](05_cifar10)** | a classifier of colour photos, learning-rate decay, averaged weights |
# | 6 | **[Training](06_training)** | initialisation, data augmentation, dropout, batch normalisation |
# | 7 | **[AlexNet](07_alexnet)** | AlexNet, local response normalisation, overlapping pooling |
# | 8 | **[ZFNet](08_zfnet)** | the deconvnet that looks into the layers, the occlusion experiment |
# | 9 | **[VGG](09_vgg)** | six configurations from one table |
# | 10 | **[GoogLeNet](10_googlenet)** | the Inception module, 1×1 convolution, global average pooling |
# | 11 | **[ResNet](11_resnet)** | the residual block, shortcuts, the degradation problem |
# | 12 | **[DenseNet](12_densenet)** | the dense block, the transition layer |
# | 13 | **[After](13_after)** | the blocks of ResNeXt, SE, MobileNet, EfficientNet, ConvNeXt, ViT |
# | 14 | **[Segmentation](14_segmentation)** | the fully convolutional network, unpooling, transposed convolution, U-Net |
# | 15 | **[R-CNN](15_rcnn)** | selective search, R-CNN, SPPNet, Fast R-CNN |
# | 16 | **[Faster R-CNN](16_faster_rcnn)** | anchor boxes, the region proposal network |
# | 17 | **[YOLO](17_yolo)** | the grid detector and its loss |
# | 18 | **[Adversarial examples](18_adversarial)** | attacks by the gradient of the input, and a defence |
# | 19 | **[GAN](19_gan)** | generator and discriminator, mode collapse |
# | 20 | **[Captioning](20_captioning)** | alignment of images and sentences, caption generation |
# | 21 | **[Spatial transformers](21_stn)** | the localisation network, the sampling grid |
#
# In a lab you write the code, and each step is checked. The section on [labs](howto#labs) says how to open one.
#
# | no. | lab | what you do |
# |--:|---|---|
# | 1 | **[MNIST](01_mnist)** | from the size formula to a trained LeNet: a convolution, the training step, the evaluation |
# | 2 | **[CIFAR-10](02_cifar10)** | the chapter's network, three bugs in a training script, a confusion matrix, a recipe within a budget |
# | 3 | **[CIFAR-100](03_cifar100)** | the assignment: the best accuracy within a budget, and a table of our own runs |
# | 4 | **[Retraining](04_retraining)** | a classifier of your own photos on top of a pretrained network |
# | 5 | **[Looking inside](05_looking_inside)** | filters, feature maps, deconvnet, occlusion, Grad-CAM, nearest neighbours, style transfer |
#
# Words are explained in the [glossary](glossary), symbols under [notation](notation).

# %% [markdown] lang="ko"
# ## 왜 믿을 수 있나요?
#
# - 모든 노트북은 처음부터 끝까지 실행되는 테스트입니다. 셀 하나라도 실패하면 책이 만들어지지 않습니다.
# - 두 언어는 한 원본에서 나옵니다. 코드는 하나이고, 두 글의 숫자, 수식, 그림, 인용이 같은지를 도구가 검사합니다.
# - 본문의 숫자는 셀이 계산하거나 논문을 인용한 것입니다. 계산이나 논문과 어긋난 주장은 [정오표](errata)에 적습니다.
# - 손으로 만든 것은 바로 다음에 라이브러리와 견주어 확인하고, 훈련한 신경망이 더 단순한 방법을 이기지 못하면 그 장은
#   테스트에서 실패합니다.

# %% [markdown] lang="en"
# ## Why you can trust it
#
# - Every notebook is a test that runs from beginning to end. If a single cell fails, the book is not built.
# - Both languages come from one source. There is one code, and a tool checks that numbers, formulas, figures and
#   citations of the two texts agree.
# - A number in the text is computed by a cell or cited from a paper. Claims that computation or the papers contradict
#   are listed under [errata](errata).
# - What is built by hand is compared with a library right after, and a chapter whose trained network does not beat
#   simpler methods fails its test.
