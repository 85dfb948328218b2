"""Files of which nobody knows whether they have a document."""

import logging
from dataclasses import dataclass

from falcon_images.files.keys import image_key

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class UnresolvedWrite:
    """A file of which nobody knows whether it has a document in its database."""

    database_name: str
    collection_name: str
    image_id: str
    media_type: str

    @property
    def key(self) -> str:
        """Where the file is."""
        return image_key(self.collection_name, self.image_id, self.media_type)
