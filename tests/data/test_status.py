"""The rows that a command prints."""

import pytest

from katagrad import data
from katagrad.data import places


def row(**options):
    return {status.name: status for status in data.list_status(**options)}["toy"]


def test_every_registered_set_has_a_row():
    names = [status.name for status in data.list_status()]
    assert names == ["mnist", "fashion_mnist", "cifar10", "flowers", "imdb", "etth1"]


def test_a_missing_set_says_what_it_would_take(toy):
    status = row()
    assert (status.state, status.where, status.size) == ("missing", None, toy.row.size)
    assert "kata data get toy" in status.note


def test_a_present_set_is_whole_only_after_a_check(toy):
    folder = toy.lay(places.cache_folder())
    assert (row().state, row().where, row().size) == ("present", folder, toy.row.size)
    assert row(verify=True).state == "whole"


def test_a_corrupt_set_is_named(toy):
    toy.lay(places.cache_folder(), **{"notes.csv": b"?"})
    status = row(verify=True)
    assert status.state == "corrupt"
    assert "notes.csv is corrupt" in status.note


def test_an_interrupted_download_is_partial(toy, mirror):
    mirror.cuts = [70_000, 0]
    with pytest.raises(data.DownloadFailed):
        data.download("toy", progress=False, attempts=1)
    status = row()
    assert (status.state, status.size) == ("partial", 70_000)
    assert toy.row.name in status.note
