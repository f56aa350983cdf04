"""Template tags every context's pages are built from."""
