"""Selective search: J. R. R. Uijlings, K. E. A. van de Sande, T. Gevers, A. W. M. Smeulders, "Selective search for
object recognition", International Journal of Computer Vision 104, 2013.

Small segments (Felzenszwalb and Huttenlocher 2004, from scikit-image) are merged, always the two neighbours that are
most alike, until one is left; every segment on the way is a proposal. Several segmentations, colour spaces and measures
of likeness give different proposals, which complement each other.
"""

import heapq
from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor

COLOUR_BINS, TEXTURE_BINS, DIRECTIONS = 25, 10, 8  # 25 × 3 = 75 numbers, 10 × 8 × 3 = 240 (section 3.2)
SPACES = ("hsv", "lab", "rgb")
LIKENESSES = "ctsf"  # colour, texture, size, fill


def selective_search(
    image: Tensor,
    scales: Sequence[float] = (50, 100),
    spaces: Sequence[str] = ("hsv", "lab"),
    likenesses: Sequence[str] = ("ctsf", "tsf"),
    *,
    sigma: float = 0.8,
    smallest: int = 20,
    seed: int = 0,
) -> Tensor:
    """Proposals for a picture RGB uint8 (3, H, W): float32 (P, 4), x1, y1, x2, y2 in pixels, none twice, best first.

    One strategy is a scale of the first segments, `smallest` pixels or more each, a colour space (hsv, lab, rgb) and
    the likenesses that are added up, by their letters: colour, texture, size, fill. All combinations are tried; by
    default these are the paper's eight of "fast" (table 4). The order is that of section 4: of the segments that were
    merged last the boxes come first, stirred by a random number, so that large ones are not preferred too much.
    Raises TypeError for a picture that is not uint8, ValueError for another shape or an unknown strategy.
    """
    if image.dtype != torch.uint8:
        raise TypeError(f"the picture must be uint8 in 0..255, got {image.dtype}.")
    if image.ndim != 3 or image.shape[0] != 3 or min(image.shape) < 2:
        raise ValueError(f"the picture must be (3, H, W) with 2 or more pixels each way, got {tuple(image.shape)}.")
    for given, known, what in ((spaces, SPACES, "colour space"), ("".join(likenesses), LIKENESSES, "likeness")):
        unknown = [each for each in given if each not in known]
        if unknown:
            raise ValueError(f"there is no {what} {unknown[0]!r}; there are {', '.join(known)}.")
    if not (len(scales) and len(spaces) and len(likenesses)) or not all(likenesses):
        raise ValueError("selective search needs one scale, one colour space and one likeness or more.")
    chance = np.random.default_rng(seed)
    pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    boxes, ranks = [], []
    for space, scale in product(spaces, scales):
        picture = in_space(pixels, space)
        segments = first_segments(picture, scale, sigma, smallest)
        described = Segments(picture, segments)
        for letters in likenesses:
            found, _ = merge(described, letters)
            boxes.append(found[::-1])  # the whole picture first
            ranks.append(chance.random(len(found)) * np.arange(1, len(found) + 1))
    every = np.concatenate(boxes)[np.argsort(np.concatenate(ranks), kind="stable")]
    _, first = np.unique(every, axis=0, return_index=True)
    return torch.from_numpy(every[np.sort(first)].astype(np.float32))


def in_space(pixels: np.ndarray, space: str) -> np.ndarray:
    """uint8 (H, W, 3) RGB → float32 (H, W, 3) in 0..1."""
    from skimage import color

    if space == "rgb":
        return pixels.astype(np.float32) / 255
    if space == "hsv":
        return color.rgb2hsv(pixels).astype(np.float32)
    lab = color.rgb2lab(pixels)
    return ((lab + [0, 128, 128]) / [100, 255, 255]).clip(0, 1).astype(np.float32)


def first_segments(picture: np.ndarray, scale: float, sigma: float, smallest: int) -> np.ndarray:
    """int64 (H, W), numbers 0, 1, …: larger scales give larger segments."""
    from skimage.segmentation import felzenszwalb

    return felzenszwalb(picture, scale=scale, sigma=sigma, min_size=smallest)


