"""Lines of a file that was made of a notebook, as its student knows them: cell 3, line 2."""

from __future__ import annotations

import re

from katagrad.worker.notebook import MADE, PIECE

MARK = re.compile(re.escape(PIECE).replace(r"\{\}", r"(\d+)") + r"\s*")
# What a message about a file would say of a notebook, and what it says instead.
SAID = {
    "importing the notebook": "running the cells",
    "the notebook is the untouched stub": "its functions still raise NotImplementedError",
}


def is_made(content: bytes) -> bool:
    """Whether a file was made of the cells of a notebook."""
    return content.partition(b"\n")[0].strip() == MADE.encode()


def of_notebook(said: str, file: str, content: bytes) -> str:
    """A message of katagrad's about `file`, which speaks of the notebook if the file was made of one."""
    if not is_made(content) or file not in said:
        return said
    named = re.sub(rf"(?<![\w./-]){re.escape(file)}(?!\w|:\d)", "the notebook", said)
    for words, better in SAID.items():
        named = named.replace(words, better)
    return named


def in_cells(said: str, file: str, content: bytes) -> str:
    """A message that names lines of `file`, with cells and their lines if the file was made of a notebook.

    A cell has the number that Jupyter shows after all cells were run in their order.
    """
    lines = content.decode("utf-8", "replace").split("\n")
    if not is_made(content) or file not in said:
        return said

    def shown(found: re.Match[str]) -> str:
        line = int(found[1])
        for at in range(min(line, len(lines)) - 1, -1, -1):
            if mark := MARK.fullmatch(lines[at]):
                return f"cell {mark[1]}, line {int(mark[2]) + max(line - at - 2, 0)}"
        return found[0]

    # As katagrad writes it, `softmax.py:9`, and as Python does in a traceback and in a syntax error.
    named = rf'(?:File "[^"\n]*?)?(?<![\w.]){re.escape(file)}"?(?::|, line )(\d+)'
    return re.sub(named, shown, said)
