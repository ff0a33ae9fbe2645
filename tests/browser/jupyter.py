"""A real Jupyter server in a folder, for the time of a test."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.browser.chromium import until

TOKEN = "of-this-test"


@contextmanager
def served(folder: Path, settings: Path, *options):
    """The address of a Jupyter server whose files are those of `folder`; its own lie in `settings`."""
    homes = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    places = {name: str(settings / place) for name, place in homes.items()}
    runtime = settings / "runtime"
    runtime.mkdir(parents=True)
    environment = {
        **os.environ,
        **places,
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "HOME": str(settings),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"),
        *("--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", *options),
    ]  # fmt: skip
    with (settings / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        (told,) = until(lambda: list(runtime.glob("jpserver-*.json")), 60, "the server's address")
        yield until(lambda: _address(told), 60, "the server's address")
    finally:
        server.terminate()
        server.wait(30)


def _address(told):
    try:
        return json.loads(told.read_text())["url"]
    except ValueError:
        return None
