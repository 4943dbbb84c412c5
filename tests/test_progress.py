"""The progress of a lab: what counts as done, what a restart keeps, and that nothing about it ever stops a reader."""

import json
import subprocess
import sys
from textwrap import dedent

import pytest
import torch

from cnnbook import check, exercises, progress
from cnnbook.data import cache
from cnnbook.exercises import Exercise, register, text
from cnnbook.messages import Message

LAB = "98_trial"
KEYS = ("trial_one", "trial_two", "trial_three")


def right(n):
    return n + 1


@pytest.fixture(autouse=True)
def reader(monkeypatch, tmp_path):
    """A reader with an empty cache, in a kernel that has just begun."""
    monkeypatch.setenv("CNNBOOK_LANGUAGE", "en")
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CNNBOOK_STRICT", raising=False)
    for key in KEYS:
        register(Exercise(key, case=lambda rng: dict(n=rng.randint(0, 99)), reference=right,
                          hints=[text(ko="하나", en="one")], lab=LAB))
    restart()
    yield
    for key in KEYS:
        exercises._registered.pop(key, None)
    restart()


def restart() -> None:
    progress._seen.clear()


@pytest.fixture
def said(capsys):
    def ask(function, *arguments):
        capsys.readouterr()
        function(*arguments)
        return capsys.readouterr().out
    return ask


def test_each_check_ends_with_the_score_so_far(said):
    assert said(check.exercise, KEYS[0], right).endswith("●○○ Score: 1 of 3\n")
    assert said(check.exercise, KEYS[1], lambda n: n).endswith("●○○ Score: 1 of 3\n")
    assert said(check.exercise, KEYS[1], right).endswith("●●○ Score: 2 of 3\n")
    assert said(check.score, LAB) == "… Still to do: `trial_three`\n  ●●○ Score: 2 of 3\n"
    said(check.exercise, KEYS[2], right)
    assert said(check.score, LAB) == "✓ Every exercise of this lab is right.\n  ●●● Score: 3 of 3\n"


def test_a_restart_keeps_it_and_the_latest_answer_counts(said):
    check.exercise(KEYS[0], right)
    restart()
    assert check.done(KEYS[0]) and not check.done(KEYS[1])
    for wrong in (lambda n: n, lambda n: ..., None, [], float("nan"), lambda n: 1 / 0):
        check.exercise(KEYS[0], right)
        check.exercise(KEYS[0], wrong)
        assert not check.done(KEYS[0]) and "0 of 3" in said(check.score, LAB)
    restart()
    assert not check.done(KEYS[0]), "nor after a restart"


def test_it_survives_the_process(tmp_path):
    program = dedent("""
        from cnnbook import check
        from cnnbook.exercises import Exercise, register
        register(Exercise("trial_one", case=lambda rng: (rng.randint(0, 9),), reference=abs, lab="98_trial"))
    """)
    for call in ('check.exercise("trial_one", abs)', 'check.score("98_trial")'):
        ran = subprocess.run([sys.executable, "-c", program + call], check=True, capture_output=True, text=True)
        assert "1 of 1" in ran.stdout
    assert [path.name for path in (tmp_path / "cache" / "labs").iterdir()] == ["98_trial.json"], "nothing half written"


def test_another_notebook_does_not_overrule_this_one():
    check.exercise(KEYS[0], lambda n: n)
    progress._keep(LAB, {KEYS[0], KEYS[1]})  # as another kernel does, which runs the same lab
    assert not check.done(KEYS[0]) and check.done(KEYS[1])


def test_constants_and_doing_nothing_score_nothing(said):
    for key in KEYS:
        for answer in (0, 1.0, True, lambda n: 50, lambda *_: True, torch.ones(1)):
            assert "0 of 3" in said(check.exercise, key, answer) and not check.done(key)


def test_reset(said):
    check.exercise(KEYS[0], right)
    assert said(check.reset, LAB).endswith("○○○ Score: 0 of 3\n")
    restart()
    assert not check.done(KEYS[0])


BROKEN = {"no JSON": b"{", "a list": b"[1]", "numbers": b'{"done": 5}', "another dict": b"{}", "bytes": b"\xff\xfe"}


