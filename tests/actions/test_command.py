from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.recorder import Recorder
from tui.actions.command import run
from tui.errors import ActionError
from tui.plan.steps import Command

if TYPE_CHECKING:
    from pathlib import Path


def command(**fields: Any) -> Command:
    return Command(kind="command", **fields)


@pytest.fixture
def ctx(tmp_path: Path) -> Recorder:
    return Recorder(folder=tmp_path, cache=tmp_path / "cache")


async def failure(step: Command, ctx: Recorder) -> ActionError:
    with pytest.raises(ActionError) as caught:
        await run(step, ctx)
    return caught.value


async def test_a_program_runs_in_the_plans_folder_with_its_variables(ctx: Recorder) -> None:
    done = await run(command(shell='echo "$GREETING"; pwd -P', env={"GREETING": "hello"}), ctx)
    folder = await asyncio.to_thread(ctx.folder.resolve)
    assert [text for _, text in ctx.lines] == ["hello", str(folder)]
    assert done.changed


async def test_empty_lines_are_told_too(ctx: Recorder) -> None:
    done = await run(command(shell="printf 'one\n\ntwo\n\n'"), ctx)
    assert [text for _, text in ctx.lines] == ["one", "", "two", ""]
    assert done.note == "two"


async def test_what_goes_on_in_the_background_is_warned_of(ctx: Recorder) -> None:
    done = await run(command(shell="sleep 60 & echo $!"), ctx)
    ends = "goes on in the background and ends with the run"
    assert ctx.warnings == [f"sleep ({done.note}) {ends}; start with `setsid` what is to stay"]
    await ctx.host.close()


async def test_arguments_are_no_shell(ctx: Recorder) -> None:
    await run(command(argv=("echo", "$HOME;", "a b")), ctx)
    assert ctx.lines == [("", "$HOME; a b")]


async def test_a_folder_of_its_own(ctx: Recorder, tmp_path: Path) -> None:
    own = tmp_path / "own"
    await asyncio.to_thread(own.mkdir)
    await run(command(shell="touch here").model_copy(update={"folder": own}), ctx)
    assert await asyncio.to_thread((own / "here").exists)


@pytest.mark.parametrize(("unless", "changed"), [("test -e mark", False), ("test ! -e mark", True)])
async def test_unless_says_whether_there_is_anything_to_do(
    ctx: Recorder, tmp_path: Path, unless: str, changed: bool
) -> None:
    await asyncio.to_thread((tmp_path / "mark").touch)
    done = await run(command(shell="echo ran", unless=unless), ctx)
    assert done.changed is changed
    assert bool(ctx.lines) is changed


async def test_a_failure_tells_its_status_and_last_lines(ctx: Recorder) -> None:
    error = await failure(command(shell="seq 20; echo broken >&2; exit 3"), ctx)
    assert error.cause.endswith("exited with status 3")
    assert error.details[-1] == "broken"
    assert len(error.details) == 15


async def test_a_signal_is_named(ctx: Recorder) -> None:
    error = await failure(command(shell="kill -TERM $$"), ctx)
    assert error.cause == "kill -TERM $$ was ended by signal SIGTERM"


async def test_a_program_that_is_not_there(ctx: Recorder) -> None:
    error = await failure(command(argv=("no-such-program", "--help")), ctx)
    assert error.cause == "there is no program no-such-program"
    assert "PATH" in error.hint


async def test_a_shell_that_misses_a_program(ctx: Recorder) -> None:
    error = await failure(command(shell="no-such-program"), ctx)
    assert error.cause.endswith("exited with status 127")
    assert "not on PATH" in error.hint


async def test_a_file_that_is_no_program(ctx: Recorder, tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "data").write_text, "x")
    error = await failure(command(argv=(str(tmp_path / "data"),)), ctx)
    assert "cannot be run" in error.cause


async def test_a_folder_that_has_gone(ctx: Recorder, tmp_path: Path) -> None:
    step = command(argv=("true",)).model_copy(update={"folder": tmp_path / "gone"})
    error = await failure(step, ctx)
    assert error.cause == f"the command's folder {tmp_path / 'gone'} does not exist"


async def test_at_the_deadline_it_says_so(ctx: Recorder) -> None:
    ctx.deadline = asyncio.get_running_loop().time() + 0.3
    error = await failure(command(shell="echo begun; sleep 30"), ctx)
    assert error.cause == "echo begun; sleep 30 still ran when the time was up"
    assert error.details == ("begun",)
