"""Vectors as inputs of a classifier: what they are worth beside raw features, and with how few labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

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
    """How often logistic regression tells the kind of rows it has not seen, from each of several kinds of features.

    All features get the same labelled rows, folds and penalty. Rows are scaled to length one.

    Parameters
    ----------
    features : mapping of str to ndarray or sparse array, shape (n, n_features)
        By name. Vectors may have been learnt from all rows, if nothing told them the labels.
    labels : sequence, shape (n,)
        The kind of each row, each on at least `n_splits` rows; rows without one (None, NaN) are left out.
    n_labelled : sequence of int or None
        Labelled rows a kind: a learning curve. A kind that has fewer in the training part gives all, and None stands
        for all rows.
    C : float
        Inverse of the penalty, as of `LogisticRegression`.
    n_splits : int
        Folds; each is predicted from the others.
    random_state : int
        Seed of the folds and of which rows are labelled.

    Returns
    -------
    DataFrame
        A row for every name, number and fold: ``features``, ``per kind`` (the number as text, or ``all``), ``rows``
        (labelled), ``fold`` and ``accuracy``. ``majority`` among the features always says the commonest kind.

    Raises
    ------
    ValueError
        If there are fewer than two kinds, one has too few rows, or shapes disagree.
    """
    labels = pd.Series(labels).reset_index(drop=True)
    kept = labels.notna().to_numpy()
    codes, kinds = pd.factorize(labels[kept])
    counts = np.bincount(codes)
    if len(kinds) < 2:
        raise ValueError(f"{len(kinds)} kind among the labels, expected at least two.")
    if counts.min() < n_splits:
        raise ValueError(f"Only {counts.min()} of kind {kinds[counts.argmin()]!r}, expected at least {n_splits}.")
    if not n_labelled or any(number is not None and number < 1 for number in n_labelled):
        raise ValueError(f"n_labelled is {list(n_labelled)}, expected numbers of at least 1, or None for all.")
    for name, table in features.items():
        if table.shape[0] != len(labels):
            raise ValueError(f"{name!r} has {table.shape[0]} rows for {len(labels)} labels.")
    tables = {name: normalize(table[kept]) for name, table in features.items()}
    found = []
    for fold, number, told, asked in _parts(codes, n_labelled, n_splits, random_state):
        at = {"per kind": "all" if number is None else str(number), "rows": len(told), "fold": fold}
        found.append({"features": "majority", **at, "accuracy": (codes[asked] == counts.argmax()).mean()})
        for name, table in tables.items():
            with threadpool_limits(1):
                model = LogisticRegression(C=C, max_iter=300).fit(table[told], codes[told])
                accuracy = model.score(table[asked], codes[asked])
            found.append({"features": name, **at, "accuracy": accuracy})
    return pd.DataFrame(found)


def without_telling_columns(
    interactions: Interactions, labels: Sequence, n_kinds: int | None = None
) -> tuple[Interactions, pd.Series]:
    """A table to tell kinds from: without the columns that have a word of a kind in their name.

    Parameters
    ----------
    interactions : Interactions
        Its columns are what a classifier is to know of a row.
    labels : sequence of str, shape (n_rows,)
        The kinds to be told; None and NaN count for nothing. Words of up to three letters count only where they are
        all of a name, and case does not count. A word also counts as a part of another: "novel" of "novella".
    n_kinds : int, optional
        Only so many kinds are to be told, the commonest; by default all.

    Returns
    -------
    told : Interactions
        With all rows.
    labels : Series, shape (n_rows,)
        None for rows of rarer kinds, and for rows that have no column left to be told by.

    Raises
    ------
    ValueError
        If there is not a label a row, or no column is left.
    """
    labels = pd.Series(list(labels), dtype=object)
    if len(labels) != interactions.n_rows:
        raise ValueError(f"{len(labels)} labels for {interactions.n_rows} rows, expected one a row.")
    kinds = labels.value_counts().index[:n_kinds]
    whole = {str(kind).lower() for kind in kinds}
    words = {word for kind in whole for word in tokenize(kind) if len(word) > 3}
    names = [name.lower() for name in interactions.col_names]
    kept = np.array([name not in whole and not any(word in name for word in words) for name in names])
    kept_pairs = interactions.pairs[kept[interactions.pairs[:, 1]]]
    if not len(kept_pairs):
        raise ValueError("Every column has a word of a kind in its name: nothing is left to tell the kinds by.")
    number = np.cumsum(kept) - 1  # of a kept column among the kept
    told = replace(
        interactions,
        pairs=np.column_stack([kept_pairs[:, 0], number[kept_pairs[:, 1]]]),
        col_names=interactions.col_names[kept],
        col_metadata=interactions.col_metadata[kept],
        times=None,
    )
    has_any = np.bincount(kept_pairs[:, 0], minlength=interactions.n_rows) > 0
    return told, labels.where(labels.isin(kinds) & has_any, None)


def _parts(
    codes: np.ndarray, n_labelled: Sequence[int | None], n_splits: int, random_state: int
) -> Iterator[tuple[int, int | None, np.ndarray, np.ndarray]]:
    """Fold, number of a kind, rows that are told and rows that are asked; more rows include the fewer."""
    rng = np.random.default_rng(random_state)
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=random_state).split(codes, codes)
    for fold, (train, asked) in enumerate(folds):
        shuffled = rng.permutation(train)
        place = pd.Series(codes[shuffled]).groupby(codes[shuffled]).cumcount().to_numpy()  # among those of its kind
        for number in n_labelled:
            yield fold, number, shuffled if number is None else shuffled[place < number], asked
