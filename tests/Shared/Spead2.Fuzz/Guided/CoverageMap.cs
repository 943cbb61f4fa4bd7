// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Spead2.Fuzz.Guided;

/// <summary>
/// Which ways the code of Spead2 has gone, and how often: a byte for each step from one place to another. SharpFuzz's tool
/// adds the counting to a copy of Spead2.dll, which then uses the tool's small library.
/// </summary>
internal sealed unsafe class CoverageMap
{
    private const int Size = 1 << 16;
    private const string Library = "SharpFuzz.Common.dll";

    private readonly byte* _counts;
    private readonly FieldInfo _previous;
    private readonly byte[] _seen = new byte[Size];

    private CoverageMap(Type trace)
    {
        _previous = trace.GetField("PrevLocation")!;
        // As long as the process: code that counts may run to its end.
        _counts = (byte*)NativeMemory.AllocZeroed(Size);
        trace.GetField("SharedMem")!.SetValue(null, Pointer.Box(_counts, typeof(byte*)));
    }

    /// <summary>Steps that were seen so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Opens the map of this process, before anything of Spead2 runs.</summary>
    /// <exception cref="InvalidOperationException">This Spead2 does not count.</exception>
    public static CoverageMap Open()
    {
        string path = Path.Combine(AppContext.BaseDirectory, Library);
        return File.Exists(path)
            ? new(AssemblyLoadContext.Default.LoadFromAssemblyPath(path).GetType("SharpFuzz.Common.Trace")!)
            : throw new InvalidOperationException(
                "This Spead2.dll does not count which ways its code goes. './build.sh fuzz --target items' makes one that does.");
    }

    /// <summary>Forgets what has run, but not what was seen.</summary>
    public void Clear()
    {
        new Span<byte>(_counts, Size).Clear();
        _previous.SetValue(null, 0);
    }

    /// <summary>Takes what has run; whether there was something new.</summary>
    /// <param name="counted">Whether a step that is taken more often than before, in powers of two, is new.</param>
    public bool Add(bool counted)
    {
        bool isNew = false;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(new ReadOnlySpan<byte>(_counts, Size));
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] != 0)
            {
                isNew |= AddWord(i * sizeof(ulong), counted);
            }
        }

        return isNew;
    }

    private bool AddWord(int start, bool counted)
    {
        bool isNew = false;
        for (int i = start; i < start + sizeof(ulong); i++)
        {
            byte bit = _counts[i] == 0 ? (byte)0 : counted ? (byte)(1 << (int)uint.Log2(_counts[i])) : (byte)1;
            if ((_seen[i] | bit) != _seen[i])
            {
                Steps += _seen[i] == 0 ? 1 : 0;
                _seen[i] |= bit;
                isNew = true;
            }
        }

        return isNew;
    }
}
