// SPDX-License-Identifier: MIT

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using Spead2.Mutants.Sources;

namespace Spead2.Mutants.Languages;

/// <summary>Finds what can be changed in a C# file.</summary>
internal sealed class CSharpTree : CSharpSyntaxWalker
{
    private readonly SemanticModel _model;
    private readonly Operators _operators;

    // Only what is executed can ask whether a mutant is on.
    private int _bodies;

    private CSharpTree(string file, SemanticModel model)
    {
        _model = model;
        _operators = new(file, model.SyntaxTree.ToString());
    }

    /// <summary>Everything that can be changed in a file's members.</summary>
    public static SourceFile Read(string file, SemanticModel model)
    {
        CSharpTree walker = new(file, model);
        walker.Visit(model.SyntaxTree.GetRoot());
        return new(file, model.SyntaxTree.ToString(), walker._operators.Found);
    }

    public override void VisitBlock(BlockSyntax node)
    {
        _bodies++;
        base.VisitBlock(node);
        _bodies--;
    }

    public override void VisitArrowExpressionClause(ArrowExpressionClauseSyntax node)
    {
        _bodies++;
        base.VisitArrowExpressionClause(node);
        _bodies--;
    }

    // These are constants for the compiler.
    public override void VisitAttributeList(AttributeListSyntax node)
    {
    }

    public override void VisitCaseSwitchLabel(CaseSwitchLabelSyntax node)
    {
    }

    public override void VisitConstantPattern(ConstantPatternSyntax node)
    {
    }

    public override void VisitRelationalPattern(RelationalPatternSyntax node)
    {
    }

    public override void VisitParameterList(ParameterListSyntax node)
    {
    }

    public override void VisitLocalDeclarationStatement(LocalDeclarationStatementSyntax node)
    {
        if (!node.IsConst)
        {
            base.VisitLocalDeclarationStatement(node);
        }
    }

    public override void VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        if (_bodies > 0 && _model.GetTypeInfo(node).Type?.SpecialType != SpecialType.System_String && !Declares(node))
        {
            _operators.AddBinary(
                Place(node), Place(node.Left), node.OperatorToken.Text, Place(node.Right), mayRepeat: true);
        }

        base.VisitBinaryExpression(node);
    }

    public override void VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node)
    {
        if (_bodies > 0 && node.IsKind(SyntaxKind.LogicalNotExpression) && !Declares(node))
        {
            _operators.AddNot(Place(node), Place(node.Operand));
        }

        base.VisitPrefixUnaryExpression(node);
    }

    public override void VisitLiteralExpression(LiteralExpressionSyntax node)
    {
        if (_bodies == 0)
        {
            return;
        }

        if (node.IsKind(SyntaxKind.NumericLiteralExpression))
        {
            ITypeSymbol? type = _model.GetTypeInfo(node).ConvertedType;
            bool needsCast = type is { TypeKind: TypeKind.Struct or TypeKind.Enum, SpecialType: not SpecialType.System_Int32 };
            _operators.AddConstant(
                Place(node), needsCast ? $"({type!.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat)})" : "");
        }
        else if (node.Kind() is SyntaxKind.TrueLiteralExpression or SyntaxKind.FalseLiteralExpression)
        {
            _operators.AddTruth(Place(node));
        }
    }

    public override void VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        string function = node.Expression.ToString();
        if (_bodies > 0 && function is "Math.Min" or "Math.Max" && !Declares(node))
        {
            _operators.AddChoice(
                Place(node), Place(node.Expression), function == "Math.Min" ? "Math.Max" : "Math.Min",
                Place(node.ArgumentList));
        }

        base.VisitInvocationExpression(node);
    }

    public override void VisitIfStatement(IfStatementSyntax node)
    {
        StatementSyntax last = node.Statement is BlockSyntax { Statements: [.., var end] } ? end : node.Statement;
        if (node.Else is null && last is ReturnStatementSyntax or ThrowStatementSyntax && !Declares(node.Condition))
        {
            _operators.AddEarlyReturn(Place(node.Condition));
        }

        base.VisitIfStatement(node);
    }

    public override void VisitBreakStatement(BreakStatementSyntax node)
    {
        SyntaxNode? whole = node.Ancestors().FirstOrDefault(
            one => one is SwitchStatementSyntax or CommonForEachStatementSyntax or ForStatementSyntax or WhileStatementSyntax or DoStatementSyntax);
        if (whole is not SwitchStatementSyntax)
        {
            _operators.AddStatement(Place(node));
        }
    }

    public override void VisitContinueStatement(ContinueStatementSyntax node) => _operators.AddStatement(Place(node));

    public override void VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        ExpressionSyntax expression = node.Expression;
        if (!Declares(expression) && !expression.ToString().StartsWith("Debug.", StringComparison.Ordinal))
        {
            _operators.AddStatement(Place(node));
            AddAssignment(node, expression);
        }

        base.VisitExpressionStatement(node);
    }

    private static TextRange Place(SyntaxNode node) => Place(node.Span);

    private static TextRange Place(TextSpan span) => new(span.Start, span.End);

    /// <summary>Whether variables come into being, which can neither be doubled nor left out.</summary>
    private static bool Declares(SyntaxNode node) =>
        node.DescendantNodesAndSelf().Any(one => one is SingleVariableDesignationSyntax);

    private void AddAssignment(ExpressionStatementSyntax node, ExpressionSyntax expression)
    {
        TextRange end = new(expression.Span.End, expression.Span.End);
        switch (expression)
        {
            case AssignmentExpressionSyntax assignment when IsNumber(assignment.Left):
                _operators.AddAssignment(
                    Place(node), Place(assignment.Left), assignment.OperatorToken.Text, Place(assignment.Right));
                break;
            case PostfixUnaryExpressionSyntax postfix when IsNumber(postfix.Operand):
                _operators.AddAssignment(Place(node), Place(postfix.Operand), postfix.OperatorToken.Text, end);
                break;
            case PrefixUnaryExpressionSyntax prefix when IsNumber(prefix.Operand):
                _operators.AddAssignment(Place(node), Place(prefix.Operand), prefix.OperatorToken.Text, end);
                break;
        }
    }

    private bool IsNumber(ExpressionSyntax expression) =>
        _model.GetTypeInfo(expression).Type is { TypeKind: TypeKind.Struct or TypeKind.Enum or TypeKind.Pointer };
}
