// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed.Tests;

/// <summary>
/// An object whose constructor refuses its arguments is finalized, too. A finalizer that fails ends the process, here
/// that of the tests.
/// </summary>
[NonParallelizable]
public sealed class RefusedArgumentsTests
{
    private static readonly Func<object>[] Refused =
    [
        () => new ManagedMemoryPool(lower: -1, upper: 2, maxFree: 0, initial: 0),
        () => new ManagedReceiveStream(new ReceiveStreamOptions { MaxHeaps = -1 }),
    ];

    [Test]
    public void Object_whose_arguments_are_refused_does_not_end_the_process(
        [ValueSource(nameof(Refused))] Func<object> create)
    {
        Refuse(create);

        Garbage.Collect();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Refuse(Func<object> create) => Assert.That(create, Throws.InstanceOf<ArgumentException>());
}
