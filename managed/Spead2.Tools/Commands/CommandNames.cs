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
        ["CountItem"] = "--count-item",
        ["SetItem"] = "--set-item",
        ["AllowOutOfOrder"] = "--in-order",
        ["AllowUnsizedHeaps"] = "--no-unsized-heaps",
        ["StopOnStopItem"] = "--ignore-stop-item",
        ["ContiguousOnly"] = "--incomplete",
        ["IncompleteKeepPayload"] = "--incomplete",
        ["IncompleteKeepPayloadRanges"] = "--incomplete",
        ["BugCompat"] = "--bug-compat",
        ["Dialect"] = "--dialect",
        ["BindHost"] = "--bind",
        ["Host"] = "--tcp",
        ["Reaccept"] = "--reaccept",
        ["Group"] = "--udp",
        ["Senders"] = "--udp",
        ["Path"] = "--pcap",
        ["Outgoing"] = "--outgoing",
        ["MaxSize"] = "--max-size",
        ["BufferSize"] = "--buffer-size",
        ["InterfaceIndex"] = "--interface",
        ["InterfaceName"] = "--interface",
        ["InterfaceAddress"] = "--interface",
        ["CopyMethod"] = "--copy",
        ["lower"] = "--mem-lower",
        ["upper"] = "--mem-upper",
        ["maxFree"] = "--mem-max-free",
        ["initial"] = "--mem-initial",
        ["affinity"] = "--affinity",
        ["MaxPacketSize"] = "--packet-size",
        ["RepeatPointers"] = "--repeat-pointers",
        ["Rate"] = "--rate",
        ["BurstSize"] = "--burst",
        ["Pacing"] = "--pace",
        ["TimeToLive"] = "--ttl",
        ["Destinations"] = "--udp",
    }.ToFrozenDictionary();

    /// <summary>A message of the library with the command's options in place of properties of C#.</summary>
    /// <param name="message">The message.</param>
    /// <param name="isHostInUdp">Whether the host was given with --udp, not with --bind.</param>
    public static string In(string message, bool isHostInUdp = false) => OptionNames.Translate(
        message,
        word => isHostInUdp && word == "BindHost" ? "--udp" : OptionOfProperty.GetValueOrDefault(word, word));
}
