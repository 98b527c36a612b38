"""The samplers and stopping rules of the project inside Optuna."""

from __future__ import annotations

import json
import os
import random
import threading
from typing import Any, Callable, Mapping, Optional, Sequence

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.samplers._base import _process_constraints_after_trial
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ._native import NativeStudy, StudyError

__all__ = ["OptunaPruner", "OptunaSampler"]

#: Schedulers whose decisions are stops and no pauses, which Optuna does not have.
_STOPPING = ("asha-stopping", "median", "percentile")


def _parameter(name: str, distribution: BaseDistribution) -> dict[str, Any]:
    """A distribution in the JSON form; choices are told apart by their index."""
    if isinstance(distribution, CategoricalDistribution):
        indices = list(range(len(distribution.choices)))
        return {"name": name, "type": "categorical", "choices": indices}
    if isinstance(distribution, (FloatDistribution, IntDistribution)):
        kind = "float" if isinstance(distribution, FloatDistribution) else "int"
        parameter = {"name": name, "type": kind, "low": distribution.low,
                     "high": distribution.high, "log": distribution.log}
        if distribution.step is not None and not distribution.log:
            parameter["step"] = distribution.step
        return parameter
    raise ValueError(f"parameter {name!r}: {distribution!r} has no counterpart")


def _directions(study: Study) -> list[str]:
    return ["maximize" if direction == StudyDirection.MAXIMIZE else "minimize"
            for direction in study.directions]


class _Mirror:
    """A study of ours that follows an Optuna study over one relative search space."""

    def __init__(
        self, study: Study, space: dict[str, BaseDistribution], sampler: str, seed: int,
        planned: Optional[int],
    ) -> None:
        self.space = space
        parameters = [_parameter(name, space[name]) for name in space]
        self.native = NativeStudy(json.dumps(parameters), _directions(study), sampler, "none",
                                  seed=seed, planned=planned)
        #: Optuna's numbers with ours and the parameters under which ours runs.
        self.running: dict[int, tuple[int, str]] = {}
        #: Optuna's numbers that are not finished here; those from `seen` on are unknown.
        self.open: list[int] = []
        self.seen = 0

    def sync(self, study: Study, current: int) -> None:
        """Takes in what has changed since the last call."""
        trials = study._get_trials(deepcopy=False, use_cache=True)
        numbers = self.open + list(range(self.seen, len(trials)))
        self.open, self.seen = [], len(trials)
        for number in numbers:
            if number == current or not self.take(trials[number]):
                self.open.append(number)

    def take(self, trial: FrozenTrial) -> bool:
        """Takes one trial in; false where it is to be looked at again."""
        params = self.encode(trial, self.proposed(trial.number))
        if not trial.state.is_finished():
            known = trial.number in self.running
            if trial.state == TrialState.RUNNING and not known and params is not None:
                self.start(trial.number, params)
            return False
        number, asked = self.running.pop(trial.number, (None, None))
        if number is not None and asked != params:
            # Other values were used than the proposed ones.
            self.native.tell(number, "failed", [], [], "not evaluated")
            number = None
        if params is None:
            return True
        if number is None:
            number = self.start(trial.number, params)
            if number is None:
                return True
            self.running.pop(trial.number)
        self.end(number, trial)
        return True

    def start(self, optuna_number: int, params: str) -> Optional[int]:
        """A running trial of ours with given parameters; none if the space does not have them."""
        try:
            self.native.enqueue(params)
        except (ValueError, StudyError):
            return None
        number = json.loads(self.native.ask())["number"]
        self.running[optuna_number] = (number, params)
        return number

    def end(self, number: int, trial: FrozenTrial) -> None:
        constraints = [float(value) for value in trial.constraints.values()]
        if trial.state == TrialState.COMPLETE:
            self.native.tell(number, "complete", list(trial.values), constraints, "")
        elif trial.state == TrialState.PRUNED:
            values = trial.intermediate_values
            if values and len(trial.values or [0]) == 1:
                step = max(values)
                self.native.report(number, max(step, 0) + 1, [values[step]], constraints)
            self.native.tell(number, "pruned", [], [], "")
        else:
            self.native.tell(number, "failed", [], [], "failed")

    def proposed(self, optuna_number: int) -> dict[str, Any]:
        """The values under which a trial runs here, by name."""
        _, asked = self.running.get(optuna_number, (0, "{}"))
        return json.loads(asked)

    def encode(self, trial: FrozenTrial, proposed: dict[str, Any]) -> Optional[str]:
        """The parameters of the space as JSON; none where the trial lacks one. A proposed value that
        the objective did not ask for counts as used: its result does not depend on it."""
        params = {}
        is_proposal = bool(proposed) and any(name in trial.params for name in self.space)
        for name, distribution in self.space.items():
            if name not in trial.params:
                if not is_proposal:
                    return None
                params[name] = proposed[name]
                continue
            value = trial.params[name]
            if isinstance(distribution, CategoricalDistribution):
                if trial.distributions.get(name) != distribution:
                    return None
                value = int(distribution.to_internal_repr(value))
            params[name] = value
        return json.dumps(params)

    def propose(self, number: int) -> dict[str, Any]:
        asked = json.loads(self.native.ask())
        params = {}
        for name, distribution in self.space.items():
            value = asked["params"][name]
            if isinstance(distribution, CategoricalDistribution):
                value = distribution.choices[value]
            params[name] = value
        self.running[number] = (asked["number"], json.dumps(
            {name: asked["params"][name] for name in self.space}))
        return params


