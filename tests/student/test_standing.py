"""Where a student stands: kept whole, by order of teaching, and never taken from a file that cannot be read."""

import errno
import json
import os
import stat
import threading

import pytest

from katagrad.errors import BadOption
from katagrad.student import standing
from katagrad.student.standing import Standing, following, load, note, path_of, present, turn_to
from katagrad.topics import topics

TOPICS = list(topics().values())


def test_a_new_workspace_is_at_the_first_topic(desk):
    progress = load(desk.workspace)
    assert progress.topics == {}
    assert present(desk.workspace, progress) is desk.workspace.topics[TOPICS[0].name]


def test_a_topic_that_passed_is_followed_by_the_next_in_order(desk):
    progress = note(desk.workspace, TOPICS[0], status="passed")
    assert progress.of(TOPICS[0]).done
    assert present(desk.workspace, progress) == TOPICS[1]
    progress = turn_to(desk.workspace, TOPICS[5])
    assert present(desk.workspace, progress) == TOPICS[5]
    assert following(desk.workspace, progress, TOPICS[5]) == TOPICS[6]


def test_after_the_last_topic_come_those_that_were_passed_over(desk):
    progress = note(desk.workspace, TOPICS[0], status="passed")
    assert following(desk.workspace, progress, TOPICS[-1]) == TOPICS[1]


def test_all_done(desk):
    kept = {topic.name: Standing(done=True, status="passed") for topic in TOPICS}
    standing.change(desk.workspace, lambda before: standing.Progress("", kept))
    progress = load(desk.workspace)
    assert present(desk.workspace, progress) is None
    assert following(desk.workspace, progress, TOPICS[3]) is None
    assert "Every topic is done" in desk.run()
    assert "Every topic is done" in desk.run("next")
    assert "every topic is done" in desk.run("check", expect=2)


def test_once_done_stays_done(desk):
    note(desk.workspace, TOPICS[0], status="passed", passed=3, checks=3)
    progress = note(desk.workspace, TOPICS[0], status="failed", passed=1)
    assert progress.of(TOPICS[0]).done
    assert progress.of(TOPICS[0]).status == "failed"


def test_what_is_kept_is_what_is_read(desk):
    note(desk.workspace, TOPICS[0], status="failed", passed=1, checks=4, points=1.5, hints=2)
    turn_to(desk.workspace, TOPICS[2])
    progress = load(desk.workspace)
    assert progress.present == TOPICS[2].name
    assert progress.of(TOPICS[0]) == Standing("failed", 1, 4, 1.5, hints=2)


def test_two_programs_at_once_lose_nothing(desk):
    def work(topic):
        for count in range(1, 6):
            note(desk.workspace, topic, hints=count)

    threads = [threading.Thread(target=work, args=(topic,)) for topic in TOPICS[:4]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [load(desk.workspace).of(topic).hints for topic in TOPICS[:4]] == [5] * 4


def test_a_write_that_fails_leaves_the_old_record(desk, monkeypatch):
    note(desk.workspace, TOPICS[0], hints=1)
    before = path_of(desk.workspace).read_bytes()

    def full(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        note(desk.workspace, TOPICS[0], hints=2)
    assert path_of(desk.workspace).read_bytes() == before
    assert {path.name for path in desk.workspace.state.iterdir()} == {
        "workspace.json",
        "progress.json",
        "lock",
    }


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_keeps_it_too(desk, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    note(desk.workspace, TOPICS[0], hints=2)
    assert load(desk.workspace).of(TOPICS[0]).hints == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_the_user_says_who_may_read_what_is_kept(desk):
    def mode():
        return stat.S_IMODE(path_of(desk.workspace).stat().st_mode)

    before = os.umask(0o077)
    try:
        note(desk.workspace, TOPICS[0], hints=1)
        assert mode() == 0o600
    finally:
        os.umask(before)
    note(desk.workspace, TOPICS[0], hints=2)
    assert mode() == 0o600
    path_of(desk.workspace).unlink()
    note(desk.workspace, TOPICS[0], hints=2)
    assert mode() == 0o666 & ~before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        '{"schema": "katagrad/progress/v9", "present": "", "topics": {}}',
        '{"schema": "katagrad/progress/v1", "present": "", "topics": []}',
        '{"schema": "katagrad/progress/v1", "present": "", "topics": {"softmax": {"hints": "2"}}}',
        '{"schema": "katagrad/progress/v1", "present": "", "topics": {"softmax": {"done": 1}}}',
        '{"schema": "katagrad/progress/v1", "present": "", "topics": {"softmax": {"other": 1}}}',
        '{"schema": "katagrad/progress/v1", "present": "", "topics": {"softmax": {"hints": -1}}}',
        '{"schema": "katagrad/progress/v1", "present": "", "topics": {"softmax": {"passed": 2}}}',
        '{"schema": "katagrad/progress/v1", "present": "", "topics": {"softmax": {"status": "x"}}}',
    ],
)
def test_a_broken_record_is_reported_and_not_overwritten(desk, text):
    path_of(desk.workspace).write_text(text)
    with pytest.raises(BadOption, match="cannot be read"):
        load(desk.workspace)
    with pytest.raises(BadOption, match="move it away"):
        note(desk.workspace, TOPICS[0], hints=1)
    assert path_of(desk.workspace).read_text() == text


def test_a_broken_record_ends_each_command_in_one_line(desk):
    path_of(desk.workspace).write_text("{")
    for words in ([], ["list"], ["next"]):
        output = desk.run(*words, expect=2)
        assert output.count("\n") == 1
        assert "Traceback" not in output


def test_a_topic_of_another_edition_is_kept(desk):
    record = {"schema": standing.SCHEMA, "present": "gone", "topics": {"gone": {"hints": 1}}}
    path_of(desk.workspace).write_text(json.dumps(record))
    progress = note(desk.workspace, TOPICS[0], hints=1)
    assert progress.topics["gone"].hints == 1
    assert present(desk.workspace, progress) == TOPICS[0]


def test_next_goes_on_and_comes_round(desk):
    assert f"{TOPICS[1].name} (" in desk.run("next")
    assert f"{TOPICS[2].name} (" in desk.run("next")
    note(desk.workspace, TOPICS[2], status="passed")
    assert f"{TOPICS[3].name} (" in desk.run("next")
    turn_to(desk.workspace, TOPICS[-1])
    assert f"{TOPICS[0].name} (" in desk.run("next")


def test_outside_a_workspace_it_says_how_to_make_one(desk, tmp_path):
    desk.folder = tmp_path
    assert "kata init DIR" in desk.run()
    assert "kata init DIR" in desk.run("list", expect=2)
