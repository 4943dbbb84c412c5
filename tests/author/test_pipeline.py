"""The author's tool from outside: what it writes, what it runs again, and what it says when something is wrong."""

import json
import re
import signal
import time
from pathlib import Path

import pytest
import yaml

LANGUAGES = ("ko", "en")


def notebook(project, language: str) -> dict:
    return json.loads(project.read(f"chapters/{language}/03_sizes.ipynb"))


def test_notebooks_are_plain_and_deterministic(project):
    code, said = project.run("split")
    assert code == 0, said
    for language in LANGUAGES:
        cells = notebook(project, language)["cells"]
        assert f'cnnbook.start("{language}")' in "".join(cells[0]["source"])
        golden = [cell["outputs"] for cell in cells if "nbval-check-output" in cell["metadata"].get("tags", [])]
        assert [output["text"] for output in golden[0]] == [["3\n"]]
        assert all(not cell["outputs"] for cell in cells[1:] if cell["cell_type"] == "code" and
                   "nbval-check-output" not in cell["metadata"].get("tags", []))
    before = project.read("chapters/ko/03_sizes.ipynb")
    assert "0 notebooks written" in project.run("split")[1]
    assert project.read("chapters/ko/03_sizes.ipynb") == before
    assert project.run("check")[0] == 0


def test_a_notebook_edited_by_hand_is_found_and_made_again(project):
    project.run("split")
    project.edit("chapters/en/03_sizes.ipynb", "Now we draw", "Now you draw")
    code, said = project.run("check")
    assert code == 1 and "chapters/en/03_sizes.ipynb" in said and "edited by hand" in said and "make notebooks" in said
    project.run("split")
    assert project.run("check")[0] == 0


def test_a_stale_notebook_and_one_without_source_are_found(project):
    project.run("split")
    project.edit("chapters/03_sizes.py", "# Nothing.", "# Nothing at all.")
    project.write("chapters/ko/99_gone.ipynb", "{}")
    code, said = project.run("check")
    assert code == 1 and "is not what chapters/03_sizes.py gives" in said and "99_gone.ipynb" in said


def test_code_runs_once_and_again_only_when_something_changed(project):
    ran = "03_sizes: ran 2 cells"
    assert ran in project.run("execute")[1]
    assert ran not in project.run("execute")[1]
    project.edit("chapters/03_sizes.py", "# Nothing.", "# Nothing at all.")
    project.edit("chapters/03_sizes.py", 'tags=["nbval-check-output"]', 'tags=["nbval-check-output", "slide"]')
    assert ran not in project.run("execute")[1], "prose and tags are not code"
    project.write("utils/cnnbook/sizes.py", project.read("utils/cnnbook/sizes.py") + "\nCHANGED = True\n")
    assert ran in project.run("execute")[1], "the package changed"
    project.write("utils/cnnbook/look/svg.py", project.read("utils/cnnbook/look/svg.py") + "\nCHANGED = True\n")
    assert ran in project.run("execute")[1], "a part that is loaded on first use changed"
    project.edit("chapters/03_sizes.py", "(5 - 3 + 2)", "(7 - 3 + 2)")
    assert ran in project.run("execute")[1], "the code changed"


def test_a_damaged_cache_is_told_and_made_again(project):
    project.run("execute")
    cache = "book/_build/outputs/03_sizes.json"
    project.write(cache, project.read(cache)[:100])
    code, said = project.run("execute")
    assert code == 0 and "is damaged; 03_sizes runs again" in said and "ran 2 cells" in said


@pytest.mark.parametrize("broken, expected", [
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("import os\nos._exit(1)", "the kernel died"),
])
def test_a_failing_cell_stops_the_build_and_is_named(project, broken, expected):
    project.edit("chapters/03_sizes.py", "print((5 - 3 + 2) // 2 + 1)", broken)
    code, said = project.run("build")
    assert code == 1 and expected in said and "chapters/03_sizes.py:11: cell 3" in said
    project.edit("chapters/03_sizes.py", broken, "print(3)")
    assert project.run("execute")[0] == 0, "the next run works"


def test_a_picture_without_alt_text_stops_the_build(project):
    text = project.read("chapters/03_sizes.py")
    project.write("chapters/03_sizes.py", re.sub(r'# %% alt_ko=.*', "# %%", text))
    code, said = project.run("build")
    assert code == 1 and "draws a picture but has no alt_ko" in said


def test_a_build_gives_both_languages_and_an_edit_of_prose_runs_nothing(project):
    code, said = project.run("build")
    assert code == 0, said
    site = project.root / "book/_build/html"
    for language, words in (("ko", "그림을 그립니다"), ("en", "Now we draw")):
        page = (site / language / "03_sizes.html").read_text("utf-8")
        assert words in page and 'id="sizes-a-picture"' in page and f'lang="{language}"' in page
        assert re.search(r"<svg[^>]*aria-label=.(네모|A square)", page)
    assert 'href="ko/index.html"' in (site / "index.html").read_text("utf-8")
    project.edit("chapters/03_sizes.py", "이제 그림을", "지금부터 그림을")
    before = (site / "en/03_sizes.html").stat().st_mtime_ns
    begin = time.perf_counter()
    code, said = project.run("build")
    assert code == 0 and not re.search(r": ran \d", said) and time.perf_counter() - begin < 45  # 9 s alone
    assert "지금부터 그림을" in (site / "ko/03_sizes.html").read_text("utf-8")
    assert (site / "en/03_sizes.html").stat().st_mtime_ns == before
    project.write("book/theme/static/book.css", project.read("book/theme/static/book.css") + "/* changed */")
    code, said = project.run("build")
    assert code == 0
    assert (site / "ko/_static/book.css").read_text("utf-8").endswith("/* changed */"), "the theme changed"


