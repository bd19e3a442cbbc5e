"""Archives of images: those that `docker save` writes, and OCI layouts as a tar, compressed or not."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tarfile
import zlib
from dataclasses import dataclass, replace
from lzma import LZMAError
from typing import TYPE_CHECKING, Any

from tui.clients.registry import canonical, with_tag
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_CHUNK = 1 << 20  # bytes
_MOST_JSON = 1 << 24  # bytes
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MANIFEST, _INDEX = "manifest.json", "index.json"  # Docker's, and that of an OCI layout
_ZSTD = b"\x28\xb5\x2f\xfd"  # how its files begin
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


@dataclass(frozen=True, slots=True)
class Archived:
    """An image of an archive.

    Attributes:
        names: Its names, with tags.
        digests: Of its configuration, and of the manifests that lead to it: engines take one for its ID.
        entry: Its entry in Docker's manifest.
    """

    names: tuple[str, ...]
    digests: frozenset[str]
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that has been looked into.

    Attributes:
        path: The file.
        images: What is in it.
        is_layout: Whether it is an OCI layout alone, which older engines do not take.
    """

    path: Path
    images: tuple[Archived, ...]
    is_layout: bool

    def pick(self, wanted: Sequence[str]) -> dict[str, Archived]:
        """Return the images of some names. One that has none of its own is taken for the one that is wanted.

        Raises:
            ActionError: There is no image of a name.
        """
        named = {canonical(name): each for each in self.images for name in each.names}
        found = {name: named[canonical(name)] for name in wanted if canonical(name) in named}
        missing = [name for name in wanted if name not in found]
        if len(missing) == len(wanted) == len(self.images) == 1 and not self.images[0].names:
            return {missing[0]: self.images[0]}
        if missing:
            known = ", ".join(name for each in self.images for name in each.names) or "images without names"
            hint = f"name in `images` what it has: {known}"
            raise ActionError(f"{self.path.name} has no image {', '.join(missing)}", hint)
        return found

    def stream(self, chosen: dict[str, Archived]) -> Iterator[bytes]:
        """Yield the archive as every engine loads it, not compressed; blocks.

        Args:
            chosen: The images that are wanted, by name.

        Raises:
            ActionError: It cannot be read.
        """
        with _explained(self.path), tarfile.open(self.path) as tar:
            assert tar.fileobj is not None  # it is open
            if not self.is_layout:
                tar.fileobj.seek(0)
                while data := tar.fileobj.read(_CHUNK):
                    yield data
                return
            for member in tar:
                yield from _member(member, tar.extractfile(member) if member.isfile() else None)
        entries = [image.entry | {"RepoTags": [with_tag(name)]} for name, image in chosen.items()]
        content = json.dumps(entries).encode()
        info = tarfile.TarInfo(_MANIFEST)
        info.size = len(content)
        yield from _member(info, io.BytesIO(content))
        yield bytes(2 * tarfile.BLOCKSIZE)


def read_archive(path: Path, architecture: str) -> Archive:
    """Look into an archive; blocks.

    Args:
        path: The file.
        architecture: Which of the images for several processors is meant, in the words of images.

    Raises:
        ActionError: It is no archive of images, or has none for that processor.
    """
    with _explained(path), tarfile.open(path) as tar:
        names = set(tar.getnames())
        if _MANIFEST in names:
            images = tuple(_saved(entry) for entry in _json(tar, _MANIFEST))
            return Archive(path, _with_digests(images, tar) if _INDEX in names else images, is_layout=False)
        if _INDEX in names:
            found = _json(tar, _INDEX).get("manifests") or ()
            return Archive(path, tuple(_laid_out(tar, each, architecture) for each in found), is_layout=True)
    hint = "make it with `docker save`, or as an OCI layout in a tar; `docker export` makes none"
    raise ActionError(f"{path} is no archive of images", hint)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the errors of reading an archive into ones that name it."""
    try:
        yield
    except FileNotFoundError as error:
        raise ActionError(f"there is no archive {path}", "make it in a step before, or correct it") from error
    except (tarfile.TarError, EOFError, LZMAError, zlib.error, KeyError, TypeError, ValueError) as error:
        with path.open("rb") as file:
            if file.read(len(_ZSTD)) == _ZSTD:
                cause = f"{path} is compressed by zstd, which is not read"
                raise ActionError(cause, "unpack it (`zstd -d`), or make it as a .tar or .tar.gz") from error
        hint = "make it anew: it is damaged, or no tar"
        why = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
        raise ActionError(f"{path} cannot be read as an archive of images: {why}", hint) from error
    except OSError as error:
        raise ActionError(f"{path} cannot be read: {error.strerror or error}") from error


def _json(tar: tarfile.TarFile, name: str) -> Any:
    file = tar.extractfile(name)
    return json.loads(file.read(_MOST_JSON)) if file is not None else {}


def _saved(entry: dict[str, Any]) -> Archived:
    digests = frozenset(f"sha256:{digest}" for digest in _DIGEST.findall(str(entry["Config"])))
    return Archived(tuple(entry.get("RepoTags") or ()), digests, entry)


def _with_digests(images: tuple[Archived, ...], tar: tarfile.TarFile) -> tuple[Archived, ...]:
    """Return images with the digests of the layout beside Docker's manifest, where each is the only one."""
    found = frozenset(str(each["digest"]) for each in _json(tar, _INDEX).get("manifests") or ())
    if len(images) != 1 or len(found) != 1:
        return images
    return tuple(replace(each, digests=each.digests | found) for each in images)


def _laid_out(tar: tarfile.TarFile, listed: dict[str, Any], architecture: str) -> Archived:
    notes = listed.get("annotations") or {}
    name = next((str(notes[key]) for key in _NAMES if key in notes), "")
    digests = {str(listed["digest"])}
    manifest = _json(tar, _blob(listed))
    while "manifests" in manifest:
        described = [(each, each.get("platform") or {}) for each in manifest["manifests"]]
        chosen = next((each for each, made in described if made.get("architecture") == architecture), None)
        if chosen is None:
            made_for = ", ".join(sorted({str(made.get("architecture")) for _, made in described}))
            raise ActionError(f"{name or 'the image'} is made for {made_for}, not {architecture}")
        digests.add(str(chosen["digest"]))
        manifest = _json(tar, _blob(chosen))
    digests.add(str(manifest["config"]["digest"]))
    layers = [_blob(each) for each in manifest.get("layers") or ()]
    entry = {"Config": _blob(manifest["config"]), "Layers": layers}
    # A tag alone is no name: what is wanted says what it is a tag of.
    names = (with_tag(name),) if ":" in name or "/" in name else ()
    return Archived(names, frozenset(digests), entry)


def _blob(described: dict[str, Any]) -> str:
    algorithm, _, digest = str(described["digest"]).partition(":")
    return f"blobs/{algorithm}/{digest}"


def _member(info: tarfile.TarInfo, file: Any) -> Iterator[bytes]:
    yield info.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")
    while file is not None and (data := file.read(_CHUNK)):
        yield data
    yield bytes(-info.size % tarfile.BLOCKSIZE)
