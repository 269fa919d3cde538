#!/usr/bin/env bash
# Packs every package, looks into each one, and uses them from a project outside of the repository, as a stranger would.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages=$root/artifacts/packages
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() { # what
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}

rm -rf "$packages"
for project in "$root"/src/*/*.csproj "$root"/tests/K1s0.EventStore.Conformance/*.csproj; do
  dotnet pack "$project" -c Release -o "$packages" -v q --nologo
done

# --- What is in them ---------------------------------------------------------------------------------------------------
check_package() { # file
  local package=$1 name content specification
  name=$(basename "$package" .nupkg)
  content=$(unzip -Z1 "$package")
  specification=$(unzip -p "$package" '*.nuspec')
  grep -qx 'README.md' <<<"$content" || fail "$name has no README.md"
  grep -q '<readme>README.md</readme>' <<<"$specification" || fail "$name does not name its README.md"
  grep -q '<license type="expression">MIT</license>' <<<"$specification" || fail "$name has no licence expression"
  grep -q '<description>.' <<<"$specification" || fail "$name has no description"
  grep -qE '^lib/net10\.0/.*\.dll$' <<<"$content" || fail "$name has no assembly for net10.0"
  grep -qE '^lib/net10\.0/.*\.xml$' <<<"$content" || fail "$name has no XML documentation"
  [ -f "${package%.nupkg}.snupkg" ] || fail "$name has no symbol package"
  printf '%s: readme, licence, documentation, symbols\n' "$name"
}

[ -n "$(find "$packages" -name '*.nupkg' -print -quit)" ] || fail 'nothing was packed'
for package in "$packages"/*.nupkg; do
  check_package "$package"
done

# --- What they do for a stranger ---------------------------------------------------------------------------------------
references=
for package in "$packages"/*.nupkg; do
  # <id>.<version>.nupkg, where the version begins with the first part that is a number.
  [[ $(basename "$package" .nupkg) =~ ^([^.]+(\.[^.0-9][^.]*)*)\.([0-9]+\..*)$ ]] || fail "no version in $package"
  references+="    <PackageReference Include=\"${BASH_REMATCH[1]}\" Version=\"[${BASH_REMATCH[3]}]\" />"$'\n'
done

# The mapping of the repository, and the folder beside it for what was packed just now.
cat >"$scratch/nuget.config" <<XML
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <add key="packed-just-now" value="$packages" />
  </packageSources>
  <packageSourceMapping>
    <packageSource key="nuget.org">
      <package pattern="*" />
    </packageSource>
    <packageSource key="packed-just-now">
      <package pattern="K1s0.EventStore*" />
    </packageSource>
  </packageSourceMapping>
</configuration>
XML

# A package folder of its own: no package of an earlier run is found, and none is left behind.
cat >"$scratch/Stranger.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <RestorePackagesPath>$scratch/restored</RestorePackagesPath>
  </PropertyGroup>
  <ItemGroup>
$references  </ItemGroup>
</Project>
XML

cat >"$scratch/Program.cs" <<'CSHARP'
using K1s0.EventStore;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sync;
using K1s0.EventStore.Testing;

var store = new InMemoryEventStore();
var order = new StreamId("order", "4711");
var appended = await store.AppendAsync(
    order, [EventEnvelope.Create(order, "order-placed", """{"total":42.50}"""u8.ToArray())], expectedVersion: 0);
Console.WriteLine($"appended at version {appended.Version}");

try
{
    await store.AppendAsync(order, [EventEnvelope.Create(order, "late", "{}"u8.ToArray())], expectedVersion: 0);
}
catch (ConcurrencyException conflict)
{
    Console.WriteLine($"refused: expected {conflict.ExpectedVersion}, actual {conflict.ActualVersion}");
}

var verification = await StreamVerifier.VerifyAsync(order, store.ReadStreamAsync(order));
Console.WriteLine($"verified {verification.VerifiedEvents} event: {verification.IsValid}");

for (var run = 1; run <= 2; run++)
{
    await using var file = new SqliteStoreFile(new SqliteOptions { FilePath = "orders.db" });
    var kept = await new SqliteEventStore(file).AppendAsync(
        order, [EventEnvelope.Create(order, "order-placed", """{"total":42.50}"""u8.ToArray())]);
    Console.WriteLine($"in the file at version {kept.Version}");
}

var batch = new EventBatchWriter(await store.GetIdentityAsync());
await foreach (var envelope in store.ReadFeedAsync())
{
    batch.TryAdd(envelope);
}

var finished = batch.Finish();
var objects = new FileObjectStore("archive");
var outcome = await objects.PutIfAbsentAsync(finished.Key("1"), finished.Content, finished.Attributes());
var opened = await EventBatchReader.OpenAsync(objects, finished.Key("1"));
Console.WriteLine($"archived: {outcome}, {opened?.Index.EventCount} event");

var left = new Replica(ReplicaId.Create(), new HybridClock(TimeProvider.System));
var right = new Replica(ReplicaId.Create(), new HybridClock(TimeProvider.System));
var here = left.Write(EventEnvelope.Create(order, "order-noted", "{}"u8.ToArray()));
var there = right.Write(EventEnvelope.Create(order, "order-noted", "{}"u8.ToArray()));
Console.WriteLine($"two replicas: {here.Clock.Compare(there.Clock)}");

Scenario.For(new Counter()).Given("up", "up").When("up").Then("up").ThenState(3);
try
{
    Scenario.For(new Counter()).When("up").ThenNothing();
}
catch (ScenarioFailedException)
{
    Console.WriteLine("the scenario says what is wrong");
}

internal sealed class Counter : IDecider<int, string, string>
{
    public int CreateInitialState() => 0;

    public int Evolve(int state, string happened) => state + 1;

    public IEnumerable<string> Decide(string command, int state) => [command];
}
CSHARP

expected='appended at version 1
refused: expected 0, actual 1
verified 1 event: True
in the file at version 1
in the file at version 2
archived: Stored, 1 event
two replicas: Concurrent
the scenario says what is wrong'
actual=$(cd "$scratch" && dotnet run -v q)
[ "$actual" = "$expected" ] || fail "the program outside of the repository printed:"$'\n'"$actual"
printf 'A project outside of the repository restores the packages, builds and runs.\n'

# --- A stranger's own store runs the conformance suites ----------------------------------------------------------------
mkdir "$scratch/own-store"
runner=$(sed -n 's/.*Include="xunit\.v3" Version="\([^"]*\)".*/\1/p' "$root/Directory.Packages.props")
sed -e '/<\/ItemGroup>/i\    <PackageReference Include="xunit.v3" Version="'"$runner"'" />' "$scratch/Stranger.csproj" \
  >"$scratch/own-store/StrangersTests.csproj"
