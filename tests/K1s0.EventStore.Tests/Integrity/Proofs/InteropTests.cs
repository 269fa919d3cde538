using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>A program in another language, without our library, proves what is true and nothing else.</summary>
public sealed class InteropTests : IDisposable
{
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "interop", "verify.py");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("k1s0-interop-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Every_event_of_a_log_is_proved_with_its_proof_and_the_public_key()
    {
        var log = await ProvedLog.CreateAsync(5);
        for (var i = 0; i < log.Events.Length; i++)
        {
            var (exitCode, output) = await VerifyAsync(
                ExportedEvent.Write(log.Events[i]), log.Proofs[i].ToUtf8(), log.Key.ToString());

            output.Should().Be($"PROVED: event {log.Events[i].Id} is leaf {i} of 5\n");
            exitCode.Should().Be(0);
        }
    }

    [Fact]
    public async Task A_head_with_the_signatures_of_two_keys_is_proved_with_either()
    {
        var vector = LedgerVectors.Instance.Proofs[1];
        var proof = Encoding.UTF8.GetBytes(vector.Proof);
        foreach (var key in LedgerVectors.Instance.Keys)
        {
            (await VerifyAsync(ExportedEvent.Write(vector.Envelope), proof, key.Text)).ExitCode.Should().Be(0);
        }
    }

    [Fact]
    public async Task Changed_events_are_not_proved()
    {
        var log = await ProvedLog.CreateAsync(5);
        var honest = ExportedEvent.Write(log.Events[2]);
        (string Field, JsonNode Value)[] changes =
        [
            ("eventId", log.Events[3].Id.ToString()),
            ("aggregateType", "Order"),
            ("aggregateId", "2"),
            ("version", 4),
            ("eventType", "ItemRemoved"),
            ("schemaVersion", 2),
            ("occurredAt", "2026-01-02T03:04:05.000001+00:00"),
            ("recordedAt", "2026-01-02T03:04:05.678902+00:00"),
            ("metadataHex", "7b7d"),
            ("payloadHex", "7b7d"),
            ("payloadHex", "not hex"),
            ("formatVersion", 2),
        ];
        foreach (var (field, value) in changes)
        {
            var changed = honest.DeepClone().AsObject();
            changed[field] = value;

            var (exitCode, output) = await VerifyAsync(changed, log.Proofs[2].ToUtf8(), log.Key.ToString());

            (exitCode, output.StartsWith("NOT PROVED: ", StringComparison.Ordinal)).Should().Be((1, true), field);
        }
    }

    [Fact]
    public async Task Changed_proofs_and_foreign_keys_do_not_prove_anything()
    {
        var log = await ProvedLog.CreateAsync(5);
        var (exported, proof) = (ExportedEvent.Write(log.Events[2]), log.Proofs[2]);
        var (record, path, note) = (proof.Record, proof.Proof.Path, proof.Proof.Checkpoint);
        var other = await ProvedLog.CreateAsync(5);
        using var stranger = Signers.Ed25519(ProvedLog.Origin, 8);
        (EventProof Proof, string Reason)[] proofs =
        [
            (log.Proofs[3], "not the one that the leaf record describes"),
            (new(record, MerkleHash.Empty, 2, path, note), "not the one that the leaf record describes"),
            (new(record, proof.PreviousLink, 3, path, note), "does not lead to the root"),
            (new(record, proof.PreviousLink, 5, path, note), "no such leaf"),
            (new(record, proof.PreviousLink, 2, [.. path.Take(2)], note), "too short"),
            (new(record, proof.PreviousLink, 2, [.. path, MerkleHash.Empty], note), "too long"),
            (new(record, proof.PreviousLink, 2, [path[1], path[0], path[2]], note), "does not lead to the root"),
            (new(record, proof.PreviousLink, 2, path, other.Proofs[0].Proof.Checkpoint), "does not lead to the root"),
            (new(record, proof.PreviousLink, 2, path, new SignedNote(note.Text + "x\n", note.Signatures)), "is wrong"),
        ];
        foreach (var (changed, reason) in proofs)
        {
            (await VerifyAsync(exported, changed.ToUtf8(), log.Key.ToString())).Output.Should().Contain(reason);
        }

        (await VerifyAsync(exported, proof.ToUtf8(), stranger.Key.ToString())).Output.Should().Contain("not signed by");
        (await VerifyAsync(exported, proof.ToUtf8(), log.Key.ToString(), "example.com/others"))
            .Output.Should().Contain("another log");
        (await VerifyAsync(exported, "nonsense"u8.ToArray(), log.Key.ToString())).ExitCode.Should().Be(1);
    }

    [Fact]
    public async Task Files_and_keys_that_are_not_of_their_formats_are_refused_for_that()
    {
        var log = await ProvedLog.CreateAsync(5);
        var exported = ExportedEvent.Write(log.Events[2]);
        var (proof, key) = (Encoding.UTF8.GetString(log.Proofs[2].ToUtf8()), log.Key.ToString());
        var node = proof.Split('\n')[3];
        var parts = key.Split('+', 3);
        byte[] ofOtherType = [2, .. Convert.FromBase64String(parts[2])[1..]];
        (string Proof, string Key, string Reason)[] changes =
        [
            (proof.Replace("@v1", "@v2", StringComparison.Ordinal), key, "no tlog-proof"),
            (proof.Replace("\nextra ", "\nmore ", StringComparison.Ordinal), key, "is missing"),
            (proof.Replace("\nindex 2", "\nindex 02", StringComparison.Ordinal), key, "is no number"),
            (proof.Replace("\nindex 2", "\nindex -2", StringComparison.Ordinal), key, "is no number"),
            (proof.Replace("\nextra A", "\nextra B", StringComparison.Ordinal), key, "no leaf record of version 1"),
            (proof.Replace(node, Stray(node), StringComparison.Ordinal), key, "stray bits"),
            (proof.Replace(node, Convert.ToBase64String(new byte[31]), StringComparison.Ordinal), key, "32 bytes"),
            (proof.Replace('\u2014', '-'), key, "malformed"),
            (proof[..^1], key, "cut off"),
            (proof, $"{parts[0]}+{parts[1]}+{Convert.ToBase64String(ofOtherType)}", "not of type Ed25519"),
            (proof, $"{parts[0]}+00000000+{parts[2]}", "does not fit its id"),
        ];
        foreach (var (changed, verifier, reason) in changes)
        {
            var (exitCode, output) = await VerifyAsync(exported, Encoding.UTF8.GetBytes(changed), verifier);

            output.Should().StartWith("NOT PROVED: ").And.Contain(reason);
            exitCode.Should().Be(1);
        }
    }

    // The same bytes, with a bit set that no byte takes.
    private static string Stray(string base64) =>
        $"{base64[..^2]}{(char)(base64[^2] + 1)}=";

    private async Task<(int ExitCode, string Output)> VerifyAsync(
        JsonObject exported, byte[] proof, string key, params string[] more)
    {
        var (eventFile, proofFile) = (
            Path.Combine(_directory.FullName, "event.json"), Path.Combine(_directory.FullName, "event.tlog-proof"));
        await File.WriteAllTextAsync(eventFile, exported.ToJsonString(), Cancellation);
        await File.WriteAllBytesAsync(proofFile, proof, Cancellation);
        var start = new ProcessStartInfo("python3", ["-B", Script, eventFile, proofFile, key, .. more])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        (await error).Should().BeEmpty("the script tells every failure on its own");
        return (process.ExitCode, output);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException(
                "python3 is not installed; tests/install-prerequisites.sh installs it (Debian: python3).", e);
        }
    }
}
