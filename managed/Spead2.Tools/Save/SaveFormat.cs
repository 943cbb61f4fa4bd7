// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Formats;
using Spead2.Hdf5;

namespace Spead2.Tools.Save;

/// <summary>A kind of files that heaps are saved in.</summary>
internal sealed class SaveFormat
{
    // A file stream without a buffer, so that what could not be written is not written later.
    private const int NoBuffer = 0;

    private readonly Func<string, IEnumerable<ItemDescriptor>, HeapWriter> _open;

    private SaveFormat(string name, string extension, Func<string, IEnumerable<ItemDescriptor>, HeapWriter> open)
    {
        Name = name;
        Extension = extension;
        _open = open;
    }

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<SaveFormat> All { get; } =
    [
        new("npy", "", OpenNpy),
        new("npz", "", OpenNpz),
        new("arrow", ".arrows", OpenArrow),
        new("hdf5", ".h5", OpenHdf5),
    ];

    /// <summary>What --format calls it.</summary>
    public string Name { get; }

    /// <summary>Extension of its files; empty for a folder.</summary>
    public string Extension { get; }

    /// <summary>Begins files.</summary>
    /// <param name="path">Where.</param>
    /// <param name="descriptors">The items that they will have.</param>
    /// <exception cref="IOException">They cannot be made.</exception>
    public HeapWriter Open(string path, IEnumerable<ItemDescriptor> descriptors) => _open(path, descriptors);

    // A method for each library, which is loaded when the method first runs.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NpyHeapWriter OpenNpy(string path, IEnumerable<ItemDescriptor> descriptors) => new NpyHeapWriter(path, descriptors);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NpzHeapWriter OpenNpz(string path, IEnumerable<ItemDescriptor> descriptors) => new NpzHeapWriter(path, descriptors);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ArrowHeapWriter OpenArrow(string path, IEnumerable<ItemDescriptor> descriptors) =>
        new ArrowHeapWriter(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, NoBuffer), descriptors);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Hdf5HeapWriter OpenHdf5(string path, IEnumerable<ItemDescriptor> descriptors) =>
        RuntimeFeature.IsDynamicCodeSupported
            ? new Hdf5HeapWriter(path, descriptors)
            : throw new UserErrorException("--format hdf5 needs the command of the .NET tool, not one that was compiled ahead of time.");
}
