"""Another revision of a project: what is checked out, and that the user's own repository stays as it is."""

import os
import shutil
import subprocess

import pytest

from katagrad.bench.regress import checkout
from katagrad.bench.regress.collection import run_collection
from katagrad.bench.regress.twins import Unmeasurable

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder, *words):
    about = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    about += ["-c", "protocol.file.allow=always"]
    return subprocess.run(
        ["git", "-C", str(folder), *about, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def committed(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "work.py").write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", text)
    return git(folder, "rev-parse", "HEAD")


def test_a_hook_s_variables_do_not_move_the_head_of_its_repository(tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    first, second = committed(mine, "one"), committed(mine, "two")
    # As git sets them for a pre-push hook.
    monkeypatch.setenv("GIT_DIR", str(mine / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(mine / ".git" / "index"))
    checkout.check_out(mine, first, tmp_path / "base")
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert (tmp_path / "base" / "work.py").read_text() == "one"
    assert git(mine, "rev-parse", "main") == second
    assert git(mine, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert git(mine, "status", "--porcelain") == ""


def test_submodules_come_at_the_commit_that_the_revision_names(tmp_path):
    committed(tmp_path / "part", "one")
    mine = tmp_path / "mine"
    committed(mine, "begin")
    git(mine, "submodule", "--quiet", "add", str(tmp_path / "part"), "parts/of it")
    git(mine, "commit", "--quiet", "-am", "with a part")
    before = git(mine, "rev-parse", "HEAD")
    committed(mine / "parts" / "of it", "two")
    git(mine, "commit", "--quiet", "-am", "a newer part")
    checkout.check_out(mine, before, tmp_path / "base")
    assert (tmp_path / "base" / "parts" / "of it" / "work.py").read_text() == "one"
    # A clone whose submodule has only its newest commit.
    few = tmp_path / "few"
    git(tmp_path, "clone", "--quiet", str(mine), str(few))
    shutil.rmtree(few / "parts" / "of it")
    committed(few / "parts" / "of it", "two")
    with pytest.raises(checkout.Unavailable, match="the submodule parts/of it has no commit"):
        checkout.check_out(few, before, tmp_path / "other")


def test_what_git_ignores_is_known(tmp_path):
    committed(tmp_path, "one")
    (tmp_path / ".gitignore").write_text("_version.py\n")
    (tmp_path / "_version.py").write_text("")
    assert checkout.ignored(tmp_path, tmp_path / "_version.py")
    assert not checkout.ignored(tmp_path, tmp_path / "work.py")


def test_a_span_goes_from_older_to_newer(tmp_path):
    first, second = committed(tmp_path, "one"), committed(tmp_path, "two")
    found = checkout.revisions(tmp_path, f"{first}..main", tmp_path)
    assert [one.id for one in found] == [first, second]
    assert len(checkout.revisions(tmp_path, "main..main", tmp_path)) == 1
    with pytest.raises(checkout.Unavailable, match=f"{first} is older than main; write the older"):
        checkout.revisions(tmp_path, f"main..{first}", tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no names in bytes")
def test_subjects_are_text_whatever_the_encoding(tmp_path):
    first = committed(tmp_path, "one")
    (tmp_path / "work.py").write_text("two")
    told = b"gr\xf6\xdfer"  # Latin-1
    git(tmp_path, "config", "i18n.commitEncoding", "latin-1")
    command = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@e", "commit"]
    subprocess.run([*command, "-qam", told], check=True, capture_output=True)
    subject = checkout.revisions(tmp_path, f"{first}..main", tmp_path)[-1].subject
    assert subject == "gr\N{LATIN SMALL LETTER O WITH DIAERESIS}\N{LATIN SMALL LETTER SHARP S}er"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("test_a.py", "def (", "SyntaxError: invalid syntax"),
        ("test_a.py", "import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("test_a.py::test_b", "def test_c(): pass", "not found: "),
    ],
)
def test_the_reason_why_nothing_can_be_collected_is_the_first_line(tmp_path, name, text, says):
    (tmp_path / "test_a.py").write_text(text)
    with pytest.raises(Unmeasurable) as refused:
        run_collection([f"--rootdir={tmp_path}", str(tmp_path / name)], object())
    assert str(refused.value).startswith("the benchmarks cannot be collected: ")
    assert says in str(refused.value)
