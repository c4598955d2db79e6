"""What the containers share: defaults of their fields, and how a frozen dataclass sets them."""

from typing import Any

import pandas as pd

# The default of a field that `__post_init__` always fills: callers may leave it out, readers never meet None.
FILLED_LATER: Any = None


def no_cleaning() -> pd.DataFrame:
    """The log of a table from which nothing was dropped."""
    return pd.DataFrame({"step": [], "count": []})


def set_fields(container: object, **values: object) -> None:
    """Set fields of a frozen dataclass, as only its `__post_init__` may."""
    for name, value in values.items():
        object.__setattr__(container, name, value)
