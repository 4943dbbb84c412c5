import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook import cli, runs
from cnnbook.data import cache
from cnnbook.train import experiments, studies


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)


@pytest.fixture
def short(monkeypatch):
    """The digits experiment with one epoch, one network and two seeds."""
    plan = experiments.EXPERIMENTS["lenet5_digits"]
    changed = {
        **vars(plan), "recipe": experiments.Recipe(epochs=1, batch_size=500), "seeds": 2,
        "networks": {"softmax": plan.networks["softmax"]},
    }
    monkeypatch.setitem(experiments.EXPERIMENTS, "lenet5_digits", experiments.Experiment(**changed))


# records


@pytest.mark.parametrize("name", runs.names())
def test_every_record_of_the_book_can_be_judged(name):
    """Command, versions, hardware, date and seeds; no folder of the machine it ran on."""
    record = runs.load(name)
    words = shlex.split(record["command"])
    assert len(words) > 1 and "…" not in words and any(name in word for word in words)
    assert {"python", "torch", "numpy", "cnnbook"} <= set(record["versions"])
    assert record["hardware"]["cpu"] and record["hardware"]["cores"] and record["date"]
    assert record.get("minutes", 0) <= 120
    assert not any(folder in json.dumps(record) for folder in ("/home/", "/tmp/", "/root", "/Users/"))


@pytest.mark.parametrize("name", sorted(set(experiments.EXPERIMENTS) & set(runs.names())))
def test_a_summary_is_the_mean_of_last_epochs(name):
    record = runs.load(name)
    for run in record["runs"]:
        lengths = {len(column) for column in run["curve"].values()}
        assert lengths == {record["recipe"]["epochs"]}
        last = run["curve"]["test_accuracy"][-1]  # not the best
        assert run["test_accuracy"] == pytest.approx(last, abs=1e-5)
    for network, summary in record["summary"].items():
        of_it = [run for run in record["runs"] if run["network"] == network]
        assert sorted(run["seed"] for run in of_it) == list(range(record["seeds"]))
        own = [run["test_accuracy"] for run in of_it]
        assert summary["test_accuracy"] == pytest.approx(sum(own) / len(own), abs=1e-6)


@pytest.mark.parametrize("name", studies.STUDIES)
def test_a_study_has_every_seed_of_every_cell(name):
    """Its summary is a row for each combination of factors, which names the factors and averages their runs."""
    record = runs.load(name)
    measured = {"test_accuracy", "std", "seeds", "train_accuracy", "diverged"}
    assert len(record["runs"]) == len(record["summary"]) * record["seeds"] and record["seeds"] >= 3
    for row in record["summary"]:
        factors = {key: value for key, value in row.items() if key not in measured}
        of_it = [run for run in record["runs"] if factors.items() <= run.items()]
        assert sorted(run["seed"] for run in of_it) == list(range(record["seeds"]))
        own = [run["test_accuracy"] for run in of_it]
        assert row["test_accuracy"] == pytest.approx(sum(own) / len(own), abs=1e-4)
        assert row["diverged"] == sum(run["diverged"] for run in of_it)


def test_lenet5_reaches_what_chapter_4_promises():
    digits, mnist = runs.load("lenet5_digits"), runs.load("lenet5_mnist")
    assert digits["seeds"] >= 5 and digits["summary"]["lenet5"]["test_accuracy"] >= 0.975
    assert mnist["seeds"] >= 3 and mnist["summary"]["lenet5"]["test_accuracy"] >= 0.991
    assert digits["images"] == {"train": 4000, "test": 1000} and mnist["images"] == {"train": 60000, "test": 10000}
    worst = min(run["test_accuracy"] for run in digits["runs"] if run["network"] == "lenet5")
    assert worst > max(run["test_accuracy"] for run in digits["runs"] if run["network"] in ("softmax", "dense"))


def test_records_are_of_the_recipes_in_the_code():
    for name in runs.names():
        if name in experiments.EXPERIMENTS:
            plan, record = experiments.EXPERIMENTS[name], runs.load(name)
            assert record["recipe"] == vars(plan.recipe) and set(record["summary"]) == set(plan.networks)
            assert record["seeds"] == plan.seeds


def test_every_run_to_an_accuracy_says_how_it_was_made():
    record = runs.load("time_to_accuracy")
    for run in record["runs"]:
        assert run["recipe"]["network"] == run["network"]
        assert run["recipe"]["epochs"] == run["epochs"] == len(run["curve"]["epoch"])
        assert run["test_accuracy"] == pytest.approx(run["curve"]["test_accuracy"][-1], abs=0.003)  # not the best
        assert {"command", "commit", "date", "hardware", "versions"} <= set(run["context"])
    for name, summary in record["summary"].items():
        own = [run["test_accuracy"] for run in record["runs"] if run["target"] == name]
        assert summary["seeds"] == len(own) and summary["test_accuracy"] == pytest.approx(sum(own) / len(own), abs=1e-4)


def test_an_unknown_record_names_the_nearest():
    with pytest.raises(ValueError, match="no record of a run 'lenet5_digit'. Nearest: 'lenet5_digits'"):
        runs.load("lenet5_digit")


def test_saving_is_all_or_nothing(tmp_path):
    path = tmp_path / "새 폴더" / "run.json"
    runs.save(path, {"a": "글"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "글"}
    for bad in ({"a": object()}, {"a": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            runs.save(path, bad)
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "글"} and len(list(path.parent.iterdir())) == 1


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    )
)
def test_what_is_saved_is_what_is_read(value):
    with tempfile.TemporaryDirectory() as folder:
        runs.save(Path(folder, "run.json"), {"value": value, "curve": [1, 2.5, -3e-7]})
        assert runs.read(Path(folder, "run.json")) == {"value": value, "curve": [1, 2.5, -3e-7]}
        assert '"curve": [ 1, 2.5, -3e-07 ]' in Path(folder, "run.json").read_text(encoding="utf-8")


