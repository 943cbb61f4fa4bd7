// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Bindings;

internal static unsafe partial class NativeMethods
{
    /// <summary>Runs before the first call of any function of the library.</summary>
    static NativeMethods()
    {
        NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, NativeLibraryLoader.Resolve);
    }
}
