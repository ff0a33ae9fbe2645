"""What counts as a mutant that falls or an answer that passes, and which verdicts are repeated."""

import pytest

from katagrad.errors import FAILED, FORM, LOADING, PASSED
from katagrad.grading.checks import Check, Outcome
from katagrad.mutation import closure, validate, verdicts
from katagrad.mutation.entries import Edit, Named
from katagrad.mutation.findings import Findings
from katagrad.mutation.validate import Validator
from katagrad.topics import topics

TOPIC = topics()["softmax"]
NAMES = ("test_first", "test_second")


def named(caught_by="test_first", crashes=False):
    edit = Edit(") / temperature", ")")
    return Named("no temperature", (edit,), caught_by, crashes=crashes)


@pytest.fixture
def judge(monkeypatch, tmp_path):
    """Judge one mutant whose outcomes by check are given; returns the findings."""
    checks = [Check("softmax", n, "", 1, "Look there.", None, lambda impl: None, ()) for n in NAMES]
    monkeypatch.setattr(validate, "manifest", lambda topic: checks)
    monkeypatch.setattr(verdicts, "path", lambda topic: tmp_path / "softmax.json")

    def of(mutant, outcomes, keep=False, **options):
        monkeypatch.setattr(validate, "named_mutants", lambda topic, framework: [mutant])
        validator = Validator(TOPIC, "torch", pool=object())
        validator.ran = []

        def run(text, seed, only):
            validator.ran += only
            found = outcomes(seed) if callable(outcomes) else outcomes
            return {name: found[name] for name in only}

        validator.run = run
        findings = Findings("softmax", "torch")
        validator.mutants(findings, **options)
        if keep:
            verdicts.keep(TOPIC, "torch", validator.sound)
        return findings, validator.ran

    return of


def test_mutant_runs_against_the_check_that_it_names_and_no_other(judge):
    findings, ran = judge(named(), {"test_first": Outcome(FAILED, "x is 3, but should be 4")})
    assert findings.problems == []
    assert ran == ["test_first"]


def test_survivor_is_told_with_the_check_that_would_catch_it(judge):
    outcomes = {"test_first": Outcome(PASSED), "test_second": Outcome(FAILED, "wrong")}
    findings, _ = judge(named(), outcomes)
    assert findings.problems == [
        "mutant 'no temperature' survives test_first, but falls to test_second"
    ]
    findings, _ = judge(named(), dict.fromkeys(NAMES, Outcome(PASSED)))
    assert findings.problems == [
        "mutant 'no temperature' survives test_first, and every other check"
    ]


@pytest.mark.parametrize("crash", ["NameError", "AttributeError", "SyntaxError", LOADING, FORM])
def test_mutant_that_falls_by_a_crash_is_refused_unless_marked(judge, crash):
    outcomes = {"test_first": Outcome(FAILED, "softmax raised it", crash=crash)}
    findings, _ = judge(named(), outcomes)
    assert "falls by a crash, not by a judgement: softmax raised it" in findings.problems[0]
    findings, _ = judge(named(crashes=True), outcomes)
    assert findings.problems == []


@pytest.mark.parametrize("crash", ["ValueError", "RuntimeError", ""])
def test_an_error_that_a_student_may_well_raise_is_a_judgement(judge, crash):
    findings, _ = judge(named(), {"test_first": Outcome(FAILED, "said so", crash=crash)})
    assert findings.problems == []


def test_a_check_that_is_not_there_is_told(judge):
    findings, _ = judge(named("test_third"), {})
    assert findings.problems == [
        "mutant 'no temperature' names test_third, which is no check of the grader"
    ]


def test_shown_is_what_a_student_reads(judge):
    findings, _ = judge(named(), {"test_first": Outcome(FAILED, "x is 3")}, show=True)
    assert findings.shown == [
        "no temperature (test_first, failed)",
        "    x is 3",
        "    Look at: Look there.",
    ]


def test_kept_verdict_is_repeated_only_when_drawn_or_changed(judge, monkeypatch):
    fails = {"test_first": Outcome(FAILED, "wrong"), "test_second": Outcome(FAILED, "wrong")}
    judge(named(), fails, keep=True)
    _, ran = judge(named(), fails, share=0.0)
    assert ran == [], "nothing changed"
    _, ran = judge(named(), fails, share=1.0)
    assert ran == ["test_first"], "a full run"
    _, ran = judge(named("test_second"), fails, share=0.0)
    assert ran == ["test_second"], "another check"
    monkeypatch.setattr(verdicts, "library", lambda topic: "another")
    ran = [judge(named(), fails, share=0.0)[1] for _ in range(200)]
    assert 11 < sum(map(len, ran)) < 60, "a sixth where the library changed"


