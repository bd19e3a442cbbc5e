"""A task's whole log on the screen: filtered, searched, copied and saved, while it grows and afterwards."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from tui.dashboard.ansi import clean, clean_all
from tui.dashboard.logview.head import LogFacts, LogHead
from tui.dashboard.logview.lines import LogView
from tui.dashboard.logview.searching import LogSearching
from tui.dashboard.logview.source_list import SourceList
from tui.dashboard.screens.work import start_work
from tui.dashboard.widgets.ask_bar import AskBar
from tui.dashboard.widgets.key_line import KeyLine
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.widgets import Input

    from tui.run.state import TaskState

MOST_COPIED = 100_000
"""Characters that are copied at most: terminals refuse more, most of them without a word."""


class LogScreen(LogSearching):
    """Shows a log file of the journal."""

    CSS_PATH: ClassVar[str] = "../styles/log.tcss"
    AUTO_FOCUS: ClassVar[str] = "#log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/", tooltip="Search all of the log"),
        Binding("n", "next(False)", "Next", tooltip="Next match"),
        Binding("N", "next(True)", "Match before", show=False),
        Binding("e", "trouble", "Error", tooltip="First line that looks like an error, then the next"),
        Binding("f", "sources", "Sources", tooltip="Choose whose lines are shown"),
        Binding("left_square_bracket", "attempt_by(-1)", "Attempt before", show=False),
        Binding("right_square_bracket", "attempt_by(1)", "Next attempt", show=False),
        Binding("F,space", "switch('follow')", "Follow", key_display="F", tooltip="Follow the end, or stay"),
        Binding("w", "switch('wrap')", "Wrap", tooltip="Break long lines, or cut them off"),
        Binding("t", "switch('times')", "Times", tooltip="Show when each line was said, or do not"),
        Binding("y", "copy", "Copy", tooltip="Copy what is selected, or else the lines in sight"),
        Binding("Y", "copy_all", "Copy all lines", show=False),
        Binding("s", "save", "Save", tooltip="Save the lines to a file"),
        Binding("enter", "enter", "Next match, or back", show=False),
        Binding("escape", "back", "Back", show=False),
        Binding("q", "close", "Back"),
    ]

    def __init__(
        self,
        title: str,
        path: Path,
        task: Callable[[], TaskState | None],
        *,
        moment: Callable[[], float] = lambda: math.inf,
        attempt: int | None = None,
        every: float | None = 0.1,
    ) -> None:
        """Show nothing yet.

        Args:
            title: The task's.
            path: Its log file; it may not be there yet.
            task: Gives the task as it stands; None where there is no such.
            moment: Gives the moment up to which lines are shown, in seconds since the run began.
            attempt: The attempt whose lines are wanted; None for all.
            every: Seconds between two looks at the file; None where somebody else calls `pull`.
        """
        super().__init__(path, moment, attempt, every)
        self._title = title
        self._state = task
        self._shown: object = None
        self._may_overwrite = ""

    def compose(self) -> ComposeResult:
        """Yield the screen's parts, from top to bottom."""
        yield LogHead()
        with Horizontal(id="body"):
            yield LogView(wrap=True, id="log")
            yield SourceList(id="sources")
        yield AskBar(id="bar")
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin to read."""
        for name in ("follow", "scroll_y"):
            self.watch(self.log_view, name, self._show_head, init=False)
        start_work(self, self._read, "read")

    # Showing.

    def _show(self) -> None:
        """Update what is shown, if it has changed."""
        reader, search = self._reader, self._reader.search
        looked = (search, search.done, search.part) if search is not None else None
        shown = (reader.window, reader.window.end, reader.file.read, self._state(), looked, self._fault)
        if shown == self._shown:
            return
        self._shown = shown
        self.log_view.placeholder = "none of these said anything" if reader.file.lines else "no output yet"
        if self._tail is None:
            self.log_view.pull()
        self._show_head()
        self._show_search()

    def _show_head(self) -> None:
        log, file, view = self.log_view, self._reader.file, self._reader.view
        facts = LogFacts(
            title=self._title,
            task=self._state(),
            attempts=self._attempts(),
            attempt=self._attempt,
            lines=view.end,
            of=file.lines,
            sources=(len(self._sources), len(self._count_sources())) if self._sources is not None else None,
            read=100 * file.read // file.size if self._tail is not None and file.size else 100,
            fault=self._fault,
            place="following" if log.follow else f"line {log.top + 1:,}" if self._tail is None else "",
        )
        self.query_one(LogHead).show(facts)

    def _attempts(self) -> tuple[int, ...]:
        task = self._state()
        known = {attempt for attempt, _ in self._reader.file.counts()} | {self._attempt or 1}
        return tuple(sorted(known | {each.attempt for each in (task.attempts if task is not None else ())}))

    def _count_sources(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (attempt, source), count in self._reader.file.counts().items():
            found[source] += count * (self._attempt in {None, attempt})
        return found

    # Filtering.

    def action_sources(self) -> None:
        """Open the list of sources, or closes it."""
        sources = self.query_one("#sources", SourceList)
        sources.display = not sources.display
        if sources.display:
            sources.list(self._count_sources(), self._sources)
            sources.focus()
        else:
            self.log_view.focus()

    def on_source_list_changed(self, event: SourceList.Changed) -> None:
        """Show the lines of other sources."""
        self._sources = event.sources
        start_work(self, self._filter, "filter")

    def action_attempt(self, attempt: int) -> None:
        """Show one attempt, or with 0 all of them."""
        self._attempt = attempt or None
        start_work(self, self._filter, "filter")

    def action_attempt_by(self, step: int) -> None:
        """Show the attempt before, or the next; all of them are before the first."""
        numbers = [0, *self._attempts()]
        place = numbers.index(self._attempt or 0) + step
        if 0 <= place < len(numbers):
            self.action_attempt(numbers[place])

    # Looking.

    def action_switch(self, name: str) -> None:
        """Switch one of the log's `follow`, `wrap` and `times`."""
        setattr(self.log_view, name, not getattr(self.log_view, name))

    # Taking along.

    def action_copy(self) -> None:
        """Copy the selection, or else the visible lines."""
        text = self.log_view.copy_text()
        self._copy(text, "" if self.log_view.text_selection is not None else ", those in sight")

    def _copy(self, text: str, which: str) -> None:
        self.app.copy_to_clipboard(text)
        self._emit(f"copied {plural(text.count(chr(10)) + (text != ''), 'line')}{which}")

    def action_copy_all(self) -> None:
        """Copy all lines that are wanted, or as many of the last as a terminal takes."""
        start_work(self, self._copy_all, "copy")

    async def _copy_all(self) -> None:
        def collect() -> list[str]:
            return [clean_all(text) for text in self._reader.last_texts(MOST_COPIED)]

        try:
            texts = await asyncio.to_thread(collect)
        except OSError as error:
            self.notify(f"the log cannot be read: {error.strerror}", markup=False, severity="error")
            return
        end = self._reader.view.end
        which = f", the last of {end:,}: a terminal takes no more" if len(texts) < end else ""
        self._copy("\n".join(texts)[-MOST_COPIED:], which)

    def action_save(self) -> None:
        """Ask for a file to save the lines in that are wanted."""
        if self.app.is_web:  # whoever looks on there could write any file of its server's user
            self._emit("a browser saves no files on the machine that serves it")
            return
        self._bar.ask("save", "save to ", f"./{self._reader.file.path.stem}.log")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Begin to save, or to search."""
        if self._bar.asking == "save":
            start_work(self, partial(self._save, event.value), "save")
        else:
            self._submit_search(event.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Mark the matches in the visible lines while the user types."""
        self._may_overwrite = ""
        self._mark(event.value)

    async def _save(self, name: str) -> None:
        overwrite = bool(name) and name == self._may_overwrite

        def save() -> int:
            return self._reader.save(Path(name).expanduser(), clean_all, overwrite=overwrite)

        try:
            count = await asyncio.to_thread(save)
        except FileExistsError:
            self._may_overwrite = name
            self._bar.note("it exists · enter: overwrite", fault=True)
        except (OSError, RuntimeError, ValueError) as error:
            cause = error.strerror if isinstance(error, OSError) else str(error)
            self._bar.note(f"{cause} · hint: name another file", fault=True)
        else:
            self._close_bar()
            self._emit(f"saved {plural(count, 'line')} in {name}")

    def _emit(self, text: str) -> None:
        self.notify(clean(text), markup=False, timeout=3)

    # Leaving.

    def action_enter(self) -> None:
        """Go to the next match where something is looked for, else back."""
        if self._reader.search is not None:
            self.action_next(backwards=False)
        else:
            self.action_close()

    def action_back(self) -> None:
        """Leave the question, else the sources, the selection, the search, or the screen."""
        if self._bar.asking:
            self.log_view.pattern = self._pattern
            self._close_bar()
        elif self.query_one("#sources").display:
            self.action_sources()
        elif self.selections:
            self.clear_selection()
        elif self._reader.search is not None:
            self._end_search()
        else:
            self.action_close()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
