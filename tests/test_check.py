import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import cnnbook
from cnnbook import check, exercises, verdict
from cnnbook.exercises import Exercise, Mistake, register, text
from cnnbook.messages import CATALOGUE, Message

LEFTOVER = Exercise(
    "test_leftover",
    case=lambda rng: dict(width=rng.randint(12, 40), kernel=rng.randint(1, 9), stride=rng.randint(2, 5),
                          padding=rng.randint(0, 3)),
    reference=lambda width, kernel, stride, padding: (width + 2 * padding - kernel) % stride,
    mistakes=[Mistake(lambda width, kernel, stride, padding: (width - kernel) % stride,
                      text(ko="패딩을 빠뜨렸습니다.", en="Padding is missing."))],
    hints=[text(ko="첫째", en="first"), text(ko="둘째", en="second")],
)
TABLE = Exercise(
    "test_table",
    case=lambda rng: (torch.randn(3, 4, generator=torch.Generator().manual_seed(rng.randrange(10**6))),),
    reference=lambda x: 2 * x.T + 1,
)
SPREAD = Exercise(
    "test_spread",
    case=lambda rng: (np.array([rng.uniform(-1, 1) for _ in range(rng.randint(4, 8))]),),
    reference=lambda x: (x.mean(), x - x.mean(), x**2),
)
PICKY = Exercise("test_picky", case=lambda rng: (rng.randint(-5, 5),), reference=lambda n: [1, 2, 3][:n].index(1))


def test_layer(answer, rng):
    layer = answer()
    x = torch.randn(2, rng.randint(3, 5))
    return None if torch.equal(layer(x), x) else text(ko="입력을 그대로 돌려주세요.", en="Return the input as it is.")


test_layer.__test__ = False
LAYER = Exercise("test_layer", test=test_layer)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setenv("CNNBOOK_LANGUAGE", "en")
    monkeypatch.delenv("CNNBOOK_STRICT", raising=False)
    for one in (LEFTOVER, TABLE, SPREAD, PICKY, LAYER):
        register(one)
    check._hints_given.clear()
    yield
    for one in (LEFTOVER, TABLE, SPREAD, PICKY, LAYER):
        exercises._registered.pop(one.key, None)


@pytest.fixture
def say(capsys):
    """What the check of an answer prints."""

    def ask(key, answer, **options):
        capsys.readouterr()
        check.exercise(key, answer, **options)
        return capsys.readouterr().out

    return ask


# right, not yet


def test_a_right_answer_is_green(say):
    assert say("test_leftover", LEFTOVER.reference).startswith("✓ Right: checked on 100 random cases.")
    assert say("test_leftover", lambda w, k, s, p: np.int64((w + 2 * p - k) % s)).startswith("✓")  # other names
    for same in (lambda x: (2 * x.T + 1).double(), lambda x: (2 * x.T + 1).tolist(), lambda x: (2 * x.T + 1).numpy(),
                 lambda x: (2 * x.T + 1).requires_grad_()):
        assert say("test_table", same).startswith("✓")


def stub(width, kernel, stride, padding): ...


def documented_stub(width, kernel, stride, padding):
    """Cells left over."""
    ...


def half_begun(width, kernel, stride, padding):
    room = ...
    return room % stride


def half_returned(width, kernel, stride, padding):
    room = ...
    return room


@pytest.mark.parametrize("answer", [stub, documented_stub, half_begun, half_returned, None, ..., [1, ...], {"a": ...}])
def test_a_stub_is_not_yet(say, answer):
    said = say("test_leftover", answer)
    assert said.startswith("… Not yet") and said.endswith('For a hint: `check.hint("test_leftover")`\n')


