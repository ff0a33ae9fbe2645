"""A toy data set, empty places, and a real HTTP server on loopback that can misbehave."""

import gzip
import hashlib
import os
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from katagrad import data
from katagrad.data import places, registry

# Before `empty_places` hides it.
REAL_FOLDER = os.environ.get("KATAGRAD_DATA")


@dataclass
class Mirror:
    """What the server holds and how it behaves; tests set the fields as they go.

    cuts: bytes of body after which the next answers break off, one entry an answer.
    statuses: codes that the next answers carry instead of a file.
    """

    files: dict[str, bytes]
    url: str = ""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    accepted: set[str | None] = field(default_factory=set)  # the Accept-Encoding headers seen
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    skew: int = 0  # bytes by which an answer to a Range request starts too early
    lengths: bool = True
    encoding: str | None = None
    endless: bool = False
    pause: float = 0.0  # seconds after every 4 KiB

    def ranges_of(self, name):
        return [asked for path, asked in self.requests if path.endswith(name)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        mirror = self.server.mirror
        asked = self.headers.get("Range")
        mirror.requests.append((self.path, asked))
        mirror.accepted.add(self.headers.get("Accept-Encoding"))
        self.close_connection = True
        if mirror.statuses:
            return self.refuse(mirror.statuses.pop(0))
        if self.path not in mirror.files:
            return self.refuse(404)
        body, start = mirror.files[self.path], 0
        if asked and mirror.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) - mirror.skew
            if start >= len(body):
                return self.refuse(416, {"Content-Range": f"bytes */{len(body)}"})
        self.send_response(206 if asked and mirror.ranges else 200)
        if asked and mirror.ranges:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if mirror.lengths:
            self.send_header("Content-Length", str(len(body) - start))
        if mirror.encoding:
            self.send_header("Content-Encoding", mirror.encoding)
        self.send_header("Connection", "close")
        self.end_headers()
        return self.pour(body[start:])

    def refuse(self, code, headers=()):
        self.send_response(code)
        for key, value in dict(headers).items():
            self.send_header(key, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def pour(self, body):
        mirror = self.server.mirror
        end = mirror.cuts.pop(0) if mirror.cuts else len(body)
        try:
            while True:
                for at in range(0, end, 4096):
                    self.wfile.write(body[at : min(at + 4096, end)])
                    if mirror.pause:
                        self.wfile.flush()
                        time.sleep(mirror.pause)
                if not mirror.endless:
                    return
        except OSError:  # the client went away
            return


@pytest.fixture(autouse=True)
def empty_places(monkeypatch, tmp_path):
    """Let nothing on this machine be found, except by tests that ask for the real data."""
    monkeypatch.delenv("KATAGRAD_DATA", raising=False)
    monkeypatch.delenv("KATAGRAD_DATA_URL", raising=False)
    monkeypatch.setenv("KATAGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(places, "SYSTEM_FOLDER", tmp_path / "system")
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def real(monkeypatch):
    """Ask for a real data set by name; skip where the folder of KATAGRAD_DATA lacks it."""
    if REAL_FOLDER is not None:
        monkeypatch.setenv("KATAGRAD_DATA", REAL_FOLDER)

    def ask(name):
        if not data.available(name):
            pytest.skip(f"needs {name} in the folder that KATAGRAD_DATA names")

    return ask


@pytest.fixture
def toy(monkeypatch):
    """A registered data set of two files, one a gzip stream: `toy.content` maps name to bytes."""
    rng = np.random.default_rng(0)
    numbers, notes = rng.bytes(150_000), b"a,b\n1,2\n"
    content = {"numbers.gz": numbers, "notes.csv": notes}
    published = {"numbers.gz": gzip.compress(numbers), "notes.csv": notes}
    files = tuple(
        registry.RemoteFile(name, hashlib.sha256(content[name]).hexdigest(), len(published[name]))
        for name in content
    )
    row = registry.DataSet("toy", "the toy set", "toys", "http://127.0.0.1:9/", files, "nobody")
    monkeypatch.setitem(registry.DATA_SETS, "toy", row)

    @dataclass
    class Toy:
        row: registry.DataSet
        content: dict[str, bytes]
        published: dict[str, bytes]

        def lay(self, place, **changed):
            """Write the set below `place`; `changed` replaces a file's bytes, None omits it."""
            folder = place / "toys"
            folder.mkdir(parents=True)
            for name, body in {**self.published, **changed}.items():
                if body is not None:
                    (folder / name).write_bytes(body)
            return folder

    return Toy(row, content, published)


@pytest.fixture
def mirror(toy, monkeypatch):
    """A server that holds the toy set, named by KATAGRAD_DATA_URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    files = {f"/toys/{name}": body for name, body in toy.published.items()}
    server.mirror = Mirror(files, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("KATAGRAD_DATA_URL", server.mirror.url)
    monkeypatch.setattr("katagrad.data.fetch.PAUSE", 0.01)
    yield server.mirror
    server.shutdown()
    server.server_close()
    thread.join()
