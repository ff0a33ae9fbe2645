"""What every contract means unless it says otherwise, checked by one call for each function of a stub.

    def test_softmax_keeps_the_contracts_words(impl):
        conform(impl, "softmax", [normal(4, 3)], {"axis": -1}, expected=softmax, rows=[0], empty=True)

docs/contract.md says the same in words for students; docs/authoring.md lists the rules and their names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from katagrad.authoring.breaches import Judge
from katagrad.authoring.plan import Plan
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.probing import anew, probe
from katagrad.errors import Failure, NotStarted
from katagrad.worker.wire import Made

__all__ = ["RULES", "anew", "conform"]

# In the order in which breaches are reported; each with the heading of docs/contract.md that has its words.
RULES = {
    "result": "The result",
    "untouched": "Left as it was",
    "settings": "Left as it was",
    "shared": "Left as it was",
    "twice": "The same answer",
    "memory": "The same answer",
    "rng": "rng",
    "float64": "Float tensor",
    "digits": "Float tensor",
    "large": "Float tensor",
    "integers": "Integer tensor",
    "views": "Float tensor",
    "gradients": "Float tensor",
    "keywords": "Arguments",
    "defaults": "Arguments",
    "order": "Arguments",
    "one row": "Rows, and no rows",
    "empty": "Rows, and no rows",
}

BY_ORACLE = ("float64", "large", "one row", "empty")
# Short enough to be shown whole where lines are cut.
WRONG = (
    "The simplest call already gives wrong numbers: look at the formula, then at docs/contract.md."
)
# What else fails, as a student reads it.
ALSO = {
    "untouched": "arguments that should stay as they were",
    "settings": "settings of the framework",
    "shared": "memory that the result shares",
    "twice": "a second call with the same arguments",
    "memory": "a call after other calls",
    "rng": "random draws",
    "float64": "float64 tensors",
    "digits": "the digits of float64 tensors",
    "large": "numbers of about a million",
    "integers": "other integer dtypes",
    "views": "tensors that are transposed or slices",
    "gradients": "tensors that require gradients",
    "keywords": "arguments by name and by position",
    "defaults": "arguments left out",
    "order": "dicts with their keys in another order",
    "one row": "a batch of one row",
    "empty": "a batch without rows",
}


def conform(
    impl: Implementation,
    name: str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    expected: Any = None,
    on: Made | None = None,
    returns: Any = None,
    gives: str = "tensors",
    rows: Sequence[int | str] = (),
    rowwise: bool = False,
    empty: bool = False,
    large: Sequence[int | str] = (),
    changes: Collection[int | str] = (),
    data: Collection[int | str] = (),
    seeded: bool = False,
    exhaust: bool = False,
    variables: bool = False,
    fresh: bool = False,
    only: Collection[str] = (),
    without: Collection[str] = (),
    tolerance: float | None = None,
) -> None:
    """Expect a function to keep what every contract means. Raises Failure that names each breach.

    name, args, kwargs: a valid call. on: `anew("Adam", lr=0.1)`, where `name` is a method of what that makes.
        `anew("build", 3)` may stand as an argument, too: made anew for each call from the same seed.
    expected: the result of the call, or the oracle, a function with the same arguments in NumPy: arrays and NumPy
        numbers stand for tensors, Python numbers for Python numbers, lists, tuples and dicts for themselves.
    returns: the layout of the result, as in other calls.
    gives: "tensors", or "anything" where `expected` is not given and the result holds no tensors.
    rows: the arguments whose axis 0 is the batch. rowwise: each row of the result depends on its row alone.
        empty: the stub allows no rows.
    large: the arguments whose numbers may be of any size, by position or keyword. Needs an oracle.
    changes: the arguments that the stub lets the function change.
    data: the rows on which the function trains parameters that it is given: they never require gradients.
    seeded: the result may depend on global generators, which are then seeded alike for each call.
    exhaust: iterate over the result. variables: float tensors may be a tf.Variable, too.
    fresh: the stub asks for a new dict or list, so it is also new after no epochs (needs the argument `epochs`).
    only, without: the names of rules (the keys of RULES) that are checked, or are not.
    tolerance: between results of the same numbers, relative to the largest; 1e-4 by default.
    """
    unknown = {*only, *without} - set(RULES)
    assert not unknown, f"no such rules: {sorted(unknown)}; there are {', '.join(RULES)}"
    # A function that trains calls backward(), which adds to the gradient of data that asks for one.
    usual = set(RULES) - {"gradients"} if changes else set(RULES)
    assert callable(expected) or not large, "`large` needs an oracle, a function as `expected`"
    wanted = (set(only) or usual) - set(without)
    plan = Plan(impl, name, tuple(args), dict(kwargs or {}), on, seeded, bool(changes), exhaust)
    variables = variables or impl.framework == "torch"
    plan.vary(wanted, list(rows), empty, list(large), variables, fresh, data)
    found = probe(impl, name, plan.calls, plan.of, on, returns)
    failures = [one.error for one in found if isinstance(one.error, NotStarted)]
    if failures or found[0].error is not None:
        raise failures[0] if failures else found[0].error  # type: ignore[misc]
    judge = Judge(plan, found, expected, gives, set(changes), rowwise, tolerance)
    breaches = [(rule, words) for rule in RULES if rule in wanted for words in judge.breaches(rule)]
    if breaches:
        rule, words = breaches[0]
        # Numbers that the oracle gives, too: where the first call is wrong, so are these.
        follow = BY_ORACLE if judge.wrong else ()
        others = list(dict.fromkeys(r for r, _ in breaches if r != rule and r not in follow))
        more = f"\nAlso wrong: {', '.join(ALSO[r] for r in others)}." if others else ""
        see = WRONG if judge.wrong else f'See "{RULES[rule]}" in docs/contract.md.'
        raise Failure(f"{words}\n{see}{more}")
