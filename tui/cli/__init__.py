"""The commands, their options and exit codes. Each command imports what it uses, when it is used."""

from __future__ import annotations

import gc
import os
from importlib import import_module
from typing import Any

import click

from tui import __version__
from tui.cli.group import Group
from tui.cli.options import EPILOG, INTERRUPTED, errors, unwritten
from tui.console.streams import flush as flush_streams
from tui.console.streams import prepare as prepare_streams
from tui.errors import BringupError

COMMANDS = (
    "advise",
    "bench",
    "compare",
    "contexts",
    "doctor",
    "down",
    "env",
    "export",
    "init",
    "plan",
    "race",
    "replay",
    "run",
    "runs",
    "serve",
    "show",
    "snapshot",
    "status",
    "tunnel",
    "up",
    "what-if",
    "why",
)
"""The commands; each is a function in the module of its name, with `_` for `-`."""


COLLECT = (20_000, 10, 10)
"""How many objects are made between two looks for garbage: nearly none of bringup's are in cycles, and
Python's 700 cost a tenth of a large run's time."""

_SAID_ELSEWHERE = {
    **dict.fromkeys(("apply", "create", "deploy", "start"), "up"),
    **dict.fromkeys(("clean", "delete", "destroy", "rm"), "down"),
    **dict.fromkeys(("check", "lint", "validate"), "plan lint"),
    **dict.fromkeys(("history", "list", "ls"), "runs"),
    **dict.fromkeys(("info", "ps"), "status"),
    **dict.fromkeys(("attach", "log", "logs"), "show"),
    **dict.fromkeys(("graph", "tree"), "plan show"),
    **dict.fromkeys(("exec", "shell"), "run -- PROGRAM"),
    **dict.fromkeys(("port-forward", "forward"), "tunnel"),
    "resume": "up --resume",
    "stop": "down --stop",
    "steps": "plan steps",
    "schema": "plan schema",
    "prune": "runs prune",
    "version": "--version",
}
"""The commands that do what those of other tools do, by their names there."""


class _Commands(Group):
    """The commands; `up` is the default. A command's module is imported when it is asked for."""

    for_plan = "bring the plan up: bringup up"
    said_elsewhere = _SAID_ELSEWHERE

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted((*COMMANDS, *super().list_commands(context)))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the command of a name, or None."""
        if name not in COMMANDS:
            return super().get_command(context, name)
        module = name.replace("-", "_")
        found: click.Command = getattr(import_module(f"tui.cli.{module}"), module)
        return found

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that is named, and exit with its code."""
        gc.set_threshold(*COLLECT)
        prepare_streams()
        if "_BRINGUP_COMPLETE" in os.environ:
            from tui.cli.completion_scripts import prepare

            prepare()
        try:
            return super().main(*args, **kwargs)
        except SystemExit as end:
            if error := flush_streams():
                raise SystemExit(unwritten(error)) from end
            raise
        except OSError as error:
            if error.filename is not None:
                raise
            raise SystemExit(unwritten(error)) from error

    def invoke(self, context: click.Context) -> Any:
        """Run a command; exit with 130 on Ctrl-C, until the command handles that itself."""
        try:
            return super().invoke(context)
        except BrokenPipeError as error:  # click would exit with 1
            context.exit(unwritten(error))
        except (KeyboardInterrupt, click.Abort):
            context.exit(INTERRUPTED)

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Insert `up` if there is no argument, or an option of its own comes first; take `help` as well."""
        own = {name for option in self.get_params(context) for name in option.opts}
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        elif not context.resilient_parsing and (not args or (args[0].startswith("-") and args[0] not in own)):
            with errors():
                self._check_order(context, args)
            args = ["up", *args]
        return super().parse_args(context, args)

    def _check_order(self, context: click.Context, args: list[str]) -> None:
        """Raise an error where a command follows options: it would be taken as the plan of `up`."""
        up = self.get_command(context, "up") if any(word in COMMANDS for word in args) else None
        if up is None:
            return
        try:
            values, _, _ = up.make_parser(context).parse_args(list(args))
        except click.UsageError:  # it is told by `up`
            return
        if (name := values["plan"]) in COMMANDS:
            from shlex import join

            rest = args.copy()
            rest.remove(name)
            hint = f"write the command first: bringup {join([name, *rest])}"
            raise BringupError(f"the command {name!r} comes after options", hint)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="bringup")
def main() -> None:
    """Bring a Kubernetes end-to-end test environment up, and see where the time goes.

    The default command is `up`. It shows a dashboard in a terminal, and lines elsewhere.

    PLAN is a plan's file, its directory, or a bundled plan's name; by default ./bringup.yaml or else
    the bundled `workflowexecution`; `bringup init` writes one of your own. RUN is a run's id or its
    beginning, a journal's directory, `latest`, `^1` for the run before that and so on, or `@good` for
    the last real one that came up as a whole.
    """


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell: `source <(bringup completion bash)`."""
    from tui.cli.completion_scripts import script

    click.echo(script(main, shell))
