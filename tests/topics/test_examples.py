"""The examples of the stubs hand over what their words ask for, so that no solution fails on its own example."""

import ast
import re

import pytest

from katagrad.grading.examples import _value, examples
from katagrad.topics import topics

TOPICS = topics()
# "loss: scalar tensor", "b: float tensor ()", "grads: list of tensors"; "or Python number" allows more.
SAID = re.compile(
    r"\b(\w+(?:, \w+)*)(?:: | is a )(scalar tensor|float tensors? \(\)|list of (?:\w+ )?tensors)(?! or)"
)


def asked(tree):
    """{function: ({parameter: what its docstring or the file's asks for}, names of the parameters)}."""
    shared = said(ast.get_docstring(tree))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {
        one.name: (shared | said(ast.get_docstring(one)), [arg.arg for arg in one.args.args])
        for one in functions
    }


def said(text):
    return {name: kind for names, kind in SAID.findall(text or "") for name in names.split(", ")}


def handed_over(text):
    """(line, parameter, what is asked for, what the example gives) of each such argument in a stub."""
    wanted = asked(ast.parse(text))
    for example in examples(text):
        names = {}
        for source, _, line in example.steps:
            statement = ast.parse(source).body[0]
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List):
                names[statement.targets[0].id] = _value(statement.value, None, names)
            for call in ast.walk(statement):
                if not isinstance(call, ast.Call) or ast.unparse(call.func) not in wanted:
                    continue
                kinds, parameters = wanted[call.func.id]
                given = [*zip(parameters, call.args, strict=False)]
                given += [(item.arg, item.value) for item in call.keywords]
                for parameter, node in given:
                    if parameter in kinds and isinstance(node, (ast.Constant, ast.List)):
                        value = _value(node, None, names)
                        yield line, parameter, kinds[parameter], type(value).__name__


@pytest.mark.parametrize("name", TOPICS)
def test_examples_give_what_the_stub_asks_for(name):
    for line, parameter, kind, given in handed_over(TOPICS[name].contract.read_text("utf-8")):
        right = given == "list" if kind.startswith("list") else given == "ndarray"
        assert right, (
            f"{name}, line {line}: {parameter} is a {kind}, but the example gives a {given}; "
            "write scalar(2.0) for a scalar, and tensors of unlike shapes in a list of tensors"
        )


def test_examples_that_give_something_else_are_found():
    text = '''
"""params is a list of tensors."""
def f(loss, params, b):
    """Do so.

    loss: scalar tensor. b: float tensor () or Python number.

    >>> f(2.0, [[1.0], [2.0]], 1.0)
    3.0
    >>> f(scalar(2.0), [[1.0], [[2.0]]], b=1.0)
    3.0
    """
'''
    found = [(parameter, given) for _, parameter, _, given in handed_over(text)]
    assert found == [("loss", "float"), ("params", "ndarray"), ("params", "list")]


def test_examples_are_found_where_they_stand_and_named_by_it():
    text = '''
class First:
    """
    >>> First()
    1
    """
    def step(self):
        """
        >>> First().step()
        2
        """

class Second:
    def step(self):
        """
        >>> Second().step()
        3
        """

if True:
    def inner():
        """
        >>> inner()
        4
        """
'''
    found = [(one.subject, one.steps[0][1]) for one in examples(text)]
    assert found == [("First", "1"), ("First.step", "2"), ("Second.step", "3"), ("inner", "4")]


def test_examples_of_a_deeply_nested_file_are_read():
    branches = "".join(f"    elif x == {i}:\n        pass\n" for i in range(1500))
    text = f'def f(x):\n    """\n    >>> f(1)\n    1\n    """\n    if x:\n        pass\n{branches}'
    assert [one.subject for one in examples(text)] == ["f"]
