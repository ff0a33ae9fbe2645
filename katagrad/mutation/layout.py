"""Checks of a topic's files before its grader is tested: complete, each of its kind, with one contract."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from katagrad.errors import Failure, NotStarted
from katagrad.grading.checks import manifest
from katagrad.grading.examples import examples
from katagrad.grading.scratch import barred_names, rules_for
from katagrad.grading.submission import Submission, edited
from katagrad.mutation.entries import kept
from katagrad.topics import FRAMEWORKS, Topic

FAMILIES = {"torch": {"torch"}, "tensorflow": {"tensorflow", "keras"}}
MUTANTS, CHECKS, EXAMPLES, SOLUTION_LINES = 6, 4, 2, 120
RESOLVE = """
import importlib, json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
framework, names = json.loads(sys.stdin.read())
roots = {framework: importlib.import_module(framework)}
if framework == "tensorflow":
    roots |= {"tf": roots["tensorflow"], "keras": importlib.import_module("keras")}
    kinds = [type(roots["tf"].constant(0.0)), roots["tf"].Variable]
else:
    kinds = [roots["torch"].Tensor]
def there(name):
    if name.startswith("."):
        return any(hasattr(kind, name[1:]) for kind in kinds)
    first, *path = name.removesuffix(".*").split(".")
    if first not in roots:
        try:
            roots[first] = importlib.import_module(first)
        except ImportError:
            return True  # a package that is not installed here: nothing can be said of its names
    owner, done = roots[first], first
    for part in path:
        done = f"{done}.{part}"
        try:
            owner = getattr(owner, part) if hasattr(owner, part) else importlib.import_module(done)
        except ImportError:
            return False
    return True
print(json.dumps([name for name in names if not there(name)]))
"""


def layout(topic: Topic) -> list[str]:
    """Everything that is wrong with the files of a topic, a line for each; a missing file is reported once."""
    missing = list(files(topic))
    if missing:
        return missing
    found = [*stub(topic), *names(topic), *checks(topic), *mutants(topic), *forbidden(topic)]
    for framework in FRAMEWORKS:
        found += [*signatures(topic, framework), *solution(topic, framework)]
        if not alternatives(topic, framework):
            found.append(
                f"no alternative in {framework}: add a correct solution in another style to "
                f"tests/alternatives/{topic.name}/"
            )
    return found


def definitions(path: Path) -> dict[str, ast.AST]:
    """The top-level functions and classes of a file by name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {n.name: n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}


def imports(path: Path) -> set[str]:
    """The top-level names of what a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {item.name.split(".")[0] for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def files(topic: Topic) -> Iterator[str]:
    """A line for each file that the topic lacks."""
    wanted = [topic.stub, topic.grader, topic.benchmark, topic.mutants]
    wanted += [topic.solution(framework) for framework in FRAMEWORKS]
    for path in wanted:
        if not path.is_file():
            yield f"{path.relative_to(topic.root)} is missing; a topic has a file of its name there"


def names(topic: Topic) -> Iterator[str]:
    """What is wrong with the topic's own name and hints."""
    if topic.name in sys.stdlib_module_names:
        yield f"the name {topic.name} shadows a module of Python"
    if topic.name != topic.name.lower() or any(c.isdigit() for c in topic.name.replace("2d", "")):
        yield f"the name {topic.name} should be lower case, without numbers"
    if len(topic.hints) != 3 or any(len(hint) <= 20 for hint in topic.hints):
        yield f"exercises/topics.toml should have three hints of some length, not {len(topic.hints)}"


def stub(topic: Topic) -> Iterator[str]:
    """What keeps the stub from being a contract and nothing else."""
    where, text = f"exercises/{topic.stub.name}", topic.stub.read_text(encoding="utf-8")
    if imports(topic.stub) - {"__future__"}:
        yield f"{where} imports something; a stub imports nothing"
    described = ast.get_docstring(ast.parse(text)) or ""
    if "Sources:" not in described and "Source:" not in described:
        yield f"{where} names no sources in its docstring (`Sources: ...`)"
    if "docs/contract.md" not in described:
        yield f"{where} does not refer to docs/contract.md (`Words: ...`, as in exercises/softmax.py)"
    for name, node in definitions(topic.stub).items():
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not ast.get_docstring(node):
            yield f"{where}: {name} has no docstring"
    if sum(len(e.steps) for e in examples(text)) < EXAMPLES:
        yield f"{where} has fewer than {EXAMPLES} examples"
    try:
        Submission(topic.stub.parent).source(topic).ready()
        yield f"{where} does not read as not started"
    except NotStarted:
        pass
    except Failure as reason:
        yield f"{where} does not read as not started: {reason}"


