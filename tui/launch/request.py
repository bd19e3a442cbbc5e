"""What a user asked for, as the command line has it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.plan.address import LOCAL
from tui.plan.bundled import find_plan
from tui.plan.document import read_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.plan.load import LoadedPlan


class UsageError(BringupError):
    """What was asked for does not fit the plan."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked for.

    Attributes:
        plan: A file, a directory or a bundled plan's name; None for the default. Where a run may stand in its
            place, a reference to one.
        files: --values.
        settings: --set.
        mode: --mode; None for the default.
        prefetch: --prefetch; None for the mode's own way.
        environment: --env.
        host: --host: the address of where tasks run that name no host, or `local`; None for the plan's own.
        usual_host: BRINGUP_HOST: the same, unless a run is followed, which has a host.
        speed: How many times as fast a rehearsal is.
        fail: For a rehearsal's tasks that are to fail, in how many attempts.
        recording: The run that is rehearsed; None for the bundled one.
        begin: --from.
        only: --only.
        resume: The run to resume; None for a new start.
        allow_context: --allow-context: a context that plans may be brought up in from now on.
        snapshot: --from-snapshot: `auto`, `never`, or the id of a snapshot.
        cluster: --cluster: the cluster that is meant first, of several.
    """

    plan: str | None = None
    files: tuple[Path, ...] = ()
    settings: tuple[str, ...] = ()
    mode: str | None = None
    prefetch: bool | None = None
    environment: str = "auto"
    host: str | None = None
    usual_host: str | None = field(default_factory=lambda: os.environ.get("BRINGUP_HOST") or None)
    speed: float = 1.0
    fail: dict[str, int] = field(default_factory=dict)
    recording: str | None = None
    begin: str | None = None
    only: tuple[str, ...] = ()
    resume: str | None = None
    allow_context: str | None = None
    snapshot: str = "never"
    cluster: str | None = None


def selected(names: Sequence[str]) -> tuple[str, ...]:
    """Return task names that were given one by one or with commas between them.

    Raises:
        UsageError: One of them is empty, as an unset variable of a shell makes it.
    """
    for name in names:
        if not name.strip(" ,"):
            raise UsageError("--only names no task", "name one, or leave --only out to run all")
    return tuple(part.strip() for name in names for part in name.split(",") if part.strip())


def load(request: Request) -> LoadedPlan:
    """Read the plan that was asked for; the files that it names may be missing.

    Raises:
        PlanError: It is not usable.
    """
    # A tenth of a second, which lists of runs and completion do not pay.
    from tui.plan.load import load_without_files

    return load_without_files(find_plan(request.plan), request.files, request.settings)


def may_go_elsewhere(request: Request) -> bool:
    """Return whether a request may lead to a machine over SSH, as far as is known without its plan."""
    if request.environment == "rehearsal":
        return False
    if {request.host, request.usual_host} - {None, LOCAL} or request.resume is not None:
        return True
    try:
        path = find_plan(request.plan)
        if "hosts" not in path.read_text(encoding="utf-8"):  # to read it in full takes longer
            return False
        plan = read_document(path).value
        return isinstance(plan, dict) and bool(plan.get("hosts"))
    except (BringupError, OSError, ValueError):  # it is told when the plan is read in earnest
        return False


def plan_name(request: Request) -> str:
    """Return the name of the plan that was asked for, as its file has it.

    Raises:
        PlanError: The plan cannot be read.
    """
    document = read_document(find_plan(request.plan)).value
    name = document.get("name") if isinstance(document, dict) else None
    return name if isinstance(name, str) else load(request).plan.name
