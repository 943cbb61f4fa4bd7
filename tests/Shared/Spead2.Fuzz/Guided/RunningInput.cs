// SPDX-License-Identifier: MIT

using System.IO.MemoryMappedFiles;

namespace Spead2.Fuzz.Guided;

/// <summary>The input that runs, in a file that is still there if the process ends, for example for want of stack.</summary>
internal sealed class RunningInput : IDisposable
{
    private const int Capacity = sizeof(int) + ItemInput.LongestInput;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    /// <summary>Opens or makes the file.</summary>
    public RunningInput(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, mapName: null, Capacity);
        _view = _file.CreateViewAccessor();
    }

    /// <summary>The input; empty if none runs.</summary>
    public byte[] Read()
    {
        byte[] input = new byte[_view.ReadInt32(0)];
        _view.ReadArray(sizeof(int), input, 0, input.Length);
        return input;
    }

    /// <summary>Says that an input runs.</summary>
    public void Write(byte[] input)
    {
        _view.WriteArray(sizeof(int), input, 0, input.Length);
        _view.Write(0, input.Length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
