"""How much a log costs on the screen and on the disk: `python -m tests.bench.logview`.

A view that follows a ring while lines pour in, without a terminal; and the index of a long file. Times
depend on the machine.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections import deque
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tui.dashboard.ansi import clean
from tui.dashboard.colors import ReadableApp
from tui.dashboard.logview.lines import LogView
from tui.run.log.file import LogFile
from tui.run.log.line import LogLine
from tui.run.log.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

_PODS = tuple(f"pod/tekton-pipelines-{name}-586c455c88-2hs7z" for name in ("controller", "webhook"))


class Ring:
    """Lines of which the oldest vanish."""

    def __init__(self, most: int) -> None:
        self.lines: deque[LogLine] = deque(maxlen=most)
        self.end = 0

    @property
    def first(self) -> int:
        return self.end - len(self.lines)

    def extend(self, lines: Iterable[LogLine]) -> None:
        new = list(lines)
        self.lines.extend(new)
        self.end += len(new)

    def read(self, start: int, stop: int) -> list[LogLine]:
        return list(islice(self.lines, max(0, start - self.first), max(0, stop - self.first)))


def make_line(i: int) -> LogLine:
    """A line of about a hundred characters; some have colours, some wide characters."""
    text = f'{{"level":"info","ts":{i},"logger":"controller","msg":"reconciled a thing in {i % 97} ms"}}'
    if i % 7 == 0:
        text = f"\x1b[32mINFO\x1b[0m [{i}] \x1b[1mreconciler\x1b[0m: wörk 完了 in {i % 97} ms, nothing to do"
    return LogLine(text, _PODS[i % 2] if i % 3 else "", 1, 0, i / 1000)


class _Bench(ReadableApp[None]):
    def __init__(self, view: LogView) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        yield self.view


async def run_view(size: tuple[int, int], *, wrap: bool, follow: bool) -> list[tuple[float, float]]:
    """What each pull costs while 50,000 lines come in batches of 500.

    Returns:
        Seconds of a pull, and of processor time until all is drawn.
    """
    ring = Ring(5000)
    view = LogView(ring, wrap=wrap)
    costs = []
    async with _Bench(view).run_test(size=size) as pilot:
        for batch in range(100):
            ring.extend(make_line(batch * 500 + i) for i in range(500))
            if batch == 10 and not follow:
                view.action_page_up()
            begin, busy = time.perf_counter(), time.process_time()
            view.pull()
            pulled = time.perf_counter() - begin
            await pilot.pause()
            costs.append((pulled, time.process_time() - busy))
    return costs


def write_log(path: Path, count: int) -> None:
    """A log file as the journal writes it."""
    with path.open("w") as file:
        for i in range(count):
            line = make_line(i)
            source = f"{line.source} " if line.source else ""
            file.write(f"{line.at:11.6f} #{line.attempt}.{line.step} {source}| {line.text}\n")


def run_file(count: int) -> None:
    """Prints what it costs to open, filter and search a long file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.log"
        write_log(path, count)
        file = LogFile(path)

        def took(what: str, begin: float) -> None:
            seconds = time.perf_counter() - begin
            print(f"{what:<34} {seconds * 1e3:>8.1f} ms {count / seconds / 1e6:>8.2f} M lines/s", flush=True)

        begin = time.perf_counter()
        file.tail()
        took("its last lines", begin)
        begin = time.perf_counter()
        while file.extend():
            pass
        took(f"index {file.read / 1e6:.0f} MB", begin)
        begin = time.perf_counter()
        view = file.view(sources=frozenset(_PODS[:1]))
        while view.extend():
            pass
        took("filter by source", begin)
        begin = time.perf_counter()
        pattern = re.compile("in 42 MS", re.IGNORECASE)
        search = Search(file.view(), lambda text: pattern.search(clean(text)), file.lines)
        while search.advance():
            pass
        took(f"search, {search.count:,} matches", begin)


def main() -> None:
    """Prints the tables."""
    head = "".join(f"{what:>12}" for what in ("pull", "95 %", "drawn", "95 %"))
    print(f"{'size':>8} {'wrap':<5} {'follow':<6}{head}   ms; drawn: processor time")
    for size in ((80, 24), (120, 40), (200, 60)):
        for wrap, follow in ((False, True), (True, True), (False, False), (True, False)):
            costs = asyncio.run(run_view(size, wrap=wrap, follow=follow))
            figures = [sorted(kind)[at] * 1e3 for kind in zip(*costs, strict=True) for at in (50, 95)]
            row = "".join(f"{figure:>12.2f}" for figure in figures)
            print(f"{size[0]:>4}×{size[1]:<3} {wrap!s:<5} {follow!s:<6}{row}", flush=True)
    print()
    run_file(1_000_000)


if __name__ == "__main__":
    main()
