using System.Text;

namespace K1s0.EventStore.Samples.Tests.Repositories;

/// <summary>Paths that break programs which take a path for text. Bytes, kept as one character each.</summary>
internal static class OddPaths
{
    public static IReadOnlyList<string> All { get; } =
    [
        "with space", " leading and trailing ", "quote\"double", "quote'single", "back\\slash", "new\nline",
        "tab\there", "carriage\rreturn", "bell\aand\u0001control", "delete\x7f", "-leading-dash", "--option=value", "-",
        ":colon", ":(glob)x", "*?[star]", "!bang", "#hash", "$HOME", "`tick`", "a;b|c&d", "~tilde", "{brace,s}", "@",
        "HEAD", "...", ".hidden",
        "100%", "%0A", "%25", "%", "%~", "%~0000", "commit 1234", "%H%n",
        Utf8("ünïcödé"), Utf8("u\u0308ni\u0308code"), Utf8("日本語/ファイル"), Utf8("🎉 party"), Utf8("\u0085 next line"),
        Utf8("\u200b zero width"), Utf8("\u202e right to left"), Utf8("\ufeff mark"), Utf8("\ufffd replacement"),
        "latin1 \xe9t\xe9", "\xff\xfe", "\x80", "overlong \xc0\x80", "surrogate \xed\xa0\x80", "cut \xf0\x9f\x8e",
        "over \xf4\x90\x80\x80", "file/as/folder", new string('n', 255), Deep("long", 120), Deep("long", 120) + "2",
        Deep(Utf8("lång"), 99) + "\xff", Exactly(500), Exactly(501), Exactly(499) + "%", Exactly(495) + Utf8("🎉"),
    ];

    private static string Utf8(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static string Deep(string name, int depth) => string.Join('/', Enumerable.Repeat(name, depth));

    private static string Exactly(int bytes) => new string('b', 200) + '/' + new string('c', bytes - 201);
}
