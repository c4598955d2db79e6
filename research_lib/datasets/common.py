"""What the readers share: options that are no collections, errors in a file, and the story of a cleaning."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd


def check_collections(of: str, /, **values: object) -> None:
    """`ValueError` where an option is one text instead of several: ``check_collections("links", remove=remove)``."""
    for name, value in values.items():
        if isinstance(value, str):
            raise ValueError(f"{name} is the text {value!r}, expected a collection of {of} such as [{value!r}].")


@contextmanager
def errors_in(path: Path) -> Iterator[None]:
    """Whatever `ValueError` is raised within begins with the file's name."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path.name}: {str(error).removeprefix(f'{path.name}: ')}") from None


def as_cleaning(story: Mapping[str, int]) -> pd.DataFrame:
    """The story of a cleaning as containers keep it: columns ``step`` and ``count``."""
    return pd.DataFrame(story.items(), columns=["step", "count"])
