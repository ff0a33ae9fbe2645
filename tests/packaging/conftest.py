"""A clone in miniature, which start.py sets up without a connection; and the wheel, in an environment of its own."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

# Somebody else's project, which a test copies: its tests and benchmarks run there.
collect_ignore = ["project"]
ROOT = Path(__file__).resolve().parents[2]

FILES = {
    "pyproject.toml": """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "katagrad"
version = "0"
""",
    "constraints.txt": "",
    # Builds what pip asks for, by hand: nothing has to be downloaded for it.
    "backend.py": """\
import pathlib, sys, time, zipfile

def get_requires_for_build_editable(settings=None):
    return []

def build_editable(folder, settings=None, metadata=None):
    here = pathlib.Path(__file__).parent
    if (here / "break").exists():
        sys.exit("the disk is full of cats")
    while (here / "hang").exists():
        time.sleep(0.05)
    name = "katagrad-0-py3-none-any.whl"
    extras = "".join(f"Provides-Extra: {x}\\n" for x in ("torch", "tensorflow", "dev"))
    about = {
        "METADATA": "Metadata-Version: 2.1\\nName: katagrad\\nVersion: 0\\n" + extras,
        "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("katagrad.pth", str(here))
        for part, text in about.items():
            wheel.writestr("katagrad-0.dist-info/" + part, text)
    return name
""",
    "katagrad/__init__.py": "",
    "katagrad/__main__.py": """\
import sys

print("kata", *sys.argv[1:])
sys.exit(3 if sys.argv[1] == "fail" else 0)
""",
    "pytest.py": 'import os, sys; print("pytest", *sys.argv[1:], "in", os.getcwd())',
}


class Clone:
    """A folder with start.py in it, and what running it printed."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        shutil.copy(ROOT / "start.py", folder)

    def begin(self, *words, cwd=None, **settings):
        return subprocess.Popen(
            [sys.executable, str(self.folder / "start.py"), *words],
            cwd=cwd or self.folder.parent,
            env={**os.environ, "PIP_NO_INDEX": "1", **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words, **settings):
        process = self.begin(*words, **settings)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def change_pins(self):
        with (self.folder / "constraints.txt").open("a") as constraints:
            constraints.write("# another line\n")


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    """A clone that `start.py setup` has set up, shared: a test leaves it working."""
    clone = Clone(tmp_path_factory.mktemp("a clone with spaces") / "katagrad")
    status, output = clone.run("setup")
    assert status == 0, output
    return clone


@pytest.fixture
def start(monkeypatch, tmp_path):
    """start.py as a module, at work in an empty folder."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("ROOT", "VENV", "PYTHON", "STAMP", "LOG"):
        inside = getattr(module, name).relative_to(ROOT)
        monkeypatch.setattr(module, name, tmp_path / inside)
    (tmp_path / ".start").mkdir()
    return module


@pytest.fixture(scope="session")
def wheel_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # Without isolation the build needs no connection: `dev` brings hatchling.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    built = subprocess.run([*command, str(ROOT)], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("katagrad-*.whl")
    return path


@pytest.fixture(scope="session")
def environment(wheel_file, tmp_path_factory):
    """A fresh environment with the wheel in it, which sees the packages of this one but not its katagrad."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel_file)]
    pip = [sys.executable, "-m", "pip", "--python", str(folder), *install]
    subprocess.run(pip, check=True)
    (site,) = folder.glob("**/site-packages")
    # A folder that a .pth file adds comes last, and no .pth file in it is read: an editable install stays unseen.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts
