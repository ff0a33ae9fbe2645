"""The result file: its records, the way to JSON and back, and the published schema."""

import json
from dataclasses import fields

import jsonschema
import pytest

from katagrad.course.grade import GradingRequest, run
from katagrad.course.release import LEVELS
from katagrad.errors import FAILED, NOT_GRADED, NOT_STARTED, PASSED
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import (
    SCHEMA,
    CheckResult,
    ExampleResult,
    Result,
    Submitted,
    TopicResult,
    topic_result,
)
from katagrad.topics import root, topics

TOPIC = topics()["softmax"]
PUBLISHED = json.loads((root() / "docs" / "results.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)
STUDENTS = json.loads((root() / "docs" / "student.schema.json").read_text(encoding="utf-8"))
STUDENT_VALIDATOR = jsonschema.Draft202012Validator(STUDENTS)
FIRST, SECOND, *_ = [check.name for check in manifest(TOPIC)]
OUTCOMES = {
    FIRST: Outcome(PASSED, "", "hello", 0.25, ("mnist",)),
    SECOND: Outcome(FAILED, "wrong", "", 0.5),
}


def full():
    """A result that has every field there is."""
    example = ExampleResult("example softmax", NOT_STARTED, "not written yet", "", 0.125)
    found = topic_result(TOPIC, OUTCOMES, "torch", isolation="process", examples=[example])
    return Result(
        topics={"softmax": found},
        isolation="process",
        seed=7,
        speed=False,
        student="ada",
        versions={"python": "3.12.1", "torch": "2.9.0"},
        grade=True,
        device="cpu",
        submission=Submitted("ada", "0" * 64),
    )


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    assert PUBLISHED["properties"]["schema"]["const"] == SCHEMA


@pytest.mark.parametrize("result", [full(), Result({}, "", 1, True)], ids=["full", "empty"])
def test_to_json_and_back(result):
    record = json.loads(json.dumps(result.to_json()))
    VALIDATOR.validate(record)
    assert Result.from_json(record) == result
    assert Result.from_json(record).to_json() == record


def test_sums_and_status_come_from_the_checks():
    topic = full().topics["softmax"]
    assert topic.status == FAILED
    assert topic.points == topic.checks[0].maximum > 0
    assert topic.maximum == sum(check.points for check in manifest(TOPIC))
    assert {check.status for check in topic.checks[2:]} == {NOT_GRADED}
    assert full().data == ["mnist"]


@pytest.mark.parametrize(
    ("kind", "described"),
    [
        (Result, PUBLISHED),
        (TopicResult, PUBLISHED["$defs"]["topic"]),
        (CheckResult, PUBLISHED["$defs"]["check"]),
        (ExampleResult, PUBLISHED["$defs"]["example"]),
        (Submitted, PUBLISHED["properties"]["submission"]),
    ],
)
def test_the_schema_describes_every_field(kind, described):
    assert {field.name for field in fields(kind)} <= set(described["properties"])
    assert described["additionalProperties"] is False


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.update(schema="katagrad/results/v2"),
        lambda record: record.update(extra=1),
        lambda record: record.pop("seed"),
        lambda record: record["topics"]["softmax"].update(status="fine"),
        lambda record: record["topics"]["softmax"]["checks"][0].pop("claim"),
        lambda record: record["topics"]["softmax"]["checks"][0].update(points="2"),
        lambda record: record["submission"].update(sha256="abc"),
    ],
)
def test_the_schema_refuses_what_is_not_a_result(spoil):
    record = full().to_json()
    spoil(record)
    assert not VALIDATOR.is_valid(record)


@pytest.mark.needs("torch")
@pytest.mark.parametrize("options", [(), ("-n", "2"), ("--in-process",)])
def test_what_pytest_writes_follows_the_schema(workspace, options):
    workspace.solve()
    record = workspace.results("exercises", *options)
    VALIDATOR.validate(record)
    assert record["topics"]["softmax"]["points"] > 0
    assert record["topics"]["softmax"]["examples"]
    assert record["topics"]["cross_entropy"]["status"] == NOT_STARTED
    assert Result.from_json(record).to_json() == record


def test_pytest_says_where_results_are_missing(workspace):
    (workspace.folder / "old.json").write_text("old")
    output = workspace.run("exercises/softmax.py", "-k", "nothing", "--results", "old.json")
    assert "no check ran, so old.json was not written" in output
    assert "of an earlier run" in output
    output = workspace.run("exercises/softmax.py", "--results", "exercises", expect=4)
    assert "--results cannot be written" in output
    assert "Traceback" not in output


@pytest.mark.needs("torch")
@pytest.mark.parametrize("show", LEVELS)
def test_what_a_course_writes_follows_the_schemas(tmp_path, show):
    home = tmp_path / "class" / "ada"
    home.mkdir(parents=True)
    wrong = TOPIC.solution("torch").read_text().replace(") / temperature", ")")
    (home / "softmax.py").write_text(wrong)
    out = tmp_path / "out"
    run(GradingRequest(tmp_path / "class", out, [TOPIC], "process", 1, seed=7, show=show))
    record = json.loads((out / "records" / "ada.json").read_text(encoding="utf-8"))
    VALIDATOR.validate(record)
    assert 0 < record["points"] < record["maximum"]
    assert Result.from_json(record).to_json() == record
    student = json.loads((out / "students" / "ada.json").read_text(encoding="utf-8"))
    STUDENT_VALIDATOR.validate(student)
    assert student["points"] == record["points"]
    checks = student["topics"]["softmax"].get("checks", [])
    assert [
        bool(checks),
        any("message" in c for c in checks),
        any("hint" in c for c in checks),
    ] == [LEVELS.index(show) >= level for level in (1, 2, 3)]
