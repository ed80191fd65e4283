"""The parts of the crawler of MediaWiki."""
