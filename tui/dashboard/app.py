"""The dashboard's app: pulls frames some ten times a second, opens screens, and knows how to leave."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.worker import WorkerFailed

from tui.dashboard.ansi import clean
from tui.dashboard.control import Leaving
from tui.dashboard.driver import TerminalDriver
from tui.dashboard.screens.question import Answer, Question
from tui.dashboard.screens.run import RunScreen
from tui.dashboard.settings import Notify, Settings, read_settings, write_settings
from tui.dashboard.widgets.timeline import Timeline
from tui.run.commands import CancelRun, Close, Kill
from tui.run.directories import config_directory
from tui.run.journal import log_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.driver import Driver
    from textual.screen import Screen

    from tui.dashboard.control import Control
    from tui.dashboard.frame import Model
    from tui.run.commands import Command
    from tui.run.log.line import LogLines
    from tui.run.state import TaskState

PULL_EVERY = 0.1
LONG = 30.0
"""Seconds from which a run is long enough for its end to be told to somebody who looks elsewhere."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_MOST_TOASTS = 3
_DRAINED_WITHIN = 30.0  # seconds, which is far more than it takes a run to end
_LEAVE_WITHIN = 3.0  # seconds after the run's end, where a signal asked for it
_INTERRUPTED = 130  # the exit code of what a signal ended


