"""A second gateway, written apart from the sandbox, and the proof that is played against it."""
