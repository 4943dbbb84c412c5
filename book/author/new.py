"""Begins a chapter: a bilingual source with the parts that every chapter has, in their order."""

from __future__ import annotations

import re

from author import paths

SECTIONS = [
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


class NewError(Exception):
    """A name on the command line that cannot be used; the message says why."""


def cell(language: str, text: str) -> str:
    body = "\n".join(f"# {line}".rstrip() for line in text.splitlines())
    return f'# %% [markdown] lang="{language}"\n{body}\n'


def chapter(slug: str) -> int:
    """Write chapters/SLUG.py. Raises NewError where the slug is not like 05_cifar10 or the chapter is there."""
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", slug):
        raise NewError(f"{slug!r} is no chapter's name; expected two digits and small letters, as in 05_cifar10")
    path = paths.CHAPTERS / f"{slug}.py"
    taken = [other for other in paths.chapters() if other.stem[:2] == slug[:2]]
    if taken:
        raise NewError(f"{paths.shown(taken[0])} has the number {slug[:2]} already")
    name = slug[3:].replace("_", " ")
    cells = [cell("ko", f"# {name}: 한국어 제목"), cell("en", f"# {name}")]
    for korean, english in SECTIONS:
        cells += [cell("ko", f"## {korean}"), cell("en", f"## {english}")]
    paths.write(path, "\n".join(cells))
    print(f"{paths.shown(path)} is there, with the sections of a chapter. Next:\n"
          f"  add `- file: en/{slug}` to book/_toc.yml\n"
          f"  write three to five questions in book/quiz/{slug}.yml, as the other chapters have them\n"
          "  run `python -m author check`, then `make notebooks` and `make book`")
    return 0
