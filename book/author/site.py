"""Writes a language's pages into book/LANGUAGE, builds them with Jupyter Book, and publishes the site."""

from __future__ import annotations

import ctypes
import filecmp
import hashlib
import html
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import yaml

from author import check, execute, lab, notebooks, paths, prose, quiz
from author.source import Code, Prose, Source, SourceError, read

FOLDED = {"solution": ("hide-cell", "solution"), "hide-input": ("hide-input", "code")}


class BuildError(Exception):
    """A build that stopped; the message says where and why."""


# Pages of one language --------------------------------------------------------------------------------------------

def page_outputs(outputs: list[dict], language: str) -> list[dict]:
    """A cell's outputs as the page shows them: this language's messages, no warnings, no second form of a picture."""
    found = []
    for output in outputs:
        if output.get("name") == "stderr" or output["output_type"] == "update_display_data":
            continue
        if output.get("metadata", {}).get("cnnbook", {}).get("language", language) != language:
            continue
        data = output.get("data")
        if data and "image/svg+xml" in data:
            output = output | {"data": {"image/svg+xml": data["image/svg+xml"]}}
        found.append(output)
    return found


def code_cell(cell: Code, number: int, outputs: list[dict], slug: str, language: str) -> dict:
    words = paths.languages()[language]
    built = notebooks.code(cell.source, number, outputs=page_outputs(outputs, language))
    tags, shown = [], {}
    for tag, (folded, word) in FOLDED.items():
        if tag in cell.tags:
            tags.append(folded)
            shown |= {"code_prompt_show": words["solution" if word == "solution" else "code_show"],
                      "code_prompt_hide": words["solution_hide" if word == "solution" else "code_hide"]}
    if cell.draws:
        name = f"{prose.name_of(slug)}-{cell.name or f'fig-{number}'}"  # a name is unique in its source alone
        shown |= {"image": {"alt": cell.alt[language], "classes": "figure"},
                  "figure": {"caption": prose.for_site(cell.caption[language], slug, []), "name": name}}
    built["metadata"] = ({"tags": tags} if tags else {}) | ({"mystnb": shown} if shown else {})
    return built


def markdown_cells(source: Source, language: str, seen: set[str]):
    """(index, text) of each prose cell as MyST: exercises in their boxes, terms linked, the quiz in its place."""
    word = paths.languages()[language]["exercise"]
    anchors_from = "en" if "en" in paths.languages() else language
    for index, cell in enumerate(source.cells):
        if not isinstance(cell, Prose):
            continue
        if index == quiz.place(source) and quiz.exists(source):
            yield index, quiz.for_site(source, language)
        text = cell.texts[language]
        if index == 0 and (place := re.match(r"\d+", source.slug)):
            kind = paths.languages()[language]["lab"] if lab.is_lab(source) else ""
            numbered = f"# {kind} {int(place[0])}. " if kind else f"# {int(place[0])}. "
            text = re.sub(rf"^# (?:{kind}: )?", numbered, text, count=1, flags=re.M)  # `# Lab: name` or `# name`
        anchors = prose.headings(cell.texts[anchors_from])
        exercise = check.exercise_title(text, language)
        if exercise:
            body = prose.for_site(text[exercise.end():], source.slug, [])
            yield index, f":::::{{admonition}} {word}: {exercise[1]}\n:class: exercise\n\n{body}\n:::::"
        else:
            yield index, prose.link_terms(prose.for_site(text, source.slug, anchors), language, seen)


def glossary_page(language: str) -> str:
    """The glossary as a definition list: headword, the word in the other languages, definition."""
    column = paths.languages()[language]["glossary"]
    others = [entry["glossary"] for code, entry in paths.languages().items() if code != language]
    rows = sorted(prose.glossary(), key=lambda row: row[column].lower())
    lines = ["```{glossary}"]
    for row in rows:
        lines += [row[column], f"  {' · '.join(row[other] for other in others)}", "",
                  f"  {row[f'definition_{language}']}", ""]
    return "\n".join([*lines, "```"])


def notebook_of(source: Source, language: str) -> str:
    """The notebook that a page's launch button opens, relative to the project; "" where it has none."""
    return next((path.relative_to(paths.ROOT).as_posix() for path in notebooks.files(source, language)), "")


