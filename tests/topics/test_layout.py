"""The house in order: every topic has every file, nothing lies about, and each file keeps to its kind."""

import subprocess
import sys

import pytest

from katagrad.grading.scratch import barred_names, rules_for
from katagrad.mutation import layout
from katagrad.mutation.contracts import drift
from katagrad.mutation.entries import kept
from katagrad.mutation.unrun import coverage
from katagrad.topics import CONTRACTS, FRAMEWORKS, root, topics
from katagrad.worker.families import families

ROOT = root()
TOPICS = topics()


@pytest.mark.parametrize("name", TOPICS)
def test_topic_has_every_file(name):
    assert list(layout.files(TOPICS[name])) == []


@pytest.mark.parametrize(
    "folder", ["exercises", "graders", "benchmarks", "solutions/torch", "solutions/tensorflow"]
)
def test_folder_holds_topics_only(folder):
    stems = {path.stem for path in (ROOT / folder).glob("*.py")} - {"conftest"}
    assert stems <= set(TOPICS), (
        f"{folder} holds what topics.toml does not list: {stems - set(TOPICS)}"
    )


def test_mutants_and_alternatives_belong_to_topics():
    stems = {path.stem for path in (ROOT / "tests" / "mutants").glob("*.toml")}
    stems |= {path.name for path in (ROOT / "tests" / "alternatives").iterdir() if path.is_dir()}
    assert stems - {"__pycache__"} <= set(TOPICS)


@pytest.mark.parametrize("part", ["names", "stub", "checks", "mutants"])
@pytest.mark.parametrize("name", TOPICS)
def test_files_of_the_topic_keep_to_their_kind(name, part):
    assert list(getattr(layout, part)(TOPICS[name])) == []


@pytest.mark.parametrize("part", ["signatures", "solution"])
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", TOPICS)
def test_solution_keeps_the_contract(name, framework, part):
    assert list(getattr(layout, part)(TOPICS[name], framework)) == []


def test_contracts_are_kept_as_the_exercises_are():
    """What grading reads are copies, since a student edits exercises/; here both must say the same."""
    assert not drift(ROOT, CONTRACTS), "after a change of exercises/, run: kata contracts"


@pytest.mark.parametrize("name", TOPICS)
def test_stub_run_as_a_script_says_how_it_is_checked(name):
    path = TOPICS[name].stub
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    assert f'To check them: pytest "{path}"' in done.stdout, done.stderr


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_from_scratch_rules_name_what_there_is(framework):
    pytest.importorskip(framework)
    found = [rules_for(topic, framework) for topic in TOPICS.values()]
    rules = {name for one in found for name in barred_names(one, framework)}
    assert layout.unresolved(framework, tuple(sorted(rules))) == ()


def test_every_family_of_operators_is_of_use():
    assert set(families("torch")) == set(families("tensorflow"))
    assert {f for topic in TOPICS.values() for f in topic.forbid.get("families", ())} == set(
        families("torch")
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", TOPICS)
def test_topic_has_an_alternative(name, framework):
    assert layout.alternatives(TOPICS[name], framework), (
        f"{name} has no correct solution in another style in {framework}"
    )


@pytest.mark.parametrize("name", TOPICS)
def test_every_sentence_of_the_stub_is_broken_by_a_mutant(name):
    found = coverage(TOPICS[name])
    assert not found.problems
    assert [str(sentence) for sentence in found.open] == [], "no mutant breaks these"
    assert found.unquoted == [], "these mutants quote no words of the stub"


@pytest.mark.parametrize("name", TOPICS)
def test_reason_is_given_for_what_is_explained_or_equivalent(name):
    found = kept(TOPICS[name])
    assert all(len(entry.why) > 10 for entry in found.explains)
    assert all(len(e.reason) > 10 for entries in found.equivalent.values() for e in entries)


@pytest.mark.parametrize("path", sorted((ROOT / "katagrad").rglob("*.py")), ids=lambda p: p.stem)
def test_library_file_is_the_size_of_a_thought(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "base"}
