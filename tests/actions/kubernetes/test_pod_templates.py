"""What is changed in the pod templates of workloads before they are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.recorder import Recorder
from tests.doctor.peers import serving
from tui.actions.kubernetes.pod_templates import IMAGES, with_fast_probes, with_image_ids
from tui.hosts.local import LocalHost
from tui.plan.manifests import Manifest

if TYPE_CHECKING:
    from pathlib import Path


def workload(kind: str = "Deployment", image: str = "shop:dev", **container: Any) -> Manifest:
    spec = {"template": {"spec": {"containers": [{"name": "c", "image": image, **container}]}}}
    return Manifest(
        {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "shop"}, "spec": spec}, "x.yaml:1"
    )


@pytest.fixture
def ctx(tmp_path: Path) -> Recorder:
    return Recorder(folder=tmp_path, cache=tmp_path)


def probes_of(manifest: Manifest) -> dict[str, Any]:
    (container,) = manifest.body["spec"]["template"]["spec"]["containers"]
    return {key: value for key, value in container.items() if key.endswith("Probe")}


def test_readiness_alone_is_probed_faster_and_that_is_told(ctx: Recorder) -> None:
    slow = {"httpGet": {"port": 1}, "initialDelaySeconds": 5, "periodSeconds": 10, "failureThreshold": 3}
    given = workload(readinessProbe=slow, livenessProbe=slow, startupProbe=slow)
    (made,) = with_fast_probes([given], ctx)
    quick = {"httpGet": {"port": 1}, "periodSeconds": 1, "failureThreshold": 3}
    assert probes_of(made) == {"readinessProbe": quick, "livenessProbe": slow, "startupProbe": slow}
    assert probes_of(given)["readinessProbe"] == slow
    (told,) = ctx.warnings
    assert told.endswith("unlike in the manifests: deployment.apps/shop")


@pytest.mark.parametrize(
    "manifest",
    [
        workload(),
        workload(readinessProbe={"periodSeconds": 1}),
        workload("Job", readinessProbe={"periodSeconds": 10}),
        workload(readinessProbe=None),
        Manifest(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "x"},
                "spec": {"template": 1},
            },
            "",
        ),
    ],
)
def test_what_has_no_slow_readiness_probe_is_left_as_it_is(ctx: Recorder, manifest: Manifest) -> None:
    assert with_fast_probes([manifest], ctx) == [manifest]
    assert ctx.warnings == []


async def test_pods_of_an_image_that_was_built_anew_get_another_template(
    ctx: Recorder, tmp_path: Path
) -> None:
    answers: dict[str, tuple[int, object]] = {
        "/version": (200, {"Version": "99", "ApiVersion": "1.41"}),
        "/images/shop:dev/json": (200, {"Id": "sha256:0123456789abcdef"}),
    }
    ctx.built_images = frozenset({"shop:dev", "gone:1"})
    given = [
        workload(image="docker.io/library/shop:dev"),
        workload(image="redis:7"),
        workload("Job"),
        workload(image="gone:1"),
    ]
    async with serving(answers) as url:
        ctx.host = LocalHost({"DOCKER_HOST": url.replace("http", "tcp"), "HOME": str(tmp_path)})
        made = await with_image_ids(given, ctx)
        answers["/images/shop:dev/json"] = (200, {"Id": "sha256:fedcba9876543210"})
        (again,) = await with_image_ids(given[:1], ctx)
    assert made[0].body["spec"]["template"]["metadata"]["annotations"] == {IMAGES: "shop:dev=0123456789ab"}
    assert again.body["spec"]["template"]["metadata"]["annotations"] == {IMAGES: "shop:dev=fedcba987654"}
    assert made[1:] == given[1:]
    assert "metadata" not in given[0].body["spec"]["template"]
