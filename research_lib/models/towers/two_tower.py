"""TwoTower: a tower for users on a day and a tower for items, whose vectors are near where one picks the other."""

from collections.abc import Iterator
from typing import Self

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import normalize

from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions, in_order
from research_lib.models.towers.day_table import DayTable
from research_lib.models.towers.network import TowerNetwork
from research_lib.models.towers.scorer import TowerScorer
from research_lib.models.training import one_thread, pick_device, train


class TwoTower(TowerScorer):
    """Vectors of users, items and days: a user on a day is near the items that the user picks next.

    The user tower adds up a vector of the user, one of the day, and the mean of vectors of the items that the user
    picked last, the latest of them weighing most. The item tower adds vectors of the item and of its categories. The
    score is their cosine divided by the temperature, plus the item's own popularity, which is learnt, too. Every pick
    in training has to be singled out among all items by what was known before it. With very many items those of the
    batch stand for all, each corrected for how often it turns up there, so that popular ones are not pushed away.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    days : int, optional
        How many days share a vector in the table of days: 1 where there is much data a day, 30 where there is little.
        None: the towers do not know the day.
    n_recent : int
        How many of a user's latest items the tower reads; 0 for none.
    user_vectors : bool
        Whether every user has a vector of their own. Without it a user is what they picked.
    categories : str, optional
        Column of the items' metadata with their categories, separated by ``|``; None: items have no categories. A table
        without this column is taken as one without categories.
    epochs : int
        Passes over all pairs.
    batch_size : int
        Pairs a step.
    learning_rate : float
        Of Adam, at the start; it falls evenly to nothing.
    temperature : float
        Divides the cosine under the softmax: the lower, the more the hardest items count.
    dropout : float
        Share of the recent items that is left out of their mean, and of the users' own vectors left out of the sum,
        drawn anew at each step.
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
    day_embedding_ : Embedding
        The table of days, each named by its first day; metadata ``day`` (since the first) and ``n_pairs``. With
        ``days=None`` there is none.
    category_embedding_ : Embedding
        The vectors of the categories, where there are any.
    item_bias_ : ndarray, shape (n_items,)
        What the item's popularity adds to its scores.
    recency_ : ndarray, shape (n_recent,)
        Weights of the recent items in their mean, of the latest first, where there are so many.
    history_ : DataFrame
        Columns ``epoch``, ``loss``, ``seconds``.

    References
    ----------
    X. Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations", RecSys 2019.
    P. Covington et al., "Deep Neural Networks for YouTube Recommendations", RecSys 2016 (recent items, time).
    Y. Koren, "Collaborative Filtering with Temporal Dynamics", KDD 2009 (vectors in bins of time).
    """

    def __init__(
        self,
        n_dims: int = 64,
        *,
        days: int | None = 1,
        n_recent: int = 20,
        user_vectors: bool = True,
        categories: str | None = "categories",
        epochs: int = 10,
        batch_size: int = 512,
        learning_rate: float = 0.01,
        temperature: float = 0.1,
        dropout: float = 0.3,
        smoothness: float = 0.0,
        max_candidates: int = 4096,
        random_state: int | None = None,
        verbose: int = 0,
        device: str | None = None,
    ):
        self.n_dims = n_dims
        self.days = days
        self.n_recent = n_recent
        self.user_vectors = user_vectors
        self.categories = categories
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.temperature = temperature
        self.dropout = dropout
        self.smoothness = smoothness
        self.max_candidates = max_candidates
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

    def fit(self, interactions: Interactions) -> Self:
        """Learn from a table with times.

        Raises
        ------
        ValueError
            If there are no times or a parameter is out of its range.
        """
        self._check(interactions)
        order = in_order(interactions)
        self._table = interactions.with_pairs(interactions.pairs[order], interactions.times[order])
        self._starts = np.searchsorted(self._table.pairs[:, 0], np.arange(interactions.n_rows + 1))
        self._days = None if self.days is None else DayTable.of(self._table.times, self.days)
        rng = np.random.default_rng(self.random_state)
        names, of_items = self._categories()
        n_users, n_days = interactions.n_rows if self.user_vectors else 0, len(self._days or ())
        network = TowerNetwork(n_users, of_items, n_days, self.n_dims, self.n_recent, self.temperature, rng)
        device = pick_device(self.device)
        with one_thread():
            self.history_ = self._train(network.to(device), rng, device)
        self._network = network.cpu()
        self._keep(names)
        return self

    def _train(self, network: TowerNetwork, rng: np.random.Generator, device: torch.device) -> pd.DataFrame:
        users, items = self._table.pairs.T
        n_users, n_items = len(network.users) - 1, self._table.n_cols
        moments = self._moments(users, self._table.times, np.arange(len(users))).to(device)
        picked = torch.from_numpy(items).to(device)
        share = np.maximum(np.bincount(items, minlength=n_items), 1) / len(items)
        log_expected = torch.from_numpy(np.log(share * self.batch_size)).float().to(device)
        gaps = torch.from_numpy(self._days.gaps()).to(device) if len(self._days or ()) > 1 else None
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
        """Names of the categories, and what of each an item has, rows of length one, shape (n_items, n_categories)."""
        metadata = self._table.col_metadata
        if self.categories not in metadata:
            return [], torch.zeros(self._table.n_cols, 0)
        column = metadata[self.categories]
        text = column.astype(str).where(column.notna(), "")  # categories may be numbers
        has = text.astype(object).str.get_dummies("|")  # of pandas' own text "" would be a category
        return list(has.columns), torch.from_numpy(normalize(has.to_numpy(np.float32)))

    def _keep(self, category_names: list[str]) -> None:
        """The tables of the network, by name."""
        table, network = self._table, self._network
        for name in ("day", "category"):  # of an earlier fit
            vars(self).pop(f"{name}_embedding_", None)
        users = np.arange(table.n_rows)
        with torch.no_grad():
            last = np.full(len(users), table.times.max())
            of_users = network.of_users(self._moments(users, last, self._starts[1:])).numpy()
            of_items = network.of_all_items().numpy()
            self.item_bias_ = network.bias.numpy().copy()
            self.recency_ = network.recency.softmax(dim=0).numpy()
        self.user_embedding_ = Embedding(of_users, table.row_names, table.row_metadata)
        self.item_embedding_ = Embedding(of_items, table.col_names, table.col_metadata)
        if category_names:
            self.category_embedding_ = Embedding(network.categories.detach().numpy(), category_names)
        if self._days is not None:
            vectors = network.days.detach().numpy()[:-1]
            self.day_embedding_ = Embedding(vectors, self._days.starts(), self._days.metadata())

    def _check(self, interactions: Interactions) -> None:
        if not isinstance(interactions, Interactions):
            raise TypeError(f"fit takes Interactions, not {type(interactions).__name__}; see Interactions.from_lists.")
        least = {"n_dims": 1, "epochs": 1, "batch_size": 1, "max_candidates": 1, "n_recent": 0, "smoothness": 0}
        least |= {} if self.days is None else {"days": 1}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least {low}.")
        for name in ("learning_rate", "temperature"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected a positive number.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}, expected 0 to less than 1.")
        if not self.user_vectors and not self.n_recent and self.days is None:
            raise ValueError("The user tower knows neither user, nor recent items, nor day: it has nothing to learn.")
