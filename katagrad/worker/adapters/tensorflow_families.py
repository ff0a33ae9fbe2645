"""The families of operators in TensorFlow. Data only: this module imports no framework."""

from __future__ import annotations

from katagrad.worker.families import Family


def _under(prefix: str, *names: str) -> tuple[str, ...]:
    """`names` below a module."""
    return tuple(f"{prefix}.{name}" for name in names)


# Old versions of most functions, and helpers that TensorFlow itself calls often. They are only scanned for.
COMPAT = "tf.compat.*"
ONLY_SCANNED = (COMPAT,)

# Keras's losses: in keras.losses and keras.metrics, in one of them, and by the short names of tf.losses and tf.metrics.
# Not among them: `Loss`, from which a student may derive one, and metrics that only add up (Mean) or count (Accuracy).
_BOTH = (
    "BinaryCrossentropy", "CategoricalCrossentropy", "CategoricalHinge", "CosineSimilarity", "Hinge", "KLDivergence",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson",
    "SparseCategoricalCrossentropy", "SquaredHinge", "binary_crossentropy", "binary_focal_crossentropy",
    "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge", "deserialize", "get", "hinge",
    "huber", "poisson", "sparse_categorical_crossentropy", "squared_hinge",
)  # fmt: skip
_LOSSES = (
    *_BOTH, "BinaryFocalCrossentropy", "CTC", "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy",
    "Circle", "Dice", "Huber", "LogCosh", "Tversky", "categorical_generalized_cross_entropy", "circle",
    "cosine_similarity", "ctc", "dice", "tversky",
)  # fmt: skip
_LOSS_METRICS = (*_BOTH, "LogCoshError", "RootMeanSquaredError")
_LONG = (
    "kl_divergence", "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error",
)  # fmt: skip
_SHORT = (
    "KLD", "MAE", "MAPE", "MSE", "MSLE", "kld", "kullback_leibler_divergence", "logcosh", "mae", "mape", "mse", "msle",
)  # fmt: skip
# The metrics that follow a curve of thresholds.
_CURVES = (
    "AUC", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
    "deserialize", "get",
)  # fmt: skip

FAMILIES = {
    "numpy": Family(
        ("numpy.array", "numpy.asarray", "numpy.from_dlpack", "tf.numpy_function", "tf.py_function",
            ".numpy", ".__array__"),
        r"^(?:Eager)?PyFunc(?:Stateless)?$",
    ),
    "broadcasting": Family(
        (
            "tf.broadcast_static_shape", "tf.broadcast_dynamic_shape",
            "numpy.broadcast", "numpy.broadcast_shapes", "numpy.broadcast_arrays", COMPAT,
        ),
        r"^BroadcastArgs$",
    ),
    "outer product": Family(("tf.experimental.numpy.outer", "keras.ops.outer", "numpy.outer",
        "numpy.linalg.outer", "keras.src.backend.tensorflow.numpy.outer"), deep=True),
    "distance": Family(),
    "gradient checker": Family(
        ("tf.test.compute_gradient", "tensorflow.python.ops.gradient_checker_v2.*", COMPAT), deep=True
    ),
    "autograd": Family(
        (
            "tf.GradientTape", "tf.gradients", "tf.hessians", "tf.autodiff.*", COMPAT,
            "tf.test.compute_gradient",
            # What every tape and every symbolic gradient comes through.
            "tensorflow.python.eager.imperative_grad.imperative_grad",
            "tensorflow.python.eager.tape.push_new_tape",
            "tensorflow.python.pywrap_tfe.TFE_Py_TapeSetNew", "tensorflow.python.pywrap_tfe.TFE_Py_TapeGradient",
            "tensorflow.python.ops.gradients_util._GradientsHelper",
        ),
        r"^SymbolicGradient$", deep=True,
    ),
    "activation": Family(
        (
            *_under(
                "tf.nn", "sigmoid", "tanh", "relu", "relu6", "crelu", "leaky_relu", "elu", "selu",
                "gelu", "softplus",
                "silu", "swish", "softsign",
            ),
            *_under("tf.math", "sigmoid", "tanh", "softplus", "log_sigmoid"),
            "tf.sigmoid", "tf.tanh", COMPAT, "keras.activations.*", "numpy.tanh",
            *_under(
                "keras.ops", "sigmoid", "tanh", "relu", "relu6", "leaky_relu", "elu", "selu", "celu",
                "gelu", "softplus",
                "silu", "swish", "log_sigmoid", "hard_sigmoid", "hard_silu", "glu", "softsign",
            ),
            *_under("keras.layers", "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "LSTM", "GRU"),
        ),

               r"^_?(?:Fused|Xla|Quantized|Mkl)*(?:Sigmoid|Logistic|Tanh|Relu6?|ReluN|LeakyRelu|Elu|Selu|Gelu|Softplus|Softsign|Silu|Swish"
        r"|Mish)(?:Grad)?(?:X|V2)?$|LSTM|GRU|^CudnnRNN",
    ),
    "softmax": Family(
        (
            "tf.nn.softmax", "tf.nn.log_softmax", "tf.math.softmax", "tf.math.log_softmax",
            "tf.sparse.softmax", COMPAT,
            "keras.activations.softmax", "keras.activations.log_softmax", "keras.ops.softmax",
            "keras.ops.log_softmax",
            "keras.layers.Softmax",
        ),
        r"Softmax|XlaAttention",
    ),
    "loss": Family(
        (
            *_under(
                "tf.nn", "sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits",
                "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits",
                "l2_loss", "log_poisson_loss",
            ),
            *_under("keras.losses", *_LOSSES, *_LONG), *_under("keras.metrics", *_LOSS_METRICS, *_LONG),
            *_under("tf.losses", *_LOSSES, *_SHORT), *_under("tf.metrics", *_LOSS_METRICS, *_SHORT), COMPAT,
            *_under("keras.ops", "binary_crossentropy", "categorical_crossentropy",
                "sparse_categorical_crossentropy"),
        ),
        r"CrossEntropy|^L2Loss$|CTCLoss", deep=True,
    ),
    "metric": Family(
        (
            "sklearn.metrics.*", "tf.math.confusion_matrix", "tf.metrics.*", "tf.losses.*", COMPAT,
            "keras.metrics.*", "keras.losses.*",
        ),
        deep=True,
    ),
    "trapezoid": Family(
        ("keras.ops.trapezoid", "keras.src.backend.tensorflow.numpy.trapezoid", "numpy.trapezoid",
            "scipy.integrate.*", COMPAT, *_under("tf.metrics", *_CURVES), *_under("keras.metrics", *_CURVES)), deep=True
    ),
    "dense layer": Family(_under("keras.layers", "Dense", "EinsumDense"), deep=True),
    "layer": Family(("keras.layers.*", "keras.models.*", "keras.Sequential", "keras.Model"), deep=True),
    "unit norm": Family(
        (
            "tf.math.l2_normalize", "tf.nn.l2_normalize", "tf.linalg.l2_normalize", "tf.linalg.normalize",
            "keras.ops.normalize", "keras.utils.normalize", "keras.layers.UnitNormalization",
            "keras.constraints.UnitNorm",
        ),
        deep=True,
    ),
    "optimizer": Family(
        ("keras.optimizers.*", "tf.optimizers.*", COMPAT),
        r"^(?:Resource|Sparse|_)*Apply[A-Z]|FusedAdam|StatelessAdam", deep=True,
    ),
    "initializer": Family(("keras.initializers.*", "tf.initializers.*", COMPAT)),
    "dropout": Family(
        ("tf.nn.dropout", "tf.nn.experimental.*", COMPAT, "keras.random.dropout"),
        r"Dropout", deep=True,
    ),
    "normalization": Family(
        (
            "tf.nn.batch_normalization", "tf.nn.batch_norm_with_global_normalization", COMPAT,
            *_under(
                "keras.layers", "BatchNormalization", "LayerNormalization", "GroupNormalization",
                "UnitNormalization",
                "RMSNormalization", "Normalization",
            ),
            *_under("keras.ops", "batch_normalization", "layer_normalization", "rms_normalization"),
        ),
        r"BatchNorm|LayerNorm|InstanceNorm|RMSNorm", deep=True,
    ),
    "shrinkage": Family(
        ("keras.src.backend.tensorflow.nn.soft_shrink",
            "keras.ops.soft_shrink", "keras.ops.hard_shrink", "keras.activations.soft_shrink",
            "keras.regularizers.*"), deep=True
    ),
    "split": Family(("sklearn.*", "keras.utils.split_dataset"), deep=True),
    "convolution": Family(
        (
            *_under(
                "tf.nn", "conv1d", "conv2d", "conv3d", "conv2d_transpose", "conv_transpose",
                "convolution", "atrous_conv2d",
                "depthwise_conv2d", "separable_conv2d", "depthwise_conv2d_backprop_filter",
                "depthwise_conv2d_backprop_input",
            ),
            *_under("keras.layers", "Conv1D", "Conv2D", "DepthwiseConv2D", "Conv2DTranspose",
                "SeparableConv2D"),
            *_under("keras.ops", "conv", "conv_transpose", "depthwise_conv", "separable_conv"), COMPAT,
            "numpy.convolve", "numpy.correlate",
        ),
        r"Conv(?:\d?D|olution|$|2d|V\d)|XlaConv",
    ),
    "pooling": Family(
        (
            *_under(
                "tf.nn", "dilation2d", "erosion2d", "pool", "max_pool", "max_pool1d", "max_pool2d",
                "max_pool_with_argmax",
                "avg_pool", "avg_pool1d", "avg_pool2d",
            ),
            *_under("keras.layers", "MaxPooling2D", "AveragePooling2D", "MaxPool2D", "AvgPool2D"),
            *_under("keras.ops", "max_pool", "average_pool"),
        ),
        r"Pool|ReduceWindow|Dilation2D|SelectAndScatter",
    ),
    "quantization": Family(
        ("tf.quantization.*", "keras.quantizers.*", COMPAT),
        r"Quant", deep=True,
    ),
    "patches": Family(
        ("tf.image.extract_patches", "tf.extract_volume_patches", "keras.ops.image.extract_patches"),
        r"Extract(?:Image|Volume)Patches",
    ),
    "attention": Family(
        (
            *_under(
                "keras.layers", "Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention",
            ),
            "keras.ops.dot_product_attention", "keras.ops.nn.dot_product_attention", COMPAT,
            "keras.src.backend.tensorflow.nn.dot_product_attention",
        ),
        r"Attention", deep=True,
    ),
}  # fmt: skip
