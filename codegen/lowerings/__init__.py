"""One file per op family: how its ops become kernel calls."""
