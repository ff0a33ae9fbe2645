"""What `nbgrader autograde` runs in place of a kernel: a worker of ours takes the notebook's code and earns the points.

The file nbgrader_config.py of a course puts `GradeByWorker` where nbgrader has its preprocessor Execute. No code of a
student runs in nbgrader's process or in a kernel, so nothing that it prints, patches or returns there is a score.
"""

from __future__ import annotations

import atexit
import datetime
import zoneinfo
from typing import Any

import nbformat
from nbgrader.converters.base import NbGraderException
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Float, Int, Unicode

from katagrad.boundary.implementation import Transport
from katagrad.boundary.process import Pool
from katagrad.course.archives import Reader
from katagrad.course.jupyter.source import check_id
from katagrad.course.locate import packed
from katagrad.course.redaction import without_detail
from katagrad.course.release import LEVELS
from katagrad.errors import FAILED, NOT_GRADED, PASSED, SubmissionProblem, one_of
from katagrad.grading.checks import Outcome, Rules, manifest, run_topic
from katagrad.grading.examples import run_examples
from katagrad.grading.session import draw_seed, launcher_for
from katagrad.topics import Topic, topics
from katagrad.worker.limits import Limits

# Of this process: nbgrader makes a new preprocessor for each notebook, and a framework takes seconds to import.
_pools: dict[str, Pool] = {}
_seeds: dict[str, int] = {}


def pool_of(isolation: str) -> Pool:
    """The workers of an isolation level, which end with this process."""
    if isolation not in _pools:
        _pools[isolation] = Pool(Limits(), launcher_for(isolation))
        atexit.register(_pools[isolation].close)
    return _pools[isolation]


class GradeByWorker(NbGraderPreprocessor):  # type: ignore[misc]
    """Fills the output of each check cell with the points of its claim, as nbgrader reads them."""

    isolation = Unicode("namespace", help="namespace or process").tag(config=True)
    framework = Unicode("", help="torch or tensorflow; empty: what the notebook imports").tag(
        config=True
    )
    show = Unicode("claims", help="score, claims, messages or hints").tag(config=True)
    seed = Int(-1, help="hidden seed; below 0: drawn for each run of nbgrader").tag(config=True)
    patience = Float(1.0, help="multiply every time limit by this").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Grade a notebook whose name is a topic's. Raises NbGraderException for what cannot be graded."""
        name = resources["nbgrader"]["notebook"]
        if name not in topics():
            raise NbGraderException(f"{name}.ipynb is no topic of katagrad")
        topic = topics()[name]
        one_of("choice to show", self.show, LEVELS)
        cells = {c.metadata.nbgrader.get("grade_id", ""): c for c in nb.cells if is_grade(c)}
        outcomes = self._grade(nb, topic, cells)
        lost = [o.message for o in outcomes.values() if o.status == NOT_GRADED]
        if lost:
            raise NbGraderException(f"{len(lost)} checks of {name} could not be graded: {lost[0]}")
        hints = {check_id(name, c.name): c.hint for c in manifest(topic)}
        for grade_id, cell in cells.items():
            outcome = outcomes.get(grade_id)
            if outcome is None:
                raise NbGraderException(
                    f"{grade_id} is no check of {name}; generate the assignment again"
                )
            cell["outputs"] = self._outputs(cell, outcome, hints.get(grade_id, ""))
        return nb, resources

    def _grade(self, nb: Any, topic: Topic, cells: Any) -> dict[str, Outcome]:
        seed = self.seed if self.seed >= 0 else _seeds.setdefault("", draw_seed())
        rules = Rules(seed, self.patience, full_size=False)
        pool = pool_of(self.isolation)
        try:
            with Reader() as reader:
                files = reader.read_bytes("x.ipynb", nbformat.writes(nb).encode())  # type: ignore[no-untyped-call]
        except SubmissionProblem as problem:
            return dict.fromkeys(cells, Outcome(FAILED, f"the notebook {problem}"))
        submission = packed({f"{topic.name}.py": files["notebook.py"]})
        submission.framework = self.framework or None
        source = submission.source(topic)
        found = run_topic(Transport(pool, source), topic, rules)
        outcomes = {check_id(topic.name, check): outcome for check, outcome in found.items()}
        head = f"{topic.name}-examples-"
        for grade_id in cells:
            if grade_id.startswith(head):
                transport = Transport(pool, source)
                try:
                    outcomes[grade_id] = run_examples(
                        transport, topic, grade_id[len(head) :], rules, pool.limits.wall
                    )
                finally:
                    transport.close()
        return outcomes

    def _outputs(self, cell: Any, outcome: Outcome, hint: str) -> list[Any]:
        level = LEVELS.index(self.show)
        worth = float(cell.metadata.nbgrader["points"])
        said = []
        if level >= LEVELS.index("claims"):
            said.append(outcome.status)
        if level >= LEVELS.index("messages") and outcome.message:
            said.append(without_detail(outcome.message))
        if level >= LEVELS.index("hints") and outcome.status == FAILED and outcome.hinted and hint:
            said.append(f"Look at: {hint}")
        text = "\n".join(said)
        points = {"text/plain": repr(worth if outcome.status == PASSED else 0.0)}
        # nbgrader takes the number of the first result for the points, and any stderr for none.
        output: Any = nbformat.v4.new_output
        printed = [output("stream", name="stdout", text=f"{text}\n")] if text else []
        return [*printed, output("execute_result", data=points, execution_count=1)]


class LatePolicy(BasePlugin):  # type: ignore[misc]
    """The late policy of course.toml without late days to spend: nbgrader knows one assignment at a time.

    Its `parent` is nbgrader's AssignLatePenalties, which has the gradebook open.
    """

    penalty = Float(0.0, help="share of the points that each late day costs").tag(config=True)
    grace = Float(0.0, help="minutes that do not count").tag(config=True)
    last_day = Int(-1, help="days after which nothing counts; below 0: never").tag(config=True)
    timezone = Unicode(
        "", help="time zone in which days are counted; empty: each has 24 hours"
    ).tag(config=True)

    def late_submission_penalty(
        self,
        student_id: str,
        score: float,
        total_seconds_late: float,
    ) -> float | None:
        """Points to take off."""
        from katagrad.course.settings import Lateness

        last = None if self.last_day < 0 else self.last_day
        late = Lateness(self.penalty, grace=self.grace, last_day=last)
        due = self._due(student_id)
        days = late.late_days(due, due.timestamp() + total_seconds_late)
        return score * (1 - late.share(days)) or None

    def _due(self, student_id: str) -> datetime.datetime:
        """The due time of the assignment that is graded, with the student's extension."""
        zone = zoneinfo.ZoneInfo(self.timezone) if self.timezone else datetime.timezone.utc
        handed = self.parent.gradebook.find_submission(self.parent.assignment_id, student_id)
        utc: datetime.datetime = handed.duedate.replace(tzinfo=datetime.timezone.utc)
        return utc.astimezone(zone)
