"""Measurements (`make bench`). Each is a ratio against a reference of the same run; no test depends on time."""