def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    """A real process, killed at random moments while it rewrites a record of some size."""
    path = tmp_path / "run.json"
    runs.save(path, {"number": -1})
    code = f"""
import itertools
from cnnbook import runs
print("ready", flush=True)
for number in itertools.count():
    runs.save({str(path)!r}, {{"number": number, "curve": [number] * 20_000}})
"""
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(random.random() / 5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        record = runs.read(path)
        assert record is not None and set(record.get("curve", [record["number"]])) == {record["number"]}


def test_a_damaged_record_is_begun_anew(tmp_path, capsys):
    path = tmp_path / "run.json"
    path.write_text('{"runs": [')
    assert runs.read(path) is None and "begun anew" in capsys.readouterr().out
    assert runs.read(tmp_path / "none.json") is None and capsys.readouterr().out == ""


def test_the_context_names_no_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["/opt/x/bin/cnnbook", "reproduce", "n", "--output", str(tmp_path / "n.json")])
    assert runs.context()["command"] == "cnnbook reproduce n --output n.json"
    monkeypatch.setattr(sys, "argv", ["/opt/x/cnnbook/__main__.py", "reproduce", "n"])
    monkeypatch.setenv("CNNBOOK_DATA", str(tmp_path))
    assert runs.context()["command"] == "CNNBOOK_DATA=… python -m cnnbook reproduce n"


def test_the_commit_is_that_of_the_checkout(monkeypatch, tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    monkeypatch.setattr(runs, "__file__", str(tmp_path / "runs.py"))
    assert runs.context()["commit"] is None
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "other").write_text("1")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "another project around an installed package"], check=True)
    (tmp_path / "runs.py").write_text("1")
    assert runs.context()["commit"] is None
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "one"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    assert runs.context()["commit"] == head
    (tmp_path / "runs.py").write_text("2")
    assert runs.context()["commit"] == f"{head}-dirty"


# the command


def test_reproduce_writes_a_record_and_goes_on_after_an_interruption(short, monkeypatch, tmp_path, capsys):
    output = tmp_path / "out" / "digits.json"
    real, calls = experiments.train_once, []

    def interrupted(network, build, seed, *rest):
        calls.append(seed)
        if calls == [0, 1]:
            raise KeyboardInterrupt
        return real(network, build, seed, *rest)

    monkeypatch.setattr(experiments, "train_once", interrupted)
    command = ["reproduce", "lenet5_digits", "--output", str(output), "--quiet"]
    assert cli.main(command) == 130 and not output.exists()
    assert "goes on from here" in capsys.readouterr().err
    assert cli.main(command) == 0 and calls == [0, 1, 1]  # seed 0 is not trained again
    record = json.loads(output.read_text(encoding="utf-8"))
    assert [run["seed"] for run in record["runs"]] == [0, 1] and record["summary"]["softmax"]["seeds"] == 2
    assert not list(cache.folder().glob("*.part.json"))


def test_what_another_recipe_left_is_not_used(short, monkeypatch, tmp_path):
    cache.folder().mkdir(parents=True)
    plan = {"data": "digits", "size": 32, "recipe": {"epochs": 7}}
    left = {**plan, "plan": plan, "runs": [{"network": "softmax", "seed": 0}]}
    runs.save(cache.folder() / "lenet5_digits.part.json", left)
    record = experiments.reproduce("lenet5_digits", tmp_path / "digits.json", quiet=True)
    assert all("curve" in run for run in record["runs"]) and len(record["runs"]) == 2


def test_where_nothing_can_be_written(short, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    trained = []
    with monkeypatch.context() as patch:
        patch.setattr(experiments, "train_once", lambda *_: trained.append(1))
        assert cli.main(["reproduce", "lenet5_digits", "--output", str(tmp_path / "file" / "digits.json")]) == 1
    assert not trained and "cnnbook: " in capsys.readouterr().err  # said before the training, not after it
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "file"))
    output = tmp_path / "digits.json"
    assert cli.main(["reproduce", "lenet5_digits", "--output", str(output), "--quiet"]) == 0
    assert "would begin anew" in capsys.readouterr().out and output.exists()


def test_mnist_without_its_folder_is_a_clear_error(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)
    monkeypatch.setenv("CNNBOOK_OFFLINE", "1")
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))
    assert cli.main(["reproduce", "lenet5_mnist", "--output", str(tmp_path / "m.json")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("cnnbook: mnist cannot be had: ") and "set CNNBOOK_DATA" in told


def test_the_command_line():
    def call(*words):
        return subprocess.run([sys.executable, "-m", "cnnbook", *words], capture_output=True, text=True, env=os.environ)

    assert call("--version").stdout.startswith("cnnbook ")
    listed = call("reproduce", "--list")
    assert listed.returncode == 0 and "lenet5_digits" in listed.stdout and "lenet5_mnist" in listed.stdout
    unknown = call("reproduce", "lenet5_digit")
    assert unknown.returncode == 2 and "nearest: lenet5_digits" in unknown.stderr and "Traceback" not in unknown.stderr
    assert call("reproduce", "lenet5_digits", "--threads", "0").returncode == 2
    assert "Example: cnnbook reproduce" in call("reproduce", "--help").stdout
    assert call().returncode == 2


def test_the_installed_command_is_the_same():
    script = Path(sys.executable).with_name("cnnbook")
    if not script.exists():
        pytest.skip("cnnbook's command is not installed beside this Python")
    assert subprocess.run([script, "--version"], capture_output=True, text=True).stdout.startswith("cnnbook ")
