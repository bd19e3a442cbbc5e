from __future__ import annotations

import asyncio
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.kubernetes.shelf import WIDGET, Shelf
from tests.clients.kubernetes.peer import recorder, serving
from tui.actions.kubernetes.named_objects import Condition, Value
from tui.plan.json_path import JsonPath

if TYPE_CHECKING:
    from pathlib import Path

KUBECTL = shutil.which("kubectl-1.32") or ""
ITEM: dict[str, Any] = {
    "apiVersion": "example.com/v1",
    "kind": "Widget",
    "metadata": {
        "name": "w",
        "namespace": "default",
        "generation": 2,
        "labels": {"example.com/name": "it", "plain": "x"},
    },
    "spec": {
        "sizes": [1, 2, 3],
        "on": True,
        "off": False,
        "none": None,
        "text": " padded ",
        "ratio": 0.5,
        "list": [],
    },
    "status": {
        "phase": "Ready",
        "observedGeneration": 2,
        "conditions": [
            {"type": "Ready", "status": "True", "count": 3},
            {"type": "Stale", "status": "True", "observedGeneration": 1},
            {"type": "Broken", "status": "False"},
            {"type": "Odd", "status": "Unknown"},
        ],
    },
}
FOUND = {
    "{.status.phase}": ["Ready"],
    ".status.phase": ["Ready"],
    "status.phase": ["Ready"],
    "{$.status.phase}": ["Ready"],
    "{.status['phase']}": ["Ready"],
    r"{.metadata.labels.example\.com/name}": ["it"],
    "{.metadata.labels['plain']}": ["x"],
    "{.spec.sizes[0]}": [1],
    "{.spec.sizes[-1]}": [3],
    "{.spec.sizes[7]}": [],
    "{.spec.sizes[*]}": [1, 2, 3],
    "{.spec.sizes[1:]}": [2, 3],
    "{.spec.sizes[0:1]}": [1],
    '{.status.conditions[?(@.type=="Ready")].status}': ["True"],
    "{.status.conditions[?(@.type=='Ready')].status}": ["True"],
    '{.status.conditions[?(@.type!="Ready")].status}': ["True", "False", "Unknown"],
    "{.status.conditions[?(@.count>2)].type}": ["Ready"],
    "{.status.conditions[?(@.count)].type}": ["Ready"],
    '{.status.conditions[?(@.type=="None")].status}': [],
    "{.status.missing.phase}": [],
    "{.spec.on}": [True],
    "{.spec.none}": [None],
    "{.spec.text}": [" padded "],
    "{.spec.ratio}": [0.5],
    "{.spec.list}": [[]],
    "{.spec}": [ITEM["spec"]],
}


@pytest.mark.parametrize("path", FOUND)
def test_paths_lead_to_values(path: str) -> None:
    assert JsonPath.parse(path).find(ITEM) == FOUND[path]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "{}",
        "{.a",
        "{.a}{.b}",
        ".a[",
        ".a[]",
        ".a[?(@.b==c)]",
        "{..a}",
        "{.a['b','c']}",
        "{range .a}",
        ".",
    ],
)
def test_what_is_no_path_is_told(path: str) -> None:
    with pytest.raises(ValueError) as caught:
        JsonPath.parse(path)
    assert caught.value.args[1]


ASKED = [path for path in FOUND if "$" not in path]  # kubectl's command line adds a point before the $
WANTED = ["Ready", "True", "true", "1", "3", "padded", "0.5", "<nil>", "x", "it", "false"]
CONDITIONS = [
    "Ready",
    "ready",
    "READY=true",
    "Ready=False",
    "Stale",
    "Broken",
    "Broken=False",
    "Odd=unknown",
    "None",
]


async def _waits(folder: Path, url: str, word: str) -> bool:
    """Whether kubectl finds at once what it is to wait for."""
    process = await asyncio.create_subprocess_exec(
        *(KUBECTL, "wait", "widget/w", f"--for={word}", "--timeout=0", "-n", "default"),
        *(f"--kubeconfig={folder / 'kubeconfig'}", f"--cache-dir={folder / 'cache'}", f"--server={url}"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait() == 0


@pytest.mark.e2e  # kubectl takes 0.1 s a question
@pytest.mark.timeout(120)
@pytest.mark.skipif(not KUBECTL, reason="needs a kubectl that waits for values")
async def test_values_and_conditions_are_as_wanted_when_kubectl_says_so(tmp_path: Path) -> None:
    asked = [
        (f"jsonpath={path}={value}", Value("widget/w", "default", path, value))
        for path in ASKED
        for value in WANTED
    ]
    asked += [(f"jsonpath={path}", Value("widget/w", "default", path, None)) for path in ASKED]
    targets: list[tuple[str, Value | Condition]] = [
        *asked, *((f"condition={each}", Condition("widget/w", "default", each)) for each in CONDITIONS)
    ]  # fmt: skip
    shelf = Shelf()
    shelf.put(f"{WIDGET}/namespaces/default/widgets", "w", **json.loads(json.dumps(ITEM)))
    limit = asyncio.Semaphore(2)
    async with serving(shelf.app) as url:
        await asyncio.to_thread(recorder, tmp_path, url)

        async def ask(word: str) -> bool:
            async with limit:
                return await _waits(tmp_path, url, word)

        said = await asyncio.gather(*(ask(word) for word, _ in targets))
        ours = [target.judge([ITEM]).ready for _, target in targets]
        # YAML makes `true` of a plan's `True`, so that we take the one for the other, which kubectl does not.
        spelt = ("=True", "=true", "=false")
        unlike = [
            (word, our)
            for (word, _), our, their in zip(targets, ours, said, strict=True)
            if our is not their and not (our and word.startswith("jsonpath") and word.endswith(spelt))
        ]
        # On a busy machine it gives up where it has had no answer yet: then it is asked again.
        assert [word for word, our in unlike if await ask(word) is not our] == []
    assert sum(said) > 10
