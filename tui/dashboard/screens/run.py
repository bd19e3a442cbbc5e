"""The main screen: head, timeline, panels, and the keys that control the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static

from tui.dashboard.ansi import clean
from tui.dashboard.screens.question import Answer, Question
from tui.dashboard.widgets.deck import Deck, Tabs
from tui.dashboard.widgets.head import Head
from tui.dashboard.widgets.timeline import Timeline
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
from tui.text import GLYPHS, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame
    from tui.dashboard.widgets.panel import Panel
    from tui.run.commands import Command
    from tui.run.log.line import LogLines
    from tui.run.state import TaskState

_NAMED = 8  # tasks that a question names


class RunScreen(Screen[None]):
    """Shows frames, and tells the run what keys and mouse ask for.

    Attributes:
        frame: What is shown.
        opening: A log was asked for and is not on the screen yet: keys are meant for it.
    """

    AUTO_FOCUS: ClassVar[str] = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Retry", tooltip="Retry the task, and then what it held up"),
        Binding("R", "retry_failed", "Retry all that failed", show=False),
        Binding("f", "restart", "Start again from the task", show=False),
        Binding("c", "cancel", "Cancel", tooltip="Cancel the task"),
        Binding("X", "cancel_run", "Cancel the run", show=False),
        Binding("m", "mode", "Mode", tooltip="Switch the mode: parallel, eager, sequential"),
        Binding("p", "pause", "Pause", tooltip="Start nothing more, or go on"),
        Binding("enter", "open", "Open", tooltip="The task's whole log"),
        Binding("slash", "search", "Search", key_display="/", tooltip="Search the task's log"),
        Binding("d", "why", "Why", tooltip="Where the time went, and what would help"),
        Binding("l", "app.lines", "Lines", tooltip="Plain lines; d there leads back"),
    ]

    class LogWanted(Message):
        """A task's log is wanted.

        Attributes:
            task: The task's id.
            searching: It is to be searched.
        """

        def __init__(self, task: str, searching: bool) -> None:
            super().__init__()
            self.task = task
            self.searching = searching

    def __init__(self, lines: Callable[[str], LogLines], send: Callable[[Command], None]) -> None:
        """Makes an empty one.

        Args:
            lines: Gives the last lines of a task.
            send: Takes a command for the run.
        """
        super().__init__()
        self._lines = lines
        self._send = send
        self.frame: Frame | None = None
        self.opening = False
        self._noted: str | None = None

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Head()
        yield Static(id="note", markup=False)
        yield Timeline()
        yield Deck(self._lines)
        yield Footer(show_command_palette=False, compact=True)

    def show(self, frame: Frame) -> None:
        """Shows a frame."""
        self.frame = frame
        self.query_one(Head).frame = frame
        self.query_one(Timeline).frame = frame
        self.query_one(Deck).frame = frame
        text = _note(frame)
        if text != self._noted:
            self._noted = text
            note = self.query_one("#note", Static)
            note.display = bool(text)
            note.update(text)

    @property
    def task_id(self) -> str:
        """The task under the cursor."""
        return self.query_one(Timeline).cursor

    # What happens to widgets

    def on_timeline_moved(self, event: Timeline.Moved) -> None:
        """Shows the task's panel."""
        self.query_one(Deck).selected = event.task

    def on_timeline_opened(self, _: Timeline.Opened) -> None:
        """Opens the task's log."""
        self.action_open()

    def on_panel_chosen(self, event: Panel.Chosen) -> None:
        """Puts the cursor on the panel's task, or opens its log."""
        self.query_one(Timeline).choose(event.task)
        if event.twice:
            self.action_open()

    def on_tabs_chosen(self, event: Tabs.Chosen) -> None:
        """Puts the cursor on the tab's task."""
        self.query_one(Timeline).choose(event.task)

    # Commands

    def _give(self, command: Command) -> None:
        """Gives the run a command, or says why it does not take it now."""
        if not self._reason(command):
            self._send(command)

    def _reason(self, command: Command) -> str:
        reason = command.refusal(self.frame.state) if self.frame else "the run has not begun"
        if reason:
            self.notify(clean(reason), severity="warning", markup=False, timeout=4)
        return reason

    def _ask(self, question: Question, command: Command) -> None:
        """Gives a command once its question is answered with yes."""

        def answered(key: str | None) -> None:
            if key == "y":
                self._give(command)

        self.app.push_screen(question, answered)

    def action_retry(self) -> None:
        """Retries the task."""
        self._give(Retry(self.task_id))

    def action_retry_failed(self) -> None:
        """Retries all that failed."""
        self._give(RetryFailed())

    def action_restart(self) -> None:
        """Starts again from the task, once it is clear what that undoes."""
        task = self.task_id
        if self._reason(Restart(task)) or self.frame is None:
            return
        again = restarted(self.frame.state, task)
        answers = [Answer("y", f"run {plural(len(again), 'task')} again", grave=True)]
        text = "These run again, and what runs of them is stopped first:\n" + _named(again)
        title = f"Start again from {clean(self.frame.tasks[task].title)}?"
        self._ask(Question(title, answers, text), Restart(task))

    def action_cancel(self) -> None:
        """Cancels the task; what it has done so far is lost, so that is asked for."""
        task = self.task_id
        if self._reason(Cancel(task)) or self.frame is None:
            return
        state = self.frame.tasks[task]
        held_up = [self.frame.tasks[id_].title for id_ in self.frame.state.graph.held_up([task])]
        text = f"What needs it is skipped: {clean(', '.join(held_up))}" if held_up else ""
        answers = [Answer("y", "cancel it", grave=True)]
        self._ask(Question(f"Cancel {clean(state.title)}?", answers, text), Cancel(task))

    def action_cancel_run(self) -> None:
        """Cancels the run, once that is clear."""
        if self._reason(CancelRun()) or self.frame is None:
            return
        text = "These end, and the run with them:\n" + _named(stopped(self.frame.state))
        question = Question("Cancel the run?", [Answer("y", "cancel everything", grave=True)], text)
        self._ask(question, CancelRun())

    def action_pause(self) -> None:
        """Starts nothing more; or goes on."""
        self._give(Resume() if self.frame and self.frame.state.paused else Pause())

    def action_mode(self) -> None:
        """Asks for a mode."""
        from tui.dashboard.screens.modes import ModeChoice

        if self.frame is None or self.frame.state.started is None:
            self._reason(Resume())
            return

        def chosen(mode: str | None) -> None:
            if mode:
                self._give(SetMode(mode))

        self.app.push_screen(ModeChoice(self.frame), chosen)

    # Looking closer

    def action_open(self) -> None:
        """Opens the task's log."""
        self._open(searching=False)

    def action_search(self) -> None:
        """Opens the task's log to search it."""
        self._open(searching=True)

    def _open(self, searching: bool) -> None:
        if self.frame is None or self.frame.state.started is None:
            self.notify("nothing has been said yet", severity="warning", timeout=4)
        else:
            self.opening = True
            self.post_message(self.LogWanted(self.task_id, searching))

    def action_why(self) -> None:
        """Tells where the time went."""
        from tui.dashboard.screens.why import WhyScreen

        def frame() -> Frame:
            assert self.frame is not None
            return self.frame

        if self.frame is not None:
            self.app.push_screen(WhyScreen(frame, self.task_id))


def _named(tasks: list[TaskState]) -> str:
    lines = [f"  {GLYPHS[task.status]} {clean(task.title)}" for task in tasks[:_NAMED]]
    lines += [f"  and {len(tasks) - _NAMED} more"] if len(tasks) > _NAMED else []
    return "\n".join(lines)


def _note(frame: Frame) -> str:
    """What must be said below the head: that it is a rehearsal, and once all has ended, how to go on."""
    state = frame.state
    if state.started is None:
        return ""
    if not frame.finished:
        return " · ".join(map(clean, state.started.note.splitlines()))
    again = state.with_status("failed", "cancelled")
    if again:
        return "r retries the task, R all that failed, f starts again from it; q leaves, with a report"
    took = seconds(frame.worked)
    if state.started.environment == "rehearsal":
        return f"rehearsed in {took}: nothing was created; q leaves, with a report"
    return f"up in {took}, and it stays up; q leaves, with a report"
