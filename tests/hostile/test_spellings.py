"""No spelling hides an operator that a from-scratch rule bars; and what is not barred runs as it did."""

import importlib.util
import time

import numpy as np
import pytest

from katagrad.boundary.process import Pool
from katagrad.topics import FRAMEWORKS
from katagrad.worker.families import Rules, families

TORCH_SOFTMAX = {
    "underscore": "torch._softmax(x, 1, False)",
    "ops": "torch.ops.aten._softmax(x, 1, False)",
    "overload": "torch.ops.aten._softmax.default(x, 1, False)",
    "out": "torch._softmax(x, 1, False, out=torch.empty_like(x))",
    "categorical": "torch.distributions.Categorical(logits=x).probs",
    "one logit": "torch.distributions.RelaxedOneHotCategorical(torch.tensor(1.0), logits=x).probs",
    "text": "eval('torch.soft' + 'max')(x, 1)",
    "executed text": "(lambda space: [exec('y = torch._soft' + 'max(x, 1, False)', space), space['y']][1])({'torch': torch, 'x': x})",
    "pool of threads": "ThreadPoolExecutor(1).submit(torch._softmax, x, 1, False).result()",
    "vmap": "torch.func.vmap(lambda row: torch._softmax(row, 0, False))(x)",
    "inference mode": "torch.inference_mode()(torch._softmax)(x, 1, False)",
    "redispatch": "torch.ops.aten._softmax.default.redispatch(torch._C.DispatchKeySet(torch._C.DispatchKey.CPU), x, 1, False)",
    "compiled": "torch.compile(lambda z: torch.ops.aten._softmax(z, 1, False), backend='eager')(x)",
    "traced": "torch.jit.trace(lambda z: torch._softmax(z, 1, False), torch.ones(2, 3), check_trace=False)(x)",
    "graph module": "torch.fx.symbolic_trace(lambda z: torch._softmax(z, 1, False))(x)",
    "attention": "torch.nn.functional.scaled_dot_product_attention(x[:, None], torch.eye(3), torch.eye(3), scale=1.0)",
    "fused attention": "torch._C._nn.scaled_dot_product_attention(x[:, None], torch.eye(3), torch.eye(3), scale=1.0)",
    "another backend": "x.to_mkldnn().softmax(1).to_dense()",
    "sparse": "torch.sparse.softmax(x.to_sparse(), 1).to_dense()",
    "masked": "torch._masked_softmax(x, torch.zeros(2, 3, dtype=torch.bool), 1)",
    "nested": "torch._softmax(torch.nested.nested_tensor([x]), -1, False)[0]",
    "references": "getattr(__import__('torch._refs')._refs, 'soft' + 'max')(x, 1)",
    "decomposition": "__import__('torch._decomp')._decomp.decomposition_table[torch.ops.aten._softmax.default](x, 1, False)",
    "cross-entropy's gradient": "torch.func.grad(lambda z: torch.nn.functional.cross_entropy(z, torch.tensor([0, 1])))(x)",
    "caught": "quiet(lambda: torch._softmax(x, 1, False))",
    "in backward": "backward(x)",
    "transform of a distribution": "torch.distributions.transforms.SoftmaxTransform()(x)",
    "forked": "forked(lambda: torch._softmax(x, 1, False), torch.tensor)",
}
TORCH = {
    "softmax": TORCH_SOFTMAX,
    "optimizer": {
        "fused adam": "fused(x)",
        "subclass": "type('Own', (torch.optim.Optimizer,), {})([x.requires_grad_()], {})",
        "by another name": "torch.optim.lr_scheduler.Optimizer([x.requires_grad_()], {})",
        "functional": "__import__('sys').modules['torch.optim.sgd'].sgd([x], [x], [None], foreach=False, weight_decay=0, "
        "momentum=0, lr=1, dampening=0, nesterov=False, maximize=False)",
    },
    "activation": {
        "operator": "torch.ops.aten.sigmoid(x)",
        "in place": "torch.ops.aten.tanh_(x)",
        "foreach": "torch._foreach_sigmoid([x])[0]",
        "C": "torch._C._nn.gelu(x)",
        "cell": "torch.nn.LSTMCell(3, 1)(x)[0]",
        "fused": "torch._addmm_activation(torch.zeros(2), x, x.T)",
        "glu": "torch.ops.aten.glu(torch.cat([x, x], 1), 1)",
    },
    "convolution": {
        "operator": "torch.ops.aten.convolution(x[None], torch.ones(1, 2, 1), None, [1], [0], [1], False, [0], 1)",
        "overrideable": "torch._C._nn.slow_conv3d(x[None, :, :, None, None], torch.ones(1, 2, 1, 1, 1), [1, 1, 1])",
        "NumPy": "torch.from_numpy(numpy.convolve(x[0], x[1]))",
        "NumPy by another module": "torch.from_numpy(numpy._core.numeric.correlate(x[0], x[1]))",
        "time, batch, channels": "torch.conv_tbc(x[None], torch.ones(1, 3, 1), torch.zeros(1), 0)",
    },
    "trapezoid": {"NumPy by another module": "torch.tensor(numpy.lib._function_base_impl.trapezoid(x.numpy()))"},
    "unit norm": {"operator": "torch._weight_norm(x, torch.ones(2, 1), 0)", "largest norm": "x.renorm(2, 0, 1.0)"},
    "patches": {"operator": "torch.ops.aten.im2col(x[None, None], [1, 1], [1, 1], [0, 0], [1, 1])"},
    "pooling": {"operator": "torch.ops.aten.max_pool2d_with_indices(x[None], [1, 1])[0]"},
    "normalization": {"operator": "torch.ops.aten.native_layer_norm(x, [3], None, None, 1e-5)[0]"},
    "loss": {"operator": "torch.ops.aten.nll_loss_forward(x, torch.tensor([0, 1]), None, 1, -100)[0]"},
    "dropout": {"operator": "torch.ops.aten.native_dropout(x, 0.5, True)[0]", "layer": "torch.nn.Dropout(0.5)(x)"},
    "distance": {"operator": "torch.ops.aten._cdist_forward(x, x, 2.0, None)", "Euclidean": "torch._euclidean_dist(x, x)"},
    "dense layer": {"operator": "torch._C._nn.linear(x, x)", "layer": "torch.nn.modules.linear.NonDynamicallyQuantizableLinear(3, 2)(x)"},
    "autograd": {
        "engine": "engine(x)",
        "engine, through products of elements": "engine_of_products(x)",
        "engine, by PyTorch's own function": "torch.autograd.graph._engine_run_backward((p := torch.nn.Parameter(x), "
        "p.exp())[1:], (x,), False, False, (p,), allow_unreachable=True, accumulate_grad=False)[0]",
        "a level of functorch": "level(x)",
        "forward mode": "torch.func.jvp(torch.exp, (x,), (x,))[1]",
        "functorch": "torch._functorch.eager_transforms.grad_impl(lambda z: (z * z).sum(), 0, False, (x,), {})",
    },
}  # fmt: skip
TORCH_HELPERS = """
import numpy
import torch
from concurrent.futures import ThreadPoolExecutor

def quiet(run):
    try:
        return run()
    except Exception:
        return torch.zeros(2, 3)

class Late(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 1
    @staticmethod
    def backward(ctx, dout):
        return torch._softmax(ctx.saved_tensors[0], 1, False)

def backward(x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(Late.apply(x).sum(), x)[0]

def fused(x):
    w, zero = x.clone(), torch.zeros_like(x)
    torch._fused_adam_([w], [x], [zero], [zero.clone()], [], [torch.ones(())], lr=0.1, beta1=0.9, beta2=0.999,
                       weight_decay=0.0, eps=1e-8, amsgrad=False, maximize=False)
    return w

def engine(x):
    p = torch.nn.Parameter(x)
    root = (p @ p.T).sum()
    return torch._C._ImperativeEngine().run_backward(
        (root,), (torch.ones(()),), False, False, (p,), allow_unreachable=True, accumulate_grad=False)[0]

def engine_of_products(x):
    p = torch.nn.Parameter(x)
    return torch._C._ImperativeEngine().run_backward(
        (p * p,), (torch.ones_like(x),), False, False, (p,), allow_unreachable=True, accumulate_grad=False)[0]

def level(x):
    from torch._C import _functorch as f
    at = f._grad_increment_nesting()
    try:
        z = f._wrap_for_grad(x, at)
        f._unwrap_for_grad(z, at)
        return x * 1
    finally:
        f._grad_decrement_nesting()
"""

