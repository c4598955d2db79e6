"""What fitted towers are asked: scores of users at times, and recommendations on a day."""

import warnings

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from research_lib.containers.interactions import as_moment, row_of
from research_lib.models.recommending import best_unseen
from research_lib.models.towers.network import Moments


class TowerScorer(BaseEstimator):
    """Base of `TwoTower`, which fits its network, its table in order of time and its days."""

    def score_at(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Scores of all items for users at times, by the items they had picked last in training until then.

        A user's own vector was learnt from all their picks, also from those after that time.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            Users, as positions in the table of `fit`.
        times : ndarray of datetime64, shape (n,)
            When each is asked.

        Returns
        -------
        ndarray of float32, shape (n, n_items)
            More is better.

        Warns
        -----
        UserWarning
            If training never saw a day, whose nearest is taken; if a user has no history: what counts is the day.
        """
        check_is_fitted(self)
        return self._scores(np.asarray(rows), np.asarray(times))

    def _scores(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """See `score_at`; warnings point at who called the public method that calls this one."""
        times = times.astype(self._table.times.dtype)
        picked_at = [self._table.times[self._starts[row] : self._starts[row + 1]] for row in rows]
        until = [np.searchsorted(of_user, time, "right") for of_user, time in zip(picked_at, times, strict=True)]
        new = self._table.row_names[np.unique(rows[self._starts[rows] == self._starts[rows + 1]])]
        if len(new):
            others = f", nor have {len(new) - 1} more" if len(new) > 1 else ""
            warnings.warn(f"{new[0]!r} has no history{others}: the day and popularity decide.", stacklevel=3)
        at = self._moments(rows, times, self._starts[rows] + np.array(until, dtype=int))
        with torch.no_grad():
            return self._network.scores(at).numpy()

    def score_cols(self, rows: np.ndarray) -> np.ndarray:
        """Scores of all items for users at the time of their last pick, or of the table's last; see `score_at`."""
        check_is_fitted(self)
        rows = np.asarray(rows)
        return self._scores(rows, self._last_times(rows))

    def _last_times(self, rows: np.ndarray) -> np.ndarray:
        """When each user picked last, of those who never did the last time of the table, shape (n,)."""
        ends = self._starts[rows + 1]
        return np.where(ends > self._starts[rows], self._table.times[ends - 1], self._table.times.max())

    def recommend(self, user: str, day: str | np.datetime64 | None = None, n: int = 10) -> pd.DataFrame:
        """The best items for a user on a day, without those that the user has picked in training, before or after.

        Parameters
        ----------
        user : str
            A name; an unknown one raises `UnknownName` with the nearest known ones.
        day : str or datetime64, optional
            ``"2015-03-01"``, at its end; by default the time of the user's last pick.
        n : int
            How many, or as many as are left.

        Returns
        -------
        DataFrame
            The best first: ``name``, ``score`` and the items' metadata.

        Raises
        ------
        ValueError
            If the day is none.

        Warns
        -----
        UserWarning
            As `score_at`.
        """
        check_is_fitted(self)
        rows = np.array([row_of(self._table, user)])
        if day is None:
            times = self._last_times(rows)
        else:
            times = np.array([as_moment(day).astype("datetime64[D]") + 1 - np.timedelta64(1, "s")])
        return best_unseen(self._scores(rows, times)[0], self._table, rows[0], n)

    def _moments(self, users: np.ndarray, times: np.ndarray, end: np.ndarray) -> Moments:
        """Users at times, of whom the pairs of the table before the `end` are known, shape (n,) each."""
        place = end[:, None] - 1 - np.arange(self.n_recent)
        known = place >= self._starts[users][:, None]
        recent = np.where(known, self._table.pairs[np.maximum(place, 0), 1], self._table.n_cols)
        has_any = self._starts[users + 1] > self._starts[users]
        user = np.where(has_any, users, self._table.n_rows) if self.user_vectors else np.zeros_like(users)
        day = np.zeros_like(users) if self._days is None else self._days.position(times)
        return Moments(torch.from_numpy(user), torch.from_numpy(day), torch.from_numpy(recent))
