"""The command line: parse, call one api, render. Holds no rules.

Result on stdout, everything else on stderr; one place (`main.py`) maps errors to exit codes. A command's module is
imported when the command is called, so that `--help`, `show` and `verify` stay fast.
"""
