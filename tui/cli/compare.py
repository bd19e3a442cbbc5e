"""`bringup compare`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion import complete_run_or_median
from tui.cli.durations import Duration
from tui.cli.options import EPILOG, FAILED, OUTPUT, SLOW, UP, errors, print_json, width

if TYPE_CHECKING:
    from tui.insight.compare import Comparison, Side
    from tui.run.kept_run import KeptRun
    from tui.run.store import Store


class _Percentage(click.ParamType[float]):
    """A percentage on the command line, as a part of one."""

    name = "percentage"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the part that a text tells."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%?", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no percentage, as 20% is", param, ctx)
        return float(match[1]) / 100


@click.command(epilog=EPILOG)
@click.argument("run", required=False, metavar="[A]", shell_complete=complete_run_or_median)
@click.argument("other", required=False, metavar="[B]", shell_complete=complete_run_or_median)
@OUTPUT
@click.option(
    "--fail-over", type=Duration("90s"), metavar="90s", help="Exit with 4 if A took longer: 90s, 1:30."
)
@click.option(
    "--fail-slower", type=_Percentage(), metavar="20%", help="Exit with 4 if A was slower by more: 20%."
)
def compare(
    run: str | None, other: str | None, output: str, fail_over: float | None, fail_slower: float | None
) -> None:
    """Tell what changed from run B to run A, task by task and step by step.

    A is by default the latest run, and B the last one before it that came up. `@median` stands for the
    median of the last 20 runs like A.
    """
    with errors():
        from tui.insight.compare import compare as compare_sides
        from tui.insight.compare import compare_sections, verdict
        from tui.run.store import LATEST, Store

        store = Store()
        first, kept = _side(store, LATEST if run is None else run, None)
        second, _ = _side(store, other, kept)
        told = compare_sides(first, second, store.usual(kept))
        if output == "json":
            from tui.console.compare import as_data

            print_json(as_data(told))
        else:
            from tui.console.style import Style, wants_colour
            from tui.console.why import text

            style = Style(wants_colour(sys.stdout))
            for line in text(verdict(told), compare_sections(told), style, width()):
                click.echo(line, color=True)
        sys.exit(_code(told, fail_over, fail_slower))


def _side(store: Store, reference: str | None, a: KeptRun | None) -> tuple[Side, KeptRun]:
    """Return one side of a comparison, and its newest run.

    Args:
        store: The kept runs.
        reference: What leads to it; None for the last run before A that came up.
        a: The run that it is compared with, where it is the second side.
    """
    from tui.insight.compare import Side
    from tui.run.store import MEDIAN
    from tui.text import when

    plan = a.started.plan if a else None
    runs = [store.before(a)] if a and reference is None else store.select(reference or "", plan, a)
    newest = runs[0]
    name = ""
    if reference == MEDIAN:
        name = f"the median of {len(runs)} runs like {a.id if a else newest.id}"
    elif reference is None or not newest.id.startswith(reference):
        which = reference or "the last good one"
        name = f"run {newest.id}, {when(newest.started.started)} ({which})"
    return Side.of(newest, store.measured(runs), name), newest


def _code(told: Comparison, over: float | None, slower: float | None) -> int:
    """Return the exit code by the limits that were given, and say why."""
    whole = told.whole
    if {over, slower} == {None} or whole.a is None or whole.b is None:
        return UP
    if whole.status != "succeeded":
        click.echo("error: A did not come up as a whole, so that its time says nothing", err=True)
        return FAILED
    if over is not None and whole.a > over:
        click.echo(f"error: A took {whole.a:.1f} s, over {over:g} s", err=True)
        return SLOW
    if slower is not None and whole.a > whole.b * (1 + slower):
        click.echo(f"error: A took {whole.a / whole.b - 1:.0%} longer than B, over {slower:.0%}", err=True)
        return SLOW
    return UP
