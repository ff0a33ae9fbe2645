"""The worker's adapter for PyTorch."""

from __future__ import annotations

import contextlib
import importlib
import sys
import types
from typing import Any

import numpy as np
import torch
from torch import nn

from katagrad.worker import tree
from katagrad.worker.adapters.torch_bare import bare
from katagrad.worker.adapters.torch_compiler import compiled as compiled
from katagrad.worker.adapters.torch_compiler import traces as traces
from katagrad.worker.adapters.torch_compiler import without_compiler as without_compiler
from katagrad.worker.adapters.torch_layers import start as start
from katagrad.worker.adapters.torch_layers import waits as waits
from katagrad.worker.adapters.torch_touch import touch as touch

NAME = "torch"
TENSOR = "torch.Tensor"
# Whether freed memory stays in a pool on the CPU.
KEEPS_A_POOL = False
# Axes that convert a grader's layout, (N, H, W, C) or (H, W, in, out), to PyTorch's.
LAYOUTS = tree.CHANNELS_FIRST
# Floats that a measured copy moves. Small copies are repeated, so that waiting takes a small part.
LARGE = 1 << 22
DEVICE = "cpu"
# The dtype of float32 inputs, if half precision is timed.
HALF: torch.dtype | None = None

OPERATIONS = {
    "exp": torch.exp, "log": torch.log, "sin": torch.sin, "cos": torch.cos, "tanh": torch.tanh,
    "sqrt": torch.sqrt, "abs": torch.abs, "matmul": torch.matmul,
    "maximum": lambda a, b: torch.maximum(torch.as_tensor(a), torch.as_tensor(b)),
    "sum": lambda x, axis=None: torch.sum(x) if axis is None else torch.sum(x, dim=axis),
    "mean": lambda x, axis=None: torch.mean(x) if axis is None else torch.mean(x, dim=axis),
    "reshape": lambda x, shape: torch.reshape(x, shape),
    "stack": lambda parts, axis=0: torch.stack(parts, dim=axis),
}  # fmt: skip


def preload() -> None:
    """Import before the fork what PyTorch imports on first use. Runs no operation."""
    # If both frameworks are installed, torch.utils.tensorboard would import TensorFlow, which takes many seconds.
    # If this module exists, it uses its own stand-in, as it does without TensorFlow.
    sys.modules.setdefault("tensorboard.compat.notf", types.ModuleType("tensorboard.compat.notf"))
    for name in ("torch.optim", "torch.utils.data", "katagrad.worker.adapters.torch_operators"):
        importlib.import_module(name)


def preload_late() -> None:
    """Import what a first optimizer step needs, which takes long. Look up the operators of all families."""
    with contextlib.suppress(ImportError):  # some versions lack it
        importlib.import_module("torch._dynamo")
    importlib.import_module("katagrad.worker.adapters.torch_operators").prepare()


def versions() -> dict[str, str]:
    """Names and versions of the libraries that compute the results."""
    return {"torch": str(torch.__version__), "numpy": np.__version__}


def configure(threads: int, device: str = "cpu") -> None:
    """Use `threads` threads inside an operation."""
    global DEVICE
    torch.set_num_threads(threads)
    if device != "cpu":
        torch.set_default_device(device)
        DEVICE = device
        importlib.import_module(
            "katagrad.worker.adapters.torch_loaders"
        ).draw_where_their_generator_is()
        precision("float32")  # the default of cuDNN rounds convolutions to TF32


def seed(number: int) -> None:
    """Seed PyTorch's global generator."""
    torch.manual_seed(number)


def tensor(array: np.ndarray) -> torch.Tensor:
    """A tensor with the values of `array`. No other code has a reference to `array`."""
    made = torch.from_numpy(array if array.flags.writeable else array.copy())
    if HALF is not None and made.dtype == torch.float32:
        made = made.to(HALF)
    return made if DEVICE == "cpu" else made.to(DEVICE)


def is_tensor(value: Any) -> bool:
    """Whether `value` is a tensor of this framework."""
    return isinstance(value, torch.Tensor)


def numpy(value: torch.Tensor) -> np.ndarray:
    """The values of a tensor."""
    with bare(value) as value:
        if value.layout != torch.strided:
            value = value.to_dense()
        if value.dtype == torch.bfloat16:
            value = value.float()
        array: np.ndarray = value.cpu().resolve_conj().resolve_neg().numpy()
        return array


class Tape:
    """Records one computation, and computes vector-Jacobian products of it."""

    def __init__(self, sources: list[torch.Tensor]) -> None:
        self.sources = sources
        for source in sources:
            if source.is_floating_point() and source.is_leaf:
                source.requires_grad_(True)

    def __enter__(self) -> Tape:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def vjp(self, output: torch.Tensor, cotangent: np.ndarray) -> list[torch.Tensor | None]:
        """The gradient of sum(output * cotangent) by each source. None if `output` does not depend on it."""
        if not output.requires_grad:
            return [None] * len(self.sources)
        seed = tensor(cotangent).to(output.dtype)
        return list(torch.autograd.grad(output, self.sources, seed, allow_unused=True))

    def pull(self, output: torch.Tensor) -> list[torch.Tensor | None]:
        """The gradient of sum(output) by each source, for timing."""
        ones = torch.ones_like(output)
        return list(torch.autograd.grad(output, self.sources, ones, allow_unused=True))


def parameters(value: Any) -> list[torch.Tensor] | None:
    """The trainable parameters of a model, in the framework's order. None if `value` is not a model."""
    if isinstance(value, nn.Module):
        return [p for p in value.parameters() if p.requires_grad]
    return None


