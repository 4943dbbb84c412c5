"""Checkpoints: killed at any moment, a training goes on, and ends as if nothing had happened."""

import json
import pickle
import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn

from cnnbook import data, models, train
from cnnbook.train import checkpoint

EPOCHS = 300
SCRIPT = f"""
EPOCHS = {EPOCHS}"""
SCRIPT += """
import json, os, random, signal, sys, time
from pathlib import Path
import torch
from torch import nn
from cnnbook import data, train
from cnnbook.data import ImageSet

torch.set_num_threads(1)
generator = torch.Generator().manual_seed(0)
images = torch.randint(256, (96, 1, 8, 8), dtype=torch.uint8, generator=generator)
few = ImageSet(images, torch.arange(96) % 4, tuple("abcd"))

def training(name):
    torch.manual_seed(3)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(144, 4)
    model = nn.Sequential(*layers)
    history = train.fit(
        model, few, few, epochs=EPOCHS, batch_size=16, lr=0.01, schedule="cosine", ema=0.9, checkpoint=name, quiet=True,
        augment=[data.flip(), data.crop(padding=1)],
    )
    torch.save([model.state_dict(), history.table.drop(columns="seconds").to_dict("list")], f"{name}.pt")

def epoch():
    state = Path("killed/state.json")
    return json.loads(state.read_text())["rows"][-1]["epoch"] if state.exists() else 0

import torch._dynamo  # which the first step of an optimizer imports: here, once, and not in every child
chance, reached = random.Random(0), []
for number in range(20):
    before, patience = epoch(), time.monotonic() + 20
    child = os.fork()
    if child == 0:
        training("killed")
        os._exit(0)
    while number % 5 and epoch() == before and time.monotonic() < patience:  # each fifth is killed at any rate
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.03))  # an epoch and its checkpoint take some 0.01 seconds
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    reached.append(epoch())
training("killed")
training("whole")
print(json.dumps(reached))
"""


def test_killed_twenty_times_it_ends_with_the_same_weights(tmp_path):
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reached = json.loads(done.stdout.splitlines()[-1])
    assert reached == sorted(reached), "an epoch was lost"
    assert len(reached) == 20 and len(set(reached)) >= 16 and reached[-1] < EPOCHS, f"not interrupted often: {reached}"
    (weights, table), (expected, expected_table) = (
        torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("killed", "whole")
    )
    assert table == expected_table and len(table["epoch"]) == EPOCHS
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert len(list((tmp_path / "killed").iterdir())) == 2  # nothing is left in the way


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", size=32)[:200]


def fit(digits, folder, model=None, **changed):
    torch.manual_seed(0)
    model = model or models.baselines.softmax_regression()
    return model, train.fit(model, digits, **{"epochs": 2, "lr": 0.01, "checkpoint": folder} | changed)


def test_a_finished_training_returns_at_once_with_its_history(digits, tmp_path):
    model, history = fit(digits, tmp_path)
    again, same = fit(digits, tmp_path)
    assert same.table.equals(history.table)
    assert torch.equal(model[1].weight, again[1].weight)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"lr": 0.02}, r"lr \(0.01 there, 0.02 here\)"),
        ({"epochs": 3}, r"epochs \(2 there, 3 here\)"),
        ({"augment": data.shift(1)}, "augment"),
        ({"model": models.baselines.dense()}, "network"),
        ({"seed": 1}, "seed"),
        ({"schedule": train.schedules.triangle(0.3)}, "schedule"),
        ({"optimizer": lambda model, lr: torch.optim.SGD(model.parameters(), lr)}, "optimizer"),
        ({"test": data.load("digits", "test", size=32)[:10]}, "test"),
    ],
)
def test_another_training_is_refused_and_told_apart(digits, tmp_path, changed, words):
    fit(digits, tmp_path)
    with pytest.raises(ValueError, match=f"belongs to another training: .*{words}"):
        fit(digits, tmp_path, **changed)


SGD = torch.optim.SGD


