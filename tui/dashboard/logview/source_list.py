"""A list of who wrote a log, to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList

from tui.dashboard.ansi import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 200  # sources that are listed, those with the most lines
_OWN = "the steps themselves"


class SourceList(OptionList):
    """Sources with how many lines each has, of which any may be left out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Show or hide"),
        Binding("o", "only", "Only this"),
        Binding("a", "all", "All or none"),
    ]

    @dataclass
    class Changed(Message):
        """Others are wanted than before.

        Attributes:
            sources: Which; None for all of them, those to come included.
        """

        sources: frozenset[str] | None

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        """List nothing yet.

        Args:
            id: The widget's id.
        """
        super().__init__(id=id, markup=False)
        self._counts: list[tuple[str, int]] = []
        self._chosen: set[str] = set()

    def list(self, counts: Mapping[str, int], chosen: frozenset[str] | None) -> None:
        """List sources.

        Args:
            counts: How many lines each has.
            chosen: Those that are wanted; None for all.
        """
        self._counts = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST]
        self._chosen = set(counts if chosen is None else chosen)
        self.clear_options()
        self.add_options([self._prompt(i) for i in range(len(self._counts))])
        self.highlighted = 0 if self._counts else None

    def _prompt(self, index: int) -> Content:
        source, count = self._counts[index]
        mark, style = ("✓", "") if source in self._chosen else ("·", "$quiet")
        widest = len(f"{self._counts[0][1]:,}")
        return Content.assemble(
            (f"{mark} ", style), (f"{count:>{widest},}  ", "$quiet"), (clean(source, 200) or _OWN, style)
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Want a source, or not any more."""
        event.stop()
        self._choose(self._chosen ^ {self._counts[event.option_index][0]})

    def action_all(self) -> None:
        """Want all, or if it does already none."""
        sources = {source for source, _ in self._counts}
        self._choose(set() if sources <= self._chosen else sources)

    def action_only(self) -> None:
        """Want the one under the cursor alone."""
        if self.highlighted is not None:
            self._choose({self._counts[self.highlighted][0]})

    def _choose(self, chosen: set[str]) -> None:
        self._chosen = chosen
        for index in range(len(self._counts)):
            self.replace_option_prompt_at_index(index, self._prompt(index))
        everything = all(source in chosen for source, _ in self._counts)
        self.post_message(self.Changed(None if everything else frozenset(chosen)))