TENSORFLOW_SOFTMAX = {
    "generated": "gen_nn_ops.softmax(x)",
    "raw": "getattr(tf.raw_ops, 'Soft' + 'max')(logits=x)",
    "logarithm": "tf.exp(tf.raw_ops.LogSoftmax(logits=x))",
    "executed": "execute.execute(b'Softmax', 1, [x], ('T', x.dtype.as_datatype_enum), context.context())[0]",
    "fast path": "pywrap_tfe.TFE_Py_FastPathExecute(context.context(), 'Softmax', None, x)",
    "slow path": "gen_nn_ops.softmax_eager_fallback(x, None, context.context())",
    "traced": "tf.function(lambda z: tf.raw_ops.Softmax(logits=z))(x)",
    "traced at import": "traced(x)",
    "branch in a graph": "nested(x)",
    "loop in a graph": "looped(x)",
    "XLA": "tf.function(lambda z: tf.raw_ops.Softmax(logits=z), jit_compile=True)(x)",
    "py_function": "tf.py_function(lambda z: tf.raw_ops.Softmax(logits=z), [x], x.dtype)",
    "py_function in a graph": "tf.function(lambda x: tf.py_function(lambda z: tf.raw_ops.Softmax(logits=z), [x], x.dtype))(x)",
    "data set": "next(iter(tf.data.Dataset.from_tensors(x).map(lambda z: tf.raw_ops.Softmax(logits=z))))",
    "thread": "ThreadPoolExecutor(1).submit(lambda: tf.raw_ops.Softmax(logits=x)).result()",
    "bare thread": "ThreadPoolExecutor(1).submit(gen_nn_ops.softmax, x).result()",
    "forked": "forked(lambda: tf.raw_ops.Softmax(logits=x), tf.constant)",
    "Keras by text": "keras.activations.get('soft' + 'max')(x)",
    "Keras's backend": "__import__('keras.src.backend.tensorflow.nn', fromlist=['a']).softmax(x)",
    "vectorized map": "tf.vectorized_map(lambda r: tf.raw_ops.Softmax(logits=r[None])[0], x)",
    "imported graph": "imported(x)",
    "cross-entropy": "tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=x, labels=[0, 1]).backprop",
    "session": "sessions(x)",
    "callable of a session": "callables(x)",
    "gradient": "custom(x)",
    "caught": "quiet(lambda: tf.raw_ops.Softmax(logits=x))",
}
TENSORFLOW = {
    "softmax": TENSORFLOW_SOFTMAX,
    "optimizer": {
        "operator": "gen_training_ops.resource_apply_gradient_descent(tf.Variable(x).handle, 1.0, x)",
        "class": "keras.src.optimizers.adam.Adam(0.1)",
        "by name": "keras.src.optimizers.get('sgd')",
    },
    "activation": {
        "operator": "tf.raw_ops.Sigmoid(x=x)",
        "numpy": "tf.experimental.numpy.tanh(x)",
        "generated": "gen_nn_ops.elu(x)",
        "gradient": "gen_nn_ops.relu_grad(x, x)",
    },
    "convolution": {"operator": "gen_nn_ops.conv2d(x[None, :, :, None], tf.ones((1, 1, 1, 1)), [1, 1, 1, 1], 'VALID')"},
    "pooling": {"operator": "gen_nn_ops.max_pool(x[None, :, :, None], [1, 1, 1, 1], [1, 1, 1, 1], 'VALID')"},
    "patches": {"operator": "tf.raw_ops.ExtractImagePatches(images=x[None, :, :, None], ksizes=[1, 1, 1, 1], "
                "strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding='VALID')"},
    "normalization": {
        "operator": "gen_nn_ops.fused_batch_norm_v3(x[None, None], tf.ones(3), tf.zeros(3), tf.zeros(3), tf.ones(3), is_training=False)[0]",
        "function by its own module": "__import__('tensorflow.python.ops.nn_impl', fromlist=['a']).batch_normalization(x, 0., 1., None, None, 1e-3)",
    },
    "loss": {"operator": "tf.raw_ops.L2Loss(t=x)",
             "function by its own module": "__import__('keras.src.losses.losses', fromlist=['a']).mean_squared_error(x, x)",
             "metric": "keras.metrics.RootMeanSquaredError()(x, x)", "metric by name": "keras.metrics.get('mse')(x, x)"},
    "dropout": {"function by its own module": "__import__('tensorflow.python.ops.nn_ops', fromlist=['a']).dropout_v2(x, 0.5)",
                "layer": "keras.layers.Dropout(0.5)(x, training=True)"},
    "attention": {"Keras's backend": "__import__('keras.src.backend.tensorflow.nn', fromlist=['a']).dot_product_attention("
                  "x[None, :, None], x[None, :, None], x[None, :, None])"},
    "trapezoid": {"Keras's backend": "__import__('keras.src.backend.tensorflow.numpy', fromlist=['a']).trapezoid(x)",
                  "metric": "keras.metrics.AUC()([0.0, 1.0], [0.2, 0.7])"},
    "unit norm": {"constraint": "keras.constraints.UnitNorm()(x)"},
    "autograd": {"tape by its own module": "__import__('tensorflow.python.eager.backprop', fromlist=['a']).GradientTape().__enter__()",
                 "tape of the runtime": "runtime(x)",
                 "implicit": "__import__('tensorflow.python.eager.backprop', fromlist=['a']).gradients_function(lambda z: tf.reduce_sum(z * z))(x)[0]"},
}  # fmt: skip
TENSORFLOW_HELPERS = """
import keras
import tensorflow as tf
from concurrent.futures import ThreadPoolExecutor
from tensorflow.python import pywrap_tfe
from tensorflow.python.client import session
from tensorflow.python.eager import context, execute, wrap_function
from tensorflow.python.ops import gen_nn_ops, gen_training_ops

def quiet(run):
    try:
        return run()
    except Exception:
        return tf.zeros((2, 3))

@tf.function
def traced(x):
    return tf.raw_ops.Softmax(logits=x)

@tf.function
def nested(x):
    return tf.cond(tf.reduce_sum(x) < 1e30, lambda: traced(x), lambda: x)

@tf.function
def looped(x):
    for _ in tf.range(2):
        x = tf.raw_ops.Softmax(logits=x)
    return x

def graph():
    with tf.Graph().as_default() as made:
        a = tf.raw_ops.Placeholder(dtype=tf.float32, shape=None, name="a")
        tf.raw_ops.Softmax(logits=a, name="b")
    return made

def imported(x):
    return wrap_function.function_from_graph_def(graph().as_graph_def(), "a:0", "b:0")(x)

def sessions(x):
    with session.Session(graph=graph()) as s:
        return tf.constant(s.run("b:0", {"a:0": x.numpy()}))

def callables(x):
    with session.Session(graph=graph()) as s:
        return tf.constant(s.make_callable("b:0", ["a:0"])(x.numpy()))

def runtime(x):
    tape = pywrap_tfe.TFE_Py_TapeSetNew(False, True)
    pywrap_tfe.TFE_Py_TapeWatch(tape, x)
    y = x * x
    pywrap_tfe.TFE_Py_TapeSetRemove(tape)
    return pywrap_tfe.TFE_Py_TapeGradient(tape, [y], [x], [tf.ones_like(y)], [], "none")[0]

@tf.custom_gradient
def late(x):
    return x * 1.0, lambda dout: tf.raw_ops.Softmax(logits=x)

def custom(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = late(x)
    return tape.gradient(y, x)
"""
# A process of its own computes f().
FORKED = """
import os

def forked(f, tensor):
    heard, said = os.pipe()
    if not os.fork():
        try:
            os.write(said, f().numpy().tobytes())
        finally:
            os._exit(0)
    os.close(said)
    with os.fdopen(heard, "rb") as pipe:
        told = pipe.read()
    os.wait()
    return tensor([float(len(told))])
"""
SPELLINGS = {"torch": TORCH, "tensorflow": TENSORFLOW}
HELPERS = {"torch": TORCH_HELPERS + FORKED, "tensorflow": TENSORFLOW_HELPERS + FORKED}
CASES = [
    pytest.param(framework, family, code, id=f"{framework}, {family}: {name}")
    for framework, found in SPELLINGS.items()
    for family, spellings in found.items()
    for name, code in spellings.items()
]
# Neighbours of what is barred, which it must not touch.
FREE = {
    "torch": {
        "softmax": ["torch.exp(x - torch.logsumexp(x, 1, keepdim=True))", "torch.nn.functional.one_hot(x.long().abs())",
                    "torch.einsum('ij,kj->ik', x, x)", "torch.sigmoid(x)"],
        "activation": ["torch.atanh(x / 9)", "torch.erf(x)", "torch.expm1(x)", "torch.clamp(x, min=0)", "torch.sinh(x)"],
        "convolution": ["x.unfold(1, 2, 1)", "x.to_sparse_csr().to_dense()", "torch.ops.aten.as_strided(x, [2, 2], [3, 1])"],
        "dense layer": ["x @ x.T", "torch.addmm(torch.zeros(2), x, x.T)", "torch.linalg.solve(torch.eye(2), x)"],
        "optimizer": ["torch._foreach_add([x], [x])[0]", "torch.addcdiv(x, x, x.exp())"],
        "autograd": ["(x - 1) * 2.5 + (1 - x)", "(x @ x.T).sum(1)", "torch.where(x > 0, x, 0.0)", "x[:, 1:].expand(2, 2)"],
        "loss": ["torch.logsumexp(x, 1)", "torch.log_softmax(x, 1)"],
        "attention": ["torch.softmax(x, 1)"],
    },
    "tensorflow": {
        "softmax": ["tf.exp(x - tf.reduce_logsumexp(x, 1, keepdims=True))", "tf.one_hot([0, 1], 3)", "tf.sigmoid(x)",
                    "tf.function(lambda z: tf.exp(z))(x)", "tf.vectorized_map(tf.exp, x)", "tf.einsum('ij,kj->ik', x, x)"],
        "activation": ["tf.atanh(x / 9)", "tf.math.erf(x)", "tf.math.expm1(x)", "tf.maximum(x, 0.0)", "tf.sinh(x)"],
        "optimizer": ["tf.Variable(x).assign_sub(x)", "tf.raw_ops.Add(x=x, y=x)"],
        "convolution": ["tf.convert_to_tensor(x)", "tf.matmul(x, x, transpose_b=True)"],
        "loss": ["tf.reduce_logsumexp(x, 1)", "tf.nn.log_softmax(x)", "keras.metrics.Mean()(x)",
                 "keras.metrics.SparseCategoricalAccuracy()([1, 2], x)",
                 "type('Own', (keras.losses.Loss,), {'call': lambda self, y, p: (y - p) ** 2})()(x, x)"],
        "trapezoid": ["keras.metrics.Mean()(x)", "keras.metrics.TruePositives()([0, 1], [0.2, 0.7])"],
    },
}  # fmt: skip
FREE_CASES = [
    pytest.param(framework, family, code, id=f"{framework}, {family}: {code}")
    for framework, found in FREE.items()
    for family, codes in found.items()
    for code in codes
]


