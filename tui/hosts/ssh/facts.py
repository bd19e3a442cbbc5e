"""What a machine reports of itself when the connection is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.hosts.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a machine.

    Attributes:
        machine: Its system and user.
        directory: A private directory there, removed with the connection; empty where there is none.
        error: Why there is none.
        engine: The URL of the container engine that its user has chosen; empty for the usual places.
        sockets: The sockets at those places, `there` or `denied` to the user.
    """

    machine: Machine
    directory: str = ""
    error: str = ""
    engine: str = ""
    sockets: Mapping[str, str] = field(default_factory=dict)


def read_facts(lines: Sequence[str]) -> Facts:
    """Read the facts that the script `remote_shell.facts` prints, a word and its value a line."""
    words = dict(line.split(" ", 1) for line in lines if " " in line)
    variables = dict(
        line.removeprefix("variable ").split("=", 1) for line in lines if line.startswith("variable ")
    )
    machine = Machine(
        words.get("system", ""),
        words.get("release", ""),
        words.get("processor", ""),
        words.get("home", "/"),
        variables,
    )
    return Facts(
        machine,
        words.get("directory", ""),
        words.get("error", ""),
        words.get("engine", ""),
        read_sockets(lines),
    )


def read_sockets(lines: Iterable[str]) -> dict[str, str]:
    """Read what the script `remote_shell.look_at_sockets` prints: for each socket, `there` or `denied`."""
    pairs = (line.partition(" ") for line in lines)
    return {path: word for word, _, path in pairs if word in ("there", "denied")}
