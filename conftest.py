"""Everything pytest does here beyond its own is in `katagrad.plugin`, and in `katagrad.bench.plugin` for timing."""

import importlib.util

pytest_plugins = ["katagrad.plugin"]
if importlib.util.find_spec("pytest_benchmark") is not None:  # an extra: students need none of it
    pytest_plugins.append("katagrad.bench.plugin")
