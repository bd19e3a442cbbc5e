"""What a run leaves in a job of GitHub Actions: annotations, and the summary of the step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.console.github import annotate, summarize
from tui.errors import BringupError
from tui.text import one_line

if TYPE_CHECKING:
    from tui.launch.run_handle import RunHandle
    from tui.plan.faults import Place
    from tui.plan.load import LoadedPlan
    from tui.run.state import RunState


def tell_job(run: RunHandle, state: RunState, output: str) -> None:
    """Print a run's annotations, and append its summary to that of the job's step.

    Args:
        run: The run, which has finished.
        state: The same.
        output: `text`, or `json`, in which no annotation can stand.
    """
    loaded = run.launch().loaded
    if output == "text":
        for line in annotate(state, lambda task, step: _place(loaded, task, step)):
            print(line)
    if state.started is None or (state.started.purpose == "down" and state.result == "succeeded"):
        return
    try:
        summarize(_summary(run, state), os.environ)
    except (BringupError, OSError) as error:
        click.echo(f"warning: the step's summary is not written: {one_line(str(error))}", err=True)


def _summary(run: RunHandle, state: RunState) -> str:
    from tui.cli.export import beside
    from tui.export import find_export
    from tui.export.exported_run import ExportedRun
    from tui.run.kept_run import KeptRun
    from tui.run.store import Store

    assert state.started is not None
    kept = KeptRun(run.directory, state.started)
    exported = ExportedRun(state, run.directory, compared_with=lambda: beside(Store(), kept))
    return find_export("md").of(exported).decode()


def _place(loaded: LoadedPlan, task: str, step: int) -> Place | None:
    """Return where a step stands in a file of the repository; None for a plan from elsewhere."""
    from tui.plan.faults import Place

    root = Path(os.environ.get("GITHUB_WORKSPACE", "."))
    try:
        place = loaded.place(task, "steps", step)
        return Place(str(loaded.path.resolve().relative_to(root.resolve())), place.line, place.column)
    except (KeyError, ValueError):  # a task of `down`, or a plan from elsewhere
        return None