def signatures(topic: Topic, framework: str) -> Iterator[str]:
    """Where the solution's signatures differ from those of the stub."""
    asked, given = definitions(topic.stub), definitions(topic.solution(framework))
    for key, node in asked.items():
        here = f"solutions/{framework}/{topic.name}.py: {key}"
        if key not in given:
            yield f"{here} is missing"
            continue
        if type(given[key]) is not type(node):
            yield f"{here} is another kind of thing than in the stub"
            continue
        pairs = [(node, given[key])]
        if isinstance(node, ast.ClassDef):
            own = given[key]
            assert isinstance(own, ast.ClassDef)
            methods = _inherited(own, given)
            wanted = [m for m in node.body if isinstance(m, ast.FunctionDef)]
            # A framework's own name for a method (forward, call) may stand in for __call__.
            pairs = [(m, methods[m.name]) for m in wanted if m.name in methods]
            for name in sorted({m.name for m in wanted} - set(methods)):
                if name not in ("__call__", "parameters"):
                    yield f"{here}.{name} is missing"
        for one, other in pairs:
            if not isinstance(one, ast.FunctionDef) or not isinstance(other, ast.FunctionDef):
                continue
            wants, has = ast.unparse(one.args), ast.unparse(other.args)
            name = key if one is node else f"{key}.{one.name}"
            more = has[len(wants) + 2 :].split(", ")
            # A method may take more, by default: a Keras layer's **kwargs, an engine's own parents.
            fits = has == wants or (
                one is not node
                and has.startswith(f"{wants}, ")
                and all("=" in arg or arg.startswith("**") for arg in more if arg)
            )
            if not fits:
                yield f"solutions/{framework}/{topic.name}.py: {name}({has}) should be {name}({wants})"


def _inherited(node: ast.ClassDef, beside: dict[str, ast.AST]) -> dict[str, ast.AST]:
    """A class's methods by name: its own, aliases such as `__radd__ = __add__`, and those of bases in the file."""
    found: dict[str, ast.AST] = {}
    for base in node.bases:
        parent = beside.get(base.id) if isinstance(base, ast.Name) else None
        if isinstance(parent, ast.ClassDef):
            found |= _inherited(parent, beside)
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            found[item.name] = item
        elif isinstance(item, ast.Assign):
            found |= {
                name.id: item
                for name in ast.walk(item)
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
    return found


def solution(topic: Topic, framework: str) -> Iterator[str]:
    """Where a solution is too long, or of the wrong framework."""
    path = topic.solution(framework)
    where = f"solutions/{framework}/{path.name}"
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines >= SOLUTION_LINES:
        yield f"{where} has {lines} lines, but should have fewer than {SOLUTION_LINES}"
    used = imports(path)
    if not used & FAMILIES[framework]:
        yield f"{where} does not import {framework}"
    others = set().union(*(FAMILIES[f] for f in FRAMEWORKS if f != framework)) | {"katagrad"}
    if used & others:
        yield f"{where} imports {', '.join(sorted(used & others))}"


def checks(topic: Topic) -> Iterator[str]:
    """What is wrong with the checks' names, claims and points."""
    where = f"graders/{topic.name}.py"
    known = set().union(*FAMILIES.values())
    if imports(topic.grader) & known:
        yield f"{where} imports {', '.join(sorted(imports(topic.grader) & known))}; graders know NumPy"
    found = manifest(topic, speed=True)
    if len(found) < CHECKS:
        yield f"{where} has {len(found)} checks, but should have {CHECKS} or more"
    for check in found:
        if not check.points or check.points != int(check.points) or check.points < 0:
            yield (
                f"{where}: {check.name} is worth {check.points} points, but should be worth a whole number "
                "above 0; mark it @pytest.mark.grade(points=...)"
            )
        if check.claim == check.name or check.claim.endswith(".") or len(check.claim) >= 130:
            yield f"{where}: {check.name} needs a docstring of one line, without a full stop"
        if not check.cases:
            yield f"{where}: {check.name} has no case"


def mutants(topic: Topic) -> Iterator[str]:
    """What is wrong with the list of mutants, before any of them is run."""
    found = kept(topic)
    yield from found.problems
    for framework in FRAMEWORKS:
        count = len(found.mutants[framework])
        if count < MUTANTS:
            yield f"{count} mutants in {framework}, but there should be {MUTANTS} or more"


def alternatives(topic: Topic, framework: str) -> list[Path]:
    """The correct solutions in other styles that are kept for a framework."""
    folder = topic.root / "tests" / "alternatives" / topic.name
    return [
        path
        for path in sorted(folder.glob("*.py"))
        if edited(Path("/nonexistent"), topic.name, path.read_text(encoding="utf-8"))
        .source(topic)
        .known_framework
        == framework
    ]


def forbidden(topic: Topic) -> Iterator[str]:
    """From-scratch rules that name nothing, and so forbid nothing, in the frameworks that are installed."""
    for framework in FRAMEWORKS:
        rules = barred_names(rules_for(topic, framework), framework)
        if importlib.util.find_spec(framework) is not None and rules:
            for rule in unresolved(framework, tuple(rules)):
                yield (
                    f"the rules of {topic.name} bar {rule}, a name that {framework} does not have; correct it "
                    "in exercises/topics.toml or in its family, or leave it out"
                )


@cache
def unresolved(framework: str, rules: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `rules` that name nothing in a framework; a process of its own imports it."""
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE],
        input=json.dumps([framework, rules]),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return (f"(the rules could not be looked up: {said})",)
    return tuple(json.loads(done.stdout.splitlines()[-1]))
