"""Whatever is given for a plan, it is read or refused: with a place, in little time and memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.plan.writing import HEAD, STEPS, faults_of, one_task, write
from tui.plan.bundled import find_plan
from tui.plan.faults import Place, PlanError
from tui.plan.lint import lint
from tui.plan.load import load_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.faults import Fault

PATIENT = settings(suppress_health_check=[HealthCheck.too_slow])
BUNDLED = find_plan("workflowexecution").read_text(encoding="utf-8")


def levels(first: str, more: str, count: int = 30) -> str:
    """Lines that build on each other: N is a line's number, M that of the one before it."""
    lines = [first, *([more] * (count - 1))]
    return "".join(f"{line.replace('N', str(i)).replace('M', str(i - 1))}\n" for i, line in enumerate(lines))


BOMBS = {
    "aliases of lists": levels("aN: &aN [x]", "aN: &aN [*aM, *aM, *aM, *aM]"),
    "aliases of mappings": levels("aN: &aN {x: y}", "aN: &aN {p: *aM, q: *aM, r: *aM}"),
    "merges": levels("aN: &aN {k: v}", "aN: &aN {<<: [*aM, *aM, *aM], kN: v}"),
    "an alias of itself": "a: &a [*a]\n",
    "brackets": "a: " + "[" * 100_000,
    "spaced brackets": "a: " + "[ " * 100_000,
    "brackets of mappings": "a: " + "{a: " * 100_000,
    "brackets with items": "a: " + "[a,[b," * 100_000,
    "dashes": "- " * 100_000,
    "question marks": "? " * 100_000,
    "indentation": "".join(f"{' ' * i}a:\n" for i in range(1000)),
    "many values": "a: [" + "1," * 400_000 + "]",
    "a long line": "long: " + "b" * 1_000_000,
    "a large file": "a: b\n" * 1_000_000,
    "anchors on anchors": "a: " + "&a " * 100_000,
}
VARIABLE_BOMBS = {
    "texts": levels("aN: xxxxxxxxxx", "aN: '" + "${aM}" * 10 + "'", 9),
    "lists": levels("aN: [x]", "aN: [" + ", ".join(["'${aM}'"] * 10) + "]", 9),
    "few lists": levels("aN: [x]", "aN: ['${aM}', '${aM}', '${aM}']", 9),
    "depth": levels("aN: x", "aN: [[[[[[[[[['${aM}']]]]]]]]]]", 9),
    "a chain": levels("aN: x", "aN: ${aM}", 3000),
}
"""Each would be enough on its own, so none may be saved by the bound on another."""


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Fails a test that takes more than 200 MiB at a time."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 << 20


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_does_not_go_off(bomb: str, tmp_path: Path) -> None:
    assert_readable(faults_of(write(tmp_path, bomb, "bomb.yaml")))


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("bomb", ["aliases of lists", "brackets with items"])
def test_a_bomb_does_not_go_off_in_what_is_set(bomb: str, tmp_path: Path) -> None:
    path = write(tmp_path, one_task("", "variables: {a: null}\n"))
    assert_readable(faults_of(path, [write(tmp_path, BOMBS[bomb], "bomb.yaml")]))
    assert_readable(faults_of(path, settings=[f"a=[{BOMBS[bomb]}", "none=1"]))


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("bomb", VARIABLE_BOMBS.values(), ids=VARIABLE_BOMBS)
def test_variables_that_multiply_are_refused(bomb: str, tmp_path: Path) -> None:
    variables = "variables:\n" + "".join(f"  {line}\n" for line in bomb.splitlines())
    last = bomb.count("\n") - 1
    path = write(tmp_path, one_task("title: x ${a" + str(last) + "}", variables))
    try:
        loaded = load_plan(path)
    except PlanError as error:
        assert_readable(error.faults)
    else:
        assert len(str(loaded.variables)) < 1 << 20


def test_a_manifest_cannot_multiply_either(tmp_path: Path) -> None:
    write(tmp_path, "${a}" * 1000, "a.yaml")
    text = one_task("", f"cluster: {{name: a, kubeconfig: b}}\nvariables: {{a: {'x' * 100_000}}}\n", steps="")
    step = "        steps: [{kind: kubernetes.apply, manifests: a.yaml, substitute: true}]\n"
    [fault] = faults_of(write(tmp_path, text + step))
    assert fault.cause == "the file's references expand without bound"


