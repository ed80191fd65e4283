"""The application: the nightly scan and everything that people do with what it finds."""
