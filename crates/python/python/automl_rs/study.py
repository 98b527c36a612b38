"""Studies: ask and tell, and a loop over an objective."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple, Union

from . import space as _space
from ._native import NativeStudy, StudyError

#: Objective values: one, a sequence of them, or none.
Values = Union[float, Sequence[float], None]

#: What an objective returns: values, or values with the list of constraint values.
Result = Union[Values, Tuple[Values, Sequence[float]]]

#: Seconds between two looks of a worker that waits for reports of others.
_LOOK = 0.05


class TrialPaused(Exception):
    """The scheduler pauses the trial: its checkpoint is kept, and it may be handed out again."""


class TrialPruned(Exception):
    """The scheduler, or the objective, ends the trial early."""


@dataclass(frozen=True)
class TrialRecord:
    """What is recorded of a trial."""

    number: int
    params: dict[str, Any]
    state: str
    values: list[float]
    constraints: list[float]
    #: Fidelities with the values reported there.
    reports: list[tuple[int, list[float]]]
    #: Why the trial failed.
    reason: Optional[str] = None

    @property
    def value(self) -> Optional[float]:
        """The first objective value."""
        return self.values[0] if self.values else None


class Trial:
    """A trial that was handed out."""

    def __init__(self, study: "Study", assignment: dict[str, Any]) -> None:
        self._study = study
        self.number: int = assignment["number"]
        self.params: dict[str, Any] = assignment["params"]
        #: The fidelity that was reported last; 0 for a new trial.
        self.fidelity: int = assignment["fidelity"]
        #: The fidelity to train to; ``None`` without fidelities.
        self.target: Optional[int] = assignment["target"]
        #: The trial with the checkpoint that this one continues, in population-based training.
        self.parent: Optional[int] = assignment["parent"]
        self._last: Optional[list[float]] = None
        self._is_constrained = False

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def __repr__(self) -> str:
        return f"Trial(number={self.number}, params={self.params!r})"

    def report(
        self, fidelity: int, values: Union[float, Sequence[float]],
        constraints: Sequence[float] = (),
    ) -> None:
        """Records values at a fidelity. Raises ``TrialPaused`` or ``TrialPruned`` where the
        scheduler ends the job; ``optimize`` handles both."""
        verdict = self._study.report(self, fidelity, values, constraints)
        if verdict == "pause":
            raise TrialPaused(f"trial {self.number} is paused at {fidelity}")
        if verdict == "stop":
            raise TrialPruned(f"trial {self.number} is stopped at {fidelity}")


class Study:
    """One optimization over a space.

    Args:
        space: A mapping of names to ``Float``, ``Int`` and ``Choice``, or the JSON form.
        directions: ``"minimize"`` or ``"maximize"``, one or a list.
        sampler: A sampler, perhaps with options, such as ``"tpe{startup=20}"``.
        scheduler: A scheduler, used with ``fidelity``.
        fidelity: Name, lowest and highest amount of a training, such as ``("epochs", 1, 27)``.
        resumable: Whether paused trials go on from checkpoints.
        constraints: The number of constraint values of a result, feasible where at most zero.
        require: Expressions that every proposal satisfies, such as ``"layers * width <= 512"``.
        n_trials: The number of planned trials, which samplers may use.
        storage: A file, ``sqlite:///FILE``; the default is memory.
        name: The study's name in its storage.
        seed: The seed; the default is that of a stored study, else 0.
    """

    def __init__(
        self,
        space: Any,
        *,
        directions: Union[str, Sequence[str]] = "minimize",
        sampler: str = "auto",
        scheduler: str = "auto",
        fidelity: Optional[tuple[str, int, int]] = None,
        resumable: bool = True,
        constraints: int = 0,
        require: Sequence[str] = (),
        n_trials: Optional[int] = None,
        storage: Optional[str] = None,
        name: str = "study",
        seed: Optional[int] = None,
    ) -> None:
        directions = [directions] if isinstance(directions, str) else list(directions)
        if seed is not None and not 0 <= seed < 2**64:
            raise ValueError(f"the seed must be in [0, 2^64), not {seed}")
        self._has_fidelity = fidelity is not None
        self._max = fidelity[2] if fidelity else 0
        self._constraints = constraints
        self._native = NativeStudy(
            _space.to_json(space, require),
            directions,
            sampler,
            scheduler,
            seed=seed,
            planned=n_trials,
            fidelity=(fidelity[0], fidelity[1], fidelity[2], resumable) if fidelity else None,
            constraints=constraints,
            storage=storage,
            name=name,
        )

    def __len__(self) -> int:
        return len(self._native)

    def __repr__(self) -> str:
        return f"<Study with {len(self)} trials>"

    def ask(self) -> Trial:
        """The next configuration, to be evaluated at the highest fidelity."""
        return Trial(self, json.loads(self._native.ask()))

    def next_job(self) -> Optional[Trial]:
        """What a free worker should do, as the scheduler decides: a new trial or a paused one.
        ``None`` where nothing is left to do; waits while only running trials can decide."""
        while True:
            job = json.loads(self._native.next_job())
            if job == "finished":
                return None
            if job != "wait":
                return Trial(self, job)
            time.sleep(_LOOK)

    def report(
        self, trial: Trial, fidelity: int, values: Union[float, Sequence[float]],
        constraints: Sequence[float] = (),
    ) -> str:
        """Records values at a fidelity; ``"continue"``, ``"pause"``, ``"stop"`` or ``"complete"``.
        The first two of the last three are carried out; after ``"complete"`` tell the result."""
        if not self._has_fidelity:
            raise StudyError("the study has no fidelity")
        if not 1 <= fidelity <= self._max:
            raise StudyError(
                f"trial {trial.number}: the fidelity {fidelity} is not in [1, {self._max}]"
            )
        values = _list(values, trial.number)
        if constraints:
            self._check_constraints(trial.number, constraints)
            trial._is_constrained = True
        trial._last = values
        verdict = self._native.report(trial.number, fidelity, values, list(constraints))
        trial.fidelity = max(trial.fidelity, fidelity)
        return verdict

    def tell(
        self, trial: Union[Trial, int], values: Values = None, *,
        constraints: Sequence[float] = (), state: str = "complete", reason: str = "",
    ) -> None:
        """Records the end of a trial: its values, or ``state="failed"`` or ``"pruned"``."""
        number = trial.number if isinstance(trial, Trial) else trial
        if values is None and state == "complete":
            raise StudyError(f"trial {number} has no values: tell some, or state=\"failed\"")
        is_known = isinstance(trial, Trial) and trial._is_constrained and not constraints
        if state == "complete" and not is_known:
            self._check_constraints(number, constraints)
        self._native.tell(number, state, _list(values, number), list(constraints), reason)

    def enqueue(self, params: Mapping[str, Any]) -> int:
        """Adds a trial with these parameters, which is handed out next; its number."""
        return self._native.enqueue(_space.encode(params))

    def add_trial(
        self, params: Mapping[str, Any], values: Values = None, *,
        constraints: Sequence[float] = (), state: str = "complete",
    ) -> int:
        """Adds a trial that was evaluated elsewhere; its number."""
        if state == "complete":
            self._check_constraints(None, constraints)
        encoded = _space.encode(params)
        return self._native.add_trial(encoded, state, _list(values), list(constraints))

    def _check_constraints(self, number: Optional[int], constraints: Sequence[float]) -> None:
        if len(constraints) != self._constraints:
            trial = "the trial" if number is None else f"trial {number}"
            raise StudyError(
                f"{trial}: {len(constraints)} constraint values, where the study has "
                f"{self._constraints} constraints"
            )

    def release(self, trial: Union[Trial, int]) -> None:
        """Gives a running trial back, to be handed out again."""
        self._native.release(trial.number if isinstance(trial, Trial) else trial)

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials, those of other processes on the storage included."""
        return [_record(trial) for trial in json.loads(self._native.trials())]

    @property
    def best(self) -> TrialRecord:
        """The complete, feasible trial with the best first objective."""
        front = self.front
        if not front:
            raise StudyError("no trial is complete and feasible yet")
        return front[0]

    @property
    def front(self) -> list[TrialRecord]:
        """The Pareto front; with one objective, the best trial."""
        numbers = set(self._native.best())
        return [trial for trial in self.trials if trial.number in numbers]

    def optimize(
        self, objective: Callable[[Trial], Result], n_trials: Optional[int] = None,
        n_jobs: int = 1, timeout: Optional[float] = None,
        catch: tuple[type[BaseException], ...] = (),
    ) -> None:
        """Evaluates the objective until ``n_trials`` more trials have begun and none can go on, or
        until ``timeout`` seconds have passed.

        The objective returns a value, a sequence of values, or a pair of both and the list of
        constraint values. ``n_jobs`` trials are evaluated at once, in threads; -1 means one for
        each core. An exception of a type in ``catch`` fails its trial; any other one ends the loop,
        as Ctrl-C does, and its trial is handed out again by the next loop."""
        if n_trials is None and timeout is None:
            raise ValueError("optimize needs n_trials, timeout, or both")
        if n_jobs == -1:
            n_jobs = os.cpu_count() or 1
        if n_jobs < 1:
            raise ValueError(f"n_jobs must be -1 or at least 1, not {n_jobs}")
        deadline = None if timeout is None else time.monotonic() + timeout
        limit = None if n_trials is None else len(self) + n_trials
        self._native.set_trial_limit(limit)
        loop = _Loop(self, objective, catch, deadline)
        if n_jobs == 1:
            loop.work()
        else:
            loop.work_on_threads(n_jobs)


