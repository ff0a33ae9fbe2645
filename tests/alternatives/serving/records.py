"""A registry of immutable states, a table of routes, and batches under a condition; in TensorFlow."""

import hashlib
import json
import math
import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 413: "Content Too Large"}


@dataclass(frozen=True)
class State:
    models: dict
    active: tuple
    shares: tuple = ()


class Registry:
    def __init__(self):
        self.guard = threading.RLock()
        self.states = {}

    def add(self, name, version, model, width):
        with self.guard:
            state = self.states.get(name) or State({}, (version,))
            if version in state.models:
                raise ValueError("there already")
            self.states[name] = replace(state, models={**state.models, version: (model, width)})

    def activate(self, name, version):
        with self.guard:
            state = self.states[name]
            if version not in state.models:
                raise KeyError(version)
            active = state.active if state.active[0] == version else (version, *state.active)
            self.states[name] = State(state.models, active)

    def rollback(self, name):
        with self.guard:
            state = self.states[name]
            _, *earlier = state.active
            if not earlier:
                raise ValueError("nothing earlier")
            self.states[name] = State(state.models, tuple(earlier))
            return earlier[0]

    def split(self, name, shares):
        with self.guard:
            state = self.states[name]
            if not set(shares) <= set(state.models):
                raise KeyError(name)
            self.states[name] = replace(state, shares=tuple(sorted(shares.items())))

    def serving(self, name, user=None):
        state = self.states[name]
        if user is not None and state.shares:
            digest = hashlib.blake2b(f"{user}@{name}".encode(), digest_size=8).digest()
            left = int.from_bytes(digest, "big") / 2**64
            for version, share in state.shares:
                if left < share:
                    return version
                left -= share
            return [version for version, share in state.shares if share > 0][-1]
        return state.active[0]


class Fault(Exception):
    def __init__(self, code, reason):
        super().__init__(reason)
        self.code, self.reason = code, reason


def number(x):
    if isinstance(x, bool) or not isinstance(x, (int, float)):
        raise Fault(400, "not a number")
    try:
        value = float(np.float32(x))
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise Fault(400, "not finite in float32")
    return value


def create_app(registry, max_bytes=1_000_000):
    counts, guard = {}, threading.Lock()

    def read(environ):
        text = environ.get("CONTENT_LENGTH") or "0"
        if not text.isdigit():
            raise Fault(400, "Content-Length")
        if int(text) > max_bytes:
            raise Fault(413, "too long")
        try:
            return json.loads(environ["wsgi.input"].read(int(text)))
        except (ValueError, RecursionError) as error:
            raise Fault(400, "not JSON") from error

    def predict(environ, target):
        name, _, version = target.partition("/versions/")
        state = registry.states.get(name)
        if state is None:
            raise Fault(404, "no such model")
        if not version:
            version = registry.serving(name, environ.get("HTTP_X_USER"))
        if int(version) not in state.models:
            raise Fault(404, "no such version")
        model, width = state.models[int(version)]
        body = read(environ)
        rows = body.get("instances") if type(body) is dict else None
        if type(rows) is not list or rows == []:
            raise Fault(400, "no instances")
        if any(type(row) is not list or len(row) != width for row in rows):
            raise Fault(400, f"rows have {width} numbers")
        x = tf.constant([[number(v) for v in row] for row in rows], tf.float32)
        return {"predictions": [[float(v) for v in row] for row in model(x, training=False)]}

    def target_of(environ):
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "POST" or not path.startswith("/v1/models/"):
            return None
        target = path[len("/v1/models/") :]
        if not target.endswith(":predict"):
            return None
        name, word, version = target[: -len(":predict")].partition("/versions/")
        fair = name.replace("-", "").replace("_", "").isalnum() and (
            not word or version.isdecimal()
        )
        return target[: -len(":predict")] if fair else None

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/metrics" and environ["REQUEST_METHOD"] == "GET":
            with guard:
                lines = [f'predict_requests_total{{code="{k}"}} {v}' for k, v in counts.items()]
            start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
            # Without counts this is an empty line, which Prometheus passes over.
            return [("\n".join(lines) + "\n").encode()]
        target, code = target_of(environ), 200
        try:
            if target is None:
                raise Fault(404, "no such path")
            answer = predict(environ, target)
        except Fault as fault:
            code, answer = fault.code, {"error": fault.reason}
        if target is not None:
            with guard:
                counts[code] = counts.get(code, 0) + 1
        start_response(f"{code} {REASONS[code]}", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    return app


class Batcher:
    def __init__(self, f, max_size, max_wait):
        self.f, self.size, self.wait = f, max_size, max_wait
        self.change, self.one = threading.Condition(), threading.Lock()
        self.open = None

    def __call__(self, row):
        with self.change:
            batch = self.open
            leads = batch is None
            if leads:
                batch = self.open = {"rows": [], "end": time.monotonic() + self.wait}
            place = len(batch["rows"])
            batch["rows"].append(row)
            if len(batch["rows"]) >= self.size:
                self.open = None
                self.change.notify_all()
            if leads:
                while self.open is batch and time.monotonic() < batch["end"]:
                    self.change.wait(batch["end"] - time.monotonic())
                self.open = None if self.open is batch else self.open
        if leads:
            self.finish(batch)
        with self.change:
            self.change.wait_for(lambda: "done" in batch)
        if isinstance(batch["done"], Exception):
            raise batch["done"]
        return batch["done"][place]

    def finish(self, batch):
        try:
            with self.one:
                done = self.f(tf.constant(batch["rows"], tf.float32)).numpy().tolist()
        except Exception as error:
            done = error
        with self.change:
            batch["done"] = done
            self.change.notify_all()
