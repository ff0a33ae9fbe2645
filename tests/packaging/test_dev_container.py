"""The dev container installs what .ci/run installs on a bare machine, and opens on the project's own environment."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".devcontainer"


def packages(text):
    """The packages of the calls of apt-get in a script."""
    calls = re.findall(r"apt-get install((?:\\\n|[^&|\n])+)", text)
    words = {word for call in calls for word in call.replace("\\\n", " ").split()}
    return {word for word in words if not word.startswith("-")}


def test_it_has_the_packages_of_ci():
    wanted = packages((ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert {"bubblewrap", "chromium"} <= wanted
    assert wanted <= packages((FOLDER / "Dockerfile").read_text(encoding="utf-8"))


def test_it_sets_up_as_the_readme_does():
    about = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
    assert (FOLDER / about["build"]["dockerfile"]).is_file()
    assert about["postCreateCommand"] == "python3 start.py setup"
    assert "python3 start.py" in (ROOT / "README.md").read_text(encoding="utf-8")
    settings = about["customizations"]["vscode"]["settings"]
    assert settings["python.defaultInterpreterPath"].endswith(".venv/bin/python")
    assert all((ROOT / name).is_dir() for name in settings["python.testing.pytestArgs"])
