// SPDX-License-Identifier: MIT

using System.CommandLine;

namespace Spead2.Tools.Commands;

/// <summary>A value that users name: the help and the completions have its name.</summary>
/// <param name="Name">What users write.</param>
/// <param name="Value">What it stands for.</param>
internal sealed record Choice<T>(string Name, T Value)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Options whose values have names.</summary>
internal static class ChoiceOption
{
    /// <summary>Makes an option; without it the first choice holds.</summary>
    public static Option<Choice<T>> Create<T>(
        string name, string helpName, string description, params Choice<T>[] choices)
    {
        string[] names = [.. choices.Select(choice => choice.Name)];
        return new(name)
        {
            HelpName = helpName,
            Description = description,
            DefaultValueFactory = _ => choices[0],
            CompletionSources = { names },
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                Choice<T>? chosen = choices.FirstOrDefault(choice => choice.Name == text);
                if (chosen is null)
                {
                    result.AddError($"{name} must be one of {string.Join(", ", names)}, not '{text}'.");
                }

                return chosen;
            },
        };
    }
}