def test_two_builds_at_once_take_turns(project):
    project.run("execute")
    processes = [project.start("build") for _ in range(2)]
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sum("another build of this book is running" in output for output in outputs) == 1


def test_a_killed_build_leaves_nothing_in_the_way(project):
    project.run("execute")
    process = project.start("build")
    logs = [project.root / "book/_build" / language / "build.log" for language in LANGUAGES]
    while process.poll() is None and not all(log.is_file() for log in logs):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was killed while Sphinx was running"
    code, said = project.run("build")
    assert code == 0, said


@pytest.mark.parametrize("name, text, expected", [
    ("book/languages/ko.yml", "order: [", "book/languages/ko.yml:1: is not YAML"),
    ("book/languages/ko.yml", "order: 1", "book/languages/ko.yml: lacks name"),
    ("book/_toc.yml", "root: en/index", "book/_toc.yml: lacks parts"),
    ("book/refs.bib", "@article{a, title=", "book/refs.bib"),
    ("book/glossary.csv", "a,b\n1,2\n", "book/glossary.csv: its first line must name the columns"),
    ("pyproject.toml", "[project", "pyproject.toml"),
    ("chapters/03_sizes.py", '# %% [markdown] lang="ko\n', "chapters/03_sizes.py:1"),
    ("book/_toc.yml", "root: en/index\nparts: []\n", "book/_toc.yml:1: does not list 03_sizes"),
    ("book/quiz/03_sizes.yml", "- 5\n", "book/quiz/03_sizes.yml:1: needs a list of three to five questions"),
])
def test_a_broken_file_is_named_and_never_a_traceback(project, name, text, expected):
    project.edit("book/pages/index.py", "[크기](03_sizes)를 읽으세요.", "{cite:p}`lecun1998gradient`을 읽으세요.")
    project.edit("book/pages/index.py", "Read [sizes](03_sizes).", "Read {cite:p}`lecun1998gradient`.")
    project.write(name, text)
    code, said = project.run("build")
    assert code == 1 and expected in said and "Traceback" not in said, said


def test_an_interrupted_run_says_so(project):
    project.edit("chapters/03_sizes.py", "print((5 - 3 + 2) // 2 + 1)", "import time\ntime.sleep(60)")
    process = project.start("execute")
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 130 and "stopped; what was finished is kept" in said and "Traceback" not in said, said


def test_a_third_language_needs_no_code(project):
    words = yaml.safe_load(project.read("book/languages/en.yml"))
    project.write("book/languages/de.yml", yaml.safe_dump(words | {"order": 3, "name": "Deutsch"}))
    code, said = project.run("check", "--sources-only")
    assert code == 1 and 'no lang="de" half' in said


def test_a_new_chapter_passes_the_check(project):
    code, said = project.run("new", "chapter", "05_cifar10")
    assert code == 0 and "book/_toc.yml" in said and "book/quiz/05_cifar10.yml" in said
    project.write("book/_toc.yml", project.read("book/_toc.yml") + "      - file: en/05_cifar10\n")
    project.write("book/quiz/05_cifar10.yml", project.read("book/quiz/03_sizes.yml"))
    code, said = project.run("check", "--sources-only")
    assert code == 0, said
    assert "has the number 05 already" in project.run("new", "chapter", "05_other")[1]
    assert "is no chapter's name" in project.run("new", "chapter", "cifar")[1]


def test_colab_is_left_out_until_there_is_an_address(project):
    project.run("split")
    assert "colab.research" not in project.read("chapters/en/03_sizes.ipynb")
    text = project.read("pyproject.toml")
    address = '[project.urls]\nRepository = "https://github.com/someone/book"'
    addressed, changes = re.subn(r"# \[project\.urls\]\n# Repository = .*", address, text)
    assert changes == 1
    project.write("pyproject.toml", addressed)
    project.run("split")
    for language in LANGUAGES:
        text = project.read(f"chapters/{language}/03_sizes.ipynb")
        assert f"colab.research.google.com/github/someone/book/blob/main/chapters/{language}/03_sizes.ipynb" in text
        assert "git+https://github.com/someone/book" in text


def test_a_golden_output_edited_by_hand_is_found(project):
    project.run("split")
    project.edit("chapters/ko/03_sizes.ipynb", '"3\\n"', '"777\\n"')
    code, said = project.run("check")
    assert code == 1 and "other golden outputs" in said


def test_serve_needs_a_site(project):
    code, said = project.run("serve")
    assert code == 1 and "make book" in said


def test_environments_agree():
    """environment.yml installs what pyproject names, by naming pyproject; the lock pins every direct need."""
    import tomllib

    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    conda = yaml.safe_load((root / "environment.yml").read_text("utf-8"))["dependencies"]
    assert f"python{project['requires-python']}" in conda and "pip" in conda
    extras = ",".join(project["optional-dependencies"])
    assert [entry["pip"] for entry in conda if isinstance(entry, dict)] == [[f"--editable .[{extras}]"]]
    needs = project["dependencies"] + [need for extra in project["optional-dependencies"].values() for need in extra]
    assert all(re.search(r">=", need) and "==" not in need for need in needs), "lower bounds only"
    locked = {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-")
              for line in (root / "requirements.lock").read_text("utf-8").splitlines() if line[:1] not in ("", "#")}
    assert {re.match(r"[\w.-]+", need)[0].lower() for need in needs} <= locked
