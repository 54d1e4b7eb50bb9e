"""Layers of compiled models beside what the core can do at most."""
