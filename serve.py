"""Run the image storage service: read the environment, start, serve, stop."""

import os
import sys
from pathlib import Path

# The form parser asks for the home folder at its import; not every service has one.
os.environ.setdefault('HOME', str(Path.cwd()))

from falcon_images.cli.serve import NOT_STARTED, main

if __name__ == '__main__':
    try:
        main(sys.argv[1:], os.environ)
    except NOT_STARTED as ex:
        sys.exit(f'serve.py: {ex}')
