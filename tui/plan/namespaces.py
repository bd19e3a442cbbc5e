"""Which Kubernetes namespaces a step makes, and which it uses."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from tui.plan.document import parse_document
from tui.plan.faults import PlanError
from tui.plan.sources import is_remote, manifest_files, read_source
from tui.plan.steps import KubernetesApply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.steps import Step

GIVEN = frozenset({"default", "kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
"""The namespaces that a Kind cluster has from the start."""

_SEPARATOR = re.compile(r"(?m)^---(?:[ \t].*)?$")
_CONTENT = re.compile(r"(?m)^\s*[^\s#]")


def made_by(step: Step, variables: dict[str, Any]) -> frozenset[str] | None:
    """Return the namespaces that a step makes; None if it may make any, as what it fetches may."""
    if not isinstance(step, KubernetesApply):
        return step.namespaces_made
    if any(not isinstance(source, str) or is_remote(source) for source in step.manifests):
        return None
    try:
        return frozenset(_name(o, "name") for o in _objects(step, variables) if o.get("kind") == "Namespace")
    except PlanError:  # applying it will say what is wrong with it
        return None


def used_by(step: Step, variables: dict[str, Any]) -> frozenset[str]:
    """Return the namespaces that must exist before a step, or be made by it."""
    found = step.namespaces_used
    if isinstance(step, KubernetesApply):
        with contextlib.suppress(PlanError):
            found |= {_name(each, "namespace") for each in _objects(step, variables)}
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
