"""Supervision (监督): one screen over all departments, and one page for each of them. Reads only; urging stands in ``cases``."""
