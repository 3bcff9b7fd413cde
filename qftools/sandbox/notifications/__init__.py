"""Notifications: what is sent, how often, and a receiver to try against."""
