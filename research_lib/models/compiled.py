"""numba's compiler, which keeps what it has compiled wherever it may write."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """``numba.njit(cache=True)``, or without the cache where no folder can be written, as in a read-only installation.

    Parameters
    ----------
    **options
        Those of `numba.njit`.
    """

    def compile_lazily(function: Callable) -> Callable:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba finds no place for the cache: compile in every session
            return numba.njit(**options)(function)

    return compile_lazily
