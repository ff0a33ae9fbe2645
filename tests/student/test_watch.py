"""`kata watch` in a terminal: saves, keys, and the way out."""

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
import types

import psutil
import pytest

from katagrad.student.saves import is_source, saves
from katagrad.student.standing import load
from katagrad.student.watch import Watch
from katagrad.topics import FRAMEWORKS, root, topics
from katagrad.worker.limits import Limits

pexpect = pytest.importorskip("pexpect")
pytestmark = pytest.mark.needs("torch")

SOLUTION = (root() / "solutions" / "torch" / "softmax.py").read_text(encoding="utf-8")
# It takes the maximum along another axis than it sums over.
WRONG = SOLUTION.replace("x.amax(dim=axis", "x.amax(dim=0")
ENDLESS = SOLUTION.replace("    weights =", "    while True:\n        pass\n    weights =")
LAST = "q quit"
# Seconds; a little less than a check is given that nobody ends.
LEFT_ALONE = Limits().wall - 1
CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def fair(seconds):
    """A limit of time, longer where other programs take their share of the machine."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Terminal:
    """A program of 80 columns by 40 lines, with a keyboard."""

    def __init__(self, desk, *words, **settings):
        clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "katagrad", *words],
            cwd=str(desk.folder),
            env={**clean, "TERM": "xterm-256color", **settings},
            dimensions=(40, 80),
            encoding="utf-8",
            timeout=60,
        )
        self.before = termios.tcgetattr(self.child.child_fd)

    def screen(self, last=LAST):
        """Everything up to the end of the next screen that is drawn, without its codes."""
        self.child.expect(last)
        return CODES.sub("", self.child.before).replace("\r\n", "\n")

    def until(self, words):
        """The first screen that holds `words`, wherever its lines break."""
        while words not in " ".join((screen := self.screen()).split()):
            pass
        return screen

    def press(self, key):
        self.child.send(key)

    def ended(self):
        """Read to the end, and return the exit status."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


@pytest.fixture
def terminal(desk):
    made = []

    def start(*words, **settings):
        made.append(Terminal(desk, *words, **settings))
        return made[-1]

    yield start
    for one in made:
        one.child.close(force=True)


def test_from_a_stub_to_the_next_topic(desk, terminal):
    watch = terminal("watch", "softmax")
    assert "untouched stub" in watch.until("NOT WRITTEN")

    desk.write(WRONG)
    screen = watch.until("more fail.")
    assert screen.count("FAILED") == 1
    assert "17 checks passed" in screen
    assert "15 of 15 elements are off" in " ".join(screen.split())

    watch.press("f")
    assert watch.screen().count("FAILED") > 3
    watch.press("f")
    assert watch.screen().count("FAILED") == 1
    for count in (1, 2, 3, 3):
        watch.press("h")
        screen = watch.until(f"Hint {count} of 3")
        assert f"Hint {count + 1} of 3" not in screen
        assert ("--give-up" in screen) == (count == 3)
    assert load(desk.workspace).of(topics()["softmax"]).hints == 3

    watch.press("s")  # not before it is done
    desk.write(SOLUTION.replace("weights", "w"))
    screen = watch.until("softmax is done.")
    assert "the reference" not in screen.replace("see the reference", "")
    assert "Next: losses" in screen
    watch.press("s")
    screen = watch.screen()
    assert "softmax, yours" in screen
    assert "softmax, the reference" in screen
    assert "softmax_jvp: yours is the reference" in screen
    assert all(len(line) <= 80 for line in screen.splitlines())

    watch.press("n")
    watch.until("losses.py is the untouched stub")
    assert load(desk.workspace).present == "losses"
    watch.press("b")
    watch.until("softmax is done.")
    watch.press("l")
    screen = watch.until("Building blocks")
    assert "done" in screen
    assert all(len(line) <= 80 for line in screen.splitlines())
    watch.press("q")
    assert watch.ended() == 0


