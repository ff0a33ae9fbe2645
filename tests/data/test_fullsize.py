"""The full-size sets: small files in their formats, and the real ones where they are present."""

import hashlib
import io
import tarfile
import time

import numpy as np
import pytest

from katagrad import data
from katagrad.data import places, registry
from katagrad.data.fullsize import parse_idx


def lay_archive(monkeypatch, name, members):
    """Put an archive of `members`, name to bytes, in the cache as the published one."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, body in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    row = registry.DATA_SETS[name]
    body = packed.getvalue()
    file = registry.RemoteFile(row.files[0].name, hashlib.sha256(body).hexdigest(), len(body))
    row = registry.DataSet(row.name, row.title, row.folder, row.base, (file,), row.credit)
    monkeypatch.setitem(registry.DATA_SETS, name, row)
    folder = places.cache_folder() / row.folder
    folder.mkdir(parents=True)
    (folder / file.name).write_bytes(body)


def test_an_idx_file_is_read_in_its_own_shape():
    header = b"\0\0\x08\x03" + np.array([2, 3, 4], dtype=">u4").tobytes()
    array = parse_idx(header + bytes(range(24)))
    np.testing.assert_array_equal(array, np.arange(24).reshape(2, 3, 4))
    assert not array.flags.writeable


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0\0\x0d\x01\0\0\0\x01\0", "starts with 00 00 08, but this with 00 00 0d"),
        (b"\0\0\x08\x01\0\0\0\x05\0", "reshape"),
    ],
    ids=["floats", "short"],
)
def test_another_kind_of_idx_file_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        parse_idx(content)


def test_cifar10_images_are_turned_to_height_width_channel(monkeypatch):
    def batch(label):
        red, green, blue = (np.full(1024, value, np.uint8) for value in (10, 20, 30))
        red[33] = 99  # row 1, column 1
        return bytes([label]) + np.concatenate([red, green, blue]).tobytes()

    members = {f"cifar-10-batches-bin/data_batch_{n}.bin": batch(n) for n in range(1, 6)}
    lay_archive(monkeypatch, "cifar10", members | {"cifar-10-batches-bin/test_batch.bin": batch(9)})
    split = data.cifar10()
    assert split.train_x.shape == (5, 32, 32, 3)
    np.testing.assert_array_equal(split.train_x[0, 1, 1], [99, 20, 30])
    np.testing.assert_array_equal(split.train_x[0, 0, 0], [10, 20, 30])
    np.testing.assert_array_equal(split.train_y, [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(split.test_y, [9])


def test_imdb_reviews_come_in_a_fixed_order_without_the_unlabelled(monkeypatch):
    members = {
        "aclImdb/train/pos/10_9.txt": "später".encode(),
        "aclImdb/train/pos/2_8.txt": b"early",
        "aclImdb/train/neg/0_1.txt": b"bad",
        "aclImdb/train/unsup/0_0.txt": b"unlabelled",
        "aclImdb/test/pos/0_10.txt": b"good",
        "aclImdb/imdb.vocab": b"words",
    }
    lay_archive(monkeypatch, "imdb", members)
    split = data.imdb()
    assert list(split.train_x) == ["bad", "early", "später"]
    assert list(split.train_y) == [0, 1, 1]
    assert list(split.test_x) == ["good"]
    assert split.name == "imdb"


def test_unpacking_gives_the_whole_tree_or_nothing(monkeypatch, tmp_path):
    lay_archive(monkeypatch, "flowers", {"photos/roses/1.jpg": b"rose", "photos/LICENSE": b"BY"})
    folder = data.unpack("flowers", tmp_path / "deep" / "flowers")
    assert (folder / "photos" / "roses" / "1.jpg").read_bytes() == b"rose"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["flowers"]
    with pytest.raises(FileExistsError, match="unpack flowers into a new folder"):
        data.unpack("flowers", folder)


@pytest.mark.parametrize("path", ["../outside.txt", "photos/../../outside.txt", "/outside.txt"])
def test_an_archive_that_points_outside_is_refused(monkeypatch, tmp_path, path):
    lay_archive(monkeypatch, "flowers", {"photos/LICENSE": b"BY", path: b"!"})
    with pytest.raises(data.DataError, match="points outside its own folder"):
        data.unpack("flowers", tmp_path / "deep" / "flowers")
    assert list((tmp_path / "deep").iterdir()) == []
    assert not (tmp_path / "outside.txt").exists()


def test_an_archive_that_fails_its_checksum_is_not_opened(tmp_path):
    row = registry.DATA_SETS["imdb"]
    folder = places.cache_folder() / row.folder
    folder.mkdir(parents=True)
    (folder / row.files[0].name).write_bytes(b"?")
    for use in (data.imdb, lambda: data.unpack("imdb", tmp_path / "imdb")):
        with pytest.raises(data.DataCorrupt, match=r"aclImdb_v1\.tar\.gz is corrupt"):
            use()


@pytest.mark.parametrize(
    ("name", "train_mean", "first_labels"),
    [("mnist", 33.318, [5, 0, 4, 1]), ("fashion_mnist", 72.940, [9, 0, 0, 3])],
)
def test_the_real_images_are_read_in_their_original_order(real, name, train_mean, first_labels):
    real(name)
    start = time.perf_counter()
    split = getattr(data, name)()
    elapsed = time.perf_counter() - start
    assert split.train_x.shape == (60_000, 28, 28)
    assert split.test_x.shape == (10_000, 28, 28)
    assert split.train_x.dtype == np.uint8
    assert split.train_y.dtype == np.int64
    assert abs(split.train_x.mean() - train_mean) < 1e-3
    assert list(split.train_y[:4]) == first_labels
    assert set(np.unique(split.test_y)) == set(range(10))
    assert len(split.classes) == 10
    # Measured at 0.2 s to 0.3 s; a machine under load is given ten times as much.
    assert elapsed < 3.0


def test_the_real_series_has_its_rows_and_columns(real):
    real("etth1")
    series = data.etth1()
    assert series.shape == (17_420, len(data.ETTH1_COLUMNS))
    assert series.dtype == np.float64
    np.testing.assert_allclose(series[0, [0, -1]], [5.827, 30.531], atol=1e-4)
    assert np.isfinite(series).all()


def test_the_real_reviews_are_balanced(real):
    real("imdb")
    split = data.imdb()
    assert split.train_x.shape == split.test_x.shape == (25_000,)
    assert split.train_y.sum() == split.test_y.sum() == 12_500
    assert split.name == ("imdb" if data.edition("imdb") == "official" else "imdb (reduced)")


def test_the_real_photos_unpack_into_five_classes(real, tmp_path):
    real("flowers")
    folder = data.unpack("flowers", tmp_path / "flowers") / "flower_photos"
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert classes == ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
    assert len(list(folder.glob("*/*.jpg"))) == 3670
