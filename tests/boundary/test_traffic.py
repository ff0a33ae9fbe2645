"""A WSGI application of a submission, served inside the isolation, with many clients at once."""

import json
from pathlib import Path

import pytest

from katagrad.boundary import Implementation, Pool
from katagrad.boundary.traffic import call, get, post, traffic, wait
from katagrad.boundary.transport import Transport
from katagrad.errors import Failure
from katagrad.grading.session import launcher_for
from katagrad.grading.submission import Submission
from katagrad.topics import topics
from katagrad.worker.limits import Limits

TOPIC = topics()["softmax"]
CODE = """
import json, socket, threading, time
import torch

class Counter:
    def __init__(self):
        self.lock, self.value, self.inside, self.most = threading.Lock(), 0, 0, 0

    def add(self, n):
        if n < 0:
            raise ValueError("negative")
        with self.lock:
            self.value += n
            return self.value

def app(counter):
    def answer(environ, start_response):
        with counter.lock:
            counter.inside += 1
            counter.most = max(counter.most, counter.inside)
        try:
            path = environ["PATH_INFO"]
            if path == "/break":
                raise RuntimeError("no")
            if path == "/long":
                start_response("413 Content Too Large", [])
                return [b""]
            if path == "/garbage":
                start_response("200 OK", [])
                return [b"\\xff\\xfe"]
            time.sleep(0.05)
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
            said = {"path": path, "body": body, "user": environ.get("HTTP_X_USER"), "method": environ["REQUEST_METHOD"]}
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(said).encode()]
        finally:
            with counter.lock:
                counter.inside -= 1
    return answer

def reach(family):
    with socket.socket(getattr(socket, family)):
        return "made"
"""


@pytest.fixture(scope="module", params=["auto", "process", "auto, far down", "process, far down"])
def impl(request, tmp_path_factory):
    launcher, _, down = request.param.partition(", ")
    with pytest.MonkeyPatch.context() as patch:
        if down:  # a socket's address takes 107 bytes
            patch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("d" * 100)))
        yield from implementation(launcher)


def implementation(launcher):
    pool = Pool(Limits(memory=2 << 30), launcher_for(launcher))
    files = {"softmax.py": CODE.encode()}
    transport = Transport(pool, Submission(Path("/nonexistent"), "torch", files).source(TOPIC))
    transport.require = lambda name: None  # these functions are in no stub
    transport.begin(1, 120)
    yield Implementation(transport)
    transport.close()
    pool.close()


pytestmark = pytest.mark.needs("torch")


def test_requests_arrive_as_they_were_sent(impl):
    app = impl.app(impl.Counter())
    [[reply, plain]] = traffic(
        impl, app, [[post("/a?b=1", {"x": [1, 2]}, headers={"X-User": "ann"}), get("/c")]]
    )
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    said = {"path": "/a", "body": json.dumps({"x": [1, 2]}), "user": "ann", "method": "POST"}
    assert reply.json() == said
    assert plain.json() == {"path": "/c", "body": "", "user": None, "method": "GET"}
    assert reply.start < reply.end <= plain.start


def test_clients_are_served_at_once(impl):
    counter = impl.Counter()
    clients = [[post(f"/{i}", {"i": i}), post(f"/{i}/again", {"i": -i})] for i in range(8)]
    found = traffic(impl, impl.app(counter), clients)
    for i, (first, second) in enumerate(found):
        assert (first.json()["path"], second.json()["path"]) == (f"/{i}", f"/{i}/again")
    assert counter.get("most") > 1


def test_calls_run_between_requests(impl):
    counter = impl.Counter()
    clients = [[wait(0.02), call(counter, "add", 2), get("/x"), call(counter, "add", -1)]]
    [[pause, added, reply, refused]] = traffic(impl, impl.app(counter), clients)
    assert (pause, added.value, added.error, reply.status) == (None, 2, None, 200)
    assert "ValueError" in refused.error.kinds
    many = traffic(impl, None, [[call(counter, "add", 1)] * 20] * 5)
    assert sorted(one.value for steps in many for one in steps) == list(range(3, 103))


def test_an_application_that_fails_answers_all_the_same(impl):
    app = impl.app(impl.Counter())
    long = post("/long", bytes(1 << 20))
    [[broken, refused]] = traffic(impl, app, [[get("/break"), long]])
    assert (broken.status, refused.status) == (500, 413)
    [[garbage]] = traffic(impl, app, [[get("/garbage")]])
    with pytest.raises(Failure, match="not UTF-8"):
        garbage.json()


def test_a_request_without_an_answer_fails(impl):
    app = impl.app(impl.Counter())
    with pytest.raises(Failure, match="POST /a: no answer within 10 s"):
        traffic(impl, app, [[post("/a", b"short", headers={"Content-Length": "100"})]])


def test_an_answer_is_http_and_json(impl):
    app = impl.app(impl.Counter())
    [[reply]] = traffic(impl, app, [[post("/a", b"NaN")]])
    assert reply.json()["body"] == "NaN"
    object.__setattr__(reply, "body", b"NaN")
    with pytest.raises(Failure, match="not JSON"):
        reply.json()


def test_the_isolation_still_has_no_network(impl):
    assert impl.reach("AF_UNIX") == "made"
    if launcher_for("auto").name == "namespace" and impl._transport.pool.launcher.alone:
        with pytest.raises(Failure, match="Address family not supported"):
            impl.reach("AF_INET")
