"""Shows a run in one view after another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.console.style import Style
    from tui.launch.run_handle import RunHandle
    from tui.run.state import RunState
    from tui.views.view import Name, View


def show_run(run: RunHandle, first: Name, style: Style) -> RunState:
    """Show a run until it has finished.

    Args:
        run: The run.
        first: The view to begin with; only the dashboard has ways to another and back.
        style: Colours or none, for lines.

    Returns:
        The run as it finished.

    Raises:
        BringupError: It could not begin.
    """
    views: dict[Name, View] = {}
    name: Name | None = first
    while name is not None:
        view = views[name] = views.get(name) or _make(name, run, style, can_switch=first == "dashboard")
        name = view.show()
    return view.state


def _make(name: Name, run: RunHandle, style: Style, can_switch: bool) -> View:
    """Make a view; what it takes to draw is imported for the one that draws."""
    if name == "dashboard":
        from tui.views.dashboard import DashboardView

        return DashboardView(run)
    from tui.console.github import GroupedLines, in_github
    from tui.console.lines import JsonLines, Lines
    from tui.views.lines import LinesView

    lines = GroupedLines if in_github() else Lines
    printer = lines(sys.stdout, style) if name == "text" else JsonLines(sys.stdout, lambda: run.stands)
    return LinesView(run, printer, "d" if can_switch else "")
