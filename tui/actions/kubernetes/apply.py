"""The step `kubernetes.apply`."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.actions.kubernetes.certificates import with_certificates
from tui.actions.kubernetes.kustomize import build
from tui.actions.kubernetes.leaving import staying
from tui.actions.kubernetes.persistence import persist
from tui.actions.kubernetes.pod_templates import with_fast_probes, with_image_ids
from tui.actions.kubernetes.pushed_images import with_pushed_images
from tui.actions.kubernetes.server_side import (
    fields_taken_over,
    is_replaceable,
    named,
    outcome_of,
    prepared,
    repeated_variables,
    server_fields,
)
from tui.clients.download import fetch
from tui.clients.kubernetes.api import MERGE, ApiError, UnreachableError
from tui.clients.kubernetes.discovery import Discovery
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.plan.data import made_of
from tui.plan.failures import KNOWN
from tui.plan.labels import labelled
from tui.plan.manifests import (
    THE_PLAN,
    Manifest,
    is_remote,
    manifest_files,
    nested_directories,
    read_file,
    read_objects,
    with_namespaces,
)
from tui.plan.replacing import moved, with_images
from tui.plan.steps import Certificate, ConfigMap, Inline, Kustomized, Remote, Secret
from tui.reporter import Done, end_of
from tui.secrets import secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.actions.context import Context
    from tui.actions.kubernetes.server_side import Outcome
    from tui.clients.kubernetes.api import Api
    from tui.clients.kubernetes.discovery import Resource
    from tui.plan.steps import KubernetesApply

_ESTABLISHED_WITHIN = 60.0
_POLL = 0.2


async def apply(step: KubernetesApply, ctx: Context) -> Done:
    """Apply a step's manifests: namespaces and CRDs first.

    Returns:
        Unchanged if every object already was as its manifest says.

    Raises:
        BringupError: A manifest cannot be read, or the API server refuses an object.
    """
    manifests = await load(step, ctx)
    for value in secret_values(manifests):
        ctx.secret(value)
    manifests = await with_image_ids(manifests, ctx)
    if step.probes == "fast":
        manifests = with_fast_probes(manifests, ctx)
    namespace = step.move_to or step.namespace or "default"
    async with connect(ctx) as api:
        manifests = await with_pushed_images(manifests, ctx, api)
        wanted = [each for each in step.manifests if isinstance(each, Certificate)]
        manifests = await with_certificates(manifests, wanted, namespace, api, ctx)
        application = _Application(api, ctx, namespace, len(manifests), step.replace)
        outcomes = await application.run(manifests)
    if application.placed and not (step.move_to or step.namespace) and api.namespace not in {"", namespace}:
        ctx.warn(
            f"{_shown(application.placed)} and so went to {namespace}, while kubectl takes {api.namespace}, "
            "the namespace of the context: write `namespace` in the step or in the manifest"
        )
    counts = Counter(outcomes)
    parts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))
    return Done(f"{len(outcomes)} objects: {parts}", changed=set(counts) != {"unchanged"})


def _shown(titles: Sequence[str]) -> str:
    more = f" and {len(titles) - 1} more name" if len(titles) > 1 else " names"
    return f"{titles[0]}{more} no namespace"


def in_order(manifests: Sequence[Manifest]) -> tuple[list[Manifest], list[Manifest], list[Manifest]]:
    """Split objects into namespaces, CRDs and the rest, which may need either; each in the order given."""
    namespaces = [m for m in manifests if m.kind == "Namespace"]
    definitions = [m for m in manifests if m.kind == "CustomResourceDefinition"]
    first = {id(m) for m in (*namespaces, *definitions)}
    return namespaces, definitions, [m for m in manifests if id(m) not in first]


async def load(step: KubernetesApply, ctx: Context) -> list[Manifest]:
    """Read all of a step's manifests but certificates, in order, with other images and in another namespace.

    Raises:
        BringupError: A manifest cannot be read or fetched, or refers to an undefined variable.
    """
    variables = ctx.variables if step.substitute else None
    found: list[Manifest] = []
    made: list[Manifest] = []  # which pods may need from their start
    for entry in step.manifests:
        if isinstance(entry, str) and not is_remote(entry):
            path = ctx.folder / entry
            for directory in await asyncio.to_thread(nested_directories, path) if not step.recursive else ():
                ctx.log(f"{directory} is left out: write `recursive: true` to apply it too")
            for file in await asyncio.to_thread(manifest_files, path, recursive=step.recursive):
                found += await asyncio.to_thread(read_file, file, variables)
        elif isinstance(entry, Inline):
            found.append(Manifest(entry.object, THE_PLAN))
        elif isinstance(entry, Kustomized):
            content = await build(entry.kustomize, ctx)
            found += await asyncio.to_thread(read_objects, content, str(entry.kustomize), variables)
        elif isinstance(entry, ConfigMap | Secret):
            made.append(await asyncio.to_thread(made_of, entry))
        elif not isinstance(entry, Certificate):  # which needs to know what is in the cluster
            remote = entry if isinstance(entry, Remote) else Remote(url=entry)
            content = await fetch(remote, ctx.cache / "manifests", ctx)
            found += await asyncio.to_thread(read_objects, content, remote.url)
    found = with_namespaces([*made, *found], ctx.cluster.namespaces)
    if not found and not any(isinstance(each, Certificate) for each in step.manifests):
        raise ActionError("the manifests hold no objects", "check the step's files and directories")
    found, unmet = with_images(found, step.images)
    if unmet:
        ctx.warn(f"`images` names what no object has: {', '.join(unmet)}")
    return moved(found, step.move_to) if step.move_to else found


def secret_values(manifests: Iterable[Manifest]) -> Iterator[str]:
    """Yield what Secrets hold, decoded: secret values, and passwords in URLs and configurations."""
    for manifest in manifests:
        if manifest.kind == "Secret":
            data = manifest.body.get("data")
            decoded = {key: _decoded(value) for key, value in data.items()} if isinstance(data, dict) else {}
            for values in (manifest.body.get("stringData"), decoded):
                yield from {*secrets_in(values, declared=True), *secrets_in(values)}


def _decoded(value: Any) -> Any:
    try:
        return base64.b64decode(value).decode() if isinstance(value, str) else value
    except ValueError:  # binary, or no base64
        return value


class _Application:
    """One run of the step."""

    def __init__(
        self, api: Api, ctx: Context, namespace: str, total: int, replaceable: Sequence[str] = ()
    ) -> None:
        self._api = api
        self._ctx = ctx
        self._namespace = namespace
        self._total = total
        self._replaceable = replaceable
        self._discovery = Discovery(api)
        self._outcomes: list[Outcome] = []
        self.placed: list[str] = []  # objects that the step gave their namespace

    async def run(self, manifests: Sequence[Manifest]) -> list[Outcome]:
        namespaces, definitions, rest = in_order([named(manifest) for manifest in manifests])
        for manifest in (*namespaces, *definitions):
            await self._take(manifest)
        for definition in definitions:
            await self._established(definition)
        for manifest in rest:
            await self._take(manifest)
        return self._outcomes

    async def _take(self, manifest: Manifest) -> None:
        """Apply an object, and report the outcome."""
        self._ctx.progress(len(self._outcomes), self._total, "objects", manifest.title)
        if fields := server_fields(manifest.body):
            left_out = ", ".join(fields)
            self._ctx.log(f"{manifest.title} was exported: left out what the server writes ({left_out}, …)")
        outcome = await self._persist(manifest)
        resource = await self._discovery.resource(manifest.api_version, manifest.kind)
        self.placed += [manifest.title] if resource.namespaced and not manifest.namespace else []
        for twice in repeated_variables(manifest.body) if resource.is_built_in else ():
            self._ctx.log(f"{manifest.title}: {twice} stands twice in `env`, and the last one counts")
        self._ctx.log(f"{manifest.title} {outcome}")
        self._outcomes.append(outcome)
        self._ctx.progress(len(self._outcomes), self._total, "objects", manifest.title)

    async def _persist(self, manifest: Manifest) -> Outcome:
        try:
            return await persist(partial(self._apply, manifest), manifest.title, self._ctx)
        except (ApiError, UnreachableError) as error:
            raise self._explained(manifest, error) from error

    async def _apply(self, manifest: Manifest) -> Outcome:
        resource = await self._discovery.resource(manifest.api_version, manifest.kind)
        body = prepared(manifest.body, resource, self._namespace)
        path = resource.item(body["metadata"].get("namespace", ""), manifest.name)
        before = await staying(self._api, path, manifest.title, self._ctx)
        if before and (fields := fields_taken_over(before)):
            self._ctx.log(f"{manifest.title}: taking over the fields that kubectl applied")
            version = before["metadata"]["resourceVersion"]
            taken = {"metadata": {"resourceVersion": version, "managedFields": fields}}
            await self._api.request("PATCH", path, body=taken, content_type=MERGE)
        body = labelled(body, before, self._ctx.cluster.owner)
        try:
            return outcome_of(before, await self._api.apply(path, body))
        except ApiError as error:
            named = any(_refers(each, manifest, resource) for each in self._replaceable)
            refused = "immutable" in error.message or error.hint == KNOWN["immutable"].hint
            if not (before and refused and (named or is_replaceable(before))):
                raise
        why = "may be replaced, and has" if named else "is finished, and its template has"
        self._ctx.log(f"{manifest.title} {why} changed: replacing it")
        await self._api.request("DELETE", path, query={"propagationPolicy": "Background"})
        await staying(self._api, path, manifest.title, self._ctx)
        await self._api.apply(path, body)
        return "replaced"

    async def _established(self, definition: Manifest) -> None:
        """Wait until the API server accepts objects of a CRD, which takes a moment."""
        resource = await self._discovery.resource(definition.api_version, definition.kind)
        now = asyncio.get_running_loop().time
        end = end_of(self._ctx, _ESTABLISHED_WITHIN)
        while True:
            found = await self._api.get(resource.item("", definition.name))
            conditions = {c["type"]: c for c in found.get("status", {}).get("conditions") or []}
            if conditions.get("Established", {}).get("status") == "True":
                return
            refused = conditions.get("NamesAccepted", {})
            if refused.get("status") == "False" or now() + _POLL >= end:
                raise ActionError(
                    f"{definition.title} was not established: {refused.get('message') or 'it took too long'}",
                    "another CRD may use the same names: kubectl get crds",
                )
            await asyncio.sleep(_POLL)

    def _explained(self, manifest: Manifest, error: ApiError | UnreachableError) -> ActionError:
        if isinstance(error, UnreachableError):
            return error
        hint = error.hint or f"it is in {manifest.source}"
        if error.hint == KNOWN["immutable"].hint:
            namespace = manifest.namespace or self._namespace
            hint = f"{hint}: kubectl -n {namespace} delete {manifest.kind.lower()} {manifest.name}; "
            hint += f"`replace: {manifest.kind.lower()}/{manifest.name}` has the step do so"
        cause = f"{manifest.title} was refused (status {error.status}): {error.message}"
        return ActionError(cause, hint, (manifest.source,) if manifest.source != THE_PLAN else ())


def _refers(reference: str, manifest: Manifest, resource: Resource) -> bool:
    """Return whether a reference such as `job/migrate` is to a manifest's object."""
    word, _, name = reference.lower().partition("/")
    kind, _, group = word.partition(".")
    return name == manifest.name and kind in resource.names and group in {"", resource.group}
