"""Many orders with unknown results: read, cancelled at the permitted rate, written to a file."""
