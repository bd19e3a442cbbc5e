"""What `kubernetes.apply` takes objects from, and what it changes in them."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from tui.plan.faults import shown
from tui.plan.own_namespaces import namespaces_of
from tui.plan.steps.references import OBJECT_NAME, ObjectName
from tui.plan.values import (
    ExistingDirectory,
    ExistingFile,
    Frozen,
    ImageName,
    OneOrMore,
    Url,
    checked_url,
    existing_path,
    is_image_name,
)

SHA256 = "^[0-9a-fA-F]{64}$"
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def _source(value: str, info: ValidationInfo) -> str:
    remote = value.startswith(("http://", "https://"))
    return checked_url(value) if remote else str(existing_path(value, info, may_match=True))


Source = Annotated[str, AfterValidator(_source)]
"""A URL, or a file, directory or pattern; there must be something at it when the plan is read."""


class Remote(Frozen):
    """A manifest to fetch, pinned by its checksum."""

    url: Url = Field(description="Where it is fetched from.")
    sha256: str | None = Field(
        None, pattern=SHA256, description="Checksum that what is fetched must have, in hexadecimal."
    )

    def __str__(self) -> str:
        return self.url.rsplit("/", 1)[-1]


def checked_object(value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """Return an object, in its namespace as the plan's are named.

    Raises:
        ValueError: It could not be applied.
    """
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise ValueError(f"the object has no {key}", "write it as it would be applied")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not metadata:
        raise ValueError("the object's metadata must be a mapping", "give it a name or a generateName")
    namespaces = namespaces_of(info)
    return namespaces.placed(value) if namespaces else value


class Inline(Frozen):
    """An object that is written in the plan."""

    object: Annotated[dict[str, Any], AfterValidator(checked_object)] = Field(
        description="The object, with apiVersion, kind and metadata."
    )

    def __str__(self) -> str:
        metadata = self.object["metadata"]
        return f"{self.object['kind']}/{metadata.get('name') or metadata.get('generateName', '')}"


def _no_remote(value: object) -> object:
    """Refuse what kustomize would fetch, and what no directory of this machine is called."""
    if isinstance(value, str) and re.match(r"(?:git::|\w+://|git@|(?:www\.)?git(?:hub|lab)\.com[/:])", value):
        hint = "write a kustomization.yaml that has it in its `resources`, and name that one's directory"
        raise ValueError(f"{shown(value)} is not on this machine", hint)
    return value


class Kustomized(Frozen):
    """A directory that is written for kustomize."""

    kustomize: Annotated[ExistingDirectory, BeforeValidator(_no_remote)] = Field(
        description="The directory; it is built by `kustomize`, or else by `kubectl kustomize`."
    )

    def __str__(self) -> str:
        return self.kustomize.name


class KeyedFile(Frozen):
    """A file of a ConfigMap or Secret."""

    key: str = Field(description="The key that its content gets; its name if empty.")
    path: Path = Field(description="The file, or a directory of such files.")

    def __str__(self) -> str:
        return f"{self.key}={self.path}" if self.key else str(self.path)


def _keyed_file(value: object, info: ValidationInfo) -> KeyedFile:
    if isinstance(value, KeyedFile):
        return value
    key, equals, path = str(value).rpartition("=")
    if "=" in key or (equals and not (key and path)):
        raise ValueError(f"{shown(str(value))} is neither PATH nor KEY=PATH", "neither may hold a further =")
    key = checked_key(key) if equals else ""
    return KeyedFile(key=key, path=existing_path(path if equals else value, info))


def checked_key(key: str) -> str:
    """Return a key of a ConfigMap or Secret as it is.

    Raises:
        ValueError: The API server would refuse it.
    """
    if not _KEY.fullmatch(key) or key == "." or key.startswith(".."):
        hint = "keys are of letters, digits, - _ and .: write KEY=PATH for a file of another name"
        raise ValueError(f"{shown(key)} is no key of a ConfigMap or Secret", hint)
    return key


_File = Annotated[
    KeyedFile, PlainValidator(_keyed_file), PlainSerializer(str), WithJsonSchema({"type": "string"})
]
_Key = Annotated[str, AfterValidator(checked_key)]


class Data(Frozen):
    """What a ConfigMap or a Secret is made of, as `kubectl create` makes it."""

    files: Annotated[tuple[_File, ...], OneOrMore()] = Field(
        (),
        description="Files, each under its name, or as `KEY=PATH`; of a directory all files that are in it.",
    )
    literals: dict[_Key, str] = Field(default_factory=dict, description="Keys with their values.")
    envs: Annotated[tuple[ExistingFile, ...], OneOrMore()] = Field(
        (),
        description="Files of lines `KEY=VALUE`; a line that is a KEY alone takes the environment's value.",
    )

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files and directories that it names."""
        return (*(each.path for each in self.files), *self.envs)


