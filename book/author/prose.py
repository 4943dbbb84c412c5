"""Turns one half of a prose pair into plain Markdown (for notebooks) or into MyST (for the site).

Prose is written in nearly plain Markdown. Four things need a word of their own on each side:

source                              notebook (Colab, GitHub)         site
> [!NOTE] and the quoted lines      the lines quoted                 a note
{cite:p}`key`, {cite:t}`key`        author and year, with a link     a citation
[text](04_lenet), (04_lenet#part)   a link to the notebook           a link to the page, or to its section
                                    (a chapter's, or a lab's as handed out)
[text](#fig-name)                   the text                         a link to the figure
"""

from __future__ import annotations

import csv
import os
import re
from functools import cache
from pathlib import Path

from pybtex.database import parse_file
from pybtex.exceptions import PybtexError

from author import paths

ALERT = re.compile(r"^> \[!(NOTE|TIP|WARNING)\]\n((?:>.*\n?)+)", re.M)
CITE = re.compile(r"\{cite:([pt])\}`([^`]+)`")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([0-9a-z_]+)(#[\w-]+)?\)")
FIGURE = re.compile(r"(?<!!)\[([^\]]+)\]\(#(fig-[\w-]+)\)")
ROLE_OR_CODE = re.compile(r"\{[\w:]+\}`[^`]+`|(?P<code>^```.*?^```|^~~~.*?^~~~|(?<!`)`[^`\n]+`)", re.M | re.S)
HEADING = re.compile(r"^(#{1,4}) +(.+?) *$", re.M)
# What must not be touched when terms are looked for: code, formulas, links, headings, quotes' markers, raw HTML.
OPAQUE = re.compile(r"```.*?```|:::.*?$|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|\[[^\]]*\]\([^)]*\)|\{[\w:]+\}`[^`]*`|^#.*?$"
                    r"|^\|.*?$|<[^>]*>|\*\*.*?\*\*|\([\w-]+\)=", re.M | re.S)


def slugify(heading: str) -> str:
    """The part of an address that names a section, from its heading in Latin letters."""
    plain = re.sub(r"[`*$\\{}]|\([^)]*\)=", "", heading).lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def name_of(slug: str) -> str:
    """`03_convolution` → `convolution`: what labels begin with, so that they survive a renumbering; a lab's begin with
    `lab-`, since a chapter may have the same name."""
    return re.sub(r"^\d+_", "lab-" if paths.folder_of(slug) == paths.LABS else "", slug)


@cache
def bibliography() -> dict[str, tuple[str, str, str]]:
    """Key → (authors in short, year, link), from book/refs.bib."""
    found, path = {}, paths.BOOK / "refs.bib"
    try:
        entries = parse_file(str(path)).entries
    except (PybtexError, UnicodeDecodeError) as error:
        raise paths.SettingError(f"{paths.shown(path)}: {error}") from None
    for key, entry in entries.items():
        names = [" ".join(person.last_names) for person in entry.persons.get("author", [])]
        if not names:
            raise paths.SettingError(f"{paths.shown(path)}: the entry {key} has no author")
        names = [re.sub(r"[{}\\\"'^~`]", "", name) if "\\" in name else name.strip("{}") for name in names]
        short = names[0] if len(names) == 1 else " and ".join(names) if len(names) == 2 else f"{names[0]} et al."
        fields = entry.fields
        link = fields.get("url") or (f"https://doi.org/{fields['doi']}" if "doi" in fields else "")
        if not link and "eprint" in fields:
            link = f"https://arxiv.org/abs/{fields['eprint']}"
        found[key] = (short, fields.get("year", ""), link)
    return found


@cache
def glossary() -> list[dict[str, str]]:
    path = paths.BOOK / "glossary.csv"
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    needed = {"english", "korean", "avoid", "forms_english", "forms_korean", "definition_en", "definition_ko"}
    if not rows or not needed <= set(rows[0]):
        columns = ", ".join(sorted(needed))
        raise paths.SettingError(f"{paths.shown(path)}: its first line must name the columns {columns}")
    return rows


@cache
def is_page(slug: str) -> bool:
    """Whether a slug names a chapter, a lab or a page of the book."""
    return paths.folder_of(slug) is not None


def cited(match: re.Match) -> str:
    parts = []
    for key in match[2].split(","):
        short, year, link = bibliography()[key.strip()]
        text = f"{short}, {year}" if match[1] == "p" else f"{short} ({year})"
        parts.append(f"[{text}]({link})" if link else text)
    return f"({'; '.join(parts)})" if match[1] == "p" else ", ".join(parts)


def for_notebook(text: str, language: str, folder: Path = paths.CHAPTERS) -> str:
    """Plain Markdown that Colab, GitHub and JupyterLab show properly, for a notebook in `folder`/`language`."""
    words = paths.languages()[language]["notes"]

    def link(match: re.Match) -> str:
        target = paths.folder_of(match[2])
        if target not in (paths.CHAPTERS, paths.LABS):
            return match[1]
        path = os.path.relpath(target / language / f"{match[2]}.ipynb", folder / language)
        return f"[{match[1]}]({Path(path).as_posix()})"

    def note(match: re.Match) -> str:
        return f"> **{words[match[1].lower()]}**\n>\n{match[2]}"

    for pattern, replace in ((FIGURE, r"\1"), (CITE, cited), (LINK, link), (ALERT, note)):
        text = outside_code(pattern, replace, text)
    return text


def for_site(text: str, slug: str, anchors: list[str]) -> str:
    """MyST for the page `slug`. `anchors` are the English headings of this prose: every language gets their labels, so
    that a section has the same address in each."""
    names = iter(anchors)

    def labelled(match: re.Match) -> str:
        heading = next(names, "")
        level = len(match[1])
        return f"({name_of(slug)}-{slugify(heading)})=\n{match[0]}" if level > 1 and slugify(heading) else match[0]

    def admonition(match: re.Match) -> str:
        body = re.sub(r"^> ?", "", match[2], flags=re.M).rstrip()
        return f":::{{{match[1].lower()}}}\n{body}\n:::\n"

    def link(match: re.Match) -> str:
        if not is_page(match[2]):
            return match[0]
        if match[3]:
            return f"[{match[1]}](#{name_of(match[2])}-{match[3][1:]})"
        return f"{{doc}}`{match[1]} <{match[2]}>`"

    figure = rf"[\1](#{name_of(slug)}-\2)"
    for pattern, replace in ((HEADING, labelled), (ALERT, admonition), (FIGURE, figure), (LINK, link)):
        text = outside_code(pattern, replace, text)
    return text


def outside_code(pattern: re.Pattern, replace, text: str) -> str:
    """Substitute, but leave fenced and inline code alone; a role, {name}`…`, is no code."""
    parts, start = [], 0
    for found in ROLE_OR_CODE.finditer(text):
        if found["code"]:
            parts += [pattern.sub(replace, text[start : found.start()]), found["code"]]
            start = found.end()
    return "".join([*parts, pattern.sub(replace, text[start:])])


def headings(text: str) -> list[str]:
    """The headings of a text, in order."""
    found: list[str] = []
    outside_code(HEADING, lambda match: found.append(match[2]) or match[0], text)
    return found


@cache
def term_patterns(column: str) -> list[tuple[str, re.Pattern]]:
    """(headword, pattern) of each spelling that links to a glossary term, from its forms_… column; longest first."""
    found = []
    for row in glossary():
        for form in row[f"forms_{column}"].split(";"):
            form = form.strip()
            if form in ("", "-"):
                continue
            if form.isascii():  # a whole word, small or capital unless it has capitals of its own
                pattern, flags = rf"(?<![\w-]){re.escape(form)}(?![\w-])", re.I if form == form.lower() else 0
            else:  # a particle may follow
                pattern, flags = rf"(?<![가-힣\w]){re.escape(form)}", 0
            found.append((form, row[column], re.compile(pattern, flags)))
    return [(headword, pattern) for _, headword, pattern in sorted(found, key=lambda item: -len(item[0]))]


def link_terms(text: str, language: str, seen: set[str]) -> str:
    """Link the first use of each glossary term that is not in `seen`; adds what it linked to `seen`."""
    column = paths.languages()[language]["glossary"]
    for headword, pattern in term_patterns(column):
        if headword in seen:
            continue
        hidden = [match.span() for match in OPAQUE.finditer(text)]
        for match in pattern.finditer(text):
            if any(begin < match.end() and match.start() < end for begin, end in hidden):
                continue
            text = f"{text[:match.start()]}{{term}}`{match[0]} <{headword}>`{text[match.end():]}"
            seen.add(headword)
            break
    return text
