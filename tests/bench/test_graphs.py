"""Graded workers leave TensorFlow's graphs as they are, which starts sooner; timed ones rewrite them, as users do."""

from pathlib import Path

import pytest

from katagrad.bench.runner import TIMED, TimedLauncher
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.process import Pool
from katagrad.boundary.transport import Transport
from katagrad.grading.submission import edited
from katagrad.topics import topics

pytestmark = pytest.mark.needs("tensorflow")
TEXT = """import tensorflow as tf


def softmax(x, axis=-1, temperature=1.0):
    found = tf.config.optimizer.get_experimental_options()
    return tf.constant(float(found.get("disable_meta_optimizer", False)))
"""


@pytest.mark.parametrize("timed", [False, True])
def test_graphs_are_rewritten_where_time_is_measured(timed):
    source = edited(Path("/nonexistent"), "softmax", TEXT).source(topics()["softmax"])
    pool = Pool(TIMED, TimedLauncher(1)) if timed else Pool()
    try:
        transport = Transport(pool, source)
        transport.begin(0, 60.0)
        left_alone = float(Implementation(transport).call("softmax", 0.0))
        transport.close()
    finally:
        pool.close()
    assert left_alone == (0.0 if timed else 1.0)
