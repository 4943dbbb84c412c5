"""A user's folder of images: each file either loads right or is named in one report."""

import io
import os
import shutil
import tempfile
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnbook import data
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
        Image.frombytes("CMYK", ink.shape[1::-1], ink.tobytes()).save(path, "TIFF")
    elif kind.startswith("EXIF"):
        exif = Image.Exif()
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
            st.floats(0, 0.999),  # where the damage is
            st.booleans(),  # one folder deeper
        ),
        max_size=8,
        unique_by=lambda file: (file[0], file[1], file[5]),
    ),
    wide=st.integers(0, 5),
)
def test_every_file_loads_right_or_is_reported(files, wide):
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNBOOK_CACHE", f"{place}/cache")
        patch.setattr(folder, "SHOWN", 99)
        root = Path(place, "내 사진")
        root.mkdir()
        written = {}  # file → its class, the pixels to see, its damage
        for seed, (label, name, kind, damage, at, deeper) in enumerate(files):
            path = root / label / ("안쪽" if deeper else "") / f"{name}.jpg"  # what is inside tells the format
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.atleast_3d(write(kind, path, pattern(8, 8 + 2 * wide, seed)))[:, wide : 8 + wide]
            whole = path.read_bytes()
            cut = int(at * len(whole))
            flipped = whole[:cut] + bytes([whole[cut] ^ 0x41]) + whole[cut + 1 :]
            path.write_bytes({"whole": whole, "cut": whole[:cut], "flip": flipped, "empty": b"", "text": b"hi"}[damage])
            written[path.relative_to(root).as_posix()] = label, pixels, damage
        sets, reported = [], set()
        for split in ("train", "test"):
            try:
                found, report, _ = folder.read(root, split, 8)
            except FileNotFoundError as error:
                reported |= {file for file in written if folder.printable(file) in str(error)}
            else:
                sets.append(found)
                reported |= set(report["file"]) & set(written)
        assert sum(map(len, sets)) + len(reported) == len(written)  # each is in one of the two
        for file, (_, _, damage) in written.items():
            assert file not in reported or damage != "whole"
            assert file in reported or damage not in ("empty", "text")
        left = [one for file, one in written.items() if file not in reported]
        left.sort(key=lambda one: one[2] == "flip")  # whose pixels may have changed: matched last
        for found in sets:
            for image, label in zip(found.images.numpy().astype(int), found.labels.tolist(), strict=True):
                right = [
                    name == found.classes[label]
                    and (damage == "flip" or np.abs(image.transpose(1, 2, 0) - pixels).max() <= 1)
                    for name, pixels, damage in left
                ]
                assert any(right), "an image that nobody wrote"
                del left[right.index(True)]


# a folder with everything in it


def save(path, side=8, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pattern(side, side, seed)).save(path, "PNG")
    return path


def bomb(kind, side=20_000):
    """The header of an image of 400 million pixels, in a few bytes."""
    if kind == "png":

        def chunk(name, content):
            return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

        header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")
    small = io.BytesIO()
    Image.new("RGB", (1, 1)).save(small, kind)
    if kind == "bmp":
        return small.getvalue()[:18] + side.to_bytes(4, "little") * 2 + small.getvalue()[26:]
    return small.getvalue()[:6] + side.to_bytes(2, "little") * 2 + small.getvalue()[10:]


@pytest.fixture
def photos(tmp_path):
    """A folder with three sound images a class, in two classes."""
    root = tmp_path / "photos"
    for label in ("cat", "dog"):
        for number in range(3):
            save(root / label / f"{number}.png", seed=number)
    return root


def skipped(root, split="train"):
    return dict(folder.read(root, split)[1][["file", "reason"]].itertuples(index=False))


def test_a_sound_folder_is_split_and_nothing_is_reported(photos, capsys):
    train, test = data.load("folder", path=photos), data.load("folder", "test", path=str(photos))
    assert train.classes == test.classes == ("cat", "dog") and train.name == "photos"
    assert train.labels.tolist() == [0, 0, 1, 1] and test.labels.tolist() == [0, 1]  # stratified
    said = capsys.readouterr().out.splitlines()
    how = "(folder photos, a fifth of each class for testing, by the files' names)"
    assert said == [f"folder, train: 4 images 3×8×8, 2 classes {how}", f"folder, test: 2 images 3×8×8, 2 classes {how}"]
    for label in ("cat", "dog"):
        for number in range(3, 100):
            save(photos / label / f"{number}.png", seed=number)
    assert len(data.load("folder", path=photos)) == 160 and len(data.load("folder", "test", path=photos)) == 40


