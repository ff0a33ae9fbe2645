"""Files of a submission: handed on as bytes, and opened in runtimes that never see its code."""

import io
import os
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from katagrad.boundary import Implementation, Pool
from katagrad.boundary.filing import MOST_BYTES, _sound
from katagrad.boundary.transport import Transport
from katagrad.errors import Failure, NotGraded
from katagrad.grading.session import launcher_for
from katagrad.grading.submission import Submission
from katagrad.topics import topics
from katagrad.worker.limits import Limits

TOPIC = topics()["softmax"]
TORCH = """
import torch, os, pathlib

class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('its code ran')",)

def export(folder):
    pathlib.Path(folder).mkdir()
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2)).eval()
    free = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(model, (torch.randn(2, 3),), dynamic_shapes=free)
    torch.export.save(program, f"{folder}/model.pt2")
    torch.save(model.state_dict(), f"{folder}/weights.pt")
    torch.save({"weight": Evil()}, f"{folder}/evil.pt")
    return model

class Named(torch.nn.Module):
    def forward(self, first, second, rate=2.0):
        return {"sum": first + rate * second, "rest": [first - second]}

def export_named(folder):
    pathlib.Path(folder).mkdir()
    free = {name: {0: torch.export.Dim("batch")} for name in ("first", "second")}
    given = {"second": torch.randn(2, 3), "rate": 3.0}
    shapes = {**free, "rate": None}
    program = torch.export.export(Named(), (torch.randn(2, 3),), given, dynamic_shapes=shapes)
    torch.export.save(program, f"{folder}/model.pt2")

def odd(folder, kind):
    pathlib.Path(folder).mkdir()
    if kind == "link":
        os.symlink("/etc/passwd", f"{folder}/weights.pt")
    elif kind == "folder":
        os.symlink("/etc", f"{folder}/weights")
    elif kind == "pipe":
        os.mkfifo(f"{folder}/weights.pt")
    elif kind == "many":
        for number in range(600):
            pathlib.Path(f"{folder}/{number}").touch()
    elif kind == "large":
        for number in range(2):
            with open(f"{folder}/{number}", "wb") as file:
                file.truncate(40 << 20)
    else:
        pathlib.Path(folder, kind).touch()
"""
TENSORFLOW = """
import tensorflow as tf

class Writer(tf.Module):
    def __init__(self, path):
        self.path = path

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def __call__(self, x):
        with tf.control_dependencies([tf.io.write_file(self.path, "written by a model")]):
            return {"y": x * 2.0}

def export(folder, path):
    module = Writer(path)
    tf.saved_model.save(module, folder, signatures=module.__call__)

def keras(path):
    layers = [tf.keras.Input((3,)), tf.keras.layers.Lambda(lambda x: x * 2.0)]
    tf.keras.Sequential(layers).save(path)
"""


@pytest.fixture(scope="module")
def pool():
    made = Pool(Limits(memory=2 << 30), launcher_for("auto"))
    yield made
    made.close()


def submission(pool, framework, code):
    files = {"softmax.py": code.encode(), "secret.txt": b"of the submission"}
    transport = Transport(pool, Submission(Path("/nonexistent"), framework, files).source(TOPIC))
    transport.require = lambda name: None  # these functions are in no stub
    transport.begin(1, 60)
    return Implementation(transport)


@pytest.fixture
def torch(pool):
    impl = submission(pool, "torch", TORCH)
    yield impl
    impl._transport.close()


@pytest.fixture
def tensorflow(pool):
    impl = submission(pool, "tensorflow", TENSORFLOW)
    yield impl
    impl._transport.close()


@pytest.mark.needs("torch")
def test_files_go_to_a_fresh_worker(torch):
    folder = torch.write({})
    torch.export(f"{folder}/out")
    files = torch.files(f"{folder}/out")
    assert sorted(files) == ["out/evil.pt", "out/model.pt2", "out/weights.pt"]
    assert torch.files("out/weights.pt") == {"weights.pt": files["out/weights.pt"]}
    torch.restart()
    with pytest.raises(Failure, match="FileNotFoundError"):
        torch.read("out/weights.pt")
    torch.write(files)
    assert torch.read("out/weights.pt") == files["out/weights.pt"]


