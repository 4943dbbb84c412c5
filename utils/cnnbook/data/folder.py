"""Images from a folder with one sub-folder a class: the reader's own, of any kind, or a set's, all of one size.

What cannot be read is never passed over in silence. Both kinds are read once, then kept in the user's cache.
"""

import hashlib
import os
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from cnnbook.data import cache, pictures
from cnnbook.data.imageset import ImageSet
from cnnbook.data.pictures import Unreadable

TESTS = ("test", "val", "valid", "validation")  # names of the folder beside `train`, the first that is there
SIDE = 224  # pixels, of images that come in different sizes
KEPT = 512  # pixels: images that are all squares of one size, up to this one, keep it
FIFTH = 0.2  # of a class, for testing, where the folder is not split
SHOWN = 3  # names that the report prints for each reason
HIDDEN, ENDING, OUTSIDE, EMPTY = "hidden", "without an image's ending", "not in a class folder", "class without images"

Row = tuple[str, str, str]  # file, reason, details
Found = dict[str, list[Path]]  # class → its files


def read_folder(folder: Path, name: str) -> ImageSet:
    """All images of `folder/<class>/**`, uint8 (N, C, H, W), classes and files in the order of their names.

    Raises FileNotFoundError where there are none, ValueError that names the first image that cannot be read or differs
    in its size from the others. Files without an image's ending are passed over.
    """
    found, skipped = walk(folder, folder)
    for file, reason, _ in skipped:
        if reason not in (HIDDEN, ENDING, OUTSIDE):
            raise ValueError(f"{folder / file} is not an image that can be read: {reason}")
    classes = sorted(label for label in found if found[label])
    paths = [path for label in classes for path in found[label]]
    if not paths:
        raise FileNotFoundError(f"{folder} has no images: expected {folder.name}/<class>/*.png")

    def decode() -> dict[str, np.ndarray]:
        images = None
        for index, path in enumerate(_watched(paths)):
            try:
                one = pictures.pixels(path)
            except Unreadable as error:
                raise ValueError(f"{path} is not an image that can be read: {error}") from error
            images = np.empty((len(paths), *one.shape), np.uint8) if images is None else images
            if one.shape != images.shape[1:]:
                raise ValueError(f"{path}: {one.shape} differs from the others' {images.shape[1:]} (C, H, W).")
            images[index] = one
        return {"images": images}

    kept = cache.kept(f"{name}-{folder.name}", str(folder.resolve()), _state(folder, paths), decode)
    labels = np.repeat(np.arange(len(classes)), [len(found[label]) for label in classes])
    return ImageSet(torch.from_numpy(kept["images"]), torch.from_numpy(labels), tuple(classes), name=name)


def read(path: str | Path, split: str, size: int | None = None) -> tuple[ImageSet, pd.DataFrame, str]:
    """A user's images of one split, a table of all that was skipped (file, reason, details), and how it was split.

    `path/<class>/**` is split by the files' names, a fifth of each class for testing; `path/train/<class>/**` beside
    `path/test/<class>/**` (or val) is taken as it is. Every image becomes the square in its middle, resized to `size`
    pixels; without a size, images that are all squares of one size up to 512 px keep it, and others get 224. uint8
    (N, C, size, size), one channel where all images of both splits are grey.
    Raises FileNotFoundError where there is no such folder, or nothing in it that can be read.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise FileNotFoundError(f"{root} {what}; expected a folder with one sub-folder of images a class.")
    sources, skipped, how = _sources(root)
    files = [file for found in sources.values() for paths in found.values() for file in paths]
    folders = [(part, sorted(found)) for part, found in sources.items()]
    origin, state = str(root.resolve()), f"{size} {folders} {_state(root, files)}"
    kept = cache.find(f"folder-{split}", origin, state)
    if kept is None:
        both = _decode(root, sources, size)
        for part, arrays in both.items():
            cache.keep(f"folder-{part}", origin, state, arrays)
        kept = both[split]
    report = pd.DataFrame(skipped + kept["skipped"].tolist(), columns=["file", "reason", "details"])
    if not len(kept["images"]):
        raise FileNotFoundError(f"{root} has no image for {split} that can be read.\n{told(report, root.name)}")
    images, labels = torch.from_numpy(kept["images"]), torch.from_numpy(kept["labels"])
    classes = tuple(kept["classes"].tolist())
    how += ", one class only" * (len(classes) == 1) + f", {len(report):,} skipped" * (len(report) > 0)
    return ImageSet(images, labels, classes, name=root.resolve().name), report, how


def told(report: pd.DataFrame, name: str) -> str:
    """The report as a few lines: each reason once, with how many files it met and the first of their names."""
    lines = [f"{name}: {len(report):,} skipped"]
    for reason, files in report.groupby("reason", sort=False)["file"]:
        more = f" and {len(files) - SHOWN:,} more" if len(files) > SHOWN else ""
        lines.append(f"  {len(files):,} {reason}: {', '.join(files[:SHOWN])}{more}")
    return "\n".join(printable(line) for line in lines)


def printable(text: str) -> str:
    """The text, with escapes for what a terminal cannot show or would obey: the name of a file may hold anything."""
    plain = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return plain.encode(encoding, "backslashreplace").decode(encoding)


def _sources(root: Path) -> tuple[dict[str, Found], list[Row], str]:
    """The files of each split, or all of them under the name "all"; what was skipped so far; and how it was split."""
    train, test = root / "train", next((root / name for name in TESTS if _has_folders(root / name)), None)
    if test is None or not _has_folders(train):
        found, skipped = walk(root, root)
        return {"all": found}, skipped, "a fifth of each class for testing, by the files' names"
    (training, skipped), (testing, more) = walk(train, root), walk(test, root)
    beside = sorted(entry.name for entry in root.iterdir() if entry not in (train, test))
    skipped += more + [(name, f"beside train and {test.name}", "") for name in beside]
    return {"train": training, "test": testing}, skipped, f"its folders train and {test.name}"


def _has_folders(folder: Path) -> bool:
    try:
        return folder.is_dir() and not folder.is_symlink() and any(entry.is_dir() for entry in folder.iterdir())
    except OSError:  # it cannot be opened, which the walk will report
        return False


def walk(base: Path, root: Path) -> tuple[Found, list[Row]]:
    """The files of each folder in `base` that may be images, in order, and all else; no link is followed out of `root`.

    A class is named in Unicode's composed form, whatever form the file system gives.
    """
    found: Found = {}
    skipped: list[Row] = []

    def skip(path: Path, reason: str, details: object = "") -> None:
        skipped.append((path.relative_to(root).as_posix(), reason, str(details)))

    def closed(error: OSError) -> None:
        skip(Path(error.filename), "cannot be opened", error.strerror)

    for here, folders, files in os.walk(base, onerror=closed):
        folder = Path(here)
        for name in sorted(folders):
            link = (folder / name).is_symlink()
            if link or name.startswith("."):
                skip(folder / name, "link to a folder" if link else HIDDEN)
                folders.remove(name)
        folders.sort()
        below = folder.relative_to(base).parts
        members = found.setdefault(unicodedata.normalize("NFC", below[0]), []) if below else []
        for path in sorted(folder / name for name in files):
            reason = _refused(path, root) if below else OUTSIDE
            if reason is None:
                members.append(path)
            else:
                skip(path, reason)
    return found, skipped


def _refused(path: Path, root: Path) -> str | None:
    """Why a file is not even opened."""
    if path.name.startswith("."):
        return HIDDEN
    ending = path.suffix.lower()
    if ending in pictures.UNREAD:
        return f"{pictures.UNREAD[ending]} is not read (save as JPEG)"
    if ending not in pictures.ENDINGS:
        return ENDING
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        return "link out of the folder"
    return None if path.is_file() else "not a file"  # a broken link; a pipe, which would never end


def _state(root: Path, files: Iterable[Path]) -> str:
    """A digest of every file's name, length and time: another state is read anew."""
    state = hashlib.sha256()
    for path in files:
        facts = path.stat()
        state.update(os.fsencode(f"{path.relative_to(root).as_posix()} {facts.st_size} {facts.st_mtime_ns}\n"))
    return state.hexdigest()


