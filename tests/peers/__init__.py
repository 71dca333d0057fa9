"""Peers: plain models on the rows that ours had."""
