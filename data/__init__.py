"""Readers and writers of data sets, one file a format."""
