"""What programs say, on every host."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract.programs import Started, said
from tui.hosts.lines import LONGEST

if TYPE_CHECKING:
    from pathlib import Path

    from tui.hosts.host import Host

LONG = 3_000_000


async def test_output_and_errors_arrive_in_the_order_in_which_they_are_written(host: Host) -> None:
    shell = "for n in 1 2 3; do echo out $n; echo err $n >&2; done; printf last"
    assert await said(host, "sh", "-c", shell) == [
        *("out 1", "err 1", "out 2", "err 2", "out 3", "err 3"),
        "last",
    ]


async def test_a_program_that_says_nothing(host: Host) -> None:
    assert await said(host, "true") == []


async def test_lines_arrive_while_the_program_runs(host: Host, tmp_path: Path) -> None:
    go = tmp_path / "go"
    started = Started(host, f"echo ready; until [ -e {go} ]; do sleep 0.02; done; echo gone")
    await started.ready.wait()
    await asyncio.to_thread(go.touch)
    assert await started.task == 0
    assert started.lines == ["ready", "gone"]


async def test_progress_with_carriage_returns_arrives_while_the_program_runs(
    host: Host, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    shell = r"printf '10%%\r20%%\rready\r'; until [ -e GO ]; do sleep 0.02; done; printf '\ndone\n'"
    started = Started(host, shell.replace("GO", str(go)))
    await started.ready.wait()
    await asyncio.to_thread(go.touch)
    assert await started.task == 0
    assert started.lines == ["10%", "20%", "ready", "done"]


async def test_bytes_that_are_no_text_are_replaced(host: Host) -> None:
    assert await said(host, "printf", r"bad \377 byte\n\303") == ["bad � byte", "�"]


async def test_long_lines_arrive_in_pieces(host: Host) -> None:
    for length in (LONGEST + 1, LONG):
        lines = await said(host, "sh", "-c", f"head -c {length} /dev/zero | tr '\\000' x; echo; printf end")
        assert [len(line) for line in lines] == [*_pieces(length), 3]
        assert "".join(lines) == "x" * length + "end"


async def test_a_line_without_end_arrives_too(host: Host) -> None:
    lines = await said(host, "sh", "-c", f"head -c {LONG} /dev/zero | tr '\\000' x")
    assert [len(line) for line in lines] == _pieces(LONG)


async def test_many_lines_are_all_there_and_in_order(host: Host) -> None:
    assert await said(host, "seq", "200000") == [str(number) for number in range(1, 200_001)]


async def test_what_is_still_to_be_read_when_the_program_has_ended_is_not_lost(host: Host) -> None:
    told: list[str] = []

    def take_long(lines: list[str]) -> None:
        told.extend(lines)
        until = time.thread_time() + 0.01
        while time.thread_time() < until:
            continue

    assert await host.run(("sh", "-c", "seq 20000; sleep 0.1; seq 20000"), on_lines=take_long) == 0
    assert told == 2 * [str(number) for number in range(1, 20_001)]


async def test_a_fault_of_whoever_takes_the_lines_is_raised_and_ends_the_program(host: Host) -> None:
    def refuse(lines: list[str]) -> None:
        raise ValueError(lines[0])

    began = time.monotonic()
    with pytest.raises(ValueError, match="hello"):
        await host.run(("sh", "-c", "echo hello; sleep 30"), on_lines=refuse)
    assert time.monotonic() - began < 20


async def test_output_that_nobody_takes_holds_nobody_up(host: Host) -> None:
    assert await host.run(("seq", "100000")) == 0


async def test_many_programs_speak_at_once_and_are_not_mixed_up(host: Host) -> None:
    numbers = range(1, 15)  # OpenSSH allows ten sessions a connection
    found = await asyncio.gather(*(said(host, "seq", f"{n}0000", f"{n}4999") for n in numbers))
    assert found == [[str(n * 10_000 + count) for count in range(5_000)] for n in numbers]


def _pieces(length: int) -> list[int]:
    whole, rest = divmod(length, LONGEST)
    return [LONGEST] * whole + [rest] * bool(rest)
