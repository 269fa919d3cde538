using System.Security.Cryptography;
using System.Text;

namespace K1s0.EventStore.Sqlite.Tests.Files;

/// <summary>Files that cannot be used: a typed error that names the file and says what to do.</summary>
public sealed class FileErrorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("store.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_missing_folder_is_named_and_not_made()
    {
        var path = System.IO.Path.Combine(_folder.File("missing"), "store.db");
        await using var store = new TestStore(path);

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(() => store.File.OpenAsync());

        refusal.Message.Should().Contain(path).And.Contain("folder exists");
        Directory.Exists(_folder.File("missing")).Should().BeFalse();
    }

    [Fact]
    public async Task A_folder_in_the_place_of_the_file_is_refused()
    {
        Directory.CreateDirectory(Path);
        await using var store = new TestStore(Path);

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(() => store.File.OpenAsync());

        refusal.Message.Should().Contain("names a file");
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_alone()
    {
        var content = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("Dear diary, ", 1_000)));
        await File.WriteAllBytesAsync(Path, content);
        await using var store = new TestStore(Path);

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(() => store.File.OpenAsync());

        refusal.Message.Should().Contain("not an SQLite database").And.Contain(Path);
        refusal.IsTransient.Should().BeFalse();
        (await File.ReadAllBytesAsync(Path)).Should().Equal(content);
    }

    [Fact]
    public async Task A_file_system_that_takes_no_files_is_named()
    {
        Assert.SkipUnless(Directory.Exists("/proc"), "needs a file system that nobody can write to");
        await using var store = new TestStore("/proc/store.db");

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(() => store.File.OpenAsync());

        refusal.Message.Should().Contain("/proc/store.db").And.Contain("may be written");
    }

    [Theory]
    [InlineData(":memory:")]
    [InlineData("file:store.db?mode=memory")]
    [InlineData("folder/")]
    [InlineData("nul\0character")]
    [InlineData("")]
    public void A_path_that_names_no_file_is_refused_before_anything_is_opened(string path) =>
        Assert.Throws<ArgumentException>(() => new SqliteStoreFile(new SqliteOptions { FilePath = path }))
            .Message.Should().Contain(nameof(SqliteOptions.FilePath));

    [Fact]
    public async Task A_damaged_file_is_told_from_an_empty_one()
    {
        var stream = Some.Stream();
        await using (var store = new TestStore(Path))
        {
            await store.Store.AppendAsync(stream, Some.Events(stream, 1_000), 0);
        }

        // Everything behind the first page, which holds the header and the schema.
        var content = await File.ReadAllBytesAsync(Path);
        RandomNumberGenerator.Fill(content.AsSpan(4096));
        await File.WriteAllBytesAsync(Path, content);
        await using var damaged = new TestStore(Path);

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(() => damaged.Store.LoadAsync(stream));

        refusal.Message.Should().Contain("damaged").And.Contain(Path);
        await Assert.ThrowsAsync<StoreOperationException>(
            () => damaged.Store.AppendAsync(stream, Some.Events(stream, 1)));
    }

    [Fact]
    public async Task A_file_without_room_refuses_the_append_and_takes_it_when_there_is_room()
    {
        var (stream, other) = (Some.Stream(), Some.Stream());
        await using var store = new TestStore(Path);
        await store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
        await store.File.WriteAsync(session => { session.Run("pragma max_page_count = 30"); return true; }, default);
        EventEnvelope[] large = [Some.Event(other, $"\"{new string('x', 500_000)}\"")];
        var position = await store.Store.GetSettledBoundAsync();

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => store.Store.AppendAsync(other, large, 0));

        refusal.Message.Should().Contain("no room").And.Contain("free space");
        (await store.Store.ExistsAsync(other)).Should().BeFalse();
        (await store.Store.GetSettledBoundAsync()).Should().Be(position);

        // The connection that met the error, and its limit, is gone.
        (await store.Store.AppendAsync(other, large, 0)).WasRepeated.Should().BeFalse();
        (await store.Store.LoadAsync(other)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_closed_store_says_that_it_is_closed_and_leaves_one_file()
    {
        var stream = Some.Stream();
        var store = new TestStore(Path);
        await store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
        await store.DisposeAsync();
        await store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.Store.LoadAsync(stream));
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => store.Store.AppendAsync(stream, Some.Events(stream, 1)));
        Directory.GetFiles(_folder.FullName).Should().Equal([Path], "the log was folded into the file");
    }

    [Fact]
    public async Task Closing_waits_for_the_writes_that_were_taken()
    {
        var streams = Enumerable.Range(0, 50).Select(_ => Some.Stream()).ToArray();
        var store = new TestStore(Path);
        await store.File.OpenAsync();
        var appends = streams.Select(stream => store.Store.AppendAsync(stream, Some.Events(stream, 2), 0)).ToArray();

        await store.DisposeAsync();

        await using var again = new TestStore(Path);
        for (var i = 0; i < streams.Length; i++)
        {
            var failure = await Record.ExceptionAsync(() => appends[i].WaitAsync(TimeSpan.FromMinutes(5)));
            (failure is TimeoutException).Should().BeFalse("what was taken ends");
            (await again.Store.ExistsAsync(streams[i])).Should().Be(failure is null);
        }
    }
}