def test_class_answers(say):
    class Stub(nn.Module):
        def forward(self, x): ...

    class Begun(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Identity()

        def forward(self, x): ...

    class Wrong(nn.Module):
        def forward(self, x):
            return x + 1

    class Broken(nn.Module):
        def forward(self, x):
            return self.missing(x)

    assert say("test_layer", nn.Identity).startswith("✓")
    assert say("test_layer", Stub).startswith("…") and say("test_layer", Begun).startswith("…")
    assert say("test_layer", Wrong) == "✗ Return the input as it is.\n"
    said = say("test_layer", Broken)
    assert "Your code raised an error" in said and "has no attribute 'missing'" in said
    assert "return self.missing(x)" in said


# wrong


def no_padding(width, kernel, stride, padding):
    return (width - kernel) % stride


def forgotten(width, kernel, stride, padding):
    (width + 2 * padding - kernel) % stride


def endless(width, kernel, stride, padding):
    return endless(width, kernel, stride, padding)


def leaving(width, kernel, stride, padding):
    raise SystemExit(3)


def dividing(width, kernel, stride, padding):
    zero = padding - padding
    return width / zero


@pytest.mark.parametrize(
    "key, answer, words",
    [
        ("test_leftover", no_padding, ["Padding is missing.", "input: width=", "yours: ", "expected: "]),
        ("test_leftover", forgotten, ["returns `None`. Is a `return` missing?"]),
        ("test_leftover", endless, ["RecursionError", "line: ", "return endless("]),
        ("test_leftover", leaving, ["SystemExit: 3"]),
        ("test_leftover", dividing, ["ZeroDivisionError: division by zero", "line: ", "return width / zero"]),
        ("test_leftover", lambda w: 1, ["cannot be called as (width, kernel, stride, padding)"]),
        ("test_leftover", lambda w, k, s, p: (w + 2 * p - k) % s + 1, ["Off by the same amount", "= 1"]),
        ("test_leftover", lambda w, k, s, p: 3 * ((w + 2 * p - k) % s), ["Off by the same factor", "= 3"]),
        ("test_leftover", lambda w, k, s, p: float((w + 2 * p - k) % s), ["not an `int`", "Use `//`"]),
        ("test_leftover", lambda w, k, s, p: "1", ["Wrong type. Yours: str, expected: int"]),
        ("test_leftover", lambda w, k, s, p: 0, ["Wrong value in ", "of 100 cases"]),
        ("test_leftover", 3, ["A function is needed, but this was given: 3 (int)"]),
        ("test_leftover", [1, 2], ["A function is needed", "(list)"]),
        ("test_table", lambda x: 2 * x + 1, ["transposed"]),
        ("test_table", lambda x: 2 * x.T, ["Off by the same amount", "= -1"]),
        ("test_table", lambda x: (2 * x.T + 1)[:2], ["Wrong shape. Yours: (2, 3), expected: (4, 3)"]),
        ("test_table", lambda x: x.T * float("nan"), ["contains NaN or infinity"]),
        ("test_table", lambda x: (2 * x.T + 1).flip(0), ["Right on average, but each value is biased", "Furthest off"]),
        ("test_table", lambda x: x.T**2, ["Wrong value in 100 of 100 cases", "Furthest off at: ["]),
        ("test_table", lambda x: [[1], [2, 3]], ["Wrong type. Yours: list"]),
        ("test_picky", lambda n: 0, ["This case should raise an error: ValueError"]),
    ],
)
def test_what_is_wrong_is_named(say, key, answer, words):
    said = say(key, answer)
    assert said.startswith("✗ ") and "Traceback" not in said
    for word in words:
        assert word in said
    hinted = 'For a hint: `check.hint("test_leftover")`\n'
    assert said.endswith(hinted) == (key == "test_leftover")


def test_few_values_that_are_right_on_average_are_a_coincidence():
    pair = np.array([1.0, 3.0]), np.array([2.0, 2.0])
    assert verdict.average([pair] * 9) is None
    assert verdict.average([pair] * 10).values == {"low": "-1", "high": "+1"}
    assert verdict.average([pair] * 10 + [(np.array([2.1]), np.array([2.0]))]) is None


def test_an_error_that_should_be_raised(say):
    assert say("test_picky", PICKY.reference).startswith("✓")


def test_constants_never_pass(say):
    seen = set()
    for value in range(5):
        seen.add(say("test_leftover", lambda w, k, s, p, value=value: value)[0])
    assert seen == {"✗"}


def test_cases_differ_every_time():
    def widths():
        seen = []

        def spy(width, kernel, stride, padding):
            seen.append((width, kernel, stride, padding))
            return LEFTOVER.reference(width, kernel, stride, padding)

        check.exercise("test_leftover", spy)
        return seen

    assert widths() != widths()


def test_an_answer_that_spoils_its_input_is_judged_by_what_it_returns(say):
    assert say("test_table", lambda x: x.mul_(2).add_(1).T).startswith("✓")


def test_prints_of_the_reader_come_once(say):
    def chatty(width, kernel, stride, padding):
        print("width", width)
        return (width + 2 * padding - kernel) % stride

    assert say("test_leftover", chatty).count("width") == 1


class Hostile:
    """An answer that fails whatever is asked of it."""

    def __call__(self, *_):
        return self

    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __bool__ = __len__ = __eq__ = __hash__ = __float__ = __repr__


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no")


def unspeakable(*_):
    raise Unspeakable


STRANGE = {
    "hostile": Hostile(), "hostile class": Hostile, "int": int, "dict": dict, "Linear": nn.Linear, "type": type,
    "tensor": torch.zeros(2), "nan": torch.tensor(float("nan")), "sparse": torch.zeros(2, 2).to_sparse(),
    "meta": torch.zeros(1, device="meta"), "complex": torch.zeros(3, dtype=torch.complex64), "array": np.array(["a"]),
    "object": object(), "len": len, "print": print, "lambda": lambda: 1, "error": Unspeakable(), "raising": unspeakable,
}


@settings(deadline=None, max_examples=80)
@given(
    st.one_of(
        st.sampled_from(sorted(STRANGE)).map(lambda name: ("strange", name)),
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3),
        st.lists(st.integers() | st.none() | st.text(max_size=2), max_size=3),
        st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    ),
    st.sampled_from(["test_leftover", "test_table", "test_picky", "test_layer", "nonsense"]),
    st.booleans(),
)
def test_nothing_makes_the_checker_fail(value, key, as_result):
    if isinstance(value, tuple):
        value = STRANGE[value[1]]
    check.exercise(key, (lambda *_: value) if as_result else value)


