"""An arena for hostile submissions: a course with canaries in it, a sandbox, and a witness."""

import contextlib
import importlib.util
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from katagrad.boundary.process import Pool
from katagrad.boundary.transport import Transport
from katagrad.errors import PASSED
from katagrad.grading.checks import Rules, manifest, run_topic
from katagrad.grading.submission import Submission
from katagrad.isolation import sandbox
from katagrad.isolation.launcher import ENTRY, PlainLauncher
from katagrad.topics import root, topics
from katagrad.worker.limits import Limits
from tests.hostile.world import World

HERE = Path(__file__).parent
MiB = 1 << 20
LIMITS = Limits(
    wall=4.0, cpu=8, memory=512 * MiB, processes=48, file=8 * MiB, output=1 * MiB, message=64 * MiB
)
# What a bare server is started with: the worker's code, and tests/hostile/bare.py in place of a framework.
BARE = (
    "import sys; sys.path[:0] = [{root!r}, {bare!r}]; import katagrad.worker.server as s; {more}; "
    "s.ADAPTERS.update(torch='bare', tensorflow='bare'); s.main()"
)
# The framework that a bare server is taken for: one that is installed, since the driver asks for that.
STAND_IN = "torch" if importlib.util.find_spec("torch") else "tensorflow"


class BareSandbox(sandbox.Sandbox):
    """The sandbox with any of its defences off, around a server without a framework.

    without: options of bubblewrap to leave out, or ("+", option, ...) to add. code: Python that runs in the
    server before anything else. unfiltered: no system-call filter.
    """

    def __init__(self, found, without=(), add=(), code="pass", unfiltered=False, environment=None):
        super().__init__(found.bwrap, found.user)
        self.without, self.add, self.code = without, list(add), code
        self.unfiltered, self.more = unfiltered, environment or {}

    def environment(self, folder):
        return {**super().environment(folder), **self.more}

    def options(self):
        kept = super().options()
        for one in self.without:
            words = one.split()
            for i in range(len(kept) - len(words), -1, -1):
                if kept[i : i + len(words)] == words:
                    del kept[i : i + len(words)]
        first = next(i for i, word in enumerate(kept) if word == "--remount-ro")
        kept[first:first] = [
            "--perms",
            "0755",
            "--dir",
            "/bare",
            "--ro-bind",
            str(HERE / "bare.py"),
            "/bare/bare.py",
        ]
        return [*kept[: first + 7], *self.add, *kept[first + 7 :]]

    def entry(self):
        plain = super().entry()
        return [*plain[:-1], BARE.format(root=sandbox.HOUSE, bare="/bare", more=self.code)]

    def filter(self):
        if not self.unfiltered:
            return super().filter()
        import struct

        return struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)


class BarePlain(PlainLauncher):
    """Level "process" around a server without a framework."""

    def start(self, python, folder, fds, environment=None, **streams):
        import subprocess
        import sys

        code = BARE.format(root=str(root()), bare=str(HERE), more="pass")
        return subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", code, *python],
            env=self.environment(folder), cwd=folder, pass_fds=fds, start_new_session=True, **streams,
        )  # fmt: skip


@dataclass
class Fight:
    """What came of one attack."""

    points: dict[str, float]
    statuses: dict[str, str]
    words: str  # everything that the submission could say: prints and messages
    seconds: float
    heard: list[bytes]
    loot: list[str]  # canaries in its words, and in what was heard
    opened: list[str]  # what it says that it could do
    witness: str = ""


def processes():
    """Processes that come from this one."""
    return {p.pid for p in psutil.Process().children(recursive=True)}