@pytest.mark.parametrize(
    "framework", [pytest.param(name, marks=pytest.mark.needs(name)) for name in FRAMEWORKS]
)
def test_verdicts_follow_a_save_within_half_a_second(desk, terminal, framework):
    solution = (root() / "solutions" / framework / "softmax.py").read_text(encoding="utf-8")
    # It takes the maximum along another axis than it sums over.
    first = {"torch": "x.amax(dim=", "tensorflow": "tf.reduce_max(x, axis="}[framework]
    assert f"{first}axis" in solution
    wrong = solution.replace(f"{first}axis", f"{first}0")
    watch = terminal("watch", "softmax")
    watch.until("NOT WRITTEN")
    desk.write(solution)
    watch.until("softmax is done.")  # the framework is loaded now
    quickest = {"more fail": 9.0, "softmax is done": 9.0}
    limit = 0.5
    for count in range(16):
        words = list(quickest)[count % 2]
        began = time.monotonic()
        desk.write((solution if count % 2 else wrong) + f"\n# {count}\n")
        watch.child.expect(words)
        quickest[words] = min(quickest[words], time.monotonic() - began)
        watch.screen()
        limit = max(limit, fair(0.5))
        if count > 2 and max(quickest.values()) < 0.5:
            break
    assert max(quickest.values()) < limit, (quickest, limit)


def test_what_failed_is_checked_first_and_shown_at_once(desk, terminal):
    """Its last function is wrong, and the functions before it are slow: the verdict on it does not wait for them."""
    slow = SOLUTION.replace("    weights =", "    import time; time.sleep(0.1)\n    weights =")
    wrong = re.sub(r"(?s)(def softmax_jvp.*?return )", r"\g<1>2 * ", slow)
    assert wrong != slow != SOLUTION
    desk.write(wrong)
    watch = terminal("watch", "softmax")
    watch.until("more fail.")
    for count in range(2):
        desk.write(wrong + f"\n# {count}\n")
        watch.child.expect(r"(\d+) of \d+ checked so far")
        assert int(watch.child.match[1]) == 1
        assert "softmax_jvp" in watch.until("Still checking ...")
        watch.until("more fail.")
    desk.write(SOLUTION)
    watch.until("softmax is done.")


def test_a_save_and_a_key_end_a_check_that_never_would(desk, terminal):
    desk.write(ENDLESS)
    watch = terminal("watch", "softmax")
    watch.until("starting ...")
    time.sleep(3)  # it is in the loop by now, or still on the way there: both must do
    began = time.monotonic()
    desk.write(SOLUTION)
    watch.until("softmax is done.")
    assert time.monotonic() - began < min(fair(10), LEFT_ALONE)
    desk.write(ENDLESS)
    time.sleep(1)
    children = psutil.Process(watch.child.pid).children(recursive=True)
    assert children
    began = time.monotonic()
    watch.press("q")
    assert watch.ended() == 0
    assert time.monotonic() - began < min(fair(10), LEFT_ALONE)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_ctrl_c_leaves_the_terminal_as_it_was(desk, terminal):
    watch = terminal("watch", "softmax")
    watch.until("NOT WRITTEN")
    during = termios.tcgetattr(watch.child.child_fd)
    assert not during[3] & termios.ECHO
    watch.child.sendintr()
    watch.child.expect("goes on from here")
    assert termios.tcgetattr(watch.child.child_fd) == watch.before
    assert watch.ended() == 0


