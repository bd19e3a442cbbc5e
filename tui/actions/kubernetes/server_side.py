"""What server-side apply takes of a manifest, whose fields it takes over, and what it changed."""

from __future__ import annotations

import copy
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from tui.clients.kubernetes.api import FIELD_MANAGER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.clients.kubernetes.api import Object
    from tui.clients.kubernetes.discovery import Resource
    from tui.plan.manifests import Manifest

Outcome = Literal["created", "configured", "unchanged", "replaced"]

_CHANGED_BY_ITSELF = ("managedFields", "resourceVersion")
_BOOKKEEPING = ("managedFields", "resourceVersion", "uid")
_OF_THE_SERVER = (
    *_BOOKKEEPING,
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "selfLink",
)
_LAST_APPLIED = "f:kubectl.kubernetes.io/last-applied-configuration"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # the API server's own, which make no words
_LONGEST_BASE = 58
_QUANTITIES = {"capacity", "hard", "limits", "podFixed", "requests"}
_OF_A_LIMIT_RANGE = {"default", "defaultRequest", "max", "maxLimitRequestRatio", "min"}
_QUANTITY = {"averageValue", "divisor", "sizeLimit", "targetAverageValue"}


def named(manifest: Manifest) -> Manifest:
    """Return a manifest with a name; one with `generateName` gets a new one, as the API server makes them.

    It is made here so that a second try, after an answer that was lost, applies the same object.
    """
    if manifest.name:
        return manifest
    metadata = manifest.body["metadata"]
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(5))
    name = f"{metadata['generateName'][:_LONGEST_BASE]}{suffix}"
    return replace(manifest, body={**manifest.body, "metadata": {**metadata, "name": name}})


def prepared(body: Object, resource: Resource, namespace: str) -> Object:
    """Return an object as server-side apply takes it.

    Exported objects lose what only the server writes, which it would refuse. Ports get the default protocol,
    and quantities become text: servers of before 2022 refuse a port without protocol, and `cpu: 1`. Of
    environment variables that stand twice the last one stays, which is the one that a container gets.

    Args:
        body: The object as it is written.
        resource: What the API server serves such objects as.
        namespace: The namespace of namespaced objects that name none.
    """
    result = copy.deepcopy(body)
    metadata = result["metadata"]
    for key in _OF_THE_SERVER:
        metadata.pop(key, None)
    if resource.has_status:
        result.pop("status", None)
    metadata["namespace"] = metadata.get("namespace") or namespace
    if not resource.namespaced:
        del metadata["namespace"]
    if "." not in resource.group:  # it is built in
        for port in _ports(result):
            port.setdefault("protocol", "TCP")
        for container in _containers(result):
            if isinstance(container.get("env"), list):
                container["env"] = _without_repeated(container["env"])
        _write_quantities(result)
    return result


def server_fields(body: Object) -> list[str]:
    """Return the fields that show that an object was exported from a cluster."""
    return [key for key in _BOOKKEEPING if body["metadata"].get(key)]


def repeated_variables(body: Object) -> list[str]:
    """Return the environment variables that stand twice in a container, as `CONTAINER: NAME`."""
    found: dict[str, None] = {}
    for container in _containers(body):
        variables = list(_mappings(container, "env"))
        kept = _without_repeated(variables)
        gone = [each for each in variables if not any(each is other for other in kept)]
        found |= {f"{container.get('name')}: {each['name']}": None for each in gone}
    return list(found)


def _without_repeated(variables: list[Any]) -> list[Any]:
    """Return variables without those that a later one of the same name follows."""
    names = [each.get("name") if isinstance(each, dict) else None for each in variables]
    last = {name: at for at, name in enumerate(names) if isinstance(name, str)}
    pairs = enumerate(zip(variables, names, strict=True))
    return [each for at, (each, name) in pairs if not isinstance(name, str) or last[name] == at]


def _ports(body: Object) -> Iterator[dict[str, Any]]:
    if body.get("kind") == "Service":
        yield from _mappings(body.get("spec"), "ports")
    for container in _containers(body):
        yield from _mappings(container, "ports")


