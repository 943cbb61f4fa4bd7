// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Interop.Tests;

/// <summary>Headers, XML comments and pages say what the defaults are. Here that is read, and held against the code.</summary>
public sealed partial class DocumentedDefaultsTests
{
    // What the code does, by the field of the header. Every field that says "default VALUE" is here.
    private static readonly Dictionary<string, object> OfFields = new()
    {
        ["sp2_receive_options.max_heaps"] = (long)new ReceiveStreamOptions().MaxHeaps,
        ["sp2_receive_options.ring_heaps"] = (long)new ReceiveStreamOptions().RingHeaps,
        ["sp2_receive_options.substreams"] = (long)new ReceiveStreamOptions().Substreams,
        ["sp2_receive_options.max_heap_size"] = new ReceiveStreamOptions().MaxHeapSize,
        ["sp2_receive_options.max_unsized_gap"] = new ReceiveStreamOptions().MaxUnsizedGap,
        ["sp2_receive_options.cnt_step"] = new ReceiveStreamOptions().CntStep,
        ["sp2_receive_options.count_item"] = new ReceiveStreamOptions().CountItem,
        ["sp2_receive_options.set_item"] = new ReceiveStreamOptions().SetItem,
        ["sp2_receive_options.bug_compat"] = (long)new ReceiveStreamOptions().BugCompat,
        ["sp2_receive_options.log_level"] = nameof(sp2_log_level.SP2_LOG_WARNING),
        ["sp2_receive_options.custom_stat_count"] = (long)new ReceiveStreamOptions().CustomStatistics.Count,
        ["sp2_receive_options.spin_ns"] = (long)new ReceiveStreamOptions().SpinTime.TotalNanoseconds,
        ["sp2_receive_options.long_pause_ns"] = (long)new ReceiveStreamOptions().LongPause.TotalNanoseconds,
        ["sp2_tcp_source_options.max_size"] = (long)new TcpSourceOptions().MaxSize,
        ["sp2_udp_source_options.max_size"] = (long)new UdpSourceOptions().MaxSize,
        ["sp2_udp_source_options.buffer_size"] = DefaultBufferOfManagedPort,
        ["sp2_send_heap_options.address_bits"] = (long)default(Flavour).AddressBits,
        ["sp2_send_heap_options.bug_compat"] = (long)default(Flavour).BugCompat,
        ["sp2_send_stream_options.max_heaps"] = (long)new SendStreamOptions().MaxHeaps,
        ["sp2_send_stream_options.rate"] = (long)new SendStreamOptions().Rate,
        ["sp2_send_stream_options.burst_size"] = new SendStreamOptions().BurstSize,
        ["sp2_send_stream_options.burst_rate_ratio"] = new SendStreamOptions().BurstRateRatio,
        ["sp2_send_stream_options.max_packet_size"] = (long)new SendStreamOptions().MaxPacketSize,
        ["sp2_send_stream_options.log_level"] = nameof(sp2_log_level.SP2_LOG_WARNING),
        ["sp2_function_writer_options.substreams"] = (long)new FunctionWriterOptions().Substreams,
        ["sp2_udp_writer_options.dscp"] = (long)new UdpWriterOptions().Dscp,
        ["sp2_udp_writer_options.buffer_size"] = BufferOfManagedPort("UdpWriter", "DefaultBufferSize"),
        ["sp2_item_group_options.max_items"] = (long)ItemGroup.DefaultMaxItems,
        ["sp2_item_group_options.max_name_length"] = (long)ItemDescriptor.DefaultMaxNameLength,
        ["sp2_item_group_options.max_text_length"] = (long)ItemDescriptor.DefaultMaxTextLength,
        ["sp2_chunk_group_options.max_chunks"] = (long)NativeMethods.SP2_CHUNK_DEFAULT_MAX_CHUNKS,
        ["sp2_chunk_group_options.members"] = (long)NativeMethods.SP2_CHUNK_DEFAULT_MEMBERS,
        ["sp2_chunk_group_options.member_timeout_ns"] = (long)NativeMethods.SP2_CHUNK_DEFAULT_MEMBER_TIMEOUT_NS,
        ["sp2_chunk_options.stream_id"] = 0L,
        ["sp2_chunk_options.max_heap_extra"] = 0L,
        ["sp2_chunk_options.packet_presence_size"] = 0L,
        ["sp2_inproc_queue_options.max_bytes"] = InProcessQueueBase.DefaultMaxBytes,
        ["sp2_thread_pool_options.threads"] = (long)new IoThreadPool().ThreadCount,
        ["sp2_thread_pool_options.affinity_count"] = 0L,
        ["sp2_thread_pool_options.log_level"] = nameof(sp2_log_level.SP2_LOG_WARNING),
        ["sp2_thread_pool_options.name"] = "\"spead2\"",
        ["sp2_memory_pool_options.log_level"] = nameof(sp2_log_level.SP2_LOG_WARNING),
    };

