"""Measures the explorer in a browser on stores of millions of documents: `make bench-explorer`."""
