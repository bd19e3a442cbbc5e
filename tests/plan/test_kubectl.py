"""Manifests are read as kubectl reads them, over a corpus; needs kubectl alone, and no cluster."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.plan.kubectl_corpus import READ_ALIKE, REFUSED_ALIKE, content
from tui.plan.faults import PlanError
from tui.plan.manifests import manifest_files, read_file, read_objects

if TYPE_CHECKING:
    from pathlib import Path

KUBECTLS = [each for each in ("kubectl", "kubectl-1.32") if shutil.which(each)]
LOCAL = ("label", "--local", "--overwrite", "-o", "json", "of=kubectl", "-f")

pytestmark = pytest.mark.skipif(not KUBECTLS, reason="kubectl is not installed")


def _kubectl(program: str, path: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    words = [program, *LOCAL, str(path), *options]
    return subprocess.run(words, capture_output=True, check=False, timeout=60)


def _parsed(output: bytes) -> list[dict[str, Any]]:
    """Read kubectl's objects, without the label that it was told to add."""
    text, decoder, found, position = output.decode().strip(), json.JSONDecoder(), [], 0
    while position < len(text):
        item, position = decoder.raw_decode(text, position)
        del item["metadata"]["labels"]["of"]
        item["metadata"] = {k: v for k, v in item["metadata"].items() if v not in ({}, None)}
        found.append(item)
        position += len(text[position:]) - len(text[position:].lstrip())
    return found


def _as_sent(value: Any) -> Any:
    """Return a value with numbers as they are compared: kubectl writes long ones out."""
    if isinstance(value, dict):
        return {key: _as_sent(item) for key, item in value.items() if key != "creationTimestamp"}
    if isinstance(value, list):
        return [_as_sent(item) for item in value]
    is_long = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63
    return float(value) if is_long else value


@pytest.mark.parametrize("program", KUBECTLS)
def test_what_kubectl_reads_is_read_alike(program: str, tmp_path: Path) -> None:
    for at, case in enumerate(READ_ALIKE.values()):
        (tmp_path / f"c{at:03}.yaml").write_bytes(content(case, f"c{at:03}"))
    done = _kubectl(program, tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    theirs = _parsed(done.stdout)
    assert len(theirs) > len(READ_ALIKE) / 2
    for at, name in enumerate(READ_ALIKE):
        ours = [manifest.body for manifest in read_file(tmp_path / f"c{at:03}.yaml")]
        expected = [item for item in theirs if item["metadata"]["name"].startswith(f"c{at:03}")]
        assert _as_sent(ours) == _as_sent(expected), name


@pytest.mark.parametrize("name", REFUSED_ALIKE)
def test_what_kubectl_refuses_is_refused(name: str) -> None:
    with pytest.raises(PlanError):
        read_objects(content(REFUSED_ALIKE[name], "it"), name)


@pytest.mark.programs
@pytest.mark.parametrize("program", KUBECTLS)
def test_kubectl_refuses_it_too(program: str, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{at}.yaml" for at, name in enumerate(REFUSED_ALIKE)}
    for name, file in files.items():
        file.write_bytes(content(REFUSED_ALIKE[name], "it"))
    with ThreadPoolExecutor(4) as pool:
        done = dict(zip(files, pool.map(lambda file: _kubectl(program, file), files.values()), strict=True))
    assert [name for name, each in done.items() if each.returncode == 0] == []


def test_a_directory_is_read_as_kubectl_reads_it(tmp_path: Path) -> None:
    for name in (
        "b.yaml",
        "a.yml",
        "C.json",
        "d.YAML",
        "notes.txt",
        ".hidden.yaml",
        "in/e.yaml",
        "c-later/x.yaml",
        "in/deep/y.json",
        "f.yaml.bak",
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_bytes(content(READ_ALIKE["words"], f"n{name[0].lower().replace('.', 'h')}"))
    (tmp_path / "linked.yaml").symlink_to(tmp_path / "notes.txt")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    for options in (), ("--recursive",):
        theirs = _parsed(_kubectl(KUBECTLS[0], tmp_path, *options).stdout)
        files = manifest_files(tmp_path, recursive=bool(options))
        ours = [manifest.name for file in files for manifest in read_file(file)]
        assert ours == [item["metadata"]["name"] for item in theirs]
        assert ("ni" in ours) == bool(options)


@pytest.mark.skipif("kubectl-1.32" not in KUBECTLS, reason="older ones take no patterns")
@pytest.mark.parametrize("pattern", ["in/*.yaml", "in/?.y*ml", "*", "i[n]/b.txt", "in/**/*.yaml"])
def test_a_pattern_is_read_as_kubectl_reads_it(pattern: str, tmp_path: Path) -> None:
    for name in ("in/b.yaml", "in/a.yml", "in/.c.yaml", "in/b.txt", "in/deep/d.yaml", "in/deep/e/f.yaml"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_bytes(content(READ_ALIKE["words"], f"n{name.replace('/', '-')}"))
    theirs = [
        item["metadata"]["name"] for item in _parsed(_kubectl("kubectl-1.32", tmp_path / pattern).stdout)
    ]
    ours = [manifest.name for file in manifest_files(tmp_path / pattern) for manifest in read_file(file)]
    assert ours == theirs != []
