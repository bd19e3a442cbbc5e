"""A line at the bottom that asks for a text, or shows what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Input, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult


class AskBar(Horizontal):
    """A label, a field and a note; hidden until there is something to ask or to tell.

    Attributes:
        asking: What it asks for at present; empty where it does not.
    """

    DEFAULT_CSS = """
    AskBar {
        display: none;
        height: 1;
        padding: 0 1;
        & > .ask-bar--label { width: auto; color: $quiet; }
        & > .ask-bar--note { width: auto; max-width: 70%; padding-left: 2; color: $quiet; }
        & > .-fault { color: $text-error; }
        & > Input { width: 1fr; height: 1; border: none; padding: 0; background: transparent; }
        & > Input:disabled { opacity: 100%; }
    }
    """

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        """Ask nothing yet.

        Args:
            id: The widget's id.
        """
        super().__init__(id=id)
        self.asking = ""
        self._label = Static(classes="ask-bar--label", markup=False)
        self._field = Input(select_on_focus=False, compact=True, disabled=True)
        self._note = Static(classes="ask-bar--note", markup=False)

    def compose(self) -> ComposeResult:
        """Yield the parts."""
        yield self._label
        yield self._field
        yield self._note

    def ask(self, what: str, label: str, value: str = "") -> None:
        """Show the bar with a question.

        Args:
            what: The new value of `asking`.
            label: The text before the field.
            value: The field's first value.
        """
        self.tell(label, value, "")
        self.asking = what
        self._field.disabled = False
        self._field.cursor_position = len(value)
        self._field.focus()

    def tell(self, label: str, value: str, note: str) -> None:
        """Say something and asks nothing."""
        self.asking = ""
        self._field.disabled = True
        self._field.value = value
        self._label.update(label)
        self.note(note)
        self.display = True

    def note(self, text: str, *, fault: bool = False) -> None:
        """Say something behind the field."""
        self._note.update(text)
        self._note.set_class(fault, "-fault")

    def close(self) -> None:
        """Vanish."""
        self.asking = ""
        self._field.disabled = True
        self.display = False
