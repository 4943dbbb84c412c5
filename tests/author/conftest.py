"""A small project in a folder with a space and Korean letters in its name, for the author's tool to work on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CHAPTER = '''# %% [markdown] lang="ko"
# # 크기
#
# 출력의 크기를 세어 봅니다.

# %% [markdown] lang="en"
# # Sizes
#
# We count the size of an output.

# %% tags=["nbval-check-output"]
print((5 - 3 + 2) // 2 + 1)

# %% [markdown] lang="ko"
# ## 그림 그리기
#
# 이제 그림을 그립니다. 폭은 $W$칸입니다.

# %% [markdown] lang="en"
# ## A picture
#
# Now we draw a picture. Its width is $W$ cells.

# %% alt_ko="네모" alt_en="A square" caption_ko="네모 하나" caption_en="One square"
from IPython.display import SVG

SVG('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" viewBox="0 0 9 9"><path d="M0 0H9V9Z"/></svg>')

# %% [markdown] lang="ko"
# ## 더 읽을거리
#
# 없습니다.

# %% [markdown] lang="en"
# ## What to read
#
# Nothing.
'''

HOME = '''# %% [markdown] lang="ko"
# # 책
#
# [크기](03_sizes)를 읽으세요.

# %% [markdown] lang="en"
# # Book
#
# Read [sizes](03_sizes).
'''

QUIZ = '''- question: {ko: "폭은 얼마입니까?", en: "What is the width?"}
  options:
    - {ko: 셋, en: three, right: true, why: {ko: 세어 보면 셋입니다., en: Counting gives three.}}
    - {ko: 다섯, en: five, why: {ko: 셋입니다., en: It is three.}}
''' * 3

CONTENTS = '''format: jb-book
root: en/index
parts:
  - caption: "Part I: foundations"
    chapters:
      - file: en/03_sizes
'''


LAB = '''# %% [markdown] lang="ko"
# # 넓이
#
# [크기](03_sizes)에서 배운 것으로 넓이를 셉니다.

# %% [markdown] lang="en"
# # Areas
#
# With what we learned in [sizes](03_sizes) we count areas.

# %%
from cnnbook import check
from cnnbook.exercises import Exercise, register, text

register(
    Exercise(
        "lab_area",
        case=lambda rng: dict(width=rng.randint(2, 9)),
        reference=lambda width: width**2,
        hints=[text(ko="곱하세요.", en="Multiply."), text(ko="제곱입니다.", en="A square.")],
        lab="02_areas",
    )
)

# %% [markdown] lang="ko"
# ## 넓이
#
# 정사각형의 넓이를 쓰세요.

# %% [markdown] lang="en"
# ## The area
#
# Write the area of a square.

# %% tags=["exercise"] name="area"
def area(width):
    """The cells of a square."""
    ### BEGIN SOLUTION
    return width**2
    ### END SOLUTION

# %%
check.exercise("lab_area", area)

# %% tags=["nbval-check-output"]
if check.done("lab_area"):
    print(area(3))

# %%
check.score("02_areas")
'''


class Project:
    """The small project, and the tool run on it as a user runs it."""

    def __init__(self, root: Path):
        self.root = root
        for name in ("book/languages", "book/theme", "book/locale", "utils/cnnbook"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("book/_config.yml", "book/refs.bib", "book/glossary.csv", "pyproject.toml"):
            shutil.copyfile(ROOT / name, root / name)
        self.write("book/_toc.yml", CONTENTS)
        self.write("book/pages/index.py", HOME)
        self.write("chapters/03_sizes.py", CHAPTER)
        self.write("book/quiz/03_sizes.yml", QUIZ)

    def add_lab(self) -> None:
        self.write("labs/02_areas.py", LAB)
        self.write("book/_toc.yml", CONTENTS + "  - caption: Labs\n    chapters:\n      - file: en/02_areas\n")
        self.edit("chapters/03_sizes.py", "# 없습니다.", "# [실습](02_areas)")
        self.edit("chapters/03_sizes.py", "# Nothing.", "# [The lab](02_areas)")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def read(self, name: str) -> str:
        return (self.root / name).read_text("utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text
        self.write(name, text.replace(old, new))

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        here = os.pathsep.join(str(ROOT / name) for name in ("book", "utils"))
        environment = os.environ | {"CNNBOOK_ROOT": str(self.root), "PYTHONPATH": here}
        return subprocess.Popen([sys.executable, "-m", "author", *arguments], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, cwd=self.root, env=environment, **options)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and everything that was printed."""
        process = self.start(*arguments)
        output = process.communicate(timeout=300)[0]
        return process.returncode, output


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "내 책 one")
