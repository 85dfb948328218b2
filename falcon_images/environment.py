"""What every program of ours reads of the outside: variables, and where they may be."""

from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

# The private MongoDB, for when MONGODB_URL is not set.
EMBEDDED_FOLDER = Path('data/mongodb')


def read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Read the variables of ``.env``; those of the environment win over them."""
    # Notepad saves text with a byte order mark.
    from_file = dotenv_values('.env', encoding='utf-8-sig')
    return {name: value for name, value in from_file.items() if value} | dict(environ)
