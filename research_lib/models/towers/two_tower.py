"""TwoTower: a tower for users on a day and a tower for items, whose vectors are near where one picks the other."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from research_lib.checks import check_integers, check_numbers, check_type
from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions, as_moment, checked_times, in_order, row_of
from research_lib.models.recommending import best_unseen
from research_lib.models.saving import Saved
from research_lib.models.towers.day_table import DayTable
from research_lib.models.towers.network import Moments, TowerNetwork
from research_lib.models.training import one_thread, pick_device, train


@dataclass(eq=False, repr=False, kw_only=True)
class TwoTower(Saved):
    """Vectors of users, items and days: a user on a day is near the items that the user picks next.

    The user tower adds up a vector of the user, one of the day, and the mean of vectors of the items that the user
    picked last, the latest of them weighing most. The item tower adds vectors of the item and of its categories. The
    score is their cosine divided by the temperature, plus the item's own popularity, which is learnt, too. Every pick
    in training has to be singled out among all items by what was known before it. With very many items, those of the
    batch stand for all. Each is corrected for how often it turns up there, so that popular ones are not pushed away.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    days : int, optional
        How many days share a vector in the table of days: 1 where there is much data per day, 30 where there is little.
        None: the towers do not know the day.
    n_recent : int
        How many of a user's latest items the tower reads; 0 for none.
    user_vectors : bool
        Whether every user has a vector of their own. Without it a user is what they picked.
    categories : str, optional
        Column of the items' metadata with their categories, separated by ``|``. With None, or in a table without this
        column, items have no categories.
    epochs : int
        Passes over all pairs.
    batch_size : int
        Pairs per step.
    learning_rate : float
        Of Adam, at the start; it falls evenly to nothing.
    temperature : float
        Divides the cosine under the softmax: the lower, the more the hardest items count.
    dropout : float
        Share of the recent items left out of their mean, and of the users' own vectors left out of the sum; drawn anew
        at each step.
    smoothness : float
        Prior on the table of days: weight of the mean squared step between neighbouring days, each divided by how far
        they are apart (a random walk). 0 leaves every day to its own data.
    max_candidates : int
        With more items than this the softmax is estimated from those of the batch.
    random_state : int, optional
        Seed: the same seed and device give the same vectors.
    verbose : int
        0 is silent, 1 shows a progress bar.
    device : str, optional
        As torch names it; by default CUDA if there is one, else the CPU.

    Attributes
    ----------
    user_embedding_, item_embedding_ : Embedding
        What the towers make of the users after their last pick, on no day in particular, and of the items.
    day_embedding_ : Embedding or None
        The table of days, each named by its first day; metadata ``day`` (since the first) and ``n_pairs``. None with
        ``days=None``.
    category_embedding_ : Embedding or None
        The vectors of the categories; None where there are none.
    item_bias_ : ndarray, shape (n_items,)
        What the item's popularity adds to its scores.
    recency_ : ndarray, shape (n_recent,)
        Weights of the recent items in their mean, the latest first, for a user who has that many.
    history_ : DataFrame
        Columns ``epoch``, ``loss``, ``seconds``.

    References
    ----------
    X. Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations", RecSys 2019.
    P. Covington et al., "Deep Neural Networks for YouTube Recommendations", RecSys 2016 (recent items, time).
    Y. Koren, "Collaborative Filtering with Temporal Dynamics", KDD 2009 (vectors in bins of time).
    """

    n_dims: int = 64
    days: int | None = 1
    n_recent: int = 20
    user_vectors: bool = True
    categories: str | None = "categories"
    epochs: int = 10
    batch_size: int = 512
    learning_rate: float = 0.01
    temperature: float = 0.1
    dropout: float = 0.3
    smoothness: float = 0.0
    max_candidates: int = 4096
    random_state: int | None = None
    verbose: int = 0
    device: str | None = None

    def fit(self, interactions: Interactions) -> Self:
        """Learn from a table with times.

        Raises
        ------
        ValueError
            If there are no times or a parameter is out of its range.
        """
        check_type(interactions, Interactions, "fit", "Interactions.from_lists")
        self._check()
        order = in_order(interactions)
        self._read(interactions.with_pairs(interactions.pairs[order], checked_times(interactions)[order]))
        rng, device = np.random.default_rng(self.random_state), pick_device(self.device)
        category_names, of_items = self._categories()
        n_users, n_days = interactions.n_rows if self.user_vectors else 0, len(self._days or ())
        network = TowerNetwork(n_users, of_items, n_days, self.n_dims, self.n_recent, self.temperature, rng)
        with one_thread():
            self.history_ = self._train(network.to(device), rng, device)
        self._network = network.cpu()
        self._name_tables(category_names)
        return self

    def _check(self) -> None:
        sizes = {"n_dims": self.n_dims, "epochs": self.epochs, "batch_size": self.batch_size}
        check_integers(1, **sizes, max_candidates=self.max_candidates, days=1 if self.days is None else self.days)
        check_integers(0, n_recent=self.n_recent)
        check_numbers(above=0, learning_rate=self.learning_rate, temperature=self.temperature)
        check_numbers(least=0, smoothness=self.smoothness)
        check_numbers(least=0, below=1, dropout=self.dropout)
        if not self.user_vectors and not self.n_recent and self.days is None:
            raise ValueError("The user tower knows neither user, nor recent items, nor day: it has nothing to learn.")

    def _read(self, table: Interactions) -> None:
        """What is asked about: a table sorted by user and time, where each user begins in it, and its days."""
        self._table, self._times = table, checked_times(table)
        self._starts = np.searchsorted(table.pairs[:, 0], np.arange(table.n_rows + 1))
        self._days = None if self.days is None else DayTable.of(self._times, self.days)

    def _train(self, network: TowerNetwork, rng: np.random.Generator, device: torch.device) -> pd.DataFrame:
        users, items = self._table.pairs.T
        n_users, n_items = len(network.users) - 1, self._table.n_cols
        moments = self._moments(users, self._times, np.arange(len(users))).to(device)
        picked = torch.from_numpy(items).to(device)
        share = np.maximum(np.bincount(items, minlength=n_items), 1) / len(items)
        log_expected = torch.from_numpy(np.log(share * self.batch_size)).float().to(device)
        days = self._days
        gaps = None if days is None or len(days) < 2 else torch.from_numpy(days.gaps()).to(device)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        n_steps = self.epochs * -(-len(items) // self.batch_size)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, n_steps)

        def batches() -> Iterator[torch.Tensor]:
            yield from torch.from_numpy(rng.permutation(len(items))).to(device).split(self.batch_size)

        def loss(some: torch.Tensor) -> torch.Tensor:
            at = moments.some(some).forgetting(self.dropout, n_users, n_items, rng)
            if n_items <= self.max_candidates:
                missed = network.loss(at, picked[some])
            else:
                missed = network.sampled_loss(at, picked[some], log_expected)
            return missed if gaps is None else missed + self.smoothness * network.roughness(gaps)

        return train(loss, batches, optimizer, epochs=self.epochs, schedule=schedule, verbose=self.verbose)

    def _categories(self) -> tuple[list[str], torch.Tensor]:
        """Names of the categories, and each item's share in them: rows of length one, shape (n_items, n_categories)."""
        metadata = self._table.col_metadata
        if self.categories not in metadata:
            return [], torch.zeros(self._table.n_cols, 0)
        column = metadata[self.categories]
        text = column.astype(str).where(column.notna(), "")  # categories may be numbers
        has = text.astype(object).str.get_dummies("|")  # of pandas' own text "" would be a category
        return list(has.columns), torch.from_numpy(normalize(has.to_numpy(np.float32)))

    def _name_tables(self, category_names: list[str]) -> None:
        """The tables of the network, by name."""
        table, network = self._table, self._network
        last = np.full(table.n_rows, self._times.max())
        with torch.no_grad():
            of_users = network.of_users(self._moments(np.arange(table.n_rows), last, self._starts[1:])).numpy()
            of_items = network.of_all_items().numpy()
            self.item_bias_ = network.bias.numpy().copy()
            self.recency_ = network.recency.softmax(dim=0).numpy()
        self.user_embedding_ = Embedding(of_users, table.row_names, table.row_metadata)
        self.item_embedding_ = Embedding(of_items, table.col_names, table.col_metadata)
        self.category_embedding_ = self.day_embedding_ = None
        if category_names:
            self.category_embedding_ = Embedding(network.categories.detach().numpy(), np.array(category_names))
        if self._days is not None:
            vectors = network.days.detach().numpy()[:-1]
            self.day_embedding_ = Embedding(vectors, self._days.starts(), self._days.metadata())

    def score_at(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Scores of all items for users at times, given the items they had last picked in training by then.

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
            If training never saw a day: the nearest is taken. If a user has no history: the day and popularity decide.
        """
        check_is_fitted(self)
        rows, times = np.asarray(rows), np.asarray(times)
        for remark in self._remarks(rows, times):
            warnings.warn(remark, stacklevel=2)
        return self._scores(rows, times)

    def score_cols(self, rows: np.ndarray) -> np.ndarray:
        """Scores of all items for users at the time of their last pick, or of the table's last; see `score_at`."""
        check_is_fitted(self)
        rows = np.asarray(rows)
        times = self._last_times(rows)
        for remark in self._remarks(rows, times):
            warnings.warn(remark, stacklevel=2)
        return self._scores(rows, times)

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
        end = None if day is None else as_moment(day).astype("datetime64[D]") + 1 - np.timedelta64(1, "s")
        times = self._last_times(rows) if end is None else np.array([end])
        for remark in self._remarks(rows, times):
            warnings.warn(remark, stacklevel=2)
        return best_unseen(self._scores(rows, times)[0], self._table, rows[0], n)

    def _remarks(self, rows: np.ndarray, times: np.ndarray) -> list[str]:
        """What is to be said of users without history and of days that training never saw."""
        remarks = []
        new = self._table.row_names[np.unique(rows[self._starts[rows] == self._starts[rows + 1]])]
        if len(new):
            others = f", nor have {len(new) - 1} more" if len(new) > 1 else ""
            remarks.append(f"{new[0]!r} has no history{others}: the day and popularity decide.")
        if self._days is not None and (unseen := self._days.remark(times)):
            remarks.append(unseen)
        return remarks

    def _scores(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """See `score_at`."""
        times = times.astype(self._times.dtype)
        picked_at = [self._times[self._starts[row] : self._starts[row + 1]] for row in rows]
        until = [np.searchsorted(of_user, time, "right") for of_user, time in zip(picked_at, times, strict=True)]
        at = self._moments(rows, times, self._starts[rows] + np.array(until, dtype=int))
        with torch.no_grad():
            return self._network.scores(at).numpy()

    def _last_times(self, rows: np.ndarray) -> np.ndarray:
        """When each user last picked an item, or the last time in the table for those who never did, shape (n,)."""
        ends = self._starts[rows + 1]
        return np.where(ends > self._starts[rows], self._times[ends - 1], self._times.max())

    def _moments(self, users: np.ndarray, times: np.ndarray, end: np.ndarray) -> Moments:
        """Users at times, when only the pairs before position `end` of the table are known, shape (n,) each."""
        place = end[:, None] - 1 - np.arange(self.n_recent)
        known = place >= self._starts[users][:, None]
        recent = np.where(known, self._table.pairs[np.maximum(place, 0), 1], self._table.n_cols)
        has_any = self._starts[users + 1] > self._starts[users]
        user = np.where(has_any, users, self._table.n_rows) if self.user_vectors else np.zeros_like(users)
        day = np.zeros_like(users) if self._days is None else self._days.position(times)
        return Moments(torch.from_numpy(user), torch.from_numpy(day), torch.from_numpy(recent))

    def _state(self) -> dict[str, Any]:
        names = ("user_embedding_", "item_embedding_", "day_embedding_", "category_embedding_")
        fitted = {name: getattr(self, name) for name in (*names, "item_bias_", "recency_", "history_")}
        table = {"pairs": self._table.pairs, "times": self._times, "source": self._table.source}
        return {
            "fitted": fitted,
            "table": table | {"axes": self._table.axes},
            "network": dict(self._network.state_dict()),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state["fitted"])
        sides: dict[str, Any] = {}
        for side, embedding in {"row": self.user_embedding_, "col": self.item_embedding_}.items():
            sides |= {f"{side}_names": embedding.names, f"{side}_metadata": embedding.metadata}
        self._read(Interactions(**state["table"], **sides))
        tables, rng = state["network"], np.random.default_rng(0)
        n_users, n_days = len(tables["users"]) - 1, len(tables["days"]) - 1
        self._network = TowerNetwork(
            n_users, tables["of_items"], n_days, self.n_dims, self.n_recent, self.temperature, rng
        )
        self._network.load_state_dict(tables)
