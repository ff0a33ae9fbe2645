"""What can go wrong between a data set and its user."""

from __future__ import annotations

from pathlib import Path


class DataError(Exception):
    """A data set cannot be used as asked; the message says what to do next."""


class DataMissing(DataError, FileNotFoundError):
    """No place holds every file of the data set."""

    def __init__(self, name: str, title: str, looked: list[str]) -> None:
        self.name = name
        places = "\n".join(f"  {line}" for line in looked)
        super().__init__(
            f"{title} is not on this machine. Looked in:\n{places}\n"
            f"Get it with `kata data get {name}`, or let the environment variable KATAGRAD_DATA "
            "name a folder that holds it."
        )

    def __str__(self) -> str:
        return str(self.args[0])


class DataCorrupt(DataError):
    """A file is there, but its content is not what was published."""

    def __init__(self, path: Path, found: str, expected: str, remedy: str) -> None:
        self.path, self.found, self.expected = path, found, expected
        super().__init__(
            f"{path} is corrupt: {found}, but should be {expected}. "
            f"Nothing of it was used. {remedy}"
        )


class DownloadFailed(DataError):
    """A file could not be fetched whole; what did arrive is kept for the next attempt."""
