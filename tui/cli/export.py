"""`bringup export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli import writing
from tui.cli.completion import complete_run
from tui.cli.kept import read
from tui.cli.options import EPILOG, errors
from tui.errors import BringupError
from tui.export import FORMATS, find_export

if TYPE_CHECKING:
    from tui.export.export import Export, Option
    from tui.export.exported_run import ExportedRun
    from tui.run.kept_run import KeptRun
    from tui.run.state import RunState
    from tui.run.store import Store
    from tui.run.times import Times


class _Command(click.Command):
    """The command with the options of all formats, which are imported when its options are read."""

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        """Return the command's options, and those of the formats by name."""
        mine = super().get_params(context)
        return [*mine[:-1], *_options().values(), mine[-1]]

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Say what each format is for."""
        with formatter.section("Formats"):
            formatter.write_dl([(name, find_export(name).about) for name in FORMATS])
        super().format_epilog(context, formatter)


def _options() -> dict[str, click.Option]:
    """Return, for all options of one name that formats have, one of the command."""
    found: dict[str, click.Option] = {}
    having: dict[str, list[tuple[str, Option]]] = {}
    for name in FORMATS:
        for option in find_export(name).options:
            having.setdefault(option.name, []).append((name, option))
    for key, pairs in having.items():
        first = pairs[0][1]
        kind: Any = click.IntRange(first.least) if isinstance(first.default, int) else str
        if first.choices:
            kind = click.Choice(list(dict.fromkeys(each for _, option in pairs for each in option.choices)))
        of = ", ".join(f"{name} ({option.default})" for name, option in pairs)
        text = f"{first.about} [{of}]"
        found[key] = click.Option([_flag(key)], type=kind, default=None, help=text)
    return found


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@click.command(cls=_Command, epilog=EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option(
    "--format", "name", type=click.Choice(list(FORMATS)), help="By default by FILE's ending, else html."
)
@click.option(
    "-o", "--file", "file", metavar="FILE", type=click.Path(path_type=Path), help="Else, or as `-`, printed."
)
@click.option("--to", "url", metavar="URL", help="Send it to a collector of OpenTelemetry over HTTP. [otlp]")
def export(run: str | None, name: str | None, file: Path | None, url: str | None, **given: Any) -> None:
    """Write RUN, by default the latest, as a file that others open."""
    with errors():
        from tui.run.store import LATEST

        file = None if file == writing.PRINTED else file
        name = name or ("otlp" if url else _by_ending(file))
        chosen = find_export(name)
        options = {key: value for key, value in given.items() if value is not None}
        _check_options(name, chosen, options)
        if url and name != "otlp":
            raise click.UsageError(f"--to sends otlp, not {name}")
        _check(chosen, file, url)
        made = chosen.of(_read(LATEST if run is None else run), **options)
        if url:
            from tui.export.send import send

            click.echo(f"sent to {send(made, url)}", err=True)
        if file is not None:
            writing.write(file, made)
        elif not url:
            writing.write(writing.PRINTED, made)


def _by_ending(file: Path | None) -> str:
    """Return the format that a file's name ends as, `html` without one.

    Raises:
        click.UsageError: It is none's.
    """
    if file is None:
        return "html"
    for name in FORMATS:
        if file.name.lower().endswith(f".{find_export(name).ending}"):
            return name
    known = ", ".join(f".{find_export(name).ending}" for name in FORMATS)
    raise click.UsageError(f"{file} does not tell the format: use --format, or one of {known}")


def _check_options(name: str, chosen: Export, given: dict[str, Any]) -> None:
    """Refuse options that only other formats have."""
    has = {option.name: option for option in chosen.options}
    for key, value in given.items():
        if key not in has:
            raise click.UsageError(f"{_flag(key)} is no option of {name}")
        if has[key].choices and value not in has[key].choices:
            known = ", ".join(has[key].choices)
            raise click.UsageError(f"{_flag(key)} {value} is none of {name}: {known} are")


def _check(chosen: Export, file: Path | None, url: str | None) -> None:
    """Refuse what cannot be written, before the work is done."""
    if file is None and not url and not chosen.is_text and sys.stdout.isatty():
        raise BringupError("a terminal cannot show it", f"write it to a file: `-o run.{chosen.ending}`")
    if file is not None:
        writing.check(file, chosen.ending)


def _read(reference: str) -> ExportedRun:
    from tui.export.exported_run import ExportedRun
    from tui.run.store import Store

    store = Store()
    kept = store.open(reference)
    state = read(kept)
    return ExportedRun(state, kept.directory, kept.is_running, lambda: beside(store, kept))


def beside(store: Store, kept: KeptRun) -> tuple[RunState | None, Times | None]:
    """Return what a run is compared with: the last good one before it, and the median of those like it."""
    from tui.run.store import RunReferenceError
    from tui.run.times import median_times

    try:
        good = store.before(kept).state
        like = [each.times for each in store.measured(store.like(kept))]
    except (RunReferenceError, OSError):  # there is none, or somebody deletes it meanwhile
        return None, None
    return good, median_times(like) if like else None
