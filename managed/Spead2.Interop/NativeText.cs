// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Spead2;

/// <summary>Text of the C core: UTF-8 that ends with a zero byte.</summary>
internal static unsafe class NativeText
{
    public static string ToString(sbyte* utf8) => Marshal.PtrToStringUTF8((nint)utf8)!;

    [return: NotNullIfNotNull(nameof(text))]
    public static byte[]? FromString(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text + '\0');
}
