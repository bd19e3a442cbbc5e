"""How soon a kept run is on the screen: `python -m tests.bench.show [ROUNDS]`.

Shows a run of 5,000 tasks, and one that has printed 100 MB, in a terminal; tells when the first frame, with
the plan's tasks, and when the whole run had come out of it. Beside them is the floor: a Textual app with one
widget. Times depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.bench.startup import BARE, BARE_APP
from tests.bench.terminal import opened
from tests.plans import make_plan, started
from tui.run import events as e
from tui.run.event_json import encode
from tui.run.journal import EVENTS, LOGS, log_path
from tui.run.log.line import head

ROUNDS = 5
_MEGABYTES = 100


def write_run(directory: Path, tasks: int, megabytes: int) -> None:
    """Writes a run whose tasks ran one after the other, and printed so much together."""
    plan = make_plan([{f"task-{i}": [] for i in range(tasks)}])
    events: list[e.Event] = [replace(started(plan), run=directory.name, environment="kind")]
    (directory / LOGS).mkdir(parents=True)
    for i in range(tasks):
        task = f"task-{i}"
        events += [
            e.AttemptStarted(i, task, 1),
            e.StepStarted(i, task, 1, 0, "work"),
            e.StepFinished(i + 1.0, task, 1, 0),
            e.AttemptFinished(i + 1.0, task, 1, "succeeded"),
            e.TaskFinished(i + 1.0, task, "succeeded"),
        ]
        line = f"{head(i + 0.5, 1, 0, '')}{'some output of a program ' * 4}\n"
        log_path(directory, task).write_text(line * (megabytes * 1_000_000 // tasks // len(line)))
    events.append(e.RunFinished(float(tasks), "succeeded"))
    (directory / EVENTS).write_bytes(b"".join(encode(event) + b"\n" for event in events))


def measure(rounds: int, scratch: Path) -> dict[str, list[float]]:
    """The milliseconds until each frame, by what it is of."""
    kinds = {"5,000 tasks": (5000, 1), "100 MB of logs": (8, _MEGABYTES)}
    taken: dict[str, list[float]] = {}
    for name, (tasks, megabytes) in kinds.items():
        write_run(scratch / name, tasks, megabytes)
    for _ in range(rounds):
        with opened("-c", BARE_APP) as terminal:
            found = terminal.wait_for(b"nothing but this")
            taken.setdefault(BARE, []).append((found - terminal.began) * 1e3)
        for name in kinds:
            with opened("-m", "tui", "show", str(scratch / name)) as terminal:
                for frame, needle in (("first frame", b"task-1"), ("whole run", b"up in")):
                    found = terminal.wait_for(needle)
                    taken.setdefault(f"{name}, {frame}", []).append((found - terminal.began) * 1e3)
    return taken


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as scratch:
        taken = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS, Path(scratch))
    floor = min(taken[BARE])
    print(f"{'':<28} {'best ms':>8} {'× floor':>8}")
    for name, each in taken.items():
        print(f"{name:<28} {min(each):>8.0f} {min(each) / floor:>8.1f}")


if __name__ == "__main__":
    main()
