"""How long bringup takes to start: `python -m tests.bench.startup [ROUNDS]`.

Runs the commands in turn, and beside them the floors: an interpreter that does nothing, and one that
imports Click. Then the dashboard in a terminal, from its start until its first frame, which names the plan's
tasks, has come out of it; and beside it a Textual app with one widget. Each round runs all of them, so that a
busy moment hits all alike. Times depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.bench.terminal import opened

ROUNDS = 15
FLOOR, CLICK = "python -c pass", "import click"
COMMANDS = {
    FLOOR: ("-c", "pass"),
    CLICK: ("-c", "import click"),
    "bringup --version": ("-m", "tui", "--version"),
    "bringup plan show": ("-m", "tui", "plan", "show"),
}
BARE_APP = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("nothing but this")
Bare().run()
"""
BARE, UP = "a bare Textual app", "bringup up"
SCREENS = {
    BARE: (("-c", BARE_APP), b"nothing but this"),
    UP: (("-m", "tui", "up", "--env", "rehearsal"), b"Tekton Pipelines"),
}


def seconds(arguments: tuple[str, ...]) -> float:
    """How long one run of the interpreter takes, from its start to its end."""
    begin = time.perf_counter()
    subprocess.run((sys.executable, *arguments), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def first_frame(arguments: tuple[str, ...], needle: bytes) -> float:
    """How long it takes a program to bring some text to the screen."""
    with opened(*arguments) as terminal:
        return terminal.wait_for(needle) - terminal.began


def measure(rounds: int) -> dict[str, list[float]]:
    """What each round took, in seconds, by command."""
    taken: dict[str, list[float]] = {name: [] for name in (*COMMANDS, *SCREENS)}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            taken[name].append(seconds(arguments))
        for name, (arguments, needle) in SCREENS.items():
            taken[name].append(first_frame(arguments, needle))
    return taken


def main() -> None:
    """Prints the tables."""
    taken = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
    best = {name: min(each) for name, each in taken.items()}
    print(f"{'command':<18} {'ms':>7} {'× python':>9} {'× click':>8}")
    for name in COMMANDS:
        value = best[name]
        print(f"{name:<18} {value * 1e3:>7.1f} {value / best[FLOOR]:>9.2f} {value / best[CLICK]:>8.2f}")
    print()
    median = {name: statistics.median(each) for name, each in taken.items()}
    print(f"{'first frame':<18} {'best ms':>7} {'median ms':>9} {'× bare':>8} {'of medians':>10}")
    for name in SCREENS:
        print(
            f"{name:<18} {best[name] * 1e3:>7.1f} {median[name] * 1e3:>9.1f} "
            f"{best[name] / best[BARE]:>8.2f} {median[name] / median[BARE]:>10.2f}"
        )


if __name__ == "__main__":
    main()