@pytest.fixture(scope="module")
def pool():
    made = Pool()
    yield made
    made.close()


@pytest.fixture
def answer(pool):
    """(framework, rules, source, name of the function) -> the worker's answer to a call of it on two rows."""
    used = []

    def asked(framework, rules, source, name="f"):
        if importlib.util.find_spec(framework) is None:
            pytest.skip(f"{framework} is not installed")
        worker = pool.worker(framework)
        used.append(worker)
        deadline = time.monotonic() + 120
        worker.request("write", deadline, files={"mine.py": source.encode()})
        loaded = worker.request("load", deadline, module="mine", rules=rules.plain())
        if "error" in loaded:
            return loaded
        x = np.array([[0.5, -1.0, 2.0], [0.0, 1.0, 0.25]], np.float32)
        return worker.request(
            "call", deadline, target=name, args=[x], kwargs={}, returns="opaque", after=False
        )

    yield asked
    for worker in used:
        worker.close()


def source_of(framework, code):
    return f"{HELPERS[framework]}\n\ndef f(x):\n    return {code}\n"


@pytest.mark.parametrize(("framework", "family", "code"), CASES)
def test_no_spelling_hides_an_operator(answer, framework, family, code):
    source = source_of(framework, code)
    free = answer(framework, Rules(), source)
    assert "value" in free, free  # it would work, were there no rule
    error = answer(framework, Rules(families=(family,)), source)["error"]
    assert error["type"] == "FromScratchRule", error
    assert "is not allowed in this topic; its stub has the rule" in error["message"]