class ConfigMap(Data):
    """A ConfigMap of files and literals; what is no UTF-8 becomes its `binaryData`."""

    name: ObjectName = Field(alias="configmap", description="The ConfigMap's name.")

    def __str__(self) -> str:
        return f"ConfigMap/{self.name}"


class Secret(Data):
    """A Secret of files and literals."""

    name: ObjectName = Field(alias="secret", description="The Secret's name.")
    type: str = Field("Opaque", description="The Secret's type, such as `kubernetes.io/basic-auth`.")

    def __str__(self) -> str:
        return f"Secret/{self.name}"


def _server_name(name: str, info: ValidationInfo) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if OBJECT_NAME.fullmatch(name.lower().removeprefix("*.")):
            namespaces = namespaces_of(info)
            return namespaces.filled_in(name.lower()) if namespaces else name.lower()
        hint = "write SERVICE.NAMESPACE.svc or an address"
        raise ValueError(f"{shown(name)} is no DNS name", hint) from None


class Certificate(Frozen):
    """A Secret of type kubernetes.io/tls: a server's certificate by an authority that is made for it."""

    name: ObjectName = Field(alias="tls", description="The Secret's name; it holds tls.crt, tls.key, ca.crt.")
    names: Annotated[
        tuple[Annotated[str, AfterValidator(_server_name)], ...], Field(min_length=1), OneOrMore()
    ] = Field(description="The server's DNS names and addresses, such as `hook.shop.svc`.")

    def __str__(self) -> str:
        return f"Secret/{self.name}"


_FORMS: dict[str, type[Frozen]] = {
    "object": Inline,
    "kustomize": Kustomized,
    "configmap": ConfigMap,
    "secret": Secret,
    "tls": Certificate,
}


def _form(value: Any) -> str:
    if isinstance(value, Frozen):
        return type(value).__name__
    if isinstance(value, dict):
        return next((form.__name__ for key, form in _FORMS.items() if key in value), "Remote")
    return "text" if isinstance(value, str) else type(value).__name__


Manifest = Annotated[
    Annotated[Source, Tag("text")]
    | Annotated[Remote, Tag("Remote")]
    | Annotated[Inline, Tag("Inline")]
    | Annotated[Kustomized, Tag("Kustomized")]
    | Annotated[ConfigMap, Tag("ConfigMap")]
    | Annotated[Secret, Tag("Secret")]
    | Annotated[Certificate, Tag("Certificate")],
    Discriminator(_form),
]


class Replacement(Frozen):
    """Another name, tag or digest for an image, as kustomize's `images` has it."""

    name: ImageName = Field(description="The image as it is named in manifests, without tag and digest.")
    new_name: ImageName | None = Field(None, alias="newName", description="Its name instead.")
    new_tag: str | None = Field(None, alias="newTag", description="Its tag instead of tag and digest.")
    digest: str | None = Field(None, description="Its digest instead of tag and digest: `sha256:…`.")

    @model_validator(mode="after")
    def _replaces(self) -> Replacement:
        for name in filter(None, (self.name, self.new_name)):
            if "@" in name or ":" in name.rpartition("/")[2]:
                raise ValueError(f"{shown(name)} has a tag or digest", "give that as `newTag` or `digest`")
        if not (self.new_name or self.new_tag or self.digest):
            raise ValueError("nothing of the image is replaced", "add `newName`, `newTag` or `digest`")
        if not is_image_name(self.of("", "")):
            raise ValueError(f"{shown(self.of('', ''))} is no image's name", "correct `newTag` or `digest`")
        return self

    def of(self, tag: str, digest: str) -> str:
        """Return the image that replaces one of a tag and digest."""
        if self.new_tag or self.digest:
            tag, digest = self.new_tag or "", self.digest or ""
        return f"{self.new_name or self.name}{tag and f':{tag}'}{digest and f'@{digest}'}"
