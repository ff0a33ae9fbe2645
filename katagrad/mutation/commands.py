"""What `kata validate` prints."""

from __future__ import annotations

import time
from collections.abc import Sequence

from katagrad.boundary.process import Pool
from katagrad.errors import BadOption, NotGraded
from katagrad.mutation import scores, unrun, verdicts
from katagrad.mutation import validate as judging
from katagrad.mutation.entries import equivalents, named_mutants
from katagrad.mutation.findings import Findings
from katagrad.topics import Topic


def run(
    topics: list[Topic],
    frameworks: tuple[str, ...],
    families: Sequence[str],
    full: bool,
    show: bool,
    matching: str,
) -> int:
    """Validate topics, print what was found, and return how many are not sound."""
    if matching:
        _expect(topics, frameworks, matching)
    unsound: set[str] = set()
    pools = {one: Pool() for one in frameworks}
    try:
        for topic in topics:
            if not matching and not _tell(unrun.contract(topic)):
                unsound.add(topic.name)
            for one, pool in pools.items():
                if not topic.grader.is_file() or not topic.solution(one).is_file():
                    continue  # reported above, with all missing files
                if not _tell(_judged(topic, one, pool, full, show, matching)):
                    unsound.add(topic.name)
                for family in families:
                    survivors(topic, one, pool, family)
            if not matching:
                print(f"{topic.name} is {'not ' if topic.name in unsound else ''}sound", flush=True)
    finally:
        for pool in pools.values():
            pool.close()
    return len(unsound)


def _expect(topics: list[Topic], frameworks: tuple[str, ...], matching: str) -> None:
    """Raise BadOption if no mutant matches, which would look as if all had fallen."""
    for topic in topics:
        for one in frameworks:
            if any(mutant.matches(matching) for mutant in named_mutants(topic, one)):
                return
    where = topics[0].name if len(topics) == 1 else f"{len(topics)} topics"
    raise BadOption(
        f"no mutant of {where} has {matching!r} in its name or check; see tests/mutants/ for what there is"
    )


def _judged(
    topic: Topic, framework: str, pool: Pool, full: bool, show: bool, matching: str
) -> Findings:
    try:
        if matching:
            findings = Findings(topic.name, framework)
            judging.Validator(topic, framework, pool).mutants(
                findings, matching=matching, show=show
            )
            return findings
        share = 1.0 if full or show else verdicts.SHARE
        return judging.validate(topic, framework, pool, share=share, show=show)
    except NotGraded as reason:
        return Findings(topic.name, framework, problems=[str(reason)])


def _tell(findings: Findings) -> bool:
    """Print findings; whether there is no problem."""
    about = f"{findings.topic} [{findings.framework or 'files and contract'}]"
    count = len(findings.problems)
    print(f"{about}: {count or 'no'} problem{'' if count == 1 else 's'}")
    for line in findings.problems:
        print(f"  ! {line}")
    for line in findings.notes:
        print(f"    {line}")
    for line in findings.shown:
        print(f"  > {line}")
    return not count


def survivors(topic: Topic, framework: str, pool: Pool | None, family: str = "generic") -> None:
    """Apply a family of mutants to a topic's solution, and print which survive."""
    started = time.monotonic()
    validator = judging.Validator(topic, framework, pool)
    known = equivalents(topic, framework)
    caught, alive, listed = 0, 0, []
    for mutant, check in validator.detect(family):
        change = f"line {mutant.line}, {mutant.what}: `{mutant.before}` -> `{mutant.after}`"
        if check:
            caught += 1
            if "(" in check:  # not a failure: the grader itself gave up, say
                print(f"  ~ {change} is stopped, but not failed, by {check}", flush=True)
        elif any(e.matches(mutant, validator.solution) for e in known):
            listed.append(mutant)
        else:
            alive += 1
            print(f"  ~ {change} survives", flush=True)
    own = validator.family(family)
    for entry in known:
        of_family = any(entry.matches(mutant, validator.solution) for mutant in own)
        if of_family and not any(entry.matches(mutant, validator.solution) for mutant in listed):
            print(f"  ~ `{entry.before}` -> `{entry.after}` is listed as equivalent, but is caught")
    total = caught + alive
    scores.keep(topic.name, framework, family, scores.Score(caught, total, len(listed)))
    print(
        f"    {family} mutation: {caught} of {total} caught ({100 * caught / max(total, 1):.1f} %), "
        f"{len(listed)} listed as equivalent, in {time.monotonic() - started:.0f} s"
    )
