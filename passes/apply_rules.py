"""
Applies the rewrites of `.rules` files, the user's and the built-in ones.

One file after the other, each until none of its rules matches, and all of them again
until nothing changes. docs/rules.md describes the language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import PatternRewriter, PatternRewriteWalker, RewritePattern
from xdsl.transforms.dead_code_elimination import dce, is_trivially_dead

from qcc.dialects.errors import QccError
from qcc.passes.cse import cse
from qcc.passes.rewriting import replace_value
from qcc.passes.rules.bindings import Bindings, NotApplicable
from qcc.passes.rules.builder import build
from qcc.passes.rules.library import BUILT_IN, built_in_rules, read_rules
from qcc.passes.rules.matcher import match_rule, root_operations
from qcc.passes.rules.syntax import Rule

REWRITES_PER_OP = 32
"""More rewrites than this per op of the module: the rules undo each other."""


@dataclass
class _Budget:
    """Counts rewrites, so that rules that undo each other are found out."""

    limit: int
    fired: Counter[str] = field(default_factory=Counter[str])

    def spend(self, rule: Rule) -> None:
        self.fired[rule.name] += 1
        if self.fired.total() <= self.limit:
            return
        names = ", ".join(name for name, _ in self.fired.most_common(3))
        raise QccError(
            f"{rule.position}: the rules do not come to an end",
            why=f"after {self.limit} rewrites these still match: {names}",
            remedy="add conditions so that no rule matches what another one makes",
        )


class ApplyRule(RewritePattern):
    """pattern -> replacement, for the first of `rules` that matches an op."""

    def __init__(self, rules: Sequence[Rule], budget: _Budget):
        self.budget = budget
        self.rules: dict[str, list[Rule]] = {}
        for rule in rules:
            for name in root_operations(rule):
                self.rules.setdefault(name, []).append(rule)

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        for rule in self.rules.get(op.name, ()):
            if _apply(rule, op, rewriter):
                self.budget.spend(rule)
                return


def _apply(rule: Rule, op: Operation, rewriter: PatternRewriter) -> bool:
    for bindings in match_rule(rule, op):
        try:
            new_ops, result = build(rule, bindings)
        except NotApplicable:
            continue
        replace_value(rewriter, op, new_ops, result)
        _erase_unused(bindings, rewriter)
        return True
    return False


def _erase_unused(bindings: Bindings, rewriter: PatternRewriter) -> None:
    """Erases matched ops that have no users left, so that they hide no other match."""
    inner = dict.fromkeys(op for op, _ in bindings.operations[1:])
    changed = True
    while changed:
        changed = False
        for op in [op for op in inner if is_trivially_dead(op)]:
            rewriter.erase(op)
            del inner[op]
            changed = True


@dataclass(frozen=True)
class ApplyRulesPass(ModulePass):
    """Rewrites by rules to a fixpoint; unused ops are removed."""

    name = "apply-rules"

    files: tuple[str, ...] = ()
    """Rules files of the user, applied before the built-in ones."""

    built_in: bool = True
    """Whether the built-in rules are applied too."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        stages = [read_rules(Path(file)) for file in self.files]
        if self.built_in:
            stages += [built_in_rules(name) for name in BUILT_IN]
        apply_rules(op, stages)


def apply_rules(
    module: ModuleOp, stages: Sequence[Sequence[Rule]], *, merge_equal: bool = True
) -> Counter[str]:
    """
    Applies each stage to its fixpoint, and all again until none changes anything.

    Before each round, equal ops are merged if `merge_equal`: a variable that occurs
    twice in a pattern matches one value only. Returns how often each rule fired.
    Raises `QccError` when there is no end.
    """
    count = sum(1 for _ in module.walk())
    budget = _Budget(REWRITES_PER_OP * (count + 8))
    changed = True
    while changed:
        changed = False
        if merge_equal:
            cse(module)
        for rules in stages:
            walker = PatternRewriteWalker(ApplyRule(rules, budget))
            changed |= walker.rewrite_module(module)
            dce(module)
    return budget.fired
