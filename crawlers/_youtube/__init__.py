"""The parts of the crawler of YouTube."""
