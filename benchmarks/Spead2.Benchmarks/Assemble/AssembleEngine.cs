// SPDX-License-Identifier: MIT

using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Benchmarks.Assemble;

/// <summary>An engine that receives, with a pool of threads that stays from one repetition to the next.</summary>
/// <param name="Name">What to call it in results.</param>
/// <param name="NewStream">Makes a stream on the pool, with default options.</param>
internal sealed record AssembleEngine(string Name, Func<IReceiveStream> NewStream)
{
    /// <summary>The C core behind the facade, its thread bound to a CPU.</summary>
    public static AssembleEngine Native(int? cpu)
    {
        IoThreadPool pool = new(affinity: cpu is { } number ? [number] : null);
        return new("native", () => new ReceiveStream(pool: pool));
    }

    /// <summary>The managed port, its thread bound to a CPU.</summary>
    public static AssembleEngine Managed(int? cpu)
    {
        IoThreadPool pool = new(affinity: cpu is { } number ? [number] : null);
        return new("managed", () => new ManagedReceiveStream(pool: pool));
    }
}
