"""Manifests: Kubernetes objects in files, folders and behind URLs."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tui.clients.download import fetch
from tui.errors import ActionError
from tui.plan.steps import Remote
from tui.plan.substitute import fill_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.steps import KubernetesApply

_SUFFIXES = {".yaml", ".yml", ".json"}
_INTEGER = re.compile(r"^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
_FLOAT = re.compile(
    r"^([-+]?([0-9][0-9_]*)?\.[0-9]+([eE][-+]?[0-9]+)?|[-+]?[0-9]+\.?([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object that is to be in the cluster.

    Attributes:
        body: The object.
        source: Where it was read, as `FILE:LINE`.
    """

    body: dict[str, Any]
    source: str

    @property
    def kind(self) -> str:
        """Its kind, such as `Deployment`."""
        return str(self.body["kind"])

    @property
    def api_version(self) -> str:
        """Its group and version, such as `apps/v1`."""
        return str(self.body["apiVersion"])

    @property
    def name(self) -> str:
        """Its own name."""
        return str(self.body["metadata"]["name"])

    @property
    def title(self) -> str:
        """What kubectl calls it: `deployment.apps/postgresql`."""
        group = self.api_version.rpartition("/")[0]
        return f"{self.kind.lower()}{'.' if group else ''}{group}/{self.name}"


class Loader(yaml.CSafeLoader):
    """Reads scalars as kubectl does, which is not quite YAML 1.1.

    A date stays text, as do `=` (which PyYAML cannot construct, and CRDs enumerate) and `1:30`; `0644` is
    octal, `on` is true.
    """


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    dropped = {f"tag:yaml.org,2002:{name}" for name in ("timestamp", "value", "int", "float")}
    table = {
        first: [(tag, pattern) for tag, pattern in entries if tag not in dropped]
        for first, entries in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    for first in "-+.0123456789":
        table.setdefault(first, []).extend(
            [("tag:yaml.org,2002:int", _INTEGER), ("tag:yaml.org,2002:float", _FLOAT)]
        )
    return table


Loader.yaml_implicit_resolvers = _resolvers()


async def load(step: KubernetesApply, ctx: Context) -> list[Manifest]:
    """Reads all of a step's manifests, in order.

    Raises:
        BringupError: One cannot be read or fetched, is no YAML, or refers to an unknown variable.
    """
    variables = ctx.variables if step.substitute else None
    found: list[Manifest] = []
    for entry in step.manifests:
        if isinstance(entry, str) and not entry.startswith(("http://", "https://")):
            found += await asyncio.to_thread(_read, ctx.folder / entry, variables)
        else:
            remote = entry if isinstance(entry, Remote) else Remote(url=entry)
            content = await fetch(remote, ctx)
            found += await asyncio.to_thread(parse, content.decode(errors="replace"), remote.url)
    if not found:
        raise ActionError("the manifests hold no objects", "check the step's files and folders")
    return found


def _read(path: Path, variables: Mapping[str, Any] | None) -> list[Manifest]:
    found: list[Manifest] = []
    try:
        for file in _files(path):
            text = file.read_text(encoding="utf-8")
            found += parse(text if variables is None else fill_text(text, variables, str(file)), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ActionError(f"cannot read the manifest {path}: {error}") from error
    return found


def _files(path: Path) -> list[Path]:
    """A file itself, or a folder's manifests by name; not those of folders in it."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())


def parse(text: str, source: str) -> list[Manifest]:
    """Reads the objects of a manifest; those of a `List` one by one.

    Args:
        text: YAML documents, or JSON.
        source: What the manifest is called in errors.

    Raises:
        ActionError: It is no YAML, or a document in it is no object; with its line.
    """
    return list(_documents(text, source))


def _documents(text: str, source: str) -> Iterator[Manifest]:
    try:
        loader = Loader(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                assert node is not None  # check_node has said so
                place = f"{source}:{node.start_mark.line + 1}"
                value = loader.construct_document(node)
                if value is not None:
                    yield from _objects(value, place)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ActionError(
            f"{source}{line}: {error.problem or error}", "the manifest is no valid YAML"
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ActionError(f"{source}: {error}", "the manifest is no valid YAML") from error


def _objects(value: object, place: str) -> Iterator[Manifest]:
    if not isinstance(value, dict):
        raise ActionError(f"{place}: this is {_named(value)}, not a Kubernetes object", _SHAPE)
    if str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
        for item in value["items"]:
            yield from _objects(item, place)
        return
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise ActionError(f"{place}: the object has no {key}", _SHAPE)
    if value["apiVersion"].startswith("kustomize.config.k8s.io/"):
        raise ActionError(f"{place}: a {value['kind']} is for kustomize, not for the API server", _KUSTOMIZE)
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise ActionError(
            f"{place}: the {value['kind']} has no metadata.name", "give it one: it is applied by it"
        )
    yield Manifest(value, place)


_KUSTOMIZE = "run `kubectl apply -k DIRECTORY` in a `command` step in place of this one"
_SHAPE = "an object is a mapping with apiVersion, kind and metadata"


def _named(value: object) -> str:
    return "a list" if isinstance(value, list) else f"plain text ({str(value)[:40]!r})"
