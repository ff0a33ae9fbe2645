"""The full-size sets that are published as archives: CIFAR-10, IMDB, the flower photos.

An archive is checked whole before anything in it is read.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from katagrad.data import places
from katagrad.data.errors import DataError
from katagrad.data.photographs import pixels
from katagrad.data.registry import data_set
from katagrad.data.split import Array, Integers, Split

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
IMDB_CLASSES = ("neg", "pos")


FLOWERS_CLASSES = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
# One photo of so many is for testing.
FLOWERS_TEST = 5


def cifar10() -> Split:
    """Return CIFAR-10 in its original order and split.

    Images uint8 RGB (50000, 32, 32, 3) and (10000, 32, 32, 3); labels int64, 0 to 9. Where a
    folder holds the images as JPEG files, they come by class and number, and the split is called
    "cifar10 (reduced)"; decoding them takes Pillow and several seconds.
    Source: Krizhevsky (2009), Learning multiple layers of features from tiny images.
    """
    if places.photographic("cifar10"):
        rows: dict[str, list[tuple[int, str, bytes]]] = {"train": [], "test": []}
        with _archive("cifar10") as archive:
            for member in archive:
                _, part, label, file = (*member.name.split("/"), "", "", "")[:4]
                if member.isfile() and part in rows and label in CIFAR10_CLASSES:
                    row = CIFAR10_CLASSES.index(label), file, _content(archive, member)
                    rows[part].append(row)
        train, test = (_photos(sorted(part)) for part in rows.values())
        return Split(*train, *test, "cifar10 (reduced)", CIFAR10_CLASSES)
    folder = "cifar-10-batches-bin"
    batches = [f"{folder}/data_batch_{number}.bin" for number in range(1, 6)]
    with _archive("cifar10") as archive:
        train_x, train_y = _cifar_rows(_member(archive, name) for name in batches)
        test_x, test_y = _cifar_rows([_member(archive, f"{folder}/test_batch.bin")])
    return Split(train_x, train_y, test_x, test_y, "cifar10", CIFAR10_CLASSES)


def flowers(side: int) -> Split:
    """Return the flower photos as squares of `side` pixels, cut out of their middle.

    Images uint8 RGB (N, side, side, 3), 2,934 for training and 736 for testing: of each class,
    every fifth photo in the order of the files' names. Labels int64, 0 to 4. The split is called
    "flowers (reduced)" where a folder holds the reduced edition. Decoding takes some seconds.
    Source: The TensorFlow authors, flower_photos; see its LICENSE.txt for the photographers.
    """
    rows: dict[str, list[tuple[str, bytes]]] = {label: [] for label in FLOWERS_CLASSES}
    with _archive("flowers") as archive:
        for member in archive:
            _, label, file = (*member.name.split("/"), "", "")[:3]
            if member.isfile() and label in rows and file.endswith(".jpg"):
                rows[label].append((file, _content(archive, member)))
    parts: tuple[list[tuple[int, str, bytes]], ...] = ([], [])
    for number, label in enumerate(FLOWERS_CLASSES):
        for place, (file, content) in enumerate(sorted(rows[label])):
            parts[place % FLOWERS_TEST == 0].append((number, file, content))
    train, test = (_photos(part, side) for part in parts)
    name = "flowers" if places.edition("flowers") == "official" else "flowers (reduced)"
    return Split(*train, *test, name, FLOWERS_CLASSES)


def imdb() -> Split:
    """Return 25,000 training and 25,000 test film reviews.

    Texts are `str` in object arrays (25000,), markup and all; labels int64, 0 negative,
    1 positive, negative first, then by the number in the file's name. The split is called
    "imdb (reduced)" where a folder holds the reduced edition.
    Source: Maas et al. (2011), https://aclanthology.org/P11-1015.
    """
    rows: dict[str, list[tuple[int, int, str]]] = {"train": [], "test": []}
    with _archive("imdb") as archive:
        for member in archive:
            _, part, label, file = (*member.name.split("/"), "", "", "")[:4]
            if member.isfile() and part in rows and label in IMDB_CLASSES:
                number = int(file.partition("_")[0])
                text = _content(archive, member).decode("utf-8")
                rows[part].append((IMDB_CLASSES.index(label), number, text))
    train_x, train_y = _texts(rows["train"])
    test_x, test_y = _texts(rows["test"])
    name = "imdb" if places.edition("imdb") == "official" else "imdb (reduced)"
    return Split(train_x, train_y, test_x, test_y, name, IMDB_CLASSES)


def unpack(name: str, into: Path) -> Path:
    """Return the new folder `into`, holding what the set's archive holds: whole or not there.

    For sets that a program is to read as files: "flowers" gives `flower_photos/<class>/*.jpg`,
    5 classes, 3,670 photos. Raises FileExistsError where `into` exists, DataMissing,
    DataCorrupt.
    """
    if into.exists():
        raise FileExistsError(f"{into} exists already; unpack {name} into a new folder")
    into.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))
    try:
        with _archive(name) as archive:
            for member in archive:
                _place(archive, member, scratch)
        scratch.chmod(0o755)
        scratch.rename(into)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return into


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, scratch: Path) -> None:
    """Write a plain member below `scratch`; links and devices are left out.

    By hand, because the safe filters of `tarfile` are missing from early releases of 3.10.
    """
    target = Path(os.path.normpath(scratch / member.name))
    if scratch not in (target, *target.parents):
        raise DataError(f"the archive holds {member.name!r}, which points outside its own folder")
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
    elif member.isfile():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_content(archive, member))


@contextmanager
def _archive(name: str) -> Iterator[tarfile.TarFile]:
    (file,) = data_set(name).files
    with tarfile.open(fileobj=io.BytesIO(places.read(name, file)), mode="r:*") as archive:
        yield archive


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    return _content(archive, archive.getmember(name))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    handle = archive.extractfile(member)
    if handle is None:
        raise DataError(f"the archive's {member.name!r} is not a file")
    return handle.read()


def _cifar_rows(batches: Iterator[bytes] | list[bytes]) -> tuple[Array, Integers]:
    # A row is one label byte, then 1,024 red, 1,024 green and 1,024 blue bytes.
    rows = np.frombuffer(b"".join(batches), dtype=np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    images = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)  # (N, 32, 32, 3)
    return np.ascontiguousarray(images), rows[:, 0].astype(np.int64)


def _photos(rows: list[tuple[int, str, bytes]], side: int | None = None) -> tuple[Array, Integers]:
    images = np.stack([pixels(content, file, side) for _, file, content in rows])
    return images, np.array([label for label, _, _ in rows], np.int64)


def _texts(rows: list[tuple[int, int, str]]) -> tuple[Array, Integers]:
    rows = sorted(rows)
    texts = np.empty(len(rows), dtype=object)
    texts[:] = [text for _, _, text in rows]
    return texts, np.array([label for label, _, _ in rows], dtype=np.int64)
