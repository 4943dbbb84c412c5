"""The generated set-up cell on a machine like Colab: torch is there, cnnbook and this project are not."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LABS = sorted((ROOT / "labs" / "en").glob("*.ipynb"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """The Python of a new environment that sees every installed package but cnnbook."""
    folder = tmp_path_factory.mktemp("colab")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    packages = folder / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "cnnbook" not in entry.name and entry.suffix != ".pth" and not entry.name.startswith("pip"):
            (packages / entry.name).symlink_to(entry)
    [site] = (folder / "venv").glob("lib/python*/site-packages")
    for entry in site.glob("setuptools*"):  # an old one, which would hide the one that torch wants
        shutil.rmtree(entry)
    (site / "there.pth").write_text(f"{packages}\n")
    return folder / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir",
                    folder, ROOT], check=True)
    return next(folder.glob("cnnbook-*.whl"))


def set_up_cell(language: str) -> str:
    first = sorted((ROOT / "chapters" / language).glob("*.ipynb"))[0]
    return "".join(json.loads(first.read_text("utf-8"))["cells"][0]["source"])


def run(python: Path, code: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CNNBOOK", "PYTHONPATH"))}
    return subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=python.parent,
                          env=clean | {"PIP_NO_INDEX": "1"} | environment)


def test_without_a_source_the_cell_says_what_to_do(fresh):
    result = run(fresh, set_up_cell("ko"))
    assert result.returncode and "CNNBOOK_SOURCE" in result.stderr and "환경 변수" in result.stderr


def test_the_cell_installs_the_package_and_leaves_torch_alone(fresh, wheel):
    """With pip cut off from every index: were anything but the wheel wanted, the cell would fail."""
    version = "import torch; print(torch.__version__, torch.__file__)"
    before = run(fresh, version).stdout
    code = set_up_cell("en") + """
import cnnbook
from cnnbook import data, models, runs
print(cnnbook.language(), len(data.load("digits")), models.names()[0])
print(cnnbook.__file__)
runs.load("lenet5_digits")
"""
    result = run(fresh, code, CNNBOOK_SOURCE=str(wheel))
    assert result.returncode == 0, result.stderr
    assert "en 4000 lenet5" in result.stdout
    assert str(fresh.parents[1]) in result.stdout, "the installed package, not this checkout"
    assert run(fresh, version).stdout == before
    again = run(fresh, set_up_cell("ko"), CNNBOOK_SOURCE="/nowhere/at/all.whl")
    assert again.returncode == 0, "where the package is there, the cell does nothing"


AS_HANDED_OUT = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
"""


def test_a_lab_as_handed_out_runs_there_to_its_end(fresh, wheel, tmp_path):
    """Its own set-up cell brings the package; every check answers, and torch is the one that was there."""
    subprocess.run([fresh, "-m", "pip", "uninstall", "--quiet", "--yes", "cnnbook"], capture_output=True)
    assert run(fresh, "import cnnbook").returncode, "it is not there yet"
    version = "import torch; print(torch.__version__, torch.__file__)"
    before = run(fresh, version).stdout
    assert before, "torch is there"
    lab = tmp_path / "downloaded.ipynb"
    shutil.copyfile(LABS[0], lab)
    program = AS_HANDED_OUT.replace("sys.argv[1]", repr(str(lab)))
    result = run(fresh, program, CNNBOOK_SOURCE=str(wheel), CNNBOOK_CACHE=str(tmp_path), CNNBOOK_OFFLINE="1",
                 CNNBOOK_BUDGET="quick", MPLBACKEND="agg")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    cells = json.loads(lab.read_text("utf-8"))["cells"]
    checks = sum("check.exercise(" in "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert result.stdout.count("Not yet: write your answer") == checks > 0
    assert run(fresh, version).stdout == before
