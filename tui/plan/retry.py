"""When a failed task is attempted again."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag

from tui.plan.failures import KNOWN
from tui.plan.faults import shown, suggest
from tui.plan.signature import Signature
from tui.plan.values import Duration, Frozen, OneOrMore


def _known(name: str) -> str:
    if name not in KNOWN:
        hint = f"{suggest(name, KNOWN)} or, for one of your own, {{pattern: …}}"
        raise ValueError(f"unknown failure {shown(name)}", hint)
    return name


Failure = Annotated[
    Annotated[Annotated[str, AfterValidator(_known)], Tag("text")] | Annotated[Signature, Tag("Signature")],
    Discriminator(lambda value: "Signature" if isinstance(value, dict | Signature) else "text"),
]


class Retry(Frozen):
    """When a failed task is attempted again by itself."""

    attempts: Annotated[int, Field(ge=1, le=20)] = Field(
        3, description="Attempts in all, the first included."
    )
    backoff: Annotated[tuple[Duration, ...], Field(min_length=1), OneOrMore()] = Field(
        (5.0, 10.0, 20.0), description="Pause before each further attempt; the last one repeats."
    )
    signatures: Annotated[tuple[Failure, ...], Field(min_length=1), OneOrMore()] = Field(
        description="The failures that it applies to: names of known ones, or patterns of your own."
    )
