"""Which attempt counts, and when it came."""

import datetime
from pathlib import Path

import pytest

from katagrad.course.attempts import Attempt, choose
from katagrad.course.moments import read_moment
from katagrad.course.settings import Lateness, TopicRule
from katagrad.grading.submission import Submission

DUE = 1790856000.0  # 2026-10-01T12:00:00Z
NOON = "2026-10-01T12:00"
RULE = TopicRule("softmax", due=datetime.datetime.fromtimestamp(DUE, datetime.timezone.utc))


def attempt(text, when):
    submission = Submission(Path("/nonexistent"), None, {"softmax.py": text.encode()})
    return Attempt(submission, f"{text} at {when:g}", DUE + when, False, "softmax")


def test_the_same_file_twice_at_one_time_is_one_attempt():
    chosen, _ = choose([attempt("a", 0), attempt("b", 9), attempt("b", 9)], None, None)
    assert chosen.source == "b at 9"


def test_two_at_the_same_time_are_not_guessed():
    chosen, why = choose([attempt("a", 0), attempt("b", 9), attempt("c", 9)], None, None)
    assert chosen is None
    assert why == "b at 9, c at 9 came at the same time; keep one"


def test_two_in_time_at_the_same_time_are_not_guessed():
    late = Lateness(attempts="in time")
    chosen, why = choose([attempt("a", -9), attempt("b", -9), attempt("c", 9)], RULE, late)
    assert chosen is None
    assert why == "a at -9, b at -9 came at the same time; keep one"


def test_two_late_ones_at_the_same_time_do_not_spoil_the_one_in_time():
    late = Lateness(attempts="in time")
    chosen, note = choose([attempt("a", -9), attempt("b", 9), attempt("c", 9)], RULE, late)
    assert chosen.source == "a at -9"
    assert note == "the last of 3 attempts that was in time"


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        (f"{NOON}Z", 0),
        (f"{NOON}:00Z", 0),
        (f"{NOON}:00.123456 UTC", 0),
        (f"{NOON}+02:00", -2),
        (f"{NOON}+0200", -2),
        (f"{NOON}:00+0530", -5.5),
        (f"{NOON}+0530", -5.5),
        (f"{NOON}-03:30", 3.5),
        (f"{NOON}:00 -0330", 3.5),
        (f"{NOON}:00.5 +05", -5),
        ("2026-10-01 12:00", 0),
        ("2026-10-01", -12),
    ],
)
def test_moments_are_read_with_every_offset(text, hours):
    assert read_moment(text) == DUE + hours * 3600


@pytest.mark.parametrize("text", ["", "noon", f"{NOON} America/Los_Angeles", "2026-13-01", "12:00"])
def test_what_is_no_moment_is_none(text):
    assert read_moment(text) is None
