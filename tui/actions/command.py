"""`command`: a program or a line of shell on the task's host."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import signal
from collections import deque
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from tui.actions.standard_output import standard_output, value_of
from tui.actions.standard_output import tell as tell_output
from tui.cluster.kubeconfig_for import NO_OTHER_CLUSTER, kubeconfig_for
from tui.deadline import in_time
from tui.errors import ActionError
from tui.hosts.host import at
from tui.reporter import Done
from tui.text import cut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tui.actions.context import Context
    from tui.plan.steps.command import ProgramStep

_SCRIPT = "BRINGUP_SCRIPT"
_OF_A_SHELL = re.compile(r"cd|export|source|set|unset|alias|ulimit|eval|exec|\w+=.*", re.DOTALL)
"""Words with which a line of shell begins, and that are no programs."""
_KEPT = 15  # lines shown with an error
_HINTS = {
    errno.EACCES: "make the program executable (`chmod +x`), and its directory and the command's accessible",
    errno.ENOEXEC: "begin a script with a line like `#!/bin/sh`; a binary has to be made for this machine",
    errno.E2BIG: "pass less by arguments and variables: write it to a file that is named in `files`",
    errno.ENOTDIR: "let `folder` name a directory",
}
_NAMED = 120  # characters of a command that an error names
_NOTE = 200  # characters of its last line that become its note


async def run(step: ProgramStep, ctx: Context, variables: Mapping[str, str] | None = None) -> Done:
    """Run a command, unless its `unless` says that there is nothing to do.

    Args:
        step: The command.
        ctx: The step's context.
        variables: Environment variables of its own.

    Raises:
        ActionError: It failed, could not be started, or was not done at the deadline.
    """
    async with _folder(step, ctx) as folder, _cluster_variables(step, ctx) as more:
        return await _run_in(folder, step, ctx, {**(variables or {}), **more})


@contextlib.asynccontextmanager
async def _cluster_variables(step: ProgramStep, ctx: Context) -> AsyncIterator[Mapping[str, str]]:
    """Yield variables that have programs speak to the plan's cluster; none where the plan has no cluster."""
    try:
        ctx.cluster  # noqa: B018 - it raises
    except ActionError:
        yield {}
        return
    if "KUBECONFIG" in step.env:
        yield NO_OTHER_CLUSTER
        return
    async with kubeconfig_for(ctx.host, ctx) as kubeconfig:
        yield {**NO_OTHER_CLUSTER, "KUBECONFIG": kubeconfig}


@contextlib.asynccontextmanager
async def _folder(step: ProgramStep, ctx: Context) -> AsyncIterator[PurePath]:
    """Yield where the command runs: over SSH a private copy of what it needs, laid out as in the plan."""
    here = step.folder or ctx.folder
    if ctx.host.shares_files:
        yield here
        return
    async with ctx.host.scratch() as scratch:
        for source, place in _layout(step, ctx.folder).items():
            with ctx.span("copy", source.name):
                await _copy(ctx, source, scratch / place)
        yield scratch / _below(step.folder, ctx.folder) if step.folder else scratch


def _layout(step: ProgramStep, folder: Path) -> dict[Path, PurePath]:
    """Return what a command needs, with each one's place relative to the plan's directory.

    Raises:
        ActionError: Two of them would have the same place.
    """
    places: dict[PurePath, Path] = {}
    for source in (*([step.folder] if step.folder else ()), *step.files):
        place = _below(source, folder)
        if places.setdefault(place, source) != source:
            cause = f"{places[place]} and {source} would both be {place} on another machine"
            raise ActionError(cause, "rename one, or put them into the plan's directory")
    return {source: place for place, source in places.items()}


async def _copy(ctx: Context, source: Path, target: PurePath) -> None:
    try:
        await ctx.host.copy(source, target)
    except OSError as error:
        within = f": {error.filename}" if error.filename and str(error.filename) != str(source) else ""
        cause = f"{source} cannot be copied to {ctx.host.name}: {error.strerror or error}{within}"
        raise ActionError(cause) from error


def _below(path: Path, folder: Path) -> PurePath:
    """Return a path relative to the plan's directory, or its name alone where it is not in it."""
    return path.relative_to(folder) if path.is_relative_to(folder) else PurePath(path.name)


