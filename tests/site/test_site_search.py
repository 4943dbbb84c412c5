"""Search: Korean words with any particle, English terms on Korean pages, the same stems in Python and JavaScript."""

import csv
import random
import re
from pathlib import Path

import pytest

words = pytest.importorskip("theme.search", reason="the site's extension needs the tools of the extra `book`")
GLOSSARY = Path(__file__).resolve().parents[2] / "book" / "glossary.csv"
PARTICLES = "은 는 을 를 에서 에서는 으로 이 가 의 도 까지 마다 이며 입니다".split()
KNOWN = [
    ("ko", "합성곱", "03_convolution"), ("ko", "합성곱은", "03_convolution"), ("ko", "합성곱을", "03_convolution"),
    ("ko", "합성곱 신경망", "03_convolution"), ("ko", "신경망에서", "04_lenet"), ("ko", "풀링이", "03_convolution"),
    ("ko", "수용 영역은", "03_convolution"), ("ko", "필터를", "03_convolution"), ("ko", "얼룩말", None),
    ("ko", "convolution", "03_convolution"), ("ko", "LeNet", "04_lenet"), ("ko", "정확도를", "04_lenet"),
    ("en", "convolution", "03_convolution"), ("en", "convolutions", "03_convolution"), ("en", "lenet", "04_lenet"),
    ("en", "receptive field", "03_convolution"), ("en", "pooling", "03_convolution"), ("en", "zebrafish", None),
]


def korean_terms() -> list[str]:
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        terms = [re.split(r"\s*[/(,]", row["korean"])[0].strip() for row in csv.DictReader(file)]
    return [term for term in terms if re.search("[가-힣]$", term)]


def test_particles_do_not_change_what_is_looked_for():
    changed = [term + particle for term in korean_terms() for particle in ("을", "은", "에서", "에서는", "으로", "까지")
               if words.words(term + particle) != words.words(term)]
    assert not changed


def test_a_query_is_a_beginning_of_what_is_indexed():
    index = words.SearchKorean({})
    lost = [(query, text) for text in korean_terms() for particle in PARTICLES for query in (text, text + particle)
            if not set(words.words(query)) <= set(index.split(text + "에서는"))]
    assert not lost


def test_short_words_keep_their_meaning():
    for word in ("높이", "정의", "결과", "효과", "평가", "정도", "깊이", "차이", "세로", "가로", "값"):
        assert words.stem(word) == word


@pytest.fixture
def search(tab, address, site):
    def results(code: str, query: str, home: str = "") -> list[str]:
        tab.goto(f"{home or address}{code}/search.html", wait_until="load")
        tab.fill(".bd-search-container input[name=q]", query)
        tab.keyboard.press("Enter")
        tab.wait_for_function("document.querySelector('#search-results .search-summary')?.innerText")
        return [link.get_attribute("href") for link in tab.locator("#search-results li > a").all()]
    return results


@pytest.mark.parametrize(("code", "query", "page"), KNOWN)
def test_queries_find_their_page(search, code, query, page):
    found = [link.split("#")[0] for link in search(code, query)]
    assert f"{page}.html" in found if page else not found


def test_results_show_a_snippet_in_words(search, tab):
    search("ko", "합성곱을")
    tab.wait_for_selector("#search-results p.context")
    snippet = tab.inner_text("#search-results p.context")
    assert "합성곱" in snippet
    assert "\\(" not in snippet


def test_search_works_from_a_folder(search, site):
    home = site.as_uri() + "/"
    assert any("03_convolution" in link for link in search("ko", "합성곱은", home))
    assert any("03_convolution" in link for link in search("en", "convolution", home))


def test_the_search_key_opens_a_field_that_leads_to_results(tab, address):
    tab.goto(f"{address}ko/index.html", wait_until="load")
    tab.keyboard.press("Control+k")
    tab.wait_for_selector("#pst-search-dialog[open]")
    tab.keyboard.type("필터")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/ko/search.html?q=*", wait_until="load")
    tab.wait_for_selector("#search-results li > a")


def test_python_and_the_browser_split_alike(tab, address):
    chance = random.Random(0)
    endings = [*words.CLEAR, *words.DOUBTFUL, ""]
    texts = [f"{term}{chance.choice(endings)}{chance.choice(endings)}" for term in korean_terms()]
    alphabet = "합성곱신경망은는이가을를에서의도로 값층abcXYZs-_.,·×(3)½éΣ漢字\n"
    texts += ["".join(chance.choices(alphabet, k=chance.randint(0, 24))) for _ in range(500)]
    tab.goto(f"{address}ko/search.html", wait_until="load")
    for text, found in zip(texts, tab.evaluate("texts => texts.map(splitQuery)", texts), strict=True):
        assert found == words.words(text), text
