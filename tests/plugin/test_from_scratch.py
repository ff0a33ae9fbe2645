"""From-scratch rules in a grading: the scan names file and line, the trap catches what no scan can see."""

import pytest

HEAD = "def softmax(x, axis=-1, temperature=1.0):\n"
REST = """
def log_softmax(x, axis=-1):
    shifted = x - x.amax(dim=axis, keepdim=True)
    return shifted - shifted.exp().sum(dim=axis, keepdim=True).log()

def softmax_jvp(p, v):
    return p * (v - (p * v).sum(dim=-1, keepdim=True))
"""
FRAMEWORKS_OWN = """
    torch.nn.MultiheadAttention(4, 1)(*[torch.zeros(2, 1, 4)] * 3)
    w = torch.exp((x - x.amax(dim=axis, keepdim=True)) / temperature)
    return w / w.sum(dim=axis, keepdim=True)
"""

pytestmark = pytest.mark.needs("torch")


def verdicts(workspace, body, imports="import torch"):
    """Outcomes of softmax.py: `body` is that of softmax, from line 4 on."""
    workspace.write(f"{imports}\n\n{HEAD}{body}\n{REST}")
    checks = workspace.results("graders/softmax.py")["topics"]["softmax"]["checks"]
    return {check["name"]: (check["status"], check["message"]) for check in checks}


def test_scan_names_the_line(workspace):
    found = verdicts(workspace, "    return torch.softmax(x / temperature, axis)")
    status, message = found["test_softmax_is_written_from_scratch"]
    assert status == "failed"
    assert message == "softmax.py:4 uses torch.softmax, but this topic is to be written without it"


def test_trap_catches_a_call_that_no_scan_can_see(workspace):
    found = verdicts(workspace, "    return getattr(torch, 'soft' + 'max')(x / temperature, axis)")
    status, message = found["test_softmax_normalizes_along_its_axis"]
    assert status == "failed"
    assert "torch.softmax is not allowed in this topic" in message
    assert "softmax.py:4 in softmax" in message


def test_helper_module_is_scanned_too(workspace):
    (workspace.exercises / "mine.py").write_text("import torch\nprobabilities = torch.softmax\n")
    imports = "import torch\nfrom mine import probabilities"
    found = verdicts(workspace, "    return probabilities(x / temperature, axis)", imports)
    message = found["test_softmax_is_written_from_scratch"][1]
    assert message.startswith("mine.py:2 uses torch.softmax")


RIGHT = """    w = torch.exp((x - x.amax(dim=axis, keepdim=True)) / temperature)
    return w / w.sum(dim=axis, keepdim=True)
"""
COMPARED = "assert torch.allclose(softmax(torch.ones(3)), torch.softmax(torch.ones(3), 0))\n"


def test_a_demo_of_the_script_may_compare_with_the_framework(workspace):
    found = verdicts(workspace, f"{RIGHT}\nif __name__ == '__main__':\n    {COMPARED}")
    assert {status for status, _ in found.values()} == {"passed"}


def test_a_comparison_that_runs_at_import_is_told_where_to_go(workspace):
    message = verdicts(workspace, f"{RIGHT}\n{COMPARED}")["test_softmax_is_written_from_scratch"][1]
    assert "torch.softmax is not allowed in this topic; its stub has the rule" in message
    assert 'tests your functions, move it under `if __name__ == "__main__":`' in message


OWN = """    return Rows().softmax(x, axis, temperature)

class Rows:
    def softmax(self, x, axis, temperature):
"""


def test_a_method_of_ones_own_may_have_the_name_of_a_tensors(workspace):
    found = verdicts(workspace, OWN + RIGHT.replace("    ", "        "))
    assert {status for status, _ in found.values()} == {"passed"}
    found = verdicts(workspace, f"{OWN}        return (x / temperature).softmax(axis)")
    message = found["test_softmax_is_written_from_scratch"][1]
    assert ".softmax is not allowed in this topic" in message


def test_operator_that_ran_is_named_however_it_was_spelled(workspace):
    found = verdicts(workspace, "    return torch._softmax(x / temperature, axis, False)")
    rule = (
        "the operator aten::_softmax (softmax) is not allowed in this topic; its stub has the rule"
    )
    assert rule in found["test_softmax_normalizes_along_its_axis"][1]
    message = found["test_softmax_is_written_from_scratch"][1]
    assert message == f"softmax.py:4 in softmax: {rule}"


def test_what_runs_inside_a_layer_of_the_framework_ran(workspace):
    # MultiheadAttention calls softmax inside, and would hand it out as its weights.
    found = verdicts(workspace, FRAMEWORKS_OWN)
    status, message = found["test_softmax_normalizes_along_its_axis"]
    assert status == "failed"
    assert "the operator aten::softmax (softmax)" in message


def test_an_import_that_the_topic_does_not_allow_names_its_line(workspace):
    body = "    return torch.as_tensor(s(x.detach().numpy() / temperature, axis=axis))"
    imports = "import torch\nfrom scipy.special import softmax as s"
    found = verdicts(workspace, body, imports)
    refused = "softmax.py:2 imports scipy.special; this topic allows PyTorch, NumPy, "
    refused += "the standard library and your own files"
    assert refused in found["test_softmax_normalizes_along_its_axis"][1]
    assert found["test_softmax_is_written_from_scratch"] == ("failed", refused)


COMPILED = """import importlib.util, shutil, sys, torch
from pathlib import Path
where = Path(torch.__file__).parents[1] / "scipy" / "signal"
path = next(where.glob("_sigtools*"))
if {copied}:
    path = shutil.copy(path, "_sigtools.so")
spec = importlib.util.spec_from_file_location("_sigtools", path)
made = importlib.util.module_from_spec(spec)"""


@pytest.mark.parametrize("copied", [False, True])
def test_compiled_modules_count_by_their_file(workspace, copied):
    """A file of the submission makes the name an allowed one; a copy makes the file the submission's own."""
    (workspace.exercises / "_sigtools.py").write_text("")
    body = "    return (x / temperature - x.logsumexp(axis, True) / temperature).exp()"
    found = verdicts(workspace, body, f"import _sigtools\n{COMPILED.format(copied=copied)}")
    name = "a compiled module" if copied else "scipy.signal._sigtools"
    assert f"softmax.py:9 imports {name}" in found["test_softmax_normalizes_along_its_axis"][1]


def test_an_import_that_nobody_uses_fails_no_one(workspace):
    names = ("torch", "matplotlib.pyplot as plt", "sklearn.datasets as sets", "pandas as pd")
    imports = "\n".join(f"import {name}" for name in names)
    body = "    z = (x - x.amax(axis, keepdim=True)) / temperature"
    body += "\n    return z.exp() / z.exp().sum(axis, keepdim=True)"
    assert {status for status, _ in verdicts(workspace, body, imports).values()} == {"passed"}