    private static readonly Type[] OptionTypes = [typeof(ReceiveStreamOptions), typeof(UdpSourceOptions), typeof(TcpSourceOptions), typeof(PcapSourceOptions), typeof(SendStreamOptions), typeof(UdpWriterOptions)];

    private static readonly string Root = typeof(DocumentedDefaultsTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    // The managed port has the number itself: nothing tells a user what was asked for.
    private static long DefaultBufferOfManagedPort => BufferOfManagedPort("SocketBuffer", "DefaultSize");

    [Test]
    public void Header_comments_say_the_defaults_of_the_code()
    {
        Dictionary<string, object> said = [];
        foreach (string header in Directory.EnumerateFiles(Path.Combine(Root, "native/include/spead2core"), "*.h"))
        {
            foreach (Match options in OptionsStruct().Matches(File.ReadAllText(header)))
            {
                foreach (Match field in Field().Matches(options.Groups["fields"].Value))
                {
                    string prose = Prose(field.Groups["prose"].Value);
                    if (Default().Match(prose) is { Success: true } match)
                    {
                        said[$"{options.Groups["name"].Value}.{field.Groups["name"].Value}"] = ValueOf(match);
                    }
                }
            }
        }

        Assert.That(said, Is.EquivalentTo(OfFields));
    }

    [Test]
    public void Constants_say_their_values()
    {
        IEnumerable<(string Member, string Summary)> constants = Summaries()
            .Where(member => member.Member.StartsWith("F:", StringComparison.Ordinal) &&
                OptionTypes.Any(type => member.Member.StartsWith($"F:{type.FullName}.Default", StringComparison.Ordinal)));
        int values = 0;
        foreach ((string member, string summary) in constants)
        {
            string[] path = member.Split('.');
            Type type = OptionTypes.Single(type => type.Name == path[^2]);
            object constant = type.GetField(path[^1])!.GetValue(null)!;
            Assert.That(
                type.GetProperty(path[^1]["Default".Length..])!.GetValue(Activator.CreateInstance(type)),
                Is.EqualTo(constant), member);
            if (ConstantValue().Match(summary) is { Success: true } match)
            {
                values++;
                long number = constant is TimeSpan time ? (long)time.TotalNanoseconds : constant.AsLong();
                Assert.That(ValueOf(match).AsLong(), Is.EqualTo(number), member);
            }
        }

        Assert.That(values, Is.EqualTo(4), "some constants say what they are");
    }

    [Test]
    public void Comments_of_options_say_their_defaults()
    {
        Dictionary<string, string> summaries = Summaries().ToDictionary(member => member.Member, member => member.Summary);
        foreach (PropertyInfo option in OptionTypes.SelectMany(type => type.GetProperties()))
        {
            object? value = option.GetValue(Activator.CreateInstance(option.ReflectedType!));
            string summary = summaries[$"P:{option.DeclaringType!.FullName}.{option.Name}"];
            if (value is bool flag)
            {
                Assert.That(summary.Contains("(the default", StringComparison.Ordinal), Is.EqualTo(flag), option.Name);
            }
            else if (SaidInBrackets().Match(summary) is { Success: true } said)
            {
                Assert.That(said.Groups["value"].Value, Is.EqualTo(value?.ToString() ?? "null"), option.Name);
            }
        }

        Assert.That(
            summaries[$"P:{typeof(UdpSourceOptions).FullName}.{nameof(UdpSourceOptions.BufferSize)}"],
            Does.Contain($"By default (null) {NativeMethods.SP2_UDP_DEFAULT_BUFFER_SIZE >> 20} MiB"));
        Assert.That(summaries[$"F:{typeof(CopyMethod).FullName}.{nameof(CopyMethod.Default)}"], Does.Contain("Auto"));
    }

    [Test]
    public void Table_for_users_of_spead2_says_the_defaults_of_the_code()
    {
        int rows = 0;
        foreach (string row in File.ReadLines(Path.Combine(Root, "docs/from-spead2.md")))
        {
            string[] cells = [.. row.Split('|').Select(cell => cell.Trim())];
            if (cells.Length != 5 || StreamArgument().Match(cells[1]) is not { Success: true } argument)
            {
                continue;
            }

            rows++;
            string theirs = ResolvePython(argument.Groups["value"].Value);
            foreach (string cell in cells[2..4])
            {
                if (StatedDefault().Match(cell) is { Success: true } stated)
                {
                    Assert.That(Resolve(stated.Groups["value"].Value), Is.EqualTo(theirs), row);
                }
            }
        }

        Assert.That(rows, Is.EqualTo(5), "arguments of Stream are in the table");
    }

    [Test]
    public void Pages_say_that_the_copy_method_is_auto_by_default()
    {
        Assert.That(
            Page("docs/from-spead2.md"),
            Does.Contain("a deliberate difference: `SP2_MEMCPY_DEFAULT` is `SP2_MEMCPY_AUTO`")
                .And.Contain("a deliberate difference: `CopyMethod.Default` is `CopyMethod.Auto`"));
        Assert.That(Page("docs/tuning.md"), Does.Contain("`SP2_MEMCPY_AUTO`, the default"));
        Assert.That(
            Page("native/include/spead2core/receive.h"), Does.Match(@"SP2_MEMCPY_DEFAULT = 0,\s*/\* SP2_MEMCPY_AUTO \*/"));
    }

    [Test]
    public void Pages_say_how_large_a_socket_buffer_is_asked_for()
    {
        string size = $"{NativeMethods.SP2_UDP_DEFAULT_BUFFER_SIZE >> 20} MiB";
        Assert.That(DefaultBufferOfManagedPort, Is.EqualTo(NativeMethods.SP2_UDP_DEFAULT_BUFFER_SIZE));
        Assert.That(Page("docs/from-spead2.md"), Does.Contain($"`SP2_UDP_DEFAULT_BUFFER_SIZE`: {size}"));
        Assert.That(Page("docs/tuning.md"), Does.Contain($"the default asks for {size}"));
    }

    private static long BufferOfManagedPort(string type, string constant) => typeof(ManagedReceiveStream).Assembly
        .GetType($"Spead2.Managed.{type}")!
        .GetField(constant, BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue().AsLong();

    private static string Page(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>The text of a C comment without its line breaks.</summary>
    private static string Prose(string comment) => Spaces().Replace(comment, " ");

    private static IEnumerable<(string Member, string Summary)> Summaries() =>
        from member in XDocument.Load(Path.ChangeExtension(typeof(ReceiveStreamOptions).Assembly.Location, ".xml"))
            .Descendants("member")
        select (
            (string)member.Attribute("name")!,
            Prose(string.Concat(member.Element("summary")?.DescendantNodes().Select(Text) ?? [])));

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" } see => ((string?)see.Attribute("cref") ?? "").Split('.')[^1],
        _ => "",
    };

    private static object ValueOf(Match match)
    {
        string unit = match.Groups["unit"].Value;
        return !match.Groups["number"].Success
            ? match.Groups["word"].Value
            : match.Groups["number"].Value.Contains('.', StringComparison.Ordinal)
            ? double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)
            : long.Parse(match.Groups["number"].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) * unit switch
            {
                "KiB" => 1L << 10,
                "MiB" => 1L << 20,
                "GiB" => 1L << 30,
                "µs" => 1000,
                _ => 1,
            };
    }

    /// <summary>What a name or number of C# or C in a cell stands for.</summary>
    private static string Resolve(string name)
    {
        string last = name.Split('.')[^1];
        MemberInfo? member =
            typeof(NativeMethods).GetField(last) ??
            OptionTypes.Append(typeof(BugCompat)).Select(type => type.GetField(last)).FirstOrDefault(field => field is not null);
        object? value = (member as FieldInfo)?.GetValue(null);
        return value is Enum number ? $"{Convert.ToInt64(number, CultureInfo.InvariantCulture)}" : $"{value ?? name}";
    }

    private static string ResolvePython(string value) => value is "True" or "False" ? value.ToLowerInvariant() : value;

    [GeneratedRegex(@"typedef struct (?<name>sp2_\w+_options) \{(?<fields>.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex OptionsStruct();

    [GeneratedRegex(@"(?<name>\w+);\s*/\*(?<prose>.*?)\*/", RegexOptions.Singleline)]
    private static partial Regex Field();

    [GeneratedRegex(@"default (?:(?<number>[\d,]*\d(?:\.\d+)?)(?: (?<unit>[KMG]iB))?|(?<word>SP2_\w+|""\w+""))")]
    private static partial Regex Default();

    [GeneratedRegex(@": (?<number>[\d,]*\d) (?<unit>[KMG]iB|µs)\.")]
    private static partial Regex ConstantValue();

    [GeneratedRegex(@"(?:By default \((?<value>\w+)\))|(?:(?<value>\d+) \(the default\))")]
    private static partial Regex SaidInBrackets();

    [GeneratedRegex(@"^`Stream\((?<name>\w+)=(?<value>\w+)\)`$")]
    private static partial Regex StreamArgument();

    [GeneratedRegex(@"default `?(?<value>[\w.]+)`?$")]
    private static partial Regex StatedDefault();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}

/// <summary>Numbers of whichever type.</summary>
file static class Number
{
    public static long AsLong(this object? value) => Convert.ToInt64(value, CultureInfo.InvariantCulture);
}
