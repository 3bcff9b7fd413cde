"""The tap: a proxy on this machine in front of a gateway, which shows and explains what passes."""
