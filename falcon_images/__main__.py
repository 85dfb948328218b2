"""The commands: ``falcon-images``, or ``python -m falcon_images`` from a checkout."""

import os
import sys
from pathlib import Path

# The form parser asks for the home folder at its import; not every service has one.
os.environ.setdefault('HOME', str(Path.cwd()))

from falcon_images.cli.commands import commands


def main() -> None:
    """Run the command that the arguments name."""
    is_module = Path(sys.argv[0]).name == '__main__.py'
    name = 'python -m falcon_images' if is_module else 'falcon-images'
    commands(prog_name=name, obj=os.environ)


if __name__ == '__main__':
    main()
