"""Quizzes: one YAML file a chapter in book/quiz, shown before the last section of the page."""

from __future__ import annotations

import re
from pathlib import Path

from markdown_it import MarkdownIt

from author import paths, prose
from author.source import Fault, Prose, Source, SourceError


def file_of(source: Source) -> Path:
    return paths.BOOK / "quiz" / f"{source.slug}.yml"


def exists(source: Source) -> bool:
    return file_of(source).is_file()


def load(source: Source) -> list[dict]:
    """A chapter's questions. Raises SourceError, with a fault for each, where one is not as it must be."""
    path = file_of(source)
    try:
        questions = paths.load_yaml(path)
    except paths.SettingError as error:
        raise SourceError([Fault(path, 1, 0, str(error).partition(": ")[2])]) from None
    found: list[Fault] = []
    if not isinstance(questions, list) or not 3 <= len(questions) <= 5:
        found.append(Fault(path, 1, 0, "needs a list of three to five questions"))
        questions = []
    for number, question in enumerate(questions, 1):
        options = question.get("options") if isinstance(question, dict) else None
        if not (isinstance(options, list) and all(isinstance(option, dict) for option in options)
                and sum(option.get("right") is True for option in options) == 1):
            found.append(Fault(path, 1, 0, f"question {number} needs a list of options, exactly one with right: true"))
        elif not all(written(text) for text in texts_of(question)):
            found.append(Fault(path, 1, 0, f"question {number} lacks text: the question, each option and each option's "
                                           f"why need text in {', '.join(paths.languages())}, in quotes if a number"))
    if found:
        raise SourceError(found)
    return questions


def texts_of(question: dict) -> list:
    """Every text of a question, language → Markdown: the question, then each option and its why."""
    found = [question.get("question")]
    for option in question["options"]:
        found += [{language: option.get(language) for language in paths.languages()}, option.get("why")]
    return found


def written(text) -> bool:
    return isinstance(text, dict) and all(isinstance(text.get(language), str) and text[language].strip()
                                          for language in paths.languages())


def place(source: Source) -> int:
    """Index of the cell that the quiz comes before: the last prose that begins a `##` section."""
    language = next(iter(paths.languages()))
    starts = [index for index, cell in enumerate(source.cells)
              if isinstance(cell, Prose) and re.match(r"## ", cell.texts[language])]
    return starts[-1] if starts else -1


def for_notebook(source: Source, language: str) -> str:
    """Markdown with <details>, which Colab, GitHub and JupyterLab unfold without any script."""
    words, inline = paths.languages()[language], MarkdownIt("commonmark").renderInline
    lines = [f"## {words['quiz']}", "", words["quiz_lead"], ""]
    for number, question in enumerate(load(source), 1):
        asked = prose.for_notebook(question["question"][language], language).strip()
        lines += [f"### {words['question']} {number}", "", asked, ""]
        for option in question["options"]:
            verdict = words["right"] if option.get("right") else words["wrong"]
            why = prose.for_notebook(option["why"][language], language).strip()
            lines += [f"<details><summary>{inline(option[language].strip())}</summary>", "", f"{verdict} {why}", "",
                      "</details>", ""]
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
