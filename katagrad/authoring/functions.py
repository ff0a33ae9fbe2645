"""Functions that a grader hands to a submission: `function(lambda x: (sin(x) * exp(x)).sum())`."""

from katagrad.worker.expression import (
    Expression,
    Function,
    absolute,
    cos,
    exp,
    function,
    log,
    maximum,
    sin,
    sqrt,
    stack,
    tanh,
)

__all__ = [
    "Expression",
    "Function",
    "absolute",
    "cos",
    "exp",
    "function",
    "log",
    "maximum",
    "sin",
    "sqrt",
    "stack",
    "tanh",
]