@pytest.mark.parametrize(
    "name, one, other",
    [
        ("augment", data.shift(2), data.shift(1)),
        ("augment", [data.flip(), data.shift(2)], [data.shift(2), data.flip()]),
        ("schedule", train.schedules.triangle(0.3), train.schedules.triangle(0.4)),
        ("schedule", train.schedules.step([0.5]), train.schedules.step([0.6])),
        ("schedule", partial(train.schedules.onecycle, warm_up=0.1), partial(train.schedules.onecycle, warm_up=0.2)),
        ("optimizer", lambda m, lr: SGD(m.parameters(), lr, 0.9), lambda m, lr: SGD(m.parameters(), lr, 0.8)),
    ],
)
def test_functions_are_told_apart_by_what_they_were_made_with(digits, tmp_path, name, one, other):
    fit(digits, tmp_path, **{name: one})
    fit(digits, tmp_path, **{name: one})
    with pytest.raises(ValueError, match=name):
        fit(digits, tmp_path, **{name: other})


def test_networks_of_one_shape_are_told_apart(digits, tmp_path):
    def with_activation(layer):
        return nn.Sequential(nn.Flatten(), nn.Linear(1024, 8), layer, nn.Linear(8, 10))

    fit(digits, tmp_path, with_activation(nn.ReLU()))
    with pytest.raises(ValueError, match="network"):
        fit(digits, tmp_path, with_activation(nn.GELU()))


class Killed(BaseException):
    pass


@pytest.mark.parametrize("operation", range(12))
def test_stopped_between_any_two_writes_it_goes_on(digits, tmp_path, monkeypatch, operation):
    """The second epoch's checkpoint is calls 7 to 13: three for tensors, three for JSON, one to remove old ones."""
    _, expected = fit(digits, tmp_path / "whole", epochs=4)
    done = []

    def fail_at(module, name, before=None):
        real = getattr(module, name)

        def call(*arguments, **options):
            done.append(name)
            if len(done) == 7 + operation:
                if before:
                    before(*arguments)
                raise Killed
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    fail_at(checkpoint, "save_file", lambda tensors, path: path.write_bytes(b"half"))
    fail_at(checkpoint.Path, "write_text", lambda path, text: path.write_bytes(b"{"))
    fail_at(checkpoint.os, "fsync")
    fail_at(checkpoint.os, "replace")
    fail_at(checkpoint.Path, "unlink")
    with pytest.raises(Killed):
        fit(digits, tmp_path / "stopped", epochs=4)
    monkeypatch.undo()
    assert len(json.loads((tmp_path / "stopped" / "state.json").read_text())["rows"]) in (1, 2, 3)
    _, history = fit(digits, tmp_path / "stopped", epochs=4)
    assert history.table.drop(columns="seconds").equals(expected.table.drop(columns="seconds"))
    assert len(list((tmp_path / "stopped").iterdir())) == 2


def test_a_training_that_a_callback_ended_is_finished(digits, tmp_path):
    _, history = fit(digits, tmp_path, epochs=5, callbacks=[lambda progress: progress.epoch == 2])
    _, again = fit(digits, tmp_path, epochs=5)
    assert len(history.table) == 2 and again.table.equals(history.table)


def test_minutes_that_are_over_are_over(digits, tmp_path):
    _, history = fit(digits, tmp_path, epochs=None, minutes=0.005)
    _, again = fit(digits, tmp_path, epochs=None, minutes=0.005)
    assert again.table.equals(history.table)


def test_weights_that_two_layers_share_are_kept(digits, tmp_path):
    def tied():
        torch.manual_seed(0)
        layers = nn.Flatten(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10)
        layers[3].weight = layers[1].weight
        return nn.Sequential(*layers)

    model, _ = fit(digits, tmp_path, tied())
    again, _ = fit(digits, tmp_path, tied())
    assert torch.equal(model[3].weight, again[3].weight) and again[3].weight is again[1].weight


def test_nothing_is_unpickled(digits, tmp_path, monkeypatch):
    fit(digits, tmp_path)
    for module in (pickle, torch):
        monkeypatch.setattr(module, "load", None)
    monkeypatch.setattr(pickle, "Unpickler", None)
    fit(digits, tmp_path)


@pytest.mark.parametrize("damage", ["state.json", "epoch-2.safetensors"])
def test_a_damaged_checkpoint_is_said(digits, tmp_path, damage):
    fit(digits, tmp_path)
    whole = (tmp_path / damage).read_bytes()
    (tmp_path / damage).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="is damaged .*: remove it to begin anew"):
        fit(digits, tmp_path)
