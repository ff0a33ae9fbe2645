"""A system-call filter for workers: classic BPF, assembled here and passed to bubblewrap as bytes.

The filter refuses what an attacker can use and a submission does not need:

- tracing, mounting, and new namespaces;
- subsystems of the kernel with a history of vulnerabilities;
- objects that outlive a process (System V objects, message queues, keys);
- channels between two submissions (file locks and notifications, and what of a file is in memory);
- buffers of the kernel that no limit counts.

All other calls are allowed, so the filter does not affect the frameworks.
"""

from __future__ import annotations

import errno
import platform

from katagrad.worker.bpf import (
    ALLOW,
    ARGUMENTS,
    ERRNO,
    JUMP_ABOVE,
    JUMP_ANY_BIT,
    JUMP_EQUAL,
    LOAD,
    RETURN,
    Instruction,
    Numbers,
    answered,
    column,
    of_machine,
    packed,
    supported,
)

__all__ = ["program", "supported"]

Calls = dict[str, Numbers]
REFUSED: Calls = {
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41),
    "mount": (165, 40), "umount2": (166, 39), "mount_setattr": (442, 442), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # subsystems with a history of vulnerabilities
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "fanotify_init": (300, 262), "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    # what would outlive the submission in the kernel
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    # notifications of how other processes use files that all submissions see
    "inotify_init": (253, None), "inotify_init1": (294, 26),
    # huge pages that a pipe keeps after their mapping is gone; a pool of requests shared by the machine
    "vmsplice": (278, 75), "io_setup": (206, 0),
    # the machine
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "syslog": (103, 116), "acct": (163, 89),
    "quotactl": (179, 60), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "vhangup": (153, 58),
}  # fmt: skip

# Callers can do without these. glibc falls back to clone, whose flags a filter can read (the flags of
# clone3 are behind a pointer). No limit counts the memory of memfd_create.
ABSENT: Calls = {
    "clone3": (435, 435),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # No limit counts the rules of Landlock: 65,536 of them fit behind each descriptor.
    "landlock_create_ruleset": (444, 444), "landlock_add_rule": (445, 445), "landlock_restrict_self": (446, 446),
    # Which pages of a file are in memory: something that every submission can see, and change.
    "mincore": (27, 232), "cachestat": (451, 451),
}  # fmt: skip
# Calls above this number are reported as absent, including the x32 ABI (0x40000000 and above).
NEWEST = 462
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
NEW_NAMESPACES = 0x7E020000
# The only allowed socket family. Without a network, the others only offer larger buffers.
UNIX = 1
SOL_SOCKET = 1
# SO_SNDBUF, SO_RCVBUF and their FORCE variants: kernel memory that no limit of a process counts.
BUFFERS = (7, 8, 32, 33)
# F_SETLEASE, F_NOTIFY.
NOTICES = (1024, 1026)
# F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW: locks on ranges of a file.
RANGE_LOCKS = (6, 7, 37, 38)
# RWF_NOWAIT: reads only what is in memory, so it tells what is.
NO_WAIT = 8
REFUSE, ABSENCE, FAMILY = (ERRNO | n for n in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT))
UNFIT = ERRNO | errno.EOPNOTSUPP
# The call returns 0 and does nothing. HDF5 and SQLite lock the files that they open. A submission
# shares its own files with nobody, so it would get every lock. A lock on a file that all submissions
# see would be a signal.
GRANT = ERRNO
# A submission must not make the machine write out the buffers of all processes.
# Nor may it drop the pages of a file from memory: the next one to read it would notice.
GRANTED: Calls = {
    "flock": (73, 32),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "fadvise64": (221, 223),
}
# fallocate can reserve blocks beyond the end of a file, which no limit counts. The C library then
# writes zeros instead.
UNSUPPORTED: Calls = {"fallocate": (285, 47)}


def program(machine: str | None = None) -> bytes:
    """The filter as an array of struct sock_filter. Raises KeyError for an unknown machine."""
    machine = machine or platform.machine()
    lines: list[Instruction] = [
        *of_machine(machine),
        (JUMP_ABOVE, 0, 1, NEWEST),
        (RETURN, 0, 0, ABSENCE),
    ]
    tables = ((REFUSE, REFUSED), (ABSENCE, ABSENT), (GRANT, GRANTED), (UNFIT, UNSUPPORTED))
    for verdict, table in tables:
        lines += answered(verdict, table.values(), machine)
    for numbers, rules in _by_argument():
        inner = [line for rule in rules for line in rule]
        lines += [
            (JUMP_EQUAL, 0, len(inner) + 1, numbers[column(machine)]),
            *inner,
            (RETURN, 0, 0, ALLOW),
        ]
    lines.append((RETURN, 0, 0, ALLOW))
    return packed(lines)


def _by_argument() -> list[tuple[tuple[int, int], list[list[Instruction]]]]:
    """(numbers, rules) of the calls that depend on their arguments. A rule that does not match falls through."""
    any_but_unix = [_load(0), (JUMP_EQUAL, 1, 0, UNIX), (RETURN, 0, 0, FAMILY)]
    return [
        ((56, 220), [[_load(0), (JUMP_ANY_BIT, 0, 1, NEW_NAMESPACES), (RETURN, 0, 0, REFUSE)]]),
        ((41, 198), [any_but_unix]),  # socket
        ((53, 199), [any_but_unix]),  # socketpair
        ((72, 25), [[_load(1)], *_among(NOTICES, REFUSE), *_among(RANGE_LOCKS, GRANT)]),  # fcntl
        ((327, 286), [[_load(5), (JUMP_ANY_BIT, 0, 1, NO_WAIT), (RETURN, 0, 0, UNFIT)]]),  # preadv2
        (
            (54, 208),  # setsockopt: the skipped lines are those of the second argument
            [
                [_load(1), (JUMP_EQUAL, 0, 1 + 2 * len(BUFFERS), SOL_SOCKET), _load(2)],
                *_among(BUFFERS, REFUSE),
            ],
        ),
    ]


def _load(argument: int) -> Instruction:
    """Load the lower half of an argument."""
    return LOAD, 0, 0, ARGUMENTS + 8 * argument


def _among(values: tuple[int, ...], verdict: int) -> list[list[Instruction]]:
    return [[(JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, verdict)] for value in values]
