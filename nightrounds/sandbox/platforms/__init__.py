"""The platforms' stand-ins, one module each; underscore modules are shared parts."""
