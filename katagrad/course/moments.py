"""Moments as people and programs write them."""

from __future__ import annotations

import csv
import datetime
import re
import unicodedata
from pathlib import Path

from katagrad.errors import BadOption

# A date, and a time with or without seconds, their fractions and an offset: +02:00, +0200 or +02.
MOMENT = re.compile(
    r"(?P<clock>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:[.,]\d+)?"
    r" ?(?:(?P<hours>[+-]\d\d):?(?P<minutes>\d\d)?)?"
)


def read_moment(text: str, zone: datetime.tzinfo | None = None) -> float | None:
    """Seconds since 1970 of a moment; one without an offset is one of `zone`, or UTC. None: it cannot be read."""
    text = text.strip().replace(" UTC", "+00:00")
    text = f"{text[:-1]}+00:00" if text.endswith("Z") else text
    found = MOMENT.fullmatch(text)
    if found is None:
        return None
    offset = f"{found['hours']}:{found['minutes'] or '00'}" if found["hours"] else ""
    try:
        moment = datetime.datetime.fromisoformat(found["clock"] + offset)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone or datetime.timezone.utc)
    try:
        return moment.astimezone(datetime.timezone.utc).timestamp()
    except OverflowError:  # before the year 1 or after 9999, so that it could not be shown
        return None


def read_times(path: Path, zone: datetime.tzinfo | None = None) -> dict[str, float]:
    """A CSV of entry,time with a first line that says so. zone: as of `read_moment`. Raises BadOption."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            semicolon = file.readline().count(";")
            file.seek(0)
            rows = list(csv.reader(file, delimiter=";" if semicolon else ","))
    except (OSError, ValueError, csv.Error) as error:
        said = getattr(error, "strerror", None) or error
        raise BadOption(f"--times {path} cannot be read: {said}") from None
    if not rows or [cell.strip().lower() for cell in rows[0]] != ["entry", "time"]:
        raise BadOption(f"--times {path}: the first line should be entry,time")
    found: dict[str, float] = {}
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        when = read_moment(row[1], zone) if len(row) == 2 else None
        if when is None:
            raise BadOption(
                f"{path}:{number}: expected the name of an entry and a time such as "
                "2026-10-01T23:59:00+02:00"
            )
        name = unicodedata.normalize("NFC", row[0].strip().rstrip("/"))
        if found.setdefault(name, when) != when:
            raise BadOption(f"{path}:{number}: {name[:100]!r} has another time above; keep one")
    return found
