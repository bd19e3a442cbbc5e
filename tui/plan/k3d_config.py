"""What a k3d configuration can say, as far as it is checked; see `tui.plan.cluster_config`.

Its form changes with k3d's versions, which read each other's: k3d itself judges keys that are not known here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tui.plan.faults import shown

_PORT = re.compile(
    r"(?:(?:(?P<address>\[[^\]]+\]|[^:\[\]]+)?:)?(?P<first>\d*)(?:-(?P<last>\d+))?:)?"
    r"\d+(?:-\d+)?(?:/(?P<protocol>tcp|udp|sctp))?",
    re.IGNORECASE,
)
_MOST = 1 << 16
_VARIABLE = "$"  # k3d fills variables of its environment in


def published(port: str) -> list[tuple[str, int]]:
    """Return the TCP addresses and ports of the host that a mapping such as `127.0.0.1:8080:80` takes.

    Args:
        port: `[HOST:][HOSTPORT:]CONTAINERPORT[/PROTOCOL]`, where both ports may be ranges.

    Raises:
        ValueError: It is none.
    """
    found = _PORT.fullmatch(port)
    if found is None or _VARIABLE in port:
        raise ValueError(f"{shown(port)} maps no port", "write [ADDRESS:]HOSTPORT:PORT, such as 8080:80")
    if not found["first"] or (found["protocol"] or "tcp").lower() != "tcp":
        return []
    numbers = range(int(found["first"]), int(found["last"] or found["first"]) + 1)
    if not numbers or numbers[-1] >= _MOST:
        raise ValueError(f"{shown(port)} maps no port", f"ports are below {_MOST}")
    return [((found["address"] or "").strip("[]"), number) for number in numbers]


def _text(value: Any) -> Any:
    """Take numbers as text, as they are written for k3d; a reference to a variable may be one."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _mapping(value: str) -> str:
    if _VARIABLE not in value:
        published(value)
    return value


def _host_port(value: str) -> str:
    if _VARIABLE not in value and value != "random" and not (value.isdecimal() and int(value) < _MOST):
        raise ValueError(f"{shown(value)} is no port", f"ports are below {_MOST}")
    return value


Text = Annotated[str, BeforeValidator(_text)]
HostPort = Annotated[Text, AfterValidator(_host_port)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", alias_generator=to_camel, defer_build=True)


class PortMapping(_Part):
    """A port of the machine that leads to one of nodes, mostly by way of the load balancer."""

    port: Annotated[Text, AfterValidator(_mapping)]
    node_filters: list[str] | None = None


class Exposure(_Part):
    """Where the machine publishes the API server, or a registry."""

    host: Text | None = None
    host_port: HostPort | None = None


class Api(Exposure):
    """Where the machine publishes the API server."""

    host_ip: Annotated[Text | None, Field(alias="hostIP")] = None


class Registries(_Part):
    """The registries of the cluster."""

    create: Exposure | bool | None = None  # a flag in the first versions
    config: Text | None = None


class K3dConfig(_Part):
    """The file as a whole."""

    kind: Literal["Simple"]
    api_version: Annotated[str, Field(pattern=r"^k3d\.io/v[0-9a-z]+$")]
    kube_api: Annotated[Api | None, Field(alias="kubeAPI")] = None
    ports: list[PortMapping] | None = None
    registries: Registries | None = None
