"""The `.rules` language: grammar, parser, checker, matcher, builder (docs/rules.md)."""
