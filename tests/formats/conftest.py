"""A disk that is soon full, for tests of what lists write to it."""

from tests.support.serving import small_disk

__all__ = ['small_disk']
