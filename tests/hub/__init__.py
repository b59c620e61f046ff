"""Tests of downloads, against a server on this computer."""
