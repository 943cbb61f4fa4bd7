// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>Custom statistics in the form that the C core reads, until it is disposed.</summary>
internal sealed unsafe class NativeCustomStatistics : IDisposable
{
    public NativeCustomStatistics(IReadOnlyList<CustomStatistic> statistics)
    {
        Count = statistics.Count;
        List = (sp2_custom_stat*)NativeMemory.AllocZeroed((nuint)Count, (nuint)sizeof(sp2_custom_stat));
        try
        {
            for (int i = 0; i < Count; i++)
            {
                List[i].name = (sbyte*)Marshal.StringToCoTaskMemUTF8(statistics[i].Name);
                List[i].mode = (uint)statistics[i].Mode;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public sp2_custom_stat* List { get; }

    public int Count { get; }

    public void Dispose()
    {
        for (int i = 0; i < Count; i++)
        {
            Marshal.FreeCoTaskMem((nint)List[i].name);
        }

        NativeMemory.Free(List);
    }
}
