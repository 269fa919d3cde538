using System.Security.Cryptography;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Benchmarks.Integrity;

/// <summary>SHA-256 over byte strings that are there, and nothing else.</summary>
internal sealed class HashAlone(IReadOnlyList<byte[][]> inputs) : IWorker
{
    private readonly byte[] _digest = new byte[Sha256Digest.Length];

    public Task<int> StepAsync()
    {
        foreach (var one in inputs)
        {
            foreach (var input in one)
            {
                SHA256.HashData(input, _digest);
            }
        }

        return Task.FromResult(inputs.Count);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
