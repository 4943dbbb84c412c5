"""Finds what two languages do not say alike, and what a source lacks. Every fault names file, line and cell."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

from author import execute, lab, notebooks, paths, prose, quiz
from author.source import Code, Fault, Prose, Source, SourceError, read

MARKDOWN = (MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True).use(amsmath_plugin)
            .use(myst_role_plugin))
NUMBER = re.compile(r"(?<![\d.,])(?:(?<![\w)])[-−])?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)")
ADDRESS = re.compile(r"https?://[^\s)]+")
# Kinds of parts that must stand in the same order; of the others each must be there as often.
ORDERED = ("headings", "lists", "table sizes", "code blocks", "notes")


def walk(tokens: list[Token]):
    for token in tokens:
        yield token
        yield from walk(token.children or [])


def words(text: str) -> str:
    """The prose of a text alone: no code, formula, address or role."""
    return " ".join(ADDRESS.sub(" ", token.content) for token in walk(MARKDOWN.parse(text)) if token.type == "text")


def formula(text: str) -> str:
    """A formula as it is compared: without its words (`\\text{…}`) and white space."""
    return re.sub(r"\s+", "", re.sub(r"\\text(?:rm|bf|it)?\{[^{}]*\}", "", text))


def features(text: str) -> dict[str, list]:
    """Everything that both halves must share, in the order in which it stands."""
    kinds = ("headings", "formulas", "inline code", "code blocks", "links", "citations", "roles", "notes", "quotes",
             "lists", "table sizes", "HTML")
    found: dict[str, list] = {kind: [] for kind in kinds}
    lists: list[int] = []
    for token in walk(MARKDOWN.parse(text)):
        match token.type:
            case "heading_open":
                found["headings"].append("#" * int(token.tag[1]))
            case "math_inline" | "math_block" | "math_inline_double" | "amsmath":
                found["formulas"].append(formula(token.content))
            case "code_inline":
                found["inline code"].append(token.content)
            case "fence" | "code_block":
                found["code blocks"].append(token.content.strip())
            case "link_open":
                found["links"].append(token.attrs["href"])
            case "image":
                found["links"].append(token.attrs["src"])
            case "text":
                found["links"] += ADDRESS.findall(token.content)
            case "html_inline" | "html_block":
                found["HTML"].append(token.content.strip())
            case "myst_role":
                kind = "citations" if token.meta["name"].startswith("cite") else "roles"
                found[kind].append(f"{{{token.meta['name']}}}`{token.content}`")
            case "blockquote_open":
                found["quotes"].append(">")
            case "bullet_list_open" | "ordered_list_open":
                lists.append(0)
            case "list_item_open":
                lists[-1] += 1
            case "bullet_list_close" | "ordered_list_close":
                found["lists"].append(f"{lists.pop()} {'bullets' if token.type[0] == 'b' else 'numbered'}")
            case "table_open":
                found["table sizes"].append([0, 0])
            case "tr_open":
                found["table sizes"][-1][0] += 1
            case "th_open":
                found["table sizes"][-1][1] += 1
    found["notes"] = re.findall(r"^> \[!(\w+)\]", text, re.M)
    return found


def numbers(text: str) -> Counter:
    return Counter(match.replace(",", "").replace("−", "-") for match in NUMBER.findall(words(text)))


@cache
def number_words(language: str) -> dict[str, re.Pattern]:
    """Digit of 0 to 10 → a pattern of its words in a language."""
    table = paths.languages()[language]["number_words"]
    return {str(number): re.compile(rf"(?<!\w)(?:{'|'.join(forms)})", re.I) for number, forms in table.items()}


def unspoken(missing: Counter, text: str, language: str) -> list[str]:
    """Those of the missing numbers that do not stand in a text as words, zero to ten, as often as they are missing."""
    plain, found = words(text), []
    for number, count in missing.items():
        pattern = number_words(language).get(number)
        said = len(pattern.findall(plain)) if pattern else 0
        found += [number] * max(0, count - said)
    return found


def differences(texts: dict[str, str]) -> list[str]:
    """How the halves of one text differ; one message a kind of difference."""
    first, *others = texts
    found = []
    for other in others:
        mine, theirs = features(texts[first]), features(texts[other])
        for kind in mine:
            a, b = mine[kind], theirs[kind]
            if kind not in ORDERED:
                a, b = list((Counter(a) - Counter(b)).elements()), list((Counter(b) - Counter(a)).elements())
            if a != b:
                found.append(f"different {kind}: {first} has {shown(a)}, {other} has {shown(b)}")
        here, there = numbers(texts[first]), numbers(texts[other])
        only_here = unspoken(here - there, texts[other], other)
        only_there = unspoken(there - here, texts[first], first)
        if only_here or only_there:
            found.append(f"different numbers: {first} has {shown(only_here)}, {other} has {shown(only_there)}")
    return found


def shown(values: list) -> str:
    return ", ".join(str(value) for value in values) or "none"


@cache
def avoided() -> list[tuple[str, str, re.Pattern]]:
    """(word to avoid, word to use, pattern) in Korean prose, from the glossary."""
    return [(word.strip(), row["korean"], re.compile(rf"(?<![가-힣]){re.escape(word.strip())}"))
            for row in prose.glossary() for word in re.split(r"[,;]", row["avoid"]) if re.search(r"[가-힣]", word)]


def text_faults(texts: dict[str, str]) -> list[tuple[str, str]]:
    """(language, what is wrong) of one text in every language: of prose, a caption, an alt text, a quiz."""
    first = next(iter(texts))
    found = [(first, message) for message in differences(texts)]
    worded = any(re.search(r"[^\W\d_]{2}", words(text)) for text in texts.values())
    for language, text in texts.items():
        entry, plain = paths.languages()[language], words(text)
        if worded and not re.search(entry["script"], plain):
            found.append((language, f"the {language} half has no {entry['name']} in it"))
        if language == "ko":
            found += [(language, f"the glossary avoids {bad!r}; write {good!r}")
                      for bad, good, pattern in avoided() if pattern.search(plain)]
        for citation in features(text)["citations"]:
            keys = citation.split("`")[1].split(",")
            found += [(language, f"{citation} names {key.strip()!r}, not in book/refs.bib")
                      for key in keys if key.strip() not in prose.bibliography()]
        for match in prose.LINK.finditer(text):
            if not prose.is_page(match[2]):
                found.append((language, f"the link ({match[2]}) leads to no chapter or page"))
        found += [(language, f"{markup} shows as it stands on Colab; see book/author/prose.py for what may be written")
                  for markup in raw_markup(text)]
    return found


def raw_markup(text: str) -> list[str]:
    """Directives, roles and notes that only one of the book's forms would draw."""
    plain = re.sub(r"^```(?!\{).*?^```|(?<![}`])`[^`\n]+`", "", text, flags=re.M | re.S)  # without code
    notes = set(re.findall(r"^> \[!(\w+)\]", text, re.M)) - {"NOTE", "TIP", "WARNING"}
    roles = set(re.findall(r"\{[a-z:]+\}(?=`)", plain)) - {"{cite:p}", "{cite:t}"}
    return [*re.findall(r"^(?::::+|```)\{[\w-]+\}|^:::+\s*$", plain, re.M), *roles, *(f"[!{name}]" for name in notes),
            *re.findall(r"!\[\]\([^)]*\)", plain)]


