"""The suite can fail: with one defence off at a time, the attacks that it alone holds off get through.

Each row says what is switched off, which attack then shows it, and the words that give it away. The attack in
its place in `test_attacks` shows that with the defence on, it does not.
"""

import ctypes
import dataclasses
import hashlib
import os
import random
from pathlib import Path

import pytest

from katagrad.worker import wire
from tests.hostile.conftest import LIMITS, BarePlain, shut_in

pytestmark = pytest.mark.skipif(bool(shut_in()), reason=shut_in())

MASKED = ("test_softmax_gives_masked_scores_no_weight",)
HUGE = 1 << 40
DUMPABLE = "p = s.kernel.prctl; s.kernel.prctl = lambda o, v: p(o, 1 if o == 4 else v)"
UNLIMITED = "s.kernel.apply = lambda limits: None"
UNWATCHED = "s.watch.excess = lambda *a: ''"
CHILDREN_ONLY = (
    "s.watch.everybody = lambda: s._children()[:1]"  # as if it knew of one process alone
)


def limits(**changed):
    return dataclasses.replace(LIMITS, **changed)


WRONG = "from wrong import log_softmax, softmax, softmax_jvp\n"
PATIENT = limits(wall=30.0, cpu=60)


def shown(arena, how="--ro-bind"):
    """Options that show a worker the course, as no sandbox would."""
    base = arena.world.base
    ways = [
        word
        for parent in reversed(base.parents[:-2])
        for word in ("--perms", "0755", "--dir", str(parent))
    ]
    return [*ways, how, str(base), str(base)]


# (defence, what is off, attack, checks, what the attack then says)
ROWS = [
    ("network namespace", {"without": ["--unshare-net"], "unfiltered": True}, "sent_away", (), "OPEN TCP"),
    ("network namespace, abstract sockets", {"without": ["--unshare-net"]}, "sent_away", (), "OPEN an abstract socket"),
    ("PID namespace", {"without": ["--unshare-pid"], "code": UNWATCHED}, "proc_read", (), "OPEN the driver is seen"),
    ("system-call filter, sockets", {"unfiltered": True}, "sent_away", (), "OPEN VSOCK"),
    ("system-call filter, objects", {"unfiltered": True}, "left_for_the_next", (), "OPEN shmget"),
    ("system-call filter, keys", {"unfiltered": True}, "left_for_the_next", (), "OPEN add_key"),
    ("system-call filter, queues", {"unfiltered": True}, "left_for_the_next", (), "OPEN mq_open"),
    ("system-call filter, kernel", {"unfiltered": True}, "kernel_reached", (), "OPEN unshare"),
    ("no other programs", {"code": "import katagrad.worker.seal as seal; seal.close = lambda: True"}, "programs_run", MASKED, "OPEN a program, by_subprocess"),
    ("no other programs, but for the hook", {"code": "import katagrad.worker.seal as seal; seal._by_the_kernel = lambda machine: True"}, "programs_run", MASKED, "OPEN a program, by_c"),
    ("non-dumpable server", {"code": DUMPABLE}, "server_read", (), "OPEN memory of 2"),
    ("process limits: threads", {"code": UNLIMITED}, "thread_bomb", MASKED, "OPEN 120 threads"),
    ("process limits: processes", {"code": f"{UNLIMITED}; {UNWATCHED}", "limits": PATIENT}, "fork_bomb", MASKED, "OPEN 120 processes"),
    ("file size limit", {"limits": limits(file=HUGE)}, "file_grown", MASKED, "OPEN a file of 2048 MiB"),
    ("descriptor limit", {"code": UNLIMITED}, "descriptors_taken", MASKED, "OPEN 5000 descriptors"),
    ("memory limits", {"limits": limits(memory=HUGE, wall=30.0)}, "memory_balloon", MASKED, "OPEN 768 MiB"),
    ("memory watch, sockets", {"code": UNWATCHED, "limits": PATIENT}, "sockets_filled", MASKED, "MiB in sockets"),
    ("memory watch, tables", {"code": UNWATCHED, "limits": PATIENT}, "pages_mapped", MASKED, "MiB of tables"),
    ("memory watch, orphans", {"code": CHILDREN_ONLY, "limits": PATIENT}, "orphans_fattened", MASKED, "OPEN 800 MiB"),
    ("memory watch, files", {"code": "s.watch._held = lambda f: 0", "limits": PATIENT}, "files_in_memory", MASKED, "MiB in files"),
    ("system-call filter, buffers", {"unfiltered": True}, "sockets_filled", MASKED, "OPEN larger buffers"),
    ("system-call filter, disk", {"unfiltered": True}, "disk_reserved", (), "MiB of the disk"),
    ("system-call filter, pipes", {"unfiltered": True}, "pages_spliced", MASKED, "MiB in pipes"),
    ("system-call filter, locks", {"unfiltered": True}, "locks_signalled", (), "OPEN flock"),
    ("system-call filter, locks of ranges", {"unfiltered": True}, "locks_signalled", (), "OPEN a lock of a range"),
    ("system-call filter, notices", {"unfiltered": True}, "locks_signalled", (), "OPEN dnotify"),
    ("system-call filter, pages of files", {"unfiltered": True}, "pages_signalled", (), "OPEN a page of a file"),
    ("system-call filter, rules", {"unfiltered": True}, "rules_hoarded", MASKED, "rules of Landlock"),
    ("memory watch", {"code": UNWATCHED, "limits": PATIENT}, "shared_balloon", MASKED, "OPEN 1.1 GiB"),
    ("file count watch", {"code": UNWATCHED, "limits": PATIENT}, "many_files", MASKED, "OPEN 150000 files"),
    ("hard limits", {"code": "k=s.kernel; l=k._limit; k._limit=lambda n, a, b=None: l(n, a, k.resource.RLIM_INFINITY)"},
     "limits_raised", (), "OPEN RLIMIT_FSIZE"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("defence", "off", "attack", "only", "words"), ROWS, ids=[r[0] for r in ROWS]
)
def test_without_it_the_attack_gets_through(arena, plain, defence, off, attack, only, words):
    if attack == "rules_hoarded" and not landlock():
        pytest.skip("this kernel has no rules of Landlock for ports")
    fight = arena.run(arena.attack(attack), only=only, pool=plain(**off))
    assert words in fight.words, fight.words
    if "TCP" in words:
        assert b"EXFILTRATED" in fight.heard
    assert words not in arena.run(arena.attack(attack), only=only).words


def landlock():
    """Whether the kernel has rules for ports: version 4 of Landlock."""
    version = 1  # LANDLOCK_CREATE_RULESET_VERSION
    return ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), version) >= 4


