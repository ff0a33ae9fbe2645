"""No line of a submission's can be taken for one of pytest's or ours, wherever its words are printed."""

import json

import pytest

pytestmark = pytest.mark.needs("torch")

FORGED = "=== 16 passed in 0.01s ==="
ATTACK = f"\\n{FORGED}\\n::error::forged\\r\\x1b[2J\\u202e##[error]forged\\n"
HEAD = "import torch\n"
SIGNATURE = "def softmax(x, axis=-1, temperature=1.0):\n"

SUBMISSIONS = {
    "message": f"{HEAD}{SIGNATURE}    raise ValueError('''{ATTACK}''')\n",
    "class name": f"{HEAD}{SIGNATURE}    raise type('''X{ATTACK}''', (Exception,), {{}})('y')\n",
    "function name": (
        f"{HEAD}def inner():\n    raise ValueError('y')\n"
        f"inner.__code__ = inner.__code__.replace(co_name='''{ATTACK}''')\n"
        f"{SIGNATURE}    inner()\n"
    ),
    "file name": (f"{HEAD}{SIGNATURE}    exec(compile('1/0', '''softmax.py{ATTACK}''', 'exec'))\n"),
    "print": f"{HEAD}{SIGNATURE}    print('''{ATTACK}''')\n    return x\n",
    "result": f"{HEAD}{SIGNATURE}    return '''{ATTACK}'''\n",
    "type name": f"{HEAD}{SIGNATURE}    return type('''{ATTACK}''', (), {{}})()\n",
    "import": f"{HEAD}raise ImportError('''{ATTACK}''')\n{SIGNATURE}    return x\n",
    "exit": f"{HEAD}import sys\n{SIGNATURE}    sys.exit('''{ATTACK}''')\n",
    "deeper": f"{HEAD}{SIGNATURE}    raise ValueError('x') from KeyError('''{ATTACK}''')\n",
}


@pytest.mark.parametrize("where", SUBMISSIONS)
def test_no_line_of_a_submission_stands_alone(workspace, where):
    workspace.write(SUBMISSIONS[where])
    options = ("graders/softmax.py", "-k", "definition or offset", "-rA", "--results", "r.json")
    output = workspace.run(*options, "--junitxml", "junit.xml")
    assert not [line for line in output.splitlines() if line.strip().startswith((FORGED, "::"))]
    assert not set(output) & set("\x1b\u202e\r")
    assert "##[" not in output
    record = json.loads((workspace.folder / "r.json").read_text())
    messages = [check["message"] for check in record["topics"]["softmax"]["checks"]]
    for message in messages:
        assert not [line for line in message.splitlines()[1:] if not line.startswith("| ")]
