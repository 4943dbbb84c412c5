"""Imports go one way: cli → train → models → layers; data and look depend on nothing above them."""

import ast
from pathlib import Path

import pytest

import cnnbook

ROOT = Path(cnnbook.__file__).parent
BELOW = {  # part of the package → the parts that it may import; what is not named here may import nothing
    "sizes": set(),
    "names": set(),
    "layers": {"sizes"},
    "models": {"sizes", "layers", "names", "vision"},
    "data": {"sizes", "names"},
    "vision": {"sizes", "layers"},
    "look": {"sizes"},
    "adversarial": {"look"},
    "runs": {"names"},
    "notebook": {"look"},
    "train": {"sizes", "names", "layers", "models", "data", "look", "runs", "vision"},
    "retrain": {"models", "data", "look", "runs", "train"},
    "exercises": {
        *("sizes", "layers", "models", "data", "look", "runs", "train", "retrain", "notebook", "verdict", "vision"),
    },
    "messages": {"notebook"},
    "verdict": set(),
    "trial": {"exercises", "messages", "verdict"},
    "progress": {"exercises", "runs", "data"},
    "check": {"sizes", "exercises", "messages", "progress", "verdict", "trial"},
    "cli": {"sizes", "names", "layers", "models", "data", "look", "runs", "train", "retrain", "vision", ""},
    "__main__": {"cli"},
    "": {"notebook", "sizes"},  # cnnbook/__init__.py
}
SOURCES = sorted(ROOT.rglob("*.py"))


def part(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """The parts of cnnbook that a module imports, anywhere in it; "" is cnnbook itself."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their module in full"
            if node.module == "cnnbook":
                names = [f"cnnbook.{alias.name}" if (ROOT / alias.name).exists() or (ROOT / f"{alias.name}.py").exists()
                         else "cnnbook" for alias in node.names]
            else:
                names = [node.module]
        else:
            continue
        found |= {(name.split(".") + [""])[1] for name in names if name.split(".")[0] == "cnnbook"}
    return found


def forbidden(path: Path, tree: ast.AST) -> set[str]:
    here = part(path)
    return imported(tree) - BELOW.get(here, set()) - {here}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path):
    wrong = forbidden(path, ast.parse(path.read_text(encoding="utf-8")))
    assert not wrong, f"{path.relative_to(ROOT)} may not import {', '.join(sorted(wrong)) or 'cnnbook itself'}"


def test_the_rules_have_no_circle():
    order, left = [], dict(BELOW)
    while left:
        free = [name for name, below in left.items() if not below & set(left)]
        assert free, f"a circle among {sorted(left)}"
        order += free
        left = {name: below for name, below in left.items() if name not in free}
    assert order.index("cli") > order.index("train") > order.index("models") > order.index("layers")


@pytest.mark.parametrize(
    "file, line",
    [
        ("data/load.py", "from cnnbook import models"),
        ("data/load.py", "from cnnbook.models.lenet import LeNet5"),
        ("look/grid.py", "import cnnbook.data"),
        ("models/lenet.py", "def f():\n    from cnnbook.train import fit"),
        ("layers/lrn.py", "from cnnbook.models import create"),
        ("train/fit.py", "from cnnbook import cli"),
        ("data/load.py", "from cnnbook import language"),
    ],
)
def test_a_planted_wrong_import_is_found(file, line):
    assert forbidden(ROOT / file, ast.parse(line))


def test_no_file_is_long():
    long = {str(path.relative_to(ROOT)): lines for path in SOURCES
            if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300 and part(path) != "exercises"}
    assert not long
