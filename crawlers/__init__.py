"""Crawlers: `ls` is the list of platforms, one module a surface; underscore modules are shared parts."""
