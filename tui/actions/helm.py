"""The steps `helm.install` and `helm.uninstall`, by the `helm` program on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui.actions.kubernetes.rollouts import Rollout
from tui.actions.kubernetes.server_side import are_alike, prepared
from tui.actions.kubernetes.targets import Job
from tui.actions.kubernetes.wait import wait_for
from tui.actions.standard_output import printed_by
from tui.clients.kubernetes.discovery import Discovery
from tui.cluster.connect import connect, reach
from tui.cluster.kubeconfig_for import NO_OTHER_CLUSTER
from tui.errors import ActionError
from tui.plan.manifests import read_objects
from tui.plan.recognition import hint_for
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.actions.context import Context
    from tui.actions.kubernetes.target import Target
    from tui.clients.kubernetes.api import Api
    from tui.plan.manifests import Manifest
    from tui.plan.steps import HelmInstall, HelmUninstall

_KEPT = 15  # lines shown with an error
_ROLLOUTS = {"Deployment", "StatefulSet", "DaemonSet"}
_MARK = "bringup "  # before the digest in a release's description
_APPLY = "have a `kubernetes.apply` step apply them before"


async def install(step: HelmInstall, ctx: Context) -> Done:
    """Install a chart, or upgrade its release where that differs; then wait for its rollouts and Jobs.

    Helm's own wait is not used: it tells neither pod nor cause. What an earlier attempt has left pending is
    mended first.

    Raises:
        ActionError: Helm refuses, or a rollout or Job does not become complete.
    """
    helm = await _Helm.of(step, ctx)
    digest = await asyncio.to_thread(_digest, step, ctx.folder)
    state = await helm.status()
    if state is not None and state.status.startswith(("pending", "uninstalling")):
        state = await helm.mend(state.status)
    if state is not None and state.status == "failed":
        ctx.warn(f"release {step.release} has failed before: {state.description}")
    same = state is not None and bool(digest) and state[:2] == ("deployed", f"{_MARK}{digest}")
    if state is None or not same:
        stood, state = state is not None, await helm.upgrade(step, digest)
        if stood:
            await _warn_of_crds(helm, step, ctx)
    note = f"revision {state.revision}" + (", unchanged" if same else "")
    if step.wait:
        waited = await _wait(helm, step, ctx)
        note = ", ".join(filter(None, (note, waited)))
    return Done(note, changed=not same)


async def uninstall(step: HelmUninstall, ctx: Context) -> Done:
    """Uninstall a release, if there is one.

    Raises:
        ActionError: Helm refuses.
    """
    helm = await _Helm.of(step, ctx)
    if await helm.status() is None:
        return Done(f"there is no release {step.release}", changed=False)
    await helm.run("uninstall", step.release)
    return Done(f"uninstalled release {step.release}")


async def _wait(helm: _Helm, step: HelmInstall, ctx: Context) -> str:
    """Wait for the rollouts and Jobs of a release, and return what has become of them."""
    manifest = await helm.run("get", "manifest", step.release, tell=False)
    objects = await asyncio.to_thread(read_objects, manifest, f"release {step.release}")
    async with connect(ctx) as api:
        return await _wait_for(api, objects, step.namespace, ctx)


async def _wait_for(api: Api, objects: Sequence[Manifest], own: str, ctx: Context) -> str:
    targets: dict[str, list[Target]] = {}
    for each in objects:
        namespace = each.namespace or own
        if each.kind in _ROLLOUTS and each.api_version == "apps/v1":
            targets.setdefault(namespace, []).append(Rollout(each.kind.lower(), each.name, namespace))
        elif each.kind == "Job" and not await _has_gone(api, each, namespace, ctx):
            targets.setdefault(namespace, []).append(Job(each.name, namespace))
    notes = [(await wait_for(api, found, place, ctx)).note for place, found in targets.items()]
    return ", ".join(notes)


async def _has_gone(api: Api, job: Manifest, namespace: str, ctx: Context) -> bool:
    """Return whether a Job of a release has finished and been deleted for it, as its manifest has it."""
    seconds = job.body.get("spec", {}).get("ttlSecondsAfterFinished")
    if seconds is None or await api.find(f"/apis/batch/v1/namespaces/{namespace}/jobs/{job.name}"):
        return False
    ctx.log(f"job/{job.name} is gone, as its `ttlSecondsAfterFinished: {seconds}` has it")
    return True


async def _warn_of_crds(helm: _Helm, step: HelmInstall, ctx: Context) -> None:
    """Warn where a release's CRDs are not as its chart has them: helm makes CRDs, and never changes them."""
    with contextlib.suppress(ActionError):
        shown = await helm.run("show", "crds", *helm.source(step), tell=False)
        crds = await asyncio.to_thread(read_objects, shown, f"CRDs of {step.chart}")
        async with connect(ctx) as api:
            discovery = Discovery(api)
            behind = [each.name for each in crds if await _differs(api, discovery, each)]
        if behind:
            names = ", ".join(behind)
            ctx.warn(f"on an upgrade helm leaves CRDs alone, and the chart's differ: {names}; {_APPLY}")


