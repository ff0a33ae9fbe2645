"""Public checks: the examples in a stub's docstrings, which run in a worker like the hidden checks.

An example is a call of the topic's functions on literals, `>>> softmax([0.0, 0.0])`, and the expected value below it.
Lists become tensors; results are compared as numbers. Only literals, names bound by earlier examples, calls of
the submission, methods of what it returned, and indexing are accepted: nothing is executed here.
"""

from __future__ import annotations

import ast
import doctest
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from katagrad.authoring.expect import close, equal
from katagrad.boundary.implementation import Implementation, Transport, image, kernel, opaque
from katagrad.errors import PASSED, Failure, StudentError
from katagrad.grading.checks import Outcome, Rules, run_case
from katagrad.topics import Topic
from katagrad.worker.expression import (
    Expression,
    absolute,
    cos,
    exp,
    log,
    maximum,
    sin,
    sqrt,
    stack,
    tanh,
    traced,
)

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


NAMED = (ast.FunctionDef, ast.ClassDef)
OPERATIONS = {"abs": absolute, "cos": cos, "exp": exp, "log": log, "maximum": maximum}
OPERATIONS |= {"sin": sin, "sqrt": sqrt, "stack": stack, "tanh": tanh}


@dataclass(frozen=True)
class Example:
    """The examples of one function. subject: "softmax", or "Value.backward". steps: (source, expected text, line).

    fault: why they cannot be read; empty where they can.
    """

    subject: str
    steps: tuple[tuple[str, str, int], ...]
    fault: str = ""


def examples(text: str | bytes) -> list[Example]:
    """All examples of a stub, in order. Bytes are decoded as Python does, with byte-order mark and encoding."""
    found = []
    waiting: list[tuple[ast.AST, str]] = [(ast.parse(text), "")]
    while waiting:  # a student's file can be nested too deeply to recurse
        node, name = waiting.pop()
        if isinstance(node, (ast.Module, *NAMED)):
            name = ".".join(filter(None, (name, getattr(node, "name", ""))))
            docstring = ast.get_docstring(node, clean=True)
            try:
                steps = doctest.DocTestParser().get_examples(docstring or "", name or "module")
            except ValueError as error:  # one docstring must not take the others' examples away
                line = node.body[0].lineno
                found.append(Example(name or "module", (("", "", line),), str(error)))
                steps = []
            if steps:
                line = node.body[0].lineno
                shown = tuple((s.source.strip(), s.want.strip(), line + s.lineno) for s in steps)
                found.append(Example(name or "module", shown))
        waiting += reversed([(child, name) for child in ast.iter_child_nodes(node)])
    return found


def run_example(impl: Implementation, example: Example) -> None:
    """Evaluate the steps of an example in order, and compare each value that it shows."""
    if example.fault:
        raise Failure(f"the examples cannot be read: {example.fault}")
    names: dict[str, Any] = {}
    statements = [_statement(source, line) for source, _, line in example.steps]
    for i, (source, want, line) in enumerate(example.steps):
        statement = statements[i]
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            returns = _passed_on(target, statements[i + 1 :])
            _bind(target, _value(statement.value, impl, names, returns), names)
            continue
        if not isinstance(statement, ast.Expr):
            raise Failure(
                f"line {line}: the example `{source}` is neither a call nor an assignment"
            )
        if want.startswith("Traceback"):
            _expect_error(statement.value, impl, names, source, want)
            continue
        value = _value(statement.value, impl, names)
        if want:
            _compare(value, want, source)


def run_examples(
    transport: Transport, topic: Topic, function: str, rules: Rules, seconds: float
) -> Outcome:
    """What the examples of a function of the contract come to; the first that fails decides."""
    outcome = Outcome(PASSED)
    for example in examples(topic.contract.read_bytes()):
        if example.subject.partition(".")[0] == function and outcome.status == PASSED:

            def body(impl: Implementation, one: Example = example) -> None:
                run_example(impl, one)

            outcome = run_case(transport, f"example {example.subject}", "", seconds, rules, body)
    return outcome


def _expect_error(
    node: ast.expr, impl: Implementation, names: dict[str, Any], source: str, want: str
) -> None:
    kind = want.splitlines()[-1].split(":")[0].strip()
    try:
        _value(node, impl, names)
    except StudentError as error:
        if kind not in error.kinds:
            raise Failure(f"{source} raised {error.kind}, but should raise {kind}") from None
        return
    raise Failure(f"{source} raised nothing, but should raise {kind}")


def _compare(value: Any, want: str, source: str) -> None:
    try:
        expected = ast.literal_eval(" ".join(want.split()))
    except (ValueError, SyntaxError):
        equal(value if isinstance(value, str) else repr(value), want, source)
        return
    _match(value, expected, source)


