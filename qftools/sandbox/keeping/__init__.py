"""A sandbox as plain records: on disk, in a snapshot, from a file."""
