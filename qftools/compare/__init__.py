"""Compares a recording of another gateway with what the sandbox answers to the same requests."""