@pytest.mark.parametrize(("framework", "family", "code"), FREE_CASES)
def test_what_is_not_barred_runs(answer, framework, family, code):
    found = answer(framework, Rules(families=(family,)), source_of(framework, code))
    assert "value" in found, found


@pytest.mark.parametrize(("framework", "line"), [("torch", "torch._softmax(x, 1, False)"), ("tensorflow", "gen_nn_ops.softmax(x)")])  # fmt: skip
def test_message_names_operator_function_and_line(answer, framework, line):
    source = f"{HELPERS[framework]}\n\ndef helper(x):\n    return {line}\n\ndef f(x):\n    return helper(x)\n"
    error = answer(framework, Rules(families=("softmax",)), source)["error"]
    at = source.splitlines().index(f"    return {line}") + 1
    assert "the operator " in error["message"]
    assert "oftmax" in error["message"]
    assert error["frames"][-1] == ("mine.py", at, "helper", f"return {line}")


@pytest.mark.parametrize(
    ("framework", "code"),
    [
        ("torch", "torch.nn.functional.dropout(x, 0.5)"),
        ("torch", "torch.nn.Dropout(0.5)(x)"),
        ("tensorflow", "tf.nn.dropout(x, 0.5)"),
        ("tensorflow", "keras.layers.Dropout(0.5)(x, training=True)"),
    ],
)
def test_a_rule_for_some_functions_leaves_the_others_alone(answer, framework, code):
    source = f"{source_of(framework, code)}\ndef g(x):\n    return f(x)\n"
    rules = Rules(families=("dropout",), only=("g",))
    assert "value" in answer(framework, rules, source, "f")
    assert answer(framework, rules, source, "g")["error"]["type"] == "FromScratchRule"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_undoing_the_watch_is_seen(answer, framework):
    undone = {
        "torch": "m = torch._C._dispatch_library('IMPL', 'aten', '')\n"
        "for n in torch._C._dispatch_get_all_op_names():\n"
        "    if n.startswith('aten::') and any(w in n for w in ('softmax', 'attention', 'entropy', 'transformer')):\n"
        "        for k in ('CPU', 'CompositeImplicitAutograd', 'CompositeExplicitAutograd'):\n"
        "            m.impl(n[6:], k, lambda *a: None, False)\n",
        "tensorflow": "import ctypes, gc\n"
        "for o in gc.get_objects():\n"
        "    if type(o).__name__ == 'Watch':\n"
        "        type(o).listen.__code__ = (lambda self, said: None).__code__\n",
    }[framework]
    source = f"{HELPERS[framework]}\n{undone}\ndef f(x):\n    return x\n"
    found = [answer(framework, Rules(families=("softmax",)), source) for _ in range(3)]
    assert all("undoing the watch" in one.get("error", {}).get("message", "") for one in found)


