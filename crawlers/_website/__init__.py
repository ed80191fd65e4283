"""The parts of the crawler of websites."""