@pytest.mark.parametrize("name", ["test", "val"])
def test_a_folder_that_is_split_already_is_taken_as_it_is(photos, name):
    for split, count in (("train", 2), (name, 3)):
        for number in range(count):
            save(photos / split / "bird" / f"{number}.png")
    save(photos / name / "fox" / "0.png")  # a class of the test images alone has its label in both
    train, report, how = folder.read(photos, "train")
    test = folder.read(photos, "test")[0]
    assert (len(train), len(test), train.classes, test.classes) == (2, 4, ("bird", "fox"), ("bird", "fox"))
    assert how == f"its folders train and {name}, 2 skipped"
    assert dict(report[["file", "reason"]].itertuples(index=False)) == dict.fromkeys(
        ["cat", "dog"], f"beside train and {name}")  # fmt: skip


def test_a_class_called_train_is_a_class(photos):
    save(photos / "train" / "0.png")
    assert folder.read(photos, "train")[0].classes == ("cat", "dog", "train")


def test_the_hostile_folder_is_told_in_one_report(photos, tmp_path, capsys):
    outside = save(tmp_path / "secret" / "outside.png")
    (photos / "cat" / "zero.jpg").write_bytes(b"")
    for number in range(5):
        (photos / "cat" / f"text {number}.jpg").write_text("not a picture")
    whole = save(tmp_path / "whole.png", 64).read_bytes()
    (photos / "dog" / "truncated.png").write_bytes(whole[: len(whole) // 2])
    for kind in ("png", "gif", "bmp"):
        (photos / "dog" / f"large.{kind}").write_bytes(bomb(kind))
    (photos / "dog" / "link.png").symlink_to(outside)
    (photos / "dog" / "inside.png").symlink_to(photos / "cat" / "0.png")
    (photos / "dog" / "broken.png").symlink_to(photos / "nothing.png")
    (photos / "dog" / "round.png").symlink_to(photos / "dog" / "round.png")
    (photos / "cat" / "all").symlink_to(tmp_path)
    os.mkfifo(photos / "cat" / "pipe.png")
    (photos / "cat" / ".DS_Store").write_bytes(b"x")
    (photos / "cat" / "notes.txt").write_text("x")
    (photos / ".git").mkdir()
    (photos / "empty").mkdir()
    save(photos / "stray.png")
    save(photos / "cat" / "deep" / "deeper" / "4.png", seed=4)
    Image.fromarray(np.float32([[0.5]])).save(photos / "cat" / "float.tiff")

    began = time.perf_counter()
    train = data.load("folder", path=photos, size=8)
    assert time.perf_counter() - began < 5  # nothing large was decoded, no pipe waited for
    told = capsys.readouterr().out
    test, report, _ = folder.read(photos, "test", 8)
    assert len(train) + len(test) == 6 + 2  # the link inside and the nested one too
    reasons = {reason: set(files) for reason, files in report.groupby("reason")["file"]}
    assert reasons == {
        "empty file": {"cat/zero.jpg"},
        "not an image": {f"cat/text {number}.jpg" for number in range(5)},
        "damaged": {"dog/truncated.png"},
        "more than 80 million pixels": {"dog/large.png", "dog/large.gif", "dog/large.bmp"},
        "link out of the folder": {"dog/link.png"},
        "link to a folder": {"cat/all"},
        "not a file": {"dog/broken.png", "dog/round.png", "cat/pipe.png"},
        "hidden": {"cat/.DS_Store", ".git"},
        "without an image's ending": {"cat/notes.txt"},
        "not in a class folder": {"stray.png"},
        "class without images": {"empty/"},
        "pixels are not whole numbers": {"cat/float.tiff"},
    }
    assert report.equals(folder.read(photos, "train", 8)[1])
    lines = told.splitlines()
    assert lines[0].startswith("photos: ") and "  5 not an image: " in told and " and 2 more" in told
    assert sum("not an image" in line for line in lines) == 1 and len(lines) <= 14
    data.load("folder", "test", path=photos, size=8)
    told = capsys.readouterr().out
    assert told.count("\n") == 1 and f"{len(report)} skipped" in told


@pytest.mark.parametrize("split_already", [False, True])
def test_a_class_of_which_no_image_can_be_read_is_none(split_already, photos, tmp_path):
    whole = save(tmp_path / "whole.png", 64).read_bytes()
    root = photos / "train" if split_already else photos
    if split_already:
        for label in ("cat", "dog"):
            shutil.copytree(photos / label, photos / "train" / label)
            shutil.move(photos / label, photos / "test" / label)
    (root / "bird").mkdir()
    (root / "bird" / "0.png").write_bytes(whole[: len(whole) // 2])  # its header is sound
    for split in ("train", "test"):
        found, report, _ = folder.read(photos, split, 8)
        assert found.classes == ("cat", "dog") and set(found.labels.tolist()) == {0, 1}
        assert dict(report[["reason", "file"]].itertuples(index=False))["class without images"] == "bird/"


def test_images_in_formats_that_are_not_read_are_called_by_their_name(photos):
    for name in ("iphone.heic", "IPHONE.HEIF", "web.avif"):
        (photos / "cat" / name).write_bytes(b"x")
    reasons = skipped(photos)
    assert reasons["cat/iphone.heic"] == reasons["cat/IPHONE.HEIF"] == "HEIC is not read (save as JPEG)"
    assert reasons["cat/web.avif"] == "AVIF is not read (save as JPEG)"
    with pytest.raises(ValueError, match="IPHONE.HEIF is not an image that can be read: HEIC is not read"):
        folder.read_folder(photos, "photos")


def test_names_that_a_terminal_would_obey_are_escaped(photos, monkeypatch):
    (photos / "cat" / "\x1b[2J\u202e.png").write_text("x")
    (photos / "cat" / os.fsdecode(b"\xff.png")).write_text("x")
    (photos / "cat" / "고양이🐈.png").write_text("x")
    report = folder.read(photos, "train")[1]
    report = folder.read(photos, "train")[1]  # from the cache
    told = folder.told(report, "x")
    assert "\\x1b[2J\\u202e.png" in told and "\\udcff.png" in told and "고양이🐈.png" in told
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp949"))
    assert "고양이\\U0001f408.png" in folder.told(report, "x")


def test_classes_have_one_name_in_either_form_of_unicode(tmp_path):
    for seed, name in enumerate(("\uac1c", "\u1100\u1162")):  # 개, composed and in letters
        save(tmp_path / "photos" / name / "0.png", seed=seed)
    assert folder.read(tmp_path / "photos", "train")[0].classes == ("\uac1c",)


def test_one_class_only_is_said(photos):
    shutil.rmtree(photos / "dog")
    found, _, how = folder.read(photos, "train")
    assert found.classes == ("cat",) and how.endswith("one class only")


def test_different_sizes_become_one_around_the_middle(photos):
    rows, columns = np.mgrid[0:300, 0:500]
    smooth = np.dstack([rows // 2, columns // 2, rows // 4]).astype(np.uint8)
    Image.fromarray(smooth).save(photos / "cat" / "large.png")
    sets = [folder.read(photos, split)[0] for split in ("train", "test")]
    assert [found.images.shape[1:] for found in sets] == [(3, 224, 224)] * 2
    best = min((image.permute(1, 2, 0).numpy().astype(int) for found in sets for image in found.images),
               key=lambda image: np.abs(image[0, 0] - smooth[0, 100]).sum())  # fmt: skip
    assert np.abs(best[112, 112] - smooth[150, 250]).max() <= 2 and np.abs(best[-1, -1] - smooth[299, 399]).max() <= 2


def test_grey_images_stay_grey_unless_one_has_colour(tmp_path):
    for number in range(4):
        save(tmp_path / "grey" / "a" / f"{number}.png")
        Image.fromarray(pattern(8, 8)[..., 0]).save(tmp_path / "grey" / "a" / f"{number}.png")
    assert folder.read(tmp_path / "grey", "test")[0].images.shape[1] == 1
    save(tmp_path / "grey" / "a" / "coloured.png")
    assert {folder.read(tmp_path / "grey", split)[0].images.shape[1] for split in ("train", "test")} == {3}


def test_the_second_time_comes_from_the_cache_with_its_report(photos, monkeypatch):
    (photos / "cat" / "text.png").write_text("x")
    first, report, _ = folder.read(photos, "train")
    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", lambda *_, **__: pytest.fail("read again"))
        again, same, _ = folder.read(photos, "train")
    assert (again.images == first.images).all() and report.equals(same)
    (photos / "bird").mkdir()
    assert "bird/" in skipped(photos)
    assert folder.read(photos, "train", 4)[0].images.shape[-1] == 4


@pytest.mark.parametrize("make, words", [
    (lambda path: None, "does not exist"), (lambda path: path.write_text("x"), "is not a folder"),
    (lambda path: path.mkdir(), "no image for train"), (lambda path: save(path / "0.png"), "not in a class folder"),
])  # fmt: skip
def test_no_images_at_all(make, words, tmp_path, capsys):
    make(tmp_path / "photos")
    with pytest.raises(FileNotFoundError, match=words):
        data.load("folder", path=tmp_path / "photos")
    assert data.load("folder", path=tmp_path / "photos", fallback="photos").name == "photos"
    assert words in capsys.readouterr().out


def test_the_folder_must_be_named():
    with pytest.raises(TypeError, match="needs path="):
        data.load("folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_files_without_rights_are_reported(photos):
    (photos / "cat" / "0.png").chmod(0)
    (photos / "dog").chmod(0)
    assert skipped(photos)["cat/0.png"] == skipped(photos)["dog"] == "cannot be opened"


def test_only_one_image_is_held_whole(tmp_path):
    """Twelve images of 12 million pixels: a quarter of a gigabyte, were they all held."""
    for number in range(12):
        save(tmp_path / "photos" / "a" / f"{number}.png")
        Image.new("RGB", (2000, 1500), (number, 0, 0)).save(tmp_path / "photos" / "a" / f"{number}.png")
    tracemalloc.start()
    found = folder.read(tmp_path / "photos", "train", 32)[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 10 and peak < 30e6
