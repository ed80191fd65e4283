"""Loopback stand-ins of X, Facebook's Graph API and a few websites, over one invented world of accounts and posts."""
