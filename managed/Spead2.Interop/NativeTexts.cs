// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2;

/// <summary>A list of texts in the form that the C core reads, until it is disposed.</summary>
internal sealed unsafe class NativeTexts : IDisposable
{
    public NativeTexts(IReadOnlyList<string> texts)
    {
        Count = texts.Count;
        if (Count == 0)
        {
            return;
        }

        List = (sbyte**)NativeMemory.AllocZeroed((nuint)Count, (nuint)sizeof(sbyte*));
        try
        {
            for (int i = 0; i < Count; i++)
            {
                List[i] = (sbyte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The texts; null if there are none.</summary>
    public sbyte** List { get; }

    public int Count { get; }

    public void Dispose()
    {
        for (int i = 0; i < Count; i++)
        {
            Marshal.FreeCoTaskMem((nint)List[i]);
        }

        NativeMemory.Free(List);
    }
}
