"""SVG figures stand in the page itself, so that they follow its colours: light, dark, print."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from cnnbook.look import style

STYLESHEET = "look.css"
PHOTOGRAPH = 96  # pixels: smaller pictures show single cells, and keep every one of them as it is
PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")


def without_idle_ids(svg: str) -> str:
    """An SVG without the ids that nothing in it refers to."""
    used = set(re.findall(r"""(?:href="#|url\(#)([^")]+)""", svg))
    return re.sub(r"""\sid="([^"]*)\"""", lambda found: found[0] if found[1] in used else "", svg)


def compact_pictures(svg: str) -> str:
    """An SVG with its embedded PNG pictures as WebP: photographs with invisible loss, small ones with none."""
    def compact(found: re.Match) -> str:
        picture = Image.open(BytesIO(base64.b64decode(found[1])))
        candidates = [{"lossless": True}] + [{"quality": 80}] * (min(picture.size) >= PHOTOGRAPH)
        written = []
        for options in candidates:
            buffer = BytesIO()
            picture.save(buffer, "WEBP", method=4, **options)
            written.append(buffer.getvalue())
        return f"data:image/webp;base64,{base64.b64encode(min(written, key=len)).decode()}"

    return PNG.sub(compact, svg)


class InlineSvg(SphinxPostTransform):
    """Replaces each image that is an SVG file of the book by its drawing, named by its alt text for screen readers."""

    default_priority = 250
    formats = ("html",)

    def run(self, **kwargs) -> None:
        images = [image for image in self.document.findall(nodes.image) if image["uri"].lower().endswith(".svg")]
        for number, image in enumerate(images, 1):
            path = Path(self.env.srcdir, image["uri"].lstrip("/"))
            if "://" in image["uri"] or not path.is_file():
                continue
            svg = compact_pictures(without_idle_ids(path.read_text("utf-8")))
            svg = style.themed(svg, image.get("alt", ""), f"drawing-{number}")
            if not isinstance(image.parent, nodes.TextElement):
                svg = f'<div class="figure-frame">{svg}</div>'
            image.parent.replace(image, nodes.raw("", svg, format="html"))


def write_stylesheet(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STYLESHEET).write_text(style.css(), "utf-8")


def setup(app: Sphinx) -> None:
    app.add_post_transform(InlineSvg)
    app.add_css_file(STYLESHEET, priority=600)
    app.connect("build-finished", write_stylesheet)
