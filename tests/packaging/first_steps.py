"""What a student does first with the installed package, in the folder given: tox runs it on each version of Python."""

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import katagrad

HERE = Path(__file__).resolve().parents[2]


def main(folder):
    """Make a workspace, and run the commands that need no framework."""
    assert not Path(katagrad.__file__).is_relative_to(HERE / "katagrad"), "this is the clone"
    with tempfile.TemporaryDirectory(dir=folder) as room:
        desk = Path(room) / "desk"
        kata = [sys.executable, "-I", "-m", "katagrad"]
        subprocess.run([*kata, "init", str(desk), "--framework", "torch"], check=True)
        assert (desk / "exercises" / "softmax.py").is_file()
        for words in ([], ["list"], ["next"], ["hint", "softmax"], ["quiz", "--print"]):
            done = subprocess.run([*kata, *words], cwd=desk, check=True, capture_output=True)
            assert done.stdout, words
    print(f"katagrad {katagrad.__version__} on Python {platform.python_version()}: it works")


if __name__ == "__main__":
    main(sys.argv[1])
