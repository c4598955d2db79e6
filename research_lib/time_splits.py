"""Splits by time: what came last is held out, so that nothing is learnt from what came after."""

import numpy as np

from research_lib.data import Interactions


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


def in_order(interactions: Interactions) -> np.ndarray:
    """Positions of the pairs sorted by row and time, shape (n_pairs,); those of one time stay in their order."""
    return np.lexsort((checked_times(interactions), interactions.pairs[:, 0]))


def as_moment(day: str | np.datetime64) -> np.datetime64:
    """A day, or moment, as people write it; `ValueError` says how."""
    try:
        moment = np.datetime64(day)
    except (TypeError, ValueError):
        moment = np.datetime64("NaT")
    if np.isnat(moment) or moment > np.datetime64("9999"):  # numpy reads 20150301 as a year
        raise ValueError(f"{day!r} is no day, expected one such as '2015-03-01'.")
    return moment


def checked_times(interactions: Interactions) -> np.ndarray:
    """The times, datetime64, shape (n_pairs,); `ValueError` says what is wrong with them."""
    if interactions.times is None:
        row, col = interactions.axes
        raise ValueError(f"{interactions.source}: no times, expected when each {row}–{col} pair happened.")
    times = np.asarray(interactions.times)
    if not np.issubdtype(times.dtype, np.datetime64):
        raise ValueError(f"{interactions.source}: times are {times.dtype}, expected datetime64 such as datetime64[s].")
    if np.isnat(times).any():
        raise ValueError(f"{interactions.source}: the time of pair {np.isnat(times).argmax()} is missing (NaT).")
    return times


def _first_times(interactions: Interactions) -> np.ndarray:
    """As `in_order`, of every pair only its first time."""
    order = in_order(interactions)
    first = np.unique(interactions.keys()[order], return_index=True)[1]
    return order[np.sort(first)]


def _part(interactions: Interactions, chosen: np.ndarray) -> Interactions:
    return interactions.with_pairs(interactions.pairs[chosen], np.asarray(interactions.times)[chosen])
