"""`python -m qpcr_caller`."""

import sys

from qpcr_caller.cli import main

sys.exit(main())
