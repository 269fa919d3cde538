namespace K1s0.EventStore.Compression;

/// <summary>What is wrong with compressed bytes.</summary>
public enum DecompressionFault
{
    /// <summary>They are changed, cut off, followed by others, or were never of this format.</summary>
    Damaged = 0,

    /// <summary>They hold more than the caller accepts.</summary>
    TooLarge = 1,

    /// <summary>They were compressed with another dictionary than the one that was given, or with none.</summary>
    WrongDictionary = 2,
}
