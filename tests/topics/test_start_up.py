"""What reading the graders costs: all of them are read before the first check runs."""

import subprocess
import sys

from katagrad.topics import root

# Each takes as long to import as all graders together.
SLOW = ("scipy.stats", "sklearn", "torch", "tensorflow", "keras")
READ = """
import sys
from katagrad.grading.checks import load_grader
from katagrad.topics import topics
for topic in topics().values():
    load_grader(topic)
    slow = [name for name in sys.argv[1:] if name in sys.modules]
    if slow:
        sys.exit(f"graders/{topic.name}.py imports {', '.join(slow)} before a check needs it")
"""


def test_reading_the_graders_imports_nothing_slow():
    done = subprocess.run(
        [sys.executable, "-c", READ, *SLOW], cwd=root(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
