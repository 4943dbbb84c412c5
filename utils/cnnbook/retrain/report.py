"""What a person reads of a retrained network: a page with the photos it gets wrong, and its model card.

Classes and files may be called anything: in both, a name is shown and never obeyed.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from cnnbook.data.folder import printable
from cnnbook.retrain import photos
from cnnbook.retrain.backbones import rgb
from cnnbook.retrain.head import interval
from cnnbook.retrain.photos import Photo

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Misclassified photos</title>
<style>
body {{ font: 16px/1.4 sans-serif; margin: 2em; color-scheme: light dark }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 1.5em }}
figure {{ margin: 0; overflow-wrap: anywhere }}
img {{ width: 100%; height: auto }}
</style>
</head>
<body>
<h1>Misclassified photos</h1>
<p>{summary}</p>
<main>
{figures}
</main>
</body>
</html>
"""
FIGURE = """<figure><img src="data:image/jpeg;base64,{picture}" alt="">
<figcaption><b>{said}</b> {score:.2f}<br>labelled {label}, {own:.2f}<br>
<small>{part}: {file}</small></figcaption></figure>"""
CARD = """# {title}

Tells {count} classes of photos apart: {classes}. Made with `{command}`.

## Data
Folder `{folder}`, {images} photos, {skipped} files skipped. A photo's part is fixed by the SHA-256 of its content:
below {test:.0%} of its range test, below {validation:.0%} validation, else training.

| class | train | validation | test | right in test |
|---|---|---|---|---|
{rows}

## Result
{accuracy}. Scores: {calibration}.

## Network
Backbone {backbone}, {side} × {side} pixels, weights from {weights}. {tuned}
Head: softmax regression on {features} features.
Distortions of the training photos: {distortions}.
Versions: {versions}. {date}.

## Limits
- Other kinds of photos than these are given one of these classes as well, often with a high score.
- Photos of the same thing, resized or saved again, have other contents: they may be in different parts, and then the
  accuracy is too high.
- The interval counts chance in the choice of the test photos, not that new photos may differ from all of these.
{limits}"""


def plain(text: str) -> str:
    """The text with nothing in it that HTML would obey or that cannot be seen."""
    return escape(printable(text))


def markdown(text: str) -> str:
    """The same for Markdown, also within a table."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|~$-])", r"\\\1", plain(text))


def misclassified(wrong: Sequence[tuple[Photo, Tensor]], classes: Sequence[str], of: int) -> str:
    """A page of the photos whose highest score (K,) is not their label's, the most certain mistakes first.

    Raises Unreadable where a photo has gone.
    """
    figures = []
    for photo, scores in sorted(wrong, key=lambda each: -each[1].max().item()):
        jpeg = BytesIO()
        Image.fromarray(np.ascontiguousarray(rgb(photo, 200).permute(1, 2, 0))).save(jpeg, "JPEG")
        figures.append(FIGURE.format(
            picture=b64encode(jpeg.getvalue()).decode(), file=plain(photo.file), part=photo.part,
            said=plain(classes[int(scores.argmax())]), score=scores.max().item(),
            label=plain(photo.label), own=scores[classes.index(photo.label)].item(),
        ))  # fmt: skip
    summary = f"{len(wrong)} of {of} photos that it was not trained on, the most certain mistakes first."
    return PAGE.format(summary=summary, figures="\n".join(figures))


def accuracy(right: int, of: int) -> str:
    """The share in words, with the interval in which that of all such photos lies with 95 % confidence."""
    if not of:
        return "accuracy not measured: there is no photo in the test part"
    low, high = interval(right, of)
    return f"test accuracy {right / of:.3f} ({right} of {of}; 95% interval {low:.3f} to {high:.3f})"


def card(facts: dict[str, Any]) -> str:
    """The model card, in Markdown, from what `run.retrain` put together."""
    rows = [
        f"| {markdown(name)} | {row['train']} | {row['validation']} | {row['test']} | {row['right']} |"
        for name, row in facts["photos"].items()
    ]
    few = [name for name, row in facts["photos"].items() if sum(row[part] for part in photos.PARTS) < photos.FEW]
    limits = [f"- Fewer than {photos.FEW} photos: {', '.join(map(markdown, few))}.\n"] if few else []
    if facts["demonstration"]:
        limits.append("- The photos are pieces of one photograph a class: they say nothing about other photographs.\n")
    return CARD.format(
        title=f"Retrained {facts['backbone']}",
        count=len(facts["classes"]),
        classes=", ".join(map(markdown, facts["classes"])),
        command=printable(facts["command"]).replace("`", "'"),
        folder=printable(facts["folder"]).replace("`", "'"),
        images=sum(sum(row[part] for part in photos.PARTS) for row in facts["photos"].values()),
        skipped=facts["skipped"],
        test=photos.TEST,
        validation=photos.TEST + photos.VALIDATION,
        rows="\n".join(rows),
        accuracy=accuracy(facts["right"], facts["tested"]).capitalize(),
        calibration=facts["calibration"],
        tuned=f"Its last stage was fine-tuned; before that: {facts['frozen']}." if facts["frozen"] else "It is frozen.",
        versions=", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
        limits="".join(limits),
        **{name: facts[name] for name in ("backbone", "side", "weights", "features", "distortions", "date")},
    )
