"""What students get: everything to work with, nothing of what grades them, and never over their work."""

import ast
import contextlib
import io
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from katagrad.course.handout import WHEEL, handout
from katagrad.course.settings import read_course
from katagrad.course.update import MANIFEST, read_zip, write_folder, write_zip
from katagrad.errors import BadOption
from katagrad.topics import FRAMEWORKS, topics

ROOT = Path(__file__).resolve().parents[2]
CHOSEN = [topics()[name] for name in ("softmax", "cross_entropy", "linear_regression")]
# Shorter lines, `return x` say, say nothing of where they come from.
TELLING = 25


@pytest.fixture(scope="module")
def files():
    return handout(CHOSEN, None, 1)


@pytest.fixture(scope="module")
def everything(files):
    """All content of the hand-out, that of its wheel included, by path."""
    with zipfile.ZipFile(io.BytesIO(files[WHEEL])) as archive:
        inside = {name: archive.read(name).decode() for name in archive.namelist()}
    return {**{n: c.decode() for n, c in files.items() if n != WHEEL}, **inside}


def public_lines():
    """Lines of the library and of the stubs, which everybody may read."""
    found = set()
    for path in (ROOT / "katagrad").rglob("*"):
        if path.suffix in (".py", ".txt") and not {"sample_class", "quiz"} & set(path.parts):
            found.update(line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return found


def hidden_files():
    """Files that no student may read a line of."""
    folders = ("graders", "solutions", "benchmarks", "tests/mutants", "tests/alternatives")
    for folder in (*folders, "katagrad/demo/sample_class", "katagrad/quiz"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".toml", ".json") and "results" not in path.parts:
                yield path


def test_no_line_of_what_is_hidden_is_in_it(everything):
    held = {line.strip() for text in everything.values() for line in text.splitlines()}
    public = public_lines()
    seen = 0
    for path in hidden_files():
        for line in path.read_text(encoding="utf-8").splitlines():
            line = line.strip()
            if len(line) >= TELLING and line not in public:
                seen += 1
                assert line not in held, f"{path.relative_to(ROOT)}: {line}"
    assert seen > 10_000, "there should be much to hide"


def test_no_measured_number_of_a_grader_is_in_it(everything):
    """Outcomes over seeds, which thresholds and bounds stand on."""
    text = "\n".join(everything.values())
    found = 0
    for path in sorted((ROOT / "graders").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.List) and len(node.elts) >= 5:
                numbers = [e.value for e in node.elts if isinstance(e, ast.Constant)]
                if len(numbers) == len(node.elts) and all(isinstance(n, float) for n in numbers):
                    found += 1
                    assert ", ".join(map(str, numbers[:4])) not in text
    assert found, "some grader should have a measured threshold"


def test_hints_go_up_to_the_level_and_to_the_topics_of_the_course(everything):
    text = "\n".join(everything.values())
    for topic in topics().values():
        for level, hint in enumerate(topic.hints, 1):
            here = topic in CHOSEN and level <= 1
            escaped = hint.replace("\\", "\\\\").replace('"', '\\"')
            assert (escaped in text) is here, (topic.name, level)


def test_other_topics_are_not_in_it(everything):
    names = " ".join(everything)
    assert "exercises/softmax.py" in names
    for name in ("attention", "conv2d"):
        assert f"{name}.py" not in names
        assert f"contracts/{name}" not in names


def test_stubs_are_those_of_the_contract(files):
    for topic in CHOSEN:
        assert files[f"exercises/{topic.name}.py"] == topic.contract.read_bytes()


def test_the_same_hand_out_is_the_same_bytes(files):
    assert handout(CHOSEN, None, 1) == files


def test_readme_says_what_the_course_says(tmp_path):
    path = tmp_path / "course.toml"
    path.write_text(
        'name = "Nets"\n[topics.softmax]\npoints = 12\ndue = 2026-10-01T23:59:00Z\nframework = "torch"\n'
    )
    text = handout(CHOSEN[:1], read_course(path), 0)["README.md"].decode()
    row = next(line for line in text.splitlines() if "exercises/softmax.py`" in line)
    assert text.startswith("# Nets\n")
    assert [cell.strip() for cell in row.split("|")[3:6]] == ["torch", "2026-10-01 23:59 UTC", "12"]
    assert "hints" not in text


def test_handing_out_again_never_touches_work(files, tmp_path):
    write_folder(files, tmp_path)
    (tmp_path / "exercises" / "softmax.py").write_text("import torch  # my work")
    (tmp_path / "exercises" / "own.py").write_text("x = 1")
    (tmp_path / "docs" / "contract.md").unlink()
    newer = {
        name: content + b"\n# newer\n" for name, content in files.items() if name != "pytest.ini"
    }
    newer["exercises/own.py"] = b"x = 2"
    done = write_folder(newer, tmp_path)
    assert sorted(done.kept) == ["exercises/own.py", "exercises/softmax.py"]
    assert done.removed == ["pytest.ini"]
    assert (tmp_path / "exercises" / "softmax.py").read_text() == "import torch  # my work"
    assert (tmp_path / "exercises" / "own.py").read_text() == "x = 1"
    assert (tmp_path / "exercises" / "cross_entropy.py").read_bytes().endswith(b"# newer\n")
    assert (tmp_path / "docs" / "contract.md").is_file()
    again = write_folder(newer, tmp_path)
    assert again.written == []
    assert sorted(again.kept) == ["exercises/own.py", "exercises/softmax.py"]


def test_work_stays_work_over_several_hand_outs(files, tmp_path):
    """A kept file must not count as handed out, or the next hand-out would overwrite it."""
    write_folder(files, tmp_path)
    mine = tmp_path / "exercises" / "softmax.py"
    mine.write_text("mine")
    for version in (b"# 1", b"# 2", b"# 3"):
        write_folder({**files, "exercises/softmax.py": version}, tmp_path)
        assert mine.read_text() == "mine"


def test_line_ends_are_no_work(files, tmp_path):
    write_folder(files, tmp_path)
    path = tmp_path / "exercises" / "softmax.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    done = write_folder({**files, "exercises/softmax.py": b"new"}, tmp_path)
    assert (done.kept, done.written) == ([], ["exercises/softmax.py"])


def test_a_zip_brings_a_folder_up_to_date(files, tmp_path):
    write_zip(files, tmp_path / "one.zip")
    write_zip(files, tmp_path / "one.zip")
    write_folder(read_zip(tmp_path / "one.zip"), tmp_path / "mine")
    assert (tmp_path / "mine" / "README.md").read_bytes() == files["README.md"]
    (tmp_path / "other.zip").write_bytes(b"my thesis")
    with pytest.raises(BadOption, match="is there already"):
        write_zip(files, tmp_path / "other.zip")
    with pytest.raises(BadOption, match="cannot be read"):
        read_zip(tmp_path / "other.zip")


def test_a_damaged_zip_is_one_line(files, tmp_path):
    """Whichever byte of it is wrong, nothing is a traceback."""
    path = tmp_path / "one.zip"
    write_zip({name: files[name] for name in list(files)[:3]}, path)
    whole, said = path.read_bytes(), set()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            read_zip(path)
        except BadOption as error:
            said.add(str(error))
        with contextlib.suppress(BadOption):
            write_zip({"a": b"a"}, path)
    assert any("while decompressing" in line for line in said)


@pytest.mark.parametrize("name", ["../x.py", "/etc/x", "a/../../x", "C:x", "a\\b"])
def test_no_file_leaves_the_folder(tmp_path, name):
    with pytest.raises(BadOption, match="outside its folder"):
        write_folder({"first.md": b"", name: b""}, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_link_is_not_written_through(files, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "exercises").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadOption, match="a link that leads out"):
        write_folder(files, tmp_path / "home")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_list_that_cannot_be_read_is_one_line(files, tmp_path):
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(BadOption, match="cannot be read"):
        write_folder(files, tmp_path)


@pytest.fixture(scope="module")
def place(files, tmp_path_factory):
    """(the folder of a student, an interpreter that has the hand-out's wheel and no clone)."""
    home = tmp_path_factory.mktemp("student")
    write_folder(files, home / "work")
    venv.create(home / "venv", symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home / "venv")}))
    with zipfile.ZipFile(home / "work" / WHEEL) as archive:
        archive.extractall(packages)
    # The packages that the library needs; their own .pth files, one of which leads to the clone, are not read.
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib"))
    return home / "work", home / "venv" / "bin" / "python"


