"""Which environment a plan is brought up in."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

from tui.actions.environment import Environment, KindEnvironment
from tui.errors import NotReadyError
from tui.hosts.local import LocalHost
from tui.launch.request import UsageError, known_task
from tui.run.folders import recording_folder

if TYPE_CHECKING:
    from collections.abc import Container

    from tui.hosts.host import Host
    from tui.launch.request import Request
    from tui.plan.model import Plan


def choose_environment(request: Request, plan: Plan) -> Environment:
    """The environment that was asked for, or with `auto` the real one where it can be had.

    Raises:
        NotReadyError: It cannot be had.
        UsageError: An option does not go with it.
    """
    host = LocalHost()
    wanted = request.environment
    if wanted == "rehearsal":
        return _rehearsal(request, plan, "")
    missing = asyncio.run(_missing(host, plan))
    if missing is None:
        if request.fail or request.recording:
            raise UsageError("--fail and --recording go with a rehearsal", "add --env rehearsal")
        return KindEnvironment(host)
    if wanted == "kind":
        hint = "; ".join(filter(None, (missing.hint, "`bringup doctor` says what else is missing")))
        raise NotReadyError(missing.cause, hint)
    return _rehearsal(request, plan, f"{missing.cause} (`bringup doctor` says what to do)")


def check_cluster_stands(plan: Plan, environment: Environment, done: Container[str]) -> None:
    """Makes sure that a run whose cluster was made by an earlier one still finds it.

    Raises:
        UsageError: The cluster is gone.
    """
    creates = any(task.id in done and any(s.kind == "kind.create" for s in task.steps) for task in plan.tasks)
    if creates and plan.cluster is not None and not asyncio.run(_stands(plan.cluster.name, environment.host)):
        raise UsageError(
            f"cluster {plan.cluster.name!r}, which the earlier run made, is gone",
            "run `bringup up` without --resume",
        )


async def _stands(cluster: str, host: Host) -> bool:
    from tui.actions.kind.nodes import find_nodes

    engine = await host.engine()
    async with engine.client() as docker:
        return bool(await find_nodes(docker, cluster))


async def _missing(host: LocalHost, plan: Plan) -> NotReadyError | None:
    """What keeps a plan from being brought up for real here, if anything does."""
    kinds = {step.kind for task in plan.tasks for step in task.steps}
    wants_kind = any(kind.startswith("kind.") for kind in kinds)
    if wants_kind and shutil.which("kind") is None:
        return NotReadyError("the `kind` command is not installed", "install kind: https://kind.sigs.k8s.io")
    if wants_kind or any(kind.startswith("image.") for kind in kinds):
        try:
            await host.engine()
        except NotReadyError as error:
            return error
    return None


def _rehearsal(request: Request, plan: Plan, why: str) -> Environment:
    from tui.rehearsal.environment import RehearsalEnvironment
    from tui.rehearsal.recording import bundled_recording, read_recording

    folder = recording_folder(request.recording) if request.recording else bundled_recording(plan.name)
    if folder is None:
        raise NotReadyError(
            "; ".join(filter(None, (why, f"plan {plan.name!r} has no recording to rehearse"))),
            "bring it up for real once, then name that run with --recording",
        )
    for task in request.fail:
        known_task(task, plan, "--fail")
    environment = RehearsalEnvironment(read_recording(folder), request.speed, request.fail)
    if why:
        environment.note += f"\nbecause {why}"
    return environment
