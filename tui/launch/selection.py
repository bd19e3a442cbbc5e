"""Which tasks are run, and which have been done already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui.launch.request import UsageError, known_task, load
from tui.plan.address import DEFAULT, LOCAL
from tui.run.directories import runs_folder
from tui.run.journal import read_state, runs
from tui.secrets import MASK

if TYPE_CHECKING:
    from tui.launch.request import Request
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan
    from tui.run import events as e
    from tui.run.state import RunState


class Earlier(NamedTuple):
    """The run that is taken up: how it began, and how far it came."""

    started: e.RunStarted
    state: RunState


def kept(request: Request, loaded: LoadedPlan, earlier: Earlier | None) -> dict[str, str]:
    """The tasks that are not to be run, with the run that did them, or "" where that is taken on trust."""
    keep: dict[str, str] = {}
    if earlier is not None:
        keep = {
            id_: task.kept or (earlier.started.run if task.attempts else "")
            for id_, task in earlier.state.tasks.items()
            if task.status == "succeeded"
        }
    order = loaded.graph.order
    if request.begin is not None:
        first = order.index(known_task(request.begin, loaded.plan, "--from"))
        keep = {id_: keep.get(id_, "") for id_ in order[:first]}
    if request.only:
        wanted = {known_task(task, loaded.plan, "--only") for task in request.only}
        keep = {id_: keep.get(id_, "") for id_ in order if id_ not in wanted}
    return keep


def where_it_was(request: Request, plan: Plan) -> Request:
    """The request for the machine that the plan was last brought up on, where no other is named."""
    latest = next(runs(runs_folder(), plan.name), None)
    return request if latest is None else replace(request, host=_host(request, latest[1]))


def _host(request: Request, started: e.RunStarted) -> str | None:
    """The host of tasks that name none: as it was asked for, else as an earlier run had it, if it had one."""
    if request.host is not None or started.environment == "rehearsal":
        return request.host
    return started.hosts.get(DEFAULT) if started.hosts else LOCAL


def earlier_run(request: Request) -> Earlier:
    """The run to take up.

    Raises:
        UsageError: There is none.
    """
    hint = "`bringup status --runs` lists the runs that are kept"
    if request.resume:
        folder = runs_folder() / request.resume
        found = next((run for run in runs(runs_folder()) if run[0] == folder), None)
        if found is None:
            raise UsageError(f"--resume {request.resume}: there is no such run", hint)
    else:
        name = load(request).plan.name
        found = next(runs(runs_folder(), name), None)
        if found is None:
            hint = "run `bringup up` without --resume"
            raise UsageError(f"--resume: plan {name!r} has not been run yet", hint)
    folder, started = found
    return Earlier(started, read_state(folder))


def resumed(request: Request, earlier: Earlier) -> Request:
    """The request with what the earlier run was given.

    Raises:
        UsageError: It was given a secret, which has to be given again.
    """
    started = earlier.started
    lost = [setting for setting in started.settings if MASK in setting]
    given = {setting.partition("=")[0] for setting in request.settings}
    for setting in lost:
        name = setting.partition("=")[0]
        if name not in given:
            raise UsageError(
                f"run {started.run} was given {name!r}, a secret, which is not kept",
                f"give it again: --resume {started.run} --set {name}=…",
            )
    settings = tuple(s for s in started.settings if s not in lost and s not in request.settings)
    return replace(
        request,
        plan=request.plan or started.path,
        files=request.files or tuple(Path(file) for file in started.files),
        settings=(*settings, *request.settings),
        mode=request.mode or earlier.state.mode,
        host=_host(request, started),
        environment=started.environment if request.environment == "auto" else request.environment,
        recording=request.recording or started.recording or None,
        speed=started.speed if request.speed == 1.0 else request.speed,
    )


def check_same_plan(loaded: LoadedPlan, earlier: Earlier) -> None:
    """Makes sure that a run is resumed with the plan and variables that it began with.

    Raises:
        UsageError: They have changed.
    """
    if loaded.digest != earlier.started.digest:
        raise UsageError(
            f"the plan or its variables have changed since run {earlier.started.run}",
            "run `bringup up` without --resume: what is done already is found so and takes no time",
        )
