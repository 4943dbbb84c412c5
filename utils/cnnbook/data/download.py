"""A file from the network, whole or not at all: its addresses in turn, resumed where it broke off, checked before use.

pooch compares the checksum and moves the file to its place in one step; what it lacks is added here: a partial file
that the next attempt continues, even after a restart, a limit on what a server may send, and mirrors.
"""

import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm

ROUNDS = 3  # times that all addresses are tried
WAIT = 2.0  # seconds before the second round; doubled before each further one
TIMEOUT = (10, 30)  # seconds: to be connected, to wait for the next bytes


@dataclass(frozen=True)
class File:
    """A file of known length and SHA-256, byte for byte the same at each of its addresses."""

    name: str
    bytes: int
    sha256: str
    urls: tuple[str, ...]


def fetch(file: File, folder: Path) -> Path:
    """The file in `folder`, downloaded where it is not there; only one process at a time may fetch into a folder.

    Raises ConnectionError, naming each address and what was wrong with it, where none served the file; OSError where
    it cannot be written. An interrupted download leaves `<name>.part`, which the next call continues.
    """
    failures: dict[str, Exception] = {}
    downloader = partial(_continue, file, folder / f"{file.name}.part")
    for attempt in range(ROUNDS):
        if attempt:
            time.sleep(WAIT * 2 ** (attempt - 1))
        for url in file.urls:
            try:
                return Path(pooch.retrieve(url, f"sha256:{file.sha256}", file.name, folder, downloader=downloader))
            except (requests.RequestException, ValueError) as error:  # ValueError: the checksum differs
                failures[url] = error
    told = "; ".join(f"{url}: {error}" for url, error in failures.items())
    raise ConnectionError(f"{file.name} ({file.bytes / 1e6:.1f} MB) could not be downloaded. {told}")


def _continue(file: File, part: Path, url: str, output: str, _: object) -> None:
    """A downloader for pooch: what is missing of `part` is added to it; when it is whole it becomes `output`."""
    here = part.stat().st_size if part.exists() else 0
    if here > file.bytes:  # of another file
        part.unlink()
        here = 0
    if here < file.bytes:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={here}-"} if here else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            response.raise_for_status()
            if "text/html" in response.headers.get("Content-Type", ""):  # of a network that wants a log-in
                raise requests.RequestException("serves a web page")
            if response.status_code != requests.codes.partial_content:
                here = 0  # it begins anew
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {here}-"):
                part.unlink(missing_ok=True)  # the next attempt asks for all of it, which every server understands
                raise requests.RequestException(f"serves another part than what follows byte {here}")
            length = response.headers.get("Content-Length")
            if length is not None and here + int(length) != file.bytes:
                raise requests.RequestException(f"serves {here + int(length)} bytes where {file.bytes} were expected")
            _write(response, part, here, file)
    os.replace(part, output)


def _write(response: requests.Response, part: Path, here: int, file: File) -> None:
    quiet = True if os.environ.get("CI") else None  # None: where nobody watches
    bar = tqdm(total=file.bytes, initial=here, desc=file.name, unit="B", unit_scale=True, disable=quiet)
    with bar, open(part, "ab" if here else "wb") as target:
        for chunk in response.iter_content(1 << 16):
            here += len(chunk)
            if here > file.bytes:
                raise requests.RequestException(f"serves more than the expected {file.bytes} bytes")
            target.write(chunk)
            bar.update(len(chunk))
    if here < file.bytes:
        raise requests.RequestException(f"broke off after {here} of {file.bytes} bytes")
