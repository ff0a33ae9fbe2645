"""Draw the pictures of the topics' pages: python docs/draw.py [TOPIC ...]

They are drawn from the reference solutions in PyTorch, and written to docs/pictures. `docs/pages.py` puts them on the
topics' pages. Draw a topic anew when its file in pictures/ has changed.
"""

import argparse
import sys
from pathlib import Path

from katagrad.files import write_whole
from katagrad.grading.session import start
from katagrad.grading.submission import Submission
from katagrad.student.show import figure, pictures
from katagrad.topics import root, topics

OUT = Path(__file__).parent / "pictures"


def main(names):
    """Draw the pictures of these topics, or of all that have some."""
    folder = root() / "solutions" / "torch"
    known = sorted(path.stem for path in (root() / "pictures").glob("*.py"))
    grading = start(folder, {"framework": "torch"}, 5)
    try:
        for name in names or known:
            for one in pictures(grading, Submission(folder, "torch"), topics()[name]):
                if not one.svg:
                    sys.exit(f"{name}: {one.name} was not drawn: {one.message}")
                # A blank line would end the HTML, for a reader of Markdown.
                lines = [line for line in figure(one, f"{name}-").splitlines() if line.strip()]
                target = OUT / f"{name}-{one.name.removeprefix('draw_')}.html"
                write_whole(target, "\n".join(lines) + "\n")
                print(f"written: {target.relative_to(root())}")
    finally:
        grading.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="TOPIC")
    main(parser.parse_args().names)
