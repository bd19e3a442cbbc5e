"""`bringup advise`."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING

import click

from tui.cli.completion import complete_plan_or_run
from tui.cli.options import EPILOG, OUTPUT, errors, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from tui.insight.advice import Advice
    from tui.plan.document import Document
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan
    from tui.run.kept_run import KeptRun
    from tui.run.store import Store


@click.command(epilog=EPILOG)
@click.argument("run", required=False, metavar="[RUN|PLAN]", shell_complete=complete_plan_or_run)
@OUTPUT
@click.option("--patch", is_flag=True, help="Print the first patch alone, for `git apply`.")
def advise(run: str | None, output: str, patch: bool) -> None:
    """Advise what to change in a plan so that it is up sooner.

    What RUN shows is looked at, or what the latest real run shows that came up, of PLAN or of any.

    Something is said only where it saves a twentieth of the run, ten seconds, and more than runs of its like
    differ. The change that is worth most comes first.
    """
    with errors():
        from pathlib import Path

        from tui.cli.kept import like, read
        from tui.insight.advice import advise as advise_run
        from tui.run.store import Store

        store = Store()
        kept = _open(store, run)
        state = read(kept)
        source = _Source(kept)
        base = Path.cwd()

        def patch_of(advice: Advice) -> str:
            if advice.change is None or source.document is None:
                return ""
            from tui.cli.advice_patch import patch as patch_of_change

            return patch_of_change(advice.change, source.document, source.plan, base)

        advised = advise_run(state, *like(store, kept, state))
        if patch:
            click.echo(next(filter(None, map(patch_of, advised.advice)), ""), nl=False)
        elif output == "json":
            from tui.console.advice import data

            print_json({"run": kept.id, "plan": kept.started.plan, **data(advised, patch_of)})
        else:
            from tui.console.advice import text
            from tui.console.style import Style, wants_colour

            for line in text(advised, Style(wants_colour(sys.stdout)), patch_of):
                click.echo(line, color=True)


def first_advice(kept: KeptRun) -> Advice | None:
    """Return what is advised first after a run, if anything is; nothing where its journal cannot be read."""
    from tui.cli.kept import like
    from tui.insight.advice import advise as advise_run
    from tui.run.store import Store

    try:
        state = kept.state
        found = like(Store(), kept, state)
    except OSError:
        return None
    return next(iter(advise_run(state, *found).advice), None)


def _open(store: Store, reference: str | None) -> KeptRun:
    """Return the run that is looked at: the one that is named, or the plan's latest that came up.

    Raises:
        BringupError: There is none.
    """
    from tui.run.store import GOOD

    if reference is None:
        return store.open(GOOD)
    if store.leads_to_run(reference):
        return store.open(reference)
    from tui.launch.request import Request, load

    return store.open(GOOD, load(Request(reference)).plan.name)


class _Source:
    """The plan that a kept run was of, if its files say the same as they did; read when it is asked for."""

    def __init__(self, kept: KeptRun) -> None:
        self._started = kept.started

    @cached_property
    def document(self) -> Document | None:
        """The plan as it is written; None where that cannot be read any more, or has changed since.

        What has the run's checksum has not changed, which is sooner seen than that all steps are the same.
        """
        from tui.errors import BringupError
        from tui.plan.bundled import find_plan, is_plan
        from tui.plan.written import read_written

        started = self._started
        if not is_plan(started.path):  # what reads plans takes a while to import
            return None
        try:
            written = read_written(find_plan(started.path), self._files, started.settings)
        except BringupError:
            return None
        if written.digest(written.variables.resolved()) == started.digest and not written.variables.faults:
            return written.document
        return self._loaded.document if self._loaded else None

    def plan(self) -> Plan | None:
        """Return it as its models read it, in twice the time; None where the document is None, too."""
        return self._loaded.plan if self._loaded else None

    @cached_property
    def _loaded(self) -> LoadedPlan | None:
        from tui.errors import BringupError
        from tui.launch.request import Request, load
        from tui.plan.bundled import is_plan

        started = self._started
        if not is_plan(started.path):
            return None
        try:
            loaded = load(Request(started.path, self._files, started.settings))
        except BringupError:
            return None
        before = {task.id: task.steps for phase in started.phases for task in phase.tasks}
        now = {task.id: tuple(step.describe() for step in task.steps) for task in loaded.plan.tasks}
        return loaded if now == before else None

    @property
    def _files(self) -> tuple[Path, ...]:
        from pathlib import Path

        return tuple(map(Path, self._started.files))
