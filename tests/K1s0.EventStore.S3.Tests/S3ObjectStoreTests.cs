using Amazon.S3.Model;
using K1s0.EventStore.Archive;
using K1s0.EventStore.ObjectStores;
using RestoreRequest = K1s0.EventStore.Archive.RestoreRequest;
using StorageClass = K1s0.EventStore.Archive.StorageClass;

namespace K1s0.EventStore.S3.Tests;

public sealed class S3ObjectStoreTests(RadosGatewayFixture fixture) : ReplaceableObjectStoreSuite
{
    private static readonly ObjectKey Key = new("a/b.json");

    private string _bucket = string.Empty;

    [Fact]
    public async Task The_bucket_holds_the_content_as_it_is_with_metadata_that_others_can_read()
    {
        await Store.PutIfAbsentAsync(
            Key,
            "{}"u8.ToArray(),
            new ObjectAttributes(new Dictionary<string, string>(StringComparer.Ordinal) { ["event_count"] = "1" }),
            Cancellation);

        using var found = await fixture.Client.GetObjectAsync(_bucket, "orders/a/b.json", Cancellation);
        using var reader = new StreamReader(found.ResponseStream);
        (await reader.ReadToEndAsync(Cancellation)).Should().Be("{}");
        found.Metadata["event-count"].Should().Be("1", "that is what Ceph makes of event_count");
        (await Store.HeadAsync(Key, Cancellation))!.Attributes.Metadata["event_count"].Should().Be("1");
        found.Metadata["sha256"].Should().HaveLength(64);
    }

    [Fact]
    public async Task What_lies_outside_of_the_prefix_or_is_no_key_is_not_listed()
    {
        foreach (var name in new[] { "others/x.json", "orders/", "orders/a//b", "orders/..", "orders/good.json" })
        {
            await fixture.Client.PutObjectAsync(
                new PutObjectRequest { BucketName = _bucket, Key = name, ContentBody = "x", UseChunkEncoding = false },
                Cancellation);
        }

        (await Store.ListAsync(cancellationToken: Cancellation).ToListAsync(Cancellation))
            .Should().Equal(new ObjectEntry(new ObjectKey("good.json"), 1));
    }

