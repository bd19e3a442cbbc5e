"""Which Kubernetes namespaces a step makes, and which it uses."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tui.plan.faults import PlanError
from tui.plan.manifests import Manifest, inline_objects, is_known, local_files, read_file
from tui.plan.replacing import moved
from tui.plan.steps import KubernetesApply

if TYPE_CHECKING:
    from tui.plan.steps import Step

GIVEN = frozenset({"default", "kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
"""The namespaces that a Kind cluster has from the start."""


def made_by(step: Step, variables: dict[str, Any]) -> frozenset[str] | None:
    """Return the namespaces that a step makes; None if it may make any, as what it fetches may."""
    if not isinstance(step, KubernetesApply):
        return step.namespaces_made
    if any(not is_known(source) for source in step.manifests):
        return None
    try:
        return frozenset(each.name for each in _objects(step, variables) if each.kind == "Namespace")
    except PlanError:  # applying it will say what is wrong with it
        return None


def used_by(step: Step, variables: dict[str, Any]) -> frozenset[str]:
    """Return the namespaces that must exist before a step, or be made by it."""
    found = step.namespaces_used
    if isinstance(step, KubernetesApply):
        with contextlib.suppress(PlanError):
            found |= {each.namespace for each in _objects(step, variables)}
    return found - {""}


def _objects(step: KubernetesApply, variables: dict[str, Any]) -> list[Manifest]:
    """Read the objects in a step's files.

    Raises:
        PlanError: A file cannot be read, or two objects would be one.
    """
    filled = variables if step.substitute else None
    read = [found for file in local_files(step) for found in read_file(file, filled)]
    found = [*read, *inline_objects(step)]
    return moved(found, step.move_to) if step.move_to else found
