"""A worker that cannot start is reported in one line, and leaves no folder, descriptor or process."""

import gc
import os
import subprocess
import sys
import tempfile
import time

import pytest

from katagrad.boundary import Pool, process, server
from katagrad.errors import NotGraded
from katagrad.isolation.launcher import PlainLauncher

WAYS = [("fork", None), ("spawn", "socketpair"), ("spawn", "loopback")]


class NoMemory(PlainLauncher):
    def start(self, *_, **__):
        raise OSError(12, "Cannot allocate memory")


class Instead(PlainLauncher):
    """Runs other code than a worker's."""

    def __init__(self, code):
        super().__init__()
        self.code = code

    def start(self, _, folder, fds, __=None, **streams):
        command = [sys.executable, "-c", self.code]
        return subprocess.Popen(
            command, pass_fds=fds, start_new_session=True, cwd=folder, **streams
        )


@pytest.fixture
def left(tmp_path, monkeypatch):
    """Nothing more in the temporary folder, and no more descriptors, than before."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    yield
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == before


def failure(launcher, method, transport):
    pool = Pool(launcher=launcher, method=method, transport=transport)
    try:
        with pytest.raises(NotGraded) as raised:
            pool.worker("torch")
    finally:
        pool.close()
    return str(raised.value)


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(("method", "transport"), WAYS)
def test_the_system_starts_no_process(method, transport):
    words = "the torch worker could not be started: [Errno 12] Cannot allocate memory"
    assert failure(NoMemory(), method, transport) == words


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(("method", "transport"), WAYS)
def test_the_process_ends_at_once(method, transport):
    began = time.monotonic()
    said = failure(Instead("raise SystemExit(3)"), method, transport)
    assert time.monotonic() - began < 20
    assert "the torch worker " in said
    assert "ended" in said
    assert "status 3" in said


@pytest.mark.usefixtures("left")
def test_the_process_never_answers(monkeypatch):
    for module in (process, server):
        monkeypatch.setattr(module, "START_SECONDS", 1.0)
    idle = Instead("import time; time.sleep(600)")
    assert "it does not answer" in failure(idle, "fork", None)
    assert "no connection within 1 s" in failure(idle, "spawn", "loopback")


class Counting(PlainLauncher):
    def __init__(self):
        super().__init__()
        self.count = 0

    def start(self, *args, **kwargs):
        self.count += 1
        return super().start(*args, **kwargs)


@pytest.mark.needs("torch")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_no_process_is_started_for_the_versions_alone(method):
    """A run of pytest asks for them at each case."""
    launcher = Counting()
    pool = Pool(launcher=launcher, method=method)
    try:
        pool.worker("torch").close()
        assert {"torch", "numpy"} <= set(pool.versions("torch"))
        pool.versions("torch")["torch"] = "another"
        assert pool.versions("torch")["torch"] != "another"
        assert launcher.count == 1
    finally:
        pool.close()