def student(place, *command):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        [place[1], "-m", *command], cwd=place[0], env=env, capture_output=True, text=True, check=False
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="the folders of a venv differ")
def test_examples_run_with_the_wheel_alone(place):
    told = student(place, "pytest", "exercises/softmax.py", "-p", "no:cacheprovider")
    assert "3 not started" in told.stdout, told.stdout + told.stderr
    assert "softmax: only the examples ran; the rest is graded by the course" in told.stdout
    assert str(ROOT / "katagrad") not in told.stdout + told.stderr


@pytest.mark.needs("torch")
@pytest.mark.skipif(sys.platform == "win32", reason="the folders of a venv differ")
def test_a_right_answer_passes_and_a_wrong_one_fails(place):
    file = place[0] / "exercises" / "softmax.py"
    stub = topics()["softmax"].contract.read_text()
    solution = topics()["softmax"].solution("torch").read_text().split("\n", 1)[1]
    run = ("pytest", "exercises/softmax.py", "-p", "no:cacheprovider")
    file.write_text(stub + solution)
    told = student(place, *run)
    assert "3 passed" in told.stdout, told.stdout + told.stderr
    file.write_text(stub + solution + "\n\ndef softmax_jvp(p, v):\n    return p\n")
    told = student(place, *run)
    assert "1 failed, 2 passed" in told.stdout
    assert "but should be 0.25" in told.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the folders of a venv differ")
