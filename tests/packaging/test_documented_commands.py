"""What README.md, SECURITY.md and docs/ print: every command parses, and every name that they give exists.

Commands of kata are parsed by kata, those of pytest collect their tests, and a program's options are those of its
own --help. What stands for something else (TOPIC, DIR, N) is replaced by an example.
"""

import importlib
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import typer

from katagrad.cli import app
from katagrad.course.release import LEVELS
from katagrad.errors import one_of
from katagrad.grading.session import ISOLATION, check_device, parse_limits
from katagrad.topics import FRAMEWORKS, topics

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("README", "SECURITY", "CONTRIBUTING", "CHANGELOG")
PAGES = [*(ROOT / f"{name}.md" for name in ROOTS), *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = ("kata", "pytest", "python", "python3")
EXAMPLES = {
    "N": "3",
    "<topic>": "softmax",
    "TOPIC": "softmax",
    "DIR": "solutions/torch",
    "result.json": "/tmp/result.json",
}


def lines_of(text):
    """Lines of code blocks, indented or fenced, joined where a backslash continues them, and text in backticks."""
    fenced, indented, plain = False, False, []
    for line in re.sub(r" *\\\n *", " ", text).splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or (
            line.startswith("    ") and (indented or not plain or not plain[-1].strip())
        ):
            indented = not fenced
            yield line.strip().removeprefix("$ ")
        else:
            indented = False
            plain.append(line)
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", "\n".join(plain)))


def commands(program=PROGRAMS):
    """(page, words) of each command, once."""
    found = {}
    for page in PAGES:
        for line in lines_of(page.read_text(encoding="utf-8")):
            try:
                words = shlex.split(line, comments=True)
            except ValueError:
                continue
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words = words[1:]
            if len(words) > 1 and words[0] in program and re.match(r"[\w./<-]", words[1]):
                words = [EXAMPLES.get(w, w.removesuffix("...")) for w in words]
                found.setdefault(tuple(words), page.name)
    return [pytest.param(page, list(words), id=" ".join(words)) for words, page in found.items()]


def parse(words):
    """The command of kata that `words` call, with its arguments. Ends as kata does where they cannot be parsed."""
    command, context = typer.main.get_command(app), None
    while True:
        context = command.make_context("kata", list(words), parent=context)
        if not hasattr(command, "resolve_command") or not context._protected_args:
            return command, context.params
        rest = [*context._protected_args, *context.args]
        _, command, words = command.resolve_command(context, rest)


@pytest.mark.parametrize(("page", "words"), commands(("kata",)))
def test_command_of_kata_parses(page, words):
    try:
        _, given = parse(words[1:])
    except Exception as error:
        # A command, or a group of commands, that is only named has no arguments.
        named = "Missing" in str(error) or type(error).__name__ == "NoArgsIsHelpError"
        if not named or any(not word.isalpha() for word in words[1:]):
            raise
        return
    known = {"framework": FRAMEWORKS, "isolation": ISOLATION, "show": LEVELS}
    for name, value in given.items():
        if name in known and isinstance(value, str):
            one_of(name, value, known[name])
        if name == "device" and value is not None:
            check_device(value)
        if name == "limit":
            parse_limits(value or [])
        if name == "names" and value:
            for topic in value if isinstance(value, (list, tuple)) else value.split(","):
                if "/" not in topic:  # a folder of the reader's own
                    one_of("topic", topic, topics())


@pytest.mark.parametrize(("page", "words"), commands(("pytest",)))
def test_command_of_pytest_collects(page, words):
    command = [sys.executable, "-m", *words, "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@cache
def help_of(*command):
    done = subprocess.run(
        [sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("page", "words"), commands(("python", "python3")))
def test_program_has_the_options(page, words):
    _, program, *more = words
    if program == "-m":
        program, *more = more
        if program == "pytest":
            pytest.skip("as pytest alone")
        shown = help_of("-m", program, *(w for w in more[:1] if w.isalpha()))
    else:
        assert (ROOT / program).is_file()
        if program == "start.py":
            word = more[more.index("--framework") + 2 if "--framework" in more else 0]
            assert word in ("demo", "test", "setup") or word in names_of_kata()
        action = [w for w in more[:1] if w.isalpha() and program != "start.py"]
        shown = help_of(program, *action)
    for option in (word.partition("=")[0] for word in more if word.startswith("--")):
        assert option in shown, f"{page} names {option}, which {program} lacks"


def names_of_kata():
    return set(typer.main.get_command(app).commands)


def options_of(command):
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    for inner in getattr(command, "commands", {}).values():
        yield from options_of(inner)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_option_in_backticks_exists(page):
    known = set(options_of(typer.main.get_command(app)))
    known |= set(re.findall(r"--[a-z][\w-]*", help_of("-m", "pytest") + help_of("start.py")))
    text = page.read_text(encoding="utf-8")
    modules = [m.replace(".", "/") + ".py" for m in re.findall(r"python3? -m (tests[\w.]+)", text)]
    for script in [*re.findall(r"python3? ([\w/]+\.py)", text), *modules]:
        known |= set(re.findall(r"--[a-z][\w-]*", (ROOT / script).read_text(encoding="utf-8")))
    for line in lines_of(page.read_text(encoding="utf-8")):
        if line.startswith(("-", *PROGRAMS)) and not line.startswith("---"):
            for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", line.split("  #")[0]):
                assert option in known, f"{page.name} names {option}, which nothing takes"


@pytest.mark.parametrize("option", ["--isolation", "--limit", "--patience", "--seed", "--show"])
def test_what_the_readme_says_of_courses_works_there(option):
    course = typer.main.get_command(app).commands["course"].commands["grade"]
    assert option in set(options_of(course))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_extra_that_is_installed_exists(page):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extras in re.findall(r"(?:katagrad|\"?\.)\[([a-z,]+)\]", page.read_text(encoding="utf-8")):
        assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_name_of_the_library_exists(page):
    for name in re.findall(r"`(katagrad(?:\.\w+)+)", page.read_text(encoding="utf-8")):
        home, attributes = name, []
        while True:
            try:
                found = importlib.import_module(home)
                break
            except ModuleNotFoundError:
                home, _, last = home.rpartition(".")
                attributes.insert(0, last)
        for attribute in attributes:
            assert hasattr(found, attribute), f"{page.name} names {name}, which is not there"
            found = getattr(found, attribute)


def test_a_command_that_is_not_there_is_found():
    with pytest.raises(Exception, match="No such command"):
        parse(["chekc", "softmax"])
    with pytest.raises(Exception, match="No such option"):
        parse(["course", "grade", "X", "--out", "Y", "--fast"])