def test_ctrl_c_that_another_thread_got_ends_the_wait_for_a_save():
    watch = Watch(None, types.SimpleNamespace(waiting=False), None, keyboard=False)

    def send():
        time.sleep(0.3)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        time.sleep(10)
        watch.events.put("late")

    threading.Thread(target=send, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        watch.next()
    assert time.monotonic() - began < 8


def test_saving_another_topic_goes_to_it_and_helpers_count(desk, terminal):
    watch = terminal("watch", "softmax")
    watch.until("NOT WRITTEN")
    desk.write("raise RuntimeError('first')\n", "mine")
    desk.write("import torch\nimport mine\n", "losses")
    watch.until("losses (")
    watch.until("RuntimeError: first")
    desk.write("raise RuntimeError('second')\n", "mine")
    watch.until("RuntimeError: second")
    (desk.workspace.exercises / "own").mkdir()
    (desk.workspace.exercises / "own" / "metrics.py").write_text("")  # no topic's file
    (desk.workspace.exercises / "metrics.py").unlink()
    time.sleep(0.5)
    desk.write("raise RuntimeError('third')\n", "mine")
    watch.until("RuntimeError: third")


@pytest.mark.parametrize("name", ["softmax.py", "mine.py"])
def test_files_of_a_submission_are_watched(tmp_path, name):
    assert is_source(tmp_path / name)


@pytest.mark.parametrize("name", [".softmax.py", "softmax.py~", ".softmax.py.swp", "4913", "#a.py"])
def test_files_of_editors_are_not(tmp_path, name):
    assert not is_source(tmp_path / name)


@pytest.fixture
def told(tmp_path):
    """(a folder that is watched, what was told of it by the names of its files)."""
    folder, heard = tmp_path / "exercises", queue.SimpleQueue()
    folder.mkdir()
    (folder / "softmax.py").write_text("1")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.py").write_text("1")
    (folder / "losses.py").symlink_to(tmp_path / "elsewhere" / "real.py")
    with saves(folder, lambda paths: heard.put({path.name for path in paths})):
        time.sleep(0.7)
        yield folder, heard


def until(heard, name):
    while name not in heard.get(timeout=fair(5)):
        pass


def test_saves_are_seen_after_the_folder_was_replaced(told):
    folder, heard = told
    for _ in range(2):
        folder.rename(folder.with_name("before"))
        until(heard, "exercises")  # what is there no longer is worth a check, too
        folder.mkdir()
        (folder / "softmax.py").write_text("2")
        until(heard, "exercises")
        (folder / "softmax.py").write_text("3")
        until(heard, "softmax.py")
        shutil.rmtree(folder.with_name("before"))


def test_saves_through_a_link_are_seen(told):
    folder, heard = told
    real = (folder / "losses.py").resolve()
    real.write_text("2")
    until(heard, "real.py")
    real.with_suffix(".new").write_text("3")  # as editors do
    real.with_suffix(".new").replace(real)
    until(heard, "exercises")
    real.write_text("4")
    until(heard, "real.py")


def test_saves_are_seen_where_the_system_watches_no_more_files(tmp_path, monkeypatch):
    import watchfiles

    plain = watchfiles.watch

    def refusing(*paths, force_polling=None, **settings):
        if not force_polling:
            raise RuntimeError("Error creating recommended watcher: Too many open files")
        return plain(*paths, force_polling=True, **settings)

    monkeypatch.setattr(watchfiles, "watch", refusing)
    heard = queue.SimpleQueue()
    with saves(tmp_path, heard.put):
        time.sleep(1.5)
        assert heard.empty()  # nothing was saved
        (tmp_path / "softmax.py").write_text("1")
        assert heard.get(timeout=fair(5)) == {tmp_path / "softmax.py"}


def test_without_a_terminal_verdicts_follow_each_other(desk):
    watch = subprocess.Popen(
        [sys.executable, "-u", "-m", "katagrad", "watch", "softmax"],
        cwd=desk.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        lines = []

        def until(words):
            for line in watch.stdout:
                lines.append(line)
                if words in line:
                    return
            raise AssertionError(lines)

        until("untouched stub")
        until("Open ")
        desk.write(WRONG)
        until("more fail.")
        desk.write(SOLUTION.replace("weights", "w"))
        until("Run kata solution softmax to see the reference beside it.")
        watch.send_signal(signal.SIGINT)
        rest, _ = watch.communicate(timeout=20)
    finally:
        watch.kill()
    assert watch.returncode == 0
    everything = "".join(lines) + rest
    assert "\x1b" not in everything
    assert "q quit" not in everything
    assert "Stopped." in everything


def test_no_color_is_obeyed(desk, terminal):
    for settings, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        check = terminal("check", "softmax", **settings)
        check.child.expect(pexpect.EOF)
        assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", check.child.before)) == coloured
        assert "NOT WRITTEN" in CODES.sub("", check.child.before)
