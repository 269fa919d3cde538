using System.Net;
using System.Net.Sockets;
using System.Text;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>Whoever sends anything to the endpoint: a typed answer, bounded memory, and a node that is as before.</summary>
public sealed class HostileRequestTests
{
    private readonly ManualTime _time = new(Endpoint.Noon);

    [Fact]
    public async Task A_method_a_type_or_a_path_that_is_not_of_the_protocol_is_refused_without_a_session()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var http = new HttpClient();
        var hello = HttpRequests.Framed(HttpRequests.Hello);
        var unknown = new string('0', 32);

        (await http.GetAsync(endpoint.Address)).StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        (await http.PutAsync(endpoint.Address, HttpRequests.Body(hello))).StatusCode
            .Should().Be(HttpStatusCode.MethodNotAllowed);
        (await http.PostAsync(endpoint.Address, HttpRequests.Body(hello, "application/json"))).StatusCode
            .Should().Be(HttpStatusCode.UnsupportedMediaType);
        (await http.PostAsync(endpoint.Address, content: null)).StatusCode
            .Should().Be(HttpStatusCode.UnsupportedMediaType);
        (await http.PostAsync($"{endpoint.Address}/{unknown}/1", HttpRequests.Body(hello))).StatusCode
            .Should().Be(HttpStatusCode.Gone);
        (await http.GetAsync($"{endpoint.Address}/{unknown}/1")).StatusCode.Should().Be(HttpStatusCode.Gone);
        (await http.DeleteAsync($"{endpoint.Address}/{unknown}")).StatusCode.Should().Be(HttpStatusCode.Gone);
        (await http.GetAsync($"{endpoint.Address}/{unknown}/one")).StatusCode.Should().Be(HttpStatusCode.NotFound);

        using var compressed = HttpRequests.Body(hello);
        compressed.Headers.ContentEncoding.Add("gzip");
        (await http.PostAsync(endpoint.Address, compressed)).StatusCode
            .Should().Be(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_whether_it_says_so_or_not()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var http = new HttpClient();
        using var announced = await SendHeadAsync(endpoint, $"Content-Length: {HttpSyncProtocol.MaxBodyBytes + 1}");
        (await ReadStatusAsync(announced)).Should().Be(413);

        // Five frames where four are allowed, of a length that is not told before.
        var frame = HttpRequests.Framed(HttpRequests.Hello);
        byte[] frames = [.. Enumerable.Repeat(frame, 5).SelectMany(bytes => bytes)];
        using var silent = await SendHeadAsync(endpoint, "Transfer-Encoding: chunked");
        await silent.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{frames.Length:x}\r\n"));
        await silent.GetStream().WriteAsync(frames);
        await silent.GetStream().WriteAsync("\r\n0\r\n\r\n"u8.ToArray());
        (await ReadStatusAsync(silent)).Should().BeOneOf(400, 410);
        (await endpoint.NextOutcomeAsync()).Report.Should().BeNull();
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0x7F, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 1 })]
    [InlineData(new byte[] { 0, 0, 0, 9, 1 })]
    [InlineData(new byte[] { 0, 0 })]
    public async Task A_frame_that_lies_about_its_length_ends_the_session(byte[] body)
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var http = new HttpClient();

        var answer = await http.PostAsync(endpoint.Address, HttpRequests.Body(body));

        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await endpoint.NextOutcomeAsync()).Reason.Should().Be(SyncEndReason.Disconnected);
    }

    [Fact]
    public async Task A_request_that_comes_twice_or_out_of_turn_is_refused()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var http = new HttpClient();
        using var opened = await HttpRequests.OpenAsync(http, endpoint.Address);
        var session = $"{endpoint.Address}/{HttpRequests.SessionOf(opened)}";

        (await http.PostAsync($"{session}/2", HttpRequests.Body([]))).StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await http.PostAsync($"{session}/1", HttpRequests.Body([]))).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await http.PostAsync($"{session}/1", HttpRequests.Body([]))).StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await http.GetAsync($"{session}/0")).StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await http.DeleteAsync(session)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await endpoint.NextOutcomeAsync()).Reason.Should().Be(SyncEndReason.Disconnected);
        (await http.GetAsync($"{session}/1")).StatusCode.Should().Be(HttpStatusCode.Gone);
    }

    [Fact]
    public async Task A_request_that_breaks_off_in_its_body_ends_the_session_and_nothing_else()
    {
        await using var endpoint = await Endpoint.StartAsync(_time, options => options.MaxSessions = 1);
        await Endpoint.WriteAsync(endpoint.Node, 3);
        var before = endpoint.Node.Clock;
        using (var connection = await SendHeadAsync(endpoint, "Content-Length: 1000"))
        {
            await connection.GetStream().WriteAsync(HttpRequests.Framed(HttpRequests.Hello));
        }

        (await endpoint.NextOutcomeAsync()).Reason.Should().Be(SyncEndReason.Disconnected);
        endpoint.Node.Clock.Should().Be(before);

        using var caller = await Endpoint.OpenNodeAsync(_time);
        using var http = new HttpClient();
        (await caller.SynchroniseAsync(new HttpSyncTransport(http, endpoint.Address), SyncRole.Initiator))
            .IsCompleted.Should().BeTrue("the place is free again");
    }

    [Fact]
    public async Task Any_bytes_behind_a_hello_end_the_session_typed()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var http = new HttpClient();
        var random = SeededRandom.Create();
        for (var i = 0; i < 50; i++)
        {
            using var opened = await HttpRequests.OpenAsync(http, endpoint.Address);
            var frame = new byte[random.Next(1, 200)];
            random.NextBytes(frame);
            await http.PostAsync(
                $"{endpoint.Address}/{HttpRequests.SessionOf(opened)}/1", HttpRequests.Body(HttpRequests.Framed(frame)));
            _ = http.DeleteAsync($"{endpoint.Address}/{HttpRequests.SessionOf(opened)}");
            (await endpoint.NextOutcomeAsync()).Reason.Should().BeOneOf(
                SyncEndReason.NotAuthenticated, SyncEndReason.ProtocolBroken);
        }

        endpoint.Node.Clock.Should().Be(VectorClock.Empty);
    }

    [Fact]
    public async Task An_endpoint_at_which_nothing_says_who_may_call_is_refused()
    {
        var act = () => Endpoint.StartAsync(_time, sync: new SyncOptions { IsTransportAuthenticated = true });

        await act.Should().ThrowAsync<ArgumentException>().WithMessage("*no shared key*");
    }

    [Fact]
    public async Task Options_and_addresses_out_of_range_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Endpoint.StartAsync(_time, options => options.MaxSessions = 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Endpoint.StartAsync(_time, options => options.HoldFor = TimeSpan.FromMinutes(2)));
        using var http = new HttpClient();
        Assert.Throws<ArgumentException>(() => new HttpSyncTransport(http, new Uri("ftp://example.org/sync")));
        Assert.Throws<ArgumentException>(() => new HttpSyncTransport(http, new Uri("/sync", UriKind.Relative)));
    }

    private static async Task<TcpClient> SendHeadAsync(Endpoint endpoint, string length)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, endpoint.Address.Port);
        await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /sync HTTP/1.1\r\nHost: localhost\r\nContent-Type: {HttpSyncProtocol.ContentType}\r\n{length}\r\n\r\n"));
        return connection;
    }

    private static async Task<int> ReadStatusAsync(TcpClient connection)
    {
        using var reader = new StreamReader(connection.GetStream(), Encoding.ASCII);
        var line = await reader.ReadLineAsync();
        return int.Parse(line!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
