"""What the command palette finds besides commands: tasks, steps, lines that tell of trouble, kept runs."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Provider
from textual.content import Content

from tui.dashboard.ansi import clean
from tui.insight.run_list import listed
from tui.run.log.search import tells_trouble
from tui.run.store import Store
from tui.text import GLYPHS, clock, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from textual.command import Hits

    from tui.dashboard.app import Dashboard
    from tui.insight.run_list import Listed

_LAST = 500  # lines of a task among which trouble is looked for
_MOST = 20  # lines that are offered
_EXACT = 0.5  # the score of a line that has what was typed
_WIDTH = 100  # characters of a line that are shown


class Place(NamedTuple):
    """Where one can go.

    Attributes:
        name: What is typed to find it.
        about: What it is.
        go: Goes there.
    """

    name: str
    about: str
    go: Callable[[], object]

    def shown(self, offsets: Iterable[int] = ()) -> Content:
        """Return what is shown of it, no part of which is taken for markup.

        Args:
            offsets: The characters of its name that match.
        """
        name = Content(self.name)
        for offset in offsets:
            name = name.stylize("bold underline", offset, offset + 1)
        return Content.assemble(name, "\n", (self.about, "$quiet"))


class PlaceProvider(Provider):
    """Finds places of the run, and other runs."""

    _runs: Sequence[Listed] = ()

    @property
    def _dashboard(self) -> Dashboard:
        from tui.dashboard.app import Dashboard

        assert isinstance(self.app, Dashboard)
        return self.app

    async def startup(self) -> None:
        """Look for runs."""
        self._runs = await asyncio.to_thread(lambda: listed(Store().listing()))

    async def discover(self) -> Hits:
        """Yield the tasks."""
        for place in tasks(self._dashboard):
            yield DiscoveryHit(place.shown(), place.go, text=place.name)

    async def search(self, query: str) -> Hits:
        """Yield the places whose names match."""
        fuzzy = self.matcher(query).fuzzy_search
        for place in (*tasks(self._dashboard), *steps(self._dashboard), *runs(self._dashboard, self._runs)):
            score, offsets = fuzzy.match(query, place.name)
            if score > 0:
                yield Hit(score, place.shown(offsets), place.go, text=place.name)
        wanted = query.lower()
        found = (place for place in troubles(self._dashboard) if wanted in place.name.lower())
        for place in islice(found, _MOST):
            at = place.name.lower().index(wanted)
            yield Hit(_EXACT, place.shown(range(at, at + len(query))), place.go, text=place.name)


def tasks(app: Dashboard) -> Iterator[Place]:
    """Yield the run's tasks, to put the cursor on."""
    for task in app.frame.tasks.values():
        about = f"{GLYPHS[task.status]} task, {task.status}"
        yield Place(clean(task.title), about, partial(app.go_to, task.id))


def steps(app: Dashboard) -> Iterator[Place]:
    """Yield the steps of its tasks, to read their logs from where they begin."""
    for task in app.frame.tasks.values():
        for i, title in enumerate(task.steps):
            name = f"{clean(task.title)} › {clean(title)}"
            yield Place(name, "step: its log", partial(_open_step, app, task.id, i))


def runs(app: Dashboard, found: Iterable[Listed]) -> Iterator[Place]:
    """Yield kept runs, to look at."""
    for run in found:
        summary = run.summary
        name = f"{clean(summary.run)} {clean(summary.plan)}"
        about = f"run, {run.outcome} in {seconds(summary.seconds)}"
        yield Place(name, about, partial(app.look_at, summary.name))


def troubles(app: Dashboard) -> Iterator[Place]:
    """Yield what failed, and lines that look like errors, to go to in the logs; of failed tasks first."""
    for task in sorted(app.frame.tasks.values(), key=lambda task: task.status != "failed"):
        if task.status == "failed" and task.attempt is not None and (failure := task.attempt.failure):
            name = f"{clean(task.title)}: {clean(failure.cause, _WIDTH)}"
            yield Place(name, "✗ failed: its log", partial(app.open_log, task.id))
        for line in app.last_lines(task.id, _LAST):
            text = clean(line.text, _WIDTH)
            if text.strip() and tells_trouble(clean(line.text)):
                about = f"{GLYPHS[task.status]} {clean(task.title)} at {clock(line.at)}"
                find = clean(line.text).strip()
                yield Place(text.strip(), about, partial(app.open_log, task.id, find=find))


def _open_step(app: Dashboard, task: str, step: int) -> None:
    """Open a task's log at the first line of a step; at its end where that said nothing."""
    said = (clean(line.text).strip() for line in app.last_lines(task, _LAST) if line.step == step)
    app.open_log(task, find=next(filter(None, said), ""))
