"""How long bringup takes to start: `python -m tests.bench.startup [ROUNDS]`.

Runs the commands in turn, and beside them the floors: an interpreter that does nothing, and one that
imports Click. Each round runs all of them, so that a busy moment hits all alike; the best round counts.
Times depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import subprocess
import sys
import time

ROUNDS = 15
FLOOR, CLICK = "python -c pass", "import click"
COMMANDS = {
    FLOOR: ("-c", "pass"),
    CLICK: ("-c", "import click"),
    "bringup --version": ("-m", "tui", "--version"),
    "bringup plan show": ("-m", "tui", "plan", "show"),
}


def seconds(arguments: tuple[str, ...]) -> float:
    """How long one run of the interpreter takes, from its start to its end."""
    begin = time.perf_counter()
    subprocess.run((sys.executable, *arguments), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def measure(rounds: int) -> dict[str, float]:
    """The best of some rounds, in seconds, by command."""
    taken = [{name: seconds(arguments) for name, arguments in COMMANDS.items()} for _ in range(rounds)]
    return {name: min(each[name] for each in taken) for name in COMMANDS}


def main() -> None:
    """Prints the table."""
    best = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
    print(f"{'command':<18} {'ms':>7} {'× python':>9} {'× click':>8}")
    for name, value in best.items():
        print(f"{name:<18} {value * 1e3:>7.1f} {value / best[FLOOR]:>9.2f} {value / best[CLICK]:>8.2f}")


if __name__ == "__main__":
    main()
