// SPDX-License-Identifier: MIT
using System.Reflection;
using System.Runtime.InteropServices;

namespace Spead2.Bindings.Tests;

internal sealed class ImportTests
{
    [TestCaseSource(typeof(CheckedInBindings), nameof(CheckedInBindings.Functions))]
    public void Every_function_is_imported_from_the_core_by_its_own_name_with_the_C_calling_convention(MethodInfo method)
    {
        DllImportAttribute import = method.GetCustomAttribute<DllImportAttribute>()!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(import.Value, Is.EqualTo("spead2core"));
            Assert.That(import.EntryPoint, Is.EqualTo(method.Name));
            Assert.That(import.CallingConvention, Is.EqualTo(CallingConvention.Cdecl));
            Assert.That(import.ExactSpelling, Is.True);
            Assert.That(import.SetLastError, Is.False);
        }
    }
}
