// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Commands;

/// <summary>Options that more than one command has.</summary>
internal static class CommonOption
{
    private const long DefaultHeapSize = 1 << 20;

    /// <summary>How much is sent.</summary>
    public static Option<long> Heaps(long byDefault) =>
        NumberOption.Whole("--heaps", "N", "Heaps to send.", byDefault, 1);

    /// <summary>How large heaps are that are sent.</summary>
    public static Option<long> HeapSize() => NumberOption.Whole(
        "--heap-size", "BYTES", "Content of each heap.", DefaultHeapSize, 1, Array.MaxLength);

    /// <summary>How fast is sent.</summary>
    public static Option<double> Rate(double byDefault) => NumberOption.Real(
        "--rate", "GBIT/S", "Gigabits of packets per second; 0 sends as fast as possible.", byDefault);

    /// <summary>What receives or sends.</summary>
    /// <param name="what">What it does.</param>
    public static Option<ReceiveEngine> Engine(string what = "receives") => new("--engine")
    {
        HelpName = "ENGINE",
        Description = $"What {what}: {ReceiveEngine.Native.Name} (the C library) or {ReceiveEngine.Managed.Name} "
            + "(needs no native library).",
        DefaultValueFactory = _ => ReceiveEngine.Native,
        CompletionSources = { ReceiveEngine.All.Select(engine => engine.Name).ToArray() },
        CustomParser = result =>
        {
            string name = result.Tokens[0].Value;
            ReceiveEngine? engine = ReceiveEngine.All.FirstOrDefault(engine => engine.Name == name);
            if (engine is null)
            {
                result.AddError(
                    $"--engine must be {ReceiveEngine.Native.Name} or {ReceiveEngine.Managed.Name}, not '{name}'.");
            }

            return engine;
        },
    };

    /// <summary>A dialect by name.</summary>
    /// <param name="what">What it does, without the names.</param>
    /// <param name="more">What else there is to say; empty: nothing.</param>
    /// <param name="others">Names that are allowed, too.</param>
    public static Option<string> Dialect(string what, string more, params string[] others)
    {
        string[] names = [.. Spead2.Receive.Dialect.GetNames(), .. others];
        Option<string> option = new("--dialect")
        {
            HelpName = "NAME",
            Description = $"{what}: {string.Join(", ", names)}.{(more.Length == 0 ? "" : $" {more}")}",
        };
        option.CompletionSources.Add(names);
        option.CustomParser = result =>
        {
            string name = result.Tokens[0].Value;
            if (!names.Contains(name))
            {
                result.AddError($"--dialect must be one of {string.Join(", ", names)}, not '{name}'.");
            }

            return name;
        };
        return option;
    }

    /// <summary>Results for programs instead of people.</summary>
    public static Option<bool> Json() => new("--json")
    {
        Description = "Print JSON, one object per line, instead of tables.",
    };
}
