"""Which frameworks a test needs: where only one is installed, the others' tests skip and say so."""

import importlib.util
import signal
import threading

import pytest


def pytest_configure(config):
    # A shell starts what runs in the background with SIGINT ignored. Children would inherit that, and the tests that
    # interrupt them would wait in vain.
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        and threading.current_thread() is threading.main_thread()
    ):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line(
        "markers", "needs(*frameworks): skip where one of these is not installed"
    )


def pytest_collection_modifyitems(items):
    for item in items:
        for mark in item.iter_markers("needs"):
            missing = [name for name in mark.args if importlib.util.find_spec(name) is None]
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is not installed"))
