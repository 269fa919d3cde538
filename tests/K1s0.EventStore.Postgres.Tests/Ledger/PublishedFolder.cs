using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>A folder that a log is published to, as an outsider sees it.</summary>
internal sealed class PublishedFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-log-");

    public string Path => _folder.FullName;

    public DirectoryPublishedLog Target => new(_folder.FullName);

    /// <summary>All files by path within the log.</summary>
    public IReadOnlyDictionary<string, byte[]> Files() => _folder.EnumerateFiles("*", SearchOption.AllDirectories)
        .ToDictionary(
            file => System.IO.Path.GetRelativePath(_folder.FullName, file.FullName),
            file => File.ReadAllBytes(file.FullName),
            StringComparer.Ordinal);

    public void CopyFrom(PublishedFolder other)
    {
        foreach (var (path, content) in other.Files())
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.Combine(_folder.FullName, path))!);
            Write(path, content);
        }
    }

    public void Write(string path, byte[] content) =>
        File.WriteAllBytes(System.IO.Path.Combine(_folder.FullName, path), content);

    /// <summary>Reads everything from the files and the public key alone, and checks that it fits together.</summary>
    /// <returns>The head, and the entries of the log; null when nothing is published.</returns>
    public async Task<(TreeHead Head, IReadOnlyList<LeafRecord> Entries)?> VerifyAsync(
        IReadOnlyCollection<VerifierKey> keys)
    {
        var files = Files();
        if (!files.TryGetValue("checkpoint", out var checkpoint))
        {
            return null;
        }

        TreeHead.TryOpen(SignedNote.Parse(checkpoint), TestLog.Origin, keys, out var head).Should().BeTrue();
        var entries = new List<LeafRecord>();
        for (var start = 0L; start < head!.Size; start += MerkleTile.FullWidth)
        {
            var width = (int)Math.Min(MerkleTile.FullWidth, head.Size - start);
            var (index, part) = (start / MerkleTile.FullWidth, EntryBundle.Path(start / MerkleTile.FullWidth, width));
            var bundle = files.GetValueOrDefault(part) ?? files[EntryBundle.Path(index, MerkleTile.FullWidth)];
            entries.AddRange(EntryBundle.Read(bundle).Take(width).Select(entry => LeafRecord.Read(entry.Span)));
        }

        var builder = new TileBuilder();
        entries.ForEach(entry => builder.Append(entry.LeafHash()));
        (builder.Size, builder.Root).Should().Be((head.Size, head.Root));
        foreach (var tile in builder.TakeTiles())
        {
            var bytes = files.GetValueOrDefault(tile.Tile.Path) ?? files[tile.Tile.ToFull().Path];
            bytes[..tile.Bytes.Length].Should().Equal(tile.Bytes.ToArray());
        }

        var reader = new DirectoryTileReader(_folder.FullName);
        var path = await InclusionProof.CreateAsync(reader, head.Size / 2, head.Size);
        InclusionProof.Verify(
            entries[(int)(head.Size / 2)].LeafHash(), head.Size / 2, head.Size, path, head.Root).Should().BeTrue();
        return (head, entries);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
