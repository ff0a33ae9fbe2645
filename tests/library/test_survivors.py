"""Detection of generic mutants: what counts as caught depends neither on the order of checks nor on first limits."""

import pytest

from katagrad.errors import FAILED, NOT_GRADED, PASSED
from katagrad.grading.cases import Case
from katagrad.grading.checks import Check, Outcome, Rules, manifest
from katagrad.mutation import survivors
from katagrad.mutation.operators import Mutant
from katagrad.mutation.survivors import Detector

SOURCE = """def first(x):
    return x + 1


class Second:
    def step(self, x):
        return x - 1


LAST = 2
"""
RULES = Rules(1)


class NoTransport:
    closed = False
    forgotten = 0

    def close(self):
        self.closed = True

    def forget_overtime(self):
        self.forgotten += 1


def check(name, seconds=None):
    return Check("topic", name, "", 1, "", seconds, lambda impl: None, (Case("", {}),))


def mutant(line):
    return Mutant("number", line, "1", "2", "")


@pytest.fixture
def detector(monkeypatch):
    """A detector with three checks; `needs` is how long each takes on a mutant, `fails` those that do not pass."""
    made = Detector(
        [check("slow", 60.0), check("quick"), check("middling", 30.0)],
        SOURCE,
        {"slow": 5.0, "quick": 0.01, "middling": 0.5},
        wall=20.0,
    )
    made.needs, made.fails, made.ran = {}, {}, []

    def run(transport, which, rules):
        made.ran.append((which.name, which.seconds))
        took = made.needs.get(which.name, made.seconds[which.name])
        if took > which.seconds if which.seconds else took > made.wall:
            return Outcome(FAILED, "took longer", seconds=which.seconds or made.wall)
        return Outcome(made.fails.get(which.name, PASSED), "said so", seconds=took)

    monkeypatch.setattr(survivors, "run_check", run)
    return made


def test_scope_is_the_innermost_definition(detector):
    assert [detector.scope(mutant(line)) for line in (2, 5, 7, 10)] == [
        "first",
        "Second",
        "step",
        "",
    ]


def test_cheap_checks_come_first_and_every_check_is_run_on_a_survivor(detector):
    assert detector.catch(mutant(2), NoTransport(), RULES) == ""
    assert [name for name, _ in detector.ran] == ["quick", "middling", "slow"]


def test_the_check_that_caught_the_last_mutant_of_a_function_is_tried_first_there(detector):
    detector.fails = {"middling": FAILED}
    for _ in range(9):
        assert detector.catch(mutant(2), NoTransport(), RULES) == "middling"
    detector.seconds |= {"quick": 0.4}
    assert next(c.name for c in detector.ranked(mutant(2))) == "middling"
    assert next(c.name for c in detector.ranked(mutant(7))) == "quick", (
        "another function learns nothing from it"
    )


def test_a_mutant_that_is_slow_but_right_survives(detector):
    detector.needs = {"middling": 29.0, "slow": 59.0, "quick": 19.0}  # all under their own limits
    transport = NoTransport()
    assert detector.catch(mutant(2), transport, RULES) == ""
    assert transport.forgotten == 2, "a transport fails a function at once that took too long"
    assert {("slow", 60.0), ("middling", 30.0)} <= set(detector.ran), (
        "the own limits were never tried"
    )


def test_an_endless_mutant_falls_to_the_shortest_of_the_own_limits(detector):
    detector.needs = {"middling": 1e9, "slow": 1e9}
    assert detector.catch(mutant(2), NoTransport(), RULES) == "middling"
    limits = [seconds for name, seconds in detector.ran if name != "quick"]
    assert limits == [4.0, 25.0, 30.0]


def test_a_failure_before_the_first_limit_is_final_and_a_grader_that_fails_is_named(detector):
    detector.fails = {"quick": NOT_GRADED}
    assert detector.catch(mutant(2), NoTransport(), RULES) == f"quick ({NOT_GRADED}: said so)"
    assert len(detector.ran) == 1


