"""A cinema that never was: users and films in groups, and a taste that drifts from day to day."""

from dataclasses import replace

import numpy as np
import pandas as pd

from research_lib.containers.interactions import Interactions, checked_times

CATEGORIES = ("silent film", "western", "musical", "crime", "comedy", "science fiction", "fantasy", "superheroes")
START = np.datetime64("2020-01-01")
ARC = np.pi  # the days lie on half a circle: days twice as far apart are always farther apart


def planted_drift(
    n_users: int = 600,
    n_films: int = 240,
    n_days: int = 730,
    *,
    n_picks: int = 48,
    taste: float = 2.5,
    drift: float = 3.0,
    broken_from: float | None = None,
    random_state: int | np.random.Generator | None = 0,
) -> Interactions:
    """Users who pick a film on some days; synthetic, with everything in it planted.

    A film has a category, a popularity and a direction in a plane, near that of its category. A user has a favourite
    category and a second one. A day has a direction, too, which turns by half a circle from the first day to the last,
    so that the silent film is the film of the first days and superheroes are those of the last. On each of their days
    a user picks one of the films not yet seen, with ``popularity + taste + drift * cos(film, day)`` as the logarithm of
    the odds.

    Parameters
    ----------
    n_users, n_films, n_days : int
        How many. Categories are eight.
    n_picks : int
        Days on which a user comes, drawn at random, and films that a user picks.
    taste : float
        What the favourite category adds to the logarithm of the odds; the second adds half of it.
    drift : float
        What the day adds at most; 0 is the null.
    broken_from : float, optional
        Part of the days after which the dates are lost, see `lose_dates`. These days are all alike: "the recent days
        collapse". None is the good twin.
    random_state : int, Generator or None
        The same seed gives the same table.

    Returns
    -------
    Interactions
        Sorted by user and time. ``row_metadata`` has ``group`` (the favourite category), ``col_metadata`` has
        ``categories``, ``category``, ``angle`` (of the film, in radians) and ``n_users``.

    Raises
    ------
    ValueError
        If there are not enough films or days for the picks, or a share is out of its range.
    """
    if not 0 < n_picks <= min(n_films - 1, n_days) or n_films < len(CATEGORIES):
        raise ValueError(
            f"{n_picks} picks of {n_films} films on {n_days} days, expected more films and days than picks."
        )
    rng = np.random.default_rng(random_state)
    n_groups = len(CATEGORIES)
    category = rng.permutation(np.arange(n_films) % n_groups)
    angle = ARC * category / (n_groups - 1) + rng.normal(0, 0.25, n_films)
    popularity = rng.normal(0, 0.7, n_films)
    favourite = rng.integers(n_groups, size=n_users)
    second = (favourite + rng.integers(1, n_groups, n_users)) % n_groups
    of_taste = taste * ((category == favourite[:, None]) + 0.5 * (category == second[:, None]))  # (n_users, n_films)
    of_day = drift * np.cos(angle - np.linspace(0, ARC, n_days)[:, None])  # (n_days, n_films)
    days = np.sort([rng.choice(n_days, n_picks, replace=False) for _ in range(n_users)])  # (n_users, n_picks)
    unseen = np.ones((n_users, n_films), dtype=bool)
    films = np.empty_like(days)
    for pick in range(n_picks):
        odds = popularity + of_taste + of_day[days[:, pick]]
        films[:, pick] = np.where(unseen, odds + rng.gumbel(size=odds.shape), -np.inf).argmax(axis=1)  # by these odds
        unseen[np.arange(n_users), films[:, pick]] = False
    users, films, days = np.repeat(np.arange(n_users), n_picks), films.ravel(), days.ravel()
    names = np.array(CATEGORIES)
    number = pd.Series(category).groupby(category).cumcount() + 1  # within the category
    twin = Interactions(
        pairs=np.column_stack([users, films]),
        row_names=[f"user {k}" for k in range(n_users)],
        col_names=[f"{name} {k}" for name, k in zip(names[category], number, strict=True)],
        row_metadata=pd.DataFrame({"group": names[favourite]}),
        col_metadata=pd.DataFrame(
            {
                "categories": names[category],
                "category": names[category],
                "angle": angle,
                "n_users": np.bincount(films, minlength=n_films),
            }
        ),
        times=(START + days).astype("datetime64[s]"),
        source="synthetic: planted drift",
        axes=("user", "film"),
    )
    return twin if broken_from is None else lose_dates(twin, broken_from, rng)


def lose_dates(
    interactions: Interactions, since: float = 0.6, random_state: int | np.random.Generator | None = 0
) -> Interactions:
    """The table after a fault in its log: what happened later stands under later times at random.

    Parameters
    ----------
    interactions : Interactions
        With times.
    since : float
        Part of the time, from the first to the last, that is left in order; 0 loses all dates, which is the null.
    random_state : int, Generator or None
        The same seed gives the same table.

    Returns
    -------
    Interactions
        The same pairs, sorted by row and time, and as many at each time.

    Raises
    ------
    ValueError
        If there are no times or the part is out of its range.
    """
    if not 0 <= since < 1:
        raise ValueError(f"since is {since}, expected 0 to less than 1: a part of the time.")
    rng = np.random.default_rng(random_state)
    times = checked_times(interactions).copy()
    span = (times.max() - times.min()).astype("timedelta64[s]")
    recent = times >= times.min() + np.timedelta64(round(since * span.astype(int)), "s")
    times[recent] = rng.permutation(times[recent])
    order = np.lexsort((times, interactions.pairs[:, 0]))
    lost = interactions.with_pairs(interactions.pairs[order], times[order])
    return replace(lost, source=f"{interactions.source}, dates lost after {since:.0%} of the time")
