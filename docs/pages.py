"""Pages of the site that are made from elsewhere: the README, the topics' stubs and checks, the commands."""

import ast
import json
import re
import statistics
import sys
from functools import cache
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import typer  # noqa: E402

from katagrad.authoring.threshold import Threshold  # noqa: E402
from katagrad.cli import app  # noqa: E402
from katagrad.grading.checks import load_grader, manifest  # noqa: E402
from katagrad.grading.table import number  # noqa: E402
from katagrad.topics import FRAMEWORKS, topics  # noqa: E402

# Pages at the root of the repository, by the page of the site.
OUTSIDE = {
    "index.md": "README.md",
    "security.md": "SECURITY.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
INSIDE = {path: page for page, path in OUTSIDE.items()}


def on_config(config):
    """Put the topics behind the other pages, by chapter."""
    chapters = {}
    for topic in topics().values():
        page = {topic.name: f"topics/{topic.name}.md"}
        chapters.setdefault(topic.chapter, []).append(page)
    config.nav = [*config.nav, {"Topics": [{name: pages} for name, pages in chapters.items()]}]
    return config


def on_files(files, config):
    """Add the pages that are made."""
    made = {page: (ROOT / path).read_text(encoding="utf-8") for page, path in OUTSIDE.items()}
    made |= {f"topics/{topic.name}.md": topic_page(topic) for topic in topics().values()}
    made["commands.md"] = commands_page()
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown, page, **_):
    """Lead links to where their targets are on the site; what is only in the repository stays as words."""
    of_root = page.file.src_uri in OUTSIDE

    def led(link):
        there = target(link[2], of_root)
        return link[1] if there is None else f"[{link[1]}]({there})"

    return re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", led, markdown)


def target(link, of_root):
    """A link of a page at the root, or in docs/, as the site has it; None where the site has nothing of it."""
    if re.match(r"[a-z]+:|#", link):
        return link
    path, hash_, anchor = link.partition("#")
    path = path.removeprefix("docs/") if of_root else path.removeprefix("../")
    found = re.fullmatch(r"exercises/(\w+)\.py", path)
    path = f"topics/{found[1]}.md" if found else INSIDE.get(path, path)
    made = path in OUTSIDE or path in ("commands.md",) or path.startswith("topics/")
    below = (ROOT / "docs" / path).is_file()
    only_here = not (made or below) and (ROOT / path).exists()
    return None if only_here else path + hash_ + anchor


def inline(text):
    """Words in which only backticks mean anything."""
    parts = text.split("`")
    for i in range(0, len(parts), 2):
        parts[i] = (
            re.sub(r"([*_\[\]])", r"\\\1", parts[i]).replace("<", "&lt;").replace("|", "&#124;")
        )
    for i in range(1, len(parts), 2):
        parts[i] = parts[i].replace("|", r"\|")
    return "`".join(parts)


def block(text, language):
    """Code, whatever is in it."""
    return f"````{language}\n{text.strip()}\n````"


def topic_page(topic):
    """A topic from its stub and the manifest of its checks."""
    tree = ast.parse(topic.contract.read_text(encoding="utf-8"))
    title, _, rest = ast.get_docstring(tree).partition("\n")
    parts = [f"# {topic.title}", f"`exercises/{topic.name}.py`, chapter: {topic.chapter}", title]
    parts += [paragraph(text) for text in rest.strip().split("\n\n")]
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            parts += [f"## {node.name}", *definition(node)]
    parts += ["## What is checked", "| points | claim |\n| --- | --- |"]
    rows = [f"| {number(check.points)} | {inline(check.claim)} |" for check in manifest(topic)]
    parts[-1] += "\n" + "\n".join(rows)
    parts += [*drawings(topic), *thresholds(topic), *speed(topic)]
    parts += [
        "## Check it",
        block(f"kata check {topic.name}\npytest exercises/{topic.name}.py", "sh"),
    ]
    parts.append(f"There are reference solutions for {' and '.join(topic.solved)}.")
    return "\n\n".join(parts) + "\n"


def drawings(topic):
    """The pictures of the reference solution in PyTorch, which docs/draw.py writes."""
    found = sorted((ROOT / "docs" / "pictures").glob(f"{topic.name}-*.html"))
    if found:
        yield "## Pictures"
        yield f"`kata show {topic.name}` draws your own. These are of the reference solution."
        yield from (path.read_text(encoding="utf-8").strip() for path in found)


