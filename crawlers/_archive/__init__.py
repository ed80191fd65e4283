"""The parts of the crawler of files that are handed over."""
