from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.kubernetes.peer import recorder
from tui.actions.kubernetes.manifests import Manifest, load, parse
from tui.errors import ActionError, BringupError
from tui.plan.steps import KubernetesApply

if TYPE_CHECKING:
    from pathlib import Path


def _config(name: str, **data: str) -> str:
    lines = "".join(f"  {key}: {value}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{lines}"


async def _load(folder: Path, manifests: list[str], **more: Any) -> list[Manifest]:
    def prepare() -> tuple[KubernetesApply, Any]:
        step = KubernetesApply.model_validate(
            {"kind": "kubernetes.apply", "manifests": manifests, **more}, context={"folder": folder}
        )
        return step, recorder(folder)

    step, ctx = await asyncio.to_thread(prepare)
    ctx.variables = {"port": 8080, "name": "it's"}
    return await load(step, ctx)


def test_documents_know_their_lines_and_names() -> None:
    second = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n"
    text = f"# first\n---\n{_config('a')}---\n---\n{second}"
    found = parse(text, "app.yaml")
    assert [(m.title, m.source) for m in found] == [
        ("configmap/a", "app.yaml:3"),
        ("deployment.apps/b", "app.yaml:10"),
    ]


def test_a_lists_items_are_objects() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod]})
    assert [m.title for m in parse(text, "x.json")] == ["pod/p"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2024-01-31", "2024-01-31"),
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00Z"),
        ("=", "="),
        ("1:30", "1:30"),
        ("22:22:22", "22:22:22"),
        ("0644", 0o644),
        ("0x1F", 31),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("on", True),
        ("No", False),
        ("~", None),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ("12Mi", "12Mi"),
    ],
)
def test_scalars_are_read_as_kubectl_reads_them(written: str, value: object) -> None:
    found = parse(_config("a", key=written), "x")[0].body["data"]["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "bad.yaml:3"),
        ("kind: Pod\nmetadata: {name: a}\n", "bad.yaml:1: the object has no apiVersion"),
        ("apiVersion: v1\nkind: Pod\n", "the Pod has no metadata.name"),
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", "is for kustomize"),
        ("\n- 1\n- 2\n", "bad.yaml:2: this is a list"),
        ("just words\n", "plain text"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, when: !!python/name:os.system x}\n", "bad.yaml:3"),
    ],
)
def test_what_is_no_object_is_told_with_its_line(text: str, cause: str) -> None:
    with pytest.raises(ActionError) as caught:
        parse(text, "bad.yaml")
    assert cause in caught.value.cause
    assert caught.value.hint


async def test_folders_are_read_in_the_order_of_names_and_not_below(tmp_path: Path) -> None:
    def write() -> None:
        (tmp_path / "deep").mkdir()
        for name in ("b.yaml", "a.yml", "c.json", "notes.txt", "deep/d.yaml"):
            (tmp_path / name).write_text(_config(name[0]))

    await asyncio.to_thread(write)
    assert [m.name for m in await _load(tmp_path, ["."])] == ["a", "b", "c"]


async def test_references_are_filled_in_only_where_asked_for(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "a.yaml").write_text, _config("a", key='"${port}"'))
    assert (await _load(tmp_path, ["a.yaml"]))[0].body["data"]["key"] == "${port}"
    assert (await _load(tmp_path, ["a.yaml"], substitute=True))[0].body["data"]["key"] == "8080"


async def test_a_reference_that_leads_nowhere_is_told_with_its_place(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "a.yaml").write_text, _config("a", key="${prot}"))
    with pytest.raises(BringupError, match="prot") as caught:
        await _load(tmp_path, ["a.yaml"], substitute=True)
    assert "a.yaml:6" in caught.value.cause


async def test_a_folder_without_manifests_is_an_error(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "empty").mkdir)
    with pytest.raises(ActionError, match="no objects"):
        await _load(tmp_path, ["empty"])
