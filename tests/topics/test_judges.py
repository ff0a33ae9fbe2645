"""The judges judged: stubs fail every check, solutions pass every check, every mutant falls to the check it names."""

import importlib.util
from pathlib import Path

import pytest

from katagrad.boundary.process import Pool
from katagrad.grading.submission import edited
from katagrad.mutation import verdicts
from katagrad.mutation.bounds import check_thresholds, thresholds
from katagrad.mutation.entries import named_mutants
from katagrad.mutation.findings import Findings
from katagrad.mutation.validate import Validator
from katagrad.topics import FRAMEWORKS, root, topics

TOPICS = topics()
ALTERNATIVES = sorted((root() / "tests" / "alternatives").glob("*/*.py"))


@pytest.fixture(scope="module")
def pool():
    made = Pool()
    yield made
    made.close()


@pytest.fixture(params=FRAMEWORKS, scope="module")
def framework(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param


def judged(name, framework, pool):
    return Validator(TOPICS[name], framework, pool), Findings(name, framework)


@pytest.mark.parametrize("name", TOPICS)
def test_untouched_stub_fails_every_check(name, framework, pool):
    validator, findings = judged(name, framework, pool)
    validator.stub(findings)
    assert not findings.problems


# `kata validate` tries more seeds.
@pytest.mark.parametrize("name", TOPICS)
def test_solution_passes_every_check(name, framework, pool):
    """Always where something of the topic changed since it passed, else a random sixth of them."""
    validator, findings = judged(name, framework, pool)
    validator.solutions(findings, [1], share=verdicts.RIGHT_SHARE)
    assert not findings.problems


@pytest.mark.parametrize("name", TOPICS)
def test_solution_passes_in_the_surroundings_of_a_script(name, framework, pool):
    """With seeds, prints, settings and a decorator around each function, as scripts have them; as often as above."""
    validator, findings = judged(name, framework, pool)
    validator.script(findings, share=verdicts.RIGHT_SHARE)
    assert not findings.problems


@pytest.mark.parametrize("name", TOPICS)
def test_every_mutant_falls_to_the_check_it_names(name, framework, pool):
    """Those that changed since their verdict was kept, and a random tenth of the others."""
    validator, findings = judged(name, framework, pool)
    validator.mutants(findings, share=verdicts.SHARE)
    assert not findings.problems
    count = len(named_mutants(TOPICS[name], framework))
    assert findings.notes[-1].startswith(f"mutants: {count} of {count} fall to the check")


@pytest.mark.parametrize("name", TOPICS)
def test_examples_of_the_stub_hold_for_the_solution(name, framework, pool):
    validator, findings = judged(name, framework, pool)
    validator.examples(findings)
    assert not findings.problems


@pytest.mark.parametrize(
    "name", [n for n, t in TOPICS.items() if t.grader.is_file() and thresholds(t)]
)
def test_thresholds_are_measured_and_seldom_missed(name, framework):
    findings = Findings(name, framework)
    check_thresholds(TOPICS[name], framework, findings)
    assert not findings.problems


@pytest.mark.parametrize("path", ALTERNATIVES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_unlike_but_correct_solution_gets_full_marks(path, pool):
    """Always where something of the topic changed since it passed, else a random sixth of them."""
    topic, text = TOPICS[path.parent.name], path.read_text("utf-8")
    framework = edited(Path("/nonexistent"), topic.name, text).source(topic).framework
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    validator, findings = judged(topic.name, framework, pool)
    validator.right(findings, path.stem, text, verdicts.ALTERNATIVE_SEED, verdicts.RIGHT_SHARE)
    assert not findings.problems
