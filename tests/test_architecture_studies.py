"""The studies of chapters 7 to 13, and the ledger of all long runs."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnbook import cli, data, runs
from cnnbook.data import cache
from cnnbook.models import create
from cnnbook.train import experiments, studies, study, variants
from cnnbook.train.architectures import STUDIES

LEDGER = Path(__file__).parent.parent / "results" / "README.md"
ALL = experiments.EXPERIMENTS | studies.STUDIES | STUDIES
RECORDED = sorted(set(STUDIES) & set(runs.names()))


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)


@pytest.fixture(scope="module")
def digits():
    return study.subset(data.load("digits", size=32), 200), data.load("digits", "test", 32)[:100]


def built(name: str, **cell) -> nn.Module:
    torch.manual_seed(0)
    factors = {factor: value for factor, value in cell.items() if factor != "lr"}
    return STUDIES[name].build(**factors, in_channels=3, size=STUDIES[name].size, num_classes=10)


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def convolutions(model: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]


def shapes(model: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(parameter.shape) for parameter in model.parameters()]


# the networks


@pytest.mark.parametrize("name", STUDIES)
def test_every_cell_is_a_network_that_classifies_and_learns(name):
    plan = STUDIES[name]
    assert len({tuple(cell.items()) for cell in plan.cells}) == len(plan.cells)
    assert set(map(str, plan.once)) < set(map(str, plan.cells))
    x, labels = torch.randn(2, 3, plan.size, plan.size), torch.tensor([3, 7])
    for cell in plan.cells if "lr" not in plan.cells[0] else plan.cells[::5]:
        model = built(name, **cell)
        logits = model(x)
        assert logits.shape == (2, 10)
        cross_entropy(logits, labels).backward()
        assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())
        assert model.eval()(x).shape == (2, 10)


def test_relu_and_tanh_have_the_same_network_and_the_rates_of_both_are_the_same():
    plan = STUDIES["alexnet_relu_tanh"]
    relu, tanh = (built("alexnet_relu_tanh", activation=each) for each in ("relu", "tanh"))
    assert shapes(relu) == shapes(tanh) and sum(isinstance(each, (nn.Conv2d, nn.Linear)) for each in relu) == 4
    assert not any(isinstance(each, (nn.Dropout, nn.BatchNorm2d)) for each in relu) and not plan.recipe.weight_decay
    rates = {each: [cell["lr"] for cell in plan.cells if cell["activation"] == each] for each in ("relu", "tanh")}
    assert rates["relu"] == rates["tanh"] and plan.recipe.schedule == "constant" and plan.goal == 0.75
    spread = [float(built("alexnet_relu_tanh", activation=each)(torch.randn(64, 3, 32, 32)).detach().std())
              for each in ("relu", "tanh")]  # fmt: skip
    assert all(0.1 < each < 1 for each in spread)  # of the logits at the start
    assert all(torch.equal(*both) for both in zip(relu.parameters(), tanh.parameters(), strict=True))


def test_first_layers_differ_in_their_filters_and_stride_and_nothing_else_does():
    large, small = (built("zfnet_first_layer", first=first, filters="free") for first in ("11x11/4", "7x7/2"))
    assert shapes(large)[1:] == shapes(small)[1:]
    assert [(each[0].kernel_size, each[0].stride) for each in (large, small)] == [((11, 11), (4, 4)), ((7, 7), (2, 2))]
    assert parameters(large) - parameters(small) == 48 * 3 * (11**2 - 7**2)
    x = torch.randn(1, 3, 64, 64)
    assert [each[0](x).shape[-1] for each in (large, small)] == [16, 32]
    assert [each[:5](x).shape for each in (large, small)] == [(1, 128, 8, 8)] * 2


@pytest.mark.parametrize("first", variants.FIRST)
def test_filters_are_kept_below_the_radius_only_where_they_are_bounded(first):
    x = torch.randn(2, 3, 64, 64)
    for filters, largest in (("bounded", variants.RADIUS), ("free", 1.0)):
        model = built("zfnet_first_layer", first=first, filters=filters)
        fresh = [parameter.clone() for parameter in model.parameters()]
        model(x)
        assert all(torch.equal(*both) for both in zip(model.parameters(), fresh, strict=True))  # the start is below it
        with torch.no_grad():
            model[0].weight[0], model[0].weight[1] = 1.0, 0.02
        model(x)
        rms = model[0].weight.square().mean(dim=(1, 2, 3)).sqrt()
        assert rms[0].item() == pytest.approx(largest) and rms[1].item() == pytest.approx(0.02)
        assert variants.first_filters(model, x)["at_radius"] == pytest.approx(1 / 48, abs=1e-4)


def test_dead_and_dominant_filters_and_aliasing_are_counted():
    model = built("zfnet_first_layer", first="11x11/4", filters="free")
    layer, images = model[0], torch.randn(20, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        layer.weight.normal_(std=0.01)
        layer.bias[:3] = -100.0
        layer.weight[5] = 1.0
    found = variants.first_filters(model, images)
    assert found["dead_filters"] == 3 and found["largest_rms"] == pytest.approx(100, rel=0.1)

    def aliased(pattern, first):
        changed = built("zfnet_first_layer", first=first, filters="free")
        side = changed[0].kernel_size[0]
        y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        with torch.no_grad():
            changed[0].weight[:] = torch.ones(side, side) if pattern == "mean" else (-1.0) ** (x + y)
        return variants.first_filters(changed, images)["aliased"]

    # white noise seen at every fourth pixel: 1/16 of its frequencies are told apart, at every second 1/4
    smooth, fine = aliased("mean", "11x11/4"), aliased("checkerboard", "11x11/4")
    assert smooth < 0.25 and fine > 0.95 and aliased("mean", "7x7/2") < smooth
    assert found["aliased"] == pytest.approx(15 / 16, abs=0.06)


def test_the_depths_of_vgg():
    models = {each: built("vgg_depth", configuration=each) for each in "ABCDE"}
    assert [len(convolutions(model)) + 1 for model in models.values()] == [9, 11, 14, 14, 17]  # the paper's less two
    kernels = {name: [layer.kernel_size[0] for layer in convolutions(model)] for name, model in models.items()}
    assert kernels["C"].count(1) == 3 and all(set(kernels[each]) == {3} for each in "ABDE")
    for name, official in (("A", "vgg11"), ("D", "vgg16"), ("E", "vgg19")):
        with torch.device("meta"):
            widths = [layer.out_channels for layer in convolutions(create(official))]
        assert [2 * layer.out_channels for layer in convolutions(models[name])] == widths
    counts = [parameters(model) for model in models.values()]
    assert counts == sorted(counts)
    norms = [sum(isinstance(each, nn.BatchNorm2d) for each in model) for model in models.values()]
    assert norms == [8, 10, 13, 13, 16]


def test_heads_learn_as_if_their_losses_were_added():
    torch.manual_seed(0)
    model = built("googlenet_parts", heads="on", end="average").double()
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    x, labels = torch.randn(6, 3, 32, 32).double(), torch.arange(6)
    logits, *heads = model.network(x)
    wanted = cross_entropy(logits, labels) + 0.3 * sum(cross_entropy(head, labels) for head in heads)
    assert len(heads) == 2
    expected = torch.autograd.grad(wanted, list(model.parameters()))
    loss = cross_entropy(variants.AuxiliaryLoss.apply(*model.network(x)), labels)
    found = torch.autograd.grad(loss, list(model.parameters()))
    assert all(torch.allclose(one, other, rtol=1e-6, atol=1e-9) for one, other in zip(found, expected, strict=True))
    cross_entropy(model(x), labels, reduction="sum").backward(torch.tensor(1 / 6).double())  # as the loop does
    assert torch.allclose(model.network.features.conv1[0].weight.grad, expected[0], rtol=1e-4, atol=1e-6)


def test_the_parts_of_googlenet():
    counts = {
        (heads, end): parameters(built("googlenet_parts", heads=heads, end=end))
        for heads in ("off", "on")
        for end in ("average", "dense")
    }
    dense = 512 * 4 * 4 * 512 + 512
    heads = sum(maps * 64 + 64 + (64 * 16 * 512 + 512) + (512 * 10 + 10) for maps in (256, 264))
    plain = counts["off", "average"]
    assert counts == {("off", "average"): plain, ("off", "dense"): plain + dense, ("on", "average"): plain + heads,
                      ("on", "dense"): plain + heads + dense}  # fmt: skip


def test_plain_and_residual_networks_have_the_same_parameters():
    for depth in (20, 32, 44, 56):
        plain, residual = (built("residual_depth", kind=kind, depth=depth) for kind in ("plain", "residual"))
        assert shapes(plain) == shapes(residual)
        assert len(convolutions(plain)) + 1 == len(convolutions(residual)) + 1 == depth
    counts = {each: parameters(built("residual_shortcuts", shortcut=each)) for each in "ABC"}
    changes = sum(narrow * wide + 2 * wide for narrow, wide in ((16, 32), (32, 64)))
    same = sum(blocks * (width * width + 2 * width) for blocks, width in ((3, 16), (2, 32), (2, 64)))
    assert counts == {"A": 269_722, "B": 269_722 + changes, "C": 269_722 + changes + same}


def test_densenet_has_as_many_parameters_as_the_resnet_beside_it():
    dense, residual = (built("densenet_resnet", network=each) for each in ("densenet52", "resnet20"))
    assert (parameters(dense), parameters(residual)) == (264_586, 269_722)
    assert len(convolutions(dense)) + 1 == 52
    plan = STUDIES["residual_depth"]  # its ResNet-44 is compared, too
    assert (plan.recipe, plan.seeds) == (STUDIES["densenet_resnet"].recipe, STUDIES["densenet_resnet"].seeds)
    [deeper] = [cell for cell in plan.cells if cell == {"kind": "residual", "depth": 44}]
    assert deeper not in plan.once


# how they are trained


def test_compared_networks_share_one_recipe_and_few_images_so_that_it_fits():
    for plan in STUDIES.values():
        assert plan.data == "cifar10" and 10_000 <= plan.recipe.images <= 15_000 and plan.seeds == 3
        assert {factor for cell in plan.cells for factor in cell} & set(vars(plan.recipe)) <= {"lr"}
        assert plan.chosen and plan.curve


@pytest.mark.parametrize(
    "accuracies, epochs",
    [([0.2, 0.7, 0.8], 2.0), ([0.8], 0.5), ([0.2, 0.75], 1.5), ([0.5, 0.6], None), ([], None), ([0.7, 0.6, 0.9], 2.0)],
)
def test_epochs_to_the_goal_are_read_between_the_middles_of_epochs(accuracies, epochs):
    assert study.epochs_to(0.75, accuracies) == epochs


def test_a_training_ends_where_it_reaches_its_goal_and_says_when(digits):
    recipe = replace(STUDIES["alexnet_relu_tanh"].recipe, epochs=40, batch_size=20)
    plan = replace(STUDIES["alexnet_relu_tanh"], recipe=recipe, curve=50)
    run = study.train_once({"activation": "relu", "lr": 0.01}, 0, plan, *digits, quiet=True)
    column = run["curve"]["train_accuracy"]
    assert len(column) < 40 and column[-1] >= 0.75 > max(column[:-1])
    assert len(column) - 1.5 < run["epochs_to_goal"] <= len(column) - 0.5
    assert run["steps_to_goal"] == round(run["epochs_to_goal"] * 10)  # 200 images, 20 a step
    assert run["parameters"] == parameters(plan.build("relu", in_channels=1))
    assert {len(values) for values in run["curve"].values()} == {len(column)}
    assert {"loss", "train_accuracy", "test_accuracy"} < set(run["curve"])
    two = replace(plan, recipe=replace(recipe, epochs=2))
    slow = study.train_once({"activation": "relu", "lr": 1e-5}, 0, two, *digits, quiet=True)
    assert slow["epochs_to_goal"] is slow["steps_to_goal"] is None and len(slow["curve"]["epoch"]) == 2
    cell = {"activation": "relu"}
    assert study.summary([run, run], cell)["epochs_to_goal"] == run["epochs_to_goal"]
    assert study.summary([run, slow], cell)["epochs_to_goal"] is None
    json.dumps([run, slow], allow_nan=False)


def test_a_diverged_training_can_be_kept(digits):
    plan = replace(STUDIES["alexnet_relu_tanh"], curve=50, measure=variants.first_filters,
                    recipe=study.Recipe(epochs=3, optimizer="sgd", batch_size=50, precision="fp32"))
    run = study.train_once({"activation": "relu", "lr": 1e6}, 0, plan, *digits, quiet=True)
    json.dumps(run, allow_nan=False)
    assert run["diverged"] and run["test_accuracy"] == 0.1 and "dead_filters" not in run
    summary = study.summary([run], {"activation": "relu"})
    assert summary["diverged"] == 1 and summary["epochs_to_goal"] is None
    found = study.curve([{"epoch": 1, "test_loss": float("inf")}, {"epoch": 2, "test_loss": 0.123456}])
    assert found == {"epoch": [1, 2], "test_loss": [None, 0.12346]} and study.curve([]) == {}


def test_curves_cost_no_reproducibility_and_old_records_keep_their_form(digits):
    plan = replace(studies.STUDIES["study_batch_norm"], recipe=study.Recipe(epochs=1, images=200, precision="fp32"))
    cell = {"activation": "relu", "norm": "bn"}
    plain = study.train_once(cell, 0, plan, *digits, quiet=True)
    curved = study.train_once(cell, 0, replace(plan, curve=50), *digits, quiet=True)
    assert list(plain) == [*cell, "seed", "test_accuracy", "train_accuracy", "diverged", "minutes"]
    assert list(study.summary([plain], cell)) == ["test_accuracy", "std", "seeds", "train_accuracy", "diverged"]
    assert all(plain[key] == curved[key] for key in plain if key != "minutes")
    assert set(curved) - set(plain) == {"parameters", "curve"}


@pytest.fixture
def short(monkeypatch):
    """residual_shortcuts on digits: two networks, one of them from one seed only, one epoch, and numbers measured."""
    cells = study.table(shortcut=("A", "B"))
    plan = replace(STUDIES["residual_shortcuts"], cells=cells, once=cells[1:], seeds=2, data="digits", curve=20,
                    recipe=study.Recipe(epochs=1, images=100),
                    measure=lambda model, images: {"seen": len(images)})  # fmt: skip
    monkeypatch.setitem(STUDIES, "residual_shortcuts", plan)


def test_reproduce_goes_on_after_an_interruption(short, monkeypatch, tmp_path, capsys):
    output, real, calls = tmp_path / "residual_shortcuts.json", study.train_once, []

    def interrupted(*arguments):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(study, "train_once", interrupted)
    command = ["reproduce", "residual_shortcuts", "--output", str(output), "--quiet"]
    assert cli.main(command) == 130
    assert not output.exists() and len(list(cache.folder().glob("*.part.json"))) == 1
    monkeypatch.setattr(study, "train_once", real)
    capsys.readouterr()
    assert cli.main(command) == 0
    assert capsys.readouterr().out.count("test accuracy") == 1  # the one that was missing
    record = json.loads(output.read_text(encoding="utf-8"))
    assert [(run["shortcut"], run["seed"]) for run in record["runs"]] == [("A", 0), ("B", 0), ("A", 1)]
    assert [row["seeds"] for row in record["summary"]] == [2, 1] and record["once"] == [{"shortcut": "B"}]
    assert [row["parameters"] for row in record["summary"]] == [269_434, 272_186]  # of grey images
    assert all(row["seen"] == row["seen_at_start"] == 20 for row in record["summary"])
    assert "cells" not in record and "plan" not in record
    for run in record["runs"]:
        assert len(run["curve"]["loss"]) == 1 and run["curve"]["train_accuracy"][0] <= 1
    assert {"name", "about", "chosen", "recipe", "command", "versions", "hardware", "minutes"} <= set(record)
    assert not list(cache.folder().glob("*.part.json"))


def test_an_interrupted_study_keeps_what_is_still_asked_for_and_nothing_else(monkeypatch, tmp_path):
    """What is left of lr 0.1 has no place in a record of lr 0.2, a smaller network none in that of a larger one."""
    trained = []

    def train_once(cell, seed, plan, *_):
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append((*cell.values(), seed))
        return {**cell, "seed": seed, "test_accuracy": 0.5, "train_accuracy": 0.5, "diverged": False, "minutes": 0.0}

    def again(plan):
        """Interrupted after three trainings of `first`, then asked for this: what is trained and what is recorded."""
        trained.clear()
        with pytest.raises(KeyboardInterrupt):
            study.reproduce("test", first, tmp_path / "test.json", quiet=True)
        trained.clear()
        record = study.reproduce("test", replace(plan, seeds=1), tmp_path / "test.json", quiet=True)
        return list(trained), [tuple(run[factor] for factor in (*plan.cells[0], "seed")) for run in record["runs"]]

    monkeypatch.setattr(study, "train_once", train_once)
    first = replace(studies.STUDIES["study_batch_norm"], cells=study.table(lr=(0.1, 0.2)), seeds=2, data="digits")
    assert again(first) == ([], [(0.1, 0), (0.2, 0)])  # a seed fewer
    assert again(replace(first, cells=study.table(lr=(0.2,)))) == ([(0.2, 0)], [(0.2, 0)])
    assert again(replace(first, cells=study.table(norm=("bn",)))) == ([("bn", 0)], [("bn", 0)])
    everything = [(0.1, 0), (0.2, 0)]
    assert again(replace(first, curve=20)) == again(replace(first, measure=len)) == (everything, everything)
    assert again(replace(first, goal=0.5)) == (everything, everything)


def test_the_command_line_lists_them(capsys):
    assert cli.main(["reproduce", "--list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n{name} " in f"\n{shown}" for name in ALL)


# the ledger and the records


def ledger() -> dict[str, list[str]]:
    """The rows of results/README.md's tables by the name in their first column."""
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", LEDGER.read_text(encoding="utf-8"), re.M)
    assert len({name for name, _ in rows}) == len(rows)
    return {name: [entry.strip() for entry in rest.split("|")] for name, rest in rows}


