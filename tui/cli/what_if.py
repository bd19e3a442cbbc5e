"""`bringup what-if`."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click

from tui.cli.completion import complete_run, complete_run_need, complete_run_task
from tui.cli.durations import parse_duration
from tui.cli.kept import like, moment, read, still_expected
from tui.cli.options import EPILOG, OUTPUT, Number, errors, print_json, width
from tui.cli.up import MODES

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 1e6  # seconds of a task, or times as long as it was


@click.command("what-if", epilog=EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option("--mode", type=click.Choice(MODES), help="In this mode from start to end.")
@click.option(
    "--scale",
    multiple=True,
    metavar="TASK[/STEP]=FACTOR",
    shell_complete=complete_run_task,
    help="Multiply the time of a task, or of its step: a number from 1, or how its title begins.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="TASK[/STEP]=TIME",
    shell_complete=complete_run_task,
    help="Let a task or step take a time, such as 30s, where nothing slows it.",
)
@click.option(
    "--drop-need",
    "drop",
    multiple=True,
    metavar="TASK:NEED",
    shell_complete=complete_run_need,
    help="Let TASK not need NEED.",
)
@click.option(
    "--add-need",
    "add",
    multiple=True,
    metavar="TASK:NEED",
    shell_complete=complete_run_need,
    help="Let TASK need NEED as well.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Run at most N tasks at once.")
@click.option("--cores", type=Number(0.1, 1000), metavar="N", help="Let the tasks share N cores.")
@OUTPUT
def what_if(
    run: str | None,
    mode: str | None,
    scale: tuple[str, ...],
    settings: tuple[str, ...],
    drop: tuple[str, ...],
    add: tuple[str, ...],
    limit: int | None,
    cores: float | None,
    output: str,
) -> None:
    """Simulate how RUN, by default the latest, would have gone with some changes.

    Where CPU seconds were measured, tasks that compute at once slow each other as they did.
    """
    with errors():
        from tui.insight.what_if import Changes, what_if
        from tui.run.store import LATEST, Store

        changes = Changes(
            mode=mode,
            scale=dict(_factor(text) for text in scale),
            seconds=dict(_time(text) for text in settings),
            drop=tuple(_pairs(drop, "--drop-need")),
            add=tuple(_pairs(add, "--add-need")),
            limit=limit,
            cores=cores,
        )
        store = Store()
        kept = store.open(LATEST if run is None else run)
        state = read(kept)
        runs, _ = like(store, kept, state)
        expectation = still_expected(store, kept, state)
        answer = what_if(state, expectation, moment(kept, state), changes, runs)
        if output == "json":
            from tui.console.what_if import as_data

            print_json({"run": kept.id, "plan": kept.started.plan, **as_data(answer)})
            return
        from tui.console.style import Style, wants_colour
        from tui.console.what_if import text

        for line in text(answer, state, Style(wants_colour(sys.stdout)), width()):
            click.echo(line, color=True)


def _parted(text: str, option: str, what: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not TASK[/STEP]={what}", param_hint=option)
    return name, value


def _factor(text: str) -> tuple[str, float]:
    name, value = _parted(text, "--scale", "FACTOR")
    try:
        factor = float(value)
    except ValueError:
        factor = math.nan
    if not 0 <= factor <= _MOST:
        raise click.BadParameter(f"{value!r} is no factor: write 0.5 for half the time", param_hint="--scale")
    return name, factor


def _time(text: str) -> tuple[str, float]:
    name, value = _parted(text, "--set", "TIME")
    seconds = parse_duration(value)
    if seconds is None:
        hint = "write it as 30s, 1m30s or 1:05:00"
        raise click.BadParameter(f"{value!r} is no duration: {hint}", param_hint="--set")
    if seconds > _MOST:
        raise click.BadParameter(f"{value!r} is no time that a task can take", param_hint="--set")
    return name, seconds


def _pairs(given: Iterable[str], option: str) -> Iterable[tuple[str, str]]:
    for text in given:
        task, colon, need = text.partition(":")
        if not (task and colon and need):
            raise click.BadParameter(f"{text!r} is not TASK:NEED", param_hint=option)
        yield task, need
