"""IDP-Lite: a developer platform that a small team can own."""

__version__ = "0.1.0"
