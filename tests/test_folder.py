"""A user's folder of images: each file either loads right or is named in one report."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnbook.data import folder, pictures


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))


def pattern(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def turned(image, orientation):
    """The pixels as stored, so that a viewer who obeys the EXIF orientation sees `image`."""
    undo = {3: lambda a: a[::-1, ::-1], 6: lambda a: a.swapaxes(0, 1)[::-1], 8: lambda a: a.swapaxes(0, 1)[:, ::-1]}
    return undo[orientation](image)


def write(kind, path, rgb, alpha=128):
    """Write the picture in a way of its own, and return what is to be seen: (H, W, 3), or (H, W) where it is grey."""
    grey = rgb[..., 0]
    exif = Image.Exif()
    if kind == "RGB png":
        Image.fromarray(rgb).save(path, "PNG")
    elif kind in ("RGB bmp", "RGB tiff", "RGB ppm"):
        Image.fromarray(rgb).save(path, kind.split()[1].upper())
    elif kind == "RGB webp":
        Image.fromarray(rgb).save(path, "WEBP", lossless=True, exact=True)
    elif kind == "L png":
        Image.fromarray(grey).save(path, "PNG")
        return grey
    elif kind == "1 png":
        bits = grey > 127
        Image.fromarray(bits).save(path, "PNG")
        return bits * np.uint8(255)
    elif kind in ("16 png", "16 tiff"):
        low = rgb[..., 1].astype(np.uint16)
        Image.fromarray(grey * np.uint16(256) + low).save(path, kind.split()[1].upper())
        return grey
    elif kind == "RGBA png":
        opacity = np.full(grey.shape, alpha, np.uint8)
        Image.fromarray(np.dstack([rgb, opacity])).save(path, "PNG")
        return (rgb * (alpha / 255) + 255 - alpha).round().astype(np.uint8)
    elif kind == "LA png":
        opacity = np.full(grey.shape, alpha, np.uint8)
        Image.fromarray(np.dstack([grey, opacity])).save(path, "PNG")
        return (grey * (alpha / 255) + 255 - alpha).round().astype(np.uint8)
    elif kind in ("P png", "P gif", "animation"):
        few = rgb // 128 * 255  # eight colours
        palette = [(n >> bit & 1) * 255 for n in range(8) for bit in (2, 1, 0)]
        image = Image.fromarray(((few > 0) @ np.array([4, 2, 1])).astype(np.uint8))
        image.putpalette(palette)
        more = {"save_all": True, "append_images": [image.rotate(180)] * 2} if kind == "animation" else {}
        image.save(path, "PNG" if kind == "P png" else "GIF", **more)
        return few
    elif kind == "P transparent":
        image = Image.fromarray((grey > 127).astype(np.uint8))
        image.putpalette([10, 20, 30, 200, 210, 220])
        image.save(path, "PNG", transparency=0)
        return np.where(grey[..., None] > 127, np.uint8([200, 210, 220]), np.uint8([255, 255, 255]))
    elif kind == "CMYK tiff":
        ink = np.dstack([255 - rgb, np.zeros_like(grey)])
        Image.fromarray(ink, mode=None).save(path, "TIFF") if False else Image.frombytes(
            "CMYK", ink.shape[1::-1], ink.tobytes()).save(path, "TIFF")  # fmt: skip
    elif kind.startswith("EXIF"):
        exif[0x0112] = int(kind[-1])
        Image.fromarray(np.ascontiguousarray(turned(rgb, int(kind[-1])))).save(path, "PNG", exif=exif)
    else:
        raise AssertionError(kind)
    return rgb


KINDS = (
    "RGB png", "RGB bmp", "RGB tiff", "RGB ppm", "RGB webp", "L png", "1 png", "16 png", "16 tiff", "RGBA png",
    "LA png", "P png", "P gif", "animation", "P transparent", "CMYK tiff", "EXIF 3", "EXIF 6", "EXIF 8",
)  # fmt: skip
NAMES = ("a", "사진 1", "🐈‍⬛", "sp ace", "quote'\"", "%s", "\u202etxt", "new\nline", "é", "e\u0301", "-rf", "con")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_right(kind, tmp_path):
    rgb = pattern(9, 14)
    expected = write(kind, tmp_path / "one", rgb)
    found = pictures.pixels(tmp_path / "one")
    expected = expected[None] if expected.ndim == 2 else expected.transpose(2, 0, 1)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= (1 if "A" in kind else 0)
    assert pictures.header(tmp_path / "one")[0] == (len(found) == 1)


def test_jpegs_of_three_modes_come_back_nearly(tmp_path):
    rows, columns = np.mgrid[0:64, 0:96]
    rgb = np.dstack([rows * 3, columns * 2, rows + columns]).astype(np.uint8)
    for mode in ("RGB", "L", "CMYK"):
        image = Image.fromarray(rgb).convert(mode)
        exif = Image.Exif()
        exif[0x0112] = 6
        image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "one.jpg", quality=95, exif=exif)
        expected = np.asarray(image if mode == "L" else image.convert("RGB"))
        expected = expected[None] if mode == "L" else expected.transpose(2, 0, 1)
        assert np.abs(pictures.pixels(tmp_path / "one.jpg").astype(int) - expected).mean() < 3
        smaller = pictures.pixels(tmp_path / "one.jpg", 16)  # decoded at a quarter, then resized
        middle = expected[:, :, 16:80].reshape(len(expected), 16, 4, 16, 4).mean((2, 4))
        assert smaller.shape == (len(expected), 16, 16) and np.abs(smaller - middle).mean() < 6


@settings(max_examples=40, deadline=None)
@given(
    files=st.lists(
        st.tuples(
            st.sampled_from(["개", "cat", "🐟"]),
            st.sampled_from(NAMES),
            st.sampled_from(KINDS),
            st.sampled_from(["whole", "whole", "cut", "flip", "empty", "text"]),
            st.floats(0, 0.999),
            st.booleans(),  # one folder deeper
        ),
        max_size=8,
        unique_by=lambda file: (file[0], file[1], file[5]),
    ),
    wide=st.integers(0, 5),
)
def test_every_file_loads_right_or_is_reported(files, wide):
    with tempfile.TemporaryDirectory() as place:
        os.environ["CNNBOOK_CACHE"] = f"{place}/cache"
        root = Path(place, "내 사진")
        root.mkdir()
        expected, doubtful = {}, set()
        for seed, (label, name, kind, damage, at, deeper) in enumerate(files):
            path = root / label / ("안쪽" if deeper else "") / f"{name}.jpg"  # what is inside tells the format
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = write(kind, path, pattern(8, 8 + 2 * wide, seed))
            whole = path.read_bytes()
            cut = int(at * len(whole))
            flipped = whole[:cut] + bytes([whole[cut] ^ 0x41]) + whole[cut + 1 :]
            damaged = {"whole": whole, "cut": whole[:cut], "flip": flipped, "empty": b"", "text": b"hello"}
            path.write_bytes(damaged[damage])
            middle = pixels[:, wide : 8 + wide] if pixels.shape[1] > 8 else pixels
            expected[path.relative_to(root).as_posix()] = (label, np.atleast_3d(middle), damage)
            doubtful |= {path.relative_to(root).as_posix()} if damage == "flip" else set()
        sets, reported = [], set()
        for split in ("train", "test"):
            try:
                found, report, _ = folder.read(root, split, 8)
            except FileNotFoundError as error:
                assert "no image" in str(error)
                report = None
            else:
                sets.append(found)
                reported |= set(report["file"])
                folder.told(report, "x").encode()
        whole = {file for file, (_, _, damage) in expected.items() if damage == "whole"}
        if not sets:
            assert not whole
            return
        assert not reported & whole
        loaded = sum(map(len, sets))
        if len(sets) == 2:  # where a split has no image at all, its error tells what was wrong with its files
            assert loaded + len(reported & set(expected)) == len(expected)  # each file is in one of the two
            assert {file for file, (_, _, damage) in expected.items() if damage in ("empty", "text")} <= reported
        left = [[label, pixels, damage] for file, (label, pixels, damage) in expected.items() if file not in reported]
        for found in sets:
            assert found.images.shape[2:] == (8, 8)
            for image, label in zip(found.images.numpy().astype(int), found.labels.tolist(), strict=True):

                def fits(one, image=image, name=found.classes[label]):
                    if one[0] != name:
                        return False
                    return one[2] == "flip" or np.abs(image.transpose(1, 2, 0) - one[1]).max() <= 1

                match = next((one for one in left if one[2] != "flip" and fits(one)), None)
                match = match or next((one for one in left if fits(one)), None)
                assert match is not None, "an image that nobody wrote"
                left = [one for one in left if one is not match]
        assert not left or len(sets) < 2