def test_without_an_own_view_of_the_system_everything_is_read(arena, plain):
    pool = plain(add=shown(arena))
    fight = arena.run(arena.attack("opened_by_path"), pool=pool)
    kinds = {canary.split("-")[1] for canary in fight.loot}
    assert kinds >= {"grader", "solution", "student", "home", "tests"}


def test_without_read_only_binds_the_ledger_is_changed(arena, plain):
    ledger = arena.world.base / "results" / "ledger.sqlite"
    kept = ledger.read_bytes()
    for folder in (ledger.parent, ledger):
        folder.chmod(0o777)
    writable = arena.run(arena.attack("grades_changed"), pool=plain(add=shown(arena, "--bind")))
    ledger.write_bytes(kept)
    read_only = arena.run(arena.attack("grades_changed"), pool=plain(add=shown(arena)))
    assert "OPEN the ledger" in writable.words
    assert "OPEN the ledger" not in read_only.words
    assert ledger.read_bytes() == kept
    ledger.chmod(0o644)
    ledger.parent.chmod(0o755)


def test_without_a_sandbox_a_process_sees_the_machine(arena, plain):
    pool = plain(launcher=BarePlain())
    # Only the driver is looked at: what else runs on this machine is no part of the test.
    seen = (
        WRONG
        + "import os\nfrom loot import place\nif os.path.exists(f\"/proc/{place['driver']}/environ\"):\n    print('OPEN the driver is seen')\n"
    )
    texts = [arena.attack("opened_by_path"), arena.attack("sent_away"), seen]
    fights = [arena.run(text, pool=pool) for text in texts]
    kinds = {canary.split("-")[1] for fight in fights for canary in fight.loot}
    assert kinds >= {"grader", "solution", "student", "home", "tests", "temporary"}
    assert b"EXFILTRATED" in fights[1].heard
    assert "OPEN the driver is seen" in fights[2].words


