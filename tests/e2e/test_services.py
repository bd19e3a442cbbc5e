"""Bundled plans of kubernaut's other services on a real cluster: one cluster first, one images first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import NODE_IMAGE, free_port, run

if TYPE_CHECKING:
    from tests.e2e.conftest import Bringup

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("plan", "mode", "service", "ports", "crds"),
    [
        (
            "signalprocessing",
            "eager",
            "signalprocessing",
            ("metrics", "postgresql"),
            {"signalprocessings", "remediationrequests"},
        ),
        ("gateway-hybrid", "parallel", "gateway", ("api", "metrics"), {"remediationrequests"}),
    ],
)
def test_a_service_is_up_and_has_told_data_storage(
    bringup: Bringup, plan: str, mode: str, service: str, ports: tuple[str, ...], crds: set[str]
) -> None:
    at = {name: free_port() for name in (*ports, "data_storage")}
    settings = [
        f"cluster.name={bringup.cluster}",
        f"node_image={NODE_IMAGE}",
        "kubernaut.postgres.image=postgres:15",
        "kubernaut.redis.image=redis:7",
        "controller.ready_after=1",
        *(f"cluster.ports.{name}={port}" for name, port in at.items()),
    ]
    options = [part for setting in settings for part in ("--set", setting)]
    code, output = bringup.plan("up", Path(plan), "--env", "kind", "--mode", mode, *options)
    print(output)
    assert code == 0, output[-6000:]

    names = bringup.kubectl("get", "crds", "-o", "name").split()
    assert {f"customresourcedefinition.apiextensions.k8s.io/{crd}.kubernaut.ai" for crd in crds} == {*names}
    get = ("curl", "--silent", "--fail", "--max-time", "10")
    assert f'service_ready{{service="{service}"}} 1' in run(*get, f"http://127.0.0.1:{at['metrics']}/metrics")
    url = f"http://127.0.0.1:{at['data_storage']}/api/v1/audit/events?event_type={service}.started"
    assert json.loads(run(*get, url))["pagination"]["total"] == 1

    code, output = bringup.plan("down", Path(plan), *options)
    assert code == 0, output
    assert bringup.containers() == []