def prose_faults(source: Source, cell: Prose) -> list[Fault]:
    return [Fault(source.path, cell.places[language][1], cell.places[language][0], message)
            for language, message in text_faults(cell.texts)]


def code_faults(source: Source, cell: Code) -> list[Fault]:
    found: list[str] = []
    if notebooks.GOLDEN in cell.tags and re.search(r"\bcheck\.(?!done\b)", cell.source):
        found.append("a golden cell cannot hold a check: its message differs from language to language")
    if cell.draws:
        missing = [f"{key}_{code}" for key, texts in (("alt", cell.alt), ("caption", cell.caption))
                   for code in paths.languages() if not texts.get(code, "").strip()]
        if missing:
            found.append(f"the figure lacks {', '.join(missing)}")
        else:
            found += [f"{key}: {message}" for key, texts in (("alt text", cell.alt), ("caption", cell.caption))
                      for _, message in text_faults(texts)]
        if re.search(r"^(?:check\.|print\()", cell.source, re.M):
            found.append("the figure's cell checks or prints, and each of its outputs would be numbered as a figure: "
                         "put that into a cell of its own")
    return [*(Fault(source.path, cell.line, cell.cell, message) for message in found), *lab.code_faults(source, cell)]


def exercise_title(text: str, language: str) -> re.Match | None:
    """The beginning of an exercise's prose, `**Exercise: name.**`; its first group is the name."""
    return re.match(rf"\*\*{paths.languages()[language]['exercise']}: (.+?)\.?\*\*\s*", text)


def order_faults(source: Source) -> list[Fault]:
    """Every exercise has its prose before it and its solution after it; a lab's has its solution in it."""
    if lab.is_lab(source):
        return lab.order_faults(source)
    found, cells = [], source.cells
    for index, cell in enumerate(cells):
        if isinstance(cell, Code) and "exercise" in cell.tags:
            before = cells[index - 1] if index else None
            after = cells[index + 1] if index + 1 < len(cells) else None
            texts = before.texts if isinstance(before, Prose) else {}
            if not texts or not all(exercise_title(text, code) for code, text in texts.items()):
                found.append(Fault(source.path, cell.line, cell.cell, "the exercise needs a prose pair before it that "
                                   "begins **연습: name.** and **Exercise: name.**"))
            if not (isinstance(after, Code) and "solution" in after.tags):
                found.append(Fault(source.path, cell.line, cell.cell, "the exercise has no solution cell after it"))
    return found