def _match(value: Any, expected: Any, of: str) -> None:
    if isinstance(value, np.ndarray):
        # Examples show rounded numbers.
        close(value, np.asarray(expected), of, rtol=1e-3, atol=5e-4)
    elif isinstance(expected, float) and isinstance(value, (int, float)):
        if not np.isclose(value, expected, rtol=1e-3, atol=5e-4, equal_nan=True):
            raise Failure(f"{of} is {value!r}, but should be {expected!r}")
    elif (
        isinstance(expected, (list, tuple))
        and isinstance(value, (list, tuple))
        and len(expected) == len(value)
    ):
        for i, (v, e) in enumerate(zip(value, expected, strict=True)):
            _match(v, e, f"{of}[{i}]")
    elif isinstance(expected, dict) and isinstance(value, dict) and set(expected) == set(value):
        for key, item in expected.items():
            _match(value[key], item, f"{of}[{key!r}]")
    else:
        equal(value, expected, of)


def _passed_on(target: ast.expr, later: list[ast.stmt]) -> Any:
    """The layout of a result: what later steps hand to functions, and never look at, stays in the worker as it is.

    A cache may be of any class. A named tuple that is sent to and fro would come back as a tuple.
    """
    if isinstance(target, ast.Tuple):
        return tuple(_passed_on(part, later) for part in target.elts)

    def same(node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and ast.unparse(target) == node.id

    uses = handed = 0
    for node in (node for statement in later for node in ast.walk(statement)):
        uses += isinstance(node, ast.Name) and same(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) not in GIVEN:
            handed += sum(map(same, [*node.args, *(item.value for item in node.keywords)]))
    return opaque if 0 < uses == handed else None


def _statement(source: str, line: int) -> ast.stmt:
    try:
        return ast.parse(source).body[0]
    except SyntaxError as error:
        raise Failure(f"line {line}: the example `{source}` cannot be read: {error.msg}") from None


def _bind(target: ast.expr, value: Any, names: dict[str, Any]) -> None:
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif (
        isinstance(target, ast.Tuple)
        and isinstance(value, (list, tuple))
        and len(value) == len(target.elts)
    ):
        for part, item in zip(target.elts, value, strict=True):
            _bind(part, item, names)
    else:
        raise Failure(
            f"an example assigns to {ast.unparse(target)}, but the call returned {type(value).__name__}"
        )


def _value(node: ast.expr, impl: Implementation, names: dict[str, Any], returns: Any = None) -> Any:
    """Evaluate the small language of examples. returns: the layout of the result of a call of the submission."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return _tensor([_value(item, impl, names) for item in node.elts])
    if isinstance(node, ast.Tuple):
        return tuple(_value(item, impl, names) for item in node.elts)
    if isinstance(node, ast.Dict):
        keys = [_value(key, impl, names) for key in node.keys if key is not None]
        return dict(zip(keys, (_value(item, impl, names) for item in node.values), strict=True))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, impl, names)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](
            _value(node.left, impl, names), _value(node.right, impl, names)
        )
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.Subscript):
        return _value(node.value, impl, names)[_value(node.slice, impl, names)]
    if isinstance(node, ast.Attribute):
        return _value(node.value, impl, names).get(node.attr)
    if isinstance(node, ast.Lambda):
        arguments = {arg.arg: Expression("arg", i) for i, arg in enumerate(node.args.args)}
        return traced(_value(node.body, impl, {**names, **OPERATIONS, **arguments}), len(arguments))
    if isinstance(node, ast.Call):
        function = _function(node.func, impl, names)
        args = [_value(item, impl, names) for item in node.args]
        kwargs = {item.arg: _value(item.value, impl, names) for item in node.keywords if item.arg}
        own = isinstance(node.func, ast.Name) and node.func.id not in {"rng", *GIVEN, *names}
        return function(*args, **kwargs, **({"returns": returns} if own and returns else {}))
    raise Failure(
        f"an example uses `{ast.unparse(node)}`, which is not allowed; "
        "use literals and calls of this file's functions"
    )


def _function(node: ast.expr, impl: Implementation, names: dict[str, Any]) -> Callable[..., Any]:
    if isinstance(node, ast.Name):
        if node.id == "rng":
            return impl.rng
        for known in (GIVEN, names):
            if node.id in known:
                return known[node.id]
        return getattr(impl, node.id)  # type: ignore[no-any-return]
    if isinstance(node, ast.Attribute):
        method: Callable[..., Any] = getattr(_value(node.value, impl, names), node.attr)
        return method
    raise Failure(f"an example calls `{ast.unparse(node)}`, which is not allowed")


def _items(values: Any) -> list[Any]:
    """`list(...)` in an example. Python's list() would first ask a generator in the worker for its length."""
    return list(iter(values))


def _plain(value: Any) -> Any:
    """`plain([3, 4])` in an example: a list of Python numbers, not a tensor."""
    return value.tolist() if isinstance(value, np.ndarray) else value


GIVEN: dict[str, Callable[..., Any]] = {"plain": _plain, "scalar": np.asarray, "image": image}
GIVEN |= {"kernel": kernel, "list": _items, "len": len}


def _tensor(items: list[Any]) -> Any:
    """Convert lists of numbers to arrays. Other lists stay lists."""
    if items and all(
        isinstance(i, np.ndarray) or (isinstance(i, (int, float)) and not isinstance(i, bool))
        for i in items
    ):
        try:
            return np.asarray(items)
        except ValueError:
            return items
    return np.asarray(items) if items and all(isinstance(i, bool) for i in items) else items
