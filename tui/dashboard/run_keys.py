"""The keys that work on every screen: they control the run, and look closer at its tasks.

To add a key for a command of the engine: a binding in `RUN_KEYS`, and its action in `RunKeys`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tui.dashboard.ansi import clean
from tui.dashboard.colors import ReadableApp
from tui.dashboard.control import Leaving
from tui.dashboard.screens.question import Answer, Question
from tui.run.commands import (
    Cancel,
    CancelRun,
    Pause,
    Restart,
    Resume,
    Retry,
    RetryFailed,
    SetMode,
    restarted,
    stopped,
)
from tui.text import GLYPHS, plural

if TYPE_CHECKING:
    from tui.dashboard.control import Control
    from tui.dashboard.frame import Model
    from tui.run.commands import Command
    from tui.run.state import TaskState

RUN_KEYS = (
    Binding("r", "app.retry", "Retry", tooltip="Retry the task, and then what it held up"),
    Binding("R", "app.retry_failed", "Retry all", show=False, tooltip="Retry all that failed"),
    Binding("f", "app.restart", "Start again", show=False, tooltip="Run it and all that needs it again"),
    Binding("c", "app.cancel", "Cancel", tooltip="Cancel the task"),
    Binding("X", "app.cancel_run", "Cancel the run", show=False, tooltip="Stop everything"),
    Binding("m", "app.mode", "Mode", tooltip="Switch the mode: parallel, eager, sequential"),
    Binding("p", "app.pause", "Pause", tooltip="Start nothing more, or go on"),
    Binding("enter", "app.open", "Open", tooltip="Open the task's whole log"),
    Binding("slash", "app.search", "Search", key_display="/", tooltip="Search the task's log"),
    Binding("d", "app.why", "Why", tooltip="Show where the time went, and what would help"),
    Binding("h", "app.runs", "Runs", show=False, tooltip="Show the kept runs, to look at one or compare two"),
    Binding("l", "app.lines", "Lines", tooltip="Go on as plain lines; d there leads back"),
)
_LOOKING = {f"app.{name}" for name in ("open", "search", "why")}
LOOK_KEYS = tuple(replace(key, show=key.show and key.action in _LOOKING) for key in RUN_KEYS)
"""The same for a run that takes no commands: those alone are offered that look closer."""

APP_KEYS = (
    Binding("question_mark", "keys", "Keys", key_display="?", tooltip="Show every key, and a legend"),
    Binding("q", "leave", "Leave", tooltip="Leave; while the run goes on, ask what becomes of it"),
    Binding("ctrl+p", "command_palette", "Commands, themes, notifications", show=False),
    Binding("ctrl+c", "interrupt", "Leave; again: stop the run; again: kill it", show=False, priority=True),
    Binding("ctrl+z", "suspend_process", "To the shell; `fg` leads back", show=False),
)

_NAMED = 8  # tasks that a question names


class RunKeys(ReadableApp[Leaving]):
    """Carries out the run's keys, for the task under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(replace(binding, show=False) for binding in RUN_KEYS),
        *APP_KEYS,
    ]

    def __init__(self, control: Control, model: Model) -> None:
        """Carry out nothing yet.

        Args:
            control: The run.
            model: What is known of it; it outlives the app, which may be left and opened again.
        """
        super().__init__()
        self._control = control
        self._model = model

    @property
    def task_id(self) -> str:
        """The task under the cursor."""
        raise NotImplementedError

    def warn(self, text: str) -> None:
        """Say why a key does nothing."""
        self.notify(clean(text), severity="warning", markup=False, timeout=4)

    # Commands

    def _give(self, command: Command) -> None:
        """Give the run a command, or say why it does not take it now."""
        if self._takes(command):
            if isinstance(command, CancelRun):
                self._control.interrupted()
            self._control.tell(command)

    def _takes(self, command: Command) -> bool:
        """Return whether the run takes a command now; if not, say why."""
        if reason := self._control.read_only or command.refusal(self._model.state):
            self.warn(reason)
        return not reason

    def _ask(self, title: str, answer: str, text: str, command: Command) -> None:
        """Give a command once its question is answered with yes."""

        def answered(key: str | None) -> None:
            if key == "y":
                self._give(command)

        self.push_screen(Question(title, [Answer("y", answer, grave=True)], text), answered)

    def action_retry(self) -> None:
        """Retry the task."""
        self._give(Retry(self.task_id))

    def action_retry_failed(self) -> None:
        """Retry all that failed."""
        self._give(RetryFailed())

    def action_restart(self) -> None:
        """Start again from the task, once it is clear what that undoes."""
        command, state = Restart(self.task_id), self._model.state
        if self._takes(command):
            again = restarted(state, command.task)
            text = "These run again, and what runs of them is stopped first:\n" + _named(again)
            title = f"Start again from {clean(state.tasks[command.task].title)}?"
            self._ask(title, f"run {plural(len(again), 'task')} again", text, command)

    def action_cancel(self) -> None:
        """Cancel the task, once that is clear: what it has done so far is lost."""
        command, state = Cancel(self.task_id), self._model.state
        if self._takes(command):
            held_up = [state.tasks[id_].title for id_ in state.graph.held_up([command.task])]
            text = f"What needs it is skipped: {clean(', '.join(held_up))}" if held_up else ""
            self._ask(f"Cancel {clean(state.tasks[command.task].title)}?", "cancel it", text, command)

    def action_cancel_run(self) -> None:
        """Cancel the run, once that is clear."""
        command = CancelRun()
        if self._takes(command):
            text = "These are stopped, and the run with them:\n" + _named(stopped(self._model.state))
            self._ask("Cancel the run?", "cancel everything", text, command)

    def action_pause(self) -> None:
        """Start nothing more; or go on."""
        self._give(Resume() if self._model.state.paused else Pause())

    def action_mode(self) -> None:
        """Ask for a mode."""
        from tui.dashboard.screens.modes import ModeChoice

        def chosen(mode: str | None) -> None:
            if mode:
                self._give(SetMode(mode))

        if self._takes(SetMode("")):
            self.push_screen(ModeChoice(self._model.frame), chosen)

    # Looking closer

    def action_open(self) -> None:
        """Open the task's log."""
        self._open_log(searching=False)

    def action_search(self) -> None:
        """Open the task's log to search it."""
        self._open_log(searching=True)

    def _open_log(self, *, searching: bool) -> None:
        raise NotImplementedError

    def action_lines(self) -> None:
        """Go on as plain lines."""
        if self._control.is_elsewhere or self._control.feed is None:
            elsewhere = "the run's lines are where it was started" if self._control.is_elsewhere else ""
            self.warn(self._control.read_only or elsewhere or "the run has not begun")
        else:
            self.exit("lines")


def _named(tasks: list[TaskState]) -> str:
    lines = [f"  {GLYPHS[task.status]} {clean(task.title)}" for task in tasks[:_NAMED]]
    lines += [f"  and {len(tasks) - _NAMED} more"] if len(tasks) > _NAMED else []
    return "\n".join(lines)
