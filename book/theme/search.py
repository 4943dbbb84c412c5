"""Search in Korean: a word is found with any particle after it, from its first syllables on, and by its English term.

A page is indexed by the stems of its words and by every beginning of a Korean stem; a query is reduced to stems.
Python writes the index and JavaScript reads the query: `words` and search_ko.js give the same stems, from one list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

WORD = re.compile(r"[가-힣]+|[0-9A-Za-z_\u00c0-\u024f\u0370-\u03ff]+")
HANGUL = re.compile(r"[가-힣]")
# Endings that a stem of one syllable may lose (값은), those that would eat a short noun's own end (높이, 정도, 평가),
# and the short nouns that may lose even these (맵이).
CLEAR = """은 는 을 를 에 에는 에도 에서 에서는 에서도 에서의 에게 으로 으로는 으로도 으로의 으로써 으로서
    이라는 이라고 이란 이라 입니다 이었습니다 이며 이고 이지만 이면 인데 들은 들을 들이 들의 들에
    마다 까지 부터 보다 처럼 만큼 만을 만으로 이나 합니다 하는 하면 하고 하여 해서 했습니다 하지 한다
    됩니다 되는 되면 되고 되어 된다""".split()
DOUBTFUL = """이 가 의 과 와 로 도 만 나 란 한 할 된 될 인 들 로는 로도 로의 로써 로서 라는 라고
    와는 과는 와의 과의""".split()
SHORT = "맵 층 값 폭 칸 식 축 합 곱 점 셀 망 답".split()
RULES = json.dumps({"clear": CLEAR, "doubtful": DOUBTFUL, "short": SHORT}, ensure_ascii=False)


def ending(word: str) -> str:
    """The longest ending that a Korean word can lose, or nothing."""
    found = [end for end in CLEAR if word.endswith(end) and len(word) - len(end) >= 1]
    found += [end for end in DOUBTFUL if word.endswith(end)
              and (len(word) - len(end) >= 2 or word[:-len(end)] in SHORT)]
    return max(found, key=len, default="")


def stem(word: str) -> str:
    """A word without particles, endings or an English plural's s; lower case."""
    word = word.lower()
    if not HANGUL.match(word):
        return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
    while end := ending(word):
        word = word[:-len(end)]
    return word


def words(text: str) -> list[str]:
    """The stems of a text, in order."""
    return [stem(word) for word in WORD.findall(text)]


def beginnings(word: str) -> Iterator[str]:
    """A Korean stem's beginnings, itself last; other words whole."""
    if HANGUL.match(word):
        yield from (word[:size] for size in range(1, len(word)))
    yield word


class SearchKorean(SearchLanguage):
    lang = "ko"
    language_name = "Korean"
    js_splitter_code = (Path(__file__).parent / "search_ko.js").read_text("utf-8").replace("{{rules}}", RULES)

    def split(self, text: str) -> list[str]:
        return [beginning for word in words(text) for beginning in beginnings(word)]

    def word_filter(self, word: str) -> bool:
        return bool(word)


def setup(app: Sphinx) -> None:
    app.add_search_language(SearchKorean)
