// SPDX-License-Identifier: MIT

using System.Collections.Frozen;

namespace Spead2.Tools.Commands;

/// <summary>What the command calls the options of streams and sources, for messages of the library.</summary>
internal static class CommandNames
{
    private static readonly FrozenDictionary<string, string> OptionOfProperty = new Dictionary<string, string>
    {
        ["MaxHeaps"] = "--max-heaps",
        ["RingHeaps"] = "--ring-heaps",
        ["Substreams"] = "--substreams",
        ["MaxHeapSize"] = "--max-heap-size",
        ["MaxUnsizedGap"] = "--max-unsized-gap",
        ["CntStep"] = "--cnt-step",
        ["AllowOutOfOrder"] = "--in-order",
        ["AllowUnsizedHeaps"] = "--no-unsized-heaps",
        ["StopOnStopItem"] = "--ignore-stop-item",
        ["ContiguousOnly"] = "--incomplete",
        ["IncompleteKeepPayload"] = "--incomplete",
        ["IncompleteKeepPayloadRanges"] = "--incomplete",
        ["BugCompat"] = "--bug-compat",
        ["Dialect"] = "--dialect",
        ["BindHost"] = "--bind",
        ["MaxSize"] = "--max-size",
        ["BufferSize"] = "--buffer-size",

        // An interface is a part of the address here.
        ["InterfaceIndex"] = "--bind",
    }.ToFrozenDictionary();

    /// <summary>A message of the library with the command's options in place of properties of C#.</summary>
    public static string In(string message) =>
        OptionNames.Translate(message, word => OptionOfProperty.GetValueOrDefault(word, word));
}
