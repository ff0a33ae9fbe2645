"""Errors of data sets.

Each error consists of its message alone, so that it can be passed between processes.
"""

from __future__ import annotations

from pathlib import Path


class DataError(Exception):
    """A data set cannot be used as asked; the message says what to do next."""


class DataMissing(DataError, FileNotFoundError):
    """No place holds every file of the data set."""

    @classmethod
    def of(cls, name: str, title: str, looked: list[str]) -> DataMissing:
        """Return the error with the places that were searched, a line for each."""
        places = "\n".join(f"  {line}" for line in looked)
        return cls(
            f"{title} is not on this machine. Looked in:\n{places}\n"
            f"Get it with `kata data get {name}`, or let the environment variable KATAGRAD_DATA "
            "name a folder that holds it."
        )


class DataCorrupt(DataError):
    """A file was found or fetched, but its content is not what was published."""

    @classmethod
    def at(cls, path: Path | str, found: str, expected: str, remedy: str) -> DataCorrupt:
        """Return the error that names the file, what was found, what was expected, what to do."""
        return cls(
            f"{path} is corrupt: {found}, but should be {expected}. "
            f"Nothing of it was used. {remedy}"
        )


class DownloadFailed(DataError):
    """A file could not be fetched whole; what did arrive is kept for the next attempt."""
