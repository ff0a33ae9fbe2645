"""The rule that calls a slowdown: what it must say where the answer is plain, and when it must not answer."""

import random

import pytest

from katagrad.bench.regress.rule import CANNOT, FASTER, MORE, SAME, SLOWER, Rule, ratio

RULE = Rule()


def fed(ratios):
    """The verdict when the rule is given launches as it asks for them, and how many it took."""
    asked = [count for count in range(1, RULE.most + 1) if RULE.asks(count)]
    assert asked[0] == RULE.first
    assert asked[-1] == RULE.most
    for count in asked:
        assert count <= len(ratios), "it asks for more launches than this test has"
        word = RULE.judge(ratios[:count])
        if word != MORE:
            break
    return word, count


def test_quiet_launches_are_judged_at_once():
    assert fed([1.0, 1.002, 0.998]) == (SAME, RULE.first)
    assert fed([1.10, 1.102, 1.098, 1.101, 1.099]) == (SLOWER, RULE.believed)
    assert fed([0.90, 0.902, 0.898, 0.901, 0.899]) == (FASTER, RULE.believed)


def test_a_difference_is_called_only_when_enough_launches_agree():
    assert RULE.judge([1.2, 1.2, 1.2]) == MORE
    assert RULE.judge([0.8, 0.8, 0.8]) == MORE


def test_launches_near_the_line_ask_for_more():
    near = RULE.line
    assert RULE.judge([near, near + 0.004, near - 0.004]) == MORE


def test_launches_that_disagree_to_the_end_cannot_be_judged():
    steps = (0.2, 0.1, 0.15, 0.12, 0.18, 0.25, 0.22)
    wild = [RULE.line + sign * step for step in steps for sign in (-1, 1)] + [RULE.line]
    assert fed(wild) == (CANNOT, RULE.most)


def test_a_large_difference_is_called_however_launches_scatter():
    assert fed([5 * step for step in (0.7, 1.5, 1.0, 0.65, 1.2, 0.9, 1.4)])[0] == SLOWER
    assert fed([0.2 * step for step in (0.7, 1.5, 1.0, 0.65, 1.2, 0.9, 1.4)])[0] == FASTER


def test_one_launch_that_was_disturbed_decides_nothing():
    assert RULE.judge([1.0, 1.001, 1.4, 0.999, 1.002]) != SLOWER
    assert RULE.judge([1.1, 1.101, 0.7, 1.099, 1.102]) != FASTER


def test_slower_and_faster_mirror_each_other():
    draw = random.Random(3)
    mirrored = {SLOWER: FASTER, FASTER: SLOWER}
    for _ in range(200):
        ratios = [draw.uniform(0.85, 1.18) for _ in range(RULE.believed)]
        word = RULE.judge(ratios)
        assert RULE.judge([1 / one for one in ratios]) == mirrored.get(word, word)


@pytest.mark.parametrize(("shift", "wanted"), [(1.0, SAME), (1.05, SLOWER), (1.10, SLOWER)])
def test_rates_on_simulated_launches_of_two_percent_spread(shift, wanted):
    """Not the machine's rates, which a script measures: only that the rule's arithmetic is what it says."""
    draw = random.Random(7)
    words = [
        fed([shift * draw.lognormvariate(0.0, 0.015) for _ in range(RULE.most)])[0]
        for _ in range(400)
    ]
    judged = [word for word in words if word != CANNOT]
    assert len(judged) > 0.8 * len(words)
    assert sum(word == wanted for word in judged) >= 0.97 * len(judged)


@pytest.mark.parametrize("scatter", [0.05, 0.1, 0.15])
def test_the_same_code_on_a_loaded_machine_is_not_called_slower(scatter):
    """By the median deviation of five launches, 5 of 100 were called slower, and as many faster."""
    draw = random.Random(7)
    words = [
        fed([draw.lognormvariate(0.0, scatter) for _ in range(RULE.most)])[0] for _ in range(1000)
    ]
    assert words.count(SLOWER) <= 17  # 1 in 100 or less, and chance
    assert words.count(FASTER) <= 17
    assert words.count(CANNOT) >= 400


def test_the_figure_of_a_launch_is_its_fastest_blocks():
    assert ratio([1.0, 9.0, 1.2, 0.8, 9.0], [9.0, 1.5, 1.6, 9.0, 1.4]) == pytest.approx(1.5)
