"""Which tasks are run, and which have been done already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.launch.request import UsageError, known_task, load
from tui.run.folders import runs_folder
from tui.run.journal import read_state, runs
from tui.run.mask import MASK

if TYPE_CHECKING:
    from tui.launch.request import Request
    from tui.plan.load import Loaded
    from tui.run import events as e


def kept(request: Request, loaded: Loaded, earlier: tuple[Path, e.RunStarted] | None) -> dict[str, str]:
    """The tasks that are not to be run, with the run that did them, or "" where that is taken on trust."""
    keep: dict[str, str] = {}
    if earlier is not None:
        state = read_state(earlier[0])
        keep = {
            id_: task.kept or (earlier[1].run if task.attempts else "")
            for id_, task in state.tasks.items()
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


def earlier_run(request: Request) -> tuple[Path, e.RunStarted]:
    """The run to take up."""
    hint = "`bringup status --runs` lists the runs that are kept"
    if request.resume:
        folder = runs_folder() / request.resume
        found = next((run for run in runs(runs_folder()) if run[0] == folder), None)
        if found is None:
            raise UsageError(f"--resume {request.resume}: there is no such run", hint)
        return found
    name = load(request).plan.name
    found = next(runs(runs_folder(), name), None)
    if found is None:
        raise UsageError(f"--resume: plan {name!r} has not been run yet", "run `bringup up` without --resume")
    return found


def resumed(request: Request, folder: Path, started: e.RunStarted) -> Request:
    """The request with what the earlier run was given, and that fits it."""
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
    request = replace(
        request,
        plan=request.plan or started.path,
        files=request.files or tuple(Path(file) for file in started.files),
        settings=(*settings, *request.settings),
        mode=request.mode or read_state(folder).mode,
        environment=started.environment if request.environment == "auto" else request.environment,
        recording=request.recording or started.recording or None,
        speed=started.speed if request.speed == 1.0 else request.speed,
    )
    if load(request).digest != started.digest:
        raise UsageError(
            f"the plan or its variables have changed since run {started.run}",
            "run `bringup up` without --resume: what is done already is found so and takes no time",
        )
    return request
