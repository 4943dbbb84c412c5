"""What `cnnbook.check` says, in Korean and in English, and how it is shown in a notebook or a terminal.

Values never stand where Korean grammar would depend on them: each follows a colon or a word that takes no particle.
"""

import re
import sys
from dataclasses import dataclass, field
from html import escape

from cnnbook.notebook import language

SYMBOLS = {"right": "✓", "notyet": "…", "wrong": "✗", "hint": "?"}
COLOURS = {  # as JupyterLab's theme has them, light or dark; elsewhere the second
    "right": "var(--jp-success-color1, #1a7f4b)",
    "notyet": "var(--jp-warn-color1, #9a6700)",
    "wrong": "var(--jp-error-color1, #c0392b)",
    "hint": "var(--jp-info-color1, #2f6fb0)",
}
COUNTS = {"cases", "failed", "number", "of", "count", "done"}  # part of the sentence; the other values are code

CATALOGUE = {
    "right": (
        "맞습니다. 무작위로 고른 {cases}가지 경우에서 모두 확인했습니다.",
        "Right: checked on {cases} random cases.",
    ),
    "solution": ("책의 정답을 검사했습니다. 맞습니다.", "This is the book's solution, checked: right."),
    "stopped": (
        "멈추었습니다. 끝나지 않는 반복이 있는지 확인하세요.",
        "Stopped by hand. Is there a loop that never ends?",
    ),
    "right_test": ("맞습니다.", "Right."),
    "notyet": (
        "아직 풀지 않았습니다. `...` 자리에 답을 쓰고 이 셀을 다시 실행하세요.",
        "Not yet: write your answer in place of `...` and run this cell again.",
    ),
    "hint_offer": ("힌트 보기: `{call}`", "For a hint: `{call}`"),
    "hint": ("힌트 {number}/{of}:", "Hint {number} of {of}:"),
    "hint_last": ("마지막 힌트입니다.", "That was the last hint."),
    "hint_none": ("이 연습에는 힌트가 없습니다.", "This exercise has no hints."),
    "no_value": (
        "함수가 `None`을 돌려줍니다. `return`을 빠뜨리지 않았는지 확인하세요.",
        "The function returns `None`. Is a `return` missing?",
    ),
    "not_function": ("함수가 필요합니다. 받은 것: {got}", "A function is needed, but this was given: {got}"),
    "arity": (
        "함수를 {call} 꼴로 부를 수 없습니다. 파라미터를 확인하세요: {error}",
        "The function cannot be called as {call}. Check its parameters: {error}",
    ),
    "raised": ("작성한 코드에서 오류가 났습니다: {error}", "Your code raised an error: {error}"),
    "silent": ("이 경우에는 오류를 내야 합니다: {error}", "This case should raise an error: {error}"),
    "type": ("자료형이 다릅니다. 답: {got}, 기대한 것: {expected}", "Wrong type. Yours: {got}, expected: {expected}"),
    "type_int": (
        "값은 맞지만 정수(`int`)가 아닙니다: {got}. `/` 대신 `//` 연산자를 쓰세요.",
        "The value is right, but it is not an `int`: {got}. Use `//` instead of `/`.",
    ),
    "shape": ("모양이 다릅니다. 답: {got}, 기대한 것: {expected}", "Wrong shape. Yours: {got}, expected: {expected}"),
    "length": ("길이가 다릅니다. 답: {got}, 기대한 것: {expected}", "Wrong length. Yours: {got}, expected: {expected}"),
    "keys": ("키가 다릅니다. 답: {got}, 기대한 것: {expected}", "Wrong keys. Yours: {got}, expected: {expected}"),
    "transposed": (
        "값은 맞지만 두 축이 뒤바뀌었습니다(전치).",
        "The values are right, but two axes are swapped: it is transposed.",
    ),
    "nan": ("답에 NaN이나 무한대가 있습니다.", "Your answer contains NaN or infinity."),
    "constant": (
        "모든 경우에서 같은 값만큼 어긋납니다. 답 - 기대값 = {by}",
        "Off by the same amount every time. Yours - expected = {by}",
    ),
    "factor": (
        "모든 경우에서 같은 배수만큼 어긋납니다. 답 / 기대값 = {by}",
        "Off by the same factor every time. Yours / expected = {by}",
    ),
    "values": (
        "값이 다릅니다. {cases}가지 경우 중 {failed}가지가 틀렸습니다.",
        "Wrong value in {failed} of {cases} cases.",
    ),
    "average": (
        "평균은 맞지만 값 하나하나는 치우쳐 있습니다. 답 - 기대값: {low} ~ {high}",
        "Right on average, but each value is biased. Yours - expected: {low} to {high}",
    ),
    "item": (
        "돌려준 값들 가운데 처음으로 틀린 것: {number}번째.",
        "Of the values you return, the first that is wrong is number {number}.",
    ),
    "order": (
        "돌려준 값은 모두 맞지만 순서가 다릅니다.",
        "The values are right, their order is not.",
    ),
    "where": ("가장 크게 어긋난 곳: {where}", "Furthest off at: {where}"),
    "checker": (
        "이 답은 검사할 수 없었습니다: {error}",
        "This answer could not be checked: {error}",
    ),
    "score": ("점수: {done}/{of}", "Score: {done} of {of}"),
    "score_all": ("이 실습의 연습을 모두 풀었습니다.", "Every exercise of this lab is right."),
    "score_left": ("남은 연습:", "Still to do:"),
    "reset": ("이 실습의 진행 기록을 지웠습니다.", "The record of this lab's progress is cleared."),
    "no_exercise": (
        "이런 이름의 연습은 없습니다: {asked}. 가장 비슷한 이름: {nearest}",
        "There is no exercise {asked}. Nearest: {nearest}",
    ),
    "no_lab": (
        "이런 이름의 실습은 없습니다: {asked}. 가장 비슷한 이름: {nearest}",
        "There is no lab {asked}. Nearest: {nearest}",
    ),
    "line": ("오류가 난 줄", "line"),
    "case": ("입력", "input"),
    "got": ("답", "yours"),
    "expected": ("기대값", "expected"),
    "close": ("서로 같습니다. 가장 큰 차이: {atol} 이하", "They agree. Largest difference: at most {atol}"),
    "equal": ("서로 같습니다.", "They are equal."),
    "not_close": (
        "최대 오차가 허용치를 넘습니다. 오차: {by}, 허용치: {atol}",
        "The largest difference is {by}, more than {atol}",
    ),
    "agree": ("{cases}가지 경우에서 결과가 모두 같습니다.", "{cases} of {cases} cases agree."),
    "shapes": ("모양이 모두 같습니다: {count}개 중 {count}개", "All shapes agree: {count} of {count}"),
    "that": ("확인했습니다: {what}", "Checked: {what}"),
    "not_that": ("성립하지 않습니다: {what}", "Does not hold: {what}"),
    "raises": ("예상한 오류가 났습니다. {error}", "The expected error was raised. {error}"),
    "no_raise": ("오류가 나지 않았습니다. 예상한 오류: {error}", "Nothing was raised. Expected: {error}"),
}


