"""Downloads against a server that cuts, lies, stalls and refuses; nothing but loopback."""

import dataclasses
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from katagrad import data
from katagrad.data import places, registry

NUMBERS = "numbers.gz"


def get(**options):
    options = {"progress": False, "timeout": 2.0, "attempts": 3} | options
    return data.download("toy", **options)


def assert_whole(folder, toy):
    """Both files are there, as served, and nothing is left over but the lock."""
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "notes.csv", NUMBERS]
    for file in toy.row.files:
        assert places.read("toy", file) == toy.content[file.name]


def part():
    return places.cache_folder() / "toys" / f"{NUMBERS}.part"


@pytest.mark.usefixtures("mirror")
def test_a_download_is_whole_and_then_available(toy):
    assert not data.available("toy")
    folder = get()
    assert folder == data.locate("toy") == places.cache_folder() / "toys"
    assert data.available("toy")
    assert_whole(folder, toy)


def test_a_second_download_asks_the_server_nothing(mirror):
    get()
    mirror.requests.clear()
    get()
    assert mirror.requests == []


def test_a_set_in_another_place_is_not_fetched(toy, mirror, monkeypatch, tmp_path):
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "mine"))
    folder = toy.lay(tmp_path / "mine")
    assert get() == folder
    assert mirror.requests == []
    assert not places.cache_folder().exists()


def test_a_corrupt_set_in_another_place_is_named_before_anything_is_fetched(
    toy, mirror, monkeypatch, tmp_path
):
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "mine"))
    toy.lay(tmp_path / "mine", **{"notes.csv": b"a,b\n1,3\n"})
    with pytest.raises(data.DataCorrupt, match=r"notes\.csv is corrupt.*move it away"):
        get()
    assert mirror.requests == []


def test_a_cut_connection_is_resumed_where_it_broke(toy, mirror):
    mirror.cuts = [40_000, 50_000]
    assert_whole(get(), toy)
    assert mirror.ranges_of(NUMBERS) == [None, "bytes=40000-", "bytes=90000-"]


def test_a_cut_is_noticed_without_a_length(toy, mirror):
    """Without a length a cut looks like an end; the checksum tells, and nothing is stored."""
    mirror.lengths, mirror.cuts = False, [40_000]
    with pytest.raises(data.DataCorrupt, match="cannot be decompressed"):
        get()
    assert not part().exists()
    assert_whole(get(), toy)


def test_a_later_process_goes_on_from_the_kept_part(toy, mirror):
    mirror.cuts = [70_000, 0, 0, 0]
    with pytest.raises(data.DownloadFailed, match=r"70,000 bytes are kept.*kata data get toy"):
        get()
    assert part().stat().st_size == 70_000
    assert not data.available("toy")
    mirror.requests.clear()
    assert_whole(get(), toy)
    assert mirror.ranges_of(NUMBERS) == ["bytes=70000-"]


def test_a_server_without_ranges_starts_over(toy, mirror):
    mirror.ranges, mirror.cuts = False, [70_000]
    assert_whole(get(), toy)
    assert mirror.ranges_of(NUMBERS) == [None, "bytes=70000-"]


def test_a_server_that_goes_on_elsewhere_is_asked_from_the_start(toy, mirror):
    mirror.skew, mirror.cuts = 100, [70_000]
    assert_whole(get(), toy)
    assert mirror.ranges_of(NUMBERS) == [None, "bytes=70000-", None]


def test_a_server_that_cuts_for_ever_is_given_up(mirror):
    mirror.ranges, mirror.cuts = False, [50_000, 60_000] * 50
    with pytest.raises(data.DownloadFailed, match="3 times in a row"):
        get()
    assert len(mirror.requests) < 10


def test_a_part_that_was_complete_is_only_checked(toy, mirror):
    part().parent.mkdir(parents=True)
    part().write_bytes(toy.published[NUMBERS])
    assert_whole(get(), toy)
    assert mirror.ranges_of(NUMBERS) == [f"bytes={len(toy.published[NUMBERS])}-"]


