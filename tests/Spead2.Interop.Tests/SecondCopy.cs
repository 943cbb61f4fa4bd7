// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Runtime.Loader;

namespace Spead2.Interop.Tests;

/// <summary>Loads the assemblies of this repository once more, so that their library is looked for again.</summary>
internal sealed class SecondCopy() : AssemblyLoadContext(nameof(SecondCopy), isCollectible: true)
{
    protected override Assembly? Load(AssemblyName assemblyName) =>
        assemblyName.Name!.StartsWith("Spead2", StringComparison.Ordinal)
            ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, $"{assemblyName.Name}.dll"))
            : null;
}