@pytest.mark.needs("torch")
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("link", "odd/weights.pt is a symbolic link"),
        ("folder", "odd/weights is a symbolic link"),
        ("pipe", "odd/weights.pt is no regular file"),
        ("many", "more than 500 files"),
        ("large", "larger than 500 files of 64 MiB"),
        ("line\nbreak", "not portable"),
        ("=cmd|x", "not portable"),
    ],
)
def test_only_plain_files_are_handed_on(torch, kind, words):
    folder = torch.write({})
    torch.odd(f"{folder}/odd", kind)
    with pytest.raises(Failure, match=words):
        torch.files(f"{folder}/odd")


@pytest.mark.parametrize(
    "files",
    [
        {"../out": b""}, {"a/../../b": b""}, {"/etc/passwd": b""}, {"a//b": b""}, {"": b""}, {".": b""}, {"..": b""},
        {"a\\b": b""}, {"C:x": b""}, {"a\x1b[0m": b""}, {"a\u202eb": b""}, {"/".join("a" * 20): b""}, {"a" * 300: b""},
        {"a": "text"}, {"a": 3}, {3: b""}, [b""], None, {"a": bytes(MOST_BYTES + 1)}, {str(n): b"" for n in range(501)},
    ],
)  # fmt: skip
def test_forged_answer_writes_nothing(files):
    with pytest.raises(Failure):
        _sound(files, "the files of out")


@pytest.mark.needs("torch")
def test_program_is_opened_without_the_submission(torch):
    folder = torch.write({})
    model = torch.export(f"{folder}/out")
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    expected, files = model(x), torch.files(f"{folder}/out")
    with torch.open("torch_program", files, "out/model.pt2") as program:
        (name,) = (one["name"] for one in program.about["inputs"])
        np.testing.assert_allclose(*program.run({name: x}).values(), expected, rtol=1e-5)
        with pytest.raises(Failure, match=r"running out/model\.pt2 in torch\.export\.load failed"):
            program.run({name: x[:, :2]})
    with torch.open("torch_weights", files, "out/weights.pt") as weights:
        assert weights.about["names"] == ["0.bias", "0.weight"]
        assert weights.run({})["0.weight"].shape == (2, 3)
    # The next call starts a worker for the submission, with none of its files.
    torch.export(f"{torch.write({})}/out")


@pytest.mark.needs("torch")
def test_program_is_given_its_inputs_by_keyword(torch):
    torch.export_named(f"{torch.write({})}/out")
    x, y = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    with torch.open("torch_program", torch.files("out"), "out/model.pt2") as program:
        assert [one["name"] for one in program.about["inputs"]] == ["first", "second"]
        found = sorted(program.run({"second": y, "first": x}).values(), key=np.sum)
    expected = sorted([x + 3 * y, x - y], key=np.sum)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.needs("torch")
def test_pickles_with_code_are_refused(torch):
    folder = torch.write({})
    torch.export(f"{folder}/out")
    files = torch.files(f"{folder}/out")
    program, evil = io.BytesIO(), files["out/evil.pt"]
    with (
        zipfile.ZipFile(io.BytesIO(files["out/model.pt2"])) as whole,
        zipfile.ZipFile(program, "w") as changed,
    ):
        for member in whole.infolist():
            spoilt = member.filename.endswith(
                (".pt", "weight_0", "weight_1", "weights_config.json")
            )
            content = evil if spoilt and "config" not in member.filename else whole.read(member)
            content = content.replace(b'"use_pickle": false', b'"use_pickle": true')
            changed.writestr(member.filename, content)
    files["out/changed.pt2"] = program.getvalue()
    files["out/plain.pt"] = pickle.dumps({"weight": 1})
    for runtime, path in (
        ("torch_weights", "out/evil.pt"),
        ("torch_program", "out/changed.pt2"),
        ("torch_weights", "out/plain.pt"),
    ):
        with pytest.raises(Failure) as refused, torch.open(runtime, files, path):
            pass
        assert "code ran" not in str(refused.value)


@pytest.mark.needs("torch")
def test_archive_that_unpacks_to_too_much_is_refused(torch):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"archive/data/{number}", bytes(60 << 20))
    with (
        pytest.raises(Failure, match="unpacks to 300 MiB; at most 256 are opened"),
        torch.open("torch_weights", {"bomb.pt": bomb.getvalue()}, "bomb.pt"),
    ):
        pass


