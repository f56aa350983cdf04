"""Delta tables and the engines over them: the only place that imports duckdb, deltalake or pyspark. Django-free.

Serves XW-6.1 and XW-13.1 (部门资源池): every load is one version of a Delta table per resource. In: Ibis expressions and
files. Out: versions, Ibis tables that read exactly one version, record batches. Which version counts is said by the
PostgreSQL row that names it, never by the newest version found here (DESIGN §8).
"""
