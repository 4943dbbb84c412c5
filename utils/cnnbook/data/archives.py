"""Well-known sets from the files in which their authors publish them: downloaded once, then kept as arrays.

CIFAR comes in its binary version: the other one for Python is a pickle, and reading a pickle runs what is in it.
"""

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout

from cnnbook.data import cache, labels
from cnnbook.data.download import File, fetch
from cnnbook.data.imageset import ImageSet

Arrays = dict[str, np.ndarray]  # images uint8 (N, C, H, W), labels uint8 (N,), and coarse_labels where there are some

_CIFAR = ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/")
_MNIST = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)
_FASHION = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)


def _file(bases: tuple[str, ...], name: str, length: int, sha256: str) -> File:
    return File(name, length, sha256, tuple(base + name for base in bases))


# Lengths and SHA-256 as TensorFlow Datasets lists them; for CIFAR they go with the MD5 that the authors' page prints.
FILES = {
    "mnist": (
        _file(_MNIST, "train-images-idx3-ubyte.gz", 9_912_422,
              "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        _file(_MNIST, "train-labels-idx1-ubyte.gz", 28_881,
              "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        _file(_MNIST, "t10k-images-idx3-ubyte.gz", 1_648_877,
              "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        _file(_MNIST, "t10k-labels-idx1-ubyte.gz", 4_542,
              "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    "fashion_mnist": (
        _file(_FASHION, "train-images-idx3-ubyte.gz", 26_421_880,
              "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        _file(_FASHION, "train-labels-idx1-ubyte.gz", 29_515,
              "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        _file(_FASHION, "t10k-images-idx3-ubyte.gz", 4_422_102,
              "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        _file(_FASHION, "t10k-labels-idx1-ubyte.gz", 5_148,
              "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    "cifar10": (
        _file(_CIFAR, "cifar-10-binary.tar.gz", 170_052_171,
              "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
    ),
    "cifar100": (
        _file(_CIFAR, "cifar-100-binary.tar.gz", 168_513_733,
              "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"),
    ),
}  # fmt: skip
COUNTS = {"train": 60_000, "test": 10_000}  # of MNIST and Fashion-MNIST
MEMBERS = {  # set → split → its files in the archive, and how many records each has
    "cifar10": {"train": ([f"cifar-10-batches-bin/data_batch_{n}.bin" for n in range(1, 6)], 10_000),
                "test": (["cifar-10-batches-bin/test_batch.bin"], 10_000)},
    "cifar100": {"train": (["cifar-100-binary/train.bin"], 50_000), "test": (["cifar-100-binary/test.bin"], 10_000)},
}  # fmt: skip


def read(name: str, split: str) -> tuple[ImageSet, str]:
    """The set, and where it came from: the cache, or a download.

    Raises FileNotFoundError where it is not in the cache and CNNBOOK_OFFLINE is set, ConnectionError where no address
    serves it, OSError where it cannot be written.
    """
    state = " ".join(file.sha256 for file in FILES[name])
    arrays = cache.find(f"{name}-{split}", "download", state)
    if arrays is not None:
        return _imageset(name, arrays), "cache"
    if offline():
        raise FileNotFoundError(f"it is not in the cache {cache.folder()}, and CNNBOOK_OFFLINE forbids a download")
    folder = cache.folder() / "downloads" / name
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(name, folder.with_suffix(".lock")):
        arrays = cache.find(f"{name}-{split}", "download", state)  # another process may have brought it
        if arrays is None:
            both = unpack(name, [fetch(file, folder) for file in FILES[name]])
            arrays = both[split]
            if all([cache.keep(f"{name}-{part}", "download", state, both[part]) for part in both]):
                shutil.rmtree(folder, ignore_errors=True)
    return _imageset(name, arrays), "download"


def here(name: str, folder: Path) -> bool:
    """Whether all files of the set are in `folder` as their authors publish them."""
    return name in FILES and all((folder / file.name).is_file() for file in FILES[name])


def read_files(name: str, split: str, folder: Path) -> ImageSet:
    """The set from the files in `folder`. Raises ValueError, naming the file, where one is not what it must be."""
    paths = [folder / file.name for file in FILES[name]]
    facts = [path.stat() for path in paths]
    state = " ".join(f"{fact.st_size} {fact.st_mtime_ns}" for fact in facts)
    origin = str(folder.resolve())
    return _imageset(name, cache.kept(f"{name}-{split}", origin, state, lambda: unpack(name, paths)[split]))


def offline() -> bool:
    """Whether the network must not be touched."""
    return os.environ.get("CNNBOOK_OFFLINE", "0") not in ("", "0")


def ready(name: str) -> bool:
    """Whether both splits are in the cache."""
    state = " ".join(file.sha256 for file in FILES[name])
    return all(cache.has(f"{name}-{split}", "download", state) for split in ("train", "test"))


def unpack(name: str, paths: list[Path]) -> dict[str, Arrays]:
    """Both splits. Raises ValueError, naming the file, where one does not have what it must have."""
    if name in MEMBERS:
        return _cifar(paths[0], name)
    train_images, train_labels, test_images, test_labels = paths
    return {
        split: {
            "images": _idx(images, (COUNTS[split], 28, 28))[:, None],
            "labels": _idx(of_them, (COUNTS[split],)),
        }
        for split, images, of_them in (("train", train_images, train_labels), ("test", test_images, test_labels))
    }


def _idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """uint8 of this shape, from LeCun's format: two zero bytes, type 8, the number of sizes, the sizes, the values."""
    header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
    length = len(header) + int(np.prod(shape))
    try:
        with gzip.open(path) as file:
            content = file.read(length + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if len(content) != length or not content.startswith(header):
        raise ValueError(f"{path} is not what it must be: uint8 of shape {shape} in idx format.")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


def _cifar(path: Path, name: str) -> dict[str, Arrays]:
    """Records of the label's byte (in CIFAR-100 the coarse label's and the fine label's), then 3×32×32 pixels."""
    wanted = {member for members, _ in MEMBERS[name].values() for member in members}
    found = {}
    try:
        with tarfile.open(path, "r|gz") as archive:  # from front to back, nothing is written to the disk
            for member in archive:
                if member.name in wanted and member.isfile() and member.size <= 50_000 * 3074:
                    found[member.name] = np.frombuffer(archive.extractfile(member).read(), np.uint8)
    except (EOFError, OSError, tarfile.TarError, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    first = 2 if name == "cifar100" else 1  # bytes before the pixels
    splits = {}
    for split, (members, count) in MEMBERS[name].items():
        for member in members:
            if member not in found or len(found[member]) != count * (first + 3072):
                raise ValueError(f"{path} is not what it must be: {member} with {count} records in it.")
        records = np.concatenate([found[member].reshape(count, -1) for member in members])  # (N, 1 or 2 + 3072)
        splits[split] = {"images": records[:, first:].reshape(-1, 3, 32, 32), "labels": records[:, first - 1]}
        if name == "cifar100":
            splits[split]["coarse_labels"] = records[:, 0]
    return splits


def _imageset(name: str, arrays: Arrays) -> ImageSet:
    tensors = {key: torch.from_numpy(np.require(value, requirements=["C", "W"])) for key, value in arrays.items()}
    images, others = tensors.pop("images"), {key: value.long() for key, value in tensors.items()}
    return ImageSet(images, **others, **labels.of(name), name=name)


@contextmanager
def _alone(name: str, path: Path) -> Iterator[None]:
    """No other process is in here with the same path; the system frees it where a process dies."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{name}: another process is fetching it; waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
