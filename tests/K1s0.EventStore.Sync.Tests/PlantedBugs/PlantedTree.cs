using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// Plants mistakes into a file: a body in which there are some becomes a choice between what it was and, for each, what it
/// would be. One compilation serves all of them.
/// </summary>
internal static class PlantedTree
{
    private const string Switch = "global::K1s0.EventStore.Sync.Simulation.Planted.Is";

    public static SyntaxTree Plant(
        SyntaxTree tree, IReadOnlyList<(int Number, PlantedBug Bug)> bugs, Func<string, SyntaxTree> parse)
    {
        if (bugs.Count == 0)
        {
            return tree;
        }

        // From the end, so that the places before stay where they are.
        var (text, planted) = (tree.ToString(), tree.ToString());
        var places = bugs.Select(bug => (bug.Number, Edit: EditOf(text, bug.Bug)))
            .GroupBy(bug => BodyAt(tree, bug.Edit.At))
            .OrderByDescending(place => place.Key.Start);
        foreach (var (body, wrongs) in places.Select(place => (place.Key, place)))
        {
            var branches = wrongs.Select(wrong => $"if ({Switch}({wrong.Number})) {body.Statement(wrong.Edit.In(text, body))} else ");
            var choice = $"{{ {string.Concat(branches)} {body.Statement(text[body.Start..body.End])} }}";
            planted = string.Concat(
                planted.AsSpan(0, body.ReplacedFrom), body.IsProperty ? $"{{ get {choice} }}" : choice, planted.AsSpan(body.ReplacedTo));
        }

        return parse(planted);
    }

    // Only what differs: a mistake names some of its surroundings, so that there is one such place.
    private static Edit EditOf(string text, PlantedBug bug)
    {
        var at = text.IndexOf(bug.Right, StringComparison.Ordinal);
        at.Should().BeGreaterThanOrEqualTo(0, $"{bug.File} has the place of '{bug.Name}'");
        text.IndexOf(bug.Right, at + 1, StringComparison.Ordinal).Should().Be(-1, $"there is one place of '{bug.Name}'");
        var same = bug.Right.AsSpan().CommonPrefixLength(bug.Wrong);
        var (right, wrong) = (bug.Right[same..], bug.Wrong[same..]);
        while (right is [.., var last] && wrong.EndsWith(last))
        {
            (right, wrong) = (right[..^1], wrong[..^1]);
        }

        return new Edit(at + same, right.Length, wrong);
    }

    private static Body BodyAt(SyntaxTree tree, int at)
    {
        var member = tree.GetRoot().FindToken(at).Parent!.AncestorsAndSelf()
            .First(node => node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or PropertyDeclarationSyntax { ExpressionBody: not null });
        var (block, arrow, end) = member switch
        {
            BaseMethodDeclarationSyntax method => (method.Body, method.ExpressionBody, method.SemicolonToken),
            AccessorDeclarationSyntax accessor => (accessor.Body, accessor.ExpressionBody, accessor.SemicolonToken),
            _ => (null, ((PropertyDeclarationSyntax)member).ExpressionBody, ((PropertyDeclarationSyntax)member).SemicolonToken),
        };
        return block is not null
            ? new Body(block.SpanStart, block.Span.End, block.SpanStart, block.Span.End, IsBlock: true, HasResult: false, IsProperty: false)
            : new Body(
                arrow!.Expression.SpanStart,
                arrow.Expression.Span.End,
                arrow.SpanStart,
                end.Span.End,
                IsBlock: false,
                HasResult(member),
                member is PropertyDeclarationSyntax);
    }

    private static bool HasResult(SyntaxNode member) => member switch
    {
        ConstructorDeclarationSyntax => false,
        AccessorDeclarationSyntax accessor => accessor.IsKind(SyntaxKind.GetAccessorDeclaration),
        MethodDeclarationSyntax method when method.Modifiers.Any(SyntaxKind.AsyncKeyword) => method.ReturnType is GenericNameSyntax,
        MethodDeclarationSyntax method => method.ReturnType is not PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword },
        _ => true,
    };

    private sealed record Edit(int At, int Length, string Wrong)
    {
        public string In(string text, Body body)
        {
            (At >= body.Start && At + Length <= body.End).Should().BeTrue($"'{Wrong}' stands in one body");
            return string.Concat(text.AsSpan(body.Start, At - body.Start), Wrong, text.AsSpan((At + Length)..body.End));
        }
    }

    private sealed record Body(
        int Start, int End, int ReplacedFrom, int ReplacedTo, bool IsBlock, bool HasResult, bool IsProperty)
    {
        public string Statement(string body) => IsBlock ? body : HasResult ? $"{{ return {body}; }}" : $"{{ {body}; }}";
    }
}
