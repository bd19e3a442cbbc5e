"""Which Kubernetes namespaces a step makes, and which it uses."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tui.plan.faults import PlanError
from tui.plan.manifests import (
    Manifest,
    inline_objects,
    is_known,
    local_files,
    read_file,
    with_namespaces,
)
from tui.plan.replacing import moved
from tui.plan.steps import KubernetesApply

if TYPE_CHECKING:
    from tui.plan.own_namespaces import Namespaces
    from tui.plan.steps import Step


def made_by(
    step: Step, variables: dict[str, Any], namespaces: Namespaces | None = None
) -> frozenset[str] | None:
    """Return the namespaces that a step makes; None if it may make any, as what it fetches may.

    Args:
        step: The step.
        variables: What its files are filled in from.
        namespaces: How the plan's namespaces are named.
    """
    if not isinstance(step, KubernetesApply):
        return step.namespaces_made
    if any(not is_known(source) for source in step.manifests):
        return None
    try:
        objects = objects_of(step, variables, namespaces)
    except PlanError:  # applying it will say what is wrong with it
        return None
    return frozenset(each.name for each in objects if each.kind == "Namespace")


def used_by(step: Step, variables: dict[str, Any], namespaces: Namespaces | None = None) -> frozenset[str]:
    """Return the namespaces that must exist before a step, or be made by it; see `made_by`."""
    found = step.namespaces_used
    if isinstance(step, KubernetesApply):
        with contextlib.suppress(PlanError):
            found |= {each.namespace for each in objects_of(step, variables, namespaces)}
    return found - {""}


def objects_of(
    step: KubernetesApply, variables: dict[str, Any], namespaces: Namespaces | None = None
) -> list[Manifest]:
    """Read the objects in a step's files and in itself; see `made_by`.

    Raises:
        PlanError: A file cannot be read, or two objects would be one.
    """
    filled = variables if step.substitute else None
    read = [found for file in local_files(step) for found in read_file(file, filled)]
    found = with_namespaces([*read, *inline_objects(step)], namespaces)
    return moved(found, step.move_to) if step.move_to else found
