"""
The accuracy budget: which layers stay in float so that a metric drops by no more.

`evaluation.py` reads samples with labels, `metrics.py` makes one number of a model's
outputs, `simulation.py` runs float and quantized models, `scoring.py` scores them,
`sensitivity.py` ranks layers by what their rounding does, `budget.py` searches,
`table.py` prints.
"""

from qcc.compiler.accuracy.budget import Budget, BudgetResult, keep_budget
from qcc.compiler.accuracy.evaluation import Evaluation, load_evaluation
from qcc.compiler.accuracy.metrics import check_metric
from qcc.compiler.accuracy.scoring import REASON, Refit
from qcc.compiler.accuracy.table import ranking_table, repeat, summary

__all__ = [
    "REASON",
    "Budget",
    "BudgetResult",
    "Evaluation",
    "Refit",
    "check_metric",
    "keep_budget",
    "load_evaluation",
    "ranking_table",
    "repeat",
    "summary",
]
