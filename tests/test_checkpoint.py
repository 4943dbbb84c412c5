"""Checkpoints: killed at any moment, a training goes on, and ends as if nothing had happened."""

import json
import os
import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from cnnbook import data, models, train
from cnnbook.train import checkpoint, schedules

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


def written(text, **beside):
    """A function as a reader writes it into a notebook and edits it: the same name, other code."""
    found = dict(beside)
    exec(text, found)
    return found["change"]


def with_table(table):
    return lambda images, draw: images * torch.as_tensor(table["gain"]).float()


class Darker:
    def __init__(self, gain):
        self.gain = gain

    def __call__(self, images, draw):
        return images * self.gain

    def change(self, images, draw):
        return images * self.gain


HALF = "def change(images, draw):\n    return images * 0.5"
NAMED = "def change(images, draw):\n    return images * GAIN"
CALLS = "def change(images, draw):\n    return [gain(each) for each in [images]][0]"


@pytest.mark.parametrize(
    "name, one, other",
    [
        ("augment", data.shift(2), data.shift(1)),
        ("augment", [data.flip(), data.shift(2)], [data.shift(2), data.flip()]),
        ("augment", written(HALF), written(HALF.replace("* 0.5", "* 0.25"))),
        ("augment", written(HALF), written(HALF.replace("* 0.5", "/ 0.5"))),
        ("augment", written(HALF), written(HALF.replace("images * 0.5", "images.flip(2)"))),
        ("augment", written(NAMED, GAIN=0.5), written(NAMED, GAIN=0.25)),
        ("augment", written(NAMED, GAIN=torch.ones(1)), written(NAMED, GAIN=torch.zeros(1))),
        ("augment", *(written(CALLS, gain=written(HALF.replace("0.5", gain).replace(", draw", ""))) for gain in "12")),
        ("augment", lambda i, d: data.crop(padding=2, mode="zeros")(i, d),
                    lambda i, d: data.crop(padding=2, mode="reflect")(i, d)),
        ("augment", with_table({"gain": 1.0}), with_table({"gain": 0.5})),
        ("augment", with_table({"gain": np.ones(1)}), with_table({"gain": np.zeros(1)})),
        ("augment", with_table({"gain": np.float32(1)}), with_table({"gain": np.float32(0)})),
        ("augment", Darker(1.0), Darker(0.5)),
        ("augment", Darker(1.0).change, Darker(0.5).change),
        ("schedule", train.schedules.triangle(0.3), train.schedules.triangle(0.4)),
        ("schedule", train.schedules.step([0.5]), train.schedules.step([0.6])),
        ("schedule", partial(train.schedules.onecycle, warm_up=0.1), partial(train.schedules.onecycle, warm_up=0.2)),
        ("optimizer", lambda m, lr: SGD(m.parameters(), lr, 0.9), lambda m, lr: SGD(m.parameters(), lr, 0.8)),
    ],
)  # fmt: skip
def test_functions_are_told_apart_by_what_they_do_and_were_made_with(digits, tmp_path, name, one, other):
    fit(digits, tmp_path, **{name: one})
    fit(digits, tmp_path, **{name: one})
    with pytest.raises(ValueError, match=name):
        fit(digits, tmp_path, **{name: other})


def test_a_function_is_the_same_in_every_process():
    code = "from cnnbook.train.checkpoint import _words\n"
    code += "def change(x, by=('a', 'b')):\n    return x in {'red', 'blue'} or [y for y in x if y in {1, 'z'}]\n"
    code += "print(_words(change))"
    told = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout
        for environment in (os.environ | {"PYTHONHASHSEED": seed} for seed in "12")
    }
    assert len(told) == 1


