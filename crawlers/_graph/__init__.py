"""The parts of the crawlers on Meta's Graph API: Facebook, Instagram, Threads."""
