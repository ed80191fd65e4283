"""The parts of the crawler of LinkedIn."""
