"""The commands, their options and exit codes. Each command imports what it uses, when it is used."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui import __version__
from tui.completion import complete_plan, complete_run, complete_task
from tui.console.streams import prepare as prepare_streams
from tui.errors import BringupError, NotReadyError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tui.doctor import Finding
    from tui.hosts.host import Host
    from tui.launch.launch import Launch
    from tui.plan.model import Plan
    from tui.run.events import RunStarted
    from tui.views import View

UP, FAILED, USAGE, NOT_READY, INTERRUPTED = 0, 1, 2, 3, 130
MODES = ("parallel", "sequential", "eager")

_EPILOG = (
    "Exit codes: 0 up · 1 a task failed · 2 usage or plan error · 3 environment not ready · 130 interrupted."
)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Turns what bringup says of a failure into lines and an exit code."""
    from tui.plan.faults import PlanError

    try:
        yield
    except PlanError as error:
        for fault in error.faults:
            click.echo(f"error: {fault}", err=True)
        sys.exit(USAGE)
    except BringupError as error:
        click.echo(f"error: {error.cause}", err=True)
        for line in error.details:
            click.echo(f"  {line}", err=True)
        if error.hint:
            click.echo(f"  hint: {error.hint}", err=True)
        sys.exit(NOT_READY if isinstance(error, NotReadyError) else USAGE)
    except BrokenPipeError:
        sys.exit(FAILED)


_PLAN = click.argument("plan", required=False, metavar="[PLAN]", shell_complete=complete_plan)
_OUTPUT = click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)


def _plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """PLAN and what changes its variables."""
    command = click.option(
        "--set", "settings", multiple=True, metavar="KEY.PATH=VALUE", help="Change a variable."
    )(command)
    file = click.Path(path_type=Path, dir_okay=False)
    command = click.option(
        "--values", "files", multiple=True, type=file, help="Change variables by a YAML file."
    )(command)
    return _PLAN(command)


def _environment_options(command: Callable[..., Any]) -> Callable[..., Any]:
    kinds = click.Choice(["auto", "kind", "rehearsal"])
    text = "Where: a real Kind cluster, or a rehearsal over a recording; auto takes what can be had."
    return click.option("--env", "environment", type=kinds, default="auto", show_default=True, help=text)(
        command
    )