def test_the_worker_is_closed_whatever_comes(detector):
    detector.fails = {"quick": FAILED}
    transport = NoTransport()
    detector.catch(mutant(2), transport, RULES)
    assert transport.closed


def test_a_function_that_was_late_under_a_first_limit_is_called_again(monkeypatch):
    pytest.importorskip("torch")
    from katagrad.mutation.validate import Validator
    from katagrad.topics import topics

    monkeypatch.setattr(survivors, "LEAST", 0.5)
    validator = Validator(topics()["softmax"], "torch")
    head = "def softmax(x, axis=-1, temperature=1.0):\n"
    slow = validator.solution.replace(head, f"{head}    time.sleep(0.8)\n")
    slow = slow.replace("import torch\n", "import time\n\nimport torch\n")
    one = next(c for c in manifest(validator.topic) if "divides" in c.name)
    made = Detector([one], validator.solution, {one.name: 0.01}, 20.0)
    try:
        transport = validator.transport(slow, "torch")
        assert made.catch(mutant(2), transport, RULES) == ""
    finally:
        validator.close()


def test_generic_mutants_of_a_small_topic_all_fall_or_are_listed():
    pytest.importorskip("torch")
    from katagrad.mutation.entries import equivalents
    from katagrad.mutation.validate import Validator
    from katagrad.topics import topics

    topic = topics()["softmax"]
    validator = Validator(topic, "torch")
    try:
        found = list(validator.detect("generic"))
    finally:
        validator.close()
    known = equivalents(topic, "torch")
    alive = [m for m, caught in found if not caught]
    assert len(found) > 40
    assert [m for m in alive if not any(e.matches(m, validator.solution) for e in known)] == []


def test_mutants_that_no_check_could_see_do_not_count(monkeypatch):
    pytest.importorskip("torch")
    from katagrad.mutation.validate import Validator
    from katagrad.topics import topics

    validator = Validator(topics()["softmax"], "torch")
    right, wrong = validator.solution, validator.solution.replace("temperature", "1 / 0 # ")
    made = [("no probe", ""), ("seen", wrong), ("seen, too", wrong), ("not seen", right)]
    family = [Mutant("result", 1, "", after, right, probe) for after, probe in made]
    monkeypatch.setattr(validator, "family", lambda name: family)
    try:
        found = [(mutant.after, caught) for mutant, caught in validator.detect("careless")]
    finally:
        validator.close()
    assert found == [("no probe", ""), ("seen", ""), ("seen, too", "")]


def test_the_listing_tells_survivors_stale_entries_and_graders_that_gave_up(monkeypatch, capsys):
    from types import SimpleNamespace

    from katagrad.mutation import commands, scores, validate
    from katagrad.mutation.entries import Equivalent

    class Found:
        solution = SOURCE

        def __init__(self, *given):
            pass

        def family(self, name):
            return [mutant for mutant, _ in self.detect(name)]

        def detect(self, family):
            yield Mutant("number", 2, "1", "2", ""), "test_first"
            yield Mutant("number", 2, "1", "0", ""), "test_first (not graded: no data)"
            yield Mutant("number", 7, "1", "2", ""), ""
            yield Mutant("number", 10, "2", "3", ""), ""

    entries = [Equivalent("2", "3", "nobody reads it"), Equivalent("1", "0", "a false claim")]
    monkeypatch.setattr(validate, "Validator", Found)
    monkeypatch.setattr(commands, "equivalents", lambda topic, framework: entries)
    kept = []
    monkeypatch.setattr(scores, "keep", lambda *given: kept.append(given))
    commands.survivors(SimpleNamespace(name="any"), "torch", None)
    assert kept == [("any", "torch", "generic", scores.Score(2, 3, 1))]
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(
        "`1` -> `0` is stopped, but not failed, by test_first (not graded: no data)"
    )
    assert said[1] == "  ~ line 7, number: `1` -> `2` survives"
    assert said[2] == "  ~ `1` -> `0` is listed as equivalent, but is caught"
    assert said[3].startswith(
        "    generic mutation: 2 of 3 caught (66.7 %), 1 listed as equivalent"
    )
    assert len(said) == 4