class OptunaSampler(BaseSampler):
    """A sampler of the project for Optuna.

    Parameters that all finished trials share are proposed together (relative sampling), others
    independently at random. Running trials count, so that parallel workers get different
    proposals; pruned trials, constraints and several objectives are taken into account.

    Args:
        sampler: A sampler, perhaps with options, such as ``"tpe{startup=20}"``.
        seed: The seed; by default a random one.
        search_space: The distributions by name, where they are known before the first trial.
        n_trials: The number of planned trials, which samplers may use.
        constraints_func: The constraint values of a trial, at most zero where they hold.
    """

    def __init__(
        self,
        sampler: str = "auto",
        *,
        seed: Optional[int] = None,
        search_space: Optional[Mapping[str, BaseDistribution]] = None,
        n_trials: Optional[int] = None,
        constraints_func: Optional[Callable[[FrozenTrial], Sequence[float]]] = None,
    ) -> None:
        self._sampler = sampler
        self._seed = random.getrandbits(63) if seed is None else seed
        self._search_space = search_space
        self._n_trials = n_trials
        self._constraints_func = constraints_func
        self._independent = RandomSampler(seed=self._seed % 2**32)
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._mirror: Optional[_Mirror] = None
        self._mirror_key: Any = None
        self._intersection = IntersectionSearchSpace(include_pruned=True)
        self._process = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        made = ("_lock", "_mirror", "_mirror_key", "_intersection", "_process")
        return {key: value for key, value in self.__dict__.items() if key not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._reset()

    def reseed_rng(self) -> None:
        """Gives replicas in other processes seeds of their own. Threads share this object, whose
        draws differ by the number of the trial, so that its study is kept."""
        self._independent.reseed_rng()
        with self._lock:
            self._seed = random.SystemRandom().getrandbits(63)
            if self._process != os.getpid():
                self._mirror, self._process = None, os.getpid()

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        if self._search_space is not None:
            space = self._search_space
        else:
            space = self._intersection.calculate(study)
        return {name: distribution for name, distribution in space.items()
                if not distribution.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if not search_space:
            return {}
        with self._lock:
            key = (study._study_id, list(search_space.items()))
            if self._mirror is None or key != self._mirror_key:
                self._mirror = _Mirror(study, search_space, self._sampler, self._seed,
                                       self._n_trials)
                self._mirror_key = key
            self._mirror.sync(study, trial.number)
            return self._mirror.propose(trial.number)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._independent.before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState,
        values: Optional[Sequence[float]],
    ) -> None:
        if self._constraints_func is not None:
            _process_constraints_after_trial(self._constraints_func, study, trial, state)
        self._independent.after_trial(study, trial, state, values)


class OptunaPruner(BasePruner):
    """A stopping rule of the project for Optuna: ASHA by stopping, median or percentile.

    Args:
        min_resource: The lowest number of reported steps at which a trial may be stopped.
        max_resource: The number of steps of a whole training.
        scheduler: ``asha-stopping``, ``median`` or ``percentile``, perhaps with options, such as
            ``"asha-stopping{eta=4}"``.
        first_step: The first step that the objective reports.
    """

    def __init__(
        self, min_resource: int = 1, max_resource: int = 100,
        scheduler: str = "asha-stopping", *, first_step: int = 0,
    ) -> None:
        if scheduler.split("{")[0] not in _STOPPING:
            known = ", ".join(_STOPPING)
            raise ValueError(f"the scheduler {scheduler!r} does not stop trials: {known}")
        self._limits = (min_resource, max_resource)
        self._scheduler = scheduler
        self._first_step = first_step
        self._native("minimize")  # limits and options are refused at once
        self._reset()

    def _native(self, direction: str) -> NativeStudy:
        space = json.dumps([{"name": "trial", "type": "int", "low": 0, "high": 2**40}])
        fidelity = ("step", *self._limits, True)
        return NativeStudy(space, [direction], "random", self._scheduler, fidelity=fidelity)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._study_id: Optional[int] = None
        self._study: Optional[NativeStudy] = None
        #: Our numbers, and the fidelities that are reported already, by Optuna's numbers.
        self._known: dict[int, tuple[int, int]] = {}
        self._stopped: set[int] = set()
        #: Optuna's numbers that are not finished here; those from `_seen` on are unknown.
        self._open: list[int] = []
        self._seen = 0

    def __getstate__(self) -> dict[str, Any]:
        kept = ("_limits", "_scheduler", "_first_step")
        return {key: self.__dict__[key] for key in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._reset()

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        with self._lock:
            if self._study is None or self._study_id != study._study_id:
                self._reset_for(study)
            trials = study._get_trials(deepcopy=False, use_cache=True)
            numbers = self._open + list(range(self._seen, len(trials)))
            self._open, self._seen = [], len(trials)
            for number in numbers:
                other = trials[number]
                if number != trial.number:
                    self._follow(other)
                if other.state.is_finished():
                    self._finish(other)
                else:
                    self._open.append(number)
            self._follow(trial)
            return trial.number in self._stopped

    def _reset_for(self, study: Study) -> None:
        self._study = self._native(_directions(study)[0])
        self._study_id = study._study_id
        self._known, self._stopped = {}, set()
        self._open, self._seen = [], 0

    def _follow(self, trial: FrozenTrial) -> None:
        """Reports the steps of a trial that are new."""
        native = self._study
        if native is None or not trial.intermediate_values or trial.number in self._stopped:
            return
        if trial.number not in self._known:
            native.enqueue(json.dumps({"trial": trial.number}))
            self._known[trial.number] = (json.loads(native.ask())["number"], 0)
        number, reported = self._known[trial.number]
        for step in sorted(trial.intermediate_values):
            fidelity = step - self._first_step + 1
            if fidelity <= reported or fidelity > self._limits[1]:
                continue
            reported = fidelity
            value = trial.intermediate_values[step]
            if native.report(number, fidelity, [value], []) == "stop":
                self._stopped.add(trial.number)
                break
        self._known[trial.number] = (number, reported)

    def _finish(self, trial: FrozenTrial) -> None:
        """Ends a trial here too: median and percentile compare with complete trials."""
        native = self._study
        if native is None or trial.number not in self._known or trial.number in self._stopped:
            return
        number, _ = self._known[trial.number]
        if trial.state == TrialState.COMPLETE:
            native.tell(number, "complete", list(trial.values), [], "")
        elif trial.state == TrialState.PRUNED:
            native.tell(number, "pruned", [], [], "")
        else:
            native.tell(number, "failed", [], [], "failed")
