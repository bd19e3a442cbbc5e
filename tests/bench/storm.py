"""What a storm of output does to the dashboard: `python -m tests.bench.storm [--lines N]`.

Eight tasks print numbered lines of a hundred characters at once, at a pace, through `bringup up` in a
terminal. Meanwhile keys move the cursor down and up; latency is from the key to when the task under the
cursor has come out of the terminal as such. Beside it the floor: the same program and keys while the tasks
say nothing. At the end all lines must be in the logs, in order, once. Then the terminal is not read for
ten seconds of a storm, and the logs' own times tell whether the run went on. Times depend on the machine; the
ratios are what to look at.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.terminal import Terminal, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = 8
PACE = 20_000  # lines a second and task
PRESS_EVERY = 0.2
QUIET = 20.0  # seconds of the floor
UNREAD = 10.0  # seconds for which the terminal is not read
_PRODUCER = """
import os, sys, time
count, pace = int(sys.argv[1]), float(sys.argv[2])
begin, said = time.monotonic(), 0
while said < count:
    due = min(count, int((time.monotonic() - begin) * pace))
    block = "".join([f"{i:08d} INFO a line as programs write them {'x' * 62}\\n" for i in range(said, due)])
    data = block.encode()
    while data:
        data = data[os.write(1, data):]
    said = due
    time.sleep(0.002)
