"""Entries alike to a title or to items: the index may leave out none of them, and leads to few others."""

import random

import pytest

from yishu.catalogue import search

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("share", "least"), [(0.7, 1), (0.8, 4)])
def test_telling_leaves_out_no_entry_that_is_alike(share, least):
    chance = random.Random(1272)
    for size in (1, 2, 4, 5, 9, 14, 25, 60):
        numbers = set(chance.sample(range(1000), size))
        lists = [set(held) for held in search.telling(numbers, share, least)]
        assert len(lists) <= max(20, size) and all(held <= numbers for held in lists)
        for _ in range(40):
            theirs = set(chance.sample(sorted(numbers), chance.randint(0, size)))
            theirs |= set(chance.sample(range(1000, 2000), chance.randint(0, size // 3)))
            common = len(numbers & theirs)
            if common >= least and common / len(numbers | theirs) >= share:
                assert any(held <= theirs for held in lists), (numbers, theirs)


def test_telling_asks_for_more_than_one_number_wherever_it_can():
    assert search.telling(set(), 0.7, 1) == [] == search.telling({1, 2, 3}, 0.8, 4)
    assert [len(held) for held in search.telling({1, 2, 3, 4}, 0.8, 4)] == [4]
    assert min(map(len, search.telling(set(range(14)), 0.7, 1))) == 2
