"""``qftools mcp``: look, explain, cancel and the sandbox as tools of the Model Context Protocol."""
