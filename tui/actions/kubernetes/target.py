"""What a wait waits for: one object, or all that a selector finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.kubernetes.api import Object
    from tui.clients.kubernetes.discovery import Discovery


@dataclass(frozen=True, slots=True)
class Status:
    """The state of what is waited for.

    Attributes:
        ready: Whether it is as it is to be.
        message: How far it is, in a sentence.
        failed: Set where it has failed; text that differs with each failure, so that one from before can be
            told from a new one.
        stuck: What to do; set where it cannot go on until a user does something.
        left: What is worth a warning although it is complete, such as old pods; empty if nothing.
    """

    ready: bool
    message: str
    failed: str = ""
    stuck: str = ""
    left: str = ""


class Target:
    """What is waited for, and compared by identity.

    Attributes:
        namespace: Its namespace.
        is_namespaced: Whether it is in that: nodes, for example, are in none.
        noun: What it is, in a word; empty where its state tells it.
        done: What it is in the end.
        span: The name of the span that lasts until then; empty where pods have spans of their own.
        once: Whether it is over when it has once been so: a finished Job may be deleted.
        mendable: Whether a failure from before the step may have been mended since.
    """

    noun: ClassVar[str] = ""
    done: ClassVar[str]
    span: ClassVar[str] = ""
    once: ClassVar[bool] = False
    mendable: ClassVar[bool] = False
    is_namespaced: bool = True
    namespace: str

    @property
    def source(self) -> str:
        """The source of its lines in the log, in a word."""
        return str(self)

    @property
    def described(self) -> str:
        """The arguments by which `kubectl describe` shows it."""
        return str(self)

    @property
    def query(self) -> Mapping[str, str]:
        """What selects it in its list."""
        return {}

    async def locate(self, discovery: Discovery) -> str:
        """Return the path of the list that it is in; empty where the cluster knows no such kind, yet."""
        raise NotImplementedError

    def judge(self, items: Sequence[Object]) -> Status:
        """Return its state, by the objects that there are."""
        raise NotImplementedError

    def pods(self, items: Sequence[Object]) -> str:
        """Return the label selector of its pods; empty if it has none, or they are not known yet."""
        return ""

    def is_brief(self, items: Sequence[Object]) -> bool:
        """Return whether it may look done for a moment, as nothing probes its pods."""
        return False

    def concerns(self, about: Object) -> bool:
        """Return whether an event's object is it, or makes its pods."""
        return False