"""
_SILENT = "import sys, time; time.sleep(float(sys.argv[1]))"


class Took(NamedTuple):
    """What a run showed: latencies in ms, memory in MB, seconds that the tasks took."""

    latencies: list[float]
    peak: float
    wall: float


def write_plan(folder: Path, *argv: str) -> str:
    """A plan of tasks that all run the same program; returns its file."""
    step = {"kind": "command", "argv": [sys.executable, "-S", "-c", *argv]}
    tasks = [{"id": f"t{i}", "title": f"Print {i}", "steps": [step]} for i in range(TASKS)]
    plan = {"apiVersion": "bringup/v1", "name": "storm", "phases": [{"id": "one", "tasks": tasks}]}
    path = folder / "storm.yaml"
    path.write_text(json.dumps(plan))
    return str(path)


def press(terminal: Terminal, seconds: float) -> Iterator[float]:
    """Moves the cursor down and up for some time; yields latencies in ms."""
    until = time.perf_counter() + seconds
    terminal.send(b"g")
    time.sleep(0.5)
    moves = itertools.cycle([(b"j", under_cursor("Print 1")), (b"k", under_cursor("Print 0"))])
    while time.perf_counter() < until:
        key, answer = next(moves)
        place, pressed = terminal.send(key)
        yield (terminal.wait_for(answer, place) - pressed) * 1e3
        time.sleep(max(pressed + PRESS_EVERY - time.perf_counter(), 0.0))


def under_cursor(title: str) -> re.Pattern[bytes]:
    """A task's title in the timeline, on a ground that is not the screen's."""
    return re.compile(rb"48;2;(?!18;18;18m)[\d;]+m" + title.encode() + rb" ")


def logs(home: Path) -> list[Path]:
    """The log files of the run."""
    return sorted(home.glob(".local/state/bringup/runs/*/logs/*.log"))


def begin(terminal: Terminal, home: Path, tasks: int) -> None:
    """Waits until tasks print."""
    terminal.wait_for(b"Print 0")
    while len(logs(home)) < tasks:
        time.sleep(0.05)
    time.sleep(0.5)


def leave(terminal: Terminal, timeout: float = 120.0) -> None:
    """Waits for all tasks to have ended, and leaves."""
    terminal.wait_for(b"up in", timeout=timeout)
    terminal.send(b"q")
    assert terminal.join(), "it did not end"


def run(argv: list[str], seconds: float, home: Path, tasks: int) -> Took:
    """Runs tasks, and presses keys meanwhile."""
    plan = write_plan(home, *argv)
    with opened("-m", "tui", "up", plan, home=home) as terminal:
        terminal.wait_for(b"Print 0")
        began = time.perf_counter()
        begin(terminal, home, tasks)
        latencies = list(press(terminal, seconds - (time.perf_counter() - began) - 0.5))
        ended = terminal.wait_for(b"up in", timeout=300.0)
        peak = terminal.peak()
        leave(terminal)
    return Took(latencies, peak, ended - began)


def check(paths: list[Path], count: int) -> int:
    """Makes sure that each log has all lines, in order and once; returns how many they are."""
    assert len(paths) == TASKS, paths
    for path in paths:
        expected = 0
        with path.open("rb") as file:
            for line in file:
                number = line.index(b"| ") + 2
                assert int(line[number : number + 8]) == expected, (path.name, expected, line)
                expected += 1
        assert expected == count, (path.name, expected, count)
    return count * len(paths)


def stamps(path: Path) -> Iterator[float]:
    """When each line of a log was said, in seconds since the run began."""
    with path.open("rb") as file:
        yield from (float(line[:11]) for line in file)


def last_stamp(paths: list[Path]) -> float:
    """When the latest whole line of some logs that grow was said."""
    found = 0.0
    for path in paths:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - 4096, 0))
            found = max(found, float(file.read().split(b"\n")[-2][:11]))
    return found


def unread(home: Path) -> None:
    """Leaves the terminal unread in the middle of a storm, and prints what went on meanwhile."""
    seconds = UNREAD + 6.0
    count = int(PACE * seconds)
    plan = write_plan(home, _PRODUCER, str(count), str(PACE))
    with opened("-m", "tui", "up", plan, home=home) as terminal:
        begin(terminal, home, TASKS)
        terminal.read(False)
        time.sleep(0.2)
        start, place = last_stamp(logs(home)), terminal.place
        time.sleep(UNREAD)
        stop = last_stamp(logs(home))
        came, peak = terminal.place - place, terminal.peak()
        terminal.read(True)
        back = next(press(terminal, 1.0))
        leave(terminal)
    lines, longest = 0, 0.0
    all_at: list[float] = []
    for path in logs(home):
        inside = [at for at in stamps(path) if start <= at <= stop]
        lines += len(inside)
        longest = max(longest, *(b - a for a, b in itertools.pairwise(inside)))
        all_at += sorted(set(inside))
    check(logs(home), count)
    all_at.sort()
    any_gap = max(b - a for a, b in itertools.pairwise(all_at))
    print(f"\nthe terminal not read for {UNREAD:.0f} s of a storm; {came} bytes of the screen came meanwhile")
    print(f"  lines in the logs from then     {lines:>10,} ({lines / (stop - start):,.0f} a second)")
    print(f"  longest time without a line     {any_gap * 1e3:>10.0f} ms ({longest * 1e3:.0f} ms of one task)")
    print(f"  memory at its peak              {peak:>10.0f} MB")
    print(f"  a key, once it is read again    {back:>10.0f} ms")
    print("  at the end all lines were there, in order, once")


def row(name: str, took: Took, floor: Took) -> None:
    """Prints a row of the table."""
    p99, floor_p99 = (statistics.quantiles(each.latencies, n=100)[98] for each in (took, floor))
    median, floor_median = (statistics.median(each.latencies) for each in (took, floor))
    print(
        f"{name:<10} {len(took.latencies):>6} {median:>8.1f} {median / floor_median:>8.2f} {p99:>8.1f} "
        f"{p99 / floor_p99:>8.2f} {max(took.latencies):>8.1f} {took.peak:>9.0f}",
        flush=True,
    )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000_000, help="of all tasks together")
    count = parser.parse_args().lines // TASKS
    with tempfile.TemporaryDirectory() as folder:
        (home := Path(folder, "floor")).mkdir()
        floor = run([_SILENT, str(QUIET)], QUIET, home, 0)
        (home := Path(folder, "storm")).mkdir()
        storm = run([_PRODUCER, str(count), str(PACE)], count / PACE, home, TASKS)
        lines = check(logs(home), count)
        size = sum(path.stat().st_size for path in logs(home))
        first = min(next(stamps(path)) for path in logs(home))
        rate = lines / (last_stamp(logs(home)) - first)
        head = f"{'p50 ms':>8} {'× quiet':>8} {'p99 ms':>8} {'× quiet':>8} {'max ms':>8} {'peak MB':>9}"
        print(f"{'':<10} {'keys':>6} {head}")
        row("quiet", floor, floor)
        row("storm", storm, floor)
        print(
            f"\n{lines:,} lines ({size / 1e6:,.0f} MB) are in the logs, in order, once: {rate:,.0f} lines/s"
        )
    with tempfile.TemporaryDirectory() as folder:
        unread(Path(folder))


if __name__ == "__main__":
    main()
