"""One BLAS thread: on matrices this small more threads only wait for each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np  # noqa: F401 - only a BLAS that is loaded can be limited
import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield
