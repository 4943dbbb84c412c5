"""Every page of every language: quiet, self-contained, readable at every width, light and dark."""

import re
from urllib.parse import unquote, urldefrag

import pytest

HANGUL = re.compile("[가-힣]")
LATIN_WORD = re.compile("[A-Za-z]{2,}")
NAMES = {"Colab", "Kaggle", "GitHub", "Binder"}


def test_there_are_pages_in_more_than_one_language(languages, visits):
    assert len(languages) > 1
    assert len(visits) >= 4


def test_no_page_complains(no_faults):
    no_faults(lambda visit: visit.errors)


def test_no_page_asks_another_host(no_faults):
    no_faults(lambda visit: visit.foreign)


def test_no_request_fails(no_faults):
    no_faults(lambda visit: visit.failed)


def test_no_page_scrolls_sideways(no_faults):
    no_faults(lambda visit: [f"at {width} px" for width in visit.overflow])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(no_faults, scheme):
    no_faults(lambda visit: visit.pale[scheme])


def test_every_picture_has_words_in_the_language_of_its_page(no_faults):
    def wrong(visit):
        words = visit.facts["pictures"] + visit.facts["captions"]
        korean = visit.language == "ko"
        return [repr(text) for text in words if not text or (korean and not HANGUL.search(text))
                or (visit.language == "en" and HANGUL.search(text))]
    no_faults(wrong)


def test_drawings_take_the_colours_of_the_page(no_faults):
    no_faults(lambda visit: [f"drawing {place} keeps its own colours"
                             for place, follows in enumerate(visit.facts["drawings"], 1) if not follows])


def test_formulas_are_set_and_can_be_read_aloud(no_faults, visits):
    def wrong(visit):
        facts = visit.facts
        if not facts["formulas"] == facts["typeset"] == facts["spokenFormulas"]:
            yield f"{facts['formulas']} formulas, {facts['typeset']} set, {facts['spokenFormulas']} spoken"
        yield from facts["formulaErrors"]
    no_faults(wrong)
    assert any(visit.facts["formulas"] for visit in visits.values())


def test_every_control_has_a_name(no_faults):
    no_faults(lambda visit: visit.facts["unnamedControls"])


def test_interface_words_are_in_the_language_of_the_page(no_faults):
    def wrong(visit):
        facts = visit.facts
        for where, text in facts["attributes"] + facts["interfaceTexts"] + facts["fixedWords"]:
            korean, latin = HANGUL.search(text), LATIN_WORD.search(text) and text not in NAMES
            if visit.language == "en" and korean or visit.language == "ko" and latin and not korean:
                yield f"{where}: {text!r}"
    no_faults(wrong)


def test_links_and_anchors_lead_somewhere(no_faults, visits, address):
    ids = {name: set(visit.facts["ids"]) for name, visit in visits.items()}

    def wrong(visit):
        for link in visit.facts["links"]:
            target, anchor = urldefrag(link)
            if not target.startswith(address):
                continue
            name = unquote(target.removeprefix(address)).split("?")[0]
            if name not in ids:
                yield f"{link} is no page"
            elif anchor and unquote(anchor) not in ids[name]:
                yield f"{link} has no such anchor"
    no_faults(wrong)


def test_ids_are_unique(no_faults):
    def wrong(visit):
        seen = set()
        return [f"two elements are {name!r}" for name in visit.facts["ids"] if name in seen or seen.add(name)]
    no_faults(wrong)


def test_a_first_visit_is_light(no_faults, compressed_size):
    def wrong(visit):
        size = sum(compressed_size(path) for path in visit.requested if not path.endswith("/"))
        return [f"{size / 1e6:.2f} MB"] if size > 2e6 else []
    no_faults(wrong)


def test_no_icon_font_is_loaded(no_faults):
    no_faults(lambda visit: [path for path in visit.requested if "fa-" in path or "fontawesome" in path])


def test_exercises_stand_in_a_box_with_their_solution_folded(no_faults):
    def wrong(visit):
        if visit.facts["loose"]:
            yield f"{visit.facts['loose']} tasks outside a box"
        for box in visit.facts["exercises"]:
            if box["task"] != 1 or box["cells"] < 1 or any(box["solutions"]):
                yield str(box)
    no_faults(wrong)


def test_quizzes_are_closed_and_have_one_right_answer(no_faults):
    no_faults(lambda visit: [str(quiz) for quiz in visit.facts["quizzes"]
                             if quiz["right"] != 1 or quiz["options"] < 2 or quiz["open"]])
