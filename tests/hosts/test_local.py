from __future__ import annotations

import asyncio
import os
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tui.hosts.lines import REST
from tui.hosts.local import LocalHost

READY = "ready"


async def lines_of(*argv: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> list[str]:
    lines: list[str] = []
    assert await LocalHost().run(argv, on_lines=lines.extend, stdin=stdin, env=env) == 0
    return lines


class Started:
    """A program that says `ready PID …` once it and its children run, and the task that runs it."""

    def __init__(self, shell: str) -> None:
        self.host = LocalHost()
        self.ready = asyncio.Event()
        self.pids: list[int] = []
        self.task = asyncio.create_task(self.host.run(("sh", "-c", shell), on_lines=self.heard))

    def heard(self, lines: list[str]) -> None:
        for line in lines:
            if line.startswith(READY):
                self.pids = [int(word) for word in line.split()[1:]]
                self.ready.set()


def is_running(pid: int) -> bool:
    """Whether a process still does something: one that has ended but was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def running(pids: list[int]) -> list[int]:
    return await asyncio.to_thread(lambda: [pid for pid in pids if is_running(pid)])


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


async def test_output_and_errors_arrive_as_lines() -> None:
    assert await lines_of("sh", "-c", "echo out; echo err >&2; printf last") == ["out", "err", "last"]


async def test_progress_with_carriage_returns_arrives() -> None:
    assert await lines_of("printf", r"10%%\r20%%\r\ndone\n") == ["10%", "20%", "done"]


@pytest.mark.parametrize(("shell", "status"), [("exit 3", 3), ("kill -TERM $$", -15), ("true", 0)])
async def test_the_status_tells_exit_and_signal_apart(shell: str, status: int) -> None:
    assert await LocalHost().run(("sh", "-c", shell)) == status


async def test_a_program_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        await LocalHost().run(("no-such-program",))


async def test_stdin_is_given_and_ends() -> None:
    megabyte = b"x" * 1_000_000
    assert await lines_of("wc", "-c", stdin=megabyte) == ["1000000"]


async def test_stdin_that_nobody_reads_is_no_fault() -> None:
    assert await lines_of("true", stdin=b"x" * 1_000_000) == []


async def test_without_stdin_there_is_nothing_to_read() -> None:
    assert await lines_of("cat") == []


async def test_variables_go_over_those_of_bringup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "kept")
    monkeypatch.setenv("CHANGED", "before")
    assert await lines_of("sh", "-c", "echo $KEPT $CHANGED", env={"CHANGED": "after"}) == ["kept after"]


async def test_it_runs_in_the_folder(tmp_path: Path) -> None:
    lines: list[str] = []
    await LocalHost().run(("pwd", "-P"), on_lines=lines.extend, folder=tmp_path)
    assert lines == [await asyncio.to_thread(os.path.realpath, tmp_path)]


async def test_many_lines_are_all_there() -> None:
    assert await lines_of("seq", "100000") == [str(number) for number in range(1, 100_001)]


async def test_of_a_storm_many_lines_come_at_once_and_the_loop_has_its_turn_between() -> None:
    told: list[tuple[float, int]] = []
    loop = asyncio.get_running_loop()
    argv = ("seq", "200000")
    assert await LocalHost().run(argv, on_lines=lambda lines: told.append((loop.time(), len(lines)))) == 0
    assert sum(count for _, count in told) == 200_000
    assert len(told) < 2000
    assert all(later[0] - earlier[0] > REST / 2 for earlier, later in pairwise(told[:-1]))


async def test_what_is_still_to_be_read_when_the_program_has_ended_is_not_lost() -> None:
    told: list[str] = []

    def take_long(lines: list[str]) -> None:
        told.extend(lines)
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            continue

    assert await LocalHost().run(("sh", "-c", "seq 5000; sleep 0.1; seq 5000"), on_lines=take_long) == 0
    assert len(told) == 10_000


async def test_a_line_without_end_comes_in_pieces() -> None:
    lines = await lines_of(sys.executable, "-c", "print('x' * 200_000, end='')")
    assert [len(line) for line in lines] == [65536, 65536, 65536, 3392]


async def test_a_daemon_that_keeps_the_output_open_does_not_delay() -> None:
    began = time.monotonic()
    lines = await lines_of("sh", "-c", "sleep 20 & echo $!")
    took = time.monotonic() - began
    os.kill(int(lines[0]), 9)
    assert took < 3


async def test_a_fault_of_whoever_takes_the_lines_is_raised() -> None:
    def refuse(lines: list[str]) -> None:
        raise ValueError(lines[0])

    with pytest.raises(ValueError, match="hello"):
        await LocalHost().run(("sh", "-c", "echo hello; sleep 30"), on_lines=refuse)


@needs_proc
@pytest.mark.parametrize(
    "shell",
    [
        "sleep 60 & sleep 60 & echo ready $$ $!; wait",
        "trap '' TERM; (trap '' TERM; sleep 60) & echo ready $$ $!; while :; do sleep 1; done",
        "sh -c 'trap \"\" TERM; while :; do sleep 1; done' & echo ready $$ $!; wait",
    ],
    ids=["obeys", "ignores", "grandchild-ignores"],
)
async def test_cancelling_ends_the_whole_group_within_two_seconds(shell: str) -> None:
    started = Started(shell)
    await started.ready.wait()
    assert await running(started.pids) == started.pids
    began = time.monotonic()
    started.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await started.task
    assert time.monotonic() - began < 2.2
    assert await running(started.pids) == []


@needs_proc
async def test_a_second_cancel_kills_at_once() -> None:
    started = Started("trap '' TERM; echo ready $$; while :; do sleep 1; done")
    await started.ready.wait()
    began = time.monotonic()
    started.task.cancel()
    await asyncio.wait({started.task}, timeout=0.1)
    assert not started.task.done()
    started.task.cancel()
    await asyncio.wait({started.task})
    assert time.monotonic() - began < 1
    assert started.task.cancelled()


@needs_proc
async def test_kill_ends_what_runs() -> None:
    started = Started("trap '' TERM; echo ready $$; while :; do sleep 1; done")
    await started.ready.wait()
    started.host.kill()
    assert await started.task == -9
    assert await running(started.pids) == []
    started.host.kill()  # nothing is left to kill


async def test_cancelled_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    task = asyncio.create_task(LocalHost().run(("sh", "-c", f"sleep 1; touch {mark}")))
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await asyncio.to_thread(mark.exists)
