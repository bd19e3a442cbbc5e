"""Releases of a chart of one's own, on a real cluster."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.kubernetes.real import IMAGE, kubectl, within
from tests.actions.kubernetes.shelf import Shelf
from tests.clients.kubernetes.peer import api_server
from tests.plan.writing import faults_of, load, marked, one_step, write
from tui.actions import helm as module
from tui.actions.helm import install, uninstall
from tui.errors import ActionError
from tui.plan.manifests import Manifest
from tui.plan.steps import HelmInstall, HelmUninstall

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.recorder import Recorder

CHART = "apiVersion: v2\nname: own\nversion: 1.0.0\n"
TEMPLATE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: own}}
  template:
    metadata: {labels: {app: own}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - {name: app, image: "{{ .Values.image }}", imagePullPolicy: Never, command: [sleep, "600"]}
"""
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: owns.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Own, plural: owns}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(CHART)
    (folder / "values.yaml").write_text(f"replicas: 1\nimage: {IMAGE}\n")
    (folder / "templates" / "deployment.yaml").write_text(TEMPLATE)
    return folder


def _installing(chart: Path, **fields: Any) -> HelmInstall:
    given = {"kind": "helm.install", "release": "own", "namespace": "releases", "chart": str(chart), **fields}
    return HelmInstall.model_validate(given)


@pytest.mark.e2e
@pytest.mark.timeout(300)
@pytest.mark.skipif(not shutil.which("helm"), reason="needs helm")
async def test_a_chart_is_installed_once_upgraded_mended_and_uninstalled(ctx: Recorder, chart: Path) -> None:
    done = await install(await asyncio.to_thread(_installing, chart), within(ctx, 60))
    assert (done.note, done.changed) == ("revision 1, 1 rollout ready", True)
    done = await install(await asyncio.to_thread(_installing, chart), within(ctx, 60))
    assert (done.note, done.changed) == ("revision 1, unchanged, 1 rollout ready", False)
    await asyncio.to_thread((chart / "crds").mkdir)
    await asyncio.to_thread((chart / "crds" / "own.yaml").write_text, CRD)
    done = await install(await asyncio.to_thread(_installing, chart, values={"replicas": 2}), within(ctx, 60))
    assert done.note == "revision 2, 1 rollout ready"
    assert [each.partition(";")[0] for each in ctx.warnings] == [
        "on an upgrade helm leaves CRDs alone, and the chart's differ: owns.example.com"
    ]
    await asyncio.to_thread(kubectl, ctx, "apply", "-f", str(chart / "crds"))
    ctx.warnings.clear()
    broken = await asyncio.to_thread(_installing, chart, values={"image": "nowhere/nothing:1"})
    begin = time.monotonic()
    with pytest.raises(ActionError, match="ErrImageNeverPull") as caught:
        await install(broken, within(ctx, 60))
    assert time.monotonic() - begin < 15
    assert caught.value.hint
    for status in ("pending-upgrade", "uninstalling"):
        await asyncio.to_thread(_leave, ctx, status)
        assert (await install(await asyncio.to_thread(_installing, chart), within(ctx, 60))).changed
        assert ctx.warnings == [f"release own was left {status}: mending it"]
        ctx.warnings.clear()
    gone = HelmUninstall(kind="helm.uninstall", release="own", namespace="releases")
    assert (await uninstall(gone, ctx)).changed
    assert not (await uninstall(gone, ctx)).changed


async def test_a_job_that_has_gone_as_its_manifest_has_it_is_not_waited_for(tmp_path: Path) -> None:
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed"}}
    job = Manifest({**body, "spec": {"ttlSecondsAfterFinished": 20}}, "x")
    shelf = Shelf()
    shelf.put("/apis/batch/v1/namespaces/default/jobs", "other")
    async with api_server(shelf.app, tmp_path) as (api, ctx):
        assert await module._wait_for(api, [job], "default", ctx) == ""
    assert ctx.lines == [("", "job/seed is gone, as its `ttlSecondsAfterFinished: 20` has it")]


def _leave(ctx: Recorder, status: str) -> None:
    """Leaves the release as a helm that was killed leaves it."""
    words = ("kubectl", "--kubeconfig", str(ctx.cluster.kubeconfig), "-n", "releases")
    listed = subprocess.run(
        [*words, "get", "secret", "-l", "owner=helm", "-o", "name"], capture_output=True, check=True
    )
    last = max(listed.stdout.decode().split())
    script = (
        f"{' '.join(words)} get {last} -o jsonpath={{.data.release}} | base64 -d | base64 -d | gunzip"
        f' | sed \'s/"status":"deployed"/"status":"{status}"/\' | gzip | base64 -w0 | base64 -w0'
    )
    release = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout.decode()
    patch = f'{{"data":{{"release":"{release}"}},"metadata":{{"labels":{{"status":"{status}"}}}}}}'
    subprocess.run([*words, "patch", last, "-p", patch], capture_output=True, check=True)


WRONG = {
    "{kind: helm.install, release: ▶Own, chart: 'oci://x/y'}": "release: 'Own' is not the name of a release",
    "▶{kind: helm.install, release: own, chart: nowhere}": "steps, item 1: no such file or directory",
    "▶{kind: helm.install, release: own, chart: 'oci://x/y', repository: 'https://x'}": "steps, item 1: 'oci",
    "{kind: helm.install, release: own, chart: x, repository: ▶'oci://y'}": "repository: 'oci://y' is a",
    "▶{kind: helm.install, release: own}": "the key 'chart' is missing",
}


@pytest.mark.parametrize("step", WRONG)
def test_what_is_wrong_with_a_release_is_told_with_its_place(tmp_path: Path, step: str) -> None:
    fault = faults_of(write(tmp_path, text := one_step(step)))[0]
    assert fault.cause.startswith(WRONG[step])
    assert fault.hint
    assert fault.place == marked(text, fault.place.file)[0]


def test_a_chart_may_be_in_a_repository_or_registry(tmp_path: Path) -> None:
    for more in "chart: 'oci://x/y', version: 1.20", "chart: y, repository: 'https://x'":
        step = (
            load(tmp_path, one_step(f"{{kind: helm.install, release: own, {more}}}")).plan.tasks[0].steps[0]
        )
        assert isinstance(step, HelmInstall)
        assert (step.path, step.describe()) == (None, "helm.install own")


def test_a_chart_may_be_below_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "charts").mkdir()
    [step] = load(tmp_path, one_step("{kind: helm.install, release: a, chart: ~/charts}")).plan.tasks[0].steps
    assert isinstance(step, HelmInstall)
    assert step.path == tmp_path / "charts"
