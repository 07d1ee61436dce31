"""Runs a project as it is and as it becomes, compares what the two do, and measures both."""

from asyncify.bench.page import report_page
from asyncify.bench.process import BenchError
from asyncify.bench.report import Report, read_report, report_json
from asyncify.bench.run import run_bench
from asyncify.bench.scenario import Scenario
from asyncify.bench.settings import load_scenario
from asyncify.bench.table import report_table
from asyncify.bench.verdict import verdict_in_words
from asyncify.bench.verify import Verdict, run_verify

__all__ = [
    "BenchError",
    "Report",
    "Scenario",
    "Verdict",
    "load_scenario",
    "read_report",
    "report_json",
    "report_page",
    "report_table",
    "run_bench",
    "run_verify",
    "verdict_in_words",
]
