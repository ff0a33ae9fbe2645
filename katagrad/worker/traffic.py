"""Serve a WSGI application of a submission, and let many clients send it requests at once.

Server and clients are threads of the worker. They speak HTTP over Unix sockets in the worker's private folder, which
are the only sockets that the isolation allows, and which nothing outside can reach. Systems without Unix sockets use
127.0.0.1.
"""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from katagrad.worker.wire import Handle

# Bytes of an answer that are read; the rest is left out.
MOST_BYTES = 4 << 20
# Seconds for one answer. A request without an answer does not hold up a check for longer.
PATIENCE = 10.0
FAMILY = getattr(socket, "AF_UNIX", socket.AF_INET)
BY_PATH = FAMILY != socket.AF_INET
# Bytes of a socket's address, on the system that takes fewest of them.
MOST_OF_A_PATH = 103
OPEN_FILES = Path("/proc/self/fd")


class _Handler(WSGIRequestHandler):
    # Of a client that sends less than it announced.
    timeout = PATIENCE

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    address_family = FAMILY
    request_queue_size = 256
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Bind, without a look-up of the host's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", 80
        self.setup_environ()

    def get_request(self) -> tuple[Any, Any]:
        """A connection, and an address of the form that WSGI expects."""
        connection, _ = super().get_request()
        return connection, ("127.0.0.1", 0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing about a client that has gone."""


def exchange(place: Any, sent: bytes) -> dict[str, Any]:
    """Send one request on a connection of its own, and read until the server closes it."""
    found: dict[str, Any] = {"start": time.monotonic(), "reply": b""}
    parts, size = [], 0
    try:
        with socket.socket(FAMILY, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(place)
            # A server may refuse a long body before it has read it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)
            while size < MOST_BYTES and (part := connection.recv(65536)):
                parts.append(part)
                size += len(part)
    except TimeoutError:
        found["error"] = f"no answer within {PATIENCE:g} s"
    except OSError as error:
        # A server that leaves a part of the request unread resets the connection after its answer.
        if not (parts and isinstance(error, ConnectionResetError)):
            found["error"] = f"the connection broke: {error}"
    return {**found, "reply": b"".join(parts), "end": time.monotonic()}


def drive(
    app: Any, clients: Sequence[Sequence[Callable[[Any], dict[str, Any]]]], home: Path
) -> list[list[dict[str, Any]]]:
    """Serve `app` while the clients take their steps, each client in its own thread, all at the same time.

    A step is a function of the server's address. Returns what the steps of each client returned.
    """
    folder = tempfile.mkdtemp(prefix="serving-", dir=home)
    reached = _Short(folder)
    place = f"{reached.path}/http" if BY_PATH else ("127.0.0.1", 0)
    server = _Server(place, _Handler)  # type: ignore[arg-type]
    server.set_app(app)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    together = threading.Barrier(len(clients))
    found: list[list[dict[str, Any]]] = [[] for _ in clients]

    def client(number: int) -> None:
        together.wait()
        for step in clients[number]:
            found[number].append(step(server.socket.getsockname()))

    threads = [threading.Thread(target=client, args=(i,), daemon=True) for i in range(len(clients))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.shutdown()
        server.server_close()
        if BY_PATH:
            Path(folder, "http").unlink(missing_ok=True)
        reached.close()
        Path(folder).rmdir()
    return found


class _Short:
    """A folder under a path that is short enough for a socket's address.

    Linux takes 107 bytes, macOS 103. A course's folders are often deeper, so a longer path is written as that of a
    descriptor, where the system has them as files.
    """

    def __init__(self, folder: str) -> None:
        self.path = folder
        self.descriptor: int | None = None
        if len(os.fsencode(folder)) + len("/http") > MOST_OF_A_PATH and OPEN_FILES.is_dir():
            self.descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            self.path = f"{OPEN_FILES}/{self.descriptor}"

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)


def paused(seconds: float) -> dict[str, Any]:
    """Wait, and return what a wait returns."""
    time.sleep(seconds)
    return {}


class Serving:
    """The requests of a session that serve. A mixin of `katagrad.worker.session.Session`."""

    held: dict[int, Any]
    home: Path

    def do_traffic(self, handle: Handle | None, clients: list[list[dict[str, Any]]]) -> Any:
        """Serve a held WSGI application, or none, while clients send requests and make calls.

        clients: the steps of each: {"send": bytes}, {"call": target, "args": [...]} or {"wait": seconds}.
        Returns {"reply", "start", "end"}, with "error" where no whole answer came; {"value", "start", "end"}, or
        {"raised", "start", "end"} with an exception as the session describes it; and {} after a wait.
        """
        session: Any = self

        def prepared(step: dict[str, Any]) -> Callable[[Any], dict[str, Any]]:
            if "send" in step:
                return lambda place: exchange(place, step["send"])
            if "wait" in step:
                return lambda place: paused(step["wait"])  # noqa: ARG005
            function, args = session.resolve(step["call"]), [session.lift(a) for a in step["args"]]

            def call(place: Any) -> dict[str, Any]:  # noqa: ARG001
                start = time.monotonic()
                try:
                    made = {"result": function(*args)}
                except BaseException as error:
                    made = {"raised": session.described(error)}
                return {**made, "start": start, "end": time.monotonic()}

            return call

        app = _nothing if handle is None else self.held[handle.id]
        found = drive(app, [[prepared(step) for step in steps] for steps in clients], self.home)
        for one in (one for steps in found for one in steps if "result" in one):
            one["value"] = session.lower(one.pop("result"), None)
        return found


def _nothing(environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ARG001
    start_response("404 Not Found", [("Content-Length", "0")])
    return []
