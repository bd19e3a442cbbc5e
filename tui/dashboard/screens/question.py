"""A question that must be answered before something is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.widgets.button import ButtonVariant


class Answer(NamedTuple):
    """A way to answer.

    Attributes:
        key: The key that stands for it, and what the question is answered with.
        text: What it means.
        grave: Something is lost by it.
    """

    key: str
    text: str
    grave: bool = False


class Question(ModalScreen[str]):
    """Asks, and is dismissed with the answer's key; with an empty text where it is left unanswered."""

    CSS_PATH: ClassVar[str] = "../styles/question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Leave everything as it is"),
        Binding("left,up,k", "app.focus_previous", show=False),
        Binding("right,down,j", "app.focus_next", show=False),
    ]

    def __init__(
        self, title: str, answers: Sequence[Answer], text: str = "", otherwise: str = "do nothing"
    ) -> None:
        """Prepare a question.

        Args:
            title: What is asked.
            answers: What can be answered; Esc is always one.
            text: What should be known before.
            otherwise: What Esc means.
        """
        super().__init__()
        self._title = title
        self._text = text
        self._answers = list(answers)
        self._otherwise = otherwise

    def compose(self) -> ComposeResult:
        """Yield title, text, and a button for each answer."""
        with Vertical(id="box"):
            yield Static(self._title, markup=False, id="title")
            if self._text:
                with VerticalScroll(id="scroll", can_focus=False):
                    yield Static(self._text, markup=False, id="text")
            with Vertical(id="answers"):
                for answer in self._answers:
                    variant: ButtonVariant = "error" if answer.grave else "primary"
                    label = f"{answer.key}    {answer.text}"
                    yield Button(label, variant=variant, id=f"answer-{answer.key}", compact=True)
                yield Button(f"esc  {self._otherwise}", id="answer-", compact=True)

    def on_mount(self) -> None:
        """Put the focus on the answer that loses nothing."""
        self.query_one("#answer-", Button).focus()

    def on_key(self, event: events.Key) -> None:
        """Answer by key."""
        if event.key in {answer.key for answer in self._answers}:
            event.stop()
            self.dismiss(event.key)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by button."""
        self.dismiss((event.button.id or "").removeprefix("answer-"))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss("")
