"""What a command prints to its standard output, apart from its errors: for later steps."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui.deadline import in_time
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.text import cut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import PurePath

    from tui.actions.context import Context
    from tui.plan.steps.command import ProgramStep

    Program = tuple[Sequence[str], Mapping[str, str]]

_FILE = "BRINGUP_OUTPUT"
_INTO_FILE = f'file=${_FILE}; unset {_FILE}; exec "$@" >"$file"'
_MOST_BYTES = 64 * 1024
_MOST_SHOWN = 20  # lines
_NOTE = 150  # characters


@contextlib.asynccontextmanager
async def standard_output(
    step: ProgramStep, ctx: Context, program: Program
) -> AsyncIterator[tuple[Program, Callable[[], Awaitable[bytes]]]]:
    """Have a program's standard output kept in a file, if the step wants it.

    Args:
        step: The step.
        ctx: Where it runs.
        program: Arguments and variables of the program.

    Yields:
        Those to run in its place, and what returns the first 64 KiB of the output, and one byte more.
    """
    if not step.output:

        async def nothing() -> bytes:
            return b""

        yield program, nothing
        return
    async with ctx.host.scratch() as scratch:
        file = scratch / "output"
        yield _into(file, program), lambda: _read(ctx, file)


class Printed(NamedTuple):
    """What a program has printed.

    Attributes:
        status: Its exit status.
        output: What went to its standard output.
        errors: The lines that went to standard error, without empty ones.
    """

    status: int
    output: bytes
    errors: list[str]


async def printed_by(
    argv: Sequence[str], ctx: Context, variables: Mapping[str, str] | None = None
) -> Printed:
    """Run a program on this machine, and return what it prints.

    It has no terminal that it could ask for a login on, and goes with all that it started where it is ended.

    Args:
        argv: The program, which must be there, and its arguments.
        ctx: The step's context.
        variables: Environment variables, added to those of bringup.

    Raises:
        ActionError: It was not done at the deadline.
    """
    host = LocalHost()
    lines: list[str] = []
    async with host.scratch() as scratch, in_time(ctx, lambda: f"{' '.join(argv[:2])} still ran"):
        run, more = _into(scratch / "output", (argv, variables or {}))
        status = await host.run(run, on_lines=lines.extend, env=more)
        output = await asyncio.to_thread((scratch / "output").read_bytes)
    return Printed(status, output, [line for line in lines if line.strip()])


def _into(file: PurePath, program: Program) -> Program:
    """Return arguments and variables that have a program write its standard output to a file."""
    argv, variables = program
    return ("sh", "-c", _INTO_FILE, "sh", *argv), {**variables, _FILE: str(file)}


async def _read(ctx: Context, file: PurePath) -> bytes:
    if ctx.host.shares_files:
        return await asyncio.to_thread(_begin_of, Path(file))
    lines: list[str] = []
    script = f'head -c {_MOST_BYTES + 1} "$0" | base64'
    status = await ctx.host.run(("sh", "-c", script, str(file)), on_lines=lines.extend)
    if status:
        raise ActionError("the command's output cannot be read", "see the log", tuple(lines))
    return base64.b64decode("".join(lines))


def _begin_of(file: Path) -> bytes:
    with file.open("rb") as content:
        return content.read(_MOST_BYTES + 1)


def tell(step: ProgramStep, ctx: Context, data: bytes) -> None:
    """Log what a command has printed, unless it is secret; from now on what is secret of it is masked."""
    text = data.decode(errors="replace").rstrip("\r\n")
    for secret in step.secrets_of(text):
        ctx.secret(secret)
    lines = text.splitlines()
    if not step.secret:
        more = len(lines) - _MOST_SHOWN
        ctx.log([*lines[:_MOST_SHOWN], *([f"… {more} more lines"] if more > 0 else [])])


def value_of(step: ProgramStep, data: bytes) -> tuple[str, str]:
    """Return the output that a command has printed, without the ends of its last lines, and a note on it.

    Raises:
        ActionError: It is empty, far too long, or no text.
    """
    told = f"its output {step.output!r}"
    if len(data) > _MOST_BYTES:
        raise ActionError(f"{told} is longer than 64 KiB", "write it to a file, and print the file's path")
    try:
        text = data.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ActionError(f"{told} is not UTF-8 text", "print it as base64") from error
    if "\0" in text:
        raise ActionError(f"{told} has a NUL byte", "print it as base64")
    if not text:
        hint = "let it print to its standard output: what goes to standard error is only logged"
        raise ActionError(f"{told} is empty", hint)
    return text, f"{step.output} is " + ("secret" if step.secret else cut(" ".join(text.split()), _NOTE))
