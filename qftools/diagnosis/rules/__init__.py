"""Checks of a request and of an answer."""
