"""What a Kind configuration can say; see `tui.plan.cluster_config`."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.alias_generators import to_camel

from tui.plan.document import get
from tui.plan.faults import shown
from tui.plan.values import image_name

_NUMBER = re.compile(r"[-+]?(0x[0-9a-f]+|0o?[0-7]+|[0-9.]+e[0-9]+)", re.IGNORECASE)
_ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - it is only compared
OF_REGISTRIES = ("io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images")
"""Whose settings registries are in configurations of containerd up to version 2, and in later ones."""
_WAYS = ("config_path", "mirrors")
_WORDS = {"yes": True, "on": True, "no": False, "off": False}


def _whole(value: Any) -> Any:
    """Accept the numbers that kind does; the document keeps some of them as text."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(float(value)) if "e" in value.lower() and "x" not in value.lower() else int(value, 0)
    hint = "remove the quotes" if isinstance(value, str) and value.isdigit() else ""
    raise ValueError(f"a whole number is expected here, not {shown(value)}", hint)


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _flag(value: Any) -> Any:
    return _WORDS.get(value.lower(), value) if isinstance(value, str) else value


def _address(value: Any) -> Any:
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise ValueError(f"an IP address is expected here, not {shown(value)}") from error
    return value


def _subnets(value: Any) -> Any:
    for each in str(value).split(","):
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError as error:
            raise ValueError(
                f"a subnet is expected here, not {shown(each)}", "for example 10.244.0.0/16"
            ) from error
        if "/" not in each:
            raise ValueError(f"{shown(each)} has no prefix length", "for example 10.244.0.0/16")
    return value


def _absolute(value: Any) -> Any:
    if isinstance(value, str) and not value.startswith("/"):
        raise ValueError(f"an absolute path is expected here, not {shown(value)}")
    return value


def _without_tilde(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("~"):
        raise ValueError(f"kind takes {shown(value)} literally, not as your home", "write the whole path")
    return value


def _image(value: str) -> str:
    return image_name(value) if value else value


def _yaml(value: str) -> str:
    try:
        for _ in yaml.parse(value, Loader=yaml.CSafeLoader):
            pass
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in its line {mark.line + 1}" if mark else ""
        raise ValueError(f"the patch is not YAML: {getattr(error, 'problem', '') or error}{line}") from error
    return value


def _toml(value: str) -> str:
    try:
        tomllib.loads(value)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"the patch is not TOML: {error}") from error
    return value


Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]
Text = Annotated[str, BeforeValidator(_text)]
Port = Annotated[int, Field(ge=-1, le=65535), BeforeValidator(_whole)]
ContainerPort = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_whole)]
ContainerPath = Annotated[Text, BeforeValidator(_absolute)]
HostPath = Annotated[Text, BeforeValidator(_without_tilde)]
YamlPatch = Annotated[Text, AfterValidator(_yaml)]
TomlPatch = Annotated[Text, AfterValidator(_toml)]
Subnets = Annotated[Text, BeforeValidator(_subnets)]


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, coerce_numbers_to_str=True, defer_build=True
    )


class PortMapping(_Part):
    """A port of the machine that leads to one of the node."""

    container_port: ContainerPort
    host_port: Port | None = None
    listen_address: Annotated[Text, BeforeValidator(_address)] | None = None
    protocol: Annotated[Text, Field(pattern="(?i)^(TCP|UDP|SCTP)?$")] | None = None


class Mount(_Part):
    """A directory of the machine that the node sees."""

    container_path: ContainerPath | None = None
    host_path: HostPath | None = None
    read_only: Flag | None = None
    selinux_relabel: Flag | None = None
    propagation: Literal["", "None", "HostToContainer", "Bidirectional"] | None = None


class Patch(_Part):
    """A JSON patch of kubeadm's configuration."""

    group: Text | None = None
    version: Text | None = None
    kind: Text | None = None
    patch: YamlPatch | None = None


class _Patched(_Part):
    kubeadm_config_patches: list[YamlPatch] | None = None
    kubeadm_config_patches_json6902: list[Patch] | None = Field(None, alias="kubeadmConfigPatchesJSON6902")


class Node(_Patched):
    """A node of the cluster."""

    role: Literal["control-plane", "worker", ""] | None = None
    image: Annotated[Text, AfterValidator(_image)] | None = None
    labels: dict[str, Text | None] | None = None
    extra_mounts: list[Mount | None] | None = None
    extra_port_mappings: list[PortMapping | None] | None = None


class Networking(_Part):
    """The cluster's network."""

    ip_family: Literal["ipv4", "ipv6", "dual", ""] | None = None
    api_server_port: Port | None = None
    api_server_address: Text | None = None
    pod_subnet: Subnets | None = None
    service_subnet: Subnets | None = None
    disable_default_cni: Flag | None = Field(None, alias="disableDefaultCNI")
    kube_proxy_mode: Literal["iptables", "ipvs", "nftables", "none", ""] | None = None
    dns_search: list[Text] | None = None


class KindConfig(_Patched):
    """The file as a whole."""

    kind: Literal["Cluster"]
    api_version: Literal["kind.x-k8s.io/v1alpha4"]
    name: Text | None = None
    nodes: list[Node | None] | None = None
    networking: Networking | None = None
    feature_gates: dict[str, Flag] | None = None
    runtime_config: dict[str, Text] | None = None
    containerd_config_patches: list[TomlPatch] | None = None
    containerd_config_patches_json6902: list[Text] | None = Field(
        None, alias="containerdConfigPatchesJSON6902"
    )

    @model_validator(mode="after")
    def _has_a_control_plane(self) -> KindConfig:
        roles = [node.role or "control-plane" if node else "control-plane" for node in self.nodes or ()]
        if roles and "control-plane" not in roles:
            raise ValueError("no node has the role control-plane", "add `- role: control-plane` to the nodes")
        return self

    @model_validator(mode="after")
    def _finds_registries_one_way(self) -> KindConfig:
        ways: set[str] = set()
        for patch in map(tomllib.loads, self.containerd_config_patches or ()):
            registries = [get(patch, ("plugins", plugin, "registry")) for plugin in OF_REGISTRIES]
            ways |= {way for way in _WAYS if any(get(each, (way,)) for each in registries)}
        if len(ways) > 1:
            raise ValueError(
                "containerd does not start with both `config_path` and `mirrors` of registries",
                "leave `config_path` out, or write the mirrors as hosts.toml files below it",
            )
        return self

    @model_validator(mode="after")
    def _maps_a_port_once(self) -> KindConfig:
        """Refuse a host port that is mapped twice, be it by two nodes: they are on the same machine."""
        found: set[tuple[str, int, str]] = set()
        mappings = (each for node in self.nodes or () if node for each in node.extra_port_mappings or ())
        for each in mappings:
            if each and each.host_port is not None and each.host_port > 0:
                port = (each.listen_address or _ANY_ADDRESS, each.host_port, (each.protocol or "TCP").upper())
                if port in found:
                    raise ValueError(
                        f"host port {each.host_port} is mapped twice", "remove one of the mappings"
                    )
                found.add(port)
        return self
