"""The worker's adapter for TensorFlow and Keras."""

from __future__ import annotations

import importlib
import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_VMODULE", f"execute={int('KATAGRAD_TIMED' not in os.environ)}")

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python import pywrap_tfe

from katagrad.worker.adapters.tensorflow_layers import slots
from katagrad.worker.adapters.tensorflow_layers import start as start
from katagrad.worker.adapters.tensorflow_layers import waits as waits
from katagrad.worker.adapters.tensorflow_touch import touch as touch

NAME = "tensorflow"
TENSOR = "tf.Tensor"
# The allocator for oneDNN keeps large blocks in a pool on the CPU.
KEEPS_A_POOL = True
LAYOUTS: dict[str, tuple[int, ...]] = {}
HALF: tf.DType | None = None  # the dtype of float32 inputs, if half precision is timed

OPERATIONS = {
    "exp": tf.exp, "log": tf.math.log, "sin": tf.sin, "cos": tf.cos, "tanh": tf.tanh,
    "sqrt": tf.sqrt, "abs": tf.abs, "matmul": tf.matmul, "maximum": tf.maximum,
    "sum": lambda x, axis=None: tf.reduce_sum(x, axis=axis),
    "mean": lambda x, axis=None: tf.reduce_mean(x, axis=axis),
    "reshape": lambda x, shape: tf.reshape(x, shape),
    "stack": lambda parts, axis=0: tf.stack(parts, axis=axis),
}  # fmt: skip


def preload() -> None:
    """Import before the fork what TensorFlow imports on first use. Runs no operation."""
    _ = keras.Sequential, keras.layers.Dense, keras.optimizers.Adam, keras.losses.Loss
    _ = tf.data.Dataset, tf.keras
    for name in ("operators", "forms"):
        importlib.import_module(f"katagrad.worker.adapters.tensorflow_{name}")


def preload_late() -> None:
    """Do nothing. `preload` has imported everything."""


def versions() -> dict[str, str]:
    """Names and versions of the libraries that compute the results."""
    return {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}


def configure(threads: int, device: str = "cpu") -> None:
    """Use `threads` threads inside an operation, and as many operations at a time."""
    if "KATAGRAD_TIMED" not in os.environ:
        # Optimizing graphs takes a quarter of the time of grading Keras. It saves less, since networks are small.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
        if device == "cpu":
            _run_operations_directly()
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    importlib.import_module("katagrad.worker.adapters.tensorflow_settled").settle()
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return
    for one in tf.config.list_physical_devices("GPU"):
        # By default, a process takes all memory of a GPU, and leaves none for a second process.
        tf.config.experimental.set_memory_growth(one, True)
    precision("float32")  # the default rounds products to TF32


def _run_operations_directly() -> None:
    """Run each operation by its kernel. By default, TensorFlow makes a function of it first.

    Such a function is optimized and partitioned, which takes 0.2 to 0.5 ms for each operation and form of its
    inputs, again after every seed. The kernels are the same. Must be called before the first operation.
    """
    choose = getattr(pywrap_tfe, "TFE_ContextOptionsSetRunEagerOpAsFunction", None)
    if choose is not None:  # some versions lack it
        pywrap_tfe.TFE_ContextOptionsSetRunEagerOpAsFunction = lambda options, _: choose(
            options, False
        )


def without_compiler() -> None:
    """Do nothing. XLA compiles in this process."""


def seed(number: int) -> None:
    """Seed TensorFlow's and Keras's global generators."""
    keras.utils.set_random_seed(number)  # seeds TensorFlow, too; each seeding drops all kernels


def tensor(array: np.ndarray) -> tf.Tensor:
    """A tensor with the values of `array`. No other code has a reference to `array`."""
    if HALF is not None and array.dtype == "float32":
        return tf.constant(array, HALF)
    return tf.constant(array)


def is_tensor(value: Any) -> bool:
    """Whether `value` is a tensor of this framework."""
    return tf.is_tensor(value) or isinstance(value, keras.Variable)


def numpy(value: Any) -> np.ndarray:
    """The values of a tensor or variable."""
    if isinstance(value, keras.Variable):
        value = value.value
    if isinstance(value, tf.RaggedTensor):
        # Padded here, it would pass for the batch that a stub asks for.
        raise ValueError("its rows may differ in length; make a tf.Tensor of it, by to_tensor()")
    if isinstance(value, tf.SparseTensor):
        value = tf.sparse.to_dense(value)
    if isinstance(value, tf.IndexedSlices):
        value = tf.convert_to_tensor(value)
    if value.dtype == tf.bfloat16:
        value = tf.cast(value, tf.float32)
    if not tf.compat.v1.executing_eagerly_outside_functions():
        raise RuntimeError(
            "eager execution is off; remove disable_eager_execution or disable_v2_behavior"
        )
    return np.asarray(value.numpy())


class Tape:
    """Records one computation, and computes vector-Jacobian products of it."""

    def __init__(self, sources: list[Any]) -> None:
        self.sources = [
            source.value if isinstance(source, keras.Variable) else source for source in sources
        ]
        self.tape = tf.GradientTape(persistent=True)

    def __enter__(self) -> Tape:
        self.tape.__enter__()
        for source in self.sources:
            self.tape.watch(source)
        return self

    def __exit__(self, *exc: object) -> None:
        self.tape.__exit__(*exc)

    def vjp(self, output: Any, cotangent: np.ndarray) -> list[Any]:
        """The gradient of sum(output * cotangent) by each source. None if `output` does not depend on it."""
        seed = tf.cast(tf.constant(cotangent), output.dtype)
        return list(self.tape.gradient(output, self.sources, output_gradients=seed))

    def pull(self, output: Any) -> list[Any]:
        """The gradient of sum(output) by each source, for timing."""
        return list(self.tape.gradient(output, self.sources))


