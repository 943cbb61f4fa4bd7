// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>The function of dialect.h.</summary>
internal static unsafe class DialectExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_dialect_find")]
    public static int Find(sbyte* name, sp2_dialect* dialect)
    {
        const string Function = "sp2_dialect_find";
        try
        {
            if (dialect is null)
            {
                throw Failure.Null(Function, name is null ? "name" : "dialect");
            }

            string? text = name is null ? null : Utf8.Text(name);
            Dialect? found = text is null ? null : Dialect.Find(text);
            sp2_dialect known = new()
            {
                flags = (uint)(found?.Flags ?? 0),
                item_id = (ulong)(found?.UnpointedItemId ?? 0),
            };
            Sized.Write(dialect, known, nameof(sp2_dialect));
            if (text is null)
            {
                throw Failure.Null(Function, "name");
            }

            return found is not null
                ? (int)sp2_status.SP2_OK
                : throw Failure.Argument(
                    $"there is no dialect \"{text}\"; there are ska-low-sps, ska-low-antenna-buffer, pyspead and " +
                    "datagram-is-heap");
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }
}
