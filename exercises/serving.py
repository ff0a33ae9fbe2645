"""Serving: versions of models behind the REST API of TensorFlow Serving, as a WSGI application.

A server answers many clients at the same time, from several threads. Models are replaced while it runs, so a registry
holds the versions of each model and says which one serves.

Models are models of the framework, from a float32 tensor (N, width) to a float tensor (N, M). They are used as in
evaluation: no dropout, and statistics of training. Nobody else changes a model or its mode once it has been added.

POST /v1/models/NAME:predict asks the version that serves; POST /v1/models/NAME/versions/VERSION:predict asks a certain
one, in digits. The body is a JSON object with "instances", a list of at least one row; a row is a list of width
numbers. The answer is {"predictions": rows}, with a list of M numbers for each row, in order. A request may name its
user in the header X-User.

GET /metrics counts the answers to requests to predict, since the application was made, in the text format of
Prometheus (text/plain), with a line for each status code that occurred:

    predict_requests_total{code="200"} 7

Any other answer is JSON, with the Content-Type application/json. An error is {"error": reason}, where reason is text.
Its status code is

- 404 for a path, method, model or version that is not there;
- 413 for a body of more than max_bytes, by its Content-Length; it is not read;
- 400 for any other fault of a request to predict: a body that is not JSON, another structure, a row of another width,
  something that is not a number (true and "1" are none), or a number that float32 cannot hold, such as NaN and 1e39.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: TensorFlow Serving, RESTful API, tensorflow.org/tfx/serving/api_rest; PEP 3333 (WSGI); Prometheus, Exposition
formats, prometheus.io/docs/instrumenting/exposition_formats.
"""


class Registry:
    """The versions of models, and which of them serve. All methods may be called by several threads at once."""

    def __init__(self):
        raise NotImplementedError("Registry")

    def add(self, name, version, model, width):
        """Add a version of a model. Returns None.

        name: text of letters, digits, - and _. version: Python integer, at least 1. width: Python integer. A version
        that is there already raises ValueError. The first version of a name serves; further ones wait.
        """
        raise NotImplementedError("Registry.add")

    def activate(self, name, version):
        """Let a version serve, and end a split. Returns None.

        A name or version that is not there raises KeyError. A version that is active already stays so.
        """
        raise NotImplementedError("Registry.activate")

    def rollback(self, name):
        """Let the version serve that was active before the active one, end a split, and return its number.

        Several rollbacks go back several steps. Where there is none to go back to, it raises ValueError, and changes
        nothing. A name that is not there raises KeyError.
        """
        raise NotImplementedError("Registry.rollback")

    def split(self, name, shares):
        """Let several versions serve the users of a model, each a share of them, until activate or rollback.

        shares: dict from versions to shares, which are at least 0 and 1 in sum. A name or version that is not there
        raises KeyError. Which version a user gets follows from the user, and is the same at every request, also in
        another process, and whatever the order of the shares. Requests without a user get the active version.
        """
        raise NotImplementedError("Registry.split")

    def serving(self, name, user=None):
        """Return the version that serves a user (text, or None for none), a Python integer.

        A name that is not there raises KeyError.

        >>> Registry().serving("digits")
        Traceback (most recent call last):
            ...
        KeyError: 'digits'
        """
        raise NotImplementedError("Registry.serving")


def create_app(registry, max_bytes=1_000_000):
    """Return a WSGI application, a function (environ, start_response), that serves the models of the registry.

    It serves what the registry says at the time of each request.
    """
    raise NotImplementedError("create_app")


class Batcher:
    """Collects rows that several threads ask for at the same time, and computes them by one call of f.

    f: function from a float32 tensor (N, width) to a float tensor (N, M). max_size: the most rows of one call of f.
    max_wait: the most seconds that the first row of a batch waits for further ones; a full batch does not wait. Calls
    of f are made one at a time.
    """

    def __init__(self, f, max_size, max_wait):
        raise NotImplementedError("Batcher")

    def __call__(self, row):
        """Return the row of f's result, a list of Python floats, that belongs to row (a list of width numbers).

        An exception of f is raised by all calls of that batch, and by no others.

        >>> batcher = Batcher(lambda x: x * 2.0, 8, 0.01)
        >>> batcher(plain([1.0, 2.5]))
        [2.0, 5.0]
        """
        raise NotImplementedError("Batcher.__call__")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
