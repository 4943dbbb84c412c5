"""The benchmarks themselves take too long here: that they start, and that their record holds to its recipes."""

import importlib.util
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cnnbook import data, runs

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@contextmanager
def imported(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a dataclass looks itself up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]


@pytest.fixture
def timing():
    with imported("time_to_accuracy") as module:
        yield module


@pytest.fixture
def fashion():
    with imported("fashion_mnist") as module:
        yield module


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


@pytest.mark.parametrize("name", ["softmax regression", "LeNet", "VGG", "GoogLeNet"])
def test_a_network_of_the_table_is_trained_and_tested(fashion, name):
    network = replace(fashion.NETWORKS[name], epochs=1)
    images = data.load("digits", "train", size=network.size)[:200]
    run = fashion.one(network, 0, images, images[:100], quiet=True)
    assert 0.03 < run["test_accuracy"] <= 1 and 0 < run["train_accuracy"] <= 1


def test_every_network_of_the_table_has_few_operations_and_is_told_from_another(fashion, monkeypatch):
    before = {name: fashion.described(name) for name in fashion.NETWORKS}
    assert all(what["multiply_adds"] < 60e6 and what["epochs"] <= 10 for what in before.values())
    monkeypatch.setitem(fashion.NETWORKS, "NiN", replace(fashion.NETWORKS["NiN"], moves=()))
    monkeypatch.setitem(fashion.NETWORKS, "VGG", replace(fashion.NETWORKS["VGG"], build=fashion.alexnet, size=28))
    changed = {name for name in before if fashion.described(name) != before[name]}
    assert changed == {"NiN", "VGG"}