def test_no_list_of_a_module_holds_a_workers_watch(answer):
    source = (
        f"{HELPERS['tensorflow']}\nimport sys\n"
        "def f(x):\n"
        "    about = vars(sys.modules['katagrad.worker.adapters.tensorflow_operators'])\n"
        "    lists = [(held, list(held)) for held in about.values() if type(held) is list]\n"
        "    for held, _ in lists:\n"
        "        held.clear()\n"
        "    try:\n"
        "        return tf.raw_ops.Softmax(logits=x)\n"
        "    finally:\n"
        "        for held, kept in lists:\n"
        "            held.extend(kept)\n"
    )
    found = answer("tensorflow", Rules(families=("softmax",)), source)
    assert found["error"]["type"] == "FromScratchRule"


# Parts of a framework that hold finished answers, from operators that are free.
INNER = {
    "torch": [
        ("attention", "from torch._higher_order_ops.flex_attention import math_attention"),
        ("attention", "from torch._inductor.fx_passes.fuse_attention import _sfdp_pattern_1"),
        ("attention", "from torch.onnx.ops._impl import attention_23"),
        ("attention", "from torch.ao.nn.quantizable import MultiheadAttention"),
        ("loss", "from torch.testing._internal.common_nn import huberloss_reference"),
        ("quantization", "from torch.ao.quantization.fx._decomposed import quantize_per_tensor"),
        ("loss", "import sys\nsys.modules['torch.ao.nn'].quantized"),
        ("loss", "import importlib\nimportlib.import_module('torch.ao.ns.fx.utils').compute_sqnr"),
    ],
    "tensorflow": [
        ("loss", "from tensorflow.python.keras.losses import huber"),
        ("loss", "from tensorflow.python.ops.losses.losses_impl import mean_squared_error"),
        ("loss", "from keras.src.legacy.backend import binary_crossentropy"),
        ("metric", "from tensorflow.python.keras.metrics import categorical_accuracy"),
        ("softmax", "from tensorflow.python.ops.nn_grad import _SoftmaxGrad"),
        ("attention", "import importlib\nimportlib.import_module('tensorflow.python.keras.layers.dense_attention').Attention"),
    ],
}  # fmt: skip
INNER_CASES = [(framework, *one) for framework, several in INNER.items() for one in several]