@pytest.mark.parametrize("spoiled", [b"\0" * 30_000, b"\0" * 500_000], ids=["short", "long"])
def test_a_corrupt_part_is_thrown_away_and_fetched_afresh(toy, mirror, spoiled):
    part().parent.mkdir(parents=True)
    part().write_bytes(spoiled)
    assert_whole(get(), toy)
    assert mirror.ranges_of(NUMBERS) == [f"bytes={len(spoiled)}-", None]


@pytest.mark.usefixtures("mirror")
def test_a_part_of_another_compression_is_fetched_afresh(toy):
    """A mirror may gzip the same content in its own way; the two halves do not fit."""
    other = gzip.compress(toy.content[NUMBERS], compresslevel=0)
    part().parent.mkdir(parents=True)
    part().write_bytes(other[:60_000])
    assert_whole(get(), toy)


def test_another_compression_of_the_same_content_is_accepted(toy, mirror):
    mirror.files[f"/toys/{NUMBERS}"] = gzip.compress(toy.content[NUMBERS], compresslevel=0)
    assert_whole(get(), toy)


def test_an_answer_marked_as_gzip_is_stored_as_it_came(toy, mirror):
    mirror.encoding = "gzip"
    assert_whole(get(), toy)
    assert mirror.accepted == {"identity"}


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"something else"),
        b"<html>Please sign in</html>",
        b"",
        gzip.compress(b"cut")[:-9],
    ],
    ids=["other", "page", "empty", "torn"],
)
def test_corrupt_bytes_are_named_and_never_stored(toy, mirror, body):
    mirror.files[f"/toys/{NUMBERS}"] = body
    with pytest.raises(data.DataCorrupt) as caught:
        get()
    message = str(caught.value)
    assert f"{mirror.url}/toys/{NUMBERS} is corrupt" in message
    assert toy.row.files[0].digest in message
    assert "KATAGRAD_DATA_URL" in message
    assert list(part().parent.iterdir()) == [part().parent / ".lock"]
    assert not data.available("toy")


def test_a_corrupt_file_in_the_cache_is_replaced(toy, mirror):
    folder = toy.lay(places.cache_folder(), **{NUMBERS: toy.published[NUMBERS][:-20]})
    with pytest.raises(data.DataCorrupt, match=r"Fetch it again with `kata data get toy`"):
        places.read("toy", toy.row.files[0])
    assert_whole(get(), toy)
    assert [path for path, _ in mirror.requests] == [f"/toys/{NUMBERS}"]
    assert folder == data.locate("toy")


def test_a_corrupt_file_in_the_cache_is_gone_even_if_no_other_comes(toy, mirror):
    toy.lay(places.cache_folder(), **{NUMBERS: b"?"})
    mirror.statuses = [503] * 9
    with pytest.raises(data.DownloadFailed):
        get()
    assert not data.available("toy")


def test_a_reduced_edition_is_used_from_a_folder_but_not_downloaded(
    toy, mirror, monkeypatch, tmp_path
):
    notes = b"a,b\n"
    reduced = dataclasses.replace(toy.row.files[1], reduced=hashlib.sha256(notes).hexdigest())
    row = dataclasses.replace(toy.row, files=(toy.row.files[0], reduced))
    monkeypatch.setitem(registry.DATA_SETS, "toy", row)
    mirror.files["/toys/notes.csv"] = notes
    with pytest.raises(data.DataCorrupt, match=r"notes\.csv is corrupt"):
        get()
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "mine"))
    toy.lay(tmp_path / "mine", **{"notes.csv": notes})
    assert places.read("toy", reduced) == notes
    assert data.edition("toy") == "reduced"
    (tmp_path / "mine" / "toys" / "notes.csv").write_bytes(toy.published["notes.csv"])
    assert data.edition("toy") == "official"


def test_a_file_that_the_server_lacks_is_not_asked_for_twice(mirror):
    del mirror.files[f"/toys/{NUMBERS}"]
    with pytest.raises(data.DownloadFailed, match=r"404 Not Found.*KATAGRAD_DATA_URL can name"):
        get()
    assert len(mirror.requests) == 1


def test_a_passing_overload_is_waited_out(toy, mirror):
    mirror.statuses = [503, 429]
    assert_whole(get(), toy)


