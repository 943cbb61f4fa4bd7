// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;

namespace Spead2.Managed.Tests;

/// <summary>
/// Reads the code of the managed port as it is compiled: the types of a folder use only those of it and of folders below.
/// </summary>
public sealed partial class LayeringTests
{
    private const string Facade = "";
    private const string Platforms = "Os";
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance |
        BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>
    /// Each may use itself and those to the left of it, but receiving and sending know nothing of each other; the streams
    /// of users, which stand in no folder, use all.
    /// </summary>
    private static readonly string[] LayersFromBottom =
        ["Base", "Packet", "Memory", "Heaps", "Runtime", "Receive", "Send", "Transport", Facade];

    /// <summary>What code of one operating system may use: it implements what these say, and knows nothing of heaps.</summary>
    private static readonly string[] LayersOfPlatforms = ["Base", "Memory", "Runtime", "Send", "Transport"];

    private static readonly string Sources = Path.Combine(
        typeof(LayeringTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!,
        "managed",
        "Spead2.Managed");

    private static readonly System.Reflection.Assembly Port = typeof(ManagedReceiveStream).Assembly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    [Test]
    public void Layer_uses_only_itself_and_lower_layers()
    {
        IReadOnlyDictionary<string, string> folders = Folders();
        string[] violations =
        [
            .. from use in Uses()
               let user = folders[use.User]
               let used = folders[use.Used]
               where user != used && !MayUse(user, used)
               orderby user, use.User, use.Used
               select $"{user}/{use.User} uses {used}/{use.Used}",
        ];

        Assert.That(violations, Is.Empty);
    }

    [Test]
    public void Every_type_is_in_a_layer()
    {
        IReadOnlyDictionary<string, string> folders = Folders();

        Assert.That(folders.Values.Distinct(), Is.EquivalentTo(LayersFromBottom.Append(Platforms)));
        Assert.That(
            Port.GetTypes().Select(type => NameOf(Outermost(type))).Where(IsWritten).Except(folders.Keys), Is.Empty);
    }

    [Test]
    public void Uses_are_found_in_code_fields_and_signatures()
    {
        Assert.That(
            Uses(),
            Is.SupersetOf(new[]
            {
                new Use(nameof(StreamCore), nameof(Flow)),
                new Use(nameof(LiveHeap), nameof(PayloadMemory)),
                new Use(nameof(RingSink), "Ring"),
                new Use(nameof(UdpSource), nameof(Source)),
            }));
    }

    private static bool MayUse(string user, string used) =>
        user == Platforms ? LayersOfPlatforms.Contains(used)
        : used == Platforms ? Array.IndexOf(LayersFromBottom, user) >= Array.IndexOf(LayersFromBottom, "Memory")
        : (user, used) != ("Send", "Receive")
            && Array.IndexOf(LayersFromBottom, used) < Array.IndexOf(LayersFromBottom, user);

    /// <summary>The folder of each type, by the file that declares it.</summary>
    private static Dictionary<string, string> Folders() =>
        (from file in Directory.EnumerateFiles(Sources, "*.cs", SearchOption.AllDirectories)
         let path = Path.GetRelativePath(Sources, file).Replace('\\', '/').Split('/')
         where path[0] is not ("obj" or "bin")
         from Match declaration in Declaration().Matches(File.ReadAllText(file))
         select (Name: declaration.Groups["name"].Value, Folder: path.Length == 1 ? Facade : path[0]))
        .Distinct()
        .ToDictionary(declared => declared.Name, declared => declared.Folder);

    private static HashSet<Use> Uses() =>
    [
        .. from type in Port.GetTypes()
           let user = NameOf(Outermost(type))
           where IsWritten(user)
           from used in UsedBy(type).SelectMany(Parts)
           where used.Assembly == Port && !used.IsGenericParameter
           let name = NameOf(Outermost(used))
           where IsWritten(name) && name != user
           select new Use(user, name),
    ];

    private static IEnumerable<Type> UsedBy(Type type) =>
    [
        .. type.BaseType is { } parent ? (Type[])[parent] : [],
        .. type.GetInterfaces(),
        .. type.GetFields(All).Select(field => field.FieldType),
        .. type.GetMethods(All).SelectMany(method => UsedBy(method).Append(method.ReturnType)),
        .. type.GetConstructors(All).SelectMany(UsedBy),
    ];

    private static IEnumerable<Type> UsedBy(MethodBase method)
    {
        MethodBody? body = method.GetMethodBody();
        IEnumerable<Type> parameters = method.GetParameters().Select(parameter => parameter.ParameterType);
        return body is null
            ? parameters
            : [.. parameters, .. body.LocalVariables.Select(local => local.LocalType), .. UsedIn(method, body.GetILAsByteArray()!)];
    }

    /// <summary>The types of everything that instructions name.</summary>
    private static IEnumerable<Type> UsedIn(MethodBase method, byte[] code)
    {
        Type[]? typeArguments = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        Type[]? methodArguments = method is { IsGenericMethod: true } ? method.GetGenericArguments() : null;
        for (int at = 0; at < code.Length;)
        {
            bool isLong = code[at] == OpCodes.Prefix1.Value % 256;
            OpCode operation = OpCodesByValue[isLong ? (short)((code[at] << 8) | code[at + 1]) : code[at]];
            at += operation.Size;
            if (operation.OperandType is
                OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineType or OperandType.InlineTok)
            {
                MemberInfo member = method.Module.ResolveMember(BitConverter.ToInt32(code, at), typeArguments, methodArguments)!;
                foreach (Type used in TypesOf(member))
                {
                    yield return used;
                }
            }

            at += SizeOfOperand(operation.OperandType, code, at);
        }
    }

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        Type type => [type],
        MethodInfo { IsGenericMethod: true } method => [method.DeclaringType!, .. method.GetGenericArguments()],
        _ => [member.DeclaringType!],
    };

    private static int SizeOfOperand(OperandType kind, byte[] code, int at) => kind switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
        _ => 4,
    };

    /// <summary>A type, what it is an array or pointer of, and the arguments of a generic one.</summary>
    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericType ? [type, .. type.GetGenericArguments().SelectMany(Parts)]
        : [type];

    private static Type Outermost(Type type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type;
    }

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    /// <summary>Not what the compiler makes, or what counts coverage.</summary>
    private static bool IsWritten(string name) =>
        name.IndexOfAny(['<', '.']) < 0 && !name.EndsWith("Attribute", StringComparison.Ordinal);

    [GeneratedRegex(
        @"^(?:public|internal)[\w ]* (?:class|struct|enum|interface|record) (?:struct )?(?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();

    private sealed record Use(string User, string Used);
}
