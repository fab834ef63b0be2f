"""Glue job runs that end as a test says, and a state machine of moto's that waits for them.

moto 5.2.5 knows ``glue:startJobRun.sync`` but fails after it, since it stops a callback that no such task has.
It ends every job run well, and without what auto scaling adds. It starts other state machines under names of parameters
that boto does not know. Nothing here says how AWS behaves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import moto.glue.models as glue_models
import pytest
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_glue import (
    StateTaskServiceGlue,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

#: The version whose insides are patched.
MOTO = "5.2.5"


@dataclass
class GlueRuns:
    """``errors``: by job's name the message that its runs end with; others succeed. ``started``: all runs in turn."""

    errors: dict[str, str] = field(default_factory=dict)
    started: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    #: Seconds that the state machine would have waited before it tried again.
    waited: list[float] = field(default_factory=list)
    dpu_seconds: float | None = 90.0


def patch_state_machines(patch: pytest.MonkeyPatch) -> GlueRuns:
    """Let moto's interpreter wait for Glue, without waiting long, for as long as ``patch`` lasts."""
    runs = GlueRuns()

    class JobRun(glue_models.FakeJobRun):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            runs.started.append((self.job_name, self.arguments or {}))

        def as_dict(self) -> dict[str, Any]:
            told: dict[str, Any] = super().as_dict()
            if runs.dpu_seconds is not None:
                told["DPUSeconds"] = runs.dpu_seconds
            if told["JobRunState"] == "SUCCEEDED" and self.job_name in runs.errors:
                told |= {"JobRunState": "FAILED", "ErrorMessage": runs.errors[self.job_name]}
            return told

    class Clock:
        sleep = staticmethod(runs.waited.append)

    def wait_for_run(self: Any, env: Any, **given: Any) -> None:
        resolver = self._build_sync_resolver(env=env, **given)
        ended = self._eval_sync(env, resolver, None, None, None)
        env.stack.append(json.loads(to_json_str(ended)))  # a state's output is JSON, which knows no instants

    with_input_as_text = StateTaskServiceSfn._normalise_parameters

    def named_as_in_boto(self: Any, parameters: dict[str, Any], *args: Any, **given: Any) -> None:
        with_input_as_text(self, parameters, *args, **given)
        for name in list(parameters):
            parameters[name[0].lower() + name[1:]] = parameters.pop(name)

    patch.setattr(StateTaskServiceSfn, "_normalise_parameters", named_as_in_boto)
    patch.setattr(glue_models, "FakeJobRun", JobRun)
    patch.setattr(StateTaskServiceGlue, "_eval_integration_pattern", wait_for_run)
    patch.setattr(state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", 0.02)
    patch.setattr(retrier_decl, "time", Clock)
    return runs
