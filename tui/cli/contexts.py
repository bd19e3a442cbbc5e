"""`bringup contexts`."""

from __future__ import annotations

import click

from tui.cli.options import OUTPUT, errors, print_json


@click.command()
@click.option("--forget", metavar="NAME", help="Allow this context no more.")
@OUTPUT
def contexts(forget: str | None, output: str) -> None:
    """List the contexts that were allowed with `bringup up --allow-context`.

    Those that local tools such as kind, k3d, minikube and Docker Desktop make need not be allowed.
    """
    with errors():
        from tui.cluster import permission
        from tui.launch.request import UsageError
        from tui.text import one_line

        if forget is not None:
            if not permission.forget(forget):
                raise UsageError(
                    f"context {forget!r} was not allowed", "`bringup contexts` lists those that were"
                )
            return
        found = permission.permissions()
        if output == "json":
            print_json([each._asdict() for each in found])
            return
        for each in found:
            where = f" at {each.host}" if each.host else ""
            click.echo(one_line(f"{each.context}{where}  {each.server}"))
        if not found:
            click.echo("none is allowed beside those that are local by nature")
