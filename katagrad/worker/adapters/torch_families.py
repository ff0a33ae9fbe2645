"""The families of operators in PyTorch. Data only: this module imports no framework."""

from __future__ import annotations

from katagrad.worker.families import Family

# Names that only the scan of the source looks for.
ONLY_SCANNED: tuple[str, ...] = ()


def _functions(*names: str) -> tuple[str, ...]:
    """`names` as functions of torch.nn.functional."""
    return tuple(f"torch.nn.functional.{name}" for name in names)


def _layers(*names: str) -> tuple[str, ...]:
    """`names` as layers of torch.nn."""
    return tuple(f"torch.nn.{name}" for name in names)


def _optimizers() -> tuple[str, ...]:
    """The classes of torch.optim, and the functions that do their steps."""
    modules = (
        "adam",
        "adagrad",
        "adadelta",
        "adamax",
        "asgd",
        "nadam",
        "radam",
        "rmsprop",
        "rprop",
        "sgd",
    )
    steps = (
        f"torch.optim.{m}.{kind}{m}"
        for m in modules
        for kind in ("", "_single_tensor_", "_multi_tensor_")
    )
    return ("torch.optim.*", "torch.optim._functional.*", "torch.optim.adamw.adamw", *steps)


FAMILIES = {
    "numpy": Family(
        ("numpy.array", "numpy.asarray", "numpy.from_dlpack", "torch.from_numpy", ".numpy", ".__array__")
    ),
    "broadcasting": Family(
        ("torch.broadcast_shapes", "torch.broadcast_tensors", "numpy.broadcast",
            "numpy.broadcast_shapes", "numpy.broadcast_arrays")
    ),
    "outer product": Family(
        ("torch.outer", "torch.ger", "numpy.outer", "numpy.linalg.outer", ".outer", ".ger"),
        r"::_?(?:outer|ger|linalg_vander)$"
    ),
    "distance": Family(
        ("torch.cdist", "torch.pdist", "torch.nn.PairwiseDistance", *_functions("pairwise_distance",
            "pdist")),
        r"cdist|pdist|pairwise_distance|euclidean_dist",
    ),
    "gradient checker": Family(
        ("torch.autograd.gradcheck", "torch.autograd.gradgradcheck"), deep=True
    ),
    "autograd": Family(
        (
            "torch.autograd.grad", "torch.autograd.backward", "torch.autograd.Function",
            "torch.autograd.functional.*",
            "torch.func.grad", "torch.func.grad_and_value", "torch.func.vjp", "torch.func.jvp",
            "torch.func.jacrev", "torch.func.jacfwd",
            "torch.func.hessian", "torch.func.linearize", "torch.Tensor.backward", "torch.nn.grad.*",
            # Levels of functorch, which differentiate beside the engine.
            *(f"torch._functorch.eager_transforms.{name}" for name in (
                "grad_increment_nesting", "jvp_increment_nesting", "grad_impl", "grad_and_value_impl",
                "_vjp_with_argnums", "_jvp_with_argnums",
            )),
            "torch._C._functorch._grad_increment_nesting", "torch._C._functorch._jvp_increment_nesting",
            ".requires_grad", ".requires_grad_", ".retain_grad", ".register_hook", ".backward",
        ),
        r"::_?(?:make_dual|fw_primal|unpack_dual)|::_backward$",
    ),
    "activation": Family(
        (
            "torch.sigmoid", "torch.sigmoid_", "torch.tanh", "torch.tanh_", "torch.relu", "torch.relu_",
            "torch.selu",
            "torch.selu_", "torch.celu", "torch.prelu", "torch.rrelu", "torch.special.expit",
            "torch.special.ndtr", "numpy.tanh",
            *_functions(
                "sigmoid", "tanh", "relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "elu", "elu_",
                "selu", "selu_",
                "celu", "gelu", "softplus", "silu", "mish", "prelu", "rrelu", "logsigmoid", "threshold",
                "hardtanh",
                "hardsigmoid", "hardswish", "glu", "softsign",
            ),
            *_layers(
                "Sigmoid", "Tanh", "ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "GELU",
                "Softplus", "SiLU", "Mish",
                "PReLU", "RReLU", "LogSigmoid", "Threshold", "Hardtanh", "GLU", "LSTM", "GRU", "RNN",
                "LSTMCell", "GRUCell", "RNNCell",
            ),
            ".sigmoid", ".sigmoid_", ".tanh", ".tanh_", ".relu", ".relu_",
        ),
        r"(?<![a-z])(?:(?:log_?|hard)?sigmoid|(?:hard)?tanh|[a-z]*relu6?|[scg]?elu|softplus|softsign|silu|mish|hardswish"
        r"|expit|ndtr|glu|threshold|lstm|gru|rnn|addmm_activation)(?![a-z])",
    ),
    "softmax": Family(
        (
            "torch.softmax", "torch.log_softmax", "torch.special.softmax", "torch.special.log_softmax",
            *_functions("softmax", "log_softmax", "softmin", "gumbel_softmax"),
            *_layers("Softmax", "LogSoftmax", "Softmin", "Softmax2d", "AdaptiveLogSoftmaxWithLoss"),
            "torch.distributions.transforms.SoftmaxTransform",
            "torch.masked.softmax", "torch.masked.log_softmax", "torch.sparse.softmax",
            "torch.sparse.log_softmax",
            ".softmax", ".log_softmax",
        ),
        # Attention and cross-entropy hold a softmax inside one operator.
        r"softmax|softmin|attention|transformer_encoder_layer|transformer_decoder|cross_entropy_loss",
    ),
    "loss": Family(
        (
            *_functions(
                "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
                "binary_cross_entropy_with_logits", "soft_margin_loss", "cross_entropy", "nll_loss", "kl_div",
                "linear_cross_entropy", "multi_margin_loss", "gaussian_nll_loss", "poisson_nll_loss",
            ),
            *_layers(
                "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss",
                "SoftMarginLoss",
                "CrossEntropyLoss", "NLLLoss", "KLDivLoss", "LinearCrossEntropyLoss", "MultiMarginLoss",
                "GaussianNLLLoss", "PoissonNLLLoss", "AdaptiveLogSoftmaxWithLoss",
            ),
            "torch.kl_div", "torch.binary_cross_entropy_with_logits",
        ),
        r"_loss|cross_entropy|kl_div",
    ),
    "metric": Family(("sklearn.metrics.*", "torchmetrics.*", *_functions("mse_loss",
        "l1_loss"), *_layers("MSELoss", "L1Loss"))),
    "trapezoid": Family(
        ("torch.trapezoid", "torch.trapz", "torch.cumulative_trapezoid", "numpy.trapezoid",
            "scipy.integrate.*"),
        r"trapezoid|trapz",
    ),
    "dense layer": Family(
        (*_layers("Linear", "LazyLinear", "Bilinear"), *_functions("linear", "bilinear")),
        r"::_?(?:mkldnn_|fbgemm_|mkl_)?(?:bi)?linear", deep=True,
    ),
    "layer": Family(("torch.nn.Sequential",)),
    "unit norm": Family(_functions("normalize"), r"::_?weight_norm|::renorm"),
    "optimizer": Family(_optimizers(), r"fused_?(?:adam|adagrad|sgd|rmsprop|lion)", deep=True),
    "initializer": Family(("torch.nn.init.*",)),
    "dropout": Family(
        (
            *_functions("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
                "feature_alpha_dropout"),
            "torch.dropout", "torch.dropout_", "torch.native_dropout", "torch.feature_dropout",
            "torch.alpha_dropout",
        ),
        r"dropout", deep=True,
    ),
    "normalization": Family(
        (
            *_functions("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"),
            *_layers(
                "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LazyBatchNorm1d", "LazyBatchNorm2d",
                "SyncBatchNorm",
                "LayerNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "RMSNorm",
            ),
            "torch.batch_norm", "torch.native_batch_norm", "torch.layer_norm", "torch.native_layer_norm",
            "torch.group_norm", "torch.instance_norm", "torch.rms_norm",
        ),
        r"(?:batch|layer|group|instance|rms)_?norm", deep=True,
    ),
    "shrinkage": Family(
        (*_functions("softshrink", "hardshrink"), *_layers("Softshrink",
            "Hardshrink")), r"(?:soft|hard)shrink"
    ),
    "split": Family(("sklearn.*", "torch.utils.data.random_split"), deep=True),
    "convolution": Family(
        (
            *_functions("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
                "conv_transpose3d"),
            *_layers("Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d"),
            "torch.conv1d", "torch.conv2d", "torch.conv3d", "torch.convolution",
            "numpy.convolve", "numpy.correlate",
        ),
        r"conv(?!ert)",
    ),
    "pooling": Family(
        (
            *_functions(
                "max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices", "max_unpool2d",
                "avg_pool1d",
                "avg_pool2d", "avg_pool3d", "lp_pool2d", "fractional_max_pool2d", "adaptive_avg_pool2d",
                "adaptive_max_pool2d",
            ),
            *_layers(
                "MaxPool1d", "MaxPool2d", "MaxUnpool2d", "AvgPool1d", "AvgPool2d", "AdaptiveAvgPool2d",
                "AdaptiveMaxPool2d",
            ),
            "torch.max_pool1d", "torch.max_pool2d",
        ),
        r"_pool|unpool",
    ),
    "quantization": Family(
        (
            "torch.quantize_per_tensor", "torch.quantize_per_channel", "torch.quantize_per_tensor_dynamic",
            "torch.fake_quantize_per_tensor_affine", "torch.fake_quantize_per_channel_affine",
            "torch.ao.*", "torch.quantization.*", ".dequantize",
        ),
        r"quantize|::quantized|_int_mm|empty_.*affine_quantized",
    ),
    "patches": Family((*_functions("unfold", "fold"), *_layers("Unfold", "Fold")), r"im2col|col2im"),
    "attention": Family(
        (
            *_functions("scaled_dot_product_attention", "multi_head_attention_forward"),
            *_layers(
                "MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer",
                "TransformerEncoder",
                "TransformerDecoder", "Transformer",
            ),
            "torch.nn.attention.*",
        ),
        r"attention|transformer_encoder_layer|transformer_decoder", deep=True,
    ),
}  # fmt: skip
