"""The launch button of a page opens the notebook that the author's tool names in the page's metadata.

The theme itself knows one folder for all pages, and gives a button to every page that holds code.
"""

from __future__ import annotations

from sphinx.application import Sphinx


def setup(app: Sphinx) -> None:
    buttons: dict = {}

    def remember(app: Sphinx) -> None:
        buttons.update(app.config.html_theme_options.get("launch_buttons", {}))

    def aim(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
        folder, _, name = (context.get("meta") or {}).get("notebook", "").rpartition("/")
        app.config.html_theme_options |= {"path_to_docs": folder, "launch_buttons": buttons if name else {}}

    app.connect("builder-inited", remember)
    app.connect("html-page-context", aim)  # before the theme makes the page's buttons, at 501
