"""`bringup bench`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail, terminal
from tui.cli.completion import complete_run
from tui.cli.options import (
    EPILOG,
    FAILED,
    INTERRUPTED,
    UP,
    Number,
    errors,
    host_options,
    plan_options,
    print_json,
)
from tui.cli.up import MODES
from tui.console.streams import flush

if TYPE_CHECKING:
    from tui.console import bench as console
    from tui.launch.bench import Bench, Benchmark, FailedError, Progress

_CACHES = {
    "": "caches as each run met them",
    "warm": "caches warmed by a run ahead",
    "cold": "without what the plan itself had left in caches",
}


def _modes(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in value.split(",")))
    for name in names:
        if name not in MODES:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(MODES)}")
    return names


@click.command(epilog=EPILOG)
@plan_options
@host_options
@click.option(
    "--modes",
    default="sequential,parallel,eager",
    show_default=True,
    metavar="MODE,…",
    callback=_modes,
    help="The modes to compare.",
)
@click.option("--runs", type=click.IntRange(1, 100), default=3, show_default=True, help="Runs of each mode.")
@click.option("--warm", "caches", flag_value="warm", help="One run ahead that does not count.")
@click.option(
    "--cold",
    "caches",
    flag_value="cold",
    help="Remove before each run the images that the plan builds, those that it pulls and that were not there"
    " before, and the manifests that it fetches; nothing of others.",
)
@click.option("--keep-going", is_flag=True, help="Go on after a run that failed; it does not count.")
@click.option(
    "--env",
    "environment",
    type=click.Choice(["kind", "rehearsal"]),
    default="kind",
    show_default=True,
    help="Real runs, or rehearsals, to try the command.",
)
@click.option("--speed", type=Number(0.01, 1000), default=1.0, help="Rehearsal: how many times as fast.")
@click.option("--recording", metavar="RUN", shell_complete=complete_run, help="Rehearsal: which kept run.")
@click.option("--output", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
def bench(
    output: str,
    verbose: bool,
    modes: tuple[str, ...],
    runs: int,
    caches: str | None,
    keep_going: bool,
    **given: Any,
) -> None:
    """Bring PLAN up and down again and again, and compare its modes.

    The modes take turns, so that what changes on the machine meanwhile meets all of them. Each run is kept
    as any other, and taken down after it. What came of it so far is printed on Ctrl-C, too.
    """
    with errors(), Detail(verbose):
        from tui.launch.bench import Bench, Benchmark
        from tui.launch.request import Request

        wanted = Benchmark(Request(**given), modes, runs, caches or "", keep_going)
        line = _Line()
        bench = Bench(wanted, line.show, terminal())
        code = _carry_out(bench, wanted, line, output)
        if not bench.clean:  # or else the interpreter waits for what is blocked
            flush()
            os._exit(code)
        sys.exit(code)


def _carry_out(bench: Bench, wanted: Benchmark, line: _Line, output: str) -> int:
    from tui.console.bench import Bench as Results
    from tui.errors import BringupError
    from tui.launch.bench import FailedError, StoppedError
    from tui.views.signals import on_stop

    code, fault = UP, None
    plan = bench.check()
    with on_stop(bench.interrupt):
        try:
            bench.run()
        except StoppedError:
            code = INTERRUPTED
        except FailedError as error:
            line.close()
            _report(error)
            code = FAILED
        except BringupError as error:  # a run could not begin
            code, fault = FAILED, error
        finally:
            line.close()
    counted = [run for run in bench.done if run.round]
    if any(run.outcome != "succeeded" for run in bench.done):
        code = code or FAILED
    _print(
        Results(
            plan.name,
            bench.where or "this machine",
            _CACHES[wanted.caches],
            bench.note,
            tuple(bench.done),
            wanted.runs,
            code == UP and len(counted) == wanted.runs * len(wanted.modes),
        ),
        output,
    )
    if bench.standing:
        click.echo(f"run {bench.standing} is not taken down: `bringup down {bench.standing}`", err=True)
    if fault is not None:
        raise fault
    return code


def _print(results: console.Bench, output: str) -> None:
    from tui.console.bench import data, markdown, text

    if output == "json":
        print_json(data(results))
        return
    for row in markdown(results) if output == "markdown" else text(results):
        print(row)  # not by click, which makes ASCII UTF-8


def _report(error: FailedError) -> None:
    """Print the report of the run that stopped the benchmark."""
    from tui.cli.options import width
    from tui.console.report import report
    from tui.console.style import Style, wants_colour

    lines = report(error.state, error.stands, Style(wants_colour(sys.stderr)), width())
    for each in (*lines, f"error: {error.cause}", f"  hint: {error.hint}"):
        print(each, file=sys.stderr)


class _Line:
    """Tells on stderr what a benchmark is at: in a terminal on one line that changes, else a line a run."""

    def __init__(self) -> None:
        self._shown = ""
        self._is_live = sys.stderr.isatty()

    def show(self, progress: Progress) -> None:
        """Tell it, unless that has been done."""
        from tui.text import clock

        which = f"run {progress.number} of {progress.count}" if progress.number else "a run to warm caches"
        text = f"{which}, {progress.mode}: {progress.doing}"
        if self._is_live:
            text = f"{text} {clock(progress.seconds)}"
        if text == self._shown:
            return
        end = "" if self._is_live else "\n"
        print(f"\r\x1b[K{text}" if self._is_live else text, end=end, file=sys.stderr, flush=True)
        self._shown = text

    def close(self) -> None:
        """Remove the line that changes."""
        if self._is_live and self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        self._shown = ""
