"""`%%kata` in a real Jupyter server, looked at in a real browser."""

import nbformat
import pytest
from nbformat import v4

from katagrad.grading.checks import manifest
from katagrad.topics import topics
from tests.browser import chromium
from tests.browser.jupyter import TOKEN, served

pytest.importorskip("jupyterlab")
pytest.importorskip("websocket")

# Its notebook is shown before its kernel answers.
READY = """(kernel => kernel?.connectionStatus === 'connected' && kernel.status === 'idle')(
  window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel)"""
RUN_ALL = "window.jupyterapp.commands.execute('notebook:run-all-cells') && true"
ROWS = "[...document.querySelectorAll('.jp-OutputArea-output table tr')].map(one => one.innerText)"
BREAKS = """[...document.querySelectorAll('.jp-OutputArea-output table pre')].map(
  one => getComputedStyle(one).wordBreak)"""


@chromium.needed
@pytest.mark.needs("torch")
def test_a_cell_shows_its_verdict_as_a_table(tmp_path):
    softmax = topics()["softmax"]
    solution = softmax.solution("torch").read_text()
    head, *functions = solution.split("\n\n\n")
    wrong = functions[0].replace("dim=axis", "dim=-1")
    cells = ["%load_ext katagrad", head, *functions, f"%%kata softmax\n{wrong}"]
    made = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "P", "language": "python"}
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(made, folder / "softmax.ipynb")
    with (
        served(folder, tmp_path / "jupyter", "--LabApp.expose_app_in_browser=True") as address,
        chromium.Chromium(tmp_path / "chromium") as page,
    ):
        page.go(f"{address}lab/tree/softmax.ipynb?token={TOKEN}")
        page.wait(READY)
        page.wait(RUN_ALL)
        rows = page.wait(f"({ROWS}).length && {ROWS}")
        breaks = page.value(BREAKS)
        page.picture(tmp_path / "lab.png")
    assert set(breaks) == {"normal"}, "a message is broken within words"
    assert len(rows) == 1 + 3 + len(manifest(softmax))
    assert any("it equals softmax over the last axis" in row for row in rows)
