"""Manifests that are written in the plan, or built by kustomize."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.actions.recorder import Recorder
from tests.plan.writing import faults_of, load, marked, one_step, write
from tui.actions.kubernetes import apply as module
from tui.errors import ActionError
from tui.hosts.processes import list_processes
from tui.plan.lint import lint
from tui.plan.model import Cluster
from tui.plan.steps import KubernetesApply

if TYPE_CHECKING:
    from pathlib import Path

KUSTOMIZATION = """
resources: [map.yaml]
nameSuffix: -${suffix}
namespace: built
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata:\n  a: ${value}\n"
INLINE = "{object: {apiVersion: v1, kind: Namespace, metadata: {name: '${name}'}}}"
TOP = "variables: {name: made, suffix: x, value: filled}\ncluster: {name: c, kubeconfig: k}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay" / "kustomization.yaml").write_text(KUSTOMIZATION.replace("-${suffix}", "-x"))
    (tmp_path / "overlay" / "map.yaml").write_text(MAP)
    return tmp_path


def _step(folder: Path, manifests: str, more: str = "") -> KubernetesApply:
    text = one_step(f"{{kind: kubernetes.apply, manifests: {manifests}{more}}}", TOP)
    step = load(folder, text).plan.tasks[0].steps[0]
    assert isinstance(step, KubernetesApply)
    return step


def _loaded(folder: Path, step: KubernetesApply) -> list[dict[str, object]]:
    cluster = Cluster(name="c", kubeconfig=folder / "k")
    ctx = Recorder(folder, folder / "cache", cluster, variables={"value": "filled"})
    return [each.body for each in asyncio.run(module.load(step, ctx))]


def test_an_object_may_stand_in_the_plan(folder: Path) -> None:
    step = _step(folder, f"[{INLINE}, overlay/map.yaml]")
    assert step.describe() == "kubernetes.apply Namespace/made, map.yaml"
    bodies = _loaded(folder, step)
    assert [body["kind"] for body in bodies] == ["Namespace", "ConfigMap"]
    assert bodies[0]["metadata"] == {"name": "made"}
    wait = "{kind: kubernetes.wait, rollouts: deployment/x, namespace: made, timeout: 1m}"
    text = one_step(f"{{kind: kubernetes.apply, manifests: {INLINE}}}\n          - {wait}", TOP)
    assert lint(load(folder, text)) == []


@pytest.mark.parametrize("program", ["kustomize", "kubectl"])
def test_a_directory_is_built_by_whichever_program_is_there(
    folder: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    (folder / "bin").mkdir()
    (folder / "bin" / program).symlink_to(found)
    (folder / "bin" / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder / "bin"))
    step = _step(folder, "{kustomize: overlay}", ", substitute: true")
    [body] = _loaded(folder, step)
    assert body["metadata"] == {"name": "map-x", "namespace": "built"}
    assert body["data"] == {"a": "filled"}


def test_what_cannot_be_built_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = _step(folder, "[{kustomize: overlay}]")
    (folder / "overlay" / "map.yaml").unlink()
    if shutil.which("kustomize"):
        with pytest.raises(ActionError, match="overlay cannot be built by kustomize: ") as caught:
            _loaded(folder, step)
        assert "map.yaml" in caught.value.cause
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ActionError, match="neither kustomize nor kubectl is there"):
        _loaded(folder, step)


@pytest.mark.skipif(not shutil.which("kustomize"), reason="needs kustomize")
def test_what_kustomize_quotes_of_its_own_is_left_out_of_its_error(folder: Path) -> None:
    text = "resources: [map.yaml]\npatches: [{path: nowhere.yaml}]\n"
    (folder / "overlay" / "kustomization.yaml").write_text(text)
    with pytest.raises(ActionError, match=r"Transformer with config: [^`\n]*nowhere.yaml") as caught:
        _loaded(folder, _step(folder, "{kustomize: overlay}"))
    assert any("path: nowhere.yaml" in line for line in caught.value.details)


ASKS = """#!/bin/sh
sleep 60 &
echo "$!" "$(cut -d' ' -f6 /proc/$$/stat)" >"$0.told"
wait
"""


def test_what_builds_has_no_terminal_to_ask_on_and_goes_with_its_programs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = _step(folder, "{kustomize: overlay}")
    (folder / "kustomize").write_text(ASKS)
    (folder / "kustomize").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    async def build() -> None:
        deadline = asyncio.get_running_loop().time() + 0.3
        await module.load(step, Recorder(folder, folder / "cache", deadline=deadline))

    with pytest.raises(ActionError, match="kustomize build still ran when the time was up"):
        asyncio.run(build())
    child, session = map(int, (folder / "kustomize.told").read_text().split())
    assert session != os.getsid(0)
    assert child not in [each.number for each in list_processes() if not each.has_ended]


WRONG = {
    "[▶{object: {kind: ConfigMap, metadata: {name: x}}}]": "the object has no apiVersion",
    "[{kustomize: ▶nowhere}]": "no such directory",
    "[{kustomize: ▶'github.com/knative/serving//config?ref=main'}]": "is not on this machine",
    "[{▶kustomise: overlay}]": "unknown key 'kustomise'",
    "[{object: ▶[]}]": "a mapping is expected here, not a list",
    "overlay/map.yaml, replace: ▶job": "'job' does not name an object",
}


@pytest.mark.parametrize("manifests", WRONG)
def test_what_is_wrong_with_a_source_is_told_with_its_place(folder: Path, manifests: str) -> None:
    text = one_step(f"{{kind: kubernetes.apply, manifests: {manifests}}}", TOP)
    fault = next(each for each in faults_of(write(folder, text)) if WRONG[manifests] in each.cause)
    assert fault.hint
    assert fault.place.line == marked(text, fault.place.file)[0].line


def test_what_is_made_of_literals_comes_before_what_may_need_it(folder: Path) -> None:
    made = "{configmap: settings, literals: {a: '${value}'}}, {secret: s, literals: {b: x}}"
    bodies = _loaded(folder, _step(folder, f"[{INLINE}, {made}]"))
    assert [body["kind"] for body in bodies] == ["ConfigMap", "Secret", "Namespace"]
    assert bodies[0]["data"] == {"a": "filled"}
