"""What this machine alone has to offer; `tests/contract` has what every host does."""

from __future__ import annotations

import asyncio
import os
import platform
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.contract.programs import Started
from tests.processes import needs_proc
from tui.errors import ActionError
from tui.hosts.lines import REST
from tui.hosts.local import LocalHost

if TYPE_CHECKING:
    from pathlib import Path


async def test_variables_go_over_those_of_bringup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "kept")
    monkeypatch.setenv("CHANGED", "before")
    lines: list[str] = []
    argv = ("sh", "-c", "echo $KEPT $CHANGED")
    assert await LocalHost().run(argv, on_lines=lines.extend, env={"CHANGED": "after"}) == 0
    assert lines == ["kept after"]


async def test_what_the_locale_cannot_write_is_told() -> None:
    with pytest.raises(ActionError, match="cannot be written in the locale's utf-8") as caught:
        await LocalHost().run(("echo", "\ud800"))
    assert "LC_ALL" in caught.value.hint


async def test_of_a_storm_many_lines_come_at_once_and_the_loop_has_its_turn_between() -> None:
    told: list[tuple[float, int]] = []
    loop = asyncio.get_running_loop()
    argv = ("seq", "200000")
    assert await LocalHost().run(argv, on_lines=lambda lines: told.append((loop.time(), len(lines)))) == 0
    assert sum(count for _, count in told) == 200_000
    assert len(told) < 2000
    assert all(later[0] - earlier[0] > REST / 2 for earlier, later in pairwise(told[:-1]))


@needs_proc
async def test_a_group_that_obeys_does_not_take_the_time_of_one_that_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.hosts.local_program._GRACE", 3600.0)
    started = Started(LocalHost(), "sleep 60 & sleep 60 & echo ready $$ $!; wait")
    await started.ready.wait()
    started.task.cancel()
    await asyncio.wait({started.task})  # whether those that have ended are reaped at once or not
    assert await started.alive() == []


def _left(cache: Path, node: str, process: int) -> Path:
    """A folder as a process has it for a step."""
    folder = cache / f"bringup-step-{process}-abc@{node}"
    (folder / "archive").mkdir(parents=True)
    return folder


async def test_what_a_killed_process_has_left_is_removed(tmp_path: Path) -> None:
    ended = await asyncio.create_subprocess_exec("true")
    await ended.wait()
    here = platform.node()
    owners = [(here, ended.pid), (here, os.getppid()), (f"not-{here}", ended.pid), ("elsewhere", ended.pid)]
    killed, *others = [await asyncio.to_thread(_left, tmp_path, *owner) for owner in owners]
    async with LocalHost(cache=tmp_path).scratch() as folder:
        assert not await asyncio.to_thread(killed.exists)
        assert folder.parent == tmp_path
    assert sorted(await asyncio.to_thread(os.listdir, tmp_path)) == sorted(path.name for path in others)
