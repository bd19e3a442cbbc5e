"""Commands in a group, of which one that is not there is told with what may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui.cli.options import errors
from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Group(click.Group):
    """Commands.

    Attributes:
        for_plan: What to do with a plan that stands where a command should, and the command for that.
        said_elsewhere: The commands that do what those of other tools do, by their names there.
    """

    for_plan = ""
    said_elsewhere: Mapping[str, str] = {}

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is named, or say what may have been meant."""
        name = args[0]
        if context.resilient_parsing or name.startswith("-") or self.get_command(context, name):
            return super().resolve_command(context, args)
        with errors():
            raise self._unknown(name, self.list_commands(context))

    def _unknown(self, name: str, known: list[str]) -> BringupError:
        from shlex import quote

        from tui.plan.bundled import is_plan
        from tui.plan.faults import shown, suggest

        if is_plan(name):
            hint = f"{self.for_plan} {quote(name)}"
        elif name in self.said_elsewhere:
            hint = f"here it is `bringup {self.said_elsewhere[name]}`"
        else:
            hint = suggest(name, known)
        return BringupError(f"there is no command {shown(name)}", hint)