@pytest.mark.parametrize(("framework", "family", "line"), INNER_CASES)
def test_finished_answers_inside_the_framework_are_refused(answer, framework, family, line):
    first = {"torch": "import torch", "tensorflow": "import tensorflow as tf"}[framework]
    body = "\n    ".join(line.split("\n"))
    name = line.rpartition("import ")[2] if line.startswith("from") else "None"
    source = (
        f"{first}\n\ndef f(x):\n    {body}\n    {name} and {name}.__doc__\n    return {name} or x\n"
    )
    used = (
        source
        if not line.startswith("from")
        else source.replace(f"return {name} or x", f"return {name}(x)")
    )
    found = answer(framework, Rules(families=(family,), imports=()), used)
    assert found["error"]["type"] == "ImportRefused", found
    assert "parts that hold finished answers" in found["error"]["message"]
    if line.startswith("from"):
        free = answer(
            framework, Rules(imports=()), source.replace(f"return {name} or x", "return x")
        )
        # Without a from-scratch rule, they are parts of the framework. One needs a package that is not installed.
        assert "value" in free or "expecttest" in free["error"]["message"], free


def test_every_family_is_in_both_tables():
    assert set(families("torch")) == set(families("tensorflow"))


@pytest.mark.parametrize("module", ["keras.losses", "keras.metrics", "tf.losses", "tf.metrics"])
def test_every_loss_of_keras_is_named(module):
    tf = pytest.importorskip("tensorflow")
    keras = importlib.import_module("keras")
    named = set(families("tensorflow")["loss"].names)
    functions = {id(value) for value in vars(keras.losses).values()}
    free = {"Loss", "Reduction", "serialize"}  # to derive from, and what computes nothing
    library, part = module.split(".")
    for name, value in vars(getattr({"keras": keras, "tf": tf}[library], part)).items():
        loss = part == "losses" or id(value) in functions
        if loss and callable(value) and name not in free:
            assert f"{module}.{name}" in named
