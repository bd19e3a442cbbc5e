"""The samples of a run's hosts: in its journal, and in its state however long it is."""

from __future__ import annotations

import itertools

import pytest

from tui.run import events as e
from tui.run.event_json import decode, encode
from tui.run.samples import MOST, Samples, add_sample

SAMPLE = e.Sampled(
    603.213906,
    seconds=1.003,
    host="default",
    cores=16,
    memory=32042,
    load=12.37,
    machine=e.Usage(15.87, 14382, 120.4, 322.1),
    nodes=e.Usage(9.21, 4120, 12.1, 212.8),
    engine=e.Usage(1.93, 312, 100.2, 100.3),
    programs=e.Usage(2.31, 841, 3.2, 1.1),
    own=e.Usage(0.42, 121),
)


def test_ten_minutes_of_samples_add_little_to_a_journal() -> None:
    line = encode(SAMPLE)
    assert decode(line) == SAMPLE
    assert 600 * (len(line) + 1) < 200_000


def test_what_could_not_be_measured_stays_unknown() -> None:
    sample = e.Sampled(1.0, 1.0, "far", 4, 8000, 0.5, e.Usage(1.0))
    assert decode(encode(sample)) == sample


def test_a_long_run_keeps_as_much_in_fewer_samples() -> None:
    samples: Samples = {}
    count = 3 * MOST + 1
    for i in range(count):
        add_sample(
            samples, e.Sampled(i + 1.0, 1.0, "far", 4, 8000, i % 7, e.Usage(i % 5, i), own=e.Usage(1.0))
        )
    kept = list(samples["far"])
    assert len(kept) <= MOST
    assert sum(s.seconds for s in kept) == count
    assert sum(s.machine.cpu * s.seconds for s in kept) == pytest.approx(sum(i % 5 for i in range(count)))
    assert all(two.at - two.seconds == pytest.approx(one.at) for one, two in itertools.pairwise(kept))
    assert (kept[0].nodes, kept[0].own) == (None, e.Usage(1.0))
