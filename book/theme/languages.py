"""Every page knows its twins in the other languages: the switch, links for search engines, anchors that they share."""

from __future__ import annotations

from urllib.parse import urljoin

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms import SphinxTransform


class SharedAnchors(SphinxTransform):
    """Puts first, of a section's anchors, one that every language has: its label, else its place, `part-2-1`.

    An anchor made from a heading differs from language to language, and headings without Latin letters get a number
    that moves whenever a page changes. Those stay too, after the lasting ones.
    """

    default_priority = 880

    def apply(self, **kwargs) -> None:
        self.arrange(self.document, ())

    def arrange(self, parent: nodes.Element, place: tuple[int, ...]) -> None:
        sections = [child for child in parent.children if isinstance(child, nodes.section)]
        labels = {self.document.nameids.get(name) for name, explicit in self.document.nametypes.items() if explicit}
        for index, section in enumerate(sections, 1):
            here = (*place, index)
            by_place = "part-" + "-".join(map(str, here[1:])) if len(here) > 1 else "top"
            if by_place not in self.document.ids:
                self.document.ids[by_place] = section
                section["ids"].append(by_place)
            section["ids"].sort(key=lambda name: 0 if name in labels else 1 if name == by_place else 2)
            self.arrange(section, here)


def alternates(app: Sphinx, pagename: str) -> list[dict[str, str]]:
    """This page in every language: code, name, address from here (`href`) and for search engines (`public`)."""
    address = app.builder.get_target_uri(pagename)
    up = "../" * (address.count("/") + 1)
    base = urljoin(app.config.html_baseurl, address) if app.config.html_baseurl else ""
    every = {code: f"{up}{code}/{address}" for code in app.config.cnnbook_languages}
    return [{"code": code, "name": app.config.cnnbook_languages[code], "href": href, "public": urljoin(base, href)}
            for code, href in every.items()]


def add_to_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    every = alternates(app, pagename) if app.builder.format == "html" else []
    context["alternates"] = every if len(every) > 1 else []
    default = app.config.cnnbook_default_language
    fallback = next((page["public"] for page in every if page["code"] == default), every[0]["public"] if every else "")
    context["alternate_by_default"] = fallback


def fill(app: Sphinx, config: Config) -> None:
    config.html_theme_options.setdefault("article_header_end", ["language-switch.html", "article-header-buttons.html"])


def setup(app: Sphinx) -> None:
    app.add_config_value("cnnbook_languages", {}, "html", [dict])
    app.add_config_value("cnnbook_default_language", "en", "html", [str])
    app.add_transform(SharedAnchors)
    app.connect("config-inited", fill)
    app.connect("html-page-context", add_to_page)
