"""Runs a project as it is and as it becomes, compares answers, and measures both."""
