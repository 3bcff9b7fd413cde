"""The client: the only part that knows HTTP. ``qftools.Client`` is its front door."""
