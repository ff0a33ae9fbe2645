"""What a figure depends on besides the code: the machine, its settings and its load."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from katagrad.boundary.process import gpu_of
from katagrad.text import plural

# glibc gives large buffers back to the system after every step and fetches them again, page by page; these keep
# them. On one two-core machine that took the spread between launches of a convolution from 12 % to 2.5 %.
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def settings(threads: int) -> dict[str, str]:
    """Environment variables of a worker that is timed."""
    return {**ALLOCATOR, **dict.fromkeys(THREADS, str(threads))}


def describe() -> dict[str, Any]:
    """The facts about this machine that stay the same between runs."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
    }


def has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16 itself. False where the system does not say."""
    with suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text().split()
        # x86 names two, Arm one.
        return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))
    return False


def available() -> int | None:
    """Bytes of memory that are available without swapping; None where the system does not report them."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(ImportError):
        return int(importlib.import_module("psutil").virtual_memory().available)
    return None


def gib(count: float) -> str:
    """Bytes as people compare them with a machine's memory."""
    return f"{count / 2**30:.1f} GiB"


def load() -> dict[str, Any]:
    """What the machine is doing now: load average over a minute, and the clock rate where it can be read."""
    found: dict[str, Any] = {"mhz": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")}
    with suppress(OSError):
        found["load"] = round(os.getloadavg()[0], 2)
    return found


def busy() -> str:
    """A warning if more processes are ready to run than there are cores; "" otherwise, or where that is unknown."""
    cores, wanted = os.cpu_count() or 1, load().get("load", 0.0)
    if wanted <= cores:
        return ""
    return (
        f"warning: the load of this machine is {wanted:g} on {plural(cores, 'core')}: other programs "
        "run beside the benchmarks. Figures will be too slow and will scatter; stop the others, or wait."
    )


# What nvidia-smi is asked for, and the name under which it is recorded.
SENSORS = {
    "driver": "driver_version",
    "power_w": "power.draw",
    "power_limit_w": "power.limit",
    "sm_mhz": "clocks.sm",
    "temperature_c": "temperature.gpu",
}


def gpu(device: str = "cuda") -> dict[str, Any]:
    """The driver, power, clock and temperature of a device's GPU; {} where nvidia-smi does not report them."""
    asked = ["nvidia-smi", f"--query-gpu={','.join(SENSORS.values())}", "--format=csv,noheader,nounits"]  # fmt: skip
    with suppress(OSError, subprocess.SubprocessError, IndexError):
        done = subprocess.run(
            [*asked, "-i", gpu_of(device)], capture_output=True, text=True, check=True, timeout=20
        )
        cells = [cell.strip() for cell in done.stdout.splitlines()[0].split(",")]
        found = {name: _cell(cell) for name, cell in zip(SENSORS, cells, strict=False)}
        # A version such as 550.10 is no number: it would become 550.1.
        return found | {"driver": cells[0]}
    return {}


def _cell(cell: str) -> str | float | None:
    """A cell of nvidia-smi: a number, a text such as a version, or None for "[N/A]"."""
    if cell.startswith("["):
        return None
    return float(cell) if cell.count(".") <= 1 and cell.replace(".", "").isdigit() else cell


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def _memory() -> int | None:
    with suppress(OSError, ValueError, AttributeError):
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    return None


def _read(path: str) -> str | None:
    with suppress(OSError):
        return Path(path).read_text().strip()
    return None
