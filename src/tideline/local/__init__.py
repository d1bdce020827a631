"""The embedded platform: starts, watches and stops everything on one machine."""
