"""Importer functions, one file per operator family; found by the registry."""
