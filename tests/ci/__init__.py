"""Tests of the recipes in docs/ci: their own steps, with bash, against servers that run."""
