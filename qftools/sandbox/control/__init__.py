"""The control API under ``/sandbox/``: routes, calls, and their OpenAPI description."""
