"""Other machines, as people name them: `ssh://user@host:port`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

LOCAL = "local"
"""This machine's name among hosts."""

DEFAULT = "default"
"""The name of the host of tasks that name none: this machine, unless the plan or `--host` says otherwise."""

KINDS = {"ssh": "tui.hosts.ssh.host"}
"""The kinds of other machines: each scheme of addresses with the module whose `open_host` speaks to them."""

_PLAIN = "@\\+=,!$&'()*~"  # in user names, which are not escaped
_FORM = re.compile(
    r"(?:(?P<scheme>[A-Za-z]+)://)?(?:(?P<user>[^:/\s]+)@)?"
    r"(?:(?P<bracket>\[)?(?P<ip>[0-9A-Fa-f.:]*:[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*(?:%[\w.-]+)?)"
    r"(?(bracket)\]|(?(scheme)(?!)))"
    r"|(?P<host>[^-@/:\[\]\s][^@/:\[\]\s]*))"
    r"(?::(?P<port>\d{0,5}))?/?"
)
_PASSWORD = re.compile(r"((?:^|//)[^@/:]+:)[^@/]*@")


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
        """Return it as it is written after the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{quote(self.user, safe=_PLAIN)}@" if self.user else ""
        return f"{user}{host}" + (f":{self.port}" if self.port else "")

    @property
    def url(self) -> str:
        """Return it as it is written in plans and after `--host`."""
        return f"{self.scheme}://{self}"


def parse_address(text: str) -> Address:
    """Read an address as `ssh` reads one, or as `HOST:PORT`; `ssh://` may be left out.

    Raises:
        ValueError: It is none; its second argument is a hint.
    """
    found = _FORM.fullmatch(text.strip())
    scheme = ((found and found["scheme"]) or "ssh").lower()
    if found is None or scheme not in KINDS or not 0 < int(found["port"] or 22) < 1 << 16:
        shown = _PASSWORD.sub(r"\1…@", text)
        raise ValueError(f"{shown!r} is not the address of a machine", _hint(text))
    user = found["user"]
    if user and found["scheme"]:  # of a URL: `ssh` leaves out what follows a semicolon
        user = unquote(user.partition(";")[0])
    return Address(found["ip"] or found["host"], user, int(found["port"]) if found["port"] else None, scheme)


def _hint(text: str) -> str:
    form = "ssh://[USER@]HOST[:PORT]"
    if _PASSWORD.search(text):
        return f"leave the password out, as logins go by keys: {form}"
    if re.match(r"ssh\s|.*\s-p", text):
        return f"leave out `ssh` and its options: write {form}"
    return f"write {form}, or a Host of your ~/.ssh/config"


def port_of(url: str) -> int:
    """Return the port that a URL leads to, by its scheme if it names none.

    Raises:
        ValueError: It is no URL, or names a port that there cannot be.
    """
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
