"""The interface's words in the page's language, from the gettext catalogues in book/locale, compiled as they are read.

A language gets its words by a folder locale/LANGUAGE/LC_MESSAGES with three catalogues: `sphinx` (Sphinx and the pydata
theme), `booktheme` (the book theme) and `cnnbook` (this extension). They win over what those packages bring themselves.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import translators

LOCALE = Path(__file__).resolve().parent.parent / "locale"


@cache
def catalogue(language: str, domain: str) -> NullTranslations:
    """Words of one domain in a language; those of a language without a catalogue stay English."""
    path = LOCALE / language / "LC_MESSAGES" / f"{domain}.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def of(language: str):
    """The function that turns this extension's English words into a language's."""
    return catalogue(language, "cnnbook").gettext


def register(app: Sphinx, config: Config) -> None:
    """Put the book's catalogues before those of Sphinx and of the themes."""
    for path in sorted(LOCALE.glob(f"{config.language}/LC_MESSAGES/*.po")):
        name, ours = ("general", path.stem), catalogue(config.language, path.stem)
        others = translators.get(name)
        if others is not None and others is not ours:
            ours.add_fallback(others)
        translators[name] = ours
        if path.stem == "sphinx":
            app.translator = ours
    say = of(config.language)
    options = config.html_theme_options
    options["search_bar_text"] = say("Search this book")
    options["icon_links_label"] = say("Links")
    config.nb_code_prompt_show = say("Show the code")
    config.nb_code_prompt_hide = say("Hide the code")


def add_to_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    context["word"] = of(app.config.language)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", register)
    app.connect("html-page-context", add_to_page)
