"""katagrad: graded exercises and benchmarks for deep learning, one contract in PyTorch and TensorFlow."""

__version__ = "0.1.0"


def load_ipython_extension(shell: object) -> None:
    """`%load_ext katagrad` in a notebook: adds the magic `%%kata TOPIC`."""
    from importlib import import_module

    # By name: the worker's half of the library has this file and nothing that a notebook needs.
    import_module("katagrad.student.magic").register(shell)
