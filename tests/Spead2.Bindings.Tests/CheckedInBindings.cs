// SPDX-License-Identifier: MIT
using System.Reflection;
using System.Runtime.InteropServices;

namespace Spead2.Bindings.Tests;

/// <summary>What the compiled bindings declare.</summary>
internal static class CheckedInBindings
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance
        | BindingFlags.DeclaredOnly;

    public static IReadOnlyList<MethodInfo> Functions { get; } =
    [
        .. typeof(NativeMethods).GetMethods(Everything)
            .Where(method => method.IsDefined(typeof(DllImportAttribute))),
    ];

    public static IReadOnlyList<FieldInfo> Constants { get; } =
        [.. typeof(NativeMethods).GetFields(Everything).Where(field => field.IsLiteral)];

    public static IReadOnlyList<Type> Enumerations { get; } =
        [.. typeof(NativeMethods).Assembly.GetTypes().Where(type => type.IsEnum && IsOfTheInterface(type))];

    public static IReadOnlyList<Type> Structs { get; } =
    [
        .. typeof(NativeMethods).Assembly.GetTypes()
            .Where(type => type.IsValueType && !type.IsEnum && IsOfTheInterface(type)),
    ];

    public static IReadOnlyList<FieldInfo> FieldsOf(Type type) =>
        [.. type.GetFields(Everything).Where(field => !field.IsStatic).OrderBy(field => field.MetadataToken)];

    private static bool IsOfTheInterface(Type type) => type.Name.StartsWith("sp2_", StringComparison.Ordinal);
}
