"""Where data sets are looked for, in which order, and what is said when they are not right."""

import pickle
import subprocess
import sys

import pytest

from katagrad import data
from katagrad.data import places

LIGHT = """
import sys, katagrad.data
from katagrad.data import available
available("mnist")
heavy = {"torch", "tensorflow", "sklearn", "scipy", "requests", "rich"} & set(sys.modules)
sys.exit(f"imported {sorted(heavy)}" if heavy else 0)
"""


def test_importing_the_package_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_users_folder_comes_first_then_the_system_then_the_cache(toy, tmp_path, monkeypatch):
    cached = toy.lay(places.cache_folder())
    assert data.locate("toy") == cached
    system = toy.lay(places.SYSTEM_FOLDER)
    assert data.locate("toy") == system
    mine = toy.lay(tmp_path / "mine")
    assert data.locate("toy") == system
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "mine"))
    assert data.locate("toy") == mine


def test_a_folder_that_lacks_a_file_is_passed_over(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "mine"))
    toy.lay(tmp_path / "mine", **{"notes.csv": None})
    assert not data.available("toy")
    cached = toy.lay(places.cache_folder())
    assert data.locate("toy") == cached


def test_missing_data_says_where_it_looked_and_how_to_get_it(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "mine"))
    folder = toy.lay(tmp_path / "mine", **{"notes.csv": None})
    with pytest.raises(data.DataMissing) as caught:
        data.locate("toy")
    assert str(caught.value) == (
        "the toy set is not on this machine. Looked in:\n"
        f"  {folder} (KATAGRAD_DATA): 1 of 2 files, without notes.csv\n"
        f"  {tmp_path / 'system' / 'toys'} (system): none of its files\n"
        f"  {tmp_path / 'cache' / 'toys'} (cache): none of its files\n"
        "Get it with `kata data get toy`, or let the environment variable KATAGRAD_DATA name a "
        "folder that holds it."
    )


def test_missing_data_is_a_missing_file_and_names_the_unset_variable():
    with pytest.raises(FileNotFoundError, match=r"KATAGRAD_DATA: not set[\s\S]*data get mnist"):
        data.mnist()


@pytest.mark.parametrize("name", ["fashion-mnist", "fashion_mnist", "Fashion-MNIST"])
def test_a_name_may_be_written_with_either_dash(name):
    assert data.available(name) is False


def test_errors_survive_the_way_between_processes(toy):
    toy.lay(places.cache_folder(), **{"notes.csv": b"?"})
    for name, kind in (("mnist", data.DataMissing), ("toy", data.DataCorrupt)):
        with pytest.raises(kind) as caught:
            places.verify(name)
        copy = pickle.loads(pickle.dumps(caught.value))
        assert (type(copy), str(copy)) == (kind, str(caught.value))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(data.DataError, match=r"no data set 'minst'.* mnist, fashion_mnist"):
        data.available("minst")


def test_a_decompressed_file_will_do(toy):
    folder = toy.lay(places.cache_folder(), **{"numbers.gz": None})
    (folder / "numbers").write_bytes(toy.content["numbers.gz"])
    assert data.locate("toy") == folder
    assert places.read("toy", toy.row.files[0]) == toy.content["numbers.gz"]
    assert places.verify("toy") == folder


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda body: body[:-30], "it cannot be decompressed"),
        (lambda body: body[:99] + b"\xff\xff\xff" + body[102:], "it cannot be decompressed"),
        (lambda body: b"\x1f\x8c" + body[2:], "it cannot be decompressed"),
        (lambda _: b"", "its content has the SHA-256 e3b0c442"),
    ],
    ids=["torn", "changed", "no gzip", "empty"],
)
def test_a_corrupt_file_is_named_with_what_was_found_and_what_to_do(
    toy, tmp_path, monkeypatch, spoil, found
):
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "mine"))
    folder = toy.lay(tmp_path / "mine", **{"numbers.gz": spoil(toy.published["numbers.gz"])})
    toy.lay(places.cache_folder())  # a good copy further on is no excuse for a bad one
    file = toy.row.files[0]
    for check in (lambda: places.read("toy", file), lambda: places.verify("toy")):
        with pytest.raises(data.DataCorrupt) as caught:
            check()
        message = str(caught.value)
        assert message.startswith(f"{folder / 'numbers.gz'} is corrupt: {found}")
        assert f"but should be {file.digest}. Nothing of it was used." in message
        assert "Replace that file, or move it away" in message


def test_the_users_folder_is_never_written_to(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "mine"))
    folder = toy.lay(tmp_path / "mine")
    before = sorted(folder.iterdir())
    places.verify("toy")
    data.download("toy", progress=False)
    data.list_status(verify=True)
    assert sorted(folder.iterdir()) == before
