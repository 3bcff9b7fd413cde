"""The endpoints: bytes in, bytes out, with faults and magic values."""