class _Loop:
    """The state that the workers of one ``optimize`` share."""

    def __init__(
        self, study: Study, objective: Callable[[Trial], Result],
        catch: tuple[type[BaseException], ...], deadline: Optional[float],
    ) -> None:
        self.study, self.objective, self.catch = study, objective, catch
        self.deadline = deadline
        self.stop = threading.Event()
        self.error: Optional[BaseException] = None

    def work(self) -> None:
        while not self.is_over():
            job = json.loads(self.study._native.next_job())
            if job == "finished":
                return
            if job == "wait":
                time.sleep(_LOOK)
                continue
            self.evaluate(Trial(self.study, job))

    def is_over(self) -> bool:
        is_late = self.deadline is not None and time.monotonic() >= self.deadline
        return self.stop.is_set() or is_late

    def evaluate(self, trial: Trial) -> None:
        study = self.study
        try:
            values = self.objective(trial)
        except TrialPaused:
            return
        except TrialPruned:
            if study._native.state(trial.number) == "running":
                study.tell(trial, state="pruned")
            return
        except self.catch as error:
            study.tell(trial, state="failed", reason=f"{type(error).__name__}: {error}")
            return
        except BaseException:
            study.release(trial)
            raise
        try:
            self.finish(trial, values)
        except BaseException:
            if study._native.state(trial.number) == "running":
                study.release(trial)
            raise

    def finish(self, trial: Trial, result: Result) -> None:
        study = self.study
        if study._native.state(trial.number) != "running":
            return  # the objective went on after its pause or stop
        values, constraints = _split(result)
        if values is None:
            if trial._last is None:
                study.tell(trial, state="failed", reason="the objective returned no value")
                return
            values = trial._last
        values = _list(values, trial.number)
        if constraints or not trial._is_constrained:
            study._check_constraints(trial.number, constraints)
        target = trial.target
        if study._has_fidelity and target is not None and trial.fidelity < target:
            if any(math.isnan(value) for value in values):
                study.tell(trial, state="failed", reason="the objective is not a number")
                return
            if study.report(trial, target, values, constraints) in ("pause", "stop"):
                return
        study.tell(trial, values, constraints=constraints)

    def work_on_threads(self, n_jobs: int) -> None:
        threads = [threading.Thread(target=self.guarded, daemon=True) for _ in range(n_jobs)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.1)  # Ctrl-C is seen between two waits
        except BaseException:
            self.stop.set()
            for thread in threads:
                thread.join()
            raise
        if self.error is not None:
            raise self.error

    def guarded(self) -> None:
        try:
            self.work()
        except BaseException as error:
            self.error = self.error or error
            self.stop.set()


def _split(result: Any) -> tuple[Values, Sequence[float]]:
    """Values and constraint values of an objective's result."""
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], list):
        return result
    return result, ()


def _list(values: Any, number: Optional[int] = None) -> list[float]:
    """Values as floats: of a number, of a sequence or of an array."""
    if values is None:
        return []
    try:
        many = not isinstance(values, str) and hasattr(values, "__len__")
        return [float(value) for value in (values if many else [values])]
    except (TypeError, ValueError):
        trial = "the value" if number is None else f"trial {number}: the value"
        raise ValueError(f"{trial} must be a number or a list of numbers, not {values!r}") from None


def _record(trial: dict[str, Any]) -> TrialRecord:
    def numbers(values: list[Any]) -> list[float]:
        return [float(value) for value in values]

    return TrialRecord(
        number=trial["number"],
        params=trial["params"],
        state=trial["state"],
        values=numbers(trial["values"]),
        constraints=numbers(trial["constraints"]),
        reports=[(fidelity, numbers(values)) for fidelity, values in trial["reports"]],
        reason=trial["reason"],
    )
