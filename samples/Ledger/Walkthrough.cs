using System.Security.Cryptography;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres;
using Npgsql;

namespace K1s0.EventStore.Samples.Ledger;

/// <summary>Appends, seals, publishes, proves one event, and then falsifies the tables in six ways.</summary>
internal sealed class Walkthrough : IDisposable
{
    public const int Held = 0;
    public const int Failed = 1;
    public const int Unusable = 2;

    private const string Origin = "example.com/payments";

    private static readonly StreamId Ada = new("account", "ada");
    private static readonly StreamId Bob = new("account", "bob");

    private readonly Screen _screen;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ledger-");
    private readonly PemTreeHeadSigner _signer;
    private readonly PostgresEventStore _store;
    private readonly PostgresLedgerStore _ledger;
    private readonly LogSealer _sealer;
    private readonly LogPublisher _publisher;
    private readonly Tables _tables;

    private Walkthrough(NpgsqlDataSource dataSource, PostgresOptions options, Screen screen)
    {
        _screen = screen;
        _signer = NewSigner();
        _store = new PostgresEventStore(dataSource, options);
        _ledger = new PostgresLedgerStore(dataSource, options);
        _tables = new Tables(dataSource, options.Schema);
        var ledgerOptions = new LedgerOptions
        {
            Origin = Origin,
            Signers = { _signer },
            PublishTo = new DirectoryPublishedLog(Path.Combine(_folder.FullName, "log")),
        };
        _sealer = new LogSealer(_ledger, new PostgresLeaseStore(dataSource, options), ledgerOptions);
        _publisher = new LogPublisher(_ledger, ledgerOptions);
    }

    /// <summary>Runs on a server, in a schema of its own that is dropped in the end.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        string connectionString, Screen screen, CancellationToken cancellationToken)
    {
        try
        {
            var schema = $"ledger_{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";
            var options = new PostgresOptions { Schema = schema };
            await using var dataSource = NpgsqlDataSource.Create(connectionString);
            await new PostgresSchema(dataSource, options).MigrateAsync(cancellationToken);
            using var walkthrough = new Walkthrough(dataSource, options, screen);
            try
            {
                await walkthrough.RunAsync(cancellationToken);
                return Held;
            }
            catch (StepFailedException e)
            {
                screen.Fail(e.Message);
                return Failed;
            }
            finally
            {
                await walkthrough._tables.DropAsync(CancellationToken.None);
            }
        }
        catch (Exception e) when (e is EventStoreException or ArgumentException)
        {
            screen.Fail($"The store cannot be used: {e.Message}");
            return Unusable;
        }
    }

    public void Dispose()
    {
        _signer.Dispose();
        _store.Dispose();
        _folder.Delete(recursive: true);
    }

    private static PemTreeHeadSigner NewSigner()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PemTreeHeadSigner.Create(Origin, key.ExportPkcs8PrivateKeyPem());
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        _screen.Step("Append, seal, publish");
        await PayAsync(3, cancellationToken);
        await SealAsync(cancellationToken);
        await PayAsync(1, cancellationToken);
        var head = await SealAsync(cancellationToken);
        _screen.Detail($"what outsiders need is the public key: {_signer.Key}");

        _screen.Step("Prove one event to a stranger");
        await ProveAsync(cancellationToken);

        _screen.Step("Verify the whole store against the published head");
        var untouched = await VerifyAsync(head, cancellationToken);
        Check(untouched.IsValid, $"something was found where nobody has changed anything: {untouched}");
        _screen.Ok($"{untouched}");

        await _tables.OpenAsync(cancellationToken);
        foreach (var attack in Attack.All)
        {
            await AttackAsync(attack, head, cancellationToken);
        }

        Check((await VerifyAsync(head, cancellationToken)).IsValid, "the rows are not as they were");
        _screen.Close($"{Attack.All.Count} of {Attack.All.Count} falsifications were caught and named.");
    }

    private async Task PayAsync(int times, CancellationToken cancellationToken)
    {
        foreach (var account in (StreamId[])[Ada, Bob])
        {
            var version = (await _store.GetHeadAsync(account, cancellationToken)).Version.Value;
            var payments = Enumerable.Range((int)version + 1, times).Select(number => EventEnvelope.Create(
                account, "PaymentReceived", new Payment(number * 10, "EUR"), PaymentJson.Default.Payment));
            await _store.AppendAsync(account, payments, version, cancellationToken);
        }
    }

    private async Task<TreeHead> SealAsync(CancellationToken cancellationToken)
    {
        var step = await _sealer.SealAsync(cancellationToken);
        await _sealer.SignAsync(cancellationToken);
        var head = await _publisher.PublishAsync(cancellationToken)
            ?? throw new StepFailedException("nothing was published");
        _screen.Ok($"{step.Leaves} events sealed and signed, {head.Size} published, root {head.Root.ToString()[..16]}…");
        return head;
    }

    private async Task ProveAsync(CancellationToken cancellationToken)
    {
        var payment = (await _store.LoadAsync(Ada, 2, 2, cancellationToken))[0];
        var proofs = new LedgerProofs(_ledger);
        var eventFile = await proofs.ExportEventAsync(payment.Id, cancellationToken);
        var proof = await proofs.ProveEventAsync(payment.Id, cancellationToken);
        Check(eventFile is not null && proof is not null, "the event is not there");
        var proofFile = proof!.ToUtf8();
        _screen.Say($"{payment.StreamId}, version {payment.Version}: {payment.Payload.GetRawText()}");
        _screen.Detail($"event.json, {eventFile!.Length} bytes, and event.tlog-proof, {proofFile.Length} bytes");

        // The stranger has the two files and the public key, and nothing else.
        var verdict = EventProof.Parse(proofFile)
            .Verify(EventFile.Parse(eventFile), Origin, [VerifierKey.Parse(_signer.Key.ToString())]);
        Check(verdict is EventProofVerdict.Valid, $"the proof says {verdict}");
        _screen.Ok($"leaf {proof.Proof.Index} of the log, with {proof.Proof.Path.Count} hashes up to the signed root");
    }

    private async Task AttackAsync(Attack attack, TreeHead head, CancellationToken cancellationToken)
    {
        _screen.Step(attack.Kind.ToString());
        _screen.Attack(attack.Description);
        await _tables.ExecuteAsync(attack.Sql, cancellationToken);
        var verification = await VerifyAsync(head, cancellationToken);
        var found = verification.Findings.FirstOrDefault(finding => finding.Kind == attack.Kind)
            ?? throw new StepFailedException($"not caught as {attack.Kind}: {verification}");
        _screen.Caught(found);
        await _tables.RestoreAsync(cancellationToken);
    }

    private Task<StoreVerification> VerifyAsync(TreeHead head, CancellationToken cancellationToken) =>
        new StoreVerifier(VerifiedRoles.Of(_store, _ledger)).VerifyAsync(
            new VerificationScope { KnownHead = head, Keys = [_signer.Key] }, cancellationToken: cancellationToken);

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new StepFailedException(otherwise);
        }
    }
}
