// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Spead2.Bindings;

/// <summary>Finds the C core, checks its version, and says what to do where that fails.</summary>
internal static unsafe class NativeLibraryLoader
{
    private static readonly Lock Gate = new();
    private static nint _library;

    /// <summary>The <see cref="DllImportResolver"/> of the generated bindings.</summary>
    /// <exception cref="DllNotFoundException">There is no library that fits.</exception>
    public static nint Resolve(string libraryName, Assembly assembly, DllImportSearchPath? searchPath)
    {
        lock (Gate)
        {
            if (_library == 0)
            {
                _library = Load(NativeLibraryCandidates.InOrder());
            }

            return _library;
        }
    }

    /// <summary>Loads the first candidate that fits.</summary>
    /// <exception cref="DllNotFoundException">There is no library that fits.</exception>
    public static nint Load(IReadOnlyList<string> candidates)
    {
        List<string> failures = [];
        foreach (string candidate in candidates)
        {
            if (TryLoad(candidate, out nint library, out string? failure))
            {
                return library;
            }

            failures.Add($"{Environment.NewLine}- {candidate}: {failure}");
        }

        throw new DllNotFoundException(
            $"The native library {NativeLibraryCandidates.FileName} could not be loaded for " +
            $"{RuntimeInformation.RuntimeIdentifier}. Tried:{string.Concat(failures)}{Environment.NewLine}" +
            $"Use a package that supports {RuntimeInformation.RuntimeIdentifier}, or build the library with CMake " +
            $"and set the environment variable {NativeLibraryCandidates.OverrideVariable} to its full path. " +
            "The package Spead2.Managed receives without a native library.");
    }

    private static bool TryLoad(string candidate, out nint library, [NotNullWhen(false)] out string? failure)
    {
        library = 0;
        if (Path.IsPathFullyQualified(candidate) && !File.Exists(candidate))
        {
            failure = "no such file";
            return false;
        }

        try
        {
            library = NativeLibrary.Load(candidate, typeof(NativeLibraryLoader).Assembly, searchPath: null);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            failure = NativeImage.ArchitectureOf(candidate) is { } other && other != RuntimeInformation.ProcessArchitecture
                ? $"it is made for {other}, and this process is {RuntimeInformation.ProcessArchitecture}; {exception.Message}"
                : exception.Message;
            return false;
        }

        failure = WhyUnfit(library);
        if (failure is null)
        {
            return true;
        }

        NativeLibrary.Free(library);
        library = 0;
        return false;
    }

    private static string? WhyUnfit(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, nameof(NativeMethods.sp2_version_number), out nint export))
        {
            return $"not the expected library: it has no function {nameof(NativeMethods.sp2_version_number)}";
        }

        NativeVersion found = new(((delegate* unmanaged[Cdecl]<uint>)export)());
        return found.Serves(NativeVersion.OfBindings)
            ? null
            : $"its version is {found}, which does not serve programs made for {NativeVersion.OfBindings}";
    }
}
