// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Mutants.Sources;

namespace Spead2.Mutants.Languages;

/// <summary>Finds what can be changed in a C file, in the syntax tree that clang writes.</summary>
internal sealed class ClangTree
{
    private static readonly Dictionary<string, string> Choices = new()
    {
        ["sp2__min_u64"] = "sp2__max_u64", ["sp2__max_u64"] = "sp2__min_u64",
    };

    private readonly string _text;
    private readonly Operators _operators;

    private ClangTree(string file, string text)
    {
        _text = text;
        _operators = new(file, text);
    }

    /// <summary>Everything that can be changed in a file's functions.</summary>
    /// <param name="file">The file's name.</param>
    /// <param name="text">Its text, one character for each byte.</param>
    /// <param name="tree">clang's tree of it, as JSON.</param>
    public static SourceFile Read(string file, string text, string tree)
    {
        ClangTree reader = new(file, text);
        using JsonDocument document = JsonDocument.Parse(tree, new() { MaxDepth = 1000 });
        foreach (JsonElement declaration in Inner(document.RootElement))
        {
            if (Kind(declaration) == "FunctionDecl" && declaration.TryGetProperty("loc", out JsonElement at) &&
                Token(at) is not null)
            {
                reader.Walk(declaration);
            }
        }

        return new(file, text, reader._operators.Found);
    }

    private static IEnumerable<JsonElement> Inner(JsonElement node) =>
        node.TryGetProperty("inner", out JsonElement inner) ? inner.EnumerateArray() : [];

    private static string Kind(JsonElement node) =>
        node.TryGetProperty("kind", out JsonElement kind) ? kind.GetString()! : "";

    private static string Sign(JsonElement node) =>
        node.TryGetProperty("opcode", out JsonElement sign) ? sign.GetString()! : "";

    /// <summary>Where a token is in this file; null if it is in another one, or comes out of a macro.</summary>
    private static TextRange? Token(JsonElement location)
    {
        if (location.TryGetProperty("expansionLoc", out JsonElement expansion))
        {
            // The argument of a macro is written in this file, too.
            return expansion.TryGetProperty("isMacroArgExpansion", out _) ? Token(location.GetProperty("spellingLoc")) : null;
        }

        if (!location.TryGetProperty("offset", out JsonElement offset) || location.TryGetProperty("includedFrom", out _))
        {
            return null;
        }

        int start = offset.GetInt32();
        return new(start, start + location.GetProperty("tokLen").GetInt32());
    }

    /// <summary>Where a node is; null if its ends are not both written in this file.</summary>
    private static TextRange? Place(JsonElement node)
    {
        if (!node.TryGetProperty("range", out JsonElement range) || Token(range.GetProperty("begin")) is not { } begin ||
            Token(range.GetProperty("end")) is not { } end || end.End <= begin.Start)
        {
            return null;
        }

        return new(begin.Start, end.End);
    }

    /// <summary>Where a statement begins, also if it begins with a macro.</summary>
    private static int? Begin(JsonElement node)
    {
        if (!node.TryGetProperty("range", out JsonElement range))
        {
            return null;
        }

        JsonElement begin = range.GetProperty("begin");
        return begin.TryGetProperty("expansionLoc", out JsonElement expansion)
            ? Token(expansion)?.Start
            : Token(begin)?.Start;
    }

    private void Walk(JsonElement node)
    {
        switch (Kind(node))
        {
            // What is a constant for the compiler cannot ask whether a mutant is on.
            case "StaticAssertDecl" or "ConstantExpr" or "EnumDecl" or "UnaryExprOrTypeTraitExpr" or "OffsetOfExpr":
            case "VarDecl" when node.TryGetProperty("storageClass", out JsonElement storage) && storage.GetString() == "static":
                return;
            case "InitListExpr" when Place(node) is { } list && list.Of(_text) == "{0}":
                return;
            case "BinaryOperator":
                AddBinary(node);
                break;
            case "UnaryOperator" when Sign(node) == "!":
                AddNot(node);
                break;
            case "IntegerLiteral" when Place(node) is { } place:
                _operators.AddConstant(place);
                break;
            case "CallExpr":
                AddChoice(node);
                break;
            case "IfStmt":
                AddEarlyReturn(node);
                break;
            case "ReturnStmt":
                AddTruth(node);
                break;
            case "CompoundStmt":
                foreach (JsonElement statement in Inner(node))
                {
                    AddStatement(statement);
                }

                break;
        }

        foreach (JsonElement child in Inner(node))
        {
            Walk(child);
        }
    }

