"""The parts of the crawler of X."""
