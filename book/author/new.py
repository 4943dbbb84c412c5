"""Begins a chapter or a lab: a bilingual source with the parts that every one has, in their order."""

from __future__ import annotations

import re

from author import paths

CHAPTER = [
    ("무엇을 만드나요?", "What you will build"),
    ("무엇이 필요한가요?", "What you need"),
    ("질문", "The question"),
    ("손으로 만들기", "Built by hand"),
    ("신경망 전체", "The whole network"),
    ("훈련하기", "Training it"),
    ("긴 실행", "The long run"),
    ("논문의 주장을 다시 계산하기", "The paper's claims, recomputed"),
    ("독자의 질문", "Questions readers ask"),
    ("연습", "Exercises"),
    ("더 읽을거리", "What to read"),
]
LAB = [
    ("무엇을 하나요?", "What you will do"),
    ("첫째 단계", "The first step"),
    ("스스로 해 보기", "On your own"),
    ("점수", "Score"),
    ("더 읽을거리", "What to read"),
]
STEP = """# %% tags=["exercise"] name="{name}_first"
def first(width):
    ### BEGIN SOLUTION
    return width
    ### END SOLUTION


# %%
check.exercise("{name}_first", first)
"""
KINDS = {
    "chapter": (paths.CHAPTERS, CHAPTER, {},
                "write three to five questions in book/quiz/{slug}.yml, as the other chapters have them"),
    "lab": (paths.LABS, LAB, {"What you will do": "# %%\nfrom cnnbook import check\n", "The first step": STEP,
                              "Score": '# %%\ncheck.score("{slug}")\n'},
            'write its exercises in utils/cnnbook/exercises/lab_{name}.py, each with lab="{slug}"'),
}  # folder of the sources, sections, code after a section, the step that comes after the contents


class NewError(Exception):
    """A name on the command line that cannot be used; the message says why."""


def cell(language: str, text: str) -> str:
    body = "\n".join(f"# {line}".rstrip() for line in text.splitlines())
    return f'# %% [markdown] lang="{language}"\n{body}\n'


def begin(kind: str, slug: str) -> int:
    """Write the source of a chapter or a lab. Raises NewError where the slug is not like 05_cifar10, or is taken."""
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", slug):
        raise NewError(f"{slug!r} is no {kind}'s name; expected two digits and small letters, as in 05_cifar10")
    folder, sections, codes, next_step = KINDS[kind]
    taken = [other for other in paths.sources() if other.stem == slug or
             (other.parent == folder and other.stem[:2] == slug[:2])]
    if taken:
        what = "name" if taken[0].stem == slug else f"number {slug[:2]}"
        raise NewError(f"{paths.shown(taken[0])} has the {what} already")
    words = {"slug": slug, "name": slug[3:]}
    title = slug[3:].replace("_", " ")
    cells = [cell("ko", f"# {title}: 한국어 제목"), cell("en", f"# {title}")]
    for korean, english in sections:
        cells += [cell("ko", f"## {korean}"), cell("en", f"## {english}")]
        if english in codes:
            cells.append(codes[english].format(**words))
    path = folder / f"{slug}.py"
    paths.write(path, "\n".join(cells))
    print(f"{paths.shown(path)} is there, with the sections of a {kind}. Next:\n"
          f"  add `- file: en/{slug}` to book/_toc.yml\n"
          f"  {next_step.format(**words)}\n"
          "  run `python -m author check`, then `make notebooks` and `make book`")
    return 0
