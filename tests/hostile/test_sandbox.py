"""What a process in the sandbox sees, in both ways of making one, and what is said where there is none."""

import json
import os
import platform
import signal
import site
import subprocess
import sys
import time

import pytest

from katagrad.boundary.process import PlainLauncher
from katagrad.errors import BadOption
from katagrad.isolation import sandbox, seccomp
from katagrad.worker import bpf, seal

USERS = ["own", "passing"] if os.geteuid() == 0 else ["own"]


@pytest.fixture(params=USERS)
def shut(request, found):
    made = sandbox.Sandbox(found.bwrap, request.param)
    try:
        sandbox.probe(made)
    except sandbox.Unavailable as reason:
        pytest.skip(str(reason))
    return made


def inside(shut, code):
    process = shut.run(
        [sys.executable, "-I", "-S", "-c", code], shut.environment(None),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def test_sets_that_packages_bring_along_are_not_there(shut):
    """Who reads the labels of scikit-learn's digits predicts them; out here, they can be read."""
    folders = {
        path
        for place in sandbox._packages()
        for name in sandbox.SETS
        if (path := place / name).is_dir()
    }
    assert any(path.match("sklearn/datasets/data") for path in folders)
    listed = inside(
        shut,
        f"import os, json; print(json.dumps([os.listdir(p) for p in {sorted(map(str, folders))!r}]))",
    )
    assert all(any(path.iterdir()) for path in folders)
    assert not any(listed)


def test_only_what_is_needed_is_there(shut):
    shown = inside(
        shut,
        "import os, json; print(json.dumps([os.listdir('/'), os.listdir('/usr'), os.listdir('/katagrad/katagrad'), os.listdir('/etc'), dict(os.environ)]))",
    )
    top, usr, own, etc, environment = map(set, shown)
    assert top <= {
        "bin",
        "lib",
        "lib32",
        "lib64",
        "usr",
        "etc",
        "sys",
        "proc",
        "dev",
        "tmp",
        "katagrad",
        *(p.split("/")[1] for p in (sys.prefix, sys.base_prefix)),
    }
    assert usr <= {"bin", "lib", "lib32", "lib64", "libexec", "include", "local"}
    assert own == {"__init__.py", "worker"}
    assert etc <= {"alternatives", "ld.so.cache"}
    assert not environment & {"KATAGRAD_SECRET", "PWD_OUTSIDE", "SSH_AUTH_SOCK"}


def test_nothing_but_scratch_can_be_written(shut):
    code = (
        "import os, json\nopen_ = []\nfor folder, names, files in os.walk('/'):\n"
        "    names[:] = [n for n in names if os.path.join(folder, n) not in ('/proc', '/sys', '/usr', '/tmp', '/dev/shm') and 'lib' not in folder]\n"
        "    try:\n        os.close(os.open(os.path.join(folder, 'x'), os.O_CREAT | os.O_WRONLY)); open_.append(folder)\n    except OSError: pass\n"
        "print(json.dumps(open_))"
    )
    assert inside(shut, code) == []


def test_packages_of_the_judge_are_masked(shut, monkeypatch, tmp_path):
    """An installed wheel carries graders inside the package, a checkout may lie in the environment."""
    packages = tmp_path / "environment" / "site-packages"
    (packages / "katagrad" / "_content" / "graders").mkdir(parents=True)
    (packages / "katagrad" / "_content" / "graders" / "softmax.py").write_text("SECRET")
    (packages / "other").mkdir()
    real = sandbox._interpreter()
    monkeypatch.setattr(sandbox, "_interpreter", lambda: [*real, str(tmp_path / "environment")])
    look = f"import os, json; print(json.dumps([os.listdir({str(packages)!r}), os.listdir({str(packages / 'katagrad')!r})]))"
    tmp_path.chmod(0o755)
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(packages)])
    names, masked = inside(shut, look)
    assert sorted(names) == ["katagrad", "other"]
    assert masked == []


def test_it_ends_with_its_maker(shut):
    code = (
        f"import os, sys, time; sys.path.insert(0, {str(sandbox.root())!r})\nfrom katagrad.isolation import sandbox\n"
        f"s = sandbox.Sandbox({shut.bwrap!r}, {shut.user!r})\np = s.run([sys.executable, '-I', '-S', '-c', 'import time; time.sleep(600)'], s.environment(None))\n"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    maker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(maker.stdout.readline())
    time.sleep(0.5)
    maker.send_signal(signal.SIGKILL)
    maker.wait()
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid}") or "Z" in open(f"/proc/{pid}/stat").read().split()[2]:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the sandbox outlived its maker")


def test_without_bubblewrap_one_line_says_so(monkeypatch):
    sandbox.find.cache_clear()
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    try:
        with pytest.raises(
            BadOption, match="bubblewrap is not installed; install bubblewrap \\(apt install"
        ) as refusal:
            sandbox.launcher(required=True)
        assert "\n" not in str(refusal.value)
        weaker = sandbox.launcher(required=False)
        assert isinstance(weaker, PlainLauncher)
        assert weaker.weaker_because == "bubblewrap is not installed"
    finally:
        sandbox.find.cache_clear()


def test_a_sandbox_that_does_not_shut_in_is_not_taken(found):
    class Open(sandbox.Sandbox):
        def options(self):
            return [o for o in super().options() if o != "--unshare-net"]

    with pytest.raises(sandbox.Unavailable, match="does not isolate"):
        sandbox.probe(Open(found.bwrap, found.user))


@pytest.mark.parametrize("machine", bpf.ARCHITECTURES)
@pytest.mark.parametrize("filters", [seccomp, seal])
def test_the_filter_is_well_formed(filters, machine):
    program = filters.program(machine)
    assert len(program) % 8 == 0
    lines = [(program[i], program[i + 2], program[i + 3]) for i in range(0, len(program), 8)]
    assert program[-8] == bpf.RETURN
    for i, (code, yes, no) in enumerate(lines):
        if code & 7 == 5:
            assert i + 1 + max(yes, no) < len(lines)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")
def test_the_filter_refuses_by_number_and_argument(shut):
    code = (
        "import ctypes, json, socket\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "def call(*a):\n    r = libc.syscall(*a)\n    return ctypes.get_errno() if r < 0 else 0\n"
        "print(json.dumps([call(101, 0, 0, 0, 0), call(435, 0, 0), call(500), call(0x40000000 + 39), call(56, 0x10000000, 0), call(41, 40, 1, 0), call(39), call(41, 1, 1, 0)]))"
    )
    EPERM, ENOSYS, FAMILY = 1, 38, 97
    assert inside(shut, code) == [EPERM, ENOSYS, ENOSYS, ENOSYS, EPERM, FAMILY, 0, 0]