@pytest.mark.filterwarnings("ignore:Defining your `__torch_function__`")  # torch, asked about the class `type`
@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("key", ["test_leftover", "test_table", "test_layer"])
def test_strange_answers_are_wrong_but_not_a_failure(say, key, name):
    for answer in (STRANGE[name], lambda *_: STRANGE[name]):
        said = say(key, answer)
        assert ("✗" in said or "…" in said) and "✓" not in said and "Traceback" not in said


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda x: (x.mean() + x[0], x - x.mean(), x**2), ["is number 1. Wrong value in 100 of 100 cases"]),
        (lambda x: [x.mean(), x - x.mean() ** 2, x**2], ["is number 2.", "Furthest off at: ["]),
        (lambda x: (x.mean(), x - x.mean(), x[1:] ** 2), ["is number 3. Wrong shape"]),
        (lambda x: (x.mean(), x**2, x - x.mean()), ["The values are right, their order is not."]),
        (lambda x: [x**2, x.mean(), x - x.mean()], ["The values are right, their order is not."]),
        (lambda x: (x.mean(), x - x.mean()), ["Wrong length. Yours: 2, expected: 3"]),
    ],
)
def test_of_several_values_the_wrong_one_is_named(say, answer, words):
    said = say("test_spread", answer)
    assert said.startswith("✗ ") and all(word in said for word in words)
    assert ("is number" in said) == ("is number" in words[0])


# hints, keys, strict


def test_hints_come_one_at_a_time(capsys):
    for _ in range(3):
        check.hint("test_leftover")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "? Hint 1 of 2: first" and said[1].startswith("? Hint 2 of 2: second") and said[2] == said[1]
    check.hint("test_table")
    assert "no hints" in capsys.readouterr().out


def test_an_unknown_exercise_names_the_nearest(say, capsys):
    assert "There is no exercise test_leftovr. Nearest: test_leftover" in say("test_leftovr", stub)
    check.hint("test_leftovr")
    assert "Nearest: test_leftover" in capsys.readouterr().out


def test_only_a_wrong_solution_in_strict_mode_raises(say, monkeypatch):
    say("test_leftover", no_padding, solution=True)
    monkeypatch.setenv("CNNBOOK_STRICT", "1")
    say("test_leftover", no_padding)
    say("test_leftover", LEFTOVER.reference, solution=True)
    for wrong in (no_padding, stub, dividing, None):
        with pytest.raises(AssertionError):
            check.exercise("test_leftover", wrong, solution=True)
    for solution in (False, True):
        with pytest.raises(ValueError, match="no exercise"):
            check.exercise("test_leftovr", stub, solution=solution)