def page(source: Source, language: str, outputs: list[list]) -> tuple[str, str]:
    """(file name, text) of one page: a notebook where there is code, else Markdown."""
    texts: dict[int, list[str]] = {}
    generated = {"{{glossary}}": lambda: glossary_page(language), "{{bibliography}}": lambda: "```{bibliography}\n```"}
    column = paths.languages()[language]["glossary"]
    seen = {row[column] for row in prose.glossary()} if source.slug == "glossary" else set()
    for index, text in markdown_cells(source, language, seen):
        for marker, make in generated.items():
            if marker in text:
                text = text.replace(marker, make())
        texts.setdefault(index, []).append(text)
    if not source.codes:
        return f"{source.slug}.md", "\n\n".join(text for parts in texts.values() for text in parts) + "\n"
    cells, number = [], 0
    for index, cell in enumerate(source.cells):
        if isinstance(cell, Prose):
            cells += [notebooks.markdown(text, len(cells)) for text in texts[index]]
        else:
            number += 1
            if lab.has_region(cell):
                cells.append(notebooks.code(lab.handed_out(cell).source, number) | {"id": f"stub-{number:03d}"})
                cell = replace(lab.solved(cell), tags=[*cell.tags, "solution"])
            cells.append(code_cell(cell, number, outputs[number - 1], source.slug, language))
    metadata = notebooks.METADATA | {"notebook": notebook_of(source, language)}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return f"{source.slug}.ipynb", notebooks.dumps(notebook)


def write_pages(sources: list[Source], outputs: dict[str, list[list]], language: str) -> None:
    """Write every page of a language into book/LANGUAGE, and remove what no source gives any more."""
    folder = paths.BOOK / language
    wanted = {"_config.yml", "_toc.yml"}
    for source in sources:
        name, text = page(source, language, outputs[source.slug])
        paths.write(folder / name, text)
        wanted.add(name)
    paths.write(folder / "_config.yml", yaml.safe_dump(config(language), allow_unicode=True, sort_keys=False))
    paths.write(folder / "_toc.yml", yaml.safe_dump(contents(language), allow_unicode=True, sort_keys=False))
    for path in folder.iterdir():
        if path.is_file() and path.name not in wanted:
            path.unlink()


# Configuration ----------------------------------------------------------------------------------------------------

def config(language: str) -> dict:
    """book/_config.yml with what a language changes in it; paths are then relative to book/LANGUAGE."""
    base = paths.load_yaml(paths.BOOK / "_config.yml", "bibtex_bibfiles", "sphinx")
    words = paths.languages()[language]
    base["title"], base["author"] = words["title"], words["author"]
    base["bibtex_bibfiles"] = [f"../{name}" for name in base["bibtex_bibfiles"]]
    sphinx = base["sphinx"]
    sphinx["local_extensions"] = {name: ".." for name in sphinx["local_extensions"] if name != "author.hook"}
    sphinx["config"] |= {"language": language,
                         "cnnbook_languages": {code: entry["name"] for code, entry in paths.languages().items()}}
    return base | launch()


def launch() -> dict:
    """Buttons that open a page's notebook in Colab, aimed by theme/launch.py; nothing while there is no address."""
    if not paths.address():
        return {}
    return {"repository": {"url": paths.address(), "branch": "main"},
            "launch_buttons": {"colab_url": "https://colab.research.google.com", "notebook_interface": "classic"},
            "html": {"use_repository_button": True}}


def contents(language: str) -> dict:
    """book/_toc.yml for one language: files without their folder, captions in that language."""
    toc = paths.contents()
    captions = paths.languages()[language]["parts"] or {}
    toc["root"] = Path(toc["root"]).name
    for part in toc["parts"]:
        part["caption"] = captions.get(part["caption"], part["caption"])
        part["chapters"] = [{"file": Path(entry["file"]).name} for entry in part["chapters"]]
    return toc


# Building ---------------------------------------------------------------------------------------------------------

