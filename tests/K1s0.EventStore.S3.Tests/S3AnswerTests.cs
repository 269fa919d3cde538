using System.Net;
using System.Text;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.S3.Tests;

/// <summary>Answers that are none: cut off, of another kind, or errors that come as successes.</summary>
public sealed class S3AnswerTests(RadosGatewayFixture fixture)
{
    private const string InternalError =
        """<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code><Message>later</Message></Error>""";

    private static readonly ObjectKey Key = new("a/b.json");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Contents><Key>a/b.js")]
    [InlineData("<html><body>Welcome to the network of this hotel<br></body>")]
    [InlineData("not XML")]
    [InlineData(InternalError)]
    public async Task A_list_that_is_none_may_come_whole_the_next_time(string body)
    {
        var store = await OpenAsync((_, send) => AnswerAsync(body, send));

        await FluentActions.Awaiting(() => store.ListAsync().ToListAsync(Cancellation).AsTask())
            .Should().ThrowAsync<StoreUnavailableException>();
    }

    [Theory]
    [InlineData("<?xml version=\"1.0\" encoding=\"UTF-8\"?><CopyObjectResult><ETag>\"9a")]
    [InlineData("not XML")]
    [InlineData(InternalError)]
    public async Task Nobody_knows_after_a_copy_whose_answer_is_none(string body)
    {
        var store = await OpenAsync((request, send) => request.Headers.Contains("x-amz-copy-source")
            ? AnswerAsync(body, send)
            : send());
        await store.PutIfAbsentAsync(Key, "1"u8.ToArray(), cancellationToken: Cancellation);

        await FluentActions.Awaiting(
            () => store.SetStorageClassAsync(Key, StorageClass.InfrequentAccess, Cancellation))
            .Should().ThrowAsync<WriteOutcomeUnknownException>();
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, "<Error><Code>Intern")]
    [InlineData(HttpStatusCode.OK, InternalError)]
    [InlineData(HttpStatusCode.OK, "<html><br>")]
    [InlineData(HttpStatusCode.BadGateway, "<html><br>")]
    [InlineData(HttpStatusCode.Forbidden, "<html><br>")]
    [InlineData(HttpStatusCode.MovedPermanently, "")]
    public async Task Whatever_comes_back_it_is_an_answer_or_a_typed_error(HttpStatusCode status, string body)
    {
        var store = await OpenAsync((request, _) => Task.FromResult(new HttpResponseMessage(status)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/xml"),
            RequestMessage = request,
        }));
        Func<Task>[] calls =
        [
            () => store.GetAsync(Key, 1_000, Cancellation),
            () => store.GetRangeAsync(Key, ObjectRange.At(0, 10), Cancellation),
            () => store.HeadAsync(Key, Cancellation),
            () => store.ListAsync().ToListAsync(Cancellation).AsTask(),
            () => store.PutIfAbsentAsync(Key, "1"u8.ToArray(), cancellationToken: Cancellation),
            () => store.DeleteAsync(Key, Cancellation),
            () => store.SetStorageClassAsync(Key, StorageClass.InfrequentAccess, Cancellation),
            () => store.RestoreAsync(Key, new Archive.RestoreRequest(), Cancellation),
        ];

        foreach (var call in calls)
        {
            var thrown = await Record.ExceptionAsync(call);
            (thrown is null or EventStoreException).Should().BeTrue("it is {0}", thrown);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_put_that_met_another_one_is_tried_again_and_stored_once(int conflicts)
    {
        var (puts, met) = (0, 0);
        var store = await OpenAsync((request, send) =>
            request.Method == HttpMethod.Put && ++puts <= conflicts ? ConflictAsync(request, ref met) : send());

        (await store.PutIfAbsentAsync(Key, "1"u8.ToArray(), cancellationToken: Cancellation))
            .Should().Be(PutOutcome.Stored);

        (puts, met).Should().Be((conflicts + 1, conflicts));
        (await store.GetAsync(Key, 1, Cancellation))!.Content.ToArray().Should().Equal("1"u8.ToArray());
    }

    [Fact]
    public async Task A_put_that_meets_others_again_and_again_is_unknown_and_can_be_repeated()
    {
        var (meets, met) = (true, 0);
        var store = await OpenAsync((request, send) =>
            request.Method == HttpMethod.Put && meets ? ConflictAsync(request, ref met) : send());

        await FluentActions.Awaiting(
            () => store.PutIfAbsentAsync(Key, "1"u8.ToArray(), cancellationToken: Cancellation))
            .Should().ThrowAsync<WriteOutcomeUnknownException>();

        met.Should().Be(3, "the first one and two more");
        meets = false;
        (await store.PutIfAbsentAsync(Key, "1"u8.ToArray(), cancellationToken: Cancellation))
            .Should().Be(PutOutcome.Stored);
    }

    private static Task<HttpResponseMessage> ConflictAsync(HttpRequestMessage request, ref int met)
    {
        met++;
        return Task.FromResult(new HttpResponseMessage(HttpStatusCode.Conflict)
        {
            Content = new StringContent(
                "<Error><Code>ConditionalRequestConflict</Code></Error>", Encoding.UTF8, "application/xml"),
            RequestMessage = request,
        });
    }

    private static async Task<HttpResponseMessage> AnswerAsync(string body, Func<Task<HttpResponseMessage>> send) =>
        await ChangedAnswers.WithBodyAsync(await send(), _ => Encoding.UTF8.GetBytes(body));

    private async Task<S3ObjectStore> OpenAsync(
        Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> answer) => new(
        new ChangedAnswers(answer).MakeClient(fixture),
        new S3Options { Bucket = await fixture.MakeBucketAsync(), CheckServer = false, MaxConflictRetries = 2 },
        new WaitlessTime());
}