async def _differs(api: Api, discovery: Discovery, crd: Manifest) -> bool:
    """Return whether an object would be another if it were applied."""
    resource = await discovery.resource(crd.api_version, crd.kind)
    path = resource.item("", crd.name)
    before = await api.find(path)
    after = await api.apply(path, prepared(crd.body, resource, ""), dryRun="All")
    return before is None or not are_alike(before, after)


def _digest(step: HelmInstall, folder: Path) -> str:
    """Return a checksum of all that decides what is installed; empty where that is not known; blocks."""
    found = hashlib.sha256(json.dumps([step.release, step.chart, step.version, step.values]).encode())
    path = step.path
    if path is None and step.version is None:
        return ""  # the latest may be another
    files = [*step.files]
    if path is not None:
        chart = folder / path
        files += sorted(file for file in chart.rglob("*") if file.is_file()) if chart.is_dir() else [chart]
    for file in files:
        found.update(str(file).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


class _State(NamedTuple):
    """What Helm knows of a release."""

    status: str
    description: str
    revision: int

    @classmethod
    def read(cls, output: bytes) -> _State:
        """Read what `helm status` prints."""
        found = json.loads(output)
        return cls(found["info"]["status"], found["info"].get("description", ""), found["version"])


class _Helm:
    """The `helm` program, with the plan's cluster and a namespace."""

    def __init__(self, kubeconfig: Path, context: str, namespace: str, release: str, ctx: Context) -> None:
        self._where = (f"--kubeconfig={kubeconfig}", f"--kube-context={context}", f"--namespace={namespace}")
        self._release = release
        self._ctx = ctx

    @classmethod
    async def of(cls, step: HelmInstall | HelmUninstall, ctx: Context) -> _Helm:
        """Return the program for a step, once the cluster can be reached."""
        cluster = ctx.cluster
        context = await reach(cluster, ctx.cluster_host, ctx.log)
        return cls(cluster.kubeconfig, context, step.namespace, step.release, ctx)

    async def status(self) -> _State | None:
        """Return what Helm knows of the release; None if there is none."""
        try:
            return _State.read(await self.run("status", self._release, "--output=json", tell=False))
        except _NotFoundError:
            return None

    async def mend(self, status: str) -> _State | None:
        """End what an earlier attempt has left pending, and return what is known of the release then."""
        self._ctx.warn(f"release {self._release} was left {status}: mending it")
        if status in {"pending-install", "uninstalling"}:
            await self.run("uninstall", self._release)
        else:
            await self.run("rollback", self._release)
        return await self.status()

    def source(self, step: HelmInstall) -> list[str]:
        """Return a step's chart, and the options that say where it is."""
        options = [f"--repo={step.repository}"] if step.repository else []
        options += [f"--version={step.version}"] if step.version else []
        return [step.chart if step.path is None else str(self._ctx.folder / step.path), *options]

    async def upgrade(self, step: HelmInstall, digest: str) -> _State:
        """Install or upgrade the release, and return what is known of it then."""
        chart, *options = self.source(step)
        options += [f"--description={_MARK}{digest}"] if digest else []
        options += [f"--values={file}" for file in step.files]
        directory = await asyncio.to_thread(tempfile.mkdtemp, prefix="bringup-")  # for this user alone
        try:
            if step.values:
                values = Path(directory) / "values.json"
                await asyncio.to_thread(values.write_text, json.dumps(step.values))
                options.append(f"--values={values}")
            with self._ctx.span("install", self._release):
                given = ("upgrade", self._release, chart, "--install", "--create-namespace", "--output=json")
                return _State.read(await self.run(*given, *options, tell=False))
        finally:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    async def run(self, *argv: str, tell: bool = True) -> bytes:
        """Run the program, and return what it prints.

        Args:
            argv: Its arguments.
            tell: Whether what it prints is told; what it prints as errors always is.

        Raises:
            ActionError: It is not there, refuses, or was not done at the deadline.
        """
        if await asyncio.to_thread(shutil.which, "helm") is None:
            raise ActionError("there is no program helm on this machine", "install it: https://helm.sh")
        status, output, lines = await printed_by(("helm", *argv, *self._where), self._ctx, NO_OTHER_CLUSTER)
        if tell:
            self._ctx.log(output.decode(errors="replace").splitlines())
        if status:
            raise _refusal(argv[0], lines, status)
        self._ctx.log(lines)
        return output


class _NotFoundError(ActionError):
    """There is no such release."""


def _refusal(verb: str, lines: Sequence[str], status: int) -> ActionError:
    text = next((line for line in reversed(lines) if line.startswith("Error: ")), "")
    why = text.removeprefix("Error: ") or f"exited with status {status}"
    kind = _NotFoundError if why.endswith("release: not found") else ActionError
    details = tuple(line for line in lines if line != text)[-_KEPT:]
    return kind(f"helm {verb}: {why}", hint_for(why, "kubernetes"), details)
