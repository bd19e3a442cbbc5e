"""What commands find out about hosts and runs, and how they print it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tui.cli.asking import terminal
from tui.cli.options import width

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tui.doctor import Finding
    from tui.hosts.host_set import Hosts
    from tui.insight.advice import Advice
    from tui.launch.specification import Specification
    from tui.plan.model import Plan
    from tui.run.kept_run import KeptRun
    from tui.run.standing import Stands
    from tui.run.state import RunState


def look(
    examine: Callable[[Plan, Hosts], Awaitable[list[Finding]]], specification: Specification
) -> list[Finding]:
    """Return what is found on the hosts of a plan, secrets masked."""
    import asyncio

    from tui.launch.choose_environment import look_at
    from tui.secrets import Masker

    mask = Masker(specification.plan.secret_values).mask
    found = asyncio.run(look_at(examine, specification, terminal()))
    return [
        replace(each, check=mask(each.check), text=mask(each.text), hint=mask(each.hint)) for each in found
    ]


def is_well(found: Sequence[Finding]) -> bool:
    """Return whether no finding is a fault."""
    return all(each.level != "fault" for each in found)


def print_findings(found: Sequence[Finding]) -> None:
    """Print findings as text."""
    from tui.console.findings import findings
    from tui.console.style import Style, wants_colour

    for line in findings(found, Style(wants_colour(sys.stdout))):
        click.echo(line, color=True)


def print_report(
    run: KeptRun, stands: Stands, state: RunState | None = None, advice: Advice | None = None
) -> None:
    """Print the report of a kept run.

    Args:
        run: The run.
        stands: What it leaves behind.
        state: The run as it stood at a moment; by default as it ended or stands.
        advice: What is advised first, if anything is.
    """
    from tui.console.report import report
    from tui.console.style import Style, wants_colour

    started = run.started
    where = f"{started.environment} on {started.where}"
    click.echo(f"run {run.id}, {started.started}, {where}, {started.mode}")
    style = Style(wants_colour(sys.stdout))
    for line in report(state or run.state, stands, style, width(), advice=advice):
        click.echo(line, color=True)
