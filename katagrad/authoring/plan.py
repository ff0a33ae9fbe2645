"""The calls that a battery makes of one function."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from katagrad.authoring import variants as to
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.probing import Call
from katagrad.boundary.remote import Remote
from katagrad.worker.wire import Made, Random

# Of the global generators; any number serves.
SEED = 20_011
# Each argument that is scaled alone costs three calls.
MOST_ALONE = 6


class Plan:
    """The calls to be made, each with its name and how it reads."""

    def __init__(
        self,
        impl: Implementation,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        on: Made | None,
        seeded: bool,
        changing: bool,
        exhaust: bool,
    ) -> None:
        self.parameters = to.parameters(impl, name, on)
        self.names = [parameter.name for parameter in self.parameters]
        self.name = name if on is None else f"{on.name}.{name}"
        self.args, self.kwargs = args, kwargs
        self.views = impl.framework == "torch"
        self.seeded, self.exhaust = seeded, exhaust
        self.stateful = on is not None or changing
        # A call that trains costs what training costs, so int8 is left out: PyTorch takes uint8 for a mask in an
        # index but for labels in a loss, where it refuses the other widths.
        self.widths = ("int32", "uint8") if changing else to.WIDTHS
        self.random = any(isinstance(leaf, Random) for leaf in to.leaves([args, kwargs]))
        parts = [on, *self.args, *self.kwargs.values()]
        self.made = any(isinstance(part, (Made, Remote)) for part in parts)
        self.calls: list[Call] = []
        self.of: list[str] = []
        self.at: dict[str, int] = {}
        # The arguments that are scaled one at a time.
        self.alone: list[str] = []
        self.inputs: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def add(
        self,
        key: str,
        words: str,
        change: to.Change = to.narrow,
        form: str = "plain",
        given: tuple[tuple[Any, ...], dict[str, Any]] | None = None,
        plain: Collection[int | str] = (),
        **options: Any,
    ) -> None:
        """One more call. words: what is unusual about it. given: other arguments than the usual.

        plain: the arguments that are not held in `form`.
        """
        args, kwargs = (self.args, self.kwargs) if given is None else given
        forms = {key: "plain" if key in plain else form for key in (*range(len(args)), *kwargs)}
        args = tuple(to.mapped(a, change, forms[i]) for i, a in enumerate(args))
        kwargs = {key: to.mapped(a, change, forms[key]) for key, a in kwargs.items()}
        # TensorFlow forgets its kernels when it is seeded, which costs more than the calls: seed only what needs it.
        made = SEED if self.made else None
        seed = SEED if self.seeded else SEED + len(self.calls) if self.made else None
        self.at[key] = len(self.calls)
        self.inputs.append((args, kwargs))
        self.of.append(words + to.wording(self.name, self.names, args, kwargs))
        self.calls.append(Call(args, kwargs, made=made, seed=seed, exhaust=self.exhaust, **options))

    def vary(
        self,
        rules: set[str],
        rows: list[int | str],
        empty: bool,
        large: list[int | str],
        variables: bool,
        fresh: bool,
        data: Collection[int | str],
    ) -> None:
        """The call as it is, and in all the ways that `rules` ask for."""
        tensors = to.arrays([self.args, self.kwargs])
        floats = any(a.dtype.kind == "f" for a in tensors)
        models = any(isinstance(a, (Made, Remote)) for a in [*self.args, *self.kwargs.values()])
        self.add("plain", "")
        if "twice" in rules:
            again = None if self.stateful or self.random else 0
            self.add("twice", "called once more, ", like=again)
        if "memory" in rules and any(a.ndim and len(a) > 1 for a in tensors):
            self.add("other", "with the rows in the opposite order, ", to.reversed_rows, reread=0)
            self.add("memory", "called again after a call with other values, ")
            self.add("alone", "in a fresh process, ", to.reversed_rows, fresh=True)
        if "rng" in rules and self.random:
            other = to.reseeded(self.args, 1), to.reseeded(self.kwargs, 1)
            self.add("other rng", "with an rng of another seed, ", given=other)
            if not self.stateful:
                self.add("same rng", "with the same rng, called once more, ", like=0)
        if rules & {"float64", "digits"} and floats and not models:
            self.add("float64", "with float64 tensors, ", to.wide(to.TINY))
        if "digits" in rules and floats and not models:
            for by in (0.0, to.HALF, to.BIG):
                self.add(f"scaled by {by}", "with float64 tensors, ", to.wide(by))
            self.one_by_one()
        if "large" in rules and large:
            given = self.with_each(large, lambda a: a * to.LARGE)
            change = to.wide(0.0) if "float64" in rules else to.narrow
            self.add("large", "with numbers a million times as large, ", change, given=given)
        for width in self.widths if "integers" in rules else ():
            if to.fits(tensors, width):
                self.add(width, f"with {width} for integers, ", to.width(width))
        if "views" in rules and self.views and any(a.ndim > 1 for a in tensors):
            self.add("transposed", "with tensors transposed in memory, ", form="transposed")
        if "views" in rules and self.views and any(a.ndim for a in tensors):
            self.add("sliced", "with slices of larger tensors, ", form="sliced")
        # TensorFlow watches tensors from outside; a tf.Variable would be another thing: len() refuses it.
        if "gradients" in rules and floats and variables:
            which = "parameters" if data else "tensors"
            self.add("leaf", f"with {which} that require gradients, ", form="leaf", plain=data)
        if "keywords" in rules and len(self.args) <= len(self.names):
            self.keywords()
        if "defaults" in rules:
            self.defaults()
        if "order" in rules:
            given = to.reordered(self.args), {k: to.reordered(v) for k, v in self.kwargs.items()}
            if any(map(to.ordered, [*self.args, *self.kwargs.values()])):
                self.add("order", "with the keys of dicts in the opposite order, ", given=given)
        if fresh and "shared" in rules:
            self.no_epochs()
        if rows and "one row" in rules:
            self.add("one row", "with one row, ", given=self.with_each(rows, lambda a: a[:1]))
        if rows and empty and "empty" in rules:
            self.add("empty", "without rows, ", given=self.with_each(rows, lambda a: a[:0]))

    def one_by_one(self) -> None:
        """The calls that scale one argument alone: what is rounded may be a small part of the whole."""
        # A call that trains costs what training costs.
        named = (
            {} if self.stateful else dict(zip(self.names, self.args, strict=False)) | self.kwargs
        )
        floats = [name for name, value in named.items() if to.is_long(value)]
        self.alone = floats if 1 < len(floats) <= MOST_ALONE else []
        for name in self.alone:
            for by in to.STEPS:
                scaled = {
                    key: to.mapped(value, to.wide(by if key == name else 0.0))
                    for key, value in named.items()
                }
                args = tuple(scaled[key] for key in self.names[: len(self.args)])
                kwargs = {key: scaled[key] for key in self.kwargs}
                words = "with float64 tensors, "
                self.add(f"{name} scaled by {by}", words, to.as_it_is, given=(args, kwargs))

    def keywords(self) -> None:
        """The same arguments, all by name, and all by position where no gap is left."""
        named = dict(zip(self.names, self.args, strict=False)) | self.kwargs
        if self.args:
            self.add("by name", "", given=((), named))
        filled: list[Any] = []
        for parameter in self.parameters:
            if len(filled) >= len(self.args) and not named.keys() - self.names[: len(filled)]:
                break
            if parameter.name not in named and not to.literal(parameter):
                return
            filled.append(named.get(parameter.name, to.value(parameter)))
        if self.kwargs:
            self.add("by position", "", given=(tuple(filled), {}))

    def no_epochs(self) -> None:
        """The call with `epochs=0`, where what was given is easily given back."""
        if "epochs" in self.kwargs:
            self.add("no epochs", "", given=(self.args, self.kwargs | {"epochs": 0}))
        elif "epochs" in self.names[: len(self.args)]:
            at = self.names.index("epochs")
            given = (*self.args[:at], 0, *self.args[at + 1 :])
            self.add("no epochs", "", given=(given, self.kwargs))

    def defaults(self) -> None:
        """The defaults that the stub gives, passed by hand."""
        named = {*self.names[: len(self.args)], *self.kwargs}
        left = {
            p.name: to.value(p) for p in self.parameters if p.name not in named and to.literal(p)
        }
        if left:
            self.add("defaults", "", given=(self.args, self.kwargs | left))

    def with_each(
        self, which: list[int | str], change: to.Change
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with those in `which`, positions or keywords, changed."""
        args = tuple(to.mapped(a, change) if i in which else a for i, a in enumerate(self.args))
        return args, {k: to.mapped(v, change) if k in which else v for k, v in self.kwargs.items()}
