"""Changes to the pod templates of workloads before they are applied: quicker probes, the images' IDs."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.clients.engine_api import connect, short
from tui.clients.registry import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tui.actions.context import Context
    from tui.plan.manifests import Manifest

IMAGES = "bringup/images"
"""The annotation that says which images of ours a pod template's pods run."""
_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet"}
_PERIOD = 1  # seconds


def with_fast_probes(manifests: Sequence[Manifest], ctx: Context) -> list[Manifest]:
    """Return manifests whose workloads are asked at once, and then each second, whether they are ready."""
    changed, names = [], []
    for manifest in manifests:
        body = copy.deepcopy(manifest.body)
        slow = [container for container in _containers(body) if _is_slow(container.get("readinessProbe"))]
        for container in slow:  # a copy, as YAML's anchors may have one probe stand in several places
            probe = {**container["readinessProbe"], "periodSeconds": _PERIOD}
            probe.pop("initialDelaySeconds", None)
            container["readinessProbe"] = probe
        changed.append(replace(manifest, body=body) if slow else manifest)
        names += [manifest.title] * bool(slow)
    if names:
        ctx.warn(
            f"`probes: fast`: readiness is probed each second, unlike in the manifests: {', '.join(names)}"
        )
    return changed


def _is_slow(probe: Any) -> bool:
    """Return whether something is a probe that can be quickened."""
    if not isinstance(probe, dict):
        return False
    return bool(probe.get("initialDelaySeconds")) or probe.get("periodSeconds", 10) != _PERIOD


async def with_image_ids(manifests: Sequence[Manifest], ctx: Context) -> list[Manifest]:
    """Return manifests whose pod templates name the images that the plan builds and loads, by their IDs.

    A template that runs an image of the same name that was built anew is another template then, so that its
    pods are replaced.
    """
    built = {canonical(image): image for image in ctx.built_images}
    if not built:
        return list(manifests)
    found: dict[str, str] = {}
    changed = []
    for manifest in manifests:
        used = {str(container.get("image") or "") for container in _containers(manifest.body)} - {""}
        ours = sorted({built[canonical(image)] for image in used if canonical(image) in built})
        for image in ours:
            if image not in found:
                found[image] = await _identity(image, ctx)
        named = " ".join(f"{image}={found[image]}" for image in ours if found[image])
        changed.append(_annotated(manifest, named) if named else manifest)
    return changed


async def _identity(image: str, ctx: Context) -> str:
    async with connect(await ctx.image_host(image).engine()) as store:
        found = await store.find_image(image)
    return short(str(found["Id"])) if found else ""


def _annotated(manifest: Manifest, images: str) -> Manifest:
    body = copy.deepcopy(manifest.body)
    template = body["spec"]["template"]
    metadata = template.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), IMAGES: images}
    template["metadata"] = {**metadata, "annotations": annotations}
    return replace(manifest, body=body)


def _containers(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the containers of a workload's pods; none of what is not one."""
    inner: Any = body
    for key in ("spec", "template", "spec"):
        inner = inner.get(key) if isinstance(inner, dict) else None
    if body.get("kind") in _WORKLOADS and isinstance(inner, dict):
        for key in ("initContainers", "containers"):
            found = inner.get(key)
            yield from (each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict))
