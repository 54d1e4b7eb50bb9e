"""
The HTML report: one file that shows what a compilation decided, without network.

`measure.py` gathers what must be run for it (errors by layer, histograms, times),
`program.py` reads memory, work and energy off the compiled program, `figures.py` draws
(matplotlib), `page.py` fills the template (jinja2). Both packages come with the extra
`report`.
"""

from qcc.compiler.report.page import Compilation, check_report, write_report

__all__ = ["Compilation", "check_report", "write_report"]
