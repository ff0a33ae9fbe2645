"""Solutions on another device than the CPU, where there is none: on one that is pretended."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from katagrad.topics import root

SCRIPT = Path(__file__).with_name("on_a_fake_device.py")
pytestmark = [pytest.mark.needs("torch")]

LOADERS = """
import torch
from torch.utils.data import DataLoader, RandomSampler, TensorDataset
from katagrad.worker import for_torch

def orders():
    torch.manual_seed(3)
    given = torch.Generator().manual_seed(5)
    return [list(RandomSampler(range(9))), list(RandomSampler(range(9), generator=given)),
            [int(one) for batch in DataLoader(range(9), 4, shuffle=True) for one in batch]]

before = orders()
for_torch.loaders_draw_where_their_generator_is()
assert orders() == before, (orders(), before)
torch.set_default_device("meta")  # on which no generator of the CPU can draw
sampled = [list(RandomSampler(range(9), generator=torch.Generator().manual_seed(5)))]
assert sampled[0] == before[1]
assert sorted(RandomSampler(range(9))) == list(range(9))
print("same orders")
"""


def run(*args):
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, check=False, timeout=300
    )
    return done.stdout + done.stderr


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
    told = run("-c", f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); "
                     f"import on_a_fake_device as it; it.main(['softmax'], {str(tmp_path)!r})")  # fmt: skip
    assert "softmax::bench_softmax('softmax', 'small'): " in told
    assert "same device" in told


def test_loaders_shuffle_under_another_default_device_and_in_the_same_order_as_ever():
    assert run("-c", LOADERS).strip().endswith("same orders")
