"""The registry that a cluster pulls from, and how images are named in it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag

from tui.plan.faults import shown
from tui.plan.values import Frozen, ImageName, is_image_name

HOSTING = "/api/v1/namespaces/kube-public/configmaps/local-registry-hosting"
"""The object by which a cluster tells of its registry, by KEP-1755."""
KEY = "localRegistryHosting.v1"
_LONGEST = 128  # characters of a tag
_TAG = re.compile(r":[^:/]*$")
_ODD = re.compile(r"[^a-z0-9.-]+")
_HUB = "docker.io/"
_LIBRARY = "library/"


def _registry(text: str) -> str:
    text = text.rstrip("/")
    first = text.partition("/")[0]
    if not is_image_name(f"{text}/x") or not (first == "localhost" or {".", ":"} & {*first}):
        raise ValueError(f"{shown(text)} is no registry", "write it as HOST, HOST:PORT or HOST/PATH")
    return text


class LocalRegistry(Frozen):
    """A registry on the cluster's host that the cluster's nodes pull from, made and deleted with it."""

    port: Annotated[int, Field(ge=1, le=65535)] = Field(
        description="Port of the host's loopback at which it takes images."
    )
    image: ImageName = Field("registry:2", description="Its own image.")

    @property
    def address(self) -> str:
        """How images in it are named."""
        return f"localhost:{self.port}"


Registry = Annotated[
    Annotated[Annotated[str, AfterValidator(_registry)], Tag("text")]
    | Annotated[LocalRegistry, Tag("LocalRegistry")],
    Discriminator(lambda value: "LocalRegistry" if isinstance(value, dict | LocalRegistry) else "text"),
]
"""A registry that is there, `HOST[:PORT][/PATH]`, or one that is made beside the cluster."""


def name_in(registry: str, image: str, identity: str) -> str:
    """Return the name of an image in a registry, with a tag that no other image has.

    Nodes keep what they have pulled by a tag, and would not pull what was built anew.

    Args:
        registry: The registry's address.
        image: The image's name in full, as of `tui.clients.registry.canonical`.
        identity: The beginning of its ID.
    """
    name, _, tag = plain_name_in(registry, image).rpartition(":")
    return f"{name}:{tag[: _LONGEST - len(identity) - 1]}-{identity}"


def plain_name_in(registry: str, image: str) -> str:
    """Return the name of an image in a registry, with the tag that it has.

    What was of another registry keeps that in its path, so that no two images become one.

    Args:
        registry: The registry's address, and maybe a path in it: `localhost:5001`, `ghcr.io/team`.
        image: The image's name in full, as of `tui.clients.registry.canonical`.
    """
    if image.startswith(f"{registry}/"):
        image = f"{_HUB}{image.removeprefix(registry + '/')}"
    name, _, digest = image.partition("@")
    if digest:  # a name to push to has a tag, and only one
        name = f"{_TAG.sub('', name)}:{digest.replace(':', '-')}"
    path = name.removeprefix(_HUB)
    if path != name:
        return f"{registry}/{path.removeprefix(_LIBRARY)}"
    host, _, rest = name.partition("/")
    return f"{registry}/{_ODD.sub('_', host.lower()).strip('_')}/{rest}"  # no path can have a port's colon
