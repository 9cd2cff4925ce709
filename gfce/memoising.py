"""Objects that keep what was computed from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar, cast

Result = TypeVar("Result")


class Memoising:
    """An unchanging object from which functions compute what several others need."""

    def once(self, function: Callable[[Self], Result]) -> Result:
        """What a function makes of this object, computed at the first call."""
        results: dict[Any, Any] = self.__dict__.setdefault("_results", {})
        if function not in results:
            results[function] = function(self)
        return cast(Result, results[function])
