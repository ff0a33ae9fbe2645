"""katagrad: graded exercises and benchmarks for deep learning, one contract in PyTorch and TensorFlow."""

__version__ = "0.1.0"
