"""A topic made up for the tests of the library, and a way to grade wrong submissions of it."""

import dataclasses
from pathlib import Path

import pytest

from katagrad.authoring.context import CheckContext, running
from katagrad.boundary import Implementation, Pool
from katagrad.boundary.transport import Transport
from katagrad.grading.submission import Submission
from katagrad.topics import Topic
from katagrad.worker.limits import Limits

HERE = Path(__file__).parent / "submissions" / "made_up"


@pytest.fixture(scope="package")
def grade(tmp_path_factory):
    """grade(framework, change, body): `body(impl)` on the right answers, with `change`, a text, below them."""
    root = tmp_path_factory.mktemp("made_up")
    about = Topic("made_up", "chapter", "title", root=root)
    about.stub.parent.mkdir()
    about.stub.write_text((HERE / "stub.py").read_text())
    pool = Pool(dataclasses.replace(Limits(), wall=60.0))

    def run(framework, change, body):
        text = f"{(HERE / framework).with_suffix('.py').read_text()}\n\n{change}\n"
        submission = Submission(Path("/nonexistent"), framework, {"made_up.py": text.encode()})
        transport = Transport(pool, submission.source(about))
        try:
            with running(CheckContext(5)):
                transport.begin(3, 60)
                return body(Implementation(transport))
        finally:
            transport.close()

    yield run
    pool.close()
