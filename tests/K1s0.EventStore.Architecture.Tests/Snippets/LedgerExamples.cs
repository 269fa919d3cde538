using System.Security.Cryptography;
using FluentAssertions;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The examples of the READMEs about the log, run: what they say happens, happens.</summary>
public sealed class LedgerExamples
{
    [Fact]
    public async Task An_event_is_proved_from_its_file_and_a_public_key()
    {
        var store = new InMemoryEventStore();
        var order = new StreamId("order", "4711");
        await store.AppendAsync(order, [EventEnvelope.Create(order, "order-placed", "{}"u8.ToArray())]);
        var stored = (await store.LoadAsync(order))[0];
        var (proofFile, publicKey) = await ProveAsync(stored);
        var eventFile = EventFile.ToUtf8(stored);

        // snippet: prove-event
        var envelope = EventFile.Parse(eventFile);
        var proof = EventProof.Parse(proofFile);
        var verdict = proof.Verify(envelope, origin: "example.com/orders", [VerifierKey.Parse(publicKey)]);

        // end-snippet
        verdict.Should().Be(EventProofVerdict.Valid);
        proof.Verify(envelope with { EventType = "order-paid" }, "example.com/orders", [VerifierKey.Parse(publicKey)])
            .Should().Be(EventProofVerdict.EventDiffers);
    }

    [Fact]
    public async Task The_ledger_of_a_store_is_registered_with_its_options()
    {
        var services = new ServiceCollection();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = PemTreeHeadSigner.Create("example.com/orders", key.ExportPkcs8PrivateKeyPem());

        // snippet: add-ledger
        services.AddEventStore()
            .UsePostgres()
            .AddLedger(options =>
            {
                options.Origin = "example.com/orders";
                options.Signers.Add(signer);
                options.PublishTo = new DirectoryPublishedLog("published/orders");
            });
        services.AddHealthChecks().AddEventStoreLedger();

        // end-snippet
        services.Configure<PostgresOptions>(options => options.ConnectionString = "Host=localhost;Port=1");
        await using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<LedgerProofs>().Should().NotBeNull();
        provider.GetRequiredService<IOptionsMonitor<LedgerOptions>>().Get(Options.DefaultName)
            .Origin.Should().Be("example.com/orders");
    }

    [Fact]
    public async Task A_store_is_verified_whole_and_by_the_clock()
    {
        var services = new ServiceCollection();
        services.AddEventStore().UseInMemory().AddVerification();
        await using var provider = services.BuildServiceProvider();
        var store = provider.GetRequiredService<IEventStore>();
        var (ledger, publishedHead, publicKey) =
            (provider.GetRequiredKeyedService<ILedgerStore>(string.Empty), default(TreeHead), default(VerifierKey));
        var order = new StreamId("order", "4711");
        await store.AppendAsync(order, [EventEnvelope.Create(order, "order-placed", "{}"u8.ToArray())]);
        var inMemory = provider.GetRequiredKeyedService<InMemoryEventStore>(string.Empty);

        // snippet: verify-store
        var verifier = new StoreVerifier(VerifiedRoles.Of(inMemory, ledger));
        var verification = await verifier.VerifyAsync(new VerificationScope
        {
            KnownHead = publishedHead,
            Keys = publicKey is null ? [] : [publicKey],
        });
        foreach (var finding in verification.Findings)
        {
            Console.WriteLine(finding);
        }

        // end-snippet
        verification.IsValid.Should().BeTrue();
        verification.Events.Should().Be(1);

        // snippet: add-verification
        services.AddEventStore()
            .UsePostgres(name: "orders")
            .AddVerification(options => options.Every = TimeSpan.FromHours(6), name: "orders");
        services.AddHealthChecks().AddEventStoreVerification("orders");

        // end-snippet
        services.Should().Contain(service => service.IsKeyedService && "orders".Equals(service.ServiceKey)
            && service.ServiceType == typeof(StoreVerificationHealthCheck));
    }

    private static async Task<(byte[] File, string PublicKey)> ProveAsync(EventEnvelope envelope)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = PemTreeHeadSigner.Create("example.com/orders", key.ExportPkcs8PrivateKeyPem());
        var (record, tree) = (LeafRecord.Of(envelope), new MerkleTree());
        tree.Append(record.LeafHash());
        var checkpoint = await new TreeHead("example.com/orders", tree.Size, tree.Root).SignAsync([signer]);
        var genesis = StreamHead.Empty(envelope.StreamId).ChainHash;
        return (new EventProof(record, genesis, 0, [], checkpoint).ToUtf8(), signer.Key.ToString());
    }
}
