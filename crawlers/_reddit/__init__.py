"""The parts of the crawler of Reddit."""
