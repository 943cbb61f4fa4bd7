// SPDX-License-Identifier: MIT
using System.Reflection;
using System.Runtime.InteropServices;

namespace Spead2.Bindings.Tests;

/// <summary>What the C# source of the AOT library exports.</summary>
internal static class AotExports
{
    /// <summary>The headers as a program includes them that uses all that the library has.</summary>
    public static CHeader Header => CHeader.Load("x86_64-linux-gnu", "SP2_HAS_ITEMS");

    /// <summary>A struct of the library's own.</summary>
    public static Type TypeOf(string name) =>
        Assembly.Load("libspead2aot").GetTypes().Single(type => type.Name == name && type.Namespace == "Spead2.Aot");

    /// <summary>The exported methods by the names of their exports.</summary>
    public static IReadOnlyDictionary<string, MethodInfo> Methods { get; } = Assembly.Load("libspead2aot").GetTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        .Select(method => (method.GetCustomAttribute<UnmanagedCallersOnlyAttribute>()?.EntryPoint, Method: method))
        .Where(export => export.EntryPoint is not null)
        .ToDictionary(export => export.EntryPoint!, export => export.Method);
}