class Arena:
    """Runs attacks and witnesses."""

    def __init__(self, world, temporary):
        self.world, self.temporary = world, temporary
        self.topic = topics(world.base)["softmax"]
        self.pools = {}

    def pool(self, kind):
        """ "torch", "tensorflow" or "bare" in a sandbox; kept warm."""
        if kind not in self.pools:
            found = sandbox.find()
            launcher = BareSandbox(found) if kind == "bare" else found
            self.pools[kind] = Pool(LIMITS, launcher)
        return self.pools[kind]

    def strangers(self):
        """Processes of other tests, such as multiprocessing's tracker, which stays for good."""
        ours = set()
        for pool in self.pools.values():
            for server in pool.servers.values():
                with contextlib.suppress(psutil.NoSuchProcess):
                    first = psutil.Process(server.process.pid)
                    ours |= {p.pid for p in (first, *first.children(recursive=True))}
        return processes() - ours

    def files(self, text, kind, more=None):
        wrong = (HERE / "wrong" / f"{kind}.py").read_bytes()
        solution = (
            HERE / "right.py" if kind == "bare" else root() / "solutions" / kind / "softmax.py"
        )
        return {
            "softmax.py": text.encode(), "wrong.py": wrong, "right.py": solution.read_bytes(),
            "loot.py": (HERE / "loot.py").read_bytes(), "socketry.py": (HERE / "socketry.py").read_bytes(),
            "place.json": json.dumps(self.world.place).encode(), **(more or {}),
        }  # fmt: skip

    def run(self, text, kind="bare", only=(), pool=None, more=None, seed=11):
        """Grade a submission, and note what it said and did."""
        framework = STAND_IN if kind == "bare" else kind
        submission = Submission(Path("/nonexistent"), framework, self.files(text, kind, more))
        heard = len(self.world.listener.heard)
        started = time.monotonic()
        transport = Transport(pool or self.pool(kind), submission.source(self.topic))
        outcomes = run_topic(transport, self.topic, Rules(seed), only)
        seconds = time.monotonic() - started
        words = "\n".join(o.message + "\n" + o.printed for o in outcomes.values())
        worth = {c.name: c.points for c in manifest(self.topic)}
        news = self.world.listener.heard[heard:]
        said = words + "".join(n.decode("utf-8", "replace") for n in news)
        return Fight(
            {name: worth[name] * (o.status == PASSED) for name, o in outcomes.items()},
            {name: o.status for name, o in outcomes.items()},
            words, seconds, news,
            sorted({c for c in self.world.canaries.values() if c in said}),
            sorted({line[5:] for line in words.splitlines() if line.startswith("OPEN ")}),
        )  # fmt: skip

    def attack(self, name):
        return (HERE / "submissions" / f"{name}.py").read_text()

    def witness(self, kind="bare", pool=None):
        """Grade the next submission on the same server; what it found left over, as printed lines."""
        only = (
            "test_softmax_jvp_multiplies_by_the_jacobian",
            "test_softmax_ignores_a_common_offset",
        )
        fight = self.run((HERE / "witness.py").read_text(), kind, only, pool)
        assert set(fight.statuses.values()) == {PASSED}, fight.words
        return [line for line in fight.words.splitlines() if line.startswith("LEFTOVER")]

    def close(self):
        for pool in self.pools.values():
            pool.close()


def shut_in():
    """Why there are no namespaces here; "" where there are."""
    try:
        sandbox.find()
    except sandbox.Unavailable as reason:
        return str(reason)
    return ""


@pytest.fixture(scope="session")
def found():
    """The sandbox of this machine; the test skips where it has none."""
    reason = shut_in()
    if reason:
        pytest.skip(reason)
    return sandbox.find()


@pytest.fixture(scope="session")
def arena(tmp_path_factory):
    """The arena, with TMPDIR of the driver in a folder of its own."""
    temporary = tmp_path_factory.mktemp("temporary")
    before = tempfile.tempdir
    tempfile.tempdir = str(temporary)
    world = World(tmp_path_factory.mktemp("world")).build(temporary)
    made = Arena(world, temporary)
    yield made
    made.close()
    world.listener.close()
    tempfile.tempdir = before
    os.environ.pop("KATAGRAD_SECRET", None)


@pytest.fixture(scope="session")
def plain(found):
    """Makes pools whose sandbox lacks some defence: `plain(without=..., add=..., code=..., limits=...)`."""
    made = []

    def make(limits=LIMITS, launcher=None, **off):
        pool = Pool(limits, launcher or BareSandbox(found, **off))
        made.append(pool)
        return pool

    yield make
    for pool in made:
        pool.close()


def installed(name):
    return importlib.util.find_spec(name) is not None
