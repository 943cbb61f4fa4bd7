// SPDX-License-Identifier: MIT

using System.Collections.Frozen;
using System.Text;

namespace Spead2;

/// <summary>
/// What users call an option: C names in C, C# names in C#, options in the command. Messages name options, and each user
/// is to read the names that she writes. The C core writes messages with C names, the managed port with C# names; the
/// other one is translated where it leaves: here is the one table.
/// </summary>
internal static class OptionNames
{
    // What stands behind a struct ("sp2_udp_source_options.port") is found here without it; what is not here only changes
    // its case.
    private static readonly FrozenDictionary<string, string> DotNetOfC = new Dictionary<string, string>
    {
        ["max_heaps"] = "MaxHeaps",
        ["ring_heaps"] = "RingHeaps",
        ["substreams"] = "Substreams",
        ["max_heap_size"] = "MaxHeapSize",
        ["max_unsized_gap"] = "MaxUnsizedGap",
        ["cnt_step"] = "CntStep",
        ["count_item"] = "CountItem",
        ["set_item"] = "SetItem",
        ["bug_compat"] = "BugCompat",
        ["spin_ns"] = "SpinTime",
        ["long_pause_ns"] = "LongPause",
        ["max_chunks"] = "MaxChunks",
        ["ring_chunks"] = "DataRingChunks",
        ["member_timeout_ns"] = "MemberTimeout",
        ["SP2_CHUNK_NO_TIMEOUT"] = "Timeout.InfiniteTimeSpan",
        ["sp2_chunk_stop_mode"] = "drain",
        ["sp2_chunk_memory"] = "ChunkGroupOptions",
        ["sp2_chunk_options"] = "ChunkOptions",
        ["sp2_receive_options"] = "ReceiveStreamOptions",
        ["custom_stats"] = "CustomStatistics",
        ["custom_stat_count"] = "CustomStatistics.Count",
        ["on_heap"] = "onHeap",
        ["log_level"] = "LogLevel",
        ["bind_host"] = "BindHost",
        ["max_size"] = "MaxSize",
        ["buffer_size"] = "BufferSize",
        ["interface_address"] = "InterfaceAddress",
        ["interface_index"] = "InterfaceIndex",
        ["interface_name"] = "InterfaceName",
        ["sender_count"] = "Senders.Count",
        ["SP2_DIALECT_UNPOINTED_ITEM"] = "UnpointedItemId",
        ["item_id"] = "UnpointedItemId",
        ["max_free"] = "maxFree",
        ["low_water"] = "lowWater",
        ["thread_pool"] = "threadPool",
        ["threads"] = "threads",
        ["affinity"] = "affinity",
        ["affinity_count"] = "affinity.Count",
        ["extra_flags"] = "flags",
        ["max_packet_size"] = "MaxPacketSize",
        ["ttl"] = "TimeToLive",
        ["destination_count"] = "Destinations.Count",
        ["queue_count"] = "Queues.Count",
        ["SP2_UDP_WRITER_EXISTING_SOCKET"] = "Socket",
        ["SP2_UDP_WRITER_NO_LOOP"] = "MulticastLoopback",
        ["numpy_header"] = "NumPyHeader",
        ["sp2_pacing"] = "Pacing",
        ["sp2_group_mode"] = "GroupMode",
        ["sp2_stream_control"] = "StreamControl",
        ["sp2_memcpy_method"] = "CopyMethod",
        ["sp2_refusal"] = "RefusalCause",
        ["sp2_stat_mode"] = "StatisticMode",
        ["sp2_log_level"] = "LogLevel",
        ["SP2_LOG_NONE"] = "LogLevel.None",
        ["SP2_NEVER_SPIN"] = "TimeSpan.Zero",
        ["SP2_NEVER_LONG"] = "Timeout.InfiniteTimeSpan",
        ["SP2_RECEIVE_EXPLICIT_START"] = "ExplicitStart",
        ["SP2_RECEIVE_IN_ORDER"] = "AllowOutOfOrder = false",
        ["SP2_UDP_EXISTING_SOCKET"] = "Socket",
        ["SP2_PCAP_OUTGOING"] = "Outgoing",
        ["SP2_TCP_EXISTING_SOCKET"] = "Socket",
        ["SP2_TCP_CONNECT"] = "Connect",
        ["SP2_TCP_REACCEPT"] = "Reaccept",
        ["sp2_receive_stream_start"] = "Start",
        ["NULL"] = "null",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, string> COfDotNet = DotNetOfC
        .Where(pair => char.IsAsciiLetterLower(pair.Key[0]) && !pair.Key.StartsWith("sp2_", StringComparison.Ordinal))
        .Where(pair => pair.Key.Contains('_', StringComparison.Ordinal) || pair.Key == "substreams")
        .Where(pair => pair.Key != "log_level")
        .ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>A message of the C core for users of .NET: names of C# in place of those of C.</summary>
    public static string ToDotNet(string text)
    {
        string rest = WithoutFunction(text);
        string translated = Translate(rest, word => DotNetOfC.GetValueOrDefault(word, word), leaveOutStructs: true);
        return rest.Length == text.Length ? translated : char.ToUpperInvariant(translated[0]) + translated[1..];
    }

    /// <summary>A message of the managed port for users of C: names of C in place of those of C#.</summary>
    public static string ToC(string text) => Translate(text, word => COfDotNet.GetValueOrDefault(word, word));

    /// <summary>Replaces words that are not in quotation marks, where users' own words are.</summary>
    /// <param name="text">The text.</param>
    /// <param name="replace">What stands for a word.</param>
    /// <param name="leaveOutStructs">Whether the field of a struct of C is named as a property, without the struct.</param>
    public static string Translate(string text, Func<string, string> replace, bool leaveOutStructs = false)
    {
        StringBuilder result = new(text.Length);
        int position = 0;
        while (position < text.Length)
        {
            int end = position + 1;
            if (text[position] == '"')
            {
                int quote = text.IndexOf('"', end);
                end = quote < 0 ? text.Length : quote + 1;
                result.Append(text, position, end - position);
            }
            else if (!IsOfWord(text[position]))
            {
                result.Append(text[position]);
            }
            else
            {
                end = EndOfWord(text, position);
                string word = text[position..end];
                if (leaveOutStructs && IsStructOfC(word) && end + 1 < text.Length && text[end] == '.' && IsOfWord(text[end + 1]))
                {
                    position = end + 1;
                    end = EndOfWord(text, position);
                    word = text[position..end];
                    string name = replace(word);
                    result.Append(name == word && !DotNetOfC.ContainsKey(word) ? PascalCase(word) : name);
                }
                else
                {
                    result.Append(replace(word));
                }
            }

            position = end;
        }

        return result.ToString();
    }

    /// <summary>The text without the function of C at its start, as in "sp2_version_number: text".</summary>
    private static string WithoutFunction(string text)
    {
        int end = text.IndexOf(": ", StringComparison.Ordinal);
        return end > 0 && text.StartsWith("sp2_", StringComparison.Ordinal) && EndOfWord(text, 0) == end
            ? text[(end + 2)..]
            : text;
    }

    private static bool IsStructOfC(string word) => word.StartsWith("sp2_", StringComparison.Ordinal);

    private static int EndOfWord(string text, int start)
    {
        int end = start;
        while (end < text.Length && IsOfWord(text[end]))
        {
            end++;
        }

        return end;
    }

    private static bool IsOfWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private static string PascalCase(string snakeCase) => string.Concat(
        snakeCase.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
