"""Delta tables and the engines over them: the only place that imports duckdb, deltalake or pyspark. Django-free."""
