"""A headless Chromium that a test drives: it opens a page, evaluates JavaScript in it, and takes a picture.

Source: the Chrome DevTools Protocol, https://chromedevtools.github.io/devtools-protocol/.
"""

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)  # fmt: skip
FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows"),
    *("--remote-debugging-port=0", "--window-size=1100,1600"),
]
needed = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: apt-get install chromium")


class Chromium:
    """One page of a browser. Close it, or use it in a `with` statement.

    home: a folder of its own for the browser's profile.
    """

    def __init__(self, home: Path):
        import websocket

        self.home, self.sent = home, 0
        command = [PROGRAM, *FLAGS, f"--user-data-dir={home}", "about:blank"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        port = home / "DevToolsActivePort"
        until(lambda: port.exists() and port.read_text().count("\n"), 60, "the browser's port")
        listed = f"http://127.0.0.1:{port.read_text().split()[0]}/json/list"
        with urllib.request.urlopen(listed, timeout=60) as answer:
            (page,) = [one for one in json.load(answer) if one["type"] == "page"]
        self.socket = websocket.create_connection(
            page["webSocketDebuggerUrl"], timeout=60, suppress_origin=True
        )
        # JupyterLab waits with the next cell while its page is hidden.
        self.call("Page.bringToFront")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.terminate()
        self.process.wait(30)

    def call(self, method, **params):
        """Call a method of the protocol and return its result."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.sent:
            pass  # an event
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def go(self, address):
        self.call("Page.navigate", url=address)

    def value(self, script):
        """What `script` evaluates to in the page, a value that JSON has; None where it throws."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return None if "exceptionDetails" in result else result["result"].get("value")

    def wait(self, script, seconds=120.0):
        """The first value of `script` that is neither false nor empty. Keeps a picture where there is none in time."""
        try:
            return until(lambda: self.value(script), seconds, script)
        except TimeoutError:
            self.picture(self.home.with_suffix(".png"))
            raise

    def picture(self, path: Path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


def until(ask, seconds, what):
    """The first true answer of `ask()`. Raises TimeoutError, which says that `what` did not come."""
    end = time.monotonic() + seconds
    while not (found := ask()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {seconds:g} s")
        time.sleep(0.1)
    return found
