"""Every exercise of the book: right answers pass, every typical mistake is recognised as itself, and hints help on.

What only one chapter's exercises need is in its own file, test_exercises_….py.
"""

import pytest
from answers import said

from cnnbook import exercises

FUNCTIONS = [key for key in exercises.keys() if exercises.find(key).reference]
MISTAKES = [(key, number) for key in FUNCTIONS for number in range(len(exercises.find(key).mistakes))]


@pytest.mark.parametrize("key", FUNCTIONS)
def test_the_reference_is_right(key):
    assert said(key, exercises.find(key).reference)[0] == "right"


@pytest.mark.parametrize("key, number", MISTAKES)
def test_each_mistake_is_named_by_its_own_message_in_both_languages(key, number):
    mistake = exercises.find(key).mistakes[number]
    for lang in ("ko", "en"):
        status, words = said(key, mistake.wrong, lang)
        assert status == "wrong" and mistake.says[lang] in words


@pytest.mark.parametrize("key", exercises.keys())
def test_there_are_two_hints(key):
    assert len(exercises.find(key).hints) >= 2


@pytest.mark.parametrize("key", exercises.keys())
def test_what_it_says_holds_no_formula_that_a_terminal_cannot_show(key):
    exercise = exercises.find(key)
    for words in [*exercise.hints, *(mistake.says for mistake in exercise.mistakes)]:
        assert not any("$" in text for text in words.values()), words
