"""`bringup run`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail, terminal
from tui.cli.options import cluster_option, errors, host_options, plan_or_run_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.launch.specification import Specification
    from tui.run.kept_run import KeptRun


class _WithProgram(click.Command):
    """A command whose arguments after `--` are a program and its own."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Take the program from the arguments."""
        at = args.index("--") if "--" in args else len(args)
        context.obj = args[at + 1 :] if "--" in args else None
        return super().parse_args(context, args[:at])

    def collect_usage_pieces(self, context: click.Context) -> list[str]:
        """Return the parts of the line that says how it is used."""
        return [*super().collect_usage_pieces(context), "--", "PROGRAM", "[ARGUMENT]..."]


@click.command(cls=_WithProgram)
@plan_or_run_options
@cluster_option
@host_options
@click.pass_obj
def run(program: list[str] | None, /, verbose: bool, **given: Any) -> None:
    """Run a program with the environment variables of what RUN, or the latest run of PLAN, brought up.

    They are KUBECONFIG and the plan's `environment`; `bringup env` prints them. Of a run over SSH the ports
    are forwarded to this machine meanwhile. The program has the terminal, and its exit code is that of this
    command: `bringup run -- make test-e2e`.
    """
    if not program:
        raise click.UsageError("name a program after `--`: bringup run -- make test-e2e")
    with errors(), Detail(verbose):
        import asyncio

        from tui.launch.request import Request
        from tui.launch.use import standing

        specification, kept = standing(Request(**given))
        _tell_state(kept)
        sys.exit(asyncio.run(_run(program, specification, kept)))


async def _run(program: Sequence[str], specification: Specification, kept: KeptRun) -> int:
    import time

    from tui.launch.use import StartError, in_use, run_program

    async with in_use(specification, kept, terminal()) as (variables, warning):
        if warning:
            _say("!", "warning", warning)
        began = time.monotonic()
        try:
            code = await run_program(program, variables)
        except StartError as error:
            click.echo(f"error: {error.cause}\n  hint: {error.hint}", err=True)
            return error.code
    _tell_outcome(program, code, time.monotonic() - began)
    return code


def _tell_state(kept: KeptRun) -> None:
    state = kept.state
    if state.result != "succeeded":
        how = state.result or ("is still brought up" if kept.is_running else "was cut off")
        _say("!", "warning", f"run {kept.id} {how}: not all of its plan may be there")


def _tell_outcome(program: Sequence[str], code: int, took: float) -> None:
    import shlex

    from tui.text import GLYPHS, cut, one_line, seconds

    named = cut(one_line(shlex.join(program)), 60)
    kind = "failed" if code else "succeeded"
    how = f"exited with status {code}" if code else "succeeded"
    _say(GLYPHS[kind], kind, f"{named} {how} · {seconds(took)}")


def _say(glyph: str, kind: str, text: str) -> None:
    """Print a line beside what the program prints."""
    from tui.console.style import Style, wants_colour

    click.echo(f"{Style(wants_colour(sys.stderr))(glyph, kind)} {text}", err=True, color=True)
