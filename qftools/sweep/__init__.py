"""Many doubtful orders at once: read, cancelled at the permitted rate, written to a file."""
