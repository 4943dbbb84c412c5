"""Finds what two languages do not say alike, and what a source lacks. Every fault names file, line and cell."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

from author import notebooks, paths, prose, quiz
from author.source import Code, Fault, Prose, Source, SourceError, read

MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True).use(myst_role_plugin)
NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


def walk(tokens: list[Token]):
    for token in tokens:
        yield token
        yield from walk(token.children or [])


def words(text: str) -> str:
    """The prose of a text alone: no code, formula, address or role."""
    return " ".join(token.content for token in walk(MARKDOWN.parse(text)) if token.type == "text")


def formula(text: str) -> str:
    """A formula as it is compared: without its words (`\\text{…}`) and white space."""
    return re.sub(r"\s+", "", re.sub(r"\\(?:text|textrm|mathrm|operatorname)\{[^{}]*\}", "", text))


def features(text: str) -> dict[str, list]:
    """Everything that both halves must share, in the order in which it stands."""
    tokens = list(walk(MARKDOWN.parse(text)))
    found: dict[str, list] = {name: [] for name in ("headings", "formulas", "inline code", "code blocks", "links",
                                                    "citations", "notes", "list lengths", "table sizes")}
    lists: list[int] = []
    for token in tokens:
        match token.type:
            case "heading_open":
                found["headings"].append("#" * int(token.tag[1]))
            case "math_inline" | "math_block" | "math_inline_double":
                found["formulas"].append(formula(token.content))
            case "code_inline":
                found["inline code"].append(token.content)
            case "fence" | "code_block":
                found["code blocks"].append(token.content.strip())
            case "link_open":
                found["links"].append(token.attrs["href"])
            case "image":
                found["links"].append(token.attrs["src"])
            case "myst_role" if token.meta["name"].startswith("cite"):
                found["citations"].extend(key.strip() for key in token.content.split(","))
            case "bullet_list_open" | "ordered_list_open":
                lists.append(0)
            case "list_item_open":
                lists[-1] += 1
            case "bullet_list_close" | "ordered_list_close":
                found["list lengths"].append(lists.pop())
            case "table_open":
                found["table sizes"].append([0, 0])
            case "tr_open":
                found["table sizes"][-1][0] += 1
            case "th_open":
                found["table sizes"][-1][1] += 1
    found["notes"] = re.findall(r"^> \[!(\w+)\]", text, re.M)
    return found


def numbers(text: str) -> Counter:
    return Counter(match.replace(",", "") for match in NUMBER.findall(words(text)))


@cache
def small_words(language: str) -> dict[str, re.Pattern]:
    """Digit of 0 to 10 → a pattern of its words in a language."""
    table = paths.languages()[language]["number_words"]
    return {str(number): re.compile("|".join(rf"\b{word}\b" if word.isascii() else word for word in forms), re.I)
            for number, forms in table.items()}


def spelled(number: str, text: str, language: str) -> bool:
    """Whether a number of 0 to 10 stands in a text as a word."""
    pattern = small_words(language).get(number)
    return bool(pattern and pattern.search(words(text)))


def differences(texts: dict[str, str]) -> list[str]:
    """How the halves of one prose group differ; one message a kind of difference."""
    languages = list(texts)
    first, found = languages[0], []
    for other in languages[1:]:
        mine, theirs = features(texts[first]), features(texts[other])
        for kind in mine:
            ordered = kind in ("headings", "list lengths", "table sizes", "code blocks", "notes")
            same = mine[kind] == theirs[kind] if ordered else Counter(mine[kind]) == Counter(theirs[kind])
            if not same:
                a, b = ((mine[kind], theirs[kind]) if ordered else
                        (list((Counter(mine[kind]) - Counter(theirs[kind])).elements()),
                         list((Counter(theirs[kind]) - Counter(mine[kind])).elements())))
                found.append(f"different {kind}: {first} has {shown(a)}, {other} has {shown(b)}")
        here, there = numbers(texts[first]), numbers(texts[other])
        only_here = [n for n in (here - there).elements() if not spelled(n, texts[other], other)]
        only_there = [n for n in (there - here).elements() if not spelled(n, texts[first], first)]
        if only_here or only_there:
            found.append(f"different numbers: {first} has {shown(only_here)}, {other} has {shown(only_there)}")
    return found


def shown(values: list) -> str:
    return ", ".join(str(value) for value in values) or "none"


@cache
def avoided() -> list[tuple[str, str]]:
    """(word to avoid, word to use) in Korean prose, from the glossary."""
    return [(word.strip(), row["korean"]) for row in prose.glossary() for word in re.split(r"[,;]", row["avoid"])
            if re.search(r"[가-힣]", word)]


def prose_faults(source: Source, cell: Prose) -> list[Fault]:
    first = next(iter(cell.places.values()))
    found = [Fault(source.path, first[1], first[0], message) for message in differences(cell.texts)]
    for language, text in cell.texts.items():
        number, line = cell.places[language]
        plain = words(text)
        if re.search(r"[^\W\d_]{2}", " ".join(words(other) for other in cell.texts.values())) and not re.search(
                paths.languages()[language]["script"], plain):
            found.append(Fault(source.path, line, number, f"the {language} half has no "
                                                          f"{paths.languages()[language]['name']} in it"))
        if language == "ko":
            found += [Fault(source.path, line, number, f"the glossary avoids {bad!r}; write {good!r}")
                      for bad, good in avoided() if bad in plain]
        for role, keys in re.findall(r"\{(cite:[pt])\}`([^`]+)`", text):
            found += [Fault(source.path, line, number, f"{{{role}}} names {key.strip()!r}, not in book/refs.bib")
                      for key in keys.split(",") if key.strip() not in prose.bibliography()]
        for match in prose.LINK.finditer(text):
            if not prose.page_folder(match[2]):
                found.append(Fault(source.path, line, number, f"the link ({match[2]}) leads to no chapter or page"))
    return found


def code_faults(source: Source, cell: Code) -> list[Fault]:
    if not cell.draws:
        return []
    missing = [f"{key}_{code}" for key, texts in (("alt", cell.alt), ("caption", cell.caption))
               for code in paths.languages() if not texts.get(code, "").strip()]
    found = [Fault(source.path, cell.line, cell.cell, f"the figure lacks {', '.join(missing)}")] if missing else []
    for key, texts in (("alt text", cell.alt), ("caption", cell.caption)):
        if len(texts) == len(paths.languages()):
            found += [Fault(source.path, cell.line, cell.cell, f"{key}: {message}") for message in differences(texts)]
        found += [Fault(source.path, cell.line, cell.cell, f"{key}: the glossary avoids {bad!r}; write {good!r}")
                  for bad, good in avoided() if bad in words(texts.get("ko", ""))]
    return found


def order_faults(source: Source) -> list[Fault]:
    """Every exercise has its prose before it and its solution after it."""
    found, cells = [], source.cells
    for index, cell in enumerate(cells):
        if isinstance(cell, Code) and "exercise" in cell.tags:
            before = cells[index - 1] if index else None
            after = cells[index + 1] if index + 1 < len(cells) else None
            if not (isinstance(before, Prose) and all(
                    re.match(rf"\*\*{paths.languages()[code]['exercise']}: ", text)
                    for code, text in before.texts.items())):
                found.append(Fault(source.path, cell.line, cell.cell, "the exercise needs a prose pair before it that "
                                   "begins **연습: name.** and **Exercise: name.**"))
            if not (isinstance(after, Code) and "solution" in after.tags):
                found.append(Fault(source.path, cell.line, cell.cell, "the exercise has no solution cell after it"))
    return found


def stale(source: Source) -> list[Fault]:
    """Generated notebooks that are not what the source gives now, edited by hand or left behind."""
    found = []
    for language in paths.languages():
        path = notebooks.path_of(source, language)
        if not path.is_file():
            found.append(Fault(path, 1, 0, "is missing; run `make notebooks`"))
        elif path.read_text("utf-8") != notebooks.render(source, language):
            found.append(Fault(path, 1, 0, f"is not what {paths.shown(source.path)} gives: it was edited by hand, or "
                                           "the source has changed since. Edit the source, then run `make notebooks`"))
        else:
            golden = notebooks.committed_golden(source, language)
            found += [Fault(path, 1, 0, f"has no output for the golden cell at line {cell.line} of the source; run "
                                        "`make notebooks`")
                      for number, cell in enumerate(source.codes)
                      if notebooks.GOLDEN in cell.tags and not golden.get(number)]
    return found


def orphans() -> list[Fault]:
    """Notebooks whose source is gone."""
    slugs = {path.stem for path in paths.chapters()}
    return [Fault(path, 1, 0, "has no source in chapters/; remove it")
            for language in paths.languages() for path in sorted((paths.CHAPTERS / language).glob("*.ipynb"))
            if path.stem not in slugs]


def check_source(source: Source) -> list[Fault]:
    """Every fault of one source, in the order of its lines."""
    found = [*order_faults(source), *quiz.faults(source)]
    for cell in source.cells:
        found += prose_faults(source, cell) if isinstance(cell, Prose) else code_faults(source, cell)
    return sorted(found, key=lambda fault: (str(fault.path), fault.line))


def check_all(generated: bool = True) -> list[Fault]:
    """Every fault of every chapter and page, and of the committed notebooks unless `generated` is False."""
    found: list[Fault] = []
    for path in [*paths.chapters(), *paths.pages()]:
        try:
            source = read(path)
        except SourceError as error:
            found += error.faults
            continue
        found += check_source(source)
        if generated and path.parent == paths.CHAPTERS and not found:
            found += stale(source)
    return found + (orphans() if generated else [])