def name_faults(source: Source) -> list[Fault]:
    """Figures whose name another figure has, and references to figures that are not there."""
    figures = [cell for cell in source.codes if cell.name and "exercise" not in cell.tags]
    names = [cell.name for cell in figures]
    found = [Fault(source.path, cell.line, cell.cell, f"the name {cell.name!r} must begin with fig- and be its own")
             for cell in figures if names.count(cell.name) > 1 or not cell.name.startswith("fig-")]
    for cell in source.cells:
        for text in cell.texts.values() if isinstance(cell, Prose) else cell.caption.values():
            number, line = next(iter(cell.places.values())) if isinstance(cell, Prose) else (cell.cell, cell.line)
            found += [Fault(source.path, line, number, f"refers to the figure {match[2]!r}, which is not there")
                      for match in prose.FIGURE.finditer(text) if match[2] not in names]
    return found


def quiz_faults(source: Source) -> list[Fault]:
    """What is wrong with a chapter's quiz; a chapter has one."""
    path = quiz.file_of(source)
    if not path.is_file():
        return [Fault(path, 1, 0, "is missing: a chapter has a quiz")] if source.path.parent == paths.CHAPTERS else []
    try:
        questions = quiz.load(source)
    except SourceError as error:
        return error.faults
    return [Fault(path, 1, 0, f"question {number}: {message}") for number, question in enumerate(questions, 1)
            for text in quiz.texts_of(question) for _, message in text_faults(text)]


def check_source(source: Source) -> list[Fault]:
    """Every fault of one source, in the order of its lines."""
    found = [*order_faults(source), *name_faults(source), *quiz_faults(source)]
    for cell in source.cells:
        found += prose_faults(source, cell) if isinstance(cell, Prose) else code_faults(source, cell)
    return sorted(found, key=lambda fault: (str(fault.path), fault.line))


def stale(source: Source) -> list[Fault]:
    """Generated notebooks that are not what the source gives now, edited by hand or left behind."""
    found, first = [], {}
    for language in paths.languages():
        for path, form in notebooks.files(source, language).items():
            golden = notebooks.committed_golden(form, path)
            if not path.is_file():
                found.append(Fault(path, 1, 0, "is missing; run `make notebooks`"))
            elif path.read_text("utf-8") != notebooks.render(form, path, language):
                found.append(Fault(path, 1, 0, f"is not what {paths.shown(source.path)} gives: it was edited by hand, "
                                   "or the source has changed since. Edit the source, then run `make notebooks`"))
            elif golden != first.setdefault(path.parent.parent, golden):
                found.append(Fault(path, 1, 0, "has other golden outputs than the notebook of the first language: it "
                                   "was edited by hand. Run `make notebooks`"))
            else:
                found += [Fault(path, 1, 0, f"has no output for the golden cell at line {cell.line} of the source; run "
                                            "`make notebooks`")
                          for number, cell in enumerate(form.codes)
                          if notebooks.GOLDEN in cell.tags and not golden.get(number)]
    return found


def contents_faults() -> list[Fault]:
    """Pages that the contents leave out or that are not there, and captions without a translation."""
    path, toc = paths.BOOK / "_toc.yml", paths.contents()
    entries = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    listed = [Path(entry).name for entry in (toc["root"], *entries)]
    there = Counter(source.stem for source in paths.sources())
    found = [Fault(path, 1, 0, f"does not list {slug}") for slug in sorted(set(there) - set(listed))]
    found += [Fault(path, 1, 0, f"lists {slug}, which is neither a chapter nor a lab nor a page") for slug in listed
              if slug not in there]
    found += [Fault(path, 1, 0, f"there are two sources {slug}.py; a lab needs another name than a chapter")
              for slug, count in there.items() if count > 1]
    for code, words in paths.languages().items():
        if words["parts"]:
            found += [Fault(path, 1, 0, f"book/languages/{code}.yml has no translation of {part['caption']!r}")
                      for part in toc["parts"] if part["caption"] not in words["parts"]]
    return found


def orphans() -> list[Fault]:
    """Notebooks and quizzes whose source is gone."""
    kinds = {paths.CHAPTERS: paths.CHAPTERS, paths.LABS: paths.LABS, paths.LABS / "solutions": paths.LABS}
    made = {path: sources for folder, sources in kinds.items() for language in paths.languages()
            for path in (folder / language).glob("*.ipynb")}
    made |= dict.fromkeys((paths.BOOK / "quiz").glob("*.yml"), paths.CHAPTERS)
    return [Fault(path, 1, 0, f"has no source in {sources.name}/; remove it")
            for path, sources in sorted(made.items()) if not (sources / f"{path.stem}.py").is_file()]


def check_all(generated: bool = True) -> list[Fault]:
    """Every fault of every source, and of the committed notebooks unless `generated` is False."""
    found = contents_faults()
    for path in paths.sources():
        try:
            source = read(path)
        except SourceError as error:
            found += error.faults
            continue
        own = check_source(source)
        kept = execute.load(source) if source.codes else None
        own += execute.bare_figures(source, kept["outputs"]) if kept else []
        if generated and not own:
            own += stale(source)
        found += own
    return found + (orphans() if generated else [])
