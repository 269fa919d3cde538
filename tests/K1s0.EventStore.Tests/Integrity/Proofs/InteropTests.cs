using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
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
        var (extra, node) = (proof.Split('\n')[1]["extra ".Length..], proof.Split('\n')[3]);
        var longer = Convert.ToBase64String([.. Convert.FromBase64String(extra), 0]);
        var parts = key.Split('+', 3);
        byte[] ofOtherType = [2, .. Convert.FromBase64String(parts[2])[1..]];
        (string Proof, string Key, string Reason)[] changes =
        [
            (proof.Replace("@v1", "@v2", StringComparison.Ordinal), key, "no tlog-proof"),
            (proof.Replace("\nextra ", "\nmore ", StringComparison.Ordinal), key, "is missing"),
            (proof.Replace("\nindex 2", "\nplace 2", StringComparison.Ordinal), key, "is missing"),
            (proof.Replace("\nindex 2", "\nindex 02", StringComparison.Ordinal), key, "is no number"),
            (proof.Replace("\nindex 2", "\nindex 9223372036854775808", StringComparison.Ordinal), key, "is no number"),
            (proof.Replace("\nindex 2", "\nindex -2", StringComparison.Ordinal), key, "is no number"),
            (proof.Replace("\nextra A", "\nextra B", StringComparison.Ordinal), key, "no leaf record of version 1"),
            (proof.Replace(extra, longer, StringComparison.Ordinal), key, "no leaf record of version 1"),
            (proof.Replace(node, Stray(node), StringComparison.Ordinal), key, "stray bits"),
            (proof.Replace(node, Convert.ToBase64String(new byte[31]), StringComparison.Ordinal), key, "32 bytes"),
            (proof.Replace('\u2014', '-'), key, "malformed"),
            (proof.Replace($"\u2014 {parts[0]} ", "\u2014 other ", StringComparison.Ordinal), key, "not signed by"),
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

    [Fact]
    public async Task A_first_event_that_follows_anything_but_the_empty_stream_is_not_proved()
    {
        var log = await ProvedLog.CreateAsync(2);
        var (first, proof) = (log.Events[0], log.Proofs[0]);
        var forged = StreamChain.Next(
            StreamChain.Tag(first.StreamId), 1, MerkleHash.Empty, ContentDigest.Compute(first));
        var changed = new EventProof(
            proof.Record with { ChainHash = forged }, MerkleHash.Empty, 0, proof.Proof.Path, proof.Proof.Checkpoint);

        var (exitCode, output) = await VerifyAsync(ExportedEvent.Write(first), changed.ToUtf8(), log.Key.ToString());

        output.Should().Contain("does not follow the empty stream");
        exitCode.Should().Be(1);
    }

    [Fact]
    public async Task Keys_and_signatures_that_only_look_right_prove_nothing()
    {
        var log = await ProvedLog.CreateAsync(5);
        var proof = Encoding.UTF8.GetString(log.Proofs[2].ToUtf8());
        var line = proof.Split('\n')[^2];
        var signature = Convert.FromBase64String(line.Split(' ')[2])[4..];
        var (name, key) = (line.Split(' ')[1], Convert.FromBase64String(log.Key.ToString().Split('+', 3)[2])[1..]);
        var order = BigInteger.Pow(2, 252) + BigInteger.Parse(
            "27742317777372353535851937790883648493", CultureInfo.InvariantCulture);
        var raised = (new BigInteger(signature.AsSpan(32), isUnsigned: true) + order).ToByteArray(isUnsigned: true);

        // The neutral point, with 0 for the number beside it: fits every text under a key that is the neutral point.
        byte[] neutral = [1, .. new byte[63]];
        (byte[] Key, byte[] Signature, string Result)[] cases =
        [
            (key, signature, "PROVED: event"),
            (key, [.. signature, 0], "is wrong"),
            (key, [.. signature[..32], .. raised], "is wrong"),
            ([.. key, 0], signature, "not of type Ed25519"),
            ([2, .. new byte[31]], signature, "not on the curve"),
            ([1, .. new byte[30], 0x80], neutral, "not on the curve"),
            ([0xEE, .. Enumerable.Repeat((byte)0xFF, 30), 0x7F], neutral, "is wrong"),
        ];
        foreach (var (publicKey, signed, result) in cases)
        {
            byte[] typed = [1, .. publicKey];
            var id = SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', .. typed])[..4];
            var changed = proof.Replace(
                line, $"\u2014 {name} {Convert.ToBase64String([.. id, .. signed])}", StringComparison.Ordinal);

            var (_, output) = await VerifyAsync(
                ExportedEvent.Write(log.Events[2]),
                Encoding.UTF8.GetBytes(changed),
                $"{name}+{Convert.ToHexStringLower(id)}+{Convert.ToBase64String(typed)}");

            output.Should().Contain(result);
        }
    }

    [Fact]
    public async Task Whatever_is_wrong_with_the_files_or_the_call_is_told_without_a_traceback()
    {
        var log = await ProvedLog.CreateAsync(5);
        var (honest, proof) = (ExportedEvent.Write(log.Events[2]), log.Proofs[2].ToUtf8());
        var incomplete = honest.DeepClone().AsObject();
        incomplete.Remove("version");
        (JsonNode Event, byte[] Proof)[] cases =
        [
            (incomplete, proof),
            (With("version", "three"), proof),
            (With("version", JsonNode.Parse("1000000000000000000000")!), proof),
            (With("payloadHex", 7), proof),
            (new JsonArray(), proof),
            (honest, [0xFF, .. proof]),
            (honest, "c2sp.org/tlog-proof@v1\n\n\n"u8.ToArray()),
        ];
        foreach (var (exported, file) in cases)
        {
            var (exitCode, output) = await VerifyAsync(exported, file, log.Key.ToString());

            (exitCode, output.StartsWith("NOT PROVED: ", StringComparison.Ordinal)).Should().Be((1, true));
        }

        (await RunAsync("nowhere.json", "nowhere.tlog-proof", log.Key.ToString())).ExitCode.Should().Be(1);
        var (called, _, error) = await RunAsync("event.json");
        (called, error.Contains("verify.py EVENT.json", StringComparison.Ordinal)).Should().Be((2, true));

        JsonObject With(string member, JsonNode value)
        {
            var changed = honest.DeepClone().AsObject();
            changed[member] = value;
            return changed;
        }
    }

    // The same bytes, with a bit set that no byte takes.
    private static string Stray(string base64) =>
        $"{base64[..^2]}{(char)(base64[^2] + 1)}=";

    private async Task<(int ExitCode, string Output)> VerifyAsync(
        JsonNode exported, byte[] proof, string key, params string[] more)
    {
        var (eventFile, proofFile) = (
            Path.Combine(_directory.FullName, "event.json"), Path.Combine(_directory.FullName, "event.tlog-proof"));
        await File.WriteAllTextAsync(eventFile, exported.ToJsonString(), Cancellation);
        await File.WriteAllBytesAsync(proofFile, proof, Cancellation);
        var (exitCode, output, error) = await RunAsync([eventFile, proofFile, key, .. more]);
        error.Should().BeEmpty("the script tells every failure on its own");
        return (exitCode, output);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("python3", ["-B", Script, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, output, await error);
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
