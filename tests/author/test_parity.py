"""Each fault that a source can have is planted, and must be found where it stands."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from author import check, notebooks, paths, prose, source

ASIDE = ("합성곱을 배웁니다.", "We learn convolution.")


def text_of(korean: str, english: str, *more: str) -> str:
    def cell(language: str, text: str) -> str:
        return f'# %% [markdown] lang="{language}"\n' + "\n".join(f"# {line}" for line in text.splitlines())

    title = [cell("ko", "# 제목"), cell("en", "# Title")]
    return "\n\n".join([*title, cell("ko", korean), cell("en", english), *more]) + "\n"


def faults_of(tmp_path: Path, text: str) -> list[source.Fault]:
    path = tmp_path / "05_planted.py"
    path.write_text(text, "utf-8")
    try:
        return check.check_source(source.read(path))
    except source.SourceError as error:
        return error.faults


def messages(faults: list[source.Fault]) -> str:
    return "\n".join(map(str, faults))


def test_halves_that_agree_have_no_fault(tmp_path):
    korean = "## 세 가지\n\n- 필터 3개, $W \\text{칸}$\n- `outputs`\n\n값은 1,234.5입니다 {cite:p}`lecun1998gradient`."
    english = ("## Three things\n\n- three filters, $W \\text{ cells}$\n- `outputs`\n\n"
               "Its value is 1234.5 {cite:p}`lecun1998gradient`.")
    assert faults_of(tmp_path, text_of(korean, english)) == []


# What each kind of part looks like in both halves, from one drawn number: present in one half only, it must be found.
PARTS = {
    "headings": lambda n: (f"{'#' * (2 + n % 3)} 절", f"{'#' * (2 + n % 3)} Section"),
    "formulas": lambda n: (f"식 $x_{{{n}}}$", f"formula $x_{{{n}}}$"),
    "inline code": lambda n: (f"함수 `f{n}`", f"function `f{n}`"),
    "links": lambda n: (f"[여기](https://example.org/{n})", f"[here](https://example.org/{n})"),
    "citations": lambda n: ("논문 {cite:p}`lecun1998gradient`", "paper {cite:p}`lecun1998gradient`"),
    "numbers": lambda n: (f"값은 {n + 11}입니다", f"the value is {n + 11}"),
    "list lengths": lambda n: ("\n".join(["- 항목"] * (n % 5 + 1)), "\n".join(["- item"] * (n % 5 + 1))),
    "table sizes": lambda n: ("| 가 |\n|---|\n" + "| 나 |\n" * (n % 5 + 1), "| a |\n|---|\n" + "| b |\n" * (n % 5 + 1)),
    "code blocks": lambda n: (f"```\nf({n})\n```", f"```\nf({n})\n```"),
    "notes": lambda n: ("> [!NOTE]\n> 참고", "> [!NOTE]\n> note"),
}


@settings(deadline=None, max_examples=60)
@given(kind=st.sampled_from(sorted(PARTS)), number=st.integers(0, 10_000), dropped=st.sampled_from([0, 1]),
       others=st.lists(st.sampled_from(sorted(PARTS)), max_size=3))
def test_a_part_that_one_half_lacks_is_found(kind, number, dropped, others):
    halves = [[aside] for aside in ASIDE]
    for other in others:
        for half, part in zip(halves, PARTS[other](number), strict=True):
            half.append(part)
    assert check.differences({"ko": "\n\n".join(halves[0]), "en": "\n\n".join(halves[1])}) == []
    halves[1 - dropped].append(PARTS[kind](number)[1 - dropped])
    found = check.differences({"ko": "\n\n".join(halves[0]), "en": "\n\n".join(halves[1])})
    assert any(message.startswith(f"different {kind}") for message in found), found


@settings(deadline=None, max_examples=60)
@given(value=st.integers(11, 10**7), change=st.integers(1, 10**6))
def test_a_changed_number_is_found_and_its_commas_are_not(value, change):
    assert check.differences({"ko": f"값은 {value:,}입니다.", "en": f"It is {value}."}) == []
    assert "different numbers" in check.differences({"ko": f"값은 {value}입니다.", "en": f"It is {value + change}."})[0]


@pytest.mark.parametrize("korean, english", [("필터가 2개입니다.", "There are two filters."),
                                             ("필터가 두 개입니다.", "There are 2 filters."),
                                             ("한 번", "once"), ("열 개", "ten of them")])
def test_numbers_to_ten_may_be_words(korean, english):
    assert check.differences({"ko": korean, "en": english}) == []


def test_a_small_number_that_the_other_half_lacks_is_found():
    assert check.differences({"ko": "필터가 2개입니다.", "en": "There are filters."})
    assert check.differences({"ko": "필터가 2개입니다.", "en": "There are three filters."})


def test_a_missing_half_names_file_line_and_cell(tmp_path):
    path_text = text_of(*ASIDE) + '\n# %% [markdown] lang="ko"\n# 짝이 없습니다.\n\n# %%\n1\n'
    found = faults_of(tmp_path, path_text)
    line = path_text.splitlines().index("# 짝이 없습니다.")
    assert len(found) == 1 and 'no lang="en" half' in found[0].message
    assert (found[0].line, found[0].cell) == (line, 5)


@pytest.mark.parametrize("header, expected", [
    ("# %% [markdown] lang=ko\n# 글", "prose needs lang="),
    ("# %% [markdown]\n# 글", "prose needs lang="),
    ('# %% [markdown] lang="de"\n# Text', "it has 'de'"),
    ('# %% lang="ko"\n1', "code belongs to every language"),
    ('# %% tags=["hide-imput"]\n1', "the tag 'hide-imput' is not one of"),
    ('# %% atl_ko="그림"\n1', "unknown word 'atl_ko'"),
    ('# %% alt_ko="그림" alt_en="picture" caption_ko="그림"\n1', "the figure lacks caption_en"),
    ('# %% alt_ko="그림"\n1', "the figure lacks alt_en, caption_ko, caption_en"),
    ('# %% alt_ko="3칸" alt_en="44 cells" caption_ko="그림" caption_en="Picture"\n1', "alt text: different numbers"),
    ('# %% tags=["exercise"]\n1', "needs a prose pair before it"),
])
def test_a_broken_cell_is_found(tmp_path, header, expected):
    assert expected in messages(faults_of(tmp_path, text_of(*ASIDE, header)))


def test_order_of_halves_is_one(tmp_path):
    text = '# %% [markdown] lang="en"\n# # Title\n\n# %% [markdown] lang="ko"\n# # 제목\n'
    assert "expected ko, en" in messages(faults_of(tmp_path, text))


def test_a_file_that_is_no_source_says_so(tmp_path):
    assert "does not begin with a cell" in messages(faults_of(tmp_path, "print(1)\n"))
    (tmp_path / "05_planted.py").write_bytes("# %% [markdown] 한글".encode("cp949"))
    with pytest.raises(source.SourceError, match="not UTF-8"):
        source.read(tmp_path / "05_planted.py")


def test_a_first_cell_without_title_is_found(tmp_path):
    assert "must hold the title" in messages(faults_of(tmp_path, "# %%\n1\n"))


def test_a_korean_half_without_hangul_is_found(tmp_path):
    assert "has no 한국어 in it" in messages(faults_of(tmp_path, text_of("We learn it.", "We learn it.")))


@given(bad=st.sampled_from(check.avoided()))
@settings(deadline=None, max_examples=20)
def test_every_avoided_term_is_found(tmp_path_factory, bad):
    word, better = bad
    found = messages(faults_of(tmp_path_factory.mktemp("avoid"), text_of(f"{word}입니다.", "This is it.")))
    assert f"avoids {word!r}" in found and better in found


def test_an_unknown_citation_and_a_link_to_nowhere_are_found(tmp_path):
    found = messages(faults_of(tmp_path, text_of("글 {cite:p}`nobody2099`", "text {cite:p}`nobody2099`")))
    assert "'nobody2099'" in found
    assert "leads to no chapter" in messages(faults_of(tmp_path, text_of("[글](77_nothing)", "[text](77_nothing)")))


def test_code_is_the_same_in_every_language_and_notebooks_are_fresh():
    """The real chapters: whatever the languages' notebooks hold differs in prose and in the set-up cell alone."""
    for path in paths.chapters():
        read = source.read(path)
        codes = []
        for language in paths.languages():
            cells = [cell for cell in notebooks.build(read, language, {})["cells"] if cell["cell_type"] == "code"]
            assert f'cnnbook.start("{language}")' in cells[0]["source"]
            codes.append([(cell["source"], cell["metadata"]) for cell in cells[1:]])
        assert all(other == codes[0] for other in codes)
        assert check.stale(read) == []


def test_a_term_is_linked_once_and_never_inside_code_or_a_formula():
    seen: set[str] = set()
    text = "`합성곱` $\\text{합성곱}$ [합성곱](x) 합성곱은 합성곱입니다."
    linked = prose.link_terms(text, "ko", seen)
    assert linked == "`합성곱` $\\text{합성곱}$ [합성곱](x) {term}`합성곱 <합성곱>`은 합성곱입니다."
    assert prose.link_terms(text, "ko", seen) == text


def test_prose_on_colab_has_no_directive_left():
    for path in paths.chapters():
        for language in paths.languages():
            for cell in notebooks.build(source.read(path), language, {})["cells"]:
                if cell["cell_type"] == "markdown":
                    assert not re.search(r"\{[a-z:]+\}`|^:::|^```\{|\]\(#fig-", cell["source"], re.M), cell["source"]
