"""What a line of output costs: `python -m tests.bench.output [SECONDS]`.

Eight tasks print lines of a hundred characters at once, as fast as they can and at a pace, through a real
host, the action, masking, the engine, the journal's files and what is handed to a view. Beside them the
floor: the same programs, read and written to files by one loop that looks at nothing. CPU is that of this
process; a pause is the longest for which a thread that sleeps, as the screen's does, was not woken. Times
depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.plans import make_plan, started
from tui.actions.environment import KindEnvironment
from tui.engine.engine import Engine
from tui.engine.session import Session
from tui.hosts.host_set import Hosts
from tui.run.feed import Feed
from tui.run.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable


TASKS = 8
_NAP = 0.01
PACE = 20_000  # lines a second and task
LINE = "2026-01-02T03:04:05Z INFO a line as programs write them, number and all: 1234567890 " + "x" * 16
SECRETS = {
    "password": "correct-horse-battery",
    "token": "0123456789abcdef/+=",
    "key": "-----BEGIN-----\nMIIE",
}
_PRINTER = """
import os, sys, time
line, count, pace = sys.argv[1].encode() + b"\\n", int(sys.argv[2]), float(sys.argv[3])
begin, said = time.monotonic(), 0
while said < count:
    due = min(count, int((time.monotonic() - begin) * pace) if pace else said + 1000)
    os.write(1, line * (due - said)) if pace or due else None
    said = due
    if pace:
        time.sleep(0.001)
"""


class Cost(NamedTuple):
    """What some lines cost: wall clock, CPU and the longest pause, in seconds."""

    lines: int
    wall: float
    cpu: float
    pause: float


def printer(count: int, pace: float) -> list[str]:
    """A program that prints lines at a pace; with 0 as fast as it can."""
    return [sys.executable, "-S", "-c", _PRINTER, LINE, str(count), str(pace)]


def measure(count: int, run: Callable[[], None]) -> Cost:
    """What it costs to take so many lines of each task."""
    wall, cpu, pause = time.perf_counter(), time.process_time(), 0.0
    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        begin = time.perf_counter()
        time.sleep(_NAP)
        pause = max(pause, time.perf_counter() - begin - _NAP)
    return Cost(count * TASKS, time.perf_counter() - wall, time.process_time() - cpu, pause)


def through_engine(count: int, pace: float) -> Cost:
    """Takes the lines as bringup does."""
    step = {"kind": "command", "argv": printer(count, pace)}
    tasks = {f"t{i}": {"steps": [step]} for i in range(TASKS)}
    plan = make_plan([{id_: [] for id_ in tasks}], tasks=tasks, variables=SECRETS, secrets=list(SECRETS))
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "run")

        feed = Feed(journal)
        engine = Engine(
            plan, KindEnvironment(Hosts.here()), started(plan), cache=Path(folder), journal=journal,
            listener=feed.put,
        )  # fmt: skip
        session = Session(engine, feed)

        def run() -> None:
            session.start()
            session.join()

        cost = measure(count, run)
        journal.close()
        for log in (Path(folder) / "run" / "logs").iterdir():
            assert log.read_bytes().count(b"\n") == count
    return cost


def through_nothing(count: int, pace: float) -> Cost:
    """Takes the lines from pipes to files, and no more."""
    with tempfile.TemporaryDirectory() as folder:

        def run() -> None:
            selector = selectors.DefaultSelector()
            for i in range(TASKS):
                program = subprocess.Popen(printer(count, pace), stdout=subprocess.PIPE)
                assert program.stdout is not None
                file = os.open(f"{folder}/{i}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                selector.register(program.stdout, selectors.EVENT_READ, (program, file))
            while selector.get_map():
                for key, _ in selector.select():
                    program, file = key.data
                    if data := os.read(key.fd, 1 << 18):
                        os.write(file, data)
                    else:
                        selector.unregister(key.fileobj)
                        program.communicate()
                        os.close(file)

        return measure(count, run)


def main() -> None:
    """Prints the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    print(f"{'case':<26} {'lines/s':>9} {'CPU µs/line':>12} {'cores':>6} {'× floor':>8} {'pause ms':>9}")
    for case, count, pace in (
        ("as fast as they can", 20_000, 0.0),
        (f"{PACE:,} lines/s each", int(PACE * seconds), float(PACE)),
    ):
        floor = through_nothing(count, pace)
        for name, cost in ((case, through_engine(count, pace)), ("  floor", floor)):
            per_line = cost.cpu / cost.lines * 1e6
            ratio = cost.cpu / cost.lines / (floor.cpu / floor.lines)
            print(
                f"{name:<26} {cost.lines / cost.wall:>9,.0f} {per_line:>12.2f} "
                f"{cost.cpu / cost.wall:>6.2f} {ratio:>8.1f} {cost.pause * 1e3:>9.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
