"""A lab's solutions: what the reader is handed, what is wrong with the marks, and what a grader needs to know.

A region is marked as nbgrader marks it (otter: with one #), in a cell tagged `exercise`. What the reader is handed has
`...` in its place, as nbgrader's ClearSolutions leaves it:

    def area(width):                          def area(width):
        ### BEGIN SOLUTION                        # TODO
        return width**2                           ...
        ### END SOLUTION
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from author import paths
from author.source import Code, Fault, Source

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = ("# TODO", "...")
MARK = re.compile(r"#.*\b(?:BEGIN|END)\s+SOLUTION\b", re.I)
CHECK = re.compile(r"""^[^#\n]*\bcheck\.exercise\(\s*["']([\w-]+)["']""", re.M)


def is_lab(source: Source) -> bool:
    return source.path.parent == paths.LABS


def has_region(cell: Code) -> bool:
    return any(line.strip() == BEGIN for line in cell.source.splitlines())


def handed_out(cell: Code) -> Code:
    """The cell as the reader gets it: each region is a TODO line and `...`, as far in as its mark."""
    lines, inside = [], False
    for line in cell.source.splitlines():
        match line.strip():
            case mark if mark == BEGIN:
                lines += [line[: -len(line.lstrip())] + stub for stub in STUB]
                inside = True
            case mark if mark == END:
                inside = False
            case _ if not inside:
                lines.append(line)
    return replace(cell, source="\n".join(lines))


def solved(cell: Code) -> Code:
    """The cell with its solution, without the marks."""
    lines = [line for line in cell.source.splitlines() if line.strip() not in (BEGIN, END)]
    return replace(cell, source="\n".join(lines))


def for_reader(source: Source, golden: str) -> Source:
    """The lab as it is handed out. Cells lose the tag `golden`: what they print depends on the reader's answers."""
    cells = [replace(handed_out(cell), tags=[tag for tag in cell.tags if tag != golden]) if isinstance(cell, Code)
             else cell for cell in source.cells]
    return Source(source.path, cells)


def for_grader(source: Source) -> list[dict]:
    """nbgrader's metadata (schema 3) of each code cell: answers to write, checks worth a point each, none of others."""
    common = {"schema_version": 3, "locked": False, "grade": False, "solution": False, "task": False}
    found, given = [], set()
    for cell in source.codes:
        keys = [key for key in CHECK.findall(cell.source) if key not in given]
        given.update(keys)
        if "exercise" in cell.tags:
            found.append({"nbgrader": common | {"solution": True, "grade_id": f"answer-{cell.name}"}})
        elif keys:
            found.append({"nbgrader": common | {"grade": True, "locked": True, "grade_id": f"check-{keys[0]}",
                                                "points": len(keys)}})
        else:
            found.append({})
    return found


def mark_faults(cell: Code) -> list[tuple[int, str]]:
    """(line in the cell, what is wrong) of marks that are misspelt, alone, nested, or around nothing."""
    found, begin, filled = [], 0, False
    for number, line in enumerate(cell.source.splitlines(), 1):
        mark = line.strip()
        if mark == BEGIN:
            if begin:
                found.append((number, f"a second {BEGIN}; the one at line {begin} of the cell needs its {END} before"))
            begin, filled = number, False
        elif mark == END:
            if not begin:
                found.append((number, f"an {END} without a {BEGIN} before it"))
            elif not filled:
                found.append((number, "an empty region: put the solution between the marks"))
            begin = 0
        elif MARK.search(line):
            found.append((number, f"the mark {mark!r} must be a line of its own, {BEGIN!r} or {END!r}"))
        else:
            filled = filled or bool(mark) and not mark.startswith("#")
    if begin:
        found.append((begin, f"a {BEGIN} without its {END}"))
    return found


def code_faults(source: Source, cell: Code) -> list[Fault]:
    """What is wrong with a cell's solution regions: their marks, their place, what they leave."""
    asks = is_lab(source) and "exercise" in cell.tags
    found = mark_faults(cell)
    if has_region(cell) and not asks:
        found.append((0, "a solution region outside a lab's cell tagged exercise: add the tag"
                         if is_lab(source) else "a solution region in a chapter: put it into a cell tagged solution"))
    elif asks and not found:
        if not has_region(cell):
            found.append((0, f"the exercise has no solution: put it between {BEGIN} and {END}"))
        if CHECK.search(cell.source):
            found.append((0, "the check belongs into the next cell, which a grader locks"))
        try:
            ast.parse(handed_out(cell).source)
        except SyntaxError as error:
            found.append((0, f"without its solution the cell is no Python ({error.msg}, line {error.lineno}); `...` "
                             "stands in the region's place"))
    return [Fault(source.path, cell.line + line, cell.cell, message) for line, message in found]


def order_faults(source: Source) -> list[Fault]:
    """Exercises that no later cell checks, and names that two exercises share: graders tell cells apart by them."""
    found, waiting, names = [], None, set()
    for cell in source.codes:
        if "exercise" in cell.tags:
            waiting = cell
            if cell.name in names:
                found.append(Fault(source.path, cell.line, cell.cell, f"another exercise has the name {cell.name!r}"))
            if not re.fullmatch(r"[a-zA-Z0-9_-]+", cell.name):
                found.append(Fault(source.path, cell.line, cell.cell, f"the name {cell.name!r} of an exercise must be "
                                                                      "Latin letters, digits, _ and -"))
            names.add(cell.name)
        elif CHECK.search(cell.source):
            waiting = None
    if waiting:
        found.append(Fault(source.path, waiting.line, waiting.cell, 'no cell after the exercise checks it; expected '
                                                                    'check.exercise("key", answer)'))
    return found