@dataclass
class Message:
    """Sentences and a table of values, in both languages, with a status: right, notyet, wrong or hint."""

    status: str
    lines: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)
    rows: list[tuple[str, str]] = field(default_factory=list)  # (name of the label in the catalogue, value)
    hint: str = ""  # the call that gives a hint; said after them
    progress: tuple[int, int] | None = None  # how many exercises of a lab are done, of how many; said last

    def say(self, name: str, **values: object) -> "Message":
        """Add a sentence of the catalogue with its `values`."""
        korean, english = CATALOGUE[name]
        self.lines.append(({"ko": korean, "en": english}, {key: str(value) for key, value in values.items()}))
        return self

    def add(self, text: dict[str, str] | str) -> "Message":
        """Add an author's sentence as it stands."""
        both = text if isinstance(text, dict) else {"ko": str(text), "en": str(text)}
        self.lines.append((both, {}))
        return self

    def row(self, label: str, value: str) -> "Message":
        """Add one line of the table under the sentences."""
        self.rows.append((label, value))
        return self

    def plain(self, lang: str) -> str:
        """The message as plain text."""
        lines = [" ".join([SYMBOLS[self.status], *(_fill(text[lang], values) for text, values in self.lines)])]
        for label, value in self.rows:
            lines.append(f"{_of(label, lang)}:{chr(10) if chr(10) in value else ' '}{value}")
        if self.hint:
            lines.append(_fill(_of("hint_offer", lang), {"call": self.hint}))
        if self.progress:
            lines.append(" ".join(self._progress(lang)))
        return "\n".join(lines).replace("\n", "\n  ")

    def html(self, lang: str) -> str:
        """The message as HTML; whatever came from the reader is escaped."""
        said = " ".join(_html(text[lang], values) for text, values in self.lines).replace("\n", "<br>")
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(_of(label, lang))}</th>'
            f'<td style="text-align:left"><pre style="margin:0;background:none">{escape(value)}</pre></td></tr>'
            for label, value in self.rows
        )
        table = f"<table>{rows}</table>" if rows else ""
        hint = f"<div>{_html(_of('hint_offer', lang), {'call': self.hint})}</div>" if self.hint else ""
        bar = ""
        if self.progress:
            dots, words = self._progress(lang)
            bar = (
                '<div class="cnn-check-progress"><span aria-hidden="true" style="letter-spacing:0.15em">'
                f"{dots}</span> {escape(words)}</div>"
            )
        return (
            f'<div class="cnn-check cnn-check-{self.status}" lang="{lang}">'
            f'<span class="cnn-check-symbol" aria-hidden="true" style="color:{COLOURS[self.status]};font-weight:bold">'
            f"{SYMBOLS[self.status]}</span> {said}{table}{hint}{bar}</div>"
        )

    def _progress(self, lang: str) -> tuple[str, str]:
        """A dot for each exercise of the lab, full where it is done, and the same in words."""
        done, of = self.progress
        return "●" * done + "○" * (of - done), _fill(_of("score", lang), {"done": str(done), "of": str(of)})

    def text(self) -> str:
        """The message as an error shows it: in the notebook's language, or in both."""
        return "\n".join(self.plain(lang) for lang in _languages())

    def show(self) -> None:
        """Display it: as HTML in a notebook, where each language's output names its language; else print it."""
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is None or not hasattr(shell, "kernel"):
            print(self.text())
            return
        from IPython.display import display

        for lang in _languages():
            data = {"text/plain": self.plain(lang), "text/html": self.html(lang)}
            display(data, raw=True, metadata={"cnnbook": {"language": lang}})


def _languages() -> tuple[str, ...]:
    chosen = language()
    return ("ko", "en") if chosen == "both" else (chosen,)


def _of(name: str, lang: str) -> str:
    return CATALOGUE[name][lang == "en"]


def _fill(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda field: values.get(field[1], field[0]), template)


def _html(template: str, values: dict[str, str]) -> str:
    """Backticks and values, except counts, become code; a field inside backticks is code once."""
    template = re.sub(r"`(\{\w+\})`", r"\1", template)
    template = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(template))
    shown = {name: escape(value) for name, value in values.items()}
    codes = {name: f"<code>{value}</code>" for name, value in shown.items() if name not in COUNTS}
    return _fill(template, shown | codes)
