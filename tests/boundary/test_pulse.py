"""A long training shows how far it is: read from outside the submission, as three numbers, on a terminal alone."""

import math
import re
import socket
import sys
import tempfile
import threading
import time
import types
from pathlib import Path

import pytest

from katagrad.boundary.workers import MAX_REPORTS, Worker
from katagrad.errors import Ended
from katagrad.grading.training import TrainingLine, on_terminal
from katagrad.topics import root
from katagrad.worker.limits import Limits
from katagrad.worker.pulse import Pulse, Training, reporting, training_from
from katagrad.worker.wire import Connection

SOLUTION = root() / "solutions" / "torch" / "linear_regression.py"
TRAININGS = {
    "a list of losses": """
        def train(x, epochs):
            history = []
            for _ in range(epochs):
                batches = []
                for _ in range(10):
                    batches.append(0.5)
                history.append(0.25)
                if len(history) in (2, 4):
                    pause()
        """,
    "losses by name": """
        def train(x, epochs):
            found = {"loss": [], "accuracy": []}
            for number in range(epochs):
                if number in (2, 4):
                    pause()
                found["loss"].append(0.25)
                found["accuracy"].append(0.75)
        """,
    "an epoch's number": """
        def train(x, epochs):
            for epoch in range(epochs):
                if epoch in (2, 4):
                    pause()
        """,
}


@pytest.mark.parametrize("text", TRAININGS.values(), ids=TRAININGS)
def test_a_training_is_read_from_its_frames(tmp_path, text):
    lines = [line.removeprefix(" " * 8) for line in text.splitlines()]
    pulse, found = Pulse(threading.get_ident(), tmp_path), []
    # The reports begin before the training does, and come while it runs.
    names = {"pause": lambda: found.append(pulse.look())}
    exec(compile("\n".join(lines), str(tmp_path / "cnn.py"), "exec"), names)
    watched = names["train"]

    def first(frame, event, _):
        if event == "line" and frame.f_code.co_name == "train" and not pulse.seen:
            pulse.look()
        return first

    sys.settrace(first)
    try:
        watched(None, 6)
    finally:
        sys.settrace(None)
    assert [(one.done, one.total) for one in found] == [(2, 6), (4, 6)]
    assert {one.loss for one in found} <= {0.25, None}


def test_keras_counts_for_a_submission_that_calls_it(tmp_path):
    found, pulse = [], Pulse(threading.get_ident(), tmp_path)
    keras = types.ModuleType("keras.made_up")
    text = "def fit(epochs, callbacks):\n    for epoch in range(epochs):\n        look()\n"
    keras.look = lambda: found.append(pulse.look())
    exec(text, vars(keras))
    history = types.SimpleNamespace(history={"loss": [0.75, 0.5]})
    keras.fit(3, types.SimpleNamespace(_history=history))
    assert found[-1] == Training(2, 3, 0.5, "epochs")


def test_other_functions_are_not_trainings(tmp_path):
    pulse = Pulse(threading.get_ident(), tmp_path)
    epochs, epoch, history = 5, 2, [0.5]
    assert pulse.look() is None
    assert (epochs, epoch, history) == (5, 2, [0.5])


@pytest.mark.parametrize(
    "message",
    [
        None,
        {"training": [1, 2, 0.5, 0], "value": 1},
        {"training": [1, 2, "\x1b[2J", 0]},
        {"training": ["1", 2, 0.5, 0]},
        {"training": [3, 2, 0.5, 0]},
        {"training": [1, 2, 0.5, 7]},
        {"training": [True, 2, 0.5, 0]},
        {"training": [1, 10**400, 0.5, 0]},
    ],
)
def test_only_numbers_come_from_a_worker(message):
    assert training_from(message) is None


def worker(*messages, listener=None):
    near, far = socket.socketpair()
    for message in messages:
        Connection(far).send(message)
    output = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker
    made = Worker(Connection(near, strange=True), output, Limits())
    made.listener, made.far = listener, far
    made.reason = lambda: "closed"
    return made


def test_a_report_is_no_answer_where_nobody_asked():
    report = Training(1, 2, 0.5, "epochs").plain()
    heard = []
    one = worker(report, {"value": 7}, listener=heard.append)
    assert one.request("hello", time.monotonic() + 20) == {"value": 7}
    assert heard == [Training(1, 2, 0.5, "epochs")]
    with pytest.raises(Ended, match="a message is no answer"):
        worker(report, {"value": 7}).request("hello", time.monotonic() + 20)


def test_reports_end(monkeypatch):
    monkeypatch.setattr("katagrad.boundary.workers.MAX_REPORTS", 3)
    assert MAX_REPORTS > 3
    report = Training(1, 2, 0.5, "epochs").plain()
    with pytest.raises(Ended, match="too many reports"):
        worker(*[report] * 3, {"value": 7}, listener=[].append).request(
            "hello", time.monotonic() + 20
        )


def test_the_line_takes_its_place_and_leaves_it():
    written = []
    line = on_terminal(written.append)
    line.over()
    assert written == []  # nothing to remove
    line.report("fit", Training(3, 9, math.nan, "epochs"))
    line.report("fit", Training(4, 9, 0.5, "epochs"))  # too soon after the first
    line.over()
    assert written == ["\rfit: 3 of 9 epochs, loss nan", "\r" + " " * 28 + "\r"]


def test_the_time_left_follows_from_the_pace(monkeypatch):
    now, shown = [0.0], []
    monkeypatch.setattr("katagrad.grading.training.time.monotonic", lambda: now[0])
    line = TrainingLine(shown.append, lambda: None)
    for second, done in ((0.0, 10), (2.0, 20), (3.0, 25)):
        now[0] = second
        line.report("fit", Training(done, 100, None, "steps"))
    assert shown == [
        "fit: 10 of 100 steps",
        "fit: 20 of 100 steps, about 16 s left",
        "fit: 25 of 100 steps, about 15 s left",
    ]


@pytest.mark.needs("torch")
def test_pytest_shows_it_on_a_terminal_only(tmp_path):
    pexpect = pytest.importorskip("pexpect")
    text = SOLUTION.read_text(encoding="utf-8")
    slow = text.replace(
        "        history.append", "        time.sleep(0.03)\n        history.append"
    )
    folder = tmp_path / "exercises"
    folder.mkdir()
    (folder / "linear_regression.py").write_text(f"import time\n{slow}", encoding="utf-8")
    words = ["-m", "pytest", str(root() / "graders" / "linear_regression.py")]
    words += ["--submission", str(folder), "-k", "has_its_defaults", "-p", "no:cacheprovider"]
    child = pexpect.spawn(
        sys.executable,
        words,
        cwd=str(Path(root())),
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 80),
    )
    child.expect(r"\rfit: \d+ of 100 epochs, loss [\d.e-]+, about \d+ s left")
    child.expect(pexpect.EOF)
    assert "1 passed" in child.before
    # The line is gone before the next one is written.
    assert re.search(r"\r {40,}\r", child.before)


def test_a_list_that_is_emptied_while_it_is_read_ends_nothing(monkeypatch, capfd):
    looked = []

    def look(self):
        looked.append(1)
        raise IndexError("list index out of range")

    monkeypatch.setattr(Pulse, "look", look)
    near, far = socket.socketpair()
    with near, far, reporting(Connection(near), 0.01, Path("/nonexistent")):
        until = time.monotonic() + 20
        while len(looked) < 3 and time.monotonic() < until:
            time.sleep(0.01)
    assert len(looked) >= 3
    assert capfd.readouterr().err == ""
