"""Hostile input, by the thousand: nothing may fail, take long, take memory, or show a secret."""
