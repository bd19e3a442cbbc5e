"""`bringup plan show`, `lint`, `steps`, `schema`, `failures` and `reference`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion import complete_run, complete_step_kind
from tui.cli.group import Group
from tui.cli.options import FAILED, OUTPUT, UP, errors, plan_options, print_json, wide, width

if TYPE_CHECKING:
    from tui.launch.request import Request
    from tui.plan.load import LoadedPlan


class _Commands(Group):
    """The commands that look at a plan."""

    for_plan = "look at the plan: bringup plan show"


@click.group(cls=_Commands)
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
@click.option(
    "--recording", metavar="RUN", shell_complete=complete_run, help="Run whose times advice is based on."
)
def lint(output: str, recording: str | None, **given: Any) -> None:
    """Find what is questionable about a plan; exit with 1 if something will go wrong."""
    with errors():
        import dataclasses

        from tui.console.plan_tree import remarks
        from tui.console.style import Style, wants_colour
        from tui.launch.request import Request
        from tui.plan.lint import lint as find_remarks
        from tui.secrets import Masker, masked

        loaded = _whole(Request(**given))
        loaded.require_files()
        found = find_remarks(loaded, _recorded_seconds(recording, loaded.plan.name))
        masker = Masker(loaded.plan.secret_values)
        if output == "json":
            print_json(masked([dataclasses.asdict(remark) for remark in found], masker))
        else:
            for line in remarks(found, Style(wants_colour(sys.stdout))):
                click.echo(masker.mask(line), color=True)
        sys.exit(FAILED if any(remark.level == "fault" for remark in found) else UP)


def _whole(request: Request) -> LoadedPlan:
    """Read a plan that is linted.

    Raises:
        PlanError: It is not usable, or is only a part of one.
    """
    from tui.launch.request import load
    from tui.plan.bundled import find_plan
    from tui.plan.faults import Place, PlanError
    from tui.plan.include import is_part

    try:
        return load(request)
    except PlanError as error:
        if not is_part(path := find_plan(request.plan)):
            raise
        cause = "this is a part of a plan: it has no name, and no cluster"
        hint = "lint the plan that includes it, with which it is linted; a plan of its own needs a `name`"
        raise PlanError.at(Place(str(path), 1), cause, hint) from error


@plan.command()
@click.argument("kind", required=False, shell_complete=complete_step_kind)
@OUTPUT
def steps(kind: str | None, output: str) -> None:
    """List the kinds of steps, or print the reference of KIND: its keys, their defaults, an example.

    KIND may be a family, such as `kubernetes`, whose kinds are listed.
    """
    with errors():
        import dataclasses

        from tui.console.step_kinds import reference as lines_of
        from tui.console.step_kinds import table
        from tui.console.style import Style, wants_colour
        from tui.plan.parts import describe_kind
        from tui.plan.steps import STEPS

        family = [each for each in STEPS if not kind or each.startswith(f"{kind}.")]
        kinds = [describe_kind(each) for each in family or [kind or ""]]
        style = Style(wants_colour(sys.stdout))
        if output == "json":
            told = [dataclasses.asdict(each) for each in kinds]
            print_json(told if family else told[0])
        else:
            for line in table(kinds, style, wide()) if family else lines_of(kinds[0], style, width()):
                click.echo(line, color=True)


@plan.command()
def schema() -> None:
    """Print the JSON Schema of plans, for editors."""
    from tui.plan.schema import plan_schema

    print_json(plan_schema())


@plan.command()
def failures() -> None:
    """List the known failures that `retry.signatures` can name, with what helps."""
    from tui.plan.failures import KNOWN

    wide = max(map(len, KNOWN))
    for name, known in KNOWN.items():
        click.echo(f"{name:<{wide}}  {known.hint}")


@plan.command()
def reference() -> None:
    """Print the reference of plans, as Markdown."""
    from tui.plan.reference import reference as text

    click.echo(text(), nl=False)


def _recorded_seconds(recording: str | None, plan_name: str) -> dict[str, float]:
    """Return how long the plan's tasks took, by the named run or else the bundled recording."""
    from tui.rehearsal.recording import bundled_recording, read_recording
    from tui.run.store import Store

    kept = Store().open(recording, plan_name).directory if recording else None
    directory = kept or bundled_recording(plan_name)
    return read_recording(directory).seconds if directory else {}
