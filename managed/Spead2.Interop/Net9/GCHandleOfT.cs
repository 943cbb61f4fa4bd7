// SPDX-License-Identifier: MIT

namespace System.Runtime.InteropServices;

/// <summary>What .NET 10 has under this name, as far as it is used here.</summary>
internal readonly struct GCHandle<T> : IDisposable
    where T : class
{
    private readonly GCHandle _handle;

    public GCHandle(T target) => _handle = GCHandle.Alloc(target);

    private GCHandle(nint value) => _handle = value == 0 ? default : GCHandle.FromIntPtr(value);

    public bool IsAllocated => _handle.IsAllocated;

    public T Target => (T)_handle.Target!;

    public static GCHandle<T> FromIntPtr(nint value) => new(value);

    public static nint ToIntPtr(GCHandle<T> value) => GCHandle.ToIntPtr(value._handle);

    /// <summary>Does nothing to a handle of nothing, as that of .NET 10.</summary>
    public void Dispose()
    {
        if (_handle.IsAllocated)
        {
            _handle.Free();
        }
    }
}
