"""What is of no event's types is refused, whatever it is."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.run import events as e
from tui.run.event_json import TYPES, decode, encode

STARTED = e.RunStarted(
    0.0, "id", "plan", "", "plan.yaml", "0",
    (e.PhaseOutline("one", "One", (e.TaskOutline("a", "A", (), ("step",), kinds=("command",)),)),),
    "eager", "kind", 3, "2026-01-02T03:04:05+00:00", e.Machine("Linux", 2, 4.0), "0",
    hosts={"default": "local"},
)  # fmt: skip
SAMPLED = e.Sampled(1.0, 1.0, "default", 2, 4000.0, 1.5, e.Usage(1.0, 2.0), programs=e.Usage(0.5))
FAILED = e.AttemptFinished(2.0, "a", 1, "failed", e.Failure("broke", details=("line",)))


@pytest.mark.parametrize("event", [STARTED, SAMPLED, FAILED])
def test_events_come_back_as_they_were(event: e.Event) -> None:
    assert decode(encode(event)) == event


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"attempt-started","at":1,"task":"a"}',
        '{"type":"attempt-started","at":"1","task":"a","attempt":1}',
        '{"type":"attempt-started","at":true,"task":"a","attempt":1}',
        '{"type":"attempt-started","at":1,"task":["a"],"attempt":1}',
        '{"type":"attempt-finished","at":1,"task":"a","attempt":1,"outcome":"odd"}',
        '{"type":"attempt-finished","at":1,"task":"a","attempt":1,"outcome":"failed","failure":[]}',
        '{"type":"sampled","at":1,"seconds":1,"host":"h","cores":2,"memory":1,"load":1,"machine":[1,2,3,4,5]}',
        '{"type":"sampled","at":1,"seconds":1,"host":"h","cores":2,"memory":1,"load":1,"machine":{"cpu":1}}',
        '{"type":"warned","at":NaN,"task":"a","attempt":1,"text":""}',
    ],
)
def test_what_is_damaged_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(line)


def test_what_later_versions_tell_besides_is_left_out() -> None:
    told = decode('{"type":"attempt-started","at":1,"task":"a","attempt":1,"more":{}}')
    assert told == e.AttemptStarted(1.0, "a", 1)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(TYPES)), st.data())
def test_nothing_but_a_value_error_is_raised(name: str, data: st.DataObject) -> None:
    import orjson

    fields = {field.name: data.draw(values) for field in dataclasses.fields(TYPES[name])}
    try:
        told = decode(orjson.dumps({"type": name, **fields}))
    except ValueError:
        return
    assert isinstance(told, TYPES[name])