def parameters(value: Any) -> list[Any] | None:
    """The trainable parameters of a model, in the framework's order. None if `value` is not a model."""
    if isinstance(value, keras.layers.Layer):
        return [v.value if isinstance(v, keras.Variable) else v for v in value.trainable_variables]
    if isinstance(value, tf.Module):
        return list(value.trainable_variables)
    return None


def layers(model: Any) -> list[dict[str, Any]]:
    """The layers that have parameters, in order, in the form of `boundary.Implementation.layers`."""
    return [
        {**about, **{key: numpy(value) for key, value in held.items()}}
        for about, held in slots(model)
    ]


def assign_layers(model: Any, values: list[dict[str, Any]]) -> None:
    """Set what `layers` reads. Raises ValueError if layers or shapes differ."""
    found = slots(model)
    if len(found) != len(values):
        raise ValueError(
            f"the model has {len(found)} layers with parameters, but {len(values)} were given"
        )
    for (_, held), value in zip(found, values, strict=True):
        for key, variable in held.items():
            if key in value:
                array = np.asarray(value[key])
                if array.shape != tuple(variable.shape):
                    raise ValueError(
                        f"{key} has the shape {tuple(variable.shape)}, but {array.shape} was given"
                    )
                kind = variable.dtype if isinstance(variable.dtype, str) else variable.dtype.name
                variable.assign(array.astype(kind))


def sequential(specs: list[Any]) -> keras.Sequential:
    """Make a model from the specifications that `boundary.Implementation.sequential` describes."""
    made: list[Any] = []
    pending: list[tuple[Any, dict[str, Any]]] = []
    known = [s for s in specs if "shape" in s or "kernel" in s]
    shapes = [s["shape"] if "shape" in s else s["kernel"].shape[:1] for s in known] or [(None,)]
    for spec in specs:
        kind = spec if isinstance(spec, str) else spec["type"]
        if kind in ("relu", "tanh", "sigmoid", "softmax"):
            made.append(keras.layers.Activation(kind))
        elif kind == "flatten":
            made.append(keras.layers.Flatten())
        elif kind == "dense":
            made.append(keras.layers.Dense(spec["kernel"].shape[1], use_bias="bias" in spec))
            pending.append((made[-1], spec))
        elif kind == "dropout":
            made.append(keras.layers.Dropout(spec["rate"]))
        elif kind == "batch_norm":
            made.append(keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        elif kind != "input":
            raise ValueError(f"no layer of type {kind!r}")
    model = keras.Sequential([keras.Input(tuple(shapes[0])), *made])
    for layer, spec in pending:
        assign_layers(layer, [spec])
    return model


def synchronize() -> None:
    """Wait for the device. On a CPU, calls return only when they have finished."""
    if tf.config.list_logical_devices("GPU"):
        tf.test.experimental.sync_devices()


def compiled(function: Any) -> Any:
    """Compile `function` with tf.function."""
    return tf.function(function)


def by_xla(function: Any) -> Any:
    """Compile `function` with XLA."""
    return tf.function(function, jit_compile=True)


def ceiling_work(kind: str, size: int) -> tuple[Any, float]:
    """(a function that does the work once, the amount of work): see `katagrad.worker.timing.ceiling`."""
    if kind == "matmul":
        a, b = (tf.random.normal((size, size), dtype=HALF or tf.float32) for _ in range(2))
        return lambda: tf.matmul(a, b), 2.0 * size**3
    source = tf.random.normal((size,), dtype=HALF or tf.float32)
    times = max(1, (1 << 22) // size)  # a small copy is repeated

    def copies() -> tf.Tensor:
        for _ in range(times):
            result = tf.negative(source)  # tf.identity would share the memory
        return result

    return copies, 2.0 * source.dtype.size * size * times


def traces(function: Any) -> int:
    """How often a function of `compiled` was traced."""
    return int(function.experimental_get_tracing_count())


def devices() -> list[str]:
    """The names of the GPUs that TensorFlow can use."""
    return [
        str(tf.config.experimental.get_device_details(one).get("device_name", one.name))
        for one in tf.config.list_physical_devices("GPU")
    ]


def precision(name: str) -> None:
    """Compute in "float32", "tf32" (float32 whose products are rounded), "float16" or "bfloat16"."""
    global HALF
    tf.config.experimental.enable_tensor_float_32_execution(name == "tf32")
    HALF = {"float16": tf.float16, "bfloat16": tf.bfloat16}.get(name)
    if HALF is not None:
        keras.config.set_floatx(name)
        keras.config.set_dtype_policy(name)


def device_memory(reset: bool = False) -> tuple[int, int] | None:
    """(bytes in use on the GPU, peak since the last reset). None on a CPU."""
    if not tf.config.list_logical_devices("GPU"):
        return None
    if reset:
        tf.config.experimental.reset_memory_stats("GPU:0")
    held = tf.config.experimental.get_memory_info("GPU:0")
    return int(held["current"]), int(held["peak"])


def hardware() -> dict[str, Any]:
    """The build and settings of the framework that affect figures."""
    build = tf.sysconfig.get_build_info()
    flags = [f"{key}={build[key]}" for key in sorted(build) if isinstance(build[key], (str, bool))]
    found: dict[str, Any] = {
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "build": flags,
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }
    if tf.config.list_logical_devices("GPU"):
        found["gpu"] = devices()[0]
        found["cuda"] = build.get("cuda_version")
        found["tf32"] = tf.config.experimental.tensor_float_32_execution_enabled()
    return found