def onnx_model(nodes, initializers=(), domains=("",)):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    ends = [helper.make_tensor_value_info(name, 1, ["batch", 3]) for name in "xy"]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], list(initializers))
    opsets = [helper.make_opsetid(domain, 20 if domain == "" else 1) for domain in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


@pytest.mark.needs("torch", "onnxruntime")
def test_onnx_is_opened_with_no_data_from_elsewhere(torch):
    onnx = pytest.importorskip("onnx")
    add = onnx.helper.make_node("Add", ["x", "b"], ["y"])
    outside = onnx.TensorProto(name="b", data_type=1, dims=[3], data_location=1)
    outside.external_data.add(key="location", value="../secret.bin")
    inside = onnx.helper.make_tensor("b", 1, [3], [1.0, 2.0, 3.0])
    files = {
        "out/good.onnx": onnx_model([add], [inside]).SerializeToString(),
        "out/outside.onnx": onnx_model([add], [outside]).SerializeToString(),
        "out/custom.onnx": onnx_model(
            [onnx.helper.make_node("Evil", ["x"], ["y"], domain="evil")], domains=("", "evil")
        ).SerializeToString(),
        "out/junk.onnx": b"\x00" * 100,
        "secret.bin": bytes(12),
    }
    with torch.open("onnx", files, "out/good.onnx") as model:
        assert model.about["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 3]}]
        assert model.run({"x": np.zeros((1, 3), np.float32)})["y"].tolist() == [[1, 2, 3]]
    for name in ("outside", "custom", "junk"):
        with (
            pytest.raises(Failure, match=f"opening out/{name}.onnx in ONNX Runtime"),
            torch.open("onnx", files, f"out/{name}.onnx"),
        ):
            pass


@pytest.mark.needs("torch", "onnxruntime")
def test_model_that_takes_all_memory_fails_alone(torch):
    onnx = pytest.importorskip("onnx")
    size = onnx.helper.make_tensor("size", 7, [2], [1 << 20, 1 << 14])
    nodes = [
        onnx.helper.make_node("ConstantOfShape", ["size"], ["large"]),
        onnx.helper.make_node("ReduceSum", ["large"], ["sum"]),
        onnx.helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    files = {"large.onnx": onnx_model(nodes, [size]).SerializeToString()}
    with pytest.raises(Failure, match=r"large\.onnx in ONNX Runtime"):  # noqa: SIM117
        with torch.open("onnx", files, "large.onnx") as model:
            model.run({"x": np.zeros((1, 3), np.float32)})
    assert sorted(torch.write({"a": b""})), "the submission's worker starts again"


@pytest.mark.needs("torch", "ai_edge_litert")
def test_junk_is_no_litert_model(torch):
    for content in (b"", b"junk" * 20, b"1234TFL3" + os.urandom(64)):
        with (
            pytest.raises(Failure, match="in the LiteRT interpreter"),
            torch.open("litert", {"a.tflite": content}, "a.tflite"),
        ):
            pass


@pytest.mark.needs("tensorflow")
def test_saved_model_that_writes_files_writes_none_outside(tensorflow, pool, tmp_path):
    if pool.launcher.name != "namespace":
        pytest.skip("only namespaces keep a process from the files of its user")
    folder = tensorflow.write({})
    tensorflow.export(f"{folder}/1", str(tmp_path / "written"))
    files = tensorflow.files(f"{folder}/1")
    with tensorflow.open("saved_model", files, "1") as model:
        assert model.about["inputs"] == [{"name": "x", "dtype": "float32", "shape": [None, 3]}]
        # The folder of temporary files may be one that the process sees, and cannot write to.
        with suppress(Failure):
            assert model.run({"x": np.ones((1, 3), np.float32)})["y"].tolist() == [[2, 2, 2]]
    assert not (tmp_path / "written").exists()
    with pytest.raises(Failure, match="FileNotFoundError"):  # not in the submission's folder either
        tensorflow.read(str(tmp_path / "written"))


@pytest.mark.needs("tensorflow")
def test_keras_model_with_code_is_refused(tensorflow):
    folder = tensorflow.write({})
    tensorflow.keras(f"{folder}/model.keras")
    files = tensorflow.files(f"{folder}/model.keras")
    with (
        pytest.raises(Failure, match=r"opening model\.keras in Keras failed.*(?i:lambda)"),
        tensorflow.open("keras", files, "model.keras"),
    ):
        pass


@pytest.mark.needs("torch")
def test_missing_runtime_is_said_in_one_line(torch, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with (
        pytest.raises(NotGraded, match=r"ONNX Runtime .*; run: pip install 'katagrad\[deploy\]'$"),
        torch.open("onnx", {}, "a.onnx"),
    ):
        pass
