"""Tests of docs/, and of the pages at the top."""