def test_registering():
    with pytest.raises(ValueError, match="needs either case and reference, or test"):
        Exercise("both", case=lambda rng: (), reference=len, test=test_layer)
    with pytest.raises(ValueError, match="already taken"):
        register(Exercise("test_leftover", case=lambda rng: ("a",), reference=os.path.basename))


@pytest.mark.parametrize("key", exercises.keys())
def test_every_exercise_of_the_book_is_whole(key, say):
    exercise = exercises.find(key)
    assert exercise.hints, "an exercise has at least one hint"
    for said in [*exercise.hints, *(mistake.says for mistake in exercise.mistakes)]:
        assert set(said) == {"ko", "en"} and any("가" <= letter <= "힣" for letter in said["ko"])
    assert say(key, None).startswith("…")
    if exercise.reference:
        assert say(key, exercise.reference).startswith("✓")
        for mistake in exercise.mistakes:
            assert say(key, mistake.wrong).startswith("✗ " + Message("wrong").add(mistake.says).plain("en")[2:])


# languages and HTML


def test_the_catalogue_says_the_same_in_both_languages():
    import re

    for name, (korean, english) in CATALOGUE.items():
        assert set(re.findall(r"\{\w+\}", korean)) == set(re.findall(r"\{\w+\}", english)), name
        assert any("가" <= letter <= "힣" for letter in korean) and english, name
        # no particle after a value, since it would depend on the value's last sound
        assert not re.search(r"\}`?(을|를|이|가|은|는|와|과|으로|로)(?![가-힣])", korean), name


@pytest.mark.parametrize("language, words", [("ko", ["패딩을"]), ("en", ["Padding is"]), ("both", ["패딩", "Padding"])])
def test_messages_come_in_the_notebooks_language(say, monkeypatch, language, words):
    monkeypatch.setenv("CNNBOOK_LANGUAGE", language)
    said = say("test_leftover", no_padding)
    assert [word for word in ("패딩을", "패딩", "Padding is", "Padding") if word in said and word in words] == words


def test_html_escapes_what_comes_from_the_reader():
    html = Message("wrong").say("raised", error="<script>{0}</script> & `x`").row("got", "<b>&").html("en")
    assert "<script>" not in html and "<b>" not in html
    assert "<code>&lt;script&gt;{0}&lt;/script&gt; &amp; `x`</code>" in html
    assert "cnn-check-wrong" in html and "✗" in html


NOTEBOOK = """
import torch
from cnnbook import check
from cnnbook.exercises import Exercise, register, text
register(Exercise("k", case=lambda rng: (rng.randint(1, 9),), reference=lambda n: n))
check.exercise("k", lambda n: n)
check.exercise("k", lambda n: "<b>")
check.exercise("k", ...)
"""


@pytest.mark.parametrize("language", ["both", "ko"])
def test_in_a_notebook_each_output_names_its_language(language):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    NotebookClient(notebook, timeout=120).execute(env={**os.environ, "CNNBOOK_LANGUAGE": language})
    outputs = notebook.cells[0].outputs
    languages = ["ko", "en"] if language == "both" else ["ko"]
    assert [output.metadata["cnnbook"]["language"] for output in outputs] == languages * 3
    marks = [output.data["text/plain"][0] for output in outputs]
    assert marks == [mark for mark in "✓✗…" for _ in languages]
    assert all(f'lang="{output.metadata["cnnbook"]["language"]}"' in output.data["text/html"] for output in outputs)
    assert all("<b>" not in output.data["text/html"] for output in outputs)
    json.dumps(notebook)


def test_without_a_choice_it_speaks_the_machines_language():
    code = "import cnnbook; print(cnnbook.language())"
    for lang, expected in [("ko_KR.UTF-8", "ko"), ("C", "en"), ("de_DE.UTF-8", "en")]:
        env = {**os.environ, "LC_ALL": lang, "CNNBOOK_LANGUAGE": ""}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
        assert done.stdout == f"{expected}\n", done.stderr


