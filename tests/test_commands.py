"""The commands that people type: what make lists, what README names, and a set-up that cannot go on."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETUP = ROOT / "book" / "author" / "setup.py"


def test_help_lists_every_command():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.search(r"\.PHONY: (.+)", makefile)[1].split()) - {"help"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    assert {line.split()[1] for line in shown.stdout.splitlines()} - {"help"} == targets


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md", "CONTRIBUTING.md"])
def test_documents_name_commands_and_files_that_exist(readme):
    text = (ROOT / readme).read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), f"{readme} names make {target}"
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        if not link.startswith(("http", "mailto")):
            assert (ROOT / link).exists(), f"{readme} links to {link}"


def test_the_wheel_holds_every_folder_of_the_package():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT / "utils") for path in (ROOT / "utils").rglob("__init__.py")}
    assert {".".join(folder.parts) for folder in folders} | {"cnnbook.results"} == set(listed)


def test_an_unwritable_place_for_the_environment_is_said_plainly(tmp_path):
    (tmp_path / "taken").write_text("a file")
    result = subprocess.run([sys.executable, SETUP, tmp_path / "taken" / "venv"], capture_output=True, text=True)
    assert result.returncode and "setup: cannot make" in result.stderr and "make VENV=" in result.stderr
