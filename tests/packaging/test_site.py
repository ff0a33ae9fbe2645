"""The documentation site: broken links are errors, each topic and command has a page, nothing comes from elsewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer

from katagrad.authoring.threshold import Threshold
from katagrad.cli import app
from katagrad.grading.checks import load_grader, manifest
from katagrad.topics import topics

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("material")


def build(root, target):
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--site-dir",
        str(target),
    ]
    settings = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=root, env=settings, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    target = tmp_path_factory.mktemp("site")
    done = build(ROOT, target)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


class Page(HTMLParser):
    """The links, anchors and words of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors, self.words = [], [], set(), ""
        self.feed(path.read_text(encoding="utf-8"))
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "id" in given:
            self.anchors.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("script", "img", "link", "iframe") and given.get("rel") != "canonical":
            self.loaded += [given[key] for key in ("src", "href") if key in given]

    def handle_data(self, data):
        self.words += data


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_topic_has_a_page_with_its_contract_and_claims(site, pages):
    for topic in topics().values():
        page = pages[site / "topics" / f"{topic.name}.html"]
        for check in manifest(topic):
            claim = check.claim.replace("`", "")
            assert " ".join(claim.split()) in page.words, (topic.name, check.name)
        functions = re.findall(r"^def (\w+)", topic.contract.read_text("utf-8"), re.MULTILINE)
        assert {name.lower() for name in functions} <= page.anchors


def test_topics_show_their_thresholds_with_what_was_measured(site, pages):
    shown = 0
    for topic in topics().values():
        words = pages[site / "topics" / f"{topic.name}.html"].words
        for one in vars(load_grader(topic)).values():
            if isinstance(one, Threshold):
                shown += 1
                assert one.of in words
                bound = f"{'at most' if one.at_least is None else 'at least'} {one.bound:g}"
                assert bound in words
                for values in (one.torch, one.tensorflow):
                    assert f"{min(values):.4g}, " in words
                    assert f"{max(values):.4g} ({len(values)} seeds)" in words
    assert shown > 20


def test_topics_show_the_speed_that_was_measured(site, pages):
    # Many topics have a bench_train, each with a speed of its own.
    for path in (ROOT / "benchmarks" / "results").glob("*/*.json"):
        for one in json.loads(path.read_text(encoding="utf-8"))["benchmarks"]:
            about = one["extra_info"]
            if one["group"] == about.get("topic") in topics() and "throughput" in about:
                words = pages[site / "topics" / f"{about['topic']}.html"].words
                assert path.parent.name in words
                assert one["name"] in words
                assert f"{about['throughput']:.3g}" in words, (about["topic"], one["name"])


def test_topics_show_their_pictures(site):
    for path in (ROOT / "docs" / "pictures").glob("*.html"):
        page = (site / "topics" / f"{path.stem.partition('-')[0]}.html").read_text("utf-8")
        assert path.read_text("utf-8").strip() in page
    assert not (site / "pictures").exists()


def test_every_command_is_described_with_its_options(site, pages):
    words = pages[site / "commands.html"].words

    def walk(command, name):
        inner = getattr(command, "commands", None)
        for option in [] if inner else command.params:
            if option.param_type_name == "option":
                assert set(option.opts) <= set(words.split()) | {
                    o.rstrip(",") for o in words.split()
                }
        for word, one in (inner or {}).items():
            walk(one, f"{name} {word}")
        assert inner or name in words

    walk(typer.main.get_command(app), "kata")


def test_every_link_leads_somewhere(site, pages):
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link) or path.name == "404.html":
                continue
            file, _, anchor = unquote(link).partition("#")
            there = (path.parent / file).resolve() if file else path
            there = there / "index.html" if there.is_dir() else there
            assert there.is_file(), (path.name, link)
            if anchor and there in pages:
                assert anchor in pages[there].anchors, (path.name, link)


def test_nothing_is_loaded_from_elsewhere(pages):
    for path, page in pages.items():
        assert [one for one in page.loaded if "//" in one] == [], path.name


def test_a_broken_link_ends_the_build(tmp_path):
    small = tmp_path / "small"
    shutil.copytree(ROOT / "docs", small / "docs", ignore=shutil.ignore_patterns("pages.py"))
    (small / "docs" / "index.md").write_text("[gone](gone.md)\n")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    settings = re.sub(r"hooks:\n  - .*\n|exclude_docs: .*\n|nav:\n(  - .*\n)+", "", settings)
    (small / "mkdocs.yml").write_text(settings)
    done = build(small, tmp_path / "out")
    assert done.returncode != 0
    assert "gone.md" in done.stdout + done.stderr


def test_what_is_linted_before_a_commit_is_what_ci_lints():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    entries = re.findall(r"entry: (.*)", hooks)
    assert len(entries) == 3
    for entry in entries:
        assert f"-m {entry}" in ci
