"""Recognising known failures by what was said of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.plan.failures import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.plan.signature import Known, Signature


def recognise(text: str, scope: str = "") -> Known | None:
    """Return the known failure that a text shows, if any.

    Args:
        text: What was said.
        scope: By or of whom; see `Known`.
    """
    return next(
        (each for each in KNOWN.values() if each.is_for(scope) and re.search(each.pattern, text)), None
    )


def hint_for(text: str, scope: str = "") -> str:
    """Return what helps against the known failure that a text shows; empty if it shows none."""
    found = recognise(text, scope)
    return found.hint if found else ""


def applies(signatures: Iterable[str | Signature], text: str) -> str | None:
    """Return which signature a failure's text shows: a known one's name, or a pattern; None if none."""
    for signature in signatures:
        pattern = KNOWN[signature].pattern if isinstance(signature, str) else signature.pattern
        if re.search(pattern, text):
            return signature if isinstance(signature, str) else signature.pattern
    return None
