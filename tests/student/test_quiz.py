"""Every question in both directions over many seeds: its answer is right, and each wrong one is told what it is.

The answers of computed questions are found a second time here, by counting or simulating rather than by formula.
"""

import itertools
import json
import math
import subprocess
import sys

import numpy as np
import pytest

from katagrad.errors import BadOption
from katagrad.quiz.bank import questions
from katagrad.quiz.question import judge, parse
from katagrad.student.quizzing import SCHEMA, drawn, mark, sheet

SEEDS = range(40)
EVERY = questions()
COMPUTED = [name for name, template in EVERY.items() if template.computed]
THEORY = [name for name, template in EVERY.items() if not template.computed]


def softmax(x):
    weights = np.exp(np.asarray(x, float))
    return weights / weights.sum()


def slope(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def places(n, k, s=1, p=0):
    """Where a window fits, one by one."""
    return sum(1 for at in range(-p, n + p - k + 1) if (at + p) % s == 0)


def reach(layers):
    """How many inputs one output sees: followed back place by place. layers: (width, stride) from the input on."""
    seen = {0}
    for width, stride in reversed(layers):
        seen = {at * stride + i for at in seen for i in range(width)}
    return max(seen) - min(seen) + 1


def dense(*widths):
    return sum(np.zeros((a, b)).size + b for a, b in itertools.pairwise(widths))


def labels_of(tp, fp, fn, tn):
    truth = np.array([1] * tp + [0] * fp + [1] * fn + [0] * tn)
    return truth, np.array([1] * (tp + fp) + [0] * (fn + tn))


def momentum(w, g, lr, beta):
    v, at = 0.0, w
    for _ in range(2):
        v = beta * v + g
        at -= lr * v
    return w - at


def adam(g, lr):
    m, v = 0.1 * g, 0.001 * g * g
    return lr * (m / 0.1) / (math.sqrt(v / 0.001) + 1e-8)


def box_overlap(w, h, dx, dy):
    first, second = np.zeros((2, h + dy, w + dx), bool)
    first[:h, :w] = True
    second[dy:, dx:] = True
    return (first & second).sum() / (first | second).sum()


def auc(labels):
    scores = np.arange(len(labels), 0, -1)
    ups = [scores[i] for i, y in enumerate(labels) if y]
    downs = [scores[i] for i, y in enumerate(labels) if not y]
    return np.mean([a > b for a in ups for b in downs])


def batch_norm(values, gamma, beta):
    x = np.array(values, float)
    return (gamma * (x - x.mean()) / x.std() + beta)[0]


def r_squared(y, predicted):
    y, predicted = np.array(y, float), np.array(predicted, float)
    return 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def huber(delta, error):
    x = np.linspace(0, error, 200_001)
    return np.trapezoid(np.clip(x, -delta, delta), x)


def score(name):
    from sklearn import metrics

    return lambda **counts: getattr(metrics, name)(*labels_of(**counts))


ORACLES = {
    "conv_output_size": lambda n, k, s, p: places(n, k, s, p),
    "conv_parameters": lambda k, i, o: np.zeros((o, i, k, k)).size + np.zeros(o).size,
    "dense_parameters": lambda i, o: dense(i, o),
    "network_parameters": lambda a, b, c: dense(a, b, c),
    "receptive_field": lambda layers, k: reach([(k, 1)] * layers),
    "strided_receptive_field": lambda a, b, c, s, t: reach([(a, s), (b, t), (c, 1)]),
    "transposed_conv_size": lambda n, k, s, p: (
        len({at * s + i for at in range(n) for i in range(k)} | set(range(s * (n - 1) + k))) - 2 * p
    ),
    "flattened_features": lambda n, k, c: c * (places(n, k) // 2) ** 2,
    "depthwise_separable_parameters": lambda k, i, o: (
        np.zeros((i, k, k)).size + np.zeros((o, i)).size
    ),
    "lstm_parameters": lambda x, h: sum(
        np.zeros((h, x)).size + np.zeros((h, h)).size + h for _ in "ifgo"
    ),
    "attention_parameters": lambda heads, d: sum(np.zeros((d, d)).size + d for _ in "qkvo"),
    "conv_multiplications": lambda n, k, i, o: sum(k * k * i for _ in range(n * n * o)),
    "attention_memory": lambda b, h, t: b * h * np.zeros((t, t), np.float32).nbytes,
    "dilated_extent": lambda k, d: max(range(0, k * d, d)) + 1,
    "weights_in_bits": lambda millions, bits: millions * 1e6 * bits / 8 / 1e6,
    "sigmoid_slope": lambda x: slope(sigmoid, x),
    "cross_entropy_slope": lambda a, b, c: slope(lambda z: -np.log(softmax([a, z, c])[1]), b),
    "squared_error_slope": lambda w, x, y, u, v: slope(
        lambda z: ((z * x - y) ** 2 + (z * u - v) ** 2) / 2, w
    ),
    "chain_rule": lambda x, v, w: round(slope(lambda z: (w * max(z * x, 0)) ** 2, v)),
    "logistic_slope": lambda w, x, y: slope(
        lambda z: -np.log(sigmoid(z * x) if y else 1 - sigmoid(z * x)), w
    ),
    "vanishing_bound": lambda layers: slope(sigmoid, 0.0) ** layers,
    "clipped_norm": lambda a, b, c: (np.array([a, b]) / np.linalg.norm([a, b]) * c)[0],
    "central_difference": lambda x, h: ((x + h) ** 3 - (x - h) ** 3) / (2 * h),
    "product_of_weights": lambda w, steps: slope(lambda z: z * np.prod([w] * steps), 1.0),
    "momentum_steps": momentum,
    "adam_first_step": adam,
    "step_decay": lambda lr, gamma, every, epoch: np.prod(
        [lr, *(gamma for e in range(1, epoch + 1) if e % every == 0)]
    ),
    "cosine_schedule": lambda lr, total, t: lr * math.cos(math.pi * t / total / 2) ** 2,
    "inverse_square_root": lambda peak, warm, t: peak * warm**0.5 * t**-0.5,
    "updates": lambda n, b, epochs: epochs * len(range(0, n, b)),
    "inverted_dropout": lambda x, p: x / (1 - p),
    "weight_decay": lambda w, g, lr, decay: w - lr * slope(lambda z: g * z + decay * z * z / 2, w),
    "batch_normalized": batch_norm,
    "running_mean": lambda old, new, m: old + m * (new - old),
    "he_deviation": lambda i, o: np.sqrt(2.0 / i),
    "glorot_limit": lambda i, o: math.sqrt(3) * math.sqrt(2 / (i + o)),
    "quantization_step": lambda low, high: np.diff(np.linspace(low, high, 256))[0],
    "quantized_value": lambda scale, zero, x: int(
        np.argmin(abs((np.arange(256) - zero) * scale - x))
    ),
    "precision": score("precision_score"),
    "recall": score("recall_score"),
    "f_one": lambda **counts: score("f1_score")(**counts, tn=5),
    "specificity": lambda tp, fp, fn, tn: score("recall_score")(tp=tn, fp=fn, fn=fp, tn=tp),
    "macro_recall": lambda a, b: score("balanced_accuracy_score")(
        tp=a, fn=100 - a, tn=b, fp=10 - b
    ),
    "cross_entropy_of_one": lambda p: -math.log(p),
    "binary_cross_entropy": lambda p, q: score_log([1, 0], [p, q]),
    "perplexity": lambda loss: 1 / math.exp(-loss),
    "uniform_loss": lambda classes: score_log_uniform(classes),
    "ranked_area": auc,
    "determination": r_squared,
    "huber": huber,
    "divergence": lambda p, q: float(
        sum(a * (np.log(a) - np.log(b)) for a, b in ((p, q), (1 - p, 1 - q)))
    ),
    "tempered_softmax": lambda a, b, t: softmax([a / t, b / t])[0],
    "overlap": box_overlap,
}


def score_log(labels, probabilities):
    from sklearn.metrics import log_loss

    return log_loss(labels, probabilities)


def score_log_uniform(classes):
    return -np.mean(np.log(softmax(np.zeros(classes))))


def test_there_are_as_many_as_promised():
    assert len(EVERY) >= 60
    assert len(COMPUTED) >= 40
    assert sorted(COMPUTED) == sorted(ORACLES)


@pytest.mark.parametrize("name", COMPUTED)
def test_a_computed_question_in_both_directions(name):
    texts = set()
    for seed in SEEDS:
        question = EVERY[name].question(seed)
        assert EVERY[name].question(seed) == question
        texts.add(question.text)
        expected = ORACLES[name](**question.given)
        assert math.isclose(question.answer, expected, rel_tol=1e-4, abs_tol=1e-9), question
        assert isinstance(question.answer, int) == isinstance(expected, (int, np.integer)), question
        for number in question.given.values():
            for one in number if isinstance(number, list) else [number]:
                assert str(one) in question.text or f"{one:g}" in question.text, question
        assert judge(question, repr(question.answer)).right
        if not isinstance(question.answer, int):
            assert judge(question, f"{question.answer:.3g}").right, question
        assert len(question.wrong) >= 2
        for mistake, value in question.wrong.items():
            judgement = judge(question, repr(value))
            assert not judgement.right, (question, mistake)
            assert judgement.mistake == mistake, (question, mistake)
        other = judge(question, repr(-7.77 * abs(question.answer) - 1234567))
        assert (other.right, other.mistake) == (False, "")
    assert len(texts) >= 4, texts


@pytest.mark.parametrize("name", THEORY)
def test_a_question_of_theory_in_both_directions(name):
    places = set()
    for seed in SEEDS:
        question = EVERY[name].question(seed)
        assert judge(question, question.answer).right
        assert judge(question, f" {question.answer.upper()}) ").right
        places.add(question.answer)
        assert len(set(question.choices)) == len(question.choices) == len(question.wrong) + 1
        for mistake, letter in question.wrong.items():
            assert judge(question, letter).mistake == mistake
            assert not judge(question, letter).right
        with pytest.raises(BadOption, match="none of the letters"):
            judge(question, "h")
    assert len(places) == len(question.choices)


def test_the_right_choice_is_not_told_by_its_length():
    asked = [EVERY[name].question(1) for name in THEORY]
    longest = [max(q.choices, key=len) == q.choices["abcdefgh".index(q.answer)] for q in asked]
    assert 0 < sum(longest) < len(longest)


def test_mistakes_and_reasons_are_sentences_of_their_own():
    for name in EVERY:
        question = EVERY[name].question(3)
        assert question.text.endswith(("?", "."))
        assert question.why
        for mistake in question.wrong:
            assert mistake[0].islower()
            assert not mistake.endswith(".")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,024", 1024),
        ("1_000_000", 1e6),
        (" 2.5e-3 ", 0.0025),
        ("3/4", 0.75),
        ("12 %", 0.12),
        ("-.5", -0.5),
        ("+7", 7),
        ("\u22123", -3),
        ("1E3", 1000),
    ],
)
def test_numbers_are_read_as_people_type_them(text, value):
    assert parse(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1/0",
        "1/2/3",
        "nan",
        "inf",
        "1e",
        "__import__('os')",
        "2**9",
        "0,125",
        "-0,125",
        "2,5",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(BadOption):
        parse(text)


def test_the_loop_keeps_what_was_answered(desk):
    asked = drawn(7, "Gradients")
    words = [str(asked[0].answer), next(iter(asked[1].wrong.values())), "x?", "", "q"]
    output = quizzed(desk, words, "--seed", "7", "--area", "Gradients")
    assert "Right." in output
    assert f"It looks as if you {next(iter(asked[1].wrong))}" in output
    assert f"1 of {len(asked)} answered right" in output
    record = json.loads((desk.workspace.state / "quiz.json").read_text())
    assert record["answered"] == {asked[0].name: "right", asked[1].name: "wrong"}
    again = quizzed(desk, ["q"], "--area", "Gradients")
    assert asked[0].text[:60] not in " ".join(again.split())
    assert asked[1].text[:60] in " ".join(again.split())
    assert "no area" in desk.run("quiz", "--area", "Gradient", expect=2)
    (desk.workspace.state / "quiz.json").write_text("[]")
    assert "cannot be read" in desk.run("quiz", expect=2)


def test_the_answers_of_each_seed_are_kept(desk):
    path = desk.workspace.state / "quiz.json"
    sheet(path, 7).keep("first", True)
    other = sheet(path, 8)
    assert other.answered == {}
    other.keep("first", False)
    assert sheet(path, None).answered == {"first": "wrong"}
    again = sheet(path, 7)
    assert again.answered == {"first": "right"}
    # Another program, which began before, keeps an answer in between.
    sheet(path, 7).keep("second", True)
    again.keep("third", False)
    assert sheet(path, 7).answered == {"first": "right", "second": "right", "third": "wrong"}
    assert sheet(path, 8).answered == {"first": "wrong"}
    path.write_text(json.dumps({"schema": SCHEMA, "seed": 3, "answered": {"old": "right"}}))
    assert sheet(path, None).answered == {"old": "right"}, "a file of an earlier version"
    path.write_text(json.dumps({"schema": SCHEMA, "seed": True, "answered": {}}))
    with pytest.raises(BadOption, match="no sheet of answers"):
        sheet(path, 7)


def test_a_course_needs_no_workspace_to_print_questions(desk, tmp_path):
    desk.folder = tmp_path
    assert "seed 5" in desk.run("quiz", "--print", "--seed", "5")
    assert "kata init DIR" in desk.run("quiz", "--print", expect=2)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.TOML", b'\xef\xbb\xbfuniform_loss = "x"\r\n', None),
        ("a.json", b'\xef\xbb\xbf{"uniform_loss": "x"}', None),
        ("a.txt", b'uniform_loss = "x"', "cannot be read as JSON: .*; name it .toml or .json"),
        ("a.json", b'{"a":' * 100_000, "cannot be read as JSON"),
        ("a.toml", b"\xff\xfe", "cannot be read as TOML"),
    ],
)
def test_answers_as_editors_save_them(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    if said is None:
        assert mark(tmp_path / name, drawn(3)).results["uniform_loss"] is not None
        return
    with pytest.raises(BadOption, match=said):
        mark(tmp_path / name, drawn(3))


def quizzed(desk, words, *options):
    done = subprocess.run(
        [sys.executable, "-m", "katagrad", "quiz", *options],
        cwd=desk.folder,
        input="\n".join(words) + "\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_course_judges_a_file_of_answers(desk, tmp_path):
    asked = drawn(11)
    right = tmp_path / "right.json"
    right.write_text(json.dumps({q.name: q.answer for q in asked}))
    assert f"{len(asked)} of {len(asked)} right" in desk.run(
        "quiz", "--seed", "11", "--answers", str(right)
    )
    assert mark(right, drawn(12)).right < len(asked)
    partly = tmp_path / "partly.toml"
    partly.write_text(f'{asked[0].name} = "{asked[0].answer}"\nuniform_loss = "what"\n')
    output = desk.run("quiz", "--seed", "11", "--answers", str(partly), expect=1)
    assert f"1 of {len(asked)} right" in output
    assert "cannot be read" in output
    assert "no answer" in output
    partly.write_text("unifrm_loss = 3\n")
    assert "did you mean uniform_loss" in desk.run(
        "quiz", "--seed", "11", "--answers", str(partly), expect=2
    )
    assert "--seed" in desk.run("quiz", "--answers", str(right), expect=2)


def test_the_numbers_that_were_drawn_are_kept_before_the_first_answer(desk):
    printed = desk.run("quiz", "--print")
    assert desk.run("quiz", "--print") == printed
    first = drawn(int(printed.split()[-1]))[0]
    assert first.text[:60] in " ".join(quizzed(desk, ["q"]).split())


def test_the_questions_can_be_printed(desk):
    output = desk.run("quiz", "--print", "--seed", "5")
    assert all(name in output for name in EVERY)
    assert "seed 5" in output
