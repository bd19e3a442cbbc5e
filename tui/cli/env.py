"""`bringup env`."""

from __future__ import annotations

import sys
from typing import Any

import click

from tui.cli.options import UP, cluster_option, errors, plan_or_run_options
from tui.console.variables import SHELLS


@click.command()
@plan_or_run_options
@cluster_option
@click.option(
    "--shell", type=click.Choice(SHELLS), default="sh", show_default=True, help="What the text is for."
)
def env(shell: str, **given: Any) -> None:
    """Print the environment variables of what RUN, or the latest run of PLAN, brought up.

    They are KUBECONFIG and the plan's `environment`, WITH THEIR SECRETS. Of several clusters KUBECONFIG leads
    to the first, and by `--context` to the others. Set them by `eval "$(bringup env)"`, in fish by `bringup
    env --shell fish | source`, in PowerShell by `bringup env --shell powershell | Out-String |
    Invoke-Expression`. On an error nothing is printed. Of a run over SSH they lead to its machine while
    `bringup tunnel` is open.
    """
    with errors():
        import asyncio

        from tui.console.variables import written
        from tui.launch.request import Request
        from tui.launch.use import standing, variables

        specification, run = standing(Request(**given))
        found, warning = asyncio.run(variables(specification.plan, run))
        text = written(found, shell)
        if warning:
            click.echo(f"warning: {warning}", err=True)
        click.echo(text)
        sys.exit(UP)
