"""The studies of chapter 6, on few digits."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from cnnbook import cli, data
from cnnbook.data import cache
from cnnbook.layers import DropBlock2d
from cnnbook.models import CifarCNN
from cnnbook.train import studies, study

TINY = study.Recipe(epochs=1, images=200)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)


@pytest.fixture(scope="module")
def digits():
    return study.subset(data.load("digits", size=16), 200), data.load("digits", "test", 16)[:100]


@pytest.fixture
def short(monkeypatch):
    """A study of two cells and two seeds on digits; one of the cells diverges."""
    cells = study.table(lr=(0.01, 1e6), norm=("none",))
    recipe = replace(TINY, optimizer="sgd", schedule="constant")
    plan = replace(studies.STUDIES["study_batch_norm"], cells=cells, recipe=recipe, seeds=2, data="digits")
    monkeypatch.setitem(studies.STUDIES, "study_batch_norm", plan)


def with_recipe(recipe):
    return replace(studies.STUDIES["study_batch_norm"], recipe=recipe)


@pytest.mark.parametrize("name, cells", [("study_activation_pooling", 18), ("study_batch_norm", 30),
                                         ("study_dropout", 14)])  # fmt: skip
def test_every_cell_is_a_network_of_its_own(name, cells):
    plan = studies.STUDIES[name]
    assert plan.build is studies.network
    assert len({tuple(cell.items()) for cell in plan.cells}) == len(plan.cells) == cells
    seen = set()
    for cell in plan.cells:
        torch.manual_seed(0)
        model = studies.network(**{factor: value for factor, value in cell.items() if factor != "lr"})
        assert model(torch.zeros(2, 3, 16, 16)).shape == (2, 10)
        seen.add((str(model), float(model[0].weight.detach().std()), cell.get("lr")))
    assert len(seen) == cells


def test_the_lecture_network_loses_one_part_at_a_time():
    plan, models = studies.STUDIES["study_cifar_cnn"], {}
    assert len({tuple(cell.items()) for cell in plan.cells}) == len(plan.cells) == 9
    for layers in studies.LAYERS:
        models[layers] = plan.build(layers)
        assert models[layers](torch.zeros(2, 3, 24, 24)).shape == (2, 10)
    whole = dict.fromkeys(studies.LAYERS, 1_068_298)
    whole["one_conv"] -= 5 * 5 * 64 * 64 + 64
    whole["no_hidden"] += -(2304 * 384 + 384) - (384 * 192 + 192) - (192 * 10 + 10) + (2304 * 10 + 10)
    assert {name: sum(p.numel() for p in model.parameters()) for name, model in models.items()} == whole

    def kinds(name):
        return [type(layer) for layer in models[name]]

    assert studies.LocalResponseNorm not in kinds("no_lrn") and nn.MaxPool2d not in kinds("stride")
    assert [layer.kernel_size for layer in models["pool_2x2"] if isinstance(layer, nn.MaxPool2d)] == [2, 2]
    assert [str(layer) for layer in models["all"]] == [str(layer) for layer in CifarCNN()]
    with pytest.raises(ValueError, match="layers must be one of all, no_lrn"):
        plan.build("lrn")


def test_a_cell_may_change_the_recipe(monkeypatch):
    images = data.load("shapes", count=40)
    seen = []
    monkeypatch.setattr(study, "fit", lambda model, train, **told: seen.append((train, told)) or 1 / 0)
    for cell in studies.STUDIES["study_cifar_cnn"].cells:
        with pytest.raises(ZeroDivisionError):
            study.train_once(cell, 0, studies.STUDIES["study_cifar_cnn"], images, images)
    assert {told["schedule"] for _, told in seen} == {"onecycle", "constant", "staircase"}
    still = [(train, told) for train, told in seen if told["augment"] is None]
    assert len(still) == 1 and still[0][0].images.shape[-1] == 24
    assert all(train.images.shape[-1] == 32 for train, told in seen if told["augment"] is not None)


def test_poolings_leave_maps_of_one_size_and_weights_of_one_number():
    models = [studies.network(pooling=pooling) for pooling in studies.POOLINGS]
    assert len({sum(parameter.numel() for parameter in model.parameters()) for model in models}) == 1
    assert [layer.stride for layer in models[-1] if isinstance(layer, nn.Conv2d)] == [(1, 1), (2, 2), (1, 1), (2, 2)]


def test_without_an_activation_average_pooling_leaves_a_linear_function():
    x, y = torch.randn(2, 1, 3, 16, 16)
    for pooling, linear in (("average", True), ("stride", True), ("max", False)):
        model = studies.network(activation="identity", pooling=pooling)
        assert torch.allclose(model(x + y), model(x) + model(y), atol=1e-4) is linear


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_he_keeps_the_size_of_the_signal_and_others_do_not(activation):
    torch.manual_seed(0)
    x = torch.randn(64, 3, 16, 16)
    spread = {init: float(studies.network(activation, init=init, pooling="stride")(x).std()) for init in studies.INITS}
    assert 0.3 < spread["he"] < 3
    assert spread["small"] < spread["he"] / 100 and spread["large"] > 20 * spread["he"]


def test_what_is_dropped_and_where():
    def places(kind, cls):
        model = studies.network(kind=kind, probability=0.3)
        return [index - len(model) for index, layer in enumerate(model) if isinstance(layer, cls)]

    assert places("dropout_dense", nn.Dropout) == [-2]  # before the last layer
    assert len(places("dropout_conv", nn.Dropout)) == len(places("dropblock_conv", DropBlock2d)) == 2
    assert max(places("dropout_conv", nn.Dropout)) < max(places("dropout_conv", nn.Flatten))


def test_some_images_are_the_same_share_of_every_class():
    images = data.load("digits", size=16)
    few = study.subset(images, 500)
    assert few.describe().images.tolist() == [50] * 10
    assert torch.equal(few.images, study.subset(images, 500).images)
    assert study.subset(images, 10**6) is images


def test_a_training_learns_and_can_be_repeated(digits):
    plan = with_recipe(replace(TINY, epochs=6, lr=3e-3, batch_size=20, flip=False, shift=1))
    run = study.train_once({"activation": "relu", "norm": "bn"}, 0, plan, *digits, quiet=True)
    again = study.train_once({"activation": "relu", "norm": "bn"}, 0, plan, *digits, quiet=True)
    assert run["test_accuracy"] > 0.5 and run["train_accuracy"] > 0.6 and run["diverged"] is False
    assert run["test_accuracy"] == again["test_accuracy"]


def test_a_diverged_training_counts_as_chance(digits):
    run = study.train_once({"lr": 1e6}, 0, with_recipe(replace(TINY, optimizer="sgd")), *digits, quiet=True)
    assert run["diverged"] is True and run["test_accuracy"] == run["train_accuracy"] == 0.1


def test_reproduce_goes_on_after_an_interruption_and_sums_up(short, monkeypatch, tmp_path, capsys):
    output, real, calls = tmp_path / "results" / "study.json", study.train_once, []

    def interrupted(*arguments):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(study, "train_once", interrupted)
    command = ["reproduce", "study_batch_norm", "--output", str(output), "--quiet"]
    assert cli.main(command) == 130
    assert not output.exists() and len(list(cache.folder().glob("*.part.json"))) == 1
    monkeypatch.setattr(study, "train_once", real)
    capsys.readouterr()
    assert cli.main(command) == 0
    shown = capsys.readouterr().out
    assert shown.count("test accuracy") == 1  # the one that was missing
    assert "norm" in shown and str(output) in shown
    record = json.loads(output.read_text(encoding="utf-8"))
    assert {"name", "about", "chosen", "recipe", "command", "versions", "hardware", "minutes"} <= set(record)
    assert [(run["lr"], run["seed"]) for run in record["runs"]] == [(0.01, 0), (1e6, 0), (0.01, 1), (1e6, 1)]
    assert [run["diverged"] for run in record["runs"]] == [False, True, False, True]
    works, fails = record["summary"]
    mean = sum(run["test_accuracy"] for run in record["runs"][::2]) / 2
    assert works["test_accuracy"] == pytest.approx(mean, abs=1e-6) and works["seeds"] == 2 and works["lr"] == 0.01
    assert (fails["test_accuracy"], fails["std"], fails["diverged"], fails["norm"]) == (0.1, 0.0, 2, "none")
    assert record["images"] == {"train": 200, "test": 1000}
    assert not list(cache.folder().glob("*.part.json"))


def test_the_studies_are_listed(capsys):
    assert cli.main(["reproduce", "--list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*studies.STUDIES, "lenet5_digits"))
