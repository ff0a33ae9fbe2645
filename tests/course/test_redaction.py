"""Messages that students read: what a submission can write into them, it could write what it was given into."""

import re

import pytest

from katagrad.course.redaction import without_detail
from katagrad.course.release import released
from katagrad.errors import FAILED
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import Result, topic_result
from katagrad.topics import topics

S = "SECRET"
# Message, and what a student reads of it.
WRITTEN = [
    (
        "softmax_jvp(p, v) is a str ('SECRET world'), but should be a tensor",
        "softmax_jvp(p, v) is a str, but should be a tensor",
    ),
    (
        "f is a list (['SECRET', 2, 3]), but should be a tensor",
        "f is a list, but should be a tensor",
    ),
    (
        "f is a dict ({'SECRET': array([1,2])}), but should hold numbers",
        "f is a dict, but should hold numbers",
    ),
    ("f(x) raised InvalidArgumentError: SECRET", "f(x) raised InvalidArgumentError"),
    ("softmax raised =SECRET: SECRET words", "softmax raised an exception of its own"),
    ("softmax raised a.SECRET: secret", "softmax raised an exception of its own"),
    ("softmax raised ValueError.SECRET: SECRET", "softmax raised an exception of its own"),
    (
        "f(x) is a softmax.SECRET, but should be a tensor",
        "f(x) is an object of its own class, but should be a tensor",
    ),
    (
        "the result does not have the form that the stub describes (softmax grader, line 54: TypeError: SECRET)",
        "the result does not have the form that the stub describes",
    ),
    (
        "f returned a torch.Tensor whose values cannot be read (RuntimeError: SECRET)",
        "f returned what cannot be read",
    ),
    (
        "f(x) returned a SECRET, which no check can read",
        "f(x) returned what cannot be read",
    ),
    (
        "f returned a SECRET.SECRET, but should return a torch.Tensor",
        "f returned an object of its own class, but should return a torch.Tensor",
    ),
    (
        "f has the keys ['SECRET', 'def'], but should have ['x']: 'SECRET' is not asked for",
        "f has other keys, but should have [...]",
    ),
    ("f(x) is ('SECRET', 2, 3), but should be (2, 3)", "f(x) is ..., but should be ..."),
    (
        'f(x) is a str ("it\'s SECRET"), but should be a tensor',
        "f(x) is a str, but should be a tensor",
    ),
    (
        "f(x) is a softmax.x, but should be 3; SECRET, but should be a tensor",
        "f(x) is an object of its own class, but should be a tensor",
    ),
    (
        "f(x) is a str ('SECRET' \"SECRET, but should be a list",
        "f(x) is a str, but should be a list",
    ),
    (
        "softmax.py:3 in softmax: SECRET is not allowed in this topic; its stub has the rule",
        "line 3 uses what is not allowed in this topic; its stub has the rule",
    ),
    (
        "softmax.py:3 imports SECRET; this topic allows torch, NumPy, the standard library and your own files",
        "line 3 uses a package that is not allowed in this topic; its stub has the rule",
    ),
    (
        "the answer to GET is not JSON: 'SECRET' (status 200)",
        "the answer to GET is not JSON: ... (status 200)",
    ),
    ("running m in ONNX Runtime failed: Fail: SECRET", "running m in ONNX Runtime failed"),
    (
        "f raised KeyError (SECRET), but should raise ValueError",
        "f raised KeyError, but should raise ValueError",
    ),
    ("f(x) is 123456789, but should be 3", "f(x) is ..., but should be ..."),
    (
        "f has the shape (0, 8234567890123), but should have (3,)",
        "f has the shape (0, ...), but should have (3,)",
    ),
    (
        "f(x) is a tensor of shape (3,) SECRET, but should be a tensor",
        "f(x) is a tensor, but should be a tensor",
    ),
    ("f(x) is <SECRET in the worker>, but should be 3", "f(x) is ..., but should be ..."),
    ("f(x) returned 3 SECRET", "f(x) returned what cannot be read"),
    ("f(x)[0] is 'SECRET\\' b', but should be 'x'", "f(x)[0] is ..., but should be ..."),
    ("f(x) is [SECRET, but should be x], but should be 3", "f(x) is ..., but should be ..."),
]
SAID = [
    "f(x, axis=-1) has shape (2, 3), but should have (3, 2)",
    "f raised nothing, but should raise ValueError",
    "f(x) is None, but should be a tensor; write return",
    "softmax.py:3 uses torch.softmax, but this topic is to be written without it (and 2 more)",
    "epoch 2 of train took row 5 2 times and row 3 not at all, but should take each once",
    "x was changed by the call; work on a copy",
    "softmax: took longer than 20 s and was stopped",
    "softmax.py is missing; copy the stub from exercises/softmax.py and fill it in",
    "f(x) is a NumPy array, but should be a tensor; convert",
    "f returned 3, but should return a tensor",
    "because",
    "f gives the same for axis=0 and axis=1, but axis should matter",
    "of is float64, but should be float32 (12 of 12 elements are off)",
    "printed more than 1024 KiB; print less, above all inside loops",
    "out of memory",
    "f(x) is a torch.Tensor, but should be a Python float",
    "f has 3 items, but should have 4",
    "softmax: the process ended by itself with status 0; do not call os._exit",
]


@pytest.mark.parametrize(("message", "shown"), WRITTEN)
def test_what_a_submission_writes_into_a_message_stays_behind(message, shown):
    assert S in message or re.search(r"\d{6}", message)
    assert without_detail(message) == shown
    assert S not in shown


@pytest.mark.parametrize("message", SAID)
def test_what_a_grader_says_stays(message):
    assert without_detail(message) == message


def test_values_that_a_grader_says_do_not_stay():
    said = "softmax(x)[0, 2] is nan, but should be 0.33 within 1e-6 (3 of 6 elements are off); it equals x"
    kept = "softmax(x)[0, 2] is nan, but should be ... within ... (3 of 6 elements are off); it equals x"
    assert without_detail(said) == kept


@pytest.mark.parametrize("show", ["messages", "hints"])
def test_no_message_carries_an_input_to_its_student(show):
    topic = topics()["softmax"]
    words = [message for message, _ in WRITTEN]
    outcomes = {c.name: Outcome(FAILED, words[i]) for i, c in enumerate(manifest(topic))}
    made = topic_result(topic, outcomes, "torch", isolation="namespace")
    assert S not in str(released(Result({"softmax": made}, "namespace", 1, False, "ada"), show))
