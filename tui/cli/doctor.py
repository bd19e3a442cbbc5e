"""`bringup doctor`."""

from __future__ import annotations

import sys
from typing import Any

import click

from tui.cli.asking import Detail
from tui.cli.look import is_well, look, print_findings
from tui.cli.options import (
    EPILOG,
    NOT_READY,
    OUTPUT,
    UP,
    errors,
    host_options,
    plan_or_run_options,
    print_json,
)


@click.command(epilog=EPILOG)
@plan_or_run_options
@host_options
@OUTPUT
def doctor(output: str, verbose: bool, **given: Any) -> None:
    """Check whether a machine is ready for a plan; exit with 3 if it is not."""
    with errors(), Detail(verbose):
        import dataclasses

        from tui.doctor import examine
        from tui.launch.request import Request
        from tui.launch.specification import resolve_plan
        from tui.run.store import Store

        specification = resolve_plan(Request(**given), Store())
        specification.loaded.require_files()
        found = look(examine, specification)
        if output == "json":
            print_json([dataclasses.asdict(each) for each in found])
        else:
            print_findings(found)
        sys.exit(UP if is_well(found) else NOT_READY)
