"""Signatures: failures recognised by their text."""

from __future__ import annotations

import re
from typing import Annotated

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