def thresholds(topic):
    """The bounds of a topic's training outcomes, beside what the reference solutions reached."""
    found = [v for v in vars(load_grader(topic)).values() if isinstance(v, Threshold)]
    if not found:
        return
    yield "## Thresholds"
    yield (
        "The median of three training runs decides; if it misses the bound, up to nine runs do. Beside each "
        "bound stands what the reference solutions reached over seeds: the least, the median and the greatest."
    )
    rows = ["| outcome | bound | " + " | ".join(FRAMEWORKS) + " |", "| --- |" + " --- |" * 3]
    for one in {id(v): v for v in found}.values():
        word = "at most" if one.at_least is None else "at least"
        cells = [reached(getattr(one, name)) for name in FRAMEWORKS]
        rows.append(f"| {inline(one.of)} | {word} {one.bound:g} | {' | '.join(cells)} |")
    yield "\n".join(rows)


def reached(values):
    """A distribution in one cell."""
    least, middle, most = min(values), statistics.median(values), max(values)
    return f"{least:.4g}, {middle:.4g}, {most:.4g} ({len(values)} seeds)"


@cache
def timings():
    """The kept timings by (machine, device): {framework: (date, [benchmark])}."""
    found = {}
    for path in sorted((ROOT / "benchmarks" / "results").glob("*/*.json")):
        date, framework, device = re.fullmatch(r"(\d+-\d+-\d+)-(\w+)-(\w+)", path.stem).groups()
        record = json.loads(path.read_text(encoding="utf-8"))
        # Pairs time two topics against each other, under the names of their own benchmarks.
        own = [one for one in record["benchmarks"] if one["group"] != "pairs"]
        found.setdefault((path.parent.name, device), {})[framework] = date, own
    return found


def speed(topic):
    """The throughput of the reference solutions on the machines whose timings are kept."""
    parts = []
    for (machine, device), files in timings().items():
        held = {}  # by name and unit: {framework: items a second}
        for framework, (_, every) in files.items():
            for one in every:
                about = one["extra_info"]
                if about.get("topic") == topic.name and "throughput" in about:
                    rates = held.setdefault((one["name"], about["unit"]), {})
                    rates[framework] = about["throughput"]
        if not held:
            continue
        when = ", ".join(sorted({date for date, _ in files.values()}))
        rows = ["| benchmark | unit | " + " | ".join(FRAMEWORKS) + " |", "| --- |" + " --- |" * 3]
        for (name, unit), rates in held.items():
            cells = [f"{rates[f]:.3g}" if f in rates else "" for f in FRAMEWORKS]
            rows.append(f"| `{name}` | {inline(unit)} a second | {' | '.join(cells)} |")
        parts += [f"On {machine} ({device}), measured on {when}:", "\n".join(rows)]
    if parts:
        yield "## Speed"
        yield "What the reference solutions do, measured by `pytest benchmarks`."
        yield from parts


def paragraph(text):
    """A paragraph of a docstring; one with an indented part keeps its lines."""
    if any(line.startswith(" ") for line in text.splitlines()):
        return block(text, "text")
    return inline(text)


def definition(node):
    """A function or a class with its methods, as the stub asks for them."""
    if isinstance(node, ast.ClassDef):
        yield block(ast.get_docstring(node) or "", "text")
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef):
                yield f"### {node.name}.{inner.name}"
                yield from definition(inner)
        return
    yield block(f"{node.name}({ast.unparse(node.args)})", "python")
    if ast.get_docstring(node):
        yield block(ast.get_docstring(node), "text")


def commands_page():
    """Every command and option, from the code."""
    parts = ["# Commands"]
    root = typer.main.get_command(app)
    for words, command in every(root, ["kata"]):
        help_ = (command.help or "").strip()
        usage = " ".join([*words, *map(placeholder, arguments(command))])
        parts += [f"## {' '.join(words)}", block(usage, "text"), paragraph(help_)]
        options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
        if options:
            rows = [f"| {spelled(p)} | {described(p)} |" for p in options]
            parts.append("| option | |\n| --- | --- |\n" + "\n".join(rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def arguments(command):
    """What a command takes beside options."""
    return [p for p in command.params if p.param_type_name == "argument"]


def placeholder(argument):
    """What stands for an argument."""
    name = argument.metavar or argument.name.upper()
    name += "..." if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def spelled(option):
    """An option's names."""
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


def described(option):
    """An option's help, with its default where there is one."""
    default = option.default
    shown = default not in (None, False, "", ()) and not callable(default)
    return inline(option.help or "") + (f" (default: {default})" if shown else "")


def every(command, words):
    """Each command below a group, with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None or getattr(command, "invoke_without_command", False):
        yield words, command
    for name, one in (inner or {}).items():
        yield from every(one, [*words, name])
