"""Local documents: what is in a file, as text with places, read in a process that can reach nothing."""
