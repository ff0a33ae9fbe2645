"""The house in order: every topic has every file, nothing lies about, and each file keeps to its kind."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from katagrad.errors import NotStarted
from katagrad.grading.checks import manifest
from katagrad.grading.examples import examples
from katagrad.grading.submission import Submission
from katagrad.mutation.contracts import drift
from katagrad.mutation.validate import named_mutants
from katagrad.topics import CONTRACTS, FRAMEWORKS, root, topics

ROOT = root()
TOPICS = topics()
CHAPTERS = {topic.chapter for topic in TOPICS.values()}


def definitions(path: Path) -> dict[str, ast.AST]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {n.name: n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}


def inherited(node: ast.ClassDef, beside: dict[str, ast.AST]) -> dict[str, ast.AST]:
    """A class's methods by name: its own, aliases such as `__radd__ = __add__`, and those of bases in the file."""
    found = {}
    for base in node.bases:
        if isinstance(base, ast.Name) and isinstance(beside.get(base.id), ast.ClassDef):
            found |= inherited(beside[base.id], beside)
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


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {item.name.split(".")[0] for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("name", TOPICS)
def test_topic_has_every_file(name):
    topic = TOPICS[name]
    files = [topic.stub, topic.grader, topic.benchmark, topic.mutants]
    files += [topic.solution(framework) for framework in FRAMEWORKS]
    missing = [str(path.relative_to(ROOT)) for path in files if not path.is_file()]
    assert not missing, f"{name} lacks {', '.join(missing)}"


@pytest.mark.parametrize(
    "folder", ["exercises", "graders", "benchmarks", "solutions/torch", "solutions/tensorflow"]
)
def test_folder_holds_topics_only(folder):
    stems = {path.stem for path in (ROOT / folder).glob("*.py")} - {"conftest"}
    assert stems <= set(TOPICS), (
        f"{folder} holds what topics.toml does not list: {stems - set(TOPICS)}"
    )


def test_mutants_and_alternatives_belong_to_topics():
    stems = {path.stem for path in (ROOT / "tests" / "mutants").glob("*.toml")}
    stems |= {path.name for path in (ROOT / "tests" / "alternatives").iterdir() if path.is_dir()}
    assert stems - {"__pycache__"} <= set(TOPICS)


@pytest.mark.parametrize("name", TOPICS)
def test_name_shadows_no_installed_module(name):
    assert name not in sys.stdlib_module_names
    assert name == name.lower()
    assert not any(c.isdigit() for c in name.replace("conv2d", ""))


@pytest.mark.parametrize("name", TOPICS)
def test_entry_has_three_hints(name):
    hints = TOPICS[name].hints
    assert len(hints) == 3, f"{name} has {len(hints)} hints"
    assert all(len(hint) > 20 for hint in hints)


@pytest.mark.parametrize("name", TOPICS)
def test_stub_is_a_contract_and_nothing_else(name):
    path = TOPICS[name].stub
    assert not imports(path) - {"__future__"}, f"{path.name} imports something"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "Sources:" in ast.get_docstring(tree) or "Source:" in ast.get_docstring(tree)
    for definition in definitions(path).values():
        assert ast.get_docstring(definition), f"{path.name}: {definition.name} has no docstring"
    assert sum(len(e.steps) for e in examples(path.read_text(encoding="utf-8"))) >= 2


@pytest.mark.parametrize("name", TOPICS)
def test_stub_is_not_started_where_it_lies(name):
    topic = TOPICS[name]
    with pytest.raises(NotStarted, match=f"{name} is not started"):
        Submission(topic.stub.parent).source(topic).ready()


def test_contracts_are_kept_as_the_exercises_are():
    """What grading reads are copies, since a student edits exercises/; here both must say the same."""
    assert not drift(ROOT, CONTRACTS), "after a change of exercises/, run: kata contracts"


@pytest.mark.parametrize("name", TOPICS)
def test_stub_run_as_a_script_says_how_it_is_checked(name):
    path = TOPICS[name].stub
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    assert f'To check them: pytest "{path}"' in done.stdout, done.stderr


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", TOPICS)
def test_solution_keeps_the_signatures_of_the_stub(name, framework):
    topic = TOPICS[name]
    asked, given = definitions(topic.stub), definitions(topic.solution(framework))
    assert set(asked) <= set(given), f"missing: {set(asked) - set(given)}"
    for key, node in asked.items():
        assert type(given[key]) is type(node), f"{key} is another kind of thing in the solution"
        pairs = [(node, given[key])]
        if isinstance(node, ast.ClassDef):
            methods = inherited(given[key], given)
            wanted = [m for m in node.body if isinstance(m, ast.FunctionDef)]
            # A framework's own name for a method (forward, call) may stand in for __call__.
            pairs = [(m, methods[m.name]) for m in wanted if m.name in methods]
            absent = {m.name for m in wanted} - set(methods) - {"__call__", "parameters"}
            assert not absent, f"{key} lacks {absent}"
        for stub, solution in pairs:
            if not isinstance(stub, ast.FunctionDef) or not isinstance(solution, ast.FunctionDef):
                continue
            given_args, asked_args = ast.unparse(solution.args), ast.unparse(stub.args)
            if isinstance(node, ast.ClassDef):
                # A method may take more, by default: a Keras layer's **kwargs, an engine's own parents.
                assert given_args == asked_args or given_args.startswith(f"{asked_args}, "), key
                more = given_args[len(asked_args) + 2 :].split(", ")
                assert all("=" in arg or arg.startswith("**") for arg in more if arg), key
            else:
                assert given_args == asked_args, f"{key}: {stub.name}"


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", TOPICS)
def test_solution_is_short_and_of_one_framework(name, framework):
    path = TOPICS[name].solution(framework)
    assert len(path.read_text(encoding="utf-8").splitlines()) < 120
    families = {"torch": {"torch"}, "tensorflow": {"tensorflow", "keras"}}
    other = next(f for f in FRAMEWORKS if f != framework)
    assert imports(path) & families[framework]
    assert not imports(path) & (families[other] | {"katagrad"})


@pytest.mark.parametrize("name", TOPICS)
def test_grader_knows_no_framework(name):
    assert not imports(TOPICS[name].grader) & {"torch", "tensorflow", "keras"}


@pytest.mark.parametrize("name", TOPICS)
def test_checks_have_points_and_claims(name):
    checks = manifest(TOPICS[name])
    assert len(checks) >= 4
    for check in checks:
        assert check.points > 0, check.name
        assert check.points == int(check.points), check.name
        assert check.claim != check.name, f"{check.name} has no docstring"
        assert len(check.claim) < 130
        assert not check.claim.endswith(".")
        assert check.cases, f"{check.name} has no case"
    assert len({check.name for check in checks}) == len(checks)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", TOPICS)
def test_topic_has_six_mutants(name, framework):
    found = named_mutants(TOPICS[name], framework)
    assert len(found) >= 6
    assert len({m.fault for m in found}) == len(found), "two mutants of one name"


@pytest.mark.parametrize("path", sorted((ROOT / "katagrad").rglob("*.py")), ids=lambda p: p.stem)
def test_library_file_is_the_size_of_a_thought(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "base"}
