"""The two towers of `TwoTower` as a torch module, and the moments at which they are asked."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from research_lib.models.losses import sampled_softmax_nll


@dataclass
class Moments:
    """What the user tower reads: B users on days, with what they picked before.

    Numbers count from 0; the one after the last stands for no user, no day or no item.
    """

    user: Tensor  # (B,)
    day: Tensor  # (B,)
    recent: Tensor  # (B, n_recent), the latest item first

    def some(self, which: Tensor) -> "Moments":
        return Moments(self.user[which], self.day[which], self.recent[which])

    def to(self, device: torch.device) -> "Moments":
        return Moments(self.user.to(device), self.day.to(device), self.recent.to(device))

    def forgetting(self, share: float, n_users: int, n_items: int, rng: np.random.Generator) -> "Moments":
        """A copy with a share of the users, and of the recent items, drawn at random, replaced by none."""

        def drawn(of: Tensor) -> Tensor:
            return torch.from_numpy(rng.random(tuple(of.shape), dtype=np.float32) < share).to(of.device)

        user = self.user.masked_fill(drawn(self.user), n_users)
        return Moments(user, self.day, self.recent.masked_fill(drawn(self.recent), n_items))


class TowerNetwork(nn.Module):
    """Tables of vectors, and how the towers add them up.

    Parameters
    ----------
    n_users, n_days : int
        Rows of their tables; 0 for towers that do not know them.
    of_items : Tensor, shape (n_items, n_categories)
        Weights of each item's categories; there may be none.
    n_dims, n_recent : int
        Length of the vectors, and how many recent items are read.
    temperature : float
        Divides the cosine.
    rng : Generator
        For the starting values.
    """

    of_items: Tensor

    def __init__(
        self,
        n_users: int,
        of_items: Tensor,
        n_days: int,
        n_dims: int,
        n_recent: int,
        temperature: float,
        rng: np.random.Generator,
    ):
        super().__init__()
        n_items, n_categories = of_items.shape

        def table(n_rows: int, spread: float, padded: bool = False) -> nn.Parameter:
            values = rng.normal(0, spread, (n_rows + padded, n_dims)).astype(np.float32)
            if padded:
                values[-1] = 0  # and stays zero: it stands for none
            return nn.Parameter(torch.from_numpy(values))

        # Users and days start small: those about which nothing is learnt have no say.
        self.users, self.days = table(n_users, 0.01, padded=True), table(n_days, 0.01, padded=True)
        self.items, self.recent_items = table(n_items, 0.1), table(n_items, 0.1, padded=True)
        self.categories = table(n_categories, 0.1)
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.recency = nn.Parameter(-torch.arange(1.0, n_recent + 1).log())
        self.register_buffer("of_items", of_items)
        self.temperature = temperature

    def of_users(self, at: Moments) -> Tensor:  # -> (B, n_dims)
        """What the user tower makes of users and their recent items, on no particular day."""
        vectors = F.embedding(at.user, self.users, padding_idx=len(self.users) - 1)
        if not at.recent.shape[1]:
            return vectors
        there = at.recent < len(self.recent_items) - 1
        weights = self.recency.expand(at.recent.shape).masked_fill(~there, -1e9).softmax(dim=1) * there
        return vectors + F.embedding_bag(
            at.recent, self.recent_items, per_sample_weights=weights, mode="sum", padding_idx=len(self.recent_items) - 1
        )

    def of_moments(self, at: Moments) -> Tensor:  # -> (B, n_dims)
        """The user tower: users, their recent items and the day."""
        return self.of_users(at) + F.embedding(at.day, self.days, padding_idx=len(self.days) - 1)

    def of_all_items(self) -> Tensor:  # -> (n_items, n_dims)
        """The item tower."""
        return self.items + self.of_items @ self.categories

    def scores(self, at: Moments) -> Tensor:  # -> (B, n_items)
        """Cosine over temperature plus the items' own popularity."""
        return self._cosines(at, self.of_all_items()) + self.bias

    def loss(self, at: Moments, picked: Tensor) -> Tensor:  # (B,) -> ()
        """Negative log-likelihood of what was picked, against all items."""
        return F.cross_entropy(self.scores(at), picked)

    def sampled_loss(self, at: Moments, picked: Tensor, log_expected: Tensor) -> Tensor:  # (B,), (n_items,) -> ()
        """The same, estimated from the items of the batch; `log_expected`: how often each is expected there."""
        logits = self._cosines(at, self.of_all_items()[picked]) + self.bias[picked]
        positive = logits.diagonal()
        logits = logits.masked_fill(picked == picked[:, None], -torch.inf)  # the item itself is no rival
        row = torch.arange(len(picked), device=picked.device)
        return sampled_softmax_nll(logits, log_expected[picked], row, positive).mean()

    def roughness(self, gaps: Tensor) -> Tensor:  # (n_days - 1,) -> ()
        """Mean squared step from day to day, each divided by the time between them."""
        steps = self.days[1:-1] - self.days[:-2]
        return ((steps**2).sum(dim=1) / gaps).mean()

    def _cosines(self, at: Moments, items: Tensor) -> Tensor:
        return F.normalize(self.of_moments(at), dim=1) @ F.normalize(items, dim=1).T / self.temperature
