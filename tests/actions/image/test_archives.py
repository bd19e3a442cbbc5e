"""Archives of images, looked into and loaded by real engines; images made by a builder of one's own."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.image.test_real_engines import ctx, environment
from tests.plan.writing import faults_of, one_step, write
from tui.actions.image.archive import read_archive
from tui.actions.image.importing import import_images
from tui.actions.image.make import make
from tui.clients.engine_api import connect
from tui.errors import ActionError
from tui.plan.steps import ImageImport, ImageMake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.actions.recorder import Recorder

__all__ = ["ctx", "environment"]


def _tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        folder = tarfile.TarInfo("blobs")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


class Made:
    """An image of one file, in the forms of an archive."""

    def __init__(self) -> None:
        self.layer = _tar({"mark": uuid.uuid4().bytes})
        digest = hashlib.sha256(self.layer).hexdigest()
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
        self.config = json.dumps(config).encode()

    def saved(self, *names: str) -> bytes:
        identity = hashlib.sha256(self.config).hexdigest()
        entry = {"Config": f"{identity}.json", "RepoTags": list(names) or None, "Layers": ["l/layer.tar"]}
        files = {f"{identity}.json": self.config, "l/layer.tar": self.layer}
        return _tar({**files, "manifest.json": json.dumps([entry]).encode()})

    def laid_out(self, names: dict[str, str], *others: str) -> bytes:
        """An OCI layout; of an image for several processors where others are named."""
        blobs: dict[str, bytes] = {}

        def add(content: bytes | dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            digest = hashlib.sha256(data).hexdigest()
            blobs[f"blobs/sha256/{digest}"] = data
            media = f"application/vnd.oci.image.{kind}"
            return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(data), **more}

        layer, config = (
            add(gzip.compress(self.layer), "layer.v1.tar+gzip"),
            add(self.config, "config.v1+json"),
        )
        image = {"schemaVersion": 2, "config": config, "layers": [layer]}
        top = add(image, "manifest.v1+json", platform={"os": "linux", "architecture": "amd64"})
        if others:
            listed = [add({"for": each}, "x", platform={"architecture": each}) for each in others]
            top = add({"schemaVersion": 2, "manifests": [*listed, top]}, "index.v1+json")
        index = {"schemaVersion": 2, "manifests": [{**top, "annotations": names}]}
        files = {**blobs, "index.json": json.dumps(index).encode(), "oci-layout": b"{}"}
        return _tar(files)


@pytest.fixture
async def name(ctx: Recorder) -> AsyncIterator[str]:
    name = f"localhost/bringup-test-{uuid.uuid4().hex[:8]}:1"
    yield name
    async with connect(await ctx.host.engine()) as api:
        await api.remove_image(name)


FORMS: dict[str, Callable[[Made, str], bytes]] = {
    "saved": lambda made, name: made.saved(name),
    "saved without a name": lambda made, _: made.saved(),
    "saved and compressed": lambda made, name: gzip.compress(made.saved(name)),
    "OCI": lambda made, name: made.laid_out({"org.opencontainers.image.ref.name": name}),
    "OCI with a tag alone, compressed": lambda made, _: gzip.compress(
        made.laid_out({"org.opencontainers.image.ref.name": "1"})
    ),
    "OCI for several": lambda made, name: made.laid_out({"io.containerd.image.name": name}, "arm64", "s390x"),
}


@pytest.mark.e2e
@pytest.mark.timeout(120)
@pytest.mark.parametrize("form", FORMS)
async def test_an_archive_is_loaded_once(ctx: Recorder, name: str, tmp_path: Path, form: str) -> None:
    path = tmp_path / "an archive.tar"
    await asyncio.to_thread(path.write_bytes, FORMS[form](Made(), name))
    step = ImageImport(kind="image.import", archive=path, images=(name,))
    assert (await import_images(step, ctx)).note == "1 image loaded"
    assert not (await import_images(step, ctx)).changed
    async with connect(await ctx.host.engine()) as api:
        assert await api.find_image(name)
    await asyncio.to_thread(path.write_bytes, FORMS[form](Made(), name))
    assert (await import_images(step, ctx)).changed


NONE: dict[str, tuple[bytes, str]] = {
    "a text": (b"not a tar", "cannot be read as an archive of images"),
    "one of zstd": (b"\x28\xb5\x2f\xfd" + bytes(600), "is compressed by zstd, which is not read"),
    "another tar": (_tar({"etc/passwd": b""}), "is no archive of images"),
    "no JSON": (_tar({"manifest.json": b"[{"}), "cannot be read as an archive of images"),
    "no blob": (_tar({"index.json": b'{"manifests": [{"digest": "a:1"}]}'}), "cannot be read as an archive"),
    "a half": (Made().saved("a:1")[:3000], "cannot be read as an archive of images"),
}


@pytest.mark.parametrize("what", NONE)
def test_what_is_no_archive_is_told(tmp_path: Path, what: str) -> None:
    content, cause = NONE[what]
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(ActionError, match=cause) as caught:
        read_archive(tmp_path / "a.tar", "amd64")
    assert "\n" not in caught.value.cause
    assert caught.value.hint


def test_an_archive_says_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(Made().saved("docker.io/library/a:latest", "b:2"))
    found = read_archive(tmp_path / "a.tar", "amd64")
    assert list(found.pick(["a", "b:2"])) == ["a", "b:2"]
    with pytest.raises(ActionError, match=r"a\.tar has no image c:1") as caught:
        found.pick(["a", "c:1"])
    assert caught.value.hint == "name in `images` what it has: docker.io/library/a:latest, b:2"
    (tmp_path / "a.tar").write_bytes(Made().laid_out({}, "s390x"))
    with pytest.raises(ActionError, match="made for amd64, s390x, not arm64"):
        read_archive(tmp_path / "a.tar", "arm64")


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_a_builder_of_ones_own_has_to_make_what_is_named(
    ctx: Recorder, name: str, tmp_path: Path
) -> None:
    engine = await ctx.host.engine()
    await asyncio.to_thread((tmp_path / "a.tar").write_bytes, Made().layer)
    line = f"{engine.flavour} {'--remote ' * (engine.flavour == 'podman')}import a.tar "
    fields = {"kind": "image.make", "shell": line + name, "images": name, "folder": tmp_path}
    step = await asyncio.to_thread(ImageMake.model_validate, fields)
    assert (await make(step, ctx)).note.startswith(f"made {name} (")
    kept = step.model_copy(update={"shell": "true"})
    assert not (await make(kept, ctx)).changed
    other = step.model_copy(update={"images": ("localhost/never:1",), "shell": "true"})
    with pytest.raises(ActionError, match="true has not made localhost/never:1") as caught:
        await make(other, ctx)
    assert "have it build into" in caught.value.hint
    async with connect(engine) as api:
        await api.remove_image(name)
    with pytest.raises(ActionError) as caught:
        await make(other.model_copy(update={"shell": line + name}), ctx)
    assert name in caught.value.hint


WRONG = {
    "{kind: image.make, images: 'a:1'}": "either argv or shell",
    "{kind: image.make, argv: [make]}": "'images' is missing",
    "{kind: image.make, argv: [make], images: []}": "at least one",
    "{kind: image.import, images: 'a:1'}": "'archive' is missing",
    "{kind: image.import, archive: later.tar, images: 'A:1'}": "no image's name",
}


@pytest.mark.parametrize("step", WRONG)
def test_what_is_wrong_with_such_a_step_is_told(tmp_path: Path, step: str) -> None:
    assert any(WRONG[step] in fault.cause for fault in faults_of(write(tmp_path, one_step(step))))
