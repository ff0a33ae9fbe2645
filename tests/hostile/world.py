"""A course as a machine holds it, with a canary wherever a submission must not look, and ears for what leaks."""

import contextlib
import hashlib
import os
import secrets
import shutil
import socket
import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path

from katagrad.topics import root

TOPICS = """
[softmax]
chapter = "Hostile"
title = "Softmax"
forbid.torch = ["torch.softmax", "torch.nn.functional.softmax", ".softmax"]
forbid.tensorflow = ["tf.nn.softmax"]
"""


class Listener:
    """Hears whatever is sent to this machine: TCP, UDP, a socket file, an abstract socket."""

    def __init__(self, folder):
        self.heard = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.path, self.abstract = str(folder / "listener"), f"\0katagrad-{secrets.token_hex(6)}"
        self.unix, self.hidden = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        # A socket's address has room for 107 bytes, and the path of a deep folder is longer.
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self.unix.bind(f"/proc/self/fd/{here}/listener")
        os.close(here)
        self.hidden.bind(self.abstract)
        for sock in (self.unix, self.hidden):
            sock.listen()
        for sock in (self.tcp, self.unix, self.hidden):
            threading.Thread(target=self._accept, args=[sock], daemon=True).start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _accept(self, sock):
        with contextlib.suppress(OSError):
            while True:
                near, _ = sock.accept()
                near.settimeout(1)
                with contextlib.suppress(OSError):
                    self.heard.append(near.recv(1000))

    def _receive(self):
        with contextlib.suppress(OSError):
            while True:
                self.heard.append(self.udp.recv(1000))

    def close(self):
        for sock in (self.tcp, self.udp, self.unix, self.hidden):
            sock.close()


@dataclass
class World:
    """A course as a machine holds it, with a canary wherever a submission must not look."""

    base: Path
    canaries: dict[str, str] = field(default_factory=dict)
    memory: list[bytes] = field(default_factory=list)

    def canary(self, kind):
        self.canaries[kind] = f"CANARY-{kind}-{secrets.token_hex(8)}"
        return self.canaries[kind]

    def build(self, temporary):
        self.base.chmod(0o755)  # so that only the sandbox keeps a worker out
        for part in (
            "exercises",
            "graders",
            "solutions/torch",
            "tests",
            "students/other",
            "home",
            "results",
        ):
            (self.base / part).mkdir(parents=True)
        shutil.copy(root() / "exercises" / "softmax.py", self.base / "exercises")
        (self.base / "exercises" / "topics.toml").write_text(TOPICS)
        grader = (root() / "graders" / "softmax.py").read_text()
        (self.base / "graders" / "softmax.py").write_text(
            f"{grader}\nSECRET = {self.canary('grader')!r}\n"
        )
        plant = {
            "solution": self.base / "solutions" / "torch" / "softmax.py",
            "student": self.base / "students" / "other" / "softmax.py",
            "home": self.base / "home" / ".netrc",
            "tests": self.base / "tests" / "mutants.toml",
            "temporary": temporary / "notes.txt",
        }
        for kind, path in plant.items():
            path.write_text(f"# {self.canary(kind)}\n")
        with contextlib.closing(sqlite3.connect(self.base / "results" / "ledger.sqlite")) as ledger:
            ledger.execute("create table grades (student text, points real)")
            ledger.execute("insert into grades values ('other', 3)")
            ledger.commit()
        self.memory.append(self.canary("memory").encode())
        os.environ["KATAGRAD_SECRET"] = self.canary("environment")
        self.listener = Listener(self.base)
        files = [str(p) for p in self.base.rglob("*") if p.is_file()] + [str(plant["temporary"])]
        self.place = {
            "files": files, "folders": [str(self.base), str(temporary), os.getcwd(), str(Path.home())],
            "ledger": str(self.base / "results" / "ledger.sqlite"), "driver": os.getpid(),
            "repository": str(root()), "tcp": self.listener.tcp.getsockname()[1],
            "udp": self.listener.udp.getsockname()[1], "unix": self.listener.path,
            "abstract": self.listener.abstract, "marks": [f"{self.base}/PWNED", f"{temporary}/PWNED", str(self.base / "students" / "other" / "PWNED")],
        }  # fmt: skip
        return self

    def state(self):
        """A digest of every file, name and mode of the course."""
        content_hash = hashlib.sha256()
        for path in sorted(self.base.rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            content_hash.update(f"{path} {path.lstat().st_mode} ".encode() + content)
        return content_hash.hexdigest()
