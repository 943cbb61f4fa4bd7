// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Text.RegularExpressions;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Interop.Tests.FromSpead2;

/// <summary>The page docs/from-spead2.md tells the truth.</summary>
public sealed partial class FromSpead2Tests
{
    private static readonly string Root = typeof(FromSpead2Tests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    private static readonly PageRow[] Rows = PageRow.Read(Path.Combine(Root, "docs", "from-spead2.md"));

    private static readonly HashSet<string> WordsOfHeaders =
    [
        .. Directory.GetFiles(Path.Combine(Root, "native", "include", "spead2core"), "*.h")
            .SelectMany(header => Words().Matches(Comments().Replace(File.ReadAllText(header), " ")))
            .Select(match => match.Value),
    ];

    private static readonly Dictionary<string, Type> Types =
        new[] { typeof(IReceiveStream).Assembly, typeof(ReceiveStream).Assembly }
            .SelectMany(assembly => assembly.GetExportedTypes())
            .ToDictionary(type => type.Name);

    [Test]
    public void Every_name_has_its_row()
    {
        Assert.That(Rows.Select(row => row.Spead2), Is.EquivalentTo(ReceivingNames.All));
    }

    [TestCaseSource(nameof(Rows))]
    public void Names_of_a_row_exist(object row)
    {
        PageRow page = (PageRow)row;

        Assert.Multiple(() =>
        {
            Assert.That(page.C.Where(name => !ExistsInC(name)), Is.Empty, "C names");
            Assert.That(page.DotNet.Where(name => !ExistsInDotNet(name)), Is.Empty, ".NET names");
        });
    }

    [TestCase("sp2_no_such_function")]
    [TestCase("sp2_receive_options.no_such_field")]
    [TestCase("SP2_E_ARG.status")]
    public void C_name_that_does_not_exist_is_found(string name) => Assert.That(ExistsInC(name), Is.False);

    [TestCase("NoSuchType")]
    [TestCase("Heap.NoSuchMember")]
    [TestCase("MemoryPool(noSuchParameter)")]
    [TestCase("IReceiveStream.TryRead(noSuchParameter)")]
    [TestCase("NativeHeap")]
    public void Dot_net_name_that_does_not_exist_is_found(string name) => Assert.That(ExistsInDotNet(name), Is.False);

    private static bool ExistsInC(string name) => name.Split('.') switch
    {
        [string word] => WordsOfHeaders.Contains(word) || Enum.GetNames<sp2_status>().Contains(word),
        [string type, string field] =>
            typeof(NativeMethods).Assembly.GetType($"{typeof(NativeMethods).Namespace}.{type}")?.GetField(field)
                is not null,
        _ => false,
    };

    private static bool ExistsInDotNet(string name)
    {
        Match parts = DotNetNames().Match(name);
        string typeName = parts.Groups["type"].Value;
        Type? type = Types.GetValueOrDefault(typeName) ??
            typeof(Exception).Assembly.GetType($"{nameof(System)}.{typeName}");
        Group member = parts.Groups["member"];
        Group parameter = parts.Groups["parameter"];
        if (type is null || (!member.Success && !parameter.Success))
        {
            return type is not null;
        }

        MemberInfo[] members = member.Success ? type.GetMember(member.Value) : type.GetConstructors();
        return parameter.Success
            ? members.OfType<MethodBase>().SelectMany(method => method.GetParameters())
                .Any(each => each.Name == parameter.Value)
            : members.Length != 0;
    }

    [GeneratedRegex(@"^(?<type>\w+)(\.(?<member>\w+))?(\((?<parameter>\w+)\))?$")]
    private static partial Regex DotNetNames();

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Words();
}
