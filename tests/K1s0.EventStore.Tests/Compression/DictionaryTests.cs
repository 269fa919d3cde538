using System.Runtime.CompilerServices;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests.Compression;

public sealed class DictionaryTests
{
    private readonly Random _random = SeededRandom.Create();

    [Fact]
    public void A_trained_dictionary_makes_single_events_much_smaller()
    {
        var (codec, dictionary) = (CompressionCodecs.Zstd(), Trained());
        var content = Samples.Event(_random);

        var with = codec.Compress(content, dictionary);

        with.Length.Should().BeLessThan(codec.Compress(content).Length * 2 / 3);
        codec.Decompress(with, 1_000, dictionary).Should().Equal(content);
        codec.Decompress(with, 1_000, new CompressionDictionary(dictionary.Content.Span)).Should().Equal(content);
        dictionary.Id.Should().BePositive();
        dictionary.Content.Length.Should().BeInRange(CompressionDictionary.LeastBytes, 8 * 1024);
    }

    [Fact]
    public void Without_its_dictionary_or_with_another_one_a_frame_is_refused()
    {
        var codec = CompressionCodecs.Zstd();
        var (dictionary, other) = (Trained(), Trained());
        var with = codec.Compress(Samples.Event(_random), dictionary);

        foreach (var wrong in new[] { null, other })
        {
            FluentActions.Invoking(() => codec.Decompress(with, 1_000, wrong))
                .Should().Throw<DecompressionException>()
                .Which.Fault.Should().Be(DecompressionFault.WrongDictionary);
        }
    }

    [Fact]
    public void Any_bytes_serve_as_a_dictionary_and_a_wrong_one_is_noticed_by_the_checksum()
    {
        var codec = CompressionCodecs.Zstd(19);
        var content = Samples.Event(_random);
        var dictionary = new CompressionDictionary(content);
        var with = codec.Compress(content, dictionary);

        dictionary.Id.Should().Be(0);
        with.Length.Should().BeLessThan(40);
        codec.Decompress(with, 1_000, dictionary).Should().Equal(content);
        FluentActions.Invoking(() => codec.Decompress(with, 1_000, new CompressionDictionary(Samples.Event(_random))))
            .Should().Throw<DecompressionException>();
        FluentActions.Invoking(() => codec.Decompress(with, 1_000)).Should().Throw<DecompressionException>();
    }

    [Fact]
    public void A_damaged_dictionary_is_refused_and_is_no_reason_to_refuse_the_frame()
    {
        var damaged = Trained().Content.ToArray();
        damaged.AsSpan(8, 200).Fill(0xFF);
        var codec = CompressionCodecs.Zstd();

        FluentActions.Invoking(() => codec.Compress("{}"u8, new CompressionDictionary(damaged)))
            .Should().Throw<InvalidFormatException>().WithMessage("*dictionary*");
        FluentActions.Invoking(() => codec.Decompress(codec.Compress("{}"u8), 10, new CompressionDictionary(damaged)))
            .Should().Throw<InvalidFormatException>();
    }

    [Fact]
    public void Too_few_samples_and_impossible_lengths_are_wrong_calls()
    {
        FluentActions.Invoking(() => CompressionDictionary.Train([])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => CompressionDictionary.Train([new byte[3]])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => CompressionDictionary.Train([], 1023)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new CompressionDictionary(new byte[7])).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Brotli_says_that_it_has_no_dictionaries()
    {
        var (codec, dictionary) = (CompressionCodecs.Brotli(), new CompressionDictionary(new byte[8]));

        FluentActions.Invoking(() => codec.Compress("{}"u8, dictionary)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => codec.Decompress(codec.Compress("{}"u8), 10, dictionary))
            .Should().Throw<ArgumentException>();
    }

    [Fact]
    public void A_dictionary_ends_with_its_last_user_and_the_codec_that_used_it_works_on()
    {
        var codec = CompressionCodecs.Zstd();
        for (var round = 0; round < 20; round++)
        {
            var content = Samples.Event(_random);

            var dictionary = UseOnce(codec, content);
            Collect();

            dictionary.TryGetTarget(out _).Should().BeFalse("the codec does not keep it");
            var without = codec.Compress(content);
            codec.Decompress(without, 1_000).Should().Equal(content, "its contexts do not refer to it any more");
        }
    }

    [Fact]
    public async Task Dictionaries_that_come_and_go_while_others_are_used_and_memory_is_collected_harm_nothing()
    {
        var codec = CompressionCodecs.Zstd();
        var seeds = Enumerable.Range(0, 3).Select(_ => _random.Next()).ToArray();
        var users = Task.WhenAll(seeds.Select(seed => Task.Run(
            () =>
            {
                var random = new Random(seed);
                for (var round = 0; round < 60; round++)
                {
                    UseOnce(codec, Samples.Events(random, 2_000));
                }
            },
            TestContext.Current.CancellationToken)));
        do
        {
            Collect();
        }
        while (!users.IsCompleted);

        await users;
    }

    // Nothing of the caller's keeps the dictionary.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<CompressionDictionary> UseOnce(ICompressionCodec codec, byte[] content)
    {
        var dictionary = new CompressionDictionary(content);
        var with = codec.Compress(content, dictionary);
        codec.Decompress(with, content.Length, new CompressionDictionary(content)).Should().Equal(content);
        return new WeakReference<CompressionDictionary>(dictionary);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private CompressionDictionary Trained() => CompressionDictionary.Train(
        [.. Enumerable.Range(0, 500).Select(_ => (ReadOnlyMemory<byte>)Samples.Event(_random))], 8 * 1024);
}
