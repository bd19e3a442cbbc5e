"""A rule on what Kind's configuration says to no effect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tui.plan.document import get, items
from tui.plan.faults import PlanError, shown
from tui.plan.sources import read_text
from tui.plan.steps.cluster import ClusterCreate
from tui.plan.substitute import fill_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.lint.remark import Remark, StepAt, Subject


def of_no_effect(subject: Subject) -> Iterator[Remark]:
    """Remark on a name that the cluster does not get, and on files for its nodes that are not there."""
    plan = subject.loaded.plan
    for at in subject.steps:
        cluster = plan.cluster_of(at.step)
        if not isinstance(at.step, ClusterCreate) or cluster is None or cluster.provider != "kind":
            continue
        config = _read(at.step, subject, at)
        name = get(config, ("name",))
        if name and str(name) != cluster.name:
            text = f"the configuration calls the cluster {shown(name)}, but it is made as {cluster.name!r}"
            hint = "take `name` out of the configuration, or write it as `name` of the plan's `cluster`"
            yield subject.remark(at, "name-not-used", text, hint, "advice")
        if plan.hosts:  # the files of other machines are not known
            continue
        folder = plan.folder_of(at.step)
        for path in dict.fromkeys(_files(config)):
            if not (folder / path).exists():
                text = f"`extraMounts` name the file {path}, which is not there: the nodes get a directory"
                hint = f"correct the path, which begins at {folder}, or make the file before this step"
                yield subject.remark(at, "mount-missing", text, hint, "advice")


def _read(step: ClusterCreate, subject: Subject, at: StepAt) -> Any:
    """Return a step's configuration; None where it cannot be read, which is told by itself."""
    if not isinstance(step.config, Path):
        return step.config
    try:
        text = fill_text(read_text(step.config), subject.variables(at), str(step.config))
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (PlanError, yaml.YAMLError):
        return None


def _files(config: Any) -> Iterator[str]:
    """Yield the paths that nodes are to see as files; engines make directories of what is not there."""
    for node in items(config, "nodes"):
        for mount in items(node, "extraMounts"):
            path, inside = (str(get(mount, (key,)) or "") for key in ("hostPath", "containerPath"))
            if path and Path(inside).suffix and not path.endswith("/"):
                yield path
