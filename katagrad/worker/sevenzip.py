"""7z archives by py7zr, into memory, under the limits of every archive."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any


def members(
    data: bytes, skip: Callable[[str], bool], most: int, refuse: Callable[[str], Exception]
) -> Iterator[tuple[str, int, io.BytesIO | None]]:
    """(name, size, content) of each member; None for what holds nothing or is left out.

    most: bytes of one member, beyond which the next read of it shows that it is too large. refuse: makes the exception
    for an archive that cannot be read here.
    """
    import py7zr
    from py7zr.exceptions import PasswordRequired, UnsupportedCompressionMethodError
    from py7zr.io import Py7zIO, WriterFactory

    class Memory(Py7zIO):
        """Bytes of one member, and one more than it may have at most."""

        def __init__(self) -> None:
            self.bytes = io.BytesIO()

        def write(self, s: bytes | bytearray) -> int:
            room = most + 1 - self.bytes.tell()
            self.bytes.write(s[: max(0, room)])
            return len(s)

        def read(self, size: int | None = None) -> bytes:
            return self.bytes.read(-1 if size is None else size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self.bytes.seek(offset, whence)

        def flush(self) -> None:
            """Nothing waits."""

        def size(self) -> int:
            return len(self.bytes.getbuffer())

    class Factory(WriterFactory):
        """Keeps what was written, by name."""

        def __init__(self) -> None:
            self.made: dict[str, Memory] = {}

        def create(self, filename: str) -> Any:
            return self.made.setdefault(filename, Memory())

    try:
        with py7zr.SevenZipFile(io.BytesIO(data)) as archive:
            if archive.needs_password():
                raise refuse("is encrypted; hand in without a password")
            listed = archive.files
            total = 0
            chosen = []
            for one in listed:
                plain = not one.is_directory and not one.is_symlink and not one.is_junction
                if not plain or skip(one.filename):
                    yield one.filename, 0, None
                    continue
                total += one.uncompressed
                if one.uncompressed > most or total > 2 * most:
                    yield one.filename, one.uncompressed, io.BytesIO()
                    return
                chosen.append(one.filename)
            factory = Factory()
            archive.extract(targets=chosen, factory=factory)
            for name in chosen:
                held = factory.made.get(name)
                content = held.bytes if held else io.BytesIO()
                size = len(content.getbuffer())
                content.seek(0)
                yield name, size, content
    except PasswordRequired:
        raise refuse("is encrypted; hand in without a password") from None
    except UnsupportedCompressionMethodError as error:
        raise refuse(f"cannot be read here ({error}); hand in an ordinary .zip") from None
