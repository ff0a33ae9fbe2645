"""README.md, SECURITY.md and docs/ as text: lines of 100 columns, and links that lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("README", "SECURITY", "CONTRIBUTING", "CHANGELOG")
PAGES = [*(ROOT / f"{name}.md" for name in ROOTS), *sorted((ROOT / "docs").rglob("*.md"))]
WIDTH = 100
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def prose(text):
    """`text` without code: fenced and indented blocks, and what stands in backticks."""
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"(?<=\n\n)(?: {4}.*\n|\n)+", "\n", text)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text):
    """The anchors that GitHub makes of the headings: lower case, hyphens for spaces, numbered where they repeat."""
    found = []
    without_code = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", without_code, flags=re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        repeats = sum(1 for one in found if re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", one))
        found.append(f"{anchor}-{repeats}" if repeats else anchor)
    return set(found)


def broken_links(page, text):
    """The local links of `page` whose file or anchor does not exist."""
    for link in LINK.findall(prose(text)):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or ROOT not in (target, *target.parents):
            yield link
        elif anchor:
            there = text if target == page else target.read_text(encoding="utf-8")
            if target.suffix != ".md" or anchor not in anchors(there):
                yield link


def long_lines(text):
    """(number, length) of each line beyond 100 columns. Rows of tables cannot be wrapped."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > WIDTH and not line.startswith("|"):
            yield number, len(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_local_links_resolve(page):
    broken = list(broken_links(page, page.read_text(encoding="utf-8")))
    assert not broken, f"{page.name} links to what does not exist: {', '.join(broken)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_wrap(page):
    long = list(long_lines(page.read_text(encoding="utf-8")))
    assert not long, f"{page.name} has lines beyond {WIDTH} columns (line, length): {long}"


@pytest.mark.parametrize(
    "link",
    ["docs/missing.md", "docs/contract.md#missing", "#missing", "../outside.md", "LICENSE#line"],
)
def test_broken_link_is_found(link):
    page = ROOT / "README.md"
    text = f"# Title\n\nSee [this\npage]({link}), [code](LICENSE) and [above](#title).\n"
    assert list(broken_links(page, text)) == [link]


def test_link_in_code_is_no_link():
    text = "# A\n\nText.\n\n    [x](missing.md)\n\n```\n[y](missing.md)\n```\n\n`[z](missing.md)`\n"
    assert not list(broken_links(ROOT / "README.md", text))


def test_anchors_follow_the_headings():
    text = (
        "# What `kata` says\n\n## Rows, and no rows\n\n```\n# none\n```\n\n## Again\n\n### Again\n"
    )
    assert anchors(text) == {"what-kata-says", "rows-and-no-rows", "again", "again-1"}


def test_long_line_is_found():
    rows = "\n".join(["x" * 100, "y" * 101, "| " + "z" * 200, "    " + "w" * 97])
    assert list(long_lines(rows)) == [(2, 101), (4, 101)]
