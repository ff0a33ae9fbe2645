"""Imports inside the library: each wing imports only from wings below it, and no files form a circle.

An import counts wherever it stands: at the top of a file, inside a function, or for type checking alone.
"""

import ast
from pathlib import Path

import pytest

import katagrad

PACKAGE = Path(katagrad.__file__).parent
# From top to bottom. A wing may import from any line below its own, and from no other wing of its own line.
FLOORS = (
    ("cli",),
    ("demo",),
    ("course", "student"),
    ("pytest_plugin", "bench", "mutation", "quiz"),
    ("grading",),
    ("authoring",),
    ("boundary",),
    ("isolation",),
    ("worker", "data", "topics", "errors", "files", "text", "progress"),
)
FLOOR = {wing: height for height, wings in enumerate(reversed(FLOORS)) for wing in wings}
# Programs, and files of the students of the demo, which nothing imports.
OUTSIDE = {"katagrad.__main__"}


def modules(package):
    """Files by module name, without the sample submissions."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        if "sample_class" not in parts[:-1]:
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(name, path, known):
    """The modules of `known` that a file imports, wherever in it."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -(node.level - 1) or None] if node.level else []
            home = ".".join([*above, *([node.module] if node.module else [])])
            for item in node.names:
                inner = f"{home}.{item.name}"
                found.add(inner if inner in known else home)
    return {one for one in found if one in known and one != name}


def graph(package=PACKAGE):
    known = modules(package)
    return {name: imports(name, path, known) for name, path in known.items()}


def wing(name):
    """The wing of a module; "" for the package itself, which holds only the version."""
    return name.split(".")[1] if "." in name else ""


def forbidden(arrows):
    """One line for each import from a wing that is not below the importing one."""
    return [
        f"{name} imports {other}: `{wing(name)}` may not import `{wing(other)}`"
        for name, others in sorted(arrows.items())
        if name not in OUTSIDE
        for other in sorted(others)
        if wing(other) and wing(name) != wing(other)
        if not FLOOR[wing(other)] < FLOOR.get(wing(name), -1)
    ]


def circles(arrows):
    """One line for each pair of files that import each other, directly or through others."""

    def reachable(start):
        seen, left = set(), [start]
        while left:
            for other in arrows[left.pop()] - seen:
                seen.add(other)
                left.append(other)
        return seen

    reach = {name: reachable(name) for name in arrows}
    return [
        f"{name} imports {other}, which imports it in turn"
        for name in sorted(arrows)
        for other in sorted(arrows[name])
        if name in reach[other]
    ]


def test_every_wing_stands_on_a_floor():
    wings = {wing(name) for name in modules(PACKAGE) if wing(name) and name not in OUTSIDE}
    assert wings == set(FLOOR)


def test_imports_only_go_down():
    assert forbidden(graph()) == []


def test_no_circle_of_files():
    assert circles(graph()) == []


@pytest.mark.parametrize(
    "text",
    [
        "from katagrad.grading.session import start",
        "import katagrad.grading.session",
        "from ..grading import session",
        "def late():\n    from katagrad.grading import session",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from katagrad.grading import session",
    ],
)
def test_the_rule_sees_every_form_of_import(tmp_path, text):
    package = tmp_path / "katagrad"
    for name, content in {
        "__init__.py": "",
        "isolation/__init__.py": "",
        "isolation/sandbox.py": text,
        "grading/__init__.py": "",
        "grading/session.py": "from katagrad.isolation import sandbox",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(content)
    arrows = graph(package)
    assert forbidden(arrows) == [
        "katagrad.isolation.sandbox imports katagrad.grading.session: `isolation` may not import `grading`"
    ]
    assert circles(arrows) == [
        "katagrad.grading.session imports katagrad.isolation.sandbox, which imports it in turn",
        "katagrad.isolation.sandbox imports katagrad.grading.session, which imports it in turn",
    ]


def test_the_worker_needs_nothing_but_itself():
    """A sandbox shows katagrad/__init__.py and katagrad/worker, and no other file of the library."""
    arrows = graph()
    beyond = {other for name in arrows if wing(name) == "worker" for other in arrows[name]}
    assert {wing(name) for name in beyond} <= {"", "worker"}
    assert "katagrad.worker.server" in arrows


def test_only_workers_import_a_framework():
    frameworks = {"torch", "tensorflow", "keras"}
    found = []
    for name, path in modules(PACKAGE).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = {item.name for item in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module or ""}
            else:
                continue
            if {n.partition(".")[0] for n in names} & frameworks and wing(name) != "worker":
                found.append(f"{name} imports {', '.join(names)}")
    assert found == []