def test_a_lasting_overload_is_reported(mirror):
    mirror.statuses = [503] * 9
    with pytest.raises(data.DownloadFailed, match=r"503 Service Unavailable, 3 times in a row"):
        get()
    assert len(mirror.requests) == 3


def test_a_stalled_server_is_given_up(mirror):
    mirror.pause = 0.5
    with pytest.raises(data.DownloadFailed, match=r"nothing more came for 0\.1 s, 2 times"):
        get(timeout=0.1, attempts=2)


def test_a_slow_server_is_waited_for(toy, mirror):
    mirror.pause = 0.005
    assert_whole(get(timeout=0.5), toy)


def test_an_endless_answer_is_refused(mirror, monkeypatch):
    monkeypatch.setattr("katagrad.data.transfer.SLACK", 100_000)
    mirror.lengths, mirror.endless = False, True
    with pytest.raises(data.DownloadFailed, match="does not end"):
        get()


@pytest.mark.usefixtures("toy")
def test_no_server_is_reported():
    with pytest.raises(data.DownloadFailed, match=r"no connection to the server, 1 times"):
        get(mirror="http://127.0.0.1:9", attempts=1)


@pytest.mark.usefixtures("toy")
def test_an_address_that_is_none_is_reported():
    with pytest.raises(
        data.DownloadFailed, match=r"cannot be fetched: .*gopher.*[^.]\. KATAGRAD_DATA_URL"
    ):
        get(mirror="gopher://127.0.0.1")


def test_the_official_address_is_used_unless_overridden(toy, mirror, monkeypatch):
    monkeypatch.delenv("KATAGRAD_DATA_URL")
    row = dataclasses.replace(toy.row, base=f"{mirror.url}/toys/")
    monkeypatch.setitem(registry.DATA_SETS, "toy", row)
    assert_whole(get(), toy)


def test_the_argument_overrides_the_environment(toy, mirror, monkeypatch):
    monkeypatch.setenv("KATAGRAD_DATA_URL", "http://127.0.0.1:9")
    assert_whole(get(mirror=mirror.url + "/"), toy)


@pytest.mark.usefixtures("mirror")
def test_a_cache_that_cannot_be_written_is_reported(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KATAGRAD_CACHE", str(tmp_path / "file"))
    with pytest.raises(data.DownloadFailed, match=r"cannot be stored.*KATAGRAD_CACHE"):
        get()


def test_a_whole_set_in_a_cache_that_is_only_read_needs_no_lock(toy, mirror, monkeypatch):
    folder = toy.lay(places.cache_folder())

    def refused(*_):
        raise PermissionError(13, "Permission denied", str(folder / ".lock"))

    monkeypatch.setattr("katagrad.data.fetch.held", refused)
    assert get() == folder
    assert mirror.requests == []


@pytest.mark.usefixtures("mirror")
def test_the_progress_bar_goes_to_standard_error(capsys):
    get(progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "numbers.gz" in shown.err


CHILD = """
import json, sys
from katagrad.data import download, registry
row = json.loads(sys.argv[1])
files = tuple(registry.RemoteFile(**file) for file in row.pop("files"))
registry.DATA_SETS["toy"] = registry.DataSet(files=files, **row)
download("toy", progress=False)
"""


def start_child(toy):
    row = json.dumps(dataclasses.asdict(toy.row))
    return subprocess.Popen([sys.executable, "-c", CHILD, row], stderr=subprocess.PIPE, text=True)


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_killed_download_goes_on_in_the_next_process(toy, mirror):
    mirror.pause = 0.05
    child = start_child(toy)
    wait_for(lambda: part().exists() and part().stat().st_size >= 65_536)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    kept = part().stat().st_size
    assert 0 < kept < len(toy.published[NUMBERS])
    mirror.pause, mirror.requests[:] = 0.0, []
    assert_whole(get(), toy)
    assert mirror.ranges_of(NUMBERS) == [f"bytes={kept}-"]


def test_processes_that_download_at_once_take_turns(toy, mirror):
    mirror.pause = 0.01
    children = [start_child(toy) for _ in range(3)]
    for child in children:
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors
    assert_whole(places.cache_folder() / "toys", toy)
    assert mirror.ranges_of(NUMBERS) == [None]
