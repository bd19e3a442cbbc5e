"""`bringup status`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail
from tui.cli.look import is_well, look, print_findings
from tui.cli.options import (
    EPILOG,
    FAILED,
    OUTPUT,
    UP,
    errors,
    host_options,
    plan_or_run_options,
    print_json,
    width,
)
from tui.errors import BringupError

if TYPE_CHECKING:
    from tui.launch.specification import Specification
    from tui.plan.model import Plan
    from tui.run.store import KeptRun, Store


@click.command(epilog=EPILOG)
@plan_or_run_options
@host_options
@OUTPUT
@click.option("--runs", "list_runs", is_flag=True, help="List the kept runs of PLAN, or all, newest first.")
def status(output: str, verbose: bool, list_runs: bool, **given: Any) -> None:
    """Report how RUN, or the latest run of PLAN, went, and what of it is up now.

    Exit with 1 if not all of it is up.
    """
    with errors(), Detail(verbose):
        from tui.launch.request import Request, load
        from tui.launch.specification import followed_run, resolve_run
        from tui.run.store import Store

        request, store = Request(**given), Store()
        if list_runs:
            _print_runs(store, load(request).plan.name if request.plan else None, output)
            sys.exit(UP)

        import dataclasses

        from tui.console.report import standing
        from tui.console.runs import in_full
        from tui.doctor.standing import examine_standing

        try:
            specification = resolve_run(request, store)
        except BringupError:  # its plan or its values are not there any more
            if output == "text" and (run := followed_run(request, store)):
                _print_report(run, None)
            raise
        run = specification.run
        if output == "text":
            _print_run(run, specification)
        found = look(examine_standing, specification)
        if output == "text":
            print_findings(found)
        else:
            directory = str(run.directory) if run else ""
            stands = standing(specification.plan, directory, running=bool(run and run.is_running))
            whole = in_full(run, stands) if run else None
            print_json({"run": whole, "stands": [dataclasses.asdict(each) for each in found]})
        sys.exit(UP if is_well(found) else FAILED)


def _print_run(run: KeptRun | None, specification: Specification) -> None:
    if run is None:
        values = " with these values" if specification.loaded.files or specification.loaded.settings else ""
        name = specification.plan.name
        click.echo(f"plan {name!r} has not been run yet{values}; `bringup up` brings it up\n")
    else:
        _print_report(run, specification.plan)


def _print_report(run: KeptRun, plan: Plan | None) -> None:
    from tui.console.report import Stands, report, standing
    from tui.console.style import Style, wants_colour

    started = run.started
    where = f"{started.environment} on {started.where}"
    click.echo(f"run {run.id}, {started.started}, {where}, {started.mode}")
    directory, running = str(run.directory), run.is_running
    stands = (
        standing(plan, directory, running=running) if plan else Stands("", (), directory, running=running)
    )
    for line in report(run.state, stands, Style(wants_colour(sys.stdout)), width()):
        click.echo(line, color=True)


def _print_runs(store: Store, plan: str | None, output: str) -> None:
    from tui.console.runs import summary, table

    runs = store.readable(plan)
    if output == "json":
        print_json([summary(run) for run in runs])
    else:
        for line in table(runs, lambda: store.skipped):
            click.echo(line)
