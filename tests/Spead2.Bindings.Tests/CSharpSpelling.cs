// SPDX-License-Identifier: MIT
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Spead2.Bindings.Tests;

/// <summary>Writes C types and reflected C# types in one and the same way, as C# source spells them.</summary>
internal static class CSharpSpelling
{
    /// <summary>
    /// The C types that the interface may use, apart from its own structs behind a pointer. Others, such as long, bool
    /// or an enum, have a size that depends on the compiler.
    /// </summary>
    private static readonly Dictionary<string, Type> CTypes = new()
    {
        ["void"] = typeof(void),
        ["char"] = typeof(sbyte),
        ["int8_t"] = typeof(sbyte),
        ["uint8_t"] = typeof(byte),
        ["int16_t"] = typeof(short),
        ["uint16_t"] = typeof(ushort),
        ["int32_t"] = typeof(int),
        ["uint32_t"] = typeof(uint),
        ["int64_t"] = typeof(long),
        ["uint64_t"] = typeof(ulong),
        ["size_t"] = typeof(nuint),
        ["float"] = typeof(float),
        ["double"] = typeof(double),
    };

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(sbyte)] = "sbyte",
        [typeof(byte)] = "byte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
    };

    /// <summary>Translates a type of the C header, given as C spells it.</summary>
    public static string Of(string cType, CHeader header)
    {
        int length = cType.IndexOf('[', StringComparison.Ordinal);
        if (length >= 0)
        {
            return Of(cType[..length], header) + cType[length..];
        }

        string[] words = cType.Replace("*", " * ", StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string pointers = new('*', words.Count(word => word == "*"));
        string name = words.Single(word => word is not ("*" or "const" or "struct"));
        if (CTypes.TryGetValue(name, out Type? type))
        {
            return Keywords[type] + pointers;
        }

        if (header.Callbacks.TryGetValue(name, out CCallback? callback))
        {
            IEnumerable<string> types = callback.ParameterTypes.Append(callback.ReturnType);
            return FunctionPointer("Cdecl", types.Select(part => Of(part, header))) + pointers;
        }

        return pointers.Length > 0 && header.Structs.Any(known => known.Name == name)
            ? name + pointers
            : throw new NotSupportedException($"the C interface must not use the type '{cType}'");
    }

    /// <summary>Spells a reflected type; only modified types know the calling convention of function pointers.</summary>
    public static string Of(Type type)
    {
        if (type.IsPointer)
        {
            return Of(type.GetElementType()!) + "*";
        }

        if (type.IsFunctionPointer)
        {
            IEnumerable<string> conventions = type.GetFunctionPointerCallingConventions()
                .Select(convention => convention.Name.Replace(nameof(CallConvCdecl), "Cdecl", StringComparison.Ordinal));
            IEnumerable<Type> types = type.GetFunctionPointerParameterTypes()
                .Append(type.GetFunctionPointerReturnType());
            return FunctionPointer(string.Join(", ", conventions), types.Select(Of));
        }

        return Keywords.GetValueOrDefault(type.UnderlyingSystemType, type.Name);
    }

    /// <summary>Spells the type of a field, which may be an array.</summary>
    public static string Of(FieldInfo field) => field.GetCustomAttribute<FixedBufferAttribute>() is { } array
        ? $"{Of(array.ElementType)}[{array.Length}]"
        : Of(field.GetModifiedFieldType());

    private static string FunctionPointer(string convention, IEnumerable<string> types) =>
        $"delegate* unmanaged[{convention}]<{string.Join(", ", types)}>";
}
