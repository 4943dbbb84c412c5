"""A file that may be an image → its pixels, whatever kind of image it is; or the reason why not."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ENDINGS = {".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".pgm", ".ppm"}
UNREAD = {".heic": "HEIC", ".heif": "HEIC", ".avif": "AVIF"}  # endings of images, too, that Pillow may not read
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM")  # told by the content, not by the ending
LARGEST = 80_000_000  # pixels of an image; a larger one is refused before it is decoded
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")


class Unreadable(ValueError):
    """A file that gives no image: `reason` in a few words that many files share, and the details as its text."""

    def __init__(self, reason: str, details: object = "") -> None:
        super().__init__(f"{reason} ({details})" if str(details) else reason)
        self.reason, self.details = reason, str(details)


def header(path: Path) -> tuple[bool, tuple[int, int]]:
    """Whether the image is grey, and its width and height as stored, without decoding it. Raises Unreadable."""
    with _opened(path) as picture:
        return picture.mode in GREY, picture.size


def pixels(path: Path, size: int | None = None) -> np.ndarray:
    """uint8 (C, H, W), one channel where the image is grey, else three; or the square in its middle, resized to `size`.

    Of an animation the first frame, turned as its EXIF data say, on white where it is transparent; of 16 bits a pixel
    the upper 8. Raises Unreadable.
    """
    with _opened(path) as picture:
        if size:
            picture.draft(None, (size, size))  # a JPEG is decoded at 1/2, 1/4 or 1/8 of its size where that is enough
        picture.load()
        plain = _eight_bits(ImageOps.exif_transpose(picture))
        if size:
            side = min(plain.size)
            left, top = (plain.width - side) // 2, (plain.height - side) // 2
            plain = plain.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.BILINEAR)
        values = np.asarray(_on_white(plain))
    return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """The same in mode L or RGB, or in LA or RGBA where it is transparent."""
    if picture.mode == "F":
        raise Unreadable("pixels are not whole numbers", "save it with 8 or 16 bits a pixel")
    if picture.mode.startswith("I"):
        values = np.asarray(picture)
        if not 0 <= values.min() <= values.max() < 2**16:
            raise Unreadable("pixels need more than 16 bits", f"{values.min()} to {values.max()}")
        return Image.fromarray((values // 256).astype(np.uint8))
    plain = "L" if picture.mode in GREY else "RGB"
    return picture.convert(plain + "A" * picture.has_transparency_data)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("LA", "RGBA"):
        return picture
    white = Image.new(picture.mode[:-1], picture.size, "white")
    white.paste(picture.convert(white.mode), mask=picture.getchannel("A"))
    return white


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image, its size checked; whatever goes wrong in here or in the block becomes Unreadable."""
    too_large = f"more than {LARGEST // 10**6} million pixels"
    try:
        if path.stat().st_size == 0:
            raise Unreadable("empty file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of odd files: either it can read them, or we say so
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > LARGEST:
                    raise Unreadable(too_large, f"{picture.width}×{picture.height}")
                yield picture
    except Unreadable:
        raise
    except Image.DecompressionBombError as error:
        raise Unreadable(too_large, error) from error
    except Image.UnidentifiedImageError as error:
        raise Unreadable("not an image", f"none of {', '.join(FORMATS)}") from error
    except OSError as error:
        raise Unreadable("damaged" if error.errno is None else "cannot be opened", error) from error
    except Exception as error:  # of hostile content Pillow raises whatever it stumbles over
        raise Unreadable("damaged", f"{type(error).__name__}: {error}") from error
