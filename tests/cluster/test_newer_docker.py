"""Images of Docker's newer store, whose archives name what they do not hold, in a real node's containerd."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import subprocess
import tarfile
import uuid
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.actions.engines import BASE, NODE, need_image, running
from tests.actions.recorder import Recorder
from tui.clients.engine_api import connect
from tui.cluster.containers.load import load_missing
from tui.cluster.containers.stream import Delivery
from tui.cluster.provider import Node
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tui.clients.engine_api import EngineApi

MANIFEST, INDEX = (f"application/vnd.oci.image.{kind}.v1+json" for kind in ("manifest", "index"))
PLATFORM = {"architecture": "amd64", "os": "linux"}
NAME = "bringup-test/attested:1"


class NewerStore:
    """An engine whose images are kept as such a store keeps them: by the digest of an index."""

    def __init__(self, saved: bytes) -> None:
        """Make an image of a saved one, with an attestation that is named alone."""
        self._blobs: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(saved)) as tar:
            content = {each.name: tar.extractfile(each).read() for each in tar if each.isfile()}  # type: ignore[union-attr]
        (listed,) = json.loads(content["manifest.json"])
        config = self._put(content[listed["Config"]], "application/vnd.oci.image.config.v1+json")
        layers = [
            self._put(content[name], "application/vnd.oci.image.layer.v1.tar") for name in listed["Layers"]
        ]
        manifest = self._json({"schemaVersion": 2, "config": config, "layers": layers}, MANIFEST)
        lacking = {"mediaType": MANIFEST, "digest": f"sha256:{8:064}", "size": 566}
        unknown = {"architecture": "unknown", "os": "unknown"}
        manifests = [{**manifest, "platform": PLATFORM}, {**lacking, "platform": unknown}]
        self._index = self._json({"schemaVersion": 2, "manifests": manifests}, INDEX)
        self.saved = 0

    def _put(self, content: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        self._blobs[digest] = content
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    def _json(self, value: dict[str, Any], kind: str) -> dict[str, Any]:
        return self._put(json.dumps({**value, "mediaType": kind}).encode(), kind)

    async def find_image(self, name: str) -> dict[str, Any]:
        return {"Id": self._index["digest"], "Os": "linux", "Architecture": "amd64", "Size": 1}

    async def remove_image(self, name: str) -> bool:
        return True

    @contextlib.asynccontextmanager
    async def export(self, images: object, platform: object) -> AsyncIterator[NewerStore]:
        self.saved += 1
        yield self

    async def iter_any(self) -> AsyncIterator[bytes]:
        named = {**self._index, "annotations": {"io.containerd.image.name": f"docker.io/{NAME}"}}
        files = {f"blobs/sha256/{digest}": content for digest, content in self._blobs.items()}
        files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [named]}).encode()
        files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        yield target.getvalue()


@pytest.fixture
def node() -> Iterator[tuple[dict[str, str], str]]:
    """A node of kind's in which nothing runs but its containerd."""
    with running("docker") as environment:
        need_image(BASE)
        need_image(NODE)
        name = f"bringup-test-{uuid.uuid4().hex[:8]}"
        options = ("--detach", "--privileged", "--tmpfs", "/run", "--tmpfs", "/tmp", "--volume", "/var")
        run = ("docker", "run", *options, "--name", name, NODE)
        subprocess.run(run, env=environment, check=True, capture_output=True)
        yield environment, name
        remove = ("docker", "rm", "--force", "--volumes", name)
        subprocess.run(remove, env=environment, check=False, capture_output=True)


async def _until_it_answers(api: EngineApi, node: str) -> None:
    for _ in range(300):
        if (await api.run_in(node, ("crictl", "version")))[0] == 0:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_an_image_is_loaded_once_though_its_archive_lacks_what_it_names(
    node: tuple[dict[str, str], str], tmp_path: Path
) -> None:
    environment, name = node
    host = LocalHost(environment)
    saving = ("docker", "save", BASE)
    saved = await asyncio.to_thread(subprocess.run, saving, env=environment, check=True, capture_output=True)
    store = await asyncio.to_thread(NewerStore, saved.stdout)
    cluster = Cluster.model_validate({"name": "demo", "kubeconfig": tmp_path / "kubeconfig"})
    report = Recorder(folder=tmp_path, cache=tmp_path, host=host)
    engine = await host.engine()
    async with connect(engine) as api:
        await _until_it_answers(api, name)
        given = cast("EngineApi", store)
        delivery = Delivery(host, engine, given, host, api, cluster, [Node(name, name)], report)
        assert await load_missing(delivery, [NAME]) == [NAME]
        assert await load_missing(delivery, [NAME]) == []
        status, said = await api.run_in(name, ("crictl", "inspecti", NAME))
        assert (status, NAME in said) == (0, True)
    assert store.saved == 2  # once with all platforms, which it does not have, and once with this one
    assert report.lines[-1][1] == f"{NAME} is in all nodes already"
