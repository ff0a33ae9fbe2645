"""A profile of TensorFlow's operators, for `katagrad.worker.profiling`."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from katagrad.worker.profiling import nested


def profiled(run: Any) -> list[list[Any]]:
    """The operators that `run` calls, by thread, as `katagrad.worker.profiling.nested` returns them."""
    try:
        xplane = importlib.import_module("tensorflow.tsl.profiler.protobuf.xplane_pb2")
    except ImportError:
        raise ValueError("this version of TensorFlow has no profile that can be read") from None
    options = tf.profiler.experimental.ProfilerOptions(
        host_tracer_level=2, python_tracer_level=0, device_tracer_level=0
    )
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder, options=options)
        try:
            run()
        finally:
            tf.profiler.experimental.stop()
        groups = []
        for path in Path(folder).rglob("*.xplane.pb"):
            space = xplane.XSpace()
            space.ParseFromString(path.read_bytes())
            for plane in space.planes:
                if not plane.name.startswith("/host:CPU"):
                    continue
                for line in plane.lines:
                    names = plane.event_metadata
                    events = [
                        (
                            names[event.metadata_id].name,
                            event.offset_ps / 1e12,
                            (event.offset_ps + event.duration_ps) / 1e12,
                        )
                        for event in line.events
                    ]
                    groups.append(nested(events))
    return groups
