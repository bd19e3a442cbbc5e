"""Other machines, as people name them: `ssh://user@host:port`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

LOCAL = "local"
"""This machine's name among hosts."""

DEFAULT = "default"
"""The name of the host of tasks that name none: this machine, unless the plan or `--host` says otherwise."""

KINDS = {"ssh": "tui.hosts.ssh.host"}
"""The kinds of other machines: each scheme of addresses with the module whose `open_host` speaks to them."""

_FORM = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?(?:(?P<user>[^@/:\s]+)@)?"
    r"(?:\[(?P<ip>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^-@/:\[\]\s][^@/:\[\]\s]*))"
    r"(?::(?P<port>\d{1,5}))?/?"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a machine is, and as whom to log in.

    Attributes:
        host: Its name or IP address, or a `Host` of the user's SSH configuration.
        user: None where the configuration says it.
        port: None where the configuration says it.
        scheme: Which of `KINDS` it is of.
    """

    host: str
    user: str | None = None
    port: int | None = None
    scheme: str = "ssh"

    def __str__(self) -> str:
        """As it is written after the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        return f"{user}{host}" + (f":{self.port}" if self.port else "")

    @property
    def url(self) -> str:
        """As it is written in plans and after `--host`."""
        return f"{self.scheme}://{self}"


def parse_address(text: str) -> Address:
    """Reads an address; `ssh://` may be left out.

    Raises:
        ValueError: It is none; its second argument is a hint.
    """
    found = _FORM.fullmatch(text)
    scheme = (found and found["scheme"]) or "ssh"
    if found is None or scheme not in KINDS or not 0 < int(found["port"] or 22) < 1 << 16:
        hint = "write ssh://[USER@]HOST[:PORT], or a Host of your ~/.ssh/config"
        raise ValueError(f"{text!r} is not the address of a machine", hint)
    port = int(found["port"]) if found["port"] else None
    return Address(found["ip"] or found["host"], found["user"], port, scheme)


def port_of(url: str) -> int:
    """Return the port that a URL leads to, by its scheme if it names none.

    Raises:
        ValueError: It is no URL, or names a port that there cannot be.
    """
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
