"""What a view of a run is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from tui.run.state import RunState

Name = Literal["dashboard", "text", "json"]


class View(Protocol):
    """A way to show a run; it may be left for another and entered again, and goes on where it was left."""

    @property
    def state(self) -> RunState:
        """The run, as far as the view has followed it."""

    def show(self) -> Name | None:
        """Show the run until it has finished, or until the user wants another view.

        Returns:
            The view that the user wants; None where there is nothing more to come.

        Raises:
            BringupError: The run could not begin.
        """