def test_start_sets_the_language_and_a_variable_wins():
    code = """
import cnnbook
cnnbook.start("ko")
print(cnnbook.language())
try:
    cnnbook.start("kr")
except ValueError as error:
    print(error)
"""
    for variable, expected in [("", "ko"), ("en", "en"), ("both", "both")]:
        env = {**os.environ, "CNNBOOK_LANGUAGE": variable, "LC_ALL": "C.UTF-8"}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
        assert done.stdout.splitlines() == [expected, """language must be "ko" or "en", got 'kr'."""], done.stderr


def test_wrong_variables_are_named(monkeypatch):
    monkeypatch.setenv("CNNBOOK_BUDGET", "fast")
    with pytest.raises(ValueError, match="CNNBOOK_BUDGET must be \"quick\" or \"full\", got 'fast'"):
        cnnbook.budget()
    monkeypatch.setenv("CNNBOOK_BUDGET", "full")
    assert cnnbook.budget() == "full"
    monkeypatch.setenv("CNNBOOK_LANGUAGE", "kr")
    with pytest.raises(ValueError, match="CNNBOOK_LANGUAGE must be"):
        cnnbook.language()


# the checks that chapters make of themselves


def test_close(capsys):
    check.close(torch.tensor([1.0, 2.0]), [1, 2.000001], what="sum")
    assert capsys.readouterr().out == "✓ sum: They agree. Largest difference: at most 1e-05\n"
    check.close([1, 2], torch.tensor([1, 2]), what="labels")
    assert capsys.readouterr().out == "✓ labels: They are equal.\n"
    check.close(np.float32(1), 1.01, atol=0.1)
    check.close(1, 2, atol=1)
    assert capsys.readouterr().out.count("at most") == 2
    for mine, reference, words in [([1, 2], [1, 2.1], "0.1"), ([1], [1, 2], "Wrong shape"), (float("nan"), 1, "nan")]:
        with pytest.raises(AssertionError, match=words):
            check.close(mine, reference)


def test_same_function():
    check.same_function(lambda x: x + x, lambda x: 2 * x, 3, (torch.ones(2),))
    with pytest.raises(AssertionError, match="input: 3"):
        check.same_function(lambda x: x + 1, lambda x: 2 * x, 1, 3)
    with pytest.raises(ValueError, match="at least one case|needs a case"):
        check.same_function(len, len)


def test_same_counts(capsys):
    from cnnbook import outputs

    check.same_counts(lambda w, f, s, p: len(range(0, w + 2 * p - f + 1, s)), outputs, cases=200, seed=0)
    assert "200 of 200" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="input: "):
        check.same_counts(lambda w, f, s, p: (w - f + p) // s + 1, outputs)


def test_same_shapes():
    check.same_shapes({"C1": torch.zeros(6, 28, 28), "S2": (6, 14, 14)}, {"C1": (6, 28, 28), "S2": [6, 14, 14]})
    check.same_shapes([(1, 2), torch.zeros(3)], [torch.zeros(1, 2), (3,)])
    check.same_shapes(torch.zeros(4, 5), (4, 5))
    with pytest.raises(AssertionError, match=r"S2: Wrong shape. Yours: \(6, 13, 13\), expected: \(6, 14, 14\)"):
        check.same_shapes({"S2": (6, 13, 13)}, {"S2": (6, 14, 14)})
    with pytest.raises(AssertionError, match="Wrong keys"):
        check.same_shapes([(1, 2)], [(1, 2), (3,)])


def test_that(capsys):
    check.that(torch.tensor(0.9) > 0.8, "0.900 > 0.800")
    assert "0.900 > 0.800" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="0.700 > 0.800"):
        check.that(0.7 > 0.8, "0.700 > 0.800")
    with pytest.raises(AssertionError, match="less"):
        check.that(False, text(ko="작습니다 {x}", en="less {x}"))


def test_raises(capsys):
    with check.raises(ValueError):
        int("x")
    assert "ValueError: invalid literal" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="Nothing was raised. Expected: ValueError"), check.raises(ValueError):
        pass
    with pytest.raises(KeyError), check.raises(ValueError):
        raise KeyError("other")