def test_a_plan_of_thousands_of_tasks_is_read(tmp_path: Path) -> None:
    tasks = "".join(f"      - {{id: t{i}, needs: [t{i - 1}], steps: *s}}\n" for i in range(1, 3000))
    first = f"      - id: t0\n{STEPS.replace('[{', '&s [{')}"
    loaded = load_plan(write(tmp_path, f"{HEAD}phases:\n  - id: one\n    tasks:\n{first}{tasks}"))
    assert len(loaded.graph.order) == 3000


def assert_readable(faults: tuple[Fault, ...]) -> None:
    """Each fault has a place and a cause, and fits on a screen."""
    assert faults
    for fault in faults:
        assert fault.place.file
        assert fault.place.line >= 0
        assert fault.place.column >= 1
        assert fault.cause
        assert len(str(fault)) < 2000
        str(fault).encode()


def read(data: bytes, values: bytes = b"", setting: str = "") -> None:
    """Reads a plan from bytes: it is one, or its faults are readable; and a plan can be linted."""
    with TemporaryDirectory() as name:
        path = Path(name, "plan.yaml")
        path.write_bytes(data)
        files = [Path(name, "values.yaml")] if values else []
        for file in files:
            file.write_bytes(values)
        try:
            loaded = load_plan(path, files, [setting] if setting else [])
        except PlanError as error:
            assert_readable(error.faults)
            lines = data.decode(errors="replace").splitlines()
            for place in (fault.place for fault in error.faults if fault.place.file == str(path)):
                assert place.line <= len(lines) + 1
        else:
            lint(loaded, dict.fromkeys(loaded.graph.nodes, 1.0))


WORDS = """
    apiVersion bringup/v1 name title variables secrets limit cluster kubeconfig phases id tasks needs timeout
    retry attempts backoff signatures pattern hint steps kind command shell argv env manifests config rollouts
    kubernetes.apply kind.create kubernetes.wait image.build http.check context dockerfile down folder
    connection dns url ${a} ${folder} ${a.b} $${a} ${ ${} a b x 5m 1h 0 -1 1e999 true null deployment/a << ~a
"""
words = st.sampled_from(WORDS.split())
scalars = st.one_of(words, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))


def nested(leaves: int) -> st.SearchStrategy[object]:
    return st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=6)),
        max_leaves=leaves,
    )


documents, values = nested(25), nested(5)


def dumped(value: object) -> bytes:
    return yaml.safe_dump(value, allow_unicode=True).encode(errors="replace")


@PATIENT
@given(documents)
def test_any_document_is_read_or_refused(value: object) -> None:
    read(dumped(value))


plans = st.fixed_dictionaries(
    {
        "apiVersion": st.just("bringup/v1"),
        "name": st.one_of(st.just("a"), scalars),
        "phases": st.lists(
            st.fixed_dictionaries(
                {
                    "id": words,
                    "tasks": st.lists(
                        st.fixed_dictionaries(
                            {"id": words, "steps": st.lists(st.dictionaries(words, values, max_size=4))},
                            optional={"needs": values, "timeout": scalars, "retry": values},
                        ),
                        max_size=3,
                    ),
                },
                optional={"title": scalars},
            ),
            max_size=3,
        ),
    },
    optional={"variables": documents, "secrets": values, "cluster": values, "down": values},
)


@PATIENT
@given(plans)
def test_anything_shaped_like_a_plan_is_read_or_refused(value: object) -> None:
    read(dumped(value))


@PATIENT
@given(st.text(alphabet="ab:-?[]{}&*!|>'\"%@`#,<~$ \t\n\r\x85\u2028\ufeff\x00é", max_size=60))
@example("a: !!binary x")
@example("a: 'b\n\n'\n<<: &a [*a]")
def test_any_text_is_read_or_refused(text: str) -> None:
    read(text.encode())
    read(one_task("", "variables: {a: b}\n").encode(), text.encode(), f"a={text}")


@PATIENT
@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read(data)


@PATIENT
@given(
    start=st.integers(0, len(BUNDLED)),
    length=st.integers(0, 30),
    insert=st.one_of(words, st.text(alphabet=" \n\t:-[]{}&*'\"$#", max_size=4)),
)
def test_the_bundled_plan_changed_anywhere_is_read_or_refused(start: int, length: int, insert: str) -> None:
    read((BUNDLED[:start] + insert + BUNDLED[start + length :]).encode())


def test_a_place_is_written_as_compilers_do() -> None:
    assert str(Place("a.yaml", 3, 5)) == "a.yaml:3:5"
    assert str(Place("a.yaml", 0)) == "a.yaml"
