"""What both ends of a connection share: addresses, deadlines, bounds, strict JSON."""
