"""The site that the servers of ``benchmarks.web`` serve."""
