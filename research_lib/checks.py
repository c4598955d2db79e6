"""What is refused, in one voice: unknown names with the near miss, choices, metadata that does not fit."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Self

import numpy as np
import pandas as pd


class UnknownName(KeyError):
    """A name that is not there; prints its message as it is."""

    @classmethod
    def among(cls, names: np.ndarray, name: str, what: str = "name") -> Self:
        """The error that suggests the nearest of the known names."""
        folded = {known.casefold(): known for known in names}
        near = [folded[match] for match in get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.6)]
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        return cls(f"No {what} {name!r} among {len(names):,}.{hint}")

    def __str__(self) -> str:
        return self.args[0]


def as_names(names: Iterable[str], what: str) -> np.ndarray:
    """Object array of the names, each a str and each once; `what` begins the error."""
    names = np.array([str(name) for name in names], dtype=object)
    if not len(names):
        raise ValueError(f"{what} names are empty, expected at least one.")
    repeated = pd.Series(names).duplicated()
    if repeated.any():
        raise ValueError(f"{what} name {names[repeated.argmax()]!r} stands twice, expected every name once.")
    return names


def as_metadata(metadata: pd.DataFrame | None, names: np.ndarray, what: str) -> pd.DataFrame:
    """The metadata with rows numbered like the names; an empty frame when there is none."""
    if metadata is None:
        return pd.DataFrame(index=pd.RangeIndex(len(names)))
    if len(metadata) != len(names):
        raise ValueError(f"{what} metadata has {len(metadata)} rows for {len(names)} names.")
    return metadata.reset_index(drop=True)


def check_choice(parameter: str, value: str, choices: tuple[str, ...]):
    if value not in choices:
        raise ValueError(f"{parameter} is {value!r}, expected one of {', '.join(choices)}.")


def suggest(name: str, known: Iterable[str]) -> str:
    """``" Did you mean 'epochs'?"``, or nothing when no known name is near."""
    near = get_close_matches(str(name), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
