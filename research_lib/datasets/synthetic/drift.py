"""A made-up cinema: users and films in categories, and a taste that drifts from day to day."""

from dataclasses import replace

import numpy as np
import pandas as pd

from research_lib.checks import check_numbers
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
    """Users who each pick a film on some days, with a planted drift.

    A film has a category, a popularity and a direction in a plane, near that of its category. A user has a favourite
    category and a second one. A day has a direction, too, which turns by half a circle from the first day to the last:
    silent films belong to the first days, superheroes to the last. On each of their days users pick one film that they
    have not seen yet, with ``popularity + taste + drift * cos(film, day)`` as the logarithm of the odds.

    Parameters
    ----------
    n_users, n_films, n_days : int
        How many of each. There are eight categories.
    n_picks : int
        Days on which a user comes, drawn at random; one film is picked on each.
    taste : float
        What the favourite category adds to the logarithm of the odds; the second adds half as much.
    drift : float
        The most that a day adds; 0 is the null.
    broken_from : float, optional
        Share of the days after which dates are lost, see `lose_dates`. Those days are all alike: "the recent days
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
        If there are too few films or days for the picks, or a share is out of range.
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
        row_names=np.array([f"user {k}" for k in range(n_users)]),
        col_names=np.array([f"{name} {k}" for name, k in zip(names[category], number, strict=True)]),
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
    """The table after a fault in its log: later pairs have their times shuffled.

    Parameters
    ----------
    interactions : Interactions
        With times.
    since : float
        Share of the time span that stays in order; 0 loses all dates, which is the null.
    random_state : int, Generator or None
        The same seed gives the same table.

    Returns
    -------
    Interactions
        The same pairs, sorted by row and time, with as many at each time as before.

    Raises
    ------
    ValueError
        If there are no times or the share is out of range.
    """
    check_numbers(least=0, below=1, since=since)
    rng = np.random.default_rng(random_state)
    times = checked_times(interactions).copy()
    span = (times.max() - times.min()).astype("timedelta64[s]")
    recent = times >= times.min() + np.timedelta64(round(since * span.astype(int)), "s")
    times[recent] = rng.permutation(times[recent])
    order = np.lexsort((times, interactions.pairs[:, 0]))
    lost = interactions.with_pairs(interactions.pairs[order], times[order])
    return replace(lost, source=f"{interactions.source}, dates lost after {since:.0%} of the time")
