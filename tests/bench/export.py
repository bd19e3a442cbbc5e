"""What exports of a large run cost: `python -m tests.bench.export [TASKS]`.

A run of 5,000 tasks that need each other, each with two steps and ten lines of log, and a good run before it;
each format is written by the command. Tells the seconds and the size, and as the floor the seconds of the
command's `--help`. Times depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import heapq
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.bench.engine import random_phases
from tests.plans import make_plan, started
from tui.export import FORMATS
from tui.run import events as e
from tui.run.event_json import encode
from tui.run.journal import EVENTS, LOGS, log_path
from tui.run.log.line import head

TASKS, ROUNDS = 5000, 3
RUNS = ("20260101T000000Z-aaaa", "20260102T000000Z-bbbb")
_AT_ONCE = 8


def write_run(directory: Path, tasks: int, seed: int = 1) -> None:
    """Writes a run in which so many tasks ran, as soon as their needs were met and fewer than eight ran."""
    rng = random.Random(seed)
    plan = make_plan(random_phases(tasks))
    first = replace(started(plan), run=directory.name, environment="kind", plan="large")
    events: list[e.Event] = [first]
    (directory / LOGS).mkdir(parents=True)
    free = [0.0] * _AT_ONCE
    ends: dict[str, float] = {}
    for task in (task for phase in first.phases for task in phase.tasks):
        start = max([heapq.heappop(free), *(ends[need] for need in task.needs)])
        end = ends[task.id] = start + rng.uniform(0.5, 5.0)
        heapq.heappush(free, end)
        middle = (start + end) / 2
        events += [
            e.AttemptStarted(start, task.id, 1),
            e.StepStarted(start, task.id, 1, 0, "pull the images"),
            e.StepFinished(middle, task.id, 1, 0),
            e.StepStarted(middle, task.id, 1, 1, "wait until ready"),
            e.StepFinished(end, task.id, 1, 1),
            e.AttemptFinished(end, task.id, 1, "succeeded"),
            e.TaskFinished(end, task.id, "succeeded"),
        ]
        line = f"{head(middle, 1, 0, '')}{'some output of a program ' * 3}\n"
        log_path(directory, task.id).write_text(line * 10)
    events.append(e.RunFinished(max(ends.values()), "succeeded"))
    told = sorted(events[1:], key=lambda event: event.at)
    (directory / EVENTS).write_bytes(b"".join(encode(event) + b"\n" for event in (first, *told)))


def main() -> None:
    """Prints the table."""
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    with tempfile.TemporaryDirectory() as scratch:
        runs, file = Path(scratch) / "bringup" / "runs", Path(scratch) / "file"
        for seed, run in enumerate(RUNS):
            write_run(runs / run, tasks, seed)
        rows: dict[str, tuple[str, ...]] = {"--help": ("--help",)}
        rows |= {name: (RUNS[-1], "--format", name, "-o", str(file)) for name in FORMATS}
        print(f"{'':<10} {'best s':>8} {'× floor':>8} {'kB':>8}")
        floor = 0.0
        for name, arguments in rows.items():
            taken = []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                argv = [sys.executable, "-m", "tui", "export", *arguments]
                subprocess.run(
                    argv, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "XDG_STATE_HOME": scratch}
                )
                taken.append(time.perf_counter() - begin)
            floor = floor or min(taken)
            size = file.stat().st_size / 1000 if file.exists() else 0
            print(f"{name:<10} {min(taken):>8.2f} {min(taken) / floor:>8.1f} {size:>8,.0f}", flush=True)
            file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
