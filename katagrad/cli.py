"""The command line: `kata`, or `python -m katagrad`."""

from __future__ import annotations

from typing import Annotated

import typer

from katagrad.topics import FRAMEWORKS, Topic, topics

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Names = Annotated[list[str] | None, typer.Argument(help="topics; all of them when none is named")]
Framework = Annotated[str | None, typer.Option(help="torch or tensorflow; both when not given")]


def _chosen(names: list[str] | None) -> list[Topic]:
    known = topics()
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"there is no topic {name!r}; there are {', '.join(known)}")
    return [known[name] for name in names or known]


def _frameworks(framework: str | None) -> tuple[str, ...]:
    if framework is not None and framework not in FRAMEWORKS:
        raise typer.BadParameter(
            f"there is no framework {framework!r}; there are {', '.join(FRAMEWORKS)}"
        )
    return FRAMEWORKS if framework is None else (framework,)


@app.command()
def validate(
    names: Names = None,
    framework: Framework = None,
    generic: Annotated[
        bool, typer.Option(help="also apply generic mutation, and list the survivors")
    ] = False,
) -> None:
    """For authors: prove a topic's grader. Stubs must fail, solutions pass, each mutant fall to the check it names."""
    from katagrad import validate as judging
    from katagrad.boundary.process import Pool

    unsound = 0
    for one in _frameworks(framework):
        pool = Pool()
        for topic in _chosen(names):
            findings = judging.validate(topic, one, pool)
            print(
                f"{topic.name} [{one}]: {'sound' if not findings.problems else f'{len(findings.problems)} problems'}"
            )
            for line in findings.problems:
                print(f"  ! {line}")
            for line in findings.notes:
                print(f"    {line}")
            unsound += bool(findings.problems)
            if generic:
                _generic(topic, one, pool)
        pool.close()
    raise typer.Exit(1 if unsound else 0)


def _generic(topic: Topic, framework: str, pool: object) -> None:
    from katagrad import validate as judging

    validator = judging.Validator(topic, framework, pool)  # type: ignore[arg-type]
    known = judging.equivalents(topic, framework)
    caught, equivalent, survivors = 0, 0, []
    for mutant, check in validator.generic():
        if check:
            caught += 1
        elif any(e.matches(mutant, validator.solution) for e in known):
            equivalent += 1
        else:
            survivors.append(mutant)
    total = caught + len(survivors)
    print(
        f"    generic mutation: {caught} of {total} caught ({100 * caught / max(total, 1):.1f} %), {equivalent} listed as equivalent"
    )
    for mutant in survivors:
        print(
            f"  ~ line {mutant.line}, {mutant.what}: `{mutant.before}` -> `{mutant.after}` survives"
        )


@app.command()
def measure(
    names: Names = None,
    framework: Framework = None,
    runs: Annotated[int, typer.Option(help="training runs, each with its own seed")] = 10,
) -> None:
    """For authors: measure what the solutions reach, for the threshold lists of a grader."""
    from katagrad import validate as judging
    from katagrad.boundary.process import Pool

    for one in _frameworks(framework):
        pool = Pool()
        for topic in _chosen(names):
            for name, threshold in judging.thresholds(topic).items():
                values = judging.Validator(topic, one, pool).measure(threshold, runs)
                print(f"{topic.name}.{name} {one}=[{', '.join(f'{v:.4g}' for v in values)}],")
        pool.close()


def main() -> None:
    """Entry point of `kata`."""
    app()
