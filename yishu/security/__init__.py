"""Grades and masks, defined once as Ibis expressions. Django-free."""