cat >"$scratch/own-store/OwnStoreTests.cs" <<'CSHARP'
using K1s0.EventStore;
using K1s0.EventStore.Conformance;

public sealed class OwnAppendingTests : AppendingSuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        Task.FromResult<IConformanceStore>(new OwnStore(options, timeProvider));
}

public sealed class OwnFeedReadingTests : FeedReadingSuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        Task.FromResult<IConformanceStore>(new OwnStore(options, timeProvider));
}

internal sealed class OwnStore(EventStoreOptions options, TimeProvider timeProvider) : IConformanceStore
{
    private readonly InMemoryEventStore _store = new(options, timeProvider);

    public IEventStore Store => _store;
    public IEventAppender Appender => _store;
    public IStreamReader Streams => _store;
    public IFeedReader Feed => _store;
    public ISnapshotStore Snapshots => throw new NotSupportedException();
    public ICheckpointStore Checkpoints => throw new NotSupportedException();
    public ILeaseStore Leases => throw new NotSupportedException();
    public ILedgerStore Ledger => throw new NotSupportedException();
    public IParkedEventStore Parked => throw new NotSupportedException();
    public EventStoreOptions Options => options;
    public Task<IConformanceStore> OpenAnotherAsync() => Task.FromResult<IConformanceStore>(this);
    public Task RunOutAsync(Lease lease) => throw new NotSupportedException();
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
CSHARP

dotnet build "$scratch/own-store" -v q --nologo
"$scratch/own-store/bin/Debug/net10.0/StrangersTests" -noColor | tee "$scratch/suites.txt"
grep -qE 'Total: [1-9][0-9]*, Errors: 0, Failed: 0,' "$scratch/suites.txt" || fail 'the conformance suites did not run'
printf 'A store outside of the repository runs the conformance suites.\n'
