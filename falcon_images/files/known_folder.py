"""A folder that is made anew when somebody removes it."""

import logging
from pathlib import Path

logger = logging.getLogger(__name__)


class KnownFolder:
    """A folder, and whether this process has seen it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_seen = False

    def make_anew(self) -> None:
        """Make it again if it was there, and log that; raise `OSError` if it fails."""
        if self.path.is_dir():
            self._is_seen = True
        elif self._is_seen:
            self.path.mkdir(parents=True, exist_ok=True)
            logger.warning('%s was gone, and was made anew', self.path)
