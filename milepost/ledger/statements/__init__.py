"""Statements and invoices: what a party received and paid, for their books."""
