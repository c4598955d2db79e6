"""Pairs to learn from, and pairs to be held out: at random, or the last ones."""

import numpy as np

from research_lib.checks import check_integers, check_numbers
from research_lib.containers.interactions import Interactions, checked_times, in_order


def hold_out(
    interactions: Interactions, share: float = 0.1, random_state: int = 0
) -> tuple[Interactions, Interactions]:
    """Split the distinct pairs at random.

    Parameters
    ----------
    interactions : Interactions
        The table; repeated pairs count once.
    share : float
        Part that is held out, between 0 and 1.
    random_state : int
        Seed of `numpy.random.default_rng`; the first pairs of its permutation are held out.

    Returns
    -------
    train, held_out : Interactions
        Both on the axes of the table.
    """
    check_numbers(above=0, below=1, share=share)
    distinct = interactions.distinct()
    n_held_out = int(share * len(distinct))
    if not n_held_out:
        raise ValueError(f"share={share} of {len(distinct)} pairs holds out none.")
    pairs = np.random.default_rng(random_state).permutation(distinct.pairs)
    return distinct.with_pairs(pairs[n_held_out:]), distinct.with_pairs(pairs[:n_held_out])


def hold_out_one(interactions: Interactions, random_state: int = 0) -> tuple[Interactions, Interactions]:
    """Hold out one column, chosen at random, of every row that has two or more.

    Parameters
    ----------
    interactions : Interactions
        The table; repeated pairs count once.
    random_state : int
        Seed of `numpy.random.default_rng`.

    Returns
    -------
    train, held_out : Interactions
        Both on the axes of the table; no row is left empty that was not.
    """
    distinct = interactions.distinct()
    rows = distinct.pairs[:, 0]
    order = np.lexsort((np.random.default_rng(random_state).random(len(rows)), rows))  # shuffled within each row
    last = np.append(rows[1:] != rows[:-1], True)
    several = np.bincount(rows)[rows] >= 2
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[order[last & several]] = True  # rows are sorted, so those of `order` are those of `distinct`
    if not chosen.any():
        raise ValueError(f"No {distinct.axes[0]} has two {distinct.axes[1]}s, so none can be held out.")
    return distinct.with_pairs(distinct.pairs[~chosen]), distinct.with_pairs(distinct.pairs[chosen])


def hold_out_last(interactions: Interactions, min_count: int = 2) -> tuple[Interactions, Interactions]:
    """Hold out the last pair of every row that has at least `min_count`.

    Of pairs at one time, the one that stands last in the table is the last. A repeated pair counts only when it first
    happened: nobody is recommended what they already have. Models still learn from what other rows did later.

    Parameters
    ----------
    interactions : Interactions
        With times.
    min_count : int
        At least 2: one to hold out and one to learn from. A row with fewer pairs stays in training.

    Returns
    -------
    train, held_out : Interactions
        Both on the axes of the table, sorted by row and time. Split `train` again for a validation set.

    Raises
    ------
    ValueError
        If there are no times, or no row has so many pairs.
    """
    check_integers(2, min_count=min_count)
    order = in_order(interactions)
    first = np.unique(interactions.keys()[order], return_index=True)[1]
    order = order[np.sort(first)]
    rows = interactions.pairs[order, 0]
    last = np.append(rows[1:] != rows[:-1], True) & (np.bincount(rows)[rows] >= min_count)
    if not last.any():
        raise ValueError(f"No {interactions.axes[0]} has {min_count} {interactions.axes[1]}s, so none can be held out.")
    pairs, times = interactions.pairs[order], checked_times(interactions)[order]
    return interactions.with_pairs(pairs[~last], times[~last]), interactions.with_pairs(pairs[last], times[last])
