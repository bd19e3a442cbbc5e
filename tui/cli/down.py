"""`bringup down`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail, terminal
from tui.cli.options import EPILOG, OUTPUT, errors, host_options, plan_or_run_options
from tui.cli.shown import choose_view, show

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tui.launch.launch import Launch


@click.command(epilog=EPILOG)
@plan_or_run_options
@host_options
@OUTPUT
@click.option(
    "--stop",
    is_flag=True,
    help="Only stop clusters, of one node each: the next `bringup up` starts them again.",
)
@click.option("--no-tui", is_flag=True, expose_value=False, help="Print lines, as it does anyway.")
def down(output: str, verbose: bool, stop: bool, **given: Any) -> None:
    """Take an environment down: that of RUN, or of the latest run of PLAN.

    The run's own plan, values, settings and host hold, where no others are given.
    """
    with errors(), Detail(verbose) as detail:
        from tui.launch.request import Request

        request = Request(environment="kind", **given)

        def launching() -> AbstractContextManager[Launch]:
            from tui.launch.launch import launch_down

            return launch_down(request, prompter=terminal(), stop=stop)

        # Which host it leads to is known once the run has been looked up.
        sys.exit(show(launching, request, choose_view(output, False), output, detail, may_ask=True))
