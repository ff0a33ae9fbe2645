"""A system-call filter for workers: classic BPF, assembled here, handed to bubblewrap as bytes.

It takes away what a submission has no use for and an attacker has: tracing, mounting, new namespaces, the
kernel's younger subsystems, and everything that outlives a process (System V objects, message queues, keys).
Everything else is allowed, so that frameworks never meet it.
"""

from __future__ import annotations

import errno
import platform
import struct
import sys

# Numbers of (x86_64, aarch64); None where the architecture has no such call.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41),
    "mount": (165, 40), "umount2": (166, 39), "mount_setattr": (442, 442), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # subsystems with a history of holes
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "fanotify_init": (300, 262), "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    # what would outlive the submission in the kernel
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    # the machine
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "syslog": (103, 116), "acct": (163, 89),
    "quotactl": (179, 60), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "vhangup": (153, 58),
}  # fmt: skip

# Callers have a way to do without these: glibc goes back to clone, whose flags a filter can see (those of
# clone3 lie behind a pointer); memory of memfd_create would count towards no limit.
ABSENT = {"clone3": (435, 435), "memfd_create": (319, 279), "memfd_secret": (447, 447)}
CLONE, SOCKET = (56, 220), (41, 198)
NEWEST = (
    462  # a call younger than this table is absent; so are those of the x32 ABI, from 0x40000000 on
)
NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
FAMILIES = (1, 2, 10, 16)  # unix, inet, inet6, netlink; VSOCK, for one, is in no namespace
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

LOAD, JUMP_EQUAL, JUMP_ABOVE, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; both are little-endian
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


def supported() -> bool:
    """Whether the filter knows this machine."""
    return sys.platform == "linux" and platform.machine() in ARCHITECTURES


def program(machine: str | None = None) -> bytes:
    """The filter as an array of struct sock_filter. Raises KeyError for an unknown machine."""
    machine = machine or platform.machine()
    column = 0 if machine == "x86_64" else 1
    refuse, absent = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS
    lines: list[Instruction] = [
        (LOAD, 0, 0, ARCH),
        (JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),  # 32-bit calls have other numbers, which this table does not know
        (LOAD, 0, 0, NUMBER),
        (JUMP_ABOVE, 0, 1, NEWEST),
        (RETURN, 0, 0, absent),
    ]
    for verdict, table in ((refuse, REFUSED), (absent, ABSENT)):
        numbers = [pair[column] for pair in table.values()]
        for number in numbers:
            if number is not None:
                lines += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, verdict)]
    count = len(FAMILIES)
    lines += [
        (JUMP_EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_ANY_BIT, 0, count + 4, NEW_NAMESPACES),
        (RETURN, 0, 0, refuse),
        (JUMP_EQUAL, 0, count + 2, SOCKET[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        *((JUMP_EQUAL, count - i, 0, family) for i, family in enumerate(FAMILIES)),
        (RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
