"""Options, exit codes and error messages that commands share."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion import complete_host, complete_plan, complete_plan_or_run
from tui.console.streams import discard
from tui.errors import BringupError, NotReadyError
from tui.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UP, FAILED, USAGE, NOT_READY, SLOW, INTERRUPTED, PIPE = 0, 1, 2, 3, 4, 130, 141

EPILOG = (
    "Exit codes: 0 up · 1 a task failed · 2 usage or plan error · 3 environment not ready · 4 too slow"
    " · 130 interrupted · 141 nobody reads the output."
)

PLAN = click.argument("plan", required=False, metavar="[PLAN]", shell_complete=complete_plan)
PLAN_OR_RUN = click.argument(
    "plan", required=False, metavar="[PLAN|RUN]", shell_complete=complete_plan_or_run
)
OUTPUT = click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)


class Number(click.FloatRange):
    """A number on the command line; unlike click's, `nan` is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that a text tells."""
        found = float(super().convert(value, param, ctx))
        if found != found:  # `nan` alone differs from itself
            self.fail(f"{value!r} is no number", param, ctx)
        return found


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Print bringup's errors, and exit with their code."""
    from tui.plan.faults import MOST_FAULTS, PlanError

    try:
        yield
    except PlanError as error:
        for fault in error.faults:
            click.echo(f"error: {fault}", err=True)
        if len(error.faults) == MOST_FAULTS:
            click.echo(f"there may be more: only the first {MOST_FAULTS} are told", err=True)
        sys.exit(USAGE)
    except BringupError as error:
        # Another machine's own words may be among it.
        click.echo(f"error: {one_line(error.cause)}", err=True)
        for line in error.details:
            click.echo(_printable(f"  {one_line(line)}"), err=True)
        if error.hint:
            click.echo(f"  hint: {one_line(error.hint)}", err=True)
        sys.exit(NOT_READY if isinstance(error, NotReadyError) else USAGE)
    except OSError as error:
        if error.filename is not None:
            raise
        if isinstance(error, FileNotFoundError):  # nothing that is written to says so
            click.echo("error: the current directory is not there any more", err=True)
            click.echo("  hint: change to one that is: `cd`", err=True)
            sys.exit(USAGE)
        sys.exit(unwritten(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _printable(line: str) -> str:
    """Return a line in which nothing is a command to the runner, where this is a job of GitHub Actions."""
    from tui.console.github import in_github, neutral

    return neutral(line) if in_github() else line


def unwritten(error: OSError) -> int:
    """Return the exit code for output that cannot be written, and say why unless its reader has just gone."""
    discard()
    if isinstance(error, BrokenPipeError):  # `bringup status | head`
        return PIPE
    click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
    return FAILED


def plan_options(
    command: Callable[..., Any], argument: Callable[[Callable[..., Any]], Callable[..., Any]] = PLAN
) -> Callable[..., Any]:
    """Add PLAN, `--values` and `--set` to a command."""
    command = click.option(
        "--set", "settings", multiple=True, metavar="KEY.PATH=VALUE", help="Set a variable of the plan."
    )(command)
    file = click.Path(path_type=Path, dir_okay=False)
    command = click.option(
        "--values", "files", multiple=True, type=file, help="Set variables from a YAML file."
    )(command)
    return argument(command)


def plan_or_run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add PLAN or RUN, `--values` and `--set` to a command."""
    return plan_options(command, PLAN_OR_RUN)


def environment_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--env` to a command."""
    kinds = click.Choice(["auto", "kind", "rehearsal"])
    text = "A real Kind cluster, or a rehearsal of a recording; auto: the cluster if that is possible."
    return click.option("--env", "environment", type=kinds, default="auto", show_default=True, help=text)(
        command
    )


def cluster_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--cluster` to a command."""
    text = "Which of the plan's clusters comes first in KUBECONFIG, by its name in the plan."
    return click.option("--cluster", metavar="NAME", help=text)(command)


def host_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--host` and `--verbose` to a command."""
    command = click.option(
        "--verbose", "-v", is_flag=True, help="Print what happens on connections over SSH."
    )(command)
    text = (
        "A machine over SSH, ssh://[USER@]HOST[:PORT] or a Host of ~/.ssh/config; or `local`. [BRINGUP_HOST]"
    )
    return click.option("--host", metavar="HOST", shell_complete=complete_host, help=text)(command)


def width() -> int:
    """Return the number of columns to print in."""
    import shutil

    return max(20, min(shutil.get_terminal_size((100, 24)).columns, 160))


def wide() -> int:
    """Return the columns for a table: all that there are in a terminal, and as many as it takes elsewhere."""
    import os
    import shutil

    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return max(20, shutil.get_terminal_size((100, 24)).columns)
    return 1000


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
