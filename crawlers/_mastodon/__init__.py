"""The parts of the crawler of Mastodon and compatible servers."""