@pytest.mark.parametrize("broken", ["a file where the folder should be", "no home folder", *BROKEN])
def test_a_file_that_cannot_be_used_stops_nobody(said, tmp_path, monkeypatch, broken):
    path = tmp_path / "cache" / "labs" / f"{LAB}.json"
    if broken.startswith("a file"):
        (tmp_path / "cache").write_text("")
    elif broken == "no home folder":
        monkeypatch.setattr(cache, "folder", without_home)
    else:
        path.parent.mkdir(parents=True)
        path.write_bytes(BROKEN[broken])
    assert "0 of 3" in said(check.score, LAB)
    assert "1 of 3" in said(check.exercise, KEYS[0], right) and check.done(KEYS[0])
    assert "0 of 3" in said(check.reset, LAB)


def without_home():
    """What pathlib does where no home folder can be found."""
    raise RuntimeError("Could not determine home directory.")


STRANGE = [None, "", "nonsense", 5, [], {}, float("nan"), torch.ones(3), object(), LAB, KEYS[0]]


@pytest.mark.parametrize("value", STRANGE)
def test_nothing_raises_for_a_reader(said, value):
    assert "Traceback" not in said(check.hint, value)
    for function in (check.score, check.reset):
        assert ("0 of 3" if value == LAB else "There is no lab") in said(function, value)
    assert check.done(value) is False


def test_in_tests_and_in_a_grader_only_this_kernel_counts_and_a_wrong_answer_raises(monkeypatch, tmp_path, said):
    check.exercise(KEYS[0], right)
    restart()
    monkeypatch.setenv("CNNBOOK_STRICT", "1")
    assert not check.done(KEYS[0]), "the reader's own file is not read"
    check.exercise(KEYS[1], right)
    assert check.done(KEYS[1]) and "1 of 3" in said(check.score, LAB)
    assert kept(tmp_path) == [KEYS[0]], "nor written"
    for key in KEYS[:2]:
        for wrong in (lambda n: n, None, lambda n: ...):
            with pytest.raises(AssertionError):
                check.exercise(key, wrong)
    assert "0 of 3" in said(check.reset, LAB)
    assert kept(tmp_path) == [KEYS[0]], "nor taken away"


def kept(tmp_path):
    return json.loads((tmp_path / "cache" / "labs" / f"{LAB}.json").read_text("utf-8"))["done"]


@pytest.mark.parametrize("lang, words", [("ko", "점수: 1/3"), ("en", "Score: 1 of 3")])
def test_the_score_in_a_notebook(lang, words):
    html = Message("notyet", progress=(1, 3)).say("score_left").html(lang)
    assert f'<span aria-hidden="true" style="letter-spacing:0.15em">●○○</span> {words}</div>' in html


# Stubs, as labs hand them out: what is given around `...` may compute something, or use what is not there yet.

def partly_given(n):
    total = 0
    for _ in range(n):
        # TODO
        ...
    return total


def uses_what_is_missing(n):
    # TODO
    ...
    return answer  # noqa: F821


def sliced(n):
    return torch.ones(n)[..., 0]


class Given:
    def __init__(self):
        self.n = 1

    def step(self):
        # TODO
        ...


@pytest.mark.parametrize("stub", [partly_given, uses_what_is_missing])
def test_a_stub_within_given_code_is_not_yet(said, stub):
    assert said(check.exercise, KEYS[0], stub).startswith("…")


def test_a_stub_in_a_network_or_in_one_of_several_answers_is_not_yet(said, monkeypatch):
    class Net(torch.nn.Module):
        def forward(self, x):
            # TODO
            ...

    def test(answer, rng):
        return text(ko="틀립니다.", en="Wrong.")

    register(Exercise("trial_test", test=test, lab=LAB))
    try:
        for stub in (Net(), Net, Given, (right, partly_given), {"a": partly_given}, uses_what_is_missing):
            assert said(check.exercise, "trial_test", stub).startswith("…"), stub
        for written in (right, (right, right), torch.nn.Linear(1, 1), sliced, lambda n: torch.ones(n)[..., 0]):
            assert said(check.exercise, "trial_test", written).startswith("✗ Wrong."), written
    finally:
        exercises._registered.pop("trial_test")
