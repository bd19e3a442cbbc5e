"""Logging in to a cluster by a program such as `aws eks get-token`, as a kubeconfig's `exec` says.

What the program answers is kept in memory alone, for as long as it says that it holds.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.errors import ActionError
from tui.hosts.host import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.hosts.host import Host

_EARLY = 30.0  # seconds before its end in which a login is not begun with any more
_TOLD = 5  # lines of what the program said
_KINDS = "certificate-authority-data", "insecure-skip-tls-verify", "proxy-url", "server", "tls-server-name"


@dataclass(frozen=True, slots=True)
class Credential:
    """What an API server is shown.

    Attributes:
        token: A bearer token.
        certificate: The client's certificate, as PEM.
        key: The client's key, as PEM.
        until: When it ends, in seconds since 1970; None if it does not say.
    """

    token: str = ""
    certificate: str = ""
    key: str = ""
    until: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it can still be used."""
        return self.until is None or time.time() + _EARLY < self.until

    def entry(self) -> dict[str, str]:
        """Return it as the user's entry of a kubeconfig."""
        pair = {"client-certificate-data": self.certificate, "client-key-data": self.key}
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in pair.items() if text}
        return {"token": self.token, **encoded} if self.token else encoded


@dataclass(frozen=True, slots=True)
class Login:
    """A program that logs in.

    Attributes:
        argv: The program and its arguments.
        env: Variables to set for it.
        hint: What its kubeconfig says on how to install it.
        version: The version of the protocol that it speaks.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    version: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, Any], cluster: Mapping[str, Any]) -> Login:
        """Return the program of a user's `exec` entry.

        Args:
            asked: The entry.
            cluster: The entry of the cluster that it logs in to.
        """
        version = str(asked.get("apiVersion") or "client.authentication.k8s.io/v1")
        spec: dict[str, Any] = {"interactive": False}
        if asked.get("provideClusterInfo"):
            spec["cluster"] = {key: cluster[key] for key in _KINDS if cluster.get(key)}
        info = json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})
        own = [(str(each["name"]), str(each.get("value") or "")) for each in asked.get("env") or ()]
        argv = (str(asked.get("command") or ""), *map(str, asked.get("args") or ()))
        return cls(argv, (*own, ("KUBERNETES_EXEC_INFO", info)), str(asked.get("installHint") or ""), version)


_kept: dict[tuple[str, Login], Credential] = {}
"""What programs have answered, by host."""


async def log_in(login: Login, host: Host) -> Credential:
    """Return what a program on a host answers for a login, or has answered if that still holds.

    Raises:
        ActionError: It cannot be run, fails, or does not answer by the protocol.
    """
    kept = _kept.get((host.name, login))
    if kept is None or not kept.holds:
        kept = _kept[host.name, login] = await _ask(login, host)
    return kept


async def _ask(login: Login, host: Host) -> Credential:
    program = login.argv[0]
    lines: list[str] = []
    try:
        status = await host.run(login.argv, on_lines=lines.extend, env=dict(login.env))
    except (FileNotFoundError, PermissionError) as error:
        cause = f"the kubeconfig's user logs in by {program}, which cannot be run{at(host)}"
        hint = " ".join(login.hint.split()) or "install it, or correct PATH"
        raise ActionError(cause, hint) from error
    text = "\n".join(lines)
    if status:
        cause = f"the login by {program} failed{at(host)} (status {status})"
        raise ActionError(cause, "log in as for kubectl, then try again", tuple(lines[-_TOLD:]))
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        answer = first_object(text)
        given = answer["status"]
        found = Credential(
            str(given.get("token") or ""),
            str(given.get("clientCertificateData") or ""),
            str(given.get("clientKeyData") or ""),
            _moment(given.get("expirationTimestamp")),
        )
        if answer["kind"] == "ExecCredential" and (found.token or (found.certificate and found.key)):
            return found
    # Its output is not told, as it may hold a token.
    cause = f"{program} did not answer the login{at(host)} with an ExecCredential"
    raise ActionError(cause, "run it by hand: it may want to ask something first")


def first_object(text: str) -> dict[str, Any]:
    """Return the JSON object that a program printed, behind what it warned of.

    Raises:
        ValueError: There is none.
    """
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
    return found


def _moment(text: Any) -> float | None:
    return datetime.datetime.fromisoformat(str(text)).timestamp() if text else None
