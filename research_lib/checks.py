"""What is refused, in one voice: unknown names with the near miss, ranges, choices, types."""

import math
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd


class UnknownName(KeyError):
    """A name that is not there; prints its message as it is."""

    @classmethod
    def among(cls, names: Sequence[str] | np.ndarray, name: str, what: str = "name") -> Self:
        """The error that suggests the nearest of the known names."""
        folded = {known.casefold(): known for known in names}
        near = [folded[match] for match in get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.6)]
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        return cls(f"No {what} {name!r} among {len(names):,}.{hint}")

    def __str__(self) -> str:
        return self.args[0]


def suggest(name: object, known: Iterable[str]) -> str:
    """``" Did you mean 'epochs'?"``, or nothing when no known name is near."""
    near = get_close_matches(str(name), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def check_choice(what: str, value: object, choices: Collection[str | None]) -> None:
    """`ValueError` unless the value is one of the choices: ``check_choice("metric", metric, METRICS)``."""
    if value not in choices:
        hint = suggest(value, [choice for choice in choices if choice is not None])
        raise ValueError(f"Unknown {what} {value!r}, expected one of: {', '.join(map(str, choices))}.{hint}")


def check_integers(least: int, /, **values: object) -> None:
    """`ValueError` unless all are whole numbers of at least `least`: ``check_integers(1, n_dims=4, epochs=15)``."""
    for name, value in values.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} is {value!r}, expected a whole number of at least {least}.")


def check_numbers(
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
    **values: object,
) -> None:
    """`ValueError` unless all are finite numbers in the bounds: ``check_numbers(least=0, below=1, dropout=0.5)``."""
    for name, value in values.items():
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
        in_bounds = (
            above is None or number > above,
            least is None or number >= least,
            below is None or number < below,
            most is None or number <= most,
        )
        if not math.isfinite(number) or not all(in_bounds):
            bounds = {"above": above, "of at least": least, "below": below, "of at most": most}
            expected = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)
            raise ValueError(f"{name} is {value!r}, expected a number {expected or 'that is finite'}.")


def check_type(value: object, expected: type, asker: str, advice: str = "") -> None:
    """`TypeError` unless the value is of the expected type: ``check_type(table, Interactions, "fit")``."""
    if not isinstance(value, expected):
        hint = f"; see {advice}" if advice else ""
        raise TypeError(f"{asker} takes {expected.__name__}, not {type(value).__name__}{hint}.")


def check_labels(labels: Sequence[Any] | np.ndarray, n: int, what: str = "vector") -> None:
    """`ValueError` unless there is one label for each of `n` things."""
    if len(labels) != n:
        raise ValueError(f"{len(labels):,} labels for {n:,} {what}s, expected one a {what}.")


def as_names(names: Iterable[object], what: str) -> np.ndarray:
    """Object array of the names, each a str and each once; `what` begins the error."""
    found = np.array([str(name) for name in names], dtype=object)
    if not len(found):
        raise ValueError(f"{what} names are empty, expected at least one.")
    repeated = pd.Series(found).duplicated()
    if repeated.any():
        raise ValueError(f"{what} name {found[repeated.argmax()]!r} stands twice, expected every name once.")
    return found


def as_metadata(metadata: pd.DataFrame | None, names: np.ndarray, what: str) -> pd.DataFrame:
    """The metadata with rows numbered like the names; an empty frame when there is none."""
    if metadata is None:
        return pd.DataFrame(index=pd.RangeIndex(len(names)))
    if len(metadata) != len(names):
        raise ValueError(f"{what} metadata has {len(metadata)} rows for {len(names)} names.")
    return metadata.reset_index(drop=True)
