"""The steps `kubernetes.patch` and `kubernetes.restart`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.actions.kubernetes.differences import differences
from tui.actions.kubernetes.persistence import persist
from tui.actions.kubernetes.rollouts import Rollout
from tui.actions.kubernetes.server_side import outcome_of
from tui.clients.kubernetes.api import FIELD_MANAGER, MERGE, ApiError, UnreachableError
from tui.clients.kubernetes.discovery import Discovery
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.reporter import Done
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api, Object
    from tui.clients.kubernetes.discovery import Resource
    from tui.plan.steps import KubernetesPatch, KubernetesRestart

_JSON = "application/json-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_UNSUPPORTED = 415
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


async def patch(step: KubernetesPatch, ctx: Context) -> Done:
    """Change some fields of objects, and report what has changed.

    Returns:
        Unchanged if all was so already.

    Raises:
        ActionError: There is no such object, or the API server refuses.
    """
    changed = total = 0
    async with connect(ctx) as api:
        discovery = Discovery(api)
        for reference in step.objects:
            word, _, name = reference.partition("/")
            resource = await discovery.named(word)
            if resource is None:
                raise ActionError(f"the cluster knows no kind {word}", "apply its definition first")
            for before in await _objects(api, resource, name, step.namespace):
                total += 1
                changed += await _change(api, resource, before, step, ctx)
    return Done(f"{changed} of {plural(total, 'object')} changed", changed=changed > 0)


async def restart(step: KubernetesRestart, ctx: Context) -> Done:
    """Have rollouts replace their pods, as `kubectl rollout restart` does.

    Raises:
        ActionError: There is no such rollout, or the API server refuses.
    """
    notes = {"metadata": {"annotations": {_RESTARTED: datetime.now(UTC).isoformat(timespec="seconds")}}}
    async with connect(ctx) as api:
        for text in step.rollouts:
            rollout = Rollout.parse(text, step.namespace)
            path = f"{rollout.collection}/{rollout.name}"
            if await api.find(path) is None:
                raise _absent(str(rollout), step.namespace)
            await _send(api, path, {"spec": {"template": notes}}, _STRATEGIC, str(rollout), ctx)
            ctx.log(f"{rollout} restarted")
    return Done(f"{plural(len(step.rollouts), 'rollout')} restarted")


async def _objects(api: Api, resource: Resource, name: str, namespace: str) -> list[Object]:
    """Return the objects of a name; all of the kind for `*`.

    Raises:
        ActionError: There is none.
    """
    if name == "*":
        listed = (await api.get(resource.collection(namespace))).get("items") or []
        version = resource.root.removeprefix("/apis/").removeprefix("/api/")
        found = [{"apiVersion": version, "kind": resource.kind, **each} for each in listed]
    else:
        found = [each] if (each := await api.find(resource.item(namespace, name))) else []
    if not found:
        raise _absent(f"{resource.kind.lower()}/{name}", namespace if resource.namespaced else "")
    return found


def _absent(what: str, namespace: str) -> ActionError:
    where = f" in namespace {namespace}" if namespace else ""
    return ActionError(f"there is no {what}{where}", "apply it in a step before, or correct its name")


async def _change(api: Api, resource: Resource, before: Object, step: KubernetesPatch, ctx: Context) -> bool:
    """Change an object, report the differences, and return whether there are any."""
    metadata = before["metadata"]
    path = resource.item(metadata.get("namespace", ""), metadata["name"])
    title = f"{resource.kind.lower()}/{metadata['name']}"
    after = before
    for body, content_type in _patches(step, before):
        after = await _send(api, path, body, content_type, title, ctx)
    if outcome_of(before, after) == "unchanged":
        ctx.log(f"{title} unchanged")
        return False
    for line in differences(before, after, secret=resource.kind == "Secret"):
        ctx.log(f"{title}: {line}")
    return True


def _patches(step: KubernetesPatch, before: Object) -> Iterator[tuple[Any, str]]:
    """Yield the patches of a step, each with its content type; none that would change nothing."""
    if step.strategic:
        yield step.strategic, _STRATEGIC
    if step.merge:
        yield step.merge, MERGE
    if operations := [each for each in step.json_patch if not _is_done(each, before)]:
        yield operations, _JSON
    if step.labels or step.annotations:
        yield {"metadata": {"labels": step.labels, "annotations": step.annotations}}, MERGE
    old = before.get("spec", {}).get("taints") or []
    new = old
    for text in step.taints:
        new = _tainted(new, text)
    if new != old:
        yield {"spec": {"taints": new or None}}, MERGE


def _is_done(operation: dict[str, Any], before: Object) -> bool:
    """Return whether a JSON Patch operation that would not be repeatable has been done before."""
    pointer = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    *parents, last = pointer or [""]
    value: Any = before
    for part in parents:
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    if operation["op"] == "add":
        return last == "-" and isinstance(value, list) and operation.get("value") in value
    if operation["op"] == "remove" and parents:
        return not (last in value if isinstance(value, dict) else isinstance(value, list) and last.isdigit())
    return False


def _tainted(taints: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Return taints with one more, or without one whose text ends with `-`, as `kubectl taint` has it."""
    removes = text.endswith("-")
    name, _, effect = text.removesuffix("-").partition(":")
    key, equals, value = name.partition("=")
    others = [each for each in taints if each["key"] != key or (effect and each["effect"] != effect)]
    if removes:
        return others
    taint = {"key": key, **({"value": value} if equals else {}), "effect": effect}
    same = next((each for each in taints if {k: each.get(k) for k in taint} == taint), None)
    return taints if same else [*others, taint]


async def _send(api: Api, path: str, body: Any, content_type: str, title: str, ctx: Context) -> Object:
    """Send a patch, again while the server cannot take it.

    Raises:
        ActionError: It refuses.
    """
    query = {"fieldManager": FIELD_MANAGER}
    request = partial(api.request, "PATCH", path, query=query, body=body, content_type=content_type)
    try:
        return await persist(request, title, ctx)
    except (ApiError, UnreachableError) as error:
        if isinstance(error, ApiError) and error.status == _UNSUPPORTED:
            hint = "write `merge` in place of `strategic`: only built-in kinds take that"
            raise ActionError(f"{title} cannot be patched: {error.message}", hint) from error
        raise ActionError(f"{title} cannot be patched: {error.cause}", error.hint) from error
