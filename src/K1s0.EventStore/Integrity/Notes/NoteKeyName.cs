namespace K1s0.EventStore.Integrity;

/// <summary>Names of keys: not empty, no white space, no plus sign, no control characters.</summary>
internal static class NoteKeyName
{
    public static bool IsValid(string name) =>
        name.Length > 0
        && !name.Any(character => char.IsWhiteSpace(character) || char.IsControl(character) || character == '+')
        && StrictText.TryEncode(name) is not null;

    public static void Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsValid(name))
        {
            throw new ArgumentException(
                $"'{name}' is no name of a key: it is empty, or has white space, a plus sign or a control character.",
                nameof(name));
        }
    }
}