def test_networks_of_one_shape_are_told_apart(digits, tmp_path):
    def with_activation(layer):
        return nn.Sequential(nn.Flatten(), nn.Linear(1024, 8), layer, nn.Linear(8, 10))

    class Shrink(nn.Module):
        def forward(self, x):
            return x * 0.5

    class Edited(nn.Module):
        def forward(self, x):
            return x * 0.25

    Edited.__name__, Edited.__qualname__ = Shrink.__name__, Shrink.__qualname__
    for number, (one, other) in enumerate([(nn.ReLU(), nn.GELU()), (Shrink(), Edited())]):
        fit(digits, tmp_path / str(number), with_activation(one))
        fit(digits, tmp_path / str(number), with_activation(one))
        with pytest.raises(ValueError, match="network"):
            fit(digits, tmp_path / str(number), with_activation(other))


class Stopped(BaseException):
    """As by a power cut: nothing is put in order."""


def stopped_after(epoch):
    def stop(progress):
        if progress.epoch == epoch:
            raise Stopped

    return stop


def states(digits, folder, make, epoch, **arguments):
    """The network's state after an uninterrupted training, and after one that was stopped in this epoch and resumed."""
    found = []
    for name, callbacks in (("whole", ()), ("resumed", stopped_after(epoch)), ("resumed", ())):
        torch.manual_seed(0)
        model = make()
        try:
            train.fit(model, digits, checkpoint=folder / name, callbacks=callbacks, **arguments)
            found.append(model.state_dict())
        except Stopped:
            continue
    return found


