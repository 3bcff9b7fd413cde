"""Causes of a wrong signature: tables, and the search that proves one."""