class Segments:
    """What is known of R segments: `size` (R,) in pixels, `box` (R, 4), histograms `colour` (R, 75) and `texture`
    (R, 240), each with sum 1, and `neighbours`, a set of numbers for each; and `area`, the picture's pixels."""

    def __init__(self, picture: np.ndarray, segments: np.ndarray) -> None:
        count, flat = int(segments.max()) + 1, segments.ravel()
        self.area = segments.size
        self.size = np.bincount(flat, minlength=count).astype(float)
        rows, columns = np.indices(segments.shape)
        self.box = np.empty((count, 4))
        for at, values in ((0, columns.ravel()), (1, rows.ravel())):
            first, last = np.full(count, values.max()), np.zeros(count, dtype=int)
            np.minimum.at(first, flat, values)
            np.maximum.at(last, flat, values)
            self.box[:, at], self.box[:, at + 2] = first, last + 1
        self.colour = _histograms(picture, flat, count, COLOUR_BINS)
        self.texture = _histograms(_slopes(picture), flat, count, TEXTURE_BINS)
        self.neighbours = [set() for _ in range(count)]
        for one, other in ((segments[:, :-1], segments[:, 1:]), (segments[:-1], segments[1:])):
            apart = one != other
            for a, b in np.unique(np.stack([one[apart], other[apart]], 1), axis=0).tolist():
                self.neighbours[a].add(b)
                self.neighbours[b].add(a)


def _histograms(values: np.ndarray, flat: np.ndarray, count: int, bins: int) -> np.ndarray:
    """Of values (H, W, C) in 0..1, for each segment: (count, C · bins), sum 1."""
    channels = values.shape[2]
    of_pixel = (values.reshape(-1, channels) * bins).astype(int).clip(0, bins - 1)
    place = (flat[:, None] * channels + np.arange(channels)) * bins + of_pixel
    found = np.bincount(place.ravel(), minlength=count * channels * bins).reshape(count, -1).astype(float)
    return found / found.sum(1, keepdims=True)


def _slopes(picture: np.ndarray) -> np.ndarray:
    """How steeply each channel rises in 8 directions, sigma 1: (H, W, 3 · 8) in 0..1."""
    from scipy.ndimage import gaussian_filter1d

    right, down = (
        gaussian_filter1d(gaussian_filter1d(picture, 1.0, axis=axis, order=1), 1.0, axis=1 - axis) for axis in (1, 0)
    )
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    rise = right[..., None] * np.cos(angles) + down[..., None] * np.sin(angles)
    return (rise.clip(0) * 2).clip(0, 1).reshape(*picture.shape[:2], -1)  # few are steeper than half a unit a pixel


def merge(segments: Segments, letters: str = "ctsf") -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Boxes (2 R - 1, 4) of the R segments and of those that arise as the two most alike are merged, in this order; and
    which two were merged, R - 1 pairs. (In a picture whose segments do not all touch, fewer.)"""
    count = len(segments.size)
    most = 2 * count - 1
    size, box = np.zeros(most), np.zeros((most, 4))
    colour, texture = (np.zeros((most, known.shape[1])) for known in (segments.colour, segments.texture))
    for table, known in ((size, segments.size), (box, segments.box), (colour, segments.colour),
                         (texture, segments.texture)):  # fmt: skip
        table[:count] = known
    around = [set(near) for near in segments.neighbours]

    def alike(one: int, others: list[int]) -> np.ndarray:
        total = np.zeros(len(others))
        if "c" in letters:
            total += np.minimum(colour[one], colour[others]).sum(1)
        if "t" in letters:
            total += np.minimum(texture[one], texture[others]).sum(1)
        if "s" in letters:
            total += 1 - (size[one] + size[others]) / segments.area
        if "f" in letters:
            low, high = np.minimum(box[one, :2], box[others, :2]), np.maximum(box[one, 2:], box[others, 2:])
            total += 1 - ((high - low).prod(1) - size[one] - size[others]) / segments.area
        return total

    heap = []
    for one in range(count):
        later = [other for other in around[one] if other > one]
        if later:
            heap += zip((-alike(one, later)).tolist(), [one] * len(later), later, strict=True)
    heapq.heapify(heap)
    gone, pairs, new = set(), [], count
    while heap:
        _, one, other = heapq.heappop(heap)
        if one in gone or other in gone:
            continue
        share = size[one] / (size[one] + size[other])
        size[new] = size[one] + size[other]
        colour[new] = share * colour[one] + (1 - share) * colour[other]
        texture[new] = share * texture[one] + (1 - share) * texture[other]
        box[new, :2], box[new, 2:] = np.minimum(box[one, :2], box[other, :2]), np.maximum(box[one, 2:], box[other, 2:])
        near = (around[one] | around[other]) - {one, other}
        around.append(near)
        for each in near:
            around[each] -= {one, other}
            around[each].add(new)
        gone |= {one, other}
        pairs.append((one, other))
        if near:
            others = sorted(near)
            for likeness, each in zip((-alike(new, others)).tolist(), others, strict=True):
                heapq.heappush(heap, (likeness, each, new))
        new += 1
    return box[:new], pairs