def trainings(plan: study.Study | experiments.Experiment) -> int:
    if isinstance(plan, experiments.Experiment):
        return len(plan.networks) * plan.seeds
    return len(plan.cells) * plan.seeds - len(plan.once) * (plan.seeds - 1)


def test_the_ledger_has_every_experiment_with_its_numbers():
    rows = ledger()
    assert set(rows) == set(ALL)
    for name, plan in ALL.items():
        epoch, epochs, seeds, count, planned, measured = rows[name]
        assert int(epochs) == plan.recipe.epochs and int(count) == trainings(plan)
        assert seeds == (f"{plan.seeds}, 1" if getattr(plan, "once", ()) else str(plan.seeds))
        if name in runs.names():
            assert float(measured) == pytest.approx(runs.load(name)["minutes"], abs=0.51)
        else:
            assert measured == "–"
        if name in STUDIES:
            assert 0 < float(planned) <= 120
            assert float(planned) == pytest.approx(float(epoch) * int(epochs) * int(count), rel=0.05)
    new = [float(rows[name][4]) for name in STUDIES]
    [told] = re.findall(r"(\d+) minutes in all", LEDGER.read_text(encoding="utf-8"))
    assert float(told) == sum(new) <= 430


@pytest.mark.parametrize("name", RECORDED)
def test_records_are_of_the_studies_in_the_code(name):
    record, plan = runs.load(name), STUDIES[name]
    assert record["recipe"] == vars(plan.recipe) and record["seeds"] == plan.seeds
    assert len(record["runs"]) == trainings(plan) and len(record["summary"]) == len(plan.cells)
    for row, cell in zip(record["summary"], plan.cells, strict=True):
        assert cell.items() <= row.items()
        of_it = [run for run in record["runs"] if cell.items() <= run.items()]
        assert sorted(run["seed"] for run in of_it) == list(range(1 if cell in plan.once else plan.seeds))
        own = [run["test_accuracy"] for run in of_it]
        assert row["test_accuracy"] == pytest.approx(sum(own) / len(own), abs=1e-6)
        for run in of_it:
            length = len(run["curve"].get("epoch", ()))
            reached = plan.goal and run["epochs_to_goal"] is not None
            assert length == plan.recipe.epochs or run["diverged"] or (reached and length < plan.recipe.epochs)


@pytest.mark.skipif("alexnet_relu_tanh" not in RECORDED, reason="there is no record of it yet")
def test_the_best_learning_rates_are_inside_the_range():
    """A rate at the end of the range would be the best that was tried, not the best."""
    rows = runs.load("alexnet_relu_tanh")["summary"]
    for activation in ("relu", "tanh"):
        steps = [row["steps_to_goal"] or float("inf") for row in rows if row["activation"] == activation]
        assert steps.index(min(steps)) not in (0, len(steps) - 1), activation
