"""Test labels stay with the grader: nothing that crosses to a worker holds those of an embedded set."""

from pathlib import Path

import numpy as np
import pytest

from katagrad import data
from katagrad.boundary.implementation import Transport
from katagrad.boundary.process import Pool
from katagrad.errors import PASSED
from katagrad.grading.checks import Rules, run_topic
from katagrad.grading.submission import edited
from katagrad.topics import topics
from katagrad.worker.wire import WithLayout

pytestmark = pytest.mark.needs("torch")

TOPICS = {n: t for n, t in topics().items() if "test_y" in t.grader.read_text("utf-8")}
SETS = {"digits", "breast_cancer", "iris", "wine", "diabetes"}


class Listening(Transport):
    """Keeps every array that is sent."""

    def request(self, op, of, arguments):
        self.sent += arrays(arguments)
        return super().request(op, of, arguments)


def arrays(value):
    """The arrays in a request, flat."""
    if isinstance(value, WithLayout):
        value = value.array
    if isinstance(value, np.ndarray):
        return [value.ravel()]
    if isinstance(value, dict):
        value = list(value.values())
    return [a for item in value for a in arrays(item)] if isinstance(value, (list, tuple)) else []


def holds(sent, labels):
    """Whether labels stand in what was sent: alone, before or after others, as class numbers of one-hot rows, or with
    other numbers for the classes.
    """
    count, numbers = len(labels), [sent]
    if sent.size > count and sent.size % count == 0:
        rows = sent.reshape(count, -1)
        if ((rows == rows.max(axis=1, keepdims=True)).sum(axis=1) == 1).all():
            numbers.append(rows.argmax(axis=1))
    wanted = in_order_of_appearance(labels)
    return any(
        np.array_equal(in_order_of_appearance(part), wanted)
        for found in numbers
        for part in (found[:count], found[-count:])
        if len(part) == count
    )


def in_order_of_appearance(labels):
    """Class numbers renamed: 0 for the first that appears, 1 for the next. What is no class number stays."""
    labels = np.asarray(labels, np.float64)
    values, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    if len(values) > 20:
        return labels
    return np.argsort(np.argsort(first))[inverse].astype(np.float64)


@pytest.mark.parametrize("name", TOPICS)
def test_labels_of_the_test_rows_are_never_sent(name):
    topic, pool = TOPICS[name], Pool()
    text = topic.solution("torch").read_text("utf-8")
    listening = Listening(pool, edited(Path("/nonexistent"), name, text).source(topic))
    listening.sent = []
    outcomes = run_topic(listening, topic, Rules(2, full_size=False))
    pool.close()
    assert {o.status for o in outcomes.values()} == {PASSED}
    splits = {one: getattr(data, one)() for one in SETS}
    seen = {
        one for one, s in splits.items() if any(holds(a, s.train_y.ravel()) for a in listening.sent)
    }
    leaked = {
        one for one, s in splits.items() if any(holds(a, s.test_y.ravel()) for a in listening.sent)
    }
    assert not leaked, f"{name} sends the test labels of {leaked}"
    assert seen or name not in ("classification_problem", "deep_nn"), "the training labels are sent"


def test_labels_are_found_however_they_are_sent():
    labels = np.random.default_rng(0).integers(0, 10, 50)
    longer = np.concatenate([labels, np.zeros(7, int)])
    ways = [
        labels,
        labels.astype(np.float32),
        longer,
        np.roll(longer, 7),
        np.eye(10)[labels].ravel(),
    ]
    for sent in ways:
        assert holds(sent, labels)
    assert not holds(np.roll(labels, 1), labels)
    assert not holds(np.eye(10)[np.roll(labels, 1)].ravel(), labels)
