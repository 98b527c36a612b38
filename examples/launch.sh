#!/usr/bin/env bash
# Two processes tune one program on this machine, started by the script that `automl launch local` prints.
# `slurm` and `kubernetes` in its place print a job array and manifests (`--submit` hands them in).
#
#   examples/launch.sh [FOLDER]        AUTOML names the program
set -euo pipefail
automl=$(command -v "${AUTOML:-automl}")
cd "${1:-$(mktemp -d)}"
"$automl" launch local --tasks 2 -- tune --study shared --trials 12 --param 'x=float(-2,2)' \
    -- sh -c 'echo "{{\"loss\": $(awk "BEGIN {{ print ({x} - 1)^2 }}")}}"' >launch.sh
# The script calls `automl`.
automl() { "$automl" "$@"; }
export automl
export -f automl
bash launch.sh >launch.log 2>&1
"$automl" studies list runs/shared/study.db
