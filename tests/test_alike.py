"""Alike sets found by a prefix filter against comparing each with each."""

import random

import pytest

from index.alike import Alike


@pytest.mark.parametrize("least", [0.7, 0.8, 1.0])
def test_alike_sets_are_those_of_comparing_each_with_each(least: float) -> None:
    chance = random.Random(7)
    members = list("abcdefgh")
    sets = [frozenset(chance.sample(members, chance.randint(0, 8))) for _ in range(120)]
    entered = [row for row in range(len(sets)) if chance.random() < 0.7]
    alike, found = Alike(sets, least), []
    for row in range(len(sets)):
        found.append(list(alike.to(row)))
        if row in entered:
            alike.enter(row)
    assert found == [
        [
            other
            for other in entered
            if other < row and held and len(held & sets[other]) / len(held | sets[other]) >= least
        ]
        for row, held in enumerate(sets)
    ]
    assert any(found)
