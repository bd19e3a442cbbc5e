"""Objects with other images, or in another namespace, as kustomize's `images` and `namespace` change them."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.plan.faults import Fault, Place, PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tui.plan.manifests import Manifest
    from tui.plan.steps import Replacement

_CONTAINERS = ("containers", "initContainers")
_WEBHOOKS = {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}
_BINDINGS = {"RoleBinding", "ClusterRoleBinding"}
_REFERRED = {"Service", "ServiceAccount"}


def with_images(
    manifests: Sequence[Manifest], replacements: Sequence[Replacement]
) -> tuple[list[Manifest], list[str]]:
    """Replace images in containers, of whatever kind of object.

    Args:
        manifests: The objects; definitions of kinds stay as they are.
        replacements: One after the other.

    Returns:
        The manifests with other images, and the names of images that none of them has.
    """
    unmet = {each.name for each in replacements}
    if not replacements:
        return list(manifests), []
    patterns = [
        (re.compile(re.escape(each.name) + r"(?::([\w.{}-]*))?(?:@(sha256:[\w.{}-]*))?"), each)
        for each in replacements
    ]

    def image(name: str) -> str:
        for pattern, replacement in patterns:
            if found := pattern.fullmatch(name):
                unmet.discard(replacement.name)
                name = replacement.of(found[1] or "", found[2] or "")
        return name

    return with_each_image(manifests, image), sorted(unmet)


def images_of(manifests: Sequence[Manifest]) -> set[str]:
    """Return the images of manifests' containers, as they are named there."""
    found: set[str] = set()

    def take(name: str) -> str:
        found.add(name)
        return name

    with_each_image(manifests, take)
    return found


def with_each_image(manifests: Sequence[Manifest], image: Callable[[str], str]) -> list[Manifest]:
    """Return manifests with the images of all containers changed.

    Args:
        manifests: The objects; definitions of kinds stay as they are.
        image: Returns what takes the place of an image.
    """

    def holder(value: Any, key: str) -> Any:
        """Return a container, or the source of a volume, with its image replaced."""
        named = isinstance(value, dict) and isinstance(value.get(key), str)
        return {**value, key: image(value[key])} if named else value

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        found = {key: walk(item) for key, item in value.items()}
        for key in _CONTAINERS:
            if isinstance(found.get(key), list):
                found[key] = [holder(each, "image") for each in found[key]]
        if "containers" in found and isinstance(found.get("volumes"), list):
            found["volumes"] = [
                {**each, "image": holder(each["image"], "reference")}
                if isinstance(each, dict) and "image" in each
                else each
                for each in found["volumes"]
            ]
        return found

    return [
        each if each.kind == "CustomResourceDefinition" else replace(each, body=walk(each.body))
        for each in manifests
    ]


def moved(manifests: Sequence[Manifest], namespace: str) -> list[Manifest]:
    """Return manifests that are all in one namespace, whatever they name.

    A Namespace becomes that one. Role bindings and webhooks follow the service accounts and services that are
    moved; others that they refer to stay where they are. Cluster-wide objects name the namespace too, which
    applying them leaves out.

    Raises:
        PlanError: Two objects of different namespaces would become one.
    """
    referred = {_place(each) for each in manifests if each.kind in _REFERRED}
    result = [replace(each, body=_moved(each.body, namespace, referred)) for each in manifests]
    taken: dict[tuple[str, ...], Manifest] = {}
    for old, new in zip(manifests, result, strict=True):
        key = (new.api_version.rpartition("/")[0], new.kind, new.name)
        other = taken.setdefault(key, old)
        if new.name and _place(other) != _place(old):
            cause = f"{old.title} and {other.title} of {other.source} would be one in {namespace}"
            raise PlanError([Fault(Place(old.source, 0), cause, "apply them in two steps")])
    return result


def _place(manifest: Manifest) -> tuple[str, str, str]:
    return manifest.kind, manifest.namespace or "default", manifest.name


def _moved(body: Mapping[str, Any], namespace: str, referred: set[tuple[str, str, str]]) -> dict[str, Any]:
    result: dict[str, Any] = copy.deepcopy(dict(body))
    key = "name" if (body["apiVersion"], body["kind"]) == ("v1", "Namespace") else "namespace"
    result["metadata"][key] = namespace
    for kind, reference in references(result):
        name, place = reference.get("name"), reference.get("namespace") or "default"
        if (kind, place, name) in referred or (kind, name) == ("ServiceAccount", "default"):
            reference["namespace"] = namespace
    return result


def references(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what an object refers to by name and namespace, each with its kind."""
    for client in service_clients(body):
        yield "Service", client["service"]
    for subject in _mappings(body.get("subjects")) if body["kind"] in _BINDINGS else ():
        if subject.get("kind") == "ServiceAccount":
            yield "ServiceAccount", subject


def service_clients(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts of an object that tell the API server of a `service` and its `caBundle`."""
    spec = body.get("spec")
    found: list[Any] = []
    if body["kind"] in _WEBHOOKS:
        found = [each.get("clientConfig") for each in _mappings(body.get("webhooks"))]
    elif body["kind"] == "APIService":
        found = [spec]
    elif body["kind"] == "CustomResourceDefinition":
        conversion = _at(spec, "conversion")
        found = [_at(conversion, "webhookClientConfig"), _at(_at(conversion, "webhook"), "clientConfig")]
    yield from (each for each in found if isinstance(_at(each, "service"), dict))


def _at(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
