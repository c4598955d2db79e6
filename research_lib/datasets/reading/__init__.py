"""How people write tables, times, formulas and articles; and what readers have in common."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd


def cleaning_log(counts: Mapping[str, int]) -> pd.DataFrame:
    """What a container's `cleaning` shows: a row a step, with how many things it counted."""
    return pd.DataFrame(counts.items(), columns=["step", "count"])


def check_collections(**options: object) -> None:
    """`ValueError` if an option that takes several texts was given a single one."""
    for option, value in options.items():
        if isinstance(value, str):
            raise ValueError(f"{option} is the text {value!r}, expected a collection such as [{value!r}].")


@contextmanager
def errors_in(path: Path) -> Iterator[None]:
    """Put the file's name before every `ValueError` that is raised within."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path.name}: {str(error).removeprefix(f'{path.name}: ')}") from None
