"""Labs in the author's tool: solutions taken out and kept, broken marks named, pages, what a grader needs."""

import json

import nbformat
import pytest
from test_parity import ASIDE, messages, text_of

from author import check, lab, notebooks, paths, source

EXERCISE = '# %% tags=["exercise"]\n'
CHECKED = '\n# %%\ncheck.exercise("key", f)\n'
REGION = "    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads a source whose cells are given as a lab's, or as a chapter's."""
    monkeypatch.setattr(paths, "LABS", tmp_path / "labs")
    (tmp_path / "labs").mkdir()

    def reading(*cells: str, folder: str = "labs") -> source.Source:
        path = tmp_path / folder / "05_planted.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of(*ASIDE, *cells), "utf-8")
        return source.read(path)

    return reading


def code(notebook: dict, text: str) -> dict:
    [found] = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and text in "".join(cell["source"])]
    return found


def test_a_region_becomes_a_stub_as_far_in_as_its_mark():
    cell = source.Code("class Net:\n    def f(self):\n        ### BEGIN SOLUTION\n        x = 1\n\n        return x\n"
                       "        ### END SOLUTION\n\n    def g(self):\n        return 2\n\n### BEGIN SOLUTION\nnet = 3\n"
                       "### END SOLUTION", 1, 1)
    handed_out = lab.handed_out(cell).source
    assert handed_out == ("class Net:\n    def f(self):\n        # TODO\n        ...\n\n    def g(self):\n"
                          "        return 2\n\n# TODO\n...")
    assert lab.solved(cell).source == cell.source.replace("        ### BEGIN SOLUTION\n", "").replace(
        "        ### END SOLUTION\n", "").replace("### BEGIN SOLUTION\n", "").replace("\n### END SOLUTION", "")


@pytest.mark.parametrize("cell, expected", [
    ("def f():\n    ### BEGIN SOLUTION\n    return 1\n", "a ### BEGIN SOLUTION without its ### END SOLUTION"),
    ("def f():\n    return 1\n    ### END SOLUTION\n", "an ### END SOLUTION without a ### BEGIN SOLUTION"),
    ("def f():\n    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n", "a second"),
    ("def f():\n    ### BEGIN SOLUTION\n\n    ### END SOLUTION\n", "an empty region"),
    ("def f():\n    ### BEGIN SOLUTION\n    # nothing\n    ### END SOLUTION\n", "an empty region"),
    ("def f():\n    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION\n", "must be a line of its own"),
    ("def f():\n    return 1  ### BEGIN SOLUTION\n", "must be a line of its own"),
    ("def f():\n    return 1\n", "the exercise has no solution"),
    ("def f(\n    ### BEGIN SOLUTION\n    a):\n    return a\n    ### END SOLUTION\n", "without its solution"),
    (f"def f():\n{REGION}\n\ncheck.exercise('key', f)\n", "the check belongs into the next cell"),
])
def test_a_broken_region_is_named(read, cell, expected):
    assert expected in messages(check.check_source(read(EXERCISE + cell + CHECKED)))


def test_a_region_is_found_where_it_stands(read):
    planted = read(EXERCISE + "def f():\n    return 1\n    ### END SOLUTION\n" + CHECKED)
    [fault, *_] = [fault for fault in check.check_source(planted) if "END" in fault.message]
    lines = planted.path.read_text("utf-8").splitlines()
    assert lines[fault.line - 1].strip() == "### END SOLUTION"


def test_a_region_belongs_into_an_exercise_of_a_lab(read):
    assert "outside a lab's cell tagged exercise" in messages(check.check_source(read(f"# %%\ndef f():\n{REGION}")))
    chapter = read(f"# %%\ndef f():\n{REGION}", folder="chapters")
    assert "a solution region in a chapter" in messages(check.check_source(chapter))


def test_exercises_are_checked_and_told_apart(read):
    found = messages(check.check_source(read(EXERCISE + f"def f():\n{REGION}")))
    assert "no cell after the exercise checks it" in found
    named = f'# %% tags=["exercise"] name="one"\ndef f():\n{REGION}{CHECKED}'
    assert check.check_source(read(named)) == []
    assert "another exercise has the name 'one'" in messages(check.check_source(read(named, named)))
    for wrong in (named.replace('"one"', '"일"'), named.replace(' name="one"', "")):
        assert "of an exercise must be Latin letters" in messages(check.check_source(read(wrong)))


def test_a_check_that_comes_again_is_worth_nothing_more(read):
    found = lab.for_grader(read(f"{EXERCISE}def f():\n{REGION}{CHECKED}{CHECKED}"))
    assert [each["nbgrader"].get("points", 0) for each in found if each] == [0, 1]


def test_what_the_reader_gets_and_what_is_kept(project):
    project.add_lab()
    said = project.run("split")[1]
    assert "6 notebooks written" in said and "02_areas: ran 5 cells" in said
    assert "0 notebooks written" in project.run("split")[1] and project.run("check")[0] == 0
    for language in ("ko", "en"):
        handed_out, solution = (json.loads(project.read(f"{folder}/{language}/02_areas.ipynb"))
                                for folder in ("labs", "labs/solutions"))
        assert "".join(code(handed_out, "def area")["source"]).endswith("    # TODO\n    ...")
        assert "return width**2" in "".join(code(solution, "def area")["source"])
        for notebook in (handed_out, solution):
            nbformat.validate(nbformat.from_dict(notebook))
            assert f'cnnbook.start("{language}")' in "".join(notebook["cells"][0]["source"])
            assert 'check.exercise("lab_area", area)' in "".join(code(notebook, "check.exercise")["source"])
            answer, test = (code(notebook, text)["metadata"]["nbgrader"] for text in ("def area", "check.exercise"))
            assert answer == {"schema_version": 3, "grade": False, "solution": True, "locked": False, "task": False,
                              "grade_id": "answer-area"}
            assert test == {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False,
                            "grade_id": "check-lab_area", "points": 1}
            assert sum("nbgrader" in cell["metadata"] for cell in notebook["cells"]) == 2
        assert code(solution, "print")["outputs"][0]["text"] == ["9\n"] and not code(handed_out, "print")["outputs"]
    assert "](../../chapters/en/03_sizes.ipynb)" in project.read("labs/en/02_areas.ipynb")
    assert "](../../../chapters/ko/03_sizes.ipynb)" in project.read("labs/solutions/ko/02_areas.ipynb")
    assert "](../../labs/ko/02_areas.ipynb)" in project.read("chapters/ko/03_sizes.ipynb")


