"""Archives of strangers: whatever they hold, they become files or one line, soon, and the next one is read."""

import contextlib
import os
import random
import resource
import time
from collections import deque

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from katagrad.course import archives
from katagrad.course.archives import Reader
from katagrad.course.contents import check_paths
from katagrad.course.intake import take_in
from katagrad.errors import SubmissionProblem
from katagrad.isolation.launcher import PlainLauncher
from tests.course.archives import FAULTY, FORMS, GOOD, HOSTILE, honest, mutant, pack

# A reader stops a hostile archive within one second of an idle machine; this one is shared.
SOON = 10.0
# Mutated archives of each form that every run of the tests reads; fuzz_archives.py reads 20,000.
EACH = 40


@pytest.fixture(scope="module")
def reader():
    with Reader() as found:
        yield found


def read(reader, path):
    """The files of an archive, or the line that says why there are none. Nothing else comes of it."""
    try:
        files = reader.read(path)
        check_paths(files)
    except SubmissionProblem as problem:
        return str(problem) or None
    return files


@pytest.mark.parametrize("form", FORMS)
def test_honest_archive_is_read(reader, tmp_path, form):
    path = tmp_path / f"ada.{form}"
    path.write_bytes(honest(form))
    assert read(reader, path)["softmax.py"] == GOOD
    assert len(read(reader, path)) == 4


@pytest.mark.parametrize("name", FAULTY)
def test_fault_is_named(reader, tmp_path, name):
    make, words = FAULTY[name]
    (tmp_path / name).write_bytes(make())
    found = read(reader, tmp_path / name)
    assert isinstance(found, str), "was read as if nothing were wrong"
    assert words in found


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archive_is_one_line_soon_and_costs_the_driver_nothing(reader, tmp_path, name):
    (tmp_path / name).write_bytes(HOSTILE[name]())
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    assert isinstance(read(reader, tmp_path / name), str)
    assert time.monotonic() - started < SOON
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200 << 10  # KiB
    (tmp_path / "ada.zip").write_bytes(honest("zip"))
    assert read(reader, tmp_path / "ada.zip")["softmax.py"] == GOOD


def test_without_the_limits_hostile_archives_would_harm(reader, tmp_path, monkeypatch):
    """The same bytes, without the limits on what is read: more than the limits allow comes out."""
    from katagrad.worker import unpack

    monkeypatch.setattr(unpack, "MAX_MEMBERS", 10**9)
    data = HOSTILE["folders.tar.gz"]()
    members = deque()
    with contextlib.suppress(unpack.Unfit):  # 40,000 folders, and no end
        members.extend(unpack._tar(data))
    assert len(members) == 40_000
    with pytest.raises(unpack.Unfit, match="MiB of names"):
        list(unpack.unpack("zip", HOSTILE["folders.zip"]()))
    monkeypatch.setattr(unpack, "MAX_DIRECTORY", 1 << 30)
    monkeypatch.setattr(unpack, "MAX_READ", 1 << 40)
    monkeypatch.setattr(unpack, "MAX_STREAMS", 10**9)
    assert len(unpack.Inflated(HOSTILE["names.tar.gz"]()).read(120 << 20)) == 120 << 20
    assert unpack.Inflated(HOSTILE["streams.tar.gz"]()[: 20 * 5000]).read(1) == b""


def test_archive_that_takes_too_long_is_stopped(tmp_path):
    (tmp_path / "ada.tar.gz").write_bytes(HOSTILE["names.tar.gz"]())
    (tmp_path / "bob.zip").write_bytes(honest("zip"))
    with Reader() as reader:
        assert read(reader, tmp_path / "bob.zip")["softmax.py"] == GOOD
        reader.seconds = 0.05
        assert "takes longer than 0.05 s" in read(reader, tmp_path / "ada.tar.gz")
        reader.seconds = 20.0
        assert read(reader, tmp_path / "bob.zip")["softmax.py"] == GOOD


def test_reader_that_dies_costs_its_archive_alone(reader, tmp_path):
    for name in ("ada", "bob"):
        (tmp_path / f"{name}.zip").write_bytes(honest("zip"))
    assert read(reader, tmp_path / "ada.zip")["softmax.py"] == GOOD
    reader.process.kill()  # as an archive that breaks a decompressor might
    assert read(reader, tmp_path / "bob.zip")["softmax.py"] == GOOD


def test_frames_of_another_archive_are_not_believed(tmp_path):
    """An archive that took the process over cannot answer for the next one."""
    source, target = os.pipe()
    with os.fdopen(target, "wb") as pipe:
        pipe.write(b'{"token": "guess", "name": "softmax.py", "size": 1}\nx')
    with os.fdopen(source, "rb") as pipe, pytest.raises(ValueError, match="another archive"):
        archives._files(pipe, "secret")


def test_reader_works_without_a_sandbox(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "launcher", PlainLauncher)
    (tmp_path / "ada.zip").write_bytes(honest("zip"))
    (tmp_path / "eve.tar.xz").write_bytes(HOSTILE["dictionary.tar.xz"]())
    with Reader() as plain:
        assert read(plain, tmp_path / "ada.zip")["softmax.py"] == GOOD
        assert "256 MiB of memory" in read(plain, tmp_path / "eve.tar.xz")


@pytest.mark.parametrize("form", FORMS)
def test_mutated_archives_are_files_or_one_line(reader, tmp_path, form):
    draw = random.Random(form)
    path = tmp_path / f"eve.{form}"
    for _ in range(EACH):
        path.write_bytes(mutant(form, draw))
        read(reader, path)


# Python's zipfile cuts a name at its first null character when it writes, and fails where nothing is left.
WRITABLE = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda n: n[0] != "\0"
)
NAMES = WRITABLE | st.sampled_from(
    ["softmax.py", "own", "own/x.py", "../x", "/etc/x", "C:\\x", ".git/x", "OWN/x.py", "a//b", "."]
)


@pytest.mark.parametrize("form", FORMS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files=st.dictionaries(NAMES, st.binary(max_size=200), max_size=6), data=st.data())
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_names_are_paths_within_or_one_line(reader, tmp_path, form, files, data):
    packed = pack(form, files)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed = packed[:at] + data.draw(st.binary(max_size=20)) + packed[at + 1 :]
    (tmp_path / f"eve.{form}").write_bytes(packed)
    found = read(reader, tmp_path / f"eve.{form}")
    if isinstance(found, dict):
        for name in found:
            (tmp_path / "home" / name).resolve().relative_to(tmp_path / "home")
            assert not name.startswith((".", "/"))


def test_a_class_with_hostile_archives_is_taken_in(tmp_path):
    for name in ("checksum.zip", "lzma.zip", "cut.tar.gz", "conflict.tar"):
        (tmp_path / name).write_bytes(FAULTY[name][0]())
    (tmp_path / "folders.tar.gz").write_bytes(HOSTILE["folders.tar.gz"]())
    (tmp_path / "zoe.zip").write_bytes(honest("zip"))
    found = take_in(tmp_path)
    assert [student for student, work in found.work.items() if work] == ["zoe"]
    assert sorted(found.unread) == ["checksum", "conflict", "cut", "folders", "lzma"]
    assert all(len(line.splitlines()) == 1 for line in found.problems.values())
