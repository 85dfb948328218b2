"""Bins: equal ranges from the least value to the greatest."""

import math
from dataclasses import dataclass
from typing import Any

# Below, every whole number of a float is exactly that one.
_EXACT = 2**53


@dataclass(frozen=True)
class Bins:
    """Ranges of one width; a value at an end is in the one that begins there.

    The last range has its end, too.
    """

    least: Any
    greatest: Any
    width: Any
    count: int

    def ends(self, number: int) -> tuple[Any, Any]:
        """Return from where to where a range is."""
        start = self.least + number * self.width
        if number == self.count - 1:
            return start, self.greatest
        return start, self.least + (number + 1) * self.width

    def number_of(self, value: str) -> Any:
        """Make the expression of the number of the range that a value is in."""
        if self.count == 1:
            return {'$literal': 0}
        steps = {'$divide': [{'$subtract': [value, self.least]}, self.width]}
        inside = {'$max': [0, {'$min': [self.count - 1, {'$floor': steps}]}]}
        return {'$toInt': inside}


def bins_of(least: Any, greatest: Any, are_whole: bool, most: int) -> Bins:
    """Divide what is between two numbers into at most so many ranges.

    Of whole numbers, and of milliseconds, each range has as many.
    """
    low, high = float(str(least)), float(str(greatest))
    if are_whole and max(abs(low), abs(high)) < _EXACT:
        first, last = int(low), int(high)
        width = -(-(last - first + 1) // most)
        return Bins(first, last, width, (last - first) // width + 1)
    width_ = high / most - low / most
    if not math.isfinite(width_) or width_ <= 0 or low + width_ == low:
        return Bins(low, high, 0.0, 1)
    return Bins(low, high, width_, most)
