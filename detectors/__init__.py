"""Detectors: `ls` is what we look for, one module a policy rule; underscore modules are shared parts."""
