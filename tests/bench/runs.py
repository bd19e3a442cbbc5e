"""What lists of runs cost: `python -m tests.bench.runs [RUNS] [DIRECTORY]`.

Makes synthetic journals (10,000 unless told otherwise) in a directory that is deleted afterwards, unless one
is named, and lists them as a user would: with no index yet, with it, as JSON, and after one more run. Beside
them are the floors: an interpreter that imports SQLite, and `bringup --version`. Times depend on the machine;
the ratios are what to look at.
"""

from __future__ import annotations

import datetime
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run.event_json import encode
from tui.run.index import path_of
from tui.run.journal import EVENTS, LOGS

RUNS = 10_000
ROUNDS = 7
FLOOR = "python -c 'import sqlite3'"
_PLAN = make_plan([{"cluster": []}, {"tekton": ["cluster"], "image": []}, {"deploy": ["tekton", "image"]}])
_BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_SECONDS = {"cluster": 20.0, "tekton": 30.0, "image": 15.0, "deploy": 10.0}


def write_run(root: Path, number: int, rng: random.Random) -> None:
    """Writes a run of four tasks with a step each, of which one run in ten fails."""
    at = _BEGAN + datetime.timedelta(minutes=20 * number)
    run = f"{at:%Y%m%dT%H%M%SZ}-{number % 65536:04x}"
    (root / run / LOGS).mkdir(parents=True)
    mode = rng.choice(("parallel", "eager", "sequential"))
    first = replace(started(_PLAN, mode), run=run, plan=f"plan-{number % 5}", environment="kind")
    events: list[e.Event] = [replace(first, started=at.isoformat(timespec="seconds"))]
    now = 0.0
    outcome: e.RunOutcome = "failed" if rng.random() < 0.1 else "succeeded"
    for task, seconds in _SECONDS.items():
        end = now + seconds * rng.uniform(0.9, 1.2)
        last = outcome if task == "deploy" else "succeeded"
        events += [
            e.AttemptStarted(now, task, 1),
            e.StepStarted(now, task, 1, 0, "work"),
            e.SpanStarted(now, task, 1, 0, 1, "load", "image"),
            e.SpanFinished(end, task, 1, 1),
            *([e.StepFinished(end, task, 1, 0)] if last == "succeeded" else []),
            e.AttemptFinished(end, task, 1, last),
            e.TaskFinished(end, task, last),
        ]
        now = end
    events.append(e.RunFinished(now, outcome))
    (root / run / EVENTS).write_bytes(b"".join(encode(event) + b"\n" for event in events))


def milliseconds(arguments: tuple[str, ...], state: Path) -> float:
    """How long a command takes, from its start to its end."""
    environment = {**os.environ, "XDG_STATE_HOME": str(state)}
    begin = time.perf_counter()
    subprocess.run((sys.executable, *arguments), check=True, stdout=subprocess.DEVNULL, env=environment)
    return (time.perf_counter() - begin) * 1e3


def measure(state: Path, count: int) -> dict[str, list[float]]:
    """The milliseconds of each command, by its name."""
    root, rng = state / "bringup" / "runs", random.Random(1)
    for number in range(count):
        write_run(root, number, rng)
    commands = {
        FLOOR: ("-c", "import sqlite3"),
        "bringup --version": ("-m", "tui", "--version"),
        "bringup runs": ("-m", "tui", "runs"),
        "bringup runs --output json": ("-m", "tui", "runs", "--output", "json"),
        "bringup runs keep @good": ("-m", "tui", "runs", "keep", "@good"),
    }
    path_of(root).unlink(missing_ok=True)
    taken = {"bringup runs, no index": [milliseconds(("-m", "tui", "runs"), state)]}
    for number in range(ROUNDS):
        for name, arguments in commands.items():
            taken.setdefault(name, []).append(milliseconds(arguments, state))
        write_run(root, count + number, rng)
        taken.setdefault("bringup runs, one more run", []).append(milliseconds(("-m", "tui", "runs"), state))
    return taken


def main() -> None:
    """Prints the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as scratch:
        taken = measure(Path(sys.argv[2] if len(sys.argv) > 2 else scratch), count)
    floor = min(taken[FLOOR])
    print(f"{f'{count:,} runs':<28} {'best ms':>8} {'× floor':>8}")
    for name, each in taken.items():
        print(f"{name:<28} {min(each):>8.0f} {min(each) / floor:>8.1f}")


if __name__ == "__main__":
    main()
