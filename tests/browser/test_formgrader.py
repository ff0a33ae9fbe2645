"""nbgrader's formgrader shows the scores that `kata course grade` wrote, in a real browser."""

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("websocket")

from katagrad.course.jupyter.gradebook import write_gradebook
from katagrad.course.ledger import Delivered, Ledger
from katagrad.course.scores import standings
from katagrad.course.settings import read_course
from katagrad.errors import FAILED, PASSED
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import topic_result
from katagrad.topics import topics
from tests.browser import chromium
from tests.browser.jupyter import TOKEN, served

SOFTMAX = topics()["softmax"]
ROWS = "[...document.querySelectorAll('table tbody tr')].map(one => one.innerText)"
EXTENSION = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"


@chromium.needed
def test_formgrader_shows_our_scores(tmp_path):
    home = tmp_path / "course"
    home.mkdir()
    (home / "roster.csv").write_text(
        'id,name,email\nada,"Lovelace, Ada",ada@example.org\nalan,"Turing, Alan",\n'
    )
    (home / "course.toml").write_text('roster = "roster.csv"\n[topics.softmax]\n')
    (home / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(home)!r}\n"
    )
    course = read_course(home / "course.toml")
    ledger = Ledger(home / "out" / "ledger.sqlite")
    wrong = {"ada": [], "alan": [check.name for check in manifest(SOFTMAX)[2:]]}
    for student, failing in wrong.items():
        outcomes = {
            check.name: Outcome(FAILED, "f(x) is 1, but should be 2")
            if check.name in failing
            else Outcome(PASSED)
            for check in manifest(SOFTMAX)
        }
        ledger.write(student, "softmax", "key", topic_result(SOFTMAX, outcomes, "torch"))
        ledger.deliver(student, "softmax", Delivered(1790856000.0, "softmax.ipynb"))
    assert write_gradebook(home, standings(ledger, course), course, "claims") == []
    ledger.close()
    most = sum(check.points for check in manifest(SOFTMAX))
    few = sum(check.points for check in manifest(SOFTMAX)[:2])
    with (
        served(home, tmp_path / "jupyter", EXTENSION) as address,
        chromium.Chromium(tmp_path / "chromium") as page,
    ):
        page.go(f"{address}formgrader/manage_students?token={TOKEN}")
        rows = page.wait(f"({ROWS}).length > 1 && {ROWS}")
        page.picture(tmp_path / "formgrader.png")
    shown = {row.split("\t")[0].strip(): row for row in rows}
    assert f"{most} / {most}" in shown["Lovelace, Ada"]
    assert f"{few} / {most}" in shown["Turing, Alan"]
