"""A workspace as `kata init` makes it, and `kata` in it as a student runs it."""

import os
import shutil
import subprocess
import sys

import pytest

from katagrad.student.workspace import create
from katagrad.topics import root


class Desk:
    """A workspace, and programs run in it."""

    def __init__(self, workspace):
        self.workspace, self.folder = workspace, workspace.folder

    def write(self, text, topic="softmax"):
        path = self.workspace.exercises / f"{topic}.py"
        path.write_text(text, encoding="utf-8")
        return path

    def solve(self, topic="softmax", framework="torch"):
        return shutil.copy(
            root() / "solutions" / framework / f"{topic}.py", self.workspace.exercises
        )

    def run(self, *words, expect=0, module="katagrad", **settings):
        clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=self.folder,
            env={**clean, "COLUMNS": "80", **settings},
            capture_output=True,
        )
        output = done.stdout.decode(settings.get("PYTHONIOENCODING", "utf-8"))
        output += done.stderr.decode(settings.get("PYTHONIOENCODING", "utf-8"))
        assert done.returncode == expect, output
        return output.replace("\r\n", "\n")


@pytest.fixture
def desk(tmp_path):
    return Desk(create(tmp_path / "desk", "torch").workspace)
