"""Random numbers follow from seeds alone, and from every digit of them."""

import itertools

import numpy as np
import pytest

from bigart_lib.machine import random_generator


@pytest.mark.parametrize(
    ("numbers", "state"),
    [
        ((0,), 15793235383387715774),
        ((7,), 16920295385781661272),
        ((7, 0), 16920295385781661272),
        ((5, 3), 8065153966420768690),
        ((2**32 - 1, 48), 16691621701807662373),
        ((7, 1024), 373637810606830329),
        ((7, 2, 4096), 6283712098483540295),
    ],
)
def test_seeds_that_were_always_told_apart_keep_their_pictures(numbers, state):
    assert random_generator(*numbers).initial_seed() == state


def test_no_digit_of_a_large_seed_is_lost_or_taken_for_another_number():
    seeds = [7, 8, 7 + 2**32, 7 + 2 * 2**32, 8 + 2**32, 2**32, 2**32 + 2**31, 2**63 - 1, 2**400 + 7]
    every = [*itertools.product(seeds, range(3)), *itertools.product(seeds, range(3), (1024, 4096))]
    every += [(7, 1, 1), (7, 1, 2)]
    states = {numbers: random_generator(*numbers).initial_seed() for numbers in every}
    assert len({*states.values()}) == len(every)


def test_a_seed_of_numpy_is_the_same_seed():
    for seed in (7, 2**40):
        assert random_generator(np.int64(seed), 1).initial_seed() == random_generator(seed, 1).initial_seed()
