"""Colouring -> Plan: every edit and every thing left alone, with its place, rule and reason."""