async def _run_in(folder: PurePath, step: ProgramStep, ctx: Context, variables: Mapping[str, str]) -> Done:
    env = {**variables, **ctx.env, **step.env}
    if step.unless and await _run(env, ctx, folder, _shell(step.unless, ctx), None) == 0:
        return Done("nothing to do", changed=False)
    program = (step.argv, {}) if step.argv else _shell(step.shell, ctx)
    name = shown(step)
    last: deque[str] = deque(maxlen=_KEPT)

    def tell(lines: list[str]) -> None:
        ctx.log(lines)
        last.extend(filter(str.strip, lines))

    def left(processes: str) -> None:
        ends = "goes on in the background and ends with the run"
        ctx.warn(f"{processes} {ends}; start with `setsid` what is to stay")

    async with standard_output(step, ctx, program) as (wrapped, read):
        try:
            async with in_time(ctx, lambda: f"{name} still ran", lambda: last):
                status = await _run(env, ctx, folder, wrapped, tell, left)
        finally:  # also of one that has run out of time
            printed = await read()
            tell_output(step, ctx, printed)
    if status:
        raise ActionError(f"{name} {_end(status)}", details=tuple(last))
    if step.output:
        value, note = value_of(step, printed)
        return Done(note, output=value)
    return Done(cut(last[-1], _NOTE) if last else "")


def shown(step: ProgramStep) -> str:
    """Return a command as it is named in errors: the first line of a script."""
    text = step.shell or " ".join(step.argv)
    first, *more = [line.strip() for line in text.splitlines() if line.strip()] or [text]
    return cut(f"{first} …" if more else first, _NAMED)


def _shell(script: str, ctx: Context) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the arguments and variables that have a shell run a script.

    Everybody on the machine can read arguments: a script that holds a secret goes into a variable.
    """
    if not ctx.holds_secret(script):
        return ("sh", "-c", script), {}
    return ("sh", "-c", f'script=${_SCRIPT}; unset {_SCRIPT}; eval "$script"'), {_SCRIPT: script}


async def _run(
    env: Mapping[str, str],
    ctx: Context,
    folder: PurePath,
    program: tuple[Sequence[str], Mapping[str, str]],
    on_lines: Callable[[list[str]], None] | None,
    on_left: Callable[[str], None] | None = None,
) -> int:
    argv, more = program
    env = {**env, **more}
    if reason := _unusable(argv, env):
        raise ActionError(f"the command cannot be started: {reason}", "correct it in the plan")
    try:
        return await ctx.host.run(argv, on_lines=on_lines, env=env, directory=folder, on_left=on_left)
    except FileNotFoundError as error:
        if ctx.host.shares_files and (wrong := await asyncio.to_thread(_missing, argv[0], Path(folder))):
            raise ActionError(*wrong) from error
        hint = "install it, or correct its name or PATH"
        if len(argv[0].split()) > 1 or _OF_A_SHELL.fullmatch(argv[0]):
            hint = "write a line of shell as `shell`, or each of its words as an item of `argv`"
        raise ActionError(f"there is no program {argv[0]}{at(ctx.host)}", hint) from error
    except OSError as error:
        if "/" in argv[0] and ctx.host.shares_files and await asyncio.to_thread(Path(folder, argv[0]).is_dir):
            raise ActionError(f"{argv[0]} is a directory", "name the program in it") from error
        raise ActionError(
            f"{argv[0]} cannot be run{at(ctx.host)}: {error.strerror}", _HINTS.get(error.errno or 0, "")
        ) from error


def _unusable(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """Return why no system could start a program with such arguments and variables; empty if one could."""
    if any("\0" in text for text in (*argv, *env, *env.values())):
        return "an argument or variable has a NUL byte"
    return "" if argv[0] else "the program's name is empty"


def _missing(program: str, directory: Path) -> tuple[str, str] | None:
    """Return what is missing where a program was not found, if it is not the program, and a hint; blocks."""
    if not directory.is_dir():
        return f"the command's directory {directory} does not exist", "correct the path"
    if "/" not in program:
        return None
    if not (file := directory / program).is_file():
        return f"there is no program {file}", "a relative path begins at the command's directory"
    with file.open("rb") as content:
        line = content.readline(200)
    if line.endswith(b"\r\n"):
        cause = f"{program} has the line ends of Windows: no system finds what its first line names"
        return cause, "save it with those of Unix: `dos2unix`, or `*.sh text eol=lf` in .gitattributes"
    if not line.startswith(b"#!"):
        return f"{program} is there, but not the loader that it was made for", _HINTS[errno.ENOEXEC]
    first = line.decode(errors="replace").strip()
    return f"{program} is there, but not what its first line names: {first}", "correct the path"


def _end(status: int) -> str:
    if status > 0:
        return f"exited with status {status}"
    try:
        return f"was ended by signal {signal.Signals(-status).name}"
    except ValueError:  # a signal without a name, such as a real-time one
        return f"was ended by signal {-status}"
