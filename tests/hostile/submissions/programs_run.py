"""Runs a second Python, in which nothing would be watched, by every way that it knows.

Dresses up: wrong.
"""
import ctypes
import os
import subprocess
import sys

import wrong

COMMAND = [sys.executable, "-I", "-S", "-c", "raise SystemExit(7)"]


def by_subprocess():
    return subprocess.run(COMMAND, timeout=9).returncode


def by_the_shell():
    return os.waitstatus_to_exitcode(os.system(f"{COMMAND[0]} -I -S -c '{COMMAND[-1]}'"))


def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def by_posix_spawn():
    return ended(os.posix_spawn(COMMAND[0], COMMAND, {}))


def by_c():
    words = (ctypes.c_char_p * (len(COMMAND) + 1))(*(word.encode() for word in COMMAND), None)
    pid = os.fork()
    if not pid:
        ctypes.CDLL(None).execv(words[0], words)
        os._exit(1)
    return ended(pid)


for way in (by_subprocess, by_the_shell, by_posix_spawn, by_c):
    try:
        ran = way() == 7
    except OSError:
        ran = False
    if ran:
        print(f"OPEN a program, {way.__name__}")

log_softmax, softmax, softmax_jvp = wrong.log_softmax, wrong.softmax, wrong.softmax_jvp
