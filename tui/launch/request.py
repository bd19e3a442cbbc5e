"""What a user asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.plan.address import DEFAULT, LOCAL, parse_address
from tui.plan.bundled import find_plan
from tui.plan.document import read_document
from tui.plan.faults import suggest
from tui.plan.load import LoadedPlan, load_plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.plan.model import Plan


class UsageError(BringupError):
    """What was asked for does not fit the plan."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked for.

    Attributes:
        plan: A file, a folder or a bundled plan's name; None for the default.
        files: --values.
        settings: --set.
        mode: --mode; None for the default.
        environment: --env.
        host: --host: the address of where tasks run that name no host, or `local`; None for the plan's own.
        speed: How many times as fast a rehearsal is.
        fail: For a rehearsal's tasks that are to fail, in how many attempts.
        recording: The run that is rehearsed; None for the bundled one.
        begin: --from.
        only: --only.
        resume: The run to take up, "" for the latest; None for a new start.
    """

    plan: str | None = None
    files: tuple[Path, ...] = ()
    settings: tuple[str, ...] = ()
    mode: str | None = None
    environment: str = "auto"
    host: str | None = None
    speed: float = 1.0
    fail: dict[str, int] = field(default_factory=dict)
    recording: str | None = None
    begin: str | None = None
    only: tuple[str, ...] = ()
    resume: str | None = None


def load(request: Request) -> LoadedPlan:
    """Reads the plan that was asked for.

    Raises:
        PlanError: It is not usable.
    """
    return load_plan(find_plan(request.plan), request.files, request.settings)


def may_go_elsewhere(request: Request) -> bool:
    """Whether a request may lead to a machine over SSH, as far as can be said without loading its plan."""
    if request.environment == "rehearsal":
        return False
    if request.host not in (None, LOCAL) or request.resume is not None:
        return True
    try:
        path = find_plan(request.plan)
        if "hosts" not in path.read_text(encoding="utf-8"):  # to read it in full takes longer
            return False
        plan = read_document(path).value
        return isinstance(plan, dict) and bool(plan.get("hosts"))
    except (BringupError, OSError, ValueError):  # it is told when the plan is read in earnest
        return False


def host_addresses(request: Request, plan: Plan) -> dict[str, str]:
    """The addresses of a plan's hosts by their names, with what was asked for.

    Raises:
        UsageError: What was asked for is no address.
    """
    if request.host is None:
        return dict(plan.hosts)
    if request.host == LOCAL:
        return {**plan.hosts, DEFAULT: LOCAL}
    try:
        return {**plan.hosts, DEFAULT: parse_address(request.host).url}
    except ValueError as error:
        cause, hint = error.args
        raise UsageError(f"--host: {cause}", hint) from error


def known_task(task: str, plan: Plan, option: str) -> str:
    """A task's name.

    Raises:
        UsageError: The plan has no task of that name.
    """
    ids = [each.id for each in plan.tasks]
    if task not in ids:
        raise UsageError(f"{option} {task}: the plan has no such task", suggest(task, ids))
    return task


def selected(names: Sequence[str]) -> tuple[str, ...]:
    """Task names given one by one or with commas between them."""
    return tuple(part for name in names for part in name.split(",") if part)