def test_kata_works_with_the_wheel_alone(place):
    for command, said in {"demo": "has no sample class", "quiz": "hand-out has no quiz"}.items():
        done = student(place, "katagrad", command)
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert "softmax" in student(place, "katagrad", "list").stdout
    done = student(place, "katagrad", "check", "softmax")
    assert "Traceback" not in done.stderr, done.stderr
    for _ in range(4):
        done = student(place, "katagrad", "hint", "softmax")
        assert "Traceback" not in done.stderr, done.stderr
    done = student(place, "katagrad", "course", "handout", "--from", "none.zip", "--out", ".")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.needs("torch")
@pytest.mark.skipif(sys.platform == "win32", reason="the folders of a venv differ")
def test_kata_says_that_the_course_grades_the_rest(place):
    file = place[0] / "exercises" / "softmax.py"
    stub = topics()["softmax"].contract.read_text()
    solution = topics()["softmax"].solution("torch").read_text().split("\n", 1)[1]
    # Without the docstrings of the stub, the examples are those that the course handed out.
    for text in (stub + solution, "import torch\n" + solution):
        file.write_text(text)
        done = student(place, "katagrad", "check", "softmax")
        assert "the examples of 3 of 3 functions hold; the course grades the rest" in done.stdout
        assert "All examples hold." in done.stdout
        assert "points" not in done.stdout
    assert "examples hold" in student(place, "katagrad", "list").stdout
    file.write_text(stub + solution + "\n\ndef softmax_jvp(p, v):\n    return p\n")
    done = student(place, "katagrad", "check", "softmax")
    assert done.returncode == 1
    assert "the examples of 2 of 3 functions hold" in done.stdout
    for _ in range(4):
        done = student(place, "katagrad", "hint", "softmax")
    assert "kata solution" not in done.stdout
    for words in (("solution", "softmax"), ("solution", "softmax", "--give-up")):
        done = student(place, "katagrad", *words)
        assert done.stderr == "kata: there is no solution of softmax here; ask your course\n"


