"""Tables: CSV, Parquet, DataFrame or dict of arrays to a verified int8 model.

Example:
    from pipelines import run, tabular
    bundle = run(tabular.table_recipe(tabular.LoadTable("rows.csv", "fault")))
"""

from ..sources.table import Reading, read_table
from .boosting_teacher import BoostingTeacher
from .candidates import table_candidates
from .load import LoadTable, load_table
from .memory import Memory
from .monotone import MonotoneMlp
from .networks import Mlp
from .recipes import BIRDS, CREDIT, CREDIT_MONOTONE, PENGUINS, STORMS, STORMS_RULES, table_recipe
from .teacher import ForestTeacher

__all__ = [
    "BoostingTeacher",
    "table_candidates",
    "LoadTable",
    "Memory",
    "Reading",
    "load_table",
    "read_table",
    "Mlp",
    "MonotoneMlp",
    "ForestTeacher",
    "table_recipe",
    "BIRDS",
    "CREDIT",
    "CREDIT_MONOTONE",
    "STORMS",
    "STORMS_RULES",
    "PENGUINS",
]
