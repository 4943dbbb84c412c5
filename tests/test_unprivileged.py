"""A project folder that the user may not write to: tried as an unprivileged user, since root may write everywhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv to become nobody")
def test_tool_and_data_say_plainly_that_they_cannot_write(tmp_path):
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/tmp") and folder.is_relative_to("/tmp"):
            folder.chmod(0o755)
    (tmp_path / "book" / "_build").mkdir(parents=True)
    for name in ("languages", "glossary.csv", "refs.bib"):
        copy = shutil.copytree if (ROOT / "book" / name).is_dir() else shutil.copyfile
        copy(ROOT / "book" / name, tmp_path / "book" / name)
    (tmp_path / "book" / "pages").mkdir()
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable]
    if subprocess.run([*nobody, "-c", "import yaml"], capture_output=True).returncode:
        pytest.skip("the unprivileged user cannot read this Python's packages")
    environment = os.environ | {"CNNBOOK_ROOT": str(tmp_path), "PYTHONPATH": str(ROOT / "book"), "HOME": str(tmp_path)}
    built = subprocess.run([*nobody, "-m", "author", "build"], capture_output=True, text=True, env=environment)
    assert built.returncode == 1 and "cannot read or write" in built.stderr and "Traceback" not in built.stderr
    locked = environment | {"CNNBOOK_CACHE": str(tmp_path / "book")}
    code = "from cnnbook import data; print(len(data.load('digits')))"
    loaded = subprocess.run([*nobody, "-c", code], capture_output=True, text=True, env=locked)
    assert loaded.returncode == 0 and "4000" in loaded.stdout, loaded.stderr
