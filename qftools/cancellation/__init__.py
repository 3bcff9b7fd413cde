"""The cancel: what a reply proves, where to go next, and the run to a proved verdict."""
