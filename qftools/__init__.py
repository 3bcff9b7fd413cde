"""qftools: find out whether money moved, and call a QFPay payment off if it did not."""

__version__ = "0.1.0"
