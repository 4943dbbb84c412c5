"""Every lab as its reader meets it: the solution is right, the stubs are told so, and every exercise knows mistakes.

nbval has run the solution notebooks before, where all tests run; what it kept is taken from there.
"""

import ast
import os
import re
import time
from importlib import import_module

import nbformat
import pytest
from nbclient import NotebookClient

from author import execute, lab, notebooks, paths, source
from cnnbook import exercises

ROOT = paths.ROOT
SECONDS = 90
LABS = pytest.mark.parametrize("path", paths.labs(), ids=lambda path: path.stem)
EXERCISES = [(exercises.find(key).lab, key) for key in exercises.keys() if exercises.find(key).lab]


def keys_of(read) -> list[str]:
    """The exercises that a lab checks, in order."""
    return [key for cell in read.codes for key in lab.CHECK.findall(cell.source)]


def messages(outputs: list[dict]) -> list[str]:
    """What the check said in a cell's outputs: right, notyet or wrong; in one language."""
    shown = ["".join(output["data"].get("text/html", "")) for output in outputs if "data" in output
             and output["metadata"].get("cnnbook", {}).get("language", "en") == "en"]
    return [status for html in shown for status in re.findall(r'class="cnn-check cnn-check-(\w+)"', html)]


@LABS
def test_the_lab_checks_the_exercises_that_are_registered_for_it_and_ends_with_the_score(path):
    read = source.read(path)
    assert set(keys_of(read)) == {key for slug, key in EXERCISES if slug == path.stem}
    assert any(f'check.score("{path.stem}")' in cell.source for cell in read.codes)


@LABS
def test_the_solution_passes_every_check_in_time(path):
    """With CNNBOOK_STRICT=1 a check that is not passed stops the run."""
    read = source.read(path)
    outputs = execute.outputs_of(read)
    for cell, found in zip(read.codes, outputs, strict=True):
        if lab.CHECK.search(cell.source):
            assert set(messages(found)) == {"right"}, cell.source
        if "check.score" in cell.source:
            assert messages(found) == ["right"], "every exercise is done at the end"
    assert execute.load(read)["seconds"] <= SECONDS


@LABS
def test_as_handed_out_it_runs_to_its_end_and_every_check_says_not_yet(path, tmp_path):
    file, form = next(iter(notebooks.files(source.read(path), "en").items()))
    notebook = nbformat.reads(notebooks.render(form, file, "en"), as_version=4)
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3",
                            resources={"metadata": {"path": path.parent}})
    environment = {name: value for name, value in os.environ.items() if name not in ("CNNBOOK_STRICT", "CNNBOOK_DATA")}
    begin = time.perf_counter()
    client.execute(env=environment | {"CNNBOOK_CACHE": str(tmp_path), "CNNBOOK_LANGUAGE": "en"})
    assert time.perf_counter() - begin <= SECONDS
    for cell in notebook.cells:
        if cell.cell_type == "code" and lab.CHECK.search(cell.source):
            assert set(messages(cell.outputs)) == {"notyet"}, cell.source
    assert not list(tmp_path.glob("labs/*")), "nothing is marked as done"


@pytest.mark.parametrize("slug, key", EXERCISES, ids=lambda each: each)
def test_an_exercise_knows_five_mistakes(slug, key):
    """Recognised by what they give, or by the exercise's own test, which the lab's tests then ask for five of them."""
    exercise = exercises.find(key)
    if exercise.reference:
        assert len(exercise.mistakes) >= 5
        return
    assert len(told(f"lab_{slug.partition('_')[2]}", key)) >= 5


def told(module: str, key: str) -> set[str]:
    """What the tests that name an exercise expect the check to say: the ends of the rows (answer, …, words) of their
    lists and tables, and the mistakes that they take from the exercise's module."""
    tests = ast.parse((ROOT / "tests" / f"test_exercises_{module}.py").read_text("utf-8"))
    tables = {node.targets[0].id: node.value for node in tests.body if isinstance(node, ast.Assign)
              and isinstance(node.targets[0], ast.Name)}
    found = set()
    for test in tests.body:
        inside = list(ast.walk(test))
        if not any(isinstance(node, ast.Constant) and node.value == key for node in inside):
            continue
        for node in inside:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module:
                kept = getattr(import_module(f"cnnbook.exercises.{module}"), node.attr)
                if isinstance(kept, list):
                    found |= {each.says["en"] for each in kept if isinstance(each, exercises.Mistake)}
        named = [tables[node.id] for node in inside if isinstance(node, ast.Name) and node.id in tables]
        for node in [*inside, *(each for table in named for each in ast.walk(table))]:
            rows = node.elts if isinstance(node, ast.List) else node.values if isinstance(node, ast.Dict) else []
            ends = [row.elts[-1] for row in rows if isinstance(row, ast.Tuple) and row.elts]
            found |= {end.value for end in ends if isinstance(end, ast.Constant) and isinstance(end.value, str)}
    return found
