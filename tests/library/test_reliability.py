"""Measuring checks over seeds: what is counted, kept, begun anew, and published."""

import json

import pytest

from katagrad.authoring.threshold import error
from katagrad.boundary.process import Pool
from katagrad.mutation import reliability, reliability_page
from katagrad.mutation.closure import digest
from katagrad.mutation.reliability import Fall, Measured
from katagrad.topics import Topic, topics

STUB = '''"""A topic."""


def double(x):
    """Return 2 x."""
    raise NotImplementedError("double")
'''
SOLUTION = """import torch


def double(x):
    return 2 * x
"""
GRADER = '''import numpy as np
import pytest

from katagrad.authoring.expect import close, holds, integers, normal, random_seed
from katagrad.authoring.threshold import Threshold


def twice(x):
    return 2 * x


@pytest.mark.grade(points=1)
def test_double_doubles(impl):
    """a number is doubled"""
    x = normal(3)
    close(impl.double(x), twice(x), of="double(x)")


@pytest.mark.grade(points=1)
def test_double_is_lucky(impl):
    """a right answer fails where chance wills it"""
    number = int(integers(4))
    impl.double(np.ones(1))
    holds(number != 0, "the number drawn is 0")


LUCK = Threshold("luck", at_least=0.2)


@LUCK.measured_by
def luck(impl, seed):
    impl.double(np.ones(1))
    return np.random.default_rng(seed).random()


@pytest.mark.grade(points=1)
def test_double_is_trained(impl):
    """an outcome of training"""
    LUCK.expect(impl)
'''


@pytest.fixture
def topic(tmp_path):
    """A topic of its own, on whose `double` three checks look."""
    made = Topic("double", "chapter", "title", root=tmp_path)
    for path, text in (
        (made.stub, STUB),
        (made.grader, GRADER),
        (made.solution("torch"), SOLUTION),
        (made.solution("tensorflow"), SOLUTION),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "tests").mkdir()
    return made


@pytest.fixture(scope="module")
def pool():
    """Workers."""
    made = Pool()
    yield made
    made.close()


