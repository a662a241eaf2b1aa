"""Payment protection for freelance work on any EVM chain."""

__version__ = "0.1.0"