def git(folder, *words):
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture
def hand_out(tmp_path, monkeypatch):
    """Runs `kata course handout --topics TOPICS --out OUT WORD...` with a name for git; returns (status, output)."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)

    def run(names, out, *words):
        command = [sys.executable, "-m", "katagrad", "course", "handout", "--topics", names]
        command += ["--out", str(out), *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_hand_out_is_a_commit_of_its_own_files_alone(hand_out, tmp_path):
    out = tmp_path / "their work"
    status, output = hand_out("softmax,losses", out, "--commit")
    assert status == 0, output
    assert git(out, "status", "--porcelain") == []
    handed = set(git(out, "ls-files"))
    assert {"exercises/softmax.py", "exercises/losses.py", "README.md", MANIFEST} <= handed
    assert output.splitlines()[-1] == f"committed to {out}: {git(out, 'log', '--format=%h')[0]}"
    assert hand_out("softmax,losses", out, "--commit")[1].splitlines()[-1] == "nothing to commit"

    # Work that is changed, new or staged is in no commit; a topic less is.
    (out / "exercises" / "softmax.py").write_text("mine")
    (out / "notes.txt").write_text("mine")
    git(out, "add", "notes.txt")
    status, output = hand_out("softmax", out, "--commit")
    assert status == 0, output
    last = git(out, "show", "--name-only", "--format=%s")
    assert last[0] == "Hand out exercises"
    assert "exercises/losses.py" in last
    assert not {"exercises/softmax.py", "notes.txt"} & set(last)
    assert git(out, "status", "--porcelain") == [" M exercises/softmax.py", "A  notes.txt"]


def test_a_hand_out_that_cannot_be_committed_is_one_line(hand_out, tmp_path, monkeypatch):
    assert hand_out("softmax", tmp_path / "a.zip", "--commit") == (
        2,
        "kata: --commit needs a folder as --out; a zip is no git repository\n",
    )
    git(tmp_path, "init", "--quiet", "outer")
    status, output = hand_out("softmax", tmp_path / "outer" / "inner", "--commit")
    assert status == 2
    assert "lies in the git repository" in output
    assert not (tmp_path / "outer" / "inner").exists()

    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}")
    config = tmp_path / "config"
    config.write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    status, output = hand_out("softmax", tmp_path / "out", "--commit")
    assert status == 2
    assert "the files are written, but not committed: git commit: " in output
    assert "Traceback" not in output
    config.write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    status, output = hand_out("softmax", tmp_path / "out", "--commit")
    assert status == 0, output
    assert "exercises/softmax.py" in git(tmp_path / "out", "ls-tree", "-r", "--name-only", "HEAD")


def test_hand_out_is_a_command(tmp_path):
    command = [
        sys.executable,
        "-m",
        "katagrad",
        "course",
        "handout",
        "--topics",
        "softmax",
        "--out",
    ]
    refused = {
        ("",): "Invalid value for '--out': it is empty",
        ("x", "--from", "y.zip"): "--topics cannot be used with --from",
    }
    for words, said in refused.items():
        done = subprocess.run([*command, *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 2
        assert said in done.stderr.splitlines()[-1]
        assert not list(tmp_path.iterdir())
    done = subprocess.run(
        [*command, "mine"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "7 of 7 files written: mine\n", done.stderr
    other = [*command[:-2], "losses", "--out", "mine"]
    done = subprocess.run(other, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "removed, because it is no longer handed out: exercises/softmax.py\n" in done.stdout
    subprocess.run([*command, "mine"], cwd=tmp_path, capture_output=True, check=True)
    (tmp_path / "mine" / "exercises" / "softmax.py").write_text("mine")
    done = subprocess.run(
        [*command, "mine"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "left alone, because it was changed: exercises/softmax.py" in done.stdout


def test_frameworks_of_the_readme_are_known(files):
    assert " or ".join(FRAMEWORKS) in files["README.md"].decode()
