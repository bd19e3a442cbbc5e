"""The kept runs: to look at one of them, or to compare two."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from tui.dashboard.screens.work import start_work
from tui.dashboard.widgets.key_line import KeyLine
from tui.dashboard.widgets.run_table import RunTable
from tui.errors import BringupError
from tui.insight.compare import Side, compare
from tui.insight.history import History
from tui.insight.run_list import listed
from tui.run.store import Store
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from tui.insight.compare import Comparison
    from tui.run.listing import Listing

_LOOK_EVERY = 2.0  # seconds between two looks at what is kept


class RunsScreen(Screen[None]):
    """Lists the kept runs of a plan, or of all."""

    CSS_PATH: ClassVar[str] = "../styles/runs.tcss"
    AUTO_FOCUS: ClassVar[str] = "RunTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", tooltip="Mark a run to compare it; two at most"),
        Binding("enter", "open", "Show", tooltip="Show the run; or compare the two that are marked"),
        Binding("P", "replay", "Replay", tooltip="Play the run again, as it came"),
        Binding("v", "compare", "Compare", tooltip="Compare it with the marked run, or the last good one"),
        Binding("a", "all", "All plans", tooltip="List the runs of all plans, or of this one alone"),
        Binding("q,escape,h", "dismiss", "Back", key_display="q"),
    ]

    def __init__(self, plan: str, look_at: Callable[[str, bool], None]) -> None:
        """List nothing yet.

        Args:
            plan: The plan whose runs are listed first.
            look_at: Shows a run, by the name of its directory, and plays it again where that is wanted.
        """
        super().__init__()
        self._plan = plan
        self._all = False
        self._look_at = look_at
        self._store = Store()
        self._listing: Listing | None = None

    def compose(self) -> ComposeResult:
        """Yield what is listed, the runs, and the keys."""
        yield Static("looking for runs …", id="about", markup=False)
        yield RunTable()
        yield KeyLine()

    def on_mount(self) -> None:
        """Look for runs, now and then again."""
        self._look()
        self.set_interval(_LOOK_EVERY, self._look)

    def _look(self) -> None:
        start_work(self, self._read, "look")

    async def _read(self) -> None:
        listing = await asyncio.to_thread(self._store.listing)
        if listing != self._listing:
            self._listing = listing
            self._tell()

    def _tell(self) -> None:
        if self._listing is None:
            return
        runs = listed(self._listing, None if self._all else self._plan)
        self.query_one(RunTable).show(runs, History(self._listing.summaries))
        of = "all plans" if self._all else self._plan
        skipped = len(self._listing.skipped)
        text = f"{plural(len(runs), 'run')} of {of}" + (f" · {skipped:,} skipped: no runs" if skipped else "")
        self.query_one("#about", Static).update(text)

    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark away."""
        self.query_one(RunTable).mark()

    def action_all(self) -> None:
        """List the runs of all plans, or of one."""
        self._all = not self._all
        self._tell()

    def action_open(self) -> None:
        """Show the run under the cursor, or compare the two that are marked."""
        table = self.query_one(RunTable)
        if len(table.marked) == 2:
            self._compare(*(run.summary.name for run in table.marked))
        elif table.chosen is not None:
            self._look_at(table.chosen.summary.name, False)

    def action_replay(self) -> None:
        """Play the run under the cursor again."""
        if chosen := self.query_one(RunTable).chosen:
            self._look_at(chosen.summary.name, True)

    def action_compare(self) -> None:
        """Compare the marked runs, or the chosen one with a marked one or the last good one before it."""
        table = self.query_one(RunTable)
        if table.chosen is None:
            return
        names = {run.summary.name: run.summary.order for run in table.marked}
        if len(names) < 2:
            names[table.chosen.summary.name] = table.chosen.summary.order
        newer, *older = sorted(names, key=names.__getitem__, reverse=True)
        self._compare(newer, *older)

    def on_run_table_opened(self) -> None:
        """Show a run that was clicked on twice."""
        self.action_open()

    def _compare(self, newer: str, older: str = "") -> None:
        async def work() -> None:
            from tui.dashboard.screens.compare import CompareScreen

            try:
                told = await asyncio.to_thread(self._compared, newer, older)
            except (BringupError, OSError) as error:
                self.notify(str(error), severity="warning", markup=False)
            else:
                if self.is_attached:  # else one has left the list meanwhile
                    self.app.push_screen(CompareScreen(told))

        start_work(self, work, "open")

    def _compared(self, newer: str, older: str) -> Comparison:
        store = self._store
        a = store.open(newer)
        b = store.open(older) if older else store.before(a)
        one, other = (Side.of(each, store.measured([each])) for each in (a, b))
        return compare(one, other, store.usual(a))
