"""`Embedding`: named vectors with metadata, what every model ends in and every view takes."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self
from zlib import crc32

import numpy as np
import pandas as pd
from safetensors.numpy import save

from research_lib.checks import UnknownName, as_metadata, as_names, check_choice, check_integers
from research_lib.containers.fields import FILLED_LATER, set_fields
from research_lib.files import read_safetensors, write_atomically

METRICS = ("cosine", "euclidean", "jaccard")
BLOCK_BYTES = 16 * 2**20  # of similarities held at once by the exact search, which needs four times as much


@dataclass(frozen=True, eq=False)
class Embedding:
    """Vectors that have names.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, n_dims)
        One finite vector a name.
    names : sequence of str
        Each name once.
    metadata : DataFrame, optional
        What is known of each name, in the order of the names.

    Raises
    ------
    ValueError
        If shapes disagree, a name stands twice, or a vector holds NaN or infinity.
    """

    vectors: np.ndarray
    names: np.ndarray
    metadata: pd.DataFrame = FILLED_LATER
    _position: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        vectors = np.ascontiguousarray(self.vectors, dtype=np.float32)
        names = as_names(self.names, "Embedding:")
        if vectors.ndim != 2 or len(vectors) != len(names):
            raise ValueError(f"Vectors have shape {vectors.shape}, expected ({len(names)}, n_dims): one a name.")
        broken = ~np.isfinite(vectors).all(axis=1)
        if broken.any():
            raise ValueError(f"The vector of {names[broken.argmax()]!r} holds NaN or infinity.")
        metadata = as_metadata(self.metadata, names, "Embedding:")
        position = {name: number for number, name in enumerate(names)}
        set_fields(self, vectors=vectors, names=names, metadata=metadata, _position=position)

    @classmethod
    def hashed(cls, names: Sequence[str], n_buckets: int) -> Self:
        """Every name as the one-hot vector of a bucket, which a hash of its characters (CRC-32) chooses.

        It needs no fitting and takes any name, but names that fall into one bucket share a vector.
        """
        check_integers(1, n_buckets=n_buckets)
        buckets = [crc32(str(name).encode()) % n_buckets for name in names]
        return cls(np.eye(n_buckets, dtype=np.float32)[buckets], np.asarray(names, dtype=object))

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: str) -> bool:
        return name in self._position

    def __getitem__(self, name: str) -> np.ndarray:
        """The vector of `name`, shape (n_dims,)."""
        return self.vectors[self.position(name)]

    def __repr__(self) -> str:
        return f"Embedding({len(self):,} names × {self.n_dims} dimensions)"

    @property
    def n_dims(self) -> int:
        return self.vectors.shape[1]

    def position(self, name: str) -> int:
        """Row of `name`; an unknown name raises `KeyError` with the nearest known ones."""
        if name in self._position:
            return self._position[name]
        raise UnknownName.among(self.names, name)

    def subset(self, positions: np.ndarray) -> Self:
        """Some rows only, given as positions or a boolean mask."""
        rows = {"vectors": self.vectors[positions], "names": self.names[positions]}
        return replace(self, **rows, metadata=self.metadata.iloc[positions])

    def distinct(self, prefer: Iterable[str] = ()) -> Self:
        """Every vector once, under the first of its names; the metadata count in ``n_alike`` how many share it.

        Parameters
        ----------
        prefer : iterable of str
            Names to be chosen before others that share their vector.
        """
        first_of_all = [self.position(name) for name in prefer]
        order = np.r_[first_of_all, np.delete(np.arange(len(self)), first_of_all)].astype(int)
        _, first, n_alike = np.unique(self.vectors[order], axis=0, return_index=True, return_counts=True)
        chosen = np.argsort(order[first])
        found = self.subset(order[first][chosen])
        return replace(found, metadata=found.metadata.assign(n_alike=n_alike[chosen]))

    def shuffled(self, random_state: int = 0) -> Self:
        """The same vectors dealt to other names at random: the null. Metadata stay with the names."""
        return replace(self, vectors=self.vectors[np.random.default_rng(random_state).permutation(len(self))])

    def unit_vectors(self) -> np.ndarray:
        """Vectors scaled to length one, shape (n, n_dims); a zero vector stays zero."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return self.vectors / np.where(lengths > 0, lengths, 1)

    def most_similar(self, query: str | np.ndarray, n: int = 10, metric: str = "cosine") -> pd.DataFrame:
        """The `n` names nearest to a name or vector, nearest first.

        Parameters
        ----------
        query : str or ndarray of shape (n_dims,)
            A name, which is left out of its own answer, or any vector.
        n : int
            How many.
        metric : {"cosine", "euclidean", "jaccard"}
            How nearness is measured. Jaccard takes a vector for the set of its entries that are not 0: the share of
            the entries of two that both have.

        Returns
        -------
        DataFrame
            Columns ``name`` and ``similarity`` (``distance`` if Euclidean), and the metadata, see `with_metadata`.
        """
        return self._ranked(query, n, metric, nearest=True)

    def least_similar(self, query: str | np.ndarray, n: int = 10, metric: str = "cosine") -> pd.DataFrame:
        """The `n` names farthest from a name or vector, farthest first; see `most_similar`."""
        return self._ranked(query, n, metric, nearest=False)

    def _ranked(self, query: str | np.ndarray, n: int, metric: str, nearest: bool) -> pd.DataFrame:
        own = self.position(query) if isinstance(query, str) else None
        vector = self.vectors[own] if own is not None else np.asarray(query, dtype=np.float32)
        if vector.shape != (self.n_dims,):
            raise ValueError(f"The query has shape {vector.shape}, expected ({self.n_dims},).")
        if not np.isfinite(vector).all():
            raise ValueError("The query holds NaN or infinity.")
        check_integers(1, n=n)
        similarity = next(self.similarity_blocks(vector[None], metric))[1][0]
        order = np.argsort(-similarity if nearest else similarity, kind="stable")
        order = order[order != own][:n] if own is not None else order[:n]
        column, values = ("distance", -similarity) if metric == "euclidean" else ("similarity", similarity)
        found = pd.DataFrame({"name": self.names[order], column: values[order]})
        return with_metadata(found, self.metadata.iloc[order])

    def neighbours(self, k: int = 10, metric: str = "cosine", rows: np.ndarray | None = None) -> np.ndarray:
        """Positions of the `k` other rows nearest to every row, or to some, nearest first, shape (n, k).

        Exact, in blocks of bounded memory: about 80 MiB for 40,000 rows.
        """
        if not 0 < k < len(self):
            raise ValueError(f"k is {k}, expected 1 to {len(self) - 1}: the other rows.")
        rows = np.arange(len(self)) if rows is None else np.asarray(rows)
        found = np.empty((len(rows), k), dtype=np.int64)
        for start, block in self.similarity_blocks(self.vectors[rows], metric):
            block[np.arange(len(block)), rows[start : start + len(block)]] = -np.inf
            found[start : start + len(block)] = top_k(block, k)
        return found

    def similarity_blocks(self, queries: np.ndarray, metric: str) -> Iterator[tuple[int, np.ndarray]]:
        """Where each block of queries starts, and their similarities (negated distances) to every row."""
        check_choice("metric", metric, METRICS)
        if metric == "cosine":
            rows = self.unit_vectors()
        else:  # far from the origin, float32 has no digits left for a difference
            rows = (self.vectors != 0).astype(np.float32) if metric == "jaccard" else self.vectors.astype(np.float64)
        step = max(1, BLOCK_BYTES // (rows.itemsize * len(self)))
        for start in range(0, len(queries), step):
            block = queries[start : start + step]
            if metric == "cosine":
                lengths = np.linalg.norm(block, axis=1, keepdims=True)
                yield start, (block / np.where(lengths > 0, lengths, 1)) @ rows.T
            elif metric == "euclidean":
                block = block.astype(np.float64)
                squared = (block**2).sum(axis=1)[:, None] + (rows**2).sum(axis=1)[None] - 2 * block @ rows.T
                yield start, -np.sqrt(np.maximum(squared, 0))
            else:
                block = (block != 0).astype(np.float32)
                common = block @ rows.T
                together = block.sum(axis=1)[:, None] + rows.sum(axis=1)[None] - common
                yield start, common / np.maximum(together, 1)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file: vectors as a tensor, names and metadata as JSON in its header."""
        return write_atomically(path, save({"vectors": self.vectors}, metadata={"names": self.names_as_json()}))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. Nothing is unpickled."""
        header, tensors = read_safetensors(path, expected="vectors")
        if "names" not in header:
            raise ValueError(f"{path}: holds vectors without names, expected what Embedding.save wrote.")
        return cls.from_json(tensors["vectors"], header["names"])

    def names_as_json(self) -> str:
        """Names and metadata as text, to be kept beside the vectors in a file."""
        known = self.metadata.astype(object).where(self.metadata.notna(), None)
        columns = {name: str(dtype) for name, dtype in self.metadata.dtypes.items()}
        parts = {"names": list(self.names), "columns": columns, "data": known.to_numpy().tolist()}
        return json.dumps(parts, default=str)

    @classmethod
    def from_json(cls, vectors: np.ndarray, text: str) -> Self:
        """The vectors with the names and metadata that `names_as_json` wrote."""
        parts = json.loads(text)
        names, columns = parts["names"], parts["columns"]
        metadata = pd.DataFrame(parts["data"], range(len(names)), list(columns), dtype=object)
        return cls(vectors, names, metadata.astype(columns))

    def export_projector(self, folder: str | Path) -> Path:
        """Write vectors.tsv and metadata.tsv for the TensorFlow embedding projector."""
        folder = Path(folder)
        vectors = pd.DataFrame(self.vectors).to_csv(None, sep="\t", header=False, index=False, lineterminator="\n")
        labels = with_metadata(pd.DataFrame({"name": self.names}), self.metadata)
        # The projector splits at tabs and newlines and knows no quotes.
        labels = labels.astype("string").fillna("").replace(r"[\t\r\n]+", " ", regex=True)
        lines = ["\t".join(labels.columns), *("\t".join(row) for row in labels.itertuples(index=False))]
        if len(labels.columns) == 1:  # a single column must come without a header
            lines = lines[1:]
        write_atomically(folder / "vectors.tsv", vectors.encode())
        write_atomically(folder / "metadata.tsv", ("\n".join(lines) + "\n").encode())
        return folder


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Positions of the `k` largest of every row, largest first, shape (n, k); ties in order of position."""
    if k >= scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")
    last = np.partition(scores, -k, axis=1)[:, [-k]]  # the smallest that is taken, perhaps one of many equals
    above, equal = scores > last, scores == last
    missing = k - above.sum(axis=1, keepdims=True)
    chosen = above | (equal & (np.cumsum(equal, axis=1, dtype=np.int32) <= missing))
    found = np.nonzero(chosen)[1].reshape(-1, k)
    order = np.argsort(-np.take_along_axis(scores, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def with_metadata(found: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """An answer with the metadata of its rows; metadata whose name the answer has, too, end in ``_metadata``."""
    taken = {column: f"{column}_metadata" for column in metadata if column in found}
    return found.join(metadata.reset_index(drop=True).rename(columns=taken))
