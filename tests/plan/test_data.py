"""ConfigMaps and Secrets made as a real kubectl makes them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.plan.writing import CLUSTER, faults_of, load, one_step, write
from tui.plan.data import made_of
from tui.plan.manifests import read_objects
from tui.plan.steps import ConfigMap, KubernetesApply, Secret

if TYPE_CHECKING:
    from pathlib import Path

CONTENTS = {
    "text.txt": "zwei Zeilen\nmit Umläuten\n".encode(),
    "crlf.ini": b"a=1\r\nb=2\r\n",
    "bytes.dat": b"\xff\x00\x01",
    "nul.txt": b"a\0b",
    "empty": b"",
    "all/one.json": b'{"a": 1}',
    "all/.hidden": b"h",
    "all/inner/not.txt": b"left out",
    "with blank/two.txt": b"2",
}
ENVS = {
    "plain.env": b'A=1\n  B=two words \n# C=3\n\n\tD=\nE="quoted"\nF=a=b\r\nG.h-i=x\n_=y',
    "bom.env": b"\xef\xbb\xbfA=1\nBRINGUP_TEST_GIVEN\nBRINGUP_TEST_ABSENT\n",
    "none.env": b"",
}
LITERALS = {"level": "debug", "quoted": '"x"', "eq": "a=b", "lines": "1\n2", "none": ""}
FILES = ["text.txt", "key=crlf.ini", "bytes.dat", "nul.txt", "empty", "all", "with blank"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRINGUP_TEST_GIVEN", "given")
    monkeypatch.delenv("BRINGUP_TEST_ABSENT", raising=False)
    monkeypatch.chdir(tmp_path)
    for name, content in {**CONTENTS, **ENVS}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "all" / "link").symlink_to("../text.txt")
    return tmp_path


def _made(folder: Path, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What the plan's own way in makes of it."""
    entry = json.dumps({kind: "made", **fields}, ensure_ascii=False)
    text = one_step(f"{{kind: kubernetes.apply, manifests: [{entry}]}}")
    step = load(folder, text).plan.tasks[0].steps[0]
    assert isinstance(step, KubernetesApply)
    source = step.manifests[0]
    assert isinstance(source, ConfigMap | Secret)
    return made_of(source).body


def _created(*argv: str) -> dict[str, Any]:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    words = ["kubectl", "create", *argv, "--dry-run=client", "-o", "yaml"]
    done = subprocess.run(words, capture_output=True, check=True)
    body = read_objects(done.stdout, "kubectl")[0].body
    body["metadata"].pop("creationTimestamp", None)
    return body


@pytest.mark.parametrize("kind", ["configmap", "secret"])
def test_files_and_literals_are_taken_as_kubectl_takes_them(folder: Path, kind: str) -> None:
    words = [kind, *(["generic"] if kind == "secret" else []), "made"]
    fields: dict[str, Any] = {"files": FILES, "literals": LITERALS}
    given = [f"--from-file={file}" for file in FILES]
    given += [f"--from-literal={key}={value}" for key, value in LITERALS.items()]
    if kind == "secret":
        fields["type"] = "example.com/own"
        given.append("--type=example.com/own")
    assert _made(folder, kind, fields) == _created(*words, *given)
    for env in ENVS:
        wanted = _created(*words, f"--from-env-file={env}")
        default = {"type": "Opaque"} if kind == "secret" else {}  # as the API server has it
        assert _made(folder, kind, {"envs": [env]}) == default | wanted


BAD_LINES = {
    b"A=1\nA B=2\n": "{env}:2:1: 'A B' is no variable's name",
    b"A=1\nthe-password itself\n": "{env}:2:1: the line is no KEY=VALUE",
    b"1A=2\n": "{env}:1:1: '1A' is no variable's name",
    b"A=1\nA=2\n": "{env}:2:1: the key 'A' is given twice",
    b"A=\xff\n": "{env}:1:1: is not UTF-8 text",
}


@pytest.mark.parametrize("content", BAD_LINES)
def test_what_kubectl_refuses_is_told_with_its_line_before_anything_runs(
    folder: Path, content: bytes
) -> None:
    (env := folder / "bad.env").write_bytes(content)
    text = one_step("{kind: kubernetes.apply, manifests: {secret: s, envs: bad.env}}")
    [fault] = faults_of(write(folder, text))
    assert f"{fault.place}: {fault.cause}" == BAD_LINES[content].format(env=env)
    with pytest.raises(subprocess.CalledProcessError):
        _created("secret", "generic", "s", f"--from-env-file={env}")


WRONG = {
    "{configmap: c, files: [text.txt, text.txt]}": "the key 'text.txt' is given twice",
    "{configmap: c, files: [a b=text.txt]}": "'a b' is no key of a ConfigMap or Secret",
    "{configmap: c, files: ['=text.txt']}": "'=text.txt' is neither PATH nor KEY=PATH",
    "{configmap: c, files: nowhere.txt}": "no such file or directory: ",
    "{configmap: c, files: a=all}": "is not a file",
    "{configmap: c, literals: {'..a': x}}": "'..a' is no key of a ConfigMap or Secret",
    "{configmap: C}": "'C' is not the name of an object",
    "{configmap: c, type: x}": "unknown key 'type'",
    "{tls: t, names: []}": "names: at least one is required",
    "{tls: t, names: a_b}": "'a_b' is no DNS name",
}


@pytest.mark.parametrize("entry", WRONG)
def test_what_cannot_be_made_is_told(folder: Path, entry: str) -> None:
    faults = faults_of(write(folder, one_step(f"{{kind: kubernetes.apply, manifests: [{entry}]}}")))
    assert any(WRONG[entry] in fault.cause for fault in faults), faults


def test_what_a_secret_holds_is_secret_and_its_name_is_not(folder: Path) -> None:
    entry = "{secret: shop-db, literals: {user: shop, motto: Xy7-open}, envs: plain.env}"
    plan = load(folder, one_step(f"{{kind: kubernetes.apply, manifests: {entry}}}", CLUSTER)).plan
    assert plan.secret_values == ("Xy7-open",)
    text = one_step(f"{{kind: kubernetes.apply, manifests: {entry}, namespace: Shop-db}}", CLUSTER)
    assert "'Shop-db' is not the name" in faults_of(write(folder, text))[0].cause
