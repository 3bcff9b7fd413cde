"""From a paste to a request as the gateway reads it."""