def die_with_parent() -> None:
    """On Linux: a build whose parent was killed ends too, and does not write beside the next one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def forget_old_theme(folder: Path) -> None:
    """Begin a build anew where the theme or its words changed: Sphinx looks at pages alone for what is out of date."""
    digest = hashlib.sha256()
    for path in sorted(path for part in ("theme", "locale") for path in (paths.BOOK / part).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(paths.BOOK).as_posix().encode() + path.read_bytes())
    stamp = folder / "theme.sha256"
    if not stamp.is_file() or stamp.read_text() != digest.hexdigest():
        shutil.rmtree(folder, ignore_errors=True)
        paths.write(stamp, digest.hexdigest())


def start_build(language: str) -> subprocess.Popen:
    folder = paths.BUILD / language
    forget_old_theme(folder)
    log = open(folder / "build.log", "w", encoding="utf-8")  # noqa: SIM115, closed with the process
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build",
               str(paths.BOOK / language), "--path-output", str(folder), "-W", "--keep-going", "-q"]
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=paths.BOOK,
                            preexec_fn=die_with_parent)


def problems(language: str) -> str:
    """What a failed build said: its warnings and errors, at most 30 lines of them."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", (paths.BUILD / language / "build.log").read_text("utf-8", "replace"))
    lines = [line.replace(f"{paths.ROOT}/", "") for line in plain.splitlines()]
    found = [line for line in lines if re.search(r"WARNING|ERROR|Error", line)] or lines
    return "\n".join(f"    {line}" for line in found[-30:])


def publish(language: str) -> None:
    """Bring book/_build/html/LANGUAGE to what was built, touching only what differs."""
    built, site = paths.BUILD / language / "_build" / "html", paths.SITE / language
    skipped = {".buildinfo", ".doctrees", "_sources"}
    wanted = set()
    for path in built.rglob("*"):
        relative = path.relative_to(built)
        if path.is_dir() or relative.parts[0] in skipped:
            continue
        wanted.add(relative)
        target = site / relative
        if not (target.is_file() and filecmp.cmp(path, target, shallow=False)):
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            shutil.copyfile(path, part)
            part.replace(target)
    for path in sorted(site.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(site) not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def root_page() -> str:
    """The page at the root of the site: theme/root.html with a link to each language."""
    links = "\n".join(
        f'      <a href="{code}/index.html" lang="{code}" hreflang="{code}">'
        f'<strong>{html.escape(words["name"])}</strong><span>{html.escape(words["title"])}</span></a>'
        for code, words in paths.languages().items())
    text = (paths.BOOK / "theme" / "root.html").read_text("utf-8")
    return text.replace("{{links}}", links).replace("{{codes}}", json.dumps(list(paths.languages())))


def read_all() -> list[Source]:
    """Every chapter, lab and page. Raises SourceError with all faults that would keep a page from being written."""
    sources, faults = [], check.contents_faults()
    for path in paths.sources():
        try:
            source = read(path)
            faults += check.check_source(source)
            sources.append(source)
        except SourceError as error:
            faults += error.faults
    if faults:
        raise SourceError(faults)
    return sources


def build(say=print) -> float:
    """Execute what changed, write the pages, build every language at once, publish. Returns the seconds it took."""
    begin = step = time.perf_counter()

    def done(what: str) -> None:
        nonlocal step
        now = time.perf_counter()
        say(f"{what:<42}{now - step:6.1f} s")
        step = now

    sources = read_all()
    outputs = {source.slug: execute.outputs_of(source, say) for source in sources}
    bare = [fault for source in sources for fault in execute.bare_figures(source, outputs[source.slug])]
    if bare:
        raise SourceError(bare)
    done("code of chapters, labs and pages")
    for language in paths.languages():
        write_pages(sources, outputs, language)
    done("pages written")
    running = {language: start_build(language) for language in paths.languages()}
    try:
        failed = [language for language, process in running.items() if process.wait() != 0]
    finally:
        for process in running.values():
            process.terminate()
    if failed:
        raise BuildError("\n".join(
            f"the {code} book did not build, see {paths.shown(paths.BUILD / code / 'build.log')}:\n{problems(code)}"
            for code in failed))
    done(f"Jupyter Book, {' and '.join(running)}")
    for language in paths.languages():
        publish(language)
    for name in set(path.name for path in paths.SITE.iterdir() if path.is_dir()) - set(paths.languages()):
        shutil.rmtree(paths.SITE / name)
    paths.write(paths.SITE / "index.html", root_page())
    done("published")
    return time.perf_counter() - begin
