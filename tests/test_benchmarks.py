"""The benchmarks themselves take too long here: that they start, and that their record holds to its recipes."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cnnbook import runs

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def timing():
    spec = importlib.util.spec_from_file_location("time_to_accuracy", BENCHMARKS / "time_to_accuracy.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["time_to_accuracy"] = module  # a dataclass looks itself up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["time_to_accuracy"]


@pytest.mark.parametrize("name", sorted(path.name for path in BENCHMARKS.glob("*.py")))
def test_it_tells_how_it_is_used(name):
    told = subprocess.run([sys.executable, BENCHMARKS / name, "--help"], capture_output=True, text=True)
    assert told.returncode == 0 and "usage" in told.stdout, told.stderr


def test_a_run_of_an_older_recipe_does_not_count(timing, monkeypatch):
    record = runs.load("time_to_accuracy")
    assert record["runs"] and all(map(timing.present, record["runs"]))
    name = record["runs"][0]["target"]
    target = timing.TARGETS[name]

    def faster(images):
        return target.recipe(images) | {"lr": 1.0}

    faster.__doc__ = target.recipe.__doc__  # its words are the same, its numbers are not
    for other in (replace(target, epochs=target.epochs + 1), replace(target, recipe=faster)):
        monkeypatch.setitem(timing.TARGETS, name, other)
        assert not any(timing.present(run) for run in record["runs"] if run["target"] == name)
