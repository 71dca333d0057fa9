"""What was proved about a bundle: report.json, report.html and the model card, all from one
dictionary.
"""