def test_mutant_known_to_fall_may_escape_once_by_chance_but_not_twice(judge):
    fails, escapes = (dict.fromkeys(NAMES, Outcome(s, "wrong")) for s in (FAILED, PASSED))
    judge(named(), fails, keep=True)

    def once(seed):
        return escapes if seed == 4 else fails

    def twice(seed):
        return escapes if seed in (4, validate.AGAIN[-1]) else fails

    findings, _ = judge(named(), once)
    assert findings.problems == []
    assert findings.notes == [
        "mutant 'no temperature', once in 3: survives test_first, and every other check",
        "mutants: 1 of 1 fall to the check that they name",
    ]
    assert judge(named(), twice)[0].problems != []
    assert judge(named("test_second"), once)[0].problems != [], "a new mutant has to fall at once"


def test_verdict_of_a_mutant_that_survives_is_not_kept(judge):
    judge(named(), dict.fromkeys(NAMES, Outcome(PASSED)), keep=True)
    assert verdicts.known(TOPIC, "torch") == {}


@pytest.fixture
def grade(monkeypatch, tmp_path):
    """Grade a right answer whose outcome is given, under a seed; returns the problems and whether it ran."""
    monkeypatch.setattr(verdicts, "path", lambda topic: tmp_path / "softmax.json")

    def of(text, outcome, seed=1, share=0.0):
        ran = []
        validator = Validator(TOPIC, "torch", pool=object())
        validator.run = lambda text, seed: ran.append(text) or {"test_first": outcome}
        findings = Findings("softmax", "torch")
        validator.right(findings, "an answer", text, seed, share)
        verdicts.keep(TOPIC, "torch", {**verdicts.known(TOPIC, "torch"), **validator.sound})
        return findings.problems, bool(ran)

    return of


def test_kept_right_answer_is_graded_only_when_drawn_or_changed(grade, monkeypatch):
    passes = Outcome(PASSED)
    assert grade("a = 1", passes) == ([], True)
    assert grade("a = 1", passes) == ([], False), "nothing changed"
    assert grade("a = 1", passes, share=1.0) == ([], True), "all are asked for"
    assert grade("a = 1", passes, seed=2) == ([], True), "another seed"
    assert grade("a = 2", passes) == ([], True), "another answer"
    digest = closure.digest
    monkeypatch.setattr(closure, "digest", lambda *about: "changed" + digest(*about))
    assert grade("a = 2", passes) == ([], True), "a check changed"
    monkeypatch.setattr(verdicts, "machinery", lambda topic: "another")
    monkeypatch.setattr(verdicts, "keep", lambda *about: None)
    ran = [grade("a = 2", passes)[1] for _ in range(300)]
    assert 60 < sum(ran) < 145, "a third where the machinery changed"


def test_right_answer_that_fails_is_not_kept(grade):
    wrong = Outcome(FAILED, "x is 3, but should be 4")
    said = ["an answer: test_first is failed: x is 3, but should be 4"]
    assert grade("a = 1", wrong) == (said, True)
    assert grade("a = 1", wrong) == (said, True)


def test_machinery_counts_what_runs_answers(monkeypatch):
    before = verdicts.machinery.__wrapped__(TOPIC)
    assert before != verdicts.library(TOPIC)
    monkeypatch.setattr(verdicts, "MACHINERY", ("boundary", "grading"))
    assert verdicts.machinery.__wrapped__(TOPIC) != before


def test_library_counts_what_a_grader_imports_and_nothing_else():
    names = {path.stem for path in verdicts._imported(TOPIC.grader, set())}
    assert {"expect", "comparison", "draws"} <= names
    assert "speed" not in names


@pytest.mark.needs("torch")
def test_crashes_of_mutants_are_told_from_judgements_by_the_real_grader():
    validator = Validator(TOPIC, "torch")
    broken = {
        "torch.tahn(x)": "AttributeError",
        "torch.tanh(((": LOADING,
        "missing(x)": "NameError",
        "x": "",
    }
    check = "test_softmax_normalizes_along_its_axis"
    try:
        for code, crash in broken.items():
            text = Edit("weights = torch.exp(shifted)", f"weights = {code}").apply(
                validator.solution
            )
            outcome = validator.run(text, 1, [check])[check]
            assert (outcome.status, outcome.crash) == (FAILED, crash)
    finally:
        validator.close()
