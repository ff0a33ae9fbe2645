"""A folder of `<topic>.py` files by a student, read without running any of it."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from katagrad.errors import NotGraded, NotStarted, SubmissionProblem
from katagrad.grading.folders import read_folder
from katagrad.grading.parsing import check_together, tree_of
from katagrad.grading.scratch import (
    Breach,
    barred_names,
    breaches,
    graded,
    reached,
    rules_for,
    uses,
)
from katagrad.grading.stub import absent, accepts, is_stub, lacking, unwritten
from katagrad.topics import Topic, root, topics
from katagrad.worker.families import Rules, families

MODULES = {
    "torch": "torch",
    "tensorflow": "tensorflow",
    "keras": "tensorflow",
    "tf_keras": "tensorflow",
}
INSTALL = "pip install 'katagrad[{}]'"


class Submission:
    """A folder of topics. framework: overrides what the files import."""

    def __init__(
        self, folder: Path, framework: str | None = None, edits: Mapping[str, bytes] | None = None
    ) -> None:
        self.folder, self.framework = folder, framework
        self.edits = dict(edits or {})

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Contents by path. Raises SubmissionProblem if the folder is too large, or a file cannot be read."""
        return {**(read_folder(self.folder) if self.folder.is_dir() else {}), **self.edits}

    @property
    def sha256(self) -> str:
        """A hash of the names and contents of all files."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
            digest.update(content)
        return digest.hexdigest()

    @cached_property
    def crowded(self) -> SubmissionProblem | None:
        """The problem of Python files that are too long together to be parsed; None: they are not."""
        try:
            check_together(text for name, text in self.files.items() if name.endswith(".py"))
        except SubmissionProblem as problem:
            return problem
        return None

    def source(self, topic: Topic) -> Source:
        """One topic of this submission."""
        return Source(self, topic)


class Source:
    """One topic of a submission, as source: its framework, unwritten functions, and forbidden names."""

    def __init__(self, submission: Submission, topic: Topic) -> None:
        self.submission, self.about = submission, topic
        self.topic = topic.name
        self.file = f"{topic.name}.py"

    @property
    def files(self) -> dict[str, bytes]:
        """All files of the submission, by path."""
        return self.submission.files

    @cached_property
    def rules(self) -> Rules:
        """The from-scratch rules of the topic for this submission's framework."""
        return rules_for(self.about, self.framework)

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file. Raises SubmissionProblem if it is missing or cannot be parsed."""
        if self.file not in self.files:
            raise SubmissionProblem(absent(self.submission.folder, self.file))
        return tree_of(self.files[self.file], self.file)

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef | ast.ClassDef]:
        """Top-level functions and classes by name."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return {node.name: node for node in self.tree.body if isinstance(node, kinds)}  # type: ignore[misc]

    @cached_property
    def untouched(self) -> bool:
        """Whether every unfinished function of the stub still raises NotImplementedError."""
        asked = [name for name, node in self.contract.items() if is_stub(node)]
        if self.about.contract == self.about.stub and self.files.get(self.file) == self._stub:
            asked = list(self.functions)  # there is no copy of the stub to compare with
        return bool(asked) and all(
            name in self.functions and is_stub(self.functions[name]) for name in asked
        )

    @cached_property
    def imported(self) -> set[str]:
        """The frameworks that the file and its helper modules import."""
        return self._imports(self.tree, {self.file})

    @cached_property
    def framework(self) -> str:
        """ "torch" or "tensorflow": imported by the file or its helper modules, or given by the override."""
        if self.submission.framework:
            return self.submission.framework
        if len(self.imported) == 1:
            return next(iter(self.imported))
        if self.imported:
            raise SubmissionProblem(
                f"{self.file} imports both torch and tensorflow; keep one, or choose one with --framework"
            )
        if self.untouched:
            raise self._not_started()
        raise SubmissionProblem(
            f"{self.file} imports neither torch nor tensorflow; "
            "add `import torch` or `import tensorflow as tf` at its top"
        )

    @property
    def known_framework(self) -> str | None:
        """The framework, or None if the file imports none or a file cannot be read."""
        try:
            return self.framework
        except Exception:  # whatever a stranger's file does to its reader, the others are graded
            return None

    def _imports(self, tree: ast.Module, seen: set[str]) -> set[str]:
        found: set[str] = set()
        for node in graded(tree):  # a demo may compare with the other framework
            if isinstance(node, ast.Import):
                names = [item.name for item in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module] if node.module else [item.name for item in node.names]
            else:
                continue
            for name in names:
                first = name.split(".")[0]
                helper = next(
                    (h for h in (f"{first}.py", f"{first}/__init__.py") if h in self.files), None
                )
                if first in MODULES:
                    found.add(MODULES[first])
                elif helper and helper not in seen and not self.submission.crowded:
                    seen.add(helper)
                    try:
                        found |= self._imports(tree_of(self.files[helper], helper), seen)
                    except SubmissionProblem:
                        continue  # the worker reports it if the import is executed
        return found

    def _not_started(self) -> NotStarted:
        return NotStarted(
            f"{self.topic} is not started: {unwritten(self.file, self.tree, self._stub)}"
        )

    def ready(self) -> None:
        """Raise an exception if this topic cannot be graded. Called before a worker starts."""
        if self.tree and self.untouched:
            raise self._not_started()
        if self.imported and self.framework not in self.imported:
            raise SubmissionProblem(
                f"{self.file} imports {next(iter(self.imported))}, but --framework or the course asks for "
                f"{self.framework}; write it in {self.framework}, or leave out --framework"
            )
        more = dict.fromkeys(self.about.needs.get(self.framework, ()), "deploy")
        for module, extra in {self.framework: self.framework, **more}.items():
            if importlib.util.find_spec(module) is None:
                raise NotGraded(
                    f"{self.file} needs {module}, which is not installed here; "
                    f"run: {INSTALL.format(extra)}"
                )

    def breaches(self) -> list[Breach]:
        """Uses of forbidden names in the file and in the submission's other modules. Raises SubmissionProblem."""
        if self.submission.crowded:
            raise self.submission.crowded
        found: list[Breach] = []
        barred = barred_names(self.rules, self.framework)
        for name, content in self.files.items():
            if name == self.file or (name.endswith(".py") and Path(name).stem not in self.siblings):
                asked = self.contract if name == self.file else None
                found += breaches(content, name, barred, asked)
        return found

    def uses(self, name: str, family: str) -> list[Breach]:
        """Uses of a family's names by the file's function `name`, and by what it names in the file."""
        nodes = list(reached(self.tree, name))
        return uses(nodes, self.file, families(self.framework)[family].names)

    def reference(self) -> Source:
        """The reference for measurements of throughput. Raises NotGraded if there is none."""
        home = self.about.root
        if not (home / "benchmarks" / "references").is_dir():
            home = root()
        folder = home / "benchmarks" / "references" / self.framework
        if not (folder / self.file).is_file():
            raise NotGraded(
                f"there is no reference for the speed of {self.topic} in {self.framework}"
            )
        topic = topics().get(self.topic, self.about)
        return Submission(folder, self.framework).source(topic)

    @cached_property
    def siblings(self) -> set[str]:
        """Stems of the other topics, to whose files other rules apply."""
        return set(topics(self.about.root)) - {self.topic}

    @cached_property
    def _stub(self) -> bytes:
        path = self.about.contract
        return path.read_bytes() if path.is_file() else b""

    @cached_property
    def contract(self) -> dict[str, ast.FunctionDef | ast.ClassDef]:
        """The definitions of the pristine stub."""
        try:
            tree = ast.parse(self._stub)
        except (SyntaxError, ValueError):
            return {}
        kinds = (ast.FunctionDef, ast.ClassDef)
        return {node.name: node for node in tree.body if isinstance(node, kinds)}

    def require(self, name: str, defined: Mapping[str, Any]) -> None:
        """Raise Failure unless the loaded module defines `name` and it can be called as the stub says."""
        asked = self.contract.get(name)
        shown = f"{name}({ast.unparse(asked.args)})" if isinstance(asked, ast.FunctionDef) else name
        if name not in defined:
            raise SubmissionProblem(lacking(self.file, name, shown, self.tree, self.contract))
        node = self.functions.get(name)
        if node is not None and is_stub(node):
            raise NotStarted(
                f"{name} is not written yet: {self.file}:{node.lineno} still raises NotImplementedError"
            )
        given = defined[name]
        if not isinstance(asked, ast.FunctionDef) or not isinstance(given, list):
            return
        if not accepts(given, asked):
            found = ", ".join(p[0] + (f"={p[2]}" if p[2] is not None else "") for p in given)
            raise SubmissionProblem(
                f"{self.file} defines {name}({found}), but the stub asks for {shown}"
            )


def edited(folder: Path, topic: str, text: str, framework: str | None = None) -> Submission:
    """A submission like `folder`, with the file of one topic replaced, as for a mutant."""
    return Submission(folder, framework, {f"{topic}.py": text.encode()})
