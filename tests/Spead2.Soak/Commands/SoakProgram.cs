// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Tools;
using Spead2.Tools.Commands;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Soak.Commands;

/// <summary>The program. Without a command it soaks.</summary>
internal static class SoakProgram
{
    /// <summary>Environment variable of the seed.</summary>
    public const string SeedVariable = "SPEAD2_TEST_SEED";

    /// <summary>
    /// Runs the program and gives its exit code: 0 all holds, 1 something does not, 2 wrong arguments.
    /// </summary>
    public static int Run(string[] arguments)
    {
        RootCommand root = new(SoakCommand.Description) { HostileCommand.Create(), AttackCommand.Create() };
        SoakCommand.AddTo(root);
        ParseResult parsed = root.Parse(arguments);
        try
        {
            return parsed.Errors.Count > 0
                ? Refuse(parsed.Errors[0].Message)
                : parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e) when (
            e is UserErrorException or Spead2Exception or IOException or UnauthorizedAccessException)
        {
            return Refuse(e.Message);
        }
    }

    /// <summary>Which engines.</summary>
    public static Option<ReceiveEngine[]> Engines() => new("--engine")
    {
        HelpName = "ENGINE",
        Description = "What receives: native or managed [default: one after the other]",
        CustomParser = result =>
        {
            ReceiveEngine[] named =
                [.. ReceiveEngine.All.Where(engine => result.Tokens.Any(token => token.Value == engine.Name))];
            if (named.Length != result.Tokens.Count)
            {
                result.AddError($"--engine must be native or managed, not '{result.Tokens[^1].Value}'.");
            }

            return named;
        },
    };

    /// <summary>The engines that were asked for, or all.</summary>
    public static ReceiveEngine[] EnginesOf(ParseResult parsed, Option<ReceiveEngine[]> option) =>
        parsed.GetValue(option) is { Length: > 0 } named ? named : [.. ReceiveEngine.All];

    /// <summary>The seed.</summary>
    public static Option<long> Seed() => NumberOption.Whole(
        "--seed", "N", $"Seed of everything that is random [default: {SeedVariable}, or another one each time]",
        null, 0, int.MaxValue);

    /// <summary>The seed that was asked for, or another one.</summary>
    public static int SeedOf(ParseResult parsed, Option<long> option) =>
        parsed.GetResult(option) is { Implicit: false } ? (int)parsed.GetValue(option)
        : int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), out int seed) ? seed
        : Random.Shared.Next();

    /// <summary>Where people read.</summary>
    public static Terminal NewTerminal() => new(Console.OpenStandardOutput(), Console.Out, Console.Error);

    private static int Refuse(string message)
    {
        Console.Error.WriteLine(message);
        return ExitCode.UserError;
    }
}