def test_stale_and_left_notebooks_of_labs_are_found(project):
    project.add_lab()
    project.run("split")
    project.edit("labs/solutions/ko/02_areas.ipynb", "9\\n", "8\\n")
    project.edit("labs/en/02_areas.ipynb", "# TODO", "# DONE")
    project.write("labs/solutions/en/07_gone.ipynb", "{}")
    said = project.run("check")[1]
    assert "labs/solutions/ko/02_areas.ipynb" in said or "labs/solutions/en/02_areas.ipynb" in said
    assert "labs/en/02_areas.ipynb:1: is not what labs/02_areas.py gives" in said
    assert "07_gone.ipynb:1: has no source in labs/" in said


def test_a_solution_that_is_wrong_stops_the_run(project):
    project.add_lab()
    project.edit("labs/02_areas.py", "    return width**2", "    return width + 2")
    code, said = project.run("split")
    assert code == 1 and "labs/02_areas.py" in said and "AssertionError" in said and "Wrong value" in said


def test_a_page_shows_the_stub_then_the_folded_solution(project):
    project.add_lab()
    address = '[project.urls]\nRepository = "https://github.com/someone/book"'
    project.write("pyproject.toml", project.read("pyproject.toml").replace(
        '# [project.urls]\n# Repository = "https://github.com/OWNER/NAME"', address))
    index = project.read("book/pages/index.py")
    project.write("book/pages/index.py", index + "\n# %%\nprint(1)\n")  # a page with code that is no notebook's
    code, said = project.run("build")
    assert code == 0, said
    for language, folded, title in (("ko", "정답 보기", "실습 2. 넓이"), ("en", "Show the solution", "Lab 2. Areas")):
        page = (project.root / f"book/_build/html/{language}/02_areas.html").read_text("utf-8")
        assert page.index("TODO") < page.index(folded) < page.index("cnn-check-right")
        assert title in page and "BEGIN SOLUTION" not in page and 'id="lab-areas-' in page
        assert f"blob/main/labs/{language}/02_areas.ipynb" in page
        chapter = (project.root / f"book/_build/html/{language}/03_sizes.html").read_text("utf-8")
        assert f"blob/main/chapters/{language}/03_sizes.ipynb" in chapter and 'href="02_areas.html"' in chapter
        assert "colab.research" not in (project.root / f"book/_build/html/{language}/index.html").read_text("utf-8")


def test_a_lab_needs_a_name_of_its_own(project):
    project.add_lab()
    project.write("labs/03_sizes.py", project.read("labs/02_areas.py"))
    assert "there are two sources 03_sizes.py" in project.run("check", "--sources-only")[1]
    assert "chapters/03_sizes.py has the name already" in project.run("new", "lab", "03_sizes")[1]


def test_a_new_lab_passes_the_check(project):
    project.add_lab()
    code, said = project.run("new", "lab", "06_detect")
    assert code == 0 and "book/_toc.yml" in said and "exercises/lab_detect.py" in said
    project.write("book/_toc.yml", project.read("book/_toc.yml") + "      - file: en/06_detect\n")
    code, said = project.run("check", "--sources-only")
    assert code == 0, said
    assert "has the number 06 already" in project.run("new", "lab", "06_other")[1]


EACH_LAB = pytest.mark.parametrize("path", paths.labs(), ids=lambda path: path.stem)


@EACH_LAB
def test_every_lab_has_what_a_grader_needs(path):
    """nbgrader's schema of a cell's metadata, for every exercise and every check."""
    read = source.read(path)
    keys = {key for cell in read.codes for key in lab.CHECK.findall(cell.source)}
    for form in (read, lab.for_reader(read, notebooks.GOLDEN)):
        found = [each["nbgrader"] for each in lab.for_grader(form) if each]
        assert len({each["grade_id"] for each in found}) == len(found)
        for each in found:
            assert each["grade"] != each["solution"] and each["locked"] == each["grade"] == ("points" in each)
        assert sum(each.get("points", 0) for each in found) == len(keys)
        assert sum(each["solution"] for each in found) == sum("exercise" in cell.tags for cell in read.codes)


@EACH_LAB
def test_nbgrader_clears_every_lab_as_it_is_handed_out(path):
    read = source.read(path)
    nbgrader = pytest.importorskip("nbgrader.nbgraderformat")
    from nbgrader.preprocessors import ClearSolutions
    from traitlets.config import Config

    solution = next(file for file, form in notebooks.files(read, "en").items() if form is read)
    converted = nbgrader.read(str(solution), as_version=4)
    stub = Config(ClearSolutions={"code_stub": {"python": "\n".join(lab.STUB)}})
    ClearSolutions(config=stub).preprocess(converted, {})
    cleared = [cell.source for cell in converted.cells if cell.cell_type == "code"][1:]
    assert cleared == [cell.source for cell in lab.for_reader(read, notebooks.GOLDEN).codes]
