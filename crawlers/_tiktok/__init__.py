"""The parts of the crawler of TikTok."""
