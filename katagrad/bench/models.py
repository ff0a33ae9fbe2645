"""`kata bench models`: training and inference of four small networks, with the topics' own solutions."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from katagrad.bench import quantities
from katagrad.bench.files import positive
from katagrad.bench.timed import timed


class Model(NamedTuple):
    """A network, and the benchmarks that train it and use it: functions of benchmarks/<topic>.py, with parameters."""

    name: str
    topic: str
    training: str
    inference: str

    def benchmarks(self, size: str) -> tuple[str, str]:
        """The keys of both in a result file. size: "small" or "large"."""
        word = LARGE[self.topic] if size == "large" else size
        training, inference = (one.format(size=word) for one in (self.training, self.inference))
        return f"{self.topic}::{training}", f"{self.topic}::{inference}"


# {size} is "small" or the topic's large size.
MODELS = (
    Model("MLP", "neural_network", "bench_train[{size}]", "bench_predict[{size}]"),
    Model("CNN", "cnn", "bench_train[{size}]", "bench_predict[{size}]"),
    Model("LSTM", "forecasting", "bench_fit[{size}]", "bench_forecast[{size}]"),
    # The topic has no optimizer: its training is the gradient.
    Model(
        "transformer block",
        "transformer_block",
        "bench_encoder_block[gradient-{size}]",
        "bench_encoder_block[forward-{size}]",
    ),
)
LARGE = {
    "neural_network": "mnist",
    "cnn": "mnist",
    "forecasting": "year",
    "transformer_block": "base",
}


class NotTimed(Exception):
    """The benchmarks did not run; the message says why."""


def run(
    framework: str, size: str, quick: bool, threads: int, device: str, out: Path | None
) -> list[str]:
    """Time the models with pytest, and return the lines of a table. Raises NotTimed. out: keep the result file."""
    keys = {model: model.benchmarks(size) for model in MODELS}
    with tempfile.TemporaryDirectory(prefix="katagrad-models-") as room:
        written = out.resolve() if out is not None else Path(room) / "result.json"
        arguments = [f"--framework={framework}", "--size=all"]
        arguments += [f"--threads={threads}", f"--device={device}"]
        arguments += ["--quick"] if quick else []
        arguments += [
            f"benchmarks/{key.replace('::', '.py::')}" for two in keys.values() for key in two
        ]
        found, said = timed(arguments, written)
    if found is None or not found.figures:
        reasons = [one.reason for one in found.not_run] if found is not None else []
        raise NotTimed([*reasons, *said][0])
    lines = [f"{'':18s} {'training':>24s} {'inference':>24s}"]
    for model, two in keys.items():
        cells = []
        for key in two:
            known = found.figures.get((key, framework))
            absent = [left.reason for left in found.not_run if left.name == key]
            cells.append(_cell(*known) if known else f"not run: {(absent or ['failed'])[0]}")
        lines.append(f"{model.name:18s} " + " ".join(f"{cell:>24s}" for cell in cells))
    return lines


def _cell(stats: dict[str, float], info: dict[str, object]) -> str:
    items, share = positive(info, "items"), positive(info, "share_of_flops")
    rate = (items or 0.0) / stats["median"]
    text = quantities.rate(rate, str(info.get("unit", ""))).replace(quantities.THIN, " ")
    known = f" ({quantities.percent(share)})" if share else ""
    return text + known.replace(quantities.THIN, " ")
