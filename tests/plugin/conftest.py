"""A student's workspace in a temporary folder: one or two real topics, the real graders, the real plugin."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from katagrad.topics import root

TOPICS_TOML = """
[softmax]
chapter = "Building blocks"
title = "Softmax"
hints = ["a", "b", "c"]
forbid.torch = ["torch.softmax", "torch.nn.functional.*", ".softmax"]
forbid.tensorflow = ["tf.nn.softmax"]

[cross_entropy]
chapter = "Building blocks"
title = "Cross-entropy"
hints = ["a", "b", "c"]
"""


class Workspace:
    """A folder with conftest.py, exercises/ and graders/. `run` starts a fresh pytest in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exercises = folder / "exercises"
        for name in ("exercises", "graders"):
            (folder / name).mkdir()
            for topic in ("softmax", "cross_entropy"):
                shutil.copy(root() / name / f"{topic}.py", folder / name)
        (self.exercises / "topics.toml").write_text(TOPICS_TOML)
        (folder / "conftest.py").write_text('pytest_plugins = ("katagrad.pytest_plugin.plugin",)\n')
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")

    def solve(self, framework: str = "torch", topic: str = "softmax") -> Path:
        """Fill in a topic with the reference solution."""
        text = (root() / "solutions" / framework / f"{topic}.py").read_text()
        stub = (root() / "exercises" / f"{topic}.py").read_text()
        for node in ast.parse(stub).body:  # the docstrings stay, as they do in a student's file
            if isinstance(node, ast.FunctionDef):
                docstring = ast.get_source_segment(stub, node.body[0])
                head, found, rest = text.partition(f"\ndef {node.name}(")
                line, _, body = rest.partition("\n")
                assert found
                text = f"{head}{found}{line}\n    {docstring}\n{body}"
        return self.write(text, topic)

    def write(self, text: str, topic: str = "softmax") -> Path:
        """Fill in a topic with `text`."""
        path = self.exercises / f"{topic}.py"
        path.write_text(text)
        return path

    def run(self, *args: str, expect: int | None = None, typed: str = "") -> str:
        """The output of pytest, to which `typed` is said; its exit status must be `expect`, if given."""
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
        if "--lf" in args or "CACHE" in args:
            command = [sys.executable, "-m", "pytest", *[a for a in args if a != "CACHE"]]
        # Not a worker of the xdist run that this test may be part of.
        # Where CI is set, pytest's summary repeats every message whole.
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "CI"))}
        done = subprocess.run(
            command,
            env=plain,
            cwd=self.folder,
            input=typed,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        output = done.stdout + done.stderr
        if expect is not None:
            assert done.returncode == expect, output
        return output

    def results(self, *args: str) -> dict:
        """The JSON record of a run."""
        target = self.folder / "results.json"
        target.unlink(missing_ok=True)
        output = self.run(*args, "--results", "results.json")
        assert target.is_file(), output
        return json.loads((self.folder / "results.json").read_text())


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)
