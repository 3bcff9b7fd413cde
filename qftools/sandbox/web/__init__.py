"""The sandbox on HTTP: its server and its pages."""
