"""Looking: at plans, at this machine, at what stands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail, terminal
from tui.cli.options import (
    EPILOG,
    FAILED,
    NOT_READY,
    OUTPUT,
    UP,
    errors,
    host_options,
    plan_options,
    print_json,
    width,
)
from tui.completion import complete_run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from tui.doctor import Finding
    from tui.hosts.host_set import Hosts
    from tui.launch.request import Request
    from tui.plan.model import Plan
    from tui.run.events import RunStarted


@click.group()
def plan() -> None:
    """Look at a plan without bringing it up."""


@plan.command()
@plan_options
@OUTPUT
def show(output: str, **given: Any) -> None:
    """Show a plan's phases, tasks, needs and steps."""
    with errors():
        from tui.console.plan_tree import as_data, tree
        from tui.console.style import Style, wants_colour
        from tui.launch.request import Request, load

        loaded = load(Request(**given))
        if output == "json":
            print_json(as_data(loaded))
        else:
            for line in tree(loaded, Style(wants_colour(sys.stdout))):
                click.echo(line, color=True)


@plan.command()
@plan_options
@OUTPUT
@click.option("--recording", metavar="RUN|FOLDER", shell_complete=complete_run, help="Whose times to go by.")
def lint(output: str, recording: str | None, **given: Any) -> None:
    """Say what is questionable about a plan; exits with 1 where something will bite."""
    with errors():
        import dataclasses

        from tui.console.plan_tree import remarks
        from tui.console.style import Style, wants_colour
        from tui.launch.request import Request, load
        from tui.plan.lint import lint as find_remarks

        loaded = load(Request(**given))
        found = find_remarks(loaded, _recorded_seconds(recording, loaded.plan.name))
        if output == "json":
            print_json([dataclasses.asdict(remark) for remark in found])
        else:
            for line in remarks(found, Style(wants_colour(sys.stdout))):
                click.echo(line, color=True)
        sys.exit(FAILED if any(remark.level == "fault" for remark in found) else UP)


@plan.command()
def schema() -> None:
    """Print the JSON Schema of plans, for editors."""
    from tui.plan.schema import plan_schema

    print_json(plan_schema())


def _recorded_seconds(recording: str | None, plan_name: str) -> dict[str, float]:
    """How long the plan's tasks took, by the run that was named or else the bundled recording."""
    from tui.rehearsal.recording import bundled_recording, read_recording
    from tui.run.directories import recording_folder

    folder = recording_folder(recording) if recording else bundled_recording(plan_name)
    return read_recording(folder).seconds if folder else {}


@click.command(epilog=EPILOG)
@plan_options
@host_options
@OUTPUT
def doctor(output: str, verbose: bool, **given: Any) -> None:
    """Say whether a machine is ready for a plan, and what to do if not; exits with 3 if not."""
    with errors(), Detail(verbose):
        from tui.doctor import examine
        from tui.launch.request import Request, load

        request = Request(**given)
        plan = load(request).plan
        sys.exit(UP if _print_findings(examine, plan, request, output) else NOT_READY)


@click.command(epilog=EPILOG)
@plan_options
@host_options
@OUTPUT
@click.option("--runs", "list_runs", is_flag=True, help="List the runs that are kept, newest first.")
def status(output: str, verbose: bool, list_runs: bool, **given: Any) -> None:
    """Say how a plan's latest run went and what of it stands now; exits with 1 if that is not all."""
    with errors(), Detail(verbose):
        from tui.doctor.standing import examine_standing
        from tui.launch.request import Request, load
        from tui.launch.selection import where_it_was
        from tui.run.directories import runs_folder
        from tui.run.journal import runs

        request = Request(**given)
        plan = load(request).plan
        kept = runs(runs_folder(), plan.name)
        if list_runs:
            _print_runs(kept, output)
            sys.exit(UP)
        if output == "text":
            _print_latest(next(kept, None), plan)
        found = _print_findings(examine_standing, plan, where_it_was(request, plan), output)
        sys.exit(UP if found else FAILED)


def _print_findings(
    look: Callable[[Plan, Hosts], Awaitable[list[Finding]]], plan: Plan, request: Request, output: str
) -> bool:
    """Looks, prints what was found, and returns whether nothing is at fault."""
    import asyncio
    import dataclasses

    from tui.console.findings import findings
    from tui.console.style import Style, wants_colour
    from tui.launch.choose_environment import look_at

    found = asyncio.run(look_at(look, plan, request, terminal()))
    if output == "json":
        print_json([dataclasses.asdict(each) for each in found])
    else:
        for line in findings(found, Style(wants_colour(sys.stdout))):
            click.echo(line, color=True)
    return all(each.level != "fault" for each in found)


def _print_latest(latest: tuple[Path, RunStarted] | None, plan: Plan) -> None:
    from tui.console.report import report, standing
    from tui.console.style import Style, wants_colour
    from tui.run.journal import read_state

    if latest is None:
        click.echo(f"plan {plan.name!r} has not been run yet; `bringup up` brings it up\n")
        return
    folder, started = latest
    where = f"{started.environment} on {started.where}"
    click.echo(f"latest run {started.run}, {started.started}, {where}, {started.mode}")
    for line in report(
        read_state(folder), standing(plan, str(folder)), Style(wants_colour(sys.stdout)), width()
    ):
        click.echo(line, color=True)


def _print_runs(kept: Iterator[tuple[Path, RunStarted]], output: str) -> None:
    from tui.console.runs import as_data, table
    from tui.run.journal import read_state

    states = (read_state(folder) for folder, _ in kept)
    if output == "json":
        print_json(as_data(states))
    else:
        for line in table(states):
            click.echo(line)
