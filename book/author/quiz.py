"""Quizzes: one YAML file a chapter in book/quiz, shown before the last section of the page."""

from __future__ import annotations

import html
import re
from pathlib import Path

import yaml

from author import paths, prose
from author.source import Fault, Prose, Source


def file_of(source: Source) -> Path:
    return paths.BOOK / "quiz" / f"{source.slug}.yml"


def exists(source: Source) -> bool:
    return file_of(source).is_file()


def load(source: Source) -> list[dict]:
    return yaml.safe_load(file_of(source).read_text("utf-8"))


def place(source: Source) -> int:
    """Index of the cell that the quiz comes before: the last prose that begins a `##` section."""
    language = next(iter(paths.languages()))
    starts = [index for index, cell in enumerate(source.cells)
              if isinstance(cell, Prose) and re.match(r"## ", cell.texts[language])]
    return starts[-1] if starts else -1


def faults(source: Source) -> list[Fault]:
    """What is wrong with a chapter's quiz file; the message names the question."""
    path = file_of(source)
    if not path.is_file():
        return []
    try:
        questions = load(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [Fault(path, mark.line + 1 if mark else 1, 0, f"is not YAML: {getattr(error, 'problem', error)}")]
    if not isinstance(questions, list) or not 3 <= len(questions) <= 5:
        return [Fault(path, 1, 0, "needs a list of three to five questions")]
    found = []
    for number, question in enumerate(questions, 1):
        options = question.get("options") if isinstance(question, dict) else None
        if not isinstance(options, list) or sum(bool(option.get("right")) for option in options) != 1:
            found.append(Fault(path, 1, 0, f"question {number} needs a list of options, exactly one with right: true"))
            continue
        for language in paths.languages():
            texts = [question.get("question", {}), *options, *(option.get("why") or {} for option in options)]
            if not all(str(text.get(language) or "").strip() for text in texts):
                found.append(Fault(path, 1, 0, f"question {number} lacks text in {language!r}: the question, each "
                                               "option and each option's why need it"))
    return found


def for_notebook(source: Source, language: str) -> str:
    """Markdown with <details>, which Colab, GitHub and JupyterLab unfold without any script."""
    words = paths.languages()[language]
    lines = [f"## {words['quiz']}", "", words["quiz_lead"], ""]
    for number, question in enumerate(load(source), 1):
        lines += [f"**{words['question']} {number}.** {prose.for_notebook(question['question'][language]).strip()}", ""]
        for option in question["options"]:
            verdict = words["right"] if option.get("right") else words["wrong"]
            lines += [f"<details><summary>{html.escape(option[language].strip(), quote=False)}</summary>", "",
                      f"{verdict} {prose.for_notebook(option['why'][language]).strip()}", "", "</details>", ""]
    return "\n".join(lines).rstrip()


def for_site(source: Source, language: str) -> str:
    """MyST with sphinx-design's dropdowns: <details> too, with formulas inside."""
    words = paths.languages()[language]
    name = prose.name_of(source.slug)
    lines = [f"({name}-quiz)=", f"## {words['quiz']}", "", words["quiz_lead"], ""]
    for number, question in enumerate(load(source), 1):
        lines += [f"::::{{admonition}} {words['question']} {number}", ":class: quiz", "",
                  prose.for_site(question["question"][language].strip(), source.slug, []), ""]
        for option in question["options"]:
            right = bool(option.get("right"))
            lines += [f":::{{dropdown}} {option[language].strip()}",
                      f":class-container: quiz-option quiz-{'right' if right else 'wrong'}", "",
                      f"**{words['right' if right else 'wrong']}** "
                      f"{prose.for_site(option['why'][language].strip(), source.slug, [])}", ":::", ""]
        lines += ["::::", ""]
    return "\n".join(lines)
