"""Each fault that a source can have is planted, and must be found where it stands."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from author import check, execute, notebooks, paths, prose, quiz, source

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
    "lists": lambda n: ("\n".join(["- 항목"] * (n % 5 + 1)), "\n".join(["- item"] * (n % 5 + 1))),
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


# The same kind of part in both halves, but not the same part.
CHANGED = [
    ("formulas", "식 $x + 1$", "formula $x - 1$"),
    ("formulas", "식 $\\mathrm{Conv}(x)$", "formula $\\mathrm{Pool}(x)$"),
    ("formulas", "식\n\n\\begin{align}x&=1\\end{align}", "formula\n\n\\begin{align}x&=2\\end{align}"),
    ("inline code", "함수 `fit`", "function `evaluate`"),
    ("links", "[여기](https://example.org/a)", "[here](https://example.org/b)"),
    ("links", "여기 https://example.org/a 입니다", "here https://example.org/b it is"),
    ("headings", "## 절", "### Section"),
    ("lists", "- 하나\n- 둘", "1. one\n2. two"),
    ("citations", "{cite:t}`lecun1998gradient`", "{cite:p}`lecun1998gradient`"),
    ("quotes", "> 인용한 말", "quoted words"),
    ("notes", "> [!NOTE]\n> 참고", "> [!TIP]\n> note"),
    ("numbers", "값은 -5입니다", "its value is 5"),
    ("numbers", "2개, 2개, 2개", "two of them"),
    ("numbers", "4개의 네트워크", "a few networks"),
    ("numbers", "1개의 값", "a value"),
    ("HTML", "<b>굵게</b>", "bold"),
]


@pytest.mark.parametrize("kind, korean, english", CHANGED)
def test_a_part_that_differs_is_found(kind, korean, english):
    found = check.differences({"ko": korean, "en": english})
    assert any(message.startswith(f"different {kind}") for message in found), found


@pytest.mark.parametrize("korean, english", [("필터가 2개입니다.", "There are two filters."),
                                             ("필터가 두 개입니다.", "There are 2 filters."),
                                             ("값이 하나 있습니다.", "There is 1 value."),
                                             ("0을 덧댑니다.", "We pad with zeros."),
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
    ("# %% [markdown] lang=ko\n# 글", "the header cannot be read"),
    ("# %% [md]\n# 글", "the header cannot be read"),
    ("# %% alt_en=5\n1", "the header cannot be read"),
    ('# %% name="fig-a"\n1\n\n# %% name="fig-a"\n2', "must begin with fig- and be its own"),
    ('# %% [markdown] lang="ko"\n# [그림](#fig-b)\n\n# %% [markdown] lang="en"\n# [figure](#fig-b)',
     "refers to the figure 'fig-b', which is not there"),
    ('# %% tags=["nbval-check-output"]\ncheck.close(1, 1)', "a golden cell cannot hold a check"),
    ('# %% alt_ko="A square" alt_en="A square" caption_ko="네모" caption_en="A square"\n1', "has no 한국어 in it"),
    ('# %% alt_ko="네모" alt_en="Square" caption_ko="네모 {cite:p}`a` " caption_en="Square {cite:p}`a` "\n1',
     "not in book/refs.bib"),
    ("# %% [markdown]\n# 글", "prose needs lang="),
    ('# %% [markdown] lang="de"\n# Text', "it has 'de'"),
    ('# %% lang="ko"\n1', "code belongs to every language"),
    ('# %% tags=["hide-imput"]\n1', "the tag 'hide-imput' is not one of"),
    ('# %% atl_ko="그림"\n1', "unknown word 'atl_ko'"),
    ('# %% alt_ko="그림" alt_en="picture" caption_ko="그림"\n1', "the figure lacks caption_en"),
    ('# %% alt_ko="그림"\n1', "the figure lacks alt_en, caption_ko, caption_en"),
    ('# %% alt_ko="그림" alt_en="picture" caption_ko="그림" caption_en="Picture"\nf()\ncheck.that(True, "")',
     "the figure's cell checks or prints"),
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


@pytest.mark.parametrize("word, better", [(word, better) for word, better, _ in check.avoided()])
def test_every_avoided_term_is_found(tmp_path, word, better):
    found = messages(faults_of(tmp_path, text_of(f"이것은 {word}입니다.", "This is it.")))
    assert f"avoids {word!r}" in found and better in found


def test_an_avoided_term_inside_another_word_is_none(tmp_path):
    assert faults_of(tmp_path, text_of("플레이어가 둘인 게임입니다.", "It is a game of two players.")) == []


@pytest.mark.parametrize("markup", [":::{note}\n글\n:::", "```{note}\n글\n```", "{ref}`글`", "> [!IMPORTANT]\n> 글",
                                    "![](picture.png)"])
def test_markup_that_colab_would_show_raw_is_found(tmp_path, markup):
    found = messages(faults_of(tmp_path, text_of(f"글입니다.\n\n{markup}", f"Text.\n\n{markup}")))
    assert "shows as it stands on Colab" in found


@pytest.mark.parametrize("change, expected", [
    (lambda sound: sound.replace("right: true", "right: false", 1), "exactly one with right: true"),
    (lambda sound: "- question: hello\n" * 3, "needs a list of options"),
    (lambda sound: "- question:" + sound.split("- question:")[1], "three to five questions"),
    (lambda sound: "a: [", "is not YAML"),
    (lambda sound: sound.replace("ko: 값은 20", "ko: 값은 99", 1), "question 1: different numbers"),
    (lambda sound: sound.replace("ko: 값은 21", "ko: 레이어는 21", 1), "question 2: the glossary avoids"),
])
def test_a_broken_quiz_is_found(tmp_path, monkeypatch, change, expected):
    sound = "".join(f"""- question:
    ko: 값은 {number + 20}입니까?
    en: Is it {number + 20}?
  options:
    - {{ko: 예, en: "yes", right: true, why: {{ko: 맞습니다, en: right}}}}
    - {{ko: 아니요, en: "no", why: {{ko: 아닙니다, en: wrong}}}}
