#!/usr/bin/env bash
# Sets the machine up as far as needed, runs all tests with coverage, and says how the product stands.
# Extra arguments go to `dotnet test`, for example: ./tests/run.sh --filter FullyQualifiedName~Conformance
# The last line is always "N passed, N failed, N skipped".
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
results=$root/artifacts/test-results
least_coverage=85

totals_of_no_run() {
  printf '\n0 passed, 0 failed, 0 skipped\n'
}

if ! dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; then
  printf 'The .NET 10 SDK is missing: see https://dotnet.microsoft.com/download\n' >&2
  totals_of_no_run
  exit 1
fi

if ! "$root/tests/install-prerequisites.sh"; then
  totals_of_no_run
  exit 1
fi

cd "$root"
rm -rf "$results"
mkdir -p "$results"

# All at once, on all cores: built one by one between the tests, each project would have the machine wait for one compiler.
if ! dotnet build K1s0.EventStore.sln --nologo -v q; then
  totals_of_no_run
  exit 1
fi

status=0
dotnet test K1s0.EventStore.sln --no-build --nologo --settings tests/coverage.runsettings \
  --collect:"XPlat Code Coverage" --logger "trx;LogFilePrefix=run" --results-directory "$results" "$@" || status=$?

if [ -z "$(find "$results" -name '*.trx' -print -quit)" ]; then
  printf 'No test ran.\n' >&2
  totals_of_no_run
  exit $((status == 0 ? 1 : status))
fi

# Part of a run covers part of the source, so the limit holds for whole runs only.
limit=()
[ $# -gt 0 ] || limit=("$least_coverage")
dotnet run --no-build --project tests/K1s0.EventStore.AcceptanceTable -v q -- "$root" "$results" "${limit[@]}" || status=1
exit "$status"
