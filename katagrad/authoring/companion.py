"""Code of the grader beside a submission: functions that it is given, and what they note."""

from __future__ import annotations

from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote


def plant(impl: Implementation, name: str, source: str) -> Remote:
    """Load a module of the grader's own in the worker; its functions can be called, and passed to the submission.

        module = plant(impl, "planted.py", "CALLS = []\\n\\ndef f(x):\\n    CALLS.append(1)\\n    return x + x\\n")
        impl.compiled(module.get("f"))

    name: of the file, as tracebacks show it. source: Python, which may use the framework. Each call makes a
    new module. A submission can read what the module holds, so a check rests on no secret in it, and expects
    what only the right calls lead to.
    """
    # A student does not know the file: what a loader of theirs raises in it should not read as their own.
    of = f"the grader's {name.removesuffix('.py')}"
    found = impl._ask("companion", of, name=name, source=source)
    assert isinstance(found, Remote)
    return found
