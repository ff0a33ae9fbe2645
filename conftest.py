"""What pytest does here beyond its own: `katagrad.pytest_plugin.plugin` grades, `katagrad.bench.plugin` times."""

import importlib.util

pytest_plugins = ["katagrad.pytest_plugin.plugin"]
if importlib.util.find_spec("pytest_benchmark") is not None:  # an extra: students need none of it
    pytest_plugins.append("katagrad.bench.plugin")
