"""What k3d's output means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.cluster.containers.output import Output
from tui.text import SGR

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE = re.compile(r"(?P<level>[A-Z]{4})\[[^\]]*\]\s?(?P<text>.*)")
_WRONG = ("ERRO", "FATA")
_STEPS = (
    *("Prep: Network", "Pulling image", "Creating node", "Creating LoadBalancer"),
    *("Starting the initializing server", "Starting servers", "Starting agents", "Starting helpers"),
    *("Injecting records", "Deleting cluster", "Stopping cluster"),
)
_NODES_ARE_THERE = "Starting cluster"
_QUOTED = re.compile(r"'([^']*)'")
_FATAL = re.compile(r"level=fatal|\bF\d{4} |panic: ")  # the last words of k3s and its parts
_DAEMON = re.compile(r"Error response from daemon: (.+)")


class K3dOutput(Output):
    """The lines of one run of `k3d`."""

    def _told(self, line: str) -> str | None:
        return SGR.sub("", line).rstrip()  # it pads its lines

    def _read(self, line: str) -> None:
        found = _LINE.fullmatch(line)
        if found is None:
            return
        text = found["text"]
        if found["level"] in _WRONG:
            self.error = self.error or text
        elif text.startswith(_NODES_ARE_THERE):
            self._on_nodes()
        elif step := next((each for each in _STEPS if text.startswith(each)), ""):
            subject = _QUOTED.search(text)
            self._begin(step, subject[1] if subject else "")

    def _telling(self, more: Sequence[str]) -> Sequence[str]:
        return [line for line in more if _FATAL.search(line)]

    def _reason(self, last: Sequence[str]) -> str:
        """Return k3d's first error, or what the engine said in it: it wraps that many times."""
        daemon = _DAEMON.search(self.error)
        return daemon[1] if daemon else self.error
