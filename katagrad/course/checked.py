"""Checked reading of a TOML table: a wrong key or value is one line that names the file and what is meant."""

from __future__ import annotations

import contextlib
import datetime
import difflib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from katagrad.errors import BadOption, one_of

KINDS = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}


class Table:
    """A table of the file `path`. title: "[topics.softmax]", or "" for the top of the file."""

    def __init__(self, path: Path, title: str, content: Any) -> None:
        self.path, self.title = path, title
        if not isinstance(content, dict):
            raise BadOption(f"{path}: {title} is {shown(content)}, but should be a table")
        self.content: Mapping[str, Any] = content

    def only(self, keys: Collection[str]) -> None:
        """Raise BadOption for a key that is none of `keys`; the line names the nearest of them."""
        for key in self.content:
            if key not in keys:
                near = difflib.get_close_matches(str(key).lower(), keys, n=1, cutoff=0.5)
                guess = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"
                raise BadOption(f"{self._at()}there is no key {str(key)[:100]!r}; {guess}")

    def word(self, key: str, default: str | None = None) -> str | None:
        """A string."""
        found: str | None = self._kind(key, str, default)
        return found

    def choice(self, key: str, words: Iterable[str], default: str) -> str:
        """One of `words`."""
        word = self._kind(key, str, default)
        try:
            return one_of(key, word, words)
        except BadOption as error:
            raise BadOption(f"{self._at()}{error}") from None

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        found: bool = self._kind(key, bool, default)
        return found

    def number(
        self, key: str, default: float | None, most: float | None = None, least: float = 0.0
    ) -> float | None:
        """A finite number from `least` to `most`."""
        value = self.content.get(key, default)
        if value is None:
            return None
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not least <= value <= (most if most is not None else 1e9):
            bounds = f"from {least:g} to {most:g}" if most is not None else f"of at least {least:g}"
            raise BadOption(f"{self._at()}{key} is {shown(value)}, but should be a number {bounds}")
        return float(value)

    def count(self, key: str, default: int | None, most: int = 10_000) -> int | None:
        """A whole number from 0 to `most`."""
        value = self.content.get(key, default)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise BadOption(
                f"{self._at()}{key} is {shown(value)}, but should be a whole number from 0 to {most}"
            )
        return value

    def time(self, key: str, zone: datetime.tzinfo | None) -> datetime.datetime | None:
        """A moment in `zone`. One without an offset is read in it; where there is none, it is refused."""
        value = self.content.get(key)
        if value is None:
            return None
        if not isinstance(value, datetime.datetime):
            raise BadOption(
                f"{self._at()}{key} is {shown(value)}, but should be a date with a time, such as "
                "2026-10-01T23:59:00+02:00, without quotes"
            )
        if value.tzinfo is None and zone is None:
            raise BadOption(
                f"{self._at()}{key} has no offset from UTC; write {value.isoformat()}+02:00, or set "
                'timezone = "Europe/Berlin" at the top of the file'
            )
        if value.tzinfo is None:
            return value.replace(tzinfo=zone)
        with contextlib.suppress(
            OverflowError
        ):  # 9999-12-31T23:59:59Z is never, and is next year in Berlin
            return value if zone is None else value.astimezone(zone)
        return value

    def table(self, key: str) -> Table:
        """A table below this one; empty where it is not there."""
        title = f"[{key}]" if not self.title else f"{self.title[:-1]}.{key}]"
        return Table(self.path, title, self.content.get(key, {}))

    def _kind(self, key: str, kind: type, default: Any) -> Any:
        value = self.content.get(key, default)
        if value is not None and type(value) is not kind:
            raise BadOption(f"{self._at()}{key} is {shown(value)}, but should be {KINDS[kind]}")
        return value

    def _at(self) -> str:
        return f"{self.path}: {self.title + ' ' if self.title else ''}"


def shown(value: Any) -> str:
    """A value as a message has it."""
    if type(value) in (dict, list):
        return KINDS[type(value)]
    moment = isinstance(value, (datetime.date, datetime.time))
    return (str(value) if moment else repr(value))[:100]
