"""constraints.txt agrees with pyproject.toml on every Python, and no file names an index."""

import re
import sys
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


def pins(python):
    """The constraints that hold on one Python, by name; the system is any."""
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pin = Requirement(line)
        if not pin.marker or pin.marker.evaluate({"python_version": python}):
            assert pin.name not in found, f"{pin.name} has two pins on Python {python}"
            found[pin.name] = pin
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_within_its_range(python):
    held = pins(python)
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    for requirement in map(Requirement, chain(*groups)):
        marker = requirement.marker
        if requirement.name == "katagrad" or (
            marker and not marker.evaluate({"python_version": python, "extra": ""})
        ):
            continue
        assert requirement.name in held, f"{requirement.name} has no pin on Python {python}"
        (pin,) = held[requirement.name].specifier
        assert pin.operator == "=="
        assert pin.version in requirement.specifier, (
            f"{requirement} excludes {held[requirement.name]}"
        )


def test_names_are_written_in_their_canonical_form():
    for python in PYTHONS:
        assert [name for name in pins(python) if name != canonicalize_name(name)] == []


def test_the_base_installation_brings_no_framework():
    names = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert not names & {"torch", "tensorflow", "keras", "jax"}


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "constraints.txt", "tox.ini", "start.py", ".ci/run"]
)
def test_where_packages_come_from_is_left_to_the_machine(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
