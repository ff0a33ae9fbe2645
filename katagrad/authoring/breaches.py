"""Check the results of a battery's calls against its rules."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from katagrad.authoring import likeness, traces
from katagrad.authoring import variants as to
from katagrad.authoring.plan import Plan
from katagrad.boundary.probing import Found
from katagrad.errors import Failure


class Judge:
    """Checks the results of the calls against each rule."""

    def __init__(
        self,
        plan: Plan,
        found: list[Found],
        expected: Any,
        gives: str,
        changes: set[int | str],
        rowwise: bool,
        tolerance: float | None,
    ) -> None:
        self.plan, self.found, self.expected, self.gives = plan, found, expected, gives
        self.changes, self.rowwise, self.tolerance = changes, rowwise, tolerance
        # Whether the first call gives numbers that are wrong, in the right form: then no rule is at fault.
        self.wrong = False
        self.floats = any(a.dtype.kind == "f" for a in to.arrays([plan.args, plan.kwargs]))

    def breaches(self, rule: str) -> list[str]:
        """The failures of one rule, at most one for each call."""
        check: Callable[[], list[str]] = getattr(self, "_" + rule.replace(" ", "_"))
        return check()

    def _oracle(self, key: str) -> Any:
        args, kwargs = self.plan.inputs[self.plan.at[key]]
        with np.errstate(all="ignore"):
            return self.expected(*to.bare(args), **to.bare(kwargs))

    def _against(self, key: str, wanted: Any, why: str, **options: Any) -> list[str]:
        """Compare a call's result, if it was made. why: the end of a message where it raised."""
        if key not in self.plan.at:
            return []
        i = self.plan.at[key]
        error = self.found[i].error
        if error is not None:
            return [f"{error}\nbut should give {why}"]
        options.setdefault("tolerance", self.tolerance)
        try:
            likeness.alike(self.found[i].value, wanted, self.plan.of[i], **options)
        except Failure as reason:
            return [str(reason)]
        return []

    def _same(self, key: str, why: str, **options: Any) -> list[str]:
        return self._against(key, self.found[0].value, why, **options)

    def _result(self) -> list[str]:
        floats = "float32" if self.floats else ""
        of, value = self.plan.of[0], self.found[0].value
        if self.expected is None:
            try:
                likeness.numeric(value, of, floats, self.gives)
            except Failure as reason:
                return [str(reason)]
            return []
        wanted = self._oracle("plain") if callable(self.expected) else self.expected
        options: dict[str, Any] = {"floats": floats, "oracle": True, "tolerance": self.tolerance}
        try:
            likeness.alike(value, wanted, of, **options)
        except Failure as reason:
            with contextlib.suppress(Failure):
                likeness.alike(value, wanted, of, values=False, **options)
                self.wrong = True
            return [str(reason)]
        return []

    def _untouched(self) -> list[str]:
        return [
            words
            for i, found in enumerate(self.found)
            if found.error is None and self.plan.calls[i].like is None
            for words in traces.touched(
                self.plan.of[i], self.plan.names, self.plan.inputs[i], found, self.changes
            )[:1]
        ]

    def _settings(self) -> list[str]:
        return [
            f"{of} left {name} at {after}, but should leave it at {before}"
            for of, found in zip(self.plan.of, self.found, strict=True)
            for name, before, after in found.world[:1]
        ]

    def _shared(self) -> list[str]:
        of, found = self.plan.of[0], self.found[0]
        words = [traces.sharing(of, self.plan.names, *pair) for pair in found.shared[:1]]
        at = self.plan.at.get("no epochs")
        if not words and at is not None and self.found[at].error is None:
            # A dict or a list that is given back. That its tensors are those given is no mistake of a training.
            idle = self.found[at]
            given = [pair for pair in idle.shared if traces.is_container(idle.value, pair[0])]
            words = [traces.sharing(self.plan.of[at], self.plan.names, *p) for p in given[:1]]
        at = self.plan.at.get("other")
        if not words and at is not None and self.found[at].error is None:
            try:
                subject = f"the result of {of}, read after a second call,"
                likeness.alike(self.found[at].later, found.value, subject, tolerance=0.0)
            except Failure as reason:
                words.append(f"{reason}: later calls write into the same memory")
        return words

    def _twice(self) -> list[str]:
        return self._same("twice", "the same answer as at first")

    def _memory(self) -> list[str]:
        found = self._same("memory", "the same answer as at first")
        at = self.plan.at.get("alone")
        if not found and at is not None and self.found[at].error is None:
            found = self._against(
                "other", self.found[at].value, "what it gives where no call came before"
            )
            found = [f"{words}, its value in a fresh process" for words in found]
        return found

    def _rng(self) -> list[str]:
        words = []
        for key, what in (("other rng", "another rng"), ("same rng", "the next draws of one rng")):
            at = self.plan.at.get(key)
            if at is None or self.found[at].error is not None:
                continue
            try:
                likeness.alike(self.found[at].value, self.found[0].value, "", tolerance=0.0)
            except Failure:
                continue
            of = self.plan.of[at]
            words.append(f"{of} is the same as before, but should differ with {what}")
        return words

    def _float64(self) -> list[str]:
        oracle = callable(self.expected) and "float64" in self.plan.at
        wanted = self._oracle("float64") if oracle else self.found[0].value
        why = "a float64 result"
        return self._against("float64", wanted, why, floats="float64", oracle=oracle)

    def _digits(self) -> list[str]:
        at = self.plan.at.get("float64")
        inputs = [] if at is None else to.arrays(list(self.plan.inputs[at]))
        if at is None or not any(to.long(a).any() for a in inputs if a.dtype.kind == "f"):
            return []
        near = [self.found[self.plan.at[f"scaled by {by}"]] for by in (0.0, to.HALF, to.BIG)]
        words = likeness.rounded(self.found[at].value, self.plan.of[at])
        if words or any(found.error is not None for found in near):
            return words
        words = likeness.blurred(
            self.found[at].value,
            [found.value for found in near],
            self.plan.of[at],
            "its inputs grow",
        )
        for name in self.plan.alone if not words else ():
            one = [self.found[self.plan.at[f"{name} scaled by {by}"]] for by in to.STEPS]
            if not words and not any(found.error is not None for found in one):
                tiny, half, big = (found.value for found in one)
                words = likeness.blurred(
                    tiny, [near[0].value, half, big], self.plan.of[at], f"{name} alone grows"
                )
        return words

    def _large(self) -> list[str]:
        if "large" not in self.plan.at:
            return []
        floats = "float64" if "float64" in self.plan.at else "float32"
        wanted = self._oracle("large")
        return self._against("large", wanted, "a result", floats=floats, oracle=True)

    def _integers(self) -> list[str]:
        why = "the same as for int64"
        return [words for width in to.WIDTHS for words in self._same(width, why, integers=True)]

    def _views(self) -> list[str]:
        why = "the same as for contiguous tensors"
        return self._same("transposed", why) + self._same("sliced", why)

    def _gradients(self) -> list[str]:
        return self._same("leaf", "the same as for tensors that require none")

    def _keywords(self) -> list[str]:
        why = f"the same as {self.plan.of[0]}"
        return self._same("by name", why) + self._same("by position", why)

    def _defaults(self) -> list[str]:
        return self._same("defaults", f"the same as {self.plan.of[0]}")

    def _order(self) -> list[str]:
        return self._same("order", "the same, since the order of keys has no meaning")

    def _one_row(self) -> list[str]:
        return self._rows("one row", 1)

    def _empty(self) -> list[str]:
        return self._rows("empty", 0)

    def _rows(self, key: str, count: int) -> list[str]:
        if key not in self.plan.at:
            return []
        why = f"a result for {count} rows"
        floats = "float32" if self.floats else ""
        if callable(self.expected):
            return self._against(key, self._oracle(key), why, floats=floats, oracle=True)
        rows = max(len(a) for a in to.arrays([self.plan.args, self.plan.kwargs]) if a.ndim)
        wanted = likeness.cut(self.found[0].value, rows, count)
        values = self.rowwise and count > 0
        return self._against(key, wanted, why, floats=floats, values=values)
