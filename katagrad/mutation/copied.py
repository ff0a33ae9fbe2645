"""Changes of a copy of a syntax tree, whose nodes are found by their place in the original."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Callable, Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Copied:
    """A copy of a tree, its nodes by their place in the order of ast.walk, and each node's parent."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = pickle.loads(pickle.dumps(tree))  # six times faster than copy.deepcopy
        self.nodes = list(ast.walk(self.tree))
        self.parents = {c: n for n in self.nodes for c in ast.iter_child_nodes(n)}

    def swap(self, old: ast.AST, new: list[ast.AST]) -> None:
        """Replace `old` by `new`. In a list of statements, `new` may have several nodes, or none."""
        parent = self.parents[old]
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new[0])
            elif isinstance(value, list) and any(item is old for item in value):
                at = next(i for i, item in enumerate(value) if item is old)
                value[at : at + 1] = new or ([ast.Pass()] if len(value) == 1 else [])

    def around(self, node: ast.AST, kinds: tuple[type, ...]) -> Iterator[ast.AST]:
        """The nodes of `kinds` around `node`, the innermost first, no further than its function."""
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, kinds):
                yield node
            if isinstance(node, FUNCTIONS):
                return


def changed(tree: ast.Module, make: Callable[[Copied], None]) -> str:
    """The text of a copy of the tree that `make` has changed."""
    copied = Copied(tree)
    make(copied)
    return ast.unparse(ast.fix_missing_locations(copied.tree))
