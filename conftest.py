"""What pytest does here beyond its own: katagrad's plugins grade, keep a student's progress, and time."""

import importlib.util

pytest_plugins = ["katagrad.pytest_plugin.plugin", "katagrad.student.plugin"]
if importlib.util.find_spec("pytest_benchmark") is not None:  # an extra: students need none of it
    pytest_plugins.append("katagrad.bench.plugin")
