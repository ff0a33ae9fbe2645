"""Which frameworks a test needs: where only one is installed, the others' tests skip and say so."""

import importlib.util

import pytest


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "needs(*frameworks): skip where one of these is not installed"
    )


def pytest_collection_modifyitems(items):
    for item in items:
        for mark in item.iter_markers("needs"):
            missing = [name for name in mark.args if importlib.util.find_spec(name) is None]
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is not installed"))
