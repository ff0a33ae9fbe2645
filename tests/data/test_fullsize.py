"""The full-size sets: small files in their formats, and the real ones where they are present."""

import hashlib
import io
import tarfile
import time

import numpy as np
import pytest
from PIL import Image

from katagrad import data
from katagrad.data import photographs, places, registry
from katagrad.data.fullsize import parse_idx


def jpeg(colour, width=40, height=24):
    """A photo of one colour (red, green, blue) as a JPEG file."""
    packed = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(packed, "JPEG", quality=95)
    return packed.getvalue()


def lay_archive(monkeypatch, name, members, *, as_photos=False):
    """Put an archive of `members`, name to bytes, in the cache as the published one, or as its edition of photos."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, body in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    row = registry.DATA_SETS[name]
    body = packed.getvalue()
    digest, first = hashlib.sha256(body).hexdigest(), row.files[0]
    digests = {"digest": "", "reduced": digest} if as_photos else {"digest": digest}
    file = registry.RemoteFile(first.name, size=len(body), photos=first.photos, **digests)
    row = registry.DataSet(row.name, row.title, row.folder, row.base, (file,), row.credit)
    monkeypatch.setitem(registry.DATA_SETS, name, row)
    folder = places.cache_folder() / row.folder
    folder.mkdir(parents=True)
    (folder / (file.photos if as_photos else file.name)).write_bytes(body)


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


def test_cifar10_is_read_from_photos_by_class_and_number(monkeypatch):
    red, blue = (200, 20, 20), (20, 20, 200)
    members = {
        "cifar10/train/cat/0001.jpg": jpeg(blue, 32, 32),
        "cifar10/train/cat/0000.jpg": jpeg(red, 32, 32),
        "cifar10/train/airplane/0007.jpg": jpeg(blue, 32, 32),
        "cifar10/test/truck/0000.jpg": jpeg(red, 32, 32),
        "cifar10/notes.txt": b"",
    }
    lay_archive(monkeypatch, "cifar10", members, as_photos=True)
    split = data.cifar10()
    np.testing.assert_array_equal(split.train_y, [0, 3, 3])
    np.testing.assert_array_equal(split.test_y, [9])
    np.testing.assert_allclose(split.train_x.mean((1, 2)), [blue, red, blue], atol=3)
    assert split.train_x.shape == (3, 32, 32, 3)
    assert split.name == "cifar10 (reduced)"


def test_flowers_are_squares_from_the_middle_and_every_fifth_is_for_testing(monkeypatch):
    members = {
        f"flower_photos/{label}/{number}.jpg": jpeg((10 * number, 90, 160))
        for label in ("daisy", "tulips")
        for number in range(1, 8)
    }
    # Left and right of the square in the middle, this photo is white.
    wide = Image.new("RGB", (72, 24), (255, 255, 255))
    wide.paste((0, 0, 0), (24, 0, 48, 24))
    packed = io.BytesIO()
    wide.save(packed, "JPEG", quality=95)
    members |= {"flower_photos/roses/9.jpg": packed.getvalue(), "flower_photos/LICENSE.txt": b"BY"}
    lay_archive(monkeypatch, "flowers", members)
    split = data.flowers(8)
    assert split.train_x.shape == (10, 8, 8, 3)
    np.testing.assert_array_equal(split.train_y, [0] * 5 + [4] * 5)
    np.testing.assert_array_equal(split.test_y, [0, 0, 2, 4, 4])
    np.testing.assert_allclose(split.test_x[[0, 1]].mean((1, 2))[:, 0], [10, 60], atol=3)
    assert split.test_x[2].mean() < 20
    assert split.name == "flowers"


def test_without_pillow_photos_are_not_readable_and_the_message_says_what_to_install(monkeypatch):
    photo = jpeg((9, 9, 9))
    lay_archive(monkeypatch, "flowers", {f"flower_photos/roses/{n}.jpg": photo for n in (1, 2)})
    assert data.readable("flowers")
    monkeypatch.setattr(photographs, "decodes", lambda: False)
    monkeypatch.setattr(places, "decodes", lambda: False)
    assert data.available("flowers")
    assert not data.readable("flowers")
    with pytest.raises(
        data.DataError, match=r"2\.jpg needs Pillow: pip install 'katagrad\[photos\]'"
    ):
        data.flowers(8)
    (status,) = (row for row in data.list_status() if row.name == "flowers")
    assert status.note == "`pip install 'katagrad[photos]'` reads its photos"


def test_a_photo_that_is_no_jpeg_is_named(monkeypatch):
    lay_archive(monkeypatch, "flowers", {f"flower_photos/roses/{n}.jpg": b"GIF89a" for n in (1, 2)})
    with pytest.raises(data.DataCorrupt, match=r"2\.jpg is not a readable JPEG file"):
        data.flowers(8)


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


def test_the_real_photos_are_squares_of_five_classes(real):
    real("flowers")
    split = data.flowers(16)
    assert split.train_x.shape == (2934, 16, 16, 3)
    np.testing.assert_array_equal(np.bincount(split.train_y), [506, 718, 512, 559, 639])
    np.testing.assert_array_equal(np.bincount(split.test_y), [127, 180, 129, 140, 160])
    assert abs(split.train_x.mean() - 105.7) < 1


def test_the_real_photos_unpack_into_five_classes(real, tmp_path):
    real("flowers")
    folder = data.unpack("flowers", tmp_path / "flowers") / "flower_photos"
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert classes == ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
    assert len(list(folder.glob("*/*.jpg"))) == 3670
