"""A message as a student may read it: what the grader says, and nothing that the submission could write into it.

A submission is given drawn inputs, and what it returns, raises and calls its types ends up in messages. So all of that
is left out but for what a grader may say of any answer: names of Python's and the frameworks' own types, shapes,
dtypes, positions and counts.
"""

from __future__ import annotations

import builtins
import re

# Numbers with a point or an exponent, whole numbers that were found or expected, and long ones wherever they are.
NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+(?=e[-+]?\d))(?:e[-+]?\d+)?"
    r"|(?<= is )[-+]?\d+|(?<= be )[-+]?\d+|(?<![\w.])[-+]?\d{6,}"
)
# A string as Python writes it; one that was cut off goes on to the end.
STRING = re.compile(r"(?<!\w)(?:'(?:[^'\\]|\\.)*(?:'|$)|\"(?:[^\"\\]|\\.)*(?:\"|$))")
# What was found stands before the last of these, and what was expected after it.
BUT = re.compile(r"(?s)(?P<found>.*)(?P<wanted>, but (?:should|no |at most |this topic ).*)")
RAISED = re.compile(r"(?s)(?P<of>.*?) raised (?P<what>.*)")
KIND = re.compile(r"(?P<of>.*?)(?P<verb> is| returned| called) (?P<article>an?) (?P<kind>.*)")
KEYS = re.compile(r"(?P<of>.*?) has the keys .*")
WANTED_KEYS = re.compile(r"(, but should have \[.*?\]): .*")
VALUE = re.compile(r"(?P<of>.*?)(?P<verb> is| be) (?P<value>[(\[{<].*)")
# What the driver says of a return without naming what was expected.
RETURNED = re.compile(
    r"(?P<of>.*?) returned (?!no (?:tensor to differentiate|description|arrays)$).*"
)
CAUSE = re.compile(r" \((?:\w+ grader, line \d+|the grader): .*")
FAILED_THERE = re.compile(r"(?P<of>.*?) failed: .*")
USES = re.compile(r"[\w./-]+\.py:\d+ uses [\w.]+(?: \(and \d+ more\))?")
# Of the watch in the worker, whose words a submission can change.
RULE = re.compile(
    r"\S+?:(?P<line>\d{1,5})(?: in \S+?)?(?P<kind>: .* is not allowed in| imports ).*"
)
OWN = "an object of its own class"
# Errors of the frameworks, by the last part of their names; those of Python are in builtins.
ERRORS = frozenset(
    {
        "AbortedError",
        "AcceleratorError",
        "AlreadyExistsError",
        "CancelledError",
        "DeadlineExceededError",
        "FailedPreconditionError",
        "InternalError",
        "InvalidArgumentError",
        "LinAlgError",
        "NotFoundError",
        "OperatorNotAllowedInGraphError",
        "OutOfMemoryError",
        "OutOfRangeError",
        "PermissionDeniedError",
        "ResourceExhaustedError",
        "UnavailableError",
        "UnimplementedError",
        "UnknownError",
    }
)
TYPES = frozenset(
    {
        "EagerTensor",
        "ndarray",
        "NoneType",
        "numpy.ndarray",
        "Parameter",
        "Python",
        "ResourceVariable",
        "Tensor",
        "tensor",
        "torch.nn.parameter.Parameter",
        "torch.Tensor",
        "Variable",
    }
)


def without_detail(message: str) -> str:
    """The first line of a message, without what the submission could write into it."""
    line = CAUSE.sub("", message.split("\n", 1)[0])
    if raised := RAISED.fullmatch(line):
        return _strip(f"{raised['of']} raised {_raised(raised['what'])}")
    if rule := RULE.fullmatch(line):
        what = "a package that" if rule["kind"] == " imports " else "what"
        return (
            f"line {rule['line']} uses {what} is not allowed in this topic; its stub has the rule"
        )
    if failed := FAILED_THERE.fullmatch(line):
        return _strip(f"{failed['of']} failed")
    parts = BUT.fullmatch(line)
    if parts is None:
        returned = RETURNED.fullmatch(line)
        return _strip(f"{returned['of']} returned what cannot be read" if returned else line)
    wanted = WANTED_KEYS.sub(r"\1", parts["wanted"])
    return _strip(_found(parts["found"])) + _strip(VALUE.sub(r"\g<of>\g<verb> ...", wanted))


def _raised(what: str) -> str:
    """What was raised: names of Python's and the frameworks' own classes, and what should be raised instead."""
    kind, rest = re.match(r"(?s)(\w*)(.*)", what).groups()  # type: ignore[union-attr]
    asked = re.search(r", but should raise [\w ]+$", what)
    known = kind == "nothing" or kind in ERRORS or isinstance(getattr(builtins, kind, None), type)
    own = known and not rest.startswith((".", "[", "<"))
    return (kind if own else "an exception of its own") + (asked[0] if asked else "")


def _found(found: str) -> str:
    """What was found instead of what was asked for."""
    if USES.fullmatch(found):
        return found
    if keys := KEYS.fullmatch(found):
        return f"{keys['of']} has other keys"
    if kind := KIND.fullmatch(found):
        said = f"{kind['of']}{kind['verb']} "
        word = re.match(r"\S*", kind["kind"])[0]  # type: ignore[index]
        shape = re.fullmatch(r"tensor of shape \([\d, ]*\)", kind["kind"])
        if shape or kind["kind"] in ("NumPy array", "NumPy number"):
            return f"{said}{kind['article']} {kind['kind']}"
        if word in TYPES or isinstance(getattr(builtins, word, None), type):
            return f"{said}{kind['article']} {word}"
        return said + OWN
    return VALUE.sub(r"\g<of>\g<verb> ...", found)


def _strip(text: str) -> str:
    return NUMBER.sub("...", STRING.sub("...", text))
