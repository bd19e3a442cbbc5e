"""Signatures: failures recognised by their text."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from tui.plan.values import Frozen


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        hint = "close all brackets, and put a backslash before a character that is meant as it is"
        raise ValueError(f"not a regular expression: {error}", hint) from error
    return pattern


class Signature(Frozen):
    """A failure recognised by its text, and what helps against it."""

    pattern: Annotated[str, Field(min_length=1), AfterValidator(_compiles)] = Field(
        description="Regular expression, searched for in the error and the last lines."
    )
    hint: str = Field("", description="What helps against it, shown when the task has failed.")


class Known(NamedTuple):
    """An entry of the catalogue.

    Attributes:
        pattern: Regular expression.
        hint: What helps.
        scopes: Kinds of steps, or their first word, that it is looked for in; or `pod`, or `build` for
            what a build runs. All if empty.
    """

    pattern: str
    hint: str
    scopes: tuple[str, ...]

    def is_for(self, scope: str) -> bool:
        """Return whether it is looked for in a scope."""
        return not self.scopes or any(f"{scope}.".startswith(f"{each}.") for each in self.scopes)


def known(pattern: str, hint: str, *scopes: str) -> Known:
    """Return an entry of the catalogue; its pattern ignores case, and `.` takes the ends of lines too."""
    return Known(f"(?is){pattern}", hint, scopes)