def change(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_falls_are_counted_by_seed_and_seen_again(topic, pool):
    found = reliability.sample(topic, "torch", 60, pool)
    assert found["test_double_doubles"].gradings == 60
    assert found["test_double_doubles"].falls == ()
    lucky = found["test_double_is_lucky"].falls
    assert 5 <= len(lucky) <= 30
    assert {fall.message for fall in lucky} == {"failed: the number drawn is 0"}
    assert all(fall.repeats for fall in lucky)
    lines = list(reliability.lines(topic, "torch", found))
    assert f"    --seed {lucky[0].seed}: failed: the number drawn is 0" in lines
    assert "pytest graders/double.py --submission solutions/torch" in lines[-1]


def test_training_checks_are_graded_less_often_and_keep_their_runs(topic, pool):
    trained = reliability.sample(topic, "torch", 120, pool)["test_double_is_trained"]
    assert trained.gradings == 3
    runs = trained.trained["luck"]
    assert 6 <= len(runs) <= 27
    assert trained.missed["luck"] == sum(value < 0.2 for value in runs)


def test_a_later_call_goes_on_unless_the_check_has_changed(topic, pool):
    before = reliability.sample(topic, "torch", 20, pool)
    assert reliability.load(topic)["torch"] == before
    assert reliability.stale(topic, "torch", before) == []
    key = "test_double_is_lucky"
    after = reliability.sample(topic, "torch", 40, pool)
    assert after[key].gradings == 40
    assert after[key].falls[: len(before[key].falls)] == before[key].falls
    change(topic.grader, "number != 0", "number < 9")
    # A grader is read once a process; this one's hash is of the file.
    assert reliability.stale(topic, "torch", after) == [key]
    again = reliability.sample(topic, "torch", 5, pool)
    assert (again[key].gradings, again["test_double_doubles"].gradings) == (5, 40)


def test_a_hash_is_of_code_that_the_check_uses(topic):
    def hashes():
        return [digest(topic, "torch", name) for name in ("test_double_doubles", "test_double_is_trained")]  # fmt: skip

    first = hashes()
    change(topic.grader, "def twice(x):\n", 'def twice(x):\n    """2 x."""\n\n    # doubled\n')
    change(topic.grader, "points=1", "points=7")
    assert hashes() == first
    change(topic.grader, "2 * x", "x + x")
    assert [a == b for a, b in zip(hashes(), first, strict=True)] == [False, True]
    change(topic.grader, "default_rng(seed)", "default_rng(seed + 1)")
    assert [a == b for a, b in zip(hashes(), first, strict=True)] == [False, False]
    first = hashes()
    change(topic.solution("torch"), "2 * x", "x + x")
    assert [a == b for a, b in zip(hashes(), first, strict=True)] == [False, False]


def test_what_was_measured_is_kept_a_line_for_a_check(topic):
    measured = {
        "test_a": Measured("0" * 16, 2000, (Fall(7, 'said "no"', False),)),
        "test_b": Measured("1" * 16, 50, (), {"luck": (0.5, 0.1)}, {"luck": 1}),
    }
    reliability.save(topic, {"torch": measured, "tensorflow": {}})
    kept = reliability.path_of(topic).read_text()
    assert len(json.loads(kept)["torch"]) == 2
    assert sum("test_" in line for line in kept.splitlines()) == 2
    assert reliability.load(topic)["torch"] == measured
    assert [path.name for path in reliability.path_of(topic).parent.iterdir()] == ["double.json"]


def test_the_table_tells_counts_and_the_worst_error():
    record = {
        "torch": {
            "test_a": Measured("0", 2000, (Fall(7, "no"), Fall(9, "once", False))),
            "test_b": Measured("0", 1500),
            "test_c": Measured("0", 50, (), {"luck": (0.5,) * 100}, {"luck": 2}),
        },
        "tensorflow": {"test_a": Measured("0", 300)},
    }
    rows = list(reliability_page.table({"double": record}))
    assert rows[2] == ("| `double` | 3 | 1,500 to 2,000 | 1 | 300 | 0 | 100 | 2 |  |  | 4e-05 |")
    assert rows[-1] == (
        "Of 3,850 gradings of single checks, 1 failed. Of 100 training runs, 2 missed their bound."
    )


def test_the_last_lines_count_whole_topics():
    some = {"test_a": Measured("0", 900), "test_b": Measured("0", 600)}
    trained = {"test_c": Measured("0", 5, (), {"luck": (0.5,)}, {"luck": 0})}
    one, two = {"torch": some, "tensorflow": some}, {"torch": some | trained, "tensorflow": {}}
    records = {"one": one, "two": two}
    assert list(reliability_page.table(records))[-2:] == [
        "Training aside, at least 1,800 whole topics were graded, and none lost a point.",
        "With 95 % confidence, chance takes a point from fewer than 1.7 of 1,000 topics.",
    ]


def test_upper_limit_of_a_share():
    assert reliability_page.upper(0, 59) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert reliability_page.upper(3, 3) == 1.0
    assert reliability_page.upper(0, 0) == 1.0


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="lacks"):
        reliability_page.written("no table here")


def test_the_page_says_what_is_kept():
    page = reliability_page.path().read_text(encoding="utf-8")
    assert page == reliability_page.written(page), "run: kata reliability"


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
@pytest.mark.parametrize("name", topics())
def test_measurements_are_of_the_present_checks(name, framework):
    """No check that is as it was measured failed a right answer; of checks that changed since, this says so."""
    topic = topics()[name]
    record = reliability.load(topic)[framework]
    old = reliability.stale(topic, framework, record)
    failing = {
        check: [fall.seed for fall in measured.falls if fall.repeats]
        for check, measured in record.items()
        if check not in old
    }
    assert not {check: seeds for check, seeds in failing.items() if seeds}
    for check, measured in record.items():
        for of, values in measured.trained.items():
            share = measured.missed[of] / len(values)
            assert error(share) < 1e-3, f"{check}: {share:.0%} of the runs miss the bound of {of}"
    if old:
        pytest.skip(f"changed since measured over seeds, or never measured: {', '.join(old)}")
