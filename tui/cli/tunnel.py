"""`bringup tunnel`."""

from __future__ import annotations

import sys

import click

from tui.cli.asking import Detail, terminal
from tui.cli.completion import complete_run
from tui.cli.options import UP, errors


@click.command()
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option("--verbose", "-v", is_flag=True, help="Print what happens on the connection.")
def tunnel(run: str | None, verbose: bool) -> None:
    """Keep the ports of a run on another machine, and its plan's `forwards`, open on this one, until Ctrl-C.

    RUN is by default the latest run over SSH, or of a plan with `forwards`.
    """
    with errors(), Detail(verbose):
        import asyncio

        from tui.launch.tunnel import hold_open

        asyncio.run(hold_open(run, terminal(), click.echo))
        sys.exit(UP)