def alike(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def normed():
    layers = nn.Conv2d(1, 8, 5, stride=3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(8, 8, 3, stride=3)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(72, 10))


@pytest.mark.parametrize("optimizer, precision", [("muon", "bf16"), ("muon", "fp32"), ("adamw", "bf16")])
def test_resumed_it_ends_with_the_same_weights(digits, tmp_path, one_thread, optimizer, precision):
    arguments = dict(epochs=4, optimizer=optimizer, lr=0.02, precision=precision, ema=0.9, schedule="linear", clip=1.0)
    augment = [data.flip(), data.shift(1)]
    assert alike(*states(digits, tmp_path, normed, epoch=3, augment=augment, **arguments))


def test_resumed_it_has_the_minutes_that_were_left(digits, tmp_path, one_thread, monkeypatch):
    class Clockwork:
        now = 0.0

        def __call__(self, images, draw):  # a batch takes a second
            Clockwork.now += 1
            return images

    monkeypatch.setattr(schedules, "monotonic", lambda: Clockwork.now)
    found = []
    for name, callbacks in (("whole", ()), ("resumed", stopped_after(3)), ("resumed", ())):
        Clockwork.now += 1000  # in between nothing counts
        torch.manual_seed(0)
        model = normed()
        arguments = dict(minutes=0.5, batch_size=50, schedule="linear", augment=Clockwork(), checkpoint=tmp_path / name)
        try:
            found.append((model, train.fit(model, digits, callbacks=callbacks, **arguments).table))
        except Stopped:
            continue
    (whole, expected), (resumed, table) = found
    assert table.drop(columns="seconds").equals(expected.drop(columns="seconds"))
    assert len(table) == 8 and table.lr.iloc[-1] < 0.1 * table.lr.iloc[0]
    assert alike(whole.state_dict(), resumed.state_dict())


class Counting(torch.optim.SGD):
    """Keeps a number and words in its groups, as schedule-free optimizers do."""

    def step(self, closure=None):
        for group in self.param_groups:
            group["count"] = group.get("count", 0) + 1
            group["lr"] /= group["count"]
        super().step(closure)


def test_what_an_optimizer_keeps_in_its_groups_is_kept(digits, tmp_path, one_thread):
    def make(model, lr):
        return Counting(model.parameters(), lr)

    assert alike(*states(digits, tmp_path, normed, epoch=2, epochs=4, lr=0.1, optimizer=make))
    adam = torch.optim.Adam(normed().parameters(), betas=(0.8, 0.9))
    checkpoint._restore(adam, json.loads(json.dumps(checkpoint.storable(adam)[1])))
    assert adam.param_groups[0]["betas"] == (0.8, 0.9), "as it was made, not as a list"


@pytest.mark.parametrize("where, kept", [(0, [torch.zeros(1)]), (0, {"a": 1}), (0, object()), ("history", 1)])
def test_what_cannot_be_kept_is_said_at_the_first_step(digits, tmp_path, where, kept):
    steps = []

    class Keeping(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            steps.append(1)
            if where == 0:
                self.state[self.param_groups[0]["params"][0]]["history"] = kept
            else:
                self.state[where] = kept

    def make(model, lr):
        return Keeping(model.parameters(), lr)

    with pytest.raises(ValueError, match="Keeping keeps '(0.)?history', a .*: train without checkpoint="):
        fit(digits, tmp_path, optimizer=make)
    assert len(steps) == 1
    fit(digits, None, optimizer=make)


def test_other_files_are_left_alone(digits, tmp_path):
    others = ["download.iso.part", ".tmpabc123", "epoch-99.safetensors", "notes.txt"]
    folder = tmp_path / "full"
    folder.mkdir()
    for name in others:
        (folder / name).write_text("mine")
    with pytest.raises(ValueError, match=r"full holds other things \(download.iso.part\) and no checkpoint"):
        fit(digits, folder)
    own = tmp_path / "own"

    def put_there(progress):
        for name in others if progress.epoch == 2 else ():
            (own / name).write_text("mine")

    fit(digits, own, callbacks=put_there)
    assert {path.name for path in own.iterdir()} == {*others, "state.json", "even.safetensors"}
    checkpoint.remove(own)
    assert sorted(path.name for path in own.iterdir()) == sorted(others)
    assert all((place / name).read_text() == "mine" for place in (folder, own) for name in others)
    with pytest.raises(ValueError, match="must be a folder, and .*notes.txt is a file"):
        fit(digits, own / "notes.txt")


def test_an_empty_folder_and_what_a_killed_first_epoch_left_are_fine(digits, tmp_path):
    (tmp_path / "odd.safetensors").write_bytes(b"whole or not")
    (tmp_path / "state.json.part").write_bytes(b"{")
    (tmp_path / ".DS_Store").write_bytes(b"")
    fit(digits, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".DS_Store", "even.safetensors", "state.json"]
    checkpoint.remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".DS_Store"]


@pytest.mark.parametrize("operation", range(12))
def test_stopped_between_any_two_writes_it_goes_on(digits, tmp_path, monkeypatch, operation):
    """The second epoch's checkpoint is calls 8 to 14: three for tensors, three for JSON, one to remove the old ones."""
    _, expected = fit(digits, tmp_path / "whole", epochs=4)
    done = []

    def fail_at(module, name, before=None):
        real = getattr(module, name)

        def call(*arguments, **options):
            done.append(name)
            if len(done) == 8 + operation:
                if before:
                    before(*arguments)
                raise Stopped
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    def half(path, content):
        with open(path, "wb") as file:
            file.write(content[: len(content) // 2])

    fail_at(checkpoint.Path, "write_bytes", half)
    fail_at(checkpoint.os, "fsync")
    fail_at(checkpoint.os, "replace")
    fail_at(checkpoint.Path, "unlink")
    with pytest.raises(Stopped):
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


def without(entry):
    def damage(content):
        facts = json.loads(content)
        del facts[entry]
        return json.dumps(facts).encode()

    return damage


@pytest.mark.parametrize(
    "file, damage",
    [
        ("state.json", lambda content: content[: len(content) // 2]),
        ("state.json", lambda content: b"[1, 2]"),
        *(("state.json", without(entry)) for entry in "plan tensors crc32 optimizer rows done elapsed".split()),
        ("even.safetensors", lambda content: content[: len(content) // 2]),
        ("even.safetensors", lambda content: content[:-50] + bytes([content[-50] ^ 1]) + content[-49:]),  # one bit
    ],
)
def test_a_damaged_checkpoint_is_said(digits, tmp_path, file, damage):
    fit(digits, tmp_path)
    (tmp_path / file).write_bytes(damage((tmp_path / file).read_bytes()))
    with pytest.raises(ValueError, match="is damaged .*: remove it to begin anew"):
        fit(digits, tmp_path)
    (tmp_path / file).unlink()
    if file != "state.json":
        with pytest.raises(ValueError, match="is damaged .*No such file"):
            fit(digits, tmp_path)
