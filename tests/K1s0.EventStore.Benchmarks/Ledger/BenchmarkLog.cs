using System.Security.Cryptography;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Benchmarks.Ledger;

/// <summary>The log of a benchmark's store, sealed and signed with a key of its own.</summary>
internal sealed class BenchmarkLog(BenchmarkDatabase database)
{
    private readonly LedgerOptions _options = Options();

    /// <summary>A sealer that works.</summary>
    public LogSealer Sealer() => new(database.Ledger, database.Leases, _options);

    /// <summary>Seals and signs all that there is.</summary>
    /// <returns>How many leaves that were.</returns>
    public static async Task<int> SealAllAsync(LogSealer sealer)
    {
        var leaves = 0;
        SealStep step;
        do
        {
            step = await sealer.SealAsync();
            if (!step.IsLeader)
            {
                throw new InvalidOperationException("Another process seals.");
            }

            await sealer.SignAsync();
            leaves += step.Leaves;
        }
        while (step.HasMore);

        return leaves;
    }

    // The process keeps the key for as long as it measures.
    private static LedgerOptions Options()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signer = PemTreeHeadSigner.Create("example.com/benchmark", key.ExportPkcs8PrivateKeyPem());
        return new LedgerOptions { Origin = signer.Key.Name, Signers = { signer } };
    }
}
