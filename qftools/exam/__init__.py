"""The exam of a shop: every bad day on a sandbox of its own, the shop's belief against the books.

Knows no language and no framework: a shop is a command, an address, or a Python function.
"""
