"""`bringup status`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail
from tui.cli.look import is_well, look, print_findings, print_report
from tui.cli.options import (
    EPILOG,
    FAILED,
    OUTPUT,
    UP,
    errors,
    host_options,
    plan_or_run_options,
    print_json,
)
from tui.errors import BringupError

if TYPE_CHECKING:
    from tui.doctor.finding import Finding
    from tui.launch.specification import Specification
    from tui.plan.model import Plan
    from tui.run.kept_run import KeptRun
    from tui.run.standing import Stands


@click.command(epilog=EPILOG)
@plan_or_run_options
@host_options
@OUTPUT
@click.option("--runs", "list_runs", is_flag=True, hidden=True)
def status(output: str, verbose: bool, list_runs: bool, **given: Any) -> None:
    """Report how RUN, or the latest run of PLAN, went, and what of it is up now.

    Exit with 1 if not all of it is up.
    """
    with errors(), Detail(verbose):
        from tui.launch.request import Request
        from tui.launch.specification import followed_run, resolve_run
        from tui.run.store import Store

        request, store = Request(**given), Store()
        if list_runs:
            raise BringupError("`status` reports on one run", "list them with `bringup runs`")

        import dataclasses

        from tui.console.in_full import in_full
        from tui.doctor.standing import examine_standing
        from tui.run.standing import Stands

        try:
            specification = resolve_run(request, store)
        except BringupError:  # its plan or its values are not there any more
            if output == "text" and (run := followed_run(request, store)):
                print_report(run, Stands(journal=str(run.directory), running=run.is_running))
            raise
        run = specification.run
        down = store.taken_down_by(run) if run else None
        if output == "text":
            _print_run(run, specification, down)
        found = [*_taken_down(down), *look(examine_standing, specification)]
        if output == "text":
            print_findings(found)
        else:
            whole = in_full(run, _stands(run, specification.plan, down)) if run else None
            print_json({"run": whole, "stands": [dataclasses.asdict(each) for each in found]})
        # What a run left undone is not all among what can be asked.
        went_well = run.state.result == "succeeded" if run and run.is_real else bool(found)
        sys.exit(UP if went_well and is_well(found) else FAILED)


def _taken_down(down: KeptRun | None) -> list[Finding]:
    from tui.doctor.finding import Finding

    if down is None:
        return []
    part = "it" if down.state.outcome == "succeeded" else "part of it"
    return [Finding("taken down", "fault", f"run {down.id} took {part} down", "run `bringup up`")]


def _stands(run: KeptRun, plan: Plan, down: KeptRun | None) -> Stands:
    from tui.run.standing import standing

    return standing(plan, str(run.directory), running=run.is_running, taken_down=down is not None)


def _print_run(run: KeptRun | None, specification: Specification, down: KeptRun | None) -> None:
    if run is None:
        values = " with these values" if specification.loaded.files or specification.loaded.settings else ""
        name = specification.plan.name
        click.echo(f"plan {name!r} has not been run yet{values}; `bringup up` brings it up\n")
    else:
        from tui.cli.advise import first_advice

        advice = None if down else first_advice(run)
        print_report(run, _stands(run, specification.plan, down), advice=advice)
