"""Parameters of a search space."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Union

Literal = Union[str, int, float, bool, None]
Condition = Mapping[str, Union[Literal, Sequence[Literal]]]


@dataclass(frozen=True)
class Float:
    """A number in ``[low, high]``, on a logarithmic scale or in steps."""

    low: float
    high: float
    log: bool = False
    step: Optional[float] = None
    when: Optional[Condition] = None

    def _fields(self) -> dict[str, Any]:
        return {"type": "float", "low": self.low, "high": self.high, "log": self.log,
                "step": self.step}


@dataclass(frozen=True)
class Int:
    """An integer in ``[low, high]``, on a logarithmic scale or in steps."""

    low: int
    high: int
    log: bool = False
    step: Optional[int] = None
    when: Optional[Condition] = None

    def _fields(self) -> dict[str, Any]:
        return {"type": "int", "low": self.low, "high": self.high, "log": self.log,
                "step": self.step}


@dataclass(frozen=True)
class Choice:
    """One of several strings, numbers or booleans; with ``ordered`` their order means something."""

    choices: Sequence[Literal]
    ordered: bool = False
    when: Optional[Condition] = None

    def _fields(self) -> dict[str, Any]:
        return {"type": "categorical", "choices": list(self.choices), "ordered": self.ordered}


Parameter = Union[Float, Int, Choice]


def _clauses(when: Condition) -> list[dict[str, Any]]:
    """A parameter is active where every named parent has one of the values."""
    return [
        {"parent": parent,
         "values": list(values) if isinstance(values, (list, tuple)) else [values]}
        for parent, values in when.items()
    ]


def _plain(value: Any) -> Any:
    """A number of another library, such as NumPy's, as one of Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"a value is a string, a number, a boolean or None, not {value!r}")


def encode(fields: Any) -> str:
    """The JSON form of parameters or of their values."""
    try:
        return json.dumps(fields, default=_plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(str(error)) from None


def _encode_parameter(fields: dict[str, Any]) -> str:
    try:
        return encode(fields)
    except ValueError as error:
        reason = "a bound is not finite" if "JSON compliant" in str(error) else error
        raise ValueError(f"parameter {fields['name']!r}: {reason}") from None


def to_json(space: Any, constraints: Sequence[str] = ()) -> str:
    """The JSON form of a space: of a mapping of names to parameters, or of a list in that form."""
    if isinstance(space, Mapping) and "parameters" not in space:
        parameters = []
        for name, parameter in space.items():
            if not isinstance(parameter, (Float, Int, Choice)):
                raise ValueError(
                    f"parameter {name!r} must be a Float, an Int or a Choice, not {parameter!r}"
                )
            fields = {"name": name, **parameter._fields()}
            if parameter.when:
                fields["condition"] = _clauses(parameter.when)
            fields = {key: value for key, value in fields.items() if value is not None}
            parameters.append(json.loads(_encode_parameter(fields)))
        space = parameters
    if constraints:
        parameters = space if isinstance(space, list) else space["parameters"]
        known = [] if isinstance(space, list) else list(space.get("constraints", []))
        known += [{"expression": text} for text in constraints]
        space = {"parameters": parameters, "constraints": known}
    return encode(space)
