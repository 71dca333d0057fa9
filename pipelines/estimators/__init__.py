"""scikit-learn's way in: estimators whose every answer is the int8 file's.

Example:
    from pipelines.estimators import PipelineClassifier
    from sklearn.model_selection import cross_validate
    cross_validate(PipelineClassifier(), frame, labels, cv=5)
"""

from .classifier import PipelineClassifier
from .forecaster import PipelineForecaster
from .regressor import PipelineRegressor

__all__ = ["PipelineClassifier", "PipelineForecaster", "PipelineRegressor"]
