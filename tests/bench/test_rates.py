"""The programs that measure how often the rule errs, on launches that are made up."""

import importlib.util
import json
import math
import random
from types import SimpleNamespace

import pytest

from katagrad.bench.regress.twins import Unmeasurable
from katagrad.topics import root


@pytest.fixture
def search_rates():
    path = root() / "benchmarks" / "regress" / "search_rates.py"
    spec = importlib.util.spec_from_file_location("search_rates", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def recorded(search_rates, monkeypatch, tmp_path):
    """recorded(scatter, launches): the file that `record` writes where ratios scatter by `scatter`."""

    def record(scatter, launches):
        draw = random.Random(3)

        class Launch:
            def __init__(self, lanes, conditions, turn):
                self.lanes = lanes

            def time(self, case, rounds):
                if case.label == "b":
                    raise Unmeasurable("it fails")
                times = [draw.lognormvariate(0.0, scatter / math.sqrt(2)) for _ in self.lanes]
                return [[seconds] * 3 + [9.0] * (rounds - 3) for seconds in times]

            def close(self): ...

        cases = [SimpleNamespace(label="a"), SimpleNamespace(label="b")]
        monkeypatch.setattr(search_rates, "Launch", Launch)
        monkeypatch.setattr(search_rates, "collect", lambda *_: cases)
        given = SimpleNamespace(
            framework="torch", topics=(), select="", rounds=8, launches=launches, out=tmp_path / "noise.jsonl"
        )  # fmt: skip
        search_rates.record(given)
        return given.out

    return record


def test_what_is_recorded_is_the_noise_of_a_launch(recorded, capsys):
    path = recorded(0.025, 400)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {(one["framework"], one["benchmark"]) for one in lines} == {("torch", "a")}
    assert len(lines) == 400
    ratios = [one["noise"][0] - one["noise"][1] for one in lines]
    assert math.sqrt(sum(x * x for x in ratios) / len(ratios)) == pytest.approx(0.025, rel=0.15)
    assert "b: it fails" in capsys.readouterr().err


def test_searches_of_recorded_noise_err_as_those_of_the_same_noise_drawn(
    search_rates, recorded, capsys
):
    search_rates.report(SimpleNamespace(file=recorded(0.01, 200), searches=60))
    said = capsys.readouterr().out
    assert "1 benchmarks, 200 to 200 launches of each" in said
    assert said.count("60 searches: right 100.0%") == 3, said
