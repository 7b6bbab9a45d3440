"""Tests of what is published: distributions, the container image, licenses."""
