"""What an archive or a notebook of a stranger holds, unpacked in memory and under limits."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

# Limits of a submission: bytes of a file, bytes of all files, number of files.
MAX_FILE, MAX_FOLDER, MAX_FILES = 32 << 20, 64 << 20, 2000
# Limits of a folder or archive, including skipped files: names, and bytes to read.
MAX_MEMBERS, MAX_READ = 10_000, 96 << 20
# Bytes of the member list of a zip: enough for 20,000 members with names of 100 characters.
MAX_DIRECTORY = 4 << 20
# Bytes of a name and of a path that every file system accepts, and levels of folders.
MAX_NAME, MAX_PATH, MAX_DEPTH = 255, 1000, 32
# Compressed streams in one file. pigz and similar tools write several.
MAX_STREAMS = 1000
# Unpacking 64 MiB takes one second with deflate, and four with bzip2.
MEMORY, CPU_SECONDS = 256 << 20, 4
CHUNK = 1 << 16
SKIPPED = {"__pycache__", "node_modules", "venv", "env", "__MACOSX"}


class Unfit(Exception):
    """An archive is refused. The message continues a sentence that begins with the archive's name."""


def unpack(kind: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """(path, content) of each file that belongs to a submission. kind: "zip", "7z", or "tar", compressed or not.

    A notebook, kind "ipynb", becomes two files: see `_notebook`. Raises Unfit, and whatever Python's readers of
    archives raise.
    """
    members = 0
    total = files = 0
    reader = {"zip": _zip, "7z": _seven, "ipynb": _notebook}.get(kind, _tar)
    for name, size, content in reader(data):
        members += 1
        if members > MAX_MEMBERS:
            raise Unfit(
                f"holds more than {MAX_MEMBERS:,} members, those that are left out among them; "
                "hand in without environments and data"
            )
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
            raise Unfit(f"holds {name[:MAX_PATH]!r}, which would be written outside the submission")
        if content is None or left_out(path):
            continue
        check_name(path)
        if size > MAX_FILE or total + size > MAX_FOLDER or files >= MAX_FILES:
            raise Unfit(f"is too large at {name!r}: {ALLOWED}")
        found = content.read(MAX_FILE + 1)
        total, files = total + len(found), files + 1
        if len(found) > MAX_FILE or total > MAX_FOLDER:
            raise Unfit(f"is too large at {name!r}: {ALLOWED}")
        yield path.as_posix(), found


ALLOWED = (
    f"at most {MAX_FILE >> 20} MiB a file, {MAX_FOLDER >> 20} MiB and {MAX_FILES:,} files in all"
)


def left_out(path: PurePosixPath) -> bool:
    """Whether a path is skipped: hidden files, and folders that tools create."""
    return any(part.startswith(".") or part in SKIPPED for part in path.parts)


def check_name(path: PurePosixPath) -> None:
    """Raise Unfit for a path that some system cannot write, or that cannot be shown."""
    name = path.as_posix()
    try:
        parts = [part.encode() for part in path.parts]
    except UnicodeEncodeError:
        raise Unfit(f"holds {name[:MAX_PATH]!r}, whose name is not UTF-8") from None
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise Unfit(f"holds {name[:MAX_PATH]!r}, whose name has control characters")
    if not parts:
        raise Unfit("holds a file without a name")
    if (
        max(map(len, parts)) > MAX_NAME
        or len(name.encode()) > MAX_PATH
        or len(path.parts) > MAX_DEPTH
    ):
        raise Unfit(
            f"holds {name[:60]!r}..., whose name is too long: at most {MAX_NAME} bytes, "
            f"{MAX_PATH} with its folders, {MAX_DEPTH} folders deep"
        )


Member = tuple[str, int, "BinaryIO | None"]


class Directory(io.BytesIO):
    """A zip file whose member list is refused if it is too large."""

    guarded = True

    def read(self, size: int | None = -1, /) -> bytes:
        if self.guarded and size is not None and size > MAX_DIRECTORY:
            raise Unfit(f"lists more members than can be read: {size >> 20} MiB of names")
        return super().read(size)


def _zip(data: bytes) -> Iterator[Member]:
    file = Directory(data)
    with zipfile.ZipFile(file) as archive:
        file.guarded = False
        for info in archive.infolist():
            link = (info.external_attr >> 16) & 0o170000 == 0o120000
            if info.is_dir() or link or left_out(PurePosixPath(info.filename.replace("\\", "/"))):
                yield info.filename, 0, None
                continue
            if info.flag_bits & 1:
                raise Unfit("is encrypted; hand in without a password")
            if info.file_size > MAX_FILE:
                yield info.filename, info.file_size, io.BytesIO()
            with archive.open(info) as member:
                yield info.filename, info.file_size, member  # type: ignore[misc]


class Inflated:
    """A stream, compressed or not, that unpacks while it is read, up to MAX_READ bytes."""

    KINDS = ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"))

    def __init__(self, data: bytes) -> None:
        self.source, self.left, self.streams, self.waiting = io.BytesIO(data), MAX_READ, 0, b""
        self.kind = next((kind for magic, kind in self.KINDS if data.startswith(magic)), "")
        self.inner: Any = self._open() if self.kind else None

    def _open(self) -> Any:
        self.streams += 1
        if self.streams > MAX_STREAMS:
            raise Unfit(f"is made of more than {MAX_STREAMS:,} compressed streams")
        if self.kind == "gz":
            return zlib.decompressobj(wbits=31)
        return bz2.BZ2Decompressor() if self.kind == "bz2" else lzma.LZMADecompressor()

    def read(self, size: int) -> bytes:
        """Read `size` bytes, or fewer at the end of the stream."""
        found = b""
        while len(found) < size:
            more = self._some(size - len(found))
            if not more:
                break
            found += more
        self.left -= len(found)
        if self.left < 0:
            raise Unfit(f"unpacks to more than {MAX_READ >> 20} MiB")
        return found

    def _some(self, size: int) -> bytes:
        if self.inner is None:
            return self.source.read(size)
        while True:
            if self.inner.eof:
                rest = self.inner.unused_data or self.waiting or self.source.read(CHUNK)
                while rest and not rest.strip(b"\0"):
                    rest = self.source.read(CHUNK)
                if not rest:
                    return b""
                self.inner, self.waiting = self._open(), rest
            if not self.waiting and getattr(self.inner, "needs_input", True):
                self.waiting = self.source.read(CHUNK)
                if not self.waiting:
                    raise EOFError("it ends too early")
            found: bytes = self.inner.decompress(self.waiting, size)
            self.waiting = getattr(self.inner, "unconsumed_tail", b"")
            if found:
                return found


class Strict(tarfile.TarInfo):
    """A header of a tar file. Raises Unfit for a damaged one, which tarfile would take for the end."""

    @classmethod
    def fromtarfile(cls, tarfile_: Any) -> Any:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise Unfit(f"is damaged ({error})") from None


def _tar(data: bytes) -> Iterator[Member]:
    stream = Inflated(data)
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=Strict) as archive:  # type: ignore[call-overload]
        for member in archive:
            archive.members = []  # tarfile would keep them all
            content = archive.extractfile(member) if member.isfile() else None
            yield member.name, member.size, content
    while stream.read(CHUNK):  # the checksum is at the end
        pass


def _seven(data: bytes) -> Iterator[Member]:
    from katagrad.worker import sevenzip

    def skip(name: str) -> bool:
        return left_out(PurePosixPath(name.replace("\\", "/")))

    yield from sevenzip.members(data, skip, MAX_FILE, Unfit)


def _notebook(data: bytes) -> Iterator[Member]:
    """`notebook.py`, what the notebook defines, and `about.json`, what it says of its topic."""
    from katagrad.worker import notebook

    try:
        text, about = notebook.python_of(data)
    except ValueError as error:
        raise Unfit(f"is not read as a notebook ({str(error)[:200]})") from None
    for name, content in (
        ("notebook.py", text.encode("utf-8", "replace")),
        ("about.json", json.dumps(about).encode()),
    ):
        yield name, len(content), io.BytesIO(content)
