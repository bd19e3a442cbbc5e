"""What a screen does beside showing itself: work that its user may leave in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.css.query import NoMatches

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from textual.screen import Screen
    from textual.worker import Worker


def start_work(screen: Screen[Any], work: Callable[[], Coroutine[None, None, object]], group: str) -> None:
    """Start some work of a screen, in place of its earlier work of the same group."""

    async def unless_left() -> None:
        try:
            await work()
        except NoMatches:  # as one leaves, a screen's parts go before its work is cancelled
            if screen.is_attached and screen.display:
                raise

    _: Worker[None] = screen.run_worker(unless_left, group=group, exclusive=True)
