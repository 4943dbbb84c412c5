"""Several processes train as one does, without a changed line."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
import torch
from torch import nn

from cnnbook import data, train

SCRIPT = """
import json, sys, time
import torch
from accelerate import PartialState
from accelerate.utils import gather
from torch import nn
from cnnbook import data, train

torch.set_num_threads(1)
few = data.load("digits", size=32)[:367]  # batches of 61, which two processes share as 30 and 31, and a last one of 1
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 4, 5, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(784, 10))
history = train.fit(model, few, few, epochs=4, batch_size=61, optimizer="sgd", lr=0.02, schedule="onecycle", seed=1,
                    augment=[data.flip(), data.shift(2)], normalize="image", clip=1.0, ema=0.9, label_smoothing=0.1)

state, called = PartialState(), []

def late(progress):  # the minutes end here for the main process, and for the other while it waits
    called.append(progress.epoch)
    time.sleep(1.0 if progress.epoch == 2 else 0.0)

def alike(model):
    weights = torch.cat([value.flatten().float() for value in model.state_dict().values()])[None]
    of_all = gather(weights)
    return bool((of_all == of_all[0]).all())

torch.manual_seed(state.process_index)  # unlike weights to begin with: the main process's count
other = nn.Sequential(nn.Conv2d(1, 4, 5, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(784, 10))
arguments = dict(minutes=1 / 60, patience=50, ema=0.9, callbacks=[late], checkpoint=sys.argv[1] + "-checkpoint")
found = {"lengths": [], "alike": []}
for again in range(2):
    found["lengths"].append(len(train.fit(other, few[:200], few[:3], **arguments).table))
    found["alike"].append(alike(other))
found["called"] = len(called)
with open(f"{sys.argv[1]}-{state.process_index}.json", "w") as file:
    json.dump(history.table.to_dict("list") | found, file)
"""


LAUNCHED = """
import json, sys
from accelerate import notebook_launcher

def training(name):  # a cell of a notebook: what it needs is imported in the processes that are launched
    import torch
    from accelerate import PartialState
    from accelerate.utils import gather
    from torch import nn
    from cnnbook import data, train
    torch.set_num_threads(1)
    few = data.load("digits", size=32)[:122]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))
    history = train.fit(model, few, epochs=2, batch_size=61, optimizer="sgd", lr=0.02)
    state, weights = PartialState(), gather(model[1].weight[None])
    found = {"processes": state.num_processes, "alike": len(weights) == 2 and bool(torch.equal(*weights)),
             "loss": history.table.loss.tolist(), "accuracy": train.evaluate(model, few, like=history).accuracy}
    with open(f"{name}-{state.process_index}.json", "w") as file:
        json.dump(found, file)

notebook_launcher(training, (sys.argv[1],), num_processes=2, use_port=sys.argv[2])
"""


def run(tmp_path, name, count, *launcher, script=SCRIPT, arguments=()):
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, *launcher, str(tmp_path / "script.py"), str(tmp_path / name), *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | ({"ACCELERATE_USE_CPU": "true"} if script == SCRIPT else {})
    group = dict(start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    with subprocess.Popen(command, **group) as done:
        try:
            printed, errors = done.communicate(timeout=300)
        finally:
            if done.poll() is None:  # they wait for one another
                os.killpg(done.pid, signal.SIGKILL)
    assert done.returncode == 0, errors
    ours = [line for line in printed.splitlines() if not line.startswith("Launching training on")]
    assert len(ours) == count and all(line.startswith("digits, train") for line in ours), "only data.load speaks"
    return [json.loads((tmp_path / f"{name}-{rank}.json").read_text()) for rank in range(count)]


def test_two_processes_give_the_curve_of_one(tmp_path):
    (one,) = run(tmp_path, "one", 1)
    launcher = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
                "--mixed_precision", "no", "--dynamo_backend", "no"]  # fmt: skip
    main, other = run(tmp_path, "two", 2, *launcher)
    for column in ("loss", "train_accuracy", "lr", "test_accuracy", "test_accuracy_raw"):
        assert main[column] == pytest.approx(one[column], rel=1e-3), column
        assert main[column] == other[column], column
    assert one["loss"][-1] < 0.9 * one["loss"][0]
    assert main["lengths"] == other["lengths"]
    for found in (one, main, other):
        assert all(found["alike"])
        assert found["lengths"][0] == found["lengths"][1]  # a checkpoint that is finished returns
    assert main["called"] == main["lengths"][0] and other["called"] == 0


def test_processes_of_a_notebook_train_together(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    main, other = run(tmp_path, "two", 2, script=LAUNCHED, arguments=[port])
    few = data.load("digits", size=32)[:122]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))
    one = train.fit(model, few, epochs=2, batch_size=61, optimizer="sgd", lr=0.02)
    assert main["processes"] == other["processes"] == 2 and main["alike"] and other["alike"]
    assert main["loss"] == other["loss"] == pytest.approx(one.table.loss.tolist(), rel=1e-3)
    assert main["accuracy"] == other["accuracy"]