    [Fact]
    public async Task What_somebody_else_put_there_has_no_digest_and_is_served_to_nobody()
    {
        await fixture.Client.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = _bucket,
                Key = "orders/a/b.json",
                ContentBody = "{}",
                UseChunkEncoding = false,
                Metadata = { ["sha256"] = "none" },
            },
            Cancellation);

        (await Store.HeadAsync(Key, Cancellation))!.Digest.IsNone.Should().BeTrue();
        await FluentActions.Awaiting(() => Store.GetAsync(Key, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>();
        (await Store.PutIfAbsentAsync(Key, "{}"u8.ToArray(), cancellationToken: Cancellation))
            .Should().Be(PutOutcome.Taken);
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_and_keys_that_are_wrong_are_told_and_not_taken_for_absence()
    {
        var nowhere = new S3ObjectStore(fixture.Client, new S3Options { Bucket = "not-there" });
        using var stranger = fixture.MakeClient("stranger", "secret");
        var refused = new S3ObjectStore(stranger, new S3Options { Bucket = _bucket });

        foreach (var store in new[] { nowhere, refused })
        {
            await FluentActions.Awaiting(() => store.GetAsync(Key, Cancellation))
                .Should().ThrowAsync<StoreOperationException>();
            await FluentActions.Awaiting(() => store.PutIfAbsentAsync(Key, "1"u8.ToArray(), null, Cancellation))
                .Should().ThrowAsync<StoreOperationException>();
            await FluentActions.Awaiting(() => store.ListAsync().ToListAsync(Cancellation).AsTask())
                .Should().ThrowAsync<StoreOperationException>();
        }
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_transient_and_leaves_a_put_unknown()
    {
        using var client = new Amazon.S3.AmazonS3Client(
            new Amazon.Runtime.BasicAWSCredentials("a", "b"),
            new Amazon.S3.AmazonS3Config
            {
                // The discard port of the loopback address: nobody listens there.
                ServiceURL = "http://127.0.0.1:9",
                ForcePathStyle = true,
                AuthenticationRegion = "x",
                MaxErrorRetry = 0,
            });
        var store = new S3ObjectStore(client, new S3Options { Bucket = _bucket });

        await FluentActions.Awaiting(() => store.GetAsync(Key, Cancellation))
            .Should().ThrowAsync<StoreUnavailableException>();
        await FluentActions.Awaiting(() => store.ListAsync().ToListAsync(Cancellation).AsTask())
            .Should().ThrowAsync<StoreUnavailableException>();
        await FluentActions.Awaiting(() => store.PutIfAbsentAsync(Key, "1"u8.ToArray(), null, Cancellation))
            .Should().ThrowAsync<WriteOutcomeUnknownException>();
        await FluentActions.Awaiting(() => store.DeleteAsync(Key, Cancellation))
            .Should().ThrowAsync<WriteOutcomeUnknownException>();
    }

    [Fact]
    public async Task A_server_that_keeps_what_is_stored_passes_the_check()
    {
        var store = (S3ObjectStore)Store;

        (await store.CheckAsync(new ObjectKey("check"), Cancellation)).Should().BeTrue();

        (await Store.HeadAsync(new ObjectKey("check"), Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task A_server_that_overwrites_is_refused_before_anything_is_stored_in_it()
    {
        using var client = new ChangedClient(fixture) { Changes = request => request.IfNoneMatch = null };
        var store = new S3ObjectStore(client, new S3Options { Bucket = _bucket });

        for (var tries = 0; tries < 2; tries++)
        {
            var refused = await Assert.ThrowsAsync<StoreOperationException>(
                () => store.PutIfAbsentAsync(Key, "1"u8.ToArray(), null, Cancellation));
            refused.Message.Should().Contain("overwrites");
        }

        (await store.HeadAsync(Key, Cancellation)).Should().BeNull();
        (await store.ListAsync(cancellationToken: Cancellation).ToListAsync(Cancellation)).Should().BeEmpty();
        var unchecked_ = new S3ObjectStore(client, new S3Options { Bucket = _bucket, CheckServer = false });
        (await unchecked_.PutIfAbsentAsync(Key, "1"u8.ToArray(), null, Cancellation)).Should().Be(PutOutcome.Stored);
    }

    [Fact]
    public async Task A_server_that_replaces_whatever_version_is_there_is_refused_as_well()
    {
        using var client = new ChangedClient(fixture) { Changes = request => request.IfMatch = null };
        var store = new S3ObjectStore(client, new S3Options { Bucket = _bucket });

        (await store.CheckAsync(new ObjectKey("check"), Cancellation)).Should().BeFalse();
        await FluentActions.Awaiting(() => store.PutIfAbsentAsync(Key, "1"u8.ToArray(), null, Cancellation))
            .Should().ThrowAsync<StoreOperationException>();

        (await store.ListAsync(cancellationToken: Cancellation).ToListAsync(Cancellation)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_server_that_knows_no_versions_replaces_nothing_silently_and_passes()
    {
        using var client = new ChangedAnswers((request, send) => request.Headers.Contains("If-Match")
            ? Task.FromResult(new HttpResponseMessage(System.Net.HttpStatusCode.NotImplemented)
            {
                Content = new StringContent("<Error><Code>NotImplemented</Code></Error>"),
                RequestMessage = request,
            })
            : send()).MakeClient(fixture);
        var store = new S3ObjectStore(client, new S3Options { Bucket = _bucket });

        (await store.CheckAsync(new ObjectKey("check"), Cancellation)).Should().BeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_answer_of_the_check_is_known_also_when_nobody_knows_whether_it_was_tidied_up(bool keeps)
    {
        using var client = new ChangedClient(fixture)
        {
            Changes = request => request.IfNoneMatch = keeps ? request.IfNoneMatch : null,
            LosesDeletes = true,
        };
        var store = new S3ObjectStore(client, new S3Options { Bucket = _bucket });

        (await store.CheckAsync(new ObjectKey("check"), Cancellation)).Should().Be(keeps);
    }

    [Fact]
    public async Task Classes_that_have_one_name_are_one_class_and_a_move_between_them_is_none()
    {
        var options = new S3Options { Bucket = _bucket, ConditionalCopies = false };
        foreach (var storageClass in Enum.GetValues<StorageClass>())
        {
            options.StorageClasses[storageClass] = "STANDARD";
        }

        using var client = new ChangedClient(fixture);
        var store = new S3ObjectStore(client, options);
        await store.PutIfAbsentAsync(
            Key, "1"u8.ToArray(), new ObjectAttributes(storageClass: StorageClass.DeepArchive), Cancellation);
        var puts = client.Puts;

        (await store.SetStorageClassAsync(Key, StorageClass.InfrequentAccess, Cancellation)).Should().BeTrue();

        client.Puts.Should().Be(puts);
        var info = (await store.HeadAsync(Key, Cancellation))!;
        (info.Attributes.StorageClass, info.Restoration.IsReadable).Should().Be((StorageClass.Standard, true));
    }

    [Fact]
    public async Task A_server_is_checked_once()
    {
        using var client = new ChangedClient(fixture);
        var store = new S3ObjectStore(client, new S3Options { Bucket = _bucket });

        await Task.WhenAll(Enumerable.Range(0, 10).Select(number => store.PutIfAbsentAsync(
            new ObjectKey($"{number}.json"), "1"u8.ToArray(), null, Cancellation)));

        client.Puts.Should().Be(13, "three of them are the check");
    }

    [Fact]
    public async Task An_object_that_came_in_the_place_of_another_while_that_was_to_be_moved_keeps_its_own_metadata()
    {
        await Store.PutIfAbsentAsync(
            Key,
            "first"u8.ToArray(),
            new ObjectAttributes(new Dictionary<string, string>(StringComparer.Ordinal) { ["n"] = "1" }),
            Cancellation);
        using var client = new ChangedClient(fixture)
        {
            BeforeFirstPut = async () =>
            {
                await Store.DeleteAsync(Key, Cancellation);
                await Store.PutIfAbsentAsync(Key, "second"u8.ToArray(), cancellationToken: Cancellation);
            },
        };
        var store = new S3ObjectStore(
            client, new S3Options { Bucket = _bucket, Prefix = "orders/", ConditionalCopies = false });

        (await store.SetStorageClassAsync(Key, StorageClass.InfrequentAccess, Cancellation)).Should().BeTrue();

        var found = (await store.GetAsync(Key, Cancellation))!;
        found.Content.ToArray().Should().Equal("second"u8.ToArray());
        found.Info.Attributes.Metadata.Should().BeEmpty();
        found.Info.Attributes.StorageClass.Should().Be(StorageClass.InfrequentAccess);
        client.Puts.Should().Be(2, "the first one met another version");
    }

    [Fact]
    public async Task Time_that_ran_out_and_a_client_that_is_gone_are_typed_errors()
    {
        var gone = fixture.MakeClient("a", "b");
        gone.Dispose();
        using var slow = new ChangedClient(fixture) { Changes = _ => throw new TimeoutException("slow") };
        foreach (var client in new Amazon.S3.IAmazonS3[] { gone, slow })
        {
            var store = new S3ObjectStore(client, new S3Options { Bucket = _bucket, CheckServer = false });

            await FluentActions.Awaiting(() => store.PutIfAbsentAsync(Key, "1"u8.ToArray(), null, Cancellation))
                .Should().ThrowAsync<WriteOutcomeUnknownException>();
        }

        var reading = new S3ObjectStore(gone, new S3Options { Bucket = _bucket });
        await FluentActions.Awaiting(() => reading.GetAsync(Key, Cancellation))
            .Should().ThrowAsync<StoreUnavailableException>();
        await FluentActions.Awaiting(() => reading.ListAsync().ToListAsync(Cancellation).AsTask())
            .Should().ThrowAsync<StoreUnavailableException>();
    }

    [Theory]
    [InlineData(StorageClass.FlexibleArchive, "GLACIER")]
    [InlineData(StorageClass.DeepArchive, "DEEP_ARCHIVE")]
    public async Task A_cold_object_bears_its_class_and_the_server_that_cannot_restore_says_so(
        StorageClass storageClass, string name)
    {
        await Store.PutIfAbsentAsync(
            Key, "1"u8.ToArray(), new ObjectAttributes(storageClass: storageClass), Cancellation);

        (await fixture.Client.GetObjectMetadataAsync(_bucket, "orders/a/b.json", Cancellation)).StorageClass.Value
            .Should().Be(name);
        var info = (await Store.HeadAsync(Key, Cancellation))!;
        (info.Attributes.StorageClass, info.Restoration.State).Should().Be((storageClass, RestorationState.Required));
        await FluentActions.Awaiting(() => Store.RestoreAsync(Key, new RestoreRequest(), Cancellation))
            .Should().ThrowAsync<EventStoreException>();
    }

    [Fact]
    public async Task Objects_are_encrypted_with_the_key_that_is_named()
    {
        var options = new S3Options
        {
            Bucket = _bucket,
            Encryption = S3Encryption.KeyService,
            EncryptionKeyId = TestServers.RadosGateway.EncryptionKeyId,
            EncryptionContext = { ["tenant"] = "acme" },
        };
        var store = new S3ObjectStore(fixture.Client, options);

        await store.PutIfAbsentAsync(Key, "secret"u8.ToArray(), cancellationToken: Cancellation);
        await FluentActions.Awaiting(() => store.SetStorageClassAsync(Key, StorageClass.InfrequentAccess, Cancellation))
            .Should().ThrowAsync<StoreOperationException>("Ceph does not copy what is encrypted");
        options.ConditionalCopies = false;
        (await store.SetStorageClassAsync(Key, StorageClass.InfrequentAccess, Cancellation)).Should().BeTrue();

        var head = await fixture.Client.GetObjectMetadataAsync(_bucket, Key.Value, Cancellation);
        head.ServerSideEncryptionMethod.Should().Be(Amazon.S3.ServerSideEncryptionMethod.AWSKMS);
        head.ServerSideEncryptionKeyManagementServiceKeyId.Should().Be(options.EncryptionKeyId);
        (await store.GetAsync(Key, Cancellation))!.Content.ToArray().Should().Equal("secret"u8.ToArray());
    }

    protected override async Task<IObjectStore> CreateAsync()
    {
        _bucket = await fixture.MakeBucketAsync();

        // Small pages, so that every list has several.
        return new S3ObjectStore(
            fixture.Client,
            new S3Options { Bucket = _bucket, Prefix = "orders/", ListPageSize = 7, ConditionalCopies = false });
    }

    protected override async Task DamageAsync(ObjectKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var name = $"orders/{key.Value}";
        using var found = await fixture.Client.GetObjectAsync(_bucket, name, Cancellation);
        using var content = new MemoryStream();
        await found.ResponseStream.CopyToAsync(content, Cancellation);
        var bytes = content.ToArray();
        bytes[bytes.Length / 2] ^= 1;
        var request = new PutObjectRequest
        {
            BucketName = _bucket,
            Key = name,
            InputStream = new MemoryStream(bytes),
            UseChunkEncoding = false,
        };
        foreach (var header in found.Metadata.Keys)
        {
            request.Metadata[header] = found.Metadata[header];
        }

        await fixture.Client.PutObjectAsync(request, Cancellation);
    }
}
