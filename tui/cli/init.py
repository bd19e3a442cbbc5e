"""`bringup init`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tui.cli.options import EPILOG, FAILED, UP, errors
from tui.errors import BringupError


@click.command(epilog=EPILOG)
@click.option(
    "--from",
    "source",
    metavar="DIR",
    default=".",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Directory of the project; by default this one.",
)
@click.option(
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The plan's file; by default bringup.yaml in the project's directory.",
)
@click.option("--force", is_flag=True, help="Write it though the file is there; that gets another name.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is found.")
def init(source: Path, file: Path | None, force: bool, yes: bool) -> None:
    """Write a first plan, made of what is found in a directory.

    Dockerfiles, configurations of kind and k3d, directories for kustomize, charts, manifests and migrations
    are taken up. Nothing is built or brought up, and no file is overwritten.
    """
    with errors():
        from tui.console.first_plan import told
        from tui.console.style import Style, wants_colour
        from tui.plan.bundled import OWN
        from tui.plan.lint import lint
        from tui.plan.load import load_plan
        from tui.starter.draft import best_draft, draft, ways
        from tui.starter.project import find
        from tui.starter.save import save, there_already
        from tui.starter.write import write

        path = file or source / OWN
        if os.path.lexists(path) and not force:
            raise there_already(path)
        found = find(source)
        prefix = _prefix(source, path)
        if not yes and sys.stdin.isatty() and sys.stderr.isatty():
            name, way = _ask(found.name, ways(found))
            made = draft(found, name, way, prefix)
        else:
            made = best_draft(found, found.name, prefix)
        kept = save(path, write(made), force)
        remarks = lint(load_plan(path))
        for line in told(made, path, kept, remarks, Style(wants_colour(sys.stdout))):
            click.echo(line, color=True)
        sys.exit(FAILED if any(remark.level == "fault" for remark in remarks) else UP)


def _prefix(source: Path, path: Path) -> str:
    """Return the way from the plan's directory to the project's.

    Raises:
        BringupError: A plan cannot name it.
    """
    from tui.starter.tree import is_nameable

    prefix = Path(os.path.relpath(source.resolve(), path.parent.resolve())).as_posix()
    if not is_nameable(prefix):
        cause = f"a plan in {path.parent} cannot name the directory {source}"
        raise BringupError(cause, "leave --output out, or name a file in that directory")
    return prefix


def _ask(name: str, possible: list[str]) -> tuple[str, str]:
    """Ask for the plan's name and, where there are several, for the way in which it deploys."""
    from tui.starter.names import slug

    name = click.prompt("Name of the environment", default=name, err=True, value_proc=slug) or name
    if len(possible) < 2:
        return name, possible[0] if possible else ""
    chosen = click.prompt(
        "Deploy by", default=possible[0], err=True, type=click.Choice([*possible, "nothing"])
    )
    return name, "" if chosen == "nothing" else chosen
