"""What the other machine says of itself when the connection is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.hosts.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the other machine.

    Attributes:
        machine: The machine.
        folder: A private folder there, gone with the connection; empty where there is none.
        fault: Why there is none.
        engine: The URL of the container engine that its user has chosen; empty for the usual places.
        sockets: The sockets at those places, `there` or `denied` to the user.
    """

    machine: Machine
    folder: str = ""
    fault: str = ""
    engine: str = ""
    sockets: Mapping[str, str] = field(default_factory=dict)


def read_facts(lines: Sequence[str]) -> Facts:
    """The facts that `tui.hosts.ssh.remote_shell.facts` tells, a word and its value a line."""
    said = dict(line.split(" ", 1) for line in lines if " " in line)
    variables = dict(
        line.removeprefix("variable ").split("=", 1) for line in lines if line.startswith("variable ")
    )
    machine = Machine(
        said.get("system", ""),
        said.get("release", ""),
        said.get("processor", ""),
        said.get("home", "/"),
        variables,
    )
    return Facts(
        machine, said.get("folder", ""), said.get("fault", ""), said.get("engine", ""), read_standing(lines)
    )


def read_standing(lines: Iterable[str]) -> dict[str, str]:
    """What `tui.hosts.ssh.remote_shell.standing` tells: how each socket stands that is there."""
    pairs = (line.partition(" ") for line in lines)
    return {path: word for word, _, path in pairs if word in ("there", "denied")}
