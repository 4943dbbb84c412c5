"""A folder of photos with one sub-folder a class. A photo is known by the hash of its file's content, and the hash
alone decides whether it is trained on: it stays in its part whatever it is called and whatever is added beside it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import skimage.data
from PIL import Image

from cnnbook.data import cache, folder
from cnnbook.data.folder import Row

PARTS = ("train", "validation", "test")
TEST, VALIDATION = 0.2, 0.2  # of all photos, on average; the rest is trained on
FEWEST = 3  # photos a class
FEW = 20  # photos a class: fewer are enough to go on, not to trust the result
COPY, TWO_CLASSES = "same content as another", "same content in two classes"
TEXTURES, ACROSS, DOWN = ("brick", "grass", "gravel"), 6, 5  # the demonstration: 30 photos a class
SIDE = 85  # pixels of a photo: 6 × 85 and 5 × 85 fit into 512


@dataclass(frozen=True)
class Photo:
    """`file` is its path within the folder, `label` its class, `digest` the SHA-256 of its content, hexadecimal."""

    path: Path
    file: str
    label: str
    digest: str

    @property
    def part(self) -> str:
        return part(self.digest)


def part(digest: str) -> str:
    """ "train", "validation" or "test": where the digest, read as a fraction in 0..1, lies."""
    place = int(digest[:16], 16) / 16**16
    return "test" if place < TEST else "validation" if place < TEST + VALIDATION else "train"


def find(root: str | Path) -> tuple[list[Photo], list[Row]]:
    """The photos below `root/<class>/`, in the order of their names, and what was skipped: (file, reason, details).

    No photo is decoded. Of several files with the same content in a class the first counts; where they are in two
    classes none does. Raises FileNotFoundError where there is no such folder, ValueError where it is split already.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise FileNotFoundError(f"{root} {what}; expected a folder with one sub-folder of photos a class.")
    found, skipped = folder.walk(root, root)
    if "train" in found and any(name in found for name in folder.TESTS):
        raise ValueError(f"{root} has train and test in it, but retrain splits by itself: name a folder of classes.")
    photos: dict[str, Photo] = {}  # by digest
    mixed = set()
    for label in sorted(found):
        for path in found[label]:
            file = path.relative_to(root).as_posix()
            try:
                with path.open("rb") as content:
                    digest = hashlib.file_digest(content, "sha256").hexdigest()
            except OSError as error:
                skipped.append((file, "cannot be opened", str(error.strerror)))
                continue
            first = photos.setdefault(digest, Photo(path, file, label, digest))
            if first.label != label:
                mixed.add(digest)
            if first.path != path:
                skipped.append((file, COPY if first.label == label else TWO_CLASSES, first.file))
    skipped += [(photos[digest].file, TWO_CLASSES, "") for digest in sorted(mixed)]
    skipped += [(f"{label}/", folder.EMPTY, "") for label in sorted(found) if not found[label]]
    return [photo for photo in photos.values() if photo.digest not in mixed], skipped


def classes(photos: Iterable[Photo], root: str | Path) -> list[str]:
    """The classes that have photos, in order. Raises ValueError where they are fewer than two."""
    found, where = sorted({photo.label for photo in photos}), folder.printable(str(root))
    if len(found) < 2:
        only = f"one class only, {folder.printable(found[0])}" if found else "no photo"
        raise ValueError(f"{where} has {only}: expected two sub-folders of photos that can be read, or more.")
    return found


def check(photos: Iterable[Photo], root: str | Path) -> None:
    """Raises ValueError where a class has too few photos, or none to train on."""
    photos, where = list(photos), folder.printable(str(root))
    counts = Counter(photo.label for photo in photos)
    told = {label: folder.printable(f"{label} ({count})") for label, count in counts.items()}
    if few := [told[label] for label, count in counts.items() if count < FEWEST]:
        raise ValueError(f"{where} has classes of fewer than {FEWEST} photos: {', '.join(few)}.")
    trained = {photo.label for photo in photos if photo.part == "train"}
    if untrained := [told[label] for label in counts if label not in trained]:
        raise ValueError(
            f"{where} has classes all of whose photos fell into the validation or test part: {', '.join(untrained)}. "
            "Add photos to them."
        )


def table(photos: Iterable[Photo]) -> pd.DataFrame:
    """One row a class: how many of its photos are in each part."""
    photos = list(photos)
    of_class = pd.crosstab([photo.label for photo in photos], [photo.part for photo in photos])
    return of_class.reindex(columns=list(PARTS), fill_value=0).rename_axis(index="class", columns=None)


def textures(root: str | Path | None = None) -> Path:
    """Write the demonstration's photos to `root/<class>/`, in the cache by default: 30 squares of 85 pixels of each of
    three real photographs of scikit-image's, of which no two share a pixel. Returns the folder.

    One photograph a class proves nothing about accuracy. The files are BMP, which every version of Pillow writes
    alike: the split is the same everywhere.
    """
    root = Path(root) if root is not None else cache.folder() / "texture_photos"
    for name in TEXTURES:
        (root / name).mkdir(parents=True, exist_ok=True)
        whole = getattr(skimage.data, name)()  # grey, uint8 (512, 512)
        for number in range(ACROSS * DOWN):
            top, left = number // ACROSS * SIDE, number % ACROSS * SIDE
            Image.fromarray(whole[top : top + SIDE, left : left + SIDE]).save(root / name / f"{number:02}.bmp")
    return root
