"""What kind's output means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.cluster.containers.output import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEP = re.compile(r"^ (?P<mark>[•✓✗]) (?P<text>.*?)(?P<begins>\s*\.\.\.)?$")
_ORNAMENT = re.compile(r"[^\w)]+$")
_COMMAND = re.compile(r'command "(?P<program>\S+(?: \S+)?).*" failed with error: (?P<status>.*)')
_TELLING = (  # what tells most of a failed command's output, best first
    re.compile(r"Error response from daemon: (.+)"),
    re.compile(r"(?i)^(?:Command Output: )?error(?: execution phase [^:]+)?: (.+)"),
    re.compile(r"^\[kubelet-check\] (.+)"),
)
# A line of Go's traces, which kubeadm prints below each of its errors: a function, or the place in it.
_TRACED = re.compile(r"(?:main|runtime|[\w-]+\.[\w.-]+/\S+)\.\S+|\t\S+\.(?:go|s):\d+")
_NODES_RUN = "Preparing nodes"  # the step after which all containers run, and their systemd has begun


class KindOutput(Output):
    """The lines of one run of `kind`."""

    def _told(self, line: str) -> str | None:
        return None if _TRACED.fullmatch(line) else line

    def _read(self, line: str) -> None:
        if not self.error and line.lower().startswith("error: "):
            self.error = line.partition(": ")[2]
        step = _STEP.match(line)
        if step is None:
            return
        self.close()
        name = _ORNAMENT.sub("", step["text"])
        if step["begins"]:
            self._begin(name)
        elif step["mark"] == "✓" and name == _NODES_RUN:
            self._on_nodes()

    def _telling(self, more: Sequence[str]) -> Sequence[str]:
        return more[-1:]

    def _reason(self, last: Sequence[str]) -> str:
        """Return kind's error, with what the command that it ran said in place of its arguments.

        Where a node tells why it does not start, kind only knows that it has waited for that.
        """
        if last:
            return last[-1]
        error = self.error.removeprefix("failed to create cluster: ")
        if error.endswith(":") and self._said:
            error += f" {self._said[0].strip()}"
        ran = _COMMAND.search(error)
        if ran is None:
            return error
        found = (match for each in _TELLING for line in reversed(self._said) if (match := each.search(line)))
        told = next((match[1].strip() for match in found), ran["status"])
        if told == ran["status"] and len(self._said) == 1:
            told = self._said[0].removeprefix("Command Output: ").strip() or told
        return f"{error[: ran.start()]}`{ran['program']}` failed: {told}"
