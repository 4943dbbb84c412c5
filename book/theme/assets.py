"""What a page loads: the book's own style, scripts and fonts, all local, and nothing that it does not use."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

HERE = Path(__file__).resolve().parent
MATHJAX = "vendor/mathjax/tex-svg.js"
UNUSED = {"clipboard.min.js", "copybutton.js", "copybutton.css", "copybutton_funcs.js", "togglebutton.js",
          "togglebutton.css", "sphinx-thebe.js", "sphinx-thebe.css"}
UNUSED_INLINE = ("const THEBE_JS_URL", "let toggleHint", "let toggleOpenOnPrint", "var togglebuttonSelector")
OPTIONS = {"navbar_start": [], "navbar_center": [], "navbar_end": [], "navbar_persistent": [], "footer_start": [],
           "footer_end": [], "use_download_button": False, "use_fullscreen_button": False, "toc_title": "Contents",
           "footer_content_items": ["extra-footer.html"]}


def configure(app: Sphinx, config: Config) -> None:
    config.html_static_path.append(str(HERE / "static"))
    config.templates_path.insert(0, str(HERE / "templates"))
    config.html_use_index = False
    config.html_copy_source = False
    config.mathjax_path = MATHJAX
    mathjax = dict(config.mathjax3_config or {})
    mathjax["options"] = {**mathjax.get("options", {}), "enableMenu": False, "enableAssistiveMml": True}
    mathjax["svg"] = {**mathjax.get("svg", {}), "fontCache": "global"}
    config.mathjax3_config = mathjax
    for name, value in OPTIONS.items():
        config.html_theme_options.setdefault(name, value)


def keep(asset) -> bool:
    """Whether a page needs a script or style sheet that some extension added to it."""
    filename = str(getattr(asset, "filename", asset) or "")
    body = getattr(asset, "attributes", {}).get("body", "")
    return not (filename.rsplit("/", 1)[-1] in UNUSED or body.startswith(UNUSED_INLINE) or "://" in filename)


def description(doctree: nodes.document | None) -> str:
    """What search engines show of a page: the beginning of its first paragraph, whole words."""
    if doctree is None:
        return ""
    paragraphs = (node.astext() for node in doctree.findall(nodes.paragraph) if isinstance(node.parent, nodes.section))
    return shorten(next(paragraphs, ""), 160, placeholder=" …")


def trim(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context.get(kind, []) if keep(asset)]
    context["description"] = description(doctree)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", configure, priority=900)
    app.connect("html-page-context", trim, priority=950)
    for name in ("fonts.css", "book.css", "icons.css"):
        app.add_css_file(name, priority=700)
    app.add_js_file("book.js", loading_method="defer")
