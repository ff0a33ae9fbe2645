"""Clients of a WSGI application in a worker: real HTTP, many requests at once, and calls between them.

app = impl.create_app(registry)
replies = traffic(impl, app, [[get("/metrics")], [post("/v1/models/m:predict", {"instances": [[1, 2]]})]])
replies[1][0].json()
"""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote
from katagrad.errors import Failure

Step = Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer. of: the request, for messages. start, end: when it was sent and read, on one clock, in seconds."""

    of: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    start: float
    end: float

    def text(self) -> str:
        """The body as text. Raises Failure if it is not UTF-8."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise Failure(
                f"the answer to {self.of} is not UTF-8: {bytes(self.body[:40])!r}"
            ) from None

    def json(self) -> Any:
        """The body as JSON. Raises Failure if it is none, or holds NaN or an infinity, which JSON has no word for."""
        try:
            return json.loads(self.text(), parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise Failure(
                f"the answer to {self.of} is not JSON: {self.text()[:80]!r} (status {self.status})"
            ) from None


@dataclass(frozen=True)
class Called:
    """The result of a call between requests. error: the exception, if it raised one."""

    value: Any
    error: Failure | None
    start: float
    end: float


def get(path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Step:
    """A request without a body."""
    return post(path, b"", method, headers)


def post(
    path: str, body: Any, method: str = "POST", headers: Mapping[str, str] | None = None
) -> Step:
    """A request. body: bytes, or what is sent as JSON. headers: beside Host, Connection and Content-Length."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Host": "localhost", "Connection": "close"}
    if method == "POST" or content:
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    lines |= headers or {}
    head = "".join(f"{key}: {value}\r\n" for key, value in lines.items())
    return {
        "send": f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content,
        "of": f"{method} {path}",
    }


def call(target: Remote, method: str, *args: Any) -> Step:
    """A call of a method of an object in the worker, or of the object itself where `method` is empty."""
    return {"call": (target, method), "args": args}


def wait(seconds: float) -> Step:
    """A pause of one client."""
    return {"wait": seconds}


def traffic(
    impl: Implementation, app: Remote | None, clients: Sequence[Sequence[Step]]
) -> list[list[Any]]:
    """Serve `app` in the worker while all clients take their steps at the same time.

    app: a WSGI application that the submission returned; None where there are calls alone. Returns a Reply, a Called
    or None (after a wait) for each step. Raises Failure where a request has no answer.
    """
    sent = [[_sent(impl, step) for step in steps] for steps in clients]
    of = app._of if app is not None else "calls of several threads"
    handle = None if app is None else app._handle
    answers = impl._ask("traffic", of, handle=handle, clients=sent)
    return [
        [_found(impl, step, one) for step, one in zip(steps, found, strict=True)]
        for steps, found in zip(clients, answers, strict=True)
    ]


def _sent(impl: Implementation, step: Step) -> dict[str, Any]:
    if "call" in step:
        target, method = step["call"]
        return {
            "call": (target._handle, method),
            "args": [impl._send(value) for value in step["args"]],
        }
    return {key: value for key, value in step.items() if key != "of"}


def _found(impl: Implementation, step: Step, one: Mapping[str, Any]) -> Any:
    if "wait" in step:
        return None
    if "call" in step:
        target, method = step["call"]
        of = f"{target._of}.{method}" if method else target._of
        error = impl._transport.explained(of, one["raised"]) if "raised" in one else None
        return Called(one.get("value"), error, one["start"], one["end"])
    if "error" in one:
        raise Failure(f"{step['of']}: {one['error']}")
    return _reply(step["of"], one)


def _reply(of: str, one: Mapping[str, Any]) -> Reply:
    raw = bytes(one["reply"])
    response = http.client.HTTPResponse(_Recorded(raw))  # type: ignore[arg-type]
    try:
        response.begin()
        body = response.read()
    except (http.client.HTTPException, ValueError, OSError) as error:
        raise Failure(f"the answer to {of} is not HTTP: {raw[:60]!r} ({error})") from None
    headers = {key.lower(): value for key, value in response.getheaders()}
    return Reply(of, response.status, headers, body, one["start"], one["end"])


class _Recorded:
    """What `http.client` needs of a socket."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def makefile(self, *args: Any, **kwargs: Any) -> io.BytesIO:  # noqa: ARG002
        return io.BytesIO(self.raw)


def _refuse(name: str) -> Any:
    raise ValueError(name)
