"""Tests of the settings that files and variables hold."""