class Dashboard(App[Leaving]):
    """Shows one run, live.

    Attributes:
        fault: What it died of, if it did: the run goes on without it.
    """

    TITLE = "bringup"
    CSS_PATH = "styles/run.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "keys", "Keys", key_display="?"),
        Binding("q", "leave", "Leave"),
        Binding("ctrl+p", "command_palette", "Commands, themes, notifications", show=False),
        Binding("ctrl+c", "interrupt", "Leave; while it stops, kill it", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "To the shell; `fg` leads back", show=False),
    ]

    def __init__(self, control: Control, model: Model) -> None:
        """Shows nothing yet.

        Args:
            control: The run.
            model: What is known of it; it outlives the app, which may be left and opened again.
        """
        super().__init__()
        self._control = control
        self._model = model
        self._run_screen = RunScreen(self._lines, self._tell)
        self._settings_path = config_directory() / "dashboard.json"
        self._settings = read_settings(self._settings_path)
        self._warned = len(model.state.warnings)
        self._told_end = False
        self._typed_ahead: list[Key] = []
        self._guard: threading.Thread | None = None
        self.fault: BaseException | None = None
        if self._settings.theme in self.available_themes:
            self.theme = self._settings.theme

    def get_default_screen(self) -> Screen[None]:
        """The run."""
        return self._run_screen

    def get_driver_class(self) -> type[Driver]:
        """The terminal, by standard output."""
        return TerminalDriver

    def _repaint(self) -> None:
        """Draws all of the screen again: the terminal has nothing of it left."""
        self.screen.refresh(layout=True)

    def on_mount(self) -> None:
        """Shows the plan, and begins the run once it is on the screen."""
        if not self.is_headless:
            # Not through the loop, which stands still where the terminal does not read any more.
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as of SIGHUP under nohup
                    signal.signal(number, self._signalled)
        self.app_resume_signal.subscribe(self, lambda _: self._repaint())
        self.theme_changed_signal.subscribe(self, lambda theme: self._remember(theme=theme.name))
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._pull()
        self.set_interval(PULL_EVERY, self._pull)
        self.call_after_refresh(self._control.begin)

    def _lines(self, task: str) -> LogLines:
        assert self._control.feed is not None
        return self._control.feed.tail(task)

    def _tell(self, command: Command) -> None:
        """Gives the run a command that the user chose."""
        if isinstance(command, CancelRun):
            self._control.interrupted()
        self._control.tell(command)

    def _pull(self) -> None:
        frame = self._model.pull()
        if frame is not self._run_screen.frame:
            self._run_screen.show(frame)
            self._tell_warnings()
        if frame.finished and not self._told_end:
            self._tell_end(frame.now)
        self._told_end = frame.finished
        if self._control.over:
            self.exit("over")

    # Telling

    def _tell_warnings(self) -> None:
        state = self._model.state
        for warned in state.warnings[self._warned :][:_MOST_TOASTS]:
            title = clean(state.tasks[warned.task].title) if warned.task in state.tasks else "bringup"
            self.notify(clean(warned.text), title=title, severity="warning", markup=False)
        self._warned = len(state.warnings)

    def _tell_end(self, took: float) -> None:
        """Tells somebody who looks elsewhere that a long run has ended."""
        if took < LONG or self._settings.notify == "off":
            return
        self.bell()
        if self._settings.notify == "desktop" and self._driver is not None:
            failed = self._model.state.with_status("failed", "cancelled")
            self._driver.write(f"\x1b]9;bringup: {'it failed' if failed else 'it is up'}\x07")

    def _remember(self, theme: str | None = None, notify: Notify | None = None) -> None:
        """Keeps what the user prefers."""
        old = self._settings
        new = Settings(theme or old.theme, notify or old.notify)
        if new == old:
            return
        self._settings = new

        def write() -> None:
            try:
                write_settings(self._settings_path, new)
            except OSError as error:
                text = f"the settings cannot be kept in {self._settings_path}: {error.strerror}"
                self.call_from_thread(self.notify, text, severity="warning", markup=False)

        self.run_worker(write, thread=True, group="settings")

    # Opening

    def on_run_screen_log_wanted(self, event: RunScreen.LogWanted) -> None:
        """Opens a task's whole log."""
        from tui.dashboard.logview.screen import LogScreen

        if self._control.feed is None:
            self._run_screen.opening = False
            return

        def task() -> TaskState | None:
            return self._model.state.tasks.get(event.task)

        title = self._model.state.tasks[event.task].title
        screen = LogScreen(title, log_path(self._control.directory, event.task), task)
        self.push_screen(screen)
        screen.call_after_refresh(self._log_opened, screen.action_search if event.searching else None)

    def _log_opened(self, search: Callable[[], None] | None) -> None:
        self._run_screen.opening = False
        if search is not None:
            search()
        typed, self._typed_ahead = self._typed_ahead, []
        for key in typed:
            self.post_message(key)

    def on_key(self, event: Key) -> None:
        """Keeps what is typed ahead for the log that is being opened: to the run it means something else."""
        if self._run_screen.opening:
            event.prevent_default()
            self._typed_ahead.append(Key(event.key, event.character))

    def action_keys(self) -> None:
        """Shows every key."""
        from tui.dashboard.logview.screen import LogScreen
        from tui.dashboard.screens.keys import Keys
        from tui.dashboard.screens.why import WhyScreen

        if isinstance(self.screen, Keys):
            return
        groups = {
            "Run": [*RunScreen.BINDINGS, *Dashboard.BINDINGS],
            "Timeline": Timeline.BINDINGS,
            "Log": LogScreen.BINDINGS,
            "Why slow": WhyScreen.BINDINGS,
        }
        self.push_screen(Keys(groups, _MOUSE))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the command palette offers."""
        yield SystemCommand("Theme", "Change the colours; the choice is remembered", self.action_change_theme)
        yield SystemCommand("Keys", "Every key", self.action_keys)
        yield SystemCommand("Screenshot", "Save the screen as SVG", self.deliver_screenshot)
        for name, text in _NOTIFY.items():
            if name != self._settings.notify:
                yield SystemCommand(
                    f"Notify: {name}", f"{text}; remembered", lambda name=name: self._remember(notify=name)
                )
        if screen is self._run_screen:
            for binding in RunScreen.BINDINGS:
                if isinstance(binding, Binding):
                    title = binding.tooltip or binding.description
                    yield SystemCommand(
                        binding.description, title, lambda action=binding.action: self._act(action)
                    )
        yield SystemCommand("Leave", "Leave the dashboard", self.action_leave)

    def _act(self, action: str) -> None:
        self.call_next(self._run_screen.run_action, action)

    # Leaving

    def action_lines(self) -> None:
        """Goes on with plain lines."""
        if self._control.feed is None:
            self.notify("the run has not begun", severity="warning", timeout=4)
        else:
            self.exit("lines")

    def action_leave(self) -> None:
        """Leaves; while the run goes on, asks what is to become of it."""
        state = self._model.state
        if self._control.feed is None or state.started is None:
            self._give_up()
        elif state.ended_at is not None:
            self._control.tell(Close())
        elif isinstance(self.screen, Question):
            self.screen.dismiss("")
        else:
            self._ask_what_becomes_of_it()

    def _ask_what_becomes_of_it(self) -> None:
        text = "It is being stopped; `c` does not wait for it." if self._model.state.cancelling else ""
        cancel = "kill it" if text else "cancel it"
        answers = [Answer("l", "go on, as plain lines"), Answer("c", cancel, grave=True)]

        def answered(key: str | None) -> None:
            if key == "l":
                self.action_lines()
            elif key == "c":
                self._stop()

        self.push_screen(Question("The run goes on. Leave it?", answers, text), answered)

    def action_interrupt(self) -> None:
        """Ctrl-C: copies a selection, else asks like `q`; while all is being stopped, kills."""
        if text := self.screen.get_selected_text():
            self.copy_to_clipboard(text)
        elif self._model.state.cancelling:
            self._stop()
        else:
            self.action_leave()

    def _signalled(self, number: int, _: object) -> None:
        """Takes a signal as a wish to stop; a second one kills."""
        if number == signal.SIGHUP:  # the terminal is gone, though Textual would begin anew at the SIGCONT
            signal.signal(signal.SIGCONT, signal.SIG_IGN)
        if self._guard is None:
            self._guard = threading.Thread(target=self._leave_in_time, name="guard", daemon=True)
            self._guard.start()
        if self._control.feed is None:
            self.call_later(self._stop)
        else:
            self._stop()

    def _leave_in_time(self) -> None:
        """Ends the process once the run has ended, should the terminal keep Textual from it."""
        deadline = time.monotonic() + _DRAINED_WITHIN
        while self._control.feed is not None and not self._control.over and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(_LEAVE_WITHIN)
        os._exit(_INTERRUPTED)

    def _stop(self) -> None:
        self._control.interrupted()
        if self._control.feed is None:
            self._give_up()
        else:
            self._control.tell(Kill() if self._model.state.cancelling else CancelRun())
            self._control.tell(Close())  # also where there is nothing left to cancel

    def _give_up(self) -> None:
        """Leaves before the run has begun."""
        self._control.interrupted()
        self.exit("over")

    def _fatal_error(self) -> None:
        """Ends the app, not the run; Textual's own account of it would show secrets among its variables."""
        fault = self._exception
        self.fault = fault.error if isinstance(fault, WorkerFailed) else fault
        self._close_messages_no_wait()


_NOTIFY: dict[Notify, str] = {
    "off": "Tell nothing when a long run ends",
    "bell": "Ring the bell when a long run ends",
    "desktop": "Notify the desktop when a long run ends, where the terminal can",
}
_MOUSE = [
    ("click", "Put the cursor on a task, by its row, panel or tab"),
    ("2 clicks", "Open the task's log"),
    ("wheel", "Scroll; with ctrl zoom the time axis, with shift move it"),
    ("drag", "Select text in a log; y or ^c copies it"),
    ("footer", "Each key can be clicked on"),
]
