"""Names in archives: legal on every system, leading nowhere, and each there once."""

import hashlib
import re
import unicodedata
from array import array

# The longest name that file systems take, in bytes.
_MAX_BYTES = 240
_MAX_EXTENSION_BYTES = 16
# What Windows refuses, controls, and halves of characters.
_REFUSED = re.compile('[<>:"|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_DEVICES = re.compile(
    r'(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?',
    re.IGNORECASE | re.DOTALL,
)
_FIRST_SLOTS = 1024


class EntryNames:
    """The names of one archive, none of which a system takes for another's.

    Args:
        reserved: what the archive has beside images begins so, in small letters.
    """

    def __init__(self, *reserved: str) -> None:
        self._reserved = reserved
        self._taken = Hashes()

    def take(self, sent: str, image_id: str, folder: str = '') -> str:
        """Return the name of an image in a folder: that which was sent, or one like it.

        A second image of a name has its id in it, so that it is found again.
        """
        name = legal_name(sent) or legal_name(image_id)
        if name.casefold().startswith(self._reserved):
            name = f'_{name}'
        number = 1
        chosen = shortened(name, '')
        while not self._taken.add(alike(f'{folder}/{chosen}')):
            suffix = f'_{legal_name(image_id)}' + (f'_{number}' if number > 1 else '')
            chosen = shortened(name, suffix)
            number += 1
        return chosen


def legal_name(sent: str) -> str:
    """Make a name that all systems take; an empty one if nothing is left."""
    # Some clients send paths; their folders are nobody's business.
    last = re.split(r'[/\\]', sent)[-1]
    # Windows drops dots and blanks at the end.
    name = _REFUSED.sub('_', last).strip().rstrip('. ')
    return f'_{name}' if _DEVICES.fullmatch(name) else name


def shortened(name: str, suffix: str) -> str:
    """Put a suffix before the extension, and cut what makes the name too long."""
    stem, dot, extension = name.rpartition('.')
    if not stem or len(extension.encode()) > _MAX_EXTENSION_BYTES:
        stem, dot, extension = name, '', ''
    end = f'{suffix}{dot}{extension}'
    kept = stem.encode()[: _MAX_BYTES - len(end.encode())]
    return kept.decode(errors='ignore') + end


def alike(name: str) -> str:
    """Return the same text for names that a file system takes for one."""
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold())


class Hashes:
    """A set of texts in 12 to 24 bytes each, where Python's has over 100.

    Two texts are taken for one once in 2 to the 64 times; a name is then made longer
    for no reason.
    """

    def __init__(self) -> None:
        self._slots = array('Q', bytes(8 * _FIRST_SLOTS))
        self._count = 0

    def add(self, text: str) -> bool:
        """Add a text; return whether it was not there yet."""
        digest = hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=8)
        # Zero is a free slot.
        value = int.from_bytes(digest.digest()) or 1
        slot = self._slot_of(value)
        if self._slots[slot]:
            return False
        self._slots[slot] = value
        self._count += 1
        if 3 * self._count > 2 * len(self._slots):
            self._grow()
        return True

    def _slot_of(self, value: int) -> int:
        """Return where a value is, or would be."""
        slots, size = self._slots, len(self._slots)
        slot = value % size
        while slots[slot] and slots[slot] != value:
            slot = (slot + 1) % size
        return slot

    def _grow(self) -> None:
        values = self._slots
        self._slots = array('Q', bytes(8 * 2 * len(values)))
        for value in values:
            if value:
                self._slots[self._slot_of(value)] = value
