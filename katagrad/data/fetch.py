"""Download a full-size data set into the cache folder: once, whole, and checked.

pooch supplies the cache folder and, through requests, the connection; see `transfer` for why
not more. Its checksums are of the file as sent, where ours are of the content, so that any
mirror's gzip will do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from katagrad.data import places
from katagrad.data.content import check_content, download_fault
from katagrad.data.errors import DataCorrupt, DataMissing, DownloadFailed
from katagrad.data.lock import held
from katagrad.data.registry import DataSet, RemoteFile, data_set
from katagrad.data.transfer import Interrupted, receive

if TYPE_CHECKING:
    from rich.progress import Progress

# Seconds before the second attempt; doubled before each further one.
PAUSE = 0.5


def download(
    name: str,
    *,
    mirror: str | None = None,
    progress: bool = True,
    timeout: float = 30.0,
    attempts: int = 4,
) -> Path:
    """Return the folder that holds the set, whole and checked, after fetching what it lacked.

    mirror: an address to use instead of the official one, laid out like a data folder
    (`<mirror>/fashion-mnist/train-images-idx3-ubyte.gz`); without it the environment variable
    KATAGRAD_DATA_URL is used. progress: show a bar on standard error. timeout: seconds without
    a byte. attempts: how many in a row may receive nothing.

    A set that another place holds is checked and not fetched again. An interrupted download
    goes on where it stopped, in this process or a later one; two processes take turns.
    Raises DownloadFailed, DataCorrupt.
    """
    rows = data_set(name)
    folder = places.cache_folder() / rows.folder
    with suppress(DataMissing):
        if places.locate(name) != folder:
            return places.verify(name)
        with suppress(DataCorrupt):  # to be replaced
            return places.verify(name)  # before the lock: the folder may be one that is only read
    with _explained(rows, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _bars(progress) as bars, held(folder / ".lock", lambda: _say_waiting(bars, rows)):
            for file in rows.files:
                if _cached(file, folder):
                    continue
                url = _address(rows, file, mirror)
                _fetch(rows, file, url, folder, bars, timeout, attempts)
    return folder


def part_of(file: RemoteFile, folder: Path) -> Path:
    """Return the path under which an unfinished download of `file` is kept."""
    return folder / f"{file.name}.part"


def _fetch(
    rows: DataSet,
    file: RemoteFile,
    url: str,
    folder: Path,
    bars: Progress,
    timeout: float,
    attempts: int,
) -> None:
    import requests

    part = part_of(file, folder)
    bar = bars.add_task(file.name, total=file.size)
    fresh = not part.exists()
    fruitless, longest = 0, _size(part)
    with requests.Session() as session:
        session.headers["User-Agent"] = "katagrad"
        while True:
            try:
                receive(
                    session,
                    url,
                    part,
                    file.size,
                    timeout,
                    lambda have, total: bars.update(bar, completed=have, total=total),
                )
            except Interrupted as reason:
                fruitless = 0 if _size(part) > longest else fruitless + 1
                longest = max(longest, _size(part))
                if fruitless == attempts:
                    raise DownloadFailed(_gave_up(rows, url, reason, attempts, part)) from None
                time.sleep(PAUSE * 2 ** max(fruitless - 1, 0))
                continue
            found = download_fault(part, file)
            if found is None:
                part.replace(folder / file.name)
                return
            part.unlink()
            if fresh:
                raise DataCorrupt.at(url, found, file.digest, _other_source(rows))
            fresh = True  # the part of an earlier run may have been at fault: once more, from 0


def _cached(file: RemoteFile, folder: Path) -> bool:
    path = places.present(file, folder)
    if path is None:
        return False
    try:
        check_content(path, file, "")
    except DataCorrupt:
        path.unlink()
        return False
    return True


def _address(rows: DataSet, file: RemoteFile, mirror: str | None) -> str:
    mirror = mirror or os.environ.get("KATAGRAD_DATA_URL")
    return f"{mirror.rstrip('/')}/{rows.folder}/{file.name}" if mirror else rows.base + file.name


@contextmanager
def _explained(rows: DataSet, folder: Path) -> Iterator[None]:
    """Turn a full disk, a read-only folder and their like into a DownloadFailed."""
    try:
        yield
    except OSError as error:
        raise DownloadFailed(
            f"{rows.title} cannot be stored in {folder}: {error.strerror or error}. It takes "
            f"{rows.size / 1e6:,.0f} MB; KATAGRAD_CACHE can name another folder."
        ) from error
    except DownloadFailed as error:
        raise DownloadFailed(f"{error} {_other_source(rows)}") from None


def _gave_up(rows: DataSet, url: str, reason: Interrupted, attempts: int, part: Path) -> str:
    kept = _size(part)
    on = (
        f" {kept:,} bytes are kept; `kata data get {rows.name}` resumes from there." if kept else ""
    )
    return f"{url} could not be fetched: {reason}, {attempts} times in a row.{on}"


def _other_source(rows: DataSet) -> str:
    return (
        "KATAGRAD_DATA_URL can name a mirror, KATAGRAD_DATA a folder that holds "
        f"{rows.folder}/{rows.files[0].name}{' and the rest' if len(rows.files) > 1 else ''}."
    )


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _say_waiting(bars: Progress, rows: DataSet) -> None:
    bars.console.print(f"Another process is fetching {rows.title}; waiting for it.")


def _bars(shown: bool) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, quiet=not shown),
        disable=not shown,
    )
