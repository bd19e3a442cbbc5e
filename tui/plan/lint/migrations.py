"""What is wrong with the migrations that a plan applies: what `postgres.migrate` would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import ActionError
from tui.plan.migrations.goose import collect
from tui.plan.steps import PostgresMigrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.lint.remark import Remark, Subject


def wrong_migrations(subject: Subject) -> Iterator[Remark]:
    """Remark on migrations that cannot be read, each file by itself."""
    for at in subject.steps:
        if not isinstance(at.step, PostgresMigrate):
            continue
        try:
            sources = collect(at.step.migrations)
        except ActionError as error:
            yield subject.remark(at, "wrong-migrations", error.cause, error.hint)
            continue
        for source in sources:
            try:
                source.read()
            except ActionError as error:
                yield subject.remark(at, "wrong-migrations", error.cause, error.hint)
