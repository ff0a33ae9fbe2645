"""The search for the revision at which a time stepped, on planted steps and no clock."""

import random
from itertools import pairwise

import pytest

from katagrad.bench.regress.rule import MORE, Rule
from katagrad.bench.regress.search import Judged, find, spread


def timer(levels, noise, generator, broken=()):
    """Judges revisions whose times are `levels`, with launches that scatter by `noise`, as `regress` would."""

    def judge(places):
        there = [place for place in places if place not in broken]
        judged = Judged(missing={place: "broken" for place in places if place in broken})
        pairs = [*pairwise(there)]
        pairs += [(there[0], there[-1])] if len(there) > 2 else []
        for pair in pairs:
            judged.verdicts[pair], judged.ratios[pair] = MORE, []
        for launch in range(Rule().most):
            seen = {place: levels[place] * generator.lognormvariate(0, noise) for place in there}
            for before, after in pairs:
                if judged.verdicts[before, after] != MORE:
                    continue
                judged.ratios[before, after].append(seen[after] / seen[before])
                if Rule().asks(launch + 1):
                    judged.verdicts[before, after] = Rule().judge(judged.ratios[before, after])
        return judged

    return judge


def steps_of(levels, noise=0.0, seed=0, broken=()):
    time = timer(levels, noise, random.Random(seed), broken)
    return find(time(spread(len(levels))), time)


def test_the_first_points_are_evenly_spaced_with_both_ends():
    assert spread(33) == [0, 8, 16, 24, 32]
    assert spread(3) == [0, 1, 2]
    assert spread(100, 2) == [0, 99]


@pytest.mark.parametrize("at", [1, 7, 19, 32])
def test_a_step_is_found_at_its_revision(at):
    levels = [1.0] * at + [1.1] * (33 - at)
    (step,) = steps_of(levels)
    assert (step.before, step.after, step.verdict) == (at - 1, at, "slower")
    assert step.ratio == pytest.approx(1.1)


def test_a_step_that_was_taken_back_is_found_with_its_end():
    levels = [1.0] * 10 + [1.2] * 9 + [1.0] * 14
    assert [(s.after, s.verdict) for s in steps_of(levels)] == [(10, "slower"), (19, "faster")]


def test_without_a_step_nothing_is_found():
    assert steps_of([1.0] * 33) == []


def test_a_creep_is_a_range():
    (step,) = steps_of([1.02**k for k in range(5)])
    assert (step.before, step.after) == (0, 4)
    assert step.why == "no two neighbours that were timed differ clearly"


def test_revisions_that_cannot_be_timed_widen_the_answer():
    levels = [1.0] * 20 + [1.1] * 13
    (step,) = steps_of(levels, broken={19, 20, 21})
    assert (step.before, step.after) == (18, 22)
    assert step.why == "the revisions between cannot be timed"


def test_noise_seldom_sends_it_astray():
    exact, wrong = 0, 0
    for seed in range(60):
        at = 1 + seed % 32
        found = steps_of([1.0] * at + [1.1] * (33 - at), noise=0.015, seed=seed)
        exact += any((s.before, s.after) == (at - 1, at) for s in found)
        wrong += any(s.after - s.before == 1 and s.after != at for s in found)
    assert exact >= 57
    assert wrong <= 1
