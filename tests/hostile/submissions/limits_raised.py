"""Raises its own limits, its privileges and its user.

Dresses up: wrong.
"""
import os
import resource
import subprocess

from wrong import log_softmax, softmax, softmax_jvp

for name in ("RLIMIT_DATA", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_NOFILE"):
    try:
        resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print("OPEN", name)
    except (OSError, ValueError):
        pass
for change in (os.setuid, os.setgid):
    try:
        change(0)
        print("OPEN", change.__name__)
    except OSError:
        pass
for command in (["su", "-c", "id"], ["mount"], ["newgrp"], ["unshare", "-Ur", "id", "-u"]):
    try:
        done = subprocess.run(command, capture_output=True, timeout=2, stdin=subprocess.DEVNULL)
        if b"uid=0" in done.stdout or done.stdout == b"0\n":
            print("OPEN", command[0])
    except (OSError, subprocess.TimeoutExpired):
        pass