class _Commands(click.Group):
    """The commands, of which `up` is meant where none is named."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Puts `up` before options that are its own, or where there is nothing."""
        own = {name for option in self.get_params(context) for name in option.opts}
        if not context.resilient_parsing and (not args or (args[0].startswith("-") and args[0] not in own)):
            args = ["up", *args]
        return super().parse_args(context, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(__version__, prog_name="bringup")
def main() -> None:
    """Brings a Kubernetes end-to-end test environment up, and shows where the time goes.

    Without a command it is `up`: in a terminal a dashboard, elsewhere lines.

    PLAN is a plan's file, its folder, or a bundled plan's name; without one, ./bringup.yaml or else
    the bundled `workflowexecution`.
    """
    prepare_streams()


@main.command(epilog=_EPILOG)
@_plan_options
@_environment_options
@_OUTPUT
@click.option(
    "--mode", type=click.Choice(MODES), help="parallel (default): phases are barriers; eager: only needs are."
)
@click.option(
    "--from",
    "begin",
    metavar="TASK",
    shell_complete=complete_task,
    help="Take all tasks before TASK as done.",
)
@click.option(
    "--only", multiple=True, metavar="TASK", shell_complete=complete_task, help="Run only these tasks."
)
@click.option(
    "--resume",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    shell_complete=complete_run,
    help="Take up what the latest run, or RUN, left undone.",
)
@click.option(
    "--speed", type=click.FloatRange(0.01, 1000), default=1.0, help="Rehearsal: how many times as fast."
)
@click.option("--fail", multiple=True, metavar="TASK[:ATTEMPTS]", help="Rehearsal: make a task fail.")
@click.option(
    "--recording", metavar="RUN|FOLDER", shell_complete=complete_run, help="Rehearsal: of which run."
)
@click.option(
    "--tui/--no-tui",
    "tui",
    default=None,
    help="The dashboard, or lines; default: a terminal gets the dashboard.",
)
def up(output: str, tui: bool | None, fail: tuple[str, ...], only: tuple[str, ...], **given: Any) -> None:
    """Bring an environment up."""
    with _errors():
        view, failures = _view(output, tui), _failures(fail)

        def launching() -> contextlib.AbstractContextManager[Launch]:
            from tui.launch.launch import launch_up
            from tui.launch.request import Request, selected

            request = Request(fail=failures, only=selected(only), **given)
            return launch_up(request, stay=view == "dashboard")

        sys.exit(_show(launching, view, output, given["plan"]))


@main.command(epilog=_EPILOG)
@_plan_options
@_OUTPUT
def down(output: str, **given: Any) -> None:
    """Take an environment away again."""
    with _errors():

        def launching() -> contextlib.AbstractContextManager[Launch]:
            from tui.launch.launch import launch_down
            from tui.launch.request import Request

            return launch_down(Request(environment="kind", **given))

        sys.exit(_show(launching, _view(output, False), output, given["plan"]))


def _view(output: str, tui: bool | None) -> View:
    """What a run is shown in: the dashboard where a person looks on, unless told otherwise."""
    import os

    if output == "json":
        return "json"
    person = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if tui and not person:
        raise click.UsageError("--tui needs a terminal to draw on and to read keys from")
    return "dashboard" if person and (tui or (tui is None and not os.environ.get("CI"))) else "text"


def _failures(given: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for text in given:
        task, colon, attempts = text.partition(":")
        if colon and not attempts.isdigit():
            raise click.BadParameter(f"{text!r} is not TASK or TASK:ATTEMPTS", param_hint="--fail")
        found[task] = int(attempts) if colon else 1
    return found


def _show(
    launching: Callable[[], contextlib.AbstractContextManager[Launch]],
    view: View,
    output: str,
    plan_name: str | None,
) -> int:
    """Shows a run to its end, reports it, and returns the exit code."""
    from tui.console.style import Style, wants_colour
    from tui.views import Opening, Show

    style = Style(output == "text" and wants_colour(sys.stdout))
    opening = Opening(launching, plan_name)
    try:
        state = Show(opening, style, can_switch=view == "dashboard").run(view)
    finally:  # whatever it is, nothing that was started may be left running
        opening.close()
    if output == "text" and state.started is not None:
        from tui.console.report import report, standing

        launch = opening.launch()
        for line in report(state, standing(launch.loaded.plan, str(launch.folder)), style, _width()):
            click.echo(line, color=style.colour)
    if opening.interrupts:
        return INTERRUPTED
    return UP if state.outcome == "succeeded" else FAILED


def _width() -> int:
    import shutil

    return min(shutil.get_terminal_size((100, 24)).columns, 160)


@main.group()
def plan() -> None:
    """Look at a plan without bringing it up."""


@plan.command()
@_plan_options
@_OUTPUT
def show(output: str, **given: Any) -> None:
    """Show a plan's phases, tasks, needs and steps."""
    with _errors():
        from tui.console.outline import as_data, tree
        from tui.console.style import Style, wants_colour
        from tui.launch.request import Request, load

        loaded = load(Request(**given))
        if output == "json":
            _print_json(as_data(loaded))
        else:
            for line in tree(loaded, Style(wants_colour(sys.stdout))):
                click.echo(line, color=True)


@plan.command()
@_plan_options
@_OUTPUT
@click.option("--recording", metavar="RUN|FOLDER", shell_complete=complete_run, help="Whose times to go by.")
def lint(output: str, recording: str | None, **given: Any) -> None:
    """Say what is questionable about a plan; exits with 1 where something will bite."""
    with _errors():
        import dataclasses

        from tui.console.outline import remarks
        from tui.console.style import Style, wants_colour
        from tui.launch.request import Request, load
        from tui.plan.lint import lint as find_remarks

        loaded = load(Request(**given))
        found = find_remarks(loaded, _recorded_seconds(recording, loaded.plan.name))
        if output == "json":
            _print_json([dataclasses.asdict(remark) for remark in found])
        else:
            for line in remarks(found, Style(wants_colour(sys.stdout))):
                click.echo(line, color=True)
        sys.exit(FAILED if any(remark.level == "fault" for remark in found) else UP)


@plan.command()
def schema() -> None:
    """Print the JSON Schema of plans, for editors."""
    from tui.plan.schema import plan_schema

    _print_json(plan_schema())


def _recorded_seconds(recording: str | None, plan_name: str) -> dict[str, float]:
    """How long the plan's tasks took, by the run that was named or else the bundled recording."""
    from tui.rehearsal.recording import bundled_recording, read_recording
    from tui.run.folders import recording_folder

    folder = recording_folder(recording) if recording else bundled_recording(plan_name)
    return read_recording(folder).seconds if folder else {}


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell: `source <(bringup completion bash)`."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(main, {}, "bringup", "_BRINGUP_COMPLETE").source())


@main.command(epilog=_EPILOG)
@_plan_options
@_OUTPUT
def doctor(output: str, **given: Any) -> None:
    """Say whether this machine is ready for a plan, and what to do if not; exits with 3 if not."""
    with _errors():
        from tui.doctor import examine
        from tui.launch.request import Request, load

        plan = load(Request(**given)).plan
        ready = _print_findings(examine, plan, output)
        sys.exit(UP if ready else NOT_READY)


@main.command(epilog=_EPILOG)
@_plan_options
@_OUTPUT
@click.option("--runs", "list_runs", is_flag=True, help="List the runs that are kept, newest first.")
def status(output: str, list_runs: bool, **given: Any) -> None:
    """Say how a plan's latest run went and what of it stands now; exits with 1 if that is not all."""
    with _errors():
        from tui.doctor.standing import examine_standing
        from tui.launch.request import Request, load
        from tui.run.folders import runs_folder
        from tui.run.journal import runs

        plan = load(Request(**given)).plan
        kept = runs(runs_folder(), plan.name)
        if list_runs:
            _print_runs(kept, output)
            sys.exit(UP)
        if output == "text":
            _print_latest(next(kept, None), plan)
        sys.exit(UP if _print_findings(examine_standing, plan, output) else FAILED)


def _print_findings(look: Callable[[Plan, Host], Awaitable[list[Finding]]], plan: Plan, output: str) -> bool:
    """Looks, prints what was found, and returns whether nothing is at fault."""
    import asyncio
    import dataclasses

    from tui.console.findings import findings
    from tui.console.style import Style, wants_colour
    from tui.hosts.local import LocalHost

    async def found_here() -> list[Finding]:
        return await look(plan, LocalHost())

    found = asyncio.run(found_here())
    if output == "json":
        _print_json([dataclasses.asdict(each) for each in found])
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
    click.echo(f"latest run {started.run}, {started.started}, {started.environment}, {started.mode}")
    for line in report(
        read_state(folder), standing(plan, str(folder)), Style(wants_colour(sys.stdout)), _width()
    ):
        click.echo(line, color=True)


def _print_runs(kept: Iterator[tuple[Path, RunStarted]], output: str) -> None:
    from tui.console.runs import as_data, table
    from tui.run.journal import read_state

    states = (read_state(folder) for folder, _ in kept)
    if output == "json":
        _print_json(as_data(states))
    else:
        for line in table(states):
            click.echo(line)
