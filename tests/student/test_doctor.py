"""`kata doctor`: a sound installation is called sound, and each fault is named with the line that mends it."""

import importlib.metadata
import shlex
from collections import namedtuple

import pytest

from katagrad.data.status import Status
from katagrad.errors import NotGraded
from katagrad.isolation.sandbox import Unavailable
from katagrad.student import doctor
from katagrad.student.standing import path_of
from katagrad.student.workspace import find
from katagrad.topics import FRAMEWORKS


def test_a_sound_workspace_has_nothing_wrong(desk):
    found = list(doctor.examine(desk.folder, start=False))
    assert [one for one in found if one.level == doctor.WRONG] == []
    subjects = [one.subject for one in found]
    assert subjects[:3] == ["Python", *FRAMEWORKS]
    assert {"workspace", "progress", "editor", "data", "isolation", "disk", "terminal"} <= set(
        subjects
    )


@pytest.mark.parametrize(
    ("version", "level"), [((3, 9), "wrong"), ((3, 10), "ok"), ((3, 14), "wrong")]
)
def test_python(version, level):
    assert doctor.python(version).level == level


def test_without_any_framework_nothing_works(monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    found = list(doctor.frameworks(start=False))
    assert [one.level for one in found] == ["wrong", "wrong"]
    assert found[0].remedy == "pip install 'katagrad[torch]'"


def test_one_framework_is_enough(monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: name == "torch" or None)
    monkeypatch.setattr(doctor, "requirements", lambda extra: [])
    assert [one.level for one in doctor.frameworks(start=False)] == ["ok", "note"]


@pytest.mark.parametrize("version", ["1.0", None])
def test_a_version_out_of_range_and_a_part_that_is_missing(monkeypatch, version):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: True)

    def told(name):
        if version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(doctor.importlib.metadata, "version", told)
    found = next(iter(doctor.frameworks(start=False)))
    assert found.level == "wrong"
    assert ("1.0" in found.found) == (version is not None)
    assert "katagrad[torch]" in found.remedy


def test_what_an_extra_asks_for_is_read_from_the_package():
    assert {one.name for one in doctor.requirements("torch")} == {"torch"}
    assert {"tensorflow", "keras"} <= {one.name for one in doctor.requirements("tensorflow")}


def test_a_framework_that_cannot_be_imported(monkeypatch):
    class Broken:
        def versions(self, name):
            raise NotGraded("the torch worker did not start: libc is too old")

        def close(self):
            pass

    monkeypatch.setattr(doctor, "Pool", Broken)
    monkeypatch.setattr(doctor, "_versions", lambda name, remedy: None)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: True)
    found = next(iter(doctor.frameworks(start=True)))
    assert (found.level, "too old" in found.found) == ("wrong", True)
    assert "--force-reinstall" in found.remedy


def test_faults_of_a_workspace_are_mended_by_the_lines_that_are_given(desk, tmp_path):
    assert doctor.place(find(tmp_path)).remedy == "kata init DIR"
    (desk.workspace.exercises / "softmax.py").unlink()
    (desk.folder / "conftest.py").unlink()
    path_of(desk.workspace).write_text("{")
    output = desk.run("doctor", expect=1)
    assert "softmax.py are missing" in output
    found = {one.subject: one for one in doctor.examine(desk.folder, start=False)}
    assert found["editor"].level == found["progress"].level == "wrong"
    assert found["progress"].remedy.startswith("mv ")
    path_of(desk.workspace).unlink()
    for subject in ("workspace", "editor"):
        words = shlex.split(found[subject].remedy)
        assert words[0] == "kata"
        desk.run(*words[1:])
    after = list(doctor.examine(desk.folder, start=False))
    assert [one.subject for one in after if one.level == "wrong"] == []
    assert (desk.workspace.exercises / "softmax.py").is_file()


@pytest.mark.parametrize(
    ("state", "level"),
    [("missing", "note"), ("whole", "ok"), ("corrupt", "wrong"), ("partial", "wrong")],
)
def test_data(monkeypatch, state, level):
    monkeypatch.delenv("KATAGRAD_DATA", raising=False)
    row = Status("mnist", "MNIST", state, None, 1, "", "")
    monkeypatch.setattr(doctor.data, "list_status", lambda: [row])
    found = doctor.datasets()
    assert found.level == level
    assert ("kata data get mnist" in found.remedy) == (level != "ok")


def test_a_folder_of_data_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("KATAGRAD_DATA", str(tmp_path / "dta"))
    monkeypatch.setattr(doctor.data, "list_status", list)
    found = doctor.datasets()
    assert (found.level, found.remedy) == ("note", "unset KATAGRAD_DATA")
    assert found.found == f"KATAGRAD_DATA names {tmp_path / 'dta'}, which is no folder"


def test_without_bubblewrap_a_student_can_still_work(monkeypatch):
    def none():
        raise Unavailable("bubblewrap is not installed")

    monkeypatch.setattr(doctor, "find_sandbox", none)
    found = doctor.isolation()
    assert found.level == "note"
    assert "apt install bubblewrap" in found.remedy


def test_a_full_disk(monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(10, 9, 1 << 20))
    assert doctor.room(tmp_path).level == "note"
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(10, 9, 1 << 40))
    assert doctor.room(tmp_path).level == "ok"