def _decode(root: Path, sources: dict[str, Found], size: int | None) -> dict[str, dict[str, np.ndarray]]:
    """For each split `images`, `labels` and `classes`; and in both all that was `skipped` (rows, 3), as strings.

    The headers are read first: the splits must have the same classes, channels and size.
    """
    skipped: list[Row] = []
    headers = {}  # path → whether it is grey, its width and height

    def skip(path: Path, error: Unreadable) -> None:
        skipped.append((path.relative_to(root).as_posix(), error.reason, error.details[:200]))

    every = [(label, paths) for found in sources.values() for label, paths in found.items()]
    for path in _watched([path for _, paths in every for path in paths]):
        try:
            headers[path] = pictures.header(path)
        except Unreadable as error:
            skip(path, error)
    names = sorted({label for label, _ in every})
    sides = {side for _, size_of_one in headers.values() for side in size_of_one}
    side = size or (max(sides) if len(sides) == 1 and max(sides) <= KEPT else SIDE)
    channels = 1 if all(grey for grey, _ in headers.values()) else 3

    splits = {}
    for split in ("train", "test"):
        chosen = []  # path, label
        for label, name in enumerate(names):
            paths = [path for path in sources.get(split, sources.get("all")).get(name, ()) if path in headers]
            if "all" in sources:
                testing = _fifth(paths, root)
                paths = [path for path in paths if (path in testing) == (split == "test")]
            chosen += [(path, label) for path in paths]
        images, labels = np.empty((len(chosen), channels, side, side), np.uint8), []
        for path, label in _watched(chosen):
            try:
                images[len(labels)] = pictures.pixels(path, side)
            except Unreadable as error:
                skip(path, error)
            else:
                labels.append(label)
        splits[split] = {"images": images[: len(labels)], "labels": np.array(labels, np.int64)}
    kept = np.unique(np.concatenate([arrays["labels"] for arrays in splits.values()]))  # with an image in either split
    for arrays in splits.values():
        arrays["labels"] = np.searchsorted(kept, arrays["labels"])
    skipped += [(f"{name}/", EMPTY, "") for label, name in enumerate(names) if label not in kept]
    both = {"classes": np.array(names, str)[kept], "skipped": np.array(skipped, str).reshape(-1, 3)}
    return {split: arrays | both for split, arrays in splits.items()}


def _fifth(paths: list[Path], root: Path) -> set[Path]:
    """A fifth of the files, at least one of two, as chance has it; another file changes little of the choice."""
    by_chance = sorted(paths, key=lambda path: hashlib.sha256(os.fsencode(path.relative_to(root))).digest())
    return set(by_chance[: max(round(FIFTH * len(paths)), len(paths) > 1)])


def _watched(paths: list) -> Iterable:
    """The same, with a bar after two seconds where somebody watches."""
    quiet = True if os.environ.get("CI") else None
    return tqdm(paths, desc="reading", unit="image", delay=2, disable=quiet)