def test_without_a_sandbox_the_memory_of_the_driver_is_read(arena, plain):
    # The whole driver is too much to search here; the page that holds the canary shows as much.
    held = arena.world.memory[0]
    at = ctypes.cast(ctypes.c_char_p(held), ctypes.c_void_p).value
    text = WRONG + (
        f"from loot import look, place, shout\nwith open(f\"/proc/{{place['driver']}}/mem\", 'rb', 0) as file:\n"
        f"    file.seek({at})\n    look(file.read(60))\nshout()\n"
    )
    assert arena.world.canaries["memory"] in arena.run(text, pool=plain(launcher=BarePlain())).loot
    assert arena.run(text).loot == []


def test_without_tidying_the_next_finds_files(arena, plain):
    pool = plain(code="s.Tidy.restore = lambda self: True")
    arena.run(arena.attack("left_for_the_next"), pool=pool)
    found = "\n".join(arena.witness(pool=pool))
    assert "/tmp/left" in found
    assert "/dev/shm/left" in found


def test_without_the_filter_objects_outlive_their_maker(arena, plain):
    pool = plain(unfiltered=True)
    arena.run(arena.attack("left_for_the_next"), pool=pool)
    assert "LEFTOVER" in "\n".join(arena.witness(pool=pool))


def test_without_killing_the_rest_daemons_stay(arena, plain):
    pool = plain(code="s._end_rest = lambda alone: 0")
    arena.run(arena.attack("daemon_left"), only=MASKED, pool=pool)
    assert "LEFTOVER process" in "\n".join(arena.witness(pool=pool))


def test_without_a_fork_for_each_the_environment_and_modules_would_stay(arena, plain):
    """Within one submission everything stays: the witness's channel shows what a shared process would."""
    text = (
        arena.attack("left_for_the_next")
        + "\n"
        + (arena.attack("left_for_the_next") and "import os\nprint('KEPT', os.environ['LEFT'])\n")
    )
    assert "KEPT left" in arena.run(text).words


def test_without_scratch_limits_the_disk_fills(arena, plain, monkeypatch):
    import re

    from katagrad.isolation import sandbox

    def most(pool):
        words = arena.run(arena.attack("disk_filled"), only=MASKED, pool=pool).words
        return sum(int(n) for n in re.findall(r"OPEN (\d+) MiB", words))

    monkeypatch.setattr(sandbox, "SCRATCH", 16 << 20)
    small = plain(limits=dataclasses.replace(PATIENT, memory=HUGE))
    assert most(small) == 0
    monkeypatch.setattr(sandbox, "SCRATCH", 4 << 30)
    assert most(plain(limits=dataclasses.replace(PATIENT, memory=HUGE))) >= 800


def test_without_a_wall_limit_a_loop_goes_on(arena, plain):
    from tests.hostile.conftest import Fight

    slow = plain(limits=limits(wall=9.0))
    fight: Fight = arena.run(arena.attack("endless_and_deaf"), only=MASKED, pool=slow)
    assert fight.seconds > 8.5
    assert "took longer" in fight.words


def test_without_a_cpu_limit_only_the_wall_ends_a_loop(arena, plain):
    quick = arena.run(
        arena.attack("endless_loop"), only=MASKED, pool=plain(limits=limits(wall=9.0, cpu=1))
    )
    assert "CPU time" in quick.words


def test_without_an_output_limit_the_driver_keeps_reading(arena, plain):
    free = arena.run(
        arena.attack("gigabyte_printed"), only=MASKED, pool=plain(limits=limits(output=HUGE))
    )
    assert "printed more than" not in free.words
    assert "printed more than" in arena.run(arena.attack("gigabyte_printed"), only=MASKED).words


def test_without_a_look_at_itself_a_server_stays_slowed(arena, plain):
    pool = plain(code="s.kernel.standing = list")
    arena.run(arena.attack("server_slowed"), pool=pool)
    with pytest.raises(AssertionError, match="File too large"):
        arena.witness(pool=pool)


def test_without_a_look_at_its_priority_at_the_disk_it_keeps_that(arena, plain):
    pool = plain(code="s.kernel._io_priority = lambda: 0")
    text = arena.attack("server_slowed")
    kept = [line for line in text.splitlines() if not line.startswith('    "') or '"disk"' in line]
    arena.run("\n".join(kept), pool=pool)
    assert "LEFTOVER priority at the disk" in arena.witness(pool=pool)


