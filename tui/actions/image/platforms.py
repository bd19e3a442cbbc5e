"""Platforms such as `linux/arm64`: which an image is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAME = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
_ONLY_VARIANT = {"arm64": "v8"}  # which is as often named as left out


def other_platform(image: Mapping[str, Any], wanted: str | None) -> str:
    """Return what an image is made for if that is not what is wanted; empty if it is, or is not known.

    Args:
        image: What the engine says of it.
        wanted: A platform as of a plan: `linux/arm64`, `arm64`, `linux/arm/v7`; any if None.
    """
    made = tuple(str(image.get(key) or "").lower() for key in ("Os", "Architecture", "Variant"))
    if not wanted or not made[1]:
        return ""
    asked = _parts(wanted)
    differs = any(a and m and a != m for a, m in zip(asked, _normal(*made), strict=True))
    return "/".join(filter(None, made)) if differs else ""


def _parts(platform: str) -> tuple[str, str, str]:
    first, *rest = platform.lower().split("/")
    if not rest:  # the system or the processor alone
        return (first, "", "") if first in {"linux", "windows"} else _normal("", first, "")
    return _normal(first, rest[0], rest[1] if len(rest) > 1 else "")


def _normal(system: str, processor: str, variant: str) -> tuple[str, str, str]:
    processor = _SAME.get(processor, processor)
    return system, processor, "" if variant == _ONLY_VARIANT.get(processor) else variant
