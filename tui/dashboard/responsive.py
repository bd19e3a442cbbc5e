"""What keeps the dashboard's answers to keys swift while the engine's thread has much to do."""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SWITCH_EVERY = 0.001
"""Seconds for which the engine may keep the interpreter while the screen waits for it; Python's are 5 ms, and
one key's way to the screen waits some ten times."""

_COLLECT = (10_000, 5, 2)
"""How many objects are made between two looks for garbage among the newest, and how many of those between two
among older ones: drawing makes thousands, nearly none of them in cycles."""


@contextlib.contextmanager
def responsive() -> Iterator[None]:
    """Set the interpreter up for a screen, and as it was afterwards.

    What has been imported so far is left out when garbage is looked for: that is by far the most, and stays.
    """
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    gc.collect(0)
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    sys.setswitchinterval(_SWITCH_EVERY)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
        gc.unfreeze()