CONVOLUTIONS = {nn.Conv1d: (2, 1, 0), nn.Conv2d: (2, 3, 1, 0), nn.Conv3d: (2, 3, 4, 1, 0)}


def _slots(
    model: nn.Module,
) -> list[tuple[dict[str, Any], dict[str, tuple[torch.Tensor, tuple[int, ...] | None]]]]:
    """For each layer: its description, and by shared name its tensor and the axes to the shared layout."""
    slots = []
    for name, module in model.named_modules():
        held: dict[str, Any]
        if isinstance(module, nn.Linear):
            kind, held = "dense", {"kernel": (module.weight, (1, 0)), "bias": (module.bias, None)}
        elif type(module) in CONVOLUTIONS:
            axes = CONVOLUTIONS[type(module)]
            kind, held = "conv", {"kernel": (module.weight, axes), "bias": (module.bias, None)}
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            kind = "batch_norm"
            held = {"scale": (module.weight, None), "offset": (module.bias, None)}
            held |= {"mean": (module.running_mean, None), "variance": (module.running_var, None)}
        elif isinstance(module, nn.LayerNorm):
            kind = "layer_norm"
            held = {"scale": (module.weight, None), "offset": (module.bias, None)}
        elif isinstance(module, nn.Embedding):
            kind, held = "embedding", {"table": (module.weight, None)}
        else:
            own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
            kind, held = type(module).__name__, {key: (value, None) for key, value in own}
        held = {key: slot for key, slot in held.items() if slot[0] is not None}
        if held:
            slots.append(({"name": name, "type": kind}, held))
    return slots


def layers(model: nn.Module) -> list[dict[str, Any]]:
    """The layers that have parameters, in order, in the form of `boundary.Implementation.layers`."""
    return [
        {
            **about,
            **{
                k: numpy(t) if axes is None else numpy(t).transpose(axes)
                for k, (t, axes) in held.items()
            },
        }
        for about, held in _slots(model)
    ]


def assign_layers(model: nn.Module, values: list[dict[str, Any]]) -> None:
    """Set what `layers` reads. Raises ValueError if layers or shapes differ."""
    slots = _slots(model)
    if len(slots) != len(values):
        raise ValueError(
            f"the model has {len(slots)} layers with parameters, but {len(values)} were given"
        )
    with torch.no_grad():
        for (_, held), value in zip(slots, values, strict=True):
            for key, (slot, axes) in held.items():
                if key not in value:
                    continue
                array = np.asarray(value[key])
                array = array if axes is None else array.transpose(np.argsort(axes))
                if array.shape != tuple(slot.shape):
                    raise ValueError(
                        f"{key} has the shape {tuple(slot.shape)}, but {array.shape} was given"
                    )
                slot.copy_(torch.from_numpy(np.ascontiguousarray(array)).to(slot.dtype))


def sequential(specs: list[Any]) -> nn.Sequential:
    """Make a model from the specifications that `boundary.Implementation.sequential` describes."""
    made: list[nn.Module] = []
    plain = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "flatten": nn.Flatten}
    plain["softmax"] = lambda: nn.Softmax(-1)
    for spec in specs:
        kind = spec if isinstance(spec, str) else spec["type"]
        if kind in plain:
            made.append(plain[kind]())
        elif kind == "dense":
            layer = nn.Linear(*spec["kernel"].shape, bias="bias" in spec)
            assign_layers(layer, [spec])
            made.append(layer)
        elif kind == "dropout":
            made.append(nn.Dropout(spec["rate"]))
        elif kind == "batch_norm":
            made.append(nn.BatchNorm1d(spec["width"]))
        elif kind != "input":
            raise ValueError(f"no layer of type {kind!r}")
    return nn.Sequential(*made)


def synchronize() -> None:
    """Wait for the device."""
    if DEVICE != "cpu":
        torch.cuda.synchronize()


def ceiling_work(kind: str, size: int) -> tuple[Any, float]:
    """(a function that does the work once, the amount of work): see `katagrad.worker.timing.ceiling`."""
    if kind == "matmul":
        a, b, out = (torch.randn(size, size) for _ in range(3))
        return lambda: torch.matmul(a, b, out=out), 2.0 * size**3
    source, target = torch.randn(size), torch.empty(size)
    times = max(1, LARGE // size)

    def copies() -> torch.Tensor:
        for _ in range(times):
            target.copy_(source)
        return target

    return copies, 2.0 * source.element_size() * size * times


def devices() -> list[str]:
    """The names of the GPUs that PyTorch can use."""
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def precision(name: str) -> None:
    """Compute in "float32", "tf32" (float32 whose products are rounded), "float16" or "bfloat16"."""
    global HALF
    torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
    torch.backends.cudnn.allow_tf32 = name == "tf32"
    HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}.get(name)
    if HALF is not None:
        torch.set_default_dtype(HALF)


def device_memory(reset: bool = False) -> tuple[int, int] | None:
    """(bytes in use on the GPU, peak since the last reset). None on a CPU."""
    if DEVICE == "cpu":
        return None
    if reset:
        torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()


def hardware() -> dict[str, Any]:
    """The build and settings of the framework that affect figures."""
    found: dict[str, Any] = {
        "threads": torch.get_num_threads(),
        "build": torch.__config__.show().splitlines()[0:6],
    }
    if DEVICE != "cpu":
        found["gpu"] = torch.cuda.get_device_name()
        found["cuda"] = torch.version.cuda
        found["tf32"] = torch.backends.cuda.matmul.allow_tf32
    return found
