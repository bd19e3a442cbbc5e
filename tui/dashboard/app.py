"""The dashboard's app: pulls frames some ten times a second, opens screens, and knows how to leave."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import App, SystemCommand
from textual.events import Key

from tui.dashboard.ansi import clean
from tui.dashboard.driver import TerminalDriver
from tui.dashboard.leaving import Departure
from tui.dashboard.replay import Replay
from tui.dashboard.run_keys import APP_KEYS, RUN_KEYS, RunKeys
from tui.dashboard.screens.replay import ReplayScreen
from tui.dashboard.screens.run import LookScreen, RunScreen
from tui.dashboard.settings import Notify, Settings, read_settings, write_settings
from tui.dashboard.tab_progress import TabProgress
from tui.run.directories import config_directory, runs_directory
from tui.run.journal import log_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.command import Provider
    from textual.screen import Screen

    from tui.dashboard.control import Control
    from tui.dashboard.frame import Frame, Model
    from tui.run.log.line import LogLine

PULL_EVERY = 0.1
_LOOK_EVERY = 1.0  # seconds between two looks whether the terminal is still there
LONG = 30.0
"""Seconds from which a run is long enough for its end to be told to somebody who looks elsewhere."""

_OF_RUN = {binding.key for binding in RUN_KEYS}  # keys that are about the run
_MOST_TOASTS = 3


def _places() -> type[Provider]:
    from tui.dashboard.palette import PlaceProvider

    return PlaceProvider


def _screen(control: Control, model: Model) -> RunScreen:
    """Return the screen that shows a run."""
    if isinstance(control, Replay):
        return ReplayScreen(model.frame, control)
    kind = LookScreen if control.read_only else RunScreen
    return kind(model.frame, control.lines, lambda: control.stands)


class Live(NamedTuple):
    """The run that the dashboard was opened for, with what is known of it and its screen."""

    control: Control
    model: Model
    screen: RunScreen


class Dashboard(RunKeys):
    """Shows one run, live, which goes on also where this dies."""

    TITLE = "bringup"
    CSS_PATH = "styles/run.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar = App.COMMANDS | {_places}

    def __init__(self, control: Control, model: Model) -> None:
        """Show nothing yet.

        Args:
            control: The run.
            model: What is known of it; it outlives the app, which may be left and opened again.
        """
        super().__init__(control, model)
        self._live = Live(control, model, _screen(control, model))
        self._run_screen = self._live.screen
        self._live_frame: Frame | None = None
        self._departure = Departure(self, control, model)
        self._opening = False  # a log was asked for and is not on the screen yet: keys are meant for it
        self._settings_path = config_directory() / "dashboard.json"
        self._settings = read_settings(self._settings_path)
        self._warned = len(model.state.warnings)
        self._told_end = False
        self._shown: Frame | None = None
        self._typed_ahead: list[Key] = []
        self.prefer_theme(self._settings.theme)

    def get_default_screen(self) -> Screen[None]:
        """Return the run's screen."""
        return self._live.screen

    def _repaint(self) -> None:
        """Draw all of the screen again: the terminal has nothing of it left."""
        self.screen.refresh(layout=True)

    def on_mount(self) -> None:
        """Show the plan, and begins the run once it is on the screen."""
        if not self.is_headless:
            self._departure.heed_signals()
            self.set_interval(_LOOK_EVERY, self._departure.look_for_terminal)
        self.app_resume_signal.subscribe(self, lambda _: self._repaint())
        self.theme_changed_signal.subscribe(self, lambda theme: self._remember(theme=theme.name))
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.draw()
        self.set_interval(PULL_EVERY, self.draw)
        self._control.begin()

    @property
    def task_id(self) -> str:
        """The task under the cursor."""
        return self._run_screen.task_id

    def draw(self) -> None:
        """Show what has changed."""
        live = self._live.model.pull()
        frame = live if self._model is self._live.model else self._model.pull()
        if frame is not self._shown and self._run_screen.stands:
            self._shown = frame
            self._run_screen.show(frame)
        if self._typed_ahead and not (self._opening or self._is_unread):
            self._take_typed()
        if live is not self._live_frame:
            self._live_frame = live
            self._tell_warnings()
            if isinstance(self._driver, TerminalDriver) and self._control is self._live.control:
                self._driver.show_progress(TabProgress.of(live))
        if live.finished and not self._told_end:
            self._tell_end(live.worked)
        self._told_end = live.finished
        if self._live.control.over:
            self.exit("over")

    # Telling

    def _tell_warnings(self) -> None:
        state = self._live.model.state
        for warned in state.warnings[self._warned :][:_MOST_TOASTS]:
            title = clean(state.tasks[warned.task].title) if warned.task in state.tasks else "bringup"
            self.notify(clean(warned.text), title=title, severity="warning", markup=False)
        self._warned = len(state.warnings)

    def _tell_end(self, took: float) -> None:
        """Tell somebody who looks elsewhere that a long run has finished."""
        if took < LONG or self._settings.notify == "off" or isinstance(self._live.control, Replay):
            return
        self.bell()
        if self._settings.notify == "desktop" and self._driver is not None:
            failed = self._live.model.state.with_status("failed", "cancelled")
            self._driver.write(f"\x1b]9;bringup: {'it failed' if failed else 'it is up'}\x07")

    def _remember(self, theme: str | None = None, notify: Notify | None = None) -> None:
        """Keep what the user prefers."""
        old = self._settings
        new = Settings(theme or old.theme, notify or old.notify)
        if new == old:
            return
        self._settings = new
        if self.is_web:  # its user need not be this machine's
            return

        path = self._settings_path
        self._in_background(lambda: write_settings(path, new), f"the settings cannot be kept in {path}")

    # Opening

    @property
    def frame(self) -> Frame:
        """What is known of the run now."""
        return self._model.frame

    def go_to(self, task: str) -> None:
        """Put the cursor on a task, in place of what lies over the run."""
        while self.screen is not self._run_screen:
            self.pop_screen()
        self._run_screen.choose(task)

    def last_lines(self, task: str, most: int) -> list[LogLine]:
        """Return the last lines of a task's log."""
        if self._control.feed is None:
            return []
        tail = self._control.lines(task)
        return tail.read(tail.end - most, tail.end)

    def _open_log(self, *, searching: bool) -> None:
        self.open_log(self.task_id, searching=searching)

    def open_log(self, task: str, *, searching: bool = False, find: str = "") -> None:
        """Open a task's whole log, in place of what lies over the run.

        Args:
            task: The task.
            searching: Whether to ask what to look for.
            find: A text that is gone to.
        """
        from tui.dashboard.logview.screen import LogScreen

        tasks = self._model.state.tasks
        if task not in tasks:
            self.warn("nothing has been said yet")
            return
        self.go_to(task)  # or the cursor goes on to where something happens
        control, path = self._control, log_path(self._control.directory, task)
        screen = LogScreen(
            tasks[task].title,
            path,
            lambda: self._model.state.tasks.get(task),
            moment=lambda: control.moment,
        )
        then = partial(screen.find, find) if find else screen.action_search if searching else None
        self._opening = True
        self.push_screen(screen)
        screen.call_after_refresh(self._log_opened, then)

    def _log_opened(self, then: Callable[[], None] | None) -> None:
        self._opening = False
        if then is not None:
            then()
        self._take_typed()

    def _take_typed(self) -> None:
        """Take the keys that were typed ahead."""
        typed, self._typed_ahead = self._typed_ahead, []
        for key in typed:
            self.post_message(key)

    @property
    def _is_unread(self) -> bool:
        """Whether the run takes commands, but is not followed yet: another process has begun it."""
        is_read = self._model.state.started is not None
        return self._control.is_elsewhere and not (is_read or self._control.read_only)

    def action_why(self) -> None:
        """Tell where the time went."""
        from tui.dashboard.screens.why import WhyScreen

        if not isinstance(self.screen, WhyScreen):
            chosen = self.task_id if self._run_screen.is_chosen else ""
            self._run_screen.choose(self.task_id)
            self.push_screen(WhyScreen(lambda: self._model.frame, chosen, self._run_screen.choose))

    def action_runs(self) -> None:
        """List the kept runs."""
        from tui.dashboard.screens.runs import RunsScreen

        if self._control is not self._live.control:
            self._leave_kept()
        elif not isinstance(self.screen, RunsScreen):
            self.push_screen(RunsScreen(self.frame.name, self.look_at))

    def look_at(self, name: str, again: bool = False) -> None:
        """Show a kept run over the live one, until its user leaves it.

        Args:
            name: The name of its directory.
            again: Whether it is played again.
        """
        self.run_worker(self._look_at(name, again), group="look at", exclusive=True)

    async def _look_at(self, name: str, again: bool) -> None:
        from tui.dashboard.kept_run import KeptRun

        kept = await asyncio.to_thread(lambda: (Replay if again else KeptRun)(runs_directory() / name))
        if self._control is not self._live.control:
            self._leave_kept()
        model = kept.model()
        screen = _screen(kept, model)

        def shown() -> None:
            if not screen.stands:  # left before it was there
                return
            self._control, self._model, self._run_screen = kept, model, screen
            self.draw()
            kept.begin()

        self.push_screen(screen)
        screen.call_after_refresh(shown)

    def _leave_kept(self) -> None:
        """Go back from a kept run to the list in which it was chosen."""
        while self.screen is not self._run_screen:
            self.pop_screen()
        self.pop_screen()
        self._control.interrupted()
        self._control, self._model, self._run_screen = self._live
        self._shown = None

    def on_key(self, event: Key) -> None:
        """Keep keys typed ahead for a log that is being opened or a run; for others, say where they work."""
        if self._opening or (self._is_unread and event.key in _OF_RUN):
            event.prevent_default()
            self._typed_ahead.append(Key(event.key, event.character))
        elif event.key not in self.screen.active_bindings:
            from tui.dashboard.screens.keys import place_of

            if place := place_of(event.key):
                self.warn("answer this first, or press esc" if self.screen.is_modal else place)

    def action_keys(self) -> None:
        """Show every key."""
        from tui.dashboard.screens.keys import Keys

        if not isinstance(self.screen, Keys):
            self.push_screen(Keys())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield what the command palette offers."""
        yield SystemCommand("Theme", "Change the colours; the choice is remembered", self.action_change_theme)
        yield SystemCommand("Screenshot", "Save it where the run is kept, as SVG", self.action_screenshot)
        for name, text in _NOTIFY.items():
            if name != self._settings.notify:
                yield SystemCommand(
                    f"Notify: {name}", f"{text}; remembered", lambda name=name: self._remember(notify=name)
                )
        for binding in (*RUN_KEYS, *(key for key in APP_KEYS if key.tooltip)):
            yield SystemCommand(binding.description, binding.tooltip, partial(self._act, binding.action))

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Save the screen as SVG where the run is kept, and say where that is."""
        if self.is_web:
            self.warn("a browser saves no files on the machine that serves it")
            return
        if self._control.feed is None:
            self.warn("the run has not begun: there is no place to keep a picture of it")
            return
        svg, directory = self.export_screenshot(), self._control.directory

        def save() -> None:
            for number in count(1):
                target = directory / f"screenshot-{number}.svg"
                with contextlib.suppress(FileExistsError):
                    with target.open("x", encoding="utf-8") as file:
                        file.write(svg)
                    self.call_from_thread(self.notify, f"saved as {target}", markup=False)
                    return

        self._in_background(save, f"the picture cannot be saved in {directory}")

    def _in_background(self, work: Callable[[], None], trouble: str) -> None:
        """Do some work on files on a thread, and say what went wrong."""

        def try_to() -> None:
            try:
                work()
            except OSError as error:
                text = f"{trouble}: {error.strerror}"
                self.call_from_thread(self.notify, text, severity="warning", markup=False)

        self.run_worker(try_to, thread=True, group=trouble)

    def _act(self, action: str) -> None:
        self.call_next(self.run_action, action)

    # Leaving

    def action_leave(self) -> None:
        """Leave a kept run for the list; else leave, but ask what becomes of a run that goes on."""
        if self._control is not self._live.control:
            self._leave_kept()
        else:
            self._departure.leave()

    def action_interrupt(self) -> None:
        """Copy a selection; else ask like `q`, then stop the run, then kill what is left of it."""
        if text := self.screen.get_selected_text():
            self.copy_to_clipboard(text)
            self.screen.clear_selection()
        else:
            self._departure.interrupt()


_NOTIFY: dict[Notify, str] = {
    "off": "Tell nothing when a long run finishes",
    "bell": "Ring the bell when a long run finishes",
    "desktop": "Notify the desktop when a long run finishes, where the terminal can",
}
