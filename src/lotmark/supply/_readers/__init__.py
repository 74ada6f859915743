"""One reader for each kind of lock file: bytes in, pins and findings out; `_locks` chooses by name."""