def _containers(body: Object) -> Iterator[dict[str, Any]]:
    """Yield the containers of a pod, or of the pods that an object makes."""
    spec = body.get("spec")
    while isinstance(spec, dict) and ("template" in spec or "jobTemplate" in spec):
        inner = spec.get("template", spec.get("jobTemplate"))
        spec = inner.get("spec") if isinstance(inner, dict) else None
    for key in ("containers", "initContainers", "ephemeralContainers"):
        yield from _mappings(spec, key)


def _write_quantities(value: Any) -> None:
    """Turn numbers into text wherever an object has quantities, such as CPU and memory."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _QUANTITIES | _OF_A_LIMIT_RANGE and isinstance(item, dict):
                value[key] = {name: _quantity(amount) for name, amount in item.items()}
            elif key in _QUANTITY:
                value[key] = _quantity(item)
            else:
                _write_quantities(item)
    elif isinstance(value, list):
        for item in value:
            _write_quantities(item)


def _quantity(amount: Any) -> Any:
    return str(amount) if isinstance(amount, int | float) and not isinstance(amount, bool) else amount


def _mappings(holder: Any, key: str) -> Iterator[dict[str, Any]]:
    found = holder.get(key) if isinstance(holder, dict) else None
    yield from (each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict))


def fields_taken_over(found: Object) -> list[dict[str, Any]] | None:
    """Return an object's managed fields with those of `kubectl apply` made ours.

    Otherwise fields that kubectl applied would stay when they are taken out of the manifest. It is what
    `kubectl apply --server-side` does with the fields of whoever wrote kubectl's annotation.

    Returns:
        The new managed fields; None where kubectl has not applied the object.
    """
    entries: list[dict[str, Any]] = found["metadata"].get("managedFields") or []
    theirs = [entry for entry in entries if _is_client_side(entry)]
    if not theirs:
        return None
    ours = next(
        (e for e in entries if (e.get("manager"), e.get("operation")) == (FIELD_MANAGER, "Apply")), None
    )
    same = [entry for entry in theirs if ours is None or entry.get("apiVersion") == ours.get("apiVersion")]
    if not same:
        return None
    merged = {**(ours or same[0]), "manager": FIELD_MANAGER, "operation": "Apply"}
    for entry in same:
        merged["fieldsV1"] = _union(merged.get("fieldsV1") or {}, entry.get("fieldsV1") or {})
    return [merged, *(entry for entry in entries if entry is not ours and entry not in same)]


def _is_client_side(entry: dict[str, Any]) -> bool:
    annotations = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations") or {}
    return (
        entry.get("operation") == "Update" and not entry.get("subresource") and _LAST_APPLIED in annotations
    )


def _union(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return one | {key: _union(one.get(key) or {}, value or {}) for key, value in other.items()}


def outcome_of(before: Object | None, after: Object) -> Outcome:
    """Return what applying an object did, by what it was before and is now."""
    if before is None:
        return "created"
    if before["metadata"].get("resourceVersion") == after.get("metadata", {}).get("resourceVersion"):
        return "unchanged"
    return "unchanged" if are_alike(before, after) else "configured"


def are_alike(before: Object, after: Object) -> bool:
    """Return whether two states of an object differ by nothing that somebody wants of it."""
    return _wanted(before) == _wanted(after)


def _wanted(found: Object) -> dict[str, Any]:
    """Return an object without what the server and controllers write into it meanwhile."""
    metadata = {key: value for key, value in found["metadata"].items() if key not in _CHANGED_BY_ITSELF}
    return {**{key: value for key, value in found.items() if key != "status"}, "metadata": metadata}


def is_replaceable(before: Object) -> bool:
    """Return whether an object that cannot be changed may be replaced: a finished Job that we applied."""
    conditions = before.get("status", {}).get("conditions") or []
    finished = any(c["type"] in {"Complete", "Failed"} and c["status"] == "True" for c in conditions)
    managers = {entry.get("manager") for entry in before["metadata"].get("managedFields") or []}
    return before.get("kind") == "Job" and finished and FIELD_MANAGER in managers
