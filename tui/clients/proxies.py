"""The proxy that leads to a URL, by the environment, as kubectl, helm and docker read it.

The HTTP client's own rules are those of Python, which know neither address ranges nor ports in `NO_PROXY`,
nor proxies that are named without a scheme.
"""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

from tui.plan.address import port_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ways(TypedDict):
    """How a session of the HTTP client reaches a URL.

    Attributes:
        proxy: The proxy's URL; None where there is none on the way.
        trust_env: Whether the user's `.netrc` is read, too; the client asks the environment no more where it
            has a proxy.
    """

    proxy: str | None
    trust_env: bool


def ways_to(url: str, environment: Mapping[str, str] = os.environ) -> Ways:
    """Return how a session reaches a URL; one that is no URL the client refuses itself."""
    try:
        parts, port = urlsplit(url), port_of(url)
    except ValueError:
        return {"proxy": None, "trust_env": False}
    scheme, name = parts.scheme, (parts.hostname or "").rstrip(".")
    proxy = environment.get(f"{scheme.upper()}_PROXY") or environment.get(f"{scheme}_proxy")
    spared = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    if not proxy or _is_spared(name, port, spared):
        return {"proxy": None, "trust_env": False}
    return {"proxy": proxy if "://" in proxy else f"http://{proxy}", "trust_env": True}


def _is_spared(name: str, port: int, spared: str) -> bool:
    """Return whether a machine is reached without a proxy: the loopback always is."""
    address = _address(name)
    if name == "localhost" or (address and address.is_loopback):
        return True
    return any(_covers(each.strip().lower(), name, address, port) for each in spared.split(","))


def _covers(
    entry: str, name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int
) -> bool:
    """Return whether an entry of `NO_PROXY` names a machine."""
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    if _address(entry) is None and entry.rpartition(":")[2].isdigit():
        entry, _, only = entry.rpartition(":")
        if int(only) != port:
            return False
    if its := _address(entry.strip("[]")):
        return its == address
    domain = entry.removeprefix("*").removeprefix(".")
    return bool(domain) and (name.endswith(f".{domain}") or (name == domain and entry[:1] not in "*."))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
