"""Reads a bilingual source: a jupytext percent script whose prose stands in groups, one cell a language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import jupytext

from author import paths

TAGS = {"exercise", "solution", "hide-input", "nbval-check-output", "slide", "subslide", "skip-slide", "long"}


@dataclass(frozen=True)
class Fault:
    """Something wrong in a source; `line` counts from 1, `cell` too (0: the file as a whole)."""

    path: Path
    line: int
    cell: int
    message: str

    def __str__(self) -> str:
        where = f"{paths.shown(self.path)}:{self.line}: "
        return where + (f"cell {self.cell}: " if self.cell else "") + self.message


class SourceError(Exception):
    """A source that cannot be read. `faults` says where and why."""

    def __init__(self, faults: list[Fault]):
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass
class Prose:
    """One piece of prose: language → Markdown, and language → (cell, line) where it stands."""

    texts: dict[str, str]
    places: dict[str, tuple[int, int]]


@dataclass
class Code:
    source: str
    cell: int
    line: int
    tags: list[str] = field(default_factory=list)
    alt: dict[str, str] = field(default_factory=dict)
    caption: dict[str, str] = field(default_factory=dict)
    name: str = ""

    @property
    def draws(self) -> bool:
        return bool(self.alt or self.caption)


@dataclass
class Source:
    path: Path
    cells: list[Prose | Code]

    @property
    def slug(self) -> str:
        return self.path.stem

    @property
    def codes(self) -> list[Code]:
        return [cell for cell in self.cells if isinstance(cell, Code)]


def read(path: Path) -> Source:
    """Read one source. Raises SourceError, with a fault for each broken cell, where it cannot be read."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError([Fault(path, 1, 0, f"is not UTF-8 text ({error.reason} at byte {error.start}); save it as "
                                             "UTF-8")]) from None
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"# %%( |$)", line)]
    if not lines or text.lstrip().splitlines()[0][:4] != "# %%":
        raise SourceError([Fault(path, 1, 0, 'does not begin with a cell; expected "# %% [markdown] lang=…" first')])
    try:
        cells = jupytext.reads(text, fmt="py:percent").cells
    except Exception as error:  # jupytext and nbformat raise many kinds on a header that they cannot use
        reason = str(error).splitlines()[0]
        raise SourceError([Fault(path, 1, 0, f"has a cell header that cannot be read: {reason}")]) from None
    if len(cells) != len(lines):
        raise SourceError([Fault(path, 1, 0, f"has {len(lines)} cell headers but {len(cells)} cells; look for a broken "
                                             "header or an unclosed string")])
    faults: list[Fault] = []
    found: list[Prose | Code] = []
    codes = list(paths.languages())
    group: Prose | None = None

    def close(group: Prose | None) -> None:
        missing = [code for code in codes if group and code not in group.texts]
        if missing:
            cell, line = next(iter(group.places.values()))
            faults.append(Fault(path, line, cell, f'the prose has no lang="{missing[0]}" half next to it'))

    for number, (line, cell) in enumerate(zip(lines, cells, strict=True), 1):
        jupytexts_own = ("lines_to_next_cell", "lines_to_end_of_cell_marker")
        metadata = {key: value for key, value in cell.metadata.items() if key not in jupytexts_own}
        broken = [key for key, value in metadata.items() if key != "tags" and not isinstance(value, str)]
        if broken or {"incorrectly_encoded_metadata", "region_name", "title"} & set(metadata):
            faults.append(Fault(path, line, number, "the header cannot be read; expected `# %%` or "
                                                    '`# %% [markdown] lang="ko"`, with values in quotes'))
            continue
        if cell.cell_type == "markdown":
            language = metadata.pop("lang", None)
            if language not in codes:
                expected = " or ".join(f'lang="{code}"' for code in codes)
                faults.append(Fault(path, line, number, f"prose needs {expected} in its header, it has "
                                                        f"{language!r}"))
                continue
            if group is None or language in group.texts:
                close(group)
                group = Prose({}, {})
                found.append(group)
            group.texts[language] = cell.source
            group.places[language] = (number, line)
            if list(group.texts) != codes[: len(group.texts)]:
                faults.append(Fault(path, line, number, f"the halves stand in the order {', '.join(group.texts)}; "
                                                        f"expected {', '.join(codes)}"))
            if len(group.texts) == len(codes):
                group = None
        elif cell.cell_type == "code":
            close(group)
            group = None
            tags = metadata.pop("tags", [])
            for tag in set(tags) - TAGS if isinstance(tags, list) else {tags}:
                faults.append(Fault(path, line, number, f"the tag {tag!r} is not one of {', '.join(sorted(TAGS))}"))
            if "lang" in metadata:
                faults.append(Fault(path, line, number, "code belongs to every language: remove lang from its header"))
                metadata.pop("lang")
            texts = {key: {code: metadata.pop(f"{key}_{code}") for code in codes if f"{key}_{code}" in metadata}
                     for key in ("alt", "caption")}
            found.append(Code(cell.source, number, line, tags if isinstance(tags, list) else [],
                              name=metadata.pop("name", ""), **texts))
        else:
            faults.append(Fault(path, line, number, f"a {cell.cell_type} cell has no place in a source"))
        for key in metadata:
            faults.append(Fault(path, line, number, f"the header has an unknown word {key!r}; values need quotes: "
                                                    'lang="ko"'))
    close(group)
    first = found[0] if found else None
    for language in codes:
        if not (isinstance(first, Prose) and re.search(r"^# \S", first.texts.get(language, ""), re.M)):
            faults.append(Fault(path, lines[0], 1, f"the first cell must hold the title, `# …`, in lang={language!r}"))
    if faults:
        raise SourceError(faults)
    return Source(path, found)
