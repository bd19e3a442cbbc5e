"""Whether replay and race keep up: `python -m tests.bench.replay [TASKS]`.

Two runs of 500 tasks are played in a terminal at 16 times their speed. Tells how many frames were drawn a
second, of the ten that are due, the share of a core that took, and the most memory. Beside them the floor: a
Textual app with one widget, which is drawn ten times a second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.bench.export import write_run
from tests.bench.terminal import opened

TASKS, SECONDS = 500, 10.0
_SETTLED = 4.0  # seconds after which the runs are read

_COUNTED = """
import sys, time
from pathlib import Path
def counted(of, name):
    drawn, file = getattr(of, name), open(sys.argv[1], "ab", buffering=0)
    def draw(*given):
        file.write(b".")
        return drawn(*given)
    setattr(of, name, draw)
"""
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("nothing but this")
    def on_mount(self):
        self.set_interval(0.1, self.draw)
    def draw(self):
        self.query_one(Static).update(str(time.monotonic()))
counted(Bare, "draw")
Bare().run()
"""
_COMMAND = """
from tui.dashboard.app import Dashboard
from tui.dashboard.race import Race
from tui.cli import main
counted(Dashboard, "draw")
counted(Race, "draw")
del sys.argv[1]
main()
"""


def measure(scratch: Path, code: str, *arguments: str) -> tuple[float, float, float]:
    """The frames a second, the share of a core, and the most memory in megabytes."""
    frames = scratch / "frames"
    frames.write_bytes(b"")
    with opened("-c", _COUNTED + code, str(frames), *arguments, columns=160, lines=50) as terminal:
        time.sleep(_SETTLED)
        before, cpu, begin = frames.stat().st_size, terminal.cpu(), time.perf_counter()
        time.sleep(SECONDS)
        took = time.perf_counter() - begin
        return (frames.stat().st_size - before) / took, (terminal.cpu() - cpu) / took, terminal.peak()


def main() -> None:
    """Prints the table."""
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        runs = [scratch / name for name in ("a", "b")]
        for seed, run in enumerate(runs):
            write_run(run, tasks, seed)
        rows = {
            "a bare Textual app": (_BARE,),
            "replay": (_COMMAND, "replay", str(runs[0]), "--speed", "16"),
            "race": (_COMMAND, "race", *map(str, runs), "--speed", "16"),
        }
        print(f"{'':<20} {'frames/s':>8} {'CPU':>6} {'MB':>6}")
        for name, row in rows.items():
            frames, cpu, peak = measure(scratch, *row)
            print(f"{name:<20} {frames:>8.1f} {cpu:>6.0%} {peak:>6.0f}", flush=True)


if __name__ == "__main__":
    main()
