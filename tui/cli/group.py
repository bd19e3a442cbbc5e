"""Commands in a group, of which one that is not there is told with what may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import errors
from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from click.shell_completion import CompletionItem

    Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


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


class WithDefault(click.Group):
    """Commands of which one is meant where none is named, with its argument."""

    def __init__(self, *given: Any, default: str, complete: Completion, **more: Any) -> None:
        """Make a group.

        Args:
            given: For click's own.
            default: The command that is meant.
            complete: What completes its argument.
            more: For click's own, too.
        """
        super().__init__(*given, **more)
        self._default = default
        self._complete = complete

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Insert the default where no command is named."""
        asked = {"--help", "-h"} & {*args[:1]}
        if not context.resilient_parsing and not asked and (not args or args[0] not in self.commands):
            args = [self._default, *args]
        return super().parse_args(context, args)

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands, and what the default's argument can be."""
        offered = super().shell_complete(context, incomplete)
        return [*offered, *self._complete(context, click.Argument(["plan"]), incomplete)]
