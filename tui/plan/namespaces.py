"""Which Kubernetes namespaces a step makes, and which it uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tui.plan.document import parse_document
from tui.plan.faults import PlanError
from tui.plan.sources import is_remote, manifest_files, read_source
from tui.plan.steps import (
    KubernetesApply,
    KubernetesNamespace,
    KubernetesProbe,
    KubernetesPullSecret,
    KubernetesWait,
    PostgresMigrate,
    PostgresVerify,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.steps import Step

GIVEN = frozenset({"default", "kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
"""The namespaces that a Kind cluster has from the start."""

_SEPARATOR = re.compile(r"(?m)^---(?:[ \t].*)?$")
_CONTENT = re.compile(r"(?m)^\s*[^\s#]")


def made_by(step: Step, variables: dict[str, Any]) -> set[str] | None:
    """The namespaces that a step makes; None where that cannot be known: it fetches what it applies."""
    if isinstance(step, KubernetesNamespace):
        return set(step.names)
    if not isinstance(step, KubernetesApply):
        return set()
    if any(not isinstance(source, str) or is_remote(source) for source in step.manifests):
        return None
    try:
        return {_name(o, "name") for o in _objects(step, variables) if o.get("kind") == "Namespace"}
    except PlanError:  # applying it will say what is wrong with it
        return None


def used_by(step: Step, variables: dict[str, Any]) -> set[str]:
    """The namespaces that must be there for a step."""
    found: set[str] = set()
    if isinstance(step, KubernetesPullSecret | KubernetesWait):
        found = {step.namespace}
    elif isinstance(step, PostgresMigrate | PostgresVerify):
        found = {step.connection.namespace}
    elif isinstance(step, KubernetesProbe):
        found = {_name(step.manifest, "namespace")}
    elif isinstance(step, KubernetesApply):
        found = {step.namespace or ""}
        try:
            found |= {_name(each, "namespace") for each in _objects(step, variables)}
        except PlanError:
            return found - {""}
    return found - {""}


def _objects(step: KubernetesApply, variables: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects in a step's files.

    Raises:
        PlanError: One cannot be read.
    """
    for file in manifest_files(step):
        text = read_source(file, variables if step.substitute else None)
        for part in _SEPARATOR.split(text):
            if _CONTENT.search(part):
                yield from _unpacked(parse_document(part, str(file)).value)


def _unpacked(value: Any) -> Iterator[dict[str, Any]]:
    """An object, or those of a `List`."""
    if isinstance(value, dict) and str(value.get("kind", "")).endswith("List"):
        items = value.get("items")
        for item in items if isinstance(items, list) else ():
            yield from _unpacked(item)
    elif isinstance(value, dict):
        yield value


def _name(manifest: dict[str, Any], key: str) -> str:
    metadata = manifest.get("metadata")
    return str(metadata.get(key) or "") if isinstance(metadata, dict) else ""
