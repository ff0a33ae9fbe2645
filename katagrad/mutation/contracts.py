"""Keeping the contracts: copies of the stubs, which a student who solves exercises/ in place does not reach."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Annotated

import typer

from katagrad.files import write_whole
from katagrad.mutation.front_page import refresh
from katagrad.topics import CONTRACTS, read_toml, root

LIST = "topics.toml"


def drift(home: Path, kept: Path) -> list[str]:
    """Names of the copies in `kept` that differ from the exercises of `home`, are missing, or are left over."""
    wanted = expected(home)
    there = {path.name: path.read_bytes() for path in kept.glob("*") if path.is_file()}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def expected(home: Path) -> dict[str, bytes]:
    """The copies that belong to the exercises of `home`, by name."""
    exercises = home / "exercises"
    names = read_toml(exercises / LIST)
    stubs = {f"{name}.txt": (exercises / f"{name}.py").read_bytes() for name in names}
    return {LIST: (exercises / LIST).read_bytes(), **stubs}


def solved(content: bytes) -> bool:
    """Whether a student has begun a file: it imports something, which stubs do not, or cannot be parsed."""
    try:
        nodes = ast.walk(ast.parse(content))
    except (SyntaxError, ValueError):
        return True
    return any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes)


def keep(
    course: Annotated[
        Path | None, typer.Argument(help="a folder that has exercises/; default: katagrad's own")
    ] = None,
) -> None:
    """For authors: copy the stubs of exercises/ to contracts/, which grading reads, and list them in README.md."""
    home = course or root()
    if not (home / "exercises" / LIST).is_file():
        raise typer.BadParameter(f"there is no {home / 'exercises' / LIST}")
    kept = home / "contracts" if course else CONTRACTS
    changed, wanted = drift(home, kept), expected(home)
    begun = [name for name in changed if name != LIST and solved(wanted.get(name, b""))]
    if begun:
        files = ", ".join(f"exercises/{Path(name).stem}.py" for name in begun)
        typer.echo(
            f"kata: nothing was kept. A stub imports nothing and can be parsed; {files} looks solved. "
            "Bring the stub back first, with git checkout for instance",
            err=True,
        )
        raise typer.Exit(2)
    for name in changed:
        if name in wanted:
            write_whole(kept / name, wanted[name].decode("utf-8"))
        else:
            (kept / name).unlink()
    print(f"kept in {kept}: {', '.join(changed) or 'nothing new'}")
    if refresh(home):
        print("README.md has the new table of topics")
