"""Splits by time: what came last is held out, so that nothing is learnt from what came after."""

import numpy as np

from research_lib.containers.interactions import Interactions, as_moment, checked_times, in_order


def hold_out_last(interactions: Interactions, min_count: int = 2) -> tuple[Interactions, Interactions]:
    """Hold out the last pair of every row that has at least `min_count`.

    Of pairs at one time the one that stands last in the table is the last. A pair that occurs again counts at its first
    time only, for who has a thing is not recommended it. Models still learn from what other rows did
    later; `hold_out_since` is stricter.

    Parameters
    ----------
    interactions : Interactions
        With times.
    min_count : int
        At least 2; a row with fewer pairs is left in training.

    Returns
    -------
    train, held_out : Interactions
        Both on the axes of the table, sorted by row and time. Splitting `train` again gives a validation set.

    Raises
    ------
    ValueError
        If there are no times, or no row has so many pairs.
    """
    if min_count < 2:
        raise ValueError(f"min_count is {min_count}, expected at least 2: one to hold out and one to learn from.")
    order = _first_times(interactions)
    rows = interactions.pairs[order, 0]
    last = np.append(rows[1:] != rows[:-1], True) & (np.bincount(rows)[rows] >= min_count)
    if not last.any():
        raise ValueError(f"No {interactions.axes[0]} has {min_count} {interactions.axes[1]}s, so none can be held out.")
    return _part(interactions, order[~last]), _part(interactions, order[last])


def hold_out_since(interactions: Interactions, when: str | np.datetime64) -> tuple[Interactions, Interactions]:
    """Hold out all pairs from a day on. A pair that occurs again counts at its first time only.

    Parameters
    ----------
    interactions : Interactions
        With times.
    when : str or datetime64
        The first day, or moment, that is held out: ``"2015-01-01"``.

    Returns
    -------
    train, held_out : Interactions
        Both on the axes of the table, sorted by row and time. Held-out rows and columns need not be in `train`.

    Raises
    ------
    ValueError
        If there are no times, none lies before or after the day, or it is no day.
    """
    order = _first_times(interactions)
    later = checked_times(interactions)[order] >= as_moment(when)
    if later.all() or not later.any():
        first, final = np.sort(checked_times(interactions))[[0, -1]].astype("datetime64[D]")
        raise ValueError(f"{when} parts nothing: the times reach from {first} to {final}.")
    return _part(interactions, order[~later]), _part(interactions, order[later])


def _first_times(interactions: Interactions) -> np.ndarray:
    """As `in_order`, of every pair only its first time."""
    order = in_order(interactions)
    first = np.unique(interactions.keys()[order], return_index=True)[1]
    return order[np.sort(first)]


def _part(interactions: Interactions, chosen: np.ndarray) -> Interactions:
    return interactions.with_pairs(interactions.pairs[chosen], np.asarray(interactions.times)[chosen])


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
    if not 0 < share < 1:
        raise ValueError(f"share is {share}, expected a number between 0 and 1.")
    distinct = interactions.distinct()
    order = np.random.default_rng(random_state).permutation(len(distinct))
    n_held_out = int(share * len(distinct))
    if not n_held_out:
        raise ValueError(f"share={share} of {len(distinct)} pairs holds out none.")
    return distinct.with_pairs(distinct.pairs[order[n_held_out:]]), distinct.with_pairs(
        distinct.pairs[order[:n_held_out]]
    )


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
    order = np.lexsort((np.random.default_rng(random_state).random(len(rows)), rows))  # rows in order, each shuffled
    last = np.append(rows[1:] != rows[:-1], True)
    several = np.bincount(rows)[rows] >= 2
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[order[last & several]] = True  # rows are sorted, so those of `order` are those of `distinct`
    if not chosen.any():
        raise ValueError(f"No {distinct.axes[0]} has two {distinct.axes[1]}s, so none can be held out.")
    return distinct.with_pairs(distinct.pairs[~chosen]), distinct.with_pairs(distinct.pairs[chosen])
