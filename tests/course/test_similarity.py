"""Similarity of submissions: copies are found, and what is written apart or given to all is not."""

import pytest
from typer.testing import CliRunner

from katagrad.cli import app
from katagrad.course import similarity
from katagrad.course.ledger import Delivered, Ledger
from katagrad.course.overview import page
from katagrad.grading.records import TopicResult
from katagrad.topics import FRAMEWORKS, root, topics

pytest.importorskip("copydetect")

TOPIC = topics()["dropout"]
STUB = TOPIC.contract.read_text(encoding="utf-8")
SOLUTION = TOPIC.solution("torch").read_text(encoding="utf-8")
RENAMED = "# all my own work\n\n" + SOLUTION.replace("rng", "generator").replace(
    "mask", "kept"
).replace("    return", "    # the result\n    return")


def apart(topic, framework):
    """Texts of one topic that were written apart: a framework's solution, and alternatives in other styles.

    Those of the other framework may be translations of them.
    """
    folder = root() / "tests" / "alternatives" / topic.name
    found = {str(path): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    found = {path: text for path, text in found.items() if f"import {framework}" in text}
    return {"solution": topic.solution(framework).read_text(encoding="utf-8"), **found}


def test_a_copy_with_other_names_is_found():
    texts = {"ada": SOLUTION, "bob": RENAMED, "eve": STUB}
    (pair,) = similarity.similar(texts, [STUB])
    assert (pair.first, pair.second) == ("ada", "bob")
    assert pair.share > 0.8
    assert pair.lines in SOLUTION


def test_a_copy_inside_a_longer_file_is_found():
    padded = SOLUTION + "".join(
        f"\n\ndef extra_{i}(a, b):\n    return [a * {i} for c in b if c > {i}], {{a: b}}\n"
        for i in range(60)
    )
    (pair,) = similarity.similar({"ada": SOLUTION, "bob": padded}, [STUB])
    assert pair.share > 0.9


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", sorted(topics()))
def test_files_that_were_written_apart_are_no_pair(name, framework):
    topic = topics()[name]
    given = [topic.contract.read_text(encoding="utf-8")]
    assert similarity.similar(apart(topic, framework), given) == []


def test_what_all_were_given_is_no_evidence():
    texts = {"ada": STUB, "bob": STUB, "eve": "", "zed": "def f(:"}
    assert similarity.similar(texts, [STUB]) == []


def test_what_many_in_the_class_write_is_no_evidence():
    many = {f"student{i}": SOLUTION for i in range(6)}
    assert similarity.similar(many, [STUB]) == []
    ring = {name: many[name] for name in list(many)[:3]}
    assert len(similarity.similar(ring, [STUB])) == 3


def test_bytes_that_are_no_text_do_no_harm():
    texts = {"dropout": {"ada": b"\xff\xfe\x00", "bob": SOLUTION.encode(), "eve": RENAMED.encode()}}
    assert [(p.first, p.second) for p in similarity.by_topic(texts)["dropout"]] == [("bob", "eve")]


def test_a_group_that_handed_in_one_file_is_no_pair():
    texts = {"dropout": dict.fromkeys(("ada", "bob", "cem"), SOLUTION.encode())}
    came = {
        who: {"dropout": Delivered(1.0, f"submission_{number}: dropout.py")}
        for who, number in {"ada": 7, "bob": 7, "cem": 8}.items()
    }
    (pair,) = similarity.by_topic(texts, came)["dropout"]
    assert (pair.first, pair.second) == ("ada + bob", "cem")
    del texts["dropout"]["cem"]
    assert similarity.by_topic(texts, came) == {}
    texts["dropout"]["bob"] = RENAMED.encode()
    assert len(similarity.by_topic(texts, came)["dropout"]) == 1, "two files are no group's"


def test_the_ledger_keeps_what_was_handed_in_until_it_is_forgotten(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.write("ada", "dropout", "key", TopicResult("Chapter", "torch", "hash", ()))
    ledger.keep_text("ada", "dropout", b"first")
    ledger.keep_text("ada", "dropout", SOLUTION.encode())
    assert ledger.texts() == {"dropout": {"ada": SOLUTION.encode()}}
    ledger.forget("ada")
    assert ledger.texts() == {}
    ledger.close()


def test_the_report_shows_pairs_and_runs_none_of_their_code():
    hostile = similarity.Pair("ada", "<b>bob</b>", 0.875, "<script>alert(1)</script>")
    text = page("course", [], [], {"dropout": [hostile]})
    assert "Similar submissions" in text
    assert "88 %" in text
    assert "<script" not in text
    assert "<b>bob" not in text
    assert "No two files share half" in page("course", [], [], {})
    assert "Similar submissions" not in page("course", [], [])


def test_report_compares_where_copydetect_is_installed(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for name, text in {"ada": SOLUTION, "bob": RENAMED}.items():
        ledger.write(name, "dropout", "key", TopicResult("Chapter", "torch", "hash", ()))
        ledger.keep_text(name, "dropout", text.encode())
    ledger.close()
    run = CliRunner()
    report = ["course", "report", "--out", str(tmp_path)]
    assert run.invoke(app, report).exit_code == 0
    assert "ada, bob" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert run.invoke(app, [*report, "--no-similarity"]).exit_code == 0
    assert "ada, bob" not in (tmp_path / "report.html").read_text(encoding="utf-8")
    monkeypatch.setattr(similarity, "available", lambda: False)
    assert run.invoke(app, report).exit_code == 0
    assert "ada, bob" not in (tmp_path / "report.html").read_text(encoding="utf-8")
    refused = run.invoke(app, [*report, "--similarity"])
    assert "katagrad[course]" in str(refused.exception) + refused.output