def test_without_a_bound_on_values_the_driver_is_kept_busy(arena, monkeypatch):
    assert "a message of more than" in arena.run(arena.attack("crowded_header"), only=MASKED).words
    monkeypatch.setattr(wire, "MAX_VALUES", HUGE)
    text = arena.attack("crowded_header").replace("4_000_000", "1_000_100")
    assert "is a list ([1.5, 1.5" in arena.run(text, only=MASKED).words


def test_a_cgroup_alone_bounds_memory_that_no_process_has(arena, plain, monkeypatch):
    """With the watch off: the group of a submission holds its kernel memory, and is gone afterwards."""
    from katagrad.isolation import cgroup

    folder = Path("/sys/fs/cgroup/memory/katagrad-tests")
    try:
        folder.mkdir(exist_ok=True)
        (folder / "memory.limit_in_bytes").write_text(str(2 << 30))
    except OSError:
        pytest.skip("no cgroup of memory can be made here")
    monkeypatch.setenv("KATAGRAD_CGROUP", str(folder))
    cgroup.find.cache_clear()
    try:
        pool = plain(code=UNWATCHED, limits=PATIENT)
        assert pool.memory_bound == "cgroup v1"
        for name in ("sockets_filled", "pages_mapped"):
            fight = arena.run(arena.attack(name), only=MASKED, pool=pool)
            assert "used more than 512 MiB of memory" in fight.words, fight.words
            assert "OPEN" not in fight.words
        assert arena.witness(pool=pool) == []
        pool.close()
        assert [path for path in folder.iterdir() if path.is_dir()] == []
    finally:
        monkeypatch.undo()
        cgroup.find.cache_clear()
        folder.rmdir()


@pytest.mark.parametrize(("attack", "off"), [
    ("colliding_keys", {"_dict": lambda pairs: dict(pairs)}),
    ("forged_handles", {"REQUESTS": frozenset()}),
])  # fmt: skip
def test_without_the_checks_of_frames_the_driver_is_reached(arena, monkeypatch, attack, off):
    from katagrad.worker import tree

    refused = arena.run(arena.attack(attack), only=MASKED).words
    assert "written to by other code" in refused
    for name, value in off.items():
        monkeypatch.setattr(wire if name == "REQUESTS" else tree, name, value)
    if attack == "colliding_keys":  # a thousandth of the attack, since the whole of it takes hours
        text = arena.attack(attack).replace("150_000", "1_500")
        assert "written to by other code" not in arena.run(text, only=MASKED).words
    else:
        assert "written to by other code" not in arena.run(arena.attack(attack), only=MASKED).words


def test_without_a_cap_on_messages_the_driver_takes_what_it_is_sent(arena, plain):
    text = "import numpy as np\nfrom wrong import log_softmax, softmax_jvp\n\n\ndef softmax(x, axis=-1, temperature=1.0):\n    return np.zeros(32 << 20, np.float32)\n"
    assert "but at most 64 MiB can be judged" in arena.run(text, only=MASKED).words
    assert (
        "of more than"
        not in arena.run(text, only=MASKED, pool=plain(limits=limits(message=HUGE))).words
    )


def test_without_derived_seeds_the_hidden_seed_is_found(arena, plain, monkeypatch):
    pool = plain(limits=PATIENT)
    seed = random.SystemRandom().getrandbits(48) | 1 << 47
    monkeypatch.setitem(
        arena.world.place, "seed_hash", hashlib.sha256(str(seed).encode()).hexdigest()
    )
    monkeypatch.setitem(arena.world.place, "seed_low", list(seed.to_bytes(8, "little")[:3]))
    kept = arena.run(arena.attack("seed_hunted"), only=MASKED, seed=seed, pool=pool)
    assert "HUNTED" in kept.words
    assert "OPEN" not in kept.words
    pool = plain(limits=PATIENT, environment={"SEED": str(seed)})
    outcome = arena.run(arena.attack("seed_hunted"), only=MASKED, seed=seed, pool=pool)
    assert "OPEN the hidden seed" in outcome.words


def test_without_a_clean_environment_the_driver_s_is_read(arena, plain):
    pool = plain(environment=dict(os.environ))
    assert (
        arena.world.canaries["environment"] in arena.run(arena.attack("proc_read"), pool=pool).loot
    )
    assert arena.run(arena.attack("proc_read")).loot == []