    private void AddBinary(JsonElement node)
    {
        JsonElement[] operands = [.. Inner(node)];
        if (Place(node) is { } place && Place(operands[0]) is { } left && Place(operands[1]) is { } right &&
            left.End <= right.Start && _text[left.End..right.Start].Trim() == Sign(node))
        {
            _operators.AddBinary(place, left, Sign(node), right, mayRepeat: true);
        }
    }

    private void AddNot(JsonElement node)
    {
        if (Place(node) is { } place && Place(Inner(node).First()) is { } operand && _text[place.Start] == '!')
        {
            _operators.AddNot(place, operand);
        }
    }

    private void AddChoice(JsonElement node)
    {
        if (Place(node) is { } place && Place(Inner(node).First()) is { } function &&
            Choices.TryGetValue(function.Of(_text), out string? other))
        {
            _operators.AddChoice(place, function, other, new(function.End, place.End));
        }
    }

    private void AddEarlyReturn(JsonElement node)
    {
        JsonElement[] parts = [.. Inner(node)];
        JsonElement then = parts[1];
        bool returns = Kind(then) == "CompoundStmt" && Inner(then).LastOrDefault() is { ValueKind: JsonValueKind.Object } last &&
            Kind(last) == "ReturnStmt";
        if (parts.Length == 2 && returns && Begin(node) is { } start)
        {
            int open = _text.IndexOf('(', start);
            int close = Closing(open);
            if (_text[start..open].Trim() == "if" && close > open)
            {
                _operators.AddEarlyReturn(new(open + 1, close));
            }
        }
    }

    private void AddTruth(JsonElement node)
    {
        if (Begin(node) is { } start && EndOf(start) is { } end)
        {
            const int keyword = 6;
            string value = _text[(start + keyword)..end].Trim();
            if (value is "true" or "false")
            {
                int at = _text.IndexOf(value, start, StringComparison.Ordinal);
                _operators.AddTruth(new(at, at + value.Length));
            }
        }
    }

    private void AddStatement(JsonElement node)
    {
        string kind = Kind(node);
        bool changes = kind is "CompoundAssignOperator" || (kind == "UnaryOperator" && Sign(node) is "++" or "--");
        bool acts = changes || kind is "CallExpr" or "AtomicExpr" or "StmtExpr" or "BreakStmt" or "ContinueStmt" ||
            (kind == "BinaryOperator" && Sign(node) == "=");
        if (!acts || Begin(node) is not { } start || EndOf(start) is not { } end)
        {
            return;
        }

        TextRange place = new(start, end + 1);
        _operators.AddStatement(place);
        JsonElement[] operands = [.. Inner(node)];
        if (changes && Place(operands[0]) is { } left)
        {
            TextRange right = operands.Length > 1 && Place(operands[1]) is { } second ? second : new(end, end);
            _operators.AddAssignment(place, left, Sign(node), right);
        }
    }

    /// <summary>The semicolon that ends a statement.</summary>
    private int? EndOf(int start)
    {
        int depth = 0;
        for (int i = start; i < _text.Length; i++)
        {
            switch (_text[i])
            {
                case '(' or '{' or '[':
                    depth++;
                    break;
                case ')' or '}' or ']':
                    depth--;
                    break;
                case ';' when depth == 0:
                    return i;
                case '"' or '\'':
                    i = Quoted(i);
                    break;
            }
        }

        return null;
    }

    /// <summary>The bracket that closes one.</summary>
    private int Closing(int open)
    {
        int depth = 0;
        for (int i = open; i >= 0 && i < _text.Length; i++)
        {
            depth += _text[i] == '(' ? 1 : _text[i] == ')' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }

            if (_text[i] is '"' or '\'')
            {
                i = Quoted(i);
            }
        }

        return -1;
    }

    /// <summary>The end of a text or character that begins here.</summary>
    private int Quoted(int start)
    {
        int i = start + 1;
        while (_text[i] != _text[start])
        {
            i += _text[i] == '\\' ? 2 : 1;
        }

        return i;
    }
}
