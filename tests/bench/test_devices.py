"""Solutions on another device than the CPU, where there is none: on one that is pretended."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from katagrad.bench import devices, machine, runner
from katagrad.bench.regress import twins
from katagrad.boundary.process import Pool
from katagrad.errors import NotGraded
from katagrad.isolation.launcher import PlainLauncher
from katagrad.topics import root

SCRIPT = Path(__file__).with_name("on_a_fake_device.py")
pytestmark = [pytest.mark.needs("torch")]

LOADERS = """
import torch
from torch.utils.data import DataLoader, RandomSampler, TensorDataset
from katagrad.worker.adapters import torch_loaders as loaders_of_torch

def orders():
    torch.manual_seed(3)
    given = torch.Generator().manual_seed(5)
    return [list(RandomSampler(range(9))), list(RandomSampler(range(9), generator=given)),
            [int(one) for batch in DataLoader(range(9), 4, shuffle=True) for one in batch]]

before = orders()
loaders_of_torch.draw_where_their_generator_is()
assert orders() == before, (orders(), before)
torch.set_default_device("meta")  # on which no generator of the CPU can draw
sampled = [list(RandomSampler(range(9), generator=torch.Generator().manual_seed(5)))]
assert sampled[0] == before[1]
assert sorted(RandomSampler(range(9))) == list(range(9))
print("same orders")
"""


TENSORFLOW_ON_A_GPU = """
import json, tensorflow as tf
from types import SimpleNamespace
from katagrad.worker.adapters import tensorflow as it
grown = []
tf.config.list_physical_devices = lambda kind=None: [SimpleNamespace(name="GPU:0")] if kind == "GPU" else []
tf.config.list_logical_devices = tf.config.list_physical_devices
tf.config.experimental.get_device_details = lambda one: {"device_name": "A GPU"}
tf.config.experimental.set_memory_growth = lambda one, on: grown.append((one.name, on))
before = tf.config.experimental.tensor_float_32_execution_enabled()
it.configure(1, "cuda")
shown = it.hardware()
shown.pop("build")
it.precision("tf32")
print(json.dumps([before, grown, shown, it.hardware()["tf32"]]))
"""
TORCH_ON_A_GPU = """
import json, torch
from katagrad.worker.adapters import torch as it
flags = lambda: [torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32]
before = flags()
it.configure(1, "meta")  # any device but the CPU
after = flags()
it.precision("tf32")
print(json.dumps([before, after, flags()]))
"""


def run(*args):
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, check=False, timeout=300
    )
    return done.stdout if done.returncode == 0 else done.stdout + done.stderr


def test_every_solution_keeps_to_the_device_of_its_inputs():
    pytest.importorskip("torch._subclasses.fake_tensor")
    backend = importlib.util.find_spec("torch.utils.backend_registration")
    if backend is None or "for_python_backend" not in Path(backend.origin).read_text():
        pytest.skip("this version of PyTorch has no devices in Python")
    lines = run(str(SCRIPT)).splitlines()
    assert len(lines) == 1, "\n".join(lines)
    assert int(lines[0].split()[0]) >= 100


def test_a_solution_that_makes_a_tensor_elsewhere_is_found(tmp_path):
    backend = importlib.util.find_spec("torch.utils.backend_registration")
    if backend is None or "for_python_backend" not in Path(backend.origin).read_text():
        pytest.skip("this version of PyTorch has no devices in Python")
    whole = (root() / "solutions" / "torch" / "softmax.py").read_text(encoding="utf-8")
    elsewhere = whole.replace(
        "    shifted =", "    x = x + torch.ones(1, device='cpu')\n    shifted ="
    )
    (tmp_path / "softmax.py").write_text(elsewhere)
    shown = run("-c", f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); "
                     f"import on_a_fake_device as it; it.main(['softmax'], {str(tmp_path)!r})")  # fmt: skip
    assert "softmax::bench_softmax('softmax', 'small'): " in shown
    assert "same device" in shown


@pytest.mark.needs("tensorflow")
def test_tensorflow_on_a_gpu_takes_no_more_memory_than_it_needs_and_rounds_nothing_unasked():
    before, grown, shown, asked = json.loads(run("-c", TENSORFLOW_ON_A_GPU).splitlines()[-1])
    assert before is True  # TensorFlow's own default
    assert grown == [["GPU:0", True]]
    assert shown["gpu"] == "A GPU"
    assert shown["tf32"] is False
    assert asked is True


def test_torch_on_a_gpu_rounds_nothing_unasked():
    before, after, asked = json.loads(run("-c", TORCH_ON_A_GPU).splitlines()[-1])
    assert before == [False, True]  # PyTorch's own default: convolutions are rounded
    assert after == [False, False]
    assert asked == [True, True]


@pytest.mark.parametrize("found", [["A GPU"], []])
def test_a_gpu_that_is_not_there_is_said_once_and_not_by_each_launch(monkeypatch, found):
    monkeypatch.setattr(twins, "gpus", lambda pool, framework: found)
    launch = twins.Launch([], twins.Conditions("torch", device="cuda"))
    launch.pools = [None]
    if found:
        launch.check_device()
        return
    with pytest.raises(NotGraded, match="no GPU that torch can use; leave out --device cuda"):
        launch.check_device()


@pytest.mark.parametrize(
    ("seen", "device", "gpu"),
    [
        (None, "cuda", "0"),
        (None, "cuda:3", "3"),
        ("2,GPU-a1", "cuda", "2"),
        ("2,GPU-a1", "cuda:1", "GPU-a1"),
        ("2", "cuda:1", ""),
    ],
)
def test_a_worker_sees_the_gpu_that_it_is_to_use_and_no_other(monkeypatch, tmp_path, seen, device, gpu):  # fmt: skip
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if seen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen)
    started = []

    class Launcher(PlainLauncher):
        def start(self, arguments, folder, descriptors, variables, **streams):
            started.append((json.loads(arguments[0])["device"], variables))
            raise NotGraded("enough")

    with pytest.raises(NotGraded, match="enough"):
        Pool(launcher=Launcher(), device=device).worker("torch")
    assert started == [("cuda", {"CUDA_VISIBLE_DEVICES": gpu})]
    smi = tmp_path / "nvidia-smi"
    smi.write_text(f'#!/bin/sh\n[ "$4" = "{gpu}" ] && echo "1.2.3, 1, 1, 1, 1"\n')
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpu(device)["driver"] == "1.2.3"


def test_all_gpus_are_listed(monkeypatch):
    def gpus(pool, framework):
        return {"cuda:0": ["A"], "cuda:1": ["B"]}.get(pool.device, [])

    monkeypatch.setattr(devices, "gpus", gpus)
    assert list(devices._gpus("torch")) == ["torch: cuda:0 A  (--device cuda)", "torch: cuda:1 B"]
    monkeypatch.setattr(devices, "gpus", lambda *_: [])
    (line,) = devices._gpus("torch")
    assert line == "torch: no GPU that it can use; --device cuda would run nothing"


def test_more_threads_than_cores_are_warned_of(monkeypatch):
    monkeypatch.setattr(runner.machine, "busy", lambda: "")
    monkeypatch.setattr(runner, "all_threads", lambda: 2)
    assert runner.warnings(2) == []
    (line,) = runner.warnings(999)
    assert line.startswith("warning: 999 threads on 2 cores: ")
    monkeypatch.setattr(runner.machine, "busy", lambda: "busy")
    assert runner.warnings(3)[0] == "busy"


def test_the_driver_and_the_power_are_told_where_they_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpu() == {}
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho '570.86.15, 112.40, [N/A], 1980, 41'\n")
    smi.chmod(0o755)
    assert machine.gpu() == {
        "driver": "570.86.15", "power_w": 112.4, "power_limit_w": None, "sm_mhz": 1980.0, "temperature_c": 41.0,
    }  # fmt: skip
    smi.write_text("#!/bin/sh\necho '550.10, 1, 1, 1, 1'\n")
    assert machine.gpu()["driver"] == "550.10"  # the number would be 550.1
    smi.write_text("#!/bin/sh\necho 'no devices were found'; exit 6\n")
    assert machine.gpu() == {}


def test_loaders_shuffle_under_another_default_device_and_in_the_same_order_as_ever():
    assert run("-c", LOADERS).strip().endswith("same orders")