""" for number in range(3))
    read = source.Source(paths.CHAPTERS / "05_planted.py", [])
    monkeypatch.setattr(quiz, "file_of", lambda _: tmp_path / "05_planted.yml")
    (tmp_path / "05_planted.yml").write_text(sound, "utf-8")
    assert check.quiz_faults(read) == []
    (tmp_path / "05_planted.yml").write_text(change(sound), "utf-8")
    assert expected in messages(check.quiz_faults(read))


def test_an_unknown_citation_and_a_link_to_nowhere_are_found(tmp_path):
    found = messages(faults_of(tmp_path, text_of("글 {cite:p}`nobody2099`", "text {cite:p}`nobody2099`")))
    assert "'nobody2099'" in found
    assert "leads to no chapter" in messages(faults_of(tmp_path, text_of("[글](77_nothing)", "[text](77_nothing)")))


@pytest.mark.parametrize("path", [*paths.chapters(), *paths.labs()], ids=lambda path: path.stem)
def test_committed_notebooks_share_their_code(path):
    """What is committed differs between languages in prose and in the set-up cell alone."""
    read = source.read(path)
    codes: dict[Path, list] = {}
    for language in paths.languages():
        for file, form in notebooks.files(read, language).items():
            cells = json.loads(file.read_text("utf-8"))["cells"]
            first, *others = [cell for cell in cells if cell["cell_type"] == "code"]
            assert f'cnnbook.start("{language}")' in "".join(first["source"])
            found = [(cell["source"], cell["metadata"], cell["outputs"]) for cell in others]
            assert found == codes.setdefault(file.parent.parent, found)
            assert ["".join(source) for source, _, _ in found] == [cell.source for cell in form.codes]
            assert not any("image" in mime for _, _, outputs in found for output in outputs
                           for mime in output.get("data", {}))
    assert len(codes) == (2 if path.parent == paths.LABS else 1)


def test_a_term_is_linked_once_and_never_inside_code_or_a_formula():
    seen: set[str] = set()
    text = "`합성곱` $\\text{합성곱}$ [합성곱](x) 합성곱은 합성곱입니다."
    linked = prose.link_terms(text, "ko", seen)
    assert linked == "`합성곱` $\\text{합성곱}$ [합성곱](x) {term}`합성곱 <합성곱>`은 합성곱입니다."
    assert prose.link_terms(text, "ko", seen) == text


def test_every_citation_of_a_line_is_replaced_and_code_is_left_alone():
    line = "{cite:p}`lecun1998gradient`, `{cite:p}` and {cite:t}`hubel1962receptive`"
    shown = prose.for_notebook(line, "en")
    assert "([LeCun et al., 1998](" in shown and "[Hubel and Wiesel (1962)](" in shown and ", `{cite:p}` and " in shown


def test_prose_on_colab_has_no_directive_left():
    built = [notebooks.build(form, file, language, {}) for path in [*paths.chapters(), *paths.labs()]
             for language in paths.languages() for file, form in notebooks.files(source.read(path), language).items()]
    for cell in [cell for notebook in built for cell in notebook["cells"] if cell["cell_type"] == "markdown"]:
        assert not re.search(r"\{[a-z:]+\}`|^:::|^```\{|\]\(#fig-", cell["source"], re.M), cell["source"]


@pytest.mark.parametrize("path", [*paths.chapters(), *paths.labs()], ids=lambda path: path.stem)
def test_the_key_covers_every_module_that_a_source_imports(path):
    """Run the imports of a chapter or lab and see which of the package's files Python loads."""
    read = source.read(path)
    text = "\n".join(cell.source for cell in read.codes)
    lines = [line for line in text.splitlines() if re.match(r"(from|import) [^(]+$", line)]
    used = [f"look.{name}" for name in sorted(set(re.findall(r"\blook\.(\w+)", text)))]
    loaded = "print(*{getattr(m, '__file__', None) or '' for m in list(sys.modules.values())}, sep='\\n')"
    own = prose.name_of(read.slug).replace("-", "_")
    asked = [f"import cnnbook.exercises.{own}"] if (execute.PACKAGE / "exercises" / f"{own}.py").is_file() else []
    code = "\n".join(["import sys", *lines, "from cnnbook import look", *used, *asked, loaded])
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    inside = {Path(name) for name in printed.splitlines() if Path(name).is_relative_to(execute.PACKAGE)}
    assert len(inside) > 10
    assert inside <= set(execute.package_files(read))
