"""The parts of the crawler of Bluesky."""
