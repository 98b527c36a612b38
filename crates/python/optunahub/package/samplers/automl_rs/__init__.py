"""The sampler for OptunaHub."""

from __future__ import annotations

from typing import Any, Optional

import optuna
from automl_rs.optuna import OptunaSampler
from optunahub.samplers import SimpleBaseSampler


__all__ = ["AutomlRsSampler"]


class AutomlRsSampler(SimpleBaseSampler):
    """A sampler of automl-rs, see ``automl_rs.optuna.OptunaSampler``.

    Args:
        search_space: The distributions by name; by default those that the finished trials share.
        sampler: A sampler, perhaps with options, such as ``"tpe{startup=20}"``.
        seed: The seed; by default a random one.
    """

    def __init__(
        self, search_space: Optional[dict[str, optuna.distributions.BaseDistribution]] = None,
        sampler: str = "auto", seed: Optional[int] = None,
    ) -> None:
        super().__init__(search_space, seed)
        self._inner = OptunaSampler(sampler, seed=seed, search_space=search_space)

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        return self._inner.sample_relative(study, trial, search_space)

    def reseed_rng(self) -> None:
        super().reseed_rng()
        self._inner.reseed_rng()
