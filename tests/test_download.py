"""Downloads against a server that misbehaves: whatever it does, a wrong file is never used and never in the way."""

import gzip
import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook import data
from cnnbook.data import archives, cache, download
from cnnbook.data.download import File
from cnnbook.data.labels import COARSE_OF_FINE

CONTENT = np.random.default_rng(0).bytes(300_000)


class Server:
    """Serves `files`, and treats each request as the next item of `plan` says; `asked` has path and Range of each.

    Of the plan: "range" (as it should be), "whole" (no ranges), "403", "cut" (half of what is asked, then it hangs
    up), "stall" (half, then silence), "wrong" (other bytes), "long" (more than there is), "page" (a portal's page),
    "open page" (the same, its length not told), "other range" (the file's beginning, whatever part is asked for).
    """

    def __init__(self):
        self.files, self.plan, self.asked, self.delay = {}, [], [], 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler):
        content, wanted = self.files[handler.path[1:]], handler.headers.get("Range")
        self.asked.append((handler.path[1:], wanted))
        do = self.plan.pop(0) if self.plan else "range"
        whole = do in ("whole", "page", "open page")  # no range, whatever is asked for
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and not whole else 0
        body = b"<html>Please log in</html>" if "page" in do else bytes(len(content)) if do == "wrong" else content
        start = 0 if do == "other range" else first
        body = body[start:]
        if do == "403":
            handler.send_error(403)
            return
        handler.send_response(206 if first else 200)
        if first:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Type", "text/html; charset=utf-8" if "page" in do else "application/gzip")
        if do == "other range":
            body = body[: len(content) - first]  # as long as what was asked for
        if do not in ("long", "open page"):
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            if do in ("cut", "stall"):
                handler.wfile.write(body[: len(body) // 2])
                handler.wfile.flush()
                time.sleep(1.0 if do == "stall" else 0)
                return
            for at in range(0, len(body), 65536):
                handler.wfile.write(body[at : at + 65536])
                time.sleep(self.delay)
            while do == "long" and body:
                handler.wfile.write(body)
        except OSError:
            pass  # the reader hung up


@pytest.fixture(scope="module")
def running():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def server(running, monkeypatch, tmp_path):
    running.files, running.plan, running.asked, running.delay = {"file.bin": CONTENT}, [], [], 0.0
    monkeypatch.setattr(download, "WAIT", 0.0)
    monkeypatch.setattr(download, "TIMEOUT", (1, 0.3))
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path / "cache"))
    for name in ("CNNBOOK_DATA", "CNNBOOK_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return running


def file_of(server, name="file.bin", mirrors=1):
    content = server.files[name]
    return File(name, len(content), hashlib.sha256(content).hexdigest(), (server.base + name,) * mirrors)


def test_a_file_comes_once_and_is_there_the_second_time(server, tmp_path):
    path = download.fetch(file_of(server), tmp_path)
    assert path == tmp_path / "file.bin" and path.read_bytes() == CONTENT
    assert download.fetch(file_of(server), tmp_path) == path and len(server.asked) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_it_goes_on_where_it_broke_off(server, tmp_path):
    server.plan = ["cut", "stall"]
    assert download.fetch(file_of(server), tmp_path).read_bytes() == CONTENT
    starts = [int((wanted or "bytes=0-").removeprefix("bytes=")[:-1]) for _, wanted in server.asked]
    assert starts[0] == 0 and 0 < starts[1] < starts[2] < len(CONTENT)


def test_it_begins_anew_where_the_server_knows_no_ranges(server, tmp_path):
    server.plan = ["cut", "whole"]
    assert download.fetch(file_of(server), tmp_path).read_bytes() == CONTENT and len(server.asked) == 2


@settings(max_examples=40, deadline=None)
@given(
    plan=st.lists(
        st.sampled_from(["range", "whole", "403", "cut", "wrong", "long", "page", "open page", "other range"]),
        max_size=6,
    ),
    before=st.sampled_from([None, b"", CONTENT[:1000], b"?" * 1000, CONTENT, CONTENT + b"?", b"?" * 400_000]),
)
def test_whatever_the_server_does_the_file_is_right_or_not_there(plan, before, running, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "WAIT", 0.0)
        patch.setattr(download, "TIMEOUT", (1, 1))
        running.files, running.plan, running.asked, running.delay = {"file.bin": CONTENT}, list(plan), [], 0.0
        folder = tmp_path_factory.mktemp("download")
        if before is not None:
            (folder / "file.bin.part").write_bytes(before)
        try:
            path = download.fetch(file_of(running, mirrors=2), folder)
        except ConnectionError as error:
            assert len(plan) >= 5 and running.base in str(error)  # wrong beginnings cost one attempt of the six
            assert not (folder / "file.bin").exists()
            running.plan = []
            path = download.fetch(file_of(running), folder)  # nothing that is left is in the way
        assert path.read_bytes() == CONTENT and list(folder.iterdir()) == [path]


@pytest.mark.parametrize("do", ["403", "wrong", "page", "open page", "long"])
def test_a_mirror_serves_where_the_first_address_does_not(do, server, tmp_path):
    server.plan = [do]
    assert download.fetch(file_of(server, mirrors=2), tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 2


@pytest.mark.parametrize("length", [0, 1000, len(CONTENT), len(CONTENT) + 1])
def test_a_damaged_file_in_its_place_is_replaced_whatever_lies_beside_it(length, server, tmp_path):
    (tmp_path / "file.bin").write_bytes(CONTENT[:-1] + b"?")
    (tmp_path / "file.bin.part").write_bytes(b"?" * length)
    assert download.fetch(file_of(server), tmp_path).read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.parametrize(
    "plan, said",
    [(["open page"], "serves a web page"), (["cut", "other range"], "another part than what follows byte [1-9]")],
)
def test_what_is_no_part_of_the_file_is_not_taken_for_one(plan, said, server, tmp_path, monkeypatch):
    server.plan = list(plan)
    monkeypatch.setattr(download, "ROUNDS", len(plan))
    with pytest.raises(ConnectionError, match=said):
        download.fetch(file_of(server), tmp_path)
    assert not list(tmp_path.iterdir())
    assert download.fetch(file_of(server), tmp_path).read_bytes() == CONTENT


def test_the_error_names_every_address_and_what_was_wrong(server, tmp_path):
    server.plan = ["403"] * 9
    closed = "http://127.0.0.1:9/file.bin"  # nobody listens there
    known = file_of(server)
    both = File(known.name, known.bytes, known.sha256, (*known.urls, closed))
    with pytest.raises(ConnectionError, match=r"file.bin \(0.3 MB\) could not be downloaded.*403.*127.0.0.1:9"):
        download.fetch(both, tmp_path)
    assert len(server.asked) == download.ROUNDS and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_download_is_continued_by_the_next_call(how, server, tmp_path):
    server.delay = 0.1  # half a second in all
    known = file_of(server)
    code = f"""
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("download", {download.__file__!r})
sys.modules["download"] = download = importlib.util.module_from_spec(spec)
spec.loader.exec_module(download)
print("ready", flush=True)
download.fetch(download.File{(known.name, known.bytes, known.sha256, known.urls)!r}, pathlib.Path({str(tmp_path)!r}))
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout.readline() == b"ready\n"
    part = tmp_path / "file.bin.part"
    while not part.exists() or part.stat().st_size < 65536:
        time.sleep(0.005)
    child.send_signal(how)
    assert child.wait(5) != 0 and not (tmp_path / "file.bin").exists()
    server.delay = 0.0
    assert download.fetch(known, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1][1] is not None  # a range: what had come was kept


# whole sets


def packed(files):
    """A tar.gz of these names and contents."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def idx(values):
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    return gzip.compress(header + values.tobytes())


@pytest.fixture
def sets(server, monkeypatch):
    """Small sets in the formats of the large ones, from this server; the pixels and labels that they hold."""
    chance = np.random.default_rng(1)
    made = {}
    for name, classes in (("mnist", 10), ("fashion_mnist", 10), ("cifar10", 10), ("cifar100", 100)):
        shape = (3, 32, 32) if "cifar" in name else (1, 28, 28)
        made[name] = {split: (chance.integers(0, 256, (count, *shape), dtype=np.uint8),
                              chance.integers(0, classes, count, dtype=np.uint8))
                      for split, count in (("train", 20), ("test", 4))}  # fmt: skip
    monkeypatch.setattr(archives, "COUNTS", {"train": 20, "test": 4})
    members = {name: {split: (files, archives.COUNTS[split] // len(files)) for split, (files, _) in splits.items()}
               for name, splits in archives.MEMBERS.items()}  # fmt: skip
    monkeypatch.setattr(archives, "MEMBERS", members)
    served = {}
    for name in ("mnist", "fashion_mnist"):
        (images, labels), (test_images, test_labels) = made[name]["train"], made[name]["test"]
        contents = [idx(images[:, 0]), idx(labels), idx(test_images[:, 0]), idx(test_labels)]
        served[name] = {file.name: content for file, content in zip(archives.FILES[name], contents, strict=True)}
    for name in ("cifar10", "cifar100"):
        inside = {"../../escape.txt": b"x", "/absolute.txt": b"x", "readme.html": b"x"}
        for split, (files, count) in members[name].items():
            images, labels = made[name][split]
            coarse = [np.array(COARSE_OF_FINE, np.uint8)[labels]] if name == "cifar100" else []
            records = np.column_stack([*coarse, labels, images.reshape(len(images), -1)])
            for number, file in enumerate(files):
                inside[file] = records[number * count : (number + 1) * count].tobytes()
        served[name] = {archives.FILES[name][0].name: packed(inside)}
    files = {}
    for name, contents in served.items():
        server.files |= {f"{name}-{file}": content for file, content in contents.items()}
        known = {file: file_of(server, f"{name}-{file}") for file in contents}
        files[name] = tuple(replace(of_server, name=file) for file, of_server in known.items())
    monkeypatch.setattr(archives, "FILES", files)
    return made


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "cifar100"])
def test_a_set_is_downloaded_once_and_then_comes_from_the_cache(name, sets, server, capsys):
    found = {split: data.load(name, split) for split in ("train", "test")}
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("(download)") and said[1].endswith("(cache)") and len(said) == 2
    requests = len(server.asked)
    assert requests == len(archives.FILES[name])
    for split, (images, labels) in sets[name].items():
        assert np.array_equal(found[split].images, images) and np.array_equal(found[split].labels, labels)
    found["train"].images.zero_()
    assert data.load(name).images.any() and len(server.asked) == requests
    assert not (cache.folder() / "downloads" / name).exists()  # the archives are not kept twice
    assert not list(cache.folder().rglob("*.txt")) and not Path("/absolute.txt").exists()
    if name == "cifar100":
        coarse = found["test"].coarse()
        assert len(coarse.classes) == 20 and coarse.labels.tolist() == found["test"].coarse_labels.tolist()
    if name != "mnist":
        assert any("가" <= letter <= "힣" for letter in found["test"].classes_ko[0])


def test_a_damaged_cache_is_downloaded_anew(sets, server, capsys):
    data.load("mnist")
    (path,) = cache.folder().glob("mnist-train*.npz")
    path.write_bytes(b"damaged")
    assert len(data.load("mnist")) == 20
    assert "made anew" in capsys.readouterr().out and len(server.asked) == 8


def test_offline_never_touches_the_network(sets, server, monkeypatch, capsys):
    data.load("cifar10", "test")
    monkeypatch.setenv("CNNBOOK_OFFLINE", "1")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    assert len(data.load("cifar10")) == 20  # from the cache
    with pytest.raises(FileNotFoundError, match="CNNBOOK_OFFLINE forbids.*set CNNBOOK_DATA.*name a fallback"):
        data.load("cifar100")
    assert data.load("cifar100", "test", size=32, fallback="digits").name == "digits"
    said = capsys.readouterr().out.splitlines()
    assert said[-2].startswith("cifar100: ") and said[-1].startswith("digits, test")


def test_a_dead_server_is_said_and_the_fallback_serves(sets, server, capsys):
    server.plan = ["403"] * 3
    with pytest.raises(FileNotFoundError, match="cifar10 cannot be had: .*403.*cifar-10-binary.tar.gz, or name"):
        data.load("cifar10")
    server.plan = ["403"] * 3
    assert data.load("cifar10", fallback="mnist").name == "mnist"
    assert "403" in capsys.readouterr().out


def test_files_that_somebody_brought_serve_too(sets, server, monkeypatch, tmp_path, capsys):
    for name, files in archives.FILES.items():
        (tmp_path / "data" / name).mkdir(parents=True)
        for file in files:
            (tmp_path / "data" / name / file.name).write_bytes(server.files[f"{name}-{file.name}"])
    monkeypatch.setenv("CNNBOOK_DATA", str(tmp_path / "data"))
    for name in archives.FILES:
        for split, (images, labels) in sets[name].items():
            found = data.load(name, split)
            assert np.array_equal(found.images, images) and np.array_equal(found.labels, labels)
    assert not server.asked and "files of folder mnist in CNNBOOK_DATA" in capsys.readouterr().out
    assert set(data.sources()["to fetch"]) == {""}
    for name in ("mnist", "cifar100"):
        path = tmp_path / "data" / name / archives.FILES[name][0].name
        whole = path.read_bytes()
        inside = gzip.decompress(whole)
        cut = gzip.compress(inside[: len(inside) // 2])
        for damaged in (whole[: len(whole) // 2], b"hello", cut, packed({"x": b""})):
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match=f"{path.name} is"):
                data.load(name)


def test_two_processes_at_once_download_once(sets, server, tmp_path):
    server.delay = 0.2
    here = {file.name: file for file in archives.FILES["fashion_mnist"]}
    code = f"""
from cnnbook import data
from cnnbook.data import archives
from cnnbook.data.download import File
archives.COUNTS = {archives.COUNTS}
archives.FILES = {{"fashion_mnist": {tuple(here.values())}}}
print("ready", flush=True)
input()
print(int(data.load("fashion_mnist", "test").images.long().sum()))
"""
    start = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([sys.executable, "-c", code], **start) for _ in range(2)]
    for child in both:
        assert child.stdout.readline() == "ready\n"
    said = [None, None]

    def run(which):
        said[which] = both[which].communicate("\n", timeout=30)

    threads = [threading.Thread(target=run, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = int(sets["fashion_mnist"]["test"][0].astype(int).sum())
    assert all(out.splitlines()[-1] == str(total) for out, _ in said), said
    assert len(server.asked) == 4
    assert sum("another process is fetching it; waiting" in out for out, _ in said) == 1


def test_the_table_of_files_is_whole():
    every = [file for files in archives.FILES.values() for file in files]
    assert set(archives.FILES) == {"mnist", "fashion_mnist", "cifar10", "cifar100"}
    assert len({file.sha256 for file in every}) == len(every) == 10
    for file in every:
        assert len(bytes.fromhex(file.sha256)) == 32 and len(file.urls) >= 2
        assert all(url.startswith("http") and url.endswith("/" + file.name) for url in file.urls)
    assert not any("python" in file.name for file in every)  # a pickle


def test_sources_say_what_would_be_fetched(monkeypatch, tmp_path):
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)
    monkeypatch.setenv("CNNBOOK_CACHE", str(tmp_path))
    table = data.sources().set_index("name")
    assert tuple(table.index) == data.names()
    assert table["to fetch"]["cifar10"] == "170 MB" and table["to fetch"]["digits"] == ""
    (tmp_path / "cifar10" / "train").mkdir(parents=True)
    monkeypatch.setenv("CNNBOOK_DATA", str(tmp_path))
    table = data.sources().set_index("name")
    assert table["source"]["cifar10"] == "folder cifar10 in CNNBOOK_DATA" and table["to fetch"]["cifar10"] == ""


def test_the_rights_to_write_are_missed_in_words(sets, server, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(FileNotFoundError, match="mnist cannot be had: .*cache.*set CNNBOOK_DATA"):
        data.load("mnist")
    assert os.path.isfile(tmp_path / "cache") and not server.asked
