"""Time exercises/serving.py: requests of many clients to an application, without the network."""

import json

import pytest

# (requests, rows of each, width)
SIZES = {"small": (20, 1, 16), "batches": (20, 64, 256)}


def requests(_solution, app, count, path, body):
    """Answers to `count` requests, one after the other, as a WSGI server makes them."""
    import io

    size = 0
    for _ in range(count):
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": str(len(body))}
        environ["wsgi.input"] = io.BytesIO(body.encode())
        size += sum(len(part) for part in app(environ, lambda *_: None))
    return size


@pytest.mark.parametrize("size", SIZES)
def bench_requests(bench, size):
    count, rows, width = SIZES[size]
    w, b = bench.normal(width, 10), bench.normal(10)
    model = bench.impl.sequential({"type": "dense", "kernel": w, "bias": b})
    registry = bench.call("Registry")
    registry.add("m", 1, model, width)
    app = bench.call("create_app", registry)
    body = json.dumps({"instances": [[0.25] * width] * rows})
    given = app, count, "/v1/models/m:predict", body
    # The product of each request; JSON costs far more, and has no settled number of operations.
    flops = 2 * count * rows * width * 10
    target = bench.drive(requests)
    bench.time(target, *given, items=count, unit="requests", flops=flops, bytes=count * len(body))
