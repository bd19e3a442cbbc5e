"""What a host reports of its machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, by its `uname` and its user's environment.

    Attributes:
        system: `Linux`, `Darwin`.
        release: The kernel's.
        processor: `x86_64`, `arm64`.
        home: The user's home there.
        variables: The user's variables there; over SSH, those that choose a container engine alone.
    """

    system: str
    release: str
    processor: str
    home: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
