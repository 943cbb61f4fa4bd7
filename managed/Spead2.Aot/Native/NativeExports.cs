// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Managed.Linux;

namespace Spead2.Aot;

/// <summary>What the C side of the exports wants to know (Native/exports.h): which descriptors are open.</summary>
internal static unsafe partial class NativeExports
{
    private const string Library = "spead2exports";

    /// <summary>Runs when the runtime has started. Only what was compiled ahead of time has the C side.</summary>
    [SuppressMessage("Usage", "CA2255", Justification = "The library is the application: nothing of it runs before.")]
    [ModuleInitializer]
    internal static void Initialize()
    {
        if (OperatingSystem.IsLinux() && !RuntimeFeature.IsDynamicCodeSupported)
        {
            OpenDescriptors.Opened = &Opened;
            OpenDescriptors.Closing = &Closing;
        }
    }

    private static void Opened(int descriptor) => spead2exports_opened(descriptor);

    private static void Closing(int descriptor) => spead2exports_closing(descriptor);

    [LibraryImport(Library)]
    private static partial void spead2exports_opened(int descriptor);

    [LibraryImport(Library)]
    private static partial void spead2exports_closing(int descriptor);
}
