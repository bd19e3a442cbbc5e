"""The files that a plan fills in: its manifests, and the configuration of its cluster."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.plan.cluster_config import check_config, check_values
from tui.plan.data import made_of
from tui.plan.faults import Fault, Place, PlanError
from tui.plan.manifests import local_files, read_bytes, read_file
from tui.plan.steps import ConfigMap, KubernetesApply, Secret
from tui.plan.steps.cluster import ClusterCreate
from tui.plan.substitute import REFERENCE, fill_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.plan.document import Document
    from tui.plan.model import Plan
    from tui.plan.steps import Step
    from tui.plan.steps.base import StepBase


def check_files(plan: Plan, document: Document) -> list[Fault]:
    """Find, before anything runs, the files that cannot be filled in, and what a provider would refuse.

    Files that are missing are left out.

    Args:
        plan: The plan.
        document: The plan as it is written.
    """
    faults: dict[Fault, None] = {}
    steps = [(step, plan.variables_of(step, task.each)) for task in plan.tasks for step in task.wanted_steps]
    for step, known in [*steps, *((step, plan.variables_of(step)) for step in plan.down)]:
        for error in _errors(step, known, _provider(plan, step)):
            faults |= dict.fromkeys(error.faults)
    for p, phase in enumerate(plan.phases):
        for t, task in enumerate(phase.tasks):
            for s, step in enumerate(task.steps):
                if isinstance(step, ClusterCreate) and isinstance(step.config, dict):
                    part = document.part(("phases", p, "tasks", t, "steps", s, "config"))
                    try:
                        check_values(step.config, part, _provider(plan, step))
                    except PlanError as error:
                        faults |= dict.fromkeys(error.faults)
    return list(faults)


def _provider(plan: Plan, step: Step) -> str:
    cluster = plan.cluster_of(step)
    return cluster.provider if cluster else "kind"


def _errors(step: Step, variables: Mapping[str, Any], provider: str) -> list[PlanError]:
    errors: list[PlanError] = []
    if isinstance(step, ClusterCreate) and isinstance(step.config, Path) and step.config.exists():
        try:
            text = read_text(step.config)
            filled = fill_text(text, variables, str(step.config))
            check_config(text, filled, str(step.config), provider)
        except PlanError as error:
            errors.append(error)
    elif isinstance(step, KubernetesApply):
        checks: list[Callable[[], object]] = [
            partial(made_of, each)
            for each in step.manifests
            if isinstance(each, ConfigMap | Secret) and all(path.exists() for path in each.paths)
        ]
        if step.substitute:
            missing = {each for each in step.manifests if isinstance(each, str) and not Path(each).exists()}
            checks += [partial(read_file, f, variables) for f in local_files(step) if str(f) not in missing]
        for check in checks:
            try:
                check()
            except PlanError as error:
                errors.append(error)
    return errors


def read_text(file: Path) -> str:
    """Read a file's text.

    Raises:
        PlanError: The file cannot be read, or is no UTF-8.
    """
    try:
        return read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanError.at(Place(str(file), 0), "is not UTF-8 text", "save it as UTF-8") from error


def references(step: StepBase) -> list[tuple[Place, str]]:
    """Return the references in the files that a step fills in, each with its place."""
    files: list[Path] = []
    if isinstance(step, ClusterCreate) and isinstance(step.config, Path):
        files = [step.config]
    elif isinstance(step, KubernetesApply) and step.substitute:
        files = list(local_files(step))
    found: list[tuple[Place, str]] = []
    for file in files:
        with contextlib.suppress(PlanError):
            for number, line in enumerate(read_text(file).splitlines(), 1):
                matches = (m for m in REFERENCE.finditer(line) if not m[0].startswith("$$"))
                found += [(Place(str(file), number, m.start() + 1), m["name"]) for m in matches]
    return found
