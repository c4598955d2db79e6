"""Vectors as inputs of a classifier: what they are worth beside raw features, from many labelled rows and from few."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from research_lib.checks import check_integers, check_labels
from research_lib.containers.corpus import tokenize
from research_lib.containers.interactions import Interactions


def score_features(
    features: Mapping[str, np.ndarray | sparse.sparray],
    labels: Sequence,
    n_labelled: Sequence[int | None] = (None,),
    *,
    C: float = 10.0,
    n_splits: int = 5,
    random_state: int = 0,
) -> pd.DataFrame:
    """How often logistic regression is right about the labels of new rows, from each of several sets of features.

    All features get the same labelled rows, folds and penalty. Rows are scaled to length one.

    Parameters
    ----------
    features : mapping of str to ndarray or sparse array, shape (n, n_features)
        By name. Vectors may have been learnt from all rows, as long as nothing told them the labels.
    labels : sequence, shape (n,)
        One a row, each on at least `n_splits` rows; rows without one (None, NaN) are left out.
    n_labelled : sequence of int or None
        Labelled rows per label: a learning curve. A label with fewer rows in training gives all of them, and None
        stands for all.
    C : float
        Inverse of the penalty, as in `LogisticRegression`.
    n_splits : int
        Folds; each is predicted from the others.
    random_state : int
        Seed of the folds and of the choice of labelled rows.

    Returns
    -------
    DataFrame
        A row for every set of features, number and fold: ``features``, ``per label`` (the number as text, or ``all``),
        ``rows`` (how many are labelled), ``fold`` and ``accuracy``. The features ``majority`` always say the commonest
        label.

    Raises
    ------
    ValueError
        If there are fewer than two labels, one has too few rows, or shapes disagree.
    """
    kept = pd.Series(labels).notna().to_numpy()
    codes, names = pd.factorize(pd.Series(labels)[kept])
    counts = np.bincount(codes)
    if len(names) < 2:
        raise ValueError(f"{len(names)} different labels, expected at least 2.")
    if counts.min() < n_splits:
        raise ValueError(f"Only {counts.min()} rows of {names[counts.argmin()]!r}, expected at least {n_splits}.")
    if not n_labelled:
        raise ValueError("n_labelled is empty, expected numbers, or None for all rows.")
    check_integers(1, **{f"n_labelled[{i}]": number for i, number in enumerate(n_labelled) if number is not None})
    for name, table in features.items():
        if table.shape[0] != len(labels):
            raise ValueError(f"{name!r} has {table.shape[0]} rows for {len(labels)} labels.")
    tables = {name: normalize(table[kept]) for name, table in features.items()}
    found = []
    for fold, number, told, asked in _parts(codes, n_labelled, n_splits, random_state):
        at = {"per label": "all" if number is None else str(number), "rows": len(told), "fold": fold}
        found.append({"features": "majority", **at, "accuracy": (codes[asked] == counts.argmax()).mean()})
        for name, table in tables.items():
            with threadpool_limits(1):
                model = LogisticRegression(C=C, max_iter=300).fit(table[told], codes[told])
                accuracy = model.score(table[asked], codes[asked])
            found.append({"features": name, **at, "accuracy": accuracy})
    return pd.DataFrame(found)


def without_telling_columns(
    interactions: Interactions, labels: Sequence, n_labels: int | None = None
) -> tuple[Interactions, pd.Series]:
    """A table to predict labels from, without the columns whose names give a label away.

    Parameters
    ----------
    interactions : Interactions
        Its columns are what a classifier will know of a row.
    labels : sequence of str, shape (n_rows,)
        What will be predicted; None and NaN are no labels. A column goes if a word of a label is in its name, whatever
        the case, even as part of another word: "novel" in "novella". A word of up to three letters must be the whole
        name.
    n_labels : int, optional
        Only so many labels will be predicted, the commonest; by default all.

    Returns
    -------
    told : Interactions
        With all rows.
    labels : Series, shape (n_rows,)
        None for rows of rarer labels, and for rows that have no column left.

    Raises
    ------
    ValueError
        If there is not one label a row, or no column is left.
    """
    check_labels(labels, interactions.n_rows, "row")
    of_rows = pd.Series(list(labels), dtype=object)
    common = of_rows.value_counts().index[:n_labels]
    whole = {str(label).lower() for label in common}
    words = {word for label in whole for word in tokenize(label) if len(word) > 3}
    names = [name.lower() for name in interactions.col_names]
    kept = np.array([name not in whole and not any(word in name for word in words) for name in names])
    kept_pairs = interactions.pairs[kept[interactions.pairs[:, 1]]]
    if not len(kept_pairs):
        raise ValueError("Every column has a word of a label in its name: nothing is left to predict labels from.")
    number = np.cumsum(kept) - 1  # the new number of a kept column
    told = replace(
        interactions,
        pairs=np.column_stack([kept_pairs[:, 0], number[kept_pairs[:, 1]]]),
        col_names=interactions.col_names[kept],
        col_metadata=interactions.col_metadata[kept],
        times=None,
    )
    has_any = np.bincount(kept_pairs[:, 0], minlength=interactions.n_rows) > 0
    return told, of_rows.where(of_rows.isin(common) & has_any, None)


def _parts(
    codes: np.ndarray, n_labelled: Sequence[int | None], n_splits: int, random_state: int
) -> Iterator[tuple[int, int | None, np.ndarray, np.ndarray]]:
    """Fold, labelled rows per label, rows to learn from and rows to ask; a larger number includes the smaller ones."""
    rng = np.random.default_rng(random_state)
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=random_state).split(codes, codes)
    for fold, (train, asked) in enumerate(folds):
        shuffled = rng.permutation(train)
        place = pd.Series(codes[shuffled]).groupby(codes[shuffled]).cumcount().to_numpy()  # among those of its label
        for number in n_labelled:
            yield fold, number, shuffled if number is None else shuffled[place < number], asked
