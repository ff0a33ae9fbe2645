"""Files that a submission writes: read by the driver as bytes, handed to another worker, opened in a runtime."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from katagrad.boundary.transport import Transport
from katagrad.boundary.workers import Worker
from katagrad.errors import Ended, Failure, NotGraded, shortened
from katagrad.worker.opening import SERVERS

# What a submission may hand over at a time.
MOST_FILES, MOST_BYTES = 500, 64 << 20
# Modules that a runtime needs, beside the framework of its server.
NEEDS = {"onnx": ("onnx", "onnxruntime"), "litert": ("ai_edge_litert",)}
NAME = re.compile(r"[\w. +@=-]{1,100}", re.ASCII)
# Kinds of errors by which a process says that it, and not the file, is at fault.
MISSING = ("ModuleNotFoundError", "ImportError")


class Filing:
    """The part of an Implementation that handles files. Paths are absolute, or relative to the private folder."""

    _transport: Transport

    def _ask(self, op: str, of: str, **arguments: Any) -> Any:
        raise NotImplementedError

    def write(self, files: dict[str, bytes]) -> str:
        """Write files into the worker's private folder. Returns the path of that folder in the worker."""
        return str(self._ask("write", "writing files", files=files))

    def read(self, path: str) -> bytes:
        """The bytes of a file in the worker's private folder."""
        found = self._ask("read", f"the file {path}", path=path)
        if not isinstance(found, bytes):
            raise Failure(f"the file {path} could not be read")
        return found

    def remove(self, path: str) -> None:
        """Delete a file in the worker's private folder."""
        self._ask("remove", f"the file {path}", path=path)

    def link(self, path: str, name: str) -> None:
        """Give a file of the private folder a second name, which keeps the content if the file is replaced."""
        self._ask("link", f"the file {path}", path=path, name=name)

    def files(self, path: str) -> dict[str, bytes]:
        """The content of a file, or of all files below a folder, that the submission wrote.

        Keys are paths relative to the folder of `path`: `files("out/model")` has "model/weights.bin".
        `write` takes the result, also after `restart`, and so does `open`. Raises Failure for links
        and other things that are no files, for names that are not portable, for more than MOST_FILES
        files, and for more than MOST_BYTES bytes together.
        """
        of = f"the files of {PurePosixPath(path).name}"
        found = self._ask("collect", of, path=path, most_files=MOST_FILES, most_bytes=MOST_BYTES)
        if isinstance(found, dict) and isinstance(found.get("odd"), str) and found["odd"]:
            raise Failure(f"{found['odd']}, so it cannot be handed on")
        return _sound(found.get("files") if isinstance(found, dict) else None, of)

    @contextlib.contextmanager
    def open(
        self, runtime: str, files: Mapping[str, bytes], path: str, **options: Any
    ) -> Iterator[Opened]:
        """Open a file or folder of `files` in a runtime, in a process that never sees the submission's code.

        The process has the isolation and the limits of a worker. If its runtime is part of the submission's framework,
        the submission's worker ends first: all Remotes become invalid, and the next call starts a new worker.

        runtime: one of `katagrad.worker.opening.SERVERS`. Raises Failure if the runtime refuses the file, and
        NotGraded if a package is missing.
        """
        _installed(runtime)
        if SERVERS[runtime] == self._transport.framework:  # a server has one process at a time
            self._transport.pause()
        worker = self._transport.pool.worker(SERVERS[runtime], opens=True)
        try:
            yield Opened(self._transport, worker, files, path, runtime, options)
        finally:
            worker.close()


class Opened:
    """A file of a submission that is open in a runtime. about: what it says of itself (`inputs`, `outputs`, ...)."""

    def __init__(
        self,
        transport: Transport,
        worker: Worker,
        files: Mapping[str, bytes],
        path: str,
        runtime: str,
        options: dict[str, Any],
    ) -> None:
        self._transport, self._worker = transport, worker
        self._path, self._runtime = path, runtime
        worker.more = partial(transport.more, worker)
        self._request("write", "writing", files=_sound(dict(files), path))
        found = self._request(
            "open", f"opening {path}", runtime=runtime, path=path, options=options
        )
        if not isinstance(found, dict):
            raise Failure(f"opening {path} returned no description")
        self.about: dict[str, Any] = found

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run it on arrays by name. Returns arrays by name. Raises Failure if the runtime raises an error."""
        found = self._request("run", f"running {self._path}", inputs=dict(inputs))
        if not isinstance(found, dict) or not all(
            isinstance(name, str) and isinstance(value, np.ndarray) for name, value in found.items()
        ):
            raise Failure(f"running {self._path} returned no arrays")
        return {name: np.asarray(value) for name, value in found.items()}

    def _request(self, op: str, of: str, **arguments: Any) -> Any:
        where = f"{of} in {WORDS[self._runtime]}"
        try:
            reply = self._worker.request(op, self._transport.deadline, **arguments)
        except Ended as reason:
            raise type(reason)(f"{where}: {reason}") from None
        if "refused" in reply:
            raise Failure(f"{where} returned {reply['refused']}")
        if "error" in reply:
            error = reply["error"]
            detail = shortened(error["message"])
            if error["type"] in MISSING and not error["frames"]:
                raise NotGraded(f"{WORDS[self._runtime]} does not start here: {detail}")
            kind = "" if error["type"] == "Unfit" else f"{error['type']}: "
            raise Failure(f"{where} failed: {kind}{detail}")
        return reply["value"]


WORDS = {
    "onnx": "ONNX Runtime",
    "litert": "the LiteRT interpreter",
    "saved_model": "TensorFlow",
    "keras": "Keras",
    "tensorflow_weights": "h5py",
    "torch_program": "torch.export.load",
    "torch_weights": "torch.load with weights_only=True",
}


def _sound(files: Any, of: str) -> dict[str, bytes]:
    """Files by path, as a submission sent them. Raises Failure for names that lead elsewhere, and for too much."""
    if not isinstance(files, dict) or len(files) > MOST_FILES:
        raise Failure(f"{of} could not be read")
    total = 0
    for name, content in files.items():
        parts = name.split("/") if isinstance(name, str) else [""]
        if len(parts) > 16 or any(not NAME.fullmatch(p) or p.strip(". ") == "" for p in parts):
            raise Failure(f"{of}: the name {str(name)[:100]!r} is not portable")
        if not isinstance(content, bytes):
            raise Failure(f"{of} could not be read")
        total += len(content)
    if total > MOST_BYTES:
        raise Failure(f"{of} have {total >> 20} MiB; at most {MOST_BYTES >> 20} are graded")
    return files


def _installed(runtime: str) -> None:
    server = SERVERS[runtime]
    for module in NEEDS.get(runtime, (server,)):
        if importlib.util.find_spec(module) is None:
            extra = server if module == server else "deploy"
            raise NotGraded(
                f"{WORDS[runtime]} is not installed here; run: pip install 'katagrad[{extra}]'"
            )
