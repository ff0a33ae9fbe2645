"""Versions of models behind the REST API of TensorFlow Serving, in TensorFlow."""

import contextlib
import json
import queue
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

import tensorflow as tf

LARGEST = float(tf.float32.max)
PREDICT = re.compile(r"POST /v1/models/([A-Za-z0-9_-]+)(?:/versions/([0-9]{1,18}))?:predict")


def compute(model, rows):
    return tf.convert_to_tensor(model(tf.constant(rows, tf.float32))).numpy().tolist()


class Registry:
    def __init__(self):
        self.models, self.history, self.shares, self.lock = {}, {}, {}, threading.Lock()

    def add(self, name, version, model, width):
        added = (model, width)
        if self.models.setdefault(name, {}).setdefault(version, added) is not added:
            raise ValueError(f"{name} has a version {version} already")
        self.history.setdefault(name, [version])

    def activate(self, name, version):
        if self.models[name][version] and self.history[name][-1] != version:
            self.history[name].append(version)
        self.shares.pop(name, None)

    def rollback(self, name):
        with self.lock:
            if len(self.history[name]) < 2:
                raise ValueError(f"{name} has no earlier version")
            self.history[name].pop()
            self.shares.pop(name, None)
            return self.history[name][-1]

    def split(self, name, shares):
        [self.models[name][version] for version in shares]  # KeyError
        self.shares[name] = dict(sorted(shares.items()))

    def serving(self, name, user=None):
        shares = None if user is None else self.shares.get(name)
        if shares is None:
            return self.history[name][-1]
        # Drawn from the name and the user, so it is the same at every request.
        return random.Random(f"{name}/{user}").choices([*shares], [*shares.values()])[0]


def fits(row, width):
    numbers = isinstance(row, list) and len(row) == width
    return numbers and all(type(x) in (int, float) and abs(x) <= LARGEST for x in row)


def create_app(registry, max_bytes=1_000_000):
    lock, requests = threading.Lock(), Counter()

    def predict(environ, name, version):
        try:
            size = int(environ.get("CONTENT_LENGTH") or 0)
            if size > max_bytes:
                return "413 Content Too Large", {"error": f"more than {max_bytes} bytes"}
            version = int(version or registry.serving(name, environ.get("HTTP_X_USER")))
            model, width = registry.models[name][version]
            rows = {**json.loads(environ["wsgi.input"].read(size).decode())}.get("instances")
            if not isinstance(rows, list) or not rows or not all(fits(row, width) for row in rows):
                raise ValueError(f"instances should be rows of {width} numbers that float32 holds")
            return "200 OK", {"predictions": compute(model, [[*map(float, row)] for row in rows])}
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            status = "404 Not Found" if isinstance(error, KeyError) else "400 Bad Request"
            return status, {"error": f"{name}: {error}"}

    def app(environ, start_response):
        path, kind = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", "application/json"
        asked, status, found = PREDICT.fullmatch(path), "404 Not Found", {"error": f"no {path}"}
        if path == "GET /metrics":
            status, kind = "200 OK", "text/plain; version=0.0.4"
        elif asked:
            status, found = predict(environ, *asked.groups())
        with lock:
            requests[status[:3]] += bool(asked)
            lines = [f'predict_requests_total{{code="{c}"}} {n}\n' for c, n in (+requests).items()]
        body = ("".join(lines) if kind[0] == "t" else json.dumps(found)).encode()
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return app


class Batcher:
    def __init__(self, f, max_size, max_wait):
        self.f, self.max_size, self.max_wait = f, max_size, max_wait
        self.waiting, self.pool = queue.Queue(), ThreadPoolExecutor(1)
        threading.Thread(target=self.run, daemon=True).start()

    def __call__(self, row):
        place = Future()
        self.waiting.put((row, place))
        found, i = place.result()
        return found.result()[i]

    def run(self):
        while True:
            batch, end = [self.waiting.get()], time.monotonic() + self.max_wait
            with contextlib.suppress(queue.Empty):
                while len(batch) < self.max_size:
                    batch.append(self.waiting.get(timeout=max(end - time.monotonic(), 0)))
            found = self.pool.submit(compute, self.f, [row for row, _ in batch])
            for i, (_, place) in enumerate(batch):
                place.set_result((found, i))
